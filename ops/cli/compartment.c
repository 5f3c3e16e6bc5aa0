/* SPDX-License-Identifier: Apache-2.0
 * `vigil compartment`: what is sealed apart, for whom, and every change of that. */
#include "ops/cli/compartment.h"

#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/recover.h"
#include "ops/cli/shred.h"

static const struct cli_option create_options[] = {
    {.name = "nodes", .value = "IDS", .help = "those that are cleared for it: 1,2,3"},
    {.name = "boundary",
     .value = "REGIONS",
     .help = "regions that its key never leaves: emea,amer"},
    {.name = "min-cleared", .value = "N", .help = "nodes that must be cleared for it (2)"},
    {.name = "recovery",
     .value = "KEY",
     .help = "public key of its recovery, in hex (the directory's)"},
    {.name = NULL},
};

static const struct cli_option grant_options[] = {
    {.name = "node-id", .value = "ID", .help = "the node that is to be cleared"},
    {.name = NULL},
};

static const struct cli_option revoke_options[] = {
    {.name = "node-id", .value = "ID", .help = "the node that is to be cleared no more"},
    {.name = "override",
     .value = "REASON",
     .help = "why there may be fewer nodes than there should be; stays visible"},
    {.name = NULL},
};

static enum vg_code run_rename(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    enum vg_code code = cli_fill(call, &fill);
    if (code == VG_OK && vg_id_equal(&fill.command.label.compartment, &call->author->directory))
        code = vg_fail(&call->error, VG_INVALID, "the directory keeps its name");
    if (code == VG_OK)
        code = cli_fill_submit(call, &fill);
    cli_fill_free(&fill);
    return code;
}

const struct cli_command compartment_commands[] = {
    {.name = "list",
     .summary = "List compartments and the epochs of their keys",
     .examples = "  vigil compartment list",
     .run = compartment_run_list},
    {.name = "show",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Show for whom a compartment's key is wrapped",
     .examples = "  vigil compartment show directory",
     .run = compartment_run_show},
    {.name = "create",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Make a compartment that is sealed for some nodes from its first entry on",
     .about =
         "For key officers. Each node is asked for a key of its own, to which the compartment's\n"
         "is wrapped; this context must have the addresses of all of them. Interrupted, it is\n"
         "finished by the same command with the same --request-id.",
     .examples = "  vigil compartment create acme --nodes 1,2\n"
                 "  vigil compartment create acme-eu --nodes 1,2,3 --boundary emea --min-cleared 3",
     .options = create_options,
     .run = compartment_run_create,
     .flags = CLI_CHANGES},
    {.name = "rename",
     .words = "NAME NEW",
     .words_min = 2,
     .words_max = 2,
     .summary = "Give a compartment another name",
     .about = "For operators and key officers. The former name stays in the log, sealed with the\n"
              "directory. Contexts that have it as their default are changed by hand.",
     .examples = "  vigil compartment rename acme case-17",
     .run = run_rename,
     .op = RESPONSE_OP_LABEL,
     .fields = "compartment,name",
     .flags = CLI_CHANGES},
    {.name = "grant",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Clear one more node for a compartment, with all of its history",
     .about = "For key officers. What comes is sealed under a fresh key.",
     .examples = "  vigil compartment grant acme --node-id 3",
     .options = grant_options,
     .run = compartment_run_grant,
     .flags = CLI_CHANGES},
    {.name = "revoke",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Clear a node no more: what comes is sealed under a key that it never has",
     .about = "For key officers. The node destroys its keys and what it kept, and attests it;\n"
              "vigil compartment show lists who has still to.",
     .examples = "  vigil compartment revoke acme --node-id 3\n"
                 "  vigil compartment revoke acme --node-id 2 --override 'the site is lost'",
     .options = revoke_options,
     .run = compartment_run_revoke,
     .flags = CLI_CHANGES | CLI_FINAL},
    {.name = "shred",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Propose that nobody ever reads a compartment again",
     .about =
         "For key officers, two of whom must sign: with the second signature it is done, and\n"
         "cannot be undone. Every node that ever held its key destroys its own and attests it;\n"
         "vigil compartment show lists who has still to. Its entries stay, unreadable.",
     .examples = "  vigil compartment shred acme\n"
                 "  vigil compartment shred acme --yes acme",
     .options = shred_options,
     .run = shred_compartment,
     .flags = CLI_CHANGES | CLI_FINAL},
    {.name = "recover",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Propose an epoch that the holders of the recovery key have made",
     .about = "For key officers, two of whom must sign: for a compartment that no node can read.\n"
              "vigil recovery request begins it, and the holders' shares make the epoch on a\n"
              "machine without a network: vigil recovery open.",
     .examples = "  vigil compartment recover acme --record next.json",
     .options = recover_options,
     .run = recover_compartment,
     .flags = CLI_CHANGES},
    {.name = "recovery-destroyed",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Propose to record that the recovery key of a shredded compartment is destroyed",
     .about = "For key officers, two of whom must sign that its shares were destroyed. They name\n"
              "the key by its public half. One that another compartment has too cannot be said\n"
              "to be destroyed.",
     .examples = "  vigil compartment recovery-destroyed acme --key HEX",
     .options = shred_recovery_options,
     .run = shred_recovery,
     .flags = CLI_CHANGES | CLI_FINAL},
    {.name = "rotate",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Seal what comes under a fresh key, for the same nodes but those evicted",
     .about = "For key officers. What was sealed before stays readable for who could read it.",
     .examples = "  vigil compartment rotate directory",
     .run = compartment_run_rotate,
     .flags = CLI_CHANGES},
    {.name = NULL},
};
