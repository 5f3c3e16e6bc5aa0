/* SPDX-License-Identifier: Apache-2.0
 * Compartments, as one reads of them. */
#include <inttypes.h>
#include <stdio.h>

#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/shred.h"

static const struct cli_column list_columns[] = {
    {.title = "NAME", .path = "name"},
    {.title = "EPOCH", .path = "epoch"},
    {.title = "ID", .path = "id"},
    {.title = "SHREDDED", .path = "shredding.state"},
    {.title = NULL},
};

static const struct cli_column show_columns[] = {
    {.title = "compartment", .path = "name"},      {.title = "id", .path = "id"},
    {.title = "epoch", .path = "epoch"},           {.title = "since entry", .path = "since"},
    {.title = "commitment", .path = "commitment"}, {.title = NULL},
};

static const struct cli_column holder_columns[] = {
    {.title = "NODE", .path = "node"},
    {.title = "UNWRAP KEY", .path = "unwrap_key"},
    {.title = NULL},
};

static const struct cli_column revoked_columns[] = {
    {.title = "NODE", .path = "node"},
    {.title = "BY EPOCH", .path = "epoch"},
    {.title = "ATTESTED WITH ENTRY", .path = "attested"},
    {.title = NULL},
};

static const struct cli_column override_columns[] = {
    {.title = "fewer than that, because", .path = "reason"},
    {.title = "said at", .path = "at"},
    {.title = NULL},
};

static const struct cli_column checkpoint_columns[] = {
    {.title = "last checkpoint, of entry", .path = "mark"},
    {.title = "state hash", .path = "state_hash"},
    {.title = "commands accepted", .path = "accepted"},
    {.title = "and refused", .path = "refused"},
    {.title = NULL},
};

static const struct cli_column said_columns[] = {
    {.title = "NODE", .path = "node"},
    {.title = "WITH ENTRY", .path = "index"},
    {.title = "AT", .path = "at"},
    {.title = "AGREES", .path = "agrees"},
    {.title = "STATE HASH", .path = "state_hash"},
    {.title = NULL},
};

enum vg_code compartment_run_list(struct cli_call *call)
{
    json_t *directory = cli_query(call, json_pack("{s:s}", "query", "directory"));
    if (directory == NULL)
        return call->error.code;
    const json_t *compartments = json_object_get(directory, "compartments");
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, compartments);
    else
        cli_print_table(stdout, call->settings.output, compartments, list_columns);
    json_decref(directory);
    return VG_OK;
}

/* What else is kept of who may be and must be cleared, and of who was. */
static void print_clearance(struct cli_call *call, const json_t *document)
{
    const json_t *boundary = json_object_get(document, "boundary");
    const json_t *override_ = json_object_get(document, "override");
    const json_t *revoked = json_object_get(document, "revoked");
    size_t i;
    json_t *region;
    uint64_t least = cli_json_number(document, "min_cleared");
    bool apart = least > 1 && json_array_size(boundary) != 1;
    printf("\nat least %" PRIu64 " node%s must be cleared%s, of %s", least, least == 1 ? "" : "s",
           apart ? ", in 2 regions if there are as many" : "",
           json_array_size(boundary) == 0 ? "any region" : "the regions");
    json_array_foreach(boundary, i, region)
        printf("%s%s", i == 0 ? " " : ", ", cli_json_text(region, ""));
    printf("\n");
    if (json_is_object(override_))
        cli_print_fields(stdout, override_, override_columns);
    if (json_array_size(revoked) == 0)
        return;
    printf("\nthese were cleared before; one that has attested has destroyed its key:\n");
    cli_print_table(stdout, call->settings.output, revoked, revoked_columns);
}

static void print_checkpoint(struct cli_call *call, const json_t *document)
{
    const json_t *checkpoint = json_object_get(document, "checkpoint");
    if (!json_is_object(checkpoint))
        return;
    printf("\n");
    cli_print_fields(stdout, checkpoint, checkpoint_columns);
    printf("\nsaid by these nodes; one that is cleared and says nothing has the same, or is "
           "behind:\n");
    cli_print_table(stdout, call->settings.output, json_object_get(checkpoint, "said"),
                    said_columns);
}

static void print_compartment(struct cli_call *call, const json_t *document)
{
    cli_print_fields(stdout, document, show_columns);
    if (cli_json_number(document, "epoch") == 0) {
        printf("in clear: every node reads it\n");
        return;
    }
    if (shred_print(call, document))
        return;
    printf("\nits key is wrapped for the recovery key (-) and these nodes:\n");
    cli_print_table(stdout, call->settings.output, json_object_get(document, "holders"),
                    holder_columns);
    print_clearance(call, document);
    print_checkpoint(call, document);
}

enum vg_code compartment_run_show(struct cli_call *call)
{
    json_t *document = compartment_ask(call, call->words[0]);
    if (document == NULL)
        return call->error.code;
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, document);
    else
        print_compartment(call, document);
    json_decref(document);
    return VG_OK;
}
