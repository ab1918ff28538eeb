/* Certificates: who was invited gets one, once, and who has one gets the next (docs/PROTOCOL.md, "Certificates"). */
#include <stdio.h>
#include <string.h>

#include "server/host.h"
#include "server/moderator.h"
#include "server/rig.h"
#include "thimble/enroll.h"

#define HOUR_MS 3600000u
#define REQUEST "{'msgtype':'enroll_request','data':'cmVxdWVzdA=='}"
#define OTHER   "{'msgtype':'enroll_request','data':'YW5vdGhlcg=='}"

/* --- who makes certificates: the test itself --- */

static struct thm_signing *asked_for[8];
static unsigned asked_count;
static bool absent; /* nobody is there to sign */

static bool on_sign(void *ctx, struct thm_signing *signing)
{
    (void)ctx;
    if (absent)
        return false;
    assert_true(asked_count < 8);
    asked_for[asked_count++] = signing;
    return true;
}

static void with_signer(struct rig *r)
{
    durable(r);
    r->config.sign = on_sign;
    r->config.signings = 2;
    r->config.invitations = 4;
    asked_count = 0;
    absent = false;
}

/* Waits until somebody is to get a certificate; the last one who asked. */
static struct thm_signing *awaited(struct rig *r, unsigned count)
{
    for (unsigned i = 0; i < 1000 && asked_count < count; i++)
        rig_pass(r, 1);
    assert_int_equal(asked_count, count);
    return asked_for[count - 1];
}

/* It is made: its bytes say for whom. */
static void make(struct rig *r, struct thm_signing *s)
{
    s->result = THM_OK;
    s->certificate_len = (size_t)snprintf((char *)s->certificate, sizeof s->certificate, "%s@%s",
                                          s->user, s->device);
    memset(s->key_hash, 7, sizeof s->key_hash);
    s->not_after_s = RIG_UTC / 1000 + 86400;
    thm_server_signed(r->server, s);
    rig_poke(r);
}

static void fail_with(struct rig *r, struct thm_signing *s, int code)
{
    s->result = code;
    thm_server_signed(r->server, s);
    rig_poke(r);
}

/* --- invitations --- */

static const uint8_t secrets[5][THM_ENROLL_SECRET] = {{1}, {2}, {3}, {4}, {5}};

static struct thm_invite invite_of(const uint8_t *secret)
{
    uint8_t key[THM_ENROLL_KEY], hash[THM_KEY_HASH];
    struct thm_invite invite = {.expires_ms = RIG_UTC + HOUR_MS};

    thm_enroll_bootstrap_key(secret, key);
    thm_enroll_key_hash(key, hash);
    memcpy(invite.id, hash, sizeof invite.id);
    return invite;
}

static int invite(struct rig *r, const uint8_t *secret)
{
    return ask(r, (struct thm_admin_request){.op = THM_ADMIN_INVITE_ADD,
                                             .user = "carol",
                                             .device = "laptop",
                                             .invite = invite_of(secret)});
}

static int take_back(struct rig *r, const uint8_t *secret)
{
    return ask(
        r, (struct thm_admin_request){.op = THM_ADMIN_INVITE_REVOKE, .invite = invite_of(secret)});
}

static char listed[500];

static void on_invite(struct thm_admin_request *request, const struct thm_invite *i)
{
    size_t len = strlen(listed);
    (void)request;
    snprintf(listed + len, sizeof listed - len, "%s@%s%s%s%s\n", i->user, i->device,
             i->used ? " used" : "", i->revoked ? " revoked" : "", i->damaged ? " damaged" : "");
}

static const char *list(struct rig *r)
{
    listed[0] = '\0';
    assert_int_equal(
        ask(r, (struct thm_admin_request){.op = THM_ADMIN_INVITE_LIST, .invite_row = on_invite}),
        THM_OK);
    return listed;
}

static void on_key(struct thm_admin_request *request, const uint8_t hash[THM_KEY_HASH],
                   uint64_t ends_ms)
{
    size_t len = strlen(listed);
    (void)request;
    snprintf(listed + len, sizeof listed - len, "%02x..%02x %llu\n", hash[0], hash[31],
             (unsigned long long)(ends_ms - RIG_UTC));
}

/* The keys that a device has certificates for. */
static const char *keys(struct rig *r, const char *user, const char *device)
{
    struct thm_admin_request request = {.op = THM_ADMIN_DEVICE_KEYS, .key_row = on_key};
    snprintf(request.user, sizeof request.user, "%s", user);
    snprintf(request.device, sizeof request.device, "%s", device);
    listed[0] = '\0';
    assert_int_equal(ask(r, request), THM_OK);
    return listed;
}

/* --- joiners --- */

static struct peer *come(struct rig *r, const uint8_t *secret)
{
    struct peer *p = rig_dial_invited(r, secret);

    assert_true(sim_world_run_until(r->world, rig_is_open, p, 5000));
    return p;
}

static void refused_with(struct rig *r, const uint8_t *secret, const char *line, const char *code)
{
    char pattern[200];
    struct peer *p = come(r, secret);

    say(p, line);
    snprintf(pattern, sizeof pattern, "{'msgtype':'enroll_reply','status':'REFUSED',*'code':'%s',*",
             code);
    expect(p, pattern);
    expect_end(p, 6000);
}

static void granted(struct peer *p)
{
    expect(p, "{'msgtype':'enroll_reply','status':'GRANTED','userid':'carol','device':'laptop',"
              "'certificate':'Y2Fyb2xAbGFwdG9w'}");
    expect_end(p, 6000);
}

/* --- the first certificate --- */

static void who_is_invited_gets_one(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    assert_int_equal(invite(&r, secrets[0]), THM_OK);
    struct peer *p = come(&r, secrets[0]);
    say(p, REQUEST);
    struct thm_signing *s = awaited(&r, 1);
    assert_string_equal(s->user, "carol");
    assert_string_equal(s->device, "laptop");
    assert_int_equal(s->request_len, 7);
    assert_memory_equal(s->request, "request", 7);
    make(&r, s);
    granted(p);
    assert_string_equal(list(&r), "carol@laptop used\n");
    assert_string_equal(keys(&r, "carol", "laptop"), "07..07 86400000\n");
    assert_string_equal(keys(&r, "carol", "lap"), "");
    rig_end(&r);
}

static void who_missed_the_answer_asks_again(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    struct peer *p = come(&r, secrets[0]);
    say(p, REQUEST);
    struct thm_signing *s = awaited(&r, 1);
    peer_abort(p);
    rig_pass(&r, 100);
    make(&r, s); /* nobody is there */
    rig_pass(&r, 100);
    p = come(&r, secrets[0]);
    say(p, REQUEST);
    granted(p);
    assert_int_equal(asked_count, 1); /* it is the same one */
    rig_restart(&r);
    p = come(&r, secrets[0]);
    say(p, REQUEST);
    granted(p);
    refused_with(&r, secrets[0], OTHER, "invitation-used");
    rig_end(&r);
}

static void no_two_get_one_by_the_same(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    struct peer *first = come(&r, secrets[0]);
    say(first, REQUEST);
    struct thm_signing *s = awaited(&r, 1);
    struct peer *second = come(&r, secrets[0]); /* while the first one waits */
    say(second, OTHER);
    expect(second,
           "{'msgtype':'enroll_reply','status':'REFUSED','retry_after':2,'code':'signer',*");
    assert_int_equal(take_back(&r, secrets[0]), THM_E_INVITATION_USED);
    make(&r, s);
    granted(first);
    refused_with(&r, secrets[0], OTHER, "invitation-used");
    rig_end(&r);
}

static void what_ends_ends_with_a_reason(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    invite(&r, secrets[1]);
    assert_int_equal(take_back(&r, secrets[0]), THM_OK);
    refused_with(&r, secrets[0], REQUEST, "invitation-revoked");
    sim_host_set_utc(r.host, RIG_UTC + 2 * HOUR_MS);
    refused_with(&r, secrets[1], REQUEST, "invitation-expired");
    assert_string_equal(list(&r), "carol@laptop revoked\ncarol@laptop\n");
    assert_int_equal(asked_count, 0);
    sim_host_set_utc(r.host, RIG_UTC + 2 * HOUR_MS + THM_INVITE_KEEP_MS);
    rig_pass(&r, HOUR_MS + 1000); /* they are forgotten */
    assert_string_equal(list(&r), "");
    struct peer *p = come(&r, secrets[1]);
    assert_true(p->broken);
    rig_end(&r);
}

static void who_is_removed_is_not_invited_any_more(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    assert_int_equal(ask(&r, (struct thm_admin_request){.op = THM_ADMIN_USER_ADD, .user = "carol"}),
                     THM_OK);
    assert_int_equal(
        ask(&r, (struct thm_admin_request){.op = THM_ADMIN_USER_REMOVE, .user = "carol"}), THM_OK);
    assert_string_equal(list(&r), "carol@laptop revoked\n");
    refused_with(&r, secrets[0], REQUEST, "invitation-revoked");
    rig_restart(&r);
    refused_with(&r, secrets[0], REQUEST, "invitation-revoked");
    rig_end(&r);
}

static void nor_if_he_is_removed_meanwhile(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    ask(&r, (struct thm_admin_request){.op = THM_ADMIN_USER_ADD, .user = "carol"});
    struct peer *p = come(&r, secrets[0]);
    say(p, REQUEST);
    struct thm_signing *s = awaited(&r, 1);
    assert_int_equal(
        ask(&r, (struct thm_admin_request){.op = THM_ADMIN_USER_REMOVE, .user = "carol"}), THM_OK);
    make(&r, s);
    expect(p, "{'msgtype':'enroll_reply','status':'REFUSED','code':'invitation-revoked',*");
    assert_string_equal(list(&r), "carol@laptop revoked\n");
    refused_with(&r, secrets[0], REQUEST, "invitation-revoked");
    rig_end(&r);
}

static void strangers_do_not_get_in(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    struct peer *p = come(&r, secrets[1]);
    assert_true(p->broken);
    assert_int_equal(take_back(&r, secrets[1]), THM_E_INVITATION);
    rig_end(&r);
}

static void one_login_a_second(struct rig *r)
{
    with_signer(r);
    r->config.limits[THM_LIMIT_LOGINS] = (struct thm_limit){.rate = 1, .burst = 2};
}

/* On the same host, which is one address. */
static void who_guesses_has_to_wait(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, one_login_a_second);
    invite(&r, secrets[0]);
    struct peer *guesser = come(&r, secrets[1]);
    for (unsigned i = 2; i < 5; i++) {
        struct peer *p = rig_neighbour_invited(&r, secrets[i], guesser);
        assert_true(sim_world_run_until(r.world, rig_is_open, p, 5000));
        assert_true(p->broken);
    }
    struct peer *p = rig_neighbour_invited(&r, secrets[0], guesser);
    rig_pass(&r, 500);
    assert_false(rig_is_open(p));
    assert_false(come(&r, secrets[0])->broken); /* another address does not */
    assert_true(sim_world_run_until(r.world, rig_is_open, p, 3000));
    assert_false(p->broken);
    rig_end(&r);
}

/* Nobody who is slow loses his place to one that waits for its own guesses. */
static void who_guesses_pushes_nobody_out(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, one_login_a_second);
    struct peer *guesser = come(&r, secrets[0]);
    for (unsigned i = 1; i < 5; i++) {
        struct peer *p = rig_neighbour_invited(&r, secrets[i], guesser);
        assert_true(sim_world_run_until(r.world, rig_is_open, p, 5000));
    }
    struct peer *slow = rig_dial(&r, 0, NULL);
    for (int i = 0; i < 50 && slow->tls.phase == THM_TLS_IDLE; i++)
        rig_pass(&r, 1);
    assert_int_equal(slow->tls.phase, THM_TLS_HANDSHAKE);
    slow->silent = true; /* for two seconds */
    for (unsigned i = 0; i < 20; i++) {
        rig_neighbour_invited(&r, secrets[0], guesser);
        rig_pass(&r, 100);
    }
    slow->silent = false;
    peer_move(slow, THM_EV_READ);
    assert_true(sim_world_run_until(r.world, rig_is_open, slow, 5000));
    assert_false(slow->broken);
    rig_end(&r);
}

static void an_invitation_is_for_one_thing(void **state)
{
    static const char *const lines[] = {
        "{'msgtype':'hello'}",
        "{'msgtype':'say','text':'hello'}",
        "{'msgtype':'list'}",
        "{'msgtype':'lookup_request','lookup':'u0'}",
        "{'msgtype':'join','room':'#lobby'}",
        "{'msgtype':'auth_request'}",
    };
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct peer *p = come(&r, secrets[0]);
        say(p, lines[i]);
        expect(p, "{'msgtype':'error',*'code':'not-allowed',*");
        expect_end(p, 6000);
    }
    struct peer *silent = come(&r, secrets[0]);
    expect_end(silent, THM_LOGIN_MS + 6000);
    rig_end(&r);
}

static void what_is_no_request_is_refused(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    refused_with(&r, secrets[0], "{'msgtype':'enroll_request','data':'not base64'}",
                 "certificate-request");
    refused_with(&r, secrets[0], "{'msgtype':'enroll_request','data':''}", "certificate-request");
    struct peer *p = come(&r, secrets[0]);
    say(p, REQUEST);
    fail_with(&r, awaited(&r, 1), THM_E_CSR);
    expect(p, "{'msgtype':'enroll_reply','status':'REFUSED','code':'certificate-request',*");
    p = come(&r, secrets[0]); /* and it is not used up */
    say(p, REQUEST);
    make(&r, awaited(&r, 2));
    granted(p);
    rig_end(&r);
}

static void somebody_may_have_to_agree(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    struct peer *p = come(&r, secrets[0]);
    say(p, REQUEST);
    fail_with(&r, awaited(&r, 1), THM_E_APPROVAL);
    expect(p, "{'msgtype':'enroll_reply','status':'CONTINUE','retry_after':5,'code':'approval',*");
    expect_end(p, 6000);
    p = come(&r, secrets[0]);
    say(p, REQUEST);
    fail_with(&r, awaited(&r, 2), THM_E_NOT_ALLOWED);
    expect(p, "{'msgtype':'enroll_reply','status':'REFUSED','code':'not-allowed',*");
    p = come(&r, secrets[0]);
    say(p, REQUEST);
    make(&r, awaited(&r, 3));
    granted(p);
    rig_end(&r);
}

static void trouble_is_told_and_nothing_is_used(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    invite(&r, secrets[0]);
    absent = true;
    refused_with(&r, secrets[0], REQUEST, "signer");
    absent = false;
    struct peer *p = come(&r, secrets[0]);
    say(p, REQUEST);
    struct thm_signing *s = awaited(&r, 1);
    r.store.fail = 1; /* what it was used for can't be written */
    make(&r, s);
    expect(p, "{'msgtype':'enroll_reply','status':'REFUSED','retry_after':2,'code':'store',*");
    assert_string_equal(list(&r), "carol@laptop\n");
    p = come(&r, secrets[0]);
    say(p, REQUEST);
    make(&r, awaited(&r, 2));
    granted(p);
    rig_end(&r);
}

static void no_more_than_may_be(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(invite(&r, secrets[i]), THM_OK);
    assert_int_equal(invite(&r, secrets[0]), THM_E_EXISTS);
    assert_int_equal(invite(&r, secrets[4]), THM_E_LIMIT);
    struct peer *p[3];
    for (unsigned i = 0; i < 3; i++) { /* of which two are signed at a time */
        p[i] = come(&r, secrets[i]);
        say(p[i], REQUEST);
        rig_pass(&r, 100);
    }
    expect(p[2], "{'msgtype':'enroll_reply','status':'REFUSED','retry_after':2,'code':'signer',*");
    make(&r, awaited(&r, 2));
    granted(p[1]);
    make(&r, asked_for[0]);
    granted(p[0]);
    rig_end(&r);
}

static void without_a_signer_there_is_none(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, durable);
    assert_int_equal(
        thm_server_admin(r.server, &(struct thm_admin_request){.op = THM_ADMIN_INVITE_LIST,
                                                               .invite_row = on_invite,
                                                               .done = on_done}),
        THM_E_STATE);
    struct peer *p = come(&r, secrets[0]);
    assert_true(p->broken);
    struct peer *u0 = rig_plain(&r, 0);
    say(u0, REQUEST);
    expect(u0, "{'msgtype':'error','code':'signer','in':'enroll_request',*");
    rig_end(&r);
}

/* --- renewal --- */

static void who_has_one_gets_the_next(void **state)
{
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    struct peer *p = rig_open(&r, 0);
    say(p, REQUEST);
    expect(p, "{'msgtype':'error','code':'not-granted',*");
    say(p, "{'msgtype':'hello','resume':true}");
    expect(p, "{'msgtype':'auth_reply','status':'GRANTED',*'commands':'* enroll_request *");
    say(p, REQUEST);
    struct thm_signing *s = awaited(&r, 1);
    assert_string_equal(s->user, "u0");
    assert_string_equal(s->device, "default");
    make(&r, s);
    expect(p, "{'msgtype':'enroll_reply','status':'GRANTED','userid':'u0','device':'default',"
              "'certificate':'dTBAZGVmYXVsdA=='}");
    say(p, "{'msgtype':'ping'}"); /* and the session goes on */
    expect(p, "{'msgtype':'pong'}");
    rig_end(&r);
}

static void a_denied_key_gets_none(void **state)
{
    uint8_t hashes[1][THM_KEY_HASH];
    struct thm_denylist denylist = {.hashes = hashes, .count = 1, .cap = 1};
    struct rig r;
    (void)state;
    memset(hashes, 7, sizeof hashes); /* as make() says */
    rig_start(&r, with_signer);
    struct peer *p = rig_plain(&r, 0);
    thm_server_set_credentials(r.server, rig_server_credentials(), &denylist);
    say(p, REQUEST);
    make(&r, awaited(&r, 1));
    expect(p, "{'msgtype':'enroll_reply','status':'REFUSED','code':'revoked',*");
    rig_end(&r);
}

/* One renewal, for the key whose hash begins with `first`. */
static void renew(struct rig *r, struct peer *p, uint8_t first, const char *answer)
{
    asked_count = 0;
    say(p, REQUEST);
    struct thm_signing *s = awaited(r, 1);
    s->result = THM_OK;
    s->certificate_len = 1;
    memset(s->key_hash, 7, sizeof s->key_hash);
    s->key_hash[0] = first;
    s->not_after_s = RIG_UTC / 1000 + 86400;
    thm_server_signed(r->server, s);
    rig_poke(r);
    expect(p, answer);
}

static void a_device_has_few_keys(void **state)
{
    static const char yes[] = "{'msgtype':'enroll_reply','status':'GRANTED',*";
    static const char no[] = "{'msgtype':'enroll_reply','status':'REFUSED','code':'limit',*";
    struct rig r;
    (void)state;
    rig_start(&r, with_signer);
    struct peer *p = rig_plain(&r, 0);
    for (uint8_t i = 0; i < THM_DEVICE_KEYS; i++)
        renew(&r, p, (uint8_t)(i + 1), yes);
    renew(&r, p, 0, no);
    renew(&r, p, 100, no);
    renew(&r, p, 1, yes); /* one of those that it has */
    renew(&r, p, THM_DEVICE_KEYS, yes);
    sim_host_set_utc(r.host, RIG_UTC + 86400000u); /* which have ended */
    rig_pass(&r, 100);
    renew(&r, p, 0, yes);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_invited_gets_one),
        cmocka_unit_test(who_missed_the_answer_asks_again),
        cmocka_unit_test(no_two_get_one_by_the_same),
        cmocka_unit_test(what_ends_ends_with_a_reason),
        cmocka_unit_test(who_is_removed_is_not_invited_any_more),
        cmocka_unit_test(nor_if_he_is_removed_meanwhile),
        cmocka_unit_test(strangers_do_not_get_in),
        cmocka_unit_test(who_guesses_has_to_wait),
        cmocka_unit_test(who_guesses_pushes_nobody_out),
        cmocka_unit_test(an_invitation_is_for_one_thing),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(somebody_may_have_to_agree),
        cmocka_unit_test(trouble_is_told_and_nothing_is_used),
        cmocka_unit_test(no_more_than_may_be),
        cmocka_unit_test(without_a_signer_there_is_none),
        cmocka_unit_test(who_has_one_gets_the_next),
        cmocka_unit_test(a_denied_key_gets_none),
        cmocka_unit_test(a_device_has_few_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
