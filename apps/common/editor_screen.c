/*
 * The line on the screen: libedit draws it, and we take it away and put it back around what is printed.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thimble/wire.h"

#include "editor_internal.h"

#define HISTORY_LINES 1000
#define BRACKETS_ON   "\033[?2004h"
#define BRACKETS_OFF  "\033[?2004l"

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

void editor_run_key(struct editor *e, const char *key, size_t len)
{
    int n;
    e->feed = key;
    e->feed_len = len;
    el_wgets(e->el, &n);
    e->feed_len = 0; /* the rest of a sequence that means nothing */
}

void editor_run_command(struct editor *e, wchar_t command)
{
    e->command = command;
    editor_run_key(e, "", 0);
}

const LineInfo *editor_typed(struct editor *e)
{
    return el_line(e->el);
}

bool editor_is_asking(const struct editor *e)
{
    return e->mode == ASKING || e->mode == DROPPING;
}

void editor_hide(struct editor *e)
{
    if (e->hidden)
        return;
    const LineInfo *line = editor_typed(e);
    if (!editor_is_asking(e)) {
        buffer_remove(&e->line, 0, e->line.len);
        buffer_add(&e->line, line->buffer, (size_t)(line->lastchar - line->buffer));
        e->cursor = (size_t)(line->cursor - line->buffer);
    }
    e->hidden = true;
    editor_run_command(e, KEY_HIDE);
}

static size_t make_prompt(struct editor *e, char prompt[PROMPT_MAX])
{
    if (editor_is_asking(e))
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

void editor_show(struct editor *e)
{
    char prompt[PROMPT_MAX];
    editor_end_burst(e);
    make_prompt(e, prompt);
    if (strcmp(prompt, e->prompt) != 0)
        editor_hide(e);
    if (!e->hidden)
        return;
    memcpy(e->prompt, prompt, sizeof prompt);
    e->hidden = false;
    if (e->line.len > 0 && !editor_is_asking(e)) {
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

void editor_leave(struct editor *e)
{
    leave_terminal(e);
}

void editor_return(struct editor *e)
{
    enter_terminal(e);
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
