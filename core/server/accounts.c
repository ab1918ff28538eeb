/*
 * What an operator asks of accounts. Logins read beside that; those that began with an account as it was before are ended when
 * it has changed.
 */
#include "server/internal.h"

#include <string.h>

#include "tls/wipe.h"

enum {
    STEP_NONE,
    STEP_LIST,
    STEP_GET,
    STEP_OPEN,          /* USER_REMOVE: his inbox */
    STEP_EMPTY,         /* is emptied, */
    STEP_FIND_STANDING, /* his standing in each room is looked for, */
    STEP_PUT_STANDING,  /* and erased; */
    STEP_FIND_INVITE,   /* invitations that would let somebody in by his name are looked for, */
    STEP_PUT_INVITE,    /* and taken back */
    STEP_PUT
};

static const char changed_words[] = "the account was changed: log in again";

void thm_accounts_start(struct thm_server *s)
{
    struct operations *o = &s->operations;
    bool list = o->first->op == THM_ADMIN_USER_LIST;

    o->step = list ? STEP_LIST : STEP_GET;
    thm_operation_key(o, o->first->user, list ? 0 : strlen(o->first->user));
    thm_operation_ask(o, list ? THM_STORE_LIST : THM_STORE_GET, THM_KIND_USER_RECORD);
}

/* --- what an account becomes ----------------------------------------------------------------- */

static bool is_empty(const struct thm_scram_verifier *v)
{
    return v->iterations == 0 && v->salt_len == 0;
}

static void set(const struct thm_admin_request *r, struct account *a)
{
    if ((r->set & THM_ADMIN_AUTH) != 0)
        a->auth = r->auth;
    if ((r->set & THM_ADMIN_SUSPENDED) != 0)
        a->suspended = r->suspended;
    if ((r->set & THM_ADMIN_VERIFIER) != 0) {
        a->has_passcode = !is_empty(&r->verifier);
        a->verifier = r->verifier;
    }
}

static bool suspends(const struct thm_admin_request *r)
{
    return (r->set & THM_ADMIN_SUSPENDED) != 0 && r->suspended;
}

/* The record as it is to be written. THM_OK, or why that can't be. */
static int change(struct thm_server *s, struct thm_admin_request *r, bool exists,
                  struct thm_fields *record)
{
    struct account a;
    bool written;

    if (exists && r->op == THM_ADMIN_USER_ADD)
        return THM_E_EXISTS;
    r->made = !exists && r->op == THM_ADMIN_USER_SET && suspends(r);
    if (!exists && r->op != THM_ADMIN_USER_ADD && !r->made)
        return THM_E_NO_USER;
    if (r->op == THM_ADMIN_USER_REMOVE) {
        record->len = 0;
        return THM_OK;
    }
    if (!thm_account_read(&a, record))
        return THM_E_STORE; /* it is damaged: it can be removed and added anew */
    if (!exists)
        a.since_ms = s->utc_ms;
    set(r, &a);
    written = thm_account_write(&a, record);
    thm_wipe(&a, sizeof a);
    return written ? THM_OK : THM_E_LIMIT;
}

/* --- what follows from it -------------------------------------------------------------------- */

static void log_change(struct thm_server *s, const struct thm_admin_request *r)
{
    const char *what = r->op == THM_ADMIN_USER_ADD ? "added" : "changed";

    if (r->op == THM_ADMIN_USER_REMOVE)
        what = "removed";
    else if (r->op == THM_ADMIN_USER_SET && (r->set & THM_ADMIN_SUSPENDED) != 0)
        what = r->suspended ? "suspended" : "resumed";
    if (s->config.log != NULL)
        s->config.log(s->config.log_ctx, &(struct thm_log_record){.level = THM_LOG_WARNING,
                                                                  .event = "account",
                                                                  .user = r->user,
                                                                  .detail = what});
}

/* The store answers in order, so every login that is being proven now began with the account as it was. */
static void end_connections(struct thm_server *s, const struct thm_admin_request *r)
{
    bool removed = r->op == THM_ADMIN_USER_REMOVE;
    bool suspended = suspends(r);
    int code = removed ? THM_E_KICKED : THM_E_SUSPENDED;

    for (uint32_t n = 1; n <= s->connections.fresh; n++) {
        struct connection *c = conn_at(s, n);
        if (!conn_talks(c) || strcmp(c->tls.peer.user, r->user) != 0)
            continue;
        if (c->state != CONN_LOGIN && (removed || suspended))
            thm_conn_goodbye(s, c, code, thm_error_text(code), 0);
        else if (c->login != 0)
            thm_conn_goodbye(s, c, THM_E_STATE, changed_words, 1);
    }
}

static void changed(struct thm_server *s, const struct thm_admin_request *r)
{
    bool resumed = (r->set & THM_ADMIN_SUSPENDED) != 0 && !r->suspended;

    log_change(s, r);
    if (r->op != THM_ADMIN_USER_REMOVE && ((r->set & THM_ADMIN_VERIFIER) != 0 || resumed))
        thm_attempts_clear(&s->attempts, r->user);
    end_connections(s, r);
}

/* --- the store's answers --------------------------------------------------------------------- */

static void tell_row(struct thm_admin_request *r, const struct thm_record *record)
{
    struct thm_fields fields = {.len = (uint16_t)record->value_len};
    struct thm_account row;
    struct account a;

    if (record->key_len > THM_ID_MAX || record->value_len > sizeof fields.text)
        return;
    memcpy(fields.text, record->value, record->value_len);
    memset(&row, 0, sizeof row);
    memcpy(row.user, record->key, record->key_len);
    row.damaged = !thm_account_read(&a, &fields);
    row.auth = a.auth;
    row.suspended = a.suspended;
    row.has_passcode = a.has_passcode;
    row.since_ms = a.since_ms;
    row.seen_ms = a.seen_ms;
    thm_wipe(&a, sizeof a);
    thm_wipe(&fields, sizeof fields);
    r->row(r, &row);
}

static void listed(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_record record;
    bool any = false;

    for (size_t at = 0; thm_record_next(&o->request, &at, &record); any = true) {
        tell_row(o->first, &record);
        memcpy(o->key, record.key, record.key_len);
        o->key_len = (uint8_t)record.key_len;
    }
    if (!any)
        thm_operation_finish(s, THM_OK);
}

static void put(struct operations *o)
{
    o->step = STEP_PUT;
    thm_operation_ask(o, THM_STORE_PUT, THM_KIND_USER_RECORD);
}

/* What was whispered to him goes first: who gets a certificate of that name later is somebody else. */
static void open_inbox(struct thm_server *s)
{
    char inbox[THM_ROOM_MAX + 1] = "@";

    end_connections(s, s->operations.first); /* and nobody of that name gets in before it is done */
    strcpy(inbox + 1, s->operations.first->user);
    if (thm_operation_open(s, inbox))
        s->operations.step = STEP_OPEN;
}

static void got(struct thm_server *s)
{
    struct operations *o = &s->operations;

    o->record.len = (uint16_t)o->request.len;
    memcpy(o->record.text, o->buffer, o->record.len);
    int code = change(s, o->first, o->record.len > 0, &o->record);
    if (code != THM_OK)
        thm_operation_finish(s, code);
    else if (o->first->op == THM_ADMIN_USER_REMOVE)
        open_inbox(s);
    else
        put(o);
}

/* Goes through the standings in all rooms, from the last one that was seen on. */
static void find_standing(struct operations *o)
{
    o->step = STEP_FIND_STANDING;
    thm_operation_ask(o, THM_STORE_LIST, THM_KIND_STANDING_RECORD);
}

static void find_invite(struct operations *o)
{
    o->step = STEP_FIND_INVITE;
    thm_operation_ask(o, THM_STORE_LIST, THM_KIND_INVITE_RECORD);
}

/* Nothing of the inbox can be read any more, by those of his devices that are still here neither. */
static void emptied(struct thm_server *s)
{
    struct operations *o = &s->operations;

    thm_stream_emptied(s, o->stream);
    thm_operation_key(o, "", 0);
    find_standing(o);
}

static bool is_his(const struct thm_record *record, const char *user)
{
    const char *space = memchr(record->key, ' ', record->key_len);
    size_t len = strlen(user);

    return space != NULL &&
           (size_t)((const char *)record->key + record->key_len - space) == len + 1 &&
           memcmp(space + 1, user, len) == 0;
}

/* What he was in a room goes with him; but a ban stays, whoever has the name. */
static void erase_standing(struct operations *o, const struct thm_record *record)
{
    struct thm_standing standing = {.banned = false}, left = {.banned = false};

    o->record.len = (uint16_t)record->value_len;
    memcpy(o->record.text, record->value, record->value_len);
    left.banned = thm_standing_read(&standing, &o->record) && standing.banned;
    o->record.len = 0;
    if (left.banned)
        thm_standing_write(&left, &o->record);
    o->step = STEP_PUT_STANDING;
    thm_operation_ask(o, THM_STORE_PUT, THM_KIND_STANDING_RECORD);
}

static void found_standings(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_record record;
    size_t at = 0;
    bool any = false;

    while (thm_record_next(&o->request, &at, &record)) {
        any = true;
        thm_operation_key(o, (const char *)record.key, record.key_len);
        if (!is_his(&record, o->first->user))
            continue;
        erase_standing(o, &record);
        return;
    }
    if (any) {
        find_standing(o);
    } else {
        thm_operation_key(o, "", 0);
        find_invite(o);
    }
}

/* The next page of invitations, from the last one that was seen on. */
static void found_invites(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_record record;
    size_t at = 0;
    bool any = false;

    while (thm_record_next(&o->request, &at, &record)) {
        any = true;
        thm_operation_key(o, (const char *)record.key, record.key_len);
        if (!thm_invite_take_back(s, &record, o->first->user, &o->record))
            continue;
        o->step = STEP_PUT_INVITE;
        thm_operation_ask(o, THM_STORE_PUT, THM_KIND_INVITE_RECORD);
        return;
    }
    if (any) {
        find_invite(o);
        return;
    }
    o->record.len = 0;
    thm_operation_key(o, o->first->user, strlen(o->first->user));
    put(o);
}

void thm_accounts_answered(struct thm_server *s)
{
    struct operations *o = &s->operations;

    switch (o->step) {
    case STEP_LIST: listed(s); break;
    case STEP_GET: got(s); break;
    case STEP_OPEN:
        thm_stream_opened(s, o->stream, &o->request);
        o->step = STEP_EMPTY;
        o->ask = THM_STORE_EMPTY;
        break;
    case STEP_EMPTY: emptied(s); break;
    case STEP_FIND_STANDING: found_standings(s); break;
    case STEP_PUT_STANDING: find_standing(o); break;
    case STEP_FIND_INVITE: found_invites(s); break;
    case STEP_PUT_INVITE: find_invite(o); break;
    default:
        changed(s, o->first);
        thm_operation_finish(s, THM_OK);
        break;
    }
}

bool thm_accounts_removing(const struct thm_server *s, const char *user)
{
    const struct operations *o = &s->operations;

    return o->first != NULL && o->step != STEP_NONE && o->first->op == THM_ADMIN_USER_REMOVE &&
           strcmp(o->first->user, user) == 0;
}
