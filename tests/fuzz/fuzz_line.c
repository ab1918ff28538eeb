/*
 * However a stream is cut into chunks, the line reader gives the lines that it has. The first eight
 * bytes of the input choose the sizes of the chunks, in turn.
 */
#include "fuzz/fuzz.h"

#include "wire/transcript.h"

#define LARGEST 16384
#define CUTS    8

/* The same transcript without a reader: lines are what stands between two newlines. */
static size_t simply_split(const char *data, size_t len, char *out)
{
    size_t written = 0;

    while (len > 0) {
        const char *newline = memchr(data, '\n', len);
        size_t line = newline != NULL ? (size_t)(newline - data) : len;
        if (line >= THM_LINE_MAX) {
            memcpy(out + written, "!\n", 2);
            written += 2;
        } else if (newline != NULL) {
            memcpy(out + written, data, line + 1);
            written += line + 1;
        }
        line += newline != NULL;
        data += line;
        len -= line;
    }
    return written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char expected[LARGEST], read[LARGEST], chunk[LARGEST];
    static struct transcript t;

    if (size < CUTS || size > LARGEST)
        return 0;
    const char *stream = (const char *)data + CUTS;
    size_t len = size - CUTS;
    memset(&t.reader, 0, sizeof t.reader);
    t.out = read;
    t.len = 0;
    for (size_t at = 0, i = 0; at < len; i++) {
        size_t step = 1 + (size_t)data[i % CUTS] * data[(i + 1) % CUTS] / 16;
        step = step < len - at ? step : len - at;
        memcpy(chunk, stream + at, step);
        transcript_feed(&t, chunk, step);
        at += step;
    }
    assert(t.len == simply_split(stream, len, expected));
    assert(memcmp(read, expected, t.len) == 0);
    return 0;
}
