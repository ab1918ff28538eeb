/*
 * A folder in which a machine joins, and what a server would answer that has the tests' CA.
 */
#ifndef TESTS_APPS_HOMESTEAD_H
#define TESTS_APPS_HOMESTEAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "credentials.h"
#include "exit_codes.h"
#include "files.h"
#include "home.h"
#include "issued.h"
#include "options.h"
#include "thimble/port_posix.h"

extern char *folder; /* of a test; what is tested makes it */
extern struct thm_port_posix posix;

int setup(void **state);
int teardown(void **state);

/** A file of the folder: its text, to be freed; its permissions; whether it is there; or writes it. */
char *read_text(const char *name);
unsigned mode_of(const char *name);
bool there_is(const char *name);
void put(const char *name, const char *text);

struct der {
    unsigned char bytes[THM_CERT_MAX];
    size_t len;
};

/** Reads a file of one certificate. */
void read_certificate(struct der *der, const char *path);

/* What a server would answer. */
struct answer {
    struct thm_invitation invitation;
    struct thm_ca_pin pin;
    struct der certificate;
    uint8_t key[THM_ENROLL_KEY];
    struct joined joined;
};
extern struct answer answer;

/** Prepares one: a certificate and a key of the tests' CA, each called "USER@DEVICE"; and who is said to have it. */
void prepare(const char *cert, const char *key_of, const char *user);

#endif
