/* SPDX-License-Identifier: Apache-2.0
 * Every refusal is reached: a row for each sets the stage and sends the one command that gets it.
 * No symbol may be without a row. */
#include <criterion/criterion.h>

#include "proto/response/drill.h"
#include "proto/response/keys.h"
#include "proto/response/records.h"
#include "tests/lib/play.h"
#include "tests/lib/sealing.h"
#include "tests/lib/sentence.h"

static const vg_id nothing = {{9, 9, 9}};
static const vg_id elsewhere = {{0xc0, 2}};

/* A bend of the command alone. */
#define BEND(name, ...)                                                                            \
    static void name(struct play *play, struct desk_order *order)                                  \
    {                                                                                              \
        (void)play;                                                                                \
        __VA_ARGS__;                                                                               \
    }

/* ---- once --------------------------------------------------------------------------------------
 */

static void not_uuid7(struct play *play, struct desk_order *order)
{
    order->request = desk_request(play->desk, play->desk->time_ms);
    order->request.bytes[6] = 0x40;
}
BEND(no_compartment, order->compartment = elsewhere)

static void too_old(struct play *play, struct desk_order *order)
{
    order->request = desk_request(play->desk, play->desk->time_ms - VG_REQUEST_PAST_MS - 1);
}

static void too_early(struct play *play, struct desk_order *order)
{
    order->request = desk_request(play->desk, play->desk->time_ms + VG_REQUEST_AHEAD_MS + 1);
}

static void reused(struct play *play, struct desk_order *order)
{
    order->request = desk_request(play->desk, play->desk->time_ms);
    play_must(play, *order);
    order->command.note.text = vg_span_text("something else");
}

/* ---- standing ----------------------------------------------------------------------------------
 */

static void in_the_directory(struct play *play, struct desk_order *order)
{
    order->compartment = play->desk->genesis.directory;
}

static void one_who_has_gone(struct play *play, struct desk_order *order)
{
    play_expel(play, DESK_BEN);
    order->person = DESK_BEN;
}
BEND(a_person, order->person = DESK_ANN)
BEND(a_node, order->person = DESK_NODE)
BEND(the_reporter, order->person = DESK_REPORTER)
BEND(legal_alone, order->person = DESK_LEGAL)
BEND(glass_without_emergency, order->person = DESK_LEGAL;
     order->command.step.break_glass = vg_span_text("nobody answers"))

/* ---- expectations ------------------------------------------------------------------------------
 */

static void expect(struct desk_order *order, uint16_t aspect, uint64_t revision)
{
    order->expectations[order->expectation_count++] =
        (struct ledger_expectation){.aspect = aspect, .revision = revision};
}
BEND(expects_a_stage, expect(order, RESPONSE_ASPECT_STAGE, 1))
BEND(expects_what_there_is_not, expect(order, 999, 1))
BEND(two_at_a_stage, order->command.stage.stage = RESPONSE_ASSESS;
     expect(order, RESPONSE_ASPECT_STAGE, 2))
BEND(expects_another_stage, expect(order, RESPONSE_ASPECT_STAGE, 2))
BEND(expects_an_owner, expect(order, RESPONSE_ASPECT_OWNER, 1))

/* ---- what is named -----------------------------------------------------------------------------
 */
BEND(no_incident, order->command.note.incident = nothing)

static void no_part(struct play *play, struct desk_order *order)
{
    play->part = play->evidence = nothing;
    *order = play_order(play, order->command.op);
}

static void no_part_by_legal(struct play *play, struct desk_order *order)
{
    no_part(play, order);
    order->person = DESK_LEGAL;
}

static void corrects_the_future(struct play *play, struct desk_order *order)
{
    order->command.note.corrects = play_incident(play).events + 1;
}
BEND(owned_by_nobody_here, order->command.task.owner = nothing)

static void under_the_id_of_the_incident(struct play *play, struct desk_order *order)
{
    order->person = DESK_BEN;
    order->request = play->incident;
}

static void as_many_tenants_as_there_may_be(struct play *play, struct desk_order *order)
{
    char name[] = "a tenant";
    play_do(play, RESPONSE_OP_DECLARE);
    order->command.affect.tenant = vg_span_text(name);
    for (name[0] = '0'; play_incident(play).tenants < RESPONSE_TENANTS_MAX; name[0]++) {
        play_tenant(play, name, &play->desk->genesis.first);
        play_must(play, *order);
    }
    order->command.affect.tenant = vg_span_text("acme");
}

/* ---- directory and control ---------------------------------------------------------------------
 */
BEND(in_no_compartment, order->command.grant.compartment = elsewhere)

static void a_label_twice(struct play *play, struct desk_order *order)
{
    play_must(play, *order);
    order->command.label.compartment = elsewhere;
}

BEND(a_label_like_an_id,
     order->command.label.name = vg_span_text("00000000-0000-7000-8000-000000000001"))

/* As every node's genesis has it. */
static void a_label_of_nothing(struct play *play, struct desk_order *order)
{
    play->desk->genesis.flags = 0;
    order->command.label.compartment = elsewhere;
}

static void one_compartment_too_many(struct play *play, struct desk_order *order)
{
    (void)order;
    play_full(play);
}

static void a_name_twice(struct play *play, struct desk_order *order)
{
    play_name(play, DESK_BEN, "Ben");
    order->command.person.name = vg_span_text("Ben");
}
BEND(gives_and_takes, order->command.grant.give = order->command.grant.take = RESPONSE_ROLE_LEGAL)

static void the_id_of_a_node(struct play *play, struct desk_order *order)
{
    order->command.enroll.person = desk_author(play->desk, DESK_NODE);
}

static void the_id_of_ann(struct play *play, struct desk_order *order)
{
    order->command.enroll.person = desk_author(play->desk, DESK_ANN);
}

static void the_key_of_ann(struct play *play, struct desk_order *order)
{
    order->command.enroll.keys.key = desk_keys(play->desk, DESK_ANN).key;
}
BEND(a_binding_of_nothing, order->command.enroll.keys.binding.bytes[0] ^= 1)

static void the_operator(struct play *play, struct desk_order *order)
{
    order->command.expel.person = desk_author(play->desk, DESK_OPERATOR);
}

BEND(by_the_person_herself, *order = play_proposing_rekey(play, DESK_OPERATOR, DESK_OPERATOR, 1))

/* Written past the log, which would take a command each. */
static void as_many_people_as_there_may_be(struct play *play, struct desk_order *order)
{
    struct vg_kv kv = memkv_kv(play->desk->store);
    struct response_person person = {.enrolled_at = 1};
    struct vg_buffer record = {0};
    response_person_encode(&person, &record);
    for (uint32_t i = 0; i < RESPONSE_PEOPLE_MAX; i++) {
        struct response_key key = response_key_of(NULL, RESPONSE_KIND_KEY);
        vg_id id = {{0xb0, (uint8_t)(i >> 8), (uint8_t)i}};
        response_key_id(&key, &id);
        kv.put(kv.context, response_key_span(&key), vg_buffer_span(&record));
    }
    vg_buffer_free(&record);
    order->command.enroll.person = nothing;
}

#include "tests/unit/refused_drills.h"
#include "tests/unit/refused_epochs.h"

/* ---- nodes -------------------------------------------------------------------------------------
 */

BEND(by_an_evicted_node, (void)order; play_evict(play, 1))
BEND(one_node_too_many, play_evict(play, 3); order->command.evict.node = 2)

/* ---- detection ---------------------------------------------------------------------------------
 */
BEND(an_exercise, order->command.detect.source = RESPONSE_SOURCE_EXERCISE)
BEND(an_operators_sub_kind, order->command.detect.source = RESPONSE_SOURCE_OPERATOR;
     order->command.detect.subsource = RESPONSE_SUB_IDS)

static void another_document(struct play *play, struct desk_order *order)
{
    play_must(play, *order);
    order->command.import.document = vg_span_text("another one");
}

static void of_a_record(struct play *play, struct desk_order *order)
{
    play->incident = play_do(play, RESPONSE_OP_IMPORT);
    *order = play_order(play, order->command.op);
}

/* ---- stages ------------------------------------------------------------------------------------
 */
BEND(to_diagnose, order->command.stage.stage = RESPONSE_DIAGNOSE)
BEND(to_close, order->command.stage.stage = RESPONSE_CLOSE)

static void set_responsibility(struct play *play, uint8_t to)
{
    struct desk_order order = play_order(play, RESPONSE_OP_RESPONSIBILITY);
    order.command.responsibility.responsibility = to;
    play_must(play, order);
}

static void of_an_unclear_one(struct play *play, struct desk_order *order)
{
    struct desk_order detection = desk_detect("unclear", "");
    detection.command.detect.cia = 0;
    play->incident = play_must(play, detection);
    play_move(play, RESPONSE_ASSESS);
    *order = play_order(play, RESPONSE_OP_STAGE);
    to_diagnose(play, order);
}

static void from_assess_unassessed(struct play *play, struct desk_order *order)
{
    play_move(play, RESPONSE_ASSESS);
    to_diagnose(play, order);
}

static void from_assess_undecided(struct play *play, struct desk_order *order)
{
    play_move(play, RESPONSE_ASSESS);
    play_do(play, RESPONSE_OP_ASSESS);
    to_diagnose(play, order);
}

static void the_customers_to_diagnose(struct play *play, struct desk_order *order)
{
    set_responsibility(play, RESPONSE_CUSTOMER);
    to_diagnose(play, order);
}

static void close_a_declared_one(struct play *play, struct desk_order *order)
{
    play_do(play, RESPONSE_OP_DECLARE);
    to_close(play, order);
}

static void close_a_false_positive(struct play *play, struct desk_order *order)
{
    play_do(play, RESPONSE_OP_CLASSIFY);
    to_close(play, order);
}

static void close_the_customers(struct play *play, struct desk_order *order)
{
    set_responsibility(play, RESPONSE_CUSTOMER);
    to_close(play, order);
}

static void close_at_risk(struct play *play, struct desk_order *order)
{
    struct desk_order risk = play_order(play, RESPONSE_OP_RISK);
    risk.command.risk.risk = RESPONSE_RISK_CONFIRMED;
    play_must(play, risk);
    to_close(play, order);
}

/* All attestations but those from an aspect on. */
static void close_before(struct play *play, struct desk_order *order, uint16_t first)
{
    for (const struct response_word *word = response_attestations; word->number != first; word++) {
        struct desk_order attestation = play_order(play, RESPONSE_OP_ATTEST);
        attestation.command.attest.what = (uint8_t)word->number;
        play_must(play, attestation);
    }
    to_close(play, order);
}

static void close_unattested_business(struct play *play, struct desk_order *order)
{
    close_before(play, order, RESPONSE_ASPECT_BUSINESS_RISK);
}

static void close_unattested_measures(struct play *play, struct desk_order *order)
{
    close_before(play, order, RESPONSE_ASPECT_CORRECTIVE_MEASURES);
}

static void close_attested(struct play *play, struct desk_order *order)
{
    play_attest_all(play);
    to_close(play, order);
}

static void close_with_a_step(struct play *play, struct desk_order *order)
{
    play_do(play, RESPONSE_OP_STEP);
    close_attested(play, order);
}

/* ---- assessing ---------------------------------------------------------------------------------
 */
BEND(no_contract, order->command.collaborate.contract.size = 0)
BEND(citing_nothing, order->command.assess.evidence.count = 0)
BEND(by_ben, order->person = DESK_BEN)
BEND(without_product, play_move(play, RESPONSE_ASSESS); order->command.assess.product.size = 0)

static void to_sev4_under_risk(struct play *play, struct desk_order *order)
{
    struct desk_order risk = play_order(play, RESPONSE_OP_RISK);
    risk.command.risk.risk = RESPONSE_RISK_CONFIRMED;
    play_must(play, risk);
    order->command.severity.severity = RESPONSE_SEV4;
}

static void to_sev4_though_declared(struct play *play, struct desk_order *order)
{
    play_do(play, RESPONSE_OP_DECLARE);
    order->command.severity.severity = RESPONSE_SEV4;
}
BEND(risk_of_nobodys, order->person = DESK_PRIVACY;
     order->command.risk.risk = RESPONSE_RISK_CONFIRMED)

static void the_customers_though_declared(struct play *play, struct desk_order *order)
{
    play_do(play, RESPONSE_OP_DECLARE);
    order->command.responsibility.responsibility = RESPONSE_CUSTOMER;
}

static void a_declaration_of_the_customers(struct play *play, struct desk_order *order)
{
    (void)order;
    set_responsibility(play, RESPONSE_CUSTOMER);
}

static void owned_by_legal(struct play *play, struct desk_order *order)
{
    order->command.owner.owner = desk_author(play->desk, DESK_LEGAL);
}

/* ---- classifying -------------------------------------------------------------------------------
 */
BEND(as_security_incident, order->command.classify.class_ = RESPONSE_SECURITY_INCIDENT)

static void a_declared_one(struct play *play, struct desk_order *order)
{
    (void)order;
    play_do(play, RESPONSE_OP_DECLARE);
}
BEND(as_security_event, order->command.classify.class_ = RESPONSE_SECURITY_EVENT)
BEND(as_privacy_event, order->command.classify.class_ = RESPONSE_PRIVACY_EVENT)
BEND(class_citing_nothing, order->command.classify.evidence.count = 0)

static void of_a_false_positive(struct play *play, struct desk_order *order)
{
    (void)order;
    play_do(play, RESPONSE_OP_CLASSIFY);
}

static void with_the_filter_of_another(struct play *play, struct desk_order *order)
{
    play_filter(play, "scanner-7");
    play_begin(play, "", RESPONSE_ASSESS);
    *order = play_order(play, RESPONSE_OP_ANSWER);
    order->command.answer.match = vg_span_text("scanner-7");
}
BEND(as_an_event, order->command.declare.class_ = RESPONSE_SECURITY_EVENT)
BEND(without_harm, order->command.declare.harm = 0)
BEND(without_access_or_duty, order->command.declare.likelihood = 0)

#include "tests/unit/refused_facts.h"

/* ---- working -----------------------------------------------------------------------------------
 */

static void to_itself(struct play *play, struct desk_order *order)
{
    order->command.link.other = play->incident;
}

static void linked_twice(struct play *play, struct desk_order *order)
{
    struct desk_order detection = desk_detect("another", "");
    order->command.link.other = play_must(play, detection);
    play_must(play, *order);
}

static void an_open_task_to_open(struct play *play, struct desk_order *order)
{
    play->part = play_do(play, RESPONSE_OP_TASK);
    *order = play_order(play, RESPONSE_OP_TASK_MOVE);
}
BEND(mitigation_as_emergency, order->command.step.kind = RESPONSE_MITIGATION;
     order->command.step.emergency = RESPONSE_YES)

/* A step of Ann's, moved to `now` if that is a state, about to be moved to `next`. */
static void move_step(struct play *play, struct desk_order *order, uint8_t now, uint8_t next)
{
    play->part = play_do(play, RESPONSE_OP_STEP);
    *order = play_order(play, RESPONSE_OP_STEP_MOVE);
    order->command.step_move.state = now;
    if (now != 0)
        play_must(play, *order);
    order->command.step_move.state = next;
}

static void a_planned_step_to_verified(struct play *play, struct desk_order *order)
{
    move_step(play, order, 0, RESPONSE_STEP_VERIFIED);
}

static void a_dropped_step_to_done(struct play *play, struct desk_order *order)
{
    move_step(play, order, RESPONSE_STEP_DROPPED, RESPONSE_STEP_DONE);
}

static void verifying_ones_own(struct play *play, struct desk_order *order)
{
    move_step(play, order, RESPONSE_STEP_DONE, RESPONSE_STEP_VERIFIED);
}

static void reverting_the_irreversible(struct play *play, struct desk_order *order)
{
    struct desk_order step = play_order(play, RESPONSE_OP_STEP);
    step.command.step.reversible = RESPONSE_NO;
    play->part = play_must(play, step);
    order->command.step_move.step = play->part;
    order->command.step_move.state = RESPONSE_STEP_DONE;
    play_must(play, *order);
    order->command.step_move.state = RESPONSE_STEP_REVERTED;
}

/* ---- evidence ----------------------------------------------------------------------------------
 */
BEND(with_other_content, order->command.evidence.content = vg_span_text("something else"))

static void after_disposal(struct play *play, struct desk_order *order)
{
    order->command.custody.action = RESPONSE_DISPOSE;
    play_must(play, *order);
    order->command.custody.action = RESPONSE_ACCESS;
}
BEND(verified_against_nothing, order->command.custody.action = RESPONSE_VERIFY)
BEND(sealed_by_ben, order->person = DESK_BEN; order->command.custody.action = RESPONSE_SEAL)
BEND(accepted_unoffered, order->person = DESK_BEN; order->command.custody.action = RESPONSE_ACCEPT)
BEND(offered_to_nobody, order->command.custody.action = RESPONSE_OFFER)

/* ---- two people --------------------------------------------------------------------------------
 */

static void a_note_as_proposal(struct play *play, struct desk_order *order)
{
    struct desk_order note = play_order(play, RESPONSE_OP_NOTE);
    *order = play_proposing(play, DESK_LEGAL, &note.command);
}

/* A declared incident, whose withdrawal is about to be proposed. */
static void about_to_propose(struct play *play, struct desk_order *order)
{
    struct desk_order withdraw = play_order(play, RESPONSE_OP_WITHDRAW);
    play_do(play, RESPONSE_OP_DECLARE);
    *order = play_proposing(play, DESK_LEGAL, &withdraw.command);
}

static void for_no_time(struct play *play, struct desk_order *order)
{
    about_to_propose(play, order);
    order->command.propose.expires_at = play->desk->time_ms;
}

static void legal_as_executive(struct play *play, struct desk_order *order)
{
    about_to_propose(play, order);
    order->command.propose.role = RESPONSE_ROLE_EXECUTIVE;
}

/* And proposed, about to be approved. */
static void about_to_approve(struct play *play, struct desk_order *order)
{
    about_to_propose(play, order);
    play->part = play_must(play, *order);
    *order = play_approval(play, DESK_EXECUTIVE, &play->part);
}

static void approved_already(struct play *play, struct desk_order *order)
{
    about_to_approve(play, order);
    play_must(play, *order);
}

static void too_late(struct play *play, struct desk_order *order)
{
    about_to_approve(play, order);
    play->desk->time_ms += 24 * 3600 * 1000 + 1;
}

static void another_text(struct play *play, struct desk_order *order)
{
    about_to_approve(play, order);
    order->command.approve.hash.bytes[0] ^= 1;
}

static void by_the_proposer(struct play *play, struct desk_order *order)
{
    about_to_approve(play, order);
    order->person = DESK_LEGAL;
}

static void the_proposer_legal_no_longer(struct play *play, struct desk_order *order)
{
    about_to_approve(play, order);
    play_grant(play, DESK_LEGAL, 0, RESPONSE_ROLE_LEGAL);
}

BEND(the_proposers_key_was_replaced, *order = play_approving_old_signature(play))

static void with_words(struct play *play, struct desk_order *order)
{
    vg_id id = play_must(play, play_proposing_rekey(play, DESK_OPERATOR, DESK_ANN, 1));
    *order = play_approving_in_control(play, DESK_PRIVACY, &id);
    order->command.approve.reason = vg_span_text("ann's laptop was stolen");
}

/* ---- the rows ----------------------------------------------------------------------------------
 */

#define ROW(symbol, stage, op, bend)                                                               \
    {                                                                                              \
        RESPONSE_REFUSED_##symbol, RESPONSE_##stage, RESPONSE_OP_##op, bend                        \
    }

/* An incident in a stage, the least command of an operation, and how it is bent. */
static const struct row {
    enum response_refusal refusal;
    enum response_stage stage;
    enum response_op op;
    void (*bend)(struct play *play, struct desk_order *order);
} rows[] = {
    ROW(NOT_UUID7, DETECT, NOTE, not_uuid7),
    ROW(NO_COMPARTMENT, DETECT, NOTE, no_compartment),
    ROW(TOO_OLD, DETECT, NOTE, too_old),
    ROW(TOO_EARLY, DETECT, NOTE, too_early),
    ROW(REUSED, DETECT, NOTE, reused),
    ROW(BELONGS_ELSEWHERE, DETECT, NOTE, in_the_directory),
    ROW(GONE, DETECT, NOTE, one_who_has_gone),
    ROW(NODE_GONE, DETECT, COUNT, by_an_evicted_node),
    ROW(FOR_NODES, DETECT, COUNT, a_person),
    ROW(FOR_PEOPLE, DETECT, NOTE, a_node),
    ROW(NEEDS_TWO, DETECT, WITHDRAW, legal_alone),
    ROW(NO_ROLE, DETECT, NOTE, the_reporter),
    ROW(GLASS_IS_FOR_EMERGENCIES, ASSESS, STEP, glass_without_emergency),
    ROW(EXPECTS_NOTHING, DETECT, DETECT, expects_a_stage),
    ROW(NO_ASPECT, DETECT, NOTE, expects_what_there_is_not),
    ROW(CONFLICT, DETECT, STAGE, two_at_a_stage),
    ROW(CONFLICT_BESIDE, DETECT, NOTE, expects_another_stage),
    ROW(CONFLICT_UNSET, DETECT, NOTE, expects_an_owner),
    ROW(NO_INCIDENT, DETECT, NOTE, no_incident),
    ROW(NO_TASK, DETECT, TASK_MOVE, no_part),
    ROW(NO_STEP, DETECT, STEP_MOVE, no_part),
    ROW(NO_EVIDENCE, DETECT, CUSTODY, no_part),
    ROW(NO_EVENT, DETECT, NOTE, corrects_the_future),
    ROW(NO_PERSON, DETECT, TASK, owned_by_nobody_here),
    ROW(NO_PROPOSAL, DETECT, REJECT, no_part_by_legal),
    ROW(NO_SIGNAL, DETECT, COUNT, NULL),
    ROW(NO_TENANT, ASSESS, AFFECT, a_tenant_nobody_knows),
    ROW(ID_TAKEN, DETECT, DETECT, under_the_id_of_the_incident),
    ROW(FULL, DETECT, AFFECT, as_many_tenants_as_there_may_be),
    ROW(NOT_LABELLED, DETECT, GRANT, in_no_compartment),
    ROW(LABEL_TAKEN, DETECT, LABEL, a_label_twice),
    ROW(NAMED_AS_ID, DETECT, LABEL, a_label_like_an_id),
    ROW(NOTHING_TO_NAME, DETECT, LABEL, a_label_of_nothing),
    ROW(COMPARTMENTS_FULL, DETECT, CREATE, one_compartment_too_many),
    ROW(NAME_TAKEN, DETECT, PERSON, a_name_twice),
    ROW(TENANT_NAMED, DETECT, TENANT, a_tenants_name_twice),
    ROW(TENANT_IN_DIRECTORY, DETECT, TENANT, a_tenant_of_the_directory),
    ROW(TENANT_IN_SHREDDED, DETECT, TENANT, a_tenant_of_a_shredded_one),
    ROW(GIVES_AND_TAKES, DETECT, GRANT, gives_and_takes),
    ROW(ID_OF_NODES, DETECT, ENROLL, the_id_of_a_node),
    ROW(PERSON_KNOWN, DETECT, ENROLL, the_id_of_ann),
    ROW(KEY_KNOWN, DETECT, ENROLL, the_key_of_ann),
    ROW(UNBOUND, DETECT, ENROLL, a_binding_of_nothing),
    ROW(LAST_OPERATOR, DETECT, EXPEL, the_operator),
    ROW(OWN_KEY, DETECT, PROPOSE, by_the_person_herself),
    ROW(PEOPLE_FULL, DETECT, ENROLL, as_many_people_as_there_may_be),
    ROW(QUORUM_LOST, DETECT, EVICT, one_node_too_many),
    ROW(EPOCH_UNREADABLE, DETECT, ROTATE, cut_short),
    ROW(IN_CLEAR, DETECT, ROTATE, of_a_compartment_in_clear),
    ROW(EPOCH_BEHIND, DETECT, ROTATE, the_epoch_after_the_next),
    ROW(OTHER_HOLDERS, DETECT, ROTATE, for_the_recovery_key_alone),
    ROW(NOT_ITS_REQUEST, DETECT, CREATE, under_another_request),
    ROW(DIRECTORY_IS_FOR_ALL, DETECT, REVOKE, of_the_directory),
    ROW(NO_HOLDER, DETECT, REVOKE, of_all_nodes),
    ROW(HOLDER_EVICTED, DETECT, CLEAR, to_an_evicted_node),
    ROW(STILL_TO_ATTEST, DETECT, CLEAR, to_one_that_is_yet_to_attest),
    ROW(OFFERS_DO_NOT_FIT, DETECT, CLEAR, with_a_signature_too_many),
    ROW(OFFER_UNSIGNED, DETECT, CLEAR, signed_by_another_node),
    ROW(NO_REGION, DETECT, CREATE, bounded_by_nowhere),
    ROW(OUTSIDE_BOUNDARY, DETECT, CREATE, bounded_by_one_region),
    ROW(CREATED_BELOW, DETECT, CREATE, for_one_node_of_two),
    ROW(LEFT_BELOW, DETECT, REVOKE, of_all_but_one),
    ROW(NO_OVERRIDE, DETECT, REVOKE, for_a_reason_nobody_gave),
    ROW(HOLDS_STILL, DETECT, DESTROYED, by_a_holder),
    ROW(OWES_NOTHING, DETECT, DESTROYED, by_one_that_never_held),
    ROW(SHREDDED, DETECT, CLEAR, of_a_shredded_one),
    ROW(SHREDDED_ALREADY, DETECT, PROPOSE, shred_twice),
    ROW(SHREDS_DIRECTORY, DETECT, PROPOSE, shred_the_directory),
    ROW(SHRED_BEHIND, DETECT, PROPOSE, shred_an_epoch_of_before),
    ROW(RECOVERS_DIRECTORY, DETECT, PROPOSE, recover_the_directory),
    ROW(NOT_SHREDDED, DETECT, PROPOSE, recovery_of_one_that_is_read),
    ROW(OTHER_RECOVERY, DETECT, PROPOSE, recovery_of_another),
    ROW(RECOVERY_GONE_ALREADY, DETECT, PROPOSE, recovery_gone_twice),
    ROW(RECOVERY_SHARED, DETECT, PROPOSE, recovery_that_is_the_directorys),
    ROW(RECOVERY_DESTROYED, DETECT, CREATE, with_a_recovery_key_that_is_gone),
    ROW(NOT_CLEARED, DETECT, CHECKPOINT, of_a_compartment_of_others),
    ROW(NO_MARK, DETECT, CHECKPOINT, NULL),
    ROW(DRILL_TARGET, DETECT, PROPOSE, a_leader_of_a_name),
    ROW(NO_NODE, DETECT, PROPOSE, a_node_of_nowhere),
    ROW(NO_DRILL, DETECT, DRILL_START, unapproved),
    ROW(NOT_YOUR_DRILL, DETECT, DRILL_START, by_another_operator),
    ROW(DRILL_USED, DETECT, DRILL_START, started_before),
    ROW(DRILL_LAPSED, DETECT, DRILL_START, approved_long_ago),
    ROW(DRILL_UNDER_WAY, DETECT, DRILL_START, beside_another),
    ROW(DRILL_NOT_RUNNING, DETECT, DRILL_END, end_before_the_start),
    ROW(EXERCISE, DETECT, DETECT, an_exercise),
    ROW(STRAY_SUBSOURCE, DETECT, DETECT, an_operators_sub_kind),
    ROW(OTHER_DOCUMENT, DETECT, IMPORT, another_document),
    ROW(HISTORICAL, DETECT, SEVERITY, of_a_record),
    ROW(CLOSED, CLOSE, SEVERITY, NULL),
    ROW(NOT_CLOSED, ASSESS, REOPEN, NULL),
    ROW(NO_STAGE_AFTER_CLOSE, CLOSE, STAGE, to_diagnose),
    ROW(NO_EDGE, DETECT, STAGE, to_diagnose),
    ROW(CIA_OPEN, DETECT, STAGE, of_an_unclear_one),
    ROW(NOT_ASSESSED, DETECT, STAGE, from_assess_unassessed),
    ROW(RESPONSIBILITY_OPEN, DETECT, STAGE, from_assess_undecided),
    ROW(CUSTOMERS_ALONE, ASSESS, STAGE, the_customers_to_diagnose),
    ROW(DECLARED_STAYS_OPEN, ASSESS, STAGE, close_a_declared_one),
    ROW(NOT_ANSWERED, ASSESS, STAGE, close_a_false_positive),
    ROW(RISK_OPEN, ASSESS, STAGE, close_at_risk),
    ROW(NOT_REFERRED, ASSESS, STAGE, close_the_customers),
    ROW(CUSTOMER_RISK_OPEN, DIAGNOSE, STAGE, to_close),
    ROW(BUSINESS_RISK_OPEN, DIAGNOSE, STAGE, close_unattested_business),
    ROW(MEASURES_OPEN, DIAGNOSE, STAGE, close_unattested_measures),
    ROW(NO_PLAN, STABILIZE, STAGE, close_attested),
    ROW(STEPS_OPEN, DIAGNOSE, STAGE, close_with_a_step),
    ROW(STILL_IN_DETECT, DETECT, ASSESS, NULL),
    ROW(ASSESSED_WITHOUT_EVIDENCE, ASSESS, ASSESS, citing_nothing),
    ROW(PRODUCT_OPEN, DETECT, ASSESS, without_product),
    ROW(NOT_ON_CALL, ASSESS, ASSESS, by_ben),
    ROW(NO_DOWNGRADE, ASSESS, SEVERITY, to_sev4_under_risk),
    ROW(DECLARED_FLOOR, ASSESS, SEVERITY, to_sev4_though_declared),
    ROW(RISK_WITHOUT_OWNER, ASSESS, RISK, risk_of_nobodys),
    ROW(DECLARED_NOT_CUSTOMERS, ASSESS, RESPONSIBILITY, the_customers_though_declared),
    ROW(CUSTOMERS_NOT_DECLARED, ASSESS, DECLARE, a_declaration_of_the_customers),
    ROW(NOT_AN_OWNER, ASSESS, OWNER, owned_by_legal),
    ROW(BY_DECLARATION, ASSESS, CLASSIFY, as_security_incident),
    ROW(CLASS_IS_DECLARED, ASSESS, CLASSIFY, a_declared_one),
    ROW(GROUND, ASSESS, CLASSIFY, as_security_event),
    ROW(POLICY, ASSESS, CLASSIFY, as_privacy_event),
    ROW(CLASS_WITHOUT_EVIDENCE, ASSESS, CLASSIFY, class_citing_nothing),
    ROW(NOT_FALSE_POSITIVE, ASSESS, ANSWER, NULL),
    ROW(ANSWER_INCOMPLETE, ASSESS, ANSWER, of_a_false_positive),
    ROW(FILTERED_ALREADY, ASSESS, ANSWER, with_the_filter_of_another),
    ROW(DECLARED_ALREADY, ASSESS, DECLARE, a_declared_one),
    ROW(DECLARED_CLASS, ASSESS, DECLARE, as_an_event),
    ROW(DECLARED_WITHOUT_HARM, ASSESS, DECLARE, without_harm),
    ROW(DECLARED_WITHOUT_GROUND, ASSESS, DECLARE, without_access_or_duty),
    ROW(NOT_DECLARED, ASSESS, AFFECT, NULL),
    ROW(TENANT_KNOWN, ASSESS, AFFECT, a_tenant_twice),
    ROW(NOT_CUSTOMERS, ASSESS, REFER, NULL),
    ROW(NO_CONTRACT, ASSESS, COLLABORATE, no_contract),
    ROW(PLANNED_TOO_EARLY, ASSESS, PLAN, NULL),
    ROW(ATTESTED_TOO_EARLY, DETECT, ATTEST, NULL),
    ROW(LINKED_TO_ITSELF, DETECT, LINK, to_itself),
    ROW(LINKED_ALREADY, DETECT, LINK, linked_twice),
    ROW(TASK_EDGE, DETECT, TASK_MOVE, an_open_task_to_open),
    ROW(CONTAINED_TOO_EARLY, DETECT, STEP, NULL),
    ROW(EMERGENCY_KIND, DIAGNOSE, STEP, mitigation_as_emergency),
    ROW(ONLY_EMERGENCY, ASSESS, STEP, NULL),
    ROW(STEP_EDGE, DIAGNOSE, STEP_MOVE, a_planned_step_to_verified),
    ROW(STEP_ENDED, DIAGNOSE, STEP_MOVE, a_dropped_step_to_done),
    ROW(OWN_VERIFICATION, DIAGNOSE, STEP_MOVE, verifying_ones_own),
    ROW(IRREVERSIBLE, DIAGNOSE, STEP_MOVE, reverting_the_irreversible),
    ROW(OTHER_CONTENT, DETECT, EVIDENCE, with_other_content),
    ROW(DISPOSED, DETECT, CUSTODY, after_disposal),
    ROW(NOT_HOLDER, DETECT, CUSTODY, sealed_by_ben),
    ROW(NOT_OFFERED, DETECT, CUSTODY, accepted_unoffered),
    ROW(VERIFIED_WHAT, DETECT, CUSTODY, verified_against_nothing),
    ROW(OFFER_TO_WHOM, DETECT, CUSTODY, offered_to_nobody),
    ROW(FACT_OF_HOME, DETECT, CASE, of_its_own_compartment),
    ROW(TENANT_UNKNOWN, DETECT, CASE, of_a_tenant_nobody_knows),
    ROW(TENANT_ELSEWHERE, DETECT, CASE, of_a_tenant_elsewhere),
    ROW(NO_CARRIER, DETECT, CASE, by_one_that_is_not_cleared),
    ROW(FACT_INCOMPLETE, DETECT, CASE, declared_without_harm),
    ROW(FACT_AHEAD, DETECT, CASE, of_an_entry_to_come),
    ROW(NOT_OWED, ASSESS, ACKNOWLEDGE, NULL),
    ROW(FACT_DIFFERS, DETECT, CASE, told_otherwise_before),
    ROW(NEEDS_NO_SECOND, ASSESS, PROPOSE, a_note_as_proposal),
    ROW(EXPIRY, ASSESS, PROPOSE, for_no_time),
    ROW(SIGNS_AS_NOTHING, ASSESS, PROPOSE, legal_as_executive),
    ROW(REJECTS_AS_NOTHING, DETECT, REJECT, by_one_who_could_not_sign),
    ROW(PROPOSAL_ENDED, ASSESS, APPROVE, approved_already),
    ROW(PROPOSAL_EXPIRED, ASSESS, APPROVE, too_late),
    ROW(OTHER_TEXT, ASSESS, APPROVE, another_text),
    ROW(SIGNED_ALREADY, ASSESS, APPROVE, by_the_proposer),
    ROW(SIGNER_WITHOUT_ROLE, ASSESS, APPROVE, the_proposer_legal_no_longer),
    ROW(SIGNED_WITH_OLD_KEY, DETECT, APPROVE, the_proposers_key_was_replaced),
    ROW(REASON_IN_CLEAR, DETECT, APPROVE, with_words),
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* ---- what they say -----------------------------------------------------------------------------
 */

Test(refusals, every_one_is_reached_and_changes_nothing)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        struct play play = play_new(row->stage);
        play.part = play.evidence;
        struct desk_order order = play_order(&play, row->op);
        if (row->bend != NULL)
            row->bend(&play, &order);
        cr_assert(play_refuses(&play, order, row->refusal), "row %zu", i);
        const char *sentence = response_refusal_sentence(row->refusal);
        const char *text = play.refused.error.text;
        cr_assert(sentence_fills(text, sentence), "%s\nis not\n%s", text, sentence);
        cr_assert_null(strstr(text, "\"\""), "%s", text);
        cr_assert_null(strchr(text, '{'), "%s", text);
        cr_assert_lt(strlen(text), VG_ERROR_TEXT - 1, "cut: %s", text);
        play_free(&play);
    }
}

Test(refusals, none_is_without_a_row)
{
    for (int refusal = RESPONSE_REFUSED_NOT + 1; refusal < RESPONSE_REFUSALS_END; refusal++) {
        uint32_t found = 0;
        for (size_t i = 0; i < ROWS; i++)
            found += (int)rows[i].refusal == refusal;
        cr_assert_eq(found, 1, "%s", response_refusal_sentence((enum response_refusal)refusal));
    }
}
