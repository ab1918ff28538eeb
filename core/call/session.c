/*
 * Sessions: how they come about, how they go on when a path breaks or a better one is found, and how they end.
 */
#include "call/internal.h"

#if THM_CALLS > 0

static const struct thm_slice nothing = {"", 0};

static bool stands(const struct thm_call *c)
{
    return c->state == THM_CALL_TALKING || c->state == THM_CALL_MENDING;
}

void thm_session_tell(struct thm_calls *k, const struct thm_call *c, struct thm_call_event *event)
{
    if (c != NULL) {
        event->call = thm_call_place(k, c) - 1u;
        event->state = c->state;
        event->incoming = c->incoming;
        event->relayed = c->relayed;
        if (event->peer == NULL && c->known)
            event->peer = &c->peer;
    }
    k->config.on_event(k->config.ctx, event);
}

struct thm_call *thm_session_free(struct thm_calls *k)
{
    for (unsigned i = 0; i < THM_CALLS; i++)
        if (k->calls[i].state == THM_CALL_FREE)
            return &k->calls[i];
    return NULL;
}

static void set_free(struct thm_call *c)
{
    memset(c, 0, sizeof *c); /* with all that was said */
}

/* --- who calls whom ----------------------------------------------------------------------------- */

static bool is_target(const char *target, const struct thm_identity *who)
{
    size_t len = strlen(who->user);

    if (strncmp(target, who->user, len) != 0)
        return false;
    return target[len] == '\0' ||
           (target[len] == '@' && strcmp(target + len + 1, who->device) == 0);
}

struct thm_call *thm_session_crossing(struct thm_calls *k, const struct thm_identity *peer)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        struct thm_call *c = &k->calls[i];
        if (c->state == THM_CALL_CALLING && is_target(c->target, peer) &&
            (!c->known || strcmp(c->peer.device, peer->device) == 0))
            return c;
    }
    return NULL;
}

bool thm_session_outranks(const struct thm_calls *k, const struct thm_identity *peer)
{
    const struct thm_identity *own = thm_credentials_identity(k->config.credentials);

    return memcmp(own->key_hash, peer->key_hash, THM_KEY_HASH) < 0;
}

/* --- answering ----------------------------------------------------------------------------------- */

static void accept(struct thm_calls *k, struct thm_call *c)
{
    struct thm_path *p = thm_path_at(k, c->attempt);

    p->accepts = p->reply_due = true;
    thm_path_turn(k, p, THM_PATH_ACCEPTED, THM_OK);
}

static void take_caller(struct thm_calls *k, struct thm_call *c, struct thm_path *p)
{
    c->incoming = c->known = true;
    c->peer = p->tls.peer;
    c->relayed = p->relayed;
    c->attempt = thm_path_place(k, p);
    p->call = thm_call_place(k, c);
    strcpy(c->id, p->ticket);
    thm_directory_name(&c->peer, c->target);
}

/* Who calls anew has lost the session that was, or has given up that call. */
static void forget_former(struct thm_calls *k, const struct thm_identity *peer)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        struct thm_call *c = &k->calls[i];
        if ((stands(c) || c->state == THM_CALL_RINGING) &&
            thm_same_key(c->peer.key_hash, peer->key_hash))
            thm_session_over(k, c, stands(c) ? THM_E_NO_CALL : THM_E_CLOSED, false, nothing);
    }
}

void thm_session_verified(struct thm_calls *k, struct thm_path *p)
{
    struct thm_call *c = thm_session_crossing(k, &p->tls.peer);
    struct thm_call_event e = {.kind = THM_CALL_RINGS, .elsewhere = p->elsewhere};
    bool wanted = c != NULL;

    if (wanted && !c->crossed && thm_session_outranks(k, &p->tls.peer)) {
        thm_path_refuse(k, p, THM_E_CROSSING);
        return;
    }
    if (wanted && c->attempt != 0) {
        struct thm_path *own = thm_path_at(k, c->attempt);
        c->attempt = own->call = 0;
        thm_path_stop(k, own, true);
    }
    forget_former(k, &p->tls.peer);
    if (!wanted)
        c = thm_session_free(k);
    if (c == NULL) {
        thm_path_refuse(k, p, THM_E_BUSY);
        return;
    }
    take_caller(k, c, p);
    c->state = THM_CALL_RINGING;
    if (wanted || k->auto_answer)
        accept(k, c);
    else
        thm_session_tell(k, c, &e);
}

void thm_session_unanswered(struct thm_calls *k, struct thm_path *p)
{
    thm_session_over(k, thm_call_of(k, p->call), THM_E_NO_ANSWER, true, nothing);
}

int thm_call_answer(struct thm_calls *k, unsigned call)
{
    if (call >= THM_CALLS || k->calls[call].state != THM_CALL_RINGING)
        return THM_E_STATE;
    accept(k, &k->calls[call]);
    return THM_OK;
}

/* --- talking -------------------------------------------------------------------------------------- */

void thm_session_carried(struct thm_calls *k, struct thm_path *p)
{
    struct thm_call *c = thm_call_of(k, p->call);
    struct thm_path *former = thm_path_at(k, c->path);
    struct thm_call_event e = {.kind = stands(c) ? THM_CALL_MOVED : THM_CALL_STANDS,
                               .elsewhere = p->elsewhere};

    c->path = thm_path_place(k, p);
    c->attempt = 0;
    c->state = THM_CALL_TALKING;
    c->relayed = p->relayed;
    c->retry_at = k->now + THM_CALL_RETRY_MS;
    c->sent = c->acked;
    thm_lines_rewind(&c->lines);
    p->ack_due = c->taken > 0;
    if (former != NULL) {
        former->call = 0;
        thm_path_stop(k, former, false);
    }
    thm_session_tell(k, c, &e);
}

bool thm_session_has(struct thm_calls *k, struct thm_path *p, uint64_t n)
{
    struct thm_call *c = thm_call_of(k, p->call);

    if (n > c->said)
        return false;
    while (c->acked < n) {
        thm_lines_drop(&c->lines);
        c->acked++;
    }
    if (c->sent < c->acked)
        c->sent = c->acked;
    return true;
}

int thm_call_say(struct thm_calls *k, unsigned call, const char *text, size_t len)
{
    size_t at, n, cost = 0;

    if (call >= THM_CALLS || !stands(&k->calls[call]))
        return THM_E_STATE;
    struct thm_call *c = &k->calls[call];
    int code = thm_kind_check(THM_KIND_TEXT, text, len, 0, THM_UINT_MAX);
    if (code != THM_OK && code != THM_E_TEXT_LONG)
        return code;
    for (at = 0; at == 0 || at < len; at += n) {
        n = thm_text_fit(text + at, len - at);
        cost += thm_lines_cost(n);
        if (n == 0)
            break;
    }
    if (cost > sizeof c->lines.bytes)
        return THM_E_PARTS;
    if (cost > thm_lines_room(&c->lines))
        return THM_E_LIMIT;
    for (at = 0; at == 0 || at < len; at += n) {
        n = thm_text_fit(text + at, len - at);
        thm_lines_push(&c->lines, text + at, n);
        c->said++;
        if (n == 0)
            break;
    }
    if (c->path != 0)
        thm_path_at(k, c->path)->pending = true;
    return THM_OK;
}

/* --- the end ------------------------------------------------------------------------------------ */

/* What becomes of the paths. True: last words are on their way, for which the session is still needed. */
static bool part(struct thm_calls *k, struct thm_call *c, int code, bool ours)
{
    struct thm_path *path = thm_path_at(k, c->path), *attempt = thm_path_at(k, c->attempt);

    if (attempt != NULL) {
        attempt->call = c->attempt = 0;
        if (attempt->state == THM_PATH_RINGING && ours)
            thm_path_refuse(k, attempt, code);
        else
            thm_path_stop(k, attempt, true);
    }
    if (path == NULL)
        return false;
    if (ours) {
        thm_path_stop(k, path, true);
        return c->path != 0;
    }
    path->call = c->path = 0;
    thm_path_stop(k, path, false);
    return false;
}

void thm_session_over(struct thm_calls *k, struct thm_call *c, int code, bool ours,
                      struct thm_slice reason)
{
    struct thm_identity peer = c->peer;
    struct thm_call_event e = {.kind = THM_CALL_OVER,
                               .code = code,
                               .ours = ours,
                               .reason = reason,
                               .peer = c->known ? &peer : NULL,
                               .unsaid = (uint32_t)(c->said - c->acked)};
    bool rang = c->state == THM_CALL_RINGING;

    c->state = THM_CALL_ENDING;
    bool lingers = part(k, c, code, ours);
    if (lingers)
        e.unsaid = 0;
    if (rang && code == THM_E_DECLINED)
        e.code = THM_OK;
    bool incoming = c->incoming, relayed = c->relayed;
    e.call = thm_call_place(k, c) - 1u;
    if (!lingers)
        set_free(c);
    e.state = c->state;
    e.incoming = incoming;
    e.relayed = relayed;
    k->config.on_event(k->config.ctx, &e);
}

int thm_call_hang_up(struct thm_calls *k, unsigned call)
{
    if (call >= THM_CALLS || k->calls[call].state == THM_CALL_FREE ||
        k->calls[call].state == THM_CALL_ENDING)
        return THM_E_STATE;
    struct thm_call *c = &k->calls[call];
    thm_session_over(k, c, c->state == THM_CALL_RINGING ? THM_E_DECLINED : THM_OK, true, nothing);
    return THM_OK;
}

int thm_call_decline(struct thm_calls *k, unsigned call)
{
    if (call >= THM_CALLS || k->calls[call].state != THM_CALL_RINGING)
        return THM_E_STATE;
    return thm_call_hang_up(k, call);
}

/* --- when a path is gone ------------------------------------------------------------------------- */

/* The other side's call stands. It may have rung here before ours was known to cross it. */
static void crossed(struct thm_calls *k, struct thm_call *c)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        struct thm_call *other = &k->calls[i];
        if (other->state != THM_CALL_RINGING || !is_target(c->target, &other->peer))
            continue;
        thm_session_over(k, c, THM_E_CROSSING, false, nothing);
        accept(k, other);
        return;
    }
    c->crossed = true;
    c->until = k->now + THM_LOOKUP_MS + THM_DIRECT_MS;
}

void thm_session_lost(struct thm_calls *k, struct thm_call *c, uint8_t place, int code)
{
    struct thm_call_event e = {.kind = THM_CALL_MOVED, .code = code};

    if (c->path == place) {
        c->path = 0;
        if (c->state == THM_CALL_ENDING) {
            set_free(c);
        } else if (c->state == THM_CALL_TALKING) {
            c->state = THM_CALL_MENDING;
            c->until = k->now + THM_MEND_MS;
            c->retry_at = k->now;
            thm_session_tell(k, c, &e);
        }
        return;
    }
    if (c->attempt != place)
        return;
    c->attempt = 0;
    c->retry_at = k->now + (c->state == THM_CALL_TALKING ? THM_CALL_MOVE_MS : THM_CALL_RETRY_MS);
    if (c->state == THM_CALL_CALLING && code == THM_E_CROSSING)
        crossed(k, c);
    else if (c->state == THM_CALL_CALLING || c->state == THM_CALL_RINGING ||
             (c->state == THM_CALL_MENDING && code == THM_E_NO_CALL))
        thm_session_over(k, c, code != THM_OK ? code : THM_E_CLOSED, false, nothing);
}

/* --- what is due by time -------------------------------------------------------------------------- */

static unsigned free_paths(const struct thm_calls *k)
{
    unsigned n = 0;

    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        n += k->paths[i].state == THM_PATH_FREE;
    return n;
}

static void attempt(struct thm_calls *k, struct thm_call *c, bool moves, enum thm_path_event how)
{
    struct thm_path *p = thm_path_take(k);

    if (p == NULL)
        return;
    p->call = thm_call_place(k, c);
    p->goes_on = true;
    p->moves = moves;
    c->attempt = thm_path_place(k, p);
    thm_path_turn(k, p, how, THM_OK);
}

/* Whether a session that works by the relay is to be tried directly; a path is left for others who call. */
static bool may_move(const struct thm_calls *k, const struct thm_call *c)
{
    return THM_CALL_PATHS > 1 && c->state == THM_CALL_TALKING && c->relayed && c->number != 0 &&
           !k->config.relay_only && free_paths(k) >= 2;
}

static bool may_mend(const struct thm_calls *k, const struct thm_call *c)
{
    return c->state == THM_CALL_MENDING && !c->incoming &&
           (k->online || (c->number != 0 && !k->config.relay_only));
}

void thm_session_run(struct thm_calls *k, struct thm_call *c)
{
    bool late = k->now >= c->until;

    if (c->state == THM_CALL_CALLING && c->crossed && late)
        thm_session_over(k, c, THM_E_NO_ANSWER, false, nothing);
    else if (c->state == THM_CALL_MENDING && late)
        thm_session_over(k, c, THM_E_CALL_LOST, false, nothing);
    if (!stands(c) || c->attempt != 0 || k->now < c->retry_at)
        return;
    c->retry_at = k->now + (c->state == THM_CALL_TALKING ? THM_CALL_MOVE_MS : THM_CALL_RETRY_MS);
    if (may_mend(k, c))
        attempt(k, c, false, k->online ? THM_PATH_LOOK_UP : THM_PATH_DIAL);
    else if (may_move(k, c))
        attempt(k, c, true, THM_PATH_DIAL);
}

uint64_t thm_session_deadline(const struct thm_calls *k, const struct thm_call *c)
{
    uint64_t until = THM_NEVER;

    (void)k;
    if (c->state == THM_CALL_MENDING || (c->state == THM_CALL_CALLING && c->crossed))
        until = c->until;
    bool retries = c->state == THM_CALL_MENDING ||
                   (c->state == THM_CALL_TALKING && c->relayed && c->number != 0);
    return retries && c->attempt == 0 ? thm_earlier(until, c->retry_at) : until;
}

#endif
