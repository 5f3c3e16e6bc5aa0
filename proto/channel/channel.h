/* SPDX-License-Identifier: Apache-2.0
 * The secure channel of a connection: bytes in, bytes out (docs/channel.md). One thread at a time,
 * but once it is open one may seal while another one opens.
 *
 * What is to be sent to the other side is appended to `out`. After any code but VG_OK and
 * VG_UNAVAILABLE the channel is broken, its keys are wiped, and the connection has to be closed. */
#ifndef VIGIL_PROTO_CHANNEL_CHANNEL_H
#define VIGIL_PROTO_CHANNEL_CHANNEL_H

#include "proto/channel/noise.h"

enum {
    CHANNEL_LENGTH_SIZE = 2, /* before each message */
    CHANNEL_INCARNATION_SIZE = sizeof(vg_id),
    CHANNEL_FIRST_SIZE = NOISE_FIRST_SIZE,
    CHANNEL_SECOND_SIZE = NOISE_SECOND_SIZE + CHANNEL_INCARNATION_SIZE,
    CHANNEL_CONFIRM_SIZE = CHANNEL_INCARNATION_SIZE + NOISE_TAG_SIZE,
    CHANNEL_BYTES_MAX = NOISE_MESSAGE_MAX - NOISE_TAG_SIZE, /* of the stream, in one record */
};

enum channel_door { CHANNEL_PEERS = 1, CHANNEL_CLIENTS = 2 };

/* What both sides must agree on, and who this one is. */
struct channel_terms {
    enum channel_door door;
    vg_hash cluster;
    const struct noise_static *self; /* borrowed until the channel is open or broken */
    vg_id incarnation;
};

enum channel_state {
    CHANNEL_DIALLED,    /* initiator: message 1 is made */
    CHANNEL_AWAITED,    /* responder: nothing has come */
    CHANNEL_ASKED,      /* responder: message 1 is good; the caller admits its key, or closes */
    CHANNEL_CONFIRMING, /* responder: message 2 is made; nothing yet proves that message 1 is new */
    CHANNEL_OPEN,
    CHANNEL_BROKEN,
};

struct channel {
    enum channel_state state; /* of what is received */
    bool opened;              /* for good: what is sent can be sealed */
    vg_id incarnation;
    struct noise_handshake handshake;
    struct noise_cipher sending;
    struct noise_cipher receiving;
    struct vg_buffer pending; /* what has come and was not given out */
    size_t used;
};

enum channel_event_kind {
    CHANNEL_ASKS,   /* responder: somebody with the key `theirs`: channel_admit is next */
    CHANNEL_OPENED, /* `theirs` and `incarnation` are the other side's */
    CHANNEL_BYTES,  /* `bytes` of the stream, borrowed until the next call that receives */
};

struct channel_event {
    enum channel_event_kind kind;
    vg_channel_public theirs;
    vg_id incarnation;
    vg_span bytes;
};

/* Starts an initiator's channel to the responder with this public key. `seed` is 32 fresh random
 * bytes, as in channel_admit. Codes of `dh`; VG_INTEGRITY: `theirs` is no key anybody can have. */
enum vg_code channel_dial(struct channel *channel, const struct channel_terms *terms,
                          const vg_channel_public *theirs, const uint8_t seed[VG_SEED_SIZE],
                          struct vg_buffer *out, struct vg_error *error);

/* Starts a responder's channel. */
void channel_await(struct channel *channel, const struct channel_terms *terms);

/* Adds received bytes. Invalidates what was given out. */
void channel_feed(struct channel *channel, vg_span bytes);

/* Whether channel_next would open a message of the handshake now, which costs multiplications. */
bool channel_due(const struct channel *channel);

/* What has come: VG_OK and an event; VG_UNAVAILABLE (error untouched) when more bytes are needed,
 * or channel_admit. VG_INVALID: a length that cannot be. VG_INTEGRITY: a message that does not
 * open. Codes of `dh`. */
enum vg_code channel_next(struct channel *channel, struct channel_event *event,
                          struct vg_buffer *out, struct vg_error *error);

/* Answers who asked. In CHANNEL_ASKED alone. */
enum vg_code channel_admit(struct channel *channel, const uint8_t seed[VG_SEED_SIZE],
                           struct vg_buffer *out, struct vg_error *error);

/* Appends bytes of the stream as records, at least one byte; on an open channel. */
void channel_seal(struct channel *channel, vg_span bytes, struct vg_buffer *out);

/* How many bytes channel_seal appends for so many. */
size_t channel_sealed_size(size_t size);

/* Wipes keys, frees what is pending. A zeroed channel is fine too. */
void channel_end(struct channel *channel);

#endif
