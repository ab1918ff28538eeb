#include "client/queue.h"

#include <string.h>

/* What precedes a record's target and text in the queue. */
struct head {
    uint64_t csn;
    uint16_t text_len;
    uint8_t to_len;
    uint8_t part, parts;
    uint8_t answered;
};

_Static_assert(THM_CLIENT_QUEUE >= 2 * (sizeof(struct head) + 2 * THM_ID_MAX + 1 + THM_TEXT_MAX),
               "a message and one more can wait");

static struct head head_at(const struct thm_client_queue *q, uint32_t at)
{
    struct head h;

    memcpy(&h, q->bytes + at, sizeof h);
    return h;
}

static uint32_t after(const struct thm_client_queue *q, uint32_t at)
{
    struct head h = head_at(q, at);

    return at + (uint32_t)thm_queue_cost(h.to_len, h.text_len);
}

size_t thm_queue_cost(size_t to_len, size_t text_len)
{
    return sizeof(struct head) + to_len + text_len;
}

size_t thm_queue_room(const struct thm_client_queue *q)
{
    return sizeof q->bytes - (q->tail - q->head);
}

void thm_queue_push(struct thm_client_queue *q, const struct thm_record *record)
{
    struct head h = {.csn = record->csn,
                     .text_len = (uint16_t)record->text.len,
                     .to_len = (uint8_t)record->to.len,
                     .part = record->part,
                     .parts = record->parts};

    if (thm_queue_cost(h.to_len, h.text_len) > sizeof q->bytes - q->tail) {
        memmove(q->bytes, q->bytes + q->head, q->tail - q->head);
        q->tail -= q->head;
        q->unsent -= q->head;
        q->head = 0;
    }
    memcpy(q->bytes + q->tail, &h, sizeof h);
    memcpy(q->bytes + q->tail + sizeof h, record->to.data, h.to_len);
    memcpy(q->bytes + q->tail + sizeof h + h.to_len, record->text.data, h.text_len);
    q->tail = after(q, q->tail);
    q->count++;
}

static struct thm_record record_at(const struct thm_client_queue *q, uint32_t at)
{
    struct head h = head_at(q, at);
    const char *strings = (const char *)q->bytes + at + sizeof h;

    return (struct thm_record){.csn = h.csn,
                               .to = {strings, h.to_len},
                               .text = {strings + h.to_len, h.text_len},
                               .part = h.part,
                               .parts = h.parts,
                               .answered = h.answered != 0};
}

bool thm_queue_next(const struct thm_client_queue *q, struct thm_record *record)
{
    if (q->unsent == q->tail)
        return false;
    *record = record_at(q, q->unsent);
    return true;
}

bool thm_queue_walk(const struct thm_client_queue *q, uint32_t *at, struct thm_record *record)
{
    uint32_t from = *at > q->head ? *at : q->head;

    while (from != q->tail && head_at(q, from).answered)
        from = after(q, from);
    if (from == q->tail)
        return false;
    *record = record_at(q, from);
    *at = after(q, from);
    return true;
}

void thm_queue_shift(struct thm_client_queue *q, uint64_t csn, uint64_t by)
{
    for (uint32_t at = q->head; at != q->tail; at = after(q, at)) {
        struct head h = head_at(q, at);
        if (h.csn <= csn)
            continue;
        h.csn += by;
        memcpy(q->bytes + at, &h, sizeof h);
    }
}

void thm_queue_advance(struct thm_client_queue *q)
{
    q->unsent = after(q, q->unsent);
    q->in_flight++;
}

void thm_queue_rewind(struct thm_client_queue *q)
{
    q->unsent = q->head;
    q->in_flight = 0;
}

/* Records that are answered leave from the front. */
static void trim(struct thm_client_queue *q)
{
    while (q->head != q->unsent && head_at(q, q->head).answered) {
        q->head = after(q, q->head);
        q->in_flight--;
    }
}

bool thm_queue_answer(struct thm_client_queue *q, uint64_t csn, struct thm_record *record)
{
    for (uint32_t at = q->head; at != q->unsent; at = after(q, at)) {
        struct head h = head_at(q, at);
        if (h.csn != csn || h.answered)
            continue;
        h.answered = true;
        memcpy(q->bytes + at, &h, sizeof h);
        q->count--;
        *record = record_at(q, at);
        trim(q);
        return true;
    }
    return false;
}
