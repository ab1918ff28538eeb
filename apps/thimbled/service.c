#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "thimble/port_posix.h"
#include "thimble/server.h"

#if THIMBLED_LIBCRYPTO
#include "thimble/libcrypto.h"
#endif

#include "certifier.h"
#include "control.h"
#include "control_path.h"
#include "costs.h"
#include "cpu.h"
#include "exit_codes.h"
#include "files.h"
#include "log.h"
#include "notify.h"
#include "operator.h"
#include "report.h"
#include "signals.h"
#include "store.h"
#include "trust.h"

enum { TAG_SIGNAL = 1, TAG_STDIN, TAG_CONTROL, TAG_SIGNER };

#define EVENTS             256
#define WHY_MAX            512
#define LOG_RETRY_MS       100 /* when stderr took nothing */
#define DAY_MS             86400000u
#define DEVICES_PER_CLIENT 4u  /* that were here and are remembered, on average */
#define OTHER_DESCRIPTORS  64u /* listeners, files, pipes */

struct service {
    const struct settings *settings;
    struct log log;
    struct thm_port_posix port;
    struct store store;
    struct thm_server *server;
    struct thm_server_config config;
    struct trust *trust;
    struct audit audit;
    char *audit_path; /* its usual place; NULL: another one, or none */
    struct devices devices;
    struct command_host host;
    struct control control;
    struct certifier certifier;
    uint16_t number; /* TCP port that it listens on, of the first address */
    struct operator_console console;
    bool has_console;
    bool stopping;     /* goodbye is being said */
    int exit_now;      /* a second signal: its number */
    uint64_t watchdog; /* ms between two signs of life; 0: none is wanted */
    uint64_t alive_at; /* ms, when the next is due */
    uint64_t check_at; /* ms, when the certificate is looked at again */
};

/* --- start -------------------------------------------------------------------------------------- */

static int fail(struct service *s, int exit_code, const char *event, const char *detail)
{
    log_note(&s->log, THM_LOG_ERROR, event, detail);
    return exit_code;
}

/* What the server reports goes to all who keep something of it. */
static void on_record(void *ctx, const struct thm_log_record *record)
{
    struct service *s = ctx;
    struct timespec now;
    log_record(&s->log, record);
    audit_record(&s->audit, record);
    clock_gettime(CLOCK_REALTIME, &now);
    devices_record(&s->devices, record,
                   (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* Memory that costs nothing until it is touched. */
static void *reserve(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int raise_descriptor_limit(struct service *s)
{
    rlim_t need = s->config.max_clients + s->config.spare_clients + OTHER_DESCRIPTORS;
    struct rlimit limit;
    char why[WHY_MAX];
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
        return OPTIONS_OK;
    struct rlimit wanted = {need, limit.rlim_max < need ? need : limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
        return OPTIONS_OK;
    snprintf(
        why, sizeof why,
        "--max-clients %u needs %llu descriptors and only %llu are allowed: lower it, or raise "
        "LimitNOFILE or 'ulimit -Hn'",
        s->config.max_clients, (unsigned long long)need, (unsigned long long)limit.rlim_max);
    return fail(s, EXIT_USAGE, "descriptors", why);
}

static int open_port(struct service *s)
{
    const struct thm_port_posix_config config = {
        .max_sockets = s->config.max_clients + s->config.spare_clients + OPTION_LIST_MAX,
        .send_buffer = THM_CREDIT_MAX};
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH, 0};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file as large as it may be is an error of writing like others */
    int fd = signals_open(signals);
    int code = fd < 0 ? THM_E_PORT : thm_port_posix_init(&s->port, &config);
    if (code == THM_OK)
        code = thm_port_posix_watch_fd(&s->port, fd, TAG_SIGNAL);
    if (code != THM_OK)
        return fail(s, EXIT_FAILED, "start", thm_error_text(code));
    return OPTIONS_OK;
}

/* The store can't write (a sentence says why), or can again (NULL). */
static void on_trouble(void *ctx, const char *sentence)
{
    struct service *s = ctx;
    if (sentence)
        log_note(&s->log, THM_LOG_ERROR, "store-trouble", sentence);
    else
        log_note(&s->log, THM_LOG_INFO, "store-well", "messages are stored again");
    thm_server_store_trouble(s->server, sentence);
}

static int open_store(struct service *s)
{
    const struct settings *o = s->settings;
    char why[WHY_MAX];
    s->store.port = &s->port.port;
    s->store.trouble = on_trouble;
    s->store.ctx = s;
    int result = (o->store == STORE_RAM ? store_open_memory : store_open_database)(
        &s->store, o, &s->config, why, sizeof why);
    return result == OPTIONS_OK ? OPTIONS_OK : fail(s, result, "store", why);
}

static int open_server(struct service *s)
{
    if (s->settings->auth == AUTH_PASSCODE && !s->store.store->records)
        return fail(s, EXIT_USAGE, "auth",
                    "--auth passcode needs accounts, which --store ram does not keep");
    s->config.port = &s->port.port;
    s->config.store = s->store.store;
#if THIMBLED_LIBCRYPTO
    s->config.backend = thm_libcrypto_backend();
#endif
    s->config.prefer_aes = cpu_has_aes();
    s->config.name = s->settings->name;
    s->config.history_all = s->settings->history == HISTORY_ALL;
    s->config.auth = s->settings->auth == AUTH_PASSCODE ? THM_AUTH_PASSCODE : THM_AUTH_CERTIFICATE;
    s->config.log = on_record;
    s->config.log_ctx = s;
    certifier_open(&s->certifier, s->settings, &s->trust, &s->port, TAG_SIGNER, &s->log,
                   &s->config);
    size_t size = thm_server_size(&s->config, NULL, 0);
    void *memory = reserve(size);
    int code = memory ? thm_server_init(&s->server, memory, size, &s->config) : THM_E_MEMORY;
    if (code != THM_OK)
        return fail(s, EXIT_FAILED, "start", thm_error_text(code));
    costs_log(&s->log, s->store.size, &s->config);
    return OPTIONS_OK;
}

static void say(void *ctx, bool ended, const char *text)
{
    struct service *s = ctx;
    log_note(&s->log, ended ? THM_LOG_ERROR : THM_LOG_WARNING, "credentials", text);
}

/* A certificate ends while the server runs; nobody can log in from then on. */
static void check_trust(struct service *s)
{
    trust_check(s->trust, s->settings, say, s);
    s->check_at = thm_port_posix_now_ms() + DAY_MS;
}

static int load_trust(struct service *s)
{
    char why[WHY_MAX];
    if (trust_load(&s->trust, s->server, s->settings, why, sizeof why) != THM_OK)
        return fail(s, EXIT_CREDENTIALS, "credentials", why);
    check_trust(s);
    return OPTIONS_OK;
}

static int listen_on(struct service *s, const char *address)
{
    char host[THM_PORT_POSIX_HOST_MAX], text[THM_ADDRESS_TEXT_MAX], why[WHY_MAX];
    uint16_t number;
    struct thm_address bound;
    int code = thm_port_posix_parse_address(address, host, sizeof host, &number);
    if (code == THM_OK)
        code = thm_server_listen(s->server, host, number, &bound);
    int cause = errno; /* behind THM_E_PORT */
    if (code != THM_OK) {
        const char *cure = cause == EADDRNOTAVAIL ? ": use an address of this machine" : "";
        snprintf(why, sizeof why, "%s: %s%s", address,
                 code == THM_E_PORT ? strerror(cause) : thm_error_text(code), cure);
        return fail(s, code == THM_E_ADDRESS ? EXIT_USAGE : EXIT_LISTEN, "listen", why);
    }
    if (s->number == 0)
        s->number = bound.number;
    thm_address_text(&bound, text);
    const struct thm_log_record record = {
        .level = THM_LOG_INFO, .event = "listening", .address = &bound};
    log_record(&s->log, &record);
    return OPTIONS_OK;
}

static void stop(void *ctx)
{
    struct service *s = ctx;
    if (s->stopping)
        return;
    s->stopping = true;
    log_note(&s->log, THM_LOG_INFO, "stopping", NULL);
    notify("STOPPING=1");
    thm_server_shutdown(s->server);
}

/* --- the operator --------------------------------------------------------------------------------- */

static bool reload(void *ctx, char *text, size_t cap)
{
    struct service *s = ctx;
    audit_reopen(&s->audit);
    if (trust_load(&s->trust, s->server, s->settings, text, cap) == THM_OK) {
        snprintf(text, cap, "certificates and deny-list read anew, %u denied",
                 trust_denied(s->trust));
        log_note(&s->log, THM_LOG_INFO, "reload", text);
        check_trust(s);
        return true;
    }
    log_note(&s->log, THM_LOG_ERROR, "reload-failed", text);
    log_note(&s->log, THM_LOG_WARNING, "reload-failed",
             "the former certificates and deny-list stay in use");
    return false;
}

static bool here(void *ctx, struct thm_invitation *invitation, char *why, size_t cap)
{
    const struct service *s = ctx;
    invitation->port = s->number;
    return trust_here(s->trust, s->settings, invitation, why, cap);
}

static bool is_none(const char *option)
{
    return option && strcmp(option, "none") == 0;
}

/* The audit log lies beside the database unless another place is named, or none. */
static int open_audit(struct service *s)
{
    const char *path = s->settings->audit;
    char why[WHY_MAX];
    if (is_none(path))
        path = NULL;
    else if (!path && s->store.folder)
        path = s->audit_path = text_format("%s/audit.log", s->store.folder);
    if (!audit_open(&s->audit, path, &s->log, why, sizeof why))
        return fail(s, EXIT_USAGE, "audit", why);
    if (s->store.folder)
        log_note(&s->log, THM_LOG_INFO, "data", s->store.folder);
    if (path)
        log_note(&s->log, THM_LOG_INFO, "audit", path);
    return OPTIONS_OK;
}

static int open_host(struct service *s)
{
    s->host =
        (struct command_host){.server = s->server,
                              .log = &s->log,
                              .audit = &s->audit,
                              .devices = &s->devices,
                              .trust = &s->trust,
                              .approvals = s->certifier.approvals,
                              .denylist = s->settings->denylist,
                              .auth = s->config.auth,
                              .database = s->settings->store == STORE_RAM ? NULL : s->store.store,
                              .started_ms = (uint64_t)time(NULL) * 1000,
                              .reload = reload,
                              .quit = stop,
                              .here = here,
                              .ctx = s};
    if (!devices_open(&s->devices, DEVICES_PER_CLIENT * s->config.max_clients))
        return fail(s, EXIT_FAILED, "start", thm_error_text(THM_E_MEMORY));
    return OPTIONS_OK;
}

/* A second server at the usual place goes on without a socket; one that somebody named is meant. */
static int open_control(struct service *s)
{
    const struct settings *o = s->settings;
    char why[WHY_MAX];
    char *usual = o->control ? NULL : control_path_of_server();
    const char *path = o->control ? o->control : usual;
    int result = OPTIONS_OK;
    if (!path)
        log_note(&s->log, THM_LOG_WARNING, "control",
                 "no socket for thimblectl: there is no folder for it; --control FILE names one");
    else if (!is_none(path) && control_open(&s->control, &s->port, TAG_CONTROL, &s->host, path,
                                            o->control_group, why, sizeof why) != SOCKET_OPEN) {
        log_note(&s->log, o->control ? THM_LOG_ERROR : THM_LOG_WARNING, "control", why);
        result = o->control || o->control_group ? EXIT_USAGE : OPTIONS_OK;
    } else if (!is_none(path)) {
        log_note(&s->log, THM_LOG_INFO, "control-socket", path);
    }
    free(usual);
    return result;
}

static void open_console(struct service *s)
{
    if (s->settings->no_console || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return;
    s->has_console = operator_open(&s->console, &s->host);
    if (!s->has_console)
        return;
    thm_port_posix_watch_fd(&s->port, STDIN_FILENO, TAG_STDIN);
    if (isatty(STDERR_FILENO))
        s->log.editor = s->console.editor;
}

static int start(struct service *s)
{
    const struct settings *o = s->settings;
    log_open(&s->log, (enum thm_log_level)o->log_level, o->log_json);
    thm_server_config_default(&s->config, o->max_clients);
    s->config.relays = o->max_relays;
    for (unsigned i = 0; i < THM_LIMITS; i++)
        s->config.limits[i] = (struct thm_limit){o->limits[i].rate, o->limits[i].burst};
    int result = raise_descriptor_limit(s);
    if (result == OPTIONS_OK)
        result = open_port(s);
    if (result == OPTIONS_OK)
        result = open_store(s);
    if (result == OPTIONS_OK)
        result = open_audit(s);
    if (result == OPTIONS_OK)
        result = open_server(s);
    if (result == OPTIONS_OK)
        result = load_trust(s);
    if (result == OPTIONS_OK)
        result = open_host(s);
    if (result == OPTIONS_OK)
        result = open_control(s);
    for (unsigned i = 0; i < o->listen.count && result == OPTIONS_OK; i++)
        result = listen_on(s, o->listen.items[i]);
    if (result == OPTIONS_OK) {
        open_console(s);
        notify("READY=1");
        s->watchdog = notify_interval();
    }
    return result;
}

/* --- the loop ----------------------------------------------------------------------------------- */

static void on_signal(struct service *s, int number)
{
    char text[WHY_MAX];
    switch (number) {
    case SIGHUP: reload(s, text, sizeof text); break;
    case SIGTSTP:
        if (s->has_console)
            editor_suspend(s->console.editor);
        else
            raise(SIGSTOP);
        break;
    case SIGWINCH:
        if (s->has_console)
            editor_resize(s->console.editor);
        break;
    default:
        if (s->stopping)
            s->exit_now = number;
        stop(s);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_deadline(const struct service *s)
{
    uint64_t now = thm_port_posix_now_ms();
    uint64_t until = earlier(thm_server_deadline(s->server), s->check_at);
    until = earlier(until, audit_deadline(&s->audit));
    until = earlier(until, control_deadline(&s->control, now));
    until = earlier(until, certifier_deadline(&s->certifier, now));
    if (s->has_console && operator_waits(&s->console))
        until = 0;
    if (s->has_console)
        until = earlier(until, editor_deadline(s->console.editor));
    if (s->log.held_len > 0)
        until = earlier(until, now + LOG_RETRY_MS);
    return s->watchdog ? earlier(until, s->alive_at) : until;
}

static void show_life(struct service *s, uint64_t now)
{
    if (s->watchdog == 0 || now < s->alive_at)
        return;
    s->alive_at = now + s->watchdog;
    notify("WATCHDOG=1");
}

static void handle(struct service *s, const struct thm_event *event)
{
    int number;
    while (event->tag == TAG_SIGNAL && (number = signals_next()) != 0)
        on_signal(s, number);
    if (event->tag == TAG_STDIN)
        editor_read(s->console.editor);
    if (event->tag == TAG_CONTROL)
        control_ready(&s->control);
}

static int turn(struct service *s)
{
    struct thm_event events[EVENTS];
    if (s->has_console && !s->stopping)
        editor_show(s->console.editor);
    int n = s->port.port.ops->wait(&s->port.port, next_deadline(s), events, EVENTS);
    uint64_t now = thm_port_posix_now_ms();
    if (n < 0)
        return fail(s, EXIT_FAILED, "wait", thm_error_text(n));
    thm_server_step(s->server, now, events, n);
    for (int i = 0; i < n; i++)
        if (events[i].tag < THM_SERVER_TAG_FIRST)
            handle(s, &events[i]);
    control_step(&s->control, now);
    certifier_step(&s->certifier, s->server, now);
    if (s->has_console)
        operator_step(&s->console);
    trust_tidy(s->trust, s->server);
    show_life(s, now);
    if (now >= s->check_at)
        check_trust(s);
    audit_flush(&s->audit, now);
    log_flush(&s->log);
    if (s->exit_now)
        return 128 + s->exit_now;
    return s->stopping && thm_server_idle(s->server) ? EXIT_DONE : OPTIONS_OK;
}

int service_run(const struct settings *settings)
{
    static struct service service;
    struct service *s = &service;
    s->settings = settings;
    int result = start(s);
    log_flush(&s->log);
    while (result == OPTIONS_OK)
        result = turn(s);
    s->log.editor = NULL;
    if (s->has_console)
        editor_close(s->console.editor);
    if (!s->exit_now) /* who asks twice waits for nothing; what was acknowledged is on the disk anyhow */
        store_close(&s->store);
    if (result == EXIT_DONE)
        log_note(&s->log, THM_LOG_INFO, "stopped", NULL);
    control_close(&s->control);
    certifier_close(&s->certifier);
    audit_close(&s->audit);
    free(s->audit_path);
    if (s->port.posix)
        thm_port_posix_destroy(&s->port);
    devices_close(&s->devices);
    trust_free(s->trust);
    log_drain(&s->log);
    return result;
}
