/* SPDX-License-Identifier: Apache-2.0
 * The page of a report: one file, without script, image, font or link to elsewhere. Every text from
 * outside goes through add_text. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "ops/cli/core/output.h"
#include "ops/drill/report/report.h"

static void add(struct vg_buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Short pieces; texts of others go through add_text. */
static void add(struct vg_buffer *out, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t whole = size > 0 ? (size_t)size : 0;
    vg_buffer_append(out, text, whole < sizeof text ? whole : sizeof text - 1);
}

static void add_literal(struct vg_buffer *out, const char *text)
{
    vg_buffer_append(out, text, strlen(text));
}

/* Escaped, for an element or a quoted attribute. */
static void add_text(struct vg_buffer *out, const char *text)
{
    static const struct {
        char of;
        const char *as;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; *text != '\0'; text++) {
        const char *as = NULL;
        for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
            as = escapes[i].of == *text ? escapes[i].as : as;
        if (as != NULL)
            add_literal(out, as);
        else
            vg_buffer_append(out, text, 1);
    }
}

static double real_at(const json_t *object, const char *path)
{
    return json_number_value(cli_json_at(object, path));
}

static const char style[] =
    "<style>"
    ":root{color-scheme:light dark;--ground:#fff;--ink:#1b2430;--soft:#5d6b7c;--line:#d9dfe7;"
    "--card:#f5f7fa;--good:#177245;--bad:#b42318;--write:#2563c9;--read:#d97a06;"
    "--fault:#b4231818;--stall:#b42318}"
    "@media(prefers-color-scheme:dark){:root{--ground:#12161c;--ink:#e6ebf2;--soft:#98a5b5;"
    "--line:#2c3541;--card:#1a2029;--good:#4fc58a;--bad:#ff7a6b;--write:#6ea8ff;--read:#f0a63c;"
    "--fault:#ff7a6b1f;--stall:#ff7a6b}}"
    "body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 4rem}"
    "h1{font-size:1.75rem;line-height:1.25;margin:0 0 .5rem;display:flex;flex-wrap:wrap;"
    "align-items:center;gap:.75rem}"
    "h2{font-size:1.1rem;margin:2.25rem 0 .5rem}p{margin:.25rem 0 .75rem;max-width:46rem}"
    ".soft{color:var(--soft)}.badge{font-size:.9rem;font-weight:600;padding:.2rem .8rem;"
    "border-radius:2rem;color:var(--ground);background:var(--good)}.badge.bad{background:var(--bad)"
    "}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;"
    "margin:1.25rem 0}.card{background:var(--card);border:1px solid var(--line);"
    "border-left:4px solid var(--good);border-radius:.4rem;padding:.75rem 1rem}"
    ".card.bad{border-left-color:var(--bad)}.card b{display:block;font-size:1.6rem;line-height:1.3;"
    "font-variant-numeric:tabular-nums}.card.bad b{color:var(--bad)}"
    "ul{margin:.25rem 0 1rem;padding-left:1.25rem}li{color:var(--bad)}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line)}"
    "th{font-weight:600;color:var(--soft);font-size:.85rem;white-space:nowrap}td.n,th.n{text-align:"
    "right}"
    ".wide{overflow-x:auto}"
    "svg{display:block;width:100%;height:auto;overflow:visible}"
    "svg text{fill:var(--soft);font-size:12px}svg text.name{fill:var(--ink);font-weight:600;"
    "font-size:13px}.grid{stroke:var(--line);stroke-width:1}.fault{fill:var(--fault)}"
    ".edge{stroke:var(--bad);stroke-width:1;stroke-dasharray:4 3}"
    ".w,.r{fill:none;stroke-linecap:round;stroke-width:3.5}.w{stroke:var(--write)}"
    ".r{stroke:var(--read);opacity:.75}.stall{fill:var(--stall)}.lost{stroke:var(--bad);"
    "stroke-width:1.5;fill:none}.bar{fill:var(--write)}.bar.bad{fill:var(--bad)}"
    ".key{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin:0 .3rem 0 .9rem}"
    "code{font:.9em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}"
    "</style>";

/* ---- the head ----------------------------------------------------------------------------------
 */

static bool has_passed(const json_t *report)
{
    return strcmp(cli_json_text(report, "verdict"), "passed") == 0;
}

static void add_seconds(struct vg_buffer *out, double ms)
{
    if (ms < 1000)
        add(out, "%.0f ms", ms);
    else
        add(out, "%.3g s", ms / 1000);
}

/* "node 2 (emea), node 3 (emea)" */
static void add_hit(struct vg_buffer *out, const json_t *report)
{
    size_t i;
    json_t *node;
    json_array_foreach(json_object_get(report, "hit"), i, node)
    {
        add(out, "%snode %llu (", i > 0 ? ", " : "",
            (unsigned long long)cli_json_number(node, "id"));
        add_text(out, cli_json_text(node, "region"));
        add(out, ")");
    }
    if (json_array_size(json_object_get(report, "hit")) == 0)
        add(out, "no node");
}

static void add_recovery(struct vg_buffer *out, const json_t *report)
{
    if (!json_is_true(json_object_get(report, "recovered"))) {
        add(out, "Not every region was served again while it was measured. ");
    } else if (cli_json_number(report, "stalled_ms") == 0) {
        add(out, "No region stood still. ");
    } else {
        add(out, "Every region was served again after ");
        add_seconds(out, (double)cli_json_number(report, "recovery_ms"));
        add(out, ". ");
    }
    add(out, cli_json_number(report, "lost") == 0 ? "No acknowledged write was lost."
                                                  : "<b>Acknowledged writes were lost.</b>");
}

static void add_sentence(struct vg_buffer *out, const json_t *report)
{
    static const struct {
        const char *kind, *says;
    } kinds[] = {
        {"leader-loss", ", which led, answered nobody. "},
        {"node-loss", " answered nobody. "},
        {"isolate", " was cut off from the other nodes. "},
        {"slow-region", " was heard late in the other regions. "},
        {"disk-full", " took no commands, as with a full disk. "},
    };
    add(out, "<p>For ");
    add_seconds(out, (double)cli_json_number(report, "drill.duration_ms"));
    add(out, ", from <code>");
    add_text(out, cli_json_text(report, "drill.started_at"));
    add(out, "</code>, ");
    add_hit(out, report);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, cli_json_text(report, "drill.kind")) == 0)
            add_literal(out, kinds[i].says);
    }
    add_recovery(out, report);
    add(out, "</p>");
}

static void add_reasons(struct vg_buffer *out, const json_t *report)
{
    size_t i;
    json_t *reason;
    if (json_array_size(json_object_get(report, "reasons")) == 0)
        return;
    add(out, "<ul>");
    json_array_foreach(json_object_get(report, "reasons"), i, reason)
    {
        add(out, "<li>");
        add_text(out, json_string_value(reason));
        add(out, "</li>");
    }
    add(out, "</ul>");
}

static void add_head(struct vg_buffer *out, const json_t *report)
{
    bool passed = has_passed(report);
    add(out, "<h1>Drill: ");
    add_text(out, cli_json_text(report, "drill.kind"));
    add(out, "<span class=\"badge%s\">", passed ? "" : " bad");
    add_text(out, cli_json_text(report, "verdict"));
    add(out, "</span></h1>");
    add_sentence(out, report);
    add_reasons(out, report);
}

/* ---- figures against targets -------------------------------------------------------------------
 */

static void add_card(struct vg_buffer *out, const char *title, bool good)
{
    add(out, "<div class=\"card%s\">%s<b>", good ? "" : " bad", title);
}

static void add_time_card(struct vg_buffer *out, const json_t *report, const char *title,
                          const char *path, const char *target, bool good)
{
    double limit = (double)cli_json_number(report, target);
    double ms = (double)cli_json_number(report, path);
    add_card(out, title, good && ms <= limit);
    add_seconds(out, ms);
    add(out, "</b><span class=\"soft\">target: at most ");
    add_seconds(out, limit);
    add(out, "</span></div>");
}

static void add_count_card(struct vg_buffer *out, const json_t *report, const char *title,
                           const char *path, const char *of, const char *what)
{
    unsigned long long count = cli_json_number(report, path);
    add_card(out, title, count == 0);
    add(out, "%llu</b><span class=\"soft\">of %llu %s; target: none</span></div>", count,
        (unsigned long long)cli_json_number(report, of), what);
}

static void add_cards(struct vg_buffer *out, const json_t *report)
{
    add(out, "<div class=\"cards\">");
    add_time_card(out, report, "Recovery", "recovery_ms", "drill.targets.recovery_ms",
                  json_is_true(json_object_get(report, "recovered")));
    add_time_card(out, report, "Longest stall of a region", "stalled_ms",
                  "drill.targets.stalled_ms", true);
    add_count_card(out, report, "Lost writes", "lost", "writes", "acknowledged");
    add_count_card(out, report, "Stale reads", "stale", "reads", "answered");
    add(out, "</div>");
}

/* ---- the chart of a region ---------------------------------------------------------------------
 */

enum { LEFT = 56, WIDTH = 840, TOP = 22, HEIGHT = 130, FOOT = 30, DECADES = 4 };

struct chart {
    struct vg_buffer *out;
    double measured_ms;
};

static double x_of(const struct chart *chart, double ms)
{
    return LEFT + WIDTH * ms / chart->measured_ms;
}

/* From 1 ms at the bottom to 10 s at the top, each decade as high as the next. */
static double y_of(double ms)
{
    double decades = log10(ms < 1 ? 1 : ms);
    return TOP + HEIGHT * (1 - (decades > DECADES ? DECADES : decades) / DECADES);
}

static void add_axes(const struct chart *chart)
{
    static const char *const labels[] = {"1 ms", "10 ms", "100 ms", "1 s", "10 s"};
    for (int i = 0; i <= DECADES; i++) {
        double y = TOP + HEIGHT * (1 - (double)i / DECADES);
        add(chart->out,
            "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
            LEFT, LEFT + WIDTH, y, y, LEFT - 8, y + 4, labels[i]);
    }
    unsigned last_s = (unsigned)(chart->measured_ms / 1000);
    unsigned step_s = last_s > 120 ? 60 : last_s > 20 ? 5 : 1;
    for (unsigned s = 0; s <= last_s; s += step_s)
        add(chart->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%u s</text>",
            x_of(chart, 1000.0 * s), TOP + HEIGHT + FOOT - 8, s);
}

static void add_fault(const struct chart *chart, const json_t *report)
{
    double from = x_of(chart, real_at(report, "fault.from_ms"));
    double to = x_of(chart, real_at(report, "fault.to_ms"));
    add(chart->out, "<rect class=\"fault\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
        from, TOP, to - from, HEIGHT);
    add(chart->out,
        "<path class=\"edge\" d=\"M%.1f %dv%dM%.1f %dv%d\" fill=\"none\"/>"
        "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">fault</text>",
        from, TOP, HEIGHT, to, TOP, HEIGHT, (from + to) / 2, TOP - 6);
}

/* All answered probes of one kind are one path of points; those given up are crosses at the top. */
static void add_points(const struct chart *chart, const struct measure_sample *samples,
                       size_t count, size_t region, bool write)
{
    add(chart->out, "<path class=\"%s\" d=\"", write ? "w" : "r");
    for (size_t i = 0; i < count; i++) {
        const struct measure_sample *sample = &samples[i];
        double ms = (double)(sample->end_us - sample->start_us) / 1000;
        if (sample->ok && sample->write == write && sample->region == region)
            add(chart->out, "M%.1f %.1fh0", x_of(chart, (double)sample->start_us / 1000), y_of(ms));
    }
    add(chart->out, "\"/><path class=\"lost\" d=\"");
    for (size_t i = 0; i < count; i++) {
        const struct measure_sample *sample = &samples[i];
        if (!sample->ok && sample->write == write && sample->region == region)
            add(chart->out, "M%.1f %dl6 6m0 -6l-6 6",
                x_of(chart, (double)sample->start_us / 1000) - 3, TOP + 2);
    }
    add(chart->out, "\"/>");
}

static void add_stalls(const struct chart *chart, const json_t *region)
{
    size_t i;
    json_t *stall;
    json_array_foreach(json_object_get(region, "stalls"), i, stall)
    {
        double from = x_of(chart, real_at(stall, "from_ms"));
        add(chart->out,
            "<rect class=\"stall\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"4\"><title>no "
            "answer "
            "to %s for %.0f ms</title></rect>",
            from, TOP + HEIGHT + 2, x_of(chart, real_at(stall, "to_ms")) - from,
            cli_json_text(stall, "of"), real_at(stall, "to_ms") - real_at(stall, "from_ms"));
    }
}

static void add_charts(struct vg_buffer *out, const json_t *report,
                       const struct measure_sample *samples, size_t count)
{
    struct chart chart = {out, real_at(report, "measured_ms")};
    size_t i;
    json_t *region;
    add(out, "<h2>Time to answer, region by region</h2><p class=\"soft\">Each point is a probe, at "
             "the time it was made.<span class=\"key\" style=\"background:var(--write)\"></span>"
             "write<span class=\"key\" style=\"background:var(--read)\"></span>read");
    add(out, "<span class=\"key\" style=\"background:var(--stall);border-radius:0;height:.3rem\">"
             "</span>no answer for more than ");
    add_seconds(out, real_at(report, "stall_ms"));
    add(out, ". A cross at the top is a probe without an answer.</p>");
    json_array_foreach(json_object_get(report, "regions"), i, region)
    {
        add(out, "<svg role=\"img\" viewBox=\"0 0 %d %d\" aria-label=\"time to answer in ",
            LEFT + WIDTH + 14, TOP + HEIGHT + FOOT);
        add_text(out, cli_json_text(region, "region"));
        add(out, "\"><text class=\"name\" x=\"%d\" y=\"14\">", LEFT);
        add_text(out, cli_json_text(region, "region"));
        add(out, "</text>");
        add_axes(&chart);
        add_fault(&chart, report);
        add_points(&chart, samples, count, i, false);
        add_points(&chart, samples, count, i, true);
        add_stalls(&chart, region);
        add(out, "</svg>");
    }
}

/* ---- stalled time ------------------------------------------------------------------------------
 */

static void add_bars(struct vg_buffer *out, const json_t *report)
{
    enum { ROW = 30, NAMES = 120, BAR = 16 };
    double target = real_at(report, "drill.targets.stalled_ms");
    double longest = real_at(report, "stalled_ms");
    double scale = (WIDTH - 140) / (longest > target ? longest : target);
    size_t i, count = json_array_size(json_object_get(report, "regions"));
    json_t *region;
    add(out,
        "<h2>Stalled time against the target</h2><svg role=\"img\" viewBox=\"0 0 %d %zu\" "
        "aria-label=\"stalled time of each region\">",
        LEFT + WIDTH + 14, count * ROW + 24);
    json_array_foreach(json_object_get(report, "regions"), i, region)
    {
        double ms = real_at(region, "stalled_ms");
        size_t y = i * ROW + 6;
        add(out, "<text class=\"name\" x=\"0\" y=\"%zu\">", y + 13);
        add_text(out, cli_json_text(region, "region"));
        add(out,
            "</text><rect class=\"bar%s\" x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"%d\" "
            "rx=\"2\"/>"
            "<text x=\"%.1f\" y=\"%zu\">",
            ms > target ? " bad" : "", NAMES, y, ms * scale < 2 ? 2 : ms * scale, BAR,
            NAMES + ms * scale + 8, y + 13);
        add_seconds(out, ms);
        add(out, "</text>");
    }
    add(out,
        "<path class=\"edge\" d=\"M%.1f 0v%zu\" fill=\"none\"/>"
        "<text x=\"%.1f\" y=\"%zu\" text-anchor=\"middle\">target ",
        NAMES + target * scale, count * ROW + 6, NAMES + target * scale, count * ROW + 20);
    add_seconds(out, target);
    add(out, "</text></svg>");
}

/* ---- tables ------------------------------------------------------------------------------------
 */

static void add_latency(struct vg_buffer *out, const json_t *region, const char *path)
{
    const json_t *value = cli_json_at(region, path);
    if (json_is_number(value))
        add(out, "<td class=\"n\">%.1f</td>", json_number_value(value));
    else
        add(out, "<td class=\"n soft\">none</td>");
}

static void add_latencies(struct vg_buffer *out, const json_t *report)
{
    static const char *const paths[] = {"before.p50_ms", "before.p99_ms", "during.p50_ms",
                                        "during.p99_ms", "after.p50_ms",  "after.p99_ms"};
    size_t i;
    json_t *region;
    add(out, "<h2>Writes in milliseconds: half of them, and 99 of 100, took at most</h2>"
             "<div class=\"wide\"><table><tr><th>Region</th><th class=\"n\">Writes</th>"
             "<th class=\"n\">Reads</th><th class=\"n\">Given up</th>");
    for (size_t k = 0; k < 6; k++)
        add(out, "<th class=\"n\">%.*s %s</th>", (int)strcspn(paths[k], "."), paths[k],
            k % 2 == 0 ? "p50" : "p99");
    add(out, "</tr>");
    json_array_foreach(json_object_get(report, "regions"), i, region)
    {
        add(out, "<tr><td>");
        add_text(out, cli_json_text(region, "region"));
        add(out, "</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td>",
            (unsigned long long)cli_json_number(region, "writes"),
            (unsigned long long)cli_json_number(region, "reads"),
            (unsigned long long)cli_json_number(region, "given_up"));
        for (size_t k = 0; k < 6; k++)
            add_latency(out, region, paths[k]);
        add(out, "</tr>");
    }
    add(out, "</table></div>");
}

static void add_row(struct vg_buffer *out, const char *title, const char *text)
{
    if (text[0] == '\0')
        return;
    add(out, "<tr><th>%s</th><td>", title);
    add_text(out, text);
    add(out, "</td></tr>");
}

static void add_record(struct vg_buffer *out, const json_t *report)
{
    static const struct {
        const char *title, *path;
    } rows[] = {
        {"Why", "drill.reason"},
        {"Run by", "operated_by"},
        {"Approved by", "seconded_by"},
        {"Approved at", "drill.approved_at"},
        {"Started at", "drill.started_at"},
        {"Recorded at", "drill.ended_at"},
        {"Drill", "drill.id"},
        {"Cluster", "cluster_id"},
    };
    add(out, "<h2>On record</h2><table>");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        add_row(out, rows[i].title, cli_json_text(report, rows[i].path));
    add(out,
        "<tr><th>In the log</th><td>started by entry %llu, recorded by entry %llu; the drill's id "
        "is "
        "that of the proposal that both have signed</td></tr></table>",
        (unsigned long long)cli_json_number(report, "drill.start_index"),
        (unsigned long long)cli_json_number(report, "drill.end_index"));
}

/* ---- the page ----------------------------------------------------------------------------------
 */

void report_html(const json_t *report, const struct measure_sample *samples, size_t count,
                 struct vg_buffer *out)
{
    add(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width\"><title>Drill: ");
    add_text(out, cli_json_text(report, "drill.kind"));
    add(out, ", ");
    add_text(out, cli_json_text(report, "verdict"));
    add(out, "</title>");
    add_literal(out, style);
    add(out, "<main>");
    add_head(out, report);
    add_cards(out, report);
    add_charts(out, report, samples, count);
    add_bars(out, report);
    add_latencies(out, report);
    add_record(out, report);
    add(out, "</main></html>\n");
}
