/*
 * What an operator may ask of a running server, at its console or by thimblectl: one table. Names, arguments and what
 * they do stand here, for both programs to tell; thimbled has the functions.
 */
#ifndef THIMBLE_COMMAND_TABLE_H
#define THIMBLE_COMMAND_TABLE_H

#include "thimble/moderation.h"

/* What a command is. */
enum {
    COMMAND_CHANGES = 1 << 0, /* something; the others only look */
    COMMAND_QUIET = 1 << 1    /* its arguments are not for the log */
};

/* X(function, name, arguments, help, what it is) */
#define COMMANDS(X)                                                                                \
    X(list, "list", "", "who is online: user@device, alias, address and since when", 0)            \
    X(kick, "kick", "USER[@DEVICE] [REASON]", "end the sessions of a user or device",              \
      COMMAND_CHANGES)                                                                             \
    X(say, "say", "TEXT", "tell everybody who is online", COMMAND_CHANGES | COMMAND_QUIET)         \
    X(user_add, "user add", "USER [--passcode] [--auth POLICY]",                                   \
      "make an account; POLICY: certificate, passcode or default",                                 \
      COMMAND_CHANGES | COMMAND_QUIET)                                                             \
    X(user_passwd, "user passwd", "USER [--no-passcode] [--auth POLICY]",                          \
      "set the passcode of an account, or take it away", COMMAND_CHANGES | COMMAND_QUIET)          \
    X(user_auth, "user auth", "USER POLICY", "set how a user proves who he is",                    \
      COMMAND_CHANGES | COMMAND_QUIET)                                                             \
    X(user_suspend, "user suspend", "USER", "end the sessions of a user and let him in no more",   \
      COMMAND_CHANGES | COMMAND_QUIET)                                                             \
    X(user_resume, "user resume", "USER", "let him in again", COMMAND_CHANGES | COMMAND_QUIET)     \
    X(user_remove, "user remove", "USER", "forget an account, its passcode and its inbox",         \
      COMMAND_CHANGES | COMMAND_QUIET)                                                             \
    X(user_list, "user list", "", "the accounts: how each proves himself, since when", 0)          \
    X(invite_list, "invite list", "", "the invitations: for whom, open or why not", 0)             \
    X(invite_revoke, "invite revoke", "ID|USER@DEVICE", "take an invitation back",                 \
      COMMAND_CHANGES)                                                                             \
    X(invite, "invite", "USER [OPTION]...",                                                        \
      "print a line that lets one machine join, once: --device NAME, --expires 24h, --count N, "   \
      "--csv, --qr",                                                                               \
      COMMAND_CHANGES)                                                                             \
    X(approve_list, "approve list", "", "certificates that are asked for and made by hand", 0)     \
    X(approve_show, "approve show", "CODE", "the certificate request, for thimble-ca sign", 0)     \
    X(approve_deny, "approve deny", "CODE", "refuse it", COMMAND_CHANGES)                          \
    X(approve, "approve", "CODE FILE", "hand the certificate out that was made for it",            \
      COMMAND_CHANGES | COMMAND_QUIET)                                                             \
    X(device_list, "device list", "[USER]", "the devices that were here since the start", 0)       \
    X(device_revoke, "device revoke", "USER@DEVICE|KEYHASH",                                       \
      "add a device to the deny-list and end its session", COMMAND_CHANGES)                        \
    X(room_list, "room list", "", "the rooms: who is online there, rules, topic", 0)               \
    X(room_users, "room users", "ROOM", "who is a member, moderator, invited or banned", 0)        \
    X(room_create, "room create", "ROOM [RULE]...",                                                \
      "make a room (the # may be left out); RULE: " THM_RULES_TEXT, COMMAND_CHANGES)               \
    X(room_set, "room set", "ROOM RULE...", "change its rules", COMMAND_CHANGES)                   \
    X(room_remove, "room remove", "ROOM", "send all away, and forget what was said there",         \
      COMMAND_CHANGES)                                                                             \
    X(room_invite, "room invite", "ROOM USER", "let a user join an invite-only room",              \
      COMMAND_CHANGES)                                                                             \
    X(room_kick, "room kick", "ROOM USER [REASON]", "send a user away from a room",                \
      COMMAND_CHANGES)                                                                             \
    X(room_ban, "room ban", "ROOM USER [REASON]", "the same, and keep the user out",               \
      COMMAND_CHANGES)                                                                             \
    X(room_unban, "room unban", "ROOM USER", "let a banned user join again", COMMAND_CHANGES)      \
    X(room_op, "room op", "ROOM USER", "make a user a moderator of a room", COMMAND_CHANGES)       \
    X(room_deop, "room deop", "ROOM USER", "take that back", COMMAND_CHANGES)                      \
    X(stats, "stats", "", "what the server has done and holds", 0)                                 \
    X(metrics, "metrics", "", "the same for Prometheus", 0)                                        \
    X(reload, "reload", "", "read certificates and deny-list anew", COMMAND_CHANGES)               \
    X(backup, "backup", "FILE", "write a copy of the database", COMMAND_CHANGES)                   \
    X(help, "help", "", "this list", 0)                                                            \
    X(quit, "quit", "", "say goodbye to all and stop the server", COMMAND_CHANGES)

#define COMMANDS_COLUMN 48 /* characters of name and arguments in a list of them */

#endif
