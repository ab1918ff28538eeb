/* The directory: who is known here, who is online, and whose alias is whose. */
#include "server/internal.h"

#include <string.h>

/* ASCII letters in lower case: aliases that differ in nothing else are the same. */
static size_t folded(const char *text, size_t len, char out[THM_ALIAS_MAX])
{
    for (size_t i = 0; i < len; i++)
        out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];
    return len;
}

struct name {
    const struct thm_server *server;
    const char *data;
    size_t len;
};

static bool same_id(const void *ctx, uint32_t number)
{
    const struct name *name = ctx;
    const struct user *u = user_at(name->server, number);

    return strlen(u->id) == name->len && memcmp(u->id, name->data, name->len) == 0;
}

static bool same_alias(const void *ctx, uint32_t number)
{
    const struct name *name = ctx;
    const struct user *u = user_at(name->server, number);
    char fold[THM_ALIAS_MAX];
    size_t len = folded(u->alias, strlen(u->alias), fold);

    return len == name->len && memcmp(fold, name->data, len) == 0;
}

uint32_t user_find(const struct thm_server *s, const char *id, size_t len)
{
    struct name name = {s, id, len};
    uint32_t number =
        thm_index_find(&s->user_index, thm_hash(&s->hash_key, id, len), same_id, &name);
    return number == THM_INDEX_NONE ? 0 : number;
}

static uint32_t alias_find(const struct thm_server *s, const char *alias, size_t len)
{
    char fold[THM_ALIAS_MAX] = "";
    struct name name = {s, fold, folded(alias, len, fold)};
    uint32_t number =
        thm_index_find(&s->alias_index, thm_hash(&s->hash_key, fold, name.len), same_alias, &name);
    return number == THM_INDEX_NONE ? 0 : number;
}

static uint64_t alias_hash(const struct thm_server *s, const struct user *u)
{
    char fold[THM_ALIAS_MAX];
    size_t len = folded(u->alias, strlen(u->alias), fold);

    return thm_hash(&s->hash_key, fold, len);
}

/* --- users who are not online, in the order in which they left ------------------------------- */

static void idle_link(struct thm_server *s, uint32_t number)
{
    struct user *u = user_at(s, number);

    u->idle_prev = s->users_idle_last;
    u->idle_next = 0;
    if (s->users_idle_last != 0)
        user_at(s, s->users_idle_last)->idle_next = number;
    else
        s->users_idle_first = number;
    s->users_idle_last = number;
}

static void idle_unlink(struct thm_server *s, uint32_t number)
{
    struct user *u = user_at(s, number);

    if (u->idle_prev != 0)
        user_at(s, u->idle_prev)->idle_next = u->idle_next;
    else
        s->users_idle_first = u->idle_next;
    if (u->idle_next != 0)
        user_at(s, u->idle_next)->idle_prev = u->idle_prev;
    else
        s->users_idle_last = u->idle_prev;
}

static void forget(struct thm_server *s, uint32_t number)
{
    struct user *u = user_at(s, number);

    idle_unlink(s, number);
    thm_index_remove(&s->user_index, thm_hash(&s->hash_key, u->id, strlen(u->id)), number);
    thm_pool_give(&s->users, number);
}

uint32_t user_need(struct thm_server *s, const char *id)
{
    size_t len = strlen(id);
    uint32_t number = user_find(s, id, len);

    if (number != 0)
        return number;
    if (s->users.used == s->users.count && s->users_idle_first != 0)
        forget(s, s->users_idle_first);
    number = thm_pool_take(&s->users);
    if (number == 0)
        return 0;
    struct user *u = user_at(s, number);
    memcpy(u->id, id, len + 1);
    memcpy(u->alias, id, len + 1);
    thm_index_add(&s->user_index, thm_hash(&s->hash_key, id, len), number);
    idle_link(s, number);
    return number;
}

/* --- aliases -------------------------------------------------------------------------------- */

static bool has_alias(const struct user *u)
{
    return strcmp(u->alias, u->id) != 0;
}

/* Only aliases that differ from the id of their user are in the index: ids have one of their own. */
static void alias_drop(struct thm_server *s, uint32_t number)
{
    struct user *u = user_at(s, number);

    if (!has_alias(u))
        return;
    thm_index_remove(&s->alias_index, alias_hash(s, u), number);
    strcpy(u->alias, u->id);
}

/* Who logs in takes his id back from whoever calls himself that. */
static void reclaim_id(struct thm_server *s, uint32_t number)
{
    struct user *u = user_at(s, number);
    uint32_t holder = alias_find(s, u->id, strlen(u->id));

    if (holder == 0 || holder == number)
        return;
    alias_drop(s, holder);
    struct user *h = user_at(s, holder);
    struct thm_msg m;
    thm_msg_init(&m, THM_MSG_ALIAS);
    THM_SET(&m, ALIAS, h->alias);
    THM_SET(&m, REASON, "the user of that id has logged in");
    for (uint32_t n = h->sessions; n != 0; n = conn_at(s, n)->user_next)
        output_msg(s, conn_at(s, n), &m);
    presence_changed(s, holder, EVENT_ALIAS);
}

int user_set_alias(struct thm_server *s, uint32_t number, struct thm_slice alias)
{
    struct user *u = user_at(s, number);
    char fold[THM_ALIAS_MAX] = "";
    size_t len = folded(alias.data, alias.len, fold);
    uint32_t holder = alias_find(s, alias.data, alias.len);
    uint32_t owner = user_find(s, fold, len);

    if ((holder != 0 && holder != number) || (owner != 0 && owner != number))
        return THM_E_ALIAS_TAKEN;
    alias_drop(s, number);
    slice_copy(u->alias, sizeof u->alias, alias);
    if (has_alias(u))
        thm_index_add(&s->alias_index, alias_hash(s, u), number);
    return THM_OK;
}

uint32_t user_by_name(const struct thm_server *s, const char *name, size_t len)
{
    uint32_t number = user_find(s, name, len);

    return number != 0 || len > THM_ALIAS_MAX ? number : alias_find(s, name, len);
}

/* --- sessions ------------------------------------------------------------------------------- */

void user_add_session(struct thm_server *s, uint32_t number, struct connection *c)
{
    struct user *u = user_at(s, number);

    if (u->sessions == 0) {
        idle_unlink(s, number);
        reclaim_id(s, number);
    }
    c->user = number;
    c->user_prev = 0;
    c->user_next = u->sessions;
    if (u->sessions != 0)
        conn_at(s, u->sessions)->user_prev = conn_number(s, c);
    u->sessions = conn_number(s, c);
}

void user_remove_session(struct thm_server *s, struct connection *c)
{
    struct user *u = user_at(s, c->user);

    if (c->user_prev != 0)
        conn_at(s, c->user_prev)->user_next = c->user_next;
    else
        u->sessions = c->user_next;
    if (c->user_next != 0)
        conn_at(s, c->user_next)->user_prev = c->user_prev;
    if (u->sessions == 0) {
        alias_drop(s, c->user);
        u->away[0] = '\0';
        idle_link(s, c->user);
    }
}

struct connection *user_session(const struct thm_server *s, uint32_t number, const char *device,
                                size_t len)
{
    for (uint32_t n = user_at(s, number)->sessions; n != 0; n = conn_at(s, n)->user_next) {
        struct connection *c = conn_at(s, n);
        if (strlen(c->tls.peer.device) == len && memcmp(c->tls.peer.device, device, len) == 0)
            return c;
    }
    return NULL;
}
