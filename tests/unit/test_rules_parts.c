/* SPDX-License-Identifier: Apache-2.0
 * R14 and R27 of what several people write at one incident: findings, plan, tasks, links,
 * corrections. Conflicts of other aspects are in test_response_together.c. */
#include <criterion/criterion.h>

#include "common/text.h"
#include "tests/lib/play.h"

static struct desk_order task(const struct play *play, const char *title)
{
    struct desk_order order = play_order(play, RESPONSE_OP_TASK);
    order.command.task.title = vg_span_text(title);
    return order;
}

static struct desk_order move(const struct play *play, const vg_id *id, uint8_t state)
{
    struct desk_order order = play_order(play, RESPONSE_OP_TASK_MOVE);
    order.command.task_move.task = *id;
    order.command.task_move.state = state;
    return order;
}

static struct desk_order plan(const struct play *play, const char *text)
{
    struct desk_order order = play_order(play, RESPONSE_OP_PLAN);
    order.command.plan.text = vg_span_text(text);
    return order;
}

static struct desk_order note(const struct play *play, uint8_t kind, uint64_t corrects)
{
    struct desk_order order = play_order(play, RESPONSE_OP_NOTE);
    order.command.note.kind = kind;
    order.command.note.corrects = corrects;
    order.command.note.text = vg_span_text("the token was in the build log");
    return order;
}

/* ---- R14: the same thing and different things --------------------------------------------------
 */

/* An incident that the operation may be given for, and what it then says. */
static struct desk_order lawful(struct play *play, enum response_op op)
{
    struct desk_order order = play_order(play, RESPONSE_OP_RESPONSIBILITY);
    order.command.responsibility.responsibility = RESPONSE_CUSTOMER;
    if (op == RESPONSE_OP_REFER)
        play_must(play, order);
    if (op == RESPONSE_OP_ANSWER)
        play_do(play, RESPONSE_OP_CLASSIFY);
    if (op == RESPONSE_OP_AFFECT)
        play_do(play, RESPONSE_OP_DECLARE);
    order = play_order(play, op);
    if (op == RESPONSE_OP_STAGE)
        order.command.stage.stage = RESPONSE_STABILIZE;
    if (op == RESPONSE_OP_ANSWER)
        order.command.answer.match = vg_span_text("scanner-7");
    return order;
}

/* The values of docs/process.md, "Together". */
Test(r14, two_changing_the_same_thing_never_silently_overwrite)
{
    static const struct {
        enum response_op op;
        uint16_t aspect;
    } values[] = {
        {RESPONSE_OP_STAGE, RESPONSE_ASPECT_STAGE},
        {RESPONSE_OP_ASSESS, RESPONSE_ASPECT_SEVERITY},
        {RESPONSE_OP_SEVERITY, RESPONSE_ASPECT_SEVERITY},
        {RESPONSE_OP_CLASSIFY, RESPONSE_ASPECT_CLASSIFICATION},
        {RESPONSE_OP_RESPONSIBILITY, RESPONSE_ASPECT_RESPONSIBILITY},
        {RESPONSE_OP_OWNER, RESPONSE_ASPECT_OWNER},
        {RESPONSE_OP_PLAN, RESPONSE_ASPECT_RECOVERY_PLAN},
        {RESPONSE_OP_RISK, RESPONSE_ASPECT_DATA_RISK},
        {RESPONSE_OP_DECLARE, RESPONSE_ASPECT_DECLARATION},
        {RESPONSE_OP_ANSWER, RESPONSE_ASPECT_ANSWER},
        {RESPONSE_OP_REFER, RESPONSE_ASPECT_REFERRAL},
        {RESPONSE_OP_ATTEST, RESPONSE_ASPECT_CUSTOMER_RISK},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct play play = play_new(RESPONSE_DIAGNOSE);
        struct desk_order order = lawful(&play, values[i].op);
        play_must(&play, order);
        uint64_t revision = play_revision(&play, values[i].aspect);
        struct response_outcome outcome = desk_send(play.desk, &order);
        cr_assert_eq(outcome.refusal, RESPONSE_REFUSED_CONFLICT, "%zu: %s", i, outcome.error.text);
        cr_assert_eq(outcome.conflict.aspect, values[i].aspect, "%zu", i);
        cr_assert_eq(outcome.conflict.current, revision);
        cr_assert_neq(outcome.conflict.value[0], '\0');
        cr_assert_neq(outcome.conflict.proposed[0], '\0');
        cr_assert_eq(play_revision(&play, values[i].aspect), revision);
        play_free(&play);
    }
}

Test(r14, what_only_grows_never_conflicts)
{
    static const enum response_op appends[] = {RESPONSE_OP_NOTE, RESPONSE_OP_EVIDENCE,
                                               RESPONSE_OP_CUSTODY, RESPONSE_OP_COLLABORATE,
                                               RESPONSE_OP_AFFECT};
    for (size_t i = 0; i < sizeof appends / sizeof appends[0]; i++) {
        struct play play = play_new(RESPONSE_DIAGNOSE);
        struct desk_order order = lawful(&play, appends[i]);
        play_tenants(&play, (const char *const[]){"a", "ac", "acm"}, 3);
        for (int round = 0; round < 3; round++) {
            if (appends[i] == RESPONSE_OP_AFFECT)
                order.command.affect.tenant = vg_span_of("acme", (size_t)round + 1);
            struct response_outcome outcome = desk_send(play.desk, &order);
            cr_assert_eq(outcome.error.code, VG_OK, "%zu: %s", i, outcome.error.text);
        }
        play_free(&play);
    }
}

/* Each sets another aspect for the first time, having read none of the others. */
Test(r14, two_changing_different_things_never_conflict)
{
    static const enum response_op ops[] = {
        RESPONSE_OP_RISK, RESPONSE_OP_OWNER, RESPONSE_OP_CLASSIFY, RESPONSE_OP_PLAN,
        RESPONSE_OP_NOTE, RESPONSE_OP_TASK,  RESPONSE_OP_STEP,     RESPONSE_OP_ATTEST};
    struct play play = play_new(RESPONSE_DIAGNOSE);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        struct desk_order order = play_order(&play, ops[i]);
        if (i % 2 == 0)
            order.person = DESK_BEN;
        struct response_outcome outcome = desk_send(play.desk, &order);
        cr_assert_eq(outcome.error.code, VG_OK, "%zu: %s", i, outcome.error.text);
    }
    play_free(&play);
}

/* ---- R14: findings and plan --------------------------------------------------------------------
 */

Test(r14, findings_and_notes_are_apart_and_never_conflict)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    for (uint64_t revision = 1; revision <= 2; revision++) {
        struct desk_order orders[] = {note(&play, RESPONSE_FINDING, 0),
                                      note(&play, RESPONSE_NOTE, 0)};
        for (size_t i = 0; i < 2; i++) {
            orders[i].person = revision == 1 ? DESK_ANN : DESK_BEN;
            cr_assert_eq(desk_send(play.desk, &orders[i]).error.code, VG_OK);
        }
        cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_FINDING,
                             .aspect = RESPONSE_ASPECT_FINDINGS, .revision = revision,
                             .text = "the token was in the build log", .by = orders[0].person));
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_NOTE, .aspect = RESPONSE_ASPECT_NOTES,
                             .revision = revision, .text = "the token was in the build log",
                             .by = orders[1].person));
    }
    play_free(&play);
}

Test(r14, a_recovery_plan_is_worked_on_in_diagnose_and_stabilize)
{
    for (unsigned stage = RESPONSE_DETECT; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        struct desk_order order = plan(&play, "rebuild build-7\nthen rotate");
        if (stage < RESPONSE_DIAGNOSE) {
            cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_PLANNED_TOO_EARLY));
        } else {
            play_must(&play, order);
            cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_PLAN,
                                 .aspect = RESPONSE_ASPECT_RECOVERY_PLAN, .revision = 1,
                                 .to = "rebuild build-7\xe2\x80\xa6",
                                 .text = "rebuild build-7\nthen rotate"));
        }
        play_free(&play);
    }
}

Test(r14, the_second_of_two_plans_gets_a_conflict_showing_both)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_must(&play, plan(&play, "rebuild build-7"));
    struct desk_order order = plan(&play, "throw build-7 away");
    order.person = DESK_BEN;
    struct response_outcome outcome = desk_send(play.desk, &order);
    cr_assert_eq(outcome.error.code, VG_CONFLICT);
    cr_assert_eq(outcome.refusal, RESPONSE_REFUSED_CONFLICT);
    cr_assert_str_eq(outcome.conflict.value, "rebuild build-7");
    cr_assert_str_eq(outcome.conflict.proposed, "throw build-7 away");
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_RECOVERY_PLAN), 1);
    play_free(&play);
}

/* A sentence has room for the beginning of two values; it never ends in half a character. */
Test(r14, the_sentence_of_a_conflict_of_long_values_is_whole)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    char text[401] = "";
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    play_must(&play, plan(&play, text));
    for (size_t start = 0; start < 2; start++) {
        text[0] = 'x';
        text[1] = 'y';
        struct desk_order order = plan(&play, text + start);
        struct response_outcome outcome = desk_send(play.desk, &order);
        const char *sentence = outcome.error.text;
        cr_assert_eq(outcome.refusal, RESPONSE_REFUSED_CONFLICT);
        cr_assert(vg_utf8_valid(vg_span_text(sentence)), "%s", sentence);
        cr_assert_not_null(strstr(sentence, "then repeat with --expect recovery-plan=1"), "%s",
                           sentence);
        cr_assert_gt(strlen(outcome.conflict.value), 180, "the answer has more of it");
    }
    play_free(&play);
}

/* ---- R14: tasks --------------------------------------------------------------------------------
 */

Test(r14, a_task_is_open_or_somebodys_from_the_start)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id id = play_must(&play, task(&play, "rotate the deploy token"));
    struct response_task open = play_task(&play, &id);
    cr_assert_eq(open.state, RESPONSE_TASK_OPEN);
    cr_assert_eq(open.number, 1);
    cr_assert_eq(open.kind, RESPONSE_TASK_WORK);
    cr_assert(vg_id_is_zero(&open.owner));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_TASK, .aspect = RESPONSE_ASPECT_TASK,
                         .revision = 1, .to = "open", .text = "rotate the deploy token"));
    struct desk_order order = task(&play, "call acme");
    order.command.task.owner = desk_author(play.desk, DESK_BEN);
    order.command.task.due_at = play.desk->time_ms + 60000;
    id = play_must(&play, order);
    struct response_task bens = play_task(&play, &id);
    cr_assert_eq(bens.state, RESPONSE_TASK_CLAIMED);
    cr_assert_eq(bens.number, 2);
    cr_assert_eq(bens.due_at, play.desk->time_ms + 60000);
    cr_assert(vg_id_equal(&bens.owner, &order.command.task.owner));
    cr_assert(play_says(play_event(&play, 1).to, "claimed"));
    play_free(&play);
}

/* Rows from, columns to: open, claimed, done, dropped. */
static const bool task_edges[4][4] = {
    /* open */ {false, true, true, true},
    /* claimed */ {true, true, true, true},
    /* done */ {true, false, false, false},
    /* dropped */ {true, false, false, false},
};

Test(r14, a_task_goes_along_these_edges_and_no_others)
{
    for (uint8_t from = RESPONSE_TASK_OPEN; from <= RESPONSE_TASK_DROPPED; from++) {
        for (uint8_t to = RESPONSE_TASK_OPEN; to <= RESPONSE_TASK_DROPPED; to++) {
            struct play play = play_new(RESPONSE_DIAGNOSE);
            vg_id id = play_must(&play, task(&play, "rotate the deploy token"));
            if (from != RESPONSE_TASK_OPEN)
                play_must(&play, move(&play, &id, from));
            if (task_edges[from - 1][to - 1]) {
                play_must(&play, move(&play, &id, to));
                cr_assert_eq(play_task(&play, &id).state, to);
                cr_assert_eq(play_incident(&play).tasks_open, to <= RESPONSE_TASK_CLAIMED);
                cr_assert(play_says(play_event(&play, 1).from,
                                    response_word(response_task_states, from)));
            } else {
                cr_assert(play_refuses(&play, move(&play, &id, to), RESPONSE_REFUSED_TASK_EDGE),
                          "%d to %d", from, to);
            }
            play_free(&play);
        }
    }
}

Test(r14, claiming_for_nobody_is_for_oneself_and_opening_takes_the_owner_away)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    vg_id id = play_must(&play, task(&play, "rotate the deploy token"));
    struct desk_order order = move(&play, &id, RESPONSE_TASK_CLAIMED);
    play_must(&play, order);
    struct response_task found = play_task(&play, &id);
    cr_assert(vg_id_equal(&found.owner, &ann));
    order.command.task_move.owner = ben;
    play_must(&play, order);
    found = play_task(&play, &id);
    cr_assert(vg_id_equal(&found.owner, &ben));
    play_must(&play, move(&play, &id, RESPONSE_TASK_OPEN));
    found = play_task(&play, &id);
    cr_assert(vg_id_is_zero(&found.owner));
    play_free(&play);
}

Test(r14, owners_of_tasks_are_people_who_are_here)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id id = play_must(&play, task(&play, "rotate the deploy token"));
    struct desk_order orders[] = {task(&play, "another"), move(&play, &id, RESPONSE_TASK_CLAIMED)};
    play_expel(&play, DESK_BEN);
    const vg_id others[] = {play.incident, desk_author(play.desk, DESK_BEN)};
    for (size_t i = 0; i < 2; i++) {
        orders[0].command.task.owner = orders[1].command.task_move.owner = others[i];
        for (size_t k = 0; k < 2; k++)
            cr_assert(play_refuses(&play, orders[k], RESPONSE_REFUSED_NO_PERSON));
    }
    play_free(&play);
}

Test(r14, two_who_move_different_tasks_never_conflict_and_the_same_one_do)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id ids[] = {play_must(&play, task(&play, "one")), play_must(&play, task(&play, "two"))};
    struct desk_order orders[2];
    for (size_t i = 0; i < 2; i++) {
        orders[i] = move(&play, &ids[i], RESPONSE_TASK_CLAIMED);
        orders[i].expectation_count = 1;
        orders[i].expectations[0] = (struct ledger_expectation){
            .aspect = RESPONSE_ASPECT_TASK, .part = ids[i], .revision = 1};
        play_must(&play, orders[i]);
    }
    orders[0].person = DESK_BEN;
    struct response_outcome outcome = desk_send(play.desk, &orders[0]);
    cr_assert_eq(outcome.refusal, RESPONSE_REFUSED_CONFLICT);
    cr_assert_eq(outcome.conflict.aspect, RESPONSE_ASPECT_TASK);
    cr_assert(vg_id_equal(&outcome.conflict.part, &ids[0]));
    cr_assert_str_eq(outcome.conflict.value, "claimed");
    cr_assert_str_eq(outcome.conflict.proposed, "claimed");
    cr_assert_eq(outcome.conflict.current, 2);
    play_free(&play);
}

Test(r14, tasks_are_moved_after_close_and_none_is_added)
{
    struct play play = play_new(RESPONSE_ASSESS);
    vg_id id = play_must(&play, task(&play, "rotate the deploy token"));
    play_move(&play, RESPONSE_CLOSE);
    cr_assert(play_refuses(&play, task(&play, "another"), RESPONSE_REFUSED_CLOSED));
    play_must(&play, move(&play, &id, RESPONSE_TASK_DONE));
    cr_assert_eq(play_incident(&play).stage, RESPONSE_CLOSE);
    play_free(&play);
}

/* ---- R27: links --------------------------------------------------------------------------------
 */

static struct desk_order link_to(const struct play *play, const vg_id *other, uint8_t kind)
{
    struct desk_order order = play_order(play, RESPONSE_OP_LINK);
    order.command.link.other = *other;
    order.command.link.kind = kind;
    order.command.link.reason = vg_span_text("the same beacon");
    return order;
}

static bool is_linked(const struct play *play, const vg_id *from, const vg_id *to, uint8_t kind,
                      bool back)
{
    const struct desk *desk = play->desk;
    struct response_link link = {.kind = 0};
    for (struct response_link after = link;
         response_link_next(&desk->machine, &desk->genesis.first, from, &after, &link);
         after = link) {
        if (vg_id_equal(&link.other, to) && link.kind == kind && link.back == back)
            return true;
    }
    return false;
}

Test(r27, a_duplicate_is_a_link_and_both_incidents_say_so)
{
    for (uint8_t kind = RESPONSE_LINK_DUPLICATE; kind <= RESPONSE_LINK_CAUSED_BY; kind++) {
        struct play play = play_new(RESPONSE_ASSESS);
        vg_id other = play.incident;
        play_begin(&play, "", RESPONSE_ASSESS);
        vg_id here = play.incident;
        play_must(&play, link_to(&play, &other, kind));
        cr_assert(is_linked(&play, &here, &other, kind, false));
        cr_assert(is_linked(&play, &other, &here, kind, true));
        for (int i = 0; i < 2; i++) {
            char id[VG_ID_TEXT];
            vg_id_format(i == 0 ? &other : &here, id);
            play.incident = i == 0 ? here : other;
            cr_assert_eq(play_incident(&play).links, 1);
            cr_assert_eq(play_incident(&play).stage, RESPONSE_ASSESS, "nothing is merged away");
            cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_LINK,
                                 .aspect = RESPONSE_ASPECT_LINKS, .revision = 1));
            struct response_event event = play_event(&play, 1);
            cr_assert(play_contains(event.text, id));
            cr_assert(play_contains(event.text, "the same beacon"));
            cr_assert(play_contains(
                event.text,
                response_word(i == 0 ? response_link_kinds : response_link_kinds_back, kind)));
        }
        play_free(&play);
    }
}

Test(r27, an_incident_is_not_linked_to_itself)
{
    struct play play = play_new(RESPONSE_ASSESS);
    cr_assert(play_refuses(&play, link_to(&play, &play.incident, RESPONSE_LINK_RELATED),
                           RESPONSE_REFUSED_LINKED_TO_ITSELF));
    play_free(&play);
}

Test(r27, two_incidents_are_linked_in_one_way_once)
{
    struct play play = play_new(RESPONSE_ASSESS);
    vg_id other = play.incident;
    play_begin(&play, "", RESPONSE_ASSESS);
    play_must(&play, link_to(&play, &other, RESPONSE_LINK_RELATED));
    cr_assert(play_refuses(&play, link_to(&play, &other, RESPONSE_LINK_RELATED),
                           RESPONSE_REFUSED_LINKED_ALREADY));
    play_must(&play, link_to(&play, &other, RESPONSE_LINK_CAUSED_BY));
    cr_assert_eq(play_incident(&play).links, 2);
    play_free(&play);
}

Test(r27, a_link_is_to_an_incident_of_the_same_compartment)
{
    static const vg_id elsewhere = {{0xc0, 2}};
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_LABEL);
    order.command.label.compartment = elsewhere;
    play_must(&play, order);
    order = play_order(&play, RESPONSE_OP_GRANT);
    order.command.grant.compartment = elsewhere;
    order.command.grant.give = RESPONSE_ROLE_RESPONDER;
    play_must(&play, order);
    order = desk_detect("there", "");
    order.compartment = elsewhere;
    vg_id there = desk_send(play.desk, &order).id;
    cr_assert(play_refuses(&play, link_to(&play, &there, RESPONSE_LINK_RELATED),
                           RESPONSE_REFUSED_NO_INCIDENT));
    play_free(&play);
}

/* ---- R27: corrections --------------------------------------------------------------------------
 */

Test(r27, a_correction_supersedes_and_the_original_stays)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_NOTE);
    struct response_event original = play_event(&play, 1);
    cr_assert_eq(original.corrected_by, 0);
    play_must(&play, note(&play, RESPONSE_NOTE, original.sequence));
    struct response_event correction = play_event(&play, 1);
    struct response_event after = play_event(&play, 2);
    cr_assert_eq(correction.corrects, original.sequence);
    cr_assert_eq(after.sequence, original.sequence);
    cr_assert_eq(after.corrected_by, correction.sequence);
    cr_assert(play_says(after.text, "odd login \xc3\xa9"), "word for word");
    play_free(&play);
}

Test(r27, a_finding_corrects_too_and_any_entry_may_be_corrected)
{
    struct play play = play_new(RESPONSE_ASSESS);
    uint64_t events = play_incident(&play).events;
    for (uint64_t sequence = 1; sequence <= events; sequence++)
        play_must(&play, note(&play, RESPONSE_FINDING, sequence));
    for (uint64_t sequence = 1; sequence <= events; sequence++) {
        struct response_event event = play_event(&play, 2 * events + 1 - sequence);
        cr_assert_eq(event.corrected_by, events + sequence);
    }
    play_free(&play);
}

Test(r27, what_is_not_there_is_not_corrected)
{
    struct play play = play_new(RESPONSE_ASSESS);
    uint64_t events = play_incident(&play).events;
    cr_assert(
        play_refuses(&play, note(&play, RESPONSE_NOTE, events + 1), RESPONSE_REFUSED_NO_EVENT));
    play_must(&play, note(&play, RESPONSE_NOTE, events));
    play_free(&play);
}

Test(r27, a_closed_incident_takes_notes_links_and_evidence)
{
    struct play play = play_new(RESPONSE_ASSESS);
    vg_id other = play.incident;
    play_begin(&play, "", RESPONSE_CLOSE);
    play_must(&play, note(&play, RESPONSE_NOTE, 0));
    play_must(&play, note(&play, RESPONSE_FINDING, 1));
    play_must(&play, link_to(&play, &other, RESPONSE_LINK_RELATED));
    play.evidence = play_do(&play, RESPONSE_OP_EVIDENCE);
    play_do(&play, RESPONSE_OP_CUSTODY);
    cr_assert_eq(play_incident(&play).stage, RESPONSE_CLOSE);
    play_free(&play);
}
