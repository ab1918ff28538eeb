#include "line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "thimble/wire.h"

static void put(struct line *l, const char *text, size_t len)
{
    l->full |= l->len + len > sizeof l->text - strlen("\"}\n");
    if (l->full)
        return;
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

void line_str(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

static void put_escape(struct line *l, uint32_t code)
{
    char escape[16];
    unsigned high = 0xd800 + (unsigned)((code - 0x10000) >> 10), low = 0xdc00 + (code & 0x3ff);
    if (code > 0xffff)
        snprintf(escape, sizeof escape, "\\u%04x\\u%04x", high, low);
    else
        snprintf(escape, sizeof escape, "\\u%04x", (unsigned)code);
    line_str(l, escape);
}

/* As in JSON, without the quotes; what a terminal must not see raw, and bytes that are no UTF-8, as escapes. */
static void put_escaped(struct line *l, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        uint32_t code = 0xfffd;
        unsigned n = thm_utf8_next(text, len, &code);
        if (n > 0 && (code == '"' || code == '\\'))
            put(l, (char[]){'\\', *text}, 2);
        else if (n > 0 && thm_utf8_printable(code))
            put(l, text, n);
        else
            put_escape(l, code);
        n = n ? n : 1;
        text += n;
        len -= n;
    }
}

static bool is_plain(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "._:@#/+-[]");
    return len > 0 && text[len] == '\0';
}

static void add_key(struct line *l, const char *key)
{
    if (l->json) {
        line_str(l, l->len > 1 ? ",\"" : "\"");
        line_str(l, key);
        line_str(l, "\":");
    } else {
        line_str(l, " ");
        line_str(l, key);
        line_str(l, "=");
    }
}

void line_text(struct line *l, const char *key, const char *value)
{
    size_t before = l->len;
    if (!value || !*value)
        return;
    bool quoted = l->json || !is_plain(value);
    add_key(l, key);
    line_str(l, quoted ? "\"" : value);
    if (l->full) {
        l->len = before;
    } else if (quoted) {
        put_escaped(l, value);
        l->text[l->len++] = '"';
    }
}

void line_number(struct line *l, const char *key, uint64_t value)
{
    size_t before = l->len;
    char text[24];
    if (value == 0)
        return;
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    add_key(l, key);
    line_str(l, text);
    if (l->full)
        l->len = before;
}

void line_end(struct line *l)
{
    if (l->json)
        l->text[l->len++] = '}';
    l->text[l->len++] = '\n';
}

void line_begin(struct line *l, bool json)
{
    l->json = json;
    l->len = 0;
    l->full = false;
    if (json)
        line_str(l, "{");
}

void line_time(struct line_clock *clock, char text[LINE_TIME_MAX])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (clock->second != now.tv_sec || clock->text[0] == '\0') {
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        strftime(clock->text, sizeof clock->text, "%Y-%m-%dT%H:%M:%S", &tm);
        clock->second = now.tv_sec;
    }
    snprintf(text, LINE_TIME_MAX, "%s.%03dZ", clock->text, (int)(now.tv_nsec / 1000000 % 1000));
}
