/* SPDX-License-Identifier: Apache-2.0
 * Who or what discovered an incident. R1 has no source for third parties that are no customers, so
 * these become `unknown`; what the document said stays in the timeline. */
#include <stdio.h>
#include <strings.h>

#include "ops/cli/veris/veris.h"

struct found {
    const char *by; /* ext, int or prt */
    const char *variety;
    uint8_t source;
    uint8_t subsource;
};

/* First match counts; a NULL variety is the rest of that side. */
static const struct found table[] = {
    {"int", "antivirus", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_ANTIMALWARE},
    {"int", "hids", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_IDS},
    {"int", "nids", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_IDS},
    {"int", "fraud detection", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_ANOMALY},
    {"int", "data loss prevention", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_OTHER},
    {"int", "infrastructure monitoring", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_OTHER},
    {"int", "security alarm", RESPONSE_SOURCE_PHYSICAL, RESPONSE_SUB_NONE},
    {"int", "break in discovered", RESPONSE_SOURCE_PHYSICAL, RESPONSE_SUB_NONE},
    {"int", NULL, RESPONSE_SOURCE_FIRST_PARTY, RESPONSE_SUB_NONE},
    {"prt", "antivirus", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_ANTIMALWARE},
    {"prt", "monitoring service", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_OTHER},
    {"prt", NULL, RESPONSE_SOURCE_FIRST_PARTY, RESPONSE_SUB_NONE},
    {"ext", "customer", RESPONSE_SOURCE_CUSTOMER_REPORT, RESPONSE_SUB_NONE},
    {"ext", "security researcher", RESPONSE_SOURCE_VULNERABILITY_REPORT, RESPONSE_SUB_NONE},
    {"ext", "monitoring service", RESPONSE_SOURCE_AUTOMATED, RESPONSE_SUB_OTHER},
};

static void look_up(const char *by, const char *variety, uint8_t *source, uint8_t *subsource)
{
    *source = RESPONSE_SOURCE_UNKNOWN;
    *subsource = RESPONSE_SUB_NONE;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct found *row = &table[i];
        if (strcasecmp(row->by, by) != 0 ||
            (row->variety != NULL && strcasecmp(row->variety, variety) != 0))
            continue;
        *source = row->source;
        *subsource = row->subsource;
        return;
    }
}

/* "Ext - law enforcement" */
static void from_text(const char *text, uint8_t *source, uint8_t *subsource)
{
    char by[4] = "";
    const char *dash = strstr(text, " - ");
    if (dash == text + 3)
        memcpy(by, text, 3);
    look_up(by, dash != NULL ? dash + 3 : text, source, subsource);
}

/* {"external": {"variety": ["Customer"]}}; the first variety that R1 has a word for counts. */
static void from_object(const json_t *method, uint8_t *source, uint8_t *subsource, char *said,
                        size_t size)
{
    static const struct {
        const char *member, *by;
    } sides[] = {{"internal", "int"}, {"partner", "prt"}, {"external", "ext"}};
    size_t used = 0;
    *source = RESPONSE_SOURCE_UNKNOWN;
    for (size_t side = 0; side < sizeof sides / sizeof *sides; side++) {
        json_t *variety = json_object_get(json_object_get(method, sides[side].member), "variety");
        json_t *list = json_is_array(variety) ? json_incref(variety) : json_pack("[O*]", variety);
        size_t i;
        json_t *item;
        json_array_foreach(list, i, item)
        {
            const char *word = json_string_value(item);
            if (*source == RESPONSE_SOURCE_UNKNOWN)
                look_up(sides[side].by, word, source, subsource);
            if (used < size)
                used += (size_t)snprintf(said + used, size - used, "%s%s - %s",
                                         used > 0 ? ", " : "", sides[side].by, word);
        }
        json_decref(list);
    }
}

void veris_discovery(const json_t *method, uint8_t *source, uint8_t *subsource, char *said,
                     size_t size)
{
    *source = RESPONSE_SOURCE_UNKNOWN;
    *subsource = RESPONSE_SUB_NONE;
    said[0] = 0;
    if (json_is_string(method)) {
        snprintf(said, size, "%s", json_string_value(method));
        from_text(json_string_value(method), source, subsource);
    } else if (json_is_object(method)) {
        from_object(method, source, subsource, said, size);
    }
}
