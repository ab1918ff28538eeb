#include "joiner.h"

#include <stdlib.h>
#include <string.h>

#define TAG 7

static void on_event(void *ctx, const struct thm_client_event *e)
{
    struct joiner *j = ctx;

    if (e->kind == THM_CLIENT_ISSUED && e->code == THM_OK) {
        j->certificate_len = e->certificate_len;
        memcpy(j->certificate, e->certificate, e->certificate_len);
    }
    if (e->kind == THM_CLIENT_ENDED) {
        j->ended = true;
        j->code = e->code;
    }
}

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct joiner *j = ctx;

    thm_client_step(&j->client, now_ms, events, n);
}

static uint64_t deadline(void *ctx)
{
    const struct joiner *j = ctx;

    return thm_client_deadline(&j->client);
}

/* As whoever has the invitation alone: of the CA its hash is known. */
static void take_invitation(struct joiner *j, const uint8_t secret[THM_ENROLL_SECRET])
{
    thm_enroll_bootstrap_key(secret, j->bootstrap);
    assert_true(thm_credentials_ca_pin(&j->office->credentials, j->pin.hash));
    const struct thm_credential_parts parts = {
        .chain = {{j->shown, thm_enroll_certificate(j->bootstrap, j->shown)}},
        .chain_len = 1,
        .key = j->bootstrap,
        .pin = &j->pin};
    assert_int_equal(thm_credentials_set(&j->credentials, &parts, THM_FOR_ENROLMENT), THM_OK);
}

void joiner_init(struct joiner *j, struct office *o, const char *name,
                 const uint8_t secret[THM_ENROLL_SECRET])
{
    memset(j, 0, sizeof *j);
    j->office = o;
    j->host = sim_host_new(o->world, name);
    sim_host_set_utc(j->host, office_utc_s(o) * 1000);
    j->tls_memory = aligned_alloc(16, (thm_client_tls_size() + 15) & ~(size_t)15);
    take_invitation(j, secret);
    assert_int_equal(thm_enroll_new_key(sim_host_port(j->host), j->key), THM_OK);
    j->request_len = thm_enroll_request(j->key, j->request);
}

void joiner_start(struct joiner *j)
{
    const struct thm_client_config config = {
        .port = sim_host_port(j->host),
        .credentials = &j->credentials,
        .host = "server",
        .number = OFFICE_PORT,
        .server_name = "server",
        .request = j->request,
        .request_len = j->request_len,
        .tag = TAG,
        .tls_memory = j->tls_memory,
        .tls_memory_size = thm_client_tls_size(),
        .on_event = on_event,
        .ctx = j,
    };

    j->ended = false;
    j->certificate_len = 0;
    assert_int_equal(thm_client_init(&j->client, &config), THM_OK);
    assert_int_equal(thm_client_start(&j->client, sim_host_now(j->host)), THM_OK);
    sim_host_run(j->host, &(struct sim_program){j, step, deadline});
}

bool joiner_has_ended(void *joiner)
{
    const struct joiner *j = joiner;

    return j->ended;
}

void joiner_free(struct joiner *j)
{
    free(j->tls_memory);
}
