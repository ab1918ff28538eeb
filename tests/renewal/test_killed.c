/*
 * A server that is killed at every step of an enrolment: in each turn of its loop, before and after each thing that it asks its
 * store for, while it has something signed, and before and after it is told that it is. Whoever was invited comes again with the
 * same request and always gets a certificate; somebody else with the same invitation never gets one beside it; and once all is
 * over, nothing is left but the invitation, which is used, for as long as such are kept.
 */
#include "device.h"
#include "joiner.h"
#include "thimble/admin.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_MS (5 * MINUTE_MS) /* of who joins */

static const uint8_t secret[THM_ENROLL_SECRET] = "fifteen letters";

#define STORE_MS  2 /* that it takes for what it is asked */
#define STORE_CAP 32

/* The store as the server sees it: what it is asked for it does a little later, if the server still lives. */
struct shop {
    struct thm_store store; /* first */
    struct thm_store *inner;
    struct attack *attack;
    struct thm_store_request *asked[STORE_CAP];
    unsigned count;
    uint64_t due; /* the world's time, of all of them */
};

/* One run: the server dies at one point. */
struct attack {
    struct office office;
    struct shop shop;
    struct joiner invited, rival;
    unsigned at, passed; /* the point where it dies; those that were passed */
    bool armed;
};

/* --- dying ---------------------------------------------------------------------------------------- */

static void reach(void *ctx)
{
    struct attack *a = ctx;

    if (!a->armed || ++a->passed != a->at)
        return;
    a->armed = false;
    office_die(&a->office);
}

static int submit(struct thm_store *store, struct thm_store_request *request)
{
    struct shop *shop = (struct shop *)(void *)store;
    struct office *o = &shop->attack->office;

    if (shop->count == STORE_CAP)
        return THM_E_LIMIT;
    if (shop->count == 0)
        o->poll_at = shop->due = sim_world_now(o->world) + STORE_MS;
    shop->asked[shop->count++] = request;
    return THM_OK;
}

/* It does it, or does it not, and the server is dead. */
static unsigned collect(struct thm_store *store, struct thm_store_request **done, unsigned cap)
{
    struct shop *shop = (struct shop *)(void *)store;
    struct office *o = &shop->attack->office;

    if (shop->count > 0 && sim_world_now(o->world) >= shop->due) {
        for (unsigned i = 0; i < shop->count; i++) {
            reach(shop->attack);
            assert_int_equal(shop->inner->ops->submit(shop->inner, shop->asked[i]), THM_OK);
            reach(shop->attack);
        }
        shop->count = 0;
        o->poll_at = UINT64_MAX;
    }
    return shop->inner->ops->collect(shop->inner, done, cap);
}

static void release(struct thm_store *store, uint32_t stream)
{
    const struct shop *shop = (struct shop *)(void *)store;

    shop->inner->ops->release(shop->inner, stream);
}

/* --- what the operator asks ------------------------------------------------------------------- */

struct asked {
    int result;
    bool done;
    unsigned rows, used;
    uint8_t hashes[4][THM_KEY_HASH];
};

static void on_done(struct thm_admin_request *request, int result)
{
    struct asked *asked = request->owner;

    asked->done = true;
    asked->result = result;
}

static void on_invite(struct thm_admin_request *request, const struct thm_invite *invite)
{
    struct asked *asked = request->owner;

    asked->rows++;
    asked->used += invite->used;
}

static void on_key(struct thm_admin_request *request, const uint8_t hash[THM_KEY_HASH],
                   uint64_t ends_ms)
{
    struct asked *asked = request->owner;

    (void)ends_ms;
    assert_true(asked->rows < 4);
    memcpy(asked->hashes[asked->rows++], hash, THM_KEY_HASH);
}

static bool is_done(void *ctx)
{
    const struct asked *asked = ctx;

    return asked->done;
}

static struct asked ask(struct attack *a, enum thm_admin_op op)
{
    struct asked asked = {.rows = 0};
    struct thm_admin_request request = {.op = op,
                                        .user = "carol",
                                        .device = "laptop",
                                        .invite.expires_ms = OFFICE_UTC + DAY_MS,
                                        .done = on_done,
                                        .key_row = on_key,
                                        .invite_row = on_invite,
                                        .owner = &asked};
    uint8_t key[THM_ENROLL_KEY], hash[THM_KEY_HASH];

    thm_enroll_bootstrap_key(secret, key);
    thm_enroll_key_hash(key, hash);
    memcpy(request.invite.id, hash, THM_INVITE_ID);
    assert_int_equal(thm_server_admin(a->office.server, &request), THM_OK);
    sim_host_poke(a->office.host);
    assert_true(sim_world_run_until(a->office.world, is_done, &asked, MINUTE_MS));
    return asked;
}

/* --- a run ---------------------------------------------------------------------------------------- */

static void begin(struct attack *a, unsigned at)
{
    static const struct thm_store_ops ops = {submit, collect, release};
    static const struct sim_faults faults = {/* many turns */
                                             .short_send_ppm = SIM_ALWAYS,
                                             .short_recv_ppm = SIM_ALWAYS,
                                             .short_max = 300};

    memset(a, 0, sizeof *a);
    a->at = at;
    office_init(&a->office);
    sim_world_faults(a->office.world, &faults);
    office_open_store(&a->office);
    a->shop = (struct shop){.store = {.ops = &ops, .durable = true, .records = true},
                            .inner = a->office.store,
                            .attack = a};
    a->office.config.store = &a->shop.store;
    a->office.at_point = reach;
    a->office.point_ctx = a;
    office_serve(&a->office);
    assert_int_equal(ask(a, THM_ADMIN_INVITE_ADD).result, THM_OK);
    joiner_init(&a->invited, &a->office, "invited", secret);
    joiner_init(&a->rival, &a->office, "rival", secret);
    a->armed = true;
    joiner_start(&a->invited);
}

static bool is_over(void *ctx)
{
    const struct attack *a = ctx;

    return a->office.died || a->invited.ended;
}

/* Runs until the server dies, and starts it again. False: it was never at that point. */
static bool kill_there(struct attack *a)
{
    assert_true(sim_world_run_until(a->office.world, is_over, a, PATIENCE_MS));
    /* What follows when all have what they want may be disturbed as well. */
    for (unsigned i = 0; i < 1000 && !a->office.died; i++)
        office_pass(&a->office, 1);
    a->armed = false;
    if (a->office.died) {
        a->shop.count = 0;
        office_serve(&a->office);
    }
    return a->passed >= a->at;
}

static void await(struct attack *a, struct joiner *j)
{
    assert_true(sim_world_run_until(a->office.world, joiner_has_ended, j, PATIENCE_MS));
}

static void expect_granted(const struct joiner *j)
{
    assert_int_equal(j->code, THM_OK);
    assert_true(j->certificate_len > 0);
}

static void expect_refused(const struct joiner *j)
{
    assert_int_equal(j->code, THM_E_INVITATION_USED);
    assert_int_equal(j->certificate_len, 0);
}

/* Who has the certificate is let in as whom the invitation is for. */
static void expect_welcome(struct attack *a, struct joiner *j)
{
    static struct device d;

    d = (struct device){.office = &a->office, .name = "carol", .host = j->host};
    d.tls_memory = j->tls_memory;
    d.current = &d.stock[0];
    device_load(&a->office, j->certificate, j->certificate_len, j->key, d.current);
    device_start(&d);
    assert_true(sim_world_run_until(a->office.world, device_is_online, &d, MINUTE_MS));
    assert_string_equal(d.client.user, "carol");
    assert_string_equal(d.client.device, "laptop");
    device_stop(&d);
    assert_true(sim_world_run_until(a->office.world, device_has_ended, &d, MINUTE_MS));
}

/* The key of whoever has a certificate is among those that can be revoked. No others are but of those who asked. */
static void expect_key(struct attack *a, const struct joiner *j)
{
    struct asked keys = ask(a, THM_ADMIN_DEVICE_KEYS);
    uint8_t own[THM_KEY_HASH], invited[THM_KEY_HASH], rival[THM_KEY_HASH];
    bool found = false;

    thm_enroll_key_hash(j->key, own);
    thm_enroll_key_hash(a->invited.key, invited);
    thm_enroll_key_hash(a->rival.key, rival);
    for (unsigned i = 0; i < keys.rows; i++) {
        found |= memcmp(keys.hashes[i], own, sizeof own) == 0;
        assert_true(memcmp(keys.hashes[i], invited, sizeof own) == 0 ||
                    memcmp(keys.hashes[i], rival, sizeof own) == 0);
    }
    assert_true(found);
}

/* The invitation is used, and is forgotten in the end: nothing is at work on it any more. */
static void expect_nothing_left(struct attack *a)
{
    struct asked invites = ask(a, THM_ADMIN_INVITE_LIST);

    assert_int_equal(invites.rows, 1);
    assert_int_equal(invites.used, 1);
    assert_int_equal(ask(a, THM_ADMIN_INVITE_REVOKE).result, THM_E_INVITATION_USED);
    office_pass(&a->office, THM_INVITE_KEEP_MS + DAY_MS + 2 * HOUR_MS);
    assert_int_equal(ask(a, THM_ADMIN_INVITE_LIST).rows, 0);
    assert_int_equal(ask(a, THM_ADMIN_INVITE_ADD).result, THM_OK);
}

static void end(struct attack *a)
{
    expect_nothing_left(a);
    office_end(&a->office);
    joiner_free(&a->invited);
    joiner_free(&a->rival);
}

/* --- the tests ------------------------------------------------------------------------------------ */

static struct attack attack;

/* What came about in all runs, so that it is known that the points were where they should be. */
struct tally {
    unsigned runs, signed_once, signed_twice, rival_won;
};

static void print_tally(const struct tally *t)
{
    print_message("%u points; signed once in %u runs, twice in %u; the rival won in %u\n", t->runs,
                  t->signed_once, t->signed_twice, t->rival_won);
}

static void count_run(struct tally *t, const struct attack *a)
{
    t->runs++;
    t->signed_once += a->office.signed_count == 1;
    t->signed_twice += a->office.signed_count == 2;
}

static void whoever_comes_again_gets_it(void **state)
{
    struct tally tally = {.runs = 0};
    struct attack *a = &attack;
    bool killed = true;

    (void)state;
    for (unsigned at = 1; killed; at++) {
        uint8_t first[THM_ISSUED_MAX];
        begin(a, at);
        killed = kill_there(a);
        await(a, &a->invited);
        expect_granted(&a->invited);
        count_run(&tally, a);
        memcpy(first, a->invited.certificate, sizeof first);
        joiner_start(&a->invited); /* it could not keep the answer */
        await(a, &a->invited);
        expect_granted(&a->invited);
        assert_memory_equal(first, a->invited.certificate, a->invited.certificate_len);
        joiner_start(&a->rival);
        await(a, &a->rival);
        expect_refused(&a->rival);
        expect_key(a, &a->invited);
        expect_welcome(a, &a->invited);
        end(a);
    }
    print_tally(&tally);
    assert_true(tally.runs > 30);
    assert_true(tally.signed_once > 2 && tally.signed_twice > 2);
}

/* The rival comes at the same time, or when the server is there again: while the other one comes back, or has it already. */
static void no_two_get_one(bool together)
{
    struct tally tally = {.runs = 0};
    struct attack *a = &attack;
    bool killed = true;

    for (unsigned at = 1; killed; at++) {
        begin(a, at);
        if (together)
            joiner_start(&a->rival);
        killed = kill_there(a);
        bool had = a->invited.certificate_len > 0;
        if (!together)
            joiner_start(&a->rival);
        await(a, &a->invited);
        await(a, &a->rival);
        bool rival_won = a->rival.certificate_len > 0;
        struct joiner *winner = rival_won ? &a->rival : &a->invited;
        expect_granted(winner);
        expect_refused(rival_won ? &a->invited : &a->rival);
        assert_false(had && rival_won);
        expect_key(a, winner);
        count_run(&tally, a);
        tally.rival_won += rival_won;
        end(a);
    }
    print_tally(&tally);
    assert_true(tally.runs > 30);
    assert_true(tally.rival_won > 0 && tally.rival_won < tally.runs);
}

static void a_rival_comes_afterwards(void **state)
{
    (void)state;
    no_two_get_one(false);
}

static void a_rival_comes_together(void **state)
{
    (void)state;
    no_two_get_one(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_comes_again_gets_it),
        cmocka_unit_test(a_rival_comes_afterwards),
        cmocka_unit_test(a_rival_comes_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
