/* SPDX-License-Identifier: Apache-2.0
 * Conditions whose waits end by the monotonic clock. Private to node/store. */
#ifndef VIGIL_NODE_STORE_THREAD_H
#define VIGIL_NODE_STORE_THREAD_H

#include <pthread.h>
#include <stdint.h>

void store_cond_init(pthread_cond_t *cond);

/* Waits until signalled, spuriously woken, or `us` microseconds have passed; `lock` is held. */
void store_cond_wait_us(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t us);

/* Starts a thread with every signal blocked but those of a fault; aborts if there can be no thread.
 */
pthread_t store_thread_start(void *(*run)(void *context), void *context);

#endif
