/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/command.h"

struct name {
    uint32_t number;
    const char *text;
};

static const struct name ops[] = {
    {RESPONSE_OP_PERSON, "person"}, {RESPONSE_OP_LABEL, "label"},
    {RESPONSE_OP_GRANT, "grant"},   {RESPONSE_OP_DETECT, "detect"},
    {RESPONSE_OP_NOTE, "note"},     {RESPONSE_OP_STAGE, "stage"},
    {RESPONSE_OP_IMPORT, "import"}, {0, NULL},
};

static const struct name sources[] = {
    {RESPONSE_SOURCE_AUTOMATED, "automated"},
    {RESPONSE_SOURCE_FIRST_PARTY, "first-party"},
    {RESPONSE_SOURCE_VULNERABILITY_REPORT, "vulnerability-report"},
    {RESPONSE_SOURCE_CUSTOMER_REPORT, "customer-report"},
    {RESPONSE_SOURCE_EXERCISE, "exercise"},
    {RESPONSE_SOURCE_OPERATOR, "operator"},
    {RESPONSE_SOURCE_PHYSICAL, "physical"},
    {RESPONSE_SOURCE_UNKNOWN, "unknown"},
    {0, NULL},
};

static const struct name subsources[] = {
    {RESPONSE_SUB_ANTIMALWARE, "antimalware"},
    {RESPONSE_SUB_IDS, "ids"},
    {RESPONSE_SUB_ANOMALY, "anomaly"},
    {RESPONSE_SUB_OTHER, "other"},
    {0, NULL},
};

static const struct name stages[] = {
    {RESPONSE_DETECT, "detect"},       {RESPONSE_ASSESS, "assess"}, {RESPONSE_DIAGNOSE, "diagnose"},
    {RESPONSE_STABILIZE, "stabilize"}, {RESPONSE_CLOSE, "close"},   {0, NULL},
};

static const struct name aspects[] = {
#define X(symbol, number, text) {number, text},
    RESPONSE_ASPECTS(X)
#undef X
        {0, NULL},
};

static const struct name roles[] = {
#define X(symbol, bit, text) {1 << (bit), text},
    RESPONSE_ROLES(X)
#undef X
        {0, NULL},
};

static const char *name_of(const struct name *names, uint32_t number)
{
    for (; names->text != NULL; names++) {
        if (names->number == number)
            return names->text;
    }
    return "";
}

static uint32_t number_of(const struct name *names, const char *text)
{
    for (; names->text != NULL; names++) {
        if (strcmp(names->text, text) == 0)
            return names->number;
    }
    return 0;
}

const char *response_op_name(enum response_op op)
{
    return name_of(ops, (uint32_t)op);
}

const char *response_source_name(uint8_t source)
{
    return name_of(sources, source);
}

uint8_t response_source_parse(const char *name)
{
    return (uint8_t)number_of(sources, name);
}

const char *response_subsource_name(uint8_t subsource)
{
    return name_of(subsources, subsource);
}

uint8_t response_subsource_parse(const char *name)
{
    return (uint8_t)number_of(subsources, name);
}

const char *response_stage_name(uint8_t stage)
{
    return name_of(stages, stage);
}

uint8_t response_stage_parse(const char *name)
{
    return (uint8_t)number_of(stages, name);
}

const char *response_aspect_name(uint16_t aspect)
{
    return name_of(aspects, aspect);
}

uint16_t response_aspect_parse(const char *name)
{
    return (uint16_t)number_of(aspects, name);
}

const char *response_role_name(uint32_t bit)
{
    return name_of(roles, bit);
}

uint32_t response_role_parse(const char *name)
{
    return number_of(roles, name);
}
