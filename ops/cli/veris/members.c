/* SPDX-License-Identifier: Apache-2.0
 * The members of VERIS 1.3, its editions 1.3.0 to 1.3.7 together, by path. */
#include <stdio.h>
#include <stdlib.h>

#include "ops/cli/veris/veris.h"

enum { PATH_SIZE = 256 };

enum kind {
    TEXT = 1,
    NUMBER = 2,
    TRUTH = 4,
    TEXTS = 8,    /* a list of texts, or one text */
    OBJECT = 16,  /* whose members are in the table */
    OBJECTS = 32, /* a list of such */
    OPEN = 64,    /* an object of whatever members: the schema leaves them to its users */
};

struct member {
    const char *path;
    unsigned kinds;
};

/* Sorted by path, as strcmp does. */
static const struct member members[] = {
    {"action", OBJECT},
    {"action.environmental", OBJECT},
    {"action.environmental.notes", TEXT},
    {"action.environmental.variety", TEXTS},
    {"action.error", OBJECT},
    {"action.error.notes", TEXT},
    {"action.error.variety", TEXTS},
    {"action.error.vector", TEXTS},
    {"action.hacking", OBJECT},
    {"action.hacking.cve", TEXT},
    {"action.hacking.notes", TEXT},
    {"action.hacking.result", TEXTS},
    {"action.hacking.variety", TEXTS},
    {"action.hacking.vector", TEXTS},
    {"action.malware", OBJECT},
    {"action.malware.cve", TEXT},
    {"action.malware.name", TEXT},
    {"action.malware.notes", TEXT},
    {"action.malware.result", TEXTS},
    {"action.malware.variety", TEXTS},
    {"action.malware.vector", TEXTS},
    {"action.misuse", OBJECT},
    {"action.misuse.notes", TEXT},
    {"action.misuse.result", TEXTS},
    {"action.misuse.variety", TEXTS},
    {"action.misuse.vector", TEXTS},
    {"action.physical", OBJECT},
    {"action.physical.notes", TEXT},
    {"action.physical.result", TEXTS},
    {"action.physical.variety", TEXTS},
    {"action.physical.vector", TEXTS},
    {"action.social", OBJECT},
    {"action.social.notes", TEXT},
    {"action.social.result", TEXTS},
    {"action.social.target", TEXTS},
    {"action.social.variety", TEXTS},
    {"action.social.vector", TEXTS},
    {"action.unknown", OBJECT},
    {"action.unknown.notes", TEXT},
    {"action.unknown.result", TEXTS},
    {"actor", OBJECT},
    {"actor.external", OBJECT},
    {"actor.external.country", TEXTS},
    {"actor.external.motive", TEXTS},
    {"actor.external.name", TEXTS},
    {"actor.external.notes", TEXT},
    {"actor.external.region", TEXTS},
    {"actor.external.variety", TEXTS},
    {"actor.internal", OBJECT},
    {"actor.internal.job_change", TEXTS},
    {"actor.internal.motive", TEXTS},
    {"actor.internal.notes", TEXT},
    {"actor.internal.variety", TEXTS},
    {"actor.partner", OBJECT},
    {"actor.partner.country", TEXTS},
    {"actor.partner.industry", TEXT},
    {"actor.partner.motive", TEXTS},
    {"actor.partner.name", TEXTS},
    {"actor.partner.notes", TEXT},
    {"actor.partner.region", TEXTS},
    {"actor.unknown", OBJECT},
    {"actor.unknown.notes", TEXT},
    {"asset", OBJECT},
    {"asset.assets", OBJECTS},
    {"asset.assets.amount", NUMBER},
    {"asset.assets.variety", TEXT},
    {"asset.cloud", TEXTS},
    {"asset.country", TEXTS},
    {"asset.governance", TEXTS},
    {"asset.hosting", TEXTS},
    {"asset.management", TEXTS},
    {"asset.notes", TEXT},
    {"asset.ownership", TEXTS},
    {"asset.role", TEXTS},
    {"asset.total_amount", NUMBER},
    {"attribute", OBJECT},
    {"attribute.availability", OBJECT},
    {"attribute.availability.duration", OBJECT},
    {"attribute.availability.duration.unit", TEXT},
    {"attribute.availability.duration.value", NUMBER},
    {"attribute.availability.notes", TEXT},
    {"attribute.availability.variety", TEXTS},
    {"attribute.confidentiality", OBJECT},
    {"attribute.confidentiality.data", OBJECTS},
    {"attribute.confidentiality.data.amount", NUMBER},
    {"attribute.confidentiality.data.variety", TEXT},
    {"attribute.confidentiality.data_disclosure", TEXT},
    {"attribute.confidentiality.data_total", NUMBER},
    {"attribute.confidentiality.data_victim", TEXTS},
    {"attribute.confidentiality.notes", TEXT},
    {"attribute.confidentiality.state", TEXTS},
    {"attribute.integrity", OBJECT},
    {"attribute.integrity.notes", TEXT},
    {"attribute.integrity.variety", TEXTS},
    {"attribute.unknown", OBJECT},
    {"attribute.unknown.notes", TEXT},
    {"attribute.unknown.result", TEXTS},
    {"campaign_id", TEXT},
    {"confidence", TEXT},
    {"control_failure", TEXT},
    {"corrective_action", TEXT},
    {"cost_corrective_action", TEXT},
    {"discovery_method", TEXT | OBJECT},
    {"discovery_method.discovery_notes", TEXT},
    {"discovery_method.external", OBJECT},
    {"discovery_method.external.variety", TEXTS},
    {"discovery_method.internal", OBJECT},
    {"discovery_method.internal.variety", TEXTS},
    {"discovery_method.other", TRUTH},
    {"discovery_method.partner", OBJECT},
    {"discovery_method.partner.variety", TEXTS},
    {"discovery_method.unknown", TRUTH},
    {"discovery_notes", TEXT},
    {"extra", OPEN},
    {"impact", OBJECT},
    {"impact.iso_currency_code", TEXT},
    {"impact.loss", OBJECTS},
    {"impact.loss.amount", NUMBER},
    {"impact.loss.max_amount", NUMBER},
    {"impact.loss.min_amount", NUMBER},
    {"impact.loss.rating", TEXT},
    {"impact.loss.variety", TEXT},
    {"impact.notes", TEXT},
    {"impact.overall_amount", NUMBER},
    {"impact.overall_max_amount", NUMBER},
    {"impact.overall_min_amount", NUMBER},
    {"impact.overall_rating", TEXT},
    {"incident_id", TEXT},
    {"ioc", OBJECTS},
    {"ioc.comment", TEXT},
    {"ioc.indicator", TEXT},
    {"notes", TEXT},
    {"plus", OPEN},
    {"reference", TEXT},
    {"schema_name", TEXT},
    {"schema_version", TEXT},
    {"security_incident", TEXT},
    {"source_id", TEXT},
    {"subsets", OPEN},
    {"summary", TEXT},
    {"targeted", TEXT},
    {"timeline", OBJECT},
    {"timeline.compromise", OBJECT},
    {"timeline.compromise.unit", TEXT},
    {"timeline.compromise.value", NUMBER},
    {"timeline.containment", OBJECT},
    {"timeline.containment.unit", TEXT},
    {"timeline.containment.value", NUMBER},
    {"timeline.discovery", OBJECT},
    {"timeline.discovery.unit", TEXT},
    {"timeline.discovery.value", NUMBER},
    {"timeline.exfiltration", OBJECT},
    {"timeline.exfiltration.unit", TEXT},
    {"timeline.exfiltration.value", NUMBER},
    {"timeline.incident", OBJECT},
    {"timeline.incident.day", NUMBER},
    {"timeline.incident.month", NUMBER},
    {"timeline.incident.time", TEXT},
    {"timeline.incident.year", NUMBER},
    {"value_chain", OBJECT},
    {"value_chain.NA", TRUTH},
    {"value_chain.cash-out", OBJECT},
    {"value_chain.cash-out.notes", TEXT},
    {"value_chain.cash-out.variety", TEXTS},
    {"value_chain.development", OBJECT},
    {"value_chain.development.notes", TEXT},
    {"value_chain.development.variety", TEXTS},
    {"value_chain.distribution", OBJECT},
    {"value_chain.distribution.notes", TEXT},
    {"value_chain.distribution.variety", TEXTS},
    {"value_chain.money laundering", OBJECT},
    {"value_chain.money laundering.notes", TEXT},
    {"value_chain.money laundering.variety", TEXTS},
    {"value_chain.non-distribution services", OBJECT},
    {"value_chain.non-distribution services.notes", TEXT},
    {"value_chain.non-distribution services.variety", TEXTS},
    {"value_chain.targeting", OBJECT},
    {"value_chain.targeting.notes", TEXT},
    {"value_chain.targeting.variety", TEXTS},
    {"victim", OBJECT},
    {"victim.country", TEXTS},
    {"victim.employee_count", TEXT},
    {"victim.government", TEXTS},
    {"victim.industry", TEXT},
    {"victim.locations_affected", NUMBER},
    {"victim.notes", TEXT},
    {"victim.region", TEXTS},
    {"victim.revenue", OBJECT},
    {"victim.revenue.amount", NUMBER},
    {"victim.revenue.iso_currency_code", TEXT},
    {"victim.secondary", OBJECT},
    {"victim.secondary.amount", NUMBER},
    {"victim.secondary.notes", TEXT},
    {"victim.secondary.victim_id", TEXTS},
    {"victim.state", TEXT},
    {"victim.victim_id", TEXT},
};

static int compare(const void *path, const void *member)
{
    return strcmp(path, ((const struct member *)member)->path);
}

static bool all_of(const json_t *list, json_type type)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (json_typeof(item) != type)
            return false;
    }
    return true;
}

/* The kinds a value could be. */
static unsigned kinds_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return TEXT | TEXTS;
    case JSON_INTEGER:
    case JSON_REAL:
        return NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return TRUTH;
    case JSON_OBJECT:
        return OBJECT | OPEN;
    case JSON_ARRAY:
        return (all_of(value, JSON_STRING) ? TEXTS : 0U) |
               (all_of(value, JSON_OBJECT) ? OBJECTS : 0U);
    case JSON_NULL:
        return ~0U; /* as if it were not there */
    }
    return 0;
}

static const char *kind_words(unsigned kinds)
{
    static const struct {
        unsigned kinds;
        const char *words;
    } words[] = {{TEXT, "a text"},
                 {NUMBER, "a number"},
                 {TRUTH, "true or false"},
                 {TEXTS, "a list of texts"},
                 {OBJECT, "an object"},
                 {OPEN, "an object"},
                 {OBJECTS, "a list of objects"},
                 {TEXT | OBJECT, "a text or an object"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].kinds == kinds)
            return words[i].words;
    return "something else";
}

static enum vg_code check_object(const json_t *object, const char *path, uint32_t *unknown,
                                 struct vg_error *error);

static enum vg_code check_value(const json_t *value, const char *path, unsigned kinds,
                                uint32_t *unknown, struct vg_error *error)
{
    if ((kinds_of(value) & kinds) == 0)
        return vg_fail(error, VG_INVALID, "%s must be %s", path, kind_words(kinds));
    enum vg_code code = VG_OK;
    size_t i;
    json_t *item;
    if ((kinds & OBJECT) != 0 && json_is_object(value))
        code = check_object(value, path, unknown, error);
    if ((kinds & OBJECTS) != 0) {
        json_array_foreach(value, i, item)
        {
            if (code == VG_OK)
                code = check_object(item, path, unknown, error);
        }
    }
    return code;
}

static enum vg_code check_object(const json_t *object, const char *path, uint32_t *unknown,
                                 struct vg_error *error)
{
    const char *name;
    json_t *value;
    enum vg_code code = VG_OK;
    json_object_foreach((json_t *)object, name, value)
    {
        char below[PATH_SIZE];
        int size = snprintf(below, sizeof below, "%s%s%s", path, path[0] != 0 ? "." : "", name);
        const struct member *member = NULL;
        if (size > 0 && size < PATH_SIZE)
            member =
                bsearch(below, members, sizeof members / sizeof *members, sizeof *members, compare);
        if (member == NULL)
            (*unknown)++;
        else
            code = check_value(value, below, member->kinds, unknown, error);
        if (code != VG_OK)
            return code;
    }
    return VG_OK;
}

enum vg_code veris_check_members(const json_t *document, uint32_t *unknown, struct vg_error *error)
{
    *unknown = 0;
    return check_object(document, "", unknown, error);
}
