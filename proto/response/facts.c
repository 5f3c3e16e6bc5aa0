/* SPDX-License-Identifier: Apache-2.0
 * What the compartment of an incident owes those of its affected tenants (DESIGN, "One compartment
 * at a time"): owed with the entry that makes it so, until a node that is cleared for both
 * compartments acknowledges that it is told there. */
#include "proto/response/facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/epochs.h"
#include "proto/response/nodes.h"
#include "proto/response/shred.h"

enum { NUMBER_TEXT = 24 };

static struct response_key fact_key(const vg_id *source, enum response_progress progress)
{
    struct response_key key = response_key_of(source, RESPONSE_KIND_FACT);
    response_key_byte(&key, (uint8_t)progress);
    return key;
}

static struct response_key fact_key_of(const struct response_fact *fact,
                                       enum response_progress progress)
{
    struct response_key key = fact_key(&fact->source, progress);
    response_key_id(&key, &fact->incident);
    response_key_id(&key, &fact->tenant);
    response_key_u64(&key, fact->index);
    return key;
}

static void decode(vg_span key, vg_span value, struct response_owed *out)
{
    vg_id source = out->fact.source;
    response_owed_decode(value, out);
    out->fact.source = source;
    out->fact.incident = response_key_id_at(key, 1, 0);
    out->fact.tenant = response_key_id_at(key, 1, 1);
    out->fact.index = response_key_last_u64(key);
}

/* ---- views -------------------------------------------------------------------------------------
 */

static bool next_within(const struct response_machine *machine, const struct response_key *prefix,
                        enum response_progress progress, struct response_owed *out)
{
    struct response_key from = fact_key_of(&out->fact, progress);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, prefix, &from, &key, &value))
        return false;
    decode(key, value, out);
    return true;
}

bool response_owed_next(const struct response_machine *machine, enum response_progress progress,
                        struct response_owed *out)
{
    struct response_key prefix = fact_key(&out->fact.source, progress);
    return next_within(machine, &prefix, progress, out);
}

bool response_owed_next_of(const struct response_machine *machine, enum response_progress progress,
                           struct response_owed *out)
{
    struct response_key prefix = fact_key(&out->fact.source, progress);
    response_key_id(&prefix, &out->fact.incident);
    response_key_id(&prefix, &out->fact.tenant);
    return next_within(machine, &prefix, progress, out);
}

enum response_lateness response_lateness_of(uint64_t at, uint64_t now_ms)
{
    uint64_t waited_ms = now_ms > at ? now_ms - at : 0;
    if (waited_ms < RESPONSE_LATE_MS)
        return RESPONSE_WAITING;
    return waited_ms < RESPONSE_OVERDUE_MS ? RESPONSE_LATE : RESPONSE_OVERDUE;
}

/* A control entry writes nothing of the source, so the fact stays among those owed. */
enum response_lateness response_owed_lateness(const struct response_machine *machine,
                                              const struct response_owed *owed, uint64_t now_ms)
{
    return response_shredded_at(machine, &owed->target) > 0
               ? RESPONSE_ENDED
               : response_lateness_of(owed->fact.at, now_ms);
}

const char *response_lateness_name(enum response_lateness lateness)
{
    static const char *const names[] = {[RESPONSE_WAITING] = "waiting",
                                        [RESPONSE_LATE] = "late",
                                        [RESPONSE_OVERDUE] = "overdue",
                                        [RESPONSE_ENDED] = "shredded"};
    return names[lateness];
}

bool response_carries(const struct response_machine *machine, const vg_id *source,
                      const vg_id *target, vg_node_id node)
{
    struct response_eviction eviction;
    return response_is_cleared(machine, source, node) &&
           response_is_cleared(machine, target, node) &&
           !response_node_evicted(machine, node, &eviction);
}

bool response_fact_equal(const struct response_fact *a, const struct response_fact *b)
{
    return vg_id_equal(&a->source, &b->source) && vg_id_equal(&a->incident, &b->incident) &&
           vg_id_equal(&a->tenant, &b->tenant) && a->kind == b->kind && a->index == b->index &&
           vg_hash_equal(&a->hash, &b->hash) && a->at == b->at && a->class_ == b->class_ &&
           a->harm == b->harm;
}

/* ---- owing -------------------------------------------------------------------------------------
 */

static void put(struct response_call *call, enum response_progress progress,
                const struct response_owed *owed)
{
    struct response_key key = fact_key_of(&owed->fact, progress);
    struct vg_buffer record = {0};
    response_owed_encode(owed, &record);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&record));
    vg_buffer_free(&record);
}

static void keep_told(struct response_call *call, struct response_owed *owed, uint64_t case_index,
                      const vg_hash *case_hash)
{
    owed->case_index = case_index;
    owed->case_hash = *case_hash;
    owed->told_at = call->time_ms;
    put(call, RESPONSE_FACT_TOLD, owed);
}

void response_owe(struct response_call *call, const struct response_tenant *tenant,
                  enum response_fact_kind kind)
{
    bool declared = kind == RESPONSE_FACT_DECLARED;
    struct response_owed owed = {.fact = {.source = call->request->compartment,
                                          .incident = call->next.id,
                                          .tenant = tenant->id,
                                          .kind = (uint8_t)kind,
                                          .index = call->index,
                                          .hash = call->entry,
                                          .at = call->time_ms},
                                 .target = tenant->compartment};
    if (declared) {
        owed.fact.class_ = call->next.class_;
        owed.fact.harm = call->next.harm;
    }
    if (!vg_id_equal(&owed.target, &owed.fact.source)) {
        put(call, RESPONSE_FACT_OWED, &owed);
        return;
    }
    response_hear(call, &owed.fact);
    keep_told(call, &owed, call->index, &call->entry);
}

/* ---- what nodes say of facts -------------------------------------------------------------------
 */

static vg_node_id author_node(const struct response_call *call)
{
    vg_node_id node;
    bool is_node = response_is_node_author(&call->request->author, &node);
    return is_node ? node : (vg_node_id){0};
}

enum vg_code response_require_carrier(struct response_call *call, const vg_id *source,
                                      const vg_id *target)
{
    vg_node_id node = author_node(call);
    char id[NUMBER_TEXT];
    char text[VG_ID_TEXT];
    if (response_carries(call->machine, source, target, node))
        return VG_OK;
    snprintf(id, sizeof id, "%" PRIu64, node.value);
    vg_id_format(response_is_cleared(call->machine, source, node) ? target : source, text);
    return RESPONSE_REFUSE(call, NO_CARRIER, id, text);
}

/* A check is as of an entry that is still to come. */
enum vg_code response_require_past(struct response_call *call, uint64_t index, uint64_t at)
{
    char number[NUMBER_TEXT];
    char time[VG_TIME_TEXT];
    uint64_t next = call->index > 0 ? call->index : response_cursor(call->machine) + 1;
    if (index < next && at <= call->time_ms)
        return VG_OK;
    snprintf(number, sizeof number, "%" PRIu64, index);
    vg_time_format(at, time);
    return RESPONSE_REFUSE(call, FACT_AHEAD, number, time);
}

/* ---- acknowledge -------------------------------------------------------------------------------
 */

/* The fact that the command names, owed or told. */
static bool find(const struct response_call *call, enum response_progress progress,
                 struct response_owed *out)
{
    *out = (struct response_owed){.fact = {.source = call->request->compartment,
                                           .incident = call->command.acknowledge.incident,
                                           .tenant = call->command.acknowledge.tenant,
                                           .index = call->command.acknowledge.index}};
    struct response_key key = fact_key_of(&out->fact, progress);
    vg_span value;
    if (!response_get(&call->machine->kv, &key, &value))
        return false;
    decode(response_key_span(&key), value, out);
    return true;
}

enum vg_code response_judge_acknowledge(struct response_call *call)
{
    struct response_owed owed;
    char incident[VG_ID_TEXT];
    char tenant[VG_ID_TEXT];
    char index[NUMBER_TEXT];
    if (response_find_incident(call, &call->command.acknowledge.incident) != VG_OK)
        return call->outcome->error.code;
    vg_id_format(&call->command.acknowledge.incident, incident);
    vg_id_format(&call->command.acknowledge.tenant, tenant);
    snprintf(index, sizeof index, "%" PRIu64, call->command.acknowledge.index);
    bool told = find(call, RESPONSE_FACT_TOLD, &owed);
    if (!told && !find(call, RESPONSE_FACT_OWED, &owed))
        return RESPONSE_REFUSE(call, NOT_OWED, incident, tenant, index);
    if (!vg_hash_equal(&owed.fact.hash, &call->command.acknowledge.hash))
        return RESPONSE_REFUSE(call, FACT_DIFFERS, index);
    if (response_require_carrier(call, &owed.fact.source, &owed.target) != VG_OK ||
        response_require_past(call, call->command.acknowledge.case_index, owed.fact.at) != VG_OK)
        return call->outcome->error.code;
    call->outcome->repeated = told;
    return VG_OK;
}

void response_effect_acknowledge(struct response_call *call)
{
    struct response_owed owed;
    if (!find(call, RESPONSE_FACT_OWED, &owed))
        return;
    struct response_key key = fact_key_of(&owed.fact, RESPONSE_FACT_OWED);
    response_pairs_del(&call->writing->pairs, &key);
    keep_told(call, &owed, call->command.acknowledge.case_index,
              &call->command.acknowledge.case_hash);
}
