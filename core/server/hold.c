/*
 * Holding back: the input of a device that has had its share is not taken for a while. Nothing is dropped: what it
 * sends waits in its socket, in order, and TCP and the window of messages hold back who sends it.
 *
 * A connection that is held is in a list, in the order in which it goes on, and costs nothing until then. There is one list
 * for each kind of limit, because what is held for the same reason is held for about as long: a place is found near the end.
 */
#include "server/internal.h"

#include <string.h>

/* Held again so soon after the last time is still the same row, ms. */
#define ROW_MS 1000

static const struct {
    const char *word, *unit;
} kinds[THM_LIMITS] = {
    [THM_LIMIT_LINES] = {"lines", "lines"},         [THM_LIMIT_BYTES] = {"bytes", "bytes"},
    [THM_LIMIT_JOINS] = {"joins", "rooms"},         [THM_LIMIT_LOGINS] = {"logins", "logins"},
    [THM_LIMIT_LOOKUPS] = {"lookups", "questions"},
};

static struct thm_pace_device *device_of(const struct thm_server *s, const struct connection *c)
{
    return thm_pace_at(&s->pace, c->pace);
}

static struct thm_links held_links(const struct thm_server *s)
{
    return THM_LINKS(&s->connections, struct connection, held_link);
}

/* --- coming and going ----------------------------------------------------------------------- */

void thm_hold_enter(struct thm_server *s, struct connection *c)
{
    c->pace = thm_pace_enter(&s->pace, c->tls.peer.key_hash, s->now);
}

static void let_go(struct thm_server *s, struct connection *c)
{
    if (!c->held)
        return;
    thm_list_remove(&s->held[c->held_for], held_links(s), conn_number(s, c));
    c->held = false;
    if (--device_of(s, c)->held == 0)
        s->stats.devices_paced--;
}

void thm_hold_leave(struct thm_server *s, struct connection *c)
{
    let_go(s, c);
    thm_hold_spend(s, c, THM_LIMIT_BYTES, c->uncounted);
    if (c->pace != 0)
        thm_pace_leave(&s->pace, c->pace, s->now);
    c->pace = 0;
}

/* --- addresses ------------------------------------------------------------------------------ */

/* As if it were a device's. Of IPv6 the half that one subscriber has all of. */
static void address_key(const struct connection *c, uint8_t key[THM_KEY_HASH])
{
    memset(key, 0, THM_KEY_HASH);
    key[0] = c->address.family;
    memcpy(key + 1, c->address.ip, c->address.family == 6 ? 8 : 4);
}

void thm_hold_stranger(struct thm_server *s, const struct connection *c)
{
    uint8_t key[THM_KEY_HASH];

    address_key(c, key);
    uint32_t number = thm_pace_enter(&s->pace, key, s->now);
    if (number == 0)
        return;
    thm_pace_spend(&s->pace, number, THM_LIMIT_LOGINS, 1, s->now);
    thm_pace_leave(&s->pace, number, s->now);
}

bool thm_hold_estranged(const struct thm_server *s, const struct connection *c)
{
    uint8_t key[THM_KEY_HASH];

    address_key(c, key);
    return thm_pace_ready_at(&s->pace, key) > s->now;
}

/* --- telling -------------------------------------------------------------------------------- */

static void log_paced(struct thm_server *s, const struct connection *c, enum thm_limit_kind kind)
{
    struct thm_pace_device *d = device_of(s, c);

    if (d->logged_at != 0 && s->now - d->logged_at < THM_PACE_AGAIN_MS)
        return;
    d->logged_at = s->now;
    thm_log_event(s, THM_LOG_INFO, "paced", c, THM_OK, kinds[kind].word);
}

static void tell_paced(struct thm_server *s, struct connection *c, enum thm_limit_kind kind)
{
    char text[THM_SHORT_MAX + 1];
    struct thm_text t;
    struct thm_msg m;

    if (c->state != CONN_ONLINE || (c->told_at != 0 && s->now - c->told_at < THM_PACE_AGAIN_MS))
        return;
    thm_text_init(&t, text, sizeof text);
    thm_text_str(&t, "you send faster than this server takes it from one device: ");
    thm_text_uint(&t, s->pace.limits[kind].rate, 0);
    thm_text_char(&t, ' ');
    thm_text_str(&t, kinds[kind].unit);
    thm_text_str(&t, " a second now; nothing is lost, and all stays in order");
    thm_msg_init(&m, THM_MSG_NOTICE);
    thm_msg_num(&m, THM_KEY_TIME, s->utc_ms);
    thm_msg_str(&m, THM_KEY_TEXT, t.data, t.len);
    if (thm_output_news(s, c, &m)) /* else when it is held next: without credit nobody reads */
        c->told_at = s->now;
}

/* --- holding -------------------------------------------------------------------------------- */

/* Whether a comes after b. A device that comes back passes what is left of its former connection, or it would not get in
 * before all of that was taken. */
static bool comes_after(const struct connection *a, const struct connection *b)
{
    return a->held_until > b->held_until ||
           (a->held_until == b->held_until && b->state == CONN_LOGIN);
}

static void put_in_order(struct thm_server *s, struct connection *c)
{
    struct thm_list *list = &s->held[c->held_for];
    uint32_t before = list->last;

    while (before != 0 && comes_after(conn_at(s, before), c))
        before = conn_at(s, before)->held_link.prev;
    thm_list_insert(list, held_links(s), conn_number(s, c), before);
}

static void hold(struct thm_server *s, struct connection *c)
{
    struct thm_pace_device *d = device_of(s, c);
    enum thm_limit_kind kind = (enum thm_limit_kind)d->why;

    c->held = c->lagging = true;
    c->held_for = d->why;
    c->held_until = d->ready_at;
    put_in_order(s, c);
    if (d->held++ == 0)
        s->stats.devices_paced++;
    if (d->row_end == 0 || s->now - d->row_end > ROW_MS)
        d->row_since = s->now;
    d->row_end = d->ready_at;
    if (d->row_end - d->row_since < THM_PACE_TELL_MS)
        return;
    log_paced(s, c, kind);
    tell_paced(s, c, kind);
}

bool thm_hold_ready(struct thm_server *s, struct connection *c)
{
    if (c->pace == 0 || device_of(s, c)->ready_at <= s->now)
        return true;
    if (!c->held)
        hold(s, c);
    return false;
}

void thm_hold_spend(struct thm_server *s, struct connection *c, enum thm_limit_kind kind,
                    size_t tokens)
{
    if (c->pace != 0 && tokens != 0)
        thm_pace_spend(&s->pace, c->pace, kind, (uint32_t)tokens, s->now);
}

void thm_hold_wake(struct thm_server *s)
{
    for (unsigned kind = 0; kind < THM_LIMITS; kind++) {
        uint32_t n;
        while ((n = s->held[kind].first) != 0 && conn_at(s, n)->held_until <= s->now) {
            struct connection *c = conn_at(s, n);
            let_go(s, c);
            thm_conn_look(s, c, LOOK_READ);
        }
    }
}

uint64_t thm_hold_deadline(const struct thm_server *s)
{
    uint64_t at = UINT64_MAX;

    for (unsigned kind = 0; kind < THM_LIMITS; kind++) {
        uint32_t n = s->held[kind].first;
        if (n != 0 && conn_at(s, n)->held_until < at)
            at = conn_at(s, n)->held_until;
    }
    return at;
}

/* --- logins --------------------------------------------------------------------------------- */

/* A login that is not taken is not counted either, so who waits as told is let in. */
bool thm_hold_login(struct thm_server *s, struct connection *c)
{
    const struct thm_limit limit = s->pace.limits[THM_LIMIT_LOGINS];
    char reason[THM_SHORT_MAX + 1];
    struct thm_text t;
    struct thm_msg m;

    if (c->pace == 0)
        return true;
    uint64_t wait = thm_bucket_wait(&device_of(s, c)->buckets[THM_LIMIT_LOGINS], limit, s->now);
    if (wait == 0) {
        thm_hold_spend(s, c, THM_LIMIT_LOGINS, 1);
        return true;
    }
    uint64_t seconds = (wait + 999) / 1000;
    thm_text_init(&t, reason, sizeof reason);
    thm_text_str(&t, "this device logs in too often: the next time in ");
    thm_text_uint(&t, seconds, 0);
    thm_text_str(&t, " s");
    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, STATUS, "REFUSED");
    THM_SET(&m, CODE, thm_error_word(THM_E_LIMIT));
    thm_msg_str(&m, THM_KEY_REASON, t.data, t.len);
    thm_msg_num(&m, THM_KEY_RETRY_AFTER, seconds);
    log_paced(s, c, THM_LIMIT_LOGINS);
    thm_output_last(s, c, &m);
    s->stats.refused++;
    thm_conn_end(s, c, THM_E_LIMIT);
    return false;
}
