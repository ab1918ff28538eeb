/*
 * What the files of the console share.
 *
 *   console.c    rooms, prompt                         events.c    what is printed for an event
 *   complete.c   names, completion                     said.c      ... when somebody says something
 *   commands.c   the table of commands                 troubles.c  ... when something went wrong
 *   ask.c        saying, and asking the server         show.c      building and printing lines
 *   parts.c      putting long messages together        got.c       ... when a receipt comes
 *   direct.c     direct sessions: names, commands      direct_shown.c  what is printed for them
 *   direct_key.c keys of others, and comparing them
 */
#ifndef THM_CLIENT_CONSOLE_H
#define THM_CLIENT_CONSOLE_H

#include "client/internal.h"
#include "client/parts.h"
#include "thimble/console.h"
#include "thimble/moderation.h"
#include "util/text.h"

/* --- show.c: one line is printed at a time, in pieces when it is longer than c->text --- */

/* The empty slice. */
#define THM_NOTHING ((struct thm_slice){"", 0})

/** Starts a line that belongs to a stream; "#room " is put first when that is not the current room. */
void thm_show_begin(struct thm_console *c, enum thm_style style, struct thm_slice stream);

/** Starts a line that belongs to none, with a first word or sign. */
void thm_show_start(struct thm_console *c, enum thm_style style, const char *lead);

/** Ends the line. */
void thm_show_end(struct thm_console *c);

/** Appends ASCII text of our own, which may be a THM_T(). So may every `lead` and `format` here. */
void thm_show_str(struct thm_console *c, const char *text);
void thm_show_uint(struct thm_console *c, uint64_t value);

/** Appends foreign text, made printable. Behind a newline it goes on in a line of its own that is indented, so that it
 * does not look like a line of somebody else; a newline at the very end means nothing. */
void thm_show_text(struct thm_console *c, struct thm_slice text);

/** Appends the beginning of a foreign text, in brackets and quotes. */
void thm_show_quoted(struct thm_console *c, struct thm_slice s);

/**
 * Appends what a format says of a message:
 *
 *     {key}    the value of a key: `since` as date and time, `time` as "[HH:MM] " with the date in front unless it is
 *              today, both in local time
 *     {user}   the user id that it is about, or from
 *     {nick}   the alias, unless that is the user id as well
 *     [...]    what is in the brackets, only if the first name in them has a value that is not empty
 *     [...|x]  else x
 */
void thm_show_format(struct thm_console *c, const char *format, const struct thm_msg *msg);

/** Likewise, with no name but {}, which stands for `it`. */
void thm_show_with(struct thm_console *c, const char *format, struct thm_slice it);

/* The user id comes first, which nobody can choose freely. */
#define THM_SHOW_WHO    THM_T("{user}[({nick})]")
#define THM_SHOW_DEVICE THM_T("{user}[@{device}]")

/** Prints "* " or "! " and thm_show_with(). */
void thm_show_notice(struct thm_console *c, const char *format, struct thm_slice it);
void thm_show_error(struct thm_console *c, const char *format, struct thm_slice it);

/* --- said.c --- */

/** Prints a message, whisper or past, or keeps it until its other parts come. False: nothing more is to be printed. */
bool thm_show_said(struct thm_console *c, const struct thm_msg *m);

/* --- got.c --- */

#if THM_RECEIPTS
/** A whisper of the person's own came back: receipts are about it from now on. */
void thm_got_whispered(struct thm_console *c, const struct thm_msg *m);

/** Prints a receipt if it is news. False: nothing more is to be printed. */
bool thm_got_receipt(struct thm_console *c, const struct thm_msg *m);
#endif

/* --- direct.h: sessions with nobody in between --- */

#if THM_CALLS > 0
/** Whether plain lines go to a room. */
static inline bool thm_console_in_room(const struct thm_console *c)
{
    return c->place == 0;
}

/** Has them go there. */
static inline void thm_console_to_room(struct thm_console *c)
{
    c->place = 0;
    c->lapsed = false;
}
#else
static inline bool thm_console_in_room(const struct thm_console *c)
{
    (void)c;
    return true;
}
static inline void thm_console_to_room(struct thm_console *c)
{
    (void)c;
}
#endif

/* --- console.c --- */

/** Where a room is in c->rooms, or -1. */
int thm_console_room(const struct thm_console *c, struct thm_slice name);

#if THM_CONSOLE_PAGES
/** Entry `n` of a room was shown: `/history more` goes on before the oldest one. */
void thm_console_showed(struct thm_console *c, struct thm_slice room, uint64_t n);
#endif

/** A room was entered; true: the first time. Or left: another becomes the current one. */
bool thm_console_enter(struct thm_console *c, struct thm_slice name);
void thm_console_exit(struct thm_console *c, struct thm_slice name);

/** Makes a room the current one: what waited in it counts as read. */
void thm_console_turn_to(struct thm_console *c, const char *room);

/* --- complete.c --- */

/** Remembers who a message is from, or about, for completion. */
void thm_console_note_name(struct thm_console *c, const struct thm_msg *m);

/* --- commands.c --- */

/** Does "/word arguments". */
int thm_console_command(struct thm_console *c, struct thm_slice line);

#if THM_CALLS > 0
/** Prints how a command is used, and why. @return THM_E_ARGUMENT */
int thm_console_misused(struct thm_console *c, const struct thm_command *command, const char *why);
#endif

/* --- ask.c --- */

/** Whether a command that needs `type` has to wait until what was asked before is settled. */
bool thm_console_must_wait(const struct thm_console *c, enum thm_type type);

/** Queues a text; prints it when it has to wait for a connection; prints why not, unless the queue is only full. */
int thm_console_say(struct thm_console *c, const char *to, struct thm_slice text);

/** Sends a request; prints why not, unless it only has to wait. */
int thm_console_ask(struct thm_console *c, const struct thm_msg *m);

/** A line came: it may be the answer. */
void thm_console_answered(struct thm_console *c, const struct thm_msg *m);

/** Whether an error answers what was asked last. */
bool thm_console_is_about(const struct thm_console *c, const struct thm_msg *error);

/** Notes what the server supports, as it says at login. */
void thm_console_learn(struct thm_console *c, const struct thm_msg *granted);

/** Whether the server supports a type; THM_MSG_NONE needs no server. */
bool thm_console_supports(const struct thm_console *c, enum thm_type type);

/* --- troubles.c --- */

/** `error` and `refused`. False: nothing more is to be printed. */
bool thm_trouble_line(struct thm_console *c, const struct thm_msg *m);

/** The server has stored a message: if it could not before, that is news. */
void thm_trouble_stored(struct thm_console *c);

/** A text was refused. */
void thm_trouble_lost(struct thm_console *c, const struct thm_client_event *e);

/** The connection is lost, is back, or does not come back. */
void thm_trouble_cut(struct thm_console *c, const struct thm_client_event *e);
void thm_trouble_over(struct thm_console *c);
void thm_trouble_ended(struct thm_console *c, const struct thm_client_event *e);

/* Stands beside every private line, as long as private lines are not encrypted from end to end. */
#define THM_SERVER_READS THM_T("(the server can read this)")

/** The user id that a message is about, or from. */
static inline struct thm_slice thm_show_user(const struct thm_msg *m)
{
    return thm_msg_get(m, thm_msg_has(m, THM_KEY_USERID) ? THM_KEY_USERID : THM_KEY_FROM);
}

/** The user id of the person at the console; "" before the first login. */
static inline const char *thm_show_own_user(const struct thm_console *c)
{
    return c->config.client->user;
}

#endif
