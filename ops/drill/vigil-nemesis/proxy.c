/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* accept4 */
#include "ops/drill/vigil-nemesis/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/mem.h"

enum {
    NODES = VG_NODES_MAX,
    CONNECTIONS_MAX = 256,
    POLLS_MAX = NODES * NODES + 2 * CONNECTIONS_MAX,
    PIECE = 16384,
    HELD_MAX = 4 * 1024 * 1024, /* of one direction; then the sender waits */
    TICK_MS = 2,
    CONFIG_MAX = 64 * 1024,
    BACKLOG = 64,
};

/* From one node to another. */
struct link {
    atomic_bool cut;
    atomic_uint delay_ms;
    atomic_bool flips;
    atomic_bool breaks;
};

/* Bytes on their way. */
struct piece {
    struct piece *next;
    uint64_t due_us;
    size_t size;
    size_t sent;
    uint8_t bytes[];
};

/* One direction of a connection. */
struct flow {
    struct link *link;
    int from, to;
    struct piece *first, **last;
    size_t held;
    bool ended; /* nothing more comes */
};

struct connection {
    struct flow flows[2]; /* of who dialled, and back */
};

struct proxy {
    const struct dev_cluster *cluster;
    pthread_t thread;
    atomic_bool over;
    struct link links[NODES][NODES];
    int listeners[NODES][NODES]; /* that node `from` dials to reach `to`; -1: none */
    uint16_t ports[NODES][NODES];
    struct connection *connections[CONNECTIONS_MAX];
    uint32_t count;
};

/* ---- sockets -----------------------------------------------------------------------------------
 */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int socket_new(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket_new();
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, BACKLOG) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        *port = ntohs(address.sin_port);
        return fd;
    }
    close(fd);
    return -1;
}

static uint16_t port_of(const char *url)
{
    const char *colon = strrchr(url, ':');
    return (uint16_t)(colon != NULL ? strtoul(colon + 1, NULL, 10) : 0);
}

/* ---- connections -------------------------------------------------------------------------------
 */

static void flow_free(struct flow *flow)
{
    while (flow->first != NULL) {
        struct piece *piece = flow->first;
        flow->first = piece->next;
        free(piece);
    }
}

static void connection_close(struct proxy *proxy, uint32_t place)
{
    struct connection *connection = proxy->connections[place];
    close(connection->flows[0].from);
    close(connection->flows[1].from);
    flow_free(&connection->flows[0]);
    flow_free(&connection->flows[1]);
    free(connection);
    proxy->connections[place] = proxy->connections[--proxy->count];
}

static void flow_init(struct flow *flow, struct link *link, int from, int to)
{
    *flow = (struct flow){.link = link, .from = from, .to = to};
    flow->last = &flow->first;
}

static void take_dialler(struct proxy *proxy, uint32_t from, uint32_t to)
{
    struct sockaddr_in address = loopback(port_of(proxy->cluster->nodes[to].peer));
    /* not to be inherited by the nodes that are started: it would stay open when it is closed here
     */
    int dialler = accept4(proxy->listeners[from][to], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (dialler < 0)
        return;
    int target = socket_new();
    bool ok =
        proxy->count < CONNECTIONS_MAX && target >= 0 &&
        (connect(target, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
    if (!ok) {
        close(dialler);
        close(target);
        return;
    }
    struct connection *connection = vg_alloc_zero(1, sizeof *connection);
    flow_init(&connection->flows[0], &proxy->links[from][to], dialler, target);
    flow_init(&connection->flows[1], &proxy->links[to][from], target, dialler);
    proxy->connections[proxy->count++] = connection;
}

/* ---- bytes -------------------------------------------------------------------------------------
 */

/* Takes in what has come; false when the connection is over. */
static bool flow_read(struct flow *flow)
{
    uint8_t bytes[PIECE];
    ssize_t got = recv(flow->from, bytes, sizeof bytes, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
    if (got == 0) {
        flow->ended = true;
        return true;
    }
    struct piece *piece = vg_alloc(sizeof *piece + (size_t)got);
    *piece = (struct piece){.due_us = vg_clock_system.monotonic_us() +
                                      atomic_load(&flow->link->delay_ms) * UINT64_C(1000),
                            .size = (size_t)got};
    memcpy(piece->bytes, bytes, (size_t)got);
    if (atomic_exchange(&flow->link->flips, false))
        piece->bytes[piece->size / 2] ^= 0x10;
    flow->held += piece->size;
    *flow->last = piece;
    flow->last = &piece->next;
    return true;
}

static bool is_due(const struct flow *flow)
{
    return flow->first != NULL && !atomic_load(&flow->link->cut) &&
           flow->first->due_us <= vg_clock_system.monotonic_us();
}

/* Hands on what is due; false when the connection is over. */
static bool flow_write(struct flow *flow)
{
    while (is_due(flow)) {
        struct piece *piece = flow->first;
        bool breaks = atomic_exchange(&flow->link->breaks, false);
        size_t size = (piece->size - piece->sent) / (breaks ? 2 : 1);
        ssize_t sent = send(flow->to, piece->bytes + piece->sent, size, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
        if (breaks)
            return false;
        piece->sent += (size_t)sent;
        flow->held -= (size_t)sent;
        if (piece->sent < piece->size)
            return true;
        flow->first = piece->next;
        if (flow->first == NULL)
            flow->last = &flow->first;
        free(piece);
    }
    return flow->first != NULL || !flow->ended;
}

/* ---- the thread --------------------------------------------------------------------------------
 */

/* Where a poll entry is about: a listener of two nodes, or a flow of a connection. */
static uint32_t poll_all(struct proxy *proxy, struct pollfd polls[POLLS_MAX])
{
    uint32_t count = 0;
    uint32_t nodes = proxy->cluster->node_count;
    for (uint32_t from = 0; from < nodes; from++)
        for (uint32_t to = 0; to < nodes; to++)
            polls[count++] = (struct pollfd){.fd = proxy->listeners[from][to], .events = POLLIN};
    for (uint32_t i = 0; i < proxy->count; i++) {
        for (int side = 0; side < 2; side++) {
            const struct flow *flow = &proxy->connections[i]->flows[side];
            bool reads = flow->held < HELD_MAX && !flow->ended;
            polls[count++] = (struct pollfd){.fd = reads ? flow->from : -1, .events = POLLIN};
        }
    }
    poll(polls, count, TICK_MS);
    return count;
}

static void serve(struct proxy *proxy)
{
    struct pollfd polls[POLLS_MAX];
    uint32_t nodes = proxy->cluster->node_count;
    uint32_t connections = proxy->count;
    poll_all(proxy, polls);
    for (uint32_t i = connections; i-- > 0;) { /* from the end: closing moves the last one */
        struct flow *flows = proxy->connections[i]->flows;
        const struct pollfd *of = &polls[nodes * nodes + 2 * i];
        bool goes_on = (of[0].revents == 0 || flow_read(&flows[0])) &&
                       (of[1].revents == 0 || flow_read(&flows[1])) && flow_write(&flows[0]) &&
                       flow_write(&flows[1]);
        if (!goes_on)
            connection_close(proxy, i);
    }
    for (uint32_t at = 0; at < nodes * nodes; at++)
        if (polls[at].revents != 0)
            take_dialler(proxy, at / nodes, at % nodes);
}

static void *run(void *context)
{
    struct proxy *proxy = context;
    while (!atomic_load(&proxy->over))
        serve(proxy);
    return NULL;
}

/* ---- beginning and end -------------------------------------------------------------------------
 */

/* Puts `with` in the place of every `what`. */
static void replace(struct vg_buffer *text, const char *what, const char *with)
{
    struct vg_buffer out = {0};
    const char *at = (const char *)text->data;
    for (const char *found; (found = strstr(at, what)) != NULL; at = found + strlen(what)) {
        vg_buffer_append(&out, at, (size_t)(found - at));
        vg_buffer_append(&out, with, strlen(with));
    }
    vg_buffer_append(&out, at, strlen(at) + 1);
    vg_buffer_free(text);
    *text = out;
}

/* The node's configuration has the addresses of the others: they become ours. */
static enum vg_code point_node(const struct proxy *proxy, uint32_t from, struct vg_error *error)
{
    const struct dev_cluster *cluster = proxy->cluster;
    char path[DEV_PATH_MAX];
    struct vg_buffer text = {0};
    dev_node_path(cluster, &cluster->nodes[from], "config.yaml", path);
    enum vg_code code = vg_file_read(path, CONFIG_MAX, &text, error);
    vg_buffer_append(&text, "", 1);
    for (uint32_t to = 0; to < cluster->node_count; to++) {
        char url[DEV_URL_MAX];
        snprintf(url, sizeof url, "tcp://127.0.0.1:%u", proxy->ports[from][to]);
        if (to != from)
            replace(&text, cluster->nodes[to].peer, url);
    }
    if (code == VG_OK)
        code = vg_file_write(path, vg_span_of(text.data, text.size - 1), 0600, error);
    vg_buffer_free(&text);
    return code;
}

static enum vg_code open_links(struct proxy *proxy, struct vg_error *error)
{
    uint32_t nodes = proxy->cluster->node_count;
    memset(proxy->listeners, -1, sizeof proxy->listeners);
    for (uint32_t from = 0; from < nodes; from++) {
        for (uint32_t to = 0; to < nodes; to++) {
            if (from == to)
                continue;
            proxy->listeners[from][to] = listen_anywhere(&proxy->ports[from][to]);
            if (proxy->listeners[from][to] < 0)
                return vg_fail(error, VG_UNAVAILABLE, "cannot listen on loopback: %s",
                               strerror(errno));
        }
    }
    return VG_OK;
}

enum vg_code proxy_start(const struct dev_cluster *cluster, struct proxy **out,
                         struct vg_error *error)
{
    struct proxy *proxy = vg_alloc_zero(1, sizeof *proxy);
    proxy->cluster = cluster;
    enum vg_code code = open_links(proxy, error);
    for (uint32_t from = 0; code == VG_OK && from < cluster->node_count; from++)
        code = point_node(proxy, from, error);
    if (code == VG_OK && pthread_create(&proxy->thread, NULL, run, proxy) != 0)
        code = vg_fail(error, VG_BUSY, "a thread could not be started");
    if (code == VG_OK)
        *out = proxy;
    else
        free(proxy);
    return code;
}

void proxy_stop(struct proxy *proxy)
{
    if (proxy == NULL)
        return;
    atomic_store(&proxy->over, true);
    pthread_join(proxy->thread, NULL);
    while (proxy->count > 0)
        connection_close(proxy, proxy->count - 1);
    for (uint32_t from = 0; from < NODES; from++)
        for (uint32_t to = 0; to < NODES; to++)
            if (proxy->listeners[from][to] >= 0)
                close(proxy->listeners[from][to]);
    free(proxy);
}

/* ---- what goes wrong ---------------------------------------------------------------------------
 */

void proxy_cut(struct proxy *proxy, uint32_t from, uint32_t to, bool cut)
{
    atomic_store(&proxy->links[from][to].cut, cut);
}

void proxy_delay(struct proxy *proxy, uint32_t from, uint32_t to, uint32_t ms)
{
    atomic_store(&proxy->links[from][to].delay_ms, ms);
}

void proxy_flip(struct proxy *proxy, uint32_t from, uint32_t to)
{
    atomic_store(&proxy->links[from][to].flips, true);
}

void proxy_break(struct proxy *proxy, uint32_t from, uint32_t to)
{
    atomic_store(&proxy->links[from][to].breaks, true);
}
