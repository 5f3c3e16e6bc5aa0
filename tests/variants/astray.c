/* SPDX-License-Identifier: Apache-2.0
 * vigild and vigil that keep one title otherwise than it was said, as a program with a fault would:
 * cluster/checkpoints has to see such a node stop itself, and no other. */
#include <string.h>

#include "common/log.h"
#include "proto/response/call.h"

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
void __real_response_effect_detect(struct response_call *call);
void __wrap_response_effect_detect(struct response_call *call);

void __wrap_response_effect_detect(struct response_call *call)
{
    if (strcmp(call->next.title, "led astray") == 0)
        call->next.title[0] = 'f';
    __real_response_effect_detect(call);
}

int __wrap_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    if (strcmp(slash != NULL ? slash + 1 : argv[0], "vigild") == 0)
        vg_log(VG_LOG_WARN, "test-build", "keeps one title otherwise than it was said");
    return __real_main(argc, argv);
}
