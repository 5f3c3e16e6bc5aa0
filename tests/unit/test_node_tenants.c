/* SPDX-License-Identifier: Apache-2.0
 * What a node answers of tenants, their cases, and what is owed to them. The incident is in the
 * first compartment, two tenants in another one; log time is what the question says. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdarg.h>

#include "common/text.h"
#include "node/api/api.h"
#include "proto/response/tenants.h"
#include "tests/lib/play.h"

enum { MINUTE = 60 * 1000 };

struct scene {
    struct play play;
    vg_id home;
    char incident[VG_ID_TEXT];
    uint64_t now_ms;
};

/* Declared for both of them. */
static struct scene declared(void)
{
    struct scene scene = {.play = play_new(RESPONSE_ASSESS)};
    struct play *play = &scene.play;
    scene.home = play_create(play, 0x7);
    play_label(play, &play->desk->genesis.first, "default");
    play_label(play, &scene.home, "bolt");
    play_grant_in(play, &scene.home, DESK_ANN, RESPONSE_ROLE_RESPONDER);
    play_tenant(play, "zeta", &scene.home);
    play_tenant(play, "beta", &scene.home);
    struct desk_order order = play_order(play, RESPONSE_OP_DECLARE);
    order.command.declare.tenants =
        (struct response_lines){2, {vg_span_text("zeta"), vg_span_text("beta")}};
    play_must(play, order);
    vg_id_format(&play->incident, scene.incident);
    scene.now_ms = play->desk->time_ms;
    return scene;
}

static void end(struct scene *scene)
{
    play_free(&scene->play);
}

/* NULL with the error set. */
static json_t *ask(struct scene *scene, struct vg_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static json_t *ask(struct scene *scene, struct vg_error *error, const char *format, ...)
{
    char text[512];
    struct api_query query;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    *error = (struct vg_error){.code = VG_OK};
    if (api_query_parse(vg_span_text(text), &query, error) != VG_OK)
        return NULL;
    query.now_ms = scene->now_ms;
    query.asker = desk_author(scene->play.desk, DESK_ANN);
    return api_state_answer(&scene->play.desk->machine, &query, error);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static json_t *page_of(struct scene *scene)
{
    struct vg_error error;
    json_t *page =
        ask(scene, &error, "{\"query\":\"incident.page\",\"id\":\"%s\"}", scene->incident);
    cr_assert_not_null(page, "%s", error.text);
    return page;
}

/* Tells and acknowledges the first fact that is owed; false if none is. */
static bool tell_one(struct scene *scene)
{
    struct play *play = &scene->play;
    struct response_owed owed = {.fact.source = play->desk->genesis.first};
    struct response_heard heard;
    if (!response_owed_next(&play->desk->machine, RESPONSE_FACT_OWED, &owed))
        return false;
    struct desk_order order = play_order(play, RESPONSE_OP_CASE);
    order.compartment = scene->home;
    order.command.case_ = owed.fact;
    play_must(play, order);
    cr_assert(response_heard_get(&play->desk->machine, &scene->home, &owed.fact, &heard));
    order = play_order(play, RESPONSE_OP_ACKNOWLEDGE);
    order.command.acknowledge.tenant = owed.fact.tenant;
    order.command.acknowledge.index = owed.fact.index;
    order.command.acknowledge.hash = owed.fact.hash;
    order.command.acknowledge.case_index = heard.case_index;
    order.command.acknowledge.case_hash = heard.case_hash;
    play_must(play, order);
    return true;
}

/* ---- what is owed ------------------------------------------------------------------------------
 */

Test(node_tenants, what_is_owed_escalates_by_log_time_alone)
{
    static const struct {
        uint64_t after;
        const char *state;
    } rows[] = {{0, "waiting"}, {5 * MINUTE, "late"}, {60 * MINUTE, "overdue"}};
    struct scene scene = declared();
    uint64_t declared_at = scene.now_ms;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene.now_ms = declared_at + rows[i].after;
        json_t *page = page_of(&scene);
        const json_t *owed = json_object_get(page, "owed");
        cr_assert_str_eq(text_of(owed, "state"), rows[i].state);
        cr_assert_eq(json_integer_value(json_object_get(owed, "count")), 2);
        const json_t *tenants = json_object_get(page, "tenants");
        cr_assert_eq(json_array_size(tenants), 2);
        cr_assert_str_eq(text_of(json_array_get(tenants, 0), "tenant"), "beta");
        for (size_t k = 0; k < 2; k++) {
            const json_t *state = json_object_get(json_array_get(tenants, k), "case");
            cr_assert_str_eq(text_of(state, "state"), rows[i].state);
            cr_assert_eq(json_array_size(json_object_get(state, "nodes")), 2);
        }
        json_decref(page);
    }
    end(&scene);
}

/* It is listed, and nothing of the incident that anybody could do. */
Test(node_tenants, what_is_owed_to_a_shredded_compartment_is_said_to_be_over)
{
    struct scene scene = declared();
    struct vg_error error;
    cr_assert(tell_one(&scene));
    play_shred(&scene.play, &scene.home, 1);
    scene.now_ms += (uint64_t)60 * MINUTE;
    json_t *page = page_of(&scene);
    cr_assert(json_is_null(json_object_get(page, "owed")));
    const json_t *tenants = json_object_get(page, "tenants");
    uint32_t told = 0, over = 0;
    for (size_t k = 0; k < 2; k++) {
        const json_t *state = json_object_get(json_array_get(tenants, k), "case");
        told += strcmp(text_of(state, "state"), "told") == 0;
        over += strcmp(text_of(state, "state"), "shredded") == 0;
    }
    cr_assert(told == 1 && over == 1);
    json_decref(page);
    json_t *facts = ask(&scene, &error, "{\"query\":\"fact.list\",\"compartment\":\"default\"}");
    cr_assert_not_null(facts, "%s", error.text);
    cr_assert_eq(json_array_size(facts), 1);
    cr_assert_str_eq(text_of(json_array_get(facts, 0), "state"), "shredded");
    cr_assert_eq(json_array_size(json_object_get(json_array_get(facts, 0), "nodes")), 0);
    json_decref(facts);
    end(&scene);
}

Test(node_tenants, what_is_told_is_owed_no_more)
{
    struct scene scene = declared();
    cr_assert(tell_one(&scene));
    json_t *page = page_of(&scene);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(page, "owed"), "count")), 1);
    json_decref(page);
    cr_assert(tell_one(&scene));
    cr_assert_not(tell_one(&scene));
    page = page_of(&scene);
    cr_assert(json_is_null(json_object_get(page, "owed")));
    const json_t *tenants = json_object_get(page, "tenants");
    for (size_t k = 0; k < 2; k++) {
        const json_t *state = json_object_get(json_array_get(tenants, k), "case");
        cr_assert_str_eq(text_of(state, "state"), "told");
        cr_assert_gt(json_integer_value(json_object_get(state, "entry")), 0);
    }
    json_decref(page);
    end(&scene);
}

/* Who is cleared for neither side, or one of them, is not among those that could tell it. */
Test(node_tenants, who_could_tell_it_follows_from_clearance)
{
    struct scene scene = declared();
    struct vg_error error;
    play_evict(&scene.play, 2);
    json_t *facts = ask(&scene, &error, "{\"query\":\"fact.list\",\"compartment\":\"default\"}");
    cr_assert_eq(json_array_size(facts), 2);
    const json_t *nodes = json_object_get(json_array_get(facts, 0), "nodes");
    cr_assert_eq(json_array_size(nodes), 1);
    cr_assert_eq(json_integer_value(json_array_get(nodes, 0)), 1);
    json_decref(facts);
    end(&scene);
}

/* ---- lists -------------------------------------------------------------------------------------
 */

/* All of a list, one at a time. */
static size_t count_paged(struct scene *scene, const char *query)
{
    char after[VG_NAME_MAX + 1] = "";
    char before[VG_NAME_MAX + 1] = "";
    struct vg_error error;
    size_t count = 0;
    for (;; count++) {
        json_t *page = ask(scene, &error, "{%s,\"limit\":1,\"after\":\"%s\"}", query, after);
        cr_assert_not_null(page, "%s", error.text);
        if (json_array_size(page) == 0) {
            json_decref(page);
            return count;
        }
        cr_assert_eq(json_array_size(page), 1);
        snprintf(after, sizeof after, "%s", text_of(json_array_get(page, 0), "place"));
        cr_assert_gt(strcmp(after, before), 0);
        memcpy(before, after, sizeof before);
        json_decref(page);
    }
}

Test(node_tenants, pages_go_on_behind_a_place)
{
    struct scene scene = declared();
    struct vg_error error;
    cr_assert_eq(count_paged(&scene, "\"query\":\"fact.list\",\"compartment\":\"default\""), 2);
    cr_assert_eq(count_paged(&scene, "\"query\":\"case.list\""), 0);
    while (tell_one(&scene))
        ;
    cr_assert_eq(count_paged(&scene, "\"query\":\"fact.list\",\"compartment\":\"default\""), 0);
    cr_assert_eq(count_paged(&scene, "\"query\":\"case.list\""), 2);
    cr_assert_eq(count_paged(&scene, "\"query\":\"case.list\",\"compartment\":\"bolt\""), 2);
    cr_assert_eq(count_paged(&scene, "\"query\":\"case.list\",\"compartment\":\"default\""), 0);
    static const char *const places[] = {"x", "//", "01a21d8b-2d97-73c5-a729-0f95ada299c5/x/"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        cr_assert_null(
            ask(&scene, &error, "{\"query\":\"case.list\",\"after\":\"%s\"}", places[i]));
        cr_assert_eq(error.code, VG_INVALID);
    }
    end(&scene);
}

Test(node_tenants, a_case_is_shown_by_incident_and_tenant)
{
    struct scene scene = declared();
    struct vg_error error;
    cr_assert_null(ask(&scene, &error,
                       "{\"query\":\"case.show\",\"id\":\"%s\",\"tenant\":\"zeta\"}",
                       scene.incident));
    cr_assert_eq(error.code, VG_NOT_FOUND);
    while (tell_one(&scene))
        ;
    json_t *found =
        ask(&scene, &error, "{\"query\":\"case.show\",\"id\":\"%s\",\"tenant\":\"zeta\"}",
            scene.incident);
    cr_assert_not_null(found, "%s", error.text);
    cr_assert_str_eq(text_of(found, "incident"), scene.incident);
    cr_assert_str_eq(text_of(found, "tenant"), "zeta");
    cr_assert_str_eq(text_of(found, "compartment"), "bolt");
    cr_assert_str_eq(text_of(found, "source"), "default");
    cr_assert_str_eq(text_of(found, "state"), "declared");
    cr_assert_str_eq(text_of(found, "classification"), "security-incident");
    json_decref(found);
    cr_assert_null(ask(&scene, &error,
                       "{\"query\":\"case.show\",\"id\":\"%s\",\"tenant\":\"nobody\"}",
                       scene.incident));
    cr_assert_not_null(strstr(error.text, "vigil tenant list"));
    cr_assert_null(ask(&scene, &error,
                       "{\"query\":\"case.show\",\"id\":\"%s\",\"tenant\":\"acme\"}",
                       scene.incident));
    cr_assert_eq(error.code, VG_NOT_FOUND);
    end(&scene);
}

Test(node_tenants, tenants_are_shown_by_name_and_by_id)
{
    struct scene scene = declared();
    struct vg_error error;
    json_t *all = ask(&scene, &error, "{\"query\":\"tenant.list\"}");
    cr_assert_eq(json_array_size(all), 3);
    const char *id = text_of(json_array_get(all, 1), "id");
    json_t *one = ask(&scene, &error, "{\"query\":\"tenant.show\",\"tenant\":\"%s\"}", id);
    cr_assert_str_eq(text_of(one, "name"), "zeta");
    cr_assert_str_eq(text_of(one, "compartment"), "bolt");
    json_decref(one);
    json_t *rest = ask(&scene, &error, "{\"query\":\"tenant.list\",\"after\":\"%s\"}", id);
    cr_assert_eq(json_array_size(rest), 1);
    cr_assert_str_eq(text_of(json_array_get(rest, 0), "name"), "beta");
    json_decref(rest);
    json_decref(all);
    end(&scene);
}
