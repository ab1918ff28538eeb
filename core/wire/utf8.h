/*
 * What the wire needs to know of Unicode beside thm_utf8_next() and thm_utf8_printable().
 */
#ifndef THM_WIRE_UTF8_H
#define THM_WIRE_UTF8_H

#include "thimble/wire.h"

/**
 * Whether a code point may be shown right after another one: printable, or one of the two invisible
 * characters that belong to an emoji (zero-width joiner, emoji variation selector) after an emoji.
 *
 * @param previous  the code point shown before it, 0 for none
 */
bool thm_utf8_shown(uint32_t previous, uint32_t code);

/** Writes a code point, not a surrogate, as UTF-8: 1 to 4 bytes. */
unsigned thm_utf8_put(uint32_t code, char out[4]);

#endif
