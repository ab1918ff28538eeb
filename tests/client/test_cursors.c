/* What an application keeps between two runs of a device, and how the next run goes on from it. */
#include "client/lobby.h"

static int set(const char *name, uint64_t n)
{
    return thm_client_set_cursor(&fake.client, name, name[0] == '@' ? 0xaa : 1, n);
}

/* The cursor of a stream must be this one; or it must have none. */
static void expect_cursor(const char *stream, uint64_t incarnation, uint64_t n)
{
    const char *name;
    uint64_t found = 0, is, last, last_is = 0;

    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        if (!thm_client_cursor(&fake.client, i, &name, &is, &last) || strcmp(name, stream) != 0)
            continue;
        assert_int_equal(found, 0);
        assert_int_equal(i == 0, stream[0] == '@');
        found = is;
        last_is = last;
    }
    assert_int_equal(found, incarnation);
    assert_int_equal(last_is, n);
}

static void what_was_taken_can_be_kept(void **state)
{
    (void)state;
    fake_init();
    expect_cursor("", 0, 0);
    in_lobby(4);
    expect_cursor("@ali", 0xaa, 0);
    expect_cursor("#lobby", 1, 4);
    entry(5, 0);
    expect_cursor("#lobby", 1, 5);
    assert_int_equal(thm_client_join(&fake.client, "#tea"), THM_OK);
    expect_cursor("#tea", 0, 0); /* not before it is joined */
    assert_int_equal(thm_client_leave(&fake.client, "#lobby"), THM_OK);
    fake_step();
    expect_cursor("#lobby", 0, 0);
}

static void another_run_goes_on_behind_it(void **state)
{
    (void)state;
    fake_init();
    assert_int_equal(set("@ali", 7), THM_OK);
    assert_int_equal(set("#lobby", 5), THM_OK);
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK); /* which changes nothing */
    expect_cursor("#lobby", 1, 5);
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':7}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" FIRST_LOG "','after':5}");
    joined("@ali", INBOX_LOG, 7, 7);
    joined("#lobby", FIRST_LOG, 6, 5);
    fake_skip_told();
    entry(5, 0);
    entry(6, 0);
    fake_told("message text 6");
    fake_told_nothing();
}

static void a_log_that_is_gone_is_a_gap(void **state)
{
    (void)state;
    fake_init();
    assert_int_equal(set("#lobby", 5), THM_OK);
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    joined("#lobby", SECOND_LOG, 1, 0);
    expect_cursor("#lobby", 1, 5); /* the gap has not come yet */
    fake_skip_told();
    line("{'msgtype':'gap','room':'#lobby','incarnation':'" SECOND_LOG "','reason':'restarted'}");
    fake_told("gap");
    entry(1, 0);
    fake_told("message text 1");
    expect_cursor("#lobby", 2, 1);
}

static void somebody_elses_inbox_is_forgotten(void **state)
{
    (void)state;
    fake_init();
    assert_int_equal(set("@bob", 7), THM_OK);
    expect_cursor("@bob", 0xaa, 7);
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    fake_sent("{'msgtype':'join','room':'@ali'}");
    expect_cursor("@bob", 0, 0);
}

static void cursors_that_can_not_be_set(void **state)
{
    char room[8] = "#a";

    (void)state;
    fake_init();
    assert_int_equal(set("lobby", 1), THM_E_KEY_RANGE);
    assert_int_equal(set("#", 1), THM_E_KEY_RANGE);
    for (unsigned i = 1; i < THM_CLIENT_STREAMS; i++, room[1]++)
        assert_int_equal(set(room, 1), THM_OK);
    assert_int_equal(set(room, 1), THM_E_LIMIT);
    assert_int_equal(set("@ali", 1), THM_OK);
    in_lobby(4);
    assert_int_equal(set("#lobby", 1), THM_E_STATE);
    expect_cursor("#lobby", 1, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_can_be_kept),
        cmocka_unit_test(another_run_goes_on_behind_it),
        cmocka_unit_test(a_log_that_is_gone_is_a_gap),
        cmocka_unit_test(somebody_elses_inbox_is_forgotten),
        cmocka_unit_test(cursors_that_can_not_be_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
