/* SPDX-License-Identifier: Apache-2.0 */
#include "node/lockdown/lockdown.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "node/lockdown/parts.h"

static const struct {
    const char *name;
    enum vg_code (*take)(const struct lockdown_plan *plan, struct vg_error *said);
} parts[] = {
#define X(symbol, name) [LOCKDOWN_##symbol] = {#name, lockdown_##name},
    LOCKDOWN_PARTS(X)
#undef X
};

/* Of the process, as what it tells of is; written once, before there are threads. */
static uint32_t held;

const char *lockdown_part_name(enum lockdown_part part)
{
    assert(part < LOCKDOWN_PART_COUNT);
    return parts[part].name;
}

bool lockdown_holds(enum lockdown_part part)
{
    assert(part < LOCKDOWN_PART_COUNT);
    return (held & 1U << part) != 0;
}

static enum vg_code take(enum lockdown_part part, const struct lockdown_plan *plan, char *line,
                         size_t size, struct vg_error *error)
{
    struct vg_error said = {0};
    bool required = part == LOCKDOWN_CORE || (plan->required & 1U << part) != 0;
    bool ok = parts[part].take(plan, &said) == VG_OK;
    held |= ok ? 1U << part : 0;
    const char *word = !ok ? "no" : said.text[0] != '\0' ? said.text : "yes";
    size_t used = strlen(line);
    snprintf(line + used, size - used, "%s%s=%s", used > 0 ? " " : "", parts[part].name, word);
    if (!ok && required)
        return vg_fail(error, VG_UNAVAILABLE, "%s is required of this process, but %s",
                       parts[part].name, said.text);
    if (!ok)
        vg_log(VG_LOG_WARN, "not-locked-down", "part=%s %s", parts[part].name, said.text);
    return VG_OK;
}

enum vg_code lockdown(const struct lockdown_plan *plan, struct vg_error *error)
{
    char line[256] = "";
    assert(held == 0);
    for (enum lockdown_part part = 0; part < LOCKDOWN_PART_COUNT; part++)
        if (take(part, plan, line, sizeof line, error) != VG_OK)
            return error->code;
    vg_log(VG_LOG_INFO, "locked-down", "%s", line);
    return VG_OK;
}
