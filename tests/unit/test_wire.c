/* SPDX-License-Identifier: Apache-2.0
 * Frames and messages: what goes out comes in, and nothing else does. */
#include <criterion/criterion.h>

#include "common/limits.h"
#include "common/prng.h"
#include "proto/wire/client.h"
#include "proto/wire/frame.h"
#include "proto/wire/line.h"
#include "proto/wire/mp.h"
#include "proto/wire/peer.h"

static struct vg_buffer frame_of(const char *payload)
{
    struct vg_buffer out = {0};
    wire_frame_write(&out, WIRE_RAFT, vg_span_text(payload));
    return out;
}

Test(wire_frame, comes_back_whole_however_it_is_cut)
{
    struct vg_buffer bytes = frame_of("one");
    wire_frame_write(&bytes, WIRE_HELLO, vg_span_text(""));
    for (size_t cut = 0; cut <= bytes.size; cut++) {
        struct wire_reader reader = {0};
        struct wire_frame frame;
        struct vg_error error;
        int frames = 0;
        wire_reader_feed(&reader, vg_span_of(bytes.data, cut));
        while (wire_reader_next(&reader, &frame, &error) == VG_OK)
            frames++;
        wire_reader_feed(&reader, vg_span_of(bytes.data + cut, bytes.size - cut));
        while (wire_reader_next(&reader, &frame, &error) == VG_OK)
            frames++;
        cr_assert_eq(frames, 2, "cut at %zu", cut);
        cr_assert_eq(frame.type, WIRE_HELLO);
        wire_reader_free(&reader);
    }
    vg_buffer_free(&bytes);
}

Test(wire_frame, another_version_is_refused)
{
    struct vg_buffer bytes = frame_of("what happened");
    for (unsigned version = 0; version < 256; version++) {
        struct wire_reader reader = {0};
        struct wire_frame frame;
        struct vg_error error;
        bytes.data[4] = (uint8_t)version;
        wire_reader_feed(&reader, vg_buffer_span(&bytes));
        cr_assert_eq(wire_reader_next(&reader, &frame, &error),
                     version == WIRE_VERSION ? VG_OK : VG_INVALID, "%u", version);
        wire_reader_free(&reader);
    }
    vg_buffer_free(&bytes);
}

Test(wire_line, frames_of_any_size_come_back_through_a_channel)
{
    static const uint8_t zeros[200 * 1000];
    static const size_t sizes[] = {0, 1, 65513, 65514, 200 * 1000};
    struct wire_line from = {.channel = {.state = CHANNEL_OPEN, .opened = true}}, to = from;
    struct vg_buffer bytes = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct wire_line_event event;
        vg_span payload = vg_span_of(zeros, sizes[i]);
        vg_buffer_clear(&bytes);
        wire_line_write(&from, WIRE_RAFT, payload, &bytes);
        cr_assert_eq(bytes.size, wire_line_size(payload));
        wire_line_feed(&to, vg_span_of(bytes.data, bytes.size - 1));
        cr_assert_eq(wire_line_next(&to, &event, NULL, NULL), VG_UNAVAILABLE);
        wire_line_feed(&to, vg_span_of(bytes.data + bytes.size - 1, 1));
        cr_assert_eq(wire_line_next(&to, &event, NULL, NULL), VG_OK);
        cr_assert(event.kind == WIRE_LINE_FRAME && event.frame.type == WIRE_RAFT);
        cr_assert(vg_span_equal(event.frame.payload, payload));
    }
    wire_line_end(&from);
    wire_line_end(&to);
    vg_buffer_free(&bytes);
}

Test(wire_frame, lengths_out_of_bounds_are_refused_before_anything_is_kept)
{
    static const uint32_t lengths[] = {0, 1, VG_FRAME_MAX - 3, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct wire_reader reader = {0};
        struct wire_frame frame;
        struct vg_error error;
        uint8_t head[4];
        for (int k = 0; k < 4; k++)
            head[k] = (uint8_t)(lengths[i] >> (8 * k));
        wire_reader_feed(&reader, vg_span_of(head, sizeof head));
        cr_assert_eq(wire_reader_next(&reader, &frame, &error), VG_INVALID, "%u", lengths[i]);
        wire_reader_free(&reader);
    }
}

Test(wire_mp, longer_forms_than_needed_are_refused)
{
    static const struct {
        uint8_t bytes[9];
        size_t size;
    } forms[] = {{{0xcc, 0x7f}, 2},
                 {{0xcd, 0, 0xff}, 3},
                 {{0xce, 0, 0, 0xff, 0xff}, 5},
                 {{0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 9}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct mp_reader reader = mp_reader_of(vg_span_of(forms[i].bytes, forms[i].size));
        mp_read_uint(&reader);
        cr_assert_eq(mp_finish(&reader, "number", NULL), VG_INVALID, "form %zu", i);
    }
}

Test(wire_mp, a_header_cannot_claim_more_items_than_bytes)
{
    static const uint8_t claims[] = {0xdd, 0xff, 0xff, 0xff, 0xff};
    struct mp_reader reader = mp_reader_of(vg_span_of(claims, sizeof claims));
    cr_assert_eq(mp_read_array(&reader, UINT32_MAX), 0);
    cr_assert_eq(mp_finish(&reader, "array", NULL), VG_INVALID);
}

Test(wire_mp, nesting_has_a_bound)
{
    uint8_t nested[VG_DECODE_DEPTH_MAX + 1];
    memset(nested, 0x91, sizeof nested);
    struct mp_reader reader = mp_reader_of(vg_span_of(nested, sizeof nested));
    for (int i = 0; i < VG_DECODE_DEPTH_MAX; i++)
        cr_assert_eq(mp_read_array(&reader, 1), 1, "depth %d", i);
    mp_read_array(&reader, 1);
    cr_assert_not_null(reader.failed);
}

static struct wire_raft sample_append(void)
{
    struct wire_raft message = {
        .msg = {.type = RAFT_MSG_APP,
                .from = {3},
                .to = {1},
                .term = UINT64_MAX,
                .prev_index = 7,
                .prev_term = 2,
                .entry_count = 2,
                .commit = 6,
                .round = 300,
                .log_time_ms = 1767225600000U,
                .wall_ms = 1767225600001U,
                .unfit = true},
    };
    message.entries[0] = vg_span_text("first");
    message.entries[1] = vg_span_text("second");
    return message;
}

Test(wire_raft, comes_back_equal)
{
    struct wire_raft message = sample_append();
    static struct wire_raft back;
    struct vg_buffer bytes = {0};
    struct vg_error error;
    wire_raft_encode(&message, &bytes);
    cr_assert_eq(wire_raft_decode(vg_buffer_span(&bytes), &back, &error), VG_OK, "%s", error.text);
    struct vg_buffer again = {0};
    wire_raft_encode(&back, &again);
    cr_assert(vg_span_equal(vg_buffer_span(&bytes), vg_buffer_span(&again)));
    cr_assert_eq(back.msg.term, UINT64_MAX);
    cr_assert(back.msg.unfit);
    vg_buffer_free(&bytes);
    vg_buffer_free(&again);
}

Test(wire_raft, truncation_and_trailing_bytes_are_refused)
{
    struct wire_raft message = sample_append();
    static struct wire_raft back;
    struct vg_buffer bytes = {0};
    wire_raft_encode(&message, &bytes);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(wire_raft_decode(vg_span_of(bytes.data, size), &back, NULL), VG_INVALID);
    vg_buffer_append(&bytes, "", 1);
    cr_assert_eq(wire_raft_decode(vg_buffer_span(&bytes), &back, NULL), VG_INVALID);
    vg_buffer_free(&bytes);
}

Test(wire_raft, any_bytes_decode_or_are_refused)
{
    static struct wire_raft back;
    struct vg_prng prng = vg_prng_seed(20261122);
    struct wire_raft message = sample_append();
    struct vg_buffer bytes = {0};
    wire_raft_encode(&message, &bytes);
    for (int round = 0; round < 100000; round++) {
        struct vg_buffer altered = {0};
        vg_buffer_append(&altered, bytes.data, bytes.size);
        for (uint64_t i = vg_prng_below(&prng, 4) + 1; i > 0; i--)
            altered.data[vg_prng_below(&prng, altered.size)] = (uint8_t)vg_prng_next(&prng);
        if (wire_raft_decode(vg_buffer_span(&altered), &back, NULL) == VG_OK) {
            struct vg_buffer again = {0};
            wire_raft_encode(&back, &again);
            cr_assert(vg_span_equal(vg_buffer_span(&altered), vg_buffer_span(&again)),
                      "seed 20261122 round %d: two encodings of one message", round);
            vg_buffer_free(&again);
        }
        vg_buffer_free(&altered);
    }
    vg_buffer_free(&bytes);
}

Test(wire_peer, hello_and_forwards_come_back)
{
    struct wire_hello hello = {.version = 1,
                               .node = {2},
                               .incarnation = {{9}},
                               .run = {{8}},
                               .met = 7,
                               .term = 6,
                               .last = UINT64_MAX},
                      hello_back;
    struct wire_met met = {UINT64_MAX}, met_back;
    struct wire_forward forward = {.token = 77, .envelope_and_body = vg_span_text("sealed")};
    struct wire_forward forward_back;
    struct wire_forward_resp answer = {77, VG_UNAVAILABLE, 0, 0, {3}}, answer_back;
    struct vg_buffer bytes = {0};

    wire_hello_encode(&hello, &bytes);
    cr_assert_eq(wire_hello_decode(vg_buffer_span(&bytes), &hello_back, NULL), VG_OK);
    cr_assert(hello_back.version == 1 && hello_back.node.value == 2);
    cr_assert(vg_id_equal(&hello.incarnation, &hello_back.incarnation));
    cr_assert(vg_hash_equal(&hello.cluster, &hello_back.cluster));
    cr_assert(vg_id_equal(&hello.run, &hello_back.run));
    cr_assert(hello_back.met == 7 && hello_back.term == 6 && hello_back.last == UINT64_MAX);

    vg_buffer_clear(&bytes);
    wire_met_encode(&met, &bytes);
    cr_assert_eq(wire_met_decode(vg_buffer_span(&bytes), &met_back, NULL), VG_OK);
    cr_assert_eq(met_back.met, UINT64_MAX);
    cr_assert_eq(wire_met_decode(vg_span_of(bytes.data, bytes.size - 1), &met_back, NULL),
                 VG_INVALID);

    vg_buffer_clear(&bytes);
    wire_forward_encode(&forward, &bytes);
    cr_assert_eq(wire_forward_decode(vg_buffer_span(&bytes), &forward_back, NULL), VG_OK);
    cr_assert(vg_span_equal(forward.envelope_and_body, forward_back.envelope_and_body));

    vg_buffer_clear(&bytes);
    wire_forward_resp_encode(&answer, &bytes);
    cr_assert_eq(wire_forward_resp_decode(vg_buffer_span(&bytes), &answer_back, NULL), VG_OK);
    cr_assert_eq(answer_back.code, VG_UNAVAILABLE);
    cr_assert_eq(answer_back.leader.value, 3);
    vg_buffer_free(&bytes);
}

Test(wire_peer, fetches_and_their_answers_come_back)
{
    struct wire_fetch fetch = {UINT64_MAX, {{7, 8}}}, fetch_back;
    struct wire_fetched answer = {40, VG_OK, vg_span_text("entry")}, answer_back;
    struct vg_buffer bytes = {0};
    wire_fetch_encode(&fetch, &bytes);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(wire_fetch_decode(vg_span_of(bytes.data, size), &fetch_back, NULL),
                     VG_INVALID);
    cr_assert_eq(wire_fetch_decode(vg_buffer_span(&bytes), &fetch_back, NULL), VG_OK);
    cr_assert_eq(fetch_back.index, UINT64_MAX);
    cr_assert(vg_hash_equal(&fetch_back.hash, &fetch.hash));

    vg_buffer_clear(&bytes);
    wire_fetched_encode(&answer, &bytes);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(wire_fetched_decode(vg_span_of(bytes.data, size), &answer_back, NULL),
                     VG_INVALID);
    cr_assert_eq(wire_fetched_decode(vg_buffer_span(&bytes), &answer_back, NULL), VG_OK);
    cr_assert(answer_back.index == 40 && answer_back.code == VG_OK);
    cr_assert(vg_span_equal(answer_back.entry, answer.entry));
    vg_buffer_free(&bytes);
}

static enum vg_code code_of_fetched(enum vg_code code, vg_span entry)
{
    struct wire_fetched answer = {40, code, entry}, back;
    struct vg_buffer bytes = {0};
    wire_fetched_encode(&answer, &bytes);
    enum vg_code decoded = wire_fetched_decode(vg_buffer_span(&bytes), &back, NULL);
    vg_buffer_free(&bytes);
    return decoded;
}

Test(wire_peer, an_answer_to_a_fetch_has_an_entry_or_says_why_not)
{
    static uint8_t large[VG_ENTRY_MAX + 1];
    cr_assert_eq(code_of_fetched(VG_NOT_FOUND, vg_span_text("")), VG_OK);
    cr_assert_eq(code_of_fetched(VG_OK, vg_span_of(large, VG_ENTRY_MAX)), VG_OK);
    cr_assert_eq(code_of_fetched(VG_OK, vg_span_text("")), VG_INVALID);
    cr_assert_eq(code_of_fetched(VG_INTEGRITY, vg_span_text("entry")), VG_INVALID);
    cr_assert_eq(code_of_fetched(VG_OK, vg_span_of(large, sizeof large)), VG_INVALID);
}

Test(wire_client, requests_and_errors_come_back)
{
    struct wire_request request = {5, WIRE_QUERY, true, false, 5000, vg_span_text("{}")}, back;
    struct wire_response response = {.token = 5, .json = vg_span_text("")}, answer;
    struct vg_buffer bytes = {0};
    wire_request_encode(&request, &bytes);
    cr_assert_eq(wire_request_decode(vg_buffer_span(&bytes), &back, NULL), VG_OK);
    cr_assert(back.stale && !back.dry_run && back.timeout_ms == 5000);

    vg_fail_rule(&response.error, "R13", "from detect an incident goes to assess");
    vg_buffer_clear(&bytes);
    wire_response_encode(&response, &bytes);
    cr_assert_eq(wire_response_decode(vg_buffer_span(&bytes), &answer, NULL), VG_OK);
    cr_assert_eq(answer.error.code, VG_RULE);
    cr_assert_str_eq(answer.error.rule, "R13");
    cr_assert_str_eq(answer.error.text, "from detect an incident goes to assess");
    vg_buffer_free(&bytes);
}
