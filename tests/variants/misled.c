/* SPDX-License-Identifier: Apache-2.0
 * vigild that makes the next epoch of a compartment with a wrap of another key for the node that
 * VIGIL_MISLEADS names: cluster/lying has to find that node stopped for that compartment, and
 * nothing else. Its officer's `vigil` cannot see what is in a wrap. */
#include <stdlib.h>
#include <string.h>

#include "common/identity.h"
#include "common/log.h"
#include "proto/compartment/epoch.h"

enum vg_code __real_compartment_epoch_wrap(struct compartment_epoch *epoch, const vg_hash *cluster,
                                           const vg_cipher_key *key, vg_node_id holder,
                                           const vg_box_public *unwrap,
                                           const uint8_t seed[VG_SEED_SIZE],
                                           struct vg_error *error);
enum vg_code __wrap_compartment_epoch_wrap(struct compartment_epoch *epoch, const vg_hash *cluster,
                                           const vg_cipher_key *key, vg_node_id holder,
                                           const vg_box_public *unwrap,
                                           const uint8_t seed[VG_SEED_SIZE],
                                           struct vg_error *error);
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

static uint64_t misled; /* a node's id; 0: none */

enum vg_code __wrap_compartment_epoch_wrap(struct compartment_epoch *epoch, const vg_hash *cluster,
                                           const vg_cipher_key *key, vg_node_id holder,
                                           const vg_box_public *unwrap,
                                           const uint8_t seed[VG_SEED_SIZE], struct vg_error *error)
{
    vg_cipher_key other;
    vg_random(other.bytes, sizeof other.bytes);
    bool other_key = misled != 0 && holder.value == misled;
    return __real_compartment_epoch_wrap(epoch, cluster, other_key ? &other : key, holder, unwrap,
                                         seed, error);
}

int __wrap_main(int argc, char **argv)
{
    const char *node = getenv("VIGIL_MISLEADS");
    misled = node != NULL ? strtoull(node, NULL, 10) : 0;
    vg_log(VG_LOG_WARN, "test-build", "wraps another key for node %llu",
           (unsigned long long)misled);
    return __real_main(argc, argv);
}
