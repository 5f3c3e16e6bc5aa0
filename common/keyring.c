/* SPDX-License-Identifier: Apache-2.0 */
#include "common/keyring.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/bytes.h"
#include "common/file.h"

/* The file: version 4, node 8, number of compartments 2, of each: its id 16, key 32, binding 64,
 * made as of the index 8 and the log time 8; nonce 24; sealed with all before the nonce as
 * additional data, of each: unwrap secret 32, state key 32. */
enum {
    FILE_VERSION = 4,
    FIXED_SIZE = 12,
    PUBLIC_SIZE = sizeof(struct vg_unwrap_key) + 2 * sizeof(uint64_t),
    SECRET_SIZE = sizeof(vg_box_secret) + sizeof(vg_cipher_key),
    HEAD_MAX = FIXED_SIZE + VG_KEYRING_MAX * PUBLIC_SIZE,
    SECRETS_MAX = VG_KEYRING_MAX * SECRET_SIZE,
    FILE_MAX = HEAD_MAX + VG_NONCE_SIZE + SECRETS_MAX + VG_TAG_SIZE,
};

static_assert(sizeof(struct vg_unwrap_key) == 16 + 32 + 64, "bytes alone, without gaps");

const vg_id vg_keyring_directory = {{0}};
const vg_id vg_keyring_first = {{[15] = 1}};

/* ---- keys --------------------------------------------------------------------------------------
 */

const struct vg_unwrap *vg_keyring_find(const struct vg_keyring *keyring, const vg_id *compartment)
{
    for (uint32_t i = 0; i < keyring->count; i++) {
        if (vg_id_equal(&keyring->unwraps[i].pub.compartment, compartment))
            return &keyring->unwraps[i];
    }
    return NULL;
}

static void bind(struct vg_unwrap_key *unwrap, const struct vg_identity *node)
{
    vg_unwrap_bind(&vg_signer_ed25519, unwrap, node->node, &node->secret);
}

void vg_keyring_rebind(struct vg_keyring *keyring, const struct vg_identity *node)
{
    for (uint32_t i = 0; i < keyring->count; i++)
        bind(&keyring->unwraps[i].pub, node);
}

const struct vg_unwrap_key *vg_keyring_add(struct vg_keyring *keyring,
                                           const struct vg_identity *node, const vg_id *compartment)
{
    uint8_t seed[VG_SEED_SIZE];
    assert(keyring->count < VG_KEYRING_MAX && vg_keyring_find(keyring, compartment) == NULL);
    struct vg_unwrap *unwrap = &keyring->unwraps[keyring->count++];
    unwrap->pub.compartment = *compartment;
    unwrap->since = (struct vg_since){0};
    vg_random(seed, sizeof seed);
    vg_box_keypair(seed, &unwrap->pub.key, &unwrap->secret);
    vg_wipe(seed, sizeof seed);
    vg_random(unwrap->state.bytes, sizeof unwrap->state.bytes);
    bind(&unwrap->pub, node);
    return &unwrap->pub;
}

bool vg_keyring_remove(struct vg_keyring *keyring, const vg_id *compartment)
{
    const struct vg_unwrap *found = vg_keyring_find(keyring, compartment);
    if (found == NULL)
        return false;
    uint32_t place = (uint32_t)(found - keyring->unwraps);
    keyring->count--;
    memmove(&keyring->unwraps[place], &keyring->unwraps[place + 1],
            (keyring->count - place) * sizeof keyring->unwraps[0]);
    vg_wipe(&keyring->unwraps[keyring->count], sizeof keyring->unwraps[0]);
    return true;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

char *vg_keyring_beside(const char *key_file)
{
    static const char ending[] = "ring";
    size_t size = strlen(key_file) + sizeof ending;
    char *path = vg_alloc(size);
    snprintf(path, size, "%s%s", key_file, ending);
    return path;
}

/* What a node's keyring is sealed under: a key of its own, made of the secret that signs. */
static vg_cipher_key start_key(const struct vg_identity *node)
{
    static const char label[] = "vigil-keyring-1";
    vg_cipher_key out;
    vg_span parts[] = {vg_span_of(label, sizeof label - 1),
                       vg_span_of(node->secret.bytes, sizeof node->secret.bytes)};
    vg_hash hash = vg_hash_parts(VG_HASH_START_KEY, parts, 2);
    static_assert(sizeof hash.bytes == sizeof out.bytes, "a key is a hash");
    memcpy(out.bytes, hash.bytes, sizeof out.bytes);
    vg_wipe(&hash, sizeof hash);
    return out;
}

static size_t write_head(const struct vg_keyring *keyring, vg_node_id node, uint8_t out[HEAD_MAX])
{
    struct vg_writer writer = vg_writer_of(out, HEAD_MAX);
    vg_write_u16(&writer, FILE_VERSION);
    vg_write_u64(&writer, node.value);
    vg_write_u16(&writer, (uint16_t)keyring->count);
    for (uint32_t i = 0; i < keyring->count; i++) {
        const struct vg_unwrap *unwrap = &keyring->unwraps[i];
        vg_write_bytes(&writer, &unwrap->pub, sizeof unwrap->pub);
        vg_write_u64(&writer, unwrap->since.index);
        vg_write_u64(&writer, unwrap->since.time_ms);
    }
    assert(!writer.failed);
    return vg_writer_size(&writer);
}

/* The secrets of one compartment, as they lie in the file before they are sealed. */
static void put_secrets(const struct vg_unwrap *unwrap, uint8_t out[SECRET_SIZE])
{
    memcpy(out, unwrap->secret.bytes, sizeof unwrap->secret.bytes);
    memcpy(out + sizeof unwrap->secret.bytes, unwrap->state.bytes, sizeof unwrap->state.bytes);
}

static void take_secrets(const uint8_t bytes[SECRET_SIZE], struct vg_unwrap *out)
{
    memcpy(out->secret.bytes, bytes, sizeof out->secret.bytes);
    memcpy(out->state.bytes, bytes + sizeof out->secret.bytes, sizeof out->state.bytes);
}

enum vg_code vg_keyring_write(const char *path, const struct vg_keyring *keyring,
                              const struct vg_identity *node, struct vg_error *error)
{
    uint8_t file[FILE_MAX];
    size_t head = write_head(keyring, node->node, file);
    uint8_t *nonce = file + head;
    uint8_t *secrets = nonce + VG_NONCE_SIZE;
    size_t size = (size_t)keyring->count * SECRET_SIZE;
    vg_cipher_key start = start_key(node);
    vg_random(nonce, VG_NONCE_SIZE);
    for (uint32_t i = 0; i < keyring->count; i++)
        put_secrets(&keyring->unwraps[i], secrets + (size_t)i * SECRET_SIZE);
    vg_cipher_seal(&start, nonce, vg_span_of(file, head), vg_span_of(secrets, size), secrets);
    vg_wipe(&start, sizeof start);
    return vg_file_write(path, vg_span_of(file, head + VG_NONCE_SIZE + size + VG_TAG_SIZE), 0600,
                         error);
}

/* Fills what is public. The file has its size from the number of keys. */
static enum vg_code read_head(const char *path, vg_span file, vg_node_id node,
                              struct vg_keyring *out, struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(file);
    uint16_t version = vg_read_u16(&reader);
    uint64_t of_node = vg_read_u64(&reader);
    out->count = vg_read_u16(&reader);
    size_t size =
        FIXED_SIZE + (size_t)out->count * (PUBLIC_SIZE + SECRET_SIZE) + VG_NONCE_SIZE + VG_TAG_SIZE;
    if (version > 0 && version < FILE_VERSION)
        return vg_fail(error, VG_INTEGRITY,
                       "%s: a keyring of version %u; this build reads version %d and carries on no "
                       "cluster from before: make the node's keys and the cluster anew",
                       path, version, FILE_VERSION);
    if (version != FILE_VERSION || out->count > VG_KEYRING_MAX || file.size != size)
        return vg_fail(error, VG_INTEGRITY,
                       "%s: no keyring that this build reads; put this node's own back", path);
    if (of_node != node.value)
        return vg_fail(error, VG_INTEGRITY,
                       "%s: the keyring of node %" PRIu64 ", not of node %" PRIu64
                       "; name this node's own",
                       path, of_node, node.value);
    for (uint32_t i = 0; i < out->count; i++) {
        struct vg_unwrap *unwrap = &out->unwraps[i];
        vg_read_copy(&reader, &unwrap->pub, sizeof unwrap->pub);
        unwrap->since.index = vg_read_u64(&reader);
        unwrap->since.time_ms = vg_read_u64(&reader);
    }
    return VG_OK;
}

static enum vg_code open_secrets(const char *path, vg_span file, const struct vg_identity *node,
                                 struct vg_keyring *out, struct vg_error *error)
{
    uint8_t secrets[SECRETS_MAX];
    vg_cipher_key start = start_key(node);
    vg_span head = vg_span_of(file.data, FIXED_SIZE + (size_t)out->count * PUBLIC_SIZE);
    const uint8_t *nonce = file.data + head.size;
    vg_span sealed =
        vg_span_of(nonce + VG_NONCE_SIZE, (size_t)out->count * SECRET_SIZE + VG_TAG_SIZE);
    bool opened = vg_cipher_open(&start, nonce, head, sealed, secrets);
    vg_wipe(&start, sizeof start);
    for (uint32_t i = 0; i < out->count; i++)
        take_secrets(secrets + (size_t)i * SECRET_SIZE, &out->unwraps[i]);
    vg_wipe(secrets, sizeof secrets);
    if (opened)
        return VG_OK;
    return vg_fail(error, VG_INTEGRITY,
                   "%s: the keyring does not open with this node's key: it was altered, or the key "
                   "replaced; put the right one back",
                   path);
}

static enum vg_code check_bindings(const char *path, const struct vg_identity *node,
                                   const struct vg_keyring *keyring, struct vg_error *error)
{
    for (uint32_t i = 0; i < keyring->count; i++) {
        if (!vg_unwrap_verify(&vg_signer_ed25519, &keyring->unwraps[i].pub, node->node, &node->pub))
            return vg_fail(error, VG_INTEGRITY,
                           "%s: an unwrap key that is not signed by the key of node %" PRIu64
                           ": it was altered, or made with another key; put the right one back",
                           path, node->node.value);
    }
    return VG_OK;
}

/* Nothing is left in `out` when something fails. */
static enum vg_code read_file(const char *path, const struct vg_identity *node, bool secrets,
                              struct vg_keyring *out, struct vg_error *error)
{
    uint8_t bytes[FILE_MAX];
    vg_span file = {.data = bytes};
    *out = (struct vg_keyring){.count = 0};
    enum vg_code code =
        vg_file_read_secret(path, VG_SECRET_OWN, bytes, sizeof bytes, &file.size, error);
    if (code == VG_OK)
        code = read_head(path, file, node->node, out, error);
    if (code == VG_OK)
        code = secrets ? open_secrets(path, file, node, out, error)
                       : check_bindings(path, node, out, error);
    if (code != VG_OK)
        vg_wipe(out, sizeof *out);
    return code;
}

enum vg_code vg_keyring_read(const char *path, const struct vg_identity *node,
                             struct vg_keyring *out, struct vg_error *error)
{
    return read_file(path, node, true, out, error);
}

enum vg_code vg_keyring_read_public(const char *path, const struct vg_identity *node,
                                    struct vg_keyring *out, struct vg_error *error)
{
    return read_file(path, node, false, out, error);
}
