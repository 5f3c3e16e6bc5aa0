/* SPDX-License-Identifier: Apache-2.0
 * From stage to stage, and what closing needs: R13, R25, R27; referral and collaboration (R8), the
 * recovery plan (R14). What must hold is in guards.c. */

#include "proto/response/detect.h"
#include "proto/response/parts.h"

/* ---- stage -------------------------------------------------------------------------------------
 */

static void close_next(struct response_call *call)
{
    struct response_incident *next = &call->next;
    next->disposition = response_disposition_of(&call->incident);
    next->closed_from = call->incident.stage;
    next->closed_at = call->time_ms;
}

enum vg_code response_judge_stage(struct response_call *call)
{
    vg_span reason = call->command.stage.reason;
    if (response_find_incident(call, &call->command.stage.incident) != VG_OK)
        return call->outcome->error.code;
    call->next.stage = call->command.stage.stage;
    call->next.was_in_stabilize |= call->next.stage == RESPONSE_STABILIZE;
    if (call->next.stage == RESPONSE_CLOSE)
        close_next(call);
    response_settle_cia(call, call->command.stage.cia, reason);
    response_change(call, RESPONSE_EVENT_STAGE, RESPONSE_ASPECT_STAGE, reason);
    return VG_OK;
}

void response_effect_stage(struct response_call *call)
{
    if (call->next.stage == RESPONSE_CLOSE && call->next.disposition == RESPONSE_AS_FALSE_POSITIVE)
        response_set_filter(call, &call->next, true);
}

/* ---- reopen ------------------------------------------------------------------------------------
 */

void response_lapse(struct response_call *call, uint16_t attestation, const char *why)
{
    uint8_t bit = response_attested_bit(attestation);
    call->next.attested &= (uint8_t)~bit;
    if ((call->incident.attested & bit) != 0)
        response_change_by_rule(call, RESPONSE_EVENT_ATTEST, attestation, why);
}

void response_reopen_next(struct response_call *call)
{
    struct response_incident *next = &call->next;
    next->stage = call->incident.closed_from;
    next->disposition = 0;
    next->closed_at = 0;
    for (const struct response_word *word = response_attestations; word->text != NULL; word++)
        response_lapse(call, (uint16_t)word->number, "lapsed with the reopening (R27)");
}

enum vg_code response_judge_reopen(struct response_call *call)
{
    if (response_find_incident(call, &call->command.reopen.incident) != VG_OK)
        return call->outcome->error.code;
    response_reopen_next(call);
    response_change(call, RESPONSE_EVENT_REOPEN, RESPONSE_ASPECT_STAGE,
                    call->command.reopen.reason);
    return VG_OK;
}

void response_effect_reopen(struct response_call *call)
{
    response_set_filter(call, &call->incident, false);
}

/* ---- attest ------------------------------------------------------------------------------------
 */

enum vg_code response_judge_attest(struct response_call *call)
{
    struct response_incident *next = &call->next;
    uint16_t aspect = call->command.attest.what;
    uint8_t bit = response_attested_bit(aspect);
    if (response_find_incident(call, &call->command.attest.incident) != VG_OK)
        return call->outcome->error.code;
    if (call->command.attest.holds == RESPONSE_YES)
        next->attested |= bit;
    else
        next->attested &= (uint8_t)~bit;
    uint8_t risks = response_attested_bit(RESPONSE_ASPECT_CUSTOMER_RISK) |
                    response_attested_bit(RESPONSE_ASPECT_BUSINESS_RISK);
    if ((next->attested & risks) == risks && next->stabilized_at == 0)
        next->stabilized_at = call->time_ms;
    response_change(call, RESPONSE_EVENT_ATTEST, aspect, call->command.attest.reason);
    return VG_OK;
}

/* ---- refer, collaborate, plan ------------------------------------------------------------------
 */

enum vg_code response_judge_refer(struct response_call *call)
{
    if (response_find_incident(call, &call->command.refer.incident) != VG_OK)
        return call->outcome->error.code;
    response_change_told(call, RESPONSE_EVENT_REFER, RESPONSE_ASPECT_REFERRAL,
                         call->command.refer.tenant, call->command.refer.text);
    return VG_OK;
}

enum vg_code response_judge_collaborate(struct response_call *call)
{
    vg_span contract = call->command.collaborate.contract;
    if (response_find_incident(call, &call->command.collaborate.incident) != VG_OK)
        return call->outcome->error.code;
    response_append_text(&call->text, "contract ");
    vg_buffer_append(&call->text, contract.data, contract.size);
    response_append_text(&call->text, "\n");
    vg_buffer_append(&call->text, call->command.collaborate.text.data,
                     call->command.collaborate.text.size);
    response_append(call, RESPONSE_EVENT_COLLABORATE, RESPONSE_ASPECT_COLLABORATION,
                    vg_buffer_span(&call->text));
    return VG_OK;
}

enum vg_code response_judge_plan(struct response_call *call)
{
    if (response_find_incident(call, &call->command.plan.incident) != VG_OK)
        return call->outcome->error.code;
    response_change_told(call, RESPONSE_EVENT_PLAN, RESPONSE_ASPECT_RECOVERY_PLAN,
                         call->command.plan.text, call->command.plan.text);
    return VG_OK;
}
