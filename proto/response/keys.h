/* SPDX-License-Identifier: Apache-2.0
 * Keys of the state: compartment id, one byte of kind, the rest (docs/state.md).
 * Internal to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_KEYS_H
#define VIGIL_PROTO_RESPONSE_KEYS_H

#include "common/kv.h"

enum response_kind {
    RESPONSE_KIND_INCIDENT = 'i', /* incident, one byte of section, the rest */
    RESPONSE_KIND_OPEN = 'o',     /* incident: stage; open work only */
    RESPONSE_KIND_STREAM = 'x',   /* log index, number: incident, sequence */
    RESPONSE_KIND_PROPOSAL = 'q', /* proposal: record */
    RESPONSE_KIND_DEDUP = 'k',    /* deduplication key: latest incident (R3) */
    RESPONSE_KIND_FILTER = 'f',   /* deduplication key: filter (R10) */
    RESPONSE_KIND_NATURAL = 'n',  /* namespace, key: imported incident */
    RESPONSE_KIND_REQUEST = 'r',  /* request, author: request hash and outcome */
    RESPONSE_KIND_SENTENCE = 's', /* request, author: a refusal's sentence; not in the state hash */
    RESPONSE_KIND_CHECKPOINT = 'h', /* mark, node: what that node found there (checkpoint.h) */
    RESPONSE_KIND_MARK = 'M',       /* mark: what is here there; 0: what came since the latest; not
                                       in the state hash */
    RESPONSE_KIND_FACT = 'F', /* one byte of progress, incident, tenant, index: owed, or told */
    RESPONSE_KIND_CASE = 'u', /* incident, tenant, source, index: record; 0, the whole: the case */
    /* in the directory compartment alone */
    RESPONSE_KIND_PERSON = 'p',      /* person: name */
    RESPONSE_KIND_PERSON_NAME = 'm', /* name: person */
    RESPONSE_KIND_COMPARTMENT = 'c', /* compartment: name */
    RESPONSE_KIND_LABEL = 'l',       /* name: compartment */
    RESPONSE_KIND_GRANT = 'g',       /* compartment, person: roles */
    RESPONSE_KIND_ROSTER = 'w',      /* compartment, person: nothing */
    RESPONSE_KIND_PROCEDURE = 'P',   /* compartment: version of the SOP */
    RESPONSE_KIND_DRILL = 'd',       /* drill: record */
    RESPONSE_KIND_PROBES = 'b',      /* drill, number / 256: bits of the probes that came */
    RESPONSE_KIND_OVERRIDE = 'O',    /* override: compartment, author, time, reason */
    RESPONSE_KIND_TENANT = 't',      /* tenant: record */
    RESPONSE_KIND_TENANT_NAME = 'j', /* name: tenant */
    /* under the zero id: control */
    RESPONSE_KIND_KEY = 'y',           /* person: keys and bits, of those enrolled or expelled */
    RESPONSE_KIND_KEY_OWNER = 'Y',     /* key: person */
    RESPONSE_KIND_CHANNEL_OWNER = 'Z', /* channel key: person */
    RESPONSE_KIND_EPOCH = 'e',         /* compartment, epoch: index and record */
    RESPONSE_KIND_IN_FORCE = 'E',      /* compartment: epoch in force */
    RESPONSE_KIND_CLEARANCE = 'L',     /* compartment: who may be cleared for it, and must */
    RESPONSE_KIND_REVOKED = 'A',       /* compartment, node: since when, and when it attested */
    RESPONSE_KIND_SHREDDED = 'X',      /* compartment: since when, and when its recovery key went */
    RESPONSE_KIND_NODE_KEYS = 'K',     /* node by its author id: the keys that replaced others */
    RESPONSE_KIND_EVICTED = 'N',       /* node: index and time of its eviction */
    /* and the machine's own, in no state hash */
    RESPONSE_KIND_CURSOR = 'C',   /* last applied index and counters */
    RESPONSE_KIND_HASH = 'H',     /* compartment: its state hash so far */
    RESPONSE_KIND_STANDING = 'S', /* compartment: how this node stands to it (standing.h) */
};

/* Sections of an incident. All of them lie together, the record first, so that showing one incident
 * touches few pages however many there are. */
enum response_section {
    RESPONSE_SECTION_RECORD = '0',   /* record */
    RESPONSE_SECTION_LINK = 'L',     /* other, kind, back: nothing */
    RESPONSE_SECTION_PROPOSED = 'Q', /* proposal: nothing */
    RESPONSE_SECTION_TENANT = 'T',   /* tenant: record */
    RESPONSE_SECTION_STEP = 'a',     /* step: record */
    RESPONSE_SECTION_DOCUMENT = 'd', /* imported document as found */
    RESPONSE_SECTION_EVENT = 'e',    /* sequence: timeline event */
    RESPONSE_SECTION_TASK = 't',     /* task: record */
    RESPONSE_SECTION_EVIDENCE = 'u', /* evidence: record */
    RESPONSE_SECTION_CHANGE = 'v',   /* aspect, part, revision: sequence of its event */
    RESPONSE_SECTION_END = 0xff,     /* after all of it; no key has it */
};

struct response_key {
    uint8_t bytes[VG_KEY_MAX];
    size_t size;
};

/* The start of a key; `compartment` NULL is the zero id. */
struct response_key response_key_of(const vg_id *compartment, enum response_kind kind);

/* The key of what control keeps of one compartment, person or node. */
struct response_key response_key_control(enum response_kind kind, const vg_id *id);

/* The start of a key in a section of an incident. */
struct response_key response_key_in(const vg_id *compartment, const vg_id *incident,
                                    enum response_section section);

/* Each appends a part. Numbers are big-endian and texts have their length in front, so that keys
 * order by their parts, and no key is the start of another (the state hash rests on that). Texts
 * have at most VG_NAME_MAX bytes. */
void response_key_id(struct response_key *key, const vg_id *id);
void response_key_u64(struct response_key *key, uint64_t value);
void response_key_byte(struct response_key *key, uint8_t value);
void response_key_text(struct response_key *key, vg_span text);

/* The id in a key at a place, counted in ids from behind its kind and `skipped` bytes. */
vg_id response_key_id_at(vg_span key, size_t skipped, size_t place);

/* The text that a key ends with, after what `prefix` says; borrowed from the key. */
vg_span response_key_last_text(const struct response_key *prefix, vg_span key);

/* The last id, and the last number, of a key that was read from the store. */
vg_id response_key_last_id(vg_span key);
uint64_t response_key_last_u64(vg_span key);

static inline vg_span response_key_span(const struct response_key *key)
{
    return vg_span_of(key->bytes, key->size);
}

/* The value of a key in any compartment, borrowed; false if absent. */
bool response_get(const struct vg_kv *kv, const struct response_key *key, vg_span *value);

/* The first pair after `from` whose key starts with `prefix`, borrowed; false at the end. */
bool response_next(const struct vg_kv *kv, const struct response_key *prefix,
                   const struct response_key *from, vg_span *key, vg_span *value);

/* A value that is one number, little-endian, and reading it. */
vg_span response_u64_value(uint64_t number, uint8_t out[8]);
uint64_t response_u64_of(vg_span value);

#endif
