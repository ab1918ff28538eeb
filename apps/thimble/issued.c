#include "issued.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files.h"

static bool fail(struct thm_credentials *c, char *why, size_t cap, const char *sentence)
{
    thm_credentials_wipe(c);
    snprintf(why, cap, "%s", sentence);
    return false;
}

bool issued_load(struct thm_credentials *c, const struct issued *issued, char *why, size_t cap)
{
    int code =
        issued->len == 0 || issued->der[0] != 0x30
            ? THM_E_CERT /* which might pass for PEM */
            : thm_credentials_load(c, issued->ca, issued->ca_len, (const char *)issued->der,
                                   issued->len, issued->key, issued->key_len, THM_FOR_CLIENT);
    if (code == THM_E_KEY)
        return fail(c, why, cap, "the certificate is for another key than this machine's");
    if (code == THM_E_ROLE)
        return fail(c, why, cap, "the certificate is not a user's");
    if (code != THM_OK)
        return fail(c, why, cap, thm_error_text(code));
    const struct thm_identity *who = thm_credentials_identity(c);
    if (strcmp(who->user, issued->user) != 0 || strcmp(who->device, issued->device) != 0)
        return fail(c, why, cap, "the certificate names somebody else than the server says");
    if (who->not_after <= (uint64_t)time(NULL))
        return fail(c, why, cap, "the certificate has ended already: is the clock right?");
    return true;
}

uint64_t issued_renew_at(uint64_t not_after)
{
    uint64_t now = (uint64_t)time(NULL);
    return not_after > now ? now + (not_after - now) / 3 * 2 : now;
}

static char *time_file(const char *cert)
{
    size_t len = strlen(cert);
    bool named = len > 4 && strcmp(cert + len - 4, ".crt") == 0;
    return text_format("%.*s.renew", (int)(named ? len - 4 : len), cert);
}

int issued_keep_time(const char *cert, uint64_t renew_at)
{
    char *path = time_file(cert), *line = text_format("%" PRIu64 "\n", renew_at);
    int result = file_replace(path, line, strlen(line), 0600);
    int error = errno;
    free(line);
    free(path);
    errno = error;
    return result;
}

uint64_t issued_time(const char *cert, uint64_t not_after)
{
    const uint64_t early = ISSUED_EARLY_DAYS * UINT64_C(86400);
    char *path = time_file(cert);
    size_t len;
    char *text = file_read(path, &len), *end = text;
    uint64_t kept = text ? strtoull(text, &end, 10) : 0;
    bool good = text && end > text && strcmp(end, "\n") == 0 && kept > 0 && kept < not_after;
    free(text);
    free(path);
    return good ? kept : not_after > early ? not_after - early : 1;
}
