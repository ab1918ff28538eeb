/*
 * sim_internal.h: what the parts of the emulated network share.
 *
 *     sim_world.c   seed, clock, timers, trace, and the loop that drives everything
 *     sim_link.c    connections: two pipes of bytes, their segments, and what befalls them
 *     sim_dial.c    how a connection comes about: name, SYN, backlog, refusal
 *     sim_host.c    hosts: addresses, their loop, death and restart
 *     sim_sock.c    a host's handles, and which of them have something to report
 *     sim_port.c    the thm_port of a host: sockets
 *     sim_local.c   the rest of it: entropy, UTC, non-volatile memory
 */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include "sim_net.h"

/* The largest n that want() may ask for, as port.h says: one TLS record. */
#define SIM_WANT_MAX 16709u

/* Timers: a binary heap; each timer is part of its owner, so nothing dangles. */
struct sim_timer {
    uint64_t due;
    uint64_t order; /* among those due at once */
    size_t place;   /* in the heap, from 1; 0: not set */
    void (*fire)(void *owner);
    void *owner;
};

void sim_timer_set(struct sim_world *world, struct sim_timer *timer, uint64_t due);
void sim_timer_clear(struct sim_world *world, struct sim_timer *timer);

/* Connections --------------------------------------------------------------------------------- */

enum {
    SIM_SEGMENT_FIN = 1 << 0,
    SIM_SEGMENT_RST = 1 << 1,
    SIM_SEGMENT_PURGE = 1 << 2 /* the RST takes what the receiver has not read */
};

struct sim_segment {
    uint32_t len;
    uint32_t flags;
    uint64_t due;
};

#define SIM_SEGMENTS 32u

/* One direction. The ring holds the bytes that have arrived, then those still under way. */
struct sim_pipe {
    struct sim_conn *conn;
    uint8_t *ring;
    uint32_t size;
    uint32_t at;      /* the oldest byte's place in the ring */
    uint32_t arrived; /* bytes that the receiver can read */
    uint32_t flying;  /* bytes under way: they fill the sender's buffer */
    bool finished;    /* FIN was sent */
    bool reset;       /* RST was sent */
    bool cut;
    uint64_t stalled_until;
    unsigned first, count; /* of segments */
    struct sim_segment segments[SIM_SEGMENTS];
    struct sim_timer timer; /* set while the first segment can arrive */
};

enum sim_end_state {
    SIM_END_GONE,    /* not there yet, aborted, or dead */
    SIM_END_BACKLOG, /* waits for accept */
    SIM_END_OPEN,    /* has a handle */
    SIM_END_ORPHAN   /* closed; what it sent is still delivered */
};

enum sim_close { SIM_CLOSE_FLUSH, SIM_CLOSE_RESET, SIM_CLOSE_SILENT };

struct sim_end {
    enum sim_end_state state;
    struct sim_host *host; /* NULL until the dialled name is resolved */
    uint32_t slot;         /* in the host's table, while OPEN */
    bool eof;              /* FIN has arrived */
    bool broken;           /* RST has arrived, or connecting failed */
    struct thm_address address;
    struct sim_pipe out;
};

enum sim_dial_stage {
    SIM_DIAL_RESOLVE, /* the name is looked up */
    SIM_DIAL_SYN,     /* on its way to the listener */
    SIM_DIAL_ANSWER,  /* accepted by the other system, on the way back */
    SIM_DIAL_REFUSED, /* refused, on the way back */
    SIM_DIAL_IGNORED, /* no answer will come */
    SIM_DIAL_DONE
};

/* ends[0] dialled, ends[1] was dialled. */
struct sim_conn {
    struct sim_world *world;
    struct sim_conn *prev, *next;
    struct sim_conn *backlog_next;
    struct sim_end ends[2];
    enum sim_dial_stage stage;
    bool resolved; /* a name was given and looked up */
    char *name;    /* to look up */
    uint32_t send_buffer, recv_buffer;
    struct sim_timer dial;
};

struct sim_conn *sim_conn_new(struct sim_host *dialler);
void sim_conn_free(struct sim_conn *conn);
void sim_conn_reset(struct sim_conn *conn);

/** Frees the connection when nobody can notice any more. Call it last. */
void sim_conn_reap(struct sim_conn *conn);

/** How long nothing gets through between the ends: 0, a time, or SIM_FOREVER. */
uint64_t sim_conn_blocked(const struct sim_conn *conn);

/** Tries again everything that a block held up. */
void sim_conn_unblock(struct sim_conn *conn);

/** What a transfer between the ends takes now. */
uint64_t sim_latency(struct sim_world *world);

/** Queues `len` bytes, which must fit sim_pipe_room(). */
void sim_pipe_write(struct sim_pipe *pipe, const uint8_t *bytes, uint32_t len);
uint32_t sim_pipe_room(const struct sim_pipe *pipe);

/** Takes `len` of the arrived bytes (buf NULL: drops them). */
void sim_pipe_read(struct sim_pipe *pipe, uint8_t *buf, uint32_t len);

/** Sends what only flags say, after all bytes. */
void sim_pipe_signal(struct sim_pipe *pipe, uint32_t flags);

/** Drops what is under way, then resets. */
void sim_pipe_abort(struct sim_pipe *pipe);

/** Lets the first segment arrive when it can. */
void sim_pipe_kick(struct sim_pipe *pipe);

/** The end is closed: what it had queued is still sent, what comes now is answered by a reset. */
void sim_end_close(struct sim_conn *conn, unsigned side);

/** The end resets the connection (told) or falls silent. Both may free the connection. */
void sim_end_abort(struct sim_conn *conn, unsigned side, bool told);

/** The connection breaks at an end that keeps its handle; the peer gets a reset. */
void sim_end_fail(struct sim_conn *conn, unsigned side);

/** Starts to dial: a name, or (NULL) the address in ends[1]. `number` is the TCP port. */
void sim_dial_start(struct sim_conn *conn, const char *name, uint16_t number);

/** Goes on dialling after a block. */
void sim_dial_kick(struct sim_conn *conn);

/** The dialler still waits for the outcome. */
bool sim_dialling(const struct sim_conn *conn, unsigned side);

/* Hosts --------------------------------------------------------------------------------------- */

enum sim_sock_kind { SIM_SOCK_FREE, SIM_SOCK_LISTENER, SIM_SOCK_STREAM };

struct sim_sock {
    enum sim_sock_kind kind;
    uint16_t generation;
    uint32_t tag;
    bool queued;      /* in the host's ready list */
    uint32_t extra;   /* events to report for no reason */
    bool read_armed;  /* READ (of a listener ACCEPT) is owed when it becomes true */
    bool write_armed; /* WRITE likewise */
    bool told_resolved;
    bool told_eof;
    bool told_broken;
    /* a stream: */
    struct sim_conn *conn;
    unsigned side;
    uint32_t want;     /* bytes that READ stands for */
    uint32_t promised; /* bytes that were said to wait: recv must give them in one piece */
    bool recv_held;    /* the rest of a shortened recv has "not arrived" until the next wait */
    bool send_held;    /* likewise the room after a shortened send */
    /* a listener: */
    struct thm_address address;
    struct sim_conn *backlog_first, *backlog_last;
    unsigned backlog_count;
};

#define SIM_LISTENERS 16u

struct sim_nv {
    uint8_t *data;
    size_t len;
};

struct sim_host {
    struct thm_port port; /* first: the port is the host */
    struct sim_world *world;
    const char *name;
    char ip[16];
    uint16_t id;   /* from 1 */
    bool dark;     /* dead without a word */
    bool shielded; /* behind a translator */
    bool woken, poked, due, runnable;
    struct sim_program program; /* step NULL: none runs */
    struct sim_timer timer;     /* the program's deadline */
    unsigned idle_steps;        /* without events at one instant: more than a few are a livelock */
    uint64_t idle_at;
    uint64_t partitioned_until;
    bool partition_by_chance;
    uint64_t clock_offset; /* host clock - world clock */
    bool utc_set;
    uint64_t utc_offset; /* UTC - host clock, modulo 2^64 */
    uint64_t entropy_state;
    uint64_t calls, fail_at;
    uint16_t last_number; /* TCP port that was picked */
    struct sim_nv nv[2];
    struct sim_sock *socks;
    uint32_t sock_cap, sock_used, open;
    uint32_t listeners[SIM_LISTENERS]; /* their slots */
    unsigned listener_count;
    uint32_t *free_slots; /* a stack */
    uint32_t free_count;
    uint32_t *ready; /* slots that may have something to report */
    uint32_t ready_count, ready_cap;
};

extern const struct thm_port_ops sim_port_ops;

int sim_entropy(struct thm_port *port, void *buf, size_t len);
int sim_utc(struct thm_port *port, uint64_t *ms);
int sim_nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n);
int sim_nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len);

/** Counts a call that can fail; true if it is the one that has to. */
bool sim_call_fails(struct sim_host *host, const char *call);

/** A new socket of the host, NULL when there are too many of its kind; it stays in place until the
 * next one is made. */
struct sim_sock *sim_sock_new(struct sim_host *host, enum sim_sock_kind kind, uint32_t tag,
                              uint32_t *slot);
thm_socket sim_sock_handle(const struct sim_host *host, uint32_t slot);

/** The socket behind a handle, of any kind if SIM_SOCK_FREE; NULL after reporting the breach. */
struct sim_sock *sim_sock_get(struct sim_host *host, thm_socket s, enum sim_sock_kind kind,
                              const char *call, uint32_t *slot);

/** Gives the handle back; nothing happens to a free slot. */
void sim_sock_close(struct sim_host *host, uint32_t slot, enum sim_close how);

/** Puts the socket on the ready list if it has something to report. */
void sim_sock_kick(struct sim_host *host, uint32_t slot);
void sim_end_kick(struct sim_end *end);

/** Takes what the socket, now off the ready list, has to report; 0: nothing any more. */
uint32_t sim_sock_report(struct sim_host *host, uint32_t slot);

/** Perhaps lets a socket report something for no reason. */
void sim_host_spurious(struct sim_host *host);

/** The host's listener that takes connections to this address. */
struct sim_sock *sim_host_listener(struct sim_host *host, const struct thm_address *to,
                                   uint32_t *slot);
struct sim_host *sim_host_by_name(struct sim_world *world, const char *name);
struct sim_host *sim_host_by_address(struct sim_host *from, const struct thm_address *to);
struct thm_address sim_host_address(const struct sim_host *host, uint16_t number);
bool sim_address_any(const struct thm_address *a);

void sim_host_runnable(struct sim_host *host);

/** One turn of the host's loop, if there is anything to do. */
void sim_host_turn(struct sim_host *host);
void sim_host_free(struct sim_host *host);

/* The world ----------------------------------------------------------------------------------- */

struct sim_world {
    uint64_t seed;
    uint64_t rng;
    uint64_t now;
    uint64_t order;
    uint64_t hash;
    bool trace;
    struct sim_faults faults;
    void (*breach)(void *ctx, const char *what);
    void *breach_ctx;
    struct sim_timer **heap; /* from index 1 */
    size_t heap_cap, heap_count;
    struct sim_host **hosts;
    unsigned host_cap, host_count;
    struct sim_host **runnable;
    unsigned runnable_count;
    struct sim_conn *conns;
};

/** Advances a generator (splitmix64). */
uint64_t sim_random_next(uint64_t *state);

/** 1 .. max (max 0 counts as 1). */
uint64_t sim_random_size(struct sim_world *world, uint64_t max);
bool sim_chance(struct sim_world *world, uint32_t ppm);

/** Takes part in the trace: something of `host` (or NULL) happened. */
void sim_note(struct sim_world *world, const struct sim_host *host, const char *what, uint64_t a,
              uint64_t b);
void sim_note_bytes(struct sim_world *world, const uint8_t *bytes, size_t len);

/** Reports a breach of contract. */
void sim_breach(struct sim_host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** malloc family that never fails. */
void *sim_alloc(size_t size);
void *sim_realloc(void *old, size_t size);

#endif
