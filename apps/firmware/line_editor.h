/*
 * A line to type in, on a terminal at the other end of a UART, with what others say above it.
 *
 * Nobody tells a board how wide the terminal is. The line therefore never takes more than one row of 80 columns: a
 * longer one scrolls sideways, with < or > where something is hidden. A row is erased and drawn again from its
 * first column, so that a terminal that finds a character wider than we do spoils nothing but that row's end.
 * Takes ECMA-48's "erase in line" and the VT100's "save cursor"; every terminal program knows them.
 *
 * Keys change the line in memory only; line_editor_show() draws it, once for all that was typed and printed.
 */
#ifndef FIRMWARE_LINE_EDITOR_H
#define FIRMWARE_LINE_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_EDITOR_LINE    1024 /* bytes of a line: a text of 1,000 and a command before it */
#define LINE_EDITOR_HISTORY 384  /* bytes of former lines, each with a terminator */
#define LINE_EDITOR_PROMPT  40   /* bytes of a prompt, terminator included; one column each */
#define LINE_EDITOR_COLUMNS 80

struct line_editor_handler {
    /* Bytes for the terminal. */
    void (*write)(void *ctx, const char *bytes, size_t len);
    /* A line was entered. False: not now; it stays until line_editor_retry(). */
    bool (*line)(void *ctx, const char *text, size_t len);
    /* Writes the prompt: ASCII, with a blank at its end, terminated; returns its length. */
    size_t (*prompt)(void *ctx, char *buf, size_t cap);
};

/* Visible so that it can be placed; only line_editor*.c touch the members. */
struct line_editor {
    const struct line_editor_handler *handler;
    void *ctx;
    uint16_t len, cursor; /* bytes of the line, and of it before the cursor */
    uint16_t left;        /* bytes hidden at the left */
    uint16_t browsing;    /* which former line is shown, 1: the newest; 0: none */
    bool shown;           /* the row is on the screen as it should be */
    bool drawn;           /* something is on the row */
    bool entered;         /* the line waits to be taken */
    bool overflow;        /* something typed did not fit: the line is not what was meant */
    bool after_return;    /* a line feed that follows is part of it */
    uint8_t sequence;     /* of the bytes after an escape */
    uint8_t parameter;    /* its number */
    uint8_t partial_len;
    char partial[4];                 /* a character's first bytes */
    int16_t held_key;                /* typed while a line waits, or -1 */
    char prompt[LINE_EDITOR_PROMPT]; /* as it is on the screen */
    char line[LINE_EDITOR_LINE];
    char history[LINE_EDITOR_HISTORY]; /* newest first; 0 behind each, and to the end */
};

void line_editor_init(struct line_editor *e, const struct line_editor_handler *handler, void *ctx);

/** Whether line_editor_key() takes a byte now: not while a line waits and one key has been held back. */
bool line_editor_ready(const struct line_editor *e);

/** Takes one byte from the terminal. */
void line_editor_key(struct line_editor *e, unsigned char byte);

/** Offers the line that waits, if one does, once more. */
void line_editor_retry(struct line_editor *e);

/** Prints a line (UTF-8, printable, without newline), or a piece of one, above the line that is typed. */
void line_editor_print(struct line_editor *e, const char *text, size_t len, bool last);

/** Draws the row if it changed, or if its prompt did. Not between two pieces of a line. */
void line_editor_show(struct line_editor *e);

/* --- between the files of the editor ------------------------------------------------------------ */

/** Columns of a character: 0, 1 or 2, as most terminals have it. */
unsigned line_editor_width(uint32_t code);

/** The character that begins at byte `at` of the line: its bytes, and its columns. */
size_t line_editor_next(const struct line_editor *e, size_t at, unsigned *width);

/** Where the character before byte `at` begins, with the marks that are written over it. */
size_t line_editor_before(const struct line_editor *e, size_t at);

/** Remembers a line. False: it is too long for that. */
bool line_editor_remember(struct line_editor *e, const char *line, size_t len);

/** The former line `index`, 1: the newest. NULL: there is none. */
const char *line_editor_recall(const struct line_editor *e, unsigned index);

#endif
