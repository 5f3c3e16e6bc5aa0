/* SPDX-License-Identifier: Apache-2.0
 * vigild and vigil that know how long they spend in cryptography: the linker leads calls of these
 * functions here (CMakeLists.txt), which take the thread's processor time around them. A node logs
 * the sums when it ends, as `spent`, for cost.py. */
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "common/crypto.h"
#include "common/log.h"

enum part { CHANNEL, SIGNATURES, BODIES, HASHES, PARTS };

static const char *const names[PARTS] = {"channel", "signatures", "bodies", "hashes"};
static atomic_uint_least64_t spent_ns[PARTS];
static atomic_uint_least64_t calls[PARTS];
static uint64_t own_ns; /* that the clock takes itself */

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void spend(enum part part, uint64_t since)
{
    uint64_t took = now_ns() - since;
    atomic_fetch_add(&spent_ns[part], took > own_ns ? took - own_ns : 0);
    atomic_fetch_add(&calls[part], 1);
}

#define TIMED(part, type, name, parameters, arguments)                                             \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        uint64_t since = now_ns();                                                                 \
        type result = __real_##name arguments;                                                     \
        spend(part, since);                                                                        \
        return result;                                                                             \
    }

#define BYTES(name) const unsigned char *name, unsigned long long name##_size
#define SEALING                                                                                    \
    (unsigned char *out, unsigned long long *out_size, BYTES(plain), BYTES(more),                  \
     const unsigned char *secret_nonce, const unsigned char *nonce, const unsigned char *key)
#define SEALED (out, out_size, plain, plain_size, more, more_size, secret_nonce, nonce, key)
#define OPENING                                                                                    \
    (unsigned char *out, unsigned long long *out_size, unsigned char *secret_nonce, BYTES(sealed), \
     BYTES(more), const unsigned char *nonce, const unsigned char *key)
#define OPENED (out, out_size, secret_nonce, sealed, sealed_size, more, more_size, nonce, key)

TIMED(CHANNEL, int, crypto_aead_chacha20poly1305_ietf_encrypt, SEALING, SEALED)
TIMED(CHANNEL, int, crypto_aead_chacha20poly1305_ietf_decrypt, OPENING, OPENED)
TIMED(BODIES, int, crypto_aead_xchacha20poly1305_ietf_encrypt, SEALING, SEALED)
TIMED(BODIES, int, crypto_aead_xchacha20poly1305_ietf_decrypt, OPENING, OPENED)
TIMED(SIGNATURES, int, crypto_sign_detached,
      (unsigned char *out, unsigned long long *out_size, BYTES(message), const unsigned char *key),
      (out, out_size, message, message_size, key))
TIMED(SIGNATURES, int, crypto_sign_verify_detached,
      (const unsigned char *signature, BYTES(message), const unsigned char *key),
      (signature, message, message_size, key))
TIMED(HASHES, vg_hash, vg_hash_parts,
      (enum vg_hash_label label, const vg_span *parts, size_t count), (label, parts, count))

/* The least of many, as an interruption is no part of it. */
static void measure_clock(void)
{
    own_ns = UINT64_MAX;
    for (int i = 0; i < 10000; i++) {
        uint64_t since = now_ns();
        uint64_t took = now_ns() - since;
        own_ns = took < own_ns ? took : own_ns;
    }
}

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

int __wrap_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    bool is_node = strcmp(slash != NULL ? slash + 1 : argv[0], "vigild") == 0;
    if (is_node)
        vg_log(VG_LOG_WARN, "test-build", "measures its cryptography");
    measure_clock();
    int result = __real_main(argc, argv);
    for (enum part part = 0; is_node && part < PARTS; part++)
        vg_log(VG_LOG_INFO, "spent", "part=%s calls=%llu ns=%llu", names[part],
               (unsigned long long)atomic_load(&calls[part]),
               (unsigned long long)atomic_load(&spent_ns[part]));
    return result;
}
