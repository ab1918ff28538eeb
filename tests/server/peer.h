/* peer.h: the client's end of a connection: TLS, and lines as the test says them. */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim_net.h"
#include "thimble/enroll.h"
#include "thimble/tls.h"
#include "thimble/wire.h"

struct rig;
struct host;

#define PEER_LINES 4096

struct peer {
    struct rig *rig;
    struct host *host;
    struct thm_tls_domain *domain;
    void *memory;
    thm_socket socket;
    struct thm_tls tls;
    const struct thm_credentials *credentials;
    struct thm_credentials own; /* of an invitation, with what it points to */
    uint8_t key[THM_ENROLL_KEY], certificate[THM_BOOTSTRAP_MAX];
    struct thm_tls_session *session; /* to be resumed; NULL: none. Set before TLS begins */
    bool deaf;                       /* reads nothing */
    bool silent;                     /* does not even start with TLS */
    bool broken;                     /* the server's end is gone: TLS is closed */
    char *out;                       /* what is still to be sent */
    size_t out_len;
    char *lines[PEER_LINES]; /* what came, the first `next` of them read by the test */
    unsigned count, next;
    uint64_t bytes; /* of the lines since auth_reply, newlines included */
    struct thm_line_reader reader;
    char line[THM_LINE_MAX];
};

/** Says one line, without its newline; every ' is sent as ". */
void say(struct peer *p, const char *line);
void sayf(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Sends bytes as they are. */
void send_bytes(struct peer *p, const char *bytes, size_t len);

/** The next line that comes, waiting for it; fails the test when none does or the connection ends. */
const char *next_line(struct peer *p);

/** Expects a line that fits the pattern to come next, and returns it; ' stands for ", * for anything. */
#define expect(p, pattern) expect_at((p), (pattern), __FILE__, __LINE__)
const char *expect_at(struct peer *p, const char *pattern, const char *file, int line);

/** Expects that such a line comes; others may come before it, and are dropped. Returns how many. */
#define expect_later(p, pattern) expect_later_at((p), (pattern), __FILE__, __LINE__)
unsigned expect_later_at(struct peer *p, const char *pattern, const char *file, int line);

/** Expects that nothing comes for 100 ms. */
#define expect_nothing(p) expect_nothing_at((p), __FILE__, __LINE__)
void expect_nothing_at(struct peer *p, const char *file, int line);

/** Expects the connection to end within `ms`; lines that are not read may come before. */
#define expect_end(p, ms) expect_end_at((p), (ms), __FILE__, __LINE__)
void expect_end_at(struct peer *p, uint64_t ms, const char *file, int line);

/** Whether a line fits a pattern. */
bool fits(const char *line, const char *pattern);

/** A number out of a line: the value of `key`, 0 when it is not there. */
uint64_t number_of(const char *line, const char *key);

/** A string out of a line, into `buf`; "" when it is not there. */
const char *string_of(const char *line, const char *key, char buf[256]);

/** Acknowledges all lines that came since auth_reply. */
void acknowledge(struct peer *p);

/** Goes on reading after `deaf`. */
void peer_listen(struct peer *p);

/** Ends the connection: by close_notify, or without a word. */
void peer_close(struct peer *p);
void peer_abort(struct peer *p);

#endif
