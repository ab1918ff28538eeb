/*
 * The wire: one JSON object (RFC 8259) a line, driven by one table of keys and one of message
 * types. docs/PROTOCOL.md describes the same bytes for people; a test compares the two.
 *
 * Every message is flat: strings, unsigned integers and booleans. Unknown keys are skipped, whatever
 * their value; unknown types are an error that names them.
 */
#ifndef THIMBLE_WIRE_H
#define THIMBLE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/config.h"
#include "thimble/error.h"

/* The protocols' names in ALPN (RFC 7301), with a server and between two clients: both ends insist on it. */
#define THM_ALPN      "thimble/1"
#define THM_PEER_ALPN "thimble-peer/1"

/* What a value must look like. */
enum thm_kind {
    THM_KIND_TEXT,   /* any characters but controls; newline and tab allowed; min..max bytes raw */
    THM_KIND_SHORT,  /* what thm_text_display() shows as it is, no newline; min..max bytes */
    THM_KIND_ALIAS,  /* 1-32 printable characters, no leading, trailing or double space */
    THM_KIND_ID,     /* user id or device: [a-z0-9][a-z0-9._-]{0,31} */
    THM_KIND_TARGET, /* an id, or user@device */
    THM_KIND_ROOM,   /* '#' and an id */
    THM_KIND_STREAM, /* '#' or '@' and an id */
    THM_KIND_WORD,   /* [A-Za-z0-9._:-], min..max bytes: codes, events, correlation ids */
    THM_KIND_HEX64,  /* exactly 16 lower-case hexadecimal digits; held as an integer */
    THM_KIND_UINT,   /* an integer in min..max, no fraction, no exponent */
    THM_KIND_BOOL    /* true or false; held as an integer */
};

/* Moderated rooms, where a program knows of them. */
#if THM_MODERATION
#define THM_KEYS_MODERATION(X)                                                                     \
    X(ACTION, "action", THM_KIND_WORD, 1, 16)                                                      \
    X(ACCESS, "access", THM_KIND_WORD, 1, 16)                                                      \
    X(HISTORY, "history", THM_KIND_WORD, 1, 16)
#define THM_HAS_ROOM_RULES (THM_HAS(ACCESS) | THM_HAS(HISTORY))
#define THM_TYPES_MODERATION(X)                                                                    \
    X(MODERATE, "moderate", THM_FROM_CLIENT, THM_HAS(ROOM),                                        \
      THM_HAS(ACTION) | THM_HAS(USERID) | THM_HAS(REASON))                                         \
    X(MODERATED, "moderated", THM_FROM_SERVER, THM_HAS(ROOM) | THM_HAS(ACTION),                    \
      THM_HAS(USERID) | THM_HAS(FROM) | THM_HAS(REASON))
#else
#define THM_KEYS_MODERATION(X)
#define THM_HAS_ROOM_RULES 0
#define THM_TYPES_MODERATION(X)
#endif

/* What receipts add to the tables (THM_RECEIPTS): a key, a type, and a key that `hello` may have. */
#if THM_RECEIPTS
#define THM_RECEIPT_KEYS(X) X(RECEIPTS, "receipts", THM_KIND_BOOL, 0, 1)
#define THM_RECEIPT_TYPES(X)                                                                       \
    X(RECEIPT, "receipt", THM_FROM_CLIENT | THM_FROM_SERVER | THM_ENTRY,                           \
      THM_HAS(TO) | THM_HAS(ID) | THM_HAS(STATUS),                                                 \
      THM_HAS(ROOM) | THM_HAS(N) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(TIME))
#define THM_RECEIPT_HELLO THM_HAS(RECEIPTS)
#else
#define THM_RECEIPT_KEYS(X)
#define THM_RECEIPT_TYPES(X)
#define THM_RECEIPT_HELLO 0
#endif

/* Getting and renewing a certificate (THM_ENROLL). Both requests and certificates are DER in Base64. */
#if THM_ENROLL
#define THM_TYPES_ENROLL(X)                                                                        \
    X(ENROLL_REQUEST, "enroll_request", THM_FROM_CLIENT, THM_HAS(DATA), 0)                         \
    X(ENROLL_REPLY, "enroll_reply", THM_FROM_SERVER, THM_HAS(STATUS),                              \
      THM_HAS(USERID) | THM_HAS(DEVICE) | THM_HAS(CODE) | THM_HAS(REASON) | THM_HAS(RETRY_AFTER) | \
          THM_HAS(CERTIFICATE))
#else
#define THM_TYPES_ENROLL(X)
#endif

/* A device's certificate, of enrolment and in the directory. */
#if THM_ENROLL || THM_CALLS > 0
#define THM_KEYS_CERTIFICATE(X) X(CERTIFICATE, "certificate", THM_KIND_SHORT, 0, 960)
#else
#define THM_KEYS_CERTIFICATE(X)
#endif

/* Direct sessions (THM_CALLS): the directory, what passes through the server, and what two clients say to each other. */
#if THM_CALLS > 0
#define THM_KEYS_CALLS(X)                                                                          \
    X(LOOKUP, "lookup", THM_KIND_TARGET, 1, 2 * THM_ID_MAX + 1)                                    \
    X(INITIATOR, "initiator", THM_KIND_TARGET, 1, 2 * THM_ID_MAX + 1)                              \
    X(PORT, "port", THM_KIND_UINT, 0, 65535)                                                       \
    X(TICKET, "ticket", THM_KIND_WORD, 0, 32)                                                      \
    X(AVAILABILITY, "availability", THM_KIND_WORD, 1, 16)
#define THM_TYPES_CALLS(X)                                                                         \
    X(REGISTER, "register", THM_FROM_CLIENT | THM_FROM_SERVER, 0,                                  \
      THM_HAS(PORT) | THM_HAS(AVAILABILITY) | THM_HAS(CERTIFICATE) | THM_HAS(ADDRESS))             \
    X(LOOKUP_REQUEST, "lookup_request", THM_FROM_CLIENT | THM_EARLY, THM_HAS(LOOKUP),              \
      THM_HAS(INITIATOR) | THM_HAS(TICKET) | THM_HAS(ID))                                          \
    X(LOOKUP_REPLY, "lookup_reply", THM_FROM_SERVER, THM_HAS(STATUS),                              \
      THM_HAS(USERID) | THM_HAS(DEVICE) | THM_HAS(ADDRESS) | THM_HAS(PORT) | THM_HAS(KEY_HASH) |   \
          THM_HAS(TICKET) | THM_HAS(AVAILABILITY) | THM_HAS(CERTIFICATE) | THM_HAS(ID))            \
    X(RELAY, "relay", THM_FROM_CLIENT | THM_FROM_SERVER, THM_HAS(ID),                              \
      THM_HAS(TO) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(BYTES) | THM_HAS(DATA) |             \
          THM_HAS(STATUS) | THM_HAS(CODE) | THM_HAS(REASON))
#define THM_TYPES_PEERS(X)                                                                         \
    X(CONNECT_REQUEST, "connect_request", THM_FROM_PEER, THM_HAS(INITIATOR),                       \
      THM_HAS(TICKET) | THM_HAS(ID) | THM_HAS(N))                                                  \
    X(CONNECT_REPLY, "connect_reply", THM_FROM_PEER, THM_HAS(STATUS),                              \
      THM_HAS(N) | THM_HAS(CODE) | THM_HAS(REASON))
#define THM_FROM_CALL THM_FROM_PEER
#else
#define THM_KEYS_CALLS(X)
#define THM_TYPES_CALLS(X)
#define THM_TYPES_PEERS(X)
#define THM_FROM_CALL 0
#endif

/*
 * The table of keys, in the order in which they are written after msgtype.
 * X(name, "key", kind, min, max)
 */
#define THM_KEYS(X)                                                                                \
    X(STATUS, "status", THM_KIND_WORD, 1, 16)                                                      \
    X(ROOM, "room", THM_KIND_STREAM, 2, THM_ROOM_MAX)                                              \
    X(INCARNATION, "incarnation", THM_KIND_HEX64, 16, 16)                                          \
    X(N, "n", THM_KIND_UINT, 0, THM_UINT_MAX)                                                      \
    X(FIRST, "first", THM_KIND_UINT, 0, THM_UINT_MAX)                                              \
    X(LAST, "last", THM_KIND_UINT, 0, THM_UINT_MAX)                                                \
    X(TIME, "time", THM_KIND_UINT, 0, THM_UINT_MAX)                                                \
    X(FROM, "from", THM_KIND_ID, 1, THM_ID_MAX)                                                    \
    X(USERID, "userid", THM_KIND_ID, 1, THM_ID_MAX)                                                \
    X(DEVICE, "device", THM_KIND_ID, 1, THM_ID_MAX)                                                \
    X(ALIAS, "alias", THM_KIND_ALIAS, 1, THM_ALIAS_MAX)                                            \
    X(TO, "to", THM_KIND_TARGET, 1, 2 * THM_ID_MAX + 1)                                            \
    X(ID, "id", THM_KIND_WORD, 1, 40)                                                              \
    X(CSN, "csn", THM_KIND_UINT, 1, THM_UINT_MAX)                                                  \
    X(PART, "part", THM_KIND_UINT, 1, THM_PARTS_MAX)                                               \
    X(PARTS, "parts", THM_KIND_UINT, 2, THM_PARTS_MAX)                                             \
    X(OF, "of", THM_KIND_UINT, 1, THM_UINT_MAX)                                                    \
    X(CLIENT, "client", THM_KIND_HEX64, 16, 16)                                                    \
    X(CREDIT, "credit", THM_KIND_UINT, 2 * THM_LINE_MAX, THM_UINT_MAX)                             \
    X(BYTES, "bytes", THM_KIND_UINT, 0, THM_UINT_MAX)                                              \
    X(RESUME, "resume", THM_KIND_BOOL, 0, 1)                                                       \
    THM_RECEIPT_KEYS(X)                                                                            \
    X(AFTER, "after", THM_KIND_UINT, 0, THM_UINT_MAX)                                              \
    X(BEFORE, "before", THM_KIND_UINT, 1, THM_UINT_MAX)                                            \
    X(COUNT, "count", THM_KIND_UINT, 0, THM_UINT_MAX)                                              \
    X(MEMBERS, "members", THM_KIND_UINT, 0, THM_UINT_MAX)                                          \
    X(JOINED, "joined", THM_KIND_UINT, 0, THM_UINT_MAX)                                            \
    X(LEFT, "left", THM_KIND_UINT, 0, THM_UINT_MAX)                                                \
    X(EVENT, "event", THM_KIND_WORD, 1, 16)                                                        \
    X(SINCE, "since", THM_KIND_UINT, 0, THM_UINT_MAX)                                              \
    X(DEADLINE, "deadline", THM_KIND_UINT, 1, 600000)                                              \
    X(RETRY_AFTER, "retry_after", THM_KIND_UINT, 0, 86400)                                         \
    X(MAX_MESSAGE, "max_message", THM_KIND_UINT, THM_TEXT_MAX, THM_UINT_MAX)                       \
    X(SERVER, "server", THM_KIND_SHORT, 1, THM_SHORT_MAX)                                          \
    X(AGENT, "agent", THM_KIND_SHORT, 1, 64)                                                       \
    X(AWAY, "away", THM_KIND_SHORT, 0, THM_SHORT_MAX)                                              \
    X(TOPIC, "topic", THM_KIND_SHORT, 0, THM_SHORT_MAX)                                            \
    X(ROOMS, "rooms", THM_KIND_SHORT, 0, 600)                                                      \
    X(COMMANDS, "commands", THM_KIND_SHORT, 0, 600)                                                \
    X(CODE, "code", THM_KIND_WORD, 1, 32)                                                          \
    X(KEY, "key", THM_KIND_SHORT, 1, 64)                                                           \
    X(IN, "in", THM_KIND_SHORT, 1, 64)                                                             \
    X(REASON, "reason", THM_KIND_SHORT, 1, THM_SHORT_MAX)                                          \
    X(ADDRESS, "address", THM_KIND_SHORT, 0, 64)                                                   \
    X(KEY_HASH, "key_hash", THM_KIND_SHORT, 0, 64)                                                 \
    X(MECHANISM, "mechanism", THM_KIND_WORD, 1, 32)                                                \
    X(DATA, "data", THM_KIND_SHORT, 0, THM_DATA_MAX)                                               \
    THM_KEYS_CERTIFICATE(X)                                                                        \
    THM_KEYS_CALLS(X)                                                                              \
    THM_KEYS_MODERATION(X)                                                                         \
    X(TEXT, "text", THM_KIND_TEXT, 0, THM_TEXT_MAX)

/* Integers stay below 2^53, so that every JSON reader holds them exactly (RFC 8259, section 6). */
#define THM_UINT_MAX 9007199254740991u

enum thm_key {
#define THM_KEY_ENUM(name, key, kind, min, max) THM_KEY_##name,
    THM_KEYS(THM_KEY_ENUM)
#undef THM_KEY_ENUM
        THM_KEYS_END
};
_Static_assert(THM_KEYS_END <= 64, "the set of keys is one 64-bit word");

#define THM_HAS(name) (UINT64_C(1) << THM_KEY_##name)

/* Who sends a type, and when. */
enum {
    THM_FROM_CLIENT = 1 << 0,
    THM_FROM_SERVER = 1 << 1,
    THM_FROM_PEER = 1 << 2, /* between two clients, see docs/PROTOCOL.md "Direct sessions" */
    THM_EARLY = 1 << 3,     /* taken before GRANTED */
    THM_ENTRY = 1 << 4      /* delivered from a log: counted, numbered, never dropped */
};

/*
 * The table of message types.
 * X(name, "msgtype", flags, required keys, optional keys)
 */
#define THM_TYPES(X)                                                                               \
    /* getting in */                                                                               \
    X(HELLO, "hello", THM_FROM_CLIENT | THM_EARLY, 0,                                              \
      THM_HAS(CLIENT) | THM_HAS(CREDIT) | THM_HAS(RESUME) | THM_HAS(ALIAS) | THM_HAS(AGENT) |      \
          THM_HAS(MAX_MESSAGE) | THM_RECEIPT_HELLO)                                                \
    X(AUTH_REQUEST, "auth_request", THM_FROM_CLIENT | THM_EARLY, 0,                                \
      THM_HAS(USERID) | THM_HAS(MECHANISM) | THM_HAS(DATA))                                        \
    X(AUTH_REPLY, "auth_reply", THM_FROM_SERVER, THM_HAS(STATUS),                                  \
      THM_HAS(USERID) | THM_HAS(DEVICE) | THM_HAS(ALIAS) | THM_HAS(SERVER) | THM_HAS(TIME) |       \
          THM_HAS(CREDIT) | THM_HAS(MAX_MESSAGE) | THM_HAS(CODE) | THM_HAS(REASON) |               \
          THM_HAS(RETRY_AFTER) | THM_HAS(MECHANISM) | THM_HAS(DATA) | THM_HAS(COMMANDS))           \
    THM_TYPES_CALLS(X)                                                                             \
    THM_TYPES_ENROLL(X)                                                                            \
    /* saying */                                                                                   \
    X(SAY, "say", THM_FROM_CLIENT | THM_FROM_CALL, THM_HAS(TEXT),                                  \
      THM_HAS(ROOM) | THM_HAS(CSN) | THM_HAS(PART) | THM_HAS(PARTS) | THM_HAS(OF))                 \
    X(WHISPER, "whisper", THM_FROM_CLIENT | THM_FROM_SERVER | THM_ENTRY,                           \
      THM_HAS(TO) | THM_HAS(TEXT),                                                                 \
      THM_HAS(ROOM) | THM_HAS(N) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(ALIAS) |              \
          THM_HAS(TIME) | THM_HAS(ID) | THM_HAS(CSN) | THM_HAS(PART) | THM_HAS(PARTS) |            \
          THM_HAS(OF))                                                                             \
    X(MESSAGE, "message", THM_FROM_SERVER | THM_ENTRY,                                             \
      THM_HAS(ROOM) | THM_HAS(N) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(ALIAS) |              \
          THM_HAS(TIME) | THM_HAS(TEXT),                                                           \
      THM_HAS(ID) | THM_HAS(PART) | THM_HAS(PARTS) | THM_HAS(OF))                                  \
    THM_RECEIPT_TYPES(X)                                                                           \
    X(ACCEPTED, "accepted", THM_FROM_SERVER, THM_HAS(CSN) | THM_HAS(ROOM) | THM_HAS(N),            \
      THM_HAS(INCARNATION) | THM_HAS(TIME))                                                        \
    X(STORED, "stored", THM_FROM_SERVER, THM_HAS(CSN) | THM_HAS(ROOM) | THM_HAS(N),                \
      THM_HAS(INCARNATION) | THM_HAS(TIME))                                                        \
    X(REFUSED, "refused", THM_FROM_SERVER, THM_HAS(CODE) | THM_HAS(REASON),                        \
      THM_HAS(CSN) | THM_HAS(ROOM) | THM_HAS(TO))                                                  \
    X(ERROR, "error", THM_FROM_SERVER | THM_FROM_PEER, THM_HAS(CODE) | THM_HAS(REASON),            \
      THM_HAS(IN) | THM_HAS(KEY) | THM_HAS(ID) | THM_HAS(ROOM) | THM_HAS(TO))                      \
    /* following a log */                                                                          \
    X(JOIN, "join", THM_FROM_CLIENT, THM_HAS(ROOM), THM_HAS(INCARNATION) | THM_HAS(AFTER))         \
    X(JOINED, "joined", THM_FROM_SERVER, THM_HAS(ROOM) | THM_HAS(INCARNATION) | THM_HAS(N),        \
      THM_HAS(AFTER) | THM_HAS(CSN) | THM_HAS(MEMBERS) | THM_HAS(TOPIC))                           \
    X(LEAVE, "leave", THM_FROM_CLIENT, THM_HAS(ROOM), 0)                                           \
    X(LEFT, "left", THM_FROM_SERVER, THM_HAS(ROOM), THM_HAS(CODE) | THM_HAS(REASON))               \
    X(ACK, "ack", THM_FROM_CLIENT | THM_FROM_CALL, 0, THM_HAS(BYTES) | THM_HAS(ROOM) | THM_HAS(N)) \
    X(GAP, "gap", THM_FROM_SERVER | THM_ENTRY, THM_HAS(ROOM) | THM_HAS(INCARNATION),               \
      THM_HAS(FIRST) | THM_HAS(LAST) | THM_HAS(REASON))                                            \
    X(SKIP, "skip", THM_FROM_SERVER | THM_ENTRY, THM_HAS(ROOM) | THM_HAS(N), 0)                    \
    X(HISTORY, "history", THM_FROM_CLIENT, THM_HAS(ROOM),                                          \
      THM_HAS(COUNT) | THM_HAS(BEFORE) | THM_HAS(ID))                                              \
    X(PAST, "past", THM_FROM_SERVER,                                                               \
      THM_HAS(ROOM) | THM_HAS(N) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(ALIAS) |              \
          THM_HAS(TIME) | THM_HAS(TEXT),                                                           \
      THM_HAS(TO) | THM_HAS(ID) | THM_HAS(PART) | THM_HAS(PARTS) | THM_HAS(OF))                    \
    /* people and rooms */                                                                         \
    X(PRESENCE, "presence", THM_FROM_SERVER, THM_HAS(ROOM),                                        \
      THM_HAS(USERID) | THM_HAS(DEVICE) | THM_HAS(ALIAS) | THM_HAS(EVENT) | THM_HAS(AWAY) |        \
          THM_HAS(JOINED) | THM_HAS(LEFT) | THM_HAS(MEMBERS))                                      \
    X(STATE, "state", THM_FROM_CLIENT | THM_FROM_SERVER, THM_HAS(TEXT),                            \
      THM_HAS(ROOM) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(TIME))                             \
    X(ALIAS, "alias", THM_FROM_CLIENT | THM_FROM_SERVER, THM_HAS(ALIAS), THM_HAS(REASON))          \
    X(TOPIC, "topic", THM_FROM_CLIENT | THM_FROM_SERVER, THM_HAS(ROOM),                            \
      THM_HAS(TOPIC) | THM_HAS(FROM) | THM_HAS(TIME))                                              \
    X(AWAY, "away", THM_FROM_CLIENT | THM_FROM_SERVER, 0, THM_HAS(AWAY))                           \
    X(LIST, "list", THM_FROM_CLIENT, 0, 0)                                                         \
    X(ROOMS, "rooms", THM_FROM_CLIENT, 0, 0)                                                       \
    X(WHO, "who", THM_FROM_CLIENT, THM_HAS(ROOM), 0)                                               \
    X(WHOIS, "whois", THM_FROM_CLIENT, THM_HAS(TEXT), 0)                                           \
    X(STATUS, "status", THM_FROM_CLIENT, 0, 0)                                                     \
    X(USER, "user", THM_FROM_SERVER, THM_HAS(USERID),                                              \
      THM_HAS(DEVICE) | THM_HAS(ALIAS) | THM_HAS(ROOMS) | THM_HAS(SINCE) | THM_HAS(AWAY) |         \
          THM_HAS(STATUS) | THM_HAS(KEY_HASH) | THM_HAS(ADDRESS) | THM_HAS(AGENT) |                \
          THM_HAS(MAX_MESSAGE) | THM_HAS(TEXT))                                                    \
    X(ROOM, "room", THM_FROM_SERVER, THM_HAS(ROOM),                                                \
      THM_HAS(MEMBERS) | THM_HAS(TOPIC) | THM_HAS(N) | THM_HAS(INCARNATION) | THM_HAS_ROOM_RULES)  \
    THM_TYPES_MODERATION(X)                                                                        \
    X(SERVER, "server", THM_FROM_SERVER, THM_HAS(SERVER),                                          \
      THM_HAS(TIME) | THM_HAS(SINCE) | THM_HAS(COUNT) | THM_HAS(MEMBERS) | THM_HAS(CREDIT))        \
    X(END, "end", THM_FROM_SERVER, THM_HAS(IN),                                                    \
      THM_HAS(COUNT) | THM_HAS(ROOM) | THM_HAS(ID) | THM_HAS(FIRST))                               \
    /* boards that obey commands; who may command what is the board's own decision */              \
    X(CMD, "cmd", THM_FROM_CLIENT | THM_FROM_SERVER, THM_HAS(ID) | THM_HAS(TEXT),                  \
      THM_HAS(TO) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(DEADLINE))                           \
    X(RESULT, "result", THM_FROM_CLIENT | THM_FROM_SERVER, THM_HAS(ID) | THM_HAS(STATUS),          \
      THM_HAS(TO) | THM_HAS(FROM) | THM_HAS(DEVICE) | THM_HAS(TEXT) | THM_HAS(CODE))               \
    /* keeping and ending a session */                                                             \
    X(PING, "ping", THM_FROM_CLIENT | THM_FROM_SERVER | THM_FROM_PEER, 0, THM_HAS(ID))             \
    X(PONG, "pong", THM_FROM_CLIENT | THM_FROM_SERVER | THM_FROM_PEER, 0, THM_HAS(ID))             \
    X(NOTICE, "notice", THM_FROM_SERVER, THM_HAS(TEXT), THM_HAS(FROM) | THM_HAS(TIME))             \
    X(QUIT, "quit", THM_FROM_CLIENT | THM_FROM_CALL | THM_EARLY, 0, THM_HAS(REASON))               \
    X(REPLACED, "replaced", THM_FROM_SERVER, 0, THM_HAS(REASON) | THM_HAS(ADDRESS))                \
    X(GOODBYE, "goodbye", THM_FROM_SERVER, THM_HAS(REASON), THM_HAS(CODE) | THM_HAS(RETRY_AFTER))  \
    X(FULL, "full", THM_FROM_SERVER, THM_HAS(RETRY_AFTER), THM_HAS(REASON))                        \
    THM_TYPES_PEERS(X)

enum thm_type {
    THM_MSG_NONE = 0,
#define THM_TYPE_ENUM(name, word, flags, required, optional) THM_MSG_##name,
    THM_TYPES(THM_TYPE_ENUM)
#undef THM_TYPE_ENUM
        THM_TYPES_END
};

/* A run of bytes that somebody else owns. */
struct thm_slice {
    const char *data;
    size_t len;
};

union thm_value {
    struct thm_slice str;
    uint64_t num;
};

/* A message: a type and the values of the keys that `has` names. Strings are borrowed. */
struct thm_msg {
    enum thm_type type;
    uint64_t has; /* set of THM_HAS() bits */
    union thm_value v[THM_KEYS_END];
};

/** Starts an empty message of a type. */
static inline void thm_msg_init(struct thm_msg *m, enum thm_type type)
{
    m->type = type;
    m->has = 0;
}

/** Sets a string value of `len` bytes; the bytes must live as long as the message is used. */
static inline void thm_msg_str(struct thm_msg *m, enum thm_key key, const char *data, size_t len)
{
    m->has |= UINT64_C(1) << key;
    m->v[key].str.data = data;
    m->v[key].str.len = len;
}

/** Sets an integer, boolean or HEX64 value. */
static inline void thm_msg_num(struct thm_msg *m, enum thm_key key, uint64_t value)
{
    m->has |= UINT64_C(1) << key;
    m->v[key].num = value;
}

/** Whether a key is present. */
static inline bool thm_msg_has(const struct thm_msg *m, enum thm_key key)
{
    return (m->has >> key & 1) != 0;
}

/** A string value, or the empty slice when the key is absent. */
static inline struct thm_slice thm_msg_get(const struct thm_msg *m, enum thm_key key)
{
    return thm_msg_has(m, key) ? m->v[key].str : (struct thm_slice){"", 0};
}

/** An integer value, or `otherwise` when the key is absent. */
static inline uint64_t thm_msg_get_num(const struct thm_msg *m, enum thm_key key,
                                       uint64_t otherwise)
{
    return thm_msg_has(m, key) ? m->v[key].num : otherwise;
}

/* Sets a string value from a terminated string. */
#define THM_SET(m, name, s) thm_msg_str((m), THM_KEY_##name, (s), strlen(s))

/* What was wrong with a line: enough to say it precisely. All zero but the code is a valid fault. */
struct thm_fault {
    int code;           /* THM_E_*, the first thing found wrong */
    enum thm_type type; /* the line's type, if that was read; else THM_MSG_NONE */
    uint8_t why;        /* for thm_fault_text(): what the code alone doesn't tell, or 0 */
    uint16_t at;        /* the byte of the line, from 1, where it was found; 0: not one place */
    char what[65];      /* the key or msgtype concerned, made printable and cut; "" when none */
};

/**
 * Reads one line. Strings are unescaped in place: `line` is changed and must live as long as `msg`.
 * A key that the type does not have is skipped like an unknown one. An empty line is THM_E_JSON.
 * Takes less than 512 bytes of stack on a 32-bit machine.
 *
 * @param line   the bytes without the newline (a trailing '\r' does no harm)
 * @param len    0 to THM_LINE_MAX - 1
 * @param from   one of THM_FROM_*: types that this side does not send are refused
 * @param msg    receives the message
 * @param fault  receives what was wrong; may not be NULL
 * @return THM_OK, or the negative code that is also in fault->code
 */
int thm_wire_decode(char *line, size_t len, unsigned from, struct thm_msg *msg,
                    struct thm_fault *fault);

/**
 * Writes one line with its newline. Checks required keys, unknown keys, ranges and lengths, so that
 * what was written decodes to the same message.
 *
 * @param msg  the message
 * @param buf  receives at most `cap` bytes, not terminated
 * @param cap  THM_LINE_MAX suffices for every line with a text that a server delivers
 * @param len  receives the bytes written
 * @return THM_OK; THM_E_KEY_MISSING; THM_E_KEY_RANGE, also for a key that the type does not have;
 *         THM_E_UTF8, THM_E_CONTROL, THM_E_TEXT_LONG, THM_E_UNKNOWN_TYPE; THM_E_LINE_TOO_LONG
 *         when it does not fit in `cap`
 */
int thm_wire_encode(const struct thm_msg *msg, char *buf, size_t cap, size_t *len);

/**
 * Turns a fault into the sentence that an `error` line carries: what is wrong, with the key, the
 * form expected and its limits, e.g. "say: key csn: not a whole number from 1 to 9007199254740991".
 * THM_SHORT_MAX + 1 bytes always suffice, and the sentence is a valid `reason`.
 *
 * @return bytes written, without terminator; the text is always terminated and cut to fit
 */
size_t thm_fault_text(const struct thm_fault *fault, char *buf, size_t cap);

/** The flags of a type (THM_FROM_*, THM_EARLY, THM_ENTRY), its word, and its sets of keys. */
unsigned thm_type_flags(enum thm_type type);
const char *thm_type_word(enum thm_type type);
uint64_t thm_type_required(enum thm_type type);
uint64_t thm_type_optional(enum thm_type type);

/** The word of a key, its kind, and its range in bytes or, for a THM_KIND_UINT, of its value. */
const char *thm_key_word(enum thm_key key);
enum thm_kind thm_key_kind(enum thm_key key);
void thm_key_range(enum thm_key key, uint64_t *min, uint64_t *max);

/**
 * Whether bytes are a valid value of a kind: the same checks that decoding makes.
 *
 * @param min,max  bytes of a string; the value of a THM_KIND_UINT, whose bytes are its digits
 * @return THM_OK, THM_E_UTF8, THM_E_CONTROL, THM_E_KEY_RANGE or THM_E_TEXT_LONG
 */
int thm_kind_check(enum thm_kind kind, const char *data, size_t len, uint64_t min, uint64_t max);

/** thm_kind_check for the form of a key. */
int thm_key_check(enum thm_key key, const char *data, size_t len);

/**
 * How many bytes of a text fit in one message: the longest prefix that ends between two characters
 * and is at most THM_TEXT_MAX bytes raw and THM_TEXT_ESCAPED_MAX escaped.
 */
size_t thm_text_fit(const char *text, size_t len);

/** Bytes that a string takes once JSON-escaped, without the quotes. */
size_t thm_json_escaped_len(const char *text, size_t len);

/**
 * Decodes one UTF-8 character (RFC 3629; no surrogates, no overlong forms).
 *
 * @param code  receives the code point
 * @return bytes used, 1-4, or 0 when the bytes are not valid UTF-8
 */
unsigned thm_utf8_next(const char *data, size_t len, uint32_t *code);

/** Whether a terminal may be shown this code point raw: not a control (C0, C1, DEL), line or
 * paragraph separator, bidirectional control, zero-width or other default-ignorable format character,
 * private use, surrogate or noncharacter. */
bool thm_utf8_printable(uint32_t code);

/**
 * Copies text for a terminal: whatever is not printable becomes "\u{HEX}", invalid bytes become
 * "\x{HEX}". Newline and tab are kept when `keep_newline` is true, else they become a space. The two
 * invisible characters that make one emoji of several (U+200D, U+FE0F) are kept right after an emoji.
 *
 * @return bytes written; cut to fit between two characters, always terminated
 */
size_t thm_text_display(const char *text, size_t len, bool keep_newline, char *buf, size_t cap);

/*
 * Lines out of a stream of bytes. The buffer is only needed while a line is incomplete.
 */
struct thm_line_reader {
    char *buf; /* THM_LINE_MAX bytes, lent by the owner before thm_line_feed needs it; or NULL */
    uint16_t used;    /* bytes of an incomplete line in buf */
    uint8_t skipping; /* the line was too long: bytes are dropped up to its newline */
};

/**
 * Takes bytes up to the end of a line.
 *
 * @param r     the reader; when *taken < len is needed and r->buf is NULL the caller must lend one first
 * @param data  new bytes; a whole line inside them is returned in place
 * @param taken receives how many of them were used
 * @param line  receives the line without newline (in `data`, or in r->buf, valid until the next call)
 * @return 1: a line; 0: none yet, all bytes taken; THM_E_LINE_TOO_LONG once for a line that is longer than
 *         THM_LINE_MAX (the rest of it is dropped); THM_E_MEMORY: nothing taken, lend r->buf and call again
 */
int thm_line_feed(struct thm_line_reader *r, char *data, size_t len, size_t *taken,
                  struct thm_slice *line);

#endif
