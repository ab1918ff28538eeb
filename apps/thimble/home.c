#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_codes.h"
#include "files.h"
#include "issued.h"
#include "options.h"
#include "report.h"

#define HASH_TEXT (2 * THM_KEY_HASH + 1)

/* --- the folder --------------------------------------------------------------------------------- */

static int check_config(const struct home *h)
{
    struct stat there;
    if (lstat(h->config, &there) < 0)
        return OPTIONS_OK;
    return report_fail(EXIT_FAILED,
                       "there is %s already: to join anew, move it away (mv %s %s.old), or name "
                       "another place by --dir",
                       h->config, h->config, h->config);
}

static int lock(struct home *h)
{
    h->lock = open(h->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (h->lock >= 0 && flock(h->lock, LOCK_EX | LOCK_NB) == 0)
        return OPTIONS_OK;
    if (h->lock >= 0 && errno == EWOULDBLOCK)
        return report_fail(EXIT_LOCKED, "another 'thimble join' is under way in %s: wait for it",
                           h->folder);
    return report_fail(EXIT_FAILED, "can't use %s: %s (--dir names another place)", h->folder,
                       strerror(errno));
}

int home_open(struct home *h, const char *folder)
{
    *h = (struct home){.lock = -1};
    h->folder = folder ? text_format("%s", folder) : path_of_user("XDG_CONFIG_HOME", ".config");
    if (!h->folder)
        return report_fail(EXIT_USAGE, "there is no home directory: name a place by --dir");
    h->config = text_format("%s/config", h->folder);
    h->joining = text_format("%s/joining.key", h->folder);
    int result = check_config(h);
    if (result == OPTIONS_OK && path_make(h->folder) < 0)
        result = report_fail(EXIT_FAILED, "can't make %s: %s (--dir names another place)",
                             h->folder, strerror(errno));
    if (result == OPTIONS_OK)
        result = lock(h);
    if (result != OPTIONS_OK)
        home_close(h);
    return result;
}

void home_close(struct home *h)
{
    if (h->lock >= 0)
        close(h->lock);
    free(h->folder);
    free(h->config);
    free(h->joining);
    *h = (struct home){.lock = -1};
}

/* --- the key ------------------------------------------------------------------------------------ */

static void hash_text(const uint8_t hash[THM_KEY_HASH], char text[HASH_TEXT])
{
    for (unsigned i = 0; i < THM_KEY_HASH; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", hash[i]);
}

/* False: there is none, or it is of another invitation, or damaged. */
static bool read_key(const struct home *h, const char *invitation, uint8_t key[THM_ENROLL_KEY])
{
    size_t len;
    char *text = file_read(h->joining, &len), *line_end = text ? strchr(text, '\n') : NULL;
    bool ours = line_end && (size_t)(line_end - text) == HASH_TEXT - 1 &&
                memcmp(text, invitation, HASH_TEXT - 1) == 0;
    bool good = ours && thm_enroll_read_key(line_end + 1, len - HASH_TEXT, key) == THM_OK;
    if (text)
        explicit_bzero(text, len);
    free(text);
    return good;
}

static int write_key(const struct home *h, const char *invitation,
                     const uint8_t key[THM_ENROLL_KEY])
{
    char text[HASH_TEXT + THM_KEY_PEM];
    memcpy(text, invitation, HASH_TEXT - 1);
    text[HASH_TEXT - 1] = '\n';
    size_t len = HASH_TEXT + thm_enroll_write_key(key, text + HASH_TEXT);
    int written = file_replace(h->joining, text, len, 0600);
    explicit_bzero(text, sizeof text);
    return written == 0 ? OPTIONS_OK
                        : report_fail(EXIT_FAILED, "can't write %s: %s (--dir names another place)",
                                      h->joining, strerror(errno));
}

int home_key(struct home *h, const uint8_t invitation[THM_KEY_HASH], struct thm_port *port,
             uint8_t key[THM_ENROLL_KEY])
{
    char hash[HASH_TEXT];
    hash_text(invitation, hash);
    if (read_key(h, hash, key))
        return OPTIONS_OK;
    int code = thm_enroll_new_key(port, key);
    if (code != THM_OK)
        return report_fail(EXIT_FAILED, "can't make a key: %s", thm_error_text(code));
    return write_key(h, hash, key);
}

/* --- what it has led to ------------------------------------------------------------------------- */

/* What somebody else has put there is not lost. */
static void set_aside(const char *path, const char *data, size_t len)
{
    size_t old_len;
    char *old = file_read(path, &old_len), *aside;
    bool same = old && old_len == len && memcmp(old, data, len) == 0;
    if (old)
        explicit_bzero(old, old_len);
    free(old);
    if (!old || same)
        return;
    aside = text_format("%s.old", path);
    if (rename(path, aside) == 0)
        report("%s was there already: it is called %s now", path, aside);
    free(aside);
}

static int write_file(const char *path, const char *data, size_t len, mode_t mode)
{
    set_aside(path, data, len);
    if (file_replace(path, data, len, mode) == 0)
        return OPTIONS_OK;
    return report_fail(EXIT_FAILED, "can't write %s: %s; the same command goes on later", path,
                       strerror(errno));
}

static int write_config(const struct home *h, const struct joined *j)
{
    const struct thm_invitation *to = j->invitation;
    char *name = strcmp(to->server_name, to->host) == 0
                     ? text_format("%s", "")
                     : text_format("server-name = %s\n", to->server_name);
    char *text = text_format("# Written by thimble join; thimble(1) explains each setting.\n"
                             "host = %s\nport = %u\n%scafile = ca.crt\ncert = %s@%s.crt\n",
                             to->host, to->port, name, j->user, j->device);
    int result = write_file(h->config, text, strlen(text), 0600);
    free(text);
    free(name);
    return result;
}

/* The texts of the three files, and the paths of two. */
struct files {
    char ca[THM_PEM_MAX(THM_CERT_MAX)], cert[THM_PEM_MAX(THM_CERT_MAX)], key[THM_KEY_PEM];
    size_t ca_len, cert_len, key_len;
    char *ca_path, *cert_path, *key_path;
};

static int write_files(const struct home *h, const struct joined *j, const struct files *f,
                       uint64_t not_after)
{
    int result = write_file(f->key_path, f->key, f->key_len, 0600);
    if (result == OPTIONS_OK)
        result = write_file(f->ca_path, f->ca, f->ca_len, 0644);
    if (result == OPTIONS_OK)
        result = write_file(f->cert_path, f->cert, f->cert_len, 0644);
    if (result == OPTIONS_OK && issued_keep_time(f->cert_path, issued_renew_at(not_after)) < 0)
        report("can't write when %s is to be renewed: %s", f->cert_path, strerror(errno));
    if (result == OPTIONS_OK)
        result = write_config(h, j);
    if (result == OPTIONS_OK && unlink(h->joining) == 0)
        path_sync(h->joining);
    return result;
}

static int check(const struct joined *j, const struct files *f, uint64_t *not_after)
{
    const struct issued issued = {.ca = f->ca,
                                  .ca_len = f->ca_len,
                                  .key = f->key,
                                  .key_len = f->key_len,
                                  .der = j->certificate,
                                  .len = j->certificate_len,
                                  .user = j->user,
                                  .device = j->device};
    struct thm_credentials credentials;
    char why[256];
    if (!issued_load(&credentials, &issued, why, sizeof why))
        return report_fail(EXIT_CREDENTIALS, "what the server sent can't be used: %s", why);
    *not_after = thm_credentials_identity(&credentials)->not_after;
    thm_credentials_wipe(&credentials);
    return OPTIONS_OK;
}

int home_keep(struct home *h, const struct joined *j)
{
    struct files f;
    uint64_t not_after = 0;
    if (j->pin->ca_len == 0 || j->certificate_len > THM_CERT_MAX)
        return report_fail(EXIT_CREDENTIALS, "what the server sent can't be used: %s",
                           thm_error_text(THM_E_CHAIN));
    f.ca_len = thm_enroll_write_certificate(j->pin->ca, j->pin->ca_len, f.ca);
    f.cert_len = thm_enroll_write_certificate(j->certificate, j->certificate_len, f.cert);
    f.key_len = thm_enroll_write_key(j->key, f.key);
    f.ca_path = text_format("%s/ca.crt", h->folder);
    f.cert_path = text_format("%s/%s@%s.crt", h->folder, j->user, j->device);
    f.key_path = text_format("%s/%s@%s.key", h->folder, j->user, j->device);
    int result = check(j, &f, &not_after);
    if (result == OPTIONS_OK)
        result = write_files(h, j, &f, not_after);
    free(f.ca_path);
    free(f.cert_path);
    free(f.key_path);
    explicit_bzero(&f, sizeof f);
    return result;
}
