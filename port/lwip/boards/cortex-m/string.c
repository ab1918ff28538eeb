/*
 * The part of libc that an image uses, for size: the library's are unrolled and made for speed, 1,900 bytes of them. Copies
 * go word by word, which is what matters for packets.
 *
 * The attributes keep the compiler from turning a loop into a call of the very function that it is in, and the linker
 * from dropping what only the compiler calls.
 */
#include <stdint.h>
#include <string.h>

#define LIBC __attribute__((used, optimize("no-tree-loop-distribute-patterns")))

/* Any alignment will do: ARMv7-M reads and writes single words wherever they are. */
struct word {
    uint32_t value;
} __attribute__((packed, may_alias));

LIBC void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    for (; len >= sizeof(struct word); len -= sizeof(struct word)) {
        *(struct word *)t = *(const struct word *)f;
        t += sizeof(struct word);
        f += sizeof(struct word);
    }
    while (len-- > 0)
        *t++ = *f++;
    return to;
}

LIBC void *memmove(void *to, const void *from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f) {
        while (len-- > 0)
            *t++ = *f++;
    } else {
        while (len-- > 0)
            t[len] = f[len];
    }
    return to;
}

LIBC void *memset(void *to, int value, size_t len)
{
    for (uint8_t *t = to; len-- > 0;)
        *t++ = (uint8_t)value;
    return to;
}

LIBC int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;
    for (; len > 0; len--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

LIBC void *memchr(const void *in, int value, size_t len)
{
    for (const uint8_t *p = in; len > 0; len--, p++)
        if (*p == (uint8_t)value)
            return (void *)(uintptr_t)p;
    return NULL;
}

LIBC size_t strlen(const char *text)
{
    const char *end = text;
    while (*end != '\0')
        end++;
    return (size_t)(end - text);
}

LIBC int strncmp(const char *a, const char *b, size_t len)
{
    for (; len > 0; len--, a++, b++)
        if (*a != *b || *a == '\0')
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

LIBC int strcmp(const char *a, const char *b)
{
    for (; *a == *b && *a != '\0'; a++, b++)
        ;
    return (uint8_t)*a - (uint8_t)*b;
}

LIBC char *strchr(const char *text, int wanted)
{
    for (;; text++) {
        if (*text == (char)wanted)
            return (char *)(uintptr_t)text;
        if (*text == '\0')
            return NULL;
    }
}

LIBC size_t strspn(const char *text, const char *of)
{
    size_t n = 0;
    while (text[n] != '\0' && strchr(of, text[n]) != NULL)
        n++;
    return n;
}

LIBC char *strcpy(char *restrict to, const char *restrict from)
{
    return memcpy(to, from, strlen(from) + 1);
}
