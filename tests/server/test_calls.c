/* Who can be called, by whom, and how the one who is called finds out who it is. */
#include <stdio.h>
#include <string.h>

#include "server/caller.h"
#include "server/host.h"
#include "util/base64.h"

#define NOBODY                                                                                     \
    "{'msgtype':'lookup_reply','status':'NOTFOUND','address':'','key_hash':'','port':0,'ticket':'" \
    "'}"

/* Asks, and expects the answer. */
#define look_up(p, target, pattern)                                                                \
    do {                                                                                           \
        sayf(p, "{'msgtype':'lookup_request','lookup':'%s'}", target);                             \
        expect(p, pattern);                                                                        \
    } while (0)
#define verify(p, target, ticket, pattern)                                                         \
    do {                                                                                           \
        sayf(p, "{'msgtype':'lookup_request','lookup':'%s','ticket':'%s'}", target, ticket);       \
        expect(p, pattern);                                                                        \
    } while (0)

/* --- registering ------------------------------------------------------------------------------ */

static void what_is_left_out_stays_as_it_was(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_enter(&r, 0);
    say(u0, "{'msgtype':'register'}");
    expect(u0, "{'msgtype':'register','address':'10.*.*.*','port':0,'availability':'available'}");
    say(u0, "{'msgtype':'register','port':65001,'address':'192.0.2.1'}"); /* not his to say */
    expect(u0, "{'msgtype':'register','address':'10.*','port':65001,'availability':'available'}");
    say(u0, "{'msgtype':'register','availability':'busy'}");
    char address[256];
    string_of(expect(u0, "{'msgtype':'register','address':'10.*','port':65001,"
                         "'availability':'busy'}"),
              "address", address);
    assert_int_equal(strspn(address, "0123456789."), strlen(address)); /* without a port */
    say(u0, "{'msgtype':'register','port':0}");
    expect(u0, "{'msgtype':'register','address':'10.*','port':0,'availability':'busy'}");
    say(u0, "{'msgtype':'register','availability':'elsewhere','port':7}");
    expect(u0, "{'msgtype':'error','code':'key-range','key':'availability','in':'register',*");
    say(u0, "{'msgtype':'register'}");
    expect(u0, "{'msgtype':'register','address':'10.*','port':0,'availability':'busy'}");
    say(u0, "{'msgtype':'away','away':'at lunch'}");
    expect(u0, "{'msgtype':'away',*");
    say(u0, "{'msgtype':'register','availability':'available'}");
    expect(u0, "{'msgtype':'register',*'availability':'away'}"); /* what holds */
    say(u0, "{'msgtype':'away'}");
    expect(u0, "{'msgtype':'away',*");
    say(u0, "{'msgtype':'register'}");
    expect(u0, "{'msgtype':'register',*'availability':'available'}");
    rig_end(&r);
}

/* The certificate of rig_people[who] with another letter in its name: "thimble:u0" is "thimble:u9" then, and the key is the same. */
static const char *renamed_certificate(unsigned who, char letter, char text[CERTIFICATE])
{
    uint8_t der[THM_ISSUED_MAX];
    struct thm_text t;
    unsigned changed = 0;
    size_t len;
    const unsigned char *own =
        thm_credentials_der(credentials_of(rig_people[who], THM_FOR_CLIENT), 0, &len);

    assert_true(len <= sizeof der);
    memcpy(der, own, len);
    for (size_t i = 0; i + 10 < len; i++)
        if (memcmp(der + i, "thimble:u", 9) == 0) {
            der[i + 9] = (unsigned char)letter;
            changed++;
        }
    assert_int_equal(changed, 1);
    thm_text_init(&t, text, CERTIFICATE);
    thm_text_base64(&t, der, len);
    return text;
}

static void a_certificate_is_of_the_session(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 7), *u1 = caller_enter(&r, 1);
    char own[CERTIFICATE], other[CERTIFICATE], pattern[1200];
    char cut[CERTIFICATE];
    caller_certificate(0, own);
    strcpy(cut, own);
    cut[400] = '\0';
    char another_name[CERTIFICATE], another_key[CERTIFICATE];
    const char *const bad[] = {caller_certificate(1, other),
                               renamed_certificate(0, '9', another_name),
                               renamed_certificate(1, '0', another_key),
                               "",
                               "AAAA",
                               "no base64",
                               cut};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sayf(u0, "{'msgtype':'register','certificate':'%s','port':8}", bad[i]);
        expect(u0, "{'msgtype':'error','code':'key','key':'certificate','in':'register',*");
    }
    look_up(u1, "u0",
            "{'msgtype':'lookup_reply','status':'SUCCESS','userid':'u0',"
            "'device':'default','address':'10.*','key_hash':'*','port':7,'ticket':'*',"
            "'availability':'available'}"); /* nothing of it was taken */
    sayf(u0, "{'msgtype':'register','certificate':'%s'}", own);
    snprintf(pattern, sizeof pattern, "{'msgtype':'register',*'certificate':'%s',*}", own);
    expect(u0, pattern);
    snprintf(pattern, sizeof pattern, "{'msgtype':'lookup_reply',*'certificate':'%s',*}", own);
    look_up(u1, "u0", pattern);
    say(u0, "{'msgtype':'register','port':9}");
    expect(u0, "{'msgtype':'register',*'certificate':'*'*");
    look_up(u1, "u0", pattern);
    rig_end(&r);
}

/* Neither key of a user is another device's. */
static void nor_of_the_users_other_device(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *phone = caller_enter(&r, U1_PHONE);
    char text[CERTIFICATE];
    sayf(phone, "{'msgtype':'register','certificate':'%s'}", caller_certificate(1, text));
    expect(phone, "{'msgtype':'error','code':'key',*'in':'register',*");
    sayf(phone, "{'msgtype':'register','certificate':'%s'}", caller_certificate(U1_PHONE, text));
    expect(phone, "{'msgtype':'register',*");
    rig_end(&r);
}

static void one_callable(struct rig *r)
{
    r->config.callables = 1;
}

static void so_many_can_be_called(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_callable);
    struct peer *u0 = caller_available(&r, 0, 0), *u1 = caller_enter(&r, 1);
    say(u1, "{'msgtype':'register'}");
    expect(u1, "{'msgtype':'error','code':'limit','in':'register',*");
    say(u0, "{'msgtype':'register'}"); /* again is not one more */
    expect(u0, "{'msgtype':'register',*");
    assert_int_equal(rig_stats(&r).callables_used, 1);
    peer_close(u0);
    rig_pass(&r, 100);
    assert_int_equal(rig_stats(&r).callables_used, 0);
    say(u1, "{'msgtype':'register'}");
    expect(u1, "{'msgtype':'register',*");
    rig_end(&r);
}

static void no_directory(struct rig *r)
{
    r->config.callables = 0;
}

static void no_relays(struct rig *r)
{
    r->config.relays = 0;
}

static void what_a_server_does_it_names(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, no_directory);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello'}");
    const char *line = expect(u0, "{'msgtype':'auth_reply',*");
    assert_null(strstr(line, "register"));
    assert_null(strstr(line, "relay"));
    rig_end(&r);
    rig_start(&r, no_relays);
    u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello'}");
    line = expect(u0, "{'msgtype':'auth_reply',*'commands':'register lookup_request *");
    assert_null(strstr(line, "relay"));
    rig_end(&r);
}

/* --- looking up ------------------------------------------------------------------------------- */

static void a_lookup_tells_key_place_and_availability(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_enter(&r, 0), *u1 = caller_available(&r, 1, 0);
    char hash[65], pattern[300];
    caller_key_hash(1, hash);
    sayf(u0, "{'msgtype':'lookup_request','lookup':'u1@default','id':'x'}");
    snprintf(pattern, sizeof pattern,
             "{'msgtype':'lookup_reply','status':'SUCCESS','userid':'u1','device':'default',"
             "'id':'x','address':'','key_hash':'%s','port':0,'ticket':'*','availability':"
             "'available'}",
             hash);
    expect(u0, pattern); /* he does not listen: where he is stays his business */
    say(u1, "{'msgtype':'register','port':65000,'availability':'busy'}");
    expect(u1, "{'msgtype':'register',*");
    look_up(
        u0, "u1@default",
        "{'msgtype':'lookup_reply',*'address':'10.*','key_hash':'*','port':65000,"
        "'ticket':'*','availability':'busy'}"); /* that he is not to be called is for both ends to heed */
    say(u1, "{'msgtype':'register','availability':'away'}");
    expect(u1, "{'msgtype':'register',*");
    look_up(u0, "u1",
            "{'msgtype':'lookup_reply',*'port':65000,'ticket':'*','availability':'away'}");
    say(u1, "{'msgtype':'register','availability':'available'}");
    expect(u1, "{'msgtype':'register',*");
    say(u1, "{'msgtype':'away','away':'at lunch'}");
    expect(u1, "{'msgtype':'away',*");
    look_up(u0, "u1",
            "{'msgtype':'lookup_reply',*'port':65000,'ticket':'*','availability':'away'}");
    rig_end(&r);
}

static void a_lookup_finds_the_device_in_use(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 0), *u1 = caller_available(&r, 1, 0);
    rig_pass(&r, 10);
    struct peer *phone = caller_available(&r, U1_PHONE, 0);
    rig_pass(&r, 10);
    look_up(u0, "u1", "{'msgtype':'lookup_reply',*'device':'phone',*");
    static const char *const no_sign_of_a_person[] = {
        "{'msgtype':'ack','bytes':1}", "{'msgtype':'ping'}", "{'msgtype':'pong'}",
        "{'msgtype':'receipt','status':'read','to':'u2','id':'x'}",
        "{'msgtype':'relay','id':'x','status':'closed'}"};
    for (unsigned i = 0; i < sizeof no_sign_of_a_person / sizeof no_sign_of_a_person[0]; i++) {
        say(u1, no_sign_of_a_person[i]);
        rig_pass(&r, 10);
    }
    look_up(u0, "u1", "{'msgtype':'lookup_reply',*'device':'phone',*");
    say(u1, "{'msgtype':'say','text':'x'}"); /* whatever comes of it */
    rig_pass(&r, 10);
    look_up(u0, "u1", "{'msgtype':'lookup_reply',*'device':'default',*");
    say(phone, "{'msgtype':'list'}");
    rig_pass(&r, 10);
    look_up(u0, "u1", "{'msgtype':'lookup_reply',*'device':'phone',*");
    say(phone, "{'msgtype':'register','availability':'busy'}");
    rig_pass(&r, 10);
    look_up(u0, "u1", "{'msgtype':'lookup_reply',*'device':'default',*'available'}");
    say(u1, "{'msgtype':'register','availability':'away'}");
    rig_pass(&r, 10);
    look_up(u0, "u1", "{'msgtype':'lookup_reply',*'device':'default',*'away'}");
    say(phone, "{'msgtype':'list'}");
    rig_pass(&r, 10);
    look_up(u0, "u1", "{'msgtype':'lookup_reply',*'device':'phone',*'busy'}");
    look_up(u0, "u1@default", "{'msgtype':'lookup_reply',*'device':'default',*'away'}");
    say(phone, "{'msgtype':'lookup_request','lookup':'u1'}"); /* a device of his, but not itself */
    expect_later(phone, "{'msgtype':'lookup_reply',*'device':'default',*");
    rig_end(&r);
}

/* One who is not there, one who is and has not registered, one who never was: the same bytes. */
static void who_cant_be_called_is_like_who_is_not_there(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 1);
    caller_enter(&r, 1);                    /* has not registered */
    peer_close(caller_available(&r, 2, 1)); /* has left */
    rig_pass(&r, 100);
    static const char *const names[] = {"u1", "u1@default", "u1@tv",      "u2", "u2@default",
                                        "u9", "u9@default", "u0@default", "u0"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        look_up(u0, names[i], NOBODY);
    say(u0, "{'msgtype':'lookup_request','lookup':'u9','id':'q1'}");
    expect(u0, "{'msgtype':'lookup_reply','status':'NOTFOUND','id':'q1','address':'','key_hash':''"
               ",'port':0,'ticket':''}");
    struct peer *stranger = rig_open(&r, 3); /* before GRANTED */
    look_up(stranger, "u0", NOBODY);
    say(stranger, "{'msgtype':'register'}");
    expect(stranger, "{'msgtype':'error','code':'not-granted','in':'register',*");
    rig_end(&r);
}

static void five_lookups(struct rig *r)
{
    r->config.limits[THM_LIMIT_LOOKUPS] = (struct thm_limit){1, 5};
}

/* Whoever tries one name after the other gets one answer a second, whether there is somebody or not. */
static void who_enumerates_is_paced(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, five_lookups);
    caller_available(&r, 1, 0);
    struct peer *u0 = caller_enter(&r, 0);
    for (unsigned i = 0; i < 15; i++)
        sayf(u0, "{'msgtype':'lookup_request','lookup':'%s','id':'%u'}", i % 2 ? "u1" : "u9", i);
    uint64_t begun = sim_host_now(r.host);
    for (unsigned i = 0; i < 15; i++) {
        const char *line = next_line(u0);
        while (fits(line, "{'msgtype':'notice',*"))
            line = next_line(u0);
        assert_int_equal(strstr(line, "SUCCESS") != NULL, i % 2);
    }
    assert_in_range(sim_host_now(r.host) - begun, 9000, 11000);
    rig_end(&r);
}

/* --- tickets ---------------------------------------------------------------------------------- */

#define IS_U0 "{'msgtype':'lookup_reply','status':'SUCCESS','userid':'u0','device':'default',*"

static void a_ticket_tells_the_callee_who_calls(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 65001), *u1 = caller_available(&r, 1, 0);
    char ticket[TICKET], hash[65], pattern[400];
    caller_ticket(u0, "u1", ticket);
    assert_int_equal(strspn(ticket, "0123456789abcdef"), 32);
    sayf(u1, "{'msgtype':'lookup_request','lookup':'u0@default','ticket':'%s','id':'c'}", ticket);
    snprintf(pattern, sizeof pattern,
             "{'msgtype':'lookup_reply','status':'SUCCESS','userid':'u0','device':'default','id':"
             "'c','address':'10.*','key_hash':'%s','port':65001,'ticket':'%s','availability':"
             "'available'}",
             caller_key_hash(0, hash), ticket);
    expect(u1, pattern);
    rig_end(&r);
}

/* One who can't be called himself can call. */
static void who_calls_need_not_be_registered(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_enter(&r, 0), *u1 = caller_available(&r, 1, 0);
    char ticket[TICKET];
    caller_ticket(u0, "u1", ticket);
    verify(u1, "u0@default", ticket,
           "{'msgtype':'lookup_reply','status':'SUCCESS','userid':'u0','device':'default',"
           "'address':'','key_hash':'*','port':0,'ticket':'*'}");
    rig_end(&r);
}

static void a_stolen_ticket_opens_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 0), *u1 = caller_available(&r, 1, 0),
                *u2 = caller_available(&r, 2, 0), *phone = caller_available(&r, U1_PHONE, 0);
    char ticket[TICKET], guess[TICKET];
    caller_ticket(u0, "u1@default", ticket);
    strcpy(guess, ticket);
    guess[31] = guess[31] == '0' ? '1' : '0';
    verify(u1, "u2@default", ticket, NOBODY); /* shown by another caller */
    verify(u1, "u1@phone", ticket, NOBODY);
    verify(u1, "u0@phone", ticket, NOBODY); /* or from another device of his */
    verify(u1, "u0", ticket, NOBODY);       /* or from which is not said */
    verify(u1, "u9@default", ticket, NOBODY);
    verify(u2, "u0@default", ticket, NOBODY);    /* for somebody else */
    verify(phone, "u0@default", ticket, NOBODY); /* for another device of hers */
    verify(u0, "u0@default", ticket, NOBODY);
    verify(u0, "u1@default", ticket, NOBODY); /* the wrong way round */
    verify(u1, "u0@default", guess, NOBODY);
    verify(u1, "u0@default", "", NOBODY); /* that is not the caller's kind of lookup */
    verify(u1, "u0@default", "xyz", NOBODY);
    verify(u1, "u0@default", ticket, IS_U0);  /* as good as it was */
    verify(u1, "u0@default", ticket, NOBODY); /* it was looked up before */
    rig_end(&r);
}

static void a_ticket_is_good_for_a_minute(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 0), *u1 = caller_available(&r, 1, 0);
    char first[TICKET], second[TICKET];
    caller_ticket(u0, "u1", first);
    rig_pass(&r, 1000);
    caller_ticket(u0, "u1", second);
    rig_pass(&r, THM_TICKET_MS - 1000);
    verify(u1, "u0@default", first, NOBODY);
    verify(u1, "u0@default", second, IS_U0);
    caller_ticket(u0, "u1", first);
    rig_pass(&r, THM_TICKET_MS - 1000);
    verify(u1, "u0@default", first, IS_U0);
    rig_end(&r);
}

static void of_a_device_the_latest_tickets_are_good(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 0), *u1 = caller_available(&r, 1, 0),
                *u2 = caller_available(&r, 2, 0);
    char tickets[THM_TICKETS_EACH + 1][TICKET], others[TICKET];
    caller_ticket(u2, "u1", others);
    for (unsigned i = 0; i <= THM_TICKETS_EACH; i++)
        caller_ticket(u0, "u1", tickets[i]);
    assert_int_equal(rig_stats(&r).tickets_used, THM_TICKETS_EACH + 1);
    verify(u1, "u0@default", tickets[0], NOBODY);
    for (unsigned i = 1; i <= THM_TICKETS_EACH; i++)
        verify(u1, "u0@default", tickets[i], IS_U0);
    verify(u1, "u2@default", others,
           "{'msgtype':'lookup_reply','status':'SUCCESS',*"); /* not his */
    rig_pass(&r, THM_TICKET_MS);
    caller_ticket(u0, "u1", tickets[0]); /* those that have ended give way */
    assert_int_equal(rig_stats(&r).tickets_used, 2);
    rig_end(&r);
}

static void a_ticket_ends_with_either_session(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 0), *u1 = caller_available(&r, 1, 0);
    char ticket[TICKET];
    caller_ticket(u0, "u1", ticket);
    peer_close(u0);
    rig_pass(&r, 100);
    assert_int_equal(rig_stats(&r).tickets_used, 0);
    verify(u1, "u0@default", ticket, NOBODY);
    u0 = caller_available(&r, 0, 0);
    verify(u1, "u0@default", ticket, NOBODY);
    caller_ticket(u0, "u1", ticket);
    peer_close(u1);
    rig_pass(&r, 100);
    u1 = caller_available(&r, 1, 0);
    verify(u1, "u0@default", ticket, NOBODY);
    rig_end(&r);
}

/* Nobody foretells a ticket from others. */
static void tickets_are_drawn(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = caller_available(&r, 0, 0);
    caller_available(&r, 1, 0);
    char tickets[16][TICKET];
    for (unsigned i = 0; i < 16; i++) {
        caller_ticket(u0, "u1", tickets[i]);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(tickets[i], tickets[k]);
    }
    sim_world_faults(r.world, &(struct sim_faults){.entropy_ppm = 1000000});
    look_up(u0, "u1", "{'msgtype':'error','code':'entropy','in':'lookup_request',*");
    sim_world_faults(r.world, NULL);
    caller_ticket(u0, "u1", tickets[0]);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_stays_as_it_was),
        cmocka_unit_test(a_certificate_is_of_the_session),
        cmocka_unit_test(nor_of_the_users_other_device),
        cmocka_unit_test(so_many_can_be_called),
        cmocka_unit_test(what_a_server_does_it_names),
        cmocka_unit_test(a_lookup_tells_key_place_and_availability),
        cmocka_unit_test(a_lookup_finds_the_device_in_use),
        cmocka_unit_test(who_cant_be_called_is_like_who_is_not_there),
        cmocka_unit_test(who_enumerates_is_paced),
        cmocka_unit_test(a_ticket_tells_the_callee_who_calls),
        cmocka_unit_test(who_calls_need_not_be_registered),
        cmocka_unit_test(a_stolen_ticket_opens_nothing),
        cmocka_unit_test(a_ticket_is_good_for_a_minute),
        cmocka_unit_test(of_a_device_the_latest_tickets_are_good),
        cmocka_unit_test(a_ticket_ends_with_either_session),
        cmocka_unit_test(tickets_are_drawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
