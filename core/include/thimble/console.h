/*
 * The console: what a person types and reads, the same on a desktop and on a board's UART. It turns typed
 * lines into calls of the client, and events of the client into lines of text. One table of commands drives
 * parsing, /help and completion.
 */
#ifndef THIMBLE_CONSOLE_H
#define THIMBLE_CONSOLE_H

#include "thimble/call.h"
#include "thimble/client.h"

/* Styles of a printed line, for terminals that have colours. */
enum thm_style {
    THM_STYLE_MESSAGE, /* somebody said something */
    THM_STYLE_OWN,     /* the person's own line, as the server delivered it */
    THM_STYLE_NAMED,   /* a message that names the person: highlight and bell */
    THM_STYLE_WHISPER, /* private */
    THM_STYLE_NOTICE,  /* joins, leaves, answers to commands */
    THM_STYLE_ERROR,   /* something went wrong, and what to do */
    THM_STYLE_DIRECT   /* said in a direct session, by either side */
};

/* Bytes of parts_memory in which messages of any length are put together. */
#define THM_CONSOLE_PARTS_MEMORY (THM_CONSOLE_PARTS * (THM_PARTS_MAX * THM_TEXT_MAX + 256))

/* A line that is printed, or a piece of one: printable UTF-8 without newline. A line that is longer than
 * THM_CONSOLE_LINE goes in several pieces, one right after the other; no character and no escape is cut in two.
 * Borrowed until the call returns. */
struct thm_piece {
    enum thm_style style;  /* of the line */
    struct thm_slice room; /* the stream that the line belongs to, or empty */
    const char *text;      /* terminated */
    size_t len;            /* bytes */
    bool first, last;      /* the line begins, and ends, with this piece */
};

struct thm_console_config {
    struct thm_client *client;
    /* Prints a line, or a piece of one. */
    void (*print)(void *ctx, const struct thm_piece *piece);
    /* Minutes that local time is ahead of UTC at a time (ms since 1970); NULL: UTC is shown. */
    int (*utc_offset)(void *ctx, uint64_t utc_ms);
    void *ctx;
    /* Where long messages are put together, THM_CONSOLE_PARTS at a time; kept as long as the console. With NULL, or
     * when a message is longer than its share, parts are printed one by one. */
    char *parts_memory;
    size_t parts_memory_size;
    /* Prints each command before its answers, for terminals on which a typed line is erased. */
    bool echo_commands;
#if THM_CALLS > 0
    struct thm_calls
        *calls; /* direct sessions beside `client`; NULL: none, and no commands for them */
    /* The key by which a device was known before. `who` names a user, and a device or none: then of the user's devices the
     * one whose key was first seen last. Fills in device and key_hash, and *since_s: UTC, seconds since 1970, when it was
     * first seen. False: none is remembered. NULL: nothing is ever remembered. */
    bool (*recall_key)(void *ctx, struct thm_identity *who, uint64_t *since_s);
    /* Remembers a device's key, in the place of the one before; NULL as above. */
    void (*remember_key)(void *ctx, const struct thm_identity *who);
#endif
};

/* Long messages being put together, in the caller's memory. */
struct thm_parts {
    char *memory;     /* `count` slots of `slot_size` bytes */
    size_t slot_size; /* bytes */
    uint32_t count;
    uint32_t clock; /* parts added so far: tells which slot was used last */
};

/* The request whose answer is awaited; the next one is made when it has come, so that answers can be told apart. */
struct thm_console_asked {
    uint8_t type;                  /* enum thm_type; THM_MSG_NONE: there is none */
    uint64_t at;                   /* ms */
    char about[THM_ALIAS_MAX + 1]; /* the name that it is about, or "" */
};

#if THM_RECEIPTS
/* What was last whispered to somebody, and which receipt of it was shown. */
struct thm_console_whispered {
    char to[THM_ID_MAX + 1]; /* "": free */
    char id[41];             /* "": not known */
    uint8_t shown;           /* enum thm_receipts */
};
#endif

#if THM_CALLS > 0
/* What is shown of a direct session. */
struct thm_console_direct {
    char name[2 * THM_ID_MAX +
              2]; /* how it is called: "bianca", or "bianca@laptop" beside another one; "": free */
    uint32_t unread;
    bool rang, stood; /* that was shown */
    bool warned;      /* and that the key is another one than before */
};
#endif

/* Visible so that a board can place it; only core/client/ touches the members but these: `room`, and for reading
 * `quitting` and `errors`. */
struct thm_console {
    struct thm_console_config config;
    char room[THM_ROOM_MAX + 1]; /* where plain lines go; "" when in none */
    /* The person asked to leave. The application does it: at a terminal at once; without one when all that was
     * said is acknowledged and all answers are printed, as at the end of its input. */
    bool quitting;
    /* What the server did not do: requests answered by `error`, texts answered by `refused`, requests whose
     * answer was lost with the connection. An alias that could not be had at login is none of these. */
    uint32_t errors;
    char reply_to[THM_ID_MAX + 1]; /* who whispered last; "" nobody yet */
    char away[THM_SHORT_MAX + 1];
    bool welcomed;       /* the first login was shown */
    bool in_history;     /* lines of the past are being shown */
    bool store_down;     /* it was shown that the server can't store */
    bool echoed;         /* the command that is to be tried again was printed */
    int trouble;         /* THM_E_*: the loss of the connection as it was shown, or THM_OK */
    uint64_t trouble_at; /* ms: when */
    uint64_t lost_csn;   /* the last text that was refused */
    uint64_t supported;  /* set of types that the server takes: bits by enum thm_type */
    struct thm_console_asked asked;
    uint32_t next_id; /* of cmd */
    struct {
        char name[THM_ROOM_MAX + 1]; /* "": free */
        uint32_t unread;
#if THM_CONSOLE_PAGES
        uint64_t oldest; /* entry that was shown; 0: none */
#endif
    } rooms[THM_CLIENT_STREAMS]; /* that were announced as joined */
#if THM_CONSOLE_NAMES > 0
    struct {
        char user[THM_ID_MAX + 1];
        char alias[THM_ALIAS_MAX + 1]; /* "": none is known */
    } names[THM_CONSOLE_NAMES];        /* seen lately, the latest first */
#endif
#if THM_RECEIPTS
    struct thm_console_whispered whispered[THM_CLIENT_RECEIPTS]; /* the latest first */
#endif
#if THM_CALLS > 0
    struct thm_console_direct direct[THM_CALLS];
    uint8_t place; /* 1 + the direct session where plain lines go; 0: the room */
    bool lapsed;   /* that session is over, and what is being typed may be for it */
    bool verifies; /* /verify has asked for a key */
#endif
    struct thm_parts parts;
    struct thm_piece piece;      /* of the line being printed */
    char text[THM_CONSOLE_LINE]; /* and its text */
};

/* One command of the table. */
struct thm_command {
    const char *name;    /* "/whisper" */
    const char *brief;   /* "/w", or NULL */
    const char *args;    /* "NAME TEXT" */
    const char *help;    /* one sentence */
    enum thm_type needs; /* what the server must support for it; THM_MSG_NONE: nothing */
};

/** The table, ended by a NULL name. Documentation and completion are made from it. */
const struct thm_command *thm_console_commands(void);

/** Prepares a console over a client; the room is THM_DEFAULT_ROOM, which the caller has joined or not. */
void thm_console_init(struct thm_console *c, const struct thm_console_config *config);

/**
 * Does what a typed line says: text goes to the current room, or direct session, "/word" is a command, "//x" is the text
 * "/x", a bare "quit" leaves. A line of blanks does nothing.
 *
 * @return THM_OK; THM_E_COMMAND or THM_E_ARGUMENT (already printed, with what to do); THM_E_LIMIT: not now, since
 *         the queue is full, a room is being joined or an answer is awaited (/part: since a text is not
 *         acknowledged): call again with the same line after
 *         the next event (no error was printed); other codes of the client, printed
 */
int thm_console_line(struct thm_console *c, const char *line, size_t len);

/** Says a text in the current room, or direct session, as it is, whatever it begins with. Returns what thm_console_line() does. */
int thm_console_text(struct thm_console *c, const char *text, size_t len);

/** Shows an event of the client; call it from thm_client_on_event. */
void thm_console_event(struct thm_console *c, const struct thm_client_event *event);

/** The prompt, such as "#lobby> ", "#lobby [#ops 3]> " or "bianca (direct)> ". Terminated and cut to fit. */
size_t thm_console_prompt(const struct thm_console *c, char *buf, size_t cap);

/**
 * Completes the word at the end of a line: commands; or rooms, then user ids and aliases seen lately. A name that
 * begins a plain line is followed by ":".
 *
 * @param index  0, 1, 2 ... for one completion after another
 * @return bytes of the completion in `buf` (the whole word), 0 when there is none with this index
 */
size_t thm_console_complete(const struct thm_console *c, const char *line, size_t len,
                            unsigned index, char *buf, size_t cap);

#if THM_CALLS > 0
/** Shows an event of the direct sessions; call it from thm_calls_on_event. */
void thm_console_call_event(struct thm_console *c, const struct thm_call_event *event);

/** Whether plain lines are for a direct session. */
bool thm_console_is_direct(const struct thm_console *c);

/** Whether plain lines are for a direct session that is still on its way: they are refused, and a program that does not
 * read what is printed holds them back. */
bool thm_console_calling(const struct thm_console *c);

/**
 * Says that nothing is being typed: the next line is for the place that the prompt names. When a direct session ends that
 * was the current place, plain lines are refused until this is called, or a command has chosen a place: what is private must
 * not end up in a room because the other side has just hung up.
 */
void thm_console_at_rest(struct thm_console *c);

/** Ends the direct session that is the current place, as Ctrl-C does. False: it is none. */
bool thm_console_hang_up(struct thm_console *c);

/** Warns when a device's key is not the one that is remembered; remembers it if there is none. For applications that show
 * direct sessions themselves: thm_console_call_event() does it. */
void thm_console_judge_key(struct thm_console *c, const struct thm_identity *peer);

/** Prints a line of the application's own: ASCII, then foreign text, which is made printable. */
void thm_console_print(struct thm_console *c, enum thm_style style, const char *lead,
                       struct thm_slice text);
#endif

#endif
