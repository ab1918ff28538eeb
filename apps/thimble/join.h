/* thimble join: a machine gets its certificate by an invitation. */
#ifndef THIMBLE_JOIN_H
#define THIMBLE_JOIN_H

/**
 * Does `thimble join`, which argv[1] says. The invitation among the arguments is erased.
 *
 * @param config  receives the configuration file that was written, to be freed by the caller; NULL unless OPTIONS_OK
 * @return OPTIONS_OK: it has joined, and goes on as thimble; else the exit code of the program
 */
int join_run(int argc, char **argv, char **config);

#endif
