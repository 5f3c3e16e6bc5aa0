/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster members remove`: one entry evicts the node; a second, by a key officer, seals the
 * directory under a key that it never had. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/cluster.h"
#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/output.h"

static const char *const directory = "directory";

/* What became of the directory's key; NULL: the call's error. Eviction is an operator's, and a key
 * is a key officer's to make: who is not both leaves that to another. */
static const char *seal_anew(struct cli_call *call)
{
    json_t *document = compartment_ask(call, directory);
    const char *became = "fresh";
    if (document == NULL)
        return NULL;
    if (cli_json_number(document, "epoch") == 0) {
        became = "clear";
    } else if (compartment_has_evicted(document)) {
        json_t *answer = NULL;
        vg_id request = cli_request_make();
        enum vg_code code = compartment_rotate(call, document, &request, &answer);
        became = code == VG_OK ? "fresh" : code == VG_FORBIDDEN ? "known" : NULL;
        if (code == VG_FORBIDDEN)
            call->error = (struct vg_error){.code = VG_OK};
        json_decref(answer);
    }
    json_decref(document);
    return became;
}

static void print_outcome(struct cli_call *call, json_t *answer, const char *became)
{
    json_object_set_new(answer, "directory_key", json_string(became));
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, answer);
    else
        printf("node %s is evicted\n", call->words[0]);
    if (strcmp(became, "known") == 0)
        fprintf(stderr,
                "vigil: note: node %s still has the directory's key; a key officer makes a fresh "
                "one: vigil compartment rotate directory\n",
                call->words[0]);
}

enum vg_code cluster_evict(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    json_t *answer = NULL;
    enum vg_code code = cli_fill(call, &fill);
    if (code == VG_OK)
        code = cli_fill_send(call, &fill, &answer);
    cli_fill_free(&fill);
    if (code == VG_OK && call->settings.dry_run) {
        cli_change_print(call, answer);
    } else if (code == VG_OK) {
        const char *became = seal_anew(call);
        code = became == NULL ? call->error.code : VG_OK;
        if (code == VG_OK)
            print_outcome(call, answer, became);
    }
    json_decref(answer);
    return code;
}
