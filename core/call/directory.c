/*
 * The server's part: that this device can be called, where others are, and who somebody is that calls.
 */
#include "call/internal.h"
#include "util/base64.h"

#if THM_CALLS > 0

void thm_directory_name(const struct thm_identity *who, char name[2 * THM_ID_MAX + 2])
{
    struct thm_text t;

    thm_text_init(&t, name, 2 * THM_ID_MAX + 2);
    thm_text_str(&t, who->user);
    thm_text_char(&t, '@');
    thm_text_str(&t, who->device);
}

/* --- what is said ------------------------------------------------------------------------------ */

/* A stranger takes nobody's place: he gives way. */
static enum thm_availability availability(struct thm_calls *k)
{
    bool room = false;

    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        room =
            room || k->paths[i].state == THM_PATH_FREE || k->paths[i].state == THM_PATH_ADMITTING;
    if (k->availability == THM_AVAILABLE && (!room || thm_session_free(k) == NULL))
        return THM_BUSY;
    return (enum thm_availability)k->availability;
}

static void fill_register(struct thm_calls *k)
{
    enum thm_availability now = availability(k);
    char certificate[THM_BASE64_LEN(THM_ISSUED_MAX) + 1];
    struct thm_text t;
    struct thm_msg m;
    size_t len = 0;

    if (k->registered && now == k->told)
        return;
    thm_msg_init(&m, THM_MSG_REGISTER);
    THM_SET(&m, AVAILABILITY, thm_availability_word(now));
    if (!k->registered) {
        const unsigned char *der = thm_credentials_der(k->config.credentials, 0, &len);
        uint16_t known = k->config.known_as != 0 ? k->config.known_as : k->number;
        thm_msg_num(&m, THM_KEY_PORT, k->number != 0 ? known : 0);
        thm_text_init(&t, certificate, sizeof certificate);
        thm_text_base64(&t, der, len);
        if (!t.truncated)
            thm_msg_str(&m, THM_KEY_CERTIFICATE, t.data, t.len);
    }
    if (thm_client_request(k->config.client, &m) != THM_OK)
        return;
    k->registered = true;
    k->told = (uint8_t)now;
}

static bool ask(struct thm_calls *k, const char *whom, const char *ticket, uint32_t *serial)
{
    char id[16];
    struct thm_text t;
    struct thm_msg m;

    thm_text_init(&t, id, sizeof id);
    thm_text_char(&t, 'k');
    thm_text_uint(&t, k->serial + 1, 0);
    thm_msg_init(&m, THM_MSG_LOOKUP_REQUEST);
    THM_SET(&m, LOOKUP, whom);
    thm_msg_str(&m, THM_KEY_ID, t.data, t.len);
    if (ticket != NULL)
        THM_SET(&m, TICKET, ticket);
    if (thm_client_request(k->config.client, &m) != THM_OK)
        return false;
    *serial = ++k->serial;
    return true;
}

static void fill_path(struct thm_calls *k, struct thm_path *p)
{
    char name[2 * THM_ID_MAX + 2];

    if (!p->ask_due)
        return;
    if (p->state == THM_PATH_CHECKING) {
        thm_directory_name(&p->tls.peer, name);
        p->ask_due = !ask(k, name, p->ticket, &p->serial);
    } else if (p->state == THM_PATH_LOOKUP) {
        p->ask_due = !ask(k, thm_call_of(k, p->call)->target, NULL, &p->serial);
    }
}

void thm_directory_fill(struct thm_calls *k)
{
    if (!k->online || k->stopping)
        return;
    fill_register(k);
    if (k->find_due)
        k->find_due = !ask(k, k->find, NULL, &k->find_serial);
    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        fill_path(k, &k->paths[i]);
}

/* --- what is answered ---------------------------------------------------------------------------- */

/* Whom an answer names. False: nobody, or not in full. */
static bool read_identity(const struct thm_msg *m, struct thm_identity *who)
{
    struct thm_slice key = thm_msg_get(m, THM_KEY_KEY_HASH);

    memset(who, 0, sizeof *who);
    if (!thm_msg_is(m, THM_KEY_STATUS, "SUCCESS") ||
        !thm_hex_bytes(key.data, key.len, who->key_hash, THM_KEY_HASH))
        return false;
    thm_msg_copy(m, THM_KEY_USERID, who->user, sizeof who->user);
    thm_msg_copy(m, THM_KEY_DEVICE, who->device, sizeof who->device);
    return who->user[0] != '\0' && who->device[0] != '\0';
}

static bool same_identity(const struct thm_identity *a, const struct thm_identity *b)
{
    return strcmp(a->user, b->user) == 0 && strcmp(a->device, b->device) == 0 &&
           thm_same_key(a->key_hash, b->key_hash);
}

static void note_address(struct thm_call *c, const struct thm_msg *m)
{
    struct thm_slice host = thm_msg_get(m, THM_KEY_ADDRESS);

    c->number = 0;
    if (host.len == 0 || host.len > THM_CALL_HOST_MAX)
        return;
    thm_slice_copy(c->host, sizeof c->host, host);
    c->number = (uint16_t)thm_msg_get_num(m, THM_KEY_PORT, 0);
}

/* Whether a call may be made to one who is found, or why not. Who rings here already is answered by that. */
static int may_call(struct thm_calls *k, const struct thm_call *c, const struct thm_msg *m,
                    const struct thm_identity *who)
{
    enum thm_availability a = THM_AVAILABLE;

    for (unsigned i = 0; i < THM_CALLS; i++) {
        const struct thm_call *other = &k->calls[i];
        bool goes_on = other->state >= THM_CALL_CALLING && other->state <= THM_CALL_MENDING;
        if (other != c && goes_on && other->known && same_identity(&other->peer, who))
            return other->state == THM_CALL_RINGING ? THM_E_CROSSING : THM_E_STATE;
    }
    thm_availability_find(thm_msg_get(m, THM_KEY_AVAILABILITY), &a);
    if (a != THM_AVAILABLE)
        return a == THM_BUSY ? THM_E_BUSY : THM_E_UNAVAILABLE;
    return thm_msg_get(m, THM_KEY_TICKET).len == THM_TICKET_MAX ? THM_OK : THM_E_AWAY;
}

/* The answer about whom we call, for the first time or to mend a session. */
static void on_callee(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    struct thm_call *c = thm_call_of(k, p->call);
    struct thm_identity who;
    bool found = read_identity(m, &who);

    if (p->goes_on) {
        found = found && same_identity(&who, &c->peer);
    } else {
        int code = found ? may_call(k, c, m, &who) : THM_E_AWAY;
        if (code != THM_OK) {
            thm_path_turn(k, p, THM_PATH_FAILED, code);
            return;
        }
        c->peer = who;
        c->known = true;
        thm_msg_copy(m, THM_KEY_TICKET, c->id, sizeof c->id);
    }
    if (found) {
        thm_msg_copy(m, THM_KEY_TICKET, p->ticket, sizeof p->ticket);
        note_address(c, m);
    }
    if (c->number != 0 && !k->config.relay_only)
        thm_path_turn(k, p, THM_PATH_REACHABLE, THM_OK);
    else if (p->ticket[0] != '\0')
        thm_path_turn(k, p, THM_PATH_BEHIND, THM_OK);
    else
        thm_path_turn(k, p, THM_PATH_FAILED, THM_E_AWAY);
}

/* Whether an address is the one that a path came from; its text has no port. */
static bool same_host(const struct thm_calls *k, const struct thm_path *p, struct thm_slice host)
{
    struct thm_port *port = k->config.port;
    struct thm_address from;
    char text[THM_ADDRESS_TEXT_MAX];

    if (p->relayed || host.len == 0 || port->ops->peer_addr(port, p->socket, &from) != THM_OK)
        return true; /* nothing to compare */
    thm_address_text(&from, text);
    const char *start = text[0] == '[' ? text + 1 : text;
    return strncmp(start, host.data, host.len) == 0 && strchr(":]", start[host.len]) != NULL;
}

/* The answer about who calls us: user, device, key and ticket have to be those of the connection. */
static void on_caller(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    struct thm_identity who;

    if (!read_identity(m, &who) || !same_identity(&who, &p->tls.peer) ||
        !thm_msg_is(m, THM_KEY_TICKET, p->ticket)) {
        thm_path_refuse(k, p, THM_E_UNVERIFIED);
        return;
    }
    p->elsewhere = !same_host(k, p, thm_msg_get(m, THM_KEY_ADDRESS));
    thm_path_turn(k, p, THM_PATH_VERIFIED, THM_OK);
    thm_session_verified(k, p);
    if (p->call != 0)
        note_address(thm_call_of(k, p->call), m);
}

static void on_found(struct thm_calls *k, const struct thm_msg *m)
{
    struct thm_call_event e = {.kind = THM_CALL_FOUND};
    struct thm_identity who;

    k->find[0] = '\0';
    k->find_by = THM_NEVER;
    if (read_identity(m, &who))
        e.peer = &who;
    else
        e.code = THM_E_AWAY;
    thm_session_tell(k, NULL, &e);
}

/* The number of the question that a line is about; 0: none of ours. */
static uint32_t serial_of(const struct thm_msg *m)
{
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID);

    if (id.len < 2 || id.data[0] != 'k')
        return 0;
    return (uint32_t)thm_slice_number((struct thm_slice){id.data + 1, id.len - 1});
}

void thm_directory_reply(struct thm_calls *k, const struct thm_msg *m)
{
    uint32_t serial = serial_of(m);

    if (serial == 0)
        return;
    if (k->find[0] != '\0' && !k->find_due && serial == k->find_serial) {
        on_found(k, m);
        return;
    }
    for (unsigned i = 0; i < THM_CALL_PATHS; i++) {
        struct thm_path *p = &k->paths[i];
        if (p->ask_due || p->serial != serial)
            continue;
        if (p->state == THM_PATH_LOOKUP)
            on_callee(k, p, m);
        else if (p->state == THM_PATH_CHECKING)
            on_caller(k, p, m);
        return;
    }
}

void thm_directory_error(struct thm_calls *k, const struct thm_msg *m)
{
    struct thm_msg none;

    if (!thm_msg_is(m, THM_KEY_IN, thm_type_word(THM_MSG_LOOKUP_REQUEST)))
        return;
    none = *m;
    none.has &= THM_HAS(ID); /* as if nobody was found */
    thm_directory_reply(k, &none);
}

#endif
