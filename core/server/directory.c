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

uint32_t thm_user_find(const struct thm_server *s, const char *id, size_t len)
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

static struct thm_links idle(const struct thm_server *s)
{
    return THM_LINKS(&s->users, struct user, idle_link);
}

static void forget(struct thm_server *s, uint32_t number)
{
    struct user *u = user_at(s, number);

    thm_list_remove(&s->users_idle, idle(s), number);
    thm_index_remove(&s->user_index, thm_hash(&s->hash_key, u->id, strlen(u->id)), number);
    u->life = 0;
    thm_pool_give(&s->users, number);
}

uint32_t thm_user_need(struct thm_server *s, const char *id)
{
    size_t len = strlen(id);
    uint32_t number = thm_user_find(s, id, len);

    if (number != 0)
        return number;
    if (s->users.used == s->users.count && s->users_idle.first != 0)
        forget(s, s->users_idle.first);
    number = thm_pool_take(&s->users);
    if (number == 0)
        return 0;
    struct user *u = user_at(s, number);
    memcpy(u->id, id, len + 1);
    memcpy(u->alias, id, len + 1);
    u->life = ++s->user_lives;
    thm_index_add(&s->user_index, thm_hash(&s->hash_key, id, len), number);
    thm_list_append(&s->users_idle, idle(s), number);
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

/* Has the sessions of a user but one told of the alias, and all rooms that he is in. */
static void renamed(struct thm_server *s, uint32_t number, const struct connection *except,
                    enum rename why)
{
    for (uint32_t n = user_at(s, number)->sessions.first; n != 0; n = next_session(s, n)) {
        struct connection *c = conn_at(s, n);
        if (c == except)
            continue;
        c->renamed = (uint8_t)why;
        thm_conn_look(s, c, LOOK_WRITE);
    }
    thm_presence_changed(s, number, EVENT_ALIAS);
}

bool thm_user_tell_alias(struct thm_server *s, struct connection *c)
{
    struct thm_msg m;

    if (c->renamed == RENAME_NONE)
        return true;
    thm_msg_init(&m, THM_MSG_ALIAS);
    THM_SET(&m, ALIAS, user_at(s, c->user)->alias);
    if (c->renamed == RENAME_RECLAIMED)
        THM_SET(&m, REASON, "the user of that id has logged in");
    if (!thm_output_news(s, c, &m))
        return false;
    c->renamed = RENAME_NONE;
    return true;
}

/* Who logs in takes his id back from whoever calls himself that. */
static void reclaim_id(struct thm_server *s, uint32_t number)
{
    struct user *u = user_at(s, number);
    uint32_t holder = alias_find(s, u->id, strlen(u->id));

    if (holder == 0 || holder == number)
        return;
    alias_drop(s, holder);
    renamed(s, holder, NULL, RENAME_RECLAIMED);
}

/* Whether nobody else has the alias, or that id. */
static bool alias_free(const struct thm_server *s, uint32_t number, struct thm_slice alias)
{
    char fold[THM_ALIAS_MAX] = "";
    size_t len = folded(alias.data, alias.len, fold);
    uint32_t holder = alias_find(s, alias.data, alias.len);
    uint32_t owner = thm_user_find(s, fold, len);

    return (holder == 0 || holder == number) && (owner == 0 || owner == number);
}

bool thm_user_may_be(const struct thm_server *s, const struct connection *c, struct thm_slice alias,
                     char id[THM_ID_MAX + 1])
{
    char fold[THM_ALIAS_MAX] = "";
    size_t len = folded(alias.data, alias.len, fold);

    if (!s->config.store->records || thm_key_check(THM_KEY_USERID, fold, len) != THM_OK ||
        thm_user_find(s, fold, len) != 0)
        return false;
    memcpy(id, fold, len);
    id[len] = '\0';
    return strcmp(id, c->tls.peer.user) != 0;
}

int thm_user_set_alias(struct thm_server *s, struct connection *c, struct thm_slice alias)
{
    struct user *u = user_at(s, c->user);

    if (!alias_free(s, c->user, alias))
        return THM_E_ALIAS_TAKEN;
    if (strlen(u->alias) == alias.len && memcmp(u->alias, alias.data, alias.len) == 0)
        return THM_OK;
    alias_drop(s, c->user);
    thm_slice_copy(u->alias, sizeof u->alias, alias);
    if (has_alias(u))
        thm_index_add(&s->alias_index, alias_hash(s, u), c->user);
    renamed(s, c->user, c, RENAME_ELSEWHERE);
    return THM_OK;
}

uint32_t thm_user_by_name(const struct thm_server *s, const char *name, size_t len)
{
    char fold[THM_ALIAS_MAX] = "";

    if (len > THM_ALIAS_MAX)
        return 0;
    uint32_t number = thm_user_find(s, fold, folded(name, len, fold));
    return number != 0 ? number : alias_find(s, name, len);
}

/* --- sessions ------------------------------------------------------------------------------- */

static struct thm_links of_user(const struct thm_server *s)
{
    return THM_LINKS(&s->connections, struct connection, user_link);
}

void thm_user_add_session(struct thm_server *s, uint32_t number, struct connection *c)
{
    struct user *u = user_at(s, number);

    if (u->sessions.first == 0) {
        thm_list_remove(&s->users_idle, idle(s), number);
        reclaim_id(s, number);
    }
    c->user = number;
    thm_list_append(&u->sessions, of_user(s), conn_number(s, c));
}

void thm_user_remove_session(struct thm_server *s, struct connection *c)
{
    struct user *u = user_at(s, c->user);

    thm_list_remove(&u->sessions, of_user(s), conn_number(s, c));
    if (u->sessions.first != 0)
        return;
    alias_drop(s, c->user);
    u->away[0] = '\0';
    thm_list_append(&s->users_idle, idle(s), c->user);
}

struct connection *thm_user_session(const struct thm_server *s, uint32_t number, const char *device,
                                    size_t len)
{
    for (uint32_t n = user_at(s, number)->sessions.first; n != 0; n = next_session(s, n)) {
        struct connection *c = conn_at(s, n);
        if (strlen(c->tls.peer.device) == len && memcmp(c->tls.peer.device, device, len) == 0)
            return c;
    }
    return NULL;
}
