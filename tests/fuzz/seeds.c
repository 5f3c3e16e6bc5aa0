/* SPDX-License-Identifier: Apache-2.0
 * fuzz-seeds FOLDER: writes inputs that the code itself has made into FOLDER/TARGET, for the
 * targets that read bytes. They are the start of a corpus, which libFuzzer then makes small. */
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "node/store/record.h"
#include "ops/cli/bootstrap/files.h"
#include "proto/compartment/epoch.h"
#include "proto/response/records.h"
#include "proto/wire/client.h"
#include "proto/wire/frame.h"
#include "proto/wire/mp.h"
#include "proto/wire/peer.h"
#include "tests/lib/chain.h"
#include "tests/lib/example.h"

static const char *folder;

/* One input of a target: `choice` bytes, then the content, which is then empty again. */
static void put(const char *target, const char *choice, size_t choice_size,
                struct vg_buffer *content)
{
    static unsigned number;
    char path[4096];
    struct vg_buffer bytes = {0};
    struct vg_error error = {0};
    vg_buffer_append(&bytes, choice, choice_size);
    vg_buffer_append(&bytes, content->data, content->size);
    snprintf(path, sizeof path, "%s/%s", folder, target);
    enum vg_code code = vg_folder_make(path, &error);
    snprintf(path, sizeof path, "%s/%s/seed-%03u", folder, target, ++number);
    if (code == VG_OK)
        code = vg_file_write(path, vg_buffer_span(&bytes), 0644, &error);
    if (code != VG_OK) {
        fprintf(stderr, "fuzz-seeds: %s\n", error.text);
        exit(1);
    }
    vg_buffer_free(&bytes);
    vg_buffer_clear(content);
}

#define PUT(target, choice, content) put(target, choice, sizeof(choice) - 1, content)

static void put_peer_messages(struct vg_buffer *out, vg_span entry)
{
    static struct wire_raft message;
    wire_hello_encode(
        &(struct wire_hello){.version = WIRE_VERSION, .node = {2}, .incarnation = {{7}}}, out);
    PUT("peer", "\0", out);
    for (uint32_t type = RAFT_MSG_APP; type <= RAFT_MSG_READ_RESP; type++) {
        message.msg = (struct raft_msg){.type = (enum raft_msg_type)type,
                                        .from = {1},
                                        .to = {2},
                                        .term = 300,
                                        .prev_index = 70000,
                                        .commit = 1U << 20,
                                        .round = 1ULL << 40};
        message.msg.entry_count = type == RAFT_MSG_APP ? 2 : 0;
        message.entries[0] = message.entries[1] = entry;
        wire_raft_encode(&message, out);
        PUT("peer", "\1", out);
    }
    wire_forward_encode(&(struct wire_forward){.token = 9, .envelope_and_body = entry}, out);
    PUT("peer", "\2", out);
    wire_forward_resp_encode(&(struct wire_forward_resp){.token = 9, .code = VG_BUSY}, out);
    PUT("peer", "\3", out);
    wire_fetch_encode(&(struct wire_fetch){.index = 70000}, out);
    PUT("peer", "\4", out);
    wire_fetched_encode(&(struct wire_fetched){.index = 70000, .code = VG_OK, .entry = entry}, out);
    PUT("peer", "\5", out);
}

static void put_client_messages(struct vg_buffer *out, vg_span body)
{
    struct wire_response answer = {.token = 3, .json = vg_span_text("{\"id\":\"1\"}")};
    wire_request_encode(&(struct wire_request){.token = 3, .kind = WIRE_SUBMIT, .body = body}, out);
    PUT("client", "\0", out);
    wire_response_encode(&answer, out);
    PUT("client", "\1", out);
    vg_fail_rule(&answer.error, "R1", "someone else was first");
    wire_response_encode(&answer, out);
    PUT("client", "\1", out);
}

static void put_frames(struct vg_buffer *out, vg_span payload)
{
    wire_frame_write(out, WIRE_HELLO, vg_span_text("hello"));
    wire_frame_write(out, WIRE_RAFT, payload);
    PUT("frame", "\0\0\1\7\0\3", out);
    vg_buffer_append(out, "\0\2\5hello\20\2hi", 11);
    PUT("frame", "\1\2\1\7\0\3", out);
}

static void put_commands(struct vg_buffer *out)
{
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        struct response_command command = example_command(op);
        response_command_encode(&command, out);
        PUT("command", "", out);
    }
}

static void put_records(struct vg_buffer *out)
{
    unsigned char choice = 0;
    static const vg_hash hash;
#define X(name)                                                                                    \
    static struct response_##name name;                                                            \
    response_##name##_encode(&name, out);                                                          \
    put("records", (const char *)&choice, 1, out);                                                 \
    choice++;
    RESPONSE_RECORDS(X)
#undef X
    static struct response_outcome outcome = {.error.code = VG_CONFLICT, .revision_count = 2};
    response_outcome_encode(&hash, &outcome, out);
    put("records", (const char *)&choice, 1, out);
}

static void put_store_records(struct vg_buffer *out, const struct ledger_view *view)
{
    struct store_hard hard = {.format = STORE_FORMAT, .node = {1}, .last = 7};
    struct store_identity identity = {.format = STORE_FORMAT, .node = {1}, .index = 7};
    store_hard_encode(&hard, vg_buffer_extend(out, STORE_HARD_SIZE));
    PUT("store_record", "\0", out);
    store_identity_encode(&identity, vg_buffer_extend(out, STORE_IDENTITY_SIZE));
    PUT("store_record", "\1", out);
    store_meta_encode(view, vg_buffer_extend(out, STORE_META_SIZE));
    PUT("store_record", "\2", out);
    store_meta_encode(view, vg_buffer_extend(out, STORE_META_SIZE));
    PUT("store_record", "\6", out);
    store_peer_encode(&(struct store_peer){.node = {2}, .met = 7},
                      vg_buffer_extend(out, STORE_PEER_SIZE));
    PUT("store_record", "\3", out);
}

static void put_entries(struct vg_buffer *out, vg_span entry, vg_span noop)
{
    vg_buffer_append(out, entry.data, entry.size);
    PUT("entry", "\0", out);
    vg_buffer_append(out, entry.data, entry.size);
    PUT("entry", "\3", out);
    vg_buffer_append(out, noop.data, noop.size);
    PUT("entry", "\1", out);
}

static void put_msgpack(struct vg_buffer *out)
{
    mp_write_array(out, 5);
    mp_write_uint(out, UINT64_MAX);
    mp_write_bool(out, true);
    mp_write_text(out, vg_span_text("a text of more than thirty-one bytes"));
    mp_write_bytes(out, vg_span_text("bytes"));
    mp_write_nil(out);
    PUT("msgpack", "", out);
}

static const uint8_t seed[VG_SEED_SIZE] = {4};

static vg_box_public some_unwrap_key(void)
{
    vg_box_public unwrap;
    vg_box_secret secret;
    vg_box_keypair(seed, &unwrap, &secret);
    return unwrap;
}

/* A record with no wrap, and one with those of the recovery key and of node 1. */
static void put_epoch(struct vg_buffer *out, struct compartment_epoch *epoch,
                      const vg_hash *cluster, const vg_cipher_key *key)
{
    const vg_box_public unwrap = some_unwrap_key();
    out->size = compartment_epoch_encode(epoch, vg_buffer_extend(out, COMPARTMENT_EPOCH_MAX));
    PUT("epoch", "", out);
    for (uint64_t holder = COMPARTMENT_RECOVERY; holder <= 1; holder++)
        compartment_epoch_wrap(epoch, cluster, key, (vg_node_id){holder}, &unwrap, seed, NULL);
    out->size = compartment_epoch_encode(epoch, vg_buffer_extend(out, COMPARTMENT_EPOCH_MAX));
    PUT("epoch", "", out);
}

/* A first epoch, and the one after it, which has its key. */
static void put_epochs(struct vg_buffer *out)
{
    static const vg_hash cluster = {{1}};
    static const vg_id compartment = {{2}};
    static const vg_cipher_key keys[] = {{{3}}, {{5}}};
    struct compartment_epoch first, second;
    compartment_epoch_begin(&first, &cluster, &compartment, NULL, NULL, &keys[0]);
    put_epoch(out, &first, &cluster, &keys[0]);
    compartment_epoch_begin(&second, &cluster, &compartment, &first, &keys[0], &keys[1]);
    put_epoch(out, &second, &cluster, &keys[1]);
}

/* ---- what a cluster begins with ----------------------------------------------------------------
 */

static struct vg_keys some_keys(const struct vg_holder *holder, uint8_t number)
{
    const uint8_t own[VG_SEED_SIZE] = {number};
    struct vg_keys keys;
    vg_secret_key secret;
    vg_channel_secret channel;
    vg_signer_ed25519.keypair(own, &keys.key, &secret);
    vg_channel_keypair(own, &keys.channel, &channel);
    vg_binding_sign(&vg_signer_ed25519, holder, &keys.channel, &secret, &keys.binding);
    return keys;
}

/* Nothing of it in clear, each key bound: as a node starts from. */
static void found(struct ledger_genesis *genesis)
{
    static const vg_cipher_key key = {{6}};
    const vg_box_public unwraps[] = {some_unwrap_key(), some_unwrap_key()};
    const uint8_t seeds[][VG_SEED_SIZE] = {{7}, {8}};
    struct ledger_member *member = &genesis->members[0];
    struct ledger_person *person = &genesis->people[0];
    const struct vg_holder node = {.kind = VG_IDENTITY_NODE, .node = member->id};
    const struct vg_holder who = {.kind = VG_IDENTITY_PERSON, .person = person->id};
    genesis->flags = 0;
    member->keys = some_keys(&node, 1);
    person->keys = some_keys(&who, 2);
    for (uint32_t i = 0; i < LEDGER_FOUNDED; i++)
        ledger_genesis_seal(genesis, i, &key, unwraps, seeds, NULL);
}

static void put_genesis(struct vg_buffer *out, const struct ledger_genesis *genesis)
{
    out->size = ledger_genesis_encode(genesis, vg_buffer_extend(out, LEDGER_GENESIS_MAX));
    PUT("genesis", "", out);
}

/* What its founder sends. */
static void put_cluster_file(struct vg_buffer *out, const struct ledger_genesis *genesis)
{
    static struct cluster_file file;
    char path[4096];
    file.genesis = *genesis;
    file.places[0] = (struct cluster_place){"tcp://127.0.0.1:1", "tcp://127.0.0.1:2"};
    snprintf(path, sizeof path, "%s/cluster.json", folder);
    if (cluster_file_write(path, &file, NULL) != VG_OK ||
        vg_file_read(path, 1U << 20, out, NULL) != VG_OK)
        exit(1);
    remove(path);
    PUT("bootstrap", "\1", out);
}

static void put_beginnings(struct vg_buffer *out, const struct ledger_genesis *in_clear)
{
    struct ledger_genesis sealed = *in_clear;
    put_genesis(out, in_clear);
    found(&sealed);
    put_genesis(out, &sealed);
    put_cluster_file(out, &sealed);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz-seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    struct vg_buffer out = {0};
    struct chain chain = chain_new(1);
    struct vg_blob *noop = chain_noop(&chain);
    struct vg_blob *entry = chain_command(&chain);
    struct ledger_view view;
    vg_span signed_command;
    if (ledger_parse(vg_blob_span(entry), &view, NULL) != VG_OK ||
        ledger_body_open(view.body, &view.envelope.commitment, &signed_command, NULL) != VG_OK)
        return 1;
    put_peer_messages(&out, vg_blob_span(noop));
    put_client_messages(&out, signed_command);
    put_frames(&out, vg_blob_span(noop));
    put_entries(&out, vg_blob_span(entry), vg_blob_span(noop));
    put_store_records(&out, &view);
    put_epochs(&out);
    put_commands(&out);
    put_records(&out);
    put_msgpack(&out);
    vg_buffer_append(&out, signed_command.data, signed_command.size);
    PUT("signed_command", "", &out);
    put_beginnings(&out, &chain.genesis);
    vg_buffer_free(&out);
    vg_blob_unref(noop);
    vg_blob_unref(entry);
    return 0;
}
