/* SPDX-License-Identifier: Apache-2.0
 * How facts are owed and heard, for the judges and effects of proto/response alone. */
#ifndef VIGIL_PROTO_RESPONSE_FACTS_H
#define VIGIL_PROTO_RESPONSE_FACTS_H

#include "proto/response/call.h"
#include "proto/response/tenants.h"

/* VG_NOT_FOUND unless the directory has a tenant of this name. */
enum vg_code response_require_tenant(struct response_call *call, vg_span name,
                                     struct response_tenant *out);

/* The effect of the call, about call->next, owes a tenant's compartment a fact; in its own the case
 * hears it at once. */
void response_owe(struct response_call *call, const struct response_tenant *tenant,
                  enum response_fact_kind kind);

/* The case of a fact hears it, from the entry of the call. */
void response_hear(struct response_call *call, const struct response_fact *fact);

/* VG_FORBIDDEN unless the author, a node, is cleared for both compartments. */
enum vg_code response_require_carrier(struct response_call *call, const vg_id *source,
                                      const vg_id *target);

/* VG_INVALID unless what a fact says happened before the entry of the call. */
enum vg_code response_require_past(struct response_call *call, uint64_t index, uint64_t at);

#endif
