/* Every pair of state and event leads where the chart says, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/machine.h"

/* One row a state, one column an event, in the order of their enums; "." stays. */
static const char *const chart[THM_CLIENT_STATES][THM_MACHINE_EVENTS] = {
    /*             START       CONNECTED    OPENED   GRANTED   FAILED     FINAL      EXPIRED     STOP   ASKED */
    /* stopped */ {"dialling", ".", ".", ".", ".", ".", ".", ".", "."},
    /* dialling */ {".", "handshake", ".", ".", "waiting", "stopped", "waiting", "stopped", "."},
    /* handshake */ {".", ".", "login", ".", "waiting", "stopped", "waiting", "stopped", "."},
    /* login */ {".", ".", ".", "online", "waiting", "stopped", "waiting", "leaving", "proving"},
    /* online */ {".", ".", ".", ".", "waiting", "stopped", "waiting", "leaving", "."},
    /* waiting */ {".", ".", ".", ".", ".", ".", "dialling", "stopped", "."},
    /* leaving */ {".", ".", ".", ".", "stopped", "stopped", "stopped", ".", "."},
    /* proving */ {".", ".", ".", "online", "waiting", "stopped", "waiting", "leaving", "."},
};

static void every_pair(void **state)
{
    (void)state;
    for (int from = 0; from < THM_CLIENT_STATES; from++) {
        for (int event = 0; event < THM_MACHINE_EVENTS; event++) {
            enum thm_client_state to =
                thm_machine_next((enum thm_client_state)from, (enum thm_machine_event)event);
            const char *word = chart[from][event];
            if (strcmp(word, ".") == 0)
                word = thm_client_state_word((enum thm_client_state)from);
            assert_string_equal(thm_client_state_word(to), word);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_pair)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
