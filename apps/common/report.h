/* One-line messages to the person who started the program. */
#ifndef THIMBLE_REPORT_H
#define THIMBLE_REPORT_H

/** Sets the name that stands before each message; a static string. */
void report_name(const char *name);

/** Prints "NAME: MESSAGE" to stderr, with control characters replaced. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Like report(), and returns `code`: `return report_fail(EXIT_USAGE, ...)`. */
int report_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The last word of a program: `code`, unless it means success and standard output could not be written. */
int report_end(int code);

#endif
