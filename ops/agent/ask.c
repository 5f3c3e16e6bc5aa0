/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/bytes.h"
#include "ops/agent/agent.h"
#include "ops/agent/door.h"

enum { LENGTH_SIZE = 4 };

/* ---- the connection ----------------------------------------------------------------------------
 */

/* How to end what is at the other end of a socket. */
struct ending {
    char text[32];
};

static struct ending ending_of(int fd)
{
    struct ending ending = {"end it"};
    pid_t pid = agent_door_process(fd);
    if (pid > 0)
        snprintf(ending.text, sizeof ending.text, "kill -9 %ld", (long)pid);
    return ending;
}

static enum vg_code gone(int fd, const char *place, struct vg_error *error)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return vg_fail(error, VG_TIMEOUT,
                       "the agent at %s gave no answer in %d s; %s, and run: "
                       "vigil identity unlock",
                       place, AGENT_WAIT_MS / 1000, ending_of(fd).text);
    return vg_fail(error, VG_UNAVAILABLE, "the agent at %s has ended; run: vigil identity unlock",
                   place);
}

static enum vg_code none(const char *place, struct vg_error *error)
{
    return vg_fail(error, VG_UNAVAILABLE, "no agent runs at %s; run: vigil identity unlock", place);
}

static enum vg_code dial(const char *place, int *fd, struct vg_error *error)
{
    struct timeval wait = {.tv_sec = AGENT_WAIT_MS / 1000};
    struct sockaddr_un address;
    if (access(place, F_OK) != 0)
        return none(place, error);
    enum vg_code code = agent_door_check(place, error);
    if (code == VG_OK)
        code = agent_door_address(place, &address, error);
    if (code != VG_OK)
        return code;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return vg_fail(error, VG_UNAVAILABLE, "no socket for the agent: %s", strerror(errno));
    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(*fd, (const struct sockaddr *)&address, sizeof address) != 0)
        code = errno == EAGAIN ? gone(*fd, place, error) : none(place, error);
    else if (!agent_door_is_own(*fd))
        code = vg_fail(error, VG_FORBIDDEN,
                       "%s: another user listens there; %s, and run: vigil identity unlock", place,
                       ending_of(*fd).text);
    if (code != VG_OK)
        close(*fd);
    return code;
}

static bool send_all(int fd, vg_span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        bytes = vg_span_of(bytes.data + sent, bytes.size - (size_t)sent);
    }
    return true;
}

static bool receive_all(int fd, uint8_t *out, size_t size)
{
    errno = 0;
    while (size > 0) {
        ssize_t got = recv(fd, out, size, 0);
        if (got <= 0)
            return false;
        out += got;
        size -= (size_t)got;
    }
    return true;
}

static bool send_question(int fd, const vg_span *parts, size_t count)
{
    uint8_t length[LENGTH_SIZE];
    struct vg_writer writer = vg_writer_of(length, sizeof length);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    assert(size <= AGENT_QUESTION_MAX);
    vg_write_u32(&writer, (uint32_t)size);
    bool sent = send_all(fd, vg_span_of(length, sizeof length));
    for (size_t i = 0; i < count && sent; i++)
        sent = send_all(fd, parts[i]);
    return sent;
}

static enum vg_code no_agent(const char *place, struct vg_error *error)
{
    return vg_fail(error, VG_INTEGRITY,
                   "%s: what listens there is no agent of this version; end it (ss -lxp shows it), "
                   "and run: vigil identity unlock",
                   place);
}

/* An answer of `AGENT_ANSWER_MAX` bytes at most, and its size. */
static enum vg_code receive_answer(int fd, const char *place, uint8_t *answer, size_t *size,
                                   struct vg_error *error)
{
    uint8_t length[LENGTH_SIZE];
    if (!receive_all(fd, length, sizeof length))
        return gone(fd, place, error);
    struct vg_reader reader = vg_reader_of(vg_span_of(length, sizeof length));
    *size = vg_read_u32(&reader);
    if (*size == 0 || *size > AGENT_ANSWER_MAX)
        return no_agent(place, error);
    return receive_all(fd, answer, *size) ? VG_OK : gone(fd, place, error);
}

/* ---- questions ---------------------------------------------------------------------------------
 */

struct answer {
    uint8_t bytes[AGENT_ANSWER_MAX];
    vg_span said; /* behind the code of a good one */
};

static enum vg_code ask(const char *place, const vg_span *parts, size_t count, struct answer *out,
                        struct vg_error *error)
{
    size_t size = 1;
    int fd = -1;
    enum vg_code code = dial(place, &fd, error);
    if (code != VG_OK)
        return code;
    if (send_question(fd, parts, count))
        code = receive_answer(fd, place, out->bytes, &size, error);
    else
        code = gone(fd, place, error);
    close(fd);
    out->said = vg_span_of(out->bytes + 1, size - 1);
    if (code != VG_OK)
        return code;
    code = vg_code_from_number(out->bytes[0]);
    if (code != VG_OK)
        vg_fail(error, code, "%.*s", (int)out->said.size, (const char *)out->said.data);
    return code;
}

/* As ask for an answer of one size, copied to `to`. */
static enum vg_code ask_for(const char *place, const vg_span *parts, size_t count, void *to,
                            size_t size, struct vg_error *error)
{
    struct answer answer;
    enum vg_code code = ask(place, parts, count, &answer, error);
    if (code == VG_OK && answer.said.size != size)
        code = no_agent(place, error);
    if (code == VG_OK && size > 0)
        memcpy(to, answer.said.data, size);
    vg_wipe(&answer, sizeof answer);
    return code;
}

enum vg_code agent_held(const char *place, struct agent_held *held, unsigned *count,
                        struct vg_error *error)
{
    static const uint8_t which = AGENT_HELD;
    const vg_span parts[] = {vg_span_of(&which, 1)};
    struct answer answer;
    *count = 0;
    enum vg_code code = ask(place, parts, 1, &answer, error);
    if (code != VG_OK)
        return code;
    struct vg_reader reader = vg_reader_of(answer.said);
    while (*count < AGENT_KEYS_MAX && reader.at < reader.end) {
        struct agent_held *key = &held[(*count)++];
        vg_read_copy(&reader, key->id.bytes, sizeof key->id.bytes);
        vg_read_copy(&reader, key->pub.bytes, sizeof key->pub.bytes);
        vg_read_copy(&reader, key->channel.bytes, sizeof key->channel.bytes);
        key->left_s = vg_read_u32(&reader);
    }
    return vg_reader_done(&reader) ? VG_OK : no_agent(place, error);
}

enum vg_code agent_unlock(const char *place, const struct vg_identity *identity, uint32_t life_s,
                          struct vg_error *error)
{
    uint8_t head[5];
    struct vg_writer writer = vg_writer_of(head, sizeof head);
    struct vg_identity_file file = {.identity = *identity};
    struct vg_identity_text text;
    vg_write_u8(&writer, AGENT_UNLOCK);
    vg_write_u32(&writer, life_s);
    vg_identity_format(&file, &text);
    const vg_span parts[] = {vg_span_of(head, sizeof head), vg_span_of(text.text, text.size)};
    enum vg_code code = ask_for(place, parts, 2, NULL, 0, error);
    vg_wipe(&file, sizeof file);
    vg_wipe(&text, sizeof text);
    return code;
}

enum vg_code agent_lock(const char *place, struct vg_error *error)
{
    static const uint8_t which = AGENT_LOCK;
    const vg_span parts[] = {vg_span_of(&which, 1)};
    return ask_for(place, parts, 1, NULL, 0, error);
}

enum vg_code agent_sign(const char *place, const vg_public_key *key, vg_span command,
                        vg_signature *out, struct vg_error *error)
{
    static const uint8_t which = AGENT_SIGN;
    const vg_span parts[] = {vg_span_of(&which, 1), vg_span_of(key->bytes, sizeof key->bytes),
                             command};
    return ask_for(place, parts, 3, out->bytes, sizeof out->bytes, error);
}

enum vg_code agent_dh(const char *place, const vg_channel_public *key,
                      const vg_channel_public *theirs, uint8_t shared[VG_CHANNEL_KEY_SIZE],
                      struct vg_error *error)
{
    static const uint8_t which = AGENT_DH;
    const vg_span parts[] = {vg_span_of(&which, 1), vg_span_of(key->bytes, sizeof key->bytes),
                             vg_span_of(theirs->bytes, sizeof theirs->bytes)};
    return ask_for(place, parts, 3, shared, VG_CHANNEL_KEY_SIZE, error);
}
