/* SPDX-License-Identifier: Apache-2.0
 * net_stress [SEED [ROUNDS]]: three nodes send all the time, clients come, ask and hang up, and
 * meanwhile nodes are stopped, connections given up and strangers rude. At the end everybody must
 * hear everybody. The seed decides what is done, the machine how it interleaves. For TSan above
 * all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/prng.h"
#include "node/net/clients.h"
#include "proto/wire/client.h"
#include "tests/lib/await.h"
#include "tests/lib/netnode.h"
#include "tests/lib/secured.h"

enum { NODES = 3, CLIENTS = 2, ROUNDS = 2000, FRAME_MAX = 20000, LAST = 8 };

struct member {
    struct netnode node;
    pthread_rwlock_t lock; /* held for writing while the node is stopped or started */
};

static struct member members[NODES];
static struct netnode nodes[NODES]; /* ids and URLs alone, for configurations */
static struct net_clients *clients;
static char clients_url[RUDE_URL];
static atomic_bool done;

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "net_stress: %s\n", what);
    exit(1);
}

/* ---- nodes -----------------------------------------------------------------------------------
 */

static void start(uint32_t at)
{
    struct net_config config = netnode_config(nodes, NODES, at);
    config.queue_max = 256 * 1024;
    config.silence_max_ms = 1; /* connections are given up all the time */
    netnode_start(&members[at].node, &config);
}

static void *send_all_the_time(void *argument)
{
    struct member *member = argument;
    struct vg_prng prng = vg_prng_seed(member->node.id);
    for (uint64_t number = 1; !atomic_load(&done); number++) {
        uint64_t to = vg_prng_between(&prng, 1, NODES);
        size_t size = (size_t)vg_prng_between(&prng, LAST + 1, FRAME_MAX);
        pthread_rwlock_rdlock(&member->lock);
        enum vg_code code = netnode_send(&member->node, to, number, size);
        pthread_rwlock_unlock(&member->lock);
        if (code != VG_OK)
            usleep(1000);
    }
    return NULL;
}

static void restart(uint32_t at)
{
    pthread_rwlock_wrlock(&members[at].lock);
    netnode_stop(&members[at].node);
    start(at);
    pthread_rwlock_unlock(&members[at].lock);
}

static void be_rude(struct vg_prng *prng, const char *url)
{
    uint8_t garbage[64];
    int fd = rude_dial(url);
    if (fd < 0)
        return;
    vg_prng_fill(prng, garbage, sizeof garbage);
    (void)rude_send(fd, vg_span_of(garbage, (size_t)vg_prng_below(prng, sizeof garbage)));
    if (vg_prng_below(prng, 2) == 0)
        rude_reset(fd);
    else
        (void)close(fd);
}

/* ---- clients ---------------------------------------------------------------------------------
 */

static bool on_admits(void *context, const vg_channel_public *theirs)
{
    (void)context;
    (void)theirs;
    return true;
}

static void on_request(void *context, uint64_t session, struct vg_blob *payload)
{
    (void)context;
    (void)net_clients_send(clients, session, vg_blob_span(payload));
    vg_blob_unref(payload);
}

static void answered(struct secured *secured, const struct wire_frame *frame)
{
    atomic_uint *answers = secured->context;
    atomic_fetch_add(answers, frame->payload.size > 0);
}

static void *come_and_go(void *argument)
{
    atomic_uint *total = argument;
    while (!atomic_load(&done)) {
        atomic_uint answers = 0;
        struct secured secured = {.terms = netnode_terms(&nodes[0], CHANNEL_CLIENTS),
                                  .frame = answered,
                                  .context = &answers};
        bool open = secured_dial(&secured, clients_url, &nodes[0].key.pub);
        for (int i = 0; i < 10 && open; i++)
            (void)secured_send(&secured, WIRE_REQUEST, vg_span_text("a request"));
        AWAIT(atomic_load(&answers) > 0 || !open);
        secured_end(&secured);
        atomic_fetch_add(total, open);
    }
    return NULL;
}

/* ---- the run ---------------------------------------------------------------------------------
 */

static void start_everything(void)
{
    struct net_clients_callbacks callbacks = {.admits = on_admits, .request = on_request};
    netnodes_init(nodes, NODES);
    for (uint32_t at = 0; at < NODES; at++) {
        members[at].node.id = nodes[at].id;
        pthread_rwlock_init(&members[at].lock, NULL);
        start(at);
    }
    rude_free_url(clients_url);
    struct net_clients_config config = {.url = clients_url,
                                        .terms = netnode_terms(&nodes[0], CHANNEL_CLIENTS)};
    must(net_clients_start(&config, &callbacks, NULL, &clients, NULL) == VG_OK, "no clients");
}

static void torment(uint64_t seed, uint64_t rounds)
{
    struct vg_prng prng = vg_prng_seed(seed);
    for (uint64_t round = 0; round < rounds; round++) {
        uint32_t at = (uint32_t)vg_prng_below(&prng, NODES);
        switch (vg_prng_below(&prng, 8)) {
        case 0:
            restart(at);
            break;
        case 1:
        case 2:
            be_rude(&prng, clients_url);
            break;
        default:
            be_rude(&prng, nodes[at].url);
            break;
        }
    }
}

static void everybody_hears_everybody(void)
{
    for (uint32_t at = 0; at < NODES; at++)
        for (uint32_t other = 0; other < NODES; other++) {
            if (at == other)
                continue;
            struct netnode_view *view = &members[other].node.views[at];
            uint64_t heard = atomic_load(&view->frames);
            /* again and again: who is asked and says nothing is given up, and what was sent lost */
            AWAIT(netnode_send(&members[at].node, other + 1, UINT64_MAX, LAST) == VG_OK &&
                  atomic_load(&view->frames) > heard);
        }
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : ROUNDS;
    pthread_t threads[NODES + CLIENTS];
    atomic_uint visits = 0;
    (void)printf("net_stress: seed %" PRIu64 ", %" PRIu64 " rounds\n", seed, rounds);
    start_everything();
    for (int i = 0; i < NODES + CLIENTS; i++)
        must(pthread_create(&threads[i], NULL, i < NODES ? send_all_the_time : come_and_go,
                            i < NODES ? (void *)&members[i] : (void *)&visits) == 0,
             "no thread");
    torment(seed, rounds);
    AWAIT(atomic_load(&visits) > 0);
    atomic_store(&done, true);
    for (int i = 0; i < NODES + CLIENTS; i++)
        pthread_join(threads[i], NULL);
    everybody_hears_everybody();
    net_clients_stop(clients);
    for (uint32_t at = 0; at < NODES; at++)
        netnode_stop(&members[at].node);
    (void)printf("net_stress: %u visits of clients, everybody heard everybody\n",
                 atomic_load(&visits));
    return 0;
}
