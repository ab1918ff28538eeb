/*
 * The certificates that make_certs.sh made.
 */
#ifndef TEST_TLS_FILES_H
#define TEST_TLS_FILES_H

#include <stddef.h>
#include <stdint.h>

/** Reads a file of the certificates' directory whole; terminated; to be freed. */
char *read_cert_file(const char *name, size_t *len);

/** Reads a number written in decimal in a file of that directory. */
uint64_t read_cert_number(const char *name);

#endif
