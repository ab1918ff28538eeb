/*
 * What the console prints of direct sessions.
 */
#include "client/direct.h"

#if THM_CALLS > 0

/* --- what is said --------------------------------------------------------------------------- */

/* The time now, by the server's clock as it was told at the login. */
static void show_clock(struct thm_console *c)
{
    const struct thm_client *client = c->config.client;
    struct thm_msg m;

    if (client->server_time_ms == 0)
        return;
    thm_msg_init(&m, THM_MSG_NOTICE);
    thm_msg_num(&m, THM_KEY_TIME, client->server_time_ms + client->now - client->online_since);
    thm_show_format(c, "{time}", &m);
}

/* No line of a room looks like this: there a user id follows the time, and ids have no space. */
static void show_line(struct thm_console *c, const char *lead, const char *format, unsigned call,
                      struct thm_slice text)
{
    thm_show_start(c, THM_STYLE_DIRECT, lead);
    show_clock(c);
    thm_show_with(c, format, thm_slice_of(c->direct[call].name));
    thm_show_text(c, text);
    thm_show_end(c);
}

void thm_direct_show_own(struct thm_console *c, unsigned call, struct thm_slice text, bool waits)
{
    show_line(c, waits ? THM_T("(waiting) ") : "", THM_T("direct -> {}: "), call, text);
}

void thm_direct_show_said(struct thm_console *c, unsigned call, struct thm_slice text)
{
    if (c->place != call + 1)
        c->direct[call].unread++;
    show_line(c, "", THM_T("direct {}: "), call, text);
}

void thm_console_print(struct thm_console *c, enum thm_style style, const char *lead,
                       struct thm_slice text)
{
    thm_show_start(c, style, lead);
    thm_show_text(c, text);
    thm_show_end(c);
}

/* --- names ---------------------------------------------------------------------------------- */

/* Whether another session is with the same user, or is called so. */
static bool is_taken(const struct thm_console *c, unsigned call, const char *user)
{
    for (unsigned i = 0; i < THM_CALLS; i++)
        if (i != call && strcmp(c->direct[i].name, user) == 0)
            return true;
    return false;
}

/* Gives a session its name: as it was called, or who it is with. */
static void name(struct thm_console *c, unsigned call, const struct thm_identity *peer)
{
    const struct thm_call *at = thm_call_at(c->config.calls, call);
    struct thm_text t;

    if (c->direct[call].name[0] != '\0')
        return;
    thm_text_init(&t, c->direct[call].name, sizeof c->direct[call].name);
    if (peer == NULL || (!at->incoming && at->target[0] != '\0')) {
        thm_text_str(&t, at->target);
        return;
    }
    thm_text_str(&t, peer->user);
    if (is_taken(c, call, peer->user)) {
        thm_text_char(&t, '@');
        thm_text_str(&t, peer->device);
    }
}

/* --- how it goes ---------------------------------------------------------------------------- */

static void notice(struct thm_console *c, const struct thm_call_event *e, const char *format)
{
    thm_show_notice(c, format, thm_slice_of(c->direct[e->call].name));
}

static void show_progress(struct thm_console *c, const struct thm_call_event *e)
{
    if (e->state != THM_CALL_CALLING)
        return;
    switch (e->path) {
    case THM_PATH_LOOKUP: notice(c, e, THM_T("calling {}: looking it up")); break;
    case THM_PATH_DIALLING: notice(c, e, THM_T("calling {}: connecting directly")); break;
    case THM_PATH_OPENING: notice(c, e, THM_T("calling {}: by the server's relay")); break;
    case THM_PATH_REQUESTING: notice(c, e, THM_T("calling {}: it rings there")); break;
    default: break; /* of no interest for as long as it lasts */
    }
}

static void show_peer(struct thm_console *c, const struct thm_identity *peer)
{
    thm_show_str(c, peer->user);
    thm_show_str(c, "@");
    thm_show_str(c, peer->device);
}

static void show_elsewhere(struct thm_console *c, const struct thm_call_event *e)
{
    if (e->elsewhere)
        notice(c, e,
               THM_T("the server sees {} at another address than where this comes from: a "
                     "translator, or a VPN, may be in between"));
}

static void show_ring(struct thm_console *c, const struct thm_call_event *e)
{
    c->direct[e->call].rang = true;
    thm_show_start(c, THM_STYLE_NAMED, "* ");
    show_peer(c, e->peer);
    thm_show_str(c, THM_T(" calls, and is verified: /answer or /decline"));
    thm_show_end(c);
    show_elsewhere(c, e);
}

static void show_standing(struct thm_console *c, const struct thm_call_event *e)
{
    bool here = c->place == e->call + 1;

    c->direct[e->call].stood = true;
    thm_show_start(c, here ? THM_STYLE_NOTICE : THM_STYLE_NAMED, THM_T("* you talk to "));
    show_peer(c, e->peer);
    thm_show_str(c, e->relayed ? THM_T(" by the server's relay, which can't read it")
                               : THM_T(" directly"));
    if (!here)
        thm_show_with(c, THM_T(": /switch {}"), thm_slice_of(c->direct[e->call].name));
    thm_show_end(c);
    if (!c->direct[e->call].rang)
        show_elsewhere(c, e);
}

static void show_move(struct thm_console *c, const struct thm_call_event *e)
{
    if (e->state == THM_CALL_MENDING)
        thm_show_error(
            c, THM_T("the path to {} broke: looking for another; what is said meanwhile waits"),
            thm_slice_of(c->direct[e->call].name));
    else
        notice(c, e,
               e->relayed ? THM_T("to {}: by the server's relay now, which can't read it")
                          : THM_T("to {}: directly now"));
}

/* --- how it ends ---------------------------------------------------------------------------- */

/* Why it ended; all else is said in the words of the error. */
static const struct {
    int code;
    const char *sentence;
} endings[] = {
    {THM_E_AWAY, THM_T("{} is not online, or can't be called")},
    {THM_E_BUSY, THM_T("{} is busy: try again later")},
    {THM_E_UNAVAILABLE, THM_T("{} is away: try again later, or /whisper")},
    {THM_E_DECLINED, THM_T("{} declined")},
    {THM_E_NO_ANSWER, THM_T("{} did not answer")},
};

static void show_reason(struct thm_console *c, struct thm_slice reason)
{
    if (reason.len == 0)
        return;
    thm_show_str(c, " ");
    thm_show_quoted(c, reason);
}

static void show_failure(struct thm_console *c, const struct thm_call_event *e)
{
    struct thm_slice who = thm_slice_of(c->direct[e->call].name);
    unsigned i = 0;

    c->errors += !e->incoming || c->direct[e->call].stood;
    while (i < sizeof endings / sizeof endings[0] && endings[i].code != e->code)
        i++;
    thm_show_start(c, THM_STYLE_ERROR, "! ");
    if (!c->direct[e->call].stood && i < sizeof endings / sizeof endings[0]) {
        thm_show_with(c, endings[i].sentence, who);
    } else {
        thm_show_with(c,
                      c->direct[e->call].stood ? THM_T("the direct session with {} is over: ")
                      : e->incoming            ? THM_T("a call by {} came to nothing: ")
                                               : THM_T("no direct session with {}: "),
                      who);
        thm_show_str(c, thm_error_text(e->code));
    }
    show_reason(c, e->reason);
    thm_show_end(c);
}

static void show_end(struct thm_console *c, const struct thm_call_event *e)
{
    const struct thm_console_direct *d = &c->direct[e->call];
    const char *format;

    if (d->stood)
        format = e->ours ? THM_T("the direct session with {} is over")
                         : THM_T("{} has ended the direct session");
    else if (!e->incoming)
        format = THM_T("{} is not called any more");
    else
        format = THM_T("you declined {}'s call");
    thm_show_start(c, THM_STYLE_NOTICE, "* ");
    thm_show_with(c, format, thm_slice_of(d->name));
    show_reason(c, e->reason);
    thm_show_end(c);
}

static void show_unsaid(struct thm_console *c, const struct thm_call_event *e)
{
    if (e->unsaid == 0)
        return;
    c->errors++;
    thm_show_start(c, THM_STYLE_ERROR, THM_T("! lines there that were not acknowledged: "));
    thm_show_uint(c, e->unsaid);
    thm_show_end(c);
}

/* The other side called as well, and that call stands: it takes the place of ours. */
static void cross(struct thm_console *c, const struct thm_call_event *e)
{
    unsigned other = thm_direct_find(c, thm_slice_of(c->direct[e->call].name), THM_CALLS_RINGING);

    if (c->place == e->call + 1 && other < THM_CALLS)
        thm_direct_turn_to(c, other);
}

static void end(struct thm_console *c, const struct thm_call_event *e)
{
    struct thm_console_direct *d = &c->direct[e->call];

    if (!d->stood && !d->rang && (e->incoming || e->code == THM_E_CROSSING)) {
        cross(c, e); /* of what was not shown the end isn't, either */
    } else if (e->incoming && !d->stood && e->code == THM_E_NO_ANSWER) {
        notice(c, e, THM_T("{} called, and you did not answer"));
    } else if (e->incoming && !d->stood && e->code == THM_E_CLOSED) {
        notice(c, e, THM_T("{} does not call any more"));
    } else if (e->code == THM_OK) {
        show_end(c, e);
    } else {
        show_failure(c, e);
    }
    show_unsaid(c, e);
    memset(d, 0, sizeof *d);
    if (c->place != e->call + 1)
        return;
    thm_console_to_room(c);
    thm_console_turn_to(c, c->room);
    c->lapsed = !e->ours;
}

/* --- events --------------------------------------------------------------------------------- */

void thm_console_call_event(struct thm_console *c, const struct thm_call_event *e)
{
    if (e->kind == THM_CALL_FOUND) {
        thm_direct_found(c, e);
        return;
    }
    name(c, e->call, e->peer);
    if (e->peer != NULL && e->kind != THM_CALL_OVER)
        thm_direct_judge(c, e->call, e->peer, e->kind == THM_CALL_STANDS);
    switch (e->kind) {
    case THM_CALL_PROGRESS: show_progress(c, e); break;
    case THM_CALL_RINGS: show_ring(c, e); break;
    case THM_CALL_STANDS: show_standing(c, e); break;
    case THM_CALL_MOVED: show_move(c, e); break;
    case THM_CALL_TEXT: thm_direct_show_said(c, e->call, e->text); break;
    case THM_CALL_OVER: end(c, e); break;
    case THM_CALL_FOUND: break;
    }
}

#endif
