/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/vigil-nemesis/workload.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/prng.h"
#include "ops/cli/core/output.h"

enum {
    SLOTS = 6,       /* incidents that are worked on at a time */
    NOTES_MAX = 150, /* of one, so that its timeline is one answer */
    TIMELINE_MAX = 500,
    PATIENCE_MS = 800,
    GRADES = 5, /* sev0 to sev4, p0 to p4 */
};

/* What a client does next, in percent. */
enum { APPEND_PERCENT = 40, LIST_PERCENT = 35, SWAP_PERCENT = 12 };

struct incident {
    vg_id id;
    uint64_t notes; /* called so far: the values of its list are 1.. */
};

struct workload {
    const struct cli_author *author;
    const struct cli_settings *settings;
    vg_id compartment;
    struct recorder *recorder;
    struct client *clients;
    uint32_t client_count;
    uint32_t running; /* of them have a thread */
    atomic_bool over;
    pthread_mutex_t lock; /* of what follows */
    uint64_t next_client; /* ids: one that loses an outcome goes on as another */
    struct incident *incidents;
    uint64_t incident_count; /* the last SLOTS are worked on */
    struct workload_figures figures;
};

struct client {
    struct workload *workload;
    pthread_t thread;
    uint64_t id;
    struct cli_client *connection;
    struct vg_prng prng;
    struct vg_buffer bytes; /* scratch */
};

/* ---- what is kept ------------------------------------------------------------------------------
 */

static uint64_t new_client_id(struct workload *workload)
{
    pthread_mutex_lock(&workload->lock);
    uint64_t id = ++workload->next_client;
    pthread_mutex_unlock(&workload->lock);
    return id;
}

/* An answer that is wrong whatever went wrong; the first one is kept. */
static void complain(struct workload *workload, const struct vg_error *error, const char *doing)
{
    pthread_mutex_lock(&workload->lock);
    if (workload->figures.wrong.code == VG_OK)
        vg_fail(&workload->figures.wrong, error->code, "while %s: %s", doing, error->text);
    pthread_mutex_unlock(&workload->lock);
    atomic_store(&workload->over, true);
}

static void count_outcome(struct workload *workload, enum history_outcome outcome)
{
    struct workload_figures *figures = &workload->figures;
    pthread_mutex_lock(&workload->lock);
    figures->ok += outcome == HISTORY_OK;
    figures->failed += outcome == HISTORY_FAILED;
    figures->unknown += outcome == HISTORY_UNKNOWN;
    pthread_mutex_unlock(&workload->lock);
}

static bool is_passing(enum vg_code code)
{
    return code == VG_UNAVAILABLE || code == VG_TIMEOUT || code == VG_BUSY;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

static enum vg_code submit(struct client *client, const vg_id *request,
                           const struct response_command *command,
                           const struct ledger_expectation *expected, struct vg_error *error)
{
    const struct workload *workload = client->workload;
    json_t *answer = NULL;
    json_t *details = NULL;
    enum vg_code code =
        cli_command_sign(workload->author, &workload->compartment, request, expected,
                         expected != NULL ? 1 : 0, command, &client->bytes, error);
    struct wire_request submit = {.kind = WIRE_SUBMIT, .body = vg_buffer_span(&client->bytes)};
    if (code == VG_OK)
        code = cli_client_call(client->connection, &submit, &answer, error, &details);
    json_decref(answer);
    json_decref(details);
    return code;
}

static json_t *ask(struct client *client, json_t *query, struct vg_error *error)
{
    json_t *answer = NULL;
    json_t *details = NULL;
    cli_client_query(client->connection, query, &answer, error, &details);
    json_decref(query);
    json_decref(details);
    return answer;
}

/* Records what became of a write, and becomes another client where nobody knows. */
static void record_write(struct client *client, const struct vg_error *error, const char *doing)
{
    struct workload *workload = client->workload;
    enum history_outcome outcome = HISTORY_OK;
    if (error->code == VG_BUSY || error->code == VG_CONFLICT)
        outcome = HISTORY_FAILED;
    else if (is_passing(error->code))
        outcome = HISTORY_UNKNOWN;
    else if (error->code != VG_OK)
        complain(workload, error, doing);
    if (error->code != VG_OK && outcome == HISTORY_OK)
        outcome = HISTORY_UNKNOWN;
    recorder_outcome(workload->recorder, client->id, outcome, NULL, 0, false);
    count_outcome(workload, outcome);
    if (outcome == HISTORY_UNKNOWN)
        client->id = new_client_id(workload);
}

/* A read that was not answered has no effect. */
static void record_read(struct client *client, const struct vg_error *error, const uint64_t *read,
                        size_t count, bool is_list, const char *doing)
{
    struct workload *workload = client->workload;
    bool ok = error->code == VG_OK;
    if (!ok && !is_passing(error->code))
        complain(workload, error, doing);
    recorder_outcome(workload->recorder, client->id, ok ? HISTORY_OK : HISTORY_FAILED,
                     ok ? read : NULL, count, is_list);
    count_outcome(workload, ok ? HISTORY_OK : HISTORY_FAILED);
}

/* ---- the four operations -----------------------------------------------------------------------
 */

enum { OBJECT_NAME = VG_ID_TEXT + 12 };

static void object_name(const vg_id *incident, const char *what, char out[OBJECT_NAME])
{
    char id[VG_ID_TEXT];
    vg_id_format(incident, id);
    snprintf(out, OBJECT_NAME, "%s/%s", id, what);
}

static void append(struct client *client, const vg_id *incident, uint64_t value)
{
    char object[OBJECT_NAME];
    char text[24];
    vg_id request = cli_request_make();
    struct vg_error error = {.code = VG_OK};
    object_name(incident, "notes", object);
    snprintf(text, sizeof text, "%" PRIu64, value);
    const struct response_command command = {
        .op = RESPONSE_OP_NOTE,
        .note = {.incident = *incident, .kind = RESPONSE_NOTE, .text = vg_span_text(text)}};
    recorder_call(client->workload->recorder, client->id, HISTORY_APPEND, object, value, 0);
    submit(client, &request, &command, NULL, &error);
    record_write(client, &error, "appending");
}

/* The notes of one answer, in their order. */
static size_t notes_of(const json_t *timeline, uint64_t out[TIMELINE_MAX])
{
    size_t count = 0;
    size_t i;
    json_t *event;
    json_array_foreach(timeline, i, event)
    {
        if (strcmp(cli_json_text(event, "kind"), "note") == 0 && count < TIMELINE_MAX)
            out[count++] = strtoull(cli_json_text(event, "text"), NULL, 10);
    }
    return count;
}

static void list(struct client *client, const vg_id *incident)
{
    char object[OBJECT_NAME];
    char id[VG_ID_TEXT];
    uint64_t values[TIMELINE_MAX];
    struct vg_error error = {.code = VG_OK};
    object_name(incident, "notes", object);
    vg_id_format(incident, id);
    recorder_call(client->workload->recorder, client->id, HISTORY_LIST, object, 0, 0);
    json_t *timeline = ask(
        client,
        json_pack("{s:s, s:s, s:i}", "query", "incident.timeline", "id", id, "limit", TIMELINE_MAX),
        &error);
    size_t count = notes_of(timeline, values);
    record_read(client, &error, values, count, true, "reading a timeline");
    json_decref(timeline);
}

/* A severity as a number of its own: revision, severity and priority together. */
static uint64_t token_of(uint64_t revision, uint64_t severity, uint64_t priority)
{
    return revision == 0 ? 0 : revision * GRADES * GRADES + severity * GRADES + priority;
}

/* Reads the severity; false if it could not be. */
static bool read_severity(struct client *client, const vg_id *incident, uint64_t *token)
{
    char object[OBJECT_NAME];
    char id[VG_ID_TEXT];
    struct vg_error error = {.code = VG_OK};
    object_name(incident, "severity", object);
    vg_id_format(incident, id);
    recorder_call(client->workload->recorder, client->id, HISTORY_READ, object, 0, 0);
    json_t *shown =
        ask(client, json_pack("{s:s, s:s}", "query", "incident.show", "id", id), &error);
    *token = token_of(cli_json_number(shown, "revision.severity"),
                      cli_json_number(shown, "severity"), cli_json_number(shown, "priority"));
    record_read(client, &error, token, 1, false, "reading a severity");
    json_decref(shown);
    return error.code == VG_OK;
}

/* Changes the severity from what was just read. */
static void swap(struct client *client, const vg_id *incident)
{
    char object[OBJECT_NAME];
    uint64_t before;
    uint64_t severity = vg_prng_below(&client->prng, GRADES);
    uint64_t priority = vg_prng_below(&client->prng, GRADES);
    vg_id request = cli_request_make();
    struct vg_error error = {.code = VG_OK};
    if (!read_severity(client, incident, &before))
        return;
    uint64_t revision = before / (GRADES * GRADES);
    const struct response_command command = {.op = RESPONSE_OP_SEVERITY,
                                             .severity = {.incident = *incident,
                                                          .severity = (uint8_t)(severity + 1),
                                                          .priority = (uint8_t)(priority + 1),
                                                          .reason = vg_span_text("a drill")}};
    const struct ledger_expectation expected = {.aspect = RESPONSE_ASPECT_SEVERITY,
                                                .revision = revision};
    object_name(incident, "severity", object);
    recorder_call(client->workload->recorder, client->id, HISTORY_SWAP, object,
                  token_of(revision + 1, severity, priority), before);
    submit(client, &request, &command, &expected, &error);
    record_write(client, &error, "changing a severity");
}

/* ---- incidents ---------------------------------------------------------------------------------
 */

/* Makes an incident to work on, however often it has to be asked for: under one id, it is one. */
static bool open_incident(struct client *client)
{
    struct workload *workload = client->workload;
    vg_id request = cli_request_make();
    struct vg_error error = {.code = VG_BUSY};
    const struct response_command command = {
        .op = RESPONSE_OP_DETECT,
        .detect = {.source = RESPONSE_SOURCE_OPERATOR, .title = vg_span_text("drill: nemesis")}};
    while (is_passing(error.code) && !atomic_load(&workload->over))
        submit(client, &request, &command, NULL, &error);
    if (error.code != VG_OK) {
        if (!is_passing(error.code))
            complain(workload, &error, "opening an incident");
        return false;
    }
    pthread_mutex_lock(&workload->lock);
    workload->incidents = vg_realloc(workload->incidents,
                                     (workload->incident_count + 1) * sizeof *workload->incidents);
    workload->incidents[workload->incident_count++] = (struct incident){.id = request};
    pthread_mutex_unlock(&workload->lock);
    return true;
}

/* One of those worked on, and the next value of its list if it is to be appended to. */
static bool pick(struct client *client, bool appends, vg_id *incident, uint64_t *value)
{
    struct workload *workload = client->workload;
    uint64_t slot = vg_prng_below(&client->prng, SLOTS);
    pthread_mutex_lock(&workload->lock);
    struct incident *picked = &workload->incidents[workload->incident_count - 1 - slot];
    bool full = appends && picked->notes == NOTES_MAX;
    picked->notes += appends && !full;
    *incident = picked->id;
    *value = picked->notes;
    pthread_mutex_unlock(&workload->lock);
    return !full || (open_incident(client) && pick(client, appends, incident, value));
}

/* ---- a client ----------------------------------------------------------------------------------
 */

static void do_one(struct client *client)
{
    vg_id incident;
    uint64_t value;
    uint64_t dice = vg_prng_below(&client->prng, 100);
    bool appends = dice < APPEND_PERCENT;
    if (!pick(client, appends, &incident, &value))
        return;
    if (appends)
        append(client, &incident, value);
    else if (dice < APPEND_PERCENT + LIST_PERCENT)
        list(client, &incident);
    else if (dice < APPEND_PERCENT + LIST_PERCENT + SWAP_PERCENT)
        swap(client, &incident);
    else
        read_severity(client, &incident, &value);
}

static void *work(void *context)
{
    struct client *client = context;
    while (!atomic_load(&client->workload->over))
        do_one(client);
    return NULL;
}

static void client_open(struct client *client, struct workload *workload, uint32_t number,
                        uint64_t seed)
{
    const struct cli_settings *settings = workload->settings;
    struct cli_node nodes[CLI_NODES_MAX];
    struct vg_error error;
    client->workload = workload;
    client->id = new_client_id(workload);
    client->prng = vg_prng_seed(seed ^ (0x9e3779b97f4a7c15U * (number + 1)));
    /* every other one stays with its own node, whatever becomes of it: who leads there no longer
     * must not serve what it knows */
    unsigned count = number % 2 == 0 ? settings->node_count : 1;
    for (unsigned i = 0; i < count; i++)
        nodes[i] = settings->nodes[(i + number) % settings->node_count];
    if (cli_client_new(workload->author->access, nodes, count, PATIENCE_MS, &client->connection,
                       &error) != VG_OK)
        complain(workload, &error, "connecting");
}

static void client_close(struct client *client)
{
    cli_client_free(client->connection);
    vg_buffer_free(&client->bytes);
}

/* ---- all of them -------------------------------------------------------------------------------
 */

struct workload *workload_start(struct cli_call *call, const vg_id *compartment,
                                struct recorder *recorder, uint32_t clients, uint64_t seed)
{
    struct workload *workload = vg_alloc_zero(1, sizeof *workload);
    workload->author = call->author;
    workload->settings = &call->settings;
    workload->compartment = *compartment;
    workload->recorder = recorder;
    workload->clients = vg_alloc_zero(clients, sizeof *workload->clients);
    workload->client_count = clients;
    pthread_mutex_init(&workload->lock, NULL);
    for (uint32_t i = 0; i < clients; i++)
        client_open(&workload->clients[i], workload, i, seed);
    while (workload->incident_count < SLOTS && open_incident(&workload->clients[0]))
        continue;
    for (; workload->running < clients && workload->incident_count >= SLOTS; workload->running++) {
        struct client *client = &workload->clients[workload->running];
        if (pthread_create(&client->thread, NULL, work, client) != 0)
            break;
    }
    return workload;
}

/* Reads until it is answered: everything is healed. */
static void read_all(struct client *client)
{
    struct workload *workload = client->workload;
    for (uint64_t i = 0; i < workload->incident_count; i++) {
        uint64_t ok = workload->figures.ok;
        uint64_t token;
        while (workload->figures.ok == ok && workload->figures.wrong.code == VG_OK)
            list(client, &workload->incidents[i].id);
        while (workload->figures.wrong.code == VG_OK &&
               !read_severity(client, &workload->incidents[i].id, &token))
            continue;
    }
}

void workload_end(struct workload *workload, struct workload_figures *out)
{
    atomic_store(&workload->over, true);
    for (uint32_t i = 0; i < workload->running; i++)
        pthread_join(workload->clients[i].thread, NULL);
    if (workload->running > 0)
        read_all(&workload->clients[0]);
    for (uint32_t i = 0; i < workload->client_count; i++)
        client_close(&workload->clients[i]);
    workload->figures.incidents = workload->incident_count;
    *out = workload->figures;
    pthread_mutex_destroy(&workload->lock);
    free(workload->incidents);
    free(workload->clients);
    free(workload);
}
