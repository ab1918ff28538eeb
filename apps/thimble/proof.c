/* The passcode that a server asks for: from the person at the terminal, or from a file. */
#include <stdio.h>

#include "passcode.h"
#include "passcode_file.h"
#include "report.h"
#include "session.h"

/* How often a person may type what can't be a passcode. */
#define TRIES 3

static void give(struct session *s, struct passcode *passcode)
{
    thm_client_passcode(&s->client, passcode->text, passcode->len);
    passcode_wipe(passcode);
    s->asked = false;
}

static void give_file(struct session *s)
{
    struct passcode passcode = {0};
    int result = passcode_from_file(&passcode, s->settings->passcode_file, EXIT_PASSCODE);
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
             "passcode for %s at %s: ", thm_credentials_identity(s->credentials)->user,
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
                                     thm_credentials_identity(s->credentials)->user));
}

void session_prove_event(struct session *s, const struct thm_client_event *event)
{
    s->asked = event->kind == THM_CLIENT_ASKED;
    if (event->code == THM_E_PASSCODE && event->wrong == THM_SCRAM_PROOF &&
        s->settings->passcode_file)
        session_leave(s, report_fail(EXIT_PASSCODE, "the passcode in %s is wrong",
                                     s->settings->passcode_file));
}
