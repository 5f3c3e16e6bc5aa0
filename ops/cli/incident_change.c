/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "ops/cli/core/fill.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"

/* ---- detect ------------------------------------------------------------------------------------
 */

/* "automated/ids" as two fields. */
static enum vg_code give_source(struct cli_call *call, struct cli_fill *fill, char *source)
{
    char *slash = strchr(source, '/');
    const char *sub = slash != NULL ? slash + 1 : NULL;
    if (slash != NULL)
        *slash = '\0';
    bool known = response_number(response_sources, source) != 0 &&
                 (sub == NULL || response_number(response_subsources, sub) != 0);
    if (!known)
        return vg_fail(&call->error, VG_USAGE,
                       "--source is '%s%s%s'; it may be automated/SUB (antimalware, ids, anomaly, "
                       "other), first-party, vulnerability-report, customer-report, exercise, "
                       "operator, physical or unknown",
                       source, sub != NULL ? "/" : "", sub != NULL ? sub : "");
    cli_fill_give(fill, "source", source);
    if (sub != NULL)
        cli_fill_give(fill, "sub-kind", sub);
    return VG_OK;
}

static enum vg_code fill_detect(struct cli_call *call, struct cli_fill *fill, char *source)
{
    const char *detail = cli_text(call, "detail");
    enum vg_code code = give_source(call, fill, source);
    bool exercise = strcmp(source, "exercise") == 0;
    if (code == VG_OK && cli_flag(call, "exercise") && !exercise)
        code = vg_fail(&call->error, VG_USAGE, "--exercise goes with --source exercise alone");
    if (code == VG_OK && detail != NULL)
        code = cli_fill_give_file(call, fill, "detail", detail);
    if (code == VG_OK)
        code = cli_fill(call, fill);
    return code == VG_OK
               ? cli_compartment_find(call, cli_text(call, "compartment"), &fill->compartment)
               : code;
}

/* Repeats of an integration's signal are answered with the count they are in, which may take this
 * long (R3): no reason to ask another node. */
static void wait_for_count(struct cli_call *call)
{
    enum { COUNT_WAIT_MS = 10000 };
    const json_t *people = json_object_get(call->author->names, "people");
    const json_t *rights = json_object_get(cli_person_entry(people, call->author->id), "rights");
    size_t i;
    json_t *right;
    json_array_foreach(rights, i, right)
    {
        if (strcmp(cli_json_text(right, ""), "integration") == 0)
            cli_client_hold(call->client, COUNT_WAIT_MS);
    }
}

/* How many signals an incident has, 0 where that is not to be had: no error of the detection. */
static uint64_t count_of(struct cli_call *call, const char *incident)
{
    json_t *shown =
        cli_query(call, json_pack("{s:s, s:s}", "query", "incident.show", "id", incident));
    uint64_t count = cli_json_number(shown, "detection.count");
    json_decref(shown);
    json_decref(call->details);
    call->details = NULL;
    call->error = (struct vg_error){.code = VG_OK};
    return count;
}

/* The id is of an incident that was there: nobody takes it for a new one. JSON has it in keys. */
static void say_what_was_there(struct cli_call *call, const json_t *answer)
{
    const char *id = cli_json_text(answer, "id");
    bool tried = call->settings.dry_run;
    if (cli_is_json(call->settings.output))
        return;
    if (json_is_true(json_object_get(answer, "filtered")))
        fprintf(
            stderr,
            "vigil: note: %s taken out by the filter of incident %s, and counted there; nothing "
            "%s opened\n",
            tried ? "would be" : "it was", id, tried ? "would be" : "was");
    if (!json_is_true(json_object_get(answer, "joined")))
        return;
    uint64_t count = count_of(call, id);
    fprintf(stderr, "vigil: note: %s incident %s, which was open already",
            tried ? "would join" : "it joined", id);
    if (count > 0)
        fprintf(stderr, "; count %llu", (unsigned long long)count + (tried ? 1 : 0));
    fputc('\n', stderr);
}

enum vg_code incident_detect(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    const char *given = cli_text(call, "source");
    if (given == NULL && cli_flag(call, "exercise"))
        given = "exercise";
    if (given == NULL)
        return cli_required(call, "source", &given);
    char *source = vg_strdup(given);
    json_t *answer = NULL;
    enum vg_code code = fill_detect(call, &fill, source);
    if (code == VG_OK)
        wait_for_count(call);
    if (code == VG_OK)
        code = cli_fill_send(call, &fill, &answer);
    if (code == VG_OK) {
        cli_change_print(call, answer);
        say_what_was_there(call, answer);
    }
    json_decref(answer);
    cli_fill_free(&fill);
    free(source);
    return code;
}

/* ---- note, finding, plan -----------------------------------------------------------------------
 */

enum vg_code incident_text(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    const char *file = cli_text(call, "file");
    enum vg_code code = VG_OK;
    if ((cli_text(call, "text") == NULL) == (file == NULL))
        code = vg_fail(&call->error, VG_USAGE, "a %s needs either --text or --file",
                       call->command->name);
    if (code == VG_OK && file != NULL)
        code = cli_fill_give_file(call, &fill, "text", file);
    if (code == VG_OK)
        code = cli_fill(call, &fill);
    if (code == VG_OK)
        code = cli_fill_submit(call, &fill);
    cli_fill_free(&fill);
    return code;
}

/* ---- withdraw ----------------------------------------------------------------------------------
 */

enum { EXPIRES_DEFAULT_MS = 24 * 3600 * 1000 };

/* Wraps what was filled into a proposal of it; `bytes` get the wrapped command. */
static enum vg_code propose(struct cli_call *call, struct cli_fill *fill, struct vg_buffer *bytes)
{
    const char *role = cli_text(call, "as");
    const char *expires = cli_text(call, "expires");
    uint32_t expires_ms = EXPIRES_DEFAULT_MS;
    struct response_command *command = &fill->command;
    if (expires != NULL &&
        cli_duration_parse(expires, "--expires", &expires_ms, &call->error) != VG_OK)
        return call->error.code;
    response_command_encode(command, bytes);
    *command = (struct response_command){.op = RESPONSE_OP_PROPOSE};
    command->propose.command = vg_buffer_span(bytes);
    command->propose.role = role != NULL ? response_number(response_roles, role) : 0;
    command->propose.expires_at = vg_uuid7_time_ms(&fill->request) + expires_ms;
    if (role != NULL && command->propose.role == 0)
        return vg_fail(&call->error, VG_USAGE,
                       "--as is '%s'; it may be legal or executive-incident-manager", role);
    return VG_OK;
}

enum vg_code incident_withdraw(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    struct vg_buffer bytes = {0};
    json_t *answer = NULL;
    enum vg_code code = cli_fill(call, &fill);
    if (code == VG_OK)
        code = propose(call, &fill, &bytes);
    if (code == VG_OK)
        code = cli_fill_send(call, &fill, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    if (code == VG_OK && !call->settings.dry_run)
        fprintf(stderr,
                "proposed; the other of legal and executive-incident-manager reads it and signs:\n"
                "  vigil proposal approve %s --reason 'TEXT'\n",
                cli_json_text(answer, "id"));
    json_decref(answer);
    vg_buffer_free(&bytes);
    cli_fill_free(&fill);
    return code;
}
