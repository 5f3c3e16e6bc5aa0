/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/bench/bench.h"

#include <stdio.h>

#include "ops/bench/loop.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"

const char bench_about[] =
    "Each client has an incident of its own and adds notes to it, or reads it, one request\n"
    "at a time, each waiting for its answer: a write is durable on a quorum and applied when it "
    "is\n"
    "answered, a read is linearizable. Commands are signed as they are sent. Clients are spread\n"
    "over the nodes. With --rate operations begin evenly, that many in a second, and the time of\n"
    "one counts from when it was to begin, though all clients may still wait for others then.";

const char bench_examples[] = "  vigil bench\n"
                              "  vigil bench --clients 64 --payload 1024 --seconds 30 -o json\n"
                              "  vigil bench --clients 4 --ops 10000 --read-mix 50";

const struct cli_option bench_options[] = {
    {.name = "clients", .value = "N", .help = "how many at a time (16)"},
    {.name = "payload", .value = "BYTES", .help = "text of each note (256)"},
    {.name = "seconds", .value = "N", .help = "how long (10)"},
    {.name = "ops", .value = "N", .help = "this many operations instead of a time"},
    {.name = "rate", .value = "N", .help = "begin so many in a second, instead of when answered"},
    {.name = "read-mix", .value = "PERCENT", .help = "how many of the operations read (0)"},
    {.name = "compartment", .value = "NAME", .help = "where the incidents are made"},
    {.name = NULL},
};

static const struct cli_column run_columns[] = {
    {.title = "clients", .path = "clients"},
    {.title = "payload", .path = "payload"},
    {.title = "offered per second", .path = "rate"},
    {.title = "seconds", .path = "seconds"},
    {.title = "operations", .path = "operations"},
    {.title = "errors", .path = "errors"},
    {.title = "repeats", .path = "repeats"},
    {.title = "per second", .path = "throughput_per_s"},
    {.title = "log transactions", .path = "log_transactions"},
    {.title = "writes per transaction", .path = "writes_per_transaction"},
    {.title = NULL},
};

static const struct cli_column latency_columns[] = {
    {.title = "KIND", .path = "kind"},
    {.title = "COUNT", .path = "count", .number = true},
    {.title = "PER S", .path = "per_s", .number = true},
    {.title = "P50 MS", .path = "p50_ms", .number = true},
    {.title = "P90 MS", .path = "p90_ms", .number = true},
    {.title = "P99 MS", .path = "p99_ms", .number = true},
    {.title = "P99.9 MS", .path = "p999_ms", .number = true},
    {.title = "MAX MS", .path = "max_ms", .number = true},
    {.title = NULL},
};

static enum vg_code read_plan(struct cli_call *call, struct bench_plan *plan)
{
    uint64_t clients, payload, seconds, operations, rate, reads;
    enum vg_code code = cli_number(call, "clients", 1, BENCH_CLIENTS_MAX, 16, &clients);
    if (code == VG_OK)
        code = cli_number(call, "payload", 1, VG_TEXT_MAX, 256, &payload);
    if (code == VG_OK)
        code = cli_number(call, "ops", 1, 1000000000, 0, &operations);
    if (code == VG_OK)
        code = cli_number(call, "seconds", 1, 86400, operations > 0 ? 0 : 10, &seconds);
    if (code == VG_OK)
        code = cli_number(call, "rate", 1, 1000000, 0, &rate);
    if (code == VG_OK)
        code = cli_number(call, "read-mix", 0, 100, 0, &reads);
    if (code != VG_OK)
        return code;
    if (operations > 0 && seconds > 0)
        return vg_fail(&call->error, VG_USAGE, "give --seconds or --ops, not both");
    *plan = (struct bench_plan){.clients = (uint32_t)clients,
                                .payload = (uint32_t)payload,
                                .seconds = (uint32_t)seconds,
                                .operations = operations,
                                .rate = (uint32_t)rate,
                                .read_percent = (uint32_t)reads};
    return VG_OK;
}

/* What the leader's log has done so far. */
struct log_figures {
    uint64_t leader;
    uint64_t transactions;
    uint64_t entries;
};

/* Asks each node until the leader itself answers; all zero when none says it leads. */
static struct log_figures ask_figures(struct cli_call *call)
{
    struct log_figures figures = {0};
    for (unsigned i = 0; i < call->settings.node_count && figures.leader == 0; i++) {
        json_t *answer = cli_ask_apart(cli_access(call), &call->settings.nodes[i], 1,
                                       call->settings.timeout_ms, "node.figures");
        uint64_t leader = cli_json_number(answer, "leader");
        if (leader != 0 && leader == cli_json_number(answer, "node"))
            figures =
                (struct log_figures){.leader = leader,
                                     .transactions = cli_json_number(answer, "log_transactions"),
                                     .entries = cli_json_number(answer, "log_entries")};
        json_decref(answer);
    }
    return figures;
}

static double ms_at(const struct bench_histogram *histogram, double part)
{
    return (double)bench_histogram_at(histogram, part) / 1000;
}

static json_t *describe(const char *kind, const struct bench_histogram *histogram, double seconds)
{
    return json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "kind", kind, "count",
                     (json_int_t)histogram->total, "per_s", (double)histogram->total / seconds,
                     "p50_ms", ms_at(histogram, 0.5), "p90_ms", ms_at(histogram, 0.9), "p99_ms",
                     ms_at(histogram, 0.99), "p999_ms", ms_at(histogram, 0.999), "max_ms",
                     (double)histogram->max_us / 1000);
}

/* Null where leadership moved during the run, since each node counts its own transactions. */
static void set_log_figures(json_t *document, const struct log_figures *before,
                            const struct log_figures *after)
{
    bool same = before->leader != 0 && before->leader == after->leader &&
                after->transactions > before->transactions;
    double transactions = (double)(after->transactions - before->transactions);
    double entries = (double)(after->entries - before->entries);
    json_object_set_new(document, "log_transactions",
                        same ? json_integer((json_int_t)transactions) : json_null());
    json_object_set_new(document, "writes_per_transaction",
                        same ? json_real(entries / transactions) : json_null());
}

static void print_result(struct cli_call *call, const json_t *document)
{
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, document);
        return;
    }
    cli_print_fields(stdout, document, run_columns);
    json_t *kinds = json_array();
    json_array_append(kinds, json_object_get(document, "writes"));
    json_array_append(kinds, json_object_get(document, "reads"));
    fputc('\n', stdout);
    cli_print_table(stdout, call->settings.output, kinds, latency_columns);
    json_decref(kinds);
}

static enum vg_code measure(struct cli_call *call, const struct bench_plan *plan)
{
    struct bench_result result;
    struct log_figures before = ask_figures(call);
    enum vg_code code = bench_loop(call, plan, &result);
    if (code != VG_OK)
        return code;
    struct log_figures after = ask_figures(call);
    uint64_t operations = result.writes.total + result.reads.total;
    json_t *document = json_pack(
        "{s:I, s:I, s:o?, s:I, s:f, s:I, s:I, s:I, s:f, s:o, s:o, s:o?}", "clients",
        (json_int_t)plan->clients, "payload", (json_int_t)plan->payload, "rate",
        plan->rate > 0 ? json_integer(plan->rate) : NULL, "read_mix",
        (json_int_t)plan->read_percent, "seconds", result.seconds, "operations",
        (json_int_t)operations, "errors", (json_int_t)result.errors, "repeats",
        (json_int_t)result.repeats, "throughput_per_s", (double)operations / result.seconds,
        "writes", describe("write", &result.writes, result.seconds), "reads",
        describe("read", &result.reads, result.seconds), "first_error",
        result.first.code != VG_OK ? json_string(result.first.text) : NULL);
    set_log_figures(document, &before, &after);
    print_result(call, document);
    json_decref(document);
    if (result.errors > 0)
        return vg_fail(&call->error, result.first.code, "%llu of the operations failed, first: %s",
                       (unsigned long long)result.errors, result.first.text);
    return VG_OK;
}

enum vg_code bench_run(struct cli_call *call)
{
    struct bench_plan plan;
    enum vg_code code = read_plan(call, &plan);
    if (code == VG_OK)
        code = cli_compartment_find(call, cli_text(call, "compartment"), &plan.compartment);
    if (code == VG_OK && call->settings.dry_run) {
        cli_print_would(call->settings.output,
                        "make %u incidents and add notes of %u bytes to them", plan.clients,
                        plan.payload);
        return VG_OK;
    }
    return code == VG_OK ? measure(call, &plan) : code;
}
