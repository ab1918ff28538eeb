#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"

#define MAX_SOCKETS     (1u << 20)
#define DEFAULT_BACKLOG 1024
#define MAX_BACKLOG     (1u << 20)
#define MAX_BUFFER      (1u << 28) /* twice of it is an int */

static const struct thm_port_ops posix_ops = {
    .listen = posix_listen,
    .accept = posix_accept,
    .connect = posix_connect,
    .recv = posix_recv,
    .send = posix_send,
    .want = posix_want,
    .shutdown = posix_shutdown,
    .close = posix_close,
    .abort = posix_abort,
    .peer_addr = posix_peer_addr,
    .wait = posix_wait,
    .wake = posix_wake,
    .entropy = posix_entropy,
    .utc = posix_utc,
    .nv_read = posix_nv_read,
    .nv_write = posix_nv_write,
};

static const struct posix_backend *choose_backend(enum thm_port_posix_backend wanted)
{
    switch (wanted) {
#ifdef __linux__
    case THM_PORT_POSIX_AUTO:
    case THM_PORT_POSIX_EPOLL: return &posix_backend_epoll;
#else
    case THM_PORT_POSIX_AUTO:
#endif
    case THM_PORT_POSIX_POLL: return &posix_backend_poll;
    default: return NULL;
    }
}

static bool is_valid(const struct thm_port_posix_config *c)
{
    return c->max_sockets >= 1 && c->max_sockets <= MAX_SOCKETS && c->backlog <= MAX_BACKLOG &&
           c->send_buffer <= MAX_BUFFER && c->receive_buffer <= MAX_BUFFER &&
           (c->receive_buffer == 0 || c->receive_buffer >= THM_PORT_POSIX_RECEIVE_MIN);
}

static uint32_t bits_for(uint32_t count)
{
    uint32_t bits = 0;

    while ((1u << bits) < count)
        bits++;
    return bits;
}

static void fill(struct posix *p, const struct thm_port_posix_config *c)
{
    const struct posix_list empty = {POSIX_NO_INDEX, POSIX_NO_INDEX};

    p->max_sockets = c->max_sockets;
    p->index_bits = bits_for(c->max_sockets);
    p->free = p->ready = p->starved = empty;
    p->backlog = c->backlog != 0 ? (int)c->backlog : DEFAULT_BACKLOG;
    p->send_buffer = (int)c->send_buffer;
    p->receive_buffer = (int)c->receive_buffer;
    p->nv_dir = p->epoll_fd = p->wake_fd[0] = p->wake_fd[1] = -1;
    for (unsigned i = 0; i < THM_PORT_POSIX_WATCH_MAX; i++)
        p->watches[i].fd = -1;
    posix_resolver_init(&p->resolver);
}

int thm_port_posix_init(struct thm_port_posix *port, const struct thm_port_posix_config *config)
{
    const struct posix_backend *backend = choose_backend(config->backend);
    int code;

    *port = (struct thm_port_posix){.port.ops = &posix_ops};
    if (!backend || !is_valid(config))
        return THM_E_CONFIG;
    /* calloc, not malloc and memset: pages that no socket has used yet cost nothing */
    struct posix *p = calloc(1, sizeof *p + config->max_sockets * sizeof p->sockets[0]);
    if (!p)
        return THM_E_MEMORY;
    fill(p, config);
    p->backend = backend;
    port->posix = p;
    if (config->nv_path) {
        p->nv_dir = open(config->nv_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (p->nv_dir < 0) {
            thm_port_posix_destroy(port);
            return THM_E_CONFIG;
        }
    }
    code = backend->open(p);
    if (code != THM_OK)
        thm_port_posix_destroy(port);
    return code;
}

void thm_port_posix_destroy(struct thm_port_posix *port)
{
    struct posix *p = port->posix;

    if (!p)
        return;
    for (uint32_t i = 0; i < p->used; i++)
        if (p->sockets[i].state != POSIX_FREE)
            posix_close(&port->port, posix_handle(p, &p->sockets[i]));
    posix_resolver_end(&p->resolver);
    p->backend->close(p);
    if (p->nv_dir >= 0)
        close(p->nv_dir);
    free(p);
    port->posix = NULL;
}

int thm_port_posix_last_error(const struct thm_port_posix *port, thm_socket s)
{
    const struct posix_socket *found = posix_find(port->posix, s);

    return found ? found->error : THM_E_STATE;
}
