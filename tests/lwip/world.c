#include "lwip/world.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/name_server.h"

#define PATIENCE_MS 200000u
#define ERASED      0xff

#define ACKNOWLEDGEMENT 60 /* bytes of a frame that holds no more */

/* --- what a node is wired to --------------------------------------------------------------------- */

static uint64_t now_ms(void *ctx)
{
    const struct node *n = ctx;

    return n->world->now_ms;
}

static uint32_t draw(struct world *w)
{
    w->random = w->random * 1664525u + 1013904223u;
    return w->random >> 8;
}

static bool input_waits(void *ctx)
{
    const struct node *n = ctx;

    return n->input;
}

static struct world_frame *next_frame(struct node *n)
{
    struct world_frame *next = NULL;

    for (unsigned i = 0; i < WORLD_FRAMES; i++) {
        struct world_frame *f = &n->inbound[i];
        if (f->due_ms != 0 && (!next || f->due_ms < next->due_ms))
            next = f;
    }
    return next;
}

static size_t receive(void *ctx, void *frame, size_t cap)
{
    struct node *n = ctx;
    struct world_frame *f = next_frame(n);

    if (!f || f->due_ms > n->world->now_ms || f->len > cap)
        return 0;
    memcpy(frame, f->bytes, f->len);
    f->due_ms = 0;
    return f->len;
}

static void deliver(struct node *to, const void *frame, size_t len)
{
    struct world *w = to->world;

    if (w->loses_data && to->which == PEER && len > ACKNOWLEDGEMENT)
        return;
    if (w->cut || (w->lose_one_in != 0 && draw(w) % w->lose_one_in == 0))
        return;
    for (unsigned i = 0; i < WORLD_FRAMES; i++) {
        struct world_frame *f = &to->inbound[i];
        if (f->due_ms != 0)
            continue;
        f->due_ms = w->now_ms + (w->delay_ms != 0 ? draw(w) % w->delay_ms : 0);
        f->len = len;
        memcpy(f->bytes, frame, len);
        return;
    }
}

static void transmit(void *ctx, const void *frame, size_t len)
{
    struct node *n = ctx;
    struct world *w = n->world;
    uint8_t answer[NODE_FRAME_MAX];

    if (n->which == OWN)
        w->syns += find_syn(frame, len, &w->syn_number, &w->syn_sequence);
    if (!is_question(frame, len)) {
        deliver(&w->nodes[!n->which], frame, len);
        return;
    }
    if (!w->name_server_is_silent)
        deliver(n, answer, answer_question(frame, len, w->name_server_says, answer));
}

static int storage_read(void *ctx, unsigned slot, void *buf, size_t len)
{
    struct node *n = ctx;

    memcpy(buf, n->storage[slot], len);
    return THM_OK;
}

static int storage_write(void *ctx, unsigned slot, const void *buf, size_t len)
{
    struct node *n = ctx;

    memset(n->storage[slot], ERASED, sizeof n->storage[slot]);
    memcpy(n->storage[slot], buf, len);
    return THM_OK;
}

/* --- turns --------------------------------------------------------------------------------------- */

/* True: it had something to do. */
static bool run(struct node *n)
{
    struct world_frame *f = next_frame(n);
    bool busy = f && f->due_ms <= n->world->now_ms;

    if (!n->module)
        return false;
    assert_true(n->event_count + 8 <= WORLD_EVENTS);
    int got = n->ops->wait(n->port, 0, n->events + n->event_count, 8);
    assert_true(got >= 0);
    n->event_count += (unsigned)got;
    return busy || got > 0;
}

/* A node sleeps: the other one goes on. */
static void idle(void *ctx, uint32_t ms)
{
    struct node *n = ctx;
    struct world *w = n->world;

    if (ms > w->longest_idle_ms)
        w->longest_idle_ms = ms;
    if (!run(&w->nodes[!n->which]))
        w->now_ms += ms != 0;
    if (w->on_idle)
        w->on_idle(w);
}

void turn(struct world *w)
{
    bool busy = run(&w->nodes[OWN]);

    if (!run(&w->nodes[PEER]) && !busy)
        w->now_ms++;
}

void run_for(struct world *w, unsigned ms)
{
    const uint64_t until = w->now_ms + ms;

    while (w->now_ms < until)
        turn(w);
}

/* Takes what was reported for `tag`. */
static unsigned take_events(struct node *n, uint32_t tag)
{
    unsigned what = 0, kept = 0;

    for (unsigned i = 0; i < n->event_count; i++) {
        if (n->events[i].tag == tag)
            what |= n->events[i].what;
        else
            n->events[kept++] = n->events[i];
    }
    n->event_count = kept;
    return what;
}

unsigned await(struct world *w, unsigned which, uint32_t tag, unsigned what)
{
    const uint64_t until = w->now_ms + PATIENCE_MS;
    unsigned got = take_events(&w->nodes[which], tag);

    while ((got & what) != what) {
        if (w->now_ms > until)
            fail_msg("node %u, tag %u: waited for %x, got %x", which, (unsigned)tag, what, got);
        turn(w);
        got |= take_events(&w->nodes[which], tag);
    }
    return got;
}

void expect_silence(struct world *w, uint32_t tag, unsigned ms)
{
    const uint64_t until = w->now_ms + ms;
    unsigned got;

    do {
        got = take_events(&w->nodes[OWN], tag);
        if (got != 0)
            fail_msg("tag %u: %x was not to be reported", (unsigned)tag, got);
        turn(w);
    } while (w->now_ms < until);
}

/* --- on and off ---------------------------------------------------------------------------------- */

static void switch_off(struct node *n)
{
    if (n->module)
        dlclose(n->module);
    n->module = NULL;
    n->event_count = 0;
    memset(n->inbound, 0, sizeof n->inbound);
}

static uint32_t address_of(const char *text)
{
    uint8_t bytes[4] = {0};
    uint32_t address;

    if (text)
        assert_int_equal(
            sscanf(text, "%hhu.%hhu.%hhu.%hhu", &bytes[0], &bytes[1], &bytes[2], &bytes[3]), 4);
    memcpy(&address, bytes, sizeof address);
    return address;
}

static void switch_on(struct node *n, const char *address)
{
    static const uint8_t seed[2][32] = {{1}, {2}};
    struct thm_lwip_config config = {.factory_seed = seed[n->which],
                                     .address = {.ip = address_of(address),
                                                 .mask = address_of("255.255.255.0"),
                                                 .gateway = address_of(PEER_ADDRESS),
                                                 .dns = address_of(PEER_ADDRESS)}};

    n->module = dlopen(n->file, RTLD_NOW | RTLD_LOCAL);
    if (!n->module)
        fail_msg("%s", dlerror());
    n->api = dlsym(n->module, NODE_SYMBOL);
    assert_non_null(n->api);
    assert_int_equal(n->api->start(&n->host, &config), THM_OK);
    n->port = n->api->port();
    n->ops = n->port->ops;
    run(n); /* it finds that there is a link */
}

void restart(struct world *w, unsigned which, const char *address)
{
    switch_off(&w->nodes[which]);
    switch_on(&w->nodes[which], address);
}

static void add(struct world *w, unsigned which, const char *file, const char *address)
{
    struct node *n = &w->nodes[which];

    n->which = which;
    n->file = file;
    n->host = (struct node_host){.ctx = n,
                                 .now_ms = now_ms,
                                 .idle = idle,
                                 .input_waits = input_waits,
                                 .receive = receive,
                                 .transmit = transmit,
                                 .storage_read = storage_read,
                                 .storage_write = storage_write,
                                 .mac = {2, 0, 0, 0, 0, (uint8_t)(which + 1)}};
    memset(n->storage, ERASED, sizeof n->storage);
    switch_on(n, address);
}

int set_up_with(void **state, const char *own_file)
{
    struct world *w = calloc(1, sizeof *w);

    if (!w)
        return -1;
    w->now_ms = 1;
    w->nodes[OWN].world = w->nodes[PEER].world = w;
    add(w, OWN, own_file, OWN_ADDRESS);
    add(w, PEER, NODE_PEER, PEER_ADDRESS);
    *state = w;
    return 0;
}

int set_up_small(void **state)
{
    return set_up_with(state, NODE_SMALL);
}

int set_up_large(void **state)
{
    return set_up_with(state, NODE_LARGE);
}

int tear_down(void **state)
{
    struct world *w = *state;

    switch_off(&w->nodes[OWN]);
    switch_off(&w->nodes[PEER]);
    free(w);
    return 0;
}

/* --- what most tests begin and end with ------------------------------------------------------------ */

void connect_both(struct world *w, thm_socket *own, thm_socket *peer)
{
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket listener;

    assert_int_equal(p->ops->listen(p->port, "0.0.0.0", SERVICE, LISTENER, &listener), THM_OK);
    assert_int_equal(o->ops->connect(o->port, PEER_ADDRESS, SERVICE, DIALLED, own), THM_OK);
    await(w, OWN, DIALLED, THM_EV_WRITE);
    await(w, PEER, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(p->ops->accept(p->port, listener, ACCEPTED, peer), THM_IO_OK);
    p->ops->close(p->port, listener);
}

void send_all(struct world *w, unsigned which, thm_socket s, uint32_t tag, const void *buf,
              size_t len)
{
    struct node *n = &w->nodes[which];
    const uint8_t *at = buf;
    size_t sent;

    while (len > 0) {
        enum thm_io io = n->ops->send(n->port, s, at, len, &sent);
        assert_true(io == THM_IO_OK || io == THM_IO_AGAIN);
        at += sent;
        len -= sent;
        if (len > 0)
            await(w, which, tag, THM_EV_WRITE);
    }
}

void receive_all(struct world *w, unsigned which, thm_socket s, uint32_t tag, void *buf, size_t len)
{
    struct node *n = &w->nodes[which];
    uint8_t *at = buf;
    size_t got;

    while (len > 0) {
        enum thm_io io = n->ops->recv(n->port, s, at, len, &got);
        if (io == THM_IO_AGAIN) {
            await(w, which, tag, THM_EV_READ);
            continue;
        }
        assert_int_equal(io, THM_IO_OK);
        at += got;
        len -= got;
    }
}

enum thm_io receive_end(struct world *w, unsigned which, thm_socket s, uint32_t tag)
{
    struct node *n = &w->nodes[which];
    uint8_t buf[1024];
    size_t got;
    enum thm_io io;

    while ((io = n->ops->recv(n->port, s, buf, sizeof buf, &got)) == THM_IO_OK ||
           io == THM_IO_AGAIN)
        if (io == THM_IO_AGAIN)
            await(w, which, tag, THM_EV_READ);
    return io;
}

void *take_heap(struct node *n)
{
    void *taken = NULL;

    for (size_t size = 0xffff; !taken; size--)
        taken = n->api->take_heap(size);
    return taken;
}

void expect_nothing_lent(struct world *w, unsigned which)
{
    struct thm_lwip_usage usage;

    run_for(w, 150000); /* twice the longest life of a segment, and then some */
    w->nodes[which].api->usage(&usage);
    assert_int_equal(usage.sockets, 0);
    assert_int_equal(usage.pcbs, 0);
    assert_int_equal(usage.segments, 0);
    assert_int_equal(usage.pool_buffers, 0);
    assert_int_equal(usage.heap, 0);
}
