/* As much of a VT100 as shows whether an editor keeps its row in order: 80 columns, and every row ever written. */
#ifndef TEST_SCREEN_H
#define TEST_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCREEN_COLUMNS 80
#define SCREEN_ROWS    6000
#define SCREEN_WIDE    UINT32_MAX /* the second half of a character of two columns */

struct screen {
    uint32_t cells[SCREEN_ROWS][SCREEN_COLUMNS]; /* code points; 0: blank */
    bool wrapped[SCREEN_ROWS];                   /* goes on in the next row */
    unsigned row, column, saved_row, saved_column;
    bool pending; /* the last column is written: the next character wraps */
    unsigned bells;
    /* of the bytes so far */
    char partial[16];
    unsigned partial_len;
};

void screen_clear(struct screen *s);

/** Takes what an editor writes; fails the test at whatever it does not know. */
void screen_write(struct screen *s, const char *bytes, size_t len);

/** Columns of a code point, by a list of its own. */
unsigned screen_width(uint32_t code);

/** The text of the rows from `row` to the end of their wrapping; returns the row behind it. */
unsigned screen_text(const struct screen *s, unsigned row, char *buf, size_t cap);

#endif
