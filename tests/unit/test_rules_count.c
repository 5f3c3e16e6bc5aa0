/* SPDX-License-Identifier: Apache-2.0
 * R3 of integrations: repeats of a signal commit as counts that a node signs, each of them
 * answered. Which of them a node gathers is in tests/cluster/signals.py. */
#include <criterion/criterion.h>

#include "proto/response/fields.h"
#include "tests/lib/play.h"

static const char *const key = "ids:1";

/* An integration's signal, under a request id that a count may list. */
static struct desk_order signal_of(struct play *play, const char *dedup_key)
{
    struct desk_order order = desk_detect("beacon", dedup_key);
    order.person = DESK_INTEGRATION;
    order.request = desk_request(play->desk, play->desk->time_ms);
    order.command.detect.source = RESPONSE_SOURCE_AUTOMATED;
    order.command.detect.subsource = RESPONSE_SUB_IDS;
    return order;
}

/* A desk with the incident of one signal. */
static struct play detected(void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order first = signal_of(&play, key);
    play.incident = desk_send(play.desk, &first).id;
    return play;
}

/* The signal as the node that counts it has got it. */
static struct ledger_command preamble_of(const struct play *play, const struct desk_order *order,
                                         struct vg_buffer *body)
{
    vg_buffer_clear(body);
    response_command_encode(&order->command, body);
    return (struct ledger_command){.cluster = play->desk->cluster,
                                   .compartment = play->desk->genesis.first,
                                   .author = desk_author(play->desk, order->person),
                                   .request = order->request,
                                   .body = vg_buffer_span(body)};
}

enum { ROOM = 4 };

/* A count of signals; the order borrows it. */
struct counting {
    uint8_t bytes[ROOM * RESPONSE_SIGNAL_SIZE];
    size_t count;
};

static void add_signal(struct play *play, struct counting *counting,
                       const struct desk_order *signal)
{
    struct vg_buffer body = {0};
    struct ledger_command command = preamble_of(play, signal, &body);
    vg_hash hash = ledger_request_hash(&command);
    uint8_t *at = counting->bytes + counting->count++ * RESPONSE_SIGNAL_SIZE;
    memcpy(at, command.author.bytes, 16);
    memcpy(at + 16, command.request.bytes, 16);
    memcpy(at + 32, hash.bytes, 32);
    vg_buffer_free(&body);
}

static struct desk_order count_of(const struct counting *counting)
{
    struct desk_order order = {.person = DESK_NODE, .command = {.op = RESPONSE_OP_COUNT}};
    order.command.count.key = vg_span_text(key);
    order.command.count.first_at = 4711;
    order.command.count.signals =
        vg_span_of(counting->bytes, counting->count * RESPONSE_SIGNAL_SIZE);
    return order;
}

/* ---- who counts --------------------------------------------------------------------------------
 */

Test(r3, a_count_is_signed_by_a_node_and_by_no_person)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order repeat = signal_of(&play, key);
    add_signal(&play, &counting, &repeat);
    struct desk_order count = count_of(&counting);
    for (int person = 0; person < DESK_PEOPLE; person++) {
        count.person = (enum desk_person)person;
        enum response_refusal refusal =
            person == DESK_STRANGER ? RESPONSE_REFUSED_NO_COMPARTMENT : RESPONSE_REFUSED_FOR_NODES;
        cr_assert(play_refuses(&play, count, refusal), "person %d", person);
    }
    count.person = DESK_NODE;
    play_must(&play, count);
    play_free(&play);
}

Test(r3, a_node_gives_nothing_but_counts_facts_checkpoints_and_what_it_has_destroyed)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    uint32_t refused = 0;
    play.part = play_do(&play, RESPONSE_OP_TASK);
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        struct desk_order order = play_order(&play, op);
        order.person = DESK_NODE;
        if (op == RESPONSE_OP_COUNT || op == RESPONSE_OP_CHECKPOINT ||
            op == RESPONSE_OP_DESTROYED || op == RESPONSE_OP_CASE || op == RESPONSE_OP_ACKNOWLEDGE)
            continue;
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_FOR_PEOPLE), "%s",
                  response_op_name(op));
        refused++;
    }
    cr_assert_gt(refused, 0);
    play_free(&play);
}

/* ---- what a count does -------------------------------------------------------------------------
 */

Test(r3, a_count_raises_the_count_by_each_of_its_signals)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    for (int i = 0; i < 3; i++) {
        struct desk_order repeat = signal_of(&play, key);
        add_signal(&play, &counting, &repeat);
    }
    struct desk_order count = count_of(&counting);
    struct response_outcome outcome = desk_send(play.desk, &count);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert(outcome.joined);
    cr_assert(vg_id_equal(&outcome.id, &play.incident));
    cr_assert_eq(play_incident(&play).count, 4);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_COUNT, .aspect = RESPONSE_ASPECT_SIGNALS,
                         .revision = 1, .to = "count 4", .text = "3 more of this signal",
                         .by = DESK_NODE));
    cr_assert_eq(play_event(&play, 1).happened_at, 4711);
    play_free(&play);
}

Test(r3, each_counted_signal_is_answered_as_a_request_of_its_own)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order repeats[] = {signal_of(&play, key), signal_of(&play, key)};
    for (size_t i = 0; i < 2; i++)
        add_signal(&play, &counting, &repeats[i]);
    struct desk_order count = count_of(&counting);
    uint64_t index = desk_send(play.desk, &count).index;
    for (size_t i = 0; i < 2; i++) {
        struct response_outcome answer = desk_send(play.desk, &repeats[i]);
        cr_assert_eq(answer.error.code, VG_OK);
        cr_assert(answer.repeated);
        cr_assert(answer.joined);
        cr_assert(vg_id_equal(&answer.id, &play.incident));
        cr_assert_eq(answer.index, index);
    }
    cr_assert_eq(play_incident(&play).count, 3);
    play_free(&play);
}

Test(r3, a_counted_signal_is_another_command_if_it_says_something_else)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order repeat = signal_of(&play, key);
    add_signal(&play, &counting, &repeat);
    struct desk_order count = count_of(&counting);
    play_must(&play, count);
    repeat.command.detect.title = vg_span_text("another one");
    cr_assert(play_refuses(&play, repeat, RESPONSE_REFUSED_REUSED));
    play_free(&play);
}

Test(r3, a_signal_is_counted_once_in_a_count_and_once_in_all_counts)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order repeats[] = {signal_of(&play, key), signal_of(&play, key)};
    add_signal(&play, &counting, &repeats[0]);
    add_signal(&play, &counting, &repeats[0]);
    play_must(&play, count_of(&counting));
    cr_assert_eq(play_incident(&play).count, 2);
    add_signal(&play, &counting, &repeats[1]);
    play_must(&play, count_of(&counting));
    cr_assert_eq(play_incident(&play).count, 3);
    cr_assert(play_says(play_event(&play, 1).text, "1 more of this signal"));
    play_free(&play);
}

Test(r3, the_same_request_of_another_integration_is_another_signal)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order repeat = signal_of(&play, key);
    struct desk_order enrolment = play_order(&play, RESPONSE_OP_ENROLL);
    enrolment.command.enroll.bits = LEDGER_PERSON_INTEGRATION;
    play_must(&play, enrolment);
    play_grant(&play, DESK_NEWCOMER, RESPONSE_ROLE_REPORTER, 0);
    add_signal(&play, &counting, &repeat);
    repeat.person = DESK_NEWCOMER;
    add_signal(&play, &counting, &repeat);
    play_must(&play, count_of(&counting));
    cr_assert_eq(play_incident(&play).count, 3);
    play_free(&play);
}

/* A node may not answer for a person, whose command would then never be done. */
Test(r3, only_integrations_that_may_detect_are_counted)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order persons = play_order(&play, RESPONSE_OP_NOTE);
    persons.request = desk_request(play.desk, play.desk->time_ms);
    add_signal(&play, &counting, &persons);
    play_must(&play, count_of(&counting));
    cr_assert_eq(play_incident(&play).count, 1);
    cr_assert_not(desk_send(play.desk, &persons).repeated);
    struct desk_order repeat = signal_of(&play, key);
    counting.count = 0;
    add_signal(&play, &counting, &repeat);
    play_grant(&play, DESK_INTEGRATION, 0, RESPONSE_ROLE_REPORTER);
    play_must(&play, count_of(&counting));
    play_grant(&play, DESK_INTEGRATION, RESPONSE_ROLE_REPORTER, 0);
    play_expel(&play, DESK_INTEGRATION);
    play_must(&play, count_of(&counting));
    cr_assert_eq(play_incident(&play).count, 1);
    play_free(&play);
}

/* ---- where a count goes ------------------------------------------------------------------------
 */

Test(r3, a_count_of_an_incident_closed_meanwhile_opens_a_new_one_linked_to_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_begin(&play, key, RESPONSE_CLOSE);
    struct response_incident closed = play_incident(&play);
    struct counting counting = {.count = 0};
    struct desk_order repeats[] = {signal_of(&play, key), signal_of(&play, key)};
    for (size_t i = 0; i < 2; i++)
        add_signal(&play, &counting, &repeats[i]);
    struct desk_order count = count_of(&counting);
    struct response_outcome outcome = desk_send(play.desk, &count);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert_not(outcome.joined);
    cr_assert_not(vg_id_equal(&outcome.id, &closed.id));
    play.incident = outcome.id;
    struct response_incident incident = play_incident(&play);
    cr_assert(vg_id_equal(&incident.linked, &closed.id));
    cr_assert_eq(incident.stage, RESPONSE_DETECT);
    cr_assert_eq(incident.count, 2);
    cr_assert_str_eq(incident.title, closed.title);
    cr_assert_eq(incident.source, closed.source);
    cr_assert_str_eq(incident.dedup_key, key);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_STAGE), 1);
    struct response_outcome answer = desk_send(play.desk, &repeats[0]);
    cr_assert(answer.repeated);
    cr_assert(vg_id_equal(&answer.id, &incident.id));
    struct desk_order next = signal_of(&play, key);
    cr_assert(desk_send(play.desk, &next).joined, "it is the latest of the key now");
    play_free(&play);
}

Test(r3, a_count_of_a_filtered_key_is_counted_at_the_filter)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_begin(&play, key, RESPONSE_ASSESS);
    play_filter(&play, key);
    struct response_incident before = play_incident(&play);
    struct counting counting = {.count = 0};
    struct desk_order repeats[] = {signal_of(&play, key), signal_of(&play, key)};
    for (size_t i = 0; i < 2; i++)
        add_signal(&play, &counting, &repeats[i]);
    struct desk_order count = count_of(&counting);
    struct response_outcome outcome = desk_send(play.desk, &count);
    cr_assert(outcome.filtered);
    cr_assert(vg_id_equal(&outcome.id, &play.incident));
    struct response_filter filter;
    cr_assert(response_filter_next(&play.desk->machine, &play.desk->genesis.first, "", &filter));
    cr_assert_eq(filter.count, 2);
    cr_assert_eq(play_incident(&play).events, before.events);
    cr_assert_eq(play_incident(&play).count, before.count);
    cr_assert(desk_send(play.desk, &repeats[1]).filtered, "and each is answered so");
    play.desk->time_ms += 5000;
    outcome = desk_send(play.desk, &count);
    cr_assert(outcome.filtered);
    struct response_filter after;
    cr_assert(response_filter_next(&play.desk->machine, &play.desk->genesis.first, "", &after));
    cr_assert_eq(after.count, 2);
    cr_assert_eq(after.last_at, filter.last_at, "nothing new changes nothing");
    play_free(&play);
}

Test(r3, a_count_is_of_a_known_signal)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order repeat = signal_of(&play, "ids:2");
    add_signal(&play, &counting, &repeat);
    struct desk_order count = count_of(&counting);
    count.command.count.key = vg_span_text("ids:2");
    cr_assert(play_refuses(&play, count, RESPONSE_REFUSED_NO_SIGNAL));
    play_free(&play);
}

Test(r3, a_count_lists_at_least_one_whole_signal)
{
    struct play play = detected();
    struct counting counting = {.count = 0};
    struct desk_order repeat = signal_of(&play, key);
    add_signal(&play, &counting, &repeat);
    static const size_t sizes[] = {0, RESPONSE_SIGNAL_SIZE - 1, RESPONSE_SIGNAL_SIZE + 1};
    for (size_t i = 0; i < 3; i++) {
        struct desk_order count = count_of(&counting);
        count.command.count.signals.size = sizes[i];
        cr_assert(play_misses(&play, count, "signals"));
    }
    play_free(&play);
}
