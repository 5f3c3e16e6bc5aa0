/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memfd_create */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t fuzz_below(struct vg_reader *input, uint64_t bound)
{
    assert(bound >= 1 && bound <= 256);
    return vg_read_u8(input) % bound;
}

vg_span fuzz_rest(struct vg_reader *input)
{
    return vg_read_span(input, (size_t)(input->end - input->at));
}

size_t fuzz_piece(const uint8_t pattern[FUZZ_PATTERN], size_t number, size_t left)
{
    size_t piece = pattern[number % FUZZ_PATTERN];
    return piece == 0 || piece > left ? left : piece;
}

const char *fuzz_file(vg_span bytes)
{
    static char path[32];
    static int file = -1;
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        assert(file >= 0 && fchmod(file, 0600) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    assert(ftruncate(file, 0) == 0);
    assert(pwrite(file, bytes.data, bytes.size, 0) == (ssize_t)bytes.size);
    return path;
}

void fuzz_refused(enum vg_code code, const struct vg_error *error)
{
    assert(code != VG_OK && code == error->code && error->text[0] != '\0');
}

/* As the linker names the section; nothing is there in a build without libFuzzer. This file itself
 * has no counters (CMakeLists.txt): clang would have these names for its own. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak));

struct fuzz_counters fuzz_counters(void)
{
    static uint8_t none;
    size_t size = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
    return (struct fuzz_counters){size > 0 ? __start___sancov_cntrs : &none, size};
}
