/*
 * Two boards on one cable, and the time that passes for both: OWN, whose port is tested, and PEER at its other end.
 * Nothing waits for real: a turn runs both, and when nobody has anything to do, a millisecond passes.
 */
#ifndef TEST_LWIP_WORLD_H
#define TEST_LWIP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lwip/node.h"
#include "thimble/board.h"

enum { OWN, PEER };
enum { LISTENER = 1, ACCEPTED = 2, DIALLED = 3, OTHER = 4 };

#define SERVICE      7000 /* that listeners listen at */
#define OWN_ADDRESS  "10.0.0.1"
#define PEER_ADDRESS "10.0.0.2"
#define WORLD_FRAMES 64 /* on the cable at a time, each way; more are lost */
#define WORLD_EVENTS 256

struct world_frame {
    uint64_t due_ms; /* 0: none */
    size_t len;
    uint8_t bytes[NODE_FRAME_MAX];
};

struct world;

struct node {
    struct world *world;
    unsigned which;   /* OWN or PEER */
    const char *file; /* its module */
    void *module;     /* NULL: switched off */
    struct node_host host;
    const struct node_api *api;
    struct thm_port *port;
    const struct thm_port_ops *ops;
    struct world_frame inbound[WORLD_FRAMES];
    struct thm_event events[WORLD_EVENTS]; /* reported, and asked for by no test yet */
    unsigned event_count;
    uint8_t storage[THM_BOARD_SLOTS][THM_BOARD_SLOT_SIZE];
    bool input; /* the console has some */
};

struct world {
    struct node nodes[2];
    uint64_t now_ms;
    uint32_t random;      /* state of the faults' generator */
    unsigned lose_one_in; /* frames; 0: none is lost */
    unsigned delay_ms;    /* at most; by it, frames overtake each other */
    bool cut;             /* nothing passes */
    bool loses_data;      /* of OWN's frames none passes that is larger than an acknowledgement */
    uint32_t name_server_says;        /* network order; 0: that there is no such name */
    bool name_server_is_silent;       /* PEER's address has a name server, too */
    uint16_t syn_number;              /* of the last SYN that OWN sent: its port */
    uint32_t syn_sequence;            /* and its sequence number */
    unsigned syns;                    /* that OWN has sent */
    uint32_t longest_idle_ms;         /* that a node was ready to sleep */
    void (*on_idle)(struct world *w); /* NULL: nothing more happens then */
};

/* cmocka set-up and tear-down: OWN as a board is by default, or sized for a server, as PEER always is; or of any module. */
int set_up_small(void **state);
int set_up_large(void **state);
int set_up_with(void **state, const char *own_file);
int tear_down(void **state);

/** Switches a node off, and on again with what its storage holds. Its `address` NULL: none, and DHCP finds no server. */
void restart(struct world *w, unsigned which, const char *address);

/** Runs both nodes once; a millisecond passes if there was nothing to do. */
void turn(struct world *w);

/** Turns for so many milliseconds. */
void run_for(struct world *w, unsigned ms);

/** Turns until `tag` of a node has had all of `what`; fails after 200 s. Returns what was reported for the tag. */
unsigned await(struct world *w, unsigned which, uint32_t tag, unsigned what);

/** Fails when anything is reported for `tag` of OWN within `ms`, or was before. */
void expect_silence(struct world *w, uint32_t tag, unsigned ms);

/** The peer listens at SERVICE, OWN dials: the two ends. */
void connect_both(struct world *w, thm_socket *own, thm_socket *peer);

/** Sends or receives exactly `len` bytes. */
void send_all(struct world *w, unsigned which, thm_socket s, uint32_t tag, const void *buf,
              size_t len);
void receive_all(struct world *w, unsigned which, thm_socket s, uint32_t tag, void *buf,
                 size_t len);

/** Receives until the end, which is returned: THM_IO_EOF or THM_IO_ERROR. */
enum thm_io receive_end(struct world *w, unsigned which, thm_socket s, uint32_t tag);

/** Takes the largest piece of a node's heap, so that lwIP has none. */
void *take_heap(struct node *n);

/** Lets time pass until lwIP is through with what was closed: nothing may be lent then. */
void expect_nothing_lent(struct world *w, unsigned which);

#endif
