/*
 * Names that were seen lately, and completing the last word of a line that is being typed.
 */
#include "client/console.h"

void thm_console_note_name(struct thm_console *c, const struct thm_msg *m)
{
#if THM_CONSOLE_NAMES > 0
    struct thm_slice user = thm_show_user(m);
    unsigned at = 0;

    while (at < THM_CONSOLE_NAMES - 1 && !thm_slice_is(user, c->names[at].user))
        at++;
    memmove(c->names + 1, c->names, at * sizeof c->names[0]);
    thm_slice_copy(c->names[0].user, sizeof c->names[0].user, user);
    thm_msg_copy(m, THM_KEY_ALIAS, c->names[0].alias, sizeof c->names[0].alias);
#else
    (void)c, (void)m;
#endif
}

struct completion {
    struct thm_slice start; /* what is typed already */
    unsigned skip;          /* candidates to pass over */
    const char *found;
    bool is_name; /* of a person */
};

/* True: this is the candidate that was asked for. */
static bool try_candidate(struct completion *k, const char *candidate)
{
    if (strlen(candidate) < k->start.len || memcmp(candidate, k->start.data, k->start.len) != 0 ||
        candidate[0] == '\0')
        return false;
    if (k->skip-- > 0)
        return false;
    k->found = candidate;
    return true;
}

/* `slash` 1: the word is typed without it. */
static void complete_command(struct completion *k, size_t slash)
{
    for (const struct thm_command *command = thm_console_commands(); command->name; command++)
        if (try_candidate(k, command->name + slash))
            return;
}

static void complete_name(const struct thm_console *c, struct completion *k)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++)
        if (try_candidate(k, c->rooms[i].name))
            return;
#if THM_CALLS > 0
    for (unsigned i = 0; i < THM_CALLS; i++)
        if (try_candidate(k, c->direct[i].name))
            return;
#endif
#if THM_CONSOLE_NAMES > 0
    k->is_name = true;
    for (unsigned i = 0; i < THM_CONSOLE_NAMES; i++)
        if (try_candidate(k, c->names[i].user))
            return;
    for (unsigned i = 0; i < THM_CONSOLE_NAMES; i++)
        if (strcmp(c->names[i].alias, c->names[i].user) != 0 && try_candidate(k, c->names[i].alias))
            return;
#endif
}

size_t thm_console_complete(const struct thm_console *c, const char *line, size_t len,
                            unsigned index, char *buf, size_t cap)
{
    static const char help[] = "/help ";
    size_t from = len;
    struct thm_text t;

    while (from > 0 && line[from - 1] != ' ')
        from--;
    struct completion k = {.start = {line + from, len - from}, .skip = index};
    if (k.start.len == 0)
        return 0;
    bool of_help = from == sizeof help - 1 && memcmp(line, help, from) == 0;
    if (of_help || (from == 0 && line[0] == '/'))
        complete_command(&k, k.start.data[0] != '/');
    else
        complete_name(c, &k);
    thm_text_init(&t, buf, cap);
    if (k.found != NULL)
        thm_text_str(&t, k.found);
    if (k.is_name && from == 0 && t.len > 0)
        thm_text_char(&t, ':');
    return t.len;
}
