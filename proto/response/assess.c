/* SPDX-License-Identifier: Apache-2.0
 * Assessing: R4 to R8. The inputs and what follows from them, risk to customer data, whose
 * responsibility it is, and who owns the incident. */
#include "proto/response/call.h"
#include "proto/response/parts.h"

bool response_is_runner(const struct response_call *call, const vg_id *person)
{
    static const uint32_t runners = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER;
    return (response_roles_of(call->machine, person, &call->request->compartment) & runners) != 0;
}

bool response_is_owned(const struct response_call *call)
{
    return response_is_runner(call, &call->incident.owner);
}

/* ---- settling ----------------------------------------------------------------------------------
 */

/* What was open is settled; what was settled otherwise is changed, which must be expected. */
static void settle_detection(struct response_call *call, uint8_t cia, vg_span product,
                             vg_span reason)
{
    const struct response_incident *incident = &call->incident;
    bool names_cia = cia != 0 && cia != incident->cia;
    bool names_product =
        product.size > 0 && !vg_span_equal(product, vg_span_text(incident->product));
    if (!names_cia && !names_product)
        return;
    bool settled =
        (names_cia && incident->cia != 0) || (names_product && incident->product[0] != '\0');
    if (names_cia)
        call->next.cia = cia;
    if (names_product)
        response_copy_text(product, call->next.product, sizeof call->next.product);
    response_change(call, RESPONSE_EVENT_SETTLE, RESPONSE_ASPECT_DETECTION, reason)->append =
        !settled;
}

static void settle_responsibility(struct response_call *call, uint8_t responsibility,
                                  vg_span reason)
{
    if (responsibility == 0 || responsibility == call->incident.responsibility)
        return;
    call->next.responsibility = responsibility;
    response_change(call, RESPONSE_EVENT_RESPONSIBILITY, RESPONSE_ASPECT_RESPONSIBILITY, reason);
}

void response_settle_cia(struct response_call *call, uint8_t cia, vg_span reason)
{
    static const vg_span nothing;
    settle_detection(call, cia, nothing, reason);
}

/* ---- assess, severity --------------------------------------------------------------------------
 */

static void rate(struct response_call *call)
{
    struct response_rating rating = response_rating_of(call);
    call->next.severity = rating.severity;
    call->next.priority = rating.priority;
}

/* The reason, what it rests on, and why somebody assessed who is not on call. */
static vg_span describe_assessment(struct response_call *call)
{
    struct vg_buffer *text = &call->text;
    vg_buffer_append(text, call->command.assess.reason.data, call->command.assess.reason.size);
    response_describe_evidence(call, &call->command.assess.evidence, text);
    response_describe_glass(call, call->command.assess.break_glass, text);
    return vg_buffer_span(text);
}

enum vg_code response_judge_assess(struct response_call *call)
{
    const struct response_command *command = &call->command;
    vg_span reason = command->assess.reason;
    if (response_find_incident(call, &command->assess.incident) != VG_OK ||
        response_require_evidence(call, &command->assess.evidence) != VG_OK)
        return call->outcome->error.code;
    bool on_call =
        response_on_call(call->machine, &call->request->compartment, &call->request->author);
    call->glass = !on_call && command->assess.break_glass.size > 0;
    call->next.functional = command->assess.functional;
    call->next.information = command->assess.information;
    call->next.recoverability = command->assess.recoverability;
    call->next.overridden = false;
    rate(call);
    if (call->next.assessed_at == 0)
        call->next.assessed_at = call->time_ms;
    response_change(call, RESPONSE_EVENT_ASSESS, RESPONSE_ASPECT_SEVERITY,
                    describe_assessment(call));
    settle_detection(call, command->assess.cia, command->assess.product, reason);
    settle_responsibility(call, command->assess.responsibility, reason);
    return response_judge_review(call);
}

void response_effect_assess(struct response_call *call)
{
    response_effect_rule_tasks(call);
}

enum vg_code response_judge_severity(struct response_call *call)
{
    if (response_find_incident(call, &call->command.severity.incident) != VG_OK)
        return call->outcome->error.code;
    rate(call);
    call->next.overridden = true;
    response_change(call, RESPONSE_EVENT_SEVERITY, RESPONSE_ASPECT_SEVERITY,
                    call->command.severity.reason);
    return VG_OK;
}

/* ---- risk --------------------------------------------------------------------------------------
 */

void response_raise_severity(struct response_call *call, const char *why)
{
    struct response_rating now = {call->incident.severity, call->incident.priority};
    struct response_rating raised = response_raise(now);
    if (raised.severity == now.severity && raised.priority == now.priority)
        return;
    call->next.severity = raised.severity;
    call->next.priority = raised.priority;
    call->next.overridden = true;
    response_change_by_rule(call, RESPONSE_EVENT_SEVERITY, RESPONSE_ASPECT_SEVERITY, why);
}

enum vg_code response_judge_risk(struct response_call *call)
{
    if (response_find_incident(call, &call->command.risk.incident) != VG_OK)
        return call->outcome->error.code;
    call->next.risk = call->command.risk.risk;
    response_change(call, RESPONSE_EVENT_RISK, RESPONSE_ASPECT_DATA_RISK,
                    call->command.risk.reason);
    if (!response_is_risky(call->next.risk))
        return VG_OK;
    response_raise_severity(call, "raised with the risk to customer data (R6)");
    if (!response_is_risky(call->incident.risk))
        response_lapse(call, RESPONSE_ASPECT_CUSTOMER_RISK,
                       "lapsed with the risk to customer data (R6)");
    if (response_is_owned(call))
        return VG_OK;
    call->next.owner = call->request->author;
    response_change_by_rule(call, RESPONSE_EVENT_OWNER, RESPONSE_ASPECT_OWNER,
                            "never without an owner under this risk (R6)");
    return VG_OK;
}

/* ---- responsibility, owner ---------------------------------------------------------------------
 */

enum vg_code response_judge_responsibility(struct response_call *call)
{
    if (response_find_incident(call, &call->command.responsibility.incident) != VG_OK)
        return call->outcome->error.code;
    call->next.responsibility = call->command.responsibility.responsibility;
    response_change(call, RESPONSE_EVENT_RESPONSIBILITY, RESPONSE_ASPECT_RESPONSIBILITY,
                    call->command.responsibility.reason);
    return VG_OK;
}

enum vg_code response_judge_owner(struct response_call *call)
{
    const vg_id *owner = &call->command.owner.owner;
    if (response_find_incident(call, &call->command.owner.incident) != VG_OK)
        return call->outcome->error.code;
    call->next.owner = vg_id_is_zero(owner) ? call->request->author : *owner;
    if (response_require_person(call, &call->next.owner) != VG_OK)
        return call->outcome->error.code;
    response_change(call, RESPONSE_EVENT_OWNER, RESPONSE_ASPECT_OWNER, call->command.owner.reason);
    return VG_OK;
}
