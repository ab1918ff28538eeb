#include "server/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/host.h"

const char *const rig_people[5] = {"users/u0@default", "users/u1@default", "users/u2@default",
                                   "users/u3@default", "users/u1@phone"};

/* --- the store ------------------------------------------------------------------------------ */

static int store_submit(struct thm_store *store, struct thm_store_request *request)
{
    struct rig_store *s = (void *)store;

    if (s->busy)
        return THM_E_LIMIT;
    s->submitted++;
    s->puts += request->op == THM_STORE_PUT;
    return s->inner->ops->submit(s->inner, request);
}

static unsigned store_collect(struct thm_store *store, struct thm_store_request **done,
                              unsigned cap)
{
    struct rig_store *s = (void *)store;

    if (!s->late)
        return s->inner->ops->collect(s->inner, done, cap);
    unsigned n = s->inner->ops->collect(s->inner, done, cap < s->pass ? cap : s->pass);
    s->pass -= n;
    return n;
}

static void store_release(struct thm_store *store, uint32_t stream)
{
    const struct rig_store *s = (struct rig_store *)(void *)store;

    s->inner->ops->release(s->inner, stream);
}

static unsigned store_fault(void *ctx, const struct thm_store_request *request, int *result)
{
    struct rig_store *s = ctx;

    if (s->fail > 0) {
        s->fail--;
        *result = THM_E_STORE;
    } else if (request->op == THM_STORE_OPEN && s->limit > 0) {
        s->limit--;
        *result = THM_E_LIMIT;
    }
    return 0;
}

static void store_start(struct rig *r)
{
    static const struct thm_store_ops ops = {store_submit, store_collect, store_release};
    size_t size = (thm_ram_store_size(&r->store_config) + 15) & ~(size_t)15;

    r->store.memory = aligned_alloc(16, size);
    memset(r->store.memory, 0, size);
    assert_int_equal(thm_ram_store_init(&r->store.inner, r->store.memory, size, &r->store_config),
                     THM_OK);
    r->store.store.ops = &ops;
    r->store.store.durable = r->durable;
    r->store.store.records = r->store.inner->records;
}

void rig_store_on_time(struct rig *r)
{
    r->store.late = false;
    rig_poke(r);
}

/* --- the server ----------------------------------------------------------------------------- */

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct rig *r = ctx;

    thm_server_step(r->server, now_ms, events, n);
}

static uint64_t deadline(void *ctx)
{
    struct rig *r = ctx;

    return thm_server_deadline(r->server);
}

static void on_log(void *ctx, const struct thm_log_record *record)
{
    struct rig *r = ctx;

    if (strcmp(record->event, "message") == 0 || strcmp(record->event, "whisper") == 0) {
        r->record = *record;
        snprintf(r->to, sizeof r->to, "%s", record->to ? record->to : "");
        r->record.to = record->to ? r->to : NULL;
    }
    if (r->watched == NULL || strcmp(record->event, r->watched) != 0)
        return;
    r->logged++;
    r->logged_code = record->code;
    snprintf(r->logged_detail, sizeof r->logged_detail, "%s",
             record->detail != NULL ? record->detail : "");
}

const struct thm_credentials *rig_server_credentials(void)
{
    return credentials_of("server/server", THM_FOR_SERVER);
}

static void server_start(struct rig *r)
{
    size_t size = (thm_server_size(&r->config, NULL, 0) + 15) & ~(size_t)15;

    r->memory = aligned_alloc(16, size);
    memset(r->memory, 0, size);
    assert_int_equal(thm_server_init(&r->server, r->memory, size, &r->config), THM_OK);
    thm_server_set_credentials(r->server, rig_server_credentials(), NULL);
    assert_int_equal(thm_server_listen(r->server, sim_host_ip(r->host), RIG_PORT, NULL), THM_OK);
    sim_host_run(r->host, &(struct sim_program){r, step, deadline});
}

void rig_start(struct rig *r, void (*change)(struct rig *r))
{
    memset(r, 0, sizeof *r);
    r->world = sim_world_new(sim_seed(1));
    r->host = sim_host_new(r->world, "server");
    sim_host_set_utc(r->host, RIG_UTC);
    r->store_config = (struct thm_ram_store_config){.blocks = 64,
                                                    .streams = 64,
                                                    .senders = 64,
                                                    .seed = 1,
                                                    .fault = store_fault,
                                                    .fault_ctx = &r->store};
    r->config = (struct thm_server_config){.port = sim_host_port(r->host),
                                           .store = &r->store.store,
                                           .name = "rig",
                                           .log = on_log,
                                           .log_ctx = r};
    thm_server_config_default(&r->config, 8);
    if (change != NULL)
        change(r);
    store_start(r);
    server_start(r);
}

static bool ended(void *ctx)
{
    struct rig *r = ctx;

    return thm_server_idle(r->server);
}

void rig_restart(struct rig *r)
{
    thm_server_shutdown(r->server);
    rig_poke(r);
    assert_true(sim_world_run_until(r->world, ended, r, 2 * THM_CLOSE_MS));
    for (unsigned i = 0; i < r->peer_count; i++)
        peer_abort(r->peers[i]);
    rig_pass(r, 100);
    free(r->memory);
    server_start(r);
}

static bool deserted(void *ctx)
{
    struct rig *r = ctx;
    struct thm_server_stats s = rig_stats(r);

    return s.connections == 0 && s.appends_used == 0 && s.reads_used == 0;
}

/* Whatever happened: once all have gone, nothing is lent and nobody is anywhere. */
static void assert_quiet(struct rig *r)
{
    assert_true(sim_world_run_until(r->world, deserted, r, 2 * THM_CLOSE_MS));
    struct thm_server_stats s = rig_stats(r);
    assert_int_equal(s.sessions, 0);
    assert_int_equal(s.rooms, 0);
    assert_int_equal(s.memberships, 0);
    assert_int_equal(s.outputs_used, 0);
    assert_int_equal(s.lines_used, 0);
    assert_int_equal(s.logins_used, 0);
    assert_int_equal(s.callables_used, 0);
    assert_int_equal(s.tickets_used, 0);
    assert_int_equal(s.relays, 0);
    assert_int_equal(s.relay_buffers_used, 0);
    assert_int_equal(s.tls.engines, 0);
    assert_int_equal(s.tls.handshakes, 0);
    assert_int_equal(s.tls.in_buffers, 0);
    assert_int_equal(s.tls.out_buffers, 0);
    assert_true(sim_host_open_sockets(r->host) <= 1);
}

static void free_all(struct rig *r)
{
    for (unsigned i = 0; i < r->peer_count; i++)
        peer_free(r->peers[i]);
    for (unsigned i = 0; i < r->host_count; i++)
        free(r->hosts[i]);
    sim_world_free(r->world);
    free(r->memory);
    free(r->store.memory);
}

void rig_end(struct rig *r)
{
    r->store = (struct rig_store){.store = r->store.store,
                                  .inner = r->store.inner,
                                  .memory = r->store.memory,
                                  .submitted = r->store.submitted,
                                  .puts = r->store.puts};
    for (unsigned i = 0; i < r->peer_count; i++)
        peer_abort(r->peers[i]);
    rig_poke(r);
    assert_quiet(r);
    free_all(r);
}

/* --- peers ---------------------------------------------------------------------------------- */

static void host_step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct host *h = ctx;

    (void)now_ms;
    for (int i = 0; i < n; i++)
        if (events[i].tag >= 1 && events[i].tag <= h->count)
            peer_move(h->peers[events[i].tag - 1], events[i].what);
    for (unsigned i = 0; i < h->count; i++)
        peer_move(h->peers[i], 0);
}

static struct host *host_new(struct rig *r)
{
    struct host *h = calloc(1, sizeof *h);

    snprintf(h->name, sizeof h->name, "host-%u", r->host_count);
    r->hosts[r->host_count++] = h;
    h->sim = sim_host_new(r->world, h->name);
    sim_host_set_utc(h->sim, RIG_UTC);
    sim_host_run(h->sim, &(struct sim_program){h, host_step, NULL});
    return h;
}

struct peer *rig_dial(struct rig *r, unsigned who, const struct peer *neighbour)
{
    assert_true(r->peer_count < PEERS);
    struct host *host = neighbour != NULL ? neighbour->host : host_new(r);
    struct peer *p = peer_new(r, rig_people[who], host);
    r->peers[r->peer_count++] = p;
    return p;
}

struct peer *rig_dial_invited(struct rig *r, const uint8_t *secret)
{
    assert_true(r->peer_count < PEERS);
    return r->peers[r->peer_count++] = peer_invited(r, secret, host_new(r));
}

struct peer *rig_neighbour_invited(struct rig *r, const uint8_t *secret,
                                   const struct peer *neighbour)
{
    assert_true(r->peer_count < PEERS);
    return r->peers[r->peer_count++] = peer_invited(r, secret, neighbour->host);
}

bool rig_is_open(void *ctx)
{
    const struct peer *p = ctx;

    return p->broken || p->tls.phase == THM_TLS_OPEN;
}

struct peer *rig_open(struct rig *r, unsigned who)
{
    struct peer *p = rig_dial(r, who, NULL);

    assert_true(sim_world_run_until(r->world, rig_is_open, p, 5000));
    assert_false(p->broken);
    return p;
}

struct peer *rig_login(struct rig *r, unsigned who, const char *hello)
{
    struct peer *p = rig_open(r, who);

    say(p, hello);
    expect(p, "{'msgtype':'auth_reply','status':'GRANTED',*");
    return p;
}

struct peer *rig_plain(struct rig *r, unsigned who)
{
    struct peer *p = rig_login(r, who, "{'msgtype':'hello'}");

    expect(p, "{'msgtype':'joined','room':'@u*");
    expect(p, "{'msgtype':'joined','room':'#lobby',*");
    return p;
}

struct peer *rig_member(struct rig *r, unsigned who)
{
    struct peer *p = rig_login(r, who, "{'msgtype':'hello','resume':true,'credit':65536}");

    say(p, "{'msgtype':'join','room':'#lobby'}");
    expect(p, "{'msgtype':'joined','room':'#lobby',*");
    return p;
}

/* --- time ----------------------------------------------------------------------------------- */

void rig_pass(struct rig *r, uint64_t ms)
{
    sim_world_run_for(r->world, ms);
}

void rig_poke(struct rig *r)
{
    sim_host_poke(r->host);
}

struct thm_server_stats rig_stats(struct rig *r)
{
    struct thm_server_stats stats;

    thm_server_stats(r->server, &stats);
    return stats;
}
