#include "log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "editor.h"
#include "line.h"

#define PIECE      4096 /* bytes that a pipe takes without blocking when it says that it is ready */
#define SHORT_HASH 8    /* bytes of a key hash in text, as "thimble-ca list" shows them */

static const struct {
    const char *word;
    int priority; /* of syslog (RFC 5424, section 6.2.1) */
} levels[] = {[THM_LOG_ERROR] = {"ERROR", 3},
              [THM_LOG_WARNING] = {"WARNING", 4},
              [THM_LOG_INFO] = {"INFO", 6},
              [THM_LOG_DEBUG] = {"DEBUG", 7}};

/* --- lines -------------------------------------------------------------------------------------- */

static void begin(struct line *l, struct log *log, enum thm_log_level level, const char *event)
{
    char time_text[LINE_TIME_MAX], prefix[8];
    line_time(&log->clock, time_text);
    line_begin(l, log->json);
    if (log->json) {
        line_text(l, "time", time_text);
        line_text(l, "level", levels[level].word);
        line_text(l, "event", event);
        return;
    }
    snprintf(prefix, sizeof prefix, "<%d>", levels[level].priority);
    line_str(l, log->journal ? prefix : time_text);
    line_str(l, log->journal ? "" : " ");
    line_str(l, levels[level].word);
    line_str(l, " ");
    line_str(l, event);
}

static void end(struct line *l, struct log *log)
{
    line_end(l);
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
    line_number(&line, "connection", r->connection);
    line_text(&line, "address", address);
    line_text(&line, "user", r->user);
    line_text(&line, "device", r->device);
    line_text(&line, "alias", r->alias);
    line_text(&line, "key_hash", hash);
    line_text(&line, "room", r->room);
    line_number(&line, "n", r->n);
    line_number(&line, "size", r->size);
    if (r->code != THM_OK) {
        line_text(&line, "code", thm_error_word(r->code));
        line_text(&line, "reason", thm_error_text(r->code));
    }
    line_text(&line, "detail", r->detail);
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
