/* Accounts: how they come to be, what the operator does with them, and who is known by them. */
#include "server/prover.h"

#include <stdio.h>
#include <string.h>

#include "server/account.h"

#define DAY_MS 86400000u

/* --- records as the store has them ----------------------------------------------------------- */

static struct thm_fields record_of(struct rig *r, const char *user)
{
    struct thm_store_request get = {.op = THM_STORE_GET}, *done;
    static char buf[THM_LINE_MAX + 64];
    struct thm_fields f;

    get.record.kind = THM_KIND_USER_RECORD;
    get.record.key = user;
    get.record.key_len = (uint8_t)strlen(user);
    get.buf = buf;
    get.cap = sizeof buf;
    assert_int_equal(r->store.inner->ops->submit(r->store.inner, &get), THM_OK);
    assert_int_equal(r->store.inner->ops->collect(r->store.inner, &done, 1), 1);
    assert_int_equal(get.result, THM_OK);
    f.len = (uint16_t)get.len;
    memcpy(f.text, buf, get.len);
    return f;
}

static void put_record(struct rig *r, const char *user, const char *text)
{
    struct thm_store_request put = {.op = THM_STORE_PUT}, *done;

    put.record.kind = THM_KIND_USER_RECORD;
    put.record.key = user;
    put.record.key_len = (uint8_t)strlen(user);
    put.record.value = text;
    put.record.value_len = (uint16_t)strlen(text);
    assert_int_equal(r->store.inner->ops->submit(r->store.inner, &put), THM_OK);
    assert_int_equal(r->store.inner->ops->collect(r->store.inner, &done, 1), 1);
    assert_int_equal(put.result, THM_OK);
}

static void assert_record(struct rig *r, const char *user, const char *pattern)
{
    struct thm_fields f = record_of(r, user);
    char text[sizeof f.text + 1];

    memcpy(text, f.text, f.len);
    text[f.len] = '\0';
    if (!fits(text, pattern))
        fail_msg("%s: have '%s', want '%s'", user, text, pattern);
}

static int set_user(struct rig *r, const char *user, unsigned set, enum thm_auth_policy auth,
                    bool suspended)
{
    return admin(r, THM_ADMIN_USER_SET, user, set, auth, suspended, NULL);
}

/* --- those who log in by certificate ------------------------------------------------------------ */

static void a_login_makes_an_account(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    peer_close(rig_plain(&r, 0));
    rig_pass(&r, 100);
    /* 2027-01-15, from its beginning */
    assert_record(&r, "u0", "since 18000000*\nseen 1799971200000\n");
    unsigned puts = r.store.puts;
    peer_close(rig_plain(&r, 0)); /* the same day: nothing is written */
    rig_pass(&r, 100);
    assert_int_equal(r.store.puts, puts);
    sim_host_set_utc(r.host, RIG_UTC + DAY_MS);
    peer_close(rig_plain(&r, 0));
    rig_pass(&r, 100);
    assert_int_equal(r.store.puts, puts + 1);
    assert_record(&r, "u0", "since 18000000*\nseen 1800057600000\n");
    rig_end(&r);
}

static void a_login_by_passcode_is_noted_too(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    assert_record(&r, "u0", "since 18000000*\nverifier SCRAM-SHA-256$4096:*$*:*\n");
    prove(&p, rig_open(&r, 0), "wrong horse");
    expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED',*");
    assert_int_equal(record_of(&r, "u1").len, 0);
    assert_record(&r, "u0", "since 18000000*\nverifier *\n");
    prove(&p, rig_open(&r, 0), PASSCODE);
    expect_granted(&p);
    rig_pass(&r, 100);
    assert_record(&r, "u0",
                  "since 18000000*\nverifier SCRAM-SHA-256$4096:*$*:*\nseen 1799971200000\n");
    prove(&p, rig_open(&r, 1), PASSCODE); /* who has no account gets none by failing */
    expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED',*");
    assert_int_equal(record_of(&r, "u1").len, 0);
    rig_end(&r);
}

/* GRANTED does not wait for what is written, and does not fail with it. */
static void nobody_waits_for_that(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    struct peer *u0 = rig_open(&r, 0);
    r.store.late = true;
    say(u0, "{'msgtype':'hello','resume':true}");
    rig_pass(&r, 50);
    r.store.pass = 1;
    rig_poke(&r);
    expect(u0, "{'msgtype':'auth_reply','status':'GRANTED',*");
    say(u0, "{'msgtype':'ping'}");
    expect(u0, "{'msgtype':'pong'}");
    peer_abort(u0);
    rig_pass(&r, 50);
    rig_store_on_time(&r);
    rig_pass(&r, 50);
    assert_record(&r, "u0", "since *\nseen *\n");
    rig_end(&r);
}

static void few_records(struct rig *r)
{
    r->store_config.records = 1;
}

static void without_room_for_an_account_one_gets_in_as_well(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_records);
    rig_plain(&r, 0);
    rig_plain(&r, 1);
    rig_pass(&r, 50);
    assert_int_equal(record_of(&r, "u1").len, 0);
    rig_end(&r);
}

static void what_a_newer_version_wrote_is_kept(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    put_record(&r, "u0", "colour blue\nsince 5\nx-y a b c\n");
    rig_plain(&r, 0);
    rig_pass(&r, 50);
    assert_record(&r, "u0", "colour blue\nsince 5\nx-y a b c\nseen 1799971200000\n");
    assert_int_equal(set_user(&r, "u0", THM_ADMIN_AUTH, THM_AUTH_PASSCODE, false), THM_OK);
    assert_record(&r, "u0", "colour blue\nsince 5\nx-y a b c\nseen *\nauth passcode\n");
    assert_int_equal(set_user(&r, "u0", THM_ADMIN_AUTH, THM_AUTH_DEFAULT, false), THM_OK);
    assert_record(&r, "u0", "colour blue\nsince 5\nx-y a b c\nseen *0\n");
    rig_end(&r);
}

static void nobody_gets_in_by_a_damaged_record(void **state)
{
    static const char *const bad[] = {"suspended maybe\n",
                                      "auth none\n",
                                      "verifier x\n",
                                      "since 1\nsince 1\n",
                                      "since -1\n",
                                      "since 1",
                                      "Since 1\n",
                                      "since\n",
                                      "auth passcode\x01\n",
                                      "since 1\n\n",
                                      " since 1\n",
                                      "suspended \n",
                                      "since 99999999999999999999\n"};
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    r.watched = "account-damaged";
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_record(&r, "u0", bad[i]);
        struct peer *u0 = rig_open(&r, 0);
        say(u0, "{'msgtype':'hello'}");
        expect(u0, "{'msgtype':'auth_reply','status':'REFUSED','code':'store','reason':"
                   "'the account can*t be read: ask whoever runs the server'}");
        assert_int_equal(r.logged, i + 1);
        assert_int_equal(set_user(&r, "u0", 0, THM_AUTH_DEFAULT, false), THM_E_STORE);
    }
    assert_int_equal(admin(&r, THM_ADMIN_USER_REMOVE, "u0", 0, 0, false, NULL), THM_OK);
    rig_plain(&r, 0);
    rig_end(&r);
}

/* --- the operator ------------------------------------------------------------------------------ */

static void accounts_are_added_changed_and_removed(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    r.watched = "account";
    assert_int_equal(set_user(&r, "u0", 0, THM_AUTH_DEFAULT, false), THM_E_NO_USER);
    assert_int_equal(admin(&r, THM_ADMIN_USER_REMOVE, "u0", 0, 0, false, NULL), THM_E_NO_USER);
    assert_int_equal(r.logged, 0);
    /* a certificate alone would let him in */
    assert_int_equal(set_user(&r, "u3", THM_ADMIN_SUSPENDED, 0, false), THM_E_NO_USER);
    assert_int_equal(set_user(&r, "u3", THM_ADMIN_SUSPENDED, 0, true), THM_OK);
    assert_record(&r, "u3", "since 18000000*\nsuspended yes\n");
    assert_int_equal(r.logged, 1);
    r.logged = 0;
    assert_int_equal(
        admin(&r, THM_ADMIN_USER_ADD, "u0", THM_ADMIN_AUTH, THM_AUTH_CERTIFICATE, false, NULL),
        THM_OK);
    assert_record(&r, "u0", "since 18000000*\nauth certificate\n");
    assert_int_equal(admin(&r, THM_ADMIN_USER_ADD, "u0", 0, 0, false, NULL), THM_E_EXISTS);
    assert_int_equal(admin(&r, THM_ADMIN_USER_SET, "u0", THM_ADMIN_VERIFIER, 0, false, PASSCODE),
                     THM_OK);
    assert_record(&r, "u0", "since *\nauth certificate\nverifier *\n");
    assert_int_equal(set_user(&r, "u0", THM_ADMIN_VERIFIER | THM_ADMIN_SUSPENDED, 0, true), THM_OK);
    assert_record(&r, "u0", "since *\nauth certificate\nsuspended yes\n");
    assert_int_equal(r.logged, 3);
    assert_int_equal(admin(&r, THM_ADMIN_USER_REMOVE, "u0", 0, 0, false, NULL), THM_OK);
    assert_int_equal(record_of(&r, "u0").len, 0);
    assert_int_equal(r.logged, 4);
    rig_end(&r);
}

static void removing_ends_the_sessions(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_member(&r, 1), *phone = rig_member(&r, U1_PHONE);
    expect_later(u0, "{'msgtype':'presence',*");
    rig_pass(&r, 50);
    assert_int_equal(admin(&r, THM_ADMIN_USER_REMOVE, "u1", 0, 0, false, NULL), THM_OK);
    expect_later(u1, "{'msgtype':'goodbye','code':'kicked',*");
    expect_later(phone, "{'msgtype':'goodbye','code':'kicked',*");
    expect_end(u1, 1000);
    rig_pass(&r, 100);
    assert_int_equal(rig_stats(&r).sessions, 1);
    assert_int_equal(record_of(&r, "u1").len, 0);
    rig_end(&r);
}

static char rows[4096];

static void on_row(struct thm_admin_request *request, const struct thm_account *a)
{
    size_t len = strlen(rows);

    (void)request;
    snprintf(rows + len, sizeof rows - len, "%s %d%s%s%s\n", a->user, (int)a->auth,
             a->suspended ? " suspended" : "", a->has_passcode ? " passcode" : "",
             a->damaged ? " damaged" : "");
}

static unsigned dones;
static int results[80];

static void on_done(struct thm_admin_request *request, int result)
{
    (void)request;
    results[dones++] = result;
}

static void all_are_listed_in_order(void **state)
{
    (void)state;
    struct rig r;
    char user[16], want[4096] = "";
    rig_start(&r, with_records);
    for (unsigned i = 40; i-- > 0;) {
        snprintf(user, sizeof user, "x%02u", i);
        assert_int_equal(admin(&r, THM_ADMIN_USER_ADD, user, THM_ADMIN_VERIFIER, 0, false,
                               i % 8 == 0 ? PASSCODE : NULL),
                         THM_OK);
    }
    set_user(&r, "x05", THM_ADMIN_AUTH | THM_ADMIN_SUSPENDED, THM_AUTH_PASSCODE, true);
    put_record(&r, "x06", "what?");
    struct thm_admin_request list = {.op = THM_ADMIN_USER_LIST, .row = on_row, .done = on_done};
    rows[0] = '\0';
    dones = 0;
    assert_int_equal(thm_server_admin(r.server, &list), THM_OK);
    rig_poke(&r);
    rig_pass(&r, 100);
    assert_int_equal(dones, 1);
    assert_int_equal(results[0], THM_OK);
    for (unsigned i = 0; i < 40; i++) {
        size_t len = strlen(want);
        snprintf(want + len, sizeof want - len, "x%02u %d%s%s%s\n", i, i == 5 ? 2 : 0,
                 i == 5 ? " suspended" : "", i % 8 == 0 ? " passcode" : "",
                 i == 6 ? " damaged" : "");
    }
    assert_string_equal(rows, want);
    rig_end(&r);
}

static void requests_are_done_in_their_order(void **state)
{
    (void)state;
    struct rig r;
    static struct thm_admin_request q[5];
    static const int want[5] = {THM_E_NO_USER, THM_OK, THM_E_EXISTS, THM_OK, THM_E_NO_USER};
    static const enum thm_admin_op ops[5] = {THM_ADMIN_USER_SET, THM_ADMIN_USER_ADD,
                                             THM_ADMIN_USER_ADD, THM_ADMIN_USER_REMOVE,
                                             THM_ADMIN_USER_SET};
    rig_start(&r, with_records);
    dones = 0;
    r.store.busy = true;
    for (unsigned i = 0; i < 5; i++) {
        q[i] = (struct thm_admin_request){.op = ops[i], .user = "u0", .done = on_done};
        assert_int_equal(thm_server_admin(r.server, &q[i]), THM_OK);
    }
    rig_poke(&r);
    rig_pass(&r, 1000);
    assert_int_equal(dones, 0);
    r.store.busy = false;
    rig_pass(&r, 1000); /* nobody pokes it */
    assert_int_equal(dones, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(results[i], want[i]);
    r.store.fail = 1; /* a store that fails is told as it is */
    assert_int_equal(admin(&r, THM_ADMIN_USER_ADD, "u0", 0, 0, false, NULL), THM_E_STORE);
    rig_end(&r);
}

static void all_are_answered_when_the_server_ends(void **state)
{
    (void)state;
    struct rig r;
    static struct thm_admin_request q[2];
    rig_start(&r, with_records);
    dones = 0;
    r.store.late = true;
    for (unsigned i = 0; i < 2; i++) {
        q[i] = (struct thm_admin_request){.op = THM_ADMIN_USER_ADD, .user = "u0", .done = on_done};
        assert_int_equal(thm_server_admin(r.server, &q[i]), THM_OK);
    }
    rig_poke(&r);
    rig_pass(&r, 10);
    thm_server_shutdown(r.server);
    rig_poke(&r);
    rig_pass(&r, 100);
    assert_false(thm_server_idle(r.server)); /* the store has one of them */
    rig_pass(&r, THM_CLOSE_MS + 100);
    assert_true(thm_server_idle(r.server));
    assert_int_equal(dones, 2);
    assert_int_equal(results[0], THM_E_SHUTDOWN);
    assert_int_equal(results[1], THM_E_SHUTDOWN);
    rig_store_on_time(&r);
    rig_pass(&r, 100);
    assert_int_equal(dones, 2);
    rig_end(&r);
}

static void what_can_not_be_asked_is_refused_at_once(void **state)
{
    (void)state;
    struct rig r;
    struct thm_admin_request q = {.op = THM_ADMIN_USER_ADD, .user = "U0", .done = on_done};
    rig_start(&r, with_records);
    assert_int_equal(thm_server_admin(r.server, &q), THM_E_KEY_RANGE);
    q.user[0] = '\0';
    assert_int_equal(thm_server_admin(r.server, &q), THM_E_KEY_RANGE);
    memset(q.user, 'x', sizeof q.user);
    assert_int_equal(thm_server_admin(r.server, &q), THM_E_KEY_RANGE);
    rig_end(&r);
    rig_start(&r, NULL);
    strcpy(q.user, "u0");
    assert_int_equal(thm_server_admin(r.server, &q), THM_E_STATE);
    struct thm_server *server;
    struct thm_server_config config = r.config;
    config.auth = THM_AUTH_PASSCODE; /* nobody could log in */
    assert_int_equal(thm_server_init(&server, r.memory, 1, &config), THM_E_CONFIG);
    rig_end(&r);
}

/* --- whispers ------------------------------------------------------------------------------------ */

static void whispers_go_to_those_who_have_an_account(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    peer_close(rig_plain(&r, 1));
    rig_pass(&r, 100);
    rig_restart(&r); /* it has forgotten whom it saw, and there is no minute of grace */
    struct peer *u0 = rig_plain(&r, 0);
    say(u0, "{'msgtype':'whisper','to':'u1','csn':1,'text':'are you there?'}");
    say(u0, "{'msgtype':'whisper','to':'u2','csn':2,'text':'and you?'}");
    say(u0, "{'msgtype':'whisper','to':'u1@phone','csn':3,'text':'on the phone?'}");
    say(u0, "{'msgtype':'whisper','to':'u0','csn':4,'text':'to myself'}");
    expect_later(u0,
                 "{'msgtype':'refused','room':'@u0','csn':2,'code':'no-such-user','reason':'*'}");
    expect_later(u0,
                 "{'msgtype':'accepted','room':'@u0','incarnation':'*','n':1,'time':*,'csn':1}");
    expect_later(u0, "{'msgtype':'accepted',*'n':2,*'csn':3}");
    expect_later(u0, "{'msgtype':'accepted',*'n':3,*'csn':4}");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello'}");
    expect_later(u1, "{'msgtype':'whisper','room':'@u1','n':1,*'text':'are you there?'}");
    expect(u1, "{'msgtype':'skip','room':'@u1','n':2}");
    /* an account that is added makes a user known, too */
    assert_int_equal(admin(&r, THM_ADMIN_USER_ADD, "u2", 0, 0, false, NULL), THM_OK);
    say(u0, "{'msgtype':'whisper','to':'u2','csn':5,'text':'now?'}");
    expect_later(u0, "{'msgtype':'accepted',*'csn':5}");
    rig_end(&r);
}

static void what_is_said_behind_them_keeps_its_place(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    struct peer *u0 = rig_plain(&r, 0);
    assert_int_equal(admin(&r, THM_ADMIN_USER_ADD, "u2", 0, 0, false, NULL), THM_OK);
    struct peer *u1 = rig_plain(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    r.store.late = true;
    say(u0, "{'msgtype':'whisper','to':'u2','csn':1,'text':'first'}");
    say(u0, "{'msgtype':'whisper','to':'u3','csn':2,'text':'to nobody'}");
    say(u0, "{'msgtype':'say','csn':3,'text':'last'}");
    rig_pass(&r, 50);
    say(u1, "{'msgtype':'say','csn':1,'text':'nobody else waits'}");
    rig_pass(&r, 50);
    r.store.pass = 2; /* what u0 asked, and what u1 said */
    rig_poke(&r);
    expect(u1, "{'msgtype':'accepted',*'csn':1}");
    rig_store_on_time(&r);
    expect_later(u0, "{'msgtype':'refused',*'csn':2,*'no-such-user'*");
    expect_later(u0, "{'msgtype':'accepted',*'csn':1}");
    expect_later(u0, "{'msgtype':'accepted',*'csn':3}");
    /* a store that fails is asked again by who said it, under the same number */
    r.store.fail = 1;
    say(u0, "{'msgtype':'whisper','to':'u9','csn':4,'text':'to nobody'}");
    expect_later(u0, "{'msgtype':'error',*'code':'store',*'in':'whisper',*");
    say(u0, "{'msgtype':'whisper','to':'u9','csn':4,'text':'to nobody'}");
    expect_later(u0, "{'msgtype':'refused',*'csn':4,*'no-such-user'*");
    r.store.busy = true;
    say(u0, "{'msgtype':'whisper','to':'u9','csn':5,'text':'to nobody'}");
    expect_later(u0, "{'msgtype':'error',*'code':'store',*'in':'whisper',*");
    r.store.busy = false;
    /* a sender who is sent away meanwhile hears nothing more */
    r.store.late = true;
    say(u1, "{'msgtype':'whisper','to':'u9','csn':2,'text':'to nobody'}");
    rig_pass(&r, 50);
    assert_int_equal(thm_server_kick(r.server, "u1", "out"), 1);
    rig_store_on_time(&r);
    expect_later(u1, "{'msgtype':'goodbye','code':'kicked','reason':'out'}");
    expect_end(u1, 1000);
    assert_int_equal(u1->next, u1->count);
    /* a sender that goes meanwhile */
    r.store.late = true;
    say(u0, "{'msgtype':'whisper','to':'u3','csn':6,'text':'gone'}");
    rig_pass(&r, 50);
    peer_abort(u0);
    rig_pass(&r, 50);
    rig_store_on_time(&r);
    rig_end(&r);
}

static void nobody_takes_the_id_of_who_is_away_as_alias(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    peer_close(rig_plain(&r, 1));
    rig_pass(&r, 50);
    rig_restart(&r); /* u1 was not here since then */
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello','resume':true,'alias':'U1'}");
    expect(u0, "{'msgtype':'auth_reply','status':'GRANTED',*'alias':'u0',*");
    expect(u0, "{'msgtype':'error','code':'alias-taken','key':'alias','in':'hello',*");
    say(u0, "{'msgtype':'alias','alias':'u1'}");
    expect(u0, "{'msgtype':'error','code':'alias-taken','key':'alias','in':'alias',*");
    say(u0, "{'msgtype':'alias','alias':'u9'}"); /* nobody's */
    expect(u0, "{'msgtype':'alias','alias':'u9'}");
    say(u0, "{'msgtype':'alias','alias':'u0'}");
    expect(u0, "{'msgtype':'alias','alias':'u0'}");
    rig_end(&r);
}

static void a_removed_account_leaves_no_inbox(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    struct peer *u1 = rig_plain(&r, 1), *u0 = rig_plain(&r, 0);
    say(u0, "{'msgtype':'whisper','to':'u1','text':'for the former u1'}");
    expect_later(u1, "{'msgtype':'whisper',*'n':1,*");
    peer_close(u1);
    rig_pass(&r, 50);
    assert_int_equal(admin(&r, THM_ADMIN_USER_REMOVE, "u1", 0, THM_AUTH_DEFAULT, false, NULL),
                     THM_OK);
    u1 = rig_login(&r, 1,
                   "{'msgtype':'hello'}"); /* a new device would get all that the inbox keeps */
    expect(u1, "{'msgtype':'joined','room':'@u1',*'n':1,'after':1}");
    expect(u1, "{'msgtype':'joined','room':'#lobby',*");
    expect_nothing(u1);
    say(u0, "{'msgtype':'whisper','to':'u1','text':'for the new one'}");
    expect_later(u1, "{'msgtype':'whisper',*'n':2,*'text':'for the new one'}");
    rig_end(&r);
}

static void stores_without_records_are_as_ever(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    say(u0, "{'msgtype':'whisper','to':'u3','csn':1,'text':'are you coming?'}");
    expect(u0, "{'msgtype':'accepted',*");
    rig_pass(&r, 61000);
    say(u0, "{'msgtype':'whisper','to':'u2','csn':2,'text':'and you?'}");
    expect_later(u0, "{'msgtype':'refused',*'csn':2,'code':'no-such-user',*");
    assert_int_equal(r.store.puts, 0);
    rig_end(&r);
}

/* --- fields -------------------------------------------------------------------------------------- */

static void fields_hold_what_they_hold(void **state)
{
    (void)state;
    static struct thm_fields f;
    char long_value[THM_RECORD_MAX];
    uint64_t n;
    f.len = 0;
    assert_true(thm_fields_valid(&f));
    assert_true(thm_fields_set(&f, "a", "1"));
    assert_true(thm_fields_set(&f, "b", "two words"));
    assert_true(thm_fields_set(&f, "c", "3"));
    assert_true(thm_fields_set(&f, "b", "2"));
    assert_true(thm_fields_valid(&f));
    assert_int_equal(f.len, 12);
    assert_memory_equal(f.text, "a 1\nb 2\nc 3\n", 12);
    assert_true(thm_fields_set(&f, "a", NULL));
    assert_true(thm_fields_set(&f, "z", NULL));
    assert_memory_equal(f.text, "b 2\nc 3\n", 8);
    assert_int_equal(thm_fields_get(&f, "a").len, 0);
    assert_true(thm_fields_get_num(&f, "c", &n) && n == 3);
    assert_false(thm_fields_get_num(&f, "a", &n));
    assert_false(thm_fields_set(&f, "a", "line\nbreak"));
    assert_false(thm_fields_set(&f, "a", ""));
    memset(long_value, 'x', sizeof long_value);
    long_value[sizeof long_value - 8 - 3] = '\0';
    assert_true(thm_fields_set(&f, "b", NULL));
    long_value[sizeof long_value - 4 - 3] = '\0';
    memset(long_value, 'x', sizeof long_value - 4 - 3);
    assert_true(thm_fields_set(&f, "a", long_value)); /* to the last byte */
    assert_int_equal(f.len, THM_RECORD_MAX);
    assert_true(thm_fields_valid(&f));
    assert_false(thm_fields_set(&f, "c", "33"));
    assert_true(thm_fields_set(&f, "c", "4"));
    assert_false(thm_fields_set(&f, "d", "1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_makes_an_account),
        cmocka_unit_test(a_login_by_passcode_is_noted_too),
        cmocka_unit_test(nobody_waits_for_that),
        cmocka_unit_test(without_room_for_an_account_one_gets_in_as_well),
        cmocka_unit_test(what_a_newer_version_wrote_is_kept),
        cmocka_unit_test(nobody_gets_in_by_a_damaged_record),
        cmocka_unit_test(accounts_are_added_changed_and_removed),
        cmocka_unit_test(removing_ends_the_sessions),
        cmocka_unit_test(all_are_listed_in_order),
        cmocka_unit_test(requests_are_done_in_their_order),
        cmocka_unit_test(all_are_answered_when_the_server_ends),
        cmocka_unit_test(what_can_not_be_asked_is_refused_at_once),
        cmocka_unit_test(whispers_go_to_those_who_have_an_account),
        cmocka_unit_test(what_is_said_behind_them_keeps_its_place),
        cmocka_unit_test(nobody_takes_the_id_of_who_is_away_as_alias),
        cmocka_unit_test(a_removed_account_leaves_no_inbox),
        cmocka_unit_test(stores_without_records_are_as_ever),
        cmocka_unit_test(fields_hold_what_they_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
