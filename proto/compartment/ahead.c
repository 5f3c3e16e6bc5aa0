/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/compartment/ahead.h"

#include <inttypes.h>

#include "common/text.h"

void compartment_ahead_begin(struct compartment_ahead *ahead,
                             const struct compartment_epoch *wanted, const vg_hash *place,
                             const vg_hash *cluster)
{
    ahead->place = *place;
    ahead->cluster = *cluster;
    ahead->records[0] = *wanted;
    ahead->count = 1;
}

static bool follows(const struct compartment_epoch *next, const struct compartment_epoch *before)
{
    return vg_id_equal(&next->compartment, &before->compartment) &&
           next->epoch == before->epoch + 1 && vg_hash_equal(&next->previous, &before->commitment);
}

bool compartment_ahead_add(struct compartment_ahead *ahead, const struct compartment_epoch *record)
{
    uint32_t at = 0;
    while (at < ahead->count && !follows(record, &ahead->records[at]))
        at++;
    if (at == ahead->count)
        return false;
    if (ahead->count < COMPARTMENT_AHEAD_MAX)
        ahead->count++;
    ahead->records[ahead->count - 1] = *record;
    return true;
}

static const vg_hash *place_of(const struct compartment_ahead *ahead, uint32_t at)
{
    return at == 0 ? &ahead->place : &ahead->cluster;
}

/* By one of the records behind it whose key is known. Several may name it, and not each of them has
 * to be honest. */
static bool open_by_chain(const struct compartment_ahead *ahead, uint32_t at,
                          const vg_cipher_key *keys, const bool *known, vg_cipher_key *out)
{
    const struct compartment_epoch *record = &ahead->records[at];
    bool found = false;
    for (uint32_t i = at + 1; i < ahead->count && !found; i++)
        found = known[i] && follows(&ahead->records[i], record) &&
                compartment_chain_open(&ahead->records[i], &ahead->cluster, &keys[i], record,
                                       place_of(ahead, at), out, NULL) == VG_OK;
    return found;
}

enum vg_code compartment_ahead_open(const struct compartment_ahead *ahead, vg_node_id holder,
                                    const vg_box_secret *secret, vg_cipher_key *out,
                                    struct vg_error *error)
{
    vg_cipher_key keys[COMPARTMENT_AHEAD_MAX] = {0};
    bool known[COMPARTMENT_AHEAD_MAX] = {false};
    char compartment[VG_ID_TEXT];
    for (uint32_t at = ahead->count; at-- > 0;)
        known[at] = compartment_unwrap(&ahead->records[at], place_of(ahead, at), holder, secret,
                                       &keys[at], NULL) == VG_OK ||
                    open_by_chain(ahead, at, keys, known, &keys[at]);
    *out = keys[0];
    vg_wipe(keys, sizeof keys);
    if (known[0])
        return VG_OK;
    vg_id_format(&ahead->records[0].compartment, compartment);
    return vg_fail(error, VG_NOT_FOUND,
                   "compartment %s, epoch %" PRIu64 ", holder %" PRIu64
                   ": no later record here leads to its key",
                   compartment, ahead->records[0].epoch, holder.value);
}
