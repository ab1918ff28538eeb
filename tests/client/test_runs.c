/* What one run of a device said, and the next one sends. */
#include "client/lobby.h"

#include <stdio.h>

static struct kept {
    uint64_t incarnation, next;
    struct thm_client_said said[8];
    char text[8][64], to[8][64];
    unsigned count;
} kept;

/* As an application does: takes down what the client has not seen answered. */
static void keep(void)
{
    uint32_t at = 0;

    kept.count = 0;
    kept.incarnation = thm_client_incarnation(&fake.client, &kept.next);
    while (thm_client_unanswered(&fake.client, &at, &kept.said[kept.count])) {
        struct thm_client_said *s = &kept.said[kept.count];
        memcpy(kept.text[kept.count], s->text, s->text_len);
        memcpy(kept.to[kept.count], s->to, s->to_len);
        s->text = kept.text[kept.count];
        s->to = kept.to[kept.count++];
    }
}

static void the_next_run_sends_what_is_left(void **state)
{
    (void)state;
    in_lobby(0);
    for (int i = 0; i < 4; i++)
        say(i == 3 ? "bob" : "#lobby", (const char *[]){"a", "b", "c", "d"}[i]);
    fake_step();
    fake_line("{'msgtype':'stored','csn':2,'room':'#lobby','n':2}");
    keep();
    assert_int_equal(kept.count, 3);
    assert_int_equal(kept.next, 5);

    fake_init();
    assert_int_equal(thm_client_go_on(&fake.client, kept.incarnation, 4097), THM_OK);
    assert_int_equal(thm_client_say_again(&fake.client, &kept.said[0]), THM_E_NO_ROOM);
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    for (unsigned i = 0; i < kept.count; i++)
        assert_int_equal(thm_client_say_again(&fake.client, &kept.said[i]), THM_OK);
    say("#lobby", "e");
    fake_login();
    assert_int_equal(thm_client_go_on(&fake.client, 1, 1), THM_E_STATE);
    assert_true(fake.client.incarnation == kept.incarnation);
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", FIRST_LOG, 2, 2);
    fake_step();
    fake_sent("{'msgtype':'join','room':'@ali'}");
    fake_sent("{'msgtype':'join','room':'#lobby'}");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'a'}");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':3,'text':'c'}");
    fake_sent("{'msgtype':'whisper','to':'bob','csn':4,'text':'d'}");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':4097,'text':'e'}");
    fake_line("{'msgtype':'stored','csn':1,'room':'#lobby','n':1}");
    fake_line("{'msgtype':'stored','csn':3,'room':'#lobby','n':3}");
    fake_line("{'msgtype':'stored','csn':4,'room':'@ali','n':1}");
    fake_line("{'msgtype':'stored','csn':4097,'room':'#lobby','n':4}");
    assert_int_equal(thm_client_pending(&fake.client), 0);
}

static void what_cannot_have_been_said_is_refused(void **state)
{
    static char text[THM_TEXT_MAX + 1];
    const struct thm_client_said good = {
        .csn = 7, .to = "bob", .to_len = 3, .text = "x", .text_len = 1, .part = 1, .parts = 1};
    struct thm_client_said bad[8];

    (void)state;
    fake_init();
    memset(text, 'a', sizeof text);
    assert_int_equal(thm_client_go_on(&fake.client, 1, 0), THM_E_KEY_RANGE);
    assert_int_equal(thm_client_go_on(&fake.client, 1, UINT64_MAX), THM_E_KEY_RANGE);
    assert_int_equal(thm_client_go_on(&fake.client, 1, 8), THM_OK);
    for (unsigned i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].csn = 8; /* never used */
    bad[1].to = "Bob";
    bad[2].to_len = 100;
    bad[3].text = "\xff";
    bad[4].text = text, bad[4].text_len = sizeof text;
    bad[5].part = 0;
    bad[6].part = 2;
    bad[7].parts = THM_PARTS_MAX + 1;
    for (unsigned i = 0; i < 8; i++)
        assert_int_not_equal(thm_client_say_again(&fake.client, &bad[i]), THM_OK);
    assert_int_equal(thm_client_pending(&fake.client), 0);
    assert_int_equal(thm_client_say_again(&fake.client, &good), THM_OK);
    assert_int_equal(thm_client_go_on(&fake.client, 1, 8), THM_E_STATE);
}

/* What was kept is an older copy: the server knows numbers that were used since. */
static void numbers_that_were_used_already_are_not_used_again(void **state)
{
    const struct thm_client_said left = {
        .csn = 90, .to = "bob", .to_len = 3, .text = "x", .text_len = 1, .part = 1, .parts = 1};

    (void)state;
    fake_init();
    assert_int_equal(thm_client_go_on(&fake.client, 1, 100), THM_OK);
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    assert_int_equal(thm_client_say_again(&fake.client, &left), THM_OK);
    say("#lobby", "a");
    say("bob", "b");
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    fake_line("{'msgtype':'joined','room':'@ali','incarnation':'" INBOX_LOG
              "','n':0,'after':0,'csn':99}"); /* all is well there */
    fake_step();
    fake_sent("{'msgtype':'join','room':'@ali'}");
    fake_sent("{'msgtype':'join','room':'#lobby'}");
    fake_sent("{'msgtype':'whisper','to':'bob','csn':90,'text':'x'}");
    fake_line("{'msgtype':'joined','room':'#lobby','incarnation':'" FIRST_LOG
              "','n':0,'after':0,'csn':107}");
    fake_step();
    fake_sent("{'msgtype':'say','room':'#lobby','csn':108,'text':'a'}");
    fake_sent("{'msgtype':'whisper','to':'bob','csn':109,'text':'b'}");
    say("#lobby", "c");
    fake_step();
    fake_sent("{'msgtype':'say','room':'#lobby','csn':110,'text':'c'}");
    /* what this run has used itself moves nothing */
    fake_skip_told();
    fake_reconnect();
    fake_skip_sent();
    joined("@ali", INBOX_LOG, 0, 0);
    fake_line("{'msgtype':'joined','room':'#lobby','incarnation':'" FIRST_LOG
              "','n':2,'after':0,'csn':110}");
    fake_step();
    fake_sent("{'msgtype':'whisper','to':'bob','csn':90,'text':'x'}");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':108,'text':'a'}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_run_sends_what_is_left),
        cmocka_unit_test(numbers_that_were_used_already_are_not_used_again),
        cmocka_unit_test(what_cannot_have_been_said_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
