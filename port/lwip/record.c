#include "thimble/record.h"

#include <string.h>

#include "thimble/error.h"

/* Places in the head. */
enum { MAGIC = 0, VERSION = 4, LENGTH = 6, COUNT = 8 };

/* Bit by bit: the table of a faster one would be larger than all that it sums up. */
uint32_t thm_crc32(const void *data, size_t len)
{
    const uint8_t *at = data;
    uint32_t crc = UINT32_MAX;

    while (len-- > 0) {
        crc ^= *at++;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* All of the head but the count. */
static void put_head(const struct thm_record *r, uint8_t *buf, size_t len)
{
    put32(buf + MAGIC, r->magic);
    put32(buf + VERSION, r->version | (uint32_t)len << 16);
}

/* Reads a slot. Returns the content's length, or 0 when the slot holds no valid record. */
static size_t read_slot(const struct thm_record *r, unsigned slot, uint8_t *buf, size_t cap)
{
    uint8_t head[THM_RECORD_HEAD];
    size_t n;

    if (r->read(r->port, slot, buf, cap, &n) != THM_OK || n < THM_RECORD_HEAD + THM_RECORD_TAIL)
        return 0;
    size_t len = get32(buf + VERSION) >> 16;
    put_head(r, head, len);
    if (memcmp(buf, head, COUNT) != 0 || len > n - THM_RECORD_HEAD - THM_RECORD_TAIL ||
        get32(buf + THM_RECORD_HEAD + len) != thm_crc32(buf, THM_RECORD_HEAD + len))
        return 0;
    return len;
}

size_t thm_record_load(struct thm_record *r, uint8_t *buf, size_t cap)
{
    size_t first = read_slot(r, 0, buf, cap);
    uint32_t count = first > 0 ? get32(buf + COUNT) : 0;
    size_t second = read_slot(r, 1, buf, cap);

    r->slot = 1;
    r->count = second > 0 ? get32(buf + COUNT) : count;
    if (first > 0 && (int32_t)(count - r->count) >= 0) {
        r->slot = 0;
        r->count = count;
        return read_slot(r, 0, buf, cap);
    }
    return second;
}

int thm_record_save(struct thm_record *r, uint8_t *buf, size_t len)
{
    const uint8_t slot = r->slot ^ 1;

    put_head(r, buf, len);
    put32(buf + COUNT, r->count + 1);
    put32(buf + THM_RECORD_HEAD + len, thm_crc32(buf, THM_RECORD_HEAD + len));
    int code = r->write(r->port, slot, buf, THM_RECORD_HEAD + len + THM_RECORD_TAIL);
    if (code != THM_OK)
        return code;
    r->slot = slot;
    r->count++;
    return THM_OK;
}
