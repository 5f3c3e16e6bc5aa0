/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/view/figures.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "ops/cli/core/output.h"

const struct view_span view_spans[] = {{"assess", "assessed_ms"},
                                       {"contain", "contained_ms"},
                                       {"stabilize", "stabilized_ms"},
                                       {"close", "closed_ms"},
                                       {NULL, NULL}};

static const char *const groupings[] = {"all", "classification", "severity", "region"};
enum { GROUPINGS = sizeof groupings / sizeof *groupings };

static int by_size(const void *a, const void *b)
{
    const uint64_t *one = a;
    const uint64_t *other = b;
    return (*one > *other) - (*one < *other);
}

static json_t *seconds(uint64_t ms)
{
    return json_real((double)ms / 1000.0);
}

/* Of the times from detection to a milestone; those that never came to it are not among them.
 * Percentiles are by nearest rank. */
static json_t *spread(const json_t *members, const char *key)
{
    size_t count = 0;
    size_t i;
    json_t *incident;
    uint64_t *times = vg_alloc((json_array_size(members) + 1) * sizeof *times);
    json_array_foreach(members, i, incident)
    {
        uint64_t from = cli_json_number(incident, "created_ms");
        uint64_t to = cli_json_number(incident, key);
        if (to != 0)
            times[count++] = to > from ? to - from : 0;
    }
    qsort(times, count, sizeof *times, by_size);
    json_t *out = json_pack("{s:i}", "count", (int)count);
    json_object_set_new(out, "median_s", count > 0 ? seconds(times[(count - 1) / 2]) : json_null());
    json_object_set_new(out, "p90_s",
                        count > 0 ? seconds(times[(count * 9 + 9) / 10 - 1]) : json_null());
    json_object_set_new(out, "max_s", count > 0 ? seconds(times[count - 1]) : json_null());
    free(times);
    return out;
}

static json_t *figure(const char *by, const json_t *value, const json_t *members)
{
    json_t *out = json_pack("{s:s, s:O, s:i}", "by", by, "value", value, "incidents",
                            (int)json_array_size(members));
    for (const struct view_span *span = view_spans; span->name != NULL; span++)
        json_object_set_new(out, span->name, spread(members, span->key));
    return out;
}

static int by_name(const void *a, const void *b)
{
    const char *const *one = a;
    const char *const *other = b;
    return strcmp(*one, *other);
}

/* {VALUE AS JSON: [INCIDENT, ...]} for the values of a key. */
static json_t *group_by(const char *key, const json_t *members)
{
    json_t *groups = json_object();
    size_t i;
    json_t *incident;
    json_array_foreach(members, i, incident)
    {
        json_t *value = json_object_get(incident, key);
        char *name = json_dumps(value, JSON_ENCODE_ANY);
        const char *group = name != NULL ? name : "null";
        if (json_object_get(groups, group) == NULL)
            json_object_set_new(groups, group, json_array());
        json_array_append(json_object_get(groups, group), incident);
        free(name);
    }
    return groups;
}

static void add_figures(json_t *figures, const char *by, const json_t *members)
{
    json_t *groups = group_by(by, members);
    const char **names = vg_alloc((json_object_size(groups) + 1) * sizeof *names);
    size_t count = 0;
    const char *name;
    json_t *group;
    json_object_foreach(groups, name, group) names[count++] = name;
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_loads(names[i], JSON_DECODE_ANY, NULL);
        json_array_append_new(figures, figure(by, value, json_object_get(groups, names[i])));
        json_decref(value);
    }
    free(names);
    json_decref(groups);
}

json_t *view_figures(const json_t *milestones, uint64_t since_ms)
{
    json_t *members = json_array();
    json_t *figures = json_array();
    json_int_t open = 0;
    json_int_t historical = 0;
    json_int_t exercises = 0;
    size_t i;
    json_t *incident;
    json_array_foreach(milestones, i, incident)
    {
        bool exercise = !json_is_null(json_object_get(incident, "exercise"));
        bool imported = json_is_true(json_object_get(incident, "historical"));
        if (cli_json_number(incident, "created_ms") < since_ms)
            continue;
        historical += imported;
        exercises += exercise;
        if (imported || exercise)
            continue;
        open += cli_json_number(incident, "closed_ms") == 0;
        json_array_append(members, incident);
    }
    for (i = 0; i < GROUPINGS; i++)
        add_figures(figures, groupings[i], members);
    json_t *out =
        json_pack("{s:i, s:I, s:I, s:I, s:o}", "incidents", (int)json_array_size(members), "open",
                  open, "historical", historical, "exercise", exercises, "figures", figures);
    json_decref(members);
    return out;
}
