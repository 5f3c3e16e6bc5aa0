/* SPDX-License-Identifier: Apache-2.0
 * Scripts of the fault proxy: what is one is read and laid out in time, what is none is refused
 * with its place. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "ops/drill/proxy/course.h"

#define STEPS(steps) "{\"steps\": [" steps "]}"
#define AND ", "
#define STEP(name, rest) "{\"name\": \"" name "\", " rest "}"
#define ALL "\"from\": \"*\", \"to\": \"*\""
#define CUT(name, rest) STEP(name, "\"do\": \"cut\", " ALL ", \"for_ms\": 10, " rest)
#define FLIP(name, rest) STEP(name, "\"do\": \"flip\", " ALL ", " rest)
#define AT(ms) "\"at_ms\": " #ms
#define AFTER(name) "\"after\": \"" name "\""

static struct script script;
static struct vg_error error;

static enum vg_code parse(const char *text)
{
    return script_parse("f", vg_span_text(text), &script, &error);
}

static struct dev_cluster three_nodes(void)
{
    struct dev_cluster cluster = {.node_count = 3};
    static const char *const regions[] = {"apac", "emea", "amer"};
    for (uint32_t i = 0; i < 3; i++) {
        cluster.nodes[i].id = 10 * (i + 1);
        (void)snprintf(cluster.nodes[i].region, sizeof cluster.nodes[i].region, "%s", regions[i]);
    }
    return cluster;
}

Test(proxy_script, every_member_is_read)
{
    static const char text[] =
        "{\"seed\": 7, \"regions\": [[\"apac\", \"emea\", 91]], \"steps\": ["
        "{\"name\": \"slow\", \"do\": \"delay\", \"from\": 10, \"to\": \"*\", \"both_ways\": true,"
        " \"at_ms\": 100, \"for_ms\": 50, \"delay_ms\": 80, \"jitter_ms\": 20},"
        "{\"name\": \"narrow\", \"do\": \"throttle\", \"from\": \"*\", \"to\": 20,"
        " \"after\": \"slow\", \"wait_ms\": 5, \"for_ms\": 9, \"bytes_per_s\": 1000},"
        "{\"name\": \"B.1_x\", \"do\": \"break\", \"from\": 20, \"to\": 30, \"after\": \"narrow\"}"
        "]}";
    cr_assert_eq(parse(text), VG_OK, "%s", error.text);
    cr_expect_eq(script.seed, 7);
    cr_expect_eq(script.regions.count, 1);
    cr_expect_eq(proxy_regions_find(&script.regions, "emea", "apac")->rtt_ms, 91);
    cr_assert_eq(script.count, 3);
    const struct script_step *steps = script.steps;
    cr_expect_str_eq(steps[0].name, "slow");
    cr_expect_eq(steps[0].deed, SCRIPT_DELAY);
    cr_expect_eq(steps[0].from, 10);
    cr_expect_eq(steps[0].to, 0);
    cr_expect(steps[0].both_ways);
    cr_expect_eq(steps[0].begin_ms, 100);
    cr_expect_eq(steps[0].end_ms, 150);
    cr_expect_eq(steps[0].terms.delay_us, 80000);
    cr_expect_eq(steps[0].terms.jitter_us, 20000);
    cr_expect_eq(steps[1].begin_ms, 155);
    cr_expect_eq(steps[1].end_ms, 164);
    cr_expect_eq(steps[1].terms.bytes_per_s, 1000);
    cr_expect_not(steps[1].both_ways);
    cr_expect_eq(steps[2].begin_ms, 164);
    cr_expect_eq(steps[2].end_ms, 164);
    cr_expect_str_eq(script_deed_name(steps[2].deed), "break");
}

Test(proxy_script, little_is_enough)
{
    cr_expect_eq(parse("{}"), VG_OK);
    cr_expect_eq(script.count, 0);
    cr_expect_eq(parse("{\"regions\": \"default\"}"), VG_OK);
    cr_expect_eq(script.regions.count, 3);
    cr_expect_eq(parse(STEPS(CUT("a", AT(0)))), VG_OK, "%s", error.text);
    cr_expect(script.steps[0].terms.cut);
    cr_expect_eq(parse(STEPS(STEP("s", "\"do\": \"stall\", " ALL ", \"for_ms\": 1, " AT(0)))),
                 VG_OK);
    cr_expect(script.steps[0].terms.stalled);
}

Test(proxy_script, steps_may_wait_for_steps_that_are_written_later)
{
    cr_assert_eq(parse(STEPS(CUT("c", AFTER("b")) AND CUT("b", AFTER("a")) AND CUT("a", AT(5)))),
                 VG_OK);
    cr_expect_eq(script.steps[2].end_ms, 15);
    cr_expect_eq(script.steps[1].end_ms, 25);
    cr_expect_eq(script.steps[0].end_ms, 35);
}

/* Each is refused, with the file, its place and words that say why. */
static const struct {
    const char *text, *says;
} refused[] = {
    {"", "f: line 1, column 0: '[' or '{' expected"},
    {"{\"steps\": [\n{\"name\" 1}]}", "f: line 2, column 9: ':' expected"},
    {"{} {}", "f: line 1, column 4: end of file expected"},
    {"{\"seed\": 1, \"seed\": 2}", "duplicate object key"},
    {"[]", "f: a script is one object"},
    {"{\"step\": []}", "f: 'step' is no member of a script; those are seed, regions, steps"},
    {"{\"seed\": -1}", "f: seed must be a whole number"},
    {"{\"seed\": \"x\"}", "f: seed must be a whole number"},
    {"{\"steps\": {}}", "f: steps is no array of at most 256"},
    {"{\"regions\": \"all\"}", "f: regions is neither"},
    {"{\"regions\": [7]}", "f: regions: row 1: it must be"},
    {"{\"regions\": [[\"a\", \"b\", 10001]]}", "f: regions: row 1: it must be"},
    {"{\"regions\": [[\"a\", \"b\", -1]]}", "f: regions: row 1: it must be"},
    {"{\"regions\": [[\"a\", \"b\", 1, 2]]}", "f: regions: row 1: it must be"},
    {"{\"regions\": [[\"a\", \"b\", 1], [\"b\", \"a\", 2]]}", "row 2: 'b' and 'a' have a row"},
    {"{\"regions\": [[\"a\", \"a\", 1]]}", "f: regions: row 1: both are 'a'"},
    {STEPS("7"), "f: step 1: it is no object"},
    {STEPS("{}"), "f: step 1: its name is missing"},
    {STEPS(CUT("", AT(0))), "f: step 1: its name is missing, or not of 1 to 63 letters"},
    {STEPS(CUT("a b", AT(0))), "f: step 1: its name is missing, or not"},
    {STEPS(CUT("a234567890123456789012345678901234567890123456789012345678901234", AT(0))),
     "f: step 1: its name is missing, or not of 1 to 63"},
    {STEPS("{\"name\": 1}"), "f: step 1: its name is missing, or not"},
    {STEPS(CUT("a", AT(0)) AND CUT("a", AT(1))),
     "f: step 2: its name is 'a', which is that of step"},
    {STEPS(CUT("a", "\"form\": 1, " AT(0))),
     "f: step 'a': 'form' is no member of a step; those are name, do, from, to, both_ways, at_ms, "
     "after, wait_ms, for_ms, delay_ms, jitter_ms, bytes_per_s"},
    {STEPS(STEP("a", ALL ", " AT(0))), "f: step 'a': do is missing"},
    {STEPS(STEP("a", "\"do\": \"cat\", " ALL ", " AT(0))), "f: step 'a': do is 'cat'; it must be"},
    {STEPS(STEP("a", "\"do\": 1, " ALL ", " AT(0))), "f: step 'a': do is 1; it must be a name"},
    {STEPS(STEP("a", "\"do\": \"flip\", \"to\": 1, " AT(0))),
     "f: step 'a': from is missing, which 'flip' needs"},
    {STEPS(STEP("a", "\"do\": \"flip\", \"from\": 1, " AT(0))),
     "to is missing, which 'flip' needs"},
    {STEPS(STEP("a", "\"do\": \"flip\", \"from\": 0, \"to\": 1, " AT(0))), "from is 0; it must be"},
    {STEPS(STEP("a", "\"do\": \"flip\", \"from\": \"1\", \"to\": 2, " AT(0))),
     "from is \"1\"; it must be the id of a node, or \"*\" for every one"},
    {STEPS(STEP("a", "\"do\": \"flip\", \"from\": 2, \"to\": 2, " AT(0))), "are both node 2"},
    {STEPS(STEP("a", "\"do\": \"cut\", " ALL ", " AT(0))), "for_ms is missing, which 'cut' needs"},
    {STEPS(STEP("a", "\"do\": \"delay\", " ALL ", \"for_ms\": 1, " AT(0))), "delay_ms is missing"},
    {STEPS(STEP("a", "\"do\": \"throttle\", " ALL ", \"for_ms\": 1, " AT(0))),
     "bytes_per_s is missing"},
    {STEPS(STEP("a", "\"do\": \"stall\", " ALL ", " AT(0))), "for_ms is missing"},
    {STEPS(FLIP("a", "\"for_ms\": 1, " AT(0))), "for_ms is of no use to 'flip'; take it away"},
    {STEPS(CUT("a", "\"jitter_ms\": 1, " AT(0))), "jitter_ms is of no use to 'cut'"},
    {STEPS(CUT("a", "\"both_ways\": 1, " AT(0))), "both_ways is 1; it must be true or false"},
    {STEPS(CUT("a", AT(-1))), "at_ms is -1; it must be a whole number from 0 to 86400000"},
    {STEPS(CUT("a", AT(86400001))), "at_ms is 86400001; it must be a whole number from 0 to"},
    {STEPS(CUT("a", AT(1.5))), "at_ms is 1.5; it must be a whole number"},
    {STEPS(CUT("a", AT(86400000))), "f: step 'a': it ends 86400010 ms after the start"},
    {STEPS(STEP("a", "\"do\": \"cut\", " ALL ", \"for_ms\": 0, " AT(0))), "for_ms is 0; it must"},
    {STEPS(STEP("a", "\"do\": \"delay\", " ALL ", \"for_ms\": 1, \"delay_ms\": 60001, " AT(0))),
     "delay_ms is 60001; it must be a whole number from 0 to 60000"},
    {STEPS(STEP("a", "\"do\": \"throttle\", " ALL ", \"for_ms\": 1, \"bytes_per_s\": 0, " AT(0))),
     "bytes_per_s is 0; it must be a whole number from 1 to 1000000000"},
    {STEPS(FLIP("a", "\"both_ways\": false")), "at_ms and after are missing; say when it begins"},
    {STEPS(CUT("a", AT(0)) AND CUT("b", AT(0) ", " AFTER("a"))), "there are both at_ms and after"},
    {STEPS(CUT("a", AT(0) ", \"wait_ms\": 1")), "wait_ms is counted from the end of another step"},
    {STEPS(CUT("a", "\"after\": 7")), "after is 7; it must be a name"},
    {STEPS(CUT("a", AFTER("x"))), "f: step 'a': after is 'x', and there is no such step"},
    {STEPS(CUT("a", AFTER("a"))), "f: step 'a': after leads back to it: a -> a"},
    {STEPS(CUT("x", AT(0)) AND CUT("a", AFTER("b")) AND CUT("b", AFTER("a"))),
     "f: step 'a': after leads back to it: a -> b -> a"},
    {STEPS(CUT("d", AFTER("c")) AND CUT("c", AFTER("b")) AND CUT("b", AFTER("a"))
               AND CUT("a", AFTER("c"))),
     "f: step 'c': after leads back to it: c -> b -> a -> c"},
};

Test(proxy_script, what_is_no_script_is_refused_with_its_place)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        error = (struct vg_error){.text = ""};
        cr_expect_eq(parse(refused[i].text), VG_INVALID, "%zu: %s", i, refused[i].text);
        cr_expect(strncmp(error.text, "f: ", 3) == 0 && strstr(error.text, refused[i].says) != NULL,
                  "%zu: '%s' does not say '%s'", i, error.text, refused[i].says);
    }
}

static void append(struct vg_buffer *out, const char *text)
{
    vg_buffer_append(out, text, strlen(text));
}

/* A script of so many steps, each after the one before it. */
static enum vg_code parse_steps(unsigned count)
{
    struct vg_buffer text = {0};
    append(&text, "{\"steps\": [");
    for (unsigned i = 0; i < count; i++) {
        char step[200];
        (void)snprintf(step, sizeof step, "%s{\"name\": \"s%u\", \"do\": \"flip\", " ALL ", ",
                       i > 0 ? "," : "", i);
        append(&text, step);
        (void)snprintf(step, sizeof step, i > 0 ? "\"after\": \"s%u\"}" : "\"at_ms\": %u}",
                       i > 0 ? i - 1 : 0);
        append(&text, step);
    }
    append(&text, "]}");
    enum vg_code code = script_parse("f", vg_buffer_span(&text), &script, &error);
    vg_buffer_free(&text);
    return code;
}

Test(proxy_script, there_is_room_for_so_many_steps_and_no_more)
{
    cr_expect_eq(parse_steps(SCRIPT_STEPS_MAX), VG_OK, "%s", error.text);
    cr_expect_eq(parse_steps(SCRIPT_STEPS_MAX + 1), VG_INVALID);
    cr_expect_not_null(strstr(error.text, "at most 256"), "%s", error.text);
}

Test(proxy_script, nodes_and_regions_must_be_those_of_the_cluster)
{
    struct dev_cluster cluster = three_nodes();
    cr_assert_eq(parse(STEPS(STEP("a", "\"do\": \"flip\", \"from\": 20, \"to\": 31, " AT(0)))),
                 VG_OK);
    cr_expect_eq(script_check("f", &script, &cluster, &error), VG_INVALID);
    cr_expect_str_eq(error.text, "f: step 'a': the cluster has no node 31; it has 10, 20, 30");
    cr_assert_eq(parse(STEPS(STEP("a", "\"do\": \"flip\", \"from\": 1, \"to\": \"*\", " AT(0)))),
                 VG_OK);
    cr_expect_eq(script_check("f", &script, &cluster, &error), VG_INVALID);
    cr_assert_eq(parse("{\"regions\": [[\"apac\", \"amer\", 1]]}"), VG_OK);
    cr_expect_eq(script_check("f", &script, &cluster, &error), VG_INVALID);
    cr_expect_str_eq(error.text,
                     "f: regions: no round trip between 'apac' of node 10 and 'emea' of node 20");
    cr_assert_eq(parse("{\"regions\": \"default\", \"steps\": [" CUT("a", AT(0)) "]}"), VG_OK);
    cr_expect_eq(script_check("f", &script, &cluster, &error), VG_OK, "%s", error.text);
}

/* ---- the course --------------------------------------------------------------------------------
 */

Test(proxy_course, events_are_in_order_and_ends_come_first)
{
    static const struct course_event wanted[] = {
        {0, 2, true}, {10, 2, false}, {10, 0, true}, {10, 1, true}, {20, 0, false}};
    struct course_event events[COURSE_EVENTS_MAX];
    cr_assert_eq(parse(STEPS(CUT("a", AT(10)) AND FLIP("b", AT(10)) AND CUT("c", AT(0)))), VG_OK);
    uint32_t count = course_events(&script, events);
    cr_assert_eq(count, sizeof wanted / sizeof wanted[0]);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(events[i].at_ms, wanted[i].at_ms, "%u", i);
        cr_expect_eq(events[i].step, wanted[i].step, "%u", i);
        cr_expect_eq(events[i].begins, wanted[i].begins, "%u", i);
    }
}

/* Which links a step is about, as "10>20 ". */
static void expect_links(const char *step, const char *wanted)
{
    struct dev_cluster cluster = three_nodes();
    char text[256], got[256] = "";
    (void)snprintf(text, sizeof text,
                   STEPS("{\"name\": \"a\", \"do\": \"flip\", \"at_ms\": 0, %s}"), step);
    cr_assert_eq(parse(text), VG_OK, "%s", error.text);
    for (uint32_t from = 0; from < 3; from++)
        for (uint32_t to = 0; to < 3; to++)
            if (course_is_about(&script.steps[0], &cluster, from, to))
                (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%u>%u ",
                               10 * (from + 1), 10 * (to + 1));
    cr_expect_str_eq(got, wanted, "%s is about %s", step, got);
}

Test(proxy_course, a_step_is_about_the_links_it_names)
{
    expect_links("\"from\": 10, \"to\": 30", "10>30 ");
    expect_links("\"from\": 10, \"to\": 30, \"both_ways\": true", "10>30 30>10 ");
    expect_links("\"from\": 20, \"to\": \"*\"", "20>10 20>30 ");
    expect_links("\"from\": \"*\", \"to\": 20", "10>20 30>20 ");
    expect_links("\"from\": \"*\", \"to\": 20, \"both_ways\": true", "10>20 20>10 20>30 30>20 ");
    expect_links("\"from\": \"*\", \"to\": \"*\"", "10>20 10>30 20>10 20>30 30>10 30>20 ");
}

Test(proxy_course, steps_at_the_same_time_add_up_on_top_of_the_regions)
{
    static const char text[] =
        "{\"regions\": \"default\", \"steps\": ["
        "{\"name\": \"slow\", \"do\": \"delay\", \"from\": 10, \"to\": \"*\", \"at_ms\": 0,"
        " \"for_ms\": 100, \"delay_ms\": 7},"
        "{\"name\": \"cut\", \"do\": \"cut\", \"from\": 10, \"to\": 20, \"at_ms\": 50,"
        " \"for_ms\": 100}]}";
    struct dev_cluster cluster = three_nodes();
    struct proxy_mesh whole, mesh;
    cr_assert_eq(parse(text), VG_OK, "%s", error.text);
    cr_assert_eq(proxy_regions_map(&script.regions, &cluster, &whole, &error), VG_OK);
    static const struct {
        uint64_t at_ms, delay_us;
        bool cut;
    } moments[] = {{0, 82000, false},  {49, 82000, false}, {50, 82000, true},  {99, 82000, true},
                   {100, 75000, true}, {149, 75000, true}, {150, 75000, false}};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        course_mesh(&script, &cluster, &whole, moments[i].at_ms, &mesh);
        cr_expect_eq(mesh.links[0][1].delay_us, moments[i].delay_us, "%zu", i);
        cr_expect_eq(mesh.links[0][1].cut, moments[i].cut, "%zu", i);
        cr_expect_eq(mesh.links[1][0].delay_us, 75000);
        cr_expect_not(mesh.links[1][0].cut);
    }
}
