/*
 * thimble-signd: the process that holds the key of an issuing CA, so that thimbled, which talks to strangers, need not.
 * It is asked at a Unix socket and has no network.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "callers.h"
#include "exit_codes.h"
#include "files.h"
#include "local_socket.h"
#include "notify.h"
#include "report.h"
#include "settings.h"
#include "signals.h"

#define WHY_MAX      512
#define DAY_S        86400
#define WARN_DAYS    30
#define LOG_RETRY_MS 100

struct service {
    const struct settings *settings;
    struct log log;
    struct desk desk;
    struct local_socket socket;
    struct callers callers;
    int signals;
    bool stopping;
    uint64_t watchdog, alive_at; /* ms; 0: none is wanted */
};

/* --- the CA ------------------------------------------------------------------------------------- */

/* The key is nobody's but ours: whoever reads it can be any user. */
static bool check_mode(const char *path, char *why, size_t cap)
{
    struct stat info;
    if (stat(path, &info) < 0 || (info.st_mode & 077) == 0)
        return true; /* what is not there is found by reading */
    snprintf(why, cap, "others can read the key %s: chmod 600 %s", path, path);
    return false;
}

static bool read_both(const char *const paths[2], char *text[2], size_t len[2], char *why,
                      size_t cap)
{
    for (unsigned i = 0; i < 2; i++) {
        text[i] = file_read(paths[i], &len[i]);
        if (!text[i]) {
            snprintf(why, cap, "can't read %s: %s (--issuer names its folder)", paths[i],
                     strerror(errno));
            return false;
        }
    }
    return true;
}

static struct issuer *load(const char *folder, char *why, size_t cap)
{
    char *cert = text_format("%s/issuer.crt", folder), *key = text_format("%s/issuer.key", folder);
    const char *const paths[2] = {cert, key};
    char *text[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    struct issuer *issuer = NULL;
    const char *fault;
    if (check_mode(key, why, cap) && read_both(paths, text, len, why, cap) &&
        issue_open(&issuer, text[0], len[0], text[1], len[1], &fault) != ISSUE_OK)
        snprintf(why, cap, "%s: %s", folder, fault);
    free(text[0]);
    if (text[1])
        explicit_bzero(text[1], len[1]);
    free(text[1]);
    free(cert);
    free(key);
    return issuer;
}

/* Certificates get shorter as the CA's own end comes near. */
static void tell_end(struct service *s)
{
    char text[128], date[32];
    time_t end = (time_t)issue_ends(s->desk.issuer);
    bool near = end - time(NULL) < WARN_DAYS * DAY_S;
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&end));
    snprintf(text, sizeof text, "the issuing CA ends on %s%s", date,
             near ? ": 'thimble-ca issuer' makes another one" : "");
    log_note(&s->log, near ? THM_LOG_WARNING : THM_LOG_INFO, "issuer", text);
}

static void reload(struct service *s)
{
    char why[WHY_MAX];
    struct issuer *issuer = load(s->settings->issuer, why, sizeof why);
    if (!issuer) {
        log_note(&s->log, THM_LOG_ERROR, "reload-failed", why);
        log_note(&s->log, THM_LOG_WARNING, "reload-failed", "the former issuing CA stays in use");
        return;
    }
    issue_close(s->desk.issuer);
    s->desk.issuer = issuer;
    log_note(&s->log, THM_LOG_INFO, "reload", "the issuing CA is read anew");
    tell_end(s);
}

/* --- start -------------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A key in memory is in nobody's debugger and in no core file. */
static void seal(void)
{
    const struct rlimit none = {0, 0};
    umask(077);
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* whose search for leaks is a debugger */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

static int start(struct service *s)
{
    static const struct socket_words words = {"socket", "thimble-signd",
                                              "give this one another by --socket FILE"};
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM, 0};
    const struct settings *o = s->settings;
    char why[WHY_MAX];
    signal(SIGPIPE, SIG_IGN);
    s->signals = signals_open(signals);
    if (s->signals < 0)
        return report_fail(EXIT_FAILED, "can't catch signals: %s", strerror(errno));
    struct issuer *issuer = load(o->issuer, why, sizeof why);
    if (!issuer)
        return report_fail(EXIT_CREDENTIALS, "%s", why);
    desk_open(&s->desk, &s->log, issuer, o->lifetime_s, o->limit);
    if (local_socket_open(&s->socket, &words, o->socket, o->group, why, sizeof why) != SOCKET_OPEN)
        return report_fail(EXIT_LISTEN, "%s", why);
    callers_open(&s->callers, &s->desk, s->socket.fd);
    log_open(&s->log, THM_LOG_INFO, o->log_json);
    tell_end(s);
    log_note(&s->log, THM_LOG_INFO, "listening", o->socket);
    notify("READY=1");
    s->watchdog = notify_interval();
    return OPTIONS_OK;
}

/* --- the loop ----------------------------------------------------------------------------------- */

static void take_signals(struct service *s)
{
    int number;
    while ((number = signals_next()) != 0) {
        if (number == SIGHUP)
            reload(s);
        else
            s->stopping = true;
    }
}

static int patience(const struct service *s, bool busy, uint64_t now)
{
    if (busy)
        return 0;
    if (s->log.held_len > 0)
        return LOG_RETRY_MS;
    if (s->watchdog == 0)
        return -1;
    return s->alive_at > now ? (int)(s->alive_at - now) : 0;
}

static void turn(struct service *s)
{
    struct pollfd fds[CALLERS_MAX + 2];
    bool busy;
    nfds_t n = callers_wanted(&s->callers, fds, &busy);
    fds[n++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    poll(fds, n, patience(s, busy, now_ms()));
    uint64_t now = now_ms();
    take_signals(s);
    callers_step(&s->callers, (int64_t)time(NULL), now);
    if (s->watchdog != 0 && now >= s->alive_at) {
        s->alive_at = now + s->watchdog;
        notify("WATCHDOG=1");
    }
    log_flush(&s->log);
}

static void stop(struct service *s)
{
    notify("STOPPING=1");
    callers_close(&s->callers);
    local_socket_close(&s->socket);
    issue_close(s->desk.issuer);
    log_note(&s->log, THM_LOG_INFO, "stopped", NULL);
    log_drain(&s->log);
}

int main(int argc, char **argv)
{
    static struct service service;
    static struct settings settings; /* its values live as long as the process */
    report_name("thimble-signd");
    int result = settings_read(&settings, argc, argv);
    if (result != OPTIONS_OK)
        return report_end(result);
    service.settings = &settings;
    seal();
    result = start(&service);
    if (result != OPTIONS_OK)
        return result;
    while (!service.stopping)
        turn(&service);
    stop(&service);
    return EXIT_DONE;
}
