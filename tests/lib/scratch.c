/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "tests/lib/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void must(int result, const char *path)
{
    if (result == 0)
        return;
    perror(path);
    abort();
}

void scratch_make(char path[SCRATCH_PATH])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, SCRATCH_PATH, "%s/vigil-test-XXXXXX", base != NULL ? base : "/tmp");
    must(mkdtemp(path) == NULL, path);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void scratch_remove(const char *path)
{
    enum { OPEN_FOLDERS = 8 };
    must(nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS), path);
}
