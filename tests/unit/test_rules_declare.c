/* SPDX-License-Identifier: Apache-2.0
 * R11 and R12, sentence by sentence: declaration, its withdrawal, affected tenants. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "proto/response/tenants.h"
#include "tests/lib/play.h"

static const uint8_t reportable[] = {RESPONSE_SECURITY_INCIDENT, RESPONSE_PRIVACY_INCIDENT};

/* By the manager, with all that is wanted said. */
static struct desk_order declaration(const struct play *play)
{
    struct desk_order order = play_order(play, RESPONSE_OP_DECLARE);
    order.command.declare.reason = vg_span_text("the archive was copied out");
    order.command.declare.impact = vg_span_text("mail of two customers");
    order.command.declare.resources = vg_span_text("archive-3");
    order.command.declare.repair = vg_span_text("keys are rotated");
    return order;
}

static struct desk_order severity(const struct play *play, uint8_t to)
{
    struct desk_order order = play_order(play, RESPONSE_OP_SEVERITY);
    order.command.severity.severity = to;
    return order;
}

static uint32_t tenants_of(const struct play *play, struct response_affected out[4])
{
    const struct desk *desk = play->desk;
    vg_id after = {{0}};
    uint32_t count = 0;
    while (count < 4 && response_affected_next(&desk->machine, &desk->genesis.first,
                                               &play->incident, &after, &out[count]))
        after = out[count++].tenant;
    return count;
}

/* ---- R11 ---------------------------------------------------------------------------------------
 */

Test(r11, reportable_classes_are_set_by_declaration_alone)
{
    struct play play = play_new(RESPONSE_ASSESS);
    for (size_t i = 0; i < 2; i++) {
        struct desk_order order = play_order(&play, RESPONSE_OP_CLASSIFY);
        order.command.classify.class_ = reportable[i];
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_BY_DECLARATION));
        order = declaration(&play);
        order.command.declare.class_ = reportable[i];
        play_must(&play, order);
        cr_assert_eq(play_incident(&play).class_, reportable[i]);
        cr_assert_eq(play_incident(&play).declared_at, play.desk->time_ms);
        play_withdraw(&play);
    }
    play_free(&play);
}

Test(r11, a_declaration_is_of_no_other_class)
{
    static const uint8_t others[] = {RESPONSE_FALSE_POSITIVE, RESPONSE_SECURITY_EVENT,
                                     RESPONSE_PRIVACY_EVENT};
    struct play play = play_new(RESPONSE_ASSESS);
    for (size_t i = 0; i < 3; i++) {
        struct desk_order order = declaration(&play);
        order.command.declare.class_ = others[i];
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_DECLARED_CLASS));
    }
    play_free(&play);
}

Test(r11, it_needs_harm)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = declaration(&play);
    order.command.declare.harm = 0;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_DECLARED_WITHOUT_HARM));
    for (const struct response_word *harm = response_harms; harm->text != NULL; harm++) {
        order = declaration(&play);
        order.command.declare.harm = (uint8_t)harm->number;
        play_must(&play, order);
        cr_assert_eq(play_incident(&play).harm, harm->number);
        play_withdraw(&play);
    }
    play_free(&play);
}

Test(r11, and_access_that_has_or_has_likely_occurred_or_a_duty_or_both)
{
    static const struct {
        uint8_t access;
        const char *duty;
    } grounds[] = {{RESPONSE_LIKELY, ""},
                   {RESPONSE_OCCURRED, ""},
                   {0, "GDPR art. 33"},
                   {RESPONSE_OCCURRED, "GDPR art. 33"}};
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = declaration(&play);
    order.command.declare.likelihood = 0;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_DECLARED_WITHOUT_GROUND));
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++) {
        order = declaration(&play);
        order.command.declare.likelihood = grounds[i].access;
        order.command.declare.duty = vg_span_text(grounds[i].duty);
        play_must(&play, order);
        cr_assert_eq(play_incident(&play).likelihood, grounds[i].access);
        cr_assert_str_eq(play_incident(&play).duty, grounds[i].duty);
        play_withdraw(&play);
    }
    play_free(&play);
}

Test(r11, it_cites_evidence_of_the_incident_as_every_change_of_class)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = declaration(&play);
    order.command.declare.evidence.count = 0;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_CLASS_WITHOUT_EVIDENCE));
    order.command.declare.evidence = (struct response_ids){1, {play.incident}};
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_EVIDENCE));
    play_free(&play);
}

Test(r11, what_is_wanted_and_missing_becomes_follow_up_work)
{
    static const char *const titles[] = {"Find out the customer impact (R11)",
                                         "Find out which resources were accessed (R11)",
                                         "Say which repair steps are taken (R11)"};
    for (unsigned missing = 0; missing < 8; missing++) {
        struct play play = play_new(RESPONSE_ASSESS);
        struct desk_order order = declaration(&play);
        vg_span *const wants[] = {&order.command.declare.impact, &order.command.declare.resources,
                                  &order.command.declare.repair};
        struct response_task task = {.id = {{0}}};
        unsigned found = 0;
        for (unsigned i = 0; i < 3; i++)
            wants[i]->size = (missing >> i & 1) != 0 ? 0 : wants[i]->size;
        play_must(&play, order);
        for (vg_id after = {{0}}; response_task_next(&play.desk->machine, &play.desk->genesis.first,
                                                     &play.incident, &after, &task);
             after = task.id) {
            cr_assert_eq(task.kind, RESPONSE_TASK_FOLLOW_UP);
            cr_assert_eq(task.state, RESPONSE_TASK_OPEN);
            for (unsigned i = 0; i < 3; i++)
                found |= strcmp(task.title, titles[i]) == 0 ? 1U << i : 0;
        }
        cr_assert_eq(found, missing);
        cr_assert_eq(play_incident(&play).tasks, (missing & 1) + (missing >> 1 & 1) + missing / 4);
        cr_assert_eq(play_incident(&play).tasks_open, play_incident(&play).tasks);
        play_free(&play);
    }
}

Test(r11, it_is_allowed_at_any_stage)
{
    for (unsigned stage = RESPONSE_DETECT; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        play_must(&play, declaration(&play));
        cr_assert_neq(play_incident(&play).declared_at, 0);
        cr_assert_eq(play_incident(&play).stage, stage, "it moves nothing");
        play_free(&play);
    }
}

Test(r11, a_closed_incident_is_reopened_by_it)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_attest_all(&play);
    play_move(&play, RESPONSE_CLOSE);
    struct desk_order order = declaration(&play);
    struct response_outcome outcome = desk_send(play.desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK, "by rule: nothing is expected of the stage");
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.stage, RESPONSE_DIAGNOSE);
    cr_assert_eq(incident.closed_at, 0);
    cr_assert_eq(incident.disposition, 0);
    cr_assert_eq(incident.attested, 0);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_REOPEN, .aspect = RESPONSE_ASPECT_STAGE,
                         .revision = 5, .from = "close", .to = "diagnose",
                         .text = "reopened by the declaration (R11, R25)", .by = DESK_MANAGER));
    cr_assert(play_says(play_event(&play, 1).procedure, "vigil-1"));
    cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_ATTEST,
                         .aspect = RESPONSE_ASPECT_CORRECTIVE_MEASURES, .revision = 2,
                         .from = "yes", .to = "no", .by = DESK_MANAGER));
    play_free(&play);
}

Test(r11, it_is_an_incident_managers_to_give)
{
    struct play play = play_new(RESPONSE_ASSESS);
    for (int person = 0; person < DESK_PEOPLE; person++) {
        struct desk_order order = declaration(&play);
        order.person = (enum desk_person)person;
        enum response_refusal refusal =
            person == DESK_STRANGER ? RESPONSE_REFUSED_NO_COMPARTMENT : RESPONSE_REFUSED_NO_ROLE;
        if (person != DESK_MANAGER)
            cr_assert(play_refuses(&play, order, refusal), "person %d", person);
    }
    play_must(&play, declaration(&play));
    play_free(&play);
}

Test(r11, what_it_says_is_kept)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = declaration(&play);
    play_tenants(&play, (const char *const[]){"globex"}, 1);
    order.command.declare.harm = RESPONSE_HARM_LOSS | RESPONSE_HARM_DISCLOSURE;
    order.command.declare.duty = vg_span_text("GDPR art. 33");
    order.command.declare.tenants =
        (struct response_lines){2, {vg_span_text("acme"), vg_span_text("globex")}};
    play_must(&play, order);
    cr_assert(PLAY_TELLS(&play, 3, .kind = RESPONSE_EVENT_DECLARE,
                         .aspect = RESPONSE_ASPECT_DECLARATION, .revision = 1,
                         .to = "declared (loss, disclosure)", .by = DESK_MANAGER,
                         .text = "the archive was copied out\nunauthorized access: occurred\n"
                                 "duty: GDPR art. 33\ncustomer impact: mail of two customers\n"
                                 "resources accessed: archive-3\nrepair steps: keys are rotated\n"
                                 "affected tenant: acme\naffected tenant: globex\nrests on E1"));
    cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_CLASSIFY,
                         .aspect = RESPONSE_ASPECT_CLASSIFICATION, .revision = 1,
                         .to = "security-incident", .text = "the archive was copied out",
                         .by = DESK_MANAGER));
    play_free(&play);
}

/* Every text as long as it may be, with as many tenants: its event is read again like any other. */
Test(r11, the_longest_declaration_can_be_read)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = declaration(&play);
    char *text = malloc(VG_TEXT_MAX);
    char names[RESPONSE_LINES_MAX][VG_NAME_MAX + 1];
    memset(text, 'x', VG_TEXT_MAX);
    memset(names, 'x', sizeof names);
    vg_span long_text = vg_span_of(text, VG_TEXT_MAX);
    order.command.declare.reason = order.command.declare.impact = long_text;
    order.command.declare.resources = order.command.declare.repair = long_text;
    order.command.declare.duty = vg_span_of(text, VG_TITLE_MAX);
    order.command.declare.tenants.count = RESPONSE_LINES_MAX;
    for (uint8_t i = 0; i < RESPONSE_LINES_MAX; i++) {
        names[i][0] = (char)('A' + i);
        names[i][VG_NAME_MAX] = '\0';
        play_tenants(&play, (const char *const[]){names[i]}, 1);
        order.command.declare.tenants.lines[i] = vg_span_of(names[i], VG_NAME_MAX);
    }
    play_must(&play, order);
    cr_assert_gt(play_event(&play, 3).text.size, 4 * VG_TEXT_MAX + 32 * VG_NAME_MAX);
    cr_assert_eq(play_incident(&play).tenants, RESPONSE_LINES_MAX);
    free(text);
    play_free(&play);
}

Test(r11, an_incident_is_declared_once)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    cr_assert(play_refuses(&play, declaration(&play), RESPONSE_REFUSED_DECLARED_ALREADY));
    play_free(&play);
}

/* ---- R12: what declaring does ------------------------------------------------------------------
 */

Test(r12, declaring_raises_severity_to_at_least_sev1_and_p1)
{
    static const struct {
        uint8_t before, after;
    } cases[] = {{RESPONSE_SEV4, RESPONSE_SEV1},
                 {RESPONSE_SEV2, RESPONSE_SEV1},
                 {RESPONSE_SEV1, RESPONSE_SEV1},
                 {RESPONSE_SEV0, RESPONSE_SEV0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        play_must(&play, severity(&play, cases[i].before));
        struct desk_order order = declaration(&play);
        struct response_outcome outcome = desk_send(play.desk, &order);
        cr_assert_eq(outcome.error.code, VG_OK, "by rule: nothing is expected of the severity");
        cr_assert_eq(play_incident(&play).severity, cases[i].after);
        cr_assert_eq(play_incident(&play).priority, cases[i].after);
        bool raised = cases[i].before != cases[i].after;
        cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_SEVERITY), 2 + raised);
        cr_assert(!raised ||
                  PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_SEVERITY,
                             .aspect = RESPONSE_ASPECT_SEVERITY, .revision = 3,
                             .from = i == 0 ? "sev4 p4" : "sev2 p2", .to = "sev1 p1",
                             .text = "raised with the declaration (R12)", .by = DESK_MANAGER));
        play_free(&play);
    }
}

Test(r12, a_declared_incident_stays_at_least_sev1)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    for (uint8_t to = RESPONSE_SEV2; to <= RESPONSE_SEV4; to++)
        cr_assert(play_refuses(&play, severity(&play, to), RESPONSE_REFUSED_DECLARED_FLOOR));
    play_must(&play, severity(&play, RESPONSE_SEV0));
    play_do(&play, RESPONSE_OP_ASSESS);
    cr_assert_eq(play_incident(&play).severity, RESPONSE_SEV1, "an assessment too");
    cr_assert_eq(play_incident(&play).priority, 2);
    play_withdraw(&play);
    play_must(&play, severity(&play, RESPONSE_SEV4));
    play_free(&play);
}

Test(r12, its_class_stays_declared)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    cr_assert(play_refuses(&play, play_order(&play, RESPONSE_OP_CLASSIFY),
                           RESPONSE_REFUSED_CLASS_IS_DECLARED));
    play_free(&play);
}

/* ---- R12: affected tenants ---------------------------------------------------------------------
 */

Test(r12, every_affected_tenant_counts_from_the_declaration)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct response_affected tenants[4];
    play_tenants(&play, (const char *const[]){"globex"}, 1);
    struct desk_order order = declaration(&play);
    order.command.declare.tenants =
        (struct response_lines){2, {vg_span_text("globex"), vg_span_text("acme")}};
    play_must(&play, order);
    cr_assert_eq(tenants_of(&play, tenants), 2);
    cr_assert_eq(play_incident(&play).tenants, 2);
    cr_assert_str_eq(tenants[0].name, "acme");
    cr_assert_str_eq(tenants[1].name, "globex");
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(tenants[i].added_at, play_incident(&play).declared_at);
    play_free(&play);
}

Test(r12, a_tenant_found_later_counts_from_when_it_is_added)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct response_affected tenants[4];
    play_tenants(&play, (const char *const[]){"globex"}, 1);
    struct desk_order order = declaration(&play);
    order.command.declare.tenants = (struct response_lines){1, {vg_span_text("acme")}};
    play_must(&play, order);
    uint64_t declared_at = play.desk->time_ms;
    play.desk->time_ms += 5000;
    order = play_order(&play, RESPONSE_OP_AFFECT);
    order.command.affect.tenant = vg_span_text("globex");
    order.command.affect.reason = vg_span_text("their rows were in the copy");
    play_must(&play, order);
    cr_assert_eq(tenants_of(&play, tenants), 2);
    cr_assert_eq(tenants[0].added_at, declared_at);
    cr_assert_eq(tenants[1].added_at, declared_at + 5000);
    cr_assert_eq(play_incident(&play).declared_at, declared_at);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_TENANT, .aspect = RESPONSE_ASPECT_TENANTS,
                         .revision = 1, .by = DESK_MANAGER,
                         .text = "affected tenant: globex\ntheir rows were in the copy"));
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_TENANT_KNOWN));
    play_free(&play);
}

Test(r12, only_a_declared_incident_affects_tenants)
{
    struct play play = play_new(RESPONSE_ASSESS);
    cr_assert(
        play_refuses(&play, play_order(&play, RESPONSE_OP_AFFECT), RESPONSE_REFUSED_NOT_DECLARED));
    play_free(&play);
}

/* The clock of a tenant starts with the declaration that stands. */
Test(r12, a_new_declaration_has_the_tenants_that_it_names)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct response_affected tenants[4];
    play_tenants(&play, (const char *const[]){"globex"}, 1);
    struct desk_order order = declaration(&play);
    order.command.declare.tenants =
        (struct response_lines){2, {vg_span_text("acme"), vg_span_text("globex")}};
    play_must(&play, order);
    play_withdraw(&play);
    play.desk->time_ms += 5000;
    order = declaration(&play);
    order.command.declare.tenants = (struct response_lines){1, {vg_span_text("acme")}};
    play_must(&play, order);
    cr_assert_eq(play_incident(&play).tenants, 1);
    cr_assert_eq(tenants_of(&play, tenants), 1);
    cr_assert_str_eq(tenants[0].name, "acme");
    cr_assert_eq(tenants[0].added_at, play_incident(&play).declared_at);
    order = play_order(&play, RESPONSE_OP_AFFECT);
    order.command.affect.tenant = vg_span_text("globex");
    play_must(&play, order);
    cr_assert_eq(play_incident(&play).tenants, 2);
    play_free(&play);
}

/* ---- R12: withdrawal ---------------------------------------------------------------------------
 */

Test(r12, a_declaration_is_not_withdrawn_by_one_person)
{
    static const enum desk_person signers[] = {DESK_LEGAL, DESK_EXECUTIVE, DESK_MANAGER};
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    for (size_t i = 0; i < 3; i++) {
        struct desk_order order = play_order(&play, RESPONSE_OP_WITHDRAW);
        order.person = signers[i];
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NEEDS_TWO));
    }
    play_free(&play);
}

Test(r12, two_people_withdraw_it_and_the_class_is_what_it_was)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order class_ = play_order(&play, RESPONSE_OP_CLASSIFY);
    class_.command.classify.class_ = RESPONSE_SECURITY_EVENT;
    class_.command.classify.ground = RESPONSE_CIRCUMVENTION;
    play_must(&play, class_);
    play_must(&play, declaration(&play));
    cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_CLASSIFY,
                         .aspect = RESPONSE_ASPECT_CLASSIFICATION, .revision = 2,
                         .from = "security-event (circumvention)", .to = "security-incident",
                         .by = DESK_MANAGER));
    play.desk->time_ms += 5000;
    play_withdraw(&play);
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.class_, RESPONSE_SECURITY_EVENT);
    cr_assert_eq(incident.ground, RESPONSE_CIRCUMVENTION);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_CLASSIFY,
                         .aspect = RESPONSE_ASPECT_CLASSIFICATION, .revision = 3,
                         .from = "security-incident", .to = "security-event (circumvention)",
                         .text = "as before the declaration (R12)", .by = DESK_LEGAL));
    play_free(&play);
}

Test(r12, the_clock_ends_withdrawn_and_stays_visible)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    play.desk->time_ms += 5000;
    play_withdraw(&play);
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.declared_at, 0);
    cr_assert_eq(incident.withdrawn_at, play.desk->time_ms);
    cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_WITHDRAW,
                         .aspect = RESPONSE_ASPECT_DECLARATION, .revision = 2,
                         .from = "declared (access)", .to = "withdrawn", .by = DESK_LEGAL));
    play_free(&play);
}

Test(r12, an_incident_without_a_class_has_none_again)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    play_withdraw(&play);
    cr_assert_eq(play_incident(&play).class_, 0);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_CLASSIFY,
                         .aspect = RESPONSE_ASPECT_CLASSIFICATION, .revision = 2,
                         .from = "security-incident", .to = "unclassified", .by = DESK_LEGAL));
    play_free(&play);
}

Test(r12, both_give_reasons)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    struct desk_order withdraw = play_order(&play, RESPONSE_OP_WITHDRAW);
    withdraw.command.withdraw.reason = vg_span_text("");
    cr_assert(play_misses(&play, play_proposing(&play, DESK_LEGAL, &withdraw.command), "reason"));
    vg_id proposal = play_propose(&play, DESK_LEGAL);
    struct desk_order approval = play_approval(&play, DESK_EXECUTIVE, &proposal);
    approval.command.approve.reason = vg_span_text("");
    cr_assert(play_misses(&play, approval, "reason"));
    play_free(&play);
}

Test(r12, there_is_nothing_to_withdraw_where_nothing_stands)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order withdraw = play_order(&play, RESPONSE_OP_WITHDRAW);
    cr_assert(play_refuses(&play, play_proposing(&play, DESK_LEGAL, &withdraw.command),
                           RESPONSE_REFUSED_NOT_DECLARED));
    play_free(&play);
}

Test(r12, what_was_withdrawn_may_be_declared_anew)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, declaration(&play));
    play_withdraw(&play);
    play.desk->time_ms += 5000;
    play_must(&play, declaration(&play));
    cr_assert_eq(play_incident(&play).declared_at, play.desk->time_ms);
    cr_assert_eq(play_incident(&play).withdrawn_at, 0);
    play_free(&play);
}
