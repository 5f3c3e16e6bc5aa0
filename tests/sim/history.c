/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

uint64_t history_op_of(const struct ledger_command *command)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < NUMBER_SIZE; i++)
        number = number << 8 | command->request.bytes[sizeof(vg_id) - NUMBER_SIZE + i];
    return number;
}

static bool has_signature(const struct op *op, const vg_signature *signature)
{
    return memcmp(op->signature.bytes, signature->bytes, sizeof signature->bytes) == 0;
}

bool history_is_original(const struct history *history, uint64_t number,
                         const vg_signature *signature)
{
    return number >= 1 && number <= history->count &&
           has_signature(&history->ops[number - 1], signature);
}

uint64_t history_clash_of(const struct history *history, const vg_signature *signature)
{
    for (uint64_t number = history->count; number > 0; number--) {
        const struct op *op = &history->ops[number - 1];
        if (op->clash && has_signature(op, signature))
            return number;
    }
    return 0;
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
    SOMETIMES(marks, CLASH_REFUSED, reply->code == VG_INVALID);
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
    if (op->clash != (reply->code == VG_INVALID))
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

static uint64_t state_hash(const struct sim *sim, const struct host *host)
{
    vg_hash first = response_state_hash(&host->machine, &sim->genesis.first);
    vg_hash directory = response_state_hash(&host->machine, &sim->genesis.directory);
    uint64_t halves[2];
    memcpy(&halves[0], first.bytes, sizeof halves[0]);
    memcpy(&halves[1], directory.bytes, sizeof halves[1]);
    return halves[0] ^ (halves[1] << 1 | halves[1] >> 63);
}

void history_state(struct sim *sim, struct host *host, uint64_t index)
{
    struct history *history = &sim->history;
    uint64_t hash = state_hash(sim, host);
    if (history->states_count == history->states_capacity) {
        history->states_capacity = history->states_capacity ? 2 * history->states_capacity : 1024;
        history->states =
            vg_realloc(history->states, history->states_capacity * sizeof *history->states);
    }
    if (index == history->states_count + 1) {
        history->states[history->states_count++] = hash;
        sim_mix(sim, hash);
    } else if (index > history->states_count || history->states[index - 1] != hash) {
        sim_violate(sim, "I6", host->id.value, index, "the state hash here is another's");
    }
}

/* ---- the end -----------------------------------------------------------------------------------
 */

/* How often each op shows in the timelines. */
struct tally {
    uint32_t *seen;
    uint64_t count;
    bool strange; /* an event that no op has made */
};

/* Every text that the workload makes ends in "op NUMBER". */
static void tally_event(struct tally *tally, const struct response_event *event)
{
    char text[64];
    size_t size = event->text.size < sizeof text ? event->text.size : sizeof text - 1;
    memcpy(text, event->text.data + event->text.size - size, size);
    text[size] = '\0';
    const char *at = strstr(text, "op ");
    uint64_t number = at ? strtoull(at + 3, NULL, 10) : 0;
    if (number >= 1 && number <= tally->count)
        tally->seen[number - 1]++;
    else
        tally->strange = true;
}

static void tally_timelines(const struct sim *sim, const struct host *host, struct tally *tally)
{
    struct response_incident incident;
    const vg_id *first = &sim->genesis.first;
    vg_id after = {0};
    while (response_incident_next(&host->machine, first, &after, true, &incident)) {
        struct response_event event;
        for (uint64_t i = 1; i <= incident.events; i++)
            if (response_event_get(&host->machine, first, &incident.id, i, &event))
                tally_event(tally, &event);
        after = incident.id;
    }
}

static void check_op(struct sim *sim, uint64_t number, uint32_t seen)
{
    const struct op *op = history_get(&sim->history, number);
    bool effect = op->acked && op->told.code == VG_OK;
    bool timeline = op->what >= RESPONSE_OP_DETECT;
    if (op->acked && effect && timeline && seen != 1)
        sim_violate(sim, seen ? "I23" : "I24", 0, op->told.index,
                    "op %" PRIu64 " was accepted and is in the timelines %" PRIu32 " times", number,
                    seen);
    if (seen > 0 && (op->acked ? !effect : !op->maybe))
        sim_violate(sim, "I26", 0, op->told.index,
                    "op %" PRIu64 " was refused and is in the timelines", number);
    if (seen > 1)
        sim_violate(sim, "I23", 0, 0, "op %" PRIu64 " is in the timelines %" PRIu32 " times",
                    number, seen);
}

static void check_scan(struct sim *sim, const struct host *host, const vg_id *compartment)
{
    vg_hash kept = response_state_hash(&host->machine, compartment);
    vg_hash scanned = response_state_hash_scan(&host->machine, compartment);
    if (!vg_hash_equal(&kept, &scanned))
        sim_violate(sim, "I6", host->id.value, host->cursor,
                    "the state hash kept is not that of the pairs");
}

void history_finish(struct sim *sim)
{
    struct host *host = &sim->hosts[0];
    struct tally tally = {.count = sim->history.count};
    tally.seen = vg_alloc_zero(tally.count + 1, sizeof *tally.seen);
    tally_timelines(sim, host, &tally);
    for (uint64_t number = 1; number <= tally.count; number++)
        check_op(sim, number, tally.seen[number - 1]);
    if (tally.strange)
        sim_violate(sim, "I25", host->id.value, 0, "a timeline holds an event nobody asked for");
    free(tally.seen);
    check_scan(sim, host, &sim->genesis.first);
    check_scan(sim, host, &sim->genesis.directory);
    check_finished(sim->check);
}
