/*
 * What the console prints of receipts: that somebody has got, or read, what was whispered to him. Only of the latest
 * whisper to each, and once, from whichever device it came first.
 */
#include "client/console.h"

#if THM_RECEIPTS

#define TAG_LEN 8 /* bytes of an id that tell the sender's incarnation */

/* The csn of an id of the same incarnation; 0: it is of another one. */
static uint64_t csn_beside(struct thm_slice id, const char *other)
{
    if (id.len <= TAG_LEN || memcmp(id.data, other, TAG_LEN + 1) != 0)
        return 0;
    return thm_slice_number((struct thm_slice){id.data + TAG_LEN + 1, id.len - TAG_LEN - 1});
}

/* The row of somebody, which becomes the first; a new one is empty. */
static struct thm_console_whispered *row_of(struct thm_console *c, struct thm_slice user)
{
    struct thm_console_whispered *rows = c->whispered, found;
    uint32_t i = 0;

    while (i < THM_CLIENT_RECEIPTS - 1 && !thm_slice_is(user, rows[i].to))
        i++;
    found = rows[i];
    if (!thm_slice_is(user, found.to)) {
        memset(&found, 0, sizeof found);
        thm_slice_copy(found.to, sizeof found.to, user);
    }
    memmove(rows + 1, rows, i * sizeof *rows);
    rows[0] = found;
    return rows;
}

static void begin(struct thm_console_whispered *row, struct thm_slice id)
{
    thm_slice_copy(row->id, sizeof row->id, id);
    row->shown = THM_RECEIPTS_NONE;
}

void thm_got_whispered(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice user = thm_msg_get(m, THM_KEY_TO), id = thm_msg_get(m, THM_KEY_ID);
    const char *at = memchr(user.data, '@', user.len);

    if (at != NULL)
        user.len = (size_t)(at - user.data);
    begin(row_of(c, user), id);
}

bool thm_got_receipt(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID);
    bool read = thm_msg_is(m, THM_KEY_STATUS, thm_receipt_word(THM_RECEIPTS_READ));
    enum thm_receipts status = read ? THM_RECEIPTS_READ : THM_RECEIPTS_DELIVERED;

    if (!thm_msg_has(m, THM_KEY_FROM) || thm_msg_is(m, THM_KEY_FROM, thm_show_own_user(c)))
        return false;
    struct thm_console_whispered *row = row_of(c, thm_msg_get(m, THM_KEY_FROM));
    if (row->id[0] == '\0' || csn_beside(id, row->id) > csn_beside(thm_slice_of(row->id), row->id))
        begin(row, id); /* said before this console began */
    if (!thm_slice_is(id, row->id) || status <= row->shown)
        return false;
    row->shown = (uint8_t)status;
    thm_show_start(c, THM_STYLE_NOTICE, "* ");
    thm_show_format(c,
                    read ? "{user} has read what you whispered"
                         : "{user}[@{device}] has got what you whispered",
                    m);
    thm_show_end(c);
    return false;
}

#endif
