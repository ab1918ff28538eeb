/* How much of a stream is kept, as an operator writes it. */
#ifndef THIMBLED_RETENTION_H
#define THIMBLED_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

/* What is beyond any of the three goes, the oldest first. 0: no such limit. */
struct retention {
    uint64_t age_ms;
    uint64_t count;
    uint64_t bytes;
};

/* What retention_parse() takes, for messages. */
#define RETENTION_FORM "90d, 100000 or 500MB (several with a comma between, 0: no limit)"

/**
 * Reads "90d", "100000", "500MB", several with a comma between, each kind once: an age in hours or days (h, d), a
 * number of messages, an amount in KB, MB or GB. "0" alone: no limit.
 *
 * @return false: it is something else, and *out undefined
 */
bool retention_parse(const char *text, struct retention *out);

#endif
