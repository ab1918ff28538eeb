/*
 * What a test of our two ends has: a world, a connection between them, a raw peer if need be, and a
 * pattern to send.
 */
#ifndef TEST_TLS_SCENE_H
#define TEST_TLS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tls/raw_peer.h"

struct scene {
    struct world *w;
    struct link l;
    struct raw_peer r;
};

/* Bytes that do not repeat early: what is lost or doubled shows. */
extern unsigned char pattern[40000];

/** cmocka's fixture: `*state` becomes a fresh struct scene, whose world ends with nothing lent. */
int set_up(void **state);
int set_up_peers(void **state); /* among clients */
int tear_down(void **state);

/** What a domain lends now. */
struct thm_tls_usage usage(const struct end *e);

/** The bytes on their way that `t` sent. */
struct pair_end *wire_from(struct scene *s, const struct thm_tls *t);

/** Writes the pattern's first `len` bytes; returns how many of them were taken. */
size_t write_all(struct thm_tls *t, size_t len);

/** Reads whatever is there, compares it with the pattern at `from`, returns the number of bytes. */
size_t read_all(struct thm_tls *t, size_t from);

#endif
