/* SPDX-License-Identifier: Apache-2.0
 * What people look at: the width of the terminal, styles where it has them, and text of strangers
 * made harmless. */
#ifndef VIGIL_OPS_CLI_CORE_TERMINAL_H
#define VIGIL_OPS_CLI_CORE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Columns of the terminal, else of COLUMNS, else 80; 40 to 200. */
unsigned cli_terminal_width(FILE *out);

/* True where `out` is a terminal and NO_COLOR is not set. */
bool cli_is_styled(FILE *out);

enum cli_style { CLI_STYLE_BOLD, CLI_STYLE_DIM, CLI_STYLE_GOOD, CLI_STYLE_WARN, CLI_STYLE_BAD };

/* Prints text in a style; plain where there are none. The text is our own. */
void cli_print_styled(FILE *out, enum cli_style style, const char *text);

/* A cell: harmless text, and its width in columns. */
struct cli_cell {
    char *text; /* to free */
    size_t width;
};

/* Control characters become blanks; those that turn the direction of text or hide become what they
 * are ("\u{202e}"), so that nobody's title steers a terminal or reads other than it is. At most
 * `cut` columns, the last an ellipsis; 0: whole. */
struct cli_cell cli_cell_of(const char *text, size_t cut);

/* Prints harmless text, line ends as they are, each line but the first indented. */
void cli_print_text(FILE *out, const char *text, unsigned indent);

/* Prints harmless text in lines of at most the terminal's width, all of them indented, and ends the
 * line. */
void cli_print_wrapped(FILE *out, const char *text, unsigned indent);

/* Prints harmless text of one line, without ending it. */
void cli_print_inline(FILE *out, const char *text);

/* The code point of a character that turns the direction of text, hides, or is a control character
 * that JSON does not escape (DEL, C1), or 0; `text` begins with it. */
uint32_t cli_hidden_character(const char *text);

#endif
