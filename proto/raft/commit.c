/* SPDX-License-Identifier: Apache-2.0
 * The commit index (D3.6.2). It never passes what this node's own disk holds (I7). */
#include "proto/raft/internal.h"

/* Uncommitted bytes are those of own proposals: noops and earlier leaders' entries count nothing,
 * or the account could never be settled (B42). */
static void settle_uncommitted(struct raft *core, uint64_t index)
{
    uint64_t from = raft_max(core->committed.value, core->leading.first) + 1;
    for (uint64_t i = from; i <= index && !MUTANT(42); i++) {
        const struct raft_entry *entry = raft_window_get(&core->window, i);
        assert(entry != NULL && entry->size <= core->leading.uncommitted_bytes);
        core->leading.uncommitted_bytes -= entry->size;
    }
}

static void commit_to(struct raft *core, uint64_t index, struct raft_outputs *out)
{
    assert(index > core->committed.value);
    assert(index <= core->durable.value || MUTANT(11) || MUTANT(29) || MUTANT(30));
    if (core->role == RAFT_LEADER)
        settle_uncommitted(core, index);
    core->committed.value = index;
    core->following.heard = raft_max(core->following.heard, index);
    raft_put(out, RAFT_OUT_COMMIT)->first = index;
}

/* How much of the log this node itself counts as held: what is on its disk (B29, B30). */
static uint64_t own_match(const struct raft *core)
{
    if (MUTANT(30) || (MUTANT(29) && core->config.voter_count == 1))
        return core->window.last.value;
    return core->durable.value;
}

/* The highest index that a quorum holds, of which this node is one. */
static uint64_t quorum_index(const struct raft *core)
{
    uint64_t matches[VG_NODES_MAX];
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        matches[slot] = core->leading.peers[slot].match;
    matches[core->self] = own_match(core);
    return raft_min(raft_quorum_value(core, matches), own_match(core));
}

bool raft_commit_count(struct raft *core, struct raft_outputs *out)
{
    assert(core->role == RAFT_LEADER);
    uint64_t index = quorum_index(core);
    if (MUTANT(12) && index != core->window.last.value)
        return false;
    bool own_term = MUTANT(1) || raft_window_has(&core->window, index, core->term.value);
    if (index <= core->committed.value || !own_term)
        return false;
    commit_to(core, index, out);
    return true;
}

void raft_commit_hear(struct raft *core, uint64_t index, struct raft_outputs *out)
{
    assert(core->role == RAFT_FOLLOWER);
    core->following.heard = raft_max(core->following.heard, index);
    uint64_t limit = MUTANT(11) ? core->window.last.value : core->durable.value;
    uint64_t settled = raft_min(core->following.heard, limit);
    if (settled > core->committed.value)
        commit_to(core, settled, out);
}

/* What was applied was committed: after a restart this is the first the core hears of it. */
void raft_on_set_applied(struct raft *core, const struct raft_event *event,
                         struct raft_outputs *out)
{
    assert(event->index >= core->applied.value);
    assert(event->index <= core->durable.value);
    if (event->index > core->committed.value)
        commit_to(core, event->index, out);
    core->applied.value = event->index;
}
