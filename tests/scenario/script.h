/* SPDX-License-Identifier: Apache-2.0
 * The language scn/1: lines, calls, replies, and the tables of commands (docs/scenarios.md). */
#ifndef VIGIL_TESTS_SCENARIO_SCRIPT_H
#define VIGIL_TESTS_SCENARIO_SCRIPT_H

#include <stdio.h>

#include "tests/scenario/world.h"

enum {
    SCRIPT_LINE = 4096, /* bytes of a line */
    SCRIPT_WORDS = 64,  /* words of a line */
    SCRIPT_LIST = 4096, /* items of a list */
};

/* The process's exit status. */
enum script_exit { EXIT_OK, EXIT_ASSERT, EXIT_SYNTAX, EXIT_VIOLATION };

enum reply { REPLY_OK, REPLY_ERR, REPLY_SYNTAX };

struct pair {
    char *key;
    char *value;
};

/* A line taken apart; the words point into the line. */
struct call {
    const struct command *command;
    char *name;
    char *words[SCRIPT_WORDS];
    uint32_t word_count;
    struct pair pairs[SCRIPT_WORDS];
    uint32_t pair_count;
};

struct session {
    struct world *world; /* NULL before add-nodes */
    FILE *out;
    FILE *trace;
    uint32_t line;
    enum reply reply;
    char code[WORLD_NAME];
    char text[512];
    char expected[WORLD_NAME]; /* code of expect-err; "" if none */
    bool waived_convergence;
    bool ended;
    enum script_exit exit;
};

struct command {
    const char *name;
    const char *usage; /* what follows the name */
    uint32_t words_min;
    uint32_t words_max;
    const char *keys; /* allowed keys, each between spaces: " from to " */
    void (*run)(struct session *session, const struct call *call);
};

/* A table of commands, ended by a NULL name. */
extern const struct command cluster_commands[];
extern const struct command act_commands[];
extern const struct command drive_commands[];
extern const struct command fault_commands[];
extern const struct command show_commands[];
extern const struct command assert_commands[];

/* All tables, NULL at the end; and what scn/1 names but this core has no feature for. */
extern const struct command *const command_tables[];
const char *unsupported_what(const char *name);

/* Runs one line of `size` bytes without its end; prints the reply. False once the run is over. */
bool session_line(struct session *session, char *line, size_t size);

/* Ends the run at the end of the input. */
enum script_exit session_finish(struct session *session);

/* ---- replies: the first one stands */
void fail(struct session *session, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void bad_syntax(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An assertion's failure, code `assert`. */
#define assert_fail(session, ...) fail(session, "assert", __VA_ARGS__)

/* ---- arguments: each answers false after a bad_syntax() */
bool parse_number(struct session *session, const char *text, uint64_t *out);
bool parse_node(struct session *session, const char *text, struct node **out);

/* "1,2,5-7" or "all", as bits of ids. */
bool parse_nodes(struct session *session, const char *text, uint32_t *out);

/* Message types "app,vote" as bits. */
bool parse_types(struct session *session, const char *text, uint32_t *out);

/* Numbers, ranges and repetitions "1,1,4-6,7x100", in order. */
bool parse_list(struct session *session, const char *text, uint64_t *out, uint32_t *count);

/* The value of a key, or NULL. */
const char *pair_value(const struct call *call, const char *key);

/* A key's number, or `*out` unchanged if it is absent. */
bool pair_number(struct session *session, const struct call *call, const char *key, uint64_t *out);

/* A key's 0 or 1, or `*out` unchanged. */
bool pair_flag(struct session *session, const struct call *call, const char *key, bool *out);

/* from=, to= and type= as a filter; absent ones match all. */
bool pair_filter(struct session *session, const struct call *call, struct filter *out);

#endif
