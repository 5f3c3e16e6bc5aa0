/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster members remove`: one entry evicts the node; then, by a key officer, one for each
 * compartment that it had the key of, which is sealed under another from there on. */
#include <stdio.h>

#include "ops/cli/cluster.h"
#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/output.h"

/* VG_FORBIDDEN: the node has the key in force, and it is a key officer's to make another. */
static enum vg_code seal_anew(struct cli_call *call, const char *compartment)
{
    json_t *document = compartment_ask(call, compartment);
    if (document == NULL)
        return call->error.code;
    enum vg_code code = VG_OK;
    if (compartment_has_evicted(document)) {
        json_t *answer = NULL;
        vg_id request = cli_request_make();
        code = compartment_rotate(call, document, &request, &answer);
        json_decref(answer);
    }
    json_decref(document);
    return code;
}

/* Appends to `known` the names of compartments whose key the node still has. Eviction is an
 * operator's: who is no key officer leaves the keys to one. */
static enum vg_code seal_all_anew(struct cli_call *call, json_t *known)
{
    json_t *directory = cli_query(call, json_pack("{s:s}", "query", "directory"));
    enum vg_code code = directory != NULL ? VG_OK : call->error.code;
    size_t i;
    json_t *compartment;
    json_array_foreach(json_object_get(directory, "compartments"), i, compartment)
    {
        if (code == VG_OK)
            code = seal_anew(call, cli_json_text(compartment, "id"));
        if (code != VG_FORBIDDEN)
            continue;
        bool named = cli_json_text(compartment, "name")[0] != '\0';
        json_array_append(known, json_object_get(compartment, named ? "name" : "id"));
        call->error = (struct vg_error){.code = VG_OK};
        code = VG_OK;
    }
    json_decref(directory);
    return code;
}

static void print_outcome(struct cli_call *call, json_t *answer, const json_t *known)
{
    size_t i;
    json_t *name;
    json_object_set(answer, "keys_known", (json_t *)known);
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, answer);
    else
        printf("node %s is evicted\n", call->words[0]);
    json_array_foreach(known, i, name) fprintf(
        stderr,
        "vigil: note: node %s still has the key of %s; a key officer makes a fresh one: vigil "
        "compartment rotate %s\n",
        call->words[0], json_string_value(name), json_string_value(name));
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
        json_t *known = json_array();
        code = seal_all_anew(call, known);
        if (code == VG_OK)
            print_outcome(call, answer, known);
        json_decref(known);
    }
    json_decref(answer);
    return code;
}
