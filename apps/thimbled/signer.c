#include "signer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/base64.h"

#define RETRY_MS 20u /* for a socket that takes nothing just now */

void signer_open(struct signer *s, struct thm_port_posix *port, uint32_t tag, struct log *log,
                 const char *path)
{
    *s = (struct signer){.path = path, .port = port, .log = log, .tag = tag, .fd = -1};
}

/* --- the connection ----------------------------------------------------------------------------- */

static void forget(struct signer *s)
{
    if (s->fd >= 0) {
        thm_port_posix_unwatch_fd(s->port, s->fd);
        close(s->fd);
    }
    s->fd = -1;
    s->in_len = s->sent = 0;
    buffer_free(&s->out);
}

/* Once, until an answer comes: who knocks in vain shall not fill the log. */
static void note_trouble(struct signer *s, const char *what, const char *why)
{
    char text[512];
    if (s->trouble)
        return;
    s->trouble = true;
    snprintf(text, sizeof text, "nobody gets a certificate: %s %s%s%s; is thimble-signd running?",
             what, s->path, why ? ": " : "", why ? why : "");
    log_note(s->log, THM_LOG_ERROR, "signer-trouble", text);
}

static bool dial(struct signer *s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(s->path);
    int fd = -1;
    if (len >= sizeof address.sun_path)
        errno = ENAMETOOLONG;
    else
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        memcpy(address.sun_path, s->path, len);
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
            thm_port_posix_watch_fd(s->port, fd, s->tag) == THM_OK) {
            s->fd = fd;
            return true;
        }
    }
    note_trouble(s, "can't reach", strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}

/* --- asking ------------------------------------------------------------------------------------- */

bool signer_sign(void *ctx, struct thm_signing *signing)
{
    struct signer *s = ctx;
    char line[2 * THM_ID_MAX + THM_BASE64_LEN(THM_CSR_MAX) + 16];
    struct thm_text t;
    if (s->count == SIGNER_SIGNINGS || (s->fd < 0 && !dial(s)))
        return false;
    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, "sign ");
    thm_text_str(&t, signing->user);
    thm_text_str(&t, "@");
    thm_text_str(&t, signing->device);
    thm_text_str(&t, " ");
    thm_text_base64(&t, signing->request, signing->request_len);
    thm_text_str(&t, "\n");
    buffer_add(&s->out, line, t.len);
    s->waiting[s->count].signing = signing;
    s->waiting[s->count++].until = thm_port_posix_now_ms() + SIGNER_PATIENCE_MS;
    return true;
}

/* False: the connection is broken. */
static bool send_some(struct signer *s)
{
    while (s->sent < s->out.len) {
        ssize_t n =
            send(s->fd, s->out.data + s->sent, s->out.len - s->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        s->sent += (size_t)n;
    }
    buffer_free(&s->out);
    s->sent = 0;
    return true;
}

/* --- answers ------------------------------------------------------------------------------------ */

/* Takes the first word away. "": there is none. */
static char *next_word(char **rest)
{
    char *word = *rest, *end = strchr(word, ' ');
    *rest = end ? end + 1 : word + strlen(word);
    if (end)
        *end = '\0';
    return word;
}

/* An answer that is taken for another one's would use an invitation up, and deny the wrong key when one is lost. */
static bool is_asked_for(const struct thm_signing *signing)
{
    struct thm_identity who;
    return thm_certificate_read(signing->certificate, signing->certificate_len, THM_FOR_CLIENT,
                                &who) == THM_OK &&
           strcmp(who.user, signing->user) == 0 && strcmp(who.device, signing->device) == 0 &&
           memcmp(who.key_hash, signing->key_hash, sizeof who.key_hash) == 0 &&
           who.not_after == signing->not_after_s;
}

static int read_certificate(struct thm_signing *signing, char *rest)
{
    const char *hash = next_word(&rest), *ends = next_word(&rest);
    char *end;
    signing->not_after_s = strtoull(ends, &end, 10);
    if (thm_hex_bytes(hash, strlen(hash), signing->key_hash, sizeof signing->key_hash) &&
        end > ends && *end == '\0' &&
        thm_base64_read(rest, strlen(rest), signing->certificate, sizeof signing->certificate,
                        &signing->certificate_len) &&
        is_asked_for(signing))
        return THM_OK;
    return THM_E_SIGNER;
}

static void log_refusal(struct signer *s, const struct thm_signing *signing, const char *sentence)
{
    const struct thm_log_record record = {.level = THM_LOG_WARNING,
                                          .event = "not-signed",
                                          .user = signing->user,
                                          .device = signing->device,
                                          .code = signing->result,
                                          .detail = sentence};
    log_record(s->log, &record);
}

static void read_answer(struct signer *s, struct thm_signing *signing, char *line)
{
    char *rest = line, *word = next_word(&rest);
    signing->result = THM_E_SIGNER;
    if (strcmp(word, "ok") == 0)
        signing->result = read_certificate(signing, rest);
    else if (strcmp(word, "error") == 0 && strcmp(next_word(&rest), "certificate-request") == 0)
        signing->result = THM_E_CSR;
    if (signing->result != THM_OK) {
        log_refusal(s, signing,
                    strcmp(word, "error") == 0 ? rest : "thimble-signd is not understood");
    } else if (s->vouches &&
               !s->vouches(s->vouches_ctx, signing->certificate, signing->certificate_len)) {
        signing->result = THM_E_SIGNER; /* who gets it would be out, and the invitation used */
        log_refusal(s, signing,
                    "thimble-signd signs by a CA that is not trusted here: name its issuer.crt by "
                    "--users-cafile, and reload");
    }
    if (s->trouble)
        log_note(s->log, THM_LOG_INFO, "signer-well", "thimble-signd answers again");
    s->trouble = false;
}

/* The server may ask for the next one from within. */
static void finish_first(struct signer *s, struct thm_server *server)
{
    struct thm_signing *signing = s->waiting[0].signing;
    memmove(&s->waiting[0], &s->waiting[1], --s->count * sizeof s->waiting[0]);
    thm_server_signed(server, signing);
}

static void take_lines(struct signer *s, struct thm_server *server)
{
    char *end;
    while (s->count > 0 && (end = memchr(s->in, '\n', s->in_len)) != NULL) {
        *end = '\0';
        read_answer(s, s->waiting[0].signing, s->in);
        s->in_len -= (size_t)(end + 1 - s->in);
        memmove(s->in, end + 1, s->in_len);
        finish_first(s, server);
    }
}

/* False: the connection has ended, or is not worth going on with. */
static bool read_some(struct signer *s, struct thm_server *server)
{
    ssize_t n;
    while ((n = recv(s->fd, s->in + s->in_len, sizeof s->in - s->in_len, MSG_DONTWAIT)) > 0) {
        s->in_len += (size_t)n;
        take_lines(s, server);
        if (s->in_len == sizeof s->in || (s->count == 0 && s->in_len > 0))
            return false; /* a line that is too long, or that nobody asked for */
    }
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

/* What was asked by then gets no answer any more. */
static void give_up(struct signer *s, struct thm_server *server, const char *what)
{
    unsigned count = s->count;
    forget(s);
    if (count > 0)
        note_trouble(s, what, NULL);
    for (; count > 0; count--) {
        s->waiting[0].signing->result = THM_E_SIGNER;
        finish_first(s, server);
    }
}

/* --- the loop ----------------------------------------------------------------------------------- */

void signer_step(struct signer *s, struct thm_server *server, uint64_t now_ms)
{
    if (s->fd < 0)
        return;
    if (!send_some(s) || !read_some(s, server))
        give_up(s, server, "the connection broke to");
    else if (s->count > 0 && now_ms >= s->waiting[0].until)
        give_up(s, server, "no answer comes from");
}

uint64_t signer_deadline(const struct signer *s, uint64_t now_ms)
{
    if (s->fd < 0 || s->count == 0)
        return UINT64_MAX;
    return s->sent < s->out.len ? now_ms + RETRY_MS : s->waiting[0].until;
}

void signer_close(struct signer *s)
{
    if (!s->port) /* never opened */
        return;
    forget(s);
    s->count = 0;
}
