/* What the operator asked thimbled for. */
#ifndef THIMBLED_SETTINGS_H
#define THIMBLED_SETTINGS_H

#include <stdbool.h>

#include "options.h"

struct settings {
    struct option_list listen;
    const char *cafile, *cert, *key, *denylist;
    const char *name;
    unsigned max_clients;
    unsigned store_mb;
    unsigned log_level; /* enum thm_log_level */
    unsigned log_json;
    bool no_console;
    const char *config;
};

/** Reads the command line and the configuration file. OPTIONS_OK, or an exit code after a message. */
int settings_read(struct settings *s, int argc, char **argv);

#endif
