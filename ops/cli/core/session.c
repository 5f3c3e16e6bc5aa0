/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/session.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/text.h"
#include "ops/cli/core/place.h"
#include "ops/cli/core/process.h"

enum { INCIDENTS_MAX = 2048, SESSION_FILE_MAX = 1024 * 1024, NAME_MAX_SIZE = 64, KEY_SIZE = 80 };

bool cli_session_valid(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > NAME_MAX_SIZE || name[0] == '.')
        return false;
    for (; *name != 0; name++)
        if (!isalnum((unsigned char)*name) && strchr("-_.", *name) == NULL)
            return false;
    return true;
}

/* A terminal, or a login without one, is known by the leader of its session and when that started,
 * since process ids come again. */
static char *session_path(const char *session)
{
    char file[NAME_MAX_SIZE + 32];
    pid_t leader = getsid(0);
    if (session != NULL)
        snprintf(file, sizeof file, "sessions/%s.json", session);
    else
        snprintf(file, sizeof file, "sessions/sid-%d-%llu.json", (int)leader,
                 cli_process_look(leader).started);
    return cli_place("XDG_STATE_HOME", ".local/state", file);
}

/* An unreadable file is an empty memory: then the rules ask to read again, which is safe. */
static json_t *load(const char *path)
{
    struct vg_buffer bytes = {0};
    json_t *known = NULL;
    struct vg_error error;
    if (vg_file_read(path, SESSION_FILE_MAX, &bytes, &error) == VG_OK)
        known = json_loadb((const char *)bytes.data, bytes.size, 0, NULL);
    vg_buffer_free(&bytes);
    if (json_is_object(known))
        return known;
    json_decref(known);
    return json_object();
}

static void make_key(const char *reader, const char *incident, char out[KEY_SIZE])
{
    snprintf(out, KEY_SIZE, "%s/%s", reader, incident);
}

static void learn_one(json_t *known, const char *reader, const json_t *incident)
{
    const char *id = json_string_value(json_object_get(incident, "id"));
    json_t *revision = json_object_get(incident, "revision");
    if (id == NULL || !json_is_object(revision))
        return;
    char key[KEY_SIZE];
    make_key(reader, id, key);
    json_t *merged = json_object_get(known, key);
    merged = merged != NULL ? json_deep_copy(merged) : json_object();
    json_object_update(merged, revision);
    json_object_del(known, key); /* the latest reading goes last */
    json_object_set_new(known, key, merged);
}

static void forget_oldest(json_t *known)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(known, next, key, value)
    {
        if (json_object_size(known) <= INCIDENTS_MAX)
            return;
        json_object_del(known, key);
    }
}

/* Whole or not at all, but not synced: losing it costs a reading, a sync each time costs more. */
static enum vg_code save(const char *path, const json_t *known, struct vg_error *error)
{
    char *temporary = cli_join(path, "part");
    *strrchr(temporary, '/') = '.';
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && json_dumpfd(known, fd, JSON_COMPACT) == 0;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    free(temporary);
    return ok ? VG_OK : vg_fail(error, VG_UNAVAILABLE, "cannot write %s", path);
}

enum vg_code cli_session_learn(const char *session, const char *reader, const json_t *incidents,
                               struct vg_error *error)
{
    char *path = session_path(session);
    *error = (struct vg_error){.code = VG_OK};
    int lock = -1;
    if (cli_folder_lock(path, &lock, error) == VG_OK) {
        json_t *known = load(path);
        size_t i;
        json_t *incident;
        if (json_is_object(incidents))
            learn_one(known, reader, incidents);
        json_array_foreach(incidents, i, incident) learn_one(known, reader, incident);
        forget_oldest(known);
        save(path, known, error);
        json_decref(known);
    }
    if (lock >= 0)
        close(lock);
    free(path);
    return error->code;
}

bool cli_session_revision(const char *session, const char *reader, const char *incident,
                          const char *aspect, uint64_t *out)
{
    char *path = session_path(session);
    json_t *known = load(path);
    char key[KEY_SIZE];
    make_key(reader, incident, key);
    json_t *revision = json_object_get(json_object_get(known, key), aspect);
    bool found = json_is_integer(revision) && json_integer_value(revision) >= 0;
    if (found)
        *out = (uint64_t)json_integer_value(revision);
    json_decref(known);
    free(path);
    return found;
}
