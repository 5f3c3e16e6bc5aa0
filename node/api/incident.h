/* SPDX-License-Identifier: Apache-2.0
 * Incidents and their parts as JSON, for the files of node/api alone. New references. */
#ifndef VIGIL_NODE_API_INCIDENT_H
#define VIGIL_NODE_API_INCIDENT_H

#include "node/api/api.h"

/* CLI.md's `show` object. */
json_t *api_incident(const struct response_machine *machine, const struct api_query *query,
                     const struct response_incident *incident);

/* The same with all that is part of it: history, tasks, steps, evidence, tenants, links, proposals
 * and the latest of its timeline. */
json_t *api_incident_page(const struct response_machine *machine, const struct api_query *query,
                          const struct response_incident *incident);

/* Parts of one kind after one, in the order of their ids. */
json_t *api_incident_parts(const struct response_machine *machine, const struct api_query *query,
                           const struct response_incident *incident);

/* One timeline event of an incident. */
json_t *api_event(const struct response_machine *machine, const struct response_incident *incident,
                  const struct response_event *event);

/* A proposal with the command it is about, as bytes, so that a signer can read them. */
json_t *api_proposal(const struct response_proposal *proposal);

#endif
