/*
 * What the console prints when something went wrong: one sentence each, which names what it is about.
 */
#include "client/console.h"

/* --- answers that are errors ---------------------------------------------------------------- */

/* For all else the server's own words do. */
static const struct {
    int code;
    const char *sentence;
} sentences[] = {
    {THM_E_NO_ROOM, THM_T("you are not in {}: enter it with /join")},
    {THM_E_NO_USER, THM_T("nobody called {} is known here")},
    {THM_E_AWAY, THM_T("{} is not online")},
    {THM_E_ALIAS_TAKEN, THM_T("the alias {} is in use or is somebody's user id")},
};

/* The name that an error is about; empty when there is none. */
static struct thm_slice subject(const struct thm_console *c, const struct thm_msg *m)
{
    if (thm_msg_has(m, THM_KEY_TO))
        return thm_msg_get(m, THM_KEY_TO);
    if (thm_msg_has(m, THM_KEY_ROOM))
        return thm_msg_get(m, THM_KEY_ROOM);
    return thm_slice_of(thm_console_is_about(c, m) ? c->asked.about : "");
}

static void append_problem(struct thm_console *c, const struct thm_msg *m, struct thm_slice name)
{
    int code = thm_msg_code(m, THM_OK);

    for (unsigned i = 0; name.len > 0 && i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].code == code) {
            thm_show_with(c, sentences[i].sentence, name);
            return;
        }
    }
    thm_show_with(c, THM_T("[{}: ]"), name);
    thm_show_format(c, THM_T("{reason}"), m);
}

void thm_trouble_stored(struct thm_console *c)
{
    if (c->store_down)
        thm_show_notice(c, THM_T("the server stores again"), THM_NOTHING);
    c->store_down = false;
}

bool thm_trouble_line(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM), name = subject(c, m);

    if (thm_msg_code(m, THM_OK) == THM_E_STORE) { /* asked again by itself, so it is said once */
        if (c->store_down)
            return false;
        c->store_down = true;
    } else {
        c->errors += !thm_msg_is(m, THM_KEY_IN, "hello");
    }
    if (thm_msg_is(m, THM_KEY_IN, "join") && thm_follow_find(c->config.client, room) == NULL)
        thm_console_exit(c, room);
    thm_show_start(c, THM_STYLE_ERROR, "! ");
    c->piece.room = room;
    append_problem(c, m, name);
    thm_show_end(c);
    return false;
}

/* --- the connection ------------------------------------------------------------------------- */

/* Appends why something ended, and what the server said about it unless that is the same. */
static void append_cause(struct thm_console *c, const struct thm_client_event *e)
{
    char plain[THM_TEXT_PLAIN];
    const char *text = thm_text_plain(thm_error_text(e->code), plain);

    if (THM_CLIENT_PASSCODE && e->wrong != THM_SCRAM_OK) {
        thm_show_str(c, thm_scram_text(e->wrong));
        return;
    }
    thm_show_str(c, text);
    if (e->msg != NULL)
        thm_show_format(c,
                        thm_msg_is(e->msg, THM_KEY_REASON, text)
                            ? THM_T("[, at {address}]")
                            : THM_T("[: {reason}][, at {address}]"),
                        e->msg);
}

void thm_trouble_lost(struct thm_console *c, const struct thm_client_event *e)
{
    bool follows = e->part > 1 && e->csn == c->lost_csn + 1;

    c->lost_csn = e->csn;
    c->errors++;
    if (follows)
        return; /* the part before it was lost as well, and said */
    thm_show_start(c, THM_STYLE_ERROR, THM_T("! not delivered to "));
    thm_show_text(c, e->to);
    thm_show_str(c, ": ");
    append_cause(c, e);
    thm_show_str(c, " ");
    thm_show_quoted(c, e->text);
    thm_show_end(c);
}

static void give_up_answer(struct thm_console *c)
{
    enum thm_type type = (enum thm_type)c->asked.type;

    c->in_history = false;
    if (type == THM_MSG_NONE || type == THM_MSG_HELLO)
        return;
    c->errors++;
    c->asked.type = THM_MSG_NONE;
    thm_show_error(c, THM_T("the answer to /{} was lost with the connection: ask again"),
                   thm_slice_of(thm_type_word(type)));
}

/* That nobody answers the calls is no news once the loss was told. */
static bool is_news(const struct thm_console *c, int code)
{
    if (c->trouble == THM_OK || c->config.client->now - c->trouble_at >= THM_CONSOLE_REMIND_MS)
        return true;
    return code != c->trouble && code != THM_E_CONNECT;
}

static void show_cut(struct thm_console *c, const struct thm_client_event *e)
{
    const struct thm_client *client = c->config.client;

    if (THM_CLIENT_PASSCODE && e->code == THM_E_PASSCODE && e->wrong != THM_SCRAM_OK) {
        thm_show_error(c, thm_scram_text(e->wrong), THM_NOTHING);
        return;
    }
    if (!client->was_online) {
        thm_show_start(c, THM_STYLE_ERROR, THM_T("! can't get to "));
        thm_show_text(c, thm_slice_of(client->config.host));
        thm_show_str(c, ":");
        thm_show_uint(c, client->config.number);
    } else {
        thm_show_start(c, THM_STYLE_ERROR,
                       c->trouble == THM_OK ? THM_T("! the connection is lost")
                                            : THM_T("! still not connected"));
    }
    thm_show_str(c, ": ");
    if (client->was_online && e->code == THM_E_CONNECT)
        thm_show_str(c, THM_T("the server can't be reached"));
    else
        append_cause(c, e);
    thm_show_str(c, THM_T(" (trying again)"));
    thm_show_end(c);
}

void thm_trouble_cut(struct thm_console *c, const struct thm_client_event *e)
{
    if (is_news(c, e->code)) {
        show_cut(c, e);
        c->trouble_at = c->config.client->now;
        c->trouble = e->code;
    }
    give_up_answer(c);
}

void thm_trouble_over(struct thm_console *c)
{
    if (c->trouble != THM_OK && c->welcomed)
        thm_show_notice(c, THM_T("connected again"), THM_NOTHING);
    c->trouble = THM_OK;
}

void thm_trouble_ended(struct thm_console *c, const struct thm_client_event *e)
{
    thm_show_start(c, THM_STYLE_ERROR, "! ");
    append_cause(c, e);
    thm_show_end(c);
}
