/* SPDX-License-Identifier: Apache-2.0
 * Compartments, and which of them this node can read, for the files of node/api alone. */
#ifndef VIGIL_NODE_API_COMPARTMENTS_H
#define VIGIL_NODE_API_COMPARTMENTS_H

#include "common/error.h"
#include "proto/response/directory.h"

enum { API_COMPARTMENTS_MAX = 256 };

struct api_compartments {
    vg_id ids[API_COMPARTMENTS_MAX];
    uint32_t count;
};

/* The directory, the first compartment, and every other the directory names. */
void api_compartments_list(const struct response_machine *machine, struct api_compartments *out);

/* Those of them that are level here, and have not diverged. */
void api_compartments_level(const struct response_machine *machine, struct api_compartments *out);

/* Its name in the directory, "directory" for that one, else its id. */
void api_compartment_name(const struct response_machine *machine, const vg_id *id,
                          char out[VG_NAME_MAX + 1]);

/* Of a name or an id. VG_NOT_FOUND. */
enum vg_code api_compartment_find(const struct response_machine *machine, const char *name,
                                  vg_id *out, struct vg_error *error);

/* The same of one that is to be read: VG_UNAVAILABLE if it is not level here, naming who is
 * cleared.
 */
enum vg_code api_compartment_open(const struct response_machine *machine, const char *name,
                                  vg_id *out, struct vg_error *error);

/* Nothing of the kind is in any compartment that is level here: VG_NOT_FOUND, or VG_UNAVAILABLE if
 * it may be in another. */
enum vg_code api_none_here(const struct response_machine *machine, const char *what,
                           const vg_id *id, struct vg_error *error);

#endif
