/*
 * crash-client PORT CA-DIR USER@DEVICE JOURNAL PEER...: somebody who talks without end, to #lobby and now and then
 * to one of the peers, and writes down what happens. SIGTERM: he says nothing more. He may be killed at any moment,
 * and goes on from his journal.
 *
 * A journal is also the state that the client keeps: its cursors. What was shown in a turn and
 * how far he is are written together or not at all, as by a terminal that shows nothing before its cursor is on the disk.
 *
 *     R                        a run began
 *     J STREAM LOG AFTER       joined, delivery goes on behind AFTER
 *     G STREAM LOG FIRST LAST  a gap; 0 0: another log
 *     M STREAM LOG N TEXT      shown
 *     A STREAM LOG N TEXT      acknowledged as stored
 *     L CODE TEXT              refused
 *     E CODE                   an error
 *     C STREAM LOG N           the cursor
 *     I                        nothing more to say, and all was acknowledged
 *     W                        the turn's lines are whole
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interop/identity.h"
#include "thimble/client.h"
#include "thimble/port_posix.h"

#define EVENTS      16
#define PENDING_MAX 16 /* of his own messages that wait */
#define FILLER      160
#define PEERS_MAX   64

static struct thm_port_posix port;
static struct thm_client client;
static const char *me;
static char **peers;
static int peer_count;
static bool heard[PEERS_MAX];
static unsigned run, said;
static uint32_t random_state;
static uint64_t say_at;
static bool idle;
static volatile sig_atomic_t finishing;
static int journal;
static char lines[1 << 20];
static size_t lines_len;
static struct {
    uint64_t log, n;
} cursors[THM_CLIENT_STREAMS];

static _Noreturn void die(const char *why)
{
    fprintf(stderr, "crash-client %s: %s\n", me, why);
    exit(1);
}

static uint32_t draw(uint32_t below) /* Marsaglia's xorshift32 */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

/* --- the journal -------------------------------------------------------------------------------- */

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(lines + lines_len, sizeof lines - lines_len, format, args);
    va_end(args);
    lines_len += (size_t)len;
    if (lines_len >= sizeof lines)
        die("too much for one turn");
}

static void note_cursors(void)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        const char *name;
        uint64_t log, n;
        if (!thm_client_cursor(&client, i, &name, &log, &n) ||
            (log == cursors[i].log && n == cursors[i].n))
            continue;
        cursors[i].log = log;
        cursors[i].n = n;
        note("C %s %016" PRIx64 " %" PRIu64 "\n", name, log, n);
    }
}

/* What happened in one turn, and a line that says that it is whole: a kill may come within a write. */
static void write_journal(void)
{
    if (lines_len > 0)
        note("E\n");
    if (lines_len > 0)
        note("W\n");
    if (lines_len > 0 && write(journal, lines, lines_len) != (ssize_t)lines_len)
        die("the journal can't be written");
    lines_len = 0;
}

/* A kill may come within a write: a turn that is not whole is as if it had not been. */
static void drop_torn(const char *path)
{
    char line[4096];
    long whole = 0;
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL)
        if (strcmp(line, "W\n") == 0)
            whole = ftell(f);
    fclose(f);
    if (truncate(path, whole) != 0)
        die("the journal can't be mended");
}

/* Takes up the cursors where the last run left them; a turn that was not written whole is as if it had not been. */
static void read_journal(const char *path)
{
    char line[4096], name[64];
    struct {
        char name[64];
        uint64_t log, n;
    } last[THM_CLIENT_STREAMS];
    unsigned count = 0;
    uint64_t log, n;
    drop_torn(path);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        run += line[0] == 'R';
        if (sscanf(line, "C %63s %" SCNx64 " %" SCNu64, name, &log, &n) != 3)
            continue;
        unsigned i = 0;
        while (i < count && strcmp(last[i].name, name) != 0)
            i++;
        if (i == count && count++ == THM_CLIENT_STREAMS)
            die("too many streams");
        strcpy(last[i].name, name);
        last[i].log = log;
        last[i].n = n;
    }
    if (f != NULL)
        fclose(f);
    for (unsigned i = 0; i < count; i++)
        if (thm_client_set_cursor(&client, last[i].name, last[i].log, last[i].n) != THM_OK)
            die("a cursor is not taken");
    note("R\n");
}

/* --- what happens ------------------------------------------------------------------------------- */

/* Whoever was heard has an account; before his first login he has none, and a whisper to him is refused. */
static void hear_of(struct thm_slice user)
{
    for (int i = 0; i < peer_count && i < PEERS_MAX; i++)
        if (strlen(peers[i]) == user.len && memcmp(peers[i], user.data, user.len) == 0)
            heard[i] = true;
}

/* Somebody to whisper to, or the room. */
static const char *draw_target(void)
{
    uint32_t peer = peer_count > 0 ? draw((uint32_t)peer_count) : 0;

    return draw(5) == 0 && peer < PEERS_MAX && heard[peer] ? peers[peer] : "#lobby";
}

static void take_line(const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM), text = thm_msg_get(m, THM_KEY_TEXT);
    uint64_t log = thm_msg_get_num(m, THM_KEY_INCARNATION, 0);
    uint64_t n = thm_msg_get_num(m, THM_KEY_N, 0);
    switch (m->type) {
    case THM_MSG_MESSAGE:
    case THM_MSG_WHISPER:
        hear_of(thm_msg_get(m, THM_KEY_FROM));
        for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) { /* which log it is of says the client */
            const char *name;
            uint64_t at;
            if (thm_client_cursor(&client, i, &name, &log, &at) && strlen(name) == room.len &&
                memcmp(name, room.data, room.len) == 0)
                break;
        }
        note("M %.*s %016" PRIx64 " %" PRIu64 " %.*s\n", (int)room.len, room.data, log, n,
             (int)text.len, text.data);
        break;
    case THM_MSG_JOINED:
        note("J %.*s %016" PRIx64 " %" PRIu64 "\n", (int)room.len, room.data, log,
             thm_msg_get_num(m, THM_KEY_AFTER, 0));
        break;
    case THM_MSG_GAP:
        note("G %.*s %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", (int)room.len, room.data, log,
             thm_msg_get_num(m, THM_KEY_FIRST, 0), thm_msg_get_num(m, THM_KEY_LAST, 0));
        break;
    case THM_MSG_ERROR: {
        struct thm_slice code = thm_msg_get(m, THM_KEY_CODE);
        note("E %.*s\n", (int)code.len, code.data);
        break;
    }
    default: break;
    }
}

static void on_event(void *ctx, const struct thm_client_event *e)
{
    (void)ctx;
    switch (e->kind) {
    case THM_CLIENT_LINE: take_line(e->msg); break;
    case THM_CLIENT_ACKED: {
        struct thm_slice room = thm_msg_get(e->msg, THM_KEY_ROOM);
        if (e->msg->type != THM_MSG_STORED)
            die("acknowledged, but not stored");
        note("A %.*s %016" PRIx64 " %" PRIu64 " %.*s\n", (int)room.len, room.data,
             thm_msg_get_num(e->msg, THM_KEY_INCARNATION, 0), thm_msg_get_num(e->msg, THM_KEY_N, 0),
             (int)e->text.len, e->text.data);
        break;
    }
    case THM_CLIENT_LOST:
        note("L %s %.*s\n", thm_error_word(e->code), (int)e->text.len, e->text.data);
        break;
    case THM_CLIENT_ENDED: die(thm_error_text(e->code));
    case THM_CLIENT_ASKED: die("a passcode is asked for");
    case THM_CLIENT_RENEWS:
    case THM_CLIENT_ISSUED: die("a certificate is asked for");
    case THM_CLIENT_STATE: break;
    }
}

/* --- talking ------------------------------------------------------------------------------------ */

/* True: there was room for it. */
static bool say_one(void)
{
    static const char filler[] = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do "
                                 "eiusmod tempor incididunt ut labore et dolore magna aliqua ut "
                                 "enim ad minim veniam quis nostrud exercitation";
    char text[64 + FILLER];
    const char *to = draw_target();
    int len =
        snprintf(text, sizeof text, "%s.%u.%u %.*s", me, run, said + 1, (int)draw(FILLER), filler);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    if (thm_client_say(&client, to, text, (size_t)len, NULL) != THM_OK)
        return false;
    said++;
    return true;
}

static void talk(uint64_t now)
{
    if (finishing && !idle && thm_client_pending(&client) == 0) {
        note("I\n");
        idle = true;
    }
    if (finishing || now < say_at || thm_client_pending(&client) >= PENDING_MAX)
        return;
    for (unsigned burst = 1 + draw(4); burst > 0 && say_one(); burst--)
        ;
    say_at = now + draw(40);
}

static void on_term(int number)
{
    (void)number;
    finishing = 1;
}

static uint64_t next_deadline(uint64_t now)
{
    uint64_t until = thm_client_deadline(&client), mine = now + 20;
    return until < mine ? until : mine;
}

static void start(const char *number, const char *ca)
{
    struct thm_client_config config = {.port = &port.port,
                                       .credentials = identity_user(ca, me),
                                       .host = "127.0.0.1",
                                       .number = (uint16_t)atoi(number),
                                       .server_name = "localhost",
                                       .tag = 1,
                                       .tls_memory_size = thm_client_tls_size(),
                                       .on_event = on_event};
    config.tls_memory = aligned_alloc(16, (config.tls_memory_size + 15) & ~(size_t)15);
    if (thm_client_init(&client, &config) != THM_OK)
        die("the client does not start");
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("Usage: crash-client PORT CA-DIR USER@DEVICE JOURNAL PEER...\n", stderr);
        return 2;
    }
    me = argv[3];
    peers = argv + 5;
    peer_count = argc - 5;
    signal(SIGTERM, on_term);
    identity_open(argv[2]);
    const struct thm_port_posix_config config = {.max_sockets = 4};
    if (thm_port_posix_init(&port, &config) != THM_OK ||
        port.port.ops->entropy(&port.port, &random_state, sizeof random_state) != THM_OK)
        die("the port does not start");
    random_state |= 1;
    start(argv[1], argv[2]);
    read_journal(argv[4]);
    journal = open(argv[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (thm_client_join(&client, "#lobby") != THM_OK)
        die("no room to join");
    write_journal(); /* before he says anything as of this run */
    uint64_t now = thm_port_posix_now_ms();
    thm_client_start(&client, now);
    for (;;) {
        struct thm_event events[EVENTS];
        int n = port.port.ops->wait(&port.port, next_deadline(now), events, EVENTS);
        now = thm_port_posix_now_ms();
        thm_client_step(&client, now, events, n < 0 ? 0 : n);
        talk(now);
        note_cursors();
        write_journal();
    }
}
