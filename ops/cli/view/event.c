/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/view/event.h"

#include <stdio.h>
#include <string.h>

#include "ops/cli/core/output.h"

void view_change(const json_t *event, char *out, size_t size)
{
    const char *from = cli_json_text(event, "from");
    const char *to = cli_json_text(event, "to");
    bool attests = strcmp(cli_json_text(event, "kind"), "attest") == 0;
    const char *subject = cli_json_text(event, attests ? "aspect" : "part_number");
    out[0] = '\0';
    if (to[0] != '\0')
        snprintf(out, size, "%s%s%s%s%s", subject, subject[0] != '\0' ? " " : "", from,
                 from[0] != '\0' ? " to " : "", to);
}

const char *view_said(const json_t *event)
{
    const char *text = cli_json_text(event, "text");
    return strcmp(text, cli_json_text(event, "to")) != 0 ? text : "";
}
