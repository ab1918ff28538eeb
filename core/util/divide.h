/*
 * Division of 64-bit numbers on machines that divide 32 bits at a time.
 */
#ifndef THM_UTIL_DIVIDE_H
#define THM_UTIL_DIVIDE_H

#include <stdint.h>

/** value / by, in three divisions of 32 bits: the compiler's own of 64 bits costs a board 700 bytes of flash. */
uint64_t thm_divide(uint64_t value, uint16_t by);

#endif
