/* SPDX-License-Identifier: Apache-2.0
 * What the shim writes down (record.h): calls as they return, and what they overwrite before they
 * do. Ends the process when it cannot: a gap would be believed. errno stays as it was. Private to
 * the shim. */
#ifndef VIGIL_OPS_DRILL_SHIM_JOURNAL_H
#define VIGIL_OPS_DRILL_SHIM_JOURNAL_H

#include <sys/types.h>
#include <sys/uio.h>

#include "ops/drill/shim/record.h"

/* Appends a call that has returned, with the bytes of a write, if there is a file `record`. */
void shim_record(const struct shim_record *call, const struct iovec *parts, int count);

/* Before a write of `size` bytes at `offset`, or a growth up to `offset` (size 0), of a file: saves
 * what is there if there is a file `undo`. A file has one writing thread. */
void shim_undo_save(int fd, off_t offset, off_t size);

/* A sync has returned: there is nothing to undo. */
void shim_undo_drop(int fd);

/* Before a write that is durable at once: what was written earlier must be durable too, else the
 * file would be neither of the two after a cut, and no undoing could tell. */
void shim_undo_none(int fd);

#endif
