/* SPDX-License-Identifier: Apache-2.0
 * Stages: R13's edges, and what must hold before one is taken. */
#include <stdio.h>

#include "proto/response/call.h"

enum { ANY_STAGE = 0 };

/* R13. The only other way back is reopening (R27). */
static const struct edge {
    uint8_t from, to;
} edges[] = {
    {RESPONSE_DETECT, RESPONSE_ASSESS},      {RESPONSE_ASSESS, RESPONSE_DIAGNOSE},
    {RESPONSE_ASSESS, RESPONSE_CLOSE},       {RESPONSE_DIAGNOSE, RESPONSE_STABILIZE},
    {RESPONSE_DIAGNOSE, RESPONSE_CLOSE},     {RESPONSE_STABILIZE, RESPONSE_CLOSE},
    {RESPONSE_STABILIZE, RESPONSE_DIAGNOSE},
};

static uint8_t cia_after(const struct response_call *call)
{
    return call->command.stage.cia != 0 ? call->command.stage.cia : call->incident.cia;
}

static bool cia_is_settled(const struct response_call *call)
{
    return cia_after(call) != 0;
}

/* A later rule adds its row here. */
static const struct guard {
    uint8_t from, to; /* ANY_STAGE or a stage */
    bool (*holds)(const struct response_call *call);
    const char *rule;
    const char *sentence;
} guards[] = {
    {RESPONSE_ASSESS, ANY_STAGE, cia_is_settled, "R1",
     "which of confidentiality, integrity and availability are in question is settled before "
     "leaving assess; say which with --cia"},
};

static bool is_edge(uint8_t from, uint8_t to)
{
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        if (edges[i].from == from && edges[i].to == to)
            return true;
    }
    return false;
}

static void list_next_stages(uint8_t from, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof edges / sizeof edges[0] && used < size; i++) {
        if (edges[i].from == from)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " or " : "",
                                     response_stage_name(edges[i].to));
    }
}

static enum vg_code check_edge(struct response_call *call)
{
    struct vg_error *error = &call->outcome->error;
    uint8_t from = call->incident.stage;
    char next[64];
    if (is_edge(from, call->command.stage.stage))
        return VG_OK;
    if (call->incident.historical)
        return vg_fail_rule(error, "R13",
                            "this incident is historical: a record from elsewhere has no stages");
    if (from == RESPONSE_CLOSE)
        return vg_fail_rule(error, "R13",
                            "a closed incident has no next stage; the only way back is reopening "
                            "(R27), which this release does not have");
    list_next_stages(from, next, sizeof next);
    return vg_fail_rule(error, "R13", "from %s the next stage is %s, not %s",
                        response_stage_name(from), next,
                        response_stage_name(call->command.stage.stage));
}

static enum vg_code check_guards(struct response_call *call)
{
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        const struct guard *guard = &guards[i];
        bool concerned = (guard->from == ANY_STAGE || guard->from == call->incident.stage) &&
                         (guard->to == ANY_STAGE || guard->to == call->command.stage.stage);
        if (concerned && !guard->holds(call))
            return vg_fail_rule(&call->outcome->error, guard->rule, "%s", guard->sentence);
    }
    return VG_OK;
}

/* Settling what is in question changes nothing that was set; naming something else does. */
static enum vg_code check_cia(struct response_call *call)
{
    char proposed[RESPONSE_VALUE_TEXT];
    char cia[RESPONSE_CIA_TEXT];
    if (call->incident.cia == 0 || cia_after(call) == call->incident.cia)
        return VG_OK;
    response_format_cia(call->command.stage.cia, cia);
    snprintf(proposed, sizeof proposed, "cia %s", cia);
    return response_require_expected(call, RESPONSE_ASPECT_DETECTION, proposed);
}

enum vg_code response_judge_stage(struct response_call *call)
{
    const char *proposed = response_stage_name(call->command.stage.stage);
    if (response_find_incident(call, &call->command.stage.incident) != VG_OK ||
        response_check_expectations(call, RESPONSE_ASPECT_STAGE, proposed) != VG_OK ||
        response_require_expected(call, RESPONSE_ASPECT_STAGE, proposed) != VG_OK ||
        check_cia(call) != VG_OK || check_edge(call) != VG_OK)
        return call->outcome->error.code;
    return check_guards(call);
}

/* "detect to assess: REASON", with what was settled in between. */
static void describe_change(const struct response_call *call, struct vg_buffer *out)
{
    char text[96];
    char settled[32] = "";
    char cia[RESPONSE_CIA_TEXT];
    response_format_cia(call->command.stage.cia, cia);
    if (call->command.stage.cia != 0)
        snprintf(settled, sizeof settled, " (cia %s)", cia);
    int size =
        snprintf(text, sizeof text, "%s to %s%s: ", response_stage_name(call->incident.stage),
                 response_stage_name(call->command.stage.stage), settled);
    vg_buffer_append(out, text, (size_t)size);
    vg_buffer_append(out, call->command.stage.reason.data, call->command.stage.reason.size);
}

void response_effect_stage(struct response_call *call)
{
    struct vg_buffer text = {0};
    describe_change(call, &text);
    response_add_event(call, RESPONSE_EVENT_STAGE, 0, vg_buffer_span(&text));
    vg_buffer_free(&text);
    if (cia_after(call) != call->incident.cia)
        response_bump(call, RESPONSE_ASPECT_DETECTION);
    call->incident.cia = cia_after(call);
    call->incident.stage = call->command.stage.stage;
    response_bump(call, RESPONSE_ASPECT_STAGE);
    response_save_incident(call);
}
