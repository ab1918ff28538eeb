/*
 * Transcripts of a console over a fake client: what is typed, what the server says, what is printed.
 */
#ifndef TESTS_CLIENT_TRANSCRIPT_H
#define TESTS_CLIENT_TRANSCRIPT_H

#include "client/fake.h"

#include <stdio.h>
#include <stdlib.h>

#include "thimble/console.h"

extern struct thm_console console;
extern int offset_minutes; /* of local time */

/* What was printed: lines of a letter for the style, the stream, "|", the text, each terminated. */
extern char printed[1 << 20];
extern size_t printed_len, printed_at;
extern unsigned pieces; /* that it was printed in */

/** Online as ali@desk since 2023-11-14 22:13:20 UTC, in #lobby; or in #lobby and #ops. Nothing is left to read. */
int setup(void **state);
int setup_two_rooms(void **state);

/** Types a line and takes a step; returns what thm_console_line() does. */
int type(const char *line);

/** The next printed line must be this one; or there must be none. */
void expect(const char *text);
void expect_nothing(void);

/** `text` must stand somewhere in what was printed. */
void expect_somewhere(const char *text);

/** Forgets what was printed. */
void forget_printed(void);

/** The prompt must be this one. */
void expect_prompt(const char *expected);

#define BY_BOB "'from':'bob','device':'d','alias':'bob'"
#define LOBBY  "{'msgtype':'joined','room':'#lobby','incarnation':'0000000000000001',"
#define OPS    "{'msgtype':'joined','room':'#ops','incarnation':'0000000000000003',"

#endif
