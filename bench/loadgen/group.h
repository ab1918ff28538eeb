/*
 * Many clients of one server at once.
 */
#ifndef BENCH_GROUP_H
#define BENCH_GROUP_H

#include "client.h"

/**
 * Makes room for `capacity` clients; none is connected yet.
 *
 * @param room  "#name" that every client joins; "" for none
 */
void group_init(struct group *g, struct server *s, uint32_t capacity, const char *room);

/** Connects clients up to number `count`, some at a time, and waits until all are where they belong. */
void group_grow(struct group *g, uint32_t count);

/** Says goodbye for all, waits until the server has closed, and frees them. */
void group_close(struct group *g);

/** Writes a payload: the number, then filler. */
void payload_write(char *buf, size_t len, uint64_t seq);

/** Who publishes in a group of `receivers`: one of them, or one more where senders get no copy. */
struct client *group_publisher(struct group *g, uint32_t receivers);

/** How many clients such a group has. */
uint32_t group_size(const struct server *s, uint32_t receivers);

/* A publisher that has at most `window` messages outstanding: said, and not yet back at client 0. */
struct publisher {
    struct group *group;
    struct client *client;
    uint32_t receivers;
    size_t size; /* bytes of a payload */
    uint64_t said;
    uint64_t back;
    void (*on_message)(struct publisher *p, struct client *c, uint64_t seq); /* may be NULL */
    void (*on_say)(struct publisher *p, uint64_t seq);                       /* may be NULL */
};

void publisher_init(struct publisher *p, struct group *g, uint32_t receivers, size_t size);

/** Says the next message. */
void publisher_say(struct publisher *p);

/** Says `count` messages and waits until the group has received `deliveries` more. */
void publisher_run(struct publisher *p, uint64_t count, unsigned window, uint64_t deliveries);

#endif
