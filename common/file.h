/* SPDX-License-Identifier: Apache-2.0
 * Whole files in and out, for keys, genesis and configuration. Not for pure modules. */
#ifndef VIGIL_COMMON_FILE_H
#define VIGIL_COMMON_FILE_H

#include "common/error.h"
#include "common/mem.h"

/* Reads a regular file of at most `max` bytes, appending to `out`. VG_NOT_FOUND, VG_UNAVAILABLE or
 * VG_INVALID (too large, not a regular file) names the path. */
enum vg_code vg_file_read(const char *path, size_t max, struct vg_buffer *out,
                          struct vg_error *error);

/* Permission bits that a secret's file may not have: none for anybody else; and, where the service
 * manager lets this user in by an access list (shown as the group's bits), none for the others. */
enum { VG_SECRET_OWN = 077, VG_SECRET_SERVICE = 007 };

/* Reads a secret of at most `max` bytes straight into `out`, so that no copy is left elsewhere: a
 * file of this user or root without the bits `forbidden`, in a folder where nobody else can
 * exchange it. VG_FORBIDDEN has the command that mends it, if it is an identity; else as
 * vg_file_read. */
enum vg_code vg_file_read_secret(const char *path, unsigned forbidden, void *out, size_t max,
                                 size_t *size, struct vg_error *error);

/* SHA-256 and size of a regular file of any length, read piece by piece. Errors as vg_file_read. */
enum vg_code vg_file_sha256(const char *path, vg_hash *hash, uint64_t *size,
                            struct vg_error *error);

/* Writes a file whole or not at all: a temporary beside it, synced, renamed, the folder synced.
 * `mode` is its permissions (0600 for secrets). Errors name the path. */
enum vg_code vg_file_write(const char *path, vg_span bytes, unsigned mode, struct vg_error *error);

/* Makes a folder and its parents, mode 0700, for good: their names are synced. Existing ones are
 * fine. */
enum vg_code vg_folder_make(const char *path, struct vg_error *error);

/* Takes an existing folder for this process alone among those that ask so, and waits for up to
 * `wait_ms` for another one that has it. close(*lock) gives it back, as does the process' end.
 * VG_BUSY: the other one still has it; else as vg_file_read. */
enum vg_code vg_folder_lock(const char *path, uint32_t wait_ms, int *lock, struct vg_error *error);

#endif
