/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/pairs.h"

#include <assert.h>

#include "proto/response/machine.h"

static bool is_hashed(vg_span key)
{
    static const char apart[] = {RESPONSE_KIND_SENTENCE, RESPONSE_KIND_CURSOR, RESPONSE_KIND_HASH,
                                 RESPONSE_KIND_STANDING, RESPONSE_KIND_MARK};
    return memchr(apart, key.data[sizeof(vg_id)], sizeof apart) == NULL;
}

static struct response_sum pair_hash(vg_span key, vg_span value)
{
    vg_span parts[] = {key, value};
    vg_hash digest = vg_hash_parts(VG_HASH_STATE, parts, 2);
    return response_sum_of(&digest);
}

void response_pairs_open(struct response_pairs *pairs, const struct vg_kv *kv,
                         const vg_id *compartment)
{
    *pairs = (struct response_pairs){.kv = kv, .compartment = *compartment};
    struct response_key key = response_key_control(RESPONSE_KIND_HASH, compartment);
    vg_span value;
    if (!response_get(kv, &key, &value))
        return;
    vg_hash digest;
    assert(value.size == sizeof digest.bytes);
    memcpy(digest.bytes, value.data, sizeof digest.bytes);
    pairs->sum = response_sum_of(&digest);
}

void response_pairs_close(struct response_pairs *pairs)
{
    struct response_key key = response_key_control(RESPONSE_KIND_HASH, &pairs->compartment);
    vg_hash digest = response_sum_digest(&pairs->sum);
    pairs->kv->put(pairs->kv->context, response_key_span(&key),
                   vg_span_of(digest.bytes, sizeof digest.bytes));
}

/* Takes the pair that is there now, if any, out of the sum. */
static void forget(struct response_pairs *pairs, const struct response_key *key)
{
    vg_span span = response_key_span(key);
    vg_span old;
    assert(span.size > sizeof(vg_id));
    assert(memcmp(span.data, pairs->compartment.bytes, sizeof(vg_id)) == 0);
    if (!is_hashed(span) || !response_get(pairs->kv, key, &old))
        return;
    struct response_sum gone = pair_hash(span, old);
    response_sum_subtract(&pairs->sum, &gone);
}

void response_pairs_put(struct response_pairs *pairs, const struct response_key *key, vg_span value)
{
    vg_span span = response_key_span(key);
    forget(pairs, key);
    if (is_hashed(span)) {
        struct response_sum come = pair_hash(span, value);
        response_sum_add(&pairs->sum, &come);
    }
    pairs->kv->put(pairs->kv->context, span, value);
}

void response_pairs_del(struct response_pairs *pairs, const struct response_key *key)
{
    forget(pairs, key);
    pairs->kv->del(pairs->kv->context, response_key_span(key));
}

vg_hash response_state_hash(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_pairs pairs;
    response_pairs_open(&pairs, &machine->kv, compartment);
    return response_sum_digest(&pairs.sum);
}

vg_hash response_state_hash_scan(const struct response_machine *machine, const vg_id *compartment)
{
    const struct vg_kv *kv = &machine->kv;
    vg_span prefix = vg_span_of(compartment->bytes, sizeof compartment->bytes);
    vg_span key = prefix;
    vg_span value;
    struct response_sum sum = {{0}};
    for (bool more = kv->next(kv->context, prefix, prefix, false, &key, &value); more;
         more = kv->next(kv->context, prefix, key, true, &key, &value)) {
        if (!is_hashed(key))
            continue;
        struct response_sum pair = pair_hash(key, value);
        response_sum_add(&sum, &pair);
    }
    return response_sum_digest(&sum);
}
