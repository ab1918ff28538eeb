#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "identity.h"
#include "loop.h"
#include "protocol.h"

#define READ_MAX ((size_t)256 * 1024)
/* Reads from one client before the others get their turn. */
#define READS_PER_TURN 64

/* Sessions of TLS 1.3 arrive after the handshake, so both versions are taken from here. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct client *c = SSL_get_app_data(ssl);

    if (c == NULL || c->session == NULL)
        return 0;
    SSL_SESSION_free(*c->session);
    *c->session = session;
    return 1; /* ours now */
}

SSL_CTX *client_tls(struct server *s)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    const char *alpn = s->protocol->alpn;

    if (tls == NULL || !SSL_CTX_set_min_proto_version(tls, s->tls_version) ||
        !SSL_CTX_set_max_proto_version(tls, s->tls_version) ||
        !SSL_CTX_set_cipher_list(tls, "ECDHE-ECDSA-AES128-GCM-SHA256") ||
        !SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256") ||
        !SSL_CTX_set1_groups_list(tls, "P-256") ||
        (alpn != NULL &&
         SSL_CTX_set_alpn_protos(tls, (const unsigned char *)alpn, (unsigned)strlen(alpn)) != 0))
        die("OpenSSL refuses the TLS settings for %s", s->label);
    identity_trust_ca(tls);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET); /* TLS 1.2: sessions by id */
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, on_session);
    return tls;
}

static int dial(const struct server *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(s->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("no socket: %s (see ulimit -n)", strerror(errno));
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        die("%s: cannot connect to port %u: %s", s->label, s->port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void client_open(struct client *c, struct group *g, uint32_t identity, SSL_SESSION **session)
{
    memset(c, 0, sizeof *c);
    c->group = g;
    c->identity = identity;
    c->session = session;
    c->fd = dial(g->server);
    c->ssl = SSL_new(g->server->tls);
    if (c->ssl == NULL || !SSL_set_fd(c->ssl, c->fd))
        die("OpenSSL has no memory");
    SSL_set_app_data(c->ssl, c);
    if (g->server->protocol->certificate)
        identity_use(c->ssl, identity);
    if (session != NULL && *session != NULL)
        SSL_set_session(c->ssl, *session);
    SSL_set_connect_state(c->ssl);
    g->started++;
    loop_watch(c, EPOLLOUT);
}

void client_free(struct client *c)
{
    SSL_free(c->ssl);
    if (c->fd > 0)
        close(c->fd);
    free(c->rest);
    free(c->out);
    memset(c, 0, sizeof *c);
    c->phase = PHASE_CLOSED;
}

/* ------------------------------------------------------------------------------------------- */

static void ended(struct client *c, const char *what)
{
    unsigned long code = ERR_get_error();

    if (!c->may_close)
        die("%s: connection %u: %s (%s)", c->group->server->label, c->identity, what,
            code != 0 ? ERR_reason_error_string(code) : strerror(errno));
    c->phase = PHASE_CLOSED;
    c->group->closed++;
    close(c->fd); /* which also takes it out of the loop */
    c->fd = -1;
}

static void keep(char **buf, size_t *used, const char *data, size_t len)
{
    char *larger = realloc(*buf, *used + len);

    if (larger == NULL)
        die("out of memory");
    memcpy(larger + *used, data, len);
    *buf = larger;
    *used += len;
}

/* Returns how many bytes were taken. */
static size_t write_some(struct client *c, const char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t n = 0;
        ERR_clear_error();
        int ok = SSL_write_ex(c->ssl, data + done, len - done, &n);
        if (!ok && SSL_get_error(c->ssl, ok) != SSL_ERROR_WANT_WRITE) {
            ended(c, "cannot write");
            return len;
        }
        if (!ok)
            break;
        done += n;
    }
    return done;
}

void client_send(struct client *c, const void *data, size_t len)
{
    if (c->phase == PHASE_CLOSED || (SSL_get_shutdown(c->ssl) & SSL_SENT_SHUTDOWN))
        return;
    size_t done = c->out_len == 0 ? write_some(c, data, len) : 0;
    if (done == len)
        return;
    keep(&c->out, &c->out_len, (const char *)data + done, len - done);
    loop_watch(c, c->events | EPOLLOUT);
}

static void flush(struct client *c)
{
    size_t done = write_some(c, c->out, c->out_len);

    c->out_len -= done;
    memmove(c->out, c->out + done, c->out_len);
    if (c->out_len == 0 && c->phase != PHASE_CLOSED)
        loop_watch(c, c->events & ~(uint32_t)EPOLLOUT);
}

/* ------------------------------------------------------------------------------------------- */

static void handshake(struct client *c)
{
    ERR_clear_error();
    int n = SSL_do_handshake(c->ssl);
    switch (SSL_get_error(c->ssl, n)) {
    case SSL_ERROR_NONE:
        c->phase = PHASE_LOGIN;
        loop_watch(c, EPOLLIN);
        c->group->server->protocol->login(c);
        break;
    case SSL_ERROR_WANT_READ: loop_watch(c, EPOLLIN); break;
    case SSL_ERROR_WANT_WRITE: loop_watch(c, EPOLLOUT); break;
    default: ended(c, "the handshake failed");
    }
}

/* Reads what has come and hands out whole messages; what remains of one is kept. */
static void receive(struct client *c)
{
    static char buf[READ_MAX];
    size_t used = c->rest_len;
    bool more = true;

    if (used > 0)
        memcpy(buf, c->rest, used);
    c->rest_len = 0;
    for (int i = 0; more && i < READS_PER_TURN && used < sizeof buf; i++) {
        size_t n = 0;
        ERR_clear_error();
        more = SSL_read_ex(c->ssl, buf + used, sizeof buf - used, &n);
        used += n;
        if (!more && SSL_get_error(c->ssl, 0) != SSL_ERROR_WANT_READ)
            ended(c, "the server closed it");
    }
    size_t taken = c->group->server->protocol->parse(c, buf, used);
    if (taken < used)
        keep(&c->rest, &c->rest_len, buf + taken, used - taken);
}

void client_ready(struct client *c, uint32_t events)
{
    if (c->paused && (events & (EPOLLHUP | EPOLLERR))) {
        loop_forget(c); /* it is found out when it reads on */
        return;
    }
    if (c->phase == PHASE_TLS) {
        handshake(c);
        return;
    }
    if (c->phase != PHASE_CLOSED && c->out_len > 0)
        flush(c);
    if (c->phase != PHASE_CLOSED && !c->paused)
        receive(c);
}

void client_pause(struct client *c, bool pause)
{
    uint32_t others = c->events & ~(uint32_t)EPOLLIN;

    c->paused = pause;
    loop_watch(c, pause ? others : others | EPOLLIN);
}

void client_quit(struct client *c)
{
    c->may_close = true;
    c->group->server->protocol->quit(c);
    if (c->phase != PHASE_CLOSED)
        SSL_shutdown(c->ssl);
}

/* ------------------------------------------------------------------------------------------- */

void client_online(struct client *c)
{
    if (c->phase != PHASE_LOGIN)
        return;
    c->phase = PHASE_ONLINE;
    c->group->online++;
    if (c->group->room[0] != '\0')
        c->group->server->protocol->join(c, c->group->room);
}

void client_joined(struct client *c)
{
    if (c->phase != PHASE_ONLINE)
        return;
    c->phase = PHASE_JOINED;
    c->group->joined++;
}

void client_message(struct client *c, const char *text, size_t len)
{
    uint64_t seq = 0;

    if (len < SEQUENCE_LEN)
        die("%s: a message of %zu bytes", c->group->server->label, len);
    for (size_t i = 0; i < SEQUENCE_LEN; i++)
        seq = seq * 10 + (uint64_t)(text[i] - '0');
    if (seq < c->next)
        die("%s: message %llu after %llu", c->group->server->label, (unsigned long long)seq,
            (unsigned long long)c->next - 1);
    c->next = seq + 1;
    c->messages++;
    c->group->messages++;
    if (c->group->on_message != NULL)
        c->group->on_message(c, seq);
}

void client_stored(struct client *c)
{
    c->stored++;
    c->group->stored++;
}

void client_gap(struct client *c, uint64_t first, uint64_t last)
{
    c->gaps++;
    c->missed += last - first + 1;
}

void client_refused(struct client *c, const char *data, size_t len)
{
    die("%s: connection %u: %.*s", c->group->server->label, c->identity, (int)len, data);
}
