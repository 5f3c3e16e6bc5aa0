/* SPDX-License-Identifier: Apache-2.0
 * Tenants, their cases, and what is owed to them as JSON, for the files of node/api alone. New
 * references; NULL with the error set. */
#ifndef VIGIL_NODE_API_TENANTS_H
#define VIGIL_NODE_API_TENANTS_H

#include "node/api/api.h"

json_t *api_tenants(struct response_machine *machine, const struct api_query *query,
                    struct vg_error *error);
json_t *api_tenant(struct response_machine *machine, const struct api_query *query,
                   struct vg_error *error);
json_t *api_cases(struct response_machine *machine, const struct api_query *query,
                  struct vg_error *error);
json_t *api_case(struct response_machine *machine, const struct api_query *query,
                 struct vg_error *error);
json_t *api_facts(struct response_machine *machine, const struct api_query *query,
                  struct vg_error *error);

/* The affected tenants of an incident, by their names, each with what became of its case. */
json_t *api_affected(const struct response_machine *machine, const struct api_query *query,
                     const struct response_incident *incident);

/* How much an incident owes, and since when; null where nothing is owed. */
json_t *api_owes(const struct response_machine *machine, const struct api_query *query,
                 const struct response_incident *incident);

#endif
