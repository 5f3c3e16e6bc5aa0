/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/epochs.h"

#include <assert.h>

#include "common/text.h"
#include "proto/response/call.h"
#include "proto/response/nodes.h"

static struct response_key in_force_key(const vg_id *compartment)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_IN_FORCE);
    response_key_id(&key, compartment);
    return key;
}

static struct response_key epoch_key(const vg_id *compartment, uint64_t epoch)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_EPOCH);
    response_key_id(&key, compartment);
    response_key_u64(&key, epoch);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

uint64_t response_epoch_in_force(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_key key = in_force_key(compartment);
    const struct compartment_epoch *first = ledger_genesis_epoch(machine->genesis, compartment);
    vg_span value;
    if (response_get(&machine->kv, &key, &value))
        return response_u64_of(value);
    return first != NULL ? first->epoch : 0;
}

static void decode(vg_span value, struct response_epoch *out)
{
    out->since = response_u64_of(vg_span_of(value.data, 8));
    enum vg_code code =
        compartment_epoch_decode(vg_span_of(value.data + 8, value.size - 8), &out->record, NULL);
    assert(code == VG_OK);
}

bool response_epoch_get(const struct response_machine *machine, const vg_id *compartment,
                        uint64_t epoch, struct response_epoch *out)
{
    struct response_key key = epoch_key(compartment, epoch);
    vg_span value;
    if (response_get(&machine->kv, &key, &value)) {
        decode(value, out);
        return true;
    }
    const struct compartment_epoch *first = ledger_genesis_epoch(machine->genesis, compartment);
    if (first == NULL || first->epoch != epoch)
        return false;
    *out = (struct response_epoch){.record = *first};
    return true;
}

/* The genesis' own come first. False when they are at their end. */
static bool next_of_genesis(const struct response_machine *machine, struct response_epoch *out)
{
    const struct compartment_epoch *at = machine->genesis->epochs;
    const struct compartment_epoch *end = at + LEDGER_FOUNDED;
    if (out->since > 0)
        return false;
    if (out->record.epoch > 0)
        at = ledger_genesis_epoch(machine->genesis, &out->record.compartment) + 1;
    while (at < end && at->epoch == 0)
        at++;
    if (at == end)
        return false;
    *out = (struct response_epoch){.record = *at};
    return true;
}

bool response_epoch_holds(const struct response_machine *machine, const vg_id *compartment,
                          vg_node_id node)
{
    struct response_epoch epoch;
    uint64_t in_force = response_epoch_in_force(machine, compartment);
    return in_force > 0 && response_epoch_get(machine, compartment, in_force, &epoch) &&
           compartment_wrap_of(&epoch.record, node) != NULL;
}

bool response_epoch_next(const struct response_machine *machine, struct response_epoch *out)
{
    struct response_key prefix = response_key_of(NULL, RESPONSE_KIND_EPOCH);
    struct response_key from = epoch_key(&out->record.compartment, out->record.epoch);
    vg_span key;
    vg_span value;
    if (next_of_genesis(machine, out))
        return true;
    if (!response_next(&machine->kv, &prefix, out->since > 0 ? &from : &prefix, &key, &value))
        return false;
    decode(value, out);
    return true;
}

vg_hash response_epoch_place(const struct response_machine *machine,
                             const struct response_epoch *epoch)
{
    return epoch->since == 0 ? ledger_genesis_place(machine->genesis) : machine->cluster;
}

/* ---- rotate ------------------------------------------------------------------------------------
 */

static bool same_holder(const struct compartment_wrap *a, const struct compartment_wrap *b)
{
    return vg_node_equal(a->holder, b->holder) &&
           memcmp(&a->unwrap, &b->unwrap, sizeof a->unwrap) == 0;
}

/* The same holders with the same unwrap keys, without those who are evicted: who else is cleared
 * changes by other entries. */
static bool same_holders(const struct response_machine *machine,
                         const struct compartment_epoch *now, const struct compartment_epoch *next)
{
    struct response_eviction eviction;
    uint32_t place = 0;
    for (uint32_t i = 0; i < now->wrap_count; i++) {
        if (response_node_evicted(machine, now->wraps[i].holder, &eviction))
            continue;
        if (place == next->wrap_count || !same_holder(&now->wraps[i], &next->wraps[place]))
            return false;
        place++;
    }
    return place == next->wrap_count;
}

enum vg_code response_judge_rotate(struct response_call *call)
{
    struct compartment_epoch next;
    struct response_epoch now;
    struct vg_error why = {0};
    char text[VG_ID_TEXT];
    if (compartment_epoch_decode(call->command.rotate.epoch, &next, &why) != VG_OK)
        return RESPONSE_REFUSE(call, EPOCH_UNREADABLE, why.text);
    call->outcome->id = next.compartment;
    vg_id_format(&next.compartment, text);
    uint64_t in_force = response_epoch_in_force(call->machine, &next.compartment);
    if (in_force == 0 || !response_epoch_get(call->machine, &next.compartment, in_force, &now))
        return RESPONSE_REFUSE(call, IN_CLEAR, text);
    if (compartment_epoch_follows(&now.record, &next, &why) != VG_OK)
        return RESPONSE_REFUSE(call, EPOCH_BEHIND, text, why.text);
    if (!same_holders(call->machine, &now.record, &next))
        return RESPONSE_REFUSE(call, OTHER_HOLDERS, text);
    return VG_OK;
}

void response_effect_rotate(struct response_call *call)
{
    struct compartment_epoch next;
    uint8_t number[8];
    struct vg_buffer value = {0};
    vg_span record = call->command.rotate.epoch;
    enum vg_code code = compartment_epoch_decode(record, &next, NULL);
    assert(code == VG_OK);
    struct response_key at = epoch_key(&next.compartment, next.epoch);
    struct response_key in_force = in_force_key(&next.compartment);
    vg_span since = response_u64_value(call->index, number);
    vg_buffer_append(&value, since.data, since.size);
    vg_buffer_append(&value, record.data, record.size);
    response_pairs_put(&call->writing->pairs, &at, vg_buffer_span(&value));
    response_pairs_put(&call->writing->pairs, &in_force, response_u64_value(next.epoch, number));
    vg_buffer_free(&value);
}
