/* SPDX-License-Identifier: Apache-2.0
 * Marks and checkpoints, sentence by sentence: where marks are, whose checkpoints are taken, which
 * state counts, and what each node sees of it and owes. */
#include <criterion/criterion.h>

#include "proto/response/checkpoint.h"
#include "proto/response/standing.h"
#include "tests/lib/play.h"

static const vg_node_id one = {1}, two = {2}, three = {3}, four = {4};

static const vg_id *home(const struct play *play)
{
    return &play->desk->genesis.first;
}

static uint64_t last_index(const struct play *play)
{
    return ledger_tail_last(play->desk->log);
}

static uint32_t mark_count(const struct play *play)
{
    struct response_mark mark = {.index = 0};
    uint32_t count = 0;
    while (response_mark_next(&play->desk->machine, home(play), &mark))
        count++;
    return count;
}

static struct response_mark last_mark(const struct play *play)
{
    struct response_mark mark = {.index = 0};
    while (response_mark_next(&play->desk->machine, home(play), &mark))
        ;
    return mark;
}

static struct response_accord accord_of(const struct play *play)
{
    struct response_accord accord;
    response_accord_get(&play->desk->machine, home(play), &accord);
    return accord;
}

static void note(struct play *play)
{
    play_must(play, desk_note(&play->incident, "one more"));
}

/* A mark with the next command. */
static struct response_mark make_mark(struct play *play)
{
    play->desk->time_ms += RESPONSE_MARK_MS;
    note(play);
    cr_assert_eq(last_mark(play).index, last_index(play));
    return last_mark(play);
}

/* The first command of a compartment begins the time of its marks. */
static struct play begun(void)
{
    return play_new(RESPONSE_DETECT);
}

/* What a node says: what is here at the mark, or another state. */
static struct desk_order checkpoint(const struct response_mark *mark, uint8_t other)
{
    struct desk_order order = {.person = DESK_NODE, .command = {.op = RESPONSE_OP_CHECKPOINT}};
    order.command.checkpoint.mark = mark->index;
    order.command.checkpoint.hash = mark->hash;
    order.command.checkpoint.hash.bytes[0] ^= other;
    order.command.checkpoint.accepted = mark->accepted;
    order.command.checkpoint.refused = mark->refused;
    return order;
}

static void said_by(struct play *play, vg_node_id node, const struct response_mark *mark,
                    uint8_t other)
{
    struct desk_order order = checkpoint(mark, other);
    order.node = node;
    play_must(play, order);
}

/* ---- marks -------------------------------------------------------------------------------------
 */

Test(marks, one_is_made_after_so_many_commands)
{
    struct play play = begun();
    uint32_t before = 0;
    while (mark_count(&play) == 0) {
        note(&play);
        before++;
        cr_assert_leq(before, RESPONSE_MARK_COMMANDS);
    }
    cr_assert_eq(last_mark(&play).index, last_index(&play));
    for (int i = 1; i < RESPONSE_MARK_COMMANDS; i++)
        note(&play);
    cr_assert_eq(mark_count(&play), 1);
    note(&play);
    cr_assert_eq(mark_count(&play), 2);
    play_free(&play);
}

Test(marks, one_is_made_by_the_first_command_after_so_long_a_time)
{
    struct play play = begun();
    play.desk->time_ms += RESPONSE_MARK_MS - 1;
    note(&play);
    cr_assert_eq(mark_count(&play), 0);
    play.desk->time_ms += 1;
    note(&play);
    cr_assert_eq(mark_count(&play), 1);
    play.desk->time_ms += RESPONSE_MARK_MS - 1;
    note(&play);
    cr_assert_eq(mark_count(&play), 1, "time counts from the mark");
    play.desk->time_ms += 1;
    note(&play);
    cr_assert_eq(mark_count(&play), 2);
    play_free(&play);
}

Test(marks, one_is_the_state_and_the_commands_as_of_its_entry)
{
    struct play play = begun();
    struct response_mark mark = make_mark(&play);
    vg_hash hash = response_state_hash(&play.desk->machine, home(&play));
    cr_assert(vg_hash_equal(&mark.hash, &hash));
    cr_assert_eq(mark.time_ms, play.desk->time_ms);
    struct desk_order refused = desk_note(&play.desk->genesis.people[0].id, "of nothing");
    cr_assert(play_refuses(&play, refused, RESPONSE_REFUSED_NO_INCIDENT));
    struct response_mark next = make_mark(&play);
    cr_assert_eq(next.accepted, mark.accepted + 1);
    cr_assert_gt(next.refused, mark.refused);
    cr_assert_not(response_mark_equal(&mark, &next));
    play_free(&play);
}

Test(marks, neither_checkpoints_nor_what_was_answered_before_is_counted)
{
    struct play play = begun();
    struct response_mark mark = make_mark(&play);
    struct desk_order again = desk_note(&play.incident, "once");
    again.request = desk_request(play.desk, play.desk->time_ms);
    play_must(&play, again);
    for (int i = 0; i < RESPONSE_MARK_COMMANDS; i++) {
        struct desk_order order = checkpoint(&mark, (uint8_t)i);
        play_must(&play, order);
        cr_assert(desk_send(play.desk, &again).repeated);
    }
    cr_assert_eq(mark_count(&play), 1);
    play.desk->time_ms += RESPONSE_MARK_MS;
    play_must(&play, checkpoint(&mark, 1));
    cr_assert_eq(mark_count(&play), 1, "a quiet compartment has no more marks for its checkpoints");
    play_free(&play);
}

Test(marks, of_directory_and_control_there_are_none)
{
    struct play play = begun();
    static const vg_id control;
    struct response_mark mark = {.index = 0};
    play.desk->time_ms += RESPONSE_MARK_MS;
    play_name(&play, DESK_ANN, "Ann");
    play_expel(&play, DESK_BEN);
    cr_assert_not(response_mark_next(&play.desk->machine, &play.desk->genesis.directory, &mark));
    cr_assert_not(response_mark_next(&play.desk->machine, &control, &mark));
    play_free(&play);
}

Test(marks, they_are_in_no_state_hash_and_alike_after_a_replay)
{
    struct play play = begun();
    make_mark(&play);
    struct response_mark mark = last_mark(&play);
    said_by(&play, one, &mark, 1);
    make_mark(&play);
    vg_hash kept = response_state_hash(&play.desk->machine, home(&play));
    vg_hash scanned = response_state_hash_scan(&play.desk->machine, home(&play));
    cr_assert(vg_hash_equal(&kept, &scanned));
    struct desk *again = desk_replay(play.desk);
    struct response_mark here = {.index = 0}, there = {.index = 0};
    uint32_t count = 0;
    while (response_mark_next(&play.desk->machine, home(&play), &here)) {
        cr_assert(response_mark_next(&again->machine, home(&play), &there));
        cr_assert(response_mark_equal(&here, &there));
        cr_assert_eq(here.time_ms, there.time_ms);
        count++;
    }
    cr_assert_eq(count, 2);
    desk_free(again);
    play_free(&play);
}

Test(marks, the_latest_are_kept_and_that_of_the_latest_checkpoint)
{
    struct play play = begun();
    struct response_mark first = make_mark(&play), found;
    said_by(&play, two, &first, 0);
    for (int i = 0; i < RESPONSE_MARKS_MAX + 3; i++)
        make_mark(&play);
    cr_assert_eq(mark_count(&play), RESPONSE_MARKS_MAX + 1);
    cr_assert(response_mark_get(&play.desk->machine, home(&play), first.index, &found));
    cr_assert(response_mark_equal(&found, &first));
    struct response_mark last = make_mark(&play);
    said_by(&play, two, &last, 0);
    make_mark(&play);
    cr_assert_not(response_mark_get(&play.desk->machine, home(&play), first.index, &found));
    cr_assert(play_refuses(&play, checkpoint(&first, 0), RESPONSE_REFUSED_NO_MARK), "an older one");
    struct response_checkpoint said = {.index = 0};
    said_by(&play, one, &last, 0);
    cr_assert(response_checkpoint_next(&play.desk->machine, home(&play), &said));
    cr_assert_eq(said.mark.index, last.index, "nor is what was said of it kept");
    play_free(&play);
}

/* ---- checkpoints -------------------------------------------------------------------------------
 */

Test(checkpoints, one_is_of_a_mark_and_answered_with_its_compartment)
{
    struct play play = begun();
    struct response_mark mark = make_mark(&play);
    vg_id answered = play_must(&play, checkpoint(&mark, 0));
    cr_assert(vg_id_equal(&answered, home(&play)));
    mark.index--;
    cr_assert(play_refuses(&play, checkpoint(&mark, 0), RESPONSE_REFUSED_NO_MARK));
    struct response_accord accord = accord_of(&play);
    cr_assert_eq(accord.mark, mark.index + 1);
    cr_assert_eq(accord.agree, 1);
    cr_assert_eq(accord.differ, 0);
    cr_assert_eq(accord.counts.node.value, 1);
    cr_assert_eq(accord.counts.index, last_index(&play) - 1);
    cr_assert(accord.known && !accord.astray);
    play_free(&play);
}

Test(checkpoints, the_same_again_is_repeated_and_another_takes_its_place)
{
    struct play play = begun();
    struct response_mark mark = make_mark(&play);
    struct desk_order order = checkpoint(&mark, 0);
    cr_assert_not(desk_send(play.desk, &order).repeated);
    cr_assert(desk_send(play.desk, &order).repeated);
    struct desk_order other = checkpoint(&mark, 1);
    cr_assert_not(desk_send(play.desk, &other).repeated);
    struct response_accord accord = accord_of(&play);
    cr_assert_eq(accord.agree, 1);
    cr_assert_eq(accord.differ, 0, "one node has one word");
    cr_assert(accord.astray);
    play_free(&play);
}

Test(checkpoints, the_word_of_an_evicted_node_counts_no_more)
{
    struct play play = begun();
    struct response_mark first = make_mark(&play);
    said_by(&play, two, &first, 0);
    struct response_mark second = make_mark(&play);
    said_by(&play, one, &second, 1);
    cr_assert(accord_of(&play).astray);
    play_evict(&play, 1);
    cr_assert(play_refuses(&play, checkpoint(&second, 0), RESPONSE_REFUSED_NODE_GONE));
    struct response_accord accord = accord_of(&play);
    cr_assert_eq(accord.mark, first.index);
    cr_assert_eq(accord.agree, 1);
    cr_assert_not(accord.astray);
    said_by(&play, three, &second, 0);
    accord = accord_of(&play);
    cr_assert_eq(accord.mark, second.index);
    cr_assert_eq(accord.counts.node.value, 3);
    cr_assert_eq(accord.differ, 0);
    play_free(&play);
}

/* Else the last two of three, one of them wrong and revoked, would leave nobody who serves. */
Test(checkpoints, the_word_of_a_node_that_is_not_cleared_any_more_counts_no_more)
{
    enum { ONE_AND_TWO = 0x7, TWO_ALONE = 0x5 };
    struct play play = begun();
    vg_id compartment = play_create(&play, ONE_AND_TWO);
    play_label(&play, &compartment, "acme");
    play_grant_in(&play, &compartment, DESK_ANN, RESPONSE_ROLE_RESPONDER);
    struct desk_order detect = play_order(&play, RESPONSE_OP_DETECT);
    detect.compartment = compartment;
    desk_send(play.desk, &detect);
    play.desk->time_ms += RESPONSE_MARK_MS;
    detect.request = desk_request(play.desk, play.desk->time_ms);
    desk_send(play.desk, &detect);
    struct response_mark mark = {.index = 0};
    cr_assert(response_mark_next(&play.desk->machine, &compartment, &mark));
    struct desk_order wrong = checkpoint(&mark, 1), right = checkpoint(&mark, 0);
    wrong.compartment = right.compartment = compartment;
    right.node = two;
    play_must(&play, wrong);
    play_must(&play, right);
    struct response_accord accord;
    response_accord_get(&play.desk->machine, &compartment, &accord);
    cr_assert(accord.astray, "of as many the first");
    struct desk_order reason = play_order(&play, RESPONSE_OP_OVERRIDE);
    reason.command.override_.compartment = compartment;
    vg_id override_ = play_must(&play, reason);
    struct desk_order revoke = play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, TWO_ALONE);
    revoke.command.clearing.override_ = override_;
    play_must(&play, revoke);
    response_accord_get(&play.desk->machine, &compartment, &accord);
    cr_assert_not(accord.astray);
    cr_assert_eq(accord.agree, 1);
    cr_assert_eq(accord.counts.node.value, 2);
    play_free(&play);
}

/* ---- which state counts ------------------------------------------------------------------------
 */

/* What nodes say, in the order of time: by whom, and which state; 0: the one that is here. */
static const struct accord_case {
    const char *name;
    struct {
        vg_node_id node;
        uint8_t state;
    } said[4];
    uint32_t agree, differ;
    uint64_t counts; /* the node whose word it is */
    bool astray;
} cases[] = {
    {"one that agrees", {{{2}, 0}}, 1, 0, 2, false},
    {"one that differs", {{{2}, 1}}, 1, 0, 2, true},
    {"of as many the first, here", {{{2}, 0}, {{1}, 1}}, 1, 1, 2, false},
    {"of as many the first, there", {{{1}, 1}, {{2}, 0}}, 1, 1, 1, true},
    {"most", {{{1}, 1}, {{2}, 0}, {{3}, 0}}, 2, 1, 2, false},
    {"most, and this is the odd one", {{{2}, 0}, {{1}, 1}, {{3}, 1}}, 2, 1, 1, true},
    {"as many of each of three", {{{3}, 0}, {{2}, 1}, {{4}, 2}}, 1, 2, 3, false},
    {"two and two", {{{3}, 0}, {{2}, 1}, {{4}, 0}, {{1}, 1}}, 2, 2, 3, false},
    {"one that has found its way back", {{{1}, 1}, {{2}, 0}, {{1}, 0}}, 2, 0, 2, false},
};

Test(checkpoints, the_state_counts_that_most_have)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct play play = begun();
        struct response_mark mark = make_mark(&play);
        for (size_t k = 0; k < 4 && cases[i].said[k].node.value != 0; k++)
            said_by(&play, cases[i].said[k].node, &mark, cases[i].said[k].state);
        struct response_accord accord = accord_of(&play);
        cr_expect_eq(accord.agree, cases[i].agree, "%s: %u", cases[i].name, accord.agree);
        cr_expect_eq(accord.differ, cases[i].differ, "%s: %u", cases[i].name, accord.differ);
        cr_expect_eq(accord.counts.node.value, cases[i].counts, "%s", cases[i].name);
        cr_expect_eq(accord.astray, cases[i].astray, "%s", cases[i].name);
        play_free(&play);
    }
}

Test(checkpoints, other_figures_are_another_state)
{
    struct play play = begun();
    struct response_mark mark = make_mark(&play);
    mark.refused++;
    said_by(&play, two, &mark, 0);
    cr_assert(accord_of(&play).astray);
    play_free(&play);
}

Test(checkpoints, the_latest_mark_that_has_any_decides)
{
    struct play play = begun();
    struct response_mark first = make_mark(&play);
    said_by(&play, two, &first, 1);
    cr_assert(accord_of(&play).astray);
    for (int i = 0; i < RESPONSE_MARKS_MAX + 2; i++) {
        make_mark(&play);
        cr_assert(accord_of(&play).astray, "as long as nobody says anything of another");
    }
    struct response_mark last = last_mark(&play);
    said_by(&play, two, &last, 0);
    cr_assert_not(accord_of(&play).astray);
    play_free(&play);
}

Test(checkpoints, an_older_mark_decides_nothing_any_more)
{
    struct play play = begun();
    struct response_mark first = make_mark(&play);
    struct response_mark second = make_mark(&play);
    said_by(&play, two, &second, 0);
    said_by(&play, three, &first, 1);
    said_by(&play, four, &first, 1);
    cr_assert_not(accord_of(&play).astray);
    cr_assert_eq(accord_of(&play).mark, second.index);
    play_free(&play);
}

/* ---- what a node owes --------------------------------------------------------------------------
 */

static bool owes(const struct play *play, vg_node_id node, struct response_mark *mark, bool *now)
{
    return response_checkpoint_due(&play->desk->machine, home(play), node, mark, now);
}

Test(checkpoints, of_a_new_mark_one_is_owed_until_anybody_has_given_it)
{
    struct play play = begun();
    struct response_mark mark, due;
    bool now;
    cr_assert_not(owes(&play, one, &due, &now));
    mark = make_mark(&play);
    cr_assert(owes(&play, one, &due, &now));
    cr_assert(response_mark_equal(&due, &mark));
    cr_assert_not(now);
    said_by(&play, two, &mark, 0);
    cr_assert_not(owes(&play, one, &due, &now), "who agrees need not speak");
    cr_assert_not(owes(&play, two, &due, &now));
    play_free(&play);
}

Test(checkpoints, who_differs_speaks_at_once_and_is_first_with_none)
{
    struct play play = begun();
    struct response_mark mark = make_mark(&play), due;
    bool now;
    said_by(&play, two, &mark, 1);
    cr_assert(owes(&play, one, &due, &now));
    cr_assert(now && response_mark_equal(&due, &mark));
    said_by(&play, one, &mark, 0);
    cr_assert(accord_of(&play).astray, "of as many the first");
    cr_assert_not(owes(&play, one, &due, &now), "it has spoken");
    make_mark(&play);
    cr_assert_not(owes(&play, one, &due, &now), "and leaves the next to the others");
    play_free(&play);
}

Test(checkpoints, who_was_made_anew_says_so)
{
    struct play play = begun();
    struct response_mark mark = make_mark(&play), due;
    struct response_accord accord;
    bool now;
    said_by(&play, three, &mark, 1);
    said_by(&play, two, &mark, 0);
    said_by(&play, one, &mark, 0);
    accord = accord_of(&play);
    cr_assert(response_accord_differs(&play.desk->machine, home(&play), &accord, three));
    cr_assert_not(response_accord_differs(&play.desk->machine, home(&play), &accord, two));
    cr_assert_not(response_accord_differs(&play.desk->machine, home(&play), &accord, four));
    cr_assert(owes(&play, three, &due, &now), "what it said is not what it has");
    cr_assert(now);
    said_by(&play, three, &mark, 0);
    accord = accord_of(&play);
    cr_assert_eq(accord.differ, 0);
    cr_assert_not(owes(&play, three, &due, &now));
    play_free(&play);
}

/* ---- all together ------------------------------------------------------------------------------
 */

enum { NODES = 4 };

/* Whoever owes one at once gives it, as each of them sees it with its own state; astray are those
 * whose bits are set, each in its own way or all in one. */
static void let_them_speak(struct play *play, const struct response_mark *mark, unsigned astray,
                           bool alike, vg_node_id first)
{
    uint8_t state[NODES + 1] = {0};
    for (uint8_t i = 1; i <= NODES; i++)
        if ((astray >> i & 1) != 0)
            state[i] = alike ? 1 : i;
    said_by(play, first, mark, state[first.value]);
    for (int round = 0; round < NODES; round++) {
        for (uint64_t i = 1; i <= NODES; i++) {
            struct response_mark own = *mark;
            struct response_accord accord = accord_of(play);
            own.hash.bytes[0] ^= state[i];
            if (!response_mark_equal(&own, &accord.counts.mark))
                said_by(play, (vg_node_id){i}, mark, state[i]);
        }
    }
}

Test(checkpoints, whoever_speaks_first_the_most_go_on_and_the_others_stop)
{
    for (unsigned astray = 0; astray < 1U << (NODES + 1); astray++) {
        unsigned wrong = (unsigned)__builtin_popcount(astray >> 1);
        bool alike = (astray & 1) != 0; /* all in one way, or each in its own */
        bool most = alike ? 2 * wrong < NODES : NODES - wrong > 1;
        for (uint64_t first = 1; first <= NODES && most; first++) {
            struct play play = begun();
            struct response_mark mark = make_mark(&play);
            let_them_speak(&play, &mark, astray, alike, (vg_node_id){first});
            cr_assert_not(accord_of(&play).astray, "%x, first %u", astray, (unsigned)first);
            play_free(&play);
        }
    }
}

/* ---- standing ----------------------------------------------------------------------------------
 */

Test(checkpoints, what_has_diverged_is_level_and_not_served)
{
    struct play play = begun();
    const struct response_machine *machine = &play.desk->machine;
    struct response_standing standing = {*home(&play), RESPONSE_DIVERGED};
    cr_assert(response_is_served(machine, home(&play)));
    response_standing_put(machine, &standing);
    cr_assert(response_is_level(machine, home(&play)));
    cr_assert_not(response_is_served(machine, home(&play)));
    cr_assert_str_eq(response_status_name(standing.status), "diverged");
    standing.status = RESPONSE_LEVEL;
    response_standing_put(machine, &standing);
    cr_assert(response_is_served(machine, home(&play)));
    play_free(&play);
}
