/* SPDX-License-Identifier: Apache-2.0
 * Commands that make a cluster and end a run. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/scenario/script.h"

/* What scn/1 names and this core has no feature for. */
static const struct {
    const char *name;
    const char *what;
} unsupported[] = {
    {"remove-process", "membership"},
    {"conf", "membership"},
    {"leave-joint", "membership"},
    {"forget-leader", "forget-leader"},
    {"lease-read", "leases"},
    {"report-unreachable", "transport reports"},
    {"compact", "compaction"},
    {"snapshot", "snapshots"},
    {"send-snapshot", "snapshots"},
    {"set-election-timeout", "fixed election timeouts"},
    {"corrupt", "damage to a disk"},
    {"grant-key", "compartments"},
    {"revoke-key", "compartments"},
    {"rotate-key", "compartments"},
    {"canary", "compartments"},
    {"verify-chain", "the ledger's chain"},
    {"assert-no-plaintext", "compartments"},
    {"assert-damaged", "damage to a disk"},
};

/* Keys of add-nodes without a feature behind them. */
static const char *const unsupported_keys[] = {"learners",  "snapshot", "uncleared", "lease",
                                               "max-apply", "priority", "region"};

const char *unsupported_what(const char *name)
{
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++) {
        if (strcmp(unsupported[i].name, name) == 0)
            return unsupported[i].what;
    }
    return NULL;
}

static void do_help(struct session *session, const struct call *call)
{
    (void)call;
    fprintf(session->out, "version scn/1\n");
    for (size_t t = 0; command_tables[t] != NULL; t++) {
        for (const struct command *command = command_tables[t]; command->name != NULL; command++)
            fprintf(session->out, "command %s %s\n", command->name, command->usage);
    }
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++)
        fprintf(session->out, "unsupported %s: %s\n", unsupported[i].name, unsupported[i].what);
}

/* ---- add-nodes --------------------------------------------------------------------------------
 */

/* A number of the core's configuration that a key sets, in its bounds. */
struct number_option {
    const char *key;
    size_t offset;
    uint64_t low;
    uint64_t high;
};

#define NUMBER(key, member, low, high)                                                             \
    {                                                                                              \
        key, offsetof(struct raft_config, member), low, high                                       \
    }

static const struct number_option number_options[] = {
    NUMBER("election", election_timeout_ms, 10, 100000),
    NUMBER("heartbeat", heartbeat_ms, 1, 49999),
    NUMBER("inflight", inflight_max, 1, RAFT_INFLIGHT_MAX),
    NUMBER("inflight-bytes", inflight_bytes_max, 1, VG_FRAME_MAX),
    NUMBER("max-msg", batch_bytes_max, 1, VG_BATCH_BYTES_MAX),
    NUMBER("max-batch", batch_entries_max, 1, RAFT_BATCH_MAX),
    NUMBER("max-uncommitted", uncommitted_bytes_max, 1, UINT32_MAX),
};

static struct world_options default_options(void)
{
    return (struct world_options){.seed = 1,
                                  .core = {.election_timeout_ms = 1000,
                                           .heartbeat_ms = 100,
                                           .batch_entries_max = RAFT_BATCH_MAX,
                                           .batch_bytes_max = VG_BATCH_BYTES_MAX,
                                           .inflight_max = RAFT_INFLIGHT_MAX,
                                           .inflight_bytes_max = VG_FRAME_MAX,
                                           .uncommitted_bytes_max = VG_FRAME_MAX,
                                           .prevote = true,
                                           .check_quorum = true}};
}

static bool bounded(struct session *session, const struct call *call, const char *key, uint64_t low,
                    uint64_t high, uint64_t *value)
{
    if (!pair_number(session, call, key, value))
        return false;
    if (pair_value(call, key) != NULL && (*value < low || *value > high)) {
        bad_syntax(session, "%s= is %" PRIu64 " .. %" PRIu64, key, low, high);
        return false;
    }
    return true;
}

static bool number_values(struct session *session, const struct call *call,
                          struct raft_config *config)
{
    for (size_t i = 0; i < sizeof number_options / sizeof number_options[0]; i++) {
        const struct number_option *option = &number_options[i];
        uint32_t *member = (uint32_t *)(void *)((char *)config + option->offset);
        uint64_t value = *member;
        if (!bounded(session, call, option->key, option->low, option->high, &value))
            return false;
        *member = (uint32_t)value;
    }
    if (config->heartbeat_ms * 2 >= config->election_timeout_ms)
        bad_syntax(session, "heartbeat= is less than half of election=");
    return session->reply == REPLY_OK;
}

/* Only a cluster of which all nodes vote: voters= may say so. */
static bool all_vote(struct session *session, const struct call *call, uint64_t count)
{
    const char *voters = pair_value(call, "voters");
    uint64_t ids[SCRIPT_LIST];
    uint32_t named = 0;
    if (voters == NULL)
        return true;
    if (!parse_list(session, voters, ids, &named))
        return false;
    bool all = named == count;
    for (uint32_t i = 0; all && i < named; i++)
        all = ids[i] == i + 1;
    if (!all)
        fail(session, "unsupported", "membership: all nodes of this core vote");
    return all;
}

static bool supported_options(struct session *session, const struct call *call)
{
    for (size_t i = 0; i < sizeof unsupported_keys / sizeof unsupported_keys[0]; i++) {
        if (pair_value(call, unsupported_keys[i]) != NULL)
            fail(session, "unsupported", "%s", unsupported_keys[i]);
    }
    const char *reads = pair_value(call, "reads");
    if (reads != NULL && strcmp(reads, "index") != 0)
        fail(session, "unsupported", "reads by %s", reads);
    return session->reply == REPLY_OK;
}

static bool word_options(struct session *session, const struct call *call,
                         struct world_options *options)
{
    for (uint32_t i = 1; i < call->word_count; i++) {
        if (strcmp(call->words[i], "prevote") == 0)
            options->core.prevote = true;
        else if (strcmp(call->words[i], "checkquorum") == 0)
            options->core.check_quorum = true;
        else if (strcmp(call->words[i], "stopped") == 0)
            options->stopped = true;
        else if (strcmp(call->words[i], "lease") == 0)
            fail(session, "unsupported", "lease");
        else
            bad_syntax(session, "add-nodes has no word \"%.64s\"", call->words[i]);
    }
    return session->reply == REPLY_OK;
}

static void do_add_nodes(struct session *session, const struct call *call)
{
    struct world_options options = default_options();
    uint64_t count = 0;
    uint64_t index = 0;
    bool async = true;
    if (!parse_number(session, call->words[0], &count) ||
        !bounded(session, call, "index", 0, RAFT_WINDOW, &index) ||
        !pair_number(session, call, "seed", &options.seed) ||
        !pair_flag(session, call, "async-disk", &async) ||
        !pair_flag(session, call, "prevote", &options.core.prevote) ||
        !pair_flag(session, call, "checkquorum", &options.core.check_quorum) ||
        !number_values(session, call, &options.core))
        return;
    if (count < 1 || count > WORLD_NODES) {
        bad_syntax(session, "a cluster has 1 .. %d nodes", WORLD_NODES);
        return;
    }
    if (session->world != NULL)
        fail(session, "unsupported", "membership: the cluster has its nodes already");
    if (!word_options(session, call, &options) || !supported_options(session, call) ||
        !all_vote(session, call, count))
        return;
    options.node_count = (uint32_t)count;
    options.preloaded = (uint32_t)index;
    options.sync_disk = !async;
    session->world = world_new(&options, session->trace);
}

static void do_preload(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    uint64_t terms[SCRIPT_LIST];
    uint32_t count = 0;
    uint64_t term = 0;
    uint64_t vote = 0;
    const char *list = pair_value(call, "terms");
    if (!parse_node(session, call->words[0], &node) ||
        (list != NULL && !parse_list(session, list, terms, &count)) ||
        !pair_number(session, call, "vote", &vote))
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (terms[i] < term || terms[i] == 0) {
            bad_syntax(session, "terms of a log are above 0 and never fall");
            return;
        }
        term = terms[i];
    }
    uint64_t last = term;
    if (!pair_number(session, call, "term", &term))
        return;
    if (term < last)
        bad_syntax(session, "term= is not below the log's last");
    else if (node->up || node->platter.history.last > 0)
        fail(session, "running", "preload is for a node that never ran");
    else
        world_preload(session->world, node, terms, count, term, vote);
}

/* ---- the run ----------------------------------------------------------------------------------
 */

static void do_expect_err(struct session *session, const struct call *call)
{
    snprintf(session->expected, sizeof session->expected, "%s", call->words[0]);
}

static void do_allow(struct session *session, const struct call *call)
{
    if (strcmp(call->words[0], "I40") != 0) {
        fail(session, "unsupported", "waiving %s", call->words[0]);
        return;
    }
    session->waived_convergence = true;
    fprintf(session->out, "waived I40\n");
}

static void do_end(struct session *session, const struct call *call)
{
    if (call->word_count == 1 && strcmp(call->words[0], "no-converge") != 0) {
        bad_syntax(session, "usage: end [no-converge]");
        return;
    }
    session->ended = true;
    if (call->word_count == 0 && !session->waived_convergence)
        world_converge(session->world);
    fprintf(session->out, "trace-hash %016" PRIx64 "\n", check_trace_hash(session->world->check));
}

const struct command cluster_commands[] = {
    {"help", "", 0, 0, NULL, do_help},
    {"add-nodes",
     "COUNT [prevote] [checkquorum] [stopped] [voters= index= seed= prevote=0|1 checkquorum=0|1"
     " async-disk=0|1 election=MS heartbeat=MS inflight= inflight-bytes= max-msg= max-batch="
     " max-uncommitted= reads=index]",
     1, 5,
     " voters index seed prevote checkquorum async-disk election heartbeat inflight"
     " inflight-bytes max-msg max-batch max-uncommitted reads learners snapshot uncleared lease"
     " max-apply priority region ",
     do_add_nodes},
    {"preload", "NODE [terms=1,1,2] [term=] [vote=]", 1, 1, " terms term vote ", do_preload},
    {"expect-err", "CODE", 1, 1, NULL, do_expect_err},
    {"allow", "I40", 1, 1, NULL, do_allow},
    {"end", "[no-converge]", 0, 1, NULL, do_end},
    {0},
};
