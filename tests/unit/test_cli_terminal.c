/* SPDX-License-Identifier: Apache-2.0
 * Text of strangers on a terminal: whole, in its columns, and harmless. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>

#include "ops/cli/core/terminal.h"

static void set_up(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
}

TestSuite(cli_terminal, .init = set_up);

static void expect_cell(const char *text, size_t cut, const char *shown, size_t width)
{
    struct cli_cell cell = cli_cell_of(text, cut);
    cr_expect_str_eq(cell.text, shown);
    cr_expect_eq(cell.width, width, "%s: %zu columns", shown, cell.width);
    free(cell.text);
}

Test(cli_terminal, a_cell_knows_its_columns)
{
    expect_cell("", 0, "", 0);
    expect_cell("plain", 0, "plain", 5);
    expect_cell("Malm\u00f6", 0, "Malm\u00f6", 5);
    expect_cell("\u4e8b\u4ef6", 0, "\u4e8b\u4ef6", 4); /* two columns each */
    expect_cell("e\u0301", 0, "e\u0301", 1);           /* a combining accent has none */
}

Test(cli_terminal, a_cell_is_cut_to_its_columns_with_an_ellipsis)
{
    expect_cell("abcdef", 6, "abcdef", 6);
    expect_cell("abcdefg", 6, "abcde\u2026", 6);
    expect_cell("\u4e8b\u4ef6\u4e8b", 5, "\u4e8b\u4ef6\u2026", 5);
    expect_cell("\u4e8b\u4ef6\u4e8b", 4, "\u4e8b\u2026", 3);
}

Test(cli_terminal, control_characters_become_blanks)
{
    expect_cell("a\x1b[2Jb", 0, "a [2Jb", 6);
    expect_cell("a\nb\tc\rd", 0, "a b c d", 7);
    expect_cell("a\x7f"
                "b",
                0, "a b", 3);
    expect_cell("a\xc2\x9b"
                "b",
                0, "a b", 3); /* CSI as one character */
}

/* What turns the direction of text, or hides, is shown as what it is. */
Test(cli_terminal, hidden_characters_are_shown)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"a\u202eb", "a\\u{202e}b"},      {"a\u2066b", "a\\u{2066}b"}, {"a\u200eb", "a\\u{200e}b"},
        {"a\u200bb", "a\\u{200b}b"},      {"a\ufeffb", "a\\u{feff}b"}, {"a\u2028b", "a\\u{2028}b"},
        {"a\U000e0041b", "a\\u{e0041}b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_cell cell = cli_cell_of(cases[i].text, 0);
        cr_expect_str_eq(cell.text, cases[i].shown);
        cr_expect_eq(cell.width, strlen(cases[i].shown));
        free(cell.text);
        cr_expect_neq(cli_hidden_character(cases[i].text + 1), 0);
    }
    cr_expect_eq(cli_hidden_character("b"), 0);
    cr_expect_eq(cli_hidden_character("\u05d0"), 0,
                 "letters that are read from the right are text");
}

static void expect_printed(void (*print)(FILE *out, const char *text, unsigned indent),
                           const char *text, unsigned indent, const char *printed)
{
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    print(out, text, indent);
    fclose(out);
    cr_expect_str_eq(got, printed);
    free(got);
}

Test(cli_terminal, texts_keep_their_lines_and_are_indented)
{
    expect_printed(cli_print_text, "one\ntwo\nthree", 4, "one\n    two\n    three\n");
    expect_printed(cli_print_text, "a\x1b]0;title\x07z", 0, "a ]0;title z\n");
}

Test(cli_terminal, wrapped_texts_break_between_words)
{
    setenv("COLUMNS", "40", 1);
    expect_printed(cli_print_wrapped,
                   "it is assessed before it leaves assess: vigil incident assess", 4,
                   "    it is assessed before it leaves\n"
                   "    assess: vigil incident assess\n");
    expect_printed(cli_print_wrapped, "one\ntwo", 2, "  one\n  two\n");
    expect_printed(cli_print_wrapped, "0123456789012345678901234567890123456789012345", 2,
                   "  0123456789012345678901234567890123456789012345\n");
}

Test(cli_terminal, the_width_has_bounds)
{
    static const struct {
        const char *columns;
        unsigned width;
    } cases[] = {{"100", 100}, {"20", 40}, {"999", 200}, {"", 80}, {"wide", 80}};
    FILE *out = fopen("/dev/null", "w");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("COLUMNS", cases[i].columns, 1);
        cr_expect_eq(cli_terminal_width(out), cases[i].width, "COLUMNS=%s", cases[i].columns);
    }
    cr_expect_not(cli_is_styled(out));
    fclose(out);
}
