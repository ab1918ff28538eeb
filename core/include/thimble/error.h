/*
 * Error codes: negative, one list, one sentence each for the person who reads it.
 *
 * Would-block is never an error; it is a status (enum thm_io in port.h).
 */
#ifndef THIMBLE_ERROR_H
#define THIMBLE_ERROR_H

#include "thimble/config.h"

/* A text that people read, and nothing else does: ASCII. A board with little flash keeps it packed, see thm_text_plain()
 * in core/util/text.h. */
#define THM_T(text) text

/* A sentence that only a server says, or a program with options and files; and the word of an error that is never told
 * a client, or that it does nothing particular about. */
#if THM_ALL_SENTENCES
#define THM_ELSEWHERE(sentence) sentence
#define THM_UNTOLD(word)        word
#else
#define THM_ELSEWHERE(sentence) ""
#define THM_UNTOLD(word)        ""
#endif

/* Of enrolment (THM_ENROLL). */
#if THM_ENROLL
#define THM_ENROLL_ERRORS(X)                                                                       \
    X(THM_E_INVITATION, -100, THM_UNTOLD("invitation"),                                            \
      THM_ELSEWHERE(                                                                               \
          "the server does not know this invitation: was all of it copied? Else ask for "          \
          "another one"))                                                                          \
    X(THM_E_INVITATION_USED, -101, THM_UNTOLD("invitation-used"),                                  \
      THM_ELSEWHERE("this invitation was used already, with another key: ask for another one"))    \
    X(THM_E_INVITATION_EXPIRED, -102, THM_UNTOLD("invitation-expired"),                            \
      THM_ELSEWHERE("this invitation has run out: ask for another one"))                           \
    X(THM_E_INVITATION_REVOKED, -103, THM_UNTOLD("invitation-revoked"),                            \
      THM_ELSEWHERE("this invitation was taken back: ask for another one"))                        \
    X(THM_E_CSR, -104, THM_UNTOLD("certificate-request"),                                          \
      THM_ELSEWHERE("the certificate request is not one for a P-256 key, or not signed by it"))    \
    X(THM_E_SIGNER, -105, THM_UNTOLD("signer"),                                                    \
      THM_ELSEWHERE("the server can't have certificates signed now"))                              \
    X(THM_E_TOKEN, -106, THM_UNTOLD("token"),                                                      \
      THM_ELSEWHERE(                                                                               \
          "that is no invitation: it is one word, THM1:HOST:PORT/CA/SECRET or with /NAME behind")) \
    X(THM_E_APPROVAL, -107, THM_UNTOLD("approval"),                                                \
      THM_ELSEWHERE("whoever runs the server has to approve this request first"))
#else
#define THM_ENROLL_ERRORS(X)
#endif

/* Of direct sessions (THM_CALLS). */
#if THM_CALLS > 0
#define THM_CALL_ERRORS(X)                                                                         \
    X(THM_E_BUSY, -110, "busy", THM_T("busy: try again later"))                                    \
    X(THM_E_UNAVAILABLE, -111, "away", THM_T("away: try again later, or whisper"))                 \
    X(THM_E_DECLINED, -112, "declined", THM_T("the call was declined"))                            \
    X(THM_E_UNVERIFIED, -113, "unverified",                                                        \
      THM_T("the other side could not be verified, so there is no session"))                       \
    X(THM_E_NO_ANSWER, -114, "no-answer", THM_T("nobody answered"))                                \
    X(THM_E_CROSSING, -115, "crossing", THM_T("both sides called each other at once"))             \
    X(THM_E_NO_CALL, -116, "no-such-call", THM_T("there is no such direct session (any more)"))    \
    X(THM_E_RELAY, -117, "relay-credit", THM_T("more was relayed than had been granted"))          \
    X(THM_E_CALL_LOST, -118, "lost", THM_T("no path to the other side is left"))
#else
#define THM_CALL_ERRORS(X)
#endif

/* X(name, code, wire word, sentence). The wire word is what `error`, `refused` and `auth_reply`
 * carry in their key `code`; it never changes once published. */
#define THM_ERRORS(X)                                                                              \
    /* configuration and use of the library */                                                     \
    X(THM_E_CONFIG, -1, THM_UNTOLD("config"), THM_T("the configuration is not valid"))             \
    X(THM_E_MEMORY, -2, THM_UNTOLD("memory"),                                                      \
      THM_T("the memory provided is too small for the limits asked for"))                          \
    X(THM_E_STATE, -3, "state", THM_T("that is not possible in the present state"))                \
    X(THM_E_NAME_EMPTY, -4, THM_UNTOLD("name-empty"),                                              \
      THM_ELSEWHERE("the server's expected name is empty: give --server-name"))                    \
    X(THM_E_LIMIT, -5, "limit", THM_T("a limit of this program is reached"))                       \
    X(THM_E_ENTROPY, -6, THM_UNTOLD("entropy"),                                                    \
      THM_T("the system gave no random bytes, so nothing can be encrypted"))                       \
    X(THM_E_CLOCK, -7, THM_UNTOLD("clock"),                                                        \
      THM_T("the clock is not set, so certificates can't be checked"))                             \
    /* credentials */                                                                              \
    X(THM_E_PEM, -10, THM_UNTOLD("pem"), THM_ELSEWHERE("the file is not PEM or is damaged"))       \
    X(THM_E_KEY, -11, THM_UNTOLD("key"),                                                           \
      THM_T("the private key is not a P-256 key, or does not belong to the certificate"))          \
    X(THM_E_CERT, -12, THM_UNTOLD("certificate"), THM_T("the certificate can't be read"))          \
    X(THM_E_CA, -13, THM_UNTOLD("ca"), THM_T("the CA file holds no usable CA certificate"))        \
    X(THM_E_DENYLIST, -14, THM_UNTOLD("denylist"),                                                 \
      THM_ELSEWHERE("a line of the deny-list is not 64 hexadecimal digits"))                       \
    /* network */                                                                                  \
    X(THM_E_PORT, -20, THM_UNTOLD("network"), THM_T("the network reported an error"))              \
    X(THM_E_RESOLVE, -21, THM_UNTOLD("resolve"), THM_T("the host name could not be resolved"))     \
    X(THM_E_CONNECT, -22, THM_UNTOLD("connect"),                                                   \
      THM_T("the server could not be reached: is it running, and are host and port right?"))       \
    X(THM_E_CLOSED, -23, "closed", THM_T("the connection was closed by the other side"))           \
    X(THM_E_TIMEOUT, -24, "timeout", THM_T("the other side did not answer in time"))               \
    X(THM_E_ADDRESS, -25, THM_UNTOLD("address"),                                                   \
      THM_ELSEWHERE("the address is not valid: use ADDR:PORT or [ADDR]:PORT"))                     \
    X(THM_E_IN_USE, -26, THM_UNTOLD("in-use"),                                                     \
      THM_ELSEWHERE("the address is in use: is another server running?"))                          \
    /* TLS and identity */                                                                         \
    X(THM_E_TLS, -30, THM_UNTOLD("tls"), THM_T("the TLS handshake failed"))                        \
    X(THM_E_TLS_VERSION, -31, THM_UNTOLD("tls-version"), THM_T("the peer does not speak TLS 1.2")) \
    X(THM_E_TLS_SUITE, -32, THM_UNTOLD("tls-suite"),                                               \
      THM_T("no cipher suite in common: ECDHE-ECDSA with P-256 and AES-128-GCM or ChaCha20 is "    \
            "needed"))                                                                             \
    X(THM_E_ALPN, -33, THM_UNTOLD("alpn"),                                                         \
      THM_T("the peer does not speak the protocol thimble/1"))                                     \
    X(THM_E_NO_CERT, -34, THM_UNTOLD("no-certificate"), THM_T("the peer showed no certificate"))   \
    X(THM_E_UNTRUSTED, -35, THM_UNTOLD("untrusted"),                                               \
      THM_T("the peer's certificate was not issued by a trusted CA"))                              \
    X(THM_E_EXPIRED, -36, THM_UNTOLD("expired"),                                                   \
      THM_T("the peer's certificate has expired or is not valid yet"))                             \
    X(THM_E_SERVER_NAME, -37, THM_UNTOLD("server-name"),                                           \
      THM_T("the server's certificate is for another name: check --server-name"))                  \
    X(THM_E_ROLE, -38, THM_UNTOLD("role"), THM_T("the peer's certificate is not for this role"))   \
    X(THM_E_REVOKED, -39, "revoked", THM_T("the device's certificate was revoked"))                \
    X(THM_E_CHAIN, -40, THM_UNTOLD("chain"),                                                       \
      THM_T("the peer's certificate chain is too long or too large"))                              \
    X(THM_E_TLS_RECORD, -41, THM_UNTOLD("tls-record"),                                             \
      THM_T("a damaged or oversized TLS record arrived"))                                          \
    X(THM_E_CERT_REJECTED, -42, THM_UNTOLD("certificate-rejected"),                                \
      THM_T("the peer refused our certificate"))                                                   \
    /* the wire */                                                                                 \
    X(THM_E_LINE_TOO_LONG, -50, "line-too-long", THM_T("a line is longer than 2,048 bytes"))       \
    X(THM_E_UTF8, -51, "utf8", THM_T("the line is not valid UTF-8"))                               \
    X(THM_E_JSON, -52, "json", THM_T("the line is not one JSON object"))                           \
    X(THM_E_NO_TYPE, -53, "no-msgtype", THM_ELSEWHERE("the key msgtype is missing"))               \
    X(THM_E_UNKNOWN_TYPE, -54, "unknown-msgtype", THM_ELSEWHERE("this msgtype is not known here")) \
    X(THM_E_KEY_MISSING, -55, "key-missing", THM_T("a required key is missing"))                   \
    X(THM_E_KEY_TYPE, -56, "key-type", THM_ELSEWHERE("a value has the wrong JSON type"))           \
    X(THM_E_KEY_RANGE, -57, "key-range",                                                           \
      THM_T("a value is out of its range, too long or of a wrong form"))                           \
    X(THM_E_KEY_TWICE, -58, "key-twice", THM_ELSEWHERE("a key is given twice"))                    \
    X(THM_E_NOT_YET, -59, "not-granted",                                                           \
      THM_ELSEWHERE("say hello first: only hello and auth_request are taken before GRANTED"))      \
    X(THM_E_DIRECTION, -60, "direction", THM_ELSEWHERE("this msgtype is not sent by a client"))    \
    X(THM_E_NESTING, -61, "nesting",                                                               \
      THM_ELSEWHERE("a value has too many arrays or objects in each other"))                       \
    X(THM_E_CONTROL, -62, "control-character", THM_T("control characters are not allowed here"))   \
    /* chat */                                                                                     \
    X(THM_E_TEXT_LONG, -70, "text-too-long",                                                       \
      THM_T("the text is longer than one message may be; send it in parts"))                       \
    X(THM_E_NO_ROOM, -71, "no-such-room", THM_T("you are not in that room: join it first"))        \
    X(THM_E_NO_USER, -72, "no-such-user", THM_ELSEWHERE("nobody of that name is known here"))      \
    X(THM_E_ALIAS_TAKEN, -73, "alias-taken",                                                       \
      THM_ELSEWHERE("that alias is in use or is somebody's user id"))                              \
    X(THM_E_CSN, -74, "csn",                                                                       \
      THM_ELSEWHERE("this number was used already and its message is gone"))                       \
    X(THM_E_WINDOW, -75, "window", THM_T("too many messages are waiting to be acknowledged"))      \
    X(THM_E_STORE, -76, "store",                                                                   \
      THM_ELSEWHERE("the store could not take the message; it is tried again"))                    \
    X(THM_E_FULL, -77, "full", THM_ELSEWHERE("the server is full; try again later"))               \
    X(THM_E_REPLACED, -78, "replaced",                                                             \
      THM_ELSEWHERE("another session of the same device took over"))                               \
    X(THM_E_KICKED, -79, "kicked", THM_ELSEWHERE("the operator ended the session"))                \
    X(THM_E_SHUTDOWN, -80, "shutdown", THM_ELSEWHERE("the server is going down"))                  \
    X(THM_E_NOT_ALLOWED, -81, "not-allowed", THM_T("that is not allowed"))                         \
    X(THM_E_COMMAND, -82, "command",                                                               \
      THM_T("unknown command: /help lists them; start the line with // to send it as text"))       \
    X(THM_E_ARGUMENT, -83, "argument",                                                             \
      THM_T("the command's arguments are not right: /help shows them"))                            \
    X(THM_E_IDLE, -84, "idle", THM_ELSEWHERE("nothing was heard for too long"))                    \
    X(THM_E_SLOW, -85, "slow", THM_ELSEWHERE("the peer stopped reading more than it had granted")) \
    X(THM_E_AWAY, -86, "not-online", THM_ELSEWHERE("that user or device is not online"))           \
    X(THM_E_PARTS, -87, "parts", THM_T("the message has more parts than are taken here"))          \
    X(THM_E_PASSCODE, -88, "passcode",                                                             \
      THM_T("the server asks for a passcode, and was not given the right one"))                    \
    X(THM_E_SUSPENDED, -89, THM_UNTOLD("suspended"),                                               \
      THM_ELSEWHERE("the account is suspended: ask whoever runs the server"))                      \
    X(THM_E_EXISTS, -90, THM_UNTOLD("exists"),                                                     \
      THM_ELSEWHERE("there is an account of that name already"))                                   \
    X(THM_E_BANNED, -91, THM_UNTOLD("banned"),                                                     \
      THM_ELSEWHERE("banned from that room: ask one of its moderators, or whoever runs the "       \
                    "server"))                                                                     \
    X(THM_E_INVITE_ONLY, -92, THM_UNTOLD("invite-only"),                                           \
      THM_ELSEWHERE("that room is for whom its moderators invite: ask one of them"))               \
    X(THM_E_NOT_MODERATOR, -93, THM_UNTOLD("not-moderator"),                                       \
      THM_ELSEWHERE("only a moderator of the room may do that"))                                   \
    X(THM_E_NOT_MEMBER, -94, THM_UNTOLD("not-member"),                                             \
      THM_ELSEWHERE("that user is not in the room"))                                               \
    X(THM_E_UNKNOWN_ROOM, -95, THM_UNTOLD("unknown-room"), THM_ELSEWHERE("there is no such room")) \
    X(THM_E_SENT_AWAY, -96, THM_UNTOLD("sent-away"), THM_ELSEWHERE("a moderator sent you away"))   \
    X(THM_E_ROOM_REMOVED, -97, THM_UNTOLD("room-removed"),                                         \
      THM_ELSEWHERE("the operator removed the room"))                                              \
    THM_ENROLL_ERRORS(X)                                                                           \
    THM_CALL_ERRORS(X)

enum thm_error {
    THM_OK = 0,
#define THM_ERROR_ENUM(name, code, word, sentence) name = (code),
    THM_ERRORS(THM_ERROR_ENUM)
#undef THM_ERROR_ENUM
};

/**
 * One sentence for the user: what is wrong and, where it can be said, what to do.
 *
 * @param code  a value of enum thm_error
 * @return a static string, "unknown error" for a code that is not in the list; the wire word when the sentence was left
 *         out (THM_ALL_SENTENCES). It is a THM_T()
 */
const char *thm_error_text(int code);

/**
 * The stable word that stands for the error on the wire and in logs ("revoked", "key-missing").
 *
 * @param code  a value of enum thm_error
 * @return a static string, "unknown" for a code that is not in the list, or whose word was left out (THM_ALL_SENTENCES)
 */
const char *thm_error_word(int code);

/**
 * The code that a wire word stands for: the reverse of thm_error_word().
 *
 * @param word  wire word, `len` bytes, need not be terminated
 * @return the code, or THM_OK when the word is not known
 */
int thm_error_from_word(const char *word, unsigned len);

#endif
