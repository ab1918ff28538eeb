/* The operator's console, when thimbled is started at a terminal. */
#ifndef THIMBLED_OPERATOR_H
#define THIMBLED_OPERATOR_H

#include "commands.h"
#include "editor.h"

struct operator_console {
    struct call call; /* first */
    struct editor *editor;
};

/** Opens the console over stdin and stdout. */
bool operator_open(struct operator_console *o, const struct command_host *host);

/** Goes on with a long answer, once a turn of the loop; operator_waits() tells that it is not done. */
void operator_step(struct operator_console *o);
bool operator_waits(const struct operator_console *o);

#endif
