/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/lone.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/keyring.h"
#include "common/text.h"

enum { ALL_ROLES = (1 << 13) - 1 };

static void must(enum vg_code code, const struct vg_error *error)
{
    if (code == VG_OK)
        return;
    fprintf(stderr, "lone node: %s\n", error->text);
    abort();
}

static void path_in(const struct lone *lone, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", lone->folder, name);
}

/* ---- files ------------------------------------------------------------------------------------
 */

/* The keyring, and the first epochs of both compartments for it. */
static void seal_genesis(struct lone *lone)
{
    static const vg_id *const before[LEDGER_FOUNDED] = {&vg_keyring_directory, &vg_keyring_first};
    const uint8_t seeds[2][VG_SEED_SIZE] = {{1}, {2}};
    vg_cipher_key key;
    vg_box_public unwraps[2];
    vg_box_secret recovery;
    struct vg_keyring keyring = {.count = 0};
    struct vg_error error;
    char path[128];
    vg_box_keypair(seeds[0], &unwraps[0], &recovery);
    for (uint32_t i = 0; i < LEDGER_FOUNDED; i++) {
        vg_random(key.bytes, sizeof key.bytes);
        unwraps[1] = vg_keyring_add(&keyring, &lone->self, before[i])->key;
        must(ledger_genesis_seal(&lone->genesis, i, &key, unwraps, seeds, &error), &error);
    }
    path_in(lone, "keyring", path);
    must(vg_keyring_write(path, &keyring, &lone->self, &error), &error);
}

static void write_genesis(struct lone *lone)
{
    uint8_t bytes[LEDGER_GENESIS_MAX];
    struct vg_error error;
    char path[128];
    struct ledger_genesis *genesis = &lone->genesis;
    *genesis = (struct ledger_genesis){.version = LEDGER_GENESIS_VERSION,
                                       .created_ms = vg_clock_system.wall_ms(),
                                       .directory = lone_request(),
                                       .first = lone_request(),
                                       .member_count = 1,
                                       .person_count = 1};
    vg_random(genesis->salt, sizeof genesis->salt);
    genesis->members[0] =
        (struct ledger_member){.id = {1}, .region = "apac", .keys = vg_identity_keys(&lone->self)};
    genesis->people[0] = (struct ledger_person){.id = lone->person.id,
                                                .keys = vg_identity_keys(&lone->person),
                                                .bits = LEDGER_PERSON_OPERATOR};
    seal_genesis(lone);
    size_t size = ledger_genesis_encode(genesis, bytes);
    lone->cluster = ledger_genesis_hash(vg_span_of(bytes, size));
    path_in(lone, "genesis", path);
    must(vg_file_write(path, vg_span_of(bytes, size), 0600, &error), &error);
}

static void write_config(const struct lone *lone)
{
    char text[1024], path[128], peer_url[RUDE_URL];
    struct vg_error error;
    rude_free_url(peer_url);
    int size = snprintf(text, sizeof text,
                        "node: 1\nregion: apac\ndata: %s/data\ngenesis: %s/genesis\nkey: %s/key\n"
                        "listen: {peer: \"%s\", client: \"%s\"}\npeers: []\n"
                        "election_timeout_ms: 300\nheartbeat_ms: 50\nlog_level: error\n",
                        lone->folder, lone->folder, lone->folder, peer_url, lone->url);
    path_in(lone, "node.yaml", path);
    must(vg_file_write(path, vg_span_of(text, (size_t)size), 0600, &error), &error);
}

static void make_files(struct lone *lone)
{
    char path[128];
    struct vg_error error;
    vg_id nobody = {{0}}, id = lone_request();
    snprintf(lone->folder, sizeof lone->folder, "/tmp/vigil-lone-XXXXXX");
    if (mkdtemp(lone->folder) == NULL)
        abort();
    rude_free_url(lone->url);
    vg_identity_make(VG_IDENTITY_NODE, &nobody, (vg_node_id){1}, &lone->self);
    vg_identity_make(VG_IDENTITY_PERSON, &id, (vg_node_id){0}, &lone->person);
    path_in(lone, "key", path);
    must(vg_identity_write(path, &lone->self, &error), &error);
    write_genesis(lone);
    write_config(lone);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void *serve(void *context)
{
    struct lone *lone = context;
    struct vg_error error;
    must(node_run(lone->node, &error), &error);
    return NULL;
}

static void dial(struct lone *lone, const struct vg_identity *as)
{
    lone->channel = noise_static_of(&as->channel_secret);
    struct channel_terms terms = {
        .door = CHANNEL_CLIENTS, .cluster = lone->cluster, .self = &lone->channel};
    bool open = caller_dial(&lone->caller, lone->url, &terms, &lone->self.channel_pub) &&
                caller_open(&lone->caller);
    must(open ? VG_OK : VG_UNAVAILABLE, &(struct vg_error){.text = "not let in"});
}

void lone_enter(struct lone *lone, const struct vg_identity *as)
{
    caller_end(&lone->caller);
    dial(lone, as);
}

void lone_restart(struct lone *lone)
{
    char path[128];
    struct vg_error error;
    path_in(lone, "node.yaml", path);
    must(node_config_read(path, &lone->config, &error), &error);
    vg_log_threshold(*lone->config->log_level);
    must(node_open(lone->config, &lone->node, &error), &error);
    pthread_create(&lone->thread, NULL, serve, lone);
    dial(lone, &lone->person);
}

void lone_start(struct lone *lone)
{
    struct response_command grant = {.op = RESPONSE_OP_GRANT};
    struct vg_buffer bytes = {0};
    struct vg_error error;
    vg_crypto_init();
    *lone = (struct lone){0};
    make_files(lone);
    lone_restart(lone);
    vg_id request = lone_request();
    grant.grant.person = lone->person.id;
    grant.grant.compartment = lone->genesis.first;
    grant.grant.give = ALL_ROLES;
    lone_sign(lone, &lone->genesis.directory, &request, &grant, &bytes);
    json_decref(lone_submit(lone, &bytes, false, &error));
    must(error.code, &error);
    vg_buffer_free(&bytes);
}

void lone_stop(struct lone *lone)
{
    kill(getpid(), SIGTERM);
    pthread_join(lone->thread, NULL);
    node_close(lone->node);
    node_config_free(lone->config);
    caller_end(&lone->caller);
}

void lone_free(struct lone *lone)
{
    static const char *const files[] = {"data/log/data.mdb",
                                        "data/log/lock.mdb",
                                        "data/log/format",
                                        "data/log",
                                        "data/state/data.mdb",
                                        "data/state/lock.mdb",
                                        "data/state",
                                        "data",
                                        "genesis",
                                        "key",
                                        "keyring",
                                        "node.yaml",
                                        ""};
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        path_in(lone, files[i], path);
        if (remove(path) != 0)
            perror(path);
    }
}

/* ---- requests ---------------------------------------------------------------------------------
 */

vg_id lone_request(void)
{
    uint8_t random[10];
    vg_random(random, sizeof random);
    return vg_uuid7_make(vg_clock_system.wall_ms(), random);
}

void lone_sign(struct lone *lone, const vg_id *compartment, const vg_id *request,
               const struct response_command *command, struct vg_buffer *out)
{
    struct vg_buffer body = {0};
    response_command_encode(command, &body);
    struct ledger_command signed_command = {.cluster = lone->cluster,
                                            .compartment = *compartment,
                                            .author = lone->person.id,
                                            .request = *request,
                                            .expectations = {lone->expects},
                                            .expectation_count = lone->expects.aspect != 0,
                                            .body = vg_buffer_span(&body)};
    vg_buffer_clear(out);
    ledger_command_sign(&signed_command, &vg_signer_ed25519, &lone->person.secret,
                        vg_buffer_extend(out, ledger_command_size(&signed_command)));
    vg_buffer_free(&body);
}

json_t *lone_call(struct lone *lone, struct wire_request request, struct vg_error *error)
{
    struct vg_buffer payload = {0};
    request.token = ++lone->token;
    request.timeout_ms = 10000;
    wire_request_encode(&request, &payload);
    caller_write(&lone->caller, WIRE_REQUEST, vg_buffer_span(&payload));
    vg_buffer_free(&payload);
    struct wire_response response;
    struct wire_frame answer;
    bool answered = caller_next(&lone->caller, &answer);
    must(answered ? VG_OK : VG_UNAVAILABLE, &(struct vg_error){.text = "no answer"});
    must(wire_response_decode(answer.payload, &response, error), error);
    assert(response.token == lone->token);
    *error = response.error;
    return json_loadb((const char *)response.json.data, response.json.size, 0, NULL);
}

json_t *lone_ask(struct lone *lone, const char *question, struct vg_error *error)
{
    struct wire_request request = {.kind = WIRE_QUERY, .body = vg_span_text(question)};
    return lone_call(lone, request, error);
}

json_t *lone_submit(struct lone *lone, const struct vg_buffer *command, bool dry_run,
                    struct vg_error *error)
{
    struct wire_request request = {
        .kind = WIRE_SUBMIT, .dry_run = dry_run, .body = vg_buffer_span(command)};
    return lone_call(lone, request, error);
}
