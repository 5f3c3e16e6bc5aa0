/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/bench/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/prng.h"
#include "common/text.h"
#include "ops/cli/core/output.h"

struct run {
    const struct bench_plan *plan;
    const struct cli_author *author;
    const struct cli_settings *settings;
    atomic_uint_least64_t begun; /* operations */
    uint64_t start_us;
};

/* One client; its own thread. */
struct worker {
    struct run *run;
    pthread_t thread;
    struct cli_client *client;
    struct vg_prng prng;
    struct vg_buffer request; /* scratch */
    char *text;               /* of the notes */
    vg_id incident;
    struct bench_result result;
};

/* `made`: the incident made or joined. */
static enum vg_code submit(struct worker *worker, const struct response_command *command,
                           vg_id *made)
{
    vg_id id = cli_request_make();
    json_t *answer = NULL;
    json_t *details = NULL;
    struct vg_error error = {.code = VG_OK};
    cli_command_sign(worker->run->author, &worker->run->plan->compartment, &id, NULL, 0, command,
                     &worker->request, &error);
    struct wire_request request = {.kind = WIRE_SUBMIT, .body = vg_buffer_span(&worker->request)};
    if (error.code == VG_OK)
        cli_client_call(worker->client, &request, &answer, &error, &details);
    if (error.code == VG_OK && !vg_id_parse(cli_json_text(answer, "id"), made))
        vg_fail(&error, VG_INTEGRITY, "a write was answered without an id");
    json_decref(answer);
    json_decref(details);
    if (error.code != VG_OK && worker->result.first.code == VG_OK)
        worker->result.first = error;
    return error.code;
}

static enum vg_code write_note(struct worker *worker)
{
    vg_id made;
    struct response_command command = {.op = RESPONSE_OP_NOTE,
                                       .note = {.incident = worker->incident,
                                                .kind = RESPONSE_NOTE,
                                                .text = vg_span_text(worker->text)}};
    return submit(worker, &command, &made);
}

static enum vg_code read_incident(struct worker *worker)
{
    char id[VG_ID_TEXT];
    json_t *answer = NULL;
    json_t *details = NULL;
    struct vg_error error = {.code = VG_OK};
    vg_id_format(&worker->incident, id);
    json_t *query = json_pack("{s:s, s:s}", "query", "incident.show", "id", id);
    cli_client_query(worker->client, query, &answer, &error, &details);
    json_decref(query);
    json_decref(answer);
    json_decref(details);
    if (error.code != VG_OK && worker->result.first.code == VG_OK)
        worker->result.first = error;
    return error.code;
}

static void wait_until(uint64_t us)
{
    struct timespec at = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}

/* When the next operation begins; false: there is none. One of a rate has its time whether those
 * before it are answered or not, so what waits for a slow answer counts as slow too. */
static bool take_turn(struct run *run, uint64_t *start_us)
{
    const struct bench_plan *plan = run->plan;
    uint64_t number = atomic_fetch_add(&run->begun, 1);
    *start_us = plan->rate > 0 ? run->start_us + number * 1000000 / plan->rate
                               : vg_clock_system.monotonic_us();
    if (plan->seconds > 0 ? *start_us >= run->start_us + (uint64_t)plan->seconds * 1000000
                          : number >= plan->operations)
        return false;
    wait_until(*start_us);
    return true;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct bench_result *result = &worker->result;
    uint64_t start;
    while (take_turn(worker->run, &start)) {
        bool reads = vg_prng_below(&worker->prng, 100) < worker->run->plan->read_percent;
        enum vg_code code = reads ? read_incident(worker) : write_note(worker);
        uint64_t took = vg_clock_system.monotonic_us() - start;
        if (code == VG_OK)
            bench_histogram_add(reads ? &result->reads : &result->writes, took);
        else
            result->errors++;
    }
    return NULL;
}

/* Connects and makes the incident this client writes to, or joins that of an earlier bench; not
 * measured. */
static enum vg_code prepare(struct worker *worker, struct run *run, unsigned number)
{
    const struct cli_settings *settings = run->settings;
    struct cli_node nodes[CLI_NODES_MAX]; /* starting with another one for each client */
    char key[32];
    snprintf(key, sizeof key, "vigil-bench-%u", number);
    worker->run = run;
    worker->prng = vg_prng_seed(number);
    for (unsigned i = 0; i < settings->node_count; i++)
        nodes[i] = settings->nodes[(i + number) % settings->node_count];
    worker->text = vg_alloc(run->plan->payload + 1);
    for (uint32_t i = 0; i < run->plan->payload; i++)
        worker->text[i] = (char)('a' + vg_prng_below(&worker->prng, 26));
    worker->text[run->plan->payload] = 0;
    enum vg_code code =
        cli_client_new(run->author->access, nodes, settings->node_count, settings->timeout_ms,
                       &worker->client, &worker->result.first);
    struct response_command detect = {.op = RESPONSE_OP_DETECT,
                                      .detect = {.source = RESPONSE_SOURCE_OPERATOR,
                                                 .title = vg_span_text("written to by vigil bench"),
                                                 .product = vg_span_text(""),
                                                 .dedup_key = vg_span_text(key),
                                                 .detail = vg_span_text("")}};
    return code == VG_OK ? submit(worker, &detect, &worker->incident) : code;
}

static void collect(struct worker *worker, struct bench_result *out)
{
    bench_histogram_merge(&out->writes, &worker->result.writes);
    bench_histogram_merge(&out->reads, &worker->result.reads);
    out->errors += worker->result.errors;
    out->repeats += cli_client_repeats(worker->client);
    if (out->first.code == VG_OK)
        out->first = worker->result.first;
}

static void worker_free(struct worker *worker)
{
    cli_client_free(worker->client);
    vg_buffer_free(&worker->request);
    free(worker->text);
}

static void run_all(struct worker *workers, struct run *run, struct bench_result *out)
{
    uint32_t started = 0;
    run->start_us = vg_clock_system.monotonic_us();
    for (; started < run->plan->clients; started++)
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        collect(&workers[i], out);
    }
    out->seconds = (double)(vg_clock_system.monotonic_us() - run->start_us) / 1e6;
    if (started < run->plan->clients)
        vg_fail(&out->first, VG_BUSY, "only %u threads could be started", started);
}

enum vg_code bench_loop(struct cli_call *call, const struct bench_plan *plan,
                        struct bench_result *out)
{
    struct run run = {.plan = plan, .author = call->author, .settings = &call->settings};
    struct worker *workers = vg_alloc_zero(plan->clients, sizeof *workers);
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; code == VG_OK && i < plan->clients; i++) {
        code = prepare(&workers[i], &run, i);
        if (code != VG_OK)
            call->error = workers[i].result.first;
    }
    *out = (struct bench_result){.seconds = 0};
    if (code == VG_OK)
        run_all(workers, &run, out);
    for (uint32_t i = 0; i < plan->clients; i++)
        worker_free(&workers[i]);
    free(workers);
    return code;
}
