/* knowledge.h: what clients know beside entries: states, topic, people, and history. */
#ifndef KNOWLEDGE_H
#define KNOWLEDGE_H

#include "talker.h"

/** The room was entered: all that is not an entry is told anew. */
void knowledge_anew(struct talker *t, const struct thm_msg *joined);

/** Notes a line that tells of it. */
void knowledge_line(struct talker *t, const struct thm_msg *m);

/** Says which history comes next: the newest `count` entries of a stream; and checks afterwards that all came. */
void knowledge_expect_history(struct talker *t, unsigned view, unsigned count);
void knowledge_history_whole(struct talker *t);

/** Whether all know these states (by talker) and this topic. With `why`, the verdict becomes what they don't. */
bool knowledge_is(struct conversation *c, const char *const states[], const char *topic, bool why);

/** Checks that all know the same states and topic, whatever they are, and nobody takes one who is here for gone. */
void knowledge_same(struct conversation *c);

#endif
