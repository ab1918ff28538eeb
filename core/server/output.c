/* Output: lines are gathered in a lent buffer and leave in as few records as possible. */
#include "server/internal.h"

#include <string.h>

/* Buffers that one connection may fill in one turn, so that all get their share. */
#define FILLS_PER_TURN 4

bool output_lend(struct thm_server *s, struct connection *c)
{
    if (c->out == 0) {
        c->out = thm_pool_lend(&s->outputs);
        c->out_len = c->out_sent = 0;
    }
    return c->out != 0;
}

size_t output_room(const struct connection *c)
{
    return c->out == 0 ? THM_OUT_BUFFER : THM_OUT_BUFFER - c->out_len;
}

static char *out_at(const struct thm_server *s, const struct connection *c, size_t offset)
{
    return (char *)thm_pool_at(&s->outputs, c->out) + offset;
}

static void added(struct thm_server *s, struct connection *c, size_t len)
{
    c->out_len += (uint32_t)len;
    if (c->state == CONN_ONLINE)
        c->sent += len;
    conn_look(s, c, LOOK_WRITE);
}

bool output_msg(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    size_t len;

    if (!output_lend(s, c) ||
        thm_wire_encode(m, out_at(s, c, c->out_len), output_room(c), &len) != THM_OK)
        return false;
    added(s, c, len);
    return true;
}

bool output_bytes(struct thm_server *s, struct connection *c, const char *line, size_t len)
{
    if (!output_lend(s, c) || output_room(c) < len)
        return false;
    memcpy(out_at(s, c, c->out_len), line, len);
    added(s, c, len);
    return true;
}

bool output_may(const struct connection *c, size_t len)
{
    if (c->polite)
        return c->sent - c->acked + len <= c->credit && output_room(c) >= len;
    /* Nothing is acknowledged: the socket alone says how much the peer takes, a little at a time. */
    return c->out_len + len <= THM_CREDIT_DEFAULT;
}

static void give_back(struct thm_server *s, struct connection *c)
{
    if (c->out != 0 && c->out_len == 0) {
        thm_pool_give(&s->outputs, c->out);
        c->out = 0;
    }
}

/* Sends what is in the buffer. True when all of it left. */
static bool send_buffer(struct thm_server *s, struct connection *c)
{
    size_t n = 0;
    enum thm_io io = THM_IO_OK;

    if (thm_tls_holds_output(&c->tls))
        io = thm_tls_flush(&c->tls);
    if (io == THM_IO_OK && c->out_sent < c->out_len)
        io = thm_tls_write(&c->tls, out_at(s, c, c->out_sent), c->out_len - c->out_sent, &n);
    if (io == THM_IO_ERROR || io == THM_IO_EOF) {
        conn_drop(s, c, c->tls.error != THM_OK ? c->tls.error : THM_E_CLOSED);
        return false;
    }
    s->stats.bytes_out += n;
    c->out_sent += (uint32_t)n;
    if (c->out_sent < c->out_len || thm_tls_holds_output(&c->tls)) {
        if (c->state == CONN_ONLINE && (n > 0 || c->deadline_kind == DEADLINE_IDLE))
            conn_deadline(s, c, DEADLINE_STALL);
        return false;
    }
    c->out_len = c->out_sent = 0;
    if (c->deadline_kind == DEADLINE_STALL)
        conn_deadline(s, c, c->state == CONN_ONLINE ? DEADLINE_IDLE : DEADLINE_CLOSE);
    return true;
}

void output_run(struct thm_server *s, struct connection *c)
{
    bool was_full = output_room(c) < 2 * THM_LINE_MAX;
    unsigned fills = 0;

    for (;;) {
        if (c->state == CONN_ONLINE && c->out_sent == 0 && !thm_tls_holds_output(&c->tls))
            deliver_fill(s, c);
        if (c->state == CONN_FREE)
            return;
        if (c->out_len == 0 && !thm_tls_holds_output(&c->tls))
            break;
        if (!send_buffer(s, c))
            return;
        if (++fills == FILLS_PER_TURN) {
            conn_look(s, c, LOOK_WRITE);
            break;
        }
    }
    give_back(s, c);
    if (was_full)
        conn_look(s, c, LOOK_READ); /* input that waited for room */
}
