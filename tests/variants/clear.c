/* SPDX-License-Identifier: Apache-2.0
 * vigild and vigil without a cipher, for tests that look at what is on the wire and at what the
 * cipher costs (docs/channel.md, "Cost"). The linker puts these functions in the place of the
 * channel's own (CMakeLists.txt): no source of the product has a switch for it. The handshake is
 * made, under a prologue that no other build has; a record is its plain bytes and a tag of zeros.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/bytes.h"
#include "common/log.h"
#include "proto/channel/noise.h"

static const char label[] = "vigil-test-without-cipher";

enum { PROLOGUE_MAX = 256 };

static vg_span marked(vg_span prologue, uint8_t out[PROLOGUE_MAX])
{
    struct vg_writer writer = vg_writer_of(out, PROLOGUE_MAX);
    vg_write_bytes(&writer, label, sizeof label - 1);
    vg_write_bytes(&writer, prologue.data, prologue.size);
    assert(!writer.failed);
    return vg_span_of(out, vg_writer_size(&writer));
}

void __real_noise_initiate(struct noise_handshake *handshake, const struct noise_static *self,
                           const vg_channel_public *theirs, vg_span prologue);
void __wrap_noise_initiate(struct noise_handshake *handshake, const struct noise_static *self,
                           const vg_channel_public *theirs, vg_span prologue);
void __real_noise_respond(struct noise_handshake *handshake, const struct noise_static *self,
                          vg_span prologue);
void __wrap_noise_respond(struct noise_handshake *handshake, const struct noise_static *self,
                          vg_span prologue);
void __wrap_noise_seal(struct noise_cipher *cipher, vg_span plain, uint8_t *out);
enum vg_code __wrap_noise_open(struct noise_cipher *cipher, uint8_t *message, size_t size,
                               vg_span *plain, struct vg_error *error);
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

void __wrap_noise_initiate(struct noise_handshake *handshake, const struct noise_static *self,
                           const vg_channel_public *theirs, vg_span prologue)
{
    uint8_t bytes[PROLOGUE_MAX];
    __real_noise_initiate(handshake, self, theirs, marked(prologue, bytes));
}

void __wrap_noise_respond(struct noise_handshake *handshake, const struct noise_static *self,
                          vg_span prologue)
{
    uint8_t bytes[PROLOGUE_MAX];
    __real_noise_respond(handshake, self, marked(prologue, bytes));
}

void __wrap_noise_seal(struct noise_cipher *cipher, vg_span plain, uint8_t *out)
{
    (void)cipher;
    memmove(out, plain.data, plain.size);
    memset(out + plain.size, 0, NOISE_TAG_SIZE);
}

enum vg_code __wrap_noise_open(struct noise_cipher *cipher, uint8_t *message, size_t size,
                               vg_span *plain, struct vg_error *error)
{
    (void)cipher;
    if (size < NOISE_TAG_SIZE)
        return vg_fail(error, VG_INVALID, "channel: a record of %zu bytes is too short", size);
    *plain = vg_span_of(message, size - NOISE_TAG_SIZE);
    return VG_OK;
}

/* Every node says what it is when it starts; `vigil` when it is asked for its version. */
int __wrap_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    if (strcmp(slash != NULL ? slash + 1 : argv[0], "vigild") == 0)
        vg_log(VG_LOG_WARN, "test-build", "without a cipher: nothing on the wire is secret");
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        puts("a test build without a cipher: nothing on the wire is secret");
    return __real_main(argc, argv);
}
