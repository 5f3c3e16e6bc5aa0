/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/proxy/course.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    const struct course_event *a = left, *b = right;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    if (a->begins != b->begins)
        return a->begins ? 1 : -1;
    return a->step < b->step ? -1 : a->step > b->step;
}

uint32_t course_events(const struct script *script, struct course_event out[COURSE_EVENTS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < script->count; i++) {
        const struct script_step *step = &script->steps[i];
        out[count++] = (struct course_event){step->begin_ms, i, true};
        if (step->end_ms > step->begin_ms)
            out[count++] = (struct course_event){step->end_ms, i, false};
    }
    qsort(out, count, sizeof *out, compare);
    return count;
}

static bool is_from_to(const struct script_step *step, uint64_t from, uint64_t to)
{
    return (step->from == 0 || step->from == from) && (step->to == 0 || step->to == to);
}

bool course_is_about(const struct script_step *step, const struct dev_cluster *cluster,
                     uint32_t from, uint32_t to)
{
    uint64_t one = cluster->nodes[from].id, other = cluster->nodes[to].id;
    return from != to &&
           (is_from_to(step, one, other) || (step->both_ways && is_from_to(step, other, one)));
}

void course_mesh(const struct script *script, const struct dev_cluster *cluster,
                 const struct proxy_mesh *whole, uint64_t at_ms, struct proxy_mesh *out)
{
    *out = *whole;
    for (uint32_t i = 0; i < script->count; i++) {
        const struct script_step *step = &script->steps[i];
        if (at_ms < step->begin_ms || at_ms >= step->end_ms)
            continue;
        for (uint32_t from = 0; from < cluster->node_count; from++)
            for (uint32_t to = 0; to < cluster->node_count; to++)
                if (course_is_about(step, cluster, from, to))
                    proxy_terms_worsen(&out->links[from][to], &step->terms);
    }
}
