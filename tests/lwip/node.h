/*
 * A board with a stack, in a module of its own: lwIP's state is global, so a program that wants two stacks loads two
 * modules. To load one anew is to switch the board off and on.
 *
 * The host, the program that loads it, is all that the board is wired to, its clock included.
 */
#ifndef TEST_LWIP_NODE_H
#define TEST_LWIP_NODE_H

#include "thimble/port_lwip.h"

#define NODE_FRAME_MAX 1514

struct node_host {
    void *ctx; /* passed to all */
    uint64_t (*now_ms)(void *ctx);
    void (*idle)(void *ctx, uint32_t ms);
    bool (*input_waits)(void *ctx);
    size_t (*receive)(void *ctx, void *frame, size_t cap); /* 0: none waits */
    void (*transmit)(void *ctx, const void *frame, size_t len);
    int (*storage_read)(void *ctx, unsigned slot, void *buf, size_t len);
    int (*storage_write)(void *ctx, unsigned slot, const void *buf, size_t len);
    uint8_t mac[6];
};

struct node_api {
    int (*start)(const struct node_host *host, const struct thm_lwip_config *config);
    struct thm_port *(*port)(void);
    bool (*has_address)(char text[16]);
    void (*usage)(struct thm_lwip_usage *out);
    uint32_t (*boots)(void);
    /* Lends out lwIP's heap, so that it runs short of it; NULL: it has. */
    void *(*take_heap)(size_t bytes);
    void (*give_heap)(void *taken);
};

/* The only symbol that a module shows. */
#define NODE_SYMBOL "node_api"

#endif
