/*
 * A fake client in #lobby, and what passes between it and the server there.
 */
#ifndef TESTS_CLIENT_LOBBY_H
#define TESTS_CLIENT_LOBBY_H

#include "client/fake.h"

/* Incarnations of #lobby's log, the first and the one after a loss; and of the inbox's. */
#define FIRST_LOG  "0000000000000001"
#define SECOND_LOG "0000000000000002"
#define INBOX_LOG  "00000000000000aa"

/** Online and in #lobby, whose head is `n`. Nothing is left to read. */
void in_lobby(unsigned n);

/** A new connection in which inbox and lobby are joined again. */
void again(const char *lobby_log, unsigned head, unsigned after);

/** The client is given a text to say; it must take it. */
void say(const char *to, const char *text);

/** fake_line() and fake_sent() with a format. */
void line(const char *format, ...);
void sent(const char *format, ...);

/** The server says an entry of #lobby by bob, "text N". `csn` 0: he gave none. */
void entry(unsigned n, unsigned csn);

/** The server says that a room is joined. */
void joined(const char *room, const char *incarnation, unsigned n, unsigned after);

#endif
