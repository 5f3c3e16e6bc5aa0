/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "common/mem.h"

enum { WIDTH_MIN = 40, WIDTH_DEFAULT = 80, WIDTH_MAX = 200, ESCAPE_SIZE = 12 };

unsigned cli_terminal_width(FILE *out)
{
    struct winsize size = {.ws_col = 0};
    const char *columns = getenv("COLUMNS");
    unsigned long width = 0;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    if (width == 0 && columns != NULL)
        width = strtoul(columns, NULL, 10);
    if (width == 0)
        width = WIDTH_DEFAULT;
    return (unsigned)(width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width);
}

bool cli_is_styled(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0');
}

void cli_print_styled(FILE *out, enum cli_style style, const char *text)
{
    static const char *const codes[] = {[CLI_STYLE_BOLD] = "\033[1m",
                                        [CLI_STYLE_DIM] = "\033[2m",
                                        [CLI_STYLE_GOOD] = "\033[32m",
                                        [CLI_STYLE_WARN] = "\033[33m",
                                        [CLI_STYLE_BAD] = "\033[1;31m"};
    bool styled = cli_is_styled(out);
    fprintf(out, "%s%s%s", styled ? codes[style] : "", text, styled ? "\033[0m" : "");
}

/* ---- characters --------------------------------------------------------------------------------
 */

/* One character of UTF-8 text that was checked when it came in. */
struct character {
    size_t size; /* bytes, 1 to 4; less where the text ends within it */
    uint32_t point;
};

static struct character character_at(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    struct character c = {.size = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4};
    c.point = c.size == 1 ? at[0] : at[0] & (0xffu >> (c.size + 1));
    for (size_t i = 1; i < c.size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            c.size = i;
            break;
        }
        c.point = c.point << 6 | (at[i] & 0x3fu);
    }
    return c;
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

/* Unicode's bidirectional controls (UAX 9), line and paragraph separators, and the mark that shows
 * nothing. */
static bool is_hidden(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x61c, 0x61c},   {0x200b, 0x200c}, {0x200e, 0x200f},  {0x2028, 0x202e},
                  {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

uint32_t cli_hidden_character(const char *text)
{
    struct character c = character_at(text);
    bool is_late_control = c.point >= 0x7f && c.point < 0xa0;
    return is_hidden(c.point) || is_late_control ? c.point : 0;
}

/* A character as it is printed, and its columns. */
struct shown {
    char text[ESCAPE_SIZE];
    size_t size;
    size_t width;
};

static struct shown show(const char *at, struct character c)
{
    struct shown shown = {.size = c.size, .width = 1};
    int columns = wcwidth((wchar_t)c.point);
    memcpy(shown.text, at, c.size);
    if (is_hidden(c.point)) {
        shown.size = (size_t)snprintf(shown.text, sizeof shown.text, "\\u{%x}", (unsigned)c.point);
        shown.width = shown.size;
    } else if (is_control(c.point)) {
        shown.text[0] = ' ';
        shown.size = 1;
    } else if (columns >= 0) {
        shown.width = (size_t)columns;
    }
    return shown;
}

struct cli_cell cli_cell_of(const char *text, size_t cut)
{
    static const char ellipsis[] = "\u2026";
    struct cli_cell cell = {.text = vg_alloc(strlen(text) * ESCAPE_SIZE + sizeof ellipsis)};
    char *to = cell.text;
    while (*text != '\0') {
        struct character c = character_at(text);
        struct shown shown = show(text, c);
        bool last = text[c.size] == '\0';
        if (cut > 0 && cell.width + shown.width > cut - (last ? 0 : 1)) {
            to = (char *)memcpy(to, ellipsis, sizeof ellipsis - 1) + sizeof ellipsis - 1;
            cell.width++;
            break;
        }
        to = (char *)memcpy(to, shown.text, shown.size) + shown.size;
        cell.width += shown.width;
        text += c.size;
    }
    *to = '\0';
    return cell;
}

void cli_print_inline(FILE *out, const char *text)
{
    struct cli_cell cell = cli_cell_of(text, 0);
    fputs(cell.text, out);
    free(cell.text);
}

void cli_print_text(FILE *out, const char *text, unsigned indent)
{
    while (*text != '\0') {
        struct character c = character_at(text);
        struct shown shown = show(text, c);
        if (*text == '\n' && text[1] != '\0')
            fprintf(out, "\n%*s", (int)indent, "");
        else
            fwrite(shown.text, 1, shown.size, out);
        text += c.size;
    }
    fputc('\n', out);
}

/* The columns and bytes of the word that `text` begins with. */
static size_t measure_word(const char *text, size_t *size)
{
    size_t width = 0;
    *size = 0;
    while (text[*size] != '\0' && strchr(" \n\t", text[*size]) == NULL) {
        struct character c = character_at(text + *size);
        width += show(text + *size, c).width;
        *size += c.size;
    }
    return width;
}

static void print_word(FILE *out, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        struct character c = character_at(text + at);
        struct shown shown = show(text + at, c);
        fwrite(shown.text, 1, shown.size, out);
        at += c.size;
    }
}

void cli_print_wrapped(FILE *out, const char *text, unsigned indent)
{
    size_t room = cli_terminal_width(out) - indent;
    size_t used = 0;
    fprintf(out, "%*s", (int)indent, "");
    while (*text != '\0') {
        size_t size;
        size_t width = measure_word(text, &size);
        if (used > 0 && used + 1 + width > room) {
            fprintf(out, "\n%*s", (int)indent, "");
            used = 0;
        }
        if (used > 0 && width > 0)
            fputc(' ', out);
        print_word(out, text, size);
        used += width + (used > 0 && width > 0);
        text += size;
        if (*text == '\n') {
            fprintf(out, "\n%*s", (int)indent, "");
            used = 0;
        }
        text += *text != '\0';
    }
    fputc('\n', out);
}
