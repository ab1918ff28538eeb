/*
 * The line that a person types at a terminal, by libedit: editing, history, completion and a guard for
 * pastes. What is printed meanwhile goes above it: the line is taken off the screen, and put back after.
 *
 * One editor a process. Nothing blocks: editor_read() takes what was typed and returns.
 */
#ifndef THIMBLE_EDITOR_H
#define THIMBLE_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct editor_handler {
    /* A line was entered, without newline. False: not now; it is handed over again by editor_retry(). */
    bool (*line)(void *ctx, const char *text, size_t len);
    /* Ctrl-D, or Ctrl-C, on an empty line; or the terminal is gone: nothing will be typed any more. */
    void (*end)(void *ctx, bool gone);
    /* The prompt as it is now. Returns its bytes. */
    size_t (*prompt)(void *ctx, char *buf, size_t cap);
    /* As thm_console_complete(); may be NULL. */
    size_t (*complete)(void *ctx, const char *line, size_t len, unsigned index, char *buf,
                       size_t cap);
    /* Ctrl-C, which has cleared the line unless it was `empty`. True: it meant something, and is not the end. May be NULL. */
    bool (*interrupt)(void *ctx, bool empty);
};

struct editor;

/**
 * Takes over the terminal at stdin and stdout.
 *
 * @param name     for the terminal library; static
 * @param history  file of earlier lines, read now and written by editor_close(); NULL: none is kept
 * @return the editor, or NULL when the terminal can't be used
 */
struct editor *editor_open(const char *name, const char *history,
                           const struct editor_handler *handler, void *ctx);

/** Gives the terminal back as it was, with the cursor on a line of its own. NULL does nothing. */
void editor_close(struct editor *e);

/** Takes what was typed, when stdin is readable. */
void editor_read(struct editor *e);

/** Hands over what was entered and not taken yet. */
void editor_retry(struct editor *e);

/** Lines that were entered and not taken yet. */
uint32_t editor_unsent(const struct editor *e);

/** Whether nothing is typed, pasted or entered that was not taken yet. */
bool editor_is_empty(struct editor *e);

/** Clears the line, and drops what was entered and not taken yet. */
void editor_clear(struct editor *e);

/** Ctrl-C: clears the line. On an empty one it is the end, unless the handler says otherwise. */
void editor_interrupt(struct editor *e);

/** The terminal's size has changed. */
void editor_resize(struct editor *e);

/** Stops the process as Ctrl-Z does, and takes the terminal over again when it goes on. */
void editor_suspend(struct editor *e);

/** Gives the terminal back for a while, as it was before; and takes it over again. */
void editor_leave(struct editor *e);
void editor_return(struct editor *e);

/** Prints a line above the one that is typed. `text` may hold escape sequences of colours. */
void editor_print(struct editor *e, const char *text);

/** Puts the line back on the screen, with the prompt of now; once after each turn of the loop. */
void editor_show(struct editor *e);

/** When editor_show() has to be called next at the latest: ms of the port's clock; UINT64_MAX: never. */
uint64_t editor_deadline(const struct editor *e);

/** Takes the line off the screen. What is written to the terminal then stays above it. */
void editor_hide(struct editor *e);

#endif
