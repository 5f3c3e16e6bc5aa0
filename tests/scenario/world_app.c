/* SPDX-License-Identifier: Apache-2.0
 * Entries with their bodies, the state machine, and the clients of a scenario. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/lib/mix.h"
#include "tests/scenario/world.h"

/* ---- histories --------------------------------------------------------------------------------
 */

static uint64_t hash_of(const struct world *world, uint64_t before, const struct raft_entry *entry,
                        uint32_t body)
{
    const struct body *content = &world->bodies[body];
    uint64_t hash = mix64(before, entry->index);
    hash = mix64(hash, entry->term);
    hash = mix64(hash, entry->time_ms);
    hash = mix64(hash, entry->kind);
    hash = mix64(hash, content->key);
    for (const char *at = content->data; *at != '\0'; at++)
        hash = mix64(hash, (unsigned char)*at);
    return hash;
}

void history_truncate(struct history *history, uint64_t from)
{
    assert(from >= 1);
    if (from <= history->last)
        history->last = from - 1;
}

static void history_reserve(struct history *history, uint64_t last)
{
    if (last < history->room)
        return;
    history->room = last * 2 + 16;
    bool fresh = history->items == NULL;
    history->items = vg_realloc(history->items, history->room * sizeof *history->items);
    if (fresh)
        history->items[0] = (struct item){0};
}

void history_append(const struct world *world, struct history *history,
                    const struct raft_entry *entry, uint32_t body)
{
    history_reserve(history, history->last + 1);
    uint64_t hash = hash_of(world, history->items[history->last].hash, entry, body);
    history->last++;
    history->items[history->last] = (struct item){.entry = *entry, .hash = hash, .body = body};
}

void history_copy(struct history *to, const struct history *from)
{
    history_reserve(to, from->last);
    if (from->last > 0)
        memcpy(to->items, from->items, (from->last + 1) * sizeof *to->items);
    to->last = from->last;
}

/* ---- bodies -----------------------------------------------------------------------------------
 */

uint32_t world_body(struct world *world, const char *data, uint64_t key)
{
    world->bodies = vg_realloc(world->bodies, (world->body_count + 1) * sizeof *world->bodies);
    world->bodies[world->body_count] = (struct body){.data = vg_strdup(data), .key = key};
    return world->body_count++;
}

static const struct item *history_find(const struct history *history, uint64_t index, uint64_t term)
{
    if (index < 1 || index > history->last || history->items[index].entry.term != term)
        return NULL;
    return &history->items[index];
}

struct item world_known_item(struct world *world, uint64_t index, uint64_t term, uint64_t time_ms)
{
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        const struct node *node = &world->nodes[id];
        const struct item *found = history_find(&node->log, index, term);
        if (found == NULL)
            found = history_find(&node->platter.history, index, term);
        if (found != NULL)
            return *found;
    }
    bool first = index <= world->options.preloaded;
    char data[WORLD_NAME];
    snprintf(data, sizeof data, "p%" PRIu64 ".%" PRIu64, index, term);
    struct item item = {.entry = {.index = index,
                                  .term = term,
                                  .time_ms = time_ms,
                                  .size = (uint32_t)strlen(data),
                                  .kind = first ? RAFT_NOOP : RAFT_DATA},
                        .body = first ? 0 : world_body(world, data, 0)};
    return item;
}

/* ---- proposals --------------------------------------------------------------------------------
 */

uint64_t world_key(struct world *world, const char *client, uint64_t seq)
{
    for (uint64_t i = 0; client[0] != '\0' && i < world->key_count; i++) {
        if (world->keys[i].seq == seq && strcmp(world->keys[i].client, client) == 0)
            return i + 1;
    }
    world->keys = vg_realloc(world->keys, (world->key_count + 1) * sizeof *world->keys);
    struct client_key *key = &world->keys[world->key_count++];
    key->seq = seq;
    snprintf(key->client, sizeof key->client, "%s", client);
    return world->key_count;
}

static void end_attempt(struct world *world, struct attempt *attempt, enum outcome outcome)
{
    attempt->outcome = outcome;
    if (outcome == OUTCOME_REFUSED)
        check_refused(world->check, attempt->key);
    else if (outcome == OUTCOME_UNKNOWN)
        check_unknown(world->check, attempt->key);
}

static void add_attempt(struct world *world, const struct attempt *attempt)
{
    world->attempts =
        vg_realloc(world->attempts, (world->attempt_count + 1) * sizeof *world->attempts);
    world->attempts[world->attempt_count++] = *attempt;
}

enum raft_reason world_propose(struct world *world, struct node *node, const uint64_t *keys,
                               const char *const *data, uint32_t count)
{
    struct raft_entry entries[RAFT_BATCH_MAX];
    struct item items[RAFT_BATCH_MAX];
    assert(count >= 1 && count <= RAFT_BATCH_MAX);
    uint32_t first = world->attempt_count;
    uint64_t index = node->log.last;
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = (struct raft_entry){.size = (uint32_t)strlen(data[i]), .kind = RAFT_DATA};
        items[i] = (struct item){.body = world_body(world, data[i], keys[i])};
        check_proposed(world->check, keys[i]);
        add_attempt(world,
                    &(struct attempt){.key = keys[i], .origin = node->id, .index = index + 1 + i});
    }
    struct raft_event event = {.type = RAFT_PROPOSE, .entries = entries, .entry_count = count};
    node->refused = RAFT_REASON_NONE;
    world_step(world, node, &event, items);
    for (uint32_t i = first; i < first + count && node->up; i++) {
        struct attempt *attempt = &world->attempts[i];
        if (node->refused != RAFT_REASON_NONE)
            end_attempt(world, attempt, OUTCOME_REFUSED);
        else if (attempt->index <= node->log.last)
            attempt->term = node->log.items[attempt->index].entry.term;
    }
    return node->refused;
}

void world_lose_attempts(struct world *world, struct node *node, uint64_t from)
{
    for (uint32_t i = 0; i < world->attempt_count; i++) {
        struct attempt *attempt = &world->attempts[i];
        if (attempt->outcome == OUTCOME_PENDING && vg_node_equal(attempt->origin, node->id) &&
            attempt->index >= from)
            end_attempt(world, attempt, OUTCOME_UNKNOWN);
    }
}

/* ---- apply ------------------------------------------------------------------------------------
 */

static void answer(struct world *world, const struct node *node, uint64_t index, uint64_t effect,
                   uint64_t outcome)
{
    for (uint32_t i = 0; i < world->attempt_count; i++) {
        struct attempt *attempt = &world->attempts[i];
        if (attempt->outcome != OUTCOME_PENDING || attempt->index != index ||
            !vg_node_equal(attempt->origin, node->id))
            continue;
        end_attempt(world, attempt, OUTCOME_OK);
        check_acked(world->check, attempt->key, effect, outcome);
    }
}

/* Where a key took effect; the first time, here. 0 for entries without a key. */
static uint64_t take_effect(struct node *node, uint64_t key, uint64_t index)
{
    if (key == 0)
        return 0;
    if (key >= node->effect_room) {
        uint64_t room = key * 2 + 16;
        node->effects = vg_realloc(node->effects, room * sizeof *node->effects);
        memset(node->effects + node->effect_room, 0,
               (room - node->effect_room) * sizeof *node->effects);
        node->effect_room = room;
    }
    if (node->effects[key] == 0)
        node->effects[key] = index;
    return node->effects[key];
}

bool world_apply_step(struct world *world, struct node *node)
{
    if (!node->up || node->applied >= node->commit || check_violation(world->check) != NULL)
        return false;
    uint64_t index = ++node->applied;
    const struct item *item = &node->log.items[index];
    uint64_t key = world->bodies[item->body].key;
    uint64_t effect = take_effect(node, key, index);
    struct check_apply apply = {.index = index,
                                .hash = item->hash,
                                .key = key,
                                .outcome = mix64(key, effect),
                                .duplicate = key != 0 && effect != index};
    check_applied(world->check, node->id, &apply);
    answer(world, node, index, effect, apply.outcome);
    struct raft_event event = {.type = RAFT_SET_APPLIED, .index = index};
    world_step(world, node, &event, NULL);
    return true;
}

/* ---- reads ------------------------------------------------------------------------------------
 */

void world_read(struct world *world, struct node *node, const char *name)
{
    world->reads = vg_realloc(world->reads, (world->read_count + 1) * sizeof *world->reads);
    struct read *read = &world->reads[world->read_count++];
    *read = (struct read){.id = world->read_count, .node = node->id};
    snprintf(read->name, sizeof read->name, "%s", name);
    struct raft_event event = {.type = RAFT_READ_INDEX, .id = read->id};
    world_step(world, node, &event, NULL);
}

void world_end_read(struct world *world, const struct node *node, const struct raft_output *out)
{
    if (out->id < 1 || out->id > world->read_count ||
        !vg_node_equal(world->reads[out->id - 1].node, node->id))
        return;
    struct read *read = &world->reads[out->id - 1];
    read->outcome = out->type == RAFT_OUT_READ_READY ? OUTCOME_OK : OUTCOME_REFUSED;
    read->index = out->first;
}

void world_lose_reads(struct world *world, const struct node *node)
{
    for (uint32_t i = 0; i < world->read_count; i++) {
        struct read *read = &world->reads[i];
        if (read->outcome == OUTCOME_PENDING && vg_node_equal(read->node, node->id))
            read->outcome = OUTCOME_UNKNOWN;
    }
}
