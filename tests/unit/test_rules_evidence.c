/* SPDX-License-Identifier: Apache-2.0
 * R17, sentence by sentence: evidence and its chain of custody. */
#include <criterion/criterion.h>

#include "common/crypto.h"
#include "tests/lib/play.h"

static const char *const content = "{\"alert\":4711}";

static struct desk_order evidence(const struct play *play)
{
    struct desk_order order = play_order(play, RESPONSE_OP_EVIDENCE);
    order.command.evidence.name = vg_span_text("alert.json");
    order.command.evidence.source = vg_span_text("siem");
    order.command.evidence.collector = vg_span_text("Ann");
    order.command.evidence.hash = vg_sha256(vg_span_text(content));
    order.command.evidence.size = strlen(content);
    order.command.evidence.collected_at = 4711;
    return order;
}

static struct desk_order custody(const struct play *play, uint8_t action, enum desk_person person)
{
    struct desk_order order = play_order(play, RESPONSE_OP_CUSTODY);
    order.person = person;
    order.command.custody.action = action;
    return order;
}

static struct desk_order offer(const struct play *play, enum desk_person from, enum desk_person to)
{
    struct desk_order order = custody(play, RESPONSE_OFFER, from);
    order.command.custody.to = desk_author(play->desk, to);
    return order;
}

static bool holds(const struct play *play, enum desk_person person)
{
    struct response_evidence found = play_evidence(play, &play->evidence);
    vg_id id = desk_author(play->desk, person);
    return vg_id_equal(&found.holder, &id);
}

/* ---- what evidence has -------------------------------------------------------------------------
 */

Test(r17, evidence_has_content_hash_size_source_and_collector)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_hash hash = vg_sha256(vg_span_text(content));
    vg_id id = play_must(&play, evidence(&play));
    struct response_evidence found = play_evidence(&play, &id);
    cr_assert_eq(found.number, 2);
    cr_assert(vg_hash_equal(&found.hash, &hash));
    cr_assert_eq(found.size, strlen(content));
    cr_assert_str_eq(found.name, "alert.json");
    cr_assert_str_eq(found.source, "siem");
    cr_assert_str_eq(found.collector, "Ann");
    cr_assert_eq(found.collected_at, 4711);
    cr_assert_eq(found.index, 0, "kept elsewhere");
    play_free(&play);
}

Test(r17, it_lacks_none_of_them)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = evidence(&play);
    order.command.evidence.source = vg_span_text("");
    cr_assert(play_misses(&play, order, "source"));
    order = evidence(&play);
    order.command.evidence.collector = vg_span_text("");
    cr_assert(play_misses(&play, order, "collector"));
    order = evidence(&play);
    order.command.evidence.size = 0;
    cr_assert(play_misses(&play, order, "size"));
    order = evidence(&play);
    order.command.evidence.hash = (vg_hash){{0}};
    cr_assert(play_misses(&play, order, "hash"));
    play_free(&play);
}

Test(r17, content_that_is_given_is_that_of_hash_and_size)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = evidence(&play);
    order.command.evidence.content = vg_span_text("{\"alert\":4712}");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OTHER_CONTENT), "another hash");
    order.command.evidence.content = vg_span_text(content);
    order.command.evidence.size++;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OTHER_CONTENT), "another size");
    order.command.evidence.size--;
    struct response_outcome outcome = play_send(&play, order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert_eq(play_evidence(&play, &outcome.id).index, outcome.index, "where the content is");
    play_free(&play);
}

Test(r17, who_adds_it_holds_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = evidence(&play);
    order.person = DESK_SUPPORT;
    play.evidence = play_must(&play, order);
    cr_assert(holds(&play, DESK_SUPPORT));
    play_free(&play);
}

Test(r17, the_chain_begins_with_acquiring_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id id = play_must(&play, evidence(&play));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_EVIDENCE,
                         .aspect = RESPONSE_ASPECT_EVIDENCE, .revision = 1, .to = "acquire"));
    struct response_event event = play_event(&play, 1);
    cr_assert(vg_id_equal(&event.part, &id));
    cr_assert_eq(event.happened_at, 4711);
    cr_assert(play_contains(event.text, "alert.json, 14 bytes, SHA-256 "));
    cr_assert(play_contains(event.text, ", from siem, collected by Ann"));
    cr_assert(play_misses(&play, custody(&play, RESPONSE_ACQUIRE, DESK_ANN), "action"),
              "and nobody acquires it again");
    play_free(&play);
}

/* ---- custody -----------------------------------------------------------------------------------
 */

Test(r17, custody_is_offered_and_accepted)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_name(&play, DESK_BEN, "Ben");
    play_must(&play, offer(&play, DESK_ANN, DESK_BEN));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_CUSTODY,
                         .aspect = RESPONSE_ASPECT_EVIDENCE, .revision = 2, .to = "offer to Ben"));
    cr_assert(holds(&play, DESK_ANN), "until it is accepted");
    play_must(&play, custody(&play, RESPONSE_ACCEPT, DESK_BEN));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_CUSTODY,
                         .aspect = RESPONSE_ASPECT_EVIDENCE, .revision = 3, .to = "accept",
                         .by = DESK_BEN));
    cr_assert(holds(&play, DESK_BEN));
    cr_assert(play_refuses(&play, custody(&play, RESPONSE_ACCEPT, DESK_BEN),
                           RESPONSE_REFUSED_NOT_OFFERED),
              "an offer is accepted once");
    play_free(&play);
}

Test(r17, only_who_it_was_offered_to_accepts)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, custody(&play, RESPONSE_ACCEPT, DESK_BEN),
                           RESPONSE_REFUSED_NOT_OFFERED));
    play_must(&play, offer(&play, DESK_ANN, DESK_BEN));
    cr_assert(play_refuses(&play, custody(&play, RESPONSE_ACCEPT, DESK_LEGAL),
                           RESPONSE_REFUSED_NOT_OFFERED));
    cr_assert(play_refuses(&play, custody(&play, RESPONSE_ACCEPT, DESK_ANN),
                           RESPONSE_REFUSED_NOT_OFFERED));
    play_must(&play, offer(&play, DESK_ANN, DESK_LEGAL));
    cr_assert(play_refuses(&play, custody(&play, RESPONSE_ACCEPT, DESK_BEN),
                           RESPONSE_REFUSED_NOT_OFFERED),
              "the last offer counts");
    play_must(&play, custody(&play, RESPONSE_ACCEPT, DESK_LEGAL));
    play_free(&play);
}

Test(r17, the_holder_alone_offers_seals_and_disposes)
{
    static const uint8_t actions[] = {RESPONSE_OFFER, RESPONSE_SEAL, RESPONSE_DISPOSE};
    struct play play = play_new(RESPONSE_DETECT);
    for (size_t i = 0; i < 3; i++) {
        struct desk_order order = custody(&play, actions[i], DESK_BEN);
        if (actions[i] == RESPONSE_OFFER)
            order.command.custody.to = desk_author(play.desk, DESK_LEGAL);
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_HOLDER));
        order.person = DESK_ANN;
        play_must(&play, order);
    }
    struct response_evidence found = play_evidence(&play, &play.evidence);
    cr_assert(found.sealed);
    cr_assert(found.disposed);
    play_free(&play);
}

Test(r17, anybody_of_the_staff_looks_at_it_and_verifies_it)
{
    static const uint8_t actions[] = {RESPONSE_ACCESS, RESPONSE_VERIFY};
    struct play play = play_new(RESPONSE_DETECT);
    for (size_t i = 0; i < 2; i++) {
        struct desk_order order = custody(&play, actions[i], DESK_SUPPORT);
        order.command.custody.hash.bytes[0] = actions[i] == RESPONSE_VERIFY;
        play_must(&play, order);
        cr_assert(holds(&play, DESK_ANN));
        cr_assert_eq(play_evidence(&play, &play.evidence).revision.revision, i + 2);
    }
    play_free(&play);
}

Test(r17, an_offer_names_a_receiver_and_nothing_else_does)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, custody(&play, RESPONSE_OFFER, DESK_ANN),
                           RESPONSE_REFUSED_OFFER_TO_WHOM));
    for (uint8_t action = RESPONSE_ACCESS; action <= RESPONSE_DISPOSE; action++) {
        struct desk_order order = custody(&play, action, DESK_ANN);
        order.command.custody.to = desk_author(play.desk, DESK_BEN);
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OFFER_TO_WHOM), "action %d", action);
    }
    play_free(&play);
}

Test(r17, a_receiver_is_somebody_who_is_here)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = custody(&play, RESPONSE_OFFER, DESK_ANN);
    order.command.custody.to = play.incident;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON));
    play_expel(&play, DESK_BEN);
    cr_assert(play_refuses(&play, offer(&play, DESK_ANN, DESK_BEN), RESPONSE_REFUSED_NO_PERSON));
    play_free(&play);
}

Test(r17, a_verification_says_whether_the_hash_is_the_same)
{
    struct play play = play_new(RESPONSE_DETECT);
    play.evidence = play_must(&play, evidence(&play));
    struct desk_order order = custody(&play, RESPONSE_VERIFY, DESK_BEN);
    order.command.custody.hash = vg_sha256(vg_span_text(content));
    order.command.custody.text = vg_span_text("as of tonight");
    play_must(&play, order);
    cr_assert(PLAY_TELLS(
        &play, 1, .kind = RESPONSE_EVENT_CUSTODY, .aspect = RESPONSE_ASPECT_EVIDENCE, .revision = 2,
        .to = "verify: the hash is the same", .text = "as of tonight", .by = DESK_BEN));
    order.command.custody.hash.bytes[0] ^= 1;
    play_must(&play, order);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_CUSTODY,
                         .aspect = RESPONSE_ASPECT_EVIDENCE, .revision = 3,
                         .to = "verify: the hash is ANOTHER one", .by = DESK_BEN));
    play_free(&play);
}

Test(r17, a_verification_names_a_hash_and_nothing_else_does)
{
    struct play play = play_new(RESPONSE_DETECT);
    for (uint8_t action = RESPONSE_ACCESS; action <= RESPONSE_DISPOSE; action++) {
        struct desk_order order = custody(&play, action, DESK_ANN);
        order.command.custody.hash.bytes[0] = action != RESPONSE_VERIFY;
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_VERIFIED_WHAT), "action %d", action);
    }
    play_free(&play);
}

/* What somebody left behind is handed on, by an incident manager alone. */
Test(r17, a_manager_offers_what_somebody_left_behind)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = offer(&play, DESK_MANAGER, DESK_BEN);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_HOLDER));
    play_expel(&play, DESK_ANN);
    cr_assert(play_refuses(&play, offer(&play, DESK_BEN, DESK_BEN), RESPONSE_REFUSED_NOT_HOLDER));
    cr_assert(play_refuses(&play, custody(&play, RESPONSE_DISPOSE, DESK_MANAGER),
                           RESPONSE_REFUSED_NOT_HOLDER));
    play_must(&play, order);
    play_must(&play, custody(&play, RESPONSE_ACCEPT, DESK_BEN));
    cr_assert(holds(&play, DESK_BEN));
    play_free(&play);
}

Test(r17, nothing_comes_after_disposal)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_must(&play, offer(&play, DESK_ANN, DESK_BEN));
    play_must(&play, custody(&play, RESPONSE_DISPOSE, DESK_ANN));
    cr_assert(play_refuses(&play, offer(&play, DESK_ANN, DESK_LEGAL), RESPONSE_REFUSED_DISPOSED));
    cr_assert(
        play_refuses(&play, custody(&play, RESPONSE_ACCEPT, DESK_BEN), RESPONSE_REFUSED_DISPOSED));
    for (uint8_t action = RESPONSE_ACCESS; action <= RESPONSE_DISPOSE; action++)
        cr_assert(play_refuses(&play, custody(&play, action, DESK_ANN), RESPONSE_REFUSED_DISPOSED));
    play_free(&play);
}

Test(r17, the_chain_of_custody_only_grows)
{
    static const char *const chain[] = {"acquire", "access", "seal",
                                        "verify: the hash is ANOTHER one", "dispose"};
    static const uint8_t actions[] = {RESPONSE_ACCESS, RESPONSE_SEAL, RESPONSE_VERIFY,
                                      RESPONSE_DISPOSE};
    struct play play = play_new(RESPONSE_DETECT);
    for (size_t i = 0; i < 4; i++) {
        struct desk_order order = custody(&play, actions[i], DESK_ANN);
        order.command.custody.hash.bytes[0] = actions[i] == RESPONSE_VERIFY;
        cr_assert_eq(desk_send(play.desk, &order).error.code, VG_OK, "it needs nothing expected");
        for (uint64_t revision = 1; revision <= i + 2; revision++) {
            struct response_event event;
            cr_assert(response_change_get(&play.desk->machine, &play.desk->genesis.first,
                                          &play.incident, RESPONSE_ASPECT_EVIDENCE, &play.evidence,
                                          revision, &event));
            cr_assert(play_says(event.to, chain[revision - 1]), "link %zu of %zu", (size_t)revision,
                      i);
        }
    }
    play_free(&play);
}

Test(r17, evidence_is_of_its_incident)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id elsewhere = play.evidence;
    play_begin(&play, "", RESPONSE_DETECT);
    struct desk_order order = custody(&play, RESPONSE_ACCESS, DESK_ANN);
    order.command.custody.evidence = elsewhere;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_EVIDENCE));
    play_free(&play);
}
