/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/history.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/response/checkpoint.h"
#include "proto/response/directory.h"
#include "proto/response/incident.h"
#include "tests/sim/sim.h"

enum { NUMBER_SIZE = 6 }; /* bytes of an op's number at the end of its request id */

uint64_t history_add(struct history *history, const struct op *op)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity ? 2 * history->capacity : 256;
        history->ops = vg_realloc(history->ops, history->capacity * sizeof *history->ops);
    }
    history->ops[history->count++] = *op;
    return history->count;
}

struct op *history_get(struct history *history, uint64_t number)
{
    return &history->ops[number - 1];
}

void history_free(struct history *history)
{
    for (uint64_t i = 0; i < history->count; i++)
        vg_blob_unref(history->ops[i].signed_command);
    free(history->ops);
    free(history->states);
}

/* The number that a request id carries, if the simulator has made it. */
static uint64_t number_in(const vg_id *request)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < NUMBER_SIZE; i++)
        number = number << 8 | request->bytes[sizeof(vg_id) - NUMBER_SIZE + i];
    return number;
}

static bool is_signed_so(const struct history *history, uint64_t number,
                         const vg_signature *signature)
{
    return number >= 1 && number <= history->count &&
           memcmp(history->ops[number - 1].signature.bytes, signature->bytes,
                  sizeof signature->bytes) == 0;
}

uint64_t history_find(const struct history *history, const struct ledger_command *command)
{
    uint64_t number = number_in(&command->request);
    if (is_signed_so(history, number, &command->signature))
        return number;
    for (number = history->count; number > 0; number--)
        if (is_signed_so(history, number, &command->signature))
            break;
    return number;
}

/* ---- clients -----------------------------------------------------------------------------------
 */

void history_asked(struct sim *sim, uint64_t number)
{
    struct op *op = history_get(&sim->history, number);
    if (!op->clash)
        check_proposed(sim->check, number);
}

static void mark_answer(struct marks *marks, const struct reply *reply)
{
    SOMETIMES(marks, CONFLICT_ANSWERED, reply->code == VG_CONFLICT);
    SOMETIMES(marks, RULE_REFUSED, reply->code == VG_RULE);
    SOMETIMES(marks, FORBIDDEN, reply->code == VG_FORBIDDEN);
    SOMETIMES(marks, DETECTION_JOINED, reply->joined);
    SOMETIMES(marks, RETRY_ANSWERED, reply->repeated);
}

static void saw(struct history *history, uint64_t index)
{
    history->high = index > history->high ? index : history->high;
}

void history_told(struct sim *sim, uint64_t number, const struct reply *reply)
{
    struct history *history = &sim->history;
    struct op *op = history_get(history, number);
    mark_answer(&sim->marks, reply);
    SOMETIMES(&sim->marks, CLASH_REFUSED, op->clash);
    if (op->clash && reply->code != VG_INVALID)
        sim_violate(sim, "I23", 0, reply->index, "op %" PRIu64 " is answered %s", number,
                    vg_code_name(reply->code));
    if (!op->clash)
        check_acked(sim->check, number, reply->index, reply->outcome);
    if (!op->acked && !op->clash && reply->index <= op->floor)
        sim_violate(sim, "I22", 0, reply->index,
                    "op %" PRIu64 " began when index %" PRIu64 " had been seen", number, op->floor);
    if (!op->acked) {
        op->acked = true;
        op->told = *reply;
        history->acked++;
    }
    saw(history, reply->index);
}

void history_refused(struct sim *sim, uint64_t number)
{
    if (!history_get(&sim->history, number)->clash)
        check_refused(sim->check, number);
}

void history_unknown(struct sim *sim, uint64_t number)
{
    struct op *op = history_get(&sim->history, number);
    op->maybe = true;
    if (!op->clash)
        check_unknown(sim->check, number);
}

void history_read(struct sim *sim, uint64_t floor, uint64_t index)
{
    if (index < floor)
        sim_violate(sim, "I22", 0, index,
                    "a read shows the state as of this index; when it began %" PRIu64
                    " had been seen",
                    floor);
    saw(&sim->history, index);
}

/* ---- states ------------------------------------------------------------------------------------
 */

static uint64_t half_of(const struct response_machine *machine, const vg_id *compartment)
{
    vg_hash hash = response_state_hash(machine, compartment);
    uint64_t half;
    memcpy(&half, hash.bytes, sizeof half);
    return half;
}

static void mix_hash(uint64_t *mixed, const struct response_machine *machine,
                     const vg_id *compartment)
{
    *mixed = (*mixed << 1 | *mixed >> 63) ^ half_of(machine, compartment);
}

/* Of control and every compartment that all nodes have. */
static uint64_t common_hash(const struct sim *sim, const struct host *host)
{
    uint64_t mixed = 0;
    vg_id home = {{0}};
    mix_hash(&mixed, &host->machine, &home);
    mix_hash(&mixed, &host->machine, &host->machine.genesis->directory);
    while (response_compartment_next(&host->machine, &home, &home))
        if (!sim_is_apart(sim, &home))
            mix_hash(&mixed, &host->machine, &home);
    return mixed;
}

static void grow_states(struct history *history)
{
    if (history->states_count < history->states_capacity)
        return;
    history->states_capacity = history->states_capacity ? 2 * history->states_capacity : 1024;
    history->states =
        vg_realloc(history->states, history->states_capacity * sizeof *history->states);
}

static void state_read(struct sim *sim, const struct host *host, uint64_t index, uint64_t op)
{
    struct state *state = &sim->history.states[index - 1];
    struct response_mark mark;
    uint64_t first = half_of(&host->machine, &sim->genesis.first);
    if (response_mark_get(&host->machine, &sim->genesis.first, index, &mark))
        first ^= ~(mark.accepted << 32 ^ mark.refused ^ mark.time_ms); /* a mark, and the same */
    if (state->read && state->first != first)
        sim_violate(sim, "I6", host->id.value, index,
                    "the state hash of the first compartment, or its mark, here is another's");
    state->read = true;
    state->first = first;
    state->op = op;
}

void history_state(struct sim *sim, struct host *host, uint64_t index, uint64_t op)
{
    struct history *history = &sim->history;
    uint64_t common = common_hash(sim, host);
    grow_states(history);
    if (index == history->states_count + 1) {
        history->states[history->states_count++] = (struct state){.common = common};
        sim_mix(sim, common);
    } else if (index > history->states_count || history->states[index - 1].common != common) {
        sim_violate(sim, "I6", host->id.value, index, "the state hash here is another's");
        return;
    }
    if (!host->blind)
        state_read(sim, host, index, op);
}

/* ---- the end -----------------------------------------------------------------------------------
 */

/* Where each op shows in the timelines. */
struct tally {
    uint64_t *index; /* of the entry whose events are there; 0: none; UINT64_MAX: several */
    uint64_t count;
    bool strange; /* an event that no op has made */
};

static void tally_event(const struct history *history, struct tally *tally,
                        const struct response_event *event)
{
    uint64_t op = event->index <= history->states_count ? history->states[event->index - 1].op : 0;
    if (op == 0) {
        tally->strange = true;
        return;
    }
    uint64_t *seen = &tally->index[op - 1];
    *seen = *seen == 0 || *seen == event->index ? event->index : UINT64_MAX;
}

static void tally_timelines(const struct sim *sim, const struct host *host, struct tally *tally)
{
    vg_id home = {{0}};
    while (response_compartment_next(&host->machine, &home, &home)) {
        struct response_place place = {.index = 0};
        struct response_event event;
        vg_id incident;
        while (response_stream_next(&host->machine, &home, &place, &incident, &event))
            tally_event(&sim->history, tally, &event);
    }
}

static void check_op(struct sim *sim, uint64_t number, uint64_t seen)
{
    const struct op *op = history_get(&sim->history, number);
    bool effect = op->acked && op->told.code == VG_OK && op->told.changed;
    if (seen == UINT64_MAX)
        sim_violate(sim, "I23", 0, 0, "op %" PRIu64 " is in the timelines more than once", number);
    else if (effect && seen != op->told.index)
        sim_violate(sim, "I24", 0, op->told.index,
                    "op %" PRIu64 " was accepted and is in the timelines at %" PRIu64, number,
                    seen);
    else if (seen > 0 && (op->acked ? !effect : !op->maybe))
        sim_violate(sim, "I26", 0, op->told.index,
                    "op %" PRIu64 " was refused and is in the timelines", number);
}

static void check_scan(struct sim *sim, const struct host *host, const vg_id *compartment)
{
    vg_hash kept = response_state_hash(&host->machine, compartment);
    vg_hash scanned = response_state_hash_scan(&host->machine, compartment);
    if (!vg_hash_equal(&kept, &scanned))
        sim_violate(sim, "I6", host->id.value, host->cursor,
                    "the state hash kept is not that of the pairs");
}

/* Nothing of what a node is not cleared for is in its store, and it has counted what it passed by.
 */
static void check_blind(struct sim *sim, const struct host *host)
{
    static const vg_hash nothing;
    struct response_counters counters;
    response_counters_get(&host->machine, &counters);
    check_scan(sim, host, &sim->genesis.first);
    vg_hash kept = response_state_hash(&host->machine, &sim->genesis.first);
    if (!vg_hash_equal(&kept, &nothing))
        sim_violate(sim, "I33", host->id.value, host->cursor, "a blind node has state");
    if (counters.blind == 0)
        sim_violate(sim, "I33", host->id.value, host->cursor, "a blind node has read everything");
    sim->passed_by += counters.blind;
}

void history_finish(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++)
        if (sim->hosts[i].blind)
            check_blind(sim, &sim->hosts[i]);
    struct host *host = sim_witness(sim);
    struct tally tally = {.count = sim->history.count};
    tally.index = vg_alloc_zero(tally.count + 1, sizeof *tally.index);
    tally_timelines(sim, host, &tally);
    for (uint64_t number = 1; number <= tally.count; number++)
        check_op(sim, number, tally.index[number - 1]);
    if (tally.strange)
        sim_violate(sim, "I25", host->id.value, 0, "a timeline holds an event nobody asked for");
    free(tally.index);
    vg_id home = {{0}};
    check_scan(sim, host, &home);
    check_scan(sim, host, &sim->genesis.directory);
    while (response_compartment_next(&host->machine, &home, &home))
        check_scan(sim, host, &home);
    rules_finish(sim, host);
    check_finished(sim->check);
}
