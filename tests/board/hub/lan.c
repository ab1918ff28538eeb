#include "lan.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "names.h"

#define FULL_WAIT_MS                                                                               \
    1 /* a board's socket holds few datagrams, and nothing tells when it has room */

uint64_t lan_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool set_path(struct sockaddr_un *a, const char *path, const char *end)
{
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) + strlen(end) >= sizeof a->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcat(strcpy(a->sun_path, path), end);
    return true;
}

bool lan_attach(struct lan *l, const char *name, const char *path, uint64_t seed)
{
    struct board *b = &l->boards[l->count];
    struct sockaddr_un own;
    if (l->count == LAN_BOARDS) {
        errno = ENOSPC;
        return false;
    }
    if (!set_path(&own, path, ".hub") || !set_path(&b->peer, path, ".board"))
        return false;
    unlink(own.sun_path);
    b->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (b->fd < 0 || bind(b->fd, (struct sockaddr *)&own, sizeof own) != 0)
        return false;
    b->name = name;
    b->from.random.state = seed * 4 + 1;
    b->to.random.state = seed * 4 + 2;
    b->injector.random.state = seed * 4 + 3;
    l->count++;
    return true;
}

struct board *lan_find(struct lan *l, const char *name)
{
    for (unsigned i = 0; i < l->count; i++)
        if (strcmp(l->boards[i].name, name) == 0)
            return &l->boards[i];
    return NULL;
}

static void count_frame(struct traffic *t, const struct frame *f)
{
    t->frames++;
    t->bytes += f->len;
}

/* --- from the boards ---------------------------------------------------------------------------- */

static void learn(struct board *b, const struct frame *f)
{
    memcpy(b->mac, f->bytes + ETH_FROM, MAC_SIZE);
    if (frame_is_ipv4(f))
        memcpy(b->ip, f->bytes + IP_FROM, IP_SIZE);
    else if (frame_is_arp(f))
        memcpy(b->ip, f->bytes + ARP_SENDER_IP, IP_SIZE);
}

void lan_receive(struct board *b, uint64_t now_ms)
{
    struct frame f;
    ssize_t n;
    while ((n = recv(b->fd, f.bytes, sizeof f.bytes, 0)) >= 0) {
        f.len = (size_t)n;
        if (f.len < ETH_HEADER)
            continue;
        count_frame(&b->sent, &f);
        learn(b, &f);
        link_put(&b->from, &f, now_ms);
    }
}

/* --- the switch --------------------------------------------------------------------------------- */

/* To whom it is addressed, or to all but its sender (NULL: the gateway). */
static void forward(struct lan *l, const struct board *sender, const struct frame *f,
                    uint64_t now_ms)
{
    const unsigned char *to = f->bytes + ETH_TO;
    bool to_all = to[0] & 1;
    if (l->capture != NULL)
        pcap_write(l->capture, f);
    for (unsigned i = 0; i < l->count; i++) {
        struct board *b = &l->boards[i];
        if (b != sender && (to_all || memcmp(to, b->mac, MAC_SIZE) == 0))
            link_put(&b->to, f, now_ms);
    }
    if (sender != NULL &&
        (to_all || memcmp(to, gateway_mac, MAC_SIZE - 1) == 0)) /* its names too */
        gateway_input(l->gateway, f);
}

void lan_from_gateway(void *ctx, const struct frame *f)
{
    forward(ctx, NULL, f, lan_now_ms());
}

static void forward_due(struct lan *l, struct board *b, uint64_t now_ms)
{
    const struct frame *next;
    while ((next = link_next(&b->from, now_ms)) != NULL) {
        struct frame f = *next, answer;
        link_drop(&b->from);
        forward(l, b, &f, now_ms);
        if (names_answer(&f, &answer))
            forward(l, NULL, &answer, now_ms);
    }
}

/* --- to the boards ------------------------------------------------------------------------------ */

/* Returns when to try again, if the board is not fast enough. */
static uint64_t send_due(struct board *b, uint64_t now_ms)
{
    const struct frame *f;
    while ((f = link_next(&b->to, now_ms)) != NULL) {
        if (sendto(b->fd, f->bytes, f->len, 0, (struct sockaddr *)&b->peer, sizeof b->peer) >= 0) {
            count_frame(&b->received, f);
            inject_see(&b->injector, f);
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            return now_ms + FULL_WAIT_MS;
        }
        link_drop(&b->to); /* nobody is there: it is lost */
    }
    return link_due(&b->to);
}

uint64_t lan_run(struct lan *l, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < l->count; i++)
        forward_due(l, &l->boards[i], now_ms);
    for (unsigned i = 0; i < l->count; i++) {
        struct board *b = &l->boards[i];
        struct frame f;
        while (b->to.count < INJECT_AT_ONCE && inject_next(&b->injector, b->mac, b->ip, &f))
            link_put(&b->to, &f, now_ms);
        uint64_t due = send_due(b, now_ms), from = link_due(&b->from);
        due = from < due ? from : due;
        next = due < next ? due : next;
    }
    return next;
}
