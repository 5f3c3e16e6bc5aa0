/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/expect.h"

#include <stdio.h>

#include "common/text.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/session.h"

/* "stage", or "task/T3" of a part. */
static enum vg_code parse_aspect(struct cli_call *call, const struct cli_change *change,
                                 const char *text, size_t size, struct ledger_expectation *out)
{
    static const struct {
        uint16_t aspect;
        const char *kind;
    } parts[] = {{RESPONSE_ASPECT_TASK, "tasks"},
                 {RESPONSE_ASPECT_CONTAINMENT, "containment"},
                 {RESPONSE_ASPECT_EVIDENCE, "evidence"}};
    char name[64];
    char part[64];
    size_t slash = strcspn(text, "/");
    bool has_part = slash < size;
    snprintf(name, sizeof name, "%.*s", (int)(has_part ? slash : size), text);
    out->aspect = (uint16_t)response_number(response_aspects, name);
    if (!has_part)
        return out->aspect != 0 ? VG_OK : VG_USAGE;
    snprintf(part, sizeof part, "%.*s", (int)(size - slash - 1), text + slash + 1);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].aspect == out->aspect)
            return cli_part_find(call, change->incident, parts[i].kind, part, &out->part);
    return out->aspect != 0 && vg_id_parse(part, &out->part) ? VG_OK : VG_USAGE;
}

static bool same_aspect(const struct ledger_expectation *expectation,
                        const struct cli_aspect *aspect)
{
    return expectation->aspect == aspect->aspect && vg_id_equal(&expectation->part, &aspect->part);
}

static bool expects(const struct cli_expectations *expectations, const struct cli_aspect *aspect)
{
    for (unsigned i = 0; i < expectations->count; i++)
        if (same_aspect(&expectations->list[i], aspect))
            return true;
    return false;
}

static enum vg_code add_expectation(struct cli_call *call, const struct cli_change *change,
                                    struct cli_expectations *expectations, const char *text)
{
    size_t size = strcspn(text, "=");
    struct ledger_expectation expectation = {.revision = 0};
    enum vg_code code = parse_aspect(call, change, text, size, &expectation);
    if (code == VG_USAGE || text[size] != '=')
        return vg_fail(&call->error, VG_USAGE,
                       "--expect is '%s'; write ASPECT=N, for example stage=2 or task/T1=3", text);
    if (code != VG_OK)
        return code;
    if (expectations->count == VG_EXPECTATIONS_MAX)
        return vg_fail(&call->error, VG_USAGE, "--expect is given more than %d times",
                       VG_EXPECTATIONS_MAX);
    code = cli_number_parse(text + size + 1, "the revision of --expect", 0, INT64_MAX,
                            &expectation.revision, &call->error);
    struct cli_aspect aspect = {expectation.aspect, expectation.part};
    if (code == VG_OK && expects(expectations, &aspect))
        return vg_fail(&call->error, VG_USAGE, "--expect names '%.*s' twice", (int)size, text);
    expectations->list[expectations->count++] = expectation;
    return code;
}

void cli_aspect_name(const struct cli_aspect *aspect, char out[CLI_ASPECT_TEXT])
{
    char part[VG_ID_TEXT];
    bool is_whole = vg_id_is_zero(&aspect->part);
    vg_id_format(&aspect->part, part);
    snprintf(out, CLI_ASPECT_TEXT, "%s%s%s", response_word(response_aspects, aspect->aspect),
             is_whole ? "" : "/", is_whole ? "" : part);
}

/* What this session has read of an aspect that the change sets. */
static void add_reading(struct cli_call *call, const struct cli_change *change,
                        const struct cli_aspect *aspect, struct cli_expectations *out)
{
    char name[CLI_ASPECT_TEXT];
    uint64_t revision;
    cli_aspect_name(aspect, name);
    bool read = !expects(out, aspect) && out->count < VG_EXPECTATIONS_MAX &&
                cli_session_revision(cli_text(call, "session"), call->author->id, change->incident,
                                     name, &revision);
    if (read)
        out->list[out->count++] = (struct ledger_expectation){
            .aspect = aspect->aspect, .part = aspect->part, .revision = revision};
}

enum vg_code cli_expectations_collect(struct cli_call *call, const struct cli_change *change,
                                      struct cli_expectations *out)
{
    out->count = 0;
    for (int i = 0; i < call->value_count; i++)
        if (strcmp(call->values[i].option->name, "expect") == 0 &&
            add_expectation(call, change, out, call->values[i].text) != VG_OK)
            return call->error.code;
    for (uint32_t i = 0; i < change->aspect_count; i++)
        add_reading(call, change, &change->aspects[i], out);
    return VG_OK;
}

bool cli_expectations_set(struct cli_expectations *expectations, const struct cli_aspect *aspect,
                          uint64_t revision)
{
    uint16_t i = 0;
    while (i < expectations->count && !same_aspect(&expectations->list[i], aspect))
        i++;
    if (i == VG_EXPECTATIONS_MAX)
        return false;
    if (i == expectations->count)
        expectations->count++;
    expectations->list[i] = (struct ledger_expectation){
        .aspect = aspect->aspect, .part = aspect->part, .revision = revision};
    return true;
}
