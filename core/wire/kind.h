/*
 * Values of the kinds that are numbers.
 */
#ifndef THM_WIRE_KIND_H
#define THM_WIRE_KIND_H

#include "thimble/wire.h"
#include "wire/why.h"

/** Whether values of a kind are held as a number. */
bool thm_kind_is_number(enum thm_kind kind);

/**
 * Reads the bytes of a THM_KIND_UINT, THM_KIND_BOOL or THM_KIND_HEX64, without quotes.
 *
 * @param value  receives the number, at most THM_UINT_MAX for a THM_KIND_UINT
 * @param why    receives an enum thm_why: what was wrong when that can be said better than by the form
 * @return THM_OK or THM_E_KEY_RANGE
 */
int thm_kind_number(enum thm_kind kind, const char *data, size_t len, uint64_t *value,
                    uint8_t *why);

#endif
