/* SPDX-License-Identifier: Apache-2.0
 * `vigil task`, `vigil contain`, `vigil plan`: work on an incident, and lists of its parts. */
#include "ops/cli/parts.h"

#include <stdio.h>

#include "common/text.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"
#include "ops/cli/view/page.h"

enum { PAGE = 500 };

/* ---- lists -------------------------------------------------------------------------------------
 */

void parts_name_people(json_t *rows, const json_t *people)
{
    static const char *const keys[] = {"owner",       "made_by", "done_by",
                                       "verified_by", "holder",  "offered_to"};
    size_t row;
    json_t *object;
    json_array_foreach(rows, row, object)
    {
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            const char *id = cli_json_text(object, keys[i]);
            if (id[0] != 0)
                json_object_set_new(object, keys[i], json_string(cli_person_name(people, id)));
        }
    }
}

void parts_learn(struct cli_call *call, const char *aspect, const json_t *parts)
{
    json_t *revision = json_object();
    size_t i;
    json_t *part;
    json_array_foreach(parts, i, part)
    {
        char key[64 + VG_ID_TEXT];
        snprintf(key, sizeof key, "%s/%s", aspect, cli_json_text(part, "id"));
        json_object_set(revision, key, json_object_get(part, "revision"));
    }
    json_t *read = json_pack("{s:s, s:o}", "id", call->words[0], "revision", revision);
    cli_learn(call, read);
    json_decref(read);
}

enum vg_code parts_list(struct cli_call *call, const char *kind, const char *aspect,
                        const struct cli_column *columns)
{
    vg_id id;
    if (!vg_id_parse(call->words[0], &id))
        return vg_fail(&call->error, VG_INVALID, "'%s' is not an id of an incident",
                       call->words[0]);
    json_t *parts = json_array();
    enum vg_code code = cli_query_all(call,
                                      json_pack("{s:s, s:s, s:s, s:i}", "query", "incident.parts",
                                                "id", call->words[0], "kind", kind, "limit", PAGE),
                                      "id", parts);
    json_t *sorted = view_in_order(parts);
    if (code == VG_OK) {
        parts_learn(call, aspect, sorted);
        if (cli_is_json(call->settings.output)) {
            cli_print_json(stdout, call->settings.output, sorted);
        } else if (json_array_size(sorted) == 0) {
            printf("no %s\n", kind);
        } else {
            parts_name_people(sorted, incident_people(call));
            cli_print_table(stdout, call->settings.output, sorted, columns);
        }
    }
    json_decref(sorted);
    json_decref(parts);
    return code;
}

/* ---- task --------------------------------------------------------------------------------------
 */

static const struct cli_column task_columns[] = {
    {.title = "NO", .path = "number"},
    {.title = "STATE", .path = "state"},
    {.title = "KIND", .path = "kind"},
    {.title = "OWNER", .path = "owner"},
    {.title = "DUE", .path = "due_at"},
    {.title = "TITLE", .path = "title", .cut = 60},
    {.title = "REV", .path = "revision", .wide = true, .number = true},
    {.title = "ID", .path = "id", .wide = true},
    {.title = NULL},
};

static enum vg_code task_list(struct cli_call *call)
{
    return parts_list(call, "tasks", "task", task_columns);
}

static const struct cli_option task_add_options[] = {
    {.name = "title", .value = "TEXT", .help = "what is to be done"},
    {.name = "owner", .value = "NAME", .help = "who does it (nobody yet)"},
    {.name = "due", .value = "TIME", .help = "until when, RFC 3339 with a zone"},
    {.name = NULL},
};

static const struct cli_option task_claim_options[] = {
    {.name = "owner", .value = "NAME", .help = "for whom (you)"},
    {.name = "text", .value = "TEXT", .help = "a word about it"},
    {.name = NULL},
};

static const struct cli_option text_options[] = {
    {.name = "text", .value = "TEXT", .help = "a word about it"},
    {.name = NULL},
};

#define MOVE(verb, operation, what, fields_are, state_is, options_are, does, shows)                \
    {                                                                                              \
        .name = verb, .words = "ID " what, .words_min = 2, .words_max = 2, .summary = does,        \
        .examples = shows, .options = options_are, .run = cli_run_operation,                       \
        .op = RESPONSE_OP_##operation, .fields = fields_are, .defaults = "state=" state_is,        \
        .flags = CLI_CHANGES | CLI_EXPECTS                                                         \
    }

const struct cli_command task_commands[] = {
    {.name = "add",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Add a task; prints its id",
     .examples = "  vigil task add ID --title 'Rotate the deploy token'\n"
                 "  vigil task add ID --title 'Call acme' --owner Ben --due 2026-11-23T12:00:00Z",
     .options = task_add_options,
     .run = cli_run_operation,
     .op = RESPONSE_OP_TASK,
     .fields = "incident",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    MOVE("claim", TASK_MOVE, "T1", "incident,task", "claimed", task_claim_options,
         "Take a task, or give it",
         "  vigil task claim ID T1\n  vigil task claim ID T1 --owner Ben"),
    MOVE("release", TASK_MOVE, "T1", "incident,task", "open", text_options,
         "Give a task back, or open it again",
         "  vigil task release ID T1 --text 'waiting for the vendor'"),
    MOVE("done", TASK_MOVE, "T1", "incident,task", "done", text_options, "Say that a task is done",
         "  vigil task done ID T1 --text 'token rotated, builds are green'"),
    MOVE("drop", TASK_MOVE, "T1", "incident,task", "dropped", text_options, "Drop a task",
         "  vigil task drop ID T1 --text 'not needed: the host is gone'"),
    {.name = "list",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "List the tasks of an incident",
     .examples = "  vigil task list ID -o wide",
     .run = task_list,
     .flags = CLI_READS},
    {.name = NULL},
};

/* ---- contain -----------------------------------------------------------------------------------
 */

static const struct cli_column step_columns[] = {
    {.title = "NO", .path = "number"},
    {.title = "STATE", .path = "state"},
    {.title = "KIND", .path = "kind"},
    {.title = "TARGET", .path = "target"},
    {.title = "ACTION", .path = "action", .cut = 50},
    {.title = "OWNER", .path = "owner"},
    {.title = "DONE BY", .path = "done_by"},
    {.title = "VERIFIED BY", .path = "verified_by"},
    {.title = "DUE", .path = "due_at", .wide = true},
    {.title = "EMERGENCY", .path = "emergency", .wide = true},
    {.title = "REVERSIBLE", .path = "reversible", .wide = true},
    {.title = "REV", .path = "revision", .wide = true, .number = true},
    {.title = "ID", .path = "id", .wide = true},
    {.title = NULL},
};

static enum vg_code step_list(struct cli_call *call)
{
    return parts_list(call, "containment", "containment", step_columns);
}

static const struct cli_option step_add_options[] = {
    {.name = "kind",
     .value = "KIND",
     .help = "what kind of step (containment)",
     .choices = "containment|mitigation|workaround|recovery"},
    {.name = "action", .value = "TEXT", .help = "what is done"},
    {.name = "target", .value = "NAME", .help = "to what"},
    {.name = "owner", .value = "NAME", .help = "who does it (you)"},
    {.name = "due", .value = "TIME", .help = "until when; mitigation may outlive the incident"},
    {.name = "reversible", .value = "yes|no", .help = "whether it can be taken back (yes)"},
    {.name = "emergency", .help = "emergency containment, allowed from assess on (R15)"},
    {.name = "break-glass", .value = "TEXT", .help = "why you do it without the role for it"},
    {.name = NULL},
};

const struct cli_command contain_commands[] = {
    {.name = "add",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Plan a containment or recovery step; prints its id",
     .examples = "  vigil contain add ID --target build-7 --action 'take it off the network' "
                 "--emergency\n"
                 "  vigil contain add ID --kind mitigation --target gateway \\\n"
                 "      --action 'rate limit' --due 2026-12-24T12:00:00Z",
     .options = step_add_options,
     .run = cli_run_operation,
     .op = RESPONSE_OP_STEP,
     .fields = "incident",
     .defaults = "kind=containment,reversible=yes,emergency=no",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    MOVE("start", STEP_MOVE, "C1", "incident,step", "started", text_options,
         "Say that a step is under way", "  vigil contain start ID C1"),
    MOVE("done", STEP_MOVE, "C1", "incident,step", "done", text_options,
         "Say that you have done a step", "  vigil contain done ID C1 --text 'port shut at 03:12'"),
    MOVE("verify", STEP_MOVE, "C1", "incident,step", "verified", text_options,
         "Verify a step that somebody else did (R16)",
         "  vigil contain verify ID C1 --text 'no traffic since'"),
    MOVE("revert", STEP_MOVE, "C1", "incident,step", "reverted", text_options,
         "Say that a step was taken back",
         "  vigil contain revert ID C1 --text 'host rebuilt, port open'"),
    MOVE("drop", STEP_MOVE, "C1", "incident,step", "dropped", text_options,
         "Drop a step that was not done",
         "  vigil contain drop ID C1 --text 'the host is off anyway'"),
    {.name = "list",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "List the steps of an incident",
     .examples = "  vigil contain list ID -o wide",
     .run = step_list,
     .flags = CLI_READS},
    {.name = NULL},
};
