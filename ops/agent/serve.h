/* SPDX-License-Identifier: Apache-2.0
 * The agent as a process: its socket, many clients at a time, and the time that keys have. */
#ifndef VIGIL_OPS_AGENT_SERVE_H
#define VIGIL_OPS_AGENT_SERVE_H

#include "common/error.h"

enum { AGENT_SESSIONS_MAX = 64 }; /* who comes then waits */

/* Shuts this process in (no core, not to be traced), listens at `place`, whose folder it makes, and
 * serves until SIGTERM, SIGINT or SIGHUP; `listening` is called once when it does. VG_EXISTS:
 * another agent serves there; VG_FORBIDDEN, VG_UNAVAILABLE: the folder or the system does not allow
 * it, and what to do. */
enum vg_code agent_serve(const char *place, void (*listening)(void *context), void *context,
                         struct vg_error *error);

#endif
