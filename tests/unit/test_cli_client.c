/* SPDX-License-Identifier: Apache-2.0
 * The client against nodes that answer, refuse, hang, close and talk nonsense. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "ops/cli/core/client.h"
#include "ops/cli/core/output.h"
#include "proto/ledger/entry.h"
#include "tests/lib/secured.h"

enum {
    LINKS_MAX = 64,
    TIMEOUT_MS = 8000,
    SEEN = 2, /* the question and the command, after which a node loses sight */
};

/* What a false node does with a request, or with who comes for the first time. */
enum manner {
    ANSWERS,
    IS_BUSY,
    IS_BLIND,
    LOSES_SIGHT,
    SAYS_WHY, /* once: no leader */
    REFUSES,
    HANGS,
    CLOSES,
    RAMBLES,
    ANSWERS_TWICE,
    SHUTS_OUT
};

/* The key of all false nodes, and another. */
static const vg_channel_secret secret = {{8, 3}}, other_secret = {{8, 4}};
static struct noise_static key;
static struct cli_access access_of_one;

struct false_node {
    struct cli_node at;
    enum manner manner;
    struct dial_listener *listener;
    struct secured links[LINKS_MAX];
    unsigned link_count;
    atomic_uint requests; /* of one client at a time, */
    atomic_uint commands; /* and of them */
    uint8_t first[512];   /* body of the first request */
    size_t first_size;
    bool same; /* all later ones had the same body */
};

static void send_response(struct secured *link, const struct wire_response *response)
{
    struct vg_buffer payload = {0};
    wire_response_encode(response, &payload);
    (void)secured_send(link, WIRE_RESPONSE, vg_buffer_span(&payload));
    vg_buffer_free(&payload);
}

static void behave(struct false_node *node, struct secured *link,
                   const struct wire_request *request)
{
    struct wire_response response = {.token = request->token,
                                     .json = vg_span_text("{\"node\":\"good\"}")};
    if (node->manner == LOSES_SIGHT && atomic_load(&node->requests) > SEEN)
        node->manner = IS_BLIND;
    switch (node->manner) {
    case ANSWERS_TWICE:
        response.token--;
        send_response(link, &response);
        response.token++;
        send_response(link, &response);
        break;
    case ANSWERS:
    case LOSES_SIGHT:
        send_response(link, &response);
        break;
    case IS_BUSY:
        vg_fail(&response.error, VG_BUSY, "the disk is full");
        response.json = vg_span_text("");
        send_response(link, &response);
        break;
    case IS_BLIND:
        vg_fail(&response.error, VG_UNAVAILABLE, "node 2 is cleared for it");
        response.json = vg_span_text("");
        send_response(link, &response);
        break;
    case SAYS_WHY:
        node->manner = HANGS;
        vg_fail(&response.error, VG_UNAVAILABLE, "too few nodes can be reached");
        response.json = vg_span_text("");
        send_response(link, &response);
        break;
    case REFUSES:
        vg_fail_rule(&response.error, "R13", "no way");
        response.json = vg_span_text("{\"current\":2}");
        send_response(link, &response);
        break;
    case CLOSES:
        dial_link_close(link->link);
        break;
    case RAMBLES:
        dial_link_send(link->link, vg_span_text("HTTP/1.1 400 Bad Request\r\n\r\n and so on"),
                       SIZE_MAX);
        break;
    case HANGS:
    case SHUTS_OUT:
        break;
    }
}

static void node_received(struct secured *link, const struct wire_frame *frame)
{
    struct false_node *node = link->context;
    struct wire_request request;
    struct vg_error error;
    cr_assert_eq(wire_request_decode(frame->payload, &request, &error), VG_OK);
    if (request.kind == WIRE_SUBMIT)
        atomic_fetch_add(&node->commands, 1);
    if (atomic_fetch_add(&node->requests, 1) == 0) {
        node->first_size = request.body.size;
        memcpy(node->first, request.body.data, request.body.size);
        node->same = true;
    } else {
        node->same =
            node->same && vg_span_equal(vg_span_of(node->first, node->first_size), request.body);
    }
    behave(node, link, &request);
}

static void node_accepted(void *context, struct dial_link *link)
{
    struct false_node *node = context;
    if (node->manner == SHUTS_OUT || link == NULL)
        return;
    struct secured *taken = &node->links[node->link_count++];
    taken->terms = (struct channel_terms){
        .door = CHANNEL_CLIENTS, .cluster = access_of_one.cluster, .self = &key};
    taken->frame = node_received;
    taken->context = node;
    secured_take(taken, link);
}

static void node_start(struct false_node *node, enum manner manner)
{
    static unsigned number;
    struct vg_error error = {.text = ""};
    vg_crypto_init();
    key = noise_static_of(&secret);
    access_of_one = (struct cli_access){.cluster = {{7}}};
    access_of_one.self = noise_static_of(&other_secret);
    *node = (struct false_node){.manner = manner, .at = {.has_key = true, .key = key.pub}};
    snprintf(node->at.url, sizeof node->at.url, "ipc:///tmp/vigil-cli-%d-%u", (int)getpid(),
             number++);
    cr_assert_eq(dial_listen(node->at.url, LINKS_MAX, node_accepted, node, &node->listener, &error),
                 VG_OK, "%s", error.text);
}

static void node_stop(struct false_node *node)
{
    dial_listener_free(node->listener);
    for (unsigned i = 0; i < node->link_count; i++)
        secured_end(&node->links[i]);
}

static bool unknown; /* whether the last submit may have been accepted */

/* One submit to the nodes in their order. */
static enum vg_code submit_this(vg_span command, const struct cli_node *nodes, unsigned count,
                                uint32_t timeout_ms, json_t **answer, struct vg_error *error,
                                json_t **details)
{
    struct cli_client *client;
    struct wire_request request = {.kind = WIRE_SUBMIT, .body = command};
    *answer = NULL;
    *details = NULL;
    *error = (struct vg_error){.code = VG_OK};
    cr_assert_eq(cli_client_new(&access_of_one, nodes, count, timeout_ms, &client, error), VG_OK,
                 "%s", error->text);
    enum vg_code code = cli_client_call(client, &request, answer, error, details);
    unknown = cli_client_unknown(client);
    cli_client_free(client);
    return code;
}

static enum vg_code submit(const struct cli_node *nodes, unsigned count, uint32_t timeout_ms,
                           json_t **answer, struct vg_error *error, json_t **details)
{
    return submit_this(vg_span_text("signed"), nodes, count, timeout_ms, answer, error, details);
}

static void expect_failover(enum manner manner)
{
    struct false_node bad;
    struct false_node good;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    node_start(&bad, manner);
    node_start(&good, ANSWERS);
    struct cli_node nodes[] = {bad.at, good.at};
    cr_assert_eq(submit(nodes, 2, TIMEOUT_MS, &answer, &error, &details), VG_OK, "%s", error.text);
    cr_expect_str_eq(cli_json_text(answer, "node"), "good");
    cr_expect_eq(atomic_load(&bad.requests), 1);
    cr_expect_eq(atomic_load(&good.requests), 1);
    cr_expect(vg_span_equal(vg_span_of(good.first, good.first_size),
                            vg_span_of(bad.first, bad.first_size)),
              "the same bytes are sent again");
    json_decref(answer);
    node_stop(&bad);
    node_stop(&good);
}

Test(cli_client, the_next_node_answers_for_one_that_closes)
{
    expect_failover(CLOSES);
}

Test(cli_client, the_next_node_answers_for_one_that_hangs)
{
    expect_failover(HANGS);
}

Test(cli_client, the_next_node_answers_for_one_that_talks_nonsense)
{
    expect_failover(RAMBLES);
}

Test(cli_client, the_next_node_answers_for_one_that_is_busy)
{
    expect_failover(IS_BUSY);
}

Test(cli_client, the_next_node_answers_for_one_that_is_not_there)
{
    struct false_node good;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    struct cli_node nobody = {.url = "ipc:///tmp/vigil-cli-nobody", .has_key = true};
    node_start(&good, ANSWERS_TWICE);
    struct cli_node nodes[] = {nobody, good.at};
    cr_assert_eq(submit(nodes, 2, TIMEOUT_MS, &answer, &error, &details), VG_OK, "%s", error.text);
    json_decref(answer);
    node_stop(&good);
}

/* The one that lives knows what is wrong; that another is dead is no news. */
Test(cli_client, what_a_node_said_is_not_replaced_by_who_does_not_answer)
{
    struct false_node node;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    struct cli_node nobody = {.url = "ipc:///tmp/vigil-cli-nobody", .has_key = true};
    node_start(&node, SAYS_WHY);
    struct cli_node nodes[] = {node.at, nobody, nobody};
    cr_expect_eq(submit(nodes, 3, 600, &answer, &error, &details), VG_UNAVAILABLE);
    cr_expect_str_eq(error.text, "too few nodes can be reached");
    cr_expect(unknown);
    node_stop(&node);
}

Test(cli_client, where_no_node_answers_it_is_said_of_how_many)
{
    struct vg_error error;
    json_t *answer;
    json_t *details;
    struct cli_node nobody = {.url = "ipc:///tmp/vigil-cli-nobody", .has_key = true};
    struct cli_node nodes[] = {nobody, nobody, nobody};
    cr_expect_eq(submit(nodes, 3, 300, &answer, &error, &details), VG_UNAVAILABLE);
    const char said[] = "none of 3 nodes answers: ipc:///tmp/vigil-cli-nobody: ";
    cr_expect_eq(strncmp(error.text, said, sizeof said - 1), 0, "%s", error.text);
    cr_expect_not(unknown, "nothing was sent");
    cr_expect_eq(submit(nodes, 1, 300, &answer, &error, &details), VG_UNAVAILABLE);
    cr_expect_null(strstr(error.text, "none of"), "%s", error.text);
}

Test(cli_client, a_refusal_is_final_and_keeps_its_rule_and_details)
{
    struct false_node first;
    struct false_node second;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    node_start(&first, REFUSES);
    node_start(&second, ANSWERS);
    struct cli_node nodes[] = {first.at, second.at};
    cr_assert_eq(submit(nodes, 2, TIMEOUT_MS, &answer, &error, &details), VG_RULE);
    cr_expect_str_eq(error.rule, "R13");
    cr_expect_eq(cli_json_number(details, "current"), 2);
    cr_expect_eq(atomic_load(&second.requests), 0);
    json_decref(details);
    node_stop(&first);
    node_stop(&second);
}

Test(cli_client, busy_is_said_only_when_nothing_was_accepted)
{
    struct false_node busy;
    struct false_node closes;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    node_start(&busy, IS_BUSY);
    node_start(&closes, CLOSES);
    struct cli_node only_busy[] = {busy.at};
    cr_expect_eq(submit(only_busy, 1, 300, &answer, &error, &details), VG_BUSY);
    cr_expect(busy.same, "repeated with the same bytes");
    cr_expect_not(unknown);
    struct cli_node both[] = {closes.at, busy.at};
    cr_expect_eq(submit(both, 2, 300, &answer, &error, &details), VG_UNAVAILABLE, "%s", error.text);
    cr_expect(unknown);
    node_stop(&busy);
    node_stop(&closes);
}

Test(cli_client, no_answer_in_time_is_a_timeout_that_names_the_node)
{
    struct false_node hangs;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    node_start(&hangs, HANGS);
    struct cli_node nodes[] = {hangs.at};
    cr_expect_eq(submit(nodes, 1, 100, &answer, &error, &details), VG_TIMEOUT);
    cr_expect(strstr(error.text, hangs.at.url) != NULL, "%s", error.text);
    node_stop(&hangs);
}

/* The node has another key than is expected, or this client is none it knows: nothing is sent. */
Test(cli_client, a_node_that_is_another_or_shuts_us_out_is_named_with_the_reasons)
{
    struct false_node node, good;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    node_start(&node, ANSWERS);
    struct cli_node other = node.at;
    other.key = access_of_one.self.pub;
    cr_expect_eq(submit(&other, 1, TIMEOUT_MS, &answer, &error, &details), VG_FORBIDDEN);
    cr_expect_not_null(strstr(error.text, other.url), "%s", error.text);
    cr_expect_eq(atomic_load(&node.requests), 0);
    node_stop(&node);
    node_start(&node, SHUTS_OUT);
    cr_expect_eq(submit(&node.at, 1, TIMEOUT_MS, &answer, &error, &details), VG_FORBIDDEN);
    cr_expect_not_null(strstr(error.text, "closed in the handshake"), "%s", error.text);
    cr_expect_not_null(strstr(error.text, "vigil user add"), "%s", error.text);
    node_start(&good, ANSWERS);
    struct cli_node nodes[] = {node.at, good.at};
    cr_expect_eq(submit(nodes, 2, TIMEOUT_MS, &answer, &error, &details), VG_OK);
    json_decref(answer);
    node_stop(&node);
    node_stop(&good);
}

static unsigned good_for; /* uses of a person's key, until the agent that has it ends */

static enum vg_code dh_of_agent(void *context, const vg_channel_public *theirs,
                                uint8_t shared[NOISE_KEY_SIZE], struct vg_error *why)
{
    (void)context;
    if (good_for == 0)
        return vg_fail(why, VG_UNAVAILABLE, "the agent has ended");
    good_for--;
    vg_channel_dh(&other_secret, theirs, shared);
    return VG_OK;
}

/* A handshake uses the key twice. */
Test(cli_client, a_key_that_is_gone_is_said_at_once_and_no_nodes_fault)
{
    struct false_node node;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    for (unsigned uses = 0; uses <= 2; uses++) {
        node_start(&node, ANSWERS);
        access_of_one.self.dh = dh_of_agent;
        good_for = uses;
        struct cli_node nodes[] = {node.at, node.at};
        enum vg_code code = submit(nodes, 2, UINT32_MAX / 2, &answer, &error, &details);
        cr_expect_eq(code, uses < 2 ? VG_UNAVAILABLE : VG_OK, "%u: %s", uses, error.text);
        cr_expect_str_eq(error.text, uses < 2 ? "the agent has ended" : "");
        cr_expect_eq(atomic_load(&node.requests), uses < 2 ? 0 : 1);
        json_decref(answer);
        node_stop(&node);
    }
}

Test(cli_client, a_node_without_a_key_is_not_dialled)
{
    struct cli_client *client;
    struct vg_error error;
    struct cli_node bare = {.url = "tcp://127.0.0.1:7000"};
    cr_expect_eq(cli_client_new(&access_of_one, &bare, 1, 100, &client, &error), VG_USAGE);
    cr_expect_not_null(strstr(error.text, "tcp://127.0.0.1:7000#KEY"), "%s", error.text);
}

Test(cli_client, urls_are_checked_before_anything_is_sent)
{
    struct cli_client *client;
    struct vg_error error = {.text = ""};
    struct cli_node far = {.url = "tcp://192.0.2:7000"};
    struct cli_node nodes[] = {far};
    cr_expect_neq(cli_client_new(&access_of_one, nodes, 1, 100, &client, &error), VG_OK);
    cr_expect(strstr(error.text, far.url) != NULL, "%s", error.text);
    cr_expect_eq(cli_client_new(&access_of_one, nodes, 0, 100, &client, &error), VG_USAGE);
}

/* ---- what nodes may know -----------------------------------------------------------------------
 */

/* A command within a compartment. */
static size_t command_within(uint8_t out[256])
{
    const struct ledger_command command = {.compartment = {{0xc0}},
                                           .author = {{0xa0}},
                                           .request = {{1}},
                                           .body = vg_span_text("their own words")};
    cr_assert_leq(ledger_command_size(&command), 256);
    ledger_command_encode(&command, out);
    return ledger_command_size(&command);
}

/* A node that is not level for the compartment is asked that, and told no more. */
Test(cli_client, a_command_goes_only_to_nodes_that_are_cleared_for_it)
{
    uint8_t command[256];
    size_t size = command_within(command);
    struct false_node blind;
    struct false_node level;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    node_start(&blind, IS_BLIND);
    node_start(&level, ANSWERS);
    struct cli_node nodes[] = {blind.at, level.at};
    cr_assert_eq(
        submit_this(vg_span_of(command, size), nodes, 2, TIMEOUT_MS, &answer, &error, &details),
        VG_OK, "%s", error.text);
    cr_expect_eq(atomic_load(&blind.requests), 1);
    cr_expect_not_null(strstr((const char *)blind.first, "compartment.level"));
    cr_expect_eq(atomic_load(&level.requests), 2, "the question, and the command");
    json_decref(answer);
    node_stop(&blind);
    node_stop(&level);
}

/* Nothing was sent, so nothing can have been accepted; it is said who is cleared. */
Test(cli_client, where_nobody_is_cleared_the_answer_says_who_is)
{
    uint8_t command[256];
    size_t size = command_within(command);
    struct false_node blind;
    struct vg_error error;
    json_t *answer;
    json_t *details;
    node_start(&blind, IS_BLIND);
    cr_assert_eq(
        submit_this(vg_span_of(command, size), &blind.at, 1, 300, &answer, &error, &details),
        VG_UNAVAILABLE);
    cr_expect_not_null(strstr(error.text, "node 2 is cleared"), "%s", error.text);
    cr_expect(blind.same, "the question alone");
    cr_expect_not(unknown);
    node_stop(&blind);
}

/* One that could read the first command, and no more: of what comes later it gets one command at
 * most, and is asked again from there on, on the connection that has stayed open. */
Test(cli_client, the_word_of_a_node_ends_with_the_first_unavailable)
{
    uint8_t command[256];
    struct wire_request request = {.kind = WIRE_SUBMIT,
                                   .body = vg_span_of(command, command_within(command))};
    struct false_node node;
    struct cli_client *client;
    struct vg_error error;
    json_t *answer = NULL;
    json_t *details = NULL;
    node_start(&node, LOSES_SIGHT);
    cr_assert_eq(cli_client_new(&access_of_one, &node.at, 1, 300, &client, &error), VG_OK);
    cr_assert_eq(cli_client_call(client, &request, &answer, &error, &details), VG_OK, "%s",
                 error.text);
    cr_assert_eq(atomic_load(&node.commands), 1);
    for (unsigned i = 0; i < 3; i++) {
        cr_expect_eq(cli_client_call(client, &request, &answer, &error, &details), VG_UNAVAILABLE);
        cr_expect_eq(atomic_load(&node.commands), 2, "it was told, and then asked alone");
    }
    cr_expect_eq(node.link_count, 1, "one connection");
    cr_expect_gt(atomic_load(&node.requests), SEEN + 3);
    cli_client_free(client);
    json_decref(answer);
    node_stop(&node);
}
