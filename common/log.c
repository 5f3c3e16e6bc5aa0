/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "common/text.h"

static enum vg_log_level threshold = VG_LOG_INFO;

void vg_log_threshold(enum vg_log_level level)
{
    threshold = level;
}

void vg_log(enum vg_log_level level, const char *event, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < threshold)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char when[VG_TIME_TEXT];
    vg_time_format((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, when);

    char details[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(details, sizeof details, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s %s %s %s\n", when, names[level], event, details);
}
