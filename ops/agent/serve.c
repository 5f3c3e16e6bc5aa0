/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/agent/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "common/bytes.h"
#include "common/file.h"
#include "common/locked.h"
#include "common/process.h"
#include "ops/agent/desk.h"
#include "ops/agent/door.h"

enum { LENGTH_SIZE = 4, LOOK_MAX_S = 60, SIGNALS = 3 };

/* One question and its answer. */
struct session {
    struct server *server;
    uv_pipe_t pipe;
    uv_timer_t deadline;
    uv_write_t write;
    unsigned open; /* handles; 0: free */
    size_t have;   /* of length and question */
    size_t size;   /* of the question; 0 until its length is there */
    uint8_t *question;
    uint8_t length[LENGTH_SIZE];
    uint8_t secret[AGENT_SECRET_MAX]; /* a question that is small enough */
    uint8_t answer[LENGTH_SIZE + AGENT_ANSWER_MAX];
};

/* In locked memory, for a question or an answer may be a secret. */
struct server {
    uv_loop_t loop;
    uv_pipe_t door;
    uv_timer_t expiry;
    uv_signal_t signals[SIGNALS];
    struct agent_desk *desk;
    bool is_full; /* somebody waits at the door for a session */
    struct session sessions[AGENT_SESSIONS_MAX];
};

/* On a clock that goes on while the machine sleeps. */
static uint64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec;
}

static void expire(uv_timer_t *timer)
{
    struct server *server = timer->data;
    uint64_t now = now_s();
    uint64_t next = agent_desk_expire(server->desk, now);
    if (next == UINT64_MAX)
        return;
    uint64_t wait_s = next - now < LOOK_MAX_S ? next - now : LOOK_MAX_S;
    uv_timer_start(timer, expire, wait_s * 1000, 0);
}

/* ---- sessions ----------------------------------------------------------------------------------
 */

static void knocked(uv_stream_t *door, int status);

static void handle_closed(uv_handle_t *handle)
{
    struct session *session = handle->data;
    struct server *server = session->server;
    if (--session->open > 0)
        return;
    if (session->question != session->secret)
        free(session->question);
    vg_wipe(session, sizeof *session);
    if (server->is_full && !uv_is_closing((uv_handle_t *)&server->door))
        knocked((uv_stream_t *)&server->door, 0);
}

static void end(struct session *session)
{
    if (uv_is_closing((uv_handle_t *)&session->pipe))
        return;
    uv_close((uv_handle_t *)&session->pipe, handle_closed);
    uv_close((uv_handle_t *)&session->deadline, handle_closed);
}

static void too_late(uv_timer_t *timer)
{
    end(timer->data);
}

static void answered(uv_write_t *write, int status)
{
    (void)status;
    end(write->data);
}

static void answer(struct session *session)
{
    struct server *server = session->server;
    struct vg_writer writer = vg_writer_of(session->answer, LENGTH_SIZE);
    vg_span question = vg_span_of(session->question, session->size);
    size_t size = agent_desk_answer(server->desk, question, now_s(), session->answer + LENGTH_SIZE);
    vg_write_u32(&writer, (uint32_t)size);
    uv_buf_t bytes = uv_buf_init((char *)session->answer, (unsigned)(LENGTH_SIZE + size));
    uv_read_stop((uv_stream_t *)&session->pipe);
    session->write.data = session;
    if (uv_write(&session->write, (uv_stream_t *)&session->pipe, &bytes, 1, answered) != 0)
        end(session);
    expire(&server->expiry);
}

/* What comes next goes straight to where it stays. */
static void next_place(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct session *session = handle->data;
    (void)suggested;
    if (session->have < LENGTH_SIZE) {
        *out = uv_buf_init((char *)session->length + session->have,
                           (unsigned)(LENGTH_SIZE - session->have));
        return;
    }
    size_t at = session->have - LENGTH_SIZE;
    *out = uv_buf_init((char *)session->question + at, (unsigned)(session->size - at));
}

/* False for a question that is none. */
static bool take_length(struct session *session)
{
    struct vg_reader reader = vg_reader_of(vg_span_of(session->length, LENGTH_SIZE));
    session->size = vg_read_u32(&reader);
    if (session->size == 0 || session->size > AGENT_QUESTION_MAX)
        return false;
    bool is_small = session->size <= sizeof session->secret;
    session->question = is_small ? session->secret : vg_alloc(session->size);
    return true;
}

static void arrived(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct session *session = stream->data;
    (void)buffer;
    if (got < 0) {
        end(session);
        return;
    }
    session->have += (size_t)got;
    if (session->have == LENGTH_SIZE && session->size == 0 && !take_length(session))
        end(session);
    else if (session->size > 0 && session->have == LENGTH_SIZE + session->size)
        answer(session);
}

static struct session *free_session(struct server *server)
{
    for (int i = 0; i < AGENT_SESSIONS_MAX; i++)
        if (server->sessions[i].open == 0)
            return &server->sessions[i];
    return NULL;
}

static bool is_own(uv_pipe_t *pipe)
{
    int fd;
    return uv_fileno((uv_handle_t *)pipe, &fd) == 0 && agent_door_is_own(fd);
}

/* Without a free session libuv keeps who came, and takes nobody else, until uv_accept. */
static void knocked(uv_stream_t *door, int status)
{
    struct server *server = door->data;
    struct session *session = free_session(server);
    server->is_full = status == 0 && session == NULL;
    if (status != 0 || session == NULL)
        return;
    session->server = server;
    session->open = 2;
    uv_pipe_init(&server->loop, &session->pipe, 0);
    uv_timer_init(&server->loop, &session->deadline);
    session->pipe.data = session->deadline.data = session;
    uv_timer_start(&session->deadline, too_late, AGENT_WAIT_MS, 0);
    if (uv_accept(door, (uv_stream_t *)&session->pipe) != 0 || !is_own(&session->pipe) ||
        uv_read_start((uv_stream_t *)&session->pipe, next_place, arrived) != 0)
        end(session);
}

/* ---- the process -------------------------------------------------------------------------------
 */

/* The folder, and the lock in it that says who serves; -1 with the error. */
static int take_lock(const char *place, struct vg_error *error)
{
    char path[PATH_MAX];
    struct sockaddr_un address;
    if (agent_door_address(place, &address, error) != VG_OK)
        return -1;
    *strrchr(address.sun_path, '/') = '\0';
    if (vg_folder_make(address.sun_path, error) != VG_OK || agent_door_check(place, error) != VG_OK)
        return -1;
    snprintf(path, sizeof path, "%s.lock", place);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0 && errno == EWOULDBLOCK)
        vg_fail(error, VG_EXISTS, "an agent serves at %s already; use it, or end it first", place);
    else
        vg_fail(error, VG_UNAVAILABLE, "%s: cannot lock: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void close_all(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;
    (void)number;
    if (uv_is_closing((uv_handle_t *)&server->door))
        return;
    for (int i = 0; i < AGENT_SESSIONS_MAX; i++)
        if (server->sessions[i].open > 0)
            end(&server->sessions[i]);
    uv_close((uv_handle_t *)&server->door, NULL);
    uv_close((uv_handle_t *)&server->expiry, NULL);
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
}

static void open_loop(struct server *server)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    uv_loop_init(&server->loop);
    uv_pipe_init(&server->loop, &server->door, 0);
    uv_timer_init(&server->loop, &server->expiry);
    server->door.data = server->expiry.data = server;
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        uv_signal_start_oneshot(&server->signals[i], close_all, numbers[i]);
    }
}

/* The lock is held: a socket that is there is of an agent that was killed. */
static enum vg_code listen_at(struct server *server, const char *place, struct vg_error *error)
{
    unlink(place);
    mode_t before = umask(0177);
    int failed = uv_pipe_bind(&server->door, place);
    umask(before);
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)&server->door, AGENT_SESSIONS_MAX, knocked);
    return failed == 0 ? VG_OK
                       : vg_fail(error, VG_UNAVAILABLE, "%s: cannot listen: %s", place,
                                 uv_strerror(failed));
}

static enum vg_code serve(struct server *server, const char *place, void (*listening)(void *),
                          void *context, struct vg_error *error)
{
    enum vg_code code = agent_desk_new(&server->desk, error);
    if (code != VG_OK)
        return code;
    open_loop(server);
    code = listen_at(server, place, error);
    if (code == VG_OK)
        listening(context);
    else
        close_all(&server->signals[0], 0);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    uv_loop_close(&server->loop);
    agent_desk_free(server->desk);
    return code;
}

enum vg_code agent_serve(const char *place, void (*listening)(void *context), void *context,
                         struct vg_error *error)
{
    int lock = vg_process_hide(error) == VG_OK ? take_lock(place, error) : -1;
    if (lock < 0)
        return error->code;
    struct server *server = vg_locked_alloc(sizeof *server, error);
    enum vg_code code = VG_UNAVAILABLE;
    if (server != NULL)
        code = serve(server, place, listening, context, error);
    vg_locked_free(server);
    close(lock);
    return code;
}
