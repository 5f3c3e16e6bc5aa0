/* SPDX-License-Identifier: Apache-2.0 */
#include "node/loop/loop.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <uv.h>

#include "common/clock.h"
#include "common/mem.h"

enum { SIGNALS = 2 };

struct loop {
    uv_loop_t uv;
    uv_timer_t timer;
    uv_async_t wake;
    uv_prepare_t turn_end;
    uv_signal_t signals[SIGNALS];
    unsigned works; /* on the pool, or finished and not yet handed over */
    struct loop_events events;
    void *context;
    pthread_mutex_t lock; /* guards the list */
    struct loop_task *first;
    struct loop_task **last;
};

struct pool_work {
    uv_work_t request;
    struct loop *loop;
    void (*work)(void *context);
    void (*done)(void *context);
    void *context;
};

static struct loop_task *take_tasks(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct loop_task *first = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->lock);
    return first;
}

static void on_wake(uv_async_t *handle)
{
    struct loop_task *task = take_tasks(handle->data);
    while (task != NULL) {
        struct loop_task *next = task->next;
        task->run(task);
        task = next;
    }
}

static void on_timer(uv_timer_t *handle)
{
    struct loop *loop = handle->data;
    loop->events.alarm(loop->context);
}

static void on_turn_end(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;
    loop->events.turn(loop->context);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop *loop = handle->data;
    loop->events.signal(loop->context, number);
}

static int start_handles(struct loop *loop)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT};
    int failed = uv_timer_init(&loop->uv, &loop->timer);
    if (failed == 0)
        failed = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (failed == 0)
        failed = uv_prepare_init(&loop->uv, &loop->turn_end);
    if (failed == 0)
        failed = uv_prepare_start(&loop->turn_end, on_turn_end);
    loop->timer.data = loop->wake.data = loop->turn_end.data = loop;
    for (size_t i = 0; i < SIGNALS && failed == 0; i++) {
        failed = uv_signal_init(&loop->uv, &loop->signals[i]);
        loop->signals[i].data = loop;
        if (failed == 0)
            failed = uv_signal_start(&loop->signals[i], on_signal, numbers[i]);
    }
    return failed;
}

enum vg_code loop_open(const struct loop_events *events, void *context, struct loop **out,
                       struct vg_error *error)
{
    struct loop *loop = vg_alloc_zero(1, sizeof *loop);
    loop->events = *events;
    loop->context = context;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->lock, NULL);
    int failed = uv_loop_init(&loop->uv);
    if (failed == 0) {
        failed = start_handles(loop);
        if (failed == 0) {
            *out = loop;
            return VG_OK;
        }
        loop_close(loop);
    } else {
        free(loop);
    }
    return vg_fail(error, VG_UNAVAILABLE, "cannot start the event loop: %s", uv_strerror(failed));
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_finish_work(struct loop *loop)
{
    while (loop->works > 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
}

void loop_close(struct loop *loop)
{
    loop_finish_work(loop);
    on_wake(&loop->wake);
    uv_walk(&loop->uv, close_handle, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        continue; /* a task may have called loop_stop */
    on_wake(&loop->wake);
    int busy = uv_loop_close(&loop->uv);
    assert(busy == 0);
    (void)busy;
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

void loop_alarm_at(struct loop *loop, uint64_t deadline_us)
{
    uint64_t now_us = vg_clock_system.monotonic_us();
    uint64_t wait_ms = deadline_us > now_us ? (deadline_us - now_us + 999) / 1000 : 0;
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->timer, on_timer, wait_ms, 0);
}

void loop_post(struct loop *loop, struct loop_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&loop->lock);
    bool was_empty = loop->first == NULL;
    *loop->last = task;
    loop->last = &task->next;
    pthread_mutex_unlock(&loop->lock);
    if (was_empty)
        uv_async_send(&loop->wake);
}

/* The threads of the pool are libuv's, which gives them no name. */
static void name_pool_thread(void)
{
    static _Thread_local bool named;
    if (!named)
        prctl(PR_SET_NAME, "pool");
    named = true;
}

static void on_work(uv_work_t *request)
{
    struct pool_work *work = request->data;
    name_pool_thread();
    work->work(work->context);
}

static void on_work_done(uv_work_t *request, int status)
{
    struct pool_work *work = request->data;
    (void)status; /* work is never cancelled */
    work->loop->works--;
    work->done(work->context);
    free(work);
}

void loop_work(struct loop *loop, void (*work)(void *context), void (*done)(void *context),
               void *context)
{
    struct pool_work *item = vg_alloc(sizeof *item);
    *item = (struct pool_work){.loop = loop, .work = work, .done = done, .context = context};
    item->request.data = item;
    loop->works++;
    uv_queue_work(&loop->uv, &item->request, on_work, on_work_done);
}
