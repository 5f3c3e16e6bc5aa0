/* SPDX-License-Identifier: Apache-2.0
 * The fault that this node takes upon itself for a drill (R32, docs/drills.md): a lease on its own
 * monotonic clock, so that it ends whatever becomes of those who asked for it. The core knows
 * nothing of it: what it sends and hears is lost or late on the way, as a network would have it,
 * and its disk is full as a real one would be. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/text.h"
#include "node/parts.h"
#include "proto/response/drill.h"

enum {
    LEASE_MAX_MS = 600 * 1000,     /* whatever a record says */
    FRESH_MS = 5000,               /* a start is taken up this close to its stamp */
    DELAYED_MAX = 8 * 1024 * 1024, /* bytes of frames on a slow line; more are lost */
};

/* A frame on a slow line. */
struct node_delayed {
    struct node_delayed *next;
    uint64_t due_us;
    vg_node_id to;
    enum wire_type type;
    struct vg_blob *payload;
};

/* A drill that was started, on its way from the apply thread to the loop and back for its record.
 */
struct start {
    struct loop_task task;
    struct node *node;
    vg_id id;
    uint64_t index, term, time_ms;
    struct response_drill drill;
};

bool node_fault(struct node *node, enum node_fault fault)
{
    return (atomic_load(&node->drill.faults) & fault) != 0 &&
           vg_clock_system.monotonic_us() < atomic_load(&node->drill.until_us);
}

/* ---- who is hit --------------------------------------------------------------------------------
 */

static const char *region_of(const struct node *node, vg_node_id id)
{
    return node_config_region(node->config, id);
}

static uint32_t count_in(const struct node *node, const char *region)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->genesis.member_count; i++)
        count += strcmp(region_of(node, node->genesis.members[i].id), region) == 0;
    return count;
}

/* What each kind takes away from its victims. */
static const unsigned faults_of[] = {
    [RESPONSE_DRILL_LEADER_LOSS] = NODE_FAULT_PEERS | NODE_FAULT_CLIENTS,
    [RESPONSE_DRILL_NODE_LOSS] = NODE_FAULT_PEERS | NODE_FAULT_CLIENTS,
    [RESPONSE_DRILL_ISOLATE] = NODE_FAULT_PEERS,
    [RESPONSE_DRILL_SLOW_REGION] = NODE_FAULT_SLOW,
    [RESPONSE_DRILL_DISK_FULL] = NODE_FAULT_DISK,
};

static bool is_victim(const struct node *node, const struct start *start)
{
    const struct response_drill *drill = &start->drill;
    if (drill->kind == RESPONSE_DRILL_LEADER_LOSS)
        return node->role == RAFT_LEADER && node->term.value == start->term;
    if (drill->region[0] != '\0')
        return strcmp(drill->region, node->config->region) == 0;
    return vg_node_equal(drill->node, node->self);
}

/* ---- whether it may be -------------------------------------------------------------------------
 */

static enum vg_code check_quorum(const struct node *node, const struct response_drill *drill,
                                 struct vg_error *why)
{
    uint32_t members = node->genesis.member_count;
    uint32_t hit = drill->region[0] != '\0' ? count_in(node, drill->region) : 1;
    bool votes = (faults_of[drill->kind] & NODE_FAULT_PEERS) == 0;
    if (votes || members - hit >= members / 2 + 1)
        return VG_OK;
    return vg_fail(why, VG_RULE, "%u of %u nodes would be left, which is no quorum", members - hit,
                   members);
}

static enum vg_code check_members(struct node *node, struct vg_error *why)
{
    struct api_status status;
    node_status_fill(node, &status);
    for (uint32_t i = 0; i < status.node_count; i++) {
        if (!status.nodes[i].reachable)
            return vg_fail(why, VG_UNAVAILABLE, "node %" PRIu64 " does not answer this one",
                           status.nodes[i].id.value);
    }
    return status.healthy ? VG_OK : vg_fail(why, VG_UNAVAILABLE, "this node knows no leader");
}

static enum vg_code check_lease(struct node *node, const struct start *start, struct vg_error *why)
{
    uint64_t now_ms = vg_clock_system.wall_ms();
    uint64_t apart = now_ms > start->time_ms ? now_ms - start->time_ms : start->time_ms - now_ms;
    if (atomic_load(&node->drill.faults) != 0)
        return vg_fail(why, VG_EXISTS, "this node holds the fault of another drill");
    if (apart > FRESH_MS)
        return vg_fail(why, VG_EXPIRED, "the start is stamped %" PRIu64 " ms from this clock",
                       apart);
    if (check_quorum(node, &start->drill, why) != VG_OK)
        return why->code;
    return check_members(node, why);
}

/* ---- the lease ---------------------------------------------------------------------------------
 */

static void take_lease(struct node *node, const struct response_drill *drill)
{
    struct node_drill *lease = &node->drill;
    uint64_t ms = drill->duration_ms < LEASE_MAX_MS ? drill->duration_ms : LEASE_MAX_MS;
    lease->delay_us = drill->delay_ms * 1000;
    atomic_store(&lease->until_us, vg_clock_system.monotonic_us() + ms * 1000);
    atomic_store(&lease->faults, faults_of[drill->kind]);
}

static void decide(struct loop_task *task)
{
    struct start *start = (struct start *)task;
    struct node *node = start->node;
    struct vg_error why = {.code = VG_OK};
    const char *kind = response_word(response_drill_kinds, start->drill.kind);
    char id[VG_ID_TEXT];
    vg_id_format(&start->id, id);
    if (!node->closed && is_victim(node, start)) {
        bool busy = atomic_load(&node->drill.faults) != 0;
        if (check_lease(node, start, &why) == VG_OK) {
            take_lease(node, &start->drill);
            vg_log(VG_LOG_WARN, "drill-fault", "drill=%s kind=%s ms=%" PRIu64, id, kind,
                   start->drill.duration_ms);
        } else {
            vg_log(VG_LOG_WARN, "drill-refused", "drill=%s kind=%s %s", id, kind, why.text);
        }
        if (!busy) {
            node->drill.id = start->id;
            node->drill.kind = start->drill.kind;
            node->drill.refused = why;
        }
    }
    free(start);
}

/* On the apply thread: texts of the record that are borrowed are not looked at. */
static void read_record(void *context, struct response_machine *machine)
{
    struct start *start = context;
    if (response_drill_get(machine, &start->id, &start->drill) != VG_OK) {
        free(start); /* forgotten meanwhile */
        return;
    }
    start->task.run = decide;
    loop_post(start->node->loop, &start->task);
}

static void give_up(void *context, const struct vg_error *why)
{
    (void)why;
    free(context);
}

static void ask_for_record(struct loop_task *task)
{
    struct start *start = (struct start *)task;
    if (start->node->closed) {
        free(start);
        return;
    }
    store_applier_query(start->node->applier, start->index, read_record, give_up, start);
}

void node_drill_started(struct node *node, const struct response_outcome *outcome)
{
    if (outcome->index <= node->drill.old_until)
        return; /* it was here when this node started: nobody waits for its fault any more */
    struct start *start = vg_alloc_zero(1, sizeof *start);
    *start = (struct start){.task.run = ask_for_record,
                            .node = node,
                            .id = outcome->id,
                            .index = outcome->index,
                            .term = outcome->term,
                            .time_ms = outcome->time_ms};
    loop_post(node->loop, &start->task);
}

/* ---- slow lines --------------------------------------------------------------------------------
 */

static bool is_slow(const struct node *node, vg_node_id to)
{
    return (atomic_load(&node->drill.faults) & NODE_FAULT_SLOW) != 0 &&
           strcmp(region_of(node, to), node->config->region) != 0;
}

/* What goes to another region waits behind what went before. */
static enum vg_code delay(struct node *node, vg_node_id to, enum wire_type type)
{
    struct node_drill *drill = &node->drill;
    vg_span payload = vg_buffer_span(&node->frame);
    if (drill->delayed_size + payload.size > DELAYED_MAX)
        return VG_BUSY;
    struct node_delayed *frame = vg_alloc_zero(1, sizeof *frame);
    *frame = (struct node_delayed){.due_us = vg_clock_system.monotonic_us() + drill->delay_us,
                                   .to = to,
                                   .type = type,
                                   .payload = vg_blob_copy(payload)};
    drill->delayed_size += payload.size;
    *drill->delayed_end = frame;
    drill->delayed_end = &frame->next;
    return VG_OK;
}

enum vg_code node_send_frame(struct node *node, vg_node_id to, enum wire_type type)
{
    if (node->net == NULL || node_fault(node, NODE_FAULT_PEERS))
        return VG_UNAVAILABLE;
    if (is_slow(node, to))
        return delay(node, to, type);
    return net_send(node->net, to, type, vg_buffer_span(&node->frame));
}

/* Sends, or forgets, what is due. */
static void release(struct node *node, uint64_t now_us)
{
    struct node_drill *drill = &node->drill;
    while (drill->delayed != NULL && drill->delayed->due_us <= now_us) {
        struct node_delayed *frame = drill->delayed;
        drill->delayed = frame->next;
        if (drill->delayed == NULL)
            drill->delayed_end = &drill->delayed;
        drill->delayed_size -= frame->payload->size;
        if (node->net != NULL)
            net_send(node->net, frame->to, frame->type, vg_blob_span(frame->payload));
        vg_blob_unref(frame->payload);
        free(frame);
    }
}

/* ---- the end -----------------------------------------------------------------------------------
 */

/* Clients that waited in vain begin anew: their requests were never taken. */
static void end_lease(struct node *node)
{
    unsigned faults = atomic_exchange(&node->drill.faults, 0);
    release(node, UINT64_MAX);
    if ((faults & NODE_FAULT_CLIENTS) != 0 && node->clients != NULL)
        net_clients_drop(node->clients);
    vg_log(VG_LOG_WARN, "drill-over", "kind=%s",
           response_word(response_drill_kinds, node->drill.kind));
}

uint64_t node_drill_deadline_us(const struct node *node)
{
    const struct node_drill *drill = &node->drill;
    uint64_t until_us = atomic_load(&drill->until_us);
    if (atomic_load(&drill->faults) == 0)
        return UINT64_MAX;
    return drill->delayed != NULL && drill->delayed->due_us < until_us ? drill->delayed->due_us
                                                                       : until_us;
}

void node_drill_sweep(struct node *node, uint64_t now_us)
{
    if (atomic_load(&node->drill.faults) == 0)
        return;
    release(node, now_us);
    if (now_us >= atomic_load(&node->drill.until_us))
        end_lease(node);
}

void node_drill_free(struct node *node)
{
    release(node, UINT64_MAX);
}

/* ---- the others of this node -------------------------------------------------------------------
 */

enum vg_code node_room(struct node *node, struct vg_error *error)
{
    if (node_fault(node, NODE_FAULT_DISK))
        return vg_fail(error, VG_BUSY,
                       "a drill takes the disk of node %" PRIu64
                       " for full; ask another node, or wait for the drill's end",
                       node->self.value);
    return store_log_room(node->log, error);
}

void node_drill_fill(struct node *node, struct api_status *out)
{
    const struct node_drill *drill = &node->drill;
    uint64_t now_us = vg_clock_system.monotonic_us();
    uint64_t until_us = atomic_load(&drill->until_us);
    bool holds = atomic_load(&drill->faults) != 0 && now_us < until_us;
    if (!holds && drill->refused.code == VG_OK)
        return;
    out->drill = drill->id;
    out->drill_kind = response_word(response_drill_kinds, drill->kind);
    out->drill_left_ms = holds ? (until_us - now_us + 999) / 1000 : 0;
    if (!holds)
        snprintf(out->drill_refused, sizeof out->drill_refused, "%s", drill->refused.text);
}
