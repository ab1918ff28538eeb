/*
 * Application data: records in and out of an open connection, with buffers lent for them.
 */
#include <string.h>

#include "tls/error_map.h"
#include "tls/internal.h"

/* Records in a row that bring no data (warnings, empty records) before the peer is given up. */
#define EMPTY_RECORDS_MAX 32

static br_ssl_engine_context *base(const struct thm_tls *t)
{
    return &thm_engine_of(t)->ssl.base;
}

static bool is_closed(const struct thm_tls *t)
{
    return br_ssl_engine_current_state(base(t)) == BR_SSL_CLOSED;
}

static enum thm_io broken(struct thm_tls *t, int error)
{
    t->error = (int16_t)error;
    return THM_IO_ERROR;
}

/* --- output --- */

enum thm_io thm_output_send(struct thm_tls *t, struct thm_out_buffer *out)
{
    struct thm_port *port = t->domain->config.port;
    br_ssl_engine_context *engine = base(t);

    for (;;) {
        const unsigned char *bytes;
        size_t n, sent;
        enum thm_io io;
        thm_engine_gather(engine, out);
        n = thm_engine_pending(engine, out, &bytes);
        if (n == 0)
            return THM_IO_OK;
        io = port->ops->send(port, t->socket, bytes, n, &sent);
        if (io != THM_IO_OK)
            return io == THM_IO_AGAIN ? THM_IO_AGAIN : THM_IO_ERROR;
        thm_engine_sent(engine, out, sent);
        if (sent < n)
            return THM_IO_AGAIN;
    }
}

struct thm_out_buffer *thm_output_lend(struct thm_tls *t)
{
    if (t->out_buffer != 0)
        return thm_out_of(t);
    t->out_buffer = thm_pool_lend(&t->domain->out_buffers);
    if (t->out_buffer == 0)
        return NULL;
    thm_engine_lend_output(base(t), thm_out_of(t));
    return thm_out_of(t);
}

void thm_output_settle(struct thm_tls *t)
{
    const struct thm_out_buffer *out = thm_out_of(t);

    if (!out || out->at != out->end || !thm_engine_output_idle(base(t)))
        return;
    thm_engine_lend_output(base(t), NULL);
    thm_pool_give(&t->domain->out_buffers, t->out_buffer);
    t->out_buffer = 0;
}

/* Makes records of as much data as the buffer holds. */
static size_t fill(struct thm_tls *t, struct thm_out_buffer *out, const unsigned char *data,
                   size_t len)
{
    const bool client = !thm_serves(t->domain);
    size_t done = 0;

    while (done < len) {
        size_t room, n = len - done;
        unsigned char *buf = br_ssl_engine_sendapp_buf(base(t), &room);
        if (!buf)
            break;
        if (client && n > THM_CLIENT_RECORD)
            n = THM_CLIENT_RECORD;
        if (n > room)
            n = room;
        memcpy(buf, data + done, n);
        br_ssl_engine_sendapp_ack(base(t), n);
        br_ssl_engine_flush(base(t), 0);
        thm_engine_gather(base(t), out);
        done += n;
    }
    return done;
}

enum thm_io thm_tls_write(struct thm_tls *t, const void *data, size_t len, size_t *n)
{
    const unsigned char *bytes = data;
    struct thm_out_buffer *out;
    enum thm_io io;

    *n = 0;
    if (t->phase != THM_TLS_OPEN || is_closed(t))
        return THM_IO_ERROR;
    out = thm_output_lend(t);
    if (!out)
        return THM_IO_OK;
    io = thm_output_send(t, out);
    while (io == THM_IO_OK && *n < len) {
        size_t taken = fill(t, out, bytes + *n, len - *n);
        *n += taken;
        if (t->corked && *n == len)
            return THM_IO_OK;
        io = thm_output_send(t, out);
        if (taken == 0)
            break;
    }
    thm_output_settle(t);
    return io == THM_IO_ERROR ? broken(t, THM_E_PORT) : THM_IO_OK;
}

enum thm_io thm_tls_flush(struct thm_tls *t)
{
    enum thm_io io;

    if (t->phase != THM_TLS_OPEN || t->out_buffer == 0)
        return THM_IO_OK;
    io = thm_output_send(t, thm_out_of(t));
    thm_output_settle(t);
    return io == THM_IO_ERROR ? broken(t, THM_E_PORT) : io;
}

bool thm_tls_holds_output(const struct thm_tls *t)
{
    return t->out_buffer != 0 && t->phase != THM_TLS_HANDSHAKE && !t->corked;
}

void thm_tls_cork(struct thm_tls *t)
{
    t->corked = 1;
}

/* --- input --- */

void thm_input_settle(struct thm_tls *t)
{
    if (t->in_buffer == 0 || !thm_engine_between_records(base(t)))
        return;
    thm_engine_lend_input(base(t), NULL);
    thm_pool_give(&t->domain->in_buffers, t->in_buffer);
    t->in_buffer = 0;
}

/* The peer has ended the connection, or it broke, in the middle of a record. */
static enum thm_io cut_off(struct thm_tls *t, enum thm_io io)
{
    return io == THM_IO_AGAIN ? io : broken(t, io == THM_IO_EOF ? THM_E_CLOSED : THM_E_PORT);
}

static enum thm_io read_header(struct thm_tls *t)
{
    struct thm_port *port = t->domain->config.port;

    while (t->header_len < THM_RECORD_HEADER) {
        size_t n;
        enum thm_io io = port->ops->recv(port, t->socket, t->header + t->header_len,
                                         THM_RECORD_HEADER - (size_t)t->header_len, &n);
        if (io == THM_IO_EOF && t->header_len == 0) {
            t->error = THM_E_CLOSED;
            return THM_IO_EOF;
        }
        if (io != THM_IO_OK)
            return cut_off(t, io);
        t->header_len = (uint8_t)(t->header_len + n);
    }
    return THM_IO_OK;
}

/* Lends what a record needs. Any but application data may make the engine answer. */
static bool lend_buffers(struct thm_tls *t)
{
    if (t->header[0] != THM_RECORD_DATA && !thm_output_lend(t))
        return false;
    t->in_buffer = thm_pool_lend(&t->domain->in_buffers);
    if (t->in_buffer == 0) {
        thm_output_settle(t);
        return false;
    }
    thm_engine_lend_input(base(t), thm_pool_at(&t->domain->in_buffers, t->in_buffer));
    return true;
}

/* The header is there. Once the rest is as well, a buffer is lent and the engine starts on it. */
static enum thm_io begin_record(struct thm_tls *t)
{
    struct thm_port *port = t->domain->config.port;
    size_t length = (size_t)t->header[3] << 8 | t->header[4];
    size_t n;
    enum thm_io io;

    if (length == 0 || length > THM_TLS_IN - THM_RECORD_HEADER)
        return broken(t, THM_E_TLS_RECORD);
    io = port->ops->want(port, t->socket, length);
    if (io != THM_IO_OK)
        return cut_off(t, io);
    if (!lend_buffers(t)) {
        t->starved = 1;
        return THM_IO_AGAIN;
    }
    port->ops->want(port, t->socket, 1);
    memcpy(br_ssl_engine_recvrec_buf(base(t), &n), t->header, THM_RECORD_HEADER);
    br_ssl_engine_recvrec_ack(base(t), THM_RECORD_HEADER);
    t->header_len = 0;
    return THM_IO_OK;
}

/* Takes in more of a body, and the next header where the buffer has room for it: as a rule nothing more
 * waits, and the short transfer says so. */
static enum thm_io read_piece(struct thm_tls *t, unsigned char *buf, size_t cap)
{
    struct thm_port *port = t->domain->config.port;
    size_t ahead = cap + 2 * THM_RECORD_HEADER <= THM_TLS_IN ? THM_RECORD_HEADER : 0;
    size_t n;
    enum thm_io io = port->ops->recv(port, t->socket, buf, cap + ahead, &n);

    if (io != THM_IO_OK)
        return io;
    if (n > cap) {
        t->header_len = (uint8_t)(n - cap);
        memcpy(t->header, buf + cap, t->header_len);
        n = cap;
    }
    br_ssl_engine_recvrec_ack(base(t), n);
    return THM_IO_OK;
}

static enum thm_io read_body(struct thm_tls *t)
{
    size_t cap;
    unsigned char *buf;
    enum thm_io io;

    while ((buf = br_ssl_engine_recvrec_buf(base(t), &cap)) != NULL &&
           !thm_engine_between_records(base(t))) {
        io = read_piece(t, buf, cap);
        if (io != THM_IO_OK)
            return cut_off(t, io);
    }
    if (t->out_buffer != 0) { /* an answer; that it can't be sent is no reason not to read on */
        thm_output_send(t, thm_out_of(t));
        thm_output_settle(t);
    }
    return THM_IO_OK;
}

/* The engine has stopped: the peer said goodbye, or something was wrong. */
static enum thm_io ended(struct thm_tls *t)
{
    int e = br_ssl_engine_last_error(base(t));

    if (e == BR_ERR_OK)
        return THM_IO_EOF;
    t->bearssl_error = (int16_t)e;
    return broken(t, thm_tls_error(e));
}

static enum thm_io next_record(struct thm_tls *t)
{
    enum thm_io io = read_header(t);

    return io == THM_IO_OK ? begin_record(t) : io;
}

enum thm_io thm_tls_read(struct thm_tls *t, unsigned char **data, size_t *len)
{
    *data = NULL;
    *len = 0;
    if (t->phase != THM_TLS_OPEN)
        return THM_IO_ERROR;
    t->starved = 0;
    for (unsigned empty = 0; empty <= EMPTY_RECORDS_MAX; empty++) {
        enum thm_io io;
        thm_input_settle(t);
        io = t->in_buffer == 0 && !is_closed(t) ? next_record(t) : THM_IO_OK;
        if (io == THM_IO_OK)
            io = read_body(t);
        if (io != THM_IO_OK)
            return io;
        *data = br_ssl_engine_recvapp_buf(base(t), len);
        if (*data)
            return THM_IO_OK;
        if (is_closed(t))
            return ended(t);
    }
    return broken(t, THM_E_TLS_RECORD);
}

void thm_tls_consume(struct thm_tls *t, size_t n)
{
    if (t->phase != THM_TLS_OPEN || t->in_buffer == 0)
        return;
    br_ssl_engine_recvapp_ack(base(t), n);
    thm_input_settle(t);
}

bool thm_tls_starved(const struct thm_tls *t)
{
    return t->starved != 0;
}
