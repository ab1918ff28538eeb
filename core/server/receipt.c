/* Receipts for whispers: clients make them, and the server keeps them in the whisperer's inbox. It knows no whisper by
 * its id, and need not: a receipt says as much as its sender wants to say. */
#include "server/internal.h"

#include <string.h>

static const char *const words[] = {"delivered", "read"}; /* job.receipt counts from 1 */

bool thm_receipt_is(const struct thm_entry *e)
{
    static const char start[] = "{\"msgtype\":\"receipt\"";

    return e->len > sizeof start && memcmp(e->line, start, sizeof start - 1) == 0;
}

void thm_receipt_fill(const struct job *j, struct thm_msg *m)
{
    THM_SET(m, STATUS, words[j->receipt - 1]);
    thm_msg_str(m, THM_KEY_ID, j->text, j->text_len);
}

void thm_receipt_refused(struct thm_server *s, struct connection *c, const struct job *j, int code)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_RECEIPT);
    thm_receipt_fill(j, &m);
    THM_SET(&m, TO, j->to);
    thm_input_error(s, c, &m, code, NULL);
}

/* Sends a receipt on its way to a user who is there. */
static void queue(struct thm_server *s, struct connection *c, struct job *j)
{
    uint32_t inbox = thm_say_inbox(s, j->to);

    if (inbox == 0) {
        thm_receipt_refused(s, c, j, THM_E_LIMIT);
        thm_job_give(s, j);
        return;
    }
    j->stream[0] = inbox;
    j->streams = 1;
    thm_stream_hold(s, inbox);
    j->step = stream_at(s, inbox)->state == STREAM_OPEN ? JOB_APPEND : JOB_OPEN_TO_SAY;
    thm_append_queue(s, j);
}

/* Which of the words it is, from 1; 0: none. */
static uint8_t status_of(const struct thm_msg *m)
{
    for (uint8_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (thm_msg_is(m, THM_KEY_STATUS, words[i]))
            return i + 1;
    return 0;
}

void thm_receipt_request(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice to = thm_msg_get(m, THM_KEY_TO), id = thm_msg_get(m, THM_KEY_ID);
    char user[2 * THM_ID_MAX + 2];
    uint8_t status = status_of(m);

    thm_slice_copy(user, sizeof user, to);
    if (status == 0 || strchr(user, '@') != NULL) {
        thm_input_error(s, c, m, THM_E_KEY_RANGE, status == 0 ? "status" : "to");
        return;
    }
    enum known known = thm_say_known(s, user);
    if (known == KNOWN_NOT) {
        thm_input_error(s, c, m, THM_E_NO_USER, NULL);
        return;
    }
    struct job *j = thm_job_take(s, c, JOB_GET_TO_TELL, known == KNOWN_BY_RECORD);
    j->receipt = status;
    j->sender = thm_sender_of(c);
    strcpy(j->to, user);
    strcpy(j->from, c->tls.peer.user);
    strcpy(j->device, c->tls.peer.device);
    j->text_len = (uint16_t)id.len;
    memcpy(j->text, id.data, id.len);
    if (known == KNOWN_BY_RECORD)
        thm_say_ask_for_user(s, j);
    else
        queue(s, c, j);
}

void thm_receipt_step(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    if (c != NULL && c->state != CONN_ONLINE)
        c = NULL; /* it has heard the last word */
    if (c != NULL && j->request.result == THM_OK && thm_say_found_user(s, c, j)) {
        queue(s, c, j);
        return;
    }
    if (c != NULL)
        thm_receipt_refused(s, c, j, j->request.result == THM_OK ? THM_E_NO_USER : THM_E_STORE);
    thm_job_give(s, j);
}
