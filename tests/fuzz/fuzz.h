/* SPDX-License-Identifier: Apache-2.0
 * What the targets share (docs/fuzzing.md). Each file of this folder but fuzz.c and replay.c is one
 * target; what it demands it asserts. */
#ifndef VIGIL_TESTS_FUZZ_FUZZ_H
#define VIGIL_TESTS_FUZZ_FUZZ_H

#include <assert.h>

#include "common/bytes.h"
#include "common/error.h"
#include "common/mem.h"

/* The one function of a target, as libFuzzer and replay.c call it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A choice below `bound` (1 .. 256) by the next byte; 0 once the bytes are used up. */
uint64_t fuzz_below(struct vg_reader *input, uint64_t bound);

/* What is left of the input, borrowed. */
vg_span fuzz_rest(struct vg_reader *input);

/* How many of the `left` bytes of a stream come as its next piece, by a pattern of sizes; a zero is
 * all of them. */
enum { FUZZ_PATTERN = 4 };
size_t fuzz_piece(const uint8_t pattern[FUZZ_PATTERN], size_t number, size_t left);

/* The path of a file in memory that holds these bytes, mode 0600, until the next call. */
const char *fuzz_file(vg_span bytes);

/* Asserts that a refusal is one: a code, and a sentence that says why. */
void fuzz_refused(enum vg_code code, const struct vg_error *error);

/* libFuzzer's counters of the edges that were taken, for a target that has a child take them; of
 * size zero where it is not built in. */
struct fuzz_counters {
    uint8_t *at;
    size_t size;
};
struct fuzz_counters fuzz_counters(void);

/* Defines the check of a decoder: what decodes is encoded to the same bytes, except where `same`
 * (of the decoded `*out`) is false; then to bytes that stay the same from there on. */
#define FUZZ_ROUND_TRIP(name, type, decode, encode, same)                                          \
    static void name(vg_span bytes)                                                                \
    {                                                                                              \
        static type decoded;                                                                       \
        const type *out = &decoded;                                                                \
        struct vg_error error = {0};                                                               \
        struct vg_buffer first = {0};                                                              \
        struct vg_buffer second = {0};                                                             \
        enum vg_code code = decode(bytes, &decoded, &error);                                       \
        if (code == VG_OK) {                                                                       \
            bool exact = (same);                                                                   \
            encode(out, &first);                                                                   \
            assert(!exact || vg_span_equal(vg_buffer_span(&first), bytes));                        \
            assert(decode(vg_buffer_span(&first), &decoded, &error) == VG_OK);                     \
            encode(out, &second);                                                                  \
            assert(vg_span_equal(vg_buffer_span(&first), vg_buffer_span(&second)));                \
        } else {                                                                                   \
            fuzz_refused(code, &error);                                                            \
        }                                                                                          \
        vg_buffer_free(&first);                                                                    \
        vg_buffer_free(&second);                                                                   \
    }

#endif
