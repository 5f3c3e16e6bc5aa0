/* SPDX-License-Identifier: Apache-2.0
 * Where a node's key is in a process that has read it: in the locked memory it was read to, and
 * after that was given back nowhere. The file is made by a child, so that this process never had
 * the key before; what is searched for is kept inverted, so that the search does not find itself.
 * Exit code 0 if all held. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/identity.h"
#include "common/locked.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

enum { HALF = VG_SEED_SIZE / 2, HALVES = 2, SECRETS = 2 };

static char path[SCRATCH_PATH + 8];

/* A half of a seed, as it is and as the file has it, each byte inverted. */
struct needle {
    uint8_t raw[HALF];
    uint8_t text[2 * HALF];
};

static struct needle needles[SECRETS * HALVES];

static uint8_t invert(int byte)
{
    return (uint8_t)(byte ^ 0xff);
}

static void remember(const uint8_t *half, struct needle *needle)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HALF; i++) {
        needle->raw[i] = invert(half[i]);
        needle->text[2 * i] = invert(digits[half[i] >> 4]);
        needle->text[2 * i + 1] = invert(digits[half[i] & 15]);
    }
}

static void remember_all(const struct vg_identity *identity)
{
    for (size_t i = 0; i < HALVES; i++) {
        remember(identity->secret.bytes + i * HALF, &needles[i]);
        remember(identity->channel_secret.bytes + i * HALF, &needles[HALVES + i]);
    }
}

static unsigned count_in(const uint8_t *from, const uint8_t *to, const uint8_t *inverted,
                         size_t size)
{
    unsigned found = 0;
    for (; from + size <= to; from++) {
        size_t same = 0;
        while (same < size && invert(from[same]) == inverted[same])
            same++;
        found += same == size;
    }
    return found;
}

struct count {
    unsigned raw;
    unsigned text;
};

/* In all that this process can read of itself. */
static struct count count_copies(void)
{
    struct count found = {0};
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    must(maps != NULL, "a process knows its mappings");
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t from, to;
        char access;
        must(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %c", &from, &to, &access) == 3, "the line");
        if (access != 'r' || strstr(line, "[v") != NULL) /* the kernel's own pages */
            continue;
        for (size_t i = 0; i < SECRETS * HALVES; i++) {
            const uint8_t *start = (const uint8_t *)from, *end = (const uint8_t *)to;
            found.raw += count_in(start, end, needles[i].raw, sizeof needles[i].raw);
            found.text += count_in(start, end, needles[i].text, sizeof needles[i].text);
        }
    }
    (void)fclose(maps);
    return found;
}

static void make_file(void)
{
    struct vg_identity identity;
    struct vg_error error;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        vg_identity_make(VG_IDENTITY_NODE, &(vg_id){{0}}, (vg_node_id){1}, &identity);
        _exit(vg_identity_write(path, &identity, &error) == VG_OK ? 0 : 1);
    }
    must(waitpid(child, &status, 0) == child && status == 0, "an identity is written");
}

static void sign(const struct vg_identity *identity)
{
    vg_signature signature;
    vg_span message = vg_span_text("whatever a node signs");
    vg_signer_ed25519.sign(message, &identity->secret, &signature);
    must(vg_signer_ed25519.verify(message, &identity->pub, &signature), "the key signs");
}

int main(void)
{
    struct vg_error error;
    char folder[SCRATCH_PATH];
    vg_crypto_init();
    scratch_make(folder);
    (void)snprintf(path, sizeof path, "%s/key", folder);
    make_file();
    struct vg_identity *identity = vg_locked_alloc(sizeof *identity, &error);
    must(identity != NULL, "there is locked memory");
    must(vg_identity_read(path, identity, &error) == VG_OK, "the identity is read");
    remember_all(identity);
    sign(identity);
    struct count held = count_copies();
    struct vg_identity careless = *identity;
    struct count copied = count_copies();
    must(careless.kind == identity->kind, "the copy is there until here");
    vg_wipe(&careless, sizeof careless);
    vg_locked_free(identity);
    struct count after = count_copies();
    scratch_remove(folder);
    printf("halves of secrets, and of their text: %u, %u while held; %u, %u with a copy; %u, %u "
           "after\n",
           held.raw, held.text, copied.raw, copied.text, after.raw, after.text);
    must(held.raw == SECRETS * HALVES && held.text == 0, "each half once, and no text");
    must(copied.raw >= 2 * held.raw, "a copy is found");
    must(after.raw == 0 && after.text == 0, "nothing is left");
    return 0;
}
