/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/caller.h"

#include <assert.h>
#include <unistd.h>

#include "common/identity.h"

bool caller_dial(struct caller *caller, const char *url, const struct channel_terms *terms,
                 const vg_channel_public *theirs)
{
    uint8_t seed[VG_SEED_SIZE];
    *caller = (struct caller){.fd = rude_dial(url)};
    if (caller->fd < 0)
        return false;
    vg_random(seed, sizeof seed);
    enum vg_code code =
        channel_dial(&caller->line.channel, terms, theirs, seed, &caller->out, NULL);
    assert(code == VG_OK);
    return true;
}

void caller_accept(struct caller *caller, int fd, const struct channel_terms *terms)
{
    *caller = (struct caller){.fd = fd};
    channel_await(&caller->line.channel, terms);
}

bool caller_send(struct caller *caller)
{
    bool sent = rude_send(caller->fd, vg_buffer_span(&caller->out));
    vg_buffer_clear(&caller->out);
    return sent;
}

/* The next thing that the other side says; false if it closes, or says what no node does. */
static bool next_event(struct caller *caller, struct wire_line_event *event)
{
    uint8_t bytes[16384];
    for (;;) {
        enum vg_code code = wire_line_next(&caller->line, event, &caller->out, NULL);
        if (!caller_send(caller) || (code != VG_OK && code != VG_UNAVAILABLE))
            return false;
        if (code == VG_OK)
            return true;
        size_t got = rude_receive(caller->fd, bytes, sizeof bytes);
        if (got == 0)
            return false;
        wire_line_feed(&caller->line, vg_span_of(bytes, got));
    }
}

bool caller_open(struct caller *caller)
{
    struct wire_line_event event;
    uint8_t seed[VG_SEED_SIZE];
    while (!caller->line.channel.opened) {
        if (!caller_send(caller) || !next_event(caller, &event))
            return false;
        if (event.kind != WIRE_LINE_ASKS)
            continue;
        vg_random(seed, sizeof seed);
        if (channel_admit(&caller->line.channel, seed, &caller->out, NULL) != VG_OK)
            return false;
    }
    return true;
}

void caller_write(struct caller *caller, unsigned type, vg_span payload)
{
    wire_line_write(&caller->line, (enum wire_type)type, payload, &caller->out);
}

bool caller_next(struct caller *caller, struct wire_frame *out)
{
    struct wire_line_event event;
    if (!caller_send(caller) || !next_event(caller, &event) || event.kind != WIRE_LINE_FRAME)
        return false;
    *out = event.frame;
    return true;
}

void caller_leave(struct caller *caller)
{
    wire_line_end(&caller->line);
    vg_buffer_free(&caller->out);
}

void caller_end(struct caller *caller)
{
    (void)close(caller->fd);
    caller_leave(caller);
}
