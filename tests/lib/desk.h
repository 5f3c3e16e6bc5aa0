/* SPDX-License-Identifier: Apache-2.0
 * A response desk for tests: one state machine over a store in memory, with people who sign
 * commands. Each command goes the production way: signed, sealed into an entry of a chained log,
 * parsed, opened, applied; the directory is sealed (tests/lib/sealing.h). Time stands still until a
 * test moves it. Single-threaded. */
#ifndef VIGIL_TESTS_LIB_DESK_H
#define VIGIL_TESTS_LIB_DESK_H

#include "common/prng.h"
#include "proto/ledger/tail.h"
#include "proto/response/directory.h"
#include "proto/response/incident.h"
#include "tests/lib/memkv.h"

enum { DESK_NODES = 4 }; /* of the genesis; one more than must agree */

/* People of the genesis with their roles in the first compartment; one has none at all. Ann and the
 * manager are on call. Behind them node 1, which gives commands of its own, and somebody with a
 * key whom nobody has enrolled. */
enum desk_person {
    DESK_OPERATOR,
    DESK_ANN, /* responder */
    DESK_BEN, /* responder */
    DESK_MANAGER,
    DESK_EXECUTIVE,
    DESK_LEGAL,
    DESK_PRIVACY,
    DESK_SERVICE,
    DESK_SUPPORT,
    DESK_REPORTER,
    DESK_INTEGRATION, /* a machine, with the role reporter */
    DESK_STRANGER,
    DESK_PEOPLE,
    DESK_NODE = DESK_PEOPLE,
    DESK_NEWCOMER,
    DESK_AUTHORS
};

struct desk {
    struct ledger_genesis genesis;
    vg_hash cluster;
    vg_secret_key secrets[DESK_AUTHORS];
    struct vg_keys newcomer;
    struct memkv *store;
    struct response_machine machine;
    struct ledger_tail *log; /* holds every entry */
    uint64_t time_ms;
    uint64_t serial;      /* makes request ids */
    uint64_t seals_under; /* epoch of what is appended; 0: the one in force */
};

/* What a person sends. Zero members are: DESK_OPERATOR, the first compartment, a fresh request id,
 * the encoded command. */
struct desk_order {
    enum desk_person person;
    bool control; /* a control entry, in no compartment */
    vg_id compartment;
    vg_id request;
    vg_span body; /* instead of `command` */
    struct ledger_expectation expectations[VG_EXPECTATIONS_MAX];
    uint16_t expectation_count;
    struct response_command command;
    bool outdated;   /* signed with the key that the person began with */
    vg_node_id node; /* DESK_NODE: this one of the genesis; 0: the first */
};

/* Orders of DESK_ANN in the first compartment, to be changed before they are sent. `expected` is a
 * revision of the stage; 0: the order expects nothing. */
struct desk_order desk_detect(const char *title, const char *dedup_key);
struct desk_order desk_note(const vg_id *incident, const char *text);
struct desk_order desk_stage(const vg_id *incident, uint8_t stage, uint64_t expected);
struct desk_order desk_import(const char *key, const char *document);

/* The id under which anybody gives commands, and their keys. */
vg_id desk_author(const struct desk *desk, enum desk_person person);
struct vg_keys desk_keys(const struct desk *desk, enum desk_person person);

/* Keys that a person might be given next, or the node; others by each number from 1 on. */
struct vg_keys desk_new_keys(const struct desk *desk, enum desk_person person, uint8_t number);

/* Binds the channel key of an enrolment anew for its id, with the key of a person. */
void desk_bind(const struct desk *desk, enum desk_person person, struct response_command *enroll);

/* A desk with an empty log and no roles; desk_new() grants the people's roles too. */
struct desk *desk_new_bare(void);
struct desk *desk_new(void);
void desk_free(struct desk *desk);

/* A request id of a time; each call gives another. */
vg_id desk_request(struct desk *desk, uint64_t time_ms);

/* Appends the order as an entry and applies it; it must open. */
struct response_outcome desk_send(struct desk *desk, const struct desk_order *order);

/* Appends a noop of the leader and applies it. */
void desk_noop(struct desk *desk);

/* What response_check says of the order; changes nothing. */
struct response_outcome desk_check(struct desk *desk, const struct desk_order *order);

/* The order as entry bytes, appended to the log and not applied. */
struct vg_blob *desk_append(struct desk *desk, const struct desk_order *order);

/* The signed command of an entry; its bytes, in clear, are written to `out`. It must open. */
struct ledger_command desk_open(const struct ledger_view *entry, struct vg_buffer *out);

/* Parses, opens and applies an entry of the log. */
enum response_applied desk_apply(struct desk *desk, struct vg_blob *entry,
                                 struct response_outcome *outcome);

/* A new desk that applied the log of another from the start. */
struct desk *desk_replay(const struct desk *desk);

/* An incident of the first compartment; fails the test if there is none. */
struct response_incident desk_incident(const struct desk *desk, const vg_id *id);

#endif
