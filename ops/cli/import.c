/* SPDX-License-Identifier: Apache-2.0
 * `vigil import`: incidents from elsewhere, one command and one line each. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/file.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/place.h"
#include "ops/cli/veris/veris.h"

static const struct cli_option veris_options[] = {
    {.name = "namespace", .value = "NAME", .help = "of the natural key (veris)"},
    {.name = "compartment", .value = "NAME", .help = "whose incidents these are (the context's)"},
    {.name = NULL},
};

/* One run over files. */
struct batch {
    struct cli_call *call;
    const char *space;
    vg_id compartment;
    uint64_t total;
    uint64_t done;
    uint64_t imported, repeated, failed;
    struct cli_progress progress;
    json_t *reports; /* -o json: one array at the end */
};

/* ---- reports -----------------------------------------------------------------------------------
 */

/* A name as text: what is no UTF-8 of it becomes a question mark. */
static char *as_text(const char *name)
{
    char *text = vg_strdup(name);
    for (char *at = text; !vg_utf8_valid(vg_span_text(at));) {
        size_t size = 1;
        while (size < 4 && at[size] != '\0' && !vg_utf8_valid(vg_span_of(at, size)))
            size++;
        bool valid = vg_utf8_valid(vg_span_of(at, size));
        if (!valid)
            *at = '?';
        at += valid ? size : 1;
    }
    return text;
}

static void print_report(const char *file, const char *result, const char *id,
                         const struct vg_error *error, const char *reason)
{
    if (error != NULL)
        printf("failed: ");
    else
        printf("%s %s ", result, id != NULL ? id : "-");
    cli_print_inline(stdout, file);
    if (error != NULL) {
        printf(": %s: ", vg_code_name(error->code));
        cli_print_inline(stdout, reason);
    }
    printf("\n");
}

static void report(struct batch *batch, const char *name, const char *result, const char *id,
                   const struct vg_error *error)
{
    char *file = as_text(name);
    const char *reason = error != NULL ? error->text : NULL;
    size_t size = strlen(name);
    if (reason != NULL && strncmp(reason, name, size) == 0 && strncmp(reason + size, ": ", 2) == 0)
        reason += size + 2; /* the line names the file already */
    cli_progress_clear(&batch->progress);
    if (cli_is_json(batch->call->settings.output)) {
        json_t *line = json_pack("{s:s, s:s, s:s?}", "file", file, "result", result, "id", id);
        if (error != NULL) {
            json_object_set_new(line, "code", json_string(vg_code_name(error->code)));
            json_object_set_new(line, "reason", json_string(reason));
        }
        if (batch->reports != NULL)
            json_array_append(batch->reports, line);
        else
            cli_print_json(stdout, CLI_JSONL, line);
        json_decref(line);
    } else {
        print_report(file, result, id, error, reason);
    }
    fflush(stdout);
    free(file);
}

static void report_end(struct batch *batch)
{
    cli_progress_clear(&batch->progress);
    if (batch->reports != NULL)
        cli_print_json(stdout, CLI_JSON, batch->reports);
    else if (batch->call->settings.output != CLI_JSONL)
        printf("%llu %s, %llu repeated, %llu failed\n", (unsigned long long)batch->imported,
               batch->call->settings.dry_run ? "would be imported" : "imported",
               (unsigned long long)batch->repeated, (unsigned long long)batch->failed);
}

/* ---- one document ------------------------------------------------------------------------------
 */

/* An import answered with the request's own id made the incident, also when a retry asked twice;
 * another id is that of an earlier import. */
static bool made_now(const json_t *answer, const vg_id *request)
{
    vg_id id;
    return vg_id_parse(cli_json_text(answer, "id"), &id) && vg_id_equal(&id, request);
}

static enum vg_code submit(struct batch *batch, const struct veris_incident *incident,
                           vg_span document, json_t **answer, vg_id *request,
                           struct vg_error *error)
{
    struct cli_call *call = batch->call;
    struct response_command command = veris_command(incident, batch->space, document);
    struct vg_buffer bytes = {0};
    json_t *details = NULL;
    *request = cli_request_make();
    enum vg_code code = cli_command_sign(call->author, &batch->compartment, request, NULL, 0,
                                         &command, &bytes, error);
    struct wire_request submit = {
        .kind = WIRE_SUBMIT, .dry_run = call->settings.dry_run, .body = vg_buffer_span(&bytes)};
    if (code == VG_OK)
        code = cli_client_call(call->client, &submit, answer, error, &details);
    json_decref(details);
    vg_buffer_free(&bytes);
    return code;
}

static enum vg_code import_bytes(struct batch *batch, const char *file, vg_span document,
                                 struct vg_error *error)
{
    struct veris_incident incident;
    json_t *answer = NULL;
    vg_id request;
    enum vg_code code = veris_read(document, &incident, error);
    if (code == VG_OK)
        code = submit(batch, &incident, document, &answer, &request, error);
    if (code != VG_OK)
        return code;
    bool dry = batch->call->settings.dry_run;
    bool repeated =
        dry ? json_is_true(json_object_get(answer, "repeated")) : !made_now(answer, &request);
    batch->imported += !repeated;
    batch->repeated += repeated;
    const char *result = repeated ? "repeated" : dry ? "would-import" : "imported";
    report(batch, file, result, dry && !repeated ? NULL : cli_json_text(answer, "id"), NULL);
    json_decref(answer);
    return VG_OK;
}

static void import_file(struct batch *batch, const char *file)
{
    struct vg_buffer bytes = {0};
    struct vg_error error = {.code = VG_OK};
    enum vg_code code = vg_file_read(file, VG_DOCUMENT_MAX, &bytes, &error);
    if (code == VG_OK)
        code = import_bytes(batch, file, vg_buffer_span(&bytes), &error);
    if (code != VG_OK) {
        batch->failed++;
        report(batch, file, "failed", NULL, &error);
    }
    vg_buffer_free(&bytes);
    cli_progress_show(&batch->progress, ++batch->done);
}

/* ---- files -------------------------------------------------------------------------------------
 */

static int is_document(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".json") == 0;
}

static enum vg_code import_folder(struct batch *batch, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_document, alphasort);
    if (count < 0)
        return vg_fail(&batch->call->error, VG_UNAVAILABLE, "cannot read the folder %s", folder);
    batch->progress = cli_progress_start("importing", (uint64_t)count);
    for (int i = 0; i < count; i++) {
        char *file = cli_join(folder, entries[i]->d_name);
        import_file(batch, file);
        free(file);
        free(entries[i]);
    }
    free(entries);
    if (count == 0)
        return vg_fail(&batch->call->error, VG_INVALID, "%s has no *.json in it", folder);
    return VG_OK;
}

static enum vg_code check_space(struct cli_call *call, const char *space)
{
    size_t size = strlen(space);
    for (const char *at = space; *at != 0; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            size = 0;
    if (size > 0 && size <= VG_NAME_MAX)
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE,
                   "--namespace must be 1 to %d bytes without control characters", VG_NAME_MAX);
}

static enum vg_code run_veris(struct cli_call *call)
{
    const char *path = call->words[0];
    const char *space = cli_text(call, "namespace");
    struct batch batch = {.call = call, .space = space != NULL ? space : "veris"};
    struct stat status;
    if (call->settings.has_request)
        return vg_fail(&call->error, VG_USAGE,
                       "import takes no --request-id; repeating it is safe as it is");
    if (stat(path, &status) != 0)
        return vg_fail(&call->error, VG_NOT_FOUND, "there is no file or folder %s", path);
    enum vg_code code = check_space(call, batch.space);
    if (code == VG_OK)
        code = cli_compartment_find(call, cli_text(call, "compartment"), &batch.compartment);
    if (code != VG_OK)
        return code;
    if (call->settings.output == CLI_JSON)
        batch.reports = json_array();
    if (S_ISDIR(status.st_mode))
        code = import_folder(&batch, path);
    else
        import_file(&batch, path);
    if (code == VG_OK)
        report_end(&batch);
    json_decref(batch.reports);
    call->exit_code = batch.failed > 0 ? vg_code_exit(VG_RULE) : 0;
    return code;
}

const struct cli_command import_commands[] = {
    {.name = "veris",
     .words = "FILE|DIR",
     .summary = "Bring in VERIS 1.3 incidents as historical ones",
     .about =
         "Each document becomes one historical incident that keeps it whole; its class, harm and\n"
         "times are claims. The natural key is compartment, namespace and incident_id, so that\n"
         "importing again changes nothing. One line is printed for each document; one that\n"
         "cannot be taken is named with the reason, the rest goes on, and the exit code is 1.",
     .examples = "  vigil import veris incident.json\n"
                 "  vigil import veris reports/ --namespace 2025",
     .options = veris_options,
     .run = run_veris,
     .words_min = 1,
     .words_max = 1,
     .flags = CLI_CHANGES},
    {.name = NULL},
};
