/*
 * What an operator asks of a server that its store has to answer: accounts and rooms. A request is answered in a later
 * thm_server_step(), requests one after the other in the order in which they were made.
 */
#ifndef THIMBLE_ADMIN_H
#define THIMBLE_ADMIN_H

#include "thimble/auth.h"
#include "thimble/moderation.h"
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

/* The rules of a room. */
struct thm_room_rules {
    bool invite_only;  /* only members, moderators and who is invited may join */
    bool history_all;  /* who joins may read what was said before; else only what follows */
    uint64_t since_ms; /* UTC: when it was made */
};

/* A room as the store keeps it, and who is in it now. */
struct thm_kept_room {
    char room[THM_ROOM_MAX + 1];
    struct thm_room_rules rules;
    bool damaged;    /* the rules can't be read: nobody new gets in. Set them anew, or remove it */
    uint32_t online; /* sessions */
    const char *topic; /* "" none, or nobody was there lately */
};

/* What a user is in a room. */
struct thm_room_user {
    char user[THM_ID_MAX + 1];
    bool member, moderator, invited, banned, damaged;
};

/* An invitation as the store keeps it: the bootstrap key's hash names it, the secret is not known. */
#define THM_INVITE_ID 16 /* bytes of that hash */
struct thm_invite {
    uint8_t id[THM_INVITE_ID];
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1]; /* whom its user becomes */
    uint64_t since_ms, expires_ms;                     /* UTC */
    bool used, revoked, damaged;
};

enum thm_admin_op {
    THM_ADMIN_USER_ADD, /* THM_E_EXISTS if there is an account of that name */
    THM_ADMIN_USER_SET, /* changes what `set` names; THM_E_NO_USER. Suspending ends the sessions, and makes an account for
                         * who has none: a certificate alone would let him in */
    THM_ADMIN_USER_REMOVE, /* forgets the account and its inbox, and ends its sessions; THM_E_NO_USER */
    THM_ADMIN_USER_LIST,   /* row() for each account, in the order of their names */
    THM_ADMIN_ROOM_ADD,    /* THM_E_EXISTS if there is such a room */
    THM_ADMIN_ROOM_SET,    /* changes what `set` names; THM_E_UNKNOWN_ROOM */
    THM_ADMIN_ROOM_REMOVE, /* sends all away and forgets what was said there; THM_E_UNKNOWN_ROOM */
    THM_ADMIN_ROOM_LIST,   /* room_row() for each room, in the order of their names */
    THM_ADMIN_ROOM_USER, /* does `deed`; THM_E_UNKNOWN_ROOM, THM_E_NO_USER, THM_E_NOT_MEMBER, THM_E_BANNED */
    THM_ADMIN_ROOM_USERS, /* user_row() for each who has a standing in `room` */
    THM_ADMIN_DEVICE_KEYS, /* key_row() for each key that a certificate was made for, of `user` and `device` */
    THM_ADMIN_INVITE_ADD, /* for `user` and `device`, of `invite` id and expires_ms; THM_E_EXISTS, THM_E_LIMIT: too many are kept */
    THM_ADMIN_INVITE_REVOKE, /* `invite.id`; THM_E_INVITATION: not known, THM_E_INVITATION_USED */
    THM_ADMIN_INVITE_LIST,   /* invite_row() for each that is kept */
    THM_ADMIN_INVITE_SWEEP,  /* the server's own: forgets those that are too old */
    THM_ADMIN_OPS
};

/* What THM_ADMIN_USER_ADD and _SET, and THM_ADMIN_ROOM_ADD and _SET, set; the rest is default, or stays as it is. */
enum {
    THM_ADMIN_AUTH = 1,
    THM_ADMIN_SUSPENDED = 2,
    THM_ADMIN_VERIFIER = 4,
    THM_ADMIN_INVITE_ONLY = 8,
    THM_ADMIN_HISTORY = 16
};

/* A request. The caller owns it and leaves it alone until done() is called. */
struct thm_admin_request {
    enum thm_admin_op op;
    char user[THM_ID_MAX + 1];   /* of the USER operations and ROOM_USER */
    char room[THM_ROOM_MAX + 1]; /* of the ROOM operations */
    unsigned set;
    enum thm_auth_policy auth;
    bool suspended;
    struct thm_scram_verifier
        verifier; /* wiped once it is taken; all zero takes the passcode away */
    bool made;    /* USER_SET receives: there was no account, and one was made */
    struct thm_room_rules rules;
    enum thm_deed deed;
    char device[THM_ID_MAX + 1]; /* of DEVICE_KEYS and INVITE_ADD */
    struct thm_invite invite;
    char reason[THM_SHORT_MAX +
                1];          /* ROOM_USER, ROOM_REMOVE: what he is told; "": the usual words */
    char by[THM_ID_MAX + 1]; /* the moderator who asks; "": the operator */
    /* Called in thm_server_step(), by the LIST operations. What they get is the server's, valid until they return. */
    void (*row)(struct thm_admin_request *request, const struct thm_account *account);
    void (*room_row)(struct thm_admin_request *request, const struct thm_kept_room *room);
    void (*user_row)(struct thm_admin_request *request, const struct thm_room_user *user);
    void (*key_row)(struct thm_admin_request *request, const uint8_t hash[THM_KEY_HASH],
                    uint64_t ends_ms);
    void (*invite_row)(struct thm_admin_request *request, const struct thm_invite *invite);
    /* Called in thm_server_step(), last: THM_OK or an error; the request may be used again at once. */
    void (*done)(struct thm_admin_request *request, int result);
    void *owner; /* the caller's own */
    /* the server's own */
    struct thm_admin_request *next;
};

/**
 * Makes a request. Never blocks; done() is always called, also when the server ends.
 *
 * @return THM_OK; THM_E_KEY_RANGE: `user` is no user id, or `room` no room; THM_E_STATE: the store keeps no records (RAM, records = 0), or for
 *         rooms is not durable, or no certificates can be made for invitations; and done() is not called
 */
int thm_server_admin(struct thm_server *s, struct thm_admin_request *request);

/** Has the request set that rule, beside those that it sets already; one of the same kind is replaced. */
void thm_admin_set_rule(struct thm_admin_request *request, enum thm_rule rule);

/** Whether the request sets that rule. */
bool thm_admin_sets_rule(const struct thm_admin_request *request, enum thm_rule rule);

#endif
