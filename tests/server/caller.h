/* caller.h: peers that register, look each other up and call. */
#ifndef SERVER_CALLER_H
#define SERVER_CALLER_H

#include "server/rig.h"

#define TICKET 33 /* bytes of a ticket as text, terminated */
/* Bytes of a certificate in Base64, terminated. */
#define CERTIFICATE 961

/** A session in no room, with a credit of 65,536 B. */
struct peer *caller_enter(struct rig *r, unsigned who);

/** The same, registered as available, on a port (0: it does not listen). */
struct peer *caller_available(struct rig *r, unsigned who, unsigned port);

/** Looks a device up and gives the ticket that comes, into `ticket`; fails the test without one. */
const char *caller_ticket(struct peer *p, const char *target, char ticket[TICKET]);

/** Drops what has come to a peer. */
void caller_forget(struct peer *p);

/** The certificate of rig_people[who], in Base64. */
const char *caller_certificate(unsigned who, char text[CERTIFICATE]);

/** The key of rig_people[who], as the wire says it. */
const char *caller_key_hash(unsigned who, char hex[65]);

/* --- relays --- */

#define RELAY_CLOSED(word)                                                                         \
    "{'msgtype':'relay','status':'closed','id':'*','code':'" word "','reason':'*'}"

/* u0 and u1, who can call each other; and a relay between them, or no more than a ticket. */
struct two {
    struct peer *u0, *u1;
    char id[TICKET];
};

/** Starts a server (rig_start()) and has them come. */
void two_start(struct rig *r, struct two *t, void (*change)(struct rig *r));

/** The same with a relay through which u0 and u1 both take so many bytes. */
void two_relay(struct rig *r, struct two *t, uint64_t bytes);

/* What one peer says through a relay and another hears: byte i is pattern_byte(i + shift). */
struct flow {
    struct peer *from, *to;
    const char *id;
    unsigned shift;
    uint64_t said, heard;       /* bytes */
    uint64_t told;              /* how many `from` may say */
    unsigned lines, told_lines; /* of data, and of `bytes` to `from` */
    char closed[256];           /* code of `closed` that `to` heard, "" none, "-" without a code */
};

/** Opens a relay from one to another and has the other one take part; both grant so many bytes. */
void caller_relay(struct peer *from, struct peer *to, const char *target, uint64_t bytes,
                  char id[TICKET]);

struct flow flow_of(struct peer *from, struct peer *to, const char *id);

/** Says so many bytes more, in lines of up to 720. */
void flow_say(struct flow *f, uint64_t bytes);

/** Says as much as it was told that it may, up to `all` in all. Returns how many bytes. */
uint64_t flow_say_allowed(struct flow *f, uint64_t all);

/** Takes a line that came to `to`. False: it is not of this flow. */
bool flow_hear(struct flow *f, const char *line);

/** Hears all that has come to `to`: of this flow and nothing else. */
void flow_hear_all(struct flow *f);

/** Takes a line that came to `from`: how much more it may say. False: it is not that. */
bool flow_hear_told(struct flow *f, const char *line);

#endif
