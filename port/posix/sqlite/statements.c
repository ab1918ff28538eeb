#include "internal.h"

static const char *const sql_of[STATEMENTS_ALL] = {
#define SQL(name, sql) [Q_##name] = sql,
    STATEMENTS(SQL)
#undef SQL
};

int thm_sql_prepare(struct sqlite_store *s)
{
    int code = SQLITE_OK;

    for (unsigned q = 0; q < STATEMENTS_ALL && code == SQLITE_OK; q++)
        code = sqlite3_prepare_v3(s->db, sql_of[q], -1, SQLITE_PREPARE_PERSISTENT,
                                  &s->statements[q], NULL);
    return code;
}

void thm_sql_finalize(struct sqlite_store *s)
{
    for (unsigned q = 0; q < STATEMENTS_ALL; q++) {
        sqlite3_finalize(s->statements[q]);
        s->statements[q] = NULL;
    }
}

int thm_sql_row(struct sqlite_store *s, enum statement q)
{
    int code = sqlite3_step(s->statements[q]);

    if (code == SQLITE_ROW)
        return 1;
    sqlite3_reset(s->statements[q]);
    if (code == SQLITE_DONE)
        return 0;
    thm_sql_failed(s, code);
    return -1;
}

bool thm_sql_run(struct sqlite_store *s, enum statement q)
{
    return thm_sql_row(s, q) == 0;
}

void thm_sql_reset(struct sqlite_store *s, enum statement q)
{
    sqlite3_reset(s->statements[q]);
}

void thm_sql_int(struct sqlite_store *s, enum statement q, int at, uint64_t value)
{
    sqlite3_bind_int64(s->statements[q], at, (int64_t)value);
}

void thm_sql_blob(struct sqlite_store *s, enum statement q, int at, const void *data, size_t len)
{
    /* A NULL would be no blob but SQL's NULL, which is no key. */
    sqlite3_bind_blob(s->statements[q], at, len > 0 ? data : "", (int)len, SQLITE_STATIC);
}

uint64_t thm_sql_column(struct sqlite_store *s, enum statement q, int at)
{
    return (uint64_t)sqlite3_column_int64(s->statements[q], at);
}

int thm_sql_text(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int thm_sql_value(sqlite3 *db, const char *sql, int64_t *value)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code;
}
