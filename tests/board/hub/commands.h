/* commands.h: what the hub is told on its standard input, line by line; each is answered by a line of JSON. */
#ifndef HUB_COMMANDS_H
#define HUB_COMMANDS_H

#include "lan.h"

/** Obeys one line; it is taken apart. */
void command_obey(struct lan *l, char *line);

/** Prints what the commands are, for --help. */
void command_help(void);

#endif
