/* SPDX-License-Identifier: Apache-2.0
 * The trees of an environment as they lie in its file (docs/storage.md): LMDB believes what a page
 * says, so each page that it will write to, or a start will read, is looked at before. Private to
 * node/store. */
#ifndef VIGIL_NODE_STORE_PAGES_H
#define VIGIL_NODE_STORE_PAGES_H

#include "node/store/env.h"

enum { STORE_TAIL_ROWS = 1024 }; /* of a long table, which a start looks at */

/* Checks the free list and every table as of the last commit, of long tables the end alone: that
 * each page is the one it should be, lies in the file, is in one place only, and that its rows lie
 * within it, side by side and in order. VG_INTEGRITY, with the page and what is wrong; folder and
 * remedy are the caller's to add (store_env_damaged, store_env_end). The thread that writes,
 * between transactions. */
enum vg_code store_pages_check(const struct store_env *env, struct vg_error *error);

/* The same of the pages of one long table that a change of rows `first` to `last` may touch. */
enum vg_code store_pages_check_rows(const struct store_env *env, const char *table, uint64_t first,
                                    uint64_t last, struct vg_error *error);

#endif
