/* SPDX-License-Identifier: Apache-2.0
 *
 * The dialling side says hello, the other checks it and answers with its own; from then on frames
 * flow from the dialling side alone. Who is refused, or replaced by a newer connection, is told why
 * in a WIRE_RESPONSE with token 0, and hangs up; if it does not, a deadline stands. */
#include <ctype.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "node/net/internal.h"
#include "proto/wire/client.h"

enum { LOG_PAUSE_US = 10 * 1000 * 1000 }; /* between two lines about the same kind of refusal */

static bool told_why(enum net_refusal refusal)
{
    return refusal == NET_REFUSED_HELLO || refusal == NET_REFUSED_CLUSTER ||
           refusal == NET_REFUSED_STRANGER || refusal == NET_REFUSED_IDENTITY ||
           refusal == NET_REFUSED_SELF || refusal == NET_REFUSED_OLDER;
}

/* Two nodes in one's place, or one that could vote twice. */
static bool is_alarm(enum net_refusal refusal)
{
    return refusal == NET_REFUSED_IDENTITY || refusal == NET_REFUSED_OLDER;
}

/* Counts, and logs when nothing of the kind was logged for a while: strangers do not fill disks. */
static void note_refusal(struct net *net, enum net_refusal refusal, const char *why)
{
    uint64_t now = vg_clock_system.monotonic_us();
    pthread_mutex_lock(&net->keeper.lock);
    uint64_t last = net->refusal_logged_us[refusal];
    bool log = last == 0 || now - last >= LOG_PAUSE_US;
    if (log)
        net->refusal_logged_us[refusal] = now;
    uint64_t count = ++net->refused[refusal];
    pthread_mutex_unlock(&net->keeper.lock);
    if (log)
        vg_log(is_alarm(refusal) ? VG_LOG_ERROR : VG_LOG_WARN, net_refusal_name(refusal),
               "count=%llu %s", (unsigned long long)count, why);
}

static void say_why(struct conn *conn, enum vg_code code, const char *why)
{
    struct wire_response answer = {.error.code = code};
    struct vg_buffer payload = {0};
    struct vg_buffer frame = {0};
    (void)snprintf(answer.error.text, sizeof answer.error.text, "%s", why);
    wire_response_encode(&answer, &payload);
    (void)net_session_send(&conn->session, &frame, WIRE_RESPONSE, vg_buffer_span(&payload),
                           conn->net->config.queue_max);
    vg_buffer_free(&payload);
    vg_buffer_free(&frame);
}

/* Ends a connection for what it said. Returns `code`. */
static enum vg_code refuse(struct conn *conn, enum net_refusal refusal, enum vg_code code,
                           const char *why)
{
    conn->state = CONN_ENDED;
    conn->code = code;
    (void)snprintf(conn->why, sizeof conn->why, "%s", why);
    note_refusal(conn->net, refusal, conn->why);
    if (!conn->dialled && told_why(refusal))
        say_why(conn, code, conn->why);
    else
        dial_link_close(conn->session.link);
    return code;
}

static struct wire_hello hello_for(struct conn *conn)
{
    struct wire_hello hello = conn->net->config.self;
    if (conn->net->callbacks.greets != NULL)
        conn->net->callbacks.greets(conn->net->context, conn->peer->node, &hello);
    return hello;
}

static void say_hello(struct conn *conn, const struct wire_hello *hello)
{
    struct vg_buffer payload = {0};
    struct vg_buffer frame = {0};
    wire_hello_encode(hello, &payload);
    (void)net_session_send(&conn->session, &frame, WIRE_HELLO, vg_buffer_span(&payload),
                           conn->net->config.queue_max);
    vg_buffer_free(&payload);
    vg_buffer_free(&frame);
}

static void set_deadline(struct conn *conn, uint64_t now_us)
{
    atomic_store(&conn->session.deadline_us,
                 now_us + (uint64_t)conn->net->config.hello_timeout_ms * 1000);
}

/* ---- checking a hello ------------------------------------------------------------------------
 */

/* What is wrong with a hello, and what that is to the one who hears of it. */
struct verdict {
    enum net_refusal refusal;
    enum vg_code code;
    const char *what; /* NULL: nothing is wrong */
};

/* Ourselves come along when an address of the configuration leads back here, and when a dial to a
 * free port is given that very port as its own, which connects a socket to itself. */
static struct verdict judge(const struct conn *conn, const struct wire_hello *hello)
{
    const struct wire_hello *self = &conn->net->config.self;
    const struct peer *peer = net_find_peer(conn->net, hello->node);
    if (hello->version != self->version)
        return (struct verdict){NET_REFUSED_HELLO, VG_FORBIDDEN,
                                "speaks another version; run the same release everywhere"};
    if (!vg_hash_equal(&hello->cluster, &self->cluster))
        return (struct verdict){NET_REFUSED_CLUSTER, VG_FORBIDDEN,
                                "belongs to another cluster; compare the genesis files"};
    if (vg_node_equal(hello->node, self->node) &&
        vg_id_equal(&hello->incarnation, &self->incarnation))
        return (struct verdict){NET_REFUSED_SELF, VG_FORBIDDEN,
                                "is this node itself; correct the addresses of its peers"};
    if (vg_node_equal(hello->node, self->node))
        return (struct verdict){NET_REFUSED_IDENTITY, VG_EXISTS,
                                "has this node's own id: two nodes run with one identity; stop one "
                                "of them"};
    if (peer == NULL)
        return (struct verdict){NET_REFUSED_STRANGER, VG_FORBIDDEN,
                                "is not a member of this cluster"};
    if (conn->dialled && peer != conn->peer)
        return (struct verdict){NET_REFUSED_STRANGER, VG_FORBIDDEN,
                                "answers at the address of another; correct the configuration"};
    return (struct verdict){.what = NULL};
}

/* Returns NULL after refusing. */
static struct peer *check_hello(struct conn *conn, const struct wire_frame *frame,
                                struct wire_hello *hello)
{
    struct vg_error error = {0};
    if (wire_hello_decode(frame->payload, hello, &error) != VG_OK) {
        refuse(conn, NET_REFUSED_HELLO, VG_INVALID, error.text);
        return NULL;
    }
    struct verdict verdict = judge(conn, hello);
    if (verdict.what == NULL)
        return net_find_peer(conn->net, hello->node);
    char why[NET_WHY_TEXT];
    (void)snprintf(why, sizeof why, "node %llu %s", (unsigned long long)hello->node.value,
                   verdict.what);
    refuse(conn, verdict.refusal, verdict.code, why);
    return NULL;
}

/* With keeper.lock. Another incarnation, while a connection of the known one lives. */
static bool identity_in_use(const struct peer *peer, const vg_id *incarnation)
{
    bool lives = peer->receiver != NULL || peer->sender != NULL;
    return lives && !vg_id_equal(&peer->incarnation, incarnation);
}

/* Whether the owner remembers no more of the peer than its folder has; refuses it otherwise. Only
 * who dials is judged: what it tells comes on that connection, after this hello, while an answer to
 * our own dial may be overtaken by what it tells elsewhere. Another process under a connected
 * peer's identity is refused for that, by settle. */
static bool as_remembered(struct conn *conn, const struct peer *peer,
                          const struct wire_hello *hello)
{
    struct net *net = conn->net;
    struct vg_error why = {0};
    pthread_mutex_lock(&net->keeper.lock);
    bool in_use = identity_in_use(peer, &hello->incarnation);
    pthread_mutex_unlock(&net->keeper.lock);
    if (in_use || net->callbacks.greeted == NULL ||
        net->callbacks.greeted(net->context, hello, &why) == VG_OK)
        return true;
    refuse(conn, NET_REFUSED_OLDER, VG_INTEGRITY, why.text);
    return false;
}

/* With keeper.lock. Mostly nobody is there any more: the node was stopped, or the line cut. But a
 * copy of a node has its incarnation too, and who then hears this knows that there are two. */
static void replace(struct conn *older)
{
    if (older == NULL)
        return;
    atomic_store(&older->replaced, true);
    set_deadline(older, vg_clock_system.monotonic_us());
    say_why(older, VG_EXISTS,
            "another process has connected with this node's id and incarnation: two nodes run with "
            "one identity; stop one of them, or give it an id and keys of its own");
}

/* Makes the connection the one of its peer, or refuses it. */
static bool settle(struct conn *conn, struct peer *peer, const vg_id *incarnation)
{
    pthread_mutex_lock(&conn->net->keeper.lock);
    bool in_use = identity_in_use(peer, incarnation);
    if (!in_use) {
        peer->incarnation = *incarnation;
        peer->failures = 0;
    }
    if (!in_use && conn->dialled) {
        pthread_mutex_lock(&peer->sending);
        peer->sender = conn;
        atomic_store(&peer->asked_us, 0);
        pthread_mutex_unlock(&peer->sending);
    }
    if (!in_use && !conn->dialled) {
        replace(peer->receiver);
        peer->receiver = conn;
        conn->peer = peer;
        conn->net->handshakes--;
        peer->dial_at_us = 0; /* it lives: no need to wait with our own dial */
        net_keeper_wake(&conn->net->keeper);
    }
    pthread_mutex_unlock(&conn->net->keeper.lock);
    if (!in_use)
        return true;
    char why[NET_WHY_TEXT];
    (void)snprintf(why, sizeof why,
                   "node %llu is connected already: two nodes run with one identity; stop one of "
                   "them, or give it an id and keys of its own",
                   (unsigned long long)peer->node.value);
    refuse(conn, NET_REFUSED_IDENTITY, VG_EXISTS, why);
    return false;
}

/* ---- telling the owner -----------------------------------------------------------------------
 */

static void tell(struct conn *conn, bool up, enum vg_code code, const char *why)
{
    struct peer *peer = conn->peer;
    struct net *net = conn->net;
    if (peer->told_any && peer->told == code)
        return;
    peer->told_any = true;
    peer->told = code;
    struct net_peer_event event = {.node = peer->node,
                                   .up = up,
                                   .code = code,
                                   .outdated = conn->outdated,
                                   .why = why,
                                   .rtt_us = up ? atomic_load(&peer->rtt_us) : 0};
    net->callbacks.peer(net->context, &event);
}

/* ---- frames ----------------------------------------------------------------------------------
 */

static enum vg_code take_answer(struct conn *conn, const struct wire_frame *frame)
{
    struct wire_hello hello;
    uint64_t now = vg_clock_system.monotonic_us();
    struct peer *peer = check_hello(conn, frame, &hello);
    if (peer == NULL || !settle(conn, peer, &hello.incarnation))
        return conn->code;
    conn->state = CONN_UP;
    conn->was_up = true;
    atomic_store(&conn->session.deadline_us, 0);
    atomic_store(&peer->rtt_us, (unsigned)(now - conn->hello_sent_us));
    tell(conn, true, VG_OK, "connected");
    return VG_OK;
}

/* The text is the other side's: it goes into log lines, and must not make any of its own. */
static enum vg_code take_refusal(struct conn *conn, const struct wire_frame *frame)
{
    struct wire_response answer;
    struct vg_error error = {0};
    if (wire_response_decode(frame->payload, &answer, &error) != VG_OK)
        return refuse(conn, NET_REFUSED_HELLO, VG_INTEGRITY, error.text);
    for (char *at = answer.error.text; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = ' ';
    conn->state = CONN_ENDED;
    conn->outdated = answer.error.code == VG_INTEGRITY;
    bool known = answer.error.code == VG_EXISTS || conn->outdated;
    conn->code = known ? answer.error.code : VG_FORBIDDEN;
    (void)snprintf(conn->why, sizeof conn->why, "%s says: %.300s", conn->peer->url,
                   answer.error.text);
    dial_link_close(conn->session.link);
    return conn->code;
}

static enum vg_code take_dialled(struct net_session *session, const struct wire_frame *frame,
                                 struct vg_error *error)
{
    struct conn *conn = (struct conn *)session;
    (void)error;
    if (conn->state == CONN_GREETING && frame->type == WIRE_HELLO)
        return take_answer(conn, frame);
    if (frame->type == WIRE_RESPONSE)
        return take_refusal(conn, frame);
    return refuse(conn, NET_REFUSED_TYPE, VG_INTEGRITY,
                  "a frame on a connection that only this node sends on");
}

static enum vg_code take_hello(struct conn *conn, const struct wire_frame *frame)
{
    struct wire_hello hello;
    struct peer *peer = check_hello(conn, frame, &hello);
    if (peer == NULL || !as_remembered(conn, peer, &hello) ||
        !settle(conn, peer, &hello.incarnation))
        return conn->code;
    conn->state = CONN_UP;
    conn->was_up = true;
    conn->session.reader.frame_max = 0;
    atomic_store(&conn->session.deadline_us, 0);
    struct wire_hello answer = hello_for(conn);
    say_hello(conn, &answer);
    return VG_OK;
}

static bool from_peers(uint8_t type)
{
    return type >= WIRE_RAFT && type <= WIRE_MET;
}

static enum vg_code take_accepted(struct net_session *session, const struct wire_frame *frame,
                                  struct vg_error *error)
{
    struct conn *conn = (struct conn *)session;
    struct net *net = conn->net;
    (void)error;
    if (conn->state == CONN_GREETING && frame->type == WIRE_HELLO)
        return take_hello(conn, frame);
    if (conn->state != CONN_UP || !from_peers(frame->type)) {
        char why[NET_WHY_TEXT];
        (void)snprintf(why, sizeof why, "a frame of type %u %s", frame->type,
                       conn->state == CONN_UP ? "from a peer" : "before any hello");
        return refuse(conn, NET_REFUSED_TYPE, VG_INTEGRITY, why);
    }
    atomic_store(&conn->peer->asked_us, 0);
    atomic_fetch_add(&conn->peer->frames_in, 1);
    atomic_fetch_add(&conn->peer->bytes_in, frame->payload.size);
    net->callbacks.frame(net->context, conn->peer->node, (enum wire_type)frame->type,
                         vg_blob_copy(frame->payload));
    return VG_OK;
}

/* ---- events of links -------------------------------------------------------------------------
 */

static void received(void *context, struct dial_link *link, vg_span bytes)
{
    struct conn *conn = context;
    struct vg_error error = {0};
    (void)link;
    if (conn->state == CONN_ENDED || atomic_load(&conn->replaced))
        return;
    enum vg_code code = net_session_receive(&conn->session, bytes,
                                            conn->dialled ? take_dialled : take_accepted, &error);
    if (code != VG_OK && conn->state != CONN_ENDED)
        refuse(conn, NET_REFUSED_FRAME, VG_INTEGRITY, error.text);
}

static void dialled_connected(void *context, struct dial_link *link)
{
    struct conn *conn = context;
    struct wire_hello hello = hello_for(conn);
    uint64_t now = vg_clock_system.monotonic_us();
    (void)link;
    pthread_mutex_lock(&conn->net->keeper.lock);
    conn->state = CONN_GREETING;
    conn->hello_sent_us = now;
    set_deadline(conn, now);
    say_hello(conn, &hello);
    net_keeper_wake(&conn->net->keeper);
    pthread_mutex_unlock(&conn->net->keeper.lock);
}

static void dialled_closed(void *context, struct dial_link *link, const char *why)
{
    struct conn *conn = context;
    struct peer *peer = conn->peer;
    struct net_keeper *keeper = &conn->net->keeper;
    (void)link;
    pthread_mutex_lock(&keeper->lock);
    pthread_mutex_lock(&peer->sending);
    if (peer->sender == conn)
        peer->sender = NULL;
    pthread_mutex_unlock(&peer->sending);
    pthread_mutex_unlock(&keeper->lock);
    if (conn->state == CONN_ENDED)
        tell(conn, false, conn->code, conn->why);
    else
        tell(conn, false, VG_UNAVAILABLE,
             atomic_load(&conn->session.expired) ? "connected, but no hello in time" : why);
    pthread_mutex_lock(&keeper->lock);
    peer->dialled = NULL;
    if (conn->code == VG_EXISTS) /* or two of one identity would take turns without end */
        peer->dial_at_us =
            vg_clock_system.monotonic_us() + (uint64_t)conn->net->config.redial_max_ms * 1000;
    net_keeper_end(keeper, &conn->session);
    pthread_mutex_unlock(&keeper->lock);
}

static void accepted_closed(void *context, struct dial_link *link, const char *why)
{
    struct conn *conn = context;
    struct net *net = conn->net;
    (void)link;
    (void)why;
    if (conn->state == CONN_GREETING && atomic_load(&conn->session.expired))
        note_refusal(net, NET_REFUSED_SLOW, "a connection that did not say who it is");
    pthread_mutex_lock(&net->keeper.lock);
    if (!conn->was_up)
        net->handshakes--;
    if (conn->peer != NULL && conn->peer->receiver == conn)
        conn->peer->receiver = NULL;
    net_keeper_end(&net->keeper, &conn->session);
    pthread_mutex_unlock(&net->keeper.lock);
}

const struct dial_events net_dialled_events = {
    .received = received, .closed = dialled_closed, .connected = dialled_connected};

static const struct dial_events accepted_events = {.received = received, .closed = accepted_closed};

static bool crowded(struct net *net)
{
    pthread_mutex_lock(&net->keeper.lock);
    net->accepted++;
    bool crowded = net->handshakes >= net->config.handshakes_max;
    if (!crowded)
        net->handshakes++;
    pthread_mutex_unlock(&net->keeper.lock);
    return crowded;
}

void net_accepted(void *context, struct dial_link *link)
{
    struct net *net = context;
    if (crowded(net)) {
        note_refusal(net, NET_REFUSED_CROWD, "more connections than may be at the door at a time");
        return;
    }
    struct conn *conn = vg_alloc_zero(1, sizeof *conn);
    conn->net = net;
    conn->state = CONN_GREETING;
    conn->session.link = link;
    conn->session.reader.frame_max = NET_HELLO_MAX;
    set_deadline(conn, vg_clock_system.monotonic_us());
    pthread_mutex_lock(&net->keeper.lock);
    dial_link_begin(link, &accepted_events, conn);
    net_keeper_add(&net->keeper, &conn->session);
    pthread_mutex_unlock(&net->keeper.lock);
}
