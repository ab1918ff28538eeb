/* The life of a connection: every pair of state and event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/machine.h"

static const enum thm_conn_event events[CONN_EVENTS] = {CONN_OPENED,  CONN_INVITED, CONN_ASKED,
                                                        CONN_GRANTED, CONN_END,     CONN_DRAINED,
                                                        CONN_CLOSED,  CONN_LOST};

/* The arrows of the chart; every other pair stays where it is. */
static const struct {
    enum thm_conn_state from;
    enum thm_conn_event event;
    enum thm_conn_state to;
} arrows[] = {
    {CONN_HANDSHAKE, CONN_OPENED, CONN_LOGIN},  {CONN_HANDSHAKE, CONN_END, CONN_FREE},
    {CONN_LOGIN, CONN_GRANTED, CONN_ONLINE},    {CONN_LOGIN, CONN_END, CONN_LEAVING},
    {CONN_LOGIN, CONN_ASKED, CONN_PROVING},     {CONN_PROVING, CONN_GRANTED, CONN_ONLINE},
    {CONN_PROVING, CONN_END, CONN_LEAVING},     {CONN_ONLINE, CONN_END, CONN_LEAVING},
    {CONN_LEAVING, CONN_DRAINED, CONN_CLOSING}, {CONN_HANDSHAKE, CONN_INVITED, CONN_ENROLLING},
    {CONN_ENROLLING, CONN_END, CONN_LEAVING},
};

static enum thm_conn_state expected(enum thm_conn_state from, enum thm_conn_event event)
{
    if (from == CONN_FREE || event == CONN_LOST || event == CONN_CLOSED)
        return CONN_FREE;
    for (unsigned i = 0; i < sizeof arrows / sizeof arrows[0]; i++)
        if (arrows[i].from == from && arrows[i].event == event)
            return arrows[i].to;
    return from;
}

static void every_pair_is_as_charted(void **state)
{
    (void)state;
    for (int s = CONN_FREE; s < CONN_STATES; s++)
        for (unsigned e = 0; e < CONN_EVENTS; e++)
            assert_int_equal(thm_conn_next((enum thm_conn_state)s, events[e]),
                             expected((enum thm_conn_state)s, events[e]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_pair_is_as_charted)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
