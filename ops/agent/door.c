/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* struct ucred */
#include "ops/agent/door.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum vg_code agent_door_address(const char *place, struct sockaddr_un *out, struct vg_error *error)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(place) >= sizeof out->sun_path)
        return vg_fail(error, VG_INVALID,
                       "%s: too long for a socket, which has %zu bytes; set XDG_RUNTIME_DIR to a "
                       "shorter folder",
                       place, sizeof out->sun_path - 1);
    memcpy(out->sun_path, place, strlen(place));
    return VG_OK;
}

enum vg_code agent_door_check(const char *place, struct vg_error *error)
{
    struct sockaddr_un address;
    struct stat info;
    enum vg_code code = agent_door_address(place, &address, error);
    if (code != VG_OK)
        return code;
    *strrchr(address.sun_path, '/') = '\0';
    const char *folder = address.sun_path;
    if (lstat(folder, &info) != 0)
        return vg_fail(error, VG_UNAVAILABLE, "%s: %s", folder, strerror(errno));
    if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 077) != 0)
        return vg_fail(error, VG_FORBIDDEN,
                       "%s: must be a folder of yours alone to have the agent's socket in it; move "
                       "it away, or run: chmod 700 %s",
                       folder, folder);
    return VG_OK;
}

/* Nobody's where the system does not say. */
static struct ucred peer_of(int fd)
{
    struct ucred peer = {.pid = 0};
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        peer = (struct ucred){.pid = 0, .uid = (uid_t)-1};
    return peer;
}

bool agent_door_is_own(int fd)
{
    return peer_of(fd).uid == geteuid();
}

pid_t agent_door_process(int fd)
{
    return peer_of(fd).pid;
}
