/* SPDX-License-Identifier: Apache-2.0
 * Commands that assert. */
#include <inttypes.h>
#include <stdlib.h>

#include "proto/raft/state.h"
#include "tests/scenario/fields.h"

/* ---- numbers and roles of nodes ---------------------------------------------------------------
 */

static uint64_t node_term(const struct node *node)
{
    return node->up ? world_status(node).term.value : node->platter.term;
}

static uint64_t node_vote(const struct node *node)
{
    return node->up ? world_status(node).voted_for.value : node->platter.voted_for.value;
}

static uint64_t node_commit(const struct node *node)
{
    return world_status(node).committed.value;
}

static uint64_t node_durable(const struct node *node)
{
    return node->platter.history.last;
}

static uint64_t node_lead(const struct node *node)
{
    return world_status(node).leader.value;
}

static void assert_number(struct session *session, const struct call *call,
                          uint64_t (*value)(const struct node *))
{
    uint32_t nodes = 0;
    uint64_t wanted = 0;
    if (!parse_nodes(session, call->words[0], &nodes) ||
        !parse_number(session, call->words[1], &wanted))
        return;
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        uint64_t seen = value(&session->world->nodes[id]);
        if ((nodes >> id & 1) != 0 && seen != wanted)
            assert_fail(session, "node %" PRIu64 " has %" PRIu64 ", not %" PRIu64, id, seen,
                        wanted);
    }
}

static void do_assert_term(struct session *session, const struct call *call)
{
    assert_number(session, call, node_term);
}

static void do_assert_vote(struct session *session, const struct call *call)
{
    assert_number(session, call, node_vote);
}

static void do_assert_commit(struct session *session, const struct call *call)
{
    assert_number(session, call, node_commit);
}

static void do_assert_durable(struct session *session, const struct call *call)
{
    assert_number(session, call, node_durable);
}

static void do_assert_lead(struct session *session, const struct call *call)
{
    assert_number(session, call, node_lead);
}

static const char *role_of(const struct node *node)
{
    return node->up ? raft_role_name(world_status(node).role) : "down";
}

static void do_assert_role(struct session *session, const struct call *call)
{
    static const char *const roles[] = {"follower", "precandidate", "candidate", "leader", "down"};
    uint32_t nodes = 0;
    bool known = false;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        known |= strcmp(roles[i], call->words[1]) == 0;
    if (!known)
        bad_syntax(session, "there is no role \"%.64s\"", call->words[1]);
    if (!known || !parse_nodes(session, call->words[0], &nodes))
        return;
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        const char *role = role_of(&session->world->nodes[id]);
        if ((nodes >> id & 1) != 0 && strcmp(role, call->words[1]) != 0)
            assert_fail(session, "node %" PRIu64 " is %s, not %s", id, role, call->words[1]);
    }
}

/* The leader of the highest term that any node leads in, 0 if none; how many lead at all. */
static uint64_t highest_leader(const struct world *world, uint64_t term, uint32_t *count)
{
    uint64_t leader = 0;
    uint64_t highest = 0;
    *count = 0;
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        struct raft_status status = world_status(&world->nodes[id]);
        if (status.role != RAFT_LEADER || (term != 0 && status.term.value != term))
            continue;
        (*count)++;
        if (status.term.value > highest) {
            highest = status.term.value;
            leader = id;
        }
    }
    return leader;
}

static void do_assert_leader(struct session *session, const struct call *call)
{
    uint32_t count = 0;
    uint64_t leader = highest_leader(session->world, 0, &count);
    struct node *node = NULL;
    if (strcmp(call->words[0], "none") == 0) {
        if (count > 0)
            assert_fail(session, "node %" PRIu64 " leads", leader);
        return;
    }
    if (parse_node(session, call->words[0], &node) && node->id.value != leader)
        assert_fail(session, "the latest leader is %" PRIu64 ", not %" PRIu64, leader,
                    node->id.value);
}

static void do_assert_one_leader(struct session *session, const struct call *call)
{
    uint64_t term = 0;
    uint32_t count = 0;
    if (!pair_number(session, call, "term", &term))
        return;
    highest_leader(session->world, term, &count);
    if (count != 1)
        assert_fail(session, "%u nodes lead", count);
}

/* ---- logs -------------------------------------------------------------------------------------
 */

static const struct history *history_of(const struct node *node)
{
    return node->up ? &node->log : &node->platter.history;
}

/* One "7:3" or "1-4:3" of a log, which continues at `*next`. */
static bool log_part(struct session *session, const struct node *node, char *part, uint64_t *next)
{
    char *colon = strchr(part, ':');
    uint64_t indices[SCRIPT_LIST];
    uint32_t count = 0;
    uint64_t term = 0;
    if (colon == NULL) {
        bad_syntax(session, "a log is INDEX:TERM or FIRST-LAST:TERM, with commas");
        return false;
    }
    *colon = '\0';
    if (!parse_list(session, part, indices, &count) || !parse_number(session, colon + 1, &term))
        return false;
    const struct history *history = history_of(node);
    for (uint32_t i = 0; i < count; i++, (*next)++) {
        if (indices[i] != *next) {
            bad_syntax(session, "index %" PRIu64 " of the log is missing", *next);
            return false;
        }
        uint64_t seen = *next <= history->last ? history->items[*next].entry.term : 0;
        if (seen != term)
            assert_fail(session,
                        "node %" PRIu64 " has term %" PRIu64 " at %" PRIu64 ", not %" PRIu64,
                        node->id.value, seen, *next, term);
    }
    return true;
}

static void do_assert_log(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    char copy[SCRIPT_LINE + 1];
    uint64_t next = 1;
    if (!parse_node(session, call->words[0], &node))
        return;
    snprintf(copy, sizeof copy, "%s", call->words[1]);
    char *at = copy;
    char *part = strcmp(copy, "none") == 0 ? NULL : strsep(&at, ",");
    for (; part != NULL; part = strsep(&at, ",")) {
        if (!log_part(session, node, part, &next))
            return;
    }
    if (history_of(node)->last != next - 1)
        assert_fail(session, "the log of node %" PRIu64 " ends at %" PRIu64 ", not %" PRIu64,
                    node->id.value, history_of(node)->last, next - 1);
}

static void do_assert_equal_logs(struct session *session, const struct call *call)
{
    uint32_t nodes = WORLD_ALL;
    const struct node *first = NULL;
    if (call->word_count == 1 && !parse_nodes(session, call->words[0], &nodes))
        return;
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        const struct node *node = &session->world->nodes[id];
        if ((nodes >> id & 1) == 0 || (call->word_count == 0 && !node->up))
            continue;
        if (first == NULL)
            first = node;
        const struct history *a = history_of(first);
        const struct history *b = history_of(node);
        if (a->last != b->last || (a->last > 0 && a->items[a->last].hash != b->items[a->last].hash))
            assert_fail(session,
                        "the logs of %" PRIu64 " (to %" PRIu64 ") and %" PRIu64 " (to %" PRIu64
                        ") differ",
                        first->id.value, a->last, id, b->last);
    }
}

static void do_assert_applied(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    char seen[SCRIPT_LINE + 1] = "";
    size_t size = 0;
    if (!parse_node(session, call->words[0], &node))
        return;
    for (uint64_t i = 1; node->up && i <= node->applied; i++) {
        const struct item *item = &node->log.items[i];
        const struct body *body = &session->world->bodies[item->body];
        bool again = body->key != 0 && node->effects[body->key] != i;
        if (item->entry.kind != RAFT_DATA || again || size >= SCRIPT_LINE)
            continue;
        size += (size_t)snprintf(seen + size, sizeof seen - size, "%s%s", size > 0 ? "," : "",
                                 body->data);
    }
    if (strcmp(size > 0 ? seen : "none", call->words[1]) != 0)
        assert_fail(session, "node %" PRIu64 " applied \"%.200s\"", node->id.value, seen);
}

/* ---- a leader's view --------------------------------------------------------------------------
 */

static const struct raft_peer *peer_of(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    struct node *other = NULL;
    if (!parse_node(session, call->words[0], &node) || !parse_node(session, call->words[1], &other))
        return NULL;
    if (!node->up || node->core->role != RAFT_LEADER) {
        assert_fail(session, "node %" PRIu64 " does not lead", node->id.value);
        return NULL;
    }
    for (uint32_t slot = 0; slot < node->core->config.voter_count; slot++) {
        if (vg_node_equal(node->core->config.voters[slot], other->id) && slot != node->core->self)
            return &node->core->leading.peers[slot];
    }
    bad_syntax(session, "a node is no peer of itself");
    return NULL;
}

static void do_assert_match(struct session *session, const struct call *call)
{
    const struct raft_peer *peer = peer_of(session, call);
    uint64_t wanted = 0;
    if (peer != NULL && parse_number(session, call->words[2], &wanted) && peer->match != wanted)
        assert_fail(session, "match is %" PRIu64 ", not %" PRIu64, peer->match, wanted);
}

/* A probe waits for its answer, or the pipeline is full. */
static bool paused_peer(const struct raft_peer *peer, const struct raft_config *config)
{
    if (peer->state == RAFT_PROBE)
        return peer->probe_round != 0;
    return peer->inflight_count >= config->inflight_max ||
           peer->inflight_bytes >= config->inflight_bytes_max;
}

static void do_assert_progress(struct session *session, const struct call *call)
{
    const struct raft_peer *peer = peer_of(session, call);
    bool paused = peer != NULL && paused_peer(peer, &session->world->options.core);
    bool wanted = paused;
    if (peer == NULL || !pair_flag(session, call, "paused", &wanted))
        return;
    if (strcmp(call->words[2], "snapshot") == 0)
        fail(session, "unsupported", "snapshots");
    else if (strcmp(call->words[2], "probe") != 0 && strcmp(call->words[2], "replicate") != 0)
        bad_syntax(session, "a peer is in probe or replicate");
    const char *state = peer->state == RAFT_PROBE ? "probe" : "replicate";
    if (strcmp(call->words[2], state) != 0)
        assert_fail(session, "the peer is in %s", state);
    if (paused != wanted)
        assert_fail(session, "the peer is %spaused", paused ? "" : "not ");
}

static void do_assert_config(struct session *session, const struct call *call)
{
    const char *voters = pair_value(call, "v");
    uint64_t ids[SCRIPT_LIST];
    uint32_t count = 0;
    if (pair_value(call, "l") != NULL || pair_value(call, "next") != NULL || voters == NULL ||
        strchr(voters, '/') != NULL) {
        fail(session, "unsupported", "membership: only v=LIST");
        return;
    }
    if (!parse_list(session, voters, ids, &count))
        return;
    bool equal = count == session->world->options.node_count;
    for (uint32_t i = 0; equal && i < count; i++)
        equal = ids[i] == i + 1;
    if (!equal)
        assert_fail(session, "the voters are 1-%u", session->world->options.node_count);
}

/* ---- messages, reads, outcomes ----------------------------------------------------------------
 */

static uint64_t count_msgs(struct session *session, const struct call *call)
{
    const struct world *world = session->world;
    uint64_t count = 0;
    for (uint64_t i = world->settled; i < world->parcel_count; i++) {
        const struct parcel *parcel = world->parcels[i];
        count += parcel->state == PARCEL_FLYING && fields_match(session, call, &parcel->msg);
    }
    return count;
}

static void do_assert_msg(struct session *session, const struct call *call)
{
    uint64_t wanted = 0;
    uint64_t seen = count_msgs(session, call);
    if (!pair_number(session, call, "count", &wanted))
        return;
    if (pair_value(call, "count") != NULL && seen != wanted)
        assert_fail(session, "%" PRIu64 " such messages are on the wire, not %" PRIu64, seen,
                    wanted);
    else if (pair_value(call, "count") == NULL && seen == 0)
        assert_fail(session, "no such message is on the wire");
}

static void do_assert_no_msg(struct session *session, const struct call *call)
{
    uint64_t seen = count_msgs(session, call);
    if (seen > 0)
        assert_fail(session, "%" PRIu64 " such messages are on the wire", seen);
}

static void do_assert_read(struct session *session, const struct call *call)
{
    const struct read *read = NULL;
    uint64_t wanted = 0;
    for (uint32_t i = 0; i < session->world->read_count; i++) {
        if (strcmp(session->world->reads[i].name, call->words[0]) == 0)
            read = &session->world->reads[i];
    }
    if (!pair_number(session, call, "index", &wanted))
        return;
    if (read == NULL)
        assert_fail(session, "no read \"%.64s\" was started", call->words[0]);
    else if (strcmp(outcome_name(read->outcome), call->words[1]) != 0)
        assert_fail(session, "the read is %s", outcome_name(read->outcome));
    else if (wanted != 0 && read->index != wanted)
        assert_fail(session, "the read's index is %" PRIu64, read->index);
}

static void do_assert_outcome(struct session *session, const struct call *call)
{
    const struct world *world = session->world;
    const char *client = pair_value(call, "client");
    uint64_t seq = 0;
    if (client == NULL || pair_value(call, "seq") == NULL) {
        bad_syntax(session, "usage: %s %s", call->command->name, call->command->usage);
        return;
    }
    if (!pair_number(session, call, "seq", &seq))
        return;
    const struct attempt *found = NULL;
    for (uint32_t i = 0; i < world->attempt_count; i++) {
        const struct client_key *key = &world->keys[world->attempts[i].key - 1];
        if (key->seq == seq && strcmp(key->client, client) == 0)
            found = &world->attempts[i];
    }
    if (found == NULL)
        assert_fail(session, "%s never asked %" PRIu64, client, seq);
    else if (strcmp(outcome_name(found->outcome), call->words[0]) != 0)
        assert_fail(session, "the latest try's outcome is %s", outcome_name(found->outcome));
}

static void do_assert_transfer(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    if (parse_node(session, call->words[0], &node) &&
        strcmp(outcome_name(node->transfer), call->words[1]) != 0)
        assert_fail(session, "its last transfer is %s", outcome_name(node->transfer));
}

static void do_assert_alarm(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    if (parse_node(session, call->words[0], &node) &&
        strcmp(raft_reason_name(node->alarm), call->words[1]) != 0)
        assert_fail(session, "its alarm is %s", raft_reason_name(node->alarm));
}

/* I41 for the links as they are. */
static void do_assert_served(struct session *session, const struct call *call)
{
    (void)call;
    const struct world *world = session->world;
    vg_node_id ids[WORLD_NODES];
    struct raft_status live[WORLD_NODES];
    bool links[VG_NODES_MAX][VG_NODES_MAX] = {{false}};
    uint32_t count = world->options.node_count;
    for (uint32_t a = 0; a < count; a++) {
        ids[a].value = a + 1;
        live[a] = world_status(&world->nodes[a + 1]);
        for (uint32_t b = 0; b < count; b++) {
            bool up = world->nodes[a + 1].up && world->nodes[b + 1].up;
            links[a][b] = up && !world->cut[a + 1][b + 1];
        }
    }
    check_served(world->check, ids, live, links, count);
}

/* No entry is stamped further ahead of the true time than this, the last not further behind. */
static void do_assert_stamps(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    uint64_t ahead = UINT32_MAX;
    uint64_t behind = UINT32_MAX;
    if (!parse_node(session, call->words[0], &node) ||
        !pair_number(session, call, "ahead", &ahead) ||
        !pair_number(session, call, "behind", &behind))
        return;
    const struct history *history = history_of(node);
    uint64_t now = (uint64_t)((int64_t)world_wall_ms(session->world, node) - node->wall_offset_ms);
    for (uint64_t i = 1; i <= history->last; i++) {
        uint64_t stamp = history->items[i].entry.time_ms;
        if (stamp > now && stamp - now > ahead)
            assert_fail(session, "entry %" PRIu64 " is stamped %" PRIu64 " ms ahead", i,
                        stamp - now);
        else if (i == history->last && stamp < now && now - stamp > behind)
            assert_fail(session, "the last entry is stamped %" PRIu64 " ms behind", now - stamp);
    }
}

const struct command assert_commands[] = {
    {"assert-role", "NODES follower|precandidate|candidate|leader|down", 2, 2, NULL,
     do_assert_role},
    {"assert-leader", "NODE|none", 1, 1, NULL, do_assert_leader},
    {"assert-one-leader", "[term=]", 0, 0, " term ", do_assert_one_leader},
    {"assert-lead", "NODES LEADER (whom they follow; 0: nobody)", 2, 2, NULL, do_assert_lead},
    {"assert-term", "NODES TERM", 2, 2, NULL, do_assert_term},
    {"assert-vote", "NODES CANDIDATE (0: none)", 2, 2, NULL, do_assert_vote},
    {"assert-commit", "NODES INDEX", 2, 2, NULL, do_assert_commit},
    {"assert-durable", "NODES INDEX (last on disk)", 2, 2, NULL, do_assert_durable},
    {"assert-log", "NODE 1:1,2-4:2|none", 2, 2, NULL, do_assert_log},
    {"assert-equal-logs", "[NODES]", 0, 1, NULL, do_assert_equal_logs},
    {"assert-applied", "NODE DATA,DATA|none", 2, 2, NULL, do_assert_applied},
    {"assert-match", "LEADER PEER INDEX", 3, 3, NULL, do_assert_match},
    {"assert-progress", "LEADER PEER probe|replicate [paused=0|1]", 3, 3, " paused ",
     do_assert_progress},
    {"assert-config", "[NODE] v=1-3", 0, 1, " v l next ", do_assert_config},
    {"assert-msg", "[from= to= type= count= any field of a message]", 0, 0, FIELD_KEYS "n count ",
     do_assert_msg},
    {"assert-no-msg", "[from= to= type= any field of a message]", 0, 0, FIELD_KEYS "n ",
     do_assert_no_msg},
    {"assert-read", "NAME ok|refused|unknown|pending [index=]", 2, 2, " index ", do_assert_read},
    {"assert-outcome", "ok|refused|unknown|pending client= seq=", 1, 1, " client seq ",
     do_assert_outcome},
    {"assert-transfer", "NODE ok|refused|pending", 2, 2, NULL, do_assert_transfer},
    {"assert-served", "(I41 for the links as they are)", 0, 0, NULL, do_assert_served},
    {"assert-stamps", "NODE [ahead=MS] [behind=MS]", 1, 1, " ahead behind ", do_assert_stamps},
    {"assert-alarm", "NODE two-leaders|commit-lost|none", 2, 2, NULL, do_assert_alarm},
    {0},
};
