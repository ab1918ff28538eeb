/*
 * thimble-fill DATABASE INBOXES ROOMS ENTRIES: makes a database of so many users with account and inbox (@u0 ...) and rooms
 * (#r0 ...) with an entry each, and ENTRIES of 128 bytes in the inbox @u0, for bench/start/run and bench/run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/kinds.h"
#include "thimble/sqlite_store.h"
#include "thimble/wire.h"

#define BATCH 512
#define TEXT  128

static struct thm_store *store;
static struct thm_store_request requests[BATCH];
static char lines[BATCH][THM_LINE_MAX];
static unsigned flying;

static void finish(void)
{
    struct thm_store_request *done[BATCH];
    while (flying > 0) {
        unsigned n = store->ops->collect(store, done, BATCH);
        for (unsigned i = 0; i < n; i++) {
            if (done[i]->result != THM_OK) {
                fprintf(stderr, "thimble-fill: %s\n", thm_error_text(done[i]->result));
                exit(1);
            }
        }
        flying -= n;
    }
}

static uint32_t open_stream(const char *name)
{
    struct thm_store_request *r = &requests[0];
    memset(r, 0, sizeof *r);
    r->op = THM_STORE_OPEN;
    strcpy(r->name, name);
    store->ops->submit(store, r);
    flying = 1;
    finish();
    return r->stream;
}

static size_t encode(char *line, const char *stream, uint64_t n)
{
    char text[TEXT + 1];
    struct thm_msg m;
    size_t len;
    memset(text, 'x', TEXT);
    snprintf(text, sizeof text, "%010llu", (unsigned long long)(n - 1));
    text[10] = 'x';
    thm_msg_init(&m, stream[0] == '#' ? THM_MSG_MESSAGE : THM_MSG_WHISPER);
    thm_msg_str(&m, THM_KEY_ROOM, stream, strlen(stream));
    thm_msg_num(&m, THM_KEY_N, n);
    thm_msg_num(&m, THM_KEY_TIME, 1700000000000);
    thm_msg_str(&m, THM_KEY_FROM, "u1", 2);
    thm_msg_str(&m, THM_KEY_DEVICE, "bench", 5);
    thm_msg_str(&m, THM_KEY_ALIAS, "u1", 2);
    if (stream[0] == '@')
        thm_msg_str(&m, THM_KEY_TO, stream + 1, strlen(stream + 1));
    thm_msg_str(&m, THM_KEY_TEXT, text, TEXT);
    if (thm_wire_encode(&m, line, THM_LINE_MAX, &len) != THM_OK)
        exit(1);
    return len;
}

static void append(uint32_t stream, const char *name, uint64_t count)
{
    for (uint64_t n = 1; n <= count;) {
        unsigned batch = 0;
        for (; batch < BATCH && n <= count; batch++, n++) {
            struct thm_store_request *r = &requests[batch];
            memset(r, 0, sizeof *r);
            r->op = THM_STORE_APPEND;
            r->appends = 1;
            r->append[0].stream = stream;
            r->append[0].entry.n = n;
            r->append[0].entry.line = lines[batch];
            r->append[0].entry.len = encode(lines[batch], name, n);
            r->append[0].sender = (struct thm_sender){1, 1};
            r->append[0].csn = n;
            store->ops->submit(store, r);
        }
        flying = batch;
        finish();
    }
}

static void make_accounts(unsigned count)
{
    static const char text[] = "since 1700000000000\nseen 1700000000000\n";
    for (unsigned i = 0; i < count;) {
        unsigned batch = 0;
        for (; batch < BATCH && i < count; batch++, i++) {
            struct thm_store_request *r = &requests[batch];
            int len = snprintf(lines[batch], sizeof lines[batch], "u%u", i);
            memset(r, 0, sizeof *r);
            r->op = THM_STORE_PUT;
            r->record = (struct thm_store_record){.kind = THM_KIND_USER_RECORD,
                                                  .key = lines[batch],
                                                  .key_len = (uint8_t)len,
                                                  .value = text,
                                                  .value_len = sizeof text - 1};
            store->ops->submit(store, r);
        }
        flying = batch;
        finish();
    }
}

static void fill(char kind, char letter, unsigned count, unsigned first)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%c%c%u", kind, letter, i);
        uint32_t stream = open_stream(name);
        append(stream, name, i == 0 && first > 0 ? first : 1);
        store->ops->release(store, stream);
    }
}

int main(int argc, char **argv)
{
    char why[512];
    if (argc != 5) {
        fputs("Usage: thimble-fill DATABASE INBOXES ROOMS ENTRIES\n", stderr);
        return 2;
    }
    const struct thm_sqlite_config config = {.path = argv[1]};
    if (thm_sqlite_store_open(&store, &config, why, sizeof why) != THM_SQLITE_OK) {
        fprintf(stderr, "thimble-fill: %s\n", why);
        return 1;
    }
    make_accounts((unsigned)atoi(argv[2]));
    fill('@', 'u', (unsigned)atoi(argv[2]), (unsigned)atoi(argv[4]));
    fill('#', 'r', (unsigned)atoi(argv[3]), 0);
    thm_sqlite_store_close(store);
    return 0;
}
