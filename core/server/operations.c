/*
 * What the operator and moderators ask for: one request after the other, each read, changed and written while no other one is
 * under way. Logins and joins go on beside that, see accounts.c and rooms.c.
 */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"
#include "tls/wipe.h"

/* What requests are about. */
enum family { ABOUT_USERS, ABOUT_ROOMS, ABOUT_KEYS, ABOUT_INVITATIONS };

static bool records_kept(const struct thm_server *s)
{
    return s->config.store->records;
}

/* Whether there is such a thing in this server; what a request asks the store first; and the store has answered. */
static const struct {
    bool (*kept)(const struct thm_server *s);
    void (*start)(struct thm_server *s);
    void (*answered)(struct thm_server *s);
} families[] = {
    [ABOUT_USERS] = {records_kept, thm_accounts_start, thm_accounts_answered},
    [ABOUT_ROOMS] = {thm_record_kept, thm_rooms_start, thm_rooms_answered},
    [ABOUT_KEYS] = {records_kept, thm_keys_start, thm_keys_answered},
    [ABOUT_INVITATIONS] = {thm_invites_kept, thm_invites_start, thm_invites_answered},
};

static enum family family_of(enum thm_admin_op op)
{
    if (op <= THM_ADMIN_USER_LIST)
        return ABOUT_USERS;
    if (op <= THM_ADMIN_ROOM_USERS)
        return ABOUT_ROOMS;
    return op == THM_ADMIN_DEVICE_KEYS ? ABOUT_KEYS : ABOUT_INVITATIONS;
}

static bool is_named(const char *name, size_t cap, enum thm_kind kind)
{
    return memchr(name, '\0', cap) != NULL &&
           thm_kind_check(kind, name, strlen(name), 1, cap - 1) == THM_OK;
}

/* Whether it names what it is about. */
static bool valid(const struct thm_admin_request *r)
{
    bool device = r->op == THM_ADMIN_DEVICE_KEYS || r->op == THM_ADMIN_INVITE_ADD;
    bool user = device || r->op == THM_ADMIN_ROOM_USER ||
                (family_of(r->op) == ABOUT_USERS && r->op != THM_ADMIN_USER_LIST);
    bool room = r->op >= THM_ADMIN_ROOM_ADD && r->op <= THM_ADMIN_ROOM_USERS &&
                r->op != THM_ADMIN_ROOM_LIST;

    return (!user || is_named(r->user, sizeof r->user, THM_KIND_ID)) &&
           (!device || is_named(r->device, sizeof r->device, THM_KIND_ID)) &&
           (!room || is_named(r->room, sizeof r->room, THM_KIND_ROOM));
}

int thm_server_admin(struct thm_server *s, struct thm_admin_request *r)
{
    return families[family_of(r->op)].kept(s) ? thm_operation_add(s, r) : THM_E_STATE;
}

int thm_operation_add(struct thm_server *s, struct thm_admin_request *r)
{
    if (!valid(r))
        return THM_E_KEY_RANGE;
    r->next = NULL;
    if (s->operations.first == NULL)
        s->operations.first = r;
    else
        s->operations.last->next = r;
    s->operations.last = r;
    return THM_OK;
}

void thm_operation_finish(struct thm_server *s, int result)
{
    struct operations *o = &s->operations;
    struct thm_admin_request *r = o->first;

    if (r->op == THM_ADMIN_ROOM_REMOVE)
        thm_moderate_close(s, r, false);
    if (o->stream != 0)
        thm_stream_release(s, o->stream);
    o->stream = 0;
    o->first = r->next;
    o->step = 0;
    o->retry = 0;
    thm_wipe(&r->verifier, sizeof r->verifier);
    if (r->done != NULL)
        r->done(r, result);
    else
        thm_moderate_done(s, r, result);
}

/* --- asking the store ------------------------------------------------------------------------ */

void thm_operation_key(struct operations *o, const char *key, size_t len)
{
    memcpy(o->key, key, len);
    o->key_len = (uint8_t)len;
    o->prefix_len = 0;
}

void thm_operation_ask(struct operations *o, enum thm_store_op ask, enum thm_server_kind kind)
{
    o->ask = ask;
    o->kind = (uint8_t)kind;
}

bool thm_operation_open(struct thm_server *s, const char *stream)
{
    struct operations *o = &s->operations;

    o->stream = thm_stream_need(s, stream, strlen(stream));
    if (o->stream == 0) {
        thm_operation_finish(s, THM_E_LIMIT);
        return false;
    }
    thm_stream_hold(s, o->stream);
    o->ask = THM_STORE_OPEN;
    return true;
}

static void fill(const struct thm_server *s, struct operations *o)
{
    struct thm_store_request *r = &o->request;

    r->op = o->ask;
    r->buf = o->buffer;
    r->cap = sizeof o->buffer;
    r->tag = TAG_OPERATION;
    if (o->stream != 0)
        r->stream = stream_at(s, o->stream)->store;
    if (o->ask == THM_STORE_OPEN)
        strcpy(r->name, stream_at(s, o->stream)->name);
    else if (o->ask != THM_STORE_EMPTY)
        r->record = (struct thm_store_record){.kind = o->kind,
                                              .key = o->key,
                                              .key_len = o->key_len,
                                              .prefix = o->prefix,
                                              .prefix_len = o->prefix_len,
                                              .value = o->record.text,
                                              .value_len = o->record.len};
}

static void submit(struct thm_server *s)
{
    struct operations *o = &s->operations;

    fill(s, o);
    if (s->config.store->ops->submit(s->config.store, &o->request) != THM_OK) {
        o->retry = s->now + STORE_RETRY_MS;
        return;
    }
    o->retry = 0;
    o->flying = true;
    if (o->ask == THM_STORE_PUT && o->kind == THM_KIND_USER_RECORD)
        s->account_epoch++;
}

bool thm_operation_writes(const struct thm_server *s, enum thm_server_kind kind, const char *key,
                          size_t len)
{
    const struct operations *o = &s->operations;

    return o->flying && o->ask == THM_STORE_PUT && o->kind == kind && o->key_len == len &&
           memcmp(o->key, key, len) == 0;
}

/* --- turns ----------------------------------------------------------------------------------- */

static void start(struct thm_server *s)
{
    families[family_of(s->operations.first->op)].start(s);
}

/* Whether who asked is a moderator still: the requests before his may have sent him away. */
static bool moderates(struct thm_server *s, const struct thm_admin_request *r)
{
    const struct job *j = r->owner;

    const struct connection *c = thm_conn_if(s, j->connection, j->serial);
    uint32_t stream = thm_stream_find(s, r->room, strlen(r->room));
    uint32_t m =
        c != NULL && c->state == CONN_ONLINE && stream != 0 ? thm_member_find(s, c, stream) : 0;
    return m != 0 && member_at(s, m)->active && member_at(s, m)->standing.moderator;
}

/* Whether what is asked for may be done, now that its turn has come. THM_OK, or why not. */
static int may_ask(struct thm_server *s, const struct thm_admin_request *r)
{
    bool of_a_session = r->done == NULL;

    if (family_of(r->op) == ABOUT_INVITATIONS)
        return thm_invites_may(s, r);
    return of_a_session && !thm_moderate_is_leave(r) && !moderates(s, r) ? THM_E_NOT_MODERATOR
                                                                         : THM_OK;
}

void thm_operations_run(struct thm_server *s)
{
    struct operations *o = &s->operations;
    int code;

    if (s->stopping && (!o->flying || s->stop_by <= s->now)) {
        o->gone |= o->flying && o->first != NULL;
        /* who left was told so: that is kept, if there is time */
        while (o->first != NULL && (s->stop_by <= s->now || !thm_moderate_is_leave(o->first)))
            thm_operation_finish(s, THM_E_SHUTDOWN);
    }
    while (o->first != NULL && !o->flying && o->step == 0 &&
           (code = may_ask(s, o->first)) != THM_OK)
        thm_operation_finish(s, code);
    if (o->first == NULL || o->flying || o->retry > s->now)
        return;
    if (o->step == 0)
        start(s);
    submit(s);
}

uint64_t thm_operations_deadline(const struct thm_server *s)
{
    const struct operations *o = &s->operations;

    return o->first == NULL || o->flying ? UINT64_MAX : o->retry;
}

void thm_operations_done(struct thm_server *s)
{
    struct operations *o = &s->operations;

    o->flying = false;
    if (o->gone) /* the request was told that the server ends */
        o->gone = false;
    else if (o->request.result != THM_OK)
        thm_operation_finish(s, o->request.result);
    else
        families[family_of(o->first->op)].answered(s);
    thm_wipe(o->buffer, sizeof o->buffer);
    if (o->first == NULL || o->step == 0 || o->ask != THM_STORE_PUT)
        thm_wipe(&o->record, sizeof o->record);
}
