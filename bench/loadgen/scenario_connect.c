/*
 * Connecting: TCP, TLS, login and close, a few at a time. In full every connection shows a certificate
 * that the server has not seen before, straight under the root.
 */
#include <math.h>
#include <string.h>

#include "group.h"
#include "identity.h"
#include "loop.h"
#include "report.h"
#include "scenario.h"

#define CONCURRENCY 8  /* so that the server has no time to sleep */
#define RETURNING   32 /* clients that come back with their session, more than are there at a time */
#define PATIENCE_NS (UINT64_C(10) * 1000000000)

/* Visits of one server: clients that connect, log in and leave. */
struct visits {
    struct group group;
    struct client clients[CONCURRENCY];
    SSL_SESSION **sessions; /* of RETURNING clients; NULL: all are new */
    uint32_t first;         /* identity of the first */
    unsigned begun, done, resumed;
};

static void begin(struct visits *v, struct client *c)
{
    unsigned i = v->begun++;

    if (v->sessions != NULL)
        client_open(c, &v->group, i % RETURNING, &v->sessions[i % RETURNING]);
    else
        client_open(c, &v->group, v->first + i, NULL);
}

/* Moves a visitor on: to its goodbye, or out. */
static void serve(struct visits *v, struct client *c)
{
    if (c->phase == PHASE_ONLINE && !c->may_close) {
        client_quit(c);
    } else if (c->ssl != NULL && c->phase == PHASE_CLOSED) {
        v->resumed += (unsigned)SSL_session_reused(c->ssl);
        v->done++;
        client_free(c);
    }
}

/* Makes `count` visits; returns how many milliseconds of CPU each cost the server. */
static double visit(struct visits *v, struct server *s, unsigned count)
{
    uint64_t give_up = now_ns() + PATIENCE_NS;
    double before = server_cpu_us(s);

    v->group.server = s;
    v->begun = v->done = v->resumed = 0;
    while (v->done < count) {
        for (unsigned i = 0; i < CONCURRENCY; i++) {
            serve(v, &v->clients[i]);
            if (v->clients[i].ssl == NULL && v->begun < count)
                begin(v, &v->clients[i]);
        }
        if (v->done < count)
            loop_turn(give_up);
        if (now_ns() > give_up)
            die("%s: %u of %u connections got in and out", s->label, v->done, count);
    }
    return (server_cpu_us(s) - before) / 1e3 / count;
}

static double measure_full(struct server *s, uint32_t first, unsigned count)
{
    struct visits v = {.first = first};

    return visit(&v, s, count);
}

/* NAN when the server resumes none. */
static double measure_resumed(struct server *s, unsigned count)
{
    SSL_SESSION *sessions[RETURNING] = {NULL};
    struct visits v = {.sessions = sessions};

    visit(&v, s, RETURNING);
    double ms = visit(&v, s, count);
    for (unsigned i = 0; i < RETURNING; i++)
        SSL_SESSION_free(sessions[i]);
    return v.resumed == count ? ms : (double)NAN;
}

void scenario_connect(struct bench *b)
{
    double full[SERVERS_MAX][ROUNDS_MAX], resumed[SERVERS_MAX][ROUNDS_MAX];
    unsigned rounds = b->effort.rounds, count = b->effort.connects;
    struct table t;

    identity_prepare(rounds * count);
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned s = 0; s < b->count; s++) {
            full[s][r] = measure_full(&b->servers[s], r * count, count);
            resumed[s][r] = measure_resumed(&b->servers[s], count);
        }
    }
    table_init(&t, "Connecting: TCP, TLS, login and close; server CPU, ms");
    table_column(&t, "full");
    table_column(&t, "resumed");
    for (unsigned s = 0; s < b->count; s++) {
        t.values[s][0] = median(full[s], rounds);
        t.values[s][1] = median(resumed[s], rounds);
    }
    table_print(&t, b, true);
    target_share(&t, b, 0, "mosquitto TLS 1.2", 2.5);
    target_share(&t, b, 1, "mosquitto TLS 1.2", 1.3);
}
