/* SPDX-License-Identifier: Apache-2.0
 * Drills (R32): signed by an operator and an incident manager, run once by that operator, one at a
 * time, and judged against the targets that were signed. */
#include <criterion/criterion.h>

#include "proto/response/drill.h"
#include "tests/lib/play.h"

static struct response_drill drill_of(const struct play *play, const vg_id *id)
{
    struct response_drill drill;
    cr_assert_eq(response_drill_get(&play->desk->machine, id, &drill), VG_OK);
    return drill;
}

static enum response_drill_state state_of(const struct play *play)
{
    struct response_drill drill = drill_of(play, &play->part);
    return response_drill_state(&drill, play->desk->time_ms);
}

/* A drill of the operator and the manager, running. */
static struct play running(void)
{
    struct play play = play_new(RESPONSE_DETECT);
    play.part = play_drill(&play, DESK_OPERATOR);
    play_do(&play, RESPONSE_OP_DRILL_START);
    return play;
}

static struct response_outcome probe(struct play *play, uint64_t number)
{
    struct desk_order order = play_order(play, RESPONSE_OP_DRILL_PROBE);
    order.command.drill_probe.number = number;
    return play_send(play, order);
}

/* What would pass. */
static struct desk_order ending(const struct play *play)
{
    struct response_drill drill = drill_of(play, &play->part);
    struct desk_order order = play_order(play, RESPONSE_OP_DRILL_END);
    order.command.drill_end.recovery_ms = drill.recovery_target_ms;
    order.command.drill_end.stalled_ms = drill.stalled_target_ms;
    order.command.drill_end.writes = 70;
    order.command.drill_end.reads = 90;
    order.command.drill_end.lost = order.command.drill_end.stale = 0;
    order.command.drill_end.stalled =
        (struct response_lines){2, {vg_span_text("apac 0"), vg_span_text("emea 2")}};
    return order;
}

/* ---- signing -----------------------------------------------------------------------------------
 */

Test(drills, a_drill_has_what_was_signed_and_by_whom)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order drill = play_order(&play, RESPONSE_OP_DRILL);
    drill.command.drill.kind = RESPONSE_DRILL_SLOW_REGION;
    drill.command.drill.region = vg_span_text("emea");
    drill.command.drill.delay_ms = 80;
    drill.command.drill.reason = vg_span_text("quarterly");
    vg_id id = play_must(&play, play_proposing_drill(&play, DESK_OPERATOR, &drill.command));
    struct response_drill found;
    cr_assert_eq(response_drill_get(&play.desk->machine, &id, &found), VG_NOT_FOUND);
    play_must(&play, play_approving_drill(&play, &id));
    found = drill_of(&play, &id);
    vg_id operated_by = desk_author(play.desk, DESK_OPERATOR);
    vg_id seconded_by = desk_author(play.desk, DESK_MANAGER);
    cr_assert_eq(found.kind, RESPONSE_DRILL_SLOW_REGION);
    cr_assert_str_eq(found.region, "emea");
    cr_assert_eq(found.delay_ms, 80);
    cr_assert_eq(found.duration_ms, drill.command.drill.duration_ms);
    cr_assert_str_eq(found.reason, "quarterly");
    cr_assert(vg_id_equal(&found.operated_by, &operated_by));
    cr_assert(vg_id_equal(&found.seconded_by, &seconded_by));
    cr_assert_eq(response_drill_state(&found, play.desk->time_ms), RESPONSE_DRILL_APPROVED);
    play_free(&play);
}

Test(drills, nobody_signs_for_two)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order drill = play_order(&play, RESPONSE_OP_DRILL);
    vg_id id = play_must(&play, play_proposing_drill(&play, DESK_OPERATOR, &drill.command));
    play_grant_in_directory(&play, DESK_OPERATOR, RESPONSE_ROLE_INCIDENT_MANAGER);
    struct desk_order approval = play_approving_drill(&play, &id);
    approval.person = DESK_OPERATOR;
    cr_assert(play_refuses(&play, approval, RESPONSE_REFUSED_SIGNED_ALREADY));
    cr_assert(play_refuses(&play, drill, RESPONSE_REFUSED_NEEDS_TWO));
    play_free(&play);
}

/* A manager of the first compartment's incidents is none of the cluster's. */
Test(drills, the_second_person_manages_incidents_of_the_directory)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order drill = play_order(&play, RESPONSE_OP_DRILL);
    vg_id id = play_must(&play, play_proposing_drill(&play, DESK_OPERATOR, &drill.command));
    struct desk_order approval = play_approving_drill(&play, &id);
    approval.person = DESK_ANN;
    cr_assert(play_refuses(&play, approval, RESPONSE_REFUSED_NO_ROLE));
    play_grant(&play, DESK_ANN, RESPONSE_ROLE_INCIDENT_MANAGER, 0);
    cr_assert(play_refuses(&play, approval, RESPONSE_REFUSED_NO_ROLE));
    play_free(&play);
}

Test(drills, a_proposal_stays_where_what_it_proposes_belongs)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order drill = play_order(&play, RESPONSE_OP_DRILL);
    struct desk_order withdraw = play_order(&play, RESPONSE_OP_WITHDRAW);
    struct desk_order order = play_proposing_drill(&play, DESK_OPERATOR, &drill.command);
    order.compartment = play.desk->genesis.first;
    order.person = DESK_LEGAL;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_BELONGS_ELSEWHERE));
    order = play_proposing_drill(&play, DESK_OPERATOR, &withdraw.command);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_BELONGS_ELSEWHERE));
    order = play_proposing_drill(&play, DESK_OPERATOR, &drill.command);
    order.expectation_count = 1;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_EXPECTS_NOTHING));
    play_free(&play);
}

Test(drills, each_kind_names_what_it_is_of_and_nothing_else)
{
    enum { NODE = 1, REGION = 2, DELAY = 4 };
    static const unsigned lawful[][2] = {
        [RESPONSE_DRILL_LEADER_LOSS] = {0, 0},
        [RESPONSE_DRILL_NODE_LOSS] = {NODE, NODE},
        [RESPONSE_DRILL_ISOLATE] = {NODE, REGION},
        [RESPONSE_DRILL_SLOW_REGION] = {REGION | DELAY, REGION | DELAY},
        [RESPONSE_DRILL_DISK_FULL] = {NODE, NODE}};
    struct play play = play_new(RESPONSE_DETECT);
    for (unsigned kind = 1; kind <= RESPONSE_DRILL_DISK_FULL; kind++) {
        for (unsigned named = 0; named < 8; named++) {
            struct desk_order drill = play_order(&play, RESPONSE_OP_DRILL);
            drill.command.drill.kind = (uint8_t)kind;
            drill.command.drill.node = (named & NODE) != 0;
            drill.command.drill.region = vg_span_text((named & REGION) != 0 ? "emea" : "");
            drill.command.drill.delay_ms = (named & DELAY) != 0 ? 50 : 0;
            struct desk_order order = play_proposing_drill(&play, DESK_OPERATOR, &drill.command);
            if (named == lawful[kind][0] || named == lawful[kind][1])
                play_must(&play, order);
            else
                cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_DRILL_TARGET),
                          "kind %u names %u", kind, named);
        }
    }
    play_free(&play);
}

/* ---- running -----------------------------------------------------------------------------------
 */

Test(drills, only_the_start_tells_nodes_to_take_the_fault_and_only_once)
{
    struct play play = play_new(RESPONSE_DETECT);
    play.part = play_drill(&play, DESK_OPERATOR);
    struct desk_order start = play_order(&play, RESPONSE_OP_DRILL_START);
    start.request = desk_request(play.desk, play.desk->time_ms);
    struct response_outcome outcome = play_send(&play, start);
    cr_assert_eq(outcome.error.code, VG_OK);
    cr_assert(outcome.drills);
    cr_assert(vg_id_equal(&outcome.id, &play.part));
    cr_assert_eq(drill_of(&play, &play.part).start_index, outcome.index);
    outcome = play_send(&play, start);
    cr_assert(outcome.repeated);
    cr_assert_not(outcome.drills);
    cr_assert_not(probe(&play, 1).drills);
    play_free(&play);
}

Test(drills, probes_are_counted_once_each)
{
    static const uint64_t numbers[] = {1, 255, 256, 257, RESPONSE_PROBES_MAX};
    struct play play = running();
    uint8_t bits[RESPONSE_PROBE_BITS / 8];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cr_assert_not(probe(&play, numbers[i]).repeated);
        cr_assert(probe(&play, numbers[i]).repeated);
    }
    cr_assert_eq(drill_of(&play, &play.part).probes, sizeof numbers / sizeof numbers[0]);
    response_drill_probes(&play.desk->machine, &play.part, 1, bits);
    cr_assert_eq(bits[0], 3, "256 and 257 are the first two of the second block");
    response_drill_probes(&play.desk->machine, &play.part, 0, bits);
    cr_assert_eq(bits[0], 2);
    cr_assert_eq(bits[31], 0x80);
    response_drill_probes(&play.desk->machine, &play.part, 7, bits);
    cr_assert_eq(bits[3], 0);
    play_free(&play);
}

Test(drills, it_ends_by_itself_when_its_time_is_over)
{
    struct play play = running();
    struct response_drill drill = drill_of(&play, &play.part);
    play.desk->time_ms = response_drill_over_at(&drill);
    cr_assert_eq(state_of(&play), RESPONSE_DRILL_RUNNING);
    cr_assert_eq(probe(&play, 1).error.code, VG_OK);
    play.desk->time_ms++;
    cr_assert_eq(state_of(&play), RESPONSE_DRILL_UNFINISHED);
    cr_assert(play_refuses(&play, play_order(&play, RESPONSE_OP_DRILL_PROBE),
                           RESPONSE_REFUSED_DRILL_NOT_RUNNING));
    cr_assert(play_refuses(&play, ending(&play), RESPONSE_REFUSED_DRILL_NOT_RUNNING));
    play.part = play_drill(&play, DESK_OPERATOR);
    play_do(&play, RESPONSE_OP_DRILL_START);
    play_free(&play);
}

Test(drills, an_approval_lapses_after_an_hour)
{
    struct play play = play_new(RESPONSE_DETECT);
    play.part = play_drill(&play, DESK_OPERATOR);
    play.desk->time_ms += RESPONSE_DRILL_APPROVED_MS;
    cr_assert_eq(state_of(&play), RESPONSE_DRILL_APPROVED);
    cr_assert_eq(probe(&play, 1).error.code, VG_OK, "what is usual is measured before the start");
    play.desk->time_ms++;
    cr_assert_eq(state_of(&play), RESPONSE_DRILL_LAPSED);
    cr_assert(play_refuses(&play, play_order(&play, RESPONSE_OP_DRILL_PROBE),
                           RESPONSE_REFUSED_DRILL_NOT_RUNNING));
    play_free(&play);
}

/* ---- ending ------------------------------------------------------------------------------------
 */

Test(drills, what_came_of_it_is_kept)
{
    struct play play = running();
    play_must(&play, ending(&play));
    struct response_drill drill = drill_of(&play, &play.part);
    cr_assert_eq(drill.ended_at, play.desk->time_ms);
    cr_assert_eq(drill.writes, 70);
    cr_assert_eq(drill.reads, 90);
    cr_assert(play_says(drill.stalled, "apac 0\nemea 2"));
    cr_assert_eq(state_of(&play), RESPONSE_DRILL_PASSED);
    cr_assert(play_refuses(&play, ending(&play), RESPONSE_REFUSED_DRILL_NOT_RUNNING));
    play_free(&play);
}

static void unrecovered(struct desk_order *order)
{
    order->command.drill_end.recovered = RESPONSE_NO;
}

static void late(struct desk_order *order)
{
    order->command.drill_end.recovery_ms++;
}

static void stalled(struct desk_order *order)
{
    order->command.drill_end.stalled_ms++;
}

static void lost(struct desk_order *order)
{
    order->command.drill_end.lost = 1;
}

static void stale(struct desk_order *order)
{
    order->command.drill_end.stale = 1;
}

Test(drills, each_target_that_is_missed_fails_it)
{
    static void (*const misses[])(struct desk_order * order) = {unrecovered, late, stalled, lost,
                                                                stale};
    for (size_t i = 0; i < sizeof misses / sizeof misses[0]; i++) {
        struct play play = running();
        struct desk_order order = ending(&play);
        misses[i](&order);
        play_must(&play, order);
        cr_assert_eq(state_of(&play), RESPONSE_DRILL_FAILED, "case %zu", i);
        play_free(&play);
    }
}

Test(drills, the_latest_thousand_are_kept_and_their_proposals)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_drill drill;
    struct response_proposal proposal = {.id = {{0}}};
    uint32_t proposals = 0;
    play.part = play_drill(&play, DESK_OPERATOR);
    vg_id first = play.part;
    play_do(&play, RESPONSE_OP_DRILL_START);
    probe(&play, 300);
    for (int i = 1; i < RESPONSE_DRILLS_MAX; i++)
        play_drill(&play, DESK_OPERATOR);
    cr_assert_eq(response_drill_get(&play.desk->machine, &first, &drill), VG_OK);
    play_drill(&play, DESK_OPERATOR);
    cr_assert_eq(response_drill_get(&play.desk->machine, &first, &drill), VG_NOT_FOUND);
    uint8_t bits[RESPONSE_PROBE_BITS / 8];
    response_drill_probes(&play.desk->machine, &first, 1, bits);
    cr_assert_eq(bits[5], 0, "its probes are gone with it");
    while (response_proposal_next(&play.desk->machine, &play.desk->genesis.directory, &proposal.id,
                                  &proposal))
        proposals++;
    cr_assert_eq(proposals, RESPONSE_PROPOSALS_MAX);
    play_free(&play);
}
