/* talker.h: one client of a conversation: what it says, when it sleeps, and what it was shown. */
#ifndef TALKER_H
#define TALKER_H

#include "conversation.h"

#define TEXT_CAP (PARTS * THM_TEXT_MAX)

/* How far a stream was shown. */
struct view {
    uint64_t incarnation; /* 0: not joined yet */
    uint64_t n;           /* everything up to here was shown or excused */
    bool restarted;       /* another log was joined: a gap must come first */
};

enum { VIEW_LOBBY, VIEW_INBOX, VIEWS };

/* What became of a message. */
enum outcome { OPEN, ACKED, LOST };

struct talker {
    struct conversation *conversation;
    unsigned number;
    struct sim_host *host;
    struct thm_client client;
    void *tls_memory;
    uint64_t say_at;        /* the host's time of the next saying */
    unsigned said, may_say; /* sayings; the last one is kept for when all is calm */
    uint64_t asleep_until;  /* the host's time */
    uint32_t missed;        /* events that came meanwhile */
    int ended;              /* code of ENDED; NOT_ENDED */
    bool lobby_joined;
    unsigned asked;                    /* how often it was asked for its passcode */
    enum outcome outcome[CSN_MAX + 1]; /* by csn */
    /* shown */
    struct view views[VIEWS];
    bool shown[VIEWS][TALKERS_MAX][CSN_MAX + 1]; /* messages, by sender and csn */
    bool lost[VIEWS][TALKERS_MAX][CSN_MAX + 1];  /* messages that a gap was told for */
    uint64_t last[VIEWS][TALKERS_MAX];           /* the sender's csn shown last */
    char states[TALKERS_MAX][32];
    char topic[32];
    bool left[TALKERS_MAX]; /* what the room was last told of that user */
    uint64_t past;          /* history: the log that was asked for, */
    uint64_t past_next;     /* and the entry that comes next */
    bool past_ended;
};

#define NOT_ENDED 1

/** Makes its host. */
void talker_init(struct conversation *c, unsigned number);

/** Starts the client with the certificate of its number, again until it does. */
void talker_start(struct conversation *c, unsigned number);

/** "u1", "default" of a talker. */
const char *talker_user(unsigned number);
const char *talker_device(unsigned number);

/** The verifier of a talker's passcode, as accounts hold it. */
void talker_verifier(unsigned number, char text[THM_SCRAM_VERIFIER_TEXT]);

/** Whether a slice holds this text; and a copy of a slice, cut to fit. */
bool talker_is(struct thm_slice s, const char *text);
void talker_copy(char *to, size_t cap, struct thm_slice s);

/** The talker of a user and device, or TALKERS_MAX. */
unsigned talker_number(struct thm_slice user, struct thm_slice device);

/** What a talker says under a csn: 1 to its plan's csn_count(). Returns the length of the text. */
size_t talker_text(const struct plan *plan, unsigned number, uint64_t csn, char text[TEXT_CAP]);

/** To whom: "#lobby", "u1" or "u1@phone". */
void talker_target(const struct plan *plan, unsigned number, uint64_t csn, char target[32]);

/** The last csn of a talker who has said everything. */
uint64_t talker_csn_count(const struct plan *plan);

/** Sets the talker's state in the lobby; or the topic. False: not online, or no room just now. */
bool talker_set_state(struct talker *t, const char *text);
bool talker_set_topic(struct talker *t, const char *text);

/** Asks for the newest `count` entries of a stream. */
bool talker_ask_history(struct talker *t, const char *stream, unsigned count);

#endif
