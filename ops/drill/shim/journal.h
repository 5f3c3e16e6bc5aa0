/* SPDX-License-Identifier: Apache-2.0
 * What the shim writes down (record.h): calls as they return, and what they overwrite before they
 * do. Ends the process when it cannot: a gap would be believed. errno stays as it was. Private to
 * the shim. */
#ifndef VIGIL_OPS_DRILL_SHIM_JOURNAL_H
#define VIGIL_OPS_DRILL_SHIM_JOURNAL_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "ops/drill/shim/record.h"

/* A file or folder was opened: true if it is or lies in the folder that the file `tree` names, and
 * calls on it are to be recorded. */
bool shim_record_open(int fd);

/* Calls that have returned. */
void shim_record_mkdir(const char *path);
void shim_record_write(int fd, enum shim_call call, off_t offset, const struct iovec *parts,
                       int count);
void shim_record_grow(int fd, off_t end);
void shim_record_sync(int fd);
void shim_record_rename(const char *from, const char *to);

/* Before a write of `size` bytes at `offset`, or a growth up to `offset` (size 0), of a file: saves
 * what is there if there is a file `undo`. A file has one writing thread. */
void shim_undo_save(int fd, off_t offset, off_t size);

/* A sync has returned: there is nothing to undo. */
void shim_undo_drop(int fd);

/* Before a write that is durable at once: what was written earlier must be durable too, else the
 * file would be neither of the two after a cut, and no undoing could tell. */
void shim_undo_none(int fd);

#endif
