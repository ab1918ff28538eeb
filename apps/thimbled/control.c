#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "files.h"

#define OUT_LOW     16384u /* bytes that wait, below which a long answer goes on */
#define RETRY_MS    20u    /* for who takes nothing just now */
#define HEADERS_MAX 16384u
#define STEPS       64 /* lines and reads of one client in a turn */
#define WAITING     16 /* in the kernel, for accept */

/* --- the socket --------------------------------------------------------------------------------- */

static bool fail(char *why, size_t cap, const char *what, const char *path)
{
    snprintf(why, cap, "the control socket: can't %s %s: %s", what, path, strerror(errno));
    return false;
}

static bool find_group(const char *name, gid_t *group, char *why, size_t cap)
{
    char *end;
    const struct group *found = getgrnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (!found && (name[0] < '0' || name[0] > '9' || *end)) {
        snprintf(why, cap, "there is no group '%s' for the control socket", name);
        return false;
    }
    *group = found ? found->gr_gid : (gid_t)number;
    return true;
}

static bool check_length(const char *path, char *why, size_t cap)
{
    const size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(path) <= most)
        return true;
    snprintf(why, cap, "the control socket's path has more than %zu bytes: %s", most, path);
    return false;
}

/* Without privileges a file can be given to groups that one is a member of. */
static bool give(const char *path, gid_t group, mode_t mode, char *why, size_t cap)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_gid == group || chown(path, (uid_t)-1, group) == 0) &&
        chmod(path, mode) == 0)
        return true;
    snprintf(why, cap, "the control socket: can't give %s to the group %lu: %s%s", path,
             (unsigned long)group, strerror(errno),
             errno == EPERM ? "; the server's user has to be a member of it" : "");
    return false;
}

/* Makes the folder. One that is only ours is opened for the group, which could not pass it otherwise. */
static bool make_folder(const char *path, const gid_t *group, char *why, size_t cap)
{
    char *folder = path_beside(path, "");
    struct stat info;
    size_t len = strlen(folder);
    if (len > 1)
        folder[len - 1] = '\0';
    bool done = len == 0 || path_make(folder) == 0 || fail(why, cap, "make", folder);
    if (done && len > 0 && group && stat(folder, &info) == 0 && info.st_uid == geteuid() &&
        (info.st_mode & 077) == 0)
        done = give(folder, *group, 0710, why, cap);
    free(folder);
    return done;
}

/* PATH-lock is held as long as the server lives, so that a socket without one is known to be left behind. */
static enum control_result take_lock(struct control *c, const char *path, char *why, size_t cap)
{
    enum control_result result = CONTROL_OPEN;
    char *lock = text_format("%s-lock", path);
    c->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->lock < 0) {
        fail(why, cap, "open", lock);
        result = CONTROL_FAILED;
    } else if (flock(c->lock, LOCK_EX | LOCK_NB) < 0) {
        snprintf(why, cap,
                 "another thimbled answers at the control socket %s: stop it, or give this one "
                 "another by --control FILE, or none by --control none",
                 path);
        result = CONTROL_TAKEN;
    }
    free(lock);
    return result;
}

static bool clear_place(const char *path, char *why, size_t cap)
{
    struct stat info;
    if (lstat(path, &info) < 0)
        return errno == ENOENT || fail(why, cap, "look at", path);
    if (!S_ISSOCK(info.st_mode)) {
        snprintf(why, cap, "the control socket: %s is there and is no socket", path);
        return false;
    }
    return unlink(path) == 0 || fail(why, cap, "replace", path);
}

static bool listen_there(struct control *c, const char *path, const gid_t *group, char *why,
                         size_t cap)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return fail(why, cap, "make", path);
    mode_t mask = umask(0177);
    int bound = bind(c->fd, (const struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (bound < 0)
        return fail(why, cap, "make", path);
    c->path = text_format("%s", path);
    if (group && !give(path, *group, 0660, why, cap))
        return false;
    if (listen(c->fd, WAITING) < 0 || thm_port_posix_watch_fd(c->port, c->fd, c->tag) != THM_OK)
        return fail(why, cap, "listen at", path);
    return true;
}

enum control_result control_open(struct control *c, struct thm_port_posix *port, uint32_t tag,
                                 const struct command_host *host, const char *path,
                                 const char *group, char *why, size_t cap)
{
    gid_t id;
    memset(c, 0, sizeof *c);
    c->port = port;
    c->host = host;
    c->tag = tag;
    c->fd = c->lock = -1;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        c->clients[i].fd = -1;
    if (!check_length(path, why, cap) || (group && !find_group(group, &id, why, cap)) ||
        !make_folder(path, group ? &id : NULL, why, cap))
        return CONTROL_FAILED;
    enum control_result result = take_lock(c, path, why, cap);
    if (result == CONTROL_OPEN &&
        (!clear_place(path, why, cap) || !listen_there(c, path, group ? &id : NULL, why, cap)))
        result = CONTROL_FAILED;
    if (result != CONTROL_OPEN)
        control_close(c);
    return result;
}

/* --- answers ------------------------------------------------------------------------------------ */

static size_t waiting(const struct control_client *client)
{
    return client->out.len - client->sent;
}

static void put(struct control_client *client, const char *text)
{
    size_t len = strlen(text);
    if (client->fd < 0 || client->cut)
        return;
    if (waiting(client) + len > CONTROL_OUT_MAX)
        client->cut = true;
    else
        buffer_add(&client->out, text, len);
}

static bool looks_like_an_end(const char *line)
{
    return line[0] == ' ' || strcmp(line, "ok") == 0 || strncmp(line, "error ", 6) == 0;
}

static void on_line(struct call *call, const char *text)
{
    struct control_client *client = (struct control_client *)call;
    if (client->http == HTTP_NONE && looks_like_an_end(text))
        put(client, " ");
    put(client, text);
    put(client, "\n");
}

static void end_http(struct control_client *client)
{
    char head[256];
    size_t len = (size_t)snprintf(
        head, sizeof head,
        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n",
        client->refusal ? client->refusal : "200 OK",
        client->refusal ? "text/plain" : "text/plain; version=0.0.4; charset=utf-8",
        client->out.len, client->refusal && client->refusal[2] == '5' ? "Allow: GET\r\n" : "");
    if (client->fd >= 0)
        buffer_insert(&client->out, 0, head, len);
    client->last = true;
}

static void on_end(struct call *call, const char *code, const char *sentence)
{
    struct control_client *client = (struct control_client *)call;
    if (client->http != HTTP_NONE) {
        end_http(client);
    } else if (!code) {
        put(client, "ok\n");
    } else {
        put(client, "error ");
        put(client, code);
        put(client, ": ");
        put(client, sentence);
        put(client, "\n");
    }
}

/* --- requests ----------------------------------------------------------------------------------- */

static void log_request(struct control_client *client, const char *what, bool changes)
{
    char text[CONTROL_LINE + 64];
    snprintf(text, sizeof text, "uid %s, pid %ld: %s", client->by + strlen("uid:"), client->pid,
             what);
    log_note(client->control->host->log, changes ? THM_LOG_INFO : THM_LOG_DEBUG, "control", text);
}

static void run(struct control_client *client, const char *line)
{
    char what[CONTROL_LINE];
    bool changes;
    commands_describe(line, what, sizeof what, &changes);
    log_request(client, what, changes);
    commands_run(&client->call, line);
}

/* "GET /metrics HTTP/1.1": a method in capitals, and the protocol at the end. */
static bool is_http(const char *line)
{
    size_t method = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const char *last = strrchr(line, ' ');
    return method > 0 && line[method] == ' ' && last > line + method &&
           strncmp(last, " HTTP/1.", 8) == 0;
}

static void begin_http(struct control_client *client, const char *line)
{
    client->http = HTTP_HEADERS;
    client->headers = 0;
    if (strncmp(line, "GET ", 4) != 0)
        client->refusal = "405 Method Not Allowed";
    else if (strncmp(line, "GET /metrics ", 13) != 0 && strncmp(line, "GET /metrics?", 13) != 0)
        client->refusal = "404 Not Found";
}

static void take_header(struct control_client *client, size_t len)
{
    if (len > 0)
        return;
    client->http = HTTP_ANSWER;
    if (!client->refusal) {
        run(client, "metrics");
        return;
    }
    put(client, "GET /metrics is all there is.\n");
    end_http(client);
}

static bool is_text(const char *line, size_t len)
{
    while (len > 0) {
        uint32_t code;
        unsigned n = thm_utf8_next(line, len, &code);
        if (n == 0 || code < 0x20 || code == 0x7f)
            return false;
        line += n;
        len -= n;
    }
    return true;
}

static void take_line(struct control_client *client, char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    if (client->http == HTTP_HEADERS) {
        take_header(client, len);
    } else if (!is_text(line, len)) {
        client->last = true;
        put(client, "error utf8: the request is not one line of text\n");
    } else if (is_http(line)) {
        begin_http(client, line);
    } else if (len > 0) {
        run(client, line);
    }
}

/* --- one client --------------------------------------------------------------------------------- */

static void drop(struct control_client *client)
{
    if (client->watched)
        thm_port_posix_unwatch_fd(client->control->port, client->fd);
    client->watched = false;
    close(client->fd);
    client->fd = -1;
    explicit_bzero(client->in, sizeof client->in);
    buffer_free(&client->out);
    client->out = (struct buffer){0};
    if (client->call.walk) /* else the server still has a request of it, and ends it */
        client->call.busy = false;
    client->call.walk = NULL;
}

static bool may_read(const struct control_client *client)
{
    return client->fd >= 0 && !client->call.busy && !client->last && waiting(client) == 0;
}

/* False: the other end said nothing new. */
static bool read_some(struct control_client *client)
{
    ssize_t n = recv(client->fd, client->in + client->in_len, sizeof client->in - client->in_len,
                     MSG_DONTWAIT);
    if (n > 0) {
        client->in_len += (size_t)n;
        client->headers += (size_t)n;
        if (client->http == HTTP_HEADERS && client->headers > HEADERS_MAX)
            client->cut = true;
        return true;
    }
    if (n == 0)
        client->last = true; /* and what was said is answered, for it was whole lines */
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        client->cut = true;
    return false;
}

/* Takes the first whole line. False: there is none. */
static bool next_line(struct control_client *client, uint64_t now_ms)
{
    char line[CONTROL_LINE + 1];
    const char *end = memchr(client->in, '\n', client->in_len);
    if (!end) {
        if (client->in_len == sizeof client->in) {
            client->last = true;
            put(client, "error argument: the request is too long\n");
        }
        return false;
    }
    size_t len = (size_t)(end - client->in), whole = len + 1;
    memcpy(line, client->in, len);
    client->in_len -= whole;
    memmove(client->in, client->in + whole, client->in_len);
    explicit_bzero(client->in + client->in_len, whole); /* it may have been a verifier */
    client->until = now_ms + CONTROL_PATIENCE_MS;
    take_line(client, line, len);
    explicit_bzero(line, sizeof line);
    return true;
}

static void listen_to(struct control_client *client, uint64_t now_ms)
{
    for (unsigned i = 0; i < STEPS && may_read(client) && !client->cut; i++)
        if (!next_line(client, now_ms) && (client->last || !read_some(client)))
            break;
}

static void send_some(struct control_client *client, uint64_t now_ms)
{
    while (waiting(client) > 0) {
        ssize_t n = send(client->fd, client->out.data + client->sent, waiting(client),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (n < 0) {
            client->cut = true;
            return;
        }
        client->sent += (size_t)n;
        client->until = now_ms + CONTROL_PATIENCE_MS;
    }
    buffer_free(&client->out);
    client->out = (struct buffer){0};
    client->sent = 0;
}

/* A long answer goes on by as much as one turn of the loop may take. */
static void answer(struct control_client *client, uint64_t now_ms)
{
    while (client->call.walk && !client->cut && waiting(client) < OUT_LOW)
        commands_go_on(&client->call);
    if (client->http != HTTP_ANSWER || client->last)
        send_some(client, now_ms);
}

static void watch(struct control_client *client)
{
    bool wanted = may_read(client);
    if (wanted == client->watched)
        return;
    if (!wanted)
        thm_port_posix_unwatch_fd(client->control->port, client->fd);
    else if (thm_port_posix_watch_fd(client->control->port, client->fd, client->control->tag) !=
             THM_OK)
        return;
    client->watched = wanted;
}

static void serve(struct control_client *client, uint64_t now_ms)
{
    listen_to(client, now_ms);
    answer(client, now_ms);
    bool quiet = waiting(client) == 0;
    bool over = client->last && quiet && !client->call.busy;
    bool late = now_ms >= client->until && !(quiet && client->call.busy);
    if (client->cut || over || late)
        drop(client);
    else
        watch(client);
}

/* --- all of them -------------------------------------------------------------------------------- */

static void who_is(struct control_client *client)
{
#ifdef SO_PEERCRED
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
        snprintf(client->by, sizeof client->by, "uid:%lu", (unsigned long)peer.uid);
        client->pid = (long)peer.pid;
        return;
    }
#else
    uid_t uid;
    gid_t gid;
    if (getpeereid(client->fd, &uid, &gid) == 0) {
        snprintf(client->by, sizeof client->by, "uid:%lu", (unsigned long)uid);
        return;
    }
#endif
    snprintf(client->by, sizeof client->by, "uid:?");
}

static void begin(struct control *c, struct control_client *client, int fd, uint64_t now_ms)
{
    memset(client, 0, sizeof *client);
    client->control = c;
    client->fd = fd;
    client->until = now_ms + CONTROL_PATIENCE_MS;
    who_is(client);
    client->call.host = c->host;
    client->call.by = client->by;
    client->call.line = on_line;
    client->call.end = on_end;
}

static void accept_all(struct control *c, uint64_t now_ms)
{
    static const char busy[] =
        "error busy: all places at the control socket are taken; try again\n";
    int fd;
    while ((fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        unsigned i = 0;
        while (i < CONTROL_CLIENTS && (c->clients[i].fd >= 0 || c->clients[i].call.busy))
            i++;
        if (i < CONTROL_CLIENTS) {
            begin(c, &c->clients[i], fd, now_ms);
            continue;
        }
        (void)!send(fd, busy, sizeof busy - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        close(fd);
    }
}

void control_ready(struct control *c)
{
    c->ready = true;
}

void control_step(struct control *c, uint64_t now_ms)
{
    if (!c->path)
        return;
    if (c->ready)
        accept_all(c, now_ms);
    c->ready = false;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        if (c->clients[i].fd >= 0)
            serve(&c->clients[i], now_ms);
}

/* Whether a whole request has been read and waits for its turn. */
static bool has_line(const struct control_client *client)
{
    return may_read(client) && memchr(client->in, '\n', client->in_len) != NULL;
}

uint64_t control_deadline(const struct control *c, uint64_t now_ms)
{
    uint64_t until = UINT64_MAX;
    for (unsigned i = 0; i < CONTROL_CLIENTS && c->path; i++) {
        const struct control_client *client = &c->clients[i];
        uint64_t own = client->until;
        if (client->fd < 0)
            continue;
        if (waiting(client) > 0)
            own = now_ms + RETRY_MS;
        else if (client->call.walk || has_line(client))
            own = 0;
        else if (client->call.busy)
            own = UINT64_MAX; /* the server is asked */
        until = own < until ? own : until;
    }
    return until;
}

void control_close(struct control *c)
{
    if (!c->port) /* never opened */
        return;
    for (unsigned i = 0; i < CONTROL_CLIENTS && c->path; i++) {
        if (c->clients[i].fd < 0)
            continue;
        send_some(&c->clients[i], 0);
        drop(&c->clients[i]);
    }
    if (c->fd >= 0) {
        thm_port_posix_unwatch_fd(c->port, c->fd);
        close(c->fd);
    }
    if (c->path)
        unlink(c->path);
    free(c->path);
    if (c->lock >= 0)
        close(c->lock);
    c->path = NULL;
    c->port = NULL;
    c->fd = c->lock = -1;
}
