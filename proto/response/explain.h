/* SPDX-License-Identifier: Apache-2.0
 * The rules as people can ask for them: what each says and still lacks, and what an incident's next
 * steps still need. */
#ifndef VIGIL_PROTO_RESPONSE_EXPLAIN_H
#define VIGIL_PROTO_RESPONSE_EXPLAIN_H

#include "proto/response/incident.h"

/* One rule of the response process. */
struct response_rule_text {
    const char *number; /* "R13" */
    const char *title;
    const char *text;    /* in a sentence or two */
    const char *lacking; /* what this release does not have of it; NULL: nothing */
};

/* All of them in their order; the last has a NULL number. */
extern const struct response_rule_text response_rulebook[];

/* A step that may come next for an incident. */
struct response_ahead {
    enum response_op op;
    uint8_t stage;       /* of a `stage` */
    uint16_t attests;    /* of an `attest`: the aspect */
    uint8_t disposition; /* of a `stage` to close */
    uint32_t roles;      /* one of them is enough, or, `by_two`, each of them */
    bool by_two;
};

/* Tells each step that may come next, each followed by what it still needs, as the refusals a
 * command without any arguments would get now. */
void response_explain(const struct response_machine *machine,
                      const struct response_incident *incident,
                      void (*step)(void *context, const struct response_ahead *ahead),
                      void (*need)(void *context, const struct vg_error *refusal), void *context);

/* One cell of the table of R5, as people write it: 0 is the worst. */
void response_severity_cell(uint8_t functional, uint8_t information, uint8_t recoverability,
                            uint8_t *severity, uint8_t *priority);

#endif
