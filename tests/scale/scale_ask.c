/* SPDX-License-Identifier: Apache-2.0
 * Asks two nodes the same questions in turn, so that both have the same machine, and prints the
 * times of each as JSON: {QUESTION: {"p50_us": [A, B], "p99_us": [A, B], "ratio": B / A}}. The
 * p99 is the median of those of BLOCKS blocks: one stall of the machine is in one block.
 *
 *     scale-ask ROUNDS URL#KEY CLUSTER IDENTITY URL#KEY CLUSTER IDENTITY */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "ops/bench/histogram.h"
#include "ops/cli/core/client.h"
#include "ops/cli/core/output.h"

enum { BLOCKS = 9, NODES = 2, WORDS = 3, PAGE = 500, IDS_MAX = 1000, TIMEOUT_MS = 60000 };

struct asked {
    struct cli_access *access;
    struct cli_client *client;
    json_t *ids; /* of open incidents */
    struct bench_histogram blocks[BLOCKS];
    struct bench_histogram all;
};

/* The answer of a question; ends the program without one. */
static json_t *ask(struct asked *asked, json_t *question)
{
    json_t *answer = NULL;
    json_t *details = NULL;
    struct vg_error error;
    if (cli_client_query(asked->client, question, &answer, &error, &details) != VG_OK) {
        fprintf(stderr, "scale-ask: %s\n", error.text);
        exit(1);
    }
    json_decref(question);
    json_decref(details);
    return answer;
}

/* To a node of a cluster as a person: three words. */
static void connect_to(char *const words[WORDS], struct asked *asked)
{
    struct cli_settings settings;
    struct vg_error error;
    struct cli_flags flags = {.node = words[0], .local = true};
    enum vg_code code = cli_settings_resolve(&flags, &settings, &error);
    if (code == VG_OK)
        code = cli_access_open(words[2], words[1], &asked->access, &error);
    if (code == VG_OK)
        code = cli_client_new(asked->access, settings.nodes, 1, TIMEOUT_MS, &asked->client, &error);
    if (code != VG_OK) {
        fprintf(stderr, "scale-ask: %s\n", error.text);
        exit(1);
    }
    cli_settings_free(&settings);
}

/* All open incidents, page after page. */
static void list(struct asked *asked, const char *id)
{
    char after[64] = "";
    (void)id;
    for (size_t count = 1; count > 0;) {
        json_t *page = ask(asked, json_pack("{s:s, s:s?, s:i}", "query", "incident.list", "after",
                                            after[0] != 0 ? after : NULL, "limit", PAGE));
        count = json_array_size(page);
        if (count > 0)
            snprintf(after, sizeof after, "%s",
                     cli_json_text(json_array_get(page, count - 1), "id"));
        if (json_array_size(asked->ids) < IDS_MAX)
            json_array_extend(asked->ids, page);
        json_decref(page);
    }
}

static void show(struct asked *asked, const char *id)
{
    json_decref(ask(asked, json_pack("{s:s, s:s}", "query", "incident.page", "id", id)));
}

static void timeline(struct asked *asked, const char *id)
{
    json_decref(ask(asked, json_pack("{s:s, s:s}", "query", "incident.timeline", "id", id)));
}

static const struct {
    const char *name;
    void (*ask)(struct asked *asked, const char *id);
    uint32_t share; /* one of so many rounds: a list is long */
} questions[] = {{"list", list, 20}, {"show", show, 1}, {"timeline", timeline, 1}};

static int by_size(const void *a, const void *b)
{
    const uint64_t *one = a;
    const uint64_t *other = b;
    return (*one > *other) - (*one < *other);
}

static uint64_t median_p99(const struct asked *asked)
{
    uint64_t times[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        times[i] = bench_histogram_at(&asked->blocks[i], 0.99);
    qsort(times, BLOCKS, sizeof *times, by_size);
    return times[BLOCKS / 2];
}

/* Every answer once, unmeasured: what a start pays for its first touch of each page is not in it.
 */
static void warm_up(struct asked *asked, size_t question)
{
    uint32_t count = questions[question].share > 1 ? 1 : (uint32_t)json_array_size(asked->ids);
    for (uint32_t i = 0; i < count; i++)
        questions[question].ask(asked, cli_json_text(json_array_get(asked->ids, i), "id"));
}

static json_t *measure(struct asked asked[NODES], size_t question, uint32_t rounds)
{
    for (int node = 0; node < NODES; node++) {
        memset(asked[node].blocks, 0, sizeof asked[node].blocks);
        memset(&asked[node].all, 0, sizeof asked[node].all);
        warm_up(&asked[node], question);
    }
    for (uint32_t i = 0; i < rounds / questions[question].share; i++) {
        for (int node = 0; node < NODES; node++) {
            const json_t *ids = asked[node].ids;
            const json_t *incident = json_array_get(ids, i % json_array_size(ids));
            uint64_t from = vg_clock_system.monotonic_us();
            questions[question].ask(&asked[node], cli_json_text(incident, "id"));
            uint64_t time = vg_clock_system.monotonic_us() - from;
            bench_histogram_add(&asked[node].blocks[i % BLOCKS], time);
            bench_histogram_add(&asked[node].all, time);
        }
    }
    uint64_t p99[] = {median_p99(&asked[0]), median_p99(&asked[1])};
    return json_pack(
        "{s:[I, I], s:[I, I], s:f}", "p50_us", (json_int_t)bench_histogram_at(&asked[0].all, 0.5),
        (json_int_t)bench_histogram_at(&asked[1].all, 0.5), "p99_us", (json_int_t)p99[0],
        (json_int_t)p99[1], "ratio", (double)p99[1] / (double)p99[0]);
}

int main(int argc, char **argv)
{
    static struct asked asked[NODES];
    if (argc != 2 + WORDS * NODES) {
        fprintf(stderr, "usage: scale-ask ROUNDS, and twice URL#KEY CLUSTER IDENTITY\n");
        return 2;
    }
    vg_crypto_init();
    for (int i = 0; i < NODES; i++) {
        asked[i].ids = json_array();
        connect_to(&argv[2 + WORDS * i], &asked[i]);
        list(&asked[i], NULL);
    }
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        json_object_set_new(out, questions[i].name,
                            measure(asked, i, (uint32_t)strtoul(argv[1], NULL, 10)));
    json_object_set_new(out, "open",
                        json_pack("[i, i]", (int)json_array_size(asked[0].ids),
                                  (int)json_array_size(asked[1].ids)));
    json_dumpf(out, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(out);
    for (int i = 0; i < NODES; i++) {
        cli_client_free(asked[i].client);
        cli_access_free(asked[i].access);
        json_decref(asked[i].ids);
    }
    return 0;
}
