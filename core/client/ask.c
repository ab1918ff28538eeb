/*
 * Saying something, and asking the server. Answers carry nothing that tells two requests of one kind apart, so
 * one is made at a time.
 */
#include "client/console.h"
#include "client/direct.h"
#include "wire/table.h"

#define DIGITS(macro)   DIGITS_OF(macro)
#define DIGITS_OF(text) #text

_Static_assert(THM_TYPES_END <= 64, THM_T("a set of types is one 64-bit word"));

/* --- saying --------------------------------------------------------------------------------- */

static void show_waiting(struct thm_console *c, const char *to, struct thm_slice text)
{
    bool room = to[0] == '#';

    thm_show_begin(c, THM_STYLE_NOTICE, room ? thm_slice_of(to) : THM_NOTHING);
    thm_show_with(c, room ? THM_T("(waiting) ") : THM_T("(waiting) -> {}: "), thm_slice_of(to));
    thm_show_text(c, text);
    thm_show_end(c);
}

static void show_unsayable(struct thm_console *c, int code, const char *to, size_t len)
{
    char digits[24];
    struct thm_text t;

    thm_text_init(&t, digits, sizeof digits);
    thm_text_uint(&t, len, 0);
    if (code == THM_E_PARTS)
        thm_show_error(c,
                       THM_T("too long: {} bytes, and a message has at most " DIGITS(
                           THM_PARTS_MAX) " parts of up to " DIGITS(THM_TEXT_MAX)),
                       thm_slice_of(digits));
    else if (code == THM_E_NO_ROOM)
        thm_show_error(c, THM_T("you are not in {}: enter it with /join"), thm_slice_of(to));
    else
        thm_show_error(c, thm_error_text(code), THM_NOTHING);
}

int thm_console_say(struct thm_console *c, const char *to, struct thm_slice text)
{
    int code = thm_client_say(c->config.client, to, text.data, text.len, NULL);

    if (code == THM_OK && c->config.client->state != THM_CLIENT_ONLINE)
        show_waiting(c, to, text);
    else if (code != THM_OK && code != THM_E_LIMIT)
        show_unsayable(c, code, to, text.len);
    return code;
}

static bool is_blank(struct thm_slice text)
{
    size_t i = 0;

    while (i < text.len && (text.data[i] == ' ' || text.data[i] == '\t'))
        i++;
    return i == text.len;
}

int thm_console_text(struct thm_console *c, const char *text, size_t len)
{
    struct thm_slice s = {text, len};

    if (is_blank(s))
        return THM_OK;
#if THM_CALLS > 0
    if (c->place > 0 || (c->lapsed && c->room[0] != '\0'))
        return thm_direct_say(c, s);
#endif
    if (c->room[0] != '\0')
        return thm_console_say(c, c->room, s);
    thm_show_error(c, THM_T("you are in no room: enter one with /join #ROOM"), THM_NOTHING);
    return THM_E_NO_ROOM;
}

/* --- asking --------------------------------------------------------------------------------- */

/* What answers a request, and whether it always comes. */
static enum thm_type answer_to(uint8_t request)
{
    switch (request) {
    case THM_MSG_LIST:
    case THM_MSG_ROOMS:
    case THM_MSG_WHO:
    case THM_MSG_WHOIS:
    case THM_MSG_HISTORY: return THM_MSG_END;
    case THM_MSG_ALIAS:
    case THM_MSG_TOPIC:
    case THM_MSG_AWAY: return (enum thm_type)request;
    case THM_MSG_STATUS: return THM_MSG_SERVER;
#if THM_MODERATION
    case THM_MSG_MODERATE: return THM_MSG_MODERATED;
#endif
    default: return THM_MSG_NONE; /* a board need not answer */
    }
}

bool thm_console_must_wait(const struct thm_console *c, enum thm_type type)
{
    const struct thm_client *client = c->config.client;
    bool asked =
        answer_to(c->asked.type) != THM_MSG_NONE && client->now - c->asked.at < THM_ANSWER_MS;

    if (client->state != THM_CLIENT_ONLINE)
        return false;
    if (type == THM_MSG_LEAVE) /* what is said on the way out would be refused */
        return thm_follow_joining(client) || thm_client_pending(client) > 0;
    return answer_to((uint8_t)type) != THM_MSG_NONE && (asked || thm_follow_joining(client));
}

static void show_unasked(struct thm_console *c, int code, enum thm_type type)
{
    thm_show_start(c, THM_STYLE_ERROR, "! /");
#if THM_MODERATION
    thm_show_str(c, type == THM_MSG_MODERATE ? "room" : thm_type_word(type));
#else
    thm_show_str(c, thm_type_word(type));
#endif
    thm_show_str(c, ": ");
    thm_show_str(c, code == THM_E_STATE ? THM_T("not connected just now: try again in a moment")
                    : code == THM_E_KEY_RANGE
                        ? THM_T("that is too long or has a form that is not allowed there")
                        : thm_error_text(code));
    thm_show_end(c);
}

int thm_console_ask(struct thm_console *c, const struct thm_msg *m)
{
    enum thm_key about = m->type == THM_MSG_ALIAS ? THM_KEY_ALIAS : THM_KEY_TEXT;
    int code = thm_client_request(c->config.client, m);

    if (code == THM_OK && m->type != THM_MSG_CMD) {
        c->asked.type = (uint8_t)m->type;
        c->asked.at = c->config.client->now;
        thm_msg_copy(m, about, c->asked.about, sizeof c->asked.about);
    }
    if (code != THM_OK && code != THM_E_LIMIT)
        show_unasked(c, code, m->type);
    return code;
}

bool thm_console_is_about(const struct thm_console *c, const struct thm_msg *error)
{
    return c->asked.type != THM_MSG_NONE &&
           thm_msg_is(error, THM_KEY_IN, thm_type_word((enum thm_type)c->asked.type));
}

void thm_console_answered(struct thm_console *c, const struct thm_msg *m)
{
    bool answered = m->type == answer_to(c->asked.type);

#if THM_MODERATION
    answered |= c->asked.type == THM_MSG_MODERATE && m->type == THM_MSG_ROOM; /* its rules */
#endif
    if (m->type == THM_MSG_END || m->type == THM_MSG_ERROR)
        answered = thm_console_is_about(c, m) || !thm_msg_has(m, THM_KEY_IN);
    if (answered)
        c->asked.type = THM_MSG_NONE;
}

/* --- what the server supports --------------------------------------------------------------- */

void thm_console_learn(struct thm_console *c, const struct thm_msg *granted)
{
    struct thm_slice words = thm_msg_get(granted, THM_KEY_COMMANDS);

    c->supported = UINT64_MAX;
    if (!thm_msg_has(granted, THM_KEY_COMMANDS))
        return;
    c->supported = UINT64_C(1) << THM_MSG_NONE;
    while (words.len > 0) {
        struct thm_slice word = thm_slice_word(&words);
        c->supported |= UINT64_C(1) << thm_type_find(word.data, word.len);
    }
}

bool thm_console_supports(const struct thm_console *c, enum thm_type type)
{
#if THM_CALLS > 0
    if (type == THM_MSG_REGISTER && thm_direct_is_apart(c))
        return c->config.calls != NULL;
#endif
    return (c->supported >> type & 1) != 0;
}
