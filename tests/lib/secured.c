/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/secured.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/identity.h"
#include "tests/lib/await.h"

enum { DIAL_MS = 5000 };

static void send_out(struct secured *secured, struct dial_link *link)
{
    if (secured->out.size > 0)
        (void)dial_link_send(link, vg_buffer_span(&secured->out), SIZE_MAX);
    vg_buffer_clear(&secured->out);
}

static void connected(void *context, struct dial_link *link)
{
    struct secured *secured = context;
    uint8_t seed[VG_SEED_SIZE];
    vg_random(seed, sizeof seed);
    pthread_mutex_lock(&secured->lock);
    (void)channel_dial(&secured->line.channel, &secured->terms, &secured->theirs, seed,
                       &secured->out, NULL);
    send_out(secured, link);
    pthread_mutex_unlock(&secured->lock);
}

static enum vg_code next_event(struct secured *secured, struct dial_link *link,
                               struct wire_line_event *event)
{
    uint8_t seed[VG_SEED_SIZE];
    vg_random(seed, sizeof seed);
    pthread_mutex_lock(&secured->lock);
    enum vg_code code = wire_line_next(&secured->line, event, &secured->out, NULL);
    if (code == VG_OK && event->kind == WIRE_LINE_ASKS)
        code = channel_admit(&secured->line.channel, seed, &secured->out, NULL);
    send_out(secured, link);
    pthread_mutex_unlock(&secured->lock);
    return code;
}

static void received(void *context, struct dial_link *link, vg_span bytes)
{
    struct secured *secured = context;
    struct wire_line_event event;
    enum vg_code code;
    wire_line_feed(&secured->line, bytes);
    while ((code = next_event(secured, link, &event)) == VG_OK) {
        if (event.kind == WIRE_LINE_OPENED)
            atomic_store(&secured->open, true);
        if (event.kind == WIRE_LINE_FRAME)
            secured->frame(secured, &event.frame);
    }
    if (code != VG_UNAVAILABLE)
        dial_link_close(link);
}

static void closed(void *context, struct dial_link *link, const char *why)
{
    struct secured *secured = context;
    (void)link;
    (void)why;
    atomic_fetch_add(&secured->closed, 1);
}

static const struct dial_events events = {
    .received = received, .closed = closed, .connected = connected};

bool secured_dial(struct secured *secured, const char *url, const vg_channel_public *theirs)
{
    struct vg_error error;
    pthread_mutex_init(&secured->lock, NULL);
    secured->theirs = *theirs;
    if (dial_link_connect(url, DIAL_MS, &events, secured, &secured->link, &error) != VG_OK) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    AWAIT(atomic_load(&secured->open) || atomic_load(&secured->closed) > 0);
    return atomic_load(&secured->open);
}

void secured_take(struct secured *secured, struct dial_link *link)
{
    pthread_mutex_init(&secured->lock, NULL);
    secured->link = link;
    channel_await(&secured->line.channel, &secured->terms);
    dial_link_begin(link, &events, secured);
}

enum vg_code secured_send(struct secured *secured, unsigned type, vg_span payload)
{
    pthread_mutex_lock(&secured->lock);
    wire_line_write(&secured->line, (enum wire_type)type, payload, &secured->out);
    enum vg_code code = dial_link_send(secured->link, vg_buffer_span(&secured->out), SIZE_MAX);
    vg_buffer_clear(&secured->out);
    pthread_mutex_unlock(&secured->lock);
    return code;
}

void secured_end(struct secured *secured)
{
    dial_link_free(secured->link);
    wire_line_end(&secured->line);
    vg_buffer_free(&secured->out);
    pthread_mutex_destroy(&secured->lock);
}
