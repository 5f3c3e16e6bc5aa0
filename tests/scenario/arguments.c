/* SPDX-License-Identifier: Apache-2.0
 * The arguments of commands: numbers, nodes, lists, filters. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/scenario/script.h"

bool parse_number(struct session *session, const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    errno = 0;
    uint64_t value = strtoull(text, NULL, 10);
    if (digits == 0 || text[digits] != '\0' || errno != 0) {
        bad_syntax(session, "\"%.64s\" is not a number", text);
        return false;
    }
    *out = value;
    return true;
}

bool parse_node(struct session *session, const char *text, struct node **out)
{
    uint64_t id = 0;
    if (!parse_number(session, text, &id))
        return false;
    if (session->world == NULL || id < 1 || id > session->world->options.node_count) {
        bad_syntax(session, "there is no node %" PRIu64, id);
        return false;
    }
    *out = world_node(session->world, id);
    return true;
}

/* "4" or "4-6". */
static bool parse_range(struct session *session, char *text, uint64_t *low, uint64_t *high)
{
    char *dash = strchr(text, '-');
    if (dash != NULL)
        *dash = '\0';
    if (!parse_number(session, text, low) ||
        !parse_number(session, dash != NULL ? dash + 1 : text, high))
        return false;
    if (*low > *high || *high - *low >= SCRIPT_LIST) {
        bad_syntax(session, "%" PRIu64 "-%" PRIu64 " is no range", *low, *high);
        return false;
    }
    return true;
}

/* Adds "4", "4-6" or "4x100" to a list. */
static bool add_item(struct session *session, char *text, uint64_t *out, uint32_t *count)
{
    uint64_t times = 1;
    uint64_t low = 0;
    uint64_t high = 0;
    char *cross = strchr(text, 'x');
    if (cross != NULL) {
        *cross = '\0';
        if (!parse_number(session, cross + 1, &times))
            return false;
    }
    if (!parse_range(session, text, &low, &high))
        return false;
    if (times > SCRIPT_LIST || *count + (high - low + 1) * times > SCRIPT_LIST) {
        bad_syntax(session, "the list has more than %d items", SCRIPT_LIST);
        return false;
    }
    for (; times > 0; times--) {
        for (uint64_t value = low; value <= high; value++)
            out[(*count)++] = value;
    }
    return true;
}

bool parse_list(struct session *session, const char *text, uint64_t *out, uint32_t *count)
{
    char copy[SCRIPT_LINE + 1];
    snprintf(copy, sizeof copy, "%s", text);
    *count = 0;
    char *at = copy;
    for (char *item = strsep(&at, ","); item != NULL; item = strsep(&at, ",")) {
        if (!add_item(session, item, out, count))
            return false;
    }
    return true;
}

bool parse_nodes(struct session *session, const char *text, uint32_t *out)
{
    uint64_t ids[SCRIPT_LIST];
    uint32_t count = 0;
    *out = 0;
    if (strcmp(text, "all") == 0) {
        *out = WORLD_ALL;
        return true;
    }
    if (!parse_list(session, text, ids, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i] < 1 || ids[i] > session->world->options.node_count) {
            bad_syntax(session, "there is no node %" PRIu64, ids[i]);
            return false;
        }
        if ((*out >> ids[i] & 1) != 0) {
            bad_syntax(session, "node %" PRIu64 " is named twice", ids[i]);
            return false;
        }
        *out |= 1U << ids[i];
    }
    return true;
}

bool parse_types(struct session *session, const char *text, uint32_t *out)
{
    char copy[SCRIPT_LINE + 1];
    snprintf(copy, sizeof copy, "%s", text);
    *out = 0;
    char *at = copy;
    for (char *item = strsep(&at, ","); item != NULL; item = strsep(&at, ",")) {
        unsigned type = type_of_name(item);
        if (type == 0) {
            bad_syntax(session, "there is no message type \"%.64s\"", item);
            return false;
        }
        *out |= 1U << type;
    }
    return true;
}

const char *pair_value(const struct call *call, const char *key)
{
    for (uint32_t i = 0; i < call->pair_count; i++) {
        if (strcmp(call->pairs[i].key, key) == 0)
            return call->pairs[i].value;
    }
    return NULL;
}

bool pair_number(struct session *session, const struct call *call, const char *key, uint64_t *out)
{
    const char *value = pair_value(call, key);
    return value == NULL || parse_number(session, value, out);
}

bool pair_flag(struct session *session, const struct call *call, const char *key, bool *out)
{
    const char *value = pair_value(call, key);
    if (value == NULL)
        return true;
    *out = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    if (!*out && strcmp(value, "0") != 0 && strcmp(value, "false") != 0)
        bad_syntax(session, "%s= is 0, 1, false or true", key);
    return session->reply == REPLY_OK;
}

bool pair_filter(struct session *session, const struct call *call, struct filter *out)
{
    const char *from = pair_value(call, "from");
    const char *to = pair_value(call, "to");
    const char *type = pair_value(call, "type");
    *out = FILTER_ALL;
    return (from == NULL || parse_nodes(session, from, &out->from)) &&
           (to == NULL || parse_nodes(session, to, &out->to)) &&
           (type == NULL || parse_types(session, type, &out->types));
}
