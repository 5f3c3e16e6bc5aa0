/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/vault.h"

#include <assert.h>
#include <stdlib.h>

#include "common/bytes.h"
#include "common/identity.h"
#include "common/locked.h"
#include "proto/response/rows.h"

enum {
    COMPARTMENTS_MAX = 256, /* whose keys are at hand; others are asked for again */
    BLOCK_BYTES = 64 * 1024,
    TEXT_SIZE = 2, /* before the text of a key, in what is sealed */
    NONCES = 64,   /* drawn at a time: a call of the system for each would cost more than a seal */
};

/* Two keys made of the state key, so that neither is used for what the other is. */
struct row_keys {
    vg_id compartment;
    bool known;
    vg_cipher_key values;
    vg_cipher_key texts;
};

/* What was opened; spans point into it. */
struct block {
    struct block *next;
    size_t size;
    size_t used;
    uint8_t bytes[];
};

struct store_vault {
    struct store_state_keys keys;
    struct row_keys *rows;   /* COMPARTMENTS_MAX, locked */
    struct row_keys *latest; /* used last */
    uint32_t learned;        /* so far; the next replaces the oldest */
    uint8_t nonces[NONCES][VG_NONCE_SIZE];
    uint32_t nonces_left;
    struct block *opened; /* the last block of the list is never given back */
};

/* ---- keys --------------------------------------------------------------------------------------
 */

static struct row_keys *at_hand(struct store_vault *vault, const vg_id *compartment)
{
    struct row_keys *latest = vault->latest;
    if (latest->known && vg_id_equal(&latest->compartment, compartment))
        return latest;
    for (uint32_t i = 0; i < COMPARTMENTS_MAX && i < vault->learned; i++) {
        struct row_keys *keys = &vault->rows[i];
        if (keys->known && vg_id_equal(&keys->compartment, compartment))
            return vault->latest = keys;
    }
    return NULL;
}

static struct row_keys *learn(struct store_vault *vault, const vg_id *compartment)
{
    static const char use[VG_CIPHER_USE_SIZE + 1] = "vgl-rows";
    vg_cipher_key state;
    if (!vault->keys.find(vault->keys.context, compartment, &state))
        return NULL;
    struct row_keys *keys = &vault->rows[vault->learned++ % COMPARTMENTS_MAX];
    keys->compartment = *compartment;
    keys->known = true;
    vg_cipher_derive(&state, use, 1, &keys->values);
    vg_cipher_derive(&state, use, 2, &keys->texts);
    vg_wipe(&state, sizeof state);
    return keys;
}

/* NULL if there are none. */
static const struct row_keys *keys_of(struct store_vault *vault, const vg_id *compartment)
{
    struct row_keys *keys = at_hand(vault, compartment);
    return keys != NULL ? keys : learn(vault, compartment);
}

void store_vault_forget(struct store_vault *vault, const vg_id *compartment)
{
    struct row_keys *keys = at_hand(vault, compartment);
    if (keys != NULL)
        vg_wipe(keys, sizeof *keys);
}

/* ---- what was opened ---------------------------------------------------------------------------
 */

static struct block *block_new(size_t size, struct block *next)
{
    struct block *block = vg_alloc(sizeof *block + size);
    *block = (struct block){.next = next, .size = size};
    return block;
}

static uint8_t *take_room(struct store_vault *vault, size_t size)
{
    struct block *block = vault->opened;
    if (size > block->size - block->used)
        block = vault->opened = block_new(size > BLOCK_BYTES ? size : BLOCK_BYTES, block);
    uint8_t *room = block->bytes + block->used;
    block->used += size;
    return room;
}

void store_vault_rest(struct store_vault *vault)
{
    struct block *block = vault->opened;
    for (; block->next != NULL; block = vault->opened) {
        vault->opened = block->next;
        vg_wipe(block->bytes, block->used);
        free(block);
    }
    vg_wipe(block->bytes, block->used);
    block->used = 0;
}

/* ---- rows --------------------------------------------------------------------------------------
 */

static void put_key(struct store_row_key *out, const void *bytes, size_t size)
{
    assert(size <= sizeof out->bytes - out->size);
    if (size > 0)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void draw_nonce(struct store_vault *vault, uint8_t out[VG_NONCE_SIZE])
{
    if (vault->nonces_left == 0) {
        vg_random(vault->nonces, sizeof vault->nonces);
        vault->nonces_left = NONCES;
    }
    memcpy(out, vault->nonces[--vault->nonces_left], VG_NONCE_SIZE);
}

/* No text, or an empty one, is where a walk over texts begins. */
static bool is_hashed(vg_span key, size_t head)
{
    return key.size > head + 1 || (key.size == head + 1 && key.data[head] != 0);
}

bool store_vault_key(struct store_vault *vault, vg_span key, struct store_row_key *out)
{
    vg_id owner = response_row_owner(key);
    size_t head = response_row_head(key);
    out->size = 0;
    if (response_row_is_public(key) || !is_hashed(key, head)) {
        put_key(out, key.data, key.size);
        return true;
    }
    const struct row_keys *keys = keys_of(vault, &owner);
    if (keys == NULL)
        return false;
    /* of the whole key, so that equal texts are equal nowhere else */
    vg_hash hash = vg_hash_keyed(&keys->texts, key);
    uint8_t size = sizeof hash.bytes;
    put_key(out, key.data, head);
    put_key(out, &size, 1);
    put_key(out, hash.bytes, size);
    return true;
}

bool store_vault_seal(struct store_vault *vault, vg_span key, vg_span stored, vg_span value,
                      struct vg_buffer *out)
{
    vg_id owner = response_row_owner(key);
    size_t head = response_row_head(key);
    if (response_row_is_public(key)) {
        vg_buffer_append(out, value.data, value.size);
        return true;
    }
    const struct row_keys *keys = keys_of(vault, &owner);
    if (keys == NULL)
        return false;
    size_t text = head < key.size ? TEXT_SIZE + key.size - head : 0;
    size_t size = text + value.size;
    uint8_t *nonce = vg_buffer_extend(out, VG_NONCE_SIZE + size + VG_TAG_SIZE);
    uint8_t *clear = nonce + VG_NONCE_SIZE;
    struct vg_writer writer = vg_writer_of(clear, size);
    if (text > 0) {
        vg_write_u16(&writer, (uint16_t)(key.size - head));
        vg_write_bytes(&writer, key.data + head, key.size - head);
    }
    vg_write_bytes(&writer, value.data, value.size);
    assert(!writer.failed);
    draw_nonce(vault, nonce);
    vg_cipher_seal(&keys->values, nonce, stored, vg_span_of(clear, size), clear);
    return true;
}

/* Puts the key of a row with texts together. */
static void read_key(struct store_vault *vault, vg_span stored, size_t head,
                     struct vg_reader *reader, vg_span *key)
{
    uint16_t size = vg_read_u16(reader);
    uint8_t *whole = take_room(vault, head + size);
    memcpy(whole, stored.data, head);
    vg_read_copy(reader, whole + head, size);
    *key = vg_span_of(whole, head + size);
}

bool store_vault_open(struct store_vault *vault, vg_span stored, vg_span sealed, vg_span *key,
                      vg_span *value)
{
    vg_id owner = response_row_owner(stored);
    size_t head = response_row_head(stored);
    *key = stored;
    *value = sealed;
    if (response_row_is_public(stored))
        return true;
    const struct row_keys *keys = keys_of(vault, &owner);
    if (keys == NULL || sealed.size < VG_NONCE_SIZE + VG_TAG_SIZE)
        return false;
    size_t size = sealed.size - VG_NONCE_SIZE - VG_TAG_SIZE;
    uint8_t *clear = take_room(vault, size);
    if (!vg_cipher_open(&keys->values, sealed.data, stored,
                        vg_span_of(sealed.data + VG_NONCE_SIZE, size + VG_TAG_SIZE), clear))
        return false;
    struct vg_reader reader = vg_reader_of(vg_span_of(clear, size));
    if (head < stored.size)
        read_key(vault, stored, head, &reader, key);
    *value = vg_read_span(&reader, (size_t)(reader.end - reader.at));
    assert(!reader.failed); /* it is as it was sealed */
    return true;
}

/* ---- life --------------------------------------------------------------------------------------
 */

struct store_vault *store_vault_new(const struct store_state_keys *keys, struct vg_error *error)
{
    struct row_keys *rows = vg_locked_alloc(COMPARTMENTS_MAX * sizeof *rows, error);
    if (rows == NULL)
        return NULL;
    struct store_vault *vault = vg_alloc_zero(1, sizeof *vault);
    vault->keys = *keys;
    vault->rows = vault->latest = rows;
    vault->opened = block_new(BLOCK_BYTES, NULL);
    return vault;
}

void store_vault_free(struct store_vault *vault)
{
    if (vault == NULL)
        return;
    store_vault_rest(vault);
    free(vault->opened);
    vg_locked_free(vault->rows);
    free(vault);
}
