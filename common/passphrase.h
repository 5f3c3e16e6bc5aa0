/* SPDX-License-Identifier: Apache-2.0
 * A passphrase, from a person at a terminal or from a private file. Not for pure modules. */
#ifndef VIGIL_COMMON_PASSPHRASE_H
#define VIGIL_COMMON_PASSPHRASE_H

#include "common/error.h"
#include "common/types.h"

enum { VG_PASSPHRASE_MIN = 8, VG_PASSPHRASE_MAX = 1024 };

/* Wipe it (vg_wipe) when done. */
struct vg_passphrase {
    size_t size;
    char text[VG_PASSPHRASE_MAX + 2]; /* a line end and the end */
};

vg_span vg_passphrase_span(const struct vg_passphrase *passphrase);

/* Asks on the terminal of the process (/dev/tty), without echo: "PROMPT: ". Other signals than
 * SIGKILL and SIGSTOP wait until echo is back. VG_UNAVAILABLE: no terminal, `remedy` says what to
 * do instead; or the person gave up (Ctrl-C, Ctrl-D). VG_INVALID: too long. One thread at a time.
 */
enum vg_code vg_passphrase_ask(const char *prompt, const char *remedy, struct vg_passphrase *out,
                               struct vg_error *error);

/* Asks for a new one, twice. VG_INVALID also: too short, or not the same twice. */
enum vg_code vg_passphrase_ask_new(const char *prompt, const char *remedy,
                                   struct vg_passphrase *out, struct vg_error *error);

/* The first line of a small file, which is a secret as vg_file_read_secret has it. VG_INVALID:
 * empty, or too long. */
enum vg_code vg_passphrase_read(const char *path, unsigned forbidden, struct vg_passphrase *out,
                                struct vg_error *error);

/* VG_INVALID if it is too short for a new one. */
enum vg_code vg_passphrase_check_new(const struct vg_passphrase *passphrase,
                                     struct vg_error *error);

#endif
