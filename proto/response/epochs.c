/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/epochs.h"

#include <assert.h>

#include "proto/response/call.h"
#include "proto/response/shred.h"

static struct response_key epoch_key(const vg_id *compartment, uint64_t epoch)
{
    struct response_key key = response_key_control(RESPONSE_KIND_EPOCH, compartment);
    response_key_u64(&key, epoch);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

uint64_t response_epoch_in_force(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_key key = response_key_control(RESPONSE_KIND_IN_FORCE, compartment);
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
    return in_force > 0 && response_shredded_at(machine, compartment) == 0 &&
           response_epoch_get(machine, compartment, in_force, &epoch) &&
           compartment_wrap_of(&epoch.record, node) != NULL;
}

bool response_is_cleared(const struct response_machine *machine, const vg_id *compartment,
                         vg_node_id node)
{
    bool in_clear = response_epoch_in_force(machine, compartment) == 0 &&
                    (machine->genesis->flags & LEDGER_GENESIS_CLEAR) != 0;
    return in_clear || response_epoch_holds(machine, compartment, node);
}

uint32_t response_epoch_nodes(const struct response_machine *machine, const vg_id *compartment,
                              vg_node_id out[VG_NODES_MAX])
{
    struct response_epoch epoch;
    uint32_t count = 0;
    uint64_t in_force = response_epoch_in_force(machine, compartment);
    bool known = in_force > 0 && response_epoch_get(machine, compartment, in_force, &epoch);
    for (uint32_t i = 0; known && i < epoch.record.wrap_count; i++) {
        if (epoch.record.wraps[i].holder.value == COMPARTMENT_RECOVERY)
            continue;
        assert(count < VG_NODES_MAX);
        out[count++] = epoch.record.wraps[i].holder;
    }
    return count;
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

/* ---- coming into force -------------------------------------------------------------------------
 */

void response_keep_epoch(struct response_call *call, const struct compartment_epoch *next)
{
    uint8_t number[8];
    struct vg_buffer value = {0};
    vg_span record = call->command.clearing.epoch;
    struct response_key at = epoch_key(&next->compartment, next->epoch);
    struct response_key in_force = response_key_control(RESPONSE_KIND_IN_FORCE, &next->compartment);
    vg_span since = response_u64_value(call->index, number);
    vg_buffer_append(&value, since.data, since.size);
    vg_buffer_append(&value, record.data, record.size);
    response_pairs_put(&call->writing->pairs, &at, vg_buffer_span(&value));
    response_pairs_put(&call->writing->pairs, &in_force, response_u64_value(next->epoch, number));
    vg_buffer_free(&value);
}
