/*
 * lan.h: the boards and the switch between them. Each board is on a pair of UNIX datagram sockets, one raw frame a
 * datagram: the hub's is PATH.hub, the board's PATH.board, as `-netdev dgram` of QEMU has it.
 */
#ifndef HUB_LAN_H
#define HUB_LAN_H

#include <sys/un.h>

#include "gateway.h"
#include "inject.h"
#include "link.h"
#include "pcap.h"

#define LAN_BOARDS 8

struct traffic {
    unsigned long frames, bytes;
};

struct board {
    const char *name;
    int fd;
    struct sockaddr_un peer;
    struct link from, to; /* seen from the board: what it sends, what it is sent */
    struct traffic sent, received;
    unsigned char mac[MAC_SIZE], ip[IP_SIZE]; /* of the last frame that it sent */
    struct injector injector;
};

struct lan {
    struct board *boards; /* LAN_BOARDS */
    unsigned count;
    struct gateway *gateway;
    FILE *capture; /* NULL: none */
};

/** Attaches a board. False, with errno: it can't be. `name` must live on. */
bool lan_attach(struct lan *l, const char *name, const char *path, uint64_t seed);

/** The board of that name, or NULL. */
struct board *lan_find(struct lan *l, const char *name);

/** Takes what a board has sent. */
void lan_receive(struct board *b, uint64_t now_ms);

/** Moves every frame that is due. Returns when to call again at the latest. */
uint64_t lan_run(struct lan *l, uint64_t now_ms);

/** A frame from the gateway, as gateway_new()'s `send`; ctx is the lan. */
void lan_from_gateway(void *ctx, const struct frame *f);

uint64_t lan_now_ms(void);

#endif
