/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "ops/cli/core/expect.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/session.h"
#include "proto/ledger/entry.h"

enum { EXPIRES_DEFAULT_MS = 24 * 3600 * 1000 };

const struct cli_access *cli_access(struct cli_call *call)
{
    const struct cli_settings *settings = &call->settings;
    if (settings->node_count == 0 && settings->cluster == NULL) {
        vg_fail(&call->error, VG_USAGE,
                "no cluster is known here; start one on this machine to try it (vigil dev up), or "
                "enter one that there is (vigil cluster join FILE --fingerprint TEXT)");
        return NULL;
    }
    if (call->access == NULL)
        cli_access_open(settings->identity, settings->cluster, &call->access, &call->error);
    return call->access;
}

struct cli_client *cli_connection(struct cli_call *call)
{
    const struct cli_settings *settings = &call->settings;
    if (call->client == NULL && cli_access(call) != NULL)
        cli_client_new(call->access, settings->nodes, settings->node_count, settings->timeout_ms,
                       &call->client, &call->error);
    return call->client;
}

json_t *cli_query(struct cli_call *call, json_t *query)
{
    json_t *answer = NULL;
    struct cli_client *client = cli_connection(call);
    if (client != NULL)
        cli_client_query(client, query, &answer, &call->error, &call->details);
    json_decref(query);
    return answer;
}

static enum vg_code read_directory(struct cli_call *call, struct cli_author *author)
{
    author->names = cli_query(call, json_pack("{s:s}", "query", "directory"));
    if (author->names == NULL)
        return call->error.code;
    const char *cluster = cli_json_text(author->names, "cluster_id");
    if (!vg_hex_parse(cluster, &author->cluster, sizeof author->cluster) ||
        !vg_id_parse(cli_json_text(author->names, "directory"), &author->directory))
        return vg_fail(&call->error, VG_INTEGRITY, "the node's directory has no cluster id");
    const char *expected = call->settings.cluster;
    if (expected != NULL && strcmp(expected, cluster) != 0)
        return vg_fail(&call->error, VG_INTEGRITY,
                       "the nodes serve cluster %.16s, but context '%s' was made for %.16s; choose "
                       "another context",
                       cluster, call->settings.context, expected);
    return VG_OK;
}

enum vg_code cli_author_open(struct cli_call *call, struct cli_author **out)
{
    *out = call->author;
    if (call->author != NULL)
        return VG_OK;
    const struct cli_access *access = cli_access(call);
    if (access == NULL)
        return call->error.code;
    if (access->signer.identity.kind != VG_IDENTITY_PERSON)
        return vg_fail(&call->error, VG_INVALID, "%s is a node's identity; a person's is needed",
                       call->settings.identity);
    struct cli_author *author = vg_alloc_zero(1, sizeof *author);
    call->author = *out = author;
    author->access = access;
    vg_id_format(&access->signer.identity.id, author->id);
    return read_directory(call, author);
}

json_t *cli_ask_apart(const struct cli_access *access, const struct cli_node *nodes, unsigned count,
                      uint32_t timeout_ms, const char *question)
{
    struct cli_client *client = NULL;
    struct vg_error error;
    json_t *answer = NULL;
    json_t *details = NULL;
    json_t *query = json_pack("{s:s}", "query", question);
    if (access != NULL &&
        cli_client_new(access, nodes, count, timeout_ms, &client, &error) == VG_OK)
        cli_client_query(client, query, &answer, &error, &details);
    cli_client_free(client);
    json_decref(details);
    json_decref(query);
    return answer;
}

enum vg_code cli_query_all(struct cli_call *call, json_t *query, const char *key, json_t *all)
{
    enum vg_code code = VG_OK;
    for (size_t count = 1; code == VG_OK && count > 0;) {
        json_t *page = cli_query(call, json_copy(query));
        count = json_array_size(page);
        const char *last = cli_json_text(json_array_get(page, count - 1), key);
        const char *before = cli_json_text(query, "after");
        if (page == NULL)
            code = call->error.code;
        else if (count > 0 && strcmp(last, before) == 0)
            code = vg_fail(&call->error, VG_INTEGRITY,
                           "the node gives the same page again; ask another one with --node");
        json_array_extend(all, page);
        if (count > 0)
            json_object_set_new(query, "after", json_string(last));
        json_decref(page);
    }
    json_decref(query);
    return code;
}

enum vg_code cli_compartment_name(struct cli_call *call, const char *given, const char **out)
{
    *out = given != NULL ? given : call->settings.compartment;
    if (*out == NULL)
        return vg_fail(&call->error, VG_USAGE,
                       "no compartment is given and the context has no default; give "
                       "--compartment NAME");
    return VG_OK;
}

void cli_author_free(struct cli_author *author)
{
    if (author == NULL)
        return;
    json_decref(author->names);
    free(author);
}

vg_id cli_request_make(void)
{
    uint8_t random[10];
    vg_random(random, sizeof random);
    return vg_uuid7_make(vg_clock_system.wall_ms(), random);
}

vg_id cli_request_of(const struct cli_call *call)
{
    return call->settings.has_request ? call->settings.request : cli_request_make();
}

enum vg_code cli_command_sign(const struct cli_author *author, const vg_id *compartment,
                              const vg_id *request, const struct ledger_expectation *expectations,
                              uint16_t expectation_count, const struct response_command *command,
                              struct vg_buffer *out, struct vg_error *error)
{
    struct vg_buffer body = {0};
    response_command_encode(command, &body);
    struct ledger_command signed_command = {
        .cluster = author->cluster,
        .compartment = *compartment,
        .author = author->access->signer.identity.id,
        .request = *request,
        .expectation_count = expectation_count,
        .body = vg_buffer_span(&body),
    };
    if (expectation_count > 0)
        memcpy(signed_command.expectations, expectations, expectation_count * sizeof *expectations);
    vg_buffer_clear(out);
    enum vg_code code = cli_signer_sign(&author->access->signer, &signed_command, out, error);
    vg_buffer_free(&body);
    return code;
}

/* What the change has set counts as read, of the incident it is about. */
static void learn_own(struct cli_call *call, const struct cli_change *change, const json_t *answer)
{
    const char *id = change->incident != NULL ? change->incident : cli_json_text(answer, "id");
    json_t *set =
        json_pack("{s:s, s:O}", "id", id, "revision", json_object_get(answer, "revision"));
    cli_learn(call, set);
    json_decref(set);
}

void cli_change_explain(struct cli_call *call, const struct cli_change *change)
{
    struct vg_error cause = call->error;
    if (vg_code_exit(cause.code) != vg_code_exit(VG_UNAVAILABLE) || call->settings.dry_run)
        return;
    char id[VG_ID_TEXT];
    vg_id_format(&change->request, id);
    vg_fail(&call->error, cause.code, "%.300s; %s, repeat with --request-id %s", cause.text,
            change->unknown ? "the outcome is unknown" : "nothing was accepted", id);
    if (call->details == NULL)
        call->details = json_object();
    json_object_set_new(call->details, "request_id", json_string(id));
}

static enum vg_code send(struct cli_call *call, struct cli_change *change,
                         const struct cli_expectations *expectations, json_t **answer)
{
    struct vg_buffer bytes = {0};
    json_decref(call->details); /* of a conflict that was looked at */
    call->details = NULL;
    enum vg_code code =
        cli_command_sign(call->author, &change->compartment, &change->request, expectations->list,
                         expectations->count, change->command, &bytes, &call->error);
    struct wire_request submit = {
        .kind = WIRE_SUBMIT, .dry_run = call->settings.dry_run, .body = vg_buffer_span(&bytes)};
    if (code == VG_OK) {
        code = cli_client_call(call->client, &submit, answer, &call->error, &call->details);
        change->unknown = cli_client_unknown(call->client);
    }
    vg_buffer_free(&bytes);
    return code;
}

/* ---- rebasing ----------------------------------------------------------------------------------
 */

/* The aspect that a conflict is about. */
static struct cli_aspect conflicting(const json_t *details)
{
    struct cli_aspect aspect = {
        .aspect = (uint16_t)response_number(response_aspects, cli_json_text(details, "aspect"))};
    vg_id_parse(cli_json_text(details, "part"), &aspect.part);
    return aspect;
}

/* Shows both values and asks whether the author's goes on top. */
static bool confirm_rebase(struct cli_call *call)
{
    const json_t *details = call->details;
    const json_t *people = json_object_get(call->author->names, "people");
    char answer[16] = "";
    fprintf(stderr, "%s has changed since you read it\n  now    ",
            cli_json_text(details, "aspect"));
    cli_print_text(stderr, cli_json_text(details, "value"), 9);
    fprintf(stderr, "         revision %llu, by ",
            (unsigned long long)cli_json_number(details, "current"));
    cli_print_inline(stderr, cli_person_name(people, cli_json_text(details, "set_by")));
    fprintf(stderr, " at %s\n  yours  ", cli_json_text(details, "set_at"));
    cli_print_text(stderr, cli_json_text(details, "proposed"), 9);
    fprintf(stderr, "Put yours in its place? [y/N] ");
    fflush(stderr);
    bool answered = fgets(answer, sizeof answer, stdin) != NULL;
    if (!isatty(STDIN_FILENO))
        fputc('\n', stderr);
    return answered && (answer[0] == 'y' || answer[0] == 'Y');
}

/* True if the change is to be sent anew, on top of what is there now. */
static bool rebase(struct cli_call *call, struct cli_change *change,
                   struct cli_expectations *expectations)
{
    if (call->error.code != VG_CONFLICT || call->settings.dry_run || !cli_flag(call, "rebase") ||
        call->details == NULL || !confirm_rebase(call))
        return false;
    struct cli_aspect aspect = conflicting(call->details);
    change->request = cli_request_make();
    return cli_expectations_set(expectations, &aspect, cli_json_number(call->details, "current"));
}

enum vg_code cli_change_submit(struct cli_call *call, struct cli_change *change, json_t **answer)
{
    struct cli_author *author;
    struct cli_expectations expectations;
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK)
        code = cli_expectations_collect(call, change, &expectations);
    if (code != VG_OK)
        return code;
    do {
        code = send(call, change, &expectations, answer);
    } while (code != VG_OK && rebase(call, change, &expectations));
    if (code == VG_OK && call->settings.dry_run)
        json_object_set_new(*answer, "dry_run", json_true());
    else if (code == VG_OK)
        learn_own(call, change, *answer);
    return code;
}

enum vg_code cli_change_propose(struct cli_call *call, const struct response_command *proposed,
                                json_t **answer)
{
    const char *expires = cli_text(call, "expires");
    uint32_t expires_ms = EXPIRES_DEFAULT_MS;
    struct vg_buffer bytes = {0};
    if (expires != NULL &&
        cli_duration_parse(expires, "--expires", &expires_ms, &call->error) != VG_OK)
        return call->error.code;
    response_command_encode(proposed, &bytes);
    struct response_command command = {.op = RESPONSE_OP_PROPOSE,
                                       .propose.command = vg_buffer_span(&bytes)};
    struct cli_change change = {.request = cli_request_of(call), .command = &command};
    command.propose.expires_at = vg_uuid7_time_ms(&change.request) + expires_ms;
    enum vg_code code = cli_change_submit(call, &change, answer);
    cli_change_explain(call, &change);
    vg_buffer_free(&bytes);
    return code;
}

void cli_change_print(struct cli_call *call, const json_t *answer)
{
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, answer);
    else if (call->settings.dry_run)
        printf("would be accepted; nothing was changed\n");
    else
        printf("%s\n", cli_json_text(answer, "id"));
}

void cli_learn(struct cli_call *call, const json_t *incidents)
{
    struct vg_error error = {.code = VG_OK};
    char reader[VG_ID_TEXT] = "nobody";
    if (call->access != NULL)
        vg_id_format(&call->access->signer.identity.id, reader);
    if (cli_session_learn(cli_text(call, "session"), reader, incidents, &error) != VG_OK)
        fprintf(stderr, "vigil: note: what was read is not remembered: %s\n", error.text);
}
