/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/shim/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/drill/shim/control.h"

static pthread_mutex_t recording =
    PTHREAD_MUTEX_INITIALIZER; /* a call and its bytes lie together */

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static bool append(int fd, const void *bytes, size_t size)
{
    return write(fd, bytes, size) == (ssize_t)size;
}

void shim_record(const struct shim_record *call, const struct iovec *parts, int count)
{
    int fd = shim_open("record", O_WRONLY | O_APPEND);
    if (fd < 0)
        return;
    int saved = errno;
    pthread_mutex_lock(&recording);
    bool ok = append(fd, call, sizeof *call) &&
              (count == 0 || writev(fd, parts, count) == (ssize_t)call->size);
    pthread_mutex_unlock(&recording);
    must(ok, "the shim cannot record");
    close(fd);
    errno = saved;
}
