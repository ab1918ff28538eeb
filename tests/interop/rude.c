/*
 * rude PORT CERT KEY WHAT: logs in, does what no client should, and waits until the server has closed the
 * connection; or, for what is not worth that, until its standard input ends.
 *
 *   noise        bytes that are no TLS record, after login
 *   forged       a record of the right form with a damaged byte
 *   oversized    a record header that announces more than TLS allows
 *   half-record  half of a record, and nothing more
 *   full-records lines in records of 16,384 B, which are to be taken
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls_peer.h"

#define RECORD  16384
#define RECORDS 8
#define LINE    64 /* bytes, newline included */

/* A record that holds one message. */
static size_t make_record(struct tls_peer *p, unsigned char *buf, size_t cap)
{
    static const char line[] = "{\"msgtype\":\"say\",\"text\":\"never to be heard\"}\n";
    SSL_write(p->ssl, line, sizeof line - 1);
    return peer_take(p, buf, cap);
}

static void noise(struct tls_peer *p)
{
    static const char text[] = "this is not TLS at all, but somebody who shouts\n";
    peer_send(p, text, sizeof text);
}

static void forged(struct tls_peer *p)
{
    unsigned char record[RECORD];
    size_t len = make_record(p, record, sizeof record);
    record[len / 2] ^= 1;
    peer_send(p, record, len);
}

static void oversized(struct tls_peer *p)
{
    static const unsigned char header[] = {23, 3, 3, 0x50, 0x00};
    peer_send(p, header, sizeof header);
}

static void half_record(struct tls_peer *p)
{
    unsigned char record[RECORD];
    size_t len = make_record(p, record, sizeof record);
    peer_send(p, record, len / 2);
}

/* RECORDS whole records of one ping after another; the very last line is a message. */
static void full_records(struct tls_peer *p)
{
    static char data[RECORD + 1], record[2 * RECORD];
    for (unsigned i = 0; i < RECORDS; i++) {
        for (size_t at = 0; at < RECORD; at += LINE)
            snprintf(data + at, LINE + 1, "%-*s\n", LINE - 1,
                     i == RECORDS - 1 && at == RECORD - LINE
                         ? "{\"msgtype\":\"say\",\"text\":\"after full records\"}"
                         : "{\"msgtype\":\"ping\",\"id\":\"one-of-many\"}");
        SSL_write(p->ssl, data, RECORD);
        size_t len = peer_take(p, record, sizeof record);
        if (len < RECORD || peer_take(p, record + len, 1) != 0)
            peer_die("not one record");
        peer_send(p, record, len);
    }
    if (!peer_hear(p, "after full records"))
        peer_die("full records are not taken");
}

static const struct {
    const char *word;
    void (*act)(struct tls_peer *p);
    int is_final; /* the server closes the connection for it */
} deeds[] = {{"noise", noise, 1},
             {"forged", forged, 1},
             {"oversized", oversized, 1},
             {"half-record", half_record, 0},
             {"full-records", full_records, 0}};

/* What the program's exit status is: 0 when the server did what it should. */
static int run(struct tls_peer *p, void (*act)(struct tls_peer *p), int is_final)
{
    char end;
    act(p);
    puts("{\"done\":true}");
    fflush(stdout);
    return is_final ? peer_hear(p, "never to be heard") : read(STDIN_FILENO, &end, 1) != 0;
}

int main(int argc, char **argv)
{
    struct tls_peer peer;
    for (size_t i = 0; argc == 5 && i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(argv[4], deeds[i].word) != 0)
            continue;
        SSL_CTX *context = peer_context(argv[2], argv[3]);
        peer_log_in(&peer, (uint16_t)atoi(argv[1]), context);
        int result = run(&peer, deeds[i].act, deeds[i].is_final);
        peer_end(&peer);
        SSL_CTX_free(context);
        return result;
    }
    fputs("Usage: rude PORT CERT KEY noise|forged|oversized|half-record|full-records\n", stderr);
    return 2;
}
