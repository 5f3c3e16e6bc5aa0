/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/net.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

enum { REPLAY_DELAY_US = 5 * 1000 * 1000, CLIENT_DELAY_US = 1000 };

struct packet *packet_new(enum packet_kind kind, uint32_t from, uint32_t to)
{
    struct packet *packet = vg_alloc_zero(1, sizeof *packet);
    packet->references = 1;
    packet->kind = kind;
    packet->from = from;
    packet->to = to;
    return packet;
}

void packet_unref(struct packet *packet)
{
    if (!packet || --packet->references > 0)
        return;
    for (uint32_t i = 0; packet->entries && i < packet->msg.entry_count; i++)
        vg_blob_unref(packet->entries[i]);
    free(packet->entries);
    vg_blob_unref(packet->blob);
    free(packet);
}

void net_start(struct sim *sim)
{
    const struct profile *profile = &sim->profile;
    for (uint32_t a = 0; a < sim->host_count; a++)
        for (uint32_t b = 0; b < sim->host_count; b++) {
            uint32_t apart = a % 4 > b % 4 ? a % 4 - b % 4 : b % 4 - a % 4;
            sim->net.base_us[a][b] = profile->delay_us + apart * profile->region_us;
        }
}

void net_stop(struct net *net)
{
    for (uint32_t i = 0; i < ANCIENT_MAX; i++)
        packet_unref(net->ancient[i]);
}

static bool between_hosts(const struct packet *packet)
{
    return packet->kind <= PACKET_ANSWER;
}

static void arrive_at(struct sim *sim, struct packet *packet, uint64_t at_us)
{
    packet->references++;
    queue_push(&sim->queue, (struct event){.at_us = at_us, .kind = EVENT_PACKET, .packet = packet});
}

static void arrive_later(struct sim *sim, struct packet *packet)
{
    struct vg_prng *chance = &sim->network_chance;
    uint64_t base = CLIENT_DELAY_US;
    uint64_t from_us = sim->now_us;
    if (between_hosts(packet)) {
        base = sim->net.base_us[packet->from][packet->to];
        uint64_t clogged = sim->net.clogged_until_us[packet->from][packet->to];
        from_us = clogged > from_us ? clogged : from_us;
    }
    arrive_at(sim, packet, from_us + sim_delay(chance, base, sim->profile.tail_us));
}

/* Messages that decide elections are few, and the ones whose late copies hurt most. */
static bool worth_remembering(struct sim *sim, const struct packet *packet)
{
    enum raft_msg_type type = packet->msg.type;
    bool one_in_ten = vg_prng_chance_ppm(&sim->network_chance, 100000);
    return type == RAFT_MSG_VOTE || type == RAFT_MSG_VOTE_RESP || type == RAFT_MSG_TIMEOUT_NOW ||
           one_in_ten;
}

/* Messages of the core may come twice and long after their time. */
static void remember_and_replay(struct sim *sim, struct packet *packet)
{
    struct vg_prng *chance = &sim->network_chance;
    struct net *net = &sim->net;
    if (worth_remembering(sim, packet)) {
        struct packet **slot = &net->ancient[net->ancient_next++ % ANCIENT_MAX];
        packet_unref(*slot);
        *slot = packet;
        packet->references++;
    }
    struct packet *old = net->ancient[vg_prng_below(chance, ANCIENT_MAX)];
    if (vg_prng_chance_ppm(chance, sim->profile.replay_ppm) && old)
        arrive_at(sim, old, sim->now_us + vg_prng_below(chance, REPLAY_DELAY_US));
    if (vg_prng_chance_ppm(chance, sim->profile.duplicate_ppm))
        arrive_later(sim, packet);
}

void net_send(struct sim *sim, struct packet *packet)
{
    sim->net.sent++;
    bool lost = sim->faults && vg_prng_chance_ppm(&sim->network_chance, sim->profile.drop_ppm);
    if (between_hosts(packet))
        lost = lost || sim->net.cut[packet->from][packet->to];
    if (!lost)
        arrive_later(sim, packet);
    if (sim->faults && packet->kind == PACKET_RAFT)
        remember_and_replay(sim, packet);
    packet_unref(packet);
}

bool net_arrives(const struct sim *sim, const struct packet *packet)
{
    return !between_hosts(packet) || !sim->net.cut[packet->from][packet->to];
}

/* ---- shapes ------------------------------------------------------------------------------------
 */

static void cut_both(struct net *net, uint32_t a, uint32_t b)
{
    net->cut[a][b] = true;
    net->cut[b][a] = true;
}

static uint32_t any_host(struct sim *sim)
{
    return (uint32_t)vg_prng_below(&sim->nemesis_chance, sim->host_count);
}

/* Half of the time the leader, if there is one. */
static uint32_t leader_or_any(struct sim *sim)
{
    struct host *leader = sim_leader(sim);
    bool pick = vg_prng_below(&sim->nemesis_chance, 2) == 0;
    uint32_t any = any_host(sim);
    return pick && leader ? leader->index : any;
}

/* Two groups that hear nothing of each other, by a set of bits. */
static void cut_groups(struct sim *sim, uint64_t inside)
{
    vg_node_id group[2][VG_NODES_MAX];
    uint32_t count[2] = {0, 0};
    for (uint32_t a = 0; a < sim->host_count; a++) {
        uint32_t side = inside >> a & 1;
        group[side][count[side]++] = sim->hosts[a].id;
        for (uint32_t b = 0; b < a; b++)
            if ((inside >> b & 1) != side)
                cut_both(&sim->net, a, b);
    }
    struct host *leader = sim_leader(sim);
    for (uint32_t side = 0; side < 2; side++) {
        if (count[side] == 0 || count[side] == sim->host_count)
            continue;
        check_isolated(sim->check, group[side], count[side]);
        SOMETIMES(&sim->marks, MINORITY_LEADER_CUT,
                  leader && 2 * count[side] < sim->host_count &&
                      (inside >> leader->index & 1) == side);
    }
}

static void shape_isolate(struct sim *sim)
{
    cut_groups(sim, 1ULL << leader_or_any(sim));
}

static void shape_halves(struct sim *sim)
{
    cut_groups(sim, vg_prng_below(&sim->nemesis_chance, 1ULL << sim->host_count));
}

static void shape_ring(struct sim *sim)
{
    uint32_t n = sim->host_count;
    uint32_t reach = n / 4 > 0 ? n / 4 : 1;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < a; b++) {
            uint32_t apart = a - b < n - (a - b) ? a - b : n - (a - b);
            if (apart > reach)
                cut_both(&sim->net, a, b);
        }
}

static void shape_bridge(struct sim *sim)
{
    uint32_t bridge = leader_or_any(sim);
    uint64_t inside = vg_prng_below(&sim->nemesis_chance, 1ULL << sim->host_count);
    for (uint32_t a = 0; a < sim->host_count; a++)
        for (uint32_t b = 0; b < a; b++)
            if (a != bridge && b != bridge && (inside >> a & 1) != (inside >> b & 1))
                cut_both(&sim->net, a, b);
}

static void shape_directed(struct sim *sim)
{
    uint64_t percent = vg_prng_between(&sim->nemesis_chance, 10, 60);
    for (uint32_t a = 0; a < sim->host_count; a++)
        for (uint32_t b = 0; b < sim->host_count; b++)
            if (a != b && vg_prng_below(&sim->nemesis_chance, 100) < percent)
                sim->net.cut[a][b] = true;
    SOMETIMES(&sim->marks, ONE_WAY_CUT, true);
}

static void shape_pair(struct sim *sim)
{
    uint32_t a = leader_or_any(sim);
    uint32_t b = any_host(sim);
    if (a != b)
        cut_both(&sim->net, a, b);
}

/* A host that only hears, or is only heard. */
static void shape_one_way(struct sim *sim)
{
    uint32_t one = leader_or_any(sim);
    bool deaf = vg_prng_below(&sim->nemesis_chance, 2) == 0;
    for (uint32_t other = 0; other < sim->host_count; other++) {
        if (other == one)
            continue;
        sim->net.cut[one][other] = !deaf;
        sim->net.cut[other][one] = deaf;
    }
    SOMETIMES(&sim->marks, ONE_WAY_CUT, sim->host_count > 1);
}

static void (*const shapes[])(struct sim *sim) = {
    shape_isolate,  shape_halves, shape_ring,    shape_bridge,
    shape_directed, shape_pair,   shape_one_way,
};

static bool some_node_serves(const struct sim *sim)
{
    for (uint32_t a = 0; a < sim->host_count; a++) {
        uint32_t linked = 1;
        for (uint32_t b = 0; b < sim->host_count; b++)
            linked += a != b && !sim->net.cut[a][b] && !sim->net.cut[b][a];
        if (2 * linked > sim->host_count)
            return true;
    }
    return false;
}

void net_cut(struct sim *sim, bool served)
{
    do {
        net_mend(sim);
        shapes[vg_prng_below(&sim->nemesis_chance, sizeof shapes / sizeof shapes[0])](sim);
    } while (served && !some_node_serves(sim));
    sim_trace(sim, 0, "links cut");
}

void net_mend(struct sim *sim)
{
    memset(sim->net.cut, 0, sizeof sim->net.cut);
    check_rejoined(sim->check);
    sim_trace(sim, 0, "links mended");
}
