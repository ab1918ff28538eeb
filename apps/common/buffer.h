/* Bytes that grow as needed; the program ends when there is no memory. */
#ifndef THIMBLE_BUFFER_H
#define THIMBLE_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data; /* terminated; NULL while nothing was ever put in */
    size_t len, cap;
};

void buffer_add(struct buffer *b, const char *data, size_t len);
/** Puts bytes in at an offset, which is at most b->len. */
void buffer_insert(struct buffer *b, size_t at, const char *data, size_t len);
/** Takes bytes out; at + len is at most b->len. */
void buffer_remove(struct buffer *b, size_t at, size_t len);
void buffer_free(struct buffer *b);

/** The bytes as a string: "" while there are none. */
static inline const char *buffer_text(const struct buffer *b)
{
    return b->data ? b->data : "";
}

#endif
