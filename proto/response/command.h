/* SPDX-License-Identifier: Apache-2.0
 * The commands people give, as structs and as msgpack. One table of operations; each is a
 * positional array [op, field...]. */
#ifndef VIGIL_PROTO_RESPONSE_COMMAND_H
#define VIGIL_PROTO_RESPONSE_COMMAND_H

#include "common/error.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/types.h"

/* Numbers are frozen: they are in signed commands. */
enum response_op {
    RESPONSE_OP_PERSON = 1, /* directory: name a person */
    RESPONSE_OP_LABEL = 2,  /* directory: name a compartment */
    RESPONSE_OP_GRANT = 3,  /* directory: a role to a person in a compartment */
    RESPONSE_OP_DETECT = 16,
    RESPONSE_OP_NOTE = 17,
    RESPONSE_OP_STAGE = 18,
    RESPONSE_OP_IMPORT = 19, /* a historical incident from elsewhere */
};

/* R1. Numbers are frozen. */
enum response_source {
    RESPONSE_SOURCE_AUTOMATED = 1,
    RESPONSE_SOURCE_FIRST_PARTY,
    RESPONSE_SOURCE_VULNERABILITY_REPORT,
    RESPONSE_SOURCE_CUSTOMER_REPORT,
    RESPONSE_SOURCE_EXERCISE, /* refused until R2 is built */
    RESPONSE_SOURCE_OPERATOR,
    RESPONSE_SOURCE_PHYSICAL,
    RESPONSE_SOURCE_UNKNOWN,
};

/* R1: sub-kinds of `automated`; 0 for every other source. */
enum response_subsource {
    RESPONSE_SUB_NONE,
    RESPONSE_SUB_ANTIMALWARE,
    RESPONSE_SUB_IDS,
    RESPONSE_SUB_ANOMALY,
    RESPONSE_SUB_OTHER,
};

/* R13. Numbers are frozen. */
enum response_stage {
    RESPONSE_DETECT = 1,
    RESPONSE_ASSESS,
    RESPONSE_DIAGNOSE,
    RESPONSE_STABILIZE,
    RESPONSE_CLOSE,
};

/* Bits of what is in question (R1); a claim of harm for historical records. */
enum { RESPONSE_CONFIDENTIALITY = 1, RESPONSE_INTEGRITY = 2, RESPONSE_AVAILABILITY = 4 };

/* Roles of PROCESS "People"; bits of a grant. Numbers are frozen. */
#define RESPONSE_ROLES(X)                                                                          \
    X(REPORTER, 0, "reporter")                                                                     \
    X(RESPONDER, 1, "responder")                                                                   \
    X(INCIDENT_MANAGER, 2, "incident-manager")                                                     \
    X(EXECUTIVE, 3, "executive-incident-manager")                                                  \
    X(LEGAL, 4, "legal")                                                                           \
    X(PRIVACY_OFFICER, 5, "privacy-officer")                                                       \
    X(COMMUNICATIONS, 6, "communications")                                                         \
    X(SERVICE_TEAM, 7, "service-team")                                                             \
    X(SUPPORT, 8, "support")                                                                       \
    X(KEY_OFFICER, 9, "key-officer")                                                               \
    X(AUDITOR, 10, "auditor")                                                                      \
    X(TENANT_CONTACT, 11, "tenant-contact")                                                        \
    X(OPERATOR, 12, "operator")

enum response_role {
#define X(symbol, bit, name) RESPONSE_ROLE_##symbol = 1 << (bit),
    RESPONSE_ROLES(X)
#undef X
};

/* Aspects of an incident that have a revision (DESIGN "Together"). Numbers are frozen: they are in
 * preambles. Aspects with parts (task, containment) carry the part's id beside it. */
#define RESPONSE_ASPECTS(X)                                                                        \
    X(STAGE, 1, "stage")                                                                           \
    X(SEVERITY, 2, "severity")                                                                     \
    X(CLASSIFICATION, 3, "classification")                                                         \
    X(RESPONSIBILITY, 4, "responsibility")                                                         \
    X(OWNER, 5, "owner")                                                                           \
    X(RECOVERY_PLAN, 6, "recovery-plan")                                                           \
    X(TASK, 7, "task")                                                                             \
    X(CONTAINMENT, 8, "containment")                                                               \
    X(NOTES, 9, "notes")                                                                           \
    X(DETECTION, 10, "detection")

enum response_aspect {
#define X(symbol, number, name) RESPONSE_ASPECT_##symbol = number,
    RESPONSE_ASPECTS(X)
#undef X
};

enum { RESPONSE_EVENT_LINES_MAX = 64 }; /* lines of an imported timeline */

/* One decoded command. Text spans borrow the decoded bytes. */
struct response_command {
    enum response_op op;
    union {
        struct {
            vg_id person;
            vg_span name;
        } person;
        struct {
            vg_id compartment;
            vg_span name;
        } label;
        struct {
            vg_id person;
            vg_id compartment;
            uint32_t roles; /* the person's roles there from now on; 0 takes all away */
        } grant;
        struct {
            uint8_t source;
            uint8_t subsource;
            uint8_t cia; /* bits; 0: not settled */
            vg_span title;
            vg_span product;      /* "" if none */
            vg_span dedup_key;    /* "" if none (R3) */
            vg_span detail;       /* "" if none */
            uint64_t happened_at; /* ms; 0 if unknown */
        } detect;
        struct {
            vg_id incident;
            vg_span text;
        } note;
        struct {
            vg_id incident;
            uint8_t stage;
            uint8_t cia;    /* bits: settles what is in question (R1); 0: leaves it as it is */
            vg_span reason; /* R13: why; not empty */
        } stage;
        struct {
            vg_span space; /* namespace of the natural key */
            vg_span key;   /* natural key within it */
            uint8_t source;
            uint8_t subsource;
            uint8_t cia;
            vg_span title;
            vg_span classification;   /* claimed, R9's names or "" */
            uint64_t happened_at;     /* 0 if unknown */
            uint64_t records;         /* claimed count of records; 0 if unknown */
            uint32_t unknown_members; /* members the importer did not know */
            vg_span timeline;         /* claimed timeline, one event a line, "" if none */
            vg_span document;         /* whole, as found; not empty */
        } import;
    };
};

void response_command_encode(const struct response_command *command, struct vg_buffer *out);

/* Strict: bounds, enumerations, UTF-8 and control characters are checked; VG_INVALID names the
 * field and what it may be. */
enum vg_code response_command_decode(vg_span bytes, struct response_command *out,
                                     struct vg_error *error);

/* Names as CLI.md has them; parse returns 0 for an unknown name. */
const char *response_op_name(enum response_op op);
const char *response_source_name(uint8_t source);
uint8_t response_source_parse(const char *name);
const char *response_subsource_name(uint8_t subsource);
uint8_t response_subsource_parse(const char *name);
const char *response_stage_name(uint8_t stage);
uint8_t response_stage_parse(const char *name);
const char *response_aspect_name(uint16_t aspect);
uint16_t response_aspect_parse(const char *name);
const char *response_role_name(uint32_t bit);
uint32_t response_role_parse(const char *name);

#endif
