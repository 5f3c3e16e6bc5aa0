/* SPDX-License-Identifier: Apache-2.0
 * Files as a power cut may leave them, made from the shim's record of the calls on one file
 * (ops/drill/shim/record.h). What was synced is there; of what was written since, any pages may be
 * there and any may not. Ends the program on failure. */
#ifndef VIGIL_TESTS_LIB_POWERCUT_H
#define VIGIL_TESTS_LIB_POWERCUT_H

#include "common/mem.h"
#include "common/prng.h"

enum { POWERCUT_PAGE = 4096 };

/* Which of the pages not yet durable have reached the disk. */
enum powercut_kept { POWERCUT_NONE, POWERCUT_ALL, POWERCUT_RANDOM };

/* A piece of a call, within one page, that is not durable yet; size 0: the file grew to offset. */
struct powercut_piece {
    uint64_t offset;
    vg_span bytes;
};

struct powercut {
    struct vg_buffer record;
    size_t at;              /* next call */
    struct vg_buffer image; /* what is durable, without the zeros it may have grown by */
    uint64_t size;          /* of the file, durably */
    struct powercut_piece *pieces;
    uint32_t piece_count;
    uint32_t piece_capacity;
    uint64_t synced_writes; /* calls through O_DSYNC that have returned */
};

void powercut_load(struct powercut *cut, const char *record);
void powercut_free(struct powercut *cut);

/* Takes in the next call; false at the end. */
bool powercut_step(struct powercut *cut);

/* Writes the file as a cut right now may leave it. */
void powercut_write(const struct powercut *cut, enum powercut_kept kept, struct vg_prng *prng,
                    const char *path);

#endif
