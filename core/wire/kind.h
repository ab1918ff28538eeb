/*
 * Values of the kinds that are numbers.
 */
#ifndef THM_WIRE_KIND_H
#define THM_WIRE_KIND_H

#include "thimble/wire.h"

/** Whether values of a kind are held as a number. */
bool thm_kind_is_number(enum thm_kind kind);

/**
 * Reads the bytes of a THM_KIND_UINT, THM_KIND_BOOL or THM_KIND_HEX64, without quotes.
 *
 * @param why  receives what was wrong when that can be said better than by the form, or NULL
 * @return THM_OK or THM_E_KEY_RANGE
 */
int thm_kind_number(enum thm_kind kind, const char *data, size_t len, uint64_t min, uint64_t max,
                    uint64_t *value, const char **why);

#endif
