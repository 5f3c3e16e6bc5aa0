/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/change.h"

void cli_call_free(struct cli_call *call)
{
    cli_author_free(call->author);
    cli_client_free(call->client);
    cli_access_free(call->access);
    cli_settings_free(&call->settings);
    json_decref(call->names);
    json_decref(call->details);
}
