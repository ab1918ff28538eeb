#include "util/divide.h"

/* As on paper, in digits of 16 bits. */
uint64_t thm_divide(uint64_t value, uint16_t by)
{
    uint32_t high = (uint32_t)(value >> 32);
    uint32_t middle = high % by << 16 | (uint16_t)(value >> 16);
    uint32_t low = middle % by << 16 | (uint16_t)value;

    return ((uint64_t)(high / by) << 32) + ((uint64_t)(middle / by) << 16) + low / by;
}
