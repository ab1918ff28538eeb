/*
 * Who can be called: sessions register, and others look them up. A lookup gives a ticket, by which the
 * one who is called finds out from the server who calls.
 */
#include "server/internal.h"

#if THM_CALLS > 0

#include <string.h>

#include "thimble/enroll.h"
#include "util/base64.h"

_Static_assert(THM_BASE64_LEN(THM_ISSUED_MAX) <= 960, "a certificate fits in its key");

static const char *const words[] = {
    [CALL_AVAILABLE] = "available", [CALL_BUSY] = "busy", [CALL_AWAY] = "away"};
#define WORDS (sizeof words / sizeof words[0])

static struct callable *callable_of(const struct thm_server *s, const struct connection *c)
{
    return c->callable == 0 ? NULL : thm_pool_at(&s->callables, c->callable);
}

/* --- what a session says of itself ------------------------------------------------------------ */

/* The user's own word counts more than what a program registers. */
static enum availability availability_of(const struct thm_server *s, const struct connection *c)
{
    return user_at(s, c->user)->away[0] != '\0'
               ? CALL_AWAY
               : (enum availability)callable_of(s, c)->availability;
}

/* The address as one dials it: without the port, and IPv6 without brackets. */
static void put_address(struct thm_msg *m, const struct connection *c,
                        char text[THM_ADDRESS_TEXT_MAX])
{
    thm_address_text(&c->address, text);
    char *start = text[0] == '[' ? text + 1 : text;
    const char *end = strchr(start, text[0] == '[' ? ']' : ':');
    thm_msg_str(m, THM_KEY_ADDRESS, start, end != NULL ? (size_t)(end - start) : strlen(start));
}

static void put_certificate(struct thm_msg *m, const struct callable *d, char *text, size_t cap)
{
    struct thm_text t;

    if (d->certificate_len == 0)
        return;
    thm_text_init(&t, text, cap);
    thm_text_base64(&t, d->certificate, d->certificate_len);
    thm_msg_str(m, THM_KEY_CERTIFICATE, t.data, t.len);
}

/* Whether a certificate is for the key of the session, and names its user and device. */
static bool is_own(const struct connection *c, const uint8_t *der, size_t len)
{
    const struct thm_identity *peer = &c->tls.peer;
    struct thm_identity who;

#if THM_CREDENTIALS_MAX > 0
    return thm_certificate_read(der, len, THM_FOR_CLIENT, &who) == THM_OK &&
           memcmp(who.key_hash, peer->key_hash, THM_KEY_HASH) == 0 &&
           strcmp(who.user, peer->user) == 0 && strcmp(who.device, peer->device) == 0;
#else
    /* No decoder: the key is found where it has to lie, and the name is there, as the URI that it has to be. */
    char uri[2 + sizeof "thimble:@" + 2 * THM_ID_MAX];
    struct thm_msg named;
    struct thm_text t;

    thm_msg_init(&named, THM_MSG_ENROLL_REPLY);
    THM_SET(&named, USERID, peer->user);
    THM_SET(&named, DEVICE, peer->device);
    if (thm_enroll_read(der, len, &named, peer->key_hash, &who) != THM_OK)
        return false;
    thm_text_init(&t, uri, sizeof uri);
    thm_text_char(&t, (char)0x86); /* uniformResourceIdentifier (RFC 5280, section 4.2.1.6) */
    thm_text_char(&t, (char)(strlen("thimble:@") + strlen(peer->user) + strlen(peer->device)));
    thm_text_str(&t, "thimble:");
    thm_text_str(&t, peer->user);
    thm_text_char(&t, '@');
    thm_text_str(&t, peer->device);
    for (size_t i = 0; i + t.len <= len; i++)
        if (memcmp(der + i, uri, t.len) == 0)
            return true;
    return false;
#endif
}

static void answer(struct thm_server *s, struct connection *c)
{
    const struct callable *d = callable_of(s, c);
    char address[THM_ADDRESS_TEXT_MAX], certificate[THM_BASE64_LEN(THM_ISSUED_MAX) + 1];
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_REGISTER);
    THM_SET(&m, AVAILABILITY, words[availability_of(s, c)]);
    thm_msg_num(&m, THM_KEY_PORT, d->port);
    put_address(&m, c, address);
    put_certificate(&m, d, certificate, sizeof certificate);
    thm_output_msg(s, c, &m);
}

void thm_call_register(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice certificate = thm_msg_get(m, THM_KEY_CERTIFICATE);
    uint8_t der[THM_ISSUED_MAX];
    size_t len = 0;
    unsigned word = 0;

    while (word < WORDS && !thm_msg_is(m, THM_KEY_AVAILABILITY, words[word]))
        word++;
    if (thm_msg_has(m, THM_KEY_AVAILABILITY) && word == WORDS) {
        thm_input_error(s, c, m, THM_E_KEY_RANGE, "availability");
        return;
    }
    if (thm_msg_has(m, THM_KEY_CERTIFICATE) &&
        (!thm_base64_read(certificate.data, certificate.len, der, sizeof der, &len) ||
         !is_own(c, der, len))) {
        thm_input_error(s, c, m, THM_E_KEY, "certificate");
        return;
    }
    if (c->callable == 0)
        c->callable = thm_pool_take(&s->callables);
    struct callable *d = callable_of(s, c);
    if (d == NULL) {
        thm_input_error(s, c, m, THM_E_LIMIT, NULL);
        return;
    }
    d->active = s->now;
    d->port = (uint16_t)thm_msg_get_num(m, THM_KEY_PORT, d->port);
    if (word != WORDS)
        d->availability = (uint8_t)word;
    if (len > 0) {
        d->certificate_len = (uint16_t)len;
        memcpy(d->certificate, der, len);
    }
    answer(s, c);
}

/* What comes by itself, while nobody need be there, is no sign of a person. */
void thm_call_active(struct thm_server *s, struct connection *c, enum thm_type type)
{
    struct callable *d = callable_of(s, c);

    if (d != NULL && type != THM_MSG_ACK && type != THM_MSG_PING && type != THM_MSG_PONG &&
        type != THM_MSG_RECEIPT && type != THM_MSG_RELAY)
        d->active = s->now;
}

void thm_call_leave(struct thm_server *s, struct connection *c)
{
    thm_relay_leave(s, c);
    thm_ticket_drop(s, c);
    if (c->callable != 0)
        thm_pool_give(&s->callables, c->callable);
    c->callable = 0;
}

/* --- who is looked for ------------------------------------------------------------------------ */

struct target {
    uint32_t user; /* 0: nobody of that id is known */
    const char *device;
    size_t device_len; /* 0: none is named */
};

static struct target target_of(const struct thm_server *s, struct thm_slice text)
{
    const char *at = memchr(text.data, '@', text.len);
    size_t len = at != NULL ? (size_t)(at - text.data) : text.len;
    struct target t = {thm_user_find(s, text.data, len), at, 0};

    if (at != NULL) {
        t.device = at + 1;
        t.device_len = text.len - len - 1;
    }
    return t;
}

/* Whether a device is rather the one that is meant than another. */
static bool better(const struct thm_server *s, const struct connection *a,
                   const struct connection *b)
{
    bool a_free = availability_of(s, a) == CALL_AVAILABLE;
    bool b_free = availability_of(s, b) == CALL_AVAILABLE;

    if (a_free != b_free)
        return a_free;
    return callable_of(s, a)->active >= callable_of(s, b)->active;
}

/* The session that somebody wants to call; NULL: there is none that can be called. */
static struct connection *wanted(const struct thm_server *s, const struct connection *asker,
                                 const struct target *t)
{
    struct connection *best = NULL;

    if (t->user == 0)
        return NULL;
    if (t->device_len > 0) {
        best = thm_user_session(s, t->user, t->device, t->device_len);
        return best != NULL && best != asker && best->callable != 0 ? best : NULL;
    }
    for (uint32_t n = user_at(s, t->user)->sessions.first; n != 0; n = next_session(s, n)) {
        struct connection *c = conn_at(s, n);
        if (c != asker && c->callable != 0 && (best == NULL || better(s, c, best)))
            best = c;
    }
    return best;
}

/* The session that has made a call by this ticket to the one who asks; NULL: none has, or he knows of it already. */
static struct connection *caller(struct thm_server *s, const struct connection *asker,
                                 const struct target *t, struct thm_slice text)
{
    struct connection *c = t->user != 0 && t->device_len > 0
                               ? thm_user_session(s, t->user, t->device, t->device_len)
                               : NULL;
    struct ticket *ticket = c != NULL ? thm_ticket_find(s, c, text) : NULL;

    if (ticket == NULL || ticket->looked_up || thm_ticket_callee(s, ticket) != asker)
        return NULL;
    ticket->looked_up = true;
    return c;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void echo_id(struct thm_msg *out, const struct thm_msg *m)
{
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID);

    if (thm_msg_has(m, THM_KEY_ID))
        thm_msg_str(out, THM_KEY_ID, id.data, id.len);
}

/* The same for whoever can't be called, whether there is such a user or not. */
static void say_nobody(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_msg out;

    thm_msg_init(&out, THM_MSG_LOOKUP_REPLY);
    THM_SET(&out, STATUS, "NOTFOUND");
    THM_SET(&out, ADDRESS, "");
    THM_SET(&out, KEY_HASH, "");
    THM_SET(&out, TICKET, "");
    thm_msg_num(&out, THM_KEY_PORT, 0);
    echo_id(&out, m);
    thm_output_msg(s, c, &out);
}

static void say_found(struct thm_server *s, struct connection *c, const struct thm_msg *m,
                      const struct connection *other, struct thm_slice ticket)
{
    const struct callable *d = callable_of(s, other);
    char hex[2 * THM_KEY_HASH + 1], address[THM_ADDRESS_TEXT_MAX];
    char certificate[THM_BASE64_LEN(THM_ISSUED_MAX) + 1];
    struct thm_text t;
    struct thm_msg out;

    thm_msg_init(&out, THM_MSG_LOOKUP_REPLY);
    THM_SET(&out, STATUS, "SUCCESS");
    THM_SET(&out, USERID, other->tls.peer.user);
    THM_SET(&out, DEVICE, other->tls.peer.device);
    thm_text_init(&t, hex, sizeof hex);
    thm_text_hex(&t, other->tls.peer.key_hash, THM_KEY_HASH);
    THM_SET(&out, KEY_HASH, hex);
    THM_SET(&out, ADDRESS, "");
    thm_msg_num(&out, THM_KEY_PORT, 0);
    if (d != NULL) {
        THM_SET(&out, AVAILABILITY, words[availability_of(s, other)]);
        put_certificate(&out, d, certificate, sizeof certificate);
        if (d->port != 0) {
            put_address(&out, other, address);
            thm_msg_num(&out, THM_KEY_PORT, d->port);
        }
    }
    if (ticket.len > 0)
        thm_msg_str(&out, THM_KEY_TICKET, ticket.data, ticket.len);
    echo_id(&out, m);
    thm_output_msg(s, c, &out);
}

void thm_call_lookup(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice shown = thm_msg_get(m, THM_KEY_TICKET);
    struct target target = target_of(s, thm_msg_get(m, THM_KEY_LOOKUP));
    char made[TICKET_TEXT] = "";
    struct connection *other;

    if (c->state != CONN_ONLINE)
        other = NULL;
    else if (thm_msg_has(m, THM_KEY_TICKET)) /* an empty one is none that was given out, either */
        other = caller(s, c, &target, shown);
    else
        other = wanted(s, c, &target);
    if (other == NULL) {
        say_nobody(s, c, m);
        return;
    }
    if (shown.len == 0) {
        if (thm_ticket_make(s, c, other, made) != THM_OK) {
            thm_input_error(s, c, m, THM_E_ENTROPY, NULL);
            return;
        }
        shown = thm_slice_of(made);
    }
    say_found(s, c, m, other, shown);
}

#endif
