#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char verdict[256];

static struct seen *note(struct talker *t)
{
    if (t->seen_count == SEEN_MAX) {
        fprintf(stderr, "client %u is shown more than there is\n", t->number);
        abort();
    }
    struct seen *seen = &t->seen[t->seen_count++];
    memset(seen, 0, sizeof *seen);
    return seen;
}

static void note_line(struct talker *t, const struct thm_msg *m)
{
    if (m->type == THM_MSG_JOINED)
        t->joined_once = t->joined_once || m->v[THM_KEY_ROOM].str.data[0] == '#';
    if (m->type != THM_MSG_GAP && m->type != THM_MSG_MESSAGE && m->type != THM_MSG_WHISPER)
        return;
    struct seen *seen = note(t);
    seen->inbox = m->v[THM_KEY_ROOM].str.data[0] == '@';
    if (m->type == THM_MSG_GAP) {
        seen->gap = true;
        seen->n = thm_msg_get_num(m, THM_KEY_FIRST, 0);
        seen->last = thm_msg_get_num(m, THM_KEY_LAST, 0);
        return;
    }
    struct thm_slice text = thm_msg_get(m, THM_KEY_TEXT);
    seen->n = m->v[THM_KEY_N].num;
    /* A part of the long text: its head says which, the rest is filling. */
    size_t len = text.len < TEXT_CAP ? text.len : TEXT_CAP - 1;
    memcpy(seen->text, text.data, len);
    if (thm_msg_has(m, THM_KEY_PART)) {
        char head[TEXT_CAP];
        snprintf(head, sizeof head, "%.*s-part%u-of%u", (int)thm_msg_get(m, THM_KEY_FROM).len,
                 thm_msg_get(m, THM_KEY_FROM).data, (unsigned)m->v[THM_KEY_PART].num,
                 (unsigned)thm_msg_get_num(m, THM_KEY_OF, 0));
        memcpy(seen->text, head, sizeof head);
    }
}

void judge_note(struct talker *t, const struct thm_client_event *event)
{
    switch (event->kind) {
    case THM_CLIENT_LINE: note_line(t, event->msg); break;
    case THM_CLIENT_ACKED: t->acked++; break;
    case THM_CLIENT_LOST: t->lost++; break;
    case THM_CLIENT_ENDED: t->ended = event->code; break;
    case THM_CLIENT_STATE: break;
    }
}

static bool saw(const struct talker *t, const char *text)
{
    for (unsigned i = 0; i < t->seen_count; i++)
        if (!t->seen[i].gap && strcmp(t->seen[i].text, text) == 0)
            return true;
    return false;
}

static bool saw_gap(const struct talker *t, bool inbox)
{
    for (unsigned i = 0; i < t->seen_count; i++)
        if (t->seen[i].gap && t->seen[i].inbox == inbox)
            return true;
    return false;
}

/* Saying `k` of talker `from`: who is to see it? Every fourth is a whisper to the next talker. */
static bool is_whisper(unsigned k)
{
    return k % 4 == 3;
}

static void text_of(char text[TEXT_CAP], unsigned from, unsigned k)
{
    snprintf(text, TEXT_CAP, "%s%u-%u", is_whisper(k) ? "w" : "", from, k);
}

/* What is missing, if no gap excuses it. */
static bool missing(const struct conversation *c, char what[128])
{
    for (unsigned from = 0; from < TALKERS; from++) {
        for (unsigned k = 0; k < SAYINGS; k++) {
            char text[TEXT_CAP];
            if (k == SAYINGS / 2)
                continue; /* the long one, which goes in parts */
            text_of(text, from, k);
            for (unsigned to = 0; to < TALKERS; to++) {
                const struct talker *t = &c->talkers[to];
                if (is_whisper(k) &&
                    ((to != from && to != (from + 1) % TALKERS) || c->talkers[from].lost > 0))
                    continue;
                if (saw(t, text) || saw_gap(t, is_whisper(k)))
                    continue;
                snprintf(what, 128, "client %u never saw \"%s\", and no gap says so", to, text);
                return true;
            }
        }
    }
    return false;
}

bool judge_complete(const struct conversation *c)
{
    char what[128];

    for (unsigned i = 0; i < TALKERS; i++)
        if (c->talkers[i].said < SAYINGS || thm_client_pending(&c->talkers[i].client) != 0)
            return false;
    return !missing(c, what);
}

/* Within one life of a log, numbers rise; a gap without numbers starts another life. */
static const char *judge_order(const struct talker *t)
{
    uint64_t last[2] = {0, 0};

    for (unsigned i = 0; i < t->seen_count; i++) {
        const struct seen *s = &t->seen[i];
        if (s->gap && s->last == 0) {
            last[s->inbox] = 0;
        } else if (s->n <= last[s->inbox]) {
            snprintf(verdict, sizeof verdict, "client %u: number %llu after %llu", t->number,
                     (unsigned long long)s->n, (unsigned long long)last[s->inbox]);
            return verdict;
        } else {
            last[s->inbox] = s->gap ? s->last : s->n;
        }
    }
    return NULL;
}

static const char *judge_twice(const struct talker *t)
{
    for (unsigned i = 0; i < t->seen_count; i++)
        for (unsigned k = i + 1; k < t->seen_count; k++)
            if (!t->seen[i].gap && !t->seen[k].gap &&
                strcmp(t->seen[i].text, t->seen[k].text) == 0) {
                snprintf(verdict, sizeof verdict, "client %u saw \"%s\" twice", t->number,
                         t->seen[i].text);
                return verdict;
            }
    return NULL;
}

/* Each sender's messages arrive in the order in which they were said, stream by stream. */
static const char *judge_senders(const struct talker *t)
{
    int last[TALKERS][2];

    memset(last, -1, sizeof last);
    for (unsigned i = 0; i < t->seen_count; i++) {
        const struct seen *s = &t->seen[i];
        unsigned from;
        int k;
        if (s->gap || sscanf(s->text + (s->text[0] == 'w'), "%u-%d", &from, &k) != 2)
            continue;
        if (k <= last[from][s->inbox]) {
            snprintf(verdict, sizeof verdict, "client %u saw \"%s\" after saying %d of that sender",
                     t->number, s->text, last[from][s->inbox]);
            return verdict;
        }
        last[from][s->inbox] = k;
    }
    return NULL;
}

/* The same number is the same entry for everybody, as long as the log lived but once. */
static const char *judge_same(const struct conversation *c, const struct talker *a,
                              const struct talker *b)
{
    if (c->plan.restarts > 0 && !c->plan.store_survives)
        return NULL;
    for (unsigned i = 0; i < a->seen_count; i++) {
        for (unsigned k = 0; k < b->seen_count; k++) {
            const struct seen *x = &a->seen[i], *y = &b->seen[k];
            if (x->gap || y->gap || x->inbox || y->inbox || x->n != y->n ||
                strcmp(x->text, y->text) == 0)
                continue;
            snprintf(verdict, sizeof verdict, "entry %llu is \"%s\" to one and \"%s\" to another",
                     (unsigned long long)x->n, x->text, y->text);
            return verdict;
        }
    }
    return NULL;
}

/* A server that forgot everything knows no users either, until they are back: it may refuse a whisper. */
static bool forgetful(const struct conversation *c)
{
    return c->restarts_done > 0 && !c->plan.store_survives;
}

/* A gap must have a cause: retention, or a log that was lost. */
static const char *judge_gaps(const struct conversation *c, const struct talker *t)
{
    bool excused = c->plan.store_blocks < 32 || forgetful(c);

    if (!excused && (saw_gap(t, false) || saw_gap(t, true)))
        return "a gap although nothing was lost";
    return NULL;
}

const char *judge_all(const struct conversation *c)
{
    static char what[128];
    const char *bad = NULL;

    for (unsigned i = 0; i < TALKERS && bad == NULL; i++) {
        const struct talker *t = &c->talkers[i];
        bad = judge_order(t);
        if (bad == NULL)
            bad = judge_twice(t);
        if (bad == NULL)
            bad = judge_senders(t);
        if (bad == NULL)
            bad = judge_gaps(c, t);
        for (unsigned k = 0; k < i && bad == NULL; k++)
            bad = judge_same(c, t, &c->talkers[k]);
        if (bad == NULL && t->lost > 0 && !forgetful(c))
            bad = "a message was refused";
    }
    if (bad == NULL && missing(c, what))
        bad = what;
    return bad;
}
