/* The entries a client takes: none lost, none twice, none out of order, whatever the log became. */
#include "client/lobby.h"

#include <stdio.h>

static void entries_are_taken_once_and_in_order(void **state)
{
    (void)state;
    in_lobby(4);
    entry(5, 1);
    entry(6, 2);
    entry(5, 1);
    entry(6, 2);
    entry(7, 3);
    fake_told("message text 5");
    fake_told("message text 6");
    fake_told("message text 7");
    fake_told_nothing();
}

static void a_reconnect_resumes_behind_the_last_entry(void **state)
{
    (void)state;
    in_lobby(4);
    entry(5, 0);
    entry(6, 0);
    fake_skip_told();
    fake_reconnect();
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':0}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" FIRST_LOG "','after':6}");
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", FIRST_LOG, 8, 5); /* the server's copy of the cursor is behind: ours rules */
    fake_skip_told();
    fake_wait(THM_ACK_DELAY_MS);
    sent("{'msgtype':'ack','bytes':%u}", (unsigned)fake.client.received); /* no cursor moved */
    entry(6, 0);
    fake_told_nothing();
    entry(7, 0);
    fake_told("message text 7");
}

static void a_missing_number_without_a_gap_breaks_the_connection(void **state)
{
    (void)state;
    in_lobby(4);
    entry(6, 0);
    fake_told("waiting key-range");
    assert_false(fake.tls_open);
}

static void a_gap_is_told_and_moves_on(void **state)
{
    (void)state;
    in_lobby(4);
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" FIRST_LOG "','first':5,'last':9,"
              "'reason':'retention'}");
    fake_told("gap");
    entry(10, 0);
    fake_told("message text 10");
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" FIRST_LOG "','first':3,'last':6}");
    entry(11, 0); /* a gap never moves back */
    fake_told("gap");
    fake_told("message text 11");
}

static void a_skip_moves_the_cursor_in_silence(void **state)
{
    (void)state;
    in_lobby(0);
    line("{'msgtype':'skip','room':'@ali','n':1}");
    fake_told_nothing();
    line("{'msgtype':'whisper','room':'@ali','n':2,'from':'bob','to':'ali','text':'psst'}");
    fake_told("whisper psst");
    fake_reconnect();
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':2}");
}

static void a_restarted_server_repeats_nothing(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 40);
    entry(2, 41);
    fake_skip_told();
    again(SECOND_LOG, 3, 0);
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" SECOND_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
    entry(1, 40); /* bob sent them again: he had no answer */
    entry(2, 41);
    fake_told_nothing();
    entry(3, 42);
    fake_told("message text 3");
    fake_reconnect();
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':0}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" SECOND_LOG "','after':3}");
}

static void the_same_number_of_another_sender_is_new(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 41);
    const char *others[] = {
        "'from':'bob','device':'d','alias':'bob','id':'0b0b0b0c-41'",  /* he lost his state */
        "'from':'bob','device':'e','alias':'bob','id':'0b0b0b0b-41'",  /* another device */
        "'from':'bobb','device':'d','alias':'bob','id':'0b0b0b0b-41'", /* somebody else */
        "'from':'bob','device':'d','alias':'bob','id':'0b0b0b0b-x'",   /* no csn at all */
        "'from':'bob','device':'d','alias':'bob','id':'0b0b0b0b-x'"};
    fake_told("message text 1");
    for (unsigned i = 0; i < 5; i++) {
        line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,%s,'text':'%u'}", i + 2,
             others[i], i);
        char told[32];
        snprintf(told, sizeof told, "message %u", i);
        fake_told(told);
    }
}

static void a_log_that_went_back_starts_anew(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 1);
    entry(2, 2);
    fake_skip_told();
    again(FIRST_LOG, 1, 0); /* the same log, but its second entry is lost */
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" FIRST_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
    entry(1, 1);
    fake_told_nothing();
    entry(2, 3);
    fake_told("message text 2");
}

static void a_gap_that_was_cut_off_is_told_again(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 1);
    fake_skip_told();
    again(SECOND_LOG, 1, 0);
    fake_reconnect(); /* before the gap came: the cursor to state is still the old one */
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':0}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" FIRST_LOG "','after':1}");
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", SECOND_LOG, 1, 0);
    fake_told("joined");
    fake_told("joined");
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" SECOND_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
}

static void a_new_log_under_a_running_session(void **state)
{
    (void)state;
    in_lobby(7);
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" SECOND_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
    entry(1, 0);
    fake_told("message text 1");
}

static void lines_of_other_streams_are_dropped(void **state)
{
    (void)state;
    in_lobby(0);
    fake_line("{'msgtype':'message','room':'#other','n':9,'time':1,'from':'b','device':'d',"
              "'alias':'b','text':'x'}");
    fake_line("{'msgtype':'gap','room':'#other','incarnation':'" FIRST_LOG "'}");
    fake_told_nothing();
    assert_true(fake.tls_open);
}

static void senders_are_told_apart(void **state)
{
    const unsigned people = 40;

    (void)state;
    in_lobby(0);
    for (unsigned n = 1; n <= 2 * people; n++) {
        line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'u%u','device':'d',"
             "'alias':'a','id':'00000001-1','text':'x'}",
             n, n % people);
        if (n <= people)
            fake_told("message x");
        fake_told_nothing(); /* the second of each is a repetition */
    }
}

static void more_senders_than_are_remembered(void **state)
{
    (void)state;
    in_lobby(0);
    for (unsigned n = 1; n <= 3 * THM_CLIENT_SENDERS; n++) {
        line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'u%u','device':'d',"
             "'alias':'a','id':'00000001-1','text':'%u'}",
             n, n, n);
        char told[32];
        snprintf(told, sizeof told, "message %u", n);
        fake_told(told);
    }
    fake_skip_sent();
    unsigned n = 3 * THM_CLIENT_SENDERS; /* the latest is known */
    line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'u%u','device':'d',"
         "'alias':'a','id':'00000001-1','text':'x'}",
         n + 1, n);
    fake_told_nothing();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_taken_once_and_in_order),
        cmocka_unit_test(a_reconnect_resumes_behind_the_last_entry),
        cmocka_unit_test(a_missing_number_without_a_gap_breaks_the_connection),
        cmocka_unit_test(a_gap_is_told_and_moves_on),
        cmocka_unit_test(a_skip_moves_the_cursor_in_silence),
        cmocka_unit_test(a_restarted_server_repeats_nothing),
        cmocka_unit_test(the_same_number_of_another_sender_is_new),
        cmocka_unit_test(a_log_that_went_back_starts_anew),
        cmocka_unit_test(a_gap_that_was_cut_off_is_told_again),
        cmocka_unit_test(a_new_log_under_a_running_session),
        cmocka_unit_test(lines_of_other_streams_are_dropped),
        cmocka_unit_test(senders_are_told_apart),
        cmocka_unit_test(more_senders_than_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
