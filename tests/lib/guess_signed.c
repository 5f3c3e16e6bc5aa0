/* SPDX-License-Identifier: Apache-2.0
 * Guesses of what two people sign: withdrawals of declarations, drills, and new keys. */
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

/* Mostly keys that nobody has had. */
static struct response_command some_rekey(struct thought *thought)
{
    enum { KEYS = 20000 };
    struct response_command command = {.op = RESPONSE_OP_REKEY};
    uint64_t number = guess_once_in(thought, 12) ? 0 : 1000 + guess_below(thought, KEYS);
    uint64_t channel = guess_once_in(thought, 12) ? 0 : number;
    command.rekey.person = guess_person(thought);
    command.rekey.keys = guess_keys(thought, &command.rekey.person, number, channel);
    if (guess_once_in(thought, 15))
        command.rekey.keys.binding.bytes[0] ^= 1;
    return command;
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
        command = some_rekey(thought);
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
