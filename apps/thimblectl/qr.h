/* A QR code in a terminal. */
#ifndef THIMBLECTL_QR_H
#define THIMBLECTL_QR_H

#include <stdbool.h>

/**
 * Prints a text as a QR code to standard output, two modules a character: of up to 134 bytes it has at most 23 lines of 45
 * columns. Dark on light whatever the terminal's colours are, when it is one.
 *
 * @return false: the text is too long for one that a terminal of 80x24 shows; nothing was printed
 */
bool qr_print(const char *text);

#endif
