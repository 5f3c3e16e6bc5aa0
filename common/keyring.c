/* SPDX-License-Identifier: Apache-2.0 */
#include "common/keyring.h"

#include <assert.h>
#include <inttypes.h>

#include "common/bytes.h"
#include "common/file.h"

/* The file: version 2, node 8, nonce 24; sealed with the first ten bytes as additional data: number
 * of secrets 2, each compartment 16, secret 32. */
enum {
    FILE_VERSION = 1,
    HEADER_SIZE = 10,
    SEALED_AT = HEADER_SIZE + VG_NONCE_SIZE,
    CONTENT_MAX = 2 + VG_KEYRING_MAX * 48,
    FILE_MAX = SEALED_AT + CONTENT_MAX + VG_TAG_SIZE,
};

void vg_keyring_start_key(const struct vg_identity *node, vg_cipher_key *out)
{
    static const char label[] = "vigil-keyring-1";
    vg_span parts[] = {vg_span_of(label, sizeof label - 1),
                       vg_span_of(node->secret.bytes, sizeof node->secret.bytes)};
    vg_hash hash = vg_hash_parts(VG_HASH_START_KEY, parts, 2);
    static_assert(sizeof hash.bytes == sizeof out->bytes, "a key is a hash");
    memcpy(out->bytes, hash.bytes, sizeof out->bytes);
    vg_wipe(&hash, sizeof hash);
}

const vg_box_secret *vg_keyring_find(const struct vg_keyring *keyring, const vg_id *compartment)
{
    for (uint32_t i = 0; i < keyring->count; i++) {
        if (vg_id_equal(&keyring->unwraps[i].compartment, compartment))
            return &keyring->unwraps[i].secret;
    }
    return NULL;
}

void vg_keyring_add(struct vg_keyring *keyring, const vg_id *compartment, vg_box_public *pub)
{
    uint8_t seed[VG_SEED_SIZE];
    assert(keyring->count < VG_KEYRING_MAX && vg_keyring_find(keyring, compartment) == NULL);
    struct vg_unwrap *unwrap = &keyring->unwraps[keyring->count++];
    unwrap->compartment = *compartment;
    vg_random(seed, sizeof seed);
    vg_box_keypair(seed, pub, &unwrap->secret);
    vg_wipe(seed, sizeof seed);
}

/* ---- the file ----------------------------------------------------------------------------------
 */

static size_t write_content(const struct vg_keyring *keyring, uint8_t out[CONTENT_MAX])
{
    struct vg_writer writer = vg_writer_of(out, CONTENT_MAX);
    vg_write_u16(&writer, (uint16_t)keyring->count);
    for (uint32_t i = 0; i < keyring->count; i++) {
        const struct vg_unwrap *unwrap = &keyring->unwraps[i];
        vg_write_bytes(&writer, unwrap->compartment.bytes, sizeof unwrap->compartment.bytes);
        vg_write_bytes(&writer, unwrap->secret.bytes, sizeof unwrap->secret.bytes);
    }
    assert(!writer.failed);
    return vg_writer_size(&writer);
}

static bool read_content(vg_span content, struct vg_keyring *out)
{
    struct vg_reader reader = vg_reader_of(content);
    out->count = vg_read_u16(&reader);
    for (uint32_t i = 0; i < out->count && i < VG_KEYRING_MAX; i++) {
        struct vg_unwrap *unwrap = &out->unwraps[i];
        vg_read_copy(&reader, unwrap->compartment.bytes, sizeof unwrap->compartment.bytes);
        vg_read_copy(&reader, unwrap->secret.bytes, sizeof unwrap->secret.bytes);
    }
    return out->count <= VG_KEYRING_MAX && vg_reader_done(&reader);
}

enum vg_code vg_keyring_write(const char *path, const struct vg_keyring *keyring, vg_node_id node,
                              const vg_cipher_key *start, struct vg_error *error)
{
    uint8_t file[FILE_MAX];
    struct vg_writer writer = vg_writer_of(file, SEALED_AT);
    uint8_t nonce[VG_NONCE_SIZE];
    vg_random(nonce, sizeof nonce);
    vg_write_u16(&writer, FILE_VERSION);
    vg_write_u64(&writer, node.value);
    vg_write_bytes(&writer, nonce, sizeof nonce);
    assert(!writer.failed);
    size_t size = write_content(keyring, file + SEALED_AT);
    vg_cipher_seal(start, nonce, vg_span_of(file, HEADER_SIZE), vg_span_of(file + SEALED_AT, size),
                   file + SEALED_AT);
    return vg_file_write(path, vg_span_of(file, SEALED_AT + size + VG_TAG_SIZE), 0600, error);
}

static enum vg_code check_header(const char *path, vg_span file, vg_node_id node,
                                 struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(file);
    uint16_t version = vg_read_u16(&reader);
    uint64_t of_node = vg_read_u64(&reader);
    if (file.size < SEALED_AT + 2 + VG_TAG_SIZE || version != FILE_VERSION)
        return vg_fail(error, VG_INTEGRITY,
                       "%s: no keyring that this build reads; put this node's own back", path);
    if (of_node != node.value)
        return vg_fail(error, VG_INTEGRITY,
                       "%s: the keyring of node %" PRIu64 ", not of node %" PRIu64
                       "; name this node's own",
                       path, of_node, node.value);
    return VG_OK;
}

static enum vg_code open_file(const char *path, vg_span file, const vg_cipher_key *start,
                              struct vg_keyring *out, struct vg_error *error)
{
    uint8_t content[CONTENT_MAX];
    vg_span sealed = vg_span_of(file.data + SEALED_AT, file.size - SEALED_AT);
    bool opened = vg_cipher_open(start, file.data + HEADER_SIZE, vg_span_of(file.data, HEADER_SIZE),
                                 sealed, content) &&
                  read_content(vg_span_of(content, sealed.size - VG_TAG_SIZE), out);
    vg_wipe(content, sizeof content);
    if (opened)
        return VG_OK;
    vg_wipe(out, sizeof *out);
    return vg_fail(error, VG_INTEGRITY,
                   "%s: the keyring does not open with this node's key: it was altered, or the key "
                   "replaced; put the right one back",
                   path);
}

enum vg_code vg_keyring_read(const char *path, vg_node_id node, const vg_cipher_key *start,
                             struct vg_keyring *out, struct vg_error *error)
{
    uint8_t file[FILE_MAX];
    size_t size = 0;
    enum vg_code code = vg_file_read_secret(path, VG_SECRET_OWN, file, sizeof file, &size, error);
    if (code == VG_OK)
        code = check_header(path, vg_span_of(file, size), node, error);
    return code == VG_OK ? open_file(path, vg_span_of(file, size), start, out, error) : code;
}
