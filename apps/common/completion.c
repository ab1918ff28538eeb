#include "completion.h"

#include <string.h>

#define CANDIDATES_MAX 64
#define WORD_MAX       128 /* bytes */

static size_t common_prefix(char (*words)[WORD_MAX], unsigned count)
{
    size_t len = strlen(words[0]);
    for (unsigned i = 1; i < count; i++)
        while (strncmp(words[0], words[i], len) != 0)
            len--;
    while (len > 0 && ((unsigned char)words[0][len] & 0xc0) == 0x80)
        len--; /* not in the midst of a character */
    return len;
}

static void list(char (*words)[WORD_MAX], unsigned count, struct buffer *choices)
{
    for (unsigned i = 0; i < count; i++) {
        buffer_add(choices, words[i], strlen(words[i]));
        buffer_add(choices, "  ", 2);
    }
}

void completion_run(struct buffer *line, size_t *cursor, completion_source source, void *ctx,
                    struct buffer *choices)
{
    char words[CANDIDATES_MAX][WORD_MAX];
    unsigned count = 0;
    size_t start = *cursor;
    while (count < CANDIDATES_MAX &&
           source(ctx, buffer_text(line), *cursor, count, words[count], WORD_MAX) > 0)
        count++;
    while (start > 0 && line->data[start - 1] != ' ')
        start--;
    size_t typed = *cursor - start;
    size_t len = count > 0 ? common_prefix(words, count) : 0;
    if (len < typed || (len == typed && count != 1)) {
        list(words, count, choices);
        return;
    }
    buffer_remove(line, start, typed);
    buffer_insert(line, start, words[0], len);
    if (count == 1)
        buffer_insert(line, start + len++, " ", 1);
    *cursor = start + len;
}
