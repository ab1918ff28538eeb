/* Getting in, and being gone. */
#include "server/internal.h"

#include <string.h>

/* The requests that a session may send, for auth_reply. */
static size_t command_words(char *buf, size_t cap)
{
    struct thm_text t;

    thm_text_init(&t, buf, cap);
    for (unsigned type = 1; type < THM_TYPES_END; type++) {
        if ((thm_type_flags((enum thm_type)type) & THM_FROM_CLIENT) == 0 || type == THM_MSG_HELLO ||
            type == THM_MSG_AUTH_REQUEST)
            continue;
        if (t.len > 0)
            thm_text_char(&t, ' ');
        thm_text_str(&t, thm_type_word((enum thm_type)type));
    }
    return t.len;
}

static void refuse(struct thm_server *s, struct connection *c, int code)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, STATUS, "REFUSED");
    THM_SET(&m, CODE, thm_error_word(code));
    THM_SET(&m, REASON, thm_error_text(code));
    thm_output_last(s, c, &m);
    s->stats.refused++;
    thm_conn_end(s, c, code);
}

/* The same device is here already: the newer session wins, and the older one is told so. */
static void replace(struct thm_server *s, struct connection *older, const struct connection *c)
{
    char address[THM_ADDRESS_TEXT_MAX];
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_REPLACED);
    THM_SET(&m, REASON, thm_error_text(THM_E_REPLACED));
    thm_address_text(&c->address, address);
    THM_SET(&m, ADDRESS, address);
    thm_output_last(s, older, &m);
    thm_conn_end(s, older, THM_E_REPLACED);
}

static void take_hello(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    c->since = s->utc_ms;
    c->client = thm_msg_get_num(m, THM_KEY_CLIENT, thm_server_random(s));
    c->polite = thm_msg_has(m, THM_KEY_CREDIT);
    uint64_t credit = thm_msg_get_num(m, THM_KEY_CREDIT, THM_CREDIT_DEFAULT);
    c->credit = (uint32_t)(credit < THM_CREDIT_MAX ? credit : THM_CREDIT_MAX);
    c->max_message = thm_msg_get_num(m, THM_KEY_MAX_MESSAGE, THM_TEXT_MAX);
    c->auto_join = thm_msg_get_num(m, THM_KEY_RESUME, 0) != 0 ? 0 : 2;
    thm_slice_copy(c->agent, sizeof c->agent, thm_msg_get(m, THM_KEY_AGENT));
}

static void grant(struct thm_server *s, struct connection *c)
{
    char words[601];
    const struct user *u = user_at(s, c->user);
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, STATUS, "GRANTED");
    THM_SET(&m, USERID, u->id);
    THM_SET(&m, DEVICE, c->tls.peer.device);
    THM_SET(&m, ALIAS, u->alias);
    THM_SET(&m, SERVER, s->config.name);
    thm_msg_num(&m, THM_KEY_TIME, s->utc_ms);
    thm_msg_num(&m, THM_KEY_CREDIT, c->credit);
    thm_msg_num(&m, THM_KEY_MAX_MESSAGE, (uint64_t)THM_PARTS_MAX * THM_TEXT_MAX);
    thm_msg_str(&m, THM_KEY_COMMANDS, words, command_words(words, sizeof words));
    thm_output_msg(s, c, &m);
    c->sent = 0; /* what follows counts against the credit */
}

/* The user stays online while one session of his replaces another: he keeps alias and absence. */
static void begin_session(struct thm_server *s, struct connection *c, uint32_t user)
{
    struct connection *older =
        thm_user_session(s, user, c->tls.peer.device, strlen(c->tls.peer.device));

    thm_user_add_session(s, user, c);
    s->sessions++;
    s->stats.logins++;
    if (older != NULL)
        replace(s, older, c);
}

void thm_login_hello(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    if (c->state != CONN_LOGIN) {
        thm_input_error(s, c, m, THM_E_STATE, NULL);
        return;
    }
    if (!thm_hold_login(s, c))
        return;
    uint32_t user = thm_conn_too_many(s, c) ? 0 : thm_user_need(s, c->tls.peer.user);
    if (user == 0) {
        thm_conn_full(s, c);
        return;
    }
    take_hello(s, c, m);
    begin_session(s, c, user);
    int alias = THM_OK;
    if (thm_msg_has(m, THM_KEY_ALIAS))
        alias = thm_user_set_alias(s, c, thm_msg_get(m, THM_KEY_ALIAS));
    c->state = (uint8_t)thm_conn_next(CONN_LOGIN, CONN_GRANTED);
    thm_conn_deadline(s, c, DEADLINE_IDLE);
    grant(s, c);
    if (alias != THM_OK)
        thm_input_error(s, c, m, alias, "alias");
    thm_log_event(s, THM_LOG_INFO, "login", c, THM_OK, c->agent);
    thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
    if (c->auto_join != 0)
        thm_join_auto(s, c);
}

void thm_login_auth_request(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    /* The certificate suffices here, so there is nothing to prove beyond saying hello. */
    struct thm_slice user = thm_msg_get(m, THM_KEY_USERID);

    if (c->state != CONN_LOGIN) {
        thm_input_error(s, c, m, THM_E_STATE, NULL);
        return;
    }
    if (user.len > 0 && (user.len != strlen(c->tls.peer.user) ||
                         memcmp(user.data, c->tls.peer.user, user.len) != 0)) {
        refuse(s, c, THM_E_NOT_ALLOWED);
        return;
    }
    struct thm_msg hello;
    thm_msg_init(&hello, THM_MSG_HELLO);
    thm_login_hello(s, c, &hello);
}

void thm_login_leave(struct thm_server *s, struct connection *c)
{
    while (c->memberships != 0)
        thm_member_remove(s, c, c->memberships);
    thm_user_remove_session(s, c);
    s->sessions--;
    thm_log_event(s, THM_LOG_INFO, "logout", c, c->code, NULL);
}
