/*
 * Erasing secrets.
 */
#ifndef THM_TLS_WIPE_H
#define THM_TLS_WIPE_H

#include <string.h>

/** Zeroes memory in a way that a compiler can't leave out. */
static inline void thm_wipe(void *memory, size_t len)
{
    static void *(*const volatile erase)(void *, int, size_t) = memset;

    erase(memory, 0, len);
}

#endif
