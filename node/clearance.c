/* SPDX-License-Identifier: Apache-2.0
 * What this node's clearance means for the loop: which writes it may be the origin of, what a
 * rebuild needs of the other nodes, and its word that it has removed a compartment. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/text.h"
#include "node/parts.h"

enum { ATTEST_AGAIN_US = 5 * 1000 * 1000 };

enum vg_code node_require_level(const struct node *node, const vg_id *compartment,
                                struct vg_error *error)
{
    struct store_clearances *all = store_applier_clearances(node->applier);
    struct store_clearance one;
    char id[VG_ID_TEXT];
    if (vg_id_is_zero(compartment) || vg_id_equal(compartment, &node->genesis.directory) ||
        store_clearances_served(all, compartment))
        return VG_OK;
    vg_id_format(compartment, id);
    bool known = store_clearances_get(all, compartment, &one);
    if (known && one.shredded > 0)
        return api_is_shredded(id, one.shredded, error);
    if (known)
        return api_not_level(id, one.holders, one.holder_count, error);
    return node_no_compartment(compartment, error);
}

enum vg_code node_no_compartment(const vg_id *compartment, struct vg_error *error)
{
    char id[VG_ID_TEXT];
    vg_id_format(compartment, id);
    return response_refusal_say(RESPONSE_REFUSED_NO_COMPARTMENT, (const char *const[]){id, NULL},
                                error);
}

/* ---- whom a compartment concerns ---------------------------------------------------------------
 */

/* The last bytes of ids are random, or differ. */
static size_t slot_of(const vg_id *person, const vg_id *compartment)
{
    size_t slot = 0;
    for (size_t i = sizeof person->bytes - 4; i < sizeof person->bytes; i++)
        slot = slot * 31 + person->bytes[i] * 7u + compartment->bytes[i];
    return slot % NODE_CONCERNED_MAX;
}

void node_concern_note(struct node *node, const vg_id *person, const vg_id *compartment)
{
    struct node_concerned *concerned = &node->concerned;
    size_t slot = slot_of(person, compartment);
    pthread_mutex_lock(&concerned->lock);
    concerned->pairs[slot].person = *person;
    concerned->pairs[slot].compartment = *compartment;
    pthread_mutex_unlock(&concerned->lock);
}

bool node_concerns(struct node *node, const vg_id *person, const vg_id *compartment)
{
    struct node_concerned *concerned = &node->concerned;
    size_t slot = slot_of(person, compartment);
    if (vg_id_is_zero(compartment) || vg_id_equal(compartment, &node->genesis.directory))
        return true;
    pthread_mutex_lock(&concerned->lock);
    bool noted = vg_id_equal(&concerned->pairs[slot].person, person) &&
                 vg_id_equal(&concerned->pairs[slot].compartment, compartment);
    pthread_mutex_unlock(&concerned->lock);
    return noted;
}

bool node_is_diverged(const struct node *node, const vg_id *compartment, struct vg_error *why)
{
    struct store_clearance one;
    return store_clearances_get(store_applier_clearances(node->applier), compartment, &one) &&
           one.status == RESPONSE_DIVERGED && node_require_level(node, compartment, why) != VG_OK;
}

void node_clearance_fill(struct node *node, struct api_clearances *out)
{
    struct store_clearances *all = store_applier_clearances(node->applier);
    struct store_clearance one = {.epoch = 0};
    uint64_t cursor = store_applier_cursor(node->applier);
    while (store_clearances_next(all, &one)) {
        bool level = one.status == RESPONSE_LEVEL;
        out->all = vg_realloc(out->all, (out->count + 1) * sizeof *out->all);
        struct api_clearance *added = &out->all[out->count++];
        *added = (struct api_clearance){.compartment = one.compartment,
                                        .status = one.status,
                                        .epoch = one.epoch,
                                        .applied = level ? cursor : one.rebuilt};
        snprintf(added->why, sizeof added->why, "%s", one.why);
    }
}

/* ---- clients who were told that they may write here --------------------------------------------
 */

struct lost {
    struct loop_task task;
    struct node *node;
};

static void take_lost(struct loop_task *task)
{
    struct lost *lost = (struct lost *)task;
    struct node *node = lost->node;
    if (!node->closed && node->clients != NULL)
        net_clients_drop(node->clients);
    free(lost);
}

static bool is_removed(const struct node *node, const vg_id *compartment)
{
    struct store_clearance one;
    return store_clearances_get(store_applier_clearances(node->applier), compartment, &one) &&
           one.status == RESPONSE_REMOVING;
}

/* Whose sessions they are is not kept: all of them end, and begin anew in no time. */
void node_clearance_heed(struct node *node, const struct response_outcome *outcome)
{
    if (!vg_id_is_zero(&outcome->compartment) || outcome->error.code != VG_OK ||
        !(is_removed(node, &outcome->id) || is_removed(node, &outcome->keyed)))
        return;
    struct lost *lost = vg_alloc(sizeof *lost);
    *lost = (struct lost){.task.run = take_lost, .node = node};
    loop_post(node->loop, &lost->task);
}

/* ---- a rebuild's damaged entries ---------------------------------------------------------------
 */

struct wanted {
    struct loop_task task;
    struct node *node;
    uint64_t index;
};

static void take_wanted(struct loop_task *task)
{
    struct wanted *wanted = (struct wanted *)task;
    if (!wanted->node->closed)
        node_repair_start(wanted->node, wanted->index);
    free(wanted);
}

void node_rebuild_wants(void *context, uint64_t index)
{
    struct node *node = context;
    struct wanted *wanted = vg_alloc(sizeof *wanted);
    *wanted = (struct wanted){.task.run = take_wanted, .node = node, .index = index};
    loop_post(node->loop, &wanted->task);
}

/* ---- what is removed ---------------------------------------------------------------------------
 */

static void attest(struct node *node, const struct store_clearance *one, uint64_t now_us)
{
    static const vg_id control;
    struct response_command word = {.op = RESPONSE_OP_DESTROYED};
    word.destroyed.compartment = one->compartment;
    word.destroyed.epoch = one->ended;
    struct node_submit *own = node_submit_by_node(node, &control, &word);
    own->deadline_us = now_us + ATTEST_AGAIN_US;
    node_submit_own(node, own);
}

void node_attest_sweep(struct node *node, uint64_t now_us)
{
    struct store_clearances *all = store_applier_clearances(node->applier);
    struct store_clearance one = {.epoch = 0};
    bool due = now_us >= node->next_attest_us && !node->ending && node->leader.value != 0;
    uint32_t owed = 0;
    while (store_clearances_next(all, &one)) {
        owed += one.owes;
        if (due && one.owes)
            attest(node, &one, now_us);
    }
    if (owed == 0)
        node->next_attest_us = 0; /* the next is given at once */
    else if (due)
        node->next_attest_us = now_us + ATTEST_AGAIN_US;
}
