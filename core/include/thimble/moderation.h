/*
 * The words of moderation: what is done to a user in a room, and a room's rules. They are the `action` of the
 * lines `moderate` and `moderated`, and what people type.
 */
#ifndef THIMBLE_MODERATION_H
#define THIMBLE_MODERATION_H

#include <stddef.h>

/* What is done to a user in a room. X(name, "word") */
#define THM_DEEDS(X)                                                                               \
    X(INVITE, "invite") /* he may join, though it is invite-only */                                \
    X(KICK, "kick")     /* he is sent away; he may come back where he may join */                  \
    X(BAN, "ban")       /* he is sent away, and may not come back */                               \
    X(UNBAN, "unban")                                                                              \
    X(OP, "op") /* he is a moderator */                                                            \
    X(DEOP, "deop")

enum thm_deed {
#define THM_DEED_ENUM(name, word) THM_DEED_##name,
    THM_DEEDS(THM_DEED_ENUM)
#undef THM_DEED_ENUM
        THM_DEED_LEAVE, /* of his own will: no moderator asks for it */
    THM_DEEDS_END = THM_DEED_LEAVE
};

/* A rule that a room has or is given. X(name, "word") */
#define THM_RULES(X)                                                                               \
    X(OPEN, "open")                                                                                \
    X(INVITE_ONLY, "invite-only")       /* only members, moderators and who is invited may join */ \
    X(HISTORY_JOINED, "history-joined") /* who joins may read what is said from then on */         \
    X(HISTORY_ALL, "history-all")       /* ... and what was said before */

/* The same for people. */
#define THM_RULES_TEXT "open, invite-only, history-joined or history-all"

enum thm_rule {
#define THM_RULE_ENUM(name, word) THM_RULE_##name,
    THM_RULES(THM_RULE_ENUM)
#undef THM_RULE_ENUM
        THM_RULES_END
};

/** The word of a deed, and the deed of a word; THM_DEEDS_END: it is none. */
const char *thm_deed_word(enum thm_deed deed);
enum thm_deed thm_deed_find(const char *word, size_t len);

/** The word of a rule, and the rule of a word; THM_RULES_END: it is none. */
const char *thm_rule_word(enum thm_rule rule);
enum thm_rule thm_rule_find(const char *word, size_t len);

#endif
