/*
 * What an operator asks of a server that its store has to answer: accounts. A request is answered in a later
 * thm_server_step(), requests one after the other in the order in which they were made.
 */
#ifndef THIMBLE_ADMIN_H
#define THIMBLE_ADMIN_H

#include "thimble/auth.h"
#include "thimble/server.h"

/* An account as the store keeps it. Whoever logs in by certificate alone gets one, so that it is known that he exists. */
struct thm_account {
    char user[THM_ID_MAX + 1];
    enum thm_auth_policy auth;
    bool suspended;
    bool has_passcode;
    bool
        damaged; /* the record can't be read, nobody gets in by it: remove it and add the user anew */
    uint64_t since_ms; /* UTC: when it was made */
    uint64_t seen_ms;  /* UTC: the last login, to the day; 0: none yet */
};

enum thm_admin_op {
    THM_ADMIN_USER_ADD, /* THM_E_EXISTS if there is an account of that name */
    THM_ADMIN_USER_SET, /* changes what `set` names; THM_E_NO_USER. Suspending ends the sessions, and makes an account for
                         * who has none: a certificate alone would let him in */
    THM_ADMIN_USER_REMOVE, /* forgets the account and ends its sessions; THM_E_NO_USER */
    THM_ADMIN_USER_LIST    /* row() for each account, in the order of their names */
};

/* What THM_ADMIN_USER_ADD and _SET set; the rest is default, or stays as it is. */
enum { THM_ADMIN_AUTH = 1, THM_ADMIN_SUSPENDED = 2, THM_ADMIN_VERIFIER = 4 };

/* A request. The caller owns it and leaves it alone until done() is called. */
struct thm_admin_request {
    enum thm_admin_op op;
    char user[THM_ID_MAX + 1]; /* none for LIST */
    unsigned set;
    enum thm_auth_policy auth;
    bool suspended;
    struct thm_scram_verifier
        verifier; /* wiped once it is taken; all zero takes the passcode away */
    bool made;    /* SET receives: there was no account, and one was made */
    /* Called in thm_server_step(). The account is the server's, valid until row() returns. */
    void (*row)(struct thm_admin_request *request, const struct thm_account *account);
    /* Called in thm_server_step(), last: THM_OK or an error; the request may be used again at once. */
    void (*done)(struct thm_admin_request *request, int result);
    void *owner; /* the caller's own */
    /* the server's own */
    struct thm_admin_request *next;
};

/**
 * Makes a request. Never blocks; done() is always called, also when the server ends.
 *
 * @return THM_OK; THM_E_KEY_RANGE: `user` is no user id; THM_E_STATE: the store keeps no records (RAM, records = 0), and
 *         done() is not called
 */
int thm_server_admin(struct thm_server *s, struct thm_admin_request *request);

#endif
