/*
 * The operator's commands, for the console and for the control socket. A command is begun by commands_run(); its
 * answer is lines and an end, which may come at once or in a later turn of the loop.
 */
#ifndef THIMBLED_COMMANDS_H
#define THIMBLED_COMMANDS_H

#include <limits.h>
#include <stdbool.h>

#include "thimble/admin.h"
#include "thimble/enroll.h"
#if THIMBLED_SQLITE
#include "thimble/sqlite_store.h"
#endif

#include "audit.h"
#include "command_table.h"
#include "devices.h"
#include "trust.h"

/* What the commands work on. */
struct command_host {
    struct thm_server *server;
    struct log *log;
    struct audit *audit;
    struct devices *devices;
    struct trust *const *trust;
    struct approvals *approvals; /* NULL: certificates are not made by hand */
    const char *denylist;        /* NULL: none was given */
    enum thm_auth_policy auth;   /* of accounts that say nothing else */
    struct thm_store *database;  /* a store of sqlite_store.h; NULL: messages are in memory only */
    uint64_t started_ms;         /* UTC */
    /* Reads certificates and deny-list anew. False: a sentence at `text` says why not, else what was read. */
    bool (*reload)(void *ctx, char *text, size_t cap);
    void (*quit)(void *ctx);
    /* Where invitations lead: all but the secret. False: a sentence at `why` says what is missing. */
    bool (*here)(void *ctx, struct thm_invitation *invitation, char *why, size_t cap);
    void *ctx; /* of all three */
};

/* What "invite" is asked for. */
struct invite_plan {
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1];
    uint64_t lifetime_s;
    unsigned count;
    bool csv;
};

/* Keys that are to be revoked: those of one device, as far as anybody knows of them, so many at a time. */
#define REVOKED_KEYS 16
struct revocation {
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1]; /* "": a key that nobody knows */
    char name[2 * THM_ID_MAX + 2];                     /* how the answer calls it */
    uint8_t keys[REVOKED_KEYS][THM_KEY_HASH];          /* that are not denied yet */
    unsigned count;
    bool all;   /* it is named by USER@DEVICE: all of its keys */
    bool known; /* it has keys, denied ones among them */
    bool done;  /* some were denied by this */
};

struct approvals;
struct command;

/* One command that was given: by whom, and where the answer goes. Zeroed but for the first part. */
struct call {
    const struct command_host *host;
    const char *by; /* who asks, as the audit log names him */
    /* Takes one line of the answer, without its newline. */
    void (*line)(struct call *call, const char *text);
    /* The last of the answer. `code` is a word for programs, NULL when all went well; `sentence` then is NULL too. */
    void (*end)(struct call *call, const char *code, const char *sentence);
    /* the commands' own */
    bool busy; /* the end has not come */
    const struct command *command;
    bool (*walk)(struct call *call); /* says the next line; false: there is none */
    uint32_t at, count;
    char user[THM_ID_MAX + 1]; /* that a walk is about; "": all */
    char detail[96];
    struct thm_admin_request request;
    struct invite_plan plan;
    struct revocation revocation;
    struct thm_invitation invitation; /* with its secret while it is being made */
    char path[PATH_MAX];
#if THIMBLED_SQLITE
    struct thm_sqlite_backup backup;
#endif
};

/**
 * Begins a command.
 *
 * @param call  not busy; left alone by the caller while it is
 * @param line  the command and its arguments, terminated
 */
void commands_run(struct call *call, const char *line);

/** Says more of a long answer, while call->walk is set: to be called when there is room for some lines. */
void commands_go_on(struct call *call);

/** What may be told of a line in a log: the command, and its arguments where they hold neither text nor secret.
 * `changes` receives whether the command changes something; false for what is none. */
void commands_describe(const char *line, char *text, size_t cap, bool *changes);

/** The next word of the `index`th command that begins with a line, 0: there are no more. As of editor_handler. */
size_t commands_complete(const char *line, size_t len, unsigned index, char *buf, size_t cap);

/* --- for the functions of the commands ------------------------------------------------------- */

/** Says a line of the answer; what a terminal must not see is shown as visible escapes. */
void call_line(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Ends the answer well. */
void call_ok(struct call *call);

/** Ends it with an error. */
void call_refuse(struct call *call, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Copies the first word of `args` and moves on behind it. False: there is none, or it has no room. */
bool call_word(const char **args, char *word, size_t cap);

/** Local time: "2012-12-15 10:00:00". */
void call_time(uint64_t utc_ms, char text[24]);

/* A function for each command, run_NAME(). */
#define COMMAND_FUNCTION(function, name, args, help, what)                                         \
    void run_##function(struct call *call, const char *args_);
COMMANDS(COMMAND_FUNCTION)
#undef COMMAND_FUNCTION

#endif
