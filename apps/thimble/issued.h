/*
 * Certificates that a server issued: whether they are what was asked for, and when they are to be renewed.
 */
#ifndef THIMBLE_ISSUED_H
#define THIMBLE_ISSUED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/tls.h"

/* A certificate with all that it is judged by. */
struct issued {
    const char *ca; /* PEM */
    size_t ca_len;
    const char *key; /* PEM, secret */
    size_t key_len;
    const unsigned char *der;
    size_t len;
    const char *user, *device; /* that it has to name */
};

/**
 * Makes credentials of a certificate, if it is for our key, names whom it is said to name, and has not ended.
 *
 * @param c    receives them; wiped when it fails
 * @param why  receives one sentence when it fails
 * @return false: it is not to be kept
 */
bool issued_load(struct thm_credentials *c, const struct issued *issued, char *why, size_t cap);

/** When a certificate that came now and ends at `not_after` is to be renewed: two thirds of that time from now. */
uint64_t issued_renew_at(uint64_t not_after);

/**
 * Keeps that time beside the certificate, in FILE.renew for FILE.crt; in seconds since 1970.
 *
 * @return 0, or -1 with errno set
 */
int issued_keep_time(const char *cert, uint64_t renew_at);

/**
 * Reads it. Where none was kept, or one that can't be right, the certificate is to be renewed ISSUED_EARLY_DAYS before its
 * end.
 */
uint64_t issued_time(const char *cert, uint64_t not_after);

#define ISSUED_EARLY_DAYS 30

#endif
