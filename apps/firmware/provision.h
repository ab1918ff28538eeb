/*
 * Provisioning: the small blob of credentials and settings that thimble-ca writes for one board, flashed at an
 * address of its own in one of two slots. The valid one with the highest sequence number counts.
 *
 *     "THMB" | version u8 = 1 | 0 u8 | length u16 | sequence u32 | fields ... | CRC-32 u32
 *
 * Numbers are little-endian. `length` counts the fields' bytes; the CRC (ISO-HDLC, that of gzip) covers all before it.
 * A field is tag u8, length u16, value; unknown tags are skipped, so that an old image reads a newer blob.
 */
#ifndef FIRMWARE_PROVISION_H
#define FIRMWARE_PROVISION_H

#include "thimble/auth.h"
#include "thimble/port_lwip.h"
#include "thimble/tls.h"

/* The fields. X(name, tag, what) */
#define PROVISION_FIELDS(X)                                                                        \
    X(CA_NAME, 1, "a CA's subject, DER; 1 or 2, each followed by its CA_POINT")                    \
    X(CA_POINT, 2, "a CA's P-256 key: 65 bytes, 04 X Y")                                           \
    X(CERTIFICATE, 3, "DER; the board's own first, then intermediate ones")                        \
    X(KEY, 4, "the board's P-256 private key: 32 bytes, big-endian")                               \
    X(KEY_HASH, 5, "SHA-256 of the board's SubjectPublicKeyInfo")                                  \
    X(NOT_AFTER, 6, "u64, end of the board's certificate, seconds since 1970")                     \
    X(ROLE, 7, "u8: 0 terminal or bot (client), 1 server")                                         \
    X(USER, 8, "text: the board's user id; not for a server")                                      \
    X(DEVICE, 9, "text: its device name; not for a server")                                        \
    X(HOST, 10, "text: name or address of the server to dial")                                     \
    X(NUMBER, 11, "u16: TCP port to dial, or to listen on")                                        \
    X(SERVER_NAME, 12, "text: name that the server's certificate must carry")                      \
    X(TIME_FLOOR, 13, "u64: it is at least this late, UTC milliseconds since 1970")                \
    X(SEED, 14, "32 random bytes")                                                                 \
    X(ADDRESS, 15, "16 bytes: IPv4 address, mask, gateway, DNS server; absent: DHCP")              \
    X(ROOM, 16, "text: a room to enter; absent: #lobby")                                           \
    X(ALLOW, 17, "text \"USER[@DEVICE] COMMAND...\": who may command what; any number")            \
    X(KEYS, 18,                                                                                    \
      "u32 iterations, ClientKey, ServerKey (32 bytes each), salt of 8 to 64 bytes: a passcode's"  \
      " keys (RFC 5802); absent: none; images without THM_CLIENT_PASSCODE skip it")                \
    X(CLAIM, 19,                                                                                   \
      "16 bytes: an invitation's secret, in place of certificate, key, their hash and end, user"   \
      " and device, which the board gets by it; only for images with THM_ENROLL")                  \
    X(KNOWN_AS, 20,                                                                                \
      "u16: TCP port by which others reach the board's direct sessions; absent: 65000, on which "  \
      "it listens; only for images with THM_CALLS")

enum provision_tag {
#define PROVISION_TAG(name, tag, what) PROVISION_##name = (tag),
    PROVISION_FIELDS(PROVISION_TAG)
#undef PROVISION_TAG
};

#define PROVISION_ROOMS    3 /* beside the inbox: what a board's THM_CLIENT_STREAMS has room for */
#define PROVISION_ALLOWS   8
#define PROVISION_HOST_MAX 64

struct provision_text {
    const char *data; /* not terminated */
    size_t len;
};

/* What a blob says. Everything but the copied texts points into the slot. */
struct provision {
    uint32_t sequence;
    enum thm_role role;
    uint8_t serves; /* the same, as it stands in the blob */
    struct thm_credential_parts parts;
    char host[PROVISION_HOST_MAX + 1], server_name[PROVISION_HOST_MAX + 1]; /* terminated */
    uint16_t number;
    uint64_t time_floor_ms;
    const uint8_t *seed;
    struct thm_lwip_address address;
    struct provision_text rooms[PROVISION_ROOMS], allows[PROVISION_ALLOWS];
    unsigned room_count, allow_count;
#if THM_CLIENT_PASSCODE
    struct thm_scram_keys keys; /* of 0 iterations: none */
#endif
#if THM_CALLS > 0
    uint16_t known_as; /* 0: where it listens */
#endif
#if THM_ENROLL
    const uint8_t
        *claim; /* an invitation's secret: `parts` has CAs and no more. NULL: it is whole */
#endif
};

/* Why there is no provisioning. */
enum provision_result {
    PROVISION_OK,
    PROVISION_NONE,    /* both slots are empty */
    PROVISION_DAMAGED, /* no slot is valid, and one is not empty */
    PROVISION_VERSION  /* written for newer firmware */
};

/** Reads one blob. `slot` must stay mapped as long as `out` is used. */
enum provision_result provision_read(const unsigned char *slot, size_t size, struct provision *out);

/** Finds the newest valid blob of the board's slots. */
enum provision_result provision_find(struct provision *out);

#endif
