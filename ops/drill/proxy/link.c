/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "common/clock.h"
#include "common/mem.h"
#include "ops/drill/proxy/internal.h"
#include "ops/drill/proxy/records.h"

/* Bytes on their way. */
struct piece {
    struct piece *prev, *next;
    uint64_t due_us;
    size_t size;
    size_t sent;
    uint8_t bytes[];
};

/* How a direction ends, after the last piece. */
enum ending { GOES_ON, FINISHED, RESET };

/* One direction of a connection: open until its end was passed on. */
struct flow {
    struct flow *prev, *next; /* of its link */
    struct link *link;
    struct connection *connection;
    struct end *source, *target;
    struct piece *pieces;
    size_t held;      /* with what the pieces themselves cost */
    uint64_t last_us; /* when the last of it is due */
    enum ending ending;
    bool reading;
    bool writing; /* a part of the first piece, or the end */
    bool breaks;  /* the part that is written now is the last */
    bool over;
    struct proxy_place place;
    uv_write_t write;
    uv_shutdown_t shutdown;
    size_t part; /* bytes that are written now */
};

/* A socket of a connection. */
struct end {
    uv_tcp_t socket;
    struct flow *from, *to; /* what comes out of it and what goes in */
    bool connected;
    bool dead;
};

struct connection {
    struct end dialler, target;
    struct flow forth, back;
    uv_connect_t connect;
    bool dialled;
    bool closing;
    unsigned open; /* sockets */
};

static uint64_t now_us(void)
{
    return vg_clock_system.monotonic_us();
}

static void flow_turn(struct flow *flow);

/* ---- the end of a connection -------------------------------------------------------------------
 */

static void flow_empty(struct flow *flow)
{
    struct piece *piece, *next;
    DL_FOREACH_SAFE(flow->pieces, piece, next)
    {
        free(piece);
    }
    flow->pieces = NULL;
    flow->held = 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    if (--connection->open > 0)
        return;
    connection->forth.link->proxy->connections--;
    flow_empty(&connection->forth);
    flow_empty(&connection->back);
    free(connection);
}

static void close_end(struct end *end, bool reset)
{
    end->socket.data = end->from->connection;
    if (!reset || uv_tcp_close_reset(&end->socket, on_closed) != 0)
        uv_close((uv_handle_t *)&end->socket, on_closed);
}

static void connection_close(struct connection *connection, bool reset)
{
    if (connection->closing)
        return;
    connection->closing = true;
    DL_DELETE(connection->forth.link->flows, &connection->forth);
    DL_DELETE(connection->back.link->flows, &connection->back);
    close_end(&connection->dialler, reset);
    close_end(&connection->target, reset);
}

/* The end comes after all bytes, and takes as long as they. */
static void flow_ends(struct flow *flow, enum ending how)
{
    struct link *link = flow->link;
    flow->ending = how;
    flow->last_us = proxy_due_us(&link->terms, &link->prng, now_us(), flow->last_us);
}

/* One end is gone: nothing can be brought to it, and the other end is told in its turn. */
static void end_died(struct end *end)
{
    if (end->dead || end->from->connection->closing)
        return;
    end->dead = true;
    end->to->over = true;
    end->from->over = false;
    flow_ends(end->from, RESET);
    flow_turn(end->from);
}

/* ---- bytes come --------------------------------------------------------------------------------
 */

static void flow_take(struct flow *flow, const uint8_t *bytes, size_t size)
{
    struct link *link = flow->link;
    struct piece *piece = vg_alloc(sizeof *piece + size);
    flow->last_us = proxy_due_us(&link->terms, &link->prng, now_us(), flow->last_us);
    *piece = (struct piece){.due_us = flow->last_us, .size = size};
    memcpy(piece->bytes, bytes, size);
    DL_APPEND(flow->pieces, piece);
    flow->held += sizeof *piece + size;
    assert(flow->held <= PROXY_HELD_MAX);
    if (flow->held > link->figures.held_most)
        link->figures.held_most = flow->held;
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct end *end = handle->data;
    (void)wanted;
    *out = uv_buf_init((char *)end->from->link->proxy->scratch, PROXY_CHUNK_MAX);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
    struct end *end = stream->data;
    struct flow *flow = end->from;
    if (size > 0)
        flow_take(flow, (const uint8_t *)bytes->base, (size_t)size);
    if (size == UV_EOF)
        flow_ends(flow, FINISHED);
    if (size < 0 && size != UV_EOF)
        end_died(end);
    else
        flow_turn(flow);
}

/* Reads while there is room for all that one reading may bring, and whom to bring it to. */
static void flow_set_reading(struct flow *flow)
{
    uv_stream_t *stream = (uv_stream_t *)&flow->source->socket;
    bool has_room = flow->held + sizeof(struct piece) + PROXY_CHUNK_MAX <= PROXY_HELD_MAX;
    bool wanted = flow->source->connected && flow->ending == GOES_ON && !flow->target->dead &&
                  !flow->link->terms.stalled && has_room;
    if (wanted == flow->reading)
        return;
    flow->reading = wanted;
    if (wanted)
        uv_read_start(stream, on_room, on_read);
    else
        uv_read_stop(stream);
}

/* ---- bytes go ----------------------------------------------------------------------------------
 */

static void on_alarm(uv_timer_t *timer)
{
    struct link *link = timer->data;
    link->alarm_us = 0;
    link_turn(link);
}

static void link_wake(struct link *link, uint64_t at_us)
{
    uint64_t now = now_us();
    if (link->alarm_us != 0 && link->alarm_us <= at_us)
        return;
    link->alarm_us = at_us;
    uv_update_time(&link->proxy->loop);
    uv_timer_start(&link->alarm, on_alarm, at_us > now ? (at_us - now + 999) / 1000 : 0, 0);
}

static void on_written(uv_write_t *write, int status)
{
    struct flow *flow = write->data;
    struct piece *piece = flow->pieces;
    flow->writing = false;
    if (flow->connection->closing)
        return;
    if (status != 0) {
        end_died(flow->target);
        return;
    }
    flow->link->figures.bytes += flow->part;
    piece->sent += flow->part;
    if (piece->sent == piece->size) {
        DL_DELETE(flow->pieces, piece);
        flow->held -= sizeof *piece + piece->size;
        free(piece);
    }
    if (flow->breaks)
        connection_close(flow->connection, false);
    else
        flow_turn(flow);
}

static void on_finished(uv_shutdown_t *shutdown, int status)
{
    struct flow *flow = shutdown->data;
    flow->writing = false;
    if (flow->connection->closing)
        return;
    if (status != 0)
        end_died(flow->target);
    flow->over = flow->ending == FINISHED; /* the source may have died meanwhile */
    if (flow->connection->forth.over && flow->connection->back.over)
        connection_close(flow->connection, false);
    else
        flow_turn(flow);
}

static void flow_end(struct flow *flow)
{
    if (flow->ending == RESET) {
        connection_close(flow->connection, true);
        return;
    }
    flow->writing = true;
    if (uv_shutdown(&flow->shutdown, (uv_stream_t *)&flow->target->socket, on_finished) != 0)
        on_finished(&flow->shutdown, UV_ENOTCONN);
}

/* What was ordered is done to the next bytes, of which so many may go; returns how many do. */
static size_t flow_damage(struct flow *flow, uint8_t *bytes, size_t size)
{
    struct link *link = flow->link;
    if (link->breaks) {
        link->breaks = false;
        link->figures.breaks++;
        flow->breaks = true;
        size = proxy_place_break(&flow->place, vg_span_of(bytes, size), &link->prng);
    }
    proxy_place_move(&flow->place, vg_span_of(bytes, size));
    if (link->flips && size > 0) {
        uint64_t bit = vg_prng_below(&link->prng, (uint64_t)size * 8);
        link->flips = false;
        link->figures.flips++;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    return size;
}

static void flow_write(struct flow *flow, size_t size)
{
    struct piece *piece = flow->pieces;
    struct link *link = flow->link;
    uint8_t *bytes = piece->bytes + piece->sent;
    flow->part = flow_damage(flow, bytes, size);
    flow->writing = true;
    link->busy_us = proxy_busy_us(&link->terms, link->busy_us, now_us(), flow->part);
    DL_DELETE(link->flows, flow); /* others have their turn first */
    DL_APPEND(link->flows, flow);
    uv_buf_t part = uv_buf_init((char *)bytes, (unsigned)flow->part);
    int failed = uv_write(&flow->write, (uv_stream_t *)&flow->target->socket, &part, 1, on_written);
    if (failed != 0)
        on_written(&flow->write, failed);
}

/* Passes on what may go now, or sets the alarm to when it may. */
static void flow_pass(struct flow *flow)
{
    struct link *link = flow->link;
    struct piece *piece = flow->pieces;
    uint64_t now = now_us();
    uint64_t due = piece != NULL ? piece->due_us : flow->last_us;
    if (piece == NULL && flow->ending == GOES_ON)
        return;
    if (due > now) {
        link_wake(link, due);
        return;
    }
    if (piece == NULL) {
        flow_end(flow);
        return;
    }
    size_t allowed = proxy_allowed(&link->terms, link->busy_us, now, piece->size - piece->sent);
    if (allowed == 0)
        link_wake(link, link->busy_us);
    else
        flow_write(flow, allowed);
}

static void flow_turn(struct flow *flow)
{
    const struct proxy_terms *terms = &flow->link->terms;
    if (flow->connection->closing)
        return;
    flow_set_reading(flow);
    if (!flow->writing && !flow->over && flow->target->connected && !terms->cut && !terms->stalled)
        flow_pass(flow);
}

/* ---- connections -------------------------------------------------------------------------------
 */

static void on_connected(uv_connect_t *connect, int status)
{
    struct connection *connection = connect->data;
    if (connection->closing)
        return;
    if (status != 0) {
        end_died(&connection->target);
        return;
    }
    connection->target.connected = true;
    flow_turn(&connection->forth);
    flow_turn(&connection->back);
}

/* Dials the other end, once the link does not stall. */
static void connection_dial(struct connection *connection)
{
    const struct link *link = connection->forth.link;
    if (connection->dialled || link->terms.stalled)
        return;
    connection->dialled = true;
    if (uv_tcp_connect(&connection->connect, &connection->target.socket,
                       (const struct sockaddr *)&link->target, on_connected) != 0)
        end_died(&connection->target);
}

static void flow_init(struct flow *flow, struct link *link, struct connection *connection,
                      struct end *source, struct end *target)
{
    *flow =
        (struct flow){.link = link, .connection = connection, .source = source, .target = target};
    flow->write.data = flow;
    flow->shutdown.data = flow;
    source->from = flow;
    target->to = flow;
    DL_APPEND(link->flows, flow);
}

static void end_init(struct end *end, struct proxy *proxy)
{
    uv_tcp_init(&proxy->loop, &end->socket);
    end->socket.data = end;
}

void link_accept(struct link *link)
{
    struct proxy *proxy = link->proxy;
    struct connection *connection = vg_alloc_zero(1, sizeof *connection);
    connection->open = 2;
    connection->connect.data = connection;
    end_init(&connection->dialler, proxy);
    end_init(&connection->target, proxy);
    flow_init(&connection->forth, link, connection, &connection->dialler, &connection->target);
    flow_init(&connection->back, link->back, connection, &connection->target, &connection->dialler);
    proxy->connections++;
    link->figures.connections++;
    bool taken =
        uv_accept((uv_stream_t *)&link->listener, (uv_stream_t *)&connection->dialler.socket) == 0;
    bool refused = proxy->connections > PROXY_CONNECTIONS_MAX;
    link->figures.refused += refused;
    if (!taken || refused) {
        connection_close(connection, true);
        return;
    }
    uv_tcp_nodelay(&connection->dialler.socket, 1);
    uv_tcp_nodelay(&connection->target.socket, 1);
    connection->dialler.connected = true;
    connection_dial(connection);
    if (!connection->closing)
        flow_turn(&connection->forth);
}

void link_turn(struct link *link)
{
    struct flow *flow, *next;
    DL_FOREACH_SAFE(link->flows, flow, next)
    {
        /* a flow that is closed takes its opposite with it, which is another link's */
        connection_dial(flow->connection);
        flow_turn(flow);
    }
}

void link_drop(struct link *link)
{
    struct flow *flow, *next;
    DL_FOREACH_SAFE(link->flows, flow, next)
    {
        connection_close(flow->connection, false);
    }
}
