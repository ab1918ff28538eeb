#include "random.h"

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

uint32_t random_below(struct random *r, uint32_t n)
{
    return (uint32_t)(random_next(r) % n);
}

bool random_percent(struct random *r, unsigned percent)
{
    return percent > 0 && random_below(r, 100) < percent;
}

void random_fill(struct random *r, unsigned char *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (unsigned char)random_next(r);
}
