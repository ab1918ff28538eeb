/*
 * What the files of the console share.
 *
 *   console.c    rooms, names, prompt                  events.c    what is printed for an event
 *   complete.c   completion                            said.c      ... when somebody says something
 *   commands.c   the table of commands                 troubles.c  ... when something went wrong
 *   ask.c        saying, and asking the server         show.c      building and printing lines
 *   parts.c      putting long messages together
 */
#ifndef THM_CLIENT_CONSOLE_H
#define THM_CLIENT_CONSOLE_H

#include "client/internal.h"
#include "client/parts.h"
#include "thimble/console.h"
#include "util/text.h"

/* --- show.c: one line is built in c->text at a time --- */

/** Starts a line that belongs to a stream; "#room " is put first when that is not the current room. */
void thm_show_begin(struct thm_console *c, struct thm_text *t, struct thm_slice stream);

/** Prints the line. */
void thm_show_end(struct thm_console *c, const struct thm_text *t, enum thm_style style,
                  struct thm_slice stream);

/** Prints the line with `text` behind it: further lines of the text are indented, so that none of them looks like a
 * line of somebody else. */
void thm_show_text(struct thm_console *c, struct thm_text *t, enum thm_style style,
                   struct thm_slice stream, struct thm_slice text);

/** Appends foreign text, made printable. */
void thm_show_safe(struct thm_text *t, struct thm_slice s);

/** Appends " key: value" when the message has the key. */
void thm_show_key(struct thm_text *t, const struct thm_msg *m, enum thm_key key, const char *lead);

/** Appends the beginning of a foreign text in quotes. */
void thm_show_quoted(struct thm_text *t, struct thm_slice s);

/** Appends "[HH:MM] ", in local time; with the date in front unless it is today. */
void thm_show_clock(const struct thm_console *c, struct thm_text *t, const struct thm_msg *m);

/** Appends "YYYY-MM-DD HH:MM", in local time. */
void thm_show_date(const struct thm_console *c, struct thm_text *t, uint64_t utc_ms);

/** Appends who it is, "user" or "user(alias)": the user id comes first, which nobody can choose freely. */
void thm_show_name(struct thm_text *t, struct thm_slice user, struct thm_slice alias);

/** thm_show_name() of who a message is from, or about. */
void thm_show_sender(struct thm_text *t, const struct thm_msg *m);

/** Prints "* text" or "! text". */
void thm_show_notice(struct thm_console *c, const char *text);
void thm_show_error(struct thm_console *c, const char *text);

/* --- said.c --- */

/** Prints a message, whisper or past, or keeps it until its other parts come. */
void thm_show_said(struct thm_console *c, const struct thm_msg *m);

/* --- console.c --- */

/** Where a room is in c->rooms, or -1. */
int thm_console_room(const struct thm_console *c, struct thm_slice name);

/** A room was entered; true: the first time. Or left: another becomes the current one. */
bool thm_console_enter(struct thm_console *c, struct thm_slice name);
void thm_console_exit(struct thm_console *c, struct thm_slice name);

/** Makes a room the current one: what waited in it counts as read. */
void thm_console_turn_to(struct thm_console *c, const char *room);

/** Remembers who a message is from, or about, for completion. */
void thm_console_note_name(struct thm_console *c, const struct thm_msg *m);

/* --- commands.c --- */

/** Does "/word arguments". */
int thm_console_command(struct thm_console *c, struct thm_slice line);

/* --- ask.c --- */

/** Whether a command that needs `type` has to wait until what was asked before is settled. */
bool thm_console_must_wait(const struct thm_console *c, enum thm_type type);

/** Queues a text; prints it when it has to wait for a connection; prints why not, unless the queue is only full. */
int thm_console_say(struct thm_console *c, const char *to, struct thm_slice text);

/** Sends a request about a name (may be empty); prints why not, unless it only has to wait. */
int thm_console_ask(struct thm_console *c, const struct thm_msg *m, struct thm_slice about);

/** A line came: it may be the answer. */
void thm_console_answered(struct thm_console *c, const struct thm_msg *m);

/** Whether an error answers what was asked last. */
bool thm_console_is_about(const struct thm_console *c, const struct thm_msg *error);

/** Notes what the server supports, as it says at login. */
void thm_console_learn(struct thm_console *c, const struct thm_msg *granted);

/** Whether the server supports a type; THM_MSG_NONE needs no server. */
bool thm_console_supports(const struct thm_console *c, enum thm_type type);

/* --- troubles.c --- */

/** `error` and `refused`. */
void thm_trouble_line(struct thm_console *c, const struct thm_msg *m);

/** A text was refused. */
void thm_trouble_lost(struct thm_console *c, const struct thm_client_event *e);

/** The connection is lost, is back, or does not come back. */
void thm_trouble_cut(struct thm_console *c, const struct thm_client_event *e);
void thm_trouble_over(struct thm_console *c);
void thm_trouble_ended(struct thm_console *c, const struct thm_client_event *e);

/* Stands beside every private line, as long as private lines are not encrypted from end to end. */
#define THM_SERVER_READS "(the server can read this)"

/** The user id of the person at the console; "" before the first login. */
static inline const char *thm_show_own_user(const struct thm_console *c)
{
    return c->config.client->user;
}

#endif
