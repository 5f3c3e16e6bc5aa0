/* SPDX-License-Identifier: Apache-2.0
 * only_calls CALL... -- PROGRAM WORD...: runs the program with these system calls and no others,
 * which fail with EPERM, as a service manager's SystemCallFilter= has it. Names that this kernel's
 * libseccomp does not know are passed over, as there. */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/must.h"

int main(int count, char **words)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int at = 1;
    must(filter != NULL, "there is memory for a filter");
    for (; at < count && strcmp(words[at], "--") != 0; at++) {
        int call = seccomp_syscall_resolve_name(words[at]);
        if (call != __NR_SCMP_ERROR)
            must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0, words[at]);
    }
    must(at > 1 && at + 1 < count, "there are calls, --, and a program");
    must(seccomp_load(filter) == 0, "the kernel takes the filter");
    seccomp_release(filter);
    execv(words[at + 1], words + at + 1);
    perror(words[at + 1]);
    return 1;
}
