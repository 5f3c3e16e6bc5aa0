/* SPDX-License-Identifier: Apache-2.0
 * vigil-sim: runs seeds of the simulated world and says what broke, if anything did. */
#include <getopt.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

enum { EXIT_HOLDS = 0, EXIT_BROKEN = 1, EXIT_USAGE = 2 };
enum { SHOWN_EVENTS = 150, FAILURES_MAX = 5, MARKS_RUNS = 1000, MATRIX_PERCENT = 95 };

static const char usage[] =
    "usage: vigil-sim --seed S [--profile P] [--trace-from EVENT]\n"
    "       vigil-sim --runs N [--from S] [--profile P]\n"
    "       (--seed or --runs) --blind one|all-but-one [--telling]\n"
    "       vigil-sim --list-profiles | --list-marks\n"
    "\n"
    "  --seed S         one world, with its trace hash; the same seed always gives the same run\n"
    "  --runs N         seeds S to S + N - 1, one line for each that breaks, and a summary\n"
    "  --from S         the first seed of --runs (default 1)\n"
    "  --profile P      the kind of world (default swarm: the seed picks one)\n"
    "  --no-prevote     with pre-vote off, to see that it is missed\n"
    "  --blind WHICH    each world twice: one node, or all but one, cleared for the first "
    "compartment\n"
    "                   and not; both times the cores must do the same (I33)\n"
    "  --telling        nodes that are not cleared apply later, to see that it is noticed\n"
    "  --trace-from E   print what happens from event E on\n"
    "\n"
    "  vigil-sim --seed 42\n"
    "  vigil-sim --runs 1000\n"
    "  vigil-sim --seed 42 --profile crashes --trace-from 0 | less\n"
    "\n"
    "Exit: 0 all held, 1 something broke or too little was hit, 2 usage.\n";

/* ---- one seed ----------------------------------------------------------------------------------
 */

static sigjmp_buf aborted;

/* A failed assertion ends the seed, not the program. */
static void on_abort(int signal)
{
    siglongjmp(aborted, signal);
}

static void catch_aborts(void)
{
    struct sigaction action = {.sa_handler = on_abort, .sa_flags = SA_NODEFER};
    sigaction(SIGABRT, &action, NULL);
}

static void run_world(const struct sim_options *options, struct sim_result *result)
{
    if (sigsetjmp(aborted, 1) == 0) {
        sim_run(options, result);
        return;
    }
    *result = (struct sim_result){.failed = true};
    result->violation = (struct check_violation){.invariant = "assert"};
    snprintf(result->violation.text, sizeof result->violation.text,
             "an assertion failed, see above");
    snprintf(result->profile, sizeof result->profile, "-");
    sim_where(&result->events, &result->time_us);
}

/* I33: what nodes cannot read changes nothing in what their cores do. */
static void run_blind(const struct sim_options *options, struct sim_result *result)
{
    struct sim_options blind = *options;
    uint64_t cleared = result->raft;
    blind.blind = true;
    run_world(&blind, result);
    if (result->failed || result->raft == cleared)
        return;
    result->failed = true;
    result->violation = (struct check_violation){.invariant = "I33"};
    snprintf(result->violation.text, sizeof result->violation.text,
             "the cores do otherwise where a node is not cleared: raft %016" PRIx64
             ", where it is %016" PRIx64,
             result->raft, cleared);
}

static void run_seed(const struct sim_options *options, struct sim_result *result)
{
    run_world(options, result);
    if (options->apart != SIM_APART_NONE && !result->failed)
        run_blind(options, result);
}

static void print_violation(uint64_t seed, const struct sim_result *result)
{
    char text[400];
    check_violation_format(&result->violation, text, sizeof text);
    printf("seed %" PRIu64 " (%s): event %" PRIu64 " at %.6f s: %s\n", seed, result->profile,
           result->events, (double)result->time_us / 1e6, text);
}

/* Runs a broken seed again and shows what led there. */
static void replay(const struct sim_options *options, const struct sim_result *first)
{
    struct sim_options again = *options;
    struct sim_result result;
    again.trace_from = first->events > SHOWN_EVENTS ? first->events - SHOWN_EVENTS : 0;
    run_seed(&again, &result);
    printf("replayed: %s\n",
           result.failed && result.events == first->events && result.trace == first->trace
               ? "the same violation at the same event, same trace hash"
               : "NOT the same");
}

static void print_passed_by(const struct sim_options *options, uint64_t count)
{
    if (options->apart != SIM_APART_NONE)
        printf("entries passed by for want of their key %" PRIu64 "\n", count);
}

static int one_seed(const struct sim_options *options)
{
    struct sim_result result;
    printf("seed %" PRIu64 "\n", options->seed);
    run_seed(options, &result);
    printf("profile %s, %" PRIu32 " nodes\n", result.profile, result.nodes);
    printf("events %" PRIu64 ", acknowledged %" PRIu64 ", leader changes %" PRIu64
           ", simulated %.1f s\n",
           result.events, result.acked, result.leader_changes, (double)result.time_us / 1e6);
    printf("trace %016" PRIx64 ", raft %016" PRIx64 "\n", result.trace, result.raft);
    print_passed_by(options, result.passed_by);
    if (!result.failed)
        return EXIT_HOLDS;
    print_violation(options->seed, &result);
    if (options->trace_from == UINT64_MAX)
        replay(options, &result);
    return EXIT_BROKEN;
}

/* ---- many seeds --------------------------------------------------------------------------------
 */

struct totals {
    uint64_t runs;
    uint64_t broken;
    uint64_t changed; /* seeds with a leader change */
    uint64_t events;
    uint64_t events_least;
    uint64_t acked;
    uint64_t acked_least;
    uint64_t verdicts;
    uint64_t passed_by;
    uint64_t time_us;
    uint64_t trace; /* of all seeds, in their order */
    struct marks marks;
    uint64_t seeds_marked[MARK_COUNT];
    uint64_t cells[MATRIX_CELLS];
};

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void add(struct totals *totals, const struct sim_result *result)
{
    totals->runs++;
    totals->broken += result->failed;
    totals->changed += result->leader_changes > 0;
    totals->events += result->events;
    totals->acked += result->acked;
    totals->verdicts += result->verdicts;
    totals->passed_by += result->passed_by;
    totals->time_us += result->time_us;
    totals->trace = (totals->trace ^ result->trace) * UINT64_C(0x100000001b3);
    totals->events_least = lesser(totals->events_least, result->events);
    totals->acked_least = lesser(totals->acked_least, result->acked);
    for (int mark = 0; mark < MARK_COUNT; mark++) {
        totals->marks.count[mark] += result->marks.count[mark];
        totals->seeds_marked[mark] += result->marks.count[mark] > 0;
    }
    for (uint32_t cell = 0; cell < MATRIX_CELLS; cell++)
        totals->cells[cell] += result->cells[cell];
}

/* Prints the marks; false if one was never hit. */
static bool print_marks(const struct totals *totals)
{
    bool all = true;
    printf("%10s %8s  sometimes\n", "times", "seeds");
    for (int mark = 0; mark < MARK_COUNT; mark++) {
        all = all && totals->marks.count[mark] > 0;
        printf("%10" PRIu64 " %8" PRIu64 "  %s%s\n", totals->marks.count[mark],
               totals->seeds_marked[mark], mark_text((enum mark)mark),
               totals->marks.count[mark] ? "" : "  <- never");
    }
    return all;
}

/* Prints how much of the state by message matrix was hit, and what never was; false if that is more
 * than the few cells that take a rare order of elections. */
static bool print_matrix(const struct totals *totals)
{
    uint32_t honest = 0;
    uint32_t hit = 0;
    for (uint32_t cell = 0; cell < MATRIX_CELLS; cell++) {
        honest += !matrix_is_forged(cell);
        hit += totals->cells[cell] > 0;
    }
    printf("matrix: %" PRIu32 " of the %" PRIu32 " cells that honest messages reach\n", hit,
           honest);
    for (uint32_t cell = 0; cell < MATRIX_CELLS; cell++) {
        char name[MATRIX_NAME_MAX];
        matrix_format(cell, name, sizeof name);
        if (!matrix_is_forged(cell) && totals->cells[cell] == 0)
            printf("  never %s\n", name);
    }
    return hit * 100 >= honest * MATRIX_PERCENT;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int many_seeds(const struct sim_options *first, uint64_t runs)
{
    struct totals totals = {.events_least = UINT64_MAX, .acked_least = UINT64_MAX};
    struct sim_options options = *first;
    double start = seconds_now();
    for (uint64_t i = 0; i < runs && totals.broken < FAILURES_MAX; i++) {
        struct sim_result result;
        options.seed = first->seed + i;
        run_seed(&options, &result);
        add(&totals, &result);
        if (!result.failed)
            continue;
        print_violation(options.seed, &result);
        fflush(stdout);
    }
    double took = seconds_now() - start;
    bool marked = print_marks(&totals);
    bool covered = print_matrix(&totals);
    printf("runs %" PRIu64 ", violations %" PRIu64 ", leader changed in %.1f %% of seeds\n",
           totals.runs, totals.broken, 100.0 * (double)totals.changed / (double)totals.runs);
    printf("events %" PRIu64 " (least %" PRIu64 " a seed), acknowledged %" PRIu64 " (least %" PRIu64
           "), simulated %.1f h\n",
           totals.events, totals.events_least, totals.acked, totals.acked_least,
           (double)totals.time_us / 3.6e9);
    printf("commands decided %" PRIu64 ", each as the second statement of the rules decides it\n",
           totals.verdicts);
    print_passed_by(first, totals.passed_by);
    printf("trace %016" PRIx64 "\n", totals.trace);
    printf("took %.1f s, %.0f events/s\n", took, (double)totals.events / took);
    bool healthy = (marked && covered) || runs < MARKS_RUNS;
    return totals.broken == 0 && healthy ? EXIT_HOLDS : EXIT_BROKEN;
}

/* ---- command line ------------------------------------------------------------------------------
 */

static int list_marks(void)
{
    for (int mark = 0; mark < MARK_COUNT; mark++)
        puts(mark_text((enum mark)mark));
    return EXIT_HOLDS;
}

static int list_profiles(void)
{
    profile_list(stdout);
    return EXIT_HOLDS;
}

static int misused(const char *what, const char *value)
{
    fprintf(stderr, "vigil-sim: %s %s\n%s", what, value, usage);
    return EXIT_USAGE;
}

static bool number(const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

struct arguments {
    struct sim_options options;
    uint64_t runs;
    bool seeded;
};

static const struct option long_options[] = {
    {"seed", required_argument, NULL, 's'},
    {"runs", required_argument, NULL, 'n'},
    {"from", required_argument, NULL, 'f'},
    {"profile", required_argument, NULL, 'p'},
    {"trace-from", required_argument, NULL, 't'},
    {"no-prevote", no_argument, NULL, 'V'},
    {"blind", required_argument, NULL, 'b'},
    {"telling", no_argument, NULL, 'T'},
    {"list-profiles", no_argument, NULL, 'P'},
    {"list-marks", no_argument, NULL, 'M'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The place of a number option's value, or NULL. */
static uint64_t *number_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 's':
        arguments->seeded = true;
        return &arguments->options.seed;
    case 'f':
        return &arguments->options.seed;
    case 'n':
        return &arguments->runs;
    case 't':
        return &arguments->options.trace_from;
    default:
        return NULL;
    }
}

static bool apart_option(const char *text, enum sim_apart *out)
{
    static const char *const names[] = {
        [SIM_APART_ONE] = "one", [SIM_APART_ALL_BUT_ONE] = "all-but-one"};
    for (size_t i = SIM_APART_ONE; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *out = (enum sim_apart)i;
        return true;
    }
    return false;
}

static int go(const struct arguments *arguments)
{
    struct profile profile;
    if (!profile_draw(arguments->options.profile, 1, &profile))
        return misused("no such profile:", arguments->options.profile);
    if (arguments->seeded == (arguments->runs > 0))
        return misused("give one of", "--seed and --runs");
    vg_crypto_init();
    catch_aborts();
    return arguments->seeded ? one_seed(&arguments->options)
                             : many_seeds(&arguments->options, arguments->runs);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {
        .options = {.seed = 1, .prevote = true, .trace_from = UINT64_MAX}};
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        uint64_t *place = number_option(&arguments, option);
        if (place && !number(optarg, place))
            return misused("not a number:", optarg);
        switch (option) {
        case 'p':
            arguments.options.profile = optarg;
            break;
        case 'b':
            if (!apart_option(optarg, &arguments.options.apart))
                return misused("blind is one or all-but-one, not", optarg);
            break;
        case 'T':
            arguments.options.telling = true;
            break;
        case 'V':
            arguments.options.prevote = false;
            break;
        case 'P':
            return list_profiles();
        case 'M':
            return list_marks();
        case 'h':
            fputs(usage, stdout);
            return EXIT_HOLDS;
        case '?':
            return misused("see", "the usage");
        default:
            break;
        }
    }
    if (optind < argc)
        return misused("unexpected argument:", argv[optind]);
    return go(&arguments);
}
