/*
 * The life of a connection, as the server sees it.
 *
 *              OPENED          GRANTED           END            DRAINED          CLOSED
 *   HANDSHAKE ────────► LOGIN ────────► ONLINE ────────► LEAVING ────────► CLOSING ────────► FREE
 *       │               │  │ ASKED        ▲                ▲  ▲
 *       │ END           │  └──► PROVING ──┘ GRANTED        │  │ (what is still to be said goes out)
 *       ▼               │          │                       │
 *     FREE              └──────────┴────────── END ────────┘     and from every state: LOST ──► FREE
 *
 *   HANDSHAKE ── INVITED ──► ENROLLING ── END ──► LEAVING
 *
 * Each state has a deadline: HANDSHAKE, LOGIN and ENROLLING 10 s, PROVING 120 s, ONLINE the idle time, LEAVING and CLOSING 5 s.
 */
#ifndef THM_SERVER_MACHINE_H
#define THM_SERVER_MACHINE_H

enum thm_conn_state {
    CONN_FREE,      /* no connection */
    CONN_HANDSHAKE, /* TLS */
    CONN_LOGIN,     /* proven by certificate; waits for hello */
    CONN_PROVING,   /* was asked for the passcode */
    CONN_ENROLLING, /* proven by an invitation; waits for a certificate */
    CONN_ONLINE,    /* a session */
    CONN_LEAVING,   /* the last lines are on their way */
    CONN_CLOSING,   /* close_notify is on its way */
    CONN_STATES
};

enum thm_conn_event {
    CONN_OPENED,  /* the handshake succeeded */
    CONN_INVITED, /* the same, by an invitation's key */
    CONN_ASKED,   /* the certificate does not suffice */
    CONN_GRANTED, /* logged in */
    CONN_END,     /* it shall end, and be told why */
    CONN_DRAINED, /* all output is sent */
    CONN_CLOSED,  /* TLS is closed */
    CONN_LOST,    /* the peer is gone, broke the rules of TLS, or a deadline passed */
    CONN_EVENTS
};

/** The state after an event. An event that means nothing in a state leaves it. */
enum thm_conn_state thm_conn_next(enum thm_conn_state state, enum thm_conn_event event);

/** A state's name, for logs and tests. */
const char *thm_conn_state_word(enum thm_conn_state state);

#endif
