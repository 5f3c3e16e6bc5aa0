/* SPDX-License-Identifier: Apache-2.0
 * What the kernel says of a process. */
#ifndef VIGIL_OPS_CLI_CORE_PROCESS_H
#define VIGIL_OPS_CLI_CORE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct cli_process {
    bool alive;  /* there, and not a zombie */
    bool paused; /* stopped by a signal */
    unsigned long long
        started; /* clock ticks since boot: tells it from a later one of the same id */
};

/* Reads /proc; all zero when there is no such process. */
struct cli_process cli_process_look(pid_t pid);

#endif
