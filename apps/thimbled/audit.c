#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND_MS 1000u

enum { JOB_NONE = -1, JOB_END = -2 };

/* --- the disk ----------------------------------------------------------------------------------- */

static void *sync_thread(void *ctx)
{
    struct audit *a = ctx;
    for (;;) {
        while (sem_wait(&a->wanted) < 0)
            continue;
        int fd = atomic_load(&a->job);
        if (fd == JOB_END)
            return NULL;
        if (fdatasync(fd) < 0 && errno != EINVAL && errno != EROFS) /* a pipe has no disk */
            atomic_store(&a->sync_error, errno);
        close(fd);
        atomic_store(&a->job, JOB_NONE);
    }
}

/* No signal is for the thread. */
static bool start_thread(struct audit *a)
{
    sigset_t all, before;
    atomic_init(&a->job, JOB_NONE);
    atomic_init(&a->sync_error, 0);
    if (sem_init(&a->wanted, 0, 0) < 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&a->thread, NULL, sync_thread, a);
    a->threaded = errno == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return a->threaded;
}

/* Has the thread sync what was written, if it is not about it still. */
static void want_sync(struct audit *a, uint64_t now_ms)
{
    if (!a->unsynced || now_ms < a->sync_at)
        return;
    a->sync_at = now_ms + SECOND_MS;
    int fd = atomic_load(&a->job) == JOB_NONE ? fcntl(a->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    a->unsynced = false;
    atomic_store(&a->job, fd);
    sem_post(&a->wanted);
}

/* --- the file ----------------------------------------------------------------------------------- */

static bool open_file(struct audit *a)
{
    char last = '\n';
    struct stat info;
    int fd = open(a->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return false;
    a->fd = fd;
    /* A line that a crash cut off ends here. */
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
        (void)!pread(fd, &last, 1, info.st_size - 1);
    if (last != '\n')
        (void)!write(fd, "\n", 1);
    return true;
}

bool audit_open(struct audit *a, const char *path, struct log *log, char *why, size_t cap)
{
    *a = (struct audit){.path = path, .log = log, .fd = -1};
    if (!path)
        return true;
    if (!open_file(a))
        snprintf(why, cap, "can't write the audit log %s: %s", path, strerror(errno));
    else if (!start_thread(a))
        snprintf(why, cap, "no thread for the audit log: %s", strerror(errno));
    else
        return true;
    if (a->fd >= 0)
        close(a->fd);
    a->path = NULL;
    return false;
}

static void tell(struct audit *a, const char *what, int error, const char *outlook)
{
    char text[512];
    snprintf(text, sizeof text, "%s %s: %s; %s", what, a->path, strerror(error), outlook);
    log_note(a->log, THM_LOG_ERROR, "audit-failed", text);
}

static void fail(struct audit *a, const char *what, int error, uint64_t now_ms)
{
    a->try_at = now_ms + SECOND_MS;
    if (!a->failing)
        tell(a, what, error, "it is tried again every second");
    a->failing = true;
}

/* Writes once. False: nothing more goes now. */
static bool write_some(struct audit *a, uint64_t now_ms)
{
    ssize_t n = a->fd < 0 ? -1 : write(a->fd, a->held, a->held_len);
    if (n <= 0) {
        if (n == 0 || errno != EINTR)
            fail(a, "can't write", a->fd < 0 ? ENOENT : n == 0 ? ENOSPC : errno, now_ms);
        return false;
    }
    a->torn = a->held[n - 1] != '\n';
    a->unsynced = true;
    a->held_len -= (size_t)n;
    memmove(a->held, a->held + n, a->held_len);
    return true;
}

static void take(struct audit *a, struct line *line)
{
    line_end(line);
    if (a->held_len + line->len > sizeof a->held && !a->failing)
        while (a->held_len > 0 && write_some(a, 0))
            continue;
    if (a->held_len + line->len > sizeof a->held) {
        a->lost++;
        a->total++;
        return;
    }
    memcpy(a->held + a->held_len, line->text, line->len);
    a->held_len += line->len;
}

static void begin(struct audit *a, struct line *line, const char *event)
{
    char now[LINE_TIME_MAX];
    line_time(&a->clock, now);
    line_begin(line, false);
    line_str(line, now);
    line_str(line, " ");
    line_str(line, event);
}

/* It can be written again. */
static void recover(struct audit *a)
{
    char text[128];
    struct line line;
    snprintf(text, sizeof text, "the audit log is written again; %llu lines found no room",
             (unsigned long long)a->lost);
    log_note(a->log, a->lost ? THM_LOG_WARNING : THM_LOG_INFO, "audit", text);
    a->failing = false;
    if (a->lost > 0) {
        begin(a, &line, "gap");
        line_number(&line, "lost", a->lost);
        a->lost = 0;
        take(a, &line);
    }
}

void audit_flush(struct audit *a, uint64_t now_ms)
{
    if (!a->path)
        return;
    if (a->failing && now_ms >= a->try_at && a->fd < 0)
        open_file(a);
    while (a->held_len > 0 && (!a->failing || now_ms >= a->try_at) && write_some(a, now_ms))
        if (a->held_len == 0 && a->failing)
            recover(a);
    if (a->failing && a->held_len == 0 && a->fd >= 0 && now_ms >= a->try_at)
        recover(a);
    want_sync(a, now_ms);
    int error = atomic_exchange(&a->sync_error, 0);
    if (error != 0 && !a->unsafe)
        tell(a, "can't bring to the disk", error, "what is written now may be lost with the power");
    a->unsafe |= error != 0;
}

uint64_t audit_deadline(const struct audit *a)
{
    if (!a->path)
        return UINT64_MAX;
    if (a->failing)
        return a->try_at;
    if (a->held_len > 0)
        return 0;
    return a->unsynced ? a->sync_at : UINT64_MAX;
}

void audit_reopen(struct audit *a)
{
    if (!a->path)
        return;
    while (a->held_len > 0 && write_some(a, 0))
        continue;
    if (a->torn) { /* its beginning stays in the former file */
        const char *end = memchr(a->held, '\n', a->held_len);
        size_t rest = end ? (size_t)(end - a->held) + 1 : a->held_len;
        a->held_len -= rest;
        memmove(a->held, a->held + rest, a->held_len);
        a->torn = false;
        a->lost++;
        a->total++;
    }
    close(a->fd);
    a->fd = -1;
    if (!open_file(a))
        fail(a, "can't open", errno, 0);
}

void audit_close(struct audit *a)
{
    if (!a->path)
        return;
    while (a->held_len > 0 && write_some(a, 0))
        continue;
    while (atomic_load(&a->job) != JOB_NONE)
        usleep(1000);
    atomic_store(&a->job, JOB_END);
    sem_post(&a->wanted);
    pthread_join(a->thread, NULL);
    sem_destroy(&a->wanted);
    if (a->fd >= 0) {
        (void)fdatasync(a->fd);
        close(a->fd);
    }
    a->path = NULL;
}

/* --- what is written ---------------------------------------------------------------------------- */

/* The records that say who did what. Where the room stands in `detail`, nothing else does. */
static const struct {
    const char *event;
    bool room_in_detail;
} audited[] = {
    {"login", false},
    {"logout", false},
    {"refused", false},
    {"message", false},
    {"message-refused", false},
    {"whisper", false},
    {"join", true},
    {"leave", true},
    {"topic", true},
    {"alias", false},
    {"moderate", false},
};

static void hash_text(const uint8_t *hash, char text[2 * THM_KEY_HASH + 1])
{
    text[0] = '\0';
    for (size_t i = 0; hash && i < THM_KEY_HASH; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

void audit_record(struct audit *a, const struct thm_log_record *r)
{
    char address[THM_ADDRESS_TEXT_MAX] = "", hash[2 * THM_KEY_HASH + 1] = "";
    bool login = strcmp(r->event, "login") == 0 || strstr(r->event, "refused") != NULL;
    struct line line;
    size_t i = 0;
    while (i < sizeof audited / sizeof audited[0] && strcmp(audited[i].event, r->event) != 0)
        i++;
    bool moderate = strcmp(r->event, "moderate") == 0;
    if (!a->path || i == sizeof audited / sizeof audited[0])
        return;
    if (moderate && !r->user)
        return; /* by the operator: audit_act() has it */
    if (audited[i].room_in_detail && r->detail && r->detail[0] == '@')
        return; /* one's own inbox, which nobody else enters */
    if (r->address && login)
        thm_address_text(r->address, address);
    if (login)
        hash_text(r->key_hash, hash);
    begin(a, &line, r->event);
    line_number(&line, "connection", r->connection);
    line_text(&line, "address", address);
    line_text(&line, "user", r->user);
    line_text(&line, "device", r->device);
    line_text(&line, "alias", strcmp(r->event, "alias") == 0 ? r->alias : NULL);
    line_text(&line, "key_hash", hash);
    line_text(&line, "to", r->to);
    line_text(&line, "room",
              audited[i].room_in_detail ? r->detail
              : r->to && !moderate      ? NULL
                                        : r->room);
    line_number(&line, "n", r->n);
    line_number(&line, "size", r->size);
    line_text(&line, "code", r->code != THM_OK ? thm_error_word(r->code) : NULL);
    line_text(&line, "detail", moderate || strcmp(r->event, "refused") == 0 ? r->detail : NULL);
    take(a, &line);
}

void audit_act(struct audit *a, const struct audit_act *act)
{
    struct line line;
    if (!a->path)
        return;
    begin(a, &line, act->event);
    line_text(&line, "by", act->by);
    line_text(&line, "user", act->user);
    line_text(&line, "device", act->device);
    line_text(&line, "key_hash", act->key_hash);
    line_text(&line, "room", act->room);
    line_text(&line, "code", act->code != THM_OK ? thm_error_word(act->code) : NULL);
    line_text(&line, "detail", act->detail);
    take(a, &line);
}
