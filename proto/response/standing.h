/* SPDX-License-Identifier: Apache-2.0
 * How the node that keeps this store stands to each compartment: its own notes, in no state hash
 * and alike on no two nodes (docs/storage.md, "Clearance"). What the log says of who is cleared is
 * in epochs.h and clearance.h. */
#ifndef VIGIL_PROTO_RESPONSE_STANDING_H
#define VIGIL_PROTO_RESPONSE_STANDING_H

#include "proto/response/machine.h"

enum response_status {
    RESPONSE_BLIND,      /* not cleared; nothing of it is here */
    RESPONSE_REBUILDING, /* cleared: its state is made from the log, beside this one */
    RESPONSE_LEVEL,      /* cleared, and its state is that of the cursor */
    RESPONSE_STOPPED,    /* cleared by the log, and the key is not to be had here */
    RESPONSE_REMOVING,   /* cleared no longer, and not yet rid of all that was here */
    RESPONSE_DIVERGED,   /* cleared, its entries are applied, and its state is not the others' */
    RESPONSE_STATUSES
};

struct response_standing {
    vg_id compartment;
    enum response_status status;
};

/* "level" and so on; static. */
const char *response_status_name(enum response_status status);

/* RESPONSE_BLIND when nothing is noted. */
struct response_standing response_standing_get(const struct response_machine *machine,
                                               const vg_id *compartment);

/* The next note after `*out` by compartment, from a zeroed one on; false at the end. */
bool response_standing_next(const struct response_machine *machine, struct response_standing *out);

/* Notes it, instead of what was noted before. */
void response_standing_put(const struct response_machine *machine,
                           const struct response_standing *standing);

/* Whether the compartment's questions are answered here, and writes in it begin here: it is level,
 * and not diverged. */
bool response_is_served(const struct response_machine *machine, const vg_id *compartment);

/* Forgets the state hash of a compartment whose pairs are all gone; false if there was none. */
bool response_state_forget(const struct response_machine *machine, const vg_id *compartment);

/* Takes over the state hash that another store has of a compartment whose pairs were copied. */
void response_state_adopt(const struct response_machine *machine,
                          const struct response_machine *from, const vg_id *compartment);

#endif
