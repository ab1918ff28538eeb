/* A passcode that a file holds. */
#ifndef THIMBLE_PASSCODE_FILE_H
#define THIMBLE_PASSCODE_FILE_H

#include "passcode.h"

/**
 * Reads a passcode from the first line of a file, and prepares it. A file that others can read is refused.
 *
 * @param exit_code  what a failure is to end the program with
 * @return OPTIONS_OK; or `exit_code` after a message, then `out` is wiped
 */
int passcode_from_file(struct passcode *out, const char *file, int exit_code);

#endif
