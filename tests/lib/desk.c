/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/desk.h"

#include <assert.h>
#include <stdlib.h>

#include "common/text.h"
#include "proto/response/epochs.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/sealing.h"

static const uint64_t FIRST_TIME_MS = 1790000000000U;

static vg_id id_of(uint8_t kind, uint8_t number)
{
    vg_id id = {{kind}};
    id.bytes[15] = number;
    return id;
}

/* `out` are the keys of a seed, bound for the holder. */
static void make_keys_of(const struct vg_holder *holder, const uint8_t seed[VG_SEED_SIZE],
                         struct vg_keys *out, vg_secret_key *secret)
{
    vg_channel_secret unused;
    fast_signer.keypair(seed, &out->key, secret);
    vg_channel_keypair(seed, &out->channel, &unused);
    vg_binding_sign(&fast_signer, holder, &out->channel, secret, &out->binding);
}

static struct vg_holder holder_of(const struct desk *desk, enum desk_person person)
{
    if (person == DESK_NODE)
        return (struct vg_holder){.kind = VG_IDENTITY_NODE, .node = desk->genesis.members[0].id};
    return (struct vg_holder){.kind = VG_IDENTITY_PERSON, .person = desk_author(desk, person)};
}

static void make_keys(struct desk *desk)
{
    for (uint32_t i = 0; i < DESK_AUTHORS; i++) {
        uint8_t seed[VG_SEED_SIZE] = {(uint8_t)i, (uint8_t)(i + 1)};
        struct vg_holder holder = holder_of(desk, (enum desk_person)i);
        struct vg_keys *keys = i == DESK_NODE       ? &desk->genesis.members[0].keys
                               : i == DESK_NEWCOMER ? &desk->newcomer
                                                    : &desk->genesis.people[i].keys;
        make_keys_of(&holder, seed, keys, &desk->secrets[i]);
    }
}

static struct ledger_genesis make_genesis(void)
{
    struct ledger_genesis genesis = {
        .version = LEDGER_GENESIS_VERSION,
        .flags = LEDGER_GENESIS_CLEAR,
        .created_ms = FIRST_TIME_MS,
        .directory = id_of(0xd0, 1),
        .first = id_of(0xc0, 1),
        .members = {{.id = {1}, .region = "apac"},
                    {.id = {2}, .region = "emea"},
                    {.id = {3}, .region = "amer"},
                    {.id = {4}, .region = "apac"}},
        .member_count = DESK_NODES,
        .person_count = DESK_PEOPLE,
    };
    for (uint32_t i = 0; i < DESK_PEOPLE; i++)
        genesis.people[i].id = id_of(0xa0, (uint8_t)(i + 1));
    genesis.people[DESK_OPERATOR].bits = LEDGER_PERSON_OPERATOR;
    genesis.people[DESK_INTEGRATION].bits = LEDGER_PERSON_INTEGRATION;
    genesis.people[DESK_PRIVACY].bits = LEDGER_PERSON_KEY_OFFICER;
    genesis.people[DESK_LEGAL].bits = LEDGER_PERSON_KEY_OFFICER;
    sealing_begin(&genesis);
    return genesis;
}

struct desk *desk_new_bare(void)
{
    uint8_t bytes[LEDGER_GENESIS_MAX];
    struct desk *desk = vg_alloc_zero(1, sizeof *desk);
    desk->genesis = make_genesis();
    make_keys(desk);
    desk->cluster =
        ledger_genesis_hash(vg_span_of(bytes, ledger_genesis_encode(&desk->genesis, bytes)));
    desk->store = memkv_new();
    desk->machine = (struct response_machine){.genesis = &desk->genesis,
                                              .cluster = desk->cluster,
                                              .signer = &fast_signer,
                                              .kv = memkv_kv(desk->store)};
    desk->log = ledger_tail_new(0, &desk->cluster, UINT32_MAX);
    desk->time_ms = FIRST_TIME_MS;
    return desk;
}

vg_id desk_author(const struct desk *desk, enum desk_person person)
{
    if (person == DESK_NODE)
        return response_node_author(desk->genesis.members[0].id);
    if (person == DESK_NEWCOMER)
        return id_of(0xa0, 0x80);
    return desk->genesis.people[person].id;
}

struct vg_keys desk_keys(const struct desk *desk, enum desk_person person)
{
    if (person == DESK_NODE)
        return desk->genesis.members[0].keys;
    return person == DESK_NEWCOMER ? desk->newcomer : desk->genesis.people[person].keys;
}

struct vg_keys desk_new_keys(const struct desk *desk, enum desk_person person, uint8_t number)
{
    uint8_t seed[VG_SEED_SIZE] = {(uint8_t)person, (uint8_t)(person + 1), number};
    struct vg_holder holder = holder_of(desk, person);
    struct vg_keys keys;
    vg_secret_key unused;
    make_keys_of(&holder, seed, &keys, &unused);
    return keys;
}

void desk_bind(const struct desk *desk, enum desk_person person, struct response_command *enroll)
{
    struct vg_holder holder = {.kind = VG_IDENTITY_PERSON, .person = enroll->enroll.person};
    struct vg_keys *keys = &enroll->enroll.keys;
    vg_binding_sign(&fast_signer, &holder, &keys->channel, &desk->secrets[person], &keys->binding);
}

static void give_roles(struct desk *desk, enum desk_person person, uint32_t roles)
{
    struct desk_order order = {.compartment = desk->genesis.directory};
    order.command.op = RESPONSE_OP_GRANT;
    order.command.grant.person = desk->genesis.people[person].id;
    order.command.grant.compartment = desk->genesis.first;
    order.command.grant.give = roles;
    struct response_outcome outcome = desk_send(desk, &order);
    assert(outcome.error.code == VG_OK);
}

static void put_on_call(struct desk *desk, enum desk_person person)
{
    struct desk_order order = {.compartment = desk->genesis.directory};
    order.command.op = RESPONSE_OP_ROSTER;
    order.command.roster.person = desk->genesis.people[person].id;
    order.command.roster.compartment = desk->genesis.first;
    order.command.roster.on = RESPONSE_YES;
    struct response_outcome outcome = desk_send(desk, &order);
    assert(outcome.error.code == VG_OK);
}

struct desk *desk_new(void)
{
    static const uint32_t roles[DESK_PEOPLE] = {
        [DESK_ANN] = RESPONSE_ROLE_RESPONDER,
        [DESK_BEN] = RESPONSE_ROLE_RESPONDER,
        [DESK_MANAGER] = RESPONSE_ROLE_INCIDENT_MANAGER,
        [DESK_EXECUTIVE] = RESPONSE_ROLE_EXECUTIVE,
        [DESK_LEGAL] = RESPONSE_ROLE_LEGAL,
        [DESK_PRIVACY] = RESPONSE_ROLE_PRIVACY_OFFICER,
        [DESK_SERVICE] = RESPONSE_ROLE_SERVICE_TEAM,
        [DESK_SUPPORT] = RESPONSE_ROLE_SUPPORT,
        [DESK_REPORTER] = RESPONSE_ROLE_REPORTER,
        [DESK_INTEGRATION] = RESPONSE_ROLE_REPORTER,
    };
    struct desk *desk = desk_new_bare();
    for (uint32_t i = 0; i < DESK_PEOPLE; i++)
        give_roles(desk, (enum desk_person)i, roles[i]);
    put_on_call(desk, DESK_ANN);
    put_on_call(desk, DESK_MANAGER);
    return desk;
}

void desk_free(struct desk *desk)
{
    ledger_tail_free(desk->log);
    memkv_free(desk->store);
    free(desk);
}

vg_id desk_request(struct desk *desk, uint64_t time_ms)
{
    uint8_t random[10] = {0};
    desk->serial++;
    for (int i = 0; i < 8; i++)
        random[2 + i] = (uint8_t)(desk->serial >> (8 * (7 - i)));
    return vg_uuid7_make(time_ms, random);
}

/* The preamble; its body borrows `buffer` or the order. */
static vg_id author_of(const struct desk *desk, const struct desk_order *order)
{
    return order->node.value != 0 ? response_node_author(order->node)
                                  : desk_author(desk, order->person);
}

static struct ledger_command preamble_of(struct desk *desk, const struct desk_order *order,
                                         struct vg_buffer *buffer)
{
    struct ledger_command command = {
        .cluster = desk->cluster,
        .compartment = order->compartment,
        .author = author_of(desk, order),
        .request = order->request,
        .expectation_count = order->expectation_count,
        .body = order->body,
    };
    if (vg_id_is_zero(&command.compartment) && !order->control)
        command.compartment = desk->genesis.first;
    if (vg_id_is_zero(&command.request))
        command.request = desk_request(desk, desk->time_ms);
    memcpy(command.expectations, order->expectations, sizeof order->expectations);
    if (order->body.data == NULL) {
        response_command_encode(&order->command, buffer);
        command.body = vg_buffer_span(buffer);
    }
    return command;
}

static struct vg_blob *append_body(struct desk *desk, struct ledger_envelope *envelope,
                                   vg_span signed_command)
{
    static const uint8_t salt[LEDGER_SALT_SIZE] = {7};
    struct vg_buffer bytes = {0};
    size_t size = signed_command.size > 0 ? ledger_body_size(signed_command.size) : 0;
    uint8_t *at = vg_buffer_extend(&bytes, LEDGER_ENVELOPE_SIZE + size);
    if (size > 0)
        envelope->commitment = ledger_body_build(salt, signed_command, at + LEDGER_ENVELOPE_SIZE);
    envelope->body_size = (uint32_t)size;
    sealing_envelope(envelope, at);
    struct vg_blob *entry =
        ledger_tail_append_own(desk->log, vg_buffer_span(&bytes), 1, desk->time_ms);
    vg_buffer_free(&bytes);
    return entry;
}

static uint64_t epoch_for(const struct desk *desk, const vg_id *compartment)
{
    uint64_t in_force = response_epoch_in_force(&desk->machine, compartment);
    return in_force > 0 && desk->seals_under > 0 ? desk->seals_under : in_force;
}

/* That of the key the person has now: the double's ends in the public one. */
static vg_secret_key secret_of(const struct desk *desk, const struct desk_order *order)
{
    struct response_machine machine = desk->machine;
    vg_secret_key secret = desk->secrets[order->person];
    vg_id author = author_of(desk, order);
    vg_public_key now;
    if (!order->outdated && response_key_find(&machine, &author, &now))
        memcpy(secret.bytes + VG_SEED_SIZE, now.bytes, sizeof now.bytes);
    return secret;
}

struct vg_blob *desk_append(struct desk *desk, const struct desk_order *order)
{
    struct vg_buffer body = {0};
    struct vg_buffer bytes = {0};
    struct ledger_command command = preamble_of(desk, order, &body);
    uint8_t *at = vg_buffer_extend(&bytes, ledger_command_size(&command));
    vg_secret_key secret = secret_of(desk, order);
    ledger_command_sign(&command, &fast_signer, &secret, at);
    struct ledger_envelope envelope = {
        .version = LEDGER_FORMAT,
        .cluster = desk->cluster,
        .type = order->control ? LEDGER_CONTROL : LEDGER_SEALED,
        .compartment = command.compartment,
        .epoch = epoch_for(desk, &command.compartment),
        .origin = {1},
        .id = command.request,
    };
    struct vg_blob *entry = append_body(desk, &envelope, vg_buffer_span(&bytes));
    vg_buffer_free(&body);
    vg_buffer_free(&bytes);
    return entry;
}

enum response_applied desk_apply(struct desk *desk, struct vg_blob *entry,
                                 struct response_outcome *outcome)
{
    struct ledger_view view;
    struct response_opened opened;
    struct vg_error error;
    enum vg_code parsed = ledger_parse(vg_blob_span(entry), &view, &error);
    assert(parsed == VG_OK);
    const struct response_keys keys = {
        .find = response_key_find, .context = &desk->machine, .data_key = sealing_key};
    if (!response_has_command(view.envelope.type))
        return response_apply(&desk->machine, &view, NULL, outcome);
    response_open(&desk->genesis, &desk->cluster, &keys, &fast_signer, &view, &opened);
    enum response_applied applied = response_apply(&desk->machine, &view, &opened, outcome);
    response_opened_free(&opened, &view);
    return applied;
}

struct ledger_command desk_open(const struct ledger_view *entry, struct vg_buffer *out)
{
    const struct response_keys keys = {.data_key = sealing_key};
    struct ledger_command command;
    vg_span body;
    vg_span bytes;
    uint8_t *made;
    enum vg_code code = response_body(&keys, entry, &body, &made, NULL);
    if (code == VG_OK)
        code = ledger_body_open(body, &entry->envelope.commitment, &bytes, NULL);
    assert(code == VG_OK);
    vg_buffer_clear(out);
    vg_buffer_append(out, bytes.data, bytes.size);
    response_body_free(made, entry);
    code = ledger_command_decode(vg_buffer_span(out), &command, NULL);
    assert(code == VG_OK);
    return command;
}

struct response_outcome desk_send(struct desk *desk, const struct desk_order *order)
{
    struct response_outcome outcome;
    enum response_applied applied = desk_apply(desk, desk_append(desk, order), &outcome);
    assert(applied == RESPONSE_APPLIED_OUTCOME);
    return outcome;
}

void desk_noop(struct desk *desk)
{
    struct ledger_envelope envelope = {.version = LEDGER_FORMAT,
                                       .cluster = desk->cluster,
                                       .type = LEDGER_NOOP,
                                       .origin = {1},
                                       .id = desk_request(desk, desk->time_ms)};
    enum response_applied applied =
        desk_apply(desk, append_body(desk, &envelope, vg_span_of(NULL, 0)), NULL);
    assert(applied == RESPONSE_APPLIED_OTHER);
}

struct response_outcome desk_check(struct desk *desk, const struct desk_order *order)
{
    struct response_outcome outcome;
    struct vg_buffer body = {0};
    struct ledger_command command = preamble_of(desk, order, &body);
    response_check(&desk->machine, &command, desk->time_ms, &outcome);
    vg_buffer_free(&body);
    return outcome;
}

struct desk *desk_replay(const struct desk *desk)
{
    struct desk *replayed = desk_new_bare();
    struct response_outcome outcome;
    for (uint64_t i = 1; i <= ledger_tail_last(desk->log); i++)
        desk_apply(replayed, ledger_tail_get(desk->log, i), &outcome);
    return replayed;
}

struct response_incident desk_incident(const struct desk *desk, const vg_id *id)
{
    struct response_incident incident;
    enum vg_code code = response_incident_get(&desk->machine, &desk->genesis.first, id, &incident);
    assert(code == VG_OK);
    return incident;
}

struct desk_order desk_detect(const char *title, const char *dedup_key)
{
    struct desk_order order = {.person = DESK_ANN};
    order.command.op = RESPONSE_OP_DETECT;
    order.command.detect.source = RESPONSE_SOURCE_OPERATOR;
    order.command.detect.cia = RESPONSE_CONFIDENTIALITY;
    order.command.detect.title = vg_span_text(title);
    order.command.detect.dedup_key = vg_span_text(dedup_key);
    return order;
}

struct desk_order desk_note(const vg_id *incident, const char *text)
{
    struct desk_order order = {.person = DESK_ANN};
    order.command.op = RESPONSE_OP_NOTE;
    order.command.note.incident = *incident;
    order.command.note.kind = RESPONSE_NOTE;
    order.command.note.text = vg_span_text(text);
    return order;
}

struct desk_order desk_stage(const vg_id *incident, uint8_t stage, uint64_t expected)
{
    struct desk_order order = {.person = DESK_ANN};
    order.command.op = RESPONSE_OP_STAGE;
    order.command.stage.incident = *incident;
    order.command.stage.stage = stage;
    order.command.stage.reason = vg_span_text("because");
    order.expectation_count = expected > 0;
    order.expectations[0] =
        (struct ledger_expectation){.aspect = RESPONSE_ASPECT_STAGE, .revision = expected};
    return order;
}

struct desk_order desk_import(const char *key, const char *document)
{
    struct desk_order order = {.person = DESK_MANAGER};
    order.command.op = RESPONSE_OP_IMPORT;
    order.command.import.space = vg_span_text("veris");
    order.command.import.key = vg_span_text(key);
    order.command.import.source = RESPONSE_SOURCE_UNKNOWN;
    order.command.import.title = vg_span_text("brought in");
    order.command.import.document = vg_span_text(document);
    return order;
}
