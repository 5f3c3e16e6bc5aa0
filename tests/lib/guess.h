/* SPDX-License-Identifier: Apache-2.0
 * Random commands of random people, lawful and not, made up from what the model knows: mostly what
 * somebody might do next, and now and then what nobody should. */
#ifndef VIGIL_TESTS_LIB_GUESS_H
#define VIGIL_TESTS_LIB_GUESS_H

#include "common/prng.h"
#include "tests/lib/model.h"

enum { GUESS_EXPECTATIONS_MAX = 4, GUESS_TEXT = 64 };

/* One made-up command. Its texts are its own; do not copy it. */
struct guess {
    vg_id compartment;
    uint32_t author; /* a person's place in the genesis; person_count: the first node */
    bool other_id;   /* to be sent under the id of an earlier request, if there is one */
    vg_id request;   /* it is to be sent under this id; zero: any */
    struct ledger_expectation expectations[GUESS_EXPECTATIONS_MAX];
    uint16_t expectation_count;
    struct response_command command;
    char text[8][GUESS_TEXT];
    uint8_t bytes[2 * COMPARTMENT_EPOCH_MAX]; /* of contents, proposed commands, signals, records */
    uint8_t offers[RESPONSE_OFFERS_SIZE];
};

/* Makes one up, for a log time of about `now_ms`. `number` should differ from call to call. */
void guess_command(struct vg_prng *prng, const struct model *model,
                   const struct ledger_genesis *genesis, uint64_t now_ms, uint64_t number,
                   struct guess *out);

#endif
