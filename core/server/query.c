/* Questions: who is here, which rooms there are, what was said. Long answers are walks that go on whenever there
 * is room, so that no answer needs more than one buffer. */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"

#define HISTORY_DEFAULT 20
#define HISTORY_MAX     1000
/* Items that one walk may look at in one turn, so that all get their share. */
#define LOOKS_PER_TURN 512

_Static_assert((THM_ROOMS_PER_SESSION + 1) * (THM_ROOM_MAX + 1) <= 600,
               "the rooms of a session fit in its row");

/* --- rows ----------------------------------------------------------------------------------- */

/* Whether a session may know of a room: an invite-only one is its members' business. */
static bool may_know(const struct thm_server *s, const struct connection *c, uint32_t stream)
{
    uint32_t member = thm_member_find(s, c, stream);

    return !stream_at(s, stream)->rules.invite_only ||
           (member != 0 && member_at(s, member)->active);
}

static void room_names(const struct thm_server *s, const struct connection *viewer,
                       const struct connection *c, char *buf, size_t cap)
{
    struct thm_text t;

    thm_text_init(&t, buf, cap);
    for (uint32_t n = c->memberships; n != 0; n = member_at(s, n)->next) {
        const struct stream *st = stream_at(s, member_at(s, n)->stream);
        if (!member_at(s, n)->active || st->name[0] != '#' ||
            !may_know(s, viewer, member_at(s, n)->stream))
            continue;
        if (t.len > 0)
            thm_text_char(&t, ' ');
        thm_text_str(&t, st->name);
    }
}

static bool row_user(struct thm_server *s, struct connection *c, const struct connection *other)
{
    const struct user *u = user_at(s, other->user);
    char rooms[601], address[THM_ADDRESS_TEXT_MAX], hex[2 * THM_KEY_HASH + 1];
    struct thm_text t;
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_USER);
    THM_SET(&m, USERID, u->id);
    THM_SET(&m, DEVICE, other->tls.peer.device);
    THM_SET(&m, ALIAS, u->alias);
    room_names(s, c, other, rooms, sizeof rooms);
    THM_SET(&m, ROOMS, rooms);
    thm_msg_num(&m, THM_KEY_SINCE, other->since);
    if (u->away[0] != '\0')
        THM_SET(&m, AWAY, u->away);
    if (c->walk.kind == THM_MSG_WHOIS) {
        thm_text_init(&t, hex, sizeof hex);
        thm_text_hex(&t, other->tls.peer.key_hash, THM_KEY_HASH);
        THM_SET(&m, KEY_HASH, hex);
        if (other->agent[0] != '\0')
            THM_SET(&m, AGENT, other->agent);
        thm_msg_num(&m, THM_KEY_MAX_MESSAGE, other->max_message);
        thm_address_text(&other->address, address);
        if (other->user == c->user) /* an address is its owner's business */
            THM_SET(&m, ADDRESS, address);
    }
    c->walk.count++;
    return thm_output_msg(s, c, &m);
}

void thm_query_room(struct thm_msg *m, const struct stream *st)
{
    thm_msg_init(m, THM_MSG_ROOM);
    THM_SET(m, ROOM, st->name);
    thm_msg_num(m, THM_KEY_MEMBERS, st->member_count);
    if (st->topic[0] != '\0')
        THM_SET(m, TOPIC, st->topic);
}

static bool row_room(struct thm_server *s, struct connection *c, const struct stream *st)
{
    struct thm_msg m;

    thm_query_room(&m, st);
    c->walk.count++;
    return thm_output_msg(s, c, &m);
}

/* The next entry from `n` on that the session may read; it may have been sent away meanwhile. */
static uint64_t next_readable(const struct thm_server *s, const struct connection *c, uint64_t n)
{
    uint32_t member = thm_member_find(s, c, c->walk.target);

    return member == 0 || !member_at(s, member)->active
               ? UINT64_MAX
               : thm_stays_next(&member_at(s, member)->standing.stays, n);
}

static void say_end(struct thm_server *s, struct connection *c)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_END);
    THM_SET(&m, IN, thm_type_word((enum thm_type)c->walk.kind));
    thm_msg_num(&m, THM_KEY_COUNT, c->walk.count);
    if (c->walk.kind == THM_MSG_HISTORY && next_readable(s, c, c->walk.kept) < c->walk.first)
        thm_msg_num(&m, THM_KEY_FIRST, c->walk.first);
    if (c->walk.kind == THM_MSG_WHO || c->walk.kind == THM_MSG_HISTORY)
        THM_SET(&m, ROOM, stream_at(s, c->walk.target)->name);
    if (c->walk.id[0] != '\0')
        THM_SET(&m, ID, c->walk.id);
    thm_output_msg(s, c, &m);
    c->walk.kind = 0;
    thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
}

/* --- walks ---------------------------------------------------------------------------------- */

static bool wanted(const struct thm_server *s, const struct connection *c,
                   const struct connection *other)
{
    if (other->state != CONN_ONLINE)
        return false;
    if (c->walk.kind == THM_MSG_WHOIS)
        return strcmp(other->tls.peer.user, c->walk.user) == 0;
    uint32_t member = c->walk.kind == THM_MSG_WHO ? thm_member_find(s, other, c->walk.target) : 0;
    return c->walk.kind == THM_MSG_LIST || (member != 0 && member_at(s, member)->active);
}

static void walk_sessions(struct thm_server *s, struct connection *c)
{
    uint32_t budget = LOOKS_PER_TURN;

    if (c->walk.kind == THM_MSG_WHO && next_readable(s, c, 1) == UINT64_MAX)
        c->walk.at = s->connections.fresh; /* he was sent away meanwhile */

    while (c->walk.at < s->connections.fresh) {
        if (thm_output_room(c) < OUTPUT_REQUEST)
            return;
        if (budget-- == 0) {
            thm_conn_look(s, c, LOOK_WRITE);
            return;
        }
        const struct connection *other = conn_at(s, c->walk.at + 1);
        if (wanted(s, c, other))
            row_user(s, c, other);
        c->walk.at++;
    }
    say_end(s, c);
}

/* The rooms in memory: those that somebody is in. */
static void walk_rooms(struct thm_server *s, struct connection *c)
{
    uint32_t budget = LOOKS_PER_TURN;

    while (c->walk.at < s->streams.fresh) {
        if (thm_output_room(c) < OUTPUT_REQUEST)
            return;
        if (budget-- == 0) {
            thm_conn_look(s, c, LOOK_WRITE);
            return;
        }
        const struct stream *st = stream_at(s, c->walk.at + 1);
        if (st->member_count != 0 && st->name[0] == '#' && may_know(s, c, c->walk.at + 1))
            row_room(s, c, st);
        c->walk.at++;
    }
    say_end(s, c);
}

/* The rooms that the store keeps: asks for the next page. */
static void walk_kept_rooms(struct thm_server *s, struct connection *c)
{
    if (c->walk.reading || thm_output_room(c) < OUTPUT_REQUEST || !thm_job_ready(s, c))
        return;
    struct job *j = thm_job_take(s, c, JOB_LIST_ROOMS, false);
    size_t len = strlen(c->walk.user);
    j->text[0] = '#';
    memcpy(j->text + 1, c->walk.user, len);
    j->request.op = THM_STORE_LIST;
    j->request.record = (struct thm_store_record){
        .kind = THM_KIND_RULES_RECORD, .key = j->text, .key_len = (uint8_t)(1 + len)};
    j->request.buf = j->line;
    j->request.cap = sizeof j->line;
    c->walk.reading = true;
    thm_job_submit(s, j);
}

/* One that is not in memory has nobody in it, and its members are not known here. */
static void row_kept_room(struct thm_server *s, struct connection *c,
                          const struct thm_record *record)
{
    struct thm_fields fields = {.len = (uint16_t)record->value_len};
    uint32_t stream = thm_stream_find(s, (const char *)record->key, record->key_len);
    struct thm_room_rules rules;
    struct thm_msg m;

    if (stream != 0 && stream_at(s, stream)->ruled) {
        if (may_know(s, c, stream))
            row_room(s, c, stream_at(s, stream));
        return;
    }
    memcpy(fields.text, record->value, record->value_len);
    if (!thm_rules_read(&rules, &fields) || rules.invite_only)
        return;
    thm_msg_init(&m, THM_MSG_ROOM);
    thm_msg_str(&m, THM_KEY_ROOM, (const char *)record->key, record->key_len);
    thm_msg_num(&m, THM_KEY_MEMBERS, 0);
    c->walk.count++;
    thm_output_msg(s, c, &m);
}

void thm_query_rooms_done(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);
    struct thm_record record;
    size_t at = 0;
    bool any = false;

    if (c != NULL && c->state == CONN_ONLINE && c->walk.kind == THM_MSG_ROOMS) {
        c->walk.reading = false;
        while (j->request.result == THM_OK && thm_output_room(c) >= OUTPUT_REQUEST &&
               thm_record_next(&j->request, &at, &record)) {
            any = true;
            if (record.key_len < 2 || record.key_len > THM_ROOM_MAX)
                continue;
            row_kept_room(s, c, &record);
            thm_slice_copy(c->walk.user, sizeof c->walk.user,
                           (struct thm_slice){(const char *)record.key + 1, record.key_len - 1});
        }
        if (!any && (j->request.result != THM_OK || j->request.len == 0))
            say_end(s, c);
        thm_conn_look(s, c, LOOK_WRITE);
    }
    thm_job_give(s, j);
}

/* From what was asked for (`next`: how many, `last`: up to which) to the first and last entry to say. */
static void set_range(uint64_t head, struct walk *w)
{
    uint64_t count = w->next < HISTORY_MAX ? w->next : HISTORY_MAX;

    if (w->last > head)
        w->last = head;
    w->next = count < w->last ? w->last - count + 1 : 1;
    w->first = w->next;
    w->kept = w->next > w->last ? w->next : 1; /* not known yet, unless nothing is looked at */
    w->started = true;
}

static void walk_history(struct thm_server *s, struct connection *c)
{
    struct walk *w = &c->walk;

    if (w->reading || thm_output_room(c) < OUTPUT_REQUEST ||
        thm_output_room(c) < THM_OUT_BUFFER / 2)
        return;
    if (!w->started)
        set_range(stream_at(s, w->target)->log.head, w);
    w->next = next_readable(s, c, w->next);
    if (w->next > w->last) {
        say_end(s, c);
        return;
    }
    if (thm_deliver_read(s, c, w->target, w->next, (unsigned)(w->last - w->next + 1), true))
        w->reading = true;
    else
        thm_conn_wait(s, c, WAIT_READ);
}

/* What was delivered as `message` or `whisper` is told again as `past`. */
static void say_past(struct thm_server *s, struct connection *c, const struct thm_entry *e)
{
    char line[THM_LINE_MAX];
    struct thm_msg m;
    struct thm_fault fault;

    if (thm_receipt_is(e))
        return; /* it was about a whisper of that moment */
    if (e->for_device != 0 &&
        e->for_device != thm_device_tag(c->tls.peer.device, strlen(c->tls.peer.device)))
        return;
    memcpy(line, e->line, e->len);
    if (thm_wire_decode(line, e->len - 1, THM_FROM_SERVER, &m, &fault) != THM_OK)
        return;
    m.type = THM_MSG_PAST;
    if (thm_output_msg(s, c, &m))
        c->walk.count++;
}

void thm_query_history_done(struct thm_server *s, struct connection *c, struct read_job *r)
{
    struct walk *w = &c->walk;
    struct thm_entry e;
    size_t at = 0;
    bool any = false;

    w->reading = false;
    if (w->kind != THM_MSG_HISTORY || r->request.result == THM_E_STORE)
        return; /* gone, or asked for again a little later */
    if (r->request.result == THM_OK)
        w->kept = r->request.first;
    while (r->request.result == THM_OK && thm_read_next(&r->request, &at, &e) && e.n <= w->last) {
        if (thm_output_room(c) < OUTPUT_REQUEST)
            return; /* the rest is read again when there is room */
        if (next_readable(s, c, e.n) == e.n)
            say_past(s, c, &e);
        any = true;
        w->next = e.n + 1;
    }
    if (!any)
        w->next = w->last + 1;
}

void thm_query_continue(struct thm_server *s, struct connection *c)
{
    if (c->appends > 0 || c->walk.kind == THM_MSG_QUIT)
        return; /* what was said before the question comes before its answer */
    if (c->walk.kind == THM_MSG_HISTORY)
        walk_history(s, c);
    else if (c->walk.kind == THM_MSG_ROOMS && thm_record_kept(s))
        walk_kept_rooms(s, c);
    else if (c->walk.kind == THM_MSG_ROOMS)
        walk_rooms(s, c);
    else if (c->walk.kind != 0)
        walk_sessions(s, c);
}

/* --- starting ------------------------------------------------------------------------------- */

/* The stream of a room (or own inbox) that the session is in; 0: answered by an error. */
static uint32_t own_stream(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice name = thm_msg_get(m, THM_KEY_ROOM);
    uint32_t stream = thm_stream_find(s, name.data, name.len);
    uint32_t number = stream == 0 ? 0 : thm_member_find(s, c, stream);

    if (number != 0 && member_at(s, number)->active)
        return stream;
    thm_input_error(s, c, m, THM_E_NO_ROOM, "room");
    return 0;
}

static bool start_history(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct walk *w = &c->walk;

    w->target = own_stream(s, c, m);
    w->next = thm_msg_get_num(m, THM_KEY_COUNT, HISTORY_DEFAULT);
    w->last = thm_msg_get_num(m, THM_KEY_BEFORE, UINT64_MAX) - 1;
    return w->target != 0;
}

static bool start_whois(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice name = thm_msg_get(m, THM_KEY_TEXT);
    uint32_t user = thm_user_by_name(s, name.data, name.len);

    if (user == 0 || user_at(s, user)->sessions.first == 0) {
        thm_input_error(s, c, m, user == 0 ? THM_E_NO_USER : THM_E_AWAY, "text");
        return false;
    }
    strcpy(c->walk.user, user_at(s, user)->id);
    return true;
}

void thm_query_start(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    bool ok = true;

    memset(&c->walk, 0, sizeof c->walk);
    thm_slice_copy(c->walk.id, sizeof c->walk.id, thm_msg_get(m, THM_KEY_ID));
    if (m->type == THM_MSG_HISTORY)
        ok = start_history(s, c, m);
    else if (m->type == THM_MSG_WHOIS)
        ok = start_whois(s, c, m);
    else if (m->type == THM_MSG_WHO)
        ok = (c->walk.target = own_stream(s, c, m)) != 0;
    if (!ok)
        return;
    c->walk.kind = (uint8_t)m->type;
    thm_conn_look(s, c, LOOK_WRITE);
}

void thm_query_quit(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    (void)m;
    if (c->state != CONN_ONLINE) {
        thm_conn_goodbye(s, c, THM_OK, "bye", 0);
        return;
    }
    memset(&c->walk, 0, sizeof c->walk);
    c->walk.kind = THM_MSG_QUIT;
    thm_conn_look(s, c, LOOK_WRITE);
}

void thm_query_finish(struct thm_server *s, struct connection *c)
{
    if (c->walk.kind == THM_MSG_QUIT && c->appends == 0)
        thm_conn_goodbye(s, c, THM_OK, "bye", 0);
}

void thm_query_status(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_msg out;

    (void)m;
    thm_msg_init(&out, THM_MSG_SERVER);
    THM_SET(&out, SERVER, s->config.name);
    thm_msg_num(&out, THM_KEY_TIME, s->utc_ms);
    thm_msg_num(&out, THM_KEY_SINCE, s->started_utc);
    thm_msg_num(&out, THM_KEY_COUNT, s->stats.messages);
    thm_msg_num(&out, THM_KEY_MEMBERS, s->sessions);
    thm_msg_num(&out, THM_KEY_CREDIT, c->credit);
    thm_output_msg(s, c, &out);
}
