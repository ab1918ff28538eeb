/*
 * A server under load, seen from outside: where it listens, what it costs.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <openssl/ssl.h>

struct protocol;

#define SERVERS_MAX 8

struct server {
    const char *label;
    const struct protocol *protocol;
    uint16_t port; /* on 127.0.0.1 */
    pid_t pid;
    int tls_version; /* TLS1_2_VERSION or TLS1_3_VERSION */
    clockid_t clock; /* its CPU time */
    SSL_CTX *tls;
};

/**
 * Reads "LABEL,PROTOCOL,PORT,PID,TLS", such as "mosquitto TLS 1.3,mqtt,8883,4711,1.3". The text is cut up
 * and kept.
 */
void server_parse(struct server *s, char *text);

/** User and system time of all its threads, in microseconds. */
double server_cpu_us(const struct server *s);

/** Its proportional share of memory, in KB. */
double server_memory_kb(const struct server *s);

/** Ends the program when it does not run any more. */
void server_check(const struct server *s);

#endif
