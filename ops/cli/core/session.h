/* SPDX-License-Identifier: Apache-2.0
 * What this session has read: the revisions of incidents, so that a change to what someone else
 * changed since is refused. A session is a terminal's (or login's) unless --session names it; one
 * small file each under $XDG_STATE_HOME/vigil/sessions. */
#ifndef VIGIL_OPS_CLI_CORE_SESSION_H
#define VIGIL_OPS_CLI_CORE_SESSION_H

#include <jansson.h>

#include "common/error.h"
#include "common/types.h"

/* Remembers the revisions of one incident or an array of them, as documents with "id" and
 * "revision", as read by `reader` (a person's id). `session` NULL: this terminal's. */
enum vg_code cli_session_learn(const char *session, const char *reader, const json_t *incidents,
                               struct vg_error *error);

/* The revision of an aspect as last read; false if this session never read it. */
bool cli_session_revision(const char *session, const char *reader, const char *incident,
                          const char *aspect, uint64_t *out);

/* True for a name that can be a session's: letters, digits, '-', '_', '.', at most 64. */
bool cli_session_valid(const char *name);

#endif
