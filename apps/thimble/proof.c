/* The passcode that a server asks for: from the person at the terminal, or from a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passcode.h"
#include "report.h"
#include "session.h"

/* Bytes of a line that can't be a passcode any more. */
#define LINE_MAX_BYTES 1024
/* How often a person may type what can't be a passcode. */
#define TRIES 3

static void give(struct session *s, struct passcode *passcode)
{
    thm_client_passcode(&s->client, passcode->text, passcode->len);
    passcode_wipe(passcode);
    s->asked = false;
}

static int fail(const char *file, const char *why)
{
    return report_fail(EXIT_PASSCODE, "%s: %s", file, why);
}

/* The first line of an open file. */
static int read_line(int fd, const char *file, struct passcode *out)
{
    char line[LINE_MAX_BYTES];
    size_t len = 0;
    ssize_t n;
    while (len < sizeof line && (n = read(fd, line + len, sizeof line - len)) > 0)
        len += (size_t)n;
    const char *end = memchr(line, '\n', len);
    if (end)
        len = (size_t)(end - line);
    if (len > 0 && line[len - 1] == '\r')
        len--;
    const char *why = passcode_prepare(out, line, len);
    explicit_bzero(line, sizeof line);
    return why ? fail(file, why) : OPTIONS_OK;
}

static int read_file(const char *file, struct passcode *out)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        int result = fail(file, strerror(errno));
        if (fd >= 0)
            close(fd);
        return result;
    }
    int result;
    if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        result = report_fail(EXIT_PASSCODE,
                             "%s is open to others, and a passcode is nobody else's: chmod 600 %s",
                             file, file);
    else
        result = read_line(fd, file, out);
    close(fd);
    return result;
}

static void give_file(struct session *s)
{
    struct passcode passcode = {0};
    int result = read_file(s->settings->passcode_file, &passcode);
    if (result == OPTIONS_OK)
        give(s, &passcode);
    else
        session_leave(s, result);
}

static void ask(struct session *s)
{
    struct passcode passcode = {0};
    char prompt[512];
    snprintf(prompt, sizeof prompt,
             "passcode for %s at %s: ", thm_credentials_identity(&s->credentials)->user,
             s->settings->server_name);
    const char *why = s->front->passcode(s, &passcode, prompt);
    if (!why) {
        s->asked_times = 0;
        give(s, &passcode);
        return;
    }
    if (s->leaving)
        return; /* by a signal that ended the question */
    report("%s", why);
    if (++s->asked_times == TRIES)
        session_leave(s, EXIT_PASSCODE);
}

void session_prove(struct session *s)
{
    if (!s->asked || s->leaving)
        return;
    if (s->settings->passcode_file)
        give_file(s);
    else if (s->front->passcode)
        ask(s);
    else
        session_leave(s, report_fail(EXIT_PASSCODE,
                                     "the server asks for %s's passcode: name a file that holds it "
                                     "by --passcode-file, or start thimble at a terminal",
                                     thm_credentials_identity(&s->credentials)->user));
}

void session_prove_event(struct session *s, const struct thm_client_event *event)
{
    s->asked = event->kind == THM_CLIENT_ASKED;
    if (event->code == THM_E_PASSCODE && event->wrong == THM_SCRAM_PROOF &&
        s->settings->passcode_file)
        session_leave(s, report_fail(EXIT_PASSCODE, "the passcode in %s is wrong",
                                     s->settings->passcode_file));
}
