/* SPDX-License-Identifier: Apache-2.0
 * Commands that show state as canonical lines. */
#include <inttypes.h>

#include "proto/raft/state.h"
#include "tests/scenario/fields.h"

static void print_node(const struct session *session, const struct node *node)
{
    struct raft_status s = world_status(node);
    if (!node->up)
        s = (struct raft_status){.term = {node->platter.term},
                                 .voted_for = node->platter.voted_for,
                                 .appended = {node->platter.history.last},
                                 .durable = {node->platter.history.last}};
    fprintf(session->out,
            "node id=%" PRIu64 " up=%d role=%s term=%" PRIu64 " vote=%" PRIu64 " lead=%" PRIu64
            " commit=%" PRIu64 " applied=%" PRIu64 " first=1 last=%" PRIu64 " stable=%" PRIu64
            " snap=0 cfg=1-%u\n",
            node->id.value, node->up, node->up ? raft_role_name(s.role) : "down", s.term.value,
            s.voted_for.value, s.leader.value, s.committed.value, s.applied.value, s.appended.value,
            s.durable.value, session->world->options.node_count);
}

static void print_peers(const struct session *session, const struct node *node)
{
    if (!node->up || node->core->role != RAFT_LEADER)
        return;
    const struct raft *core = node->core;
    uint64_t window_us = core->config.election_timeout_ms * 1000ULL;
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        const struct raft_peer *peer = &core->leading.peers[slot];
        if (slot == core->self)
            continue;
        bool recent = peer->contact_us != 0 && core->now_us - peer->contact_us < window_us;
        fprintf(session->out,
                "peer id=%" PRIu64 " match=%" PRIu64 " next=%" PRIu64
                " state=%s inflight=%u bytes=%" PRIu64 " recent=%d learner=0\n",
                core->config.voters[slot].value, peer->match, peer->next,
                peer->state == RAFT_PROBE ? "probe" : "replicate", peer->inflight_count,
                peer->inflight_bytes, recent);
    }
}

static void each_shown(struct session *session, const struct call *call,
                       void (*print)(const struct session *, const struct node *))
{
    uint32_t nodes = WORLD_ALL;
    if (call->word_count == 1 && !parse_nodes(session, call->words[0], &nodes))
        return;
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        if ((nodes >> id & 1) != 0)
            print(session, &session->world->nodes[id]);
    }
}

static void print_status(const struct session *session, const struct node *node)
{
    print_node(session, node);
    print_peers(session, node);
}

static void print_log(const struct session *session, const struct node *node)
{
    const struct history *history = node->up ? &node->log : &node->platter.history;
    for (uint64_t i = 1; i <= history->last; i++) {
        const struct item *item = &history->items[i];
        const char *data = session->world->bodies[item->body].data;
        fprintf(session->out,
                "entry idx=%" PRIu64 " term=%" PRIu64 " kind=%s hash8=%08" PRIx32
                " len=%u data=%.64s\n",
                item->entry.index, item->entry.term,
                item->entry.kind == RAFT_NOOP ? "noop" : "data", (uint32_t)(item->hash >> 32),
                item->entry.size, data);
    }
}

static void do_status(struct session *session, const struct call *call)
{
    each_shown(session, call, print_status);
}

static void do_raft_state(struct session *session, const struct call *call)
{
    each_shown(session, call, print_node);
}

static void do_raft_log(struct session *session, const struct call *call)
{
    each_shown(session, call, print_log);
}

static void do_inflight(struct session *session, const struct call *call)
{
    each_shown(session, call, print_peers);
}

static void do_config_show(struct session *session, const struct call *call)
{
    (void)call;
    fprintf(session->out, "config v=1-%u l= next=\n", session->world->options.node_count);
}

static void do_msgs(struct session *session, const struct call *call)
{
    static const char *const shown[] = {"term", "prev", "prevterm", "n",    "commit",
                                        "rej",  "hint", "index",    "round"};
    (void)call;
    const struct world *world = session->world;
    for (uint64_t i = world->settled; i < world->parcel_count; i++) {
        const struct parcel *parcel = world->parcels[i];
        if (parcel->state != PARCEL_FLYING)
            continue;
        fprintf(session->out, "msg id=%" PRIu64 " from=%" PRIu64 " to=%" PRIu64 " type=%s",
                parcel->id, parcel->msg.from.value, parcel->msg.to.value,
                raft_msg_name(parcel->msg.type));
        for (size_t f = 0; f < sizeof shown / sizeof shown[0]; f++) {
            uint64_t value = 0;
            field_get(&parcel->msg, shown[f], &value);
            fprintf(session->out, " %s=%" PRIu64, shown[f], value);
        }
        fprintf(session->out, " held=%d\n", !world_deliverable(world, parcel));
    }
}

const struct command show_commands[] = {
    {"status", "[NODES]", 0, 1, NULL, do_status},
    {"raft-state", "[NODES]", 0, 1, NULL, do_raft_state},
    {"raft-log", "[NODES]", 0, 1, NULL, do_raft_log},
    {"inflight", "[NODES]", 0, 1, NULL, do_inflight},
    {"config-show", "", 0, 0, NULL, do_config_show},
    {"msgs", "", 0, 0, NULL, do_msgs},
    {0},
};
