/* SPDX-License-Identifier: Apache-2.0
 * Reading incidents: lists, timelines, and following what is committed. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/events.h"
#include "ops/cli/incident.h"
#include "ops/cli/parts.h"
#include "ops/cli/view/page.h"

enum { PAGE = 500, HOLD_MS = 5000, RETRY_MS = 500 };

json_t *incident_ask(struct cli_call *call, const char *query, const char *id)
{
    vg_id parsed;
    if (vg_id_parse(id, &parsed))
        return cli_query(call, json_pack("{s:s, s:s}", "query", query, "id", id));
    vg_fail(&call->error, VG_INVALID,
            "'%s' is not an id of an incident; it looks like "
            "0193a5f2-7c1e-7d43-9a53-0b6f1c2d3e4f",
            id);
    return NULL;
}

static const json_t *directory_of(struct cli_call *call)
{
    if (call->names == NULL)
        call->names = cli_query(call, json_pack("{s:s}", "query", "directory"));
    return call->names;
}

const json_t *incident_people(struct cli_call *call)
{
    return json_object_get(directory_of(call), "people");
}

/* ---- list --------------------------------------------------------------------------------------
 */

static const struct cli_column list_columns[] = {
    {.title = "ID", .path = "id"},
    {.title = "STAGE", .path = "stage"},
    {.title = "SEV", .path = "severity", .number = true},
    {.title = "OWNER", .path = "owner_name"},
    {.title = "SOURCE", .path = "detection.source"},
    {.title = "COUNT", .path = "detection.count", .number = true},
    {.title = "UPDATED", .path = "updated_at"},
    {.title = "TITLE", .path = "title", .cut = 60},
    {.title = "PRIO", .path = "priority", .wide = true, .number = true},
    {.title = "CLASSIFICATION", .path = "classification", .wide = true},
    {.title = "DATA RISK", .path = "data_risk", .wide = true},
    {.title = "COMPARTMENT", .path = "compartment", .wide = true},
    {.title = "REGION", .path = "region", .wide = true},
    {.title = "OWED", .path = "owed.state", .wide = true},
    {.title = "HISTORICAL", .path = "historical", .wide = true},
    {.title = "CREATED", .path = "created_at", .wide = true},
    {.title = NULL},
};

static bool wanted(const struct cli_call *call, const json_t *incident, uint64_t severity)
{
    const json_t *has = json_object_get(incident, "severity");
    return !cli_flag(call, "severity") ||
           (json_is_integer(has) && (uint64_t)json_integer_value(has) == severity);
}

/* The incidents that are wanted; `of` is out of how many. */
static enum vg_code list_all(struct cli_call *call, uint64_t severity, json_t *incidents,
                             size_t *of)
{
    json_t *all = json_array();
    size_t i;
    json_t *incident;
    enum vg_code code =
        cli_query_all(call,
                      json_pack("{s:s, s:b, s:s?, s:s?, s:i}", "query", "incident.list", "all",
                                cli_flag(call, "all"), "stage", cli_text(call, "stage"),
                                "compartment", cli_text(call, "compartment"), "limit", PAGE),
                      "id", all);
    json_array_foreach(all, i, incident)
    {
        if (wanted(call, incident, severity))
            json_array_append(incidents, incident);
    }
    *of = json_array_size(all);
    json_decref(all);
    return code;
}

static enum vg_code check_list_options(struct cli_call *call, uint64_t *severity)
{
    const char *stage = cli_text(call, "stage");
    if (stage != NULL && response_number(response_stages, stage) == 0)
        return vg_fail(&call->error, VG_USAGE,
                       "--stage is '%s'; it may be detect, assess, diagnose, stabilize or close",
                       stage);
    if (cli_flag(call, "clock"))
        return vg_fail(&call->error, VG_INVALID,
                       "no clock runs in this release: notices and their 72 hours (R20) are not "
                       "built yet, so --clock would hide what is open");
    return cli_number(call, "severity", 0, 4, 0, severity);
}

/* A table shows some aspects, and only those count as read. */
static void learn_shown(struct cli_call *call, const json_t *incidents)
{
    static const char *const shown[] = {"stage", "severity", "owner", "detection"};
    json_t *read = json_array();
    size_t i;
    json_t *incident;
    json_array_foreach(incidents, i, incident)
    {
        json_t *revision = json_object();
        const json_t *all = json_object_get(incident, "revision");
        for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
            json_object_set(revision, shown[k], json_object_get(all, shown[k]));
        json_array_append_new(read, json_pack("{s:s, s:o}", "id", cli_json_text(incident, "id"),
                                              "revision", revision));
    }
    cli_learn(call, read);
    json_decref(read);
}

static void print_list(struct cli_call *call, json_t *incidents)
{
    const json_t *people = incident_people(call);
    size_t i;
    json_t *incident;
    json_array_foreach(incidents, i, incident)
    {
        const char *owner = cli_json_text(incident, "owner");
        if (owner[0] != 0)
            json_object_set_new(incident, "owner_name",
                                json_string(cli_person_name(people, owner)));
    }
    cli_print_table(stdout, call->settings.output, incidents, list_columns);
}

void incident_say_left_out(struct cli_call *call)
{
    size_t i;
    const json_t *one;
    const json_t *directory = NULL;
    if (cli_text(call, "compartment") == NULL)
        directory = directory_of(call);
    json_array_foreach(json_object_get(directory, "compartments"), i, one)
    {
        if (!json_is_false(json_object_get(one, "served")) ||
            !json_is_string(json_object_get(one, "reads")))
            continue;
        const char *name = cli_json_text(one, "name");
        fprintf(stderr, "vigil: note: left out, since the node asked does not serve it: ");
        cli_print_inline(stderr, *name != '\0' ? name : cli_json_text(one, "id"));
        fputs("; name it: --compartment\n", stderr);
    }
}

/* Nothing to be seen is not nothing there. */
static void say_blind(struct cli_call *call)
{
    const char *named = cli_text(call, "compartment");
    const json_t *directory = directory_of(call);
    const json_t *compartments = json_object_get(directory, "compartments");
    const json_t *only = named != NULL ? cli_compartment_entry(compartments, named) : NULL;
    size_t i;
    json_t *one;
    json_array_foreach(compartments, i, one)
    {
        bool of_incidents =
            strcmp(cli_json_text(one, "id"), cli_json_text(directory, "directory")) != 0;
        if (of_incidents && (only == NULL || one == only) &&
            json_is_string(json_object_get(one, "reads")))
            return;
    }
    if (directory != NULL)
        fputs("vigil: note: you have no role that reads incidents here; an operator can give one: "
              "vigil user "
              "grant NAME responder --compartment COMPARTMENT\n",
              stderr);
}

/* What escalates is said whatever columns are shown. */
static void say_what_is_owed(const json_t *incidents)
{
    size_t i;
    size_t late = 0;
    json_t *incident;
    json_array_foreach(incidents, i, incident)
    {
        const char *state = cli_json_text(incident, "owed.state");
        late += state[0] != '\0' && strcmp(state, "waiting") != 0;
    }
    if (late > 0)
        fprintf(stderr,
                "vigil: note: %zu of these incidents owe tenants their cases for longer than they "
                "should; see vigil case owed\n",
                late);
}

enum vg_code incident_list(struct cli_call *call)
{
    uint64_t severity;
    if (check_list_options(call, &severity) != VG_OK)
        return call->error.code;
    size_t of;
    json_t *incidents = json_array();
    enum vg_code code = list_all(call, severity, incidents, &of);
    if (code == VG_OK && cli_is_json(call->settings.output)) {
        cli_learn(call, incidents);
        cli_print_json(stdout, call->settings.output, incidents);
    } else if (code == VG_OK && json_array_size(incidents) == 0) {
        printf("no %sincidents%s\n", cli_flag(call, "all") ? "" : "open ",
               of > 0 || cli_text(call, "stage") != NULL ? " like that" : "");
    } else if (code == VG_OK) {
        learn_shown(call, incidents);
        print_list(call, incidents);
        say_what_is_owed(incidents);
    }
    if (code == VG_OK && json_array_size(incidents) == 0)
        say_blind(call);
    if (code == VG_OK)
        incident_say_left_out(call);
    json_decref(incidents);
    return code;
}

/* ---- show --------------------------------------------------------------------------------------
 */

/* A page shows the parts too, and their revisions count as read. */
static void learn_page(struct cli_call *call, const json_t *page)
{
    static const struct {
        const char *kind, *aspect;
    } kinds[] = {{"tasks", "task"}, {"containment", "containment"}, {"evidence", "evidence"}};
    cli_learn(call, page);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        parts_learn(call, kinds[i].aspect, json_object_get(page, kinds[i].kind));
}

enum vg_code incident_show(struct cli_call *call)
{
    json_t *page = incident_ask(call, "incident.page", call->words[0]);
    if (page == NULL)
        return call->error.code;
    learn_page(call, page);
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, page);
    else
        view_page(stdout, cli_terminal_width(stdout), page, incident_people(call));
    json_decref(page);
    return VG_OK;
}

/* ---- document, filters -------------------------------------------------------------------------
 */

enum vg_code incident_document(struct cli_call *call)
{
    json_t *answer = incident_ask(call, "incident.document", call->words[0]);
    if (answer == NULL)
        return call->error.code;
    const json_t *document = json_object_get(answer, "document");
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, answer);
    else if (cli_bytes_check(&call->error) == VG_OK)
        fwrite(cli_json_text(document, ""), 1, json_string_length(document), stdout);
    json_decref(answer);
    return call->error.code;
}

static const struct cli_column filter_columns[] = {
    {.title = "MATCH", .path = "match"},
    {.title = "STANDS", .path = "stands"},
    {.title = "COUNT", .path = "count", .number = true},
    {.title = "LAST", .path = "last_at"},
    {.title = "INCIDENT", .path = "incident"},
    {.title = NULL},
};

enum vg_code incident_filters(struct cli_call *call)
{
    const char *place;
    json_t *filters = json_array();
    enum vg_code code = cli_compartment_name(call, cli_text(call, "compartment"), &place);
    if (code == VG_OK)
        code = cli_query_all(call,
                             json_pack("{s:s, s:s, s:i}", "query", "filter.list", "compartment",
                                       place, "limit", PAGE),
                             "match", filters);
    if (code == VG_OK && cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, filters);
    else if (code == VG_OK && json_array_size(filters) == 0)
        printf("no filters\n");
    else if (code == VG_OK)
        cli_print_table(stdout, call->settings.output, filters, filter_columns);
    json_decref(filters);
    return code;
}

/* ---- following ---------------------------------------------------------------------------------
 */

/* A follower outlives a cluster that does not answer: it says so once, and asks again. */
static bool keeps_on(struct cli_call *call, bool *told)
{
    enum vg_code code = call->error.code;
    bool passing = code == VG_UNAVAILABLE || code == VG_TIMEOUT || code == VG_BUSY;
    struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
    if (!passing || ferror(stdout))
        return false;
    if (!*told) {
        fprintf(stderr, "vigil: note: ");
        cli_print_inline(stderr, call->error.text);
        fprintf(stderr, "; going on when a node answers\n");
    }
    *told = true;
    call->error = (struct vg_error){.code = VG_OK};
    nanosleep(&pause, NULL);
    return true;
}

/* One page of a timeline after `*after`, which moves; NULL with the call's error set. */
static json_t *ask_events(struct cli_call *call, uint64_t *after, uint32_t wait_ms)
{
    json_t *page =
        cli_query(call, json_pack("{s:s, s:s, s:I, s:i, s:i}", "query", "incident.timeline", "id",
                                  call->words[0], "after", (json_int_t)*after, "limit", PAGE,
                                  "wait_ms", (int)wait_ms));
    size_t count = json_array_size(page);
    if (count > 0)
        *after = cli_json_number(json_array_get(page, count - 1), "sequence");
    return page;
}

/* Everything there is, as one document. */
static enum vg_code print_timeline(struct cli_call *call, uint64_t after)
{
    json_t *events = json_array();
    for (size_t count = 1; count > 0 && call->error.code == VG_OK;) {
        json_t *page = ask_events(call, &after, 0);
        count = json_array_size(page);
        json_array_extend(events, page);
        json_decref(page);
    }
    if (call->error.code == VG_OK)
        events_print(call, events, call->settings.output);
    json_decref(events);
    return call->error.code;
}

static enum vg_code follow_timeline(struct cli_call *call, uint64_t after)
{
    bool told = false;
    if (cli_connection(call) != NULL)
        cli_client_hold(call->client, HOLD_MS);
    do {
        json_t *page = ask_events(call, &after, HOLD_MS);
        if (page == NULL)
            continue;
        events_print(call, page, cli_is_json(call->settings.output) ? CLI_JSONL : CLI_TABLE);
        json_decref(page);
        told = false;
    } while (call->error.code == VG_OK ? !ferror(stdout) : keeps_on(call, &told));
    return call->error.code;
}

enum vg_code incident_timeline(struct cli_call *call)
{
    uint64_t after;
    vg_id id;
    if (!vg_id_parse(call->words[0], &id))
        return vg_fail(&call->error, VG_INVALID, "'%s' is not an id of an incident",
                       call->words[0]);
    if (cli_number(call, "after", 0, INT64_MAX, 0, &after) != VG_OK)
        return call->error.code;
    if (!cli_is_json(call->settings.output))
        incident_people(call);
    return cli_flag(call, "follow") ? follow_timeline(call, after) : print_timeline(call, after);
}

/* A place in the compartment's stream: without an index, now. */
struct place {
    const char *compartment;
    bool known;
    uint64_t index, number;
};

static json_t *ask_watch(struct cli_call *call, struct place *place)
{
    json_t *query = json_pack("{s:s, s:s?, s:i, s:i}", "query", "incident.watch", "compartment",
                              place->compartment, "limit", PAGE, "wait_ms", HOLD_MS);
    if (place->known) {
        json_object_set_new(query, "after", json_integer((json_int_t)place->index));
        json_object_set_new(query, "after_number", json_integer((json_int_t)place->number));
    }
    json_t *answer = cli_query(call, query);
    if (answer == NULL)
        return NULL;
    place->known = true;
    place->index = cli_json_number(answer, "index");
    place->number = cli_json_number(answer, "number");
    return answer;
}

enum vg_code incident_watch(struct cli_call *call)
{
    struct place place = {.known = cli_text(call, "from") != NULL};
    bool told = false;
    if (cli_compartment_name(call, cli_text(call, "compartment"), &place.compartment) != VG_OK ||
        cli_number(call, "from", 1, INT64_MAX, 1, &place.index) != VG_OK)
        return call->error.code;
    place.index--; /* after the entry before it */
    place.number = UINT32_MAX;
    if (!cli_is_json(call->settings.output))
        incident_people(call);
    if (cli_connection(call) != NULL)
        cli_client_hold(call->client, HOLD_MS);
    do {
        json_t *answer = ask_watch(call, &place);
        if (answer == NULL)
            continue;
        events_print(call, json_object_get(answer, "events"),
                     cli_is_json(call->settings.output) ? CLI_JSONL : CLI_TABLE);
        json_decref(answer);
        told = false;
    } while (call->error.code == VG_OK ? !ferror(stdout) : keeps_on(call, &told));
    return call->error.code;
}
