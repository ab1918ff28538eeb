/*
 * What the application asks a client to do.
 */
#include "client/internal.h"

static int check(enum thm_key key, const char *text)
{
    return thm_key_check(key, text, strlen(text)) == THM_OK ? THM_OK : THM_E_KEY_RANGE;
}

static bool is_room(const char *name)
{
    return name[0] == '#' && check(THM_KEY_ROOM, name) == THM_OK;
}

int thm_client_join(struct thm_client *c, const char *room)
{
    if (!is_room(room))
        return THM_E_KEY_RANGE;
    c->busy = true;
    return thm_follow_add(c, room) != NULL ? THM_OK : THM_E_LIMIT;
}

int thm_client_leave(struct thm_client *c, const char *room)
{
    if (!is_room(room))
        return THM_E_KEY_RANGE;
    struct thm_client_stream *s = thm_follow_find(c, thm_slice_of(room));
    if (s == NULL || s->follow == THM_FOLLOW_LEAVING)
        return THM_E_NO_ROOM;
    bool known = s->follow == THM_FOLLOW_ASKED || s->follow == THM_FOLLOW_JOINED;
    s->follow = known ? THM_FOLLOW_LEAVING : THM_FOLLOW_FREE;
    c->busy = true;
    return THM_OK;
}

/* How many parts a text makes, and how many bytes of the queue. */
static size_t count_parts(const char *text, size_t len, size_t to_len, size_t *bytes)
{
    size_t parts = 0, at = 0;

    *bytes = 0;
    do {
        size_t n = thm_text_fit(text + at, len - at);
        *bytes += thm_queue_cost(to_len, n);
        at += n;
        parts++;
    } while (at < len && parts <= THM_PARTS_MAX);
    return parts;
}

static int check_say(struct thm_client *c, const char *to, const char *text, size_t len)
{
    if (check(to[0] == '#' ? THM_KEY_ROOM : THM_KEY_TO, to) != THM_OK)
        return THM_E_KEY_RANGE;
    if (to[0] == '#') {
        struct thm_client_stream *s = thm_follow_find(c, thm_slice_of(to));
        if (s == NULL || s->follow == THM_FOLLOW_LEAVING)
            return THM_E_NO_ROOM;
    }
    int code = thm_kind_check(THM_KIND_TEXT, text, len, 0, THM_UINT_MAX);
    return code == THM_E_TEXT_LONG ? THM_OK : code; /* that is what parts are for */
}

int thm_client_say(struct thm_client *c, const char *to, const char *text, size_t len,
                   uint64_t *csn)
{
    size_t bytes, at = 0;
    int code = check_say(c, to, text, len);

    if (code != THM_OK)
        return code;
    size_t parts = count_parts(text, len, strlen(to), &bytes);
    if (parts > THM_PARTS_MAX || bytes > sizeof c->queue.bytes)
        return THM_E_PARTS;
    if (bytes > thm_queue_room(&c->queue))
        return THM_E_LIMIT;
    for (size_t part = 1; part <= parts; part++) {
        struct thm_record r = {.csn = c->next_csn++,
                               .to = {to, strlen(to)},
                               .text = {text + at, thm_text_fit(text + at, len - at)},
                               .part = (uint8_t)part,
                               .parts = (uint8_t)parts};
        thm_queue_push(&c->queue, &r);
        at += r.text.len;
    }
    if (csn != NULL)
        *csn = c->next_csn - 1;
    c->busy = true;
    return THM_OK;
}

int thm_client_request(struct thm_client *c, const struct thm_msg *msg)
{
    if (c->state != THM_CLIENT_ONLINE)
        return THM_E_STATE;
    c->busy = true;
    return thm_session_put(c, msg);
}

uint32_t thm_client_pending(const struct thm_client *c)
{
    return c->queue.count;
}

#if THM_CLIENT_RUNS
/* --- from one run to the next ------------------------------------------------------------------ */

uint64_t thm_client_incarnation(const struct thm_client *c, uint64_t *next_csn)
{
    *next_csn = c->next_csn;
    return c->incarnation;
}

bool thm_client_unanswered(const struct thm_client *c, uint32_t *at, struct thm_client_said *said)
{
    struct thm_record r;

    if (!thm_queue_walk(&c->queue, at, &r))
        return false;
    *said = (struct thm_client_said){.csn = r.csn,
                                     .to = r.to.data,
                                     .to_len = r.to.len,
                                     .text = r.text.data,
                                     .text_len = r.text.len,
                                     .part = r.part,
                                     .parts = r.parts};
    return true;
}

int thm_client_go_on(struct thm_client *c, uint64_t incarnation, uint64_t next_csn)
{
    if (c->state != THM_CLIENT_STOPPED || c->queue.count > 0)
        return THM_E_STATE;
    if (next_csn == 0 || next_csn > THM_UINT_MAX / 2)
        return THM_E_KEY_RANGE;
    c->incarnation = incarnation;
    c->next_csn = c->first_csn = next_csn;
    return THM_OK;
}

int thm_client_say_again(struct thm_client *c, const struct thm_client_said *said)
{
    struct thm_record r = {.csn = said->csn,
                           .text = {said->text, said->text_len},
                           .part = (uint8_t)said->part,
                           .parts = (uint8_t)said->parts};
    char to[2 * THM_ID_MAX + 2];

    if (c->state != THM_CLIENT_STOPPED || said->csn >= c->next_csn)
        return THM_E_STATE;
    if (said->to_len >= sizeof to || said->part < 1 || said->part > said->parts ||
        said->parts > THM_PARTS_MAX || said->part > said->csn ||
        thm_text_fit(said->text, said->text_len) != said->text_len)
        return THM_E_KEY_RANGE;
    thm_slice_copy(to, sizeof to, (struct thm_slice){said->to, said->to_len});
    r.to = thm_slice_of(to);
    int code = check_say(c, to, said->text, said->text_len);
    if (code == THM_OK && thm_queue_cost(r.to.len, r.text.len) > thm_queue_room(&c->queue))
        code = THM_E_LIMIT;
    if (code == THM_OK)
        thm_queue_push(&c->queue, &r);
    return code;
}

void thm_client_runs_joined(struct thm_client *c, uint64_t csn)
{
    uint64_t used = c->sent_csn >= c->first_csn ? c->sent_csn : c->first_csn - 1;

    if (c->first_csn == 0 || csn <= used)
        return;
    thm_queue_shift(&c->queue, used, csn - used);
    c->next_csn += csn - used;
}
#endif
