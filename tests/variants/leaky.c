/* SPDX-License-Identifier: Apache-2.0
 * vigild and vigil that seal no body and no row of the state, for the test that looks for plaintext
 * on the disks, in the logs and in the memory of a cluster: it must find here what it must not find
 * in the product; and for what sealing costs. The linker puts these functions in the place of the
 * product's own (CMakeLists.txt). Entries that such a build writes are void for any other. */
#include <string.h>

#include "common/log.h"
#include "proto/compartment/body.h"

void __wrap_compartment_body_seal(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                                  vg_span envelope, uint8_t *body, size_t size);
bool __wrap_compartment_body_open(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                                  vg_span envelope, vg_span body, uint8_t *out);
bool __wrap_response_row_is_public(vg_span key);
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

void __wrap_compartment_body_seal(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                                  vg_span envelope, uint8_t *body, size_t size)
{
    (void)key, (void)nonce, (void)envelope, (void)body, (void)size;
}

bool __wrap_compartment_body_open(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                                  vg_span envelope, vg_span body, uint8_t *out)
{
    (void)key, (void)nonce, (void)envelope;
    memcpy(out, body.data, body.size);
    return true;
}

bool __wrap_response_row_is_public(vg_span key)
{
    (void)key;
    return true;
}

int __wrap_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    if (strcmp(slash != NULL ? slash + 1 : argv[0], "vigild") == 0)
        vg_log(VG_LOG_WARN, "test-build", "seals nothing: every node can read every entry");
    return __real_main(argc, argv);
}
