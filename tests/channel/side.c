/* SPDX-License-Identifier: Apache-2.0
 * channel-side dial|await SECRET THEIRS CLUSTER DOOR SEED: one side of a channel over standard
 * input and output, for another implementation on the other side. Keys, cluster and seed are hex.
 * Admits THEIRS alone. Once it is open each record is answered with the same bytes.
 *
 * Exit code 0: the input ended and the channel is open; 1: refused, standard error says why. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/text.h"
#include "proto/channel/channel.h"

static const vg_id incarnation = {"the side in C"};

static void hex(const char *text, uint8_t out[32])
{
    if (vg_hex_parse(text, out, 32))
        return;
    fprintf(stderr, "%s: not 64 hex digits\n", text);
    exit(2);
}

static void send_all(struct vg_buffer *out)
{
    size_t done = 0;
    while (done < out->size) {
        ssize_t size = write(STDOUT_FILENO, out->data + done, out->size - done);
        if (size <= 0)
            exit(2);
        done += (size_t)size;
    }
    vg_buffer_clear(out);
}

static void refuse(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static void take(struct channel *channel, const struct channel_event *event,
                 const vg_channel_public *theirs, const uint8_t seed[32], struct vg_buffer *out)
{
    struct vg_error error;
    switch (event->kind) {
    case CHANNEL_ASKS:
        if (memcmp(&event->theirs, theirs, sizeof *theirs) != 0)
            refuse("nobody we know");
        if (channel_admit(channel, seed, out, &error) != VG_OK)
            refuse(error.text);
        return;
    case CHANNEL_OPENED:
        fprintf(stderr, "open to %.16s\n", (const char *)event->incarnation.bytes);
        return;
    case CHANNEL_BYTES:
        channel_seal(channel, event->bytes, out);
        return;
    }
}

static void run(struct channel *channel, const vg_channel_public *theirs, const uint8_t seed[32],
                struct vg_buffer *out)
{
    static uint8_t inbox[4096];
    ssize_t size;
    while ((size = read(STDIN_FILENO, inbox, sizeof inbox)) > 0) {
        struct channel_event event;
        struct vg_error error;
        enum vg_code code;
        channel_feed(channel, vg_span_of(inbox, (size_t)size));
        while ((code = channel_next(channel, &event, out, &error)) == VG_OK)
            take(channel, &event, theirs, seed, out);
        if (code != VG_UNAVAILABLE)
            refuse(error.text);
        send_all(out);
    }
}

int main(int argc, char **argv)
{
    vg_channel_secret secret;
    vg_channel_public theirs;
    uint8_t seed[VG_SEED_SIZE];
    struct channel_terms terms = {.incarnation = incarnation};
    struct channel channel;
    struct vg_buffer out = {0};
    struct vg_error error;
    if (argc != 7)
        return 2;
    vg_crypto_init();
    hex(argv[2], secret.bytes);
    hex(argv[3], theirs.bytes);
    hex(argv[4], terms.cluster.bytes);
    hex(argv[6], seed);
    struct noise_static self = noise_static_of(&secret);
    terms.self = &self;
    terms.door = strcmp(argv[5], "1") == 0 ? CHANNEL_PEERS : CHANNEL_CLIENTS;
    if (strcmp(argv[1], "await") == 0)
        channel_await(&channel, &terms);
    else if (channel_dial(&channel, &terms, &theirs, seed, &out, &error) != VG_OK)
        refuse(error.text);
    send_all(&out);
    run(&channel, &theirs, seed, &out);
    bool open = channel.opened;
    channel_end(&channel);
    vg_buffer_free(&out);
    return open ? 0 : 1;
}
