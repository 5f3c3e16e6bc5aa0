/* SPDX-License-Identifier: Apache-2.0
 * What must hold between any two steps, recomputed from the parts where that is cheap. */
#include "proto/raft/internal.h"

static void assert_indices(const struct raft *core)
{
    uint64_t last = core->window.last.value;
    assert(core->durable.value <= last);
    assert(core->verified.value <= last || MUTANT(6));
    assert(core->applied.value <= core->committed.value);
    assert(core->committed.value <= core->durable.value || MUTANT(11) || MUTANT(29) || MUTANT(30));
    assert(core->committed.value <= core->following.heard);
    assert(core->following.heard <= last || MUTANT(7) || MUTANT(28));
    assert(core->following.acknowledged <= core->durable.value || MUTANT(31) || MUTANT(38));
}

static void assert_window(const struct raft_window *window)
{
    uint64_t last = window->last.value;
    assert(window->first >= 1 && window->first <= last + 1);
    assert(last + 1 - window->first <= RAFT_WINDOW);
    if (window->run_count == 0)
        return;
    const struct raft_run *newest = &window->runs[window->run_count - 1];
    assert(newest->first <= last);
    const struct raft_entry *entry = raft_window_get(window, last);
    assert(entry == NULL || entry->term == newest->term);
}

static void assert_writes(const struct raft *core)
{
    const struct raft_writes *writes = &core->writes;
    assert(writes->count <= RAFT_WRITES_MAX && writes->start < RAFT_WRITES_MAX);
    assert(!writes->draft.hard_state && !writes->draft.probe && writes->draft.count == 0);
    assert(writes->hard_id <= writes->last_id);
    if (writes->count == 0)
        assert(core->durable.value == core->window.last.value && writes->hard_id == 0);
    else
        assert(writes->ring[writes->start].id + writes->count - 1 == writes->last_id);
}

static void assert_peer(const struct raft *core, const struct raft_peer *peer)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < peer->inflight_count; i++)
        bytes += peer->inflight[(peer->inflight_start + i) % RAFT_INFLIGHT_MAX].bytes;
    assert(bytes == peer->inflight_bytes || MUTANT(40));
    assert(peer->inflight_count <= core->config.inflight_max);
    assert(peer->match < peer->next && peer->next <= core->window.last.value + 1);
    assert(peer->acked_round <= core->round);
}

static void assert_leading(const struct raft *core)
{
    const struct raft_leading *leading = &core->leading;
    assert(vg_node_equal(core->leader, core->config.self));
    assert(core->verified.value == core->window.last.value);
    assert(leading->first >= 1 && leading->first <= core->window.last.value);
    uint64_t bytes = 0;
    uint64_t from = raft_max(core->committed.value, leading->first) + 1;
    for (uint64_t i = from; i <= core->window.last.value; i++)
        bytes += raft_window_get(&core->window, i)->size;
    assert(bytes == leading->uncommitted_bytes || MUTANT(42));
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        if (slot != core->self)
            assert_peer(core, &leading->peers[slot]);
}

void raft_assert_invariants(const struct raft *core)
{
    assert_indices(core);
    assert_window(&core->window);
    assert_writes(core);
    assert(core->reads.count <= RAFT_READS_MAX);
    if (core->role == RAFT_LEADER) {
        assert_leading(core);
    } else {
        assert(core->leading.first == 0 && core->leading.uncommitted_bytes == 0);
        assert(!vg_node_equal(core->leader, core->config.self));
    }
    if (core->role == RAFT_PRECANDIDATE || core->role == RAFT_CANDIDATE)
        assert(core->leader.value == 0 && core->reads.count == 0);
    if (core->role == RAFT_CANDIDATE || core->role == RAFT_LEADER)
        assert(vg_node_equal(core->voted_for, core->config.self));
}
