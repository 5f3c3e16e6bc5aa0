/* SPDX-License-Identifier: Apache-2.0
 * What the commands of `vigil identity` share. */
#ifndef VIGIL_OPS_CLI_IDENTITY_H
#define VIGIL_OPS_CLI_IDENTITY_H

#include "common/keyring.h"
#include "ops/cli/core/command.h"
#include "proto/ledger/genesis.h"

/* The identity file that a call is about: its word, else the call's identity. VG_NOT_FOUND without
 * either. */
enum vg_code identity_path(struct cli_call *call, const char **out);

/* Reads and opens an identity file; a sealed one with the passphrase of --passphrase-file, else
 * asked for. Wipe `out`. */
enum vg_code identity_open(struct cli_call *call, const char *path, struct vg_identity_file *out);

/* What a node's keyring says of its unwrap keys for the compartments of a genesis. Errors of
 * vg_keyring_read_public, and VG_INVALID when one is wanting. */
enum vg_code identity_unwrap_keys(const char *keyring, const struct vg_identity *node,
                                  struct vg_unwrap_key out[LEDGER_FOUNDED], struct vg_error *error);

enum vg_code identity_unlock(struct cli_call *call);
enum vg_code identity_lock(struct cli_call *call);
enum vg_code identity_held(struct cli_call *call);
enum vg_code identity_agent(struct cli_call *call);

#endif
