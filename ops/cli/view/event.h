/* SPDX-License-Identifier: Apache-2.0
 * Timeline events in words. What they say is text of strangers, to be shown harmlessly. */
#ifndef VIGIL_OPS_CLI_VIEW_EVENT_H
#define VIGIL_OPS_CLI_VIEW_EVENT_H

#include <jansson.h>

/* What an event has set: "T1 open to claimed", "customer-risk yes"; "" where nothing is. */
void view_change(const json_t *event, char *out, size_t size);

/* What its author said, where that is not what was set; borrowed. */
const char *view_said(const json_t *event);

#endif
