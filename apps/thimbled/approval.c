#include "approval.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "thimble/enroll.h"

static uint64_t now_s(void)
{
    return (uint64_t)time(NULL);
}

static bool is_used(const struct approval *r)
{
    return r->user[0] != '\0';
}

static bool waits(const struct approval *r)
{
    return is_used(r) && !r->denied && r->certificate_len == 0;
}

static bool is_stale(const struct approval *r)
{
    return now_s() - r->last_s >= APPROVAL_FORGET_S;
}

static bool is_same(const struct approval *r, const struct thm_signing *s)
{
    return r->request_len == s->request_len && memcmp(r->request, s->request, s->request_len) == 0;
}

/* The place of a device's request, or one for it; NULL: all are taken. */
static struct approval *place_of(struct approvals *a, const struct thm_signing *s)
{
    struct approval *free = NULL;
    for (unsigned i = 0; i < APPROVAL_WAITING; i++) {
        struct approval *r = &a->all[i];
        if (is_used(r) && is_stale(r))
            memset(r, 0, sizeof *r);
        if (strcmp(r->user, s->user) == 0 && strcmp(r->device, s->device) == 0)
            return r;
        if (!is_used(r) && !free)
            free = r;
    }
    return free;
}

/* Once for each request, so that the operator need not look for it. */
static void announce(struct log *log, const struct approval *r)
{
    char text[64];
    const struct thm_log_record record = {.level = THM_LOG_WARNING,
                                          .event = "approval-wanted",
                                          .user = r->user,
                                          .device = r->device,
                                          .detail = text};
    snprintf(text, sizeof text, "code %06u: thimblectl approve",
             thm_enroll_code(r->request, r->request_len));
    log_record(log, &record);
}

static void begin(struct approval *r, const struct thm_signing *s)
{
    memset(r, 0, sizeof *r);
    memcpy(r->user, s->user, sizeof r->user);
    memcpy(r->device, s->device, sizeof r->device);
    memcpy(r->request, s->request, s->request_len);
    r->request_len = s->request_len;
    r->first_s = now_s();
}

/* What becomes of a request now. */
static int judge(const struct approvals *a, struct approval *r, struct thm_signing *s)
{
    if (!is_used(r) || (!is_same(r, s) && !waits(r))) {
        begin(r, s);
        announce(a->log, r);
    } else if (!is_same(r, s)) {
        return THM_E_SIGNER; /* another one of that device waits */
    }
    r->last_s = now_s();
    if (r->denied) {
        memset(r, 0, sizeof *r);
        return THM_E_NOT_ALLOWED;
    }
    if (r->certificate_len == 0)
        return THM_E_APPROVAL;
    memcpy(s->certificate, r->certificate, r->certificate_len);
    memcpy(s->key_hash, r->key_hash, sizeof s->key_hash);
    s->certificate_len = r->certificate_len;
    s->not_after_s = r->not_after_s;
    return THM_OK;
}

bool approval_sign(void *ctx, struct thm_signing *signing)
{
    struct approvals *a = ctx;
    if (a->asked_count == APPROVAL_WAITING)
        return false;
    a->asked[a->asked_count++] = signing;
    return true;
}

void approval_step(struct approvals *a, struct thm_server *server)
{
    for (unsigned i = 0; i < a->asked_count; i++) {
        struct thm_signing *s = a->asked[i];
        struct approval *r = place_of(a, s);
        s->result = r ? judge(a, r, s) : THM_E_SIGNER;
        thm_server_signed(server, s);
    }
    a->asked_count = 0;
}

const struct approval *approval_next(const struct approvals *a, uint32_t *at)
{
    while (*at < APPROVAL_WAITING) {
        const struct approval *r = &a->all[(*at)++];
        if (waits(r) && !is_stale(r))
            return r;
    }
    return NULL;
}

struct approval *approval_find(struct approvals *a, unsigned code)
{
    struct approval *found = NULL;
    for (unsigned i = 0; i < APPROVAL_WAITING; i++) {
        struct approval *r = &a->all[i];
        if (!waits(r) || is_stale(r) || thm_enroll_code(r->request, r->request_len) != code)
            continue;
        if (found)
            return NULL;
        found = r;
    }
    return found;
}

int approval_approve(struct approval *r, const uint8_t *der, size_t len)
{
    struct thm_identity who;
    uint8_t asked[THM_KEY_HASH];
    int code = len > sizeof r->certificate ? THM_E_LIMIT
                                           : thm_certificate_read(der, len, THM_FOR_CLIENT, &who);
    if (code != THM_OK)
        return code;
    if (strcmp(who.user, r->user) != 0 || strcmp(who.device, r->device) != 0)
        return THM_E_ROLE;
    if (!thm_enroll_requested_key(r->request, r->request_len, asked) ||
        memcmp(asked, who.key_hash, sizeof asked) != 0)
        return THM_E_KEY;
    memcpy(r->certificate, der, len);
    memcpy(r->key_hash, who.key_hash, sizeof r->key_hash);
    r->certificate_len = len;
    r->not_after_s = who.not_after;
    return THM_OK;
}
