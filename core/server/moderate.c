/* What moderators ask for, and what sessions hear of it when a room's rules or somebody's standing have changed. */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"

/* What a request of a session's asks for, in one word. */
static const char *action_of(const struct thm_admin_request *r)
{
    for (enum thm_rule i = 0; i < THM_RULES_END && r->op == THM_ADMIN_ROOM_SET; i++)
        if (thm_admin_sets_rule(r, i))
            return thm_rule_word(i);
    return thm_deed_word(r->deed);
}

/* --- telling --------------------------------------------------------------------------------- */

static void fill(struct thm_msg *m, const struct thm_admin_request *r, const char *action)
{
    thm_msg_init(m, THM_MSG_MODERATED);
    THM_SET(m, ROOM, r->room);
    THM_SET(m, ACTION, action);
    if (r->user[0] != '\0')
        THM_SET(m, USERID, r->user);
    if (r->by[0] != '\0')
        THM_SET(m, FROM, r->by);
    if (r->reason[0] != '\0')
        THM_SET(m, REASON, r->reason);
}

/* Who asked hears of it as an answer, the others as news: whoever has no credit for them just now misses them. */
static void announce(struct thm_server *s, const struct thm_admin_request *r, const char *action)
{
    uint32_t stream = thm_stream_find(s, r->room, strlen(r->room));
    const struct job *j = r->done == NULL ? r->owner : NULL;
    struct thm_msg m;

    fill(&m, r, action);
    for (uint32_t n = stream != 0 ? stream_at(s, stream)->members.first : 0; n != 0;
         n = next_member(s, n)) {
        struct connection *c = conn_at(s, member_at(s, n)->connection);
        bool asked = j != NULL && c->serial == j->serial;
        if (member_at(s, n)->active && !asked)
            thm_output_news(s, c, &m);
    }
}

static void log_done(struct thm_server *s, const struct thm_admin_request *r, const char *action)
{
    if (s->config.log != NULL)
        s->config.log(s->config.log_ctx,
                      &(struct thm_log_record){.level = THM_LOG_INFO,
                                               .event = "moderate",
                                               .user = r->by[0] != '\0' ? r->by : NULL,
                                               .room = r->room,
                                               .to = r->user[0] != '\0' ? r->user : NULL,
                                               .detail = action});
}

static bool tell_left(struct thm_server *s, struct connection *c, const char *room, int code,
                      const char *reason)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_LEFT);
    THM_SET(&m, ROOM, room);
    THM_SET(&m, CODE, thm_error_word(code));
    THM_SET(&m, REASON, reason);
    return thm_output_news(s, c, &m);
}

bool thm_moderate_tell(struct thm_server *s, struct connection *c, uint32_t number)
{
    const struct membership *m = member_at(s, number);

    if (!tell_left(s, c, stream_at(s, m->stream)->name, m->dismissed, thm_error_text(m->dismissed)))
        return false;
    thm_member_remove(s, c, number);
    return true;
}

/* What somebody who is sent away is told: by whom, if there is room for it, and why. */
static const char *reason_of(const struct thm_admin_request *r, int code,
                             char buf[THM_SHORT_MAX + 1])
{
    struct thm_text t;

    if (r->by[0] == '\0')
        return r->reason[0] != '\0' ? r->reason : thm_error_text(code);
    thm_text_init(&t, buf, THM_SHORT_MAX + 1);
    thm_text_str(&t, r->by);
    if (r->reason[0] == '\0')
        thm_text_str(&t, code == THM_E_BANNED ? " banned you" : " sent you away");
    else
        thm_text_str(&t, ": ");
    thm_text_str(&t, r->reason);
    return t.truncated ? r->reason : buf;
}

/* Sends a session away from a room: at once with the reason; without credit for it, a little later without. */
static void dismiss(struct thm_server *s, uint32_t number, int code,
                    const struct thm_admin_request *r)
{
    char buf[THM_SHORT_MAX + 1];
    struct membership *m = member_at(s, number);
    struct connection *c = conn_at(s, m->connection);
    const char *room = stream_at(s, m->stream)->name;

    thm_member_exit(s, number);
    memset(&m->standing, 0,
           sizeof m->standing); /* nor may a question that waits be answered any more */
    m->recheck = true;
    if (tell_left(s, c, room, code, reason_of(r, code, buf)))
        thm_member_remove(s, c, number);
    else
        m->dismissed = (int16_t)code;
}

/* --- what follows from a change ---------------------------------------------------------------- */

/* One of the user's sessions in the room, or on its way into it: that one reads his standing once more. */
static void apply(struct thm_server *s, const struct thm_admin_request *r, struct connection *c,
                  uint32_t number)
{
    struct membership *m = member_at(s, number);
    bool away = r->deed == THM_DEED_KICK || r->deed == THM_DEED_BAN;

    if (!m->active)
        m->recheck = true;
    else if (away)
        dismiss(s, number, r->deed == THM_DEED_BAN ? THM_E_BANNED : THM_E_SENT_AWAY, r);
    else if (r->deed == THM_DEED_OP || r->deed == THM_DEED_DEOP)
        m->standing.moderator = r->deed == THM_DEED_OP;
    thm_conn_look(s, c, LOOK_WRITE);
}

static void tell_invited(struct thm_server *s, const struct thm_admin_request *r,
                         struct connection *c)
{
    struct thm_msg m;

    fill(&m, r, thm_deed_word(r->deed));
    thm_output_news(s, c, &m);
}

void thm_moderate_done_user(struct thm_server *s, const struct thm_admin_request *r,
                            uint32_t stream)
{
    uint32_t user = thm_user_find(s, r->user, strlen(r->user));

    for (uint32_t n = user != 0 ? user_at(s, user)->sessions.first : 0; n != 0;
         n = next_session(s, n)) {
        struct connection *c = conn_at(s, n);
        uint32_t number = thm_member_find(s, c, stream);
        if (number != 0 && r->deed != THM_DEED_LEAVE)
            apply(s, r, c, number);
        else if (r->deed == THM_DEED_INVITE)
            tell_invited(s, r, c);
    }
    if (r->deed == THM_DEED_LEAVE)
        return;
    announce(s, r, thm_deed_word(r->deed));
    log_done(s, r, thm_deed_word(r->deed));
}

void thm_moderate_done_rules(struct thm_server *s, const struct thm_admin_request *r)
{
    if (r->op != THM_ADMIN_ROOM_SET) {
        log_done(s, r, r->op == THM_ADMIN_ROOM_ADD ? "room-created" : "room-removed");
        return;
    }
    for (enum thm_rule i = 0; i < THM_RULES_END; i++) {
        if (!thm_admin_sets_rule(r, i))
            continue;
        announce(s, r, thm_rule_word(i));
        log_done(s, r, thm_rule_word(i));
    }
}

void thm_moderate_close(struct thm_server *s, const struct thm_admin_request *r, bool closing)
{
    uint32_t stream = thm_stream_find(s, r->room, strlen(r->room)), next;

    if (stream == 0)
        return;
    stream_at(s, stream)->closing = closing;
    if (closing) {
        thm_append_doom(s, stream);
        thm_stream_strip(s, stream);
    }
    for (uint32_t n = stream_at(s, stream)->members.first; n != 0 && closing; n = next) {
        next = next_member(s, n);
        if (member_at(s, n)->active)
            dismiss(s, n, THM_E_ROOM_REMOVED, r);
    }
}

/* --- requests of sessions ---------------------------------------------------------------------- */

static void tell_rules(struct thm_server *s, struct connection *c, const struct stream *st)
{
    struct thm_msg m;

    thm_query_room(&m, st);
    THM_SET(&m, ACCESS, st->rules.invite_only ? "invite-only" : "open");
    THM_SET(&m, HISTORY, st->rules.history_all || !thm_record_kept(s) ? "all" : "joined");
    thm_output_msg(s, c, &m);
}

/* Reads what is asked for. THM_OK, or what is wrong, with the key that it is about. */
static int read_request(const struct thm_msg *m, struct thm_admin_request *r, const char **key)
{
    struct thm_slice action = thm_msg_get(m, THM_KEY_ACTION);
    enum thm_rule rule = thm_rule_find(action.data, action.len);

    r->deed = thm_deed_find(action.data, action.len);
    r->op = r->deed < THM_DEEDS_END ? THM_ADMIN_ROOM_USER : THM_ADMIN_ROOM_SET;
    if (rule < THM_RULES_END)
        thm_admin_set_rule(r, rule);
    thm_slice_copy(r->reason, sizeof r->reason, thm_msg_get(m, THM_KEY_REASON));
    *key = "action";
    if (r->op == THM_ADMIN_ROOM_SET)
        return r->set != 0 ? THM_OK : THM_E_KEY_RANGE;
    *key = "userid";
    thm_slice_copy(r->user, sizeof r->user, thm_msg_get(m, THM_KEY_USERID));
    return r->user[0] != '\0' ? THM_OK : THM_E_KEY_MISSING;
}

/* Hands the request of a session to the operations. It is in a job, for which the session's input waits. */
static struct thm_admin_request *begin(struct thm_server *s, struct connection *c, const char *room)
{
    struct job *j = thm_job_take(s, c, JOB_MODERATE, true);
    struct thm_admin_request *r = &j->admin;

    memset(r, 0, sizeof *r);
    strcpy(r->room, room);
    strcpy(r->by, c->tls.peer.user);
    r->owner = j;
    return r;
}

void thm_moderate_request(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    const struct membership *member = thm_member_of_request(s, c, m);
    const char *key = NULL;

    if (member == NULL)
        return;
    const struct stream *st = stream_at(s, member->stream);
    if (!thm_msg_has(m, THM_KEY_ACTION)) { /* a question */
        tell_rules(s, c, st);
        return;
    }
    if (!thm_record_kept(s) || !member->standing.moderator) {
        thm_input_error(s, c, m, THM_E_NOT_MODERATOR, NULL);
        return;
    }
    struct thm_admin_request *r = begin(s, c, st->name);
    int code = read_request(m, r, &key);
    if (code == THM_OK)
        code = thm_operation_add(s, r);
    if (code != THM_OK) {
        thm_input_error(s, c, m, code, key);
        thm_job_give(s, r->owner);
    }
}

void thm_moderate_leave(struct thm_server *s, struct connection *c, const char *room)
{
    struct thm_admin_request *r = begin(s, c, room);

    r->op = THM_ADMIN_ROOM_USER;
    r->deed = THM_DEED_LEAVE;
    strcpy(r->user, c->tls.peer.user);
    if (thm_operation_add(s, r) != THM_OK)
        thm_job_give(s, r->owner);
}

static void answer(struct thm_server *s, struct connection *c, const struct thm_admin_request *r,
                   int result)
{
    struct thm_msg m;

    if (result == THM_OK) {
        fill(&m, r, action_of(r));
        thm_output_msg(s, c, &m);
        return;
    }
    thm_msg_init(&m, THM_MSG_MODERATE);
    THM_SET(&m, ROOM, r->room);
    if (r->user[0] != '\0') /* whom it is about */
        THM_SET(&m, TO, r->user);
    if (result == THM_E_BANNED) /* the sentence is for him */
        thm_input_error_saying(s, c, &m, result, "userid", "is banned from the room: unban first");
    else
        thm_input_error(s, c, &m, result, "userid");
}

bool thm_moderate_is_leave(const struct thm_admin_request *r)
{
    return r->op == THM_ADMIN_ROOM_USER && r->deed == THM_DEED_LEAVE;
}

void thm_moderate_done(struct thm_server *s, struct thm_admin_request *r, int result)
{
    struct job *j = r->owner;
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    if (thm_moderate_is_leave(r) && result == THM_E_STORE &&
        thm_operation_add(s, r) == THM_OK) { /* he was told that he left */
        s->operations.retry = s->now + STORE_RETRY_MS;
        if (j->waited_for && c != NULL) { /* nor does he wait for it any longer */
            c->jobs--;
            thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
        }
        j->waited_for = false;
        return;
    }
    if (c != NULL && c->state == CONN_ONLINE && !thm_moderate_is_leave(r))
        answer(s, c, r, result);
    thm_job_give(s, j);
}
