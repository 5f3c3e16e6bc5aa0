/* SPDX-License-Identifier: Apache-2.0
 * `vigil log`: entries as every node has them, and the check of their chain. */
#include <stdio.h>
#include <time.h>

#include "ops/cli/commands.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"

enum { TAIL_COUNT = 10, TAIL_MAX = 500, VERIFY_COUNT = 2000, FOLLOW_PAUSE_MS = 200 };

static const struct cli_column entry_columns[] = {
    {.title = "INDEX", .path = "index", .number = true},
    {.title = "TERM", .path = "term", .number = true},
    {.title = "TIME", .path = "time"},
    {.title = "TYPE", .path = "type"},
    {.title = "NODE", .path = "origin", .number = true},
    {.title = "COMMAND", .path = "command.op"},
    {.title = "SIZE", .path = "size", .number = true},
    {.title = "HASH", .path = "hash", .cut = 16},
    {.title = "AUTHOR", .path = "author", .wide = true},
    {.title = "COMPARTMENT", .path = "compartment", .wide = true},
    {.title = "EPOCH", .path = "key_epoch", .wide = true, .number = true},
    {.title = NULL},
};

static const struct cli_option tail_options[] = {
    {.name = "follow", .letter = 'f', .help = "go on as entries are committed"},
    {.name = "from", .value = "INDEX", .help = "start here (the last 10 entries)"},
    {.name = "count", .value = "N", .help = "at most this many (10; all with --from)"},
    {.name = NULL},
};

/* `more`: goes on where entries were printed before. */
static void print_entries(struct cli_call *call, const json_t *entries, bool following, bool more)
{
    enum cli_output output = call->settings.output;
    if (cli_is_json(output))
        cli_print_json(stdout, following ? CLI_JSONL : output, entries);
    else if (more)
        cli_print_rows(stdout, output, entries, entry_columns);
    else
        cli_print_table(stdout, output, entries, entry_columns);
    fflush(stdout);
}

static json_t *ask_tail(struct cli_call *call, bool last, uint64_t from, uint64_t count)
{
    json_t *start = last ? json_null() : json_integer((json_int_t)from);
    return cli_query(call, json_pack("{s:s, s:o, s:I}", "query", "log.tail", "from", start, "count",
                                     (json_int_t)count));
}

static uint64_t last_index(const json_t *entries)
{
    size_t count = json_array_size(entries);
    return count > 0 ? cli_json_number(json_array_get(entries, count - 1), "index") : 0;
}

/* Pages from `from` on until `count` entries are there or the log ends. */
static enum vg_code collect(struct cli_call *call, bool last, uint64_t from, uint64_t count,
                            json_t *entries)
{
    while (json_array_size(entries) < count) {
        uint64_t want = count - json_array_size(entries);
        json_t *page = ask_tail(call, last, from, want < TAIL_MAX ? want : TAIL_MAX);
        if (page == NULL)
            return call->error.code;
        bool end = last || json_array_size(page) == 0;
        from = last_index(page) + 1;
        json_array_extend(entries, page);
        json_decref(page);
        if (end)
            break;
    }
    return VG_OK;
}

/* Prints what is committed as it comes, until the program is interrupted. */
static enum vg_code follow(struct cli_call *call, uint64_t from)
{
    for (;;) {
        json_t *page = ask_tail(call, false, from, TAIL_MAX);
        if (page == NULL)
            return call->error.code;
        if (json_array_size(page) > 0) {
            from = last_index(page) + 1;
            print_entries(call, page, true, true);
        } else {
            struct timespec pause = {.tv_nsec = FOLLOW_PAUSE_MS * 1000000L};
            nanosleep(&pause, NULL);
        }
        json_decref(page);
        if (ferror(stdout))
            return VG_OK;
    }
}

static enum vg_code run_tail(struct cli_call *call)
{
    uint64_t from;
    uint64_t count;
    bool last = !cli_flag(call, "from");
    bool following = cli_flag(call, "follow");
    enum vg_code code = cli_number(call, "from", 1, INT64_MAX, 1, &from);
    if (code == VG_OK)
        code = cli_number(call, "count", 1, last ? TAIL_MAX : INT64_MAX,
                          last ? TAIL_COUNT : INT64_MAX, &count);
    if (code != VG_OK)
        return code;
    json_t *entries = json_array();
    code = collect(call, last, from, count, entries);
    if (code == VG_OK)
        print_entries(call, entries, following, false);
    uint64_t next = last_index(entries) > 0 ? last_index(entries) + 1 : from;
    json_decref(entries);
    return code == VG_OK && following ? follow(call, next) : code;
}

static enum vg_code run_get(struct cli_call *call)
{
    uint64_t index;
    if (cli_number_parse(call->words[0], "INDEX", 1, INT64_MAX, &index, &call->error) != VG_OK)
        return call->error.code;
    json_t *entry =
        cli_query(call, json_pack("{s:s, s:I}", "query", "log.get", "index", (json_int_t)index));
    if (entry == NULL)
        return call->error.code;
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, entry);
    } else {
        cli_print_fields(stdout, entry, entry_columns);
        const json_t *command = cli_json_at(entry, "command");
        if (json_is_object(command))
            cli_print_json(stdout, CLI_JSON, command);
    }
    json_decref(entry);
    return VG_OK;
}

/* ---- verify ------------------------------------------------------------------------------------
 * The node is asked chunk by chunk. It names the first entry of a chunk that does not hold: there
 * the look ends, or goes on once the node was told to fetch it again. */

static const struct cli_option verify_options[] = {
    {.name = "repair", .help = "have what is damaged fetched again (operators, key officers)"},
    {.name = "compartment",
     .value = "NAME",
     .help = "also count its entries, and those that open with the node's keys"},
    {.name = NULL},
};

static const struct cli_column damage_columns[] = {
    {.title = "INDEX", .path = "index", .number = true},
    {.title = "REPAIRED", .path = "repaired"},
    {.title = "FROM", .path = "from", .number = true},
    {.title = "WHY", .path = "why"},
    {.title = NULL},
};

struct look {
    struct cli_call *call;
    uint64_t next;
    uint64_t last;
    uint64_t checked;
    uint64_t repaired; /* the last entry that was */
    uint64_t left;     /* entries still damaged */
    vg_id compartment; /* whose entries are counted; zero: none's */
    uint64_t sealed;
    uint64_t opened;
    json_t *damaged; /* what was met: index, repaired, from, why */
    struct cli_progress progress;
};

static void note(struct look *look, uint64_t index, const json_t *from, const char *why)
{
    bool repaired = from != NULL;
    look->left += !repaired;
    json_array_append_new(look->damaged,
                          json_pack("{s:I, s:b, s:O?, s:s}", "index", (json_int_t)index, "repaired",
                                    repaired, "from", from, "why", why));
}

static void forget_error(struct cli_call *call)
{
    json_decref(call->details);
    call->details = NULL;
    call->error = (struct vg_error){0};
}

/* Has one entry fetched; VG_OK also when nobody has it, which is noted. */
static enum vg_code repair(struct look *look, uint64_t index, const char *why)
{
    struct cli_call *call = look->call;
    json_t *answer =
        cli_query(call, json_pack("{s:s, s:I}", "query", "log.repair", "index", (json_int_t)index));
    if (answer != NULL) {
        note(look, index, json_object_get(answer, "from"), why);
        look->repaired = index;
        look->next = index;
        json_decref(answer);
    } else if (call->error.code == VG_INTEGRITY || call->error.code == VG_NOT_FOUND) {
        note(look, index, NULL, call->error.text);
        look->next = index + 1;
        forget_error(call);
    }
    return call->error.code;
}

/* The node has named an entry that does not hold. */
static enum vg_code meet_damage(struct look *look)
{
    struct cli_call *call = look->call;
    uint64_t index = cli_json_number(call->details, "damaged");
    char why[VG_ERROR_TEXT];
    snprintf(why, sizeof why, "%s", call->error.text);
    if (call->error.code != VG_INTEGRITY || index < look->next)
        return call->error.code; /* nothing that can be fetched, or no way past it */
    look->checked += index - look->next;
    if (!cli_flag(call, "repair"))
        return vg_fail(&call->error, VG_INTEGRITY,
                       "%.300s; vigil log verify --repair has what is damaged fetched again", why);
    forget_error(call);
    if (!call->settings.dry_run && index != look->repaired)
        return repair(look, index, why);
    note(look, index, NULL, why);
    look->next = index + 1;
    return VG_OK;
}

static enum vg_code look_at_chunk(struct look *look)
{
    struct cli_call *call = look->call;
    json_t *question = json_pack("{s:s, s:I, s:I}", "query", "log.verify", "from",
                                 (json_int_t)look->next, "count", (json_int_t)VERIFY_COUNT);
    char id[VG_ID_TEXT];
    vg_id_format(&look->compartment, id);
    if (!vg_id_is_zero(&look->compartment))
        json_object_set_new(question, "id", json_string(id));
    json_t *answer = cli_query(call, question);
    if (call->client != NULL)
        cli_client_stay(call->client); /* another node's log is another */
    if (answer == NULL)
        return meet_damage(look);
    uint64_t next = cli_json_number(answer, "next");
    bool ok = json_is_true(json_object_get(answer, "ok"));
    look->checked += cli_json_number(answer, "checked");
    look->sealed += cli_json_number(answer, "sealed");
    look->opened += cli_json_number(answer, "opened");
    look->last = cli_json_number(answer, "last");
    json_decref(answer);
    if (!ok || (next <= look->next && next <= look->last))
        return vg_fail(&call->error, VG_INTEGRITY, "the node stopped verifying at entry %llu",
                       (unsigned long long)next);
    look->next = next;
    return VG_OK;
}

static void print_verified(const struct look *look)
{
    struct cli_call *call = look->call;
    json_t *answer = json_pack("{s:b, s:I, s:I, s:O}", "ok", look->left == 0, "checked",
                               (json_int_t)look->checked, "last", (json_int_t)look->last, "damaged",
                               look->damaged);
    if (!vg_id_is_zero(&look->compartment))
        json_object_set_new(answer, "compartment",
                            json_pack("{s:I, s:I}", "entries", (json_int_t)look->sealed, "opened",
                                      (json_int_t)look->opened));
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, answer);
    } else {
        if (json_array_size(look->damaged) > 0)
            cli_print_table(stdout, call->settings.output, look->damaged, damage_columns);
        printf("%llu entries verified, up to %llu: ", (unsigned long long)look->checked,
               (unsigned long long)look->last);
        if (look->left == 0)
            puts("every hash and the chain hold");
        else
            printf("%llu %s\n", (unsigned long long)look->left,
                   call->settings.dry_run ? "would be fetched again" : "still damaged");
        if (!vg_id_is_zero(&look->compartment))
            printf("entries of %s: %llu, of which %llu open with the keys of this node\n",
                   cli_text(call, "compartment"), (unsigned long long)look->sealed,
                   (unsigned long long)look->opened);
    }
    json_decref(answer);
}

static enum vg_code run_verify(struct cli_call *call)
{
    vg_id compartment = {{0}};
    const char *name = cli_text(call, "compartment");
    if (name != NULL && cli_compartment_find(call, name, &compartment) != VG_OK)
        return call->error.code;
    struct look look = {.call = call,
                        .next = 1,
                        .last = UINT64_MAX, /* until the node says */
                        .compartment = compartment,
                        .damaged = json_array(),
                        .progress = cli_progress_start("verifying", 0)};
    while (look.next <= look.last && look_at_chunk(&look) == VG_OK) {
        look.progress.total = look.last == UINT64_MAX ? 0 : look.last;
        cli_progress_show(&look.progress, look.checked < look.last ? look.checked : look.last);
    }
    cli_progress_clear(&look.progress);
    if (call->error.code == VG_OK)
        print_verified(&look);
    if (look.left > 0)
        call->exit_code = vg_code_exit(VG_INTEGRITY);
    json_decref(look.damaged);
    return call->error.code;
}

const struct cli_command log_commands[] = {
    {.name = "tail",
     .summary = "Show the last entries, and follow new ones",
     .examples = "  vigil log tail\n"
                 "  vigil log tail --from 1 --count 20\n"
                 "  vigil log tail --follow -o json",
     .options = tail_options,
     .run = run_tail},
    {.name = "get",
     .words = "INDEX",
     .summary = "Show one entry",
     .examples = "  vigil log get 17\n"
                 "  vigil log get 17 -o json",
     .run = run_get,
     .words_min = 1,
     .words_max = 1},
    {.name = "verify",
     .summary = "Check every hash and the chain at a node",
     .about =
         "Exit code 4 and the index of the first entry that does not hold. Name the node with\n"
         "--node to check that one. With --repair the node has each damaged entry fetched again\n"
         "from another one, proved by its hash; exit code 4 if one is still damaged at the end.",
     .examples = "  vigil log verify\n"
                 "  vigil log verify --node tcp://127.0.0.1:7001\n"
                 "  vigil log verify --repair --node tcp://127.0.0.1:7001",
     .options = verify_options,
     .run = run_verify,
     .flags = CLI_CHANGES},
    {.name = NULL},
};
