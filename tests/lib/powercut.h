/* SPDX-License-Identifier: Apache-2.0
 * A folder as a power cut may leave it, made from the shim's record of the calls on what is in it
 * (ops/drill/shim/record.h). What was synced is there; of what was done since, each sector, each
 * growth of a file and each name may be there or not: a file's sync says nothing of its name, the
 * folder's does. Ends the program on failure. */
#ifndef VIGIL_TESTS_LIB_POWERCUT_H
#define VIGIL_TESTS_LIB_POWERCUT_H

#include "common/mem.h"

enum { POWERCUT_PAGE = 4096, POWERCUT_SECTOR = 512, POWERCUT_NAMES_MAX = 16 };

/* What reaches the disk as a whole, or not. */
struct powercut_unit {
    enum { POWERCUT_BYTES, POWERCUT_LENGTH, POWERCUT_NAME } kind;
    uint32_t file;   /* of the bytes or the length; of a name: the folder */
    uint64_t offset; /* of the bytes, within one sector; the length */
    vg_span bytes;
    const char *from; /* the name that goes, or NULL */
    const char *to;   /* the name that comes, for `named` */
    uint32_t named;
};

struct powercut_file {
    uint64_t inode;
    bool folder;
    struct vg_buffer bytes; /* durable, without the zeros the file may have grown by */
    uint64_t size;
};

struct powercut_names {
    struct {
        const char *path;
        uint32_t file;
    } all[POWERCUT_NAMES_MAX];
    uint32_t count;
};

struct powercut {
    struct vg_buffer record;
    size_t at;        /* next call */
    const char *root; /* the folder's path when it was recorded, without a slash behind */
    struct powercut_file files[POWERCUT_NAMES_MAX]; /* the first is the root */
    uint32_t file_count;
    struct powercut_names names;   /* durable */
    struct powercut_names current; /* as the program saw them */
    struct powercut_unit *units;   /* not durable, oldest first */
    uint32_t unit_count;
    uint32_t unit_capacity;
    uint32_t fresh;      /* of them, the last ones, that came with this step */
    bool settling;       /* those are durable with the next step */
    uint64_t mark_count; /* SHIM_MARKs so far */
};

/* `root` outlives it. */
void powercut_load(struct powercut *cut, const char *record, const char *root);
void powercut_free(struct powercut *cut);

/* Goes on by one call, or to the return of one that syncs what it writes; false at the end. */
bool powercut_step(struct powercut *cut);

/* Makes `folder`, which is empty, what a cut right now may leave, with those units of which `kept`
 * is true. */
void powercut_write(const struct powercut *cut, const bool *kept, const char *folder);

#endif
