/* The line of an entry: what is delivered, the same bytes for every receiver. */
#include "server/internal.h"

#include <string.h>

/* "5f3a9c01-42": the sender's incarnation in short, and its csn. */
static size_t message_id(const struct job *j, char id[41])
{
    char hex[17];
    struct thm_text t;

    thm_text_init(&t, hex, sizeof hex);
    thm_text_hex64(&t, j->sender.client);
    thm_text_init(&t, id, 41);
    thm_text_bytes(&t, hex, 8);
    thm_text_char(&t, '-');
    thm_text_uint(&t, j->csn, 0);
    return t.len;
}

static enum thm_type entry_type(const struct job *j)
{
    if (j->receipt != 0)
        return THM_MSG_RECEIPT;
    return j->to[0] != '\0' ? THM_MSG_WHISPER : THM_MSG_MESSAGE;
}

/* What only a message has; `id` is where its id is made. */
static void fill_message(const struct job *j, struct thm_msg *m, char id[41])
{
    THM_SET(m, ALIAS, j->alias);
    if (j->csn != 0)
        thm_msg_str(m, THM_KEY_ID, id, message_id(j, id));
    if (j->parts != 0) {
        thm_msg_num(m, THM_KEY_PART, j->part);
        thm_msg_num(m, THM_KEY_PARTS, j->parts);
        thm_msg_num(m, THM_KEY_OF, j->of);
    }
    thm_msg_str(m, THM_KEY_TEXT, j->text, j->text_len);
}

void thm_append_line(struct thm_server *s, struct job *j, unsigned i)
{
    const struct stream *st = stream_at(s, j->stream[i]);
    struct thm_store_append *a = &j->request.append[i];
    struct thm_msg m;
    char id[41];

    thm_msg_init(&m, entry_type(j));
    THM_SET(&m, ROOM, st->name);
    thm_msg_num(&m, THM_KEY_N, a->entry.n);
    thm_msg_num(&m, THM_KEY_TIME, j->time);
    THM_SET(&m, FROM, j->from);
    THM_SET(&m, DEVICE, j->device);
    if (j->to[0] != '\0')
        THM_SET(&m, TO, j->to);
    if (j->receipt != 0)
        thm_receipt_fill(j, &m);
    if (j->receipt == 0)
        fill_message(j, &m, id);
    thm_wire_encode(&m, j->line[i], sizeof j->line[i], &a->entry.len);
    a->entry.line = j->line[i];
}
