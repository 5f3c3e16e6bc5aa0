/* SPDX-License-Identifier: Apache-2.0
 * Who is at the other end of the agent's socket, and where that may lie: for both ends. */
#ifndef VIGIL_OPS_AGENT_DOOR_H
#define VIGIL_OPS_AGENT_DOOR_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "common/error.h"

/* The address of a socket. VG_INVALID if the path is too long for one. */
enum vg_code agent_door_address(const char *place, struct sockaddr_un *out, struct vg_error *error);

/* VG_FORBIDDEN if the folder that a socket is in is not this user's alone. */
enum vg_code agent_door_check(const char *place, struct vg_error *error);

/* True if a process of this user is at the other end of a connected socket. */
bool agent_door_is_own(int fd);

/* That process, or who listened for it; 0 where nobody can say. */
pid_t agent_door_process(int fd);

#endif
