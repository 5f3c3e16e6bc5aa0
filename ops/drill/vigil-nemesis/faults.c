/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/vigil-nemesis/faults.h"

#include <time.h>

#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/dev/node.h"

enum { ASK_MS = 500, SLOW_MS = 80 };

/* Whom a fault hits. */
enum victims { ANY_ONE, THE_LEADER, EVERYBODY };

static enum vg_code kill_node(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    return dev_node_kill(&faults->cluster->nodes[victim], error);
}

static enum vg_code start_node(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    enum vg_code code = dev_node_start(faults->cluster, &faults->cluster->nodes[victim], error);
    return code == VG_OK ? dev_cluster_save(faults->cluster, error) : code;
}

static enum vg_code pause_node(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    return dev_node_pause(&faults->cluster->nodes[victim], error);
}

static enum vg_code resume_node(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    return dev_node_resume(&faults->cluster->nodes[victim], error);
}

/* What the node says to all others, and what they say to it. */
static void set_links(struct faults *faults, uint32_t node, bool says, bool hears,
                      void (*set)(struct proxy *proxy, uint32_t from, uint32_t to))
{
    for (uint32_t other = 0; other < faults->cluster->node_count; other++) {
        if (other != node && says)
            set(faults->proxy, node, other);
        if (other != node && hears)
            set(faults->proxy, other, node);
    }
}

static void cut(struct proxy *proxy, uint32_t from, uint32_t to)
{
    proxy_cut(proxy, from, to, true);
}

static void heal(struct proxy *proxy, uint32_t from, uint32_t to)
{
    proxy_cut(proxy, from, to, false);
    proxy_delay(proxy, from, to, 0);
}

static void slow(struct proxy *proxy, uint32_t from, uint32_t to)
{
    proxy_delay(proxy, from, to, SLOW_MS);
}

static enum vg_code isolate(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    (void)error;
    set_links(faults, victim, true, true, cut);
    return VG_OK;
}

static enum vg_code make_mute(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    (void)error;
    set_links(faults, victim, true, false, cut);
    return VG_OK;
}

static enum vg_code make_deaf(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    (void)error;
    set_links(faults, victim, false, true, cut);
    return VG_OK;
}

/* One pair of nodes, of which neither hears the other; both hear the rest. */
static enum vg_code cut_pair(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    uint32_t other = (victim + 1) % faults->cluster->node_count;
    (void)error;
    cut(faults->proxy, victim, other);
    cut(faults->proxy, other, victim);
    return VG_OK;
}

static enum vg_code make_slow(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    (void)error;
    set_links(faults, victim, true, true, slow);
    return VG_OK;
}

static enum vg_code flip_bits(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    (void)error;
    set_links(faults, victim, true, true, proxy_flip);
    return VG_OK;
}

static enum vg_code break_frames(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    (void)error;
    set_links(faults, victim, true, true, proxy_break);
    return VG_OK;
}

static enum vg_code heal_links(struct faults *faults, uint32_t victim, struct vg_error *error)
{
    (void)error;
    set_links(faults, victim, true, true, heal);
    return VG_OK;
}

typedef enum vg_code act(struct faults *faults, uint32_t victim, struct vg_error *error);

static const struct fault {
    const char *name;
    enum victims victims;
    act *begin, *end;
    uint32_t weight;
    uint32_t least_ms, most_ms; /* how long it lasts, and how long it is quiet after it */
} kinds[FAULT_KINDS] = {
    {"kill-leader", THE_LEADER, kill_node, start_node, 3, 200, 2500},
    {"kill-one", ANY_ONE, kill_node, start_node, 2, 100, 2000},
    {"kill-all", EVERYBODY, kill_node, start_node, 1, 100, 1000},
    {"pause-leader", THE_LEADER, pause_node, resume_node, 3, 300, 3000},
    {"pause-one", ANY_ONE, pause_node, resume_node, 2, 100, 2000},
    {"isolate-leader", THE_LEADER, isolate, heal_links, 4, 300, 3000},
    {"isolate-one", ANY_ONE, isolate, heal_links, 2, 100, 2000},
    {"mute-leader", THE_LEADER, make_mute, heal_links, 3, 300, 3000},
    {"deaf-leader", THE_LEADER, make_deaf, heal_links, 3, 300, 3000},
    {"cut-pair", ANY_ONE, cut_pair, heal_links, 3, 300, 3000},
    {"slow-one", ANY_ONE, make_slow, heal_links, 3, 300, 3000},
    {"flip-bits", ANY_ONE, flip_bits, heal_links, 2, 50, 300},
    {"break-frames", ANY_ONE, break_frames, heal_links, 2, 50, 300},
};

const char *faults_name(uint32_t kind)
{
    return kinds[kind].name;
}

static void wait_ms(uint64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&pause, NULL);
}

/* The node that leads, as the first to answer says; 0 if nobody knows. */
static uint64_t ask_leader(const struct dev_cluster *cluster)
{
    char urls[VG_NODES_MAX][DEV_URL_MAX];
    char *list[VG_NODES_MAX];
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        memcpy(urls[i], cluster->nodes[i].client, sizeof urls[i]);
        list[i] = urls[i];
    }
    json_t *status = cli_ask_apart(list, cluster->node_count, ASK_MS, "cluster.status");
    uint64_t leader = cli_json_number(status, "leader");
    json_decref(status);
    return leader;
}

/* Does it to the victim, or to all. */
static enum vg_code do_it(struct faults *faults, const struct fault *fault, act *what,
                          uint32_t victim, struct vg_error *error)
{
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; code == VG_OK && i < faults->cluster->node_count; i++) {
        if (fault->victims == EVERYBODY || i == victim)
            code = what(faults, i, error);
    }
    return code;
}

static uint32_t pick(struct vg_prng *prng)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < FAULT_KINDS; i++)
        sum += kinds[i].weight;
    uint64_t dice = vg_prng_below(prng, sum);
    uint32_t kind = 0;
    while (dice >= kinds[kind].weight)
        dice -= kinds[kind++].weight;
    return kind;
}

enum vg_code faults_check(const struct dev_cluster *cluster, struct vg_error *error)
{
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        char words[256];
        if (dev_node_state(&cluster->nodes[i]) != DEV_STOPPED)
            continue;
        dev_node_last_words(cluster, &cluster->nodes[i], words, sizeof words);
        return vg_fail(error, VG_INTEGRITY, "node %llu ended by itself: %s",
                       (unsigned long long)cluster->nodes[i].id, words);
    }
    return VG_OK;
}

/* The place of the node that leads, if anybody knows; else any. */
static uint32_t choose(struct faults *faults, const struct fault *fault)
{
    uint32_t chosen = (uint32_t)vg_prng_below(&faults->prng, faults->cluster->node_count);
    uint64_t leader = fault->victims == THE_LEADER ? ask_leader(faults->cluster) : 0;
    for (uint32_t i = 0; i < faults->cluster->node_count; i++)
        if (faults->cluster->nodes[i].id == leader)
            chosen = i;
    return chosen;
}

enum vg_code faults_next(struct faults *faults, struct vg_error *error)
{
    uint32_t kind = pick(&faults->prng);
    const struct fault *fault = &kinds[kind];
    uint64_t lasts = vg_prng_between(&faults->prng, fault->least_ms, fault->most_ms);
    uint64_t quiet = vg_prng_between(&faults->prng, fault->least_ms, fault->most_ms);
    uint32_t victim = choose(faults, fault);
    if (faults_check(faults->cluster, error) != VG_OK)
        return error->code;
    enum vg_code code = do_it(faults, fault, fault->begin, victim, error);
    wait_ms(lasts);
    if (code == VG_OK)
        code = do_it(faults, fault, fault->end, victim, error);
    faults->counts[kind]++;
    wait_ms(quiet);
    return code;
}
