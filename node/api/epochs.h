/* SPDX-License-Identifier: Apache-2.0
 * Compartments and the epochs of their keys as JSON, for the files of node/api alone. */
#ifndef VIGIL_NODE_API_EPOCHS_H
#define VIGIL_NODE_API_EPOCHS_H

#include "node/api/api.h"

/* A compartment with the epoch in force: its number (0: in clear), since which index, the holders
 * of its key, and the record as it is in the log. A new reference; NULL with `error` set. */
json_t *api_compartment_show(struct response_machine *machine, const struct api_query *query,
                             struct vg_error *error);

/* How far a compartment is shredded: since which entry, who has still to destroy a key; null if it
 * is not to be. A compartment that the asker does not know is an id in it. */
json_t *api_shredding(const struct response_machine *machine, const vg_id *asker,
                      const vg_id *compartment);

/* Sets what the log says of a compartment's clearance: `holders`, `min_cleared`, `override`, whose
 * reason is for who knows of the compartment, and `unattested`, who was revoked and has not said
 * yet that its key is destroyed. */
void api_set_clearance(json_t *out, const struct response_machine *machine, const vg_id *asker,
                       const vg_id *compartment);

#endif
