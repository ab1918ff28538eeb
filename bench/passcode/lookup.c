#include "lookup.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/account.h"
#include "server/kinds.h"
#include "thimble/sqlite_store.h"

enum { ACCOUNTS = 10000, BATCH = 500 };

static sem_t woken;
static struct thm_store *store;
static struct thm_store_request requests[BATCH];
static char keys[BATCH][THM_ID_MAX + 1];

static void on_wake(void *ctx)
{
    (void)ctx;
    sem_post(&woken);
}

static void run(unsigned count)
{
    struct thm_store_request *done[BATCH];
    unsigned got = 0;
    for (unsigned i = 0; i < count; i++)
        store->ops->submit(store, &requests[i]);
    while (got < count) {
        sem_wait(&woken);
        got += store->ops->collect(store, done, BATCH);
    }
    for (unsigned i = 0; i < count; i++)
        if (requests[i].result != THM_OK) {
            fprintf(stderr, "thimble-passcode-bench: the store: %d\n", requests[i].result);
            exit(1);
        }
}

/* Names with odd numbers have an account, as many with even ones have none: both lie all over the table. */
static void name(unsigned at, unsigned number, bool there)
{
    requests[at].record.kind = THM_KIND_USER_RECORD;
    requests[at].record.key = keys[at];
    requests[at].record.key_len =
        (uint8_t)snprintf(keys[at], sizeof keys[at], "user%05u", 2 * number + there);
}

void lookup_open(const char *folder, const struct thm_scram_verifier *verifier)
{
    struct account account = {.auth = THM_AUTH_PASSCODE,
                              .has_passcode = true,
                              .verifier = *verifier,
                              .since_ms = 1700000000000};
    struct thm_fields record = {.len = 0};
    char path[512], why[256];
    snprintf(path, sizeof path, "%s/lookup-bench.db", folder);
    const struct thm_sqlite_config config = {.path = path, .threaded = true, .wake = on_wake};
    sem_init(&woken, 0, 0);
    if (thm_sqlite_store_open(&store, &config, why, sizeof why) != THM_SQLITE_OK ||
        !thm_account_write(&account, &record)) {
        fprintf(stderr, "thimble-passcode-bench: %s\n", why);
        exit(1);
    }
    for (unsigned i = 0; i < ACCOUNTS; i += BATCH) {
        for (unsigned at = 0; at < BATCH; at++) {
            requests[at] = (struct thm_store_request){.op = THM_STORE_PUT};
            requests[at].record.value = record.text;
            requests[at].record.value_len = record.len;
            name(at, i + at, true);
        }
        run(BATCH);
    }
}

bool lookup(bool there, unsigned draw)
{
    static char buffer[THM_RECORD_MAX];
    struct thm_fields record;
    struct account account;
    requests[0] =
        (struct thm_store_request){.op = THM_STORE_GET, .buf = buffer, .cap = sizeof buffer};
    name(0, draw % ACCOUNTS, there);
    run(1);
    record.len = (uint16_t)requests[0].len;
    memcpy(record.text, buffer, record.len);
    return thm_account_read(&account, &record) && account.has_passcode;
}
