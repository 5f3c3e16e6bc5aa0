/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/events.h"

#include <stdio.h>

#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"
#include "ops/cli/view/event.h"

enum { INDENT = 4, CHANGE_TEXT = 1024 };

static void print_change(const json_t *event)
{
    char change[CHANGE_TEXT];
    const char *procedure = cli_json_text(event, "procedure");
    view_change(event, change, sizeof change);
    if (change[0] == '\0')
        return;
    printf("%*s", INDENT, "");
    cli_print_inline(stdout, change);
    printf("%s", procedure[0] != '\0' ? " (SOP " : "");
    cli_print_inline(stdout, procedure);
    printf("%s\n", procedure[0] != '\0' ? ")" : "");
}

static void print_correction(const json_t *event)
{
    uint64_t corrects = cli_json_number(event, "corrects");
    uint64_t corrected = cli_json_number(event, "corrected_by");
    if (corrects != 0)
        printf("%*scorrects entry %llu\n", INDENT, "", (unsigned long long)corrects);
    if (corrected != 0)
        printf("%*scorrected by entry %llu\n", INDENT, "", (unsigned long long)corrected);
}

static void print_event(struct cli_call *call, const json_t *event)
{
    const json_t *people = incident_people(call);
    const char *incident = cli_json_text(event, "incident");
    const char *text = view_said(event);
    printf("%4llu  %s  %-14s ", (unsigned long long)cli_json_number(event, "sequence"),
           cli_json_text(event, "time"), cli_json_text(event, "kind"));
    cli_print_text(stdout, cli_person_name(people, cli_json_text(event, "author")), 0);
    if (incident[0] != 0) {
        printf("%*s%s  ", INDENT, "", incident);
        cli_print_text(stdout, cli_json_text(event, "title"), INDENT);
    }
    print_change(event);
    print_correction(event);
    if (text[0] != 0) {
        printf("%*s", INDENT, "");
        cli_print_text(stdout, text, INDENT);
    }
}

void events_print(struct cli_call *call, const json_t *events, enum cli_output output)
{
    size_t i;
    json_t *event;
    if (cli_is_json(output))
        cli_print_json(stdout, output, events);
    else
        json_array_foreach(events, i, event) print_event(call, event);
    fflush(stdout);
}
