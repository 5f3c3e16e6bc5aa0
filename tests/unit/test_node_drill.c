/* SPDX-License-Identifier: Apache-2.0
 * The fault a node takes for a drill (docs/drills.md), at a cluster of one: when it takes none,
 * what a full disk does, that it ends by itself, and what is told of drills. Those of several nodes
 * are in tests/cluster/drills.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/text.h"
#include "tests/lib/await.h"
#include "tests/lib/lone.h"

static struct lone lone;
static struct vg_identity second;

static void down(void)
{
    lone_stop(&lone);
    lone_free(&lone);
}

/* The answer to a command of the person of now; accepted unless `error` is asked for. */
static json_t *give(const vg_id *compartment, const struct response_command *command,
                    struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    struct vg_error unwanted;
    vg_id request = lone_request();
    lone_sign(&lone, compartment, &request, command, &bytes);
    json_t *answer = lone_submit(&lone, &bytes, false, error != NULL ? error : &unwanted);
    if (error == NULL)
        cr_assert_eq(unwanted.code, VG_OK, "%s", unwanted.text);
    vg_buffer_free(&bytes);
    return answer;
}

static void must(const vg_id *compartment, const struct response_command *command)
{
    json_decref(give(compartment, command, NULL));
}

static void swap_people(void)
{
    struct vg_identity person = lone.person;
    lone.person = second;
    second = person;
    lone_enter(&lone, &lone.person);
}

/* A node with an operator and somebody to second. */
static void up(void)
{
    static const vg_id control;
    struct response_command enroll = {.op = RESPONSE_OP_ENROLL};
    struct response_command grant = {.op = RESPONSE_OP_GRANT};
    vg_id id = lone_request();
    lone_start(&lone);
    vg_identity_make(VG_IDENTITY_PERSON, &id, (vg_node_id){0}, &second);
    enroll.enroll.person = second.id;
    enroll.enroll.keys = vg_identity_keys(&second);
    must(&control, &enroll);
    grant.grant.person = second.id;
    grant.grant.compartment = lone.genesis.directory;
    grant.grant.give = RESPONSE_ROLE_INCIDENT_MANAGER;
    must(&lone.genesis.directory, &grant);
}

TestSuite(node_drill, .init = up, .fini = down, .timeout = 600);

static vg_hash hash_of(vg_span command)
{
    const struct ledger_command request = {.compartment = lone.genesis.directory, .body = command};
    return ledger_request_hash(&request);
}

/* Signed by both; its id. */
static vg_id approved(uint8_t kind, uint64_t node)
{
    struct vg_buffer bytes = {0};
    vg_id id;
    struct response_command drill = {.op = RESPONSE_OP_DRILL,
                                     .drill = {.kind = kind,
                                               .node = node,
                                               .duration_ms = 5000,
                                               .recovery_target_ms = 1000,
                                               .stalled_target_ms = 1000,
                                               .region = vg_span_text(""),
                                               .reason = vg_span_text("to see")}};
    response_command_encode(&drill, &bytes);
    struct response_command propose = {
        .op = RESPONSE_OP_PROPOSE,
        .propose = {.command = vg_buffer_span(&bytes), .role = RESPONSE_ROLE_OPERATOR}};
    struct response_command approve = {.op = RESPONSE_OP_APPROVE};
    vg_id now = lone_request();
    propose.propose.expires_at = vg_uuid7_time_ms(&now) + 3600 * 1000;
    json_t *answer = give(&lone.genesis.directory, &propose, NULL);
    vg_id_parse(json_string_value(json_object_get(answer, "id")), &id);
    json_decref(answer);
    approve.approve.proposal = id;
    approve.approve.hash = hash_of(vg_buffer_span(&bytes));
    approve.approve.reason = vg_span_text("all is quiet");
    swap_people();
    must(&lone.genesis.directory, &approve);
    swap_people();
    vg_buffer_free(&bytes);
    return id;
}

static void start(const vg_id *id)
{
    struct response_command command = {.op = RESPONSE_OP_DRILL_START, .drill_start.drill = *id};
    must(&lone.genesis.directory, &command);
}

/* What the status says of the node's drill; null for none. */
static json_t *drill_of_status(void)
{
    struct vg_error error;
    json_t *status = lone_ask(&lone, "{\"query\":\"cluster.status\"}", &error);
    json_t *drill = json_object_get(json_array_get(json_object_get(status, "nodes"), 0), "drill");
    json_incref(drill);
    json_decref(status);
    return drill;
}

static json_int_t remaining_ms(void)
{
    json_t *drill = drill_of_status();
    json_int_t left = json_integer_value(json_object_get(drill, "remaining_ms"));
    json_decref(drill);
    return left;
}

static bool has_refused(const char *why)
{
    json_t *drill = drill_of_status();
    const char *text = json_string_value(json_object_get(drill, "refused"));
    bool refused = text != NULL && strstr(text, why) != NULL;
    json_decref(drill);
    return refused;
}

/* ---- when it takes none ------------------------------------------------------------------------
 */

Test(node_drill, without_a_quorum_to_spare_it_takes_none)
{
    static const uint8_t kinds[] = {RESPONSE_DRILL_LEADER_LOSS, RESPONSE_DRILL_NODE_LOSS,
                                    RESPONSE_DRILL_ISOLATE};
    json_t *none = drill_of_status();
    cr_assert(json_is_null(none));
    for (size_t i = 0; i < sizeof kinds; i++) {
        vg_id id = approved(kinds[i], kinds[i] == RESPONSE_DRILL_LEADER_LOSS ? 0 : 1);
        struct response_command end = {.op = RESPONSE_OP_DRILL_END,
                                       .drill_end = {.drill = id, .recovered = RESPONSE_NO}};
        start(&id);
        AWAIT(has_refused("no quorum"));
        cr_assert_eq(remaining_ms(), 0);
        must(&lone.genesis.directory, &end);
    }
}

/* The state is a cache: without it the whole log is applied again. */
static void forget_state(void)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/data/state/%s", lone.folder, files[i]);
        cr_assert_eq(remove(path), 0, "%s", path);
    }
}

Test(node_drill, a_restart_takes_no_old_fault_up)
{
    struct vg_error error;
    vg_id id = approved(RESPONSE_DRILL_DISK_FULL, 1);
    struct response_command note = {.op = RESPONSE_OP_DRILL_PROBE,
                                    .drill_probe = {.drill = id, .number = 1}};
    start(&id);
    AWAIT(remaining_ms() > 0);
    lone_stop(&lone);
    forget_state();
    lone_restart(&lone);
    json_decref(give(&lone.genesis.directory, &note, &error));
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    cr_assert_eq(remaining_ms(), 0);
    cr_assert_not(has_refused(""));
}

/* ---- a full disk -------------------------------------------------------------------------------
 */

Test(node_drill, a_full_disk_refuses_commands_and_nothing_else_until_it_is_over)
{
    struct vg_error error;
    vg_id id = approved(RESPONSE_DRILL_DISK_FULL, 1);
    struct response_command probe = {.op = RESPONSE_OP_DRILL_PROBE,
                                     .drill_probe = {.drill = id, .number = 1}};
    start(&id);
    AWAIT(remaining_ms() > 0);
    json_decref(give(&lone.genesis.directory, &probe, &error));
    cr_assert_eq(error.code, VG_BUSY);
    cr_assert_not_null(strstr(error.text, "a drill takes the disk"), "%s", error.text);
    json_decref(lone_ask(&lone, "{\"query\":\"directory\"}", &error));
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    cr_assert_leq(remaining_ms(), 5000);
    AWAIT(remaining_ms() == 0);
    json_decref(give(&lone.genesis.directory, &probe, &error));
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
}

/* ---- what is told ------------------------------------------------------------------------------
 */

static json_t *ask_about(const char *query, const vg_id *id)
{
    char text[128], name[VG_ID_TEXT];
    struct vg_error error;
    vg_id_format(id, name);
    snprintf(text, sizeof text, "{\"query\":\"%s\",\"id\":\"%s\"}", query, name);
    json_t *answer = lone_ask(&lone, text, &error);
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    return answer;
}

static bool says(json_t *answer, const char *expected)
{
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    bool same = json_equal(answer, wanted);
    if (!same)
        json_dumpf(answer, stderr, JSON_ENCODE_ANY);
    json_decref(wanted);
    json_decref(answer);
    return same;
}

Test(node_drill, probes_and_results_are_told)
{
    static const uint64_t numbers[] = {1, 2, 3, 256, 65535};
    struct response_command probe = {.op = RESPONSE_OP_DRILL_PROBE};
    vg_id id = approved(RESPONSE_DRILL_LEADER_LOSS, 0);
    start(&id);
    cr_assert(says(ask_about("drill.probes", &id), "[]"));
    probe.drill_probe.drill = id;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        probe.drill_probe.number = numbers[i];
        must(&lone.genesis.directory, &probe);
    }
    cr_assert(says(ask_about("drill.probes", &id), "[[1, 3], [256, 256], [65535, 65535]]"));
    struct response_command end = {
        .op = RESPONSE_OP_DRILL_END,
        .drill_end = {.drill = id,
                      .recovered = RESPONSE_YES,
                      .recovery_ms = 1000,
                      .stalled_ms = 412,
                      .stalled = {2, {vg_span_text("apac 0"), vg_span_text("new delhi 412")}},
                      .writes = 5}};
    must(&lone.genesis.directory, &end);
    json_t *drill = ask_about("drill.show", &id);
    cr_assert_str_eq(json_string_value(json_object_get(drill, "state")), "passed");
    cr_assert_str_eq(json_string_value(json_object_get(drill, "reason")), "to see");
    json_t *result = json_object_get(drill, "result");
    cr_assert(says(json_incref(result),
                   "{\"recovered\": true, \"recovery_ms\": 1000, \"stalled_ms\": 412, "
                   "\"stalled\": [{\"region\": \"apac\", \"ms\": 0}, {\"region\": \"new delhi\", "
                   "\"ms\": 412}], \"writes\": 5, \"reads\": 0, \"lost\": 0, \"stale\": 0}"));
    json_decref(drill);
}
