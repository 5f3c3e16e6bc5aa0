/* SPDX-License-Identifier: Apache-2.0
 * raft-scn: drives production cores by a scenario (docs/scenarios.md). */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "tests/scenario/script.h"

static const char usage[] =
    "usage: raft-scn [--file FILE] [--trace[=FILE]]\n"
    "Runs the scenario in FILE, or on standard input, and prints a reply to each command.\n"
    "Exit: 0 all ok, 1 an assertion failed, 2 bad syntax, 3 an invariant was violated.\n"
    "The trace is one JSON object a line, on standard error if it has no FILE.\n"
    "The command `help` lists the language.\n";

/* Reads the next line without its end into `line`, cut after SCRIPT_LINE + 1 bytes so that it is
 * seen to be too long. False at the end of the input. */
static bool read_line(FILE *in, char line[SCRIPT_LINE + 2], size_t *size)
{
    *size = 0;
    int byte = getc(in);
    if (byte == EOF)
        return false;
    for (; byte != EOF && byte != '\n'; byte = getc(in)) {
        if (*size <= SCRIPT_LINE)
            line[(*size)++] = (char)byte;
    }
    return true;
}

static int run(FILE *in, FILE *trace)
{
    static char line[SCRIPT_LINE + 2];
    struct session session = {.out = stdout, .trace = trace};
    size_t size = 0;
    while (read_line(in, line, &size)) {
        if (!session_line(&session, line, size))
            break;
    }
    if (ferror(in)) {
        fprintf(stderr, "raft-scn: reading failed: %s\n", strerror(errno));
        session.exit = EXIT_SYNTAX;
    }
    enum script_exit code = session_finish(&session);
    world_free(session.world);
    return (int)code;
}

static FILE *open_or_exit(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        fprintf(stderr, "raft-scn: cannot open %s: %s\n", path, strerror(errno));
        exit(EXIT_SYNTAX);
    }
    return file;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"file", required_argument, NULL, 'f'},
                                            {"trace", optional_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    FILE *in = stdin;
    FILE *trace = NULL;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'f':
            in = open_or_exit(optarg, "r");
            break;
        case 't':
            trace = optarg != NULL ? open_or_exit(optarg, "w") : stderr;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_OK;
        default:
            fputs(usage, stderr);
            return EXIT_SYNTAX;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "raft-scn: \"%s\" is not expected; a scenario is named by --file\n",
                argv[optind]);
        return EXIT_SYNTAX;
    }
    return run(in, trace);
}
