/* SPDX-License-Identifier: Apache-2.0 */
#include "node/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/locked.h"
#include "common/passphrase.h"

static const char credential_prefix[] = "credential:";
static const char on_terminal[] = "terminal";

/* Where a secret is, as the configuration says it. */
struct place {
    char path[PATH_MAX];
    bool is_credential;
    unsigned forbidden;
};

static enum vg_code find(const char *key, const char *said, struct place *out,
                         struct vg_error *error)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    const char *name = said + sizeof credential_prefix - 1;
    *out = (struct place){.forbidden = VG_SECRET_OWN};
    if (strncmp(said, credential_prefix, sizeof credential_prefix - 1) != 0) {
        snprintf(out->path, sizeof out->path, "%s", said);
        return VG_OK;
    }
    if (name[0] == '\0' || strchr(name, '/') != NULL || name[0] == '.')
        return vg_fail(error, VG_INVALID, "%s: %s: a credential is a name without '/'", key, said);
    if (folder == NULL)
        return vg_fail(error, VG_INVALID,
                       "%s: %s: CREDENTIALS_DIRECTORY is not set; start vigild by systemd with "
                       "LoadCredentialEncrypted=%s:FILE, or name a file",
                       key, said, name);
    out->is_credential = true;
    out->forbidden = VG_SECRET_SERVICE;
    snprintf(out->path, sizeof out->path, "%s/%s", folder, name);
    return VG_OK;
}

void node_key_files(const struct node_config *config, struct node_key_files *out)
{
    struct vg_error ignored;
    struct place place = {.path = ""};
    const char *passphrase = config->key_passphrase;
    bool found = find("key", config->key, &place, &ignored) == VG_OK;
    snprintf(out->key, sizeof out->key, "%s", found ? place.path : "");
    out->at_terminal = passphrase != NULL && strcmp(passphrase, on_terminal) == 0;
    found = passphrase != NULL && !out->at_terminal &&
            find("key_passphrase", passphrase, &place, &ignored) == VG_OK;
    snprintf(out->passphrase, sizeof out->passphrase, "%s",
             out->at_terminal ? "/dev/tty"
             : found          ? place.path
                              : "");
}

/* ---- the warning -------------------------------------------------------------------------------
 */

/* The device of a path, or of the folder that it will be made in; 0: nobody can say. */
static dev_t device_of(const char *path)
{
    char at[PATH_MAX];
    struct stat info;
    snprintf(at, sizeof at, "%s", path);
    while (stat(at, &info) != 0) {
        char *slash = strrchr(at, '/');
        if (errno != ENOENT || strcmp(at, ".") == 0)
            return 0;
        if (slash != NULL)
            slash[slash == at] = '\0';
        else
            snprintf(at, sizeof at, ".");
    }
    return info.st_dev;
}

static void warn_if_together(const struct node_config *config, const struct place *place)
{
    if (place->is_credential || device_of(place->path) != device_of(config->data))
        return;
    vg_log(VG_LOG_WARN, "key-unprotected",
           "file=%s data=%s: on one device, so who has that disk has the key", place->path,
           config->data);
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static enum vg_code read_passphrase(const struct node_config *config, struct vg_passphrase *out,
                                    struct vg_error *error)
{
    struct place place;
    const char *said = config->key_passphrase;
    char prompt[128];
    snprintf(prompt, sizeof prompt, "Passphrase of node %u's key", (unsigned)config->node);
    if (strcmp(said, on_terminal) == 0)
        return vg_passphrase_ask(prompt, "configure key_passphrase as a credential or a file", out,
                                 error);
    enum vg_code code = find("key_passphrase", said, &place, error);
    if (code == VG_OK)
        code = vg_passphrase_read(place.path, place.forbidden, out, error);
    if (code == VG_OK)
        warn_if_together(config, &place);
    return code;
}

static enum vg_code open_sealed(const struct node_config *config, const char *path,
                                struct vg_identity_file *file, struct vg_error *error)
{
    if (config->key_passphrase == NULL)
        return vg_fail(error, VG_INVALID,
                       "key %s is under a passphrase; say where that is with key_passphrase: "
                       "credential:NAME, a file on another device, or terminal",
                       path);
    struct vg_passphrase *passphrase = vg_locked_alloc(sizeof *passphrase, error);
    if (passphrase == NULL)
        return error->code;
    enum vg_code code = read_passphrase(config, passphrase, error);
    if (code == VG_OK)
        code = vg_identity_open(file, path, vg_passphrase_span(passphrase), error);
    vg_locked_free(passphrase);
    return code;
}

static enum vg_code check_plain(const struct node_config *config, const struct place *place,
                                struct vg_error *error)
{
    if (config->key_passphrase != NULL)
        return vg_fail(error, VG_INVALID,
                       "key %s is under no passphrase, but there is key_passphrase; set one with "
                       "'vigil identity passphrase %s', or take that line away",
                       place->path, place->path);
    warn_if_together(config, place);
    return VG_OK;
}

enum vg_code node_key_read(const struct node_config *config, struct vg_identity *out,
                           struct vg_error *error)
{
    struct place place;
    enum vg_code code = find("key", config->key, &place, error);
    struct vg_identity_file *file = code == VG_OK ? vg_locked_alloc(sizeof *file, error) : NULL;
    if (file == NULL)
        return error->code;
    code = vg_identity_file_read(place.path, place.forbidden, file, error);
    if (code == VG_OK && file->sealed)
        code = open_sealed(config, place.path, file, error);
    else if (code == VG_OK)
        code = check_plain(config, &place, error);
    if (code == VG_OK)
        *out = file->identity;
    vg_locked_free(file);
    return code;
}
