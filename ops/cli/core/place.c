/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/place.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mem.h"

enum { LOCK_WAIT_MS = 5000 };

static const char *home_folder(void)
{
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/')
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user != NULL ? user->pw_dir : "/";
}

char *cli_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return vg_strdup(".");
    char *folder = vg_strdup(path);
    folder[slash == path ? 1 : slash - path] = 0;
    return folder;
}

enum vg_code cli_folder_lock(const char *path, int *lock, struct vg_error *error)
{
    char *folder = cli_folder_of(path);
    enum vg_code code = vg_folder_make(folder, error);
    if (code == VG_OK)
        code = vg_folder_lock(folder, LOCK_WAIT_MS, lock, error);
    free(folder);
    return code;
}

char *cli_join(const char *folder, const char *file)
{
    size_t size = strlen(folder) + strlen(file) + 2;
    char *path = vg_alloc(size);
    snprintf(path, size, "%s/%s", folder, file);
    return path;
}

char *cli_place(const char *variable, const char *fallback, const char *file)
{
    const char *base = getenv(variable);
    char *folder =
        base != NULL && base[0] == '/' ? vg_strdup(base) : cli_join(home_folder(), fallback);
    char *own = cli_join(folder, "vigil");
    char *path = cli_join(own, file);
    free(folder);
    free(own);
    return path;
}

char *cli_identity_place(void)
{
    return cli_place("XDG_CONFIG_HOME", ".config", "identity");
}

char *cli_agent_place(void)
{
    return cli_place("XDG_RUNTIME_DIR", ".local/state", "agent");
}
