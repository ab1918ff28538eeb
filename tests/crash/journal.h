/* What the clients wrote down and what the database holds, side by side. */
#ifndef CRASH_JOURNAL_H
#define CRASH_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#define CLIENTS_MAX 16
#define STREAMS_MAX 32
#define NAME_MAX_   64

/* The entries of a stream as the database has them, 1 to head. */
struct held {
    char name[NAME_MAX_];
    uint64_t log, head;
    char **texts; /* texts[n - 1] */
};

/* What a comparison came to. */
struct verdict {
    unsigned acknowledged, shown, gaps, refused;
    unsigned lost, twice, disordered, holes, foreign, missing;
    unsigned complaints; /* that were printed */
};

/** Reads the streams of a database of which no server has hold; false after a message. */
bool held_read(const char *path, const char *const *names, unsigned count, struct held *held);

void held_free(struct held *held, unsigned count);

/** The stream of that name; NULL: there is none. */
const struct held *held_find(const struct held *held, unsigned count, const char *name);

/** Holds in the database: no number missing, no text twice, each sender's in order. */
void judge_held(const struct held *held, struct verdict *v);

/**
 * Compares a client's journal with it.
 *
 * @param restored  older copies were put in the database's place: another log is then no mistake, what was acknowledged
 *                  in a former one may be gone, and what was shown before need not be shown again, but may be in a
 *                  later run of the client, which has forgotten what it was shown
 */
void judge_journal(const char *path, const struct held *held, unsigned count, bool restored,
                   struct verdict *v);

#endif
