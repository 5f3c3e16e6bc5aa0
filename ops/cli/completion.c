/* SPDX-License-Identifier: Apache-2.0
 * `vigil completion`: a script for a shell, generated from the tree of commands. */
#include <stdio.h>

#include "ops/cli/commands.h"
#include "proto/response/fields.h"

static void print_children(const struct cli_command *command)
{
    for (const struct cli_command *child = command->children; child != NULL && child->name != NULL;
         child++)
        printf("%s ", child->name);
}

static void print_options(const struct cli_command *command)
{
    const struct cli_option *sets[CLI_OPTION_SETS];
    cli_option_sets(command, sets);
    for (int i = 0; i < CLI_OPTION_SETS && sets[i] != NULL; i++)
        for (const struct cli_option *option = sets[i]; option->name != NULL; option++)
            printf("--%s ", option->name);
}

/* ---- words that may stand somewhere ------------------------------------------------------------
 */

static void print_words(const struct response_word *word)
{
    for (; word->text != NULL; word++)
        printf("%s ", word->text);
}

/* The field that an option is for, if it takes words of a set. */
static const struct response_field *worded_field(const struct cli_command *command,
                                                 const char *name)
{
    uint32_t count = 0;
    const struct response_field *fields = response_fields((uint64_t)command->op, &count);
    for (uint32_t i = 0; i < count; i++)
        if (fields[i].words != NULL && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static bool has_default(const struct cli_command *command, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = command->defaults; at != NULL && *at != '\0'; at += strcspn(at, ",")) {
        at += *at == ',';
        if (strncmp(at, name, size) == 0 && at[size] == '=')
            return true;
    }
    return false;
}

/* Of fields that no option and no default is for: those that words of the call are for. */
static void print_words_of_fields(const struct cli_command *command)
{
    uint32_t count = 0;
    const struct response_word *last = NULL;
    const struct response_field *fields = response_fields((uint64_t)command->op, &count);
    for (uint32_t i = 0; command->words != NULL && i < count; i++) {
        const struct response_field *field = &fields[i];
        if (field->words == NULL || field->words == last || has_default(command, field->name) ||
            cli_option_of(command, field->name) != NULL)
            continue;
        last = field->words;
        print_words(last);
    }
}

/* One case per command: its subcommands or words, or its options when the word starts with '-'. */
static void print_cases(const struct cli_command *command, const char *path)
{
    printf("        '%s'%s) words='", path, command->children != NULL ? "" : "*");
    print_children(command);
    print_words_of_fields(command);
    printf("' options='");
    print_options(command);
    printf("' ;;\n");
    for (const struct cli_command *child = command->children; child != NULL && child->name != NULL;
         child++) {
        char below[128];
        snprintf(below, sizeof below, "%s%s ", path, child->name);
        print_cases(child, below);
    }
}

/* ---- what may follow an option -----------------------------------------------------------------
 */

/* What a placeholder stands for, where the option is for no field. */
static const struct {
    const char *value;
    const struct response_word *words;
} placeholders[] = {{"ROLE,...", response_roles}, {"STAGE", response_stages}};

static bool is_file(const struct cli_option *option)
{
    return option->value != NULL &&
           (strncmp(option->value, "FILE", 4) == 0 || strncmp(option->value, "DIR", 3) == 0);
}

static const struct response_word *words_of(const struct cli_command *command,
                                            const struct cli_option *option)
{
    const struct response_field *field = worded_field(command, option->name);
    if (option->value == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++)
        if (strcmp(option->value, placeholders[i].value) == 0)
            return placeholders[i].words;
    return field != NULL ? field->words : NULL;
}

/* A line of the script for one option: its choices, the words of its field, or files. */
static void print_choice(const struct cli_command *command, const char *path,
                         const struct cli_option *option)
{
    const struct response_word *words = words_of(command, option);
    if (option->choices == NULL && words == NULL && !is_file(option))
        return;
    printf("        '%s'*--%s", path, option->name);
    if (option->letter != 0)
        printf("|'%s'*' -%c'", path, option->letter);
    if (option->choices == NULL && words == NULL) {
        printf(") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n");
        return;
    }
    printf(") COMPREPLY=($(compgen -W '");
    for (const char *at = option->choices; at != NULL && *at != 0; at++)
        putchar(*at == '|' ? ' ' : *at);
    if (option->choices == NULL)
        print_words(words);
    printf("' -- \"$word\")); return ;;\n");
}

/* Options of one name differ from command to command, so each is known by its path; the shared ones
 * by that of the program, which is none. */
static void print_choices(const struct cli_command *command, const char *path)
{
    const struct cli_option *sets[CLI_OPTION_SETS];
    cli_option_sets(command, sets);
    for (int i = 0; i < CLI_OPTION_SETS && sets[i] != NULL && sets[i] != cli_global_options; i++)
        for (const struct cli_option *option = sets[i]; option->name != NULL; option++)
            print_choice(command, path, option);
    for (const struct cli_command *child = command->children; child != NULL && child->name != NULL;
         child++) {
        char below[128];
        snprintf(below, sizeof below, "%s%s ", path, child->name);
        print_choices(child, below);
    }
}

static enum vg_code run_bash(struct cli_call *call)
{
    (void)call;
    printf("# bash completion of vigil; source it, or put it in\n"
           "# ~/.local/share/bash-completion/completions/vigil\n"
           "_vigil() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local path='' words='' options='' i\n"
           "    COMPREPLY=()\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        [[ ${COMP_WORDS[i]} == -* ]] || [[ ${COMP_WORDS[i-1]} == -* ]] ||"
           " path+=\"${COMP_WORDS[i]} \"\n"
           "    done\n"
           "    case \"$path $before\" in\n"
           "        *' --context') COMPREPLY=($(compgen -W \"$(sed -n 's/^ *- name: *//p'"
           " \"${XDG_CONFIG_HOME:-$HOME/.config}/vigil/config.yaml\" 2>/dev/null)\" --"
           " \"$word\")); return ;;\n");
    print_choices(&vigil_commands, "");
    for (const struct cli_option *option = cli_global_options; option->name != NULL; option++)
        print_choice(&vigil_commands, "", option);
    printf("    esac\n"
           "    case $path in\n");
    print_cases(&vigil_commands, "");
    printf("    esac\n"
           "    if [[ $word == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
           "    elif [[ -n $words ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "    else\n"
           "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _vigil vigil\n");
    return VG_OK;
}

const struct cli_command completion_commands[] = {
    {.name = "bash",
     .summary = "For bash",
     .examples = "  source <(vigil completion bash)\n"
                 "  vigil completion bash > ~/.local/share/bash-completion/completions/vigil",
     .run = run_bash,
     .flags = CLI_LOCAL},
    {.name = NULL},
};
