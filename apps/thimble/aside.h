/*
 * A terminal's line editor that stands aside while somebody proves his passcode: from the first question to the login
 * nothing that is typed is chat, for it may be a passcode, early or once more. It is not shown, either.
 */
#ifndef THIMBLE_ASIDE_H
#define THIMBLE_ASIDE_H

#include <termios.h>

#include "editor.h"
#include "passcode.h"

struct session;

struct aside {
    bool on;
    struct editor *editor;
    struct termios shown; /* the terminal's modes, but that nothing typed is shown */
};

/** Has the editor stand aside, and nothing shown. Nothing if it does already. */
void aside_begin(struct aside *a, struct editor *editor);

/** Has it come back. Nothing if it is there. */
void aside_end(struct aside *a);

/** What is typed meanwhile is dropped. */
void aside_input(struct session *s);

/** A signal meanwhile: it leaves, or stops the process. */
void aside_signal(struct aside *a, struct session *s, int number);

/** Asks for the passcode, as passcode_ask(). */
const char *aside_ask(struct aside *a, struct session *s, struct editor *editor,
                      struct passcode *out, const char *prompt, const char *after);

/** Reads a line where no editor is yet, with its end. False: Ctrl-D or Ctrl-C, the person has left. */
bool aside_read_line(char *line, int cap);

#endif
