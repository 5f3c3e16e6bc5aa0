/* SPDX-License-Identifier: Apache-2.0
 * Error codes as people and scripts see them (CLI.md), and the one error type. */
#ifndef VIGIL_COMMON_ERROR_H
#define VIGIL_COMMON_ERROR_H

#include <stdarg.h>

/* symbol, number on the wire (frozen), name as printed, exit code */
#define VG_CODES(X)                                                                                \
    X(OK, 0, "ok", 0)                                                                              \
    X(CONFLICT, 1, "conflict", 1)                                                                  \
    X(FORBIDDEN, 2, "forbidden", 1)                                                                \
    X(RULE, 3, "rule", 1)                                                                          \
    X(NOT_FOUND, 4, "not-found", 1)                                                                \
    X(EXISTS, 5, "exists", 1)                                                                      \
    X(EXPIRED, 6, "expired", 1)                                                                    \
    X(USAGE, 7, "usage", 2)                                                                        \
    X(INVALID, 8, "invalid", 2)                                                                    \
    X(BUSY, 9, "busy", 3)                                                                          \
    X(UNAVAILABLE, 10, "unavailable", 3)                                                           \
    X(TIMEOUT, 11, "timeout", 3)                                                                   \
    X(INTEGRITY, 12, "integrity", 4)

enum vg_code {
#define X(symbol, number, name, exit) VG_##symbol = number,
    VG_CODES(X)
#undef X
};

enum { VG_ERROR_TEXT = 480, VG_RULE_TEXT = 8 };

/* What went wrong, where, and what to do, in one sentence. `rule` is "" or a process rule ("R13").
 */
struct vg_error {
    enum vg_code code;
    char rule[VG_RULE_TEXT];
    char text[VG_ERROR_TEXT];
};

/* The name of a code as printed ("not-found"); never NULL. */
const char *vg_code_name(enum vg_code code);

/* The process exit code of CLI.md for a code. */
int vg_code_exit(enum vg_code code);

/* The code of a wire number; VG_INTEGRITY for a number this build does not know. */
enum vg_code vg_code_from_number(unsigned number);

/* Fills *error (which may be NULL) with code, no rule, and a formatted sentence cut to fit.
 * Returns `code`, so that a caller can `return vg_fail(...)`. */
enum vg_code vg_fail(struct vg_error *error, enum vg_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As vg_fail with VG_RULE and the number of the process rule that refused. */
enum vg_code vg_fail_rule(struct vg_error *error, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* Analyzers look at one file at a time: tell them that what fails returns the code it was given. */
#define vg_fail(error, code, ...) ((void)vg_fail(error, code, __VA_ARGS__), (code))
#define vg_fail_rule(error, rule, ...) ((void)vg_fail_rule(error, rule, __VA_ARGS__), VG_RULE)
#endif

/* Puts "CONTEXT: " before the sentence of an error that passes through. Returns its code. */
enum vg_code vg_error_prefix(struct vg_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
