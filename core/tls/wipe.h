/*
 * Erasing secrets.
 */
#ifndef THM_TLS_WIPE_H
#define THM_TLS_WIPE_H

#include <stddef.h>

/** Zeroes memory in a way that a compiler can't leave out. */
void thm_wipe(void *memory, size_t len);

#endif
