/* SPDX-License-Identifier: Apache-2.0
 * The checker of histories, held to trying every order there is. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/prng.h"
#include "ops/drill/check/linear.h"
#include "tests/lib/orders.h"

enum { SMALL_HISTORIES = 100000, MEMORY = 64 * 1024 * 1024 };

static const struct linear_limits plenty = {.memory_max = MEMORY};

/* A small history in one piece, so that it can be copied and changed. */
struct small {
    struct history_object object;
    struct history_operation operations[ORDERS_OPERATIONS_MAX];
    uint64_t values[ORDERS_OPERATIONS_MAX][ORDERS_OPERATIONS_MAX];
};

static struct history_object *object_of(struct small *small)
{
    small->object.operations = small->operations;
    for (size_t i = 0; i < ORDERS_OPERATIONS_MAX; i++)
        small->operations[i].values = small->values[i];
    return &small->object;
}

/* ---- small histories --------------------------------------------------------------------------
 */

static uint64_t below(struct vg_prng *prng, uint64_t bound)
{
    return vg_prng_between(prng, 0, bound - 1);
}

/* Carries the operation out on the object, and lets it answer what it has to. */
static void answer(struct vg_prng *prng, struct history_operation *operation,
                   struct orders_state *state)
{
    uint64_t dice = below(prng, 10);
    bool reads = operation->call == HISTORY_LIST || operation->call == HISTORY_READ;
    operation->outcome = dice == 0 ? HISTORY_FAILED : dice <= 2 ? HISTORY_UNKNOWN : HISTORY_OK;
    if (operation->outcome == HISTORY_FAILED)
        return;
    if (operation->call == HISTORY_SWAP && operation->expected != orders_register(state)) {
        operation->outcome = HISTORY_FAILED;
        operation->found = below(prng, 2) == 0;
        operation->value = orders_register(state);
        return;
    }
    if (operation->call == HISTORY_READ)
        operation->value = orders_register(state);
    if (operation->call == HISTORY_LIST) {
        operation->value_count = state->count;
        memcpy(operation->values, state->values, state->count * sizeof(uint64_t));
    }
    bool happens = operation->outcome == HISTORY_OK || below(prng, 2) == 0;
    if (!reads && happens)
        state->values[state->count++] = operation->value;
}

/* Operations of several clients, each carried out at some moment between its call and its outcome.
 */
static void make_small(struct vg_prng *prng, struct small *small)
{
    enum { CALLED, DONE };
    struct orders_state state = {.count = 0};
    int stage[ORDERS_OPERATIONS_MAX];
    uint64_t line = 2;
    *small = (struct small){.object = {.is_list = below(prng, 2) == 0}};
    small->object.count = vg_prng_between(prng, 1, ORDERS_OPERATIONS_MAX);
    object_of(small);
    for (size_t begun = 0, ended = 0; ended < small->object.count; line++) {
        if (begun < small->object.count && (begun == ended || below(prng, 2) == 0)) {
            struct history_operation *operation = &small->operations[begun];
            operation->call = small->object.is_list
                                  ? (enum history_call)(HISTORY_APPEND + below(prng, 2))
                                  : (enum history_call)(HISTORY_WRITE + below(prng, 3));
            operation->client = operation->value = begun + 1;
            operation->expected = operation->call == HISTORY_SWAP ? below(prng, begun + 2) : 0;
            operation->called = line;
            stage[begun++] = CALLED;
            continue;
        }
        size_t i = below(prng, begun);
        struct history_operation *operation = &small->operations[i];
        if (operation->returned != 0)
            continue;
        if (stage[i] == CALLED) {
            stage[i] = DONE;
            answer(prng, operation, &state);
        } else {
            operation->returned = line;
            ended++;
        }
    }
}

/* Makes one answer another: a value read, a value more or less, an outcome. */
static void spoil(struct vg_prng *prng, struct small *small)
{
    struct history_operation *operation = &small->operations[below(prng, small->object.count)];
    uint64_t other = 1 + below(prng, ORDERS_OPERATIONS_MAX);
    if (operation->call == HISTORY_LIST && operation->outcome == HISTORY_OK) {
        if (operation->value_count > 0 && below(prng, 2) == 0)
            operation->value_count--;
        else if (operation->value_count < ORDERS_OPERATIONS_MAX)
            operation->values[operation->value_count++] = other;
    } else if (operation->call == HISTORY_READ || operation->found) {
        operation->value = other;
    } else {
        operation->outcome = (enum history_outcome)(HISTORY_OK + below(prng, 3));
        operation->found = false;
    }
}

static void print_small(const struct small *small)
{
    for (size_t i = 0; i < small->object.count; i++) {
        const struct history_operation *operation = &small->operations[i];
        printf("  %2d..%2d %s %d expects %d, outcome %d found %d, read %zu:",
               (int)operation->called, (int)operation->returned, history_call_name(operation->call),
               (int)operation->value, (int)operation->expected, (int)operation->outcome,
               (int)operation->found, operation->value_count);
        for (size_t k = 0; k < operation->value_count; k++)
            printf(" %d", (int)operation->values[k]);
        printf("\n");
    }
}

Test(linear, agrees_with_every_order_on_small_histories)
{
    const uint64_t seed = 20261126;
    struct vg_prng prng = vg_prng_seed(seed);
    size_t without = 0;
    for (int i = 0; i < SMALL_HISTORIES; i++) {
        struct small small;
        struct linear_finding finding;
        make_small(&prng, &small);
        bool spoilt = i % 2 == 1;
        if (spoilt)
            spoil(&prng, &small);
        bool expected = orders_exist(&small.object);
        enum linear_verdict verdict = linear_check(&small.object, &plenty, &finding);
        cr_assert(expected || spoilt, "history %d is as it happened, and has no order", i);
        without += !expected;
        if (verdict != (expected ? LINEAR_YES : LINEAR_NO)) {
            print_small(&small);
            cr_assert_fail("seed %d, history %d: %s", (int)seed, i,
                           expected ? "has an order" : "has none");
        }
    }
    printf("seed %d: %d histories, %zu of them without an order\n", (int)seed, SMALL_HISTORIES,
           without);
    cr_expect_gt(without, SMALL_HISTORIES / 10);
    cr_expect_lt(without, SMALL_HISTORIES / 2);
}

/* ---- known bad ones ---------------------------------------------------------------------------
 */

static enum linear_verdict judge(const char *text, const struct linear_limits *limits,
                                 struct linear_finding *finding)
{
    struct history history;
    struct vg_error error;
    enum vg_code code = history_parse("h", vg_span_text(text), &history, &error);
    cr_assert_eq(code, VG_OK, "%s", error.text);
    enum linear_verdict verdict = linear_check(&history.objects[0], limits, finding);
    history_free(&history);
    return verdict;
}

#define HEAD "{\"history\": 1}\n"
#define DOES(client, what, outcome)                                                                \
    "{\"at\": 1, \"client\": " #client ", \"object\": \"x\", \"call\": " what "}\n"                \
    "{\"at\": 1, \"client\": " #client ", \"outcome\": " outcome "}\n"
#define APPENDS(client, value) DOES(client, "\"append\", \"value\": " #value, "\"ok\"")
#define LISTS(client, values) DOES(client, "\"list\"", "\"ok\", \"value\": " values)
#define READS(client, value_read) DOES(client, "\"read\"", "\"ok\", \"value\": " #value_read)
#define END(count) "{\"end\": " #count "}\n"

/* The kinds of faults that published analyses (jepsen.io) found in other systems, each as the
 * smallest history that shows it. */
Test(linear, known_bad_histories_are_found)
{
    static const struct {
        const char *name, *text;
        uint64_t line;
        const char *why;
    } cases[] = {
        {"an acknowledged append is lost", HEAD APPENDS(1, 1) APPENDS(1, 2) LISTS(2, "[2]") END(3),
         7, "misses 1, whose append (line 2)"},
        {"a read is stale", HEAD APPENDS(1, 1) LISTS(2, "[1]") LISTS(3, "[]") END(3), 7,
         "misses 1, whose append (line 2)"},
        {"a read is stale while the append is under way",
         HEAD "{\"at\": 1, \"client\": 1, \"object\": \"x\", \"call\": \"append\", \"value\": "
              "1}\n" LISTS(2, "[1]")
                  LISTS(3, "[]") "{\"at\": 1, \"client\": 1, \"outcome\": \"ok\"}\n" END(3),
         6, "reads less than line 4"},
        {"an append is there twice", HEAD APPENDS(1, 1) LISTS(2, "[1, 1]") END(2), 5,
         "at 1 and again at 2"},
        {"a value is from nowhere", HEAD APPENDS(1, 1) LISTS(2, "[1, 9]") END(2), 5,
         "which nobody appended"},
        {"a failed append happened",
         HEAD DOES(1, "\"append\", \"value\": 1", "\"failed\"") LISTS(2, "[1]") END(2), 5,
         "failed"},
        {"two orders are read",
         HEAD APPENDS(1, 1) APPENDS(2, 2) LISTS(3, "[1, 2]") LISTS(3, "[2, 1]") END(4), 9,
         "reads 2 at 1"},
        {"appends are in the wrong order",
         HEAD APPENDS(1, 1) APPENDS(1, 2) LISTS(2, "[2, 1]") END(3), 3, "and is read behind it"},
        {"an append is read before it is called", HEAD LISTS(2, "[1]") APPENDS(1, 1) END(2), 3,
         "before line 4 calls its append"},
        {"a register goes back",
         HEAD DOES(1, "\"write\", \"value\": 1", "\"ok\"")
             DOES(1, "\"write\", \"value\": 2", "\"ok\"") READS(2, 1) END(3),
         7, "read of 1"},
        {"two swaps win from one value",
         HEAD DOES(1, "\"swap\", \"expected\": 0, \"value\": 1", "\"ok\"")
             DOES(2, "\"swap\", \"expected\": 0, \"value\": 2", "\"ok\"") END(2),
         5, "swap of 2"},
        {"a swap is refused for what is not there",
         HEAD DOES(1, "\"write\", \"value\": 1", "\"ok\"")
             DOES(2, "\"swap\", \"expected\": 1, \"value\": 2", "\"failed\", \"value\": 7") END(2),
         5, "swap of 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct linear_finding finding = {0};
        cr_expect_eq(judge(cases[i].text, &plenty, &finding), LINEAR_NO, "%s", cases[i].name);
        cr_expect_eq(finding.line, cases[i].line, "%s: line %d", cases[i].name, (int)finding.line);
        cr_expect(strstr(finding.text, cases[i].why) != NULL, "%s: %s", cases[i].name,
                  finding.text);
    }
}

Test(linear, what_is_unknown_may_come_late_or_never)
{
    static const char *const texts[] = {
        HEAD DOES(1, "\"append\", \"value\": 1", "\"unknown\"") LISTS(2, "[]") LISTS(2, "[1]")
            END(3),
        HEAD DOES(1, "\"append\", \"value\": 1", "\"unknown\"") LISTS(2, "[]") END(2),
        HEAD DOES(1, "\"write\", \"value\": 1", "\"unknown\"") READS(2, 0) READS(2, 1) END(3),
        HEAD DOES(1, "\"swap\", \"expected\": 0, \"value\": 1", "\"unknown\"") READS(2, 0) END(2),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct linear_finding finding;
        cr_expect_eq(judge(texts[i], &plenty, &finding), LINEAR_YES, "%s", texts[i]);
    }
}

/* ---- limits -----------------------------------------------------------------------------------
 */

/* Writes that all overlap, and a read of a value that is none of them: every order is tried. */
static void make_hard(struct vg_buffer *out, unsigned writes)
{
    char line[256];
    vg_buffer_append(out, HEAD, strlen(HEAD));
    for (unsigned i = 1; i <= writes; i++) {
        snprintf(line, sizeof line,
                 "{\"at\": 1, \"client\": %u, \"object\": \"x\", \"call\": \"write\", "
                 "\"value\": %u}\n",
                 i, i);
        vg_buffer_append(out, line, strlen(line));
    }
    for (unsigned i = 1; i <= writes; i++) {
        snprintf(line, sizeof line, "{\"at\": 1, \"client\": %u, \"outcome\": \"ok\"}\n", i);
        vg_buffer_append(out, line, strlen(line));
    }
    snprintf(line, sizeof line, READS(999, 999) "{\"end\": %u}\n", writes + 1);
    vg_buffer_append(out, line, strlen(line) + 1);
}

static bool is_over(void *context)
{
    unsigned *looks = context;
    return ++*looks == 3;
}

Test(linear, a_search_without_end_is_inconclusive)
{
    struct vg_buffer text = {0};
    struct linear_finding finding;
    unsigned looks = 0;
    make_hard(&text, 40);
    const struct linear_limits little = {.memory_max = 1024 * 1024};
    cr_expect_eq(judge((const char *)text.data, &little, &finding), LINEAR_UNDECIDED);
    const struct linear_limits brief = {
        .memory_max = MEMORY, .is_over = is_over, .context = &looks};
    cr_expect_eq(judge((const char *)text.data, &brief, &finding), LINEAR_UNDECIDED);
    cr_expect_eq(looks, 3);
    vg_buffer_free(&text);
    make_hard(&text, 8);
    cr_expect_eq(judge((const char *)text.data, &plenty, &finding), LINEAR_NO);
    vg_buffer_free(&text);
}
