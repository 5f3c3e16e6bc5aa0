/* SPDX-License-Identifier: Apache-2.0
 * The connection to a cluster, in a channel to each node that is asked. A request goes to one node;
 * when its answer is late, or it fails or is busy, the next node is asked too, with the same bytes,
 * and the first good answer counts. That is safe: a signed command has one request id, and what is
 * done once is answered again (DESIGN "Once"). A command goes only to nodes that have said that
 * they are level for its compartment, on this connection and not before an `unavailable`. One
 * thread at a time per client. */
#ifndef VIGIL_OPS_CLI_CORE_CLIENT_H
#define VIGIL_OPS_CLI_CORE_CLIENT_H

#include <jansson.h>

#include "ops/cli/core/access.h"
#include "ops/cli/core/settings.h"
#include "proto/wire/client.h"

struct cli_client;

/* Connects at the first request. `access` is borrowed until cli_client_free, and several clients
 * may have it. VG_USAGE if there are no nodes, or one has no key. */
enum vg_code cli_client_new(const struct cli_access *access, const struct cli_node *nodes,
                            unsigned count, uint32_t timeout_ms, struct cli_client **out,
                            struct vg_error *error);

/* One request and its answer, within the client's timeout. `*answer` is owned by the caller, as is
 * `*details`, the JSON that came with an error: NULL before the call, and after it if there was
 * none. VG_UNAVAILABLE and VG_TIMEOUT: no node answered for good, in the words of the last that
 * said why, if any did; a submitted command may have been accepted (cli_client_unknown). VG_BUSY
 * only when it certainly was not. VG_FORBIDDEN, and nothing was sent: each node closes in the
 * handshake. Errors of access->self, at once: its key cannot be used any more. Else what the node
 * said. */
enum vg_code cli_client_call(struct cli_client *client, const struct wire_request *request,
                             json_t **answer, struct vg_error *error, json_t **details);

/* As cli_client_call for a query document. */
enum vg_code cli_client_query(struct cli_client *client, const json_t *query, json_t **answer,
                              struct vg_error *error, json_t **details);

/* Nodes may hold back the answers to what is asked from now on for `held_ms` (wait_ms of a
 * question): they are not late before that. */
void cli_client_hold(struct cli_client *client, uint32_t held_ms);

/* From now on only the node that answered last is asked: for what is about one node. */
void cli_client_stay(struct cli_client *client);

/* The next request begins with the first node again, as that of a new client would. */
void cli_client_start_over(struct cli_client *client);

/* Whether the last request was sent to a node and not answered for good: it may have been accepted.
 */
bool cli_client_unknown(const struct cli_client *client);

/* Requests repeated at another node, or again, so far. */
uint64_t cli_client_repeats(const struct cli_client *client);

/* Closes and frees; NULL is allowed. */
void cli_client_free(struct cli_client *client);

#endif
