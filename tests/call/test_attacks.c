/*
 * Who is not who he says, a server that lies, and those who take up room: each is refused with the reason, and nothing stays open.
 */
#include "unit.h"

#include "phones.h"

#include "conversation.h"

static struct phones all;
static char stolen[THM_TICKET_MAX + 1];

static int set_up(void **state)
{
    (void)state;
    phones_init(&all, sim_seed(1));
    stolen[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    phones_expect_quiet(&all);
    phones_free(&all);
    return 0;
}

static bool is_over(struct phone *p)
{
    return p->call[p->last].over;
}

/* What a call comes to. */
static int outcome(struct phone *p, const char *target)
{
    unsigned call = phone_dial(p, target);

    assert_true(phone_until(p, is_over, 60000));
    return p->call[call].code;
}

static void expect_untouched(const struct phone *p)
{
    assert_int_equal(p->rings, 0);
    assert_int_equal(p->call[0].stood, 0);
}

/* --- callers ---------------------------------------------------------------------------------------- */

static void one_who_names_somebody_else(void **state)
{
    (void)state;
    struct phone *mallory = phone_add(&all, 2, 0);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    /* what he says of himself is u0's; what he proves is his own */
    mallory->calls.config.credentials =
        conversation_credentials("users/u0@default", THM_FOR_CLIENT);
    assert_int_equal(outcome(mallory, "u1"), THM_E_UNVERIFIED);
    expect_untouched(b);
}

static void keep_ticket(struct phone *p, struct thm_msg *m)
{
    (void)p;
    if (m->type != THM_MSG_LOOKUP_REPLY || !thm_msg_has(m, THM_KEY_TICKET))
        return;
    struct thm_slice ticket = thm_msg_get(m, THM_KEY_TICKET);
    assert_int_equal(ticket.len, THM_TICKET_MAX);
    memcpy(stolen, ticket.data, ticket.len);
}

static void keep_ticket_and_lose_it(struct phone *p, struct thm_msg *m)
{
    keep_ticket(p, m);
    if (m->type == THM_MSG_LOOKUP_REPLY)
        THM_SET(m, STATUS, "NOTFOUND");
}

static void use_ticket(struct phone *p, struct thm_msg *m)
{
    (void)p;
    if (m->type == THM_MSG_LOOKUP_REPLY)
        THM_SET(m, TICKET, stolen);
}

static void one_with_a_stolen_ticket(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *mallory = phone_add(&all, 2, 0);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    a->meddle = keep_ticket_and_lose_it;
    assert_int_equal(outcome(a, "u1"), THM_E_AWAY);
    mallory->meddle = use_ticket;
    assert_int_equal(outcome(mallory, "u1"), THM_E_UNVERIFIED);
    expect_untouched(b);
    a->meddle = use_ticket; /* nor was it used up by that */
    unsigned x, y;
    phones_connect(a, b, &x, &y);
    thm_call_hang_up(&a->calls, x);
    sim_host_poke(a->host);
}

static void one_with_a_ticket_that_was_used(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    a->meddle = keep_ticket;
    phones_connect(a, b, &x, &y);
    thm_call_hang_up(&a->calls, x);
    sim_host_poke(a->host);
    phones_expect_quiet(&all);
    a->meddle = use_ticket;
    assert_int_equal(outcome(a, "u1"), THM_E_UNVERIFIED);
    assert_int_equal(b->rings, 1);
}

static void one_with_a_ticket_for_another_callee(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *c = phone_add(&all, 3, PHONE_LISTENS);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    a->meddle = keep_ticket_and_lose_it;
    assert_int_equal(outcome(a, "u3"), THM_E_AWAY);
    a->meddle = use_ticket;
    assert_int_equal(outcome(a, "u1"), THM_E_UNVERIFIED);
    expect_untouched(b);
    expect_untouched(c);
}

static void one_with_a_ticket_that_is_too_old(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    a->meddle = keep_ticket_and_lose_it;
    assert_int_equal(outcome(a, "u1"), THM_E_AWAY);
    sim_world_run_for(all.world, THM_TICKET_MS + 1000);
    a->meddle = use_ticket;
    assert_int_equal(outcome(a, "u1"), THM_E_UNVERIFIED);
    expect_untouched(b);
}

/* --- a server that lies ------------------------------------------------------------------------------ */

static const char *another_key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char *another_address;

static void lie_about_the_key(struct phone *p, struct thm_msg *m)
{
    (void)p;
    if (m->type == THM_MSG_LOOKUP_REPLY)
        THM_SET(m, KEY_HASH, another_key);
}

static void lie_about_the_address(struct phone *p, struct thm_msg *m)
{
    (void)p;
    if (m->type == THM_MSG_LOOKUP_REPLY)
        THM_SET(m, ADDRESS, another_address);
}

static void a_server_lies_to_the_caller_about_the_key(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    a->meddle = lie_about_the_key;
    assert_int_equal(outcome(a, "u1"), THM_E_UNVERIFIED);
    expect_untouched(b);
}

static void a_server_lies_to_the_callee_about_the_key(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    b->meddle = lie_about_the_key;
    assert_int_equal(outcome(a, "u1"), THM_E_UNVERIFIED);
    expect_untouched(b);
}

/* Whoever is there is not called; the one who was meant is, by the relay, and nobody else can answer that. */
static void a_server_lies_about_the_address(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0),
                 *mallory = phone_add(&all, 2, PHONE_LISTENS | PHONE_ANSWERS);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    another_address = sim_host_ip(mallory->host);
    a->meddle = lie_about_the_address;
    phones_connect(a, b, &x, &y);
    assert_string_equal(a->call[x].peer, "u1@default");
    assert_true(a->call[x].relayed);
    expect_untouched(mallory);
    thm_call_hang_up(&a->calls, x);
    sim_host_poke(a->host);
}

static void a_callers_address_is_only_a_hint(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, PHONE_LISTENS);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    assert_false(b->call[y].elsewhere);
    thm_call_hang_up(&a->calls, x);
    sim_host_poke(a->host);
    phones_expect_quiet(&all);
    another_address = "192.0.2.1";
    b->meddle = lie_about_the_address;
    phones_connect(a, b, &x, &y);
    assert_true(b->call[y].elsewhere);
    thm_call_hang_up(&a->calls, x);
    sim_host_poke(a->host);
}

/* --- silence, and too much -------------------------------------------------------------------------- */

static void one_who_falls_silent_in_any_state(void **state)
{
    static const struct {
        enum thm_path_state caller, callee; /* where one of them stands still */
    } when[] = {
        {THM_PATH_DIALLING, 0},   {THM_PATH_SECURING, 0}, {THM_PATH_OPENING, 0},
        {THM_PATH_REQUESTING, 0}, {0, THM_PATH_RINGING},
    };

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS);
    phones_settle(&all);
    for (unsigned i = 0; i < 2 * sizeof when / sizeof when[0]; i++) {
        a->freezes_at = when[i / 2].caller;
        b->freezes_at = when[i / 2].callee;
        if (i % 2 == 0)
            phone_dial(a, "u1");
        else if (when[i / 2].caller != THM_PATH_DIALLING)
            sim_host_shield(b->host, true), phone_dial(a, "u1");
        sim_world_run_for(all.world, THM_RING_MS + 30000);
        struct phone *other = a->frozen ? b : a;
        assert_true(thm_calls_idle(&other->calls));
        assert_int_equal(thm_call_at(&other->calls, 0)->state, THM_CALL_FREE);
        a->frozen = b->frozen = false;
        a->freezes_at = b->freezes_at = 0;
        sim_host_shield(b->host, false);
        sim_host_poke(a->host);
        sim_host_poke(b->host);
        sim_world_run_for(all.world, 60000);
        for (unsigned j = 0; j < THM_CALLS; j++)
            thm_call_hang_up(&a->calls, j);
        sim_host_poke(a->host);
        phones_expect_quiet(&all);
        phones_settle(&all);
    }
}

/* --- strangers ---- */

struct stranger {
    struct sim_host *host;
    thm_socket sockets[2 * THM_CALL_PATHS];
    unsigned opened;
    const struct phone *at;
};

static void stranger_step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct stranger *s = ctx;
    struct thm_port *port = sim_host_port(s->host);

    (void)now_ms, (void)events, (void)n;
    for (; s->opened < 2 * THM_CALL_PATHS; s->opened++)
        assert_int_equal(port->ops->connect(port, sim_host_ip(s->at->host),
                                            thm_calls_number(&s->at->calls), 1,
                                            &s->sockets[s->opened]),
                         THM_OK);
}

static void strangers_who_take_all_places(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    struct stranger s = {.host = sim_host_new(all.world, "stranger"), .at = b};
    phones_settle(&all);
    sim_host_run(s.host, &(struct sim_program){&s, stranger_step, NULL});
    sim_world_run_for(all.world, 2000);
    phones_connect(a, b, &x, &y); /* gets in all the same */
    thm_call_hang_up(&a->calls, x);
    sim_host_poke(a->host);
    sim_world_run_for(all.world, THM_HANDSHAKE_MS + 1000);
    assert_true(thm_calls_idle(&b->calls));
    sim_host_kill(s.host, SIM_DEATH_RESET);
}

static void a_partner_who_floods_a_relay(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    b->frozen = true; /* it takes nothing, and grants nothing more */
    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        if (a->calls.paths[i].relayed)
            a->calls.paths[i].relay.granted = 1u << 30;
    phone_say(a, x, 2000);
    sim_world_run_for(all.world, 1000);
    assert_true(a->call[x].moved > 0); /* its relay was closed */
    assert_int_equal(thm_call_at(&a->calls, x)->state, THM_CALL_MENDING);
    assert_int_equal(a->client.state, THM_CLIENT_ONLINE);
    b->frozen = false;
    sim_host_poke(b->host);
    phones_hear(a, x, 0, b, y, 2000); /* and by the next one all comes */
    thm_call_hang_up(&a->calls, x);
    sim_host_poke(a->host);
}

int main(void)
{
#define EXCHANGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EXCHANGE(one_who_names_somebody_else),
        EXCHANGE(one_with_a_stolen_ticket),
        EXCHANGE(one_with_a_ticket_that_was_used),
        EXCHANGE(one_with_a_ticket_for_another_callee),
        EXCHANGE(one_with_a_ticket_that_is_too_old),
        EXCHANGE(a_server_lies_to_the_caller_about_the_key),
        EXCHANGE(a_server_lies_to_the_callee_about_the_key),
        EXCHANGE(a_server_lies_about_the_address),
        EXCHANGE(a_callers_address_is_only_a_hint),
        EXCHANGE(one_who_falls_silent_in_any_state),
        EXCHANGE(strangers_who_take_all_places),
        EXCHANGE(a_partner_who_floods_a_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
