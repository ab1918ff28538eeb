#include "operator.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct command {
    const char *name, *args, *help;
    void (*run)(struct operator_console *o, const char *args);
};

static void print(struct operator_console *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print(struct operator_console *o, const char *format, ...)
{
    char raw[1024], text[2048];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    if (len < 0)
        return;
    thm_text_display(raw, strnlen(raw, sizeof raw), false, text, sizeof text);
    editor_print(o->editor, text);
}

/* --- the commands ------------------------------------------------------------------------------- */

static void local_time(uint64_t utc_ms, char text[24])
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    strftime(text, 24, "%Y-%m-%d %H:%M:%S", &tm);
}

static void run_list(struct operator_console *o, const char *args)
{
    struct thm_session_info info;
    uint32_t at = 0, count = 0;
    (void)args;
    while (thm_server_next_session(o->server, &at, &info)) {
        char address[THM_ADDRESS_TEXT_MAX], since[24], who[2 * THM_ID_MAX + 2];
        thm_address_text(&info.address, address);
        local_time(info.since_ms, since);
        snprintf(who, sizeof who, "%s@%s", info.user, info.device);
        print(o, "%-24s %-16s %-22s since %s", who, info.alias, address, since);
        count++;
    }
    print(o, "%" PRIu32 " online", count);
}

static void log_kick(struct operator_console *o, char *target, const char *reason)
{
    char *at = strchr(target, '@');
    if (at)
        *at = '\0';
    const struct thm_log_record record = {.level = THM_LOG_INFO,
                                          .event = "kick",
                                          .user = target,
                                          .device = at ? at + 1 : NULL,
                                          .detail = reason};
    log_record(o->log, &record);
}

static void run_kick(struct operator_console *o, const char *args)
{
    size_t len = strcspn(args, " ");
    const char *reason = args + len + strspn(args + len, " ");
    char target[2 * THM_ID_MAX + 2];
    if (len == 0 || len >= sizeof target) {
        print(o, "kick whom? kick USER[@DEVICE] [REASON]");
        return;
    }
    memcpy(target, args, len);
    target[len] = '\0';
    unsigned count = thm_server_kick(o->server, target, *reason ? reason : "no reason was given");
    if (count > 0)
        log_kick(o, target, reason);
    print(o, "%u session%s ended", count, count == 1 ? "" : "s");
}

static void run_say(struct operator_console *o, const char *args)
{
    int result = *args ? thm_server_notice(o->server, args, strlen(args)) : THM_E_ARGUMENT;
    if (result < 0)
        print(o, "not sent: %s", *args ? thm_error_text(result) : "say what? say TEXT");
    else
        print(o, "told to %d", result);
}

static void run_stats(struct operator_console *o, const char *args)
{
    struct thm_server_stats s;
    char since[24];
    (void)args;
    thm_server_stats(o->server, &s);
    local_time(o->started_ms, since);
    print(o, "up since %s", since);
    print(o,
          "connections %" PRIu32 ", sessions %" PRIu32 ", users %" PRIu32 ", rooms %" PRIu32
          ", memberships %" PRIu32,
          s.connections, s.sessions, s.users, s.rooms, s.memberships);
    print(o,
          "since the start: accepted %" PRIu64 ", logins %" PRIu64 ", refused %" PRIu64
          ", messages %" PRIu64 ", deliveries %" PRIu64,
          s.accepted, s.logins, s.refused, s.messages, s.deliveries);
    print(o, "bytes in %" PRIu64 ", out %" PRIu64 "; free blocks %" PRIu32, s.bytes_in, s.bytes_out,
          s.blocks_free);
    print(o,
          "TLS: handshakes full %" PRIu64 ", resumed %" PRIu64 ", failed %" PRIu64
          "; sessions kept %" PRIu32,
          s.tls.full, s.tls.resumed, s.tls.failed, s.tls.sessions);
}

static void run_quit(struct operator_console *o, const char *args)
{
    (void)args;
    o->quit(o->ctx);
}

static void run_help(struct operator_console *o, const char *args);

static const struct command commands[] = {
    {"list", "", "who is online: user@device, alias, address and since when", run_list},
    {"kick", "USER[@DEVICE] [REASON]", "end the sessions of a user or device", run_kick},
    {"say", "TEXT", "tell everybody who is online", run_say},
    {"stats", "", "what the server has done and holds", run_stats},
    {"help", "", "this list", run_help},
    {"quit", "", "say goodbye to all and stop the server", run_quit},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void run_help(struct operator_console *o, const char *args)
{
    (void)args;
    for (size_t i = 0; i < COMMANDS; i++)
        print(o, "%-5s %-23s %s", commands[i].name, commands[i].args, commands[i].help);
}

/* --- what the editor asks for ------------------------------------------------------------------- */

static bool on_line(void *ctx, const char *text, size_t len)
{
    struct operator_console *o = ctx;
    char line[1200];
    snprintf(line, sizeof line, "%.*s", (int)len, text);
    char *name = line + strspn(line, " /");
    char *end = name + strcspn(name, " ");
    char *args = end + strspn(end, " ");
    *end = '\0';
    editor_hide(o->editor);
    print(o, "> %.*s", (int)len, text);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            commands[i].run(o, args);
            return true;
        }
    }
    if (*name)
        print(o, "unknown command '%s': help lists them; say TEXT speaks to all", name);
    return true;
}

/* Who ends a line of input need not mean the whole server. */
static void on_end(void *ctx, bool gone)
{
    struct operator_console *o = ctx;
    if (gone)
        o->quit(o->ctx);
    else
        print(o, "quit stops the server");
}

static size_t on_prompt(void *ctx, char *buf, size_t cap)
{
    (void)ctx;
    return (size_t)snprintf(buf, cap, "thimbled> ");
}

static size_t complete_command(const char *line, size_t len, unsigned index, char *buf, size_t cap)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strncmp(commands[i].name, line, len) == 0 && index-- == 0)
            return (size_t)snprintf(buf, cap, "%s", commands[i].name);
    return 0;
}

static size_t complete_user(struct operator_console *o, const char *word, size_t len,
                            unsigned index, char *buf, size_t cap)
{
    struct thm_session_info info;
    uint32_t at = 0;
    while (thm_server_next_session(o->server, &at, &info)) {
        char who[2 * THM_ID_MAX + 2];
        snprintf(who, sizeof who, "%s@%s", info.user, info.device);
        if (strncmp(who, word, len) == 0 && index-- == 0)
            return (size_t)snprintf(buf, cap, "%s", who);
    }
    return 0;
}

static size_t on_complete(void *ctx, const char *line, size_t len, unsigned index, char *buf,
                          size_t cap)
{
    const char *space = memchr(line, ' ', len);
    if (!space)
        return complete_command(line, len, index, buf, cap);
    if (strncmp(line, "kick ", 5) != 0)
        return 0;
    size_t word = (size_t)(space + 1 - line);
    return complete_user(ctx, line + word, len - word, index, buf, cap);
}

bool operator_open(struct operator_console *o, struct thm_server *server, struct log *log,
                   void (*quit)(void *ctx), void *ctx)
{
    static const struct editor_handler handler = {on_line, on_end, on_prompt, on_complete};
    *o = (struct operator_console){.server = server,
                                   .log = log,
                                   .started_ms = (uint64_t)time(NULL) * 1000,
                                   .quit = quit,
                                   .ctx = ctx};
    o->editor = editor_open("thimbled", NULL, &handler, o);
    return o->editor != NULL;
}
