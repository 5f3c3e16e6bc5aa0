/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/proxy/script.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the words ---------------------------------------------------------------------------------
 */

enum kind { TEXT, NODE, FLAG, NUMBER };

enum member {
    NAME,
    DO,
    FROM,
    TO,
    BOTH_WAYS,
    AT_MS,
    AFTER,
    WAIT_MS,
    FOR_MS,
    DELAY_MS,
    JITTER_MS,
    BYTES_PER_S,
    MEMBERS,
};

static const struct {
    const char *name;
    enum kind kind;
    uint64_t min, max; /* of a number */
} members[MEMBERS] = {
    [NAME] = {"name", TEXT, 0, 0},
    [DO] = {"do", TEXT, 0, 0},
    [FROM] = {"from", NODE, 0, 0},
    [TO] = {"to", NODE, 0, 0},
    [BOTH_WAYS] = {"both_ways", FLAG, 0, 0},
    [AT_MS] = {"at_ms", NUMBER, 0, SCRIPT_MS_MAX},
    [AFTER] = {"after", TEXT, 0, 0},
    [WAIT_MS] = {"wait_ms", NUMBER, 0, SCRIPT_MS_MAX},
    [FOR_MS] = {"for_ms", NUMBER, 1, SCRIPT_MS_MAX},
    [DELAY_MS] = {"delay_ms", NUMBER, 0, SCRIPT_DELAY_MAX_MS},
    [JITTER_MS] = {"jitter_ms", NUMBER, 0, SCRIPT_DELAY_MAX_MS},
    [BYTES_PER_S] = {"bytes_per_s", NUMBER, 1, SCRIPT_RATE_MAX},
};

#define BIT(member) (1U << (member))

enum {
    ALL_NEED = BIT(NAME) | BIT(DO) | BIT(FROM) | BIT(TO),
    ALL_TAKE = BIT(BOTH_WAYS) | BIT(AT_MS) | BIT(AFTER) | BIT(WAIT_MS),
};

static const struct {
    const char *name;
    unsigned needs, takes; /* besides what all do */
} deeds[SCRIPT_DEEDS] = {
    [SCRIPT_CUT] = {"cut", BIT(FOR_MS), 0},
    [SCRIPT_DELAY] = {"delay", BIT(FOR_MS) | BIT(DELAY_MS), BIT(JITTER_MS)},
    [SCRIPT_THROTTLE] = {"throttle", BIT(FOR_MS) | BIT(BYTES_PER_S), 0},
    [SCRIPT_STALL] = {"stall", BIT(FOR_MS), 0},
    [SCRIPT_FLIP] = {"flip", 0, 0},
    [SCRIPT_BREAK] = {"break", 0, 0},
};

enum { US_PER_MS = 1000 };

const char *script_deed_name(enum script_deed deed)
{
    return deeds[deed].name;
}

/* ---- what is being read ------------------------------------------------------------------------
 */

/* One step as it is written: `given` has the bits of its members. */
struct words {
    unsigned given;
    const char *texts[MEMBERS];
    uint64_t numbers[MEMBERS];
};

struct reading {
    struct script *out;
    struct vg_error *error;
    struct words words[SCRIPT_STEPS_MAX];
    uint32_t after[SCRIPT_STEPS_MAX]; /* the step it waits for; its own number: none */
};

#define REFUSE(reading, ...) vg_fail((reading)->error, VG_INVALID, __VA_ARGS__)

enum { LIST_TEXT = 160, VALUE_TEXT = 60 };

/* A value as it is written, cut to fit. */
static void show_value(const json_t *value, char out[VALUE_TEXT])
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(out, VALUE_TEXT, "%s", text != NULL ? text : "");
    free(text);
}

static void list_members(char out[LIST_TEXT])
{
    size_t used = 0;
    for (int i = 0; i < MEMBERS && used < LIST_TEXT; i++)
        used += (size_t)snprintf(out + used, LIST_TEXT - used, "%s%s", i > 0 ? ", " : "",
                                 members[i].name);
}

/* ---- members of a step -------------------------------------------------------------------------
 */

static bool take_number(const json_t *value, uint64_t min, uint64_t max, uint64_t *out)
{
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0 && *out >= min && *out <= max;
}

/* Every name is harmless to print. */
static bool is_name(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return size > 0 && size <= SCRIPT_NAME_MAX && text[size] == '\0';
}

static enum vg_code take_member(struct reading *reading, struct words *words, enum member member,
                                const json_t *value)
{
    static const char *const wanted[] = {
        [TEXT] = "a name of letters, digits, '-', '_' and '.'",
        [NODE] = "the id of a node, or \"*\" for every one",
        [FLAG] = "true or false",
    };
    enum kind kind = members[member].kind;
    uint64_t *number = &words->numbers[member];
    char shown[VALUE_TEXT];
    bool good = false;
    words->given |= BIT(member);
    words->texts[member] = json_string_value(value);
    if (kind == TEXT)
        good = json_is_string(value) && is_name(words->texts[member]);
    else if (kind == NODE && json_is_string(value))
        good = strcmp(words->texts[member], "*") == 0; /* the number stays 0 */
    else if (kind == NODE)
        good = take_number(value, 1, INT64_MAX, number);
    else if (kind == FLAG)
        good = json_is_boolean(value), *number = json_is_true(value);
    else
        good = take_number(value, members[member].min, members[member].max, number);
    if (good)
        return VG_OK;
    show_value(value, shown);
    if (kind == NUMBER)
        return REFUSE(reading, "%s is %s; it must be a whole number from %" PRIu64 " to %" PRIu64,
                      members[member].name, shown, members[member].min, members[member].max);
    return REFUSE(reading, "%s is %s; it must be %s", members[member].name, shown, wanted[kind]);
}

static enum vg_code take_members(struct reading *reading, struct words *words, json_t *step)
{
    const char *key;
    json_t *value;
    json_object_foreach(step, key, value)
    {
        char known[LIST_TEXT];
        enum member member = 0;
        while (member < MEMBERS && strcmp(members[member].name, key) != 0)
            member++;
        if (member == MEMBERS) {
            list_members(known);
            return REFUSE(reading, "'%s' is no member of a step; those are %s", key, known);
        }
        if (take_member(reading, words, member, value) != VG_OK)
            return VG_INVALID;
    }
    return VG_OK;
}

static enum vg_code find_deed(struct reading *reading, const struct words *words,
                              enum script_deed *out)
{
    enum script_deed deed = 0;
    if ((words->given & BIT(DO)) == 0)
        return REFUSE(reading, "do is missing; say what is done to the links");
    while (deed < SCRIPT_DEEDS && strcmp(deeds[deed].name, words->texts[DO]) != 0)
        deed++;
    *out = deed;
    if (deed < SCRIPT_DEEDS)
        return VG_OK;
    return REFUSE(reading, "do is '%s'; it must be cut, delay, throttle, stall, flip or break",
                  words->texts[DO]);
}

/* Whether the deed has what it needs, and nothing that would be believed and has no effect. */
static enum vg_code check_given(struct reading *reading, const struct words *words,
                                enum script_deed deed)
{
    unsigned needs = ALL_NEED | deeds[deed].needs;
    unsigned takes = needs | ALL_TAKE | deeds[deed].takes;
    for (enum member member = 0; member < MEMBERS; member++) {
        if ((needs & ~words->given & BIT(member)) != 0)
            return REFUSE(reading, "%s is missing, which '%s' needs", members[member].name,
                          deeds[deed].name);
        if ((words->given & ~takes & BIT(member)) != 0)
            return REFUSE(reading, "%s is of no use to '%s'; take it away", members[member].name,
                          deeds[deed].name);
    }
    bool at = (words->given & BIT(AT_MS)) != 0;
    bool after = (words->given & BIT(AFTER)) != 0;
    if (at == after)
        return REFUSE(reading, "%s; say when it begins by one of at_ms and after",
                      at ? "there are both at_ms and after" : "at_ms and after are missing");
    if (!after && (words->given & BIT(WAIT_MS)) != 0)
        return REFUSE(reading, "wait_ms is counted from the end of another step; name it in after");
    if (words->numbers[FROM] != 0 && words->numbers[FROM] == words->numbers[TO])
        return REFUSE(reading, "from and to are both node %" PRIu64, words->numbers[FROM]);
    return VG_OK;
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static enum vg_code read_body(struct reading *reading, struct words *words, json_t *value,
                              struct script_step *step)
{
    if (take_members(reading, words, value) != VG_OK ||
        find_deed(reading, words, &step->deed) != VG_OK ||
        check_given(reading, words, step->deed) != VG_OK)
        return VG_INVALID;
    step->from = words->numbers[FROM];
    step->to = words->numbers[TO];
    step->both_ways = words->numbers[BOTH_WAYS] != 0;
    step->terms = (struct proxy_terms){
        .cut = step->deed == SCRIPT_CUT,
        .stalled = step->deed == SCRIPT_STALL,
        .delay_us = words->numbers[DELAY_MS] * US_PER_MS,
        .jitter_us = words->numbers[JITTER_MS] * US_PER_MS,
        .bytes_per_s = words->numbers[BYTES_PER_S],
    };
    return VG_OK;
}

static enum vg_code read_name(struct reading *reading, const json_t *value, uint32_t number)
{
    struct script *script = reading->out;
    const char *name = json_string_value(json_object_get(value, "name"));
    if (!json_is_object(value))
        return REFUSE(reading, "it is no object");
    if (name == NULL || !is_name(name))
        return REFUSE(reading, "its name is missing, or not of 1 to %d letters, digits, '-', '_'",
                      SCRIPT_NAME_MAX);
    for (uint32_t i = 0; i < number; i++)
        if (strcmp(script->steps[i].name, name) == 0)
            return REFUSE(reading, "its name is '%s', which is that of step %u already", name,
                          i + 1);
    snprintf(script->steps[number].name, sizeof script->steps[number].name, "%s", name);
    return VG_OK;
}

static enum vg_code read_steps(struct reading *reading, const json_t *list)
{
    struct script *script = reading->out;
    if (list != NULL && (!json_is_array(list) || json_array_size(list) > SCRIPT_STEPS_MAX))
        return REFUSE(reading, "steps is no array of at most %d", SCRIPT_STEPS_MAX);
    script->count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < script->count; i++) {
        json_t *value = json_array_get(list, i);
        if (read_name(reading, value, i) != VG_OK)
            return vg_error_prefix(reading->error, "step %u", i + 1);
        if (read_body(reading, &reading->words[i], value, &script->steps[i]) != VG_OK)
            return vg_error_prefix(reading->error, "step '%s'", script->steps[i].name);
    }
    return VG_OK;
}

/* ---- when --------------------------------------------------------------------------------------
 */

static enum vg_code find_after(struct reading *reading, uint32_t number)
{
    const struct script *script = reading->out;
    const char *name = reading->words[number].texts[AFTER];
    reading->after[number] = number;
    if (name == NULL)
        return VG_OK;
    for (uint32_t i = 0; i < script->count; i++) {
        if (strcmp(script->steps[i].name, name) == 0) {
            reading->after[number] = i;
            return i != number ? VG_OK
                               : REFUSE(reading, "after leads back to it: %s -> %s", name, name);
        }
    }
    return REFUSE(reading, "after is '%s', and there is no such step", name);
}

/* From a step on to the one it waits for, and so on: to one that waits for none. */
static enum vg_code check_cycle(struct reading *reading, uint32_t number)
{
    const struct script *script = reading->out;
    char chain[VG_ERROR_TEXT];
    size_t used = (size_t)snprintf(chain, sizeof chain, "%s", script->steps[number].name);
    uint32_t at = number;
    for (uint32_t i = 0; i < script->count && reading->after[at] != at; i++) {
        at = reading->after[at];
        if (used < sizeof chain)
            used += (size_t)snprintf(chain + used, sizeof chain - used, " -> %s",
                                     script->steps[at].name);
        if (at == number)
            return REFUSE(reading, "after leads back to it: %s", chain);
    }
    return VG_OK;
}

/* Times of a step that waits for none, or for one whose times are known. */
static enum vg_code set_times(struct reading *reading, uint32_t number)
{
    const uint64_t *numbers = reading->words[number].numbers;
    struct script_step *step = &reading->out->steps[number];
    uint32_t after = reading->after[number];
    uint64_t from_ms = after != number ? reading->out->steps[after].end_ms : 0;
    step->begin_ms = from_ms + numbers[AT_MS] + numbers[WAIT_MS];
    step->end_ms = step->begin_ms + numbers[FOR_MS];
    if (step->end_ms <= SCRIPT_MS_MAX)
        return VG_OK;
    return REFUSE(reading, "it ends %" PRIu64 " ms after the start; a script lasts at most %d ms",
                  step->end_ms, SCRIPT_MS_MAX);
}

/* Each round sets at least one that could not be set before, as there is no cycle. */
static enum vg_code set_all_times(struct reading *reading)
{
    bool known[SCRIPT_STEPS_MAX] = {false};
    for (uint32_t left = reading->out->count; left > 0;) {
        uint32_t before = left;
        for (uint32_t i = 0; i < reading->out->count; i++) {
            uint32_t after = reading->after[i];
            if (known[i] || (after != i && !known[after]))
                continue;
            if (set_times(reading, i) != VG_OK)
                return vg_error_prefix(reading->error, "step '%s'", reading->out->steps[i].name);
            known[i] = true;
            left--;
        }
        assert(left < before);
    }
    return VG_OK;
}

static enum vg_code order_steps(struct reading *reading)
{
    static enum vg_code (*const checks[])(struct reading *, uint32_t) = {find_after, check_cycle};
    for (size_t check = 0; check < sizeof checks / sizeof checks[0]; check++)
        for (uint32_t i = 0; i < reading->out->count; i++)
            if (checks[check](reading, i) != VG_OK)
                return vg_error_prefix(reading->error, "step '%s'", reading->out->steps[i].name);
    return set_all_times(reading);
}

/* ---- regions -----------------------------------------------------------------------------------
 */

static enum vg_code read_pair(struct reading *reading, const json_t *row)
{
    struct proxy_regions *regions = &reading->out->regions;
    struct proxy_pair *pair = &regions->pairs[regions->count];
    const char *one = json_string_value(json_array_get(row, 0));
    const char *other = json_string_value(json_array_get(row, 1));
    uint64_t rtt_ms;
    if (json_array_size(row) != 3 || one == NULL || other == NULL || strlen(one) > VG_NAME_MAX ||
        strlen(other) > VG_NAME_MAX ||
        !take_number(json_array_get(row, 2), 0, PROXY_RTT_MAX_MS, &rtt_ms))
        return REFUSE(reading, "it must be [\"REGION\", \"REGION\", MS], the last from 0 to %d",
                      PROXY_RTT_MAX_MS);
    if (strcmp(one, other) == 0)
        return REFUSE(reading, "both are '%s'; within a region there is no delay", one);
    if (proxy_regions_find(regions, one, other) != NULL)
        return REFUSE(reading, "'%s' and '%s' have a row already", one, other);
    snprintf(pair->one, sizeof pair->one, "%s", one);
    snprintf(pair->other, sizeof pair->other, "%s", other);
    pair->rtt_ms = (uint32_t)rtt_ms;
    regions->count++;
    return VG_OK;
}

static enum vg_code read_regions(struct reading *reading, const json_t *value)
{
    const char *word = json_string_value(value);
    if (word != NULL && strcmp(word, "default") == 0) {
        reading->out->regions = proxy_regions_default;
        return VG_OK;
    }
    if (value != NULL && (!json_is_array(value) || json_array_size(value) > PROXY_PAIRS_MAX))
        return REFUSE(reading, "regions is neither \"default\" nor an array of at most %d rows",
                      PROXY_PAIRS_MAX);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (read_pair(reading, json_array_get(value, i)) != VG_OK)
            return vg_error_prefix(reading->error, "regions: row %zu", i + 1);
    return VG_OK;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static enum vg_code check_top(struct reading *reading, json_t *top)
{
    const char *key;
    json_t *value;
    if (!json_is_object(top))
        return REFUSE(reading, "a script is one object with seed, regions and steps");
    json_object_foreach(top, key, value)
    {
        if (strcmp(key, "seed") != 0 && strcmp(key, "regions") != 0 && strcmp(key, "steps") != 0)
            return REFUSE(reading, "'%s' is no member of a script; those are seed, regions, steps",
                          key);
    }
    value = json_object_get(top, "seed");
    if (value != NULL && !take_number(value, 0, INT64_MAX, &reading->out->seed))
        return REFUSE(reading, "seed must be a whole number from 0");
    return VG_OK;
}

enum vg_code script_parse(const char *name, vg_span bytes, struct script *out,
                          struct vg_error *error)
{
    json_error_t place;
    struct reading reading = {.out = out, .error = error};
    *out = (struct script){0};
    json_t *top = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &place);
    enum vg_code code = VG_OK;
    if (top == NULL)
        code = vg_fail(error, VG_INVALID, "line %d, column %d: %s", place.line, place.column,
                       place.text);
    if (code == VG_OK)
        code = check_top(&reading, top);
    if (code == VG_OK)
        code = read_regions(&reading, json_object_get(top, "regions"));
    if (code == VG_OK)
        code = read_steps(&reading, json_object_get(top, "steps"));
    if (code == VG_OK)
        code = order_steps(&reading);
    json_decref(top);
    return code == VG_OK ? VG_OK : vg_error_prefix(error, "%s", name);
}

/* ---- against a cluster -------------------------------------------------------------------------
 */

static enum vg_code check_node(const struct dev_cluster *cluster, uint64_t id,
                               struct vg_error *error)
{
    char known[LIST_TEXT] = "";
    size_t used = 0;
    if (id == 0)
        return VG_OK;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        if (cluster->nodes[i].id == id)
            return VG_OK;
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%" PRIu64,
                                     i > 0 ? ", " : "", cluster->nodes[i].id);
    }
    return vg_fail(error, VG_INVALID, "the cluster has no node %" PRIu64 "; it has %s", id, known);
}

enum vg_code script_check(const char *name, const struct script *script,
                          const struct dev_cluster *cluster, struct vg_error *error)
{
    struct proxy_mesh mesh;
    if (proxy_regions_map(&script->regions, cluster, &mesh, error) != VG_OK)
        return vg_error_prefix(error, "%s", name);
    for (uint32_t i = 0; i < script->count; i++) {
        const struct script_step *step = &script->steps[i];
        if (check_node(cluster, step->from, error) != VG_OK ||
            check_node(cluster, step->to, error) != VG_OK)
            return vg_error_prefix(error, "%s: step '%s'", name, step->name);
    }
    return VG_OK;
}
