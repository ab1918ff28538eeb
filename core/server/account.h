/* An account, and the record of it: kind THM_KIND_USER_RECORD, by the user's id. */
#ifndef THM_SERVER_ACCOUNT_H
#define THM_SERVER_ACCOUNT_H

#include "server/fields.h"
#include "server/kinds.h"
#include "thimble/admin.h"

struct account {
    enum thm_auth_policy auth;
    bool suspended;
    bool has_passcode;
    struct thm_scram_verifier verifier; /* if it has one */
    uint64_t since_ms;                  /* UTC */
    uint64_t seen_ms;                   /* UTC, a day's beginning; 0: never */
};

/** Reads a record. False: it is damaged, and nobody is to be let in by it; the account is wiped then. */
bool thm_account_read(struct account *a, const struct thm_fields *record);

/** Writes the account into its record, and leaves in it what this version does not know. False: no room. */
bool thm_account_write(const struct account *a, struct thm_fields *record);

/** Notes a login at `utc_ms`. True: that changed something. */
bool thm_account_seen(struct account *a, uint64_t utc_ms);

#endif
