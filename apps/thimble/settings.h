/* What a person asked thimble for. */
#ifndef THIMBLE_SETTINGS_H
#define THIMBLE_SETTINGS_H

#include <stdbool.h>

#include "options.h"

struct settings {
    const char *host;
    unsigned port;
    const char *server_name;
    const char *cafile, *cert, *key;
    const char *device;
    const char *alias;
    struct option_list rooms;
    bool json;
    unsigned count;               /* messages; 0: no limit */
    unsigned seconds;             /* 0: no limit */
    unsigned connect_timeout;     /* seconds; 0: no limit */
    const char *passcode_file;    /* NULL: a person is asked */
    unsigned receipts;            /* enum thm_receipts */
    const char *listen;           /* as it was given; NULL: not at all */
    const char *listen_address;   /* NULL: any */
    unsigned short listen_number; /* 0: THM_CALL_PORT or the next free one */
    bool no_listen, auto_answer, relay_only, terminal;
    unsigned known_as; /* TCP port; 0: the one that is listened on */
    const char *state;
    bool no_color;
    const char *config;
};

/** Which rule an alias breaks, as the end of "it ..."; NULL: none. */
const char *alias_fault(const char *alias);

/** Reads the command line and the configuration file. OPTIONS_OK, or an exit code after a message. */
int settings_read(struct settings *s, int argc, char **argv);

#endif
