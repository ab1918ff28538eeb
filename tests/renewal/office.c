#include "office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thimble/libcrypto.h"

#define LEAVE_MS (2 * THM_CLOSE_MS)

/* --- files ---------------------------------------------------------------------------------- */

static size_t read_pem(const char *name, char *text, size_t cap)
{
    const char *dir = getenv("THM_TEST_CERTS");
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir != NULL ? dir : ".", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s can't be read: set THM_TEST_CERTS to what tests/certs.sh makes", path);
    size_t len = fread(text, 1, cap - 1, f);
    text[len] = '\0';
    fclose(f);
    return len;
}

static void read_certificates(struct office *o)
{
    char chain[8192], key[8192];
    const char *why = "";
    size_t ca_len = read_pem("ca.crt", o->ca, sizeof o->ca);
    size_t key_len = read_pem("ca.key", key, sizeof key);

    if (issue_open(&o->issuer, o->ca, ca_len, key, key_len, &why) != ISSUE_OK)
        fail_msg("%s", why);
    size_t chain_len = read_pem("server/server.crt", chain, sizeof chain);
    key_len = read_pem("server/server.key", key, sizeof key);
    assert_int_equal(thm_credentials_load(&o->credentials, o->ca, ca_len, chain, chain_len, key,
                                          key_len, THM_FOR_SERVER),
                     THM_OK);
}

/* --- points at which it may die ---------------------------------------------------------------- */

static void point(struct office *o)
{
    if (o->at_point != NULL)
        o->at_point(o->point_ctx);
}

_Noreturn void office_die(struct office *o)
{
    longjmp(o->death, 1);
}

/* --- the signer ------------------------------------------------------------------------------ */

uint64_t office_utc_s(const struct office *o)
{
    struct thm_port *port = sim_host_port(o->host);
    uint64_t ms;

    assert_int_equal(port->ops->utc(port, &ms), THM_OK);
    return ms / 1000;
}

/* As thimble-signd's --limit. */
static bool within_limit(struct office *o)
{
    uint64_t now = sim_world_now(o->world), most = (uint64_t)o->burst * 1000;

    if (o->rate == 0)
        return true;
    o->tokens += (now - o->filled) * o->rate;
    o->tokens = o->tokens > most ? most : o->tokens;
    o->filled = now;
    if (o->tokens < 1000)
        return false;
    o->tokens -= 1000;
    return true;
}

static void count_second(struct office *o)
{
    uint64_t second = sim_world_now(o->world) / 1000;

    o->in_second = second == o->second ? o->in_second + 1 : 1;
    o->second = second;
    if (o->in_second > o->most_in_second)
        o->most_in_second = o->in_second;
}

static void sign(struct office *o, struct thm_signing *s)
{
    struct issued issued;
    const char *why;
    enum issue_result result = issue(o->issuer, s->user, s->device, s->request, s->request_len,
                                     (int64_t)office_utc_s(o), o->lifetime_s, &issued, &why);

    s->result = result == ISSUE_OK ? THM_OK : result == ISSUE_REQUEST ? THM_E_CSR : THM_E_SIGNER;
    if (result != ISSUE_OK)
        return;
    memcpy(s->key_hash, issued.key_hash, sizeof s->key_hash);
    memcpy(s->certificate, issued.certificate, issued.len);
    s->certificate_len = issued.len;
    s->not_after_s = (uint64_t)issued.not_after;
    o->signed_count++;
    count_second(o);
}

static bool on_sign(void *ctx, struct thm_signing *signing)
{
    struct office *o = ctx;

    o->asked++;
    point(o);
    if (o->closed || o->waiting_count == OFFICE_SIGNINGS)
        return false;
    o->waiting[o->waiting_count].signing = signing;
    o->waiting[o->waiting_count++].due = sim_world_now(o->world) + o->takes_ms;
    if (o->waiting_count > o->most_waiting)
        o->most_waiting = o->waiting_count;
    return true;
}

static void answer_due(struct office *o)
{
    while (o->waiting_count > 0 && sim_world_now(o->world) >= o->waiting[0].due) {
        struct thm_signing *s = o->waiting[0].signing;
        memmove(&o->waiting[0], &o->waiting[1], --o->waiting_count * sizeof o->waiting[0]);
        if (within_limit(o)) {
            sign(o, s);
        } else {
            o->over_limit++;
            s->result = THM_E_SIGNER;
        }
        point(o);
        thm_server_signed(o->server, s);
        point(o);
    }
}

void office_certify(const struct office *o, const char *user, const uint8_t *request, size_t len,
                    struct issued *out)
{
    const char *why = "";

    if (issue(o->issuer, user, "board", request, len, (int64_t)office_utc_s(o), o->lifetime_s, out,
              &why) != ISSUE_OK)
        fail_msg("%s", why);
}

/* --- the server ------------------------------------------------------------------------------ */

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct office *o = ctx;

    if (setjmp(o->death) != 0) {
        office_kill(o, SIM_DEATH_RESET);
        o->died = true;
        return;
    }
    point(o);
    answer_due(o);
    thm_server_step(o->server, now_ms, events, n);
}

static uint64_t deadline(void *ctx)
{
    const struct office *o = ctx;
    uint64_t at = thm_server_deadline(o->server), now = sim_world_now(o->world), due = o->poll_at;

    if (o->waiting_count > 0 && o->waiting[0].due < due)
        due = o->waiting[0].due;
    if (due == UINT64_MAX)
        return at;
    due = sim_host_now(o->host) + (due > now ? due - now : 0);
    return due < at ? due : at;
}

static void on_log(void *ctx, const struct thm_log_record *record)
{
    static const char *const words[OFFICE_EVENTS] = {
        [OFFICE_HANDSHAKE] = "handshake", [OFFICE_LOGIN] = "login",
        [OFFICE_CLOSE] = "close",         [OFFICE_RENEWED] = "renewed",
        [OFFICE_ENROLLED] = "enrolled",   [OFFICE_NOT_CERTIFIED] = "not-certified",
    };
    struct office *o = ctx;

    for (unsigned i = 0; i < OFFICE_EVENTS; i++)
        o->counts[i] += strcmp(record->event, words[i]) == 0;
    if (strcmp(record->event, "refused") == 0)
        o->refused = record->code;
}

static void *memory_for(size_t size)
{
    void *memory = aligned_alloc(16, (size + 15) & ~(size_t)15);

    assert_non_null(memory);
    memset(memory, 0, size);
    return memory;
}

void office_init(struct office *o)
{
    memset(o, 0, sizeof *o);
    o->world = sim_world_new(sim_seed(1));
    o->host = sim_host_new(o->world, "server");
    sim_host_set_utc(o->host, OFFICE_UTC);
    o->lifetime_s = DAY_S;
    o->takes_ms = 5;
    o->poll_at = UINT64_MAX;
    read_certificates(o);
    o->store_config = (struct thm_ram_store_config){
        .blocks = 4096, .streams = 64, .senders = 1024, .records = 256, .seed = 1};
    o->config = (struct thm_server_config){.port = sim_host_port(o->host),
                                           .name = "office",
                                           .sign = on_sign,
                                           .sign_ctx = o,
                                           .log = on_log,
                                           .log_ctx = o};
    o->config.backend = thm_libcrypto_backend();
    thm_server_config_default(&o->config, 8);
    o->config.signings = OFFICE_SIGNINGS;
    o->config.invitations = 16;
}

void office_open_store(struct office *o)
{
    size_t size = thm_ram_store_size(&o->store_config);

    o->store_memory = memory_for(size);
    assert_int_equal(thm_ram_store_init(&o->store, o->store_memory, size, &o->store_config),
                     THM_OK);
    o->store->durable = true; /* it lives longer than the servers */
}

void office_serve(struct office *o)
{
    if (o->store == NULL)
        office_open_store(o);
    if (o->config.store == NULL)
        o->config.store = o->store;
    o->tokens = (uint64_t)o->burst * 1000;
    o->died = false;
    size_t size = thm_server_size(&o->config, NULL, 0);
    o->memory = memory_for(size);
    assert_int_equal(thm_server_init(&o->server, o->memory, size, &o->config), THM_OK);
    thm_server_set_credentials(o->server, &o->credentials, NULL);
    assert_int_equal(thm_server_listen(o->server, sim_host_ip(o->host), OFFICE_PORT, NULL), THM_OK);
    sim_host_run(o->host, &(struct sim_program){o, step, deadline});
}

/* What it had asked the store for is done, and nobody hears of it. */
static void settle_store(struct office *o)
{
    struct thm_store_request *done[16];

    while (o->store->ops->collect(o->store, done, 16) > 0) {
    }
}

void office_kill(struct office *o, enum sim_death how)
{
    sim_host_kill(o->host, how);
    settle_store(o);
    o->waiting_count = 0;
    free(o->memory);
    o->memory = NULL;
    o->server = NULL;
}

struct thm_server_stats office_stats(const struct office *o)
{
    struct thm_server_stats stats;

    thm_server_stats(o->server, &stats);
    return stats;
}

void office_pass(struct office *o, uint64_t ms)
{
    sim_world_run_for(o->world, ms);
}

/* --- its end --------------------------------------------------------------------------------- */

static bool deserted(void *ctx)
{
    const struct office *o = ctx;
    struct thm_server_stats s = office_stats(o);

    return s.connections == 0 && s.appends_used == 0 && s.reads_used == 0 && o->waiting_count == 0;
}

void office_end(struct office *o)
{
    assert_true(sim_world_run_until(o->world, deserted, o, LEAVE_MS));
    struct thm_server_stats s = office_stats(o);
    assert_int_equal(s.sessions + s.rooms + s.memberships, 0);
    assert_int_equal(s.outputs_used + s.lines_used + s.logins_used, 0);
    assert_int_equal(s.tls.engines + s.tls.handshakes + s.tls.in_buffers + s.tls.out_buffers, 0);
    assert_int_equal(sim_host_open_sockets(o->host), 1); /* the listener */
    sim_world_free(o->world);
    issue_close(o->issuer);
    free(o->memory);
    free(o->store_memory);
}
