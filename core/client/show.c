#include "client/console.h"
#include "util/divide.h"
#include "wire/table.h"
#include "wire/utf8.h"

#define CONTINUED "        | "
#define QUOTED    40 /* bytes */

#define MINUTES_A_DAY  1440
#define DAYS_OF_AN_ERA 146097 /* 400 years, after which the calendar repeats itself */

/* --- pieces --------------------------------------------------------------------------------- */

static void print(struct thm_console *c, bool last)
{
    c->text[c->piece.len] = '\0';
    c->piece.last = last;
    c->config.print(c->config.ctx, &c->piece);
    c->piece.first = last;
    c->piece.len = 0;
}

/* Appends bytes that stay together. */
static void put(struct thm_console *c, const char *bytes, size_t len)
{
    if (c->piece.len + len >= sizeof c->text)
        print(c, false);
    memcpy(c->text + c->piece.len, bytes, len);
    c->piece.len += len;
}

void thm_show_begin(struct thm_console *c, enum thm_style style, struct thm_slice stream)
{
    c->piece = (struct thm_piece){.style = style, .room = stream, .text = c->text, .first = true};
    if (stream.len > 0 && stream.data[0] == '#' &&
        !(thm_console_in_room(c) && thm_slice_is(stream, c->room))) {
        thm_show_text(c, stream);
        thm_show_str(c, " ");
    }
}

void thm_show_start(struct thm_console *c, enum thm_style style, const char *lead)
{
    thm_show_begin(c, style, THM_NOTHING);
    thm_show_str(c, lead);
}

void thm_show_end(struct thm_console *c)
{
    print(c, true);
}

void thm_show_str(struct thm_console *c, const char *text)
{
    char plain[THM_TEXT_PLAIN];

    for (text = thm_text_plain(text, plain); *text != '\0'; text++)
        put(c, text, 1);
}

void thm_show_uint(struct thm_console *c, uint64_t value)
{
    char digits[24];
    struct thm_text t;

    thm_text_init(&t, digits, sizeof digits);
    thm_text_uint(&t, value, 0);
    thm_show_str(c, digits);
}

/* Appends one line of foreign text, made printable. */
static void put_line(struct thm_console *c, struct thm_slice s)
{
    uint32_t code, previous = 0;
    char escape[16];

    for (size_t i = 0; i < s.len;) {
        unsigned n = thm_utf8_next(s.data + i, s.len - i, &code);
        if (n > 0 && thm_utf8_shown(previous, code)) {
            put(c, s.data + i, n);
            previous = code;
        } else {
            n = n > 0 ? n : 1;
            put(c, escape, thm_text_display(s.data + i, n, false, escape, sizeof escape));
            previous = 0;
        }
        i += n;
    }
}

void thm_show_text(struct thm_console *c, struct thm_slice text)
{
    const char *newline;

    while ((newline = memchr(text.data, '\n', text.len)) != NULL) {
        struct thm_slice line = {text.data, (size_t)(newline - text.data)};
        put_line(c, line);
        text.data += line.len + 1;
        text.len -= line.len + 1;
        if (text.len == 0)
            return;
        print(c, true);
        thm_show_str(c, CONTINUED);
    }
    put_line(c, text);
}

void thm_show_quoted(struct thm_console *c, struct thm_slice s)
{
    struct thm_slice start = {s.data, s.len < QUOTED ? s.len : QUOTED};

    while (start.len < s.len && start.len > 1 && ((uint8_t)s.data[start.len] & 0xC0) == 0x80)
        start.len--;
    thm_show_str(c, "(\"");
    put_line(c, start);
    thm_show_str(c, start.len < s.len ? " ...\")" : "\")");
}

/* --- time ----------------------------------------------------------------------------------- */

static uint32_t local_minutes(const struct thm_console *c, uint64_t utc_ms)
{
    int offset = c->config.utc_offset != NULL ? c->config.utc_offset(c->config.ctx, utc_ms) : 0;
    int64_t minutes = (int64_t)thm_divide(utc_ms, 60000) + offset;

    return minutes > 0 ? (uint32_t)minutes : 0;
}

/* Days of a month of the Gregorian calendar. */
static uint32_t month_days(uint32_t month, uint32_t year)
{
    if (month == 2)
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return 30 + ((month + month / 8) & 1);
}

/* "YYYY-MM-DD HH:MM", or only the hour */
static void append_date(struct thm_text *t, uint32_t minutes, bool hour_only)
{
    uint32_t day = minutes / MINUTES_A_DAY, era = day / DAYS_OF_AN_ERA;
    uint32_t year = 1970 + 400 * era, month = 1, days;

    day %= DAYS_OF_AN_ERA;
    while (day >= (days = month_days(month, year))) {
        day -= days;
        year += month == 12;
        month = month % 12 + 1;
    }
    const uint32_t numbers[] = {year, month, day + 1, minutes / 60 % 24, minutes % 60};
    for (unsigned i = hour_only ? 3 : 0; i < 5; i++) {
        thm_text_uint(t, numbers[i], i == 0 ? 4 : 2);
        if (i < 4)
            thm_text_char(t, "-- :"[i]);
    }
}

/* "[HH:MM] "; with the date in front unless it is today, by the server's clock. */
static void append_clock(const struct thm_console *c, struct thm_text *t, uint32_t minutes)
{
    const struct thm_client *client = c->config.client;
    uint64_t now = client->server_time_ms; /* at the login; 0: it has not told */
    bool today =
        now == 0 || local_minutes(c, now + client->now - client->online_since) / MINUTES_A_DAY ==
                        minutes / MINUTES_A_DAY;

    thm_text_char(t, '[');
    append_date(t, minutes, today);
    thm_text_str(t, "] ");
}

/* --- formats -------------------------------------------------------------------------------- */

/* The values that a format speaks of. */
struct values {
    const struct thm_msg *msg;
    struct thm_slice it;
    struct thm_text number; /* the last one that was looked up */
    char digits[24];
};

static struct thm_slice number(const struct thm_console *c, struct values *v, enum thm_key key)
{
    uint64_t value = v->msg->v[key].num;
    struct thm_text *t = &v->number;

    thm_text_init(t, v->digits, sizeof v->digits);
    if (key == THM_KEY_TIME)
        append_clock(c, t, local_minutes(c, value));
    else if (key == THM_KEY_SINCE)
        append_date(t, local_minutes(c, value), false);
    else
        thm_text_uint(t, value, 0);
    return (struct thm_slice){t->data, t->len};
}

/* The value of a name that ends with "}"; empty: there is none. */
static struct thm_slice look_up(const struct thm_console *c, struct values *v, const char *name)
{
    size_t len = (size_t)(strchr(name, '}') - name);
    const struct thm_slice none = {"", 0};

    if (len == 0)
        return v->it;
    enum thm_key key = thm_key_find(name, len);
    if (key == THM_KEYS_END) { /* {user} or {nick} */
        struct thm_slice user = thm_show_user(v->msg), nick = thm_msg_get(v->msg, THM_KEY_ALIAS);
        if (name[0] == 'u')
            return user;
        return nick.len == user.len && memcmp(nick.data, user.data, nick.len) == 0 ? none : nick;
    }
    if (!thm_msg_has(v->msg, key))
        return none;
    return thm_key_kind(key) == THM_KIND_UINT ? number(c, v, key) : v->msg->v[key].str;
}

/* The "|" or "]" that ends what a "[" or "|" before `at` began. */
static const char *skip(const char *at)
{
    for (unsigned depth = 0; depth > 0 || (*at != '|' && *at != ']'); at++) {
        if (*at == '[')
            depth++;
        else if (*at == ']')
            depth--;
    }
    return at;
}

static void show_format(struct thm_console *c, const char *format, struct values *v)
{
    char plain[THM_TEXT_PLAIN];

    for (const char *at = thm_text_plain(format, plain); *at != '\0'; at++) {
        switch (*at) {
        case '[':
            if (look_up(c, v, strchr(at, '{') + 1).len == 0)
                at = skip(at + 1);
            break;
        case '|': at = skip(at + 1); break;
        case ']': break;
        case '{':
            thm_show_text(c, look_up(c, v, at + 1));
            at = strchr(at, '}');
            break;
        default: put(c, at, 1);
        }
    }
}

void thm_show_format(struct thm_console *c, const char *format, const struct thm_msg *msg)
{
    struct values v;

    v.msg = msg;
    show_format(c, format, &v);
}

void thm_show_with(struct thm_console *c, const char *format, struct thm_slice it)
{
    struct values v;

    v.it = it;
    show_format(c, format, &v);
}

void thm_show_notice(struct thm_console *c, const char *format, struct thm_slice it)
{
    thm_show_start(c, THM_STYLE_NOTICE, "* ");
    thm_show_with(c, format, it);
    thm_show_end(c);
}

void thm_show_error(struct thm_console *c, const char *format, struct thm_slice it)
{
    thm_show_start(c, THM_STYLE_ERROR, "! ");
    thm_show_with(c, format, it);
    thm_show_end(c);
}
