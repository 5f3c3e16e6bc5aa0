/* SPDX-License-Identifier: Apache-2.0
 * Frames in the stream of a secure channel (line.h): u32 length of what follows, u8 version, u8
 * type, payload. What is damaged or forged has not come so far. */
#ifndef VIGIL_PROTO_WIRE_FRAME_H
#define VIGIL_PROTO_WIRE_FRAME_H

#include "common/error.h"
#include "common/mem.h"

enum { WIRE_VERSION = 4, WIRE_FRAME_HEAD = 6 };

enum wire_type {
    WIRE_HELLO = 1, /* proto/wire/peer.h */
    WIRE_RAFT = 2,
    WIRE_FORWARD = 3,
    WIRE_FORWARD_RESP = 4,
    WIRE_FETCH = 5,
    WIRE_FETCHED = 6,
    WIRE_MET = 7,
    WIRE_REQUEST = 16, /* proto/wire/client.h */
    WIRE_RESPONSE = 17,
};

struct wire_frame {
    uint8_t type;
    vg_span payload; /* borrowed from the reader until its next call */
};

/* Appends one frame to `out`. The payload is bounded by VG_FRAME_MAX less the frame's own bytes. */
void wire_frame_write(struct vg_buffer *out, enum wire_type type, vg_span payload);

/* How many bytes that is. */
size_t wire_frame_size(vg_span payload);

/* Cuts a stream of bytes into frames. Zero-initialise; one thread. */
struct wire_reader {
    struct vg_buffer pending;
    size_t used;
    size_t frame_max; /* 0: VG_FRAME_MAX */
};

/* Adds received bytes. Invalidates spans given out. */
void wire_reader_feed(struct wire_reader *reader, vg_span bytes);

/* Takes the next whole frame: VG_OK; VG_UNAVAILABLE when more bytes are needed (error untouched);
 * VG_INVALID when the connection must be closed. */
enum vg_code wire_reader_next(struct wire_reader *reader, struct wire_frame *out,
                              struct vg_error *error);

void wire_reader_free(struct wire_reader *reader);

#endif
