#include "passcode.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <stringprep.h>
#include <termios.h>
#include <unistd.h>

#include "thimble/wire.h"

#define NAMED(number) TEXT_OF(number)
#define TEXT_OF(text) #text

/* Bytes of what is typed: preparing makes it shorter as a rule, and at most a few times as long. */
#define TYPED_MAX (4 * PASSCODE_MAX)

void passcode_wipe(struct passcode *passcode)
{
    explicit_bzero(passcode, sizeof *passcode);
}

/* --- preparing --- */

static const char *refusal(int result)
{
    switch (result) {
    case STRINGPREP_CONTAINS_UNASSIGNED:
        return "a passcode can't have characters that are newer than Unicode 3.2, such as emoji";
    case STRINGPREP_CONTAINS_PROHIBITED:
        return "a passcode can't have control, private or invisible characters";
    case STRINGPREP_BIDI_BOTH_L_AND_RAL:
    case STRINGPREP_BIDI_LEADTRAIL_NOT_RAL:
    case STRINGPREP_BIDI_CONTAINS_PROHIBITED:
        return "a passcode with letters that are written from right to left must begin and end "
               "with "
               "one, and have none that are written from left to right";
    case STRINGPREP_MALLOC_ERROR: return "there is no memory to prepare the passcode";
    default: return "the passcode could not be prepared";
    }
}

/* Whether it is UTF-8, and whether that is all ASCII. */
static bool look_at(const char *typed, size_t len, bool *ascii)
{
    *ascii = true;
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t code;
        n = thm_utf8_next(typed + at, len - at, &code);
        if (n == 0)
            return false;
        *ascii = *ascii && n == 1;
    }
    return true;
}

static bool has_control(const char *typed, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)typed[i] < 0x20 || typed[i] == 0x7f)
            return true;
    return false;
}

static const char *take(struct passcode *out, const char *prepared, size_t len)
{
    if (len < PASSCODE_MIN)
        return "a passcode must have at least " NAMED(PASSCODE_MIN) " bytes";
    if (len > PASSCODE_MAX)
        return "a passcode can have " NAMED(PASSCODE_MAX) " bytes at most";
    memcpy(out->text, prepared, len);
    out->len = len;
    return NULL;
}

/* Of ASCII SASLprep changes nothing; the rest is libidn's. */
static const char *prepare(struct passcode *out, const char *typed, size_t len)
{
    char copy[TYPED_MAX + 1], *prepared = NULL;
    const char *why;
    bool ascii;

    if (len > TYPED_MAX)
        return take(out, typed, len);
    if (!look_at(typed, len, &ascii))
        return "the passcode is not valid UTF-8";
    if (has_control(typed, len))
        return refusal(STRINGPREP_CONTAINS_PROHIBITED);
    if (ascii)
        return take(out, typed, len);
    memcpy(copy, typed, len);
    copy[len] = '\0';
    int result = stringprep_profile(copy, &prepared, "SASLprep", STRINGPREP_NO_UNASSIGNED);
    explicit_bzero(copy, sizeof copy);
    if (result != STRINGPREP_OK)
        return refusal(result);
    why = take(out, prepared, strlen(prepared));
    explicit_bzero(prepared, strlen(prepared));
    free(prepared);
    return why;
}

const char *passcode_prepare(struct passcode *out, const char *typed, size_t len)
{
    passcode_wipe(out); /* it is written only when all is well */
    return prepare(out, typed, len);
}

/* --- asking --- */

static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
#define ENDING (sizeof ending / sizeof *ending)

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* Signals as they were. While it is asked they are blocked, but for the moments in which it waits: so none is missed
 * between looking and waiting. */
struct signals {
    struct sigaction actions[ENDING];
    sigset_t mask;
};

static void catch_signals(struct signals *before)
{
    sigset_t blocked;
    struct sigaction action = {.sa_handler = on_signal};

    caught = 0;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < ENDING; i++)
        sigaddset(&blocked, ending[i]);
    sigprocmask(SIG_BLOCK, &blocked, &before->mask);
    for (size_t i = 0; i < ENDING; i++) {
        sigaction(ending[i], NULL, &before->actions[i]);
        if (before->actions[i].sa_handler != SIG_IGN)
            sigaction(ending[i], &action, NULL);
    }
}

static void let_signals_go(const struct signals *before)
{
    for (size_t i = 0; i < ENDING; i++)
        sigaction(ending[i], &before->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

enum answer { LINE, END, FAILED, SIGNAL };

/* Reads a line byte by byte: what follows it on a pipe is somebody else's. What does not fit is counted, not kept. */
static enum answer read_line(char *typed, size_t *len, const sigset_t *waiting)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;

    for (*len = 0;; (*len)++) {
        ssize_t n = -1;
        while (n < 0) {
            int ready = ppoll(&input, 1, NULL, waiting);
            if (caught)
                return SIGNAL;
            if (ready < 0 && errno != EINTR)
                return FAILED;
            if (ready < 0)
                continue;
            n = read(STDIN_FILENO, &byte, 1);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return FAILED;
        }
        if (n == 0)
            return *len > 0 ? LINE : END;
        if (byte == '\n')
            return LINE;
        if (*len < TYPED_MAX)
            typed[*len] = byte;
    }
}

static void print(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n;
}

/* Asks once. The terminal is as before when it returns. */
static enum answer ask(const char *prompt, const char *after, char *typed, size_t *len)
{
    struct termios shown, hidden;
    struct signals before;
    enum answer answer;
    bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;

    catch_signals(&before);
    if (terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
        hidden.c_lflag |= ICANON | ISIG;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
        print(prompt);
    }
    answer = read_line(typed, len, &before.mask);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        print(after);
    }
    let_signals_go(&before);
    return answer;
}

static const char *prepare_answer(struct passcode *out, enum answer answer, const char *typed,
                                  size_t len)
{
    switch (answer) {
    case LINE:
        if (len > 0 && len <= TYPED_MAX && typed[len - 1] == '\r')
            len--;
        return passcode_prepare(out, typed, len);
    case END: return "no passcode was given";
    case SIGNAL: return "the question for the passcode was interrupted";
    default: return "the passcode could not be read";
    }
}

const char *passcode_ask(struct passcode *out, const char *prompt, const char *after)
{
    char typed[TYPED_MAX];
    enum answer answer;
    size_t len;

    passcode_wipe(out);
    for (;;) {
        answer = ask(prompt, after, typed, &len);
        if (answer != SIGNAL)
            break;
        int number = caught;
        raise(number); /* to whom it was meant for */
        if (number != SIGTSTP)
            break;
    }
    const char *why = prepare_answer(out, answer, typed, len);
    explicit_bzero(typed, sizeof typed);
    return why;
}

const char *passcode_read(struct passcode *out, const char *prompt)
{
    return passcode_ask(out, prompt, "\n");
}

const char *passcode_read_new(struct passcode *out)
{
    struct passcode again;
    const char *why = passcode_read(out, "Passcode: ");
    if (why || !isatty(STDIN_FILENO))
        return why;
    why = passcode_read(&again, "The same again: ");
    if (!why && (again.len != out->len || memcmp(again.text, out->text, again.len) != 0))
        why = "these were two different passcodes";
    passcode_wipe(&again);
    if (why)
        passcode_wipe(out);
    return why;
}
