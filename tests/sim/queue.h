/* SPDX-License-Identifier: Apache-2.0
 * What is still to happen: a heap ordered by virtual time, then by the order of its making. */
#ifndef VIGIL_TESTS_SIM_QUEUE_H
#define VIGIL_TESTS_SIM_QUEUE_H

#include "common/types.h"

struct packet;

enum event_kind {
    EVENT_TICK,    /* the core's deadline may be due */
    EVENT_PACKET,  /* a packet arrives */
    EVENT_DISK,    /* the oldest write under way is durable */
    EVENT_APPLY,   /* the apply thread has time */
    EVENT_PROPOSE, /* gathered envelopes go to the core */
    EVENT_LOADED,  /* an older entry's metadata has been read */
    EVENT_START,   /* a crashed node comes back */
    EVENT_CLIENT,  /* a client thinks or loses patience */
    EVENT_NEMESIS, /* the next fault of a kind */
};

struct event {
    uint64_t at_us;
    uint64_t order;
    enum event_kind kind;
    uint32_t who;  /* host, client or kind of fault */
    uint32_t life; /* of the host, whose later lives ignore the event; or the client's attempt */
    struct packet *packet;
    uint64_t first; /* LOADED */
    uint32_t count;
    uint32_t peer;
};

struct queue {
    struct event *heap;
    size_t count;
    size_t capacity;
    uint64_t made;
};

/* Adds an event; its order is set here. */
void queue_push(struct queue *queue, struct event event);

/* Takes the next event; the queue is not empty. */
struct event queue_pop(struct queue *queue);

/* Frees the heap itself. */
void queue_free(struct queue *queue);

#endif
