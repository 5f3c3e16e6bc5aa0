/* SPDX-License-Identifier: Apache-2.0
 * `vigil evidence`: what an incident rests on, and who has had it in hands (R17). */
#include <stdio.h>

#include "common/crypto.h"
#include "common/file.h"
#include "common/text.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/parts.h"

/* ---- add ---------------------------------------------------------------------------------------
 */

static const struct cli_option add_options[] = {
    {.name = "file", .value = "FILE", .help = "what was collected; up to 1 MiB is kept in the log"},
    {.name = "no-content", .help = "record hash and size alone; the file stays where it is"},
    {.name = "source", .value = "NAME", .help = "where it comes from: a host, a person, a system"},
    {.name = "name", .value = "TEXT", .help = "what to call it (the file's name)"},
    {.name = "collector", .value = "NAME", .help = "who or what collected it (you)"},
    {.name = "collected-at", .value = "TIME", .help = "when, RFC 3339 with a zone"},
    {.name = NULL},
};

/* Size and SHA-256 of a file as texts, read piece by piece; its bytes too where they are kept. */
struct content {
    struct vg_buffer bytes;
    char size[24];
    char hash[VG_HASH_TEXT];
};

/* The bytes that were hashed, and no others. */
static enum vg_code read_bytes(struct cli_call *call, const char *path, const vg_hash *hash,
                               struct content *out)
{
    if (vg_file_read(path, VG_DOCUMENT_MAX, &out->bytes, &call->error) != VG_OK)
        return call->error.code;
    vg_hash found = vg_sha256(vg_buffer_span(&out->bytes));
    if (vg_hash_equal(&found, hash))
        return VG_OK;
    return vg_fail(&call->error, VG_INVALID,
                   "%s changed while it was read; copy it, and add the copy", path);
}

static enum vg_code read_content(struct cli_call *call, const char *path, bool keep,
                                 struct content *out)
{
    vg_hash hash;
    uint64_t size;
    enum vg_code code = vg_file_sha256(path, &hash, &size, &call->error);
    if (code != VG_OK)
        return code;
    if (size == 0)
        return vg_fail(&call->error, VG_INVALID, "%s is empty; evidence has at least one byte",
                       path);
    if (keep && size > VG_DOCUMENT_MAX)
        return vg_fail(&call->error, VG_INVALID,
                       "%s has %llu bytes; the log keeps at most %d. Record hash and size with "
                       "--no-content, and keep the file safe",
                       path, (unsigned long long)size, VG_DOCUMENT_MAX);
    snprintf(out->size, sizeof out->size, "%llu", (unsigned long long)size);
    vg_hex_format(vg_span_of(hash.bytes, sizeof hash.bytes), out->hash);
    return keep ? read_bytes(call, path, &hash, out) : VG_OK;
}

static enum vg_code fill_evidence(struct cli_call *call, struct cli_fill *fill, const char *path,
                                  struct content *content)
{
    struct cli_author *author;
    const char *slash = strrchr(path, '/');
    enum vg_code code = read_content(call, path, !cli_flag(call, "no-content"), content);
    if (code == VG_OK)
        code = cli_author_open(call, &author);
    if (code != VG_OK)
        return code;
    cli_fill_give(fill, "hash", content->hash);
    cli_fill_give(fill, "size", content->size);
    if (cli_text(call, "name") == NULL)
        cli_fill_give(fill, "name", slash != NULL ? slash + 1 : path);
    if (cli_text(call, "collector") == NULL)
        cli_fill_give(fill, "collector",
                      cli_person_name(json_object_get(author->names, "people"), author->id));
    code = cli_fill(call, fill);
    if (content->bytes.size > 0)
        fill->command.evidence.content = vg_buffer_span(&content->bytes);
    return code;
}

static enum vg_code run_add(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    struct content content = {.size = ""};
    const char *path;
    enum vg_code code = cli_required(call, "file", &path);
    if (code == VG_OK)
        code = fill_evidence(call, &fill, path, &content);
    if (code == VG_OK)
        code = cli_fill_submit(call, &fill);
    cli_fill_free(&fill);
    vg_buffer_free(&content.bytes);
    return code;
}

/* ---- list --------------------------------------------------------------------------------------
 */

static const struct cli_column columns[] = {
    {.title = "NO", .path = "number"},
    {.title = "NAME", .path = "name", .cut = 40},
    {.title = "SIZE", .path = "size", .number = true},
    {.title = "SHA-256", .path = "sha256", .cut = 16},
    {.title = "SOURCE", .path = "source"},
    {.title = "COLLECTOR", .path = "collector"},
    {.title = "HOLDER", .path = "holder"},
    {.title = "OFFERED TO", .path = "offered_to", .wide = true},
    {.title = "SEALED", .path = "sealed", .wide = true},
    {.title = "DISPOSED", .path = "disposed", .wide = true},
    {.title = "COLLECTED", .path = "collected_at", .wide = true},
    {.title = "ID", .path = "id", .wide = true},
    {.title = NULL},
};

static enum vg_code run_list(struct cli_call *call)
{
    return parts_list(call, "evidence", "evidence", columns);
}

/* ---- verify, get -------------------------------------------------------------------------------
 */

static const struct cli_option verify_options[] = {
    {.name = "file", .value = "FILE", .help = "the file as it is now"},
    {.name = "text", .value = "TEXT", .help = "a word about it"},
    {.name = NULL},
};

/* The part of an incident that an id means; a new reference, NULL with the call's error set. */
static json_t *find_evidence(struct cli_call *call, const vg_id *wanted)
{
    char text[VG_ID_TEXT];
    vg_id before = *wanted;
    for (int i = 15; i >= 0 && before.bytes[i]-- == 0; i--)
        continue; /* parts come in the order of their ids: ask for what follows the id before it */
    vg_id_format(&before, text);
    json_t *page =
        cli_query(call, json_pack("{s:s, s:s, s:s, s:s, s:i}", "query", "incident.parts", "id",
                                  call->words[0], "kind", "evidence", "after", text, "limit", 1));
    json_t *found = json_incref(json_array_get(page, 0));
    json_decref(page);
    return found;
}

/* What was found goes into the chain of custody either way; here it is said too. */
static enum vg_code compare(struct cli_call *call, const struct cli_fill *fill, const char *path,
                            const char *hash)
{
    json_t *evidence = find_evidence(call, &fill->command.custody.evidence);
    const char *recorded = cli_json_text(evidence, "sha256");
    if (evidence != NULL && strcmp(recorded, hash) != 0)
        vg_fail(&call->error, VG_INTEGRITY,
                "%s is not the evidence as it was collected: its SHA-256 is %s, that of %s is %s%s",
                path, hash, call->words[1], recorded,
                call->settings.dry_run ? "" : "; the chain of custody says so now");
    json_decref(evidence);
    return call->error.code;
}

static enum vg_code run_verify(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    struct content content = {.size = ""};
    const char *path;
    enum vg_code code = cli_required(call, "file", &path);
    if (code == VG_OK)
        code = read_content(call, path, false, &content);
    if (code == VG_OK) {
        cli_fill_give(&fill, "hash", content.hash);
        code = cli_fill(call, &fill);
    }
    if (code == VG_OK)
        code = cli_fill_submit(call, &fill);
    if (code == VG_OK)
        code = compare(call, &fill, path, content.hash);
    cli_fill_free(&fill);
    return code;
}

/* The bytes, if they are those of the hash that the evidence was recorded with. */
static enum vg_code write_content(struct cli_call *call, const json_t *evidence,
                                  const json_t *answer)
{
    const json_t *content = json_object_get(answer, "content");
    struct vg_buffer bytes = {0};
    char hash[VG_HASH_TEXT] = "";
    bool ok = vg_base64_parse(vg_span_of(json_string_value(content), json_string_length(content)),
                              &bytes);
    vg_hash found = vg_sha256(vg_buffer_span(&bytes));
    vg_hex_format(vg_span_of(found.bytes, sizeof found.bytes), hash);
    if (!ok || strcmp(hash, cli_json_text(evidence, "sha256")) != 0)
        vg_fail(&call->error, VG_INTEGRITY,
                "the node gave other bytes than the evidence has; ask another node, and see vigil "
                "log verify");
    else
        fwrite(bytes.data, 1, bytes.size, stdout);
    vg_buffer_free(&bytes);
    return call->error.code;
}

/* Looking at evidence is a link of its chain of custody: it is recorded first. */
static enum vg_code run_get(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    json_t *evidence = NULL;
    json_t *recorded = NULL;
    json_t *answer = NULL;
    enum vg_code code = cli_bytes_check(&call->error);
    if (code == VG_OK)
        code = cli_fill(call, &fill);
    if (code == VG_OK) {
        evidence = find_evidence(call, &fill.command.custody.evidence);
        code = call->error.code;
    }
    uint64_t index = cli_json_number(evidence, "content_index");
    if (code == VG_OK && index == 0)
        code = vg_fail(&call->error, VG_NOT_FOUND,
                       "the log has hash and size of this evidence alone; its holder has the file");
    if (code == VG_OK)
        code = cli_fill_send(call, &fill, &recorded);
    if (code == VG_OK && !call->settings.dry_run) {
        answer = cli_query(
            call, json_pack("{s:s, s:I}", "query", "log.content", "index", (json_int_t)index));
        code = answer != NULL ? write_content(call, evidence, answer) : call->error.code;
    }
    if (code == VG_OK && call->settings.dry_run)
        cli_change_print(call, recorded);
    json_decref(answer);
    json_decref(recorded);
    json_decref(evidence);
    cli_fill_free(&fill);
    return code;
}

/* ---- the commands ------------------------------------------------------------------------------
 */

static const struct cli_option offer_options[] = {
    {.name = "to", .value = "NAME", .help = "who is to receive it"},
    {.name = "text", .value = "TEXT", .help = "a word about it"},
    {.name = NULL},
};

static const struct cli_option text_options[] = {
    {.name = "text", .value = "TEXT", .help = "a word about it"},
    {.name = NULL},
};

#define CUSTODY(verb, action_is, handler, options_are, does, shows)                                \
    {                                                                                              \
        .name = verb, .words = "ID E1", .words_min = 2, .words_max = 2, .summary = does,           \
        .examples = shows, .options = options_are, .run = handler, .op = RESPONSE_OP_CUSTODY,      \
        .fields = "incident,evidence", .defaults = "action=" action_is,                            \
        .flags = CLI_CHANGES | CLI_EXPECTS                                                         \
    }

const struct cli_command evidence_commands[] = {
    {.name = "add",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Add a piece of evidence; prints its id",
     .about =
         "The file's SHA-256 and size are recorded, and up to 1 MiB of it is kept in the log.\n"
         "You hold it from then on; its chain of custody only grows.",
     .examples = "  vigil evidence add ID --file memory.img --source build-7 --no-content\n"
                 "  vigil evidence add ID --file alert.json --source siem",
     .options = add_options,
     .run = run_add,
     .op = RESPONSE_OP_EVIDENCE,
     .fields = "incident",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "list",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "List the evidence of an incident; -o json with its custody",
     .examples = "  vigil evidence list ID\n"
                 "  vigil evidence list ID -o json",
     .run = run_list,
     .flags = CLI_READS},
    CUSTODY("get", "access", run_get, text_options,
            "Print what is kept of it; the access is recorded",
            "  vigil evidence get ID E1 > alert.json"),
    CUSTODY("verify", "verify", run_verify, verify_options,
            "Record whether a file still has the hash",
            "  vigil evidence verify ID E1 --file memory.img"),
    CUSTODY("offer", "offer", cli_run_operation, offer_options, "Offer it to somebody",
            "  vigil evidence offer ID E1 --to Ben"),
    CUSTODY("accept", "accept", cli_run_operation, text_options, "Accept what was offered to you",
            "  vigil evidence accept ID E1"),
    CUSTODY("access", "access", cli_run_operation, text_options, "Record that you looked at it",
            "  vigil evidence access ID E1 --text 'mounted read-only'"),
    CUSTODY("seal", "seal", cli_run_operation, text_options, "Record that it is sealed",
            "  vigil evidence seal ID E1 --text 'bag 4711, signed'"),
    CUSTODY("dispose", "dispose", cli_run_operation, text_options, "Record that it was disposed of",
            "  vigil evidence dispose ID E1 --text 'shredded'"),
    {.name = NULL},
};
