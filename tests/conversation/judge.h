/* judge.h: what each client saw, and whether the promises held. */
#ifndef JUDGE_H
#define JUDGE_H

#include "conversation.h"

#define SEEN_MAX 2048

/* An entry, or a gap, as a client was shown it. */
struct seen {
    bool gap;
    bool inbox;
    uint64_t n, last;    /* gap: first and last, 0 when it names none */
    char text[TEXT_CAP]; /* "2-17.0": sender, saying, part; whisper: "w2-17" */
};

struct talker {
    struct conversation *conversation;
    unsigned number;
    struct sim_host *host;
    struct thm_client client;
    void *tls_memory;
    uint64_t say_at; /* the host's time of the next saying */
    unsigned said;
    uint64_t acked_csn[SAYINGS * PARTS * 2];
    unsigned acked, lost;
    int ended; /* code of ENDED, 1: not ended */
    bool joined_once;
    struct seen *seen;
    unsigned seen_count;
};

/** Notes what a client shows. */
void judge_note(struct talker *t, const struct thm_client_event *event);

/** Whether a client has shown everything that everybody said, or a gap where it may be missing. */
bool judge_complete(const struct conversation *c);

/** NULL, or the promise that was broken. */
const char *judge_all(const struct conversation *c);

#endif
