/* SPDX-License-Identifier: Apache-2.0
 * Envelopes on their way into the log: what arrives in one turn is one proposal, so that one write
 * and one message carry it. */
#include <assert.h>
#include <stdlib.h>

#include "node/parts.h"

static void proposal_free(struct node_proposal *proposal)
{
    vg_blob_unref(proposal->envelope);
    free(proposal);
}

/* Tells whoever asked: this node's own submit, or the node that forwarded. */
static void answer(struct node *node, const struct node_proposal *proposal, enum vg_code code,
                   uint64_t index, uint64_t term)
{
    struct wire_forward_resp resp = {.token = proposal->token,
                                     .code = code,
                                     .index = index,
                                     .term = term,
                                     .leader = node->leader};
    if (proposal->from.value == 0) {
        node_submit_answered(node, node->self, &resp);
        return;
    }
    vg_buffer_clear(&node->frame);
    wire_forward_resp_encode(&resp, &node->frame);
    node_send_frame(node, proposal->from, WIRE_FORWARD_RESP);
}

static void refuse(struct node *node, struct node_proposal *proposal, enum vg_code code)
{
    answer(node, proposal, code, 0, 0);
    proposal_free(proposal);
}

void node_propose(struct node *node, struct node_proposal *proposal)
{
    struct node_proposals *proposals = &node->proposals;
    struct node_in_flight *copy;
    HASH_FIND(hh, proposals->by_id, &proposal->id, sizeof proposal->id, copy);
    if (copy != NULL) {
        answer(node, proposal, VG_OK, copy->index, copy->term);
        proposal_free(proposal);
        return;
    }
    if (node->role != RAFT_LEADER || node->ending) {
        refuse(node, proposal, VG_UNAVAILABLE);
        return;
    }
    if (proposals->count >= NODE_PROPOSALS_MAX ||
        proposals->bytes + proposal->envelope->size > NODE_PROPOSALS_BYTES_MAX) {
        refuse(node, proposal, VG_BUSY);
        return;
    }
    proposal->next = NULL;
    *proposals->last = proposal;
    proposals->last = &proposal->next;
    proposals->count++;
    proposals->bytes += proposal->envelope->size;
}

/* Moves what fits one proposal from the queue to the batch. */
static void fill_batch(struct node_proposals *proposals, struct raft_entry *entries)
{
    size_t bytes = 0;
    while (proposals->first != NULL && proposals->batch_count < RAFT_BATCH_MAX) {
        struct node_proposal *proposal = proposals->first;
        size_t size = LEDGER_HEADER_SIZE + proposal->envelope->size;
        if (bytes > 0 && bytes + size > VG_BATCH_BYTES_MAX)
            return;
        bytes += size;
        proposals->first = proposal->next;
        proposals->count--;
        proposals->bytes -= proposal->envelope->size;
        entries[proposals->batch_count] =
            (struct raft_entry){.size = (uint32_t)size, .kind = RAFT_DATA};
        proposals->batch[proposals->batch_count++] = proposal;
    }
    if (proposals->first == NULL)
        proposals->last = &proposals->first;
}

/* While a write is under way the queue grows: what is proposed now would wait for the disk anyway.
 * Followers then get each transaction's entries at once, and their disks keep step with ours;
 * proposed as they come, entries are cut into other groups on each disk and miss transactions. */
bool node_proposals_flush(struct node *node)
{
    struct node_proposals *proposals = &node->proposals;
    struct raft_entry entries[RAFT_BATCH_MAX];
    if (proposals->first == NULL || node->written < node->submitted)
        return false;
    fill_batch(proposals, entries);
    struct raft_event event = {
        .type = RAFT_PROPOSE, .entries = entries, .entry_count = proposals->batch_count};
    node_step(node, &event);
    assert(proposals->batch_count == 0);
    return true;
}

static void remember(struct node *node, const vg_id *id, uint64_t index, uint64_t term)
{
    struct node_proposals *proposals = &node->proposals;
    struct node_in_flight *item = vg_alloc_zero(1, sizeof *item);
    item->id = *id;
    item->index = index;
    item->term = term;
    HASH_ADD(hh, proposals->by_id, id, sizeof item->id, item);
    *proposals->newest = item;
    proposals->newest = &item->next;
}

void node_proposals_appended(struct node *node, const struct raft_output *output)
{
    struct node_proposals *proposals = &node->proposals;
    assert(output->count == proposals->batch_count);
    proposals->batch_count = 0;
    for (uint32_t i = 0; i < output->count; i++) {
        struct node_proposal *proposal = proposals->batch[i];
        uint64_t index = output->first + i;
        ledger_tail_append_own(node->tail, vg_blob_span(proposal->envelope), output->entry_term,
                               output->time_ms);
        remember(node, &proposal->id, index, output->entry_term);
        answer(node, proposal, VG_OK, index, output->entry_term);
        proposal_free(proposal);
    }
}

void node_proposals_refused(struct node *node, const struct raft_output *output)
{
    struct node_proposals *proposals = &node->proposals;
    uint32_t count = proposals->batch_count;
    enum vg_code code = output->reason == RAFT_REASON_BUSY ? VG_BUSY : VG_UNAVAILABLE;
    proposals->batch_count = 0;
    for (uint32_t i = 0; i < count; i++)
        refuse(node, proposals->batch[i], code);
}

static void forget_oldest(struct node_proposals *proposals)
{
    struct node_in_flight *item = proposals->oldest;
    assert(item != NULL && proposals->by_id != NULL);
    HASH_DELETE(hh, proposals->by_id, item);
    proposals->oldest = item->next;
    if (proposals->oldest == NULL)
        proposals->newest = &proposals->oldest;
    free(item);
}

void node_proposals_committed(struct node *node, uint64_t index)
{
    struct node_proposals *proposals = &node->proposals;
    while (proposals->oldest != NULL && proposals->oldest->index <= index)
        forget_oldest(proposals);
}

void node_proposals_lost(struct node *node)
{
    struct node_proposals *proposals = &node->proposals;
    while (proposals->oldest != NULL)
        forget_oldest(proposals);
    while (proposals->first != NULL) {
        struct node_proposal *proposal = proposals->first;
        proposals->first = proposal->next;
        refuse(node, proposal, VG_UNAVAILABLE);
    }
    proposals->last = &proposals->first;
    proposals->count = 0;
    proposals->bytes = 0;
}

void node_proposals_free(struct node *node)
{
    struct node_proposals *proposals = &node->proposals;
    while (proposals->oldest != NULL)
        forget_oldest(proposals);
    while (proposals->first != NULL) {
        struct node_proposal *proposal = proposals->first;
        proposals->first = proposal->next;
        proposal_free(proposal);
    }
}
