/*
 * Appending: one list of messages for the whole shard, in the order in which they were said.
 *
 * A message gets its number when it is handed to the store, and exists when the store has taken it; only
 * then is it delivered and acknowledged. When the store fails one, nothing further is submitted; once all that
 * is under way has come back, what failed is submitted again, in order, with new numbers.
 */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"

/* How often it may answer that a message does not fit the log as it is, before the message is refused. */
#define MISFITS_MAX 3

/* --- jobs ----------------------------------------------------------------------------------- */

bool thm_job_ready(struct thm_server *s, struct connection *c)
{
    if ((c->waits >> WAIT_JOB & 1) == 0 && s->jobs.used < s->jobs.count)
        return true;
    thm_conn_wait(s, c, WAIT_JOB);
    return false;
}

struct job *thm_job_take(struct thm_server *s, struct connection *c, enum job_step step, bool wait)
{
    uint32_t number = thm_pool_lend(&s->jobs);
    struct job *j = job_at(s, number);

    memset(j, 0, offsetof(struct job, text));
    j->number = number;
    j->step = (uint8_t)step;
    j->connection = conn_number(s, c);
    j->serial = c->serial;
    j->waited_for = wait;
    if (wait)
        c->jobs++;
    return j;
}

void thm_job_give(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    if (j->waited_for && c != NULL) {
        c->jobs--;
        thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
    }
    thm_pool_give(&s->jobs, j->number);
}

/* --- the list ------------------------------------------------------------------------------- */

void thm_append_queue(struct thm_server *s, struct job *j)
{
    conn_at(s, j->connection)->appends++;
    j->next = 0;
    if (s->append_last != 0)
        job_at(s, s->append_last)->next = j->number;
    else
        s->append_first = j->number;
    s->append_last = j->number;
}

static void unlink_job(struct thm_server *s, struct job *j)
{
    uint32_t before = 0, n = s->append_first;

    while (n != j->number) {
        before = n;
        n = job_at(s, n)->next;
    }
    if (before != 0)
        job_at(s, before)->next = j->next;
    else
        s->append_first = j->next;
    if (s->append_last == j->number)
        s->append_last = before;
}

static bool same_sender(struct thm_sender a, struct thm_sender b)
{
    return a.device == b.device && a.client == b.client;
}

struct job *thm_append_find(struct thm_server *s, struct thm_sender sender, uint32_t stream,
                            uint64_t csn)
{
    for (uint32_t n = s->append_first; n != 0; n = job_at(s, n)->next) {
        struct job *j = job_at(s, n);
        if (j->csn == csn && j->stream[0] == stream && same_sender(j->sender, sender))
            return j;
    }
    return NULL;
}

uint64_t thm_append_pending_csn(struct thm_server *s, struct thm_sender sender, uint32_t stream)
{
    uint64_t highest = 0;

    for (uint32_t n = s->append_first; n != 0; n = job_at(s, n)->next) {
        const struct job *j = job_at(s, n);
        if (j->csn > highest && j->stream[0] == stream && same_sender(j->sender, sender))
            highest = j->csn;
    }
    return highest;
}

/* --- submitting ----------------------------------------------------------------------------- */

static void prepare(struct thm_server *s, struct job *j)
{
    const char *at = strchr(j->to, '@');
    unsigned receiver = j->streams - 1;

    j->time = s->utc_ms;
    j->request.op = THM_STORE_APPEND;
    j->request.appends = j->streams;
    for (unsigned i = 0; i < j->streams; i++) {
        struct stream *st = stream_at(s, j->stream[i]);
        struct thm_store_append *a = &j->request.append[i];
        a->stream = st->store;
        a->entry.n = ++st->tail;
        a->entry.for_device = 0;
        if (i == receiver && j->streams == 2 && at != NULL)
            a->entry.for_device = thm_device_tag(at + 1, strlen(at + 1));
        a->sender = j->sender;
        a->csn = i == 0 ? j->csn : 0;
        thm_append_line(s, j, i);
    }
}

/* The store did not take what was prepared. Asking it for the numbers would not do: the answer to an OPEN of somebody who
 * joins, submitted before appends that are under way, would be taken for it, and lack theirs. */
static void take_numbers_back(struct thm_server *s, const struct job *j)
{
    for (unsigned i = 0; i < j->streams; i++)
        stream_at(s, j->stream[i])->tail--;
}

/* What the numbers of the job's streams are is to be asked anew, by opening them. */
static void ask_numbers(struct thm_server *s, const struct job *j)
{
    for (unsigned i = 0; i < j->streams; i++)
        stream_at(s, j->stream[i])->state = STREAM_NEW;
}

static int submit(struct thm_server *s, struct job *j)
{
    j->request.owner = j;
    j->request.tag = TAG_JOB;
    return s->config.store->ops->submit(s->config.store, &j->request);
}

void thm_job_submit(struct thm_server *s, struct job *j)
{
    if (submit(s, j) == THM_OK)
        return;
    j->request.result = THM_E_STORE; /* its queue is full: try again */
    thm_job_step(s, j);
}

void thm_job_step(struct thm_server *s, struct job *j)
{
    if (j->step <= JOB_PUT_ACCOUNT)
        thm_login_step(s, j);
    else if (j->step <= JOB_PUT_INVITE)
        thm_certify_step(s, j);
    else if (j->step == JOB_FIND_REPEAT || j->step == JOB_GET_TO_SAY)
        thm_say_step(s, j);
    else if (j->step == JOB_GET_TO_TELL)
        thm_receipt_step(s, j);
    else if (j->step == JOB_GET_TO_RENAME)
        thm_presence_alias_step(s, j);
    else if (j->step == JOB_LIST_ROOMS)
        thm_query_rooms_done(s, j);
    else
        thm_join_step(s, j);
}

/* Hands a step before the append to the store; the list waits for it. */
static void submit_step(struct thm_server *s, struct job *j)
{
    if (submit(s, j) == THM_OK) {
        j->submitted = true;
        s->append_flying++;
    } else {
        s->append_retry = s->now + STORE_RETRY_MS;
    }
}

/* What an append needs first: open streams, and where the store did not take it as it was, the word whether
 * its csn was taken before. True: it may go. */
static bool get_ready(struct thm_server *s, struct job *j)
{
    for (unsigned i = 0; i < j->streams; i++) {
        const struct stream *st = stream_at(s, j->stream[i]);
        if (st->state == STREAM_OPEN)
            continue;
        j->step = JOB_OPEN_TO_SAY;
        j->opening = (uint8_t)i;
        j->request.op = THM_STORE_OPEN;
        strcpy(j->request.name, st->name);
        submit_step(s, j);
        return false;
    }
    if (j->unsure) {
        j->step = JOB_FIND_TO_SAY;
        j->request.op = THM_STORE_FIND;
        j->request.stream = stream_at(s, j->stream[0])->store;
        j->request.sender = j->sender;
        j->request.csn = j->csn;
        submit_step(s, j);
        return false;
    }
    j->step = JOB_APPEND;
    return true;
}

void thm_append_run(struct thm_server *s)
{
    uint32_t n = s->append_first;

    if (s->append_failing || s->append_retry > s->now)
        return;
    s->append_retry = 0;
    while (n != 0 && job_at(s, n)->submitted && job_at(s, n)->step == JOB_APPEND)
        n = job_at(s, n)->next;
    while (n != 0) {
        struct job *j = job_at(s, n);
        if (j->submitted || !get_ready(s, j))
            return;
        prepare(s, j);
        if (submit(s, j) != THM_OK) {
            take_numbers_back(s, j);
            s->append_retry = s->now + STORE_RETRY_MS;
            return;
        }
        j->submitted = true;
        s->append_flying++;
        n = j->next;
    }
}

/* --- trouble -------------------------------------------------------------------------------- */

/* The log and each sender hear of it once, however often the store is tried. */
static void begin_trouble(struct thm_server *s)
{
    if (s->troubled)
        return;
    s->troubled = true;
    s->troubles++;
    thm_log_event(s, THM_LOG_ERROR, "store-failed", NULL, THM_E_STORE, NULL);
    for (uint32_t n = s->append_first; n != 0; n = job_at(s, n)->next) {
        struct connection *c = thm_conn_if(s, job_at(s, n)->connection, job_at(s, n)->serial);
        if (c != NULL)
            thm_conn_look(s, c, LOOK_WRITE);
    }
}

static void end_trouble(struct thm_server *s)
{
    if (!s->troubled)
        return;
    s->troubled = false;
    thm_log_event(s, THM_LOG_INFO, "store-works", NULL, THM_OK, NULL);
}

void thm_server_store_trouble(struct thm_server *s, const char *sentence)
{
    s->trouble = sentence;
}

/* Whether something that the session's user said is under way: his client's receipts are no concern of his. */
static bool awaits_store(const struct thm_server *s, const struct connection *c)
{
    for (uint32_t n = c->appends > 0 ? s->append_first : 0; n != 0; n = job_at(s, n)->next) {
        const struct job *j = job_at(s, n);
        if (j->connection == conn_number(s, c) && j->serial == c->serial && j->receipt == 0)
            return true;
    }
    return false;
}

/* Unasked, for each append has room for one answer only, and that is still to come. */
bool thm_append_tell_trouble(struct thm_server *s, struct connection *c)
{
    char reason[THM_SHORT_MAX + 1];
    struct thm_text t;
    struct thm_msg m;

    if (!s->troubled || c->told_trouble == s->troubles || !awaits_store(s, c))
        return true;
    thm_msg_init(&m, THM_MSG_ERROR);
    THM_SET(&m, CODE, thm_error_word(THM_E_STORE));
    THM_SET(&m, IN, "say");
    thm_text_init(&t, reason, sizeof reason);
    thm_text_str(&t, "what you say waits, it can't be stored now: ");
    thm_text_str(&t, s->trouble != NULL ? s->trouble : "the store fails");
    thm_msg_str(&m, THM_KEY_REASON, reason, t.len);
    if (!thm_output_news(s, c, &m))
        return false;
    c->told_trouble = s->troubles;
    return true;
}

/* --- coming back ---------------------------------------------------------------------------- */

static void finish(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    if (c != NULL) {
        c->appends--;
        thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
    }
    unlink_job(s, j);
    for (unsigned i = 0; i < j->streams; i++)
        thm_stream_release(s, j->stream[i]);
    thm_job_give(s, j);
}

static void log_message(struct thm_server *s, const struct job *j)
{
    struct thm_log_record r = {
        .level = j->receipt != 0 ? THM_LOG_DEBUG : THM_LOG_INFO,
        .event = j->receipt != 0    ? "receipt"
                 : j->to[0] != '\0' ? "whisper"
                                    : "message",
        .user = j->from,
        .device = j->device,
        .room = stream_at(s, j->stream[0])->name,
        .to = j->to[0] != '\0' ? j->to : NULL,
        .n = j->request.append[0].entry.n,
        .size = j->text_len,
    };

    if (s->config.log != NULL)
        s->config.log(s->config.log_ctx, &r);
}

static void taken(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    for (unsigned i = 0; i < j->streams; i++) {
        thm_log_append(&stream_at(s, j->stream[i])->log, &j->request.append[i].entry);
        thm_stream_dirty(s, j->stream[i]);
    }
    s->stats.messages += j->receipt == 0;
    if (c != NULL && c->state == CONN_ONLINE)
        thm_say_taken(s, c, j->stream[0], j->csn, j->request.append[0].entry.n, j->time);
    log_message(s, j);
    finish(s, j);
}

static void refuse(struct thm_server *s, struct job *j, int code)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    if (c != NULL && c->state != CONN_ONLINE)
        c = NULL;
    if (c != NULL && j->receipt != 0)
        thm_receipt_refused(s, c, j, code);
    if (c != NULL && j->receipt == 0)
        thm_say_refused(s, c, j->csn, stream_at(s, j->stream[0])->name, code);
    finish(s, j);
}

void thm_append_doom(struct thm_server *s, uint32_t stream)
{
    for (uint32_t n = s->append_first, next; n != 0; n = next) {
        struct job *j = job_at(s, n);
        next = j->next;
        if (j->stream[0] != stream)
            continue;
        j->doomed = true;
        if (!j->submitted)
            refuse(s, j, THM_E_NO_ROOM);
    }
}

/* The store has said what became of the job's csn. */
static void looked_up(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    j->unsure = false;
    if (j->request.last_csn < j->csn)
        return; /* nothing: it is appended */
    if (j->request.n == 0) {
        refuse(s, j, THM_E_CSN);
        return;
    }
    if (c != NULL && c->state == CONN_ONLINE)
        thm_say_taken(s, c, j->stream[0], j->csn, j->request.n, 0);
    finish(s, j);
}

/* Whether a taken message is in the streams as they are: the store may have dropped one since, and made it anew. */
static bool still_there(const struct thm_server *s, const struct job *j)
{
    for (unsigned i = 0; i < j->streams; i++)
        if (j->request.append[i].stream != stream_at(s, j->stream[i])->store)
            return false;
    return true;
}

/* The store knows streams or csn otherwise than we do: is to be asked what it knows. False: that was of no use. */
static bool ask_csn(struct job *j)
{
    j->unsure = j->csn != 0;
    return ++j->misfits < MISFITS_MAX;
}

static void step_done(struct thm_server *s, struct job *j)
{
    if (j->request.result != THM_OK)
        refuse(s, j, j->request.result == THM_E_STATE ? THM_E_LIMIT : j->request.result);
    else if (j->step == JOB_OPEN_TO_SAY)
        thm_stream_opened(s, j->stream[j->opening], &j->request);
    else if (j->step == JOB_FIND_TO_SAY)
        looked_up(s, j);
    else
        taken(s, j);
}

void thm_append_done(struct thm_server *s, struct job *j)
{
    int result = j->request.result;

    s->append_flying--;
    j->submitted = false;
    if (j->step == JOB_APPEND && result == THM_OK && !still_there(s, j))
        result = THM_E_STATE;
    if (j->step == JOB_APPEND && result != THM_OK)
        ask_numbers(s, j);
    if (j->doomed && (result != THM_OK || j->step != JOB_APPEND))
        result = THM_E_NO_ROOM;
    if (result == THM_E_STORE || (result == THM_E_STATE && ask_csn(j))) {
        if (result == THM_E_STORE)
            begin_trouble(s);
        else if (!s->append_failing)
            thm_log_event(s, THM_LOG_ERROR, "store-failed", NULL, result, NULL);
        s->append_failing = true;
    } else {
        if (j->step == JOB_APPEND && result == THM_OK)
            end_trouble(s);
        j->request.result = result;
        step_done(s, j);
    }
    if (s->append_failing && s->append_flying == 0) {
        s->append_failing = false;
        s->append_retry = s->now + STORE_RETRY_MS;
    }
}

unsigned thm_store_collect(struct thm_server *s)
{
    struct thm_store_request *done[32];
    unsigned n = s->config.store->ops->collect(s->config.store, done, 32);

    for (unsigned i = 0; i < n; i++) {
        struct job *j = done[i]->owner;
        if (done[i]->tag == TAG_READ)
            thm_deliver_read_done(s, done[i]->owner);
        else if (done[i]->tag == TAG_WRITE)
            thm_record_done(s, done[i]->owner);
        else if (done[i]->tag == TAG_OPERATION)
            thm_operations_done(s);
        else if (j->step >= JOB_OPEN_TO_SAY)
            thm_append_done(s, j);
        else
            thm_job_step(s, j);
    }
    return n;
}
