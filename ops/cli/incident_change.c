/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"

static enum vg_code parse_source(struct cli_call *call, const char *text, uint8_t *source,
                                 uint8_t *subsource)
{
    char name[48];
    size_t size = strcspn(text, "/");
    snprintf(name, sizeof name, "%.*s", (int)size, text);
    *source = response_source_parse(name);
    *subsource = text[size] == '/' ? response_subsource_parse(text + size + 1) : RESPONSE_SUB_NONE;
    if (*source != 0 && (text[size] != '/' || *subsource != 0))
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE,
                   "--source is '%s'; it may be automated/SUB (antimalware, ids, anomaly, other), "
                   "first-party, vulnerability-report, customer-report, exercise, operator, "
                   "physical or unknown",
                   text);
}

/* "c,i,a" in any order, or the words themselves. */
static enum vg_code parse_cia(struct cli_call *call, uint8_t *out)
{
    static const struct {
        const char *letter, *word;
        uint8_t bit;
    } parts[] = {{"c", "confidentiality", RESPONSE_CONFIDENTIALITY},
                 {"i", "integrity", RESPONSE_INTEGRITY},
                 {"a", "availability", RESPONSE_AVAILABILITY}};
    const char *text = cli_text(call, "cia");
    *out = 0;
    while (text != NULL) {
        char word[24];
        size_t size = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", (int)size, text);
        uint8_t bit = 0;
        for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
            if (strcmp(word, parts[i].letter) == 0 || strcmp(word, parts[i].word) == 0)
                bit = parts[i].bit;
        if (bit == 0)
            return vg_fail(&call->error, VG_USAGE, "--cia is '%s'; write some of c,i,a",
                           cli_text(call, "cia"));
        *out |= bit;
        text = text[size] == ',' ? text + size + 1 : NULL;
    }
    return VG_OK;
}

static enum vg_code read_text(struct cli_call *call, const char *path, struct vg_buffer *out)
{
    const char *name = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
    enum vg_code code = VG_OK;
    if (name != path) {
        char bytes[4096];
        size_t size;
        while (out->size <= VG_TEXT_MAX && (size = fread(bytes, 1, sizeof bytes, stdin)) > 0)
            vg_buffer_append(out, bytes, size);
    } else {
        code = vg_file_read(path, VG_TEXT_MAX, out, &call->error);
    }
    if (code == VG_OK && out->size > VG_TEXT_MAX)
        code = vg_fail(&call->error, VG_INVALID, "%s is longer than %d bytes", name, VG_TEXT_MAX);
    if (code == VG_OK && !vg_utf8_valid(vg_buffer_span(out)))
        code = vg_fail(&call->error, VG_INVALID, "%s is not UTF-8 text", name);
    while (out->size > 0 && strchr("\r\n", out->data[out->size - 1]) != NULL)
        out->size--;
    return code;
}

static vg_span text_or_empty(const char *text)
{
    return vg_span_text(text != NULL ? text : "");
}

/* Refuses here what the rules of text would refuse there, so that the words of the call are named.
 */
static enum vg_code check_command(struct cli_call *call, const struct response_command *command)
{
    struct vg_buffer bytes = {0};
    struct response_command decoded;
    response_command_encode(command, &bytes);
    enum vg_code code = response_command_decode(vg_buffer_span(&bytes), &decoded, &call->error);
    vg_buffer_free(&bytes);
    return code;
}

static enum vg_code submit(struct cli_call *call, struct cli_change *change)
{
    json_t *answer = NULL;
    enum vg_code code = check_command(call, change->command);
    if (code == VG_OK)
        code = cli_change_submit(call, change, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    json_decref(answer);
    return code;
}

static enum vg_code fill_detect(struct cli_call *call, struct response_command *command)
{
    const char *source = cli_text(call, "source");
    const char *title;
    const char *happened = cli_text(call, "happened-at");
    if (source == NULL && cli_flag(call, "exercise"))
        source = "exercise";
    enum vg_code code = source == NULL ? cli_required(call, "source", &source) : VG_OK;
    if (code == VG_OK)
        code = cli_required(call, "title", &title);
    if (code == VG_OK)
        code = parse_source(call, source, &command->detect.source, &command->detect.subsource);
    if (code == VG_OK)
        code = parse_cia(call, &command->detect.cia);
    if (code != VG_OK)
        return code;
    command->detect.title = vg_span_text(title);
    command->detect.product = text_or_empty(cli_text(call, "product"));
    command->detect.dedup_key = text_or_empty(cli_text(call, "dedup-key"));
    if (cli_flag(call, "exercise") && command->detect.source != RESPONSE_SOURCE_EXERCISE)
        return vg_fail(&call->error, VG_USAGE, "--exercise goes with --source exercise alone");
    if (happened == NULL || vg_time_parse(happened, &command->detect.happened_at))
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE,
                   "--happened-at is '%s'; write a time with a zone, such as "
                   "2026-11-22T03:04:05Z",
                   happened);
}

enum vg_code incident_detect(struct cli_call *call)
{
    struct response_command command = {.op = RESPONSE_OP_DETECT};
    struct cli_change change = {.command = &command, .request = cli_request_of(call)};
    struct vg_buffer detail = {0};
    enum vg_code code = fill_detect(call, &command);
    if (code == VG_OK && cli_text(call, "detail") != NULL)
        code = read_text(call, cli_text(call, "detail"), &detail);
    command.detect.detail = detail.size > 0 ? vg_buffer_span(&detail) : vg_span_text("");
    if (code == VG_OK)
        code = cli_compartment_find(call, cli_text(call, "compartment"), &change.compartment);
    if (code == VG_OK)
        code = submit(call, &change);
    cli_change_explain(call, &change);
    vg_buffer_free(&detail);
    return code;
}

/* The incident's id and the compartment it lives in. */
static enum vg_code find_incident(struct cli_call *call, const char *text, vg_id *incident,
                                  vg_id *compartment)
{
    json_t *shown = incident_ask(call, "incident.show", text);
    if (shown == NULL)
        return call->error.code;
    vg_id_parse(text, incident);
    enum vg_code code =
        cli_compartment_find(call, cli_json_text(shown, "compartment"), compartment);
    json_decref(shown);
    return code;
}

enum vg_code incident_note(struct cli_call *call)
{
    struct response_command command = {.op = RESPONSE_OP_NOTE};
    struct cli_change change = {
        .command = &command, .request = cli_request_of(call), .incident = call->words[0]};
    struct vg_buffer file = {0};
    const char *text = cli_text(call, "text");
    const char *path = cli_text(call, "file");
    enum vg_code code = VG_OK;
    if ((text == NULL) == (path == NULL))
        code = vg_fail(&call->error, VG_USAGE, "a note needs either --text or --file");
    if (code == VG_OK && path != NULL)
        code = read_text(call, path, &file);
    command.note.text = path != NULL ? vg_buffer_span(&file) : text_or_empty(text);
    if (code == VG_OK)
        code = find_incident(call, call->words[0], &command.note.incident, &change.compartment);
    if (code == VG_OK)
        code = submit(call, &change);
    cli_change_explain(call, &change);
    vg_buffer_free(&file);
    return code;
}

static enum vg_code move_stage(struct cli_call *call, const char *stage)
{
    struct response_command command = {.op = RESPONSE_OP_STAGE};
    struct cli_change change = {.command = &command,
                                .request = cli_request_of(call),
                                .incident = call->words[0],
                                .aspect = RESPONSE_ASPECT_STAGE};
    const char *reason;
    command.stage.stage = response_stage_parse(stage);
    if (command.stage.stage == 0)
        return vg_fail(&call->error, VG_USAGE,
                       "the stage is '%s'; it may be detect, assess, diagnose, stabilize or close",
                       stage);
    enum vg_code code = cli_required(call, "reason", &reason);
    if (code == VG_OK)
        code = parse_cia(call, &command.stage.cia);
    if (code != VG_OK)
        return code;
    command.stage.reason = vg_span_text(reason);
    code = find_incident(call, call->words[0], &command.stage.incident, &change.compartment);
    if (code == VG_OK)
        code = submit(call, &change);
    cli_change_explain(call, &change);
    return code;
}

enum vg_code incident_stage(struct cli_call *call)
{
    return move_stage(call, call->words[1]);
}

enum vg_code incident_close(struct cli_call *call)
{
    return move_stage(call, "close");
}
