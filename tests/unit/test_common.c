/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/crypto.h"
#include "common/file.h"
#include "common/identity.h"
#include "common/prng.h"
#include "common/text.h"

Test(text, times_come_back_and_zone_less_ones_do_not)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"2026-11-22T03:04:05.678Z", true, 1795316645678U},
        {"2026-11-22T05:04:05.678+02:00", true, 1795316645678U},
        {"2024-02-29T12:00:00Z", true, 1709208000000U},
        {"1969-12-31T23:30:00-01:00", true, 1800000},
        {"9999-12-31T23:59:59.999Z", true, 253402300799999U},
        {"2023-02-29T12:00:00Z", false, 0},
        {"2026-11-22T03:04:05", false, 0},
        {"2026-11-22", false, 0},
        {"2026-13-01T00:00:00Z", false, 0},
        {"2026-11-22T24:00:00Z", false, 0},
        {"2026-11-22T03:04:05Zx", false, 0},
        {"2026-11-22T03:04:05.Z", false, 0},
        {"1969-12-31T23:59:59Z", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ms = 0;
        cr_assert_eq(vg_time_parse(cases[i].text, &ms), cases[i].ok, "%s", cases[i].text);
        if (cases[i].ok)
            cr_assert_eq(ms, cases[i].ms, "%s is %lu", cases[i].text, (unsigned long)ms);
    }
}

Test(text, every_day_of_four_centuries_comes_back)
{
    for (uint64_t day = 0; day < 400 * 366; day++) {
        char text[VG_TIME_TEXT];
        uint64_t back;
        vg_time_format(day * 86400000, text);
        cr_assert(vg_time_parse(text, &back) && back == day * 86400000, "%s", text);
    }
}

/* RFC 4648 section 10, and texts that only look like base64. */
Test(text, base64)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {"Zg",   "Zg=",  "Zg==Zg==", "Zm9v\n",
                                      "Zm9-", "Zh==", "=",        "Zm9\xff"};
    struct vg_buffer out = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        out.size = 0;
        vg_base64_format(vg_span_text(pairs[i][0]), &out);
        cr_expect(vg_span_equal(vg_buffer_span(&out), vg_span_text(pairs[i][1])), "%s",
                  pairs[i][1]);
        out.size = 0;
        cr_expect(vg_base64_parse(vg_span_text(pairs[i][1]), &out), "%s", pairs[i][1]);
        cr_expect(vg_span_equal(vg_buffer_span(&out), vg_span_text(pairs[i][0])), "%s",
                  pairs[i][0]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect(!vg_base64_parse(vg_span_text(bad[i]), &out), "%s", bad[i]);
    vg_buffer_free(&out);
}

Test(text, ids_and_uuid7)
{
    const uint8_t random[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    vg_id id = vg_uuid7_make(0x0192f0c41234, random), back;
    char text[VG_ID_TEXT];
    vg_id_format(&id, text);
    cr_assert_str_eq(text, "0192f0c4-1234-7fff-bfff-ffffffffffff");
    cr_assert(vg_id_parse(text, &back) && vg_id_equal(&id, &back));
    cr_assert(vg_uuid7_valid(&id) && vg_uuid7_time_ms(&id) == 0x0192f0c41234);
    cr_assert(!vg_id_parse("0192f0c4-1234-7fff-bfff-fffffffffff", &back));
    cr_assert(!vg_id_parse("0192f0c41-234-7fff-bfff-ffffffffffff", &back));
    cr_assert(!vg_id_parse("0192f0c4-1234-7fff-bfff-fffffffffffg", &back));
}

Test(text, utf8)
{
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {{"", true},
                 {"plain", true},
                 {"\xc3\xa9", true},
                 {"\xe2\x82\xac", true},
                 {"\xf0\x9f\x94\xa5", true},
                 {"\xc3", false},
                 {"\xc0\xaf", false},
                 {"\xe0\x80\xaf", false},
                 {"\xed\xa0\x80", false},
                 {"\xf4\x90\x80\x80", false},
                 {"\x80", false},
                 {"a\xff", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(vg_utf8_valid(vg_span_text(cases[i].text)), cases[i].ok, "case %zu", i);
    cr_assert(!vg_utf8_valid(vg_span_of("a\0b", 3)));
}

Test(error, a_text_cut_to_its_room_stays_utf8)
{
    for (int shift = 0; shift < 4; shift++) {
        struct vg_error error;
        char text[1024];
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        text[sizeof text - 1] = '\0';
        vg_fail(&error, VG_INVALID, "%s", text);
        cr_assert(vg_utf8_valid(vg_span_text(error.text)), "shift %d", shift);
    }
}

Test(bytes, a_reader_never_passes_its_end)
{
    struct vg_reader reader = vg_reader_of(vg_span_of("\x01\x02\x03", 3));
    cr_assert_eq(vg_read_u16(&reader), 0x0201);
    cr_assert_eq(vg_read_u16(&reader), 0);
    cr_assert(reader.failed && !vg_reader_done(&reader));
    cr_assert_eq(vg_read_u8(&reader), 0, "a failure sticks");
}

Test(prng, the_stream_is_a_function_of_the_seed)
{
    struct vg_prng prng = vg_prng_seed(42);
    cr_assert_eq(vg_prng_next(&prng), 1546998764402558742U);
    for (int i = 0; i < 10000; i++) {
        uint64_t x = vg_prng_between(&prng, 5, 9);
        cr_assert(x >= 5 && x <= 9);
    }
}

static char *temporary_folder(void)
{
    static char path[] = "/tmp/vigil-test-XXXXXX";
    cr_assert_not_null(mkdtemp(path));
    return path;
}

Test(identity, comes_back_and_refuses_what_is_not_private)
{
    vg_crypto_init();
    char path[128];
    struct vg_identity made, back;
    struct vg_error error;
    vg_id id = {{1, 2, 3}};
    snprintf(path, sizeof path, "%s/person.key", temporary_folder());
    vg_identity_make(VG_IDENTITY_PERSON, &id, (vg_node_id){0}, &made);
    cr_assert_eq(vg_identity_write(path, &made, &error), VG_OK, "%s", error.text);
    cr_assert_eq(vg_identity_write(path, &made, &error), VG_EXISTS);
    cr_assert_eq(vg_identity_read(path, &back, &error), VG_OK, "%s", error.text);
    cr_assert_eq(memcmp(&made.secret, &back.secret, sizeof made.secret), 0);
    cr_assert_eq(memcmp(&made.channel_pub, &back.channel_pub, sizeof made.channel_pub), 0);
    cr_assert_eq(memcmp(&made.channel_secret, &back.channel_secret, sizeof made.channel_secret), 0);
    cr_assert_eq(memcmp(&made.binding, &back.binding, sizeof made.binding), 0);

    chmod(path, 0640);
    cr_assert_eq(vg_identity_read(path, &back, &error), VG_FORBIDDEN);
    chmod(path, 0600);
    cr_assert_eq(truncate(path, 60), 0);
    cr_assert_eq(vg_identity_read(path, &back, &error), VG_INVALID, "%s", error.text);
}

/* Every digit of the keys and the binding counts: one changed is seen, and its line is named. */
Test(identity, keys_and_binding_fit_together_or_are_refused)
{
    static const struct {
        const char *line, *named;
    } cases[] = {{"\npublic ", "line 4: "},
                 {"\nchannel ", "line 5: "},
                 {"\nbinding ", "line 6: "},
                 {"\nseed ", "line 4: "},
                 {"\nchannel-seed ", "line 5: "}};
    vg_crypto_init();
    char path[128], other[140];
    struct vg_identity made, back;
    struct vg_error error;
    struct vg_buffer file = {0};
    vg_id nobody = {{0}};
    snprintf(path, sizeof path, "%s/node.key", temporary_folder());
    snprintf(other, sizeof other, "%s.altered", path);
    vg_identity_make(VG_IDENTITY_NODE, &nobody, (vg_node_id){7}, &made);
    cr_assert_eq(vg_identity_write(path, &made, &error), VG_OK, "%s", error.text);
    cr_assert_eq(vg_file_read(path, 1024, &file, &error), VG_OK, "%s", error.text);
    *vg_buffer_extend(&file, 1) = '\0';
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *digit = strstr((char *)file.data, cases[i].line) + strlen(cases[i].line);
        char before = *digit;
        *digit = before == '0' ? '1' : '0';
        cr_assert_eq(vg_file_write(other, vg_span_text((char *)file.data), 0600, &error), VG_OK);
        cr_expect_eq(vg_identity_read(other, &back, &error), VG_INTEGRITY);
        cr_expect(strstr(error.text, cases[i].named) != NULL, "%s: %s", cases[i].line, error.text);
        *digit = before;
    }
    vg_buffer_free(&file);
}

Test(identity, one_of_the_first_version_is_refused_with_the_remedy)
{
    char path[128];
    struct vg_identity read;
    struct vg_error error;
    snprintf(path, sizeof path, "%s/old.key", temporary_folder());
    cr_assert_eq(vg_file_write(path, vg_span_text("vigil-identity 1\nkind node\n"), 0600, &error),
                 VG_OK);
    cr_expect_eq(vg_identity_read(path, &read, &error), VG_INVALID);
    cr_expect(strstr(error.text, "make a new one: vigil identity new") != NULL, "%s", error.text);
}

/* RFC 7748, section 6.1. */
Test(crypto, channel_keys_are_those_of_x25519)
{
    vg_crypto_init();
    vg_channel_public pub, expected;
    vg_channel_secret secret, seed;
    vg_hex_parse("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", seed.bytes,
                 32);
    vg_hex_parse("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", expected.bytes,
                 32);
    vg_channel_keypair(seed.bytes, &pub, &secret);
    cr_expect_eq(memcmp(pub.bytes, expected.bytes, sizeof pub.bytes), 0);
    cr_expect_eq(memcmp(secret.bytes, seed.bytes, sizeof seed.bytes), 0);
}

/* A binding is of one kind, one id and one key, and by one key. */
Test(crypto, a_binding_is_of_one_holder_and_one_key)
{
    const uint8_t seeds[2][VG_SEED_SIZE] = {{1}, {2}};
    struct vg_keys keys = {.channel = {{9}}}, others[2];
    vg_public_key stranger;
    vg_secret_key secret, unused;
    vg_crypto_init();
    vg_signer_ed25519.keypair(seeds[0], &keys.key, &secret);
    vg_signer_ed25519.keypair(seeds[1], &stranger, &unused);
    struct vg_holder holder = {.kind = VG_IDENTITY_PERSON, .person = {{7}}, .node = {7}};
    struct vg_holder node = {.kind = VG_IDENTITY_NODE, .person = {{7}}, .node = {7}};
    struct vg_holder person = {.kind = VG_IDENTITY_PERSON, .person = {{7, 1}}, .node = {7}};
    vg_binding_sign(&vg_signer_ed25519, &holder, &keys.channel, &secret, &keys.binding);
    cr_assert(vg_binding_verify(&vg_signer_ed25519, &holder, &keys));
    cr_expect_not(vg_binding_verify(&vg_signer_ed25519, &node, &keys));
    cr_expect_not(vg_binding_verify(&vg_signer_ed25519, &person, &keys));
    others[0] = others[1] = keys;
    others[0].key = stranger;
    others[1].channel.bytes[31] = 1;
    for (size_t i = 0; i < 2; i++)
        cr_expect_not(vg_binding_verify(&vg_signer_ed25519, &holder, &others[i]));
}

/* Ten groups of four, and however somebody types them. */
Test(text, fingerprints_come_back_as_they_were_read_out)
{
    static const char *const typed[] = {"0001 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213",
                                        "000102030405060708090A0B0C0D0E0F10111213",
                                        " 00:01:02-03 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213 "};
    static const char *const wrong[] = {"", "0001",
                                        "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 121",
                                        "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213 1",
                                        "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 121g"};
    vg_hash hash;
    char text[VG_FINGERPRINT_TEXT];
    uint8_t back[VG_FINGERPRINT_SIZE];
    for (size_t i = 0; i < sizeof hash.bytes; i++)
        hash.bytes[i] = (uint8_t)i;
    vg_fingerprint_format(&hash, text);
    cr_expect_str_eq(text, typed[0]);
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        cr_assert(vg_fingerprint_parse(typed[i], back), "%s", typed[i]);
        cr_expect_eq(memcmp(back, hash.bytes, sizeof back), 0);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(vg_fingerprint_parse(wrong[i], back), "%s", wrong[i]);
}

/* Computed by another program from docs/protocol.md. */
Test(crypto, frozen_vector_of_an_identity)
{
    struct vg_holder holder = {.kind = VG_IDENTITY_NODE, .node = {7}};
    struct vg_keys keys = {.key = {{1}}, .channel = {{2}}, .binding = {{3}}};
    char text[VG_FINGERPRINT_TEXT];
    vg_crypto_init();
    vg_hash hash = vg_identity_hash(&holder, &keys);
    vg_fingerprint_format(&hash, text);
    cr_expect_str_eq(text, "c740 12ff ed90 c792 9f2e 0697 91c3 6358 8332 f2aa");
    holder = (struct vg_holder){.kind = VG_IDENTITY_PERSON, .person = {{7}}};
    keys.binding.bytes[0] = 9;
    hash = vg_identity_hash(&holder, &keys);
    vg_fingerprint_format(&hash, text);
    cr_expect_str_eq(text, "a58a d76a 078d d0da 07c0 caa2 4bb5 49d7 cace 0c86");
}

/* Of what stands in the place of a word, the start of the word is not enough. */
Test(identity, lines_begin_with_whole_words)
{
    static const char *const texts[] = {" 2\nkind node\nid 1\n", "vigil 2\nkind node\nid 1\n",
                                        "vigil-identity 2\nkind node\nid 18446744073709551616\n"};
    static const char *const lines[] = {"line 1: ", "line 1: ", "line 3: "};
    char path[128];
    snprintf(path, sizeof path, "%s/node.key", temporary_folder());
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vg_identity read;
        struct vg_error error;
        cr_assert_eq(vg_file_write(path, vg_span_text(texts[i]), 0600, &error), VG_OK);
        cr_expect_eq(vg_identity_read(path, &read, &error), VG_INVALID);
        cr_expect(strstr(error.text, lines[i]) != NULL, "%s", error.text);
    }
}

Test(file, writing_is_whole_and_reading_is_bounded)
{
    char path[128];
    struct vg_error error;
    struct vg_buffer bytes = {0};
    snprintf(path, sizeof path, "%s/f", temporary_folder());
    cr_assert_eq(vg_file_read(path, 10, &bytes, &error), VG_NOT_FOUND);
    cr_assert_eq(vg_file_write(path, vg_span_text("0123456789"), 0600, &error), VG_OK);
    cr_assert_eq(vg_file_read(path, 10, &bytes, &error), VG_OK);
    cr_assert_eq(bytes.size, 10);
    cr_assert_eq(vg_file_read(path, 9, &bytes, &error), VG_INVALID);
    cr_assert_eq(vg_file_read("/tmp", 9, &bytes, &error), VG_INVALID);
    vg_buffer_free(&bytes);
}

/* FIPS 180-4's million letters "a", in a file and whole. */
Test(file, its_sha256_is_that_of_its_bytes)
{
    enum { MILLION = 1000000 };
    static const char digest[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    char path[128];
    char hex[65];
    struct vg_error error;
    struct vg_buffer bytes = {0};
    vg_hash hash;
    uint64_t size;
    memset(vg_buffer_extend(&bytes, MILLION), 'a', MILLION);
    hash = vg_sha256(vg_buffer_span(&bytes));
    vg_hex_format(vg_span_of(hash.bytes, sizeof hash.bytes), hex);
    cr_expect_str_eq(hex, digest);
    snprintf(path, sizeof path, "%s/f", temporary_folder());
    cr_assert_eq(vg_file_write(path, vg_buffer_span(&bytes), 0600, &error), VG_OK);
    cr_assert_eq(vg_file_sha256(path, &hash, &size, &error), VG_OK, "%s", error.text);
    vg_hex_format(vg_span_of(hash.bytes, sizeof hash.bytes), hex);
    cr_expect_str_eq(hex, digest);
    cr_expect_eq(size, MILLION);
    cr_assert_eq(vg_file_sha256("/tmp", &hash, &size, &error), VG_INVALID);
    vg_buffer_free(&bytes);
}

Test(file, a_locked_folder_is_waited_for_so_long_and_no_longer)
{
    struct vg_error error;
    const char *folder = temporary_folder();
    int first, second;
    cr_assert_eq(vg_folder_lock(folder, 0, &first, &error), VG_OK, "%s", error.text);
    cr_expect_eq(vg_folder_lock(folder, 40, &second, &error), VG_BUSY);
    cr_expect_not_null(strstr(error.text, folder), "%s", error.text);
    pid_t child = fork();
    if (child == 0) {
        close(first); /* its copy */
        _exit((int)vg_folder_lock(folder, UINT32_MAX, &second, &error));
    }
    close(first);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0, "it got it when it was free");
    cr_assert_eq(vg_folder_lock(folder, 0, &first, &error), VG_OK, "given back by its end");
    close(first);
    cr_expect_eq(vg_folder_lock("/nowhere/at/all", 0, &first, &error), VG_NOT_FOUND);
}
