/*
 * Invitations as the operator makes, lists and takes them back; and the table of those that are kept, which is read from the
 * store at the start and swept now and then.
 */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"

/* Between two sweeps; and after one that failed. */
#define SWEEP_MS 3600000u
#define RETRY_MS 1000u

enum {
    STEP_NONE,
    STEP_LIST,
    STEP_GET,   /* REVOKE: the record */
    STEP_PUT,   /* ADD, REVOKE */
    STEP_SWEEP, /* the next page of those that are kept, then of the keys of devices */
    STEP_ERASE  /* one of them is too old */
};

/* --- the table ------------------------------------------------------------------------------- */

struct wanted {
    const struct thm_server *server;
    const uint8_t *id;
};

static bool same_id(const void *ctx, uint32_t number)
{
    const struct wanted *wanted = ctx;

    return memcmp(invite_at(wanted->server, number)->id, wanted->id, THM_INVITE_ID) == 0;
}

static uint64_t hash(const struct thm_server *s, const uint8_t *id)
{
    return thm_hash(&s->hash_key, id, THM_INVITE_ID);
}

uint32_t thm_invite_find(const struct thm_server *s, const uint8_t *id)
{
    struct wanted wanted = {s, id};
    uint32_t number = thm_index_find(&s->invite_index, hash(s, id), same_id, &wanted);

    return number == THM_INDEX_NONE ? 0 : number;
}

bool thm_invite_admits(void *ctx, const uint8_t key_hash[THM_KEY_HASH])
{
    const struct thm_server *s = ctx;

    /* At the start nobody is told that his invitation is not known before that is known. */
    return !s->invites_known || thm_invite_find(s, key_hash) != 0;
}

/* What the record says is in the table, if there is a place: the operator makes no more than fit. */
static void remember(struct thm_server *s, const uint8_t *id, const struct invite_record *record)
{
    uint32_t number = thm_invite_find(s, id);

    if (number == 0) {
        number = thm_pool_take(&s->invites);
        if (number == 0)
            return;
        memcpy(invite_at(s, number)->id, id, THM_INVITE_ID);
        thm_index_add(&s->invite_index, hash(s, id), number);
    }
    invite_at(s, number)->used = record->used;
    invite_at(s, number)->revoked = record->revoked;
}

static void forget(struct thm_server *s, const uint8_t *id)
{
    uint32_t number = thm_invite_find(s, id);

    if (number == 0 || invite_at(s, number)->signing != 0)
        return;
    thm_index_remove(&s->invite_index, hash(s, id), number);
    thm_pool_give(&s->invites, number);
}

/* --- sweeping -------------------------------------------------------------------------------- */

static void swept(struct thm_admin_request *request, int result)
{
    struct thm_server *s = request->owner;

    s->invites_sweeping = false;
    s->invites_due = s->now + (result == THM_OK ? SWEEP_MS : RETRY_MS);
}

void thm_invites_run(struct thm_server *s)
{
    if (!thm_invites_kept(s) || s->invites_sweeping || s->stopping || s->now < s->invites_due)
        return;
    s->invites_sweep =
        (struct thm_admin_request){.op = THM_ADMIN_INVITE_SWEEP, .done = swept, .owner = s};
    s->invites_sweeping = thm_operation_add(s, &s->invites_sweep) == THM_OK;
}

uint64_t thm_invites_deadline(const struct thm_server *s)
{
    return thm_invites_kept(s) && !s->invites_sweeping && !s->stopping ? s->invites_due
                                                                       : UINT64_MAX;
}

static void sweep(struct operations *o, enum thm_server_kind kind)
{
    o->step = STEP_SWEEP;
    thm_operation_ask(o, THM_STORE_LIST, kind);
}

/* True: it is too old. One that can't be read is nobody's any more, and is not admitted; `list` shows it. */
static bool take_record(struct thm_server *s, const struct thm_record *record)
{
    struct thm_fields fields = {.len = (uint16_t)record->value_len};
    uint8_t id[THM_INVITE_ID];
    struct invite_record invite;

    memcpy(fields.text, record->value, record->value_len);
    if (!thm_invite_id(record->key, record->key_len, id) || !thm_invite_read(&invite, &fields))
        return false;
    if (s->utc_ms > invite.expires_ms + THM_INVITE_KEEP_MS) {
        forget(s, id);
        return true;
    }
    remember(s, id, &invite);
    return false;
}

/* All of a kind were seen. */
static void found_all(struct thm_server *s, enum thm_server_kind kind)
{
    if (kind == THM_KIND_KEY_RECORD) {
        thm_operation_finish(s, THM_OK);
        return;
    }
    s->invites_known = true;
    thm_operation_key(&s->operations, "", 0);
    sweep(&s->operations, THM_KIND_KEY_RECORD);
}

static void found(struct thm_server *s)
{
    struct operations *o = &s->operations;
    enum thm_server_kind kind = (enum thm_server_kind)o->kind;
    struct thm_record record;
    size_t at = 0;
    bool any = false, old = false;

    while (!old && thm_record_next(&o->request, &at, &record)) {
        any = true;
        thm_operation_key(o, (const char *)record.key, record.key_len);
        old = kind == THM_KIND_KEY_RECORD ? thm_key_ended(&record, s->utc_ms)
                                          : take_record(s, &record);
    }
    if (!any) {
        found_all(s, kind);
    } else if (old) {
        o->record.len = 0;
        o->step = STEP_ERASE;
        thm_operation_ask(o, THM_STORE_PUT, kind);
    } else {
        sweep(o, kind);
    }
}

/* --- what the operator asks ------------------------------------------------------------------- */

static void list(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_record record;
    bool any = false;

    for (size_t at = 0; thm_record_next(&o->request, &at, &record); any = true) {
        struct thm_fields fields = {.len = (uint16_t)record.value_len};
        struct thm_invite row = {.since_ms = 0};
        struct invite_record invite;
        memcpy(fields.text, record.value, record.value_len);
        row.damaged = !thm_invite_id(record.key, record.key_len, row.id) ||
                      !thm_invite_read(&invite, &fields);
        if (!row.damaged) {
            strcpy(row.user, invite.user);
            strcpy(row.device, invite.device);
            row.since_ms = invite.since_ms;
            row.expires_ms = invite.expires_ms;
            row.used = invite.used;
            row.revoked = invite.revoked;
        }
        o->first->invite_row(o->first, &row);
        thm_operation_key(o, (const char *)record.key, record.key_len);
    }
    if (!any)
        thm_operation_finish(s, THM_OK);
}

static void put(struct operations *o, const struct invite_record *invite)
{
    thm_invite_write(invite, &o->record); /* it fits, see invite.c */
    o->step = STEP_PUT;
    thm_operation_ask(o, THM_STORE_PUT, THM_KIND_INVITE_RECORD);
}

/* Whether a new one may be made. THM_OK, or why not. */
static int may_add(const struct thm_server *s, const struct thm_invite *invite)
{
    if (thm_invite_find(s, invite->id) != 0)
        return THM_E_EXISTS;
    return s->invites.used < s->invites.count ? THM_OK : THM_E_LIMIT;
}

static void add(struct thm_server *s, const struct thm_invite *invite)
{
    struct invite_record record = {.since_ms = s->utc_ms, .expires_ms = invite->expires_ms};

    strcpy(record.user, s->operations.first->user);
    strcpy(record.device, s->operations.first->device);
    put(&s->operations, &record);
}

/* Whether one may be taken back. THM_OK, or why not. */
static int may_revoke(const struct thm_server *s, const struct thm_invite *invite)
{
    uint32_t number = thm_invite_find(s, invite->id);

    if (number == 0)
        return THM_E_INVITATION;
    return invite_at(s, number)->used || invite_at(s, number)->signing != 0 ? THM_E_INVITATION_USED
                                                                            : THM_OK;
}

static void revoke(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_fields fields = {.len = (uint16_t)o->request.len};
    struct invite_record record;
    int code = may_revoke(s, &o->first->invite);

    memcpy(fields.text, o->buffer, fields.len);
    if (code == THM_OK && (fields.len == 0 || !thm_invite_read(&record, &fields)))
        code = THM_E_INVITATION;
    if (code != THM_OK) {
        thm_operation_finish(s, code);
        return;
    }
    invite_at(s, thm_invite_find(s, o->first->invite.id))->revoked = true;
    record.revoked = true;
    put(o, &record);
}

bool thm_invite_take_back(struct thm_server *s, const struct thm_record *record, const char *user,
                          struct thm_fields *fields)
{
    struct thm_fields old = {.len = (uint16_t)record->value_len};
    uint8_t id[THM_INVITE_ID];
    struct invite_record invite;
    uint32_t number;

    memcpy(old.text, record->value, record->value_len);
    if (!thm_invite_id(record->key, record->key_len, id) || !thm_invite_read(&invite, &old) ||
        strcmp(invite.user, user) != 0 || invite.used || invite.revoked)
        return false;
    number = thm_invite_find(s, id);
    if (number != 0)
        invite_at(s, number)->revoked = true;
    invite.revoked = true;
    thm_invite_write(&invite, fields);
    return true;
}

/* --- as operations.c asks ---------------------------------------------------------------------- */

bool thm_invites_kept(const struct thm_server *s)
{
    return s->config.sign != NULL && s->config.store->records;
}

void thm_invites_start(struct thm_server *s)
{
    struct operations *o = &s->operations;
    const struct thm_admin_request *r = o->first;
    char key[THM_INVITE_KEY];

    thm_invite_key(r->invite.id, key);
    thm_operation_key(o, key, sizeof key);
    if (r->op == THM_ADMIN_INVITE_ADD) {
        add(s, &r->invite);
    } else if (r->op == THM_ADMIN_INVITE_REVOKE) {
        o->step = STEP_GET;
        thm_operation_ask(o, THM_STORE_GET, THM_KIND_INVITE_RECORD);
    } else {
        thm_operation_key(o, "", 0);
        sweep(o, THM_KIND_INVITE_RECORD);
        if (r->op == THM_ADMIN_INVITE_LIST)
            o->step = STEP_LIST;
    }
}

int thm_invites_may(const struct thm_server *s, const struct thm_admin_request *r)
{
    if (r->op == THM_ADMIN_INVITE_ADD)
        return may_add(s, &r->invite);
    return r->op == THM_ADMIN_INVITE_REVOKE ? may_revoke(s, &r->invite) : THM_OK;
}

static void done(struct thm_server *s)
{
    struct thm_admin_request *r = s->operations.first;
    struct invite_record record = {.revoked = r->op == THM_ADMIN_INVITE_REVOKE};

    remember(s, r->invite.id, &record);
    thm_operation_finish(s, THM_OK);
}

void thm_invites_answered(struct thm_server *s)
{
    switch (s->operations.step) {
    case STEP_LIST: list(s); break;
    case STEP_GET: revoke(s); break;
    case STEP_SWEEP: found(s); break;
    case STEP_ERASE: sweep(&s->operations, (enum thm_server_kind)s->operations.kind); break;
    default: done(s); break;
    }
}
