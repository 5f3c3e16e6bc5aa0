/* SPDX-License-Identifier: Apache-2.0
 * Questions to the cluster, and changes of it: commands signed by the person of the call. */
#ifndef VIGIL_OPS_CLI_CORE_CHANGE_H
#define VIGIL_OPS_CLI_CORE_CHANGE_H

#include "common/text.h"
#include "ops/cli/core/client.h"
#include "ops/cli/core/command.h"
#include "proto/ledger/entry.h"
#include "proto/response/command.h"

/* Who signs, and for which cluster. */
struct cli_author {
    const struct cli_access *access; /* the call's, of a person */
    char id[VG_ID_TEXT];
    vg_hash cluster;
    vg_id directory; /* the directory's compartment */
    json_t *names;   /* the directory as the node told it */
};

enum { CLI_ASPECTS_MAX = 8 };

/* An aspect, or a part of one, that a change sets. */
struct cli_aspect {
    uint16_t aspect;
    vg_id part;
};

/* One change. For the aspects it sets, --expect or what this session has read is what the change
 * expects. */
struct cli_change {
    vg_id request;
    vg_id compartment;
    const char *incident; /* id as text; NULL: none yet */
    struct cli_aspect aspects[CLI_ASPECTS_MAX];
    uint32_t aspect_count;
    const struct response_command *command;
    bool unknown; /* set where it was sent, and may have been accepted for all that is known */
};

/* As whom the call speaks, and to which cluster; read once. NULL with the call's error set. */
const struct cli_access *cli_access(struct cli_call *call);

/* The client of the call, made when first asked for; NULL with the call's error set. */
struct cli_client *cli_connection(struct cli_call *call);

/* Asks; takes the reference to `query`. NULL with the call's error set. */
json_t *cli_query(struct cli_call *call, json_t *query);

/* Asks a question without arguments ("cluster.status") over a connection of its own. NULL when no
 * node answered it well; else the caller's. Any thread. */
json_t *cli_ask_apart(const struct cli_access *access, const struct cli_node *nodes, unsigned count,
                      uint32_t timeout_ms, const char *question);

/* Appends all of a list to `all`, asked page by page until an empty one: each after the last item's
 * `key`. Takes over `query`. */
enum vg_code cli_query_all(struct cli_call *call, json_t *query, const char *key, json_t *all);

/* The name of a compartment that is given, else the context's; VG_USAGE without either. */
enum vg_code cli_compartment_name(struct cli_call *call, const char *given, const char **out);

/* The author of the call: its identity file and the cluster's directory; read once. */
enum vg_code cli_author_open(struct cli_call *call, struct cli_author **out);
void cli_author_free(struct cli_author *author);

/* A fresh request id, its time now; and that of --request-id, or a fresh one. */
vg_id cli_request_make(void);
vg_id cli_request_of(const struct cli_call *call);

/* Signs a command into `out`, which is cleared first. `expectations` may be NULL. Any thread.
 * Errors of cli_signer_sign. */
enum vg_code cli_command_sign(const struct cli_author *author, const vg_id *compartment,
                              const vg_id *request, const struct ledger_expectation *expectations,
                              uint16_t expectation_count, const struct response_command *command,
                              struct vg_buffer *out, struct vg_error *error);

/* Signs and submits; with --dry-run as a check only, with --rebase anew where a conflict is
 * overruled. Remembers the revisions of the answer, which is the caller's. */
enum vg_code cli_change_submit(struct cli_call *call, struct cli_change *change, json_t **answer);

/* Proposes a control command that takes two people, open as long as --expires says (24h). The
 * answer is the caller's. */
enum vg_code cli_change_propose(struct cli_call *call, const struct response_command *proposed,
                                json_t **answer);

/* Where a change was not done now (exit code 3): adds to the call's error how to repeat it. */
void cli_change_explain(struct cli_call *call, const struct cli_change *change);

/* Prints the answer of a change: the id for people, the document for programs. */
void cli_change_print(struct cli_call *call, const json_t *answer);

/* Remembers what was read in this session; an error is told on stderr and no more. */
void cli_learn(struct cli_call *call, const json_t *incidents);

#endif
