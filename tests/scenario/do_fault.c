/* SPDX-License-Identifier: Apache-2.0
 * Commands that break things: crashes, disks, links, clocks, forged messages. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/scenario/fields.h"

/* ---- nodes ------------------------------------------------------------------------------------
 */

/* keep=synced|all|K: how many unfinished writes survive. */
static bool kept_writes(struct session *session, const struct call *call, uint64_t *out)
{
    const char *keep = pair_value(call, "keep");
    *out = 0;
    if (keep == NULL || strcmp(keep, "synced") == 0)
        return true;
    if (strcmp(keep, "all") == 0) {
        *out = UINT32_MAX;
        return true;
    }
    return parse_number(session, keep, out);
}

static void do_crash(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    uint64_t keep = 0;
    if (!parse_nodes(session, call->words[0], &nodes) || !kept_writes(session, call, &keep))
        return;
    if (call->word_count == 2) {
        if (strcmp(call->words[1], "torn") == 0)
            fail(session, "unsupported", "torn writes: the store's transactions are atomic");
        else
            bad_syntax(session, "crash has no word \"%.64s\"", call->words[1]);
        return;
    }
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        struct node *node = &session->world->nodes[id];
        if ((nodes >> id & 1) != 0 && node->up)
            world_crash(session->world, node, keep > UINT32_MAX ? UINT32_MAX : (uint32_t)keep);
    }
}

static void do_restart(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    if (!parse_nodes(session, call->words[0], &nodes))
        return;
    for (uint32_t i = 1; i < call->word_count; i++) {
        if (strcmp(call->words[i], "wipe") == 0 || strcmp(call->words[i], "same-id") == 0)
            fail(session, "unsupported", "incarnations: %s", call->words[i]);
        else
            bad_syntax(session, "restart has no word \"%.64s\"", call->words[i]);
    }
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        struct node *node = &session->world->nodes[id];
        if ((nodes >> id & 1) == 0 || session->reply != REPLY_OK)
            continue;
        if (node->up && nodes != WORLD_ALL)
            fail(session, "running", "node %" PRIu64 " runs", id);
        else if (!node->up)
            world_restart(session->world, node);
    }
}

static void set_paused(struct session *session, const struct call *call, bool paused)
{
    uint32_t nodes = 0;
    if (!parse_nodes(session, call->words[0], &nodes))
        return;
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        struct node *node = &session->world->nodes[id];
        if ((nodes >> id & 1) != 0 && node->up)
            node->paused = paused;
    }
}

static void do_pause(struct session *session, const struct call *call)
{
    set_paused(session, call, true);
}

static void do_resume(struct session *session, const struct call *call)
{
    set_paused(session, call, false);
}

/* ---- disks ------------------------------------------------------------------------------------
 */

static void do_disk_fail(struct session *session, const struct call *call)
{
    static const struct {
        const char *kind;
        enum disk_fault fault;
    } kinds[] = {{"stall", DISK_STALLED},
                 {"eio", DISK_BROKEN},
                 {"fsync", DISK_BROKEN},
                 {"nospc", DISK_FULL},
                 {"none", DISK_GOOD}};
    struct node *node = NULL;
    const char *kind = pair_value(call, "kind");
    if (!parse_node(session, call->words[0], &node))
        return;
    for (size_t i = 0; kind != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            node->fault = kinds[i].fault;
            return;
        }
    }
    bad_syntax(session, "kind= is stall, eio, fsync, nospc or none");
}

static void do_mark(struct session *session, const struct call *call)
{
    if (strlen(call->words[0]) >= WORLD_NAME)
        bad_syntax(session, "a mark's name is shorter than %d bytes", WORLD_NAME);
    else
        world_mark(session->world, call->words[0]);
}

static void do_rollback_disk(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    const char *mark = pair_value(call, "to");
    if (!parse_node(session, call->words[0], &node))
        return;
    if (mark == NULL)
        bad_syntax(session, "usage: rollback-disk NODE to=MARK");
    else if (node->up)
        fail(session, "running", "node %" PRIu64 " runs", node->id.value);
    else if (!world_rollback(session->world, node, mark))
        fail(session, "no-mark", "there is no mark \"%.64s\"", mark);
}

static void do_clock(struct session *session, const struct call *call)
{
    struct node *node = NULL;
    uint64_t ms = 0;
    const char *text = call->words[1];
    if (!parse_node(session, call->words[0], &node))
        return;
    if (text[0] != '+' && text[0] != '-') {
        bad_syntax(session, "usage: clock NODE +MS|-MS");
        return;
    }
    if (!parse_number(session, text + 1, &ms))
        return;
    if (ms > 1000000000000)
        bad_syntax(session, "a clock jumps by at most 1000000000000 ms");
    else
        node->wall_offset_ms += text[0] == '+' ? (int64_t)ms : -(int64_t)ms;
}

/* ---- links ------------------------------------------------------------------------------------
 */

/* "1>2", "1,2>3", "1-2" is a range; "1<>2" is both ways. */
static void set_link(struct session *session, const char *text, bool cut)
{
    char copy[SCRIPT_LINE + 1];
    uint32_t from = 0;
    uint32_t to = 0;
    snprintf(copy, sizeof copy, "%s", text);
    char *arrow = strchr(copy, '>');
    if (arrow == NULL) {
        bad_syntax(session, "a link is FROM>TO, or A<>B for both ways");
        return;
    }
    bool both = arrow > copy && arrow[-1] == '<';
    arrow[both ? -1 : 0] = '\0';
    if (!parse_nodes(session, copy, &from) || !parse_nodes(session, arrow + 1, &to))
        return;
    for (uint64_t a = 1; a <= session->world->options.node_count; a++) {
        for (uint64_t b = 1; b <= session->world->options.node_count; b++) {
            if (a == b || (from >> a & 1) == 0 || (to >> b & 1) == 0)
                continue;
            world_cut(session->world, a, b, cut);
            if (both)
                world_cut(session->world, b, a, cut);
        }
    }
    world_links_changed(session->world);
}

static void do_cut(struct session *session, const struct call *call)
{
    for (uint32_t i = 0; i < call->word_count; i++)
        set_link(session, call->words[i], true);
}

static void do_heal(struct session *session, const struct call *call)
{
    if (call->word_count == 0)
        set_link(session, "all>all", false);
    for (uint32_t i = 0; i < call->word_count; i++)
        set_link(session, call->words[i], false);
}

/* Nodes of no group are alone. */
static void do_partition(struct session *session, const struct call *call)
{
    char copy[SCRIPT_LINE + 1];
    uint32_t group_of[WORLD_NODES + 1] = {0};
    uint32_t group = 0;
    uint64_t count = session->world->options.node_count;
    snprintf(copy, sizeof copy, "%s", call->words[0]);
    char *at = copy;
    for (char *part = strsep(&at, "|"); part != NULL; part = strsep(&at, "|")) {
        uint32_t nodes = 0;
        if (!parse_nodes(session, part, &nodes))
            return;
        group++;
        for (uint64_t id = 1; id <= count; id++) {
            if ((nodes >> id & 1) == 0)
                continue;
            if (group_of[id] != 0)
                bad_syntax(session, "node %" PRIu64 " is in two parts", id);
            group_of[id] = group;
        }
    }
    for (uint64_t a = 1; a <= count && session->reply == REPLY_OK; a++) {
        for (uint64_t b = 1; b <= count; b++)
            world_cut(session->world, a, b,
                      a != b && (group_of[a] != group_of[b] || group_of[a] == 0));
    }
    world_links_changed(session->world);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static void do_replay_all(struct session *session, const struct call *call)
{
    struct world *world = session->world;
    struct filter filter;
    bool reverse = false;
    uint64_t end = world->parcel_count;
    uint64_t count = 0;
    if (!pair_filter(session, call, &filter) || !pair_flag(session, call, "reverse", &reverse))
        return;
    for (uint64_t i = 0; i < end; i++) {
        const struct parcel *parcel = world->parcels[reverse ? end - 1 - i : i];
        if (!parcel->sent || !world_matches(&filter, &parcel->msg))
            continue;
        world_repeat(world, parcel);
        count++;
    }
    fprintf(session->out, "replayed %" PRIu64 "\n", count);
}

/* The entries of a forged append: real ones where any node has (index, term). */
static struct item *forged_items(struct world *world, const struct raft_msg *msg,
                                 const uint64_t *terms)
{
    struct item *items = NULL;
    if (msg->entry_count > 0)
        items = vg_alloc(msg->entry_count * sizeof *items);
    for (uint32_t i = 0; i < msg->entry_count; i++)
        items[i] = world_known_item(world, msg->prev_index + 1 + i, terms[i], msg->log_time_ms);
    return items;
}

static void do_inject(struct session *session, const struct call *call)
{
    uint64_t terms[SCRIPT_LIST];
    uint32_t count = 0;
    struct raft_msg msg = {0};
    const char *type = pair_value(call, "type");
    const char *list = pair_value(call, "terms");
    msg.type = (enum raft_msg_type)(type != NULL ? type_of_name(type) : 0);
    struct node *to = NULL;
    const char *target = pair_value(call, "to");
    if (msg.type == 0 || target == NULL || pair_value(call, "from") == NULL) {
        bad_syntax(session, "inject needs from=, to= and a known type=");
        return;
    }
    if (!parse_node(session, target, &to) ||
        (list != NULL && !parse_list(session, list, terms, &count)))
        return;
    if (count > RAFT_BATCH_MAX) {
        bad_syntax(session, "a message has at most %d entries", RAFT_BATCH_MAX);
        return;
    }
    msg.log_time_ms = msg.wall_ms = world_wall_ms(session->world, to);
    msg.entry_count = count;
    if (fields_set(session, call, &msg))
        world_post(session->world, &msg, forged_items(session->world, &msg, terms));
}

const struct command fault_commands[] = {
    {"crash", "NODES [keep=synced|all|K]", 1, 2, " keep ", do_crash},
    {"restart", "NODES", 1, 3, NULL, do_restart},
    {"pause", "NODES", 1, 1, NULL, do_pause},
    {"resume", "NODES", 1, 1, NULL, do_resume},
    {"disk-fail", "NODE kind=stall|eio|fsync|nospc|none", 1, 1, " kind ", do_disk_fail},
    {"mark", "NAME", 1, 1, NULL, do_mark},
    {"rollback-disk", "NODE to=MARK", 1, 1, " to ", do_rollback_disk},
    {"clock", "NODE +MS|-MS", 2, 2, NULL, do_clock},
    {"cut", "FROM>TO.. (A<>B: both ways)", 1, SCRIPT_WORDS, NULL, do_cut},
    {"heal", "[FROM>TO..]", 0, SCRIPT_WORDS, NULL, do_heal},
    {"partition", "1,2|3-5", 1, 1, NULL, do_partition},
    {"replay-all", "[from= to= type=] [reverse=1]", 0, 0, " from to type reverse ", do_replay_all},
    {"inject", "from= to= type= [terms=3,3 term= prev= ...any field of a message]", 0, 0,
     FIELD_KEYS "terms ", do_inject},
    {0},
};
