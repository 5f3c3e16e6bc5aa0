/* SPDX-License-Identifier: Apache-2.0
 * The public half of an identity as people hand it over: the document that `vigil identity show -o
 * json` prints. */
#ifndef VIGIL_OPS_CLI_CORE_PUBLIC_H
#define VIGIL_OPS_CLI_CORE_PUBLIC_H

#include <jansson.h>

#include "common/keyring.h"
#include "proto/ledger/genesis.h"

struct cli_public {
    struct vg_holder holder;
    struct vg_keys keys;
    bool has_unwraps; /* a node that is to be a cluster's first has them */
    struct vg_unwrap_key unwraps[LEDGER_FOUNDED];
};

/* The compartments of a genesis: what documents call them, and what stands for them in a keyring
 * that was made before. */
extern const struct cli_founded {
    const char *name;
    const vg_id *before;
} cli_founded[LEDGER_FOUNDED];

/* At most VG_SIGNATURE_SIZE bytes as a hex string. Owned by the caller. */
json_t *cli_json_hex(const void *bytes, size_t size);

/* Its document: kind, id, public_key, channel_key, binding, fingerprint; unwraps, if it
 * has them: "directory" and "first", of each key and binding. Owned by the caller. */
json_t *cli_public_describe(const struct cli_public *public_half);

/* Of a document that says keys and id and, here, no kind: a row of the directory. False for any
 * other. Whether the binding holds is for the caller to verify. */
bool cli_public_of(const json_t *document, enum vg_identity_kind kind, struct cli_public *out);

/* Reads such a document; other members are ignored. VG_INVALID for any other file, VG_INTEGRITY
 * when a binding does not hold or its fingerprint is another's. `path` "-" is standard input. */
enum vg_code cli_public_read(const char *path, struct cli_public *out, struct vg_error *error);

#endif
