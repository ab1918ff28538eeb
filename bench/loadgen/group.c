#include "group.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "protocol.h"

/* Handshakes at a time. */
#define CONCURRENCY 16
/* Without any progress for so long, a scenario has failed. */
#define PATIENCE_NS (UINT64_C(20) * 1000000000)

void group_init(struct group *g, struct server *s, uint32_t capacity, const char *room)
{
    memset(g, 0, sizeof *g);
    g->server = s;
    g->count = capacity;
    g->clients = calloc(capacity, sizeof *g->clients);
    if (g->clients == NULL)
        die("out of memory");
    snprintf(g->room, sizeof g->room, "%s", room);
}

void group_grow(struct group *g, uint32_t count)
{
    const uint32_t *ready = g->room[0] != '\0' ? &g->joined : &g->online;
    uint64_t give_up = now_ns() + PATIENCE_NS;
    uint32_t before = *ready;

    while (*ready < count) {
        while (g->started < count && g->started - *ready < CONCURRENCY)
            client_open(&g->clients[g->started], g, g->started, NULL);
        loop_turn(give_up);
        if (*ready != before) {
            before = *ready;
            give_up = now_ns() + PATIENCE_NS;
        } else if (now_ns() > give_up) {
            die("%s: %u of %u clients are in, and no more get in", g->server->label, *ready, count);
        }
    }
}

void group_close(struct group *g)
{
    uint64_t give_up = now_ns() + PATIENCE_NS;

    for (uint32_t i = 0; i < g->started; i++) {
        if (g->clients[i].phase != PHASE_CLOSED)
            client_quit(&g->clients[i]);
    }
    while (g->closed < g->started) {
        loop_turn(give_up);
        if (now_ns() > give_up)
            die("%s: closed %u of %u connections", g->server->label, g->closed, g->started);
    }
    for (uint32_t i = 0; i < g->started; i++)
        client_free(&g->clients[i]);
    free(g->clients);
}

void payload_write(char *buf, size_t len, uint64_t seq)
{
    char digits[32];

    snprintf(digits, sizeof digits, "%0*" PRIu64, SEQUENCE_LEN, seq);
    memset(buf, 'x', len);
    memcpy(buf, digits, SEQUENCE_LEN);
}

uint32_t group_size(const struct server *s, uint32_t receivers)
{
    return s->protocol->echoes ? receivers : receivers + 1;
}

struct client *group_publisher(struct group *g, uint32_t receivers)
{
    return &g->clients[g->server->protocol->echoes ? 0 : receivers];
}

/* ------------------------------------------------------------------------------------------- */

static void message_came(struct client *c, uint64_t seq)
{
    struct publisher *p = c->group->context;

    if (c == &c->group->clients[0])
        p->back++;
    if (p->on_message != NULL)
        p->on_message(p, c, seq);
}

void publisher_init(struct publisher *p, struct group *g, uint32_t receivers, size_t size)
{
    memset(p, 0, sizeof *p);
    p->group = g;
    p->client = group_publisher(g, receivers);
    p->receivers = receivers;
    p->size = size;
    g->on_message = message_came;
    g->context = p;
}

void publisher_say(struct publisher *p)
{
    char text[1024];

    payload_write(text, p->size, p->said);
    if (p->on_say != NULL)
        p->on_say(p, p->said);
    p->said++;
    p->group->server->protocol->say(p->client, p->group->room, text, p->size);
}

void publisher_run(struct publisher *p, uint64_t count, unsigned window, uint64_t deliveries)
{
    uint64_t last = p->said + count, target = p->group->messages + deliveries;
    uint64_t before = p->group->messages, give_up = now_ns() + PATIENCE_NS;

    while (p->group->messages < target) {
        while (p->said < last && p->said - p->back < window)
            publisher_say(p);
        loop_turn(give_up);
        if (p->group->messages != before) {
            before = p->group->messages;
            give_up = now_ns() + PATIENCE_NS;
        } else if (now_ns() > give_up) {
            die("%s: %" PRIu64 " messages are missing", p->group->server->label,
                target - p->group->messages);
        }
    }
}
