/* SPDX-License-Identifier: Apache-2.0
 * Log lines for operators: one line, a stable event name, key=value text. Written to stderr;
 * any thread. Never the content of a command. */
#ifndef VIGIL_COMMON_LOG_H
#define VIGIL_COMMON_LOG_H

enum vg_log_level { VG_LOG_DEBUG, VG_LOG_INFO, VG_LOG_WARN, VG_LOG_ERROR };

/* Lines below `level` are dropped; INFO until called. Before threads start. */
void vg_log_threshold(enum vg_log_level level);

/* Writes "TIME LEVEL EVENT details". `event` is kebab-case and stable, for example "peer-up". */
void vg_log(enum vg_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
