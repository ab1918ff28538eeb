/*
 * wait(): runs lwIP until a socket has something to report.
 */
#include "lwip/timeouts.h"
#include "state.h"
#include "thimble/board.h"

/* lwIP's timers are looked at at least this often, whatever it says. */
#define TURN_MS 250u

static volatile bool woken;
static unsigned turn; /* the place that is looked at first: nobody is always the last */

static unsigned what_is_new(const struct thm_lwip_socket *s)
{
    unsigned what = s->pending;

    if (s->state == THM_LWIP_OPEN && thm_lwip_is_readable(s))
        what |= s->armed & THM_EV_READ;
    if (s->state == THM_LWIP_LISTENING && thm_lwip_waiting(s))
        what |= s->armed & THM_EV_ACCEPT;
    return s->state == THM_LWIP_WAITING ? 0 : what;
}

static unsigned report(struct thm_event *events, unsigned cap)
{
    unsigned n = 0;

    for (unsigned i = 0; i < THM_LWIP_SOCKETS && n < cap; i++) {
        struct thm_lwip_socket *s = &thm_lwip_sockets[turn];
        unsigned what = what_is_new(s);
        turn = (turn + 1) % THM_LWIP_SOCKETS;
        if (what == 0)
            continue;
        events[n++] = (struct thm_event){.tag = s->tag, .what = what};
        s->armed = (uint8_t)(s->armed & ~what);
        s->pending = 0;
    }
    return n;
}

/* Until `until_ms`, lwIP's next timer or a quarter of a second, whatever comes first. */
static void idle(uint64_t until_ms, uint64_t now_ms)
{
    uint32_t ms = LWIP_MIN(TURN_MS, sys_timeouts_sleeptime());

    thm_board_idle(until_ms - now_ms < ms ? (uint32_t)(until_ms - now_ms) : ms);
}

int thm_lwip_wait(struct thm_port *port, uint64_t until_ms, struct thm_event *events, unsigned cap)
{
    (void)port;
    if (cap == 0)
        return THM_E_ARGUMENT;
    for (;;) {
        thm_board_netif_poll(&thm_lwip_netif);
        sys_check_timeouts();
        unsigned n = report(events, cap);
        if (n < cap && (woken || thm_board_input_waits())) {
            woken = false;
            events[n++] = (struct thm_event){.what = THM_EV_WOKEN};
        }
        uint64_t now_ms = thm_board_now_ms();
        if (n > 0 || now_ms >= until_ms)
            return (int)n;
        idle(until_ms, now_ms);
    }
}

void thm_lwip_wake(struct thm_port *port)
{
    (void)port;
    woken = true;
}

uint32_t sys_now(void)
{
    return (uint32_t)thm_board_now_ms();
}
