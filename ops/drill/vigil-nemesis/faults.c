/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/vigil-nemesis/faults.h"

#include <time.h>

#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/dev/node.h"

enum { ASK_MS = 500, SLOW_US = 80000, RATE = 65536 /* bytes a second */ };

/* Whom a fault hits. */
enum victims { ANY_ONE, THE_LEADER, EVERYBODY };

/* Of a victim's links: what it says to all others, what they say to it. */
enum sides { NEITHER, SAYS = 1, HEARS = 2, BOTH = SAYS | HEARS };

struct fault;

typedef enum vg_code act(struct faults *faults, const struct fault *fault, uint32_t victim,
                         struct vg_error *error);

struct fault {
    const char *name;
    enum victims victims;
    act *begin, *end;
    uint32_t weight;
    uint32_t least_ms, most_ms; /* how long it lasts, and how long it is quiet after it */
    enum sides sides;           /* of links: on which of the victim's */
    struct proxy_terms terms;   /* what becomes of them */
};

static enum vg_code kill_node(struct faults *faults, const struct fault *fault, uint32_t victim,
                              struct vg_error *error)
{
    (void)fault;
    return dev_node_kill(&faults->cluster->nodes[victim], error);
}

static enum vg_code start_node(struct faults *faults, const struct fault *fault, uint32_t victim,
                               struct vg_error *error)
{
    (void)fault;
    enum vg_code code =
        dev_node_start(faults->cluster, &faults->cluster->nodes[victim], NULL, error);
    return code == VG_OK ? dev_cluster_save(faults->cluster, error) : code;
}

static enum vg_code pause_node(struct faults *faults, const struct fault *fault, uint32_t victim,
                               struct vg_error *error)
{
    (void)fault;
    return dev_node_pause(&faults->cluster->nodes[victim], error);
}

static enum vg_code resume_node(struct faults *faults, const struct fault *fault, uint32_t victim,
                                struct vg_error *error)
{
    (void)fault;
    return dev_node_resume(&faults->cluster->nodes[victim], error);
}

typedef void set_link(struct faults *faults, const struct fault *fault, uint32_t from, uint32_t to);

static void set_links(struct faults *faults, const struct fault *fault, uint32_t victim,
                      set_link *set)
{
    for (uint32_t other = 0; other < faults->cluster->node_count; other++) {
        if (other != victim && (fault->sides & SAYS) != 0)
            set(faults, fault, victim, other);
        if (other != victim && (fault->sides & HEARS) != 0)
            set(faults, fault, other, victim);
    }
}

static void spoil(struct faults *faults, const struct fault *fault, uint32_t from, uint32_t to)
{
    struct proxy_terms terms = faults->whole.links[from][to];
    proxy_terms_worsen(&terms, &fault->terms);
    proxy_set(faults->proxy, from, to, &terms);
}

static void heal(struct faults *faults, const struct fault *fault, uint32_t from, uint32_t to)
{
    (void)fault;
    proxy_set(faults->proxy, from, to, &faults->whole.links[from][to]);
}

static void flip(struct faults *faults, const struct fault *fault, uint32_t from, uint32_t to)
{
    (void)fault;
    proxy_flip(faults->proxy, from, to);
}

static void break_off(struct faults *faults, const struct fault *fault, uint32_t from, uint32_t to)
{
    (void)fault;
    proxy_break(faults->proxy, from, to);
}

static enum vg_code spoil_links(struct faults *faults, const struct fault *fault, uint32_t victim,
                                struct vg_error *error)
{
    (void)error;
    set_links(faults, fault, victim, spoil);
    return VG_OK;
}

/* One pair of nodes, of which neither hears the other; both hear the rest. */
static enum vg_code spoil_pair(struct faults *faults, const struct fault *fault, uint32_t victim,
                               struct vg_error *error)
{
    uint32_t other = (victim + 1) % faults->cluster->node_count;
    (void)error;
    spoil(faults, fault, victim, other);
    spoil(faults, fault, other, victim);
    return VG_OK;
}

static enum vg_code flip_bits(struct faults *faults, const struct fault *fault, uint32_t victim,
                              struct vg_error *error)
{
    (void)error;
    set_links(faults, fault, victim, flip);
    return VG_OK;
}

static enum vg_code break_frames(struct faults *faults, const struct fault *fault, uint32_t victim,
                                 struct vg_error *error)
{
    (void)error;
    set_links(faults, fault, victim, break_off);
    return VG_OK;
}

static enum vg_code heal_links(struct faults *faults, const struct fault *fault, uint32_t victim,
                               struct vg_error *error)
{
    (void)error;
    set_links(faults, fault, victim, heal);
    return VG_OK;
}

static const struct fault kinds[FAULT_KINDS] = {
    {"kill-leader", THE_LEADER, kill_node, start_node, 3, 200, 2500, NEITHER, {0}},
    {"kill-one", ANY_ONE, kill_node, start_node, 2, 100, 2000, NEITHER, {0}},
    {"kill-all", EVERYBODY, kill_node, start_node, 1, 100, 1000, NEITHER, {0}},
    {"pause-leader", THE_LEADER, pause_node, resume_node, 3, 300, 3000, NEITHER, {0}},
    {"pause-one", ANY_ONE, pause_node, resume_node, 2, 100, 2000, NEITHER, {0}},
    {"isolate-leader", THE_LEADER, spoil_links, heal_links, 4, 300, 3000, BOTH, {.cut = true}},
    {"isolate-one", ANY_ONE, spoil_links, heal_links, 2, 100, 2000, BOTH, {.cut = true}},
    {"mute-leader", THE_LEADER, spoil_links, heal_links, 3, 300, 3000, SAYS, {.cut = true}},
    {"deaf-leader", THE_LEADER, spoil_links, heal_links, 3, 300, 3000, HEARS, {.cut = true}},
    {"cut-pair", ANY_ONE, spoil_pair, heal_links, 3, 300, 3000, BOTH, {.cut = true}},
    {"slow-one", ANY_ONE, spoil_links, heal_links, 3, 300, 3000, BOTH, {.delay_us = SLOW_US}},
    {"throttle-one", ANY_ONE, spoil_links, heal_links, 2, 300, 3000, BOTH, {.bytes_per_s = RATE}},
    {"stall-one", ANY_ONE, spoil_links, heal_links, 2, 300, 3000, BOTH, {.stalled = true}},
    {"flip-bits", ANY_ONE, flip_bits, heal_links, 2, 50, 300, BOTH, {0}},
    {"break-frames", ANY_ONE, break_frames, heal_links, 2, 50, 300, BOTH, {0}},
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
            code = what(faults, fault, i, error);
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
