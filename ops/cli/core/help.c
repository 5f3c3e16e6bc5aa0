/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/command.h"

#include <stdio.h>

enum { NEAR_MAX = 3, WORD_MAX = 32, TEXT_COLUMN = 26, NAME_COLUMN = 12 };

/* Edits between two words: insertions, deletions, replacements, and swapped neighbours. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[WORD_MAX + 1][WORD_MAX + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    for (size_t i = 0; i <= a_size; i++)
        rows[i][0] = (unsigned)i;
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++)
        for (size_t j = 1; j <= b_size; j++) {
            unsigned best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (rows[i - 1][j] + 1 < best)
                best = rows[i - 1][j] + 1;
            if (rows[i][j - 1] + 1 < best)
                best = rows[i][j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && rows[i - 2][j - 2] + 1 < best)
                best = rows[i - 2][j - 2] + 1;
            rows[i][j] = best;
        }
    return rows[a_size][b_size];
}

const char *cli_nearest(const char *word, const char *const *names)
{
    const char *nearest = NULL;
    unsigned best = NEAR_MAX + 1;
    size_t size = strlen(word);
    if (size < 2 || size > WORD_MAX)
        return NULL;
    for (; *names != NULL; names++) {
        if (strlen(*names) > WORD_MAX)
            continue;
        bool starts = strncmp(*names, word, size) == 0;
        unsigned edits = starts ? 1 : distance(word, *names);
        if (edits < best && edits <= (size + 1) / 2) {
            best = edits;
            nearest = *names;
        }
    }
    return nearest;
}

static void print_option(const struct cli_option *option, FILE *out)
{
    char left[96];
    int width = snprintf(
        left, sizeof left, "%s%c%s--%s%s%s", option->letter != 0 ? "-" : "",
        option->letter != 0 ? option->letter : ' ', option->letter != 0 ? ", " : "   ",
        option->name, option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    fprintf(out, "  %-*s", TEXT_COLUMN, left);
    if (width >= TEXT_COLUMN)
        fprintf(out, "\n  %*s", TEXT_COLUMN, "");
    fprintf(out, " %s", option->help);
    if (option->choices != NULL)
        fprintf(out, ": %s", option->choices);
    fputc('\n', out);
}

static void print_options(const struct cli_command *command, FILE *out)
{
    const struct cli_option *sets[CLI_OPTION_SETS];
    cli_option_sets(command, sets);
    for (int i = 0; i < CLI_OPTION_SETS && sets[i] != NULL; i++) {
        bool global = sets[i] == cli_global_options;
        if (i == 0 || global)
            fprintf(out, "\n%s:\n", global ? "Everywhere" : "Options");
        for (const struct cli_option *option = sets[i]; option->name != NULL; option++)
            print_option(option, out);
    }
}

/* Summaries begin in one column, behind the longest name. */
static void print_commands(const struct cli_command *children, FILE *out)
{
    int width = NAME_COLUMN;
    for (const struct cli_command *child = children; child->name != NULL; child++)
        if ((int)strlen(child->name) > width)
            width = (int)strlen(child->name);
    fprintf(out, "\nCommands:\n");
    for (const struct cli_command *child = children; child->name != NULL; child++)
        fprintf(out, "  %-*s %s\n", width, child->name, child->summary);
}

void cli_help(const struct cli_call *call, FILE *out)
{
    const struct cli_command *command = call->command;
    char name[128];
    cli_call_name(call, name, sizeof name);
    fprintf(out, "%s\n", command->summary);
    if (command->about != NULL)
        fprintf(out, "\n%s\n", command->about);
    const char *words = command->children != NULL ? "COMMAND ..." : command->words;
    fprintf(out, "\nUsage:\n  %s%s%s [OPTION]...\n", name, words != NULL ? " " : "",
            words != NULL ? words : "");
    if (command->children != NULL)
        print_commands(command->children, out);
    if (command->examples != NULL)
        fprintf(out, "\nExamples:\n%s\n", command->examples);
    print_options(command, out);
    if (command->children != NULL)
        fprintf(out, "\n'%s COMMAND --help' says more about a command.\n", name);
}
