/* Opening and closing. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A database up to this size is checked in whole; of a larger one, samples: an open takes no longer than this. */
#define CHECK_BYTES (16 << 20)

/* --- the configuration --- */

static bool take_default(uint32_t *value, uint32_t otherwise, uint32_t most)
{
    if (*value == 0)
        *value = otherwise;
    return *value <= most;
}

static bool configure(struct thm_sqlite_config *config)
{
    return config->path != NULL && config->path[0] != '\0' &&
           take_default(&config->batch, 512, 4096) &&
           take_default(&config->streams, 16384, 1u << 20) &&
           take_default(&config->senders, 16384, 1u << 22) &&
           take_default(&config->cache_kb, 8192, 1u << 24) &&
           take_default(&config->recent, 1u << 20, 1u << 30);
}

static bool allocate(struct sqlite_store *s)
{
    uint32_t streams = s->config.streams;

    s->mail.released_next = calloc(streams, sizeof(uint32_t));
    s->mail.released_id = calloc(streams, sizeof(uint32_t));
    s->owned = calloc(streams, sizeof(uint32_t));
    return s->mail.released_next != NULL && s->mail.released_id != NULL && s->owned != NULL &&
           thm_sql_streams_init(s) && thm_sql_senders_init(s) && s->streams.key.k0 != 0 &&
           s->senders.key.k0 != 0;
}

static void free_all(struct sqlite_store *s)
{
    thm_sql_finalize(s);
    sqlite3_close(s->db);
    thm_sql_unlock(s);
    thm_sql_streams_free(&s->streams);
    thm_sql_senders_free(&s->senders);
    free(s->mail.released_next);
    free(s->mail.released_id);
    free(s->owned);
    free(s->path);
    sem_destroy(&s->mail.wake);
    free(s);
}

/* --- the database --- */

static int count_wal(void *store, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *s = store;

    (void)db;
    (void)name;
    s->wal_pages = pages;
    return SQLITE_OK;
}

static int set_up(struct sqlite_store *s)
{
    char text[256];
    int code;

    snprintf(text, sizeof text,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
             "PRAGMA cache_size = -%u;"
             "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864",
             s->config.cache_kb);
    code = thm_sql_text(s->db, text);
    sqlite3_wal_hook(s->db, count_wal, s);
    return code;
}

/* True: SQLite finds nothing wrong in all that it is asked to look at. */
static int check(struct sqlite_store *s)
{
    static const char samples[] =
        "SELECT (SELECT count(*) FROM (SELECT * FROM streams WHERE first <= head LIMIT 256) AS s "
        "  WHERE NOT EXISTS (SELECT 1 FROM entries WHERE id = (s.id << 40 | s.head)"
        "      UNION ALL SELECT 1 FROM recent WHERE id = (s.id << 40 | s.head)) OR"
        "    NOT EXISTS (SELECT 1 FROM entries WHERE id = (s.id << 40 | s.first)"
        "      UNION ALL SELECT 1 FROM recent WHERE id = (s.id << 40 | s.first)))"
        " + (SELECT count(*) FROM (SELECT * FROM senders LIMIT 256) WHERE csn IS NULL)"
        " + (SELECT count(*) FROM (SELECT * FROM records LIMIT 256) WHERE value IS NULL)";
    int64_t pages = 0, page = 0, wrong = 1;
    int code = thm_sql_value(s->db, "PRAGMA page_count", &pages);

    if (code == SQLITE_ROW)
        code = thm_sql_value(s->db, "PRAGMA page_size", &page);
    if (code == SQLITE_ROW)
        code = thm_sql_value(s->db, samples, &wrong);
    if (code == SQLITE_ROW && wrong == 0 && pages * page <= CHECK_BYTES)
        code = thm_sql_value(
            s->db, "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'", &wrong);
    if (code != SQLITE_ROW)
        return code;
    return wrong == 0 ? SQLITE_OK : SQLITE_CORRUPT;
}

static int explain_schema(int result, const char **sentence)
{
    *sentence = result == THM_SQLITE_NEWER
                    ? "the database was made by a newer thimble: install that version again, or "
                      "restore a backup that this one made"
                    : "the file is a database of another program: choose another path";
    return result;
}

static int open_file(struct sqlite_store *s)
{
    int code = sqlite3_open_v2(s->path, &s->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               s->config.vfs);

    if (code == SQLITE_OK)
        code = sqlite3_extended_result_codes(s->db, 1);
    if (code == SQLITE_OK && sqlite3_db_readonly(s->db, "main") == 1)
        code = SQLITE_READONLY;
    /* Before the file is read: the WAL's index is then in this process's memory. */
    if (code == SQLITE_OK)
        code = thm_sql_text(s->db, "PRAGMA locking_mode = EXCLUSIVE");
    return code;
}

static int open_tables(struct sqlite_store *s, int64_t version)
{
    int code = set_up(s);

    if (code == SQLITE_OK)
        code = thm_sql_migrate(s->db, version);
    if (code == SQLITE_OK)
        code = thm_sql_prepare(s);
    if (code == SQLITE_OK)
        code = thm_sql_count_recent(s);
    if (code == SQLITE_ERROR) /* a table is not there although the version says so */
        code = SQLITE_CORRUPT;
    return code == SQLITE_OK ? check(s) : code;
}

static int open_database(struct sqlite_store *s, const char **sentence)
{
    int64_t version = 0;
    int code = open_file(s), result = THM_SQLITE_OK;

    if (code == SQLITE_OK)
        result = thm_sql_version(s->db, &version, &code);
    if (result > 0) /* nothing was written to it */
        return explain_schema(result, sentence);
    if (result == 0 && code == SQLITE_ROW)
        code = open_tables(s, version);
    if ((code & 0xff) == SQLITE_CANTOPEN) /* a full disk, too */
        return thm_sql_explain_errno(sqlite3_system_errno(s->db), sentence);
    return code == SQLITE_OK ? THM_SQLITE_OK : thm_sql_explain(code, sentence);
}

static int identify(struct sqlite_store *s, const char **sentence)
{
    if (!thm_sql_identify(s))
        return thm_sql_explain(s->error != 0 ? s->error : SQLITE_IOERR, sentence);
    /* What the last run left in the WAL, and the token: a copy of the file alone is then whole. */
    (void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return THM_SQLITE_OK;
}

static bool has_rule(const struct thm_sqlite_retention *rule)
{
    return rule->age_ms > 0 || rule->count > 0 || rule->bytes > 0;
}

/* Signals are the owner's: none is taken in the store's thread. */
static bool start_thread(struct sqlite_store *s)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->running = pthread_create(&s->thread, NULL, thm_sql_thread, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s->running;
}

static int start(struct sqlite_store *s, const char **sentence)
{
    thm_sql_clock(s);
    s->token_ms = s->utc; /* one was drawn just now */
    s->walk.verify = !s->identity.clean;
    s->walk.active = s->walk.verify || has_rule(&s->config.rooms) || has_rule(&s->config.inboxes);
    if (s->config.threaded && !start_thread(s))
        return thm_sql_explain(SQLITE_NOMEM, sentence);
    return THM_SQLITE_OK;
}

static int open_all(struct sqlite_store *s, const char **sentence)
{
    int result = THM_SQLITE_OK;

    if (!allocate(s))
        return thm_sql_explain(SQLITE_NOMEM, sentence);
    if (s->config.vfs == NULL)
        result = thm_sql_lock(s, sentence);
    if (result == THM_SQLITE_OK)
        result = open_database(s, sentence);
    if (result == THM_SQLITE_OK)
        result = identify(s, sentence);
    return result == THM_SQLITE_OK ? start(s, sentence) : result;
}

int thm_sqlite_store_open(struct thm_store **out, const struct thm_sqlite_config *config, char *why,
                          size_t cap)
{
    struct sqlite_store *s = calloc(1, sizeof *s);
    const char *sentence = "a value of its configuration is out of its range";
    int result = THM_SQLITE_CONFIG;

    *out = NULL;
    if (s == NULL) {
        result = thm_sql_explain(SQLITE_NOMEM, &sentence);
        snprintf(why, cap, "%s: %s", config->path, sentence);
        return result;
    }
    s->store = (struct thm_store){.ops = &thm_sql_ops, .durable = true, .records = true};
    s->config = *config;
    s->lock = -1;
    s->pending_end = &s->pending;
    s->ready_end = &s->ready;
    sem_init(&s->mail.wake, 0, 0);
    if (configure(&s->config)) {
        s->path = strdup(config->path);
        result = s->path != NULL ? open_all(s, &sentence) : THM_SQLITE_MEMORY;
    }
    if (result != THM_SQLITE_OK) {
        snprintf(why, cap, "%s: %s", config->path != NULL ? config->path : "", sentence);
        free_all(s);
        return result;
    }
    *out = &s->store;
    return THM_SQLITE_OK;
}

void thm_sqlite_store_close(struct thm_store *store)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)store;

    if (s->running) {
        atomic_store(&s->mail.stop, true);
        sem_post(&s->mail.wake);
        pthread_join(s->thread, NULL);
    }
    do
        thm_sql_take(s);
    while (thm_sql_batch(s));
    thm_sql_copy_abort(s);
    if (!s->damaged && (!s->walk.active || !s->walk.verify))
        thm_sql_new_token(s, true);
    free_all(s);
}
