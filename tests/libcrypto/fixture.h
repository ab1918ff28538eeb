/*
 * What the tests of the libcrypto backend share: BearSSL's P-256 is the model that it must equal.
 */
#ifndef LIBCRYPTO_FIXTURE_H
#define LIBCRYPTO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "thimble/libcrypto.h"

#define SCALAR_LEN 32
#define POINT_LEN  65
#define CURVE      BR_EC_secp256r1

extern const br_ec_impl *const model;

/* The next pseudo-random bytes; the same in every run. */
void random_bytes(void *buf, size_t len);

/* A random scalar from 1 to order - 1. */
void random_scalar(unsigned char x[SCALAR_LEN]);

/* order + delta, for a delta that causes no carry. */
void near_order(unsigned char x[SCALAR_LEN], int delta);

/* A multiple of the generator, by the model. */
void random_point(unsigned char point[POINT_LEN]);

#endif
