/* SPDX-License-Identifier: Apache-2.0
 * Handlers of `vigil incident` that are more than one operation. */
#ifndef VIGIL_OPS_CLI_INCIDENT_H
#define VIGIL_OPS_CLI_INCIDENT_H

#include "ops/cli/core/command.h"

enum vg_code incident_detect(struct cli_call *call);
enum vg_code incident_text(struct cli_call *call); /* a text from --text or --file */
enum vg_code incident_withdraw(struct cli_call *call);

enum vg_code incident_list(struct cli_call *call);
enum vg_code incident_show(struct cli_call *call);
enum vg_code incident_timeline(struct cli_call *call);
enum vg_code incident_watch(struct cli_call *call);
enum vg_code incident_document(struct cli_call *call);
enum vg_code incident_filters(struct cli_call *call);

/* The incident of an id as text: asks the node. NULL with the call's error set. */
json_t *incident_ask(struct cli_call *call, const char *query, const char *id);

/* The people of the directory, borrowed from the call; NULL where it cannot be had: then ids are
 * shown as they are. */
const json_t *incident_people(struct cli_call *call);

/* A list over all compartments is one of those that the node asked can read: says on stderr which
 * are not in it, unless the call names one. */
void incident_say_left_out(struct cli_call *call);

#endif
