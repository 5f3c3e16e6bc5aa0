/* SPDX-License-Identifier: Apache-2.0
 * What a node uses of the file system; all else is taken from it. */
#include <limits.h>
#include <stdio.h>

#include "common/file.h"
#include "node/key.h"
#include "node/lockdown/lockdown.h"
#include "node/node.h"

enum vg_code node_make_data(const struct node_config *config, struct vg_error *error)
{
    struct vg_error cause;
    if (vg_folder_make(config->data, &cause) == VG_OK)
        return VG_OK;
    return vg_fail(error, VG_UNAVAILABLE,
                   "%s; make it a folder that this user can write, or configure another one",
                   cause.text);
}

/* The folder of an ipc:// address, "" of any other. */
static void folder_of(const char *url, char out[PATH_MAX])
{
    static const char ipc[] = "ipc://";
    bool file = strncmp(url, ipc, sizeof ipc - 1) == 0;
    snprintf(out, PATH_MAX, "%s", file ? url + sizeof ipc - 1 : "");
    char *slash = strrchr(out, '/');
    if (slash != NULL)
        slash[slash == out] = '\0';
}

/* The folder of a file, where it is replaced whole. */
static void folder_about(const char *file, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s", file != NULL ? file : "");
    char *slash = strrchr(out, '/');
    if (slash != NULL)
        slash[slash == out] = '\0';
    else if (out[0] != '\0')
        snprintf(out, PATH_MAX, ".");
}

enum vg_code node_lock_down(const struct node_config *config, struct vg_error *error)
{
    char peer[PATH_MAX], client[PATH_MAX], keyring[PATH_MAX];
    struct node_key_files files = {.at_terminal = false};
    node_key_files(config, &files);
    folder_of(config->listen.peer, peer);
    folder_of(config->listen.client, client);
    folder_about(config->keyring, keyring);
    const struct lockdown_place places[] = {
        {config->data, LOCKDOWN_WRITE},
        {config->genesis, LOCKDOWN_READ},
        {files.key, LOCKDOWN_READ},
        {files.passphrase, files.at_terminal ? LOCKDOWN_WRITE : LOCKDOWN_READ},
        {keyring, LOCKDOWN_WRITE}, /* it is replaced with a key more */
        {peer, LOCKDOWN_LISTEN},
        {client, LOCKDOWN_LISTEN},
    };
    const struct lockdown_plan plan = {.places = places,
                                       .place_count = sizeof places / sizeof places[0],
                                       .required = config->require};
    return lockdown(&plan, error);
}
