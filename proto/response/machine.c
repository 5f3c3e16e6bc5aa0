/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/machine.h"

#include <assert.h>

#include "common/bytes.h"
#include "common/text.h"
#include "proto/response/call.h"
#include "proto/response/epochs.h"
#include "proto/response/shred.h"

enum {
    RUNNERS = RESPONSE_RUNNERS,
    MANAGERS = RESPONSE_ROLE_INCIDENT_MANAGER | RESPONSE_ROLE_EXECUTIVE,
    STAFF = RESPONSE_STAFF,
    SERVICE = RUNNERS | RESPONSE_ROLE_SERVICE_TEAM,
    SIGNERS = RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_EXECUTIVE,
    OPERATOR = RESPONSE_ROLE_OPERATOR,
    DRILLERS = OPERATOR | RESPONSE_ROLE_INCIDENT_MANAGER,
    REKEYERS = OPERATOR | RESPONSE_ROLE_KEY_OFFICER,
    ANYWHERE = RESPONSE_ON_RECORD | RESPONSE_WHEN_CLOSED,
};

#define DIRECTORY(op, name)                                                                        \
    {                                                                                              \
        RESPONSE_OP_##op, RESPONSE_IN_DIRECTORY, OPERATOR, 0, 0, 0, RESPONSE_EXPECTLESS,           \
            response_judge_##name, response_effect_##name                                          \
    }
#define CONTROL(op, name)                                                                          \
    {                                                                                              \
        RESPONSE_OP_##op, RESPONSE_IN_CONTROL, OPERATOR, 0, 0, 0, RESPONSE_EXPECTLESS,             \
            response_judge_##name, response_effect_##name                                          \
    }

/* A new epoch of a compartment; who may change what in it is a table of clearance.c. */
#define CLEARING(op)                                                                               \
    {                                                                                              \
        RESPONSE_OP_##op, RESPONSE_IN_CONTROL, RESPONSE_ROLE_KEY_OFFICER, 0, 0, 0,                 \
            RESPONSE_EXPECTLESS, response_judge_clearing, response_effect_clearing                 \
    }
/* What cannot be undone, or needs no node's consent: any two key officers. */
#define BY_KEY_OFFICERS(op, name)                                                                  \
    {                                                                                              \
        RESPONSE_OP_##op, RESPONSE_IN_CONTROL, RESPONSE_ROLE_KEY_OFFICER, 0, 0, 0,                 \
            RESPONSE_EXPECTLESS | RESPONSE_BY_TWO | RESPONSE_BY_ANY_TWO, response_judge_##name,    \
            response_effect_##name                                                                 \
    }
#define AMONG(op, name, roles, glass, flags)                                                       \
    {                                                                                              \
        RESPONSE_OP_##op, RESPONSE_AMONG_INCIDENTS, roles, glass, 0, 0, flags,                     \
            response_judge_##name, response_effect_##name                                          \
    }

/* Sets aspects of the incident, and writes nothing beside it. */
#define SETS(op, name, roles, glass, flags)                                                        \
    {                                                                                              \
        RESPONSE_OP_##op, RESPONSE_AMONG_INCIDENTS, roles, glass, 0, 0, flags,                     \
            response_judge_##name, NULL                                                            \
    }

/* What is proposed among incidents, in the directory or in control entries, and signed by those it
 * is for there. */
#define SIGNED(op, name)                                                                           \
    {                                                                                              \
        RESPONSE_OP_##op, RESPONSE_AMONG_INCIDENTS, SIGNERS, 0, DRILLERS, REKEYERS, ANYWHERE,      \
            response_judge_##name, response_effect_##name                                          \
    }

/* What each operation needs and does (docs/process.md, "Operations"). A new one is a row here and a
 * layout in fields.c. */
static const struct response_rule rules[] = {
    CONTROL(ENROLL, enroll),
    CONTROL(EXPEL, expel),
    CONTROL(EVICT, evict),
    {RESPONSE_OP_REKEY, RESPONSE_IN_CONTROL, REKEYERS, 0, 0, 0,
     RESPONSE_EXPECTLESS | RESPONSE_BY_TWO | RESPONSE_BY_ANY_TWO, response_judge_rekey,
     response_effect_rekey},
    CLEARING(ROTATE),
    CLEARING(CREATE),
    CLEARING(CLEAR),
    CLEARING(REVOKE),
    {RESPONSE_OP_DESTROYED, RESPONSE_IN_CONTROL, 0, 0, 0, 0, RESPONSE_EXPECTLESS | RESPONSE_BY_NODE,
     response_judge_destroyed, response_effect_destroyed},
    BY_KEY_OFFICERS(SHRED, shred),
    BY_KEY_OFFICERS(RECOVER, clearing),
    BY_KEY_OFFICERS(RECOVERY_GONE, recovery_gone),
    {RESPONSE_OP_OVERRIDE, RESPONSE_IN_DIRECTORY, RESPONSE_ROLE_KEY_OFFICER, 0, 0, 0,
     RESPONSE_EXPECTLESS, response_judge_override, response_effect_override},
    {RESPONSE_OP_TENANT, RESPONSE_IN_DIRECTORY, OPERATOR | RESPONSE_ROLE_KEY_OFFICER, 0, 0, 0,
     RESPONSE_EXPECTLESS, response_judge_tenant, response_effect_tenant},
    DIRECTORY(PERSON, person),
    {RESPONSE_OP_LABEL, RESPONSE_IN_DIRECTORY, OPERATOR | RESPONSE_ROLE_KEY_OFFICER, 0, 0, 0,
     RESPONSE_EXPECTLESS, response_judge_label, response_effect_label},
    DIRECTORY(GRANT, grant),
    DIRECTORY(ROSTER, roster),
    DIRECTORY(PROCEDURE, procedure),
    {RESPONSE_OP_DRILL, RESPONSE_IN_DIRECTORY, DRILLERS, 0, 0, 0,
     RESPONSE_EXPECTLESS | RESPONSE_BY_TWO, response_judge_drill, response_effect_drill},
    DIRECTORY(DRILL_START, drill_start),
    DIRECTORY(DRILL_PROBE, drill_probe),
    DIRECTORY(DRILL_END, drill_end),
    AMONG(DETECT, detect, STAFF | RESPONSE_ROLE_REPORTER, 0, RESPONSE_EXPECTLESS | ANYWHERE),
    AMONG(COUNT, count, 0, 0, RESPONSE_EXPECTLESS | ANYWHERE | RESPONSE_BY_NODE),
    AMONG(CHECKPOINT, checkpoint, 0, 0, RESPONSE_EXPECTLESS | ANYWHERE | RESPONSE_BY_NODE),
    AMONG(CASE, case, 0, 0, RESPONSE_EXPECTLESS | ANYWHERE | RESPONSE_BY_NODE),
    AMONG(ACKNOWLEDGE, acknowledge, 0, 0, RESPONSE_EXPECTLESS | ANYWHERE | RESPONSE_BY_NODE),
    AMONG(IMPORT, import, RUNNERS, 0, RESPONSE_EXPECTLESS | ANYWHERE),
    SETS(NOTE, note, STAFF, 0, ANYWHERE),
    AMONG(STAGE, stage, RUNNERS, 0, RESPONSE_WHEN_CLOSED),
    AMONG(ASSESS, assess, RUNNERS, 0, 0),
    SETS(SEVERITY, severity, RUNNERS, 0, 0),
    SETS(RISK, risk, RUNNERS | RESPONSE_ROLE_PRIVACY_OFFICER, 0, 0),
    SETS(RESPONSIBILITY, responsibility, RUNNERS, 0, 0),
    SETS(OWNER, owner, RUNNERS, 0, 0),
    SETS(CLASSIFY, classify, SERVICE | RESPONSE_ROLE_PRIVACY_OFFICER, 0, 0),
    AMONG(ANSWER, answer, SERVICE, 0, 0),
    AMONG(DECLARE, declare, RESPONSE_ROLE_INCIDENT_MANAGER, 0, RESPONSE_WHEN_CLOSED),
    AMONG(WITHDRAW, withdraw, SIGNERS, 0, RESPONSE_BY_TWO),
    AMONG(AFFECT, affect, RESPONSE_ROLE_INCIDENT_MANAGER, 0, 0),
    SETS(REFER, refer, RUNNERS, 0, 0),
    SETS(COLLABORATE, collaborate, RUNNERS | RESPONSE_ROLE_SUPPORT, 0, 0),
    SETS(PLAN, plan, SERVICE, 0, 0),
    SETS(ATTEST, attest, MANAGERS, 0, 0),
    AMONG(REOPEN, reopen, RUNNERS, 0, RESPONSE_WHEN_CLOSED),
    AMONG(LINK, link, STAFF, 0, ANYWHERE),
    AMONG(TASK, task, STAFF, 0, 0),
    AMONG(TASK_MOVE, task_move, STAFF, 0, RESPONSE_WHEN_CLOSED),
    AMONG(STEP, step, SERVICE, STAFF, 0),
    AMONG(STEP_MOVE, step_move, SERVICE, 0, RESPONSE_WHEN_CLOSED),
    AMONG(EVIDENCE, evidence, STAFF, 0, ANYWHERE),
    AMONG(CUSTODY, custody, STAFF, 0, ANYWHERE),
    SIGNED(PROPOSE, propose),
    SIGNED(APPROVE, approve),
    SIGNED(REJECT, reject),
};

const struct response_rule *response_rule_of(enum response_op op)
{
    size_t i = 0;
    while (i < sizeof rules / sizeof rules[0] && rules[i].op != op)
        i++;
    assert(i < sizeof rules / sizeof rules[0]);
    return &rules[i];
}

enum vg_code(response_refuse_with)(struct response_call *call, enum response_refusal refusal,
                                   const char *const *words)
{
    call->outcome->refusal = refusal;
    return response_refusal_say(refusal, words, &call->outcome->error);
}

enum vg_code(response_refuse)(struct response_call *call, enum response_refusal refusal)
{
    static const char *const none[] = {NULL};
    return response_refuse_with(call, refusal, none);
}

/* ---- one command -------------------------------------------------------------------------------
 */

static void call_begin(struct response_call *call, const struct response_machine *machine,
                       const struct ledger_command *request, struct response_outcome *outcome)
{
    call->machine = machine;
    call->request = request;
    call->outcome = outcome;
    *outcome = (struct response_outcome){
        .compartment = request->compartment,
        .author = request->author,
        .request = request->request,
        .index = call->index,
        .term = call->term,
        .time_ms = call->time_ms,
    };
}

static void call_end(struct response_call *call)
{
    vg_buffer_free(&call->text);
    vg_buffer_free(&call->proposed);
}

enum response_where response_where_is(const struct response_machine *machine,
                                      const vg_id *compartment)
{
    if (vg_id_is_zero(compartment))
        return RESPONSE_IN_CONTROL;
    return vg_id_equal(compartment, &machine->genesis->directory) ? RESPONSE_IN_DIRECTORY
                                                                  : RESPONSE_AMONG_INCIDENTS;
}

enum response_where response_where_of(const struct response_call *call)
{
    return response_where_is(call->machine, &call->request->compartment);
}

uint32_t response_roles_beside(const struct response_call *call, const struct response_rule *rule)
{
    switch (response_where_of(call)) {
    case RESPONSE_IN_CONTROL:
        return rule->control_roles;
    case RESPONSE_IN_DIRECTORY:
        return rule->directory_roles;
    default:
        return 0;
    }
}

enum vg_code response_require_place(struct response_call *call, enum response_op op)
{
    static const char *const places[] = {
        [RESPONSE_IN_CONTROL] = "in a control entry",
        [RESPONSE_IN_DIRECTORY] = "in the directory compartment",
        [RESPONSE_AMONG_INCIDENTS] = "in a compartment of incidents",
    };
    const struct response_rule *rule = response_rule_of(op);
    if (response_where_of(call) == rule->where || response_roles_beside(call, rule) != 0)
        return VG_OK;
    return RESPONSE_REFUSE(call, BELONGS_ELSEWHERE, response_op_name(op), places[rule->where]);
}

/* A person or a node, whichever the operation is for, and still here. */
static enum vg_code check_author(struct response_call *call)
{
    const vg_id *author = &call->request->author;
    const char *op = response_op_name(call->command.op);
    bool by_node = (call->rule->flags & RESPONSE_BY_NODE) != 0;
    struct response_person person;
    vg_node_id node;
    if (response_is_node_author(author, &node))
        return by_node ? response_require_node(call, node) : RESPONSE_REFUSE(call, FOR_PEOPLE, op);
    if (response_person_get(call->machine, author, &person) == VG_OK && person.expelled_at != 0) {
        char id[VG_ID_TEXT];
        char at[VG_TIME_TEXT];
        vg_id_format(author, id);
        vg_time_format(person.expelled_at, at);
        return RESPONSE_REFUSE(call, GONE, id, at);
    }
    return by_node ? RESPONSE_REFUSE(call, FOR_NODES, op) : VG_OK;
}

static enum vg_code check_signers(struct response_call *call)
{
    char roles[64];
    if ((call->rule->flags & RESPONSE_BY_TWO) == 0)
        return VG_OK;
    response_words(response_roles, call->rule->roles, "", roles, sizeof roles);
    return RESPONSE_REFUSE(call, NEEDS_TWO, response_op_name(call->command.op), roles);
}

/* Whether the author may give the command at all. */
static enum vg_code stand(struct response_call *call)
{
    if (response_require_place(call, call->command.op) != VG_OK || check_author(call) != VG_OK ||
        check_signers(call) != VG_OK)
        return call->outcome->error.code;
    return (call->rule->flags & RESPONSE_BY_NODE) != 0 ? VG_OK : response_require_role(call);
}

enum vg_code response_judge(struct response_call *call)
{
    bool among_incidents = response_where_of(call) == RESPONSE_AMONG_INCIDENTS;
    bool expectless = !among_incidents || (call->rule->flags & RESPONSE_EXPECTLESS) != 0;
    if (expectless && response_expect_nothing(call) != VG_OK)
        return call->outcome->error.code;
    if (call->rule->judge(call) != VG_OK)
        return call->outcome->error.code;
    if (!among_incidents)
        return VG_OK;
    if (response_check_conflicts(call) != VG_OK)
        return call->outcome->error.code;
    return response_check_guards(call);
}

void response_carry_out(struct response_call *call)
{
    if (call->rule->effect != NULL)
        call->rule->effect(call);
    if (call->change_count > 0)
        response_record_changes(call);
}

/* Decodes and judges an admitted command. False when there is nothing to do: it is refused, or was
 * done before under another request. */
static bool judge(struct response_call *call)
{
    if (response_require_concern(call) != VG_OK ||
        response_command_decode(call->request->body, &call->command, &call->outcome->error) !=
            VG_OK)
        return false;
    call->rule = response_rule_of(call->command.op);
    return stand(call) == VG_OK && response_judge(call) == VG_OK && !call->outcome->repeated;
}

void response_check(struct response_machine *machine, const struct ledger_command *command,
                    uint64_t time_ms, struct response_outcome *outcome)
{
    struct response_call call = {.time_ms = time_ms};
    call_begin(&call, machine, command, outcome);
    if (response_admit(&call))
        judge(&call);
    call_end(&call);
}

static void carry_out(struct response_call *call)
{
    if (!response_admit(call))
        return;
    bool accepted = judge(call);
    response_pairs_open(&call->writing->pairs, &call->machine->kv, &call->request->compartment);
    if (accepted)
        response_carry_out(call);
    response_remember(call);
    response_pairs_close(&call->writing->pairs);
    response_mark_after(call);
    call_end(call);
}

/* ---- cursor and counters -----------------------------------------------------------------------
 */

struct progress {
    uint64_t index;
    struct response_counters counters;
};

enum { PROGRESS_SIZE = 48 };

static struct progress progress_read(const struct response_machine *machine)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_CURSOR);
    struct progress progress = {0};
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return progress;
    struct vg_reader reader = vg_reader_of(value);
    progress.index = vg_read_u64(&reader);
    progress.counters.accepted = vg_read_u64(&reader);
    progress.counters.refused = vg_read_u64(&reader);
    progress.counters.repeated = vg_read_u64(&reader);
    progress.counters.voided = vg_read_u64(&reader);
    progress.counters.blind = vg_read_u64(&reader);
    assert(vg_reader_done(&reader));
    return progress;
}

static void progress_write(const struct response_machine *machine, const struct progress *progress)
{
    struct response_key key = response_key_of(NULL, RESPONSE_KIND_CURSOR);
    uint8_t bytes[PROGRESS_SIZE];
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, progress->index);
    vg_write_u64(&writer, progress->counters.accepted);
    vg_write_u64(&writer, progress->counters.refused);
    vg_write_u64(&writer, progress->counters.repeated);
    vg_write_u64(&writer, progress->counters.voided);
    vg_write_u64(&writer, progress->counters.blind);
    assert(!writer.failed && vg_writer_size(&writer) == sizeof bytes);
    machine->kv.put(machine->kv.context, response_key_span(&key), vg_span_of(bytes, sizeof bytes));
}

uint64_t response_cursor(const struct response_machine *machine)
{
    return progress_read(machine).index;
}

void response_counters_get(const struct response_machine *machine, struct response_counters *out)
{
    *out = progress_read(machine).counters;
}

static void count_outcome(struct response_counters *counters,
                          const struct response_outcome *outcome)
{
    if (outcome->repeated)
        counters->repeated++;
    else if (outcome->error.code == VG_OK)
        counters->accepted++;
    else
        counters->refused++;
}

/* ---- one entry ---------------------------------------------------------------------------------
 */

bool response_is_level(const struct response_machine *machine, const vg_id *compartment)
{
    return machine->level == NULL || vg_id_is_zero(compartment) ||
           vg_id_equal(compartment, &machine->genesis->directory) ||
           machine->level(machine->clearance, compartment);
}

/* Whether the signature is that of the key the author has as of this entry. */
static bool is_authentic(struct response_machine *machine, const struct response_opened *opened)
{
    vg_public_key key;
    if (opened->code != VG_OK || !response_key_find(machine, &opened->command.author, &key))
        return false;
    if (opened->checked && memcmp(key.bytes, opened->key.bytes, sizeof key.bytes) == 0)
        return opened->verified;
    return ledger_command_verify(opened->bytes, machine->signer, &key);
}

static enum response_applied apply_command(struct response_machine *machine,
                                           const struct ledger_view *entry,
                                           const struct response_opened *opened,
                                           struct response_outcome *outcome,
                                           struct response_counters *counters)
{
    const struct ledger_header *header = &entry->header;
    const struct ledger_envelope *envelope = &entry->envelope;
    if (response_shredded_at(machine, &envelope->compartment) > 0) {
        counters->voided++;
        return RESPONSE_APPLIED_SHREDDED;
    }
    if (envelope->epoch != response_epoch_in_force(machine, &envelope->compartment)) {
        counters->voided++;
        return RESPONSE_APPLIED_STALE;
    }
    if (!response_is_level(machine, &envelope->compartment)) {
        counters->blind++;
        return RESPONSE_APPLIED_BLIND;
    }
    assert(opened->code != VG_UNAVAILABLE);
    if (!is_authentic(machine, opened)) {
        counters->voided++;
        return RESPONSE_APPLIED_VOID;
    }
    struct response_writing writing = {.events = 0};
    struct response_call call = {.writing = &writing,
                                 .index = header->index,
                                 .entry = entry->hash,
                                 .term = header->term,
                                 .time_ms = header->time_ms,
                                 .origin = envelope->origin};
    call_begin(&call, machine, &opened->command, outcome);
    carry_out(&call);
    count_outcome(counters, outcome);
    return RESPONSE_APPLIED_OUTCOME;
}

/* A command whose type somebody has altered on its way: its bytes are counted, and nothing is done.
 */
static enum response_applied apply_altered(struct response_counters *counters)
{
    counters->voided++;
    return RESPONSE_APPLIED_VOID;
}

bool response_lacks_key(const struct response_machine *machine, const struct ledger_view *entry,
                        const struct response_opened *opened)
{
    const struct ledger_envelope *envelope = &entry->envelope;
    return response_has_command(envelope->type) && opened->code == VG_UNAVAILABLE &&
           response_is_level(machine, &envelope->compartment) &&
           response_shredded_at(machine, &envelope->compartment) == 0 &&
           envelope->epoch == response_epoch_in_force(machine, &envelope->compartment);
}

enum response_applied response_apply(struct response_machine *machine,
                                     const struct ledger_view *entry,
                                     const struct response_opened *opened,
                                     struct response_outcome *outcome)
{
    struct progress progress = progress_read(machine);
    enum response_applied applied = RESPONSE_APPLIED_OTHER;
    assert(entry->header.index == progress.index + 1);
    if (response_has_command(entry->envelope.type))
        applied = apply_command(machine, entry, opened, outcome, &progress.counters);
    else if (!ledger_is_bare(&entry->envelope))
        applied = apply_altered(&progress.counters);
    progress.index = entry->header.index;
    progress_write(machine, &progress);
    return applied;
}
