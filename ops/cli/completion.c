/* SPDX-License-Identifier: Apache-2.0
 * `vigil completion`: a script for a shell, generated from the tree of commands. */
#include <stdio.h>

#include "ops/cli/commands.h"

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

/* One case per command: its subcommands, or its options when the word starts with '-'. */
static void print_cases(const struct cli_command *command, const char *path)
{
    printf("        '%s'%s) words='", path, command->children != NULL ? "" : "*");
    print_children(command);
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

/* What may follow an option: its choices, or files. */
static void print_choices(const struct cli_command *command)
{
    const struct cli_option *sets[CLI_OPTION_SETS];
    cli_option_sets(command, sets);
    for (int i = 0; i < CLI_OPTION_SETS && sets[i] != NULL; i++)
        for (const struct cli_option *option = sets[i]; option->name != NULL; option++) {
            bool repeated = sets[i] == cli_global_options && command != &vigil_commands;
            if (option->choices == NULL || repeated)
                continue;
            printf("        --%s%s%c)", option->name, option->letter != 0 ? "|-" : "",
                   option->letter != 0 ? option->letter : ' ');
            printf(" COMPREPLY=($(compgen -W '");
            for (const char *at = option->choices; *at != 0; at++)
                putchar(*at == '|' ? ' ' : *at);
            printf("' -- \"$word\")); return ;;\n");
        }
    for (const struct cli_command *child = command->children; child != NULL && child->name != NULL;
         child++)
        print_choices(child);
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
           "    case $before in\n");
    print_choices(&vigil_commands);
    printf("        --file|--detail|--identity|--dir) COMPREPLY=($(compgen -f -- \"$word\"));"
           " return ;;\n"
           "    esac\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        [[ ${COMP_WORDS[i]} == -* ]] || [[ ${COMP_WORDS[i-1]} == -* ]] ||"
           " path+=\"${COMP_WORDS[i]} \"\n"
           "    done\n"
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
