/* SPDX-License-Identifier: Apache-2.0
 * Secrets at rest (docs/keys.md): what seals them, where they may lie, and the memory they are in.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cipher.h"
#include "common/crypto.h"
#include "common/file.h"
#include "common/identity.h"
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

enum { SECRET_SIZE = 5, BOX_SIZE = SECRET_SIZE + VG_TAG_SIZE };

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
                 {sealed.seal.nonce, VG_NONCE_SIZE},
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
    cr_expect_arr_neq(one.nonce, two.nonce, VG_NONCE_SIZE);
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
    refused(path, VG_SECRET_OWN, VG_FORBIDDEN, "others can read it");
    cr_expect_eq(vg_file_read_secret(path, VG_SECRET_SERVICE, bytes, sizeof bytes, &size, &error),
                 VG_OK);
    chmod(path, 0604);
    refused(path, VG_SECRET_SERVICE, VG_FORBIDDEN, "others can read it");
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

/* A wrong path may name any file: no command is told that would change it. */
Test(secret_file, of_ours_alone_has_a_command_that_mends_it)
{
    static const struct {
        const char *head, *said;
    } files[] = {{"vigil-identity 2\n", "run: chmod 600"},
                 {"root:x:0:0:root:/root:/bin/bash\n", "the file you mean"},
                 {"v", "the file you mean"},
                 {"", "the file you mean"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/file", folder());
        vg_span head = vg_span_text(files[i].head);
        cr_assert_eq(vg_file_write(path, head, 0644, &error), VG_OK);
        refused(path, VG_SECRET_OWN, VG_FORBIDDEN, files[i].said);
        cr_expect_eq(strstr(error.text, "chmod") != NULL, strstr(files[i].said, "chmod") != NULL);
    }
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
    refused(path, VG_SECRET_OWN, VG_FORBIDDEN, "others can change it");
    cr_assert_eq(vg_file_write(path, vg_span_text("vigil-identity 2\n"), 0600, &error), VG_OK);
    cr_assert_eq(chown(path, 4711, 4711), 0);
    refused(path, VG_SECRET_OWN, VG_FORBIDDEN,
            "user 4711's, who may change this secret; run: chown");
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

/* ---- identity files ----------------------------------------------------------------------------
 */

static const char passphrase_text[] = "correct horse";

static enum vg_code reparse(const struct vg_identity_text *text, struct vg_identity_file *out)
{
    struct vg_identity_text copy = *text;
    return vg_identity_parse(&copy, "the text", out, &error);
}

static void make_files(enum vg_identity_kind kind, struct vg_identity *made,
                       struct vg_identity_file *sealed)
{
    vg_crypto_init();
    bool person = kind == VG_IDENTITY_PERSON;
    vg_id id = {{person}};
    struct vg_seal seal = vg_seal_make(1, VG_SEAL_KIB_MIN);
    vg_identity_make(kind, &id, (vg_node_id){person ? 0 : 7}, made);
    cr_assert_eq(vg_identity_seal(made, &seal, vg_span_text(passphrase_text), sealed, &error),
                 VG_OK, "%s", error.text);
}

Test(identity_file, comes_back_from_under_its_passphrase)
{
    static const uint8_t zeros[sizeof(vg_secret_key)];
    struct vg_identity made;
    struct vg_identity_file sealed, read;
    struct vg_identity_text text;
    for (enum vg_identity_kind kind = VG_IDENTITY_PERSON; kind <= VG_IDENTITY_NODE; kind++) {
        make_files(kind, &made, &sealed);
        vg_identity_format(&sealed, &text);
        cr_assert_eq(reparse(&text, &read), VG_OK, "%s", error.text);
        cr_assert(read.sealed);
        cr_expect_arr_eq(read.identity.pub.bytes, made.pub.bytes, sizeof made.pub);
        cr_expect_arr_eq(read.identity.secret.bytes, zeros, sizeof made.secret);
        cr_expect_arr_eq(read.identity.channel_secret.bytes, zeros, sizeof made.channel_secret);
        cr_expect_eq(vg_identity_open(&read, "it", vg_span_text("wrong horse"), &error),
                     VG_FORBIDDEN);
        cr_assert_eq(vg_identity_open(&read, "it", vg_span_text(passphrase_text), &error), VG_OK,
                     "%s", error.text);
        cr_expect_not(read.sealed);
        cr_expect_eq(memcmp(&read.identity, &made, sizeof made), 0);
    }
}

/* As it was when this was written: files of today open for ever. */
Test(identity_file, of_then_opens_now)
{
    static const char then[] =
        "vigil-identity 2\n"
        "kind person\n"
        "id 01a20163-f045-7fee-a55c-0abf55442de4\n"
        "public 5a376b481ef2cf6cd7f7fc9474aff28917b980bdfc9458468628e3209fe7e1c2\n"
        "channel 52eee9f7efb89a5b5befb4329d5b600da741764e071bc17e5d29b7c8aee3500b\n"
        "binding "
        "63ec061815bd276a455a48c6b7d40d37ef70aeeb6fe343e30f80b40c121fa0e4"
        "0c482bb60e14bf8d01b531faf68c709dcb99bc19414315116d2b0452ab8feb02\n"
        "sealed argon2id 2 8192\n"
        "salt e7a7314c0a9a38923659c8a94048416c\n"
        "nonce 3519d3e9905c6e1d2bc1d041d9d96147a678b7b52c27671f\n"
        "box "
        "b8a6114551752f96c651090cfcacb972bfce0f8a99d230872f407d8f0be06aee"
        "d18f9517077e17fbe80f95b5191036ca15de04ea4c42635dba54bce10c0c7363"
        "a27c663d40409505f44fc6a34ce53219\n";
    struct vg_identity_text text = {.size = sizeof then - 1};
    struct vg_identity_file read;
    vg_crypto_init();
    memcpy(text.text, then, sizeof then);
    cr_assert_eq(reparse(&text, &read), VG_OK, "%s", error.text);
    cr_expect_eq(vg_identity_open(&read, "it", vg_span_text(passphrase_text), &error), VG_OK, "%s",
                 error.text);
}

/* X25519 takes the first and the last byte of a secret without some of their bits (RFC 7748,
 * section 5), so a plain file can have them either way and is the same identity. */
static bool is_ignored(const struct vg_identity_text *text, size_t byte)
{
    const char *seed = strstr(text->text, "channel-seed ");
    size_t first = seed == NULL ? SIZE_MAX : (size_t)(seed - text->text) + strlen("channel-seed ");
    return seed != NULL && (byte == first || byte == first + 1 || byte == first + 62);
}

/* A flipped bit is refused as soon as the text is read, or does not open. */
static void no_free_bit(const struct vg_identity_text *text, bool sealed)
{
    struct vg_identity_file read;
    for (size_t bit = 0; bit < 8 * text->size; bit++) {
        struct vg_identity_text altered = *text;
        altered.text[bit / 8] = (char)(altered.text[bit / 8] ^ 1 << bit % 8);
        enum vg_code code = reparse(&altered, &read);
        if (code == VG_OK && sealed)
            code = vg_identity_open(&read, "it", vg_span_text(passphrase_text), &error);
        if (code == VG_OK && is_ignored(text, bit / 8))
            continue;
        cr_expect(code == VG_INVALID || code == VG_INTEGRITY || code == VG_FORBIDDEN,
                  "byte %zu, bit %zu: %s", bit / 8, bit % 8, vg_code_name(code));
    }
}

Test(identity_file, no_bit_of_it_is_free, .timeout = 600)
{
    struct vg_identity made;
    struct vg_identity_file sealed, plain = {.sealed = false};
    struct vg_identity_text text;
    make_files(VG_IDENTITY_PERSON, &made, &sealed);
    vg_identity_format(&sealed, &text);
    no_free_bit(&text, true);
    plain.identity = made;
    vg_identity_format(&plain, &text);
    no_free_bit(&text, false);
}

Test(identity_file, is_whole_and_nothing_more)
{
    struct vg_identity made;
    struct vg_identity_file sealed, read;
    struct vg_identity_text text;
    make_files(VG_IDENTITY_PERSON, &made, &sealed);
    vg_identity_format(&sealed, &text);
    for (size_t size = 0; size < text.size; size++) {
        struct vg_identity_text cut = text;
        cut.size = size;
        cr_expect_eq(reparse(&cut, &read), VG_INVALID, "%zu bytes", size);
    }
    static const char *const more[] = {"\n", "x", "seed 00\n", " "};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        struct vg_identity_text longer = text;
        memcpy(longer.text + longer.size, more[i], strlen(more[i]));
        longer.size += strlen(more[i]);
        cr_expect_eq(reparse(&longer, &read), VG_INVALID, "%s", more[i]);
    }
}

/* Nothing is allocated for what such a file asks for: it is refused where its line is. */
Test(identity_file, asks_for_a_bounded_cost)
{
    static const char *const costs[] = {
        "argon2id 0 262144",  "argon2id 11 262144",    "argon2id 3 8191",
        "argon2id 3 1048577", "argon2id 3 4294967296", "argon2id 99999999999999999999 9",
        "argon2id -1 262144", "argon2id 3 -1",         "argon2id  3 262144",
        "argon2id 03 262144", "argon2id 3 262144 ",    "argon2id 3",
        "argon2i 3 262144",   "scrypt 3 262144"};
    struct vg_identity made;
    struct vg_identity_file sealed, read;
    struct vg_identity_text text;
    make_files(VG_IDENTITY_PERSON, &made, &sealed);
    vg_identity_format(&sealed, &text);
    const char *line = strstr(text.text, "sealed ");
    const char *next = strchr(line, '\n');
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        struct vg_identity_text other;
        other.size = (size_t)snprintf(other.text, sizeof other.text, "%.*ssealed %s%s",
                                      (int)(line - text.text), text.text, costs[i], next);
        cr_expect_eq(reparse(&other, &read), VG_INVALID, "%s", costs[i]);
    }
}

Test(identity_file, is_replaced_whole_and_only_on_purpose)
{
    char path[64];
    struct vg_identity made, plain;
    struct vg_identity_file sealed, read;
    make_files(VG_IDENTITY_NODE, &made, &sealed);
    snprintf(path, sizeof path, "%s/node.key", folder());
    cr_assert_eq(vg_identity_write(path, &made, &error), VG_OK, "%s", error.text);
    cr_expect_eq(vg_identity_write(path, &made, &error), VG_EXISTS);
    cr_expect_eq(vg_identity_read(path, &plain, &error), VG_OK, "%s", error.text);
    cr_assert_eq(vg_identity_file_write(path, &sealed, &error), VG_OK, "%s", error.text);
    cr_assert_eq(vg_identity_file_read(path, VG_SECRET_OWN, &read, &error), VG_OK, "%s",
                 error.text);
    cr_expect(read.sealed);
    cr_expect_eq(vg_identity_read(path, &plain, &error), VG_FORBIDDEN);
    cr_expect(strstr(error.text, "vigil identity passphrase") != NULL, "%s", error.text);
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

/* ---- chance ------------------------------------------------------------------------------------
 */

enum { CLONES = 4, DRAWS = 64 };

typedef uint8_t nonces[DRAWS][VG_NONCE_SIZE];

static void draw(nonces out)
{
    for (int i = 0; i < DRAWS; i++)
        vg_random(out[i], sizeof out[i]);
}

static void draw_in_a_clone(nonces out)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        draw(out);
        _exit(write(ends[1], out, sizeof(nonces)) == sizeof(nonces) ? 0 : 1);
    }
    close(ends[1]);
    cr_assert_eq(read(ends[0], out, sizeof(nonces)), sizeof(nonces));
    close(ends[0]);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, VG_NONCE_SIZE);
}

/* As clones of a machine are: nothing that nonces are drawn from lies in the process. */
Test(chance, clones_of_a_process_draw_other_nonces)
{
    static nonces drawn[CLONES + 1];
    uint8_t(*all)[VG_NONCE_SIZE] = drawn[0];
    vg_crypto_init();
    draw(drawn[CLONES]);
    for (int i = 0; i < CLONES; i++)
        draw_in_a_clone(drawn[i]);
    qsort(all, sizeof drawn / VG_NONCE_SIZE, VG_NONCE_SIZE, by_bytes);
    for (size_t i = 1; i < sizeof drawn / VG_NONCE_SIZE; i++)
        cr_assert_neq(memcmp(all[i - 1], all[i], VG_NONCE_SIZE), 0);
}
