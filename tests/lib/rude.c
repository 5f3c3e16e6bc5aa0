/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/rude.h"

enum { WAIT_MS = 10 * 1000 };

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

static int socket_new(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0, "socket");
    return fd;
}

/* Small messages are not to wait for each other. */
static void set_nodelay(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int bind_fresh(char url[RUDE_URL])
{
    int fd = socket_new();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    must(bind(fd, (struct sockaddr *)&address, size) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
    (void)snprintf(url, RUDE_URL, "tcp://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return fd;
}

void rude_free_url(char url[RUDE_URL])
{
    (void)close(bind_fresh(url));
}

int rude_listen(char url[RUDE_URL], int backlog)
{
    int fd = bind_fresh(url);
    must(listen(fd, backlog) == 0, "listen");
    return fd;
}

int rude_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);
    must(fd >= 0, "accept");
    set_nodelay(fd);
    return fd;
}

int rude_dial(const char *url)
{
    int fd = socket_new();
    const char *colon = strrchr(url, ':');
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    set_nodelay(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

bool rude_send(int fd, vg_span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes = vg_span_of(bytes.data + sent, bytes.size - (size_t)sent);
    }
    return true;
}

size_t rude_receive(int fd, uint8_t *out, size_t size)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    ssize_t got = poll(&wait, 1, WAIT_MS) == 1 ? recv(fd, out, size, 0) : 0;
    return got > 0 ? (size_t)got : 0;
}

void rude_finish(int fd)
{
    (void)shutdown(fd, SHUT_WR);
}

void rude_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "SO_LINGER");
    (void)close(fd);
}

bool rude_was_closed(int fd)
{
    uint8_t bytes[4096];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (poll(&wait, 1, WAIT_MS) == 1)
        if (recv(fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    return false;
}
