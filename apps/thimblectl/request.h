/* What thimblectl asks, from its arguments. */
#ifndef THIMBLECTL_REQUEST_H
#define THIMBLECTL_REQUEST_H

#include <stdbool.h>

#include "buffer.h"

/* What the arguments come to. */
struct request {
    struct buffer line;  /* without newline */
    bool wants_passcode; /* request_passcode() is to add it */
    bool has_verifier;   /* a file gave it */
    bool wants_qr;       /* invitations are to be shown as QR codes, too */
};

/**
 * Makes the line for the server: the arguments with spaces between. The file of "backup" is made absolute, --passcode
 * is taken out, --qr of "invite" as well, and the file of --verifier becomes what it holds.
 *
 * @return OPTIONS_OK, or an exit code after a message
 */
int request_make(struct request *r, int argc, char **argv);

/** Asks for the passcode and adds what the server keeps of it. OPTIONS_OK, or an exit code after a message. */
int request_passcode(struct request *r);

/** Wipes and frees it. */
void request_free(struct request *r);

#endif
