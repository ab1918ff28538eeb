/*
 * Tickets: each vouches for one call of one session to another. They lie with the caller's session, so that looking one up
 * takes a few comparisons, whoever asks, and nobody's tickets take room from another's.
 */
#include "server/internal.h"

#if THM_CALLS > 0

#include <string.h>

#include "auth/scram.h"
#include "tls/wipe.h"

_Static_assert(THM_TICKETS_EACH >= 1, "who may call needs one");

static struct ticket *ticket_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->tickets, number);
}

static struct thm_links ticket_links(const struct thm_server *s)
{
    return THM_LINKS(&s->tickets, struct ticket, link);
}

static void drop_oldest(struct thm_server *s, struct connection *caller)
{
    uint32_t number = caller->tickets.first;

    thm_list_remove(&caller->tickets, ticket_links(s), number);
    thm_wipe(ticket_at(s, number)->secret, TICKET_BYTES);
    thm_pool_give(&s->tickets, number);
}

void thm_ticket_drop(struct thm_server *s, struct connection *caller)
{
    while (caller->tickets.first != 0)
        drop_oldest(s, caller);
}

static bool has_ended(const struct thm_server *s, const struct ticket *t)
{
    return s->now - t->made_at >= THM_TICKET_MS;
}

static void make_room(struct thm_server *s, struct connection *caller)
{
    unsigned count = 0;

    for (uint32_t n = caller->tickets.first; n != 0; n = ticket_at(s, n)->link.next)
        count++;
    while (count > 0 &&
           (count >= THM_TICKETS_EACH || has_ended(s, ticket_at(s, caller->tickets.first)))) {
        drop_oldest(s, caller);
        count--;
    }
}

int thm_ticket_make(struct thm_server *s, struct connection *caller,
                    const struct connection *callee, char text[TICKET_TEXT])
{
    struct thm_port *port = s->config.port;
    uint8_t secret[TICKET_BYTES];
    struct thm_text t;

    if (port->ops->entropy(port, secret, sizeof secret) != THM_OK)
        return THM_E_ENTROPY;
    make_room(s, caller);
    uint32_t number = thm_pool_take(&s->tickets); /* there are as many as all sessions may have */
    struct ticket *ticket = ticket_at(s, number);
    memcpy(ticket->secret, secret, sizeof secret);
    ticket->callee = conn_number(s, callee);
    ticket->serial = callee->serial;
    ticket->made_at = s->now;
    thm_list_append(&caller->tickets, ticket_links(s), number);
    thm_text_init(&t, text, TICKET_TEXT);
    thm_text_hex(&t, secret, sizeof secret);
    thm_wipe(secret, sizeof secret);
    return THM_OK;
}

struct ticket *thm_ticket_find(struct thm_server *s, const struct connection *caller,
                               struct thm_slice text)
{
    uint8_t secret[TICKET_BYTES];
    struct ticket *found = NULL;

    if (!thm_hex_bytes(text.data, text.len, secret, sizeof secret))
        return NULL;
    for (uint32_t n = caller->tickets.first; n != 0; n = ticket_at(s, n)->link.next) {
        struct ticket *t = ticket_at(s, n);
        if (thm_same_secret(t->secret, secret, sizeof secret) && !has_ended(s, t))
            found = t;
    }
    return found;
}

struct connection *thm_ticket_callee(struct thm_server *s, const struct ticket *t)
{
    struct connection *c = thm_conn_if(s, t->callee, t->serial);

    return c != NULL && c->state == CONN_ONLINE ? c : NULL;
}

#endif
