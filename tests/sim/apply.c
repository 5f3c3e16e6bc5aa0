/* SPDX-License-Identifier: Apache-2.0
 * The apply thread in miniature: committed entries in order through the state machine, its store
 * kept now and then, answers before that (DESIGN section 5). */
#include "proto/response/directory.h"
#include "tests/sim/sim.h"

enum { TELLING_US = 1000 };

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value + 0x9e3779b97f4a7c15 + (hash << 6) + (hash >> 2);
    return hash * 0xbf58476d1ce4e5b9;
}

static uint64_t mix_id(uint64_t hash, const vg_id *id)
{
    uint64_t halves[2];
    memcpy(halves, id->bytes, sizeof halves);
    return mix(mix(hash, halves[0]), halves[1]);
}

/* All of an answer but whether it is a repetition. */
static uint64_t outcome_hash(const struct response_outcome *outcome)
{
    uint64_t hash = mix(0, (uint64_t)outcome->error.code);
    hash = mix_id(mix_id(hash, &outcome->id), &outcome->request);
    hash = mix(mix(hash, outcome->index), outcome->term);
    hash = mix(mix(hash, outcome->time_ms), outcome->joined);
    for (const char *at = outcome->error.text; *at; at++)
        hash = mix(hash, (uint8_t)*at);
    for (uint32_t i = 0; i < outcome->revision_count; i++)
        hash = mix(mix(hash, outcome->revisions[i].aspect), outcome->revisions[i].revision);
    return mix(mix(hash, outcome->conflict.aspect), outcome->conflict.current);
}

/* An import or enrolment that was there already is no second copy of a request. */
static bool is_copy(const struct response_outcome *outcome, const struct check_apply *apply)
{
    return outcome->repeated && outcome->index != apply->index;
}

static void decide(struct sim *sim, struct host *host, const struct ledger_command *command,
                   const struct response_outcome *outcome, struct check_apply *apply)
{
    uint64_t op = history_find(&sim->history, command);
    apply->outcome = outcome_hash(outcome);
    apply->duplicate = is_copy(outcome, apply);
    /* Another command under a used id is not that request: its answer is its own. */
    apply->key = op > 0 && !history_get(&sim->history, op)->clash ? op : 0;
    struct reply reply = {
        .code = outcome->error.code,
        .decided = true,
        .repeated = apply->duplicate,
        .changed = outcome->revision_count > 0,
        .joined = outcome->joined,
        .index = outcome->index,
        .outcome = apply->outcome,
        .id = outcome->id,
    };
    SOMETIMES(&sim->marks, COPY_APPLIED, apply->duplicate);
    origin_applied(sim, host, op, &reply);
}

/* Nothing that a person signed is void. */
static void check_void(struct sim *sim, const struct host *host, uint64_t index,
                       const struct response_opened *opened)
{
    SOMETIMES(&sim->marks, FORGERY_VOID, true);
    if (history_find(&sim->history, &opened->command) > 0)
        sim_violate(sim, "I24", host->id.value, index, "void: %s", opened->error.text);
}

/* Of an entry it is not cleared for, a host has no key. */
static void open_entry(const struct sim *sim, const struct host *host,
                       const struct ledger_view *view, struct response_opened *opened)
{
    const struct response_keys keys = {.find = response_key_find,
                                       .context = (void *)&host->machine};
    *opened = (struct response_opened){.code = VG_UNAVAILABLE};
    if (response_has_command(view->envelope.type) &&
        response_is_level(&host->machine, &view->envelope.compartment))
        response_open(&sim->genesis, &sim->cluster, &keys, sim->signer, view, opened);
}

/* The rules are told of an entry by the first of those that are asked for everything. */
static bool is_first(struct sim *sim, const struct host *host, uint64_t index)
{
    bool first = !host->apart && index == sim->history.witnessed + 1;
    sim->history.witnessed += first;
    return first;
}

static void apply_one(struct sim *sim, struct host *host)
{
    struct record record = host_record(host, host->cursor + 1);
    struct ledger_view view;
    struct response_opened opened;
    struct response_outcome outcome;
    struct vg_error error;
    if (ledger_parse(vg_blob_span(record.blob), &view, &error) != VG_OK) {
        sim_violate(sim, "I39", host->id.value, host->cursor + 1, "%s", error.text);
        return;
    }
    open_entry(sim, host, &view, &opened);
    enum response_applied applied = response_apply(&host->machine, &view, &opened, &outcome);
    host->cursor = view.header.index;
    struct check_apply told = {.index = view.header.index,
                               .unread = applied == RESPONSE_APPLIED_BLIND};
    memcpy(&told.hash, view.hash.bytes, sizeof told.hash);
    bool first = is_first(sim, host, told.index);
    if (applied == RESPONSE_APPLIED_OUTCOME && first)
        rules_applied(sim, host, &view, &opened.command, &outcome);
    if (applied == RESPONSE_APPLIED_OUTCOME)
        decide(sim, host, &opened.command, &outcome, &told);
    else if (applied == RESPONSE_APPLIED_VOID)
        check_void(sim, host, told.index, &opened);
    check_applied(sim->check, host->id, &told);
    history_state(sim, host, view.header.index, told.key);
    sim_trace(sim, host->id.value, "applies %llu", (unsigned long long)told.index);
}

void host_apply_later(struct sim *sim, struct host *host)
{
    if (host->apply_waiting)
        return;
    host->apply_waiting = true;
    uint64_t late_us = host->blind && sim->options.telling ? TELLING_US : 0;
    queue_push(&sim->queue,
               (struct event){.at_us = sim->now_us + 1 + sim->profile.apply_us + late_us,
                              .kind = EVENT_APPLY,
                              .who = host->index,
                              .life = host->life});
}

void host_apply(struct sim *sim, struct host *host)
{
    host->apply_waiting = false;
    for (uint32_t i = 0; i < sim->profile.apply_batch && host->cursor < host->target; i++)
        apply_one(sim, host);
    if (host->cursor - host->kept_at >= sim->profile.commit_every) {
        memkv_commit(host->store);
        host->kept_at = host->cursor;
    }
    origin_serve_reads(sim, host);
    uint64_t known = host->cursor < host->target ? host->cursor : host->target;
    if (known > host->status.applied.value)
        host_step(sim, host, &(struct raft_event){.type = RAFT_SET_APPLIED, .index = known}, NULL);
    if (host->up && host->cursor < host->target)
        host_apply_later(sim, host);
}
