/* SPDX-License-Identifier: Apache-2.0
 * The fields of every operation. */
#ifndef VIGIL_PROTO_RESPONSE_FIELDS_H
#define VIGIL_PROTO_RESPONSE_FIELDS_H

#include "proto/response/command.h"

/* What a field holds. */
enum response_field_type {
    RESPONSE_FIELD_ID,    /* 16 bytes */
    RESPONSE_FIELD_IDS,   /* at most RESPONSE_IDS_MAX of them, none twice */
    RESPONSE_FIELD_FIXED, /* a hash, a key or a signature: as many bytes as its member has */
    RESPONSE_FIELD_WORD,  /* one word of a set */
    RESPONSE_FIELD_BITS,  /* any words of a set */
    RESPONSE_FIELD_NUMBER,
    RESPONSE_FIELD_TIME,    /* ms to the end of 9999 */
    RESPONSE_FIELD_LINE,    /* text of one line: no control characters */
    RESPONSE_FIELD_LINES,   /* at most `max` of them, none empty */
    RESPONSE_FIELD_TEXT,    /* text of many lines: no control characters but newline and tab */
    RESPONSE_FIELD_EVENTS,  /* as text, of at most RESPONSE_EVENT_LINES_MAX lines */
    RESPONSE_FIELD_BYTES,   /* kept as they are */
    RESPONSE_FIELD_SIGNALS, /* RESPONSE_SIGNAL_SIZE bytes each */
};

/* What an id is of, for those who show it or take it from a person. */
enum response_referent {
    RESPONSE_OF_NOTHING,
    RESPONSE_OF_PERSON,
    RESPONSE_OF_COMPARTMENT,
    RESPONSE_OF_INCIDENT,
    RESPONSE_OF_TASK,
    RESPONSE_OF_STEP,
    RESPONSE_OF_EVIDENCE,
    RESPONSE_OF_PROPOSAL,
    RESPONSE_OF_DRILL,
};

/* The aspect a field sets when its word is the aspect's own number. */
enum { RESPONSE_ASPECT_OF_WORD = 0xffff };

struct response_field {
    const char *name; /* as refusals, options of `vigil` and JSON keys have it */
    enum response_field_type type;
    size_t at;   /* offset in struct response_command */
    size_t size; /* of the member there */
    /* Bounds of a number, or of the size of texts and bytes. A word, an id and fixed bytes have 1
     * as `min` where they must be given. */
    uint64_t min, max;
    const struct response_word *words;
    enum response_referent of;
    uint16_t aspect; /* that giving this field sets; of a part, where `of` is one */
};

/* The fields of an operation in their order; NULL for an unknown one. */
const struct response_field *response_fields(uint64_t op, uint32_t *count);

/* "task-move"; "" for an unknown operation. */
const char *response_op_name(uint64_t op);

/* The operation with the next larger number; 0 after the last. From 0 on: all of them. */
enum response_op response_op_after(uint64_t op);

/* The member of a field. */
const void *response_field_at(const struct response_field *field,
                              const struct response_command *command);

/* What a word, bits, number or time field holds, and setting it. */
uint64_t response_field_number(const struct response_field *field,
                               const struct response_command *command);
void response_field_set_number(const struct response_field *field, struct response_command *command,
                               uint64_t value);

/* What a field may be, for the sentence of a refusal: "at most 16 different ids". */
void response_field_describe(const struct response_field *field, char *out, size_t size);

/* What the command says in this field, as text for people: words, ids, times, or as it is. Bytes
 * are told by their number. Appends to `out`. */
void response_field_text(const struct response_field *field, const struct response_command *command,
                         struct vg_buffer *out);

/* Whether the command says anything in this field. */
bool response_field_given(const struct response_field *field,
                          const struct response_command *command);

#endif
