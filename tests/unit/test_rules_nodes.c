/* SPDX-License-Identifier: Apache-2.0
 * Nodes, sentence by sentence: evicted for good, while enough are left, with what they signed and
 * what is wrapped for them. */
#include <criterion/criterion.h>

#include "proto/response/nodes.h"
#include "tests/lib/play.h"
#include "tests/lib/sealing.h"

static struct desk_order eviction(const struct play *play, uint64_t node)
{
    struct desk_order order = play_order(play, RESPONSE_OP_EVICT);
    order.command.evict.node = node;
    return order;
}

static bool is_evicted(const struct play *play, uint64_t node, struct response_eviction *out)
{
    return response_node_evicted(&play->desk->machine, (vg_node_id){node}, out);
}

static uint64_t last_index(const struct play *play)
{
    return ledger_tail_last(play->desk->log);
}

/* A rotation to the second epoch, with the wraps of these holders (bits) alone. */
static struct desk_order rotation(struct play *play, unsigned holders)
{
    static uint8_t record[COMPARTMENT_EPOCH_MAX];
    struct compartment_epoch epoch = sealing_epoch(&play->desk->genesis.directory, 2);
    struct desk_order order = play_order(play, RESPONSE_OP_ROTATE);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < epoch.wrap_count; i++)
        if ((holders >> epoch.wraps[i].holder.value & 1) != 0)
            epoch.wraps[kept++] = epoch.wraps[i];
    epoch.wrap_count = kept;
    order.command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&epoch, record));
    return order;
}

Test(nodes, an_eviction_holds_from_its_entry_on)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_eviction eviction_of;
    struct response_person node;
    vg_id author = response_node_author((vg_node_id){3});
    cr_assert_not(is_evicted(&play, 3, &eviction_of));
    cr_assert(response_author_get(&play.desk->machine, &author, &node));
    cr_assert_eq(node.expelled_at, 0);
    vg_id answered = play_must(&play, eviction(&play, 3));
    cr_assert(vg_id_equal(&answered, &author));
    cr_assert(is_evicted(&play, 3, &eviction_of));
    cr_assert_eq(eviction_of.index, last_index(&play));
    cr_assert_eq(eviction_of.at, play.desk->time_ms);
    cr_assert(response_author_get(&play.desk->machine, &author, &node));
    cr_assert_eq(node.expelled_at, play.desk->time_ms);
    cr_assert_not(is_evicted(&play, 2, &eviction_of), "nobody else");
    play_free(&play);
}

Test(nodes, the_same_eviction_again_is_answered_repeated_and_changes_nothing)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_eviction first, second;
    play_evict(&play, 3);
    is_evicted(&play, 3, &first);
    struct desk_order again = eviction(&play, 3);
    struct response_outcome outcome = desk_send(play.desk, &again);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert(outcome.repeated);
    cr_assert(is_evicted(&play, 3, &second));
    cr_assert_eq(second.index, first.index);
    play_free(&play);
}

Test(nodes, who_is_left_can_decide)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, eviction(&play, DESK_NODES + 1), RESPONSE_REFUSED_NO_NODE));
    play_evict(&play, 4);
    cr_assert(play_refuses(&play, eviction(&play, 2), RESPONSE_REFUSED_QUORUM_LOST));
    play_free(&play);
}

Test(nodes, what_an_evicted_node_signs_is_refused)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, play_order(&play, RESPONSE_OP_COUNT), RESPONSE_REFUSED_NO_SIGNAL),
              "it may");
    play_evict(&play, 1);
    cr_assert(
        play_refuses(&play, play_order(&play, RESPONSE_OP_COUNT), RESPONSE_REFUSED_NODE_GONE));
    play_free(&play);
}

/* Neither its id nor its keys: there is no way back. */
Test(nodes, what_was_an_evicted_nodes_is_nobodys_again)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_evict(&play, 1);
    struct desk_order order = play_order(&play, RESPONSE_OP_ENROLL);
    order.command.enroll.keys = desk_keys(play.desk, DESK_NODE);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_KEY_KNOWN));
    order.command.enroll.person = desk_author(play.desk, DESK_NODE);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_ID_OF_NODES));
    play_free(&play);
}

Test(nodes, the_next_epoch_is_for_all_holders_but_those_evicted)
{
    enum { RECOVERY = 1, ONE = 2, TWO = 4 };
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, rotation(&play, RECOVERY | ONE), RESPONSE_REFUSED_OTHER_HOLDERS),
              "as long as node 2 is here");
    play_evict(&play, 2);
    cr_assert(
        play_refuses(&play, rotation(&play, RECOVERY | ONE | TWO), RESPONSE_REFUSED_OTHER_HOLDERS));
    cr_assert(play_refuses(&play, rotation(&play, RECOVERY), RESPONSE_REFUSED_OTHER_HOLDERS));
    play_must(&play, rotation(&play, RECOVERY | ONE));
    play_free(&play);
}
