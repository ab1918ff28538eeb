/*
 * end server|client: one end of two connections, on descriptors 3 and 4. The client says texts of many
 * lengths and the server says each back; the second connection resumes the first one's session.
 * end callee|caller NAME: the same between two clients with the certificate NAME, without resuming; the callee
 * of the first connection makes the second one.
 *
 * It is built once for each configuration of the core, which all use the same names: hence the processes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thimble/wire.h"
#include "tls/builds/fd_port.h"
#include "tls/parts.h"

#define TEXT_MAX 3000
#define TEXTS    40

static const char *role_name;

#define EXPECT(what) expect(what, #what, __LINE__)

static void expect(bool good, const char *what, int line)
{
    if (good)
        return;
    fprintf(stderr, "%s, line %d: not so: %s\n", role_name, line, what);
    exit(1);
}

struct end {
    struct thm_credentials credentials;
    struct parts parts;
    struct thm_tls_domain *domain;
    _Alignas(16) unsigned char handshake[THM_TLS_HANDSHAKE_SIZE];
    uint64_t utc;
    uint64_t server_not_after;
};

static void make_end(struct end *e, enum thm_role role, const char *name)
{
    const struct thm_tls_config config = {.role = role,
                                          .port = &fd_port,
                                          .alpn = role == THM_FOR_PEER ? THM_PEER_ALPN : THM_ALPN,
                                          .connections = 1,
                                          .handshakes = 1,
                                          .in_buffers = 1,
                                          .out_buffers = 1,
                                          .sessions = role == THM_FOR_SERVER ? 4 : 0,
                                          .handshake_memory = e->handshake};
    size_t size = thm_tls_domain_size(&config);

    parts_read(&e->parts, "root", "server");
    e->server_not_after = e->parts.parts.identity.not_after;
    if (role != THM_FOR_SERVER) {
        parts_read(&e->parts, "root", name);
        strcpy(e->parts.parts.identity.user, "ali");
        strcpy(e->parts.parts.identity.device, "desk");
    }
    e->utc = e->server_not_after - (uint64_t)3000 * 86400;
    EXPECT(thm_credentials_set(&e->credentials, &e->parts.parts,
                               role == THM_FOR_PEER ? THM_FOR_CLIENT : role) == THM_OK);
    EXPECT(thm_tls_domain_init(&e->domain, aligned_alloc(16, size), size, &config) == THM_OK);
    thm_tls_domain_set(e->domain, &e->credentials, NULL);
}

static void shake_hands(const struct end *e, struct thm_tls *t, bool resumed)
{
    while (thm_tls_advance(t, 0, e->utc) != THM_TLS_OPEN) {
        if (t->phase >= THM_TLS_CLOSING)
            fprintf(stderr, "%s: %s (%d)\n", role_name, thm_error_word(t->error), t->bearssl_error);
        EXPECT(t->phase < THM_TLS_CLOSING);
        fd_wait(t->socket, 0);
    }
    EXPECT((t->resumed != 0) == resumed);
    for (size_t i = 0; i < sizeof e->handshake; i++)
        EXPECT(e->handshake[i] == 0);
}

static void say(struct thm_tls *t, const unsigned char *text, size_t len)
{
    while (len > 0 || thm_tls_holds_output(t)) {
        size_t n;
        EXPECT(thm_tls_write(t, text, len, &n) == THM_IO_OK);
        EXPECT(thm_tls_flush(t) != THM_IO_ERROR);
        text += n;
        len -= n;
        if (len > 0 || thm_tls_holds_output(t))
            fd_wait(t->socket, 1);
    }
}

/* What has arrived; 0: the peer has said goodbye. */
static size_t hear(struct thm_tls *t, unsigned char *text, size_t cap)
{
    unsigned char *data;
    size_t n;
    enum thm_io io;

    while ((io = thm_tls_read(t, &data, &n)) == THM_IO_AGAIN)
        fd_wait(t->socket, 0);
    EXPECT(io == THM_IO_OK || (io == THM_IO_EOF && t->error == THM_OK));
    if (io == THM_IO_EOF)
        return 0;
    n = n < cap ? n : cap;
    memcpy(text, data, n);
    thm_tls_consume(t, n);
    return n;
}

static void finish(const struct end *e, struct thm_tls *t)
{
    struct thm_tls_usage usage;

    thm_tls_close(t);
    while (thm_tls_advance(t, 0, e->utc) != THM_TLS_CLOSED)
        fd_wait(t->socket, 0);
    thm_tls_domain_usage(e->domain, &usage);
    EXPECT(usage.engines + usage.handshakes + usage.in_buffers + usage.out_buffers == 0);
}

static void ask(struct thm_tls *t)
{
    static unsigned char text[TEXT_MAX], answer[TEXT_MAX];

    for (size_t i = 0; i < TEXTS; i++) {
        size_t len = 1 + i * (TEXT_MAX - 1) / (TEXTS - 1), heard = 0;
        memset(text, (int)i, len);
        say(t, text, len);
        while (heard < len)
            heard += hear(t, answer + heard, len - heard);
        EXPECT(memcmp(text, answer, len) == 0);
    }
}

static void be_client(struct end *e, thm_socket fd, struct thm_tls_session *session, bool resumed)
{
    struct thm_tls t = {0};

    memset(e->handshake, 0xa5, sizeof e->handshake); /* what was there before */
    EXPECT(thm_tls_connect(&t, e->domain, fd, "chat.example", session) == THM_OK);
    shake_hands(e, &t, resumed);
    EXPECT(t.peer.not_after == e->server_not_after);
    ask(&t);
    finish(e, &t);
}

#if THM_TLS_SERVER
static void answer(struct thm_tls *t)
{
    static unsigned char text[TEXT_MAX];
    size_t n;

    while ((n = hear(t, text, sizeof text)) > 0)
        say(t, text, n);
}
#endif

static void be_server(struct end *e, thm_socket fd, bool resumed)
{
#if THM_TLS_SERVER
    struct thm_tls t = {0};

    EXPECT(thm_tls_accept(&t, e->domain, fd) == THM_OK);
    shake_hands(e, &t, resumed);
    EXPECT(strcmp(t.peer.user, "ali") == 0 && strcmp(t.peer.device, "desk") == 0);
    answer(&t);
    finish(e, &t);
#else
    (void)e, (void)fd, (void)resumed;
    EXPECT(false && "a build with a server");
#endif
}

static void be_peer(struct end *e, thm_socket fd, bool calls)
{
#if THM_CALLS
    const size_t added = 24; /* to a record's plaintext */
    struct thm_tls t = {0};

    memset(e->handshake, 0xa5, sizeof e->handshake);
    fd_longest_record = 0;
    if (calls)
        EXPECT(thm_tls_connect(&t, e->domain, fd, NULL, NULL) == THM_OK);
    else
        EXPECT(thm_tls_accept(&t, e->domain, fd) == THM_OK);
    shake_hands(e, &t, false);
    EXPECT(strcmp(t.peer.user, "ali") == 0 && strcmp(t.peer.device, "desk") == 0);
    if (calls)
        ask(&t);
    else
        answer(&t);
    finish(e, &t);
    EXPECT(fd_longest_record > 0 && fd_longest_record <= THM_PEER_RECORD + added);
#else
    (void)e, (void)fd, (void)calls;
    EXPECT(false && "a build with direct sessions");
#endif
}

int main(int argc, char **argv)
{
    static struct end e;
    struct thm_tls_session session = {0};

    role_name = argc >= 2 ? argv[1] : "?";
    if (argc == 3) {
        bool caller = strcmp(role_name, "caller") == 0;
        make_end(&e, THM_FOR_PEER, argv[2]);
        be_peer(&e, 3, caller);
        be_peer(&e, 4, !caller);
    } else if (strcmp(role_name, "server") == 0) {
        make_end(&e, THM_FOR_SERVER, NULL);
        be_server(&e, 3, false);
        be_server(&e, 4, true);
    } else {
        make_end(&e, THM_FOR_CLIENT, "ali");
        be_client(&e, 3, &session, false);
        be_client(&e, 4, &session, true);
    }
    return 0;
}
