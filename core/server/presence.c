/*
 * Presence is state, not entries: a member is told what changed since it was last told, the latest
 * only, when its credit allows. In small rooms by name, in large ones as counts, at most every
 * THM_COUNT_INTERVAL_MS, so that nothing here grows with the square of a room.
 */
#include "server/internal.h"

#include <string.h>

static bool small(const struct stream *st)
{
    return st->member_count <= THM_SMALL_ROOM;
}

/* The roster has changed: small rooms hear of it at once, large ones when their count is due. */
static void changed(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    if (st->members.first == 0)
        return; /* nobody is there to hear it */
    if (small(st)) {
        thm_stream_dirty(s, number);
        return;
    }
    if (st->counting)
        return;
    st->counting = true;
    st->count_due = s->now + THM_COUNT_INTERVAL_MS;
    st->count_next = 0;
    if (s->count_last != 0)
        stream_at(s, s->count_last)->count_next = number;
    else
        s->count_first = number;
    s->count_last = number;
}

void thm_presence_expire(struct thm_server *s)
{
    while (s->count_first != 0 && stream_at(s, s->count_first)->count_due <= s->now) {
        uint32_t number = s->count_first;
        struct stream *st = stream_at(s, number);
        s->count_first = st->count_next;
        if (s->count_first == 0)
            s->count_last = 0;
        st->counting = false;
        thm_stream_dirty(s, number);
    }
}

void thm_presence_joined(struct thm_server *s, uint32_t number)
{
    struct membership *m = member_at(s, number);
    struct stream *st = stream_at(s, m->stream);

    m->stands = true;
    m->came = m->version = ++st->version;
    m->event = EVENT_JOINED;
    st->joined++;
    changed(s, m->stream);
}

void thm_presence_hand_over(const struct membership *from, struct membership *to)
{
    to->stands = true;
    to->came = from->came;
    to->version = from->version;
    to->event = from->event;
}

void thm_presence_left(struct thm_server *s, uint32_t number, uint32_t user)
{
    struct stream *st = stream_at(s, number);
    struct tomb *tomb = &st->tombs[st->tomb_next];

    st->told_until = tomb->version;
    *tomb = (struct tomb){user, user_at(s, user)->life, ++st->version};
    st->tomb_next = (st->tomb_next + 1) % TOMBS;
    st->left++;
    changed(s, number);
}

void thm_presence_changed(struct thm_server *s, uint32_t user, enum presence_event event)
{
    for (uint32_t n = user_at(s, user)->sessions.first; n != 0; n = next_session(s, n)) {
        for (uint32_t k = conn_at(s, n)->memberships; k != 0; k = member_at(s, k)->next) {
            struct membership *m = member_at(s, k);
            struct stream *st = stream_at(s, m->stream);
            if (!m->stands || !small(st))
                continue;
            m->version = ++st->version;
            m->event = (uint8_t)event;
            changed(s, m->stream);
        }
    }
}

/* --- telling -------------------------------------------------------------------------------- */

static const char *const event_words[] = {
    [EVENT_NONE] = "",     [EVENT_JOINED] = "joined", [EVENT_ALIAS] = "alias",
    [EVENT_AWAY] = "away", [EVENT_BACK] = "back",     [EVENT_LEFT] = "left",
};

static bool tell_user(struct thm_server *s, struct connection *c, const struct stream *st,
                      uint32_t user, const char *event)
{
    const struct user *u = user_at(s, user);
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_PRESENCE);
    THM_SET(&m, ROOM, st->name);
    THM_SET(&m, USERID, u->id);
    THM_SET(&m, ALIAS, u->alias);
    THM_SET(&m, EVENT, event);
    if (u->away[0] != '\0')
        THM_SET(&m, AWAY, u->away);
    thm_msg_num(&m, THM_KEY_MEMBERS, st->member_count);
    return thm_output_news(s, c, &m);
}

/* The next change after a version: of a member, or that somebody left. UINT64_MAX: none. */
static uint64_t next_change(const struct thm_server *s, const struct stream *st, uint64_t after,
                            uint32_t *user, enum presence_event *event)
{
    uint64_t best = UINT64_MAX;

    for (uint32_t n = st->members.first; n != 0; n = next_member(s, n)) {
        const struct membership *m = member_at(s, n);
        if (m->stands && m->version > after && m->version < best) {
            best = m->version;
            *user = conn_at(s, m->connection)->user;
            /* Of one who came since, that is the news, whatever happened to him later. */
            *event = m->came > after ? EVENT_JOINED : (enum presence_event)m->event;
        }
    }
    for (unsigned i = 0; i < TOMBS; i++) {
        if (st->tombs[i].version > after && st->tombs[i].version < best) {
            best = st->tombs[i].version;
            *user = st->tombs[i].user;
            *event = EVENT_LEFT;
        }
    }
    return best;
}

/* Whether all who left after a version are still known by name. */
static bool leavers_known(const struct thm_server *s, const struct stream *st, uint64_t after)
{
    for (unsigned i = 0; i < TOMBS; i++) {
        const struct tomb *tomb = &st->tombs[i];
        if (tomb->version > after && user_at(s, tomb->user)->life != tomb->life)
            return false;
    }
    return after >= st->told_until;
}

static bool tell_names(struct thm_server *s, struct connection *c, const struct stream *st,
                       struct membership *m)
{
    enum presence_event event = EVENT_NONE;
    uint32_t user = 0;
    uint64_t version;

    while ((version = next_change(s, st, m->told_version, &user, &event)) != UINT64_MAX) {
        if (user != c->user && !tell_user(s, c, st, user, event_words[event]))
            return false;
        m->told_version = version;
        m->told_joined += event == EVENT_JOINED;
        m->told_left += event == EVENT_LEFT;
    }
    return true;
}

static bool tell_counts(struct thm_server *s, struct connection *c, const struct stream *st,
                        const struct membership *m)
{
    struct thm_msg out;

    if (st->joined == m->told_joined && st->left == m->told_left)
        return true;
    thm_msg_init(&out, THM_MSG_PRESENCE);
    THM_SET(&out, ROOM, st->name);
    thm_msg_num(&out, THM_KEY_JOINED, st->joined - m->told_joined);
    thm_msg_num(&out, THM_KEY_LEFT, st->left - m->told_left);
    thm_msg_num(&out, THM_KEY_MEMBERS, st->member_count);
    return thm_output_news(s, c, &out);
}

static bool tell_roster(struct thm_server *s, struct connection *c, const struct stream *st,
                        struct membership *m)
{
    if (m->told_version == st->version)
        return true;
    if (small(st) && leavers_known(s, st, m->told_version)) {
        if (!tell_names(s, c, st, m))
            return false;
    } else {
        if (st->counting)
            return true; /* when the count is due */
        if (!tell_counts(s, c, st, m))
            return false;
    }
    m->told_version = st->version;
    m->told_joined = st->joined;
    m->told_left = st->left;
    return true;
}

static bool tell_topic(struct thm_server *s, struct connection *c, const struct stream *st,
                       struct membership *m)
{
    struct thm_msg out;

    if (m->told_topic == st->topic_time)
        return true;
    thm_msg_init(&out, THM_MSG_TOPIC);
    THM_SET(&out, ROOM, st->name);
    THM_SET(&out, TOPIC, st->topic);
    THM_SET(&out, FROM, st->topic_from);
    thm_msg_num(&out, THM_KEY_TIME, st->topic_time);
    if (!thm_output_news(s, c, &out))
        return false;
    m->told_topic = st->topic_time;
    return true;
}

static bool tell_states(struct thm_server *s, struct connection *c, const struct stream *st,
                        struct membership *m)
{
    uint32_t n = st->states.last;

    if (m->told_state == st->state_version || n == 0)
        return true;
    while (state_at(s, n)->link.prev != 0 &&
           state_at(s, state_at(s, n)->link.prev)->version > m->told_state)
        n = state_at(s, n)->link.prev;
    for (; n != 0; n = state_at(s, n)->link.next) {
        const struct state *state = state_at(s, n);
        struct thm_msg out;
        thm_msg_init(&out, THM_MSG_STATE);
        THM_SET(&out, ROOM, st->name);
        THM_SET(&out, FROM, state->user);
        THM_SET(&out, DEVICE, state->device);
        thm_msg_num(&out, THM_KEY_TIME, state->time);
        thm_msg_str(&out, THM_KEY_TEXT, state->text, state->len);
        if (!thm_output_news(s, c, &out))
            return false;
        m->told_state = state->version;
    }
    m->told_state = st->state_version;
    return true;
}

bool thm_presence_tell(struct thm_server *s, struct connection *c, struct membership *m)
{
    const struct stream *st = stream_at(s, m->stream);

    return tell_roster(s, c, st, m) && tell_topic(s, c, st, m) && tell_states(s, c, st, m);
}
