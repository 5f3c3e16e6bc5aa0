/* SPDX-License-Identifier: Apache-2.0
 * Disk writes under way. A step gathers what it must make durable in a draft; the draft leaves as
 * one write, so that a new term, its vote and the entries that came with them are one transaction
 * (B15). Writes complete in order; `durable` is then the end of the log on disk as far as it still
 * equals the log in memory (B31). */
#include "proto/raft/internal.h"

bool raft_writes_take_entries(const struct raft *core)
{
    return core->writes.count + RAFT_WRITES_SPARE < RAFT_WRITES_MAX;
}

bool raft_writes_take_hard_state(const struct raft *core)
{
    return core->writes.count + 2 <= RAFT_WRITES_MAX;
}

static bool draft_is_empty(const struct raft_draft *draft)
{
    return !draft->hard_state && !draft->probe && draft->truncate_from == 0 && draft->count == 0;
}

void raft_writes_hard_state(struct raft *core)
{
    core->writes.draft.hard_state = true;
}

void raft_writes_entries(struct raft *core, uint64_t truncate_from, uint64_t first, uint32_t count)
{
    struct raft_draft *draft = &core->writes.draft;
    assert(draft->count == 0 && draft->truncate_from == 0);
    assert(count > 0 && first + count - 1 == core->window.last.value);
    draft->truncate_from = truncate_from;
    draft->first = first;
    draft->count = count;
}

static void put_write(struct raft *core, const struct raft_draft *draft, vg_node_id voted_for,
                      struct raft_outputs *out)
{
    struct raft_writes *writes = &core->writes;
    assert(writes->count < RAFT_WRITES_MAX);
    uint64_t id = ++writes->last_id;
    writes->ring[(writes->start + writes->count++) % RAFT_WRITES_MAX] = (struct raft_write){
        .id = id,
        .issued_us = core->now_us,
        .tail = core->window.last.value,
        .truncate_from = draft->truncate_from,
        .hard_state = draft->hard_state,
    };
    struct raft_output *output = raft_put(out, RAFT_OUT_WRITE);
    output->write_id = id;
    output->truncate_from = draft->truncate_from;
    output->first = draft->first;
    output->count = draft->count;
    if (draft->hard_state || draft->probe) {
        output->hard_state = true;
        output->term = core->term;
        output->voted_for = voted_for;
    }
    if (draft->hard_state)
        writes->hard_id = id;
}

void raft_writes_flush(struct raft *core, struct raft_outputs *out)
{
    struct raft_draft draft = core->writes.draft;
    if (draft_is_empty(&draft))
        return;
    core->writes.draft = (struct raft_draft){0};
    if (MUTANT(15) && draft.hard_state) {
        struct raft_draft term_only = {.hard_state = true};
        put_write(core, &term_only, (vg_node_id){0}, out);
    }
    put_write(core, &draft, core->voted_for, out);
}

/* The end of the disk's log as far as no write under way removes it again. */
static uint64_t surviving_tail(const struct raft_writes *writes, uint64_t tail)
{
    for (uint32_t i = 0; i < writes->count; i++) {
        if (MUTANT(36) && writes->start + i >= RAFT_WRITES_MAX)
            break;
        const struct raft_write *later = &writes->ring[(writes->start + i) % RAFT_WRITES_MAX];
        if (later->truncate_from > 0 && !MUTANT(31))
            tail = raft_min(tail, later->truncate_from - 1);
    }
    return tail;
}

static bool is_late(const struct raft *core, const struct raft_write *write)
{
    return !MUTANT(68) && core->now_us - write->issued_us >= raft_election_us(core);
}

void raft_writes_done(struct raft *core, uint64_t id)
{
    struct raft_writes *writes = &core->writes;
    assert(writes->count > 0);
    struct raft_write done = writes->ring[writes->start];
    assert(done.id == id);
    writes->start = (writes->start + 1) % RAFT_WRITES_MAX;
    writes->count--;
    if (writes->hard_id == id)
        writes->hard_id = 0;
    writes->late = is_late(core, &done);
    core->durable.value = raft_min(surviving_tail(writes, done.tail), core->window.last.value);
}

bool raft_writes_stalled(const struct raft *core)
{
    const struct raft_writes *writes = &core->writes;
    return writes->count > 0 && is_late(core, &writes->ring[writes->start]);
}

bool raft_writes_in_time(const struct raft *core)
{
    return !core->writes.late && !raft_writes_stalled(core);
}

void raft_writes_probe(struct raft *core)
{
    if (core->writes.late && core->writes.count == 0)
        core->writes.draft.probe = true;
}
