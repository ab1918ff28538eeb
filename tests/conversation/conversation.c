#include "conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "knowledge.h"

#ifdef THM_TEST_LIBCRYPTO
#include "thimble/libcrypto.h"
#endif

#define USER_RECORD 2     /* THM_KIND_USER_RECORD of core/server */
#define JOIN_MS     60000 /* until everybody is in the room, while nothing goes wrong yet */
#define DEAD_MS                                                                                    \
    200000 /* until everybody has noticed that a connection is dead of which nobody was told */
#define CALM_MS   100000 /* it may take so long to converge once the faults stop */
#define QUIET_MS  3000   /* after which nothing is under way any more */
#define CUT_MS    5000 /* a write of the store comes within this time, or the power fails as well */
#define PROMPT_MS 2000 /* on a calm network, everything arrives within this time */

/* --- the server ----------------------------------------------------------------------------- */

static const struct thm_tls_backend *backend(const struct plan *plan)
{
#ifdef THM_TEST_LIBCRYPTO
    return plan->backend ? thm_libcrypto_backend() : NULL;
#else
    (void)plan;
    return NULL;
#endif
}

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    const struct conversation *c = ctx;

    thm_server_step(c->server, now_ms, events, n);
}

static uint64_t deadline(void *ctx)
{
    const struct conversation *c = ctx;
    uint64_t at = thm_server_deadline(c->server);

    /* A late store has no thread that wakes the loop: it is asked again soon. */
    uint64_t soon = sim_host_now(c->server_host) + 5;
    return c->ledger.under_way > 0 && soon < at ? soon : at;
}

/* Starts the server; false: a call of the port failed. */
static bool serve(struct conversation *c)
{
    struct thm_server_config config = {
        .port = sim_host_port(c->server_host),
        .store = &c->ledger.store,
        .backend = backend(&c->plan),
        .name = "sim",
    };

    thm_server_config_default(&config, TALKERS_MAX + 1);
    if (c->plan.passcodes)
        config.auth = THM_AUTH_PASSCODE;
    if (c->plan.tight) {
        config.logins = c->plan.steady ? TALKERS_MAX : 2;
        config.blocks = 4;
        config.appends = 3;
        config.reads = 1;
        config.outputs = 2;
        config.max_handshakes = 2;
        config.tls_sessions = 2;
    }
    size_t size = thm_server_size(&config, NULL, 0);
    free(c->server_memory);
    c->server_memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
    memset(c->server_memory, 0, size);
    if (thm_server_init(&c->server, c->server_memory, size, &config) != THM_OK)
        return false;
    thm_server_set_credentials(c->server, conversation_credentials("server/server", THM_FOR_SERVER),
                               NULL);
    return thm_server_listen(c->server, sim_host_ip(c->server_host), CONVERSATION_PORT, NULL) ==
           THM_OK;
}

/* The accounts are there before the server is: nobody is to be refused for that. */
static void make_accounts(struct conversation *c)
{
    for (unsigned i = 0; i < c->plan.talkers && c->plan.passcodes; i++) {
        char verifier[THM_SCRAM_VERIFIER_TEXT], record[THM_SCRAM_VERIFIER_TEXT + 64];
        bool own = i >= 2; /* a policy of his own */
        talker_verifier(i, verifier);
        snprintf(record, sizeof record, "%sverifier %s\n", own ? "auth passcode\n" : "", verifier);
        ledger_put(&c->ledger, USER_RECORD, talker_user(i), record);
    }
}

void conversation_serve(struct conversation *c)
{
    make_accounts(c);
    while (!serve(c)) {
    }
    sim_host_run(c->server_host, &(struct sim_program){c, step, deadline});
}

static bool server_idle(void *ctx)
{
    const struct conversation *c = ctx;

    return thm_server_idle(c->server);
}

static void count_guesses(struct conversation *c)
{
    struct thm_server_stats stats;

    thm_server_stats(c->server, &stats);
    c->guessed += stats.passcodes_failed;
}

static void restart(struct conversation *c, enum sim_death how, enum disk_end end)
{
    count_guesses(c);
    sim_host_kill(c->server_host, how);
    if (c->plan.disk != NULL)
        ledger_restart(&c->ledger, end);
    else if (c->plan.store_survives)
        ledger_settle(&c->ledger);
    else
        ledger_lose(&c->ledger);
    c->restarted = c->plan.disk == NULL;
    conversation_serve(c);
}

/* --- what happens in between ---------------------------------------------------------------- */

static uint64_t draw(const struct conversation *c, uint64_t below)
{
    return sim_world_random(c->world, below);
}

static void shut_down(struct conversation *c)
{
    thm_server_shutdown(c->server);
    sim_host_poke(c->server_host);
    if (!sim_world_run_until(c->world, server_idle, c, THM_CLOSE_MS + 1000))
        judge_broken(c, "the server does not end");
    restart(c, SIM_DEATH_RESET, DISK_ORDERLY);
}

static bool power_is_off(void *ctx)
{
    const struct conversation *c = ctx;

    return c->plan.disk->ops->is_off(c->plan.disk);
}

/* Where the store is durable, it dies by a loss of power; mostly within a write, if one comes soon. */
static void die(struct conversation *c)
{
    if (c->plan.disk != NULL && draw(c, 4) != 0) {
        c->plan.disk->ops->cut_soon(c->plan.disk);
        sim_world_run_until(c->world, power_is_off, c, CUT_MS);
    }
    restart(c, draw(c, 2) == 0 ? SIM_DEATH_RESET : SIM_DEATH_SILENT, DISK_POWER_LOSS);
}

static void happen(struct conversation *c, enum happening what)
{
    struct talker *t = &c->talkers[draw(c, c->plan.talkers)];
    struct sim_host *host = draw(c, 3) == 0 ? c->server_host : t->host;

    switch (what) {
    case HAPPEN_KILL: die(c); break;
    case HAPPEN_SHUTDOWN: shut_down(c); break;
    case HAPPEN_JUMP: sim_host_jump(host, draw(c, 600000)); break;
    case HAPPEN_SLEEP: t->asleep_until = sim_host_now(t->host) + draw(c, 100000); break;
    case HAPPEN_RESET: sim_host_reset(host); break;
    case HAPPEN_CUT: sim_host_cut(host); break;
    case HAPPEN_STORE_DOWN: c->ledger.down_until = sim_world_now(c->world) + draw(c, 20000); break;
    case HAPPENINGS: break;
    }
}

static enum happening draw_happening(const struct conversation *c)
{
    for (;;) {
        enum happening what = (enum happening)draw(c, HAPPENINGS);
        if ((c->plan.may_happen >> what & 1) != 0)
            return what;
    }
}

static void calm_down(struct conversation *c)
{
    struct thm_server_stats stats;

    thm_server_stats(c->server, &stats);
    if (c->plan.steady && stats.accepted != c->plan.talkers)
        judge_broken(c, "%llu connections of %u clients, and nothing broke one",
                     (unsigned long long)stats.accepted, c->plan.talkers);
    sim_world_faults(c->world, NULL);
    c->calm = c->ledger.calm = true;
    c->ledger.down_until = 0;
    for (unsigned i = 0; i < c->plan.talkers; i++) {
        c->talkers[i].asleep_until = 0;
        sim_host_poke(c->talkers[i].host);
    }
}

/* --- the play ------------------------------------------------------------------------------- */

void conversation_init(struct conversation *c, const struct plan *plan)
{
    memset(c, 0, sizeof *c);
    c->plan = *plan;
    c->world = sim_world_new(plan->seed);
    c->server_host = sim_host_new(c->world, "server");
    sim_host_set_utc(c->server_host, CONVERSATION_UTC);
    ledger_init(&c->ledger, c->world, &plan->store, plan->disk);
    c->talkers = calloc(plan->talkers, sizeof *c->talkers);
    for (unsigned i = 0; i < plan->talkers; i++)
        talker_init(c, i);
}

static bool is_broken(const struct conversation *c)
{
    return c->verdict[0] != '\0' || c->ledger.broken[0] != '\0';
}

/* Runs until `done` or a promise is broken. False: the time is up, or it is broken. */
static bool run_until(struct conversation *c, bool (*done)(void *ctx), uint64_t limit_ms)
{
    uint64_t end = sim_world_now(c->world) + limit_ms;

    while (!is_broken(c) && !done(c))
        if (sim_world_now(c->world) > end || !sim_world_step(c->world))
            return false;
    return !is_broken(c);
}

static void run_for(struct conversation *c, uint64_t ms)
{
    uint64_t end = sim_world_now(c->world) + ms;

    while (!is_broken(c) && sim_world_now(c->world) < end)
        sim_world_run_for(
            c->world, end - sim_world_now(c->world) < 100 ? end - sim_world_now(c->world) : 100);
}

static bool all_joined(void *ctx)
{
    const struct conversation *c = ctx;

    for (unsigned i = 0; i < c->plan.talkers; i++)
        if (!c->talkers[i].lobby_joined)
            return false;
    return true;
}

static bool converged(void *ctx)
{
    return judge_converged(ctx, false);
}

static void converge(struct conversation *c)
{
    const unsigned silent = 1u << HAPPEN_CUT | 1u << HAPPEN_KILL;

    if (c->plan.faults.cut_ppm != 0 ||
        (c->plan.happenings > 0 && (c->plan.may_happen & silent) != 0))
        run_for(c, DEAD_MS);
    if (!run_until(c, converged, CALM_MS))
        judge_converged(c, true);
    run_for(c, QUIET_MS);
    judge_converged(c, true);
    knowledge_same(c);
    c->converged = true;
}

/* --- when all is calm ----------------------------------------------------------------------- */

/* Asks, and waits for the answers. What is asked is not asked again by itself when a connection breaks. */
static bool ask(struct conversation *c, void (*question)(struct conversation *c),
                bool (*answered)(void *ctx))
{
    question(c);
    if (run_until(c, answered, PROMPT_MS))
        return true;
    if (!c->plan.late_fault || !run_until(c, converged, CALM_MS))
        return false;
    question(c);
    return run_until(c, answered, PROMPT_MS);
}

static const char *const last_states[TALKERS_MAX] = {"a", "b", "c", "d", "e"};
static const char last_topic[] = "the end";

static void ask_news(struct conversation *c)
{
    for (unsigned i = 0; i < c->plan.talkers; i++)
        talker_set_state(&c->talkers[i], last_states[i]);
    talker_set_topic(&c->talkers[1], last_topic);
}

static bool all_know(void *ctx)
{
    return knowledge_is(ctx, last_states, last_topic, false);
}

static void news(struct conversation *c)
{
    if (!ask(c, ask_news, all_know))
        knowledge_is(c, last_states, last_topic, true);
}

/* The last word of each: nothing else is under way that would wake anybody by chance. */
static void last_words(struct conversation *c)
{
    for (unsigned i = 0; i < c->plan.talkers; i++) {
        c->talkers[i].may_say++;
        c->talkers[i].say_at = 0;
        sim_host_poke(c->talkers[i].host);
        if (!run_until(c, converged, c->plan.late_fault ? CALM_MS : PROMPT_MS))
            judge_converged(c, true);
        run_for(c, QUIET_MS);
    }
}

static void ask_history(struct conversation *c, bool lobby)
{
    const unsigned count = 10;

    for (unsigned i = 0; i < c->plan.talkers; i++) {
        char name[THM_ROOM_MAX + 1] = THM_DEFAULT_ROOM;
        if (!lobby)
            snprintf(name, sizeof name, "@%s", talker_user(i));
        knowledge_expect_history(&c->talkers[i], lobby ? VIEW_LOBBY : VIEW_INBOX, count);
        talker_ask_history(&c->talkers[i], name, count);
    }
}

static void ask_lobby(struct conversation *c)
{
    ask_history(c, true);
}

static void ask_inbox(struct conversation *c)
{
    ask_history(c, false);
}

static bool history_told(void *ctx)
{
    const struct conversation *c = ctx;

    for (unsigned i = 0; i < c->plan.talkers; i++)
        if (!c->talkers[i].past_ended)
            return false;
    return true;
}

/* Everybody asks for the newest entries, and is told exactly these. */
static void history(struct conversation *c)
{
    void (*const questions[])(struct conversation * c) = {ask_lobby, ask_inbox};

    for (unsigned i = 0; i < 2; i++) {
        if (!ask(c, questions[i], history_told))
            judge_broken(c, "history is not told at once");
        for (unsigned k = 0; k < c->plan.talkers; k++)
            knowledge_history_whole(&c->talkers[k]);
    }
}

/* --- leaving -------------------------------------------------------------------------------- */

static void stop(struct talker *t)
{
    thm_client_stop(&t->client);
    sim_host_poke(t->host);
}

static bool first_is_gone(void *ctx)
{
    const struct conversation *c = ctx;

    for (unsigned i = 1; i < c->plan.talkers; i++)
        if (!c->talkers[i].left[0])
            return false;
    return true;
}

static bool all_left(void *ctx)
{
    const struct conversation *c = ctx;
    struct thm_server_stats stats;

    for (unsigned i = 0; i < c->plan.talkers; i++)
        if (c->talkers[i].ended == NOT_ENDED)
            return false;
    thm_server_stats(c->server, &stats);
    return stats.connections == 0;
}

/* Once everybody has left, nothing is lent or open any more. */
static void count_leaks(struct conversation *c)
{
    struct thm_server_stats s;

    thm_server_stats(c->server, &s);
    if (s.outputs_used + s.lines_used + s.appends_used + s.reads_used + s.memberships > 0)
        judge_broken(c,
                     "leaked: %u output buffers, %u line buffers, %u appends, %u reads, %u "
                     "memberships",
                     s.outputs_used, s.lines_used, s.appends_used, s.reads_used, s.memberships);
    if (s.tls.engines + s.tls.handshakes + s.tls.in_buffers + s.tls.out_buffers > 0)
        judge_broken(c, "leaked by TLS: %u engines, %u handshakes, %u input and %u output buffers",
                     s.tls.engines, s.tls.handshakes, s.tls.in_buffers, s.tls.out_buffers);
    for (unsigned i = 0; i < c->plan.talkers; i++)
        if (sim_host_open_sockets(c->talkers[i].host) != 0)
            judge_broken(c, "client %u leaks a socket", i);
    count_guesses(c);
    if (c->guessed != 0)
        judge_broken(c, "%llu right passcodes were not", (unsigned long long)c->guessed);
    if (sim_host_open_sockets(c->server_host) != 1)
        judge_broken(c, "the server leaks a socket");
}

static void leave(struct conversation *c)
{
    run_for(c, QUIET_MS);
    c->leaving = true;
    stop(&c->talkers[0]);
    if (!run_until(c, first_is_gone, PROMPT_MS) && !c->plan.late_fault)
        judge_broken(c, "that client 0 has left is not known to all at once");
    for (unsigned i = 1; i < c->plan.talkers; i++)
        stop(&c->talkers[i]);
    if (!run_until(c, all_left, 2 * THM_CLOSE_MS))
        judge_broken(c, "a connection does not end");
    count_leaks(c);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void start(struct conversation *c)
{
    /* Accounts are made by the first login. If the disk failed then, nobody would be known after a loss of power. */
    c->ledger.calm = c->plan.disk != NULL;
    conversation_serve(c);
    for (unsigned i = 0; i < c->plan.talkers; i++)
        talker_start(c, i);
    if (!run_until(c, all_joined, JOIN_MS))
        judge_broken(c, "not everybody gets in");
}

static void go_wrong(struct conversation *c)
{
    uint64_t slice = c->plan.faulty_ms / (c->plan.happenings + 1);

    c->ledger.calm = false;
    sim_world_faults(c->world, &c->plan.faults);
    for (unsigned i = 0; i <= c->plan.happenings; i++) {
        run_for(c, 1 + draw(c, slice));
        if (i < c->plan.happenings && !is_broken(c))
            happen(c, draw_happening(c));
    }
    calm_down(c);
}

const char *conversation_play(struct conversation *c)
{
    void (*const acts[])(struct conversation * c) = {start,      go_wrong, converge, news,
                                                     last_words, history,  leave};

    for (unsigned i = 0; i < sizeof acts / sizeof acts[0] && !is_broken(c); i++)
        acts[i](c);
    if (c->ledger.broken[0] != '\0')
        return c->ledger.broken;
    return c->verdict[0] != '\0' ? c->verdict : NULL;
}

void conversation_free(struct conversation *c)
{
    ledger_free(&c->ledger); /* first: a store that ends finishes what the server asked it for */
    sim_world_free(c->world);
    for (unsigned i = 0; i < c->plan.talkers; i++)
        free(c->talkers[i].tls_memory);
    free(c->talkers);
    free(c->server_memory);
}
