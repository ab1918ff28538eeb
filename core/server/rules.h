/*
 * What is kept of rooms beside what is said: a room's rules, and each user's standing in it. Where nothing is kept
 * (thm_record_kept()) there is neither: every room is open to all, with all that was said.
 *
 *     kind                      key         value, see fields.h
 *     THM_KIND_RULES_RECORD     #room       since, invite-only, history
 *     THM_KIND_STANDING_RECORD  #room user  stays, moderator, invited, banned
 */
#ifndef THM_SERVER_RULES_H
#define THM_SERVER_RULES_H

#include "server/fields.h"
#include "server/kinds.h"
#include "server/stays.h"
#include "thimble/admin.h"

struct thm_standing {
    struct thm_stays stays;
    bool moderator;
    bool invited; /* he may join an invite-only room */
    bool banned;  /* he may not join */
};

/** Reads a record; an empty one is what holds where nothing was ever set. False: it is damaged, and `*r` is that too. */
bool thm_rules_read(struct thm_room_rules *r, const struct thm_fields *record);

/** Writes into the record, and leaves in it what this version does not know. False: no room. */
bool thm_rules_write(const struct thm_room_rules *r, struct thm_fields *record);

/** The same for a standing. */
bool thm_standing_read(struct thm_standing *st, const struct thm_fields *record);
bool thm_standing_write(const struct thm_standing *st, struct thm_fields *record);

/** The key of a standing's record. Returns its bytes. */
size_t thm_standing_key(const char *room, const char *user, char key[THM_RECORD_KEY]);

#endif
