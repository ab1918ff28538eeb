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
    else if (number != 0)
        member_at(s, number)->dismissed = THM_OK; /* he is back before he could be told */
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
        /* the log that the client knows is gone: all that he may read of the new one */
        m->n = thm_stays_next(&m->standing.stays, 1) - 1;
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
    if (!again && st->rules.history_all)
        thm_stays_all(&m->standing.stays);
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

/* --- the user's standing in the room ------------------------------------------------------- */

/* Asks for the sender's last csn, which is the last step. */
static void find_csn(struct thm_server *s, const struct connection *c, struct job *j)
{
    j->step = JOB_FIND_TO_JOIN;
    j->request.op = THM_STORE_FIND;
    j->request.stream = stream_at(s, j->stream[0])->store;
    j->request.sender = thm_sender_of(c);
    j->request.csn = 0;
    thm_job_submit(s, j);
}

/* Hands a record that lies in the job's first line to the store, or asks for it. */
static void submit_record(struct thm_server *s, struct job *j, enum job_step step,
                          enum thm_server_kind kind, size_t key_len, size_t value_len)
{
    j->step = (uint8_t)step;
    j->request.op = step == JOB_GET_STANDING ? THM_STORE_GET : THM_STORE_PUT;
    j->request.record = (struct thm_store_record){.kind = (uint8_t)kind,
                                                  .key = j->text,
                                                  .key_len = (uint8_t)key_len,
                                                  .value = j->line[0],
                                                  .value_len = (uint16_t)value_len};
    j->request.buf = j->line[0];
    j->request.cap = sizeof j->line[0];
    thm_job_submit(s, j);
}

static void get_standing(struct thm_server *s, const struct connection *c, struct job *j)
{
    const char *room = stream_at(s, j->stream[0])->name;

    member_at(s, thm_member_find(s, c, j->stream[0]))->recheck = false;
    submit_record(s, j, JOB_GET_STANDING, THM_KIND_STANDING_RECORD,
                  thm_standing_key(room, c->tls.peer.user, j->text), 0);
}

static void put_standing(struct thm_server *s, const struct connection *c, struct job *j,
                         struct membership *m, struct thm_fields *record)
{
    const char *room = stream_at(s, m->stream)->name;

    if (!thm_standing_write(&m->standing, record)) {
        j->request.result = THM_E_STORE;
        thm_join_step(s, j);
        return;
    }
    m->writing = true;
    memcpy(j->line[0], record->text, record->len);
    submit_record(s, j, JOB_PUT_STANDING, THM_KIND_STANDING_RECORD,
                  thm_standing_key(room, c->tls.peer.user, j->text), record->len);
}

/* A room that nobody has ruled yet. One in which something was said already is of a version without rules: its past stays
 * open to all. */
static void found(struct thm_server *s, struct job *j, struct membership *m)
{
    struct stream *st = stream_at(s, m->stream);
    bool old = j->first <= st->log.head && st->emptied < st->log.head;

    st->ruled = j->founds = true;
    st->rules =
        (struct thm_room_rules){.since_ms = s->utc_ms, .history_all = old || s->config.history_all};
    m->standing.moderator |= !old && strcmp(st->name, THM_DEFAULT_ROOM) != 0;
}

static void put_rules(struct thm_server *s, struct job *j)
{
    const struct stream *st = stream_at(s, j->stream[0]);
    struct thm_fields record = {.len = 0};

    thm_rules_write(&st->rules, &record);
    memcpy(j->line[0], record.text, record.len);
    memcpy(j->text, st->name, strlen(st->name));
    submit_record(s, j, JOB_PUT_RULES, THM_KIND_RULES_RECORD, strlen(st->name), record.len);
}

/* He is a member, and that is kept; what is left is the room's rules, if it is he who made it. */
static void joins_as_member(struct thm_server *s, const struct connection *c, struct job *j)
{
    if (j->founds && j->step != JOB_PUT_RULES)
        put_rules(s, j);
    else
        find_csn(s, c, j);
}

/* THM_OK, or why the user may not join. */
static int may_enter(const struct stream *st, const struct thm_standing *standing)
{
    if (standing->banned)
        return THM_E_BANNED;
    if (st->closing)
        return THM_E_NOT_ALLOWED;
    if (st->rules.invite_only && !standing->invited && !standing->moderator &&
        !thm_stays_open(&standing->stays))
        return THM_E_INVITE_ONLY;
    return THM_OK;
}

/* What was read of the user's standing, unless another session of his knows better. True: it is read again, since it is
 * being written. */
static bool overtaken(struct thm_server *s, const struct connection *c, struct membership *m)
{
    uint32_t other = thm_member_of_user(s, c->user, m->stream, c);

    if (other != 0)
        m->standing = member_at(s, other)->standing;
    return other == 0 && thm_member_is_written(s, c->tls.peer.user, m->stream);
}

/* Whether the client goes on in a room that was removed since: nobody makes it anew by coming back to it. */
static bool was_removed(const struct stream *st, const struct job *j)
{
    bool nothing_kept = j->first > st->log.head || st->emptied == st->log.head;

    return !st->ruled && nothing_kept && j->has_after && j->incarnation == st->incarnation;
}

static void took_standing(struct thm_server *s, const struct connection *c, struct job *j,
                          struct membership *m)
{
    struct stream *st = stream_at(s, m->stream);
    struct thm_fields record = {.len = (uint16_t)j->request.len};

    memcpy(record.text, j->line[0], record.len);
    if (!thm_standing_read(&m->standing, &record)) {
        thm_log_event(s, THM_LOG_ERROR, "standing-damaged", c, THM_E_STORE, st->name);
        j->request.result = THM_E_NOT_ALLOWED;
    } else {
        j->request.result = may_enter(st, &m->standing);
    }
    if (j->request.result != THM_OK) {
        thm_join_step(s, j);
        return;
    }
    thm_stays_fit(&m->standing.stays, st->log.head);
    if (!thm_stays_open(&m->standing.stays) && overtaken(s, c, m)) {
        get_standing(s, c, j);
        return;
    }
    if (was_removed(st, j)) {
        j->request.result = THM_E_UNKNOWN_ROOM;
        thm_join_step(s, j);
        return;
    }
    if (!st->ruled && thm_operation_writes(s, THM_KIND_RULES_RECORD, st->name, strlen(st->name))) {
        st->read = false; /* the operator makes it just now: asked again a little later */
        j->request.result = THM_E_STORE;
        thm_join_step(s, j);
        return;
    }
    if (!st->ruled)
        found(s, j, m);
    if (thm_stays_open(&m->standing.stays)) {
        joins_as_member(s, c, j);
    } else {
        thm_stays_begin(&m->standing.stays, st->log.head);
        put_standing(s, c, j, m, &record);
    }
}

/* --- steps ---------------------------------------------------------------------------------- */

/* The stream is open: what is kept of the room is read, unless that was done; then the user's standing, and the sender's
 * last csn. */
static void go_on(struct thm_server *s, const struct connection *c, struct job *j)
{
    bool first = j->step == JOB_OPEN_TO_JOIN;
    bool again = member_at(s, thm_member_find(s, c, j->stream[0]))->active;

    if (thm_record_read(s, j, first)) {
        j->step = JOB_READ_TO_JOIN;
        thm_job_submit(s, j);
    } else if (!again && stream_at(s, j->stream[0])->name[0] == '#' && thm_record_kept(s)) {
        get_standing(s, c, j);
    } else {
        find_csn(s, c, j);
    }
}

/* The store has done one step: the next one. */
static void next_step(struct thm_server *s, struct connection *c, struct job *j, uint32_t number)
{
    struct membership *m = member_at(s, number);

    switch (j->step) {
    case JOB_GET_STANDING: took_standing(s, c, j, m); return;
    case JOB_PUT_STANDING:
        m->writing = false;
        joins_as_member(s, c, j);
        return;
    case JOB_PUT_RULES: joins_as_member(s, c, j); return;
    default: go_on(s, c, j); return;
    }
}

static void refuse(struct thm_server *s, struct connection *c, const struct job *j, uint32_t number)
{
    struct stream *st = stream_at(s, j->stream[0]);
    int code = j->request.result;
    struct thm_msg request;

    if (j->founds)
        st->ruled = false;
    thm_msg_init(&request, THM_MSG_JOIN);
    THM_SET(&request, ROOM, st->name);
    /* STATE: the store dropped the stream between two requests, and makes it anew when asked again */
    thm_input_error(s, c, &request, code == THM_E_STATE ? THM_E_STORE : code, "room");
    if (!member_at(s, number)->active)
        thm_member_remove(s, c, number);
}

/* Who made the room is gone already. True: its rules are still to be written, or others would find it without any. */
static bool keep_founded(struct thm_server *s, struct job *j)
{
    bool kept = j->request.result == THM_OK;

    if (!j->founds)
        return false;
    if (!kept)
        stream_at(s, j->stream[0])->ruled = false;
    if (!kept || j->step != JOB_PUT_STANDING)
        return false;
    put_rules(s, j);
    return true;
}

void thm_join_step(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);
    uint32_t number =
        c != NULL && c->state == CONN_ONLINE ? thm_member_find(s, c, j->stream[0]) : 0;
    int result = j->request.result;

    if (j->step == JOB_OPEN_TO_JOIN && result == THM_OK) {
        thm_stream_opened(s, j->stream[0], &j->request);
        j->first = j->request.first;
    }
    /* a store that can keep no more records lets him in, and forgets him when he goes */
    if ((j->step == JOB_PUT_STANDING || j->step == JOB_PUT_RULES) && result == THM_E_LIMIT)
        j->request.result = result = THM_OK;
    if (number == 0 && keep_founded(s, j))
        return;
    if (number != 0 && j->step == JOB_FIND_TO_JOIN && stream_at(s, j->stream[0])->closing)
        j->request.result = result = THM_E_NOT_ALLOWED;
    if (number != 0 && result == THM_OK && j->step == JOB_FIND_TO_JOIN &&
        member_at(s, number)->recheck) {
        member_at(s, number)->dismissed = THM_OK; /* an answer tells him */
        get_standing(s, c, j);
        return;
    }
    if (number != 0 && result != THM_OK) {
        refuse(s, c, j, number);
    } else if (number != 0 && j->step == JOB_FIND_TO_JOIN) {
        joined(s, c, j, number);
    } else if (number != 0) {
        next_step(s, c, j, number);
        return;
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
    bool kept = member_at(s, number)->active && name.data[0] == '#' && thm_record_kept(s);
    bool last = thm_member_of_user(s, c->user, stream, c) == 0;
    thm_log_event(s, THM_LOG_DEBUG, "leave", c, THM_OK, stream_at(s, stream)->name);
    thm_member_remove(s, c, number);
    if (kept && last)
        thm_moderate_leave(s, c, stream_at(s, stream)->name);
    thm_msg_init(&out, THM_MSG_LEFT);
    thm_msg_str(&out, THM_KEY_ROOM, name.data, name.len);
    thm_output_msg(s, c, &out);
}
