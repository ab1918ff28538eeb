#include "buffer.h"

#include <stdlib.h>
#include <string.h>

void buffer_insert(struct buffer *b, size_t at, const char *data, size_t len)
{
    if (b->len + len + 1 > b->cap) {
        b->cap = 2 * (b->len + len) + 64;
        b->data = realloc(b->data, b->cap);
        if (!b->data)
            abort();
    }
    memmove(b->data + at + len, b->data + at, b->len - at);
    if (len > 0)
        memcpy(b->data + at, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buffer_add(struct buffer *b, const char *data, size_t len)
{
    buffer_insert(b, b->len, data, len);
}

void buffer_remove(struct buffer *b, size_t at, size_t len)
{
    if (len == 0)
        return;
    memmove(b->data + at, b->data + at + len, b->len - at - len);
    b->len -= len;
    b->data[b->len] = '\0';
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}
