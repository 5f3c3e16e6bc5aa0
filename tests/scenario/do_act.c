/* SPDX-License-Identifier: Apache-2.0
 * Commands that make nodes and clients act. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/scenario/script.h"

/* The node of the first word, which must run. */
static bool running(struct session *session, const struct call *call, struct node **out)
{
    if (!parse_node(session, call->words[0], out))
        return false;
    if (!(*out)->up)
        fail(session, "down", "node %" PRIu64 " does not run", (*out)->id.value);
    else if ((*out)->paused)
        fail(session, "paused", "node %" PRIu64 " is paused", (*out)->id.value);
    return session->reply == REPLY_OK;
}

static void report(struct session *session, const struct node *node, enum raft_reason reason)
{
    if (reason != RAFT_REASON_NONE)
        fail(session, raft_reason_name(reason), "node %" PRIu64 " refuses; leader=%" PRIu64,
             node->id.value, node->refused_leader.value);
}

static void do_campaign(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    struct raft_event event = {.type = RAFT_CAMPAIGN};
    if (running(session, call, &node))
        world_step(session->world, node, &event, NULL);
}

/* client= and seq= come together or not at all. */
static bool request_key(struct session *session, const struct call *call, const char **client,
                        uint64_t *seq)
{
    *client = pair_value(call, "client");
    *seq = 0;
    if ((*client == NULL) != (pair_value(call, "seq") == NULL)) {
        bad_syntax(session, "client= and seq= come together");
        return false;
    }
    if (*client == NULL)
        *client = "";
    if (strlen(*client) >= WORLD_NAME) {
        bad_syntax(session, "client= is longer than %d bytes", WORLD_NAME - 1);
        return false;
    }
    return pair_number(session, call, "seq", seq);
}

static void do_propose(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    const char *client = NULL;
    uint64_t seq = 0;
    uint64_t keys[SCRIPT_WORDS];
    uint32_t count = call->word_count - 1;
    if (!request_key(session, call, &client, &seq) || !running(session, call, &node))
        return;
    if (client[0] != '\0' && count > 1) {
        bad_syntax(session, "a proposal of a client has one datum");
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        keys[i] = world_key(session->world, client, seq);
    report(session, node,
           world_propose(session->world, node, keys, (const char *const *)&call->words[1], count));
}

static void do_propose_size(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    uint64_t size = 0;
    uint64_t count = 1;
    if (!running(session, call, &node) || !parse_number(session, call->words[1], &size) ||
        !pair_number(session, call, "count", &count))
        return;
    if (size < 1 || size > VG_ENTRY_MAX || count > SCRIPT_LIST) {
        bad_syntax(session, "1 .. %d bytes, at most %d times", VG_ENTRY_MAX, SCRIPT_LIST);
        return;
    }
    char *data = vg_alloc(size + 1);
    memset(data, 'x', size);
    data[size] = '\0';
    for (; count > 0 && session->reply == REPLY_OK && node->up; count--) {
        uint64_t key = world_key(session->world, "", 0);
        report(session, node,
               world_propose(session->world, node, &key, (const char *const *)&data, 1));
    }
    free(data);
}

static void do_transfer(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    uint64_t target = 0;
    if (!running(session, call, &node) || !parse_number(session, call->words[1], &target))
        return;
    struct raft_event event = {.type = RAFT_TRANSFER, .node = {target}};
    node->refused = RAFT_REASON_NONE;
    node->transfer = OUTCOME_PENDING;
    world_step(session->world, node, &event, NULL);
    report(session, node, node->refused);
}

static void do_read_index(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    if (!running(session, call, &node))
        return;
    if (strlen(call->words[1]) >= WORLD_NAME)
        bad_syntax(session, "a read's name is shorter than %d bytes", WORLD_NAME);
    else
        world_read(session->world, node, call->words[1]);
}

const struct command act_commands[] = {
    {"campaign", "NODE", 1, 1, NULL, do_campaign},
    {"propose", "NODE DATA.. [client= seq=]", 2, SCRIPT_WORDS, " client seq ", do_propose},
    {"propose-size", "NODE BYTES [count=]", 2, 2, " count ", do_propose_size},
    {"transfer", "NODE TARGET (0: the best)", 2, 2, NULL, do_transfer},
    {"read-index", "NODE NAME", 2, 2, NULL, do_read_index},
    {0},
};
