#include "journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thimble/sqlite_store.h"
#include "thimble/wire.h"

#define COMPLAINTS_MAX 20
#define SENDERS_MAX    4096

static void complain(struct verdict *v, unsigned *count, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct verdict *v, unsigned *count, const char *format, ...)
{
    va_list args;
    ++*count;
    if (v->complaints++ >= COMPLAINTS_MAX)
        return;
    va_start(args, format);
    fputs("# ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

/* --- the database ------------------------------------------------------------------------------- */

static int run(struct thm_store *store, struct thm_store_request *r)
{
    struct thm_store_request *done;
    store->ops->submit(store, r);
    while (store->ops->collect(store, &done, 1) == 0)
        ;
    return r->result;
}

static char *text_of(const struct thm_entry *e)
{
    char line[THM_LINE_MAX];
    struct thm_msg m;
    struct thm_fault fault;
    memcpy(line, e->line, e->len);
    if (thm_wire_decode(line, e->len - 1, THM_FROM_SERVER, &m, &fault) != THM_OK)
        return strdup("(not a line)");
    struct thm_slice text = thm_msg_get(&m, THM_KEY_TEXT);
    return strndup(text.data, text.len);
}

static bool read_stream(struct thm_store *store, struct held *h)
{
    static unsigned char buf[1 << 20];
    struct thm_store_request r = {.op = THM_STORE_OPEN};
    strcpy(r.name, h->name);
    if (run(store, &r) != THM_OK)
        return false;
    h->log = r.incarnation;
    h->head = r.head;
    h->texts = calloc(h->head + 1, sizeof *h->texts);
    for (uint64_t from = r.first; h->head > 0 && from <= h->head;) {
        struct thm_store_request read = {.op = THM_STORE_READ,
                                         .stream = r.stream,
                                         .from = from,
                                         .max = UINT32_MAX,
                                         .buf = buf,
                                         .cap = sizeof buf};
        struct thm_entry e;
        size_t at = 0;
        uint64_t before = from;
        if (run(store, &read) != THM_OK)
            return false;
        while (thm_read_next(&read, &at, &e))
            if (e.n <= h->head) {
                h->texts[e.n - 1] = text_of(&e);
                from = e.n + 1;
            }
        if (from == before)
            break; /* a hole, which is found later */
    }
    store->ops->release(store, r.stream);
    return true;
}

bool held_read(const char *path, const char *const *names, unsigned count, struct held *held)
{
    struct thm_store *store;
    char why[512];
    const struct thm_sqlite_config config = {.path = path};
    if (thm_sqlite_store_open(&store, &config, why, sizeof why) != THM_SQLITE_OK) {
        printf("# the database can't be read: %s\n", why);
        return false;
    }
    bool good = true;
    for (unsigned i = 0; i < count && good; i++) {
        snprintf(held[i].name, sizeof held[i].name, "%s", names[i]);
        good = read_stream(store, &held[i]);
    }
    thm_sqlite_store_close(store);
    return good;
}

void held_free(struct held *held, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (uint64_t n = 0; n < held[i].head; n++)
            free(held[i].texts[n]);
        free(held[i].texts);
    }
}

const struct held *held_find(const struct held *held, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(held[i].name, name) == 0)
            return &held[i];
    return NULL;
}

/* --- what must hold in it ----------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ali@default.3.17 ...": who and which run, and the number in it. */
static unsigned split(const char *text, char sender[NAME_MAX_])
{
    size_t len = strcspn(text, " ");
    while (len > 0 && text[len - 1] != '.')
        len--;
    snprintf(sender, NAME_MAX_, "%.*s", (int)len, text);
    return (unsigned)strtoul(text + len, NULL, 10);
}

static void judge_order(const struct held *h, struct verdict *v)
{
    static struct {
        char name[NAME_MAX_];
        unsigned last;
    } senders[SENDERS_MAX];
    unsigned count = 0;
    for (uint64_t n = 1; n <= h->head; n++) {
        char sender[NAME_MAX_];
        if (h->texts[n - 1] == NULL)
            continue;
        unsigned number = split(h->texts[n - 1], sender);
        unsigned i = count;
        while (i > 0 && strcmp(senders[i - 1].name, sender) != 0)
            i--;
        if (i == 0 && count < SENDERS_MAX) {
            i = ++count;
            strcpy(senders[i - 1].name, sender);
            senders[i - 1].last = 0;
        }
        if (i > 0 && number <= senders[i - 1].last)
            complain(v, &v->disordered, "%s %" PRIu64 ": %s%u after %u", h->name, n, sender, number,
                     senders[i - 1].last);
        if (i > 0)
            senders[i - 1].last = number;
    }
}

void judge_held(const struct held *h, struct verdict *v)
{
    char **sorted = calloc(h->head + 1, sizeof *sorted);
    uint64_t count = 0;
    for (uint64_t n = 1; n <= h->head; n++) {
        if (h->texts[n - 1] == NULL)
            complain(v, &v->holes, "%s has no entry %" PRIu64, h->name, n);
        else
            sorted[count++] = h->texts[n - 1];
    }
    qsort(sorted, count, sizeof *sorted, compare_texts);
    for (uint64_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            complain(v, &v->twice, "%s holds '%s' twice", h->name, sorted[i]);
    free(sorted);
    judge_order(h, v);
}

/* --- a journal ---------------------------------------------------------------------------------- */

/* How far a client's view of a stream is. */
struct view {
    const struct held *held;
    bool joined;
    uint64_t log, n;
    uint64_t first; /* in the log that is held: shown from here on */
    bool *seen;     /* of the entries that are held: shown, now or in a former log */
    char **shown;   /* all texts that were shown */
    size_t run;     /* where those of the run begin */
    size_t shown_count, shown_cap;
};

static struct view *view_of(struct view *views, unsigned *count, const struct held *held,
                            unsigned held_count, const char *name)
{
    for (unsigned i = 0; i < *count; i++)
        if (strcmp(views[i].held->name, name) == 0)
            return &views[i];
    const struct held *h = held_find(held, held_count, name);
    if (h == NULL || *count == STREAMS_MAX)
        return NULL;
    views[*count] = (struct view){.held = h, .seen = calloc(h->head + 1, sizeof(bool))};
    return &views[(*count)++];
}

static void remember(struct view *view, const char *text)
{
    if (view->shown_count == view->shown_cap) {
        view->shown_cap = view->shown_cap * 2 + 1024;
        view->shown = realloc(view->shown, view->shown_cap * sizeof *view->shown);
    }
    view->shown[view->shown_count++] = strdup(text);
}

/* Nothing was shown twice since this run began: what it knows of each sender lasts so long. */
static void end_run(const char *who, struct view *view, struct verdict *v)
{
    char **shown = view->shown + view->run;
    size_t count = view->shown_count - view->run;
    if (count > 0)
        qsort(shown, count, sizeof *shown, compare_texts);
    for (size_t i = 1; i < count; i++)
        if (strcmp(shown[i - 1], shown[i]) == 0)
            complain(v, &v->twice, "%s was shown '%s' twice", who, shown[i]);
    view->run = view->shown_count;
}

static void on_shown(const char *who, struct view *view, uint64_t log, uint64_t n, const char *text,
                     bool restored, struct verdict *v)
{
    const struct held *h = view->held;
    v->shown++;
    remember(view, text);
    if (log == h->log &&
        (n == 0 || n > h->head || h->texts[n - 1] == NULL || strcmp(h->texts[n - 1], text) != 0))
        complain(v, &v->foreign, "%s was shown '%s' as %s %" PRIu64 ", which the store has not",
                 who, text, h->name, n);
    if (log != h->log && !restored)
        complain(v, &v->foreign, "%s was shown '%s' of another log", who, text);
    if (!restored && n != view->n + 1)
        complain(v, &v->missing, "%s: %s goes from %" PRIu64 " to %" PRIu64, who, h->name, view->n,
                 n);
    if (log == view->log && n <= view->n)
        complain(v, &v->twice, "%s: %s goes back from %" PRIu64 " to %" PRIu64, who, h->name,
                 view->n, n);
    view->log = log;
    view->n = n;
}

static void on_acknowledged(const char *who, const struct held *h, uint64_t log, uint64_t n,
                            const char *text, bool restored, struct verdict *v)
{
    v->acknowledged++;
    if (log != h->log && restored)
        return;
    if (log != h->log || n == 0 || n > h->head || h->texts[n - 1] == NULL ||
        strcmp(h->texts[n - 1], text) != 0)
        complain(v, &v->lost, "%s was told that '%s' is %s %" PRIu64, who, text, h->name, n);
}

static void take(const char *who, char *line, struct view *views, unsigned *count,
                 const struct held *held, unsigned held_count, bool restored, struct verdict *v)
{
    char name[NAME_MAX_];
    uint64_t log, n;
    int at = 0;
    for (unsigned i = 0; line[0] == 'R' && restored && i < *count; i++)
        end_run(who, &views[i], v);
    if (line[0] == 'L')
        complain(v, &v->refused, "%s: %s is refused", who, line + 2);
    if (sscanf(line + 1, " %63s %" SCNx64 " %" SCNu64 "%n", name, &log, &n, &at) != 3)
        return;
    const char *text = line[1 + at] == ' ' ? line + 2 + at : "";
    struct view *view = view_of(views, count, held, held_count, name);
    if (view == NULL)
        return;
    switch (line[0]) {
    case 'J':
        if (!view->joined) {
            view->n = n;
            view->log = log;
            view->first = n + 1;
        } else if (!restored && (log != view->log || n != view->n)) {
            complain(v, &v->missing, "%s: %s is joined behind %" PRIu64 ", not %" PRIu64, who, name,
                     n, view->n);
        }
        view->joined = true;
        break;
    case 'G':
        v->gaps++;
        if (!restored)
            complain(v, &v->missing, "%s: a gap in %s", who, name);
        if (log != view->log) {
            view->log = log;
            view->n = 0;
        }
        break;
    case 'M': on_shown(who, view, log, n, text, restored, v); break;
    case 'A': on_acknowledged(who, view->held, log, n, text, restored, v); break;
    case 'C':
        if (restored && log == view->log && n > view->n)
            view->n = n; /* what it had been shown before was passed over */
        break;
    default: break;
    }
}

/* In the end everything was shown that is held, and nothing twice. */
static void conclude(const char *who, struct view *view, bool restored, struct verdict *v)
{
    const struct held *h = view->held;
    end_run(who, view, v);
    if (view->shown_count > 0)
        qsort(view->shown, view->shown_count, sizeof *view->shown, compare_texts);
    if (view->log != h->log || view->n != h->head)
        complain(v, &v->missing, "%s stands at %" PRIu64 " of %" PRIu64 " in %s", who, view->n,
                 h->head, h->name);
    for (uint64_t n = view->first; restored && n <= h->head; n++) {
        char *text = h->texts[n - 1];
        if (text != NULL && bsearch(&text, view->shown, view->shown_count, sizeof *view->shown,
                                    compare_texts) == NULL)
            complain(v, &v->missing, "%s was never shown '%s' of %s", who, text, h->name);
    }
    for (size_t i = 0; i < view->shown_count; i++)
        free(view->shown[i]);
    free(view->shown);
    free(view->seen);
}

void judge_journal(const char *path, const struct held *held, unsigned count, bool restored,
                   struct verdict *v)
{
    struct view views[STREAMS_MAX];
    unsigned view_count = 0;
    char *line = NULL;
    size_t cap = 0;
    const char *slash = strrchr(path, '/'), *who = slash != NULL ? slash + 1 : path;
    FILE *f = fopen(path, "r");
    while (f != NULL && getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        take(who, line, views, &view_count, held, count, restored, v);
    }
    free(line);
    if (f != NULL)
        fclose(f);
    for (unsigned i = 0; i < view_count; i++)
        conclude(who, &views[i], restored, v);
    if (view_count < 2)
        complain(v, &v->missing, "%s was not in the room and its inbox", who);
}
