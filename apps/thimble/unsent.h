/*
 * What was said and is not acknowledged yet, from one run of a device to the next: in a file beside its other state, so that a
 * client that is killed, or left without a connection, loses nothing that was typed.
 *
 *     client 5f3a9c0112345678 4097     the incarnation, and a csn that no run has used yet
 *     12 1 1 #lobby 5                  csn, part, parts, to whom, bytes
 *     hello
 *
 * The csn is reserved ahead, and that is brought to the disk: a number that is used twice would make the server take the
 * second message for the first.
 */
#ifndef THIMBLE_UNSENT_H
#define THIMBLE_UNSENT_H

#include "thimble/client.h"

#include "state.h"

struct unsent {
    const char *file;
    bool keeps_own;    /* what this run says is kept, too, not only what it found */
    bool failed;       /* it could not be written, and that was said */
    uint64_t own;      /* the first csn of this run */
    uint64_t reserved; /* up to here, exclusively */
    uint64_t next;     /* of the client, when it was written */
    uint32_t count;    /* messages in the file */
};

/**
 * Has a client go on with what the run before left, before it is started; joins the rooms that something is for.
 *
 * @param keeps_own  what this run leaves unacknowledged is for the next one; else whoever called it is told, and may say it
 *                   again himself
 * @return messages that wait to be sent
 */
uint32_t unsent_open(struct unsent *u, const struct state *state, struct thm_client *client,
                     bool keeps_own);

/** Takes down what has changed; once a turn, before the client's next step. */
void unsent_keep(struct unsent *u, const struct thm_client *client);

#endif
