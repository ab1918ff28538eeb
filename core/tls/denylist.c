/*
 * The deny-list: SHA-256 of the public keys of revoked devices, sorted.
 */
#include <string.h>

#include "thimble/tls.h"

typedef uint8_t key_hash[THM_KEY_HASH];

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool parse_hash(const char *line, size_t len, key_hash hash)
{
    if (len != 2 * sizeof(key_hash))
        return false;
    for (size_t i = 0; i < sizeof(key_hash); i++) {
        int high = digit(line[2 * i]), low = digit(line[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void swap(key_hash a, key_hash b)
{
    key_hash c;

    memcpy(c, a, sizeof c);
    memcpy(a, b, sizeof c);
    memcpy(b, c, sizeof c);
}

static void sift_down(key_hash *heap, uint32_t root, uint32_t count)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && memcmp(heap[child], heap[child + 1], sizeof(key_hash)) < 0)
            child++;
        if (memcmp(heap[root], heap[child], sizeof(key_hash)) >= 0)
            return;
        swap(heap[root], heap[child]);
        root = child;
    }
}

/* Heapsort: no memory and no bad case. */
static void sort(key_hash *hashes, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(hashes, i, count);
    for (uint32_t left = count; left > 1; left--) {
        swap(hashes[0], hashes[left - 1]);
        sift_down(hashes, 0, left - 1);
    }
}

int thm_denylist_parse(struct thm_denylist *list, const char *text, size_t len, unsigned *bad_line)
{
    const char *end = text + len;

    list->count = 0;
    *bad_line = 0;
    for (unsigned number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        const char *comment = memchr(text, '#', (size_t)(stop - text));
        const char *next = newline ? newline + 1 : end;

        stop = comment ? comment : stop;
        while (text < stop && is_blank(*text))
            text++;
        while (stop > text && is_blank(stop[-1]))
            stop--;
        if (text < stop) {
            if (list->count == list->cap)
                return THM_E_LIMIT;
            if (!parse_hash(text, (size_t)(stop - text), list->hashes[list->count])) {
                *bad_line = number;
                return THM_E_DENYLIST;
            }
            list->count++;
        }
        text = next;
    }
    sort(list->hashes, list->count);
    return THM_OK;
}

bool thm_denylist_has(const struct thm_denylist *list, const uint8_t hash[THM_KEY_HASH])
{
    uint32_t low = 0, high = list ? list->count : 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(hash, list->hashes[middle], THM_KEY_HASH);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}
