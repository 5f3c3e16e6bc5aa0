/* SPDX-License-Identifier: Apache-2.0
 * What an outsider is answered: about what is there, the same as about what is not, by as many
 * reads of the state, none of which is of the compartment. The same questions asked by somebody who
 * may read show that there is something to be seen. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/text.h"
#include "node/api/api.h"
#include "proto/response/checkpoint.h"
#include "tests/lib/play.h"

#define CANARY "zqxjkv"
#define NAMED "acme-" CANARY
#define TENANT_NAMED "tenant-" CANARY
#define UNNAMED "none-nobody"
#define FAKE_ID "0192f0c4-0000-7000-8000-000000000001"

static const vg_id bolt = {{0xc0, 2}};

/* ---- a store that is watched -------------------------------------------------------------------
 */

static struct watched {
    struct vg_kv kv; /* the store's own */
    const vg_id *compartment;
    uint32_t reads;
    uint32_t within; /* of the compartment's own rows */
} watched;

static void note(vg_span key)
{
    const vg_id *id = watched.compartment;
    watched.reads++;
    watched.within += key.size >= sizeof id->bytes && memcmp(key.data, id->bytes, 16) == 0;
}

static bool watched_get(void *context, vg_span key, vg_span *value)
{
    note(key);
    return watched.kv.get(context, key, value);
}

static bool watched_next(void *context, vg_span prefix, vg_span from, bool after, vg_span *key,
                         vg_span *value)
{
    note(from);
    return watched.kv.next(context, prefix, from, after, key, value);
}

/* ---- what there is -----------------------------------------------------------------------------
 */

struct scene {
    struct play play;
    vg_id declared; /* of a proposal and a request */
    vg_id request;
    vg_id drill;
    vg_id tenant;
};

static vg_id propose(struct play *play)
{
    play_do(play, RESPONSE_OP_DECLARE);
    return play_propose(play, DESK_LEGAL);
}

/* The first compartment is acme, with one of everything; the stranger responds in bolt, and the
 * newcomer is enrolled and nothing else. */
static struct scene scene_new(void)
{
    struct scene scene = {.play = play_new(RESPONSE_DIAGNOSE)};
    struct play *play = &scene.play;
    struct desk_order order = play_order(play, RESPONSE_OP_ENROLL);
    order.command.enroll.person = desk_author(play->desk, DESK_NEWCOMER);
    order.command.enroll.keys = desk_keys(play->desk, DESK_NEWCOMER);
    order.command.enroll.bits = 0;
    play_must(play, order);
    play_label(play, &play->desk->genesis.first, NAMED);
    scene.tenant = play_tenant(play, TENANT_NAMED, &play->desk->genesis.first);
    play_label(play, &bolt, "bolt");
    play_grant_in(play, &bolt, DESK_STRANGER, RESPONSE_ROLE_RESPONDER);
    play_name(play, DESK_ANN, "Ann " CANARY);
    order = desk_note(&play->incident, "note " CANARY);
    order.request = scene.request = desk_request(play->desk, play->desk->time_ms);
    play_must(play, order);
    play_do(play, RESPONSE_OP_TASK);
    play_do(play, RESPONSE_OP_STEP);
    scene.declared = propose(play);
    play_do(play, RESPONSE_OP_AFFECT);
    order = desk_detect("title " CANARY, "key " CANARY);
    play_must(play, order);
    vg_id incident = play->incident;
    play_begin(play, "", RESPONSE_DIAGNOSE);
    play_filter(play, "filter " CANARY);
    order = desk_import("K-1", "{\"kept\":\"" CANARY "\"}");
    order.person = DESK_MANAGER;
    play_must(play, order);
    play->incident = incident;
    scene.drill = play_drill(play, DESK_OPERATOR);
    return scene;
}

static void watch(struct scene *scene)
{
    struct response_machine *machine = &scene->play.desk->machine;
    watched = (struct watched){.kv = machine->kv, .compartment = &scene->play.desk->genesis.first};
    machine->kv.get = watched_get;
    machine->kv.next = watched_next;
}

/* ---- questions ---------------------------------------------------------------------------------
 */

enum about {
    INCIDENT,
    COMPARTMENT,
    COMPARTMENT_ID,
    PROPOSAL,
    REQUEST,
    DRILL,
    TENANT,
    TENANT_ID,
    NOTHING
};

/* All that are answered from the state; %s is what is asked about. `shows`: an insider sees a
 * canary in the answer. */
static const struct {
    const char *text;
    enum about about;
    bool shows;
} questions[] = {
    {"{\"query\":\"cluster.status\"}", NOTHING, true},
    {"{\"query\":\"node.figures\"}", NOTHING, true},
    {"{\"query\":\"directory\"}", NOTHING, true},
    {"{\"query\":\"incident.list\",\"all\":true}", NOTHING, true},
    {"{\"query\":\"drill.list\"}", NOTHING, false},
    {"{\"query\":\"drill.show\",\"id\":\"%s\"}", DRILL, false},
    {"{\"query\":\"drill.probes\",\"id\":\"%s\"}", DRILL, false},
    {"{\"query\":\"incident.list\",\"compartment\":\"%s\"}", COMPARTMENT, true},
    {"{\"query\":\"incident.list\",\"compartment\":\"%s\"}", COMPARTMENT_ID, true},
    {"{\"query\":\"incident.watch\",\"compartment\":\"%s\",\"after\":1}", COMPARTMENT, true},
    {"{\"query\":\"incident.watch\",\"compartment\":\"%s\"}", COMPARTMENT_ID, false},
    {"{\"query\":\"incident.milestones\",\"compartment\":\"%s\"}", COMPARTMENT, false},
    {"{\"query\":\"proposal.list\",\"compartment\":\"%s\"}", COMPARTMENT, false},
    {"{\"query\":\"filter.list\",\"compartment\":\"%s\"}", COMPARTMENT, true},
    {"{\"query\":\"compartment.show\",\"compartment\":\"%s\"}", COMPARTMENT, true},
    {"{\"query\":\"compartment.show\",\"compartment\":\"%s\"}", COMPARTMENT_ID, true},
    {"{\"query\":\"tenant.list\"}", NOTHING, true},
    {"{\"query\":\"tenant.show\",\"tenant\":\"%s\"}", TENANT, true},
    {"{\"query\":\"tenant.show\",\"tenant\":\"%s\"}", TENANT_ID, true},
    {"{\"query\":\"case.list\"}", NOTHING, true},
    {"{\"query\":\"case.list\",\"compartment\":\"%s\"}", COMPARTMENT, true},
    {"{\"query\":\"case.show\",\"id\":\"" FAKE_ID "\",\"tenant\":\"%s\"}", TENANT, true},
    {"{\"query\":\"case.show\",\"id\":\"" FAKE_ID "\",\"tenant\":\"%s\"}", TENANT_ID, true},
    {"{\"query\":\"fact.list\",\"compartment\":\"%s\"}", COMPARTMENT, false},
    {"{\"query\":\"incident.show\",\"id\":\"%s\"}", INCIDENT, true},
    {"{\"query\":\"incident.page\",\"id\":\"%s\"}", INCIDENT, true},
    {"{\"query\":\"incident.parts\",\"id\":\"%s\",\"kind\":\"tasks\"}", INCIDENT, false},
    {"{\"query\":\"incident.timeline\",\"id\":\"%s\"}", INCIDENT, true},
    {"{\"query\":\"incident.explain\",\"id\":\"%s\"}", INCIDENT, false},
    {"{\"query\":\"incident.document\",\"id\":\"%s\"}", INCIDENT, false},
    {"{\"query\":\"proposal.show\",\"id\":\"%s\"}", PROPOSAL, true},
    {"{\"query\":\"request.show\",\"id\":\"" FAKE_ID "\",\"author\":\"" FAKE_ID
     "\",\"compartment\":\"%s\"}",
     COMPARTMENT, false},
};

enum { QUESTIONS = sizeof questions / sizeof questions[0] };

/* Those that are not answered from the state alone: tests/cluster/outsider.py asks them. */
static const enum api_name elsewhere[] = {
    API_CLUSTER_TRANSFER, API_COMPARTMENT_LEVEL, API_COMPARTMENT_PREPARE,
    API_LOG_GET,          API_LOG_TAIL,          API_LOG_VERIFY,
    API_LOG_REPAIR,       API_LOG_CONTENT,       API_KEYRING_OFFER};

static void subject(const struct scene *scene, enum about about, char out[VG_NAME_MAX + 1])
{
    const vg_id *ids[] = {[INCIDENT] = &scene->play.incident,
                          [COMPARTMENT_ID] = &scene->play.desk->genesis.first,
                          [PROPOSAL] = &scene->declared,
                          [REQUEST] = &scene->request,
                          [DRILL] = &scene->drill,
                          [TENANT_ID] = &scene->tenant};
    snprintf(out, VG_NAME_MAX + 1, about == TENANT ? TENANT_NAMED : NAMED);
    if (about != COMPARTMENT && about != TENANT && about != NOTHING)
        vg_id_format(ids[about], out);
}

static const char *no_subject(enum about about)
{
    return about == COMPARTMENT || about == TENANT ? UNNAMED : FAKE_ID;
}

/* An answer or an error as text, and what it took. */
struct answered {
    enum vg_code code;
    char *text;
    uint32_t reads;
    uint32_t within;
};

static json_t *answer(struct desk *desk, const struct api_query *query, struct vg_error *error)
{
    struct api_clearance clearance = {.compartment = desk->genesis.first, .status = RESPONSE_LEVEL};
    struct api_clearances clearances = {&clearance, 1};
    struct api_status status = {.self = {1}, .node_count = 1, .role = "leader"};
    status.nodes[0] = (struct api_node_status){.id = {1}, .self = true};
    if (query->name == API_CLUSTER_STATUS)
        return api_status_answer(&status, &clearances, &desk->machine, &query->asker);
    if (query->name == API_NODE_FIGURES)
        return api_figures_answer(&status, &desk->machine, &query->asker);
    return api_state_answer(&desk->machine, query, error);
}

static struct answered ask(struct scene *scene, enum desk_person person, const char *format,
                           const char *about)
{
    struct desk *desk = scene->play.desk;
    char text[512];
    char said[VG_ERROR_TEXT + 64];
    struct api_query query;
    struct vg_error error = {.code = VG_OK};
    struct answered out = {.text = NULL};
    const char *place = strstr(format, "%s");
    size_t before = place != NULL ? (size_t)(place - format) : strlen(format);
    snprintf(text, sizeof text, "%.*s%s%s", (int)before, format, place != NULL ? about : "",
             place != NULL ? place + 2 : "");
    cr_assert_eq(api_query_parse(vg_span_text(text), &query, &error), VG_OK, "%s: %s", text,
                 error.text);
    query.asker = desk_author(desk, person);
    watched.reads = watched.within = 0;
    json_t *document = answer(desk, &query, &error);
    out.reads = watched.reads;
    out.within = watched.within;
    out.code = error.code;
    snprintf(said, sizeof said, "%d %s", error.code, error.text);
    out.text = document != NULL ? json_dumps(document, JSON_COMPACT) : strdup(said);
    json_decref(document);
    return out;
}

/* A text with one word in the place of another. */
static char *replaced(const char *text, const char *word, const char *other)
{
    size_t size = strlen(text) * 4 + 1;
    char *out = calloc(1, size);
    for (const char *at = text; *at != '\0';) {
        bool here = strncmp(at, word, strlen(word)) == 0;
        snprintf(out + strlen(out), size - strlen(out), here ? "%s" : "%.1s", here ? other : at);
        at += here ? strlen(word) : 1;
    }
    return out;
}

/* ---- outsiders ---------------------------------------------------------------------------------
 */

Test(api_readers, every_question_is_asked_here_or_elsewhere)
{
    bool asked[API_NAMES] = {false};
    for (size_t i = 0; i < QUESTIONS; i++) {
        char *text = replaced(questions[i].text, "%s", FAKE_ID);
        struct api_query query;
        struct vg_error error;
        cr_assert_eq(api_query_parse(vg_span_text(text), &query, &error), VG_OK, "%s", text);
        asked[query.name] = true;
        free(text);
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        asked[elsewhere[i]] = true;
    for (int i = 0; i < API_NAMES; i++)
        cr_expect(asked[i], "question %d", i);
}

Test(api_readers, an_insider_sees_what_is_looked_for)
{
    struct scene scene = scene_new();
    watch(&scene);
    for (size_t i = 0; i < QUESTIONS; i++) {
        char about[VG_NAME_MAX + 1];
        subject(&scene, questions[i].about, about);
        struct answered got = ask(&scene, DESK_ANN, questions[i].text, about);
        if (questions[i].shows)
            cr_expect_not_null(strstr(got.text, CANARY), "%s: %s", questions[i].text, got.text);
        free(got.text);
    }
    play_free(&scene.play);
}

static void compare(struct scene *scene, enum desk_person person, size_t i)
{
    char about[VG_NAME_MAX + 1];
    const char *none = no_subject(questions[i].about);
    subject(scene, questions[i].about, about);
    struct answered real = ask(scene, person, questions[i].text, about);
    struct answered fake = ask(scene, person, questions[i].text, none);
    char *same = replaced(real.text, about, none);
    cr_expect_str_eq(same, fake.text, "%s", questions[i].text);
    cr_expect_eq(real.reads, fake.reads, "%s: %u and %u reads", questions[i].text, real.reads,
                 fake.reads);
    cr_expect_eq(real.within, 0, "%s: %u reads of what is in it", questions[i].text, real.within);
    cr_expect_null(strstr(same, CANARY), "%s: %s", questions[i].text, same);
    free(same);
    free(real.text);
    free(fake.text);
}

static bool of_none(void *clearance, const vg_id *compartment)
{
    (void)clearance;
    (void)compartment;
    return false;
}

Test(api_readers, an_outsider_is_answered_as_if_there_were_nothing)
{
    static const enum desk_person outsiders[] = {DESK_STRANGER, DESK_NEWCOMER, DESK_NODE};
    struct scene scene = scene_new();
    watch(&scene);
    for (int level = 0; level < 2; level++) {
        for (size_t k = 0; k < 3; k++) {
            for (size_t i = 0; i < QUESTIONS; i++)
                compare(&scene, outsiders[k], i);
        }
        scene.play.desk->machine.level = of_none;
    }
    play_free(&scene.play);
}

/* An operator knows of every compartment and tenant, and what is in one is as if it were not there.
 */
Test(api_readers, an_operator_sees_nothing_of_incidents)
{
    struct scene scene = scene_new();
    watch(&scene);
    for (size_t i = 0; i < QUESTIONS; i++) {
        char about[VG_NAME_MAX + 1];
        if (questions[i].about == INCIDENT || questions[i].about == PROPOSAL)
            compare(&scene, DESK_OPERATOR, i);
        subject(&scene, questions[i].about, about);
        struct answered got = ask(&scene, DESK_OPERATOR, questions[i].text, about);
        char *unnamed = replaced(got.text, NAMED, "");
        char *nameless = replaced(unnamed, TENANT_NAMED, "");
        char *rest = replaced(nameless, "Ann " CANARY, "");
        cr_expect_null(strstr(rest, CANARY), "%s: %s", questions[i].text, rest);
        cr_expect_eq(got.within, 0, "%s: %u reads of what is in it", questions[i].text, got.within);
        free(rest);
        free(nameless);
        free(unnamed);
        free(got.text);
    }
    play_free(&scene.play);
}

/* ---- those in between --------------------------------------------------------------------------
 */

static size_t listed(struct scene *scene, enum desk_person person)
{
    struct answered got = ask(scene, person, "{\"query\":\"incident.list\",\"all\":true}", FAKE_ID);
    json_t *list = json_loads(got.text, 0, NULL);
    size_t count = json_array_size(list);
    json_decref(list);
    free(got.text);
    return count;
}

Test(api_readers, a_reporter_sees_their_own)
{
    struct scene scene = scene_new();
    struct desk_order order = desk_detect("mine", "");
    char about[VG_NAME_MAX + 1];
    order.person = DESK_REPORTER;
    vg_id mine = play_must(&scene.play, order);
    watch(&scene);
    cr_assert_gt(listed(&scene, DESK_ANN), 3);
    cr_assert_eq(listed(&scene, DESK_REPORTER), 1);
    cr_assert_eq(listed(&scene, DESK_OPERATOR), 0);
    scene.play.incident = mine;
    subject(&scene, INCIDENT, about);
    struct answered got =
        ask(&scene, DESK_REPORTER, "{\"query\":\"incident.show\",\"id\":\"%s\"}", about);
    cr_assert_not_null(strstr(got.text, "mine"), "%s", got.text);
    free(got.text);
    got =
        ask(&scene, DESK_REPORTER, "{\"query\":\"incident.watch\",\"compartment\":\"%s\"}", NAMED);
    cr_assert_eq(got.code, VG_FORBIDDEN, "%s", got.text);
    free(got.text);
    play_free(&scene.play);
}

Test(api_readers, a_role_taken_away_counts_at_once)
{
    struct scene scene = scene_new();
    watch(&scene);
    play_grant(&scene.play, DESK_STRANGER, RESPONSE_ROLE_AUDITOR, 0);
    cr_assert_gt(listed(&scene, DESK_STRANGER), 3);
    play_grant(&scene.play, DESK_STRANGER, 0, RESPONSE_ROLE_AUDITOR);
    cr_assert_eq(listed(&scene, DESK_STRANGER), 0);
    play_free(&scene.play);
}

Test(api_readers, what_became_of_a_request_is_the_authors_and_the_readers)
{
    static const struct {
        enum desk_person person;
        bool told;
    } rows[] = {{DESK_ANN, true}, {DESK_LEGAL, true}, {DESK_REPORTER, false}};
    struct scene scene = scene_new();
    char id[VG_ID_TEXT], author[VG_ID_TEXT], text[512];
    vg_id ann = desk_author(scene.play.desk, DESK_ANN);
    vg_id_format(&scene.request, id);
    vg_id_format(&ann, author);
    watch(&scene);
    snprintf(text, sizeof text,
             "{\"query\":\"request.show\",\"id\":\"%s\",\"author\":\"%s\",\"compartment\":\"" NAMED
             "\"}",
             id, author);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answered got = ask(&scene, rows[i].person, text, "");
        cr_expect_eq(strstr(got.text, "\"answer\":null") == NULL, rows[i].told, "%s", got.text);
        free(got.text);
    }
    play_free(&scene.play);
}

/* ---- states ------------------------------------------------------------------------------------
 */

static const struct {
    enum desk_person person;
    bool knows, counts;
} roles[] = {
    {DESK_ANN, true, true},       {DESK_OPERATOR, true, true}, {DESK_PRIVACY, true, true},
    {DESK_REPORTER, true, false}, {DESK_BEN, true, false},     {DESK_NEWCOMER, false, false},
};

enum { ROLES = sizeof roles / sizeof roles[0] };

/* A compartment whose key has epochs, with a responder, a reporter and a contact of a tenant; they
 * have no role elsewhere that could tell. */
static vg_id known_to_some(struct play *play)
{
    vg_id compartment = play_create(play, 0x7);
    play_label(play, &compartment, "cork");
    play_grant_in(play, &compartment, DESK_ANN, RESPONSE_ROLE_RESPONDER);
    play_grant_in(play, &compartment, DESK_REPORTER, RESPONSE_ROLE_REPORTER);
    play_grant_in(play, &compartment, DESK_BEN, RESPONSE_ROLE_TENANT_CONTACT);
    return compartment;
}

Test(api_readers, how_a_state_differs_is_for_who_knows_the_compartment_and_why_it_stops_for_all)
{
    static const char *const whys[] = {
        [RESPONSE_DIVERGED] = "as of entry 9 its state hash is 8f42 here, and 6900 at node 1",
        [RESPONSE_STOPPED] = "this node has no key for it",
    };
    struct play play = play_new(RESPONSE_DETECT);
    struct api_clearance one = {.compartment = known_to_some(&play), .epoch = 1};
    const struct api_clearances all = {&one, 1};
    const struct api_status status = {.role = "follower"};
    for (size_t i = 0; i < 2 * ROLES; i++) {
        vg_id asker = desk_author(play.desk, roles[i / 2].person);
        one.status = i % 2 == 0 ? RESPONSE_DIVERGED : RESPONSE_STOPPED;
        snprintf(one.why, sizeof one.why, "%s", whys[one.status]);
        json_t *answer = api_status_answer(&status, &all, &play.desk->machine, &asker);
        const json_t *row = json_array_get(json_object_get(answer, "compartments"), 0);
        const char *why = json_string_value(json_object_get(row, "stopped"));
        bool told = one.status == RESPONSE_STOPPED || roles[i / 2].knows;
        cr_expect_eq(why != NULL, told, "case %zu: %s", i, why);
        cr_expect_str_eq(json_string_value(json_object_get(row, "status")),
                         response_status_name(one.status));
        json_decref(answer);
    }
    play_free(&play);
}

/* A mark of the compartment, and what a node says of it. */
static void say_checkpoint(struct play *play, const vg_id *compartment)
{
    struct desk_order order = desk_detect("Odd logins", "");
    struct response_mark mark = {.index = 0};
    order.compartment = *compartment;
    play_must(play, order);
    play->desk->time_ms += RESPONSE_MARK_MS;
    play_must(play, order);
    cr_assert(response_mark_next(&play->desk->machine, compartment, &mark));
    order = (struct desk_order){.person = DESK_NODE,
                                .compartment = *compartment,
                                .command = {.op = RESPONSE_OP_CHECKPOINT}};
    order.command.checkpoint.mark = mark.index;
    order.command.checkpoint.hash = mark.hash;
    order.command.checkpoint.accepted = mark.accepted;
    order.command.checkpoint.refused = mark.refused;
    play_must(play, order);
}

Test(api_readers, what_a_checkpoint_counts_is_for_who_reads_all_or_manages)
{
    struct scene scene = {.play = play_new(RESPONSE_DETECT)};
    vg_id compartment = known_to_some(&scene.play);
    char id[VG_ID_TEXT];
    say_checkpoint(&scene.play, &compartment);
    vg_id_format(&compartment, id);
    for (size_t i = 0; i < ROLES; i++) {
        struct answered got = ask(&scene, roles[i].person,
                                  "{\"query\":\"compartment.show\",\"compartment\":\"%s\"}", id);
        json_t *shown = json_loads(got.text, 0, NULL);
        const json_t *checkpoint = json_object_get(shown, "checkpoint");
        cr_expect_eq(json_is_object(checkpoint), roles[i].knows, "%s", got.text);
        cr_expect_eq(json_is_integer(json_object_get(checkpoint, "accepted")), roles[i].counts,
                     "case %zu: %s", i, got.text);
        cr_expect_eq(json_is_integer(json_object_get(checkpoint, "refused")), roles[i].counts);
        json_decref(shown);
        free(got.text);
    }
    play_free(&scene.play);
}

/* ---- entries of the log ------------------------------------------------------------------------
 */

static bool has_author(const struct ledger_view *view, enum response_sight sight, const vg_id *who)
{
    json_t *entry = api_entry(view, sight, who);
    bool has =
        json_object_get(entry, "author") != NULL && json_object_get(entry, "command") != NULL;
    cr_assert_not_null(json_object_get(entry, "compartment"));
    json_decref(entry);
    return has;
}

Test(api_readers, a_body_is_for_who_may_read_it_and_a_reporters_own)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_detect("Odd logins", "");
    struct vg_blob *bytes = desk_append(play.desk, &order);
    struct ledger_view view;
    struct vg_error error;
    cr_assert_eq(ledger_parse(vg_blob_span(bytes), &view, &error), VG_OK, "%s", error.text);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    cr_assert(has_author(&view, RESPONSE_SEES_CONTENT, &ben));
    cr_assert(has_author(&view, RESPONSE_SEES_OWN, &ann));
    cr_assert_not(has_author(&view, RESPONSE_SEES_OWN, &ben));
    cr_assert_not(has_author(&view, RESPONSE_SEES_NOTHING, &ann));
    play_free(&play);
}

Test(api_readers, what_is_seen_of_an_entry_is_by_its_compartment_and_control_is_everybodys)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    struct api_compartments seen;
    api_compartments_seen(&play.desk->machine, &ann, &seen);
    struct ledger_view view = {.envelope = {.type = LEDGER_SEALED}};
    view.envelope.compartment = play.desk->genesis.first;
    cr_assert_eq(api_body_sight(&seen, &view), RESPONSE_SEES_CONTENT);
    view.envelope.compartment = bolt;
    cr_assert_eq(api_body_sight(&seen, &view), RESPONSE_SEES_NOTHING);
    view.envelope.compartment = play.desk->genesis.directory;
    cr_assert_eq(api_body_sight(&seen, &view), RESPONSE_SEES_NOTHING);
    view.envelope.type = LEDGER_CONTROL;
    view.envelope.compartment = (vg_id){{0}};
    cr_assert_eq(api_body_sight(&seen, &view), RESPONSE_SEES_CONTENT);
    play_free(&play);
}
