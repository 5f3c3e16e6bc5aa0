/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/share.h"

#include <assert.h>
#include <jansson.h>
#include <libgfshare.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "ops/cli/core/output.h"

enum { SHARE_FILE_MAX = 1024, PUBLIC_FILE_MAX = 16384, CHECK_SIZE = 4 };

void recovery_fingerprint(const vg_box_public *key, char out[VG_FINGERPRINT_TEXT])
{
    static const uint8_t kind = 3; /* 1 and 2 are people and nodes */
    const vg_span parts[] = {vg_span_of(&kind, 1), vg_span_of(key->bytes, sizeof key->bytes)};
    vg_hash hash = vg_hash_parts(VG_HASH_IDENTITY, parts, 2);
    vg_fingerprint_format(&hash, out);
}

static enum vg_code take_recovery_key(const char *path, const json_t *document, vg_box_public *out,
                                      struct vg_error *error)
{
    char fingerprint[VG_FINGERPRINT_TEXT];
    if (strcmp(cli_json_text(document, "kind"), "recovery") != 0 ||
        !vg_hex_parse(cli_json_text(document, "public_key"), out->bytes, sizeof out->bytes))
        return vg_fail(error, VG_INVALID,
                       "%s is not the recovery.json that 'vigil recovery new' writes", path);
    recovery_fingerprint(out, fingerprint);
    if (strcmp(cli_json_text(document, "fingerprint"), fingerprint) == 0)
        return VG_OK;
    return vg_fail(error, VG_INTEGRITY,
                   "%s: its fingerprint is that of another key; it was altered: take the one of "
                   "the ceremony",
                   path);
}

enum vg_code recovery_public_read(const char *path, vg_box_public *out, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    enum vg_code code = vg_file_read(path, PUBLIC_FILE_MAX, &bytes, error);
    if (code == VG_OK) {
        json_t *document =
            json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
        code = take_recovery_key(path, document, out, error);
        json_decref(document);
    }
    vg_buffer_free(&bytes);
    return code;
}

/* ---- splitting and combining -------------------------------------------------------------------
 */

static void fill_random(unsigned char *out, unsigned size)
{
    vg_random(out, size);
}

void recovery_split(const uint8_t seed[VG_SEED_SIZE], uint8_t threshold, uint8_t count,
                    struct recovery_share *out)
{
    vg_box_secret secret;
    vg_box_public key;
    uint8_t numbers[SHARES_MAX];
    assert(threshold >= 1 && threshold <= count && count <= SHARES_MAX);
    vg_box_keypair(seed, &key, &secret);
    vg_wipe(&secret, sizeof secret);
    for (uint8_t i = 0; i < count; i++)
        numbers[i] = (uint8_t)(i + 1);
    gfshare_fill_rand = fill_random;
    gfshare_ctx *context = gfshare_ctx_init_enc(numbers, count, threshold, VG_SEED_SIZE);
    assert(context != NULL);
    gfshare_ctx_enc_setsecret(context, (uint8_t *)seed);
    for (uint8_t i = 0; i < count; i++) {
        out[i] = (struct recovery_share){
            .key = key, .number = numbers[i], .threshold = threshold, .count = count};
        gfshare_ctx_enc_getshare(context, i, out[i].secret);
    }
    gfshare_ctx_free(context);
}

static enum vg_code check_together(const struct recovery_share *shares, uint8_t count,
                                   struct vg_error *error)
{
    for (uint8_t i = 0; i < count; i++) {
        if (memcmp(&shares[i].key, &shares[0].key, sizeof shares[0].key) != 0 ||
            shares[i].threshold != shares[0].threshold)
            return vg_fail(error, VG_INVALID,
                           "the shares of %s and %s are of two recovery keys; bring those of one",
                           shares[0].holder, shares[i].holder);
        for (uint8_t k = 0; k < i; k++)
            if (shares[k].number == shares[i].number)
                return vg_fail(error, VG_INVALID,
                               "share %u (%s) is given twice; bring another holder's",
                               shares[i].number, shares[i].holder);
    }
    if (count >= shares[0].threshold)
        return VG_OK;
    return vg_fail(error, VG_INVALID, "%u of the %u shares are here, and it takes %u; bring more",
                   count, shares[0].count, shares[0].threshold);
}

enum vg_code recovery_combine(const struct recovery_share *shares, uint8_t count,
                              vg_box_secret *out, struct vg_error *error)
{
    uint8_t numbers[SHARES_MAX];
    uint8_t seed[VG_SEED_SIZE];
    vg_box_public key;
    assert(count >= 1 && count <= SHARES_MAX);
    if (check_together(shares, count, error) != VG_OK)
        return error->code;
    for (uint8_t i = 0; i < count; i++)
        numbers[i] = shares[i].number;
    gfshare_fill_rand = fill_random;
    gfshare_ctx *context = gfshare_ctx_init_dec(numbers, count, sizeof seed);
    assert(context != NULL);
    for (uint8_t i = 0; i < count; i++)
        gfshare_ctx_dec_giveshare(context, i, (uint8_t *)shares[i].secret);
    gfshare_ctx_dec_extract(context, seed);
    gfshare_ctx_free(context);
    vg_box_keypair(seed, &key, out);
    vg_wipe(seed, sizeof seed);
    if (memcmp(&key, &shares[0].key, sizeof key) == 0)
        return VG_OK;
    vg_wipe(out, sizeof *out);
    return vg_fail(
        error, VG_INTEGRITY,
        "these shares do not give the key they name; one of them was altered: try others");
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* Over the lines before it, so that a digit typed wrong is found in its own share. */
static void check_of(const char *text, size_t size, char out[2 * CHECK_SIZE + 1])
{
    uint8_t digest[16];
    vg_hash_short(vg_span_of(text, size), digest);
    vg_hex_format(vg_span_of(digest, CHECK_SIZE), out);
}

enum vg_code recovery_share_write(const char *path, const struct recovery_share *share,
                                  struct vg_error *error)
{
    char key[2 * VG_BOX_KEY_SIZE + 1], secret[2 * VG_SEED_SIZE + 1];
    char check[2 * CHECK_SIZE + 1];
    char text[SHARE_FILE_MAX];
    if (access(path, F_OK) == 0)
        return vg_fail(error, VG_EXISTS, "%s: there is a file already; move it away", path);
    vg_hex_format(vg_span_of(share->key.bytes, sizeof share->key.bytes), key);
    vg_hex_format(vg_span_of(share->secret, sizeof share->secret), secret);
    int size = snprintf(text, sizeof text,
                        "vigil-recovery-share 1\npublic %s\nnumber %u\nthreshold %u\ncount %u\n"
                        "holder %s\nsecret %s\n",
                        key, share->number, share->threshold, share->count, share->holder, secret);
    check_of(text, (size_t)size, check);
    size += snprintf(text + size, sizeof text - (size_t)size, "check %s\n", check);
    enum vg_code code = vg_file_write(path, vg_span_of(text, (size_t)size), 0600, error);
    vg_wipe(secret, sizeof secret);
    vg_wipe(text, sizeof text);
    return code;
}

static bool take_version(const char *value, struct recovery_share *share)
{
    (void)share;
    return strcmp(value, "1") == 0;
}

static bool take_number(const char *value, uint8_t *out)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    *out = (uint8_t)number;
    return value[0] >= '1' && value[0] <= '9' && *end == '\0' && number <= SHARES_MAX;
}

#define TAKE(name, how)                                                                            \
    static bool take_##name(const char *value, struct recovery_share *share)                       \
    {                                                                                              \
        return how;                                                                                \
    }
TAKE(public, vg_hex_parse(value, share->key.bytes, sizeof share->key.bytes))
TAKE(place, take_number(value, &share->number))
TAKE(threshold, take_number(value, &share->threshold))
TAKE(count, take_number(value, &share->count))
TAKE(secret, vg_hex_parse(value, share->secret, sizeof share->secret))
TAKE(holder, snprintf(share->holder, sizeof share->holder, "%s", value) <= VG_NAME_MAX)

static const struct {
    const char *word;
    bool (*take)(const char *value, struct recovery_share *share);
} lines[] = {
    {"vigil-recovery-share", take_version},
    {"public", take_public},
    {"number", take_place},
    {"threshold", take_threshold},
    {"count", take_count},
    {"holder", take_holder},
    {"secret", take_secret},
};

static enum vg_code parse(char *text, const char *path, struct recovery_share *out,
                          struct vg_error *error)
{
    char check[2 * CHECK_SIZE + 1];
    char *last = strstr(text, "\ncheck ");
    if (last != NULL)
        check_of(text, (size_t)(last + 1 - text), check);
    char *rest = text;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char *line = strtok_r(rest, "\n", &rest);
        char *value = line == NULL ? NULL : strchr(line, ' ');
        vg_span word = vg_span_of(line, value == NULL ? 0 : (size_t)(value - line));
        if (!vg_span_equal(word, vg_span_text(lines[i].word)) || !lines[i].take(value + 1, out))
            return vg_fail(error, VG_INVALID,
                           "%s: line %zu: expected \"%s ...\"; is this a share of a recovery key?",
                           path, i + 1, lines[i].word);
    }
    if (last == NULL || strncmp(last + strlen("\ncheck "), check, strlen(check)) != 0)
        return vg_fail(error, VG_INTEGRITY,
                       "%s: the check does not fit the lines above it; a digit was mistyped", path);
    if (out->number <= out->count && out->threshold <= out->count)
        return VG_OK;
    return vg_fail(error, VG_INVALID, "%s: share %u, %u of %u: such there are none", path,
                   out->number, out->threshold, out->count);
}

enum vg_code recovery_share_read(const char *path, struct recovery_share *out,
                                 struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    *out = (struct recovery_share){.number = 0};
    enum vg_code code = vg_file_read(path, SHARE_FILE_MAX - 1, &bytes, error);
    if (code == VG_OK) {
        *vg_buffer_extend(&bytes, 1) = '\0';
        code = parse((char *)bytes.data, path, out, error);
    }
    if (bytes.data != NULL)
        vg_wipe(bytes.data, bytes.size);
    vg_buffer_free(&bytes);
    return code;
}
