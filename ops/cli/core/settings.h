/* SPDX-License-Identifier: Apache-2.0
 * Where a call goes and as whom: flags, then VIGIL_* variables, then the context of the
 * configuration file (docs/cli.md). */
#ifndef VIGIL_OPS_CLI_CORE_SETTINGS_H
#define VIGIL_OPS_CLI_CORE_SETTINGS_H

#include "common/crypto.h"
#include "common/error.h"

enum {
    CLI_NODES_MAX = 16,
    CLI_URL_MAX = 255,
    CLI_NODE_TEXT = CLI_URL_MAX + 1 + 2 * VG_CHANNEL_KEY_SIZE + 1, /* "URL#KEY" and the end */
    CLI_TIMEOUT_DEFAULT_MS = 5000
};

/* Where a node is, and by which channel key it must be known there. */
struct cli_node {
    char url[CLI_URL_MAX + 1];
    bool has_key;
    vg_channel_public key;
};

enum cli_output { CLI_TABLE, CLI_WIDE, CLI_JSON, CLI_JSONL };

struct cli_settings {
    char *context; /* name; NULL: none in use */
    struct cli_node nodes[CLI_NODES_MAX];
    unsigned node_count;
    char *identity;    /* path of the identity file; NULL: none known */
    char *compartment; /* default compartment; NULL: none */
    char *cluster;     /* its id by the genesis file or the context, hex; NULL: not known */
    enum cli_output output;
    uint32_t timeout_ms;
    bool has_request;
    vg_id request; /* of --request-id */
    bool dry_run;
};

/* Flags of a call that say where it goes; NULL where not given. */
struct cli_flags {
    const char *context;
    const char *node;
    const char *genesis;
    const char *identity;
    const char *output;
    const char *timeout;
    const char *request_id;
    bool dry_run;
    bool local; /* look up no context */
};

/* Resolves the settings. VG_USAGE names a flag or variable that is wrong, VG_INVALID a place in the
 * configuration. Not finding any node or identity is no error here: not every command needs one. */
enum vg_code cli_settings_resolve(const struct cli_flags *flags, struct cli_settings *out,
                                  struct vg_error *error);

/* "URL#KEY", or "URL" without a key, as contexts and --node have it. */
void cli_node_format(const struct cli_node *node, char out[CLI_NODE_TEXT]);

/* Only the output format, from flag or variable: for errors before the settings are known. */
enum cli_output cli_output_guess(const char *flag);

void cli_settings_free(struct cli_settings *settings);

#endif
