/*
 * Relays: bytes between two devices that can't reach each other, and which the server can't read.
 *
 * A sender is told how much it may send in all: no more than the receiver takes, and no more than THM_RELAY_WINDOW beyond what
 * was handed to the receiver's connection. So what waits here is bounded by the window, and lies in a lent buffer while it
 * waits. A receiver gets it when nothing of the chat waits for it, in small pieces and by turns, and never for all of its
 * credit or buffer: whatever is said in the meantime comes before the next piece.
 */
#include "server/internal.h"

#if THM_CALLS > 0

#include <string.h>

#include "util/base64.h"

#define WINDOW ((uint64_t)THM_RELAY_WINDOW)
/* Bytes of a stream in one line, and of the line. */
#define PIECE      (THM_DATA_MAX / 4 * 3)
#define LINE_BYTES (THM_DATA_MAX + 100)
/* Bytes of lines that may wait in a buffer before relayed ones are put behind them. */
#define GATHER ((size_t)2 * THM_LINE_MAX)

_Static_assert(THM_RELAY_WINDOW >= 2 * PIECE && THM_RELAY_WINDOW <= UINT16_MAX,
               "two pieces, so that one may come while another is on its way");
_Static_assert(THM_RELAYS_EACH >= 1 && THM_RELAYS_EACH <= 255,
               "a device's relays are looked through");

static struct relay_end *end_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->relay_ends, number);
}

static struct thm_links end_links(const struct thm_server *s)
{
    return THM_LINKS(&s->relay_ends, struct relay_end, link);
}

static struct thm_links asked_links(const struct thm_server *s)
{
    return THM_LINKS(&s->relay_ends, struct relay_end, asked_link);
}

static struct connection *conn_of(const struct thm_server *s, const struct relay_end *e)
{
    return conn_at(s, e->connection);
}

static uint32_t find(const struct thm_server *s, const struct connection *c, struct thm_slice id)
{
    uint32_t n = c->relays.first;

    while (n != 0 && !thm_slice_is(id, end_at(s, n)->id))
        n = end_at(s, n)->link.next;
    return n;
}

static unsigned count_of(const struct thm_server *s, const struct connection *c)
{
    unsigned count = 0;

    for (uint32_t n = c->relays.first; n != 0; n = end_at(s, n)->link.next)
        count++;
    return count;
}

/* --- coming and going ------------------------------------------------------------------------- */

static void log_relay(struct thm_server *s, const char *event, const struct relay_end *caller,
                      int code)
{
    const struct relay_end *callee = end_at(s, caller->other);
    const struct thm_identity *who = &conn_of(s, callee)->tls.peer;
    bool over = strcmp(event, "relay-end") == 0;
    char detail[200];
    struct thm_text t;

    thm_text_init(&t, detail, sizeof detail);
    thm_text_str(&t, "with ");
    thm_text_str(&t, who->user);
    thm_text_char(&t, '@');
    thm_text_str(&t, who->device);
    if (over) {
        thm_text_str(&t, ", ");
        thm_text_uint(&t, caller->said, 0);
        thm_text_str(&t, " B there, ");
        thm_text_uint(&t, callee->said, 0);
        thm_text_str(&t, " B back, ");
        thm_text_uint(&t, (s->now - caller->since) / 1000, 0);
        thm_text_str(&t, " s");
    }
    thm_log_event(s, THM_LOG_INFO, event, conn_of(s, caller), code, detail);
}

static void drop_kept(struct thm_server *s, struct relay_end *e)
{
    if (e->kept != 0)
        thm_pool_give(&s->relay_buffers, e->kept);
    e->kept = 0;
    e->kept_at = e->kept_len = 0;
}

static void no_longer_asked(struct thm_server *s, uint32_t number)
{
    struct relay_end *e = end_at(s, number);

    if (e->asked)
        thm_list_remove(&s->relays_asked, asked_links(s), number);
    e->asked = false;
}

static void end_free(struct thm_server *s, uint32_t number)
{
    struct relay_end *e = end_at(s, number);

    drop_kept(s, e);
    no_longer_asked(s, number);
    thm_list_remove(&conn_of(s, e)->relays, end_links(s), number);
    thm_pool_give(&s->relay_ends, number);
}

/* Its device is to hear that it is over, unless it has not heard that it began. What was on its way comes before. */
static void closed(struct thm_server *s, uint32_t number, struct thm_slice code,
                   struct thm_slice reason)
{
    struct relay_end *e = end_at(s, number);

    e->other = 0;
    no_longer_asked(s, number);
    if (e->news) {
        end_free(s, number);
        return;
    }
    thm_slice_copy(e->code, sizeof e->code, code);
    thm_slice_copy(e->reason, sizeof e->reason, reason);
    thm_conn_look(s, conn_of(s, e), LOOK_WRITE);
}

/* One end is over, for this reason. The other end's device is told. */
static void part(struct thm_server *s, uint32_t number, int code, struct thm_slice word,
                 struct thm_slice reason)
{
    struct relay_end *e = end_at(s, number);
    uint32_t other = e->other;

    if (other == 0)
        return;
    log_relay(s, "relay-end", e->calls ? e : end_at(s, other), code);
    e->other = 0;
    closed(s, other, word, reason);
}

/* The server ends it: both are told, and what was on its way is dropped. */
static void break_off(struct thm_server *s, uint32_t number, int code)
{
    struct thm_slice word = thm_slice_of(thm_error_word(code));
    struct thm_slice reason = thm_slice_of(thm_error_text(code));

    drop_kept(s, end_at(s, number));
    drop_kept(s, end_at(s, end_at(s, number)->other));
    part(s, number, code, word, reason);
    closed(s, number, word, reason);
}

void thm_relay_leave(struct thm_server *s, struct connection *c)
{
    uint32_t number;

    while ((number = c->relays.first) != 0) {
        part(s, number, THM_E_AWAY, thm_slice_of(thm_error_word(THM_E_AWAY)),
             thm_slice_of(thm_error_text(THM_E_AWAY)));
        end_free(s, number);
    }
}

uint64_t thm_relay_deadline(const struct thm_server *s)
{
    uint32_t number = s->relays_asked.first;

    return number == 0 ? UINT64_MAX : end_at(s, number)->since + THM_TICKET_MS;
}

void thm_relay_expire(struct thm_server *s)
{
    while (thm_relay_deadline(s) <= s->now)
        break_off(s, s->relays_asked.first, THM_E_NO_ANSWER);
}

/* --- how much may be said --------------------------------------------------------------------- */

static uint64_t allowed(const struct thm_server *s, const struct relay_end *e)
{
    const struct relay_end *to = end_at(s, e->other);

    return to->granted < to->passed + WINDOW ? to->granted : to->passed + WINDOW;
}

/* Whether a device is to be told that it may say more: when it is worth a line, or, where the receiver takes little at a time,
 * when it would have to stop. */
static bool is_due(const struct thm_server *s, const struct relay_end *e)
{
    if (e->other == 0 || e->news)
        return false;
    uint64_t more = allowed(s, e) - e->told;
    return more >= WINDOW / 2 ||
           (more > 0 && allowed(s, e) == end_at(s, e->other)->granted && e->told - e->said < PIECE);
}

static void tell_if_due(struct thm_server *s, uint32_t number)
{
    if (number != 0 && is_due(s, end_at(s, number)))
        thm_conn_look(s, conn_of(s, end_at(s, number)), LOOK_WRITE);
}

/* --- what a device says ----------------------------------------------------------------------- */

static void answer_closed(struct thm_server *s, struct connection *c, struct thm_slice id, int code)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_RELAY);
    thm_msg_str(&m, THM_KEY_ID, id.data, id.len);
    THM_SET(&m, STATUS, "closed");
    THM_SET(&m, CODE, thm_error_word(code));
    THM_SET(&m, REASON, thm_error_text(code));
    thm_output_msg(s, c, &m);
}

static bool is_target(const struct connection *c, struct thm_slice to)
{
    size_t user = strlen(c->tls.peer.user);

    return to.len > user && memcmp(to.data, c->tls.peer.user, user) == 0 && to.data[user] == '@' &&
           thm_slice_is((struct thm_slice){to.data + user + 1, to.len - user - 1},
                        c->tls.peer.device);
}

/* Whether a relay may be opened by that ticket: THM_OK, or why not. Nothing is told of whom there is to one without a ticket. */
static int may_open(struct thm_server *s, const struct connection *c, const struct ticket *ticket,
                    struct thm_slice to)
{
    const struct connection *callee = ticket != NULL ? thm_ticket_callee(s, ticket) : NULL;

    if (s->config.relays == 0)
        return THM_E_NOT_ALLOWED;
    if (ticket == NULL || ticket->relayed)
        return THM_E_UNVERIFIED;
    if (callee == NULL)
        return THM_E_AWAY;
    if (!is_target(callee, to))
        return THM_E_UNVERIFIED;
    if (count_of(s, c) >= THM_RELAYS_EACH)
        return THM_E_LIMIT;
    if (count_of(s, callee) >= THM_RELAYS_EACH)
        return THM_E_BUSY;
    return s->relay_ends.count - s->relay_ends.used < 2 ? THM_E_FULL : THM_OK;
}

static uint32_t end_new(struct thm_server *s, struct connection *c, struct thm_slice id)
{
    uint32_t number = thm_pool_take(&s->relay_ends);
    struct relay_end *e = end_at(s, number);

    e->connection = conn_number(s, c);
    e->since = s->now;
    thm_slice_copy(e->id, sizeof e->id, id);
    thm_list_append(&c->relays, end_links(s), number);
    return number;
}

static void open_relay(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID);
    struct ticket *ticket = thm_ticket_find(s, c, id);
    int code = may_open(s, c, ticket, thm_msg_get(m, THM_KEY_TO));

    if (code != THM_OK) {
        answer_closed(s, c, id, code);
        return;
    }
    struct connection *callee = thm_ticket_callee(s, ticket);
    uint32_t near = end_new(s, c, id), far = end_new(s, callee, id);
    ticket->relayed = true;
    end_at(s, near)->other = far;
    end_at(s, near)->calls = true;
    end_at(s, near)->granted = thm_msg_get_num(m, THM_KEY_BYTES, 0);
    end_at(s, far)->other = near;
    end_at(s, far)->news = end_at(s, far)->asked = true;
    thm_list_append(&s->relays_asked, asked_links(s), far);
    s->stats.relays_opened++;
    log_relay(s, "relay", end_at(s, near), THM_OK);
    thm_conn_look(s, callee, LOOK_WRITE);
}

/* Puts bytes behind those that wait for a device. */
static void keep(struct thm_server *s, struct relay_end *e, const uint8_t *bytes, size_t len)
{
    if (e->kept == 0)
        e->kept = thm_pool_lend(&s->relay_buffers); /* there is one for each end */
    uint8_t *buffer = thm_pool_at(&s->relay_buffers, e->kept);
    if ((size_t)e->kept_at + e->kept_len + len > THM_RELAY_WINDOW) {
        memmove(buffer, buffer + e->kept_at, e->kept_len);
        e->kept_at = 0;
    }
    memcpy(buffer + e->kept_at + e->kept_len, bytes, len);
    e->kept_len = (uint16_t)(e->kept_len + len);
}

/* False: it is too much, and the relay is closed. */
static bool take(struct thm_server *s, uint32_t number, const uint8_t *bytes, size_t len)
{
    struct relay_end *e = end_at(s, number);

    if (len == 0)
        return true;
    if (len > e->told - e->said) {
        break_off(s, number, THM_E_RELAY);
        return false;
    }
    e->said += len;
    s->stats.relayed_bytes += len;
    keep(s, end_at(s, e->other), bytes, len);
    thm_conn_look(s, conn_of(s, end_at(s, e->other)), LOOK_WRITE);
    return true;
}

static void close_relay(struct thm_server *s, uint32_t number, const struct thm_msg *m)
{
    part(s, number, thm_msg_code(m, THM_OK), thm_msg_get(m, THM_KEY_CODE),
         thm_msg_get(m, THM_KEY_REASON));
    end_free(s, number);
}

/* What a device says of a relay that it takes part in. Of one that is closed it has not heard yet that it is. */
static void on_relay(struct thm_server *s, struct connection *c, uint32_t number,
                     const struct thm_msg *m)
{
    struct thm_slice data = thm_msg_get(m, THM_KEY_DATA);
    struct relay_end *e = end_at(s, number);
    uint8_t bytes[PIECE];
    size_t len;

    if (!thm_base64_read(data.data, data.len, bytes, sizeof bytes, &len)) {
        thm_input_error(s, c, m, THM_E_KEY_RANGE, "data");
        return;
    }
    if (e->other != 0 && thm_msg_has(m, THM_KEY_BYTES)) {
        uint64_t granted = thm_msg_get_num(m, THM_KEY_BYTES, 0);
        no_longer_asked(s, number);
        if (granted > e->granted)
            e->granted = granted;
        tell_if_due(s, e->other);
    }
    if (e->other != 0 && !take(s, number, bytes, len))
        return;
    if (thm_msg_has(m, THM_KEY_STATUS))
        close_relay(s, number, m);
}

void thm_relay_line(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    uint32_t number = find(s, c, thm_msg_get(m, THM_KEY_ID));
    bool closes = thm_msg_is(m, THM_KEY_STATUS, "closed");

    if (thm_msg_has(m, THM_KEY_STATUS) && !closes)
        thm_input_error(s, c, m, THM_E_KEY_RANGE, "status");
    else if (number != 0 && thm_msg_has(m, THM_KEY_TO))
        thm_input_error(s, c, m, THM_E_STATE, "to");
    else if (number != 0)
        on_relay(s, c, number, m);
    else if (closes)
        return; /* it says what it was told */
    else if (thm_msg_has(m, THM_KEY_TO))
        open_relay(s, c, m);
    else
        answer_closed(s, c, thm_msg_get(m, THM_KEY_ID), THM_E_NO_CALL);
}

/* --- what a device is told -------------------------------------------------------------------- */

enum told {
    TOLD_NOTHING, /* there is nothing */
    TOLD,
    TOLD_LAST, /* the end is free */
    NO_ROOM
};

static void begin(struct thm_msg *m, const struct relay_end *e)
{
    thm_msg_init(m, THM_MSG_RELAY);
    THM_SET(m, ID, e->id);
}

static enum told tell_open(struct thm_server *s, struct connection *c, struct relay_end *e)
{
    const struct thm_identity *caller = &conn_of(s, end_at(s, e->other))->tls.peer;
    struct thm_msg m;

    begin(&m, e);
    THM_SET(&m, FROM, caller->user);
    THM_SET(&m, DEVICE, caller->device);
    thm_msg_num(&m, THM_KEY_BYTES, allowed(s, e));
    if (!thm_output_news(s, c, &m))
        return NO_ROOM;
    e->news = false;
    e->told = allowed(s, e);
    return TOLD;
}

static enum told tell_bytes(struct thm_server *s, struct connection *c, struct relay_end *e)
{
    struct thm_msg m;

    begin(&m, e);
    thm_msg_num(&m, THM_KEY_BYTES, allowed(s, e));
    if (!thm_output_news(s, c, &m))
        return NO_ROOM;
    e->told = allowed(s, e);
    return TOLD;
}

/* A quarter of the credit, and room for an answer, stay for the chat. */
static bool may_relay(const struct connection *c)
{
    return c->out_len + LINE_BYTES <= GATHER && thm_output_room(c) >= LINE_BYTES + OUTPUT_REQUEST &&
           (!c->polite || c->sent - c->acked + LINE_BYTES <= c->credit - c->credit / 4);
}

static enum told tell_data(struct thm_server *s, struct connection *c, struct relay_end *e)
{
    size_t len = e->kept_len < PIECE ? e->kept_len : PIECE;
    char text[THM_DATA_MAX + 1];
    struct thm_text t;
    struct thm_msg m;

    if (!may_relay(c))
        return NO_ROOM;
    const uint8_t *buffer = thm_pool_at(&s->relay_buffers, e->kept);
    thm_text_init(&t, text, sizeof text);
    thm_text_base64(&t, buffer + e->kept_at, len);
    begin(&m, e);
    thm_msg_str(&m, THM_KEY_DATA, t.data, t.len);
    if (!thm_output_news(s, c, &m))
        return NO_ROOM;
    e->passed += len;
    e->kept_at = (uint16_t)(e->kept_at + len);
    e->kept_len = (uint16_t)(e->kept_len - len);
    if (e->kept_len == 0)
        drop_kept(s, e);
    tell_if_due(s, e->other);
    return TOLD;
}

static enum told tell_closed(struct thm_server *s, struct connection *c, uint32_t number)
{
    const struct relay_end *e = end_at(s, number);
    struct thm_msg m;

    begin(&m, e);
    THM_SET(&m, STATUS, "closed");
    if (e->code[0] != '\0')
        THM_SET(&m, CODE, e->code);
    if (e->reason[0] != '\0')
        THM_SET(&m, REASON, e->reason);
    if (!thm_output_news(s, c, &m))
        return NO_ROOM;
    end_free(s, number);
    return TOLD_LAST;
}

static enum told tell_next(struct thm_server *s, struct connection *c, uint32_t number)
{
    struct relay_end *e = end_at(s, number);

    if (e->news)
        return tell_open(s, c, e);
    if (is_due(s, e))
        return tell_bytes(s, c, e);
    if (e->kept != 0)
        return tell_data(s, c, e);
    return e->other == 0 ? tell_closed(s, c, number) : TOLD_NOTHING;
}

void thm_relay_fill(struct thm_server *s, struct connection *c)
{
    unsigned left = count_of(s, c); /* ends that may have something to say */

    while (left > 0) {
        uint32_t number = c->relays.first;
        enum told told = tell_next(s, c, number);
        if (told == NO_ROOM)
            return;
        if (told != TOLD_LAST) {
            thm_list_remove(&c->relays, end_links(s), number);
            thm_list_append(&c->relays, end_links(s), number);
        }
        left = told == TOLD ? count_of(s, c) : left - 1;
    }
}

#endif
