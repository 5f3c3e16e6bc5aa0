/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/command.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"

enum { LONG_MAX_OPTIONS = 64, LONG_BASE = 256 };

const struct cli_option cli_global_options[] = {
    {.name = "context", .value = "NAME", .help = "use this context of the configuration"},
    {.name = "node", .value = "URL[#KEY],...", .help = "talk to these nodes, in this order"},
    {.name = "genesis",
     .value = "FILE",
     .help = "the cluster, and keys of nodes given as URL#NODE"},
    {.name = "identity", .value = "FILE", .help = "sign as this person"},
    {.name = "output",
     .letter = 'o',
     .value = "FORMAT",
     .help = "how answers are printed",
     .choices = "table|wide|json|jsonl"},
    {.name = "timeout", .value = "TIME", .help = "give up after this long (5s)"},
    {.name = "request-id", .value = "UUIDv7", .help = "repeat an earlier request safely"},
    {.name = "version", .help = "print the version"},
    {.name = "help", .letter = 'h', .help = "print this help"},
    {.name = NULL},
};

const struct cli_option cli_change_options[] = {
    {.name = "dry-run", .help = "say what would happen, change nothing"},
    {.name = NULL},
};

const struct cli_option cli_session_options[] = {
    {.name = "session", .value = "NAME", .help = "whose reading counts (this terminal's)"},
    {.name = NULL},
};

const struct cli_option cli_expect_options[] = {
    {.name = "expect",
     .value = "ASPECT=N",
     .help = "refuse unless the aspect has this revision",
     .repeats = true},
    {.name = "rebase", .help = "where somebody else was first: show both, and ask"},
    {.name = NULL},
};

/* Names that are promised (docs/cli.md), as the program says them, and not there yet. */
static const char *const unbuilt[] = {
    "vigil notice",
    "vigil postmortem",
    "vigil handover",
    "vigil page",
    "vigil receipt",
    "vigil log prove",
    "vigil oncall schedule",
    "vigil oncall import",
    "vigil oncall override",
    "vigil cluster backup",
    "vigil cluster restore",
    "vigil cluster members add",
    "vigil cluster members promote",
    "--receipt",
    NULL,
};

static bool is_unbuilt(const char *name)
{
    size_t i = 0;
    while (unbuilt[i] != NULL && strcmp(unbuilt[i], name) != 0)
        i++;
    return unbuilt[i] != NULL;
}

static enum vg_code refuse_unbuilt(struct cli_call *call, const char *name)
{
    return vg_fail(&call->error, VG_USAGE,
                   "'%s' is not built in this release, and nothing was done; its README says what "
                   "is",
                   name);
}

void cli_option_sets(const struct cli_command *command,
                     const struct cli_option *sets[CLI_OPTION_SETS])
{
    unsigned flags = command->flags;
    unsigned count = 0;
    memset(sets, 0, CLI_OPTION_SETS * sizeof *sets);
    if (command->options != NULL)
        sets[count++] = command->options;
    if (flags & CLI_EXPECTS)
        sets[count++] = cli_expect_options;
    if (flags & (CLI_EXPECTS | CLI_READS))
        sets[count++] = cli_session_options;
    if (flags & CLI_CHANGES)
        sets[count++] = cli_change_options;
    sets[count] = cli_global_options;
}

const struct cli_option *cli_option_of(const struct cli_command *command, const char *name)
{
    const struct cli_option *sets[CLI_OPTION_SETS];
    cli_option_sets(command, sets);
    for (int i = 0; i < CLI_OPTION_SETS && sets[i] != NULL; i++)
        for (const struct cli_option *option = sets[i]; option->name != NULL; option++)
            if (strcmp(option->name, name) == 0)
                return option;
    return NULL;
}

void cli_call_name(const struct cli_call *call, char *out, size_t size)
{
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; i < call->depth && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? " " : "",
                                 call->path[i]->name);
}

/* The tables a command takes, in the form getopt_long wants. */
struct getopt_tables {
    struct option longs[LONG_MAX_OPTIONS + 1];
    const struct cli_option *options[LONG_MAX_OPTIONS];
    const char *names[LONG_MAX_OPTIONS + 1]; /* for suggestions */
    int count;
    char letters[LONG_MAX_OPTIONS];
};

static void add_option(struct getopt_tables *tables, const struct cli_option *option,
                       size_t *letters)
{
    tables->longs[tables->count] = (struct option){
        .name = option->name,
        .has_arg = option->value != NULL ? required_argument : no_argument,
        .val = LONG_BASE + tables->count,
    };
    tables->options[tables->count] = option;
    tables->names[tables->count] = option->name;
    tables->count++;
    if (option->letter == 0)
        return;
    tables->letters[(*letters)++] = option->letter;
    if (option->value != NULL)
        tables->letters[(*letters)++] = ':';
}

/* `stop`: at the first word that is no option, as before a subcommand. A leading ':' makes getopt
 * tell a missing value from an unknown option. */
static void build_tables(const struct cli_command *command, bool stop, struct getopt_tables *tables)
{
    *tables = (struct getopt_tables){.count = 0};
    size_t letters = 0;
    if (stop)
        tables->letters[letters++] = '+';
    tables->letters[letters++] = ':';
    const struct cli_option *sets[CLI_OPTION_SETS];
    cli_option_sets(command, sets);
    for (int i = 0; i < CLI_OPTION_SETS && sets[i] != NULL; i++)
        for (const struct cli_option *option = sets[i]; option->name != NULL; option++)
            add_option(tables, option, &letters);
}

static const struct cli_option *find_letter(const struct getopt_tables *tables, int letter)
{
    for (int i = 0; i < tables->count; i++)
        if (tables->options[i]->letter == letter)
            return tables->options[i];
    return NULL;
}

/* What getopt_long did not take: `last` is the word it read last. */
static enum vg_code unknown_option(struct cli_call *call, const struct getopt_tables *tables,
                                   const char *last)
{
    if (optopt >= LONG_BASE)
        return vg_fail(&call->error, VG_USAGE, "option '--%s' takes no value",
                       tables->names[optopt - LONG_BASE]);
    char letter[] = {'-', (char)optopt, 0};
    const char *word = optopt != 0 ? letter : last;
    char name[128];
    cli_call_name(call, name, sizeof name);
    const char *bare = word + strspn(word, "-");
    char whole[64];
    snprintf(whole, sizeof whole, "%.*s", (int)strcspn(word, "="), word);
    if (is_unbuilt(whole))
        return refuse_unbuilt(call, whole);
    const char *near = cli_nearest(bare, tables->names);
    return vg_fail(&call->error, VG_USAGE, "'%s' has no option '%s'%s%s%s; see '%s --help'", name,
                   word, near != NULL ? "; did you mean '--" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "", name);
}

static enum vg_code put_value(struct cli_call *call, const struct cli_option *option,
                              const char *text)
{
    if (strcmp(option->name, "help") == 0)
        call->help = true;
    if (strcmp(option->name, "version") == 0)
        call->version = true;
    for (int i = 0; i < call->value_count; i++)
        if (call->values[i].option == option && !option->repeats)
            return vg_fail(&call->error, VG_USAGE, "option '--%s' is given twice", option->name);
    if (call->value_count == CLI_VALUES_MAX)
        return vg_fail(&call->error, VG_USAGE, "more than %d options are given", CLI_VALUES_MAX);
    call->values[call->value_count++] = (struct cli_value){option, text};
    return VG_OK;
}

/* Takes options from argv[optind] on until getopt says -1. */
static enum vg_code take_options(struct cli_call *call, const struct getopt_tables *tables,
                                 int argc, char **argv)
{
    for (;;) {
        optopt = 0;
        int found = getopt_long(argc, argv, tables->letters, tables->longs, NULL);
        if (found == -1)
            return VG_OK;
        if (found == ':')
            return vg_fail(&call->error, VG_USAGE, "option '%s' needs a value", argv[optind - 1]);
        if (found == '?')
            return unknown_option(call, tables, argv[optind - 1]);
        const struct cli_option *option =
            found >= LONG_BASE ? tables->options[found - LONG_BASE] : find_letter(tables, found);
        enum vg_code code = put_value(call, option, optarg);
        if (code != VG_OK)
            return code;
    }
}

static enum vg_code descend(struct cli_call *call, const char *word)
{
    const struct cli_command *children = call->command->children;
    const char *names[64] = {NULL};
    unsigned count = 0;
    for (const struct cli_command *child = children; child->name != NULL; child++) {
        if (strcmp(child->name, word) == 0) {
            call->path[call->depth++] = child;
            call->command = child;
            return VG_OK;
        }
        if ((child->flags & CLI_FINAL) == 0)
            names[count++] = child->name;
    }
    char name[128], whole[192];
    cli_call_name(call, name, sizeof name);
    snprintf(whole, sizeof whole, "%s %.60s", name, word);
    if (is_unbuilt(whole))
        return refuse_unbuilt(call, whole);
    const char *near = cli_nearest(word, names);
    return vg_fail(&call->error, VG_USAGE, "'%s' has no command '%s'%s%s%s; see '%s --help'", name,
                   word, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                   near != NULL ? "'" : "", name);
}

static enum vg_code take_words(struct cli_call *call, int argc, char **argv, int from)
{
    const struct cli_command *command = call->command;
    char name[128];
    cli_call_name(call, name, sizeof name);
    for (int i = from; i < argc && call->word_count < CLI_WORDS_MAX; i++)
        call->words[call->word_count++] = argv[i];
    if (call->help || (argc - from >= command->words_min && argc - from <= command->words_max))
        return VG_OK;
    if (argc - from > command->words_max)
        return vg_fail(&call->error, VG_USAGE, "'%s' does not take '%s'; see '%s --help'", name,
                       argv[from + command->words_max], name);
    return vg_fail(&call->error, VG_USAGE, "'%s' needs %s; see '%s --help'", name, command->words,
                   name);
}

static enum vg_code check_text(struct cli_call *call, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!vg_utf8_valid(vg_span_text(argv[i])))
            return vg_fail(&call->error, VG_USAGE, "word %d of the command line is not UTF-8", i);
    return VG_OK;
}

enum vg_code cli_parse(const struct cli_command *root, int argc, char **argv, struct cli_call *call)
{
    call->path[0] = root;
    call->depth = 1;
    call->command = root;
    enum vg_code code = check_text(call, argc, argv);
    opterr = 0;
    optind = 0; /* glibc: start anew, so that tests can parse several command lines */
    struct getopt_tables tables;
    while (code == VG_OK && call->command->children != NULL) {
        build_tables(call->command, true, &tables);
        code = take_options(call, &tables, argc, argv);
        if (code == VG_OK && optind >= argc) {
            call->help = call->help || call->command->run == NULL;
            return VG_OK;
        }
        if (code == VG_OK)
            code = descend(call, argv[optind]);
        argc -= optind;
        argv += optind;
        optind = 0;
    }
    if (code != VG_OK)
        return code;
    build_tables(call->command, false, &tables);
    code = take_options(call, &tables, argc, argv);
    return code == VG_OK ? take_words(call, argc, argv, optind) : code;
}

static const struct cli_value *find_value(const struct cli_call *call, const char *name)
{
    for (int i = 0; i < call->value_count; i++)
        if (strcmp(call->values[i].option->name, name) == 0)
            return &call->values[i];
    return NULL;
}

const char *cli_text(const struct cli_call *call, const char *name)
{
    const struct cli_value *value = find_value(call, name);
    return value != NULL ? value->text : NULL;
}

bool cli_flag(const struct cli_call *call, const char *name)
{
    return find_value(call, name) != NULL;
}

enum vg_code cli_required(struct cli_call *call, const char *name, const char **out)
{
    *out = cli_text(call, name);
    if (*out != NULL)
        return VG_OK;
    char command[128];
    cli_call_name(call, command, sizeof command);
    return vg_fail(&call->error, VG_USAGE, "'%s' needs --%s; see '%s --help'", command, name,
                   command);
}

enum vg_code cli_number_parse(const char *text, const char *what, uint64_t low, uint64_t high,
                              uint64_t *out, struct vg_error *error)
{
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (isdigit((unsigned char)text[0]) && *end == 0 && errno == 0 && *out >= low && *out <= high)
        return VG_OK;
    if (high == UINT64_MAX)
        return vg_fail(error, VG_USAGE, "%s is '%s'; it must be a whole number from %llu", what,
                       text, (unsigned long long)low);
    return vg_fail(error, VG_USAGE, "%s is '%s'; it must be a whole number from %llu to %llu", what,
                   text, (unsigned long long)low, (unsigned long long)high);
}

enum vg_code cli_number(struct cli_call *call, const char *name, uint64_t low, uint64_t high,
                        uint64_t otherwise, uint64_t *out)
{
    const char *text = cli_text(call, name);
    *out = otherwise;
    if (text == NULL)
        return VG_OK;
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    return cli_number_parse(text, what, low, high, out, &call->error);
}

enum vg_code cli_duration_parse(const char *text, const char *what, uint32_t *out_ms,
                                struct vg_error *error)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60e3}, {"h", 3600e3}};
    enum { DAY_MS = 24 * 3600 * 1000 };
    char *end;
    double number = strtod(text, &end);
    bool is_number = isdigit((unsigned char)text[0]) != 0;
    for (unsigned i = 0; is_number && i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0 && number * units[i].ms >= 1 &&
            number * units[i].ms <= DAY_MS) {
            *out_ms = (uint32_t)(number * units[i].ms);
            return VG_OK;
        }
    return vg_fail(error, VG_USAGE, "%s is '%s'; write a time such as 500ms, 5s or 2m, up to 24h",
                   what, text);
}
