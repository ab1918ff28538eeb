/*
 * Connecting: TCP, TLS, login and close, one after another. In full every connection shows a certificate
 * that the server has not seen before, straight under the root.
 */
#include <math.h>
#include <string.h>

#include "group.h"
#include "identity.h"
#include "loop.h"
#include "report.h"
#include "scenario.h"

#define ROUNDS_MAX  16
#define RETURNING   20 /* clients that come back with their session */
#define PATIENCE_NS (UINT64_C(10) * 1000000000)

/* A connection from dial to the server's close. Returns whether its session was resumed. */
static bool visit(struct server *s, uint32_t identity, SSL_SESSION **session)
{
    uint64_t give_up = now_ns() + PATIENCE_NS;
    struct client c;
    struct group g;

    memset(&g, 0, sizeof g);
    g.server = s;
    g.session = session;
    client_open(&c, &g, identity, session != NULL ? *session : NULL);
    while (g.online == 0 && now_ns() < give_up)
        loop_turn(give_up);
    bool resumed = SSL_session_reused(c.ssl);
    client_quit(&c);
    while (g.closed == 0 && now_ns() < give_up)
        loop_turn(give_up);
    if (g.closed == 0)
        die("%s: a connection does not get in and out", s->label);
    client_free(&c);
    return resumed;
}

/* Milliseconds of the server's CPU for a connection in full. */
static double measure_full(struct server *s, uint32_t first, unsigned count)
{
    double before = server_cpu_us(s);

    for (unsigned i = 0; i < count; i++)
        visit(s, first + i, NULL);
    return (server_cpu_us(s) - before) / 1e3 / count;
}

/* The same for one that resumes; NAN when the server resumes none. */
static double measure_resumed(struct server *s, unsigned count)
{
    SSL_SESSION *sessions[RETURNING] = {NULL};
    unsigned resumed = 0;

    for (unsigned i = 0; i < RETURNING; i++)
        visit(s, i, &sessions[i]);
    double before = server_cpu_us(s);
    for (unsigned i = 0; i < count; i++)
        resumed += visit(s, i % RETURNING, &sessions[i % RETURNING]);
    double spent = server_cpu_us(s) - before;
    for (unsigned i = 0; i < RETURNING; i++)
        SSL_SESSION_free(sessions[i]);
    return resumed == count ? spent / 1e3 / count : (double)NAN;
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
    table_print(&t, b);
    target_share(&t, b, 0, "mosquitto TLS 1.2", 2.5);
    target_share(&t, b, 1, "mosquitto TLS 1.2", 1.3);
}
