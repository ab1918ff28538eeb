/* A passcode, from the person who types it to the bytes that SCRAM takes. */
#ifndef THIMBLE_PASSCODE_H
#define THIMBLE_PASSCODE_H

#include <stddef.h>

/* Bytes of UTF-8 once prepared. Fewer can be guessed however slow that is made; more is a file, not a passcode. */
#define PASSCODE_MIN 8
#define PASSCODE_MAX 128

struct passcode {
    size_t len;
    char text[PASSCODE_MAX + 1]; /* prepared, terminated */
};

/**
 * Prepares a passcode by SASLprep (RFC 4013), so that the same characters are the same bytes whatever keyboard, or
 * system, they come from. Characters that Unicode 3.2 did not have (SASLprep knows no newer one) are refused both when a
 * passcode is set and when it is asked for.
 *
 * @param typed  UTF-8, `len` bytes without the line's end
 * @return NULL; or a static sentence that says why it can't be a passcode, then `out` is wiped. For bytes beyond ASCII
 *         libidn works in memory of its own, which it gives back without wiping it.
 */
const char *passcode_prepare(struct passcode *out, const char *typed, size_t len);

/**
 * Asks for a passcode on the terminal, without showing it, and prepares it; where standard input is no terminal a line
 * of it is the passcode, and nobody is asked. Blocks until there is one. A signal that ends or stops the program does so
 * as ever, with the terminal as it was before; after a stop the question is asked again. Not for programs of several
 * threads.
 *
 * @param prompt  written to standard error
 * @return as passcode_prepare(); also why nothing could be read
 */
const char *passcode_read(struct passcode *out, const char *prompt);

/**
 * The same for a new passcode: at a terminal it is asked for twice, so that a slip is noticed.
 *
 * @return as passcode_read(); also that the two differ
 */
const char *passcode_read_new(struct passcode *out);

/**
 * As passcode_read(), for who asks in words of his own.
 *
 * @param after  written behind what was typed, which nobody sees, instead of a newline
 */
const char *passcode_ask(struct passcode *out, const char *prompt, const char *after);

/** Wipes it. To be called as soon as it is not needed any more. */
void passcode_wipe(struct passcode *passcode);

#endif
