/* SPDX-License-Identifier: Apache-2.0
 * The nodes of a scenario and the carrying out of what their cores put out. */
#include "tests/scenario/world.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

static void add_node(struct world *world, uint64_t id)
{
    struct node *node = &world->nodes[id];
    node->id.value = id;
    node->now_us = 1000000;
    node->core = vg_alloc_zero(1, raft_size());
    if (world->options.preloaded > 0) {
        uint64_t terms[RAFT_WINDOW];
        for (uint32_t i = 0; i < world->options.preloaded; i++)
            terms[i] = 1;
        world_preload(world, node, terms, world->options.preloaded, 1, 0);
    }
    if (!world->options.stopped)
        world_restart(world, node);
}

struct world *world_new(const struct world_options *options, FILE *trace)
{
    assert(options->node_count >= 1 && options->node_count <= WORLD_NODES);
    struct world *world = vg_alloc_zero(1, sizeof *world);
    world->options = *options;
    world->trace = trace;
    world_body(world, "", 0); /* body 0 is that of every noop */
    world->outputs = vg_alloc_zero(1, sizeof *world->outputs);
    world->outputs_again = vg_alloc_zero(1, sizeof *world->outputs_again);
    world->clone = vg_alloc_zero(1, raft_size());
    struct check_config config = {.voter_count = options->node_count,
                                  .uncommitted_bytes_max = options->core.uncommitted_bytes_max};
    for (uint32_t i = 0; i < options->node_count; i++)
        config.voters[i].value = i + 1;
    world->check = check_new(&config);
    for (uint64_t id = 1; id <= options->node_count; id++)
        add_node(world, id);
    return world;
}

static void free_node(struct node *node)
{
    for (uint32_t i = 0; i < node->write_count; i++)
        free(node->writes[i].items);
    free(node->writes);
    free(node->core);
    free(node->log.items);
    free(node->platter.history.items);
    free(node->effects);
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    for (uint64_t id = 1; id <= world->options.node_count; id++)
        free_node(&world->nodes[id]);
    for (uint32_t i = 0; i < world->body_count; i++)
        free(world->bodies[i].data);
    for (uint64_t i = 0; i < world->parcel_count; i++) {
        free(world->parcels[i]->items);
        free(world->parcels[i]);
    }
    for (uint32_t i = 0; i < world->mark_count; i++) {
        for (uint64_t id = 1; id <= world->options.node_count; id++)
            free(world->marks[i].platters[id].history.items);
    }
    free(world->bodies);
    free(world->parcels);
    free(world->marks);
    free(world->holds);
    free(world->attempts);
    free(world->keys);
    free(world->reads);
    free(world->outputs);
    free(world->outputs_again);
    free(world->clone);
    check_free(world->check);
    free(world);
}

struct node *world_node(struct world *world, uint64_t id)
{
    assert(id >= 1 && id <= world->options.node_count);
    return &world->nodes[id];
}

struct raft_status world_status(const struct node *node)
{
    struct raft_status status = {0};
    if (node->up)
        raft_status(node->core, &status);
    return status;
}

/* ---- carrying out -----------------------------------------------------------------------------
 */

/* A step being carried out. */
struct step {
    struct world *world;
    struct node *node;
    const struct raft_event *event;
    const struct item *items;
};

static void carry_truncate(struct step *step, const struct raft_output *out)
{
    history_truncate(&step->node->log, out->first);
    world_lose_attempts(step->world, step->node, out->first);
}

static void carry_append(struct step *step, const struct raft_output *out)
{
    const struct raft_event *event = step->event;
    uint32_t skip = 0;
    if (out->source == RAFT_FROM_MESSAGE)
        skip = event->msg->entry_count - out->count;
    for (uint32_t i = 0; i < out->count; i++) {
        struct raft_entry entry = {.index = out->first + i,
                                   .term = out->entry_term,
                                   .time_ms = out->time_ms,
                                   .kind = RAFT_NOOP};
        uint32_t body = 0;
        if (out->source != RAFT_FROM_LEADERSHIP) {
            const struct raft_entry *given = &event->entries[skip + i];
            body = step->items[skip + i].body;
            if (out->source == RAFT_FROM_MESSAGE)
                entry = *given;
            entry.size = given->size;
            entry.kind = given->kind;
        }
        history_append(step->world, &step->node->log, &entry, body);
    }
}

static void carry_write(struct step *step, const struct raft_output *out)
{
    world_queue_write(step->world, step->node, out);
}

static void carry_send(struct step *step, const struct raft_output *out)
{
    world_send(step->world, step->node, out);
}

static void carry_commit(struct step *step, const struct raft_output *out)
{
    step->node->commit = out->first;
}

static void carry_read(struct step *step, const struct raft_output *out)
{
    world_end_read(step->world, step->node, out);
}

static void carry_refused(struct step *step, const struct raft_output *out)
{
    step->node->refused = out->reason;
    step->node->refused_leader = out->leader;
}

static void carry_load(struct step *step, const struct raft_output *out)
{
    assert(step->node->load_count < WORLD_NODES);
    step->node->loads[step->node->load_count++] =
        (struct load){.peer = out->leader, .first = out->first, .count = out->count};
}

static void carry_role(struct step *step, const struct raft_output *out)
{
    if (step->world->trace != NULL)
        world_trace(step->world,
                    json_pack("{s:s, s:I, s:s, s:I, s:I}", "what", "role", "node",
                              (json_int_t)step->node->id.value, "role", raft_role_name(out->role),
                              "term", (json_int_t)out->term.value, "leader",
                              (json_int_t)out->leader.value));
}

static void carry_transfer(struct step *step, const struct raft_output *out)
{
    step->node->transfer = out->ok ? OUTCOME_OK : OUTCOME_REFUSED;
    step->node->refused = out->reason;
}

static void carry_alarm(struct step *step, const struct raft_output *out)
{
    step->node->alarm = out->reason;
}

static void carry_out(struct step *step)
{
    static void (*const carry[])(struct step *, const struct raft_output *) = {
        [RAFT_OUT_TRUNCATE] = carry_truncate,
        [RAFT_OUT_APPEND] = carry_append,
        [RAFT_OUT_WRITE] = carry_write,
        [RAFT_OUT_SEND] = carry_send,
        [RAFT_OUT_COMMIT] = carry_commit,
        [RAFT_OUT_READ_READY] = carry_read,
        [RAFT_OUT_READ_FAILED] = carry_read,
        [RAFT_OUT_REFUSED] = carry_refused,
        [RAFT_OUT_LOAD] = carry_load,
        [RAFT_OUT_ROLE] = carry_role,
        [RAFT_OUT_TRANSFER_DONE] = carry_transfer,
        [RAFT_OUT_ALARM] = carry_alarm,
    };
    for (uint32_t i = 0; i < step->world->outputs->count; i++)
        carry[step->world->outputs->items[i].type](step, &step->world->outputs->items[i]);
}

/* ---- a step -----------------------------------------------------------------------------------
 */

/* I44 on a clone taken before the step; then I36 on the same clone: the message comes twice. */
static void check_clone(struct world *world, struct node *node, const struct raft_event *event,
                        const struct raft_status *after)
{
    raft_step(world->clone, event, world->outputs_again);
    check_pure(world->check, node->id, raft_state_hash(node->core), raft_state_hash(world->clone));
    if (event->type != RAFT_RECEIVE)
        return;
    struct raft_status again;
    raft_step(world->clone, event, world->outputs_again);
    raft_status(world->clone, &again);
    check_repeated(world->check, node->id, event->msg, after, &again);
}

static void answer_loads(struct world *world, struct node *node)
{
    struct load loads[WORLD_NODES];
    uint32_t count = node->load_count;
    memcpy(loads, node->loads, sizeof loads);
    node->load_count = 0;
    for (uint32_t i = 0; i < count && node->up; i++) {
        struct raft_entry entries[RAFT_BATCH_MAX];
        uint32_t found = 0;
        while (found < loads[i].count && found < RAFT_BATCH_MAX &&
               loads[i].first + found <= node->log.last) {
            entries[found] = node->log.items[loads[i].first + found].entry;
            found++;
        }
        struct raft_event event = {
            .type = RAFT_LOADED, .entries = entries, .entry_count = found, .node = loads[i].peer};
        world_step(world, node, &event, NULL);
    }
}

void world_step(struct world *world, struct node *node, struct raft_event *event,
                const struct item *items)
{
    assert(node->up);
    event->now_us = node->now_us;
    event->wall_ms = world_wall_ms(world, node);
    event->full = node->fault == DISK_FULL;
    struct raft_status before = world_status(node);
    struct check_step seen = {.node = node->id,
                              .event = event,
                              .before = &before,
                              .deadline_before_us = raft_deadline_us(node->core),
                              .outputs = world->outputs};
    memcpy(world->clone, node->core, raft_size());
    raft_step(node->core, event, world->outputs);
    struct raft_status after = world_status(node);
    seen.after = &after;
    seen.deadline_after_us = raft_deadline_us(node->core);
    check_step(world->check, &seen);
    check_clone(world, node, event, &after);
    if (check_violation(world->check) != NULL)
        return;
    struct step step = {.world = world, .node = node, .event = event, .items = items};
    carry_out(&step);
    if (node->alarm != RAFT_REASON_NONE) {
        world_crash(world, node, 0);
        return;
    }
    answer_loads(world, node);
    while (world->options.sync_disk && node->up && world_disk_step(world, node))
        continue;
}
