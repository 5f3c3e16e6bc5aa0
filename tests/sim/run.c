/* SPDX-License-Identifier: Apache-2.0
 * One seed: bootstrap, faults, heal, convergence, a partial partition, the last checks. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/fast_signer.h"
#include "tests/sim/sim.h"

enum {
    EVENTS_MIN = 20500,
    ACKED_MIN = 210,
    ACKED_STRIKE = 100,   /* the leader fails after so many */
    EVENTS_MAX = 300000,  /* of the phase with faults */
    HEAL_ELECTIONS = 3,   /* I40: longest election timeouts to a leader */
    SCARCE_ELECTIONS = 6, /* and with a minority down */
    SETTLE_TIMEOUTS = 30, /* election timeouts for whatever else is bounded */
    CUT_TIMEOUTS = 20,    /* I41: time to find a leader in a partial partition */
    TERM_GROWTH_MAX = 2,  /* I41: terms that may pass under a stable leader, and after it */
    SEED_STREAMS = 5,
};

static const uint64_t second_us = 1000000;
static struct sim *running;

/* ---- shared helpers ----------------------------------------------------------------------------
 */

void sim_violate(struct sim *sim, const char *invariant, uint64_t node, uint64_t index,
                 const char *format, ...)
{
    if (sim->failed)
        return;
    sim->failed = true;
    sim->violation = (struct check_violation){.invariant = invariant, .node = node, .index = index};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sim->violation.text, sizeof sim->violation.text, format, arguments);
    va_end(arguments);
}

void sim_trace(const struct sim *sim, uint64_t node, const char *format, ...)
{
    if (!sim_traced(sim))
        return;
    va_list arguments;
    va_start(arguments, format);
    printf("%8" PRIu64 " %12.6f  ", sim->events, (double)sim->now_us / 1e6);
    if (node > 0)
        printf("node %" PRIu64 " ", node);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

bool sim_is_apart(const struct sim *sim, const vg_id *compartment)
{
    return sim->options.apart != SIM_APART_NONE && vg_id_equal(compartment, &sim->genesis.first);
}

struct host *sim_witness(struct sim *sim)
{
    struct host *host = sim->hosts;
    while (host->apart)
        host++;
    return host;
}

void sim_mix(struct sim *sim, uint64_t value)
{
    sim->trace = (sim->trace ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    sim->trace ^= sim->trace >> 29;
}

struct host *sim_leader(struct sim *sim)
{
    struct host *leader = NULL;
    for (uint32_t i = 0; i < sim->host_count; i++) {
        struct host *host = &sim->hosts[i];
        if (host->up && host->status.role == RAFT_LEADER &&
            (!leader || host->status.term.value > leader->status.term.value))
            leader = host;
    }
    return leader;
}

uint64_t sim_around(struct vg_prng *chance, uint64_t mean)
{
    return mean / 2 + vg_prng_below(chance, mean + 1);
}

uint64_t sim_delay(struct vg_prng *chance, uint64_t base, uint64_t tail)
{
    uint64_t delay = base + vg_prng_below(chance, base / 4 + 1);
    uint64_t bits = vg_prng_next(chance);
    for (; bits & 1 && tail > 0; bits >>= 1)
        delay += tail;
    return delay + vg_prng_below(chance, tail + 1);
}

void sim_where(uint64_t *event, uint64_t *time_us)
{
    *event = running ? running->events : 0;
    *time_us = running ? running->now_us : 0;
}

/* ---- events ------------------------------------------------------------------------------------
 */

static bool for_a_host(const struct event *event)
{
    return event->kind <= EVENT_LOADED;
}

static bool reaches(struct sim *sim, const struct event *event, const struct host *host)
{
    if (!host->up)
        return false;
    return event->kind == EVENT_PACKET ? net_arrives(sim, event->packet)
                                       : event->life == host->life;
}

static void host_takes(struct sim *sim, struct event *event)
{
    struct host *host = &sim->hosts[event->who];
    if (!reaches(sim, event, host)) {
        packet_unref(event->packet);
        return;
    }
    if (host->paused_until_us > sim->now_us) {
        if (event->kind == EVENT_TICK && event->at_us == host->tick_us)
            host->tick_us = host->paused_until_us;
        event->at_us = host->paused_until_us;
        queue_push(&sim->queue, *event);
        return;
    }
    sim->events++;
    sim_mix(sim, sim->now_us << 8 ^ event->kind << 4 ^ event->who);
    host_event(sim, host, event);
    packet_unref(event->packet);
}

static void take_event(struct sim *sim)
{
    struct event event = queue_pop(&sim->queue);
    sim->now_us = event.at_us;
    if (event.kind == EVENT_PACKET && event.packet->kind != PACKET_REPLY)
        event.who = event.packet->to;
    if (event.kind == EVENT_PACKET && event.packet->kind == PACKET_REPLY) {
        sim->events++;
        workload_reply(sim, event.packet);
        packet_unref(event.packet);
    } else if (for_a_host(&event)) {
        host_takes(sim, &event);
    } else if (event.kind == EVENT_START) {
        if (!sim->hosts[event.who].up && sim->nemesis.active)
            host_start(sim, &sim->hosts[event.who]);
    } else if (event.kind == EVENT_CLIENT) {
        workload_event(sim, &event);
    } else {
        nemesis_event(sim, &event);
    }
}

static void look_at_checker(struct sim *sim)
{
    const struct check_violation *violation = check_violation(sim->check);
    if (!violation || sim->failed)
        return;
    sim->failed = true;
    sim->violation = *violation;
}

/* Runs until `done` or `limit_us` from now; true if done. */
static bool run_until(struct sim *sim, bool (*done)(struct sim *sim), uint64_t limit_us)
{
    uint64_t end_us = sim->now_us + limit_us;
    while (!sim->failed && !done(sim)) {
        if (sim->queue.count == 0 || sim->queue.heap[0].at_us > end_us) {
            sim->now_us = end_us;
            return false;
        }
        take_event(sim);
        look_at_checker(sim);
    }
    return !sim->failed;
}

static bool never(struct sim *sim)
{
    (void)sim;
    return false;
}

static void run_for(struct sim *sim, uint64_t duration_us)
{
    run_until(sim, never, duration_us);
}

static uint64_t timeouts(const struct sim *sim, uint64_t count)
{
    return count * sim->profile.election_ms * 1000;
}

/* ---- phases ------------------------------------------------------------------------------------
 */

static bool scripted(struct sim *sim)
{
    return workload_scripted(sim);
}

static void phase_bootstrap(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++)
        host_start(sim, &sim->hosts[i]);
    workload_start(sim);
    if (!run_until(sim, scripted, 60 * second_us + timeouts(sim, 100)))
        sim_violate(sim, "I40", 0, 0, "the first commands were not answered in time");
}

static bool had_enough(struct sim *sim)
{
    if (sim->history.acked >= ACKED_STRIKE)
        nemesis_strike_leader(sim);
    return (sim->history.acked >= ACKED_MIN && sim->events >= EVENTS_MIN) ||
           sim->events >= EVENTS_MAX;
}

static void phase_faults(struct sim *sim)
{
    nemesis_start(sim);
    workload_all(sim);
    run_until(sim, had_enough, 1200 * second_us);
}

static bool nothing_lingers(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++) {
        const struct host *host = &sim->hosts[i];
        if (host->up && (host->paused_until_us > sim->now_us ||
                         host->disk.busy_until_us > sim->now_us + second_us / 20))
            return false;
    }
    return true;
}

static void phase_heal(struct sim *sim)
{
    nemesis_heal(sim);
    run_until(sim, nothing_lingers, 60 * second_us);
}

static bool someone_leads(struct sim *sim)
{
    struct host *leader = sim_leader(sim);
    uint32_t following = 0;
    for (uint32_t i = 0; leader && i < sim->host_count; i++)
        following += sim->hosts[i].up &&
                     sim->hosts[i].status.term.value == leader->status.term.value &&
                     vg_node_equal(sim->hosts[i].status.leader, leader->id);
    return 2 * following > sim->host_count;
}

static bool enough_work(struct sim *sim)
{
    return sim->history.acked >= ACKED_MIN && sim->events >= EVENTS_MIN;
}

static bool all_told(struct sim *sim)
{
    return workload_idle(sim);
}

static bool all_equal(struct sim *sim)
{
    const struct host *leader = sim_leader(sim);
    for (uint32_t i = 0; leader && i < sim->host_count; i++) {
        const struct host *host = &sim->hosts[i];
        if (host->up && (host->cursor != ledger_tail_last(leader->tail) ||
                         host->status.committed.value != host->cursor ||
                         host->status.term.value != leader->status.term.value ||
                         host->status.leader.value != leader->id.value))
            return false;
    }
    return leader;
}

static uint32_t live_hosts(struct sim *sim, vg_node_id ids[VG_NODES_MAX],
                           struct raft_status live[VG_NODES_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->host_count; i++) {
        if (!sim->hosts[i].up)
            continue;
        ids[count] = sim->hosts[i].id;
        live[count++] = sim->hosts[i].status;
    }
    return count;
}

static uint64_t highest_term(const struct sim *sim)
{
    uint64_t highest = 0;
    for (uint32_t i = 0; i < sim->host_count; i++)
        if (sim->hosts[i].up && sim->hosts[i].status.term.value > highest)
            highest = sim->hosts[i].status.term.value;
    return highest;
}

/* Time for the node that lacks most, at one entry a round trip, which is what the tiniest limits
 * leave. */
static uint64_t catch_up_us(struct sim *sim)
{
    const struct profile *profile = &sim->profile;
    const struct host *leader = sim_leader(sim);
    uint64_t round_us = 4ULL * (profile->delay_us + 3 * profile->region_us + 2 * profile->tail_us +
                                profile->write_us + 2 * profile->write_tail_us);
    uint64_t lacking = 0;
    for (uint32_t i = 0; leader && i < sim->host_count; i++) {
        const struct host *host = &sim->hosts[i];
        uint64_t behind = ledger_tail_last(leader->tail) - host->disk.count;
        if (host->up && host->disk.count < ledger_tail_last(leader->tail) && behind > lacking)
            lacking = behind;
    }
    return lacking * round_us;
}

/* With a minority down a leader may need every vote there is, so a split one costs a round. */
static uint64_t elections_allowed(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++)
        if (!sim->hosts[i].up)
            return SCARCE_ELECTIONS;
    return HEAL_ELECTIONS;
}

/* I40: a leader, answers for every client, everybody equal. */
static void phase_converge(struct sim *sim)
{
    uint64_t settle_us = timeouts(sim, SETTLE_TIMEOUTS) + 20 * second_us;
    uint64_t elections = elections_allowed(sim);
    if (!run_until(sim, someone_leads, timeouts(sim, 2 * elections)))
        sim_violate(sim, "I40", 0, 0,
                    "no leader within %" PRIu64 " longest election timeouts of the heal",
                    elections);
    workload_all(sim);
    if (!run_until(sim, enough_work, 600 * second_us))
        sim_violate(sim, "I40", 0, 0, "only %" PRIu64 " commands were answered after the heal",
                    sim->history.acked);
    sim->work.draining = true;
    if (!run_until(sim, all_told, settle_us))
        sim_violate(sim, "I28", 0, 0, "a client still waits long after the heal");
    nemesis_start_all(sim);
    if (!run_until(sim, all_equal, settle_us + catch_up_us(sim)))
        sim_violate(sim, "I40", 0, 0, "the nodes are not equal long after the heal");
    vg_node_id ids[VG_NODES_MAX];
    struct raft_status live[VG_NODES_MAX];
    uint32_t count = live_hosts(sim, ids, live);
    check_converged(sim->check, ids, live, count, UINT64_MAX);
    look_at_checker(sim);
}

static void check_links(struct sim *sim)
{
    vg_node_id ids[VG_NODES_MAX];
    struct raft_status live[VG_NODES_MAX];
    bool links[VG_NODES_MAX][VG_NODES_MAX];
    uint32_t count = live_hosts(sim, ids, live);
    for (uint32_t a = 0; a < count; a++)
        for (uint32_t b = 0; b < count; b++)
            links[a][b] = !sim->net.cut[a][b];
    check_served(sim->check, ids, live, links, count);
    look_at_checker(sim);
}

static void check_growth(struct sim *sim, uint64_t before, const char *invariant, const char *when)
{
    uint64_t now = highest_term(sim);
    if (now > before + TERM_GROWTH_MAX)
        sim_violate(sim, invariant, 0, 0, "%" PRIu64 " terms have passed %s", now - before, when);
}

/* I41: links are cut so that some node still reaches a quorum; it must lead, undisturbed, and the
 * others' return must not depose it again and again. */
static void phase_partial(struct sim *sim)
{
    if (sim->host_count < 3)
        return;
    net_cut(sim, true);
    run_for(sim, timeouts(sim, CUT_TIMEOUTS));
    check_links(sim);
    uint64_t term = highest_term(sim);
    const struct host *leader = sim_leader(sim);
    run_for(sim, timeouts(sim, CUT_TIMEOUTS));
    check_links(sim);
    if (sim_leader(sim) != leader)
        sim_violate(sim, "I41", 0, 0, "another node leads although nothing has changed");
    check_growth(sim, term, "I41", "although a leader has its quorum");
    net_mend(sim);
    term = highest_term(sim);
    phase_converge(sim);
    check_growth(sim, term, "I40", "after the last heal");
}

/* ---- a world -----------------------------------------------------------------------------------
 */

static void make_streams(struct sim *sim)
{
    struct vg_prng *streams[SEED_STREAMS] = {&sim->network_chance, &sim->disk_chance,
                                             &sim->clock_chance, &sim->work_chance,
                                             &sim->nemesis_chance};
    for (uint32_t i = 0; i < SEED_STREAMS; i++)
        *streams[i] = vg_prng_seed(sim->options.seed * 0x100000001b3 + i + 1);
}

static void make_genesis(struct sim *sim)
{
    struct ledger_genesis *genesis = &sim->genesis;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    genesis->version = LEDGER_GENESIS_VERSION;
    genesis->flags = LEDGER_GENESIS_CLEAR;
    genesis->created_ms = SIM_EPOCH_MS;
    genesis->directory.bytes[0] = 1;
    genesis->first.bytes[0] = 2;
    genesis->member_count = sim->host_count;
    for (uint32_t i = 0; i < sim->host_count; i++)
        genesis->members[i].id.value = i + 1;
    workload_people(sim);
    size_t size = ledger_genesis_encode(genesis, bytes);
    sim->cluster = ledger_genesis_hash(vg_span_of(bytes, size));
}

static struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = vg_alloc_zero(1, sizeof *sim);
    sim->options = *options;
    bool known = profile_draw(options->profile, options->seed, &sim->profile);
    assert(known);
    (void)known;
    sim->host_count = sim->profile.nodes;
    sim->signer = sim->profile.ed25519 ? &vg_signer_ed25519 : &fast_signer;
    sim->twin = vg_alloc_zero(1, raft_size());
    make_streams(sim);
    make_genesis(sim);
    sim->rules = model_new(&sim->genesis, sim->signer);
    struct check_config config = {.voter_count = sim->host_count,
                                  .uncommitted_bytes_max = sim->profile.uncommitted_bytes};
    for (uint32_t i = 0; i < sim->host_count; i++)
        config.voters[i] = sim->genesis.members[i].id;
    sim->check = check_new(&config);
    net_start(sim);
    for (uint32_t i = 0; i < sim->host_count; i++)
        host_make(sim, i);
    return sim;
}

static void sim_free(struct sim *sim)
{
    while (sim->queue.count > 0)
        packet_unref(queue_pop(&sim->queue).packet);
    queue_free(&sim->queue);
    net_stop(&sim->net);
    for (uint32_t i = 0; i < sim->host_count; i++)
        host_free(&sim->hosts[i]);
    history_free(&sim->history);
    check_free(sim->check);
    model_free(sim->rules);
    free(sim->twin);
    free(sim);
}

static int64_t off_true_time(const struct sim *sim, uint64_t time_ms)
{
    return (int64_t)(time_ms - SIM_EPOCH_MS) - (int64_t)(sim->now_us / 1000);
}

/* How every node stands, at the end of a trace. */
static void trace_hosts(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++) {
        const struct host *host = &sim->hosts[i];
        const struct raft_status *status = &host->status;
        sim_trace(sim, host->id.value,
                  "%s %s term %" PRIu64 " leader %" PRIu64 " last %" PRIu64 " durable %" PRIu64
                  " commit %" PRIu64 " applied %" PRIu64 " stamp %+" PRId64 " ms, wall %+" PRId64
                  " ms",
                  host->up ? "up" : "down", raft_role_name(status->role), status->term.value,
                  status->leader.value, status->appended.value, status->durable.value,
                  status->committed.value, host->cursor, off_true_time(sim, status->last_time_ms),
                  off_true_time(sim, host_wall_ms(sim, host)));
    }
}

static void fill_result(struct sim *sim, struct sim_result *result)
{
    sim_mix(sim, check_trace_hash(sim->check));
    sim_mix(sim, sim->history.acked);
    *result = (struct sim_result){
        .failed = sim->failed,
        .violation = sim->violation,
        .nodes = sim->host_count,
        .events = sim->events,
        .acked = sim->history.acked,
        .verdicts = sim->verdicts,
        .leader_changes = sim->leaderships > 0 ? sim->leaderships - 1 : 0,
        .time_us = sim->now_us,
        .trace = sim->trace,
        .raft = sim->raft,
        .passed_by = sim->passed_by,
        .marks = sim->marks,
    };
    memcpy(result->cells, sim->cells, sizeof result->cells);
    snprintf(result->profile, sizeof result->profile, "%s", sim->profile.name);
}

static void (*const phases[])(struct sim *sim) = {
    phase_bootstrap, phase_faults, phase_heal, phase_converge, phase_partial, history_finish,
};

void sim_run(const struct sim_options *options, struct sim_result *result)
{
    struct sim *sim = sim_new(options);
    running = sim;
    if (sim->options.trace_from == 0)
        profile_print(&sim->profile, stdout);
    for (size_t i = 0; i < sizeof phases / sizeof phases[0] && !sim->failed; i++)
        phases[i](sim);
    look_at_checker(sim);
    trace_hosts(sim);
    fill_result(sim, result);
    running = NULL;
    sim_free(sim);
}
