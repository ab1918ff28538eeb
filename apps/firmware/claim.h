/*
 * A board that was given an invitation instead of a certificate and a key (THM_ENROLL): it bears the key, gets the
 * certificate, keeps both, and has the certificate renewed. With a blob that is whole there is nothing to do here.
 */
#ifndef FIRMWARE_CLAIM_H
#define FIRMWARE_CLAIM_H

#include "identity.h"
#include "thimble/client.h"

struct firmware;

#define CLAIM_AGAIN 1 /* beside THM_E_*: the client is to start again at once */

struct claim {
    struct identity identity;
    bool enrols; /* the client's next start, or this one, is for a certificate; else for the chat */
    bool ended;  /* the client, since what it is for was decided */
    bool rejected; /* the server does not take the certificate: the invitation is tried once more */
    bool renews;   /* a request is to be sent as soon as there is room for it */
    bool awaits;   /* that somebody has to approve the request was said */
    int16_t found; /* what identity_load() said */
    int16_t taken; /* what became of a certificate: CLAIM_AGAIN, THM_E_*; THM_OK: none came */
};

/* Whether the board's blob is an invitation; all that follows is for such a board. */
#if THM_ENROLL
#define claims(f) ((f)->provision.claim != NULL)
#else
#define claims(f) false
#endif

/** Finds what the board has become, before the port is opened: so far as there is one, its key is known. Returns whether it has
 * a name. */
bool claim_find(struct firmware *f);

/**
 * Decides what the first start of the client is for. After that the board has a key, and has stored it.
 *
 * @param config  of the client: credentials and request are set
 * @return THM_OK, or what stands in the way
 */
int claim_open(struct firmware *f, struct thm_client_config *config);

/** Before each start of a client that is stopped: decides anew what it is for. False: it can't start now; that is said, and
 * tried again a little later. */
bool claim_ready(struct firmware *f);

/** Whether an event is not the front's to tell: it is told here, or no news. */
bool claim_hides(const struct thm_client_event *event);

/** Takes an event of the client. */
void claim_event(struct firmware *f, const struct thm_client_event *event);

/** Takes its end. Returns why it really ended, or CLAIM_AGAIN. */
int claim_ended(struct firmware *f, const struct thm_client_event *event);

/** After each turn of the loop. */
void claim_turn(struct firmware *f);

#endif
