/* SPDX-License-Identifier: Apache-2.0
 * What a link of the fault proxy does to bytes, and when, as arithmetic. */
#include <criterion/criterion.h>

#include "ops/drill/proxy/records.h"
#include "ops/drill/proxy/regions.h"
#include "ops/drill/proxy/terms.h"
#include "proto/channel/channel.h"

enum { SECOND_US = 1000000 };

Test(proxy_terms, a_delay_is_added_and_jitter_keeps_within_its_bound)
{
    struct vg_prng prng = vg_prng_seed(1);
    const struct proxy_terms fixed = {.delay_us = 80000};
    const struct proxy_terms shaky = {.delay_us = 80000, .jitter_us = 20000};
    uint64_t least = UINT64_MAX, most = 0;
    cr_expect_eq(proxy_due_us(&(struct proxy_terms){0}, &prng, 500, 0), 500);
    cr_expect_eq(proxy_due_us(&fixed, &prng, 500, 0), 80500);
    for (int i = 0; i < 1000; i++) {
        uint64_t due = proxy_due_us(&shaky, &prng, 500, 0);
        least = due < least ? due : least;
        most = due > most ? due : most;
    }
    cr_expect(least >= 80500 && least < 81500, "%llu", (unsigned long long)least);
    cr_expect(most <= 100500 && most > 99500, "%llu", (unsigned long long)most);
}

Test(proxy_terms, bytes_keep_their_order_whatever_the_jitter)
{
    struct vg_prng prng = vg_prng_seed(2);
    const struct proxy_terms terms = {.delay_us = 10, .jitter_us = 5000};
    uint64_t last = 0;
    for (uint64_t now = 0; now < 1000; now++) {
        uint64_t due = proxy_due_us(&terms, &prng, now, last);
        cr_assert_geq(due, last);
        last = due;
    }
    /* those that come when the delay is gone wait for those before them */
    cr_expect_eq(proxy_due_us(&(struct proxy_terms){0}, &prng, 1000, last), last);
}

Test(proxy_terms, the_same_seed_gives_the_same_jitter)
{
    const struct proxy_terms terms = {.jitter_us = 1000000};
    struct vg_prng one = vg_prng_seed(7), same = vg_prng_seed(7), other = vg_prng_seed(8);
    bool differs = false;
    for (int i = 0; i < 100; i++) {
        uint64_t due = proxy_due_us(&terms, &one, 0, 0);
        cr_assert_eq(due, proxy_due_us(&terms, &same, 0, 0));
        differs = differs || due != proxy_due_us(&terms, &other, 0, 0);
    }
    cr_expect(differs);
}

/* How much passes in a second when there is always more, looked at every `step_us`. */
static uint64_t passed_in_a_second(uint64_t bytes_per_s, uint64_t step_us)
{
    const struct proxy_terms terms = {.bytes_per_s = bytes_per_s};
    uint64_t busy = 0, passed = 0;
    for (uint64_t now = SECOND_US; now < 2 * SECOND_US; now += step_us) {
        for (size_t size; (size = proxy_allowed(&terms, busy, now, PROXY_CHUNK_MAX)) > 0;) {
            passed += size;
            busy = proxy_busy_us(&terms, busy, now, size);
        }
    }
    return passed;
}

Test(proxy_terms, a_throttled_link_passes_its_rate_however_often_it_is_looked_at)
{
    static const uint64_t rates[] = {1, 100, 4096, 65536, 1000000, 3000000};
    static const uint64_t steps_us[] = {100, 1000, 3000, 10000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (size_t j = 0; j < sizeof steps_us / sizeof steps_us[0]; j++) {
            uint64_t passed = passed_in_a_second(rates[i], steps_us[j]);
            uint64_t burst = rates[i] * PROXY_BURST_US / SECOND_US;
            cr_expect_geq(passed, rates[i] - burst, "%llu of %llu", (unsigned long long)passed,
                          (unsigned long long)rates[i]);
            cr_expect_leq(passed, rates[i] + 2 * burst + 1, "%llu of %llu",
                          (unsigned long long)passed, (unsigned long long)rates[i]);
        }
    }
}

Test(proxy_terms, a_link_without_a_rate_is_never_busy)
{
    const struct proxy_terms terms = {0};
    cr_expect_eq(proxy_allowed(&terms, UINT64_MAX, 5, 100), 100);
    cr_expect_eq(proxy_allowed(&terms, 0, 5, 10 * PROXY_CHUNK_MAX), PROXY_CHUNK_MAX);
    cr_expect_eq(proxy_busy_us(&terms, UINT64_MAX, 5, 100), 5);
}

Test(proxy_terms, what_is_wrong_with_a_link_adds_up)
{
    struct proxy_terms terms = {.delay_us = 5, .jitter_us = 1};
    proxy_terms_worsen(&terms, &(struct proxy_terms){.delay_us = 7, .bytes_per_s = 100});
    proxy_terms_worsen(&terms, &(struct proxy_terms){.jitter_us = 2, .bytes_per_s = 200});
    cr_expect_eq(terms.delay_us, 12);
    cr_expect_eq(terms.jitter_us, 3);
    cr_expect_eq(terms.bytes_per_s, 100);
    cr_expect(!terms.cut && !terms.stalled);
    proxy_terms_worsen(&terms, &(struct proxy_terms){.cut = true, .bytes_per_s = 50});
    proxy_terms_worsen(&terms, &(struct proxy_terms){.stalled = true});
    cr_expect(terms.cut && terms.stalled);
    cr_expect_eq(terms.bytes_per_s, 50);
}

/* ---- records -----------------------------------------------------------------------------------
 */

static struct vg_buffer records_of(const size_t *sizes, size_t count)
{
    static const uint8_t payload[300];
    struct vg_buffer bytes = {0};
    struct channel channel = {.state = CHANNEL_OPEN, .opened = true};
    for (size_t i = 0; i < count; i++)
        channel_seal(&channel, vg_span_of(payload, sizes[i]), &bytes);
    return bytes;
}

/* Whether the first `size` bytes of the stream end within a record. */
static bool ends_within(vg_span bytes, size_t size)
{
    struct channel channel = {.state = CHANNEL_OPEN, .opened = true};
    struct channel_event event;
    size_t whole = 0;
    channel_feed(&channel, vg_span_of(bytes.data, size));
    while (channel_next(&channel, &event, NULL, NULL) == VG_OK)
        whole += channel_sealed_size(event.bytes.size);
    channel_end(&channel);
    return whole < size;
}

Test(proxy_records, a_break_is_always_within_a_record)
{
    static const size_t sizes[] = {1, 300, 1, 2, 1, 7};
    struct vg_buffer stream = records_of(sizes, sizeof sizes / sizeof sizes[0]);
    struct vg_prng prng = vg_prng_seed(3);
    for (size_t from = 0; from < stream.size; from++) {
        for (size_t size = 1; size <= stream.size - from; size += 5) {
            struct proxy_place place = {0};
            proxy_place_move(&place, vg_span_of(stream.data, from));
            size_t passes = proxy_place_break(&place, vg_span_of(stream.data + from, size), &prng);
            cr_assert_leq(passes, size);
            cr_assert(ends_within(vg_buffer_span(&stream), from + passes), "%zu of %zu at %zu",
                      passes, size, from);
        }
    }
    vg_buffer_free(&stream);
}

Test(proxy_records, a_place_is_the_same_in_pieces_of_any_size)
{
    static const size_t sizes[] = {3, 1, 100};
    struct vg_buffer stream = records_of(sizes, sizeof sizes / sizeof sizes[0]);
    for (size_t piece = 1; piece < 50; piece++) {
        struct proxy_place at_once = {0}, in_pieces = {0};
        proxy_place_move(&at_once, vg_buffer_span(&stream));
        for (size_t at = 0; at < stream.size; at += piece) {
            size_t size = piece < stream.size - at ? piece : stream.size - at;
            proxy_place_move(&in_pieces, vg_span_of(stream.data + at, size));
        }
        cr_assert_eq(at_once.length_size, 0);
        cr_assert_eq(in_pieces.length_size, 0);
        cr_assert_eq(in_pieces.left, 0);
    }
    vg_buffer_free(&stream);
}

Test(proxy_records, bytes_that_are_no_records_do_no_harm)
{
    static const uint8_t nothing[64] = {0};
    uint8_t noise[64];
    struct proxy_place place = {0};
    struct vg_prng prng = vg_prng_seed(4);
    memset(noise, 0xff, sizeof noise);
    proxy_place_move(&place, vg_span_of(nothing, sizeof nothing));
    cr_expect_eq(place.length_size, 0);
    proxy_place_move(&place, vg_span_of(noise, sizeof noise));
    cr_expect_leq(proxy_place_break(&place, vg_span_of(noise, sizeof noise), &prng), sizeof noise);
}

/* ---- regions -----------------------------------------------------------------------------------
 */

static struct dev_cluster cluster_in(const char *const *regions, uint32_t count)
{
    struct dev_cluster cluster = {.node_count = count};
    for (uint32_t i = 0; i < count; i++) {
        cluster.nodes[i].id = i + 1;
        (void)snprintf(cluster.nodes[i].region, sizeof cluster.nodes[i].region, "%s", regions[i]);
    }
    return cluster;
}

Test(proxy_regions, each_way_takes_half_of_the_round_trip)
{
    static const char *const regions[] = {"apac", "emea", "amer", "emea"};
    static const uint64_t ways_us[4][4] = {{0, 75000, 105000, 75000},
                                           {75000, 0, 45000, 0},
                                           {105000, 45000, 0, 45000},
                                           {75000, 0, 45000, 0}};
    struct dev_cluster cluster = cluster_in(regions, 4);
    struct proxy_mesh mesh;
    struct vg_error error = {.text = ""};
    cr_assert_eq(proxy_regions_map(&proxy_regions_default, &cluster, &mesh, &error), VG_OK, "%s",
                 error.text);
    for (uint32_t from = 0; from < 4; from++)
        for (uint32_t to = 0; to < 4; to++)
            cr_expect_eq(mesh.links[from][to].delay_us, ways_us[from][to], "%u to %u", from, to);
}

Test(proxy_regions, without_a_table_all_are_in_one_place)
{
    static const char *const regions[] = {"apac", "moon"};
    static const struct proxy_regions none;
    struct dev_cluster cluster = cluster_in(regions, 2);
    struct proxy_mesh mesh;
    cr_assert_eq(proxy_regions_map(&none, &cluster, &mesh, NULL), VG_OK);
    cr_expect_eq(mesh.links[0][1].delay_us, 0);
}

Test(proxy_regions, nodes_without_a_row_are_named)
{
    static const char *const regions[] = {"apac", "emea", "moon"};
    struct dev_cluster cluster = cluster_in(regions, 3);
    struct proxy_mesh mesh;
    struct vg_error error = {.text = ""};
    cr_assert_eq(proxy_regions_map(&proxy_regions_default, &cluster, &mesh, &error), VG_INVALID);
    cr_expect_str_eq(error.text,
                     "regions: no round trip between 'apac' of node 1 and 'moon' of node 3");
}
