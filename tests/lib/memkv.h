/* SPDX-License-Identifier: Apache-2.0
 * The state machine's store in memory: an ordered map with one open transaction over what was
 * committed, as the node's LMDB environment has. Single-threaded. */
#ifndef VIGIL_TESTS_LIB_MEMKV_H
#define VIGIL_TESTS_LIB_MEMKV_H

#include "common/kv.h"

struct memkv;

/* An empty store; free with memkv_free (NULL is allowed). */
struct memkv *memkv_new(void);
void memkv_free(struct memkv *store);

/* A deep copy of all pairs, with nothing left to roll back to. */
struct memkv *memkv_clone(const struct memkv *store);

/* The store as the state machine sees it; valid as long as the store is. */
struct vg_kv memkv_kv(struct memkv *store);

/* Keeps every put and del so far; memkv_rollback no longer undoes them. */
void memkv_commit(struct memkv *store);

/* Takes back every put and del since the last commit: what a crash does. */
void memkv_rollback(struct memkv *store);

/* Pairs in the store. */
size_t memkv_count(const struct memkv *store);

/* True if both hold the same pairs. */
bool memkv_equal(const struct memkv *a, const struct memkv *b);

#endif
