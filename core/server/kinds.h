/* The kinds of records that a server keeps in its store. A number is never given to another kind: stores outlive programs. */
#ifndef THM_SERVER_KINDS_H
#define THM_SERVER_KINDS_H

enum thm_server_kind {
    THM_KIND_SERVER_RECORD = 1,    /* its own: "unknown" */
    THM_KIND_USER_RECORD = 2,      /* accounts, by user id: account.h */
    THM_KIND_ROOM_RECORD = 4,      /* topics, by room: record.h */
    THM_KIND_STATE_RECORD = 6,     /* retained states, by "#room user@device": record.h */
    THM_KIND_RULES_RECORD = 8,     /* rooms' rules, by room: rules.h */
    THM_KIND_STANDING_RECORD = 10, /* users' standing in rooms, by "#room user": rules.h */
    THM_KIND_INVITE_RECORD = 12,   /* invitations, by their id in hexadecimal: invite.h */
    THM_KIND_KEY_RECORD = 14       /* keys that were certified, by "user@device digits": keys.c */
};

/* A record of the server's own: the secret that users who are not there are challenged with, 32 bytes. */
#define THM_UNKNOWN_RECORD "unknown"

#endif
