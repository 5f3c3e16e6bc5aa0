/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/people.h"

#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#include "common/mem.h"

struct known {
    UT_hash_handle by_id;
    UT_hash_handle by_channel;
    struct response_person person;
};

struct store_people {
    pthread_rwlock_t lock; /* guards what follows */
    struct known *by_id;
    struct known *by_channel;
};

static struct known *find(const struct store_people *people, const vg_id *id)
{
    struct known *known;
    HASH_FIND(by_id, people->by_id, id, sizeof *id, known);
    return known;
}

static void put(struct store_people *people, const struct response_person *person)
{
    struct known *known = find(people, &person->id);
    if (known == NULL) {
        known = vg_alloc_zero(1, sizeof *known);
        known->person.id = person->id;
        HASH_ADD(by_id, people->by_id, person.id, sizeof person->id, known);
    } else {
        HASH_DELETE(by_channel, people->by_channel, known);
    }
    known->person = *person;
    HASH_ADD(by_channel, people->by_channel, person.keys.channel, sizeof person->keys.channel,
             known);
}

struct store_people *store_people_new(const struct ledger_genesis *genesis)
{
    struct store_people *people = vg_alloc_zero(1, sizeof *people);
    pthread_rwlock_init(&people->lock, NULL);
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        struct response_person node = {.id = response_node_author(genesis->members[i].id),
                                       .keys = genesis->members[i].keys};
        put(people, &node);
    }
    return people;
}

void store_people_free(struct store_people *people)
{
    struct known *known = people->by_id;
    HASH_CLEAR(by_channel, people->by_channel);
    HASH_CLEAR(by_id, people->by_id);
    while (known != NULL) {
        struct known *next = known->by_id.next;
        free(known);
        known = next;
    }
    pthread_rwlock_destroy(&people->lock);
    free(people);
}

void store_people_put(struct store_people *people, const struct response_person *person)
{
    pthread_rwlock_wrlock(&people->lock);
    put(people, person);
    pthread_rwlock_unlock(&people->lock);
}

void store_people_load(struct store_people *people, const struct response_machine *machine)
{
    const struct ledger_genesis *genesis = machine->genesis;
    struct response_person person = {.first = false};
    while (response_person_next(machine, &person))
        store_people_put(people, &person);
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        vg_id node = response_node_author(genesis->members[i].id);
        if (response_author_get(machine, &node, &person))
            store_people_put(people, &person);
    }
}

bool store_people_get(struct store_people *people, const vg_id *id, struct response_person *out)
{
    pthread_rwlock_rdlock(&people->lock);
    const struct known *known = find(people, id);
    if (known != NULL)
        *out = known->person;
    pthread_rwlock_unlock(&people->lock);
    return known != NULL;
}

bool store_people_channel(struct store_people *people, const vg_channel_public *channel,
                          struct response_person *out)
{
    struct known *known;
    pthread_rwlock_rdlock(&people->lock);
    HASH_FIND(by_channel, people->by_channel, channel, sizeof *channel, known);
    if (known != NULL)
        *out = known->person;
    pthread_rwlock_unlock(&people->lock);
    return known != NULL;
}

bool store_people_key(void *context, const vg_id *author, vg_public_key *key)
{
    struct response_person person;
    if (!store_people_get(context, author, &person))
        return false;
    *key = person.keys.key;
    return true;
}
