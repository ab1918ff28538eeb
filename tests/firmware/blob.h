/* Provisioning blobs for tests, put together field by field. */
#ifndef TEST_BLOB_H
#define TEST_BLOB_H

#include <stddef.h>
#include <stdint.h>

#define BLOB_MAX 4096

struct blob {
    unsigned char bytes[BLOB_MAX]; /* what follows the blob is 0xff, as in erased flash */
    size_t len;                    /* with header, without CRC until blob_seal() */
};

void blob_begin(struct blob *b, unsigned version, uint32_t sequence);
void blob_field(struct blob *b, unsigned tag, const void *value, size_t len);
void blob_text(struct blob *b, unsigned tag, const char *text);
void blob_number(struct blob *b, unsigned tag, uint64_t value, unsigned size);
/** Writes length and CRC; the blob is whole then. */
void blob_seal(struct blob *b);

/** All that a terminal needs, without the field `but` (0: with all of them); not sealed. */
void blob_client(struct blob *b, uint32_t sequence, unsigned but);

/** The same, sealed. */
void blob_whole(struct blob *b, uint32_t sequence);

#endif
