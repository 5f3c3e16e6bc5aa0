/* SPDX-License-Identifier: Apache-2.0
 * Appends incidents to the log of a stopped one-node cluster of `vigil dev`, as its first person
 * would have written them over months: each entry signed, chained and lawful. Written to the log on
 * disk at once, for a node would take an hour.
 *
 *     scale-log CLUSTER INCIDENTS OPEN ENTRIES */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/identity.h"
#include "common/keyring.h"
#include "common/text.h"
#include "node/store/log.h"
#include "proto/compartment/body.h"
#include "proto/ledger/genesis.h"
#include "proto/ledger/tail.h"
#include "proto/response/command.h"
#include "tests/lib/await.h"

enum {
    BATCH = 512,
    PATH_MAX_SIZE = 512,
    FIXED_ENTRIES = 5, /* detect, evidence, assess, and two stages of a closed one */
    STEP_MS = 2500,    /* of log time between two entries: the request table forgets */
    QUOTA_GIB = 64,
};

struct writer {
    struct ledger_genesis genesis;
    vg_hash cluster;
    struct vg_identity person;
    vg_cipher_key key; /* of the first compartment */
    struct store_log *log;
    struct ledger_tail *tail;
    uint64_t term;
    uint64_t time_ms;
    uint64_t serial;
    struct vg_blob **batch;
    uint32_t batched;
    uint64_t writes;
    _Atomic uint64_t written;
};

static void must(enum vg_code code, const struct vg_error *error)
{
    if (code == VG_OK)
        return;
    fprintf(stderr, "scale-log: %s\n", error->text);
    exit(1);
}

/* ---- the log -----------------------------------------------------------------------------------
 */

static void on_written(void *context, uint64_t id)
{
    struct writer *writer = context;
    writer->written = id;
}

static void flush(struct writer *writer)
{
    struct store_write write = {
        .id = ++writer->writes, .count = writer->batched, .entries = writer->batch};
    store_log_submit(writer->log, &write);
    AWAIT(writer->written + 2 >= writer->writes);
    ledger_tail_set_durable(writer->tail, ledger_tail_last(writer->tail));
    writer->batch = vg_alloc(BATCH * sizeof(struct vg_blob *));
    writer->batched = 0;
}

static vg_id next_request(struct writer *writer)
{
    uint8_t random[10] = {0};
    writer->serial++;
    memcpy(random + 2, &writer->serial, sizeof writer->serial);
    return vg_uuid7_make(writer->time_ms, random);
}

static void seal(struct writer *writer, const struct ledger_command *command, vg_span bytes)
{
    static const uint8_t salt[LEDGER_SALT_SIZE] = {7};
    struct vg_buffer entry = {0};
    size_t size = ledger_body_size(bytes.size);
    uint8_t *at = vg_buffer_extend(&entry, LEDGER_ENVELOPE_SIZE + size);
    struct ledger_envelope envelope = {.version = LEDGER_FORMAT,
                                       .cluster = writer->cluster,
                                       .type = LEDGER_SEALED,
                                       .compartment = command->compartment,
                                       .epoch = 1,
                                       .origin = {1},
                                       .id = command->request,
                                       .body_size = (uint32_t)size};
    memcpy(envelope.nonce, command->request.bytes, sizeof command->request);
    envelope.commitment = ledger_body_build(salt, bytes, at + LEDGER_ENVELOPE_SIZE);
    ledger_envelope_encode(&envelope, at);
    compartment_body_seal(&writer->key, envelope.nonce, vg_span_of(at, LEDGER_ENVELOPE_SIZE),
                          at + LEDGER_ENVELOPE_SIZE, size);
    writer->batch[writer->batched++] = vg_blob_ref(ledger_tail_append_own(
        writer->tail, vg_buffer_span(&entry), writer->term, writer->time_ms));
    vg_buffer_free(&entry);
    if (writer->batched == BATCH)
        flush(writer);
}

/* Expectations are what a person who has read the incident has. */
static vg_id give(struct writer *writer, const struct response_command *command, uint64_t expected)
{
    struct vg_buffer body = {0};
    struct vg_buffer bytes = {0};
    writer->time_ms += STEP_MS;
    response_command_encode(command, &body);
    struct ledger_command signed_command = {
        .cluster = writer->cluster,
        .compartment = writer->genesis.first,
        .author = writer->person.id,
        .request = next_request(writer),
        .expectations = {{.aspect = RESPONSE_ASPECT_STAGE, .revision = expected}},
        .expectation_count = expected > 0,
        .body = vg_buffer_span(&body),
    };
    uint8_t *at = vg_buffer_extend(&bytes, ledger_command_size(&signed_command));
    ledger_command_sign(&signed_command, &vg_signer_ed25519, &writer->person.secret, at);
    seal(writer, &signed_command, vg_buffer_span(&bytes));
    vg_buffer_free(&body);
    vg_buffer_free(&bytes);
    return signed_command.request;
}

/* ---- incidents ---------------------------------------------------------------------------------
 */

static vg_id detect(struct writer *writer, uint64_t number)
{
    char title[64];
    struct response_command command = {.op = RESPONSE_OP_DETECT};
    snprintf(title, sizeof title, "Beacon %" PRIu64 " from the build farm", number);
    command.detect.source = RESPONSE_SOURCE_AUTOMATED;
    command.detect.cia = RESPONSE_CONFIDENTIALITY;
    command.detect.title = vg_span_text(title);
    return give(writer, &command, 0);
}

static void move(struct writer *writer, const vg_id *incident, uint8_t stage, uint64_t expected)
{
    struct response_command command = {.op = RESPONSE_OP_STAGE};
    command.stage.incident = *incident;
    command.stage.stage = stage;
    command.stage.reason = vg_span_text("as the procedure has it");
    give(writer, &command, expected);
}

static void assess(struct writer *writer, const vg_id *incident)
{
    struct response_command command = {.op = RESPONSE_OP_EVIDENCE};
    command.evidence.incident = *incident;
    command.evidence.name = vg_span_text("alert.json");
    command.evidence.source = vg_span_text("siem");
    command.evidence.collector = vg_span_text("the sensor");
    command.evidence.hash.bytes[0] = 1;
    command.evidence.size = 4711;
    vg_id evidence = give(writer, &command, 0);
    command = (struct response_command){.op = RESPONSE_OP_ASSESS};
    command.assess.incident = *incident;
    command.assess.functional = RESPONSE_FUNCTIONAL_LOW;
    command.assess.recoverability = RESPONSE_REGULAR;
    command.assess.responsibility = RESPONSE_PROVIDER;
    command.assess.evidence = (struct response_ids){1, {evidence}};
    command.assess.product = vg_span_text("build-farm");
    command.assess.reason = vg_span_text("seen twice");
    give(writer, &command, 0);
}

static void note(struct writer *writer, const vg_id *incident, uint64_t number)
{
    char text[96];
    struct response_command command = {.op = RESPONSE_OP_NOTE};
    snprintf(text, sizeof text, "observation %" PRIu64 ": traffic to 203.0.113.9 every minute",
             number);
    command.note.incident = *incident;
    command.note.kind = RESPONSE_NOTE;
    command.note.text = vg_span_text(text);
    give(writer, &command, 0);
}

static void task(struct writer *writer, const vg_id *incident, uint64_t number)
{
    char title[64];
    struct response_command command = {.op = RESPONSE_OP_TASK};
    snprintf(title, sizeof title, "Rotate token %" PRIu64, number);
    command.task.incident = *incident;
    command.task.title = vg_span_text(title);
    give(writer, &command, 0);
}

static void write_incident(struct writer *writer, uint64_t number, bool open, uint64_t entries)
{
    vg_id incident = detect(writer, number);
    move(writer, &incident, RESPONSE_ASSESS, 1);
    assess(writer, &incident);
    for (uint64_t i = FIXED_ENTRIES; i < entries; i++)
        (i % 5 == 0 ? task : note)(writer, &incident, i);
    if (open)
        note(writer, &incident, entries);
    else
        move(writer, &incident, RESPONSE_CLOSE, 2);
}

/* ---- start and end -----------------------------------------------------------------------------
 */

static void read_cluster(struct writer *writer, const char *folder)
{
    char path[PATH_MAX_SIZE];
    struct vg_error error;
    struct vg_buffer bytes = {0};
    snprintf(path, sizeof path, "%s/genesis", folder);
    must(vg_file_read(path, LEDGER_GENESIS_MAX, &bytes, &error), &error);
    must(ledger_genesis_decode(vg_buffer_span(&bytes), &writer->genesis, &error), &error);
    writer->cluster = ledger_genesis_hash(vg_buffer_span(&bytes));
    vg_buffer_free(&bytes);
    snprintf(path, sizeof path, "%s/person-1.identity", folder);
    must(vg_identity_read(path, &writer->person, &error), &error);
}

/* The key that the node's entries are sealed under, as the node has it. */
static void read_key(struct writer *writer, const char *folder)
{
    static struct vg_keyring keyring;
    char path[PATH_MAX_SIZE];
    struct vg_error error;
    struct vg_identity node;
    vg_hash place = ledger_genesis_place(&writer->genesis);
    snprintf(path, sizeof path, "%s/node-1/key", folder);
    must(vg_identity_read(path, &node, &error), &error);
    snprintf(path, sizeof path, "%s/node-1/keyring", folder);
    must(vg_keyring_read(path, &node, &keyring, &error), &error);
    must(compartment_unwrap(&writer->genesis.epochs[LEDGER_FIRST], &place, node.node,
                            &vg_keyring_find(&keyring, &vg_keyring_first)->secret, &writer->key,
                            &error),
         &error);
}

static void open_log(struct writer *writer, const char *folder)
{
    char path[PATH_MAX_SIZE];
    struct vg_error error;
    struct store_recovery found = {0};
    snprintf(path, sizeof path, "%s/node-1/data/log", folder);
    struct store_log_config config = {.path = path,
                                      .cluster = writer->cluster,
                                      .node = {1},
                                      .quota_bytes = (uint64_t)QUOTA_GIB << 30,
                                      .written = on_written,
                                      .context = writer};
    must(store_log_open(&config, &writer->log, &found, &error), &error);
    assert(found.tail_count > 0);
    writer->tail = ledger_tail_new(found.last, &found.last_hash, BATCH);
    writer->term = found.term.value;
    writer->time_ms = found.tail[found.tail_count - 1].time_ms;
    writer->batch = vg_alloc(BATCH * sizeof(struct vg_blob *));
    store_recovery_free(&found);
}

static void close_log(struct writer *writer)
{
    flush(writer);
    store_log_close(writer->log);
    ledger_tail_free(writer->tail);
    free(writer->batch);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: scale-log CLUSTER INCIDENTS OPEN ENTRIES\n");
        return 2;
    }
    struct writer writer = {.serial = 0};
    uint64_t incidents = strtoull(argv[2], NULL, 10);
    uint64_t open = strtoull(argv[3], NULL, 10);
    uint64_t entries = strtoull(argv[4], NULL, 10);
    assert(open > 0 && open <= incidents && entries > FIXED_ENTRIES);
    vg_crypto_init();
    read_cluster(&writer, argv[1]);
    read_key(&writer, argv[1]);
    open_log(&writer, argv[1]);
    for (uint64_t i = 0; i < incidents; i++)
        write_incident(&writer, i, i % (incidents / open) == 0, entries);
    printf("%" PRIu64 " incidents, %" PRIu64 " of them open, the log ends at %" PRIu64 "\n",
           incidents, open, ledger_tail_last(writer.tail));
    close_log(&writer);
    return 0;
}
