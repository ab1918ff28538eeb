/*
 * One end of a direct session, in a process of its own so that its CPU can be told from the other's: the core's client and
 * calls on port/posix, told what to do through a socket.
 */
#ifndef BENCH_CALL_END_H
#define BENCH_CALL_END_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Who an end is, whom it calls, and how. */
struct end_config {
    uint32_t identity, peer; /* of bench/loadgen/identity.h */
    uint16_t server;         /* its port on 127.0.0.1 */
    bool libcrypto;          /* else P-256 is BearSSL's own */
    bool relay_only;
};

/* What an end has reached. */
enum end_news {
    END_READY,  /* it may call and be called */
    END_STANDS, /* the session */
    END_HEARD,  /* as many lines as it was told to expect have come, each once and in order */
    END_SAID,   /* all that it was told to say, not in turn, and it is acknowledged */
    END_OVER    /* the session, and nothing of it is left */
};

struct end_report {
    enum end_news news;
    bool relayed;        /* STANDS: as the application is told */
    uint64_t dialled_ns; /* STANDS, the caller's: when it did */
    uint64_t at_ns;      /* when: the monotonic clock */
    uint64_t stream; /* SAID: bytes that it has given to the relay in all: TLS's, before Base64 */
};

struct end {
    pid_t pid;
    clockid_t clock;
    int fd;
    const char *name; /* for faults */
};

/** Starts the process; returns when it is READY. */
void end_start(struct end *e, const struct end_config *config, const char *name);

/** Ends it. */
void end_stop(struct end *e);

/** Lets it run on this core alone, if the system permits. */
void end_pin(const struct end *e, unsigned core);

/** Its CPU, user and system, in microseconds. */
double end_cpu_us(const struct end *e);

/* What it is told. */
void end_dial(struct end *e);
void end_hang_up(struct end *e);

/**
 * Says `count` lines of `size` bytes, as fast as the session takes them.
 *
 * @param in_turn  each only after as many have come from the other side
 */
void end_say(struct end *e, uint64_t count, uint32_t size, bool in_turn);

/** Reports HEARD once `count` more lines have come. `answers`: each is answered by one of `size` bytes. */
void end_expect(struct end *e, uint64_t count, uint32_t size, bool answers);

/** Waits for the next report, which has to be this one. */
struct end_report end_await(struct end *e, enum end_news news);

#endif
