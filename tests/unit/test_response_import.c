/* SPDX-License-Identifier: Apache-2.0
 * Records from elsewhere: once by their natural key, kept whole. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/lib/desk.h"

Test(import, keeps_the_document_whole)
{
    struct desk *desk = desk_new();
    char *bytes = malloc(VG_DOCUMENT_MAX);
    for (size_t i = 0; i < VG_DOCUMENT_MAX; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    struct desk_order order = desk_import("A-1", "");
    order.command.import.document = vg_span_of(bytes, VG_DOCUMENT_MAX);
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    vg_span kept;
    cr_assert(response_document_get(&desk->machine, &desk->genesis.first, &outcome.id, &kept));
    cr_assert(vg_span_equal(kept, vg_span_of(bytes, VG_DOCUMENT_MAX)));
    free(bytes);
    desk_free(desk);
}

Test(import, keeps_what_was_claimed)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A-1", "{}");
    order.command.import.source = RESPONSE_SOURCE_AUTOMATED;
    order.command.import.subsource = RESPONSE_SUB_ANTIMALWARE;
    order.command.import.cia = RESPONSE_INTEGRITY;
    order.command.import.classification = RESPONSE_SECURITY_INCIDENT;
    order.command.import.happened_at = 1262304000000U;
    order.command.import.records = 4500000;
    order.command.import.unknown_members = 2;
    vg_id id = desk_send(desk, &order).id;
    struct response_incident incident = desk_incident(desk, &id);
    cr_assert(incident.historical);
    cr_assert_eq(incident.stage, RESPONSE_CLOSE);
    cr_assert_eq(incident.source, RESPONSE_SOURCE_AUTOMATED);
    cr_assert_eq(incident.subsource, RESPONSE_SUB_ANTIMALWARE);
    cr_assert_eq(incident.cia, RESPONSE_INTEGRITY);
    cr_assert_eq(incident.class_, RESPONSE_SECURITY_INCIDENT);
    cr_assert_str_eq(incident.title, "brought in");
    cr_assert_eq(incident.happened_at, 1262304000000U);
    cr_assert_eq(incident.records, 4500000);
    cr_assert_eq(incident.unknown_members, 2);
    cr_assert_eq(incident.count, 1);
    desk_free(desk);
}

Test(import, the_same_document_is_the_same_import_however_often)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A-1", "{\"a\":1}");
    struct response_outcome first = desk_send(desk, &order);
    cr_assert_not(first.repeated);
    for (int i = 0; i < 3; i++) {
        desk->time_ms += 8 * 24 * 3600 * (uint64_t)1000;
        struct response_outcome again = desk_send(desk, &order);
        cr_assert_eq(again.error.code, VG_OK);
        cr_assert(again.repeated);
        cr_assert(vg_id_equal(&again.id, &first.id));
        cr_assert_eq(again.revision_count, 0, "it changed nothing");
    }
    cr_assert_eq(desk_incident(desk, &first.id).events, 1);
    desk_free(desk);
}

Test(import, another_importers_reading_of_the_same_document_is_the_same_import)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A-1", "{\"a\":1}");
    vg_id id = desk_send(desk, &order).id;
    order.person = DESK_ANN;
    order.command.import.title = vg_span_text("a better title");
    struct response_outcome again = desk_send(desk, &order);
    cr_assert(again.repeated);
    cr_assert(vg_id_equal(&again.id, &id));
    cr_assert_str_eq(desk_incident(desk, &id).title, "brought in");
    desk_free(desk);
}

Test(import, another_document_under_the_same_key_names_the_incident)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A-1", "{\"a\":1}");
    vg_id id = desk_send(desk, &order).id;
    order = desk_import("A-1", "{\"a\":2}");
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_eq(outcome.error.code, VG_EXISTS);
    cr_assert(vg_id_equal(&outcome.id, &id));
    vg_span kept;
    cr_assert(response_document_get(&desk->machine, &desk->genesis.first, &id, &kept));
    cr_assert(vg_span_equal(kept, vg_span_text("{\"a\":1}")));
    desk_free(desk);
}

Test(import, the_natural_key_is_namespace_and_key)
{
    static const struct {
        const char *space, *key;
    } keys[] = {{"veris", "A"}, {"veris", "B"}, {"veri", "sA"}, {"verisA", "A"}, {"v", "erisA"}};
    struct desk *desk = desk_new();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            struct desk_order order = desk_import(keys[i].key, "{}");
            order.command.import.space = vg_span_text(keys[i].space);
            struct response_outcome outcome = desk_send(desk, &order);
            cr_assert_eq(outcome.error.code, VG_OK);
            cr_assert_eq(outcome.repeated, round == 1);
        }
    }
    desk_free(desk);
}

Test(import, the_claimed_timeline_becomes_events)
{
    static const char *const texts[] = {"veris A-1, unknown: brought in", "compromise: 3 minutes",
                                        "discovery: 2 months", "containment: 1 day"};
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A-1", "{}");
    order.command.import.timeline =
        vg_span_text("compromise: 3 minutes\n\ndiscovery: 2 months\ncontainment: 1 day\n");
    order.command.import.happened_at = 77;
    vg_id id = desk_send(desk, &order).id;
    cr_assert_eq(desk_incident(desk, &id).events, 4);
    for (uint64_t i = 0; i < 4; i++) {
        struct response_event event;
        cr_assert(response_event_get(&desk->machine, &desk->genesis.first, &id, i + 1, &event));
        cr_assert_eq(event.kind, RESPONSE_EVENT_IMPORT);
        cr_assert_eq(event.happened_at, i == 0 ? 77 : 0);
        cr_assert(vg_span_equal(event.text, vg_span_text(texts[i])), "event %u", (unsigned)i);
    }
    desk_free(desk);
}

Test(import, sixty_four_lines_are_sixty_five_events)
{
    struct desk *desk = desk_new();
    char lines[2 * RESPONSE_EVENT_LINES_MAX - 1];
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = i % 2 == 0 ? 'x' : '\n';
    struct desk_order order = desk_import("A-1", "{}");
    order.command.import.timeline = vg_span_of(lines, sizeof lines);
    vg_id id = desk_send(desk, &order).id;
    cr_assert_eq(desk_incident(desk, &id).events, 65);
    desk_free(desk);
}

Test(import, historical_incidents_take_notes)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A-1", "{}");
    vg_id id = desk_send(desk, &order).id;
    order = desk_note(&id, "looks like ours");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    desk_free(desk);
}
