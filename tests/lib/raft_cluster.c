/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/raft_cluster.h"

#include <assert.h>
#include <stdlib.h>

static void *must_alloc(size_t size)
{
    void *memory = calloc(1, size);
    assert(memory != NULL);
    return memory;
}

static struct rc_node *node_of(struct rc *rc, uint64_t id)
{
    assert(id >= 1 && id <= rc->count);
    return &rc->nodes[id];
}

struct rc *rc_new(uint32_t count)
{
    assert(count >= 1 && count <= VG_NODES_MAX);
    struct rc *rc = must_alloc(sizeof *rc);
    rc->count = count;
    rc->now_us = 1000000;
    rc->config = (struct raft_config){
        .voter_count = count,
        .seed = 1,
        .election_timeout_ms = 1000,
        .heartbeat_ms = 100,
        .batch_entries_max = 64,
        .batch_bytes_max = 1 << 20,
        .inflight_max = 16,
        .inflight_bytes_max = 1 << 22,
        .uncommitted_bytes_max = 1 << 20,
        .prevote = true,
        .check_quorum = true,
    };
    for (uint32_t i = 0; i < count; i++)
        rc->config.voters[i].value = i + 1;
    return rc;
}

static void forget_memory(struct rc_node *node)
{
    free(node->core);
    node->core = NULL;
    for (uint32_t i = 0; i < node->write_count; i++)
        free(node->writes[i].entries);
    for (uint32_t i = 0; i < node->held_count; i++)
        free(node->held[i].msg);
    node->write_count = 0;
    node->held_count = 0;
    node->written = 0;
}

void rc_free(struct rc *rc)
{
    for (uint64_t id = 1; id <= rc->count; id++) {
        forget_memory(&rc->nodes[id]);
        free(rc->nodes[id].out);
    }
    rc_drop_all(rc);
    free(rc);
}

void rc_preload(struct rc *rc, uint64_t id, const uint64_t *terms, uint32_t count, uint64_t term,
                uint64_t vote)
{
    struct rc_node *node = node_of(rc, id);
    assert(node->core == NULL && count <= RC_LOG_MAX);
    for (uint32_t i = 0; i < count; i++)
        node->disk[i + 1] = (struct raft_entry){
            .index = i + 1, .term = terms[i], .time_ms = terms[i], .size = 10, .kind = RAFT_DATA};
    node->disk_last = count;
    node->disk_term.value = term;
    node->disk_vote.value = vote;
}

static uint64_t wall_ms(const struct rc *rc, uint64_t id)
{
    return rc->now_us / 1000 + 1000000 + rc->nodes[id].clock_skew_ms;
}

void rc_start(struct rc *rc, uint64_t id)
{
    struct rc_node *node = node_of(rc, id);
    assert(node->core == NULL);
    if (node->out == NULL)
        node->out = must_alloc(sizeof *node->out);
    node->core = must_alloc(raft_size());
    memcpy(node->log, node->disk, sizeof node->log);
    node->last = node->disk_last;
    struct raft_run runs[RC_LOG_MAX];
    uint32_t run_count = 0;
    for (uint64_t i = 1; i <= node->last; i++)
        if (i == 1 || node->log[i].term != node->log[i - 1].term)
            runs[run_count++] = (struct raft_run){.first = i, .term = node->log[i].term};
    uint64_t tail = node->last < RAFT_WINDOW ? node->last : RAFT_WINDOW;
    struct raft_recovery recovery = {.term = node->disk_term,
                                     .voted_for = node->disk_vote,
                                     .tail = &node->log[node->last - tail + 1],
                                     .tail_count = (uint32_t)tail,
                                     .runs = runs,
                                     .run_count = run_count};
    struct raft_config config = rc->config;
    config.self.value = id;
    config.seed += id;
    raft_init(node->core, &config, &recovery, rc->now_us, wall_ms(rc, id));
}

void rc_start_all(struct rc *rc)
{
    for (uint64_t id = 1; id <= rc->count; id++)
        rc_start(rc, id);
}

void rc_crash(struct rc *rc, uint64_t id)
{
    forget_memory(node_of(rc, id));
}

/* ---- carrying outputs out -----------------------------------------------------------------------
 */

static void release(struct rc *rc, struct rc_msg *msg)
{
    if (rc->cut[msg->msg.from.value][msg->msg.to.value]) {
        free(msg);
        return;
    }
    assert(rc->msg_count < RC_MSGS_MAX);
    rc->msgs[rc->msg_count++] = msg;
}

static void carry_append(struct rc_node *node, const struct raft_output *output,
                         const struct raft_event *event)
{
    assert(output->first == node->last + 1 && node->last + output->count <= RC_LOG_MAX);
    for (uint32_t i = 0; i < output->count; i++) {
        struct raft_entry entry = {.index = output->first + i,
                                   .term = output->entry_term,
                                   .time_ms = output->time_ms,
                                   .kind = RAFT_NOOP};
        if (output->source == RAFT_FROM_MESSAGE) {
            entry = event->entries[event->msg->entry_count - output->count + i];
            assert(entry.index == output->first + i);
        } else if (output->source == RAFT_FROM_PROPOSAL) {
            entry.kind = event->entries[i].kind;
            entry.size = event->entries[i].size;
        }
        node->log[++node->last] = entry;
    }
}

static void carry_write(struct rc_node *node, const struct raft_output *output)
{
    assert(node->write_count < RAFT_WRITES_MAX);
    struct rc_write *write = &node->writes[node->write_count++];
    *write = (struct rc_write){.id = output->write_id,
                               .hard_state = output->hard_state,
                               .term = output->term,
                               .voted_for = output->voted_for,
                               .truncate_from = output->truncate_from,
                               .first = output->first,
                               .count = output->count};
    if (write->count == 0)
        return;
    assert(write->first + write->count - 1 == node->last);
    write->entries = must_alloc(write->count * sizeof *write->entries);
    memcpy(write->entries, &node->log[write->first], write->count * sizeof *write->entries);
}

static void carry_send(struct rc *rc, struct rc_node *node, const struct raft_output *output)
{
    struct rc_msg *msg = must_alloc(sizeof *msg);
    msg->msg = output->msg;
    assert(msg->msg.prev_index + msg->msg.entry_count <= node->last || msg->msg.entry_count == 0);
    memcpy(msg->entries, &node->log[msg->msg.prev_index + 1],
           msg->msg.entry_count * sizeof msg->entries[0]);
    if (output->after_write <= node->written) {
        release(rc, msg);
        return;
    }
    assert(node->held_count < RC_MSGS_MAX);
    node->held[node->held_count++] =
        (struct rc_held){.after_write = output->after_write, .msg = msg};
}

static void carry_read(struct rc_node *node, const struct raft_output *output)
{
    for (uint32_t i = 0; i < node->read_count; i++) {
        struct rc_read *read = &node->reads[i];
        if (read->id != output->id)
            continue;
        assert(!read->done);
        read->done = true;
        read->ok = output->type == RAFT_OUT_READ_READY;
        read->index = output->first;
        return;
    }
    assert(false);
}

static void carry_out(struct rc *rc, struct rc_node *node, const struct raft_event *event,
                      struct raft_output *loads, uint32_t *load_count)
{
    for (uint32_t i = 0; i < node->out->count; i++) {
        const struct raft_output *output = &node->out->items[i];
        switch (output->type) {
        case RAFT_OUT_TRUNCATE:
            assert(output->first <= node->last);
            node->last = output->first - 1;
            break;
        case RAFT_OUT_APPEND:
            carry_append(node, output, event);
            break;
        case RAFT_OUT_WRITE:
            carry_write(node, output);
            break;
        case RAFT_OUT_SEND:
            carry_send(rc, node, output);
            break;
        case RAFT_OUT_COMMIT:
            break;
        case RAFT_OUT_READ_READY:
        case RAFT_OUT_READ_FAILED:
            carry_read(node, output);
            break;
        case RAFT_OUT_REFUSED:
            node->last_refused = *output;
            node->refused_count++;
            break;
        case RAFT_OUT_LOAD:
            loads[(*load_count)++] = *output;
            break;
        case RAFT_OUT_ROLE:
            node->last_role = *output;
            node->role_count++;
            break;
        case RAFT_OUT_TRANSFER_DONE:
            node->last_transfer = *output;
            node->transfer_count++;
            break;
        case RAFT_OUT_ALARM:
            node->alarm = output->reason;
            break;
        }
    }
}

/* I44: a step of a clone gives the same state and the same number of outputs, every time. */
static void assert_pure(const struct raft *core, const struct raft_event *event)
{
    static struct raft clones[2];
    static struct raft_outputs outs[2];
    for (uint32_t i = 0; i < 2; i++) {
        memcpy(&clones[i], core, sizeof clones[i]);
        raft_step(&clones[i], event, &outs[i]);
    }
    assert(raft_state_hash(&clones[0]) == raft_state_hash(&clones[1]));
    assert(outs[0].count == outs[1].count);
}

static void answer_load(struct rc *rc, uint64_t id, const struct raft_output *load, uint32_t count)
{
    rc_step(rc, id,
            (struct raft_event){.type = RAFT_LOADED,
                                .node = load->leader,
                                .entries = &rc->nodes[id].log[load->first],
                                .entry_count = count});
}

void rc_answer_load(struct rc *rc, uint64_t id, uint32_t count)
{
    struct raft_output load = node_of(rc, id)->last_load;
    assert(load.count > 0);
    answer_load(rc, id, &load, count < load.count ? count : load.count);
}

void rc_step(struct rc *rc, uint64_t id, struct raft_event event)
{
    struct rc_node *node = node_of(rc, id);
    if (node->core == NULL)
        return;
    event.now_us = rc->now_us;
    event.wall_ms = wall_ms(rc, id);
    event.full = node->full;
    struct raft_output loads[VG_NODES_MAX];
    uint32_t load_count = 0;
    if (rc->check_purity)
        assert_pure(node->core, &event);
    raft_step(node->core, &event, node->out);
    carry_out(rc, node, &event, loads, &load_count);
    node->load_count += load_count;
    if (load_count > 0)
        node->last_load = loads[load_count - 1];
    for (uint32_t i = 0; i < load_count && !rc->slow_loads; i++)
        answer_load(rc, id, &loads[i], loads[i].count);
}

void rc_campaign(struct rc *rc, uint64_t id)
{
    rc_step(rc, id, (struct raft_event){.type = RAFT_CAMPAIGN});
}

void rc_propose(struct rc *rc, uint64_t id, uint32_t count, uint32_t size)
{
    assert(count <= RAFT_BATCH_MAX);
    struct raft_entry entries[RAFT_BATCH_MAX];
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (struct raft_entry){.size = size, .kind = RAFT_DATA};
    rc_step(rc, id,
            (struct raft_event){.type = RAFT_PROPOSE, .entries = entries, .entry_count = count});
}

void rc_read(struct rc *rc, uint64_t id, uint64_t read_id)
{
    struct rc_node *node = node_of(rc, id);
    assert(node->read_count < RC_READS_MAX);
    node->reads[node->read_count++] = (struct rc_read){.id = read_id};
    rc_step(rc, id, (struct raft_event){.type = RAFT_READ_INDEX, .id = read_id});
}

void rc_transfer(struct rc *rc, uint64_t id, uint64_t target)
{
    rc_step(rc, id, (struct raft_event){.type = RAFT_TRANSFER, .node = {target}});
}

void rc_inject(struct rc *rc, const struct raft_msg *msg, const struct raft_entry *entries)
{
    rc_step(rc, msg->to.value,
            (struct raft_event){.type = RAFT_RECEIVE, .msg = msg, .entries = entries});
}

/* ---- disk ---------------------------------------------------------------------------------------
 */

static void put_on_platter(struct rc_node *node, const struct rc_write *write)
{
    if (write->hard_state) {
        assert(write->term.value >= node->disk_term.value);
        node->disk_term = write->term;
        node->disk_vote = write->voted_for;
    }
    if (write->truncate_from > 0)
        node->disk_last = write->truncate_from - 1;
    if (write->count == 0)
        return;
    assert(write->first == node->disk_last + 1);
    memcpy(&node->disk[write->first], write->entries, write->count * sizeof *write->entries);
    node->disk_last += write->count;
}

static void release_held(struct rc *rc, struct rc_node *node)
{
    uint32_t kept = 0;
    uint32_t count = node->held_count;
    for (uint32_t i = 0; i < count; i++) {
        if (node->held[i].after_write <= node->written)
            release(rc, node->held[i].msg);
        else
            node->held[kept++] = node->held[i];
    }
    node->held_count = kept;
}

void rc_disk(struct rc *rc, uint64_t id, uint32_t count)
{
    struct rc_node *node = node_of(rc, id);
    while (count-- > 0 && node->write_count > 0) {
        struct rc_write write = node->writes[0];
        node->write_count--;
        memmove(&node->writes[0], &node->writes[1], node->write_count * sizeof node->writes[0]);
        put_on_platter(node, &write);
        free(write.entries);
        node->written = write.id;
        release_held(rc, node);
        rc_step(rc, id, (struct raft_event){.type = RAFT_WRITTEN, .id = write.id});
    }
}

/* ---- network ------------------------------------------------------------------------------------
 */

static struct rc_msg *take(struct rc *rc, uint32_t position)
{
    assert(position < rc->msg_count);
    struct rc_msg *msg = rc->msgs[position];
    rc->msg_count--;
    for (uint32_t i = position; i < rc->msg_count; i++)
        rc->msgs[i] = rc->msgs[i + 1];
    return msg;
}

void rc_deliver(struct rc *rc, uint32_t position)
{
    struct rc_msg *msg = take(rc, position);
    if (!rc->cut[msg->msg.from.value][msg->msg.to.value])
        rc_inject(rc, &msg->msg, msg->entries);
    free(msg);
}

void rc_drop(struct rc *rc, uint32_t position)
{
    free(take(rc, position));
}

void rc_clone(struct rc *rc, uint32_t position)
{
    assert(position < rc->msg_count);
    struct rc_msg *copy = must_alloc(sizeof *copy);
    *copy = *rc->msgs[position];
    rc_inject(rc, &copy->msg, copy->entries);
    free(copy);
}

int rc_find(const struct rc *rc, uint64_t from, uint64_t to, enum raft_msg_type type)
{
    for (uint32_t i = 0; i < rc->msg_count; i++) {
        const struct raft_msg *msg = &rc->msgs[i]->msg;
        if ((from == 0 || msg->from.value == from) && (to == 0 || msg->to.value == to) &&
            (type == 0 || msg->type == type))
            return (int)i;
    }
    return -1;
}

const struct raft_msg *rc_msg_at(const struct rc *rc, int position)
{
    assert(position >= 0 && (uint32_t)position < rc->msg_count);
    return &rc->msgs[position]->msg;
}

void rc_drop_all(struct rc *rc)
{
    while (rc->msg_count > 0)
        rc_drop(rc, rc->msg_count - 1);
}

static bool write_all(struct rc *rc)
{
    bool any = false;
    for (uint64_t id = 1; id <= rc->count && !rc->slow_disk; id++) {
        any = any || rc->nodes[id].write_count > 0;
        rc_disk(rc, id, RAFT_WRITES_MAX);
    }
    return any;
}

void rc_settle(struct rc *rc)
{
    uint32_t steps = 0;
    while (write_all(rc) || rc->msg_count > 0) {
        if (rc->msg_count > 0)
            rc_deliver(rc, 0);
        assert(++steps < 1000000);
    }
}

/* ---- time ---------------------------------------------------------------------------------------
 */

void rc_wait(struct rc *rc, uint64_t ms)
{
    rc->now_us += ms * 1000;
}

void rc_tick(struct rc *rc, uint64_t id)
{
    rc_step(rc, id, (struct raft_event){.type = RAFT_TICK});
}

void rc_run(struct rc *rc, uint64_t ms)
{
    uint64_t end_us = rc->now_us + ms * 1000;
    rc_settle(rc);
    for (;;) {
        uint64_t due_us = UINT64_MAX;
        uint64_t due_id = 0;
        for (uint64_t id = 1; id <= rc->count; id++) {
            const struct raft *core = rc->nodes[id].core;
            if (core != NULL && raft_deadline_us(core) < due_us) {
                due_us = raft_deadline_us(core);
                due_id = id;
            }
        }
        if (due_id == 0 || due_us > end_us)
            break;
        if (due_us > rc->now_us)
            rc->now_us = due_us;
        rc_tick(rc, due_id);
        rc_settle(rc);
    }
    rc->now_us = end_us;
}

void rc_isolate(struct rc *rc, uint64_t id)
{
    for (uint64_t other = 1; other <= rc->count; other++)
        rc->cut[id][other] = rc->cut[other][id] = other != id;
}

void rc_heal(struct rc *rc)
{
    memset(rc->cut, 0, sizeof rc->cut);
}

uint64_t rc_leader(const struct rc *rc)
{
    uint64_t leader = 0;
    uint64_t term = 0;
    for (uint64_t id = 1; id <= rc->count; id++) {
        const struct raft *core = rc->nodes[id].core;
        if (core != NULL && core->role == RAFT_LEADER && core->term.value > term) {
            leader = id;
            term = core->term.value;
        }
    }
    return leader;
}

const struct raft *rc_core(const struct rc *rc, uint64_t id)
{
    assert(id >= 1 && id <= rc->count && rc->nodes[id].core != NULL);
    return rc->nodes[id].core;
}
