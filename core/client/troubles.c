/*
 * What the console prints when something went wrong: one sentence each, which names what it is about.
 */
#include "client/console.h"

/* --- answers that are errors ---------------------------------------------------------------- */

/* Sentences with the name in their midst; for all else the server's own words do. */
static const struct {
    int code;
    const char *before, *after;
} sentences[] = {
    {THM_E_NO_ROOM, "you are not in ", ": enter it with /join"},
    {THM_E_NO_USER, "nobody called ", " is known here"},
    {THM_E_AWAY, "", " is not online"},
    {THM_E_ALIAS_TAKEN, "the alias ", " is in use or is somebody's user id"},
};

static int code_of(const struct thm_msg *m)
{
    struct thm_slice word = thm_msg_get(m, THM_KEY_CODE);

    return thm_error_from_word(word.data, (unsigned)word.len);
}

/* The name that an error is about; empty when there is none. */
static struct thm_slice subject(const struct thm_console *c, const struct thm_msg *m)
{
    if (thm_msg_has(m, THM_KEY_TO))
        return thm_msg_get(m, THM_KEY_TO);
    if (thm_msg_has(m, THM_KEY_ROOM))
        return thm_msg_get(m, THM_KEY_ROOM);
    return thm_slice_of(thm_console_is_about(c, m) ? c->asked.about : "");
}

static void append_problem(struct thm_text *t, const struct thm_msg *m, struct thm_slice name)
{
    int code = code_of(m);

    for (unsigned i = 0; name.len > 0 && i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].code != code)
            continue;
        thm_text_str(t, sentences[i].before);
        thm_show_safe(t, name);
        thm_text_str(t, sentences[i].after);
        return;
    }
    thm_show_safe(t, name);
    thm_text_str(t, name.len > 0 ? ": " : "");
    thm_show_safe(t, thm_msg_get(m, THM_KEY_REASON));
}

void thm_trouble_line(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM), in = thm_msg_get(m, THM_KEY_IN);
    struct thm_text t;

    c->errors += !thm_slice_is(in, "hello");
    if (thm_slice_is(in, "join") && thm_follow_find(c->config.client, room) == NULL)
        thm_console_exit(c, room);
    thm_show_begin(c, &t, (struct thm_slice){"", 0});
    thm_text_str(&t, "! ");
    append_problem(&t, m, subject(c, m));
    thm_show_end(c, &t, THM_STYLE_ERROR, room);
}

/* --- the connection ------------------------------------------------------------------------- */

/* Appends why something ended, and what the server said about it unless that is the same. */
static void append_cause(struct thm_text *t, const struct thm_client_event *e)
{
    const char *text = thm_error_text(e->code);

    thm_text_str(t, text);
    if (e->msg == NULL)
        return;
    if (!thm_slice_is(thm_msg_get(e->msg, THM_KEY_REASON), text))
        thm_show_key(t, e->msg, THM_KEY_REASON, ": ");
    thm_show_key(t, e->msg, THM_KEY_ADDRESS, ", at ");
}

static void begin_trouble(struct thm_console *c, struct thm_text *t, const char *lead)
{
    thm_show_begin(c, t, (struct thm_slice){"", 0});
    thm_text_str(t, lead);
}

static void end_trouble(struct thm_console *c, const struct thm_text *t)
{
    thm_show_end(c, t, THM_STYLE_ERROR, (struct thm_slice){"", 0});
}

void thm_trouble_lost(struct thm_console *c, const struct thm_client_event *e)
{
    bool follows = e->part > 1 && e->csn == c->lost_csn + 1;
    struct thm_text t;

    c->lost_csn = e->csn;
    c->errors++;
    if (follows)
        return; /* the part before it was lost as well, and said */
    begin_trouble(c, &t, "! not delivered to ");
    thm_show_safe(&t, e->to);
    thm_text_str(&t, ": ");
    append_cause(&t, e);
    thm_text_char(&t, ' ');
    thm_show_quoted(&t, e->text);
    end_trouble(c, &t);
}

static void give_up_answer(struct thm_console *c)
{
    struct thm_text t;

    c->in_history = false;
    if (c->asked.type == THM_MSG_NONE || c->asked.type == THM_MSG_HELLO)
        return;
    c->errors++;
    begin_trouble(c, &t, "! the answer to /");
    thm_text_str(&t, thm_type_word((enum thm_type)c->asked.type));
    thm_text_str(&t, " was lost with the connection: ask again");
    end_trouble(c, &t);
    c->asked.type = THM_MSG_NONE;
}

/* That nobody answers the calls is no news once the loss was told. */
static bool is_news(const struct thm_console *c, int code)
{
    if (c->trouble == THM_OK || c->config.client->now - c->trouble_at >= THM_CONSOLE_REMIND_MS)
        return true;
    return code != c->trouble && code != THM_E_CONNECT;
}

void thm_trouble_cut(struct thm_console *c, const struct thm_client_event *e)
{
    const struct thm_client *client = c->config.client;
    bool first = c->trouble == THM_OK;
    struct thm_text t;

    if (is_news(c, e->code)) {
        begin_trouble(c, &t, "! ");
        if (!client->was_online) {
            thm_text_str(&t, "can't get to ");
            thm_show_safe(&t, thm_slice_of(client->config.host));
            thm_text_char(&t, ':');
            thm_text_uint(&t, client->config.number, 0);
        } else {
            thm_text_str(&t, first ? "the connection is lost" : "still not connected");
        }
        thm_text_str(&t, ": ");
        if (client->was_online && e->code == THM_E_CONNECT)
            thm_text_str(&t, "the server can't be reached");
        else
            append_cause(&t, e);
        thm_text_str(&t, " (trying again)");
        end_trouble(c, &t);
        c->trouble_at = client->now;
        c->trouble = e->code;
    }
    give_up_answer(c);
}

void thm_trouble_over(struct thm_console *c)
{
    if (c->trouble != THM_OK && c->welcomed)
        thm_show_notice(c, "connected again");
    c->trouble = THM_OK;
}

void thm_trouble_ended(struct thm_console *c, const struct thm_client_event *e)
{
    struct thm_text t;

    begin_trouble(c, &t, "! ");
    append_cause(&t, e);
    end_trouble(c, &t);
}
