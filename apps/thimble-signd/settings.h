/* What thimble-signd was asked for. */
#ifndef THIMBLE_SIGND_SETTINGS_H
#define THIMBLE_SIGND_SETTINGS_H

#include <stdint.h>

#include "options.h"

struct settings {
    const char *issuer; /* folder of issuer.crt and issuer.key */
    const char *socket, *group;
    const char *lifetime;
    int64_t lifetime_s; /* what that says */
    struct option_rate limit;
    unsigned log_json;
    const char *config;
};

/** Reads the command line and the configuration file. OPTIONS_OK, or an exit code after a message. */
int settings_read(struct settings *s, int argc, char **argv);

#endif
