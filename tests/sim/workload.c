/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/workload.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/directory.h"
#include "tests/lib/guess.h"
#include "tests/sim/sim.h"

enum {
    TRIES_MAX = 5,    /* under faults a client gives up after so many */
    PATIENCE = 2,     /* election timeouts a client waits for an answer */
    AGAIN_US = 20000, /* before another try after a refusal */
    REPORTER = 6,     /* the person who is a machine */
};

/* What a free client does next, in percent; the rest are new commands. */
enum { READ_PERCENT = 15, AGAIN_PERCENT = 6, CLASH_PERCENT = 2 };

static uint64_t below(struct sim *sim, uint64_t bound)
{
    return vg_prng_below(&sim->work_chance, bound);
}

static void fill_keys(struct sim *sim, struct vg_keys *keys, vg_secret_key *secret)
{
    uint8_t seed[VG_SEED_SIZE];
    vg_channel_secret unused;
    vg_prng_fill(&sim->work_chance, seed, sizeof seed);
    sim->signer->keypair(seed, &keys->key, secret);
    vg_channel_keypair(seed, &keys->channel, &unused);
}

void workload_people(struct sim *sim)
{
    struct ledger_genesis *genesis = &sim->genesis;
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct ledger_person *person = &genesis->people[i];
        fill_keys(sim, &person->keys, &sim->work.keys[i]);
        vg_prng_fill(&sim->work_chance, person->id.bytes, sizeof person->id.bytes);
        person->bits = i == 0          ? LEDGER_PERSON_OPERATOR
                       : i == REPORTER ? LEDGER_PERSON_INTEGRATION
                                       : 0;
    }
    fill_keys(sim, &genesis->members[0].keys, &sim->work.keys[PEOPLE]);
    genesis->person_count = PEOPLE;
}

/* ---- commands ----------------------------------------------------------------------------------
 */

/* A command on its way to be signed. `number` is the op's, unless it clashes with another. */
struct draft {
    struct guess guess;
    uint64_t number;
    char text[48];
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

/* Random people try random steps, lawful and not, in compartments there are: what nobody can answer
 * is not remembered either, and answered anew each time. */
static void draft_any(struct sim *sim, struct draft *draft)
{
    const struct response_machine *machine = &sim->hosts[0].machine;
    do {
        guess_command(&sim->work_chance, sim->rules, &sim->genesis,
                      SIM_EPOCH_MS + sim->now_us / 1000, draft->number, &draft->guess);
    } while (!response_compartment_known(machine, &draft->guess.compartment));
}

/* The operator's first commands: the compartment has a name; who may do what, and who is on call.
 */
static const struct {
    enum response_op op;
    uint32_t person;
    uint32_t roles;
} script[] = {
    {RESPONSE_OP_LABEL, 0, 0},
    {RESPONSE_OP_GRANT, 1, RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER},
    {RESPONSE_OP_GRANT, 2, RESPONSE_ROLE_RESPONDER},
    {RESPONSE_OP_GRANT, 3, RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_LEGAL},
    {RESPONSE_OP_GRANT, 4, RESPONSE_ROLE_INCIDENT_MANAGER | RESPONSE_ROLE_EXECUTIVE},
    {RESPONSE_OP_GRANT, 5, RESPONSE_ROLE_SERVICE_TEAM | RESPONSE_ROLE_PRIVACY_OFFICER},
    {RESPONSE_OP_GRANT, REPORTER, RESPONSE_ROLE_REPORTER},
    {RESPONSE_OP_ROSTER, 1, 0},
    {RESPONSE_OP_ROSTER, 2, 0},
};
enum { SCRIPT_LENGTH = sizeof script / sizeof script[0] };

static void draft_script(struct sim *sim, struct draft *draft)
{
    uint32_t step = sim->work.script;
    const vg_id *first = &sim->genesis.first;
    const vg_id *person = &sim->genesis.people[script[step].person].id;
    struct response_command *command = &draft->guess.command;
    draft->guess.compartment = sim->genesis.directory;
    command->op = script[step].op;
    if (command->op == RESPONSE_OP_LABEL) {
        command->label.compartment = *first;
        command->label.name = vg_span_text("default");
    } else if (command->op == RESPONSE_OP_GRANT) {
        command->grant.person = *person;
        command->grant.compartment = *first;
        command->grant.give = script[step].roles;
    } else {
        command->roster.person = *person;
        command->roster.compartment = *first;
        command->roster.on = RESPONSE_YES;
    }
}

static vg_id author_id(const struct sim *sim, uint32_t author)
{
    return author == PEOPLE ? response_node_author(sim->genesis.members[0].id)
                            : sim->genesis.people[author].id;
}

static uint64_t draft_sign(struct sim *sim, const struct draft *draft, const struct op *clash)
{
    const struct guess *guess = &draft->guess;
    struct vg_buffer body = {0};
    response_command_encode(&guess->command, &body);
    struct ledger_command command = {
        .cluster = sim->cluster,
        .compartment = guess->compartment,
        .author = author_id(sim, guess->author),
        .request = clash ? clash->request : request_id(sim, draft->number),
        .expectation_count = guess->expectation_count,
        .body = vg_buffer_span(&body),
    };
    memcpy(command.expectations, guess->expectations, sizeof guess->expectations);
    if (clash == NULL && !vg_id_is_zero(&guess->request))
        command.request = guess->request;
    struct vg_blob *blob = vg_blob_new(ledger_command_size(&command));
    ledger_command_sign(&command, sim->signer, &sim->work.keys[guess->author], blob->data);
    vg_buffer_free(&body);
    return history_add(&sim->history, &(struct op){
                                          .clash = clash,
                                          .author = guess->author,
                                          .compartment = guess->compartment,
                                          .signed_command = blob,
                                          .signature = command.signature,
                                          .request = command.request,
                                          .floor = sim->history.high,
                                      });
}

static uint64_t make_op(struct sim *sim, void (*fill)(struct sim *, struct draft *))
{
    struct draft draft = {.number = sim->history.count + 1};
    fill(sim, &draft);
    return draft_sign(sim, &draft, NULL);
}

/* Another command under the id of one that was answered: the same author in the same compartment,
 * or it is no clash. */
static uint64_t make_clash(struct sim *sim, const struct op *earlier)
{
    struct op copy = *earlier;
    struct draft draft = {.number = sim->history.count + 1};
    struct response_command *command = &draft.guess.command;
    snprintf(draft.text, sizeof draft.text, "op %" PRIu64, draft.number);
    draft.guess.author = copy.author;
    draft.guess.compartment = copy.compartment;
    command->op = RESPONSE_OP_DETECT;
    command->detect.source = RESPONSE_SOURCE_OPERATOR;
    command->detect.title = vg_span_text(draft.text);
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

/* A random node, of those that are asked for what the client wants. */
static uint32_t choose_host(struct sim *sim, const struct client *client)
{
    uint32_t to = (uint32_t)below(sim, sim->host_count);
    bool asks =
        !client->reading && sim_is_apart(sim, &history_get(&sim->history, client->op)->compartment);
    while (asks && sim->hosts[to].apart)
        to = (to + 1) % sim->host_count;
    return to;
}

static void try(struct sim *sim, uint32_t number)
{
    struct client *client = &sim->work.clients[number];
    client->attempt++;
    client->tries++;
    uint32_t to = choose_host(sim, client);
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

/* A random op that was answered as its own, and accepted: what was refused may not be remembered. 0
 * if chance finds none. */
static uint64_t answered_op(struct sim *sim)
{
    struct history *history = &sim->history;
    uint64_t number = history->count > SCRIPT_LENGTH
                          ? 1 + SCRIPT_LENGTH + below(sim, history->count - SCRIPT_LENGTH)
                          : 0;
    if (number == 0 || !history->ops[number - 1].acked || history->ops[number - 1].clash ||
        history->ops[number - 1].told.code != VG_OK)
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

static void told(struct sim *sim, uint32_t number, const struct reply *reply)
{
    struct client *client = &sim->work.clients[number];
    client->waiting = false;
    if (client->reading) {
        history_read(sim, client->floor, reply->index);
    } else {
        history_told(sim, client->op, reply);
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
