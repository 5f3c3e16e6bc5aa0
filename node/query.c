/* SPDX-License-Identifier: Apache-2.0
 * Requests of clients as they arrive, and questions until they are answered. A question is decoded
 * on NNG's thread, decided on the loop, answered on the apply thread or the pool, and sent from the
 * loop. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "node/parts.h"

enum { TIMEOUT_DEFAULT_MS = 5000 };

/* ---- the answer --------------------------------------------------------------------------------
 */

void node_reply(struct node *node, uint64_t session, uint64_t token, const struct vg_error *error,
                char *json)
{
    struct wire_response response = {.token = token, .error = *error};
    if (json != NULL)
        response.json = vg_span_text(json);
    if (response.json.size > VG_FRAME_MAX - 8192) {
        response.json.size = 0;
        vg_fail(&response.error, VG_INVALID,
                "the answer is larger than a frame of %d bytes; ask for less with \"limit\"",
                VG_FRAME_MAX);
    }
    vg_buffer_clear(&node->frame);
    wire_response_encode(&response, &node->frame);
    if (node->clients != NULL && !node_fault(node, NODE_FAULT_CLIENTS))
        net_clients_send(node->clients, session, vg_buffer_span(&node->frame));
    free(json);
}

/* Sends the answer the query holds, and frees it. */
static void answer(struct node_query *query)
{
    node_reply(query->node, query->session, query->request_token, &query->error, query->json);
    if (query->checked != NULL)
        node_submit_free(query->checked);
    free(query);
}

static void refuse_stopping(struct node_query *query)
{
    vg_fail(&query->error, VG_UNAVAILABLE, "node %" PRIu64 " is stopping; ask another node",
            query->node->self.value);
}

/* Where an answer from the state goes on. */
static void confirm(struct node_query *query);
static void ask_log(struct node_query *query);
static void ask_keyring(struct node_query *query);

/* What is so here already needs no look as of a read index. That a compartment is not level, or not
 * one for who asks, does: this node may have been cleared for it, or they given a role, meanwhile.
 * One that is not there is asked for twice like one that they may not know of. */
static bool is_to_confirm(struct node_query *query)
{
    bool first = query->looked && query->error.code != VG_OK && !query->node->closed;
    query->looked = false;
    if (first)
        query->error = (struct vg_error){.code = VG_OK};
    return first;
}

/* The log can be read where the state stands still; whose entries are for whom is not known then,
 * and no body is shown. A count of none would be taken for one. */
static bool is_for_log(struct node_query *query)
{
    bool is_count = query->ask.name == API_LOG_VERIFY && query->error.code != VG_OK;
    if (query->ask.source != API_FROM_LOG || query->error.code == VG_BUSY || is_count)
        return false;
    query->error = (struct vg_error){.code = VG_OK};
    if (query->node->closed)
        refuse_stopping(query);
    return !query->node->closed;
}

/* What has become of an earlier offer is applied: it is not given again. */
static bool is_for_keyring(const struct node_query *query)
{
    return query->ask.source == API_FROM_KEYRING && query->error.code == VG_OK;
}

static void take_answer(struct loop_task *task)
{
    struct node_query *query = (struct node_query *)task;
    query->node->working--;
    if (is_to_confirm(query))
        confirm(query);
    else if (is_for_log(query))
        ask_log(query);
    else if (is_for_keyring(query))
        ask_keyring(query);
    else if (!query->parks || !node_watch_park(query->node, query))
        answer(query);
}

/* Hands a query back to the loop, from the apply thread. */
static void hand_back(struct node_query *query)
{
    query->task.run = take_answer;
    loop_post(query->node->loop, &query->task);
}

/* ---- on the apply thread -----------------------------------------------------------------------
 */

static void check_command(struct node_query *query, struct response_machine *machine)
{
    struct ledger_command command;
    struct response_outcome outcome;
    if (ledger_command_decode(query->checked->command, &command, &query->error) != VG_OK ||
        node_require_level(query->node, &command.compartment, &query->error) != VG_OK)
        return;
    response_check(machine, &command, query->ask.now_ms, &outcome);
    query->error = outcome.error;
    query->json = api_outcome_text(&outcome);
}

/* From the state; an empty answer is kept for when its time is up. */
static void answer_from_state(struct node_query *query, struct response_machine *machine)
{
    json_t *document = api_state_answer(machine, &query->ask, &query->error);
    query->parks = api_is_to_wait(&query->ask, document) &&
                   vg_clock_system.monotonic_us() < query->wait_until_us;
    query->seen = response_cursor(machine);
    query->json = api_text(document);
}

static void answer_status(struct node_query *query, struct response_machine *machine)
{
    struct api_clearances clearances = {.count = 0};
    node_clearance_fill(query->node, &clearances);
    query->json =
        api_text(api_status_answer(&query->status, &clearances, machine, &query->ask.asker));
    free(clearances.all);
}

/* Whether commands of the compartment may be sent here, by somebody whom it concerns. */
static void answer_level(struct node_query *query, const struct response_machine *machine)
{
    const vg_id *compartment = &query->ask.id;
    if (!response_knows_compartment(machine, &query->ask.asker, compartment))
        node_no_compartment(compartment, &query->error);
    else if (node_require_level(query->node, compartment, &query->error) == VG_OK)
        query->json = api_text(json_pack("{s:b}", "level", true));
}

/* What the log is then read with. */
static void look_at_roles(struct node_query *query, const struct response_machine *machine)
{
    const vg_id *asker = &query->ask.asker;
    api_compartments_seen(machine, asker, &query->seen_by_asker);
    query->counts = response_knows_compartment(machine, asker, &query->ask.id);
}

static void answer_from_machine(void *context, struct response_machine *machine)
{
    struct node_query *query = context;
    if (query->checked != NULL)
        check_command(query, machine);
    else if (query->ask.name == API_CLUSTER_STATUS)
        answer_status(query, machine);
    else if (query->ask.name == API_COMPARTMENT_LEVEL)
        answer_level(query, machine);
    else if (query->ask.source == API_FROM_LOG)
        look_at_roles(query, machine);
    else if (query->ask.name == API_COMPARTMENT_PREPARE)
        node_clearing_prepare(query, machine);
    else if (query->ask.name == API_NODE_FIGURES)
        query->json = api_text(api_figures_answer(&query->status, machine, &query->ask.asker));
    else if (query->ask.source == API_FROM_KEYRING)
        node_clearing_admit(query, machine);
    else
        answer_from_state(query, machine);
    hand_back(query);
}

static void give_up(void *context, const struct vg_error *why)
{
    struct node_query *query = context;
    query->error = *why;
    hand_back(query);
}

static void ask_machine(struct node_query *query, uint64_t at_least)
{
    query->node->working++;
    store_applier_query(query->node->applier, at_least, answer_from_machine, give_up, query);
}

void node_query_resume(struct node_query *query, bool over)
{
    if (over) {
        answer(query);
        return;
    }
    free(query->json);
    query->json = NULL;
    ask_machine(query, 0);
}

/* ---- on the pool -------------------------------------------------------------------------------
 */

static void read_log(void *context)
{
    node_log_answer(context);
}

static void log_was_read(void *context)
{
    struct node_query *query = context;
    struct node *node = query->node;
    bool looks = query->ask.name == API_LOG_VERIFY; /* and changes nothing */
    node->working--;
    if (query->damaged == 0 || looks || node->closed) {
        answer(query);
    } else if (query->ask.name == API_LOG_REPAIR) {
        node_repair_wait(node, query);
    } else {
        node_repair_start(node, query->damaged);
        answer(query);
    }
}

static void ask_log(struct node_query *query)
{
    query->node->working++;
    loop_work(query->node->loop, read_log, log_was_read, query);
}

static void read_keyring(void *context)
{
    node_clearing_offer(context);
}

static void keyring_was_read(void *context)
{
    struct node_query *query = context;
    query->node->working--;
    answer(query);
}

static void ask_keyring(struct node_query *query)
{
    query->node->working++;
    loop_work(query->node->loop, read_keyring, keyring_was_read, query);
}

/* ---- transfer ----------------------------------------------------------------------------------
 */

static void refuse_at_follower(struct node_query *query)
{
    struct node *node = query->node;
    const char *url = NULL;
    if (node->leader.value == 0) {
        vg_fail(&query->error, VG_UNAVAILABLE, "there is no leader now; try again");
        answer(query);
        return;
    }
    for (uint32_t i = 0; i < node->config->peers_count; i++)
        if (node->config->peers[i].node == node->leader.value)
            url = node->config->peers[i].client;
    vg_fail(&query->error, VG_UNAVAILABLE,
            "node %" PRIu64 " leads and alone can hand over; ask it: %s", node->leader.value, url);
    query->json =
        api_text(json_pack("{s:I, s:s?}", "leader", (json_int_t)node->leader.value, "client", url));
    answer(query);
}

static char *leadership(vg_node_id leader, raft_term term)
{
    return api_text(json_pack("{s:I, s:I}", "leader", (json_int_t)leader.value, "term",
                              (json_int_t)term.value));
}

static void start_transfer(struct node_query *query)
{
    struct node *node = query->node;
    if (node->role != RAFT_LEADER) {
        refuse_at_follower(query);
        return;
    }
    if (query->ask.to == node->self.value) {
        query->json = leadership(node->self, node->term);
        answer(query);
        return;
    }
    if (node->transfer != NULL) { /* its end would be taken for that of both */
        vg_fail(&query->error, VG_BUSY, "leadership is being handed over already; ask again");
        answer(query);
        return;
    }
    struct raft_event event = {.type = RAFT_TRANSFER, .node.value = query->ask.to};
    node->transfer = query;
    node_step(node, &event);
}

void node_transfer_done(struct node *node, bool ok, enum raft_reason reason)
{
    struct node_query *query = node->transfer;
    struct raft_status status;
    node->handing_over = false;
    if (query == NULL)
        return;
    raft_status(node->core, &status); /* the output that tells the role may be still to come */
    node->transfer = NULL;
    if (ok)
        query->json = leadership(status.leader, status.term);
    else
        vg_fail(&query->error, VG_UNAVAILABLE,
                "leadership was not handed over: %s; see vigil cluster status",
                raft_reason_name(reason));
    answer(query);
}

/* ---- on the loop -------------------------------------------------------------------------------
 */

static struct node_query *query_of(struct node_read *read)
{
    return (struct node_query *)((char *)read - offsetof(struct node_query, read));
}

/* The log up to an entry; what it shows of bodies is as roles are by then. */
static void begin_log(struct node_query *query, uint64_t last, uint64_t roles_at)
{
    query->last = last;
    if (api_is_by_asker(&query->ask))
        ask_machine(query, roles_at);
    else
        ask_log(query);
}

static void read_confirmed(struct node_read *read, uint64_t index)
{
    struct node_query *query = query_of(read);
    if (query->ask.source == API_FROM_LOG)
        begin_log(query, index, index);
    else
        ask_machine(query, index);
}

static void read_failed(struct node_read *read, const struct vg_error *why)
{
    struct node_query *query = query_of(read);
    query->error = *why;
    answer(query);
}

static void confirm(struct node_query *query)
{
    query->read.ready = read_confirmed;
    query->read.failed = read_failed;
    query->read.for_log = query->ask.source == API_FROM_LOG;
    node_read_start(query->node, &query->read);
}

bool node_session_person(struct node *node, uint64_t session, struct response_person *out)
{
    vg_channel_public theirs;
    return node->clients != NULL && net_clients_who(node->clients, session, &theirs) &&
           store_people_channel(store_applier_people(node->applier), &theirs, out);
}

static void fill_asker(struct node_query *query)
{
    struct response_person asker;
    if (node_session_person(query->node, query->session, &asker))
        query->ask.asker = asker.id;
}

/* From the state or the log as they are here, or as of a read index. A record never as it is here:
 * it would be wrapped for who is evicted since. */
static void start(struct node_query *query)
{
    bool here = query->stale && query->ask.name != API_COMPARTMENT_PREPARE;
    query->looked = !query->stale && query->ask.name == API_COMPARTMENT_LEVEL;
    if (!here && !query->looked)
        confirm(query);
    else if (query->ask.source == API_FROM_LOG)
        begin_log(query, node_log_readable(query->node), 0);
    else
        ask_machine(query, 0);
}

static void begin(struct node_query *query)
{
    struct node *node = query->node;
    fill_asker(query);
    query->ask.regions = node->regions;
    query->ask.region_count = node->region_count;
    query->ask.now_ms = node_time_ms(node);
    query->wait_until_us = vg_clock_system.monotonic_us() + query->ask.wait_ms * 1000;
    switch (query->ask.source) {
    case API_FROM_NODE:
        node_status_fill(node, &query->status);
        ask_machine(query, 0);
        break;
    case API_FROM_KEYRING:
        confirm(query);
        break;
    case API_TO_LEADER:
        start_transfer(query);
        break;
    case API_FROM_STATE:
    case API_FROM_LOG:
        start(query);
        break;
    }
}

/* ---- who may ask -------------------------------------------------------------------------------
 * What is not in any state's answer; the rest is for whoever is enrolled. */

enum { MANAGERS = LEDGER_PERSON_OPERATOR | LEDGER_PERSON_KEY_OFFICER };

#define KEYS_REFUSED "keys are offered and made for key officers alone"

static const struct {
    uint8_t bits; /* of whom it is for, LEDGER_PERSON_*; 0: of everybody */
    const char *refusal;
} admitted[API_NAMES] = {
    [API_KEYRING_OFFER] = {LEDGER_PERSON_KEY_OFFICER, KEYS_REFUSED},
    [API_COMPARTMENT_PREPARE] = {LEDGER_PERSON_KEY_OFFICER, KEYS_REFUSED},
    [API_CLUSTER_TRANSFER] = {LEDGER_PERSON_OPERATOR,
                              "leadership is handed over for operators alone"},
    [API_LOG_REPAIR] = {MANAGERS, "entries are fetched again for operators and key officers alone"},
};

static bool is_admitted(const struct node_query *query)
{
    struct response_person person;
    uint8_t bits = admitted[query->ask.name].bits;
    return bits == 0 || (node_session_person(query->node, query->session, &person) &&
                         person.expelled_at == 0 && (person.bits & bits) != 0);
}

static void admit_again(struct loop_task *task)
{
    struct node_query *query = (struct node_query *)task;
    query->node->working--;
    if (query->error.code == VG_OK && query->node->closed)
        refuse_stopping(query);
    if (query->error.code == VG_OK && !is_admitted(query))
        vg_fail(&query->error, VG_FORBIDDEN, "%s; vigil user list shows who is one",
                admitted[query->ask.name].refusal);
    if (query->error.code == VG_OK)
        begin(query);
    else
        answer(query);
}

static void people_known(void *context, struct response_machine *machine)
{
    struct node_query *query = context;
    (void)machine;
    query->task.run = admit_again;
    loop_post(query->node->loop, &query->task);
}

static void people_not_known(void *context, const struct vg_error *why)
{
    struct node_query *query = context;
    query->error = *why;
    people_known(context, NULL);
}

static void index_known(struct node_read *read, uint64_t index)
{
    struct node_query *query = query_of(read);
    query->node->working++;
    store_applier_query(query->node->applier, index, people_known, people_not_known, query);
}

/* A refusal is a read too: they may have been made one meanwhile. */
static void confirm_asker(struct node_query *query)
{
    query->read.ready = index_known;
    query->read.failed = read_failed;
    node_read_start(query->node, &query->read);
}

static void take_query(struct loop_task *task)
{
    struct node_query *query = (struct node_query *)task;
    if (query->error.code == VG_OK && query->node->ending)
        refuse_stopping(query);
    if (query->error.code != VG_OK)
        answer(query);
    else if (is_admitted(query))
        begin(query);
    else
        confirm_asker(query);
}

void node_dry_run(struct node *node, struct node_submit *submit)
{
    struct node_query *query = vg_alloc_zero(1, sizeof *query);
    query->node = node;
    query->session = submit->session;
    query->request_token = submit->request_token;
    query->read.deadline_us = submit->deadline_us;
    query->ask.source = API_FROM_STATE;
    query->ask.now_ms = node_time_ms(node);
    query->checked = submit;
    confirm(query);
}

static void take_submit(struct loop_task *task)
{
    struct node_submit *submit = (struct node_submit *)task;
    node_submit_start(submit->node, submit);
}

/* ---- on NNG's threads --------------------------------------------------------------------------
 */

static uint64_t deadline_of(const struct wire_request *request)
{
    uint64_t wait_ms = request->timeout_ms == 0 ? TIMEOUT_DEFAULT_MS : request->timeout_ms;
    if (wait_ms > NODE_TIMEOUT_MAX_MS)
        wait_ms = NODE_TIMEOUT_MAX_MS;
    return vg_clock_system.monotonic_us() + wait_ms * 1000;
}

static void post_submit(struct node *node, uint64_t session, const struct wire_request *request,
                        struct vg_blob *payload)
{
    struct node_submit *submit = vg_alloc_zero(1, sizeof *submit);
    submit->task.run = take_submit;
    submit->node = node;
    submit->session = session;
    submit->request_token = request->token;
    submit->deadline_us = deadline_of(request);
    submit->dry_run = request->dry_run;
    submit->payload = vg_blob_ref(payload);
    submit->command = request->body;
    loop_post(node->loop, &submit->task);
}

void node_request_received(void *context, uint64_t session, struct vg_blob *payload)
{
    struct node *node = context;
    struct wire_request request = {0};
    struct vg_error error = {0};
    if (node_fault(node, NODE_FAULT_CLIENTS)) {
        vg_blob_unref(payload); /* the session is closed when the drill is over */
        return;
    }
    wire_request_decode(vg_blob_span(payload), &request, &error);
    if (error.code == VG_OK && request.kind == WIRE_SUBMIT) {
        post_submit(node, session, &request, payload);
    } else {
        struct node_query *query = vg_alloc_zero(1, sizeof *query);
        query->task.run = take_query;
        query->node = node;
        query->session = session;
        query->request_token = request.token;
        query->read.deadline_us = deadline_of(&request);
        query->stale = request.stale;
        query->error = error;
        if (error.code == VG_OK)
            api_query_parse(request.body, &query->ask, &query->error);
        loop_post(node->loop, &query->task);
    }
    vg_blob_unref(payload);
}
