/* SPDX-License-Identifier: Apache-2.0
 * replay FILE|FOLDER...: gives a target each file once, where libFuzzer is not built in. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 20 };

static void end_with(const char *path, const char *why)
{
    fprintf(stderr, "replay: %s: %s\n", path, why);
    exit(2);
}

/* A copy of its own size, so that the address sanitizer sees what reads behind it. */
static void replay_file(const char *path)
{
    struct vg_buffer bytes = {0};
    struct vg_error error;
    if (vg_file_read(path, INPUT_MAX, &bytes, &error) != VG_OK)
        end_with(path, error.text);
    printf("%s\n", path);
    fflush(stdout);
    uint8_t *exact = vg_alloc(bytes.size);
    if (bytes.size > 0)
        memcpy(exact, bytes.data, bytes.size);
    LLVMFuzzerTestOneInput(exact, bytes.size);
    free(exact);
    vg_buffer_free(&bytes);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, alphasort);
    if (count < 0 && errno == ENOTDIR) {
        replay_file(path);
        return;
    }
    if (count <= 0)
        end_with(path, count < 0 ? strerror(errno) : "no input in it");
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        replay_file(file);
        free(entries[i]);
    }
    free(entries);
    printf("%d inputs\n", count);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        end_with("usage", "replay FILE|FOLDER...");
    for (int i = 1; i < argc; i++)
        replay_folder(argv[i]);
    return 0;
}
