/*
 * gateway.h: what connects the boards to the host: DHCP, and TCP and UDP to the host's own address 10.0.2.2, which
 * are the host's 127.0.0.1 (libslirp). It ends TCP on both sides; what does not survive that is injected.
 */
#ifndef HUB_GATEWAY_H
#define HUB_GATEWAY_H

#include <poll.h>

#include "frame.h"

#define GATEWAY_FDS 64

struct gateway;

/** Frames for the boards come to `send`, in later calls. NULL: no memory. */
struct gateway *gateway_new(void (*send)(void *ctx, const struct frame *f), void *ctx);

void gateway_free(struct gateway *g);

/** A frame from a board. */
void gateway_input(struct gateway *g, const struct frame *f);

/** Fills in what to poll for and shortens the timeout, in ms. Returns the descriptors used. */
unsigned gateway_prepare(struct gateway *g, struct pollfd fds[GATEWAY_FDS], uint32_t *timeout);
void gateway_run(struct gateway *g, struct pollfd *fds);

/** Forwards a free port of the host's loopback to a board's. Returns it, or -1. */
int gateway_forward(struct gateway *g, const unsigned char ip[IP_SIZE], uint16_t port);

#endif
