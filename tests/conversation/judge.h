/* judge.h: holds what each client is shown against what the store took. */
#ifndef JUDGE_H
#define JUDGE_H

#include "talker.h"

/** Notes what a client tells its application. What breaks a promise becomes the conversation's verdict. */
void judge_event(struct talker *t, const struct thm_client_event *event);

/** Notes a broken promise; the first one counts. */
void judge_broken(struct conversation *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Whether everything said is acknowledged and everybody was shown everything.
 *
 * @param why  if not NULL: the verdict becomes what is missing
 */
bool judge_converged(struct conversation *c, bool why);

/** Whether all know these states (by talker) and this topic; `why` as above. */
bool judge_all_know(struct conversation *c, const char *const states[], const char *topic,
                    bool why);

/** Whether all know the same states and topic, whatever they are, and nobody takes one who is here for gone. */
void judge_same_knowledge(struct conversation *c);

/** Says which history comes next, and checks afterwards that all of it came. */
void judge_expect_history(struct talker *t, const char *stream, unsigned count);
void judge_history(struct talker *t);

#endif
