/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_STATE = 3, FIELD_THREADS = 20, FIELD_STARTED = 22 };

struct cli_process cli_process_look(pid_t pid)
{
    struct cli_process process = {.alive = false};
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return process;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    const char *at = strrchr(text, ')'); /* the end of field 2, which may hold anything */
    for (int field = FIELD_STATE; at != NULL && field <= FIELD_STARTED; field++) {
        at = strchr(at + 1, ' ');
        if (at != NULL && field == FIELD_STATE) {
            process.alive = strchr("ZX", at[1]) == NULL;
            process.paused = at[1] == 'T';
        }
        /* the first thread is a zombie before the others have given back what they hold */
        if (at != NULL && field == FIELD_THREADS)
            process.alive = process.alive || strtol(at, NULL, 10) > 1;
    }
    if (at != NULL)
        process.started = strtoull(at, NULL, 10);
    return process;
}
