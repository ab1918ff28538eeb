/*
 * Reading PEM (RFC 7468) objects, or one bare DER object, in pieces.
 */
#ifndef THM_TLS_PEM_H
#define THM_TLS_PEM_H

#include <stdbool.h>
#include <stddef.h>

/* What is done with the objects of a file. */
struct thm_pem_reader {
    bool (*wanted)(const char *name); /* whether objects of this name ("CERTIFICATE") are read */
    int (*begin)(void *ctx);          /* an object starts */
    void (*data)(void *ctx, const void *der, size_t len);
    int (*end)(void *ctx); /* an object is complete */
};

/**
 * Reads all wanted objects of a file and skips the others.
 *
 * @param ctx  passed to the reader's functions
 * @return the number of objects read; THM_E_PEM for text that is damaged or has no object at all; or
 *         the first result other than THM_OK of begin() and end()
 */
int thm_pem_read(const char *text, size_t len, const struct thm_pem_reader *reader, void *ctx);

#endif
