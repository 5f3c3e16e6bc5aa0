/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/story.h"

#include "common/text.h"

const vg_id story_second = {{0xc0, 2}};

void story_tell(struct desk *desk)
{
    struct desk_order order = {.compartment = desk->genesis.directory};
    order.command.op = RESPONSE_OP_LABEL;
    order.command.label.compartment = story_second;
    order.command.label.name = vg_span_text("second");
    desk_send(desk, &order);
    order.command.label.name = vg_span_text("renamed");
    desk_send(desk, &order);
    order.command.op = RESPONSE_OP_PERSON;
    order.command.person.person = desk->genesis.people[DESK_ANN].id;
    order.command.person.name = vg_span_text("Ann");
    desk_send(desk, &order);
    desk_noop(desk);
    order = desk_detect("odd login", "ids:1");
    vg_id id = desk_send(desk, &order).id;
    order = desk_detect("odd login again", "ids:1");
    order.person = DESK_BEN;
    order.compartment = story_second;
    desk_send(desk, &order);
    order.compartment = desk->genesis.first;
    desk_send(desk, &order);
    desk->time_ms += 90000;
    order = desk_stage(&id, RESPONSE_CLOSE, 1);
    desk_send(desk, &order);
    order = desk_stage(&id, RESPONSE_ASSESS, 0);
    desk_send(desk, &order);
    order = desk_stage(&id, RESPONSE_ASSESS, 1);
    desk_send(desk, &order);
    order = desk_note(&id, "called the owner");
    order.request = desk_request(desk, desk->time_ms);
    desk_send(desk, &order);
    desk_send(desk, &order);
    order = desk_import("A-1", "{\"incident_id\":\"A-1\"}");
    order.command.import.timeline = vg_span_text("discovery: 2 days\ncontainment: 1 hour");
    desk_send(desk, &order);
    desk_send(desk, &order);
    order = desk_stage(&id, RESPONSE_CLOSE, 2);
    desk_send(desk, &order);
    desk->time_ms += 8 * 24 * 3600 * (uint64_t)1000;
    order = desk_detect("late", "ids:1");
    desk_send(desk, &order);
}

static void tell_of_a_drill(struct play *play)
{
    play->part = play_drill(play, DESK_OPERATOR);
    play_do(play, RESPONSE_OP_DRILL_START);
    play_do(play, RESPONSE_OP_DRILL_PROBE);
    struct desk_order order = play_order(play, RESPONSE_OP_DRILL_END);
    order.command.drill_end.stalled = (struct response_lines){1, {vg_span_text("emea 412")}};
    play_must(play, order);
}

struct play story_tell_all(void)
{
    static const enum response_op working[] = {
        RESPONSE_OP_PROCEDURE, RESPONSE_OP_ENROLL,   RESPONSE_OP_RISK,
        RESPONSE_OP_OWNER,     RESPONSE_OP_SEVERITY, RESPONSE_OP_RESPONSIBILITY,
        RESPONSE_OP_DECLARE,   RESPONSE_OP_AFFECT,   RESPONSE_OP_COLLABORATE,
        RESPONSE_OP_PLAN,      RESPONSE_OP_NOTE};
    struct play play = play_new(RESPONSE_DIAGNOSE);
    story_tell(play.desk);
    for (size_t i = 0; i < sizeof working / sizeof working[0]; i++)
        play_do(&play, working[i]);
    play.part = play_do(&play, RESPONSE_OP_TASK);
    struct desk_order order = play_order(&play, RESPONSE_OP_TASK_MOVE);
    order.command.task_move.state = RESPONSE_TASK_CLAIMED;
    play_must(&play, order);
    play.part = play_do(&play, RESPONSE_OP_STEP);
    order = play_order(&play, RESPONSE_OP_STEP_MOVE);
    order.command.step_move.state = RESPONSE_STEP_DONE;
    play_must(&play, order);
    order = play_order(&play, RESPONSE_OP_CUSTODY);
    order.command.custody.action = RESPONSE_OFFER;
    order.command.custody.to = desk_author(play.desk, DESK_BEN);
    play_must(&play, order);
    play_withdraw(&play);
    tell_of_a_drill(&play);
    return play;
}
