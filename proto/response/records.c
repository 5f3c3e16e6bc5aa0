/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/records.h"

#include <assert.h>

#include "proto/response/number.h"
#include "proto/wire/mp.h"

/* ---- records as tables of their members --------------------------------------------------------
 */

enum member_type {
    MEMBER_NUMBER,
    MEMBER_FLAG, /* a bool */
    MEMBER_BYTES,
    MEMBER_TEXT,
    MEMBER_SPAN,
    MEMBER_WHOLE
};

struct member {
    enum member_type type;
    size_t at;
    size_t size;
};

#define MEMBER(kind, record, name)                                                                 \
    {                                                                                              \
        MEMBER_##kind, offsetof(struct response_##record, name),                                   \
            sizeof(((struct response_##record *)0)->name)                                          \
    }

static void write_members(const struct member *members, size_t count, const void *record,
                          struct vg_buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        const void *at = (const uint8_t *)record + members[i].at;
        switch (members[i].type) {
        case MEMBER_NUMBER:
        case MEMBER_FLAG:
            mp_write_uint(out, response_number_at(at, members[i].size));
            break;
        case MEMBER_BYTES:
            mp_write_bytes(out, vg_span_of(at, members[i].size));
            break;
        case MEMBER_TEXT:
            mp_write_text(out, vg_span_text(at));
            break;
        case MEMBER_SPAN:
            mp_write_text(out, *(const vg_span *)at);
            break;
        case MEMBER_WHOLE:
            mp_write_bytes(out, *(const vg_span *)at);
            break;
        }
    }
}

static void read_text(struct mp_reader *reader, char *out, size_t size)
{
    vg_span text = mp_read_text(reader, size - 1);
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

/* A number that its member can hold. */
static uint64_t read_number(struct mp_reader *reader, uint64_t max)
{
    uint64_t number = mp_read_uint(reader);
    if (number > max)
        mp_fail(reader, "a number too large");
    return number > max ? 0 : number;
}

static uint64_t max_of_size(size_t size)
{
    return UINT64_MAX >> (8 * (sizeof(uint64_t) - size));
}

static void read_members(struct mp_reader *reader, const struct member *members, size_t count,
                         void *record)
{
    for (size_t i = 0; i < count; i++) {
        void *at = (uint8_t *)record + members[i].at;
        switch (members[i].type) {
        case MEMBER_NUMBER:
            response_number_set(at, members[i].size,
                                read_number(reader, max_of_size(members[i].size)));
            break;
        case MEMBER_FLAG:
            response_number_set(at, members[i].size, read_number(reader, true));
            break;
        case MEMBER_BYTES:
            mp_read_fixed(reader, at, members[i].size);
            break;
        case MEMBER_TEXT:
            read_text(reader, at, members[i].size);
            break;
        case MEMBER_SPAN:
            *(vg_span *)at = mp_read_text(reader, RESPONSE_EVENT_TEXT_MAX);
            break;
        case MEMBER_WHOLE:
            *(vg_span *)at = mp_read_bytes(reader, VG_COMMAND_MAX);
            break;
        }
    }
}

static void finish(struct mp_reader *reader)
{
    mp_end_array(reader);
    enum vg_code code = mp_finish(reader, "state", NULL);
    assert(code == VG_OK);
}

#define COUNT(members) (sizeof(members) / sizeof((members)[0]))

/* A record that is its members and nothing else. */
#define PLAIN_RECORD(name)                                                                         \
    void response_##name##_encode(const struct response_##name *record, struct vg_buffer *out)     \
    {                                                                                              \
        mp_write_array(out, COUNT(name##_members));                                                \
        write_members(name##_members, COUNT(name##_members), record, out);                         \
    }                                                                                              \
    void response_##name##_decode(vg_span bytes, struct response_##name *out)                      \
    {                                                                                              \
        struct mp_reader reader = mp_reader_of(bytes);                                             \
        memset(out, 0, sizeof *out);                                                               \
        mp_read_tuple(&reader, COUNT(name##_members));                                             \
        read_members(&reader, name##_members, COUNT(name##_members), out);                         \
        finish(&reader);                                                                           \
    }

/* The members of a revision within a part's record, which knows aspect and part itself. */
#define REVISION_MEMBERS(record)                                                                   \
    MEMBER(NUMBER, record, revision.revision), MEMBER(BYTES, record, revision.set_by),             \
        MEMBER(NUMBER, record, revision.set_at_ms)

/* ---- lists of revisions ------------------------------------------------------------------------
 */

static const struct member revision_members[] = {
    MEMBER(NUMBER, revision, aspect),    MEMBER(BYTES, revision, part),
    MEMBER(NUMBER, revision, revision),  MEMBER(BYTES, revision, set_by),
    MEMBER(NUMBER, revision, set_at_ms),
};

static void write_revisions(struct vg_buffer *out, const struct response_revision *revisions,
                            uint32_t count)
{
    mp_write_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        mp_write_array(out, COUNT(revision_members));
        write_members(revision_members, COUNT(revision_members), &revisions[i], out);
    }
}

static uint32_t read_revisions(struct mp_reader *reader, struct response_revision *revisions,
                               uint32_t max)
{
    uint32_t count = mp_read_array(reader, max);
    for (uint32_t i = 0; i < count; i++) {
        mp_read_tuple(reader, COUNT(revision_members));
        read_members(reader, revision_members, COUNT(revision_members), &revisions[i]);
        mp_end_array(reader);
    }
    mp_end_array(reader);
    return count;
}

/* ---- incident ----------------------------------------------------------------------------------
 */

static const struct member incident_members[] = {
    MEMBER(BYTES, incident, linked),
    MEMBER(NUMBER, incident, origin.value),
    MEMBER(NUMBER, incident, stage),
    MEMBER(NUMBER, incident, closed_from),
    MEMBER(NUMBER, incident, disposition),
    MEMBER(NUMBER, incident, source),
    MEMBER(NUMBER, incident, subsource),
    MEMBER(NUMBER, incident, cia),
    MEMBER(NUMBER, incident, functional),
    MEMBER(NUMBER, incident, information),
    MEMBER(NUMBER, incident, recoverability),
    MEMBER(NUMBER, incident, severity),
    MEMBER(NUMBER, incident, priority),
    MEMBER(FLAG, incident, overridden),
    MEMBER(NUMBER, incident, risk),
    MEMBER(NUMBER, incident, responsibility),
    MEMBER(NUMBER, incident, class_),
    MEMBER(NUMBER, incident, ground),
    MEMBER(NUMBER, incident, class_before),
    MEMBER(NUMBER, incident, harm),
    MEMBER(NUMBER, incident, likelihood),
    MEMBER(NUMBER, incident, answer),
    MEMBER(NUMBER, incident, attested),
    MEMBER(FLAG, incident, historical),
    MEMBER(FLAG, incident, was_in_stabilize),
    MEMBER(BYTES, incident, owner),
    MEMBER(NUMBER, incident, declared_at),
    MEMBER(NUMBER, incident, withdrawn_at),
    MEMBER(NUMBER, incident, count),
    MEMBER(NUMBER, incident, created_at),
    MEMBER(NUMBER, incident, updated_at),
    MEMBER(NUMBER, incident, happened_at),
    MEMBER(NUMBER, incident, assessed_at),
    MEMBER(NUMBER, incident, contained_at),
    MEMBER(NUMBER, incident, stabilized_at),
    MEMBER(NUMBER, incident, closed_at),
    MEMBER(NUMBER, incident, records),
    MEMBER(NUMBER, incident, unknown_members),
    MEMBER(NUMBER, incident, tasks),
    MEMBER(NUMBER, incident, tasks_open),
    MEMBER(NUMBER, incident, steps),
    MEMBER(NUMBER, incident, steps_open),
    MEMBER(NUMBER, incident, steps_long),
    MEMBER(NUMBER, incident, evidence),
    MEMBER(NUMBER, incident, tenants),
    MEMBER(NUMBER, incident, links),
    MEMBER(NUMBER, incident, proposals),
    MEMBER(NUMBER, incident, events),
    MEMBER(TEXT, incident, title),
    MEMBER(TEXT, incident, product),
    MEMBER(TEXT, incident, dedup_key),
    MEMBER(TEXT, incident, policy),
    MEMBER(TEXT, incident, duty),
    MEMBER(TEXT, incident, filter),
};

void response_incident_encode(const struct response_incident *record, struct vg_buffer *out)
{
    mp_write_array(out, COUNT(incident_members) + 1);
    write_members(incident_members, COUNT(incident_members), record, out);
    write_revisions(out, record->revisions, record->revision_count);
}

void response_incident_decode(vg_span bytes, struct response_incident *out)
{
    struct mp_reader reader = mp_reader_of(bytes);
    memset(out, 0, sizeof *out);
    mp_read_tuple(&reader, COUNT(incident_members) + 1);
    read_members(&reader, incident_members, COUNT(incident_members), out);
    out->revision_count = read_revisions(&reader, out->revisions, RESPONSE_REVISIONS_MAX);
    finish(&reader);
}

/* ---- timeline and parts ------------------------------------------------------------------------
 */

static const struct member event_members[] = {
    MEMBER(NUMBER, event, index),
    MEMBER(NUMBER, event, time_ms),
    MEMBER(NUMBER, event, happened_at),
    MEMBER(NUMBER, event, received_at),
    MEMBER(BYTES, event, author),
    MEMBER(NUMBER, event, kind),
    MEMBER(NUMBER, event, aspect),
    MEMBER(BYTES, event, part),
    MEMBER(NUMBER, event, revision),
    MEMBER(NUMBER, event, corrects),
    MEMBER(NUMBER, event, corrected_by),
    MEMBER(SPAN, event, from),
    MEMBER(SPAN, event, to),
    MEMBER(SPAN, event, procedure),
    MEMBER(SPAN, event, text),
};
PLAIN_RECORD(event)

static const struct member task_members[] = {
    MEMBER(NUMBER, task, number), MEMBER(NUMBER, task, kind),   MEMBER(NUMBER, task, state),
    MEMBER(BYTES, task, owner),   MEMBER(NUMBER, task, due_at), MEMBER(NUMBER, task, made_at),
    MEMBER(BYTES, task, made_by), MEMBER(TEXT, task, title),    REVISION_MEMBERS(task),
};
PLAIN_RECORD(task)

static const struct member step_members[] = {
    MEMBER(NUMBER, step, number),      MEMBER(NUMBER, step, kind),
    MEMBER(NUMBER, step, state),       MEMBER(FLAG, step, reversible),
    MEMBER(FLAG, step, emergency),     MEMBER(BYTES, step, owner),
    MEMBER(NUMBER, step, due_at),      MEMBER(NUMBER, step, made_at),
    MEMBER(BYTES, step, made_by),      MEMBER(BYTES, step, done_by),
    MEMBER(NUMBER, step, done_at),     MEMBER(BYTES, step, verified_by),
    MEMBER(NUMBER, step, verified_at), MEMBER(TEXT, step, action),
    MEMBER(TEXT, step, target),        REVISION_MEMBERS(step),
};
PLAIN_RECORD(step)

static const struct member evidence_members[] = {
    MEMBER(NUMBER, evidence, number),       MEMBER(BYTES, evidence, hash),
    MEMBER(NUMBER, evidence, size),         MEMBER(NUMBER, evidence, index),
    MEMBER(NUMBER, evidence, collected_at), MEMBER(NUMBER, evidence, made_at),
    MEMBER(BYTES, evidence, holder),        MEMBER(BYTES, evidence, offered_to),
    MEMBER(FLAG, evidence, sealed),         MEMBER(FLAG, evidence, disposed),
    MEMBER(TEXT, evidence, name),           MEMBER(TEXT, evidence, source),
    MEMBER(TEXT, evidence, collector),      REVISION_MEMBERS(evidence),
};
PLAIN_RECORD(evidence)

static const struct member affected_members[] = {
    MEMBER(NUMBER, affected, added_at),
    MEMBER(TEXT, affected, name),
};
PLAIN_RECORD(affected)

static const struct member tenant_members[] = {
    MEMBER(BYTES, tenant, id),
    MEMBER(TEXT, tenant, name),
    MEMBER(BYTES, tenant, compartment),
    MEMBER(NUMBER, tenant, added_at),
};
PLAIN_RECORD(tenant)

/* ---- facts and cases ---------------------------------------------------------------------------
 */

/* What is not in the key of a fact. */
#define FACT_MEMBERS(record)                                                                       \
    MEMBER(NUMBER, record, fact.kind), MEMBER(BYTES, record, fact.hash),                           \
        MEMBER(NUMBER, record, fact.at), MEMBER(NUMBER, record, fact.class_),                      \
        MEMBER(NUMBER, record, fact.harm)

static const struct member owed_members[] = {
    FACT_MEMBERS(owed),
    MEMBER(BYTES, owed, target),
    MEMBER(NUMBER, owed, case_index),
    MEMBER(BYTES, owed, case_hash),
    MEMBER(NUMBER, owed, told_at),
};
PLAIN_RECORD(owed)

static const struct member heard_members[] = {
    FACT_MEMBERS(heard),
    MEMBER(NUMBER, heard, case_index),
    MEMBER(BYTES, heard, case_hash),
};
PLAIN_RECORD(heard)

static const struct member tenant_case_members[] = {
    MEMBER(NUMBER, tenant_case, declared_index),  MEMBER(NUMBER, tenant_case, declared_at),
    MEMBER(NUMBER, tenant_case, withdrawn_index), MEMBER(NUMBER, tenant_case, withdrawn_at),
    MEMBER(NUMBER, tenant_case, class_),          MEMBER(NUMBER, tenant_case, harm),
    MEMBER(NUMBER, tenant_case, facts),           MEMBER(NUMBER, tenant_case, made_at),
    MEMBER(NUMBER, tenant_case, updated_at),
};
PLAIN_RECORD(tenant_case)

/* ---- more of the directory and of a compartment ------------------------------------------------
 */

static const struct member filter_members[] = {
    MEMBER(BYTES, filter, incident),
    MEMBER(FLAG, filter, stands),
    MEMBER(NUMBER, filter, count),
    MEMBER(NUMBER, filter, last_at),
};
PLAIN_RECORD(filter)

static const struct member person_members[] = {
    MEMBER(BYTES, person, keys.key),     MEMBER(BYTES, person, keys.channel),
    MEMBER(BYTES, person, keys.binding), MEMBER(NUMBER, person, bits),
    MEMBER(NUMBER, person, enrolled_at), MEMBER(NUMBER, person, expelled_at),
    MEMBER(NUMBER, person, keyed_at),    MEMBER(FLAG, person, first),
};
PLAIN_RECORD(person)

static const struct member drill_members[] = {
    MEMBER(NUMBER, drill, kind),
    MEMBER(NUMBER, drill, node.value),
    MEMBER(TEXT, drill, region),
    MEMBER(NUMBER, drill, duration_ms),
    MEMBER(NUMBER, drill, delay_ms),
    MEMBER(NUMBER, drill, recovery_target_ms),
    MEMBER(NUMBER, drill, stalled_target_ms),
    MEMBER(TEXT, drill, reason),
    MEMBER(BYTES, drill, operated_by),
    MEMBER(BYTES, drill, seconded_by),
    MEMBER(NUMBER, drill, approved_at),
    MEMBER(NUMBER, drill, started_at),
    MEMBER(NUMBER, drill, start_index),
    MEMBER(NUMBER, drill, ended_at),
    MEMBER(NUMBER, drill, end_index),
    MEMBER(NUMBER, drill, probes),
    MEMBER(NUMBER, drill, recovered),
    MEMBER(NUMBER, drill, recovery_ms),
    MEMBER(NUMBER, drill, stalled_ms),
    MEMBER(SPAN, drill, stalled),
    MEMBER(NUMBER, drill, writes),
    MEMBER(NUMBER, drill, reads),
    MEMBER(NUMBER, drill, lost),
    MEMBER(NUMBER, drill, stale),
};
PLAIN_RECORD(drill)

/* ---- proposal ----------------------------------------------------------------------------------
 */

static const struct member proposal_members[] = {
    MEMBER(BYTES, proposal, incident),  MEMBER(BYTES, proposal, hash),
    MEMBER(WHOLE, proposal, command),   MEMBER(NUMBER, proposal, state),
    MEMBER(NUMBER, proposal, made_at),  MEMBER(NUMBER, proposal, expires_at),
    MEMBER(NUMBER, proposal, ended_at), REVISION_MEMBERS(proposal),
};

static void write_signers(const struct response_proposal *record, struct vg_buffer *out)
{
    mp_write_array(out, record->signer_count);
    for (uint32_t i = 0; i < record->signer_count; i++) {
        mp_write_array(out, 3);
        mp_write_bytes(out, vg_span_of(record->signers[i].person.bytes, sizeof(vg_id)));
        mp_write_uint(out, record->signers[i].role);
        mp_write_uint(out, record->signers[i].signed_at);
    }
}

static void read_signers(struct mp_reader *reader, struct response_proposal *out)
{
    out->signer_count = mp_read_array(reader, RESPONSE_SIGNERS_MAX);
    for (uint32_t i = 0; i < out->signer_count; i++) {
        mp_read_tuple(reader, 3);
        mp_read_fixed(reader, out->signers[i].person.bytes, sizeof(vg_id));
        out->signers[i].role = (uint32_t)read_number(reader, UINT32_MAX);
        out->signers[i].signed_at = mp_read_uint(reader);
        mp_end_array(reader);
    }
    mp_end_array(reader);
}

static void write_expectations(const struct response_proposal *record, struct vg_buffer *out)
{
    mp_write_array(out, record->expectation_count);
    for (uint16_t i = 0; i < record->expectation_count; i++) {
        mp_write_array(out, 3);
        mp_write_uint(out, record->expectations[i].aspect);
        mp_write_bytes(out, vg_span_of(record->expectations[i].part.bytes, sizeof(vg_id)));
        mp_write_uint(out, record->expectations[i].revision);
    }
}

static void read_expectations(struct mp_reader *reader, struct response_proposal *out)
{
    out->expectation_count = (uint16_t)mp_read_array(reader, VG_EXPECTATIONS_MAX);
    for (uint16_t i = 0; i < out->expectation_count; i++) {
        mp_read_tuple(reader, 3);
        out->expectations[i].aspect = (uint16_t)read_number(reader, UINT16_MAX);
        mp_read_fixed(reader, out->expectations[i].part.bytes, sizeof(vg_id));
        out->expectations[i].revision = mp_read_uint(reader);
        mp_end_array(reader);
    }
    mp_end_array(reader);
}

void response_proposal_encode(const struct response_proposal *record, struct vg_buffer *out)
{
    mp_write_array(out, COUNT(proposal_members) + 2);
    write_members(proposal_members, COUNT(proposal_members), record, out);
    write_signers(record, out);
    write_expectations(record, out);
}

void response_proposal_decode(vg_span bytes, struct response_proposal *out)
{
    struct mp_reader reader = mp_reader_of(bytes);
    memset(out, 0, sizeof *out);
    mp_read_tuple(&reader, COUNT(proposal_members) + 2);
    read_members(&reader, proposal_members, COUNT(proposal_members), out);
    read_signers(&reader, out);
    read_expectations(&reader, out);
    finish(&reader);
}

/* ---- outcome -----------------------------------------------------------------------------------
 */

static const struct member outcome_members[] = {
    MEMBER(TEXT, outcome, error.rule), MEMBER(BYTES, outcome, id),
    MEMBER(NUMBER, outcome, index),    MEMBER(NUMBER, outcome, term),
    MEMBER(NUMBER, outcome, time_ms),  MEMBER(FLAG, outcome, joined),
    MEMBER(FLAG, outcome, filtered),
};

static const struct member conflict_members[] = {
    MEMBER(NUMBER, outcome, conflict.aspect),   MEMBER(BYTES, outcome, conflict.part),
    MEMBER(NUMBER, outcome, conflict.expected), MEMBER(NUMBER, outcome, conflict.current),
    MEMBER(BYTES, outcome, conflict.set_by),    MEMBER(NUMBER, outcome, conflict.set_at_ms),
    MEMBER(TEXT, outcome, conflict.value),      MEMBER(TEXT, outcome, conflict.proposed),
};

/* The code, the members, the request hash, the revisions, the conflict. */
enum { OUTCOME_FIELDS = COUNT(outcome_members) + 4 };

void response_outcome_encode(const vg_hash *request_hash, const struct response_outcome *outcome,
                             struct vg_buffer *out)
{
    mp_write_array(out, OUTCOME_FIELDS);
    mp_write_uint(out, (uint64_t)outcome->error.code);
    write_members(outcome_members, COUNT(outcome_members), outcome, out);
    mp_write_bytes(out, vg_span_of(request_hash->bytes, sizeof request_hash->bytes));
    write_revisions(out, outcome->revisions, outcome->revision_count);
    if (outcome->error.code != VG_CONFLICT) {
        mp_write_nil(out);
        return;
    }
    mp_write_array(out, COUNT(conflict_members));
    write_members(conflict_members, COUNT(conflict_members), outcome, out);
}

void response_outcome_decode(vg_span bytes, vg_hash *request_hash, struct response_outcome *out)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, OUTCOME_FIELDS);
    out->error.code = vg_code_from_number((unsigned)read_number(&reader, VG_INTEGRITY));
    read_members(&reader, outcome_members, COUNT(outcome_members), out);
    mp_read_fixed(&reader, request_hash->bytes, sizeof request_hash->bytes);
    out->revision_count = read_revisions(&reader, out->revisions, RESPONSE_CHANGES_MAX);
    bool has_conflict = !mp_read_nil(&reader);
    if (has_conflict != (out->error.code == VG_CONFLICT))
        mp_fail(&reader, "a conflict, or none, against the code");
    if (has_conflict) {
        mp_read_tuple(&reader, COUNT(conflict_members));
        read_members(&reader, conflict_members, COUNT(conflict_members), out);
        mp_end_array(&reader);
    }
    finish(&reader);
}
