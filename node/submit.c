/* SPDX-License-Identifier: Apache-2.0
 * Commands of clients: checked on the pool, sealed into an envelope once, placed with whoever
 * leads, and answered from this node's own apply (docs/architecture.md, "The way of a write"). */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/text.h"
#include "node/parts.h"
#include "proto/compartment/body.h"

enum { CHECKS_MAX = 16 }; /* signatures one piece of work for the pool holds */

void node_submit_free(struct node_submit *submit)
{
    submit->node->submits.bytes -= submit->counted;
    vg_blob_unref(submit->payload);
    vg_blob_unref(submit->envelope);
    free(submit);
}

void node_submit_answer(struct node_submit *submit, const struct vg_error *error, const char *json)
{
    while (submit != NULL) {
        struct node_submit *twin = submit->twins;
        node_reply(submit->node, submit->session, submit->request_token, error,
                   json == NULL ? NULL : vg_strdup(json));
        node_submit_free(submit);
        submit = twin;
    }
}

/* The last bytes of a request id are random. */
static atomic_uint *waiting_of(struct node *node, const vg_id *request)
{
    unsigned slot = (unsigned)request->bytes[14] << 8 | request->bytes[15];
    return &node->waiting[slot % NODE_WAITING];
}

bool node_submit_waits(struct node *node, const vg_id *request)
{
    return atomic_load(waiting_of(node, request)) > 0;
}

/* Takes a submit out of both tables. */
static void remove_submit(struct node *node, struct node_submit *submit)
{
    if (submit->counts != NULL)
        node_signals_counted(submit->counts, vg_clock_system.monotonic_us());
    HASH_DELETE(by_key, node->submits.by_key, submit);
    HASH_DELETE(by_token, node->submits.by_token, submit);
    node->submits.count--;
    atomic_fetch_sub(waiting_of(node, &submit->key.request), 1);
}

static void finish(struct node *node, struct node_submit *submit, const struct vg_error *error)
{
    remove_submit(node, submit);
    node_submit_answer(submit, error, NULL);
}

/* ---- on the pool: is this a command of ours, by whom it says? ----------------------------------
 */

/* Whose the signature is not; by a key that was replaced, perhaps. */
static enum vg_code refuse_signature(struct vg_error *error, const struct response_person *person)
{
    char id[VG_ID_TEXT];
    char at[VG_TIME_TEXT];
    vg_id_format(&person->id, id);
    vg_time_format(person->keyed_at, at);
    if (person->keyed_at == 0)
        return vg_fail(error, VG_FORBIDDEN, "the signature is not that of person %s", id);
    return vg_fail(error, VG_FORBIDDEN,
                   "the signature is not that of person %s, whose keys were replaced at %s; use "
                   "the new identity",
                   id, at);
}

/* The answer is for the author alone, so nobody else brings the command. Who has gone or has
 * another key may have been brought back or given this one meanwhile: `doubtful` asks for a look as
 * of a read index before the refusal counts. */
static enum vg_code check_author(struct node_submit *submit, const struct ledger_command *command,
                                 struct response_person *out)
{
    struct store_people *people = store_applier_people(submit->node->applier);
    struct vg_error *error = &submit->error;
    char id[VG_ID_TEXT];
    vg_id_format(&command->author, id);
    if (!vg_id_equal(&command->author, &submit->bearer) ||
        !store_people_get(people, &command->author, out))
        return vg_fail(error, VG_FORBIDDEN,
                       "the command is by person %s, and this session is not theirs; use the "
                       "identity that signed it",
                       id);
    submit->doubtful = true;
    if (!ledger_command_verify(submit->command, &vg_signer_ed25519, &out->keys.key))
        return refuse_signature(error, out);
    if (out->expelled_at != 0)
        return vg_fail(error, VG_FORBIDDEN,
                       "person %s was removed from this cluster; two people can bring them back, "
                       "with new keys: vigil user rekey",
                       id);
    submit->doubtful = false;
    submit->signed_by = out->keys.key;
    return VG_OK;
}

/* Nor does a refusal count before such a look where this node may have been cleared, the
 * compartment made, or a role in it given, meanwhile. Whom it does not concern is answered as if
 * there were none, at the same place and after the same look. */
static enum vg_code check_compartment(struct node_submit *submit,
                                      const struct ledger_command *command)
{
    const vg_id *compartment = &command->compartment;
    bool concerned =
        submit->concerned || node_concerns(submit->node, &command->author, compartment);
    if (!concerned)
        node_no_compartment(compartment, &submit->error);
    else
        node_require_level(submit->node, compartment, &submit->error);
    submit->doubtful = submit->error.code != VG_OK;
    return submit->error.code;
}

/* R3: what an integration detects may be a repeat, to be counted; what is no automated signal would
 * pass a filter that takes a count out. */
static void look_for_signal(struct node_submit *submit, const struct ledger_command *command,
                            const struct response_command *decoded,
                            const struct response_person *author)
{
    submit->signal = vg_span_of(NULL, 0);
    if ((author->bits & LEDGER_PERSON_INTEGRATION) == 0 || decoded->op != RESPONSE_OP_DETECT ||
        decoded->detect.source != RESPONSE_SOURCE_AUTOMATED || submit->dry_run)
        return;
    submit->signal = decoded->detect.dedup_key;
    submit->request_hash = ledger_request_hash(command);
}

static enum vg_code check_command(struct node_submit *submit, struct ledger_command *command)
{
    const struct node *node = submit->node;
    struct vg_error *error = &submit->error;
    vg_span bytes = submit->command;
    struct response_command decoded;
    struct response_person author;
    if (ledger_command_decode(bytes, command, error) != VG_OK)
        return error->code;
    if (!vg_hash_equal(&command->cluster, &node->cluster))
        return vg_fail(error, VG_INVALID,
                       "the command is for another cluster; check the context or --node");
    if (response_command_decode(command->body, &decoded, error) != VG_OK)
        return error->code;
    if (check_author(submit, command, &author) == VG_OK &&
        check_compartment(submit, command) == VG_OK)
        look_for_signal(submit, command, &decoded, &author);
    return error->code;
}

/* Seals the body behind the encoded header, under the header's epoch. */
static enum vg_code seal_body(const struct node *node, const struct ledger_envelope *envelope,
                              uint8_t *envelope_and_body, struct vg_error *error)
{
    vg_cipher_key key;
    if (envelope->epoch == 0)
        return VG_OK;
    if (!keyring_data_key(node->keyring, &envelope->compartment, envelope->epoch, &key))
        return vg_fail(error, VG_UNAVAILABLE,
                       "this node has no key of the compartment's epoch %" PRIu64
                       "; ask another node: --node",
                       envelope->epoch);
    compartment_body_seal(&key, envelope->nonce,
                          vg_span_of(envelope_and_body, LEDGER_ENVELOPE_SIZE),
                          envelope_and_body + LEDGER_ENVELOPE_SIZE, envelope->body_size);
    vg_wipe(&key, sizeof key);
    return VG_OK;
}

/* Envelope header and padded body, sealed under the epoch in force as this node knows it; made
 * once, so that every leader gets the same bytes. NULL with the error said. */
static struct vg_blob *build_envelope(const struct node *node, const struct ledger_command *command,
                                      vg_span bytes, struct ledger_envelope *made,
                                      struct vg_error *error)
{
    size_t body_size = ledger_body_size(bytes.size);
    struct vg_blob *blob = vg_blob_new(LEDGER_ENVELOPE_SIZE + body_size);
    uint8_t salt[LEDGER_SALT_SIZE];
    *made = (struct ledger_envelope){.version = LEDGER_FORMAT,
                                     .cluster = node->cluster,
                                     .type = vg_id_is_zero(&command->compartment) ? LEDGER_CONTROL
                                                                                  : LEDGER_SEALED,
                                     .compartment = command->compartment,
                                     .epoch = keyring_epoch(node->keyring, &command->compartment),
                                     .origin = node->self,
                                     .body_size = (uint32_t)body_size};
    vg_random(salt, sizeof salt);
    vg_random(made->id.bytes, sizeof made->id.bytes);
    if (made->epoch > 0)
        vg_random(made->nonce, sizeof made->nonce);
    made->commitment = ledger_body_build(salt, bytes, blob->data + LEDGER_ENVELOPE_SIZE);
    ledger_envelope_encode(made, blob->data);
    if (seal_body(node, made, blob->data, error) == VG_OK)
        return blob;
    vg_blob_unref(blob);
    return NULL;
}

static enum vg_code seal(struct node_submit *submit, const struct ledger_command *command)
{
    struct ledger_envelope made;
    submit->key = (struct node_request_key){.compartment = command->compartment,
                                            .author = command->author,
                                            .request = command->request};
    if (submit->dry_run)
        return VG_OK;
    vg_blob_unref(submit->envelope);
    submit->envelope =
        build_envelope(submit->node, command, submit->command, &made, &submit->error);
    submit->envelope_id = made.id;
    if (submit->envelope != NULL)
        store_applier_vouch(submit->node->applier, &made.commitment, &submit->signed_by);
    return submit->error.code;
}

static void check_one(struct node_submit *submit)
{
    struct ledger_command command;
    submit->error = (struct vg_error){.code = VG_OK};
    if (check_command(submit, &command) == VG_OK)
        seal(submit, &command);
}

static void check_on_pool(void *context)
{
    for (struct node_submit *submit = context; submit != NULL; submit = submit->next)
        check_one(submit);
}

/* ---- on the loop -------------------------------------------------------------------------------
 */

/* To be checked at the end of the turn. */
static void enqueue(struct node *node, struct node_submit *submit)
{
    node->working++;
    submit->next = node->submits.unchecked;
    node->submits.unchecked = submit;
    node->submits.unchecked_count++;
}

/* The same request is under way already: shares its answer, or is refused if it is another command.
 */
static void join_twin(struct node_submit *first, struct node_submit *submit)
{
    if (vg_span_equal(first->command, submit->command)) {
        submit->twins = first->twins;
        first->twins = submit;
        return;
    }
    char id[VG_ID_TEXT];
    struct vg_error error = {0};
    vg_id_format(&submit->key.request, id);
    vg_fail(&error, VG_INVALID, "request id %s is that of another command; use a fresh one", id);
    node_submit_answer(submit, &error, NULL);
}

static void forward(struct node *node, struct node_submit *submit)
{
    struct wire_forward message = {.token = submit->token,
                                   .envelope_and_body = vg_blob_span(submit->envelope)};
    vg_buffer_clear(&node->frame);
    wire_forward_encode(&message, &node->frame);
    submit->unanswered = node_send_frame(node, node->leader, WIRE_FORWARD) == VG_OK;
    if (!submit->unanswered)
        submit->placed_with.value = 0;
}

static void propose_here(struct node *node, struct node_submit *submit)
{
    struct node_proposal *proposal = vg_alloc_zero(1, sizeof *proposal);
    proposal->id = submit->envelope_id;
    proposal->token = submit->token;
    proposal->envelope = vg_blob_ref(submit->envelope);
    submit->unanswered = true;
    node_propose(node, proposal);
}

/* Hands the envelope to the leader of now; without one it waits. May end and free the submit. */
static void place(struct node *node, struct node_submit *submit)
{
    submit->uncertain |= submit->unanswered || submit->acknowledged;
    submit->unanswered = submit->acknowledged = false;
    submit->placed_with = node->leader;
    submit->placed_us = vg_clock_system.monotonic_us();
    if (node->leader.value == 0)
        return;
    if (vg_node_equal(node->leader, node->self))
        propose_here(node, submit);
    else
        forward(node, submit);
}

void node_submit_add(struct node *node, struct node_submit *submit)
{
    struct node_submits *submits = &node->submits;
    struct node_submit *first;
    HASH_FIND(by_key, submits->by_key, &submit->key, sizeof submit->key, first);
    if (first != NULL) {
        join_twin(first, submit);
        return;
    }
    submit->token = ++submits->next_token;
    HASH_ADD(by_key, submits->by_key, key, sizeof submit->key, submit);
    HASH_ADD(by_token, submits->by_token, token, sizeof submit->token, submit);
    submits->count++;
    atomic_fetch_add(waiting_of(node, &submit->key.request), 1);
    place(node, submit);
}

struct node_submit *node_submit_by_node(struct node *node, const vg_id *compartment,
                                        const struct response_command *command)
{
    uint8_t random[10];
    struct vg_buffer body = {0};
    struct node_submit *submit = vg_alloc_zero(1, sizeof *submit);
    vg_random(random, sizeof random);
    response_command_encode(command, &body);
    struct ledger_command given = {
        .cluster = node->cluster,
        .compartment = *compartment,
        .author = response_node_author(node->self),
        .request = vg_uuid7_make(node_issue_ms(node), random),
        .body = vg_buffer_span(&body),
    };
    submit->node = node;
    submit->payload = vg_blob_new(ledger_command_size(&given));
    submit->command = vg_blob_span(submit->payload);
    ledger_command_sign(&given, &vg_signer_ed25519, &node->identity->secret, submit->payload->data);
    vg_buffer_free(&body);
    return submit;
}

void node_submit_own(struct node *node, struct node_submit *submit)
{
    struct ledger_command command;
    enum vg_code code = ledger_command_decode(submit->command, &command, NULL);
    assert(code == VG_OK);
    submit->signed_by = node->identity->pub;
    if (seal(submit, &command) == VG_OK) {
        node_submit_add(node, submit);
        return;
    }
    if (submit->counts != NULL)
        node_signals_counted(submit->counts, vg_clock_system.monotonic_us());
    node_submit_answer(submit, &submit->error, NULL);
}

static struct node_submit *find_envelope(struct node *node, const vg_id *envelope_id)
{
    struct node_submit *submit = node->submits.by_token;
    while (submit != NULL && !vg_id_equal(&submit->envelope_id, envelope_id))
        submit = submit->by_token.next;
    return submit;
}

/* An epoch has come since it was sealed; else what was applied is not as it was sealed here, and
 * sealed anew it would be altered again. */
static bool epoch_has_moved(const struct node *node, const struct node_submit *submit)
{
    struct ledger_envelope sealed;
    vg_span head = vg_span_of(submit->envelope->data, LEDGER_ENVELOPE_SIZE);
    enum vg_code code = ledger_envelope_decode(head, &sealed, NULL);
    assert(code == VG_OK);
    return keyring_epoch(node->keyring, &sealed.compartment) > sealed.epoch;
}

void node_submit_stale(struct node *node, const vg_id *envelope_id)
{
    struct node_submit *submit = find_envelope(node, envelope_id);
    struct ledger_command command;
    if (submit == NULL || ledger_command_decode(submit->command, &command, NULL) != VG_OK)
        return;
    enum vg_code code = node_require_level(node, &command.compartment, &submit->error);
    if (code == VG_OK && !epoch_has_moved(node, submit))
        return;
    if (code == VG_OK && seal(submit, &command) == VG_OK)
        place(node, submit);
    else
        finish(node, submit, &submit->error);
}

static void refuse_to_start(const struct node *node, struct vg_error *error)
{
    vg_fail(error, VG_UNAVAILABLE, "node %u is stopping; ask another node",
            (unsigned)node->self.value);
}

/* ---- authors and compartments that are not known here ------------------------------------------
 */

static struct node_submit *submit_of(struct node_read *read)
{
    return (struct node_submit *)((char *)read - offsetof(struct node_submit, read));
}

static void check_again(struct loop_task *task)
{
    struct node_submit *submit = (struct node_submit *)task;
    submit->node->working--;
    submit->confirmed = true;
    if (submit->error.code == VG_OK || submit->doubtful)
        enqueue(submit->node, submit);
    else
        node_submit_answer(submit, &submit->error, NULL);
}

/* On the apply thread: who was enrolled, and what was made or granted, up to the read index is
 * known now. */
static void people_known(void *context, struct response_machine *machine)
{
    struct node_submit *submit = context;
    struct ledger_command command;
    submit->concerned = ledger_command_decode(submit->command, &command, NULL) == VG_OK &&
                        response_knows_compartment(machine, &command.author, &command.compartment);
    if (submit->concerned)
        node_concern_note(submit->node, &command.author, &command.compartment);
    submit->task.run = check_again;
    loop_post(submit->node->loop, &submit->task);
}

static void people_not_known(void *context, const struct vg_error *why)
{
    struct node_submit *submit = context;
    submit->error = *why;
    submit->doubtful = false;
    submit->task.run = check_again;
    loop_post(submit->node->loop, &submit->task);
}

static void index_known(struct node_read *read, uint64_t index)
{
    struct node_submit *submit = submit_of(read);
    submit->node->working++;
    store_applier_query(submit->node->applier, index, people_known, people_not_known, submit);
}

static void index_not_known(struct node_read *read, const struct vg_error *why)
{
    node_submit_answer(submit_of(read), why, NULL);
}

/* An early refusal is a read (DESIGN section 2): given only on a confirmed view. */
static void confirm_author(struct node *node, struct node_submit *submit)
{
    submit->read = (struct node_read){
        .deadline_us = submit->deadline_us, .ready = index_known, .failed = index_not_known};
    node_read_start(node, &submit->read);
}

static void take_checked(struct node *node, struct node_submit *submit)
{
    node->working--;
    if (submit->error.code == VG_OK && node->stopped.code != VG_OK)
        submit->error = node->stopped;
    if (submit->error.code == VG_OK && node->closed)
        refuse_to_start(node, &submit->error);
    if (submit->doubtful && !submit->confirmed && !node->closed)
        confirm_author(node, submit);
    else if (submit->error.code != VG_OK)
        node_submit_answer(submit, &submit->error, NULL);
    else if (submit->dry_run)
        node_dry_run(node, submit);
    else if (submit->signal.size > 0)
        node_signal_start(node, submit);
    else
        node_submit_add(node, submit);
}

static void checked(void *context)
{
    for (struct node_submit *submit = context, *next; submit != NULL; submit = next) {
        next = submit->next;
        take_checked(submit->node, submit);
    }
}

void node_submits_flush(struct node *node)
{
    struct node_submits *submits = &node->submits;
    uint32_t share = (submits->unchecked_count + LOOP_POOL_THREADS - 1) / LOOP_POOL_THREADS;
    share = share < CHECKS_MAX ? share : CHECKS_MAX;
    while (submits->unchecked != NULL) {
        struct node_submit *first = submits->unchecked, *last = first;
        for (uint32_t i = 1; i < share && last->next != NULL; i++)
            last = last->next;
        submits->unchecked = last->next;
        last->next = NULL;
        loop_work(node->loop, check_on_pool, checked, first);
    }
    submits->unchecked_count = 0;
}

/* They live on when their session ends, and is counted no more among what is in flight. */
static enum vg_code count_bytes(struct node *node, struct node_submit *submit,
                                struct vg_error *error)
{
    size_t size = submit->payload->size;
    if (node->submits.bytes + size > NODE_SUBMITS_BYTES_MAX)
        return vg_fail(error, VG_BUSY, "commands of %zu bytes are under way here; try again",
                       node->submits.bytes);
    submit->counted = size;
    node->submits.bytes += size;
    return VG_OK;
}

void node_submit_start(struct node *node, struct node_submit *submit)
{
    struct vg_error error = {0};
    struct response_person bearer;
    if (node_session_person(node, submit->session, &bearer))
        submit->bearer = bearer.id;
    if (node->ending)
        refuse_to_start(node, &error);
    else if (node->submits.count + node->gathered.count + node->working >= NODE_SUBMITS_MAX)
        vg_fail(&error, VG_BUSY, "%d commands are under way here; try again", NODE_SUBMITS_MAX);
    else if (count_bytes(node, submit, &error) == VG_OK && !submit->dry_run)
        node_room(node, &error);
    if (error.code != VG_OK) {
        node_submit_answer(submit, &error, NULL);
        return;
    }
    enqueue(node, submit);
}

void node_submit_answered(struct node *node, vg_node_id from,
                          const struct wire_forward_resp *answer)
{
    struct node_submit *submit;
    HASH_FIND(by_token, node->submits.by_token, &answer->token, sizeof answer->token, submit);
    if (submit == NULL || !vg_node_equal(submit->placed_with, from))
        return;
    submit->unanswered = false;
    submit->acknowledged = answer->code == VG_OK;
    if (submit->acknowledged)
        return;
    submit->placed_with.value = 0;
    if (answer->code != VG_BUSY || submit->uncertain)
        return;
    struct vg_error error = {0};
    vg_fail(&error, VG_BUSY, "the leader, node %u, has no room for the command now; try again",
            (unsigned)from.value);
    finish(node, submit, &error);
}

static bool has_command(const struct node *node, const struct ledger_view *entry, vg_span expected)
{
    uint8_t *made;
    vg_span body;
    vg_span command;
    bool same = response_body(&node->keys, entry, &body, &made, NULL) == VG_OK &&
                ledger_body_open(body, &entry->envelope.commitment, &command, NULL) == VG_OK &&
                vg_span_equal(command, expected);
    response_body_free(made, entry);
    return same;
}

/* True if the entry holds this submit's command, in our envelope or that of another origin; another
 * command under the same request id has an outcome of its own. */
static bool same_command(struct node *node, const struct node_submit *submit, uint64_t index)
{
    struct ledger_view view;
    struct vg_blob *entry = node_entry_take(node, index);
    bool cut = entry != NULL && ledger_cut(vg_blob_span(entry), &view, NULL) == VG_OK;
    bool same = cut && (vg_id_equal(&view.envelope.id, &submit->envelope_id) ||
                        has_command(node, &view, submit->command));
    vg_blob_unref(entry);
    return same;
}

void node_submit_applied(struct node *node, uint64_t index, const struct response_outcome *outcome)
{
    struct node_request_key key = {.compartment = outcome->compartment,
                                   .author = outcome->author,
                                   .request = outcome->request};
    struct node_submit *submit;
    HASH_FIND(by_key, node->submits.by_key, &key, sizeof key, submit);
    if (submit == NULL || !same_command(node, submit, index))
        return;
    struct vg_error why = {0};
    bool diverged = node_is_diverged(node, &key.compartment, &why);
    char *json = diverged ? NULL : api_outcome_text(outcome);
    remove_submit(node, submit);
    node_submit_answer(submit, diverged ? &why : &outcome->error, json);
    free(json);
}

void node_submits_place(struct node *node)
{
    for (struct node_submit *submit = node->submits.by_token, *next; submit != NULL;
         submit = next) {
        next = submit->by_token.next;
        place(node, submit);
    }
}

static void time_out(struct node *node, struct node_submit *submit)
{
    bool uncertain = submit->uncertain || submit->unanswered || submit->acknowledged;
    struct vg_error error = {0};
    char id[VG_ID_TEXT];
    vg_id_format(&submit->key.request, id);
    if (uncertain)
        vg_fail(&error, VG_TIMEOUT,
                "no outcome in time: request %s may or may not be in the log; repeating it with "
                "--request-id %s is safe",
                id, id);
    else
        vg_fail(&error, VG_UNAVAILABLE,
                "no leader in time: request %s is not in the log; see vigil cluster status", id);
    finish(node, submit, &error);
}

void node_submits_sweep(struct node *node, uint64_t now_us)
{
    uint64_t patience_us = 2000 * (uint64_t)node->config->election_timeout_ms;
    for (struct node_submit *submit = node->submits.by_token, *next; submit != NULL;
         submit = next) {
        next = submit->by_token.next;
        bool lost = submit->unanswered && now_us > submit->placed_us + patience_us;
        if (now_us >= submit->deadline_us)
            time_out(node, submit);
        else if (node->leader.value != 0 && (submit->placed_with.value == 0 || lost))
            place(node, submit);
    }
}

void node_submits_end(struct node *node, const struct vg_error *why)
{
    for (struct node_submit *submit = node->submits.by_token, *next; submit != NULL;
         submit = next) {
        next = submit->by_token.next;
        finish(node, submit, why);
    }
}
