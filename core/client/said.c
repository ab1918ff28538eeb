/*
 * How the console prints what people say.
 */
#include "client/console.h"

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

static bool in_word(char ch)
{
    char l = lower(ch);

    return (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '_' || (uint8_t)l >= 0x80;
}

/* Whether `name` stands in a text as a whole word; capitals don't matter. */
static bool names(struct thm_slice text, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; len > 0 && i + len <= text.len; i++) {
        size_t same = 0;
        while (same < len && lower(text.data[i + same]) == lower(name[same]))
            same++;
        if (same == len && (i == 0 || !in_word(text.data[i - 1])) &&
            (i + len == text.len || !in_word(text.data[i + len])))
            return true;
    }
    return false;
}

/* A long message that was broken off: what came of it is shown all the same. */
static void show_rest(struct thm_console *c, const struct thm_parts_rest *rest)
{
    thm_show_begin(c, THM_STYLE_ERROR, thm_slice_of(rest->room));
    thm_show_with(c, THM_T("! {} did not finish a long message (part "), thm_slice_of(rest->from));
    thm_show_uint(c, rest->have);
    thm_show_str(c, " of ");
    thm_show_uint(c, rest->parts);
    thm_show_str(c, ") ");
    thm_show_text(c, rest->text);
    thm_show_end(c);
}

/* Puts a long message together; those of the past come in any order. False: more is to come. */
static bool gather(struct thm_console *c, const struct thm_msg *m, struct thm_slice *text)
{
    struct thm_parts_rest rest;

    if (THM_CONSOLE_PARTS == 0 || m->type == THM_MSG_PAST)
        return true;
    if (thm_parts_give_up(&c->parts, m, &rest))
        show_rest(c, &rest);
    return !thm_msg_has(m, THM_KEY_PARTS) || thm_parts_add(&c->parts, m, text) != THM_PARTS_HELD;
}

/* The past follows a header, so that it doesn't look like what is said now. */
static void show_header(struct thm_console *c, struct thm_slice stream)
{
    c->in_history = true;
    thm_show_start(c, THM_STYLE_NOTICE, THM_T("-- history of "));
    c->piece.room = stream;
    thm_show_text(c, stream);
    thm_show_end(c);
}

/* Who says it to whom, by whether it is private and whether it is one's own. */
static const struct {
    enum thm_style style;
    const char *speaker;
} manners[2][2] = {
    {{THM_STYLE_MESSAGE, THM_T("{time}" THM_SHOW_WHO ": ")},
     {THM_STYLE_OWN, THM_T("{time}" THM_SHOW_WHO ": ")}},
    {{THM_STYLE_WHISPER, THM_T("{time}" THM_SHOW_WHO " whispers " THM_SERVER_READS ": ")},
     {THM_STYLE_WHISPER, THM_T("{time}-> {to} " THM_SERVER_READS ": ")}},
};

static void show_said(struct thm_console *c, const struct thm_msg *m, struct thm_slice text,
                      bool own)
{
    bool private = thm_msg_has(m, THM_KEY_TO);
    enum thm_style style = manners[private][own].style;

    if (m->type == THM_MSG_MESSAGE && !own &&
        (names(text, thm_show_own_user(c)) || names(text, c->config.client->alias)))
        style = THM_STYLE_NAMED;
    thm_show_begin(c, style, thm_msg_get(m, THM_KEY_ROOM));
    thm_show_format(c, manners[private][own].speaker, m);
    if (text.data == thm_msg_get(m, THM_KEY_TEXT).data)
        thm_show_format(c, THM_T("[(part {part} of {parts}) ]"), m);
    thm_show_text(c, text);
    thm_show_end(c);
}

/* Somebody else said something just now. */
static void take_notice(struct thm_console *c, const struct thm_msg *m)
{
    int room = thm_console_room(c, thm_msg_get(m, THM_KEY_ROOM));

    thm_console_note_name(c, m);
    if (m->type == THM_MSG_WHISPER)
        thm_msg_copy(m, THM_KEY_FROM, c->reply_to, sizeof c->reply_to);
    else if (room >= 0 && !(thm_console_in_room(c) && strcmp(c->rooms[room].name, c->room) == 0))
        c->rooms[room].unread++;
}

bool thm_show_said(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice text = thm_msg_get(m, THM_KEY_TEXT);
    bool own = thm_msg_is(m, THM_KEY_FROM, thm_show_own_user(c));

#if THM_RECEIPTS
    if (own && m->type == THM_MSG_WHISPER)
        thm_got_whispered(c, m);
#endif
#if THM_CONSOLE_PAGES
    thm_console_showed(c, thm_msg_get(m, THM_KEY_ROOM), thm_msg_get_num(m, THM_KEY_N, 0));
#endif
    if (!gather(c, m, &text))
        return false;
    if (m->type == THM_MSG_PAST && !c->in_history)
        show_header(c, thm_msg_get(m, THM_KEY_ROOM));
    show_said(c, m, text, own);
    if (m->type != THM_MSG_PAST && !own)
        take_notice(c, m);
    return false;
}
