/*
 * What the files of this port share.
 *
 *   table.c    the sockets' table, handles, lists       ready.c    wait(), events, wake, watches
 *   listen.c   listen and accept                        epoll.c, poll.c   the two backends
 *   socket.c   recv, send, want, close ...              resolve.c  names, in a thread
 *   dial.c     connect: one address after another       nv.c, clock.c, address.c
 *
 * Edges, the same on both backends: a socket's `armed` bits say which conditions may be reported.
 * Reporting a condition disarms it; a call that finds the condition gone arms it again.
 */
#ifndef THM_PORT_POSIX_INTERNAL_H
#define THM_PORT_POSIX_INTERNAL_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "thimble/error.h"
#include "thimble/port_posix.h"

#define POSIX_NO_INDEX UINT32_MAX

/* How many addresses of one name are tried. */
#define POSIX_DIAL_MAX 8u

/* A listener that met "too many open files" is tried again after so many ms. */
#define POSIX_STARVED_MS 100u

enum posix_state {
    POSIX_FREE = 0,
    POSIX_LISTENING,
    POSIX_RESOLVING,  /* no descriptor yet */
    POSIX_CONNECTING, /* a non-blocking connect is under way */
    POSIX_OPEN,
    POSIX_FAILED /* never connected; `error` says why */
};

/* What a backend found at a descriptor. */
enum {
    POSIX_IN = 1 << 0,
    POSIX_OUT = 1 << 1,
    POSIX_DONE = 1 << 2,  /* the peer has finished sending */
    POSIX_BROKEN = 1 << 3 /* an error is pending */
};

union posix_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* A connection to be made. Owned by the resolver while the name is looked up, then by its socket
 * until that is connected, failed or closed. */
struct posix_dial {
    struct posix_dial *next;
    thm_socket socket;
    unsigned count, at; /* addresses known, and the next to try */
    union posix_address addresses[POSIX_DIAL_MAX];
    uint16_t number;
    char host[THM_PORT_POSIX_HOST_MAX];
};

struct posix_socket {
    int fd; /* -1: none */
    uint32_t tag;
    uint32_t generation; /* never 0 once used */
    uint32_t next, prev; /* in the free, ready or starved list */
    struct posix_dial *dial;
    uint16_t want, lowat; /* bytes that READ needs: as asked for, and as the kernel knows */
    uint16_t known;       /* bytes of which is known that they wait */
    int16_t error;        /* THM_OK, or why the connection is broken */
    uint8_t state;        /* enum posix_state */
    uint8_t armed;        /* THM_EV_ACCEPT, READ, WRITE that may be reported */
    uint8_t pending;      /* THM_EV_* to be reported whatever the kernel says */
    uint8_t seen;         /* POSIX_DONE, POSIX_BROKEN that were reported */
    bool starved;         /* a listener in the starved list */
    bool crammed;         /* the kernel reported READ at this mark, and nothing was taken since */
    bool drained;         /* all was taken, and nothing was reported since: recv needs no look */
    bool ended;           /* recv said EOF */
    bool watches_room;    /* epoll: registered for EPOLLOUT */
};

struct posix_list {
    uint32_t first, last;
};

/* Where a wait() puts its events. */
struct posix_sink {
    struct thm_event *events;
    unsigned n, cap;
};

struct posix_watch {
    int fd; /* -1: unused */
    uint32_t tag;
    bool always; /* a regular file: epoll does not take it, and it is always readable */
};

struct posix_backend {
    /* Opens the backend and the pair of descriptors behind wake(). */
    int (*open)(struct posix *p);
    void (*close)(struct posix *p);
    /* Starts to look at s->fd; closing the descriptor ends it. */
    int (*add)(struct posix *p, struct posix_socket *s);
    /* Starts to look whether s->fd has room for more; may be called again. */
    void (*watch_room)(const struct posix *p, struct posix_socket *s);
    int (*watch)(struct posix *p, struct posix_watch *w);
    void (*unwatch)(struct posix *p, struct posix_watch *w);
    /* Waits up to `timeout` ms (-1: no limit) and reports into the sink. Returns how many
     * conditions it saw, reported or not; 0 after the timeout or a signal; or a negative code. */
    int (*wait)(struct posix *p, int timeout, struct posix_sink *sink);
};

struct posix_resolver {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct posix_dial *waiting, **waiting_end;
    struct posix_dial *done;
    bool started, stop;
};

struct posix {
    const struct posix_backend *backend;
    uint32_t max_sockets, index_bits;
    uint32_t used;             /* sockets[0 .. used) were in use at some time */
    struct posix_list free;    /* of those, the free ones */
    struct posix_list ready;   /* sockets with `pending` */
    struct posix_list starved; /* listeners that found no descriptor or no room in the table */
    uint64_t revive_at_ms;
    uint64_t touched; /* sockets that wait() has looked at, ever: its cost */
    int backlog, send_buffer, receive_buffer;
    int nv_dir; /* -1: none */
    int wake_fd[2];
    atomic_bool woken;
    struct posix_watch watches[THM_PORT_POSIX_WATCH_MAX];
    struct posix_resolver resolver;
    thm_socket newest; /* accepted last, and whom it leads to: the core asks for that at once */
    union posix_address newest_peer;
    int epoll_fd;
    struct pollfd *polled; /* poll only: what to ask for ... */
    uint32_t *polled_id;   /* ... and for whom */
    uint32_t poll_start;   /* where the last wait() ran out of room */
    struct posix_socket sockets[];
};

extern const struct posix_backend posix_backend_epoll, posix_backend_poll;

static inline struct posix *posix_of(struct thm_port *port)
{
    return ((struct thm_port_posix *)port)->posix;
}

/* table.c */
struct posix_socket *posix_new(struct posix *p, uint32_t tag);
bool posix_is_full(const struct posix *p);
void posix_free(struct posix *p, struct posix_socket *s);
struct posix_socket *posix_find(struct posix *p, thm_socket handle);
thm_socket posix_handle(const struct posix *p, const struct posix_socket *s);
void posix_list_add(struct posix *p, struct posix_list *list, struct posix_socket *s);
void posix_list_remove(struct posix *p, struct posix_list *list, struct posix_socket *s);
struct posix_socket *posix_list_first(struct posix *p, const struct posix_list *list);

/* ready.c */
void posix_pend(struct posix *p, struct posix_socket *s, unsigned what);
void posix_unpend(struct posix *p, struct posix_socket *s, unsigned what);
void posix_starve(struct posix *p, struct posix_socket *listener);
void posix_revive(struct posix *p);
void posix_report(struct posix *p, struct posix_socket *s, unsigned found, struct posix_sink *sink);
void posix_report_watch(const struct posix_watch *w, struct posix_sink *sink);
void posix_report_wake(struct posix *p, struct posix_sink *sink);
void posix_wake(struct thm_port *port);
int posix_wait(struct thm_port *port, uint64_t until_ms, struct thm_event *events, unsigned cap);

/* listen.c */
int posix_open_tcp(const struct posix *p, int family, int *fd);
int posix_listen(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                 thm_socket *out);
enum thm_io posix_accept(struct thm_port *port, thm_socket listener, uint32_t tag, thm_socket *out);

/* socket.c */
int posix_apply_want(struct posix_socket *s);
enum thm_io posix_recv(struct thm_port *port, thm_socket handle, void *buf, size_t cap, size_t *n);
enum thm_io posix_send(struct thm_port *port, thm_socket handle, const void *buf, size_t len,
                       size_t *n);
enum thm_io posix_want(struct thm_port *port, thm_socket handle, size_t n);
void posix_shutdown(struct thm_port *port, thm_socket handle);
void posix_close(struct thm_port *port, thm_socket handle);
void posix_abort(struct thm_port *port, thm_socket handle);
int posix_peer_addr(struct thm_port *port, thm_socket handle, struct thm_address *out);

/* dial.c */
int posix_connect(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                  thm_socket *out);
void posix_dial_resolved(struct posix *p, struct posix_dial *dial);
bool posix_dial_ended(struct posix *p, struct posix_socket *s);
void posix_dial_forget(struct posix_socket *s);

/* resolve.c */
void posix_resolver_init(struct posix_resolver *r);
int posix_resolve(struct posix *p, struct posix_dial *dial);
void posix_resolve_cancel(struct posix *p, thm_socket handle);
void posix_resolve_collect(struct posix *p);
void posix_resolver_end(struct posix_resolver *r);

/* address.c */
bool posix_numeric(const char *host, uint16_t number, union posix_address *out);
socklen_t posix_address_len(const union posix_address *a);

/* clock.c */
int posix_utc(struct thm_port *port, uint64_t *ms);
int posix_entropy(struct thm_port *port, void *buf, size_t len);

/* nv.c */
int posix_nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n);
int posix_nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len);

#endif
