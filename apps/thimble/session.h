/*
 * A run of thimble: the client and the console of the core, the port, its direct sessions, and one of three fronts: a
 * terminal, lines in and out, or a terminal for talks between two (--terminal).
 */
#ifndef THIMBLE_SESSION_H
#define THIMBLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "thimble/client.h"
#include "thimble/console.h"
#include "thimble/port_posix.h"

#include "calls.h"
#include "exit_codes.h"
#include "known.h"
#include "passcode.h"
#include "renewal.h"
#include "settings.h"
#include "state.h"
#include "unsent.h"

/* Tags of the port's events. */
enum { TAG_CLIENT = 1, TAG_STDIN, TAG_SIGNAL, TAG_CALLS /* and the THM_CALL_TAGS - 1 behind it */ };

struct session;

/* How a person, or a program, meets the session. */
struct front {
    bool chats;   /* it shows rooms and inbox: so they are followed, and what was said is kept */
    bool calls;   /* somebody is there to be called */
    bool answers; /* who calls is answered at once */
    const int *signals; /* that are caught, ended by 0; the others do what they always do */
    int (*open)(struct session *s); /* OPTIONS_OK, or an exit code after a message */
    void (*close)(struct session *s);
    void (*input)(struct session *s); /* stdin is readable */
    void (*signal)(struct session *s, int number);
    /* An event of the client; the console has not shown it yet. */
    void (*event)(struct session *s, const struct thm_client_event *event);
    /* An event of the direct sessions; likewise. */
    void (*call)(struct session *s, const struct thm_call_event *event);
    /* A line of the console, or a piece of one. */
    void (*print)(struct session *s, const struct thm_piece *piece);
    void (*turn)(struct session *s); /* after each turn of the loop */
    uint64_t (*deadline)(struct session *s);
    uint32_t (*unsent)(struct session *s); /* lines that were entered and not given to the client */
    /* Asks for the passcode, as passcode_read(); NULL: there is nobody to be asked. */
    const char *(*passcode)(struct session *s, struct passcode *out, const char *prompt);
};

extern const struct front front_terminal, front_lines, front_phone;

struct session {
    const struct settings *settings;
    const struct front *front;
    void *own; /* the front's */
    struct state state;
    struct unsent unsent;
    struct thm_port_posix port;
    struct thm_credentials stock[2], *credentials; /* one of them is in use */
    struct renewal renewal;
    struct thm_client client;
    struct thm_console console;
    bool takes_calls; /* part in direct sessions: `calls` */
    struct thm_calls calls;
    uint64_t calls_by;    /* ms: they were stopped, and may take until then; 0: they were not */
    uint64_t now;         /* ms */
    uint64_t end_at;      /* ms, of -W */
    bool was_online;      /* the server was reached once */
    bool asked;           /* the client waits for the passcode */
    unsigned asked_times; /* in a row that something was typed that can't be one */
    uint64_t since;       /* ms since 1970, the server's time at the first login */
    bool leaving;         /* the session is to end; `exit_code` says how */
    bool stopping;        /* the client was told */
    uint64_t leave_by;    /* ms; 0: not set yet */
    bool ended;           /* it is over */
    bool failed;          /* a line was not sent, refused, or answered by an error */
    int exit_code;
    int cause;                    /* THM_E_*: why the last attempt failed */
    enum thm_scram wrong;         /* and what was wrong with the login by passcode */
    char words[2 * THM_LINE_MAX]; /* the server's about it: ": because" */
    uint32_t messages;            /* that were shown */
};

/** Runs a session from start to end; returns the exit code of the program. */
int session_run(struct session *s, const struct settings *settings);

/** Starts to leave; the first reason counts. */
void session_leave(struct session *s, int exit_code);

/** Another message came that counts. */
void session_count(struct session *s);

/** Answers when the client has asked for the passcode; once a turn. */
void session_prove(struct session *s);

/** Notes what an event says about that. */
void session_prove_event(struct session *s, const struct thm_client_event *event);

/** Minutes that local time is ahead of UTC; for the console. */
int session_utc_offset(void *ctx, uint64_t utc_ms);

#endif
