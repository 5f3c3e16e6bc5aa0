/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/bench/histogram.h"
#include "ops/cli/core/output.h"

static const struct cli_column columns[] = {
    {.title = "NAME", .path = "name", .cut = 6},
    {.title = "COUNT", .path = "detection.count", .number = true},
    {.title = "OK", .path = "ok", .wide = true},
    {.title = NULL},
};

/* Collects what a test prints. */
struct page {
    FILE *out;
    char *text;
    size_t size;
};

static void page_open(struct page *page)
{
    page->out = open_memstream(&page->text, &page->size);
}

static void page_expect(struct page *page, const char *text)
{
    fclose(page->out);
    cr_expect_str_eq(page->text, text);
    free(page->text);
}

static json_t *rows(void)
{
    return json_pack("[{s:s, s:{s:i}, s:b}, {s:s, s:{s:i}}, {s:n}]", "name", "Malm\u00f6",
                     "detection", "count", 7, "ok", 1, "name", "a\x1b[2Jb\nc", "detection", "count",
                     12345, "name");
}

Test(cli_output, a_table_lines_up_and_holds_no_control_characters)
{
    struct page page;
    json_t *list = rows();
    page_open(&page);
    cli_print_table(page.out, CLI_TABLE, list, columns);
    page_expect(&page, "NAME    COUNT\n"
                       "Malm\u00f6       7\n"
                       "a [2J\u2026  12345\n"
                       "-           -\n");
    page_open(&page);
    cli_print_table(page.out, CLI_WIDE, list, columns);
    page_expect(&page, "NAME      COUNT  OK\n"
                       "Malm\u00f6         7  yes\n"
                       "a [2Jb c  12345  -\n"
                       "-             -  -\n");
    json_decref(list);
}

Test(cli_output, json_is_the_document_and_jsonl_a_line_an_element)
{
    struct page page;
    json_t *list = json_pack("[{s:i}, {s:i}]", "a", 1, "a", 2);
    page_open(&page);
    cli_print_json(page.out, CLI_JSONL, list);
    page_expect(&page, "{\"a\":1}\n{\"a\":2}\n");
    page_open(&page);
    cli_print_json(page.out, CLI_JSON, json_array_get(list, 0));
    page_expect(&page, "{\n  \"a\": 1\n}\n");
    json_decref(list);
}

Test(cli_output, an_error_is_a_sentence_or_an_object)
{
    struct page page;
    struct vg_error error;
    vg_fail_rule(&error, "R13", "no way from %s", "close");
    page_open(&page);
    cli_print_error(page.out, CLI_TABLE, &error, NULL);
    page_expect(&page, "vigil: rule: no way from close (R13)\n");

    json_t *details = json_pack("{s:i}", "current", 2);
    vg_fail(&error, VG_CONFLICT, "changed");
    page_open(&page);
    cli_print_error(page.out, CLI_JSONL, &error, details);
    page_expect(&page, "{\"error\":{\"code\":\"conflict\",\"message\":\"changed\",\"rule\":null,"
                       "\"details\":{\"current\":2}}}\n");
    json_decref(details);
}

Test(cli_output, text_of_others_cannot_steer_the_terminal)
{
    struct page page;
    page_open(&page);
    cli_print_text(page.out, "one\n\x1b]0;title\x07two\xc2\x9bm", 4);
    page_expect(&page, "one\n     ]0;title two m\n");
}

Test(cli_output, json_escapes_what_would_and_is_the_same_document)
{
    struct page page;
    json_t *text = json_string("a\x7f"
                               "b\xc2\x9b"
                               "31m\xe2\x80\xae"
                               "d\xf3\xa0\x81\x81");
    page_open(&page);
    cli_print_json(page.out, CLI_JSONL, text);
    page_expect(&page, "\"a\\u007fb\\u009b31m\\u202ed\\udb40\\udc41\"\n");
    json_decref(text);
}

/* ---- histogram ----------------------------------------------------------------------------------
 */

Test(cli_output, percentiles_are_off_by_less_than_two_percent)
{
    static struct bench_histogram histogram;
    static struct bench_histogram other;
    for (uint64_t us = 1; us <= 100000; us++)
        bench_histogram_add(us % 2 == 0 ? &histogram : &other, us);
    bench_histogram_merge(&histogram, &other);
    cr_assert_eq(histogram.total, 100000);
    static const double parts[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double exact = parts[i] * 100000;
        double got = (double)bench_histogram_at(&histogram, parts[i]);
        cr_expect(got >= exact && got <= exact * 1.02, "%f: %f", parts[i], got);
    }
    cr_assert_eq(bench_histogram_at(&histogram, 1), histogram.max_us);
}

Test(cli_output, a_histogram_takes_any_time_and_none)
{
    static struct bench_histogram histogram;
    cr_assert_eq(bench_histogram_at(&histogram, 0.5), 0);
    bench_histogram_add(&histogram, 0);
    bench_histogram_add(&histogram, UINT64_MAX);
    cr_assert_eq(bench_histogram_at(&histogram, 0.5), 0);
    cr_assert_gt(bench_histogram_at(&histogram, 1), (uint64_t)1 << 38);
}
