/* The past, page by page. */
#include "client/transcript.h"

static void past(const char *room, unsigned from, unsigned to)
{
    char line[300];

    for (unsigned n = from; n <= to; n++) {
        snprintf(line, sizeof line,
                 "{'msgtype':'past','room':'%s','n':%u,'time':1699920000000," BY_BOB
                 ",'text':'%u'}",
                 room, n, n);
        fake_line(line);
    }
}

/* The end of an answer; `first` 0: there is nothing before. */
static void end(const char *room, unsigned count, unsigned first)
{
    char line[200], before[24] = "";

    if (first != 0)
        snprintf(before, sizeof before, "'first':%u,", first);
    snprintf(line, sizeof line, "{'msgtype':'end','room':'%s',%s'count':%u,'in':'history'}", room,
             before, count);
    forget_printed();
    fake_line(line);
}

static void message(const char *room, unsigned n)
{
    char line[300];

    snprintf(line, sizeof line,
             "{'msgtype':'message','room':'%s','n':%u,'time':1699920000000," BY_BOB ",'text':'x'}",
             room, n);
    fake_line(line);
}

/* In #lobby, of which 40 entries had been said before. */
static int begin(void **state)
{
    setup(state);
    fake.client.streams[1].n = 40;
    return 0;
}

static void more_goes_back_from_what_was_shown(void **state)
{
    (void)state;
    type("/history 5");
    fake_sent("{'msgtype':'history','room':'#lobby','count':5}");
    past("#lobby", 36, 40);
    end("#lobby", 5, 36);
    expect("n#lobby|-- end of history: 5 (/history more shows what was before)");
    message("#lobby", 41); /* others go on meanwhile */
    type("/history more 10");
    fake_sent("{'msgtype':'history','room':'#lobby','before':36,'count':10}");
    past("#lobby", 26, 35);
    end("#lobby", 10, 26);
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#lobby','before':26,'count':20}");
    past("#lobby", 6, 25);
    end("#lobby", 20, 6);
    type("/history 2"); /* again: what was shown before stays shown */
    fake_sent("{'msgtype':'history','room':'#lobby','count':2}");
    past("#lobby", 40, 41);
    end("#lobby", 2, 40);
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#lobby','before':6,'count':20}");
    past("#lobby", 1, 5);
    end("#lobby", 5, 0);
    expect("n#lobby|-- end of history: 5 (there is nothing before)");
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#lobby','before':1,'count':20}");
    end("#lobby", 0, 0);
    expect("n#lobby|-- end of history: 0 (there is nothing before)");
}

static void what_was_said_live_was_shown_as_well(void **state)
{
    (void)state;
    for (unsigned n = 41; n <= 43; n++)
        message("#lobby", n);
    type("/history more 5");
    fake_sent("{'msgtype':'history','room':'#lobby','before':41,'count':5}");
}

static void where_nothing_was_shown_more_begins_at_the_end(void **state)
{
    (void)state;
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#lobby','count':20}");
}

/* A page of which nothing could be told moves on all the same. */
static void an_empty_page_is_passed(void **state)
{
    (void)state;
    type("/history 5");
    end("#lobby", 0, 36);
    fake_skip_sent();
    type("/history more 5");
    fake_sent("{'msgtype':'history','room':'#lobby','before':36,'count':5}");
}

static void each_room_has_its_own_past(void **state)
{
    (void)state;
    setup_two_rooms(state);
    fake.client.streams[1].n = fake.client.streams[2].n = 40;
    type("/history 5");
    past("#lobby", 36, 40);
    end("#lobby", 5, 36);
    type("/join #ops");
    fake_skip_sent();
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#ops','count':20}");
    past("#ops", 21, 40);
    end("#ops", 20, 21);
    type("/join #lobby");
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#lobby','before':36,'count':20}");
}

/* The server has lost its log: its numbers are others. Who comes back into a room begins anew, too. */
static void numbers_of_another_log_are_forgotten(void **state)
{
    (void)state;
    message("#lobby", 41);
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'0000000000000009',"
              "'reason':'restarted'}");
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#lobby','count':20}");
    past("#lobby", 1, 2);
    end("#lobby", 2, 0);
    type("/part");
    type("/join #lobby");
    fake_line(LOBBY "'n':50,'after':50}");
    fake_skip_sent();
    type("/history more");
    fake_sent("{'msgtype':'history','room':'#lobby','count':20}");
}

static void wrong_forms_are_told(void **state)
{
    static const char *const typed[] = {"/history more 0", "/history more x", "/history moreover",
                                        "/history 5 more", "/history more 5 6"};

    (void)state;
    for (unsigned i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        forget_printed();
        assert_int_equal(type(typed[i]), THM_E_ARGUMENT);
        expect("!|! use /history [more] [N]: N is a number from 1 to 99999; more shows what was "
               "before");
    }
    fake_sent_nothing();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(more_goes_back_from_what_was_shown, begin),
        cmocka_unit_test_setup(what_was_said_live_was_shown_as_well, begin),
        cmocka_unit_test_setup(where_nothing_was_shown_more_begins_at_the_end, begin),
        cmocka_unit_test_setup(an_empty_page_is_passed, begin),
        cmocka_unit_test_setup(each_room_has_its_own_past, begin),
        cmocka_unit_test_setup(numbers_of_another_log_are_forgotten, begin),
        cmocka_unit_test_setup(wrong_forms_are_told, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
