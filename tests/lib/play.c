/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/play.h"

#include <assert.h>
#include <stdio.h>

#include "proto/response/directory.h"
#include "proto/response/epochs.h"
#include "proto/response/keys.h"
#include "tests/lib/example.h"
#include "tests/lib/sealing.h"

/* Who gives a command where not every responder may. */
static enum desk_person person_for(enum response_op op)
{
    switch (op) {
    case RESPONSE_OP_DECLARE:
    case RESPONSE_OP_AFFECT:
    case RESPONSE_OP_ATTEST:
        return DESK_MANAGER;
    case RESPONSE_OP_ENROLL:
    case RESPONSE_OP_EXPEL:
    case RESPONSE_OP_EVICT:
    case RESPONSE_OP_REKEY:
    case RESPONSE_OP_PERSON:
    case RESPONSE_OP_LABEL:
    case RESPONSE_OP_GRANT:
    case RESPONSE_OP_ROSTER:
    case RESPONSE_OP_PROCEDURE:
    case RESPONSE_OP_DRILL:
    case RESPONSE_OP_DRILL_START:
    case RESPONSE_OP_DRILL_PROBE:
    case RESPONSE_OP_DRILL_END:
    case RESPONSE_OP_TENANT:
        return DESK_OPERATOR;
    case RESPONSE_OP_ROTATE:
    case RESPONSE_OP_CREATE:
    case RESPONSE_OP_CLEAR:
    case RESPONSE_OP_REVOKE:
    case RESPONSE_OP_SHRED:
    case RESPONSE_OP_RECOVER:
    case RESPONSE_OP_RECOVERY_GONE:
    case RESPONSE_OP_OVERRIDE:
        return DESK_PRIVACY;
    case RESPONSE_OP_COUNT:
    case RESPONSE_OP_CHECKPOINT:
    case RESPONSE_OP_DESTROYED:
    case RESPONSE_OP_CASE:
    case RESPONSE_OP_ACKNOWLEDGE:
        return DESK_NODE;
    default:
        return DESK_ANN;
    }
}

static void set_id(const struct play *play, const struct response_field *field,
                   struct response_command *command)
{
    const vg_id *id = &play->part;
    if (field->of == RESPONSE_OF_INCIDENT)
        id = &play->incident;
    if (field->of == RESPONSE_OF_EVIDENCE)
        id = &play->evidence;
    if (field->of == RESPONSE_OF_COMPARTMENT)
        id = &play->desk->genesis.first;
    if (field->of == RESPONSE_OF_PERSON)
        id = &play->desk->genesis.people[DESK_ANN].id;
    memcpy((uint8_t *)command + field->at, id, sizeof *id);
}

static bool holds(const struct compartment_epoch *epoch, uint64_t node)
{
    return epoch != NULL && compartment_wrap_of(epoch, (vg_node_id){node}) != NULL;
}

/* The signatures of those in `next` who are not in the epoch in force; or of all of them. */
static vg_span offers_of(const struct play *play, const struct compartment_epoch *next, bool all)
{
    static uint8_t offers[RESPONSE_OFFERS_SIZE];
    const struct response_machine *machine = &play->desk->machine;
    struct response_epoch now = {.since = 0};
    size_t size = 0;
    response_epoch_get(machine, &next->compartment,
                       response_epoch_in_force(machine, &next->compartment), &now);
    for (uint32_t i = 0; i < next->wrap_count; i++) {
        uint64_t node = next->wraps[i].holder.value;
        const vg_id author = response_node_author(next->wraps[i].holder);
        struct response_person keys = {.first = false};
        if (node == COMPARTMENT_RECOVERY || (!all && holds(&now.record, node)))
            continue;
        response_author_get(machine, &author, &keys);
        vg_signature offer = sealing_offer(&next->compartment, node, &keys.keys.key);
        memcpy(offers + size, &offer, sizeof offer);
        size += sizeof offer;
    }
    return vg_span_of(offers, size);
}

struct desk_order play_clearing(const struct play *play, enum response_op op,
                                const vg_id *compartment, uint64_t epoch, unsigned holders)
{
    static uint8_t record[COMPARTMENT_EPOCH_MAX];
    struct compartment_epoch next = sealing_epoch_for(compartment, epoch, holders);
    struct desk_order order = {.person = person_for(op), .control = true, .command = {.op = op}};
    order.command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&next, record));
    order.command.clearing.min_cleared = 2;
    if (op == RESPONSE_OP_CREATE || op == RESPONSE_OP_CLEAR || op == RESPONSE_OP_RECOVER)
        order.command.clearing.offers = offers_of(play, &next, op == RESPONSE_OP_RECOVER);
    if (op == RESPONSE_OP_CREATE)
        order.request = *compartment;
    return order;
}

struct desk_order play_creating_with(const struct play *play, const vg_box_public *recovery)
{
    static uint8_t record[COMPARTMENT_EPOCH_MAX];
    vg_id fresh = desk_request(play->desk, play->desk->time_ms);
    struct desk_order order = play_clearing(play, RESPONSE_OP_CREATE, &fresh, 1, 0x7);
    struct compartment_epoch epoch = sealing_epoch_for(&fresh, 1, 0x7);
    assert(epoch.wraps[0].holder.value == COMPARTMENT_RECOVERY);
    epoch.wraps[0].unwrap = *recovery;
    order.command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&epoch, record));
    return order;
}

vg_id play_create(struct play *play, unsigned holders)
{
    vg_id compartment = desk_request(play->desk, play->desk->time_ms);
    return play_must(play, play_clearing(play, RESPONSE_OP_CREATE, &compartment, 1, holders));
}

/* The least new epoch: of the directory, where it may be; else of the play's part, which is one
 * that nodes 1 to 3 are cleared for. */
static struct desk_order least_clearing(const struct play *play, enum response_op op)
{
    vg_id fresh = desk_request(play->desk, play->desk->time_ms);
    const vg_id *directory = &play->desk->genesis.directory;
    switch (op) {
    case RESPONSE_OP_CREATE:
        return play_clearing(play, op, &fresh, 1, 0x7);
    case RESPONSE_OP_CLEAR:
        return play_clearing(play, op, directory, 2, 0xf);
    case RESPONSE_OP_REVOKE:
        return play_clearing(play, op, &play->part, 2, 0x7);
    default:
        return play_clearing(play, op, directory, 2, 0x7);
    }
}

/* Of the directory, which is another compartment too, and its first entry. */
static void bend_case(const struct play *play, struct response_fact *fact)
{
    fact->source = play->desk->genesis.directory;
    fact->incident = play->incident;
    fact->tenant = play->tenant;
    fact->index = 1;
    fact->class_ = RESPONSE_SECURITY_INCIDENT;
    fact->harm = RESPONSE_HARM_ACCESS;
}

struct desk_order play_order(const struct play *play, enum response_op op)
{
    struct desk_order order = {.person = person_for(op), .command = {.op = op}};
    uint32_t count;
    if ((op >= RESPONSE_OP_ROTATE && op <= RESPONSE_OP_REVOKE) || op == RESPONSE_OP_RECOVER)
        return least_clearing(play, op);
    const struct response_field *fields = response_fields(op, &count);
    for (uint32_t i = 0; i < count; i++) {
        bool cites = fields[i].type == RESPONSE_FIELD_IDS && fields[i].of == RESPONSE_OF_EVIDENCE;
        if (fields[i].type == RESPONSE_FIELD_ID && fields[i].min > 0)
            set_id(play, &fields[i], &order.command);
        else if (cites)
            *(struct response_ids *)((uint8_t *)&order.command + fields[i].at) =
                (struct response_ids){1, {play->evidence}};
        else if (fields[i].min > 0)
            example_field(&fields[i], &order.command);
    }
    order.control = op >= RESPONSE_OP_ENROLL;
    if (op <= RESPONSE_OP_TENANT)
        order.compartment = play->desk->genesis.directory;
    if (op == RESPONSE_OP_DECLARE) {
        order.command.declare.class_ = RESPONSE_SECURITY_INCIDENT;
        order.command.declare.harm = RESPONSE_HARM_ACCESS;
        order.command.declare.likelihood = RESPONSE_OCCURRED;
    }
    if (op == RESPONSE_OP_ENROLL) {
        order.command.enroll.person = desk_author(play->desk, DESK_NEWCOMER);
        order.command.enroll.keys = desk_keys(play->desk, DESK_NEWCOMER);
    }
    if (op == RESPONSE_OP_REKEY)
        order.command.rekey.keys = desk_new_keys(play->desk, DESK_ANN, 1);
    if (op == RESPONSE_OP_OVERRIDE)
        order.command.override_.compartment = play->desk->genesis.directory;
    if (op == RESPONSE_OP_DESTROYED)
        order.command.destroyed.compartment = play->desk->genesis.directory;
    if (op == RESPONSE_OP_AFFECT)
        order.command.affect.tenant = vg_span_text("acme");
    if (op == RESPONSE_OP_CASE)
        bend_case(play, &order.command.case_);
    if (op == RESPONSE_OP_ACKNOWLEDGE)
        order.command.acknowledge.tenant = play->tenant;
    if (op == RESPONSE_OP_COLLABORATE)
        order.command.collaborate.contract = vg_span_text("C-17");
    if (op == RESPONSE_OP_STEP)
        order.command.step.emergency = RESPONSE_NO;
    if (op == RESPONSE_OP_ASSESS)
        order.command.assess.product = vg_span_text("build-farm");
    if (op == RESPONSE_OP_CUSTODY)
        order.command.custody.action = RESPONSE_ACCESS;
    return order;
}

/* ---- sending -----------------------------------------------------------------------------------
 */

uint64_t play_revision(const struct play *play, uint16_t aspect)
{
    struct response_incident incident = play_incident(play);
    return response_revision_of(&incident, aspect);
}

static uint64_t revision_now(const struct play *play, uint16_t aspect, const vg_id *part)
{
    struct response_part found;
    if (vg_id_is_zero(part))
        return play_revision(play, aspect);
    bool known = response_part_get(&play->desk->machine, &play->desk->genesis.first,
                                   &play->incident, aspect, part, &found);
    return known ? found.revision.revision : 0;
}

static void expect_now(const struct play *play, struct desk_order *order)
{
    static const vg_id whole;
    uint32_t count;
    const struct response_field *fields = response_fields(order->command.op, &count);
    for (uint32_t i = 0; i < count; i++) {
        bool is_part = fields[i].of == RESPONSE_OF_TASK || fields[i].of == RESPONSE_OF_STEP;
        uint16_t aspect = fields[i].aspect;
        if (aspect == 0 || !response_field_given(&fields[i], &order->command))
            continue;
        if (aspect == RESPONSE_ASPECT_OF_WORD)
            aspect = (uint16_t)response_field_number(&fields[i], &order->command);
        const vg_id *part = is_part ? response_field_at(&fields[i], &order->command) : &whole;
        order->expectations[order->expectation_count++] = (struct ledger_expectation){
            .aspect = aspect, .part = *part, .revision = revision_now(play, aspect, part)};
    }
}

static struct desk_order with_expectations(const struct play *play, struct desk_order order)
{
    if (order.expectation_count == 0 && order.body.data == NULL && !vg_id_is_zero(&play->incident))
        expect_now(play, &order);
    return order;
}

struct response_outcome play_send(struct play *play, struct desk_order order)
{
    order = with_expectations(play, order);
    return desk_send(play->desk, &order);
}

vg_id play_must(struct play *play, struct desk_order order)
{
    struct response_outcome outcome = play_send(play, order);
    if (outcome.error.code != VG_OK)
        fprintf(stderr, "%s: %s\n", response_op_name(order.command.op), outcome.error.text);
    assert(outcome.error.code == VG_OK);
    return outcome.id;
}

vg_id play_do(struct play *play, enum response_op op)
{
    return play_must(play, play_order(play, op));
}

void play_move(struct play *play, enum response_stage stage)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STAGE);
    order.command.stage.stage = (uint8_t)stage;
    play_must(play, order);
}

void play_attest_all(struct play *play)
{
    for (const struct response_word *word = response_attestations; word->text != NULL; word++) {
        struct desk_order order = play_order(play, RESPONSE_OP_ATTEST);
        order.command.attest.what = (uint8_t)word->number;
        play_must(play, order);
    }
}

void play_plan(struct play *play)
{
    play_do(play, RESPONSE_OP_PLAN);
}

void play_filter(struct play *play, const char *dedup_key)
{
    struct desk_order order = play_order(play, RESPONSE_OP_CLASSIFY);
    order.command.classify.class_ = RESPONSE_FALSE_POSITIVE;
    play_must(play, order);
    order = play_order(play, RESPONSE_OP_ANSWER);
    order.command.answer.kind = RESPONSE_ANSWER_FILTER;
    order.command.answer.match = vg_span_text(dedup_key);
    play_must(play, order);
    play_move(play, RESPONSE_CLOSE);
}

/* ---- beginnings --------------------------------------------------------------------------------
 */

static void assess(struct play *play)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ASSESS);
    order.command.assess.functional = RESPONSE_FUNCTIONAL_LOW;
    order.command.assess.recoverability = RESPONSE_REGULAR;
    order.command.assess.responsibility = RESPONSE_PROVIDER;
    play_must(play, order);
}

void play_begin(struct play *play, const char *dedup_key, enum response_stage stage)
{
    struct desk_order order = desk_detect("odd login", dedup_key);
    play->incident = desk_send(play->desk, &order).id;
    play->evidence = play_do(play, RESPONSE_OP_EVIDENCE);
    if (stage == RESPONSE_DETECT)
        return;
    play_move(play, RESPONSE_ASSESS);
    assess(play);
    if (stage == RESPONSE_CLOSE)
        play_move(play, RESPONSE_CLOSE);
    for (unsigned next = RESPONSE_DIAGNOSE; next <= stage && stage != RESPONSE_CLOSE; next++)
        play_move(play, (enum response_stage)next);
}

struct play play_new(enum response_stage stage)
{
    struct play play = {.desk = desk_new()};
    play.tenant = play_tenant(&play, "acme", &play.desk->genesis.first);
    play_begin(&play, "", stage);
    return play;
}

void play_free(struct play *play)
{
    vg_buffer_free(&play->proposed);
    desk_free(play->desk);
}

vg_id play_tenant(struct play *play, const char *name, const vg_id *compartment)
{
    struct desk_order order = play_order(play, RESPONSE_OP_TENANT);
    order.command.tenant.name = vg_span_text(name);
    order.command.tenant.compartment = *compartment;
    return play_must(play, order);
}

void play_tenants(struct play *play, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        play_tenant(play, names[i], &play->desk->genesis.first);
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

/* The next pair that is neither a request's nor a cursor, hash or mark of the machine's. */
static bool next_fact(const struct vg_kv *kv, vg_span *key, vg_span *value)
{
    static const char not_facts[] = "rsCHM"; /* kinds of proto/response/keys.h */
    const vg_span all = vg_span_text("");
    while (kv->next(kv->context, all, *key, true, key, value)) {
        if (memchr(not_facts, key->data[sizeof(vg_id)], sizeof not_facts - 1) == NULL)
            return true;
    }
    return false;
}

static bool same_facts(struct memkv *before, struct memkv *after)
{
    const struct vg_kv old = memkv_kv(before);
    const struct vg_kv new = memkv_kv(after);
    vg_span old_key = vg_span_text("");
    vg_span new_key = old_key;
    vg_span old_value;
    vg_span new_value;
    for (;;) {
        bool more = next_fact(&old, &old_key, &old_value);
        if (more != next_fact(&new, &new_key, &new_value))
            return false;
        if (!more)
            return true;
        if (!vg_span_equal(old_key, new_key) || !vg_span_equal(old_value, new_value))
            return false;
    }
}

static bool is_refused(const struct response_outcome *outcome, enum response_refusal refusal)
{
    return outcome->refusal == refusal && outcome->revision_count == 0 &&
           outcome->error.code == response_refusal_code(refusal) &&
           strcmp(outcome->error.rule, response_refusal_rule(refusal)) == 0;
}

bool play_refuses(struct play *play, struct desk_order order, enum response_refusal refusal)
{
    struct memkv *before = memkv_clone(play->desk->store);
    order = with_expectations(play, order);
    struct response_outcome checked = desk_check(play->desk, &order);
    play->refused = desk_send(play->desk, &order);
    bool same = same_facts(before, play->desk->store);
    bool as_expected = is_refused(&checked, refusal) && is_refused(&play->refused, refusal) && same;
    if (!as_expected)
        fprintf(stderr, "%s%s: %s; %s\n  instead of: %s\n", response_op_name(order.command.op),
                same ? "" : " changed the state", checked.error.text, play->refused.error.text,
                response_refusal_sentence(refusal));
    memkv_free(before);
    return as_expected;
}

bool play_misses(struct play *play, struct desk_order order, const char *field)
{
    char place[64];
    struct memkv *before = memkv_clone(play->desk->store);
    struct response_outcome outcome = play_send(play, order);
    bool same = same_facts(before, play->desk->store);
    memkv_free(before);
    snprintf(place, sizeof place, "field %s,", field);
    return same && outcome.error.code == VG_INVALID && outcome.refusal == RESPONSE_REFUSED_NOT &&
           strstr(outcome.error.text, place) != NULL;
}

/* ---- people ------------------------------------------------------------------------------------
 */

void play_grant(struct play *play, enum desk_person person, uint32_t give, uint32_t take)
{
    struct desk_order order = play_order(play, RESPONSE_OP_GRANT);
    order.command.grant.person = desk_author(play->desk, person);
    order.command.grant.give = give;
    order.command.grant.take = take;
    play_must(play, order);
}

void play_on_call(struct play *play, enum desk_person person, bool on)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ROSTER);
    order.command.roster.person = desk_author(play->desk, person);
    order.command.roster.on = on ? RESPONSE_YES : RESPONSE_NO;
    play_must(play, order);
}

void play_expel(struct play *play, enum desk_person person)
{
    struct desk_order order = play_order(play, RESPONSE_OP_EXPEL);
    order.command.expel.person = desk_author(play->desk, person);
    play_must(play, order);
}

void play_evict(struct play *play, uint64_t node)
{
    struct desk_order order = play_order(play, RESPONSE_OP_EVICT);
    order.command.evict.node = node;
    play_must(play, order);
}

void play_name(struct play *play, enum desk_person person, const char *name)
{
    struct desk_order order = play_order(play, RESPONSE_OP_PERSON);
    order.command.person.person = desk_author(play->desk, person);
    order.command.person.name = vg_span_text(name);
    play_must(play, order);
}

struct desk_order play_proposing(struct play *play, enum desk_person signer,
                                 const struct response_command *command)
{
    struct desk_order order = {.person = signer, .command = {.op = RESPONSE_OP_PROPOSE}};
    vg_buffer_clear(&play->proposed);
    response_command_encode(command, &play->proposed);
    order.command.propose.command = vg_buffer_span(&play->proposed);
    order.command.propose.expires_at = play->desk->time_ms + 24 * 3600 * 1000;
    order.expectation_count = 1;
    order.expectations[0] =
        (struct ledger_expectation){.aspect = RESPONSE_ASPECT_DECLARATION,
                                    .revision = play_revision(play, RESPONSE_ASPECT_DECLARATION)};
    return order;
}

vg_id play_propose(struct play *play, enum desk_person signer)
{
    struct desk_order withdraw = play_order(play, RESPONSE_OP_WITHDRAW);
    return play_must(play, play_proposing(play, signer, &withdraw.command));
}

static struct desk_order approval_in(const struct play *play, const vg_id *compartment,
                                     enum desk_person signer, const vg_id *proposal)
{
    struct response_proposal found;
    struct desk_order order = play_order(play, RESPONSE_OP_APPROVE);
    enum vg_code code = response_proposal_get(&play->desk->machine, compartment, proposal, &found);
    assert(code == VG_OK);
    order.person = signer;
    order.compartment = *compartment;
    order.command.approve.proposal = *proposal;
    order.command.approve.hash = found.hash;
    return order;
}

struct desk_order play_approval(const struct play *play, enum desk_person signer,
                                const vg_id *proposal)
{
    return approval_in(play, &play->desk->genesis.first, signer, proposal);
}

void play_withdraw(struct play *play)
{
    vg_id proposal = play_propose(play, DESK_LEGAL);
    play_must(play, play_approval(play, DESK_EXECUTIVE, &proposal));
}

void play_grant_in(struct play *play, const vg_id *compartment, enum desk_person person,
                   uint32_t give)
{
    struct desk_order order = play_order(play, RESPONSE_OP_GRANT);
    order.command.grant.compartment = *compartment;
    order.command.grant.person = desk_author(play->desk, person);
    order.command.grant.give = give;
    order.command.grant.take = 0;
    play_must(play, order);
}

void play_full(struct play *play)
{
    struct vg_kv kv = memkv_kv(play->desk->store);
    uint8_t one[8] = {1};
    for (uint32_t i = response_compartment_count(&play->desk->machine);
         i < RESPONSE_COMPARTMENTS_MAX; i++) {
        vg_id id = {{0xcf, (uint8_t)(i >> 8), (uint8_t)i}};
        struct response_key key = response_key_control(RESPONSE_KIND_IN_FORCE, &id);
        kv.put(kv.context, response_key_span(&key), vg_span_of(one, sizeof one));
    }
}

void play_label(struct play *play, const vg_id *compartment, const char *name)
{
    struct desk_order order = play_order(play, RESPONSE_OP_LABEL);
    order.command.label.compartment = *compartment;
    order.command.label.name = vg_span_text(name);
    play_must(play, order);
}

void play_grant_in_directory(struct play *play, enum desk_person person, uint32_t give)
{
    play_grant_in(play, &play->desk->genesis.directory, person, give);
}

struct desk_order play_proposing_drill(struct play *play, enum desk_person operator_,
                                       const struct response_command *drill)
{
    struct desk_order order = play_proposing(play, operator_, drill);
    play_grant_in_directory(play, DESK_MANAGER, RESPONSE_ROLE_INCIDENT_MANAGER);
    order.compartment = play->desk->genesis.directory;
    order.expectation_count = 0;
    order.command.propose.role = RESPONSE_ROLE_OPERATOR;
    return order;
}

struct desk_order play_approving_drill(const struct play *play, const vg_id *proposal)
{
    return approval_in(play, &play->desk->genesis.directory, DESK_MANAGER, proposal);
}

vg_id play_drill(struct play *play, enum desk_person operator_)
{
    struct desk_order drill = play_order(play, RESPONSE_OP_DRILL);
    vg_id proposal = play_must(play, play_proposing_drill(play, operator_, &drill.command));
    return play_must(play, play_approving_drill(play, &proposal));
}

/* By any two: what is proposed in control entries, and signed there. */
static struct desk_order proposing_in_control(struct play *play, enum desk_person signer,
                                              const struct response_command *command)
{
    struct desk_order order = play_proposing(play, signer, command);
    order.control = true;
    order.expectation_count = 0;
    return order;
}

struct desk_order play_proposing_rekey(struct play *play, enum desk_person signer,
                                       enum desk_person person, uint8_t number)
{
    struct desk_order rekey = play_order(play, RESPONSE_OP_REKEY);
    rekey.command.rekey.holder = desk_author(play->desk, person);
    rekey.command.rekey.keys = desk_new_keys(play->desk, person, number);
    return proposing_in_control(play, signer, &rekey.command);
}

struct desk_order play_approving_in_control(const struct play *play, enum desk_person signer,
                                            const vg_id *proposal)
{
    static const vg_id control;
    struct desk_order order = approval_in(play, &control, signer, proposal);
    order.control = true;
    order.command.approve.reason = vg_span_text(RESPONSE_NO_REASON);
    return order;
}

struct desk_order play_proposing_shred(struct play *play, const vg_id *compartment, uint64_t epoch)
{
    struct response_command shred = {.op = RESPONSE_OP_SHRED};
    shred.shred.compartment = *compartment;
    shred.shred.epoch = epoch;
    return proposing_in_control(play, DESK_PRIVACY, &shred);
}

struct desk_order play_proposing_recover(struct play *play, const vg_id *compartment,
                                         uint64_t epoch, unsigned holders)
{
    struct desk_order order = play_clearing(play, RESPONSE_OP_RECOVER, compartment, epoch, holders);
    return proposing_in_control(play, DESK_PRIVACY, &order.command);
}

void play_recover(struct play *play, const vg_id *compartment, uint64_t epoch, unsigned holders)
{
    vg_id proposal = play_must(play, play_proposing_recover(play, compartment, epoch, holders));
    play_must(play, play_approving_in_control(play, DESK_LEGAL, &proposal));
}

struct desk_order play_proposing_recovery_gone(struct play *play, const vg_id *compartment,
                                               const vg_box_public *key)
{
    struct response_command gone = {.op = RESPONSE_OP_RECOVERY_GONE};
    gone.recovery_gone.compartment = *compartment;
    gone.recovery_gone.key = *key;
    return proposing_in_control(play, DESK_PRIVACY, &gone);
}

void play_shred(struct play *play, const vg_id *compartment, uint64_t epoch)
{
    vg_id proposal = play_must(play, play_proposing_shred(play, compartment, epoch));
    play_must(play, play_approving_in_control(play, DESK_LEGAL, &proposal));
}

void play_rekey(struct play *play, enum desk_person person, uint8_t number)
{
    vg_id proposal = play_must(play, play_proposing_rekey(play, DESK_OPERATOR, person, number));
    play_must(play, play_approving_in_control(play, DESK_PRIVACY, &proposal));
}

void play_third_officer(struct play *play)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ENROLL);
    order.command.enroll.bits = LEDGER_PERSON_KEY_OFFICER;
    play_must(play, order);
}

struct desk_order play_approving_old_signature(struct play *play)
{
    play_third_officer(play);
    vg_id old = play_must(play, play_proposing_rekey(play, DESK_PRIVACY, DESK_ANN, 1));
    play->desk->time_ms++;
    vg_id id = play_must(play, play_proposing_rekey(play, DESK_OPERATOR, DESK_PRIVACY, 1));
    play_must(play, play_approving_in_control(play, DESK_NEWCOMER, &id));
    return play_approving_in_control(play, DESK_OPERATOR, &old);
}

/* ---- what became of it -------------------------------------------------------------------------
 */

struct response_incident play_incident(const struct play *play)
{
    return desk_incident(play->desk, &play->incident);
}

#define PART(kind)                                                                                 \
    struct response_##kind play_##kind(const struct play *play, const vg_id *id)                   \
    {                                                                                              \
        struct response_##kind part = {.number = 0};                                               \
        while (!vg_id_equal(&part.id, id)) {                                                       \
            const vg_id after = part.id;                                                           \
            bool more = response_##kind##_next(&play->desk->machine, &play->desk->genesis.first,   \
                                               &play->incident, &after, &part);                    \
            assert(more);                                                                          \
        }                                                                                          \
        return part;                                                                               \
    }
PART(task)
PART(step)
PART(evidence)
#undef PART

struct response_event play_event(const struct play *play, uint64_t from_end)
{
    struct response_event event;
    uint64_t count = play_incident(play).events;
    assert(from_end >= 1 && from_end <= count);
    bool found = response_event_get(&play->desk->machine, &play->desk->genesis.first,
                                    &play->incident, count + 1 - from_end, &event);
    assert(found);
    return event;
}

bool play_tells(const struct play *play, uint64_t from_end, struct play_telling telling)
{
    struct response_event event = play_event(play, from_end);
    vg_id author = desk_author(play->desk, telling.by != 0 ? telling.by : DESK_ANN);
    bool as_expected = event.kind == telling.kind && event.aspect == telling.aspect &&
                       event.revision == telling.revision && vg_id_equal(&event.author, &author) &&
                       event.time_ms == play->desk->time_ms &&
                       play_says(event.from, telling.from != NULL ? telling.from : "") &&
                       play_says(event.to, telling.to != NULL ? telling.to : "") &&
                       (telling.text == NULL || play_says(event.text, telling.text));
    if (!as_expected)
        fprintf(stderr, "%s of %s, revision %llu, from \"%.*s\" to \"%.*s\": %.*s\n",
                response_word(response_event_kinds, event.kind),
                response_word(response_aspects, event.aspect), (unsigned long long)event.revision,
                (int)event.from.size, (const char *)event.from.data, (int)event.to.size,
                (const char *)event.to.data, (int)event.text.size, (const char *)event.text.data);
    return as_expected;
}

bool play_says(vg_span span, const char *text)
{
    return vg_span_equal(span, vg_span_text(text));
}

bool play_contains(vg_span span, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= span.size; i++) {
        if (memcmp(span.data + i, text, size) == 0)
            return true;
    }
    return false;
}
