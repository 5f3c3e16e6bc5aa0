/* SPDX-License-Identifier: Apache-2.0
 * Probes: as many requests as a few people make, from every region at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "ops/cli/core/output.h"
#include "ops/cli/drill.h"

enum { PACE_MS = 50, PATIENCE_MS = 2000, WORKERS_MAX = 2 * MEASURE_REGIONS_MAX };

/* The writer or the reader of a region; its own thread. */
struct worker {
    struct drill_probes *probes;
    pthread_t thread;
    bool started;
    uint8_t region;
    bool writes;
    struct cli_client *client;
    struct vg_buffer request; /* scratch */
    struct measure_sample *samples;
    size_t count, capacity;
    uint64_t stale;
};

struct drill_probes {
    const struct cli_author *author;
    vg_id drill;
    uint64_t began_us;
    uint64_t pace_us;
    atomic_bool stop;
    atomic_uint next;            /* number of the last write */
    atomic_uint_least64_t count; /* acknowledged writes */
    atomic_bool acknowledged[RESPONSE_PROBES_MAX + 1];
    struct worker workers[WORKERS_MAX];
    uint32_t worker_count;
    struct measure_sample *samples; /* of all, once stopped */
    size_t sample_count;
};

uint64_t drill_probes_now_us(const struct drill_probes *probes)
{
    return vg_clock_system.monotonic_us() - probes->began_us;
}

/* ---- one probe ---------------------------------------------------------------------------------
 */

/* Numbers are not used again: an acknowledgement is of one write. False when there are no more. */
static bool write_probe(struct worker *worker, bool *ok)
{
    struct drill_probes *probes = worker->probes;
    unsigned number = atomic_fetch_add(&probes->next, 1) + 1;
    if (number > RESPONSE_PROBES_MAX)
        return false;
    struct response_command command = {.op = RESPONSE_OP_DRILL_PROBE,
                                       .drill_probe = {.drill = probes->drill, .number = number}};
    struct vg_error error;
    json_t *answer = NULL, *details = NULL;
    vg_id id = cli_request_make();
    *ok = cli_command_sign(probes->author, &probes->author->directory, &id, NULL, 0, &command,
                           &worker->request, &error) == VG_OK;
    struct wire_request request = {.kind = WIRE_SUBMIT, .body = vg_buffer_span(&worker->request)};
    *ok = *ok && cli_client_call(worker->client, &request, &answer, &error, &details) == VG_OK;
    if (*ok) {
        atomic_store(&probes->acknowledged[number], true);
        atomic_fetch_add(&probes->count, 1);
    }
    json_decref(answer);
    json_decref(details);
    return true;
}

/* An answer that knows fewer writes than were acknowledged when it was asked for is stale. */
static bool read_probe(struct worker *worker, bool *ok)
{
    struct drill_probes *probes = worker->probes;
    char id[VG_ID_TEXT];
    struct vg_error error;
    json_t *answer = NULL, *details = NULL;
    vg_id_format(&probes->drill, id);
    json_t *query = json_pack("{s:s, s:s}", "query", "drill.show", "id", id);
    uint64_t known = atomic_load(&probes->count);
    *ok = cli_client_query(worker->client, query, &answer, &error, &details) == VG_OK;
    worker->stale += *ok && cli_json_number(answer, "probes") < known;
    json_decref(query);
    json_decref(answer);
    json_decref(details);
    return true;
}

/* ---- the threads -------------------------------------------------------------------------------
 */

static void keep(struct worker *worker, const struct measure_sample *sample)
{
    if (worker->count == worker->capacity) {
        worker->capacity = worker->capacity == 0 ? 256 : 2 * worker->capacity;
        worker->samples = vg_realloc(worker->samples, worker->capacity * sizeof worker->samples[0]);
    }
    worker->samples[worker->count++] = *sample;
}

static void sleep_until(const struct drill_probes *probes, uint64_t due_us)
{
    uint64_t now_us = drill_probes_now_us(probes);
    uint64_t left_us = due_us > now_us ? due_us - now_us : 0;
    const struct timespec pause = {.tv_sec = (time_t)(left_us / 1000000),
                                   .tv_nsec = (long)(left_us % 1000000) * 1000};
    nanosleep(&pause, NULL);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct drill_probes *probes = worker->probes;
    uint64_t due_us = drill_probes_now_us(probes);
    bool more = true;
    while (more && !atomic_load(&probes->stop)) {
        struct measure_sample sample = {.start_us = drill_probes_now_us(probes),
                                        .region = worker->region,
                                        .write = worker->writes};
        cli_client_start_over(worker->client);
        more = worker->writes ? write_probe(worker, &sample.ok) : read_probe(worker, &sample.ok);
        sample.end_us = drill_probes_now_us(probes);
        if (more)
            keep(worker, &sample);
        due_us += probes->pace_us;
        due_us = due_us > sample.end_us ? due_us : sample.end_us;
        sleep_until(probes, due_us);
    }
    return NULL;
}

static enum vg_code add_worker(struct drill_probes *probes, const struct cli_access *access,
                               const struct drill_cluster *cluster, uint32_t region, bool writes,
                               struct vg_error *error)
{
    struct worker *worker = &probes->workers[probes->worker_count++];
    struct cli_node nodes[CLI_NODES_MAX]; /* its region's first */
    unsigned count = 0;
    *worker = (struct worker){.probes = probes, .region = (uint8_t)region, .writes = writes};
    for (int others = 0; others <= 1; others++) {
        for (uint32_t i = 0; i < cluster->count; i++) {
            bool own = strcmp(cluster->nodes[i].region, cluster->regions[region]) == 0;
            if (own == (others == 0))
                nodes[count++] = cluster->nodes[i].at;
        }
    }
    return cli_client_new(access, nodes, count, PATIENCE_MS, &worker->client, error);
}

/* Slower where the numbers would not last. */
static uint64_t pace_us(uint32_t regions, uint64_t total_ms)
{
    uint64_t least_us = 1000 * total_ms * regions / (RESPONSE_PROBES_MAX - 1000) + 1;
    return least_us > 1000 * PACE_MS ? least_us : 1000 * PACE_MS;
}

enum vg_code drill_probes_start(struct cli_call *call, const struct drill_cluster *cluster,
                                const vg_id *drill, uint64_t total_ms, struct drill_probes **out)
{
    struct drill_probes *probes = vg_alloc_zero(1, sizeof *probes);
    enum vg_code code = VG_OK;
    probes->author = call->author;
    probes->drill = *drill;
    probes->began_us = vg_clock_system.monotonic_us();
    probes->pace_us = pace_us(cluster->region_count, total_ms);
    *out = probes;
    for (uint32_t i = 0; code == VG_OK && i < 2 * cluster->region_count; i++)
        code = add_worker(probes, call->author->access, cluster, i / 2, i % 2 == 0, &call->error);
    for (uint32_t i = 0; code == VG_OK && i < probes->worker_count; i++) {
        struct worker *worker = &probes->workers[i];
        worker->started = pthread_create(&worker->thread, NULL, work, worker) == 0;
        if (!worker->started)
            code = vg_fail(&call->error, VG_BUSY, "no thread can be had for the probes");
    }
    return code;
}

static void collect(struct drill_probes *probes)
{
    for (uint32_t i = 0; i < probes->worker_count; i++)
        probes->sample_count += probes->workers[i].count;
    probes->samples = vg_alloc_zero(probes->sample_count + 1, sizeof probes->samples[0]);
    size_t at = 0;
    for (uint32_t i = 0; i < probes->worker_count; i++) {
        const struct worker *worker = &probes->workers[i];
        if (worker->count > 0)
            memcpy(probes->samples + at, worker->samples, worker->count * sizeof *worker->samples);
        at += worker->count;
    }
}

void drill_probes_stop(struct drill_probes *probes)
{
    atomic_store(&probes->stop, true);
    for (uint32_t i = 0; i < probes->worker_count; i++) {
        if (probes->workers[i].started)
            pthread_join(probes->workers[i].thread, NULL);
        probes->workers[i].started = false;
    }
    if (probes->samples == NULL)
        collect(probes);
}

/* ---- what came of it ---------------------------------------------------------------------------
 */

struct measure_sample *drill_probes_samples(struct drill_probes *probes, size_t *count)
{
    *count = probes->sample_count;
    return probes->samples;
}

uint64_t drill_probes_stale(const struct drill_probes *probes)
{
    uint64_t stale = 0;
    for (uint32_t i = 0; i < probes->worker_count; i++)
        stale += probes->workers[i].stale;
    return stale;
}

uint64_t drill_probes_lost(const struct drill_probes *probes, const json_t *runs)
{
    uint64_t found = 0;
    size_t i;
    json_t *run;
    json_array_foreach(runs, i, run)
    {
        json_int_t first = json_integer_value(json_array_get(run, 0));
        json_int_t last = json_integer_value(json_array_get(run, 1));
        for (json_int_t number = first; number >= 1 && number <= last; number++)
            found += number <= RESPONSE_PROBES_MAX && atomic_load(&probes->acknowledged[number]);
    }
    return atomic_load(&probes->count) - found;
}

void drill_probes_free(struct drill_probes *probes)
{
    if (probes == NULL)
        return;
    drill_probes_stop(probes);
    for (uint32_t i = 0; i < probes->worker_count; i++) {
        cli_client_free(probes->workers[i].client);
        vg_buffer_free(&probes->workers[i].request);
        free(probes->workers[i].samples);
    }
    free(probes->samples);
    free(probes);
}
