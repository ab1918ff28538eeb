#include "desk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/base64.h"

#define TOKEN 1000u /* thousandths */

void desk_open(struct desk *desk, struct log *log, struct issuer *issuer, int64_t lifetime_s,
               struct option_rate limit)
{
    *desk = (struct desk){.log = log, .issuer = issuer, .lifetime_s = lifetime_s, .limit = limit};
    desk->tokens = (uint64_t)limit.burst * TOKEN;
}

/* --- the limit ---------------------------------------------------------------------------------- */

static bool may_sign(struct desk *desk, uint64_t now_ms)
{
    uint64_t most = (uint64_t)desk->limit.burst * TOKEN;
    if (desk->limit.rate == 0)
        return true;
    if (desk->filled_ms == 0 || now_ms < desk->filled_ms)
        desk->filled_ms = now_ms;
    uint64_t passed = now_ms - desk->filled_ms, full = most / desk->limit.rate + 1;
    desk->tokens += desk->limit.rate * (passed < full ? passed : full);
    if (desk->tokens > most)
        desk->tokens = most;
    desk->filled_ms = now_ms;
    return desk->tokens >= TOKEN;
}

/* Once, until it is over: who asks more than he may shall not fill the log either. */
static void note_limit(struct desk *desk, bool reached)
{
    if (desk->short_of == reached)
        return;
    desk->short_of = reached;
    if (reached)
        log_note(desk->log, THM_LOG_WARNING, "limit",
                 "more signatures are asked for than --limit allows: look who enrols");
    else
        log_note(desk->log, THM_LOG_INFO, "limit", "signatures are within --limit again");
}

/* --- one request -------------------------------------------------------------------------------- */

struct job {
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1];
    size_t len;
    uint8_t request[THM_CSR_MAX];
    const char *why;
    struct issued issued;
};

static bool take(char to[THM_ID_MAX + 1], const char *from, const char *end)
{
    size_t len = (size_t)(end - from);
    if (len > THM_ID_MAX || memchr(from, '\0', len))
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

static enum issue_result read_job(struct job *job, const char *line, size_t len)
{
    static const char verb[] = "sign ";
    const char *end = line + len, *name = line + sizeof verb - 1;
    job->why = "write it as '" DESK_FORMAT "', the request in Base64";
    if (len < sizeof verb || memcmp(line, verb, sizeof verb - 1) != 0)
        return ISSUE_NAME;
    const char *at = memchr(name, '@', (size_t)(end - name));
    const char *blank = at ? memchr(at, ' ', (size_t)(end - at)) : NULL;
    if (!blank)
        return ISSUE_NAME;
    job->why = "a user and a device have 1 to 32 of a-z 0-9 . _ -, a letter or digit first";
    if (!take(job->user, name, at) || !take(job->device, at + 1, blank))
        return ISSUE_NAME;
    job->why = "the request is not Base64, or longer than a request may be";
    return thm_base64_read(blank + 1, (size_t)(end - blank) - 1, job->request, sizeof job->request,
                           &job->len)
               ? ISSUE_OK
               : ISSUE_REQUEST;
}

static void log_job(struct desk *desk, const struct job *job, enum issue_result result)
{
    char text[2 * THM_KEY_HASH + 64] = "key ", date[32];
    struct thm_log_record record = {.level = THM_LOG_WARNING,
                                    .event = "refused",
                                    .user = job->user,
                                    .device = job->device,
                                    .detail = job->why};
    if (result == ISSUE_OK) {
        time_t until = (time_t)job->issued.not_after;
        struct thm_text hash;
        thm_text_init(&hash, text + 4, sizeof text - 4);
        thm_text_hex(&hash, job->issued.key_hash, sizeof job->issued.key_hash);
        strftime(date, sizeof date, ", until %Y-%m-%dT%H:%M:%SZ", gmtime(&until));
        thm_text_str(&hash, date);
        record.level = THM_LOG_INFO;
        record.event = "signed";
        record.detail = text;
    }
    log_record(desk->log, &record);
}

static void print_refusal(struct thm_text *t, enum issue_result result, const char *why)
{
    static const char *const words[] = {[ISSUE_NAME] = "argument",
                                        [ISSUE_REQUEST] = "certificate-request",
                                        [ISSUE_SIGNER] = "signer"};
    thm_text_str(t, "error ");
    thm_text_str(t, words[result]);
    thm_text_str(t, " ");
    thm_text_str(t, why);
}

static void print_issued(struct thm_text *t, const struct issued *issued)
{
    thm_text_str(t, "ok ");
    thm_text_hex(t, issued->key_hash, sizeof issued->key_hash);
    thm_text_str(t, " ");
    thm_text_uint(t, (uint64_t)issued->not_after, 0);
    thm_text_str(t, " ");
    thm_text_base64(t, issued->certificate, issued->len);
}

size_t desk_answer(struct desk *desk, const char *line, size_t len, int64_t now_s, uint64_t now_ms,
                   char answer[DESK_LINE])
{
    struct job job = {.why = ""};
    struct thm_text t;
    enum issue_result result = read_job(&job, line, len);
    bool allowed = result != ISSUE_OK || may_sign(desk, now_ms);
    if (!allowed) {
        result = ISSUE_SIGNER;
        job.why = "too many signatures are asked for: try again later";
        note_limit(desk, true);
    } else if (result == ISSUE_OK) {
        result = issue(desk->issuer, job.user, job.device, job.request, job.len, now_s,
                       desk->lifetime_s, &job.issued, &job.why);
    }
    if (result == ISSUE_OK && desk->limit.rate > 0) {
        desk->tokens -= TOKEN;
        if (desk->tokens >=
            (uint64_t)desk->limit.burst * TOKEN / 2) /* not once for each that trickles in */
            note_limit(desk, false);
    }
    if (allowed)
        log_job(desk, &job, result);
    thm_text_init(&t, answer, DESK_LINE);
    if (result == ISSUE_OK)
        print_issued(&t, &job.issued);
    else
        print_refusal(&t, result, job.why);
    thm_text_str(&t, "\n");
    return t.len;
}
