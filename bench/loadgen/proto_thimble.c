/*
 * thimble: one JSON object a line. The generator knows the server's lines by their beginning, because
 * the server always writes the keys in the same order.
 */
#include "protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "loop.h"

#define CREDIT   65536
#define LINE_LEN 2048

/* Another client with each connection, so that its numbers may begin anew. */
static void login(struct client *c)
{
    char line[128];

    int n =
        snprintf(line, sizeof line,
                 "{\"msgtype\":\"hello\",\"client\":\"%016llx\",\"credit\":%d,\"resume\":true}\n",
                 (unsigned long long)now_ns(), CREDIT);
    client_send(c, line, (size_t)n);
}

static void join(struct client *c, const char *room)
{
    char line[128];

    int n = snprintf(line, sizeof line, "{\"msgtype\":\"join\",\"room\":\"%s\"}\n", room);
    client_send(c, line, (size_t)n);
}

static void say(struct client *c, const char *room, const char *text, size_t len)
{
    char line[LINE_LEN];

    int n = snprintf(line, sizeof line,
                     "{\"msgtype\":\"say\",\"room\":\"%s\",\"csn\":%llu,\"text\":\"%.*s\"}\n", room,
                     (unsigned long long)++c->said, (int)len, text);
    client_send(c, line, (size_t)n);
}

static void quit(struct client *c)
{
    static const char line[] = "{\"msgtype\":\"quit\"}\n";

    client_send(c, line, sizeof line - 1);
}

/* The value of a key, up to its end, or NULL. The last occurrence: `text` comes last. */
static const char *find(const char *line, size_t len, const char *key)
{
    const char *at = memmem(line, len, key, strlen(key));

    return at != NULL ? at + strlen(key) : NULL;
}

static uint64_t number(const char *line, size_t len, const char *key, uint64_t otherwise)
{
    const char *at = find(line, len, key);

    return at != NULL ? strtoull(at, NULL, 10) : otherwise;
}

static void granted(struct client *c, const char *line, size_t len)
{
    if (find(line, len, "\"GRANTED\"") == NULL)
        client_refused(c, line, len);
    c->credit = number(line, len, "\"credit\":", CREDIT);
    client_online(c);
}

static void message(struct client *c, const char *line, size_t len)
{
    const char *text = find(line, len, ",\"text\":\"");

    if (text == NULL)
        client_refused(c, line, len);
    client_message(c, text, (size_t)(line + len - 2 - text)); /* without "} */
}

static void gap(struct client *c, const char *line, size_t len)
{
    client_gap(c, number(line, len, "\"first\":", 1), number(line, len, "\"last\":", 0));
}

static void nothing(struct client *c, const char *line, size_t len)
{
    (void)c;
    (void)line;
    (void)len;
}

static void stored(struct client *c, const char *line, size_t len)
{
    (void)line;
    (void)len;
    client_stored(c);
}

static void certified(struct client *c, const char *line, size_t len)
{
    if (find(line, len, "\"certificate\":\"") == NULL)
        client_refused(c, line, len);
    client_stored(c);
}

static void joined(struct client *c, const char *line, size_t len)
{
    (void)line;
    (void)len;
    client_joined(c);
}

static void read_line(struct client *c, const char *line, size_t len)
{
    static const struct {
        const char *type;
        void (*take)(struct client *c, const char *line, size_t len);
    } types[] = {
        {"message\"", message},         {"accepted\"", stored},
        {"stored\"", stored},           {"enroll_reply\"", certified},
        {"whisper\"", message},         {"presence\"", nothing},
        {"joined\"", joined},           {"gap\"", gap},
        {"auth_reply\"", granted},      {"room\"", nothing},
        {"notice\"", nothing},          {"refused\"", client_refused},
        {"error\"", client_refused},    {"full\"", client_refused},
        {"replaced\"", client_refused},
    };
    static const char start[] = "{\"msgtype\":\"";
    const size_t skip = sizeof start - 1;

    if (len < skip || memcmp(line, start, skip) != 0)
        client_refused(c, line, len);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i].type);
        if (len - skip >= n && memcmp(line + skip, types[i].type, n) == 0) {
            types[i].take(c, line, len);
            return;
        }
    }
}

static void acknowledge(struct client *c)
{
    char line[64];

    if (c->received - c->acknowledged < c->credit / 2)
        return;
    c->acknowledged = c->received;
    int n = snprintf(line, sizeof line, "{\"msgtype\":\"ack\",\"bytes\":%llu}\n",
                     (unsigned long long)c->received);
    client_send(c, line, (size_t)n);
}

static size_t parse(struct client *c, const char *data, size_t len)
{
    size_t done = 0;
    const char *end;

    while ((end = memchr(data + done, '\n', len - done)) != NULL) {
        size_t line = (size_t)(end - data) - done;
        if (c->phase != PHASE_LOGIN) /* what comes after auth_reply counts */
            c->received += line + 1;
        read_line(c, data + done, line);
        done += line + 1;
    }
    if (c->phase >= PHASE_ONLINE)
        acknowledge(c);
    return done;
}

const struct protocol protocol_thimble = {
    .name = "thimble",
    .alpn = "\x09thimble/1",
    .echoes = true,
    .certificate = true,
    .login = login,
    .join = join,
    .say = say,
    .quit = quit,
    .parse = parse,
};
