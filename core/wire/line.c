#include "thimble/wire.h"

#include <string.h>

int thm_line_feed(struct thm_line_reader *r, char *data, size_t len, size_t *taken,
                  struct thm_slice *line)
{
    size_t start = 0; /* where the line begins that is not dropped */
    const char *newline;

    if (r->skipping) {
        newline = memchr(data, '\n', len);
        if (newline == NULL) {
            *taken = len;
            return 0;
        }
        start = (size_t)(newline - data) + 1;
    }
    newline = len > start ? memchr(data + start, '\n', len - start) : NULL;
    size_t part = (newline != NULL ? (size_t)(newline - data) : len) - start;
    bool fits = r->used + part < THM_LINE_MAX;
    bool copied = fits && part > 0 && (newline == NULL || r->used > 0);
    if (copied && r->buf == NULL) {
        *taken = 0;
        return THM_E_MEMORY;
    }

    *taken = start + part + (newline != NULL);
    r->skipping = !fits && newline == NULL;
    if (!fits) {
        r->used = 0;
        return THM_E_LINE_TOO_LONG;
    }
    if (copied)
        memcpy(r->buf + r->used, data + start, part);
    if (newline == NULL) {
        r->used = (uint16_t)(r->used + part);
        return 0;
    }
    line->data = r->used > 0 ? r->buf : data + start;
    line->len = r->used + part;
    r->used = 0;
    return 1;
}
