/* SPDX-License-Identifier: Apache-2.0
 * Handlers of `vigil incident`. */
#ifndef VIGIL_OPS_CLI_INCIDENT_H
#define VIGIL_OPS_CLI_INCIDENT_H

#include "ops/cli/core/command.h"

enum vg_code incident_detect(struct cli_call *call);
enum vg_code incident_note(struct cli_call *call);
enum vg_code incident_stage(struct cli_call *call);
enum vg_code incident_close(struct cli_call *call);

enum vg_code incident_list(struct cli_call *call);
enum vg_code incident_show(struct cli_call *call);
enum vg_code incident_timeline(struct cli_call *call);
enum vg_code incident_document(struct cli_call *call);

/* The incident of an id as text: asks the node. NULL with the call's error set. */
json_t *incident_ask(struct cli_call *call, const char *query, const char *id);

#endif
