/* SPDX-License-Identifier: Apache-2.0
 * Secrets at rest (docs/keys.md): what seals them, where they may lie, and the memory they are in.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/file.h"
#include "common/locked.h"
#include "common/passphrase.h"
#include "common/seal.h"
#include "common/text.h"

static struct vg_error error;

static const char *folder(void)
{
    static char path[32];
    snprintf(path, sizeof path, "/tmp/vigil-test-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
    return path;
}

/* ---- seal --------------------------------------------------------------------------------------
 */

enum { SECRET_SIZE = 5, BOX_SIZE = SECRET_SIZE + VG_SEAL_TAG };

struct sealed {
    struct vg_seal seal;
    uint8_t additional[3];
    uint8_t box[BOX_SIZE];
};

static enum vg_code open_sealed(const struct sealed *sealed, const char *passphrase,
                                uint8_t *secret)
{
    return vg_seal_open(&sealed->seal, vg_span_text(passphrase),
                        vg_span_of(sealed->additional, sizeof sealed->additional),
                        vg_span_of(sealed->box, sizeof sealed->box), secret, &error);
}

static void make_sealed(struct sealed *out)
{
    vg_crypto_init();
    *out = (struct sealed){.seal = vg_seal_make(1, VG_SEAL_KIB_MIN), .additional = "abc"};
    cr_assert_eq(vg_seal_close(&out->seal, vg_span_text("correct horse"),
                               vg_span_of(out->additional, sizeof out->additional),
                               vg_span_text("seeds"), out->box, &error),
                 VG_OK, "%s", error.text);
}

Test(seal, opens_with_its_passphrase_alone)
{
    struct sealed sealed;
    uint8_t secret[SECRET_SIZE];
    make_sealed(&sealed);
    cr_assert_eq(open_sealed(&sealed, "correct horse", secret), VG_OK, "%s", error.text);
    cr_expect_arr_eq(secret, "seeds", SECRET_SIZE);
    static const char *const others[] = {"", "correct hors", "correct horse ", "Correct horse"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_expect_eq(open_sealed(&sealed, others[i], secret), VG_FORBIDDEN, "\"%s\"", others[i]);
}

Test(seal, no_bit_of_salt_nonce_additional_or_box_is_free)
{
    struct sealed sealed;
    uint8_t secret[SECRET_SIZE];
    make_sealed(&sealed);
    struct {
        uint8_t *bytes;
        size_t size;
    } parts[] = {{sealed.seal.salt, VG_SEAL_SALT},
                 {sealed.seal.nonce, VG_SEAL_NONCE},
                 {sealed.additional, sizeof sealed.additional},
                 {sealed.box, BOX_SIZE}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t bit = 0; bit < 8 * parts[i].size; bit++) {
            parts[i].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            cr_expect_eq(open_sealed(&sealed, "correct horse", secret), VG_FORBIDDEN,
                         "part %zu, bit %zu", i, bit);
            parts[i].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    cr_expect_eq(open_sealed(&sealed, "correct horse", secret), VG_OK);
}

Test(seal, another_cost_is_another_key)
{
    struct sealed sealed;
    uint8_t secret[SECRET_SIZE];
    make_sealed(&sealed);
    sealed.seal.passes++;
    cr_expect_eq(open_sealed(&sealed, "correct horse", secret), VG_FORBIDDEN);
    sealed.seal.passes--;
    sealed.seal.memory_kib++;
    cr_expect_eq(open_sealed(&sealed, "correct horse", secret), VG_FORBIDDEN);
}

Test(seal, costs_out_of_bounds_are_refused_before_they_are_paid)
{
    static const struct {
        uint32_t passes, kib;
        bool bounded;
    } costs[] = {{1, VG_SEAL_KIB_MIN, true},      {VG_SEAL_PASSES_MAX, VG_SEAL_KIB_MAX, true},
                 {0, VG_SEAL_KIB, false},         {VG_SEAL_PASSES_MAX + 1, VG_SEAL_KIB, false},
                 {1, VG_SEAL_KIB_MIN - 1, false}, {1, VG_SEAL_KIB_MAX + 1, false},
                 {1, UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        struct vg_seal seal = {.passes = costs[i].passes, .memory_kib = costs[i].kib};
        cr_expect_eq(vg_seal_is_bounded(&seal), costs[i].bounded, "%u passes, %u KiB",
                     costs[i].passes, costs[i].kib);
    }
}

Test(seal, two_seals_share_nothing)
{
    vg_crypto_init();
    struct vg_seal one = vg_seal_make(1, VG_SEAL_KIB_MIN), two = vg_seal_make(1, VG_SEAL_KIB_MIN);
    cr_expect_arr_neq(one.salt, two.salt, VG_SEAL_SALT);
    cr_expect_arr_neq(one.nonce, two.nonce, VG_SEAL_NONCE);
}

/* ---- files of secrets --------------------------------------------------------------------------
 */

static void refused(const char *path, unsigned bits, enum vg_code code, const char *remedy)
{
    char bytes[8];
    size_t size;
    cr_expect_eq(vg_file_read_secret(path, bits, bytes, sizeof bytes, &size, &error), code);
    cr_expect(strstr(error.text, remedy) != NULL, "%s", error.text);
    cr_expect(strstr(error.text, path) != NULL, "%s", error.text);
}

Test(secret_file, is_read_where_nobody_else_can_read_or_exchange_it)
{
    char path[64], bytes[8];
    size_t size;
    const char *around = folder();
    snprintf(path, sizeof path, "%s/secret", around);
    cr_assert_eq(vg_file_write(path, vg_span_text("12345678"), 0600, &error), VG_OK);
    cr_assert_eq(vg_file_read_secret(path, VG_SECRET_OWN, bytes, sizeof bytes, &size, &error),
                 VG_OK, "%s", error.text);
    cr_expect(size == 8 && memcmp(bytes, "12345678", 8) == 0);

    chmod(path, 0640);
    refused(path, VG_SECRET_OWN, VG_FORBIDDEN, "run: chmod 600");
    cr_expect_eq(vg_file_read_secret(path, VG_SECRET_SERVICE, bytes, sizeof bytes, &size, &error),
                 VG_OK);
    chmod(path, 0604);
    refused(path, VG_SECRET_SERVICE, VG_FORBIDDEN, "run: chmod 600");
    chmod(path, 0600);

    chmod(around, 0770);
    refused(path, VG_SECRET_OWN, VG_FORBIDDEN, "chmod go-w");
    chmod(around, 01777); /* as /tmp: what is there is its owner's */
    cr_expect_eq(vg_file_read_secret(path, VG_SECRET_OWN, bytes, sizeof bytes, &size, &error),
                 VG_OK);
    chmod(around, 0700);

    cr_assert_eq(vg_file_write(path, vg_span_text("123456789"), 0600, &error), VG_OK);
    refused(path, VG_SECRET_OWN, VG_INVALID, "larger than 8 bytes");
    unlink(path);
    refused(path, VG_SECRET_OWN, VG_NOT_FOUND, "cannot open");
    mkdir(path, 0700);
    refused(path, VG_SECRET_OWN, VG_INVALID, "not a regular file");
}

Test(secret_file, of_another_user_is_refused)
{
    char path[64];
    const char *around = folder();
    if (geteuid() != 0)
        cr_skip_test("only root can give a file away");
    snprintf(path, sizeof path, "%s/secret", around);
    cr_assert_eq(vg_file_write(path, vg_span_text("1"), 0600, &error), VG_OK);
    cr_assert_eq(chown(path, 4711, 4711), 0);
    refused(path, VG_SECRET_OWN, VG_FORBIDDEN, "user 4711");
    cr_assert_eq(chown(path, 0, 0), 0);
    cr_assert_eq(chown(around, 4711, 4711), 0);
    refused(path, VG_SECRET_OWN, VG_FORBIDDEN, "exchange this secret");
}

Test(passphrase, is_the_first_line_of_its_file)
{
    static const struct {
        const char *file;
        const char *passphrase; /* NULL: refused */
    } cases[] = {{"one two\n", "one two"},
                 {"one two", "one two"},
                 {" x \nmore\n", " x "},
                 {"", NULL},
                 {"\n", NULL},
                 {"\nlater\n", NULL}};
    char path[64], long_one[VG_PASSPHRASE_MAX + 2];
    struct vg_passphrase read;
    snprintf(path, sizeof path, "%s/passphrase", folder());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(vg_file_write(path, vg_span_text(cases[i].file), 0600, &error), VG_OK);
        enum vg_code code = vg_passphrase_read(path, VG_SECRET_OWN, &read, &error);
        cr_expect_eq(code, cases[i].passphrase == NULL ? VG_INVALID : VG_OK, "case %zu", i);
        if (code == VG_OK)
            cr_expect_str_eq(read.text, cases[i].passphrase);
    }
    memset(long_one, 'x', sizeof long_one);
    for (size_t over = 0; over <= 1; over++) {
        vg_span bytes = vg_span_of(long_one, VG_PASSPHRASE_MAX + over);
        cr_assert_eq(vg_file_write(path, bytes, 0600, &error), VG_OK);
        cr_expect_eq(vg_passphrase_read(path, VG_SECRET_OWN, &read, &error),
                     over > 0 ? VG_INVALID : VG_OK);
    }
}

/* ---- memory ------------------------------------------------------------------------------------
 */

Test(locked, memory_is_zeroed_aligned_and_its_own)
{
    vg_crypto_init();
    for (size_t size = 1; size < 200; size += 13) {
        uint8_t *memory = vg_locked_alloc(size, &error);
        cr_assert_not_null(memory, "%s", error.text);
        cr_expect_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            cr_expect_eq(memory[i], 0);
        memset(memory, 0xff, size);
        vg_locked_free(memory);
    }
    vg_locked_free(NULL);
}
