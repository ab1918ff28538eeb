/*
 * Time and readiness: the one loop of the generator.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdint.h>

struct client;

/** Nanoseconds of the monotonic clock. */
uint64_t now_ns(void);

/** Prints what went wrong and ends the program. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

void loop_init(void);

/** What a client's socket is watched for: EPOLLIN, EPOLLOUT. Adds it at the first call. */
void loop_watch(struct client *c, uint32_t events);

/** Watches it no more. */
void loop_forget(struct client *c);

/** Serves every socket that is ready, waiting for one until `until_ns` at the latest. */
void loop_turn(uint64_t until_ns);

#endif
