/* Accounts in a durable store, looked up as a server does when somebody logs in. */
#ifndef BENCH_LOOKUP_H
#define BENCH_LOOKUP_H

#include "thimble/auth.h"

/**
 * Makes a database with many accounts, each with a passcode, in a folder, where it is left behind. Ends the program when
 * that can't be done.
 */
void lookup_open(const char *folder, const struct thm_scram_verifier *verifier);

/** Asks the store, whose thread works, for one of the accounts or, unless `there`, for a name beside it that has none,
 * and reads what it answers. True: there is such an account. */
bool lookup(bool there, unsigned draw);

#ifndef BENCH_SQLITE /* built without a store */
#define lookup_open(folder, verifier) exit(2)
#define lookup(there, draw)           (there)
#endif

#endif
