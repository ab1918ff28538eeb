#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_LOW     16384u /* bytes that wait, below which a long answer goes on */
#define RETRY_MS    20u    /* for who takes nothing just now */
#define HEADERS_MAX 16384u
#define STEPS       64 /* lines and reads of one client in a turn */

static const struct socket_words words = {
    "control socket", "thimbled",
    "give this one another by --control FILE, or none by --control none"};

enum socket_result control_open(struct control *c, struct thm_port_posix *port, uint32_t tag,
                                const struct command_host *host, const char *path,
                                const char *group, char *why, size_t cap)
{
    memset(c, 0, sizeof *c);
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        c->clients[i].fd = -1;
    enum socket_result result = local_socket_open(&c->socket, &words, path, group, why, cap);
    if (result != SOCKET_OPEN)
        return result;
    if (thm_port_posix_watch_fd(port, c->socket.fd, tag) != THM_OK) {
        snprintf(why, cap, "the control socket: the loop can't watch one descriptor more");
        local_socket_close(&c->socket);
        return SOCKET_FAILED;
    }
    c->port = port;
    c->host = host;
    c->tag = tag;
    return SOCKET_OPEN;
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
    while ((fd = accept4(c->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
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
    if (!c->port)
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
    for (unsigned i = 0; i < CONTROL_CLIENTS && c->port; i++) {
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

/* What a client still waits for will never be done. */
static void end_unfinished(struct call *call)
{
    if (!call->busy)
        return;
    if (call->path[0])
        call_refuse(call, "shutdown",
                    "the server ended before the copy was whole: %s was not written", call->path);
    else
        call_refuse(call, "shutdown", "the server ended before this was done");
}

void control_close(struct control *c)
{
    if (!c->port) /* never opened */
        return;
    for (unsigned i = 0; i < CONTROL_CLIENTS && c->port; i++) {
        if (c->clients[i].fd < 0)
            continue;
        end_unfinished(&c->clients[i].call);
        send_some(&c->clients[i], 0);
        drop(&c->clients[i]);
    }
    thm_port_posix_unwatch_fd(c->port, c->socket.fd);
    local_socket_close(&c->socket);
    c->port = NULL;
}
