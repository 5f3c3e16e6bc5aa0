/* SPDX-License-Identifier: Apache-2.0
 * The keys of people and nodes, for threads that check signatures beside the apply thread. It
 * follows the state: who was enrolled a moment ago may not be in it yet. Any thread. */
#ifndef VIGIL_NODE_STORE_PEOPLE_H
#define VIGIL_NODE_STORE_PEOPLE_H

#include "proto/response/directory.h"

struct store_people;

/* With the nodes of the genesis, and no person yet; free with store_people_free. */
struct store_people *store_people_new(const struct ledger_genesis *genesis);
void store_people_free(struct store_people *people);

/* Adds or replaces a person. */
void store_people_put(struct store_people *people, const struct response_person *person);

/* Puts everybody the state has, nodes with whether they are evicted. */
void store_people_load(struct store_people *people, const struct response_machine *machine);

/* False if the person is not known here. */
bool store_people_get(struct store_people *people, const vg_id *id, struct response_person *out);

/* As store_people_get, by channel key: nodes too, under their author id. A replaced one is nobody's
 * any more. */
bool store_people_channel(struct store_people *people, const vg_channel_public *channel,
                          struct response_person *out);

/* As struct response_keys has it; `context` is the table. Those who have gone keep their key. */
bool store_people_key(void *context, const vg_id *author, vg_public_key *key);

#endif
