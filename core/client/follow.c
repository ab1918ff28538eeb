/*
 * Following streams: what is joined, how far it was taken, and what was seen before.
 */
#include "client/internal.h"
#include "util/text.h"

/* streams[0] is the inbox's, so that rooms can never take its place. */
#define INBOX 0

#define TAG_LEN 8 /* bytes of an entry's id that tell the sender's incarnation */

struct thm_client_stream *thm_follow_find(struct thm_client *c, struct thm_slice name)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++)
        if (c->streams[i].follow != THM_FOLLOW_FREE && thm_slice_is(name, c->streams[i].name))
            return &c->streams[i];
    return NULL;
}

static void start(struct thm_client_stream *s, struct thm_slice name)
{
    memset(s, 0, sizeof *s);
    thm_slice_copy(s->name, sizeof s->name, name);
    s->follow = THM_FOLLOW_WANTED;
}

void thm_follow_inbox(struct thm_client *c)
{
    struct thm_text name;
    char buf[THM_ROOM_MAX + 1];
    struct thm_client_stream *s = &c->streams[INBOX];

    thm_text_init(&name, buf, sizeof buf);
    thm_text_char(&name, '@');
    thm_text_str(&name, c->user);
    if (strcmp(s->name, buf) != 0)
        start(s, thm_slice_of(buf));
}

struct thm_client_stream *thm_follow_add(struct thm_client *c, const char *room)
{
    struct thm_client_stream *s = thm_follow_find(c, thm_slice_of(room));

    if (s != NULL) {
        if (s->follow == THM_FOLLOW_LEAVING) /* which was not said yet */
            s->follow = THM_FOLLOW_JOINED;
        return s;
    }
    for (unsigned i = INBOX + 1; i < THM_CLIENT_STREAMS; i++) {
        if (c->streams[i].follow == THM_FOLLOW_FREE) {
            start(&c->streams[i], thm_slice_of(room));
            return &c->streams[i];
        }
    }
    return NULL;
}

int thm_client_set_cursor(struct thm_client *c, const char *name, uint64_t incarnation, uint64_t n)
{
    struct thm_client_stream *s = &c->streams[INBOX];

    if (thm_key_check(THM_KEY_ROOM, name, strlen(name)) != THM_OK)
        return THM_E_KEY_RANGE;
    if (c->state != THM_CLIENT_STOPPED)
        return THM_E_STATE;
    if (name[0] == '#')
        s = thm_follow_add(c, name);
    else
        start(s, thm_slice_of(name));
    if (s == NULL)
        return THM_E_LIMIT;
    s->incarnation = incarnation;
    s->n = n;
    return THM_OK;
}

bool thm_client_cursor(const struct thm_client *c, unsigned i, const char **name,
                       uint64_t *incarnation, uint64_t *n)
{
    const struct thm_client_stream *s = &c->streams[i];

    *name = s->name;
    *incarnation = s->incarnation;
    *n = s->n;
    return s->follow != THM_FOLLOW_FREE && s->incarnation != 0;
}

void thm_follow_reset(struct thm_client *c)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        struct thm_client_stream *s = &c->streams[i];
        if (s->follow == THM_FOLLOW_LEAVING)
            s->follow = THM_FOLLOW_FREE;
        else if (s->follow != THM_FOLLOW_FREE)
            s->follow = THM_FOLLOW_WANTED;
        s->acked = true; /* the join will tell the cursor */
    }
}

bool thm_follow_awaits(const struct thm_client *c)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++)
        if (c->streams[i].follow == THM_FOLLOW_ASKED)
            return true;
    return false;
}

bool thm_follow_joining(const struct thm_client *c)
{
    for (unsigned i = INBOX + 1; i < THM_CLIENT_STREAMS; i++)
        if (c->streams[i].follow == THM_FOLLOW_WANTED || c->streams[i].follow == THM_FOLLOW_ASKED)
            return true;
    return false;
}

void thm_follow_retry(struct thm_client *c)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++)
        if (c->streams[i].follow == THM_FOLLOW_HELD)
            c->streams[i].follow = THM_FOLLOW_WANTED;
}

/* --- what is sent --------------------------------------------------------------------------- */

bool thm_follow_ready(struct thm_client *c, struct thm_slice to)
{
    struct thm_client_stream *s = to.data[0] == '#' ? thm_follow_find(c, to) : &c->streams[INBOX];

    return s == NULL || s->follow == THM_FOLLOW_JOINED;
}

static bool put_join(struct thm_client *c, struct thm_client_stream *s)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_JOIN);
    THM_SET(&m, ROOM, s->name);
    if (s->incarnation != 0) {
        thm_msg_num(&m, THM_KEY_INCARNATION, s->incarnation);
        thm_msg_num(&m, THM_KEY_AFTER, s->n);
    }
    if (thm_session_put(c, &m) != THM_OK)
        return false;
    s->follow = THM_FOLLOW_ASKED;
    return true;
}

static bool put_leave(struct thm_client *c, struct thm_client_stream *s)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_LEAVE);
    THM_SET(&m, ROOM, s->name);
    if (thm_session_put(c, &m) != THM_OK)
        return false;
    s->follow = THM_FOLLOW_FREE;
    return true;
}

bool thm_follow_fill(struct thm_client *c)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        struct thm_client_stream *s = &c->streams[i];
        if (s->follow == THM_FOLLOW_WANTED && !put_join(c, s))
            return false;
        if (s->follow == THM_FOLLOW_LEAVING && !put_leave(c, s))
            return false;
    }
    return true;
}

/* One ack: a stream's cursor (or none), and the bytes received if they are news. */
static bool put_ack(struct thm_client *c, struct thm_client_stream *s)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_ACK);
    if (c->reported != c->received)
        thm_msg_num(&m, THM_KEY_BYTES, c->received);
    if (s != NULL) {
        THM_SET(&m, ROOM, s->name);
        thm_msg_num(&m, THM_KEY_N, s->n);
    }
    if (thm_session_put(c, &m) != THM_OK)
        return false;
    c->reported = c->received;
    if (s != NULL)
        s->acked = true;
    return true;
}

bool thm_follow_fill_acks(struct thm_client *c)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        struct thm_client_stream *s = &c->streams[i];
        if (s->follow == THM_FOLLOW_JOINED && !s->acked && !put_ack(c, s))
            return false;
    }
    return c->reported == c->received || put_ack(c, NULL);
}

/* --- what comes ----------------------------------------------------------------------------- */

static struct thm_client_stream *stream_of(struct thm_client *c, const struct thm_msg *m)
{
    return thm_follow_find(c, thm_msg_get(m, THM_KEY_ROOM));
}

static void move_to(struct thm_client_stream *s, uint64_t n)
{
    s->n = n;
    s->acked = false;
}

void thm_follow_joined(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_client_stream *s = stream_of(c, m);

    if (s == NULL || s->follow != THM_FOLLOW_ASKED)
        return;
    s->follow = THM_FOLLOW_JOINED;
#if THM_CLIENT_RUNS
    thm_client_runs_joined(c, thm_msg_get_num(m, THM_KEY_CSN, 0));
#endif
    if (s->incarnation != 0)
        return; /* our own cursor rules; if it is of another log, a gap will say so, and must not be missed */
    s->incarnation = thm_msg_get_num(m, THM_KEY_INCARNATION, 0);
    move_to(s, thm_msg_get_num(m, THM_KEY_AFTER, thm_msg_get_num(m, THM_KEY_N, 0)));
}

void thm_follow_left(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_client_stream *s = stream_of(c, m);

    /* ASKED: the answer to a leave after which we joined again */
    if (s != NULL && s != &c->streams[INBOX] && s->follow == THM_FOLLOW_JOINED)
        s->follow = THM_FOLLOW_FREE;
}

bool thm_follow_refused(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_client_stream *s = stream_of(c, m);

    if (s == NULL || s->follow != THM_FOLLOW_ASKED)
        return false;
    bool again = s == &c->streams[INBOX] || thm_msg_code(m, THM_OK) == THM_E_STORE;
    s->follow = again ? THM_FOLLOW_HELD : THM_FOLLOW_FREE;
    if (again)
        c->retry_at = thm_earlier(c->retry_at, c->now + THM_RETRY_MS);
    return again;
}

enum thm_taken thm_follow_gap(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_client_stream *s = stream_of(c, m);
    uint64_t incarnation = thm_msg_get_num(m, THM_KEY_INCARNATION, 0);
    uint64_t last = thm_msg_get_num(m, THM_KEY_LAST, 0);

    if (s == NULL || s->follow != THM_FOLLOW_JOINED)
        return THM_REPEATED;
    if (incarnation != s->incarnation || last == 0 || last > s->n)
        move_to(s, last); /* of another log: all that it keeps comes next */
    s->incarnation = incarnation;
    return THM_TAKEN;
}

uint64_t thm_follow_hash(const struct thm_client *c, uint64_t hash, struct thm_slice s)
{
    const uint64_t prime = 0x7FFFFFFF;
    uint32_t halves[] = {(uint32_t)hash, (uint32_t)(hash >> 32)};

    for (size_t i = 0; i <= s.len; i++) {
        uint32_t term = i < s.len ? (uint8_t)s.data[i] + 1u : 0;
        for (unsigned h = 0; h < 2; h++) {
            uint64_t x = (c->secret >> 32 * h & prime) * halves[h] + term;
            x = (x & prime) + (x >> 31);
            halves[h] = (uint32_t)((x & prime) + (x >> 31));
        }
    }
    return (uint64_t)halves[1] << 32 | halves[0];
}

/* Which of a sender's lives an entry is from. */
static uint64_t sender_key(const struct thm_client *c, const struct thm_msg *m,
                           struct thm_slice tag)
{
    static const uint8_t keys[] = {THM_KEY_ROOM, THM_KEY_FROM, THM_KEY_DEVICE};
    uint64_t key = thm_follow_hash(c, 0, tag);

    for (unsigned i = 0; i < sizeof keys; i++)
        key = thm_follow_hash(c, key, thm_msg_get(m, (enum thm_key)keys[i]));
    return key;
}

/* A few senders are one set: in small ones, some would be forgotten while there is room. */
#define SET (THM_CLIENT_SENDERS <= 16u ? THM_CLIENT_SENDERS : 4u)

/* Whether a sender's message was taken before, as its id "5f3a9c01-42" tells: the tag of one of the sender's lives, and
 * a csn that only rises in it. Senders are kept in sets, the latest first. */
static bool seen_before(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID), tag = {id.data, TAG_LEN};

    if (id.len <= TAG_LEN || id.data[TAG_LEN] != '-')
        return false;
    uint64_t csn =
        thm_slice_number((struct thm_slice){id.data + TAG_LEN + 1, id.len - TAG_LEN - 1});
    if (csn == 0)
        return false;
    uint64_t key = sender_key(c, m, tag);
    struct thm_client_seen *set = &c->seen[(uint32_t)key % (THM_CLIENT_SENDERS / SET) * SET];
    unsigned at = 0;
    while (at < SET - 1 && !(set[at].csn != 0 && set[at].key == key))
        at++;
    struct thm_client_seen found = set[at];
    bool before = found.csn != 0 && found.key == key && csn <= found.csn;
    memmove(set + 1, set, at * sizeof *set);
    set[0] = (struct thm_client_seen){key, before ? found.csn : csn};
    return before;
}

enum thm_taken thm_follow_entry(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_client_stream *s = stream_of(c, m);
    uint64_t n = thm_msg_get_num(m, THM_KEY_N, 0);

    if (s == NULL || s->follow != THM_FOLLOW_JOINED || n <= s->n)
        return THM_REPEATED;
    if (n != s->n + 1)
        return THM_BROKEN;
    move_to(s, n);
#if THM_RECEIPTS
    if (m->type == THM_MSG_RECEIPT) /* its id is that of the whisper */
        return THM_TAKEN;
#endif
    return m->type != THM_MSG_SKIP && seen_before(c, m) ? THM_REPEATED : THM_TAKEN;
}
