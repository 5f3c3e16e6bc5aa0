/* SPDX-License-Identifier: Apache-2.0
 * Histories as files: what is one is read, what is none is refused with its line. */
#include <criterion/criterion.h>

#include "ops/drill/check/history.h"

#define HEAD "{\"history\": 1}\n"
#define CALL(at, client, rest)                                                                     \
    "{\"at\": " #at ", \"client\": " #client ", \"call\": " rest ", \"object\": \"x\"}\n"
#define TOLD(at, client, rest) "{\"at\": " #at ", \"client\": " #client ", \"outcome\": " rest "}\n"
#define END(count) "{\"end\": " #count "}\n"

static struct history history;
static struct vg_error error;

static enum vg_code parse(const char *text)
{
    history_free(&history);
    return history_parse("h", vg_span_text(text), &history, &error);
}

static void done(void)
{
    history_free(&history);
}

TestSuite(history, .fini = done);

Test(history, every_call_and_outcome_is_read)
{
    static const char text[] = HEAD CALL(1, 1, "\"append\", \"value\": 7") CALL(2, 2, "\"list\"")
        TOLD(2, 1, "\"ok\"") TOLD(3, 2, "\"ok\", \"value\": [7]")
            CALL(4, 1, "\"append\", \"value\": 8") TOLD(5, 1, "\"unknown\"")
                CALL(5, 2, "\"append\", \"value\": 9") TOLD(6, 2, "\"failed\"") END(4);
    cr_assert_eq(parse(text), VG_OK, "%s", error.text);
    cr_assert_eq(history.object_count, 1);
    cr_assert_eq(history.operation_count, 4);
    const struct history_object *object = &history.objects[0];
    cr_assert(object->is_list);
    cr_assert_str_eq(object->name, "x");
    cr_expect_eq(object->operations[0].value, 7);
    cr_expect_eq(object->operations[0].called, 2);
    cr_expect_eq(object->operations[0].returned, 4);
    cr_expect_eq(object->operations[1].value_count, 1);
    cr_expect_eq(object->operations[1].values[0], 7);
    cr_expect_eq(object->operations[2].outcome, HISTORY_UNKNOWN);
    cr_expect_eq(object->operations[3].outcome, HISTORY_FAILED);
}

Test(history, a_failed_swap_may_say_what_it_found)
{
    static const char text[] = HEAD CALL(1, 1, "\"swap\", \"expected\": 0, \"value\": 5")
        TOLD(2, 1, "\"failed\", \"value\": 3") CALL(3, 1, "\"swap\", \"expected\": 3, \"value\": 6")
            TOLD(4, 1, "\"failed\"") CALL(5, 1, "\"read\"") TOLD(6, 1, "\"ok\", \"value\": 0")
                CALL(7, 1, "\"write\", \"value\": 4") TOLD(8, 1, "\"ok\"") END(4);
    cr_assert_eq(parse(text), VG_OK, "%s", error.text);
    const struct history_operation *operations = history.objects[0].operations;
    cr_expect(operations[0].found);
    cr_expect_eq(operations[0].value, 3);
    cr_expect_not(operations[1].found);
    cr_expect_eq(operations[2].value, 0);
}

/* Each is refused, at a line, with words that say why. */
Test(history, what_is_no_history_is_refused_with_its_line)
{
    static const struct {
        const char *text, *line, *why;
    } cases[] = {
        {"", "line 0:", "cut"},
        {HEAD, "line 1:", "was cut"},
        {"{\"history\": 1}", "line 1:", "no line end"},
        {"{\"history\": 2}\n" END(0), "line 1:", "first line"},
        {CALL(1, 1, "\"read\"") END(1), "line 1:", "first line"},
        {"{\"history\": 1, \"x\": 2}\n" END(0), "line 1:", "'x' is no key"},
        {HEAD "[]\n", "line 2:", "not one JSON object"},
        {HEAD "{\n", "line 2:", "not one JSON object"},
        {HEAD "{\"at\": 1, \"at\": 2}\n", "line 2:", "not one JSON object"},
        {HEAD END(1), "line 2:", "ends after 1 operations, and has 0"},
        {HEAD END(-1), "line 2:", "'end' is missing or no whole number"},
        {HEAD END(0) END(0), "line 3:", "after the end"},
        {HEAD "{\"client\": 1, \"call\": \"read\"}\n", "line 2:", "'at' is missing"},
        {HEAD "{\"at\": 1.5, \"client\": 1}\n", "line 2:", "'at' is missing or no whole"},
        {HEAD "{\"at\": 1, \"client\": -1}\n", "line 2:", "'client' is missing or no whole"},
        {HEAD CALL(1, 1, "\"jump\""), "line 2:", "'call' is none of"},
        {HEAD CALL(1, 1, "7"), "line 2:", "'call' is none of"},
        {HEAD "{\"at\": 1, \"client\": 1, \"call\": \"read\"}\n", "line 2:", "'object' is missing"},
        {HEAD "{\"at\": 1, \"client\": 1, \"call\": \"read\", \"object\": \"\"}\n",
         "line 2:", "'object' is missing"},
        {HEAD CALL(1, 1, "\"append\""), "line 2:", "'value' is missing"},
        {HEAD CALL(1, 1, "\"append\", \"value\": 0"), "line 2:", "at least 1"},
        {HEAD CALL(1, 1, "\"swap\", \"value\": 1"), "line 2:", "'expected' is missing"},
        {HEAD CALL(1, 1, "\"read\", \"values\": 1"), "line 2:", "'values' is no key"},
        {HEAD CALL(2, 1, "\"read\"") TOLD(1, 1, "\"ok\", \"value\": 0"),
         "line 3:", "it was at 1 and the line before at 2"},
        {HEAD TOLD(1, 1, "\"ok\""), "line 2:", "client 1 has an outcome and is about nothing"},
        {HEAD CALL(1, 1, "\"read\"") CALL(2, 1, "\"read\""),
         "line 3:", "its operation of line 2 has no outcome yet"},
        {HEAD CALL(1, 1, "\"read\"") TOLD(2, 1, "\"unknown\"") CALL(3, 1, "\"read\""),
         "line 4:", "its operation of line 2 may still be under way"},
        {HEAD CALL(1, 1, "\"read\"") TOLD(2, 1, "\"maybe\""), "line 3:", "'outcome' is none of"},
        {HEAD CALL(1, 1, "\"read\"") TOLD(2, 1, "\"ok\""), "line 3:", "'value' is missing"},
        {HEAD CALL(1, 1, "\"list\"") TOLD(2, 1, "\"ok\", \"value\": 3"), "line 3:", "no array"},
        {HEAD CALL(1, 1, "\"list\"") TOLD(2, 1, "\"ok\", \"value\": [1, 0]"),
         "line 3:", "value 2 of the list"},
        {HEAD CALL(1, 1, "\"write\", \"value\": 1") TOLD(2, 1, "\"ok\", \"value\": 1"),
         "line 3:", "reads nothing has a value"},
        {HEAD CALL(1, 1, "\"read\"") TOLD(2, 1, "\"failed\", \"value\": 1"),
         "line 3:", "reads nothing has a value"},
        {HEAD CALL(1, 1, "\"swap\", \"expected\": 2, \"value\": 1")
             TOLD(2, 1, "\"failed\", \"value\": 2"),
         "line 3:", "although it found what it expected, 2"},
        {HEAD CALL(1, 1, "\"read\"") CALL(1, 2, "\"list\""),
         "line 3:", "'x' was a register so far and cannot be a list"},
        {HEAD CALL(1, 1, "\"append\", \"value\": 1") CALL(1, 2, "\"append\", \"value\": 1"),
         "line 3:", "1 is appended to 'x' a second time"},
        {HEAD CALL(1, 1, "\"read\"") END(1), "line 3:", "1 operations have no outcome"},
        {HEAD CALL(1, 1, "\"read\"") "{\"end\": 1", "line 3:", "no line end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(parse(cases[i].text), VG_INVALID, "%s", cases[i].text);
        cr_expect(strstr(error.text, cases[i].line) != NULL &&
                      strstr(error.text, cases[i].why) != NULL,
                  "%s\n  is refused with: %s", cases[i].text, error.text);
    }
}

/* A history that is cut anywhere is refused, and none of its bytes is trusted. */
Test(history, one_that_is_cut_anywhere_is_refused)
{
    static const char text[] = HEAD CALL(1, 1, "\"append\", \"value\": 7") TOLD(2, 1, "\"ok\"")
        CALL(3, 1, "\"list\"") TOLD(4, 1, "\"ok\", \"value\": [7]") END(2);
    for (size_t size = 0; size + 1 < sizeof text; size++) {
        history_free(&history);
        cr_expect_eq(history_parse("h", vg_span_of(text, size), &history, &error), VG_INVALID,
                     "cut at %zu", size);
    }
    cr_expect_eq(parse(text), VG_OK, "%s", error.text);
}
