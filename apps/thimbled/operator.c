#include "operator.h"

#include <stdio.h>
#include <string.h>

static struct operator_console *console_of(struct call *call)
{
    return (struct operator_console *)call; /* its first member */
}

static void on_answer(struct call *call, const char *text)
{
    editor_print(console_of(call)->editor, text);
}

static void on_answered(struct call *call, const char *code, const char *sentence)
{
    if (code)
        editor_print(console_of(call)->editor, sentence);
}

static bool on_line(void *ctx, const char *text, size_t len)
{
    struct operator_console *o = ctx;
    char line[PATH_MAX + 512], shown[1024];
    size_t n = (size_t)snprintf(shown, sizeof shown, "> ");
    if (o->call.busy) /* a long answer, or the database: taken when that is done */
        return false;
    thm_text_display(text, len, false, shown + n, sizeof shown - n);
    snprintf(line, sizeof line, "%.*s", (int)len, text);
    editor_hide(o->editor);
    editor_print(o->editor, shown);
    if (line[strspn(line, " /")])
        commands_run(&o->call, line);
    return true;
}

/* Who ends a line of input need not mean the whole server. */
static void on_end(void *ctx, bool gone)
{
    struct operator_console *o = ctx;
    if (gone)
        o->call.host->quit(o->call.host->ctx);
    else
        editor_print(o->editor, "quit stops the server");
}

static size_t on_prompt(void *ctx, char *buf, size_t cap)
{
    (void)ctx;
    return (size_t)snprintf(buf, cap, "thimbled> ");
}

static size_t complete_user(struct operator_console *o, const char *word, size_t len,
                            unsigned index, char *buf, size_t cap)
{
    struct thm_session_info info;
    uint32_t at = 0;
    while (thm_server_next_session(o->call.host->server, &at, &info)) {
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
    static const char *const of_users[] = {"kick ", "device revoke "};
    for (size_t i = 0; i < sizeof of_users / sizeof of_users[0]; i++) {
        size_t word = strlen(of_users[i]);
        if (len >= word && memcmp(line, of_users[i], word) == 0)
            return complete_user(ctx, line + word, len - word, index, buf, cap);
    }
    return commands_complete(line, len, index, buf, cap);
}

bool operator_open(struct operator_console *o, const struct command_host *host)
{
    static const struct editor_handler handler = {
        .line = on_line, .end = on_end, .prompt = on_prompt, .complete = on_complete};
    *o = (struct operator_console){
        .call = {.host = host, .by = "console", .line = on_answer, .end = on_answered}};
    o->editor = editor_open("thimbled", NULL, &handler, o);
    return o->editor != NULL;
}

void operator_step(struct operator_console *o)
{
    commands_go_on(&o->call);
    if (!o->call.busy && editor_unsent(o->editor) > 0)
        editor_retry(o->editor);
}

bool operator_waits(const struct operator_console *o)
{
    return o->call.walk != NULL;
}
