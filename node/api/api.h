/* SPDX-License-Identifier: Apache-2.0
 * Questions of clients and their answers as JSON (docs/protocol.md): what a question may say, and
 * how state, log and status look. Functions are pure but for the machine they read; any thread. */
#ifndef VIGIL_NODE_API_API_H
#define VIGIL_NODE_API_API_H

#include <jansson.h>

#include "common/unwrap.h"
#include "proto/ledger/entry.h"
#include "proto/response/directory.h"
#include "proto/response/incident.h"
#include "proto/response/readers.h"
#include "proto/response/standing.h"

enum {
    API_PAGE_MAX = 500,           /* items of one answer */
    API_PAGE_BYTES = 1024 * 1024, /* text of one answer, about, which JSON may make twice as long;
                                     one item is always given */
    API_VERIFY_MAX = 4096,        /* entries of one log.verify */
    API_WAIT_MAX_MS = 30000,      /* that an empty answer may be held back */
    API_COMPARTMENTS_MAX = RESPONSE_COMPARTMENTS_MAX,
};

/* ---- questions ---------------------------------------------------------------------------------
 */

enum api_name {
    API_CLUSTER_STATUS,
    API_CLUSTER_TRANSFER,
    API_DIRECTORY,
    API_COMPARTMENT_SHOW,
    API_COMPARTMENT_LEVEL,
    API_COMPARTMENT_PREPARE,
    API_REQUEST_SHOW,
    API_INCIDENT_LIST,
    API_INCIDENT_SHOW,
    API_INCIDENT_PAGE,
    API_INCIDENT_PARTS,
    API_INCIDENT_TIMELINE,
    API_INCIDENT_WATCH,
    API_INCIDENT_EXPLAIN,
    API_INCIDENT_MILESTONES,
    API_INCIDENT_DOCUMENT,
    API_PROPOSAL_LIST,
    API_PROPOSAL_SHOW,
    API_FILTER_LIST,
    API_TENANT_LIST,
    API_TENANT_SHOW,
    API_CASE_LIST,
    API_CASE_SHOW,
    API_FACT_LIST,
    API_DRILL_LIST,
    API_DRILL_SHOW,
    API_DRILL_PROBES,
    API_LOG_GET,
    API_LOG_TAIL,
    API_LOG_VERIFY,
    API_LOG_REPAIR,
    API_LOG_CONTENT,
    API_NODE_FIGURES,
    API_KEYRING_OFFER,
    API_NAMES
};

enum api_parts { API_TASKS, API_STEPS, API_EVIDENCE };

/* What a node is called where; incidents know the node that detected them. */
struct api_region {
    vg_node_id node;
    const char *name;
};

/* Where an answer comes from, and so how it is reached. */
enum api_source {
    API_FROM_STATE,   /* the state machine, at a confirmed index */
    API_FROM_LOG,     /* the log, up to a confirmed index */
    API_FROM_NODE,    /* what this node knows of itself and its peers, with or without a leader */
    API_TO_LEADER,    /* an act of the leader */
    API_FROM_KEYRING, /* this node's own keys; for key officers */
};

/* What a node gave a key officer to wrap a compartment's key to. */
struct api_offer {
    vg_node_id node;
    struct vg_unwrap_key unwrap; /* but for its compartment */
};

/* A checked question. Arguments that were not given are zero. */
struct api_query {
    enum api_name name;
    enum api_source source;
    vg_id id;
    vg_id author;
    char compartment[VG_NAME_MAX + 1]; /* name or id */
    uint8_t stage;
    bool all;
    vg_id after_id;
    bool has_after;
    uint64_t after;        /* timeline: a sequence number; watch: a log index */
    uint64_t after_number; /* watch: and the event's number at that index */
    uint64_t wait_ms;      /* how long an empty answer may be held back for something to come */
    char after_text[VG_NAME_MAX + 1];
    char tenant[VG_NAME_MAX + 1]; /* name or id */
    enum api_parts parts;
    uint64_t limit; /* 1 .. API_PAGE_MAX */
    uint64_t index;
    bool has_from;
    uint64_t from;
    uint64_t count; /* 1 .. API_PAGE_MAX, or API_VERIFY_MAX */
    uint64_t to;
    vg_node_id holders[VG_NODES_MAX]; /* ascending */
    uint32_t holder_count;
    struct api_offer offers[VG_NODES_MAX];
    uint32_t offer_count;
    vg_id
        asker; /* whose channel it came by, not the question's; zero: nobody's, who sees nothing */
    const struct api_region *regions; /* the node's, not the question's */
    uint32_t region_count;
    uint64_t now_ms; /* what the node takes log time for: what is over by now */
};

/* Strict: JSON object, no key twice, no unknown question or argument, right types and bounds.
 * VG_INVALID names what is wrong and what it may be. */
enum vg_code api_query_parse(vg_span json, struct api_query *out, struct vg_error *error);

/* Compartments, and what somebody sees of each. */
struct api_compartments {
    vg_id ids[API_COMPARTMENTS_MAX];
    enum response_sight sights[API_COMPARTMENTS_MAX];
    uint32_t count;
};

/* Those the asker knows of; those of which they may see something. */
void api_compartments_known(const struct response_machine *machine, const vg_id *asker,
                            struct api_compartments *out);
void api_compartments_seen(const struct response_machine *machine, const vg_id *asker,
                           struct api_compartments *out);

/* ---- answers: each returns a new reference or, as `text`, a string to free ---------------------
 */

/* Answers of keyring.offer and compartment.prepare. */
json_t *api_offer(vg_node_id node, const struct vg_unwrap_key *unwrap);
json_t *api_prepared(vg_node_id node, const struct compartment_epoch *epoch);

/* Of API_FROM_STATE questions; NULL with `error` set. */
json_t *api_state_answer(struct response_machine *machine, const struct api_query *query,
                         struct vg_error *error);

/* Whether an answer has nothing yet, and may be held back for wait_ms until it has. */
bool api_is_to_wait(const struct api_query *query, const json_t *answer);

/* What became of a request: its `answer`, null if nothing has, or it is not the asker's to know,
 * and of a refused one `error_code` and `error_text`. */
json_t *api_request_show(struct response_machine *machine, const struct api_query *query,
                         struct vg_error *error);

/* The answer to an accepted command; the details of a refused one, or NULL if it has none. */
char *api_outcome_text(const struct response_outcome *outcome);

/* Whether the answer to a question about the log depends on who asks: it shows bodies, or counts
 * the entries of a compartment. */
bool api_is_by_asker(const struct api_query *query);

/* What the asker sees of an entry's body: of control entries all, as they are in clear. */
enum response_sight api_body_sight(const struct api_compartments *seen,
                                   const struct ledger_view *entry);

/* The evidence that an entry keeps; NULL with `error` set. Of one whose content is not for the
 * asker it is as if it kept none. */
json_t *api_content(const struct ledger_view *entry, enum response_sight sight,
                    struct vg_error *error);

/* One log entry; command and author if its body is in clear and the asker may see it, or sees what
 * is theirs, and this is. */
json_t *api_entry(const struct ledger_view *entry, enum response_sight sight, const vg_id *asker);

/* The text of a document, whose reference it takes. NULL stays NULL. */
char *api_text(json_t *document);

/* ---- clearance ---------------------------------------------------------------------------------
 */

/* VG_UNAVAILABLE: this node does not serve the compartment, and these are cleared for it. */
enum vg_code api_not_level(const char *compartment, const vg_node_id *holders, uint32_t count,
                           struct vg_error *error);

/* VG_FORBIDDEN: nothing of the compartment is read or written since this entry. */
enum vg_code api_is_shredded(const char *compartment, uint64_t index, struct vg_error *error);

/* How the node stands to a compartment. */
struct api_clearance {
    vg_id compartment;
    enum response_status status;
    uint64_t epoch;          /* in force */
    uint64_t applied;        /* while it is rebuilt: up to this index; level: the cursor; else 0 */
    char why[VG_ERROR_TEXT]; /* it is stopped, and what to do; "" if it is not */
};

struct api_clearances {
    struct api_clearance *all; /* the caller's */
    uint32_t count;
};

/* ---- status ------------------------------------------------------------------------------------
 */

struct api_node_status {
    vg_node_id id;
    char region[VG_NAME_MAX + 1];
    bool self;
    bool leader;
    bool reachable;
    bool has_match; /* the leader knows it of every node */
    uint64_t match;
    /* Of this node alone: */
    uint64_t last;
    uint64_t applied;
    uint64_t damaged;       /* entries found damaged since it started, */
    uint64_t repaired;      /* and those of them that were fetched again */
    uint64_t refused_peers; /* connections it has refused at its doors since it started */
    uint64_t refused_clients;
    uint32_t rtt_us;
    int64_t clock_ahead_ms; /* the leader knows it of every node: of log time; behind if negative */
    bool clock_astray;
};

/* Counters by name, in the order they are shown. */
enum { API_FIGURES_MAX = 64, API_FIGURE_NAME = 48 };
struct api_figure {
    char name[API_FIGURE_NAME];
    uint64_t value;
};

struct api_status {
    vg_hash cluster;
    vg_node_id self;
    vg_node_id leader;
    const char *role;
    uint64_t term;
    uint64_t commit;
    uint64_t applied;
    uint32_t quorum;
    bool healthy;
    char stopped[VG_ERROR_TEXT]; /* why apply stands still; "" if it does not */
    char damage[VG_ERROR_TEXT];  /* what could not be fetched again, and why; "": nothing */
    vg_id drill;                 /* whose fault this node has, or has refused; zero: none */
    const char *drill_kind;
    uint64_t drill_left_ms;
    char drill_refused[VG_ERROR_TEXT];
    struct api_node_status nodes[VG_NODES_MAX];
    uint32_t node_count;
    struct api_figure figures[API_FIGURES_MAX];
    uint32_t figure_count;
};

/* Adds a figure and copies its name; asserts that there is room. */
void api_status_figure(struct api_status *status, const char *name, uint64_t value);

/* cluster.status. Compartments that the asker does not know of are ids. */
json_t *api_status_answer(const struct api_status *status, const struct api_clearances *clearances,
                          struct response_machine *machine, const vg_id *asker);

/* node.figures. What became of commands is counted for those who manage compartments. */
json_t *api_figures_answer(const struct api_status *status, struct response_machine *machine,
                           const vg_id *asker);

#endif
