/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/proxy/proxy.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/dial/link.h"
#include "common/mem.h"
#include "ops/drill/proxy/internal.h"

enum { BACKLOG = 64 };

/* What another thread wants done on this one. */
struct order {
    void (*act)(struct proxy *proxy, struct order *order);
    struct link *link; /* that it is about, if it is about one */
    const struct proxy_terms *terms;
    const struct proxy_mesh *mesh;
    struct proxy_figures figures;
};

/* ---- the thread --------------------------------------------------------------------------------
 */

static void on_wake(uv_async_t *wake)
{
    struct proxy *proxy = wake->data;
    struct order *order = atomic_exchange(&proxy->order, NULL);
    if (order == NULL)
        return; /* one call may wake it twice */
    order->act(proxy, order);
    uv_sem_post(&proxy->done);
}

static void on_dialled(uv_stream_t *listener, int status)
{
    if (status == 0)
        link_accept(listener->data);
}

/* Signals are for other threads; that of a closed socket is for none. */
static void run(void *context)
{
    struct proxy *proxy = context;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    uv_run(&proxy->loop, UV_RUN_DEFAULT);
}

/* Does it on the thread, and returns when it is done. */
static void give_order(struct proxy *proxy, struct order *order)
{
    uv_mutex_lock(&proxy->calling);
    atomic_store(&proxy->order, order);
    uv_async_send(&proxy->wake);
    uv_sem_wait(&proxy->done);
    uv_mutex_unlock(&proxy->calling);
}

/* ---- beginning and end -------------------------------------------------------------------------
 */

/* The address of "tcp://127.0.0.1:PORT". */
static enum vg_code read_address(const char *url, struct sockaddr_in *out, struct vg_error *error)
{
    static const char scheme[] = "tcp://";
    char host[DEV_URL_MAX];
    if (dial_url_check(url, error) != VG_OK)
        return error->code;
    snprintf(host, sizeof host, "%s", url + sizeof scheme - 1);
    char *colon = strrchr(host, ':');
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || colon == NULL)
        return vg_fail(error, VG_INVALID, "%s: only tcp goes through the proxy", url);
    *colon = '\0';
    if (uv_ip4_addr(host, (int)strtoul(colon + 1, NULL, 10), out) != 0)
        return vg_fail(error, VG_INVALID, "%s: only IPv4 in digits goes through the proxy", url);
    return VG_OK;
}

static enum vg_code link_listen(struct link *link, char url[DEV_URL_MAX], struct vg_error *error)
{
    struct sockaddr_in address;
    int size = sizeof address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    int failed = uv_tcp_bind(&link->listener, (struct sockaddr *)&address, 0);
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)&link->listener, BACKLOG, on_dialled);
    if (failed == 0)
        failed = uv_tcp_getsockname(&link->listener, (struct sockaddr *)&address, &size);
    if (failed != 0)
        return vg_fail(error, VG_UNAVAILABLE, "cannot listen on loopback: %s", uv_strerror(failed));
    snprintf(url, DEV_URL_MAX, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return VG_OK;
}

/* Links draw apart: what happens on one moves nothing on another. */
static enum vg_code link_open(struct proxy *proxy, uint32_t from, uint32_t to, const char *url,
                              struct vg_prng *seeds, struct vg_error *error)
{
    struct link *link = &proxy->links[from][to];
    link->proxy = proxy;
    link->back = &proxy->links[to][from];
    link->prng = vg_prng_seed(vg_prng_next(seeds));
    uv_tcp_init(&proxy->loop, &link->listener);
    uv_timer_init(&proxy->loop, &link->alarm);
    link->listener.data = link;
    link->alarm.data = link;
    enum vg_code code = read_address(url, &link->target, error);
    return code == VG_OK ? link_listen(link, proxy->routes.urls[from][to], error) : code;
}

static enum vg_code open_links(struct proxy *proxy, const struct dev_cluster *cluster,
                               uint64_t seed, struct vg_error *error)
{
    struct vg_prng seeds = vg_prng_seed(seed);
    enum vg_code code = VG_OK;
    for (uint32_t from = 0; from < proxy->nodes; from++)
        for (uint32_t to = 0; code == VG_OK && to < proxy->nodes; to++)
            if (from != to)
                code = link_open(proxy, from, to, cluster->nodes[to].peer, &seeds, error);
    return code;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Connections first: their handles are closed with a word to them. Then nothing keeps the loop. */
static void close_all(struct proxy *proxy, struct order *order)
{
    (void)order;
    for (uint32_t from = 0; from < proxy->nodes; from++)
        for (uint32_t to = 0; to < proxy->nodes; to++)
            link_drop(&proxy->links[from][to]);
    uv_walk(&proxy->loop, close_handle, NULL);
}

/* Of a proxy whose thread has ended or never begun. */
static void proxy_free(struct proxy *proxy)
{
    uv_walk(&proxy->loop, close_handle, NULL);
    uv_run(&proxy->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&proxy->loop);
    assert(busy == 0);
    (void)busy;
    uv_sem_destroy(&proxy->done);
    uv_mutex_destroy(&proxy->calling);
    free(proxy);
}

enum vg_code proxy_open(const struct dev_cluster *cluster, uint64_t seed, struct proxy **out,
                        struct vg_error *error)
{
    struct proxy *proxy = vg_alloc_zero(1, sizeof *proxy);
    *out = NULL;
    proxy->nodes = cluster->node_count;
    if (uv_loop_init(&proxy->loop) != 0) {
        free(proxy);
        return vg_fail(error, VG_UNAVAILABLE, "cannot start an event loop");
    }
    uv_sem_init(&proxy->done, 0);
    uv_mutex_init(&proxy->calling);
    proxy->wake.data = proxy;
    enum vg_code code = VG_OK;
    if (uv_async_init(&proxy->loop, &proxy->wake, on_wake) != 0)
        code = vg_fail(error, VG_UNAVAILABLE, "cannot start an event loop");
    if (code == VG_OK)
        code = open_links(proxy, cluster, seed, error);
    if (code == VG_OK && uv_thread_create(&proxy->thread, run, proxy) != 0)
        code = vg_fail(error, VG_UNAVAILABLE, "a thread could not be started");
    if (code == VG_OK)
        *out = proxy;
    else
        proxy_free(proxy);
    return code;
}

void proxy_close(struct proxy *proxy)
{
    if (proxy == NULL)
        return;
    give_order(proxy, &(struct order){.act = close_all});
    uv_thread_join(&proxy->thread);
    proxy_free(proxy);
}

const struct dev_routes *proxy_routes(const struct proxy *proxy)
{
    return &proxy->routes;
}

/* ---- orders ------------------------------------------------------------------------------------
 */

static void set_terms(struct proxy *proxy, struct order *order)
{
    (void)proxy;
    order->link->terms = *order->terms;
    link_turn(order->link);
}

static void set_mesh(struct proxy *proxy, struct order *order)
{
    for (uint32_t from = 0; from < proxy->nodes; from++)
        for (uint32_t to = 0; to < proxy->nodes; to++)
            proxy->links[from][to].terms = order->mesh->links[from][to];
    for (uint32_t from = 0; from < proxy->nodes; from++)
        for (uint32_t to = 0; to < proxy->nodes; to++)
            link_turn(&proxy->links[from][to]);
}

static void flip_next(struct proxy *proxy, struct order *order)
{
    (void)proxy;
    order->link->flips = true;
}

static void break_next(struct proxy *proxy, struct order *order)
{
    (void)proxy;
    order->link->breaks = true;
}

static void copy_figures(struct proxy *proxy, struct order *order)
{
    (void)proxy;
    order->figures = order->link->figures;
}

static struct link *link_of(struct proxy *proxy, uint32_t from, uint32_t to)
{
    assert(from < proxy->nodes && to < proxy->nodes && from != to);
    return &proxy->links[from][to];
}

void proxy_set(struct proxy *proxy, uint32_t from, uint32_t to, const struct proxy_terms *terms)
{
    give_order(proxy,
               &(struct order){.act = set_terms, .link = link_of(proxy, from, to), .terms = terms});
}

void proxy_set_all(struct proxy *proxy, const struct proxy_mesh *mesh)
{
    give_order(proxy, &(struct order){.act = set_mesh, .mesh = mesh});
}

void proxy_flip(struct proxy *proxy, uint32_t from, uint32_t to)
{
    give_order(proxy, &(struct order){.act = flip_next, .link = link_of(proxy, from, to)});
}

void proxy_break(struct proxy *proxy, uint32_t from, uint32_t to)
{
    give_order(proxy, &(struct order){.act = break_next, .link = link_of(proxy, from, to)});
}

struct proxy_figures proxy_look(struct proxy *proxy, uint32_t from, uint32_t to)
{
    struct order order = {.act = copy_figures, .link = link_of(proxy, from, to)};
    give_order(proxy, &order);
    return order.figures;
}
