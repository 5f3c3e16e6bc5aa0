/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/rows.h"

#include "proto/response/keys.h"

enum {
    KIND_AT = sizeof(vg_id),
    REST_AT = KIND_AT + 1,
};

vg_id response_row_owner(vg_span key)
{
    vg_id owner = {{0}};
    bool is_hash = key.size >= REST_AT + sizeof owner && key.data[KIND_AT] == RESPONSE_KIND_HASH;
    size_t at = is_hash ? REST_AT : 0; /* a compartment's state hash lies with control's rows */
    if (key.size >= at + sizeof owner)
        memcpy(owner.bytes, key.data + at, sizeof owner.bytes);
    return owner;
}

bool response_row_is_public(vg_span key)
{
    vg_id owner = response_row_owner(key);
    bool is_sentence = key.size > KIND_AT && key.data[KIND_AT] == RESPONSE_KIND_SENTENCE;
    return vg_id_is_zero(&owner) && !is_sentence;
}

/* No default: the compiler asks for each that is added. What is unknown is damage, and as secret as
 * any text. */
static bool is_text_kind(uint8_t kind)
{
    switch ((enum response_kind)kind) {
    case RESPONSE_KIND_DEDUP:
    case RESPONSE_KIND_FILTER:
    case RESPONSE_KIND_NATURAL:
    case RESPONSE_KIND_PERSON_NAME:
    case RESPONSE_KIND_LABEL:
    case RESPONSE_KIND_TENANT_NAME:
        return true;
    case RESPONSE_KIND_INCIDENT:
    case RESPONSE_KIND_OPEN:
    case RESPONSE_KIND_STREAM:
    case RESPONSE_KIND_PROPOSAL:
    case RESPONSE_KIND_REQUEST:
    case RESPONSE_KIND_SENTENCE:
    case RESPONSE_KIND_CHECKPOINT:
    case RESPONSE_KIND_MARK:
    case RESPONSE_KIND_PERSON:
    case RESPONSE_KIND_COMPARTMENT:
    case RESPONSE_KIND_GRANT:
    case RESPONSE_KIND_ROSTER:
    case RESPONSE_KIND_PROCEDURE:
    case RESPONSE_KIND_DRILL:
    case RESPONSE_KIND_PROBES:
    case RESPONSE_KIND_OVERRIDE:
    case RESPONSE_KIND_TENANT:
    case RESPONSE_KIND_FACT:
    case RESPONSE_KIND_CASE:
    case RESPONSE_KIND_KEY:
    case RESPONSE_KIND_KEY_OWNER:
    case RESPONSE_KIND_CHANNEL_OWNER:
    case RESPONSE_KIND_EPOCH:
    case RESPONSE_KIND_IN_FORCE:
    case RESPONSE_KIND_CLEARANCE:
    case RESPONSE_KIND_REVOKED:
    case RESPONSE_KIND_SHREDDED:
    case RESPONSE_KIND_NODE_KEYS:
    case RESPONSE_KIND_EVICTED:
    case RESPONSE_KIND_CURSOR:
    case RESPONSE_KIND_HASH:
    case RESPONSE_KIND_STANDING:
        return false;
    }
    return true;
}

size_t response_row_head(vg_span key)
{
    return key.size > KIND_AT && is_text_kind(key.data[KIND_AT]) ? (size_t)REST_AT : key.size;
}
