#include "credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "files.h"
#include "thimble/enroll.h"

static int read_pem(const char *path, const char *option, char **text, size_t *len, char *why,
                    size_t cap)
{
    *text = file_read(path, len);
    if (!*text) {
        snprintf(why, cap, "can't read %s: %s (--%s names it)", path, strerror(errno), option);
        return THM_E_CONFIG;
    }
    if (!strstr(*text, "-----BEGIN ")) {
        snprintf(why, cap, "%s: %s", path, thm_error_text(THM_E_PEM));
        return THM_E_PEM;
    }
    return THM_OK;
}

/* The file, or the two of them, that an error of thm_credentials_load() is about. */
static void name_fault(const struct credential_files *files, int code, char *why, size_t cap)
{
    bool of_ca = code == THM_E_CA || (code == THM_E_LIMIT && files->users_cafile);
    const char *file = of_ca ? files->cafile : code == THM_E_KEY ? files->key : files->cert;
    const char *other = of_ca ? files->users_cafile : NULL;
    snprintf(why, cap, "%s%s%s: %s", file, other ? " or " : "", other ? other : "",
             thm_error_text(code));
}

static void erase(char *text, size_t len)
{
    volatile char *p = text;
    while (text && len-- > 0)
        *p++ = 0;
}

/* What the files hold. */
struct pem {
    char *ca, *cert, *key;
    size_t ca_len, cert_len, key_len;
};

/* Appends the CAs of users only. */
static int add_users_ca(struct pem *pem, const char *path, char *why, size_t cap)
{
    char *more = NULL;
    size_t len = 0;
    int result = read_pem(path, "users-cafile", &more, &len, why, cap);
    if (result == THM_OK) {
        char *both = text_format("%s\n%s", pem->ca, more);
        free(pem->ca);
        pem->ca = both;
        pem->ca_len = strlen(both);
    }
    free(more);
    return result;
}

static int read_files(struct pem *pem, const struct credential_files *files, char *why, size_t cap)
{
    int result = read_pem(files->cafile, "cafile", &pem->ca, &pem->ca_len, why, cap);
    if (result == THM_OK && files->users_cafile)
        result = add_users_ca(pem, files->users_cafile, why, cap);
    if (result == THM_OK)
        result = read_pem(files->cert, "cert", &pem->cert, &pem->cert_len, why, cap);
    if (result == THM_OK)
        result = read_pem(files->key, "key", &pem->key, &pem->key_len, why, cap);
    return result;
}

int credentials_read(struct thm_credentials *c, const struct credential_files *files,
                     enum thm_role role, char *why, size_t cap)
{
    struct pem pem = {0};
    int result = read_files(&pem, files, why, cap);
    if (result == THM_OK) {
        result = thm_credentials_load(c, pem.ca, pem.ca_len, pem.cert, pem.cert_len, pem.key,
                                      pem.key_len, role);
        if (result != THM_OK)
            name_fault(files, result, why, cap);
        if (result == THM_E_ROLE)
            snprintf(why, cap, "%s is not a %s certificate: thimble-ca %s makes one", files->cert,
                     role == THM_FOR_SERVER ? "server's" : "user's",
                     role == THM_FOR_SERVER ? "server" : "user");
    }
    erase(pem.key, pem.key_len);
    free(pem.ca);
    free(pem.cert);
    free(pem.key);
    return result;
}

#define DAY_S       86400
#define WARN_BEFORE (30 * DAY_S) /* of one that nobody renews */
#define WARN_LATEST (15 * DAY_S) /* of one that renews itself */

/* "ali@default", or the server's first name: what thimble-ca calls the certificate. */
static void name_of(const struct thm_credentials *c, char *name, size_t cap)
{
    const struct thm_identity *who = thm_credentials_identity(c);
    if (who->user[0])
        snprintf(name, cap, "%s@%s", who->user, who->device);
    else
        thm_credentials_server_name(c, name, cap);
}

/* When its end is worth a word: of one that renews itself, when half of the time for that has gone by in vain. */
static int64_t warn_at(int64_t end, uint64_t renew_at_s)
{
    int64_t half = (end - (int64_t)renew_at_s) / 2;
    if (renew_at_s == 0)
        return end - WARN_BEFORE;
    return end - (half < WARN_LATEST ? half : WARN_LATEST);
}

static void say_end(const struct thm_credentials *c, bool renews, bool ended, char *text,
                    size_t cap)
{
    time_t end = (time_t)thm_credentials_identity(c)->not_after;
    char date[32], name[THM_HOST_MAX];
    name_of(c, name, sizeof name);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&end));
    if (!renews)
        snprintf(text, cap,
                 "the certificate of %s %s on %s: 'thimble-ca renew --dir DIR %s' makes a new one",
                 name, ended ? "ended" : "ends", date, name);
    else if (ended)
        snprintf(text, cap,
                 "the certificate of %s ended on %s: ask whoever runs the server for another "
                 "invitation, or certificate",
                 name, date);
    else
        snprintf(
            text, cap,
            "the certificate of %s ends on %s, and was not renewed yet: that happens by itself "
            "while you are in the chat; if it does not, tell whoever runs the server",
            name, date);
}

void credentials_check(const struct thm_credentials *c, const struct credential_files *files,
                       uint64_t renew_at_s, void (*say)(void *ctx, bool ended, const char *text),
                       void *ctx)
{
    int64_t end = (int64_t)thm_credentials_identity(c)->not_after, now = time(NULL);
    char text[1024];
    struct stat key;
    if (now >= warn_at(end, renew_at_s)) {
        say_end(c, renew_at_s != 0, now > end, text, sizeof text);
        say(ctx, now > end, text);
    }
    if (stat(files->key, &key) == 0 && (key.st_mode & S_IROTH)) {
        snprintf(text, sizeof text, "everybody on this machine can read the key %s: chmod o= %s",
                 files->key, files->key);
        say(ctx, false, text);
    }
}
