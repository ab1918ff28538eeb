#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void judge_broken(struct conversation *c, const char *format, ...)
{
    va_list args;

    if (c->verdict[0] != '\0')
        return;
    int len = snprintf(c->verdict, sizeof c->verdict,
                       "at %llu ms: ", (unsigned long long)sim_world_now(c->world));
    va_start(args, format);
    vsnprintf(c->verdict + len, sizeof c->verdict - (size_t)len, format, args);
    va_end(args);
}

#define BROKEN(t, ...) judge_broken((t)->conversation, __VA_ARGS__)
#define LLU(n)         ((unsigned long long)(n))

static bool is(struct thm_slice s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

static void copy(char *to, size_t cap, struct thm_slice s)
{
    size_t len = s.len < cap ? s.len : cap - 1;

    memcpy(to, s.data, len);
    to[len] = '\0';
}

/* --- streams -------------------------------------------------------------------------------- */

static const char *const view_names[VIEWS] = {"#lobby", "the inbox"};

/* Which of a client's streams a name means, or VIEWS. */
static unsigned view_of(const struct talker *t, struct thm_slice room)
{
    if (is(room, THM_DEFAULT_ROOM))
        return VIEW_LOBBY;
    bool own = room.len > 1 && room.data[0] == '@' &&
               is((struct thm_slice){room.data + 1, room.len - 1}, talker_user(t->number));
    return own ? VIEW_INBOX : VIEWS;
}

static struct thm_slice stream_name(const struct talker *t, unsigned v, char buf[THM_ROOM_MAX + 1])
{
    if (v == VIEW_LOBBY)
        strcpy(buf, THM_DEFAULT_ROOM);
    else
        snprintf(buf, THM_ROOM_MAX + 1, "@%s", talker_user(t->number));
    return (struct thm_slice){buf, strlen(buf)};
}

static unsigned sender_of(const struct ledger_entry *e)
{
    return talker_number(thm_msg_get(&e->msg, THM_KEY_FROM), thm_msg_get(&e->msg, THM_KEY_DEVICE));
}

/* The csn in "5f3a9c01-42"; 0: out of its range. */
static uint64_t csn_of(const struct ledger_entry *e)
{
    char id[41];

    copy(id, sizeof id, thm_msg_get(&e->msg, THM_KEY_ID));
    const char *dash = strchr(id, '-');
    uint64_t csn = dash != NULL ? strtoull(dash + 1, NULL, 10) : 0;
    return csn <= CSN_MAX ? csn : 0;
}

static bool for_other_device(const struct talker *t, const struct ledger_entry *e)
{
    const char *device = talker_device(t->number);

    return e->for_device != 0 && e->for_device != thm_device_tag(device, strlen(device));
}

/* Whether a client may leave an entry out without a word. */
static bool excused(const struct talker *t, unsigned v, const struct ledger_entry *e)
{
    return for_other_device(t, e) || t->told[v][sender_of(e)][csn_of(e)];
}

/* The first number behind the view, up to `last`, that is not excused; 0: there is none. */
static uint64_t unexcused(const struct talker *t, unsigned v, const struct ledger_life *life,
                          uint64_t last)
{
    for (uint64_t n = t->views[v].n + 1; n <= last; n++) {
        const struct ledger_entry *e = ledger_entry(life, n);
        if (e == NULL || !excused(t, v, e))
            return n;
    }
    return 0;
}

/* Moves the view to `n`. What lies between must be excused. */
static void pass(struct talker *t, unsigned v, const struct ledger_life *life, uint64_t n)
{
    uint64_t missing = n > 0 ? unexcused(t, v, life, n - 1) : 0;

    if (n <= t->views[v].n)
        BROKEN(t, "client %u: %s goes from %llu to %llu", t->number, view_names[v],
               LLU(t->views[v].n), LLU(n));
    else if (missing != 0)
        BROKEN(t, "client %u: entry %llu of %s is left out", t->number, LLU(missing),
               view_names[v]);
    t->views[v].n = n;
}

/* The life of the log that a view is in; NULL: what comes should not have come. */
static const struct ledger_life *life_of(struct talker *t, unsigned v, const char *what)
{
    const struct ledger_life *life =
        v == VIEWS ? NULL : ledger_life(&t->conversation->ledger, t->views[v].incarnation);

    if (v == VIEWS || life == NULL)
        BROKEN(t, "client %u: %s of a stream that it is not in", t->number, what);
    else if (t->views[v].restarted)
        BROKEN(t, "client %u: %s of another log of %s, and no gap before", t->number, what,
               view_names[v]);
    return life;
}

static void on_entry(struct talker *t, const struct thm_client_event *event)
{
    const struct thm_msg *m = event->msg;
    unsigned v = view_of(t, thm_msg_get(m, THM_KEY_ROOM));
    const struct ledger_life *life = life_of(t, v, "an entry");
    uint64_t n = thm_msg_get_num(m, THM_KEY_N, 0);
    const struct ledger_entry *e = life != NULL ? ledger_entry(life, n) : NULL;

    if (life == NULL)
        return;
    if (e == NULL || e->len != event->len || memcmp(e->line, event->line, e->len) != 0) {
        BROKEN(t, "client %u: entry %llu of %s is not what the store took", t->number, LLU(n),
               view_names[v]);
        return;
    }
    if (for_other_device(t, e))
        BROKEN(t, "client %u: entry %llu of %s is for another device", t->number, LLU(n),
               view_names[v]);
    pass(t, v, life, n);
    unsigned from = sender_of(e);
    uint64_t csn = csn_of(e);
    if (t->told[v][from][csn])
        BROKEN(t, "client %u: message %llu of %u is shown twice", t->number, LLU(csn), from);
    else if (csn <= t->last[v][from])
        BROKEN(t, "client %u: message %llu of %u is shown after %llu", t->number, LLU(csn), from,
               LLU(t->last[v][from]));
    t->told[v][from][csn] = true;
    t->last[v][from] = csn;
}

/* What is no longer kept: only what really is not. */
static void on_lost_entries(struct talker *t, unsigned v, uint64_t first, uint64_t last)
{
    const struct ledger_life *life = life_of(t, v, "a gap");

    if (life == NULL)
        return;
    if (last < first || last > life->head || (last >= life->first && !life->gone))
        BROKEN(t, "client %u: a gap from %llu to %llu of %s, which keeps %llu to %llu", t->number,
               LLU(first), LLU(last), view_names[v], LLU(life->first), LLU(life->head));
    pass(t, v, life, first);
    for (uint64_t n = first; n <= last && n <= life->head; n++) {
        const struct ledger_entry *e = ledger_entry(life, n);
        t->told[v][sender_of(e)][csn_of(e)] = true;
    }
    t->views[v].n = last;
}

static void on_gap(struct talker *t, const struct thm_msg *m)
{
    unsigned v = view_of(t, thm_msg_get(m, THM_KEY_ROOM));
    uint64_t incarnation = thm_msg_get_num(m, THM_KEY_INCARNATION, 0);

    if (v == VIEWS)
        return;
    if (thm_msg_has(m, THM_KEY_LAST)) {
        on_lost_entries(t, v, thm_msg_get_num(m, THM_KEY_FIRST, 0),
                        thm_msg_get_num(m, THM_KEY_LAST, 0));
        return;
    }
    if (incarnation == t->views[v].incarnation || t->views[v].incarnation == 0)
        BROKEN(t, "client %u: a gap although %s is the log that it was", t->number, view_names[v]);
    if (ledger_life(&t->conversation->ledger, incarnation) == NULL)
        BROKEN(t, "client %u: a log of %s that the store never made", t->number, view_names[v]);
    t->views[v] = (struct view){.incarnation = incarnation};
}

static void on_joined(struct talker *t, const struct thm_msg *m)
{
    unsigned v = view_of(t, thm_msg_get(m, THM_KEY_ROOM));
    uint64_t incarnation = thm_msg_get_num(m, THM_KEY_INCARNATION, 0);
    uint64_t after = thm_msg_get_num(m, THM_KEY_AFTER, 0);

    if (v == VIEWS)
        return;
    struct view *view = &t->views[v];
    if (view->incarnation == 0)
        *view = (struct view){.incarnation = incarnation, .n = after};
    else if (view->incarnation != incarnation)
        view->restarted = true;
    else if (unexcused(t, v, ledger_life(&t->conversation->ledger, incarnation), after) != 0)
        BROKEN(t, "client %u: %s goes on behind %llu, but was shown up to %llu", t->number,
               view_names[v], LLU(after), LLU(view->n));
    if (v != VIEW_LOBBY)
        return;
    /* All that is not kept is told anew. */
    t->lobby_joined = true;
    memset(t->states, 0, sizeof t->states);
    memset(t->left, 0, sizeof t->left);
    copy(t->topic, sizeof t->topic, thm_msg_get(m, THM_KEY_TOPIC));
}

/* Whether the store has too few streams for all that are used. */
static bool crowded(const struct conversation *c)
{
    return c->plan.store.streams < STREAMS;
}

/* --- the sender's side ---------------------------------------------------------------------- */

/* Whether a log of that stream has taken a message. */
static bool taken(const struct conversation *c, const char *stream, const struct thm_msg *message,
                  uint64_t for_device)
{
    for (unsigned i = 0; i < c->ledger.life_count; i++) {
        const struct ledger_life *life = &c->ledger.lives[i];
        for (uint64_t n = 1; strcmp(life->stream, stream) == 0 && n <= life->head; n++) {
            const struct ledger_entry *e = ledger_entry(life, n);
            if (ledger_same(&e->msg, message))
                return e->for_device == for_device;
        }
    }
    return false;
}

static void check_receiver(struct talker *t, uint64_t csn, const struct ledger_entry *own)
{
    char target[32], inbox[33] = "@";

    talker_target(&t->conversation->plan, t->number, csn, target);
    const char *at = strchr(target, '@');
    if (target[0] == '#')
        return;
    copy(inbox + 1, sizeof inbox - 1, (struct thm_slice){target, strcspn(target, "@")});
    if (!taken(t->conversation, inbox, &own->msg,
               at != NULL ? thm_device_tag(at + 1, strlen(at + 1)) : 0))
        BROKEN(t, "client %u: whisper %llu is acknowledged, but not in %s", t->number, LLU(csn),
               inbox);
}

static void on_acked(struct talker *t, const struct thm_client_event *event)
{
    const struct thm_msg *m = event->msg;
    uint64_t n = thm_msg_get_num(m, THM_KEY_N, 0), csn = event->csn;
    const struct ledger_life *life =
        ledger_life(&t->conversation->ledger, thm_msg_get_num(m, THM_KEY_INCARNATION, 0));
    const struct ledger_entry *e = life != NULL ? ledger_entry(life, n) : NULL;
    char text[TEXT_CAP];

    if (csn > CSN_MAX || t->outcome[csn] != OPEN)
        BROKEN(t, "client %u: message %llu is answered twice", t->number, LLU(csn));
    if (csn > CSN_MAX)
        return;
    t->outcome[csn] = ACKED;
    if (e == NULL || sender_of(e) != t->number || csn_of(e) != csn) {
        BROKEN(t, "client %u: message %llu is acknowledged as entry %llu, which it is not",
               t->number, LLU(csn), LLU(n));
        return;
    }
    struct thm_slice said = {text, talker_text(&t->conversation->plan, t->number, csn, text)};
    struct thm_slice kept = thm_msg_get(&e->msg, THM_KEY_TEXT);
    if (said.len != kept.len || memcmp(said.data, kept.data, said.len) != 0)
        BROKEN(t, "client %u: message %llu is kept as another text", t->number, LLU(csn));
    check_receiver(t, csn, e);
}

/* The two reasons that hold: a server that has forgotten its users may not know whom a whisper is for, and a store
 * with too few streams forgets them while they are in use. */
static void on_lost(struct talker *t, const struct thm_client_event *event)
{
    uint64_t csn = event->csn;
    const struct conversation *c = t->conversation;
    bool unknown = c->restarted && event->code == THM_E_NO_USER;
    bool dropped = crowded(c) && (event->code == THM_E_LIMIT || event->code == THM_E_CSN);
    char target[32];

    talker_target(&c->plan, t->number, csn, target);
    if (csn > CSN_MAX || t->outcome[csn] != OPEN)
        BROKEN(t, "client %u: message %llu is answered twice", t->number, LLU(csn));
    else if (!(unknown && target[0] != '#') && !dropped)
        BROKEN(t, "client %u: message %llu is refused: %s", t->number, LLU(csn),
               thm_error_text(event->code));
    else
        t->outcome[csn] = LOST;
}

/* --- states, topic, people, history --------------------------------------------------------- */

static void on_state(struct talker *t, const struct thm_msg *m)
{
    unsigned from = talker_number(thm_msg_get(m, THM_KEY_FROM), thm_msg_get(m, THM_KEY_DEVICE));

    if (from == TALKERS_MAX)
        BROKEN(t, "client %u: a state of nobody", t->number);
    else
        copy(t->states[from], sizeof t->states[from], thm_msg_get(m, THM_KEY_TEXT));
}

static void on_presence(struct talker *t, const struct thm_msg *m)
{
    for (unsigned i = 0; i < TALKERS_MAX; i++)
        if (is(thm_msg_get(m, THM_KEY_USERID), talker_user(i)))
            t->left[i] = is(thm_msg_get(m, THM_KEY_EVENT), "left");
}

/* Moves on to the entry that history must tell next. */
static void past_excused(struct talker *t, const struct ledger_life *life)
{
    if (t->past_next < life->first)
        t->past_next = life->first;
    while (t->past_next <= life->head && for_other_device(t, ledger_entry(life, t->past_next)))
        t->past_next++;
}

/* History tells again what was taken, in order, without what is for other devices. */
static void on_past(struct talker *t, const struct thm_msg *m)
{
    uint64_t n = thm_msg_get_num(m, THM_KEY_N, 0);
    const struct ledger_life *life = ledger_life(&t->conversation->ledger, t->past);
    const struct ledger_entry *e = life != NULL ? ledger_entry(life, n) : NULL;

    if (e == NULL || !ledger_same(&e->msg, m) || for_other_device(t, e)) {
        BROKEN(t, "client %u: history tells entry %llu, which it is not", t->number, LLU(n));
        return;
    }
    past_excused(t, life);
    if (t->past_next != n)
        BROKEN(t, "client %u: history tells entry %llu and not %llu", t->number, LLU(n),
               LLU(t->past_next));
    t->past_next = n + 1;
}

/* Questions are not asked again by themselves, and may come before the room is joined again. */
static void on_error(struct talker *t, const struct thm_client_event *event)
{
    struct thm_slice in = thm_msg_get(event->msg, THM_KEY_IN);
    bool early =
        is(thm_msg_get(event->msg, THM_KEY_CODE), "no-such-room") && !t->conversation->calm;

    if (!(early && (is(in, "state") || is(in, "topic"))))
        BROKEN(t, "client %u: an error: %.*s", t->number, (int)event->len, event->line);
}

static void on_line(struct talker *t, const struct thm_client_event *event)
{
    const struct thm_msg *m = event->msg;

    switch (m->type) {
    case THM_MSG_MESSAGE:
    case THM_MSG_WHISPER: on_entry(t, event); break;
    case THM_MSG_GAP: on_gap(t, m); break;
    case THM_MSG_JOINED: on_joined(t, m); break;
    case THM_MSG_STATE: on_state(t, m); break;
    case THM_MSG_TOPIC: copy(t->topic, sizeof t->topic, thm_msg_get(m, THM_KEY_TOPIC)); break;
    case THM_MSG_PRESENCE: on_presence(t, m); break;
    case THM_MSG_PAST: on_past(t, m); break;
    case THM_MSG_END: t->past_ended = true; break;
    case THM_MSG_ERROR:
    case THM_MSG_REFUSED: on_error(t, event); break;
    default: break;
    }
}

void judge_event(struct talker *t, const struct thm_client_event *event)
{
    if (getenv("SIM_TRACE") != NULL)
        fprintf(stderr, "client %u: %u %.*s\n", t->number, event->kind, (int)event->len,
                event->line);
    switch (event->kind) {
    case THM_CLIENT_LINE: on_line(t, event); break;
    case THM_CLIENT_ACKED: on_acked(t, event); break;
    case THM_CLIENT_LOST: on_lost(t, event); break;
    case THM_CLIENT_STATE: break;
    case THM_CLIENT_ENDED:
        t->ended = event->code;
        if (!t->conversation->leaving && !t->conversation->plan.twin)
            BROKEN(t, "client %u gives up: %s", t->number, thm_error_text(event->code));
        break;
    }
}

void judge_expect_history(struct talker *t, const char *stream, unsigned count)
{
    struct thm_slice name = {stream, strlen(stream)};
    const struct ledger_life *life = ledger_youngest(&t->conversation->ledger, name);

    t->past = life->incarnation;
    t->past_next = life->head >= count ? life->head - count + 1 : 1;
    t->past_ended = false;
}

void judge_history(struct talker *t)
{
    const struct ledger_life *life = ledger_life(&t->conversation->ledger, t->past);

    past_excused(t, life);
    if (t->past_next <= life->head && !life->gone)
        BROKEN(t, "client %u: history ends before entry %llu", t->number, LLU(t->past_next));
}

/* --- in the end ----------------------------------------------------------------------------- */

static bool missing(struct conversation *c, bool why, const struct talker *t, unsigned v)
{
    char name[THM_ROOM_MAX + 1];
    const struct ledger_life *life = ledger_youngest(&c->ledger, stream_name(t, v, name));
    const struct view *view = &t->views[v];
    uint64_t n;

    if (life == NULL ||
        (crowded(c) && v == VIEW_INBOX)) /* dropped while nobody used it: told when somebody does */
        return false;
    if (life->incarnation != view->incarnation || view->restarted) {
        if (why)
            judge_broken(c, "client %u was never told that %s is another log", t->number,
                         view_names[v]);
        return true;
    }
    n = unexcused(t, v, life, life->head);
    if (n != 0 && why)
        judge_broken(c, "client %u was never shown entry %llu of %s", t->number, LLU(n),
                     view_names[v]);
    return n != 0;
}

bool judge_converged(struct conversation *c, bool why)
{
    struct thm_server_stats stats;

    thm_server_stats(c->server, &stats);
    if (stats.sessions != c->plan.talkers) {
        if (why)
            judge_broken(c, "%u of %u clients are online", stats.sessions, c->plan.talkers);
        return false;
    }
    for (unsigned i = 0; i < c->plan.talkers; i++) {
        const struct talker *t = &c->talkers[i];
        uint32_t pending = thm_client_pending(&t->client);
        if (t->said == t->may_say && pending == 0)
            continue;
        if (why)
            judge_broken(c, "client %u, %s, has said %u and waits for %u answers", i,
                         thm_client_state_word(t->client.state), t->said, pending);
        return false;
    }
    for (unsigned i = 0; i < c->plan.talkers; i++)
        for (unsigned v = 0; v < VIEWS; v++)
            if (missing(c, why, &c->talkers[i], v))
                return false;
    return true;
}

bool judge_all_know(struct conversation *c, const char *const states[], const char *topic, bool why)
{
    for (unsigned i = 0; i < c->plan.talkers; i++) {
        const struct talker *t = &c->talkers[i];
        for (unsigned k = 0; k <= c->plan.talkers; k++) {
            bool last = k == c->plan.talkers;
            const char *known = last ? t->topic : t->states[k], *is_now = last ? topic : states[k];
            if (strcmp(known, is_now) == 0)
                continue;
            if (why)
                judge_broken(c, "client %u: the %s %u is \"%s\", but was told \"%s\"", i,
                             last ? "topic of" : "state of", last ? VIEW_LOBBY : k, is_now, known);
            return false;
        }
    }
    return true;
}

void judge_same_knowledge(struct conversation *c)
{
    const struct talker *first = &c->talkers[0];

    for (unsigned i = 0; i < c->plan.talkers; i++) {
        const struct talker *t = &c->talkers[i];
        for (unsigned k = 0; k < c->plan.talkers; k++) {
            if (strcmp(t->states[k], first->states[k]) != 0)
                judge_broken(c, "the state of %u is \"%s\" to client %u and \"%s\" to client 0", k,
                             t->states[k], i, first->states[k]);
            if (t->left[k] && strcmp(talker_user(k), talker_user(i)) != 0)
                judge_broken(c, "client %u takes %s for gone", i, talker_user(k));
        }
        if (strcmp(t->topic, first->topic) != 0)
            judge_broken(c, "the topic is \"%s\" to client %u and \"%s\" to client 0", t->topic, i,
                         first->topic);
    }
}
