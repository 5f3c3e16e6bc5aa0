/* SPDX-License-Identifier: Apache-2.0
 * The state's hash, field by field: padding and unused slots do not count, so that compilers and
 * runs can be compared (I38, I44). */
#include "proto/raft/internal.h"

static void mix(uint64_t *hash, uint64_t value)
{
    uint64_t x = (*hash ^ value) * 0x9e3779b97f4a7c15U;
    x ^= x >> 32;
    *hash = x * 0xd6e8feb86659fd93U;
}

static void mix_config(uint64_t *hash, const struct raft_config *config)
{
    mix(hash, config->self.value);
    mix(hash, config->voter_count);
    for (uint32_t slot = 0; slot < config->voter_count; slot++)
        mix(hash, config->voters[slot].value);
    mix(hash, config->seed);
    mix(hash, config->election_timeout_ms);
    mix(hash, config->heartbeat_ms);
    mix(hash, config->batch_entries_max);
    mix(hash, config->batch_bytes_max);
    mix(hash, config->inflight_max);
    mix(hash, config->inflight_bytes_max);
    mix(hash, config->uncommitted_bytes_max);
    mix(hash, config->prevote);
    mix(hash, config->check_quorum);
}

static void mix_window(uint64_t *hash, const struct raft_window *window)
{
    mix(hash, window->first);
    mix(hash, window->last.value);
    for (uint64_t i = window->first; i <= window->last.value; i++) {
        const struct raft_entry *entry = raft_window_get(window, i);
        mix(hash, entry->term);
        mix(hash, entry->time_ms);
        mix(hash, entry->size);
        mix(hash, entry->kind);
    }
    mix(hash, window->run_count);
    for (uint32_t i = 0; i < window->run_count; i++) {
        mix(hash, window->runs[i].first);
        mix(hash, window->runs[i].term);
    }
}

static void mix_writes(uint64_t *hash, const struct raft_writes *writes)
{
    mix(hash, writes->last_id);
    mix(hash, writes->hard_id);
    mix(hash, writes->late);
    mix(hash, writes->count);
    for (uint32_t i = 0; i < writes->count; i++) {
        const struct raft_write *write = &writes->ring[(writes->start + i) % RAFT_WRITES_MAX];
        mix(hash, write->id);
        mix(hash, write->issued_us);
        mix(hash, write->tail);
        mix(hash, write->truncate_from);
        mix(hash, write->hard_state);
    }
}

static void mix_following(uint64_t *hash, const struct raft_following *following)
{
    mix(hash, following->contact_us);
    mix(hash, following->round);
    mix(hash, following->acknowledged);
    mix(hash, following->heard);
    mix(hash, following->stamp_ok);
    mix(hash, following->start_ms);
    mix(hash, following->start_known);
    mix(hash, following->recheck_us);
}

static void mix_peer(uint64_t *hash, const struct raft_peer *peer)
{
    mix(hash, peer->state);
    mix(hash, peer->match);
    mix(hash, peer->next);
    mix(hash, peer->probe_round);
    mix(hash, peer->probe_last);
    mix(hash, peer->state_round);
    mix(hash, peer->inflight_count);
    for (uint32_t i = 0; i < peer->inflight_count; i++) {
        uint32_t at = (peer->inflight_start + i) % RAFT_INFLIGHT_MAX;
        mix(hash, peer->inflight[at].last);
        mix(hash, peer->inflight[at].bytes);
    }
    mix(hash, peer->inflight_bytes);
    mix(hash, peer->load_first);
    mix(hash, peer->told);
    mix(hash, peer->acked_round);
    mix(hash, peer->contact_us);
    mix(hash, peer->unfit);
    mix(hash, peer->active_us);
    mix(hash, peer->sample_round);
    mix(hash, peer->sample_us);
}

static void mix_leading(uint64_t *hash, const struct raft *core)
{
    const struct raft_leading *leading = &core->leading;
    mix(hash, leading->since_us);
    mix(hash, leading->first);
    mix(hash, leading->uncommitted_bytes);
    mix(hash, leading->heartbeat_us);
    mix(hash, leading->time_us);
    mix(hash, leading->time_at_us);
    mix(hash, leading->time_settled);
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        mix_peer(hash, &leading->peers[slot]);
}

static void mix_reads(uint64_t *hash, const struct raft_reads *reads)
{
    mix(hash, reads->count);
    mix(hash, reads->last_sent_id);
    for (uint32_t i = 0; i < reads->count; i++) {
        mix(hash, reads->items[i].id);
        mix(hash, reads->items[i].sent_id);
        mix(hash, reads->items[i].from.value);
        mix(hash, reads->items[i].round);
        mix(hash, reads->items[i].index);
        mix(hash, reads->items[i].deadline_us);
    }
}

static void mix_time(uint64_t *hash, const struct raft *core)
{
    mix(hash, core->now_us);
    mix(hash, core->wall_ms);
    mix(hash, core->astray_until_us);
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        mix(hash, core->reports[slot].known);
        mix(hash, core->reports[slot].wall_us);
        mix(hash, core->reports[slot].at_us);
    }
    for (uint32_t i = 0; i < 4; i++)
        mix(hash, core->prng.state[i]);
}

uint64_t raft_state_hash(const struct raft *core)
{
    uint64_t hash = 0;
    mix_config(&hash, &core->config);
    mix(&hash, core->full);
    mix(&hash, core->term.value);
    mix(&hash, core->voted_for.value);
    mix(&hash, core->role);
    mix(&hash, core->leader.value);
    mix(&hash, core->durable.value);
    mix(&hash, core->verified.value);
    mix(&hash, core->committed.value);
    mix(&hash, core->applied.value);
    mix(&hash, core->round);
    mix(&hash, core->election.deadline_us);
    mix(&hash, core->election.granted);
    mix(&hash, core->election.refused);
    mix(&hash, core->transfer.active);
    mix(&hash, core->transfer.sent);
    mix(&hash, core->transfer.target.value);
    mix(&hash, core->transfer.term);
    mix(&hash, core->transfer.deadline_us);
    mix_window(&hash, &core->window);
    mix_writes(&hash, &core->writes);
    mix_following(&hash, &core->following);
    mix_leading(&hash, core);
    mix_reads(&hash, &core->reads);
    mix_time(&hash, core);
    return hash;
}
