#include "client/console.h"

#define CONTINUED "        | "
#define QUOTED    40 /* bytes */

#define MINUTES_A_DAY 1440

void thm_show_begin(struct thm_console *c, struct thm_text *t, struct thm_slice stream)
{
    thm_text_init(t, c->text, sizeof c->text);
    if (stream.len > 0 && stream.data[0] == '#' && !thm_slice_is(stream, c->room)) {
        thm_show_safe(t, stream);
        thm_text_char(t, ' ');
    }
}

void thm_show_end(struct thm_console *c, const struct thm_text *t, enum thm_style style,
                  struct thm_slice stream)
{
    char room[THM_ROOM_MAX + 1];

    thm_slice_copy(room, sizeof room, stream);
    c->config.print(c->config.ctx, style, room, t->data, t->len);
}

void thm_show_safe(struct thm_text *t, struct thm_slice s)
{
    t->len += thm_text_display(s.data, s.len, false, t->data + t->len, t->cap - t->len);
}

/* A prefix of at most `most` bytes that ends between two characters. */
static size_t cut(struct thm_slice s, size_t most)
{
    if (most >= s.len)
        return s.len;
    while (most > 1 && ((uint8_t)s.data[most] & 0xC0) == 0x80)
        most--;
    return most;
}

void thm_show_quoted(struct thm_text *t, struct thm_slice s)
{
    struct thm_slice start = {s.data, cut(s, QUOTED)};

    thm_text_str(t, "(\"");
    thm_show_safe(t, start);
    thm_text_str(t, start.len < s.len ? " ...\")" : "\")");
}

/* Appends as much of one line as fits; returns the bytes of `s` used. */
static size_t append_piece(struct thm_text *t, struct thm_slice s)
{
    const size_t longest_escape = 16;
    size_t start = t->len, room = t->cap - t->len, most = s.len;

    for (;;) {
        struct thm_slice piece = {s.data, cut(s, most)};
        thm_show_safe(t, piece);
        if (t->len - start + longest_escape < room || piece.len <= 1)
            return piece.len;
        t->len = start; /* it may have been cut off: try half of it */
        most = piece.len / 2;
    }
}

void thm_show_text(struct thm_console *c, struct thm_text *t, enum thm_style style,
                   struct thm_slice stream, struct thm_slice text)
{
    for (;;) {
        const char *newline = memchr(text.data, '\n', text.len);
        struct thm_slice line = {text.data, newline ? (size_t)(newline - text.data) : text.len};
        size_t used = append_piece(t, line);
        thm_show_end(c, t, style, stream);
        used += used == line.len && newline != NULL;
        text.data += used;
        text.len -= used;
        if (text.len == 0)
            return;
        thm_text_init(t, c->text, sizeof c->text);
        thm_text_str(t, CONTINUED);
    }
}

void thm_show_key(struct thm_text *t, const struct thm_msg *m, enum thm_key key, const char *lead)
{
    if (!thm_msg_has(m, key))
        return;
    thm_text_str(t, lead);
    if (thm_key_kind(key) == THM_KIND_UINT)
        thm_text_uint(t, thm_msg_get_num(m, key, 0), 0);
    else
        thm_show_safe(t, thm_msg_get(m, key));
}

static uint64_t local_minutes(const struct thm_console *c, uint64_t utc_ms)
{
    int offset = c->config.utc_offset != NULL ? c->config.utc_offset(c->config.ctx, utc_ms) : 0;
    int64_t minutes = (int64_t)(utc_ms / 60000) + offset;

    return minutes > 0 ? (uint64_t)minutes : 0;
}

static void append_hour(struct thm_text *t, uint64_t minutes)
{
    thm_text_uint(t, minutes / 60 % 24, 2);
    thm_text_char(t, ':');
    thm_text_uint(t, minutes % 60, 2);
}

/* Now, by the server's clock; 0: it has not told. */
static uint64_t utc_now(const struct thm_client *client)
{
    return client->server_time_ms == 0
               ? 0
               : client->server_time_ms + client->now - client->online_since;
}

void thm_show_clock(const struct thm_console *c, struct thm_text *t, const struct thm_msg *m)
{
    uint64_t now = utc_now(c->config.client), time = thm_msg_get_num(m, THM_KEY_TIME, 0);

    if (!thm_msg_has(m, THM_KEY_TIME))
        return;
    thm_text_char(t, '[');
    if (now == 0 || local_minutes(c, time) / MINUTES_A_DAY == local_minutes(c, now) / MINUTES_A_DAY)
        append_hour(t, local_minutes(c, time));
    else
        thm_show_date(c, t, time);
    thm_text_str(t, "] ");
}

void thm_show_date(const struct thm_console *c, struct thm_text *t, uint64_t utc_ms)
{
    uint64_t minutes = local_minutes(c, utc_ms);
    /* Gregorian date of a day, by eras of 400 years that begin in March */
    uint64_t day = minutes / MINUTES_A_DAY + 719468;
    uint64_t era = day / 146097, of_era = day % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153; /* 0: March */

    thm_text_uint(t, era * 400 + year + (month >= 10), 4);
    thm_text_char(t, '-');
    thm_text_uint(t, month < 10 ? month + 3 : month - 9, 2);
    thm_text_char(t, '-');
    thm_text_uint(t, of_year - (153 * month + 2) / 5 + 1, 2);
    thm_text_char(t, ' ');
    append_hour(t, minutes);
}

void thm_show_name(struct thm_text *t, struct thm_slice user, struct thm_slice alias)
{
    thm_show_safe(t, user);
    if (alias.len == 0 || (alias.len == user.len && memcmp(alias.data, user.data, user.len) == 0))
        return;
    thm_text_char(t, '(');
    thm_show_safe(t, alias);
    thm_text_char(t, ')');
}

void thm_show_sender(struct thm_text *t, const struct thm_msg *m)
{
    enum thm_key key = thm_msg_has(m, THM_KEY_USERID) ? THM_KEY_USERID : THM_KEY_FROM;

    thm_show_name(t, thm_msg_get(m, key), thm_msg_get(m, THM_KEY_ALIAS));
}

static void show_plain(struct thm_console *c, enum thm_style style, const char *sign,
                       const char *text)
{
    struct thm_slice nowhere = {"", 0};
    struct thm_text t;

    thm_show_begin(c, &t, nowhere);
    thm_text_str(&t, sign);
    thm_show_text(c, &t, style, nowhere, thm_slice_of(text));
}

void thm_show_notice(struct thm_console *c, const char *text)
{
    show_plain(c, THM_STYLE_NOTICE, "* ", text);
}

void thm_show_error(struct thm_console *c, const char *text)
{
    show_plain(c, THM_STYLE_ERROR, "! ", text);
}
