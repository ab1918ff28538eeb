#include "talker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

#ifdef THM_TEST_LIBCRYPTO
#include "thimble/libcrypto.h"
#endif

#define TAG         7
#define CREDIT_TINY 4096 /* the least that there is */

/* --- who and what --------------------------------------------------------------------------- */

static const struct {
    const char *user, *device, *certificate, *host;
} cast[TALKERS_MAX] = {
    {"u0", "default", "users/u0@default", "u0"},   {"u1", "default", "users/u1@default", "u1"},
    {"u2", "default", "users/u2@default", "u2"},   {"u3", "default", "users/u3@default", "u3"},
    {"u1", "phone", "users/u1@phone", "u1-phone"},
};

const char *talker_user(unsigned number)
{
    return cast[number].user;
}

const char *talker_device(unsigned number)
{
    return cast[number].device;
}

bool talker_is(struct thm_slice s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

void talker_copy(char *to, size_t cap, struct thm_slice s)
{
    size_t len = s.len < cap ? s.len : cap - 1;

    memcpy(to, s.data, len);
    to[len] = '\0';
}

unsigned talker_number(struct thm_slice user, struct thm_slice device)
{
    unsigned i = 0;

    while (i < TALKERS_MAX && !(talker_is(user, cast[i].user) && talker_is(device, cast[i].device)))
        i++;
    return i;
}

/* The saying in the middle is long: it goes in parts, each with a csn of its own. */
static unsigned long_one(const struct plan *plan)
{
    return plan->sayings / 2;
}

uint64_t talker_csn_count(const struct plan *plan)
{
    return plan->sayings + PARTS - 1;
}

/* The saying that a csn belongs to, and which part of it. */
static unsigned saying_of(const struct plan *plan, uint64_t csn, unsigned *part)
{
    uint64_t k = csn - 1;

    *part = 0;
    if (k < long_one(plan))
        return (unsigned)k;
    if (k < long_one(plan) + PARTS) {
        *part = (unsigned)(k - long_one(plan));
        return long_one(plan);
    }
    return (unsigned)(k - PARTS + 1);
}

static size_t text_of(const struct plan *plan, unsigned number, unsigned k, char text[TEXT_CAP])
{
    if (k != long_one(plan))
        return (size_t)snprintf(text, TEXT_CAP, "%u says \"%u\"", number, k);
    for (unsigned i = 0; i < TEXT_CAP; i++)
        text[i] = (char)('a' + (i / THM_TEXT_MAX + number) % 26);
    return TEXT_CAP;
}

size_t talker_text(const struct plan *plan, unsigned number, uint64_t csn, char text[TEXT_CAP])
{
    unsigned part, k = saying_of(plan, csn, &part);
    size_t len = text_of(plan, number, k, text);

    if (len < TEXT_CAP)
        return len;
    memmove(text, text + part * THM_TEXT_MAX, THM_TEXT_MAX);
    return THM_TEXT_MAX;
}

/* Every third saying is a whisper to the next user; u1 is called as a whole or by one of the devices. */
static void target_of(const struct plan *plan, unsigned number, unsigned k, char target[32])
{
    static const char *const devices[] = {"", "@default", "@phone"};
    unsigned users = plan->talkers < TALKERS_MAX ? plan->talkers : TALKERS_MAX - 1;
    unsigned to = ((number < users ? number : 1) + 1) % users;

    if (k % 3 != 2)
        strcpy(target, THM_DEFAULT_ROOM);
    else
        snprintf(target, 32, "u%u%s", to,
                 to == 1 && plan->talkers == TALKERS_MAX ? devices[k / 3 % 3] : "");
}

void talker_target(const struct plan *plan, unsigned number, uint64_t csn, char target[32])
{
    unsigned part;

    target_of(plan, number, saying_of(plan, csn, &part), target);
}

/* --- what it asks for ----------------------------------------------------------------------- */

static bool request(struct talker *t, const struct thm_msg *m)
{
    bool taken = thm_client_request(&t->client, m) == THM_OK;

    sim_host_poke(t->host);
    return taken;
}

bool talker_set_state(struct talker *t, const char *text)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_STATE);
    THM_SET(&m, ROOM, THM_DEFAULT_ROOM);
    THM_SET(&m, TEXT, text);
    return request(t, &m);
}

bool talker_set_topic(struct talker *t, const char *text)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_TOPIC);
    THM_SET(&m, ROOM, THM_DEFAULT_ROOM);
    THM_SET(&m, TOPIC, text);
    return request(t, &m);
}

bool talker_ask_history(struct talker *t, const char *stream, unsigned count)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_HISTORY);
    THM_SET(&m, ROOM, stream);
    thm_msg_num(&m, THM_KEY_COUNT, count);
    return request(t, &m);
}

/* --- its passcode ---------------------------------------------------------------------------- */

void talker_verifier(unsigned number, char text[THM_SCRAM_VERIFIER_TEXT])
{
    static struct thm_scram_verifier made[TALKERS_MAX];
    const char *passcode = cast[number].user; /* the same on each of his devices */
    uint8_t salt[THM_SCRAM_SALT] = {0};

    memcpy(salt, passcode, strlen(passcode));
    if (made[number].iterations == 0)
        thm_scram_verifier_make(&made[number], passcode, strlen(passcode), salt, sizeof salt,
                                THM_SCRAM_ITERATIONS_MIN);
    thm_scram_verifier_print(&made[number], text);
}

static void answer(struct talker *t, const struct thm_client_proof *proof)
{
    t->asked++;
    if (proof->wrong != THM_SCRAM_OK)
        judge_broken(t->conversation, "client %u is told that its passcode was wrong", t->number);
    thm_client_passcode(&t->client, proof->user, strlen(proof->user));
}

/* --- the program ---------------------------------------------------------------------------- */

static bool all_joined(const struct conversation *c)
{
    for (unsigned i = 0; i < c->plan.talkers; i++)
        if (!c->talkers[i].lobby_joined)
            return false;
    return true;
}

/* Says the next thing, if the queue takes it; now and then it sets something as well. */
static void say_next(struct talker *t)
{
    const struct conversation *c = t->conversation;
    char text[TEXT_CAP], target[32];
    size_t len = text_of(&c->plan, t->number, t->said, text);

    target_of(&c->plan, t->number, t->said, target);
    if (thm_client_say(&t->client, target, text, len, NULL) == THM_OK)
        t->said++;
    if (t->said % 4 == 1 && t->client.state == THM_CLIENT_ONLINE) {
        snprintf(text, sizeof text, "%u is at %u", t->number, t->said);
        if (t->number % 2 == 0)
            talker_set_state(t, text);
        else
            talker_set_topic(t, text);
    }
}

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct talker *t = ctx;
    struct conversation *c = t->conversation;

    for (int i = 0; i < n; i++)
        t->missed |= events[i].what != THM_EV_WOKEN ? events[i].what : 0u;
    if (now_ms < t->asleep_until)
        return;
    struct thm_event event = {.tag = TAG, .what = t->missed};
    t->missed = 0;
    thm_client_step(&t->client, now_ms, &event, event.what != 0);
    if (t->said < t->may_say && now_ms >= t->say_at) {
        if (all_joined(c))
            say_next(t);
        t->say_at = now_ms + 1 + sim_world_random(c->world, c->calm ? 200 : c->plan.pause_ms);
    }
}

static uint64_t deadline(void *ctx)
{
    const struct talker *t = ctx;
    uint64_t at = thm_client_deadline(&t->client);

    if (sim_host_now(t->host) < t->asleep_until)
        return t->asleep_until;
    return t->said < t->may_say && t->say_at < at ? t->say_at : at;
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

static void on_event(void *ctx, const struct thm_client_event *event)
{
    if (event->kind == THM_CLIENT_ASKED)
        answer(ctx, event->proof);
    else
        judge_event(ctx, event);
    if (event->kind == THM_CLIENT_LINE && event->msg->type == THM_MSG_WHISPER)
        thm_client_read(&((struct talker *)ctx)->client);
}

void talker_init(struct conversation *c, unsigned number)
{
    struct talker *t = &c->talkers[number];

    t->conversation = c;
    t->number = number;
    t->ended = NOT_ENDED;
    t->may_say = c->plan.sayings > 0 ? c->plan.sayings - 1 : 0;
    t->host = sim_host_new(c->world, cast[number].host);
    sim_host_set_utc(t->host, CONVERSATION_UTC);
}

void talker_start(struct conversation *c, unsigned number)
{
    struct talker *t = &c->talkers[number];
    unsigned who = c->plan.twin ? 0 : number;

    t->tls_memory = aligned_alloc(16, (thm_client_tls_size() + 15) & ~(size_t)15);
    struct thm_client_config config = {
        .port = sim_host_port(t->host),
        .credentials = conversation_credentials(cast[who].certificate, THM_FOR_CLIENT),
        .backend = backend(&c->plan),
        .host = "server",
        .number = CONVERSATION_PORT,
        .server_name = "server",
        .receipts = number % 2 == 0 ? THM_RECEIPTS_DELIVERED : THM_RECEIPTS_READ,
        .tag = TAG,
        .credit = number == 0 ? CREDIT_TINY : 0,
        .tls_memory = t->tls_memory,
        .tls_memory_size = thm_client_tls_size(),
        .on_event = on_event,
        .ctx = t,
    };
    while (thm_client_init(&t->client, &config) != THM_OK) {
    }
    if (thm_client_join(&t->client, THM_DEFAULT_ROOM) != THM_OK ||
        thm_client_start(&t->client, sim_host_now(t->host)) != THM_OK)
        abort();
    sim_host_run(t->host, &(struct sim_program){t, step, deadline});
}
