/*
 * Direct sessions at the console. Texts of this file and of direct*.c are in no image without them, so they are kept out of
 * the files that all images have (cmake/ThimbleTexts.cmake).
 */
#ifndef THM_CLIENT_DIRECT_H
#define THM_CLIENT_DIRECT_H

#include "client/console.h"
#include "thimble/call.h"

#if THM_CALLS > 0

#define THM_DIRECT_COMMANDS(X)                                                                     \
    X(direct, REGISTER, "/call", NULL, "USER",                                                     \
      THM_T("Talks to USER, or USER@DEVICE, with no server in between that could read it."))       \
    X(direct, REGISTER, "/answer", NULL, "[USER]", THM_T("Takes the call of who calls."))          \
    X(direct, REGISTER, "/decline", NULL, "[USER]", THM_T("Refuses it."))                          \
    X(direct, REGISTER, "/hangup", NULL, "[USER]",                                                 \
      THM_T("Ends this direct session, or another one."))                                          \
    X(direct, REGISTER, "/switch", NULL, "[PLACE]",                                                \
      THM_T("Turns to a direct session, USER, or to #ROOM; without a name, to the next one."))     \
    X(direct, REGISTER, "/calls", NULL, "", THM_T("Lists the direct sessions."))                   \
    X(direct, REGISTER, "/verify", NULL, "[USER [yes]]",                                           \
      THM_T("Shows a code to compare with USER's; yes: they were the same, take the key."))        \
    X(direct, REGISTER, "/availability", "/av", "[STATE]",                                         \
      THM_T("Shows or sets what you are to who calls: available, busy or away."))

#define THM_DIRECT_SECRECY                                                                         \
    THM_T("The server can read all that is said, in private too, but for direct sessions "         \
          "(/call).")
#define THM_DIRECT_OFF THM_T("this program takes no part in direct sessions")

/* Sets of states of a session. */
enum {
    THM_CALLS_RINGING = 1 << THM_CALL_RINGING,
    THM_CALLS_STANDING = 1 << THM_CALL_TALKING | 1 << THM_CALL_MENDING,
    THM_CALLS_ANY = THM_CALLS_RINGING | THM_CALLS_STANDING | 1 << THM_CALL_CALLING
};

/* --- direct.c --- */

/** Does a command of THM_DIRECT_COMMANDS. */
int thm_direct_command(struct thm_console *c, const struct thm_command *command,
                       struct thm_slice args);

/** Says a text in the current session, and shows it; prints why not, unless only too much waits already. */
int thm_direct_say(struct thm_console *c, struct thm_slice text);

/** Whether the commands are there whatever the server supports: there are sessions, or none can be. */
bool thm_direct_is_apart(const struct thm_console *c);

/** The session of a user, or USER@DEVICE, in one of these states; THM_CALLS: none. */
unsigned thm_direct_find(const struct thm_console *c, struct thm_slice who, unsigned states);

/** The state of a session. */
enum thm_call_state thm_direct_state(const struct thm_console *c, unsigned call);

/** Makes it the current place. */
void thm_direct_turn_to(struct thm_console *c, unsigned call);

/** Appends the current session for the prompt; and what is unread in others. */
void thm_direct_prompt(const struct thm_console *c, struct thm_text *t);
void thm_direct_prompt_unread(const struct thm_console *c, struct thm_text *t, bool *first);

/* --- direct_shown.c --- */

/** Prints that one says something, or that the other side does. */
void thm_direct_show_own(struct thm_console *c, unsigned call, struct thm_slice text, bool waits);
void thm_direct_show_said(struct thm_console *c, unsigned call, struct thm_slice text);

/* --- direct_key.c --- */

/** Begins /verify; whoever is named has a session, is remembered, or is asked for. */
int thm_direct_verify(struct thm_console *c, const struct thm_command *command,
                      struct thm_slice args);

/** The server's answer. */
void thm_direct_found(struct thm_console *c, const struct thm_call_event *event);

/** Warns, once for each session, when the key is not the one remembered; remembers it if there is none and `keep`. */
void thm_direct_judge(struct thm_console *c, unsigned call, const struct thm_identity *peer,
                      bool keep);

#else
#define THM_DIRECT_COMMANDS(X)
#endif

#endif
