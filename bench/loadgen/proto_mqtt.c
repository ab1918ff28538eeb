/*
 * MQTT 3.1.1 (OASIS standard): quality of service 0 with clean sessions, and quality of service 1 with sessions that
 * are kept.
 */
#include "protocol.h"

#include <stdio.h>
#include <string.h>

#include "client.h"

enum { CONNACK = 0x20, PUBLISH = 0x30, PUBACK = 0x40, SUBACK = 0x90 };

#define PACKET_MAX 4096

/* A string with its length before it (section 1.5.3). */
static size_t put_string(char *at, const char *s)
{
    size_t len = strlen(s);

    at[0] = (char)(len >> 8);
    at[1] = (char)len;
    memcpy(at + 2, s, len);
    return len + 2;
}

/* Sends a packet whose rest is at most PACKET_MAX bytes (section 2.2). */
static void send_packet(struct client *c, unsigned type, const char *rest, size_t len)
{
    char packet[PACKET_MAX + 3];
    size_t n = 0;

    packet[n++] = (char)type;
    if (len >= 128)
        packet[n++] = (char)(len % 128 | 128);
    packet[n++] = (char)(len >= 128 ? len / 128 : len);
    memcpy(packet + n, rest, len);
    client_send(c, packet, n + len);
}

static bool keeps(const struct client *c)
{
    return c->group->server->protocol == &protocol_mqtt_kept;
}

static void login(struct client *c)
{
    /* protocol name and level, a clean session or not, no keep-alive */
    const char head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, keeps(c) ? 0 : 2, 0, 0};
    char rest[64], name[16];

    memcpy(rest, head, sizeof head);
    snprintf(name, sizeof name, "u%u", c->identity);
    send_packet(c, 0x10, rest, sizeof head + put_string(rest + sizeof head, name));
}

static void join(struct client *c, const char *room)
{
    char rest[64] = {0, 1}; /* packet identifier */

    size_t len = 2 + put_string(rest + 2, room + 1); /* '#' is a wildcard in topics */
    rest[len++] = keeps(c);
    send_packet(c, 0x82, rest, len);
}

static void say(struct client *c, const char *room, const char *text, size_t len)
{
    char rest[PACKET_MAX];

    size_t n = put_string(rest, room + 1);
    if (keeps(c)) { /* a packet identifier: 1 to 2^15 in turn */
        unsigned id = (unsigned)(c->said++ % 32768) + 1;
        rest[n++] = (char)(id >> 8);
        rest[n++] = (char)id;
    }
    memcpy(rest + n, text, len);
    send_packet(c, keeps(c) ? PUBLISH | 2 : PUBLISH, rest, n + len);
}

static void quit(struct client *c)
{
    send_packet(c, 0xe0, "", 0);
}

static void read_packet(struct client *c, unsigned type, const char *rest, size_t len)
{
    switch (type & 0xf0) {
    case CONNACK:
        if (len != 2 || rest[1] != 0)
            client_refused(c, "CONNACK refuses", 15);
        client_online(c);
        break;
    case PUBACK: client_stored(c); break;
    case SUBACK: client_joined(c); break;
    case PUBLISH: {
        size_t topic = 2 + ((size_t)(unsigned char)rest[0] << 8 | (unsigned char)rest[1]);
        if ((type & 6) != 0) {
            send_packet(c, PUBACK, rest + topic, 2);
            topic += 2;
        }
        client_message(c, rest + topic, len - topic);
        break;
    }
    default: break;
    }
}

static size_t parse(struct client *c, const char *data, size_t len)
{
    size_t done = 0;

    while (len - done >= 2) {
        const unsigned char *at = (const unsigned char *)data + done;
        size_t head = 1, rest = 0, left = len - done;
        unsigned shift = 0;
        do {
            if (head == left)
                return done;
            rest |= (size_t)(at[head] & 127) << shift;
            shift += 7;
        } while (at[head++] & 128);
        if (left - head < rest)
            return done;
        read_packet(c, at[0], data + done + head, rest);
        done += head + rest;
    }
    return done;
}

const struct protocol protocol_mqtt = {
    .name = "mqtt",
    .echoes = true,
    .certificate = true,
    .login = login,
    .join = join,
    .say = say,
    .quit = quit,
    .parse = parse,
};

const struct protocol protocol_mqtt_kept = {
    .name = "mqtt-kept",
    .echoes = true,
    .certificate = true,
    .login = login,
    .join = join,
    .say = say,
    .quit = quit,
    .parse = parse,
};
