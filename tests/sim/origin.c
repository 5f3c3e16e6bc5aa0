/* SPDX-License-Identifier: Apache-2.0
 * The way of a request through a host: verified and wrapped by the origin, handed to the leader,
 * proposed, and answered from the origin's own apply (DESIGN section 2). */

#include "proto/response/directory.h"
#include "tests/sim/sim.h"

enum { FORGED_PPM = 10000 };

static void reply_to(struct sim *sim, const struct host *host, const struct asked *asked,
                     const struct reply *reply)
{
    struct packet *packet = packet_new(PACKET_REPLY, host->index, asked->client);
    packet->client = asked->client;
    packet->attempt = asked->attempt;
    packet->op = asked->op;
    packet->read = asked->read_id > 0;
    packet->reply = *reply;
    net_send(sim, packet);
}

static void asked_remove(struct host *host, uint32_t place)
{
    host->asked[place] = host->asked[--host->asked_count];
}

/* The oldest gives way: its client has lost patience long ago. */
static struct asked *asked_add(struct host *host, const struct packet *packet)
{
    if (host->asked_count == ASKED_MAX) {
        memmove(host->asked, host->asked + 1, (ASKED_MAX - 1) * sizeof *host->asked);
        host->asked_count--;
    }
    struct asked *asked = &host->asked[host->asked_count++];
    *asked = (struct asked){.client = packet->client, .attempt = packet->attempt, .op = packet->op};
    return asked;
}

static void refuse_asked(struct sim *sim, struct host *host, const struct packet *packet,
                         enum vg_code code)
{
    for (uint32_t i = 0; i < host->asked_count; i++) {
        struct asked asked = host->asked[i];
        if (asked.client != packet->client || asked.attempt != packet->attempt)
            continue;
        asked_remove(host, i);
        reply_to(sim, host, &asked, &(struct reply){.code = code});
        return;
    }
}

/* A certain refusal, to our own client or back to the origin that forwarded. */
static void refuse(struct sim *sim, struct host *host, const struct packet *request,
                   enum vg_code code)
{
    if (request->kind == PACKET_REQUEST) {
        refuse_asked(sim, host, request, code);
        return;
    }
    struct packet *packet = packet_new(PACKET_ANSWER, host->index, request->from);
    packet->client = request->client;
    packet->attempt = request->attempt;
    packet->op = request->op;
    packet->reply.code = code;
    net_send(sim, packet);
}

/* ---- envelopes ---------------------------------------------------------------------------------
 */

static struct ledger_envelope envelope_of(struct host *host, uint8_t type)
{
    struct ledger_envelope envelope = {
        .version = LEDGER_FORMAT,
        .cluster = host->machine.cluster,
        .type = type,
        .origin = host->id,
    };
    vg_prng_fill(&host->prng, envelope.id.bytes, sizeof envelope.id.bytes);
    return envelope;
}

void origin_noop(struct host *host, uint8_t out[LEDGER_ENVELOPE_SIZE])
{
    struct ledger_envelope envelope = envelope_of(host, LEDGER_NOOP);
    ledger_envelope_encode(&envelope, out);
}

static struct vg_blob *seal(struct host *host, const struct ledger_command *command, vg_span bytes)
{
    uint8_t salt[LEDGER_SALT_SIZE];
    vg_prng_fill(&host->prng, salt, sizeof salt);
    size_t size = ledger_body_size(bytes.size);
    struct vg_blob *blob = vg_blob_new(LEDGER_ENVELOPE_SIZE + size);
    struct ledger_envelope envelope =
        envelope_of(host, vg_id_is_zero(&command->compartment) ? LEDGER_CONTROL : LEDGER_SEALED);
    envelope.compartment = command->compartment;
    envelope.body_size = (uint32_t)size;
    envelope.commitment = ledger_body_build(salt, bytes, blob->data + LEDGER_ENVELOPE_SIZE);
    ledger_envelope_encode(&envelope, blob->data);
    return blob;
}

/* The signed command in an envelope, or NULL if it is not what it claims to be. */
static struct vg_blob *wrap(const struct sim *sim, struct host *host, const struct vg_blob *signed_)
{
    struct ledger_command command;
    vg_span bytes = vg_blob_span(signed_);
    if (ledger_command_decode(bytes, &command, NULL) != VG_OK)
        return NULL;
    vg_public_key key;
    if (!response_key_find(&host->machine, &command.author, &key) ||
        !ledger_command_verify(bytes, sim->signer, &key))
        return NULL;
    return seal(host, &command, bytes);
}

/* What a careless or hostile origin might hand on: the same command under a signature that is not
 * its author's. Every node must find it void. */
static struct vg_blob *forge(struct host *host, const struct vg_blob *signed_)
{
    struct vg_blob *copy = vg_blob_copy(vg_blob_span(signed_));
    struct ledger_command command;
    copy->data[copy->size - 1] ^= 1;
    struct vg_blob *forged = NULL;
    if (ledger_command_decode(vg_blob_span(copy), &command, NULL) == VG_OK)
        forged = seal(host, &command, vg_blob_span(copy));
    vg_blob_unref(copy);
    return forged;
}

/* ---- commands ----------------------------------------------------------------------------------
 */

/* The leader's part: an envelope joins the next proposal, or is refused for certain. */
static void gather(struct sim *sim, struct host *host, struct packet *request, struct vg_blob *blob)
{
    if (host->gathered_count == GATHERED_MAX) {
        refuse(sim, host, request, VG_BUSY);
        return;
    }
    request->references++;
    host->gathered[host->gathered_count++] =
        (struct gathered){.blob = vg_blob_ref(blob), .request = request};
    if (host->propose_waiting)
        return;
    host->propose_waiting = true;
    queue_push(&sim->queue, (struct event){.at_us = sim->now_us + sim->profile.gather_us,
                                           .kind = EVENT_PROPOSE,
                                           .who = host->index,
                                           .life = host->life});
}

static void gathered_clear(struct host *host)
{
    for (uint32_t i = 0; i < host->gathered_count; i++) {
        vg_blob_unref(host->gathered[i].blob);
        packet_unref(host->gathered[i].request);
    }
    host->gathered_count = 0;
}

void origin_propose(struct sim *sim, struct host *host)
{
    struct raft_entry entries[GATHERED_MAX] = {0};
    host->propose_waiting = false;
    for (uint32_t i = 0; i < host->gathered_count; i++) {
        size_t size = LEDGER_HEADER_SIZE + host->gathered[i].blob->size;
        entries[i] = (struct raft_entry){.size = (uint32_t)size, .kind = RAFT_DATA};
    }
    host_step(sim, host,
              &(struct raft_event){
                  .type = RAFT_PROPOSE, .entries = entries, .entry_count = host->gathered_count},
              NULL);
    gathered_clear(host);
}

void origin_refused(struct sim *sim, struct host *host, enum raft_reason reason)
{
    enum vg_code code = reason == RAFT_REASON_BUSY ? VG_BUSY : VG_UNAVAILABLE;
    SOMETIMES(&sim->marks, DISK_FULL_REFUSED, code == VG_BUSY && host->disk.full);
    for (uint32_t i = 0; i < host->gathered_count; i++)
        refuse(sim, host, host->gathered[i].request, code);
}

static void forward(struct sim *sim, struct host *host, const struct packet *request,
                    struct vg_blob *blob)
{
    uint32_t leader = (uint32_t)host->status.leader.value - 1;
    struct packet *packet = packet_new(PACKET_FORWARD, host->index, leader);
    packet->client = request->client;
    packet->attempt = request->attempt;
    packet->op = request->op;
    packet->blob = vg_blob_ref(blob);
    net_send(sim, packet);
}

static void hand_on(struct sim *sim, struct host *host, struct packet *request,
                    struct vg_blob *blob)
{
    if (!blob)
        refuse(sim, host, request, VG_INVALID);
    else if (host->status.role == RAFT_LEADER)
        gather(sim, host, request, blob);
    else if (host->status.leader.value > 0)
        forward(sim, host, request, blob);
    else
        refuse(sim, host, request, VG_UNAVAILABLE);
    vg_blob_unref(blob);
}

/* Nobody waits for a forgery's answer. */
static void hand_on_forged(struct sim *sim, struct host *host, const struct vg_blob *signed_)
{
    struct packet *request = packet_new(PACKET_REQUEST, CLIENTS_MAX, host->index);
    request->client = CLIENTS_MAX;
    hand_on(sim, host, request, forge(host, signed_));
    packet_unref(request);
}

static void submit(struct sim *sim, struct host *host, struct packet *request)
{
    if (sim->faults && vg_prng_chance_ppm(&host->prng, FORGED_PPM))
        hand_on_forged(sim, host, request->blob);
    asked_add(host, request);
    hand_on(sim, host, request, wrap(sim, host, request->blob));
}

void origin_forwarded(struct sim *sim, struct host *host, struct packet *packet)
{
    if (host->status.role == RAFT_LEADER)
        gather(sim, host, packet, packet->blob);
    else
        refuse(sim, host, packet, VG_UNAVAILABLE);
}

void origin_answered(struct sim *sim, struct host *host, const struct packet *packet)
{
    refuse_asked(sim, host, packet, packet->reply.code);
}

void origin_applied(struct sim *sim, struct host *host, uint64_t op, const struct reply *reply)
{
    for (uint32_t i = host->asked_count; i-- > 0;) {
        struct asked asked = host->asked[i];
        if (asked.read_id != 0 || asked.op != op)
            continue;
        asked_remove(host, i);
        reply_to(sim, host, &asked, reply);
    }
}

/* ---- reads -------------------------------------------------------------------------------------
 */

void origin_request(struct sim *sim, struct host *host, struct packet *packet)
{
    if (!packet->read) {
        submit(sim, host, packet);
        return;
    }
    uint64_t id = (uint64_t)host->life << 32 | ++host->reads;
    asked_add(host, packet)->read_id = id;
    host_step(sim, host, &(struct raft_event){.type = RAFT_READ_INDEX, .id = id}, NULL);
}

static struct asked *find_read(struct host *host, uint64_t id)
{
    for (uint32_t i = 0; i < host->asked_count; i++)
        if (host->asked[i].read_id == id)
            return &host->asked[i];
    return NULL;
}

void origin_read_ready(struct sim *sim, struct host *host, uint64_t id, uint64_t index)
{
    struct asked *asked = find_read(host, id);
    SOMETIMES(&sim->marks, READ_FROM_FOLLOWER, host->status.role != RAFT_LEADER);
    if (asked)
        asked->index = index > 0 ? index : 1;
    host_apply_later(sim, host);
}

void origin_read_failed(struct sim *sim, struct host *host, uint64_t id)
{
    struct asked *asked = find_read(host, id);
    if (!asked)
        return;
    reply_to(sim, host, asked, &(struct reply){.code = VG_UNAVAILABLE});
    asked_remove(host, (uint32_t)(asked - host->asked));
}

void origin_serve_reads(struct sim *sim, struct host *host)
{
    for (uint32_t i = host->asked_count; i-- > 0;) {
        struct asked asked = host->asked[i];
        if (asked.read_id == 0 || asked.index == 0 || asked.index > host->cursor)
            continue;
        asked_remove(host, i);
        reply_to(sim, host, &asked, &(struct reply){.decided = true, .index = host->cursor});
    }
}

void origin_clear(struct host *host)
{
    gathered_clear(host);
    host->asked_count = 0;
}
