/* SPDX-License-Identifier: Apache-2.0
 * Log time (DESIGN section 8): it runs with the leader's monotonic clock from the last stamp and is
 * drawn towards the median wall clock of a quorum, by at most 1 part in RAFT_SLEW. One mad clock
 * moves no deadline. Kept in microseconds, stamped in milliseconds. */
#include "proto/raft/internal.h"

void raft_logtime_report(struct raft *core, uint32_t slot, uint64_t wall_ms, uint64_t age_us)
{
    assert(slot < core->config.voter_count);
    core->reports[slot] =
        (struct raft_report){.known = true,
                             .wall_us = raft_min(wall_ms, raft_time_ms_max) * 1000 + age_us,
                             .at_us = core->now_us};
}

static bool is_known(const struct raft *core, uint32_t slot)
{
    return slot == core->self || core->reports[slot].known;
}

/* A known clock, as it must be by now. */
static uint64_t wall_of(const struct raft *core, uint32_t slot)
{
    const struct raft_report *report = &core->reports[slot];
    return slot == core->self ? raft_min(core->wall_ms, raft_time_ms_max) * 1000
                              : report->wall_us + (core->now_us - report->at_us);
}

/* The lower median of the clocks known, and how many those are: at least those who voted. */
static uint32_t median_of_clocks(const struct raft *core, uint64_t *median_us)
{
    uint64_t walls[VG_NODES_MAX] = {0};
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        if (!is_known(core, slot))
            continue;
        uint64_t wall_us = wall_of(core, slot);
        uint32_t at = count++;
        for (; at > 0 && walls[at - 1] > wall_us; at--)
            walls[at] = walls[at - 1];
        walls[at] = wall_us;
    }
    assert(count >= raft_quorum(core) && count <= core->config.voter_count);
    *median_us = walls[(count - 1) / 2];
    return count;
}

/* One mad clock cannot move the median of three. */
static bool is_trustworthy(const struct raft *core, uint32_t clocks)
{
    return clocks >= raft_min(3, core->config.voter_count);
}

void raft_logtime_start(struct raft *core)
{
    assert(core->role == RAFT_LEADER);
    uint64_t median_us;
    uint32_t clocks = median_of_clocks(core, &median_us);
    core->leading.time_us = raft_max(raft_window_time(&core->window) * 1000, median_us);
    core->leading.time_at_us = core->now_us;
    core->leading.time_settled = is_trustworthy(core, clocks);
}

/* The pull towards the median: slewed; but a start made on two clocks, the lower of which may have
 * been mad, is made good once when the third is heard. */
static uint64_t corrected(struct raft *core, uint64_t time_us, uint64_t slew_us)
{
    uint64_t median_us;
    uint32_t clocks = median_of_clocks(core, &median_us);
    if (!core->leading.time_settled && is_trustworthy(core, clocks)) {
        core->leading.time_settled = true;
        return raft_max(time_us, median_us);
    }
    if (median_us > time_us)
        return time_us + raft_min(slew_us, median_us - time_us);
    return time_us - raft_min(slew_us, time_us - median_us);
}

void raft_logtime_advance(struct raft *core)
{
    if (core->role != RAFT_LEADER)
        return;
    struct raft_leading *leading = &core->leading;
    uint64_t passed_us = core->now_us - leading->time_at_us;
    uint64_t slew_us = passed_us / RAFT_SLEW;
    if (slew_us == 0)
        return;
    uint64_t time_us = corrected(core, leading->time_us + passed_us, slew_us);
    assert(time_us >= leading->time_us);
    leading->time_us = time_us;
    leading->time_at_us = core->now_us;
}

uint64_t raft_logtime_stamp(const struct raft *core)
{
    assert(core->role == RAFT_LEADER && core->now_us >= core->leading.time_at_us);
    uint64_t since_us = core->now_us - core->leading.time_at_us;
    uint64_t now_ms = (core->leading.time_us + since_us) / 1000;
    return raft_max(now_ms, raft_window_time(&core->window));
}

/* True if the entry's stamp is the leader's doing and further ahead than our clock allows. */
static bool is_ahead(const struct raft *core, const struct raft_entry *entry)
{
    return entry->time_ms > core->following.start_ms &&
           entry->time_ms > core->wall_ms + RAFT_AHEAD_MS;
}

/* The leader's starting stamp is that of its term's first entry; after a restart far into a term,
 * the oldest still known. */
uint64_t raft_logtime_accepted(struct raft *core, uint64_t limit)
{
    struct raft_following *following = &core->following;
    uint64_t own = raft_window_term_first(&core->window, core->term.value);
    uint64_t from = raft_max(raft_max(own, core->window.first), following->stamp_ok + 1);
    for (uint64_t i = from; i <= limit; i++) {
        const struct raft_entry *entry = raft_window_get(&core->window, i);
        assert(entry != NULL && entry->term == core->term.value);
        if (!following->start_known) {
            following->start_known = true;
            following->start_ms = entry->time_ms;
        }
        if (is_ahead(core, entry)) {
            following->recheck_us = core->now_us + (uint64_t)core->config.heartbeat_ms * 1000;
            return i - 1;
        }
        following->stamp_ok = i;
    }
    following->recheck_us = 0;
    return limit;
}

static bool is_astray(uint64_t wall_us, uint64_t median_us)
{
    uint64_t off_us = wall_us > median_us ? wall_us - median_us : median_us - wall_us;
    return off_us > RAFT_ASTRAY_MS * 1000;
}

bool raft_logtime_astray(const struct raft *core)
{
    uint64_t median_us;
    median_of_clocks(core, &median_us);
    return is_astray(wall_of(core, core->self), median_us);
}

struct raft_clock raft_logtime_clock(const struct raft *core, uint32_t slot)
{
    uint64_t median_us;
    if (!is_known(core, slot))
        return (struct raft_clock){.ahead_ms = 0};
    median_of_clocks(core, &median_us);
    uint64_t wall_us = wall_of(core, slot);
    return (struct raft_clock){.ahead_ms =
                                   (int64_t)(wall_us / 1000) - (int64_t)raft_logtime_stamp(core),
                               .astray = is_astray(wall_us, median_us)};
}
