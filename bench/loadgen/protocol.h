/*
 * What the generator says to a server, one table of functions per protocol. All of them send by
 * client_send() and report by the client_*() events of client.h.
 */
#ifndef BENCH_PROTOCOL_H
#define BENCH_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

struct client;

struct protocol {
    const char *name;
    const char *alpn; /* with its length before it; NULL: none */
    bool echoes;      /* who sends gets a copy too */
    bool certificate; /* asks for a client certificate */

    void (*login)(struct client *c);
    void (*join)(struct client *c, const char *room);
    void (*say)(struct client *c, const char *room, const char *text, size_t len);
    void (*quit)(struct client *c);

    /* Takes whole messages from the front of the bytes; returns how many bytes that were. */
    size_t (*parse)(struct client *c, const char *data, size_t len);
};

extern const struct protocol protocol_thimble, protocol_mqtt, protocol_mqtt_kept, protocol_irc;

#endif
