/* SPDX-License-Identifier: Apache-2.0
 * Messages to peers: sent at once, or held until the write they promise is durable. */
#include <inttypes.h>
#include <stdlib.h>

#include "node/parts.h"

struct vg_blob *node_entry_take(struct node *node, uint64_t index)
{
    struct vg_blob *entry = ledger_tail_get(node->tail, index);
    struct vg_error error;
    if (entry != NULL)
        return vg_blob_ref(entry);
    enum vg_code code = store_log_read(node->log, index, &entry, &error);
    if (code == VG_OK)
        return entry;
    if (code == VG_INTEGRITY)
        node_repair_start(node, index);
    vg_log(VG_LOG_ERROR, "entry-not-served", "index=%" PRIu64 " %s", index, error.text);
    return NULL;
}

static void message_free(struct node_held *message)
{
    for (uint32_t i = 0; i < message->msg.entry_count; i++)
        vg_blob_unref(message->entries[i]);
    free(message);
}

/* The message with its entries; NULL when one cannot be read, and then it is as lost on the way.
 * The others are read all the same: what else is damaged is fetched at the same time. */
static struct node_held *message_new(struct node *node, const struct raft_output *output)
{
    uint32_t count = output->msg.entry_count;
    struct node_held *message =
        vg_alloc_zero(1, sizeof *message + count * sizeof(struct vg_blob *));
    message->after_write = output->after_write;
    message->msg = output->msg;
    bool whole = true;
    for (uint32_t i = 0; i < count; i++) {
        message->entries[i] = node_entry_take(node, output->msg.prev_index + 1 + i);
        whole = whole && message->entries[i] != NULL;
    }
    if (whole)
        return message;
    message_free(message);
    return NULL;
}

static void send_now(struct node *node, const struct node_held *message)
{
    struct wire_raft wire;
    wire.msg = message->msg;
    for (uint32_t i = 0; i < message->msg.entry_count; i++)
        wire.entries[i] = vg_blob_span(message->entries[i]);
    vg_buffer_clear(&node->frame);
    wire_raft_encode(&wire, &node->frame);
    /* What is not queued is lost, which the core expects of a network. */
    node_send_frame(node, message->msg.to, WIRE_RAFT);
}

void node_send(struct node *node, const struct raft_output *output)
{
    struct node_held *message = message_new(node, output);
    if (message == NULL)
        return;
    if (output->after_write <= node->written) {
        send_now(node, message);
        message_free(message);
        return;
    }
    struct node_held **end = &node->held;
    while (*end != NULL)
        end = &(*end)->next;
    *end = message;
}

void node_release(struct node *node, uint64_t write_id)
{
    struct node_held **at = &node->held;
    while (*at != NULL) {
        struct node_held *message = *at;
        if (message->after_write > write_id) {
            at = &message->next;
            continue;
        }
        *at = message->next;
        send_now(node, message);
        message_free(message);
    }
}

void node_held_free(struct node *node)
{
    while (node->held != NULL) {
        struct node_held *message = node->held;
        node->held = message->next;
        message_free(message);
    }
}
