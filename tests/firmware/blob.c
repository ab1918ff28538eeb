#include "blob.h"

#include <string.h>

#include "provision.h"

static void little(unsigned char *to, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

void blob_begin(struct blob *b, unsigned version, uint32_t sequence)
{
    memset(b->bytes, 0xff, sizeof b->bytes);
    memcpy(b->bytes, "THMB", 4);
    b->bytes[4] = (unsigned char)version;
    b->bytes[5] = 0;
    little(b->bytes + 8, sequence, 4);
    b->len = 12;
}

void blob_field(struct blob *b, unsigned tag, const void *value, size_t len)
{
    b->bytes[b->len] = (unsigned char)tag;
    little(b->bytes + b->len + 1, len, 2);
    memcpy(b->bytes + b->len + 3, value, len);
    b->len += 3 + len;
}

void blob_text(struct blob *b, unsigned tag, const char *text)
{
    blob_field(b, tag, text, strlen(text));
}

void blob_number(struct blob *b, unsigned tag, uint64_t value, unsigned size)
{
    unsigned char bytes[8];
    little(bytes, value, size);
    blob_field(b, tag, bytes, size);
}

/* By table, unlike the firmware's: two ways to the same number. */
static uint32_t crc32(const unsigned char *bytes, size_t len)
{
    uint32_t table[256], crc = UINT32_MAX;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xedb88320u : table[i] >> 1;
    }
    for (size_t i = 0; i < len; i++)
        crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

void blob_seal(struct blob *b)
{
    little(b->bytes + 6, b->len - 12, 2);
    little(b->bytes + b->len, crc32(b->bytes, b->len), 4);
    b->len += 4;
}

void blob_client(struct blob *b, uint32_t sequence, unsigned but)
{
    static const unsigned char point[65] = {4}, key[32] = {7}, hash[32] = {8}, seed[32] = {9};
    const struct {
        unsigned tag;
        const void *value;
        size_t len;
    } fields[] = {
        {PROVISION_CA_NAME,
         "\x30\x0d"
         "a name in DER",
         15},
        {PROVISION_CA_POINT, point, 65},
        {PROVISION_CERTIFICATE,
         "\x30\x05"
         "leaf",
         6},
        {PROVISION_KEY, key, 32},
        {PROVISION_KEY_HASH, hash, 32},
        {PROVISION_NOT_AFTER, "\x80\x81\x82\x83\0\0\0\0", 8},
        {PROVISION_ROLE, "\0", 1},
        {PROVISION_USER, "board1", 6},
        {PROVISION_DEVICE, "default", 7},
        {PROVISION_HOST, "chat.example.org", 16},
        {PROVISION_NUMBER, "\xfb\x20", 2},
        {PROVISION_SERVER_NAME, "localhost", 9},
        {PROVISION_TIME_FLOOR, "\1\2\3\4\5\6\0\0", 8},
        {PROVISION_SEED, seed, 32},
    };
    blob_begin(b, 1, sequence);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].tag != but)
            blob_field(b, fields[i].tag, fields[i].value, fields[i].len);
}

void blob_whole(struct blob *b, uint32_t sequence)
{
    blob_client(b, sequence, 0);
    blob_seal(b);
}
