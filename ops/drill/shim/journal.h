/* SPDX-License-Identifier: Apache-2.0
 * What the shim writes down (record.h): calls as they return. Ends the process when it cannot: a
 * gap would be believed. errno stays as it was. Private to the shim. */
#ifndef VIGIL_OPS_DRILL_SHIM_JOURNAL_H
#define VIGIL_OPS_DRILL_SHIM_JOURNAL_H

#include <sys/types.h>
#include <sys/uio.h>

#include "ops/drill/shim/record.h"

/* Appends a call that has returned, with the bytes of a write, if there is a file `record`. */
void shim_record(const struct shim_record *call, const struct iovec *parts, int count);

#endif
