/* Where requests are answered: one line in, one line out. No sockets and no clock. */
#ifndef THIMBLE_SIGND_DESK_H
#define THIMBLE_SIGND_DESK_H

#include <stddef.h>
#include <stdint.h>

#include "issue.h"
#include "log.h"
#include "options.h"

#define DESK_LINE   2048u /* bytes of a request at most, and of an answer */
#define DESK_FORMAT "sign USER@DEVICE REQUEST"

struct desk {
    struct log *log;
    struct issuer *issuer;
    int64_t lifetime_s;
    struct option_rate limit;   /* of signatures; rate 0: none */
    uint64_t tokens, filled_ms; /* thousandths of a signature that are left; when that was */
    bool short_of;              /* the limit was reached, and that is logged */
};

/** Begins to sign, with all that the limit gives at once. */
void desk_open(struct desk *desk, struct log *log, struct issuer *issuer, int64_t lifetime_s,
               struct option_rate limit);

/**
 * Answers a request.
 *
 * @param line    `len` bytes, terminated, without its newline
 * @param now_s   seconds since 1970; now_ms: of a clock that nobody sets
 * @param answer  receives one line with its newline, unterminated
 * @return its bytes
 */
size_t desk_answer(struct desk *desk, const char *line, size_t len, int64_t now_s, uint64_t now_ms,
                   char answer[DESK_LINE]);

#endif
