#include "unit.h"

#include "phones.h"

#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"

#define TAG_CLIENT 1
#define TAG_CALLS  2

static void *memory_for(size_t size)
{
    void *memory = aligned_alloc(16, (size + 15) & ~(size_t)15);

    memset(memory, 0, size);
    return memory;
}

/* --- the server ------------------------------------------------------------------------------------ */

static void server_step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct phones *all = ctx;

    thm_server_step(all->server, now_ms, events, n);
}

static uint64_t server_deadline(void *ctx)
{
    struct phones *all = ctx;

    return thm_server_deadline(all->server);
}

void phones_serve(struct phones *all)
{
    size_t size = thm_server_size(&all->server_config, NULL, 0);

    free(all->server_memory);
    all->server_memory = memory_for(size);
    assert_int_equal(thm_server_init(&all->server, all->server_memory, size, &all->server_config),
                     THM_OK);
    thm_server_set_credentials(all->server,
                               conversation_credentials("server/server", THM_FOR_SERVER), NULL);
    assert_int_equal(
        thm_server_listen(all->server, sim_host_ip(all->server_host), PHONES_PORT, NULL), THM_OK);
    sim_host_run(all->server_host, &(struct sim_program){all, server_step, server_deadline});
}

void phones_kill_server(struct phones *all)
{
    sim_host_kill(all->server_host, SIM_DEATH_RESET);
}

void phones_init(struct phones *all, uint64_t seed)
{
    static const struct thm_ram_store_config store = {
        .blocks = 64, .streams = 64, .senders = 64, .records = 64, .seed = 1};
    size_t size = thm_ram_store_size(&store);

    memset(all, 0, sizeof *all);
    all->world = sim_world_new(seed);
    all->server_host = sim_host_new(all->world, "server");
    sim_host_set_utc(all->server_host, PHONES_UTC);
    all->store_memory = memory_for(size);
    assert_int_equal(thm_ram_store_init(&all->store, all->store_memory, size, &store), THM_OK);
    all->server_config = (struct thm_server_config){
        .port = sim_host_port(all->server_host), .store = all->store, .name = "exchange"};
    thm_server_config_default(&all->server_config, 8);
    phones_serve(all);
}

void phones_free(struct phones *all)
{
    for (unsigned i = 0; i < PHONES_MAX; i++) {
        free(all->phone[i].client_memory);
        free(all->phone[i].calls_memory);
    }
    sim_world_free(all->world);
    free(all->server_memory);
    free(all->store_memory);
}

/* --- what a device is told ------------------------------------------------------------------------- */

static void name_of(const struct thm_identity *who, char name[2 * THM_ID_MAX + 2])
{
    snprintf(name, 2 * THM_ID_MAX + 2, "%s@%s", who->user, who->device);
}

static void heard(struct phone *p, struct phone_call *c, struct thm_slice text)
{
    char expected[64];

    snprintf(expected, sizeof expected, "line %llu of %s@%s", (unsigned long long)c->heard + 1,
             c->peer[0] != '\0' ? c->peer : "?", "");
    expected[strlen(expected) - 1] = '\0';
    if (text.len != strlen(expected) || memcmp(text.data, expected, text.len) != 0)
        p->breaks_order = true;
    c->heard++;
}

static void on_call(void *ctx, const struct thm_call_event *e)
{
    struct phone *p = ctx;
    struct phone_call *c = &p->call[e->call];

    if (e->kind == THM_CALL_FOUND) {
        p->found++;
        p->found_code = e->code;
        if (e->peer != NULL)
            p->found_peer = *e->peer;
        return;
    }
    p->last = e->call;
    if (c->over) { /* another one at the same place */
        memset(c, 0, sizeof *c);
        p->say_to[e->call] = p->said[e->call] = 0;
    }
    if (e->peer != NULL)
        name_of(e->peer, c->peer);
    c->relayed = e->relayed;
    c->incoming = e->incoming;
    switch (e->kind) {
    case THM_CALL_PROGRESS:
        c->progress = e->path;
        if (p->hang_up_at != 0 && e->path == p->hang_up_at)
            thm_call_hang_up(&p->calls, e->call);
        p->frozen = p->frozen || (p->freezes_at != 0 && e->path == p->freezes_at);
        break;
    case THM_CALL_RINGS:
        c->rang++;
        p->rings++;
        c->elsewhere = e->elsewhere;
        p->frozen = p->frozen || p->freezes_at == THM_PATH_RINGING;
        if (p->answers)
            thm_call_answer(&p->calls, e->call);
        break;
    case THM_CALL_STANDS: c->stood++; break;
    case THM_CALL_MOVED: c->moved++; break;
    case THM_CALL_TEXT: heard(p, c, e->text); break;
    case THM_CALL_OVER:
        c->over = true;
        c->ours = e->ours;
        c->code = e->code;
        c->unsaid = e->unsaid;
        break;
    case THM_CALL_FOUND: break;
    }
}

static void on_client(void *ctx, const struct thm_client_event *e)
{
    struct phone *p = ctx;
    struct thm_client_event changed = *e;
    struct thm_msg m;

    if (p->meddle != NULL && e->kind == THM_CLIENT_LINE) {
        m = *e->msg;
        p->meddle(p, &m);
        changed.msg = &m;
    }
    thm_calls_client_event(&p->calls, &changed);
}

/* --- its program ------------------------------------------------------------------------------------ */

static void say_lines(struct phone *p)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        while (p->said[i] < p->say_to[i]) {
            char text[64];
            int len = snprintf(text, sizeof text, "line %llu of %s@%s",
                               (unsigned long long)p->said[i] + 1, p->user, p->device);
            if (thm_call_say(&p->calls, i, text, (size_t)len) != THM_OK)
                break;
            p->said[i]++;
        }
    }
}

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct phone *p = ctx;

    if (p->frozen)
        return;
    thm_client_step(&p->client, now_ms, events, n);
    thm_calls_step(&p->calls, now_ms, events, n);
    say_lines(p);
}

static uint64_t deadline(void *ctx)
{
    const struct phone *p = ctx;
    if (p->frozen)
        return SIM_FOREVER;
    uint64_t a = thm_client_deadline(&p->client), b = thm_calls_deadline(&p->calls);

    return a < b ? a : b;
}

static const struct {
    const char *user, *device, *certificate, *host;
} cast[PHONES_MAX] = {
    {"u0", "default", "users/u0@default", "u0"},   {"u1", "default", "users/u1@default", "u1"},
    {"u2", "default", "users/u2@default", "u2"},   {"u3", "default", "users/u3@default", "u3"},
    {"u1", "phone", "users/u1@phone", "u1-phone"},
};

struct phone *phone_add(struct phones *all, unsigned number, unsigned how)
{
    struct phone *p = &all->phone[number];
    const struct thm_credentials *credentials =
        conversation_credentials(cast[number].certificate, THM_FOR_CLIENT);

    *p = (struct phone){.phones = all,
                        .user = cast[number].user,
                        .device = cast[number].device,
                        .host = sim_host_new(all->world, cast[number].host),
                        .answers = (how & PHONE_ANSWERS) != 0,
                        .runs = true};
    sim_host_set_utc(p->host, PHONES_UTC);
    sim_host_shield(p->host, (how & PHONE_SHIELDED) != 0);
    p->client_memory = memory_for(thm_client_tls_size());
    p->calls_memory = memory_for(thm_calls_tls_size());
    const struct thm_client_config client = {.port = sim_host_port(p->host),
                                             .credentials = credentials,
                                             .host = "server",
                                             .number = PHONES_PORT,
                                             .server_name = "server",
                                             .tag = TAG_CLIENT,
                                             .tls_memory = p->client_memory,
                                             .tls_memory_size = thm_client_tls_size(),
                                             .on_event = on_client,
                                             .ctx = p};
    const struct thm_calls_config calls = {
        .port = sim_host_port(p->host),
        .client = &p->client,
        .credentials = credentials,
        .listen = (how & PHONE_LISTENS) != 0 ? sim_host_ip(p->host) : NULL,
        .relay_only = (how & PHONE_RELAY_ONLY) != 0,
        .tag = TAG_CALLS,
        .tls_memory = p->calls_memory,
        .tls_memory_size = thm_calls_tls_size(),
        .on_event = on_call,
        .ctx = p};
    assert_int_equal(thm_client_init(&p->client, &client), THM_OK);
    assert_int_equal(thm_calls_init(&p->calls, &calls), THM_OK);
    assert_int_equal(thm_client_start(&p->client, sim_host_now(p->host)), THM_OK);
    sim_host_run(p->host, &(struct sim_program){p, step, deadline});
    all->count++;
    return p;
}

/* --- running ----------------------------------------------------------------------------------------- */

static bool all_registered(void *ctx)
{
    struct phones *all = ctx;

    for (unsigned i = 0; i < PHONES_MAX; i++)
        if (all->phone[i].runs && (!all->phone[i].calls.online || !all->phone[i].calls.registered))
            return false;
    return true;
}

void phones_settle(struct phones *all)
{
    assert_true(sim_world_run_until(all->world, all_registered, all, 60000));
    sim_world_run_for(all->world, 100);
}

struct wish {
    struct phone *phone;
    bool (*holds)(struct phone *p);
};

static bool is_granted(void *ctx)
{
    const struct wish *w = ctx;

    return w->holds(w->phone);
}

bool phone_until(struct phone *p, bool (*holds)(struct phone *p), uint64_t ms)
{
    struct wish w = {p, holds};

    return sim_world_run_until(p->phones->world, is_granted, &w, ms);
}

unsigned phone_dial(struct phone *p, const char *target)
{
    unsigned call = 0;

    thm_calls_step(&p->calls, sim_host_now(p->host), NULL, 0); /* as a program does in each turn */
    assert_int_equal(thm_call_dial(&p->calls, target, &call), THM_OK);
    sim_host_poke(p->host);
    return call;
}

void phone_say(struct phone *p, unsigned call, uint64_t n)
{
    p->say_to[call] += n;
    say_lines(p);
    sim_host_poke(p->host);
}

struct hearing {
    const struct phone_call *a, *b;
    uint64_t a_lines, b_lines;
};

static bool all_heard(void *ctx)
{
    const struct hearing *h = ctx;

    return h->a->heard >= h->a_lines && h->b->heard >= h->b_lines;
}

void phones_hear(struct phone *a, unsigned a_call, uint64_t a_lines, struct phone *b,
                 unsigned b_call, uint64_t b_lines)
{
    struct hearing h = {&a->call[a_call], &b->call[b_call], a_lines, b_lines};

    if (!sim_world_run_until(a->phones->world, all_heard, &h, 600000))
        fail_msg("heard %llu of %llu and %llu of %llu", (unsigned long long)h.a->heard,
                 (unsigned long long)a_lines, (unsigned long long)h.b->heard,
                 (unsigned long long)b_lines);
    assert_int_equal(h.a->heard, a_lines);
    assert_int_equal(h.b->heard, b_lines);
    assert_false(a->breaks_order);
    assert_false(b->breaks_order);
}

struct connecting {
    struct phone *a, *b;
    unsigned a_call;
};

static bool has_connected(void *ctx)
{
    struct connecting *c = ctx;
    const struct phone_call *a = &c->a->call[c->a_call];

    return a->over || (a->stood > 0 && c->b->call[c->b->last].stood > 0);
}

void phones_connect(struct phone *a, struct phone *b, unsigned *a_call, unsigned *b_call)
{
    struct connecting c = {a, b, 0};
    char target[2 * THM_ID_MAX + 2];

    snprintf(target, sizeof target, "%s@%s", b->user, b->device);
    c.a_call = phone_dial(a, target);
    bool came = sim_world_run_until(a->phones->world, has_connected, &c, 60000);
    if (!came || a->call[c.a_call].over)
        fail_msg("no session: %s", came ? thm_error_text(a->call[c.a_call].code) : "too late");
    *a_call = c.a_call;
    *b_call = b->last;
}

static bool is_quiet(void *ctx)
{
    struct phones *all = ctx;

    for (unsigned i = 0; i < PHONES_MAX; i++) {
        struct phone *p = &all->phone[i];
        struct thm_tls_usage usage;
        if (!p->runs)
            continue;
        if (!thm_calls_idle(&p->calls))
            return false;
        for (unsigned j = 0; j < THM_CALLS; j++)
            if (p->calls.calls[j].state != THM_CALL_FREE)
                return false;
        thm_tls_domain_usage(p->calls.domain, &usage);
        if (usage.engines + usage.handshakes + usage.in_buffers + usage.out_buffers != 0)
            return false;
        if (sim_host_open_sockets(p->host) > 1u + (p->calls.number != 0))
            return false;
    }
    return true;
}

void phones_expect_quiet(struct phones *all)
{
    assert_true(sim_world_run_until(all->world, is_quiet, all, 60000));
}
