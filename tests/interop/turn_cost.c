/*
 * turn_cost CA-DIR: what a message costs a server does not depend on how many others are connected. One client
 * speaks in a room of its own, beside a few idle ones and beside thousands: the loop takes as many turns and looks
 * at as many connections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identity.h"
#include "sim_net.h"
#include "thimble/client.h"
#include "thimble/server.h"

#ifdef THM_TEST_LIBCRYPTO
#include "thimble/libcrypto.h"
#endif

#define FEW       10
#define MANY      2000
#define ROUNDS    20
#define PORT      8443
#define SETTLE_MS 30000 /* presence has been told to all */
#define SPEAKER   (MANY + 1)

struct world {
    struct sim_world *sim;
    struct sim_host *server_host, *client_host;
    struct thm_server *server;
    struct thm_tls_domain *domain; /* of the idle ones */
    struct thm_tls *idle;          /* tag: index + 1 */
    thm_socket *dialled;           /* until TLS has it */
    bool *greeted;
    unsigned granted;
    struct thm_client speaker;
    unsigned heard;
};

static _Noreturn void fail(const char *what)
{
    printf("not ok - %s\n", what);
    exit(1);
}

static void check(int code, const char *what)
{
    if (code != THM_OK)
        fail(what);
}

static void *zeroed(size_t size)
{
    void *memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
    if (memory == NULL)
        fail("out of memory");
    return memset(memory, 0, size);
}

static uint64_t utc_ms(void)
{
    return (uint64_t)time(NULL) * 1000;
}

static const struct thm_tls_backend *backend(void)
{
#ifdef THM_TEST_LIBCRYPTO
    return thm_libcrypto_backend();
#else
    return NULL;
#endif
}

/* --- the server --------------------------------------------------------------------------------- */

static void server_step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    thm_server_step(((struct world *)ctx)->server, now_ms, events, n);
}

static uint64_t server_deadline(void *ctx)
{
    return thm_server_deadline(((struct world *)ctx)->server);
}

static void start_server(struct world *w, const char *ca_dir)
{
    struct thm_ram_store_config store = {.blocks = 1024, .streams = MANY, .senders = MANY};
    struct thm_server_config config = {
        .port = sim_host_port(w->server_host), .backend = backend(), .name = "sim"};
    size_t size = thm_ram_store_size(&store);
    check(thm_ram_store_init(&config.store, zeroed(size), size, &store), "no store");
    thm_server_config_default(&config, MANY + 1);
    size = thm_server_size(&config, NULL, 0);
    check(thm_server_init(&w->server, zeroed(size), size, &config), "no server");
    thm_server_set_credentials(w->server, identity_server(ca_dir, "localhost"), NULL);
    sim_host_run(w->server_host, &(struct sim_program){w, server_step, server_deadline});
    check(thm_server_listen(w->server, sim_host_ip(w->server_host), PORT, NULL), "can't listen");
}

/* --- the idle ----------------------------------------------------------------------------------- */

static void greet(struct world *w, unsigned i)
{
    static const char hello[] = "{\"msgtype\":\"hello\"}\n";
    size_t n;
    if (thm_tls_write(&w->idle[i], hello, sizeof hello - 1, &n) != THM_IO_OK ||
        n != sizeof hello - 1)
        fail("no hello");
    w->greeted[i] = true;
}

/* Takes and drops what came; the first is auth_reply. */
static void drain(struct world *w, unsigned i)
{
    unsigned char *data;
    size_t len;
    while (thm_tls_read(&w->idle[i], &data, &len) == THM_IO_OK) {
        if (len > 24 && memcmp(data, "{\"msgtype\":\"auth_reply\"", 23) == 0)
            w->granted++;
        thm_tls_consume(&w->idle[i], len);
    }
}

static void idle_event(struct world *w, unsigned i, uint32_t what)
{
    struct thm_tls *t = &w->idle[i];
    if (t->phase == THM_TLS_IDLE)
        check(thm_tls_connect(t, w->domain, w->dialled[i], "localhost", NULL), "can't connect");
    if (thm_tls_advance(t, what, utc_ms() / 1000) == THM_TLS_CLOSED)
        fail(thm_error_text(t->error));
    if (t->phase != THM_TLS_OPEN)
        return;
    if (!w->greeted[i])
        greet(w, i);
    drain(w, i);
}

static void clients_step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct world *w = ctx;
    for (int i = 0; i < n; i++)
        if (events[i].tag > 0 && events[i].tag <= MANY)
            idle_event(w, events[i].tag - 1, events[i].what);
    thm_client_step(&w->speaker, now_ms, events, n);
}

static uint64_t clients_deadline(void *ctx)
{
    return thm_client_deadline(&((struct world *)ctx)->speaker);
}

static void start_domain(struct world *w)
{
    const struct thm_tls_config config = {.role = THM_FOR_CLIENT,
                                          .port = sim_host_port(w->client_host),
                                          .backend = backend(),
                                          .alpn = THM_ALPN,
                                          .connections = MANY,
                                          .handshakes = 4,
                                          .in_buffers = 4,
                                          .out_buffers = 4};
    size_t size = thm_tls_domain_size(&config);
    check(thm_tls_domain_init(&w->domain, zeroed(size), size, &config), "no TLS");
}

/* One after another: each with a certificate of its own. */
static void add_idle(struct world *w, unsigned from, unsigned to)
{
    struct thm_port *port = sim_host_port(w->client_host);
    for (unsigned i = from; i < to; i++) {
        char device[16];
        snprintf(device, sizeof device, "d%u", i);
        thm_tls_domain_set(w->domain, identity_new("idle", device), NULL);
        check(port->ops->connect(port, sim_host_ip(w->server_host), PORT, i + 1, &w->dialled[i]),
              "can't dial");
        while (w->granted <= i)
            if (!sim_world_step(w->sim))
                fail("somebody is not let in");
    }
    sim_world_run_for(w->sim, SETTLE_MS);
}

/* --- the speaker -------------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct thm_client_event *e)
{
    struct world *w = ctx;
    if (e->kind == THM_CLIENT_LINE && e->msg->type == THM_MSG_MESSAGE)
        w->heard++;
    if (e->kind == THM_CLIENT_ENDED)
        fail(thm_error_text(e->code));
}

static void start_speaker(struct world *w)
{
    const struct thm_client_config config = {.port = sim_host_port(w->client_host),
                                             .credentials = identity_new("speaker", "d"),
                                             .host = sim_host_ip(w->server_host),
                                             .number = PORT,
                                             .server_name = "localhost",
                                             .tag = SPEAKER,
                                             .tls_memory = zeroed(thm_client_tls_size()),
                                             .tls_memory_size = thm_client_tls_size(),
                                             .on_event = on_event,
                                             .ctx = w};
    check(thm_client_init(&w->speaker, &config), "no speaker");
    check(thm_client_join(&w->speaker, "#alone"), "can't join");
    check(thm_client_start(&w->speaker, sim_host_now(w->client_host)), "can't start");
}

/* --- the measurement ---------------------------------------------------------------------------- */

struct cost {
    uint64_t turns, visits;
};

static struct cost measure(struct world *w)
{
    struct thm_server_stats before, after;
    w->heard = 0;
    thm_server_stats(w->server, &before);
    for (unsigned i = 0; i < ROUNDS; i++) {
        check(thm_client_say(&w->speaker, "#alone", "hello", 5, NULL), "can't say it");
        sim_host_poke(w->client_host);
        sim_world_run_for(w->sim, 100);
    }
    if (w->heard != ROUNDS || thm_client_pending(&w->speaker) != 0)
        fail("not everything was heard");
    thm_server_stats(w->server, &after);
    printf("# %u connected: %llu turns, %llu connections looked at, for %u messages\n",
           after.connections, (unsigned long long)(after.turns - before.turns),
           (unsigned long long)(after.visits - before.visits), ROUNDS);
    return (struct cost){after.turns - before.turns, after.visits - before.visits};
}

int main(int argc, char **argv)
{
    static struct world w;
    if (argc != 2)
        return 2;
    identity_open(argv[1]);
    w.sim = sim_world_new(sim_seed(1));
    w.server_host = sim_host_new(w.sim, "server");
    w.client_host = sim_host_new(w.sim, "clients");
    sim_host_set_utc(w.server_host, utc_ms());
    sim_host_set_utc(w.client_host, utc_ms());
    w.idle = zeroed(MANY * sizeof *w.idle);
    w.dialled = zeroed(MANY * sizeof *w.dialled);
    w.greeted = zeroed(MANY * sizeof *w.greeted);
    start_server(&w, argv[1]);
    start_domain(&w);
    start_speaker(&w);
    sim_host_run(w.client_host, &(struct sim_program){&w, clients_step, clients_deadline});
    add_idle(&w, 0, FEW);
    struct cost few = measure(&w);
    add_idle(&w, FEW, MANY);
    struct cost many = measure(&w);
    if (few.turns != many.turns || few.visits != many.visits || few.visits == 0)
        fail("a message costs more when more are connected");
    printf("ok - a message costs the same beside %u and beside %u idle connections\n", FEW, MANY);
    return 0;
}
