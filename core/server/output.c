/*
 * Output: lines are gathered in a lent buffer and leave in as few records as possible.
 *
 * Nothing that is owed may be lost for want of room. So room is kept, from the moment in which it is owed, for the
 * answer to each message and each job on its way, and always for the last word: a client that misses
 * `replaced` would come back, and two of them would go on replacing each other.
 */
#include "server/internal.h"

#include <string.h>

/* Buffers that one connection may fill in one turn, so that all get their share. */
#define FILLS_PER_TURN 4
/* Bytes of the longest `accepted`, `stored` or `refused`; */
#define TAKEN_MAX 320
/* of the longest `joined` or `error` about a join; */
#define ANSWER_MAX 640
/* and of the longest line that ends a connection. */
#define LAST_MAX 640

bool thm_output_get(struct thm_server *s, struct connection *c)
{
    if (c->out == 0) {
        c->out = thm_pool_lend(&s->outputs);
        c->out_len = c->out_sent = 0;
    }
    if (c->out == 0)
        thm_conn_wait(s, c, WAIT_OUTPUT);
    return c->out != 0;
}

void thm_output_discard(struct connection *c)
{
    c->out_len = c->out_sent = 0;
}

static size_t kept(const struct connection *c)
{
    size_t answers = (size_t)c->jobs + c->auto_join;

    return LAST_MAX + c->appends * (size_t)TAKEN_MAX + answers * ANSWER_MAX +
           (c->walk.reading ? OUTPUT_REQUEST : 0);
}

size_t thm_output_room(const struct connection *c)
{
    size_t used = c->out_len + kept(c);

    return used < THM_OUT_BUFFER ? THM_OUT_BUFFER - used : 0;
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
    thm_conn_look(s, c, LOOK_WRITE);
}

/* Encodes a message into at most `cap` bytes behind what is in the buffer. */
static bool encode(const struct thm_server *s, const struct connection *c, const struct thm_msg *m,
                   size_t cap, size_t *len)
{
    return thm_wire_encode(m, out_at(s, c, c->out_len), cap, len) == THM_OK;
}

bool thm_output_msg(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    size_t used = c->out_len + LAST_MAX;
    size_t len;

    if (used >= THM_OUT_BUFFER || !thm_output_get(s, c) ||
        !encode(s, c, m, THM_OUT_BUFFER - used, &len))
        return false;
    added(s, c, len);
    return true;
}

bool thm_output_may(const struct connection *c, size_t len)
{
    if (thm_output_room(c) < len)
        return false;
    if (c->polite)
        return c->sent - c->acked + len <= c->credit;
    /* Nothing is acknowledged: the socket alone says how much the peer takes, a little at a time. */
    return c->out_len + len <= THM_CREDIT_DEFAULT;
}

bool thm_output_news(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    size_t len;

    if (!thm_output_get(s, c) || !encode(s, c, m, thm_output_room(c), &len) ||
        !thm_output_may(c, len))
        return false;
    added(s, c, len);
    return true;
}

bool thm_output_entry(struct thm_server *s, struct connection *c, const struct thm_entry *e)
{
    if (!thm_output_may(c, e->len) || !thm_output_get(s, c))
        return false;
    memcpy(out_at(s, c, c->out_len), e->line, e->len);
    added(s, c, e->len);
    return true;
}

void thm_output_last(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    char line[LAST_MAX];
    size_t len, n;

    if (thm_output_get(s, c)) {
        if (encode(s, c, m, THM_OUT_BUFFER - c->out_len, &len))
            added(s, c, len);
    } else if (thm_wire_encode(m, line, sizeof line, &len) == THM_OK) {
        /* No buffer is free, so nothing waits in one of its own either: TLS can take it. */
        thm_tls_write(&c->tls, line, len, &n);
    }
}

/* --- sending -------------------------------------------------------------------------------- */

/* A buffer is kept while answers or entries are to come from the store, so that they find one. */
static void give_back(struct thm_server *s, struct connection *c)
{
    bool owes =
        c->appends > 0 || c->jobs > 0 || c->auto_join > 0 || c->walk.kind != 0 || c->reading != 0;

    if (c->out != 0 && c->out_len == 0 && !owes) {
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
        thm_conn_drop(s, c, c->tls.error != THM_OK ? c->tls.error : THM_E_CLOSED);
        return false;
    }
    s->stats.bytes_out += n;
    c->out_sent += (uint32_t)n;
    if (c->out_sent < c->out_len || thm_tls_holds_output(&c->tls)) {
        if (c->state == CONN_ONLINE && (n > 0 || c->deadline_kind == DEADLINE_IDLE))
            thm_conn_deadline(s, c, DEADLINE_STALL);
        return false;
    }
    c->out_len = c->out_sent = 0;
    if (c->deadline_kind == DEADLINE_STALL)
        thm_conn_deadline(s, c, c->state == CONN_ONLINE ? DEADLINE_IDLE : DEADLINE_CLOSE);
    return true;
}

/* Whether input has to wait for output. */
static bool blocks_input(const struct connection *c)
{
    return thm_output_room(c) < OUTPUT_REQUEST || thm_tls_holds_output(&c->tls);
}

void thm_output_run(struct thm_server *s, struct connection *c)
{
    bool blocked = blocks_input(c);
    unsigned fills = 0;

    for (;;) {
        if (c->state == CONN_ONLINE && c->out_sent == 0 && !thm_tls_holds_output(&c->tls))
            thm_deliver_fill(s, c);
        if (c->state == CONN_FREE)
            return;
        if (c->out_len == 0 && !thm_tls_holds_output(&c->tls))
            break;
        if (!send_buffer(s, c))
            return;
        if (++fills == FILLS_PER_TURN) {
            thm_conn_look(s, c, LOOK_WRITE);
            break;
        }
    }
    give_back(s, c);
    if (blocked && !blocks_input(c))
        thm_conn_look(s, c, LOOK_READ);
}
