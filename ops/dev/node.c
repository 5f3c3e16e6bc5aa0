/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* POSIX_SPAWN_SETSID */
#include "ops/dev/node.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "ops/cli/core/process.h"

enum { STOP_MS = 10000, KILL_MS = 5000, POLL_MS = 5, LAST_WORDS_MAX = 4096 };

enum dev_state dev_node_state(const struct dev_node *node)
{
    if (node->pid == 0)
        return DEV_STOPPED;
    waitpid(node->pid, NULL, WNOHANG); /* if it is a child of this very run */
    struct cli_process process = cli_process_look(node->pid);
    if (!process.alive || process.started != node->started)
        return DEV_STOPPED;
    return process.paused ? DEV_PAUSED : DEV_RUNNING;
}

const char *dev_state_name(enum dev_state state)
{
    static const char *const names[] = {
        [DEV_STOPPED] = "stopped", [DEV_RUNNING] = "running", [DEV_PAUSED] = "paused"};
    return names[state];
}

enum vg_code dev_find_built(const char *name, char out[DEV_PATH_MAX], struct vg_error *error)
{
    ssize_t size = readlink("/proc/self/exe", out, DEV_PATH_MAX - 1);
    char *slash = NULL;
    if (size > 0) {
        out[size] = 0;
        slash = strrchr(out, '/');
    }
    if (slash != NULL)
        snprintf(slash + 1, DEV_PATH_MAX - (size_t)(slash + 1 - out), "%s", name);
    if (slash == NULL || access(out, X_OK) != 0)
        return vg_fail(error, VG_NOT_FOUND,
                       "there is no %s beside this program (%s); build it with ops/build", name,
                       out);
    return VG_OK;
}

/* This program's environment and more, as one list that the caller frees. */
static char **environment_with(char **more)
{
    size_t own = 0;
    size_t added = 0;
    while (environ[own] != NULL)
        own++;
    while (more != NULL && more[added] != NULL)
        added++;
    char **all = vg_alloc_zero(own + added + 1, sizeof *all);
    memcpy(all, environ, own * sizeof *all);
    if (added > 0)
        memcpy(all + own, more, added * sizeof *all);
    return all;
}

/* The node gets a session of its own, so that it outlives this terminal, and hears all signals,
 * whichever this program holds back. */
static int spawn(const char *program, char *config, const char *log, char **more, pid_t *pid)
{
    char **environment = environment_with(more);
    char name[] = "vigild";
    char option[] = "--config";
    char *words[] = {name, option, config, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    int result = posix_spawn(pid, program, &files, &attributes, words, environment);
    free(environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return result;
}

enum vg_code dev_node_start(const struct dev_cluster *cluster, struct dev_node *node, char **more,
                            struct vg_error *error)
{
    char program[DEV_PATH_MAX];
    char config[DEV_PATH_MAX];
    char log[DEV_PATH_MAX];
    enum vg_code code = dev_find_built("vigild", program, error);
    if (code != VG_OK)
        return code;
    dev_node_path(cluster, node, "config.yaml", config);
    dev_node_path(cluster, node, "log", log);
    int result = spawn(program, config, log, more, &node->pid);
    if (result != 0)
        return vg_fail(error, VG_UNAVAILABLE, "cannot start %s: %s", program, strerror(result));
    node->started = cli_process_look(node->pid).started;
    return VG_OK;
}

static enum vg_code send_signal(const struct dev_node *node, int number, struct vg_error *error)
{
    if (dev_node_state(node) != DEV_STOPPED && kill(node->pid, number) == 0)
        return VG_OK;
    return vg_fail(error, VG_NOT_FOUND,
                   "node %llu does not run; start it with 'vigil dev restart %llu'",
                   (unsigned long long)node->id, (unsigned long long)node->id);
}

static bool await_state(const struct dev_node *node, enum dev_state state, uint64_t wait_ms)
{
    uint64_t until = vg_clock_system.monotonic_us() / 1000 + wait_ms;
    while (dev_node_state(node) != state) {
        if (vg_clock_system.monotonic_us() / 1000 > until)
            return false;
        struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    return true;
}

bool dev_node_await_end(const struct dev_node *node, uint64_t wait_ms)
{
    return await_state(node, DEV_STOPPED, wait_ms);
}

static enum vg_code signal_until(const struct dev_node *node, int number, enum dev_state state,
                                 struct vg_error *error)
{
    enum vg_code code = send_signal(node, number, error);
    if (code == VG_OK && !await_state(node, state, KILL_MS))
        code = vg_fail(error, VG_TIMEOUT, "process %d of node %llu is not %s after %d s",
                       (int)node->pid, (unsigned long long)node->id, dev_state_name(state),
                       KILL_MS / 1000);
    return code;
}

enum vg_code dev_node_pause(const struct dev_node *node, struct vg_error *error)
{
    return signal_until(node, SIGSTOP, DEV_PAUSED, error);
}

enum vg_code dev_node_resume(const struct dev_node *node, struct vg_error *error)
{
    return signal_until(node, SIGCONT, DEV_RUNNING, error);
}

enum vg_code dev_node_kill(const struct dev_node *node, struct vg_error *error)
{
    return signal_until(node, SIGKILL, DEV_STOPPED, error);
}

void dev_node_stop(const struct dev_node *node)
{
    struct vg_error ignored;
    if (dev_node_state(node) == DEV_STOPPED)
        return;
    kill(node->pid, SIGTERM);
    kill(node->pid, SIGCONT);
    if (!await_state(node, DEV_STOPPED, STOP_MS))
        dev_node_kill(node, &ignored);
}

void dev_node_last_words(const struct dev_cluster *cluster, const struct dev_node *node, char *out,
                         size_t size)
{
    char path[DEV_PATH_MAX];
    char text[LAST_WORDS_MAX + 1];
    dev_node_path(cluster, node, "log", path);
    FILE *file = fopen(path, "re");
    size_t got = 0;
    if (file != NULL) {
        if (fseek(file, -LAST_WORDS_MAX, SEEK_END) != 0)
            rewind(file);
        got = fread(text, 1, LAST_WORDS_MAX, file);
        fclose(file);
    }
    while (got > 0 && text[got - 1] == '\n')
        got--;
    text[got] = 0;
    const char *line = strrchr(text, '\n');
    snprintf(out, size, "%s", line != NULL ? line + 1 : text);
}
