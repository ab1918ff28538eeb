/*
 * One line of a log, as logfmt or as JSON. Whatever stands in a value, it can't end the line or pass for another
 * value.
 */
#ifndef THIMBLED_LINE_H
#define THIMBLED_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX_BYTES 4096
#define LINE_TIME_MAX  32

/* On its way. What does not fit is left out; what closes values and the line always fits. */
struct line {
    bool json, full;
    size_t len;
    char text[LINE_MAX_BYTES];
};

/* The second whose text is kept, so that it is not made anew for every line. Zeroed at first. */
struct line_clock {
    int64_t second;
    char text[24];
};

void line_begin(struct line *l, bool json);

/** Appends text as it is. */
void line_str(struct line *l, const char *text);

/** Appends a value, unless it is NULL or "". Leaves it out altogether when not even its beginning fits. */
void line_text(struct line *l, const char *key, const char *value);

/** The same, unless it is 0. */
void line_number(struct line *l, const char *key, uint64_t value);

/** Closes the line, with its newline. */
void line_end(struct line *l);

/** The time of now, UTC: "2012-12-15T10:00:00.123Z". */
void line_time(struct line_clock *clock, char text[LINE_TIME_MAX]);

#endif
