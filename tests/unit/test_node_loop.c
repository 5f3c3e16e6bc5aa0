/* SPDX-License-Identifier: Apache-2.0
 * The loop: tasks of other threads in order, work on the pool, the alarm, the end of a turn. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "node/loop/loop.h"

enum { TASKS = 1000, THREADS = 4 };

struct house {
    struct loop *loop;
    unsigned ran[THREADS];
    bool in_order;
    unsigned total;
    unsigned turns;
    unsigned works;
    int signal;
    uint64_t alarm_us;
};

static void alarm_came(void *context)
{
    struct house *house = context;
    house->alarm_us = vg_clock_system.monotonic_us();
    loop_stop(house->loop);
}

static void turn_ended(void *context)
{
    struct house *house = context;
    house->turns++;
}

static void signal_came(void *context, int number)
{
    struct house *house = context;
    house->signal = number;
    loop_stop(house->loop);
}

static void open_house(struct house *house)
{
    static const struct loop_events events = {
        .alarm = alarm_came, .turn = turn_ended, .signal = signal_came};
    struct vg_error error;
    *house = (struct house){.in_order = true};
    cr_assert_eq(loop_open(&events, house, &house->loop, &error), VG_OK, "%s", error.text);
}

struct errand {
    struct loop_task task;
    struct house *house;
    unsigned thread;
    unsigned number;
};

static void run_errand(struct loop_task *task)
{
    struct errand *errand = (struct errand *)task;
    struct house *house = errand->house;
    house->in_order = house->in_order && house->ran[errand->thread] == errand->number;
    house->ran[errand->thread]++;
    free(errand);
    if (++house->total == TASKS * THREADS)
        loop_stop(house->loop);
}

struct sender {
    struct house *house;
    unsigned thread;
};

static void *send_errands(void *context)
{
    struct sender *sender = context;
    for (unsigned i = 0; i < TASKS; i++) {
        struct errand *errand = vg_alloc(sizeof *errand);
        *errand = (struct errand){
            .task.run = run_errand, .house = sender->house, .thread = sender->thread, .number = i};
        loop_post(sender->house->loop, &errand->task);
    }
    return NULL;
}

Test(node_loop, runs_the_tasks_of_each_thread_in_order)
{
    struct house house;
    pthread_t threads[THREADS];
    struct sender senders[THREADS];
    open_house(&house);
    for (unsigned i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){.house = &house, .thread = i};
        pthread_create(&threads[i], NULL, send_errands, &senders[i]);
    }
    loop_run(house.loop);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(house.total, (unsigned)(TASKS * THREADS));
    cr_expect(house.in_order);
    cr_expect_gt(house.turns, 0u);
    loop_close(house.loop);
}

Test(node_loop, calls_the_alarm_not_before_its_time)
{
    struct house house;
    open_house(&house);
    uint64_t due_us = vg_clock_system.monotonic_us() + 20000, later_us = 60000000;
    loop_alarm_at(house.loop, due_us + later_us);
    loop_alarm_at(house.loop, due_us);
    loop_run(house.loop);
    cr_expect_geq(house.alarm_us, due_us);
    cr_expect_lt(house.alarm_us, due_us + later_us);
    loop_close(house.loop);
}

static void do_work(void *context)
{
    struct house *house = context;
    __atomic_add_fetch(&house->works, 1, __ATOMIC_SEQ_CST);
}

static void work_done(void *context)
{
    struct house *house = context;
    if (++house->total == 100)
        loop_stop(house->loop);
}

Test(node_loop, brings_work_back_to_the_loop)
{
    struct house house;
    open_house(&house);
    for (int i = 0; i < 100; i++)
        loop_work(house.loop, do_work, work_done, &house);
    loop_run(house.loop);
    cr_expect_eq(house.works, 100u);
    loop_close(house.loop);
}

Test(node_loop, hears_the_signal_to_end)
{
    struct house house;
    open_house(&house);
    kill(getpid(), SIGTERM);
    loop_run(house.loop);
    cr_expect_eq(house.signal, SIGTERM);
    loop_close(house.loop);
}

Test(node_loop, runs_what_is_left_when_it_closes)
{
    struct house house;
    open_house(&house);
    for (unsigned i = 0; i < 10; i++) {
        struct errand *errand = vg_alloc(sizeof *errand);
        *errand = (struct errand){.task.run = run_errand, .house = &house, .number = i};
        loop_post(house.loop, &errand->task);
    }
    loop_close(house.loop);
    cr_expect_eq(house.total, 10u);
}

static void stop_again(struct loop_task *task)
{
    struct errand *errand = (struct errand *)task;
    loop_stop(errand->house->loop);
}

Test(node_loop, closes_though_a_late_task_stops_it)
{
    struct house house;
    open_house(&house);
    struct errand errand = {.task.run = stop_again, .house = &house};
    loop_work(house.loop, do_work, work_done, &house);
    loop_post(house.loop, &errand.task);
    loop_close(house.loop);
    cr_expect_eq(house.works, 1u);
}
