#include "claim.h"

#include "firmware.h"

#if THM_ENROLL

#include "util/divide.h"
#include "util/text.h"
#include "wire/words.h"

#define RETRY_MS 60000u /* after the storage failed */

static uint64_t utc_s(struct firmware *f)
{
    uint64_t ms = 0;
    f->port.base.ops->utc(&f->port.base, &ms);
    return thm_divide(ms, 1000);
}

/* --- what the next start is for --------------------------------------------------------------------- */

bool claim_find(struct firmware *f)
{
    struct thm_credential_parts *parts = &f->provision.parts;
    struct identity_content *c = &f->claim.identity.content;
    f->claim.found = (int16_t)identity_load(&f->claim.identity, f->provision.claim);
    parts->key = f->claim.found == THM_OK ? c->key : NULL;
    parts->chain_len = c->certificate_len > 0;
    parts->chain[0].der = c->certificate;
    parts->chain[0].len = c->certificate_len;
    parts->identity = c->who;
    return c->who.user[0] != '\0';
}

/* Without a certificate, or with one that is of no use, the way leads by the invitation. */
static bool is_to_enrol(struct firmware *f)
{
    const struct identity_content *c = &f->claim.identity.content;
    bool ended = c->certificate_len > 0 && utc_s(f) >= c->who.not_after;
    if (ended)
        firmware_say(f, THM_T("! this board's certificate has ended"), NULL, NULL);
    return c->certificate_len == 0 || ended || f->claim.rejected;
}

/* Credentials of the invitation: its key and what is shown of it, and the CAs. */
static int set_bootstrap(struct firmware *f)
{
    const struct identity_first *first = &f->claim.identity.content.first;
    struct thm_credential_parts parts = f->provision.parts;
    identity_begin(&f->claim.identity, f->provision.claim);
    parts.key = first->key;
    parts.chain_len = 1;
    parts.chain[0].der = first->shown;
    parts.chain[0].len = first->shown_len;
    parts.identity.user[0] = '\0';
    return thm_credentials_set(&f->credentials, &parts, THM_FOR_ENROLMENT);
}

/* What a client sends that is to enrol. */
static const uint8_t *request(const struct firmware *f)
{
    return f->claim.enrols ? f->claim.identity.content.first.request : NULL;
}

static int choose(struct firmware *f)
{
    struct claim *k = &f->claim;
    int code = k->found;
    if (code == THM_E_PORT)
        return code;
    k->enrols = is_to_enrol(f);
    k->ended = false;
    k->taken = THM_OK;
    if (!k->enrols)
        return thm_credentials_set(&f->credentials, &f->provision.parts, THM_FOR_CLIENT);
    firmware_say(f, THM_T("* asking for this board's certificate"), NULL, NULL);
    if (code == THM_E_KEY)
        code = identity_bear(&k->identity, &f->port.base, f->provision.claim);
    return code == THM_OK ? set_bootstrap(f) : code;
}

int claim_open(struct firmware *f, struct thm_client_config *config)
{
    const struct identity_content *c = &f->claim.identity.content;
    int code = choose(f);
    config->request = request(f);
    config->request_len = c->first.request_len;
    config->renew_at_s = c->renew_at_s;
    return code;
}

bool claim_ready(struct firmware *f)
{
    const struct identity_content *c = &f->claim.identity.content;
    if (!f->claim.ended)
        return true;
    claim_find(f);
    int code = choose(f);
    if (code == THM_OK)
        code = thm_client_prepare(&f->client, &f->credentials, request(f), c->first.request_len,
                                  c->renew_at_s);
    if (code == THM_OK)
        return true;
    f->claim.ended = true;
    f->start_at = f->now + RETRY_MS;
    firmware_say(f, THM_T("! can't start again: "), thm_error_text(code), NULL);
    return false;
}

/* --- answers ---------------------------------------------------------------------------------------- */

static void say_approval(struct firmware *f)
{
    const struct identity_first *first = &f->claim.identity.content.first;
    char digits[24];
    struct thm_text t;
    if (f->claim.awaits)
        return;
    f->claim.awaits = true;
    thm_text_init(&t, digits, sizeof digits);
    thm_text_uint(&t, thm_enroll_code(first->request, first->request_len), 6);
    firmware_say(f, THM_T("* somebody has to approve this board, by its code "), digits, NULL);
}

static void say_reason(struct firmware *f, const struct thm_client_event *e)
{
    char reason[2 * THM_SHORT_MAX];
    struct thm_slice s = thm_msg_get(e->msg, THM_KEY_REASON);
    thm_text_display(s.data, s.len, false, reason, sizeof reason);
    firmware_say(f, THM_T("! the certificate is not renewed: "),
                 s.len > 0 ? reason : thm_error_text(e->code), NULL);
}

/* The session goes on by the new one; nothing else changes. */
static void use_renewed(struct firmware *f)
{
    const struct identity_content *c = &f->claim.identity.content;
    struct thm_credential_parts *parts = &f->provision.parts;
    parts->chain[0].len = c->certificate_len;
    parts->identity = c->who;
    thm_credentials_set(&f->credentials, parts, THM_FOR_CLIENT);
    thm_client_set_credentials(&f->client, &f->credentials, c->renew_at_s);
    firmware_say(f, THM_T("* this board's certificate is renewed"), NULL, NULL);
}

/* A renewed one is used also when it can't be stored: it lies where the former one did. */
static void take(struct firmware *f, const struct thm_client_event *e)
{
    struct claim *k = &f->claim;
    int code = identity_take(&k->identity, e, utc_s(f), !k->enrols);
    k->taken = (int16_t)(code == THM_OK ? CLAIM_AGAIN : code);
    if (code == THM_E_PORT)
        firmware_say(f, THM_T("! the storage can't be written"), NULL, NULL);
    else if (code == THM_E_EXPIRED)
        firmware_say(f, THM_T("! the certificate that came has ended, or is no newer"), NULL, NULL);
    else if (code != THM_OK)
        firmware_say(f, THM_T("! the certificate that came is of no use: "), thm_error_text(code),
                     NULL);
    if (!k->enrols && (code == THM_OK || code == THM_E_PORT))
        use_renewed(f);
}

static void on_issued(struct firmware *f, const struct thm_client_event *e)
{
    if (e->code == THM_OK)
        take(f, e);
    else if (e->code == THM_E_APPROVAL)
        say_approval(f);
    else if (!f->claim.enrols)
        say_reason(f, e);
}

/* --- ends ------------------------------------------------------------------------------------------- */

static void say_who(struct firmware *f)
{
    const struct thm_identity *who = &f->claim.identity.content.who;
    char name[sizeof who->user + sizeof who->device];
    struct thm_text t;
    thm_text_init(&t, name, sizeof name);
    thm_text_str(&t, who->user);
    thm_text_char(&t, '@');
    thm_text_str(&t, who->device);
    firmware_say(f, THM_T("* this board is "), name, THM_T(" now"));
}

/* What the server refuses for good, in words or by an alert, no other attempt gets either. */
static void say_cure(struct firmware *f, const struct thm_client_event *e)
{
    if (e->code == THM_E_INVITATION)
        firmware_say(f, THM_T("! the server does not know this invitation, or not any more"), NULL,
                     NULL);
    if (e->code == THM_E_INVITATION || e->msg)
        firmware_say(f, THM_T("! flash another one, made by thimble-ca board --claim"), NULL, NULL);
    if (e->code == THM_E_ALPN)
        firmware_say(f, THM_T("! nobody can join by that server"), NULL, NULL);
}

static int on_enrolled(struct firmware *f, const struct thm_client_event *e)
{
    f->claim.rejected = false;
    if (f->claim.taken == CLAIM_AGAIN)
        say_who(f);
    else if (f->claim.taken == THM_OK)
        say_cure(f, e);
    return f->claim.taken != THM_OK ? f->claim.taken : e->code;
}

int claim_ended(struct firmware *f, const struct thm_client_event *event)
{
    f->claim.renews = false;
    f->claim.ended = true;
    if (f->claim.enrols)
        return on_enrolled(f, event);
    f->claim.rejected = event->code == THM_E_CERT_REJECTED;
    return f->claim.rejected ? CLAIM_AGAIN : event->code;
}

bool claim_hides(const struct thm_client_event *event)
{
    return event->code == THM_E_APPROVAL || event->code == THM_E_INVITATION;
}

void claim_event(struct firmware *f, const struct thm_client_event *event)
{
    if (event->kind == THM_CLIENT_RENEWS)
        f->claim.renews = true;
    if (event->kind == THM_CLIENT_ISSUED)
        on_issued(f, event);
}

/* --- renewal ---------------------------------------------------------------------------------------- */

/* By itself, so that its memory does not lie below a handshake's all the time. */
static __attribute__((noinline)) void ask(struct firmware *f)
{
    uint8_t request[THM_BOOTSTRAP_MAX];
    size_t len = thm_enroll_request(f->claim.identity.content.key, request);
    if (thm_client_enroll(&f->client, request, len) != THM_E_LIMIT)
        f->claim.renews = false;
}

void claim_turn(struct firmware *f)
{
    if (f->claim.renews)
        ask(f);
}

#endif
