/*
 * Direct sessions as two people have them: called, answered or not, talked in, hung up; by either path.
 */
#include "unit.h"

#include "phones.h"

#include "util/base64.h"

static struct phones all;

static int set_up(void **state)
{
    (void)state;
    phones_init(&all, sim_seed(1));
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

static bool rings(struct phone *p)
{
    return p->call[p->last].rang > 0;
}

static void hang_up(struct phone *p, unsigned call)
{
    assert_int_equal(thm_call_hang_up(&p->calls, call), THM_OK);
    sim_host_poke(p->host);
}

/* Both talk, one hangs up, and both are told. */
static void talk(struct phone *a, struct phone *b, bool relayed)
{
    unsigned x, y;

    phones_connect(a, b, &x, &y);
    assert_int_equal(a->call[x].relayed, relayed);
    assert_int_equal(b->call[y].relayed, relayed);
    phone_say(a, x, 200);
    phone_say(b, y, 300);
    phones_hear(a, x, 300, b, y, 200);
    hang_up(a, x);
    assert_true(a->call[x].over && a->call[x].ours);
    assert_true(phone_until(b, is_over, 5000));
    assert_int_equal(b->call[y].code, THM_OK);
    assert_false(b->call[y].ours);
}

static void by_a_direct_connection(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);

    phones_settle(&all);
    talk(a, b, false);
    talk(a, b, false);
}

static void by_the_relay_where_the_callee_does_not_listen(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, PHONE_ANSWERS), *b = phone_add(&all, 1, PHONE_ANSWERS);

    phones_settle(&all);
    talk(a, b, true);
    talk(b, a, true);
}

static void by_the_relay_where_nothing_comes_through(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_SHIELDED | PHONE_ANSWERS);

    phones_settle(&all);
    uint64_t start = sim_world_now(all.world);
    talk(a, b, true);
    assert_in_range(sim_world_now(all.world) - start, THM_DIRECT_MS, THM_DIRECT_MS + 2000);
}

static void by_the_relay_if_that_is_wished(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, PHONE_RELAY_ONLY);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);

    phones_settle(&all);
    talk(a, b, true);
}

/* --- what a relay sees ------------------------------------------------------------------------------- */

/* All bytes that the server handed to one side. */
static struct {
    const struct phone *to;
    size_t len;
    unsigned char bytes[262144];
} seen[2];

static void watch(struct phone *p, struct thm_msg *m)
{
    struct thm_slice data = thm_msg_get(m, THM_KEY_DATA);
    size_t n = 0;

    for (unsigned i = 0; i < 2 && m->type == THM_MSG_RELAY; i++) {
        if (seen[i].to != p || data.len == 0)
            continue;
        assert_true(thm_base64_read(data.data, data.len, seen[i].bytes + seen[i].len,
                                    sizeof seen[i].bytes - seen[i].len, &n));
        seen[i].len += n;
    }
}

static bool holds(const unsigned char *bytes, size_t len, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= len; i++)
        if (memcmp(bytes + i, text, n) == 0)
            return true;
    return false;
}

/* It is a row of TLS records, and behind the handshake nothing of it is in the clear. */
static void expect_records(const unsigned char *bytes, size_t len)
{
    enum { CHANGE = 20, ALERT, HANDSHAKE, DATA };
    size_t at = 0, data = 0;
    bool encrypted = false;

    while (at < len) {
        assert_true(len - at >= 5);
        unsigned type = bytes[at];
        size_t n = (size_t)bytes[at + 3] << 8 | bytes[at + 4];
        assert_in_range(type, CHANGE, DATA);
        assert_int_equal(bytes[at + 1], 3);
        assert_true(len - at - 5 >= n);
        assert_true(encrypted || type != DATA);
        encrypted = encrypted || type == CHANGE;
        data += type == DATA ? n : 0;
        at += 5 + n;
    }
    assert_true(data > 200 * strlen("line 1 of u0@default"));
    assert_false(holds(bytes, len, "line "));
    assert_false(holds(bytes, len, "msgtype"));
}

static void a_server_sees_nothing_but_tls(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_ANSWERS);
    memset(seen, 0, sizeof seen);
    seen[0].to = a;
    seen[1].to = b;
    a->meddle = b->meddle = watch;
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    assert_true(a->call[x].relayed);
    phone_say(a, x, 200);
    phone_say(b, y, 300);
    phones_hear(a, x, 300, b, y, 200);
    hang_up(a, x);
    assert_true(phone_until(b, is_over, 5000));
    expect_records(seen[0].bytes, seen[0].len);
    expect_records(seen[1].bytes, seen[1].len);
}

static void moves_from_the_relay_to_a_direct_path(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, PHONE_LISTENS);
    struct phone *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_SHIELDED | PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    assert_true(a->call[x].relayed);
    for (unsigned i = 1; i <= 200; i++) { /* the callee reaches the caller meanwhile */
        phone_say(a, x, 3);
        phone_say(b, y, 2);
        sim_world_run_for(all.world, 50);
    }
    phones_hear(a, x, 400, b, y, 600);
    assert_false(a->call[x].relayed);
    assert_false(b->call[y].relayed);
    hang_up(b, y);
}

static void a_caller_may_be_declined(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS);

    phones_settle(&all);
    unsigned x = phone_dial(a, "u1");
    assert_true(phone_until(b, rings, 5000));
    assert_string_equal(b->call[b->last].peer, "u0@default");
    assert_int_equal(thm_call_decline(&b->calls, b->last), THM_OK);
    sim_host_poke(b->host);
    assert_true(phone_until(a, is_over, 5000));
    assert_int_equal(a->call[x].code, THM_E_DECLINED);
}

static void nobody_may_answer(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS);

    phones_settle(&all);
    unsigned x = phone_dial(a, "u1");
    assert_true(phone_until(a, is_over, THM_RING_MS + 5000));
    assert_int_equal(a->call[x].code, THM_E_NO_ANSWER);
    assert_int_equal(b->call[b->last].code, THM_E_NO_ANSWER);
}

static void who_is_not_there_is_not_called(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0);

    phones_settle(&all);
    unsigned x = phone_dial(a, "u3");
    assert_true(phone_until(a, is_over, 5000));
    assert_int_equal(a->call[x].code, THM_E_AWAY);
}

static void who_is_busy_or_away_is_not_called(void **state)
{
    static const int codes[] = {
        [THM_AVAILABLE] = THM_OK, [THM_BUSY] = THM_E_BUSY, [THM_AWAY] = THM_E_UNAVAILABLE};

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS);
    phones_settle(&all);
    for (int how = THM_BUSY; how <= THM_AWAY; how++) {
        thm_calls_set_availability(&b->calls, (enum thm_availability)how);
        sim_host_poke(b->host);
        sim_world_run_for(all.world, 1000);
        unsigned x = phone_dial(a, "u1");
        assert_true(phone_until(a, is_over, 5000));
        assert_int_equal(a->call[x].code, codes[how]);
    }
    assert_int_equal(b->rings, 0);
}

static void several_at_a_time(void **state)
{
    unsigned x[THM_CALLS], y[THM_CALLS];

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    struct phone *c = phone_add(&all, 2, PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x[0], &y[0]);
    phones_connect(a, c, &x[1], &y[1]);
    phones_connect(b, c, &x[2], &y[2]);
    phone_say(a, x[0], 10);
    phone_say(a, x[1], 20);
    phone_say(c, y[2], 30);
    phones_hear(b, y[0], 10, c, y[1], 20);
    phones_hear(b, x[2], 30, c, y[2], 0);
    hang_up(a, x[0]);
    hang_up(a, x[1]);
    hang_up(c, y[2]);
}

/* Whatever a call has come to when its owner gives it up, the other side is rid of it as well. */
static void hung_up_in_every_state(void **state)
{
    static const enum thm_path_state when[] = {THM_PATH_LOOKUP, THM_PATH_DIALLING, THM_PATH_OPENING,
                                               THM_PATH_SECURING, THM_PATH_REQUESTING};

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS);
    struct phone *c = phone_add(&all, 2, 0);
    phones_settle(&all);
    for (unsigned i = 0; i < sizeof when / sizeof when[0]; i++) {
        a->hang_up_at = when[i];
        for (unsigned relayed = 0; relayed <= 1; relayed++) {
            unsigned x = phone_dial(a, relayed ? "u2" : "u1");
            if (!phone_until(a, is_over, 5000)) /* that state is not on this way */
                hang_up(a, x);
            sim_world_run_for(all.world, 1000);
            assert_int_equal(thm_call_at(&b->calls, 0)->state, THM_CALL_FREE);
            assert_int_equal(thm_call_at(&c->calls, 0)->state, THM_CALL_FREE);
        }
    }
    a->hang_up_at = 0;
}

static void both_call_each_other_at_once(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, PHONE_LISTENS), *b = phone_add(&all, 1, PHONE_LISTENS);

    phones_settle(&all);
    for (unsigned delay = 0; delay < 12; delay++) {
        unsigned x = phone_dial(a, "u1");
        sim_world_run_for(all.world, delay);
        unsigned y = phone_dial(b, "u0@default");
        sim_world_run_for(all.world, 3000);
        unsigned talking = 0;
        for (unsigned i = 0; i < THM_CALLS; i++)
            talking += thm_call_at(&a->calls, i)->state == THM_CALL_TALKING;
        assert_int_equal(talking, 1);
        (void)x;
        (void)y;
        for (unsigned i = 0; i < THM_CALLS; i++)
            thm_call_hang_up(&a->calls, i);
        sim_host_poke(a->host);
        phones_expect_quiet(&all);
    }
}

static void a_key_is_looked_up(void **state)
{
    char mine[THM_VERIFICATION_CODE + 1], theirs[THM_VERIFICATION_CODE + 1];

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, 0);
    phones_settle(&all);
    assert_int_equal(thm_calls_find(&a->calls, "u1"), THM_OK);
    assert_int_equal(thm_calls_find(&b->calls, "u0"), THM_OK);
    sim_host_poke(a->host);
    sim_host_poke(b->host);
    sim_world_run_for(all.world, 1000);
    assert_int_equal(a->found, 1);
    assert_int_equal(b->found, 1);
    thm_verification_code(b->found_peer.key_hash, a->found_peer.key_hash, mine);
    thm_verification_code(a->found_peer.key_hash, b->found_peer.key_hash, theirs);
    assert_string_equal(mine, theirs);
    assert_int_equal(strlen(mine), THM_VERIFICATION_CODE);
}

/* What is asked between two steps is not left until something else happens. */
static void what_is_asked_is_due_at_once(void **state)
{
    (void)state;
    struct phone *a = phone_add(&all, 0, 0);
    unsigned call;

    phones_settle(&all);
    assert_true(thm_calls_deadline(&a->calls) > 0);
    thm_calls_set_availability(&a->calls, THM_BUSY);
    assert_true(thm_calls_deadline(&a->calls) == 0);
    phones_settle(&all);
    assert_int_equal(thm_calls_find(&a->calls, "u1"), THM_OK);
    assert_true(thm_calls_deadline(&a->calls) == 0);
    phones_settle(&all);
    assert_int_equal(thm_call_dial(&a->calls, "u1", &call), THM_OK);
    assert_true(thm_calls_deadline(&a->calls) == 0);
}

int main(void)
{
#define EXCHANGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EXCHANGE(by_a_direct_connection),
        EXCHANGE(by_the_relay_where_the_callee_does_not_listen),
        EXCHANGE(by_the_relay_where_nothing_comes_through),
        EXCHANGE(by_the_relay_if_that_is_wished),
        EXCHANGE(a_server_sees_nothing_but_tls),
        EXCHANGE(moves_from_the_relay_to_a_direct_path),
        EXCHANGE(a_caller_may_be_declined),
        EXCHANGE(nobody_may_answer),
        EXCHANGE(who_is_not_there_is_not_called),
        EXCHANGE(who_is_busy_or_away_is_not_called),
        EXCHANGE(several_at_a_time),
        EXCHANGE(hung_up_in_every_state),
        EXCHANGE(both_call_each_other_at_once),
        EXCHANGE(a_key_is_looked_up),
        EXCHANGE(what_is_asked_is_due_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
