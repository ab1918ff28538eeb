/* What the operator sees and does: sessions, kicks, notices, the deny-list, and the end of the server. */
#include "server/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/host.h"

static void sessions_are_shown(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    rig_open(&r, 2); /* no session yet */
    rig_login(&r, 0, "{'msgtype':'hello','alias':'Zoe'}");
    rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    rig_pass(&r, 100);
    struct thm_session_info info;
    char address[THM_ADDRESS_TEXT_MAX];
    uint32_t at = 0;
    assert_true(thm_server_next_session(r.server, &at, &info));
    assert_string_equal(info.user, "u0");
    assert_string_equal(info.device, "default");
    assert_string_equal(info.alias, "Zoe");
    assert_int_equal(info.rooms, 1);
    assert_in_range(info.since_ms, RIG_UTC, RIG_UTC + 10000);
    thm_address_text(&info.address, address);
    assert_true(fits(address, "10.*:*"));
    assert_true(thm_server_next_session(r.server, &at, &info));
    assert_string_equal(info.user, "u1");
    assert_string_equal(info.device, "phone");
    assert_int_equal(info.rooms, 0);
    assert_false(thm_server_next_session(r.server, &at, &info));
    rig_end(&r);
}

static void a_kick_ends_a_user_or_a_device(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *desk = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    struct peer *phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    assert_int_equal(thm_server_kick(r.server, "u9", "x"), 0);
    assert_int_equal(thm_server_kick(r.server, "u1@tv", "x"), 0);
    assert_int_equal(thm_server_kick(r.server, "u1@phone", "enough"), 1);
    rig_poke(&r);
    expect(phone, "{'msgtype':'goodbye','code':'kicked','reason':'enough'}");
    expect_end(phone, 1000);
    expect_nothing(desk);
    phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    assert_int_equal(thm_server_kick(r.server, "u1", "what can't be sent: \x01"), 2);
    rig_poke(&r);
    expect(desk, "{'msgtype':'goodbye','code':'kicked','reason':'the operator ended the session'}");
    expect(phone, "{'msgtype':'goodbye','code':'kicked',*");
    rig_end(&r);
}

static void a_notice_reaches_all_who_can_take_it(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true}");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':4096}");
    rig_open(&r, 2);
    assert_int_equal(thm_server_notice(r.server, "back \"soon\"", 11), 2);
    rig_poke(&r);
    expect(u0, "{'msgtype':'notice','time':1800000*,'text':'back \\'soon\\''}");
    expect(u1, "{'msgtype':'notice',*");
    assert_int_equal(thm_server_notice(r.server, "\xff", 1), THM_E_UTF8);
    for (int i = 0; i < 80; i++) /* uses up the credit */
        say(u1, "{'msgtype':'ping','id':'0123456789012345678901234567890123456789'}");
    rig_pass(&r, 100);
    assert_int_equal(thm_server_notice(r.server, "x", 1), 1);
    rig_end(&r);
}

static void a_denied_device_is_ended_and_does_not_come_back(void **state)
{
    static uint8_t hashes[1][THM_KEY_HASH];

    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *desk = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    struct peer *phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    struct peer *early = rig_open(&r, 0);
    memcpy(hashes[0],
           thm_credentials_identity(credentials_of(rig_people[U1_PHONE], THM_FOR_CLIENT))->key_hash,
           THM_KEY_HASH);
    struct thm_denylist denied = {.hashes = hashes, .count = 1, .cap = 1};
    thm_server_set_credentials(r.server, credentials_of("server/server", THM_FOR_SERVER), &denied);
    rig_poke(&r);
    expect(phone, "{'msgtype':'goodbye','code':'revoked','reason':'*'}");
    expect_end(phone, 1000);
    say(desk, "{'msgtype':'ping'}");
    expect(desk, "{'msgtype':'pong'}");
    say(early, "{'msgtype':'hello','resume':true}");
    expect(early, "{'msgtype':'auth_reply',*'GRANTED',*");
    phone = rig_dial(&r, U1_PHONE, NULL);
    r.watched = "refused";
    expect_end(phone, 1000);
    rig_pass(&r, 100);
    assert_int_equal(r.logged_code, THM_E_REVOKED);
    rig_end(&r);
}

static void new_credentials_replace_the_old(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    rig_plain(&r, 0);
    const struct thm_credentials *old = credentials_of("server/server", THM_FOR_SERVER);
    struct thm_credentials *copy = aligned_alloc(16, (sizeof *copy + 15) & ~(size_t)15);
    memcpy(copy, old, sizeof *copy);
    assert_true(thm_server_uses(r.server, old));
    thm_server_set_credentials(r.server, copy, NULL);
    assert_false(thm_server_uses(r.server, old));
    rig_plain(&r, 1);
    rig_end(&r);
    free(copy);
}

/* Somebody at a prompt for a passcode hears nothing, and nobody waits for him. */
static void a_shutdown_waits_for_nobody_who_is_not_in(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0), *early = rig_open(&r, 1);
    early->deaf = true; /* it does not close either */
    rig_pass(&r, 50);
    thm_server_shutdown(r.server);
    rig_poke(&r);
    expect(u0, "{'msgtype':'goodbye',*");
    expect_end(u0, 1000);
    rig_pass(&r, 50);
    assert_true(thm_server_idle(r.server));
    rig_end(&r);
}

static void a_shutdown_says_goodbye_to_all(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0), *early = rig_open(&r, 1), *silent = rig_dial(&r, 2, NULL);
    silent->silent = true;
    rig_pass(&r, 50);
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'just in time'}");
    rig_pass(&r, 50);
    thm_server_shutdown(r.server);
    thm_server_shutdown(r.server);
    rig_poke(&r);
    expect(u0, "{'msgtype':'goodbye','retry_after':1,'code':'shutdown','reason':'*'}");
    expect(early, "{'msgtype':'goodbye','retry_after':1,'code':'shutdown','reason':'*'}");
    expect_end(u0, 1000);
    assert_false(thm_server_idle(r.server)); /* a message is on its way to the store */
    rig_store_on_time(&r);
    rig_pass(&r, 100);
    assert_true(thm_server_idle(r.server));
    assert_int_equal(rig_stats(&r).messages, 1);
    assert_int_equal(sim_host_open_sockets(r.host), 0);
    rig_end(&r);
}

static void a_shutdown_waits_for_nobody_for_ever(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    rig_pass(&r, 50);
    thm_server_shutdown(r.server);
    rig_poke(&r);
    rig_pass(&r, THM_CLOSE_MS - 100);
    assert_false(thm_server_idle(r.server));
    sim_host_jump(r.host, 200);
    rig_poke(&r);
    rig_pass(&r, 1);
    assert_true(thm_server_idle(r.server));
    rig_end(&r);
}

static void rooms_are_shown_while_somebody_is_in_them(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    rig_member(&r, 1);
    say(u0, "{'msgtype':'join','room':'#ops'}");
    rig_pass(&r, 100);
    say(u0, "{'msgtype':'topic','room':'#ops','topic':'pumps'}");
    say(u0, "{'msgtype':'say','room':'#lobby','text':'hello'}");
    rig_pass(&r, 100);
    struct thm_room_info info;
    uint32_t at = 0;
    assert_true(thm_server_next_room(r.server, &at, &info));
    assert_string_equal(info.name, "#lobby");
    assert_string_equal(info.topic, "");
    assert_int_equal(info.members, 2);
    assert_int_equal(info.n, 1);
    assert_true(thm_server_next_room(r.server, &at, &info));
    assert_string_equal(info.name, "#ops");
    assert_string_equal(info.topic, "pumps");
    assert_int_equal(info.members, 1);
    assert_int_equal(info.n, 0);
    assert_false(thm_server_next_room(r.server, &at, &info)); /* inboxes are none */
    r.watched = "leave";
    say(u0, "{'msgtype':'leave','room':'#ops'}");
    rig_pass(&r, 100);
    assert_int_equal(r.logged, 1);
    at = 0;
    assert_true(thm_server_next_room(r.server, &at, &info));
    assert_false(thm_server_next_room(r.server, &at, &info));
    rig_end(&r);
}

/* Who whispers to whom is told apart from where it lies. */
static void a_whisper_is_logged_with_its_receiver(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    rig_plain(&r, 1);
    say(u0, "{'msgtype':'whisper','to':'u1','text':'hello'}");
    rig_pass(&r, 100);
    assert_string_equal(r.record.event, "whisper");
    assert_string_equal(r.record.to, "u1");
    assert_int_equal(r.record.size, 5);
    assert_null(r.record.detail);
    say(u0, "{'msgtype':'say','room':'#lobby','text':'hello'}");
    rig_pass(&r, 100);
    assert_null(r.record.to);
    rig_end(&r);
}

/* Who, where, how much; never the text. */
static void each_message_is_logged(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'say','text':'hello'}");
    expect(u0, "{'msgtype':'message',*");
    assert_int_equal(r.record.level, THM_LOG_INFO);
    assert_string_equal(r.record.room, "#lobby");
    assert_int_equal(r.record.n, 1);
    assert_int_equal(r.record.size, 5);
    assert_null(r.record.detail);
    rig_end(&r);
}

static void no_log(struct rig *r)
{
    r->config.log = NULL;
}

static void a_server_needs_no_log(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, no_log);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'say','text':'hello'}");
    expect(u0, "{'msgtype':'message',*");
    rig_end(&r);
}

/* --- its memory and its work ---------------------------------------------------------------- */

static void a_wrong_configuration_is_named(void **state)
{
    (void)state;
    struct rig r;
    struct thm_server *server;
    rig_start(&r, NULL);
    size_t size = (thm_server_size(&r.config, NULL, 0) + 15) & ~(size_t)15;
    void *memory = aligned_alloc(16, size);
    assert_int_equal(thm_server_init(&server, memory, size - 16, &r.config), THM_E_MEMORY);
    struct thm_server_config config = r.config;
    config.name = "";
    assert_int_equal(thm_server_init(&server, memory, size, &config), THM_E_CONFIG);
    config.name = "a\nb"; /* nobody could ever log in */
    assert_int_equal(thm_server_init(&server, memory, size, &config), THM_E_CONFIG);
    config = r.config;
    config.spare_clients = 1;
    assert_int_equal(thm_server_init(&server, memory, size, &config), THM_E_CONFIG);
    free(memory);
    rig_end(&r);
}

static void the_cost_adds_up(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct thm_server_cost rows[32];
    size_t size = thm_server_size(&r.config, rows, 32), sum = 0;
    for (unsigned i = 0; rows[i].what != NULL; i++)
        sum += rows[i].each * rows[i].count;
    assert_in_range(sum, size - 16 * 1000, size); /* but for rounding */
    struct thm_server_cost three[3];
    thm_server_size(&r.config, three, 3);
    assert_null(three[2].what);
    rig_end(&r);
}

static void sixteen_addresses_may_be_listened_on(void **state)
{
    (void)state;
    struct rig r;
    struct thm_address bound;
    rig_start(&r, NULL);
    for (int i = 1; i < 16; i++)
        assert_int_equal(thm_server_listen(r.server, sim_host_ip(r.host), 0, &bound), THM_OK);
    assert_int_not_equal(bound.number, 0);
    assert_int_equal(thm_server_listen(r.server, sim_host_ip(r.host), 0, NULL), THM_E_LIMIT);
    thm_server_shutdown(r.server);
    rig_end(&r);
}

/* A turn looks at those who have something to do, not at all who are there. */
static void idle_sessions_are_not_looked_at(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true}");
    for (unsigned i = 1; i < 5; i++)
        rig_login(&r, i, "{'msgtype':'hello','resume':true}");
    rig_pass(&r, 100);
    uint64_t before = rig_stats(&r).visits;
    for (int i = 0; i < 100; i++) {
        say(u0, "{'msgtype':'ping'}");
        expect(u0, "{'msgtype':'pong'}");
    }
    assert_in_range(rig_stats(&r).visits - before, 100, 300);
    before = rig_stats(&r).turns;
    rig_pass(&r, 100000); /* and while nothing happens, there is no turn */
    assert_in_range(rig_stats(&r).turns - before, 0, 2);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_shown),
        cmocka_unit_test(a_kick_ends_a_user_or_a_device),
        cmocka_unit_test(a_notice_reaches_all_who_can_take_it),
        cmocka_unit_test(a_denied_device_is_ended_and_does_not_come_back),
        cmocka_unit_test(new_credentials_replace_the_old),
        cmocka_unit_test(a_shutdown_says_goodbye_to_all),
        cmocka_unit_test(a_shutdown_waits_for_nobody_who_is_not_in),
        cmocka_unit_test(a_shutdown_waits_for_nobody_for_ever),
        cmocka_unit_test(rooms_are_shown_while_somebody_is_in_them),
        cmocka_unit_test(a_whisper_is_logged_with_its_receiver),
        cmocka_unit_test(each_message_is_logged),
        cmocka_unit_test(a_server_needs_no_log),
        cmocka_unit_test(a_wrong_configuration_is_named),
        cmocka_unit_test(the_cost_adds_up),
        cmocka_unit_test(sixteen_addresses_may_be_listened_on),
        cmocka_unit_test(idle_sessions_are_not_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
