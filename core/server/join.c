/* Joining: open the stream, look up what the sender's last number in it was, then follow it. */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"

/* A room is open to all; an inbox only to its user. */
static bool may_follow(const struct connection *c, struct thm_slice name)
{
    return name.data[0] == '#' || (name.len == strlen(c->tls.peer.user) + 1 &&
                                   memcmp(name.data + 1, c->tls.peer.user, name.len - 1) == 0);
}

/* Starts to join. `m` is the request, for error lines. */
static void join(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice name = thm_msg_get(m, THM_KEY_ROOM);

    if (!may_follow(c, name)) {
        thm_input_error(s, c, m, THM_E_NOT_ALLOWED, "room");
        return;
    }
    struct job *j = thm_job_take(s, c, JOB_OPEN_TO_JOIN, true);
    uint32_t stream = thm_stream_need(s, name.data, name.len);
    uint32_t number = stream == 0 ? 0 : thm_member_find(s, c, stream);
    if (stream != 0 && number == 0)
        number = thm_member_add(s, c, stream);
    if (number == 0) {
        thm_job_give(s, j);
        thm_input_error(s, c, m, THM_E_LIMIT, "room");
        return;
    }
    j->stream[0] = stream;
    j->streams = 1;
    thm_stream_hold(s, stream);
    j->has_after = thm_msg_has(m, THM_KEY_AFTER) && thm_msg_has(m, THM_KEY_INCARNATION);
    j->after = thm_msg_get_num(m, THM_KEY_AFTER, 0);
    j->incarnation = thm_msg_get_num(m, THM_KEY_INCARNATION, 0);
    j->request.op = THM_STORE_OPEN;
    thm_slice_copy(j->request.name, sizeof j->request.name, name);
    thm_job_submit(s, j);
}

void thm_join_request(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    join(s, c, m);
}

void thm_join_auto(struct thm_server *s, struct connection *c)
{
    char inbox[THM_ROOM_MAX + 1] = "@";
    struct thm_msg m;

    while (c->auto_join != 0 && c->jobs == 0 && thm_job_ready(s, c)) {
        thm_msg_init(&m, THM_MSG_JOIN);
        if (c->auto_join == 2) {
            strcpy(inbox + 1, c->tls.peer.user);
            THM_SET(&m, ROOM, inbox);
        } else {
            THM_SET(&m, ROOM, THM_DEFAULT_ROOM);
            thm_hold_spend(s, c, THM_LIMIT_JOINS, 1);
        }
        join(s, c, &m);
        c->auto_join--;
    }
}

/* Where delivery starts, by what the client stated and what there is. */
static void set_cursor(const struct job *j, const struct stream *st, struct membership *m)
{
    m->restarted = false;
    if (j->has_after && j->incarnation == st->incarnation && j->after <= st->log.head) {
        m->n = j->after;
    } else if (j->has_after) {
        m->n = 0; /* the log that the client knows is gone: all that is kept of the new one */
        m->restarted = true;
    } else if (st->name[0] == '#') {
        m->n = st->log.head;
    } else {
        m->n = j->first - 1; /* a new device gets what its inbox keeps */
    }
}

static void say_joined(struct thm_server *s, struct connection *c, const struct membership *m)
{
    const struct stream *st = stream_at(s, m->stream);
    struct thm_msg out;

    thm_msg_init(&out, THM_MSG_JOINED);
    THM_SET(&out, ROOM, st->name);
    thm_msg_num(&out, THM_KEY_INCARNATION, st->incarnation);
    thm_msg_num(&out, THM_KEY_N, st->log.head);
    thm_msg_num(&out, THM_KEY_AFTER, m->n);
    if (m->last_csn != 0)
        thm_msg_num(&out, THM_KEY_CSN, m->last_csn);
    if (st->name[0] == '#') {
        thm_msg_num(&out, THM_KEY_MEMBERS, st->member_count);
        if (st->topic[0] != '\0')
            THM_SET(&out, TOPIC, st->topic);
    }
    thm_output_msg(s, c, &out);
}

static void joined(struct thm_server *s, struct connection *c, struct job *j, uint32_t number)
{
    struct membership *m = member_at(s, number);
    struct stream *st = stream_at(s, m->stream);
    bool again = m->active;

    if (j->request.last_csn > m->last_csn)
        m->last_csn = j->request.last_csn;
    uint64_t pending = thm_append_pending_csn(s, thm_sender_of(c), m->stream);
    if (pending > m->last_csn)
        m->last_csn = pending;
    if (!again || j->has_after)
        set_cursor(j, st, m);
    if (!again)
        thm_member_enter(s, number);
    say_joined(s, c, m);
    if (again)
        return;
    thm_log_event(s, THM_LOG_DEBUG, "join", c, THM_OK, st->name);
    /* The newcomer is told of changes from now on, but of all states. */
    m->told_version = st->version;
    m->told_joined = st->joined;
    m->told_left = st->left;
    m->told_topic = st->topic_time;
    thm_conn_look(s, c, LOOK_WRITE);
}

/* The stream is open: what is kept of the room is read, unless that was done, and then the sender's last csn. */
static void go_on(struct thm_server *s, const struct connection *c, struct job *j)
{
    bool first = j->step == JOB_OPEN_TO_JOIN;

    if (thm_record_read(s, j, first)) {
        j->step = JOB_READ_TO_JOIN;
    } else {
        j->step = JOB_FIND_TO_JOIN;
        j->request.op = THM_STORE_FIND;
        j->request.stream = stream_at(s, j->stream[0])->store;
        j->request.sender = thm_sender_of(c);
        j->request.csn = 0;
    }
    thm_job_submit(s, j);
}

void thm_join_step(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);
    uint32_t number =
        c != NULL && c->state == CONN_ONLINE ? thm_member_find(s, c, j->stream[0]) : 0;

    if (j->step == JOB_OPEN_TO_JOIN && j->request.result == THM_OK) {
        thm_stream_opened(s, j->stream[0], &j->request);
        j->first = j->request.first;
        if (number != 0) {
            go_on(s, c, j);
            return;
        }
    } else if (number != 0 && j->step == JOB_READ_TO_JOIN && j->request.result == THM_OK) {
        go_on(s, c, j);
        return;
    } else if (number != 0 && j->request.result == THM_OK) {
        joined(s, c, j, number);
    } else if (number != 0) {
        struct thm_msg request;
        thm_msg_init(&request, THM_MSG_JOIN);
        THM_SET(&request, ROOM, stream_at(s, j->stream[0])->name);
        /* STATE: the store dropped the stream between two requests, and makes it anew when asked again */
        thm_input_error(s, c, &request,
                        j->request.result == THM_E_STATE ? THM_E_STORE : j->request.result, "room");
        if (!member_at(s, number)->active)
            thm_member_remove(s, c, number);
    }
    thm_stream_release(s, j->stream[0]);
    thm_job_give(s, j);
}

void thm_join_leave(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice name = thm_msg_get(m, THM_KEY_ROOM);
    uint32_t stream = thm_stream_find(s, name.data, name.len);
    uint32_t number = stream == 0 ? 0 : thm_member_find(s, c, stream);
    struct thm_msg out;

    if (number == 0) {
        thm_input_error(s, c, m, THM_E_NO_ROOM, "room");
        return;
    }
    thm_log_event(s, THM_LOG_DEBUG, "leave", c, THM_OK, stream_at(s, stream)->name);
    thm_member_remove(s, c, number);
    thm_msg_init(&out, THM_MSG_LEFT);
    thm_msg_str(&out, THM_KEY_ROOM, name.data, name.len);
    thm_output_msg(s, c, &out);
}
