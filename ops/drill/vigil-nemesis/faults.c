/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/vigil-nemesis/faults.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "common/clock.h"

struct stream {
    const struct fault *kinds;
    struct stage *stage;
    struct vg_prng prng;
    uint64_t until_us;
    uint64_t *counts;      /* by kind */
    atomic_bool *hindered; /* of both: one could not go on */
    bool ends_nodes;       /* nobody else does: between two faults all must run */
    struct vg_error error;
};

static void wait_ms(uint64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&pause, NULL);
}

static uint32_t pick(struct stream *stream)
{
    uint64_t sum = 0;
    uint32_t kind = 0;
    for (const struct fault *at = stream->kinds; at->name != NULL; at++)
        sum += at->weight;
    uint64_t dice = vg_prng_below(&stream->prng, sum);
    while (dice >= stream->kinds[kind].weight)
        dice -= stream->kinds[kind++].weight;
    return kind;
}

struct dev_node *faults_node(const struct fault_case *the)
{
    return &the->stage->cluster->nodes[the->victim];
}

enum vg_code faults_on_all(const struct fault_case *the, fault_act *act, struct vg_error *error)
{
    struct fault_case each = *the;
    enum vg_code code = VG_OK;
    for (each.victim = 0; code == VG_OK && each.victim < the->stage->cluster->node_count;
         each.victim++)
        code = act(&each, error);
    return code;
}

static enum vg_code act_on(const struct fault_case *the, fault_act *act, struct vg_error *error)
{
    bool all = the->fault->victims == FAULTS_EVERYBODY;
    return all ? faults_on_all(the, act, error) : act(the, error);
}

/* From a fault's begin to its end, and the quiet after it. */
static enum vg_code last(struct stream *stream, const struct fault_case *the, uint64_t lasts_ms,
                         uint64_t quiet_ms)
{
    if (!stream->ends_nodes)
        stage_hold_links(stream->stage);
    enum vg_code code = act_on(the, the->fault->begin, &stream->error);
    wait_ms(lasts_ms);
    if (code == VG_OK)
        code = act_on(the, the->fault->end, &stream->error);
    if (!stream->ends_nodes)
        stage_release_links(stream->stage);
    wait_ms(quiet_ms);
    return code;
}

/* One fault, for as long as chance says, and its end. */
static enum vg_code do_next(struct stream *stream)
{
    uint32_t kind = pick(stream);
    const struct fault *fault = &stream->kinds[kind];
    uint64_t lasts = vg_prng_between(&stream->prng, fault->least_ms, fault->most_ms);
    uint64_t quiet = vg_prng_between(&stream->prng, fault->least_ms, fault->most_ms);
    uint32_t victim = (uint32_t)vg_prng_below(&stream->prng, stream->stage->cluster->node_count);
    struct fault_case the = {
        .stage = stream->stage, .fault = fault, .victim = victim, .prng = &stream->prng};
    if (fault->victims == FAULTS_LEADER)
        the.victim = stage_leader(stream->stage, victim);
    if (stream->ends_nodes && stage_check(stream->stage, &stream->error) != VG_OK)
        return stream->error.code;
    stream->counts[kind]++;
    return last(stream, &the, lasts, quiet);
}

static void *run(void *context)
{
    struct stream *stream = context;
    while (stream->error.code == VG_OK && !atomic_load(stream->hindered) &&
           vg_clock_system.monotonic_us() < stream->until_us)
        do_next(stream);
    if (stream->error.code != VG_OK)
        atomic_store(stream->hindered, true);
    return NULL;
}

enum vg_code faults_run(struct stage *stage, uint64_t seed, uint64_t ms,
                        struct faults_counts *counts, struct vg_error *error)
{
    atomic_bool hindered = false;
    uint64_t until_us = vg_clock_system.monotonic_us() + ms * 1000;
    struct stream machines = {.kinds = faults_of_machines,
                              .stage = stage,
                              .prng = vg_prng_seed(seed),
                              .until_us = until_us,
                              .counts = counts->machines,
                              .hindered = &hindered,
                              .ends_nodes = true};
    struct stream links = machines;
    links.ends_nodes = false;
    links.kinds = faults_of_links;
    links.prng = vg_prng_seed(~seed);
    links.counts = counts->links;
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, &links) != 0)
        return vg_fail(error, VG_UNAVAILABLE, "cannot start a thread");
    run(&machines);
    pthread_join(thread, NULL);
    *error = machines.error.code != VG_OK ? machines.error : links.error;
    return error->code;
}
