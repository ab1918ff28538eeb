#include "provision.h"

#include <string.h>

#include "auth/scram.h"
#include "thimble/board.h"
#include "thimble/enroll.h"
#include "thimble/record.h"
#include "thimble/wire.h"

#define HEADER                                                                                     \
    12u /* bytes before the fields; they and the CRC stay what they are in every version */
#define TRAILER 4u
#define VERSION 1u

/* Numbers are taken as they stand. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a board is little-endian, as a blob is");

struct field {
    unsigned tag;
    const unsigned char *value;
    size_t len;
};

static uint32_t little(const unsigned char *bytes, unsigned len)
{
    uint32_t value = 0;
    memcpy(&value, bytes, len);
    return value;
}

/* --- fields ----------------------------------------------------------------------------------------- */

/* Where a field that comes once belongs. */
static const struct {
    uint8_t tag;
    enum { POINTER, COPY, TEXT, ID } form : 8;
    uint8_t size; /* bytes; of a text: at most, with a terminator */
    uint16_t offset;
} places[] = {
#define PLACE(name, form, size, member)                                                            \
    {                                                                                              \
        PROVISION_##name, form, size, offsetof(struct provision, member)                           \
    }
    PLACE(KEY, POINTER, 32, parts.key),
    PLACE(KEY_HASH, COPY, THM_KEY_HASH, parts.identity.key_hash),
    PLACE(NOT_AFTER, COPY, 8, parts.identity.not_after),
    PLACE(ROLE, COPY, 1, serves),
    PLACE(USER, ID, THM_ID_MAX + 1, parts.identity.user),
    PLACE(DEVICE, ID, THM_ID_MAX + 1, parts.identity.device),
    PLACE(HOST, TEXT, PROVISION_HOST_MAX + 1, host),
    PLACE(NUMBER, COPY, 2, number),
    PLACE(SERVER_NAME, TEXT, PROVISION_HOST_MAX + 1, server_name),
    PLACE(TIME_FLOOR, COPY, 8, time_floor_ms),
    PLACE(SEED, POINTER, 32, seed),
    PLACE(ADDRESS, COPY, 16, address),
#if THM_CALLS > 0
    PLACE(KNOWN_AS, COPY, 2, known_as),
#endif
#if THM_ENROLL
    PLACE(CLAIM, POINTER, THM_ENROLL_SECRET, claim),
#endif
};

static bool is_text(const struct field *f)
{
    return f->len > 0 && memchr(f->value, '\0', f->len) == NULL;
}

static bool put(unsigned i, struct provision *p, const struct field *f)
{
    char *to = (char *)p + places[i].offset;
    bool text = places[i].form >= TEXT;
    if (text ? !is_text(f) || f->len >= places[i].size : f->len != places[i].size)
        return false;
    if (places[i].form == ID &&
        thm_key_check(THM_KEY_FROM, (const char *)f->value, f->len) != THM_OK)
        return false;
    if (places[i].form == POINTER)
        memcpy(to, &f->value, sizeof f->value);
    else
        memcpy(to, f->value, f->len); /* a text ends with a byte that is 0 already */
    return true;
}

static bool take_ca(struct thm_credential_parts *parts, const struct field *f)
{
    bool open = parts->ca_count > 0 && parts->ca[parts->ca_count - 1].point == NULL;
    if (f->tag == PROVISION_CA_NAME) {
        if (open || parts->ca_count == THM_CA_MAX || f->len == 0)
            return false;
        parts->ca[parts->ca_count].name = f->value;
        parts->ca[parts->ca_count++].name_len = f->len;
        return true;
    }
    if (!open || f->len != 65 || f->value[0] != 4)
        return false;
    parts->ca[parts->ca_count - 1].point = f->value;
    return true;
}

static bool take_certificate(struct thm_credential_parts *parts, const struct field *f)
{
    if (parts->chain_len == THM_CHAIN_MAX || f->len == 0 || f->len > THM_CERT_MAX)
        return false;
    parts->chain[parts->chain_len].der = f->value;
    parts->chain[parts->chain_len++].len = f->len;
    return true;
}

static bool take_item(struct provision_text *list, unsigned *count, unsigned cap,
                      const struct field *f)
{
    if (*count == cap || f->len == 0)
        return false;
    list[(*count)++] = (struct provision_text){(const char *)f->value, f->len};
    return true;
}

static bool is_room(const struct field *f)
{
    const char *name = (const char *)f->value;
    return f->len > 0 && name[0] == '#' && thm_key_check(THM_KEY_ROOM, name, f->len) == THM_OK;
}

#if THM_CLIENT_PASSCODE
static bool take_keys(struct thm_scram_keys *keys, const struct field *f)
{
    const unsigned char *at = f->value + 4;
    size_t fixed = 4 + sizeof keys->client_key + sizeof keys->server_key;
    if (f->len < fixed)
        return false;
    keys->iterations = little(f->value, 4);
    if (thm_scram_judge(f->len - fixed, keys->iterations) != THM_SCRAM_OK)
        return false;
    memcpy(keys->client_key, at, sizeof keys->client_key);
    at += sizeof keys->client_key;
    memcpy(keys->server_key, at, sizeof keys->server_key);
    keys->salt_len = (uint8_t)(f->len - fixed);
    memcpy(keys->salt, at + sizeof keys->server_key, keys->salt_len);
    return true;
}
#endif

/* False: it is not what it should be. */
static bool take(struct provision *p, const struct field *f)
{
    switch (f->tag) {
    case PROVISION_CA_NAME:
    case PROVISION_CA_POINT: return take_ca(&p->parts, f);
    case PROVISION_CERTIFICATE: return take_certificate(&p->parts, f);
    case PROVISION_ROOM:
        return is_room(f) && take_item(p->rooms, &p->room_count, PROVISION_ROOMS, f);
    case PROVISION_ALLOW: return take_item(p->allows, &p->allow_count, PROVISION_ALLOWS, f);
#if THM_CLIENT_PASSCODE
    case PROVISION_KEYS: return take_keys(&p->keys, f);
#endif
    default: break;
    }
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].tag == f->tag)
            return put(i, p, f);
    return true; /* of newer tools */
}

/* --- a blob ------------------------------------------------------------------------------------------ */

#define BIT(name) (UINT32_C(1) << PROVISION_##name)

#define ALWAYS                                                                                     \
    (BIT(CA_NAME) | BIT(CA_POINT) | BIT(CERTIFICATE) | BIT(KEY) | BIT(KEY_HASH) | BIT(NOT_AFTER) | \
     BIT(ROLE) | BIT(NUMBER) | BIT(TIME_FLOOR) | BIT(SEED))
#define OF_CLIENTS (BIT(USER) | BIT(DEVICE) | BIT(HOST) | BIT(SERVER_NAME))
#define REPEATED   (BIT(CA_NAME) | BIT(CA_POINT) | BIT(CERTIFICATE) | BIT(ROOM) | BIT(ALLOW))

/* Sets the set of bits by tag that were seen. */
static bool take_fields(struct provision *p, const unsigned char *at, size_t left, uint32_t *seen)
{
    while (left > 0) {
        if (left < 3)
            return false;
        struct field f = {at[0], at + 3, little(at + 1, 2)};
        uint32_t bit = f.tag < 32 ? UINT32_C(1) << f.tag : 0;
        if (f.len > left - 3 || (*seen & bit & ~REPEATED) != 0 || !take(p, &f))
            return false;
        *seen |= bit;
        at += 3 + f.len;
        left -= 3 + f.len;
    }
    return true;
}

/* What a board that claims its identity has not been given. */
#define CLAIMED                                                                                    \
    (BIT(CERTIFICATE) | BIT(KEY) | BIT(KEY_HASH) | BIT(NOT_AFTER) | BIT(USER) | BIT(DEVICE))

static bool is_complete(const struct provision *p, uint32_t seen)
{
    uint32_t needed = ALWAYS | (p->serves ? 0 : OF_CLIENTS);
    if (THM_ENROLL && (seen & BIT(CLAIM))) {
        if (p->serves || (seen & CLAIMED) != 0)
            return false;
        needed &= ~CLAIMED;
    }
    return (seen & needed) == needed && p->parts.ca[p->parts.ca_count - 1].point != NULL &&
           p->number > 0 && p->serves <= 1;
}

/* Erased flash, or memory in which nothing was ever put. */
static bool is_blank(const unsigned char *slot, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (slot[i] != slot[0])
            return false;
    return size == 0 || slot[0] == 0xff || slot[0] == 0;
}

enum provision_result provision_read(const unsigned char *slot, size_t size, struct provision *out)
{
    uint32_t seen = 0;
    memset(out, 0, sizeof *out);
    if (is_blank(slot, size))
        return PROVISION_NONE;
    if (size < HEADER + TRAILER || memcmp(slot, "THMB", 4) != 0)
        return PROVISION_DAMAGED;
    size_t len = little(slot + 6, 2);
    if (len > size - HEADER - TRAILER ||
        thm_crc32(slot, HEADER + len) != little(slot + HEADER + len, TRAILER))
        return PROVISION_DAMAGED;
    if (slot[4] > VERSION)
        return PROVISION_VERSION;
    out->sequence = little(slot + 8, 4);
    bool good = take_fields(out, slot + HEADER, len, &seen) && is_complete(out, seen);
    out->role = out->serves ? THM_FOR_SERVER : THM_FOR_CLIENT;
    return good ? PROVISION_OK : PROVISION_DAMAGED;
}

enum provision_result provision_find(struct provision *out)
{
    enum provision_result result = PROVISION_NONE;
    unsigned best = 0;
    uint32_t sequence = 0;
    for (unsigned i = 0; i < THM_BOARD_PROVISIONS; i++) {
        enum provision_result got =
            provision_read(thm_board_provision(i), THM_BOARD_PROVISION_SIZE, out);
        bool newer = got == PROVISION_OK && (result != PROVISION_OK || out->sequence > sequence);
        if (newer) {
            best = i;
            sequence = out->sequence;
            result = PROVISION_OK;
        } else if (result != PROVISION_OK && got > result) {
            result = got;
        }
    }
    if (result == PROVISION_OK)
        provision_read(thm_board_provision(best), THM_BOARD_PROVISION_SIZE, out);
    return result;
}
