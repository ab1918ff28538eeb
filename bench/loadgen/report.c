#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"

void table_init(struct table *t, const char *title)
{
    t->title = title;
    t->columns = 0;
    for (unsigned s = 0; s < SERVERS_MAX; s++) {
        for (unsigned c = 0; c < COLUMNS_MAX; c++)
            t->values[s][c] = NAN;
    }
}

unsigned table_column(struct table *t, const char *head)
{
    if (t->columns == COLUMNS_MAX)
        die("a table has %d columns at most", COLUMNS_MAX);
    t->heads[t->columns] = head;
    return t->columns++;
}

/* Three significant digits are as much as was measured. */
static void print_value(double v)
{
    if (isnan(v))
        printf(" - |");
    else
        printf(" %.*f |", v >= 99.95 ? 0 : v >= 9.995 ? 1 : v >= 0.0995 ? 2 : 3, v);
}

void row_print(const char *label, const double *values, unsigned count)
{
    printf("| %s |", label);
    for (unsigned c = 0; c < count; c++)
        print_value(values[c]);
    printf("\n");
}

static void print_shares(const struct table *t, const struct bench *b, unsigned peer)
{
    double shares[COLUMNS_MAX];
    char label[128];

    for (unsigned c = 0; c < t->columns; c++)
        shares[c] = t->values[0][c] / t->values[peer][c];
    snprintf(label, sizeof label, "*%s / %s*", b->servers[0].label, b->servers[peer].label);
    row_print(label, shares, t->columns);
}

void table_print(const struct table *t, const struct bench *b, bool shares)
{
    printf("\n### %s\n\n| |", t->title);
    for (unsigned c = 0; c < t->columns; c++)
        printf(" %s |", t->heads[c]);
    printf("\n|---|");
    for (unsigned c = 0; c < t->columns; c++)
        printf("---|");
    printf("\n");
    for (unsigned s = 0; s < b->count; s++)
        row_print(b->servers[s].label, t->values[s], t->columns);
    for (unsigned s = 1; shares && s < b->count; s++)
        print_shares(t, b, s);
    printf("\n");
    fflush(stdout);
}

static void verdict(bool reached)
{
    printf(": %s\n", reached ? "reached" : "**missed**");
    fflush(stdout);
}

void target_share(const struct table *t, const struct bench *b, unsigned column, const char *peer,
                  double share)
{
    for (unsigned s = 1; s < b->count; s++) {
        double is = t->values[0][column] / t->values[s][column];
        if (strncmp(b->servers[s].label, peer, strlen(peer)) != 0 || isnan(is))
            continue;
        printf("- %s: %.2f of %s, at most %.2f", t->heads[column], is, b->servers[s].label, share);
        verdict(is <= share);
    }
}

void target_limit(const char *what, double value, double limit, const char *unit)
{
    printf("- %s: %.3g%s, at most %.3g", what, value, unit, limit);
    verdict(value <= limit);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double percentile(double *values, size_t count, double percent)
{
    if (count == 0)
        return NAN;
    qsort(values, count, sizeof *values, compare);
    double at = ceil((double)count * percent / 100);
    return values[at < 1 ? 0 : (size_t)at - 1];
}

double median(double *values, unsigned count)
{
    return percentile(values, count, 50);
}
