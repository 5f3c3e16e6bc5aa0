/* SPDX-License-Identifier: Apache-2.0
 * The disk of a node: a queue of writes and the platter, which is all that a crash leaves. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/scenario/world.h"

void world_queue_write(struct world *world, struct node *node, const struct raft_output *out)
{
    struct write write = {.id = out->write_id,
                          .hard_state = out->hard_state,
                          .term = out->term.value,
                          .voted_for = out->voted_for,
                          .truncate_from = out->truncate_from,
                          .count = out->count};
    if (out->count > 0) {
        write.items = vg_alloc(out->count * sizeof *write.items);
        memcpy(write.items, &node->log.items[out->first], out->count * sizeof *write.items);
    }
    node->writes = vg_realloc(node->writes, (node->write_count + 1) * sizeof *node->writes);
    node->writes[node->write_count++] = write;
    if (world->trace != NULL)
        world_trace(world,
                    json_pack("{s:s, s:I, s:I, s:I, s:I}", "what", "write", "node",
                              (json_int_t)node->id.value, "id", (json_int_t)write.id, "first",
                              (json_int_t)out->first, "count", (json_int_t)out->count));
}

static void tell_write(struct world *world, const struct node *node, const struct write *write)
{
    struct check_entry *entries = NULL;
    if (write->count > 0)
        entries = vg_alloc(write->count * sizeof *entries);
    for (uint32_t i = 0; i < write->count; i++)
        entries[i] = (struct check_entry){.index = write->items[i].entry.index,
                                          .term = write->items[i].entry.term,
                                          .hash = write->items[i].hash};
    struct check_write seen = {.hard_state = write->hard_state,
                               .term = write->term,
                               .voted_for = write->voted_for,
                               .truncate_from = write->truncate_from,
                               .entries = entries,
                               .count = write->count};
    check_written(world->check, node->id, &seen);
    free(entries);
}

/* Takes the oldest write to the platter; returns its id. */
static uint64_t sync_oldest(struct world *world, struct node *node)
{
    struct write write = node->writes[0];
    node->write_count--;
    memmove(&node->writes[0], &node->writes[1], node->write_count * sizeof write);
    struct platter *platter = &node->platter;
    if (write.hard_state) {
        platter->term = write.term;
        platter->voted_for = write.voted_for;
    }
    if (write.truncate_from > 0)
        history_truncate(&platter->history, write.truncate_from);
    for (uint32_t i = 0; i < write.count; i++)
        history_append(world, &platter->history, &write.items[i].entry, write.items[i].body);
    tell_write(world, node, &write);
    free(write.items);
    return write.id;
}

bool world_disk_step(struct world *world, struct node *node)
{
    if (!node->up || node->write_count == 0 || node->fault == DISK_STALLED)
        return false;
    if (node->fault == DISK_BROKEN) {
        world_crash(world, node, 0);
        return false;
    }
    uint64_t id = sync_oldest(world, node);
    if (check_violation(world->check) != NULL)
        return false;
    world_release_held(world, node, id);
    struct raft_event event = {.type = RAFT_WRITTEN, .id = id};
    world_step(world, node, &event, NULL);
    return true;
}

void world_crash(struct world *world, struct node *node, uint32_t keep)
{
    for (; keep > 0 && node->write_count > 0; keep--)
        sync_oldest(world, node);
    for (uint32_t i = 0; i < node->write_count; i++)
        free(node->writes[i].items);
    node->write_count = 0;
    node->load_count = 0;
    node->up = false;
    node->paused = false;
    world_forget_held(world, node);
    world_lose_attempts(world, node, 0);
    world_lose_reads(world, node);
    check_crashed(world->check, node->id);
}

/* ---- starts -----------------------------------------------------------------------------------
 */

static void recover(const struct world *world, const struct node *node, struct raft_config *config,
                    const struct raft_recovery *recovery)
{
    *config = world->options.core;
    config->self = node->id;
    config->seed = (world->options.seed * 1000 + node->starts) * 1000 + node->id.value;
    config->voter_count = world->options.node_count;
    for (uint32_t i = 0; i < config->voter_count; i++)
        config->voters[i].value = i + 1;
    raft_init(node->core, config, recovery, node->now_us, world_wall_ms(world, node));
}

/* The last RAFT_RUNS_MAX runs of terms, oldest first. */
static uint32_t runs_of(const struct history *history, struct raft_run runs[RAFT_RUNS_MAX])
{
    uint32_t count = 0;
    for (uint64_t i = 1; i <= history->last; i++) {
        uint64_t term = history->items[i].entry.term;
        if (i > 1 && term == history->items[i - 1].entry.term)
            continue;
        if (count == RAFT_RUNS_MAX)
            memmove(&runs[0], &runs[1], --count * sizeof runs[0]);
        runs[count++] = (struct raft_run){.first = i, .term = term};
    }
    return count;
}

void world_restart(struct world *world, struct node *node)
{
    assert(!node->up);
    const struct history *history = &node->platter.history;
    struct raft_run runs[RAFT_RUNS_MAX];
    struct raft_entry tail[RAFT_WINDOW];
    uint32_t tail_count = history->last < RAFT_WINDOW ? (uint32_t)history->last : RAFT_WINDOW;
    for (uint32_t i = 0; i < tail_count; i++)
        tail[i] = history->items[history->last - tail_count + 1 + i].entry;
    struct raft_recovery recovery = {.term = {node->platter.term},
                                     .voted_for = node->platter.voted_for,
                                     .tail = tail,
                                     .tail_count = tail_count,
                                     .runs = runs,
                                     .run_count = runs_of(history, runs)};
    struct raft_config config;
    node->starts++;
    recover(world, node, &config, &recovery);
    node->up = true;
    node->fault = DISK_GOOD;
    node->alarm = RAFT_REASON_NONE;
    node->transfer = OUTCOME_PENDING;
    node->commit = 0;
    node->applied = 0;
    if (node->effects != NULL)
        memset(node->effects, 0, node->effect_room * sizeof *node->effects);
    history_copy(&node->log, history);
    struct raft_status status = world_status(node);
    check_started(world->check, node->id, &status, 0);
}

void world_preload(struct world *world, struct node *node, const uint64_t *terms, uint32_t count,
                   uint64_t term, uint64_t vote)
{
    assert(!node->up && node->platter.history.last == 0);
    struct write write = {.hard_state = true, .term = term, .voted_for = {vote}, .count = count};
    if (count > 0)
        write.items = vg_alloc(count * sizeof *write.items);
    for (uint32_t i = 0; i < count; i++) {
        write.items[i] = world_known_item(world, i + 1, terms[i], terms[i]);
        history_append(world, &node->platter.history, &write.items[i].entry, write.items[i].body);
        write.items[i] = node->platter.history.items[i + 1];
    }
    node->platter.term = term;
    node->platter.voted_for.value = vote;
    tell_write(world, node, &write);
    free(write.items);
}

/* ---- marks ------------------------------------------------------------------------------------
 */

static struct mark *find_mark(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->mark_count; i++) {
        if (strcmp(world->marks[i].name, name) == 0)
            return &world->marks[i];
    }
    return NULL;
}

void world_mark(struct world *world, const char *name)
{
    struct mark *mark = find_mark(world, name);
    if (mark == NULL) {
        world->marks = vg_realloc(world->marks, (world->mark_count + 1) * sizeof *world->marks);
        mark = &world->marks[world->mark_count++];
        *mark = (struct mark){0};
        snprintf(mark->name, sizeof mark->name, "%s", name);
    }
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        const struct platter *from = &world->nodes[id].platter;
        mark->platters[id].term = from->term;
        mark->platters[id].voted_for = from->voted_for;
        history_copy(&mark->platters[id].history, &from->history);
    }
}

bool world_rollback(struct world *world, struct node *node, const char *name)
{
    assert(!node->up);
    const struct mark *mark = find_mark(world, name);
    if (mark == NULL)
        return false;
    const struct platter *from = &mark->platters[node->id.value];
    node->platter.term = from->term;
    node->platter.voted_for = from->voted_for;
    history_copy(&node->platter.history, &from->history);
    check_media_lost(world->check, node->id, from->term, from->voted_for, from->history.last);
    return true;
}
