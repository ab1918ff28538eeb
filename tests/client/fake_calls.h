/*
 * Direct sessions that do nothing by themselves, linked in place of the real ones: they note what they are told to do, and
 * a test says what happens.
 */
#ifndef TESTS_CLIENT_FAKE_CALLS_H
#define TESTS_CLIENT_FAKE_CALLS_H

#include "client/transcript.h"

struct fake_calls {
    struct thm_calls calls;
    int dial_code, say_code, find_code; /* what they say; at first THM_OK */
    struct thm_identity peers[THM_CALLS];
    /* keys that are remembered; `remembered` is how often one was */
    struct thm_identity known[4];
    unsigned known_count, remembered;
};

extern struct fake_calls fake_calls;

/** transcript.h's setup() with direct sessions. */
int setup_calls(void **state);

/** What was done, a word a deed ("dial bob, say 0 hello, "), must be this; it is forgotten. */
void expect_done(const char *text);

/** Something happens to session `call`: the rest of an event is as its state and peer say, and as `more` does. */
void happens(enum thm_call_event_kind kind, unsigned call, struct thm_call_event more);

/** Session `call` is with bob@d: it rings; or was dialled by its name, and both verified. */
void bob_rings(unsigned call);
void bob_answers(unsigned call);
void says(unsigned call, const char *text);

/** Somebody's identity, whose key is `key` all over. */
struct thm_identity identity(const char *user, const char *device, uint8_t key);

#define HAPPENS(kind, at, ...)                                                                     \
    happens(THM_CALL_##kind, at, (struct thm_call_event){.call = 0, __VA_ARGS__})

#endif
