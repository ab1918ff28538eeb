/* judge.h: holds what each client is shown against what the store took. */
#ifndef JUDGE_H
#define JUDGE_H

#include "talker.h"

/** Notes what a client tells its application. What breaks a promise becomes the conversation's verdict. */
void judge_event(struct talker *t, const struct thm_client_event *event);

/** Notes a broken promise; the first one counts. */
void judge_broken(struct conversation *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define BROKEN(t, ...) judge_broken((t)->conversation, __VA_ARGS__)
#define LLU(n)         ((unsigned long long)(n))

/** Whether an entry is for another device of the same user. */
bool judge_for_other_device(const struct talker *t, const struct ledger_entry *e);

/** Whether the store has too few streams for all that are used. */
bool judge_crowded(const struct conversation *c);

/** Whether everything said is acknowledged and everybody was shown everything. With `why`, the verdict becomes what is
 * missing. */
bool judge_converged(struct conversation *c, bool why);

#endif
