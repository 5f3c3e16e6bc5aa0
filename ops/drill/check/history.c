/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/check/history.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* ---- what is being read ------------------------------------------------------------------------
 */

struct named {
    UT_hash_handle hh;
    size_t object;
    char name[HISTORY_NAME_MAX + 1];
};

/* A client and the operation it is about. */
struct client {
    UT_hash_handle hh;
    uint64_t id;
    bool busy;
    bool gone; /* after an unknown outcome */
    size_t object;
    size_t operation;
};

struct appended {
    UT_hash_handle hh;
    struct {
        uint64_t object, value;
    } key;
};

struct reading {
    struct history *out;
    struct vg_error *error;
    struct named *names;
    struct client *clients;
    struct appended *appended;
    uint64_t line;
    uint64_t at;
    size_t open; /* operations without an outcome */
    bool ended;
};

static const struct call_word {
    const char *name;
    enum history_call call;
    bool of_list;
    bool has_value; /* says what it appends or writes */
} call_words[] = {
    {"append", HISTORY_APPEND, true, true}, {"list", HISTORY_LIST, true, false},
    {"write", HISTORY_WRITE, false, true},  {"read", HISTORY_READ, false, false},
    {"swap", HISTORY_SWAP, false, true},
};

static const struct outcome_word {
    const char *name;
    enum history_outcome outcome;
} outcome_words[] = {
    {"ok", HISTORY_OK},
    {"failed", HISTORY_FAILED},
    {"unknown", HISTORY_UNKNOWN},
};

enum {
    CALLS = sizeof call_words / sizeof call_words[0],
    OUTCOMES = sizeof outcome_words / sizeof outcome_words[0],
};

const char *history_call_name(enum history_call call)
{
    size_t i = 0;
    while (call_words[i].call != call)
        i++;
    return call_words[i].name;
}

#define REFUSE(reading, ...) vg_fail((reading)->error, VG_INVALID, __VA_ARGS__)

/* ---- fields of a line --------------------------------------------------------------------------
 */

/* A whole number of at least `min`. */
static enum vg_code take_number(struct reading *reading, const json_t *line, const char *key,
                                uint64_t min, uint64_t *out)
{
    const json_t *value = json_object_get(line, key);
    if (!json_is_integer(value) || json_integer_value(value) < (json_int_t)min)
        return REFUSE(reading, "'%s' is missing or no whole number of at least %" PRIu64, key, min);
    *out = (uint64_t)json_integer_value(value);
    return VG_OK;
}

static enum vg_code take_values(struct reading *reading, const json_t *line,
                                struct history_operation *operation)
{
    const json_t *list = json_object_get(line, "value");
    if (!json_is_array(list) || json_array_size(list) > HISTORY_VALUES_MAX)
        return REFUSE(reading, "'value' of a list is missing or no array of at most %d numbers",
                      HISTORY_VALUES_MAX);
    operation->value_count = json_array_size(list);
    operation->values = vg_alloc((operation->value_count + 1) * sizeof *operation->values);
    for (size_t i = 0; i < operation->value_count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_integer(value) || json_integer_value(value) < 1)
            return REFUSE(reading, "value %zu of the list is no whole number of at least 1", i + 1);
        operation->values[i] = (uint64_t)json_integer_value(value);
    }
    return VG_OK;
}

/* Refuses keys that the line must not have: a typing error would be believed otherwise. */
static enum vg_code check_keys(struct reading *reading, json_t *line, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach(line, key, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0)
            i++;
        if (known[i] == NULL)
            return REFUSE(reading, "'%s' is no key of such a line", key);
    }
    return VG_OK;
}

/* ---- objects and clients -----------------------------------------------------------------------
 */

/* Whether an array of that many has no room left: they double at each power of two, and so need no
 * capacity of their own. */
static bool is_full(size_t count)
{
    return (count & (count - 1)) == 0; /* 0 too */
}

static enum vg_code find_object(struct reading *reading, const char *name, bool is_list,
                                size_t *out)
{
    struct history *history = reading->out;
    struct named *named = NULL;
    HASH_FIND_STR(reading->names, name, named);
    if (named != NULL) {
        *out = named->object;
        if (history->objects[*out].is_list == is_list)
            return VG_OK;
        return REFUSE(reading, "'%s' was a %s so far and cannot be a %s", name,
                      is_list ? "register" : "list", is_list ? "list" : "register");
    }
    if (history->object_count == HISTORY_OBJECTS_MAX)
        return REFUSE(reading, "there are more than %d objects", HISTORY_OBJECTS_MAX);
    named = vg_alloc_zero(1, sizeof *named);
    memcpy(named->name, name, strlen(name));
    named->object = *out = history->object_count++;
    HASH_ADD_STR(reading->names, name, named);
    if (is_full(*out))
        history->objects = vg_realloc(history->objects, 2 * (*out + 1) * sizeof *history->objects);
    history->objects[*out] = (struct history_object){.is_list = is_list};
    memcpy(history->objects[*out].name, name, strlen(name));
    return VG_OK;
}

static struct client *find_client(struct reading *reading, uint64_t id)
{
    struct client *client = NULL;
    HASH_FIND(hh, reading->clients, &id, sizeof id, client);
    if (client == NULL) {
        client = vg_alloc_zero(1, sizeof *client);
        client->id = id;
        HASH_ADD(hh, reading->clients, id, sizeof client->id, client);
    }
    return client;
}

static size_t add_operation(struct history_object *object,
                            const struct history_operation *operation)
{
    if (is_full(object->count))
        object->operations =
            vg_realloc(object->operations, 2 * (object->count + 1) * sizeof *object->operations);
    object->operations[object->count] = *operation;
    return object->count++;
}

static bool is_appended_first(struct reading *reading, size_t object, uint64_t value)
{
    struct appended *entry = vg_alloc_zero(1, sizeof *entry);
    struct appended *other = NULL;
    entry->key.object = object;
    entry->key.value = value;
    HASH_FIND(hh, reading->appended, &entry->key, sizeof entry->key, other);
    if (other != NULL) {
        free(entry);
        return false;
    }
    HASH_ADD(hh, reading->appended, key, sizeof entry->key, entry);
    return true;
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static enum vg_code read_call(struct reading *reading, json_t *line, struct client *client)
{
    static const char *const keys[] = {"at", "client", "call", "object", "value", "expected", NULL};
    const char *name = json_string_value(json_object_get(line, "object"));
    const char *word = json_string_value(json_object_get(line, "call"));
    struct history_operation operation = {.client = client->id, .called = reading->line};
    size_t call = 0;
    size_t object = 0;
    while (call < CALLS && (word == NULL || strcmp(call_words[call].name, word) != 0))
        call++;
    if (call == CALLS)
        return REFUSE(reading, "'call' is none of append, list, write, read, swap");
    operation.call = call_words[call].call;
    if (name == NULL || name[0] == '\0' || strlen(name) > HISTORY_NAME_MAX)
        return REFUSE(reading, "'object' is missing or no name of 1 to %d bytes", HISTORY_NAME_MAX);
    if (client->busy || client->gone)
        return REFUSE(
            reading, "client %" PRIu64 " calls while its operation of line %" PRIu64 " %s",
            client->id, reading->out->objects[client->object].operations[client->operation].called,
            client->busy ? "has no outcome yet" : "may still be under way");
    if (check_keys(reading, line, keys) != VG_OK)
        return VG_INVALID;
    if (call_words[call].has_value &&
        take_number(reading, line, "value", 1, &operation.value) != VG_OK)
        return VG_INVALID;
    if (operation.call == HISTORY_SWAP &&
        take_number(reading, line, "expected", 0, &operation.expected) != VG_OK)
        return VG_INVALID;
    if (find_object(reading, name, call_words[call].of_list, &object) != VG_OK)
        return VG_INVALID;
    if (operation.call == HISTORY_APPEND && !is_appended_first(reading, object, operation.value))
        return REFUSE(reading, "%" PRIu64 " is appended to '%s' a second time", operation.value,
                      name);
    if (reading->out->operation_count++ == HISTORY_OPERATIONS_MAX)
        return REFUSE(reading, "there are more than %d operations", HISTORY_OPERATIONS_MAX);
    client->busy = true;
    client->object = object;
    client->operation = add_operation(&reading->out->objects[object], &operation);
    reading->open++;
    return VG_OK;
}

/* What the operation has read. */
static enum vg_code read_result(struct reading *reading, const json_t *line,
                                struct history_operation *operation)
{
    if (operation->outcome == HISTORY_OK && operation->call == HISTORY_LIST)
        return take_values(reading, line, operation);
    if (operation->outcome == HISTORY_OK && operation->call == HISTORY_READ)
        return take_number(reading, line, "value", 0, &operation->value);
    if (json_object_get(line, "value") == NULL)
        return VG_OK;
    if (operation->outcome != HISTORY_FAILED || operation->call != HISTORY_SWAP)
        return REFUSE(reading, "an outcome of '%s' that reads nothing has a value",
                      history_call_name(operation->call));
    operation->found = true;
    if (take_number(reading, line, "value", 0, &operation->value) != VG_OK)
        return VG_INVALID;
    if (operation->value == operation->expected)
        return REFUSE(reading, "a swap failed although it found what it expected, %" PRIu64,
                      operation->expected);
    return VG_OK;
}

static enum vg_code read_outcome(struct reading *reading, json_t *line, struct client *client)
{
    static const char *const keys[] = {"at", "client", "outcome", "value", NULL};
    const char *word = json_string_value(json_object_get(line, "outcome"));
    size_t i = 0;
    while (i < OUTCOMES && (word == NULL || strcmp(outcome_words[i].name, word) != 0))
        i++;
    if (i == OUTCOMES)
        return REFUSE(reading, "there is no 'call', and 'outcome' is none of ok, failed, unknown");
    if (check_keys(reading, line, keys) != VG_OK)
        return VG_INVALID;
    if (!client->busy)
        return REFUSE(reading, "client %" PRIu64 " has an outcome and is about nothing",
                      client->id);
    struct history_operation *operation =
        &reading->out->objects[client->object].operations[client->operation];
    operation->outcome = outcome_words[i].outcome;
    operation->returned = reading->line;
    client->busy = false;
    client->gone = operation->outcome == HISTORY_UNKNOWN;
    reading->open--;
    return read_result(reading, line, operation);
}

static enum vg_code read_first(struct reading *reading, json_t *line)
{
    static const char *const keys[] = {"history", NULL};
    if (json_integer_value(json_object_get(line, "history")) != 1)
        return REFUSE(reading, "the first line is not {\"history\": 1}");
    return check_keys(reading, line, keys);
}

static enum vg_code read_end(struct reading *reading, json_t *line)
{
    static const char *const keys[] = {"end", NULL};
    uint64_t count;
    if (check_keys(reading, line, keys) != VG_OK ||
        take_number(reading, line, "end", 0, &count) != VG_OK)
        return VG_INVALID;
    if (count != reading->out->operation_count)
        return REFUSE(reading, "it ends after %" PRIu64 " operations, and has %zu", count,
                      reading->out->operation_count);
    if (reading->open > 0)
        return REFUSE(reading, "%zu operations have no outcome; one that was not seen is unknown",
                      reading->open);
    reading->ended = true;
    return VG_OK;
}

static enum vg_code read_line(struct reading *reading, json_t *line)
{
    uint64_t at;
    uint64_t id;
    if (!json_is_object(line))
        return REFUSE(reading, "not one JSON object");
    if (reading->ended)
        return REFUSE(reading, "there is a line after the end");
    if (reading->line == 1)
        return read_first(reading, line);
    if (json_object_get(line, "end") != NULL)
        return read_end(reading, line);
    if (take_number(reading, line, "at", 0, &at) != VG_OK ||
        take_number(reading, line, "client", 0, &id) != VG_OK)
        return VG_INVALID;
    if (at < reading->at)
        return REFUSE(reading, "it was at %" PRIu64 " and the line before at %" PRIu64, at,
                      reading->at);
    reading->at = at;
    struct client *client = find_client(reading, id);
    return json_object_get(line, "call") != NULL ? read_call(reading, line, client)
                                                 : read_outcome(reading, line, client);
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static enum vg_code read_text(struct reading *reading, vg_span text)
{
    json_error_t why;
    if (text.size > HISTORY_LINE_MAX)
        return REFUSE(reading, "longer than %d bytes", HISTORY_LINE_MAX);
    json_t *line = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &why);
    if (line == NULL)
        return REFUSE(reading, "not one JSON object: %s", why.text);
    enum vg_code code = read_line(reading, line);
    json_decref(line);
    return code;
}

static enum vg_code read_lines(struct reading *reading, vg_span bytes)
{
    for (size_t at = 0; at < bytes.size;) {
        const uint8_t *from = bytes.data + at;
        const uint8_t *end = memchr(from, '\n', bytes.size - at);
        size_t size = end != NULL ? (size_t)(end - from) : bytes.size - at;
        reading->line++;
        if (end == NULL)
            return REFUSE(reading, "it has no line end: the history was cut");
        if (read_text(reading, vg_span_of(from, size)) != VG_OK)
            return VG_INVALID;
        at += size + 1;
    }
    if (reading->ended)
        return VG_OK;
    return REFUSE(reading, "there is no {\"end\": N} behind it: the history was cut");
}

/* The tables go first; what was in them keeps its order. */
static void reading_free(struct reading *reading)
{
    struct named *named = reading->names;
    struct client *client = reading->clients;
    struct appended *appended = reading->appended;
    HASH_CLEAR(hh, reading->names);
    HASH_CLEAR(hh, reading->clients);
    HASH_CLEAR(hh, reading->appended);
    for (struct named *next; named != NULL; named = next) {
        next = named->hh.next;
        free(named);
    }
    for (struct client *next; client != NULL; client = next) {
        next = client->hh.next;
        free(client);
    }
    for (struct appended *next; appended != NULL; appended = next) {
        next = appended->hh.next;
        free(appended);
    }
}

enum vg_code history_parse(const char *name, vg_span bytes, struct history *out,
                           struct vg_error *error)
{
    struct reading reading = {.out = out, .error = error};
    *out = (struct history){0};
    enum vg_code code = read_lines(&reading, bytes);
    if (code != VG_OK)
        vg_error_prefix(error, "%s: line %" PRIu64, name, reading.line);
    reading_free(&reading);
    return code;
}

void history_free(struct history *history)
{
    for (size_t i = 0; i < history->object_count; i++) {
        for (size_t k = 0; k < history->objects[i].count; k++)
            free(history->objects[i].operations[k].values);
        free(history->objects[i].operations);
    }
    free(history->objects);
    *history = (struct history){0};
}
