/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "ops/cli/core/command.h"

static const struct cli_option show_options[] = {
    {.name = "count", .letter = 'c', .value = "N", .help = "how many"},
    {.name = "all", .help = "everything"},
    {.name = "tag", .value = "T", .help = "a tag", .repeats = true},
    {.name = NULL},
};

static enum vg_code run_nothing(struct cli_call *call)
{
    (void)call;
    return VG_OK;
}

static const struct cli_command book_commands[] = {
    {.name = "show",
     .words = "ID [PAGE]",
     .summary = "Show a book",
     .options = show_options,
     .run = run_nothing,
     .words_min = 1,
     .words_max = 2},
    {.name = "burn",
     .words = "ID",
     .summary = "Burn a book",
     .run = run_nothing,
     .words_min = 1,
     .words_max = 1,
     .flags = CLI_CHANGES | CLI_EXPECTS | CLI_FINAL},
    {.name = "give-it-back-now",
     .words = "ID",
     .summary = "Give a book back",
     .run = run_nothing,
     .words_min = 1,
     .words_max = 1},
    {.name = NULL},
};

static const struct cli_command root_commands[] = {
    {.name = "book", .summary = "Books", .children = book_commands},
    {.name = NULL},
};

static const struct cli_command root = {
    .name = "vigil", .summary = "A library", .children = root_commands};

/* Parses "vigil WORD..." given as words that end with NULL. */
static enum vg_code parse(struct cli_call *call, const char *const *words)
{
    static char *argv[32];
    int argc = 1;
    static char name[] = "vigil";
    argv[0] = name;
    for (; *words != NULL; words++)
        argv[argc++] = (char *)(uintptr_t)*words;
    argv[argc] = NULL;
    *call = (struct cli_call){.depth = 0};
    return cli_parse(&root, argc, argv, call);
}

#define PARSE(call, ...) parse(call, (const char *const[]){__VA_ARGS__, NULL})

Test(cli_options, options_stand_before_between_and_behind_words)
{
    struct cli_call call;
    cr_assert_eq(PARSE(&call, "-o", "json", "book", "--timeout", "2s", "show", "one", "--count=7",
                       "two", "--all"),
                 VG_OK, "%s", call.error.text);
    cr_assert_str_eq(call.command->name, "show");
    cr_assert_str_eq(cli_text(&call, "output"), "json");
    cr_assert_str_eq(cli_text(&call, "timeout"), "2s");
    cr_assert_str_eq(cli_text(&call, "count"), "7");
    cr_assert(cli_flag(&call, "all"));
    cr_assert_eq(call.word_count, 2);
    cr_assert_str_eq(call.words[0], "one");
    cr_assert_str_eq(call.words[1], "two");
}

Test(cli_options, words_behind_two_dashes_are_no_options)
{
    struct cli_call call;
    cr_assert_eq(PARSE(&call, "book", "show", "--", "--all"), VG_OK);
    cr_assert_str_eq(call.words[0], "--all");
    cr_assert_not(cli_flag(&call, "all"));
}

Test(cli_options, an_option_may_repeat_only_where_it_says_so)
{
    struct cli_call call;
    cr_assert_eq(PARSE(&call, "book", "show", "x", "--tag", "a", "--tag", "b"), VG_OK);
    cr_assert_eq(call.value_count, 2);
    cr_assert_eq(PARSE(&call, "book", "show", "x", "-c", "1", "--count", "2"), VG_USAGE);
    cr_assert_str_eq(call.error.text, "option '--count' is given twice");
    cr_assert_eq(PARSE(&call, "-o", "json", "book", "show", "x", "-o", "table"), VG_USAGE);
}

struct refusal {
    const char *words[8];
    const char *text;
};

#define NOT_BUILT " is not built in this release, and nothing was done; its README says what is"

/* What is promised and not there is no wrong word, and what cannot be undone is never guessed. */
Test(cli_options, a_wrong_word_is_named_with_what_was_meant)
{
    static const struct refusal refusals[] = {
        {{"bok"}, "'vigil' has no command 'bok'; did you mean 'book'; see 'vigil --help'"},
        {{"xyzzy"}, "'vigil' has no command 'xyzzy'; see 'vigil --help'"},
        {{"book", "shwo"},
         "'vigil book' has no command 'shwo'; did you mean 'show'; see 'vigil book --help'"},
        {{"book", "show"}, "'vigil book show' needs ID [PAGE]; see 'vigil book show --help'"},
        {{"book", "show", "a", "b", "c"},
         "'vigil book show' does not take 'c'; see 'vigil book show --help'"},
        {{"book", "show", "a", "--cuont", "1"},
         "'vigil book show' has no option '--cuont'; did you mean '--count'; see 'vigil book show "
         "--help'"},
        {{"book", "show", "a", "-z"},
         "'vigil book show' has no option '-z'; see 'vigil book show --help'"},
        {{"book", "show", "a", "--dry-run"},
         "'vigil book show' has no option '--dry-run'; see 'vigil book show --help'"},
        {{"book", "show", "a", "--count"}, "option '--count' needs a value"},
        {{"book", "show", "a", "--all=1"}, "option '--all' takes no value"},
        {{"book", "burm"}, "'vigil book' has no command 'burm'; see 'vigil book --help'"},
        {{"notice", "list"}, "'vigil notice'" NOT_BUILT},
        {{"page"}, "'vigil page'" NOT_BUILT},
        {{"book", "burn", "x", "--receipt", "wait"}, "'--receipt'" NOT_BUILT},
        {{"book", "burn", "x", "--receipt=wait"}, "'--receipt'" NOT_BUILT},
        {{"book", "show", "\xff"}, "word 3 of the command line is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct cli_call call;
        cr_expect_eq(parse(&call, refusals[i].words), VG_USAGE, "%zu", i);
        cr_expect_str_eq(call.error.text, refusals[i].text);
    }
}

Test(cli_options, shared_options_follow_from_what_a_command_does)
{
    struct cli_call call;
    cr_assert_eq(PARSE(&call, "book", "burn", "x", "--dry-run", "--expect", "stage=1", "--expect",
                       "owner=2", "--session", "s"),
                 VG_OK);
    cr_assert(cli_flag(&call, "dry-run"));
    cr_assert_str_eq(cli_text(&call, "session"), "s");
}

Test(cli_options, help_is_asked_for_anywhere_and_shown_where_a_command_is_missing)
{
    struct cli_call call;
    cr_assert_eq(PARSE(&call, "book", "show", "--help"), VG_OK);
    cr_assert(call.help);
    cr_assert_eq(PARSE(&call, "book"), VG_OK);
    cr_assert(call.help);
    cr_assert_str_eq(call.command->name, "book");
}

Test(cli_options, help_names_words_options_and_commands)
{
    struct cli_call call;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(PARSE(&call, "book", "show", "--help"), VG_OK);
    cli_help(&call, out);
    cr_assert_eq(PARSE(&call, "book"), VG_OK);
    cli_help(&call, out);
    fclose(out);
    static const char *const wanted[] = {"vigil book show ID [PAGE]",
                                         "-c, --count N",
                                         "    --all",
                                         "\n  show             Show a book\n",
                                         "\n  give-it-back-now Give a book back\n",
                                         "Burn a book",
                                         "-o, --output FORMAT"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        cr_expect(strstr(text, wanted[i]) != NULL, "no \"%s\" in:\n%s", wanted[i], text);
    free(text);
}

Test(cli_options, numbers_have_bounds)
{
    static const char *const wrong[] = {"",   "x",  "-1", "1x",
                                        " 1", "11", "0",  "99999999999999999999"};
    struct cli_call call;
    uint64_t number;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(PARSE(&call, "book", "show", "x", "--count", wrong[i]), VG_OK);
        cr_expect_eq(cli_number(&call, "count", 1, 10, 5, &number), VG_USAGE, "'%s'", wrong[i]);
    }
    cr_assert_eq(PARSE(&call, "book", "show", "x", "--count", "10"), VG_OK);
    cr_assert_eq(cli_number(&call, "count", 1, 10, 5, &number), VG_OK);
    cr_assert_eq(number, 10);
    cr_assert_eq(PARSE(&call, "book", "show", "x"), VG_OK);
    cr_assert_eq(cli_number(&call, "count", 1, 10, 5, &number), VG_OK);
    cr_assert_eq(number, 5);
}

Test(cli_options, durations_have_units)
{
    static const struct {
        const char *text;
        uint32_t ms;
    } right[] = {{"500ms", 500}, {"5s", 5000}, {"5", 5000}, {"1.5s", 1500}, {"2m", 120000}};
    static const char *const wrong[] = {"", "s", "0", "0ms", "-1s", "5 s", "5y", "25h", "nan"};
    struct vg_error error;
    uint32_t ms;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        cr_expect_eq(cli_duration_parse(right[i].text, "--t", &ms, &error), VG_OK);
        cr_expect_eq(ms, right[i].ms, "%s", right[i].text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(cli_duration_parse(wrong[i], "--t", &ms, &error), VG_USAGE, "'%s'", wrong[i]);
}

Test(cli_options, the_nearest_name_is_near)
{
    static const char *const names[] = {"status", "transfer", "members", NULL};
    cr_assert_str_eq(cli_nearest("stauts", names), "status");
    cr_assert_str_eq(cli_nearest("trans", names), "transfer");
    cr_assert_null(cli_nearest("zzzzzz", names));
    cr_assert_null(cli_nearest("s", names));
    cr_assert_null(cli_nearest("a-word-longer-than-any-name-of-any-command-there-is", names));
}
