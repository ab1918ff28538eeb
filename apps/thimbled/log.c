#include "log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "editor.h"

#define LINE_MAX_BYTES 4096
#define PIECE          4096 /* bytes that a pipe takes without blocking when it says that it is ready */
#define SHORT_HASH     8 /* bytes of a key hash in text, as "thimble-ca list" shows them */

/* One line on its way. What does not fit is left out; what closes values and the line always fits. */
struct line {
    const struct log *log;
    char text[LINE_MAX_BYTES];
    size_t len;
    bool full;
};

static const struct {
    const char *word;
    int priority; /* of syslog (RFC 5424, section 6.2.1) */
} levels[] = {[THM_LOG_ERROR] = {"ERROR", 3},
              [THM_LOG_WARNING] = {"WARNING", 4},
              [THM_LOG_INFO] = {"INFO", 6},
              [THM_LOG_DEBUG] = {"DEBUG", 7}};

/* --- values ------------------------------------------------------------------------------------- */

static void put(struct line *l, const char *text, size_t len)
{
    l->full |= l->len + len > sizeof l->text - strlen("\"}\n");
    if (l->full)
        return;
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

static void put_str(struct line *l, const char *text)
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
    put_str(l, escape);
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
    if (l->log->json) {
        put_str(l, l->len > 1 ? ",\"" : "\"");
        put_str(l, key);
        put_str(l, "\":");
    } else {
        put_str(l, " ");
        put_str(l, key);
        put_str(l, "=");
    }
}

/* Both leave a value out altogether when not even its beginning fits. */
static void add_text(struct line *l, const char *key, const char *value)
{
    size_t before = l->len;
    if (!value || !*value)
        return;
    bool quoted = l->log->json || !is_plain(value);
    add_key(l, key);
    put_str(l, quoted ? "\"" : value);
    if (l->full) {
        l->len = before;
    } else if (quoted) {
        put_escaped(l, value);
        l->text[l->len++] = '"';
    }
}

static void add_number(struct line *l, const char *key, uint64_t value)
{
    size_t before = l->len;
    char text[24];
    if (value == 0)
        return;
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    add_key(l, key);
    put_str(l, text);
    if (l->full)
        l->len = before;
}

/* --- lines -------------------------------------------------------------------------------------- */

static void utc(struct log *log, char text[32])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (log->second != now.tv_sec || log->clock[0] == '\0') {
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        strftime(log->clock, sizeof log->clock, "%Y-%m-%dT%H:%M:%S", &tm);
        log->second = now.tv_sec;
    }
    snprintf(text, 32, "%s.%03dZ", log->clock, (int)(now.tv_nsec / 1000000 % 1000));
}

static void begin(struct line *l, struct log *log, enum thm_log_level level, const char *event)
{
    char time_text[32], prefix[8];
    l->log = log;
    l->len = 0;
    l->full = false;
    utc(log, time_text);
    if (log->json) {
        put_str(l, "{");
        add_text(l, "time", time_text);
        add_text(l, "level", levels[level].word);
        add_text(l, "event", event);
        return;
    }
    snprintf(prefix, sizeof prefix, "<%d>", levels[level].priority);
    put_str(l, log->journal ? prefix : time_text);
    put_str(l, log->journal ? "" : " ");
    put_str(l, levels[level].word);
    put_str(l, " ");
    put_str(l, event);
}

static void end(struct line *l, struct log *log)
{
    if (log->json)
        l->text[l->len++] = '}';
    l->text[l->len++] = '\n';
    if (log->held_len + l->len > sizeof log->held && !log_flush(log) &&
        log->held_len + l->len > sizeof log->held) {
        log->dropped++;
        return;
    }
    memcpy(log->held + log->held_len, l->text, l->len);
    log->held_len += l->len;
}

static bool writable(int timeout_ms)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&fd, 1, timeout_ms) != 0;
}

/* Writes once. False: stderr takes nothing now. */
static bool write_some(struct log *log, int timeout_ms)
{
    if (!writable(timeout_ms))
        return false;
    ssize_t n = write(STDERR_FILENO, log->held, log->held_len < PIECE ? log->held_len : PIECE);
    if (n < 0)
        n = (ssize_t)log->held_len; /* nobody is left to be told */
    log->held_len -= (size_t)n;
    memmove(log->held, log->held + n, log->held_len);
    return true;
}

bool log_flush(struct log *log)
{
    if (log->held_len > 0 && log->editor)
        editor_hide(log->editor);
    while (log->held_len > 0)
        if (!write_some(log, 0))
            return false;
    if (log->dropped > 0) {
        char text[64];
        snprintf(text, sizeof text, "%llu lines of the log found no room",
                 (unsigned long long)log->dropped);
        log->dropped = 0;
        log_note(log, THM_LOG_WARNING, "log-dropped", text);
    }
    return log->held_len == 0;
}

void log_drain(struct log *log)
{
    while (log->held_len > 0 && write_some(log, 1000))
        continue;
}

void log_record(void *ctx, const struct thm_log_record *r)
{
    struct log *log = ctx;
    struct line line;
    char address[THM_ADDRESS_TEXT_MAX] = "", hash[2 * THM_KEY_HASH + 1] = "";
    if (r->level > log->level)
        return;
    if (r->address)
        thm_address_text(r->address, address);
    for (size_t i = 0; r->key_hash && i < (log->json ? THM_KEY_HASH : SHORT_HASH); i++)
        snprintf(hash + 2 * i, 3, "%02x", r->key_hash[i]);
    begin(&line, log, r->level, r->event);
    add_number(&line, "connection", r->connection);
    add_text(&line, "address", address);
    add_text(&line, "user", r->user);
    add_text(&line, "device", r->device);
    add_text(&line, "alias", r->alias);
    add_text(&line, "key_hash", hash);
    add_text(&line, "room", r->room);
    add_number(&line, "n", r->n);
    add_number(&line, "size", r->size);
    if (r->code != THM_OK) {
        add_text(&line, "code", thm_error_word(r->code));
        add_text(&line, "reason", thm_error_text(r->code));
    }
    add_text(&line, "detail", r->detail);
    end(&line, log);
}

void log_note(struct log *log, enum thm_log_level level, const char *event, const char *detail)
{
    const struct thm_log_record record = {.level = level, .event = event, .detail = detail};
    log_record(log, &record);
}

/* The journal names its socket by device and inode (systemd.exec(5), JOURNAL_STREAM). */
static bool leads_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat stat_buf;
    char own[64];
    if (!stream || fstat(STDERR_FILENO, &stat_buf) < 0)
        return false;
    snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)stat_buf.st_dev,
             (unsigned long long)stat_buf.st_ino);
    return strcmp(stream, own) == 0;
}

void log_open(struct log *log, enum thm_log_level level, bool json)
{
    *log = (struct log){.level = level, .json = json, .journal = leads_to_journal()};
}
