/* SPDX-License-Identifier: Apache-2.0
 * What takes two people: one proposes, another approves, and what was proposed is done. */
#include "tests/lib/model_internal.h"

enum { EXPIRY_MIN_MS = 5 * 60 * 1000, EXPIRY_MAX_MS = 7 * 24 * 3600 * 1000 };

/* Those who may sign something: among incidents, in the directory, in control entries. */
enum {
    SIGNING_ROLES = RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_EXECUTIVE,
    DRILLING_ROLES = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_INCIDENT_MANAGER,
    KEYING_ROLES = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_KEY_OFFICER,
};

/* In the order of the roles, in which the first that fits is looked for. */
static const uint32_t signing_order[] = {RESPONSE_ROLE_INCIDENT_MANAGER, RESPONSE_ROLE_EXECUTIVE,
                                         RESPONSE_ROLE_LEGAL, RESPONSE_ROLE_KEY_OFFICER,
                                         RESPONSE_ROLE_OPERATOR};

static uint32_t roles_of_author(const struct model_call *call)
{
    return model_roles_of(call->model, &call->order->author, &call->home->id);
}

/* The role the author signs as, of those that are missing: the one named, or the first. */
static uint32_t signs_as(const struct model_call *call, uint32_t missing, uint32_t named)
{
    uint32_t may = missing & roles_of_author(call);
    if (named != 0)
        return may & named;
    for (size_t i = 0; i < sizeof signing_order / sizeof signing_order[0]; i++) {
        if ((may & signing_order[i]) != 0)
            return signing_order[i];
    }
    return 0;
}

static const struct model_operation *decode(struct model_call *call, vg_span command)
{
    struct vg_error error;
    if (response_command_decode(command, &call->proposed, &error) != VG_OK)
        return NULL;
    return call->model->operations[call->proposed.op];
}

/* The proposed command as one of its own. */
static struct model_call inner_call(const struct model_call *call)
{
    return (struct model_call){.model = call->model,
                               .order = call->order,
                               .command = &call->proposed,
                               .operation = call->model->operations[call->proposed.op],
                               .home = call->home,
                               .expectations = call->expectations,
                               .expectation_count = call->expectation_count};
}

/* ---- propose -----------------------------------------------------------------------------------
 */

static bool expires_in_time(const struct model_call *call)
{
    uint64_t expires_at = call->command->propose.expires_at;
    return expires_at >= call->order->time_ms + EXPIRY_MIN_MS &&
           expires_at <= call->order->time_ms + EXPIRY_MAX_MS;
}

static uint32_t proposer_role(const struct model_call *call)
{
    uint32_t asked = call->model->operations[call->proposed.op]->signers;
    return signs_as(call, asked, call->command->propose.role);
}

static bool proposer_signs(const struct model_call *call)
{
    return proposer_role(call) != 0;
}

static const struct model_guard propose_rules[] = {
    {expires_in_time, VG_INVALID, ""},
    {proposer_signs, VG_FORBIDDEN, ""},
    {NULL, VG_OK, ""},
};

/* What is proposed is the last that is looked at, and finds the incident. */
static struct model_refusal propose_names(struct model_call *call)
{
    call->answer = call->order->request;
    if (model_part_of(call->home, NULL, &call->answer, MODEL_PROPOSAL) != NULL)
        return model_refuses(VG_EXISTS);
    const struct model_operation *operation = decode(call, call->command->propose.command);
    if (operation == NULL || operation->signers == 0 || operation->place != model_place_of(call))
        return model_refuses(VG_INVALID);
    struct model_refusal refusal = model_holds(call, propose_rules);
    struct model_call inner = inner_call(call);
    if (refusal.code == VG_OK)
        refusal = model_judge_case(&inner);
    call->incident = inner.incident;
    return refusal.code == VG_OK ? model_has_room(call) : refusal;
}

static vg_hash hash_of(const struct model_call *call, vg_span command)
{
    const struct ledger_command proposed = {.compartment = call->home->id, .body = command};
    return ledger_request_hash(&proposed);
}

static void propose(struct model_call *call)
{
    vg_span command = call->command->propose.command;
    if (call->incident == NULL && call->home->loose.count == LOOSE_PROPOSALS_MAX)
        model_drop_least(call->home);
    uint8_t *copy = vg_alloc(command.size);
    memcpy(copy, command.data, command.size);
    struct model_thing *made =
        model_part_add(call->home, call->incident, &call->order->request, MODEL_PROPOSAL);
    made->state = RESPONSE_PROPOSAL_OPEN;
    made->proposal = vg_alloc_zero(1, sizeof *made->proposal);
    made->proposal->command = vg_span_of(copy, command.size);
    made->proposal->hash = hash_of(call, command);
    made->proposal->expires_at = call->command->propose.expires_at;
    made->proposal->signers[0].person = call->order->author;
    made->proposal->signers[0].role = proposer_role(call);
    made->proposal->signers[0].signed_at = call->order->time_ms;
    made->proposal->signer_count = 1;
    for (uint16_t i = 0; i < call->expectation_count; i++)
        made->proposal->expectations[i] = call->expectations[i];
    made->proposal->expectation_count = call->expectation_count;
    if (call->incident != NULL)
        call->incident->facts.proposals++;
}

/* ---- approve, reject ---------------------------------------------------------------------------
 */

static struct model_refusal find_proposal(struct model_call *call, const vg_id *id)
{
    call->thing = model_part_of(call->home, NULL, id, MODEL_PROPOSAL);
    if (call->thing == NULL)
        return model_refuses(VG_NOT_FOUND);
    call->incident = call->thing->incident;
    call->answer = *id;
    decode(call, call->thing->proposal->command);
    return model_accepts();
}

static bool is_undecided(const struct model_call *call)
{
    return call->thing->state == RESPONSE_PROPOSAL_OPEN;
}

static bool is_not_expired(const struct model_call *call)
{
    return call->order->time_ms <= call->thing->proposal->expires_at;
}

static bool signs_what_was_proposed(const struct model_call *call)
{
    return vg_hash_equal(&call->command->approve.hash, &call->thing->proposal->hash);
}

static bool signs_once(const struct model_call *call)
{
    const struct model_proposal *proposal = call->thing->proposal;
    for (uint32_t i = 0; i < proposal->signer_count; i++) {
        if (vg_id_equal(&proposal->signers[i].person, &call->order->author))
            return false;
    }
    return true;
}

static uint32_t missing(const struct model_call *call)
{
    const struct model_operation *operation = call->model->operations[call->proposed.op];
    uint32_t roles = operation->signers;
    if (operation->any_two)
        return call->thing->proposal->signer_count < SIGNERS_MAX ? roles : 0;
    for (uint32_t i = 0; i < call->thing->proposal->signer_count; i++)
        roles &= ~call->thing->proposal->signers[i].role;
    return roles;
}

static uint32_t approver_role(const struct model_call *call)
{
    return signs_as(call, missing(call), call->command->approve.role);
}

static bool approver_signs(const struct model_call *call)
{
    return approver_role(call) != 0;
}

static const struct model_guard approve_rules[] = {
    {is_undecided, VG_EXISTS, ""},
    {is_not_expired, VG_EXPIRED, ""},
    {signs_what_was_proposed, VG_INTEGRITY, ""},
    {signs_once, VG_RULE, "R12"},
    {approver_signs, VG_FORBIDDEN, ""},
    {NULL, VG_OK, ""},
};

static bool is_last(const struct model_call *call)
{
    const struct model_operation *operation = call->model->operations[call->proposed.op];
    return operation->any_two || missing(call) == approver_role(call);
}

/* As of what the proposer had seen. */
static struct model_call carried_call(const struct model_call *call)
{
    const struct model_proposal *proposal = call->thing->proposal;
    struct model_call inner = inner_call(call);
    inner.carries = call->thing;
    inner.expectations = proposal->expectations;
    inner.expectation_count = proposal->expectation_count;
    return inner;
}

static struct model_refusal may_be_carried(struct model_call *call)
{
    const struct model_proposal *proposal = call->thing->proposal;
    if (!is_last(call))
        return model_accepts();
    for (uint32_t i = 0; i < proposal->signer_count; i++) {
        const vg_id *signer = &proposal->signers[i].person;
        uint32_t roles = model_roles_of(call->model, signer, &call->home->id);
        bool by_old_key =
            proposal->signers[i].signed_at <= model_person_of(call->model, signer)->keyed_at;
        if ((roles & proposal->signers[i].role) == 0 || by_old_key)
            return model_refuses(VG_FORBIDDEN);
    }
    struct model_call inner = carried_call(call);
    return model_judge_case(&inner);
}

/* Nobody's words are in control entries, which are in clear. */
static struct model_refusal may_say(const struct model_call *call, vg_span reason)
{
    bool says = !vg_span_equal(reason, vg_span_text("-"));
    return says && model_place_of(call) == IN_CONTROL ? model_refuses(VG_INVALID) : model_accepts();
}

/* All of it before conflicts: who has missed that it is over is told that. */
static struct model_refusal approve_names(struct model_call *call)
{
    struct model_refusal refusal = may_say(call, call->command->approve.reason);
    if (refusal.code == VG_OK)
        refusal = find_proposal(call, &call->command->approve.proposal);
    if (refusal.code == VG_OK)
        refusal = model_holds(call, approve_rules);
    return refusal.code == VG_OK ? may_be_carried(call) : refusal;
}

static void approve(struct model_call *call)
{
    struct model_proposal *proposal = call->thing->proposal;
    bool last = is_last(call);
    uint32_t role = approver_role(call);
    proposal->signers[proposal->signer_count].person = call->order->author;
    proposal->signers[proposal->signer_count].signed_at = call->order->time_ms;
    proposal->signers[proposal->signer_count++].role = role;
    model_change_part(call->thing);
    if (!last)
        return;
    call->thing->state = RESPONSE_PROPOSAL_CARRIED;
    struct model_call inner = carried_call(call);
    inner.incident = call->incident;
    inner.operation->effect(&inner);
}

/* In any of the roles that sign it, missing or not. */
static bool could_sign(const struct model_call *call)
{
    return (call->model->operations[call->proposed.op]->signers & roles_of_author(call)) != 0;
}

static const struct model_guard reject_rules[] = {
    {is_undecided, VG_EXISTS, ""},
    {is_not_expired, VG_EXPIRED, ""},
    {could_sign, VG_FORBIDDEN, ""},
    {NULL, VG_OK, ""},
};

static struct model_refusal reject_names(struct model_call *call)
{
    struct model_refusal refusal = may_say(call, call->command->reject.reason);
    if (refusal.code == VG_OK)
        refusal = find_proposal(call, &call->command->reject.proposal);
    return refusal.code == VG_OK ? model_holds(call, reject_rules) : refusal;
}

static void reject(struct model_call *call)
{
    call->thing->state = RESPONSE_PROPOSAL_REJECTED;
    model_change_part(call->thing);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

uint32_t model_loose_count(const struct model *model, const vg_id *compartment)
{
    return model_compartment_of(model, compartment)->loose.count;
}

vg_id model_loose_at(const struct model *model, const vg_id *compartment, uint32_t place)
{
    const struct model_thing *proposal =
        model_compartment_of(model, compartment)->loose.items[place];
    return proposal->key.id;
}

bool model_proposed(const struct model *model, const vg_id *compartment, const vg_id *proposal,
                    vg_hash *out)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    const struct model_thing *found =
        home != NULL ? model_part_of(home, NULL, proposal, MODEL_PROPOSAL) : NULL;
    if (found != NULL)
        *out = found->proposal->hash;
    return found != NULL;
}

const struct model_operation model_proposal_operations[] = {
    {.op = RESPONSE_OP_PROPOSE,
     .place = AMONG_INCIDENTS,
     .roles = SIGNING_ROLES,
     .directory_roles = DRILLING_ROLES,
     .control_roles = KEYING_ROLES,
     .makes = MODEL_PROPOSAL,
     .bound = PROPOSALS_MAX,
     .names = propose_names,
     .effect = propose},
    {.op = RESPONSE_OP_APPROVE,
     .place = AMONG_INCIDENTS,
     .roles = SIGNING_ROLES,
     .directory_roles = DRILLING_ROLES,
     .control_roles = KEYING_ROLES,
     .when_closed = ALSO_WHEN_CLOSED,
     .names = approve_names,
     .effect = approve},
    {.op = RESPONSE_OP_REJECT,
     .place = AMONG_INCIDENTS,
     .roles = SIGNING_ROLES,
     .directory_roles = DRILLING_ROLES,
     .control_roles = KEYING_ROLES,
     .when_closed = ALSO_WHEN_CLOSED,
     .names = reject_names,
     .effect = reject},
    {.op = (enum response_op)0},
};
