#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thimble/libcrypto.h"

#define TAG 7

/* --- certificates ----------------------------------------------------------------------------- */

void device_load(const struct office *o, const uint8_t *der, size_t len,
                 const uint8_t key[THM_ENROLL_KEY], struct thm_credentials *out)
{
    char pem[THM_KEY_PEM];
    size_t pem_len = thm_enroll_write_key(key, pem);

    assert_int_equal(thm_credentials_load(out, o->ca, strlen(o->ca), (const char *)der, len, pem,
                                          pem_len, THM_FOR_CLIENT),
                     THM_OK);
}

/* As the desktop's client does it. */
static uint64_t time_to_renew(const struct device *d, const struct thm_credentials *c)
{
    uint64_t now = office_utc_s(d->office), end = thm_credentials_identity(c)->not_after;

    assert_true(end > now);
    return now + (end - now) / 3 * 2;
}

static void get_first(struct device *d)
{
    struct issued issued;

    memcpy(d->next_key, d->key, sizeof d->key);
    d->request_len = thm_enroll_request(d->key, d->request);
    office_certify(d->office, d->name, d->request, d->request_len, &issued);
    device_load(d->office, issued.certificate, issued.len, d->key, d->current);
    d->renew_at_s = time_to_renew(d, d->current);
}

static void ask(struct device *d)
{
    d->told++;
    if (d->next != NULL && office_utc_s(d->office) < d->next_renew_at_s)
        return; /* one is there, and waits for its moment */
    if (d->other_key) {
        assert_int_equal(thm_enroll_new_key(sim_host_port(d->host), d->next_key), THM_OK);
        d->request_len = thm_enroll_request(d->next_key, d->request);
    }
    assert_int_equal(thm_client_enroll(&d->client, d->request, d->request_len), THM_OK);
}

static void take(struct device *d, const struct thm_client_event *e)
{
    uint64_t now = office_utc_s(d->office);
    uint64_t end = thm_credentials_identity(d->current)->not_after;
    struct thm_credentials *fresh = &d->stock[(d->current - d->stock + 1) % DEVICE_STOCK];

    assert_true(now < end);
    if (end - now < d->slack_s)
        d->slack_s = end - now;
    device_load(d->office, e->certificate, e->certificate_len, d->next_key, fresh);
    assert_string_equal(thm_credentials_identity(fresh)->user, d->name);
    assert_true(thm_credentials_identity(fresh)->not_after > end);
    d->next = fresh;
    d->next_renew_at_s = time_to_renew(d, fresh);
    d->issued++;
}

/* With another key it is somebody else to the server: whatever is not answered would be taken a second time. So that is done
 * between two connections, if there is nothing of the kind. */
static bool may_change(const struct device *d)
{
    return !d->other_key ||
           (d->client.state == THM_CLIENT_WAITING && thm_client_pending(&d->client) == 0);
}

static void change_over(struct device *d)
{
    if (d->next == NULL || !may_change(d) ||
        !thm_client_set_credentials(&d->client, d->next, d->next_renew_at_s))
        return;
    thm_credentials_wipe(d->current);
    d->current = d->next;
    d->next = NULL;
    memcpy(d->key, d->next_key, sizeof d->key);
    d->renew_at_s = d->next_renew_at_s;
    d->changes++;
}

/* --- what it says and is shown ---------------------------------------------------------------- */

static unsigned number_of(struct thm_slice s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++)
        n = n * 10 + (unsigned)(s.data[i] - '0');
    return n;
}

static void say(struct device *d)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u", d->said + 1);

    if (thm_client_say(&d->client, THM_DEFAULT_ROOM, text, (size_t)len, NULL) == THM_OK)
        d->said++;
    d->say_at = sim_host_now(d->host) + 1 + sim_world_random(d->office->world, d->pause_ms);
}

static void on_line(struct device *d, const struct thm_msg *m)
{
    struct thm_slice from = thm_msg_get(m, THM_KEY_FROM);

    assert_int_not_equal(m->type, THM_MSG_GAP);
    if (m->type != THM_MSG_MESSAGE)
        return;
    unsigned who = number_of((struct thm_slice){from.data + 1, from.len - 1});
    unsigned n = number_of(thm_msg_get(m, THM_KEY_TEXT));
    assert_true(who < TALKERS_MAX);
    if (n != d->shown[who] + 1)
        fail_msg("%s is shown %u of u%u after %u", d->name, n, who, d->shown[who]);
    d->shown[who] = n;
}

static void on_state(struct device *d, const struct thm_client_event *e)
{
    if (e->state == THM_CLIENT_ONLINE)
        d->online++;
    if (e->state == THM_CLIENT_WAITING)
        d->lost_link++;
}

static void on_event(void *ctx, const struct thm_client_event *e)
{
    struct device *d = ctx;

    switch (e->kind) {
    case THM_CLIENT_STATE: on_state(d, e); break;
    case THM_CLIENT_LINE: on_line(d, e->msg); break;
    case THM_CLIENT_ACKED: d->acked++; break;
    case THM_CLIENT_LOST: fail_msg("%s: what it said is refused", d->name); break;
    case THM_CLIENT_ENDED: d->ended = e->code; break;
    case THM_CLIENT_ASKED: fail_msg("%s is asked for a passcode", d->name); break;
    case THM_CLIENT_RENEWS: ask(d); break;
    case THM_CLIENT_ISSUED:
        if (e->code == THM_OK)
            take(d, e);
        else
            d->refused++;
        break;
    }
}

/* --- its life --------------------------------------------------------------------------------- */

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct device *d = ctx;

    thm_client_step(&d->client, now_ms, events, n);
    change_over(d);
    if (d->pause_ms != 0 && now_ms >= d->say_at)
        say(d);
}

static uint64_t deadline(void *ctx)
{
    const struct device *d = ctx;
    uint64_t at = thm_client_deadline(&d->client);

    return d->pause_ms != 0 && d->say_at < at ? d->say_at : at;
}

void device_init(struct device *d, struct office *o, unsigned number)
{
    memset(d, 0, sizeof *d);
    d->office = o;
    d->number = number;
    snprintf(d->name, sizeof d->name, "u%u", number);
    d->host = sim_host_new(o->world, d->name);
    sim_host_set_utc(d->host, office_utc_s(o) * 1000);
    d->tls_memory = aligned_alloc(16, (thm_client_tls_size() + 15) & ~(size_t)15);
    d->current = &d->stock[0];
    d->slack_s = UINT64_MAX;
    assert_int_equal(thm_enroll_new_key(sim_host_port(d->host), d->key), THM_OK);
    get_first(d);
}

void device_start_with(struct device *d, const struct thm_credentials *credentials)
{
    const struct thm_client_config config = {
        .port = sim_host_port(d->host),
        .credentials = credentials,
        .backend = thm_libcrypto_backend(),
        .host = "server",
        .number = OFFICE_PORT,
        .server_name = "server",
        .renew_at_s = d->renew_at_s,
        .tag = TAG,
        .tls_memory = d->tls_memory,
        .tls_memory_size = thm_client_tls_size(),
        .on_event = on_event,
        .ctx = d,
    };

    d->ended = NOT_ENDED;
    assert_int_equal(thm_client_init(&d->client, &config), THM_OK);
    if (d->pause_ms != 0)
        assert_int_equal(thm_client_join(&d->client, THM_DEFAULT_ROOM), THM_OK);
    d->say_at = sim_host_now(d->host) + MINUTE_MS; /* by then everybody is there */
    assert_int_equal(thm_client_start(&d->client, sim_host_now(d->host)), THM_OK);
    sim_host_run(d->host, &(struct sim_program){d, step, deadline});
}

void device_start(struct device *d)
{
    device_start_with(d, d->current);
}

void device_stop(struct device *d)
{
    d->pause_ms = 0;
    thm_client_stop(&d->client);
    sim_host_poke(d->host);
}

void device_free(struct device *d)
{
    free(d->tls_memory);
}

bool device_is_online(void *device)
{
    const struct device *d = device;

    return d->client.state == THM_CLIENT_ONLINE;
}

bool device_has_ended(void *device)
{
    const struct device *d = device;

    return d->ended != NOT_ENDED;
}
