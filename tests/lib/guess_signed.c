/* SPDX-License-Identifier: Apache-2.0
 * Guesses of what two people sign: withdrawals of declarations, drills, and new keys. */
#include "proto/response/machine.h"
#include "tests/lib/guess_internal.h"

static vg_span encoded(const struct response_command *command, uint8_t *out, size_t size)
{
    struct vg_buffer bytes = {0};
    response_command_encode(command, &bytes);
    size_t kept = bytes.size < size ? bytes.size : size;
    memcpy(out, bytes.data, kept);
    vg_buffer_free(&bytes);
    return vg_span_of(out, kept);
}

struct vg_keys guess_keys(struct thought *thought, const vg_id *person, uint64_t key,
                          uint64_t channel)
{
    const struct vg_signer *signer = model_signer(thought->model);
    const uint8_t seed[VG_SEED_SIZE] = {0xee, (uint8_t)key, (uint8_t)(key >> 8)};
    const uint8_t channel_seed[VG_SEED_SIZE] = {0xcc, (uint8_t)channel, (uint8_t)(channel >> 8)};
    struct vg_holder holder = response_holder_of(person);
    struct vg_keys keys;
    vg_secret_key secret;
    vg_channel_secret unused;
    signer->keypair(seed, &keys.key, &secret);
    vg_channel_keypair(channel_seed, &keys.channel, &unused);
    vg_binding_sign(signer, &holder, &keys.channel, &secret, &keys.binding);
    return keys;
}

uint32_t guess_officer(struct thought *thought)
{
    const struct ledger_genesis *genesis = thought->genesis;
    uint32_t at = (uint32_t)guess_below(thought, genesis->person_count);
    uint32_t tries = genesis->person_count;
    while ((genesis->people[at].bits & (LEDGER_PERSON_OPERATOR | LEDGER_PERSON_KEY_OFFICER)) == 0 &&
           tries-- > 0)
        at = (at + 1) % genesis->person_count;
    return at;
}

/* Mostly keys that nobody has had. */
static struct response_command some_rekey(struct thought *thought)
{
    enum { KEYS = 20000 };
    struct response_command command = {.op = RESPONSE_OP_REKEY};
    uint64_t number = guess_once_in(thought, 12) ? 0 : 1000 + guess_below(thought, KEYS);
    uint64_t channel = guess_once_in(thought, 12) ? 0 : number;
    command.rekey.holder = guess_person(thought);
    if (guess_once_in(thought, 4))
        command.rekey.holder = response_node_author(
            (vg_node_id){1 + guess_below(thought, thought->genesis->member_count + 1)});
    command.rekey.keys = guess_keys(thought, &command.rekey.holder, number, channel);
    if (guess_once_in(thought, 15))
        command.rekey.keys.binding.bytes[0] ^= 1;
    return command;
}

/* The end of a compartment, or its recovery, whose record lies in `out->bytes`. */
static struct response_command some_ending(struct thought *thought)
{
    static const enum response_op ops[] = {RESPONSE_OP_SHRED, RESPONSE_OP_RECOVERY_GONE,
                                           RESPONSE_OP_RECOVER, RESPONSE_OP_RECOVER};
    struct response_command before = thought->out->command;
    memset(&thought->out->command, 0, sizeof thought->out->command);
    thought->out->command.op = ops[guess_below(thought, sizeof ops / sizeof ops[0])];
    if (thought->out->command.op == RESPONSE_OP_RECOVER)
        guess_clearing(thought);
    else
        guess_shredding(thought);
    struct response_command made = thought->out->command;
    thought->out->command = before;
    return made;
}

/* What is proposed, of the incident or as a drill: nearly always the same words, so that who
 * approves can say what is signed. */
static vg_span proposed_bytes(struct thought *thought, bool usual)
{
    struct guess *out = thought->out;
    struct response_command command = {
        .op = RESPONSE_OP_WITHDRAW,
        .withdraw = {.incident = thought->incident,
                     .reason = vg_span_text(usual ? "declared in error" : "declared too early")}};
    struct response_command drill = {.op = RESPONSE_OP_DRILL,
                                     .drill = {.kind = RESPONSE_DRILL_LEADER_LOSS,
                                               .duration_ms = 600000,
                                               .recovery_target_ms = 1000,
                                               .stalled_target_ms = 1000,
                                               .region = vg_span_text(""),
                                               .reason = vg_span_text("quarterly")}};
    if (!usual && guess_once_in(thought, 2)) {
        drill.drill.kind = (uint8_t)(1 + guess_below(thought, RESPONSE_DRILL_DISK_FULL));
        drill.drill.node = guess_below(thought, 5);
        drill.drill.region = vg_span_text(guess_once_in(thought, 2) ? "emea" : "");
        drill.drill.delay_ms = guess_once_in(thought, 2) ? 100 : 0;
    }
    if (guess_in_control(thought) != guess_once_in(thought, 40))
        command = guess_once_in(thought, 2) ? some_ending(thought) : some_rekey(thought);
    bool drills = guess_in_directory(thought) != guess_once_in(thought, 40);
    return encoded(drills ? &drill : &command, out->bytes, sizeof out->bytes);
}

void guess_proposal(struct thought *thought)
{
    struct guess *out = thought->out;
    vg_span bytes = proposed_bytes(thought, !guess_once_in(thought, 10));
    if (guess_once_in(thought, 30))
        bytes.size -= 1;
    if (guess_once_in(thought, 30))
        out->bytes[1] = RESPONSE_OP_REOPEN;
    out->command.propose.command = bytes;
    if (!guess_once_in(thought, 6))
        out->command.propose.role = 0;
    if (!guess_once_in(thought, 10))
        out->command.propose.expires_at =
            thought->now_ms + 6 * MINUTE_MS + guess_below(thought, 6 * (uint64_t)DAY_MS);
    else if (guess_once_in(thought, 2))
        out->command.propose.expires_at = thought->now_ms + 5 * MINUTE_MS - guess_below(thought, 2);
}

/* No reason is given in control entries. */
static void say_little(struct thought *thought, vg_span *reason)
{
    if (guess_in_control(thought) && !guess_once_in(thought, 20))
        *reason = vg_span_text(RESPONSE_NO_REASON);
}

void guess_rejection(struct thought *thought)
{
    say_little(thought, &thought->out->command.reject.reason);
}

void guess_rekey(struct thought *thought)
{
    thought->out->command = some_rekey(thought);
}

void guess_approval(struct thought *thought)
{
    struct guess *out = thought->out;
    vg_hash hash;
    say_little(thought, &out->command.approve.reason);
    if (!guess_once_in(thought, 20) &&
        model_proposed(thought->model, &out->compartment, &out->command.approve.proposal, &hash))
        out->command.approve.hash = hash;
    if (!guess_once_in(thought, 6))
        out->command.approve.role = 0;
}

void guess_probe(struct thought *thought)
{
    thought->out->command.drill_probe.number = 250 + guess_below(thought, 12);
}
