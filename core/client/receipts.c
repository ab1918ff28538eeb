/*
 * Receipts: who whispered is told that his whispers are here, and read. Only the latest whisper of each is named, which
 * stands for those before it; so a few rows suffice, however much is whispered.
 *
 * No receipt is answered. What was told shortly before a connection broke is told again: twice is no harm.
 */
#include "client/internal.h"

#if THM_RECEIPTS

/* Bytes of the longest line of a receipt, and some more. */
#define LINE_MOST THM_CLIENT_KEYS_MAX

static bool is_due(const struct thm_client_receipt *r)
{
    return r->due > r->said;
}

static void send_at(struct thm_client *c, uint64_t at)
{
    c->receipt_at = thm_earlier(c->receipt_at, at);
}

static bool put(struct thm_client *c, struct thm_client_receipt *r)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_RECEIPT);
    THM_SET(&m, STATUS, thm_receipt_word((enum thm_receipts)r->due));
    THM_SET(&m, TO, r->to);
    THM_SET(&m, ID, r->id);
    if (thm_session_put(c, &m) != THM_OK)
        return false;
    r->said = r->due;
    r->sure = false;
    return true;
}

static void forget(struct thm_client *c, uint32_t i)
{
    struct thm_client_receipt *r = &c->receipts[i];

    memmove(r, r + 1, (--c->receipt_count - i) * sizeof *r);
}

/* The row to do without: of who was told all that is due, and has been silent for longest; else the oldest. */
static uint32_t least(const struct thm_client *c)
{
    for (uint32_t i = 0; i < c->receipt_count; i++)
        if (!is_due(&c->receipts[i]))
            return i;
    return 0;
}

/* A new last row. There is room for it, or for the line that makes some. */
static struct thm_client_receipt *add(struct thm_client *c)
{
    if (c->receipt_count == THM_CLIENT_RECEIPTS) {
        uint32_t i = least(c);
        if (is_due(&c->receipts[i]))
            put(c, &c->receipts[i]);
        forget(c, i);
    }
    return &c->receipts[c->receipt_count++];
}

/* --- what comes ----------------------------------------------------------------------------- */

void thm_receipts_note(struct thm_client *c, const struct thm_msg *whisper)
{
    struct thm_slice from = thm_msg_get(whisper, THM_KEY_FROM);
    uint32_t i = 0;

    if (!c->takes_receipts || c->config.receipts == THM_RECEIPTS_NONE || from.len == 0 ||
        thm_slice_is(from, c->user) || !thm_msg_has(whisper, THM_KEY_ID))
        return;
    while (i < c->receipt_count && !thm_slice_is(from, c->receipts[i].to))
        i++;
    if (i < c->receipt_count)
        forget(c, i); /* what he was to be told of the one before, he is told of this one */
    struct thm_client_receipt *r = add(c);
    *r = (struct thm_client_receipt){.due = THM_RECEIPTS_DELIVERED};
    thm_slice_copy(r->to, sizeof r->to, from);
    thm_msg_copy(whisper, THM_KEY_ID, r->id, sizeof r->id);
    send_at(c, c->now + THM_ACK_DELAY_MS);
}

bool thm_receipts_room(const struct thm_client *c)
{
    return c->receipt_count < THM_CLIENT_RECEIPTS || !is_due(&c->receipts[least(c)]) ||
           THM_CLIENT_OUT - (c->out_len - c->out_sent) >= LINE_MOST;
}

void thm_receipts_taken(struct thm_client *c)
{
    for (uint32_t i = 0; i < c->receipt_count; i++)
        c->receipts[i].sure = c->receipts[i].said != THM_RECEIPTS_NONE;
}

/* Has all told again of which it is not sure that the server took it. */
static void tell_again(struct thm_client *c, uint64_t at)
{
    bool any = false;

    for (uint32_t i = 0; i < c->receipt_count; i++) {
        struct thm_client_receipt *r = &c->receipts[i];
        if (!r->sure)
            r->said = THM_RECEIPTS_NONE;
        any |= is_due(r);
    }
    if (any)
        send_at(c, at);
}

void thm_receipts_reset(struct thm_client *c)
{
    c->receipt_at = THM_NEVER;
}

void thm_receipts_granted(struct thm_client *c, const struct thm_msg *granted)
{
    struct thm_slice words = thm_msg_get(granted, THM_KEY_COMMANDS);

    c->takes_receipts = false;
    while (words.len > 0 && !c->takes_receipts)
        c->takes_receipts = thm_slice_is(thm_slice_word(&words), thm_type_word(THM_MSG_RECEIPT));
    if (!c->takes_receipts)
        c->receipt_count = 0;
    tell_again(c, c->now + THM_ACK_DELAY_MS);
}

bool thm_receipts_refused(struct thm_client *c, const struct thm_msg *error)
{
    if (!thm_msg_is(error, THM_KEY_IN, thm_type_word(THM_MSG_RECEIPT)))
        return false;
    if (thm_msg_code(error, THM_OK) == THM_E_STORE)
        tell_again(c, c->now + THM_RETRY_MS);
    return true;
}

/* --- what is sent --------------------------------------------------------------------------- */

bool thm_receipts_fill(struct thm_client *c)
{
    if (c->now < c->receipt_at)
        return true;
    for (uint32_t i = 0; i < c->receipt_count; i++)
        if (is_due(&c->receipts[i]) && !put(c, &c->receipts[i]))
            return false;
    c->receipt_at = THM_NEVER;
    return true;
}

void thm_receipts_flush(struct thm_client *c)
{
    c->receipt_at = c->now;
    thm_receipts_fill(c);
}

uint64_t thm_receipts_deadline(const struct thm_client *c)
{
    bool waits = c->state == THM_CLIENT_ONLINE && c->receipt_at > c->now;

    return waits ? c->receipt_at : THM_NEVER; /* what is overdue goes as soon as there is room */
}

/* --- what the application says --------------------------------------------------------------- */

void thm_client_set_receipts(struct thm_client *c, enum thm_receipts receipts)
{
    for (uint32_t i = c->receipt_count; i-- > 0;) {
        struct thm_client_receipt *r = &c->receipts[i];
        if (r->due > receipts)
            r->due = (uint8_t)receipts;
        if (!is_due(r))
            forget(c, i); /* it may have been read before that was to be told */
    }
    c->config.receipts = receipts;
}

void thm_client_read(struct thm_client *c)
{
    bool any = false;

    for (uint32_t i = 0; i < c->receipt_count && c->config.receipts == THM_RECEIPTS_READ; i++) {
        any |= c->receipts[i].due != THM_RECEIPTS_READ;
        c->receipts[i].due = THM_RECEIPTS_READ;
    }
    if (any)
        send_at(c, c->now + THM_ACK_DELAY_MS);
}

const char *thm_receipt_word(enum thm_receipts status)
{
    static const char *const words[] = {"none", "delivered", "read"};

    return words[status];
}

#endif
