/* SPDX-License-Identifier: Apache-2.0
 * `vigil history`: what clients saw, judged (docs/history.md). */
#include <inttypes.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/file.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/output.h"
#include "ops/drill/check/linear.h"

enum { SECONDS = 60, MEMORY_MIB = 1024, MIB = 1024 * 1024 };

static const struct cli_option check_options[] = {
    {.name = "seconds", .value = "N", .help = "give up after that long (60)"},
    {.name = "memory", .value = "MIB", .help = "give up beyond that much memory (1024)"},
    {.name = NULL},
};

static bool is_over(void *context)
{
    const uint64_t *deadline_us = context;
    return vg_clock_system.monotonic_us() > *deadline_us;
}

static json_t *tell(const struct history_object *object, enum linear_verdict verdict,
                    const struct linear_finding *finding)
{
    static const char *const verdicts[] = {[LINEAR_YES] = "linearizable",
                                           [LINEAR_NO] = "not-linearizable",
                                           [LINEAR_UNDECIDED] = "inconclusive"};
    json_t *out = json_pack("{s:s, s:s, s:I, s:s}", "object", object->name, "kind",
                            object->is_list ? "list" : "register", "operations",
                            (json_int_t)object->count, "verdict", verdicts[verdict]);
    if (verdict != LINEAR_YES) {
        json_object_set_new(out, "line", json_integer((json_int_t)finding->line));
        json_object_set_new(out, "why", json_string(finding->text));
    }
    return out;
}

/* What the worst of the verdicts is for the caller. */
static enum vg_code conclude(struct cli_call *call, const char *path, const json_t *bad,
                             enum linear_verdict worst)
{
    const json_t *first = json_array_get(bad, 0);
    if (worst == LINEAR_YES)
        return VG_OK;
    return vg_fail(&call->error, worst == LINEAR_NO ? VG_INTEGRITY : VG_TIMEOUT,
                   "%s: line %" PRIu64 ": '%s' is %s: %s", path, cli_json_number(first, "line"),
                   cli_json_text(first, "object"),
                   worst == LINEAR_NO ? "not linearizable"
                                      : "not decided, which is not a proof; give more --seconds or "
                                        "--memory",
                   cli_json_text(first, "why"));
}

/* Judges every object; `bad` are those that did not pass, the refuted before the undecided. */
static enum linear_verdict judge(const struct history *history, const struct linear_limits *limits,
                                 json_t *bad)
{
    enum linear_verdict worst = LINEAR_YES;
    for (size_t i = 0; i < history->object_count; i++) {
        struct linear_finding finding = {0};
        enum linear_verdict verdict = linear_check(&history->objects[i], limits, &finding);
        if (verdict == LINEAR_YES)
            continue;
        json_t *told = tell(&history->objects[i], verdict, &finding);
        if (verdict == LINEAR_NO && worst != LINEAR_NO)
            json_array_insert_new(bad, 0, told);
        else
            json_array_append_new(bad, told);
        if (worst != LINEAR_NO)
            worst = verdict;
    }
    return worst;
}

static enum vg_code check(struct cli_call *call, const char *path, const struct history *history,
                          const struct linear_limits *limits)
{
    json_t *bad = json_array();
    enum linear_verdict worst = judge(history, limits, bad);
    if (cli_is_json(call->settings.output)) {
        json_t *out = json_pack("{s:s, s:I, s:I, s:O}", "file", path, "objects",
                                (json_int_t)history->object_count, "operations",
                                (json_int_t)history->operation_count, "failed", bad);
        cli_print_json(stdout, call->settings.output, out);
        json_decref(out);
    } else {
        printf("%zu operations on %zu objects, %zu of them not linearizable or not decided\n",
               history->operation_count, history->object_count, json_array_size(bad));
    }
    enum vg_code code = conclude(call, path, bad, worst);
    json_decref(bad);
    return code;
}

static enum vg_code run_check(struct cli_call *call)
{
    const char *path = call->words[0];
    struct vg_buffer bytes = {0};
    struct history history = {0};
    uint64_t seconds = 0;
    uint64_t mib = 0;
    if (cli_number(call, "seconds", 1, 86400, SECONDS, &seconds) != VG_OK ||
        cli_number(call, "memory", 1, 1024 * 1024, MEMORY_MIB, &mib) != VG_OK)
        return call->error.code;
    enum vg_code code = vg_file_read(path, HISTORY_BYTES_MAX, &bytes, &call->error);
    if (code == VG_OK)
        code = history_parse(path, vg_buffer_span(&bytes), &history, &call->error);
    vg_buffer_free(&bytes);
    if (code == VG_OK) {
        uint64_t deadline_us = vg_clock_system.monotonic_us() + seconds * 1000000;
        const struct linear_limits limits = {
            .memory_max = mib * MIB, .is_over = is_over, .context = &deadline_us};
        code = check(call, path, &history, &limits);
    }
    history_free(&history);
    return code;
}

const struct cli_command history_commands[] = {
    {.name = "check",
     .words = "FILE",
     .words_min = 1,
     .words_max = 1,
     .summary = "Say whether what clients saw is linearizable",
     .about =
         "Judges every object of a history (docs/history.md) by itself. What cannot be decided in\n"
         "time has not passed. Exit code 0: linearizable; 4: not; 3: not decided; 2: no history.",
     .examples = "  vigil history check nemesis.jsonl\n"
                 "  vigil history check nemesis.jsonl --seconds 600 -o json",
     .options = check_options,
     .run = run_check,
     .flags = CLI_LOCAL},
    {.name = NULL},
};
