#include "costs.h"

#include <stdio.h>
#include <stdlib.h>

#define COST_ROWS 32
#define LARGEST   3 /* parts of the memory that the summary names */
#define TEXT_MAX  512

static size_t bytes_of(const struct thm_server_cost *cost)
{
    return cost->each * cost->count;
}

static int larger_first(const void *a, const void *b)
{
    size_t bytes_a = bytes_of(a), bytes_b = bytes_of(b);
    return (bytes_a < bytes_b) - (bytes_a > bytes_b);
}

static int size_text(char *text, size_t cap, const char *what, size_t bytes)
{
    double kb = (double)bytes / 1024;
    return snprintf(text, cap, "%s %.1f %s", what, kb < 1024 ? kb : kb / 1024,
                    kb < 1024 ? "KB" : "MB");
}

/* What the limits cost: at most, for what is never used is never touched. */
void costs_log(struct log *log, size_t store, const struct thm_server_config *config)
{
    struct thm_server_cost cost[COST_ROWS + 1] = {{0}};
    char text[TEXT_MAX], each[64];
    size_t count = 0, total = store + thm_server_size(config, cost, COST_ROWS);
    while (count < COST_ROWS && cost[count].what)
        count++;
    cost[count++] = (struct thm_server_cost){"the store of messages", store, 1};
    qsort(cost, count, sizeof cost[0], larger_first);
    int len = size_text(text, sizeof text, "at most", total);
    for (size_t i = 0; i < LARGEST && i < count; i++) {
        len += snprintf(text + len, sizeof text - (size_t)len, ", ");
        len += size_text(text + len, sizeof text - (size_t)len, cost[i].what, bytes_of(&cost[i]));
    }
    log_note(log, THM_LOG_INFO, "memory", text);
    for (size_t i = 0; i < count; i++) {
        len = size_text(text, sizeof text, cost[i].what, bytes_of(&cost[i]));
        snprintf(each, sizeof each, ": %zu of %zu B", cost[i].count, cost[i].each);
        snprintf(text + len, sizeof text - (size_t)len, "%s", each);
        log_note(log, THM_LOG_DEBUG, "memory", text);
    }
}
