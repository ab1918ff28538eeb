/*
 * Markdown tables with a row for each server, and what was to be reached.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "scenario.h"

#define COLUMNS_MAX 8

/* Values that were not measured are NAN. */
struct table {
    const char *title;
    unsigned columns;
    const char *heads[COLUMNS_MAX];
    double values[SERVERS_MAX][COLUMNS_MAX];
};

/** Starts a table without values. */
void table_init(struct table *t, const char *title);

/** Adds a column; returns its number. */
unsigned table_column(struct table *t, const char *head);

/** Prints a row of some other table. */
void row_print(const char *label, const double *values, unsigned count);

/** Prints the table; `shares`: also what the first server's values are as a share of each other's. */
void table_print(const struct table *t, const struct bench *b, bool shares);

/**
 * Prints whether the first server's value is at most `share` of that of the server whose label begins so;
 * nothing when either was not measured.
 */
void target_share(const struct table *t, const struct bench *b, unsigned column, const char *peer,
                  double share);

/** Prints whether a value is at most a limit. */
void target_limit(const char *what, double value, double limit, const char *unit);

/** The middle one; sorts the values. */
double median(double *values, unsigned count);

/** The value that `percent` of the values don't exceed; sorts them. */
double percentile(double *values, size_t count, double percent);

#endif
