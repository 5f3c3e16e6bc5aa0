/* SPDX-License-Identifier: Apache-2.0
 * What clients saw of lists and registers: the history of docs/history.md, decoded and checked for
 * being one. */
#ifndef VIGIL_OPS_DRILL_CHECK_HISTORY_H
#define VIGIL_OPS_DRILL_CHECK_HISTORY_H

#include "common/error.h"
#include "common/mem.h"

enum {
    HISTORY_OPERATIONS_MAX = 4000000,
    HISTORY_OBJECTS_MAX = 100000,
    HISTORY_VALUES_MAX = 100000, /* in a list */
    HISTORY_NAME_MAX = 63,
    HISTORY_LINE_MAX = 4 * 1024 * 1024,
    HISTORY_BYTES_MAX = 1024 * 1024 * 1024,
};

enum history_call {
    HISTORY_APPEND = 1,
    HISTORY_LIST,
    HISTORY_WRITE,
    HISTORY_READ,
    HISTORY_SWAP,
};

enum history_outcome {
    HISTORY_OPEN, /* not told yet; in no history that was read to its end */
    HISTORY_OK,
    HISTORY_FAILED,
    HISTORY_UNKNOWN,
};

/* One operation. Its place in real time is the lines of its call and of its outcome. */
struct history_operation {
    enum history_call call;
    enum history_outcome outcome;
    uint64_t client;
    uint64_t called;   /* line */
    uint64_t returned; /* line */
    uint64_t value;    /* appended or written; read from a register; found by a failed swap */
    uint64_t expected; /* by a swap */
    bool found;        /* a failed swap says what was there, in `value` */
    uint64_t *values;  /* read from a list */
    size_t value_count;
};

struct history_object {
    char name[HISTORY_NAME_MAX + 1];
    bool is_list;
    struct history_operation *operations; /* in the order of their calls */
    size_t count;
};

struct history {
    struct history_object *objects; /* in the order in which they are first named */
    size_t object_count;
    size_t operation_count;
};

/* Reads a history from bytes. VG_INVALID names the line and what is wrong there; `name` is what the
 * error calls the whole. The result is the caller's to free, also after an error. Any thread. */
enum vg_code history_parse(const char *name, vg_span bytes, struct history *out,
                           struct vg_error *error);

/* Frees what history_parse gave; a zeroed history is allowed. */
void history_free(struct history *history);

/* The word of a call ("append"). */
const char *history_call_name(enum history_call call);

#endif
