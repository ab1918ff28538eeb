#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_codes.h"
#include "files.h"
#include "options.h"

#if THIMBLED_SQLITE
#include "thimble/sqlite_store.h"
#endif

#define DEVICES_PER_USER 4u /* whose numbers the store remembers, on average */

/* --- in memory ---------------------------------------------------------------------------------- */

int store_open_memory(struct store *store, const struct settings *settings,
                      const struct thm_server_config *config, char *why, size_t cap)
{
    struct thm_ram_store_config ram = {
        .blocks = (uint32_t)((uint64_t)settings->store_mb * 1024 * 1024 / THM_BLOCK),
        .streams = config->max_rooms + config->max_users,
        .senders = DEVICES_PER_USER * config->max_users};
    int code = store->port->ops->entropy(store->port, &ram.seed, sizeof ram.seed);
    store->size = thm_ram_store_size(&ram);
    /* Costs nothing until it is touched. */
    void *memory = mmap(NULL, store->size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (code == THM_OK && memory == MAP_FAILED)
        code = THM_E_MEMORY;
    if (code == THM_OK)
        code = thm_ram_store_init(&store->store, memory, store->size, &ram);
    if (code == THM_OK)
        return OPTIONS_OK;
    snprintf(why, cap, "%s", thm_error_text(code));
    return EXIT_FAILED;
}

void store_close(struct store *store)
{
    if (store->store && store->close)
        store->close(store->store);
    store->store = NULL;
    free(store->folder);
    store->folder = NULL;
}

#if !THIMBLED_SQLITE

int store_open_database(struct store *store, const struct settings *settings,
                        const struct thm_server_config *config, char *why, size_t cap)
{
    (void)store;
    (void)settings;
    (void)config;
    snprintf(why, cap, "this thimbled was built without SQLite: use --store ram");
    return EXIT_STORE;
}

#else

/* --- in a database ------------------------------------------------------------------------------ */

#define DATABASE     "thimbled.db"
#define CACHE_KB     8192u
#define SENDERS      16384u /* in memory; the others are read when needed */
/* What the store's header says that one takes. */
#define STREAM_BYTES 180u
#define SENDER_BYTES 150u

static void on_wake(void *ctx)
{
    struct store *store = ctx;
    store->port->ops->wake(store->port);
}

static void on_trouble(void *ctx, const char *sentence)
{
    struct store *store = ctx;
    store->trouble(store->ctx, sentence);
}

static void on_over(void *ctx)
{
    on_trouble(ctx, NULL);
}

/* The service's folder, else root's, else the user's own; allocated. NULL: there is none. */
static char *default_folder(void)
{
    const char *service = getenv("STATE_DIRECTORY"), *state = getenv("XDG_STATE_HOME");
    if (service && service[0] == '/') /* systemd.exec(5): several have a colon between */
        return text_format("%.*s", (int)strcspn(service, ":"), service);
    if (geteuid() == 0 && !(state && state[0] == '/'))
        return text_format("/var/lib/thimble");
    return path_of_user("XDG_STATE_HOME", ".local/state");
}

/* A folder is made with mode 700; one that is there stays as it is. Of one that somebody named only the last part is made:
 * the rest of it may be a typing error, and the database somewhere else. */
static char *folder(const struct settings *settings, char *why, size_t cap)
{
    char *path = settings->data ? text_format("%s", settings->data) : default_folder();
    struct stat there;
    if (!path) {
        snprintf(why, cap, "there is no home directory: say by --data DIR where messages are kept");
        return NULL;
    }
    int made = settings->data ? path_make_last(path) : path_make(path);
    if (made == 0 && stat(path, &there) == 0) {
        if (S_ISDIR(there.st_mode))
            return path;
        errno = ENOTDIR;
    }
    if (made < 0 && errno == ENOENT)
        snprintf(why, cap,
                 "can't make the folder %s: the one that it is to be in does not exist (--data DIR "
                 "names another one)",
                 path);
    else
        snprintf(why, cap, "can't make the folder %s: %s (--data DIR names another one)", path,
                 strerror(errno));
    free(path);
    return NULL;
}

static struct thm_sqlite_retention rule(const struct retention *r)
{
    return (struct thm_sqlite_retention){r->age_ms, r->count, r->bytes};
}

int store_open_database(struct store *store, const struct settings *settings,
                        const struct thm_server_config *config, char *why, size_t cap)
{
    char *own = folder(settings, why, cap);
    if (!own)
        return EXIT_STORE;
    char *path = text_format("%s/%s", own, DATABASE);
    const struct thm_sqlite_config sqlite = {.path = path,
                                             .threaded = true,
                                             .streams = config->max_rooms + config->max_users,
                                             .senders = SENDERS,
                                             .cache_kb = CACHE_KB,
                                             .recent = settings->store_recent,
                                             .rooms = rule(&settings->rooms),
                                             .inboxes = rule(&settings->inboxes),
                                             .ctx = store,
                                             .wake = on_wake,
                                             .trouble = on_trouble,
                                             .over = on_over,
                                             .point = settings->store_point};
    int result = thm_sqlite_store_open(&store->store, &sqlite, why, cap);
    store->size = (size_t)CACHE_KB * 1024 + (size_t)STREAM_BYTES * sqlite.streams +
                  (size_t)SENDER_BYTES * SENDERS;
    store->close = thm_sqlite_store_close;
    free(path);
    if (result != THM_SQLITE_OK) {
        free(own);
        return EXIT_STORE;
    }
    store->folder = own;
    return OPTIONS_OK;
}

#endif
