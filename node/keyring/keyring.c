/* SPDX-License-Identifier: Apache-2.0 */
#include "node/keyring/keyring.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/locked.h"
#include "common/mem.h"
#include "common/text.h"

struct data_key {
    vg_id compartment;
    uint64_t epoch; /* 0: the place is free */
    vg_cipher_key key;
};

/* All of it in locked memory. */
struct secrets {
    struct vg_keyring unwraps;
    struct data_key data_keys[KEYRING_DATA_KEYS_MAX];
};

struct latest {
    vg_id compartment;
    uint64_t epoch;
};

/* What is public of an epoch: under its data key lies the one before. */
struct link {
    vg_id compartment;
    uint64_t epoch;
    vg_hash place;
    vg_hash commitment;
    uint8_t chain[COMPARTMENT_CHAIN_SIZE];
};

struct keyring {
    vg_node_id node;
    vg_id directory, first;
    pthread_mutex_t file;  /* held while the file is replaced; taken before the other */
    pthread_rwlock_t lock; /* guards what follows */
    struct secrets *secrets;
    uint64_t learned;   /* data keys so far; the next replaces the oldest */
    struct link *links; /* by compartment and epoch */
    uint32_t link_count;
    struct latest latest[KEYRING_COMPARTMENTS_MAX];
    uint32_t latest_count;
};

static enum vg_code read_file(const char *path, const struct vg_identity *node,
                              struct vg_keyring *out, struct vg_error *error)
{
    enum vg_code code = vg_keyring_read(path, node, out, error);
    if (code == VG_NOT_FOUND)
        return vg_fail(
            error, code,
            "%s: there is no keyring; put this node's own back, or name its place in the "
            "configuration",
            path);
    return code;
}

/* A key that was made before its compartment. */
static void name(struct vg_keyring *unwraps, const vg_id *before, const vg_id *compartment)
{
    for (uint32_t i = 0; i < unwraps->count; i++) {
        if (vg_id_equal(&unwraps->unwraps[i].pub.compartment, before))
            unwraps->unwraps[i].pub.compartment = *compartment;
    }
}

enum vg_code keyring_open(const char *path, const struct vg_identity *node, const vg_id *directory,
                          const vg_id *first, struct keyring **out, struct vg_error *error)
{
    struct secrets *secrets = vg_locked_alloc(sizeof *secrets, error);
    if (secrets == NULL)
        return VG_UNAVAILABLE;
    if (read_file(path, node, &secrets->unwraps, error) != VG_OK) {
        vg_locked_free(secrets);
        return error->code;
    }
    struct keyring *keyring = vg_alloc_zero(1, sizeof *keyring);
    pthread_rwlock_init(&keyring->lock, NULL);
    pthread_mutex_init(&keyring->file, NULL);
    keyring->node = node->node;
    keyring->directory = *directory;
    keyring->first = *first;
    name(&secrets->unwraps, &vg_keyring_directory, directory);
    name(&secrets->unwraps, &vg_keyring_first, first);
    keyring->secrets = secrets;
    *out = keyring;
    return VG_OK;
}

void keyring_close(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    vg_locked_free(keyring->secrets);
    free(keyring->links);
    pthread_rwlock_destroy(&keyring->lock);
    pthread_mutex_destroy(&keyring->file);
    free(keyring);
}

/* ---- what is known -----------------------------------------------------------------------------
 */

/* The place of a compartment; a new one if it has none. NULL when all are taken. */
static struct latest *latest_of(struct keyring *keyring, const vg_id *compartment)
{
    for (uint32_t i = 0; i < keyring->latest_count; i++) {
        if (vg_id_equal(&keyring->latest[i].compartment, compartment))
            return &keyring->latest[i];
    }
    if (keyring->latest_count == KEYRING_COMPARTMENTS_MAX)
        return NULL;
    struct latest *added = &keyring->latest[keyring->latest_count++];
    added->compartment = *compartment;
    return added;
}

static struct data_key *find(const struct keyring *keyring, const vg_id *compartment,
                             uint64_t epoch)
{
    for (size_t i = 0; i < KEYRING_DATA_KEYS_MAX; i++) {
        struct data_key *data_key = &keyring->secrets->data_keys[i];
        if (data_key->epoch == epoch && vg_id_equal(&data_key->compartment, compartment))
            return data_key;
    }
    return NULL;
}

/* ---- the chain ---------------------------------------------------------------------------------
 */

static int compare(const struct link *link, const vg_id *compartment, uint64_t epoch)
{
    int order = memcmp(&link->compartment, compartment, sizeof *compartment);
    return order != 0 ? order : (link->epoch > epoch) - (link->epoch < epoch);
}

/* The first link that is not before it. */
static uint32_t place_of(const struct keyring *keyring, const vg_id *compartment, uint64_t epoch)
{
    uint32_t low = 0;
    uint32_t high = keyring->link_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (compare(&keyring->links[middle], compartment, epoch) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Keeps what is public of the epoch, as long as there is room. */
static void know(struct keyring *keyring, const struct compartment_epoch *epoch,
                 const vg_hash *place)
{
    uint32_t at = place_of(keyring, &epoch->compartment, epoch->epoch);
    struct link link = {epoch->compartment, epoch->epoch, *place, epoch->commitment, {0}};
    bool known = at < keyring->link_count &&
                 compare(&keyring->links[at], &epoch->compartment, epoch->epoch) == 0;
    if (known || keyring->link_count == KEYRING_EPOCHS_MAX)
        return;
    memcpy(link.chain, epoch->chain, sizeof link.chain);
    keyring->links = vg_realloc(keyring->links, (keyring->link_count + 1) * sizeof link);
    memmove(&keyring->links[at + 1], &keyring->links[at], (keyring->link_count - at) * sizeof link);
    keyring->links[at] = link;
    keyring->link_count++;
}

static struct compartment_epoch record_of(const struct link *link)
{
    struct compartment_epoch record = {
        .compartment = link->compartment, .epoch = link->epoch, .commitment = link->commitment};
    memcpy(record.chain, link->chain, sizeof record.chain);
    return record;
}

/* The key before that of a link, in place of it. */
static bool step_down(const struct link *link, vg_cipher_key *key)
{
    const struct link *below = link - 1;
    struct compartment_epoch epoch = record_of(link);
    struct compartment_epoch before = record_of(below);
    vg_cipher_key opened;
    epoch.previous = before.commitment; /* a record that was not so never came into force */
    enum vg_code code =
        compartment_chain_open(&epoch, &link->place, key, &before, &below->place, &opened, NULL);
    *key = opened;
    vg_wipe(&opened, sizeof opened);
    return code == VG_OK;
}

/* From the next epoch whose key is at hand down to this one. False if there is no such way. */
static bool walk(const struct keyring *keyring, const vg_id *compartment, uint64_t epoch,
                 vg_cipher_key *key)
{
    uint32_t first = place_of(keyring, compartment, epoch);
    uint32_t from = first;
    const struct data_key *known = NULL;
    while (known == NULL && from < keyring->link_count &&
           compare(&keyring->links[from], compartment, epoch + (from - first)) == 0) {
        from++;
        known = find(keyring, compartment, epoch + (from - first));
    }
    if (known == NULL)
        return false;
    *key = known->key;
    while (from > first && step_down(&keyring->links[from], key))
        from--;
    return from == first;
}

/* ---- learning ----------------------------------------------------------------------------------
 */

/* NULL, with the reason, if there is none. */
static const vg_box_secret *secret_of(const struct keyring *keyring, const vg_id *compartment,
                                      struct vg_error *error)
{
    const struct vg_unwrap *unwrap = vg_keyring_find(&keyring->secrets->unwraps, compartment);
    char id[VG_ID_TEXT];
    if (unwrap != NULL)
        return &unwrap->secret;
    vg_id_format(compartment, id);
    vg_fail(error, VG_NOT_FOUND,
            "the keyring of node %" PRIu64 " has no unwrap secret of compartment %s",
            keyring->node.value, id);
    return NULL;
}

static enum vg_code open_wrap(const struct keyring *keyring, const struct compartment_epoch *epoch,
                              const vg_hash *place, vg_cipher_key *out, struct vg_error *error)
{
    const vg_box_secret *secret = secret_of(keyring, &epoch->compartment, error);
    return secret == NULL ? VG_NOT_FOUND
                          : compartment_unwrap(epoch, place, keyring->node, secret, out, error);
}

/* True of a key that every other of its compartment can be had from. */
static bool is_latest(const struct keyring *keyring, const struct data_key *data_key)
{
    for (uint32_t i = 0; i < keyring->latest_count; i++) {
        if (vg_id_equal(&keyring->latest[i].compartment, &data_key->compartment))
            return keyring->latest[i].epoch == data_key->epoch;
    }
    return false;
}

static void keep(struct keyring *keyring, const vg_id *compartment, uint64_t epoch,
                 const vg_cipher_key *key)
{
    struct data_key *place;
    do
        place = &keyring->secrets->data_keys[keyring->learned++ % KEYRING_DATA_KEYS_MAX];
    while (is_latest(keyring, place));
    *place = (struct data_key){*compartment, epoch, *key};
}

static enum vg_code learn(struct keyring *keyring, const struct compartment_epoch *epoch,
                          const vg_hash *place, struct vg_error *error)
{
    struct latest *latest = latest_of(keyring, &epoch->compartment);
    vg_cipher_key key;
    if (latest == NULL)
        return vg_fail(error, VG_UNAVAILABLE, "more than %d compartments are sealed",
                       KEYRING_COMPARTMENTS_MAX);
    if (latest->epoch < epoch->epoch)
        latest->epoch = epoch->epoch;
    know(keyring, epoch, place);
    if (find(keyring, &epoch->compartment, epoch->epoch) != NULL)
        return VG_OK;
    enum vg_code code = open_wrap(keyring, epoch, place, &key, error);
    if (code != VG_OK && walk(keyring, &epoch->compartment, epoch->epoch, &key))
        code = error->code = VG_OK;
    if (code == VG_OK)
        keep(keyring, &epoch->compartment, epoch->epoch, &key);
    vg_wipe(&key, sizeof key);
    return code;
}

enum vg_code keyring_learn(struct keyring *keyring, const struct compartment_epoch *epoch,
                           const vg_hash *place, struct vg_error *error)
{
    pthread_rwlock_wrlock(&keyring->lock);
    enum vg_code code = learn(keyring, epoch, place, error);
    pthread_rwlock_unlock(&keyring->lock);
    return code;
}

static enum vg_code learn_ahead(struct keyring *keyring, const struct compartment_ahead *ahead,
                                struct vg_error *error)
{
    const struct compartment_epoch *wanted = &ahead->records[0];
    const vg_box_secret *secret = secret_of(keyring, &wanted->compartment, error);
    vg_cipher_key key;
    if (secret == NULL)
        return VG_NOT_FOUND;
    enum vg_code code = compartment_ahead_open(ahead, keyring->node, secret, &key, error);
    if (code == VG_OK)
        keep(keyring, &wanted->compartment, wanted->epoch, &key);
    vg_wipe(&key, sizeof key);
    return code;
}

enum vg_code keyring_learn_ahead(struct keyring *keyring, const struct compartment_ahead *ahead,
                                 struct vg_error *error)
{
    pthread_rwlock_wrlock(&keyring->lock);
    enum vg_code code = learn_ahead(keyring, ahead, error);
    pthread_rwlock_unlock(&keyring->lock);
    return code;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

uint64_t keyring_epoch(struct keyring *keyring, const vg_id *compartment)
{
    uint64_t epoch = 0;
    pthread_rwlock_rdlock(&keyring->lock);
    for (uint32_t i = 0; i < keyring->latest_count; i++) {
        if (vg_id_equal(&keyring->latest[i].compartment, compartment))
            epoch = keyring->latest[i].epoch;
    }
    pthread_rwlock_unlock(&keyring->lock);
    return epoch;
}

/* Of what is not at hand. */
static bool have_again(struct keyring *keyring, const vg_id *compartment, uint64_t epoch,
                       vg_cipher_key *key)
{
    pthread_rwlock_wrlock(&keyring->lock);
    bool had = walk(keyring, compartment, epoch, key);
    if (had)
        keep(keyring, compartment, epoch, key);
    pthread_rwlock_unlock(&keyring->lock);
    return had;
}

bool keyring_data_key(void *context, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    struct keyring *keyring = context;
    if (epoch == 0)
        return false;
    pthread_rwlock_rdlock(&keyring->lock);
    const struct data_key *found = find(keyring, compartment, epoch);
    if (found != NULL)
        *key = found->key;
    pthread_rwlock_unlock(&keyring->lock);
    return found != NULL || have_again(keyring, compartment, epoch, key);
}

bool keyring_state_key(void *context, const vg_id *compartment, vg_cipher_key *key)
{
    struct keyring *keyring = context;
    pthread_rwlock_rdlock(&keyring->lock);
    const struct vg_unwrap *found = vg_keyring_find(&keyring->secrets->unwraps, compartment);
    if (found != NULL)
        *key = found->state;
    pthread_rwlock_unlock(&keyring->lock);
    return found != NULL;
}

/* ---- offering ----------------------------------------------------------------------------------
 */

/* The unwrap key here of a compartment; false if there is none. */
static bool find_unwrap(struct keyring *keyring, const vg_id *compartment,
                        struct vg_unwrap_key *out, struct vg_since *since)
{
    pthread_rwlock_rdlock(&keyring->lock);
    const struct vg_unwrap *found = vg_keyring_find(&keyring->secrets->unwraps, compartment);
    if (found != NULL) {
        *out = found->pub;
        *since = found->since;
    }
    pthread_rwlock_unlock(&keyring->lock);
    return found != NULL;
}

bool keyring_unwrap_key(struct keyring *keyring, const vg_id *compartment, vg_box_public *out,
                        struct vg_since *since)
{
    struct vg_unwrap_key found;
    bool known = find_unwrap(keyring, compartment, &found, since);
    if (known)
        *out = found.key;
    return known;
}

bool keyring_next(struct keyring *keyring, vg_id *compartment, vg_box_public *out,
                  struct vg_since *since)
{
    const struct vg_unwrap *next = NULL;
    pthread_rwlock_rdlock(&keyring->lock);
    const struct vg_keyring *all = &keyring->secrets->unwraps;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct vg_unwrap *one = &all->unwraps[i];
        if (memcmp(&one->pub.compartment, compartment, sizeof *compartment) > 0 &&
            (next == NULL ||
             memcmp(&one->pub.compartment, &next->pub.compartment, sizeof *compartment) < 0))
            next = one;
    }
    if (next != NULL) {
        *compartment = next->pub.compartment;
        *out = next->pub.key;
        *since = next->since;
    }
    pthread_rwlock_unlock(&keyring->lock);
    return next != NULL;
}

/* One more in the file, and here after it is there. The file may have it already: what was written
 * last was perhaps not known to be on the disk. `file` is locked memory for its content. */
static enum vg_code add_unwrap(struct keyring *keyring, const char *path,
                               const struct vg_identity *node, const vg_id *compartment,
                               struct vg_since since, struct vg_keyring *file,
                               struct vg_error *error)
{
    if (read_file(path, node, file, error) != VG_OK)
        return error->code;
    bool had = vg_keyring_find(file, compartment) != NULL;
    if (!had && file->count == VG_KEYRING_MAX)
        return vg_fail(error, VG_UNAVAILABLE,
                       "the keyring of node %" PRIu64 " has %d unwrap keys, and no room for more",
                       node->node.value, VG_KEYRING_MAX);
    if (!had) {
        vg_keyring_add(file, node, compartment);
        file->unwraps[file->count - 1].since = since;
    }
    if (vg_keyring_write(path, file, node, error) != VG_OK)
        return error->code;
    pthread_rwlock_wrlock(&keyring->lock);
    struct vg_keyring *here = &keyring->secrets->unwraps;
    assert(here->count < VG_KEYRING_MAX);
    here->unwraps[here->count++] = *vg_keyring_find(file, compartment);
    pthread_rwlock_unlock(&keyring->lock);
    return VG_OK;
}

/* Ids that keys have before their cluster is founded. */
static bool is_stand_in(const vg_id *compartment)
{
    return vg_id_equal(compartment, &vg_keyring_directory) ||
           vg_id_equal(compartment, &vg_keyring_first);
}

enum vg_code keyring_offer(struct keyring *keyring, const char *path,
                           const struct vg_identity *node, const vg_id *compartment,
                           struct vg_since since, struct vg_unwrap_key *out, struct vg_error *error)
{
    enum vg_code code = VG_OK;
    if (vg_id_equal(compartment, &keyring->directory))
        return vg_fail(error, VG_INVALID,
                       "every node has the directory's unwrap key from the genesis on");
    if (is_stand_in(compartment))
        return vg_fail(error, VG_INVALID, "no compartment has this id");
    struct vg_keyring *file = vg_locked_alloc(sizeof *file, error);
    if (file == NULL)
        return VG_UNAVAILABLE;
    pthread_mutex_lock(&keyring->file);
    if (!find_unwrap(keyring, compartment, out, &since)) {
        code = add_unwrap(keyring, path, node, compartment, since, file, error);
        if (code == VG_OK)
            find_unwrap(keyring, compartment, out, &since);
    }
    pthread_mutex_unlock(&keyring->file);
    vg_locked_free(file);
    if (code == VG_OK) /* one that was made before its compartment is signed under another id */
        vg_unwrap_bind(&vg_signer_ed25519, out, node->node, &node->secret);
    return code;
}

/* ---- destroying --------------------------------------------------------------------------------
 */

static void wipe_data_keys(struct keyring *keyring, const vg_id *compartment)
{
    for (size_t i = 0; i < KEYRING_DATA_KEYS_MAX; i++) {
        struct data_key *data_key = &keyring->secrets->data_keys[i];
        if (vg_id_equal(&data_key->compartment, compartment))
            vg_wipe(data_key, sizeof *data_key);
    }
}

/* Whatever becomes of the file, nothing is opened with it any more. */
static void forget(struct keyring *keyring, const vg_id *compartment)
{
    pthread_rwlock_wrlock(&keyring->lock);
    wipe_data_keys(keyring, compartment);
    vg_keyring_remove(&keyring->secrets->unwraps, compartment);
    pthread_rwlock_unlock(&keyring->lock);
}

/* What the file may call a compartment that was founded with the cluster. */
static const vg_id *founded_name(const struct keyring *keyring, const vg_id *compartment)
{
    if (vg_id_equal(compartment, &keyring->directory))
        return &vg_keyring_directory;
    return vg_id_equal(compartment, &keyring->first) ? &vg_keyring_first : compartment;
}

/* `file` is locked memory for the file's content. */
static enum vg_code remove_unwrap(const struct keyring *keyring, const char *path,
                                  const struct vg_identity *node, const vg_id *compartment,
                                  struct vg_keyring *file, struct vg_error *error)
{
    if (read_file(path, node, file, error) != VG_OK)
        return error->code;
    vg_keyring_remove(file, compartment);
    vg_keyring_remove(file, founded_name(keyring, compartment));
    return vg_keyring_write(path, file, node, error);
}

enum vg_code keyring_destroy(struct keyring *keyring, const char *path,
                             const struct vg_identity *node, const vg_id *compartment,
                             struct vg_error *error)
{
    enum vg_code code = VG_UNAVAILABLE;
    struct vg_keyring *file = vg_locked_alloc(sizeof *file, error);
    pthread_mutex_lock(&keyring->file); /* nobody brings back what was read before */
    forget(keyring, compartment);
    if (file != NULL)
        code = remove_unwrap(keyring, path, node, compartment, file, error);
    pthread_mutex_unlock(&keyring->file);
    vg_locked_free(file);
    return code;
}

/* ---- the next epoch ----------------------------------------------------------------------------
 */

static enum vg_code wrap_all(struct compartment_epoch *epoch, const vg_hash *cluster,
                             const vg_cipher_key *key, const struct keyring_holder *holders,
                             uint32_t count, struct vg_error *error)
{
    enum vg_code code = VG_OK;
    uint8_t seed[VG_SEED_SIZE];
    for (uint32_t i = 0; code == VG_OK && i < count; i++) {
        vg_random(seed, sizeof seed);
        code = compartment_epoch_wrap(epoch, cluster, key, holders[i].node, &holders[i].unwrap,
                                      seed, error);
    }
    vg_wipe(seed, sizeof seed);
    return code;
}

enum vg_code keyring_next_epoch(struct keyring *keyring, const vg_hash *cluster,
                                const struct compartment_epoch *in_force,
                                const struct keyring_holder *holders, uint32_t count,
                                struct compartment_epoch *out, struct vg_error *error)
{
    vg_cipher_key before, key;
    char compartment[VG_ID_TEXT];
    vg_id_format(&in_force->compartment, compartment);
    if (!keyring_data_key(keyring, &in_force->compartment, in_force->epoch, &before))
        return vg_fail(error, VG_NOT_FOUND,
                       "node %" PRIu64 " has no data key of compartment %s, epoch %" PRIu64,
                       keyring->node.value, compartment, in_force->epoch);
    vg_random(key.bytes, sizeof key.bytes);
    compartment_epoch_begin(out, cluster, &in_force->compartment, in_force, &before, &key);
    enum vg_code code = wrap_all(out, cluster, &key, holders, count, error);
    vg_wipe(&before, sizeof before);
    vg_wipe(&key, sizeof key);
    return code;
}
