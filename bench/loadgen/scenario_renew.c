/*
 * Renewing: devices that are logged in have the next certificate made, each for the key that it has; some at a time. Beside it
 * what `openssl x509 -req` takes for one, and what can't be saved: the signature that is made and the one that is verified.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "group.h"
#include "identity.h"
#include "loop.h"
#include "report.h"
#include "scenario.h"

#define DEVICES     32 /* each has one request on its way at most */
#define DER_MAX     512
#define REQUEST_LEN (2 * DER_MAX)
#define PATIENCE_NS (UINT64_C(20) * 1000000000)
#define PEER_RUNS   20
#define BARE_RUNS   500

struct renewals {
    struct group group;
    char lines[DEVICES][REQUEST_LEN];
    uint64_t asked[DEVICES];
};

/* --- thimbled and thimble-signd ------------------------------------------------------------------ */

static void write_lines(struct renewals *r)
{
    for (uint32_t i = 0; i < DEVICES; i++) {
        unsigned char der[DER_MAX], base64[REQUEST_LEN];
        size_t len = identity_request(i, der, sizeof der);
        EVP_EncodeBlock(base64, der, (int)len);
        int n =
            snprintf(r->lines[i], REQUEST_LEN, "{\"msgtype\":\"enroll_request\",\"data\":\"%s\"}\n",
                     (const char *)base64);
        if (n >= REQUEST_LEN)
            die("a request of %zu bytes", len);
    }
}

/* Has `count` certificates made. */
static void renew(struct renewals *r, uint64_t count)
{
    uint64_t give_up = now_ns() + PATIENCE_NS, begun = 0, target = r->group.stored + count;

    while (r->group.stored < target) {
        for (uint32_t i = 0; i < DEVICES && begun < count; i++) {
            struct client *c = &r->group.clients[i];
            if (r->asked[i] > c->stored)
                continue;
            client_send(c, r->lines[i], strlen(r->lines[i]));
            r->asked[i]++;
            begun++;
        }
        loop_turn(give_up);
        if (now_ns() > give_up)
            die("%s: %llu certificates are missing", r->group.server->label,
                (unsigned long long)(target - r->group.stored));
    }
}

/* Bytes that have crossed the sockets of all: TCP's payload. */
static void count_bytes(const struct renewals *r, double *to, double *from)
{
    *to = *from = 0;
    for (uint32_t i = 0; i < DEVICES; i++) {
        *to += (double)BIO_number_written(SSL_get_wbio(r->group.clients[i].ssl));
        *from += (double)BIO_number_read(SSL_get_rbio(r->group.clients[i].ssl));
    }
}

/* --- the peer ------------------------------------------------------------------------------------- */

static double children_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void run_openssl(const char *request)
{
    char ca[4096], key[4096];
    int status;

    snprintf(ca, sizeof ca, "%s/ca.crt", identity_folder());
    snprintf(key, sizeof key, "%s/ca.key", identity_folder());
    pid_t pid = fork();
    if (pid == 0) {
        freopen("/dev/null", "w", stderr);
        execlp("openssl", "openssl", "x509", "-req", "-inform", "DER", "-in", request, "-CA", ca,
               "-CAkey", key, "-set_serial", "1", "-days", "90", "-out", "/dev/null", NULL);
        _exit(127);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die("openssl x509 -req makes no certificate");
}

/* CPU of a certificate by a process of its own. */
static double measure_peer(const unsigned char *der, size_t len)
{
    char path[] = "/tmp/thimble-bench.XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, der, len) != (ssize_t)len)
        die("can't write to /tmp");
    close(fd);
    run_openssl(path);
    double before = children_us();
    for (unsigned i = 0; i < PEER_RUNS; i++)
        run_openssl(path);
    double us = (children_us() - before) / PEER_RUNS;
    unlink(path);
    return us;
}

/* CPU of the signature and the verification alone. */
static double measure_bare(const unsigned char *der, size_t len)
{
    clock_t before = clock();

    for (unsigned i = 0; i < BARE_RUNS; i++)
        identity_sign_and_verify(der, len);
    return (double)(clock() - before) * 1e6 / CLOCKS_PER_SEC / BARE_RUNS;
}

/* --- the scenario --------------------------------------------------------------------------------- */

static void print_row(const char *what, double us)
{
    printf("| %s | %.0f |\n", what, us);
}

static struct renewals renewals;

void scenario_renew(struct bench *b)
{
    double us[2][ROUNDS_MAX], peer[ROUNDS_MAX], bare[ROUNDS_MAX], to[2], from[2], seconds = 0;
    unsigned rounds = b->effort.rounds, count = b->effort.renewals;
    unsigned char der[DER_MAX];
    struct renewals *r = &renewals;

    if (b->count != 2)
        die("renew takes two: thimbled and thimble-signd");
    size_t len = identity_request(0, der, sizeof der);
    write_lines(r);
    group_init(&r->group, &b->servers[0], DEVICES, "");
    group_grow(&r->group, DEVICES);
    renew(r, DEVICES);
    count_bytes(r, &to[0], &from[0]);
    for (unsigned round = 0; round < rounds; round++) {
        double before[2] = {server_cpu_us(&b->servers[0]), server_cpu_us(&b->servers[1])};
        uint64_t start = now_ns();
        renew(r, count);
        seconds += (double)(now_ns() - start) / 1e9;
        for (unsigned s = 0; s < 2; s++)
            us[s][round] = (server_cpu_us(&b->servers[s]) - before[s]) / count;
        peer[round] = measure_peer(der, len);
        bare[round] = measure_bare(der, len);
    }
    count_bytes(r, &to[1], &from[1]);
    double all = (double)rounds * count;
    printf("\n### Renewing over a session; CPU, us a certificate\n\n| | us |\n|---|---|\n");
    print_row(b->servers[0].label, median(us[0], rounds));
    print_row(b->servers[1].label, median(us[1], rounds));
    print_row("one signature made and one verified by libcrypto, alone", median(bare, rounds));
    print_row("`openssl x509 -req`, a process for each", median(peer, rounds));
    printf("\n%.0f renewals by %d devices, %.0f a second; bytes each to the server %.0f, from it "
           "%.0f\n",
           all, DEVICES, all / seconds, (to[1] - to[0]) / all, (from[1] - from[0]) / all);
    group_close(&r->group);
}
