/*
 * What the durable store costs: CPU of both sides per append at several batch sizes, what a sync costs on this
 * disk, reading, opening. Prints Markdown.
 *
 *   thimble-store-bench DIRECTORY [MEGABYTES]
 *
 * DIRECTORY is on the disk that is to be measured; MEGABYTES (0) is how large a database is made for the last part.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "thimble/sqlite_store.h"

enum { SENDERS = 50, LINE = 250, MOST = 512, READ_BUFFER = 32768, ROOMS = 1000 };

static sem_t woken;
static char path[512];
static char line[LINE];
static struct thm_store_request requests[MOST];

static void on_wake(void *ctx)
{
    (void)ctx;
    sem_post(&woken);
}

static void on_trouble(void *ctx, const char *sentence)
{
    (void)ctx;
    fprintf(stderr, "%s\n", sentence);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct thm_store *open_store(void)
{
    const struct thm_sqlite_config config = {
        .path = path, .threaded = true, .wake = on_wake, .trouble = on_trouble};
    struct thm_store *store;
    char why[256];

    if (thm_sqlite_store_open(&store, &config, why, sizeof why) != THM_SQLITE_OK) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return store;
}

/* Runs the first `count` requests. */
static void run(struct thm_store *store, unsigned count)
{
    struct thm_store_request *done[MOST];
    unsigned got = 0;

    for (unsigned i = 0; i < count; i++)
        store->ops->submit(store, &requests[i]);
    while (got < count) {
        sem_wait(&woken);
        got += store->ops->collect(store, done, MOST);
    }
    for (unsigned i = 0; i < count; i++)
        if (requests[i].result != THM_OK) {
            fprintf(stderr, "a request failed: %d\n", requests[i].result);
            exit(1);
        }
}

static uint32_t open_stream(struct thm_store *store, const char *name, uint64_t *head)
{
    requests[0] = (struct thm_store_request){.op = THM_STORE_OPEN};
    strcpy(requests[0].name, name);
    run(store, 1);
    *head = requests[0].head;
    return requests[0].stream;
}

/* --- appends --- */

static void append(struct thm_store *store, unsigned batch, unsigned streams)
{
    static uint32_t stream[ROOMS];
    static uint64_t head[ROOMS];
    uint64_t csn = (uint64_t)(seconds(CLOCK_REALTIME) * 1e6);
    double spent, took;
    unsigned rounds = 20000 / (batch + 9), messages = 0;

    for (unsigned i = 0; i < streams; i++) {
        char name[16];
        snprintf(name, sizeof name, "#room%u", i);
        stream[i] = open_stream(store, name, &head[i]);
    }
    spent = seconds(CLOCK_PROCESS_CPUTIME_ID);
    took = seconds(CLOCK_MONOTONIC);
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < batch; i++, messages++) {
            unsigned to = messages % streams;
            requests[i] = (struct thm_store_request){.op = THM_STORE_APPEND, .appends = 1};
            requests[i].append[0] = (struct thm_store_append){
                .stream = stream[to],
                .entry = {.n = ++head[to], .line = line, .len = sizeof line},
                .sender = {.device = (messages % SENDERS + 1) * 0x9e3779b97f4a7c15, .client = 7},
                .csn = csn++};
        }
        run(store, batch);
    }
    spent = seconds(CLOCK_PROCESS_CPUTIME_ID) - spent;
    took = seconds(CLOCK_MONOTONIC) - took;
    printf("| %u | %u | %.1f us | %.0f us | %.0f |\n", batch, streams, spent / messages * 1e6,
           took / rounds * 1e6, messages / took);
}

static void time_sync(const char *directory)
{
    char name[600], page[4096] = {0};
    double took;
    int fd;

    snprintf(name, sizeof name, "%s/sync-test", directory);
    fd = open(name, O_RDWR | O_CREAT, 0600);
    if (fd < 0) {
        perror(name);
        exit(1);
    }
    took = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < 200; i++)
        if (pwrite(fd, page, sizeof page, i % 16 * 4096) != sizeof page || fdatasync(fd) != 0)
            perror("sync");
    took = seconds(CLOCK_MONOTONIC) - took;
    close(fd);
    unlink(name);
    printf("A sync of 4 KB costs %.0f us here.\n\n", took / 200 * 1e6);
}

/* --- reading --- */

static void read_all(struct thm_store *store)
{
    static char buf[READ_BUFFER];
    uint64_t head, n = 1, entries = 0;
    uint32_t stream = open_stream(store, "@reader", &head);
    double spent, took;

    while (head < 100000) {
        for (unsigned i = 0; i < MOST; i++) {
            requests[i] = (struct thm_store_request){.op = THM_STORE_APPEND, .appends = 1};
            requests[i].append[0] = (struct thm_store_append){
                .stream = stream, .entry = {.n = ++head, .line = line, .len = sizeof line}};
        }
        run(store, MOST);
    }
    spent = seconds(CLOCK_PROCESS_CPUTIME_ID);
    took = seconds(CLOCK_MONOTONIC);
    while (n <= head) {
        struct thm_entry e;
        size_t at = 0;
        requests[0] = (struct thm_store_request){.op = THM_STORE_READ,
                                                 .stream = stream,
                                                 .from = n,
                                                 .max = 10000,
                                                 .buf = buf,
                                                 .cap = sizeof buf};
        run(store, 1);
        while (thm_read_next(&requests[0], &at, &e)) {
            n = e.n + 1;
            entries++;
        }
    }
    spent = seconds(CLOCK_PROCESS_CPUTIME_ID) - spent;
    took = seconds(CLOCK_MONOTONIC) - took;
    printf("\nReading %llu entries of %d B by 32 KB: %.0f entries/s, %.2f us of CPU each.\n",
           (unsigned long long)entries, LINE, (double)entries / took,
           spent / (double)entries * 1e6);
}

/* --- a large database --- */

static void fill(struct thm_store *store, double megabytes)
{
    unsigned streams = 11000;
    uint64_t each = (uint64_t)(megabytes * 1e6 / (LINE + 50) / streams) + 1;

    for (unsigned i = 0; i < streams; i++) {
        char name[24];
        uint64_t head;
        uint32_t stream;
        snprintf(name, sizeof name, i < 1000 ? "#fill%u" : "@fill%u", i);
        stream = open_stream(store, name, &head);
        for (uint64_t left = each; left > 0;) {
            unsigned count = 0;
            for (; count < MOST && left > 0; count++, left--) {
                requests[count] = (struct thm_store_request){.op = THM_STORE_APPEND, .appends = 1};
                requests[count].append[0] = (struct thm_store_append){
                    .stream = stream, .entry = {.n = ++head, .line = line, .len = sizeof line}};
            }
            run(store, count);
        }
        store->ops->release(store, stream);
    }
}

static int copied;

static void on_copied(struct thm_sqlite_backup *backup, int result, const char *sentence)
{
    (void)backup;
    copied = 1;
    if (result != THM_SQLITE_OK)
        fprintf(stderr, "%s\n", sentence);
}

/* How long messages wait while the database is copied. */
static void time_backup(struct thm_store *store)
{
    char copy[600];
    struct thm_sqlite_backup backup = {.path = copy, .done = on_copied};
    double began = seconds(CLOCK_MONOTONIC), longest = 0, all = 0;
    unsigned appends = 0;
    uint64_t head;
    uint32_t stream = open_stream(store, "#copying", &head);

    snprintf(copy, sizeof copy, "%s.backup", path);
    thm_sqlite_store_backup(store, &backup);
    while (!copied) {
        double one = seconds(CLOCK_MONOTONIC);
        requests[0] = (struct thm_store_request){.op = THM_STORE_APPEND, .appends = 1};
        requests[0].append[0] = (struct thm_store_append){
            .stream = stream, .entry = {.n = ++head, .line = line, .len = sizeof line}};
        run(store, 1);
        one = seconds(CLOCK_MONOTONIC) - one;
        all += one;
        longest = one > longest ? one : longest;
        appends++;
    }
    printf("A backup takes %.1f s; meanwhile an append takes %.1f ms, the longest %.1f ms.\n",
           seconds(CLOCK_MONOTONIC) - began, all / appends * 1e3, longest * 1e3);
    unlink(copy);
}

static void print_memory(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("At most %.1f MB of memory were in use.\n", (double)usage.ru_maxrss / 1024);
}

static void time_open(void)
{
    double took = seconds(CLOCK_MONOTONIC), opened;
    struct thm_store *store = open_store();

    opened = seconds(CLOCK_MONOTONIC);
    thm_sqlite_store_close(store);
    printf("Opening takes %.1f ms, closing %.1f ms.\n", (opened - took) * 1e3,
           (seconds(CLOCK_MONOTONIC) - opened) * 1e3);
}

int main(int argc, char **argv)
{
    static const unsigned batches[] = {1, 16, 64, 512};
    struct thm_store *store;

    if (argc < 2) {
        fprintf(stderr, "usage: thimble-store-bench DIRECTORY [MEGABYTES]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/store-bench.db", argv[1]);
    memset(line, 'x', sizeof line);
    sem_init(&woken, 0, 0);
    time_sync(argv[1]);
    store = open_store();
    printf("| batch | streams | CPU per append | time of a batch | appends/s |\n");
    printf("|---|---|---|---|---|\n");
    for (unsigned i = 0; i < 4; i++)
        append(store, batches[i], 1);
    for (unsigned i = 0; i < 4; i++)
        append(store, batches[i], 16);
    for (unsigned i = 0; i < 4; i++)
        append(store, batches[i], ROOMS);
    read_all(store);
    thm_sqlite_store_close(store);
    time_open();
    if (argc > 2 && atof(argv[2]) > 0) {
        store = open_store();
        fill(store, atof(argv[2]));
        thm_sqlite_store_close(store);
        printf("With %s MB more in 11,000 streams:\n", argv[2]);
        time_open();
        store = open_store();
        time_backup(store);
        thm_sqlite_store_close(store);
    }
    print_memory();
    return 0;
}
