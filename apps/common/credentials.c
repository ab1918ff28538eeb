#include "credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
