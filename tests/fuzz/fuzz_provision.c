/*
 * Whatever lies in a slot for credentials: what is taken of it lies within it and keeps to the limits. Length and
 * checksum are put right, or nothing would ever get past them; the first byte chooses how much of the slot there is.
 */
#include "fuzz/fuzz.h"

#include "provision.h"
#include "thimble/board.h"
#include "thimble/record.h"

#define SLOT 4096u

static unsigned char slot[SLOT];

const unsigned char *thm_board_provision(unsigned number)
{
    (void)number;
    return slot;
}

static void put_little(unsigned char *to, uint32_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

static void check_within(const void *data, size_t len)
{
    const unsigned char *at = data;
    assert(at >= slot && at + len <= slot + SLOT);
}

static void check(const struct provision *p)
{
    const struct thm_credential_parts *parts = &p->parts;
    assert(parts->ca_count >= 1 && parts->ca_count <= THM_CA_MAX);
    for (unsigned i = 0; i < parts->ca_count; i++) {
        check_within(parts->ca[i].name, parts->ca[i].name_len);
        check_within(parts->ca[i].point, 65);
    }
    assert(parts->chain_len >= 1 && parts->chain_len <= THM_CHAIN_MAX);
    for (unsigned i = 0; i < parts->chain_len; i++)
        check_within(parts->chain[i].der, parts->chain[i].len);
    check_within(parts->key, 32);
    check_within(p->seed, 32);
    assert(p->room_count <= PROVISION_ROOMS && p->allow_count <= PROVISION_ALLOWS);
    for (unsigned i = 0; i < p->room_count; i++)
        assert(p->rooms[i].data[0] == '#' && p->rooms[i].len <= THM_ROOM_MAX);
    for (unsigned i = 0; i < p->allow_count; i++)
        check_within(p->allows[i].data, p->allows[i].len);
    assert(strlen(p->host) < sizeof p->host && strlen(p->server_name) < sizeof p->server_name);
    assert(p->role == THM_FOR_SERVER || parts->identity.user[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct provision p;
    if (size < 1 || size - 1 > SLOT - 16)
        return 0;
    size_t len = size - 1, end = 12 + len;
    memset(slot, 0xff, sizeof slot);
    memcpy(slot, "THMB\1", 6);
    put_little(slot + 6, (uint32_t)len, 2);
    put_little(slot + 8, 1, 4);
    memcpy(slot + 12, data + 1, len);
    put_little(slot + end, thm_crc32(slot, end), 4);
    size_t there = data[0] > 0 ? SLOT : end + 4;
    if (provision_read(slot, there, &p) == PROVISION_OK)
        check(&p);
    provision_find(&p);
    return 0;
}
