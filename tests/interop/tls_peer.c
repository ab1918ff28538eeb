#include "tls_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 16384

_Noreturn void peer_die(const char *what)
{
    fprintf(stderr, "not ok - %s\n", what);
    exit(1);
}

int peer_connect(uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        peer_die("can't connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

SSL_CTX *peer_context(const char *cert, const char *key)
{
    static const unsigned char alpn[] = "\x09thimble/1";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) ||
        SSL_CTX_set_alpn_protos(context, alpn, sizeof alpn - 1) != 0)
        peer_die("OpenSSL does not start");
    if (cert != NULL && (SSL_CTX_use_certificate_file(context, cert, SSL_FILETYPE_PEM) != 1 ||
                         SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1))
        peer_die("the certificate can't be used");
    return context;
}

size_t peer_take(struct tls_peer *p, void *buf, size_t cap)
{
    int n = BIO_read(p->out, buf, (int)cap);
    return n > 0 ? (size_t)n : 0;
}

void peer_send(const struct tls_peer *p, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(p->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            peer_die("the server does not take it");
        at += n;
        len -= (size_t)n;
    }
}

static void flush(struct tls_peer *p)
{
    char bytes[CHUNK];
    size_t n;
    while ((n = peer_take(p, bytes, sizeof bytes)) > 0)
        peer_send(p, bytes, n);
}

/* Waits for bytes of the server; 0 when it has closed. */
static int receive(struct tls_peer *p)
{
    char bytes[CHUNK];
    flush(p);
    ssize_t n = recv(p->fd, bytes, sizeof bytes, 0);
    if (n > 0)
        BIO_write(p->in, bytes, (int)n);
    return n > 0;
}

void peer_greet(struct tls_peer *p, uint16_t port, SSL_CTX *context)
{
    static const char hello[] = "{\"msgtype\":\"hello\"}\n";
    p->fd = peer_connect(port);
    p->ssl = SSL_new(context);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    SSL_set_bio(p->ssl, p->in, p->out);
    while (SSL_connect(p->ssl) != 1)
        if (!receive(p))
            peer_die("the handshake failed");
    SSL_write(p->ssl, hello, sizeof hello - 1);
}

void peer_log_in(struct tls_peer *p, uint16_t port, SSL_CTX *context)
{
    peer_greet(p, port, context);
    if (!peer_hear(p, "\"room\":\"#lobby\""))
        peer_die("not let in");
}

void peer_end(struct tls_peer *p)
{
    close(p->fd);
    SSL_free(p->ssl);
}

static char heard[2 * CHUNK + 1];

const char *peer_heard(void)
{
    return heard;
}

int peer_hear(struct tls_peer *p, const char *text)
{
    size_t len = 0;
    for (;;) {
        int n = SSL_read(p->ssl, heard + len, CHUNK);
        len += n > 0 ? (size_t)n : 0;
        heard[len] = '\0';
        if (strstr(heard, text) != NULL)
            return 1;
        if (len > CHUNK) {
            memmove(heard, heard + len - CHUNK / 2, CHUNK / 2);
            len = CHUNK / 2;
        }
        if (n <= 0 && !receive(p))
            return 0;
    }
}
