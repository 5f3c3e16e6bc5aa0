/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/drill.h"

#include <stdlib.h>

#include "common/text.h"
#include "node/api/text.h"
#include "proto/response/drill.h"

/* "emea 412" as {"region", "ms"}. */
static json_t *stalled_region(vg_span line)
{
    char text[VG_NAME_MAX + 1];
    size_t size = line.size < sizeof text - 1 ? line.size : sizeof text - 1;
    memcpy(text, line.data, size);
    text[size] = '\0';
    char *space = strrchr(text, ' ');
    uint64_t ms = space != NULL ? strtoull(space + 1, NULL, 10) : 0;
    if (space != NULL)
        *space = '\0';
    json_t *out = json_object();
    api_set(out, "region", json_string(text));
    api_set(out, "ms", api_uint(ms));
    return out;
}

static json_t *stalled_regions(vg_span lines)
{
    json_t *out = json_array();
    while (lines.size > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.size);
        size_t size = end != NULL ? (size_t)(end - lines.data) : lines.size;
        json_array_append_new(out, stalled_region(vg_span_of(lines.data, size)));
        size += end != NULL;
        lines = vg_span_of(lines.data + size, lines.size - size);
    }
    return out;
}

static json_t *result(const struct response_drill *drill)
{
    json_t *out = json_object();
    if (drill->ended_at == 0) {
        json_decref(out);
        return json_null();
    }
    api_set(out, "recovered", json_boolean(drill->recovered == RESPONSE_YES));
    api_set(out, "recovery_ms", api_uint(drill->recovery_ms));
    api_set(out, "stalled_ms", api_uint(drill->stalled_ms));
    api_set(out, "stalled", stalled_regions(drill->stalled));
    api_set(out, "writes", api_uint(drill->writes));
    api_set(out, "reads", api_uint(drill->reads));
    api_set(out, "lost", api_uint(drill->lost));
    api_set(out, "stale", api_uint(drill->stale));
    return out;
}

static json_t *object_of(const struct response_drill *drill, uint64_t now_ms)
{
    json_t *out = json_object();
    json_t *targets = json_object();
    api_set(targets, "recovery_ms", api_uint(drill->recovery_target_ms));
    api_set(targets, "stalled_ms", api_uint(drill->stalled_target_ms));
    api_set(out, "id", api_id(&drill->id));
    api_set(out, "kind", api_word(response_drill_kinds, drill->kind));
    api_set(out, "node", drill->node.value != 0 ? api_uint(drill->node.value) : json_null());
    api_set(out, "region", api_string(drill->region));
    api_set(out, "duration_ms", api_uint(drill->duration_ms));
    api_set(out, "delay_ms", api_uint(drill->delay_ms));
    api_set(out, "targets", targets);
    api_set(out, "reason", api_string(drill->reason));
    api_set(out, "operated_by", api_id(&drill->operated_by));
    api_set(out, "seconded_by", api_id(&drill->seconded_by));
    api_set(out, "state", api_word(response_drill_states, response_drill_state(drill, now_ms)));
    api_set(out, "approved_at", api_time(drill->approved_at));
    api_set(out, "started_at", api_time(drill->started_at));
    api_set(out, "start_index", api_uint(drill->start_index));
    api_set(out, "ended_at", api_time(drill->ended_at));
    api_set(out, "end_index", api_uint(drill->end_index));
    api_set(out, "probes", api_uint(drill->probes));
    api_set(out, "result", result(drill));
    return out;
}

/* Drills are the directory's. */
static bool are_shown(const struct response_machine *machine, const struct api_query *query)
{
    return response_sight_of(machine, &query->asker, &machine->genesis->directory) ==
           RESPONSE_SEES_CONTENT;
}

json_t *api_drills(struct response_machine *machine, const struct api_query *query,
                   struct vg_error *error)
{
    struct response_drill drill = {.id = query->after_id};
    json_t *page = json_array();
    bool shown = are_shown(machine, query);
    (void)error;
    while (shown && json_array_size(page) < query->limit &&
           response_drill_next(machine, &drill.id, &drill))
        json_array_append_new(page, object_of(&drill, query->now_ms));
    return page;
}

static enum vg_code find(struct response_machine *machine, const struct api_query *query,
                         struct response_drill *out, struct vg_error *error)
{
    char text[VG_ID_TEXT];
    if (are_shown(machine, query) && response_drill_get(machine, &query->id, out) == VG_OK)
        return VG_OK;
    vg_id_format(&query->id, text);
    return vg_fail(error, VG_NOT_FOUND, "there is no drill %s; see vigil cluster drill list", text);
}

json_t *api_drill(struct response_machine *machine, const struct api_query *query,
                  struct vg_error *error)
{
    struct response_drill drill;
    return find(machine, query, &drill, error) == VG_OK ? object_of(&drill, query->now_ms) : NULL;
}

static void add_run(json_t *runs, uint64_t first, uint64_t last)
{
    if (first != 0)
        json_array_append_new(runs, json_pack("[I, I]", (json_int_t)first, (json_int_t)last));
}

/* There is no probe 0. */
json_t *api_drill_probes(struct response_machine *machine, const struct api_query *query,
                         struct vg_error *error)
{
    struct response_drill drill;
    uint8_t bits[RESPONSE_PROBE_BITS / 8];
    uint64_t first = 0; /* of the run that is open; 0: none is */
    if (find(machine, query, &drill, error) != VG_OK)
        return NULL;
    json_t *runs = json_array();
    for (uint64_t number = 0; number <= RESPONSE_PROBES_MAX; number++) {
        uint64_t bit = number % RESPONSE_PROBE_BITS;
        if (bit == 0)
            response_drill_probes(machine, &drill.id, number / RESPONSE_PROBE_BITS, bits);
        bool came = (bits[bit / 8] >> (bit % 8) & 1) != 0;
        if (!came)
            add_run(runs, first, number - 1);
        if (!came || first == 0)
            first = came ? number : 0;
    }
    add_run(runs, first, RESPONSE_PROBES_MAX);
    return runs;
}
