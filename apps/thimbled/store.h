/* Where messages are kept: a database, or memory. */
#ifndef THIMBLED_STORE_H
#define THIMBLED_STORE_H

#include <stddef.h>

#include "settings.h"
#include "thimble/server.h"

struct store {
    struct thm_store *store;                /* for the server's configuration; NULL: not open */
    size_t size;                            /* bytes of memory that it may come to hold */
    void (*close)(struct thm_store *store); /* NULL: there is nothing to do */
    char *folder;                           /* of the database; NULL: there is none */
    struct thm_port *port;
    void (*trouble)(void *ctx, const char *sentence);
    void *ctx;
};

/**
 * Open the store that the settings ask for: store_open_database() keeps it below settings->data,
 * store_open_memory() as long as the process lives.
 *
 * @param store    its port is set, and what is to be called when it can't write: with a sentence, and with NULL
 *                 when it can again
 * @param config   of the server
 * @param why      receives a sentence if it fails
 * @return OPTIONS_OK, or an exit code
 */
int store_open_database(struct store *store, const struct settings *settings,
                        const struct thm_server_config *config, char *why, size_t cap);
int store_open_memory(struct store *store, const struct settings *settings,
                      const struct thm_server_config *config, char *why, size_t cap);

/** Writes all that is still to be written, and closes it. */
void store_close(struct store *store);

#endif
