/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/pairs.h"

#include <assert.h>

#include "proto/response/machine.h"

static struct response_sum sum_of_digest(const vg_hash *digest)
{
    struct response_sum sum = {{0}};
    for (size_t i = 0; i < sizeof digest->bytes; i++)
        sum.lanes[i / 8] |= (uint64_t)digest->bytes[i] << (8 * (i % 8));
    return sum;
}

static vg_hash digest_of_sum(const struct response_sum *sum)
{
    vg_hash digest;
    for (size_t i = 0; i < sizeof digest.bytes; i++)
        digest.bytes[i] = (uint8_t)(sum->lanes[i / 8] >> (8 * (i % 8)));
    return digest;
}

static void sum_add(struct response_sum *sum, const struct response_sum *other)
{
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t with_carry = sum->lanes[i] + carry;
        carry = with_carry < carry;
        sum->lanes[i] = with_carry + other->lanes[i];
        carry += sum->lanes[i] < with_carry;
    }
}

static void sum_subtract(struct response_sum *sum, const struct response_sum *other)
{
    struct response_sum negative;
    uint64_t carry = 1;
    for (int i = 0; i < 4; i++) {
        negative.lanes[i] = ~other->lanes[i] + carry;
        carry = carry != 0 && negative.lanes[i] == 0;
    }
    sum_add(sum, &negative);
}

static bool is_hashed(vg_span key)
{
    return key.data[sizeof(vg_id)] != RESPONSE_KIND_SENTENCE;
}

static struct response_sum pair_hash(vg_span key, vg_span value)
{
    vg_span parts[] = {key, value};
    vg_hash digest = vg_hash_parts(VG_HASH_STATE, parts, 2);
    return sum_of_digest(&digest);
}

static struct response_key hash_key(const vg_id *compartment)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_HASH);
    response_key_id(&key, compartment);
    return key;
}

void response_pairs_open(struct response_pairs *pairs, const struct vg_kv *kv,
                         const vg_id *compartment)
{
    *pairs = (struct response_pairs){.kv = kv, .compartment = *compartment};
    struct response_key key = hash_key(compartment);
    vg_span value;
    if (!response_get(kv, &key, &value))
        return;
    vg_hash digest;
    assert(value.size == sizeof digest.bytes);
    memcpy(digest.bytes, value.data, sizeof digest.bytes);
    pairs->sum = sum_of_digest(&digest);
}

void response_pairs_close(struct response_pairs *pairs)
{
    struct response_key key = hash_key(&pairs->compartment);
    vg_hash digest = digest_of_sum(&pairs->sum);
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
    sum_subtract(&pairs->sum, &gone);
}

void response_pairs_put(struct response_pairs *pairs, const struct response_key *key, vg_span value)
{
    vg_span span = response_key_span(key);
    forget(pairs, key);
    if (is_hashed(span)) {
        struct response_sum come = pair_hash(span, value);
        sum_add(&pairs->sum, &come);
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
    return digest_of_sum(&pairs.sum);
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
        sum_add(&sum, &pair);
    }
    return digest_of_sum(&sum);
}
