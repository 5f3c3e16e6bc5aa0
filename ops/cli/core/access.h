/* SPDX-License-Identifier: Apache-2.0
 * Who speaks to which cluster: what a channel to any of its nodes needs of this side. */
#ifndef VIGIL_OPS_CLI_CORE_ACCESS_H
#define VIGIL_OPS_CLI_CORE_ACCESS_H

#include "ops/cli/core/signer.h"
#include "proto/channel/channel.h"

struct cli_access {
    vg_hash cluster;
    struct cli_signer signer; /* a person's, or a node's, which may read */
    struct noise_static self; /* its channel key; what it borrows is above */
};

/* Reads the identity file; `cluster` is an id in hex. VG_USAGE when either is not known (NULL),
 * with how to give it; errors of cli_signer_open. */
enum vg_code cli_access_open(const char *identity, const char *cluster, struct cli_access **out,
                             struct vg_error *error);

/* Wipes and frees; NULL is allowed. */
void cli_access_free(struct cli_access *access);

#endif
