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

/* Who says it to whom: "bob: ", "bob whispers (...): ", "-> bob (...): ". */
static void append_speaker(const struct thm_console *c, struct thm_text *t, const struct thm_msg *m)
{
    if (!thm_msg_has(m, THM_KEY_TO)) {
        thm_show_sender(t, m);
    } else if (thm_slice_is(thm_msg_get(m, THM_KEY_FROM), thm_show_own_user(c))) {
        thm_text_str(t, "-> ");
        thm_show_safe(t, thm_msg_get(m, THM_KEY_TO));
        thm_text_str(t, " " THM_SERVER_READS);
    } else {
        thm_show_sender(t, m);
        thm_text_str(t, " whispers " THM_SERVER_READS);
    }
    thm_text_str(t, ": ");
}

static void append_part(struct thm_text *t, unsigned part, unsigned parts)
{
    thm_text_str(t, "(part ");
    thm_text_uint(t, part, 0);
    thm_text_str(t, " of ");
    thm_text_uint(t, parts, 0);
    thm_text_str(t, ") ");
}

/* A long message that was broken off: what came of it is shown all the same. */
static void show_rest(struct thm_console *c, const struct thm_parts_rest *rest)
{
    struct thm_slice stream = thm_slice_of(rest->room);
    struct thm_text t;

    thm_show_begin(c, &t, stream);
    thm_text_str(&t, "! ");
    thm_show_safe(&t, thm_slice_of(rest->from));
    thm_text_str(&t, " did not finish a long message ");
    append_part(&t, rest->have, rest->parts);
    thm_show_text(c, &t, THM_STYLE_ERROR, stream, rest->text);
}

/* Puts a long message together. False: more is to come. */
static bool gather(struct thm_console *c, const struct thm_msg *m, struct thm_slice *text,
                   bool *alone)
{
    struct thm_parts_rest rest;

    *alone = false;
    if (m->type != THM_MSG_PAST && thm_parts_give_up(&c->parts, m, &rest))
        show_rest(c, &rest);
    if (!thm_msg_has(m, THM_KEY_PARTS))
        return true;
    enum thm_parts_got got =
        m->type == THM_MSG_PAST ? THM_PARTS_ALONE : thm_parts_add(&c->parts, m, text);
    *alone = got == THM_PARTS_ALONE;
    return got != THM_PARTS_HELD;
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
    struct thm_text t;

    c->in_history = true;
    thm_show_begin(c, &t, (struct thm_slice){"", 0});
    thm_text_str(&t, "-- history of ");
    thm_show_safe(&t, stream);
    thm_show_end(c, &t, THM_STYLE_NOTICE, stream);
}

void thm_show_said(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice text = thm_msg_get(m, THM_KEY_TEXT), stream = thm_msg_get(m, THM_KEY_ROOM);
    struct thm_text t;
    bool alone;

    if (!gather(c, m, &text, &alone))
        return;
    if (m->type == THM_MSG_PAST && !c->in_history)
        show_header(c, stream);
    enum thm_style style = style_of(c, m, text);
    thm_show_begin(c, &t, stream);
    thm_show_clock(c, &t, m);
    append_speaker(c, &t, m);
    if (alone)
        append_part(&t, (unsigned)thm_msg_get_num(m, THM_KEY_PART, 0),
                    (unsigned)thm_msg_get_num(m, THM_KEY_PARTS, 0));
    thm_show_text(c, &t, style, stream, text);
    if (m->type == THM_MSG_PAST || thm_slice_is(thm_msg_get(m, THM_KEY_FROM), thm_show_own_user(c)))
        return;
    thm_console_note_name(c, m);
    if (m->type == THM_MSG_WHISPER)
        thm_slice_copy(c->reply_to, sizeof c->reply_to, thm_msg_get(m, THM_KEY_FROM));
    else
        count_unread(c, m);
}
