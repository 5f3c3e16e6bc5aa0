/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "common/text.h"
#include "node/api/api.h"

enum { ARGUMENTS_MAX = 7, PAGE_DEFAULT = 200, TAIL_DEFAULT = 20 };

struct argument {
    const char *name;
    bool required;
    /* Reads a value; returns NULL or what it must be. */
    const char *(*read)(const json_t *value, struct api_query *out);
};

static bool read_uint(const json_t *value, uint64_t low, uint64_t high, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return *out >= low && *out <= high;
}

static const char *read_id(const json_t *value, struct api_query *out)
{
    return json_is_string(value) && vg_id_parse(json_string_value(value), &out->id) ? NULL
                                                                                    : "a UUID";
}

static const char *read_author(const json_t *value, struct api_query *out)
{
    return json_is_string(value) && vg_id_parse(json_string_value(value), &out->author) ? NULL
                                                                                        : "a UUID";
}

static const char *read_after_id(const json_t *value, struct api_query *out)
{
    bool ok = json_is_string(value) && vg_id_parse(json_string_value(value), &out->after_id);
    return ok ? NULL : "a UUID";
}

static const char *read_after(const json_t *value, struct api_query *out)
{
    out->has_after = true;
    return read_uint(value, 0, INT64_MAX, &out->after) ? NULL : "a sequence number";
}

static const char *read_after_number(const json_t *value, struct api_query *out)
{
    return read_uint(value, 0, UINT32_MAX, &out->after_number) ? NULL : "an event's number";
}

static const char *read_after_key(const json_t *value, struct api_query *out)
{
    size_t size = json_is_string(value) ? json_string_length(value) : VG_NAME_MAX + 1;
    if (size > VG_NAME_MAX)
        return "a deduplication key";
    memcpy(out->after_text, json_string_value(value), size + 1);
    return NULL;
}

static const char *read_after_place(const json_t *value, struct api_query *out)
{
    return read_after_key(value, out) == NULL ? NULL : "the place of an item";
}

static const char *read_tenant(const json_t *value, struct api_query *out)
{
    size_t size = json_is_string(value) ? json_string_length(value) : 0;
    if (size == 0 || size > VG_NAME_MAX)
        return "a tenant's name or id";
    memcpy(out->tenant, json_string_value(value), size + 1);
    return NULL;
}

static const char *read_wait(const json_t *value, struct api_query *out)
{
    return read_uint(value, 0, API_WAIT_MAX_MS, &out->wait_ms) ? NULL : "0 .. 30000 milliseconds";
}

static const char *read_parts(const json_t *value, struct api_query *out)
{
    static const char *const names[] = {
        [API_TASKS] = "tasks", [API_STEPS] = "containment", [API_EVIDENCE] = "evidence"};
    for (size_t i = 0; json_is_string(value) && i < sizeof names / sizeof names[0]; i++) {
        out->parts = (enum api_parts)i;
        if (strcmp(names[i], json_string_value(value)) == 0)
            return NULL;
    }
    return "tasks, containment or evidence";
}

static const char *read_limit(const json_t *value, struct api_query *out)
{
    return read_uint(value, 1, API_PAGE_MAX, &out->limit) ? NULL : "1 .. 500";
}

static const char *read_all(const json_t *value, struct api_query *out)
{
    out->all = json_is_true(value);
    return json_is_boolean(value) ? NULL : "true or false";
}

static const char *read_stage(const json_t *value, struct api_query *out)
{
    if (json_is_string(value))
        out->stage = (uint8_t)response_number(response_stages, json_string_value(value));
    return out->stage != 0 ? NULL : "detect, assess, diagnose, stabilize or close";
}

static const char *read_compartment(const json_t *value, struct api_query *out)
{
    size_t size = json_is_string(value) ? json_string_length(value) : 0;
    if (size == 0 || size > VG_NAME_MAX)
        return "a compartment's name or id";
    memcpy(out->compartment, json_string_value(value), size + 1);
    return NULL;
}

static const char *read_index(const json_t *value, struct api_query *out)
{
    return read_uint(value, 1, INT64_MAX, &out->index) ? NULL : "a log index from 1";
}

static const char *read_from(const json_t *value, struct api_query *out)
{
    out->has_from = true;
    return read_uint(value, 1, INT64_MAX, &out->from) ? NULL : "a log index from 1";
}

static const char *read_count(const json_t *value, struct api_query *out)
{
    return read_uint(value, 1, API_VERIFY_MAX, &out->count) ? NULL : "1 .. 4096";
}

static const char *read_to(const json_t *value, struct api_query *out)
{
    return read_uint(value, 0, INT64_MAX, &out->to) ? NULL : "a node id, or 0 for the best";
}

static const char *read_holders(const json_t *value, struct api_query *out)
{
    size_t i;
    json_t *node;
    uint64_t last = 0;
    if (!json_is_array(value) || json_array_size(value) > VG_NODES_MAX)
        return "at most 9 node ids";
    json_array_foreach(value, i, node)
    {
        if (!read_uint(node, last + 1, INT64_MAX, &last))
            return "node ids, each larger than the one before";
        out->holders[out->holder_count++].value = last;
    }
    return NULL;
}

static bool read_hex(const json_t *document, const char *name, void *out, size_t size)
{
    const char *text = json_string_value(json_object_get(document, name));
    return text != NULL && vg_hex_parse(text, out, size);
}

static const char *read_offers(const json_t *value, struct api_query *out)
{
    size_t i;
    json_t *row;
    if (!json_is_array(value) || json_array_size(value) > VG_NODES_MAX)
        return "at most 9 offers";
    json_array_foreach(value, i, row)
    {
        struct api_offer *offer = &out->offers[out->offer_count++];
        struct vg_unwrap_key *unwrap = &offer->unwrap;
        if (!read_uint(json_object_get(row, "node"), 1, INT64_MAX, &offer->node.value) ||
            !read_hex(row, "unwrap_key", unwrap->key.bytes, sizeof unwrap->key.bytes) ||
            !read_hex(row, "unwrap_binding", unwrap->binding.bytes, sizeof unwrap->binding.bytes))
            return "answers of keyring.offer";
    }
    return NULL;
}

static const struct question {
    const char *name;
    enum api_name number;
    enum api_source source;
    struct argument arguments[ARGUMENTS_MAX];
} questions[] = {
    {"cluster.status", API_CLUSTER_STATUS, API_FROM_NODE, {{0}}},
    {"cluster.transfer", API_CLUSTER_TRANSFER, API_TO_LEADER, {{"to", true, read_to}}},
    {"compartment.show",
     API_COMPARTMENT_SHOW,
     API_FROM_STATE,
     {{"compartment", true, read_compartment}}},
    {"compartment.level", API_COMPARTMENT_LEVEL, API_FROM_STATE, {{"id", true, read_id}}},
    {"compartment.prepare",
     API_COMPARTMENT_PREPARE,
     API_FROM_STATE,
     {{"id", true, read_id}, {"holders", true, read_holders}, {"offers", false, read_offers}}},
    {"keyring.offer", API_KEYRING_OFFER, API_FROM_KEYRING, {{"id", true, read_id}}},
    {"directory", API_DIRECTORY, API_FROM_STATE, {{0}}},
    {"incident.list",
     API_INCIDENT_LIST,
     API_FROM_STATE,
     {{"all", false, read_all},
      {"stage", false, read_stage},
      {"compartment", false, read_compartment},
      {"after", false, read_after_id},
      {"limit", false, read_limit}}},
    {"incident.show", API_INCIDENT_SHOW, API_FROM_STATE, {{"id", true, read_id}}},
    {"incident.page", API_INCIDENT_PAGE, API_FROM_STATE, {{"id", true, read_id}}},
    {"incident.parts",
     API_INCIDENT_PARTS,
     API_FROM_STATE,
     {{"id", true, read_id},
      {"kind", true, read_parts},
      {"after", false, read_after_id},
      {"limit", false, read_limit}}},
    {"incident.timeline",
     API_INCIDENT_TIMELINE,
     API_FROM_STATE,
     {{"id", true, read_id},
      {"after", false, read_after},
      {"limit", false, read_limit},
      {"wait_ms", false, read_wait}}},
    {"incident.watch",
     API_INCIDENT_WATCH,
     API_FROM_STATE,
     {{"compartment", true, read_compartment},
      {"after", false, read_after},
      {"after_number", false, read_after_number},
      {"limit", false, read_limit},
      {"wait_ms", false, read_wait}}},
    {"incident.explain", API_INCIDENT_EXPLAIN, API_FROM_STATE, {{"id", true, read_id}}},
    {"incident.milestones",
     API_INCIDENT_MILESTONES,
     API_FROM_STATE,
     {{"compartment", true, read_compartment},
      {"after", false, read_after_id},
      {"limit", false, read_limit}}},
    {"incident.document", API_INCIDENT_DOCUMENT, API_FROM_STATE, {{"id", true, read_id}}},
    {"proposal.list",
     API_PROPOSAL_LIST,
     API_FROM_STATE,
     {{"compartment", true, read_compartment},
      {"after", false, read_after_id},
      {"limit", false, read_limit}}},
    {"proposal.show", API_PROPOSAL_SHOW, API_FROM_STATE, {{"id", true, read_id}}},
    {"filter.list",
     API_FILTER_LIST,
     API_FROM_STATE,
     {{"compartment", true, read_compartment},
      {"after", false, read_after_key},
      {"limit", false, read_limit}}},
    {"tenant.list",
     API_TENANT_LIST,
     API_FROM_STATE,
     {{"after", false, read_after_id}, {"limit", false, read_limit}}},
    {"tenant.show", API_TENANT_SHOW, API_FROM_STATE, {{"tenant", true, read_tenant}}},
    {"case.list",
     API_CASE_LIST,
     API_FROM_STATE,
     {{"compartment", false, read_compartment},
      {"after", false, read_after_place},
      {"limit", false, read_limit}}},
    {"case.show",
     API_CASE_SHOW,
     API_FROM_STATE,
     {{"id", true, read_id}, {"tenant", true, read_tenant}}},
    {"fact.list",
     API_FACT_LIST,
     API_FROM_STATE,
     {{"compartment", true, read_compartment},
      {"after", false, read_after_place},
      {"limit", false, read_limit}}},
    {"drill.list",
     API_DRILL_LIST,
     API_FROM_STATE,
     {{"after", false, read_after_id}, {"limit", false, read_limit}}},
    {"drill.show", API_DRILL_SHOW, API_FROM_STATE, {{"id", true, read_id}}},
    {"drill.probes", API_DRILL_PROBES, API_FROM_STATE, {{"id", true, read_id}}},
    {"log.content", API_LOG_CONTENT, API_FROM_LOG, {{"index", true, read_index}}},
    {"log.get", API_LOG_GET, API_FROM_LOG, {{"index", true, read_index}}},
    {"log.repair", API_LOG_REPAIR, API_FROM_LOG, {{"index", true, read_index}}},
    {"log.tail",
     API_LOG_TAIL,
     API_FROM_LOG,
     {{"from", false, read_from}, {"count", false, read_count}}},
    {"log.verify",
     API_LOG_VERIFY,
     API_FROM_LOG,
     {{"from", false, read_from}, {"count", false, read_count}, {"id", false, read_id}}},
    {"request.show",
     API_REQUEST_SHOW,
     API_FROM_STATE,
     {{"id", true, read_id},
      {"author", true, read_author},
      {"compartment", false, read_compartment}}},
    {"node.figures", API_NODE_FIGURES, API_FROM_NODE, {{0}}},
};

static const struct argument *find_argument(const struct question *question, const char *name)
{
    for (size_t i = 0; i < ARGUMENTS_MAX && question->arguments[i].name != NULL; i++)
        if (strcmp(question->arguments[i].name, name) == 0)
            return &question->arguments[i];
    return NULL;
}

/* A null argument is one that was not given. */
static enum vg_code read_arguments(const struct question *question, json_t *document,
                                   struct api_query *out, struct vg_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach(document, name, value)
    {
        if (strcmp(name, "query") == 0)
            continue;
        const struct argument *argument = find_argument(question, name);
        if (argument == NULL)
            return vg_fail(error, VG_INVALID, "%s takes no argument \"%s\"", question->name, name);
        const char *wanted = json_is_null(value) ? NULL : argument->read(value, out);
        if (wanted != NULL)
            return vg_fail(error, VG_INVALID, "%s: \"%s\" must be %s", question->name, name,
                           wanted);
    }
    for (size_t i = 0; i < ARGUMENTS_MAX && question->arguments[i].name != NULL; i++) {
        const struct argument *argument = &question->arguments[i];
        value = json_object_get(document, argument->name);
        if (argument->required && (value == NULL || json_is_null(value)))
            return vg_fail(error, VG_INVALID, "%s needs \"%s\"", question->name, argument->name);
    }
    return VG_OK;
}

static void set_defaults(struct api_query *query)
{
    if (query->limit == 0)
        query->limit = PAGE_DEFAULT;
    if (query->count == 0)
        query->count = query->name == API_LOG_VERIFY ? API_VERIFY_MAX : TAIL_DEFAULT;
    if (query->name == API_LOG_TAIL && query->count > API_PAGE_MAX)
        query->count = API_PAGE_MAX;
}

static enum vg_code read_question(json_t *document, struct api_query *out, struct vg_error *error)
{
    const char *name = json_string_value(json_object_get(document, "query"));
    if (name == NULL)
        return vg_fail(error, VG_INVALID, "a question is an object with \"query\": NAME");
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (strcmp(questions[i].name, name) != 0)
            continue;
        out->name = questions[i].number;
        out->source = questions[i].source;
        if (read_arguments(&questions[i], document, out, error) != VG_OK)
            return VG_INVALID;
        set_defaults(out);
        return VG_OK;
    }
    return vg_fail(error, VG_INVALID, "this node knows no question \"%.64s\"", name);
}

enum vg_code api_query_parse(vg_span json, struct api_query *out, struct vg_error *error)
{
    json_error_t where;
    *out = (struct api_query){0};
    json_t *document =
        json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, &where);
    if (document == NULL)
        return vg_fail(error, VG_INVALID, "the question is not JSON: %s, at byte %d", where.text,
                       where.position);
    enum vg_code code = read_question(document, out, error);
    json_decref(document);
    return code;
}
