/* SPDX-License-Identifier: Apache-2.0
 * Bends of commands about drills, for test_rules_refusals.c alone, which has BEND. */
#ifndef VIGIL_TESTS_UNIT_REFUSED_DRILLS_H
#define VIGIL_TESTS_UNIT_REFUSED_DRILLS_H

/* A drill of this kind is about to be proposed. */
static void about_to_propose_a_drill(struct play *play, struct desk_order *order, uint8_t kind,
                                     uint64_t node)
{
    struct desk_order drill = play_order(play, RESPONSE_OP_DRILL);
    drill.command.drill.kind = kind;
    drill.command.drill.node = node;
    *order = play_proposing_drill(play, DESK_OPERATOR, &drill.command);
}

static void a_leader_of_a_name(struct play *play, struct desk_order *order)
{
    about_to_propose_a_drill(play, order, RESPONSE_DRILL_LEADER_LOSS, 1);
}

static void a_node_of_nowhere(struct play *play, struct desk_order *order)
{
    about_to_propose_a_drill(play, order, RESPONSE_DRILL_NODE_LOSS, 999);
}

/* A drill is approved, and about to be started. */
static void about_to_start(struct play *play, struct desk_order *order)
{
    play->part = play_drill(play, DESK_OPERATOR);
    *order = play_order(play, RESPONSE_OP_DRILL_START);
}

static void unapproved(struct play *play, struct desk_order *order)
{
    struct desk_order proposal;
    about_to_propose_a_drill(play, &proposal, RESPONSE_DRILL_LEADER_LOSS, 0);
    play->part = play_must(play, proposal);
    *order = play_order(play, RESPONSE_OP_DRILL_START);
}

static void by_another_operator(struct play *play, struct desk_order *order)
{
    play_grant_in_directory(play, DESK_BEN, RESPONSE_ROLE_OPERATOR);
    about_to_start(play, order);
    order->person = DESK_BEN;
}

static void started_before(struct play *play, struct desk_order *order)
{
    about_to_start(play, order);
    play_must(play, *order);
}

static void approved_long_ago(struct play *play, struct desk_order *order)
{
    about_to_start(play, order);
    play->desk->time_ms += RESPONSE_DRILL_APPROVED_MS + 1;
}

static void beside_another(struct play *play, struct desk_order *order)
{
    started_before(play, order);
    about_to_start(play, order);
}

static void end_before_the_start(struct play *play, struct desk_order *order)
{
    play->part = play_drill(play, DESK_OPERATOR);
    *order = play_order(play, RESPONSE_OP_DRILL_END);
}

#endif
