/* SPDX-License-Identifier: Apache-2.0
 * Questions to the agent, one after the other, each: u8 which, u16 size, bytes. With the high bit
 * of `which`, what only this program knows is put before the bytes: its key, or its open identity.
 * A key signs commands of its person alone; what is forgotten answers no more. */
#include "ops/agent/desk.h"
#include "proto/ledger/entry.h"
#include "tests/fuzz/fuzz.h"

enum { KNOWN = 0x80, LIFE_S = 60 };

static struct vg_identity make_person(void)
{
    static const uint8_t seeds[2][VG_SEED_SIZE] = {{1}, {2}};
    struct vg_identity person = {.kind = VG_IDENTITY_PERSON, .id = {{1, 1}}};
    struct vg_holder holder = vg_identity_holder(&person);
    vg_signer_ed25519.keypair(seeds[0], &person.pub, &person.secret);
    vg_channel_keypair(seeds[1], &person.channel_pub, &person.channel_secret);
    vg_binding_sign(&vg_signer_ed25519, &holder, &person.channel_pub, &person.secret,
                    &person.binding);
    return person;
}

static void put_known(struct vg_buffer *question, uint8_t which, const struct vg_identity *person)
{
    static const uint8_t life[4] = {LIFE_S};
    struct vg_identity_file file = {.identity = *person};
    struct vg_identity_text text;
    vg_identity_format(&file, &text);
    if (which == AGENT_SIGN)
        vg_buffer_append(question, person->pub.bytes, sizeof person->pub.bytes);
    if (which == AGENT_DH)
        vg_buffer_append(question, person->channel_pub.bytes, sizeof person->channel_pub.bytes);
    if (which == AGENT_UNLOCK) {
        vg_buffer_append(question, life, sizeof life);
        vg_buffer_append(question, text.text, text.size);
    }
}

static void check_signature(vg_span question, const uint8_t *signature,
                            const struct vg_identity *person)
{
    struct ledger_command command;
    struct vg_buffer covered = {0};
    vg_signature made;
    vg_span bytes =
        vg_span_of(question.data + 1 + VG_PUBLIC_KEY_SIZE, question.size - 1 - VG_PUBLIC_KEY_SIZE);
    memcpy(made.bytes, signature, sizeof made.bytes);
    assert(ledger_command_decode(bytes, &command, NULL) == VG_OK);
    assert(vg_id_equal(&command.author, &person->id));
    assert(vg_signer_ed25519.verify(ledger_command_covered(bytes, &covered), &person->pub, &made));
    vg_buffer_free(&covered);
}

static void check_answer(vg_span question, const uint8_t *answer, size_t size,
                         const struct vg_identity *person, bool *held)
{
    assert(size >= 1 && size <= AGENT_ANSWER_MAX);
    bool good = answer[0] == VG_OK;
    assert(good || (size > 1 && vg_code_from_number(answer[0]) != VG_INTEGRITY) ||
           question.data[0] == AGENT_DH || question.data[0] == AGENT_UNLOCK);
    if (!good)
        return;
    assert(question.data[0] != AGENT_SIGN || (*held && size == 1 + VG_SIGNATURE_SIZE));
    assert(question.data[0] != AGENT_DH || (*held && size == 1 + VG_CHANNEL_KEY_SIZE));
    assert(question.data[0] != AGENT_HELD || size == 1 + (*held ? AGENT_HELD_SIZE : 0));
    if (question.data[0] == AGENT_SIGN)
        check_signature(question, answer + 1, person);
    if (question.data[0] == AGENT_UNLOCK || question.data[0] == AGENT_LOCK)
        *held = question.data[0] == AGENT_UNLOCK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    struct vg_identity person = make_person();
    struct vg_buffer question = {0};
    uint8_t answer[AGENT_ANSWER_MAX];
    struct agent_desk *desk;
    bool held = false;
    vg_crypto_init();
    enum vg_code made = agent_desk_new(&desk, NULL);
    assert(made == VG_OK);
    while (input.at < input.end && !input.failed) {
        uint8_t which = vg_read_u8(&input);
        uint16_t more = vg_read_u16(&input);
        vg_span bytes = vg_read_span(&input, more);
        uint8_t plain = which & (uint8_t)~KNOWN;
        vg_buffer_clear(&question);
        vg_buffer_append(&question, &plain, 1);
        if ((which & KNOWN) != 0)
            put_known(&question, plain, &person);
        vg_buffer_append(&question, bytes.data, bytes.size);
        size_t said = agent_desk_answer(desk, vg_buffer_span(&question), 0, answer);
        check_answer(vg_buffer_span(&question), answer, said, &person, &held);
    }
    vg_buffer_free(&question);
    agent_desk_free(desk);
    return 0;
}
