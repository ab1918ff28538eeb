#include "end.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "group.h"
#include "identity.h"
#include "loop.h"
#include "thimble/call.h"
#include "thimble/port_posix.h"
#ifdef BENCH_LIBCRYPTO
#include "thimble/libcrypto.h"
#endif

#define PATIENCE_MS 20000
#define EVENTS      64

enum { TAG_COMMAND = 1, TAG_CLIENT, TAG_CALLS };

enum order { ORDER_DIAL, ORDER_HANG_UP, ORDER_SAY, ORDER_EXPECT };

struct command {
    enum order order;
    bool turns;
    uint32_t size;
    uint64_t count;
};

/* --- the process ------------------------------------------------------------------------------------ */

static struct {
    struct end_config config;
    int fd;
    struct thm_port_posix port;
    struct thm_credentials credentials;
    struct thm_client client;
    struct thm_calls calls;
    uint64_t now, dialled_ns;
    bool asked, stands, saying, over;
    unsigned call;
    uint64_t say_to, said, heard, expected; /* lines, since the session stands */
    uint64_t ahead; /* in turn: how many more may have been said than heard */
    uint32_t size;
    bool in_turn, expecting;
    uint64_t answered; /* lines that have been, or were not to be */
    bool answers;
} self;

static void send_report(struct end_report r)
{
    r.at_ns = now_ns();
    if (send(self.fd, &r, sizeof r, 0) != (ssize_t)sizeof r)
        _exit(1);
}

static void report(enum end_news news)
{
    send_report((struct end_report){.news = news});
}

static void take(struct thm_slice text)
{
    unsigned long long seq = 0;

    for (size_t i = 0; i < SEQUENCE_LEN && i < text.len; i++)
        seq = seq * 10 + (unsigned long long)(text.data[i] - '0');
    if (text.len < SEQUENCE_LEN || seq != self.heard)
        die("line %llu came where %llu was due", seq, (unsigned long long)self.heard);
    self.heard++;
}

static void on_call(void *ctx, const struct thm_call_event *e)
{
    (void)ctx;
    self.call = e->call;
    switch (e->kind) {
    case THM_CALL_STANDS:
        self.stands = true;
        self.say_to = self.said = self.heard = self.expected = 0;
        self.answers = false;
        send_report((struct end_report){
            .news = END_STANDS, .relayed = e->relayed, .dialled_ns = self.dialled_ns});
        break;
    case THM_CALL_TEXT: take(e->text); break;
    case THM_CALL_OVER:
        if (e->code != THM_OK)
            die("the session ended: %s", thm_error_text(e->code));
        self.over = true;
        self.stands = false;
        break;
    case THM_CALL_MOVED: die("the session's path has changed");
    case THM_CALL_FOUND: report(END_READY); break;
    default: break;
    }
}

static void on_client(void *ctx, const struct thm_client_event *e)
{
    (void)ctx;
    if (e->kind == THM_CLIENT_ENDED || e->state == THM_CLIENT_WAITING)
        die("no session with the server: %s", thm_error_text(e->code));
    thm_calls_client_event(&self.calls, e);
}

static void load_credentials(void)
{
    static char ca[4096], chain[4096], key[4096];

    identity_pem(self.config.identity, ca, chain, key, sizeof ca);
    int code = thm_credentials_load(&self.credentials, ca, strlen(ca), chain, strlen(chain), key,
                                    strlen(key), THM_FOR_CLIENT);
    if (code != THM_OK)
        die("certificate: %s", thm_error_text(code));
}

static const struct thm_tls_backend *backend(void)
{
#ifdef BENCH_LIBCRYPTO
    return self.config.libcrypto ? thm_libcrypto_backend() : NULL;
#else
    return NULL;
#endif
}

static void *memory_for(size_t size)
{
    void *memory = aligned_alloc(16, (size + 15) & ~(size_t)15);

    if (memory == NULL)
        die("out of memory");
    memset(memory, 0, size);
    return memory;
}

static void open_core(void)
{
    const struct thm_port_posix_config port = {.max_sockets = 32};
    struct thm_client_config client = {.port = &self.port.port,
                                       .credentials = &self.credentials,
                                       .backend = backend(),
                                       .prefer_aes = true,
                                       .host = "127.0.0.1",
                                       .number = self.config.server,
                                       .server_name = "localhost",
                                       .tag = TAG_CLIENT,
                                       .tls_memory_size = thm_client_tls_size(),
                                       .on_event = on_client};
    struct thm_calls_config calls = {.port = &self.port.port,
                                     .client = &self.client,
                                     .credentials = &self.credentials,
                                     .backend = backend(),
                                     .prefer_aes = true,
                                     .listen = self.config.relay_only ? NULL : "127.0.0.1",
                                     .relay_only = self.config.relay_only,
                                     .auto_answer = true,
                                     .tag = TAG_CALLS,
                                     .tls_memory_size = thm_calls_tls_size(),
                                     .on_event = on_call};

    load_credentials();
    client.tls_memory = memory_for(client.tls_memory_size);
    calls.tls_memory = memory_for(calls.tls_memory_size);
    int code = thm_port_posix_init(&self.port, &port);
    if (code == THM_OK)
        code = thm_port_posix_watch_fd(&self.port, self.fd, TAG_COMMAND);
    if (code == THM_OK)
        code = thm_client_init(&self.client, &client);
    if (code == THM_OK)
        code = thm_calls_init(&self.calls, &calls);
    if (code == THM_OK)
        code = thm_client_start(&self.client, thm_port_posix_now_ms());
    if (code != THM_OK)
        die("%s", thm_error_text(code));
}

static void name_peer(char name[32])
{
    snprintf(name, 32, "u%u@bench", self.config.peer);
}

static void obey(void)
{
    struct command c;
    char target[32];

    if (recv(self.fd, &c, sizeof c, 0) != (ssize_t)sizeof c)
        exit(0); /* whoever started it is gone, or wants no more */
    switch (c.order) {
    case ORDER_DIAL:
        name_peer(target);
        self.dialled_ns = now_ns();
        if (thm_call_dial(&self.calls, target, &self.call) != THM_OK)
            die("cannot call %s", target);
        break;
    case ORDER_HANG_UP: thm_call_hang_up(&self.calls, self.call); break;
    case ORDER_SAY:
        self.say_to += c.count;
        self.size = c.size;
        self.in_turn = c.turns;
        self.ahead = self.said + 1 -
                     self.heard; /* of unsigned numbers: what it is added to undoes a borrow */
        self.saying = !c.turns;
        break;
    case ORDER_EXPECT:
        self.answers = c.turns;
        self.answered = self.expected; /* some of those to come may be here before this order */
        self.expected += c.count;
        self.expecting = true;
        self.size = c.size;
        break;
    }
}

static void say_lines(void)
{
    char text[THM_TEXT_MAX];

    for (; self.answers && self.answered < self.heard; self.answered++)
        self.say_to++;
    while (self.stands && self.said < self.say_to &&
           (!self.in_turn || self.said < self.heard + self.ahead)) {
        payload_write(text, self.size, self.said);
        if (thm_call_say(&self.calls, self.call, text, self.size) != THM_OK)
            return;
        self.said++;
    }
}

static void watch_heard(void)
{
    if (!self.expecting || self.heard < self.expected)
        return;
    self.expecting = self.answers = false;
    report(END_HEARD);
}

/* The one place that looks into a path: nobody but a measurement needs to know. */
static void watch_said(void)
{
    const struct thm_call *c = thm_call_at(&self.calls, self.call);

    if (!self.saying || self.said < self.say_to || c->acked < c->said)
        return;
    self.saying = false;
    send_report((struct end_report){
        .news = END_SAID, .stream = c->path != 0 ? self.calls.paths[c->path - 1].relay.sent : 0});
}

/* The server has registered whoever gets its answer to a question that he asks behind that. */
static void ask_once(void)
{
    char name[32];

    if (self.asked || !self.calls.registered)
        return;
    name_peer(name);
    self.asked = thm_calls_find(&self.calls, name) == THM_OK;
}

/* As an application's loop. */
static void turn(void)
{
    struct thm_event events[EVENTS];
    uint64_t a = thm_client_deadline(&self.client), b = thm_calls_deadline(&self.calls);
    int n = self.port.port.ops->wait(&self.port.port, a < b ? a : b, events, EVENTS);

    self.now = thm_port_posix_now_ms();
    if (n < 0)
        die("%s", thm_error_text(n));
    thm_client_step(&self.client, self.now, events, n);
    thm_calls_step(&self.calls, self.now, events, n);
    for (int i = 0; i < n; i++)
        if (events[i].tag == TAG_COMMAND)
            obey();
    ask_once();
    say_lines();
    watch_heard();
    watch_said();
    if (self.over && thm_calls_idle(&self.calls)) {
        self.over = false;
        report(END_OVER);
    }
}

_Noreturn static void run(const struct end_config *config, int fd)
{
    self.config = *config;
    self.fd = fd;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_core();
    for (;;)
        turn();
}

/* --- whoever has it run ------------------------------------------------------------------------------- */

void end_start(struct end *e, const struct end_config *config, const char *name)
{
    int fds[2];

    e->name = name;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0 || (e->pid = fork()) < 0)
        die("%s: no process: %s", name, strerror(errno));
    if (e->pid == 0) {
        close(fds[0]);
        run(config, fds[1]);
    }
    close(fds[1]);
    e->fd = fds[0];
    if (clock_getcpuclockid(e->pid, &e->clock) != 0)
        die("%s has ended", name);
    end_await(e, END_READY);
}

void end_stop(struct end *e)
{
    shutdown(e->fd,
             SHUT_RDWR); /* close() would not do: those that were started later have it as well */
    close(e->fd);
    waitpid(e->pid, NULL, 0);
}

void end_pin(const struct end *e, unsigned core)
{
    cpu_set_t cores;

    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    sched_setaffinity(e->pid, sizeof cores, &cores);
}

double end_cpu_us(const struct end *e)
{
    struct timespec t;

    if (clock_gettime(e->clock, &t) != 0)
        die("%s has ended", e->name);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void command(struct end *e, struct command c)
{
    if (send(e->fd, &c, sizeof c, MSG_NOSIGNAL) != (ssize_t)sizeof c)
        die("%s has ended", e->name);
}

void end_dial(struct end *e)
{
    command(e, (struct command){.order = ORDER_DIAL});
}

void end_hang_up(struct end *e)
{
    command(e, (struct command){.order = ORDER_HANG_UP});
}

void end_say(struct end *e, uint64_t count, uint32_t size, bool in_turn)
{
    command(e, (struct command){ORDER_SAY, in_turn, size, count});
}

void end_expect(struct end *e, uint64_t count, uint32_t size, bool answers)
{
    command(e, (struct command){ORDER_EXPECT, answers, size, count});
}

struct end_report end_await(struct end *e, enum end_news news)
{
    struct pollfd p = {.fd = e->fd, .events = POLLIN};
    struct end_report r;

    if (poll(&p, 1, PATIENCE_MS) != 1)
        die("%s: report %d does not come", e->name, (int)news);
    if (recv(e->fd, &r, sizeof r, 0) != (ssize_t)sizeof r)
        die("%s has ended", e->name);
    if (r.news != news)
        die("%s reports %d instead of %d", e->name, (int)r.news, (int)news);
    return r;
}
