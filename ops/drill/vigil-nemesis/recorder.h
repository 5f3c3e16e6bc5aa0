/* SPDX-License-Identifier: Apache-2.0
 * Writes a history (docs/history.md) as it happens. Any thread. */
#ifndef VIGIL_OPS_DRILL_VIGIL_NEMESIS_RECORDER_H
#define VIGIL_OPS_DRILL_VIGIL_NEMESIS_RECORDER_H

#include "ops/drill/check/history.h"

struct recorder;

/* Begins a new file. VG_UNAVAILABLE names it. */
enum vg_code recorder_open(const char *path, struct recorder **out, struct vg_error *error);

/* A client calls; `value` and `expected` as the call has them. */
void recorder_call(struct recorder *recorder, uint64_t client, enum history_call call,
                   const char *object, uint64_t value, uint64_t expected);

/* Its call had an outcome. A register that was read is one value, a list any number; NULL: nothing
 * was read. */
void recorder_outcome(struct recorder *recorder, uint64_t client, enum history_outcome outcome,
                      const uint64_t *read, size_t read_count, bool is_list);

/* Calls recorded so far. */
uint64_t recorder_count(struct recorder *recorder);

/* Writes the end and closes; VG_UNAVAILABLE if not all of it could be written. */
enum vg_code recorder_close(struct recorder *recorder, struct vg_error *error);

#endif
