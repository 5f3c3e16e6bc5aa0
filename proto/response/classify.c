/* SPDX-License-Identifier: Apache-2.0
 * Classes and declaration: R9 to R12. */
#include <assert.h>

#include "common/text.h"
#include "proto/response/detect.h"
#include "proto/response/facts.h"
#include "proto/response/parts.h"

/* ---- classify ----------------------------------------------------------------------------------
 */

static void append_part(struct vg_buffer *out, const char *title, vg_span text)
{
    if (text.size == 0)
        return;
    response_append_text(out, out->size > 0 ? "\n" : "");
    response_append_text(out, title);
    vg_buffer_append(out, text.data, text.size);
}

/* The reason, what it rests on, and who took part beside the author. */
static vg_span describe_class(struct response_call *call)
{
    const struct response_ids *participants = &call->command.classify.participants;
    append_part(&call->text, "", call->command.classify.reason);
    response_describe_evidence(call, &call->command.classify.evidence, &call->text);
    for (uint8_t i = 0; i < participants->count; i++) {
        char name[VG_NAME_MAX + 1];
        response_colleague_words(call, &participants->ids[i], name);
        response_append_text(&call->text, i == 0 ? "\nwith " : ", ");
        response_append_text(&call->text, name);
    }
    return vg_buffer_span(&call->text);
}

enum vg_code response_judge_classify(struct response_call *call)
{
    const struct response_ids *participants = &call->command.classify.participants;
    if (response_find_incident(call, &call->command.classify.incident) != VG_OK ||
        response_require_evidence(call, &call->command.classify.evidence) != VG_OK)
        return call->outcome->error.code;
    for (uint8_t i = 0; i < participants->count; i++) {
        if (response_require_person(call, &participants->ids[i]) != VG_OK)
            return call->outcome->error.code;
    }
    struct response_incident *next = &call->next;
    next->class_ = call->command.classify.class_;
    next->ground = call->command.classify.ground;
    response_copy_text(call->command.classify.policy, next->policy, sizeof next->policy);
    response_change(call, RESPONSE_EVENT_CLASSIFY, RESPONSE_ASPECT_CLASSIFICATION,
                    describe_class(call));
    return VG_OK;
}

/* ---- answer (R10) ------------------------------------------------------------------------------
 */

/* One key, one filter, while who has it is a false positive. */
static enum vg_code check_filter(struct response_call *call)
{
    const vg_id *compartment = &call->request->compartment;
    struct response_filter filter;
    struct response_incident other;
    char text[VG_ID_TEXT];
    if (!response_filter_get(call->machine, compartment, call->command.answer.match, &filter) ||
        vg_id_equal(&filter.incident, &call->incident.id) ||
        response_incident_get(call->machine, compartment, &filter.incident, &other) != VG_OK ||
        other.class_ != RESPONSE_FALSE_POSITIVE || strcmp(other.filter, filter.key) != 0)
        return VG_OK;
    vg_id_format(&filter.incident, text);
    return RESPONSE_REFUSE(call, FILTERED_ALREADY, text);
}

static vg_span describe_answer(struct response_call *call)
{
    char name[VG_NAME_MAX + 1];
    response_colleague_words(call, &call->command.answer.owner, name);
    append_part(&call->text, "root cause: ", call->command.answer.cause);
    append_part(&call->text, "filter: ", call->command.answer.match);
    append_part(&call->text, "change to the detector: ", call->command.answer.change);
    append_part(&call->text, "owner: ", vg_span_text(name));
    return vg_buffer_span(&call->text);
}

enum vg_code response_judge_answer(struct response_call *call)
{
    bool filters = call->command.answer.kind == RESPONSE_ANSWER_FILTER;
    if (response_find_incident(call, &call->command.answer.incident) != VG_OK ||
        response_require_person(call, &call->command.answer.owner) != VG_OK ||
        (filters && check_filter(call) != VG_OK))
        return call->outcome->error.code;
    struct response_incident *next = &call->next;
    next->answer = call->command.answer.kind;
    next->filter[0] = '\0';
    if (filters)
        response_copy_text(call->command.answer.match, next->filter, sizeof next->filter);
    response_change(call, RESPONSE_EVENT_ANSWER, RESPONSE_ASPECT_ANSWER, describe_answer(call));
    return VG_OK;
}

void response_effect_answer(struct response_call *call)
{
    response_claim_filter(call);
}

/* ---- declare -----------------------------------------------------------------------------------
 */

/* What is wanted and missing becomes follow-up work (R11). */
static enum vg_code judge_wants(struct response_call *call)
{
    const struct {
        vg_span said;
        const char *title;
    } wants[] = {
        {call->command.declare.impact, "Find out the customer impact (R11)"},
        {call->command.declare.resources, "Find out which resources were accessed (R11)"},
        {call->command.declare.repair, "Say which repair steps are taken (R11)"},
    };
    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        if (wants[i].said.size == 0 && response_judge_follow_up(call, wants[i].title) != VG_OK)
            return call->outcome->error.code;
    }
    return VG_OK;
}

static vg_span describe_declaration(struct response_call *call)
{
    struct vg_buffer *text = &call->text;
    append_part(text, "", call->command.declare.reason);
    if (call->command.declare.likelihood != 0) {
        response_append_text(text, "\nunauthorized access: ");
        response_append_text(text,
                             response_word(response_likelihoods, call->command.declare.likelihood));
    }
    append_part(text, "duty: ", call->command.declare.duty);
    append_part(text, "customer impact: ", call->command.declare.impact);
    append_part(text, "resources accessed: ", call->command.declare.resources);
    append_part(text, "repair steps: ", call->command.declare.repair);
    for (uint8_t i = 0; i < call->command.declare.tenants.count; i++)
        append_part(text, "affected tenant: ", call->command.declare.tenants.lines[i]);
    response_describe_evidence(call, &call->command.declare.evidence, text);
    return vg_buffer_span(text);
}

/* Each tenant that is named is one of the directory's. */
static enum vg_code require_tenants(struct response_call *call, const struct response_lines *names)
{
    struct response_tenant tenant;
    for (uint8_t i = 0; i < names->count; i++) {
        if (response_require_tenant(call, names->lines[i], &tenant) != VG_OK)
            return call->outcome->error.code;
    }
    return VG_OK;
}

static bool is_affected(const struct response_call *call, const vg_id *tenant)
{
    vg_span value;
    return response_part_find(call->machine, &call->incident.compartment, RESPONSE_SECTION_TENANT,
                              &call->incident.id, tenant, &value);
}

_Static_assert((int)RESPONSE_LINES_MAX <= (int)RESPONSE_TENANTS_MAX,
               "what a declaration names has room");

static void fill_declaration(struct response_call *call)
{
    struct response_incident *next = &call->next;
    next->class_before = next->class_;
    next->class_ = call->command.declare.class_;
    next->harm = call->command.declare.harm;
    next->likelihood = call->command.declare.likelihood;
    next->declared_at = call->time_ms;
    next->withdrawn_at = 0;
    next->tenants = call->command.declare.tenants.count; /* none is twice in it */
    response_copy_text(call->command.declare.duty, next->duty, sizeof next->duty);
}

enum vg_code response_judge_declare(struct response_call *call)
{
    vg_span reason = call->command.declare.reason;
    if (response_find_incident(call, &call->command.declare.incident) != VG_OK ||
        response_require_evidence(call, &call->command.declare.evidence) != VG_OK ||
        require_tenants(call, &call->command.declare.tenants) != VG_OK)
        return call->outcome->error.code;
    fill_declaration(call);
    response_change(call, RESPONSE_EVENT_DECLARE, RESPONSE_ASPECT_DECLARATION,
                    describe_declaration(call));
    response_change(call, RESPONSE_EVENT_CLASSIFY, RESPONSE_ASPECT_CLASSIFICATION, reason);
    response_raise_severity(call, "raised with the declaration (R12)");
    if (call->incident.stage == RESPONSE_CLOSE) {
        response_reopen_next(call);
        response_change_by_rule(call, RESPONSE_EVENT_REOPEN, RESPONSE_ASPECT_STAGE,
                                "reopened by the declaration (R11, R25)");
    }
    return judge_wants(call);
}

/* Its clock starts here, and its compartment is owed that (R12). */
static void put_tenant(struct response_call *call, vg_span name)
{
    struct response_affected affected = {.added_at = call->time_ms};
    struct response_tenant tenant;
    struct vg_buffer record = {0};
    bool found = response_tenant_find(call->machine, name, &tenant);
    assert(found); /* it was judged a moment ago */
    memcpy(affected.name, tenant.name, sizeof affected.name);
    response_affected_encode(&affected, &record);
    response_part_put(call, RESPONSE_SECTION_TENANT, &tenant.id, &record);
    vg_buffer_free(&record);
    response_owe(call, &tenant, RESPONSE_FACT_DECLARED);
}

static bool next_affected(const struct response_call *call, struct response_affected *out)
{
    const struct response_incident *incident = &call->incident;
    const vg_id after = out->tenant;
    return response_affected_next(call->machine, &incident->compartment, &incident->id, &after,
                                  out);
}

/* Those of a declaration that was withdrawn: the clock of each starts with its own (R12). */
static void drop_tenants(struct response_call *call)
{
    const struct response_incident *incident = &call->incident;
    struct response_affected affected = {.added_at = 0};
    while (next_affected(call, &affected)) {
        struct response_key key = response_part_key(&incident->compartment, RESPONSE_SECTION_TENANT,
                                                    &incident->id, &affected.tenant);
        response_pairs_del(&call->writing->pairs, &key);
    }
}

void response_effect_declare(struct response_call *call)
{
    const struct response_lines *tenants = &call->command.declare.tenants;
    if (call->incident.stage == RESPONSE_CLOSE)
        response_set_filter(call, &call->incident, false);
    drop_tenants(call);
    for (uint8_t i = 0; i < tenants->count; i++)
        put_tenant(call, tenants->lines[i]);
    response_effect_rule_tasks(call);
}

/* ---- withdraw ----------------------------------------------------------------------------------
 */

enum vg_code response_judge_withdraw(struct response_call *call)
{
    if (response_find_incident(call, &call->command.withdraw.incident) != VG_OK)
        return call->outcome->error.code;
    struct response_incident *next = &call->next;
    next->declared_at = 0;
    next->withdrawn_at = call->time_ms;
    next->class_ = next->class_before;
    response_change(call, RESPONSE_EVENT_WITHDRAW, RESPONSE_ASPECT_DECLARATION,
                    call->command.withdraw.reason);
    response_change_by_rule(call, RESPONSE_EVENT_CLASSIFY, RESPONSE_ASPECT_CLASSIFICATION,
                            "as before the declaration (R12)");
    return VG_OK;
}

/* Every affected tenant's compartment is owed that too. */
void response_effect_withdraw(struct response_call *call)
{
    struct response_affected affected = {.added_at = 0};
    struct response_tenant tenant;
    while (next_affected(call, &affected)) {
        bool found = response_tenant_get(call->machine, &affected.tenant, &tenant);
        assert(found); /* tenants stay */
        response_owe(call, &tenant, RESPONSE_FACT_WITHDRAWN);
    }
}

/* ---- affected tenants --------------------------------------------------------------------------
 */

enum vg_code response_judge_affect(struct response_call *call)
{
    vg_span name = call->command.affect.tenant;
    struct response_tenant tenant;
    if (response_find_incident(call, &call->command.affect.incident) != VG_OK ||
        response_require_tenant(call, name, &tenant) != VG_OK)
        return call->outcome->error.code;
    if (is_affected(call, &tenant.id))
        return RESPONSE_REFUSE(call, TENANT_KNOWN, tenant.name);
    if (response_require_room(call, call->incident.tenants, RESPONSE_TENANTS_MAX, "tenants") !=
        VG_OK)
        return call->outcome->error.code;
    call->next.tenants++;
    append_part(&call->text, "affected tenant: ", name);
    append_part(&call->text, "", call->command.affect.reason);
    response_append(call, RESPONSE_EVENT_TENANT, RESPONSE_ASPECT_TENANTS,
                    vg_buffer_span(&call->text));
    return VG_OK;
}

void response_effect_affect(struct response_call *call)
{
    put_tenant(call, call->command.affect.tenant);
}
