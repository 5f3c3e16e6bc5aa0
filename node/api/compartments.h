/* SPDX-License-Identifier: Apache-2.0
 * Compartments, what who asks may see of them, and which of them this node can read, for the files
 * of node/api alone. Who asks is looked up first, and a compartment only among those that are known
 * to them: an answer about another one is made by the same reads as one about none. */
#ifndef VIGIL_NODE_API_COMPARTMENTS_H
#define VIGIL_NODE_API_COMPARTMENTS_H

#include "common/error.h"
#include "node/api/api.h"

/* Every compartment there is: the directory, the first one, and those that the directory names. */
void api_compartments_all(const struct response_machine *machine, struct api_compartments *out);

/* Those of which the asker may see something and that are level here, and have not diverged. */
void api_compartments_level(const struct response_machine *machine, const vg_id *asker,
                            struct api_compartments *out);

bool api_compartments_have(const struct api_compartments *list, const vg_id *id);

/* Its name in the directory, "directory" for that one, else its id. */
void api_compartment_name(const struct response_machine *machine, const vg_id *id,
                          char out[VG_NAME_MAX + 1]);

/* The same for an asker, to whom a compartment that they do not know is an id. */
void api_compartment_name_for(const struct response_machine *machine, const vg_id *asker,
                              const vg_id *id, char out[VG_NAME_MAX + 1]);

/* Of a name or an id, among those the asker knows. VG_NOT_FOUND. */
enum vg_code api_compartment_find(const struct response_machine *machine, const vg_id *asker,
                                  const char *name, vg_id *out, struct vg_error *error);

/* The same of one that is to be read: VG_FORBIDDEN if the asker has no role that sees this much of
 * it, VG_UNAVAILABLE if it is not level here, naming who is cleared. */
enum vg_code api_compartment_open(const struct response_machine *machine, const vg_id *asker,
                                  const char *name, enum response_sight least, vg_id *out,
                                  struct vg_error *error);

/* What a list is made of: the compartment that the question names, opened as above; if it names
 * none, those that are level here and of which the asker sees this much. */
enum vg_code api_compartments_read(const struct response_machine *machine,
                                   const struct api_query *query, enum response_sight least,
                                   struct api_compartments *out, struct vg_error *error);

/* Nothing of the kind is in any compartment that is level here and the asker's: VG_NOT_FOUND, or
 * VG_UNAVAILABLE if it may be in another one of theirs. */
enum vg_code api_none_here(const struct response_machine *machine, const vg_id *asker,
                           const char *what, const vg_id *id, struct vg_error *error);

#endif
