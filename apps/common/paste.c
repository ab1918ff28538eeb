#include "paste.h"

#include <string.h>

#include "keys.h"

bool paste_suspected(const char *data, size_t len)
{
    size_t lines = 0;
    if (memmem(data, len, KEY_PASTE_BEGIN, strlen(KEY_PASTE_BEGIN)))
        return false;
    for (size_t i = 0; i < len; i++)
        lines += data[i] == '\r' || data[i] == '\n';
    return lines > PASTE_LINES;
}

size_t paste_take(struct buffer *paste, const char *data, size_t len, bool *ended)
{
    const size_t mark = strlen(KEY_PASTE_END);
    const char *end = memmem(data, len, KEY_PASTE_END, mark);
    *ended = end != NULL;
    if (end) {
        buffer_add(paste, data, (size_t)(end - data));
        return (size_t)(end - data) + mark;
    }
    size_t sure = len < mark ? 0 : len - (mark - 1); /* the rest may begin the mark */
    buffer_add(paste, data, sure);
    return sure;
}

size_t paste_clean(struct buffer *paste)
{
    size_t to = 0, newlines = 0;
    for (size_t i = 0; i < paste->len; i++) {
        char c = paste->data[i];
        bool crlf = c == '\r' && i + 1 < paste->len && paste->data[i + 1] == '\n';
        if (c == '\r' && !crlf)
            c = '\n';
        if (c == '\n' || c == '\t' || (unsigned char)c >= 0x20)
            paste->data[to++] = c;
        newlines += c == '\n';
    }
    buffer_remove(paste, to, paste->len - to);
    return newlines;
}
