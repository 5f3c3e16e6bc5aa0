/* SPDX-License-Identifier: Apache-2.0
 * A command of the state machine from the words and options of a call: each field of the operation
 * is an option of the same name, one of the words, or a default of the command's row. */
#ifndef VIGIL_OPS_CLI_CORE_FILL_H
#define VIGIL_OPS_CLI_CORE_FILL_H

#include "ops/cli/core/change.h"

enum { CLI_GIVEN_MAX = 16, CLI_TEXTS_MAX = 4 };

/* A command being filled. Zero-initialise; free with cli_fill_free. */
struct cli_fill {
    struct response_command command;
    vg_id compartment;
    char incident[VG_ID_TEXT];                  /* that the call names; "": none */
    vg_id request;                              /* that it is sent under */
    struct cli_aspect aspects[CLI_ASPECTS_MAX]; /* that the command sets */
    uint32_t aspect_count;
    /* Values that a handler gives before it calls cli_fill; borrowed. */
    struct {
        const char *field;
        const char *text;
    } given[CLI_GIVEN_MAX];
    uint32_t given_count;
    struct vg_buffer texts[CLI_TEXTS_MAX]; /* read from files */
    uint32_t text_count;
    char words[256]; /* defaults, cut into their parts */
};

/* Gives a field its value, ahead of any option. */
void cli_fill_give(struct cli_fill *fill, const char *field, const char *text);

/* The same with the text of a file, "-" for standard input; line ends at its end are left out. */
enum vg_code cli_fill_give_file(struct cli_call *call, struct cli_fill *fill, const char *field,
                                const char *path);

/* Fills in everything. VG_USAGE names the option and what it may be; VG_NOT_FOUND what is not
 * there. */
enum vg_code cli_fill(struct cli_call *call, struct cli_fill *fill);

void cli_fill_free(struct cli_fill *fill);

/* Sends what was filled; the answer is the caller's. */
enum vg_code cli_fill_send(struct cli_call *call, struct cli_fill *fill, json_t **answer);

/* Sends it and prints the answer. */
enum vg_code cli_fill_submit(struct cli_call *call, struct cli_fill *fill);

/* The handler of every command whose row says all there is to say. */
enum vg_code cli_run_operation(struct cli_call *call);

#endif
