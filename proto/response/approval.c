/* SPDX-License-Identifier: Apache-2.0
 * What takes two people: a proposal and its approval are signed entries of their own over one hash,
 * that of compartment and proposed command (R12). With the last signature what was proposed is
 * judged anew and done. */
#include <assert.h>
#include <string.h>

#include "common/text.h"
#include "proto/response/parts.h"

enum { EXPIRY_MIN_MS = 5 * 60 * 1000, EXPIRY_MAX_MS = 7 * 24 * 3600 * 1000 };

static struct response_key proposal_key(const vg_id *compartment, const vg_id *id)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_PROPOSAL);
    response_key_id(&key, id);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

enum vg_code response_proposal_get(const struct response_machine *machine, const vg_id *compartment,
                                   const vg_id *id, struct response_proposal *out)
{
    struct response_key key = proposal_key(compartment, id);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return VG_NOT_FOUND;
    response_proposal_decode(value, out);
    out->id = *id;
    return VG_OK;
}

bool response_proposal_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *after, struct response_proposal *out)
{
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_PROPOSAL);
    struct response_key from = proposal_key(compartment, after);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    response_proposal_decode(value, out);
    out->id = response_key_last_id(key);
    return true;
}

bool response_proposed_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *incident, const vg_id *after,
                            struct response_proposal *out)
{
    vg_id id = *after;
    vg_span value;
    return response_part_after(machine, compartment, RESPONSE_SECTION_PROPOSED, incident, &id,
                               &value) &&
           response_proposal_get(machine, compartment, &id, out) == VG_OK;
}

uint32_t response_signing_roles(enum response_op op)
{
    const struct response_rule *rule = response_rule_of(op);
    return (rule->flags & RESPONSE_BY_TWO) != 0 ? rule->roles : 0;
}

uint32_t response_roles_missing(const struct response_proposal *proposal, enum response_op op)
{
    uint32_t roles = response_signing_roles(op);
    if ((response_rule_of(op)->flags & RESPONSE_BY_ANY_TWO) != 0)
        return proposal->signer_count < RESPONSE_SIGNERS_MAX ? roles : 0;
    for (uint32_t i = 0; i < proposal->signer_count; i++)
        roles &= ~proposal->signers[i].role;
    return roles;
}

/* ---- what is proposed --------------------------------------------------------------------------
 */

/* The proposed command as if its proposer gave it now. */
struct carried {
    struct ledger_command request;
    struct response_outcome outcome;
    struct response_call call;
};

static void carried_begin(struct carried *carried, const struct response_call *call,
                          const struct response_proposal *proposal, const vg_id *proposer)
{
    memset(carried, 0, sizeof *carried);
    carried->request = *call->request;
    carried->request.author = *proposer;
    carried->request.request = proposal->id;
    carried->request.body = proposal->command;
    carried->request.expectation_count = proposal->expectation_count;
    memcpy(carried->request.expectations, proposal->expectations, sizeof proposal->expectations);
    carried->call.machine = call->machine;
    carried->call.request = &carried->request;
    carried->call.index = call->index;
    carried->call.entry = call->entry;
    carried->call.term = call->term;
    carried->call.time_ms = call->time_ms;
    carried->call.origin = call->origin;
    carried->call.outcome = &carried->outcome;
    carried->call.writing = call->writing;
    carried->call.carries = proposal;
}

static enum vg_code carried_decode(struct carried *carried, struct response_call *call)
{
    if (response_command_decode(carried->request.body, &carried->call.command,
                                &call->outcome->error) != VG_OK)
        return call->outcome->error.code;
    carried->call.rule = response_rule_of(carried->call.command.op);
    if ((carried->call.rule->flags & RESPONSE_BY_TWO) == 0)
        return RESPONSE_REFUSE(call, NEEDS_NO_SECOND, response_op_name(carried->call.command.op));
    return response_require_place(call, carried->call.command.op);
}

/* What it is refused with is the answer to the call. */
static enum vg_code carried_judge(struct carried *carried, struct response_call *call)
{
    struct response_outcome *outcome = call->outcome;
    if (response_judge(&carried->call) == VG_OK)
        return VG_OK;
    outcome->error = carried->outcome.error;
    outcome->refusal = carried->outcome.refusal;
    outcome->conflict = carried->outcome.conflict;
    return outcome->error.code;
}

/* ---- signatures --------------------------------------------------------------------------------
 */

bool response_has_signed(const struct response_proposal *proposal, const vg_id *person)
{
    for (uint32_t i = 0; i < proposal->signer_count; i++) {
        if (vg_id_equal(&proposal->signers[i].person, person))
            return true;
    }
    return false;
}

/* Adds the author's signature in the role asked for, or the first that fits. */
static enum vg_code sign(struct response_call *call, struct response_proposal *proposal,
                         enum response_op op, uint32_t asked)
{
    uint32_t missing = response_roles_missing(proposal, op);
    uint32_t own =
        response_roles_of(call->machine, &call->request->author, &call->request->compartment);
    uint32_t fitting = missing & own & (asked != 0 ? asked : UINT32_MAX);
    char name[VG_NAME_MAX + 1];
    char words[64];
    if (fitting == 0) {
        response_person_words(call->machine, &call->request->author, name);
        response_words(response_roles, missing, "nobody", words, sizeof words);
        return RESPONSE_REFUSE(call, SIGNS_AS_NOTHING, words, name);
    }
    assert(proposal->signer_count < RESPONSE_SIGNERS_MAX);
    proposal->signers[proposal->signer_count].person = call->request->author;
    proposal->signers[proposal->signer_count].role = fitting & (~fitting + 1);
    proposal->signers[proposal->signer_count].signed_at = call->time_ms;
    proposal->signer_count++;
    return VG_OK;
}

/* A signer still has the role signed in, and the key signed with: both hold in log order. */
static enum vg_code check_signer(struct response_call *call, const struct response_signer *signer)
{
    struct response_person person;
    char name[VG_NAME_MAX + 1];
    char at[VG_TIME_TEXT];
    uint32_t roles = response_roles_of(call->machine, &signer->person, &call->request->compartment);
    enum vg_code found = response_person_get(call->machine, &signer->person, &person);
    assert(found == VG_OK);
    response_person_words(call->machine, &signer->person, name);
    if ((roles & signer->role) == 0)
        return RESPONSE_REFUSE(call, SIGNER_WITHOUT_ROLE, name,
                               response_word(response_roles, signer->role));
    if (signer->signed_at > person.keyed_at)
        return VG_OK;
    vg_time_format(person.keyed_at, at);
    return RESPONSE_REFUSE(call, SIGNED_WITH_OLD_KEY, name, at);
}

/* All but the last, who is the author. */
static enum vg_code check_signers(struct response_call *call)
{
    const struct response_proposal *proposal = &call->part.proposal;
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; i + 1 < proposal->signer_count && code == VG_OK; i++)
        code = check_signer(call, &proposal->signers[i]);
    return code;
}

static void put_proposal(struct response_call *call, struct response_proposal *proposal)
{
    struct vg_buffer record = {0};
    struct response_key key = proposal_key(&call->request->compartment, &proposal->id);
    response_bump_part(call, &proposal->revision);
    response_proposal_encode(proposal, &record);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&record));
    vg_buffer_free(&record);
}

/* On the incident's timeline: "as legal: the harm was another tenant's". */
static void say_signature(struct response_call *call, uint8_t kind, const char *to, vg_span reason)
{
    const struct response_proposal *proposal = &call->part.proposal;
    if (vg_id_is_zero(&proposal->incident))
        return; /* no timeline tells of it; the log does */
    if (kind != RESPONSE_EVENT_REJECT) {
        response_append_text(&call->text, "as ");
        response_append_text(
            &call->text,
            response_word(response_roles, proposal->signers[proposal->signer_count - 1].role));
        response_append_text(&call->text, ": ");
    }
    vg_buffer_append(&call->text, reason.data, reason.size);
    struct response_change *change =
        response_change_part(call, kind, RESPONSE_ASPECT_PROPOSAL, &proposal->id, "", to);
    change->append = true;
    change->text = vg_buffer_span(&call->text);
}

/* ---- propose -----------------------------------------------------------------------------------
 */

static enum vg_code check_expiry(struct response_call *call)
{
    uint64_t expires = call->command.propose.expires_at;
    char now[VG_TIME_TEXT];
    char at[VG_TIME_TEXT];
    vg_time_format(call->time_ms, now);
    vg_time_format(expires, at);
    if (expires >= call->time_ms + EXPIRY_MIN_MS && expires <= call->time_ms + EXPIRY_MAX_MS)
        return VG_OK;
    return RESPONSE_REFUSE(call, EXPIRY, now, at);
}

static vg_hash proposed_hash(const struct response_call *call, vg_span command)
{
    struct ledger_command request = {.compartment = call->request->compartment, .body = command};
    return ledger_request_hash(&request);
}

/* What is proposed says why itself. */
static vg_span reason_of(const struct response_command *command)
{
    uint32_t count;
    const struct response_field *fields = response_fields((uint64_t)command->op, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, "reason") == 0)
            return *(const vg_span *)response_field_at(&fields[i], command);
    }
    return vg_span_text("");
}

enum vg_code response_judge_propose(struct response_call *call)
{
    struct response_proposal *proposal = &call->part.proposal;
    const struct ledger_command *request = call->request;
    struct carried carried;
    struct response_proposal known;
    *proposal = (struct response_proposal){
        .id = request->request,
        .command = call->command.propose.command,
        .hash = proposed_hash(call, call->command.propose.command),
        .state = RESPONSE_PROPOSAL_OPEN,
        .made_at = call->time_ms,
        .expires_at = call->command.propose.expires_at,
        .expectation_count = request->expectation_count,
    };
    memcpy(proposal->expectations, request->expectations, sizeof proposal->expectations);
    call->outcome->id = proposal->id;
    if (response_proposal_get(call->machine, &request->compartment, &proposal->id, &known) == VG_OK)
        return response_refuse(call, RESPONSE_REFUSED_ID_TAKEN);
    carried_begin(&carried, call, proposal, &request->author);
    enum vg_code code = carried_decode(&carried, call);
    if (code == VG_OK)
        code = check_expiry(call);
    if (code == VG_OK)
        code = sign(call, proposal, carried.call.command.op, call->command.propose.role);
    if (code == VG_OK)
        code = carried_judge(&carried, call);
    call->incident = call->next = carried.call.incident;
    proposal->incident = call->incident.id;
    if (code == VG_OK)
        code = response_require_room(call, call->incident.proposals, RESPONSE_PROPOSALS_MAX,
                                     "proposals");
    if (code == VG_OK) {
        call->next.proposals++;
        say_signature(call, RESPONSE_EVENT_PROPOSE, response_op_name(carried.call.command.op),
                      reason_of(&carried.call.command));
    }
    vg_buffer_free(&carried.call.text);
    return code;
}

void response_effect_propose(struct response_call *call)
{
    struct response_key key =
        response_part_key(&call->request->compartment, RESPONSE_SECTION_PROPOSED, &call->next.id,
                          &call->part.proposal.id);
    bool of_incident = !vg_id_is_zero(&call->next.id);
    if (!of_incident)
        response_keep_latest(call, RESPONSE_KIND_PROPOSAL, RESPONSE_PROPOSALS_MAX, NULL);
    put_proposal(call, &call->part.proposal);
    if (of_incident)
        response_pairs_put(&call->writing->pairs, &key, vg_span_text("proposed"));
}

/* ---- approve, reject ---------------------------------------------------------------------------
 */

static const struct response_word proposal_ends[] = {
    {RESPONSE_PROPOSAL_CARRIED, "carried"}, {RESPONSE_PROPOSAL_REJECTED, "rejected"}, {0, NULL}};

/* The proposal, open and in time, and its incident. */
static enum vg_code find_open(struct response_call *call, const vg_id *id)
{
    struct response_proposal *proposal = &call->part.proposal;
    char text[VG_ID_TEXT];
    char at[VG_TIME_TEXT];
    vg_id_format(id, text);
    if (response_proposal_get(call->machine, &call->request->compartment, id, proposal) != VG_OK)
        return RESPONSE_REFUSE(call, NO_PROPOSAL, text);
    vg_time_format(proposal->ended_at, at);
    if (proposal->state != RESPONSE_PROPOSAL_OPEN)
        return RESPONSE_REFUSE(call, PROPOSAL_ENDED, response_word(proposal_ends, proposal->state),
                               at);
    vg_time_format(proposal->expires_at, at);
    if (call->time_ms > proposal->expires_at)
        return RESPONSE_REFUSE(call, PROPOSAL_EXPIRED, at);
    bool of_incident = !vg_id_is_zero(&proposal->incident);
    if (of_incident && response_find_incident(call, &proposal->incident) != VG_OK)
        return call->outcome->error.code;
    call->outcome->id = *id;
    return VG_OK;
}

static void end_proposal(struct response_call *call, enum response_proposal_state state)
{
    call->part.proposal.state = (uint8_t)state;
    call->part.proposal.ended_at = call->time_ms;
}

/* With the last signature: what was proposed, judged as of now and of the proposer's expectations.
 */
static enum vg_code judge_carried(struct response_call *call)
{
    struct response_proposal *proposal = &call->part.proposal;
    struct carried carried;
    vg_buffer_append(&call->proposed, proposal->command.data, proposal->command.size);
    proposal->command = vg_buffer_span(&call->proposed);
    if (check_signers(call) != VG_OK)
        return call->outcome->error.code;
    carried_begin(&carried, call, proposal, &proposal->signers[0].person);
    enum vg_code code = carried_decode(&carried, call);
    assert(code == VG_OK); /* it did when it was proposed */
    code = carried_judge(&carried, call);
    vg_buffer_free(&carried.call.text);
    return code;
}

static enum response_op proposed_op(const struct response_proposal *proposal)
{
    struct response_command command;
    enum vg_code decoded = response_command_decode(proposal->command, &command, NULL);
    assert(decoded == VG_OK);
    return command.op;
}

/* Control entries are in clear on every node, and nobody's words are. */
static enum vg_code check_reason(struct response_call *call, vg_span reason)
{
    bool in_clear = response_where_of(call) == RESPONSE_IN_CONTROL;
    if (!in_clear || vg_span_equal(reason, vg_span_text(RESPONSE_NO_REASON)))
        return VG_OK;
    return response_refuse(call, RESPONSE_REFUSED_REASON_IN_CLEAR);
}

enum vg_code response_judge_approve(struct response_call *call)
{
    struct response_proposal *proposal = &call->part.proposal;
    if (check_reason(call, call->command.approve.reason) != VG_OK ||
        find_open(call, &call->command.approve.proposal) != VG_OK)
        return call->outcome->error.code;
    if (!vg_hash_equal(&proposal->hash, &call->command.approve.hash))
        return response_refuse(call, RESPONSE_REFUSED_OTHER_TEXT);
    if (response_has_signed(proposal, &call->request->author))
        return response_refuse(call, RESPONSE_REFUSED_SIGNED_ALREADY);
    enum response_op op = proposed_op(proposal);
    if (sign(call, proposal, op, call->command.approve.role) != VG_OK)
        return call->outcome->error.code;
    bool last = response_roles_missing(proposal, op) == 0;
    if (last && judge_carried(call) != VG_OK)
        return call->outcome->error.code;
    if (last)
        end_proposal(call, RESPONSE_PROPOSAL_CARRIED);
    say_signature(call, RESPONSE_EVENT_APPROVE, last ? "carried" : "approved",
                  call->command.approve.reason);
    return VG_OK;
}

/* Does what was proposed. */
static void carry(struct response_call *call)
{
    const struct response_proposal *proposal = &call->part.proposal;
    struct response_outcome *outcome = call->outcome;
    struct carried carried;
    carried_begin(&carried, call, proposal, &proposal->signers[0].person);
    enum vg_code code = carried_decode(&carried, call);
    if (code == VG_OK)
        code = carried_judge(&carried, call);
    assert(code == VG_OK); /* it was judged a moment ago */
    response_carry_out(&carried.call);
    vg_buffer_free(&carried.call.text);
    outcome->keyed = carried.outcome.keyed;
    for (uint32_t i = 0; i < carried.outcome.revision_count; i++)
        outcome->revisions[outcome->revision_count++] = carried.outcome.revisions[i];
}

void response_effect_approve(struct response_call *call)
{
    put_proposal(call, &call->part.proposal);
    if (call->change_count > 0)
        response_record_changes(call);
    if (call->part.proposal.state == RESPONSE_PROPOSAL_CARRIED)
        carry(call);
}

/* Who could not sign it does not end it either. */
static enum vg_code require_signing_role(struct response_call *call)
{
    enum response_op op = proposed_op(&call->part.proposal);
    uint32_t roles = response_signing_roles(op);
    uint32_t own =
        response_roles_of(call->machine, &call->request->author, &call->request->compartment);
    char name[VG_NAME_MAX + 1];
    char words[64];
    if ((roles & own) != 0)
        return VG_OK;
    response_person_words(call->machine, &call->request->author, name);
    response_words(response_roles, roles, "nobody", words, sizeof words);
    return RESPONSE_REFUSE(call, REJECTS_AS_NOTHING, response_op_name(op), words, name);
}

enum vg_code response_judge_reject(struct response_call *call)
{
    if (check_reason(call, call->command.reject.reason) != VG_OK ||
        find_open(call, &call->command.reject.proposal) != VG_OK ||
        require_signing_role(call) != VG_OK)
        return call->outcome->error.code;
    end_proposal(call, RESPONSE_PROPOSAL_REJECTED);
    say_signature(call, RESPONSE_EVENT_REJECT, "rejected", call->command.reject.reason);
    return VG_OK;
}

void response_effect_reject(struct response_call *call)
{
    put_proposal(call, &call->part.proposal);
}
