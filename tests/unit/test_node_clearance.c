/* SPDX-License-Identifier: Apache-2.0
 * Whose sessions end when a clearance ends. Of the node there are the loop and what is asked of its
 * clearances here; what it does to its sessions is counted. */
#include <criterion/criterion.h>

#include "node/parts.h"

static struct node node;
static struct store_clearances *clearances;
static unsigned drops;

/* In the place of the applier's, and of net's (CMakeLists.txt). */
struct store_clearances *__wrap_store_applier_clearances(struct store_applier *applier);
void __wrap_net_clients_drop(struct net_clients *clients);

struct store_clearances *__wrap_store_applier_clearances(struct store_applier *applier)
{
    (void)applier;
    return clearances;
}

void __wrap_net_clients_drop(struct net_clients *clients)
{
    cr_assert_eq(clients, node.clients);
    drops++;
}

static void turn_ended(void *context)
{
    (void)context;
}

static void stop(struct loop_task *task)
{
    (void)task;
    loop_stop(node.loop);
}

static const vg_id mine = {{0xc0}}, other = {{0xc1}}, proposal = {{0x11}};

static void up(void)
{
    static const struct loop_events none = {.turn = turn_ended};
    static uint8_t doors; /* whose inside nobody looks at */
    struct vg_error error;
    node = (struct node){.clients = (struct net_clients *)&doors};
    clearances = store_clearances_new(&node.genesis, NULL);
    drops = 0;
    cr_assert_eq(loop_open(&none, &node, &node.loop, &error), VG_OK, "%s", error.text);
}

static void down(void)
{
    loop_close(node.loop);
    store_clearances_free(clearances);
}

TestSuite(node_clearance, .init = up, .fini = down);

/* How often sessions were ended for this. */
static unsigned heed(struct response_outcome outcome)
{
    struct loop_task last = {.run = stop};
    unsigned before = drops;
    node_clearance_heed(&node, &outcome);
    loop_post(node.loop, &last);
    loop_run(node.loop);
    return drops - before;
}

static void stand(const vg_id *compartment, enum response_status status)
{
    const struct store_clearance one = {.compartment = *compartment, .status = status};
    cr_assert_eq(store_clearances_put(clearances, &one), VG_OK);
}

/* By the entry that is about the compartment, or by a proposal that is approved. */
Test(node_clearance, sessions_end_with_the_clearance_and_no_earlier)
{
    for (int status = 0; status < RESPONSE_STATUSES; status++) {
        unsigned ends = status == RESPONSE_REMOVING;
        stand(&mine, (enum response_status)status);
        stand(&other, RESPONSE_LEVEL);
        cr_expect_eq(heed((struct response_outcome){.id = mine}), ends, "%d", status);
        cr_expect_eq(heed((struct response_outcome){.id = proposal, .keyed = mine}), ends);
        cr_expect_eq(heed((struct response_outcome){.id = other}), 0);
        cr_expect_eq(heed((struct response_outcome){.id = proposal}), 0);
    }
}

/* An entry within a compartment, whose ids are its own, or one that was refused, ends nothing. */
Test(node_clearance, sessions_outlive_what_changes_no_clearance)
{
    stand(&mine, RESPONSE_REMOVING);
    cr_expect_eq(heed((struct response_outcome){.id = mine}), 1);
    cr_expect_eq(heed((struct response_outcome){.id = mine, .compartment = other}), 0);
    cr_expect_eq(heed((struct response_outcome){.id = mine, .error.code = VG_CONFLICT}), 0);
    node.closed = true;
    cr_expect_eq(heed((struct response_outcome){.id = mine}), 0);
}
