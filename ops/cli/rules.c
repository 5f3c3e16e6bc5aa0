/* SPDX-License-Identifier: Apache-2.0
 * `vigil rules`: what the response process asks, and what an incident still needs. */
#include <stdio.h>

#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"
#include "proto/response/explain.h"

enum { INDENT = 6 };

/* ---- list --------------------------------------------------------------------------------------
 */

static json_t *rule_object(const struct response_rule_text *rule)
{
    return json_pack("{s:s, s:s, s:s, s:s?}", "rule", rule->number, "title", rule->title, "text",
                     rule->text, "lacking", rule->lacking);
}

static void print_rule(const struct response_rule_text *rule)
{
    printf("%-5s %s\n", rule->number, rule->title);
    cli_print_wrapped(stdout, rule->text, INDENT);
    if (rule->lacking != NULL) {
        printf("%*s", INDENT, "");
        cli_print_styled(stdout, CLI_STYLE_WARN, "not built yet: ");
        printf("%s\n", rule->lacking);
    }
}

enum vg_code rules_all(struct cli_call *call)
{
    const char *wanted = call->word_count > 0 ? call->words[0] : NULL;
    json_t *all = json_array();
    bool found = false;
    for (const struct response_rule_text *rule = response_rulebook; rule->number != NULL; rule++) {
        if (wanted != NULL && strcmp(rule->number, wanted) != 0)
            continue;
        found = true;
        json_array_append_new(all, rule_object(rule));
        if (!cli_is_json(call->settings.output))
            print_rule(rule);
    }
    if (found && cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, all);
    json_decref(all);
    return found ? VG_OK
                 : vg_fail(&call->error, VG_NOT_FOUND, "there is no rule '%s'; they are R1 to R33",
                           wanted);
}

/* ---- severity ----------------------------------------------------------------------------------
 */

/* Nothing, one kind, several kinds of information impact. */
static const struct {
    const char *name;
    uint8_t bits;
} informations[] = {{"none", 0},
                    {"one kind", RESPONSE_PRIVACY_BREACH},
                    {"several kinds", RESPONSE_PRIVACY_BREACH | RESPONSE_INTEGRITY_LOSS}};

/* The last are of response_recoverabilities, in its order. */
static const struct cli_column severity_columns[] = {
    {.title = "FUNCTIONAL", .path = "functional"},
    {.title = "INFORMATION", .path = "information"},
    {.title = "REGULAR", .path = "regular"},
    {.title = "SUPPLEMENTED", .path = "supplemented"},
    {.title = "EXTENDED", .path = "extended"},
    {.title = "NOT-RECOVERABLE", .path = "not_recoverable"},
    {.title = NULL},
};

static json_t *severity_row(const struct response_word *functional, size_t information)
{
    json_t *row = json_pack("{s:s, s:s}", "functional", functional->text, "information",
                            informations[information].name);
    const struct cli_column *column = &severity_columns[2];
    for (const struct response_word *word = response_recoverabilities; word->text != NULL; word++) {
        uint8_t severity;
        uint8_t priority;
        response_severity_cell((uint8_t)functional->number, informations[information].bits,
                               (uint8_t)word->number, &severity, &priority);
        json_object_set_new(row, column++->path, json_sprintf("sev%u p%u", severity, priority));
    }
    return row;
}

static enum vg_code run_severity(struct cli_call *call)
{
    json_t *rows = json_array();
    for (const struct response_word *word = response_functionals; word->text != NULL; word++)
        for (size_t i = 0; i < sizeof informations / sizeof *informations; i++)
            json_array_append_new(rows, severity_row(word, i));
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, rows);
    else
        cli_print_table(stdout, call->settings.output, rows, severity_columns);
    json_decref(rows);
    return VG_OK;
}

/* ---- explain -----------------------------------------------------------------------------------
 */

/* What a person types for a step. */
static const struct {
    const char *operation;
    const char *command;
} commands[] = {
    {"stage", "vigil incident stage ID %s --reason TEXT"},
    {"assess", "vigil incident assess ID --functional ... --recoverability ... --evidence E1"},
    {"responsibility", "vigil incident responsibility ID provider|customer|shared --reason TEXT"},
    {"classify", "vigil incident classify ID CLASS --evidence E1 --reason TEXT"},
    {"answer", "vigil incident answer ID filter|detector --root-cause TEXT --owner NAME"},
    {"refer", "vigil incident refer ID --tenant NAME --text TEXT"},
    {"declare", "vigil incident declare ID CLASS --harm ... --access ... --evidence E1"},
    {"withdraw", "vigil incident withdraw ID --reason TEXT"},
    {"plan", "vigil plan ID --text TEXT"},
    {"reopen", "vigil incident reopen ID --reason TEXT"},
    {"attest", "vigil incident attest ID %s yes --reason TEXT"},
};

static void print_command(const json_t *step)
{
    const char *operation = cli_json_text(step, "operation");
    const char *word = cli_json_text(step, "to");
    if (word[0] == 0)
        word = cli_json_text(step, "attests");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *place = strstr(commands[i].command, "%s");
        if (strcmp(commands[i].operation, operation) != 0)
            continue;
        int before =
            place != NULL ? (int)(place - commands[i].command) : (int)strlen(commands[i].command);
        printf("%*s%.*s%s%s\n", INDENT, "", before, commands[i].command, place != NULL ? word : "",
               place != NULL ? place + 2 : "");
    }
}

static void print_people(const json_t *step, const json_t *people)
{
    const json_t *roles = json_object_get(step, "roles");
    size_t i;
    json_t *item;
    printf("%*sby ", INDENT, "");
    json_array_foreach(roles, i, item)
        printf("%s%s",
               i == 0                                          ? ""
               : json_is_true(json_object_get(step, "by_two")) ? " and "
                                                               : " or ",
               cli_json_text(item, ""));
    printf(": ");
    json_array_foreach(json_object_get(step, "people"), i, item)
    {
        printf("%s", i > 0 ? ", " : "");
        cli_print_inline(stdout, cli_person_name(people, cli_json_text(item, "")));
    }
    printf("%s\n",
           json_array_size(json_object_get(step, "people")) == 0 ? "nobody has the role" : "");
}

static void print_step(const json_t *step, const json_t *people)
{
    const json_t *needs = json_object_get(step, "needs");
    const char *to = cli_json_text(step, "to");
    const char *disposition = cli_json_text(step, "disposition");
    const char *what = to[0] != 0 ? to : cli_json_text(step, "attests");
    bool ready = json_array_size(needs) == 0;
    size_t i;
    json_t *need;
    cli_print_styled(stdout, ready ? CLI_STYLE_GOOD : CLI_STYLE_WARN, ready ? "ready " : "needs ");
    printf("%s%s%s%s%s\n", cli_json_text(step, "operation"), what[0] != 0 ? " " : "", what,
           disposition[0] != 0 ? " as " : "", disposition);
    json_array_foreach(needs, i, need)
    {
        char line[VG_ERROR_TEXT + 16];
        snprintf(line, sizeof line, "%s: %s", cli_json_text(need, "rule"),
                 cli_json_text(need, "text"));
        cli_print_wrapped(stdout, line, INDENT);
    }
    print_people(step, people);
    print_command(step);
}

static enum vg_code run_explain(struct cli_call *call)
{
    json_t *answer = incident_ask(call, "incident.explain", call->words[0]);
    if (answer == NULL)
        return call->error.code;
    size_t i;
    json_t *step;
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, answer);
    } else {
        cli_print_text(stdout, cli_json_text(answer, "title"), 0);
        printf("in %s\n", cli_json_text(answer, "stage"));
        json_array_foreach(json_object_get(answer, "steps"), i, step)
        {
            printf("\n");
            print_step(step, incident_people(call));
        }
    }
    json_decref(answer);
    return VG_OK;
}

/* ---- the commands ------------------------------------------------------------------------------
 */

static const struct cli_option adopt_options[] = {
    {.name = "compartment", .value = "NAME", .help = "where (the context's)"},
    {.name = NULL},
};

const struct cli_command rules_commands[] = {
    {.name = "list",
     .words = "[RULE]",
     .words_max = 1,
     .summary = "Print the rules, and what is not built of them",
     .examples = "  vigil rules list\n"
                 "  vigil rules list R16",
     .run = rules_all,
     .flags = CLI_LOCAL},
    {.name = "explain",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Say what each next step of an incident still needs, and who may do it",
     .examples = "  vigil rules explain ID\n"
                 "  vigil rules explain ID -o json",
     .run = run_explain},
    {.name = "severity",
     .summary = "Print the table that severity and priority follow from (R5)",
     .examples = "  vigil rules severity",
     .run = run_severity,
     .flags = CLI_LOCAL},
    {.name = "adopt",
     .words = "VERSION",
     .words_min = 1,
     .words_max = 1,
     .summary = "Set the version of the SOP that transitions are stamped with (R7)",
     .examples = "  vigil rules adopt IR-2026.3",
     .options = adopt_options,
     .run = cli_run_operation,
     .op = RESPONSE_OP_PROCEDURE,
     .fields = "version",
     .flags = CLI_CHANGES},
    {.name = NULL},
};
