#include "day/day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day/hairpin.h"

#define UTC_START   1800000000000u /* ms: 2027-01-15 */
#define CLIENTS     4
#define TURN_EVENTS 8
#define LEAVE_MS    20000

/* --- the ports -------------------------------------------------------------------------------------- */

static int utc(struct thm_port *port, uint64_t *ms)
{
    const struct day_port *p = (const struct day_port *)port;

    *ms = UTC_START + p->world->now_ms;
    return THM_OK;
}

static void note(struct day_port *p, thm_socket s)
{
    assert_true(p->given_count < SOCKETS_MAX);
    p->given[p->given_count++] = s;
}

static int listen_noted(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                        thm_socket *out)
{
    struct day_port *p = (struct day_port *)port;
    int code = p->inner->ops->listen(port, host, number, tag, out);

    if (code == THM_OK)
        note(p, *out);
    return code;
}

static enum thm_io accept_noted(struct thm_port *port, thm_socket listener, uint32_t tag,
                                thm_socket *out)
{
    struct day_port *p = (struct day_port *)port;
    enum thm_io io = p->inner->ops->accept(port, listener, tag, out);

    if (io == THM_IO_OK)
        note(p, *out);
    return io;
}

void day_port_init(struct day_port *p, const struct world *w, const struct thm_port *inner)
{
    p->ops = *inner->ops;
    p->ops.utc = utc;
    p->ops.listen = listen_noted;
    p->ops.accept = accept_noted;
    p->base.ops = &p->ops;
    p->inner = inner;
    p->world = w;
}

static size_t read_pem(const char *name, const char *suffix, char *buf, size_t cap)
{
    char path[512];

    assert_non_null(getenv("THM_TEST_CERTS"));
    snprintf(path, sizeof path, "%s/%s%s", getenv("THM_TEST_CERTS"), name, suffix);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("can't open %s", path);
    size_t len = fread(buf, 1, cap, f);
    fclose(f);
    return len;
}

void day_load(struct thm_credentials *c, const char *name, enum thm_role role)
{
    char ca[8192], chain[8192], key[8192];
    size_t ca_len = read_pem("ca", ".crt", ca, sizeof ca);
    size_t chain_len = read_pem(name, ".crt", chain, sizeof chain);
    size_t key_len = read_pem(name, ".key", key, sizeof key);

    assert_int_equal(thm_credentials_load(c, ca, ca_len, chain, chain_len, key, key_len, role),
                     THM_OK);
}

/* --- the server ------------------------------------------------------------------------------------- */

static void open_store(struct day *d, struct thm_store **store)
{
    const struct thm_ram_store_config config = {
        .blocks = 2048, .streams = 8, .senders = 16, .seed = d->random};
    size_t size = thm_ram_store_size(&config);

    d->store_memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
    assert_int_equal(thm_ram_store_init(store, d->store_memory, size, &config), THM_OK);
}

/* A server that knows nothing of those before it. */
static void serve(struct day *d)
{
    struct thm_server_config config = {.port = &d->server_port.base, .name = "day"};

    d->lives++;
    open_store(d, (struct thm_store **)(void *)&config.store);
    thm_server_config_default(&config, CLIENTS);
    config.spare_clients = 2;
    config.max_handshakes = 2;
    config.blocks = 64;
    size_t size = thm_server_size(&config, NULL, 0);
    d->server_memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
    memset(d->server_memory, 0, size);
    assert_int_equal(thm_server_init(&d->server, d->server_memory, size, &config), THM_OK);
    thm_server_set_credentials(d->server, &d->server_credentials, NULL);
    d->server_port.given_count = 0;
    assert_int_equal(thm_server_listen(d->server, "0.0.0.0", SERVICE, NULL), THM_OK);
}

static void bury(struct day *d)
{
    free(d->server_memory);
    free(d->store_memory);
    d->server_memory = d->store_memory = NULL;
}

void day_kill_server(struct day *d)
{
    const struct day_port *p = &d->server_port;

    /* A socket that was closed in the meantime is nobody's: nothing happens. */
    for (unsigned i = 0; i < p->given_count; i++)
        p->ops.abort(&d->server_port.base, p->given[i]);
    bury(d);
    serve(d);
}

static bool server_is_idle(const struct day *d)
{
    return thm_server_idle(d->server);
}

void day_end_server(struct day *d)
{
    thm_server_shutdown(d->server);
    day_run_until(d, server_is_idle, 2 * THM_CLOSE_MS, "the server ends");
    day_kill_server(d);
}

/* --- time -------------------------------------------------------------------------------------------- */

uint32_t day_draw(struct day *d, uint32_t below)
{
    d->random = d->random * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)d->random * below >> 32);
}

/* In place of sleeping, wait() ends: input seems to wait. How long it would have slept is noted. */
static void dont_sleep(void *ctx, uint32_t ms)
{
    struct node *n = ctx;

    n->world->longest_idle_ms = ms;
    n->input = true;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t deadline_on(const struct day *d, unsigned node)
{
    if (node == OWN)
        return talker_deadline(&d->talkers[BOARD]);
    uint64_t at = talker_deadline(&d->talkers[NEIGHBOUR]);
    return d->server_memory ? sooner(at, thm_server_deadline(d->server)) : at;
}

/* Runs a node and its programs. Returns when it has something to do again. */
static uint64_t run_node(struct day *d, unsigned which)
{
    struct world *w = d->world;
    struct node *n = &w->nodes[which];
    struct thm_event events[TURN_EVENTS];
    uint64_t until = deadline_on(d, which);

    n->input = false;
    int got = n->ops->wait(n->port, until, events, TURN_EVENTS);
    assert_true(got >= 0);
    if (n->input && got == 1)
        return sooner(until, w->now_ms + (w->longest_idle_ms > 0 ? w->longest_idle_ms : 1));
    n->input = false;
    talker_step(&d->talkers[which == OWN ? BOARD : NEIGHBOUR], events, got);
    if (which == PEER && d->server_memory)
        thm_server_step(d->server, w->now_ms, events, got);
    return w->now_ms;
}

static uint64_t next_frame(const struct world *w)
{
    uint64_t at = UINT64_MAX;

    for (unsigned which = OWN; which <= PEER; which++)
        for (unsigned i = 0; i < WORLD_FRAMES; i++)
            if (w->nodes[which].inbound[i].due_ms != 0)
                at = sooner(at, w->nodes[which].inbound[i].due_ms);
    return at;
}

/* Runs both nodes once; when neither had anything to do, time jumps to when one has, at most to `until`. */
static void turn_or_jump(struct day *d, uint64_t until)
{
    struct world *w = d->world;

    w->cut = w->now_ms < d->cut_until;
    w->name_server_is_silent = w->now_ms < d->silent_until;
    uint64_t at = sooner(run_node(d, OWN), run_node(d, PEER));
    at = sooner(sooner(at, until), next_frame(w));
    if (at > w->now_ms)
        w->now_ms = at;
}

void day_run(struct day *d, uint64_t ms)
{
    const uint64_t until = d->world->now_ms + ms;

    while (d->world->now_ms < until)
        turn_or_jump(d, until);
}

/* Who is where, and what is lent: why nothing goes on. */
static void print_all(const struct day *d)
{
    struct thm_server_stats s;
    struct thm_lwip_usage u;

    for (unsigned i = 0; i < TALKERS; i++)
        print_message("talker %u is %s, %u messages pending\n", i,
                      thm_client_state_word(d->talkers[i].client.state),
                      thm_client_pending(&d->talkers[i].client));
    for (unsigned which = OWN; which <= PEER; which++) {
        d->world->nodes[which].api->usage(&u);
        print_message("node %u has lent %u sockets, %u pcbs, %u segments, %u buffers, %u bytes\n",
                      which, u.sockets, u.pcbs, u.segments, u.pool_buffers, (unsigned)u.heap);
    }
    thm_server_stats(d->server, &s);
    print_message("the server has %u connections and has lent %u engines, %u handshakes, %u input "
                  "and %u output buffers\n",
                  s.connections, s.tls.engines, s.tls.handshakes, s.tls.in_buffers,
                  s.tls.out_buffers);
}

void day_run_until(struct day *d, bool (*done)(const struct day *d), uint64_t ms, const char *what)
{
    const uint64_t until = d->world->now_ms + ms;

    while (!done(d)) {
        if (d->world->now_ms >= until) {
            print_all(d);
            fail_msg("not within %u s: %s", (unsigned)(ms / 1000), what);
        }
        turn_or_jump(d, until);
    }
}

/* --- the day ----------------------------------------------------------------------------------------- */

void day_begin(struct day *d, struct world *w, uint32_t seed)
{
    d->world = w;
    d->random = w->random = seed;
    d->boots = 1;
    memcpy(&w->name_server_says, (const uint8_t[]){10, 0, 0, 2}, 4);
    for (unsigned which = OWN; which <= PEER; which++)
        w->nodes[which].host.idle = dont_sleep;
    hairpin(&w->nodes[PEER]);
    day_port_init(&d->server_port, w, w->nodes[PEER].port);
    day_load(&d->server_credentials, "server/server", THM_FOR_SERVER);
    serve(d);
    talker_begin(d, BOARD, "users/u0@default");
    talker_begin(d, NEIGHBOUR, "users/u1@default");
}

void day_end(struct day *d)
{
    for (unsigned i = 0; i < TALKERS; i++)
        talker_end(&d->talkers[i]);
    bury(d);
}

void day_restart_board(struct day *d)
{
    d->boots++;
    restart(d->world, OWN, OWN_ADDRESS);
    talker_start(&d->talkers[BOARD]);
}

bool day_converged(const struct day *d)
{
    for (unsigned i = 0; i < TALKERS; i++) {
        const struct thm_client *c = &d->talkers[i].client;
        if (c->state != THM_CLIENT_ONLINE || thm_client_pending(c) > 0)
            return false;
    }
    return true;
}

void day_expect_shown(const struct day *d)
{
    for (unsigned from = 0; from < TALKERS; from++)
        for (unsigned k = 1; k <= d->talkers[from].said; k++) {
            const struct saying *s = &d->talkers[from].sayings[k];
            if (s->acked == 0 && !s->forgotten)
                fail_msg("talker %u: %u was never acknowledged", from, k);
            for (unsigned to = 0; to < TALKERS && s->acked == d->lives; to++)
                if (!s->shown[to])
                    fail_msg("talker %u: %u of talker %u was never shown", to, k, from);
        }
}

static bool all_left(const struct day *d)
{
    struct thm_server_stats stats;

    thm_server_stats(d->server, &stats);
    return d->talkers[BOARD].left && d->talkers[NEIGHBOUR].left && stats.connections == 0;
}

void day_leave(struct day *d)
{
    for (unsigned i = 0; i < TALKERS; i++) {
        d->talkers[i].leaving = true;
        d->talkers[i].pause_ms = 0;
        thm_client_stop(&d->talkers[i].client);
    }
    day_run_until(d, all_left, LEAVE_MS, "everybody leaves");
    thm_server_shutdown(d->server);
    day_run_until(d, server_is_idle, LEAVE_MS, "the server ends");
}
