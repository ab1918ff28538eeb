/*
 * Runs the line reader over a stream cut into chunks, as an owner does who lends the buffer only
 * while a line is incomplete, and writes down what came out. Shared with the fuzz target.
 */
#ifndef TESTS_WIRE_TRANSCRIPT_H
#define TESTS_WIRE_TRANSCRIPT_H

#include <assert.h>
#include <string.h>

#include "thimble/wire.h"

struct transcript {
    struct thm_line_reader reader;
    char buf[THM_LINE_MAX];
    char *out; /* the lines, each with a newline; "!\n" stands for one that was too long */
    size_t len;
};

/** Feeds one chunk, which is changed by nobody but must not be reused until the call returns. */
static inline void transcript_feed(struct transcript *t, char *data, size_t len)
{
    struct thm_slice line;
    size_t taken;

    while (len > 0) {
        int result = thm_line_feed(&t->reader, data, len, &taken, &line);
        assert(taken <= len);
        data += taken;
        len -= taken;
        if (result == THM_E_MEMORY) {
            assert(taken == 0 && t->reader.buf == NULL);
            t->reader.buf = t->buf;
            continue;
        }
        assert(result != 0 || len == 0);
        if (result == THM_E_LINE_TOO_LONG) {
            memcpy(t->out + t->len, "!\n", 2);
            t->len += 2;
        } else if (result == 1) {
            memcpy(t->out + t->len, line.data, line.len);
            t->len += line.len;
            t->out[t->len++] = '\n';
        }
        if (t->reader.used == 0)
            t->reader.buf = NULL;
    }
}

#endif
