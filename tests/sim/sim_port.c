#include "sim_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "thimble/error.h"

static struct sim_host *host_of(struct thm_port *port)
{
    return (struct sim_host *)port;
}

static bool numeric(const char *text, uint16_t number, struct thm_address *out)
{
    *out = (struct thm_address){.family = 4, .number = number};
    if (inet_pton(AF_INET, text, out->ip) == 1)
        return true;
    out->family = 6;
    return inet_pton(AF_INET6, text, out->ip) == 1;
}

/* Ephemeral TCP ports, one after the other: two live ones never meet in a test. */
static uint16_t pick_number(struct sim_host *host)
{
    if (host->last_number < 49152 || host->last_number == 65535)
        host->last_number = 49151;
    return ++host->last_number;
}

/* Making connections --------------------------------------------------------------------------- */

static int sim_listen(struct thm_port *port, const char *text, uint16_t number, uint32_t tag,
                      thm_socket *out)
{
    struct sim_host *host = host_of(port);
    struct thm_address address;
    uint32_t slot;

    if (sim_call_fails(host, "listen"))
        return THM_E_PORT;
    if (!numeric(text, number, &address))
        return THM_E_ADDRESS;
    if (!sim_address_any(&address) && sim_host_by_address(host, &address) != host)
        return THM_E_ADDRESS;
    if (number == 0)
        address.number = pick_number(host);
    if (sim_host_listener(host, &address, &slot) != NULL)
        return THM_E_IN_USE;
    struct sim_sock *sock = sim_sock_new(host, SIM_SOCK_LISTENER, tag, &slot);
    if (sock == NULL)
        return THM_E_LIMIT;
    sock->address = address;
    *out = sim_sock_handle(host, slot);
    sim_note(host->world, host, "listen", address.number, tag);
    return THM_OK;
}

static struct sim_conn *leave_backlog(struct sim_sock *listener)
{
    struct sim_conn *conn = listener->backlog_first;

    listener->backlog_first = conn->backlog_next;
    if (listener->backlog_first == NULL)
        listener->backlog_last = NULL;
    listener->backlog_count--;
    conn->backlog_next = NULL;
    return conn;
}

static enum thm_io sim_accept(struct thm_port *port, thm_socket listener, uint32_t tag,
                              thm_socket *out)
{
    struct sim_host *host = host_of(port);
    uint32_t at, slot;
    struct sim_sock *sock = sim_sock_get(host, listener, SIM_SOCK_LISTENER, "accept", &at);

    if (sock == NULL)
        return THM_IO_ERROR;
    bool failed = sim_call_fails(host, "accept");
    if (sock->backlog_first == NULL) {
        sock->read_armed = true;
        return failed ? THM_IO_ERROR : THM_IO_AGAIN;
    }
    struct sim_conn *conn = leave_backlog(sock);
    struct sim_sock *made = failed ? NULL : sim_sock_new(host, SIM_SOCK_STREAM, tag, &slot);
    if (made == NULL) {
        host->socks[at].read_armed = true;
        sim_sock_kick(host, at);
        sim_end_abort(conn, 1, true);
        return THM_IO_ERROR;
    }
    made->conn = conn;
    made->side = 1;
    conn->ends[1].state = SIM_END_OPEN;
    conn->ends[1].slot = slot;
    *out = sim_sock_handle(host, slot);
    sim_note(host->world, host, "accept", tag, conn->ends[0].address.number);
    sim_sock_kick(host, slot);
    return THM_IO_OK;
}

static int sim_connect(struct thm_port *port, const char *text, uint16_t number, uint32_t tag,
                       thm_socket *out)
{
    struct sim_host *host = host_of(port);
    struct thm_address to;
    uint32_t slot;

    if (sim_call_fails(host, "connect"))
        return THM_E_PORT;
    if (text[0] == '\0' || number == 0)
        return THM_E_ADDRESS;
    struct sim_sock *sock = sim_sock_new(host, SIM_SOCK_STREAM, tag, &slot);
    if (sock == NULL)
        return THM_E_LIMIT;
    struct sim_conn *conn = sim_conn_new(host);
    sock->conn = conn;
    sock->side = 0;
    conn->ends[0].slot = slot;
    conn->ends[0].address = sim_host_address(host, pick_number(host));
    bool name = !numeric(text, number, &to);
    if (!name)
        conn->ends[1].address = to;
    *out = sim_sock_handle(host, slot);
    sim_note(host->world, host, "connect", tag, number);
    sim_dial_start(conn, name ? text : NULL, number);
    return THM_OK;
}

static int sim_peer_addr(struct thm_port *port, thm_socket s, struct thm_address *out)
{
    struct sim_host *host = host_of(port);
    uint32_t slot;
    const struct sim_sock *sock = sim_sock_get(host, s, SIM_SOCK_FREE, "peer_addr", &slot);

    if (sock == NULL)
        return THM_E_STATE;
    if (sim_call_fails(host, "peer_addr"))
        return THM_E_PORT;
    *out =
        sock->kind == SIM_SOCK_LISTENER ? sock->address : sock->conn->ends[1 - sock->side].address;
    return out->family == 0 ? THM_E_STATE : THM_OK;
}

/* Moving bytes --------------------------------------------------------------------------------- */

/* A stream's own end and the pipe that it reads from. */
struct stream {
    struct sim_host *host;
    struct sim_sock *sock;
    struct sim_end *end;
    struct sim_pipe *in;
    uint32_t slot;
};

/* Finds the stream; false: the call is answered by `*result`. */
static bool stream_get(struct stream *st, struct thm_port *port, thm_socket s, const char *call,
                       enum thm_io *result)
{
    st->host = host_of(port);
    st->sock = sim_sock_get(st->host, s, SIM_SOCK_STREAM, call, &st->slot);
    *result = THM_IO_ERROR;
    if (st->sock == NULL)
        return false;
    struct sim_conn *conn = st->sock->conn;
    st->end = &conn->ends[st->sock->side];
    st->in = &conn->ends[1 - st->sock->side].out;
    if (sim_call_fails(st->host, call)) {
        sim_end_fail(conn, st->sock->side);
        return false;
    }
    if (sim_dialling(conn, st->sock->side)) {
        *result = THM_IO_AGAIN;
        return false;
    }
    return true;
}

/* Nothing to read, or not enough. */
static enum thm_io nothing(struct stream *st)
{
    if (!st->sock->recv_held && st->end->eof)
        return THM_IO_EOF;
    if (!st->sock->recv_held && st->end->broken)
        return THM_IO_ERROR;
    st->sock->read_armed = true;
    sim_sock_kick(st->host, st->slot);
    return THM_IO_AGAIN;
}

static enum thm_io sim_recv(struct thm_port *port, thm_socket s, void *buf, size_t cap, size_t *n)
{
    struct stream st;
    enum thm_io result;

    *n = 0;
    if (!stream_get(&st, port, s, "recv", &result))
        return result;
    struct sim_sock *sock = st.sock;
    const struct sim_faults *faults = &st.host->world->faults;
    if (cap == 0) {
        sim_breach(st.host, "recv: no room given");
        return THM_IO_ERROR;
    }
    if (st.in->arrived == 0 || sock->recv_held)
        return nothing(&st);
    uint32_t len = cap < st.in->arrived ? (uint32_t)cap : st.in->arrived;
    uint32_t least = sock->promised > 1 ? sock->promised : 1;
    if (len > least && sim_chance(st.host->world, faults->short_recv_ppm)) {
        uint32_t size = (uint32_t)sim_random_size(st.host->world, faults->short_max);
        size = size > least ? size : least;
        len = size < len ? size : len;
    }
    sim_pipe_read(st.in, buf, len);
    sock->promised = sock->promised > len ? sock->promised - len : 0;
    if (len < cap) {
        sock->read_armed = true;
        /* What is left arrives anew; but after CLOSED the caller asks without an event. */
        sock->recv_held = st.in->arrived > 0 && !sock->told_eof && !sock->told_broken;
        sim_sock_kick(st.host, st.slot);
    }
    *n = len;
    sim_note(st.host->world, st.host, "recv", sock->tag, len);
    return THM_IO_OK;
}

static enum thm_io sim_send(struct thm_port *port, thm_socket s, const void *buf, size_t len,
                            size_t *n)
{
    struct stream st;
    enum thm_io result;

    *n = 0;
    if (!stream_get(&st, port, s, "send", &result))
        return result;
    struct sim_sock *sock = st.sock;
    struct sim_world *world = st.host->world;
    if (len == 0 || st.end->out.finished) {
        sim_breach(st.host, len == 0 ? "send: nothing given" : "send: after shutdown");
        return THM_IO_ERROR;
    }
    if (st.end->broken)
        return THM_IO_ERROR;
    uint32_t room = sock->send_held ? 0 : sim_pipe_room(&st.end->out);
    uint32_t most = room;
    if (room > 1 && sim_chance(world, world->faults.short_send_ppm)) {
        uint32_t size = (uint32_t)sim_random_size(world, world->faults.short_max);
        most = size < room ? size : room;
    }
    if (len <= most) {
        most = (uint32_t)len;
    } else {
        sock->write_armed = true;
        sock->send_held = sock->send_held || most < room;
    }
    if (most > 0)
        sim_pipe_write(&st.end->out, buf, most);
    sim_sock_kick(st.host, st.slot);
    *n = most;
    sim_note(world, st.host, "send", sock->tag, most);
    sim_note_bytes(world, buf, most);
    return most > 0 ? THM_IO_OK : THM_IO_AGAIN;
}

static enum thm_io sim_want(struct thm_port *port, thm_socket s, size_t n)
{
    struct stream st;
    enum thm_io result;
    bool usable = stream_get(&st, port, s, "want", &result);

    if (st.sock == NULL)
        return THM_IO_ERROR;
    if (n == 0 || n > SIM_WANT_MAX) {
        sim_breach(st.host, "want: %zu bytes", n);
        return THM_IO_ERROR;
    }
    st.sock->want = (uint32_t)n;
    if (!usable)
        return result;
    sim_pipe_kick(st.in); /* the window may have grown */
    if (st.sock->recv_held || st.in->arrived < n)
        return nothing(&st);
    if (st.sock->promised < n)
        st.sock->promised = (uint32_t)n;
    return THM_IO_OK;
}

static void sim_shutdown(struct thm_port *port, thm_socket s)
{
    uint32_t slot;
    const struct sim_sock *sock =
        sim_sock_get(host_of(port), s, SIM_SOCK_STREAM, "shutdown", &slot);

    if (sock == NULL)
        return;
    struct sim_end *end = &sock->conn->ends[sock->side];
    sim_note(host_of(port)->world, host_of(port), "shutdown", sock->tag, 0);
    if (!end->broken && !end->out.finished)
        sim_pipe_signal(&end->out, SIM_SEGMENT_FIN);
}

static void give_back(struct thm_port *port, thm_socket s, const char *call, enum sim_close how)
{
    struct sim_host *host = host_of(port);
    uint32_t slot;
    const struct sim_sock *sock = sim_sock_get(host, s, SIM_SOCK_FREE, call, &slot);

    if (sock == NULL)
        return;
    sim_note(host->world, host, call, sock->tag, how);
    sim_sock_close(host, slot, how);
}

static void sim_close(struct thm_port *port, thm_socket s)
{
    give_back(port, s, "close", SIM_CLOSE_FLUSH);
}

static void sim_abort(struct thm_port *port, thm_socket s)
{
    give_back(port, s, "abort", SIM_CLOSE_RESET);
}

/* Waiting -------------------------------------------------------------------------------------- */

static int sim_wait(struct thm_port *port, uint64_t until_ms, struct thm_event *events,
                    unsigned cap)
{
    struct sim_host *host = host_of(port);
    struct sim_world *world = host->world;
    uint32_t waiting = host->ready_count, done = 0;
    unsigned n = 0;

    (void)until_ms; /* the world's loop does the waiting */
    if (cap == 0) {
        sim_breach(host, "wait: no room for events");
        return THM_E_STATE;
    }
    if (host->woken)
        events[n++] = (struct thm_event){.tag = 0, .what = THM_EV_WOKEN};
    host->woken = false;
    for (; n < cap && done < waiting; done++) {
        if (world->faults.shuffle) {
            uint32_t pick = done + (uint32_t)sim_world_random(world, waiting - done);
            uint32_t other = host->ready[pick];
            host->ready[pick] = host->ready[done];
            host->ready[done] = other;
        }
        uint32_t slot = host->ready[done];
        uint32_t what = sim_sock_report(host, slot);
        if (what == 0)
            continue;
        events[n++] = (struct thm_event){.tag = host->socks[slot].tag, .what = what};
        sim_note(world, host, "event", host->socks[slot].tag, what);
    }
    if (done == 0)
        return (int)n;
    host->ready_count -= done;
    memmove(host->ready, host->ready + done, host->ready_count * sizeof host->ready[0]);
    return (int)n;
}

static void sim_wake(struct thm_port *port)
{
    struct sim_host *host = host_of(port);

    host->woken = true;
    sim_host_runnable(host);
}

const struct thm_port_ops sim_port_ops = {
    .listen = sim_listen,
    .accept = sim_accept,
    .connect = sim_connect,
    .recv = sim_recv,
    .send = sim_send,
    .want = sim_want,
    .shutdown = sim_shutdown,
    .close = sim_close,
    .abort = sim_abort,
    .peer_addr = sim_peer_addr,
    .wait = sim_wait,
    .wake = sim_wake,
    .entropy = sim_entropy,
    .utc = sim_utc,
    .nv_read = sim_nv_read,
    .nv_write = sim_nv_write,
};
