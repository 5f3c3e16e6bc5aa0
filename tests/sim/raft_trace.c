/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/raft_trace.h"

#include <string.h>

#include "tests/lib/mix.h"
#include "tests/sim/sim.h"

static void mix_all(struct sim *sim, const uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sim->raft = mix64(sim->raft, values[i]);
}

#define MIX(sim, ...)                                                                              \
    do {                                                                                           \
        const uint64_t values_[] = {__VA_ARGS__};                                                  \
        mix_all(sim, values_, sizeof values_ / sizeof values_[0]);                                 \
    } while (0)

static void mix_status(struct sim *sim, const struct raft_status *status)
{
    MIX(sim, status->role, status->term.value, status->voted_for.value, status->leader.value,
        status->appended.value, status->durable.value, status->verified.value,
        status->committed.value, status->applied.value, status->last_time_ms);
}

static void mix_message(struct sim *sim, const struct raft_msg *msg)
{
    MIX(sim, msg->type, msg->from.value, msg->to.value, msg->term, msg->prev_index, msg->prev_term,
        msg->entry_count, msg->commit, msg->round, msg->granted, msg->transfer, msg->index,
        msg->hint_term, msg->read_id, msg->log_time_ms, msg->wall_ms, msg->unfit);
}

static void mix_output(struct sim *sim, const struct raft_output *output)
{
    MIX(sim, output->type, output->write_id, output->after_write, output->first, output->count,
        output->truncate_from, output->entry_term, output->time_ms, output->source,
        output->hard_state, output->term.value, output->voted_for.value, output->leader.value,
        output->role, output->id, output->reason, output->ok);
    if (output->type == RAFT_OUT_SEND)
        mix_message(sim, &output->msg);
}

void raft_trace_started(struct sim *sim, const struct host *host)
{
    MIX(sim, sim->now_us, host->id.value, host->life);
    mix_status(sim, &host->status);
    raft_trace_core(sim, host);
}

void raft_trace_step(struct sim *sim, const struct host *host, const struct raft_event *event)
{
    MIX(sim, sim->now_us, host->id.value, event->type, event->now_us, event->wall_ms, event->index,
        event->id, event->entry_count, event->full);
    mix_status(sim, &host->status);
    for (uint32_t i = 0; i < sim->outputs.count; i++)
        mix_output(sim, &sim->outputs.items[i]);
}

void raft_trace_core(struct sim *sim, const struct host *host)
{
    MIX(sim, raft_state_hash(host->core));
}

void raft_trace_write(struct sim *sim, const struct disk_write *write)
{
    MIX(sim, write->hard_state, write->term, write->voted_for.value, write->truncate_from);
    for (uint32_t i = 0; i < write->count; i++) {
        uint64_t parts[sizeof(vg_hash) / sizeof(uint64_t)];
        memcpy(parts, write->records[i].hash.bytes, sizeof parts);
        mix_all(sim, parts, sizeof parts / sizeof parts[0]);
    }
}

void raft_trace_sent(struct sim *sim, const struct raft_msg *msg)
{
    MIX(sim, sim->now_us);
    mix_message(sim, msg);
}
