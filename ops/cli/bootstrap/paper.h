/* SPDX-License-Identifier: Apache-2.0
 * What goes between the machines of a recovery (docs/compartments.md, "Recovery"): from an
 * officer's to the one without a network the request, back the next epoch. JSON; no secret is in
 * either. */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_PAPER_H
#define VIGIL_OPS_CLI_BOOTSTRAP_PAPER_H

#include "common/limits.h"
#include "common/text.h"
#include "common/unwrap.h"
#include "proto/compartment/epoch.h"

enum recovery_paper_kind {
    RECOVERY_REQUEST, /* the epoch in force, and for whom the next is to be */
    RECOVERY_EPOCH,   /* the next */
};

struct recovery_paper {
    vg_hash cluster;
    vg_hash place; /* what stands for the cluster in the commitment and wraps of the one in force */
    char name[VG_NAME_MAX + 1]; /* of the compartment */
    struct compartment_epoch epoch;
    uint32_t count;
    struct recovery_offer {
        vg_node_id node;             /* ascending */
        vg_public_key key;           /* it signs with */
        struct vg_unwrap_key unwrap; /* its unwrap key, signed */
    } offers[VG_NODES_MAX];
};

/* Writes it (mode 0600), and its fingerprint, by which people compare what arrives. VG_EXISTS if
 * there is a file. */
enum vg_code recovery_paper_write(const char *path, enum recovery_paper_kind kind,
                                  const struct recovery_paper *paper,
                                  char fingerprint[VG_FINGERPRINT_TEXT], struct vg_error *error);

/* `told`: its fingerprint as somebody read it out, or NULL; VG_INTEGRITY if it is another.
 * VG_INVALID for any other file; VG_INTEGRITY if an unwrap key is not signed by the key it names.
 */
enum vg_code recovery_paper_read(const char *path, enum recovery_paper_kind kind,
                                 const uint8_t *told, struct recovery_paper *out,
                                 struct vg_error *error);

/* The epoch after that of a request, under a fresh data key, for those who have offered: `out` is
 * the request with it. VG_INTEGRITY if the one in force does not open with this recovery key. Uses
 * the system's randomness. */
enum vg_code recovery_paper_answer(const struct recovery_paper *request,
                                   const vg_box_secret *secret, struct recovery_paper *out,
                                   struct vg_error *error);

#endif
