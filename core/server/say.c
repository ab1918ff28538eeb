/* Saying: a message is checked, gets a job, and is on its way to the store. */
#include "server/internal.h"

#include <string.h>

#include "tls/wipe.h"

struct thm_sender thm_sender_of(const struct connection *c)
{
    uint64_t device = 0;

    for (unsigned i = 0; i < 8; i++)
        device = device << 8 | c->tls.peer.key_hash[i];
    return (struct thm_sender){.device = device, .client = c->client};
}

void thm_say_taken(struct thm_server *s, struct connection *c, uint32_t stream, uint64_t csn,
                   uint64_t n, uint64_t time)
{
    const struct stream *st = stream_at(s, stream);
    struct thm_msg m;

    if (csn == 0)
        return;
    thm_msg_init(&m, s->config.store->durable ? THM_MSG_STORED : THM_MSG_ACCEPTED);
    thm_msg_num(&m, THM_KEY_CSN, csn);
    THM_SET(&m, ROOM, st->name);
    thm_msg_num(&m, THM_KEY_N, n);
    thm_msg_num(&m, THM_KEY_INCARNATION, st->incarnation);
    if (time != 0)
        thm_msg_num(&m, THM_KEY_TIME, time);
    thm_output_msg(s, c, &m);
}

void thm_say_refused(struct thm_server *s, struct connection *c, uint64_t csn, const char *stream,
                     int code)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_REFUSED);
    THM_SET(&m, CODE, thm_error_word(code));
    THM_SET(&m, REASON, thm_error_text(code));
    if (csn != 0)
        thm_msg_num(&m, THM_KEY_CSN, csn);
    THM_SET(&m, ROOM, stream);
    thm_output_msg(s, c, &m);
    thm_log_event(s, THM_LOG_INFO, "message-refused", c, code, NULL);
}

/* The numbering of parts: all three keys or none, the last part known from the first on. */
static bool parts_valid(const struct thm_msg *m)
{
    uint64_t three = THM_HAS(PART) | THM_HAS(PARTS) | THM_HAS(OF);

    if ((m->has & three) == 0)
        return true;
    return (m->has & three) == three && m->v[THM_KEY_PART].num <= m->v[THM_KEY_PARTS].num;
}

/* A csn that was taken before: its append is still under way, or the store knows what became of it. */
static void repeat(struct thm_server *s, struct connection *c, uint32_t stream, uint64_t csn)
{
    struct job *under_way = thm_append_find(s, thm_sender_of(c), stream, csn);

    if (under_way != NULL) {
        struct connection *before = thm_conn_if(s, under_way->connection, under_way->serial);
        if (before != NULL)
            before->appends--;
        c->appends++;
        under_way->connection = conn_number(s, c);
        under_way->serial = c->serial;
        return;
    }
    struct job *j = thm_job_take(s, c, JOB_FIND_REPEAT, true);
    j->stream[0] = stream;
    j->streams = 1;
    thm_stream_hold(s, stream);
    j->csn = csn;
    j->request.op = THM_STORE_FIND;
    j->request.stream = stream_at(s, stream)->store;
    j->request.sender = thm_sender_of(c);
    j->request.csn = csn;
    thm_job_submit(s, j);
}

static void fill(struct thm_server *s, struct connection *c, struct job *j, const struct thm_msg *m)
{
    struct thm_slice text = thm_msg_get(m, THM_KEY_TEXT);

    j->csn = thm_msg_get_num(m, THM_KEY_CSN, 0);
    j->part = (uint8_t)thm_msg_get_num(m, THM_KEY_PART, 0);
    j->parts = (uint8_t)thm_msg_get_num(m, THM_KEY_PARTS, 0);
    j->of = thm_msg_get_num(m, THM_KEY_OF, 0);
    j->sender = thm_sender_of(c);
    thm_slice_copy(j->to, sizeof j->to, thm_msg_get(m, THM_KEY_TO));
    strcpy(j->from, c->tls.peer.user);
    strcpy(j->device, c->tls.peer.device);
    strcpy(j->alias, user_at(s, c->user)->alias);
    j->text_len = (uint16_t)text.len;
    memcpy(j->text, text.data, text.len);
}

/* What a message must be whatever stream it goes to. True: go on, with the membership that counts its
 * csn; false: answered. */
static bool check(struct thm_server *s, struct connection *c, const struct thm_msg *m,
                  const char *stream, uint32_t *membership)
{
    uint64_t csn = thm_msg_get_num(m, THM_KEY_CSN, 0);
    uint32_t number = thm_stream_find(s, stream, strlen(stream));
    uint32_t member = number == 0 ? 0 : thm_member_find(s, c, number);

    if (member == 0 || !member_at(s, member)->active) {
        thm_say_refused(s, c, csn, stream, THM_E_NO_ROOM);
        return false;
    }
    if (!parts_valid(m)) {
        thm_say_refused(s, c, csn, stream, THM_E_PARTS);
        return false;
    }
    if (csn != 0 && csn <= member_at(s, member)->last_csn) {
        repeat(s, c, number, csn);
        return false;
    }
    *membership = member;
    return true;
}

void thm_say_room(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    char room[THM_ROOM_MAX + 1] = THM_DEFAULT_ROOM;
    uint32_t member;

    if (thm_msg_has(m, THM_KEY_ROOM))
        thm_slice_copy(room, sizeof room, thm_msg_get(m, THM_KEY_ROOM));
    if (room[0] != '#') {
        thm_say_refused(s, c, thm_msg_get_num(m, THM_KEY_CSN, 0), room, THM_E_NOT_ALLOWED);
        return;
    }
    if (!check(s, c, m, room, &member))
        return;
    struct job *j = thm_job_take(s, c, JOB_APPEND, false);
    fill(s, c, j, m);
    j->stream[0] = member_at(s, member)->stream;
    j->streams = 1;
    thm_stream_hold(s, j->stream[0]);
    if (j->csn != 0)
        member_at(s, member)->last_csn = j->csn;
    thm_append_queue(s, j);
}

/* Right after its start a server whose store keeps no records can't tell a typing error from a user who is still coming
 * back. */
#define COMING_BACK_MS 60000

size_t thm_say_user_len(const char *to)
{
    const char *at = strchr(to, '@');

    return at != NULL ? (size_t)(at - to) : strlen(to);
}

enum known thm_say_known(const struct thm_server *s, const char *to)
{
    if (thm_user_find(s, to, thm_say_user_len(to)) != 0)
        return KNOWN_YES;
    if (s->config.store->records)
        return KNOWN_BY_RECORD;
    return s->now - s->started < COMING_BACK_MS ? KNOWN_YES : KNOWN_NOT;
}

uint32_t thm_say_inbox(struct thm_server *s, const char *to)
{
    char inbox[THM_ROOM_MAX + 1] = "@";
    size_t len = thm_say_user_len(to);

    memcpy(inbox + 1, to, len);
    return thm_stream_need(s, inbox, 1 + len);
}

/* Adds the inbox of the receiver to the streams that a whisper goes to. False: no more can be held. */
static bool add_receiver(struct thm_server *s, struct job *j)
{
    uint32_t target = thm_say_inbox(s, j->to);

    if (target == 0)
        return false;
    if (target == j->stream[0])
        return true;
    j->stream[1] = target;
    j->streams = 2;
    thm_stream_hold(s, target);
    return true;
}

/* Sends a whisper on its way to a receiver who is there. */
static void whisper(struct thm_server *s, struct connection *c, struct job *j)
{
    uint32_t member = thm_member_find(s, c, j->stream[0]);

    if (member == 0 || !add_receiver(s, j)) {
        thm_say_refused(s, c, j->csn, stream_at(s, j->stream[0])->name,
                        member == 0 ? THM_E_NO_ROOM : THM_E_LIMIT);
        thm_stream_release(s, j->stream[0]);
        thm_job_give(s, j);
        return;
    }
    if (j->csn != 0)
        member_at(s, member)->last_csn = j->csn;
    j->step = JOB_APPEND;
    if (stream_at(s, j->stream[j->streams - 1])->state != STREAM_OPEN)
        j->step = JOB_OPEN_TO_SAY;
    thm_append_queue(s, j);
}

void thm_say_ask_for_user(struct thm_server *s, struct job *j)
{
    j->request.op = THM_STORE_GET;
    j->request.record = (struct thm_store_record){
        .kind = THM_KIND_USER_RECORD, .key = j->to, .key_len = (uint8_t)thm_say_user_len(j->to)};
    j->request.buf = j->line[0];
    j->request.cap = sizeof j->line[0];
    thm_job_submit(s, j);
}

/* The store can't tell now. What its sender says next must not overtake it, for the higher csn would have it refused when
 * it is sent again; so it stays here, its sender's input waits on, and the store is asked again. */
static void ask_later(struct thm_server *s, struct connection *c, struct job *j)
{
    if (!j->unsure) {
        struct thm_msg m;
        thm_msg_init(&m, THM_MSG_ERROR);
        THM_SET(&m, CODE, thm_error_word(THM_E_STORE));
        THM_SET(&m, IN, "whisper");
        THM_SET(&m, REASON, "what you whisper waits: the store can't tell now who is there");
        thm_output_news(s, c, &m);
        thm_log_event(s, THM_LOG_ERROR, "store-failed", c, THM_E_STORE, "account");
    }
    j->unsure = true;
    j->next = s->ask_first;
    s->ask_first = j->number;
    s->ask_retry = s->now + STORE_RETRY_MS;
}

void thm_say_run(struct thm_server *s)
{
    uint32_t n = s->ask_first;

    if (n == 0 || s->ask_retry > s->now)
        return;
    s->ask_first = 0;
    s->ask_retry = 0;
    while (n != 0) {
        struct job *j = job_at(s, n);
        n = j->next;
        thm_say_ask_for_user(s, j);
    }
}

void thm_say_whisper(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    char own[THM_ROOM_MAX + 1] = "@", to[2 * THM_ID_MAX + 2];
    uint32_t member;

    strcpy(own + 1, c->tls.peer.user);
    thm_slice_copy(to, sizeof to, thm_msg_get(m, THM_KEY_TO));
    if (!check(s, c, m, own, &member))
        return;
    enum known known = thm_say_known(s, to);
    if (known == KNOWN_NOT) {
        thm_say_refused(s, c, thm_msg_get_num(m, THM_KEY_CSN, 0), own, THM_E_NO_USER);
        return;
    }
    struct job *j = thm_job_take(s, c, JOB_GET_TO_SAY, known == KNOWN_BY_RECORD);
    fill(s, c, j, m);
    j->stream[0] = member_at(s, member)->stream;
    j->streams = 1;
    thm_stream_hold(s, j->stream[0]);
    if (known == KNOWN_BY_RECORD)
        thm_say_ask_for_user(s, j);
    else
        whisper(s, c, j);
}

/* The store can't tell now what became of a csn: the client is to send it once more. */
static void say_later(struct thm_server *s, struct connection *c, uint32_t stream, int result)
{
    const struct stream *st = stream_at(s, stream);
    uint32_t member = thm_member_find(s, c, stream);
    struct thm_msg request;

    if (result == THM_E_STATE && member != 0) /* it forgot the stream, and every csn with it */
        member_at(s, member)->last_csn = thm_append_pending_csn(s, thm_sender_of(c), stream);
    thm_msg_init(&request, st->name[0] == '#' ? THM_MSG_SAY : THM_MSG_WHISPER);
    THM_SET(&request, ROOM, st->name);
    thm_input_error(s, c, &request, THM_E_STORE, NULL);
}

bool thm_say_found_user(struct thm_server *s, struct connection *c, struct job *j)
{
    char user[THM_ID_MAX + 1] = "";

    j->unsure = false;
    memcpy(user, j->to, thm_say_user_len(j->to));
    thm_wipe(j->line[0], sizeof j->line[0]); /* a verifier is in it */
    if (j->request.len == 0 && thm_user_find(s, user, strlen(user)) == 0)
        return false;
    thm_user_need(s, user); /* known from now on */
    j->waited_for = false;
    c->jobs--;
    thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
    return true;
}

/* The store has said whether there is such a user. True: the whisper goes on. */
static bool got_user(struct thm_server *s, struct connection *c, struct job *j)
{
    if (!thm_say_found_user(s, c, j)) {
        thm_say_refused(s, c, j->csn, stream_at(s, j->stream[0])->name, THM_E_NO_USER);
        return false;
    }
    whisper(s, c, j);
    return true;
}

/* What became of a repeated csn. */
static void looked_up(struct thm_server *s, struct connection *c, const struct job *j)
{
    if (j->request.n != 0)
        thm_say_taken(s, c, j->stream[0], j->csn, j->request.n, 0);
    else
        thm_say_refused(s, c, j->csn, stream_at(s, j->stream[0])->name, THM_E_CSN);
}

void thm_say_step(struct thm_server *s, struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);
    uint32_t stream = j->stream[0];

    if (c != NULL && c->state != CONN_ONLINE)
        c = NULL; /* it has heard the last word */
    if (c != NULL && j->step == JOB_GET_TO_SAY && j->request.result == THM_E_STORE) {
        ask_later(s, c, j);
        return;
    }
    if (c != NULL && j->request.result != THM_OK)
        say_later(s, c, stream, j->request.result);
    else if (c != NULL && j->step == JOB_FIND_REPEAT)
        looked_up(s, c, j);
    else if (c != NULL && got_user(s, c, j))
        return;
    thm_stream_release(s, stream);
    thm_job_give(s, j);
}
