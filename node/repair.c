/* SPDX-License-Identifier: Apache-2.0
 * Damaged entries, fetched again from the other nodes (docs/storage.md, F24): asked of one after
 * the other, proved by the hash that this node's own chain has for the place, and put into the log.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "node/parts.h"

enum {
    ANSWER_US = 1000 * 1000, /* what one node may take for its answer */
    REST_US = 2000 * 1000,   /* before all are asked again */
    SERVED_MAX = 16,         /* fetches of others read from the disk at a time */
};

/* ---- the table ---------------------------------------------------------------------------------
 */

static struct node_repair *find(struct node *node, uint64_t index)
{
    for (size_t i = 0; i < NODE_REPAIRS_MAX; i++)
        if (node->repairs.all[i].index == index)
            return &node->repairs.all[i];
    return NULL;
}

/* A free place, else that of one which nobody waits for and nobody has; NULL when all are at work.
 */
static struct node_repair *place(struct node *node)
{
    struct node_repair *free_one = find(node, 0);
    for (size_t i = 0; i < NODE_REPAIRS_MAX && free_one == NULL; i++) {
        struct node_repair *repair = &node->repairs.all[i];
        if (repair->stage == NODE_REPAIR_RESTS && repair->waiting == NULL)
            free_one = repair;
    }
    return free_one;
}

/* Answers who waits for it: `json` on VG_OK. */
static void answer_waiting(struct node_repair *repair, const struct vg_error *error)
{
    while (repair->waiting != NULL) {
        struct node_query *query = repair->waiting;
        repair->waiting = query->next;
        query->error = *error;
        if (error->code == VG_OK)
            query->json =
                api_text(json_pack("{s:I, s:b, s:I}", "index", (json_int_t)repair->index,
                                   "repaired", 1, "from", (json_int_t)repair->from.value));
        node_query_resume(query, true);
    }
}

static void end(struct node_repair *repair, const struct vg_error *error)
{
    answer_waiting(repair, error);
    *repair = (struct node_repair){0};
}

/* ---- asking ------------------------------------------------------------------------------------
 */

static const char *said_text(enum vg_code code)
{
    switch (code) {
    case VG_NOT_FOUND:
        return "does not hold it";
    case VG_INTEGRITY:
        return "has it damaged too";
    case VG_INVALID:
        return "gave another one";
    case VG_UNAVAILABLE:
        return "cannot be reached";
    default:
        return "gave no answer";
    }
}

/* Why an entry that rests is still damaged. */
static void describe(const struct node *node, const struct node_repair *repair,
                     struct vg_error *out)
{
    const struct node_config *config = node->config;
    char reasons[VG_ERROR_TEXT / 2] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < config->peers_count && used < sizeof reasons; i++)
        used += (size_t)snprintf(reasons + used, sizeof reasons - used, "%snode %u %s",
                                 i == 0 ? "" : ", ", (unsigned)config->peers[i].node,
                                 said_text(repair->said[i]));
    const char *why = config->peers_count == 0 ? "this node is alone" : reasons;
    if (!repair->provable)
        why = "the entry after it, which alone says what belongs there, is damaged too";
    vg_fail(out, VG_INTEGRITY, "entry %" PRIu64 " is damaged and could not be fetched: %s",
            repair->index, why);
}

static void rest(struct node *node, struct node_repair *repair, uint64_t now_us)
{
    struct vg_error why = {0};
    describe(node, repair, &why);
    if (!repair->told)
        vg_log(VG_LOG_ERROR, "entry-not-repaired", "index=%" PRIu64 " %s; asking again every %d ms",
               repair->index, why.text, REST_US / 1000);
    repair->told = true;
    repair->stage = NODE_REPAIR_RESTS;
    repair->until_us = now_us + REST_US;
    answer_waiting(repair, &why);
}

static void ask_next(struct node *node, struct node_repair *repair)
{
    const struct node_config *config = node->config;
    const struct wire_fetch fetch = {repair->index, repair->hash};
    uint64_t now_us = vg_clock_system.monotonic_us();
    while (repair->asked < config->peers_count) {
        repair->at = (uint32_t)((repair->index + repair->asked++) % config->peers_count);
        repair->from.value = config->peers[repair->at].node;
        vg_buffer_clear(&node->frame);
        wire_fetch_encode(&fetch, &node->frame);
        bool sent = node_send_frame(node, repair->from, WIRE_FETCH) == VG_OK;
        repair->said[repair->at] = sent ? VG_TIMEOUT : VG_UNAVAILABLE;
        if (!sent)
            continue;
        repair->stage = NODE_REPAIR_ASKS;
        repair->until_us = now_us + ANSWER_US;
        return;
    }
    rest(node, repair, now_us);
}

/* Asks all in turn, from the first one on. What is not provable waits for the entry after it. */
static void begin(struct node *node, struct node_repair *repair)
{
    struct vg_error gone = {0};
    struct store_log_figures figures;
    store_log_figures(node->log, &figures);
    repair->asked = 0;
    repair->provable = store_log_chain_hash(node->log, repair->index, &repair->hash);
    if (repair->index > figures.last_durable) {
        vg_fail(&gone, VG_NOT_FOUND, "the log has no entry %" PRIu64 " any more", repair->index);
        end(repair, &gone);
    } else if (repair->provable) {
        ask_next(node, repair);
    } else {
        rest(node, repair, vg_clock_system.monotonic_us());
        node_repair_start(node, repair->index + 1);
    }
}

struct node_repair *node_repair_start(struct node *node, uint64_t index)
{
    struct node_repair *repair = find(node, index);
    if (repair != NULL)
        return repair;
    repair = place(node);
    if (repair == NULL)
        return NULL;
    *repair = (struct node_repair){.index = index};
    begin(node, repair);
    return find(node, index);
}

void node_repair_wait(struct node *node, struct node_query *query)
{
    struct node_repair *repair = node_repair_start(node, query->ask.index);
    if (repair == NULL) {
        vg_fail(&query->error, VG_BUSY, "other entries are being fetched; ask again");
        node_query_resume(query, true);
        return;
    }
    query->error = (struct vg_error){0};
    query->next = repair->waiting;
    repair->waiting = query;
    if (repair->stage == NODE_REPAIR_RESTS)
        begin(node, repair);
}

void node_repairs_sweep(struct node *node, uint64_t now_us)
{
    if (node->repairs.applier_waits != 0) /* there may have been no place for it */
        node_repair_start(node, node->repairs.applier_waits);
    for (size_t i = 0; i < NODE_REPAIRS_MAX; i++) {
        struct node_repair *repair = &node->repairs.all[i];
        if (repair->index == 0 || now_us < repair->until_us)
            continue;
        if (repair->stage == NODE_REPAIR_ASKS)
            ask_next(node, repair);
        else if (repair->stage == NODE_REPAIR_RESTS)
            begin(node, repair);
    }
}

void node_repairs_end(struct node *node, const struct vg_error *why)
{
    for (size_t i = 0; i < NODE_REPAIRS_MAX; i++)
        end(&node->repairs.all[i], why);
}

bool node_repairs_stuck(const struct node *node, struct vg_error *out)
{
    for (size_t i = 0; i < NODE_REPAIRS_MAX; i++) {
        const struct node_repair *repair = &node->repairs.all[i];
        if (repair->index == 0 || repair->stage != NODE_REPAIR_RESTS)
            continue;
        describe(node, repair, out);
        return true;
    }
    return false;
}

/* ---- the answer --------------------------------------------------------------------------------
 */

void node_fetched(struct node *node, vg_node_id from, const struct node_fetched *answer)
{
    struct node_repair *repair = find(node, answer->index);
    if (repair == NULL || repair->stage != NODE_REPAIR_ASKS || !vg_node_equal(repair->from, from))
        return; /* late */
    bool whole = answer->code == VG_OK && vg_hash_equal(&answer->hash, &repair->hash);
    if (whole) {
        repair->stage = NODE_REPAIR_WRITES;
        store_log_repair(node->log, vg_blob_ref(answer->entry));
        return;
    }
    repair->said[repair->at] = answer->code == VG_OK ? VG_INVALID : answer->code;
    ask_next(node, repair);
}

struct repaired {
    struct loop_task task;
    struct node *node;
    uint64_t index;
    bool whole;
};

/* The entry before may have waited for this one's metadata. */
static void wake_before(struct node *node, uint64_t index)
{
    struct node_repair *before = index > 1 ? find(node, index - 1) : NULL;
    if (before != NULL && !before->provable)
        begin(node, before);
}

static void take_repaired(struct loop_task *task)
{
    struct repaired *repaired = (struct repaired *)task;
    struct node *node = repaired->node;
    struct node_repair *repair = find(node, repaired->index);
    struct vg_error gone = {0};
    if (!repaired->whole)
        vg_fail(&gone, VG_NOT_FOUND, "the log has no such entry %" PRIu64 " any more",
                repaired->index);
    if (repair != NULL && !node->closed) {
        vg_log(VG_LOG_INFO, repaired->whole ? "entry-repaired" : "entry-gone",
               "index=%" PRIu64 " from=%" PRIu64, repaired->index, repair->from.value);
        end(repair, &gone);
        if (node->repairs.applier_waits == repaired->index)
            node->repairs.applier_waits = 0; /* it looks, and says if that was not all */
        store_applier_mended(node->applier);
        wake_before(node, repaired->index);
    }
    free(repaired);
}

void node_repaired(void *context, uint64_t index, bool whole)
{
    struct node *node = context;
    struct repaired *repaired = vg_alloc(sizeof *repaired);
    *repaired =
        (struct repaired){.task.run = take_repaired, .node = node, .index = index, .whole = whole};
    loop_post(node->loop, &repaired->task);
}

/* ---- what others ask of us ---------------------------------------------------------------------
 */

struct serving {
    struct node *node;
    vg_node_id to;
    struct wire_fetch fetch;
    enum vg_code code;
    struct vg_blob *entry;
};

/* On the pool. Another entry at that index is none that was asked for. */
static void read_served(void *context)
{
    struct serving *serving = context;
    struct ledger_view view;
    serving->code = store_log_read(serving->node->log, serving->fetch.index, &serving->entry, NULL);
    if (serving->code == VG_OK && (ledger_cut(vg_blob_span(serving->entry), &view, NULL) != VG_OK ||
                                   !vg_hash_equal(&view.hash, &serving->fetch.hash)))
        serving->code = VG_NOT_FOUND;
}

static void send_answer(struct node *node, const struct serving *serving)
{
    struct wire_fetched answer = {.index = serving->fetch.index, .code = serving->code};
    if (answer.code == VG_OK)
        answer.entry = vg_blob_span(serving->entry);
    vg_buffer_clear(&node->frame);
    wire_fetched_encode(&answer, &node->frame);
    node_send_frame(node, serving->to, WIRE_FETCHED);
}

static void served(void *context)
{
    struct serving *serving = context;
    struct node *node = serving->node;
    node->repairs.served--;
    send_answer(node, serving);
    if (serving->code == VG_INTEGRITY && !node->closed)
        node_repair_start(node, serving->fetch.index);
    vg_blob_unref(serving->entry);
    free(serving);
}

void node_fetch_serve(struct node *node, vg_node_id to, const struct wire_fetch *fetch)
{
    struct serving asked = {.node = node, .to = to, .fetch = *fetch, .code = VG_BUSY};
    if (node->repairs.served == SERVED_MAX) {
        send_answer(node, &asked);
        return;
    }
    struct serving *serving = vg_alloc(sizeof *serving);
    *serving = asked;
    node->repairs.served++;
    loop_work(node->loop, read_served, served, serving);
}
