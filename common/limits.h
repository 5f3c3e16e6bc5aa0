/* SPDX-License-Identifier: Apache-2.0
 * Every bound of the system in one place, with the relations between them asserted. */
#ifndef VIGIL_COMMON_LIMITS_H
#define VIGIL_COMMON_LIMITS_H

#include <assert.h>

enum {
    VG_NODES_MAX = 9,             /* voters of one cluster */
    VG_PEOPLE_MAX = 64,           /* first people of a genesis */
    VG_COMMAND_MAX = 1536 * 1024, /* msgpack of one command: 1 MiB of evidence and its frame */
    VG_SIGNED_MAX = VG_COMMAND_MAX + 4096, /* preamble, expectations, signature around it */
    VG_BODY_MAX = VG_SIGNED_MAX + 512,     /* salt, length, padding around that */
    VG_ENTRY_MAX = VG_BODY_MAX + 512,      /* both headers around that */
    VG_FRAME_MAX = 4 * 1024 * 1024,        /* one frame on a connection, its header too */
    VG_BATCH_BYTES_MAX = 2 * 1024 * 1024,  /* entries of one append message */
    VG_DECODE_DEPTH_MAX = 8,               /* nesting of msgpack containers from outside */
    VG_EXPECTATIONS_MAX = 16,              /* aspects one command may expect */
    VG_TITLE_MAX = 256,                    /* bytes of UTF-8 */
    VG_TEXT_MAX = 64 * 1024,               /* a note or another free text, bytes of UTF-8 */
    VG_NAME_MAX = 128,                     /* a person, compartment, product, namespace or key */
    VG_DOCUMENT_MAX = 1024 * 1024,         /* a document kept whole in an entry */
    VG_REQUEST_PAST_MS = 7 * 24 * 3600 * 1000, /* issue times a request may have, behind log time */
    VG_REQUEST_AHEAD_MS = 10 * 60 * 1000,      /* and ahead of it */
};

static_assert(VG_ENTRY_MAX <= VG_BATCH_BYTES_MAX, "one entry must fit a batch");
static_assert(VG_BATCH_BYTES_MAX + 4096 <= VG_FRAME_MAX, "one batch must fit a frame");
static_assert(VG_DOCUMENT_MAX + 8192 <= VG_COMMAND_MAX, "a kept document must fit a command");

#endif
