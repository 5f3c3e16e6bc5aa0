/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/view/clearances.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/mem.h"
#include "ops/cli/core/output.h"

static void say(struct vg_buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Words that fit; a reason is appended by itself. */
static void say(struct vg_buffer *out, const char *format, ...)
{
    char words[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    vg_buffer_append(out, words, strlen(words));
}

static json_t *text_of(struct vg_buffer *text)
{
    json_t *out = text->size > 0 ? json_stringn((const char *)text->data, text->size) : json_null();
    vg_buffer_free(text);
    return out;
}

static const json_t *row_of(const json_t *rows, const char *key, const char *value)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(cli_json_text(row, key), value) == 0)
            return row;
    }
    return NULL;
}

static bool is_evicted(const json_t *node)
{
    return strcmp(cli_json_text(node, "role"), "evicted") == 0;
}

/* How a node says it stands to a compartment; "" if it is as it should be. */
static void say_standing(const json_t *node, const char *compartment, uint64_t commit,
                         struct vg_buffer *out)
{
    const json_t *own = row_of(json_object_get(node, "compartments"), "id", compartment);
    const char *how = cli_json_text(own, "status");
    uint64_t applied = cli_json_number(own, "applied_index");
    if (is_evicted(node))
        say(out, " (evicted)");
    else if (own == NULL)
        say(out, " (no answer)");
    else if (strcmp(how, "rebuilding") == 0 && commit > 0)
        say(out, " (rebuilding, %" PRIu64 "%%)", applied * 100 / commit);
    else if (strcmp(how, "level") != 0)
        say(out, " (%s)", how);
}

static bool holds(const json_t *one, uint64_t node)
{
    size_t i;
    const json_t *holder;
    bool found = false;
    json_array_foreach(json_object_get(one, "holders"), i, holder) found |=
        (uint64_t)json_integer_value(holder) == node;
    return found;
}

/* Holders, and who still has something of the compartment. */
static json_t *nodes_of(const json_t *status, const json_t *one, uint64_t *cleared)
{
    struct vg_buffer out = {0};
    const char *id = cli_json_text(one, "id");
    uint64_t commit = cli_json_number(status, "commit_index");
    size_t i;
    const json_t *node;
    *cleared = 0;
    json_array_foreach(json_object_get(status, "nodes"), i, node)
    {
        uint64_t number = cli_json_number(node, "id");
        const json_t *own = row_of(json_object_get(node, "compartments"), "id", id);
        bool removing = strcmp(cli_json_text(own, "status"), "removing") == 0;
        bool holder = holds(one, number);
        *cleared += holder && !is_evicted(node);
        if (!holder && !removing)
            continue;
        say(&out, "%s%" PRIu64, out.size > 0 ? ", " : "", number);
        say_standing(node, id, commit, &out);
    }
    return text_of(&out);
}

static json_t *note_of(const json_t *one, uint64_t cleared)
{
    struct vg_buffer out = {0};
    const char *reason = cli_json_text(one, "override.reason");
    size_t i;
    const json_t *node;
    if (cleared < cli_json_number(one, "min_cleared"))
        say(&out, "fewer than the least%s", *reason != '\0' ? ": " : "");
    if (out.size > 0)
        vg_buffer_append(&out, reason, strlen(reason));
    json_array_foreach(json_object_get(one, "unattested"), i, node)
        say(&out, "%snode %lld has not attested yet", out.size > 0 ? "; " : "",
            (long long)json_integer_value(node));
    return text_of(&out);
}

/* Of a compartment that nobody is to read any more: who still has a key of it. */
static json_t *shredding_note(const json_t *shredding)
{
    struct vg_buffer out = {0};
    bool recovery = !json_is_integer(cli_json_at(shredding, "recovery.attested"));
    size_t i;
    const json_t *node;
    say(&out, "%s", cli_json_text(shredding, "state"));
    if (json_is_integer(json_object_get(shredding, "for_good")))
        return text_of(&out);
    json_array_foreach(json_object_get(shredding, "missing"), i, node)
        say(&out, "%s node %lld", i == 0 ? ": missing" : ",", (long long)json_integer_value(node));
    if (recovery)
        say(&out, "%s the recovery key", i == 0 ? ": missing" : ",");
    return text_of(&out);
}

/* In the order of names; that of ids is another on each cluster. */
static size_t place_of(const json_t *rows, const char *name)
{
    size_t place = 0;
    while (place < json_array_size(rows) &&
           strcmp(cli_json_text(json_array_get(rows, place), "name"), name) < 0)
        place++;
    return place;
}

static json_t *row_for(const json_t *status, const json_t *one)
{
    const json_t *shredding = json_object_get(one, "shredding");
    json_int_t least = (json_int_t)cli_json_number(one, "min_cleared");
    const char *name = cli_json_text(one, "name");
    uint64_t cleared;
    if (json_is_object(shredding))
        return json_pack("{s:s, s:n, s:I, s:n, s:o}", "name", name, "cleared", "least", least,
                         "nodes", "note", shredding_note(shredding));
    json_t *nodes = nodes_of(status, one, &cleared);
    return json_pack("{s:s, s:I, s:I, s:o, s:o}", "name", name, "cleared", (json_int_t)cleared,
                     "least", least, "nodes", nodes, "note", note_of(one, cleared));
}

json_t *view_clearances(const json_t *status)
{
    json_t *rows = json_array();
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(status, "compartments"), i, one) json_array_insert_new(
        rows, place_of(rows, cli_json_text(one, "name")), row_for(status, one));
    return rows;
}

/* ---- what is amiss -----------------------------------------------------------------------------
 */

static void add_reason(json_t *reasons, struct vg_buffer *text)
{
    json_array_append_new(reasons, text_of(text));
}

static void add_node_reasons(const json_t *node, json_t *reasons)
{
    uint64_t number = cli_json_number(node, "id");
    struct vg_buffer text = {0};
    size_t i;
    const json_t *own;
    if (json_is_false(json_object_get(node, "reachable"))) {
        say(&text, "node %" PRIu64 " is not reachable", number);
        add_reason(reasons, &text);
    }
    if (*cli_json_text(node, "stopped") != '\0') {
        say(&text, "node %" PRIu64 " applies nothing any more", number);
        add_reason(reasons, &text);
    }
    json_array_foreach(json_object_get(node, "compartments"), i, own)
    {
        const char *how = cli_json_text(own, "status");
        if (strcmp(how, "stopped") != 0 && strcmp(how, "diverged") != 0)
            continue;
        say(&text, "node %" PRIu64 ": %s is %s", number, cli_json_text(own, "name"), how);
        add_reason(reasons, &text);
    }
}

/* One that could not be asked how it stands, and is reachable, may serve what it is cleared for. */
static bool may_serve(const json_t *node, const json_t *one)
{
    const json_t *own =
        row_of(json_object_get(node, "compartments"), "id", cli_json_text(one, "id"));
    if (is_evicted(node) || json_is_false(json_object_get(node, "reachable")))
        return false;
    return own != NULL ? strcmp(cli_json_text(own, "status"), "level") == 0
                       : holds(one, cli_json_number(node, "id"));
}

static void add_compartment_reasons(const json_t *nodes, const json_t *one, json_t *reasons)
{
    const char *name = cli_json_text(one, "name");
    struct vg_buffer text = {0};
    uint64_t cleared = 0, serving = 0;
    size_t i;
    const json_t *node;
    if (json_is_object(json_object_get(one, "shredding")))
        return;
    json_array_foreach(nodes, i, node)
    {
        cleared += holds(one, cli_json_number(node, "id")) && !is_evicted(node);
        serving += may_serve(node, one);
    }
    if (serving == 0) {
        say(&text, "%s: no node serves it", name);
        add_reason(reasons, &text);
    }
    if (cleared < cli_json_number(one, "min_cleared")) {
        say(&text, "%s: fewer nodes are cleared than the least", name);
        add_reason(reasons, &text);
    }
}

json_t *view_degraded(const json_t *status)
{
    const json_t *nodes = json_object_get(status, "nodes");
    json_t *reasons = json_array();
    size_t i;
    const json_t *one;
    json_array_foreach(nodes, i, one)
    {
        if (!is_evicted(one))
            add_node_reasons(one, reasons);
    }
    json_array_foreach(json_object_get(status, "compartments"), i, one)
        add_compartment_reasons(nodes, one, reasons);
    return reasons;
}
