/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/chain.h"

#include <stdio.h>

#include "common/prng.h"
#include "common/text.h"
#include "proto/response/command.h"
#include "tests/lib/sealing.h"

static const uint64_t first_time_ms = 1790000000000U;

static struct chain make(uint8_t seed, bool sealed)
{
    vg_crypto_init();
    struct chain chain = {.term = 1, .time_ms = first_time_ms};
    struct ledger_genesis *genesis = &chain.genesis;
    *genesis = (struct ledger_genesis){.version = LEDGER_GENESIS_VERSION,
                                       .flags = LEDGER_GENESIS_CLEAR,
                                       .created_ms = first_time_ms,
                                       .salt = {seed},
                                       .directory = {{0xd0}},
                                       .first = {{0xc0}},
                                       .member_count = 1,
                                       .person_count = 1};
    genesis->members[0] = (struct ledger_member){.id = {1}, .region = "apac"};
    struct ledger_person *person = &genesis->people[0];
    person->id = (vg_id){{0xa0}};
    person->bits = LEDGER_PERSON_OPERATOR;
    const uint8_t key_seed[VG_SEED_SIZE] = {seed};
    vg_signer_ed25519.keypair(key_seed, &person->keys.key, &chain.secret);
    if (sealed)
        sealing_begin(genesis);
    chain.epoch = genesis->epochs[LEDGER_DIRECTORY].epoch;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    chain.cluster = ledger_genesis_hash(vg_span_of(bytes, ledger_genesis_encode(genesis, bytes)));
    chain.hash = chain.cluster;
    return chain;
}

struct chain chain_new(uint8_t seed)
{
    return make(seed, false);
}

struct chain chain_new_sealed(uint8_t seed)
{
    return make(seed, true);
}

/* Completes an entry whose body lies in its place already. */
static struct vg_blob *append(struct chain *chain, struct vg_blob *entry,
                              struct ledger_envelope envelope)
{
    uint8_t *envelope_bytes = entry->data + LEDGER_HEADER_SIZE;
    vg_span body = vg_span_of(entry->data + LEDGER_OVERHEAD, entry->size - LEDGER_OVERHEAD);
    envelope.version = LEDGER_FORMAT;
    envelope.cluster = chain->cluster;
    envelope.origin.value = 1;
    envelope.body_size = (uint32_t)body.size;
    sealing_envelope(&envelope, envelope_bytes);
    vg_hash body_hash = ledger_body_hash(body);
    struct ledger_header header = {
        .version = LEDGER_FORMAT,
        .index = ++chain->last,
        .term = chain->term,
        .time_ms = ++chain->time_ms,
        .rules = LEDGER_RULES_VERSION,
        .previous = chain->hash,
        .envelope =
            ledger_envelope_hash(vg_span_of(envelope_bytes, LEDGER_ENVELOPE_SIZE), &body_hash)};
    ledger_header_encode(&header, entry->data);
    chain->hash = ledger_entry_hash(vg_span_of(entry->data, LEDGER_HEADER_SIZE));
    return entry;
}

struct vg_blob *chain_noop(struct chain *chain)
{
    return append(chain, vg_blob_new(LEDGER_OVERHEAD),
                  (struct ledger_envelope){.type = LEDGER_NOOP});
}

struct vg_blob *chain_filler(struct chain *chain, uint32_t units)
{
    size_t size = (size_t)units * LEDGER_BODY_UNIT;
    struct vg_blob *entry = vg_blob_new(LEDGER_OVERHEAD + size);
    struct vg_prng prng = vg_prng_seed(chain->last);
    vg_prng_fill(&prng, entry->data + LEDGER_OVERHEAD, size);
    return append(
        chain, entry,
        (struct ledger_envelope){.type = LEDGER_SEALED, .compartment = chain->genesis.first});
}

vg_id chain_request(const struct chain *chain)
{
    uint8_t number[10] = {0};
    memcpy(number + 2, &chain->last, sizeof chain->last);
    return vg_uuid7_make(chain->time_ms, number);
}

struct vg_blob *chain_give_by(struct chain *chain, const vg_id *author, const vg_secret_key *secret,
                              const vg_id *compartment, uint64_t epoch,
                              const struct response_command *given)
{
    struct vg_buffer body = {0};
    struct vg_buffer bytes = {0};
    response_command_encode(given, &body);
    struct ledger_command command = {.cluster = chain->cluster,
                                     .compartment = *compartment,
                                     .author = *author,
                                     .request = chain_request(chain),
                                     .body = vg_buffer_span(&body)};
    size_t size = ledger_command_size(&command);
    ledger_command_sign(&command, &vg_signer_ed25519, secret, vg_buffer_extend(&bytes, size));
    struct vg_blob *entry = vg_blob_new(LEDGER_OVERHEAD + ledger_body_size(size));
    const uint8_t salt[LEDGER_SALT_SIZE] = {7};
    bool control = vg_id_is_zero(compartment);
    struct ledger_envelope envelope = {.type = control ? LEDGER_CONTROL : LEDGER_SEALED,
                                       .compartment = command.compartment,
                                       .epoch = epoch,
                                       .id = command.request};
    envelope.commitment =
        ledger_body_build(salt, vg_buffer_span(&bytes), entry->data + LEDGER_OVERHEAD);
    vg_buffer_free(&body);
    vg_buffer_free(&bytes);
    return append(chain, entry, envelope);
}

struct vg_blob *chain_give(struct chain *chain, const vg_id *compartment, uint64_t epoch,
                           const struct response_command *command)
{
    return chain_give_by(chain, &chain->genesis.people[0].id, &chain->secret, compartment, epoch,
                         command);
}

struct vg_blob *chain_command(struct chain *chain)
{
    char name[VG_NAME_MAX];
    snprintf(name, sizeof name, "operator %llu", (unsigned long long)chain->last);
    struct response_command naming = {.op = RESPONSE_OP_PERSON};
    naming.person.person = chain->genesis.people[0].id;
    naming.person.name = vg_span_text(name);
    return chain_give(chain, &chain->genesis.directory, chain->epoch, &naming);
}
