/* SPDX-License-Identifier: Apache-2.0
 * vigil-proxy --script FILE [--dir DIR] [--check] [--stay]: does to the links between the nodes of
 * a development cluster what a script says (docs/proxy.md). Exit code 0, or that of the error. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/file.h"
#include "ops/cli/core/output.h"
#include "ops/drill/proxy/course.h"
#include "ops/drill/vigil-proxy/front.h"

enum { MS_PER_S = 1000, US_PER_MS = 1000 };

struct words {
    const char *script;
    const char *dir;
    bool check;
    bool stay;
};

/* One run of a script. */
struct run {
    struct script script;
    struct dev_cluster cluster;
    struct proxy_mesh whole;
    struct proxy *proxy;
    struct course_event events[COURSE_EVENTS_MAX];
    uint32_t event_count;
    uint64_t start_us;
};

/* ---- what is printed ---------------------------------------------------------------------------
 */

static void print_node(uint64_t id)
{
    if (id == 0)
        printf("*");
    else
        printf("%" PRIu64, id);
}

static void print_begin(const struct script_step *step)
{
    const struct proxy_terms *terms = &step->terms;
    printf(" begins: %s ", script_deed_name(step->deed));
    print_node(step->from);
    printf(step->both_ways ? " <-> " : " -> ");
    print_node(step->to);
    if (step->deed == SCRIPT_DELAY)
        printf(", %" PRIu64 " ms", terms->delay_us / US_PER_MS);
    if (terms->jitter_us > 0)
        printf(" and up to %" PRIu64 " ms more", terms->jitter_us / US_PER_MS);
    if (terms->bytes_per_s > 0)
        printf(", %" PRIu64 " bytes/s", terms->bytes_per_s);
    if (step->end_ms > step->begin_ms)
        printf(", for %" PRIu64 " ms", step->end_ms - step->begin_ms);
}

static void print_event(const struct run *run, const struct course_event *event, uint64_t at_ms)
{
    const struct script_step *step = &run->script.steps[event->step];
    printf("%4" PRIu64 ".%03" PRIu64 " s  %s", at_ms / MS_PER_S, at_ms % MS_PER_S, step->name);
    if (event->begins)
        print_begin(step);
    else
        printf(" ends");
    printf("\n");
}

static void print_head(const struct run *run)
{
    printf("seed %" PRIu64 "\n", run->script.seed);
    for (uint32_t i = 0; i < run->script.regions.count; i++) {
        const struct proxy_pair *pair = &run->script.regions.pairs[i];
        printf("round trip %s - %s %u ms\n", pair->one, pair->other, pair->rtt_ms);
    }
}

static const struct cli_column link_columns[] = {
    {.title = "LINK", .path = "link"},
    {.title = "CONNECTIONS", .path = "connections", .number = true},
    {.title = "BYTES", .path = "bytes", .number = true},
    {.title = "FLIPS", .path = "flips", .number = true},
    {.title = "BREAKS", .path = "breaks", .number = true},
    {.title = "MOST HELD", .path = "held", .number = true},
    {.title = NULL},
};

static json_t *describe_link(const struct run *run, uint32_t from, uint32_t to)
{
    const struct dev_node *nodes = run->cluster.nodes;
    struct proxy_figures figures = proxy_look(run->proxy, from, to);
    char name[48];
    snprintf(name, sizeof name, "%" PRIu64 " -> %" PRIu64, nodes[from].id, nodes[to].id);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "link", name, "connections",
                     (json_int_t)figures.connections, "bytes", (json_int_t)figures.bytes, "flips",
                     (json_int_t)figures.flips, "breaks", (json_int_t)figures.breaks, "held",
                     (json_int_t)figures.held_most);
}

static void print_summary(const struct run *run)
{
    json_t *links = json_array();
    for (uint32_t from = 0; from < run->cluster.node_count; from++)
        for (uint32_t to = 0; to < run->cluster.node_count; to++)
            if (from != to)
                json_array_append_new(links, describe_link(run, from, to));
    printf("\n");
    cli_print_table(stdout, CLI_TABLE, links, link_columns);
    json_decref(links);
}

/* ---- the script --------------------------------------------------------------------------------
 */

static void do_at_once(struct run *run, const struct script_step *step)
{
    for (uint32_t from = 0; from < run->cluster.node_count; from++) {
        for (uint32_t to = 0; to < run->cluster.node_count; to++) {
            if (!course_is_about(step, &run->cluster, from, to))
                continue;
            if (step->deed == SCRIPT_FLIP)
                proxy_flip(run->proxy, from, to);
            else if (step->deed == SCRIPT_BREAK)
                proxy_break(run->proxy, from, to);
        }
    }
}

static void do_event(struct run *run, const struct course_event *event)
{
    struct proxy_mesh mesh;
    course_mesh(&run->script, &run->cluster, &run->whole, event->at_ms, &mesh);
    proxy_set_all(run->proxy, &mesh);
    if (event->begins)
        do_at_once(run, &run->script.steps[event->step]);
}

static uint64_t passed_us(const struct run *run)
{
    return vg_clock_system.monotonic_us() - run->start_us;
}

/* Waits for a time of the run; false if a signal to end comes first. */
static bool wait_until(const struct run *run, uint64_t at_ms, const sigset_t *signals)
{
    for (;;) {
        uint64_t now_us = passed_us(run), at_us = at_ms * US_PER_MS;
        uint64_t left_us = at_us > now_us ? at_us - now_us : 0;
        struct timespec left = {.tv_sec = (time_t)(left_us / 1000000),
                                .tv_nsec = (long)(left_us % 1000000) * 1000};
        if (sigtimedwait(signals, NULL, &left) > 0)
            return false;
        if (left_us == 0)
            return true;
    }
}

static enum vg_code play(struct run *run, bool stay, const sigset_t *signals,
                         struct vg_error *error)
{
    print_head(run);
    run->start_us = vg_clock_system.monotonic_us();
    for (uint32_t i = 0; i < run->event_count; i++) {
        const struct course_event *event = &run->events[i];
        if (!wait_until(run, event->at_ms, signals))
            return vg_fail(error, VG_UNAVAILABLE, "a signal ended it before step '%s' %s",
                           run->script.steps[event->step].name, event->begins ? "began" : "ended");
        do_event(run, event);
        print_event(run, event, passed_us(run) / US_PER_MS);
    }
    while (stay && sigwaitinfo(signals, NULL) < 0)
        continue;
    return VG_OK;
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static enum vg_code read_script(const char *path, struct script *out, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    enum vg_code code = vg_file_read(path, SCRIPT_BYTES_MAX, &bytes, error);
    if (code == VG_OK)
        code = script_parse(path, vg_buffer_span(&bytes), out, error);
    vg_buffer_free(&bytes);
    return code;
}

/* Everything that can be refused, before anything is touched. */
static enum vg_code prepare(const struct words *words, struct run *run, struct vg_error *error)
{
    if (read_script(words->script, &run->script, error) != VG_OK ||
        dev_cluster_open(words->dir, &run->cluster, error) != VG_OK)
        return error->code;
    enum vg_code code = script_check(words->script, &run->script, &run->cluster, error);
    if (code == VG_OK)
        code = proxy_regions_map(&run->script.regions, &run->cluster, &run->whole, error);
    if (code != VG_OK)
        dev_cluster_close(&run->cluster);
    run->event_count = course_events(&run->script, run->events);
    return code;
}

/* Nobody waits for the folder while the script runs: `vigil dev` works beside it. */
static enum vg_code play_before_cluster(struct cli_call *call, const struct words *words,
                                        struct run *run, const sigset_t *signals)
{
    struct dev_cluster now;
    struct vg_error played = {.code = VG_OK};
    enum vg_code code = front_claim(&run->cluster, &call->error);
    if (code == VG_OK)
        code = front_open(call, &run->cluster, &run->whole, run->script.seed, &run->proxy);
    dev_cluster_close(&run->cluster);
    if (code != VG_OK)
        return code;
    play(run, words->stay, signals, &played);
    print_summary(run);
    code = dev_cluster_open(words->dir, &now, &call->error);
    if (code == VG_OK) {
        code = front_close(call, &now, run->proxy);
        dev_cluster_close(&now);
    } else {
        proxy_close(run->proxy);
    }
    if (code == VG_OK)
        call->error = played;
    return call->error.code;
}

static enum vg_code run_words(struct cli_call *call, const struct words *words,
                              const sigset_t *signals)
{
    struct run *run = vg_alloc_zero(1, sizeof *run);
    enum vg_code code = prepare(words, run, &call->error);
    if (code == VG_OK && words->check) {
        print_head(run);
        for (uint32_t i = 0; i < run->event_count; i++)
            print_event(run, &run->events[i], run->events[i].at_ms);
        dev_cluster_close(&run->cluster);
    } else if (code == VG_OK) {
        code = play_before_cluster(call, words, run, signals);
    }
    free(run);
    return code;
}

static enum vg_code read_words(int argc, char **argv, struct words *words, struct vg_error *error)
{
    static const struct option options[] = {{"script", required_argument, NULL, 's'},
                                            {"dir", required_argument, NULL, 'd'},
                                            {"check", no_argument, NULL, 'c'},
                                            {"stay", no_argument, NULL, 'y'},
                                            {NULL, 0, NULL, 0}};
    *words = (struct words){.dir = ".vigil/dev"};
    opterr = 0;
    for (int letter; (letter = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (letter == 's')
            words->script = optarg;
        else if (letter == 'd')
            words->dir = optarg;
        else if (letter == 'c')
            words->check = true;
        else if (letter == 'y')
            words->stay = true;
        else
            return vg_fail(error, VG_USAGE, "'%s' is no option, or lacks its value",
                           argv[optind - 1]);
    }
    if (optind != argc)
        return vg_fail(error, VG_USAGE, "'%s' is no option", argv[optind]);
    if (words->script == NULL)
        return vg_fail(error, VG_USAGE, "--script is missing; it names the file of the script");
    return VG_OK;
}

int main(int argc, char **argv)
{
    struct words words;
    struct cli_call call = {.depth = 0};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* threads that start later inherit it */
    signal(SIGPIPE, SIG_IGN);
    vg_crypto_init();
    setvbuf(stdout, NULL, _IOLBF, 0);
    enum vg_code code = read_words(argc, argv, &words, &call.error);
    if (code == VG_OK)
        code = run_words(&call, &words, &signals);
    if (code != VG_OK) {
        struct cli_cell text = cli_cell_of(call.error.text, 0);
        fprintf(stderr, "vigil-proxy: %s: %s\n", vg_code_name(code), text.text);
        free(text.text);
    }
    if (code == VG_USAGE)
        fprintf(stderr, "usage: vigil-proxy --script FILE [--dir DIR] [--check] [--stay]\n");
    cli_call_free(&call);
    return vg_code_exit(code);
}
