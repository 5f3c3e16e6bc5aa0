/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/vigil-nemesis/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"

struct recorder {
    pthread_mutex_t lock; /* the order of lines is that of what they tell */
    FILE *file;
    uint64_t count;
};

static const char *const outcomes[] = {
    [HISTORY_OK] = "ok", [HISTORY_FAILED] = "failed", [HISTORY_UNKNOWN] = "unknown"};

enum vg_code recorder_open(const char *path, struct recorder **out, struct vg_error *error)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return vg_fail(error, VG_UNAVAILABLE, "cannot write %s: %s", path, strerror(errno));
    struct recorder *recorder = vg_alloc_zero(1, sizeof *recorder);
    pthread_mutex_init(&recorder->lock, NULL);
    recorder->file = file;
    fprintf(file, "{\"history\": 1}\n");
    *out = recorder;
    return VG_OK;
}

/* Begins a line, with the lock held: its time is taken in the order of the lines. */
static void begin_line(struct recorder *recorder, uint64_t client)
{
    pthread_mutex_lock(&recorder->lock);
    fprintf(recorder->file, "{\"at\": %" PRIu64 ", \"client\": %" PRIu64,
            vg_clock_system.monotonic_us() * 1000, client);
}

static void end_line(struct recorder *recorder)
{
    fprintf(recorder->file, "}\n");
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_call(struct recorder *recorder, uint64_t client, enum history_call call,
                   const char *object, uint64_t value, uint64_t expected)
{
    begin_line(recorder, client);
    recorder->count++;
    fprintf(recorder->file, ", \"call\": \"%s\", \"object\": \"%s\"", history_call_name(call),
            object);
    if (value != 0)
        fprintf(recorder->file, ", \"value\": %" PRIu64, value);
    if (call == HISTORY_SWAP)
        fprintf(recorder->file, ", \"expected\": %" PRIu64, expected);
    end_line(recorder);
}

void recorder_outcome(struct recorder *recorder, uint64_t client, enum history_outcome outcome,
                      const uint64_t *read, size_t read_count, bool is_list)
{
    begin_line(recorder, client);
    fprintf(recorder->file, ", \"outcome\": \"%s\"", outcomes[outcome]);
    if (read != NULL) {
        fprintf(recorder->file, ", \"value\": %s", is_list ? "[" : "");
        for (size_t i = 0; i < read_count; i++)
            fprintf(recorder->file, "%s%" PRIu64, i > 0 ? ", " : "", read[i]);
        fprintf(recorder->file, "%s", is_list ? "]" : "");
    }
    end_line(recorder);
}

uint64_t recorder_count(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    uint64_t count = recorder->count;
    pthread_mutex_unlock(&recorder->lock);
    return count;
}

enum vg_code recorder_close(struct recorder *recorder, struct vg_error *error)
{
    fprintf(recorder->file, "{\"end\": %" PRIu64 "}\n", recorder->count);
    bool failed = ferror(recorder->file) != 0;
    failed = fclose(recorder->file) != 0 || failed;
    pthread_mutex_destroy(&recorder->lock);
    free(recorder);
    return failed ? vg_fail(error, VG_UNAVAILABLE, "the history could not be written whole")
                  : VG_OK;
}
