/*
 * The tables, as steps: a database of version v gets the steps from v on. A step that was released never changes.
 */
#include <stdio.h>

#include "internal.h"

static const char *const steps[] = {
    /* 1: 0.2.0 */
    "CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), life INTEGER NOT NULL,"
    "  token INTEGER NOT NULL, token_before INTEGER NOT NULL, files INTEGER NOT NULL,"
    "  copied INTEGER NOT NULL, clean INTEGER NOT NULL);"
    "INSERT INTO meta VALUES (1, 0, 0, 0, 0, 1, 1);"
    "CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    "  incarnation INTEGER NOT NULL, first INTEGER NOT NULL, head INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL);"
    "CREATE TABLE entries (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
    "  for_device INTEGER NOT NULL, sender INTEGER NOT NULL, line BLOB NOT NULL);"
    "CREATE TABLE senders (stream INTEGER NOT NULL, device INTEGER NOT NULL,"
    "  client INTEGER NOT NULL, csn INTEGER NOT NULL, taken INTEGER NOT NULL,"
    "  numbers BLOB NOT NULL, PRIMARY KEY (stream, device)) WITHOUT ROWID;"
    "CREATE TABLE records (kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    "  PRIMARY KEY (kind, key)) WITHOUT ROWID;",
    /* 2: a csn lies with its entry; the table of senders has what those up to streams.senders came to. New entries
     * lie in the order in which they came, until there are many. */
    "ALTER TABLE entries ADD COLUMN client INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE entries ADD COLUMN csn INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE streams ADD COLUMN senders INTEGER NOT NULL DEFAULT 0;"
    "UPDATE streams SET senders = head;"
    "CREATE TABLE recent (turn INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE,"
    "  time INTEGER NOT NULL, for_device INTEGER NOT NULL, sender INTEGER NOT NULL,"
    "  line BLOB NOT NULL, client INTEGER NOT NULL, csn INTEGER NOT NULL);",
};

enum { NEWEST = sizeof steps / sizeof steps[0] };

static int value_of(sqlite3 *db, const char *sql, int64_t *value, int *sqlite)
{
    *sqlite = thm_sql_value(db, sql, value);
    return *sqlite == SQLITE_ROW ? 0 : -1;
}

static int run_steps(sqlite3 *db, int64_t version)
{
    char text[96];
    int code = thm_sql_text(db, "BEGIN IMMEDIATE");

    for (int64_t step = version; step < NEWEST && code == SQLITE_OK; step++)
        code = thm_sql_text(db, steps[step]);
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             APPLICATION_ID, (int)NEWEST);
    if (code == SQLITE_OK)
        code = thm_sql_text(db, text);
    if (code != SQLITE_OK && sqlite3_get_autocommit(db) == 0)
        thm_sql_text(db, "ROLLBACK");
    return code;
}

int thm_sql_version(sqlite3 *db, int64_t *version, int *sqlite)
{
    int64_t tables, application;

    if (value_of(db, "SELECT count(*) FROM sqlite_schema", &tables, sqlite) != 0 ||
        value_of(db, "PRAGMA application_id", &application, sqlite) != 0 ||
        value_of(db, "PRAGMA user_version", version, sqlite) != 0)
        return -1;
    if (tables == 0 && application == 0)
        *version = 0;
    else if (application != APPLICATION_ID)
        return THM_SQLITE_FOREIGN;
    return *version > NEWEST ? THM_SQLITE_NEWER : THM_SQLITE_OK;
}

int thm_sql_migrate(sqlite3 *db, int64_t version)
{
    return version < NEWEST ? run_steps(db, version) : SQLITE_OK;
}
