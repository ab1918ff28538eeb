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

static enum thm_style style_of(const struct thm_console *c, const struct thm_msg *m,
                               struct thm_slice text)
{
    if (thm_msg_has(m, THM_KEY_TO))
        return THM_STYLE_WHISPER;
    if (thm_slice_is(thm_msg_get(m, THM_KEY_FROM), thm_show_own_user(c)))
        return THM_STYLE_OWN;
    bool named = m->type == THM_MSG_MESSAGE &&
                 (names(text, thm_show_own_user(c)) || names(text, c->config.client->alias));
    return named ? THM_STYLE_NAMED : THM_STYLE_MESSAGE;
}

/* Who says it to whom. */
static const char *speaker(const struct thm_console *c, const struct thm_msg *m)
{
    if (!thm_msg_has(m, THM_KEY_TO))
        return "{time}" THM_SHOW_WHO ": ";
    if (thm_slice_is(thm_msg_get(m, THM_KEY_FROM), thm_show_own_user(c)))
        return "{time}-> {to} " THM_SERVER_READS ": ";
    return "{time}" THM_SHOW_WHO " whispers " THM_SERVER_READS ": ";
}

/* A long message that was broken off: what came of it is shown all the same. */
static void show_rest(struct thm_console *c, const struct thm_parts_rest *rest)
{
    thm_show_begin(c, THM_STYLE_ERROR, thm_slice_of(rest->room));
    thm_show_format(c, "! {} did not finish a long message (part ", NULL, thm_slice_of(rest->from));
    thm_show_uint(c, rest->have);
    thm_show_str(c, " of ");
    thm_show_uint(c, rest->parts);
    thm_show_str(c, ") ");
    thm_show_text(c, rest->text);
    thm_show_end(c);
}

/* Puts a long message together; of the past they come in any order. */
static enum thm_parts_got gather(struct thm_console *c, const struct thm_msg *m,
                                 struct thm_slice *text)
{
    struct thm_parts_rest rest;

    if (THM_CONSOLE_PARTS > 0 && m->type != THM_MSG_PAST) {
        if (thm_parts_give_up(&c->parts, m, &rest))
            show_rest(c, &rest);
        if (thm_msg_has(m, THM_KEY_PARTS))
            return thm_parts_add(&c->parts, m, text);
    }
    return THM_PARTS_ALONE;
}

static void count_unread(struct thm_console *c, const struct thm_msg *m)
{
    int room = thm_console_room(c, thm_msg_get(m, THM_KEY_ROOM));

    if (room >= 0 && strcmp(c->rooms[room].name, c->room) != 0)
        c->rooms[room].unread++;
}

/* The past follows a header, so that it doesn't look like what is said now. */
static void show_header(struct thm_console *c, struct thm_slice stream)
{
    c->in_history = true;
    thm_show_begin(c, THM_STYLE_NOTICE, THM_NOTHING);
    c->piece.room = stream;
    thm_show_format(c, "-- history of {}", NULL, stream);
    thm_show_end(c);
}

static void show_said(struct thm_console *c, const struct thm_msg *m, struct thm_slice text,
                      const char *part)
{
    thm_show_begin(c, style_of(c, m, text), thm_msg_get(m, THM_KEY_ROOM));
    thm_show_format(c, speaker(c, m), m, THM_NOTHING);
    thm_show_format(c, part, m, THM_NOTHING);
    thm_show_text(c, text);
    thm_show_end(c);
}

bool thm_show_said(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice text = thm_msg_get(m, THM_KEY_TEXT);
    enum thm_parts_got got = gather(c, m, &text);

    if (got == THM_PARTS_HELD)
        return false;
    if (m->type == THM_MSG_PAST && !c->in_history)
        show_header(c, thm_msg_get(m, THM_KEY_ROOM));
    show_said(c, m, text, got == THM_PARTS_ALONE ? "[(part {part} of {parts}) ]" : "");
    if (m->type == THM_MSG_PAST || thm_slice_is(thm_msg_get(m, THM_KEY_FROM), thm_show_own_user(c)))
        return false;
    thm_console_note_name(c, m);
    if (m->type == THM_MSG_WHISPER)
        thm_slice_copy(c->reply_to, sizeof c->reply_to, thm_msg_get(m, THM_KEY_FROM));
    else
        count_unread(c, m);
    return false;
}
