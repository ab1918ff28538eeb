/* Signals as bytes in a pipe, so that the loop takes them as it takes any input. */
#ifndef THIMBLE_SIGNALS_H
#define THIMBLE_SIGNALS_H

/**
 * Starts to catch signals, but for SIGINT and SIGQUIT where they are ignored already. Once a process.
 *
 * @param signals  their numbers, ended by 0
 * @return a descriptor that is readable when signals_next() has something; -1 with errno set
 */
int signals_open(const int *signals);

/** The next signal that was caught, or 0. */
int signals_next(void);

#endif
