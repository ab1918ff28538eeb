/* prover.h: a peer's login by passcode, a message at a time, and the operator who makes accounts. */
#ifndef SERVER_PROVER_H
#define SERVER_PROVER_H

#include "server/rig.h"
#include "thimble/admin.h"
#include "thimble/auth.h"

#define PASSCODE "correct horse"

struct prover {
    struct peer *peer;
    struct thm_scram_client scram;
    char data[256]; /* what the server said last */
};

/** A rig whose store keeps records and whose users need a passcode; a `change` of rig_start(). */
void with_passcodes(struct rig *r);

/** The same with records alone. */
void with_records(struct rig *r);

/** Asks the operator's server for something and waits until it is done. Returns the result. */
int admin(struct rig *r, enum thm_admin_op op, const char *user, unsigned set,
          enum thm_auth_policy auth, bool suspended, const char *passcode);

/** The verifier of a passcode. */
void verifier_of(struct thm_scram_verifier *v, const char *passcode);

/** Adds a user with a passcode. */
void add_user(struct rig *r, const char *user, const char *passcode);

/** Says hello and is asked for a passcode. */
void prove_hello(struct prover *p, struct peer *peer, const char *hello);

/** Sends client-first as `user`. Nothing is read. */
void prove_first(struct prover *p, const char *user);

/** Both, as the user that it is; and takes the challenge. */
void prove_until_final(struct prover *p, struct peer *peer, const char *hello);

/** Sends client-final by a passcode. Nothing is read. */
void prove_final(struct prover *p, const char *passcode);

/** All of that: the peer has sent its proof, and the answer is to come. */
void prove(struct prover *p, struct peer *peer, const char *passcode);

/** Takes GRANTED and checks the server's proof. */
void expect_granted(struct prover *p);

#endif
