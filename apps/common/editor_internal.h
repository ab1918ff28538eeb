/* What editor.c (typing) and editor_screen.c (libedit and the terminal) share; nobody else needs it. */
#ifndef THIMBLE_EDITOR_INTERNAL_H
#define THIMBLE_EDITOR_INTERNAL_H

#include <histedit.h>

#include "buffer.h"
#include "editor.h"

#define PROMPT_MAX 256
#define KEY_HIDE   L'\x80' /* C1 controls are never typed, so these */
#define KEY_RESET  L'\x81' /* two reach our own functions in libedit */

struct editor {
    EditLine *el;
    History *history;
    const char *history_file;
    struct editor_handler handler;
    void *ctx;
    char prompt[PROMPT_MAX]; /* as it is on the screen */
    bool hidden;             /* the line is in `line`, and not on the screen */
    struct buffer line;      /* what was typed, while hidden */
    size_t cursor;           /* offset in it */
    struct buffer input;     /* what was read and is no whole key yet */
    const char *feed;        /* the key that libedit is reading */
    size_t feed_len;
    wchar_t command; /* KEY_HIDE or KEY_RESET, to be read before anything else */
    /* DROPPING: a paste while ASKING whether to send the one before; it is no answer. */
    enum { TYPING, PASTING, BURST, ASKING, DROPPING } mode;
    uint64_t burst_end;  /* ms */
    struct buffer paste; /* what was pasted so far */
    struct buffer dropped;
    struct buffer lines; /* entered and not taken yet, each with a newline */
    size_t asked;        /* lines of `paste` that the question is about */
};

/** Whether the question about a long paste is open. */
bool editor_is_asking(const struct editor *e);

/** Ends a paste of a terminal without brackets when it has been silent for long enough. */
void editor_end_burst(struct editor *e);

/** Lets libedit act on the bytes of one key, or on KEY_HIDE or KEY_RESET. */
void editor_run_key(struct editor *e, const char *key, size_t len);
void editor_run_command(struct editor *e, wchar_t command);

/** The line as libedit has it, while it is on the screen. */
const LineInfo *editor_typed(struct editor *e);

#endif
