/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem, environ */
#include "ops/drill/vigil-nemesis/folders.h"

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/text.h"
#include "ops/dev/node.h"

enum {
    ALTERED_MOST = 8,   /* bodies of one fault */
    REPAIR_MS = 60000,  /* peers may be cut off from each other for some of it */
    NOTICED_MS = 20000, /* from the start with an old folder to its end */
    ASK_AGAIN_MS = 200,
    SAID_MAX = 1024,
    PAGE = 4096,    /* of LMDB */
    NODE_SIZE = 16, /* of a leaf, with a key of eight bytes */
    BODY_UNIT = 256,
    INDEX_MAX = 1 << 24, /* more entries than any run writes */
    META_PAGES = 2,
    ROOT_IN_META = 128, /* md_root of the second tree, that of the tables */
    PROMISES_SIZE = 8 + 16 + 8 + 8 + 8 + 32 + 16, /* after the cluster's id; docs/storage.md */
};

#define PROMISES "hard" /* the key of the record, which follows it */

static void path_of(const struct fault_case *the, const char *name, char out[DEV_PATH_MAX])
{
    dev_node_path(the->stage->cluster, faults_node(the), name, out);
}

/* Runs a program to its end; true if it ended well, else `said` is what it said of it. posix_spawnp
 * does not change the words, whatever its type says. */
static bool run(const struct fault_case *the, const char *const *words, struct vg_buffer *said)
{
    pid_t pid;
    int status = -1;
    char path[DEV_PATH_MAX];
    posix_spawn_file_actions_t files;
    path_of(the, "said", path);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    bool started =
        posix_spawnp(&pid, words[0], &files, NULL, (char **)(uintptr_t)words, environ) == 0;
    posix_spawn_file_actions_destroy(&files);
    bool well = started && waitpid(pid, &status, 0) == pid && status == 0;
    vg_buffer_clear(said);
    if (!well)
        vg_file_read(path, SAID_MAX, said, NULL);
    return well;
}

/* The same; what it said is the error. */
static enum vg_code must_run(const struct fault_case *the, const char *const *words,
                             struct vg_error *error)
{
    struct vg_buffer said = {0};
    if (!run(the, words, &said))
        vg_fail(error, VG_UNAVAILABLE, "%s: %.*s", words[0], (int)said.size, (char *)said.data);
    vg_buffer_free(&said);
    return error->code;
}

/* A killed node's writes count as done, so that none of them is undone in another file later. */
static enum vg_code kill_and_settle(const struct fault_case *the, struct vg_error *error)
{
    enum vg_code code = dev_node_kill(faults_node(the), error);
    return code == VG_OK ? stage_settle_disk(the->stage, the->victim, error) : code;
}

/* With the folder it has, the node must end, and these must be among its last words. */
static enum vg_code must_end(const struct fault_case *the, const char *saying,
                             struct vg_error *error)
{
    char words[512];
    enum vg_code code = stage_start_node(the->stage, the->victim, error);
    if (code != VG_OK)
        return code;
    bool ended = dev_node_await_end(faults_node(the), NOTICED_MS);
    dev_node_last_words(the->stage->cluster, faults_node(the), words, sizeof words);
    if (ended && strstr(words, saying) != NULL)
        return stage_settle_disk(the->stage, the->victim, error);
    return vg_fail(error, VG_INTEGRITY,
                   "node %" PRIu64 " %s with a folder it should have refused: %s",
                   faults_node(the)->id, ended ? "ended otherwise" : "runs on", words);
}

/* ---- damage ------------------------------------------------------------------------------------
 */

/* The size of the body that lies behind a place in a page, 0 if none does: a node of a leaf (LMDB
 * 0.9: size, flags, size of the key, an index), with a value of a sealed body's size
 * (docs/protocol.md). */
static size_t body_behind(const uint8_t *at, const uint8_t *end)
{
    struct {
        uint32_t size;
        uint16_t flags, key_size;
        uint64_t index;
    } node;
    memcpy(&node, at, sizeof node);
    bool is_body = node.flags == 0 && node.key_size == sizeof node.index && node.index > 0 &&
                   node.index <= INDEX_MAX && node.size > 0 && node.size % BODY_UNIT == 0;
    return is_body && node.size <= (size_t)(end - at) - sizeof node ? node.size : 0;
}

/* Alters some of the places where the file has a body, or had one in a page nobody uses any more.
 */
static void alter_bodies(const struct fault_case *the, uint8_t *bytes, size_t size)
{
    uint64_t skip = 1 + vg_prng_below(the->prng, 40);
    uint8_t *end = bytes + size;
    uint32_t altered = 0;
    for (uint8_t *at = bytes; altered < ALTERED_MOST && at < end - NODE_SIZE; at += 2) {
        size_t body = body_behind(at, end);
        if (body == 0 || --skip > 0)
            continue;
        at[NODE_SIZE + vg_prng_below(the->prng, body)] ^= 1;
        altered++;
        skip = 1 + vg_prng_below(the->prng, 40);
    }
}

/* Hands the log's file, of a node that is down, to `change`. */
static enum vg_code change_log(const struct fault_case *the,
                               void (*change)(const struct fault_case *the, uint8_t *bytes,
                                              size_t size),
                               struct vg_error *error)
{
    char path[DEV_PATH_MAX];
    struct stat info;
    path_of(the, "data/log/data.mdb", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &info) == 0)
        map = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) {
        change(the, map, (size_t)info.st_size);
        munmap(map, (size_t)info.st_size);
    }
    close(fd);
    return map == MAP_FAILED ? vg_fail(error, VG_UNAVAILABLE, "cannot open %s", path) : VG_OK;
}

enum vg_code folders_damage(const struct fault_case *the, struct vg_error *error)
{
    enum vg_code code = kill_and_settle(the, error);
    if (code == VG_OK)
        code = change_log(the, alter_bodies, error);
    return code == VG_OK ? stage_start_node(the->stage, the->victim, error) : code;
}

enum vg_code folders_repair(const struct fault_case *the, struct vg_error *error)
{
    const struct cli_node at = dev_node_at(faults_node(the));
    char program[DEV_PATH_MAX], genesis[DEV_PATH_MAX], identity[DEV_PATH_MAX], url[CLI_NODE_TEXT];
    const char *const words[] = {program, "--genesis", genesis,  "--identity", identity, "--node",
                                 url,     "log",       "verify", "--repair",   NULL};
    const struct timespec pause = {.tv_nsec = ASK_AGAIN_MS * 1000000L};
    uint64_t until_us = vg_clock_system.monotonic_us() + REPAIR_MS * 1000ULL;
    struct vg_buffer said = {0};
    enum vg_code code = dev_find_built("vigil", program, error);
    cli_node_format(&at, url);
    dev_genesis_path(the->stage->cluster, genesis);
    dev_person_path(the->stage->cluster, 1, identity);
    while (code == VG_OK && !run(the, words, &said)) {
        if (vg_clock_system.monotonic_us() > until_us)
            code =
                vg_fail(error, VG_INTEGRITY, "node %" PRIu64 " is still damaged after %d s: %.*s",
                        faults_node(the)->id, REPAIR_MS / 1000, (int)said.size, (char *)said.data);
        nanosleep(&pause, NULL);
    }
    vg_buffer_free(&said);
    return code;
}

/* ---- an older image ----------------------------------------------------------------------------
 */

static enum vg_code copy_folder(const struct fault_case *the, const char *from, const char *to,
                                struct vg_error *error)
{
    const char *const words[] = {"cp", "-a", "--sparse=always", from, to, NULL};
    return must_run(the, words, error);
}

static enum vg_code remove_folder(const struct fault_case *the, const char *path,
                                  struct vg_error *error)
{
    const char *const words[] = {"rm", "-rf", path, NULL};
    return must_run(the, words, error);
}

static enum vg_code move_folder(const char *from, const char *to, struct vg_error *error)
{
    return rename(from, to) == 0 ? VG_OK
                                 : vg_fail(error, VG_UNAVAILABLE, "cannot move %s to %s", from, to);
}

enum vg_code folders_take_image(const struct fault_case *the, struct vg_error *error)
{
    char data[DEV_PATH_MAX];
    char image[DEV_PATH_MAX];
    path_of(the, "data", data);
    path_of(the, "image", image);
    stage_hold_links(the->stage);
    enum vg_code code = kill_and_settle(the, error);
    if (code == VG_OK)
        code = copy_folder(the, data, image, error);
    if (code == VG_OK)
        code = stage_start_node(the->stage, the->victim, error);
    if (code == VG_OK)
        code = stage_await_met(the->stage, the->victim, error);
    if (code != VG_OK)
        stage_release_links(the->stage); /* there will be no end of this fault */
    return code;
}

enum vg_code folders_put_image_back(const struct fault_case *the, struct vg_error *error)
{
    char data[DEV_PATH_MAX];
    char image[DEV_PATH_MAX];
    char kept[DEV_PATH_MAX];
    path_of(the, "data", data);
    path_of(the, "image", image);
    path_of(the, "kept", kept);
    enum vg_code code = kill_and_settle(the, error);
    if (code == VG_OK)
        code = move_folder(data, kept, error);
    if (code == VG_OK)
        code = move_folder(image, data, error);
    if (code == VG_OK)
        code = must_end(the, "an older copy of this folder was put back", error);
    if (code == VG_OK)
        code = folders_restore(the, error);
    stage_release_links(the->stage);
    return code;
}

/* ---- structure ---------------------------------------------------------------------------------
 */

static void overwrite_meta_pages(const struct fault_case *the, uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < META_PAGES * PAGE && at < size; at++)
        bytes[at] = (uint8_t)vg_prng_below(the->prng, 256);
}

/* Every copy there is of term, vote and last entry. */
static void alter_promises(const struct fault_case *the, uint8_t *bytes, size_t size)
{
    const size_t head = strlen(PROMISES) + sizeof(uint32_t);
    uint8_t cluster[sizeof(vg_hash)];
    (void)vg_hex_parse(the->stage->cluster->cluster, cluster, sizeof cluster);
    for (uint8_t *at = bytes, *end = bytes + size - PAGE; at < end; at++) {
        at = memmem(at, (size_t)(end - at), PROMISES, strlen(PROMISES));
        if (at == NULL)
            return;
        if (memcmp(at + head, cluster, sizeof cluster) == 0)
            at[head + sizeof cluster + vg_prng_below(the->prng, PROMISES_SIZE)] ^= 1;
    }
}

/* The number of the first page of the tree of tables, which is now one beyond the file. */
static void mislead(const struct fault_case *the, uint8_t *bytes, size_t size)
{
    uint64_t beyond = size / PAGE + vg_prng_below(the->prng, 1U << 20U);
    for (size_t page = 0; page < META_PAGES; page++)
        memcpy(bytes + page * PAGE + ROOT_IN_META, &beyond, sizeof beyond);
}

static enum vg_code lose_the_root(const struct fault_case *the, struct vg_error *error)
{
    return change_log(the, mislead, error);
}

static enum vg_code lose_meta_pages(const struct fault_case *the, struct vg_error *error)
{
    return change_log(the, overwrite_meta_pages, error);
}

static enum vg_code lose_promises(const struct fault_case *the, struct vg_error *error)
{
    return change_log(the, alter_promises, error);
}

static enum vg_code lose_the_end(const struct fault_case *the, struct vg_error *error)
{
    char path[DEV_PATH_MAX];
    path_of(the, "data/log/data.mdb", path);
    off_t size = (off_t)vg_prng_between(the->prng, 1, 4 * PAGE);
    return truncate(path, size) == 0 ? VG_OK
                                     : vg_fail(error, VG_UNAVAILABLE, "cannot cut %s", path);
}

static fault_act *const losses[] = {lose_meta_pages, lose_the_root, lose_promises, lose_the_end};

enum vg_code folders_lose_structure(const struct fault_case *the, struct vg_error *error)
{
    char data[DEV_PATH_MAX];
    char kept[DEV_PATH_MAX];
    path_of(the, "data", data);
    path_of(the, "kept", kept);
    enum vg_code code = kill_and_settle(the, error);
    if (code == VG_OK)
        code = copy_folder(the, data, kept, error);
    if (code == VG_OK)
        code = losses[vg_prng_below(the->prng, sizeof losses / sizeof *losses)](the, error);
    return code == VG_OK ? must_end(the, "could vote twice", error) : code;
}

enum vg_code folders_restore(const struct fault_case *the, struct vg_error *error)
{
    char data[DEV_PATH_MAX];
    char kept[DEV_PATH_MAX];
    path_of(the, "data", data);
    path_of(the, "kept", kept);
    enum vg_code code = remove_folder(the, data, error);
    if (code == VG_OK)
        code = move_folder(kept, data, error);
    return code == VG_OK ? stage_start_node(the->stage, the->victim, error) : code;
}
