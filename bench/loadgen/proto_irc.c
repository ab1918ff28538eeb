/*
 * IRC (RFC 2812): who sends gets no copy; a client is online once the message of the day has ended, and
 * in a channel once the list of its members has.
 */
#include "protocol.h"

#include <stdio.h>
#include <string.h>

#include "client.h"

#define LINE_LEN 512

static void login(struct client *c)
{
    char line[128];

    int n = snprintf(line, sizeof line, "NICK u%u\r\nUSER u%u 0 * :bench\r\n", c->identity,
                     c->identity);
    client_send(c, line, (size_t)n);
}

static void join(struct client *c, const char *room)
{
    char line[128];

    int n = snprintf(line, sizeof line, "JOIN %s\r\n", room);
    client_send(c, line, (size_t)n);
}

static void say(struct client *c, const char *room, const char *text, size_t len)
{
    char line[LINE_LEN];

    int n = snprintf(line, sizeof line, "PRIVMSG %s :%.*s\r\n", room, (int)len, text);
    client_send(c, line, (size_t)n);
}

static void quit(struct client *c)
{
    client_send(c, "QUIT\r\n", 6);
}

static void reply(struct client *c, const char *code, const char *line, size_t len)
{
    if (memcmp(code, "376", 3) == 0 || memcmp(code, "422", 3) == 0)
        client_online(c);
    else if (memcmp(code, "366", 3) == 0)
        client_joined(c);
    else if (*code == '4' || *code == '5')
        client_refused(c, line, len);
}

static void read_line(struct client *c, const char *line, size_t len)
{
    static const char privmsg[] = "PRIVMSG ";
    const char *end = line + len;

    if (len >= 4 && memcmp(line, "PING", 4) == 0) {
        client_send(c, "PONG", 4);
        client_send(c, line + 4, len - 4);
        client_send(c, "\r\n", 2);
        return;
    }
    if (len >= 5 && memcmp(line, "ERROR", 5) == 0 && !c->may_close)
        client_refused(c, line, len);
    const char *word = *line == ':' ? memchr(line, ' ', len) : NULL;
    if (word == NULL || end - ++word < 4)
        return;
    if (*word >= '0' && *word <= '9') {
        reply(c, word, line, len);
    } else if ((size_t)(end - word) > sizeof privmsg && memcmp(word, privmsg, 8) == 0) {
        const char *text = memchr(word, ':', (size_t)(end - word));
        if (text != NULL)
            client_message(c, text + 1, (size_t)(end - text - 1));
    }
}

static size_t parse(struct client *c, const char *data, size_t len)
{
    size_t done = 0;
    const char *end;

    while ((end = memchr(data + done, '\n', len - done)) != NULL) {
        size_t line = (size_t)(end - data) - done;
        read_line(c, data + done, line > 0 && end[-1] == '\r' ? line - 1 : line);
        done += line + 1;
    }
    return done;
}

const struct protocol protocol_irc = {
    .name = "irc",
    .login = login,
    .join = join,
    .say = say,
    .quit = quit,
    .parse = parse,
};
