/* SPDX-License-Identifier: Apache-2.0
 * Guesses of what two people sign: withdrawals of declarations, and drills. */
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

void guess_approval(struct thought *thought)
{
    struct guess *out = thought->out;
    vg_span bytes = proposed_bytes(thought, true);
    const struct ledger_command proposed = {.compartment = out->compartment, .body = bytes};
    if (!guess_once_in(thought, 20))
        out->command.approve.hash = ledger_request_hash(&proposed);
    if (!guess_once_in(thought, 6))
        out->command.approve.role = 0;
}

void guess_probe(struct thought *thought)
{
    thought->out->command.drill_probe.number = 250 + guess_below(thought, 12);
}
