/* SPDX-License-Identifier: Apache-2.0
 * What a call prints: JSON for programs, tables for people, errors, progress. */
#ifndef VIGIL_OPS_CLI_CORE_OUTPUT_H
#define VIGIL_OPS_CLI_CORE_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "common/error.h"
#include "ops/cli/core/settings.h"
#include "ops/cli/core/terminal.h"

/* One column of a table: where in each row's JSON its value is. */
struct cli_column {
    const char *title;
    const char *path; /* "detection.source" */
    bool wide;        /* only with -o wide */
    bool number;      /* to the right */
    unsigned cut;     /* longest text without -o wide; 0: whole */
};

/* True for -o json and jsonl, where the node's document is printed as it is. */
bool cli_is_json(enum cli_output output);

/* Prints a document: `json` indented, `jsonl` one element of an array, or the document, a line. */
void cli_print_json(FILE *out, enum cli_output output, const json_t *document);

/* Prints rows (a JSON array of objects) as a table; control characters are made blank. `columns`
 * ends with a NULL title. Bold titles only where `out` is a terminal and NO_COLOR is not set. */
void cli_print_table(FILE *out, enum cli_output output, const json_t *rows,
                     const struct cli_column *columns);

/* As cli_print_table, without the titles: more rows of a table begun before. */
void cli_print_rows(FILE *out, enum cli_output output, const json_t *rows,
                    const struct cli_column *columns);

/* Prints one object as "title  value" lines. */
void cli_print_fields(FILE *out, const json_t *object, const struct cli_column *columns);

/* VG_USAGE where standard output is a terminal: what others sent is not written there as it is. */
enum vg_code cli_bytes_check(struct vg_error *error);

/* The value at a dotted path, or NULL; the path "" is the object itself. */
const json_t *cli_json_at(const json_t *object, const char *path);

/* The text at a dotted path, or "" if it is no string. */
const char *cli_json_text(const json_t *object, const char *path);

/* The whole number at a dotted path, or 0. */
uint64_t cli_json_number(const json_t *object, const char *path);

/* Prints what --dry-run left out: "would ...", or {"dry_run": true, "would": "..."}. */
void cli_print_would(enum cli_output output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints an error as CLI.md has it, to `out`. Borrows `details`. */
void cli_print_error(FILE *out, enum cli_output output, const struct vg_error *error,
                     json_t *details);

/* A bar on stderr while long work goes on; nothing where stderr is no terminal. */
struct cli_progress {
    const char *what;
    uint64_t total;
    bool shown; /* there is a bar on the line now */
    bool active;
};

struct cli_progress cli_progress_start(const char *what, uint64_t total);
void cli_progress_show(struct cli_progress *progress, uint64_t done);
/* Takes the bar away, before other lines are printed and at the end. */
void cli_progress_clear(struct cli_progress *progress);

#endif
