/*
 * A path through the server: TLS's bytes in the `data` of `relay` lines, with credit both ways.
 */
#include "call/internal.h"
#include "util/base64.h"

#if THM_CALLS > 0

#define PIECE (THM_DATA_MAX / 4 * 3) /* bytes in a line */

/* --- what TLS asks for ------------------------------------------------------------------------- */

/* How many bytes the other side may have sent in all: what is here, and what there is room for. */
static uint64_t allowance(const struct thm_relay_end *r)
{
    return r->received + sizeof r->bytes - r->len;
}

/* Not for each line: at half a window. */
static bool owes_grant(const struct thm_relay_end *r)
{
    return r->opened && !r->closed && allowance(r) - r->told >= sizeof r->bytes / 2;
}

enum thm_io thm_relay_recv(struct thm_calls *k, struct thm_path *p, void *buf, size_t cap,
                           size_t *n)
{
    struct thm_relay_end *r = &p->relay;

    (void)k;
    if (r->len == 0)
        return r->closed ? THM_IO_EOF : THM_IO_AGAIN;
    *n = cap < r->len ? cap : r->len;
    memcpy(buf, r->bytes + r->at, *n);
    r->at += (uint32_t)*n;
    r->len -= (uint32_t)*n;
    if (r->len == 0)
        r->at = 0;
    return THM_IO_OK;
}

enum thm_io thm_relay_want(const struct thm_path *p, size_t n)
{
    const struct thm_relay_end *r = &p->relay;

    if (r->len >= n || (r->len > 0 && (r->closed || allowance(r) - r->received < PIECE)))
        return THM_IO_OK; /* no room for more, or nothing more comes */
    return r->closed ? THM_IO_EOF : THM_IO_AGAIN;
}

/* Chat goes first: what waits for the server's connection is not joined by a second line. */
static int put(struct thm_calls *k, const struct thm_msg *m)
{
    if (!k->online)
        return THM_E_STATE;
    return k->config.client->out_len > THM_CLIENT_OUT / 2 ? THM_E_LIMIT
                                                          : thm_client_request(k->config.client, m);
}

static void about(struct thm_msg *m, const char *id)
{
    thm_msg_init(m, THM_MSG_RELAY);
    THM_SET(m, ID, id);
}

enum thm_io thm_relay_send(struct thm_calls *k, struct thm_path *p, const void *buf, size_t len,
                           size_t *n)
{
    struct thm_relay_end *r = &p->relay;
    char data[THM_DATA_MAX + 1];
    struct thm_text t;
    struct thm_msg m;

    *n = 0;
    if (r->closed)
        return THM_IO_ERROR;
    while (*n < len && r->opened && r->sent < r->granted) {
        size_t piece = len - *n < PIECE ? len - *n : PIECE;
        if (piece > r->granted - r->sent)
            piece = (size_t)(r->granted - r->sent);
        thm_text_init(&t, data, sizeof data);
        thm_text_base64(&t, (const uint8_t *)buf + *n, piece);
        about(&m, p->ticket);
        thm_msg_str(&m, THM_KEY_DATA, t.data, t.len);
        if (put(k, &m) != THM_OK)
            break;
        r->sent += piece;
        *n += piece;
    }
    return *n > 0 ? THM_IO_OK : THM_IO_AGAIN;
}

/* --- its life ----------------------------------------------------------------------------------- */

void thm_relay_open(struct thm_path *p, bool ours, uint64_t granted)
{
    struct thm_relay_end *r = &p->relay;

    memset(r, 0, offsetof(struct thm_relay_end, bytes));
    r->open_due = ours;
    r->opened = !ours;
    r->granted = granted;
    p->relayed = true;
}

static void say_farewell(struct thm_calls *k, const char *id, int code)
{
    for (unsigned i = 0; i < sizeof k->farewells / sizeof k->farewells[0]; i++) {
        if (k->farewells[i].id[0] != '\0')
            continue;
        strcpy(k->farewells[i].id, id);
        k->farewells[i].code = (int16_t)code;
        return;
    }
}

void thm_relay_close(struct thm_calls *k, struct thm_path *p, int code)
{
    struct thm_relay_end *r = &p->relay;

    if (!r->closed && !r->open_due) /* else the server knows, or never heard of it */
        say_farewell(k, p->ticket, code);
    r->closed = true;
    r->open_due = false;
}

/* --- what is said to the server ------------------------------------------------------------------- */

static void fill_path(struct thm_calls *k, struct thm_path *p)
{
    struct thm_relay_end *r = &p->relay;
    char name[2 * THM_ID_MAX + 2];
    struct thm_msg m;

    if (!p->relayed || (!r->open_due && !owes_grant(r)))
        return;
    about(&m, p->ticket);
    if (r->open_due) {
        thm_directory_name(&thm_call_of(k, p->call)->peer, name);
        THM_SET(&m, TO, name);
    }
    thm_msg_num(&m, THM_KEY_BYTES, allowance(r));
    if (put(k, &m) != THM_OK)
        return;
    r->told = allowance(r);
    r->open_due = false;
}

void thm_call_relay_fill(struct thm_calls *k)
{
    struct thm_msg m;

    for (unsigned i = 0; i < sizeof k->farewells / sizeof k->farewells[0]; i++) {
        if (k->farewells[i].id[0] == '\0')
            continue;
        about(&m, k->farewells[i].id);
        THM_SET(&m, STATUS, "closed");
        if (k->farewells[i].code != THM_OK)
            THM_SET(&m, CODE, thm_error_word(k->farewells[i].code));
        if (put(k, &m) != THM_OK)
            return;
        k->farewells[i].id[0] = '\0';
    }
    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        fill_path(k, &k->paths[i]);
}

/* --- what the server says --------------------------------------------------------------------- */

static struct thm_path *find(struct thm_calls *k, struct thm_slice id)
{
    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        if (k->paths[i].state != THM_PATH_FREE && k->paths[i].relayed &&
            thm_slice_is(id, k->paths[i].ticket))
            return &k->paths[i];
    return NULL;
}

/* Somebody wants to reach us through the server. Where there is only one path, and we are calling him with it, one of the two
 * has to give way before either is secured. */
static void offered(struct thm_calls *k, const struct thm_msg *m)
{
    struct thm_path *p = k->stopping ? NULL : thm_path_take(k);
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID);
    char name[THM_TICKET_MAX + 1];
    int code = THM_E_BUSY;

    if (id.len > THM_TICKET_MAX)
        return;
    thm_slice_copy(name, sizeof name, id);
    if (p == NULL && !k->stopping) {
        struct thm_identity who = {.user = ""};
        thm_msg_copy(m, THM_KEY_FROM, who.user, sizeof who.user);
        thm_msg_copy(m, THM_KEY_DEVICE, who.device, sizeof who.device);
        struct thm_call *c = thm_session_crossing(k, &who);
        if (c != NULL && c->known && c->attempt != 0) {
            code = THM_E_CROSSING;
            if (!thm_session_outranks(k, &c->peer)) {
                c->crossed = true;
                c->until = k->now + THM_LOOKUP_MS;
                thm_path_stop(k, thm_path_at(k, c->attempt), false);
                p = thm_path_take(k);
            }
        }
    }
    if (p == NULL) {
        say_farewell(k, name, code);
        return;
    }
    strcpy(p->ticket, name);
    thm_relay_open(p, false, thm_msg_get_num(m, THM_KEY_BYTES, 0));
    thm_path_turn(k, p, THM_PATH_ARRIVED, THM_OK);
}

static void take_data(struct thm_calls *k, struct thm_path *p, struct thm_slice data)
{
    struct thm_relay_end *r = &p->relay;
    size_t n;

    if (r->at > 0) {
        memmove(r->bytes, r->bytes + r->at, r->len);
        r->at = 0;
    }
    if (!thm_base64_read(data.data, data.len, r->bytes + r->len, sizeof r->bytes - r->len, &n)) {
        thm_relay_close(k, p, THM_E_RELAY);
        return;
    }
    r->len += (uint32_t)n;
    r->received += n;
}

void thm_call_relay_line(struct thm_calls *k, const struct thm_msg *m)
{
    struct thm_path *p = find(k, thm_msg_get(m, THM_KEY_ID));
    uint64_t granted = thm_msg_get_num(m, THM_KEY_BYTES, 0);

    if (p == NULL) {
        if (thm_msg_has(m, THM_KEY_FROM) && !thm_msg_has(m, THM_KEY_STATUS))
            offered(k, m);
        return;
    }
    if (thm_msg_has(m, THM_KEY_STATUS)) {
        p->relay.closed = true;
        if (p->code == THM_OK)
            p->code = (int16_t)thm_msg_code(m, THM_E_CLOSED);
    } else if (thm_msg_has(m, THM_KEY_DATA)) {
        take_data(k, p, thm_msg_get(m, THM_KEY_DATA));
    }
    if (granted > p->relay.granted) {
        p->relay.granted = granted;
        p->relay.opened = true;
    }
    p->pending = true;
}

#endif
