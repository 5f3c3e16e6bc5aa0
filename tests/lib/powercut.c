/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/powercut.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "ops/drill/shim/record.h"

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

void powercut_free(struct powercut *cut)
{
    for (uint32_t i = 0; i < cut->file_count; i++)
        vg_buffer_free(&cut->files[i].bytes);
    vg_buffer_free(&cut->record);
    free(cut->units);
}

/* ---- files and names ----------------------------------------------------------------------------
 */

/* The file of an inode; file_count if there is none. */
static uint32_t file_of(const struct powercut *cut, uint64_t inode)
{
    uint32_t file = 0;
    while (file < cut->file_count && cut->files[file].inode != inode)
        file++;
    return file;
}

static uint32_t place_of(const struct powercut_names *names, const char *path, size_t size)
{
    uint32_t at = 0;
    while (at < names->count &&
           (strncmp(names->all[at].path, path, size) != 0 || names->all[at].path[size] != '\0'))
        at++;
    return at;
}

/* The folder that a path lies in. */
static uint32_t parent_of(const struct powercut_names *names, const char *path)
{
    const char *slash = strrchr(path, '/');
    uint32_t at = place_of(names, path, (size_t)(slash - path));
    must(at < names->count, path);
    return names->all[at].file;
}

static void add_name(struct powercut_names *names, const char *path, uint32_t file)
{
    uint32_t at = place_of(names, path, strlen(path));
    must(at < POWERCUT_NAMES_MAX, "too many names");
    names->count += at == names->count;
    names->all[at].path = path;
    names->all[at].file = file;
}

static void drop_name(struct powercut_names *names, const char *path)
{
    uint32_t at = place_of(names, path, strlen(path));
    if (at == names->count)
        return;
    names->count--;
    memmove(&names->all[at], &names->all[at + 1], (names->count - at) * sizeof names->all[0]);
}

static void apply_name(struct powercut_names *names, const struct powercut_unit *unit)
{
    if (unit->from != NULL)
        drop_name(names, unit->from);
    add_name(names, unit->to, unit->named);
}

/* Puts bytes into what a file holds, or makes it longer. */
static void apply_content(struct vg_buffer *bytes, uint64_t *size, const struct powercut_unit *unit)
{
    uint64_t end = unit->offset + unit->bytes.size;
    *size = end > *size ? end : *size;
    if (unit->kind == POWERCUT_LENGTH)
        return;
    if (end > bytes->size) {
        size_t added = (size_t)end - bytes->size;
        memset(vg_buffer_extend(bytes, added), 0, added);
    }
    memcpy(bytes->data + unit->offset, unit->bytes.data, unit->bytes.size);
}

static void make_durable(struct powercut *cut, const struct powercut_unit *unit)
{
    struct powercut_file *file = &cut->files[unit->file];
    if (unit->kind == POWERCUT_NAME)
        apply_name(&cut->names, unit);
    else
        apply_content(&file->bytes, &file->size, unit);
}

void powercut_load(struct powercut *cut, const char *record, const char *root)
{
    *cut = (struct powercut){.root = root, .files = {{.folder = true}}, .file_count = 1};
    add_name(&cut->names, root, 0);
    add_name(&cut->current, root, 0);
    must(vg_file_read(record, 1U << 30, &cut->record, NULL) == VG_OK, record);
}

/* ---- calls --------------------------------------------------------------------------------------
 */

static void add_unit(struct powercut *cut, struct powercut_unit unit)
{
    if (cut->unit_count == cut->unit_capacity) {
        cut->unit_capacity = 2 * cut->unit_capacity + 64;
        cut->units = vg_realloc(cut->units, cut->unit_capacity * sizeof *cut->units);
    }
    cut->units[cut->unit_count++] = unit;
    cut->fresh++;
}

static void take_write(struct powercut *cut, uint32_t file, uint64_t offset, vg_span bytes)
{
    while (bytes.size > 0) {
        size_t room = POWERCUT_SECTOR - offset % POWERCUT_SECTOR;
        size_t size = bytes.size < room ? bytes.size : room;
        add_unit(cut, (struct powercut_unit){POWERCUT_BYTES, file, offset,
                                             vg_span_of(bytes.data, size), 0, 0, 0});
        offset += size;
        bytes = vg_span_of(bytes.data + size, bytes.size - size);
    }
}

static void take_name(struct powercut *cut, const char *from, const char *to, uint32_t named)
{
    struct powercut_unit unit = {.kind = POWERCUT_NAME,
                                 .file = parent_of(&cut->current, to),
                                 .from = from,
                                 .to = to,
                                 .named = named};
    apply_name(&cut->current, &unit);
    add_unit(cut, unit);
}

/* A file that was not known was made by this call; but the root was there. */
static void take_open(struct powercut *cut, const struct shim_record *call, const char *path)
{
    if (strcmp(path, cut->root) == 0)
        cut->files[0].inode = call->file;
    if (file_of(cut, call->file) < cut->file_count)
        return;
    must(cut->file_count < POWERCUT_NAMES_MAX, "too many files");
    uint32_t file = cut->file_count++;
    cut->files[file] = (struct powercut_file){.inode = call->file, .folder = call->offset != 0};
    take_name(cut, NULL, path, file);
}

static void take_rename(struct powercut *cut, const char *from)
{
    uint32_t at = place_of(&cut->current, from, strlen(from));
    must(at < cut->current.count, from);
    take_name(cut, from, from + strlen(from) + 1, cut->current.all[at].file);
}

/* What there is of a file is durable, and of a folder's names. */
static void take_sync(struct powercut *cut, uint32_t file)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < cut->unit_count; i++) {
        if (cut->units[i].file == file)
            make_durable(cut, &cut->units[i]);
        else
            cut->units[left++] = cut->units[i];
    }
    cut->unit_count = left;
}

static void settle(struct powercut *cut)
{
    for (uint32_t i = cut->unit_count - cut->fresh; i < cut->unit_count; i++)
        make_durable(cut, &cut->units[i]);
    cut->unit_count -= cut->fresh;
    cut->settling = false;
}

static void take_call(struct powercut *cut, const struct shim_record *call, vg_span bytes)
{
    uint32_t file = file_of(cut, call->file);
    bool of_file = call->call != SHIM_OPEN && call->call != SHIM_RENAME && call->call != SHIM_MARK;
    must(!of_file || file < cut->file_count, "a call on a file that was never opened");
    switch (call->call) {
    case SHIM_OPEN:
        take_open(cut, call, (const char *)bytes.data);
        break;
    case SHIM_WRITE:
    case SHIM_WRITE_SYNCED:
        take_write(cut, file, call->offset, bytes);
        cut->settling = call->call == SHIM_WRITE_SYNCED;
        break;
    case SHIM_GROW:
        add_unit(cut, (struct powercut_unit){
                          .kind = POWERCUT_LENGTH, .file = file, .offset = call->offset});
        break;
    case SHIM_RENAME:
        take_rename(cut, (const char *)bytes.data);
        break;
    case SHIM_MARK:
        cut->mark_count++;
        break;
    default:
        take_sync(cut, file);
    }
}

bool powercut_step(struct powercut *cut)
{
    struct shim_record call;
    bool settled = cut->settling;
    if (settled)
        settle(cut);
    cut->fresh = 0;
    if (settled)
        return true;
    if (cut->record.size - cut->at < sizeof call)
        return false;
    memcpy(&call, cut->record.data + cut->at, sizeof call);
    if (cut->record.size - cut->at - sizeof call < call.size) /* cut short */
        return false;
    cut->at += sizeof call;
    take_call(cut, &call, vg_span_of(cut->record.data + cut->at, (size_t)call.size));
    cut->at += (size_t)call.size;
    return true;
}

/* ---- the image ----------------------------------------------------------------------------------
 */

static void write_file(const struct powercut *cut, uint32_t number, const bool *kept,
                       const char *path)
{
    const struct powercut_file *file = &cut->files[number];
    struct vg_buffer bytes = {0};
    uint64_t size = file->size;
    vg_buffer_append(&bytes, file->bytes.data, file->bytes.size);
    for (uint32_t i = 0; i < cut->unit_count; i++)
        if (kept[i] && cut->units[i].file == number && cut->units[i].kind != POWERCUT_NAME)
            apply_content(&bytes, &size, &cut->units[i]);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size, path);
    must(ftruncate(fd, (off_t)size) == 0, path);
    close(fd);
    vg_buffer_free(&bytes);
}

/* Whether all folders on the way to it are there; what is in one that is not went with it. */
static bool is_reachable(const struct powercut *cut, const struct powercut_names *names,
                         const char *path)
{
    size_t size = strlen(path);
    while (size > strlen(cut->root)) {
        if (place_of(names, path, size) == names->count)
            return false;
        while (path[--size] != '/')
            ;
    }
    return true;
}

/* Makes the folders that are there, or the files. */
static void write_names(const struct powercut *cut, const struct powercut_names *names,
                        const bool *kept, const char *folder, bool folders)
{
    for (uint32_t i = 0; i < names->count; i++) {
        char path[PATH_MAX];
        uint32_t file = names->all[i].file;
        const char *name = names->all[i].path;
        if (cut->files[file].folder != folders || !is_reachable(cut, names, name))
            continue;
        snprintf(path, sizeof path, "%s%s", folder, name + strlen(cut->root));
        if (folders)
            must(vg_folder_make(path, NULL) == VG_OK, path);
        else
            write_file(cut, file, kept, path);
    }
}

void powercut_write(const struct powercut *cut, const bool *kept, const char *folder)
{
    struct powercut_names names = cut->names;
    for (uint32_t i = 0; i < cut->unit_count; i++)
        if (kept[i] && cut->units[i].kind == POWERCUT_NAME)
            apply_name(&names, &cut->units[i]);
    write_names(cut, &names, kept, folder, true);
    write_names(cut, &names, kept, folder, false);
}
