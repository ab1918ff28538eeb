#include "knowledge.h"

#include <string.h>

#include "judge.h"

/* --- states, topic, people ------------------------------------------------------------------ */

static void on_state(struct talker *t, const struct thm_msg *m)
{
    unsigned from = talker_number(thm_msg_get(m, THM_KEY_FROM), thm_msg_get(m, THM_KEY_DEVICE));

    if (from == TALKERS_MAX)
        BROKEN(t, "client %u: a state of nobody", t->number);
    else
        talker_copy(t->states[from], sizeof t->states[from], thm_msg_get(m, THM_KEY_TEXT));
}

static void on_presence(struct talker *t, const struct thm_msg *m)
{
    for (unsigned i = 0; i < TALKERS_MAX; i++)
        if (talker_is(thm_msg_get(m, THM_KEY_USERID), talker_user(i)))
            t->left[i] = talker_is(thm_msg_get(m, THM_KEY_EVENT), "left");
}

void knowledge_anew(struct talker *t, const struct thm_msg *joined)
{
    memset(t->states, 0, sizeof t->states);
    memset(t->left, 0, sizeof t->left);
    talker_copy(t->topic, sizeof t->topic, thm_msg_get(joined, THM_KEY_TOPIC));
}

/* --- history -------------------------------------------------------------------------------- */

/* Moves on to the entry that history must tell next. */
static void past_excused(struct talker *t, const struct ledger_life *life)
{
    if (t->past_next < life->first)
        t->past_next = life->first;
    while (t->past_next <= life->head &&
           (ledger_entry(life, t->past_next)->msg.type == THM_MSG_RECEIPT ||
            judge_for_other_device(t, ledger_entry(life, t->past_next))))
        t->past_next++;
}

/* History tells again what was taken, in order, without what is for other devices. */
static void on_past(struct talker *t, const struct thm_msg *m)
{
    uint64_t n = thm_msg_get_num(m, THM_KEY_N, 0);
    const struct ledger_life *life = ledger_life(&t->conversation->ledger, t->past);
    const struct ledger_entry *e = life != NULL ? ledger_entry(life, n) : NULL;

    if (judge_crowded(t->conversation))
        return; /* which log is asked is not known */
    if (e == NULL || !ledger_same(&e->msg, m) || judge_for_other_device(t, e)) {
        BROKEN(t, "client %u: history tells entry %llu, which it is not", t->number, LLU(n));
        return;
    }
    past_excused(t, life);
    if (t->past_next != n)
        BROKEN(t, "client %u: history tells entry %llu and not %llu", t->number, LLU(n),
               LLU(t->past_next));
    t->past_next = n + 1;
}

void knowledge_expect_history(struct talker *t, unsigned view, unsigned count)
{
    t->past = t->views[view].incarnation;
    const struct ledger_life *life = ledger_life(&t->conversation->ledger, t->past);

    t->past_next = life->head >= count ? life->head - count + 1 : 1;
    t->past_ended = false;
}

void knowledge_history_whole(struct talker *t)
{
    const struct ledger_life *life = ledger_life(&t->conversation->ledger, t->past);

    past_excused(t, life);
    if (t->past_next <= life->head && !judge_crowded(t->conversation))
        BROKEN(t, "client %u: history ends before entry %llu", t->number, LLU(t->past_next));
}

void knowledge_line(struct talker *t, const struct thm_msg *m)
{
    switch (m->type) {
    case THM_MSG_STATE: on_state(t, m); break;
    case THM_MSG_TOPIC:
        talker_copy(t->topic, sizeof t->topic, thm_msg_get(m, THM_KEY_TOPIC));
        break;
    case THM_MSG_PRESENCE: on_presence(t, m); break;
    case THM_MSG_PAST: on_past(t, m); break;
    case THM_MSG_END: t->past_ended = true; break;
    default: break;
    }
}

/* --- in the end ----------------------------------------------------------------------------- */

bool knowledge_is(struct conversation *c, const char *const states[], const char *topic, bool why)
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

void knowledge_same(struct conversation *c)
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
