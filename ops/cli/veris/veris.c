/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/veris/veris.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/text.h"

enum { DEPTH_MAX = 64, SAID_SIZE = 256 };

static const json_t *at(const json_t *document, const char *first, const char *second)
{
    return json_object_get(json_object_get(document, first), second);
}

static bool too_deep(const json_t *value, unsigned left)
{
    const char *name;
    size_t i;
    json_t *item;
    if (left == 0)
        return true;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, name, item)
        {
            if (too_deep(item, left - 1))
                return true;
        }
    }
    json_array_foreach(value, i, item)
    {
        if (too_deep(item, left - 1))
            return true;
    }
    return false;
}

/* Copies a text as one line of at most `size - 1` bytes, cut between characters; control
 * characters become blanks, and it ends at a line's end if `first_line`. */
static void copy_line(const char *text, bool first_line, char *out, size_t size)
{
    size_t used = 0;
    text += strspn(text, " \t\r\n");
    for (; *text != 0 && used < size - 1; text++) {
        unsigned char byte = (unsigned char)*text;
        if (first_line && byte == '\n')
            break;
        out[used] = *text;
        bool is_late_control =
            byte == 0xc2 && (unsigned char)text[1] < 0xa0; /* two bytes of UTF-8 */
        if (byte < 0x20 || byte == 0x7f || is_late_control)
            out[used] = ' ';
        text += is_late_control;
        used++;
    }
    while (!vg_utf8_valid(vg_span_of(out, used)))
        used--;
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = 0;
}

/* "Ashampoo: hacking, malware" where there is no summary. */
static void make_title(const json_t *document, struct veris_incident *out)
{
    const char *summary = json_string_value(json_object_get(document, "summary"));
    if (summary != NULL)
        copy_line(summary, true, out->title, sizeof out->title);
    if (out->title[0] != 0)
        return;
    char text[2 * VG_TITLE_MAX];
    const char *victim = json_string_value(at(document, "victim", "victim_id"));
    size_t used = (size_t)snprintf(text, VG_TITLE_MAX, "%s", victim != NULL ? victim : out->key);
    used = used < VG_TITLE_MAX ? used : VG_TITLE_MAX - 1;
    const char *action;
    json_t *value;
    const char *before = ": ";
    json_object_foreach(json_object_get(document, "action"), action, value)
    {
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", before, action);
        before = ", ";
    }
    copy_line(text, false, out->title, sizeof out->title);
    if (out->title[0] == 0)
        snprintf(out->title, sizeof out->title, "%s", out->key);
}

static const char *classify(const json_t *document)
{
    static const struct {
        const char *veris, *ours;
    } table[] = {{"Confirmed", "security-incident"},
                 {"Suspected", "security-event"},
                 {"Near miss", "security-event"},
                 {"False positive", "false-positive"}};
    const char *said = json_string_value(json_object_get(document, "security_incident"));
    for (size_t i = 0; said != NULL && i < sizeof table / sizeof *table; i++)
        if (strcasecmp(table[i].veris, said) == 0)
            return table[i].ours;
    return "";
}

static uint8_t harm(const json_t *document)
{
    static const struct {
        const char *name;
        uint8_t bit;
    } table[] = {{"confidentiality", RESPONSE_CONFIDENTIALITY},
                 {"integrity", RESPONSE_INTEGRITY},
                 {"availability", RESPONSE_AVAILABILITY}};
    uint8_t bits = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (json_is_object(at(document, "attribute", table[i].name)))
            bits |= table[i].bit;
    return bits;
}

/* A whole number of a member, `otherwise` if it is not there. */
/* "hour:minute", as VERIS writes a time of day. */
static bool take_clock(const char *text, unsigned *hour, unsigned *minute)
{
    char *end;
    unsigned long first = strtoul(text, &end, 10);
    if (end == text || *end != ':' || first > 23)
        return false;
    unsigned long second = strtoul(end + 1, NULL, 10);
    *hour = (unsigned)first;
    *minute = (unsigned)second;
    return second < 60;
}

static enum vg_code take_number(const json_t *value, const char *path, json_int_t low,
                                json_int_t high, json_int_t otherwise, json_int_t *out,
                                struct vg_error *error)
{
    *out = otherwise;
    if (value == NULL || json_is_null(value))
        return VG_OK;
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= low && *out <= high)
        return VG_OK;
    return vg_fail(error, VG_INVALID, "%s must be a whole number from %lld to %lld", path,
                   (long long)low, (long long)high);
}

struct when {
    json_int_t year, month, day; /* 0: not said */
    unsigned hour, minute;
    bool has_time;
};

static enum vg_code read_when(const json_t *document, struct when *when, struct vg_error *error)
{
    const json_t *incident = at(document, "timeline", "incident");
    const char *time = json_string_value(json_object_get(incident, "time"));
    enum vg_code code = take_number(json_object_get(incident, "year"), "timeline.incident.year", 0,
                                    9999, 0, &when->year, error);
    if (code == VG_OK)
        code = take_number(json_object_get(incident, "month"), "timeline.incident.month", 1, 12, 0,
                           &when->month, error);
    if (code == VG_OK)
        code = take_number(json_object_get(incident, "day"), "timeline.incident.day", 1, 31, 0,
                           &when->day, error);
    when->has_time = time != NULL && take_clock(time, &when->hour, &when->minute);
    return code;
}

/* The start of what is named; a day that its month does not have counts as the month. */
static uint64_t start_of(const struct when *when)
{
    char text[64];
    uint64_t time_ms = 0;
    json_int_t month = when->month > 0 ? when->month : 1;
    json_int_t day = when->month > 0 && when->day > 0 ? when->day : 1;
    bool timed = when->has_time && when->day > 0;
    snprintf(text, sizeof text, "%04lld-%02lld-%02lldT%02u:%02u:00Z", (long long)when->year,
             (long long)month, (long long)day, timed ? when->hour : 0, timed ? when->minute : 0);
    if (when->year < 1970 || vg_time_parse(text, &time_ms))
        return when->year < 1970 ? 0 : time_ms;
    snprintf(text, sizeof text, "%04lld-%02lld-01T00:00:00Z", (long long)when->year,
             (long long)month);
    return vg_time_parse(text, &time_ms) ? time_ms : 0;
}

static void add_line(struct veris_incident *out, const char *what, const char *text)
{
    size_t used = strlen(out->timeline);
    char line[SAID_SIZE];
    copy_line(text, false, line, sizeof line);
    if (line[0] != 0 && used + strlen(what) + strlen(line) + 4 < sizeof out->timeline)
        snprintf(out->timeline + used, sizeof out->timeline - used, "%s%s: %s",
                 used > 0 ? "\n" : "", what, line);
}

static void add_when(const struct when *when, struct veris_incident *out)
{
    char text[64] = "";
    size_t used = 0;
    if (when->year > 0)
        used += (size_t)snprintf(text, sizeof text, "%04lld", (long long)when->year);
    if (when->year > 0 && when->month > 0)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "-%02lld", (long long)when->month);
    if (when->year > 0 && when->month > 0 && when->day > 0)
        used += (size_t)snprintf(text + used, sizeof text - used, "-%02lld", (long long)when->day);
    if (when->has_time)
        snprintf(text + used, sizeof text - used, " %02u:%02u", when->hour, when->minute);
    add_line(out, "incident", text);
}

static void add_spans(const json_t *document, const char *said, struct veris_incident *out)
{
    static const char *const phases[] = {"compromise", "exfiltration", "discovery", "containment"};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        const json_t *phase = at(document, "timeline", phases[i]);
        const json_t *value = json_object_get(phase, "value");
        const char *unit = json_string_value(json_object_get(phase, "unit"));
        char text[SAID_SIZE];
        if (unit == NULL)
            continue;
        if (json_is_number(value))
            snprintf(text, sizeof text, "%g %s", json_number_value(value), unit);
        else
            snprintf(text, sizeof text, "%s", unit);
        add_line(out, phases[i], text);
    }
    add_line(out, "discovered by", said);
}

static enum vg_code read_key(const json_t *document, struct veris_incident *out,
                             struct vg_error *error)
{
    const char *version = json_string_value(json_object_get(document, "schema_version"));
    const json_t *id = json_object_get(document, "incident_id");
    const char *key = json_string_value(id);
    if (version == NULL)
        return vg_fail(error, VG_INVALID, "schema_version is missing; VERIS 1.3 is taken");
    if (strncmp(version, "1.3", 3) != 0 || (version[3] != 0 && version[3] != '.'))
        return vg_fail(error, VG_INVALID, "schema_version is %.32s; VERIS 1.3 is taken", version);
    if (key == NULL || key[0] == 0 || json_string_length(id) > VG_NAME_MAX)
        return vg_fail(error, VG_INVALID, "incident_id must be a text of 1 to %d bytes",
                       VG_NAME_MAX);
    copy_line(key, false, out->key, sizeof out->key);
    if (strcmp(out->key, key) != 0)
        return vg_fail(error, VG_INVALID,
                       "incident_id must not hold control characters or blanks at its ends");
    return VG_OK;
}

static enum vg_code read_document(const json_t *document, struct veris_incident *out,
                                  struct vg_error *error)
{
    struct when when = {0};
    char said[SAID_SIZE];
    json_int_t records = 0;
    if (!json_is_object(document))
        return vg_fail(error, VG_INVALID, "the document must be an object");
    if (too_deep(document, DEPTH_MAX))
        return vg_fail(error, VG_INVALID, "the document is nested more than %d deep", DEPTH_MAX);
    enum vg_code code = veris_check_members(document, &out->unknown_members, error);
    if (code == VG_OK)
        code = read_key(document, out, error);
    if (code == VG_OK)
        code = read_when(document, &when, error);
    if (code == VG_OK)
        code =
            take_number(json_object_get(at(document, "attribute", "confidentiality"), "data_total"),
                        "attribute.confidentiality.data_total", 0, INT64_MAX, 0, &records, error);
    if (code != VG_OK)
        return code;
    make_title(document, out);
    veris_discovery(json_object_get(document, "discovery_method"), &out->source, &out->subsource,
                    said, sizeof said);
    out->classification = classify(document);
    out->cia = harm(document);
    out->records = (uint64_t)records;
    out->happened_at = start_of(&when);
    add_when(&when, out);
    add_spans(document, said, out);
    return VG_OK;
}

enum vg_code veris_read(vg_span document, struct veris_incident *out, struct vg_error *error)
{
    json_error_t where;
    *out = (struct veris_incident){.classification = ""};
    if (document.size == 0)
        return vg_fail(error, VG_INVALID, "the document is empty");
    json_t *json =
        json_loadb((const char *)document.data, document.size, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL)
        return vg_fail(error, VG_INVALID, "line %d, column %d: %s", where.line, where.column,
                       where.text);
    enum vg_code code = read_document(json, out, error);
    json_decref(json);
    return code;
}

struct response_command veris_command(const struct veris_incident *incident, const char *space,
                                      vg_span document)
{
    return (struct response_command){.op = RESPONSE_OP_IMPORT,
                                     .import = {.space = vg_span_text(space),
                                                .key = vg_span_text(incident->key),
                                                .source = incident->source,
                                                .subsource = incident->subsource,
                                                .cia = incident->cia,
                                                .title = vg_span_text(incident->title),
                                                .classification = (uint8_t)response_number(
                                                    response_classes, incident->classification),
                                                .happened_at = incident->happened_at,
                                                .records = incident->records,
                                                .unknown_members = incident->unknown_members,
                                                .timeline = vg_span_text(incident->timeline),
                                                .document = document}};
}
