/*
 * thimble-signd as thimbled asks it: one connection, made when it is needed and made again when it broke, with requests
 * that are answered in their order.
 */
#ifndef THIMBLED_SIGNER_H
#define THIMBLED_SIGNER_H

#include "thimble/port_posix.h"
#include "thimble/server.h"

#include "buffer.h"
#include "log.h"

#define SIGNER_SIGNINGS    64u   /* on their way at a time */
#define SIGNER_PATIENCE_MS 5000u /* for an answer; then the connection is given up */
#define SIGNER_LINE        2048u /* bytes of an answer */

struct signer {
    const char *path; /* NULL: nobody is asked */
    struct thm_port_posix *port;
    struct log *log;
    uint32_t tag;
    int fd;       /* -1: not connected */
    bool trouble; /* and that is logged */
    /* Whether a certificate lets in here; NULL: it is not asked. */
    bool (*vouches)(void *ctx, const uint8_t *der, size_t len);
    void *vouches_ctx;
    struct buffer out;
    size_t sent;
    size_t in_len;
    char in[SIGNER_LINE];
    unsigned count; /* of those that wait, the oldest first */
    struct {
        struct thm_signing *signing;
        uint64_t until;
    } waiting[SIGNER_SIGNINGS];
};

/**
 * Gets ready; connects later.
 *
 * @param tag   the port reports with it that signer_step() has something to do
 * @param path  of thimble-signd's socket; NULL: there is none, and nothing ever happens
 */
void signer_open(struct signer *s, struct thm_port_posix *port, uint32_t tag, struct log *log,
                 const char *path);

/** For struct thm_server_config: `ctx` is the signer. */
bool signer_sign(void *ctx, struct thm_signing *signing);

/** Sends, reads, and hands the server what is answered, or will not be. */
void signer_step(struct signer *s, struct thm_server *server, uint64_t now_ms);

/** When signer_step() must be called next at the latest, ms. */
uint64_t signer_deadline(const struct signer *s, uint64_t now_ms);

/** Ends it; nobody is told of what was on its way. */
void signer_close(struct signer *s);

#endif
