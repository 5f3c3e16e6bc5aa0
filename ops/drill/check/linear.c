/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "ops/drill/check/judge.h"

enum linear_verdict judge_refute(struct linear_finding *finding, uint64_t line, const char *format,
                                 ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
    finding->line = line;
    return LINEAR_NO;
}

enum linear_verdict linear_check(const struct history_object *object,
                                 const struct linear_limits *limits, struct linear_finding *finding)
{
    return object->is_list ? judge_list(object, finding) : judge_register(object, limits, finding);
}
