/* SPDX-License-Identifier: Apache-2.0
 * The table of people and nodes: found by id and by channel key, the latest of each. */
#include <criterion/criterion.h>

#include "node/store/people.h"

static struct ledger_genesis genesis = {.members = {{.id = {3}, .keys = {.channel = {{3}}}}},
                                        .member_count = 1};

Test(store_people, are_found_by_id_and_by_channel_key)
{
    struct store_people *people = store_people_new(&genesis);
    struct response_person ann = {.id = {{1}}, .keys = {.channel = {{1}}}}, found;
    const vg_channel_public stranger = {{9}};
    vg_node_id node = {0};
    store_people_put(people, &ann);
    cr_assert(store_people_channel(people, &ann.keys.channel, &found));
    cr_expect(vg_id_equal(&found.id, &ann.id));
    cr_assert(store_people_channel(people, &genesis.members[0].keys.channel, &found));
    cr_expect(response_is_node_author(&found.id, &node));
    cr_expect_eq(node.value, 3);
    cr_expect_not(store_people_channel(people, &stranger, &found));
    store_people_free(people);
}

Test(store_people, one_who_has_gone_is_found_as_that_and_a_replaced_key_is_nobodys, .timeout = 20)
{
    struct store_people *people = store_people_new(&genesis);
    struct response_person ann = {.id = {{1}}, .keys = {.channel = {{1}}}}, found;
    const vg_channel_public old = ann.keys.channel;
    store_people_put(people, &ann);
    ann.expelled_at = 7;
    store_people_put(people, &ann);
    cr_assert(store_people_channel(people, &old, &found));
    cr_expect_eq(found.expelled_at, 7);
    for (unsigned i = 0; i < 1000; i++) { /* an entry linked to itself is met, and not left */
        const vg_channel_public stranger = {{7, (uint8_t)i, (uint8_t)(i >> 8)}};
        cr_assert_not(store_people_channel(people, &stranger, &found));
    }
    ann.keys.channel.bytes[0] = 2;
    store_people_put(people, &ann);
    cr_expect_not(store_people_channel(people, &old, &found));
    cr_expect(store_people_channel(people, &ann.keys.channel, &found));
    store_people_free(people);
}
