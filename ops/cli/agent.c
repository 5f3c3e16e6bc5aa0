/* SPDX-License-Identifier: Apache-2.0
 * `vigil identity unlock|held|lock|agent`: keys opened once, held by a process of their own. */
#include "ops/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/text.h"
#include "ops/agent/serve.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/place.h"
#include "ops/cli/core/public.h"
#include "ops/cli/core/signer.h"
#include "ops/cli/identity.h"

enum { LIFE_S = 12 * 3600 };

static const struct cli_column held_columns[] = {
    {.title = "ID", .path = "id"},
    {.title = "PUBLIC KEY", .path = "public_key", .cut = 16},
    {.title = "CHANNEL KEY", .path = "channel_key", .wide = true},
    {.title = "SECONDS LEFT", .path = "expires_in", .number = true},
    {.title = NULL},
};

static void print_held(const struct cli_call *call, const struct agent_held *held, unsigned count)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < count; i++) {
        char id[VG_ID_TEXT];
        vg_id_format(&held[i].id, id);
        json_array_append_new(
            rows, json_pack("{s:s, s:o, s:o, s:I}", "id", id, "public_key",
                            cli_json_hex(&held[i].pub, sizeof held[i].pub), "channel_key",
                            cli_json_hex(&held[i].channel, sizeof held[i].channel), "expires_in",
                            (json_int_t)held[i].left_s));
    }
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, rows);
    else if (count == 0)
        printf("no keys are held\n");
    else
        cli_print_table(stdout, call->settings.output, rows, held_columns);
    json_decref(rows);
}

static enum vg_code show_held(struct cli_call *call, const char *place)
{
    struct agent_held held[AGENT_KEYS_MAX];
    unsigned count;
    enum vg_code code = agent_held(place, held, &count, &call->error);
    if (code == VG_OK)
        print_held(call, held, count);
    return code;
}

enum vg_code identity_held(struct cli_call *call)
{
    char *place = cli_agent_place();
    enum vg_code code = show_held(call, place);
    free(place);
    return code;
}

enum vg_code identity_lock(struct cli_call *call)
{
    char *place = cli_agent_place();
    enum vg_code code = agent_lock(place, &call->error);
    if (code == VG_OK && !cli_is_json(call->settings.output))
        printf("the agent has forgotten every key\n");
    else if (code == VG_OK)
        code = show_held(call, place);
    free(place);
    return code;
}

/* ---- the agent itself --------------------------------------------------------------------------
 */

static void say_place(void *place)
{
    printf("%s\n", (const char *)place);
    fflush(stdout);
}

enum vg_code identity_agent(struct cli_call *call)
{
    char *place = cli_agent_place();
    enum vg_code code = agent_serve(place, say_place, place, &call->error);
    free(place);
    return code;
}

/* What a new agent tells who started it: VG_OK, once it listens, or why it does not. */
static void tell(void *pipe_end, const struct vg_error *outcome)
{
    int *fd = pipe_end;
    if (write(*fd, outcome, sizeof *outcome) != (ssize_t)sizeof *outcome)
        _exit(1); /* nobody waits for it any more */
    close(*fd);
}

static void tell_listening(void *pipe_end)
{
    static const struct vg_error good = {.code = VG_OK};
    tell(pipe_end, &good);
}

/* In a session of its own, so that it outlives this terminal. */
static void be_agent(const char *place, int pipe_end)
{
    struct vg_error error = {.code = VG_OK};
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    setsid();
    if (chdir("/") != 0)
        _exit(1);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(nowhere, fd);
    if (agent_serve(place, tell_listening, &pipe_end, &error) != VG_OK)
        tell(&pipe_end, &error);
    _exit(vg_code_exit(error.code));
}

static enum vg_code start_agent(const char *place, struct vg_error *error)
{
    int ends[2];
    pid_t pid = pipe(ends) == 0 ? fork() : -1;
    if (pid < 0)
        return vg_fail(error, VG_UNAVAILABLE, "cannot start an agent: %s", strerror(errno));
    if (pid == 0) {
        close(ends[0]);
        be_agent(place, ends[1]);
    }
    close(ends[1]);
    bool told = read(ends[0], error, sizeof *error) == (ssize_t)sizeof *error;
    close(ends[0]);
    if (!told)
        return vg_fail(error, VG_UNAVAILABLE,
                       "the agent ended as it began; see why with: vigil "
                       "identity agent");
    return error->code;
}

/* Before any passphrase is in this process, which the agent is a copy of. */
static enum vg_code want_agent(const char *place, struct vg_error *error)
{
    struct agent_held held[AGENT_KEYS_MAX];
    unsigned count;
    enum vg_code code = agent_held(place, held, &count, error);
    if (code == VG_UNAVAILABLE)
        code = start_agent(place, error);
    return code;
}

static enum vg_code unlock(struct cli_call *call, const char *path, const char *place,
                           uint32_t life_s)
{
    struct vg_identity_file file = {.sealed = false};
    enum vg_code code = want_agent(place, &call->error);
    if (code == VG_OK)
        code = identity_open(call, path, &file);
    if (code == VG_OK)
        code = agent_unlock(place, &file.identity, life_s, &call->error);
    vg_wipe(&file, sizeof file);
    return code == VG_OK ? show_held(call, place) : code;
}

enum vg_code identity_unlock(struct cli_call *call)
{
    const char *life = cli_text(call, "for");
    uint32_t life_ms = LIFE_S * 1000U;
    const char *path;
    if (life != NULL && cli_duration_parse(life, "--for", &life_ms, &call->error) != VG_OK)
        return call->error.code;
    if (life_ms < 1000)
        return vg_fail(&call->error, VG_USAGE, "--for is at least a second, such as 8h");
    if (identity_path(call, &path) != VG_OK)
        return call->error.code;
    char *place = cli_agent_place();
    enum vg_code code = unlock(call, path, place, life_ms / 1000);
    free(place);
    return code;
}
