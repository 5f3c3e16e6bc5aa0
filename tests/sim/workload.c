/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/workload.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "tests/sim/sim.h"

enum {
    TRIES_MAX = 5,    /* under faults a client gives up after so many */
    GRANTED = 4,      /* people 1 to 3 get roles, person 4 gets none */
    DEDUP_KEYS = 5,   /* few, so that detections join */
    PATIENCE = 2,     /* election timeouts a client waits for an answer */
    AGAIN_US = 20000, /* before another try after a refusal */
    SCRIPT_LENGTH = 2 * GRANTED,
};

/* What a free client does next, in percent; the rest are new commands. */
enum { READ_PERCENT = 15, AGAIN_PERCENT = 6, CLASH_PERCENT = 2 };

static uint64_t below(struct sim *sim, uint64_t bound)
{
    return vg_prng_below(&sim->work_chance, bound);
}

void workload_people(struct sim *sim)
{
    struct ledger_genesis *genesis = &sim->genesis;
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct ledger_person *person = &genesis->people[i];
        uint8_t seed[VG_SEED_SIZE];
        vg_prng_fill(&sim->work_chance, seed, sizeof seed);
        vg_prng_fill(&sim->work_chance, person->id.bytes, sizeof person->id.bytes);
        sim->signer->keypair(seed, &person->key, &sim->work.keys[i]);
        person->bits = i == 0 ? LEDGER_PERSON_OPERATOR : 0;
    }
    genesis->person_count = PEOPLE;
}

/* ---- commands ----------------------------------------------------------------------------------
 */

/* A command on its way to be signed. `number` is the op's, unless it clashes with another. */
struct draft {
    struct response_command command;
    struct ledger_expectation expectation;
    bool expects;
    bool in_directory;
    uint32_t author;
    uint64_t number;
    char text[48];
    char key[16];
};

static vg_id request_id(struct sim *sim, uint64_t number)
{
    uint8_t random[10];
    vg_prng_fill(&sim->work_chance, random, sizeof random);
    vg_id id = vg_uuid7_make(SIM_EPOCH_MS + sim->now_us / 1000, random);
    for (uint32_t i = 0; i < 6; i++)
        id.bytes[15 - i] = (uint8_t)(number >> (8 * i));
    return id;
}

static void draft_detect(struct sim *sim, struct draft *draft)
{
    bool keyed = below(sim, 100) < 40;
    snprintf(draft->key, sizeof draft->key, "%s%" PRIu64, "signal-", below(sim, DEDUP_KEYS));
    draft->command.op = RESPONSE_OP_DETECT;
    draft->command.detect.source = (uint8_t)(1 + below(sim, RESPONSE_SOURCE_UNKNOWN));
    draft->command.detect.cia = (uint8_t)below(sim, 8);
    draft->command.detect.title = vg_span_text(draft->text);
    draft->command.detect.product = vg_span_text("");
    draft->command.detect.dedup_key = vg_span_text(keyed ? draft->key : "");
    draft->command.detect.detail = vg_span_text("");
}

static void draft_note(struct sim *sim, struct draft *draft, const struct known *known)
{
    draft->command.op = RESPONSE_OP_NOTE;
    draft->command.note.incident = known->id;
    if (below(sim, 100) < 4)
        vg_prng_fill(&sim->work_chance, draft->command.note.incident.bytes, sizeof(vg_id));
    draft->command.note.kind = RESPONSE_NOTE;
    draft->command.note.text = vg_span_text(draft->text);
}

static void draft_stage(struct sim *sim, struct draft *draft, const struct known *known)
{
    draft->command.op = RESPONSE_OP_STAGE;
    draft->command.stage.incident = known->id;
    draft->command.stage.stage = (uint8_t)(RESPONSE_ASSESS + below(sim, 4));
    draft->command.stage.cia = below(sim, 3) == 0 ? RESPONSE_INTEGRITY : 0;
    draft->command.stage.reason = vg_span_text(draft->text);
    draft->expects = below(sim, 100) < 90;
    draft->expectation = (struct ledger_expectation){.aspect = RESPONSE_ASPECT_STAGE,
                                                     .revision = known->stage_revision};
}

static void draft_any(struct sim *sim, struct draft *draft)
{
    uint64_t what = below(sim, 100);
    draft->author = 1 + (uint32_t)(below(sim, 100) < 95 ? below(sim, GRANTED - 1) : GRANTED - 1);
    const struct known *known = &sim->work.known[0];
    if (sim->work.known_count > 0)
        known = &sim->work.known[below(sim, sim->work.known_count)];
    if (sim->work.known_count < KNOWN_MAX / 2 || what < 30)
        draft_detect(sim, draft);
    else if (what < 65)
        draft_note(sim, draft, known);
    else
        draft_stage(sim, draft, known);
}

/* The operator's commands: the compartment's name, those of people 1 to 4, roles of 1 to 3. */
static void draft_script(struct sim *sim, struct draft *draft)
{
    uint32_t step = sim->work.script;
    draft->author = 0;
    draft->in_directory = true;
    if (step == 0) {
        draft->command.op = RESPONSE_OP_LABEL;
        draft->command.label.compartment = sim->genesis.first;
        draft->command.label.name = vg_span_text("default");
        return;
    }
    if (step <= GRANTED) {
        draft->command.op = RESPONSE_OP_PERSON;
        draft->command.person.person = sim->genesis.people[step].id;
        draft->command.person.name = vg_span_text(draft->text);
        return;
    }
    draft->command.op = RESPONSE_OP_GRANT;
    draft->command.grant.person = sim->genesis.people[step - GRANTED].id;
    draft->command.grant.compartment = sim->genesis.first;
    draft->command.grant.give = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER;
}

static uint64_t draft_sign(struct sim *sim, const struct draft *draft, const struct op *clash)
{
    struct vg_buffer body = {0};
    response_command_encode(&draft->command, &body);
    struct ledger_command command = {
        .cluster = sim->cluster,
        .compartment = draft->in_directory ? sim->genesis.directory : sim->genesis.first,
        .author = sim->genesis.people[draft->author].id,
        .request = clash ? clash->request : request_id(sim, draft->number),
        .expectations = {draft->expectation},
        .expectation_count = draft->expects,
        .body = vg_buffer_span(&body),
    };
    struct vg_blob *blob = vg_blob_new(ledger_command_size(&command));
    ledger_command_sign(&command, sim->signer, &sim->work.keys[draft->author], blob->data);
    vg_buffer_free(&body);
    return history_add(
        &sim->history,
        &(struct op){
            .what = draft->command.op,
            .compartment = draft->in_directory ? sim->genesis.directory : sim->genesis.first,
            .clash = clash,
            .author = draft->author,
            .signed_command = blob,
            .signature = command.signature,
            .request = command.request,
            .floor = sim->history.high,
        });
}

static uint64_t make_op(struct sim *sim, void (*fill)(struct sim *, struct draft *))
{
    struct draft draft = {.number = sim->history.count + 1};
    snprintf(draft.text, sizeof draft.text, "op %" PRIu64, draft.number);
    fill(sim, &draft);
    return draft_sign(sim, &draft, NULL);
}

/* Another command under the id of one that was answered: the same author, or it is no clash. */
static uint64_t make_clash(struct sim *sim, const struct op *earlier)
{
    struct op copy = *earlier;
    struct draft draft = {.number = sim->history.count + 1};
    snprintf(draft.text, sizeof draft.text, "op %" PRIu64, draft.number);
    draft_detect(sim, &draft);
    draft.author = copy.author;
    return draft_sign(sim, &draft, &copy);
}

/* ---- clients -----------------------------------------------------------------------------------
 */

static void wake(struct sim *sim, uint32_t number, uint64_t delay_us)
{
    queue_push(&sim->queue, (struct event){.at_us = sim->now_us + delay_us,
                                           .kind = EVENT_CLIENT,
                                           .who = number,
                                           .life = sim->work.clients[number].attempt});
}

/* A wait between two attempts, in which no answer is expected. */
static void rest(struct sim *sim, uint32_t number, uint64_t delay_us)
{
    sim->work.clients[number].attempt++;
    wake(sim, number, delay_us);
}

static void try(struct sim *sim, uint32_t number)
{
    struct client *client = &sim->work.clients[number];
    client->attempt++;
    client->tries++;
    uint32_t to = (uint32_t)below(sim, sim->host_count);
    struct packet *packet = packet_new(PACKET_REQUEST, number, to);
    packet->client = number;
    packet->attempt = client->attempt;
    packet->read = client->reading;
    packet->op = client->op;
    client->waiting = true;
    if (!client->reading) {
        packet->blob = vg_blob_ref(history_get(&sim->history, client->op)->signed_command);
        history_asked(sim, client->op);
    }
    net_send(sim, packet);
    wake(sim, number, PATIENCE * sim->profile.election_ms * 1000ULL);
}

/* A random op that was answered and accepted as its own; 0 if chance finds none. */
static uint64_t answered_op(struct sim *sim)
{
    struct history *history = &sim->history;
    uint64_t number = history->count > SCRIPT_LENGTH
                          ? 1 + SCRIPT_LENGTH + below(sim, history->count - SCRIPT_LENGTH)
                          : 0;
    if (number == 0 || !history->ops[number - 1].acked || history->ops[number - 1].clash)
        return 0;
    return number;
}

static void begin(struct sim *sim, uint32_t number)
{
    struct client *client = &sim->work.clients[number];
    uint64_t what = below(sim, 100);
    uint64_t earlier = answered_op(sim);
    client->busy = true;
    client->tries = 0;
    client->reading = false;
    client->floor = sim->history.high;
    if (!workload_scripted(sim))
        client->op = make_op(sim, draft_script);
    else if (what < READ_PERCENT)
        client->reading = true;
    else if (earlier > 0 && what < READ_PERCENT + AGAIN_PERCENT)
        client->op = earlier;
    else if (earlier > 0 && what < READ_PERCENT + AGAIN_PERCENT + CLASH_PERCENT)
        client->op = make_clash(sim, history_get(&sim->history, earlier));
    else
        client->op = make_op(sim, draft_any);
    try(sim, number);
}

static void end(struct sim *sim, uint32_t number)
{
    sim->work.clients[number].busy = false;
    rest(sim, number, 1 + below(sim, 2ULL * sim->profile.think_us + 1));
}

void workload_event(struct sim *sim, const struct event *event)
{
    struct client *client = &sim->work.clients[event->who];
    if (event->life != client->attempt)
        return;
    bool hopeless = sim->faults && client->tries >= TRIES_MAX;
    if (client->waiting && !client->reading)
        history_unknown(sim, client->op);
    client->waiting = false;
    SOMETIMES(&sim->marks, ANSWER_UNKNOWN, client->busy && hopeless);
    if (client->busy && hopeless)
        end(sim, event->who);
    else if (client->busy)
        try(sim, event->who);
    else if (!sim->work.draining)
        begin(sim, event->who);
}

/* ---- answers -----------------------------------------------------------------------------------
 */

static void learn(struct sim *sim, const struct op *op, const struct reply *reply)
{
    struct workload *work = &sim->work;
    for (uint32_t i = 0; i < work->known_count; i++) {
        if (!vg_id_equal(&work->known[i].id, &reply->id))
            continue;
        if (reply->stage_revision > work->known[i].stage_revision)
            work->known[i].stage_revision = reply->stage_revision;
        return;
    }
    if (op->what != RESPONSE_OP_DETECT || reply->code != VG_OK)
        return;
    uint32_t place =
        work->known_count < KNOWN_MAX ? work->known_count++ : (uint32_t)below(sim, KNOWN_MAX);
    work->known[place] = (struct known){.id = reply->id, .stage_revision = reply->stage_revision};
}

static void told(struct sim *sim, uint32_t number, const struct reply *reply)
{
    struct client *client = &sim->work.clients[number];
    client->waiting = false;
    if (client->reading) {
        history_read(sim, client->floor, reply->index);
    } else {
        history_told(sim, client->op, reply);
        learn(sim, history_get(&sim->history, client->op), reply);
        if (!workload_scripted(sim))
            sim->work.script++;
    }
    end(sim, number);
}

void workload_reply(struct sim *sim, const struct packet *packet)
{
    struct client *client = &sim->work.clients[packet->client];
    bool current = client->waiting && packet->attempt == client->attempt;
    bool same = client->waiting && client->reading == packet->read && client->op == packet->op;
    if (packet->reply.decided && (packet->read ? current : same)) {
        told(sim, packet->client, &packet->reply);
    } else if (current && !packet->reply.decided) {
        client->waiting = false;
        if (!client->reading)
            history_refused(sim, client->op);
        rest(sim, packet->client, AGAIN_US);
    }
}

/* ---- all of them -------------------------------------------------------------------------------
 */

void workload_start(struct sim *sim)
{
    wake(sim, 0, 1);
}

bool workload_scripted(const struct sim *sim)
{
    return sim->work.script >= SCRIPT_LENGTH;
}

void workload_all(struct sim *sim)
{
    sim->work.draining = false;
    for (uint32_t i = 0; i < sim->profile.clients; i++)
        if (!sim->work.clients[i].busy)
            rest(sim, i, 1 + below(sim, 2ULL * sim->profile.think_us + 1));
}

bool workload_idle(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->profile.clients; i++)
        if (sim->work.clients[i].busy)
            return false;
    return true;
}
