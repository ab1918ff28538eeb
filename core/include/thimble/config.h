/*
 * All limits of the core, in one place. Each has a default that suits a desktop; a board overrides
 * them by -DTHM_CONFIG_FILE="\"my_config.h\"". Counts that a server sizes at start (clients, rooms,
 * store) are fields of struct thm_server_config instead and only bounded here.
 */
#ifndef THIMBLE_CONFIG_H
#define THIMBLE_CONFIG_H

#ifdef THM_CONFIG_FILE
#include THM_CONFIG_FILE
#endif

#define THM_VERSION "0.1.0"

/* --- the wire: both ends must agree, so none of these may be changed by a board --- */

/* Bytes of a line with its newline. */
#define THM_LINE_MAX 2048
/* Bytes of one message's text, raw UTF-8. */
#define THM_TEXT_MAX 1000
/* Bytes of the same text once JSON-escaped. */
#define THM_TEXT_ESCAPED_MAX 1536
/* Bytes that the server's own keys may take in a delivered line. */
#define THM_SERVER_KEYS_MAX 512
/* Bytes of a user id or a device name. */
#define THM_ID_MAX 32
/* Bytes of a room's name with its '#', or of a stream's with '#' or '@'. */
#define THM_ROOM_MAX (1 + THM_ID_MAX)
/* Characters, and bytes, of an alias. */
#define THM_ALIAS_CHARS 32
#define THM_ALIAS_MAX   128
/* Bytes of a topic, an away text, a reason, an agent's name. */
#define THM_SHORT_MAX 200
/* Bytes of a device's retained state. */
#define THM_STATE_MAX 240
/* Parts that one logical message may have: 64 parts are about 64 KB. */
#define THM_PARTS_MAX 64
/* Bytes of Base64 in a line: a step of a login, a certificate request, or up to 720 bytes of a relayed session. */
#define THM_DATA_MAX 960
/* Arrays and objects in each other that an unknown key's value may have. */
#define THM_NESTING_MAX 32
/* Messages that a client may have sent and not yet seen acknowledged, in order. */
#define THM_WINDOW 16
/* Bytes that all else may take in a client's line with a text: the longest is a `result`. */
#define THM_CLIENT_KEYS_MAX 256
/* Bytes of plaintext that a thimble client puts in one TLS record: boards have small buffers. */
#define THM_CLIENT_RECORD 512
/* Bytes of plaintext that either end of a direct session puts in one TLS record, those of the handshake included: a board
 * has room for a certificate and a half. */
#define THM_PEER_RECORD 1024

/* --- flow --- */

/* Bytes: the largest credit that a server honours. Its socket buffers are set to hold it. */
#ifndef THM_CREDIT_MAX
#define THM_CREDIT_MAX 65536
#endif
/* Bytes: what a client gets that states no credit and never acknowledges. */
#ifndef THM_CREDIT_DEFAULT
#define THM_CREDIT_DEFAULT 8192
#endif
/* Bytes: what the client asks for; at least two lines. */
#ifndef THM_CLIENT_CREDIT
#define THM_CLIENT_CREDIT 32768
#endif
/* Milliseconds after which received bytes are acknowledged even if little came. */
#ifndef THM_ACK_DELAY_MS
#define THM_ACK_DELAY_MS 1000
#endif
/* Bytes of the buffer in which a connection's lines are gathered for one record. */
#ifndef THM_OUT_BUFFER
#define THM_OUT_BUFFER 16384
#endif

/* --- receipts --- */

/* 0 leaves receipts for whispers out, of the wire's tables as well: for a client that neither makes nor shows any, 2.1 KB of
 * flash. Its whispers and its messages are the same. */
#ifndef THM_RECEIPTS
#define THM_RECEIPTS 1
#endif
/* People of whom a client remembers what they whispered last, and a console what was last whispered to them. When more
 * whisper at once, receipts are sent earlier; whoever has been silent for longest may not hear that he was read. */
#ifndef THM_CLIENT_RECEIPTS
#define THM_CLIENT_RECEIPTS 16
#endif

/* --- direct sessions --- */

/* Direct sessions that a client has at a time; 0 leaves them out, of the wire's tables as well. */
#ifndef THM_CALLS
#define THM_CALLS 8
#endif
/* Connections to other clients at a time: one for each session, and more for those that are still being made, or that
 * move to a better path. With 1, memory of TLS is shared between handshake and session. */
#ifndef THM_CALL_PATHS
#define THM_CALL_PATHS (THM_CALLS + 4)
#endif
/* TCP port on which a client listens for others, or the next free one of so many. */
#define THM_CALL_PORT  65000
#define THM_CALL_PORTS 100
/* Bytes of lines said in a session that the other side has not acknowledged. */
#ifndef THM_CALL_QUEUE
#define THM_CALL_QUEUE 16384
#endif
/* Bytes of lines on their way to the TLS of a direct session: the longest line of a text, and an `ack`. */
#ifndef THM_CALL_OUT
#define THM_CALL_OUT 4096
#endif
/* Bytes that a client takes from a relay before it grants more; a server passes on up to THM_RELAY_WINDOW of them
 * before the receiver has taken any. */
#ifndef THM_CALL_WINDOW
#define THM_CALL_WINDOW 8192
#endif
#ifndef THM_RELAY_WINDOW
#define THM_RELAY_WINDOW 4096
#endif
/* Milliseconds: for the server's answer to a lookup or a relay; for a direct connection, before the relay is tried; for the
 * person called to answer; silence after which the other side is asked for a sign of life, and how long that may take; for a
 * session whose path broke to find another one; between two attempts at that, or at moving from the relay to a direct path. */
#ifndef THM_LOOKUP_MS
#define THM_LOOKUP_MS 10000
#endif
#ifndef THM_DIRECT_MS
#define THM_DIRECT_MS 3000
#endif
#ifndef THM_RING_MS
#define THM_RING_MS 45000
#endif
#ifndef THM_CALL_PING_MS
#define THM_CALL_PING_MS 15000
#endif
#ifndef THM_CALL_PONG_MS
#define THM_CALL_PONG_MS 10000
#endif
#ifndef THM_MEND_MS
#define THM_MEND_MS 120000
#endif
#ifndef THM_CALL_RETRY_MS
#define THM_CALL_RETRY_MS 2000
#endif
#ifndef THM_CALL_MOVE_MS
#define THM_CALL_MOVE_MS 30000
#endif
/* Milliseconds for which a call ticket is good: the callee's lookup follows a dial and a handshake. */
#ifndef THM_TICKET_MS
#define THM_TICKET_MS 60000
#endif
/* Tickets of one device that are good at a time: one more takes the place of its oldest. */
#ifndef THM_TICKETS_EACH
#define THM_TICKETS_EACH 8
#endif
/* Relays that one device may take part in at a time. */
#ifndef THM_RELAYS_EACH
#define THM_RELAYS_EACH 8
#endif

/* --- rooms --- */

/* Members above which joins and leaves are only counted. */
#ifndef THM_SMALL_ROOM
#define THM_SMALL_ROOM 64
#endif
/* Milliseconds between two counts in a large room. */
#ifndef THM_COUNT_INTERVAL_MS
#define THM_COUNT_INTERVAL_MS 5000
#endif
/* Rooms that one session may be in. */
#ifndef THM_ROOMS_PER_SESSION
#define THM_ROOMS_PER_SESSION 16
#endif
/* The room that a plain hello enters. */
#define THM_DEFAULT_ROOM "#lobby"

/* --- what one device may do: in the long run, and at once --- */

/* Of each kind: how many a second, 0 to 2^30 (0: no limit), and how many may come at once before that counts, 1 to 2^30.
 * What is more is taken later, not dropped. Defaults of struct thm_server_config. */

/* Lines, but for those that a limit of their own is for, and `ack`, `ping`, `pong`, `quit`. A person's paste or a log's
 * tail passes at once; a bot may say twice as much as anybody can read, all day long. */
#ifndef THM_LINES_RATE
#define THM_LINES_RATE 50
#endif
#ifndef THM_LINES_BURST
#define THM_LINES_BURST 5000
#endif
/* Bytes of input, all lines: as many lines of 1,300 B a second, and 1,600 B each at once. */
#ifndef THM_BYTES_RATE
#define THM_BYTES_RATE 65536
#endif
#ifndef THM_BYTES_BURST
#define THM_BYTES_BURST 8388608
#endif
/* Rooms entered: a client that comes back enters up to THM_ROOMS_PER_SESSION. Each costs the store two requests. */
#ifndef THM_JOINS_RATE
#define THM_JOINS_RATE 5
#endif
#ifndef THM_JOINS_BURST
#define THM_JOINS_BURST 300
#endif
/* Logins: one costs a server as much as hundreds of lines. What is more is refused, with the time to wait. */
#ifndef THM_LOGINS_RATE
#define THM_LOGINS_RATE 2
#endif
#ifndef THM_LOGINS_BURST
#define THM_LOGINS_BURST 200
#endif
/* Questions whose answers are long: `list`, `who`, `whois`, `rooms`, `history`, `lookup_request`. */
#ifndef THM_LOOKUPS_RATE
#define THM_LOOKUPS_RATE 10
#endif
#ifndef THM_LOOKUPS_BURST
#define THM_LOOKUPS_BURST 300
#endif
/* Milliseconds that a line waits at most at the head of what a device sent, whatever the rate: what would take longer is
 * forgiven. Well below the time in which a login or an answer must come. */
#ifndef THM_PACE_WAIT_MS
#define THM_PACE_WAIT_MS 5000
#endif
/* Milliseconds' worth that is saved up before it goes on, so that it goes on for more than one line. */
#ifndef THM_PACE_TICK_MS
#define THM_PACE_TICK_MS 50
#endif
/* Milliseconds of waiting in a row after which a device's user is told, and between two times that he is. */
#ifndef THM_PACE_TELL_MS
#define THM_PACE_TELL_MS 2000
#endif
#ifndef THM_PACE_AGAIN_MS
#define THM_PACE_AGAIN_MS 60000
#endif

/* --- deadlines, in milliseconds --- */

#ifndef THM_CONNECT_MS
#define THM_CONNECT_MS 10000 /* resolve and dial */
#endif
#ifndef THM_HANDSHAKE_MS
#define THM_HANDSHAKE_MS 10000
#endif
#ifndef THM_LOGIN_MS
#define THM_LOGIN_MS 10000
#endif
/* A login by passcode, from the server's asking for it on: a person types, or a board derives its keys. */
#ifndef THM_PROOF_MS
#define THM_PROOF_MS 120000
#endif
/* Silence after which a server gives a connection up; clients ping well before. */
#ifndef THM_IDLE_MS
#define THM_IDLE_MS 330000
#endif
#ifndef THM_PING_MS
#define THM_PING_MS 120000 /* silence after which a client pings */
#endif
#ifndef THM_PONG_MS
#define THM_PONG_MS 20000 /* and how long it then waits for any answer */
#endif
#ifndef THM_ANSWER_MS
#define THM_ANSWER_MS 60000 /* a client's wait for the answer to a join or a message */
#endif
/* No progress on a half-sent record: the peer granted more than it reads. */
#ifndef THM_STALL_MS
#define THM_STALL_MS 60000
#endif
#ifndef THM_CLOSE_MS
#define THM_CLOSE_MS 5000 /* a goodbye that is not answered */
#endif
/* Waits between two attempts of a client: full jitter in [0, min(cap, base * 2^n)]. */
#ifndef THM_BACKOFF_BASE_MS
#define THM_BACKOFF_BASE_MS 500
#endif
#ifndef THM_BACKOFF_CAP_MS
#define THM_BACKOFF_CAP_MS 30000
#endif
/* Online for this long resets the backoff. */
#ifndef THM_STABLE_MS
#define THM_STABLE_MS 30000
#endif

/* --- TLS --- */

/* 0 leaves the server's end of TLS out, for a board that only dials: on a Cortex-M3 11 KB of flash, and 370 B
 * of RAM for each connection that may be accepted. */
#ifndef THM_TLS_SERVER
#define THM_TLS_SERVER 1
#endif
/* 0 leaves out what only a server has beside that: the cache of its sessions, the order in which handshakes give way, and
 * enrolment. For a client that is called by others: on a Cortex-M3 1.7 KB of flash. */
#ifndef THM_TLS_SERVES
#define THM_TLS_SERVES THM_TLS_SERVER
#endif
/* 0 leaves AES-128-GCM out, on a Cortex-M3 4 KB of flash: without AES instructions ChaCha20-Poly1305 is four
 * times as fast, and a server that takes only AES is none of thimble's. */
#ifndef THM_TLS_AES
#define THM_TLS_AES 1
#endif
/* Random seeds of connections that are drawn at a time, 64 bytes each: a call of the port's for many costs
 * little more than for one. 1 on a board. */
#ifndef THM_TLS_SEEDS
#define THM_TLS_SEEDS 16
#endif
/* Bytes of TLS input buffer: a whole record. 16,709 takes any; 1,349 one of 1,024 B plaintext. */
#ifndef THM_TLS_IN
#define THM_TLS_IN (16384 + 325)
#endif
/* Bytes of TLS output buffer: 16,469, 4,181, 1,109 or 597. */
#ifndef THM_TLS_OUT
#define THM_TLS_OUT (16384 + 85)
#endif
/* Certificates in a peer's chain, and bytes of each. */
#define THM_CHAIN_MAX 3
#define THM_CERT_MAX  2048
/* CA certificates that are trusted side by side: during a change two, and as many that issue to users only. */
#ifndef THM_CA_MAX
#define THM_CA_MAX 4
#endif
/* Bytes that decoded credentials may take: own chain, CA names and keys. 0 leaves thm_credentials_load() and
 * the decoders out: thm_credentials_set() needs no memory. */
#ifndef THM_CREDENTIALS_MAX
#define THM_CREDENTIALS_MAX 6144
#endif
/* 1 where a 32-bit multiplication takes a time that depends on its operands: Cortex-M0 to M3. */
#ifndef THM_SLOW_MULTIPLY
#if defined __ARM_ARCH_6M__ || defined __ARM_ARCH_7M__
#define THM_SLOW_MULTIPLY 1
#else
#define THM_SLOW_MULTIPLY 0
#endif
#endif
/* 1: where THM_SLOW_MULTIPLY is, Poly1305 uses the arithmetic that ECDSA has anyhow: 0.5 KB less of flash. */
#ifndef THM_TLS_SMALL
#define THM_TLS_SMALL 0
#endif
/* Seconds that a TLS session may be resumed. */
#ifndef THM_SESSION_S
#define THM_SESSION_S 86400
#endif

/* --- enrolment --- */

/* 0 leaves out that a client gets its certificate, and renews it, by itself; of the wire's tables as well. */
#ifndef THM_ENROLL
#define THM_ENROLL 1
#endif
/* Bytes of a certificate request, PKCS#10 in DER: ours has less than 220, other people's may say more. */
#define THM_CSR_MAX 450
/* Bytes of a device's certificate, which has some 450: a record of the store and a line hold it in Base64. */
#define THM_ISSUED_MAX 720
/* Keys that one device may have certificates for at a time by renewing: each is kept, and revoked with it. */
#define THM_DEVICE_KEYS 8
/* Milliseconds after which a server forgets an invitation that has run out or was used: until then who comes with it is told
 * why it is refused, and whoever missed the answer can ask again. */
#ifndef THM_INVITE_KEEP_MS
#define THM_INVITE_KEEP_MS 604800000
#endif

/* --- passcodes --- */

/* Iterations of PBKDF2 that a client does, both ends included. Fewer than the least of RFC 7677 would hand a guesser a
 * cheap passcode; more would let a server keep a desktop busy for more than a second, a Cortex-M3 of 50 MHz for minutes. */
#define THM_SCRAM_ITERATIONS_MIN 4096
#ifndef THM_SCRAM_ITERATIONS_MAX
#define THM_SCRAM_ITERATIONS_MAX 600000
#endif
/* Iterations of new verifiers: about 0.1 s on a desktop, for a guesser as well. */
#ifndef THM_SCRAM_ITERATIONS
#define THM_SCRAM_ITERATIONS 100000
#endif
/* Bytes of salt: of a new verifier, and what a client takes. Below 8 two users may share one. */
#define THM_SCRAM_SALT     16
#define THM_SCRAM_SALT_MIN 8
#define THM_SCRAM_SALT_MAX 64
/* Wrong passcodes for a user from a device: the second makes it wait, in milliseconds; each one more doubles that, up to
 * the longest. So many in a row, and it waits until the operator resumes it or the failures are forgotten. */
#ifndef THM_ATTEMPTS_WAIT_MS
#define THM_ATTEMPTS_WAIT_MS 1000
#endif
#ifndef THM_ATTEMPTS_WAIT_MAX_MS
#define THM_ATTEMPTS_WAIT_MAX_MS 900000
#endif
#ifndef THM_ATTEMPTS_SUSPEND
#define THM_ATTEMPTS_SUSPEND 20
#endif
/* Milliseconds after the last wrong passcode when all of them are forgotten. */
#ifndef THM_ATTEMPTS_FORGET_MS
#define THM_ATTEMPTS_FORGET_MS 86400000
#endif

/* --- the log --- */

/* Bytes of a block of the log. At least one line with its header. */
#ifndef THM_BLOCK
#define THM_BLOCK 4096
#endif

/* --- records in the store --- */

/* Bytes of a record's key: a room's or stream's name, a device's and a separator fit. */
#define THM_RECORD_KEY 100
/* Bytes of a record's value: an invitation that was used, with the certificate that it got, fits. */
#define THM_RECORD_MAX 1280

/* --- the client --- */

/* Whether a client can go on with what another run said: 0 or 1. A board draws a new incarnation at each start. */
#ifndef THM_CLIENT_RUNS
#define THM_CLIENT_RUNS 1
#endif
/* Whether moderated rooms are known: 0 or 1. A terminal without them is in rooms like any other; it can't moderate. */
#ifndef THM_MODERATION
#define THM_MODERATION 1
#endif
/* 0 leaves out what a login by passcode takes: then a server that asks for one is refused. */
#ifndef THM_CLIENT_PASSCODE
#define THM_CLIENT_PASSCODE 1
#endif
/* 0 leaves out how keys are made of a passcode: then a login takes keys that are kept (thm_client_config.keys). */
#ifndef THM_CLIENT_DERIVES
#define THM_CLIENT_DERIVES THM_CLIENT_PASSCODE
#endif
/* Iterations of PBKDF2 in one step of a client: about 1 ms on a desktop. */
#ifndef THM_CLIENT_ITERATIONS
#define THM_CLIENT_ITERATIONS 1000
#endif
/* Streams that a client follows: its rooms and its inbox. */
#ifndef THM_CLIENT_STREAMS
#define THM_CLIENT_STREAMS 17
#endif
/* Bytes of messages that wait to be sent or acknowledged: at least two of THM_TEXT_MAX. The longest text that can be said
 * fits in it: the default takes one of THM_PARTS_MAX full parts. */
#ifndef THM_CLIENT_QUEUE
#define THM_CLIENT_QUEUE 81920
#endif
/* Bytes of lines on their way to TLS: at least the longest one. */
#ifndef THM_CLIENT_OUT
#define THM_CLIENT_OUT (2 * THM_LINE_MAX)
#endif
/* 1: an event has the line as it came beside what it says, which takes THM_LINE_MAX bytes. */
#ifndef THM_CLIENT_RAW_LINES
#define THM_CLIENT_RAW_LINES 1
#endif
/* Senders whose last message is remembered, so that nothing shows twice after a server's restart. A
 * multiple of 4. */
#ifndef THM_CLIENT_SENDERS
#define THM_CLIENT_SENDERS 256
#endif
/* 0 leaves out, 1.2 KB of flash, the sentences of errors that a client on a board does not find by itself unless its
 * server is at fault: where they come up a server says them as its reason, and their wire words stand for them. And
 * the words of those errors that it finds by itself and no server tells it. */
#ifndef THM_ALL_SENTENCES
#define THM_ALL_SENTENCES 1
#endif
/* 1: THM_T() texts are packed, which takes 2 KB less of flash; set by cmake/ThimbleTexts.cmake. Not for a server, which
 * sends its sentences. What such an image leaves out is no THM_T(): it would count when pairs are chosen. */
#ifndef THM_PACKED_TEXTS
#define THM_PACKED_TEXTS 0
#endif
/* 0: a line that is not valid is told by its code alone, not where and why (struct thm_fault), 0.2 KB of flash. For
 * clients, which only give up a server that sends such lines. */
#ifndef THM_FAULT_DETAILS
#define THM_FAULT_DETAILS 1
#endif
/* Milliseconds after which is asked again what the server could not do just now. */
#ifndef THM_RETRY_MS
#define THM_RETRY_MS 1000
#endif
/* Long messages that a console puts together at a time; 0: their parts are printed one by one. */
#ifndef THM_CONSOLE_PARTS
#define THM_CONSOLE_PARTS 4
#endif
/* Bytes of the buffer in which a console puts a line together; a longer line is printed in pieces. */
#ifndef THM_CONSOLE_LINE
#define THM_CONSOLE_LINE 1024
#endif
/* Names that a console remembers for completion; 0: only rooms and commands are completed. */
#ifndef THM_CONSOLE_NAMES
#define THM_CONSOLE_NAMES 32
#endif
/* 0 leaves `/history more` out, 0.5 KB of flash: then only the end of what is kept can be shown. */
#ifndef THM_CONSOLE_PAGES
#define THM_CONSOLE_PAGES 1
#endif
/* 0: a console does not remember the keys of those with whom it had a direct session, 1.3 KB of flash: /verify shows the
 * code all the same, but a change goes unnoticed. */
#ifndef THM_CONSOLE_KEYS
#define THM_CONSOLE_KEYS 1
#endif
/* Milliseconds after which a console says again that there is still no connection. */
#ifndef THM_CONSOLE_REMIND_MS
#define THM_CONSOLE_REMIND_MS 600000
#endif

/* --- what must hold between them --- */
_Static_assert(THM_TEXT_ESCAPED_MAX + THM_SERVER_KEYS_MAX <= THM_LINE_MAX,
               "whatever was accepted must be deliverable");
_Static_assert(THM_CREDIT_MAX >= 2 * THM_LINE_MAX && THM_CREDIT_DEFAULT >= 2 * THM_LINE_MAX &&
                   THM_CLIENT_CREDIT >= 2 * THM_LINE_MAX,
               "a credit below two lines can starve");
_Static_assert(THM_CREDIT_DEFAULT <= THM_CREDIT_MAX, "the default credit is within the largest");
_Static_assert(THM_OUT_BUFFER >= 3 * THM_LINE_MAX,
               "two lines that answer a request, and what is owed");
_Static_assert(THM_BLOCK >= THM_LINE_MAX + 64 && THM_BLOCK <= 32768, "a block holds any entry");
_Static_assert(THM_RECORD_KEY <= 255, "the length of a key is kept in a byte");
_Static_assert(THM_RECORD_KEY + THM_RECORD_MAX <= THM_LINE_MAX, "a READ's buffer holds any record");
_Static_assert(THM_TLS_IN >= 837 && THM_TLS_OUT >= 597, "BearSSL's smallest buffers");
_Static_assert(THM_CLIENT_PASSCODE || !THM_CLIENT_DERIVES,
               "keys are derived for a login by passcode");
_Static_assert(THM_CALLS == 0 || THM_CALL_OUT >= THM_TEXT_ESCAPED_MAX + 128,
               "any line between two clients fits");
_Static_assert(THM_CALL_PATHS >= THM_CALLS, "a path for each direct session");
_Static_assert(THM_TLS_SERVER || !THM_TLS_SERVES, "a server has the server's end");
_Static_assert(THM_CALLS == 0 || THM_TLS_SERVER, "who has direct sessions is called as well");
_Static_assert(THM_CALLS == 0 || THM_TLS_IN >= THM_PEER_RECORD + 325,
               "a record of a direct session is taken");
_Static_assert(THM_CALLS == 0 || THM_CALL_QUEUE >= THM_TEXT_MAX + 16, "any line fits");
_Static_assert(THM_CALL_WINDOW >= 720 && THM_RELAY_WINDOW >= 720,
               "a piece of a relayed session is within a grant");
_Static_assert(THM_TLS_SEEDS >= 1 && THM_TLS_SEEDS <= 255, "a seed for every handshake");
_Static_assert(THM_SCRAM_ITERATIONS >= THM_SCRAM_ITERATIONS_MIN &&
                   THM_SCRAM_ITERATIONS <= THM_SCRAM_ITERATIONS_MAX &&
                   THM_SCRAM_ITERATIONS_MAX <= 999999,
               "a client takes what a server makes, and it has at most 6 digits");
_Static_assert(THM_SCRAM_SALT >= THM_SCRAM_SALT_MIN && THM_SCRAM_SALT <= 32 &&
                   THM_SCRAM_SALT_MAX <= 64,
               "a salt for nobody is cut from a hash; the longest fits a message");
_Static_assert(THM_ATTEMPTS_SUSPEND >= 3 && THM_ATTEMPTS_SUSPEND <= 250, "typing errors happen");
_Static_assert(THM_ATTEMPTS_WAIT_MAX_MS < THM_ATTEMPTS_FORGET_MS,
               "a wait ends before it is forgotten");
_Static_assert(THM_CLIENT_OUT >= THM_TEXT_ESCAPED_MAX + THM_CLIENT_KEYS_MAX,
               "any line that a client sends fits");
_Static_assert(THM_PACE_WAIT_MS + THM_PACE_TICK_MS < THM_LOGIN_MS &&
                   THM_PACE_WAIT_MS + THM_PACE_TICK_MS < THM_PONG_MS,
               "a hello and a ping that wait are answered in time");
_Static_assert(THM_CLIENT_RECEIPTS >= 1 && THM_CLIENT_RECEIPTS <= 64, "rows of a small table");
_Static_assert(THM_CONSOLE_LINE >= 64, "the columns of /help");
_Static_assert(THM_CLIENT_STREAMS >= 2, "the inbox and a room");
_Static_assert(THM_CLIENT_SENDERS >= 4 && THM_CLIENT_SENDERS % 4 == 0, "sets of four senders");
_Static_assert(THM_IDLE_MS >= 300000, "an idle connection is left alone for five minutes");
_Static_assert(THM_PING_MS + THM_PONG_MS < THM_IDLE_MS, "a client pings before it is given up");

#endif
