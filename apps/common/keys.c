#include "keys.h"

#define SEQUENCE_MAX 32 /* bytes; a longer one is no key of any terminal */

static size_t character_length(const char *data, size_t len)
{
    unsigned char lead = (unsigned char)data[0];
    size_t want = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    for (size_t i = 1; i < want && i < len; i++)
        if (((unsigned char)data[i] & 0xc0) != 0x80)
            return 1;
    return len < want ? 0 : want;
}

/* "\033[", parameters, and a final byte; the Linux console sends "\033[[A" for F1. */
static size_t sequence_length(const char *data, size_t len)
{
    for (size_t i = 2; i < len && i < SEQUENCE_MAX; i++) {
        if (i == 2 && data[i] == '[')
            continue;
        if (data[i] >= 0x40 && data[i] <= 0x7e)
            return i + 1;
        if (data[i] < 0x20)
            return i;
    }
    return len < SEQUENCE_MAX ? 0 : len;
}

size_t key_length(const char *data, size_t len)
{
    const char escape = '\033', ctrl_x = 'X' & 0x1f, ctrl_v = 'V' & 0x1f;
    char first = data[0];
    if (first != escape && first != ctrl_x && first != ctrl_v)
        return character_length(data, len);
    if (len < 2)
        return 0;
    if (first == escape && data[1] == escape)
        return 1;
    if (first == escape && data[1] == '[')
        return sequence_length(data, len);
    if (first == escape && data[1] == 'O')
        return len < 3 ? 0 : 3;
    size_t rest = character_length(data + 1, len - 1);
    return rest ? 1 + rest : 0;
}
