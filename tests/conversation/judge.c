#include "judge.h"

#include "knowledge.h"

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

/* --- streams -------------------------------------------------------------------------------- */

static const char *const view_names[VIEWS] = {"#lobby", "the inbox"};

/* Which of a client's streams a name means, or VIEWS. */
static unsigned view_of(const struct talker *t, struct thm_slice room)
{
    if (talker_is(room, THM_DEFAULT_ROOM))
        return VIEW_LOBBY;
    bool own = room.len > 1 && room.data[0] == '@' &&
               talker_is((struct thm_slice){room.data + 1, room.len - 1}, talker_user(t->number));
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

    talker_copy(id, sizeof id, thm_msg_get(&e->msg, THM_KEY_ID));
    const char *dash = strchr(id, '-');
    uint64_t csn = dash != NULL ? strtoull(dash + 1, NULL, 10) : 0;
    return csn <= CSN_MAX ? csn : 0;
}

bool judge_for_other_device(const struct talker *t, const struct ledger_entry *e)
{
    const char *device = talker_device(t->number);

    return e->for_device != 0 && e->for_device != thm_device_tag(device, strlen(device));
}

bool judge_crowded(const struct conversation *c)
{
    return c->plan.store.streams < STREAMS;
}

/* Whether a client may leave an entry out without a word. A crowded store may lose a message with its log while a later
 * one of the same sender is kept in the next; what is sent again then looks like a repetition. */
static bool excused(const struct talker *t, unsigned v, const struct ledger_entry *e)
{
    if (e->msg.type == THM_MSG_RECEIPT)
        return false;
    unsigned from = sender_of(e);
    uint64_t csn = csn_of(e);

    return judge_for_other_device(t, e) || t->shown[v][from][csn] || t->lost[v][from][csn] ||
           (judge_crowded(t->conversation) && csn < t->last[v][from]);
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
    if (judge_for_other_device(t, e))
        BROKEN(t, "client %u: entry %llu of %s is for another device", t->number, LLU(n),
               view_names[v]);
    pass(t, v, life, n);
    if (m->type == THM_MSG_RECEIPT)
        return;
    unsigned from = sender_of(e);
    uint64_t csn = csn_of(e);
    if (t->shown[v][from][csn])
        BROKEN(t, "client %u: message %llu of %u is shown twice", t->number, LLU(csn), from);
    else if (csn <= t->last[v][from])
        BROKEN(t, "client %u: message %llu of %u is shown after %llu", t->number, LLU(csn), from,
               LLU(t->last[v][from]));
    t->shown[v][from][csn] = true;
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
    for (uint64_t n = first > 0 ? first : 1; n <= last && n <= life->head; n++) {
        const struct ledger_entry *e = ledger_entry(life, n);
        if (e->msg.type != THM_MSG_RECEIPT)
            t->lost[v][sender_of(e)][csn_of(e)] = true;
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
    t->lobby_joined = true;
    knowledge_anew(t, m);
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
    talker_copy(inbox + 1, sizeof inbox - 1, (struct thm_slice){target, strcspn(target, "@")});
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
    bool dropped = judge_crowded(c) && (event->code == THM_E_LIMIT || event->code == THM_E_CSN);
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

/* --- all lines ------------------------------------------------------------------------------ */

/* That the store fails is told, and what failed is asked again. */
static bool of_store(const struct thm_msg *m)
{
    struct thm_slice in = thm_msg_get(m, THM_KEY_IN);

    return talker_is(thm_msg_get(m, THM_KEY_CODE), "store") &&
           (talker_is(in, "say") || talker_is(in, "whisper") || talker_is(in, "join"));
}

/* Questions are not asked again by themselves, and may come before the room is joined again. */
static void on_error(struct talker *t, const struct thm_client_event *event)
{
    struct thm_slice in = thm_msg_get(event->msg, THM_KEY_IN);
    bool early = talker_is(thm_msg_get(event->msg, THM_KEY_CODE), "no-such-room") &&
                 !t->conversation->converged;

    if (!of_store(event->msg) && !(early && (talker_is(in, "state") || talker_is(in, "topic"))))
        BROKEN(t, "client %u: an error: %.*s", t->number, (int)event->len, event->line);
}

static void on_line(struct talker *t, const struct thm_client_event *event)
{
    const struct thm_msg *m = event->msg;

    switch (m->type) {
    case THM_MSG_MESSAGE:
    case THM_MSG_WHISPER:
    case THM_MSG_RECEIPT: on_entry(t, event); break;
    case THM_MSG_GAP: on_gap(t, m); break;
    case THM_MSG_JOINED: on_joined(t, m); break;
    case THM_MSG_ERROR:
    case THM_MSG_REFUSED: on_error(t, event); break;
    default: knowledge_line(t, m); break;
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
    case THM_CLIENT_STATE:
    case THM_CLIENT_ASKED:
    case THM_CLIENT_RENEWS:
    case THM_CLIENT_ISSUED: break;
    case THM_CLIENT_ENDED:
        t->ended = event->code;
        if (!t->conversation->leaving && !t->conversation->plan.twin)
            BROKEN(t, "client %u gives up: %s", t->number, thm_error_text(event->code));
        break;
    }
}

/* --- in the end ----------------------------------------------------------------------------- */

static bool missing(struct conversation *c, bool why, const struct talker *t, unsigned v)
{
    char name[THM_ROOM_MAX + 1];
    const struct ledger_life *life = ledger_youngest(&c->ledger, stream_name(t, v, name));
    const struct view *view = &t->views[v];
    bool other = life != NULL && (life->incarnation != view->incarnation || view->restarted);
    uint64_t n;

    /* A log that was forgotten while nobody used it is told of when somebody does. */
    if (life == NULL || (judge_crowded(c) && (other || v == VIEW_INBOX)))
        return false;
    if (other) {
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
