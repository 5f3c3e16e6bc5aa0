/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/output.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/text.h"

enum { COLUMNS_MAX = 24, PATH_MAX_SIZE = 64, GAP = 2, DIGITS = 12 };

bool cli_is_json(enum cli_output output)
{
    return output == CLI_JSON || output == CLI_JSONL;
}

/* Characters that would turn the text of a terminal are written as JSON's escapes: the same
 * document, and harmless to look at. Beyond the basic plane they are pairs (RFC 8259). */
static void print_escaped(FILE *out, const char *text)
{
    while (*text != '\0') {
        uint32_t hidden = cli_hidden_character(text);
        if (hidden == 0) {
            fputc(*text++, out);
            continue;
        }
        if (hidden > 0xffff)
            fprintf(out, "\\u%04x\\u%04x", 0xd800 + ((hidden - 0x10000) >> 10),
                    0xdc00 + ((hidden - 0x10000) & 0x3ff));
        else
            fprintf(out, "\\u%04x", hidden);
        text += hidden > 0xffff ? 4 : hidden > 0x7ff ? 3 : hidden > 0x7f ? 2 : 1;
    }
}

static void print_line(FILE *out, const json_t *document, size_t flags)
{
    char *text = json_dumps(document, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS));
    if (text != NULL) {
        print_escaped(out, text);
        fputc('\n', out);
    }
    free(text);
}

enum vg_code cli_bytes_check(struct vg_error *error)
{
    return isatty(STDOUT_FILENO)
               ? vg_fail(error, VG_USAGE,
                         "bytes of others may steer a terminal; send them to a file: ... > FILE")
               : VG_OK;
}

void cli_print_json(FILE *out, enum cli_output output, const json_t *document)
{
    if (output == CLI_JSON || !json_is_array(document)) {
        print_line(out, document, output == CLI_JSON ? JSON_INDENT(2) : JSON_COMPACT);
        return;
    }
    size_t i;
    json_t *item;
    json_array_foreach(document, i, item) print_line(out, item, JSON_COMPACT);
}

const json_t *cli_json_at(const json_t *object, const char *path)
{
    while (object != NULL && *path != 0) {
        char key[PATH_MAX_SIZE];
        size_t size = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)size, path);
        object = json_object_get(object, key);
        path += size + (path[size] == '.');
    }
    return object;
}

const char *cli_json_text(const json_t *object, const char *path)
{
    const char *text = json_string_value(cli_json_at(object, path));
    return text != NULL ? text : "";
}

uint64_t cli_json_number(const json_t *object, const char *path)
{
    json_int_t number = json_integer_value(cli_json_at(object, path));
    return number > 0 ? (uint64_t)number : 0;
}

static void join_array(const json_t *array, char *out, size_t size)
{
    size_t used = 0;
    size_t i;
    json_t *item;
    out[0] = 0;
    json_array_foreach(array, i, item)
    {
        if (used < size && json_is_string(item))
            used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? "," : "",
                                     json_string_value(item));
    }
}

static struct cli_cell format_value(const json_t *value, size_t cut)
{
    char text[512];
    if (json_is_string(value))
        return cli_cell_of(json_string_value(value), cut);
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, sizeof text, "%.2f", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value) && json_array_size(value) > 0)
        join_array(value, text, sizeof text);
    else
        snprintf(text, sizeof text, "-");
    return cli_cell_of(text, cut);
}

static void print_cell(FILE *out, const struct cli_cell *cell, size_t width, bool right, bool last)
{
    int pad = (int)(width - cell->width);
    if (right)
        fprintf(out, "%*s%s", pad, "", cell->text);
    else
        fprintf(out, "%s%*s", cell->text, last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", out);
}

/* A table laid out; printing frees its cells: `rows + 1` lines of `columns` cells, the titles
 * first. */
struct layout {
    const struct cli_column *columns[COLUMNS_MAX];
    size_t widths[COLUMNS_MAX];
    size_t count;
    size_t lines;
    struct cli_cell *cells;
};

static void put_cell(struct layout *layout, size_t line, size_t column, struct cli_cell cell)
{
    layout->cells[line * layout->count + column] = cell;
    if (cell.width > layout->widths[column])
        layout->widths[column] = cell.width;
}

static void lay_out(struct layout *layout, const json_t *rows, const struct cli_column *columns,
                    bool wide)
{
    *layout = (struct layout){.lines = json_array_size(rows) + 1};
    for (; columns->title != NULL; columns++)
        if (wide || !columns->wide)
            layout->columns[layout->count++] = columns;
    layout->cells = vg_alloc_zero(layout->lines * layout->count, sizeof *layout->cells);
    for (size_t column = 0; column < layout->count; column++) {
        const struct cli_column *of = layout->columns[column];
        put_cell(layout, 0, column, cli_cell_of(of->title, 0));
        for (size_t line = 1; line < layout->lines; line++) {
            const json_t *value = cli_json_at(json_array_get(rows, line - 1), of->path);
            put_cell(layout, line, column, format_value(value, wide ? 0 : of->cut));
        }
    }
}

static void print_layout(FILE *out, const struct layout *layout, size_t from)
{
    bool style = cli_is_styled(out);
    for (size_t line = 0; line < layout->lines; line++) {
        bool bold = style && line == 0 && from == 0;
        fputs(bold ? "\033[1m" : "", out);
        for (size_t column = 0; column < layout->count; column++) {
            struct cli_cell *cell = &layout->cells[line * layout->count + column];
            if (line >= from)
                print_cell(out, cell, layout->widths[column], layout->columns[column]->number,
                           column + 1 == layout->count);
            free(cell->text);
        }
        fputs(bold ? "\033[0m" : "", out);
    }
    free(layout->cells);
}

void cli_print_table(FILE *out, enum cli_output output, const json_t *rows,
                     const struct cli_column *columns)
{
    struct layout layout;
    lay_out(&layout, rows, columns, output == CLI_WIDE);
    print_layout(out, &layout, 0);
}

void cli_print_rows(FILE *out, enum cli_output output, const json_t *rows,
                    const struct cli_column *columns)
{
    struct layout layout;
    lay_out(&layout, rows, columns, output == CLI_WIDE);
    print_layout(out, &layout, 1);
}

void cli_print_fields(FILE *out, const json_t *object, const struct cli_column *columns)
{
    size_t width = 0;
    for (const struct cli_column *column = columns; column->title != NULL; column++)
        width = strlen(column->title) > width ? strlen(column->title) : width;
    for (; columns->title != NULL; columns++) {
        struct cli_cell cell = format_value(cli_json_at(object, columns->path), 0);
        fprintf(out, "%-*s%s\n", (int)(width + GAP), columns->title, cell.text);
        free(cell.text);
    }
}

void cli_print_would(enum cli_output output, const char *format, ...)
{
    char text[VG_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!cli_is_json(output)) {
        printf("would %s\n", text);
        return;
    }
    json_t *document = json_pack("{s:b, s:s}", "dry_run", 1, "would", text);
    cli_print_json(stdout, output, document);
    json_decref(document);
}

void cli_print_error(FILE *out, enum cli_output output, const struct vg_error *error,
                     json_t *details)
{
    if (!cli_is_json(output)) {
        struct cli_cell text = cli_cell_of(error->text, 0);
        fprintf(out, "vigil: %s: %s%s%s%s\n", vg_code_name(error->code), text.text,
                error->rule[0] != 0 ? " (" : "", error->rule, error->rule[0] != 0 ? ")" : "");
        free(text.text);
        return;
    }
    size_t size = strlen(error->text); /* a sentence cut to fit may end within a character */
    while (!vg_utf8_valid(vg_span_of(error->text, size)))
        size--;
    json_t *body = json_pack(
        "{s:s, s:s%, s:o, s:O?}", "code", vg_code_name(error->code), "message", error->text, size,
        "rule", error->rule[0] != 0 ? json_string(error->rule) : json_null(), "details", details);
    json_t *document = json_pack("{s:o}", "error", body);
    cli_print_json(out, output, document);
    json_decref(document);
}

struct cli_progress cli_progress_start(const char *what, uint64_t total)
{
    return (struct cli_progress){.what = what, .total = total, .active = isatty(STDERR_FILENO)};
}

void cli_progress_show(struct cli_progress *progress, uint64_t done)
{
    enum { WIDTH = 30 };
    static const char full[] = "##############################";
    static const char empty[] = "..............................";
    if (!progress->active || progress->total == 0)
        return;
    int filled = (int)(done * WIDTH / progress->total);
    fprintf(stderr, "\r%s [%.*s%.*s] %llu/%llu", progress->what, filled, full, WIDTH - filled,
            empty, (unsigned long long)done, (unsigned long long)progress->total);
    fflush(stderr);
    progress->shown = true;
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
