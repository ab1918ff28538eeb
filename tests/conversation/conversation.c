#include "conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

#ifdef THM_TEST_LIBCRYPTO
#include "thimble/libcrypto.h"
#endif

#define UTC_MS    1800000000000u /* 2027-01-15 */
#define PORT      8443
#define FAULTY_MS 120000  /* how long the faults go on */
#define CALM_MS   1800000 /* and how long it may take to converge afterwards */
#define TAG       7

/* --- certificates --------------------------------------------------------------------------- */

static char *read_pem(const char *name, size_t *len)
{
    char path[512];
    const char *dir = getenv("THM_TEST_CERTS");
    char *data = malloc(16384);

    snprintf(path, sizeof path, "%s/%s", dir != NULL ? dir : ".", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "%s: cannot be read; ctest makes it (fixture certificates)\n", path);
        exit(1);
    }
    *len = fread(data, 1, 16383, f);
    data[*len] = '\0';
    fclose(f);
    return data;
}

static const struct thm_credentials *load(const char *crt, const char *key, enum thm_role role)
{
    static const struct thm_credentials *loaded[TALKERS + 1];
    static const char *names[TALKERS + 1];
    size_t a_len, c_len, k_len;
    unsigned i = 0;

    while (loaded[i] != NULL && strcmp(names[i], crt) != 0)
        i++;
    if (loaded[i] != NULL)
        return loaded[i];
    char *a = read_pem("ca.crt", &a_len), *c = read_pem(crt, &c_len), *k = read_pem(key, &k_len);
    struct thm_credentials *out = aligned_alloc(16, (sizeof *out + 15) & ~(size_t)15);
    int code = thm_credentials_load(out, a, a_len, c, c_len, k, k_len, role);
    if (code != THM_OK) {
        fprintf(stderr, "%s: %s\n", crt, thm_error_text(code));
        exit(1);
    }
    free(a);
    free(c);
    free(k);
    loaded[i] = out;
    names[i] = strdup(crt);
    return out;
}

static const struct thm_tls_backend *backend(const struct plan *plan)
{
#ifdef THM_TEST_LIBCRYPTO
    return plan->backend ? thm_libcrypto_backend() : NULL;
#else
    (void)plan;
    return NULL;
#endif
}

/* --- the server ----------------------------------------------------------------------------- */

static unsigned store_fault(void *ctx, const struct thm_store_request *request, int *result)
{
    struct conversation *c = ctx;
    const struct store_faults *f = &c->plan.store;

    (void)request;
    if (c->calm)
        return 0;
    if (sim_world_random(c->world, SIM_ALWAYS) < f->fail_ppm)
        *result = THM_E_STORE;
    if (sim_world_random(c->world, SIM_ALWAYS) < f->late_ppm)
        return 1 + (unsigned)sim_world_random(c->world, f->late_max);
    return 0;
}

static void make_store(struct conversation *c)
{
    struct thm_ram_store_config config = {
        .blocks = c->plan.store_blocks,
        .streams = 64,
        .senders = 64,
        .seed = c->plan.seed + c->restarts_done,
        .fault = store_fault,
        .fault_ctx = c,
    };
    size_t size = thm_ram_store_size(&config);

    c->store_memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
    memset(c->store_memory, 0, size);
    if (thm_ram_store_init(&c->store, c->store_memory, size, &config) != THM_OK)
        abort();
}

static void server_step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct conversation *c = ctx;

    thm_server_step(c->server, now_ms, events, n);
}

static uint64_t server_deadline(void *ctx)
{
    struct conversation *c = ctx;
    uint64_t at = thm_server_deadline(c->server);

    /* A late store has no thread that wakes the loop: it is asked again soon. */
    uint64_t soon = sim_host_now(c->server_host) + 5;
    struct thm_server_stats stats;
    thm_server_stats(c->server, &stats);
    return (stats.appends_used > 0 || stats.reads_used > 0) && soon < at ? soon : at;
}

static void run_server(struct conversation *c)
{
    struct thm_server_config config = {
        .port = sim_host_port(c->server_host),
        .store = c->store,
        .backend = backend(&c->plan),
        .name = "sim",
    };
    thm_server_config_default(&config, TALKERS + 1);
    config.blocks = 16;
    config.appends = 6;
    config.reads = 2;
    config.max_handshakes = 3;
    size_t size = thm_server_size(&config, NULL, 0);
    c->server_memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
    memset(c->server_memory, 0, size);
    if (thm_server_init(&c->server, c->server_memory, size, &config) != THM_OK)
        abort();
    thm_server_set_credentials(
        c->server, load("server/server.crt", "server/server.key", THM_FOR_SERVER), NULL);
    sim_host_run(c->server_host, &(struct sim_program){c, server_step, server_deadline});
    if (thm_server_listen(c->server, sim_host_ip(c->server_host), PORT, NULL) != THM_OK)
        abort();
}

static void restart_server(struct conversation *c)
{
    sim_host_kill(c->server_host,
                  sim_world_random(c->world, 2) == 0 ? SIM_DEATH_RESET : SIM_DEATH_SILENT);
    c->restarts_done++;
    if (c->plan.store_survives) {
        /* What was under way in the store comes out as if it had been written before the crash. */
        struct thm_store_request *done[32];
        c->calm = true;
        for (unsigned i = 0; i < 1000; i++)
            c->store->ops->collect(c->store, done, 32);
        c->calm = false;
    } else {
        free(c->store_memory);
        make_store(c);
    }
    free(c->server_memory);
    run_server(c);
}

/* --- the clients ---------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct thm_client_event *event)
{
    judge_note(ctx, event);
}

/* Says the next thing, if the queue takes it. */
static void say_next(struct talker *t)
{
    char text[PARTS * THM_TEXT_MAX], to[16] = THM_DEFAULT_ROOM;
    size_t len;

    if (t->said % 4 == 3)
        snprintf(to, sizeof to, "u%u", (t->number + 1) % TALKERS);
    len = (size_t)snprintf(text, sizeof text, "%s%u-%u", t->said % 4 == 3 ? "w" : "", t->number,
                           t->said);
    if (t->said == SAYINGS / 2) {
        len = sizeof text;
        memset(text, 'x', len);
    }
    if (thm_client_say(&t->client, to, text, len, NULL) == THM_OK)
        t->said++;
}

static bool all_joined(void *ctx)
{
    const struct conversation *c = ctx;

    for (unsigned i = 0; i < TALKERS; i++)
        if (!c->talkers[i].joined_once)
            return false;
    return true;
}

static void client_step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct talker *t = ctx;

    thm_client_step(&t->client, now_ms, events, n);
    if (t->said < SAYINGS && now_ms >= t->say_at) {
        if (all_joined(t->conversation))
            say_next(t);
        t->say_at = now_ms + 1 + sim_world_random(t->conversation->world, 8000);
    }
}

static uint64_t client_deadline(void *ctx)
{
    struct talker *t = ctx;
    uint64_t at = thm_client_deadline(&t->client);

    return t->said < SAYINGS && t->say_at < at ? t->say_at : at;
}

static void start_client(struct conversation *c, unsigned number)
{
    static const char *const names[TALKERS] = {"u0", "u1", "u2", "u3"};
    struct talker *t = &c->talkers[number];
    char crt[64], key[64];

    t->conversation = c;
    t->number = number;
    t->ended = 1;
    t->seen = calloc(SEEN_MAX, sizeof *t->seen);
    t->host = sim_host_new(c->world, names[number]);
    sim_host_set_utc(t->host, UTC_MS);
    t->tls_memory = aligned_alloc(16, (thm_client_tls_size() + 15) & ~(size_t)15);
    snprintf(crt, sizeof crt, "users/u%u@default.crt", number);
    snprintf(key, sizeof key, "users/u%u@default.key", number);
    struct thm_client_config config = {
        .port = sim_host_port(t->host),
        .credentials = load(crt, key, THM_FOR_CLIENT),
        .backend = backend(&c->plan),
        .host = "server",
        .number = PORT,
        .server_name = "server",
        .tag = TAG,
        .credit = number == 0 ? 4096 : 0,
        .tls_memory = t->tls_memory,
        .tls_memory_size = thm_client_tls_size(),
        .on_event = on_event,
        .ctx = t,
    };
    if (thm_client_init(&t->client, &config) != THM_OK ||
        thm_client_join(&t->client, THM_DEFAULT_ROOM) != THM_OK ||
        thm_client_start(&t->client, sim_host_now(t->host)) != THM_OK)
        abort();
    sim_host_run(t->host, &(struct sim_program){t, client_step, client_deadline});
}

/* --- the play ------------------------------------------------------------------------------- */

struct plan conversation_plan(uint64_t seed)
{
    struct plan plan = {.seed = seed, .faults = sim_faults_draw(seed), .store_blocks = 256};

    plan.backend = seed % 8 != 0;
    if (seed % 3 == 0)
        plan.store = (struct store_faults){.late_ppm = 300000, .late_max = 20, .fail_ppm = 20000};
    if (seed % 4 == 1)
        plan.restarts = 1 + (unsigned)(seed / 4 % 2);
    plan.store_survives = seed % 8 == 1;
    if (seed % 5 == 2)
        plan.store_blocks = 8;
    if (seed % 7 == 3)
        plan.faults.cut_ppm = 2000;
    return plan;
}

void conversation_start(struct conversation *c, const struct plan *plan)
{
    memset(c, 0, sizeof *c);
    c->plan = *plan;
    c->world = sim_world_new(plan->seed);
    c->server_host = sim_host_new(c->world, "server");
    sim_host_set_utc(c->server_host, UTC_MS);
    make_store(c);
    run_server(c);
    c->talkers = calloc(TALKERS, sizeof *c->talkers);
    for (unsigned i = 0; i < TALKERS; i++)
        start_client(c, i);
}

static bool complete(void *ctx)
{
    return judge_complete(ctx);
}

/* Everybody leaves; then the server holds nothing. */
static bool all_left(void *ctx)
{
    struct conversation *c = ctx;
    struct thm_server_stats stats;

    for (unsigned i = 0; i < TALKERS; i++)
        if (c->talkers[i].ended == 1)
            return false;
    thm_server_stats(c->server, &stats);
    return stats.connections == 0;
}

static const char *leave(struct conversation *c)
{
    struct thm_server_stats s;

    for (unsigned i = 0; i < TALKERS; i++) {
        thm_client_stop(&c->talkers[i].client);
        sim_host_poke(c->talkers[i].host);
    }
    if (!sim_world_run_until(c->world, all_left, c, CALM_MS))
        return "a connection did not end";
    thm_server_stats(c->server, &s);
    if (s.outputs_used + s.lines_used + s.appends_used + s.reads_used + s.memberships > 0)
        return "the server leaks";
    if (s.tls.engines + s.tls.handshakes + s.tls.in_buffers + s.tls.out_buffers > 0)
        return "TLS leaks";
    for (unsigned i = 0; i < TALKERS; i++)
        if (sim_host_open_sockets(c->talkers[i].host) != 0)
            return "a client leaks a socket";
    return sim_host_open_sockets(c->server_host) == 1 ? NULL : "the server leaks a socket";
}

const char *conversation_play(struct conversation *c)
{
    uint64_t step_ms = FAULTY_MS / (c->plan.restarts + 1);

    sim_world_run_until(c->world, all_joined, c, 60000);
    sim_world_faults(c->world, &c->plan.faults);
    for (unsigned i = 0; i <= c->plan.restarts; i++) {
        sim_world_run_for(c->world, 1 + sim_world_random(c->world, step_ms));
        if (i < c->plan.restarts)
            restart_server(c);
    }
    sim_world_faults(c->world, NULL);
    c->calm = true;
    if (!sim_world_run_until(c->world, complete, c, CALM_MS)) {
        const char *bad = judge_all(c);
        return bad != NULL ? bad : "it does not converge: messages stay unacknowledged";
    }
    sim_world_run_for(c->world, 5000); /* whatever comes late, comes twice */
    const char *bad = judge_all(c);
    return bad != NULL ? bad : leave(c);
}

void conversation_free(struct conversation *c)
{
    sim_world_free(c->world);
    for (unsigned i = 0; i < TALKERS; i++) {
        free(c->talkers[i].seen);
        free(c->talkers[i].tls_memory);
    }
    free(c->talkers);
    free(c->server_memory);
    free(c->store_memory);
}
