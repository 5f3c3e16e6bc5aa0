/* SPDX-License-Identifier: Apache-2.0
 * Values of the state: the first byte chooses the record. One that does not decode stops the
 * process by an assertion (proto/response/records.h), so a failed one within a decoder is a
 * refusal here; what decodes is encoded to the same bytes. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/response/records.h"
#include "tests/fuzz/fuzz.h"

static jmp_buf refusal;
static bool is_decoding;

/* The C library's, for this program. */
void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
    if (is_decoding)
        longjmp(refusal, 1);
    fprintf(stderr, "%s:%u: %s: %s\n", file, line, function, what);
    abort();
}

struct outcome {
    vg_hash request_hash;
    struct response_outcome outcome;
};

static void outcome_encode(const struct outcome *record, struct vg_buffer *out)
{
    response_outcome_encode(&record->request_hash, &record->outcome, out);
}

static void outcome_decode(vg_span bytes, struct outcome *out)
{
    response_outcome_decode(bytes, &out->request_hash, &out->outcome);
}

/* Defines a function of the name that takes one record there and back. */
#define THERE_AND_BACK(name, type, decode, encode)                                                 \
    static void name(vg_span bytes, struct vg_buffer *again)                                       \
    {                                                                                              \
        static type record;                                                                        \
        memset(&record, 0, sizeof record);                                                         \
        is_decoding = true;                                                                        \
        decode(bytes, &record);                                                                    \
        is_decoding = false;                                                                       \
        encode(&record, again);                                                                    \
    }
#define X(name)                                                                                    \
    THERE_AND_BACK(name, struct response_##name, response_##name##_decode, response_##name##_encode)
RESPONSE_RECORDS(X)
#undef X
THERE_AND_BACK(outcome, struct outcome, outcome_decode, outcome_encode)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#define X(name) name,
    static void (*const records[])(vg_span, struct vg_buffer *) = {RESPONSE_RECORDS(X) outcome};
#undef X
    static struct vg_buffer again;
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    uint64_t choice = fuzz_below(&input, sizeof records / sizeof records[0]);
    vg_span bytes = fuzz_rest(&input);
    vg_buffer_clear(&again);
    if (setjmp(refusal) == 0) {
        records[choice](bytes, &again);
        assert(vg_span_equal(vg_buffer_span(&again), bytes));
    }
    is_decoding = false;
    return 0;
}
