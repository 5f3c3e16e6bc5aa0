/* SPDX-License-Identifier: Apache-2.0
 * What a node answers, from the socket to the disk and back: a cluster of one in this process. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/file.h"
#include "common/text.h"
#include "tests/lib/leaks.h"
#include "tests/lib/lone.h"

static struct lone lone;

static void up(void)
{
    lone_start(&lone);
}

static void down(void)
{
    lone_stop(&lone);
    lone_free(&lone);
}

TestSuite(node_serve, .init = up, .fini = down);

/* With the cluster's id configured: each bit of the genesis is one that counts. */
Test(node_serve, no_bit_of_the_genesis_may_turn)
{
    struct vg_buffer bytes = {0};
    struct vg_error error;
    char id[VG_HASH_TEXT];
    char *pinned = lone.config->cluster;
    const char *path = lone.config->genesis;
    vg_hex_format(vg_span_of(lone.cluster.bytes, sizeof lone.cluster.bytes), id);
    lone.config->cluster = id;
    cr_assert_eq(vg_file_read(path, LEDGER_GENESIS_MAX, &bytes, &error), VG_OK);
    int fd = open(path, O_WRONLY);
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        uint8_t turned = bytes.data[bit / 8] ^ (uint8_t)(1 << bit % 8);
        cr_assert_eq(pwrite(fd, &turned, 1, (off_t)(bit / 8)), 1);
        enum vg_code code = node_check(lone.config, &error);
        bool is_old = strstr(error.text, "make a new cluster") != NULL;
        cr_assert(code == VG_INTEGRITY || code == VG_INVALID, "bit %zu: %d", bit, code);
        cr_assert_not_null(strstr(error.text, path), "bit %zu: %s", bit, error.text);
        cr_assert(is_old || strstr(error.text, "fetch it again") != NULL, "bit %zu: %s", bit,
                  error.text);
        cr_assert_eq(pwrite(fd, &bytes.data[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    close(fd);
    lone.config->cluster = pinned;
    vg_buffer_free(&bytes);
}

Test(node_serve, a_genesis_that_lets_entries_be_in_clear_is_refused)
{
    struct ledger_genesis genesis = lone.genesis;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    struct vg_error error;
    for (int sealed = LEDGER_FOUNDED; sealed >= 0; sealed--) {
        genesis.flags = LEDGER_GENESIS_CLEAR;
        if (sealed < LEDGER_FOUNDED)
            genesis.epochs[sealed].epoch = 0;
        vg_span encoded = vg_span_of(bytes, ledger_genesis_encode(&genesis, bytes));
        cr_assert_eq(vg_file_write(lone.config->genesis, encoded, 0600, &error), VG_OK);
        cr_assert_eq(node_check(lone.config, &error), VG_INVALID);
        cr_assert_not_null(strstr(error.text, "make a new cluster: vigil cluster init"), "%s",
                           error.text);
    }
}

Test(node_serve, a_region_that_is_not_the_one_of_the_genesis_is_refused)
{
    struct vg_error error;
    char *region = lone.config->region, other[] = "emea";
    cr_assert_eq(node_check(lone.config, &error), VG_OK, "%s", error.text);
    lone.config->region = other;
    cr_assert_eq(node_check(lone.config, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "write region: apac"), "%s", error.text);
    lone.config->region = region;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void sign_detect(const vg_id *request, const char *title, struct vg_buffer *out)
{
    struct response_command command = {.op = RESPONSE_OP_DETECT};
    command.detect.source = RESPONSE_SOURCE_OPERATOR;
    command.detect.title = vg_span_text(title);
    lone_sign(&lone, &lone.genesis.first, request, &command, out);
}

/* Submits a detection; what the node answers. */
static json_t *detect(const vg_id *request, const char *title, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    sign_detect(request, title, &bytes);
    json_t *answer = lone_submit(&lone, &bytes, false, error);
    vg_buffer_free(&bytes);
    return answer;
}

/* The document a question is answered with. */
static json_t *ask_well(const char *question)
{
    struct vg_error error;
    json_t *answer = lone_ask(&lone, question, &error);
    cr_assert_eq(error.code, VG_OK, "%s: %s", question, error.text);
    return answer;
}

static json_int_t count_incidents(void)
{
    json_t *page = ask_well("{\"query\":\"incident.list\",\"all\":true}");
    json_int_t count = (json_int_t)json_array_size(page);
    json_decref(page);
    return count;
}

Test(node_serve, a_command_is_answered_from_its_own_apply)
{
    struct vg_error error;
    vg_id request = lone_request();
    char id[VG_ID_TEXT], question[120];
    vg_id_format(&request, id);
    json_t *answer = detect(&request, "Odd logins", &error);
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    cr_expect_str_eq(text_of(answer, "id"), id);
    cr_expect_gt(number_of(answer, "index"), 2);
    cr_expect_eq(number_of(json_object_get(answer, "revision"), "stage"), 1);
    json_decref(answer);
    snprintf(question, sizeof question, "{\"query\":\"incident.show\",\"id\":\"%s\"}", id);
    json_t *shown = ask_well(question);
    cr_expect_str_eq(text_of(shown, "title"), "Odd logins");
    json_decref(shown);
}

Test(node_serve, the_same_request_is_done_once)
{
    struct vg_error error;
    vg_id request = lone_request();
    json_t *first = detect(&request, "Once", &error);
    json_t *again = detect(&request, "Once", &error);
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    cr_expect(json_is_true(json_object_get(again, "repeated")));
    cr_expect_eq(number_of(again, "index"), number_of(first, "index"));
    cr_expect_eq(count_incidents(), 1);
    json_decref(first);
    json_decref(again);
    json_t *none = detect(&request, "Another under its id", &error);
    cr_expect_null(none);
    cr_expect_eq(error.code, VG_INVALID, "%s", error.text);
    cr_expect_eq(count_incidents(), 1);
}

/* What a client may expect otherwise when it asks again does not make another request of it. */
Test(node_serve, the_same_request_with_other_expectations_is_still_done_once)
{
    struct vg_error error;
    struct vg_buffer bytes = {0};
    vg_id incident = lone_request(), request = lone_request();
    json_decref(detect(&incident, "To be assessed", &error));
    struct response_command command = {.op = RESPONSE_OP_STAGE};
    command.stage.incident = incident;
    command.stage.stage = RESPONSE_ASSESS;
    command.stage.reason = vg_span_text("looks real");
    json_t *answers[2];
    for (size_t i = 0; i < 2; i++) {
        lone.expects = (struct ledger_expectation){RESPONSE_ASPECT_STAGE, {{0}}, i + 1};
        lone_sign(&lone, &lone.genesis.first, &request, &command, &bytes);
        answers[i] = lone_submit(&lone, &bytes, false, &error);
        cr_assert_eq(error.code, VG_OK, "%s", error.text);
    }
    cr_expect(json_is_true(json_object_get(answers[1], "repeated")));
    cr_expect_eq(number_of(answers[0], "index"), number_of(answers[1], "index"));
    json_decref(answers[0]);
    json_decref(answers[1]);
    vg_buffer_free(&bytes);
}

Test(node_serve, a_dry_run_changes_nothing)
{
    struct vg_error error;
    struct vg_buffer bytes = {0};
    vg_id request = lone_request();
    sign_detect(&request, "Only asked", &bytes);
    json_t *answer = lone_submit(&lone, &bytes, true, &error);
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    cr_expect_not_null(answer);
    json_decref(answer);
    cr_expect_eq(count_incidents(), 0);
    vg_buffer_free(&bytes);
}

Test(node_serve, what_is_not_signed_so_is_refused_before_the_log)
{
    struct vg_error error;
    struct vg_buffer bytes = {0};
    vg_id request = lone_request();
    sign_detect(&request, "Altered", &bytes);
    bytes.data[bytes.size - 1] ^= 1;
    cr_expect_null(lone_submit(&lone, &bytes, false, &error));
    cr_expect_eq(error.code, VG_FORBIDDEN, "%s", error.text);

    vg_hash cluster = lone.cluster;
    lone.cluster.bytes[0] ^= 1;
    sign_detect(&request, "For another cluster", &bytes);
    lone.cluster = cluster;
    cr_expect_null(lone_submit(&lone, &bytes, false, &error));
    cr_expect_eq(error.code, VG_INVALID, "%s", error.text);

    vg_id person = lone.person.id;
    lone.person.id = lone_request();
    sign_detect(&request, "By a stranger", &bytes);
    lone.person.id = person;
    cr_expect_null(lone_submit(&lone, &bytes, false, &error));
    cr_expect_eq(error.code, VG_FORBIDDEN, "%s", error.text);

    bytes.size /= 2;
    cr_expect_null(lone_submit(&lone, &bytes, false, &error));
    cr_expect_eq(error.code, VG_INVALID, "%s", error.text);
    vg_buffer_free(&bytes);

    json_t *figures = ask_well("{\"query\":\"node.figures\"}");
    cr_expect_eq(number_of(figures, "commands_accepted"), 1, "the grant");
    cr_expect_eq(number_of(figures, "commands_refused"), 0);
    cr_expect_eq(number_of(figures, "entries_void"), 0);
    json_decref(figures);
}

/* Nor what somebody else brings: they would be told the answer. */
Test(node_serve, a_command_is_taken_from_its_author_alone)
{
    struct vg_error error;
    struct vg_buffer bytes = {0};
    vg_id request = lone_request();
    json_decref(detect(&request, "Done before", &error));
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    lone_enter(&lone, &lone.self);
    for (int i = 0; i < 4; i++) { /* answered, and not yet; to do, and to try */
        vg_id fresh = lone_request();
        sign_detect(i < 2 ? &request : &fresh, "Done before", &bytes);
        cr_expect_null(lone_submit(&lone, &bytes, i % 2 == 0, &error));
        cr_expect_eq(error.code, VG_FORBIDDEN, "%s", error.text);
        cr_expect_not_null(strstr(error.text, "this session is not theirs"), "%s", error.text);
    }
    lone_enter(&lone, &lone.person);
    cr_expect_eq(count_incidents(), 1);
    vg_buffer_free(&bytes);
}

Test(node_serve, leadership_and_repairs_are_not_for_everybody)
{
    static const struct {
        const char *question, *refusal;
    } cases[] = {
        {"{\"query\":\"cluster.transfer\",\"to\":1}", "for operators alone"},
        {"{\"query\":\"log.repair\",\"index\":1}", "for operators and key officers alone"},
        {"{\"query\":\"log.repair\",\"index\":1000000}", "for operators and key officers alone"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vg_error error;
        lone_enter(&lone, &lone.self); /* enrolled, and nothing else */
        cr_expect_null(lone_ask(&lone, cases[i].question, &error));
        cr_expect_eq(error.code, VG_FORBIDDEN, "%s: %s", cases[i].question, error.text);
        cr_expect_not_null(strstr(error.text, cases[i].refusal), "%s", error.text);
        cr_expect_not_null(strstr(error.text, "vigil user list"), "%s", error.text);
        lone_enter(&lone, &lone.person); /* an operator */
        json_decref(lone_ask(&lone, cases[i].question, &error));
        cr_expect_neq(error.code, VG_FORBIDDEN, "%s", error.text);
    }
}

Test(node_serve, a_refusal_of_the_rules_is_in_the_log_and_names_its_rule)
{
    struct vg_error error;
    struct vg_buffer bytes = {0};
    vg_id request = lone_request(), incident = lone_request();
    struct response_command command = {.op = RESPONSE_OP_NOTE};
    command.note.incident = incident;
    command.note.kind = RESPONSE_NOTE;
    command.note.text = vg_span_text("about nothing");
    lone_sign(&lone, &lone.genesis.first, &request, &command, &bytes);
    cr_expect_null(lone_submit(&lone, &bytes, false, &error));
    cr_expect_eq(error.code, VG_NOT_FOUND, "%s", error.text);
    json_t *figures = ask_well("{\"query\":\"node.figures\"}");
    cr_expect_eq(number_of(figures, "commands_refused"), 1);
    json_decref(figures);
    vg_buffer_free(&bytes);
}

Test(node_serve, questions_that_make_no_sense_are_refused)
{
    static const struct {
        const char *question;
        enum vg_code code;
    } cases[] = {
        {"{\"query\":\"incident.delete\"}", VG_INVALID},
        {"nonsense", VG_INVALID},
        {"{\"query\":\"log.get\",\"index\":\"one\"}", VG_INVALID},
        {"{\"query\":\"log.get\",\"index\":1000000}", VG_NOT_FOUND},
        {"{\"query\":\"incident.list\",\"compartment\":\"nowhere\"}", VG_NOT_FOUND},
        {"{\"query\":\"cluster.transfer\",\"to\":9}", VG_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vg_error error;
        json_t *answer = lone_ask(&lone, cases[i].question, &error);
        cr_expect_null(answer, "%s", cases[i].question);
        cr_expect_eq(error.code, cases[i].code, "%s: %s", cases[i].question, error.text);
    }
}

/* The title of the last detection among log entries; a disk that stalls makes for further noops. */
static const char *last_title(const json_t *entries)
{
    const char *title = NULL;
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        const char *found = text_of(json_object_get(entry, "command"), "title");
        title = found != NULL ? found : title;
    }
    return title;
}

Test(node_serve, the_log_is_shown_and_verified)
{
    struct vg_error error;
    vg_id request = lone_request();
    json_decref(detect(&request, "For the log", &error));
    json_t *entries = ask_well("{\"query\":\"log.tail\",\"from\":1,\"count\":100}");
    cr_assert_geq(json_array_size(entries), 3u, "noop, grant, detect");
    cr_expect_str_eq(text_of(json_array_get(entries, 0), "type"), "noop");
    cr_expect_str_eq(last_title(entries), "For the log");
    json_decref(entries);
    json_t *verified = ask_well("{\"query\":\"log.verify\",\"from\":2,\"count\":1}");
    cr_expect_eq(number_of(verified, "checked"), 1);
    cr_expect_eq(number_of(verified, "next"), 3);
    cr_expect_geq(number_of(verified, "last"), 3);
    json_decref(verified);
    json_t *beyond = ask_well("{\"query\":\"log.tail\",\"from\":5000,\"count\":5}");
    cr_expect_eq(json_array_size(beyond), 0u);
    json_decref(beyond);
}

Test(node_serve, what_was_acknowledged_is_there_after_a_restart)
{
    struct vg_error error;
    vg_id request = lone_request();
    json_t *before = detect(&request, "To be kept", &error);
    json_t *status = ask_well("{\"query\":\"cluster.status\"}");
    lone_stop(&lone);
    lone_restart(&lone);
    json_t *again = detect(&request, "To be kept", &error);
    cr_assert_eq(error.code, VG_OK, "%s", error.text);
    cr_expect(json_is_true(json_object_get(again, "repeated")));
    cr_expect_eq(number_of(again, "index"), number_of(before, "index"));
    cr_expect_eq(count_incidents(), 1);
    json_t *later = ask_well("{\"query\":\"cluster.status\"}");
    cr_expect_gt(number_of(later, "term"), number_of(status, "term"));
    cr_expect_eq(number_of(later, "leader"), 1);
    json_decref(before);
    json_decref(status);
    json_decref(again);
    json_decref(later);
}

Test(node_serve_leaks, a_life_leaves_nothing_behind)
{
    struct vg_error error;
    lone_start(&lone);
    vg_id request = lone_request();
    json_decref(detect(&request, "Short life", &error));
    json_decref(ask_well("{\"query\":\"log.tail\"}"));
    lone_stop(&lone);
    lone_free(&lone);
    cr_expect_not(LEAKS_FOUND());
}
