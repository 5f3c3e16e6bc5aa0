/* SPDX-License-Identifier: Apache-2.0
 * The one thing a person's commands are signed with, wherever the secret is: in this process, or in
 * the agent (docs/keys.md). */
#ifndef VIGIL_OPS_CLI_CORE_SIGNER_H
#define VIGIL_OPS_CLI_CORE_SIGNER_H

#include "common/identity.h"
#include "common/mem.h"
#include "proto/ledger/entry.h"

struct cli_signer {
    struct vg_identity identity; /* without its secrets where the agent has them */
    char *agent;                 /* its socket; NULL: the secrets are here */
};

/* Reads an identity file. A sealed one is the agent's to use, if one runs and holds its key; else a
 * person at the terminal opens it. VG_UNAVAILABLE where there is neither, with the remedy; errors
 * of vg_identity_file_read and vg_identity_open. Close it with cli_signer_close, always. */
enum vg_code cli_signer_open(const char *path, struct cli_signer *out, struct vg_error *error);

/* Wipes; what was zero-initialised may be closed too. */
void cli_signer_close(struct cli_signer *signer);

/* Appends the command, signed by its author, who is the signer's. Any thread. Fails where the agent
 * does: VG_UNAVAILABLE when it has ended, or forgotten the key. */
enum vg_code cli_signer_sign(const struct cli_signer *signer, struct ledger_command *command,
                             struct vg_buffer *out, struct vg_error *error);

/* The shared secret of the signer's channel key and theirs, as a handshake asks for it. `signer` is
 * a struct cli_signer. Any thread; fails as cli_signer_sign does. */
enum vg_code cli_signer_dh(void *signer, const vg_channel_public *theirs,
                           uint8_t shared[VG_CHANNEL_KEY_SIZE], struct vg_error *error);

/* Opens a sealed identity with a passphrase asked for on the terminal; `remedy` says what to do
 * without one. */
enum vg_code cli_identity_ask(struct vg_identity_file *file, const char *path, const char *remedy,
                              struct vg_error *error);

#endif
