#include "trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "files.h"

struct trust {
    struct trust *former;
    struct thm_credentials credentials;
    struct thm_denylist denylist;
};

static void free_one(struct trust *t)
{
    thm_credentials_wipe(&t->credentials);
    free(t->denylist.hashes);
    free(t);
}

static uint32_t count_lines(const char *text)
{
    uint32_t lines = 1;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static int read_denylist(struct trust *t, const char *path, char *why, size_t cap)
{
    size_t len;
    unsigned bad_line = 0;
    char *text = file_read(path, &len);
    if (!text) {
        snprintf(why, cap, "can't read %s: %s", path, strerror(errno));
        return THM_E_DENYLIST;
    }
    t->denylist.cap = count_lines(text);
    t->denylist.hashes = calloc(t->denylist.cap, THM_KEY_HASH);
    int code =
        t->denylist.hashes ? thm_denylist_parse(&t->denylist, text, len, &bad_line) : THM_E_MEMORY;
    if (code != THM_OK)
        snprintf(why, cap, "%s:%u: %s", path, bad_line, thm_error_text(code));
    free(text);
    return code;
}

int trust_load(struct trust **trust, struct thm_server *server, const struct settings *settings,
               char *why, size_t cap)
{
    const struct credential_files files = {settings->cafile, settings->cert, settings->key,
                                           settings->users_cafile};
    struct trust *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    int code = credentials_read(&t->credentials, &files, THM_FOR_SERVER, why, cap);
    if (code == THM_OK && settings->denylist)
        code = read_denylist(t, settings->denylist, why, cap);
    if (code != THM_OK) {
        free_one(t);
        return code;
    }
    thm_server_set_credentials(server, &t->credentials, &t->denylist);
    t->former = *trust;
    *trust = t;
    return THM_OK;
}

void trust_check(const struct trust *trust, const struct settings *settings,
                 void (*say)(void *ctx, bool ended, const char *text), void *ctx)
{
    const struct credential_files files = {settings->cafile, settings->cert, settings->key,
                                           settings->users_cafile};
    credentials_check(&trust->credentials, &files, 0, say, ctx);
}

void trust_tidy(struct trust *trust, const struct thm_server *server)
{
    while (trust && trust->former) {
        struct trust *former = trust->former;
        if (thm_server_uses(server, &former->credentials)) {
            trust = former;
            continue;
        }
        trust->former = former->former;
        free_one(former);
    }
}

void trust_free(struct trust *trust)
{
    while (trust) {
        struct trust *former = trust->former;
        free_one(trust);
        trust = former;
    }
}

unsigned trust_denied(const struct trust *trust)
{
    return trust->denylist.count;
}

bool trust_denies(const struct trust *trust, const uint8_t key_hash[THM_KEY_HASH])
{
    return thm_denylist_has(&trust->denylist, key_hash);
}

uint64_t trust_ends(const struct trust *trust)
{
    return (uint64_t)thm_credentials_identity(&trust->credentials)->not_after;
}

bool trust_here(const struct trust *trust, const struct settings *settings,
                struct thm_invitation *invitation, char *why, size_t cap)
{
    const char *host = settings->invite_host;
    if (!settings->signer && !settings->approve) {
        snprintf(why, cap,
                 "this server has no certificates made: start it with --signer, see "
                 "thimble-signd(8), or --approve");
        return false;
    }
    if (thm_credentials_server_name(&trust->credentials, invitation->server_name,
                                    sizeof invitation->server_name) == 0 ||
        !thm_credentials_ca_pin(&trust->credentials, invitation->ca)) {
        snprintf(why, cap, "%s names no server, or its CA is not in %s", settings->cert,
                 settings->cafile);
        return false;
    }
    if (!host)
        host = invitation->server_name;
    if (thm_invitation_host(invitation, host, strlen(host)) == THM_OK)
        return true;
    snprintf(why, cap, "invitations can't lead to %s: --invite-host says where, HOST or HOST:PORT",
             host);
    return false;
}

bool trust_vouches(const struct trust *trust, const uint8_t *der, size_t len)
{
    return thm_certificate_judge(&trust->credentials, der, len) == THM_OK;
}
