/* SPDX-License-Identifier: Apache-2.0
 * Linearizable reads: those of one turn share one ReadIndex; an unanswered one is asked again until
 * its time is over. */
#include <stdlib.h>

#include "common/clock.h"
#include "node/parts.h"

enum { RETRY_US = 20000 };

void node_read_start(struct node *node, struct node_read *read)
{
    read->next = node->reads.waiting;
    node->reads.waiting = read;
}

bool node_reads_flush(struct node *node)
{
    struct node_reads *reads = &node->reads;
    if (reads->waiting == NULL || vg_clock_system.monotonic_us() < reads->retry_us)
        return false;
    struct node_read_batch *batch = vg_alloc(sizeof *batch);
    *batch = (struct node_read_batch){
        .next = reads->batches, .id = ++reads->next_id, .reads = reads->waiting};
    reads->batches = batch;
    reads->waiting = NULL;
    struct raft_event event = {.type = RAFT_READ_INDEX, .id = batch->id};
    node_step(node, &event);
    return true;
}

/* Takes a batch out and gives its reads; NULL when it is not there any more. */
static struct node_read *take_batch(struct node *node, uint64_t id)
{
    struct node_read_batch **at = &node->reads.batches;
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    if (*at == NULL)
        return NULL;
    struct node_read_batch *batch = *at;
    struct node_read *reads = batch->reads;
    *at = batch->next;
    free(batch);
    return reads;
}

void node_read_ready(struct node *node, uint64_t id, uint64_t index)
{
    struct node_read *read = take_batch(node, id);
    while (read != NULL) {
        struct node_read *next = read->next;
        read->index = index;
        if (read->for_log) {
            read->next = node->reads.for_log;
            node->reads.for_log = read;
        } else {
            read->ready(read, index);
        }
        read = next;
    }
}

void node_reads_log_grown(struct node *node)
{
    struct node_read **at = &node->reads.for_log;
    if (*at == NULL)
        return;
    uint64_t readable = node_log_readable(node);
    while (*at != NULL) {
        struct node_read *read = *at;
        if (read->index > readable) {
            at = &read->next;
            continue;
        }
        *at = read->next;
        read->ready(read, read->index);
    }
}

void node_read_again(struct node *node, uint64_t id)
{
    struct node_read *read = take_batch(node, id);
    while (read != NULL) {
        struct node_read *next = read->next;
        node_read_start(node, read);
        read = next;
    }
    node->reads.retry_us = vg_clock_system.monotonic_us() + RETRY_US;
}

/* Fails what is due in a list, or all of it. */
static void fail_due(struct node_read **list, uint64_t now_us, const struct vg_error *why)
{
    while (*list != NULL) {
        struct node_read *read = *list;
        if (now_us < read->deadline_us) {
            list = &read->next;
            continue;
        }
        *list = read->next;
        read->failed(read, why);
    }
}

static void fail_all_due(struct node *node, uint64_t now_us, const struct vg_error *why)
{
    struct node_read_batch **at = &node->reads.batches;
    fail_due(&node->reads.waiting, now_us, why);
    fail_due(&node->reads.for_log, now_us, why);
    while (*at != NULL) {
        struct node_read_batch *batch = *at;
        fail_due(&batch->reads, now_us, why);
        if (batch->reads != NULL) {
            at = &batch->next;
            continue;
        }
        *at = batch->next;
        free(batch);
    }
}

void node_reads_sweep(struct node *node, uint64_t now_us)
{
    struct vg_error why = {0};
    vg_fail(&why, VG_UNAVAILABLE,
            "no leader has confirmed the read in time: too few nodes can be reached; see vigil "
            "cluster status");
    fail_all_due(node, now_us, &why);
}

void node_reads_end(struct node *node, const struct vg_error *why)
{
    fail_all_due(node, UINT64_MAX, why);
}
