/* SPDX-License-Identifier: Apache-2.0
 * Who a cluster is made of, for people who compare fingerprints. */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_MEMBERS_H
#define VIGIL_OPS_CLI_BOOTSTRAP_MEMBERS_H

#include "ops/cli/bootstrap/files.h"
#include "ops/cli/core/command.h"
#include "ops/cli/core/public.h"

/* {"cluster_id","fingerprint","recovery":{"public_key","fingerprint"},"nodes":[],"people":[]}.
 * Owned by the caller, as are the rows. */
json_t *members_document(const vg_hash *cluster, const vg_box_public *recovery);

/* A node's row, and a person's; `name` may be NULL. */
json_t *members_node(const struct cli_public *identity, const char *region, const char *client);
json_t *members_person(const struct cli_public *identity, const char *name, uint8_t bits);

/* All of a cluster file; nobody has a name in it. */
json_t *members_of_file(const struct cluster_file *file);

/* Prints the document, as tables for people. */
void members_print(const struct cli_call *call, const json_t *document);

#endif
