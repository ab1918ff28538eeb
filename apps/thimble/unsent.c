#include "unsent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "report.h"

#define AHEAD 4096 /* csn that are reserved at a time */

/* --- reading ------------------------------------------------------------------------------------ */

/* Takes one message off `*rest`, of which `*len` bytes are left. False: there is none, or it is damaged. */
static bool next_message(char **rest, size_t *len, struct thm_client_said *said)
{
    char *line = *rest, *end = memchr(line, '\n', *len);
    int to = 0, to_end = 0;
    if (!end)
        return false;
    *end = '\0';
    if (sscanf(line, "%" SCNu64 " %u %u %n%*s%n %zu", &said->csn, &said->part, &said->parts, &to,
               &to_end, &said->text_len) != 4 ||
        said->text_len >= *len - (size_t)(end - line))
        return false;
    said->to = line + to;
    said->to_len = (size_t)(to_end - to);
    said->text = end + 1;
    size_t used = (size_t)(end + 1 - line) + said->text_len + 1;
    if (used > *len)
        return false;
    *rest += used;
    *len -= used;
    return true;
}

static void join(const struct state *state, struct thm_client *client, const char *room)
{
    const struct cursor *c = state_cursor(state, room);
    if (c)
        thm_client_set_cursor(client, room, c->incarnation, c->n);
    else
        thm_client_join(client, room);
}

/* False: it can't be said, which nobody should wonder about. */
static bool say_again(const struct state *state, struct thm_client *client,
                      const struct thm_client_said *said)
{
    char room[THM_ROOM_MAX + 1];
    int code = thm_client_say_again(client, said);
    if (code == THM_E_NO_ROOM && said->to_len < sizeof room) {
        memcpy(room, said->to, said->to_len);
        room[said->to_len] = '\0';
        join(state, client, room);
        code = thm_client_say_again(client, said);
    }
    if (code != THM_OK)
        report("a message for %.*s that was not sent is lost: %s", (int)said->to_len, said->to,
               thm_error_text(code));
    return code == THM_OK;
}

static void read_messages(struct unsent *u, const struct state *state, struct thm_client *client,
                          char *rest, size_t len)
{
    struct thm_client_said said;
    uint64_t last = 0;
    while (len > 0 && next_message(&rest, &len, &said) && said.csn > last) {
        u->count += say_again(state, client, &said);
        last = said.csn;
    }
    if (len > 0)
        report("%s is damaged: what it held may not be sent", u->file);
}

/* --- writing ------------------------------------------------------------------------------------ */

/* A new file beside the one that it replaces. NULL: errno says why. */
static FILE *begin_file(const struct unsent *u, char **fresh)
{
    *fresh = text_format("%s.new", u->file);
    int fd = open(*fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

/* Puts it in its place, for good if `sync`. False: errno says why. */
static bool end_file(const struct unsent *u, FILE *f, char *fresh, bool sync)
{
    bool good = f && fflush(f) == 0 && !ferror(f) && (!sync || fsync(fileno(f)) == 0);
    if (f)
        good &= fclose(f) == 0;
    good = good && rename(fresh, u->file) == 0 && (!sync || path_sync(u->file));
    free(fresh);
    return good;
}

/* Reserves numbers up to `next`, with what the file holds as it is. */
static bool reserve(const struct unsent *u, uint64_t incarnation, uint64_t next, const char *rest,
                    size_t len)
{
    char *fresh;
    FILE *f = begin_file(u, &fresh);
    if (f) {
        fprintf(f, "client %016" PRIx64 " %" PRIu64 "\n", incarnation, next);
        fwrite(rest, 1, len, f);
    }
    return end_file(u, f, fresh, true);
}

static bool write_file(const struct unsent *u, const struct thm_client *client, bool sync,
                       uint64_t reserved, uint32_t *count)
{
    struct thm_client_said said;
    uint64_t next;
    uint32_t at = 0;
    char *fresh;
    FILE *f = begin_file(u, &fresh);
    *count = 0;
    if (f)
        fprintf(f, "client %016" PRIx64 " %" PRIu64 "\n", thm_client_incarnation(client, &next),
                reserved);
    while (f && thm_client_unanswered(client, &at, &said)) {
        if (said.csn >= u->own && !u->keeps_own)
            break;
        fprintf(f, "%" PRIu64 " %u %u %.*s %zu\n", said.csn, said.part, said.parts,
                (int)said.to_len, said.to, said.text_len);
        fwrite(said.text, 1, said.text_len, f);
        fputc('\n', f);
        ++*count;
    }
    return end_file(u, f, fresh, sync);
}

/* Numbers that may have been used without a trace would be used again: the next run is to draw another incarnation. */
static void fail(struct unsent *u)
{
    if (!u->failed)
        report("can't write %s: %s; what is not acknowledged when this ends is not sent again",
               u->file, strerror(errno));
    u->failed = true;
    unlink(u->file);
}

/* Whether what the file should hold has changed. What was only read is less when something of it was answered. */
static bool has_changed(const struct unsent *u, const struct thm_client *client, uint64_t next)
{
    struct thm_client_said said;
    uint32_t count = 0, at = 0;
    if (u->keeps_own)
        return next != u->next || thm_client_pending(client) != u->count;
    while (count <= u->count && thm_client_unanswered(client, &at, &said) && said.csn < u->own)
        count++;
    return count != u->count;
}

void unsent_keep(struct unsent *u, const struct thm_client *client)
{
    uint64_t next;
    thm_client_incarnation(client, &next);
    bool reserve = next >= u->reserved;
    if (u->failed || (!reserve && !has_changed(u, client, next)))
        return;
    uint64_t reserved = reserve ? next + AHEAD : u->reserved;
    if (!write_file(u, client, reserve, reserved, &u->count)) {
        fail(u);
        return;
    }
    u->reserved = reserved;
    u->next = next;
}

/* --- opening ------------------------------------------------------------------------------------ */

/* Reads what the run before left. The numbers of this run are reserved before any is used: where that can't be kept, it is
 * another client to the server, and what was left stays there. */
static void read_file(struct unsent *u, const struct state *state, struct thm_client *client)
{
    uint64_t incarnation, next;
    size_t len;
    int used = 0;
    char *text = file_read(u->file, &len);
    if (!text && errno != ENOENT) {
        report("can't read %s: %s; what it holds is not sent", u->file, strerror(errno));
        u->failed = true;
    }
    if (!text)
        return;
    if (sscanf(text, "client %16" SCNx64 " %" SCNu64 "%n", &incarnation, &next, &used) != 2 ||
        text[used] != '\n' || next == 0) {
        report("%s is damaged: what it held is not sent", u->file);
    } else if (!reserve(u, incarnation, next + AHEAD, text + used + 1, len - (size_t)used - 1)) {
        report("can't write %s: %s; what it holds is not sent", u->file, strerror(errno));
        u->failed = true;
    } else if (thm_client_go_on(client, incarnation, next) == THM_OK) {
        u->reserved = next + AHEAD;
        read_messages(u, state, client, text + used + 1, len - (size_t)used - 1);
    }
    free(text);
}

uint32_t unsent_open(struct unsent *u, const struct state *state, struct thm_client *client,
                     bool keeps_own)
{
    *u = (struct unsent){.file = state->unsent_file, .keeps_own = keeps_own};
    read_file(u, state, client);
    thm_client_incarnation(client, &u->own);
    unsent_keep(u, client);
    return u->count;
}
