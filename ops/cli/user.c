/* SPDX-License-Identifier: Apache-2.0
 * `vigil user` and `vigil oncall`: who is in the cluster, who may do what where, who is on call. */
#include <stdio.h>
#include <strings.h>

#include "common/text.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/public.h"
#include "ops/cli/rekey.h"
#include "proto/ledger/genesis.h"

enum { WORDS_TEXT = 512 };

/* ---- add ---------------------------------------------------------------------------------------
 */

static const struct cli_option add_options[] = {
    {.name = "public",
     .value = "FILE",
     .help = "what 'vigil identity show -o json' printed; - is standard input"},
    {.name = "role", .value = "ROLE,...", .help = "grant these roles too"},
    {.name = "compartment", .value = "NAME", .help = "where the roles hold (the context's)"},
    {.name = "operator", .help = "runs the cluster: may enroll and grant"},
    {.name = "key-officer", .help = "gives compartments fresh keys"},
    {.name = "integration", .help = "a machine: repeats of its signals are counted (R3)"},
    {.name = NULL},
};

/* Id and keys of a person, who gave no secret with them. */
static enum vg_code read_public(struct cli_call *call, const char *path,
                                struct response_command *enroll)
{
    struct cli_public found;
    if (cli_public_read(path, &found, &call->error) != VG_OK)
        return call->error.code;
    if (found.holder.kind != VG_IDENTITY_PERSON)
        return vg_fail(&call->error, VG_INVALID, "%s is a node's identity; a person's is needed",
                       path);
    enroll->enroll.person = found.holder.person;
    enroll->enroll.keys = found.keys;
    return VG_OK;
}

static enum vg_code give(struct cli_call *call, const vg_id *compartment,
                         const struct response_command *command, json_t **answer)
{
    struct cli_change change = {
        .request = cli_request_make(), .compartment = *compartment, .command = command};
    json_decref(*answer);
    *answer = NULL;
    enum vg_code code = cli_change_submit(call, &change, answer);
    cli_change_explain(call, &change);
    return code;
}

static enum vg_code parse_roles(struct cli_call *call, const char *text, uint32_t *out)
{
    *out = 0;
    for (const char *at = text; *at != '\0';) {
        char word[64];
        size_t size = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)size, at);
        uint32_t role = response_number(response_roles, word);
        char roles[512];
        response_words(response_roles, response_all_bits(response_roles), "", roles, sizeof roles);
        if (role == 0)
            return vg_fail(&call->error, VG_USAGE, "'%s' is not a role; it may be %s", word, roles);
        *out |= role;
        at += size + (at[size] == ',');
    }
    return VG_OK;
}

/* One entry for the key, one for the name, one for the roles: what broke off in between is done by
 * doing it again. */
static enum vg_code add_person(struct cli_call *call, struct response_command *enroll,
                               const vg_id *compartment, uint32_t roles, json_t **answer)
{
    static const vg_id control;
    const vg_id *directory = &call->author->directory;
    struct response_command name = {
        .op = RESPONSE_OP_PERSON,
        .person = {.person = enroll->enroll.person, .name = vg_span_text(call->words[0])}};
    struct response_command grant = {
        .op = RESPONSE_OP_GRANT,
        .grant = {.person = enroll->enroll.person, .compartment = *compartment, .give = roles}};
    enum vg_code code = give(call, &control, enroll, answer);
    if (code != VG_OK || call->settings.dry_run)
        return code;
    code = give(call, directory, &name, answer);
    if (code == VG_OK && roles != 0)
        code = give(call, directory, &grant, answer);
    return code;
}

/* Somebody who is here keeps the name, another one is given on purpose; and nobody else has it. */
static enum vg_code check_name(struct cli_call *call, const vg_id *person)
{
    char id[VG_ID_TEXT];
    vg_id_format(person, id);
    const json_t *people = json_object_get(call->author->names, "people");
    const char *name = cli_json_text(cli_person_entry(people, id), "name");
    const char *holder = cli_json_text(cli_person_entry(people, call->words[0]), "id");
    if (name[0] != '\0' && strcmp(name, call->words[0]) != 0)
        return vg_fail(&call->error, VG_EXISTS,
                       "this identity is enrolled as '%s'; another name is given with vigil user "
                       "rename",
                       name);
    if (holder[0] != '\0' && strcasecmp(holder, id) != 0)
        return vg_fail(&call->error, VG_EXISTS,
                       "person %s has the name '%s' already; choose another name", holder,
                       call->words[0]);
    return VG_OK;
}

/* All that can be refused is, before the key is enrolled: an id is never used twice. */
static enum vg_code check_add(struct cli_call *call, const struct response_command *enroll,
                              uint32_t roles, vg_id *compartment)
{
    struct cli_author *author;
    if (call->settings.has_request)
        return vg_fail(&call->error, VG_USAGE,
                       "user add takes no --request-id; repeating it is safe as it is");
    if (cli_author_open(call, &author) != VG_OK ||
        check_name(call, &enroll->enroll.person) != VG_OK)
        return call->error.code;
    return roles != 0 ? cli_compartment_find(call, cli_text(call, "compartment"), compartment)
                      : VG_OK;
}

static enum vg_code run_add(struct cli_call *call)
{
    struct response_command enroll = {.op = RESPONSE_OP_ENROLL};
    vg_id compartment = {{0}};
    json_t *answer = NULL;
    const char *path;
    uint32_t roles = 0;
    enum vg_code code = cli_required(call, "public", &path);
    if (code == VG_OK && cli_text(call, "role") != NULL)
        code = parse_roles(call, cli_text(call, "role"), &roles);
    if (code == VG_OK)
        code = read_public(call, path, &enroll);
    if (code == VG_OK)
        code = check_add(call, &enroll, roles, &compartment);
    enroll.enroll.bits = (uint8_t)((cli_flag(call, "operator") ? LEDGER_PERSON_OPERATOR : 0) |
                                   (cli_flag(call, "key-officer") ? LEDGER_PERSON_KEY_OFFICER : 0) |
                                   (cli_flag(call, "integration") ? LEDGER_PERSON_INTEGRATION : 0));
    if (code == VG_OK)
        code = add_person(call, &enroll, &compartment, roles, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    json_decref(answer);
    return code;
}

/* ---- grant, revoke -----------------------------------------------------------------------------
 */

/* A revocation that would leave the person what it is to take is none. */
static enum vg_code check_revoke(struct cli_call *call, const struct response_command *command)
{
    char id[VG_ID_TEXT];
    vg_id_format(&command->grant.person, id);
    const json_t *people = json_object_get(call->author->names, "people");
    size_t i;
    json_t *right;
    json_array_foreach(json_object_get(cli_person_entry(people, id), "rights"), i, right)
    {
        const char *word = cli_json_text(right, "");
        if ((response_number(response_roles, word) & command->grant.take) != 0)
            return vg_fail(&call->error, VG_INVALID,
                           "%s is %s by enrolment, and revoking a role does not take that; only "
                           "removing the person does: vigil user remove %s",
                           call->words[0], word, call->words[0]);
    }
    return VG_OK;
}

/* The words after the name are roles: "responder legal" as "responder,legal". */
static enum vg_code run_roles(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    char roles[WORDS_TEXT] = "";
    size_t used = 0;
    for (int i = 1; i < call->word_count && used < sizeof roles; i++)
        used += (size_t)snprintf(roles + used, sizeof roles - used, "%s%s", i > 1 ? "," : "",
                                 call->words[i]);
    bool gives = strcmp(call->command->name, "grant") == 0;
    cli_fill_give(&fill, gives ? "give" : "take", roles);
    enum vg_code code = cli_fill(call, &fill);
    if (code == VG_OK && !gives)
        code = check_revoke(call, &fill.command);
    if (code == VG_OK)
        code = cli_fill_submit(call, &fill);
    cli_fill_free(&fill);
    return code;
}

/* ---- list --------------------------------------------------------------------------------------
 */

static const struct cli_option place_options[] = {
    {.name = "compartment", .value = "NAME", .help = "where (the context's)"},
    {.name = NULL},
};

static const struct cli_option list_options[] = {
    {.name = "compartment", .value = "NAME", .help = "whose roles to show (the context's)"},
    {.name = "all", .help = "also who was removed"},
    {.name = NULL},
};

static const struct cli_column columns[] = {
    {.title = "NAME", .path = "name"},
    {.title = "ROLES", .path = "here", .cut = 40},
    {.title = "ON CALL", .path = "on_call"},
    {.title = "RIGHTS", .path = "rights"},
    {.title = "REMOVED", .path = "removed_at", .wide = true},
    {.title = "PUBLIC KEY", .path = "public_key", .wide = true},
    {.title = "ID", .path = "id"},
    {.title = NULL},
};

/* Whose roles and roster are shown: a compartment that there is, for who asks. The context's is as
 * good as none for a list of people, which is of all of them; a roster is `needed`. */
static enum vg_code find_place(struct cli_call *call, const json_t *directory, bool needed,
                               const char **out)
{
    const char *given = cli_text(call, "compartment");
    *out = given != NULL ? given : call->settings.compartment;
    if (*out == NULL)
        return needed ? cli_compartment_name(call, given, out) : VG_OK;
    const json_t *entry = cli_compartment_entry(json_object_get(directory, "compartments"), *out);
    if (entry == NULL && (needed || given != NULL))
        return vg_fail(&call->error, VG_NOT_FOUND,
                       "there is no compartment '%s' in which you have a role; see vigil "
                       "compartment list",
                       *out);
    const char *name = cli_json_text(entry, "name");
    *out = name[0] != '\0' ? name : *out;
    return VG_OK;
}

static bool is_on_call(const json_t *person, const char *place)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(person, "on_call"), i, name)
    {
        if (strcmp(cli_json_text(name, ""), place) == 0)
            return true;
    }
    return false;
}

/* The people that are asked for; in tables with their roles in one compartment. */
static json_t *pick_people(struct cli_call *call, const json_t *directory, const char *place,
                           bool on_call_only)
{
    json_t *out = json_array();
    size_t i;
    json_t *person;
    json_array_foreach(json_object_get(directory, "people"), i, person)
    {
        bool gone = cli_json_text(person, "removed_at")[0] != 0;
        if ((gone && !cli_flag(call, "all")) ||
            (on_call_only && (gone || !is_on_call(person, place))))
            continue;
        json_t *roles = json_object_get(json_object_get(person, "roles"), place ? place : "");
        json_object_set_new(person, "here", roles != NULL ? json_incref(roles) : json_null());
        json_array_append(out, person);
    }
    return out;
}

static enum vg_code print_people(struct cli_call *call, bool on_call_only)
{
    const char *place;
    json_t *people = NULL;
    json_t *directory = cli_query(call, json_pack("{s:s}", "query", "directory"));
    if (directory == NULL)
        return call->error.code;
    enum vg_code code = find_place(call, directory, on_call_only, &place);
    if (code == VG_OK)
        people = pick_people(call, directory, place, on_call_only);
    if (code == VG_OK && cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, people);
    else if (code == VG_OK && json_array_size(people) == 0)
        printf("nobody\n");
    else if (code == VG_OK)
        cli_print_table(stdout, call->settings.output, people, columns);
    json_decref(people);
    json_decref(directory);
    return code;
}

static enum vg_code run_list(struct cli_call *call)
{
    return print_people(call, false);
}

static enum vg_code run_now(struct cli_call *call)
{
    return print_people(call, true);
}

/* ---- the commands ------------------------------------------------------------------------------
 */

#define ROLES(verb, does, says, shows)                                                             \
    {                                                                                              \
        .name = verb, .words = "NAME ROLE...", .words_min = 2, .words_max = 14, .summary = does,   \
        .about = says, .examples = shows, .options = place_options, .run = run_roles,              \
        .op = RESPONSE_OP_GRANT, .fields = "person", .flags = CLI_CHANGES                          \
    }

const struct cli_command user_commands[] = {
    {.name = "add",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Enroll a person's key under a name; prints the id",
     .about = "The person makes an identity (vigil identity new) and gives you what\n"
              "'vigil identity show -o json' prints: id and public keys, no secret.",
     .examples = "  vigil user add ada --public ada.json --role responder,incident-manager\n"
                 "  vigil user add siem --public siem.json --role reporter --integration",
     .options = add_options,
     .run = run_add,
     .flags = CLI_CHANGES},
    {.name = "list",
     .summary = "List people with their roles",
     .examples = "  vigil user list\n"
                 "  vigil user list --all -o wide",
     .options = list_options,
     .run = run_list},
    {.name = "remove",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Remove a person: commands signed from there on are refused",
     .about = "What the person did stays, under the name. This is also what stops a stolen key at "
              "once;\nthe person comes back under the same id with 'vigil user rekey'.",
     .examples = "  vigil user remove ada",
     .run = cli_run_operation,
     .op = RESPONSE_OP_EXPEL,
     .fields = "person",
     .flags = CLI_CHANGES | CLI_FINAL},
    {.name = "rekey",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Propose new keys for a person whose keys are lost or stolen; prints the proposal",
     .about =
         "The person makes new keys for the id there is (vigil identity new --id ID) and gives "
         "you\nwhat 'vigil identity show -o json' prints. Another operator or key officer "
         "approves; neither\nof you may be that person. From then on the former keys open and "
         "sign nothing, and what is\nthe person's stays theirs. Who was removed is back with "
         "it.",
     .examples = "  vigil user rekey ada --public ada.json\n"
                 "  vigil proposal approve ID",
     .options = rekey_options,
     .run = rekey_person,
     .flags = CLI_CHANGES},
    {.name = "rename",
     .words = "NAME NEW",
     .words_min = 2,
     .words_max = 2,
     .summary = "Give a person another name",
     .examples = "  vigil user rename person-2 ben",
     .run = cli_run_operation,
     .op = RESPONSE_OP_PERSON,
     .fields = "person,name",
     .flags = CLI_CHANGES},
    ROLES(
        "grant", "Give a person roles in a compartment",
        "A role holds in the one compartment it is granted for. operator and key-officer count in\n"
        "the directory (--compartment directory); in control entries only those of enrolment do\n"
        "(vigil user add --operator, --key-officer).",
        "  vigil user grant ben legal executive-incident-manager\n"
        "  vigil user grant ben operator --compartment directory"),
    ROLES("revoke", "Take roles from a person in a compartment",
          "Who is operator or key officer by enrolment (RIGHTS of vigil user list) stays it: only\n"
          "'vigil user remove' takes that.",
          "  vigil user revoke ben legal"),
    {.name = NULL},
};

#define ROSTER(verb, on_is, does, shows)                                                           \
    {                                                                                              \
        .name = verb, .words = "NAME", .words_min = 1, .words_max = 1, .summary = does,            \
        .examples = shows, .options = place_options, .run = cli_run_operation,                     \
        .op = RESPONSE_OP_ROSTER, .fields = "person", .defaults = "on=" on_is,                     \
        .flags = CLI_CHANGES                                                                       \
    }

const struct cli_command oncall_commands[] = {
    {.name = "now",
     .summary = "Show who is on call",
     .examples = "  vigil oncall now",
     .options = place_options,
     .run = run_now},
    ROSTER("add", "yes", "Put a person on call, until there are schedules",
           "  vigil oncall add ben"),
    ROSTER("remove", "no", "Take a person off call", "  vigil oncall remove ben"),
    {.name = NULL},
};
