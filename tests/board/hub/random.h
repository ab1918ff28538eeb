/* random.h: numbers that a seed repeats. */
#ifndef HUB_RANDOM_H
#define HUB_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any state is a seed. */
struct random {
    uint64_t state;
};

uint64_t random_next(struct random *r);

/** 0 to n - 1; n is at least 1. */
uint32_t random_below(struct random *r, uint32_t n);

/** True in so many percent of all calls. */
bool random_percent(struct random *r, unsigned percent);

void random_fill(struct random *r, unsigned char *buf, size_t len);

#endif
