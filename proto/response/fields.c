/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/compartment/epoch.h"
#include "proto/response/number.h"

#define LAST_TIME_MS UINT64_C(253402300799999) /* the end of 9999 */
enum { DRILL_MIN_MS = 5000, DRILL_MAX_MS = 600 * 1000, DRILL_DELAY_MAX_MS = 5000 };

/* One row each; where a member is and how large is taken from the struct. */
#define PLACE(member)                                                                              \
    offsetof(struct response_command, member), sizeof(((struct response_command *)0)->member)
#define ID(name, member, must, referent, sets)                                                     \
    {                                                                                              \
        name, RESPONSE_FIELD_ID, PLACE(member), must, 0, NULL, RESPONSE_OF_##referent, sets        \
    }
#define IDS(name, member, referent)                                                                \
    {                                                                                              \
        name, RESPONSE_FIELD_IDS, PLACE(member), 0, RESPONSE_IDS_MAX, NULL,                        \
            RESPONSE_OF_##referent, 0                                                              \
    }
#define FIXED(name, member, must)                                                                  \
    {                                                                                              \
        name, RESPONSE_FIELD_FIXED, PLACE(member), must, 0, NULL, RESPONSE_OF_NOTHING, 0           \
    }
#define WORD(name, member, must, words, sets)                                                      \
    {                                                                                              \
        name, RESPONSE_FIELD_WORD, PLACE(member), must, 0, words, RESPONSE_OF_NOTHING, sets        \
    }
#define BITS(name, member, words, sets)                                                            \
    {                                                                                              \
        name, RESPONSE_FIELD_BITS, PLACE(member), 0, 0, words, RESPONSE_OF_NOTHING, sets           \
    }
#define VALUE(name, type, member, min, max)                                                        \
    {                                                                                              \
        name, RESPONSE_FIELD_##type, PLACE(member), min, max, NULL, RESPONSE_OF_NOTHING, 0         \
    }
#define SETTING(name, type, member, min, max, sets)                                                \
    {                                                                                              \
        name, RESPONSE_FIELD_##type, PLACE(member), min, max, NULL, RESPONSE_OF_NOTHING, sets      \
    }
#define TIME(name, member) VALUE(name, TIME, member, 0, LAST_TIME_MS)
#define INCIDENT(member) ID("incident", member, 1, INCIDENT, 0)
#define REASON(member) VALUE("reason", TEXT, member, 1, VG_TEXT_MAX)

/* ---- directory and control --------------------------------------------------------------------
 */

static const struct response_field person_fields[] = {
    ID("person", person.person, 1, PERSON, 0),
    VALUE("name", LINE, person.name, 1, VG_NAME_MAX),
};

static const struct response_field label_fields[] = {
    ID("compartment", label.compartment, 1, COMPARTMENT, 0),
    VALUE("name", LINE, label.name, 1, VG_NAME_MAX),
};

static const struct response_field grant_fields[] = {
    ID("person", grant.person, 1, PERSON, 0),
    ID("compartment", grant.compartment, 1, COMPARTMENT, 0),
    BITS("give", grant.give, response_roles, 0),
    BITS("take", grant.take, response_roles, 0),
};

static const struct response_field roster_fields[] = {
    ID("compartment", roster.compartment, 1, COMPARTMENT, 0),
    ID("person", roster.person, 1, PERSON, 0),
    WORD("on", roster.on, 1, response_yes_no, 0),
};

static const struct response_field procedure_fields[] = {
    ID("compartment", procedure.compartment, 1, COMPARTMENT, 0),
    VALUE("version", LINE, procedure.version, 1, VG_NAME_MAX),
};

static const struct response_field drill_fields[] = {
    WORD("kind", drill.kind, 1, response_drill_kinds, 0),
    VALUE("node", NUMBER, drill.node, 0, INT64_MAX),
    VALUE("region", LINE, drill.region, 0, VG_NAME_MAX),
    VALUE("duration-ms", NUMBER, drill.duration_ms, DRILL_MIN_MS, DRILL_MAX_MS),
    VALUE("delay-ms", NUMBER, drill.delay_ms, 0, DRILL_DELAY_MAX_MS),
    VALUE("recovery-target-ms", NUMBER, drill.recovery_target_ms, 1, DRILL_MAX_MS),
    VALUE("stalled-target-ms", NUMBER, drill.stalled_target_ms, 1, DRILL_MAX_MS),
    VALUE("reason", LINE, drill.reason, 1, VG_TITLE_MAX),
};

static const struct response_field drill_start_fields[] = {
    ID("drill", drill_start.drill, 1, DRILL, 0),
};

static const struct response_field drill_probe_fields[] = {
    ID("drill", drill_probe.drill, 1, DRILL, 0),
    VALUE("number", NUMBER, drill_probe.number, 1, RESPONSE_PROBES_MAX),
};

static const struct response_field drill_end_fields[] = {
    ID("drill", drill_end.drill, 1, DRILL, 0),
    WORD("recovered", drill_end.recovered, 1, response_yes_no, 0),
    VALUE("recovery-ms", NUMBER, drill_end.recovery_ms, 0, UINT32_MAX),
    VALUE("stalled-ms", NUMBER, drill_end.stalled_ms, 0, UINT32_MAX),
    VALUE("stalled", LINES, drill_end.stalled, 0, RESPONSE_LINES_MAX),
    VALUE("writes", NUMBER, drill_end.writes, 0, UINT32_MAX),
    VALUE("reads", NUMBER, drill_end.reads, 0, UINT32_MAX),
    VALUE("lost", NUMBER, drill_end.lost, 0, UINT32_MAX),
    VALUE("stale", NUMBER, drill_end.stale, 0, UINT32_MAX),
};

static const struct response_field enroll_fields[] = {
    ID("person", enroll.person, 1, PERSON, 0),          FIXED("key", enroll.keys.key, 1),
    FIXED("channel", enroll.keys.channel, 1),           FIXED("binding", enroll.keys.binding, 1),
    BITS("bits", enroll.bits, response_person_bits, 0),
};

static const struct response_field rekey_fields[] = {
    ID("holder", rekey.holder, 1, PERSON, 0),
    FIXED("key", rekey.keys.key, 1),
    FIXED("channel", rekey.keys.channel, 1),
    FIXED("binding", rekey.keys.binding, 1),
};

#define EPOCH VALUE("epoch", BYTES, clearing.epoch, 1, COMPARTMENT_EPOCH_MAX)
#define OFFERS VALUE("offers", BYTES, clearing.offers, 1, (uint64_t)RESPONSE_OFFERS_SIZE)

static const struct response_field rotate_fields[] = {EPOCH};

static const struct response_field create_fields[] = {
    EPOCH,
    OFFERS,
    VALUE("boundary", LINES, clearing.boundary, 0, VG_NODES_MAX),
    VALUE("min-cleared", NUMBER, clearing.min_cleared, 1, VG_NODES_MAX),
};

static const struct response_field clear_fields[] = {EPOCH, OFFERS};

static const struct response_field revoke_fields[] = {
    EPOCH,
    ID("override", clearing.override_, 0, NOTHING, 0),
};

static const struct response_field recover_fields[] = {
    EPOCH,
    OFFERS,
    ID("override", clearing.override_, 0, NOTHING, 0),
};

static const struct response_field destroyed_fields[] = {
    ID("compartment", destroyed.compartment, 1, COMPARTMENT, 0),
    VALUE("epoch", NUMBER, destroyed.epoch, 1, INT64_MAX),
};

static const struct response_field shred_fields[] = {
    ID("compartment", shred.compartment, 1, COMPARTMENT, 0),
    VALUE("epoch", NUMBER, shred.epoch, 1, INT64_MAX),
};

static const struct response_field recovery_gone_fields[] = {
    ID("compartment", recovery_gone.compartment, 1, COMPARTMENT, 0),
    FIXED("key", recovery_gone.key, 1),
};

static const struct response_field override_fields[] = {
    ID("compartment", override_.compartment, 1, COMPARTMENT, 0),
    REASON(override_.reason),
};

static const struct response_field tenant_fields[] = {
    VALUE("name", LINE, tenant.name, 1, VG_NAME_MAX),
    ID("compartment", tenant.compartment, 1, COMPARTMENT, 0),
};

static const struct response_field expel_fields[] = {
    ID("person", expel.person, 1, PERSON, 0),
};

static const struct response_field evict_fields[] = {
    VALUE("node", NUMBER, evict.node, 1, INT64_MAX),
};

/* ---- detection --------------------------------------------------------------------------------
 */

static const struct response_field detect_fields[] = {
    WORD("source", detect.source, 1, response_sources, 0),
    WORD("sub-kind", detect.subsource, 0, response_subsources, 0),
    BITS("cia", detect.cia, response_cia, 0),
    VALUE("title", LINE, detect.title, 1, VG_TITLE_MAX),
    VALUE("product", LINE, detect.product, 0, VG_NAME_MAX),
    VALUE("dedup-key", LINE, detect.dedup_key, 0, VG_NAME_MAX),
    VALUE("detail", TEXT, detect.detail, 0, VG_TEXT_MAX),
    TIME("happened-at", detect.happened_at),
};

static const struct response_field import_fields[] = {
    VALUE("namespace", LINE, import.space, 1, VG_NAME_MAX),
    VALUE("key", LINE, import.key, 1, VG_NAME_MAX),
    WORD("source", import.source, 1, response_sources, 0),
    WORD("sub-kind", import.subsource, 0, response_subsources, 0),
    BITS("cia", import.cia, response_cia, 0),
    VALUE("title", LINE, import.title, 1, VG_TITLE_MAX),
    WORD("classification", import.classification, 0, response_classes, 0),
    TIME("happened-at", import.happened_at),
    VALUE("records", NUMBER, import.records, 0, INT64_MAX),
    VALUE("unknown-members", NUMBER, import.unknown_members, 0, UINT32_MAX),
    VALUE("timeline", EVENTS, import.timeline, 0, VG_TEXT_MAX),
    VALUE("document", BYTES, import.document, 1, VG_DOCUMENT_MAX),
};

static const struct response_field count_fields[] = {
    VALUE("key", LINE, count.key, 1, VG_NAME_MAX),
    TIME("first-at", count.first_at),
    VALUE("signals", SIGNALS, count.signals, RESPONSE_SIGNAL_SIZE,
          RESPONSE_SIGNAL_SIZE *RESPONSE_SIGNALS_MAX),
};

static const struct response_field checkpoint_fields[] = {
    VALUE("mark", NUMBER, checkpoint.mark, 1, INT64_MAX),
    FIXED("hash", checkpoint.hash, 1),
    VALUE("accepted", NUMBER, checkpoint.accepted, 0, INT64_MAX),
    VALUE("refused", NUMBER, checkpoint.refused, 0, INT64_MAX),
};

static const struct response_field note_fields[] = {
    INCIDENT(note.incident),
    WORD("kind", note.kind, 1, response_note_kinds, 0),
    VALUE("corrects", NUMBER, note.corrects, 0, INT64_MAX),
    VALUE("text", TEXT, note.text, 1, VG_TEXT_MAX),
};

/* ---- assessing --------------------------------------------------------------------------------
 */

static const struct response_field stage_fields[] = {
    INCIDENT(stage.incident),
    WORD("stage", stage.stage, 1, response_stages, RESPONSE_ASPECT_STAGE),
    BITS("cia", stage.cia, response_cia, RESPONSE_ASPECT_DETECTION),
    REASON(stage.reason),
};

static const struct response_field assess_fields[] = {
    INCIDENT(assess.incident),
    WORD("functional", assess.functional, 1, response_functionals, RESPONSE_ASPECT_SEVERITY),
    BITS("information", assess.information, response_information, 0),
    WORD("recoverability", assess.recoverability, 1, response_recoverabilities, 0),
    BITS("cia", assess.cia, response_cia, RESPONSE_ASPECT_DETECTION),
    WORD("responsibility", assess.responsibility, 0, response_responsibilities,
         RESPONSE_ASPECT_RESPONSIBILITY),
    SETTING("product", LINE, assess.product, 0, VG_NAME_MAX, RESPONSE_ASPECT_DETECTION),
    IDS("evidence", assess.evidence, EVIDENCE),
    VALUE("break-glass", TEXT, assess.break_glass, 0, VG_TEXT_MAX),
    REASON(assess.reason),
};

static const struct response_field severity_fields[] = {
    INCIDENT(severity.incident),
    WORD("severity", severity.severity, 1, response_severities, RESPONSE_ASPECT_SEVERITY),
    WORD("priority", severity.priority, 0, response_priorities, 0),
    REASON(severity.reason),
};

static const struct response_field risk_fields[] = {
    INCIDENT(risk.incident),
    WORD("risk", risk.risk, 1, response_risks, RESPONSE_ASPECT_DATA_RISK),
    REASON(risk.reason),
};

static const struct response_field responsibility_fields[] = {
    INCIDENT(responsibility.incident),
    WORD("responsibility", responsibility.responsibility, 1, response_responsibilities,
         RESPONSE_ASPECT_RESPONSIBILITY),
    REASON(responsibility.reason),
};

static const struct response_field owner_fields[] = {
    INCIDENT(owner.incident),
    ID("owner", owner.owner, 0, PERSON, RESPONSE_ASPECT_OWNER),
    REASON(owner.reason),
};

/* ---- classifying ------------------------------------------------------------------------------
 */

static const struct response_field classify_fields[] = {
    INCIDENT(classify.incident),
    WORD("class", classify.class_, 1, response_classes, RESPONSE_ASPECT_CLASSIFICATION),
    WORD("ground", classify.ground, 0, response_grounds, 0),
    VALUE("policy", LINE, classify.policy, 0, VG_NAME_MAX),
    IDS("evidence", classify.evidence, EVIDENCE),
    IDS("participant", classify.participants, PERSON),
    REASON(classify.reason),
};

static const struct response_field answer_fields[] = {
    INCIDENT(answer.incident),
    WORD("answer", answer.kind, 1, response_answers, RESPONSE_ASPECT_ANSWER),
    VALUE("root-cause", TEXT, answer.cause, 1, VG_TEXT_MAX),
    VALUE("match", LINE, answer.match, 0, VG_NAME_MAX),
    VALUE("change", TEXT, answer.change, 0, VG_TEXT_MAX),
    ID("owner", answer.owner, 1, PERSON, 0),
};

static const struct response_field declare_fields[] = {
    INCIDENT(declare.incident),
    WORD("class", declare.class_, 1, response_classes, RESPONSE_ASPECT_CLASSIFICATION),
    BITS("harm", declare.harm, response_harms, RESPONSE_ASPECT_DECLARATION),
    WORD("access", declare.likelihood, 0, response_likelihoods, 0),
    VALUE("duty", LINE, declare.duty, 0, VG_TITLE_MAX),
    VALUE("tenant", LINES, declare.tenants, 0, RESPONSE_LINES_MAX),
    VALUE("impact", TEXT, declare.impact, 0, VG_TEXT_MAX),
    VALUE("resources", TEXT, declare.resources, 0, VG_TEXT_MAX),
    VALUE("repair", TEXT, declare.repair, 0, VG_TEXT_MAX),
    IDS("evidence", declare.evidence, EVIDENCE),
    REASON(declare.reason),
};

static const struct response_field withdraw_fields[] = {
    ID("incident", withdraw.incident, 1, INCIDENT, RESPONSE_ASPECT_DECLARATION),
    REASON(withdraw.reason),
};

static const struct response_field affect_fields[] = {
    INCIDENT(affect.incident),
    VALUE("tenant", LINE, affect.tenant, 1, VG_NAME_MAX),
    REASON(affect.reason),
};

static const struct response_field refer_fields[] = {
    INCIDENT(refer.incident),
    SETTING("tenant", LINE, refer.tenant, 1, VG_NAME_MAX, RESPONSE_ASPECT_REFERRAL),
    VALUE("text", TEXT, refer.text, 1, VG_TEXT_MAX),
};

static const struct response_field collaborate_fields[] = {
    INCIDENT(collaborate.incident),
    VALUE("contract", LINE, collaborate.contract, 0, VG_NAME_MAX),
    VALUE("text", TEXT, collaborate.text, 1, VG_TEXT_MAX),
};

/* ---- facts between compartments ---------------------------------------------------------------
 */

static const struct response_field case_fields[] = {
    ID("source", case_.source, 1, COMPARTMENT, 0),
    ID("incident", case_.incident, 1, NOTHING, 0), /* of the source */
    ID("tenant", case_.tenant, 1, NOTHING, 0),
    WORD("kind", case_.kind, 1, response_fact_kinds, 0),
    VALUE("index", NUMBER, case_.index, 1, INT64_MAX),
    FIXED("hash", case_.hash, 1),
    VALUE("at", TIME, case_.at, 1, LAST_TIME_MS),
    WORD("class", case_.class_, 0, response_classes, 0),
    BITS("harm", case_.harm, response_harms, 0),
};

static const struct response_field acknowledge_fields[] = {
    ID("tenant", acknowledge.tenant, 1, NOTHING, 0),
    INCIDENT(acknowledge.incident),
    VALUE("index", NUMBER, acknowledge.index, 1, INT64_MAX),
    FIXED("hash", acknowledge.hash, 1),
    VALUE("case-index", NUMBER, acknowledge.case_index, 1, INT64_MAX),
    FIXED("case-hash", acknowledge.case_hash, 1),
};

/* ---- working and closing ----------------------------------------------------------------------
 */

static const struct response_field plan_fields[] = {
    INCIDENT(plan.incident),
    SETTING("text", TEXT, plan.text, 1, VG_TEXT_MAX, RESPONSE_ASPECT_RECOVERY_PLAN),
};

static const struct response_field attest_fields[] = {
    INCIDENT(attest.incident),
    WORD("what", attest.what, 1, response_attestations, RESPONSE_ASPECT_OF_WORD),
    WORD("holds", attest.holds, 1, response_yes_no, 0),
    REASON(attest.reason),
};

static const struct response_field reopen_fields[] = {
    ID("incident", reopen.incident, 1, INCIDENT, RESPONSE_ASPECT_STAGE),
    REASON(reopen.reason),
};

static const struct response_field link_fields[] = {
    INCIDENT(link.incident),
    ID("other", link.other, 1, INCIDENT, 0),
    WORD("kind", link.kind, 1, response_link_kinds, 0),
    VALUE("reason", TEXT, link.reason, 0, VG_TEXT_MAX),
};

static const struct response_field task_fields[] = {
    INCIDENT(task.incident),
    VALUE("title", LINE, task.title, 1, VG_TITLE_MAX),
    ID("owner", task.owner, 0, PERSON, 0),
    TIME("due", task.due_at),
};

static const struct response_field task_move_fields[] = {
    INCIDENT(task_move.incident),
    ID("task", task_move.task, 1, TASK, RESPONSE_ASPECT_TASK),
    WORD("state", task_move.state, 1, response_task_states, 0),
    ID("owner", task_move.owner, 0, PERSON, 0),
    VALUE("text", TEXT, task_move.text, 0, VG_TEXT_MAX),
};

static const struct response_field step_fields[] = {
    INCIDENT(step.incident),
    WORD("kind", step.kind, 1, response_step_kinds, 0),
    VALUE("action", LINE, step.action, 1, VG_TITLE_MAX),
    VALUE("target", LINE, step.target, 1, VG_NAME_MAX),
    ID("owner", step.owner, 0, PERSON, 0),
    TIME("due", step.due_at),
    WORD("reversible", step.reversible, 1, response_yes_no, 0),
    WORD("emergency", step.emergency, 1, response_yes_no, 0),
    VALUE("break-glass", TEXT, step.break_glass, 0, VG_TEXT_MAX),
};

static const struct response_field step_move_fields[] = {
    INCIDENT(step_move.incident),
    ID("step", step_move.step, 1, STEP, RESPONSE_ASPECT_CONTAINMENT),
    WORD("state", step_move.state, 1, response_step_states, 0),
    VALUE("text", TEXT, step_move.text, 0, VG_TEXT_MAX),
};

static const struct response_field evidence_fields[] = {
    INCIDENT(evidence.incident),
    VALUE("name", LINE, evidence.name, 1, VG_TITLE_MAX),
    VALUE("source", LINE, evidence.source, 1, VG_NAME_MAX),
    VALUE("collector", LINE, evidence.collector, 1, VG_NAME_MAX),
    FIXED("hash", evidence.hash, 1),
    VALUE("size", NUMBER, evidence.size, 1, INT64_MAX),
    TIME("collected-at", evidence.collected_at),
    VALUE("content", BYTES, evidence.content, 0, VG_DOCUMENT_MAX),
};

static const struct response_field custody_fields[] = {
    INCIDENT(custody.incident),
    ID("evidence", custody.evidence, 1, EVIDENCE, 0),
    WORD("action", custody.action, RESPONSE_OFFER, response_custodies, 0),
    ID("to", custody.to, 0, PERSON, 0),
    FIXED("hash", custody.hash, 0),
    VALUE("text", TEXT, custody.text, 0, VG_TEXT_MAX),
};

/* ---- two people -------------------------------------------------------------------------------
 */

static const struct response_field propose_fields[] = {
    VALUE("command", BYTES, propose.command, 1, 2 * VG_TEXT_MAX),
    WORD("as", propose.role, 0, response_roles, 0),
    TIME("expires-at", propose.expires_at),
};

static const struct response_field approve_fields[] = {
    ID("proposal", approve.proposal, 1, PROPOSAL, 0),
    FIXED("hash", approve.hash, 1),
    WORD("as", approve.role, 0, response_roles, 0),
    REASON(approve.reason),
};

static const struct response_field reject_fields[] = {
    ID("proposal", reject.proposal, 1, PROPOSAL, 0),
    REASON(reject.reason),
};

/* ---- which are whose --------------------------------------------------------------------------
 */

struct layout {
    enum response_op op;
    const char *name;
    const struct response_field *fields;
    uint32_t count;
};

#define LAYOUT(op, name, fields)                                                                   \
    {                                                                                              \
        RESPONSE_OP_##op, name, fields, sizeof(fields) / sizeof((fields)[0])                       \
    }

static const struct layout layouts[] = {
    LAYOUT(PERSON, "person", person_fields),
    LAYOUT(LABEL, "label", label_fields),
    LAYOUT(GRANT, "grant", grant_fields),
    LAYOUT(ROSTER, "roster", roster_fields),
    LAYOUT(PROCEDURE, "procedure", procedure_fields),
    LAYOUT(DRILL, "drill", drill_fields),
    LAYOUT(DRILL_START, "drill-start", drill_start_fields),
    LAYOUT(DRILL_PROBE, "drill-probe", drill_probe_fields),
    LAYOUT(DRILL_END, "drill-end", drill_end_fields),
    LAYOUT(OVERRIDE, "override", override_fields),
    LAYOUT(TENANT, "tenant", tenant_fields),
    LAYOUT(DETECT, "detect", detect_fields),
    LAYOUT(NOTE, "note", note_fields),
    LAYOUT(STAGE, "stage", stage_fields),
    LAYOUT(IMPORT, "import", import_fields),
    LAYOUT(ASSESS, "assess", assess_fields),
    LAYOUT(SEVERITY, "severity", severity_fields),
    LAYOUT(RISK, "risk", risk_fields),
    LAYOUT(RESPONSIBILITY, "responsibility", responsibility_fields),
    LAYOUT(OWNER, "owner", owner_fields),
    LAYOUT(CLASSIFY, "classify", classify_fields),
    LAYOUT(ANSWER, "answer", answer_fields),
    LAYOUT(DECLARE, "declare", declare_fields),
    LAYOUT(WITHDRAW, "withdraw", withdraw_fields),
    LAYOUT(AFFECT, "affect", affect_fields),
    LAYOUT(REFER, "refer", refer_fields),
    LAYOUT(COLLABORATE, "collaborate", collaborate_fields),
    LAYOUT(PLAN, "plan", plan_fields),
    LAYOUT(ATTEST, "attest", attest_fields),
    LAYOUT(REOPEN, "reopen", reopen_fields),
    LAYOUT(LINK, "link", link_fields),
    LAYOUT(TASK, "task", task_fields),
    LAYOUT(TASK_MOVE, "task-move", task_move_fields),
    LAYOUT(STEP, "step", step_fields),
    LAYOUT(STEP_MOVE, "step-move", step_move_fields),
    LAYOUT(EVIDENCE, "evidence", evidence_fields),
    LAYOUT(CUSTODY, "custody", custody_fields),
    LAYOUT(COUNT, "count", count_fields),
    LAYOUT(CASE, "case", case_fields),
    LAYOUT(ACKNOWLEDGE, "case-told", acknowledge_fields),
    LAYOUT(CHECKPOINT, "checkpoint", checkpoint_fields),
    LAYOUT(PROPOSE, "propose", propose_fields),
    LAYOUT(APPROVE, "approve", approve_fields),
    LAYOUT(REJECT, "reject", reject_fields),
    LAYOUT(ENROLL, "enroll", enroll_fields),
    LAYOUT(EXPEL, "expel", expel_fields),
    LAYOUT(EVICT, "evict", evict_fields),
    LAYOUT(REKEY, "rekey", rekey_fields),
    LAYOUT(ROTATE, "rotate", rotate_fields),
    LAYOUT(CREATE, "compartment-create", create_fields),
    LAYOUT(CLEAR, "compartment-grant", clear_fields),
    LAYOUT(REVOKE, "compartment-revoke", revoke_fields),
    LAYOUT(DESTROYED, "compartment-attest", destroyed_fields),
    LAYOUT(SHRED, "compartment-shred", shred_fields),
    LAYOUT(RECOVER, "compartment-recover", recover_fields),
    LAYOUT(RECOVERY_GONE, "recovery-attest", recovery_gone_fields),
};

static const struct layout *layout_of(uint64_t op)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if ((uint64_t)layouts[i].op == op)
            return &layouts[i];
    }
    return NULL;
}

const struct response_field *response_fields(uint64_t op, uint32_t *count)
{
    const struct layout *layout = layout_of(op);
    *count = layout != NULL ? layout->count : 0;
    return layout != NULL ? layout->fields : NULL;
}

const char *response_op_name(uint64_t op)
{
    const struct layout *layout = layout_of(op);
    return layout != NULL ? layout->name : "";
}

enum response_op response_op_after(uint64_t op)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if ((uint64_t)layouts[i].op > op)
            return layouts[i].op;
    }
    return (enum response_op)0;
}

/* ---- what a command says in a field -----------------------------------------------------------
 */

const void *response_field_at(const struct response_field *field,
                              const struct response_command *command)
{
    return (const uint8_t *)command + field->at;
}

uint64_t response_field_number(const struct response_field *field,
                               const struct response_command *command)
{
    return response_number_at(response_field_at(field, command), field->size);
}

void response_field_set_number(const struct response_field *field, struct response_command *command,
                               uint64_t value)
{
    response_number_set((uint8_t *)command + field->at, field->size, value);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && bytes[i] == 0)
        i++;
    return i == size;
}

/* A zero of any width, or nothing in a list or text. */
bool response_field_given(const struct response_field *field,
                          const struct response_command *command)
{
    const void *member = response_field_at(field, command);
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        return !vg_id_is_zero(member);
    case RESPONSE_FIELD_FIXED:
        return !is_zero(member, field->size);
    case RESPONSE_FIELD_IDS:
        return ((const struct response_ids *)member)->count > 0;
    case RESPONSE_FIELD_LINES:
        return ((const struct response_lines *)member)->count > 0;
    case RESPONSE_FIELD_WORD:
    case RESPONSE_FIELD_BITS:
    case RESPONSE_FIELD_NUMBER:
    case RESPONSE_FIELD_TIME:
        return response_field_number(field, command) != 0;
    default:
        return ((const vg_span *)member)->size > 0;
    }
}

/* ---- as text -----------------------------------------------------------------------------------
 */

static void add(struct vg_buffer *out, const char *text)
{
    vg_buffer_append(out, text, strlen(text));
}

static void add_ids(const struct response_ids *ids, struct vg_buffer *out)
{
    for (uint8_t i = 0; i < ids->count; i++) {
        char id[VG_ID_TEXT];
        vg_id_format(&ids->ids[i], id);
        add(out, i > 0 ? ", " : "");
        add(out, id);
    }
}

static void add_lines(const struct response_lines *lines, struct vg_buffer *out)
{
    for (uint8_t i = 0; i < lines->count; i++) {
        add(out, i > 0 ? ", " : "");
        vg_buffer_append(out, lines->lines[i].data, lines->lines[i].size);
    }
}

void response_field_text(const struct response_field *field, const struct response_command *command,
                         struct vg_buffer *out)
{
    const void *member = response_field_at(field, command);
    char text[256] = "";
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        vg_id_format(member, text);
        break;
    case RESPONSE_FIELD_FIXED:
        vg_hex_format(vg_span_of(member, field->size), text);
        break;
    case RESPONSE_FIELD_IDS:
        add_ids(member, out);
        break;
    case RESPONSE_FIELD_LINES:
        add_lines(member, out);
        break;
    case RESPONSE_FIELD_WORD:
        add(out, response_word(field->words, (uint32_t)response_field_number(field, command)));
        break;
    case RESPONSE_FIELD_BITS:
        response_words(field->words, (uint32_t)response_field_number(field, command), "none", text,
                       sizeof text);
        break;
    case RESPONSE_FIELD_NUMBER:
        snprintf(text, sizeof text, "%" PRIu64, response_field_number(field, command));
        break;
    case RESPONSE_FIELD_TIME:
        vg_time_format(response_field_number(field, command), text);
        break;
    case RESPONSE_FIELD_BYTES:
    case RESPONSE_FIELD_SIGNALS:
        snprintf(text, sizeof text, "%zu bytes", ((const vg_span *)member)->size);
        break;
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
    case RESPONSE_FIELD_EVENTS:
        vg_buffer_append(out, ((const vg_span *)member)->data, ((const vg_span *)member)->size);
        break;
    }
    add(out, text);
}
