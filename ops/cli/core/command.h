/* SPDX-License-Identifier: Apache-2.0
 * The command line as data: one tree of commands with their options, examples and handlers. Help,
 * parsing, suggestions and shell completion all read it. */
#ifndef VIGIL_OPS_CLI_CORE_COMMAND_H
#define VIGIL_OPS_CLI_CORE_COMMAND_H

#include <jansson.h>

#include "common/error.h"
#include "ops/cli/core/settings.h"
#include "proto/response/command.h"

enum { CLI_DEPTH_MAX = 4, CLI_VALUES_MAX = 128, CLI_WORDS_MAX = 64 };

struct cli_option {
    const char *name;
    char letter;       /* 0: long form only */
    const char *value; /* placeholder of its value; NULL: a flag */
    const char *help;
    bool repeats;        /* may be given several times */
    const char *choices; /* "a|b|c" for completion and help; NULL: free */
};

/* What a command does, which decides the shared options it takes. */
enum {
    CLI_CHANGES = 1, /* --dry-run */
    CLI_READS = 2,   /* --session: revisions read are remembered */
    CLI_EXPECTS = 4, /* --session and --expect: changes an incident */
    CLI_LOCAL = 8,   /* talks to no cluster: no context is looked up */
    CLI_FINAL = 16,  /* is not undone by another command: never guessed from a wrong word */
};

struct cli_call;
struct cli_access;
struct cli_client;
struct cli_author;

struct cli_command {
    const char *name;    /* NULL ends a table */
    const char *words;   /* usage of its words, "ID STAGE"; NULL: none */
    const char *summary; /* one line */
    const char *about;   /* paragraphs below the summary; NULL: none */
    const char *examples;
    const struct cli_option *options;           /* ends with a NULL name; NULL: none of its own */
    const struct cli_command *children;         /* NULL: a command that runs */
    enum vg_code (*run)(struct cli_call *call); /* with children: what it does without any */
    int words_min;
    int words_max;
    unsigned flags; /* CLI_CHANGES, ... */
    /* Of a command that sends one operation (fill.h): */
    enum response_op op;  /* 0: not such a command */
    const char *fields;   /* those its words are for, "incident,stage" */
    const char *defaults; /* of fields that no option is given for, "kind=note" */
};

struct cli_value {
    const struct cli_option *option;
    const char *text; /* NULL for a flag */
};

/* One run of the program. Zero-initialise; cli_parse fills it; cli_call_free ends it. */
struct cli_call {
    const struct cli_command *path[CLI_DEPTH_MAX]; /* root first */
    int depth;
    const struct cli_command *command; /* the last of `path` */
    struct cli_value values[CLI_VALUES_MAX];
    int value_count;
    const char *words[CLI_WORDS_MAX + 1];
    int word_count;
    bool help;    /* --help was given, or the command has only children */
    bool version; /* --version was given */

    struct cli_settings settings;
    struct cli_access *access; /* made by the first query, as is */
    struct cli_client *client; /* the connection */
    struct cli_author *author; /* made by the first change */
    json_t *names;             /* the directory, for those who show people; may be NULL */

    struct vg_error error;
    json_t *details; /* of the error; may be NULL */
    int exit_code;   /* of a run that went through but not for all of its work */
};

/* Options every command takes, and those by flag; each ends with a NULL name. */
extern const struct cli_option cli_global_options[];
extern const struct cli_option cli_change_options[];
extern const struct cli_option cli_session_options[];
extern const struct cli_option cli_expect_options[];

enum { CLI_OPTION_SETS = 5 };

/* The tables of options a command takes, its own first; unused places are NULL. */
void cli_option_sets(const struct cli_command *command,
                     const struct cli_option *sets[CLI_OPTION_SETS]);

/* Reads the words of the call. VG_USAGE names the word and what was meant. */
enum vg_code cli_parse(const struct cli_command *root, int argc, char **argv,
                       struct cli_call *call);

/* Frees what the call made. */
void cli_call_free(struct cli_call *call);

/* "vigil incident stage" of a call. */
void cli_call_name(const struct cli_call *call, char *out, size_t size);

/* The option of a name that a command takes, or NULL. */
const struct cli_option *cli_option_of(const struct cli_command *command, const char *name);

/* The value of an option, or NULL; whether a flag was given. The option must be in the tables. */
const char *cli_text(const struct cli_call *call, const char *name);
bool cli_flag(const struct cli_call *call, const char *name);

/* As cli_text for a value that must be there: VG_USAGE if not. */
enum vg_code cli_required(struct cli_call *call, const char *name, const char **out);

/* A whole number in [low, high], or `otherwise` if the option is not given. */
enum vg_code cli_number(struct cli_call *call, const char *name, uint64_t low, uint64_t high,
                        uint64_t otherwise, uint64_t *out);

/* As cli_number for any text; `what` names it in the error. */
enum vg_code cli_number_parse(const char *text, const char *what, uint64_t low, uint64_t high,
                              uint64_t *out, struct vg_error *error);

/* A duration such as "500ms", "5s", "2m"; a bare number is seconds. */
enum vg_code cli_duration_parse(const char *text, const char *what, uint32_t *out_ms,
                                struct vg_error *error);

/* Prints the help of the call's command to `out`. */
void cli_help(const struct cli_call *call, FILE *out);

/* The name nearest to `word` among NULL-ended `names`, or NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *names);

#endif
