/* SPDX-License-Identifier: Apache-2.0
 * Where a node's key and its passphrase may be (docs/keys.md), what is warned of, and what each
 * mistake is told. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "node/key.h"

static const char passphrase[] = "correct horse\n";

static char folder[] = "/tmp/vigil-test-XXXXXX";
static char plain[64], sealed[64], word[64], data[64], log_file[64];
static struct vg_identity made, read_back;
static struct vg_error error;

static void path_of(char out[64], const char *name)
{
    snprintf(out, 64, "%s/%s", folder, name);
}

static void setup(void)
{
    struct vg_identity_file file;
    struct vg_seal seal = {.passes = 0};
    vg_crypto_init();
    cr_assert_not_null(mkdtemp(folder));
    path_of(plain, "plain");
    path_of(sealed, "sealed");
    path_of(word, "word");
    path_of(data, "not/made/yet");
    path_of(log_file, "log");
    cr_assert_not_null(freopen(log_file, "w+", stderr));
    seal = vg_seal_make(1, VG_SEAL_KIB_MIN);
    vg_identity_make(VG_IDENTITY_NODE, &(vg_id){{0}}, (vg_node_id){1}, &made);
    cr_assert_eq(vg_identity_write(plain, &made, &error), VG_OK, "%s", error.text);
    cr_assert_eq(vg_identity_seal(&made, &seal, vg_span_text("correct horse"), &file, &error),
                 VG_OK);
    cr_assert_eq(vg_identity_file_write(sealed, &file, &error), VG_OK);
    cr_assert_eq(vg_file_write(word, vg_span_text(passphrase), 0600, &error), VG_OK);
    cr_assert_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
}

TestSuite(node_key, .init = setup);

static enum vg_code read_key(const char *key, const char *key_passphrase)
{
    struct node_config config = {
        .node = 1, .data = data, .key = (char *)key, .key_passphrase = (char *)key_passphrase};
    error = (struct vg_error){.code = VG_OK};
    cr_assert_eq(ftruncate(STDERR_FILENO, 0), 0);
    rewind(stderr);
    return node_key_read(&config, &read_back, &error);
}

static bool warned(void)
{
    struct vg_buffer said = {0};
    fflush(stderr);
    cr_assert_eq(vg_file_read(log_file, 4096, &said, &error), VG_OK);
    *vg_buffer_extend(&said, 1) = '\0';
    bool found = strstr((const char *)said.data, " warn key-unprotected file=") != NULL;
    vg_buffer_free(&said);
    return found;
}

static void good(const char *key, const char *key_passphrase, bool warns)
{
    cr_expect_eq(read_key(key, key_passphrase), VG_OK, "%s", error.text);
    cr_expect_eq(memcmp(&read_back, &made, sizeof made), 0);
    cr_expect_eq(warned(), warns, "%s, %s", key, key_passphrase == NULL ? "-" : key_passphrase);
}

static void refused(const char *key, const char *key_passphrase, enum vg_code code,
                    const char *fragment)
{
    cr_expect_eq(read_key(key, key_passphrase), code, "%s", error.text);
    cr_expect(strstr(error.text, fragment) != NULL, "%s", error.text);
}

Test(node_key, is_warned_of_where_it_lies_beside_the_data)
{
    good(plain, NULL, true);
    good("credential:plain", NULL, false);
    good("credential:sealed", "credential:word", false);
    good(sealed, "credential:word", false);
    good(sealed, word, true);
}

Test(node_key, on_another_device_is_not_warned_of)
{
    char path[] = "/dev/shm/vigil-test-XXXXXX", key[64];
    struct stat here, there;
    if (mkdtemp(path) == NULL || stat(path, &there) != 0 || stat(folder, &here) != 0 ||
        here.st_dev == there.st_dev)
        cr_skip_test("there is no other device");
    snprintf(key, sizeof key, "%s/key", path);
    cr_assert_eq(vg_identity_write(key, &made, &error), VG_OK, "%s", error.text);
    good(key, NULL, false);
    unlink(key);
    rmdir(path);
}

Test(node_key, and_its_passphrase_belong_together)
{
    refused(sealed, NULL, VG_INVALID, "say where that is with key_passphrase");
    refused(plain, word, VG_INVALID, "take that line away");
    refused(plain, "terminal", VG_INVALID, "take that line away");
    cr_assert_eq(vg_file_write(word, vg_span_text("wrong horse\n"), 0600, &error), VG_OK);
    refused(sealed, word, VG_FORBIDDEN, "does not open with this passphrase");
    cr_assert_eq(vg_file_write(word, vg_span_text("\n"), 0600, &error), VG_OK);
    refused(sealed, word, VG_INVALID, "first line");
    refused(sealed, "nowhere", VG_NOT_FOUND, "nowhere");
    refused("nowhere", NULL, VG_NOT_FOUND, "nowhere");
}

Test(node_key, is_asked_for_on_a_terminal_alone)
{
    setsid(); /* no terminal from here on */
    refused(sealed, "terminal", VG_UNAVAILABLE, "there is no terminal to ask on");
}

Test(node_key, as_a_credential_is_a_name_in_its_folder)
{
    refused("credential:", NULL, VG_INVALID, "a name without '/'");
    refused("credential:../plain", NULL, VG_INVALID, "a name without '/'");
    refused("credential:..", NULL, VG_INVALID, "a name without '/'");
    refused("credential:nowhere", NULL, VG_NOT_FOUND, "nowhere");
    unsetenv("CREDENTIALS_DIRECTORY");
    refused("credential:plain", NULL, VG_INVALID, "LoadCredentialEncrypted=plain:FILE");
    refused(sealed, "credential:word", VG_INVALID, "CREDENTIALS_DIRECTORY is not set");
}

/* An access list that lets the service's user in looks like the group's permission. */
Test(node_key, is_private_wherever_it_is)
{
    chmod(plain, 0440);
    refused(plain, NULL, VG_FORBIDDEN, "chmod 600");
    good("credential:plain", NULL, false);
    chmod(plain, 0444);
    refused("credential:plain", NULL, VG_FORBIDDEN, "chmod 600");
    chmod(word, 0644);
    refused(sealed, word, VG_FORBIDDEN, "others can read it");
    chmod(folder, 0777);
    refused(sealed, "terminal", VG_FORBIDDEN, "chmod go-w");
}
