#include "editor.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thimble/port_posix.h"
#include "thimble/wire.h"

#include "buffer.h"
#include "completion.h"
#include "keys.h"
#include "paste.h"

#define HISTORY_LINES 1000
#define PROMPT_MAX    256
#define PASTE_SILENCE 50 /* ms without input that end a paste of a terminal without brackets */
#define ANSWER_MAX    2  /* bytes of a key with Enter; more at once was not typed */
#define BRACKETS_ON   "\033[?2004h"
#define BRACKETS_OFF  "\033[?2004l"
#define KEY_HIDE      L'\x80' /* C1 controls are never typed, so these */
#define KEY_RESET     L'\x81' /* two reach our own functions in libedit */

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

static struct editor *current; /* for atexit(): whatever happens, the terminal is given back */

/* --- libedit ------------------------------------------------------------------------------------ */

static struct editor *editor_of(EditLine *el)
{
    void *e = NULL;
    el_get(el, EL_CLIENTDATA, &e);
    return e;
}

static char *on_prompt(EditLine *el)
{
    struct editor *e = editor_of(el);
    static char nothing[1];
    return e->hidden ? nothing : e->prompt;
}

static int on_getc(EditLine *el, wchar_t *c)
{
    struct editor *e = editor_of(el);
    if (e->command) {
        *c = e->command;
        e->command = 0;
        return 1;
    }
    uint32_t code = 0;
    unsigned n = e->feed_len ? thm_utf8_next(e->feed, e->feed_len, &code) : 0;
    if (n == 0)
        return 0;
    e->feed += n;
    e->feed_len -= n;
    *c = (wchar_t)code;
    return 1;
}

/* Lets libedit erase what it has drawn, however many rows that is: it knows. */
static unsigned char on_hide(EditLine *el, int key)
{
    (void)key;
    const LineInfoW *line = el_wline(el);
    el_cursor(el, (int)(line->lastchar - line->cursor));
    el_deletestr(el, (int)(line->lastchar - line->buffer));
    return CC_REFRESH;
}

/* An empty line again, and the newest entry of the history next. */
static unsigned char on_reset(EditLine *el, int key)
{
    (void)el;
    (void)key;
    return CC_FATAL;
}

static void run_key(struct editor *e, const char *key, size_t len)
{
    int n;
    e->feed = key;
    e->feed_len = len;
    el_wgets(e->el, &n);
    e->feed_len = 0; /* the rest of a sequence that means nothing */
}

static void run_command(struct editor *e, wchar_t command)
{
    e->command = command;
    run_key(e, "", 0);
}

static const LineInfo *typed(struct editor *e)
{
    return el_line(e->el);
}

static bool is_asking(const struct editor *e)
{
    return e->mode == ASKING || e->mode == DROPPING;
}

void editor_hide(struct editor *e)
{
    if (e->hidden)
        return;
    const LineInfo *line = typed(e);
    if (!is_asking(e)) {
        buffer_remove(&e->line, 0, e->line.len);
        buffer_add(&e->line, line->buffer, (size_t)(line->lastchar - line->buffer));
        e->cursor = (size_t)(line->cursor - line->buffer);
    }
    e->hidden = true;
    run_command(e, KEY_HIDE);
}

static size_t make_prompt(struct editor *e, char prompt[PROMPT_MAX])
{
    if (is_asking(e))
        return (size_t)snprintf(prompt, PROMPT_MAX, "Send %zu lines? (y/n) ", e->asked);
    return e->handler.prompt(e->ctx, prompt, PROMPT_MAX);
}

static int count_characters(const char *text, size_t len)
{
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void end_burst(struct editor *e);

void editor_show(struct editor *e)
{
    char prompt[PROMPT_MAX];
    end_burst(e);
    make_prompt(e, prompt);
    if (strcmp(prompt, e->prompt) != 0)
        editor_hide(e);
    if (!e->hidden)
        return;
    memcpy(e->prompt, prompt, sizeof prompt);
    e->hidden = false;
    if (e->line.len > 0 && !is_asking(e)) {
        const char *after = e->line.data + e->cursor;
        el_insertstr(e->el, e->line.data);
        el_cursor(e->el, -count_characters(after, e->line.len - e->cursor));
    }
    el_set(e->el, EL_REFRESH);
    fflush(stdout);
}

void editor_print(struct editor *e, const char *text)
{
    editor_hide(e);
    fputs(text, stdout);
    fputc('\n', stdout);
}

/* --- entering lines ----------------------------------------------------------------------------- */

void editor_retry(struct editor *e)
{
    while (!is_asking(e) && e->lines.len > 0) {
        const char *end = memchr(e->lines.data, '\n', e->lines.len);
        size_t len = (size_t)(end - e->lines.data);
        if (!e->handler.line(e->ctx, e->lines.data, len))
            return;
        buffer_remove(&e->lines, 0, len + 1);
    }
}

uint32_t editor_unsent(const struct editor *e)
{
    uint32_t count = 0;
    for (size_t i = 0; i < e->lines.len; i++)
        count += e->lines.data[i] == '\n';
    return count;
}

static void set_line(struct editor *e, const char *text, size_t len)
{
    buffer_remove(&e->line, 0, e->line.len);
    buffer_add(&e->line, text, len);
    e->cursor = len;
}

static void remember(struct editor *e)
{
    HistEvent event;
    history(e->history, &event, H_ENTER, buffer_text(&e->line));
}

/* Takes the typed line off the screen; what becomes of it is shown by what it brings about. */
static void enter(struct editor *e)
{
    editor_hide(e);
    run_command(e, KEY_RESET);
    if (e->line.len > 0) {
        remember(e);
        buffer_add(&e->line, "\n", 1);
        buffer_add(&e->lines, e->line.data, e->line.len);
    }
    set_line(e, "", 0);
    editor_retry(e);
}

void editor_interrupt(struct editor *e)
{
    editor_hide(e);
    bool empty = e->line.len == 0 && e->mode == TYPING && e->lines.len == 0;
    run_command(e, KEY_RESET);
    set_line(e, "", 0);
    buffer_remove(&e->paste, 0, e->paste.len);
    buffer_remove(&e->lines, 0, e->lines.len);
    e->mode = TYPING;
    if (empty)
        e->handler.end(e->ctx, false);
}

/* --- pastes ------------------------------------------------------------------------------------- */

/* Enters what was pasted amid the typed line: whole lines at once; the last piece stays to be edited. */
static void take_paste(struct editor *e)
{
    run_command(e, KEY_RESET);
    buffer_insert(&e->paste, 0, buffer_text(&e->line), e->cursor);
    buffer_add(&e->paste, buffer_text(&e->line) + e->cursor, e->line.len - e->cursor);
    size_t whole = e->paste.len;
    while (whole > 0 && e->paste.data[whole - 1] != '\n')
        whole--;
    set_line(e, buffer_text(&e->paste) + whole, e->paste.len - whole);
    buffer_add(&e->lines, buffer_text(&e->paste), whole);
    buffer_remove(&e->paste, 0, e->paste.len);
    editor_retry(e);
}

static void end_paste(struct editor *e)
{
    e->mode = TYPING;
    size_t newlines = paste_clean(&e->paste);
    editor_hide(e);
    if (newlines == 0) {
        buffer_insert(&e->line, e->cursor, buffer_text(&e->paste), e->paste.len);
        e->cursor += e->paste.len;
        buffer_remove(&e->paste, 0, e->paste.len);
        return;
    }
    if (newlines <= PASTE_LINES) {
        take_paste(e);
        return;
    }
    e->asked = newlines;
    e->mode = ASKING; /* meanwhile `line` stays as it is */
}

static void answer(struct editor *e, char key)
{
    if (key == 'y' || key == 'Y') {
        editor_hide(e);
        e->mode = TYPING;
        take_paste(e);
    } else if (key == 'n' || key == 'N') {
        editor_hide(e);
        buffer_remove(&e->paste, 0, e->paste.len);
        e->mode = TYPING;
    } else {
        el_beep(e->el);
    }
}

static void end_dropped(struct editor *e)
{
    buffer_remove(&e->dropped, 0, e->dropped.len);
    e->mode = ASKING;
    el_beep(e->el);
}

static void end_burst(struct editor *e)
{
    if (e->mode == BURST && thm_port_posix_now_ms() >= e->burst_end)
        end_paste(e);
}

/* --- completion --------------------------------------------------------------------------------- */

static void complete(struct editor *e)
{
    struct buffer choices = {0};
    if (!e->handler.complete)
        return;
    editor_hide(e);
    completion_run(&e->line, &e->cursor, e->handler.complete, e->ctx, &choices);
    if (choices.len > 0)
        editor_print(e, choices.data);
    buffer_free(&choices);
}

/* --- keys --------------------------------------------------------------------------------------- */

static bool is_empty(struct editor *e)
{
    const LineInfo *line = typed(e);
    return e->hidden ? e->line.len == 0 : line->buffer == line->lastchar;
}

static bool is_mark(const char *key, size_t len, const char *mark)
{
    return len == strlen(mark) && memcmp(key, mark, len) == 0;
}

static void press(struct editor *e, const char *key, size_t len)
{
    const char ctrl_c = 'C' & 0x1f, ctrl_d = 'D' & 0x1f;
    if (is_mark(key, len, KEY_PASTE_BEGIN)) {
        e->mode = e->mode == ASKING ? DROPPING : PASTING;
    } else if (is_mark(key, len, KEY_PASTE_END)) {
        return; /* of a paste that was interrupted */
    } else if (e->mode == ASKING) {
        answer(e, key[0]);
    } else if (key[0] == '\r' || key[0] == '\n') {
        enter(e);
    } else if (key[0] == '\t') {
        complete(e);
    } else if (key[0] == ctrl_c) {
        editor_interrupt(e);
    } else if (key[0] == ctrl_d && is_empty(e)) {
        e->handler.end(e->ctx, false);
    } else {
        editor_show(e);
        run_key(e, key, len);
    }
}

static void take_input(struct editor *e)
{
    size_t used = 0;
    while (used < e->input.len) {
        const char *data = e->input.data + used;
        size_t len = e->input.len - used, n;
        if (e->mode == PASTING || e->mode == DROPPING) {
            bool ended, dropping = e->mode == DROPPING;
            n = paste_take(dropping ? &e->dropped : &e->paste, data, len, &ended);
            if (ended)
                (dropping ? end_dropped : end_paste)(e);
        } else {
            n = key_length(data, len);
            if (n > 0)
                press(e, data, n);
        }
        if (n == 0)
            break;
        used += n;
    }
    buffer_remove(&e->input, 0, used);
}

void editor_read(struct editor *e)
{
    char chunk[4096];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        e->handler.end(e->ctx, true);
        return;
    }
    if (e->mode == ASKING && n > ANSWER_MAX && chunk[0] != '\033') {
        el_beep(e->el);
        return;
    }
    if (e->mode == TYPING && paste_suspected(chunk, (size_t)n))
        e->mode = BURST;
    if (e->mode == BURST) {
        buffer_add(&e->paste, chunk, (size_t)n);
        e->burst_end = thm_port_posix_now_ms() + PASTE_SILENCE;
        return;
    }
    buffer_add(&e->input, chunk, (size_t)n);
    take_input(e);
}

uint64_t editor_deadline(const struct editor *e)
{
    return e->mode == BURST ? e->burst_end : UINT64_MAX;
}

/* --- the terminal ------------------------------------------------------------------------------- */

static void enter_terminal(struct editor *e)
{
    el_set(e->el, EL_PREP_TERM, 1);
    fputs(BRACKETS_ON, stdout);
    fflush(stdout);
}

static void leave_terminal(struct editor *e)
{
    editor_hide(e);
    fputs(BRACKETS_OFF, stdout);
    fflush(stdout);
    el_set(e->el, EL_PREP_TERM, 0);
}

/*
 * Others of the same job, stopped already, may have moved the shell to take the terminal back. Then giving it
 * back must not stop us here, before SIGSTOP does: we would go on only to stop again.
 */
void editor_suspend(struct editor *e)
{
    void (*former)(int) = signal(SIGTTOU, SIG_IGN);
    leave_terminal(e);
    signal(SIGTTOU, former);
    raise(SIGSTOP);
    enter_terminal(e);
}

void editor_resize(struct editor *e)
{
    editor_hide(e);
    el_resize(e->el);
}

/* Characters have to be known to libedit before it starts: names here are UTF-8, always. */
static void use_utf8(void)
{
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
}

static void set_up(struct editor *e)
{
    /* Shifting the rest of a row is not reliable beside characters of two columns: draw it again. */
    static const char *const shifts[] = {"ic", "im", "IC", "dc", "dm", "DC"};
    HistEvent event;
    el_set(e->el, EL_CLIENTDATA, e);
    el_set(e->el, EL_EDITOR, "emacs");
    el_set(e->el, EL_SIGNAL, 0);
    el_set(e->el, EL_PROMPT, on_prompt);
    el_set(e->el, EL_GETCFN, on_getc);
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++)
        el_set(e->el, EL_SETTC, shifts[i], "", NULL);
    el_wset(e->el, EL_ADDFN, L"thimble-hide", L"takes the line off the screen", on_hide);
    el_wset(e->el, EL_ADDFN, L"thimble-reset", L"begins a new line", on_reset);
    el_wset(e->el, EL_BIND, (wchar_t[]){KEY_HIDE, 0}, L"thimble-hide", NULL);
    el_wset(e->el, EL_BIND, (wchar_t[]){KEY_RESET, 0}, L"thimble-reset", NULL);
    el_set(e->el, EL_BIND, "^R", "ed-search-prev-history", NULL);
    el_set(e->el, EL_BIND, "\033x", "ed-unassigned", NULL);
    history(e->history, &event, H_SETSIZE, HISTORY_LINES);
    history(e->history, &event, H_SETUNIQUE, 1);
    el_set(e->el, EL_HIST, history, e->history);
    if (e->history_file)
        history(e->history, &event, H_LOAD, e->history_file);
}

static void close_current(void)
{
    editor_close(current);
}

struct editor *editor_open(const char *name, const char *history_file,
                           const struct editor_handler *handler, void *ctx)
{
    static bool registered;
    struct editor *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    use_utf8();
    e->handler = *handler;
    e->ctx = ctx;
    e->history_file = history_file;
    e->history = history_init();
    e->el = el_init(name, stdin, stdout, stderr);
    if (!e->el || !e->history) {
        free(e);
        return NULL;
    }
    set_up(e);
    e->hidden = true; /* nothing is on the screen yet */
    el_set(e->el, EL_UNBUFFERED, 1);
    enter_terminal(e);
    current = e;
    if (!registered)
        atexit(close_current);
    registered = true;
    return e;
}

/* libedit gives the file mode 600. */
static void save_history(struct editor *e)
{
    HistEvent event;
    if (e->history_file)
        history(e->history, &event, H_SAVE, e->history_file);
}

void editor_close(struct editor *e)
{
    if (!e)
        return;
    current = NULL;
    leave_terminal(e);
    save_history(e);
    el_end(e->el);
    history_end(e->history);
    buffer_free(&e->line);
    buffer_free(&e->input);
    buffer_free(&e->paste);
    buffer_free(&e->dropped);
    buffer_free(&e->lines);
    free(e);
}
