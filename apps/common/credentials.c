#include "credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "files.h"

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

/* The file that an error of thm_credentials_load() is about. */
static const char *at_fault(const struct credential_files *files, int code)
{
    if (code == THM_E_CA)
        return files->cafile;
    return code == THM_E_KEY ? files->key : files->cert;
}

static void erase(char *text, size_t len)
{
    volatile char *p = text;
    while (text && len-- > 0)
        *p++ = 0;
}

int credentials_read(struct thm_credentials *c, const struct credential_files *files,
                     enum thm_role role, char *why, size_t cap)
{
    char *ca = NULL, *cert = NULL, *key = NULL;
    size_t ca_len = 0, cert_len = 0, key_len = 0;
    int result = read_pem(files->cafile, "cafile", &ca, &ca_len, why, cap);
    if (result == THM_OK)
        result = read_pem(files->cert, "cert", &cert, &cert_len, why, cap);
    if (result == THM_OK)
        result = read_pem(files->key, "key", &key, &key_len, why, cap);
    if (result == THM_OK) {
        result = thm_credentials_load(c, ca, ca_len, cert, cert_len, key, key_len, role);
        if (result != THM_OK)
            snprintf(why, cap, "%s: %s", at_fault(files, result), thm_error_text(result));
        if (result == THM_E_ROLE)
            snprintf(why, cap, "%s is not a %s certificate: thimble-ca %s makes one", files->cert,
                     role == THM_FOR_SERVER ? "server's" : "user's",
                     role == THM_FOR_SERVER ? "server" : "user");
    }
    erase(key, key_len);
    free(ca);
    free(cert);
    free(key);
    return result;
}

/* "ali@default", or the HOST of "server/HOST.crt": what thimble-ca calls the certificate. */
static void name_of(const struct thm_identity *who, const char *cert, char *name, size_t cap)
{
    const char *slash = strrchr(cert, '/');
    const char *file = slash ? slash + 1 : cert;
    size_t len = strlen(file);
    if (len > 4 && strcmp(file + len - 4, ".crt") == 0)
        len -= 4;
    if (who->user[0])
        snprintf(name, cap, "%s@%s", who->user, who->device);
    else
        snprintf(name, cap, "%.*s", (int)len, file);
}

void credentials_check(const struct thm_credentials *c, const struct credential_files *files,
                       void (*say)(void *ctx, bool ended, const char *text), void *ctx)
{
    const struct thm_identity *who = thm_credentials_identity(c);
    time_t end = (time_t)who->not_after;
    double left = difftime(end, time(NULL));
    char text[1024], date[32], name[256];
    struct stat key;
    if (left <= CREDENTIALS_WARN_DAYS * 86400.0) {
        name_of(who, files->cert, name, sizeof name);
        strftime(date, sizeof date, "%Y-%m-%d", gmtime(&end));
        snprintf(text, sizeof text,
                 "the certificate of %s %s on %s: 'thimble-ca renew --dir DIR %s' makes a new one",
                 name, left < 0 ? "ended" : "ends", date, name);
        say(ctx, left < 0, text);
    }
    if (stat(files->key, &key) == 0 && (key.st_mode & S_IROTH)) {
        snprintf(text, sizeof text, "everybody on this machine can read the key %s: chmod o= %s",
                 files->key, files->key);
        say(ctx, false, text);
    }
}
