/*
 * replay PORT CA-DIR DATA CUTS [CRASHES]: says what people once said, each over a connection of his own, and holds what
 * everybody receives against the file: every line exactly once, byte for byte, in the order of the file, under
 * the same number for all.
 *
 * DATA has lines of time, nick and text, with a tab between them. About CUTS connections, drawn at random, are
 * reset meanwhile, and in the middle all of them at once. About CRASHES clients end without a word, with all that is in
 * their memory, and begin again with nothing but the cursors that they had.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "identity.h"
#include "posix.h" /* for the descriptor behind a socket */
#include "thimble/client.h"
#include "thimble/port_posix.h"

#define PEOPLE_MAX 1024
#define LINES_MAX  65536
#define EVENTS     64
#define STUCK_MS   60000u /* without any progress */
#define CERTAIN    1000000u
#define CUTS_MAX   2 /* of one person */

struct person {
    struct thm_client client;
    char user[THM_ID_MAX + 1];
    char nick[THM_ALIAS_MAX + 1];
    unsigned received, cuts;
    bool ended;
    const struct thm_credentials *credentials;
    void *tls_memory;
    struct {
        char name[THM_ROOM_MAX + 1];
        uint64_t incarnation, n;
    } cursors[2]; /* what is left of it after a crash */
    unsigned cursor_count;
    bool moved; /* to be stepped in this turn, whatever the events */
};

struct line {
    struct person *sender;
    const char *text;
    uint64_t n; /* as it was first received */
};

static struct thm_port_posix port;
static struct person *people[PEOPLE_MAX];
static unsigned people_count;
static struct line lines[LINES_MAX];
static unsigned line_count;
static uint64_t now;
static unsigned resets, reconnects, crashes;
static uint32_t random_state = 1;

static _Noreturn void fail(const char *what, const struct person *p)
{
    fprintf(stderr, "not ok - %s: %s, at line %u of the file\n", p->nick, what, p->received + 1);
    exit(1);
}

static uint32_t draw(uint32_t below) /* Marsaglia's xorshift32 */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

/* --- the file ----------------------------------------------------------------------------------- */

static void add_person(struct person *p, const char *nick)
{
    snprintf(p->nick, sizeof p->nick, "%s", nick);
    for (size_t i = 0; nick[i] != '\0' && i < THM_ID_MAX; i++) {
        char c = nick[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        bool fits = thm_key_check(THM_KEY_USERID, &c, 1) == THM_OK || strchr("._-", c) != NULL;
        p->user[i] = fits && (i > 0 || strchr("._-", c) == NULL) ? c : i == 0 ? 'x' : '_';
    }
    for (unsigned i = 0; i < people_count; i++)
        if (strcmp(people[i]->user, p->user) == 0)
            fail("two nicks give the same user id", p);
    if (people_count == PEOPLE_MAX)
        fail("too many people", p);
    people[people_count++] = p;
}

static struct person *person_of(const char *nick)
{
    for (unsigned i = 0; i < people_count; i++)
        if (strcmp(people[i]->nick, nick) == 0)
            return people[i];
    struct person *p = calloc(1, sizeof *p);
    if (p != NULL)
        add_person(p, nick);
    return p;
}

static void read_lines(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t cap = 0;
    while (f != NULL && getline(&text, &cap, f) > 0 && line_count < LINES_MAX) {
        char *rest = text;
        strsep(&rest, "\t");
        const char *nick = strsep(&rest, "\t");
        struct line *line = &lines[line_count++];
        if (rest == NULL || (line->sender = person_of(nick)) == NULL) {
            fprintf(stderr, "%s:%u: not time, nick and text\n", path, line_count);
            exit(1);
        }
        rest[strcspn(rest, "\n")] = '\0';
        line->text = strdup(rest);
    }
    free(text);
    if (f != NULL)
        fclose(f);
}

/* --- what is received --------------------------------------------------------------------------- */

static bool equals(const struct thm_msg *m, enum thm_key key, const char *expected)
{
    struct thm_slice have = thm_msg_get(m, key);
    return have.len == strlen(expected) && memcmp(have.data, expected, have.len) == 0;
}

static void receive(struct person *p, const struct thm_msg *m)
{
    if (p->received == line_count)
        fail("a line too many", p);
    struct line *line = &lines[p->received];
    uint64_t n = thm_msg_get_num(m, THM_KEY_N, 0);
    if (!equals(m, THM_KEY_TEXT, line->text))
        fail("another text", p);
    if (!equals(m, THM_KEY_FROM, line->sender->user) ||
        !equals(m, THM_KEY_ALIAS, line->sender->nick))
        fail("from somebody else", p);
    if (line->n == 0)
        line->n = n;
    if (line->n != n || n == 0)
        fail("another number", p);
    p->received++;
}

static void on_event(void *ctx, const struct thm_client_event *e)
{
    struct person *p = ctx;
    if (e->kind == THM_CLIENT_LINE && e->msg->type == THM_MSG_MESSAGE)
        receive(p, e->msg);
    if (e->kind == THM_CLIENT_LINE && e->msg->type == THM_MSG_GAP)
        fail("a gap", p);
    if (e->kind == THM_CLIENT_LOST)
        fail("a message was refused", p);
    if (e->kind == THM_CLIENT_STATE && e->state == THM_CLIENT_WAITING)
        reconnects++;
    if (e->kind == THM_CLIENT_ENDED && e->code != THM_OK)
        fail(thm_error_text(e->code), p);
    p->ended = e->kind == THM_CLIENT_ENDED;
}

/* --- running ------------------------------------------------------------------------------------ */

static uint64_t next_deadline(void)
{
    uint64_t at = now + STUCK_MS;
    for (unsigned i = 0; i < people_count; i++) {
        uint64_t due = people[i]->moved ? 0 : thm_client_deadline(&people[i]->client);
        at = due < at ? due : at;
    }
    return at;
}

static void turn(void)
{
    struct thm_event events[EVENTS];
    int n = port.port.ops->wait(&port.port, next_deadline(), events, EVENTS);
    now = thm_port_posix_now_ms();
    for (int i = 0; i < n; i++)
        if (events[i].tag > 0 && events[i].tag <= people_count)
            thm_client_step(&people[events[i].tag - 1]->client, now, &events[i], 1);
    for (unsigned i = 0; i < people_count; i++) {
        struct person *p = people[i];
        if (p->moved || thm_client_deadline(&p->client) <= now) {
            p->moved = false;
            thm_client_step(&p->client, now, NULL, 0);
        }
    }
}

static bool is_in(const struct person *p)
{
    const struct thm_client_stream *room = &p->client.streams[1];
    return room->follow == THM_FOLLOW_JOINED;
}

static bool said_all(const struct person *p)
{
    return thm_client_pending(&p->client) == 0;
}

static bool received_all(const struct person *p)
{
    return p->received == line_count;
}

static bool has_ended(const struct person *p)
{
    return p->ended;
}

static void wait_for(struct person *p, bool (*done)(const struct person *), const char *what)
{
    uint64_t end = now + STUCK_MS;
    while (!done(p)) {
        turn();
        if (now >= end)
            fail(what, p);
    }
}

static void wait_for_all(bool (*done)(const struct person *), const char *what)
{
    for (unsigned i = 0; i < people_count; i++)
        wait_for(people[i], done, what);
}

static void start(struct person *p, uint16_t number, uint32_t tag)
{
    if (p->credentials == NULL)
        p->credentials = identity_new(p->user, "replay");
    struct thm_client_config config = {.port = &port.port,
                                       .credentials = p->credentials,
                                       .host = "127.0.0.1",
                                       .number = number,
                                       .server_name = "localhost",
                                       .alias = p->nick,
                                       .tag = tag,
                                       .tls_memory_size = thm_client_tls_size(),
                                       .on_event = on_event,
                                       .ctx = p};
    config.tls_memory = p->tls_memory
                            ? p->tls_memory
                            : aligned_alloc(16, (config.tls_memory_size + 15) & ~(size_t)15);
    p->tls_memory = config.tls_memory;
    int code = thm_client_init(&p->client, &config);
    for (unsigned i = 0; i < p->cursor_count && code == THM_OK; i++)
        code = thm_client_set_cursor(&p->client, p->cursors[i].name, p->cursors[i].incarnation,
                                     p->cursors[i].n);
    if (code == THM_OK)
        code = thm_client_join(&p->client, THM_DEFAULT_ROOM);
    if (code == THM_OK)
        code = thm_client_start(&p->client, now);
    if (code != THM_OK)
        fail(thm_error_text(code), p);
}

/* --- cuts --------------------------------------------------------------------------------------- */

/* Resets a connection: what is under way, either way, is lost. connect(2) calls it dissolving the association. */
static void cut(struct person *p)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    const struct posix_socket *s = posix_find(port.posix, p->client.tls.socket);
    if (s == NULL || p->client.state != THM_CLIENT_ONLINE)
        return;
    if (connect(s->fd, &none, sizeof none) == 0)
        resets++;
    p->cuts++;
}

/* Every other time it is who has just spoken: the message or its answer is lost. The waits before a reconnect
 * double, so nobody is cut often. */
static void cut_somebody(struct person *speaker)
{
    struct person *p = draw(2) == 0 ? speaker : people[draw(people_count)];
    if (p->cuts < CUTS_MAX)
        cut(p);
}

/* Ends a client as SIGKILL would, and starts it again. What it has not been answered would be lost with it. */
static void crash_somebody(uint16_t number)
{
    uint32_t i = draw(people_count);
    struct person *p = people[i];
    const char *name;
    if (!said_all(p))
        return;
    p->cursor_count = 0;
    for (unsigned k = 0; k < 2; k++)
        if (thm_client_cursor(&p->client, k, &name, &p->cursors[p->cursor_count].incarnation,
                              &p->cursors[p->cursor_count].n))
            strcpy(p->cursors[p->cursor_count++].name, name);
    if (posix_find(port.posix, p->client.tls.socket) != NULL)
        port.port.ops->close(&port.port, p->client.tls.socket);
    start(p, number, i + 1);
    p->moved = true;
    crashes++;
}

/* `chance` in a million that somebody is cut after a line, and `crash` that somebody crashes. */
static void say_all(uint16_t number, uint32_t chance, uint32_t crash)
{
    for (unsigned i = 0; i < line_count; i++) {
        struct person *p = lines[i].sender;
        const char *text = lines[i].text;
        if (thm_client_say(&p->client, THM_DEFAULT_ROOM, text, strlen(text), NULL) != THM_OK)
            fail("can't say it", p);
        p->moved = true;
        if (draw(CERTAIN) < chance) {
            for (unsigned turns = draw(4); turns > 0; turns--)
                turn();
            cut_somebody(p);
        }
        if (draw(CERTAIN) < crash)
            crash_somebody(number);
        for (unsigned k = 0; chance > 0 && i == line_count / 2 && k < people_count; k++)
            cut(people[k]);
        wait_for(p, said_all, "it is not acknowledged");
    }
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        fputs("Usage: replay PORT CA-DIR DATA CUTS [CRASHES]\n", stderr);
        return 2;
    }
    read_lines(argv[3]);
    identity_open(argv[2]);
    const struct thm_port_posix_config config = {.max_sockets = people_count + 1};
    if (people_count == 0 || thm_port_posix_init(&port, &config) != THM_OK)
        return 1;
    now = thm_port_posix_now_ms();
    for (unsigned i = 0; i < people_count; i++)
        start(people[i], (uint16_t)atoi(argv[1]), i + 1);
    wait_for_all(is_in, "not in the room");
    uint64_t began = now;
    say_all((uint16_t)atoi(argv[1]), (uint32_t)atoi(argv[4]) * CERTAIN / line_count,
            argc == 6 ? (uint32_t)atoi(argv[5]) * CERTAIN / line_count : 0);
    wait_for_all(received_all, "not everything was received");
    uint64_t took = now - began;
    for (unsigned i = 0; i < people_count; i++)
        thm_client_stop(&people[i]->client);
    wait_for_all(has_ended, "no goodbye");
    printf(
        "ok - %u people, %u lines: everybody received each once, in %llu ms, %u connections reset, "
        "%u reconnected, %u clients begun again\n",
        people_count, line_count, (unsigned long long)took, resets, reconnects, crashes);
    thm_port_posix_destroy(&port);
    return 0;
}
