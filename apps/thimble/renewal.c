#include "renewal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thimble/enroll.h"

#include "files.h"
#include "issued.h"
#include "session.h"

/* --- whether and when --------------------------------------------------------------------------- */

/* A file of this user's in a folder where he may put another in its place. A link is somebody's arrangement. */
static bool is_ours(const char *path)
{
    struct stat file;
    char *folder = path_beside(path, ".");
    bool ours = lstat(path, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
                access(path, W_OK) == 0 && access(folder, W_OK) == 0;
    free(folder);
    return ours;
}

/* What is issued is one certificate: it can't stand for a chain. */
static bool is_single(const struct thm_credentials *c)
{
    size_t len;
    return !thm_credentials_der(c, 1, &len);
}

void renewal_open(struct session *s)
{
    const char *cert = s->settings->cert;
    struct renewal *r = &s->renewal;
    *r = (struct renewal){.possible = is_ours(cert) && is_single(s->credentials)};
    if (r->possible)
        r->at_s = issued_time(cert, thm_credentials_identity(s->credentials)->not_after);
}

/* --- asking ------------------------------------------------------------------------------------- */

static void ask(struct session *s)
{
    uint8_t key[THM_ENROLL_KEY], request[THM_BOOTSTRAP_MAX];
    size_t len;
    char *text = file_read(s->settings->key, &len);
    if (!text)
        return;
    if (thm_enroll_read_key(text, len, key) == THM_OK)
        s->renewal.asked =
            thm_client_enroll(&s->client, request, thm_enroll_request(key, request)) == THM_OK;
    explicit_bzero(key, sizeof key);
    explicit_bzero(text, len);
    free(text);
}

/* --- what came ---------------------------------------------------------------------------------- */

/* The one of the two that is not in use, once renewal_turn() has given up the former ones. */
static struct thm_credentials *spare(struct session *s)
{
    return s->credentials == &s->stock[0] ? &s->stock[1] : &s->stock[0];
}

/* Loads what came, if it is a longer life for the same device. */
static bool load(struct session *s, const struct thm_client_event *e, struct thm_credentials *fresh)
{
    const struct thm_identity *me = thm_credentials_identity(s->credentials);
    struct issued issued = {
        .der = e->certificate, .len = e->certificate_len, .user = me->user, .device = me->device};
    char why[256];
    char *ca = file_read(s->settings->cafile, &issued.ca_len);
    char *key = file_read(s->settings->key, &issued.key_len);
    issued.ca = ca;
    issued.key = key;
    bool good = ca && key && issued_load(fresh, &issued, why, sizeof why) &&
                thm_credentials_identity(fresh)->not_after > me->not_after;
    if (key)
        explicit_bzero(key, issued.key_len);
    free(key);
    free(ca);
    return good;
}

/* Puts it in the place of the former one, which is kept beside it. */
static bool keep(const char *cert, const unsigned char *der, size_t len, uint64_t renew_at)
{
    char pem[THM_PEM_MAX(THM_CERT_MAX)];
    struct stat file;
    size_t old_len;
    char *old = file_read(cert, &old_len), *aside = text_format("%s.old", cert);
    bool kept = old && len <= THM_CERT_MAX && is_ours(cert) && stat(cert, &file) == 0 &&
                file_replace(aside, old, old_len, file.st_mode & 0777) == 0 &&
                file_replace(cert, pem, thm_enroll_write_certificate(der, len, pem),
                             file.st_mode & 0777) == 0;
    if (kept)
        issued_keep_time(cert, renew_at);
    free(aside);
    free(old);
    return kept;
}

static void take(struct session *s, const struct thm_client_event *e)
{
    struct renewal *r = &s->renewal;
    struct thm_credentials *fresh = spare(s);
    if (r->next || r->former || !load(s, e, fresh))
        return;
    uint64_t at = issued_renew_at(thm_credentials_identity(fresh)->not_after);
    if (!keep(s->settings->cert, e->certificate, e->certificate_len, at))
        return; /* it is asked for again, and before the end the person is told */
    r->next = fresh;
    r->next_at_s = at;
}

void renewal_event(struct session *s, const struct thm_client_event *event)
{
    if (event->kind == THM_CLIENT_STATE || event->kind == THM_CLIENT_ISSUED)
        s->renewal.asked = false;
    if (event->kind == THM_CLIENT_RENEWS && s->renewal.possible)
        ask(s);
    if (event->kind == THM_CLIENT_ISSUED && event->code == THM_OK)
        take(s, event);
}

/* Direct sessions that shake hands go on with what they began with. */
static bool is_used(const struct session *s, const struct thm_credentials *credentials)
{
    return s->takes_calls && thm_tls_domain_uses(s->calls.domain, credentials);
}

static void take_up(struct session *s)
{
    struct renewal *r = &s->renewal;
    if (!r->next || !thm_client_set_credentials(&s->client, r->next, r->next_at_s))
        return;
    if (s->takes_calls)
        thm_calls_set_credentials(&s->calls, r->next);
    r->former = s->credentials;
    s->credentials = r->next;
    r->at_s = r->next_at_s;
    r->next = NULL;
}

void renewal_turn(struct session *s)
{
    struct renewal *r = &s->renewal;
    take_up(s);
    if (!r->former || is_used(s, r->former))
        return;
    thm_credentials_wipe(r->former);
    r->former = NULL;
}
