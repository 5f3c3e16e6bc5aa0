/* SPDX-License-Identifier: Apache-2.0
 * The agent's desk (docs/keys.md): which questions it answers, for how long, and what it never
 * signs. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/bytes.h"
#include "common/text.h"
#include "ops/agent/desk.h"
#include "proto/ledger/entry.h"

enum { LIFE_S = 100, COMMAND_MAX = 1024 };

static struct agent_desk *desk;
static struct vg_identity ada, ben;
static uint8_t answer[AGENT_ANSWER_MAX];
static size_t answer_size;

static void setup(void)
{
    struct vg_error error;
    vg_crypto_init();
    cr_assert_eq(agent_desk_new(&desk, &error), VG_OK, "%s", error.text);
    vg_identity_make(VG_IDENTITY_PERSON, &(vg_id){{1, 1}}, (vg_node_id){0}, &ada);
    vg_identity_make(VG_IDENTITY_PERSON, &(vg_id){{2, 2}}, (vg_node_id){0}, &ben);
}

static void teardown(void)
{
    agent_desk_free(desk);
}

TestSuite(agent, .init = setup, .fini = teardown);

/* Asks with up to three parts, at a time; the code of the answer. */
static enum vg_code ask(uint64_t now_s, uint8_t which, vg_span first, vg_span second)
{
    struct vg_buffer question = {0};
    vg_buffer_append(&question, &which, 1);
    vg_buffer_append(&question, first.data, first.size);
    vg_buffer_append(&question, second.data, second.size);
    answer_size = agent_desk_answer(desk, vg_buffer_span(&question), now_s, answer);
    vg_buffer_free(&question);
    cr_assert_geq(answer_size, 1);
    return vg_code_from_number(answer[0]);
}

static const vg_span nothing;

static enum vg_code unlock(uint64_t now_s, const struct vg_identity *identity, uint32_t life_s)
{
    uint8_t life[4];
    struct vg_writer writer = vg_writer_of(life, sizeof life);
    struct vg_identity_file file = {.identity = *identity};
    struct vg_identity_text text;
    vg_write_u32(&writer, life_s);
    vg_identity_format(&file, &text);
    return ask(now_s, AGENT_UNLOCK, vg_span_of(life, sizeof life),
               vg_span_of(text.text, text.size));
}

static vg_span command_of(const struct vg_identity *author, uint8_t *out)
{
    struct ledger_command command = {
        .author = author->id, .request = {{9}}, .body = vg_span_text("body")};
    size_t size = ledger_command_size(&command);
    cr_assert_leq(size, COMMAND_MAX);
    ledger_command_encode(&command, out);
    return vg_span_of(out, size);
}

static enum vg_code sign(uint64_t now_s, const struct vg_identity *with, vg_span bytes)
{
    return ask(now_s, AGENT_SIGN, vg_span_of(with->pub.bytes, sizeof with->pub.bytes), bytes);
}

static enum vg_code dh(uint64_t now_s, const vg_channel_public *ours,
                       const vg_channel_public *theirs)
{
    return ask(now_s, AGENT_DH, vg_span_of(ours->bytes, sizeof ours->bytes),
               vg_span_of(theirs->bytes, sizeof theirs->bytes));
}

static unsigned held(uint64_t now_s)
{
    cr_assert_eq(ask(now_s, AGENT_HELD, nothing, nothing), VG_OK);
    cr_assert_eq((answer_size - 1) % AGENT_HELD_SIZE, 0);
    return (unsigned)((answer_size - 1) / AGENT_HELD_SIZE);
}

Test(agent, signs_commands_of_the_person_it_holds)
{
    uint8_t bytes[COMMAND_MAX];
    vg_span command = command_of(&ada, bytes);
    cr_expect_eq(sign(0, &ada, command), VG_UNAVAILABLE);
    cr_assert_eq(unlock(0, &ada, LIFE_S), VG_OK);
    cr_assert_eq(sign(0, &ada, command), VG_OK);
    cr_assert_eq(answer_size, 1 + VG_SIGNATURE_SIZE);
    memcpy(bytes + command.size - VG_SIGNATURE_SIZE, answer + 1, VG_SIGNATURE_SIZE);
    cr_expect(ledger_command_verify(command, &vg_signer_ed25519, &ada.pub));
}

/* Neither another's command, nor a binding, nor a message with the label already before it. */
Test(agent, signs_nothing_else)
{
    uint8_t bytes[COMMAND_MAX], labelled[COMMAND_MAX + 15];
    cr_assert_eq(unlock(0, &ada, LIFE_S), VG_OK);
    cr_expect_eq(sign(0, &ada, command_of(&ben, bytes)), VG_FORBIDDEN);
    vg_span command = command_of(&ada, bytes);
    cr_expect_eq(sign(0, &ben, command), VG_UNAVAILABLE);
    memcpy(labelled, "vigil-command-1", 15);
    memcpy(labelled + 15, bytes, command.size);
    cr_expect_eq(sign(0, &ada, vg_span_of(labelled, 15 + command.size)), VG_INVALID);
    cr_expect_eq(sign(0, &ada, vg_span_text("vigil-channel-key-1\x01 and so on")), VG_INVALID);
    cr_expect_eq(sign(0, &ada, nothing), VG_INVALID);
    for (size_t size = 0; size < command.size; size++)
        cr_expect_eq(sign(0, &ada, vg_span_of(bytes, size)), VG_INVALID, "%zu bytes", size);
}

/* RFC 7748, section 6.1, by way of two agents' keys: both sides have the same secret. */
Test(agent, makes_the_shared_secret_of_a_channel)
{
    static const vg_channel_public low_order = {{1}};
    uint8_t expected[VG_CHANNEL_KEY_SIZE];
    cr_expect_eq(dh(0, &ada.channel_pub, &ben.channel_pub), VG_UNAVAILABLE);
    cr_assert_eq(unlock(0, &ada, LIFE_S), VG_OK);
    cr_assert(vg_channel_dh(&ben.channel_secret, &ada.channel_pub, expected));
    cr_assert_eq(dh(0, &ada.channel_pub, &ben.channel_pub), VG_OK);
    cr_assert_eq(answer_size, 1 + VG_CHANNEL_KEY_SIZE);
    cr_expect_arr_eq(answer + 1, expected, VG_CHANNEL_KEY_SIZE);
    cr_expect_eq(dh(0, &ada.channel_pub, &low_order), VG_INTEGRITY);
    cr_expect_eq(dh(0, &ben.channel_pub, &ada.channel_pub), VG_UNAVAILABLE);
}

Test(agent, forgets_in_time_and_when_told)
{
    uint8_t bytes[COMMAND_MAX];
    vg_span command = command_of(&ada, bytes);
    cr_expect_eq(agent_desk_expire(desk, 0), UINT64_MAX);
    cr_assert_eq(unlock(10, &ada, LIFE_S), VG_OK);
    cr_assert_eq(unlock(20, &ben, LIFE_S), VG_OK);
    cr_expect_eq(agent_desk_expire(desk, 20), 10 + LIFE_S);
    cr_expect_eq(sign(9 + LIFE_S, &ada, command), VG_OK);
    cr_expect_eq(sign(10 + LIFE_S, &ada, command), VG_UNAVAILABLE);
    cr_expect_eq(held(10 + LIFE_S), 1);
    cr_expect_arr_eq(answer + 1, ben.id.bytes, sizeof ben.id.bytes);
    cr_expect_eq(agent_desk_expire(desk, 20 + LIFE_S), UINT64_MAX);
    cr_expect_eq(held(20 + LIFE_S), 0);

    cr_assert_eq(unlock(200, &ada, LIFE_S), VG_OK);
    cr_expect_eq(ask(200, AGENT_LOCK, nothing, nothing), VG_OK);
    cr_expect_eq(sign(200, &ada, command), VG_UNAVAILABLE);
}

Test(agent, holds_each_key_once_and_a_bounded_number)
{
    struct vg_identity other;
    cr_assert_eq(unlock(0, &ada, LIFE_S), VG_OK);
    cr_assert_eq(unlock(50, &ada, LIFE_S), VG_OK);
    cr_expect_eq(held(50), 1);
    cr_expect_eq(agent_desk_expire(desk, 50), 50 + LIFE_S);
    for (unsigned count = 1; count < AGENT_KEYS_MAX; count++) {
        vg_identity_make(VG_IDENTITY_PERSON, &(vg_id){{3}}, (vg_node_id){0}, &other);
        cr_assert_eq(unlock(50, &other, LIFE_S), VG_OK);
    }
    cr_expect_eq(unlock(50, &ben, LIFE_S), VG_BUSY);
    cr_expect_eq(unlock(50, &ada, LIFE_S), VG_OK);
    cr_expect_eq(held(50), AGENT_KEYS_MAX);
    cr_expect_eq(unlock(50 + LIFE_S, &ben, LIFE_S), VG_OK);
}

Test(agent, takes_open_identities_of_people_for_a_bounded_time)
{
    struct vg_identity node;
    struct vg_error error;
    struct vg_identity_file sealed;
    struct vg_identity_text text;
    struct vg_seal seal = vg_seal_make(1, VG_SEAL_KIB_MIN);
    uint8_t life[4] = {LIFE_S};
    vg_identity_make(VG_IDENTITY_NODE, &(vg_id){{0}}, (vg_node_id){7}, &node);
    cr_expect_eq(unlock(0, &node, LIFE_S), VG_INVALID);
    cr_expect_eq(unlock(0, &ada, 0), VG_INVALID);
    cr_expect_eq(unlock(0, &ada, AGENT_LIFE_MAX_S + 1), VG_INVALID);
    cr_assert_eq(vg_identity_seal(&ada, &seal, vg_span_text("correct horse"), &sealed, &error),
                 VG_OK);
    vg_identity_format(&sealed, &text);
    cr_expect_eq(ask(0, AGENT_UNLOCK, vg_span_of(life, 4), vg_span_of(text.text, text.size)),
                 VG_INVALID);
    cr_expect_eq(held(0), 0);
    cr_expect_eq(unlock(0, &ada, AGENT_LIFE_MAX_S), VG_OK);
}

Test(agent, answers_whatever_it_is_asked)
{
    static const uint8_t zeros[3000];
    cr_assert_eq(unlock(0, &ada, LIFE_S), VG_OK);
    answer_size = agent_desk_answer(desk, nothing, 0, answer);
    cr_expect_eq(answer[0], VG_INVALID);
    for (unsigned which = 0; which <= UINT8_MAX; which++)
        for (size_t size = 0; size < sizeof zeros; size += 31) {
            enum vg_code code = ask(0, (uint8_t)which, vg_span_of(zeros, size), nothing);
            bool is_plain = which == AGENT_HELD || which == AGENT_LOCK;
            cr_expect_eq(code == VG_OK, is_plain && size == 0, "question %u, %zu bytes: %s", which,
                         size, vg_code_name(code));
        }
}
