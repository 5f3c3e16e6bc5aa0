/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"

enum { PAGE = 500, FOLLOW_PAUSE_MS = 200 };

static const struct cli_column list_columns[] = {
    {.title = "ID", .path = "id"},
    {.title = "STAGE", .path = "stage"},
    {.title = "SOURCE", .path = "detection.source"},
    {.title = "COUNT", .path = "detection.count", .number = true},
    {.title = "UPDATED", .path = "updated_at"},
    {.title = "TITLE", .path = "title", .cut = 60},
    {.title = "CLASSIFICATION", .path = "classification", .wide = true},
    {.title = "SEVERITY", .path = "severity", .wide = true},
    {.title = "COMPARTMENT", .path = "compartment", .wide = true},
    {.title = "HISTORICAL", .path = "historical", .wide = true},
    {.title = "CREATED", .path = "created_at", .wide = true},
    {.title = NULL},
};

static const struct cli_column show_columns[] = {
    {.title = "title", .path = "title"},
    {.title = "id", .path = "id"},
    {.title = "compartment", .path = "compartment"},
    {.title = "stage", .path = "stage"},
    {.title = "source", .path = "detection.source"},
    {.title = "sub-kind", .path = "detection.subsource"},
    {.title = "detections", .path = "detection.count"},
    {.title = "in question", .path = "cia"},
    {.title = "product", .path = "product"},
    {.title = "classification", .path = "classification"},
    {.title = "severity", .path = "severity"},
    {.title = "historical", .path = "historical"},
    {.title = "happened", .path = "happened_at"},
    {.title = "created", .path = "created_at"},
    {.title = "updated", .path = "updated_at"},
    {.title = NULL},
};

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

static bool wanted(const struct cli_call *call, const json_t *incident, uint64_t severity)
{
    const json_t *clocks = json_object_get(incident, "clocks");
    if (cli_flag(call, "clock") && json_array_size(clocks) == 0)
        return false;
    const json_t *has = json_object_get(incident, "severity");
    return !cli_flag(call, "severity") ||
           (json_is_integer(has) && (uint64_t)json_integer_value(has) == severity);
}

/* Asks page after page until an empty one. */
static enum vg_code list_all(struct cli_call *call, uint64_t severity, json_t *incidents)
{
    char after[VG_ID_TEXT] = "";
    for (;;) {
        json_t *page = cli_query(call, json_pack("{s:s, s:b, s:s?, s:s?, s:s?, s:i}", "query",
                                                 "incident.list", "all", cli_flag(call, "all"),
                                                 "stage", cli_text(call, "stage"), "compartment",
                                                 cli_text(call, "compartment"), "after",
                                                 after[0] ? after : NULL, "limit", PAGE));
        if (page == NULL)
            return call->error.code;
        size_t count = json_array_size(page);
        size_t i;
        json_t *incident;
        json_array_foreach(page, i, incident)
        {
            if (wanted(call, incident, severity))
                json_array_append(incidents, incident);
        }
        if (count > 0)
            snprintf(after, sizeof after, "%s",
                     cli_json_text(json_array_get(page, count - 1), "id"));
        json_decref(page);
        if (count == 0)
            return VG_OK;
    }
}

static enum vg_code check_list_options(struct cli_call *call, uint64_t *severity)
{
    const char *stage = cli_text(call, "stage");
    if (stage != NULL && response_stage_parse(stage) == 0)
        return vg_fail(&call->error, VG_USAGE,
                       "--stage is '%s'; it may be detect, assess, diagnose, stabilize or close",
                       stage);
    return cli_number(call, "severity", 0, 4, 0, severity);
}

enum vg_code incident_list(struct cli_call *call)
{
    uint64_t severity;
    if (check_list_options(call, &severity) != VG_OK)
        return call->error.code;
    json_t *incidents = json_array();
    enum vg_code code = list_all(call, severity, incidents);
    if (code == VG_OK) {
        cli_learn(call, incidents);
        if (cli_is_json(call->settings.output))
            cli_print_json(stdout, call->settings.output, incidents);
        else if (json_array_size(incidents) == 0)
            printf("no %sincidents\n", cli_flag(call, "all") ? "" : "open ");
        else
            cli_print_table(stdout, call->settings.output, incidents, list_columns);
    }
    json_decref(incidents);
    return code;
}

static void print_revisions(const json_t *incident)
{
    const char *aspect;
    json_t *revision;
    const char *gap = "revisions       ";
    json_object_foreach(json_object_get(incident, "revision"), aspect, revision)
    {
        printf("%s%s=%lld", gap, aspect, (long long)json_integer_value(revision));
        gap = " ";
    }
    fputc('\n', stdout);
}

enum vg_code incident_show(struct cli_call *call)
{
    json_t *incident = incident_ask(call, "incident.show", call->words[0]);
    if (incident == NULL)
        return call->error.code;
    cli_learn(call, incident);
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, incident);
    } else {
        cli_print_fields(stdout, incident, show_columns);
        print_revisions(incident);
    }
    json_decref(incident);
    return VG_OK;
}

enum vg_code incident_document(struct cli_call *call)
{
    json_t *answer = incident_ask(call, "incident.document", call->words[0]);
    if (answer == NULL)
        return call->error.code;
    const json_t *document = json_object_get(answer, "document");
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, answer);
    else
        fwrite(json_string_value(document), 1, json_string_length(document), stdout);
    json_decref(answer);
    return VG_OK;
}

/* ---- timeline ----------------------------------------------------------------------------------
 */

/* The name of a person in the directory, or the id itself. */
static const char *name_of(const json_t *people, const char *id)
{
    size_t i;
    json_t *person;
    json_array_foreach(people, i, person)
    {
        const char *name = cli_json_text(person, "name");
        if (strcmp(cli_json_text(person, "id"), id) == 0 && name[0] != 0)
            return name;
    }
    return id;
}

static void print_events(struct cli_call *call, const json_t *events, const json_t *people,
                         bool follow)
{
    size_t i;
    json_t *event;
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, follow ? CLI_JSONL : call->settings.output, events);
    } else {
        json_array_foreach(events, i, event)
        {
            printf("%s  %-7s ", cli_json_text(event, "time"), cli_json_text(event, "kind"));
            cli_print_text(stdout, name_of(people, cli_json_text(event, "author")), 0);
            printf("    ");
            cli_print_text(stdout, cli_json_text(event, "text"), 4);
        }
    }
    fflush(stdout);
}

/* Appends the events after the sequence number `*after`, and moves it. */
static enum vg_code ask_events(struct cli_call *call, uint64_t *after, json_t *events)
{
    for (;;) {
        json_t *page =
            cli_query(call, json_pack("{s:s, s:s, s:I, s:i}", "query", "incident.timeline", "id",
                                      call->words[0], "after", (json_int_t)*after, "limit", PAGE));
        if (page == NULL)
            return call->error.code;
        size_t count = json_array_size(page);
        if (count > 0)
            *after = cli_json_number(json_array_get(page, count - 1), "sequence");
        json_array_extend(events, page);
        json_decref(page);
        if (count == 0)
            return VG_OK;
    }
}

enum vg_code incident_timeline(struct cli_call *call)
{
    bool follow = cli_flag(call, "follow");
    bool first = true;
    vg_id id;
    if (!vg_id_parse(call->words[0], &id))
        return vg_fail(&call->error, VG_INVALID, "'%s' is not an id of an incident",
                       call->words[0]);
    json_t *directory = NULL;
    if (!cli_is_json(call->settings.output))
        directory = cli_query(call, json_pack("{s:s}", "query", "directory"));
    uint64_t after = 0;
    do {
        json_t *events = json_array();
        ask_events(call, &after, events);
        if (call->error.code == VG_OK && (first || json_array_size(events) > 0))
            print_events(call, events, json_object_get(directory, "people"), follow);
        json_decref(events);
        first = false;
        struct timespec pause = {.tv_nsec = FOLLOW_PAUSE_MS * 1000000L};
        if (follow)
            nanosleep(&pause, NULL);
    } while (follow && call->error.code == VG_OK && !ferror(stdout));
    json_decref(directory);
    return call->error.code;
}
