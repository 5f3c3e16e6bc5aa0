/* SPDX-License-Identifier: Apache-2.0
 *
 * The channel's handshake says whose key is on the other side. Inside, the dialling side says
 * hello, the other checks it and answers with its own; from then on frames flow from the dialling
 * side alone. A member who is refused, or replaced by a newer connection, is told why in a
 * WIRE_RESPONSE with token 0, and hangs up; if it does not, a deadline stands. Others are told
 * nothing. */
#include <ctype.h>
#include <stdio.h>
#include <utlist.h>

#include "common/clock.h"
#include "common/text.h"
#include "node/net/internal.h"
#include "proto/wire/client.h"

/* Inside the channel alone. */
static bool told_why(const struct conn *conn, enum net_refusal refusal)
{
    return !conn->dialled && conn->session.line.channel.opened &&
           (refusal == NET_REFUSED_HELLO || refusal == NET_REFUSED_IDENTITY ||
            refusal == NET_REFUSED_OLDER || refusal == NET_REFUSED_EVICTED);
}

static void say_why(struct conn *conn, enum vg_code code, const char *why)
{
    struct wire_response answer = {.error.code = code};
    struct vg_buffer payload = {0};
    (void)snprintf(answer.error.text, sizeof answer.error.text, "%s", why);
    wire_response_encode(&answer, &payload);
    (void)net_session_send(&conn->session, WIRE_RESPONSE, vg_buffer_span(&payload),
                           conn->net->config.queue_max);
    vg_buffer_free(&payload);
}

/* Ends a connection for what it said. Returns `code`. */
static enum vg_code refuse(struct conn *conn, enum net_refusal refusal, enum vg_code code,
                           const char *why)
{
    conn->state = CONN_ENDED;
    conn->code = code;
    (void)snprintf(conn->why, sizeof conn->why, "%s", why);
    net_door_refuse(&conn->net->door, refusal, conn->why);
    if (told_why(conn, refusal))
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
    wire_hello_encode(hello, &payload);
    (void)net_session_send(&conn->session, WIRE_HELLO, vg_buffer_span(&payload),
                           conn->net->config.queue_max);
    vg_buffer_free(&payload);
}

static void set_deadline(struct conn *conn, uint64_t now_us)
{
    atomic_store(&conn->session.deadline_us,
                 now_us + (uint64_t)conn->net->config.hello_timeout_ms * 1000);
}

/* ---- who it is: the channel's key, then the hello ---------------------------------------------
 */

static bool same_key(const vg_channel_public *a, const vg_channel_public *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* With keeper.lock. */
static struct peer *find_by_key(struct net *net, const vg_channel_public *key)
{
    for (uint32_t i = 0; i < net->peer_count; i++)
        if (same_key(&net->peers[i].key, key))
            return &net->peers[i];
    return NULL;
}

static enum vg_code refuse_stranger(struct conn *conn)
{
    char key[VG_HASH_TEXT];
    char why[NET_WHY_TEXT];
    vg_hex_format(vg_span_of(conn->key.bytes, sizeof conn->key), key);
    (void)snprintf(why, sizeof why, "channel key %s is not that of a member", key);
    return refuse(conn, NET_REFUSED_STRANGER, VG_FORBIDDEN, why);
}

static enum vg_code accepted_asks(struct net_session *session, const vg_channel_public *theirs,
                                  struct vg_error *error)
{
    struct conn *conn = (struct conn *)session;
    struct net *net = conn->net;
    (void)error;
    conn->key = *theirs;
    pthread_mutex_lock(&net->keeper.lock);
    conn->peer = find_by_key(net, theirs);
    pthread_mutex_unlock(&net->keeper.lock);
    if (conn->peer != NULL)
        return VG_OK;
    if (same_key(theirs, &net->door.terms.self->pub))
        return refuse(conn, NET_REFUSED_IDENTITY, VG_EXISTS,
                      "another process has this node's key: two nodes run with one identity; stop "
                      "one of them");
    return refuse_stranger(conn);
}

static void explain_eviction(const struct peer *peer, uint64_t at, char why[NET_WHY_TEXT])
{
    char time[VG_TIME_TEXT];
    vg_time_format(at, time);
    (void)snprintf(why, NET_WHY_TEXT, "node %llu was evicted from this cluster at %s",
                   (unsigned long long)peer->node.value, time);
}

/* Returns false. */
static bool refuse_evicted(struct conn *conn, uint64_t at)
{
    char why[NET_WHY_TEXT];
    explain_eviction(conn->peer, at, why);
    refuse(conn, NET_REFUSED_EVICTED, VG_EXPIRED, why);
    return false;
}

/* Whether its peer is a member; refuses it otherwise. Only now that the peer has proved to be
 * there: a replay of its first message is answered, and waited for in vain, as any other is. */
static bool is_member(struct conn *conn)
{
    pthread_mutex_lock(&conn->net->keeper.lock);
    uint64_t at = conn->peer->evicted_at;
    pthread_mutex_unlock(&conn->net->keeper.lock);
    return at == 0 || refuse_evicted(conn, at);
}

/* What is wrong with a hello; NULL: nothing is. */
static const char *judge(const struct conn *conn, const struct wire_hello *hello)
{
    const struct wire_hello *self = &conn->net->config.self;
    if (hello->version != self->version)
        return "speaks another version; run the same release everywhere";
    if (!vg_node_equal(hello->node, conn->peer->node) ||
        !vg_hash_equal(&hello->cluster, &self->cluster) ||
        !vg_id_equal(&hello->incarnation, &conn->incarnation))
        return "is not who its channel says";
    return NULL;
}

/* False after refusing. */
static bool check_hello(struct conn *conn, const struct wire_frame *frame, struct wire_hello *hello)
{
    struct vg_error error = {0};
    if (wire_hello_decode(frame->payload, hello, &error) != VG_OK) {
        refuse(conn, NET_REFUSED_HELLO, VG_INVALID, error.text);
        return false;
    }
    const char *what = judge(conn, hello);
    if (what == NULL)
        return true;
    char why[NET_WHY_TEXT];
    (void)snprintf(why, sizeof why, "node %llu %s", (unsigned long long)hello->node.value, what);
    refuse(conn, NET_REFUSED_HELLO, VG_FORBIDDEN, why);
    return false;
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
static bool as_remembered(struct conn *conn, const struct wire_hello *hello)
{
    struct net *net = conn->net;
    const struct peer *peer = conn->peer;
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

/* With keeper.lock. Nothing more is taken from a receiver (NULL: there is none); it is told why. */
static void turn_out(struct conn *receiver, enum vg_code code, const char *why)
{
    if (receiver == NULL)
        return;
    atomic_store(&receiver->replaced, true);
    set_deadline(receiver, vg_clock_system.monotonic_us());
    say_why(receiver, code, why);
}

/* With keeper.lock. Mostly nobody is there any more: the node was stopped, or the line cut. But a
 * copy of a node has its incarnation too, and who then hears this knows that there are two. */
static void replace(struct conn *older)
{
    turn_out(older, VG_EXISTS,
             "another process has connected with this node's id and incarnation: two nodes run "
             "with one identity; stop one of them, or give it an id and keys of its own");
}

void net_evict(struct net *net, vg_node_id node, uint64_t at)
{
    struct peer *peer = net_find_peer(net, node);
    char why[NET_WHY_TEXT];
    if (peer == NULL)
        return;
    explain_eviction(peer, at, why);
    pthread_mutex_lock(&net->keeper.lock);
    if (peer->evicted_at == 0) {
        peer->evicted_at = at;
        turn_out(peer->receiver, VG_EXPIRED, why);
        if (peer->dialled != NULL)
            dial_link_close(peer->dialled->session.link);
        net_keeper_wake(&net->keeper);
    }
    pthread_mutex_unlock(&net->keeper.lock);
}

void net_rekey(struct net *net, vg_node_id node, const vg_channel_public *key)
{
    struct peer *peer = net_find_peer(net, node);
    char why[NET_WHY_TEXT];
    if (peer == NULL)
        return;
    (void)snprintf(why, sizeof why, "the keys of node %llu were replaced",
                   (unsigned long long)node.value);
    pthread_mutex_lock(&net->keeper.lock);
    if (!same_key(&peer->key, key)) {
        peer->key = *key;
        turn_out(peer->receiver, VG_FORBIDDEN, why);
        if (peer->dialled != NULL)
            dial_link_close(peer->dialled->session.link);
        peer->failures = 0;
        peer->dial_at_us = 0;
        net_keeper_wake(&net->keeper);
    }
    pthread_mutex_unlock(&net->keeper.lock);
}

/* With keeper.lock. */
static void leave_door(struct conn *conn)
{
    conn->net->handshakes -= conn->at_door;
    conn->at_door = false;
}

/* With keeper.lock. */
static void take_place(struct conn *conn, const vg_id *incarnation)
{
    struct peer *peer = conn->peer;
    peer->incarnation = *incarnation;
    peer->failures = 0;
    if (conn->dialled) {
        pthread_mutex_lock(&peer->sending);
        peer->sender = conn;
        atomic_store(&peer->asked_us, 0);
        pthread_mutex_unlock(&peer->sending);
        return;
    }
    replace(peer->receiver);
    peer->receiver = conn;
    leave_door(conn);
    peer->dial_at_us = 0; /* it lives: no need to wait with our own dial */
    net_keeper_wake(&conn->net->keeper);
}

/* Makes the connection the one of its peer, or refuses it. */
static bool settle(struct conn *conn, const vg_id *incarnation)
{
    struct peer *peer = conn->peer;
    pthread_mutex_lock(&conn->net->keeper.lock);
    uint64_t evicted_at = peer->evicted_at;
    bool replaced = !same_key(&peer->key, &conn->key);
    bool in_use = identity_in_use(peer, incarnation);
    bool turned_away = !conn->dialled && !conn->at_door;
    if (evicted_at == 0 && !replaced && !in_use && !turned_away)
        take_place(conn, incarnation);
    pthread_mutex_unlock(&conn->net->keeper.lock);
    if (evicted_at != 0)
        return refuse_evicted(conn, evicted_at);
    if (replaced) {
        refuse_stranger(conn);
        return false;
    }
    if (!in_use && turned_away) {
        conn->state = CONN_ENDED;
        conn->code = VG_UNAVAILABLE;
    }
    if (!in_use)
        return !turned_away;
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
    if (!check_hello(conn, frame, &hello) || !settle(conn, &hello.incarnation))
        return conn->code;
    conn->state = CONN_UP;
    atomic_store(&conn->session.deadline_us, 0);
    atomic_store(&conn->peer->rtt_us, (unsigned)(now - conn->hello_sent_us));
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
    bool known =
        answer.error.code == VG_EXISTS || answer.error.code == VG_EXPIRED || conn->outdated;
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
    if (!check_hello(conn, frame, &hello) || !as_remembered(conn, &hello) ||
        !settle(conn, &hello.incarnation))
        return conn->code;
    conn->state = CONN_UP;
    conn->session.line.reader.frame_max = 0;
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

static enum vg_code accepted_opened(struct net_session *session, const vg_id *incarnation,
                                    struct vg_error *error)
{
    struct conn *conn = (struct conn *)session;
    (void)error;
    conn->incarnation = *incarnation;
    return is_member(conn) ? VG_OK : conn->code;
}

static enum vg_code dialled_opened(struct net_session *session, const vg_id *incarnation,
                                   struct vg_error *error)
{
    struct conn *conn = (struct conn *)session;
    struct wire_hello hello = hello_for(conn);
    (void)error;
    conn->incarnation = *incarnation;
    conn->hello_sent_us = vg_clock_system.monotonic_us();
    say_hello(conn, &hello);
    return VG_OK;
}

const struct net_session_calls net_dialled_calls = {.opened = dialled_opened, .take = take_dialled};

static const struct net_session_calls accepted_calls = {
    .asks = accepted_asks, .opened = accepted_opened, .take = take_accepted};

/* ---- events of links -------------------------------------------------------------------------
 */

static void received(void *context, struct dial_link *link, vg_span bytes)
{
    struct conn *conn = context;
    struct vg_error error = {0};
    (void)link;
    if (conn->state == CONN_ENDED || atomic_load(&conn->replaced))
        return;
    enum vg_code code = net_session_receive(&conn->session, bytes, &error);
    if (code != VG_OK && conn->state != CONN_ENDED)
        refuse(conn, net_session_refusal(&conn->session, code), VG_INTEGRITY, error.text);
}

static void dialled_connected(void *context, struct dial_link *link)
{
    struct conn *conn = context;
    struct vg_error error = {0};
    (void)link;
    pthread_mutex_lock(&conn->net->keeper.lock);
    conn->state = CONN_GREETING;
    conn->key = conn->peer->key;
    set_deadline(conn, vg_clock_system.monotonic_us());
    net_keeper_wake(&conn->net->keeper);
    pthread_mutex_unlock(&conn->net->keeper.lock);
    if (net_session_dial(&conn->session, &conn->key, &error) != VG_OK)
        refuse(conn, NET_REFUSED_HANDSHAKE, error.code, error.text);
}

/* Strangers are told nothing, so this is all that a node with a wrong key or genesis hears. */
static const char *how_it_ended(const struct conn *conn, const char *why)
{
    if (atomic_load(&conn->session.expired))
        return "connected, but no hello in time";
    if (conn->state == CONN_GREETING && !conn->session.line.channel.opened)
        return "it closed in the handshake: it has another key than the genesis says, does not "
               "know this node's, is of another cluster, or has too many at its door; compare the "
               "genesis files and addresses";
    return why;
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
        tell(conn, false, VG_UNAVAILABLE, how_it_ended(conn, why));
    pthread_mutex_lock(&keeper->lock);
    peer->dialled = NULL;
    /* Or two of one identity would take turns without end. */
    if (conn->code == VG_EXISTS || conn->code == VG_EXPIRED)
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
        net_door_refuse(&net->door, NET_REFUSED_SLOW, "a connection that did not say who it is");
    pthread_mutex_lock(&net->keeper.lock);
    leave_door(conn);
    if (conn->peer != NULL && conn->peer->receiver == conn)
        conn->peer->receiver = NULL;
    net_keeper_end(&net->keeper, &conn->session);
    pthread_mutex_unlock(&net->keeper.lock);
}

const struct dial_events net_dialled_events = {
    .received = received, .closed = dialled_closed, .connected = dialled_connected};

static const struct dial_events accepted_events = {.received = received, .closed = accepted_closed};

/* With keeper.lock: who gives place to a newcomer. The oldest that has not shown a key, since who
 * has one shows it at once; where all have, which recorded ones do too, the oldest of the member
 * that has the most. So nobody holds the door by coming fast, and a member whose key was shown
 * waits for nobody but who shows the same. NULL: nobody is at the door. */
static struct conn *who_yields(const struct net *net)
{
    struct conn *oldest[VG_NODES_MAX] = {NULL};
    uint32_t counts[VG_NODES_MAX] = {0};
    uint32_t most = 0;
    struct net_session *session;
    DL_FOREACH(net->keeper.sessions, session)
    {
        struct conn *conn = (struct conn *)session;
        if (conn->at_door && conn->peer == NULL)
            return conn;
        if (!conn->at_door)
            continue;
        uint32_t of = (uint32_t)(conn->peer - net->peers);
        oldest[of] = counts[of]++ == 0 ? conn : oldest[of];
        most = counts[of] > counts[most] ? of : most;
    }
    return oldest[most];
}

/* With keeper.lock: true if somebody had to leave for it. */
static bool make_room(struct net *net)
{
    struct conn *conn = who_yields(net);
    if (net->handshakes < net->config.handshakes_max || conn == NULL)
        return false;
    atomic_store(&conn->replaced, true);
    leave_door(conn);
    dial_link_close(conn->session.link);
    return true;
}

static void refuse_crowd(struct net *net)
{
    net_door_refuse(&net->door, NET_REFUSED_CROWD,
                    "more connections than may be at the door at a time");
}

void net_accepted(void *context, struct dial_link *link)
{
    struct net *net = context;
    if (link == NULL) {
        refuse_crowd(net);
        return;
    }
    struct conn *conn = vg_alloc_zero(1, sizeof *conn);
    conn->net = net;
    conn->state = CONN_GREETING;
    conn->session.link = link;
    net_session_await(&conn->session, &net->door, &accepted_calls, NET_HELLO_MAX);
    set_deadline(conn, vg_clock_system.monotonic_us());
    pthread_mutex_lock(&net->keeper.lock);
    bool crowded = make_room(net);
    net->accepted++;
    net->handshakes++;
    conn->at_door = true;
    dial_link_begin(link, &accepted_events, conn);
    net_keeper_add(&net->keeper, &conn->session);
    pthread_mutex_unlock(&net->keeper.lock);
    if (crowded)
        refuse_crowd(net);
}
