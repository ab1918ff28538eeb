#include "provision.h"

#include <string.h>

#include "thimble/board.h"
#include "thimble/record.h"
#include "thimble/wire.h"

#define HEADER                                                                                     \
    12u /* bytes before the fields; they and the CRC stay what they are in every version */
#define TRAILER    4u
#define VERSION    1u
#define NUMBER_MAX 65535u

/* What is being read of a blob. */
struct reading {
    struct provision *out;
    uint32_t seen; /* set of bits by tag */
};

struct field {
    unsigned tag;
    const unsigned char *value;
    size_t len;
};

static uint64_t little(const unsigned char *bytes, unsigned len)
{
    uint64_t value = 0;
    while (len-- > 0)
        value = value << 8 | bytes[len];
    return value;
}

/* --- fields: each function tells whether it took the value ------------------------------------------- */

static bool take_ca_name(struct provision *p, const struct field *f)
{
    struct thm_credential_parts *parts = &p->parts;
    bool open = parts->ca_count > 0 && parts->ca[parts->ca_count - 1].point == NULL;
    if (open || parts->ca_count == THM_CA_MAX || f->len == 0)
        return false;
    parts->ca[parts->ca_count].name = f->value;
    parts->ca[parts->ca_count++].name_len = f->len;
    return true;
}

static bool take_ca_point(struct provision *p, const struct field *f)
{
    struct thm_credential_parts *parts = &p->parts;
    if (f->len != 65 || f->value[0] != 4 || parts->ca_count == 0 ||
        parts->ca[parts->ca_count - 1].point != NULL)
        return false;
    parts->ca[parts->ca_count - 1].point = f->value;
    return true;
}

static bool take_certificate(struct provision *p, const struct field *f)
{
    struct thm_credential_parts *parts = &p->parts;
    if (parts->chain_len == THM_CHAIN_MAX || f->len == 0 || f->len > THM_CERT_MAX)
        return false;
    parts->chain[parts->chain_len].der = f->value;
    parts->chain[parts->chain_len++].len = f->len;
    return true;
}

static bool take_text(char *to, size_t cap, const struct field *f)
{
    if (f->len == 0 || f->len >= cap || memchr(f->value, '\0', f->len) != NULL)
        return false;
    memcpy(to, f->value, f->len);
    to[f->len] = '\0';
    return true;
}

static bool take_id(char to[THM_ID_MAX + 1], const struct field *f)
{
    return take_text(to, THM_ID_MAX + 1, f) && thm_key_check(THM_KEY_FROM, to, f->len) == THM_OK;
}

static bool take_item(struct provision_text *list, unsigned *count, unsigned cap,
                      const struct field *f)
{
    if (*count == cap || f->len == 0)
        return false;
    list[(*count)++] = (struct provision_text){(const char *)f->value, f->len};
    return true;
}

static bool take_room(struct provision *p, const struct field *f)
{
    const char *name = (const char *)f->value;
    return f->len > 0 && name[0] == '#' && thm_key_check(THM_KEY_ROOM, name, f->len) == THM_OK &&
           take_item(p->rooms, &p->room_count, PROVISION_ROOMS, f);
}

/* Both are in network order, in the blob as in memory. */
static bool take_address(struct provision *p, const struct field *f)
{
    _Static_assert(sizeof p->address == 16, "four addresses");
    if (f->len != sizeof p->address)
        return false;
    memcpy(&p->address, f->value, sizeof p->address);
    return true;
}

static bool take_number(uint64_t *to, unsigned size, uint64_t max, const struct field *f)
{
    *to = f->len == size ? little(f->value, size) : 0;
    return f->len == size && *to <= max;
}

static bool take_bytes(const unsigned char **to, size_t len, const struct field *f)
{
    *to = f->value;
    return f->len == len;
}

static bool take_key_hash(struct provision *p, const struct field *f)
{
    if (f->len != THM_KEY_HASH)
        return false;
    memcpy(p->parts.identity.key_hash, f->value, THM_KEY_HASH);
    return true;
}

static bool take(struct provision *p, const struct field *f)
{
    uint64_t number;
    bool good;
    switch (f->tag) {
    case PROVISION_CA_NAME: return take_ca_name(p, f);
    case PROVISION_CA_POINT: return take_ca_point(p, f);
    case PROVISION_CERTIFICATE: return take_certificate(p, f);
    case PROVISION_KEY: return take_bytes(&p->parts.key, 32, f);
    case PROVISION_KEY_HASH: return take_key_hash(p, f);
    case PROVISION_NOT_AFTER: return take_number(&p->parts.identity.not_after, 8, THM_UINT_MAX, f);
    case PROVISION_ROLE:
        good = take_number(&number, 1, 1, f);
        p->role = number == 1 ? THM_FOR_SERVER : THM_FOR_CLIENT;
        return good;
    case PROVISION_USER: return take_id(p->parts.identity.user, f);
    case PROVISION_DEVICE: return take_id(p->parts.identity.device, f);
    case PROVISION_HOST: return take_text(p->host, sizeof p->host, f);
    case PROVISION_NUMBER:
        good = take_number(&number, 2, NUMBER_MAX, f) && number > 0;
        p->number = (uint16_t)number;
        return good;
    case PROVISION_SERVER_NAME: return take_text(p->server_name, sizeof p->server_name, f);
    case PROVISION_TIME_FLOOR: return take_number(&p->time_floor_ms, 8, THM_UINT_MAX, f);
    case PROVISION_SEED: return take_bytes(&p->seed, 32, f);
    case PROVISION_ADDRESS: return take_address(p, f);
    case PROVISION_ROOM: return take_room(p, f);
    case PROVISION_ALLOW: return take_item(p->allows, &p->allow_count, PROVISION_ALLOWS, f);
    default: return true; /* of newer tools */
    }
}

/* --- a blob ------------------------------------------------------------------------------------------ */

#define BIT(name) (UINT32_C(1) << PROVISION_##name)

#define ALWAYS                                                                                     \
    (BIT(CA_NAME) | BIT(CA_POINT) | BIT(CERTIFICATE) | BIT(KEY) | BIT(KEY_HASH) | BIT(NOT_AFTER) | \
     BIT(ROLE) | BIT(NUMBER) | BIT(TIME_FLOOR) | BIT(SEED))
#define OF_CLIENTS (BIT(USER) | BIT(DEVICE) | BIT(HOST) | BIT(SERVER_NAME))
#define REPEATED   (BIT(CA_NAME) | BIT(CA_POINT) | BIT(CERTIFICATE) | BIT(ROOM) | BIT(ALLOW))

static bool take_fields(struct reading *r, const unsigned char *at, size_t left)
{
    while (left > 0) {
        if (left < 3)
            return false;
        struct field f = {at[0], at + 3, (size_t)little(at + 1, 2)};
        uint32_t bit = f.tag < 32 ? UINT32_C(1) << f.tag : 0;
        if (f.len > left - 3 || (r->seen & bit & ~REPEATED) != 0 || !take(r->out, &f))
            return false;
        r->seen |= bit;
        at += 3 + f.len;
        left -= 3 + f.len;
    }
    return true;
}

static bool is_complete(const struct reading *r)
{
    const struct thm_credential_parts *parts = &r->out->parts;
    uint32_t needed = ALWAYS | (r->out->role == THM_FOR_CLIENT ? OF_CLIENTS : 0);
    return (r->seen & needed) == needed && parts->ca[parts->ca_count - 1].point != NULL;
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
    struct reading r = {.out = out};
    memset(out, 0, sizeof *out);
    if (is_blank(slot, size))
        return PROVISION_NONE;
    if (size < HEADER + TRAILER || memcmp(slot, "THMB", 4) != 0)
        return PROVISION_DAMAGED;
    size_t len = (size_t)little(slot + 6, 2);
    if (len > size - HEADER - TRAILER ||
        thm_crc32(slot, HEADER + len) != little(slot + HEADER + len, TRAILER))
        return PROVISION_DAMAGED;
    if (slot[4] > VERSION)
        return PROVISION_VERSION;
    out->sequence = (uint32_t)little(slot + 8, 4);
    return take_fields(&r, slot + HEADER, len) && is_complete(&r) ? PROVISION_OK
                                                                  : PROVISION_DAMAGED;
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
