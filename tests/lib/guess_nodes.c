/* SPDX-License-Identifier: Apache-2.0
 * Made-up evictions of nodes, what follows from them, and what nodes say by themselves. */
#include "common/text.h"
#include "tests/lib/guess_internal.h"
#include "tests/lib/sealing.h"

/* Seldom the node that gives commands, and now and then one that there is not. */
void guess_eviction(struct thought *thought)
{
    uint64_t *node = &thought->out->command.evict.node;
    uint32_t count = thought->genesis->member_count;
    bool of_nowhere = guess_once_in(thought, 20) || count == 1;
    *node = 2 + guess_below(thought, of_nowhere ? count : count - 1);
    if (guess_once_in(thought, 40))
        *node = 1;
}

/* ---- epochs ------------------------------------------------------------------------------------
 */

/* Mostly one that is sealed; now and then one that is not. */
static vg_id sealed_compartment(struct thought *thought)
{
    uint32_t count = model_sealed_count(thought->model);
    if (guess_once_in(thought, 20) || count == 0)
        return thought->genesis->first;
    return model_sealed_at(thought->model, (uint32_t)guess_below(thought, count));
}

static unsigned holders_of(const struct compartment_epoch *epoch)
{
    unsigned holders = 0;
    for (uint32_t i = 0; i < epoch->wrap_count; i++)
        holders |= 1U << epoch->wraps[i].holder.value;
    return holders | (sealing_has_own_recovery(epoch) ? SEALING_OWN_RECOVERY : 0);
}

static unsigned without_evicted(const struct thought *thought, unsigned holders)
{
    for (uint32_t i = 0; i < thought->genesis->member_count; i++)
        if (model_node_gone(thought->model, thought->genesis->members[i].id.value))
            holders &= ~(1U << thought->genesis->members[i].id.value);
    return holders;
}

static uint64_t some_node(struct thought *thought)
{
    return 1 + guess_below(thought, thought->genesis->member_count + guess_once_in(thought, 20));
}

/* Mostly one that is a holder, or is none. */
static unsigned node_that(struct thought *thought, unsigned now, bool holds)
{
    enum { TRIES = 4 };
    unsigned node = 0;
    for (int i = 0; i < TRIES && (node == 0 || ((now & node) != 0) != holds); i++)
        node = 1U << some_node(thought);
    return node;
}

/* The holders that make sense after those there are. */
static unsigned next_holders(struct thought *thought, unsigned now)
{
    unsigned node = node_that(thought, now, thought->out->command.op == RESPONSE_OP_REVOKE);
    switch (thought->out->command.op) {
    case RESPONSE_OP_CREATE:
        return 1 | node | 1U << some_node(thought) | 1U << some_node(thought) |
               (guess_once_in(thought, 3) ? 0 : SEALING_OWN_RECOVERY);
    case RESPONSE_OP_CLEAR:
        return now | node;
    case RESPONSE_OP_REVOKE:
        return now & ~node;
    case RESPONSE_OP_RECOVER:
        return (now & (1 | SEALING_OWN_RECOVERY)) | node | 1U << some_node(thought);
    default:
        return now;
    }
}

/* The record that follows, as it is to be sent; seldom another. */
static struct compartment_epoch next_record(struct thought *thought, unsigned *before)
{
    bool begins = thought->out->command.op == RESPONSE_OP_CREATE;
    vg_id compartment = begins ? thought->out->request : sealed_compartment(thought);
    const struct compartment_epoch *now = model_epoch(thought->model, &compartment);
    uint64_t number = (now != NULL ? now->epoch : 0) + 1;
    *before = now != NULL ? holders_of(now) : 0;
    unsigned holders = next_holders(thought, *before);
    if (!guess_once_in(thought, 10))
        holders = without_evicted(thought, holders);
    if (guess_once_in(thought, 15))
        number += guess_below(thought, 3) - 1;
    if (guess_once_in(thought, 15))
        holders ^= 1U << guess_below(thought, thought->genesis->member_count + 1);
    struct compartment_epoch epoch =
        sealing_epoch_for(&compartment, number > 0 ? number : 1, holders);
    epoch.previous.bytes[0] ^= guess_once_in(thought, 15) ? 1 : 0;
    return epoch;
}

/* Those who are new in it sign, or all but one, or somebody else does. */
static void sign_offers(struct thought *thought, const struct compartment_epoch *epoch,
                        unsigned before)
{
    struct guess *out = thought->out;
    size_t size = 0;
    for (uint32_t i = 0; i < epoch->wrap_count; i++) {
        uint64_t node = epoch->wraps[i].holder.value;
        vg_public_key key = {{0}};
        if (node == COMPARTMENT_RECOVERY || (before >> node & 1) != 0 || guess_once_in(thought, 20))
            continue;
        model_node_key(thought->model, guess_once_in(thought, 20) ? 1 : node, &key);
        vg_signature offer = sealing_offer(&epoch->compartment, node, &key);
        memcpy(out->offers + size, &offer, sizeof offer);
        size += sizeof offer;
    }
    out->command.clearing.offers =
        vg_span_of(out->offers, size > 0 ? size : sizeof(vg_signature)); /* a command has one */
}

static vg_id some_override(struct thought *thought)
{
    uint32_t count = model_override_count(thought->model);
    vg_id of = {{0}};
    return count > 0 && !guess_once_in(thought, 8)
               ? model_override_at(thought->model, (uint32_t)guess_below(thought, count), &of)
               : (vg_id){{0xee, 1}};
}

/* Mostly none; else regions of nodes, and seldom one that there is not. */
static void bound(struct thought *thought)
{
    struct response_lines *boundary = &thought->out->command.clearing.boundary;
    boundary->count = (uint8_t)(guess_once_in(thought, 2) ? guess_below(thought, 3) : 0);
    for (uint8_t i = 0; i < boundary->count; i++) {
        uint64_t place = guess_below(thought, thought->genesis->member_count);
        boundary->lines[i] = guess_once_in(thought, 15)
                                 ? vg_span_text("nowhere")
                                 : vg_span_text(thought->genesis->members[place].region);
    }
}

void guess_clearing(struct thought *thought)
{
    struct guess *out = thought->out;
    unsigned before;
    if (out->command.op == RESPONSE_OP_CREATE) {
        uint8_t random[10];
        vg_prng_fill(thought->prng, random, sizeof random);
        out->request = vg_uuid7_make(thought->now_ms, random);
    }
    struct compartment_epoch epoch = next_record(thought, &before);
    out->command.clearing.epoch =
        vg_span_of(out->bytes, compartment_epoch_encode(&epoch, out->bytes) -
                                   (guess_once_in(thought, 20) ? 1 : 0));
    if (out->command.op == RESPONSE_OP_CREATE || out->command.op == RESPONSE_OP_CLEAR)
        sign_offers(thought, &epoch, before);
    if (out->command.op == RESPONSE_OP_RECOVER)
        sign_offers(thought, &epoch, 0);
    if (out->command.op == RESPONSE_OP_CREATE)
        out->command.clearing.min_cleared = 1 + guess_below(thought, 3);
    if (out->command.op == RESPONSE_OP_CREATE)
        bound(thought);
    if (out->command.op == RESPONSE_OP_REVOKE || out->command.op == RESPONSE_OP_RECOVER)
        out->command.clearing.override_ =
            guess_once_in(thought, 2) ? some_override(thought) : (vg_id){{0}};
    if (out->command.op == RESPONSE_OP_CREATE && guess_once_in(thought, 20))
        out->request.bytes[15] ^= 1;
}

/* By the node that gives commands, of what it was revoked from. */
void guess_attestation(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    uint64_t node = thought->genesis->members[0].id.value;
    command->destroyed.compartment = sealed_compartment(thought);
    for (uint32_t i = 0; i < model_sealed_count(thought->model); i++) {
        vg_id compartment = model_sealed_at(thought->model, i);
        if (model_revoked(thought->model, &compartment, node) > 0 && !guess_once_in(thought, 4))
            command->destroyed.compartment = compartment;
    }
    uint64_t epoch = model_revoked(thought->model, &command->destroyed.compartment, node);
    command->destroyed.epoch = epoch > 0 && !guess_once_in(thought, 8) ? epoch : 1;
}

void guess_override(struct thought *thought)
{
    thought->out->command.override_.compartment = sealed_compartment(thought);
}

/* Seldom twice, or of one that is read; mostly at its epoch, or of its key. */
void guess_shredding(struct thought *thought)
{
    enum { TRIES = 6 };
    struct response_command *command = &thought->out->command;
    bool gone = command->op == RESPONSE_OP_RECOVERY_GONE;
    vg_id compartment = sealed_compartment(thought);
    for (int i = 0; i < TRIES && model_shredded(thought->model, &compartment) != gone; i++)
        compartment = sealed_compartment(thought);
    const struct compartment_epoch *now = model_epoch(thought->model, &compartment);
    struct compartment_epoch none = {.epoch = 0};
    now = now != NULL ? now : &none;
    if (gone) {
        command->recovery_gone.compartment = compartment;
        command->recovery_gone.key = sealing_recovery(now);
        command->recovery_gone.key.bytes[0] ^= guess_once_in(thought, 12) ? 1 : 0;
        return;
    }
    command->shred.compartment = compartment;
    command->shred.epoch = now->epoch + (guess_once_in(thought, 12) || now->epoch == 0 ? 1 : 0);
}

/* Mostly of one of the last marks, and of one of two states. */
void guess_checkpoint(struct thought *thought)
{
    enum { BACK = 12 };
    struct guess *out = thought->out;
    uint32_t back = (uint32_t)(guess_once_in(thought, 3) ? guess_below(thought, BACK) : 0);
    uint64_t mark = model_mark(thought->model, &out->compartment, back);
    out->command.checkpoint.mark = mark > 0 && !guess_once_in(thought, 20) ? mark : 1;
    out->command.checkpoint.hash = (vg_hash){{0xcc, (uint8_t)(guess_once_in(thought, 4) ? 1 : 0)}};
    out->command.checkpoint.accepted = guess_once_in(thought, 30) ? 1 : 0;
    out->command.checkpoint.refused = guess_once_in(thought, 30) ? 1 : 0;
}

/* The first machine among the people of the genesis; without any, the first person. */
static vg_id integration(const struct ledger_genesis *genesis)
{
    uint32_t i = 0;
    while (i < genesis->person_count && (genesis->people[i].bits & LEDGER_PERSON_INTEGRATION) == 0)
        i++;
    return genesis->people[i < genesis->person_count ? i : 0].id;
}

/* From a small pool, so that some are counted twice; now and then older than requests are kept. */
void guess_signals(struct thought *thought)
{
    struct guess *out = thought->out;
    const struct ledger_genesis *genesis = thought->genesis;
    enum { SIGNALS = 7 };
    uint64_t wanted = 1 + guess_below(thought, SIGNALS);
    uint64_t hour = thought->now_ms / (60 * MINUTE_MS) * (60 * MINUTE_MS);
    for (uint64_t i = 0; i < wanted; i++) {
        uint8_t *at = out->bytes + i * RESPONSE_SIGNAL_SIZE;
        uint8_t random[10] = {0x51, 0, 0, (uint8_t)guess_below(thought, 10)};
        vg_id request =
            vg_uuid7_make(guess_once_in(thought, 60) ? hour - 8 * (uint64_t)DAY_MS : hour, random);
        vg_id author = guess_once_in(thought, 12) ? guess_person(thought) : integration(genesis);
        memcpy(at, &author, sizeof author);
        memcpy(at + sizeof(vg_id), &request, sizeof request);
        memset(at + 2 * sizeof(vg_id), 7, sizeof(vg_hash));
    }
    out->command.count.signals = vg_span_of(out->bytes, wanted * RESPONSE_SIGNAL_SIZE);
}
