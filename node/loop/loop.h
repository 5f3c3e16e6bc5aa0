/* SPDX-License-Identifier: Apache-2.0
 * The loop thread over libuv: one alarm, tasks posted by other threads, work done on the pool of
 * two, signals, and one hook that ends each turn. Everything runs on the thread of loop_run unless
 * it says otherwise. */
#ifndef VIGIL_NODE_LOOP_LOOP_H
#define VIGIL_NODE_LOOP_LOOP_H

#include <stdint.h>

#include "common/error.h"

enum { LOOP_POOL_THREADS = 2 };

struct loop;

struct loop_events {
    /* The time of loop_alarm_at has come. */
    void (*alarm)(void *context);
    /* Ends a turn: everything that was posted, finished or due has been handed over. */
    void (*turn)(void *context);
    /* SIGTERM or SIGINT. */
    void (*signal)(void *context, int number);
};

/* Makes the loop, with its signals caught. VG_UNAVAILABLE when the system refuses. */
enum vg_code loop_open(const struct loop_events *events, void *context, struct loop **out,
                       struct vg_error *error);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);

/* Ends loop_run after this turn. Loop thread. */
void loop_stop(struct loop *loop);

/* Turns the loop until no work is under way on the pool. */
void loop_finish_work(struct loop *loop);

/* Finishes work, runs what was posted, frees. No other thread may post any more. */
void loop_close(struct loop *loop);

/* Calls `alarm` at `deadline_us` of the monotonic clock or up to a millisecond later; replaces the
 * one before. Loop thread. */
void loop_alarm_at(struct loop *loop, uint64_t deadline_us);

/* A thing to do on the loop thread; lives inside what it is about. */
struct loop_task {
    struct loop_task *next;
    void (*run)(struct loop_task *task);
};

/* Queues a task; tasks run in the order they were posted. Any thread. The task's memory is the
 * loop's until `run` is called. */
void loop_post(struct loop *loop, struct loop_task *task);

/* Runs `work` on the pool, then `done` on the loop thread. Loop thread. */
void loop_work(struct loop *loop, void (*work)(void *context), void (*done)(void *context),
               void *context);

#endif
