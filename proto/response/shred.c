/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/shred.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/bytes.h"
#include "common/text.h"
#include "proto/response/call.h"
#include "proto/response/clearance.h"
#include "proto/response/nodes.h"

enum { NUMBER_TEXT = 24, SHREDDED_SIZE = 24 };

/* ---- views -------------------------------------------------------------------------------------
 */

static bool recovery_of(const struct compartment_epoch *epoch, vg_box_public *out)
{
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    const struct compartment_wrap *wrap = compartment_wrap_of(epoch, recovery);
    if (wrap != NULL)
        *out = wrap->unwrap;
    return wrap != NULL;
}

bool response_shredded_get(const struct response_machine *machine, const vg_id *compartment,
                           struct response_shredded *out)
{
    struct response_key key = response_key_control(RESPONSE_KIND_SHREDDED, compartment);
    struct response_epoch last;
    vg_span value;
    *out = (struct response_shredded){.index = 0};
    if (!response_get(&machine->kv, &key, &value))
        return false;
    struct vg_reader reader = vg_reader_of(value);
    out->epoch = vg_read_u64(&reader);
    out->index = vg_read_u64(&reader);
    out->recovery_gone = vg_read_u64(&reader);
    bool known = response_epoch_get(machine, compartment, out->epoch, &last) &&
                 recovery_of(&last.record, &out->recovery);
    assert(vg_reader_done(&reader) && known);
    return known;
}

uint64_t response_shredded_at(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_key key = response_key_control(RESPONSE_KIND_SHREDDED, compartment);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return 0;
    struct vg_reader reader = vg_reader_of(value);
    vg_read_u64(&reader);
    return vg_read_u64(&reader);
}

uint64_t response_shredded_for_good(const struct response_machine *machine,
                                    const vg_id *compartment)
{
    struct response_shredded shredded;
    struct response_revoked revoked = {.epoch = 0};
    bool shred = response_shredded_get(machine, compartment, &shredded);
    uint64_t last = shredded.recovery_gone;
    bool all = shred && last > 0;
    while (all && response_revoked_next(machine, compartment, &revoked)) {
        all = revoked.attested > 0;
        last = revoked.attested > last ? revoked.attested : last;
    }
    return all ? last : 0;
}

uint64_t response_recovery_gone_at(const struct response_machine *machine,
                                   const vg_box_public *recovery)
{
    struct response_key prefix = response_key_of(NULL, RESPONSE_KIND_SHREDDED);
    struct response_key at = prefix;
    struct response_shredded shredded;
    vg_span key;
    vg_span value;
    while (response_next(&machine->kv, &prefix, &at, &key, &value)) {
        vg_id compartment = response_key_last_id(key);
        at = response_key_control(RESPONSE_KIND_SHREDDED, &compartment);
        if (response_shredded_get(machine, &compartment, &shredded) && shredded.recovery_gone > 0 &&
            memcmp(&shredded.recovery, recovery, sizeof *recovery) == 0)
            return shredded.recovery_gone;
    }
    return 0;
}

bool response_recovery_shared(const struct response_machine *machine, const vg_id *compartment,
                              const vg_box_public *recovery, vg_id *other)
{
    struct response_epoch epoch = {.since = 0};
    while (response_epoch_next(machine, &epoch)) {
        vg_box_public theirs;
        *other = epoch.record.compartment;
        if (!vg_id_equal(other, compartment) && recovery_of(&epoch.record, &theirs) &&
            memcmp(&theirs, recovery, sizeof theirs) == 0 &&
            response_shredded_at(machine, other) == 0)
            return true;
    }
    return false;
}

static void put_shredded(struct response_call *call, const vg_id *compartment,
                         const struct response_shredded *shredded)
{
    uint8_t bytes[SHREDDED_SIZE];
    struct response_key key = response_key_control(RESPONSE_KIND_SHREDDED, compartment);
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, shredded->epoch);
    vg_write_u64(&writer, shredded->index);
    vg_write_u64(&writer, shredded->recovery_gone);
    assert(!writer.failed);
    response_pairs_put(&call->writing->pairs, &key, vg_span_of(bytes, sizeof bytes));
}

/* ---- shredding ---------------------------------------------------------------------------------
 */

enum vg_code response_judge_shred(struct response_call *call)
{
    const vg_id *compartment = &call->command.shred.compartment;
    char id[VG_ID_TEXT], now[NUMBER_TEXT], given[NUMBER_TEXT];
    uint64_t in_force = response_epoch_in_force(call->machine, compartment);
    uint64_t index = response_shredded_at(call->machine, compartment);
    call->outcome->id = *compartment;
    vg_id_format(compartment, id);
    if (vg_id_equal(compartment, &call->machine->genesis->directory))
        return response_refuse(call, RESPONSE_REFUSED_SHREDS_DIRECTORY);
    if (in_force == 0)
        return RESPONSE_REFUSE(call, IN_CLEAR, id);
    snprintf(now, sizeof now, "%" PRIu64, index > 0 ? index : in_force);
    snprintf(given, sizeof given, "%" PRIu64, call->command.shred.epoch);
    if (index > 0)
        return RESPONSE_REFUSE(call, SHREDDED_ALREADY, id, now);
    return in_force == call->command.shred.epoch
               ? VG_OK
               : RESPONSE_REFUSE(call, SHRED_BEHIND, id, now, given);
}

/* A node that offered an unwrap key for a record that never came into force opens that record, and
 * by its chain all before it, as a holder does: so every node is to say that it has nothing left,
 * also one that has said so before. One that is evicted can say nothing: it is named if it holds
 * the epoch in force, or owes its word already. */
void response_effect_shred(struct response_call *call)
{
    const vg_id *compartment = &call->command.shred.compartment;
    const struct ledger_genesis *genesis = call->machine->genesis;
    struct response_epoch last;
    const struct response_shredded shredded = {.epoch = call->command.shred.epoch,
                                               .index = call->index};
    bool known = response_epoch_get(call->machine, compartment, shredded.epoch, &last);
    assert(known);
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        vg_node_id node = genesis->members[i].id;
        struct response_eviction eviction;
        if (!response_node_evicted(call->machine, node, &eviction) ||
            compartment_wrap_of(&last.record, node) != NULL)
            response_owes_attestation(call, compartment, node, shredded.epoch + 1);
    }
    put_shredded(call, compartment, &shredded);
    call->outcome->keyed = *compartment;
}

/* ---- the recovery key --------------------------------------------------------------------------
 */

enum vg_code response_judge_recovery_gone(struct response_call *call)
{
    const vg_id *compartment = &call->command.recovery_gone.compartment;
    struct response_shredded shredded;
    vg_id other;
    char id[VG_ID_TEXT], text[VG_ID_TEXT], number[NUMBER_TEXT];
    call->outcome->id = *compartment;
    vg_id_format(compartment, id);
    if (!response_shredded_get(call->machine, compartment, &shredded))
        return RESPONSE_REFUSE(call, NOT_SHREDDED, id);
    if (memcmp(&shredded.recovery, &call->command.recovery_gone.key, sizeof shredded.recovery) != 0)
        return RESPONSE_REFUSE(call, OTHER_RECOVERY, id);
    snprintf(number, sizeof number, "%" PRIu64, shredded.recovery_gone);
    if (shredded.recovery_gone > 0)
        return RESPONSE_REFUSE(call, RECOVERY_GONE_ALREADY, id, number);
    if (!response_recovery_shared(call->machine, compartment, &shredded.recovery, &other))
        return VG_OK;
    vg_id_format(&other, text);
    return RESPONSE_REFUSE(call, RECOVERY_SHARED, id, text);
}

void response_effect_recovery_gone(struct response_call *call)
{
    const vg_id *compartment = &call->command.recovery_gone.compartment;
    struct response_shredded shredded;
    bool known = response_shredded_get(call->machine, compartment, &shredded);
    assert(known);
    shredded.recovery_gone = call->index;
    put_shredded(call, compartment, &shredded);
}
