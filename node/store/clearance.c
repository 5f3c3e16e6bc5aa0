/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/clearance.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/text.h"

struct store_clearances {
    bool in_clear; /* what has no epoch is readable by everybody */
    bool fixed;
    vg_id only;
    pthread_rwlock_t lock; /* guards what follows */
    struct store_clearance *sorted;
    uint32_t count;
};

struct store_clearances *store_clearances_new(const struct ledger_genesis *genesis,
                                              const vg_id *only)
{
    struct store_clearances *all = vg_alloc_zero(1, sizeof *all);
    pthread_rwlock_init(&all->lock, NULL);
    all->in_clear = (genesis->flags & LEDGER_GENESIS_CLEAR) != 0;
    all->fixed = only != NULL;
    if (only != NULL)
        all->only = *only;
    return all;
}

void store_clearances_free(struct store_clearances *all)
{
    pthread_rwlock_destroy(&all->lock);
    free(all->sorted);
    free(all);
}

/* The first that is not before the compartment. */
static uint32_t place_of(const struct store_clearances *all, const vg_id *compartment)
{
    uint32_t low = 0;
    uint32_t high = all->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(&all->sorted[middle].compartment, compartment, sizeof *compartment) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct store_clearance *find(const struct store_clearances *all,
                                          const vg_id *compartment)
{
    uint32_t place = place_of(all, compartment);
    bool found = place < all->count && vg_id_equal(&all->sorted[place].compartment, compartment);
    return found ? &all->sorted[place] : NULL;
}

static enum vg_code insert(struct store_clearances *all, const struct store_clearance *clearance)
{
    uint32_t place = place_of(all, &clearance->compartment);
    if (all->count == STORE_CLEARANCES_MAX)
        return VG_UNAVAILABLE;
    all->sorted = vg_realloc(all->sorted, (all->count + 1) * sizeof *all->sorted);
    memmove(&all->sorted[place + 1], &all->sorted[place],
            (all->count - place) * sizeof *all->sorted);
    all->sorted[place] = *clearance;
    all->count++;
    return VG_OK;
}

enum vg_code store_clearances_put(struct store_clearances *all,
                                  const struct store_clearance *clearance)
{
    enum vg_code code = VG_OK;
    pthread_rwlock_wrlock(&all->lock);
    if (find(all, &clearance->compartment) != NULL)
        all->sorted[place_of(all, &clearance->compartment)] = *clearance;
    else
        code = insert(all, clearance);
    pthread_rwlock_unlock(&all->lock);
    return code;
}

bool store_clearances_get(struct store_clearances *all, const vg_id *compartment,
                          struct store_clearance *out)
{
    pthread_rwlock_rdlock(&all->lock);
    const struct store_clearance *found = find(all, compartment);
    if (found != NULL)
        *out = *found;
    pthread_rwlock_unlock(&all->lock);
    return found != NULL;
}

bool store_clearances_next(struct store_clearances *all, struct store_clearance *out)
{
    pthread_rwlock_rdlock(&all->lock);
    uint32_t place = place_of(all, &out->compartment);
    if (place < all->count && vg_id_equal(&all->sorted[place].compartment, &out->compartment))
        place++;
    bool found = place < all->count;
    if (found)
        *out = all->sorted[place];
    pthread_rwlock_unlock(&all->lock);
    return found;
}

/* In the second status too, if it is another. */
static bool is_level_or(struct store_clearances *all, const vg_id *compartment,
                        enum response_status second)
{
    if (all->fixed)
        return vg_id_equal(&all->only, compartment);
    pthread_rwlock_rdlock(&all->lock);
    const struct store_clearance *found = find(all, compartment);
    bool level = all->in_clear;
    if (found != NULL)
        level = found->status == RESPONSE_LEVEL || found->status == second;
    pthread_rwlock_unlock(&all->lock);
    return level;
}

bool store_clearances_level(void *context, const vg_id *compartment)
{
    return is_level_or(context, compartment, RESPONSE_DIVERGED);
}

bool store_clearances_served(struct store_clearances *all, const vg_id *compartment)
{
    return is_level_or(all, compartment, RESPONSE_LEVEL);
}

enum vg_code store_clearances_offers(struct store_clearances *all, const vg_id *compartment,
                                     struct vg_error *error)
{
    struct store_clearance one;
    char id[VG_ID_TEXT];
    vg_id_format(compartment, id);
    bool known = store_clearances_get(all, compartment, &one);
    if (known && one.shredded > 0)
        return vg_fail(error, VG_FORBIDDEN,
                       "compartment %s was shredded with entry %" PRIu64
                       ": no key is made for it any more",
                       id, one.shredded);
    if (!known || one.status != RESPONSE_REMOVING)
        return VG_OK;
    return vg_fail(error, VG_CONFLICT,
                   "this node still removes compartment %s, and an unwrap key made now would be "
                   "destroyed with it; ask again in a moment or, where it was revoked, once vigil "
                   "compartment show %s says that it has attested",
                   id, id);
}

void store_clearance_holders(const struct store_clearance *clearance, char *out, size_t size)
{
    snprintf(out, size, "no node");
    for (uint32_t i = 0, at = 0; i < clearance->holder_count && at < size; i++)
        at += (uint32_t)snprintf(out + at, size - at, "%snode %" PRIu64, i == 0 ? "" : ", ",
                                 clearance->holders[i].value);
}
