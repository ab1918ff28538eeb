/*
 * What is asked of rooms: their rules, and who is what in them.
 *
 * Joining goes on beside that. Who joins for the first time writes his standing himself: either waits while the other's
 * is on its way, and reads again; and a change has standings read again that were read before it.
 */
#include "server/internal.h"

#include <string.h>

enum {
    STEP_NONE,
    STEP_LIST,         /* rows */
    STEP_RULES,        /* the room's rules are read: is there such a room? */
    STEP_PUT_RULES,    /* the last step of ROOM_ADD, ROOM_SET and ROOM_REMOVE */
    STEP_USER,         /* is there such a user? */
    STEP_OPEN,         /* where the room's log ends */
    STEP_STANDING,     /* the user's standing is read */
    STEP_PUT_STANDING, /* the last step of ROOM_USER */
    STEP_FIND_KEPT,    /* ROOM_REMOVE: the next standing, then the next state, is looked for */
    STEP_ERASE_KEPT,   /* and erased */
    STEP_ERASE_TOPIC,
    STEP_EMPTY /* what was said is dropped */
};

static struct stream *room_of(const struct thm_server *s, const struct thm_admin_request *r)
{
    uint32_t number = thm_stream_find(s, r->room, strlen(r->room));

    return number == 0 ? NULL : stream_at(s, number);
}

static void put(struct operations *o, uint8_t step, enum thm_server_kind kind)
{
    o->step = step;
    thm_operation_ask(o, THM_STORE_PUT, kind);
}

/* --- lists ----------------------------------------------------------------------------------- */

static void set_prefix(struct operations *o)
{
    size_t len = strlen(o->first->room);

    memcpy(o->prefix, o->first->room, len);
    o->prefix[len] = ' ';
    o->prefix_len = (uint8_t)(len + 1);
}

void thm_rooms_start(struct thm_server *s)
{
    struct operations *o = &s->operations;
    const struct thm_admin_request *r = o->first;
    bool rooms = r->op == THM_ADMIN_ROOM_LIST, users = r->op == THM_ADMIN_ROOM_USERS;

    o->step = rooms || users ? STEP_LIST : STEP_RULES;
    thm_operation_key(o, r->room, rooms || users ? 0 : strlen(r->room));
    if (users)
        set_prefix(o);
    thm_operation_ask(o, rooms || users ? THM_STORE_LIST : THM_STORE_GET,
                      users ? THM_KIND_STANDING_RECORD : THM_KIND_RULES_RECORD);
}

static void tell_room(struct thm_server *s, struct thm_admin_request *r, const char *key,
                      size_t len, const struct thm_fields *fields)
{
    struct thm_kept_room row;

    memset(&row, 0, sizeof row);
    memcpy(row.room, key, len);
    row.damaged = !thm_rules_read(&row.rules, fields);
    uint32_t stream = thm_stream_find(s, key, len);
    row.online = stream == 0 ? 0 : stream_at(s, stream)->member_count;
    row.topic = stream == 0 ? "" : stream_at(s, stream)->topic;
    r->room_row(r, &row);
}

static void tell_user(struct thm_admin_request *r, const char *key, size_t len,
                      const struct thm_fields *fields)
{
    struct thm_standing standing;
    struct thm_room_user row;

    memset(&row, 0, sizeof row);
    memcpy(row.user, key, len);
    row.damaged = !thm_standing_read(&standing, fields);
    row.member = thm_stays_open(&standing.stays);
    row.moderator = standing.moderator;
    row.invited = standing.invited;
    row.banned = standing.banned;
    r->user_row(r, &row);
}

static void tell_row(struct thm_server *s, const struct thm_record *record)
{
    struct operations *o = &s->operations;
    struct thm_fields fields = {.len = (uint16_t)record->value_len};
    const char *key = (const char *)record->key + o->prefix_len;
    size_t len = record->key_len - o->prefix_len;

    if (len > (o->prefix_len > 0 ? THM_ID_MAX : THM_ROOM_MAX) ||
        record->value_len > sizeof fields.text)
        return;
    memcpy(fields.text, record->value, record->value_len);
    if (o->prefix_len > 0)
        tell_user(o->first, key, len, &fields);
    else
        tell_room(s, o->first, key, len, &fields);
}

static void listed(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_record record;
    bool any = false;

    for (size_t at = 0; thm_record_next(&o->request, &at, &record); any = true) {
        tell_row(s, &record);
        memcpy(o->key, record.key, record.key_len);
        o->key_len = (uint8_t)record.key_len;
    }
    if (!any)
        thm_operation_finish(s, THM_OK);
}

/* --- rules ----------------------------------------------------------------------------------- */

static void put_rules(struct thm_server *s, const struct thm_room_rules *before)
{
    struct operations *o = &s->operations;
    struct thm_admin_request *r = o->first;
    struct thm_room_rules rules = *before;

    if ((r->set & THM_ADMIN_INVITE_ONLY) != 0)
        rules.invite_only = r->rules.invite_only;
    if ((r->set & THM_ADMIN_HISTORY) != 0)
        rules.history_all = r->rules.history_all;
    r->rules = rules;
    if (!thm_rules_write(&rules, &o->record)) {
        thm_operation_finish(s, THM_E_LIMIT);
        return;
    }
    put(o, STEP_PUT_RULES, THM_KIND_RULES_RECORD);
}

static void put_rules_done(struct thm_server *s)
{
    const struct thm_admin_request *r = s->operations.first;
    struct stream *st = room_of(s, r);

    if (st != NULL && r->op == THM_ADMIN_ROOM_REMOVE) {
        /* Who wished to join meanwhile has had it read. */
        thm_stream_strip(s, s->operations.stream);
        memset(&st->rules, 0, sizeof st->rules);
        st->ruled = st->read = false;
    } else if (st != NULL) {
        st->rules = r->rules;
        st->ruled = true;
    }
    thm_moderate_done_rules(s, r);
    thm_operation_finish(s, THM_OK);
}

/* --- a user's standing ------------------------------------------------------------------------ */

/* Who is invited, appointed or banned has to be somebody; who is in the room is. */
static bool may_be_nobody(const struct thm_server *s, const struct thm_admin_request *r)
{
    bool named = r->deed == THM_DEED_INVITE || r->deed == THM_DEED_OP || r->deed == THM_DEED_BAN;

    return named && thm_user_find(s, r->user, strlen(r->user)) == 0;
}

static void get_standing(struct thm_server *s)
{
    struct operations *o = &s->operations;
    char key[THM_RECORD_KEY];

    o->step = STEP_STANDING;
    thm_operation_key(o, key, thm_standing_key(o->first->room, o->first->user, key));
    thm_operation_ask(o, THM_STORE_GET, THM_KIND_STANDING_RECORD);
}

static void open_room(struct thm_server *s)
{
    if (thm_operation_open(s, s->operations.first->room))
        s->operations.step = STEP_OPEN;
}

static void ask_for_user(struct operations *o)
{
    o->step = STEP_USER;
    thm_operation_key(o, o->first->user, strlen(o->first->user));
    thm_operation_ask(o, THM_STORE_GET, THM_KIND_USER_RECORD);
}

/* What the deed makes of a standing. THM_OK, or why it can't be done. */
static int change(enum thm_deed deed, struct thm_standing *st, uint64_t head)
{
    bool member = thm_stays_open(&st->stays);

    switch (deed) {
    case THM_DEED_KICK:
        if (!member && !st->invited && !st->moderator)
            return THM_E_NOT_MEMBER;
        break;
    case THM_DEED_INVITE:
    case THM_DEED_OP:
        if (st->banned)
            return THM_E_BANNED;
        st->invited |= deed == THM_DEED_INVITE;
        st->moderator |= deed == THM_DEED_OP;
        return THM_OK;
    case THM_DEED_UNBAN: st->banned = false; return THM_OK;
    case THM_DEED_DEOP: st->moderator = false; return THM_OK;
    case THM_DEED_BAN: st->banned = true; break;
    case THM_DEED_LEAVE: thm_stays_end(&st->stays, head); return THM_OK;
    }
    thm_stays_end(&st->stays, head);
    st->invited = st->moderator = false;
    return THM_OK;
}

/* Whether a session of the user's is in the room, or on its way into it. */
static bool is_back(const struct thm_server *s, const char *id, uint32_t stream)
{
    uint32_t user = thm_user_find(s, id, strlen(id));

    for (uint32_t n = user != 0 ? user_at(s, user)->sessions.first : 0; n != 0;
         n = next_session(s, n))
        if (thm_member_find(s, conn_at(s, n), stream) != 0)
            return true;
    return false;
}

static void got_standing(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_standing standing;

    if (thm_member_is_written(s, o->first->user, o->stream))
        return; /* it is read once more */
    if (thm_moderate_is_leave(o->first) && is_back(s, o->first->user, o->stream)) {
        thm_operation_finish(s, THM_OK);
        return;
    }
    if (!thm_standing_read(&standing, &o->record))
        o->record.len = 0; /* damaged: what is set now holds */
    int code = change(o->first->deed, &standing, stream_at(s, o->stream)->log.head);
    if (code == THM_OK && !thm_standing_write(&standing, &o->record))
        code = THM_E_LIMIT;
    if (code != THM_OK)
        thm_operation_finish(s, code);
    else
        put(o, STEP_PUT_STANDING, THM_KIND_STANDING_RECORD);
}

/* --- removing -------------------------------------------------------------------------------- */

static void find_kept(struct operations *o, enum thm_server_kind kind)
{
    o->step = STEP_FIND_KEPT;
    thm_operation_key(o, "", 0);
    set_prefix(o);
    thm_operation_ask(o, THM_STORE_LIST, kind);
}

static void found_kept(struct operations *o)
{
    struct thm_record record;
    size_t at = 0;

    o->record.len = 0;
    if (thm_record_next(&o->request, &at, &record)) {
        thm_operation_key(o, (const char *)record.key, record.key_len);
        put(o, STEP_ERASE_KEPT, (enum thm_server_kind)o->kind);
    } else if (o->kind == THM_KIND_STANDING_RECORD) {
        find_kept(o, THM_KIND_STATE_RECORD);
    } else {
        thm_operation_key(o, o->first->room, strlen(o->first->room));
        put(o, STEP_ERASE_TOPIC, THM_KIND_ROOM_RECORD);
    }
}

/* --- the store's answers ---------------------------------------------------------------------- */

static void got_rules(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_admin_request *r = o->first;
    struct thm_room_rules rules;
    bool exists = o->record.len > 0;

    if (r->op == THM_ADMIN_ROOM_ADD && room_of(s, r) != NULL)
        exists |= room_of(s, r)->ruled; /* somebody makes it just now */
    if (!thm_rules_read(&rules, &o->record))
        o->record.len = 0; /* damaged: what is set now holds */
    if (exists == (r->op == THM_ADMIN_ROOM_ADD)) {
        thm_operation_finish(s, exists ? THM_E_EXISTS : THM_E_UNKNOWN_ROOM);
    } else if (r->op == THM_ADMIN_ROOM_REMOVE) {
        open_room(s);
    } else if (r->op == THM_ADMIN_ROOM_USER && may_be_nobody(s, r)) {
        ask_for_user(o);
    } else if (r->op == THM_ADMIN_ROOM_USER) {
        open_room(s);
    } else {
        if (!exists)
            rules.since_ms = s->utc_ms;
        put_rules(s, &rules);
    }
}

static void opened(struct thm_server *s)
{
    struct operations *o = &s->operations;

    thm_stream_opened(s, o->stream, &o->request);
    if (o->first->op == THM_ADMIN_ROOM_USER) {
        get_standing(s);
        return;
    }
    thm_moderate_close(s, o->first, true);
    find_kept(o, THM_KIND_STANDING_RECORD);
}

static void emptied(struct thm_server *s)
{
    struct operations *o = &s->operations;

    thm_stream_emptied(s, o->stream);
    o->record.len = 0;
    thm_operation_key(o, o->first->room, strlen(o->first->room));
    put(o, STEP_PUT_RULES, THM_KIND_RULES_RECORD);
}

void thm_rooms_answered(struct thm_server *s)
{
    struct operations *o = &s->operations;

    if (o->ask == THM_STORE_GET) {
        o->record.len = (uint16_t)o->request.len;
        memcpy(o->record.text, o->buffer, o->record.len);
    }
    switch (o->step) {
    case STEP_LIST: listed(s); break;
    case STEP_RULES: got_rules(s); break;
    case STEP_PUT_RULES: put_rules_done(s); break;
    case STEP_USER:
        if (o->record.len == 0)
            thm_operation_finish(s, THM_E_NO_USER);
        else
            open_room(s);
        break;
    case STEP_OPEN: opened(s); break;
    case STEP_STANDING: got_standing(s); break;
    case STEP_PUT_STANDING:
        thm_moderate_done_user(s, o->first, o->stream);
        thm_operation_finish(s, THM_OK);
        break;
    case STEP_FIND_KEPT: found_kept(o); break;
    case STEP_ERASE_KEPT: find_kept(o, (enum thm_server_kind)o->kind); break;
    case STEP_ERASE_TOPIC:
        o->step = STEP_EMPTY;
        o->ask = THM_STORE_EMPTY;
        break;
    case STEP_EMPTY: emptied(s); break;
    }
}
