/* SPDX-License-Identifier: Apache-2.0
 * vigil-nemesis DIR --seconds N --seed S [--clients N] [--nodes N] [--regions]: a development
 * cluster in DIR under faults, with clients that record what they see; then it is healed, must come
 * to one state, and what they saw must be linearizable (docs/nemesis.md). Exit code 0, or that of
 * the error. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/file.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/dev/node.h"
#include "ops/dev/setup.h"
#include "ops/drill/check/linear.h"
#include "ops/drill/vigil-nemesis/faults.h"
#include "ops/drill/vigil-nemesis/workload.h"

enum {
    ELECTION_TIMEOUT_MS = 300,
    FAR_ELECTION_TIMEOUT_MS = 1000, /* some round trips between regions */
    CONVERGE_MS = 60000,
    POLL_MS = 50,
    CHECK_SECONDS = 300,
    MEMORY_MAX = 1024 * 1024 * 1024,
};

struct plan {
    const char *dir;
    uint64_t seconds;
    uint64_t seed;
    uint64_t clients;
    uint64_t nodes;
    bool regions;
};

static uint64_t now_ms(void)
{
    return vg_clock_system.monotonic_us() / 1000;
}

/* ---- the cluster -------------------------------------------------------------------------------
 */

/* Puts the proxy between the nodes, and as much of the world as the plan has. */
static enum vg_code start_proxy(const struct plan *plan, struct stage *stage,
                                struct vg_error *error)
{
    static const struct proxy_regions one_place;
    const struct proxy_regions *regions = plan->regions ? &proxy_regions_default : &one_place;
    enum vg_code code = proxy_regions_map(regions, stage->cluster, &stage->whole, error);
    if (code == VG_OK)
        code = proxy_open(stage->cluster, plan->seed, &stage->proxy, error);
    if (code != VG_OK)
        return code;
    proxy_set_all(stage->proxy, &stage->whole);
    return dev_make_configs(stage->cluster, proxy_routes(stage->proxy), error);
}

static enum vg_code start_cluster(struct cli_call *call, const struct plan *plan,
                                  struct stage *stage)
{
    const struct dev_plan wanted = {.nodes = (uint32_t)plan->nodes,
                                    .people = 1,
                                    .election_timeout_ms = plan->regions ? FAR_ELECTION_TIMEOUT_MS
                                                                         : ELECTION_TIMEOUT_MS,
                                    .regions = "apac,emea,amer"};
    struct dev_cluster *cluster = stage->cluster;
    enum vg_code code = dev_cluster_make(plan->dir, &wanted, cluster, &call->error);
    if (code == VG_OK)
        code = start_proxy(plan, stage, &call->error);
    if (code == VG_OK)
        code = stage_prepare(stage, &call->error);
    for (uint32_t i = 0; code == VG_OK && i < cluster->node_count; i++)
        code = stage_start_node(stage, i, &call->error);
    if (code != VG_OK)
        return code;
    dev_point_call(call, cluster);
    stage->access = cli_access(call);
    code = dev_await_leader(call, cluster);
    if (code == VG_OK)
        code = dev_fill_directory(call, cluster);
    cli_author_free(call->author); /* the directory it has read was empty */
    call->author = NULL;
    return code;
}

static void stop_cluster(struct stage *stage)
{
    for (uint32_t i = 0; i < stage->cluster->node_count; i++)
        dev_node_stop(&stage->cluster->nodes[i]);
    dev_cluster_close(stage->cluster);
    proxy_close(stage->proxy);
}

/* ---- convergence -------------------------------------------------------------------------------
 */

static json_t *ask_node(const struct stage *stage, const struct dev_node *node)
{
    struct cli_node at = dev_node_at(node);
    return cli_ask_apart(stage->access, &at, 1, CLI_TIMEOUT_DEFAULT_MS, "cluster.status");
}

/* Whether all nodes have applied the same index, which is committed, with the same state hashes;
 * `words` say where each is. */
static bool is_converged(const struct stage *stage, char *words, size_t size)
{
    const struct dev_cluster *cluster = stage->cluster;
    json_t *first = ask_node(stage, &cluster->nodes[0]);
    bool same = true;
    size_t used = 0;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        json_t *status = i == 0 ? json_incref(first) : ask_node(stage, &cluster->nodes[i]);
        uint64_t applied = cli_json_number(status, "applied_index");
        uint64_t committed = cli_json_number(status, "commit_index");
        same = same && status != NULL && applied == committed &&
               applied == cli_json_number(first, "applied_index") &&
               json_equal(json_object_get(status, "state_hashes"),
                          json_object_get(first, "state_hashes"));
        if (used < size)
            used += (size_t)snprintf(words + used, size - used,
                                     "%snode %" PRIu64 " has applied %" PRIu64 " of %" PRIu64,
                                     i > 0 ? ", " : "", cluster->nodes[i].id, applied, committed);
        json_decref(status);
    }
    json_decref(first);
    return same;
}

static enum vg_code await_convergence(const struct stage *stage, struct vg_error *error)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    char words[256] = "";
    for (uint64_t until = now_ms() + CONVERGE_MS; now_ms() < until; nanosleep(&pause, NULL)) {
        if (stage_check(stage, error) != VG_OK)
            return error->code;
        if (is_converged(stage, words, sizeof words))
            return VG_OK;
    }
    return vg_fail(error, VG_INTEGRITY, "no one state %d s after the heal: %s", CONVERGE_MS / 1000,
                   words);
}

/* ---- the judgement -----------------------------------------------------------------------------
 */

static bool is_over(void *context)
{
    return now_ms() > *(const uint64_t *)context;
}

static enum vg_code judge(const char *path, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    struct history history = {0};
    uint64_t until_ms = now_ms() + CHECK_SECONDS * 1000;
    const struct linear_limits limits = {
        .memory_max = MEMORY_MAX, .is_over = is_over, .context = &until_ms};
    enum vg_code code = vg_file_read(path, HISTORY_BYTES_MAX, &bytes, error);
    if (code == VG_OK)
        code = history_parse(path, vg_buffer_span(&bytes), &history, error);
    for (size_t i = 0; code == VG_OK && i < history.object_count; i++) {
        struct linear_finding finding = {0};
        if (linear_check(&history.objects[i], &limits, &finding) != LINEAR_YES)
            code = vg_fail(error, VG_INTEGRITY, "%s: line %" PRIu64 ": %s: %s", path, finding.line,
                           history.objects[i].name, finding.text);
    }
    printf("history %zu operations on %zu objects: %s\n", history.operation_count,
           history.object_count, code == VG_OK ? "linearizable" : "not shown to be linearizable");
    history_free(&history);
    vg_buffer_free(&bytes);
    return code;
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static void report_counts(const char *of, const struct fault *kinds, const uint64_t *counts)
{
    printf("%s", of);
    for (uint32_t i = 0; kinds[i].name != NULL; i++)
        printf("%s %s %" PRIu64, i > 0 ? "," : "", kinds[i].name, counts[i]);
    printf("\n");
}

static void report(const struct faults_counts *counts, const struct workload_figures *figures,
                   uint64_t heal_ms)
{
    printf("answers %" PRIu64 " ok, %" PRIu64 " failed, %" PRIu64 " unknown, on %" PRIu64
           " incidents\n",
           figures->ok, figures->failed, figures->unknown, figures->incidents);
    report_counts("machines", faults_of_machines, counts->machines);
    report_counts("links", faults_of_links, counts->links);
    printf("one state %" PRIu64 " ms after the last heal\n", heal_ms);
}

static enum vg_code run_faults(struct cli_call *call, const struct plan *plan, struct stage *stage,
                               struct recorder *recorder)
{
    vg_id compartment;
    struct workload_figures figures;
    struct faults_counts counts = {.machines = {0}};
    struct vg_error error = {.code = VG_OK};
    struct cli_author *author;
    if (cli_author_open(call, &author) != VG_OK ||
        cli_compartment_find(call, "default", &compartment) != VG_OK)
        return call->error.code;
    struct workload *workload =
        workload_start(call, &compartment, recorder, (uint32_t)plan->clients, plan->seed);
    enum vg_code code = faults_run(stage, plan->seed, plan->seconds * 1000, &counts, &error);
    uint64_t healed = now_ms();
    workload_end(workload, &figures);
    if (code == VG_OK)
        code = await_convergence(stage, &error);
    report(&counts, &figures, now_ms() - healed);
    if (code == VG_OK && figures.wrong.code != VG_OK)
        code = vg_fail(&error, VG_INTEGRITY, "%s", figures.wrong.text);
    call->error = error;
    return code;
}

static enum vg_code run(struct cli_call *call, const struct plan *plan)
{
    char path[DEV_PATH_MAX + 32];
    struct dev_cluster cluster = {.lock = -1};
    struct stage stage = {.cluster = &cluster};
    struct recorder *recorder = NULL;
    struct vg_error late = {.code = VG_OK};
    printf("seed %" PRIu64 "\n", plan->seed);
    enum vg_code code = start_cluster(call, plan, &stage);
    snprintf(path, sizeof path, "%s/history.jsonl", cluster.dir);
    if (code == VG_OK)
        code = recorder_open(path, &recorder, &call->error);
    if (code == VG_OK)
        code = run_faults(call, plan, &stage, recorder);
    if (recorder != NULL && recorder_close(recorder, &late) != VG_OK && code == VG_OK) {
        call->error = late;
        code = late.code;
    }
    if (code == VG_OK)
        code = judge(path, &call->error);
    stop_cluster(&stage);
    return code;
}

/* ---- the words of the call ---------------------------------------------------------------------
 */

static enum vg_code read_plan(int argc, char **argv, struct plan *plan, struct vg_error *error)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'r'},
        {"clients", required_argument, NULL, 'c'}, {"nodes", required_argument, NULL, 'n'},
        {"regions", no_argument, NULL, 'm'},       {NULL, 0, NULL, 0}};
    *plan = (struct plan){.seconds = 60, .seed = 1, .clients = 8, .nodes = 3};
    enum vg_code code = VG_OK;
    for (int letter;
         code == VG_OK && (letter = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (letter == 's')
            code = cli_number_parse(optarg, "--seconds", 1, 86400, &plan->seconds, error);
        else if (letter == 'r')
            code = cli_number_parse(optarg, "--seed", 0, INT64_MAX, &plan->seed, error);
        else if (letter == 'c')
            code = cli_number_parse(optarg, "--clients", 1, 64, &plan->clients, error);
        else if (letter == 'n')
            code = cli_number_parse(optarg, "--nodes", 3, VG_NODES_MAX, &plan->nodes, error);
        else if (letter == 'm')
            plan->regions = true;
        else
            code = vg_fail(error, VG_USAGE, "an option is not known; see below");
    }
    if (code == VG_OK && optind + 1 != argc)
        code = vg_fail(error, VG_USAGE, "one folder is wanted, empty or not there yet");
    if (code == VG_OK)
        plan->dir = argv[optind];
    return code;
}

int main(int argc, char **argv)
{
    struct plan plan;
    struct cli_call call = {.depth = 0};
    signal(SIGPIPE, SIG_IGN);
    vg_crypto_init();
    setvbuf(stdout, NULL, _IOLBF, 0);
    enum vg_code code = read_plan(argc, argv, &plan, &call.error);
    if (code == VG_OK)
        code = run(&call, &plan);
    if (code != VG_OK)
        fprintf(stderr, "vigil-nemesis: %s: %s\n", vg_code_name(code), call.error.text);
    if (code == VG_USAGE)
        fprintf(stderr, "usage: vigil-nemesis [--seconds N] [--seed S] [--clients N] [--nodes N] "
                        "[--regions] DIR\n");
    cli_call_free(&call);
    return vg_code_exit(code);
}
