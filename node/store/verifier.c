/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/verifier.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "node/store/thread.h"

struct vouched {
    vg_hash commitment;
    vg_public_key key;
};

struct store_verifier {
    const struct ledger_genesis *genesis;
    vg_hash cluster;
    struct response_keys keys;
    pthread_t workers[STORE_VERIFY_WORKERS];
    uint64_t filled; /* chunks pushed and released so far: the apply thread's */
    uint64_t released;
    pthread_mutex_t lock; /* guards each chunk's status, and what follows */
    pthread_cond_t work;
    pthread_cond_t ready;
    bool closing;
    struct store_chunk chunks[STORE_CHUNKS];
    pthread_mutex_t vouched_lock; /* guards what follows */
    struct vouched vouched[STORE_VOUCHED_MAX];
    uint64_t vouched_count; /* so far; the latest are kept */
};

static bool verified_before(vg_span message, const vg_public_key *key,
                            const vg_signature *signature)
{
    (void)message;
    (void)key;
    (void)signature;
    return true;
}

static const struct vg_signer voucher = {.verify = verified_before};

void store_verifier_vouch(struct store_verifier *verifier, const vg_hash *commitment,
                          const vg_public_key *key)
{
    pthread_mutex_lock(&verifier->vouched_lock);
    verifier->vouched[verifier->vouched_count++ % STORE_VOUCHED_MAX] =
        (struct vouched){*commitment, *key};
    pthread_mutex_unlock(&verifier->vouched_lock);
}

/* False if nobody has vouched for it. */
static bool find_vouched(struct store_verifier *verifier, const vg_hash *commitment,
                         vg_public_key *key)
{
    bool found = false;
    pthread_mutex_lock(&verifier->vouched_lock);
    uint64_t kept =
        verifier->vouched_count < STORE_VOUCHED_MAX ? verifier->vouched_count : STORE_VOUCHED_MAX;
    for (uint64_t i = 0; i < kept; i++) {
        if (!vg_hash_equal(&verifier->vouched[i].commitment, commitment))
            continue;
        *key = verifier->vouched[i].key;
        found = true;
    }
    pthread_mutex_unlock(&verifier->vouched_lock);
    return found;
}

static void open_with(struct store_verifier *verifier, struct store_verified *entry,
                      const struct vg_signer *signer)
{
    response_open(verifier->genesis, &verifier->cluster, &verifier->keys, signer, &entry->view,
                  &entry->opened);
}

static void open_entry(struct store_verifier *verifier, struct store_verified *entry)
{
    vg_public_key key;
    if (!response_has_command(entry->view.envelope.type))
        return;
    bool vouched = find_vouched(verifier, &entry->view.envelope.commitment, &key);
    open_with(verifier, entry, vouched ? &voucher : &vg_signer_ed25519);
    if (!vouched || !entry->opened.checked || memcmp(&entry->opened.key, &key, sizeof key) == 0)
        return;
    response_opened_free(&entry->opened, &entry->view); /* the author has another key by now */
    open_with(verifier, entry, &vg_signer_ed25519);
}

void store_verifier_again(struct store_verifier *verifier, struct store_verified *entry)
{
    response_opened_free(&entry->opened, &entry->view);
    open_entry(verifier, entry);
}

static void verify(struct store_verifier *verifier, struct store_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->count; i++)
        open_entry(verifier, &chunk->entries[i]);
}

/* With the lock held; gives it back while verifying. */
static void take_and_verify(struct store_verifier *verifier, struct store_chunk *chunk)
{
    chunk->status = STORE_CHUNK_TAKEN;
    pthread_mutex_unlock(&verifier->lock);
    verify(verifier, chunk);
    pthread_mutex_lock(&verifier->lock);
    chunk->status = STORE_CHUNK_READY;
}

static struct store_chunk *first_filled(struct store_verifier *verifier)
{
    for (size_t i = 0; i < STORE_CHUNKS; i++) {
        if (verifier->chunks[i].status == STORE_CHUNK_FILLED)
            return &verifier->chunks[i];
    }
    return NULL;
}

static void *worker_run(void *context)
{
    struct store_verifier *verifier = context;
    prctl(PR_SET_NAME, "verifier");
    pthread_mutex_lock(&verifier->lock);
    while (!verifier->closing) {
        struct store_chunk *chunk = first_filled(verifier);
        if (chunk == NULL) {
            pthread_cond_wait(&verifier->work, &verifier->lock);
            continue;
        }
        take_and_verify(verifier, chunk);
        pthread_cond_signal(&verifier->ready);
    }
    pthread_mutex_unlock(&verifier->lock);
    return NULL;
}

struct store_verifier *store_verifier_new(const struct ledger_genesis *genesis,
                                          const vg_hash *cluster, const struct response_keys *keys)
{
    struct store_verifier *verifier = vg_alloc_zero(1, sizeof *verifier);
    verifier->genesis = genesis;
    verifier->cluster = *cluster;
    verifier->keys = *keys;
    pthread_mutex_init(&verifier->lock, NULL);
    pthread_mutex_init(&verifier->vouched_lock, NULL);
    store_cond_init(&verifier->work);
    store_cond_init(&verifier->ready);
    for (size_t i = 0; i < STORE_VERIFY_WORKERS; i++)
        verifier->workers[i] = store_thread_start(worker_run, verifier);
    return verifier;
}

static void clear(struct store_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->count; i++) {
        response_opened_free(&chunk->entries[i].opened, &chunk->entries[i].view);
        vg_blob_unref(chunk->entries[i].entry);
    }
    chunk->count = 0;
    chunk->bytes = 0;
    chunk->status = STORE_CHUNK_FREE;
}

void store_verifier_free(struct store_verifier *verifier)
{
    pthread_mutex_lock(&verifier->lock);
    verifier->closing = true;
    pthread_cond_broadcast(&verifier->work);
    pthread_mutex_unlock(&verifier->lock);
    for (size_t i = 0; i < STORE_VERIFY_WORKERS; i++)
        pthread_join(verifier->workers[i], NULL);
    for (size_t i = 0; i < STORE_CHUNKS; i++)
        clear(&verifier->chunks[i]);
    pthread_cond_destroy(&verifier->ready);
    pthread_cond_destroy(&verifier->work);
    pthread_mutex_destroy(&verifier->vouched_lock);
    pthread_mutex_destroy(&verifier->lock);
    free(verifier);
}

struct store_chunk *store_verifier_next(struct store_verifier *verifier)
{
    if (verifier->filled - verifier->released == STORE_CHUNKS)
        return NULL;
    return &verifier->chunks[verifier->filled % STORE_CHUNKS];
}

void store_verifier_push(struct store_verifier *verifier)
{
    struct store_chunk *chunk = store_verifier_next(verifier);
    assert(chunk != NULL && chunk->status == STORE_CHUNK_FREE && chunk->count > 0);
    pthread_mutex_lock(&verifier->lock);
    chunk->status = STORE_CHUNK_FILLED;
    /* A lone chunk is verified soonest by the apply thread, which needs it next. */
    if (!store_verifier_empty(verifier))
        pthread_cond_signal(&verifier->work);
    pthread_mutex_unlock(&verifier->lock);
    verifier->filled++;
}

bool store_verifier_empty(const struct store_verifier *verifier)
{
    return verifier->filled == verifier->released;
}

struct store_chunk *store_verifier_take(struct store_verifier *verifier)
{
    assert(!store_verifier_empty(verifier));
    struct store_chunk *chunk = &verifier->chunks[verifier->released % STORE_CHUNKS];
    pthread_mutex_lock(&verifier->lock);
    if (chunk->status == STORE_CHUNK_FILLED)
        take_and_verify(verifier, chunk);
    while (chunk->status != STORE_CHUNK_READY)
        pthread_cond_wait(&verifier->ready, &verifier->lock);
    pthread_mutex_unlock(&verifier->lock);
    return chunk;
}

void store_verifier_release(struct store_verifier *verifier)
{
    struct store_chunk *chunk = &verifier->chunks[verifier->released % STORE_CHUNKS];
    pthread_mutex_lock(&verifier->lock);
    clear(chunk);
    pthread_mutex_unlock(&verifier->lock);
    verifier->released++;
}
