/* Records: rows by kind and key. */
#include <string.h>

#include "internal.h"

static void bind_key(struct sqlite_store *s, enum statement q,
                     const struct thm_store_record *record)
{
    thm_sql_int(s, q, 1, record->kind);
    thm_sql_blob(s, q, 2, record->key, record->key_len);
}

static int put(struct sqlite_store *s, const struct thm_store_request *r)
{
    enum statement q = r->record.value_len > 0 ? Q_RECORD_SET : Q_RECORD_ERASE;

    if (s->put_broke > r->due || !thm_sql_begin(s))
        return THM_E_STORE;
    bind_key(s, q, &r->record);
    if (q == Q_RECORD_SET)
        thm_sql_blob(s, q, 3, r->record.value, r->record.value_len);
    return thm_sql_run(s, q) ? THM_OK : THM_E_STORE;
}

/* Below, at or above 0, in the order that SQLite has. */
static int compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
    size_t common = a_len < b_len ? a_len : b_len;
    int difference = common > 0 ? memcmp(a, b, common) : 0;

    return difference != 0 ? difference : (a_len > b_len) - (a_len < b_len);
}

/* A row of key and value. One that is longer than anybody writes comes as a byte that is no record, so that it is damaged to
 * whoever reads it: others have room for no more. */
static struct thm_record row_of(sqlite3_stmt *q)
{
    struct thm_record record = {.key = sqlite3_column_blob(q, 0),
                                .key_len = (size_t)sqlite3_column_bytes(q, 0),
                                .value = sqlite3_column_blob(q, 1),
                                .value_len = (size_t)sqlite3_column_bytes(q, 1)};

    if (record.value_len <= THM_RECORD_MAX)
        return record;
    record.value = (const uint8_t *)"";
    record.value_len = 1;
    return record;
}

static int get(struct sqlite_store *s, struct thm_store_request *r)
{
    sqlite3_stmt *q = s->statements[Q_RECORD_GET];
    int rows;

    r->len = 0;
    bind_key(s, Q_RECORD_GET, &r->record);
    rows = thm_sql_row(s, Q_RECORD_GET);
    if (rows <= 0)
        return rows == 0 ? THM_OK : THM_E_STORE;
    const struct thm_record record = row_of(q);
    if (compare(record.key, record.key_len, r->record.key, r->record.key_len) == 0) {
        r->len = record.value_len < r->cap ? record.value_len : r->cap;
        memcpy(r->buf, record.value, r->len);
    }
    thm_sql_reset(s, Q_RECORD_GET);
    return THM_OK;
}

/* From the later one of `key` and `prefix` on, so that nothing is read that is not asked for. */
static void bind_start(struct sqlite_store *s, const struct thm_store_record *list)
{
    thm_sql_int(s, Q_RECORD_LIST, 1, list->kind);
    if (compare(list->key, list->key_len, list->prefix, list->prefix_len) > 0)
        thm_sql_blob(s, Q_RECORD_LIST, 2, list->key, list->key_len);
    else
        thm_sql_blob(s, Q_RECORD_LIST, 2, list->prefix, list->prefix_len);
}

static bool has_prefix(const struct thm_record *record, const struct thm_store_record *list)
{
    return record->key_len >= list->prefix_len &&
           (list->prefix_len == 0 || memcmp(record->key, list->prefix, list->prefix_len) == 0);
}

static int list(struct sqlite_store *s, struct thm_store_request *r)
{
    sqlite3_stmt *q = s->statements[Q_RECORD_LIST];
    int row;

    r->len = 0;
    bind_start(s, &r->record);
    while ((row = thm_sql_row(s, Q_RECORD_LIST)) > 0) {
        const struct thm_record record = row_of(q);
        if (record.key_len > THM_RECORD_KEY || /* nobody could name it */
            compare(record.key, record.key_len, r->record.key, r->record.key_len) == 0)
            continue; /* only what is after it */
        if (!has_prefix(&record, &r->record) || !thm_record_put(r, &record))
            break;
    }
    if (row > 0)
        thm_sql_reset(s, Q_RECORD_LIST);
    return row < 0 ? THM_E_STORE : THM_OK;
}

int thm_sql_record(struct sqlite_store *s, struct thm_store_request *r)
{
    if (!thm_record_valid(r))
        return THM_E_STATE;
    if (r->op == THM_STORE_PUT)
        return put(s, r);
    return r->op == THM_STORE_GET ? get(s, r) : list(s, r);
}
