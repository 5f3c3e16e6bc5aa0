/* SPDX-License-Identifier: Apache-2.0
 * A person or node with the secret half of its keys, and the small text file only its owner can
 * read, plain or under a passphrase (docs/keys.md). */
#ifndef VIGIL_COMMON_IDENTITY_H
#define VIGIL_COMMON_IDENTITY_H

#include "common/crypto.h"
#include "common/error.h"
#include "common/seal.h"

struct vg_identity {
    enum vg_identity_kind kind;
    vg_id id;          /* a person's opaque id; zero for a node */
    vg_node_id node;   /* a node's id; zero for a person */
    vg_public_key pub; /* Ed25519: signs */
    vg_secret_key secret;
    vg_channel_public channel_pub; /* X25519: is known by it on a channel */
    vg_channel_secret channel_secret;
    vg_signature binding; /* of the second key by the first */
};

/* Two fresh keys, bound. `id` and `node` as the kind has them. Uses the system's randomness. */
void vg_identity_make(enum vg_identity_kind kind, const vg_id *id, vg_node_id node,
                      struct vg_identity *out);

/* Whose it is, and what others may know of it. */
struct vg_holder vg_identity_holder(const struct vg_identity *identity);
struct vg_keys vg_identity_keys(const struct vg_identity *identity);

/* ---- as text -----------------------------------------------------------------------------------
 */

enum { VG_IDENTITY_TEXT_MAX = 1024, VG_IDENTITY_BOX = 2 * VG_SEED_SIZE + VG_TAG_SIZE };

/* Plain text holds secrets: wipe it when done. */
struct vg_identity_text {
    size_t size;
    char text[VG_IDENTITY_TEXT_MAX + 1]; /* and the end */
};

/* What a text says. The secrets of a sealed identity are zero until it is opened. */
struct vg_identity_file {
    struct vg_identity identity;
    bool sealed;
    struct vg_seal seal;
    uint8_t box[VG_IDENTITY_BOX];
};

/* The one text of a file. Pure; any thread. */
void vg_identity_format(const struct vg_identity_file *file, struct vg_identity_text *out);

/* Reads a text, which it takes apart. `path` names it in errors: VG_INVALID the line,
 * VG_INTEGRITY when keys and binding do not fit together. Pure; any thread. */
enum vg_code vg_identity_parse(struct vg_identity_text *text, const char *path,
                               struct vg_identity_file *out, struct vg_error *error);

/* An identity under a passphrase, at the cost of `seal`: fills `out` without its secrets. Errors of
 * vg_seal_close. */
enum vg_code vg_identity_seal(const struct vg_identity *identity, const struct vg_seal *seal,
                              vg_span passphrase, struct vg_identity_file *out,
                              struct vg_error *error);

/* Opens a sealed one: its secrets are filled in, and it is plain. Errors of vg_seal_open, and
 * VG_INTEGRITY when the keys are not those of the box. */
enum vg_code vg_identity_open(struct vg_identity_file *file, const char *path, vg_span passphrase,
                              struct vg_error *error);

/* ---- as a file ---------------------------------------------------------------------------------
 */

/* Reads a file, plain or sealed. Errors of vg_file_read_secret, which has `forbidden`, and of
 * vg_identity_parse. */
enum vg_code vg_identity_file_read(const char *path, unsigned forbidden,
                                   struct vg_identity_file *out, struct vg_error *error);

/* Writes it (mode 0600), in the place of one that is there. */
enum vg_code vg_identity_file_write(const char *path, const struct vg_identity_file *file,
                                    struct vg_error *error);

/* VG_EXISTS if there is something at `path`. */
enum vg_code vg_identity_absent(const char *path, struct vg_error *error);

/* Writes a new file without a passphrase; VG_EXISTS if there is one already. */
enum vg_code vg_identity_write(const char *path, const struct vg_identity *identity,
                               struct vg_error *error);

/* Reads a file without a passphrase; VG_FORBIDDEN for one that is sealed. */
enum vg_code vg_identity_read(const char *path, struct vg_identity *out, struct vg_error *error);

/* Reads whose a file is, sealed or not: the secrets are zero. */
enum vg_code vg_identity_read_public(const char *path, struct vg_identity *out,
                                     struct vg_error *error);

/* Fills `size` bytes from the system's randomness. */
void vg_random(void *bytes, size_t size);

#endif
