/* SPDX-License-Identifier: Apache-2.0
 * Keys of the state: compartment id, one byte of kind, the rest (docs/process.md, "State").
 * Internal to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_KEYS_H
#define VIGIL_PROTO_RESPONSE_KEYS_H

#include "common/kv.h"

enum response_kind {
    RESPONSE_KIND_INCIDENT = 'i', /* incident: record */
    RESPONSE_KIND_OPEN = 'o',     /* incident: stage; open work only */
    RESPONSE_KIND_EVENT = 'e',    /* incident, sequence: timeline event */
    RESPONSE_KIND_DOCUMENT = 'd', /* incident: imported document as found */
    RESPONSE_KIND_DEDUP = 'k',    /* deduplication key: latest incident (R3) */
    RESPONSE_KIND_NATURAL = 'n',  /* namespace, key: imported incident */
    RESPONSE_KIND_REQUEST = 'r',  /* request, author: request hash and outcome */
    RESPONSE_KIND_SENTENCE =
        's', /* request, author: sentence of a refusal; not in the state hash */
    /* in the directory compartment alone */
    RESPONSE_KIND_PERSON = 'p',      /* person: name */
    RESPONSE_KIND_COMPARTMENT = 'c', /* compartment: name */
    RESPONSE_KIND_LABEL = 'l',       /* name: compartment */
    RESPONSE_KIND_GRANT = 'g',       /* compartment, person: roles */
    /* under the zero id: the machine's own, in no state hash */
    RESPONSE_KIND_CURSOR = 'C', /* last applied index and counters */
    RESPONSE_KIND_HASH = 'H',   /* compartment: its state hash so far */
};

struct response_key {
    uint8_t bytes[VG_KEY_MAX];
    size_t size;
};

/* The start of a key; `compartment` NULL is the zero id. */
struct response_key response_key_of(const vg_id *compartment, enum response_kind kind);

/* Each appends a part. Numbers are big-endian and texts have their length in front, so that keys
 * order by their parts, and no key is the start of another (the state hash rests on that). Texts
 * have at most VG_NAME_MAX bytes. */
void response_key_id(struct response_key *key, const vg_id *id);
void response_key_u64(struct response_key *key, uint64_t value);
void response_key_text(struct response_key *key, vg_span text);

/* The last id of a key that was read from the store. */
vg_id response_key_last_id(vg_span key);

static inline vg_span response_key_span(const struct response_key *key)
{
    return vg_span_of(key->bytes, key->size);
}

/* The value of a key in any compartment, borrowed; false if absent. */
bool response_get(const struct vg_kv *kv, const struct response_key *key, vg_span *value);

#endif
