/*
 * Names are looked up by one thread, in order. It touches nothing but the resolver's two queues and
 * the descriptor behind wake().
 */
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"

void posix_resolver_init(struct posix_resolver *r)
{
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->waiting_end = &r->waiting;
}

static void take_addresses(struct posix_dial *d, const struct addrinfo *found)
{
    for (; found && d->count < POSIX_DIAL_MAX; found = found->ai_next) {
        union posix_address *a = &d->addresses[d->count];
        if (found->ai_addrlen > sizeof *a)
            continue;
        memcpy(a, found->ai_addr, found->ai_addrlen);
        if (a->any.sa_family == AF_INET)
            a->v4.sin_port = htons(d->number);
        else
            a->v6.sin6_port = htons(d->number);
        d->count++;
    }
}

static void look_up(struct posix_dial *d)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (getaddrinfo(d->host, NULL, &hints, &found) == 0)
        take_addresses(d, found);
    if (found)
        freeaddrinfo(found);
}

static void *resolver_main(void *context)
{
    const uint64_t one = 1;
    struct posix *p = context;
    struct posix_resolver *r = &p->resolver;

    pthread_mutex_lock(&r->lock);
    for (;;) {
        while (!r->stop && !r->waiting)
            pthread_cond_wait(&r->changed, &r->lock);
        if (r->stop)
            break;
        struct posix_dial *d = r->waiting;
        r->waiting = d->next;
        if (!r->waiting)
            r->waiting_end = &r->waiting;
        pthread_mutex_unlock(&r->lock);
        look_up(d);
        pthread_mutex_lock(&r->lock);
        d->next = r->done;
        r->done = d;
        if (write(p->wake_fd[1], &one, sizeof one) < 0)
            continue; /* it is full, so the waiting ends anyway */
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Signals are for the application's own threads. */
static int start(struct posix *p)
{
    struct posix_resolver *r = &p->resolver;
    sigset_t all, before;

    if (r->started)
        return THM_OK;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    r->started = pthread_create(&r->thread, NULL, resolver_main, p) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r->started ? THM_OK : THM_E_LIMIT;
}

int posix_resolve(struct posix *p, struct posix_dial *dial)
{
    struct posix_resolver *r = &p->resolver;
    int code = start(p);

    if (code != THM_OK)
        return code;
    pthread_mutex_lock(&r->lock);
    dial->next = NULL;
    *r->waiting_end = dial;
    r->waiting_end = &dial->next;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return THM_OK;
}

/* A look-up under way runs to its end; its result then finds no socket. */
void posix_resolve_cancel(struct posix *p, thm_socket handle)
{
    struct posix_resolver *r = &p->resolver;
    struct posix_dial **link = &r->waiting;

    pthread_mutex_lock(&r->lock);
    while (*link && (*link)->socket != handle)
        link = &(*link)->next;
    struct posix_dial *found = *link;
    if (found) {
        *link = found->next;
        if (!*link)
            r->waiting_end = link;
    }
    pthread_mutex_unlock(&r->lock);
    free(found);
}

void posix_resolve_collect(struct posix *p)
{
    struct posix_resolver *r = &p->resolver;

    pthread_mutex_lock(&r->lock);
    struct posix_dial *done = r->done;
    r->done = NULL;
    pthread_mutex_unlock(&r->lock);
    while (done) {
        struct posix_dial *next = done->next;
        posix_dial_resolved(p, done);
        done = next;
    }
}

static void free_all(struct posix_dial *d)
{
    while (d) {
        struct posix_dial *next = d->next;
        free(d);
        d = next;
    }
}

void posix_resolver_end(struct posix_resolver *r)
{
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (r->started)
        pthread_join(r->thread, NULL);
    free_all(r->waiting);
    free_all(r->done);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
}
