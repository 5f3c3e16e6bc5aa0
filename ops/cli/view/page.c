/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/view/page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/view/event.h"

enum {
    BAR_MIN = 36, /* the names of five stages, and the brackets around one */
    LANES_SIDE_BY_SIDE = 100,
    LANES_MAX = 64, /* lines of a lane */
    TIMELINE_SHOWN = 12,
    LINE_MAX = 1024,
    INDENT = 2,
};

struct page {
    FILE *out;
    unsigned width;
    const json_t *facts;
    const json_t *people;
};

/* ---- parts -------------------------------------------------------------------------------------
 */

/* 12 of "T12". */
static long number_of(const json_t *part)
{
    const char *number = cli_json_text(part, "number");
    return strtol(number[0] != '\0' ? number + 1 : number, NULL, 10);
}

static int by_number(const void *a, const void *b)
{
    const json_t *const *left = a;
    const json_t *const *right = b;
    long one = number_of(*left);
    long other = number_of(*right);
    return (one > other) - (one < other);
}

json_t *view_in_order(const json_t *parts)
{
    size_t count = json_array_size(parts);
    json_t *sorted = json_array();
    const json_t **order = vg_alloc((count + 1) * sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = json_array_get(parts, i);
    qsort(order, count, sizeof *order, by_number);
    for (size_t i = 0; i < count; i++)
        json_array_append(sorted, (json_t *)order[i]);
    free(order);
    return sorted;
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static const char *text_of(const struct page *page, const char *path)
{
    return cli_json_text(page->facts, path);
}

static const char *name_of(const struct page *page, const json_t *object, const char *key)
{
    const char *id = cli_json_text(object, key);
    return id[0] != 0 ? cli_person_name(page->people, id) : "nobody";
}

/* "11-26 03:04" of a time in RFC 3339; "" of none. */
struct short_time {
    char text[12];
};

static struct short_time short_time_of(const char *time)
{
    struct short_time out = {""};
    if (strlen(time) >= 16)
        snprintf(out.text, sizeof out.text, "%.5s %.5s", time + 5, time + 11);
    return out;
}

static void print_title(const struct page *page, const char *title)
{
    fputc('\n', page->out);
    cli_print_styled(page->out, CLI_STYLE_BOLD, title);
    fputc('\n', page->out);
}

/* One harmless line, cut to the width. */
static void print_line(const struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print_line(const struct page *page, const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    struct cli_cell cell = cli_cell_of(line, page->width - INDENT);
    fprintf(page->out, "%*s%s\n", INDENT, "", cell.text);
    free(cell.text);
}

/* ---- head --------------------------------------------------------------------------------------
 */

static const char *const stages[] = {"detect", "assess", "diagnose", "stabilize", "close"};
enum { STAGES = sizeof stages / sizeof *stages };

static void print_rule(const struct page *page, bool done, unsigned columns)
{
    for (unsigned i = 0; i < columns; i++)
        fputs(done ? "\u2501" : "\u2500", page->out);
}

/* detect ━━ assess ━━ [diagnose] ── stabilize ── close */
static void print_stages(const struct page *page)
{
    const char *stage = text_of(page, "stage");
    unsigned room = (page->width - BAR_MIN) / (STAGES - 1);
    unsigned between = room > 10 ? 8 : room > 2 ? room - 2 : 1;
    bool reached = true;
    for (size_t i = 0; i < STAGES; i++) {
        bool here = strcmp(stages[i], stage) == 0;
        if (i > 0) {
            fputs(room > 2 ? " " : "", page->out);
            print_rule(page, reached, between);
            fputs(room > 2 ? " " : "", page->out);
        }
        fputs(here ? "[" : "", page->out);
        cli_print_styled(page->out,
                         here      ? CLI_STYLE_BOLD
                         : reached ? CLI_STYLE_GOOD
                                   : CLI_STYLE_DIM,
                         stages[i]);
        fputs(here ? "]" : "", page->out);
        reached = reached && !here;
    }
    fputc('\n', page->out);
}

/* Things said in a row, broken where the width ends. */
struct row {
    const struct page *page;
    size_t used;
};

/* One of them in our own words, "owner" before it, styled; nothing where there is nothing to say.
 */
static void row_add(struct row *row, const enum cli_style *style, const char *what,
                    const char *said)
{
    enum { GAP = 3 };
    char text[LINE_MAX];
    snprintf(text, sizeof text, "%s%s%s", what, what[0] != 0 ? " " : "", said);
    struct cli_cell cell = cli_cell_of(text, row->page->width);
    if (said[0] != 0 && row->used > 0) {
        bool fits = row->used + GAP + cell.width <= row->page->width;
        fputs(fits ? "   " : "\n", row->page->out);
        row->used = fits ? row->used + GAP : 0;
    }
    if (said[0] != 0 && style != NULL)
        cli_print_styled(row->page->out, *style, cell.text);
    else if (said[0] != 0)
        fputs(cell.text, row->page->out);
    row->used += said[0] != 0 ? cell.width : 0;
    free(cell.text);
}

static void row_end(struct row *row)
{
    if (row->used > 0)
        fputc('\n', row->page->out);
    row->used = 0;
}

static void add_level(struct row *row)
{
    const json_t *facts = row->page->facts;
    const json_t *severity = json_object_get(facts, "severity");
    long long number = json_integer_value(severity);
    enum cli_style style = number <= 1   ? CLI_STYLE_BAD
                           : number == 2 ? CLI_STYLE_WARN
                                         : CLI_STYLE_BOLD;
    char level[48] = "not assessed";
    if (json_is_integer(severity))
        snprintf(level, sizeof level, "sev%lld p%llu%s", number,
                 (unsigned long long)cli_json_number(facts, "priority"),
                 json_is_true(json_object_get(facts, "overridden")) ? " (overridden)" : "");
    else
        style = CLI_STYLE_WARN;
    row_add(row, &style, "", level);
}

static void print_standing(const struct page *page)
{
    static const enum cli_style bad = CLI_STYLE_BAD;
    static const enum cli_style warn = CLI_STYLE_WARN;
    struct row row = {.page = page};
    const char *risk = text_of(page, "data_risk");
    const char *class_ = text_of(page, "classification");
    bool is_risky = strcmp(risk, "imminent") == 0 || strcmp(risk, "confirmed") == 0;
    add_level(&row);
    row_add(&row, NULL, "", class_[0] != 0 ? class_ : "unclassified");
    row_add(&row, NULL, "owner", name_of(page, page->facts, "owner"));
    row_end(&row);
    if (strcmp(risk, "none") != 0)
        row_add(&row, is_risky ? &bad : &warn, "customer data at risk:", risk);
    row_end(&row);
    if (json_is_true(cli_json_at(page->facts, "declaration.stands")))
        row_add(&row, &bad, "declared customer-reportable at",
                text_of(page, "declaration.declared_at"));
    row_end(&row);
}

static void print_origin(const struct page *page)
{
    static const struct {
        const char *what, *path;
    } facts[] = {{"region", "region"},
                 {"in", "compartment"},
                 {"product", "product"},
                 {"responsibility", "responsibility"},
                 {"closed as", "disposition"}};
    struct row row = {.page = page};
    const char *sub = text_of(page, "detection.subsource");
    char text[128];
    snprintf(text, sizeof text, "%s%s%s, count %llu", text_of(page, "detection.source"),
             sub[0] != 0 ? "/" : "", sub,
             (unsigned long long)cli_json_number(page->facts, "detection.count"));
    row_add(&row, NULL, "from", text);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        row_add(&row, NULL, facts[i].what, text_of(page, facts[i].path));
    if (json_is_true(json_object_get(page->facts, "historical")))
        row_add(&row, NULL, "", "historical");
    row_end(&row);
}

static void print_head(const struct page *page)
{
    struct cli_cell title = cli_cell_of(text_of(page, "title"), page->width);
    cli_print_styled(page->out, CLI_STYLE_BOLD, title.text);
    free(title.text);
    fprintf(page->out, "\n%s\n\n", text_of(page, "id"));
    print_stages(page);
    fputc('\n', page->out);
    print_standing(page);
    print_origin(page);
}

/* ---- severity ----------------------------------------------------------------------------------
 */

static void print_severities(const struct page *page)
{
    const json_t *history = cli_json_at(page->facts, "history.severity");
    size_t i;
    json_t *event;
    if (json_array_size(history) == 0)
        return;
    print_title(page, "Severity");
    json_array_foreach(history, i, event)
    {
        const char *from = cli_json_text(event, "from");
        print_line(page, "%s  %s%s%s  %s  %s", short_time_of(cli_json_text(event, "time")).text,
                   from, from[0] != 0 ? " to " : "", cli_json_text(event, "to"),
                   name_of(page, event, "author"), cli_json_text(event, "text"));
    }
}

/* ---- lanes -------------------------------------------------------------------------------------
 */

struct lane {
    const char *title;
    char *lines[LANES_MAX];
    size_t count;
};

static void lane_add(struct lane *lane, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void lane_add(struct lane *lane, const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (lane->count + 1 < LANES_MAX)
        lane->lines[lane->count++] = vg_strdup(line);
    else if (lane->count < LANES_MAX)
        lane->lines[lane->count++] = vg_strdup("... and more");
}

/* The value that an aspect has: what its last event set. */
static const char *latest(const struct page *page, const char *aspect)
{
    const json_t *history = json_object_get(json_object_get(page->facts, "history"), aspect);
    size_t count = json_array_size(history);
    return count > 0 ? cli_json_text(json_array_get(history, count - 1), "to") : "";
}

static void lane_add_latest(struct lane *lane, const struct page *page, const char *title,
                            const char *aspect, const char *otherwise)
{
    const char *value = latest(page, aspect);
    lane_add(lane, "%s: %s", title, value[0] != 0 ? value : otherwise);
}

static void fill_diagnose(const struct page *page, struct lane *lane)
{
    size_t i;
    json_t *item;
    lane_add_latest(lane, page, "class", "classification", "not classified");
    if (latest(page, "answer")[0] != 0)
        lane_add_latest(lane, page, "answer", "answer", "");
    json_array_foreach(cli_json_at(page->facts, "history.findings"), i, item)
    {
        lane_add(lane, "%s %s: %s", short_time_of(cli_json_text(item, "time")).text,
                 name_of(page, item, "author"), cli_json_text(item, "text"));
    }
    json_t *evidence = view_in_order(json_object_get(page->facts, "evidence"));
    json_array_foreach(evidence, i, item)
    {
        lane_add(lane, "%s %s from %s, held by %s", cli_json_text(item, "number"),
                 cli_json_text(item, "name"), cli_json_text(item, "source"),
                 name_of(page, item, "holder"));
    }
    json_decref(evidence);
}

static void lane_add_step(struct lane *lane, const struct page *page, const json_t *step)
{
    const char *verifier = cli_json_text(step, "verified_by");
    lane_add(lane, "%s %s %s: %s, %s%s%s", cli_json_text(step, "number"),
             cli_json_text(step, "state"), cli_json_text(step, "target"),
             cli_json_text(step, "action"), name_of(page, step, "owner"),
             verifier[0] != 0 ? ", verified by " : "",
             verifier[0] != 0 ? name_of(page, step, "verified_by") : "");
}

static void fill_stabilize(const struct page *page, struct lane *lane)
{
    static const struct {
        const char *path;
        const char *title;
    } attestations[] = {{"attestations.customer_risk", "customer risk contained"},
                        {"attestations.business_risk", "business risk contained"},
                        {"attestations.corrective_measures", "corrective measures implemented"}};
    size_t i;
    json_t *item;
    lane_add_latest(lane, page, "plan", "recovery_plan", "none yet");
    json_t *steps = view_in_order(json_object_get(page->facts, "containment"));
    json_array_foreach(steps, i, item) lane_add_step(lane, page, item);
    json_decref(steps);
    for (i = 0; i < sizeof attestations / sizeof *attestations; i++)
        lane_add(lane, "[%c] %s",
                 json_is_true(cli_json_at(page->facts, attestations[i].path)) ? 'x' : ' ',
                 attestations[i].title);
}

/* A lane's line, or nothing where it has no more; its columns. */
static size_t print_lane_cell(const struct page *page, const struct lane *lane, size_t line,
                              size_t width)
{
    struct cli_cell cell = cli_cell_of(line < lane->count ? lane->lines[line] : "", width);
    fputs(cell.text, page->out);
    free(cell.text);
    return cell.width;
}

static void print_side_by_side(const struct page *page, const struct lane *left,
                               const struct lane *right)
{
    size_t width = (page->width - INDENT - 3) / 2;
    size_t count = left->count > right->count ? left->count : right->count;
    fputc('\n', page->out);
    cli_print_styled(page->out, CLI_STYLE_BOLD, left->title);
    fprintf(page->out, "%*s", (int)(width + INDENT + 3 - strlen(left->title)), "");
    cli_print_styled(page->out, CLI_STYLE_BOLD, right->title);
    fputc('\n', page->out);
    for (size_t i = 0; i < count; i++) {
        fprintf(page->out, "%*s", INDENT, "");
        size_t used = print_lane_cell(page, left, i, width);
        fprintf(page->out, "%*s \u2502 ", (int)(width - used), "");
        print_lane_cell(page, right, i, width);
        fputc('\n', page->out);
    }
}

static void print_lanes(const struct page *page)
{
    struct lane lanes[] = {{.title = "Diagnose"}, {.title = "Stabilize"}};
    fill_diagnose(page, &lanes[0]);
    fill_stabilize(page, &lanes[1]);
    if (page->width >= LANES_SIDE_BY_SIDE)
        print_side_by_side(page, &lanes[0], &lanes[1]);
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        if (page->width < LANES_SIDE_BY_SIDE)
            print_title(page, lanes[i].title);
        for (size_t line = 0; line < lanes[i].count; line++) {
            if (page->width < LANES_SIDE_BY_SIDE)
                print_line(page, "%s", lanes[i].lines[line]);
            free(lanes[i].lines[line]);
        }
    }
}

/* ---- lists -------------------------------------------------------------------------------------
 */

static void print_task(const struct page *page, const json_t *task)
{
    const char *due = cli_json_text(task, "due_at");
    print_line(page, "%-4s %-8s %-10s %s%s%s", cli_json_text(task, "number"),
               cli_json_text(task, "state"), name_of(page, task, "owner"),
               cli_json_text(task, "title"), due[0] != 0 ? ", due " : "", short_time_of(due).text);
}

/* Who could tell what is not told yet, or what it takes. */
static void print_carriers(const struct page *page, const json_t *nodes)
{
    char text[128] = "";
    size_t used = 0;
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%snode %lld",
                                     i == 0 ? "" : ", ", (long long)json_integer_value(node));
    }
    if (used == 0)
        print_line(page, "  no node is cleared for both compartments: vigil compartment grant");
    else
        print_line(page, "  to be told by %s", text);
}

static void print_tenant(const struct page *page, const json_t *tenant)
{
    const json_t *state = json_object_get(tenant, "case");
    const char *said = cli_json_text(state, "state");
    print_line(page, "%-12s since %s  case %s", cli_json_text(tenant, "tenant"),
               cli_json_text(tenant, "added_at"), said);
    if (strcmp(said, "shredded") == 0)
        print_line(page, "  its compartment is shredded: it is told nothing any more");
    else if (strcmp(said, "told") != 0)
        print_carriers(page, json_object_get(state, "nodes"));
}

static void print_link(const struct page *page, const json_t *link)
{
    print_line(page, "%s %s", cli_json_text(link, "kind"), cli_json_text(link, "incident"));
}

static void print_proposal(const struct page *page, const json_t *proposal)
{
    print_line(page, "%s  %s, until %s", cli_json_text(proposal, "id"),
               cli_json_text(proposal, "state"), cli_json_text(proposal, "expires_at"));
}

static void print_lists(const struct page *page)
{
    static const struct {
        const char *key;
        const char *title;
        void (*print)(const struct page *page, const json_t *item);
    } lists[] = {{"tasks", "Tasks", print_task},
                 {"tenants", "Affected tenants", print_tenant},
                 {"links", "Links", print_link},
                 {"proposals", "Proposals", print_proposal}};
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        const json_t *items = json_object_get(page->facts, lists[list].key);
        json_t *sorted = list == 0 ? view_in_order(items) : json_incref((json_t *)items);
        size_t i;
        json_t *item;
        if (json_array_size(sorted) > 0)
            print_title(page, lists[list].title);
        json_array_foreach(sorted, i, item) lists[list].print(page, item);
        json_decref(sorted);
    }
}

/* ---- timeline ----------------------------------------------------------------------------------
 */

static void print_timeline(const struct page *page)
{
    const json_t *events = json_object_get(page->facts, "timeline");
    size_t count = json_array_size(events);
    uint64_t all = cli_json_number(page->facts, "events");
    char title[96] = "Timeline";
    if (all > TIMELINE_SHOWN)
        snprintf(title, sizeof title, "Timeline, the last %d of %llu; times in UTC", TIMELINE_SHOWN,
                 (unsigned long long)all);
    print_title(page, title);
    for (size_t i = count > TIMELINE_SHOWN ? count - TIMELINE_SHOWN : 0; i < count; i++) {
        const json_t *event = json_array_get(events, i);
        const char *said = view_said(event);
        char change[LINE_MAX];
        view_change(event, change, sizeof change);
        print_line(page, "%s  %-14s %-10s %s%s%s", short_time_of(cli_json_text(event, "time")).text,
                   cli_json_text(event, "kind"), name_of(page, event, "author"), change,
                   change[0] != 0 && said[0] != 0 ? ": " : "", said);
    }
}

void view_page(FILE *out, unsigned width, const json_t *facts, const json_t *people)
{
    struct page page = {.out = out, .width = width, .facts = facts, .people = people};
    print_head(&page);
    print_severities(&page);
    print_lanes(&page);
    print_lists(&page);
    print_timeline(&page);
}
