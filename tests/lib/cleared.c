/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/cleared.h"

#include <assert.h>
#include <stdlib.h>

#include "common/unwrap.h"
#include "proto/response/machine.h"
#include "proto/response/words.h"
#include "tests/lib/sealing.h"

static const vg_id control;

enum { RECOVERY = 1 << COMPARTMENT_RECOVERY, ONE = 1 << 1, TWO = 1 << 2 };

static void add(struct cleared *story, struct vg_blob *entry)
{
    assert(story->chain.last <= CLEARED_ENTRIES_MAX);
    story->entries[story->chain.last - 1] = entry;
}

static void give(struct cleared *story, const vg_id *compartment, uint64_t epoch,
                 const struct response_command *command)
{
    add(story, chain_give(&story->chain, compartment, epoch, command));
}

struct cleared cleared_new(void)
{
    struct cleared story = {.chain = chain_new_sealed(9)};
    struct chain *chain = &story.chain;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    chain->genesis.flags = 0;
    chain->genesis.epochs[LEDGER_FIRST] = sealing_epoch(&chain->genesis.first, 1);
    chain->genesis.member_count = 2;
    for (uint8_t i = 0; i < 2; i++) {
        const uint8_t seed[VG_SEED_SIZE] = {0x11, i};
        struct ledger_member *member = &chain->genesis.members[i];
        member->id.value = i + 1;
        vg_signer_ed25519.keypair(seed, &member->keys.key, &story.node_secrets[i]);
    }
    const uint8_t officer_seed[VG_SEED_SIZE] = {0x22};
    struct ledger_person *officer = &chain->genesis.people[1];
    chain->genesis.people[0].bits = LEDGER_PERSON_OPERATOR | LEDGER_PERSON_KEY_OFFICER;
    chain->genesis.person_count = 2;
    officer->id = (vg_id){{0xa1}};
    officer->bits = LEDGER_PERSON_KEY_OFFICER;
    vg_signer_ed25519.keypair(officer_seed, &officer->keys.key, &story.officer_secret);
    chain->cluster =
        ledger_genesis_hash(vg_span_of(bytes, ledger_genesis_encode(&chain->genesis, bytes)));
    chain->hash = chain->cluster;
    return story;
}

void cleared_free(struct cleared *story)
{
    for (uint64_t i = 0; i < story->chain.last; i++)
        vg_blob_unref(story->entries[i]);
}

/* What a node signs of its unwrap key, which the record has. */
static vg_signature offer_of(const struct compartment_epoch *record, uint64_t node,
                             const vg_secret_key *secret)
{
    struct vg_unwrap_key offer = {.compartment = record->compartment};
    offer.key = compartment_wrap_of(record, (vg_node_id){node})->unwrap;
    vg_unwrap_bind(&vg_signer_ed25519, &offer, (vg_node_id){node}, secret);
    return offer.binding;
}

/* The next epoch, for these holders; `added` is the one that was not among them: 0: none. Fewer
 * than there should be, for a reason, or zero. */
static void clear_for(struct cleared *story, enum response_op op, unsigned holders, uint64_t added,
                      vg_id reason)
{
    uint8_t bytes[COMPARTMENT_EPOCH_MAX];
    vg_signature offer;
    struct response_command command = {.op = op};
    struct compartment_epoch record =
        sealing_epoch_for(&story->compartment, ++story->epoch, RECOVERY | holders);
    command.clearing.epoch = vg_span_of(bytes, compartment_epoch_encode(&record, bytes));
    command.clearing.min_cleared = 1;
    command.clearing.override_ = reason;
    if (added > 0) {
        offer = offer_of(&record, added, &story->node_secrets[added - 1]);
        command.clearing.offers = vg_span_of(offer.bytes, sizeof offer.bytes);
    }
    give(story, &control, 0, &command);
}

static void clear(struct cleared *story, enum response_op op, unsigned holders, uint64_t added)
{
    clear_for(story, op, holders, added, (vg_id){{0}});
}

void cleared_create(struct cleared *story)
{
    const vg_id *directory = &story->chain.genesis.directory;
    struct response_command command = {.op = RESPONSE_OP_LABEL};
    story->compartment = chain_request(&story->chain);
    clear(story, RESPONSE_OP_CREATE, TWO, 2);
    command.label.compartment = story->compartment;
    command.label.name = vg_span_text("told");
    give(story, directory, 1, &command);
    command = (struct response_command){.op = RESPONSE_OP_GRANT};
    command.grant.person = story->chain.genesis.people[0].id;
    command.grant.compartment = story->compartment;
    command.grant.give = RESPONSE_ROLE_RESPONDER;
    give(story, directory, 1, &command);
    command = (struct response_command){.op = RESPONSE_OP_DETECT};
    command.detect.source = RESPONSE_SOURCE_OPERATOR;
    command.detect.cia = RESPONSE_CONFIDENTIALITY;
    command.detect.title = vg_span_text("Canary in the mine");
    story->incident = chain_request(&story->chain);
    give(story, &story->compartment, story->epoch, &command);
}

void cleared_rotate(struct cleared *story)
{
    clear(story, RESPONSE_OP_ROTATE, TWO, 0);
}

void cleared_grant(struct cleared *story)
{
    clear(story, RESPONSE_OP_CLEAR, ONE | TWO, 1);
}

void cleared_revoke(struct cleared *story)
{
    clear(story, RESPONSE_OP_REVOKE, TWO, 0);
}

void cleared_revoke_first(struct cleared *story)
{
    vg_id told = story->compartment;
    uint64_t in_force = story->epoch;
    vg_id reason = chain_request(&story->chain);
    struct response_command command = {.op = RESPONSE_OP_OVERRIDE};
    command.override_.compartment = story->chain.genesis.first;
    command.override_.reason = vg_span_text("The site is lost");
    give(story, &story->chain.genesis.directory, 1, &command);
    story->compartment = story->chain.genesis.first;
    story->epoch = 1;
    clear_for(story, RESPONSE_OP_REVOKE, TWO, 0, reason);
    story->compartment = told;
    story->epoch = in_force;
}

void cleared_refuse(struct cleared *story, bool named)
{
    uint64_t in_force = story->epoch++;
    clear(story, named ? RESPONSE_OP_CLEAR : RESPONSE_OP_ROTATE, named ? ONE | TWO : TWO, named);
    story->epoch = in_force;
}

vg_id cleared_propose(struct cleared *story, uint64_t expires_at)
{
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    vg_signature offers[2];
    struct vg_buffer bytes = {0};
    struct compartment_epoch next =
        sealing_epoch_for(&story->compartment, story->epoch + 1, RECOVERY | ONE | TWO);
    struct response_command recover = {.op = RESPONSE_OP_RECOVER};
    struct response_command propose = {.op = RESPONSE_OP_PROPOSE};
    for (uint64_t i = 0; i < 2; i++)
        offers[i] = offer_of(&next, i + 1, &story->node_secrets[i]);
    recover.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&next, record));
    recover.clearing.offers = vg_span_of((const uint8_t *)offers, sizeof offers);
    response_command_encode(&recover, &bytes);
    propose.propose.command = vg_buffer_span(&bytes);
    propose.propose.expires_at = expires_at;
    vg_id proposal = chain_request(&story->chain);
    give(story, &control, 0, &propose);
    vg_buffer_free(&bytes);
    return proposal;
}

void cleared_reject(struct cleared *story, const vg_id *proposal)
{
    struct chain *chain = &story->chain;
    struct response_command reject = {.op = RESPONSE_OP_REJECT};
    reject.reject.proposal = *proposal;
    reject.reject.reason = vg_span_text(RESPONSE_NO_REASON);
    add(story, chain_give_by(chain, &chain->genesis.people[1].id, &story->officer_secret, &control,
                             0, &reject));
}

void cleared_shred(struct cleared *story)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    struct chain *chain = &story->chain;
    struct vg_buffer bytes = {0};
    struct response_command shred = {.op = RESPONSE_OP_SHRED};
    shred.shred.compartment = story->compartment;
    shred.shred.epoch = story->epoch++;
    response_command_encode(&shred, &bytes);
    struct response_command propose = {.op = RESPONSE_OP_PROPOSE};
    propose.propose.command = vg_buffer_span(&bytes);
    propose.propose.expires_at = chain->time_ms + DAY_MS;
    struct response_command approve = {.op = RESPONSE_OP_APPROVE};
    const struct ledger_command proposed = {.body = vg_buffer_span(&bytes)};
    approve.approve.proposal = chain_request(chain);
    approve.approve.hash = ledger_request_hash(&proposed);
    approve.approve.reason = vg_span_text(RESPONSE_NO_REASON);
    give(story, &control, 0, &propose);
    add(story, chain_give_by(chain, &chain->genesis.people[1].id, &story->officer_secret, &control,
                             0, &approve));
    vg_buffer_free(&bytes);
}

void cleared_attest(struct cleared *story)
{
    const vg_id node = response_node_author((vg_node_id){1});
    struct response_command command = {.op = RESPONSE_OP_DESTROYED};
    command.destroyed.compartment = story->compartment;
    command.destroyed.epoch = story->epoch;
    add(story, chain_give_by(&story->chain, &node, &story->node_secrets[0], &control, 0, &command));
}

void cleared_checkpoint(struct cleared *story, uint64_t node, const struct response_mark *mark)
{
    const vg_id author = response_node_author((vg_node_id){node});
    struct response_command command = {.op = RESPONSE_OP_CHECKPOINT};
    command.checkpoint.mark = mark->index;
    command.checkpoint.hash = mark->hash;
    command.checkpoint.accepted = mark->accepted;
    command.checkpoint.refused = mark->refused;
    add(story, chain_give_by(&story->chain, &author, &story->node_secrets[node - 1],
                             &story->compartment, story->epoch, &command));
}

void cleared_tell(struct cleared *story, uint32_t count, uint32_t size)
{
    char *text = vg_alloc(size);
    struct response_command note = {.op = RESPONSE_OP_NOTE};
    memset(text, 'n', size);
    note.note.incident = story->incident;
    note.note.kind = RESPONSE_NOTE;
    note.note.text = vg_span_of(text, size);
    for (uint32_t i = 0; i < count; i++) {
        give(story, &story->compartment, story->epoch, &note);
        add(story, chain_command(&story->chain));
    }
    free(text);
}
