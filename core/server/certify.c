/*
 * Certificates: the first one of who was invited, and the next one of who has one. Somebody else makes them (config.sign); here
 * it is decided whom they name, and an invitation is used once: what it was used for, and what came of it, are written together
 * before anybody is told. Whoever missed the answer asks again with the same request, and gets the same.
 */
#include "server/internal.h"

#include <bearssl.h>
#include <stddef.h>
#include <string.h>

#include "util/base64.h"

/* What who comes too early is told to wait, seconds; and who waits for somebody's approval. */
#define RETRY_S    2
#define APPROVAL_S 5
/* A reason to come again has no code of its own beyond this. */
#define NO_RETRY (-1)

_Static_assert(offsetof(struct enrolment, record) == 0 && THM_RECORD_MAX <= THM_LINE_MAX,
               "a job's first line is where the store reads and writes a record");

static struct enrolment *enrolment_of(struct job *j)
{
    return &j->enrolment;
}

/* --- answers --------------------------------------------------------------------------------- */

/* An answer on a connection of an invitation is the last word there. */
static void answer(struct thm_server *s, struct connection *c, const struct thm_msg *m, int code)
{
    if (c->state != CONN_ENROLLING) {
        thm_output_msg(s, c, m);
        return;
    }
    thm_output_last(s, c, m);
    thm_conn_end(s, c, code);
}

static void refuse(struct thm_server *s, struct connection *c, int code, int64_t retry_s)
{
    struct thm_msg m;

    if (code != THM_E_APPROVAL) /* which is asked for again and again */
        thm_log_event(s, THM_LOG_WARNING, "not-certified", c, code, NULL);
    thm_msg_init(&m, THM_MSG_ENROLL_REPLY);
    THM_SET(&m, STATUS, code == THM_E_APPROVAL ? "CONTINUE" : "REFUSED");
    THM_SET(&m, CODE, thm_error_word(code));
    THM_SET(&m, REASON, thm_error_text(code));
    if (retry_s >= 0)
        thm_msg_num(&m, THM_KEY_RETRY_AFTER, (uint64_t)retry_s);
    answer(s, c, &m, code == THM_E_APPROVAL ? THM_OK : code);
}

static void grant(struct thm_server *s, struct connection *c, const char *user, const char *device,
                  struct thm_slice certificate)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_ENROLL_REPLY);
    THM_SET(&m, STATUS, "GRANTED");
    THM_SET(&m, USERID, user);
    THM_SET(&m, DEVICE, device);
    thm_msg_str(&m, THM_KEY_CERTIFICATE, certificate.data, certificate.len);
    answer(s, c, &m, THM_OK);
}

/* --- the job --------------------------------------------------------------------------------- */

/* Whoever still waits for it. */
static struct connection *waits_for(struct thm_server *s, const struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    return c != NULL && (c->state == CONN_ENROLLING || c->state == CONN_ONLINE) ? c : NULL;
}

static void done(struct thm_server *s, struct job *j)
{
    uint32_t invite = enrolment_of(j)->invite;

    if (invite != 0 && invite_at(s, invite)->signing == j->number)
        invite_at(s, invite)->signing = 0;
    thm_job_give(s, j);
}

static void fail(struct thm_server *s, struct job *j, int code, int64_t retry_s)
{
    struct connection *c = waits_for(s, j);

    if (c != NULL)
        refuse(s, c, code, retry_s);
    done(s, j);
}

/* Notes which key it was made for, before anybody gets it. */
static void put_key(struct thm_server *s, struct job *j)
{
    struct enrolment *e = enrolment_of(j);
    size_t key_len = thm_key_record(&e->signing, s->utc_ms, j->text, &e->key);

    j->step = JOB_PUT_KEY;
    j->request.op = THM_STORE_PUT;
    j->request.record = (struct thm_store_record){.kind = THM_KIND_KEY_RECORD,
                                                  .key = j->text,
                                                  .key_len = (uint8_t)key_len,
                                                  .value = e->key.text,
                                                  .value_len = e->key.len};
    thm_job_submit(s, j);
}

/* --- how many keys a device has ---------------------------------------------------------------- */

/* The next page of them, from the last one that was seen on. */
static void list_keys(struct thm_server *s, struct job *j)
{
    struct enrolment *e = enrolment_of(j);

    j->step = JOB_LIST_KEYS;
    j->request.op = THM_STORE_LIST;
    j->request.record =
        (struct thm_store_record){.kind = THM_KIND_KEY_RECORD,
                                  .key = j->text + THM_RECORD_KEY,
                                  .key_len = j->key_len,
                                  .prefix = j->text,
                                  .prefix_len = (uint8_t)thm_key_prefix(&e->signing, j->text)};
    j->request.buf = e->listed;
    j->request.cap = sizeof e->listed;
    thm_job_submit(s, j);
}

/* Whoever has a device could have as many keys certified as he likes, each of which is kept here and has to be denied. */
static void listed_keys(struct thm_server *s, struct job *j)
{
    struct enrolment *e = enrolment_of(j);
    struct thm_record record;
    bool any = false;

    for (size_t at = 0; thm_record_next(&j->request, &at, &record); any = true) {
        e->others += thm_key_is_other(&record, e->signing.key_hash, s->utc_ms);
        memcpy(j->text + THM_RECORD_KEY, record.key, record.key_len);
        j->key_len = (uint8_t)record.key_len;
    }
    if (e->others >= THM_DEVICE_KEYS)
        fail(s, j, THM_E_LIMIT, NO_RETRY);
    else if (any)
        list_keys(s, j);
    else
        put_key(s, j);
}

/* --- the store, and who signs --------------------------------------------------------------------- */

/* Hands the record of its invitation to the store, or asks for it. */
static void submit(struct thm_server *s, struct job *j, enum job_step step)
{
    struct enrolment *e = enrolment_of(j);

    j->step = (uint8_t)step;
    thm_invite_key(invite_at(s, e->invite)->id, j->text);
    j->request.op = step == JOB_PUT_INVITE ? THM_STORE_PUT : THM_STORE_GET;
    j->request.record = (struct thm_store_record){.kind = THM_KIND_INVITE_RECORD,
                                                  .key = j->text,
                                                  .key_len = THM_INVITE_KEY,
                                                  .value = e->record,
                                                  .value_len = (uint16_t)e->record_len};
    j->request.buf = e->record;
    j->request.cap = sizeof e->record;
    thm_job_submit(s, j);
}

static void sign(struct thm_server *s, struct job *j)
{
    struct enrolment *e = enrolment_of(j);

    j->step = JOB_SIGN;
    s->signings++;
    if (s->signings <= s->config.signings && s->config.sign(s->config.sign_ctx, &e->signing))
        return;
    s->signings--;
    fail(s, j, THM_E_SIGNER, RETRY_S);
}

/* --- an invitation ---------------------------------------------------------------------------- */

/* The invitation of a job as its record says it. False: it can't be read. */
static bool read_invite(struct job *j, struct invite_record *invite, struct thm_fields *fields)
{
    const struct enrolment *e = enrolment_of(j);

    fields->len = (uint16_t)e->record_len;
    memcpy(fields->text, e->record, e->record_len);
    return e->record_len > 0 && thm_invite_read(invite, fields);
}

/* It was used: for this very request, then its answer was lost; or for another one. */
static void answer_again(struct thm_server *s, struct job *j, const struct invite_record *invite)
{
    struct connection *c = waits_for(s, j);

    if (memcmp(invite->request, enrolment_of(j)->request_hash, THM_KEY_HASH) != 0) {
        fail(s, j, THM_E_INVITATION_USED, NO_RETRY);
        return;
    }
    if (c != NULL)
        grant(s, c, invite->user, invite->device, invite->certificate);
    done(s, j);
}

static void got_invite(struct thm_server *s, struct job *j)
{
    struct enrolment *e = enrolment_of(j);
    struct invite *known = invite_at(s, e->invite);
    struct thm_fields fields;
    struct invite_record invite;

    e->record_len = j->request.len;
    if (!read_invite(j, &invite, &fields)) {
        fail(s, j, THM_E_INVITATION, NO_RETRY);
    } else if (invite.used) {
        answer_again(s, j, &invite);
    } else if (invite.revoked || known->revoked) {
        fail(s, j, THM_E_INVITATION_REVOKED, NO_RETRY);
    } else if (s->utc_ms >= invite.expires_ms) {
        fail(s, j, THM_E_INVITATION_EXPIRED, NO_RETRY);
    } else if (known->signing != 0) { /* by somebody else, or by an answer that is on its way */
        fail(s, j, THM_E_SIGNER, RETRY_S);
    } else {
        known->signing = j->number;
        strcpy(e->signing.user, invite.user);
        strcpy(e->signing.device, invite.device);
        sign(s, j);
    }
}

/* The certificate is made: the invitation is used from now on, and answers with it. */
static void use_invite(struct thm_server *s, struct job *j)
{
    struct enrolment *e = enrolment_of(j);
    char text[THM_BASE64_LEN(THM_ISSUED_MAX) + 1];
    struct thm_fields fields;
    struct invite_record invite;
    struct thm_text t;

    read_invite(j, &invite, &fields); /* as before */
    thm_text_init(&t, text, sizeof text);
    thm_text_base64(&t, e->signing.certificate, e->signing.certificate_len);
    invite.used = true;
    memcpy(invite.request, e->request_hash, THM_KEY_HASH);
    invite.certificate = (struct thm_slice){text, t.len};
    thm_invite_write(&invite, &fields);
    memcpy(e->record, fields.text, fields.len);
    e->record_len = fields.len;
    submit(s, j, JOB_PUT_INVITE);
}

/* --- what a request has come to ----------------------------------------------------------------- */

static void log_certified(struct thm_server *s, const struct job *j, const struct connection *c,
                          const char *event)
{
    const struct thm_signing *signing = &j->enrolment.signing;

    if (s->config.log != NULL)
        s->config.log(s->config.log_ctx,
                      &(struct thm_log_record){.level = THM_LOG_INFO,
                                               .event = event,
                                               .connection = j->serial,
                                               .address = c != NULL ? &c->address : NULL,
                                               .user = signing->user,
                                               .device = signing->device,
                                               .key_hash = signing->key_hash});
}

/* It is made, and kept where it has to be: who waits gets it. */
static void certified(struct thm_server *s, struct job *j, const char *event)
{
    const struct thm_signing *signing = &j->enrolment.signing;
    char text[THM_BASE64_LEN(THM_ISSUED_MAX) + 1];
    struct connection *c = waits_for(s, j);
    struct thm_text t;

    log_certified(s, j, c, event);
    thm_text_init(&t, text, sizeof text);
    thm_text_base64(&t, signing->certificate, signing->certificate_len);
    if (c != NULL)
        grant(s, c, signing->user, signing->device, (struct thm_slice){text, t.len});
    done(s, j);
}

/* It was not made. */
static void not_signed(struct thm_server *s, struct job *j, int result)
{
    bool final = result == THM_E_CSR || result == THM_E_NOT_ALLOWED;

    if (!final && result != THM_E_APPROVAL)
        result = THM_E_SIGNER;
    fail(s, j, result, final ? NO_RETRY : result == THM_E_APPROVAL ? APPROVAL_S : RETRY_S);
}

void thm_server_signed(struct thm_server *s, struct thm_signing *signing)
{
    struct job *j =
        (struct job *)(void *)((unsigned char *)signing - offsetof(struct job, enrolment.signing));
    bool whole = signing->certificate_len > 0 && signing->certificate_len <= THM_ISSUED_MAX;

    s->signings--;
    if (signing->result != THM_OK || !whole)
        not_signed(s, j, signing->result);
    else if (thm_tls_domain_denies(s->tls, signing->key_hash))
        fail(s, j, THM_E_REVOKED, NO_RETRY);
    else if (j->enrolment.invite == 0)
        list_keys(s, j);
    else
        put_key(s, j);
}

/* Whether the user whom it invites was removed while it was being used. */
static bool was_taken_back(const struct thm_server *s, const struct job *j)
{
    return j->step != JOB_GET_INVITE && j->enrolment.invite != 0 &&
           invite_at(s, j->enrolment.invite)->revoked;
}

void thm_certify_step(struct thm_server *s, struct job *j)
{
    int result = j->request.result;

    if (result != THM_OK) {
        thm_log_event(s, THM_LOG_ERROR, "store-failed", waits_for(s, j), result, "invitation");
        fail(s, j, THM_E_STORE, RETRY_S);
    } else if (j->step == JOB_GET_INVITE) {
        got_invite(s, j);
    } else if (was_taken_back(s, j)) {
        fail(s, j, THM_E_INVITATION_REVOKED, NO_RETRY);
    } else if (j->step == JOB_LIST_KEYS) {
        listed_keys(s, j);
    } else if (j->step == JOB_PUT_KEY && j->enrolment.invite != 0) {
        use_invite(s, j);
    } else if (j->step == JOB_PUT_KEY) {
        certified(s, j, "renewed");
    } else {
        invite_at(s, j->enrolment.invite)->used = true;
        certified(s, j, "enrolled");
    }
}

/* --- requests ---------------------------------------------------------------------------------- */

static void start(struct thm_server *s, struct connection *c, const struct thm_msg *m,
                  uint32_t invite)
{
    struct job *j = thm_job_take(s, c, JOB_GET_INVITE, true);
    struct enrolment *e = enrolment_of(j);
    struct thm_slice data = thm_msg_get(m, THM_KEY_DATA);
    br_sha256_context sha;

    memset(&e->signing, 0, sizeof e->signing);
    e->invite = invite;
    e->record_len = 0;
    e->others = 0;
    if (!thm_base64_read(data.data, data.len, e->signing.request, sizeof e->signing.request,
                         &e->signing.request_len) ||
        e->signing.request_len == 0) {
        fail(s, j, THM_E_CSR, NO_RETRY);
        return;
    }
    br_sha256_init(&sha);
    br_sha256_update(&sha, e->signing.request, e->signing.request_len);
    br_sha256_out(&sha, e->request_hash);
    if (invite != 0) {
        submit(s, j, JOB_GET_INVITE);
        return;
    }
    strcpy(e->signing.user, c->tls.peer.user);
    strcpy(e->signing.device, c->tls.peer.device);
    sign(s, j);
}

void thm_certify_request(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    if (s->config.sign == NULL)
        thm_input_error_saying(s, c, m, THM_E_SIGNER, NULL, "this server has no certificates made");
    else
        start(s, c, m, 0);
}

void thm_certify_line(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    uint32_t invite = thm_invite_find(s, c->tls.peer.key_hash);

    if (m->type == THM_MSG_QUIT) {
        thm_conn_end(s, c, THM_OK);
    } else if (m->type != THM_MSG_ENROLL_REQUEST) {
        thm_input_error_saying(s, c, m, THM_E_NOT_ALLOWED, NULL,
                               "an invitation is for one thing: enroll_request");
        thm_conn_end(s, c, THM_E_NOT_ALLOWED);
    } else if (!s->invites_known) {
        refuse(s, c, THM_E_STORE, RETRY_S);
    } else if (invite == 0) {
        refuse(s, c, THM_E_INVITATION, NO_RETRY);
    } else {
        start(s, c, m, invite);
    }
}
