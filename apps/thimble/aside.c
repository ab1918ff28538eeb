#include "aside.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "session.h"
#include "signals.h"

static void hide_typing(const struct aside *a)
{
    struct termios hidden = a->shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
}

void aside_begin(struct aside *a, struct editor *editor)
{
    if (a->on)
        return;
    editor_leave(editor);
    a->editor = editor;
    a->on = tcgetattr(STDIN_FILENO, &a->shown) == 0;
    if (a->on)
        hide_typing(a);
    else
        editor_return(editor);
}

void aside_end(struct aside *a)
{
    if (!a->on)
        return;
    a->on = false;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &a->shown);
    editor_return(a->editor);
}

void aside_input(struct session *s)
{
    char typed[256];
    ssize_t n = read(STDIN_FILENO, typed, sizeof typed);
    explicit_bzero(typed, sizeof typed);
    if (n == 0)
        session_leave(s, EXIT_DONE);
}

void aside_signal(struct aside *a, struct session *s, int number)
{
    if (number == SIGTSTP) {
        tcsetattr(STDIN_FILENO, TCSANOW, &a->shown);
        raise(SIGSTOP);
        hide_typing(a);
    } else if (number != SIGWINCH) {
        session_leave(s, 128 + number);
    }
}

/* What Ctrl-Z does it does at once: nothing else goes on here. */
const char *aside_ask(struct aside *a, struct session *s, struct editor *editor,
                      struct passcode *out, const char *prompt, const char *after)
{
    struct sigaction stop = {.sa_handler = SIG_DFL}, former;
    int number;
    aside_begin(a, editor);
    tcsetattr(STDIN_FILENO, TCSANOW, &a->shown);
    sigaction(SIGTSTP, &stop, &former);
    const char *why = passcode_ask(out, prompt, after);
    sigaction(SIGTSTP, &former, NULL);
    hide_typing(a);
    while (why && (number = signals_next()) != 0)
        aside_signal(a, s, number);
    return why;
}

static void end_reading(int number)
{
    (void)number;
}

bool aside_read_line(char *line, int cap)
{
    const struct sigaction interrupt = {.sa_handler = end_reading};
    struct sigaction former;
    sigaction(SIGINT, &interrupt, &former);
    bool answered = fgets(line, cap, stdin) != NULL;
    sigaction(SIGINT, &former, NULL);
    return answered;
}
