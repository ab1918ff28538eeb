/*
 * Direct sessions: what it takes until one stands, what a line of it costs either end, and what it costs the server when it goes
 * through it. Beside that what mosquitto takes to pass on the same bytes from one client to another.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "end.h"
#include "group.h"
#include "loop.h"
#include "protocol.h"
#include "report.h"
#include "scenario.h"

#define SHORT 60
#define LONG  900
/* Bytes of a session in a `relay` line (docs/PROTOCOL.md, section 11). */
#define PIECE 720
/* Messages that are on their way through mosquitto. A relay has less: two windows, about as many pieces. */
#define WINDOW      16
#define PATIENCE_NS (UINT64_C(20) * 1000000000)

/* Two ends, and how they meet. */
struct pair {
    const char *label;
    bool libcrypto, relayed;
    struct end caller, callee;
    uint64_t stream; /* bytes that the caller has given to the relay */
};

static struct pair pairs[] = {
    {.label = "direct"},
    {.label = "direct, P-256 by libcrypto", .libcrypto = true},
    {.label = "relayed", .relayed = true},
    {.label = "relayed, P-256 by libcrypto", .relayed = true, .libcrypto = true},
};

#define PAIRS (sizeof pairs / sizeof *pairs)

enum { DIRECT = 0, RELAYED = 2 }; /* the pairs that talk */

static bool exists(const struct pair *p)
{
#ifdef BENCH_LIBCRYPTO
    (void)p;
    return true;
#else
    return !p->libcrypto;
#endif
}

/* With nothing in between the two are on two cores, as on two machines; with the server in between that has one for itself. */
static void start_pair(struct pair *p, uint32_t number, const struct server *thimbled, bool pinned)
{
    struct end_config config = {.identity = 2 * number,
                                .peer = 2 * number + 1,
                                .server = thimbled->port,
                                .libcrypto = p->libcrypto,
                                .relay_only = p->relayed};

    end_start(&p->caller, &config, "the caller");
    config.identity = 2 * number + 1;
    config.peer = 2 * number;
    end_start(&p->callee, &config, "the callee");
    if (pinned && !p->relayed)
        end_pin(&p->callee, 0);
}

static bool is_pinned(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) == 1;
}

/* --- until it stands ----------------------------------------------------------------------------------- */

enum { UNTIL_MS, BY_CALLER, BY_CALLEE, BY_SERVER, SETUP_COLUMNS };

static void stand(struct pair *p, struct end_report *caller)
{
    end_dial(&p->caller);
    struct end_report callee = end_await(&p->callee, END_STANDS);
    *caller = end_await(&p->caller, END_STANDS);
    if (caller->relayed != p->relayed || callee.relayed != p->relayed)
        die("%s: the session goes another way", p->label);
    if (callee.at_ns > caller->at_ns)
        caller->at_ns = callee.at_ns;
}

static void hang_up(struct pair *p)
{
    p->stream = 0;
    end_hang_up(&p->caller);
    end_await(&p->caller, END_OVER);
    end_await(&p->callee, END_OVER);
}

/* Averages of `count` sessions that are made, and ended again without that being counted. */
static void set_up(struct pair *p, const struct server *thimbled, unsigned count,
                   double sums[SETUP_COLUMNS])
{
    memset(sums, 0, SETUP_COLUMNS * sizeof *sums);
    for (unsigned i = 0; i < count; i++) {
        double caller = end_cpu_us(&p->caller), callee = end_cpu_us(&p->callee);
        double server = server_cpu_us(thimbled);
        struct end_report r;
        stand(p, &r);
        sums[UNTIL_MS] += (double)(r.at_ns - r.dialled_ns) / 1e6 / count;
        sums[BY_CALLER] += (end_cpu_us(&p->caller) - caller) / 1e3 / count;
        sums[BY_CALLEE] += (end_cpu_us(&p->callee) - callee) / 1e3 / count;
        sums[BY_SERVER] += (server_cpu_us(thimbled) - server) / 1e3 / count;
        hang_up(p);
    }
}

static void measure_set_up(struct bench *b)
{
    double values[PAIRS][SETUP_COLUMNS][ROUNDS_MAX], sums[SETUP_COLUMNS], row[SETUP_COLUMNS];

    for (unsigned r = 0; r < b->effort.rounds; r++) {
        for (unsigned i = 0; i < PAIRS; i++) {
            if (!exists(&pairs[i]))
                continue;
            set_up(&pairs[i], &b->servers[0], b->effort.calls, sums);
            for (unsigned c = 0; c < SETUP_COLUMNS; c++)
                values[i][c][r] = sums[c];
        }
    }
    printf("\n### Set-up of a direct session, from the dial until it stands on both sides; ms\n\n"
           "| | time | CPU of the caller | of the callee | of thimbled |\n|---|---|---|---|---|\n");
    for (unsigned i = 0; i < PAIRS; i++) {
        if (!exists(&pairs[i]))
            continue;
        for (unsigned c = 0; c < SETUP_COLUMNS; c++)
            row[c] = median(values[i][c], b->effort.rounds);
        row_print(pairs[i].label, row, SETUP_COLUMNS);
    }
    fflush(stdout);
}

/* --- lines one way ------------------------------------------------------------------------------------- */

enum { LINES_S, MB_S, CALLER_US, CALLEE_US, ENDS_NS, SERVER_US, SERVER_NS, TALK_COLUMNS };

/* Says lines one way. Of a relayed session also what the server takes, for a line and for a byte of the stream. */
static void say(struct pair *p, const struct server *thimbled, uint64_t count, uint32_t size,
                double row[TALK_COLUMNS])
{
    double caller = end_cpu_us(&p->caller), callee = end_cpu_us(&p->callee);
    double server = server_cpu_us(thimbled), lines = (double)count;
    uint64_t start = now_ns();

    end_expect(&p->callee, count, 0, false);
    end_say(&p->caller, count, size, false);
    struct end_report heard = end_await(&p->callee, END_HEARD);
    struct end_report said = end_await(&p->caller, END_SAID);
    double seconds = (double)(heard.at_ns - start) / 1e9;
    row[LINES_S] = lines / seconds;
    row[MB_S] = lines * size / seconds / 1e6;
    row[CALLER_US] = (end_cpu_us(&p->caller) - caller) / lines;
    row[CALLEE_US] = (end_cpu_us(&p->callee) - callee) / lines;
    row[ENDS_NS] = (row[CALLER_US] + row[CALLEE_US]) * 1e3 / size;
    row[SERVER_US] = (server_cpu_us(thimbled) - server) / lines;
    row[SERVER_NS] = row[SERVER_US] * 1e3 * lines / (double)(said.stream - p->stream);
    p->stream = said.stream;
}

/* Lines in turn: server's CPU for one. */
static double say_in_turn(struct pair *p, const struct server *thimbled, uint64_t count)
{
    double server = server_cpu_us(thimbled);

    end_expect(&p->callee, count, SHORT, true);
    end_expect(&p->caller, count, SHORT, false);
    end_say(&p->caller, count, SHORT, true);
    end_await(&p->callee, END_HEARD);
    end_await(&p->caller, END_HEARD);
    return (server_cpu_us(thimbled) - server) / (double)(2 * count);
}

/* --- mosquitto ----------------------------------------------------------------------------------------- */

/* Two clients, each of whom listens to a topic of his own. */
struct channel {
    struct server *server;
    struct group near, far;
    bool answers;
};

static void publish(struct group *by, struct group *to, size_t size)
{
    struct client *c = &by->clients[0];
    char text[1024];

    payload_write(text, size, c->said++);
    by->server->protocol->say(c, to->room, text, size);
}

static void on_message(struct client *c, uint64_t seq)
{
    struct channel *ch = c->group->context;

    (void)seq;
    if (ch->answers && c->group == &ch->far)
        publish(&ch->far, &ch->near, SHORT);
}

static void open_end(struct channel *ch, struct group *g, uint32_t identity, const char *room)
{
    group_init(g, ch->server, 1, room);
    g->on_message = on_message;
    g->context = ch;
    client_open(&g->clients[0], g, identity, NULL);
    group_grow(g, 1);
}

static void channel_open(struct channel *ch, struct server *s)
{
    memset(ch, 0, sizeof *ch);
    ch->server = s;
    open_end(ch, &ch->near, 0, "#near");
    open_end(ch, &ch->far, 1, "#far");
}

static void channel_close(struct channel *ch)
{
    group_close(&ch->near);
    group_close(&ch->far);
}

/* Server's CPU for each of `count` messages, of which so many are on their way. */
static double pass(struct channel *ch, uint64_t count, size_t size, unsigned window, bool answers)
{
    const struct group *last = answers ? &ch->near : &ch->far;
    uint64_t first = last->messages, said = 0, give_up = now_ns() + PATIENCE_NS;
    double before = server_cpu_us(ch->server);

    ch->answers = answers;
    while (last->messages - first < count) {
        for (; said < count && said - (last->messages - first) < window; said++)
            publish(&ch->near, &ch->far, size);
        loop_turn(give_up);
        if (now_ns() > give_up)
            die("%s: messages are missing", ch->server->label);
    }
    return (server_cpu_us(ch->server) - before) / (double)(answers ? 2 * count : count);
}

/* --- the scenario --------------------------------------------------------------------------------------- */

enum { PIECES_NS, SHORT_US, LONG_US, TURN_US, COST_COLUMNS };

/* Values of all rounds. */
static struct {
    double talk[PAIRS][2][TALK_COLUMNS][ROUNDS_MAX];
    double cost[SERVERS_MAX][COST_COLUMNS][ROUNDS_MAX];
} results;

static void talk_round(const struct bench *b, unsigned round)
{
    static const uint32_t sizes[2] = {SHORT, LONG};
    double row[TALK_COLUMNS], *cost[COST_COLUMNS];

    for (unsigned i = DIRECT; i <= RELAYED; i += RELAYED - DIRECT) {
        for (unsigned s = 0; s < 2; s++) {
            uint64_t count = b->effort.lines / (s + 1);
            say(&pairs[i], &b->servers[0], count, sizes[s], row);
            for (unsigned c = 0; c < TALK_COLUMNS; c++)
                results.talk[i][s][c][round] = row[c];
        }
    }
    for (unsigned c = 0; c < COST_COLUMNS; c++)
        cost[c] = results.cost[0][c];
    cost[PIECES_NS][round] = results.talk[RELAYED][1][SERVER_NS][round];
    cost[SHORT_US][round] = results.talk[RELAYED][0][SERVER_US][round];
    cost[LONG_US][round] = results.talk[RELAYED][1][SERVER_US][round];
    cost[TURN_US][round] = say_in_turn(&pairs[RELAYED], &b->servers[0], b->effort.lines / 10);
}

static void pass_round(const struct bench *b, struct channel *channels, unsigned round)
{
    uint64_t count = b->effort.lines / 2;

    for (unsigned s = 1; s < b->count; s++) {
        struct channel *ch = &channels[s];
        results.cost[s][PIECES_NS][round] = pass(ch, count, PIECE, WINDOW, false) * 1e3 / PIECE;
        results.cost[s][SHORT_US][round] = pass(ch, count, SHORT, WINDOW, false);
        results.cost[s][LONG_US][round] = pass(ch, count, LONG, WINDOW, false);
        results.cost[s][TURN_US][round] = pass(ch, count / 5, SHORT, 1, true);
    }
}

static void print_talk(const struct bench *b)
{
    static const struct {
        const char *label;
        unsigned pair, size;
    } rows[] = {{"direct, lines of 60 B", DIRECT, 0},
                {"direct, lines of 900 B", DIRECT, 1},
                {"relayed, lines of 60 B", RELAYED, 0},
                {"relayed, lines of 900 B", RELAYED, 1}};

    printf("\n### A direct session, lines one way as fast as they go\n\n"
           "| | lines/s | MB/s | CPU of the caller, us a line | of the callee | of both, ns a byte "
           "|\n|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        double row[ENDS_NS + 1];
        for (unsigned c = 0; c <= ENDS_NS; c++)
            row[c] = median(results.talk[rows[i].pair][rows[i].size][c], b->effort.rounds);
        row_print(rows[i].label, row, ENDS_NS + 1);
    }
}

static void print_cost(const struct bench *b)
{
    struct table t;

    table_init(&t, "A relayed session: server CPU; beside it the same bytes as messages from one "
                   "client to another");
    table_column(&t, "ns a byte, in pieces of 720 B");
    table_column(&t, "us a line of 60 B");
    table_column(&t, "us a line of 900 B");
    table_column(&t, "us a line of 60 B, in turn");
    for (unsigned s = 0; s < b->count; s++)
        for (unsigned c = 0; c < COST_COLUMNS; c++)
            t.values[s][c] = median(results.cost[s][c], b->effort.rounds);
    table_print(&t, b, true);
    target_share(&t, b, PIECES_NS, "mosquitto", 1);
}

void scenario_call(struct bench *b)
{
    struct channel channels[SERVERS_MAX];
    struct end_report r;
    bool pinned = is_pinned();

    for (unsigned i = 0; i < PAIRS; i++)
        if (exists(&pairs[i]))
            start_pair(&pairs[i], i, &b->servers[0], pinned);
    for (unsigned s = 1; s < b->count; s++)
        channel_open(&channels[s], &b->servers[s]);
    measure_set_up(b);
    stand(&pairs[DIRECT], &r);
    stand(&pairs[RELAYED], &r);
    for (unsigned round = 0; round < b->effort.rounds; round++) {
        talk_round(b, round);
        pass_round(b, channels, round);
    }
    hang_up(&pairs[DIRECT]);
    hang_up(&pairs[RELAYED]);
    print_talk(b);
    print_cost(b);
    for (unsigned s = 1; s < b->count; s++)
        channel_close(&channels[s]);
    for (unsigned i = 0; i < PAIRS; i++) {
        if (!exists(&pairs[i]))
            continue;
        end_stop(&pairs[i].caller);
        end_stop(&pairs[i].callee);
    }
}
