/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster drill`: proposes a failure, waits for the second person, starts it, probes every
 * region meanwhile, records and reports what came of it (docs/drills.md). The fault itself is the
 * nodes' own affair: this program may die at any moment. */
#include "ops/cli/drill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/file.h"
#include "ops/cli/cluster.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/drill/report/report.h"

enum {
    BEFORE_MS = 2000,    /* measured before the start, to know what is usual */
    AFTER_MS = 3000,     /* and after the fault */
    AFTER_MAX_MS = 8000, /* or longer, until the cluster is whole */
    LOOK_MS = 200,       /* between looks at proposal and cluster */
    TAKEN_MS = 500,      /* after which a victim has taken the fault or refused it */
    ASK_MS = 500,        /* that a victim may take to answer */
    PATIENCE_MS = 250,   /* of a client with the first node it asks; twice that with the next */
    PATIENCE_DOUBLINGS = 4,
    OPEN_MS = 3600 * 1000, /* that the proposal may be signed */
};

/* What is to be rehearsed, by the words of the call. */
struct plan {
    enum response_drill_kind kind;
    uint64_t node;
    const char *region; /* "": none */
    uint64_t duration_ms, delay_ms, recovery_ms, stalled_ms, wait_ms;
    const char *reason;
};

/* A drill on its way. */
struct run {
    struct cli_call *call;
    struct plan plan;
    struct drill_cluster cluster; /* as it was before */
    vg_id id;
    char name[VG_ID_TEXT]; /* the id */
    struct drill_probes *probes;
    struct measure_window window;
    struct measure_figures *figures;
    json_t *hit;     /* [{"id", "region"}] */
    json_t *refused; /* why others took no fault */
    uint64_t lost;
    bool whole;
};

static uint64_t now_ms(void)
{
    return vg_clock_system.monotonic_us() / 1000;
}

static void pause_ms(uint64_t ms)
{
    const struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                                   .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* ---- the words of the call ---------------------------------------------------------------------
 */

static enum vg_code read_duration(struct cli_call *call, const char *name, const char *otherwise,
                                  uint64_t *out_ms)
{
    const char *text = cli_text(call, name);
    char what[32];
    uint32_t ms;
    snprintf(what, sizeof what, "--%s", name);
    enum vg_code code =
        cli_duration_parse(text != NULL ? text : otherwise, what, &ms, &call->error);
    *out_ms = ms;
    return code;
}

/* A number is a node, everything else a region. */
static void read_target(struct cli_call *call, struct plan *plan)
{
    struct vg_error unused;
    const char *word = call->word_count > 0 ? call->words[0] : "";
    plan->region = "";
    if (plan->kind == RESPONSE_DRILL_SLOW_REGION ||
        cli_number_parse(word, "NODE", 1, INT64_MAX, &plan->node, &unused) != VG_OK)
        plan->region = word;
}

static enum vg_code read_plan(struct cli_call *call, struct plan *plan)
{
    const char *reason = cli_text(call, "reason");
    *plan = (struct plan){.reason = reason != NULL ? reason : "scheduled rehearsal"};
    plan->kind =
        (enum response_drill_kind)response_number(response_drill_kinds, call->command->name);
    bool slow = plan->kind == RESPONSE_DRILL_SLOW_REGION;
    read_target(call, plan);
    enum vg_code code = read_duration(call, "duration", "10s", &plan->duration_ms);
    if (code == VG_OK && slow)
        code = read_duration(call, "delay", "100ms", &plan->delay_ms);
    if (code == VG_OK)
        code = read_duration(call, "recovery", "5s", &plan->recovery_ms);
    if (code == VG_OK)
        code = read_duration(call, "stalled", "5s", &plan->stalled_ms);
    if (code == VG_OK)
        code = read_duration(call, "wait", "10m", &plan->wait_ms);
    return code;
}

/* ---- who is hit --------------------------------------------------------------------------------
 */

static bool is_victim(const struct run *run, const struct drill_node *node)
{
    if (run->plan.kind == RESPONSE_DRILL_LEADER_LOSS)
        return node->id == run->cluster.leader;
    if (run->plan.region[0] != '\0')
        return strcmp(node->region, run->plan.region) == 0;
    return node->id == run->plan.node;
}

static uint32_t count_victims(const struct run *run)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->cluster.count; i++)
        count += is_victim(run, &run->cluster.nodes[i]);
    return count;
}

/* The nodes look at the same themselves; here it is said before anybody is asked to sign. */
static enum vg_code check_victims(struct run *run)
{
    struct cli_call *call = run->call;
    uint32_t count = run->cluster.count;
    uint32_t hit = count_victims(run);
    bool silent = run->plan.kind == RESPONSE_DRILL_LEADER_LOSS ||
                  run->plan.kind == RESPONSE_DRILL_NODE_LOSS ||
                  run->plan.kind == RESPONSE_DRILL_ISOLATE;
    if (hit == 0)
        return vg_fail(&call->error, VG_NOT_FOUND,
                       "the cluster has no %s '%s'; see vigil cluster status",
                       run->plan.region[0] != '\0' ? "region" : "node", call->words[0]);
    if (silent && count - hit < count / 2 + 1)
        return drill_refuse(
            call,
            "this drill would leave %u of %u nodes, which is no quorum; rehearse with "
            "fewer",
            count - hit, count);
    return VG_OK;
}

/* ---- signing -----------------------------------------------------------------------------------
 */

static enum vg_code give(struct cli_call *call, const vg_id *request,
                         const struct response_command *command, json_t **answer)
{
    struct cli_change change = {
        .request = *request, .compartment = call->author->directory, .command = command};
    enum vg_code code = cli_change_submit(call, &change, answer);
    cli_change_explain(call, &change);
    return code;
}

static struct response_command drill_command(const struct plan *plan)
{
    return (struct response_command){.op = RESPONSE_OP_DRILL,
                                     .drill = {.kind = (uint8_t)plan->kind,
                                               .node = plan->node,
                                               .region = vg_span_text(plan->region),
                                               .duration_ms = plan->duration_ms,
                                               .delay_ms = plan->delay_ms,
                                               .recovery_target_ms = plan->recovery_ms,
                                               .stalled_target_ms = plan->stalled_ms,
                                               .reason = vg_span_text(plan->reason)}};
}

static enum vg_code propose(struct run *run)
{
    struct cli_call *call = run->call;
    struct response_command drill = drill_command(&run->plan);
    struct response_command checked;
    struct vg_buffer bytes = {0};
    json_t *answer = NULL;
    response_command_encode(&drill, &bytes);
    enum vg_code code = response_command_decode(vg_buffer_span(&bytes), &checked, &call->error);
    struct response_command command = {
        .op = RESPONSE_OP_PROPOSE,
        .propose = {.command = vg_buffer_span(&bytes),
                    .role = RESPONSE_ROLE_OPERATOR,
                    .expires_at = vg_clock_system.wall_ms() + OPEN_MS}};
    vg_id request = cli_request_of(call);
    if (code == VG_OK)
        code = give(call, &request, &command, &answer);
    if (code == VG_OK && call->settings.dry_run)
        cli_print_would(call->settings.output, "propose a drill of %s, and run it once approved",
                        call->command->name);
    snprintf(run->name, sizeof run->name, "%s", cli_json_text(answer, "id"));
    vg_id_parse(run->name, &run->id);
    vg_buffer_free(&bytes);
    json_decref(answer);
    return code;
}

/* Nothing is left behind that could still be signed. */
static enum vg_code give_up(struct run *run)
{
    struct cli_call *call = run->call;
    struct response_command command = {
        .op = RESPONSE_OP_REJECT,
        .reject = {.proposal = run->id, .reason = vg_span_text("nobody approved it in time")}};
    json_t *answer = NULL;
    vg_id request = cli_request_make();
    bool rejected = give(call, &request, &command, &answer) == VG_OK;
    json_decref(answer);
    return drill_refuse(call,
                        "nobody approved the drill in %" PRIu64
                        " s, and it takes a second person; nothing was rehearsed%s",
                        run->plan.wait_ms / 1000,
                        rejected ? ", and the proposal is withdrawn" : "; reject the proposal");
}

/* The person at the terminal reads this on stderr, whatever is asked for on stdout. */
static void announce(const struct run *run)
{
    fprintf(stderr,
            "proposed %s; somebody who is incident-manager for the directory reads and signs it:\n"
            "  vigil proposal approve %s --reason 'TEXT'\n",
            run->call->command->name, run->name);
}

static enum vg_code await_approval(struct run *run)
{
    struct cli_call *call = run->call;
    uint64_t until_ms = now_ms() + run->plan.wait_ms;
    for (;;) {
        json_t *proposal =
            cli_query(call, json_pack("{s:s, s:s}", "query", "proposal.show", "id", run->name));
        if (proposal == NULL)
            return call->error.code;
        bool carried = strcmp(cli_json_text(proposal, "state"), "carried") == 0;
        bool rejected = strcmp(cli_json_text(proposal, "state"), "rejected") == 0;
        json_decref(proposal);
        if (carried)
            return VG_OK;
        if (rejected)
            return drill_refuse(call,
                                "the drill was rejected; nothing was rehearsed, see vigil proposal "
                                "show");
        if (now_ms() >= until_ms)
            return give_up(run);
        pause_ms(LOOK_MS);
    }
}

/* ---- the drill itself --------------------------------------------------------------------------
 */

static void sleep_to(const struct run *run, uint64_t at_us)
{
    uint64_t now_us = drill_probes_now_us(run->probes);
    if (at_us > now_us)
        pause_ms((at_us - now_us + 999) / 1000);
}

/* A stall is longer than going past all nodes of a region takes, and another quarter of a second,
 * and what a slow line adds to a command, its entry and its answer. */
static uint64_t stall_ms(const struct run *run)
{
    unsigned most = 0;
    for (uint32_t i = 0; i < run->cluster.region_count; i++) {
        unsigned count = 0;
        for (uint32_t k = 0; k < run->cluster.count; k++)
            count += strcmp(run->cluster.nodes[k].region, run->cluster.regions[i]) == 0;
        most = count > most ? count : most;
    }
    most = most < PATIENCE_DOUBLINGS ? most : PATIENCE_DOUBLINGS;
    return ((uint64_t)PATIENCE_MS << most) + 3 * run->plan.delay_ms;
}

static enum vg_code start(struct run *run)
{
    struct response_command command = {.op = RESPONSE_OP_DRILL_START, .drill_start.drill = run->id};
    json_t *answer = NULL;
    vg_id request = cli_request_make();
    run->window.sent_us = drill_probes_now_us(run->probes);
    enum vg_code code = give(run->call, &request, &command, &answer);
    run->window.taken_us = drill_probes_now_us(run->probes);
    run->window.fault_end_us = run->window.taken_us + run->plan.duration_ms * 1000;
    run->window.stall_us = stall_ms(run) * 1000;
    run->window.regions = run->cluster.region_count;
    json_decref(answer);
    return code;
}

/* A victim that does not answer is hit; one that does says whether it holds the fault, or why not.
 */
static void ask_victim(struct run *run, const struct drill_node *node)
{
    char text[VG_ERROR_TEXT];
    json_t *status = cli_ask_apart(cli_access(run->call), &node->at, 1, ASK_MS, "cluster.status");
    const json_t *drill = cli_json_at(cluster_row_of(status, node->id), "drill");
    bool of_this = strcmp(cli_json_text(drill, "id"), run->name) == 0;
    bool holds = of_this && cli_json_number(drill, "remaining_ms") > 0;
    if (status == NULL || holds) {
        json_array_append_new(
            run->hit, json_pack("{s:I, s:s}", "id", (json_int_t)node->id, "region", node->region));
    } else if (of_this) {
        snprintf(text, sizeof text, "node %" PRIu64 " took no fault: %s", node->id,
                 cli_json_text(drill, "refused"));
        json_array_append_new(run->refused, json_string(text));
    }
    json_decref(status);
}

static bool is_whole(struct run *run)
{
    struct drill_cluster cluster;
    bool whole = drill_cluster_check(run->call, &cluster) == VG_OK;
    run->call->error = (struct vg_error){.code = VG_OK};
    return whole;
}

/* With nobody hit there is nothing to wait for. */
static void measure_through(struct run *run)
{
    sleep_to(run, run->window.taken_us + TAKEN_MS * 1000);
    for (uint32_t i = 0; i < run->cluster.count; i++) {
        if (is_victim(run, &run->cluster.nodes[i]))
            ask_victim(run, &run->cluster.nodes[i]);
    }
    if (json_array_size(run->hit) > 0)
        sleep_to(run, run->window.fault_end_us + AFTER_MS * 1000);
    uint64_t until_us = run->window.fault_end_us + AFTER_MAX_MS * 1000;
    run->whole = is_whole(run);
    while (!run->whole && drill_probes_now_us(run->probes) < until_us) {
        pause_ms(LOOK_MS);
        run->whole = is_whole(run);
    }
}

static enum vg_code compute(struct run *run)
{
    size_t count;
    drill_probes_stop(run->probes);
    struct measure_sample *samples = drill_probes_samples(run->probes, &count);
    run->window.end_us = drill_probes_now_us(run->probes);
    measure(samples, count, &run->window, run->figures);
    json_t *runs =
        cli_query(run->call, json_pack("{s:s, s:s}", "query", "drill.probes", "id", run->name));
    if (runs == NULL)
        return run->call->error.code;
    run->lost = drill_probes_lost(run->probes, runs);
    json_decref(runs);
    return VG_OK;
}

static enum vg_code record(struct run *run)
{
    const struct measure_figures *figures = run->figures;
    char lines[MEASURE_REGIONS_MAX][VG_NAME_MAX + 1];
    bool recovered = figures->recovered && run->whole && json_array_size(run->hit) > 0;
    struct response_command command = {
        .op = RESPONSE_OP_DRILL_END,
        .drill_end = {.drill = run->id,
                      .recovered = recovered ? RESPONSE_YES : RESPONSE_NO,
                      .recovery_ms = figures->recovery_us / 1000,
                      .stalled_ms = figures->stalled_us / 1000,
                      .writes = figures->writes,
                      .reads = figures->reads,
                      .lost = run->lost,
                      .stale = drill_probes_stale(run->probes)}};
    struct response_lines *stalled = &command.drill_end.stalled;
    for (uint32_t i = 0; i < run->cluster.region_count; i++) {
        snprintf(lines[i], sizeof lines[i], "%.100s %" PRIu64, run->cluster.regions[i],
                 figures->regions[i].stalled_us / 1000);
        stalled->lines[stalled->count++] = vg_span_text(lines[i]);
    }
    json_t *answer = NULL;
    vg_id request = cli_request_make();
    enum vg_code code = give(run->call, &request, &command, &answer);
    json_decref(answer);
    return code;
}

/* ---- the report --------------------------------------------------------------------------------
 */

static const struct cli_column figure_columns[] = {
    {.title = "drill", .path = "drill.kind"},
    {.title = "verdict", .path = "verdict"},
    {.title = "recovery ms", .path = "recovery_ms"},
    {.title = "  target", .path = "drill.targets.recovery_ms"},
    {.title = "stalled ms", .path = "stalled_ms"},
    {.title = "  target", .path = "drill.targets.stalled_ms"},
    {.title = "writes", .path = "writes"},
    {.title = "lost", .path = "lost"},
    {.title = "reads", .path = "reads"},
    {.title = "stale", .path = "stale"},
    {.title = "id", .path = "drill.id"},
    {.title = NULL},
};

static const struct cli_column region_columns[] = {
    {.title = "REGION", .path = "region"},
    {.title = "STALLED MS", .path = "stalled_ms", .number = true},
    {.title = "WRITES", .path = "writes", .number = true},
    {.title = "READS", .path = "reads", .number = true},
    {.title = "GIVEN UP", .path = "given_up", .number = true},
    {.title = "P50 BEFORE", .path = "before.p50_ms", .number = true},
    {.title = "DURING", .path = "during.p50_ms", .number = true},
    {.title = "AFTER", .path = "after.p50_ms", .number = true},
    {.title = "P99 BEFORE", .path = "before.p99_ms", .number = true},
    {.title = "DURING", .path = "during.p99_ms", .number = true},
    {.title = "AFTER", .path = "after.p99_ms", .number = true},
    {.title = NULL},
};

static json_t *make_report(struct run *run)
{
    struct cli_call *call = run->call;
    const json_t *people = json_object_get(call->author->names, "people");
    json_t *drill =
        cli_query(call, json_pack("{s:s, s:s}", "query", "drill.show", "id", run->name));
    if (drill == NULL)
        return NULL;
    struct report_input input = {
        .drill = drill,
        .cluster_id = cli_json_text(call->author->names, "cluster_id"),
        .operated_by = cli_person_name(people, cli_json_text(drill, "operated_by")),
        .seconded_by = cli_person_name(people, cli_json_text(drill, "seconded_by")),
        .window = &run->window,
        .figures = run->figures,
        .lost = run->lost,
        .stale = drill_probes_stale(run->probes),
        .hit = run->hit,
        .refused = run->refused,
        .whole = run->whole,
    };
    for (uint32_t i = 0; i < run->cluster.region_count; i++)
        input.regions[i] = run->cluster.regions[i];
    json_t *report = report_make(&input);
    json_decref(drill);
    return report;
}

static enum vg_code write_page(struct run *run, const json_t *report, const char *path)
{
    size_t count;
    struct vg_buffer page = {0};
    const struct measure_sample *samples = drill_probes_samples(run->probes, &count);
    report_html(report, samples, count, &page);
    enum vg_code code = vg_file_write(path, vg_buffer_span(&page), 0644, &run->call->error);
    vg_buffer_free(&page);
    return code;
}

static void print_report(struct cli_call *call, const json_t *report)
{
    size_t i;
    json_t *reason;
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, report);
        return;
    }
    cli_print_fields(stdout, report, figure_columns);
    fputc('\n', stdout);
    cli_print_table(stdout, call->settings.output, json_object_get(report, "regions"),
                    region_columns);
    json_array_foreach(json_object_get(report, "reasons"), i, reason)
    {
        printf("%s", i == 0 ? "\n" : "");
        cli_print_text(stdout, json_string_value(reason), 0);
    }
}

/* Told and written, whether it passed or not. */
static enum vg_code report(struct run *run)
{
    struct cli_call *call = run->call;
    const char *path = cli_text(call, "html");
    json_t *made = make_report(run);
    if (made == NULL)
        return call->error.code;
    print_report(call, made);
    enum vg_code code = path != NULL ? write_page(run, made, path) : VG_OK;
    if (code == VG_OK && strcmp(cli_json_text(made, "verdict"), "passed") != 0)
        code = drill_refuse(call, "the drill %s: %s", cli_json_text(made, "verdict"),
                            cli_json_text(json_array_get(json_object_get(made, "reasons"), 0), ""));
    json_decref(made);
    return code;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* Whoever is to approve should not be asked for what cannot be. */
static enum vg_code check_first(struct run *run)
{
    struct cli_call *call = run->call;
    size_t i;
    json_t *drill;
    enum vg_code code = drill_cluster_check(call, &run->cluster);
    if (code == VG_OK)
        code = check_victims(run);
    json_t *all = code == VG_OK ? drill_all(call) : NULL;
    json_array_foreach(all, i, drill)
    {
        if (strcmp(cli_json_text(drill, "state"), "running") == 0)
            code = drill_refuse(call,
                                "drill %s is under way, and one runs at a time; wait for its end",
                                cli_json_text(drill, "id"));
    }
    json_decref(all);
    return code != VG_OK ? code : call->error.code;
}

/* What was measured is told even where it could not be recorded any more. */
static enum vg_code conclude(struct run *run)
{
    struct cli_call *call = run->call;
    enum vg_code recorded = record(run);
    struct vg_error error = call->error;
    call->error = (struct vg_error){.code = VG_OK};
    enum vg_code told = report(run);
    if (recorded != VG_OK)
        call->error = error;
    return recorded != VG_OK ? recorded : told;
}

static enum vg_code rehearse(struct run *run)
{
    uint64_t total_ms = BEFORE_MS + run->plan.duration_ms + AFTER_MAX_MS;
    enum vg_code code =
        drill_probes_start(run->call, &run->cluster, &run->id, total_ms, &run->probes);
    if (code != VG_OK)
        return code;
    sleep_to(run, BEFORE_MS * 1000);
    code = start(run);
    if (code != VG_OK)
        return code;
    measure_through(run);
    code = compute(run);
    return code == VG_OK ? conclude(run) : code;
}

static enum vg_code carry_out(struct run *run)
{
    enum vg_code code = propose(run);
    if (code != VG_OK || run->call->settings.dry_run)
        return code;
    announce(run);
    code = await_approval(run);
    if (code == VG_OK)
        code = drill_cluster_check(run->call, &run->cluster);
    return code == VG_OK ? rehearse(run) : code;
}

static struct run run_begin(struct cli_call *call)
{
    return (struct run){.call = call,
                        .hit = json_array(),
                        .refused = json_array(),
                        .figures = vg_alloc_zero(1, sizeof(struct measure_figures))};
}

static void run_free(struct run *run)
{
    drill_probes_free(run->probes);
    free(run->figures);
    json_decref(run->hit);
    json_decref(run->refused);
}

static enum vg_code run_drill(struct cli_call *call)
{
    struct cli_author *author;
    struct run run = run_begin(call);
    enum vg_code code = read_plan(call, &run.plan);
    if (code == VG_OK)
        code = cli_author_open(call, &author);
    if (code == VG_OK)
        code = check_first(&run);
    if (code == VG_OK)
        code = carry_out(&run);
    run_free(&run);
    return code;
}

/* ---- one that was approved ---------------------------------------------------------------------
 */

/* `drill` is kept as long as the run. */
static enum vg_code plan_of(struct run *run, const json_t *drill)
{
    snprintf(run->name, sizeof run->name, "%s", cli_json_text(drill, "id"));
    run->plan = (struct plan){
        .kind = (enum response_drill_kind)response_number(response_drill_kinds,
                                                          cli_json_text(drill, "kind")),
        .node = cli_json_number(drill, "node"),
        .region = cli_json_text(drill, "region"),
        .duration_ms = cli_json_number(drill, "duration_ms"),
        .delay_ms = cli_json_number(drill, "delay_ms"),
    };
    if (vg_id_parse(run->name, &run->id) && run->plan.kind != 0)
        return VG_OK;
    return vg_fail(&run->call->error, VG_INTEGRITY, "the node tells of a drill that is none");
}

static enum vg_code run_approved(struct cli_call *call)
{
    struct cli_author *author;
    struct run run = run_begin(call);
    json_t *drill = NULL;
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK) {
        drill =
            cli_query(call, json_pack("{s:s, s:s}", "query", "drill.show", "id", call->words[0]));
        code = drill != NULL ? plan_of(&run, drill) : call->error.code;
    }
    if (code == VG_OK)
        code = check_first(&run);
    if (code == VG_OK && call->settings.dry_run)
        cli_print_would(call->settings.output, "run drill %s", run.name);
    else if (code == VG_OK)
        code = rehearse(&run);
    run_free(&run);
    json_decref(drill);
    return code;
}

/* ---- the commands ------------------------------------------------------------------------------
 */

#define COMMON_OPTIONS                                                                             \
    {.name = "duration", .value = "TIME", .help = "how long the fault lasts, 5s to 10m (10s)"},    \
        {.name = "recovery", .value = "TIME", .help = "target: all regions served again (5s)"},    \
        {.name = "stalled", .value = "TIME", .help = "target: no region stalled longer (5s)"},     \
        {.name = "reason", .value = "TEXT", .help = "why, for who approves and for the record"},   \
        {.name = "wait", .value = "TIME", .help = "how long to wait for the approval (10m)"},      \
        {.name = "html", .value = "FILE", .help = "write the report as a page, too"},              \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct cli_option options[] = {COMMON_OPTIONS};
static const struct cli_option slow_options[] = {
    {.name = "delay", .value = "TIME", .help = "how late what the region sends is, to 5s (100ms)"},
    COMMON_OPTIONS};

static const struct cli_option run_options[] = {
    {.name = "html", .value = "FILE", .help = "write the report as a page, too"},
    {.name = NULL},
};

static const char about[] =
    "Asks for a second person's signature, then probes every region with writes and reads while\n"
    "the fault lasts. The nodes hold the fault by their own clocks, so it ends even if this\n"
    "program does not live to see it. Exit 0 when every target was met, 1 when not.";

const struct cli_command drill_commands[] = {
    {.name = "leader-loss",
     .summary = "The leader answers nobody for a while",
     .about = about,
     .examples = "  vigil cluster drill leader-loss --reason 'quarterly rehearsal'\n"
                 "  vigil cluster drill leader-loss --recovery 3s --html report.html",
     .options = options,
     .run = run_drill,
     .flags = CLI_CHANGES},
    {.name = "node-loss",
     .words = "NODE",
     .words_min = 1,
     .words_max = 1,
     .summary = "A node answers nobody for a while",
     .about = about,
     .examples = "  vigil cluster drill node-loss 2 --duration 30s",
     .options = options,
     .run = run_drill,
     .flags = CLI_CHANGES},
    {.name = "isolate",
     .words = "NODE|REGION",
     .words_min = 1,
     .words_max = 1,
     .summary = "A node, or all of a region, is cut off from the others",
     .about = about,
     .examples = "  vigil cluster drill isolate emea",
     .options = options,
     .run = run_drill,
     .flags = CLI_CHANGES},
    {.name = "slow-region",
     .words = "REGION",
     .words_min = 1,
     .words_max = 1,
     .summary = "What a region sends to others is late",
     .about = about,
     .examples = "  vigil cluster drill slow-region amer --delay 150ms",
     .options = slow_options,
     .run = run_drill,
     .flags = CLI_CHANGES},
    {.name = "disk-full",
     .words = "NODE",
     .words_min = 1,
     .words_max = 1,
     .summary = "A node takes no commands, as if its disk were full",
     .about = about,
     .examples = "  vigil cluster drill disk-full 3",
     .options = options,
     .run = run_drill,
     .flags = CLI_CHANGES},
    {.name = "run",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Run a drill that was approved and not started, within the hour",
     .examples = "  vigil cluster drill run ID --html report.html",
     .options = run_options,
     .run = run_approved,
     .flags = CLI_CHANGES},
    {.name = "list",
     .summary = "List drills with what came of them, and the trend",
     .examples = "  vigil cluster drill list",
     .run = drill_run_list},
    {.name = "show",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Show one drill and how it compares with those before",
     .examples = "  vigil cluster drill show ID",
     .run = drill_run_show},
    {.name = NULL},
};
