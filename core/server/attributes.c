/* What people and devices set about themselves and their rooms: state, topic, away, alias. */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"
#include "tls/wipe.h"

/* --- retained state ------------------------------------------------------------------------- */

static uint32_t state_find(const struct thm_server *s, const struct stream *st,
                           const struct connection *c)
{
    uint32_t n = st->states.last;

    while (n != 0 && (strcmp(state_at(s, n)->user, c->tls.peer.user) != 0 ||
                      strcmp(state_at(s, n)->device, c->tls.peer.device) != 0))
        n = state_at(s, n)->link.prev;
    return n;
}

/* The state that was set longest ago by a device that is no longer in the room; 0: none. */
static uint32_t state_of_absent(const struct thm_server *s, uint32_t stream)
{
    uint32_t n = stream_at(s, stream)->states.first;

    for (; n != 0; n = state_at(s, n)->link.next) {
        const struct state *state = state_at(s, n);
        uint32_t user = thm_user_find(s, state->user, strlen(state->user));
        const struct connection *c =
            user == 0 ? NULL : thm_user_session(s, user, state->device, strlen(state->device));
        if (c == NULL || thm_member_find(s, c, stream) == 0)
            return n;
    }
    return 0;
}

/* Finds the device's state in the room, or makes one, and takes it out of the list. 0: there are too many. */
static uint32_t state_need(struct thm_server *s, const struct connection *c,
                           const struct membership *m)
{
    struct stream *st = stream_at(s, m->stream);
    uint32_t number = m->state != 0 ? m->state : state_find(s, st, c);

    if (number == 0 && s->states.used == s->states.count && !thm_stream_drop_idle_states(s))
        number = state_of_absent(s, m->stream);
    if (number != 0)
        thm_list_remove(&st->states, state_links(s), number);
    else
        number = thm_pool_take(&s->states);
    if (number != 0) {
        strcpy(state_at(s, number)->user, c->tls.peer.user);
        strcpy(state_at(s, number)->device, c->tls.peer.device);
    }
    return number;
}

void thm_presence_state(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct membership *member = thm_member_of_request(s, c, m);
    struct thm_slice text = thm_msg_get(m, THM_KEY_TEXT);

    if (member == NULL)
        return;
    if (text.len > THM_STATE_MAX) {
        thm_input_error(s, c, m, THM_E_TEXT_LONG, "text");
        return;
    }
    struct stream *st = stream_at(s, member->stream);
    uint32_t number = state_need(s, c, member);
    if (number == 0) {
        thm_input_error(s, c, m, THM_E_LIMIT, NULL);
        return;
    }
    member->state = number;
    struct state *state = state_at(s, number);
    state->time = s->utc_ms;
    state->version = ++st->state_version;
    state->len = (uint16_t)text.len;
    memcpy(state->text, text.data, text.len);
    thm_list_append(&st->states, state_links(s), number);
    thm_record_changed(s, member->stream);
    thm_stream_dirty(s, member->stream);
}

/* --- topic, away, alias --------------------------------------------------------------------- */

void thm_presence_topic(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct membership *member = thm_member_of_request(s, c, m);

    if (member == NULL)
        return;
    struct stream *st = stream_at(s, member->stream);
    if (!thm_msg_has(m, THM_KEY_TOPIC)) { /* a question */
        struct thm_msg out;
        thm_msg_init(&out, THM_MSG_TOPIC);
        THM_SET(&out, ROOM, st->name);
        THM_SET(&out, TOPIC, st->topic);
        if (st->topic_from[0] != '\0') {
            THM_SET(&out, FROM, st->topic_from);
            thm_msg_num(&out, THM_KEY_TIME, st->topic_time);
        }
        thm_output_msg(s, c, &out);
        return;
    }
    thm_slice_copy(st->topic, sizeof st->topic, thm_msg_get(m, THM_KEY_TOPIC));
    strcpy(st->topic_from, c->tls.peer.user);
    st->topic_time = s->utc_ms > st->topic_time ? s->utc_ms : st->topic_time + 1;
    st->topic_unkept = true;
    thm_record_changed(s, member->stream);
    thm_stream_dirty(s, member->stream);
    thm_log_event(s, THM_LOG_INFO, "topic", c, THM_OK, st->name);
}

void thm_presence_away(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct user *u = user_at(s, c->user);
    bool was_away = u->away[0] != '\0';
    struct thm_msg out;

    thm_slice_copy(u->away, sizeof u->away, thm_msg_get(m, THM_KEY_AWAY));
    thm_msg_init(&out, THM_MSG_AWAY);
    THM_SET(&out, AWAY, u->away);
    thm_output_msg(s, c, &out);
    if (u->away[0] != '\0' || was_away)
        thm_presence_changed(s, c->user, u->away[0] != '\0' ? EVENT_AWAY : EVENT_BACK);
}

static void set_alias(struct thm_server *s, struct connection *c, struct thm_slice alias, int code)
{
    struct thm_msg m;

    if (code == THM_OK)
        code = thm_user_set_alias(s, c, alias);
    thm_msg_init(&m, THM_MSG_ALIAS);
    if (code != THM_OK) {
        thm_input_error(s, c, &m, code, "alias");
        return;
    }
    THM_SET(&m, ALIAS, user_at(s, c->user)->alias);
    thm_output_msg(s, c, &m);
    thm_log_event(s, THM_LOG_INFO, "alias", c, THM_OK, NULL);
}

/* The id of a user who is not here is nobody else's alias either. */
static void ask_for_namesake(struct thm_server *s, struct connection *c, struct thm_slice alias,
                             const char *id)
{
    struct job *j = thm_job_take(s, c, JOB_GET_TO_RENAME, true);

    thm_slice_copy(j->alias, sizeof j->alias, alias);
    strcpy(j->to, id);
    j->request.op = THM_STORE_GET;
    j->request.record = (struct thm_store_record){
        .kind = THM_KIND_USER_RECORD, .key = j->to, .key_len = (uint8_t)strlen(id)};
    j->request.buf = j->line[0];
    j->request.cap = sizeof j->line[0];
    thm_job_submit(s, j);
}

void thm_presence_alias(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice alias = thm_msg_get(m, THM_KEY_ALIAS);
    char id[THM_ID_MAX + 1];

    if (thm_user_may_be(s, c, alias, id))
        ask_for_namesake(s, c, alias, id);
    else
        set_alias(s, c, alias, THM_OK);
}

void thm_presence_alias_step(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);
    int code = j->request.result;

    if (code == THM_OK && j->request.len > 0)
        code = THM_E_ALIAS_TAKEN;
    thm_wipe(j->line[0], sizeof j->line[0]); /* a verifier is in it */
    if (c != NULL && c->state == CONN_ONLINE)
        set_alias(s, c, thm_slice_of(j->alias), code);
    thm_job_give(s, j);
}
