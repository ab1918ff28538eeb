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

    if (small(st)) {
        stream_dirty(s, number);
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

void presence_expire(struct thm_server *s)
{
    while (s->count_first != 0 && stream_at(s, s->count_first)->count_due <= s->now) {
        uint32_t number = s->count_first;
        struct stream *st = stream_at(s, number);
        s->count_first = st->count_next;
        if (s->count_first == 0)
            s->count_last = 0;
        st->counting = false;
        stream_dirty(s, number);
    }
}

void presence_joined(struct thm_server *s, uint32_t number)
{
    struct membership *m = member_at(s, number);
    struct stream *st = stream_at(s, m->stream);

    m->version = ++st->version;
    m->event = EVENT_JOINED;
    st->joined++;
    changed(s, m->stream);
}

void presence_left(struct thm_server *s, uint32_t number, uint32_t user)
{
    struct stream *st = stream_at(s, number);
    struct tomb *tomb = &st->tombs[st->tomb_next];

    st->told_until = tomb->version;
    tomb->user = user;
    tomb->version = ++st->version;
    st->tomb_next = (st->tomb_next + 1) % TOMBS;
    st->left++;
    changed(s, number);
}

void presence_changed(struct thm_server *s, uint32_t user, enum presence_event event)
{
    /* One session stands for the user in each room. */
    for (uint32_t n = user_at(s, user)->sessions; n != 0; n = conn_at(s, n)->user_next) {
        for (uint32_t k = conn_at(s, n)->memberships; k != 0; k = member_at(s, k)->next) {
            struct membership *m = member_at(s, k);
            struct stream *st = stream_at(s, m->stream);
            if (!m->active || st->name[0] != '#' || !small(st))
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
    [EVENT_AWAY] = "away", [EVENT_BACK] = "back",
};

static bool tell_user(struct thm_server *s, struct connection *c, const struct stream *st,
                      uint32_t user, const char *event)
{
    const struct user *u = user_at(s, user);
    struct thm_msg m;

    if (!output_may(c, THM_LINE_MAX))
        return false;
    thm_msg_init(&m, THM_MSG_PRESENCE);
    THM_SET(&m, ROOM, st->name);
    THM_SET(&m, USERID, u->id);
    THM_SET(&m, ALIAS, u->alias);
    THM_SET(&m, EVENT, event);
    if (u->away[0] != '\0')
        THM_SET(&m, AWAY, u->away);
    thm_msg_num(&m, THM_KEY_MEMBERS, st->member_count);
    return output_msg(s, c, &m);
}

/* The next change after a version: of a member, or somebody who left. */
static uint64_t next_change(const struct thm_server *s, const struct stream *st, uint64_t after,
                            uint32_t *user, const char **event)
{
    uint64_t best = UINT64_MAX;

    for (uint32_t n = st->members; n != 0; n = member_at(s, n)->stream_next) {
        const struct membership *m = member_at(s, n);
        if (m->active && m->version > after && m->version < best) {
            best = m->version;
            *user = conn_at(s, m->connection)->user;
            *event = event_words[m->event];
        }
    }
    for (unsigned i = 0; i < TOMBS; i++) {
        if (st->tombs[i].version > after && st->tombs[i].version < best) {
            best = st->tombs[i].version;
            *user = st->tombs[i].user;
            *event = "left";
        }
    }
    return best;
}

static bool tell_names(struct thm_server *s, struct connection *c, const struct stream *st,
                       struct membership *m)
{
    uint32_t user = 0;
    const char *event = "";

    while (m->told_version < st->version) {
        uint64_t version = next_change(s, st, m->told_version, &user, &event);
        if (version == UINT64_MAX)
            break;
        if (user != c->user && !tell_user(s, c, st, user, event))
            return false;
        m->told_version = version;
    }
    return true;
}

static bool tell_counts(struct thm_server *s, struct connection *c, const struct stream *st,
                        const struct membership *m)
{
    struct thm_msg out;

    if (st->joined == m->told_joined && st->left == m->told_left)
        return true;
    if (!output_may(c, THM_LINE_MAX))
        return false;
    thm_msg_init(&out, THM_MSG_PRESENCE);
    THM_SET(&out, ROOM, st->name);
    thm_msg_num(&out, THM_KEY_JOINED, st->joined - m->told_joined);
    thm_msg_num(&out, THM_KEY_LEFT, st->left - m->told_left);
    thm_msg_num(&out, THM_KEY_MEMBERS, st->member_count);
    return output_msg(s, c, &out);
}

static bool tell_roster(struct thm_server *s, struct connection *c, const struct stream *st,
                        struct membership *m)
{
    if (m->told_version == st->version)
        return true;
    if (small(st) && m->told_version >= st->told_until) {
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
    if (!output_may(c, THM_LINE_MAX))
        return false;
    thm_msg_init(&out, THM_MSG_TOPIC);
    THM_SET(&out, ROOM, st->name);
    THM_SET(&out, TOPIC, st->topic);
    THM_SET(&out, FROM, st->topic_from);
    thm_msg_num(&out, THM_KEY_TIME, st->topic_time);
    m->told_topic = st->topic_time;
    return output_msg(s, c, &out);
}

static bool tell_states(struct thm_server *s, struct connection *c, const struct stream *st,
                        struct membership *m)
{
    uint32_t n = st->states_new;

    if (m->told_state == st->state_version || n == 0)
        return true;
    while (state_at(s, n)->older != 0 &&
           state_at(s, state_at(s, n)->older)->version > m->told_state)
        n = state_at(s, n)->older;
    for (; n != 0; n = state_at(s, n)->newer) {
        const struct state *state = state_at(s, n);
        struct thm_msg out;
        if (!output_may(c, THM_LINE_MAX))
            return false;
        thm_msg_init(&out, THM_MSG_STATE);
        THM_SET(&out, ROOM, st->name);
        THM_SET(&out, FROM, state->user);
        THM_SET(&out, DEVICE, state->device);
        thm_msg_num(&out, THM_KEY_TIME, state->time);
        thm_msg_str(&out, THM_KEY_TEXT, state->text, state->len);
        if (!output_msg(s, c, &out))
            return false;
        m->told_state = state->version;
    }
    m->told_state = st->state_version;
    return true;
}

bool presence_tell(struct thm_server *s, struct connection *c, struct membership *m)
{
    const struct stream *st = stream_at(s, m->stream);

    return tell_roster(s, c, st, m) && tell_topic(s, c, st, m) && tell_states(s, c, st, m);
}
