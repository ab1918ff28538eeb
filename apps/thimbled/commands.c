#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES_AT_ONCE 64 /* of a long answer */

struct command {
    const char *name, *args, *help;
    unsigned what;
    void (*run)(struct call *call, const char *args);
};

static const struct command commands[] = {
#define COMMAND_ROW(function, name, args, help, what)                                              \
    {(name), (args), (help), (what), run_##function},
    COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
};

#define COUNT (sizeof commands / sizeof commands[0])

/* --- answers ------------------------------------------------------------------------------------ */

void call_line(struct call *call, const char *format, ...)
{
    char raw[1024], text[2048];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    if (len < 0)
        return;
    thm_text_display(raw, strnlen(raw, sizeof raw), false, text, sizeof text);
    call->line(call, text);
}

void call_ok(struct call *call)
{
    call->busy = false;
    call->walk = NULL;
    call->end(call, NULL, NULL);
}

void call_refuse(struct call *call, const char *code, const char *format, ...)
{
    char raw[1024], text[2048];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    thm_text_display(raw, len < 0 ? 0 : strnlen(raw, sizeof raw), false, text, sizeof text);
    call->busy = false;
    call->walk = NULL;
    call->end(call, code, text);
}

bool call_word(const char **args, char *word, size_t cap)
{
    size_t len = strcspn(*args, " ");
    if (len == 0 || len >= cap)
        return false;
    memcpy(word, *args, len);
    word[len] = '\0';
    *args += len;
    *args += strspn(*args, " ");
    return true;
}

void call_time(uint64_t utc_ms, char text[24])
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    strftime(text, 24, "%Y-%m-%d %H:%M:%S", &tm);
}

/* --- which command it is -------------------------------------------------------------------------- */

/* The command that a line names, and its arguments. */
static const struct command *find(const char *line, const char **args)
{
    for (size_t i = 0; i < COUNT; i++) {
        const char *word = commands[i].name, *at = line;
        while (*word && *word == *at) {
            at++;
            at += *word == ' ' ? strspn(at, " ") : 0; /* "user  add" */
            word++;
        }
        if (*word == '\0' && (*at == ' ' || *at == '\0')) {
            *args = at + strspn(at, " ");
            return &commands[i];
        }
    }
    return NULL;
}

/* "user" alone, or "user dance": what of the line is told as unknown. */
static int unknown_part(const char *line)
{
    size_t len = strcspn(line, " ");
    for (size_t i = 0; i < COUNT; i++)
        if (strncmp(commands[i].name, line, len) == 0 && commands[i].name[len] == ' ')
            return (int)(len + strspn(line + len, " ") +
                         strcspn(line + len + strspn(line + len, " "), " "));
    return (int)len;
}

/* "room" alone, or "room dance", is told what there is. */
static void refuse_unknown(struct call *call, const char *line)
{
    size_t len = strcspn(line, " "), used = 0;
    char names[256] = "";
    for (size_t i = 0; i < COUNT; i++) {
        const char *name = commands[i].name;
        if (len > 0 && strncmp(name, line, len) == 0 && name[len] == ' ' && used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     used > 0 ? ", " : "", name);
    }
    if (used > 0)
        call_refuse(call, "command", "unknown command '%.*s': there are %s", unknown_part(line),
                    line, names);
    else
        call_refuse(call, "command",
                    "unknown command '%.*s': help lists them; say TEXT speaks to all",
                    unknown_part(line), line);
}

void commands_run(struct call *call, const char *line)
{
    const char *args;
    line += strspn(line, " /");
    call->command = find(line, &args);
    call->busy = true;
    call->walk = NULL;
    call->at = call->count = 0;
    call->user[0] = call->detail[0] = call->path[0] = '\0';
    if (call->command && *args && call->command->args[0] == '\0')
        call_refuse(call, "argument", "nothing follows %s: '%s'", call->command->name, args);
    else if (call->command)
        call->command->run(call, args);
    else
        refuse_unknown(call, line);
}

void commands_go_on(struct call *call)
{
    for (unsigned i = 0; i < LINES_AT_ONCE && call->walk; i++)
        if (!call->walk(call))
            call->walk = NULL;
}

void commands_describe(const char *line, char *text, size_t cap, bool *changes)
{
    const char *args;
    line += strspn(line, " /");
    const struct command *command = find(line, &args);
    *changes = command && (command->what & COMMAND_CHANGES);
    if (!command) {
        snprintf(text, cap, "an unknown command");
        return;
    }
    size_t len = strlen(args);
    if (command->what & COMMAND_QUIET) /* of an account's the user's name is no secret */
        len = strncmp(command->name, "user ", 5) == 0 ? strcspn(args, " ") : 0;
    snprintf(text, cap, "%s%s%.*s", command->name, len > 0 ? " " : "", (int)len, args);
}

size_t commands_complete(const char *line, size_t len, unsigned index, char *buf, size_t cap)
{
    size_t word = len, last_len = 0;
    const char *last = NULL;
    while (word > 0 && line[word - 1] != ' ')
        word--;
    for (size_t i = 0; i < COUNT; i++) {
        const char *name = commands[i].name;
        if (strncmp(name, line, len) != 0)
            continue;
        size_t n = strcspn(name + word, " ");
        if (last && n == last_len && memcmp(last, name + word, n) == 0)
            continue; /* "user", once */
        last = name + word;
        last_len = n;
        if (index-- == 0)
            return (size_t)snprintf(buf, cap, "%.*s", (int)n, name + word);
    }
    return 0;
}

/* --- the commands ------------------------------------------------------------------------------- */

static bool next_session(struct call *call)
{
    struct thm_session_info info;
    char address[THM_ADDRESS_TEXT_MAX], since[24], who[2 * THM_ID_MAX + 2];
    if (!thm_server_next_session(call->host->server, &call->at, &info)) {
        call_line(call, "%" PRIu32 " online", call->count);
        call_ok(call);
        return false;
    }
    thm_address_text(&info.address, address);
    call_time(info.since_ms, since);
    snprintf(who, sizeof who, "%s@%s", info.user, info.device);
    call_line(call, "%-24s %-16s %-22s since %s", who, info.alias, address, since);
    call->count++;
    return true;
}

void run_list(struct call *call, const char *args)
{
    (void)args;
    call->walk = next_session;
}

static void note_kick(struct call *call, char *target, const char *reason)
{
    char *at = strchr(target, '@');
    if (at)
        *at = '\0';
    const struct thm_log_record record = {.level = THM_LOG_INFO,
                                          .event = "kick",
                                          .user = target,
                                          .device = at ? at + 1 : NULL,
                                          .detail = reason};
    log_record(call->host->log, &record);
    audit_act(call->host->audit, &(struct audit_act){.event = "kick",
                                                     .by = call->by,
                                                     .user = target,
                                                     .device = record.device,
                                                     .detail = reason});
}

void run_kick(struct call *call, const char *args)
{
    char target[2 * THM_ID_MAX + 2];
    if (!call_word(&args, target, sizeof target)) {
        call_refuse(call, "argument", "kick whom? kick USER[@DEVICE] [REASON]");
        return;
    }
    unsigned count =
        thm_server_kick(call->host->server, target, *args ? args : "no reason was given");
    if (count > 0)
        note_kick(call, target, args);
    call_line(call, "%u session%s ended", count, count == 1 ? "" : "s");
    call_ok(call);
}

void run_say(struct call *call, const char *args)
{
    int result = *args ? thm_server_notice(call->host->server, args, strlen(args)) : THM_E_ARGUMENT;
    if (result < 0) {
        call_refuse(call, thm_error_word(result), "not sent: %s",
                    *args ? thm_error_text(result) : "say what? say TEXT");
        return;
    }
    audit_act(call->host->audit,
              &(struct audit_act){.event = "say", .by = call->by}); /* never the text */
    call_line(call, "told to %d", result);
    call_ok(call);
}

void run_reload(struct call *call, const char *args)
{
    char text[512];
    (void)args;
    bool done = call->host->reload(call->host->ctx, text, sizeof text);
    audit_act(call->host->audit, &(struct audit_act){.event = "reload",
                                                     .by = call->by,
                                                     .code = done ? THM_OK : THM_E_CONFIG,
                                                     .detail = text});
    if (!done) {
        call_refuse(call, "credentials", "%s; the former certificates and deny-list stay in use",
                    text);
        return;
    }
    call_line(call, "%s", text);
    call_ok(call);
}

void run_help(struct call *call, const char *args)
{
    (void)args;
    for (size_t i = 0; i < COUNT; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %s", commands[i].name, commands[i].args);
        call_line(call, "%-*s %s", COMMANDS_COLUMN, text, commands[i].help);
    }
    call_ok(call);
}

void run_quit(struct call *call, const char *args)
{
    (void)args;
    audit_act(call->host->audit, &(struct audit_act){.event = "quit", .by = call->by});
    call_ok(call);
    call->host->quit(call->host->ctx);
}

/* --- backup ------------------------------------------------------------------------------------- */

#if THIMBLED_SQLITE
static void backup_done(struct thm_sqlite_backup *backup, int result, const char *sentence)
{
    struct call *call = backup->owner;
    audit_act(call->host->audit,
              &(struct audit_act){.event = "backup",
                                  .by = call->by,
                                  .code = result == THM_SQLITE_OK ? THM_OK : THM_E_STORE,
                                  .detail = call->path});
    if (result != THM_SQLITE_OK) {
        call_refuse(call, "backup", "%s was not written: %s", call->path, sentence);
        return;
    }
    call_line(call, "%s is a whole copy", call->path);
    call_ok(call);
}

static void begin_backup(struct call *call)
{
    call->backup =
        (struct thm_sqlite_backup){.path = call->path, .done = backup_done, .owner = call};
    if (thm_sqlite_store_backup(call->host->database, &call->backup) != THM_OK)
        call_refuse(call, "busy", "another copy is being written: try again when it is done");
}
#else
static void begin_backup(struct call *call)
{
    call_refuse(call, "backup", "this thimbled was built without SQLite");
}
#endif

void run_backup(struct call *call, const char *args)
{
    if (*args == '\0')
        call_refuse(call, "argument", "where to? backup FILE");
    else if (!call->host->database)
        call_refuse(call, "backup",
                    "messages are in memory only, so there is no database to copy: it takes a "
                    "thimbled that keeps them in one");
    else if (strlen(args) >= sizeof call->path)
        call_refuse(call, "argument", "the file's name is too long");
    else {
        snprintf(call->path, sizeof call->path, "%s", args);
        begin_backup(call);
    }
}
