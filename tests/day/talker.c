#include "day/day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG      7
#define SERVER   "server" /* its name, and what its certificate carries */
#define RETRY_MS 1000     /* when the queue was full */
#define MARK     ". "     /* between a saying's number and its padding */

/* --- what is said and shown ----------------------------------------------------------------------- */

static bool is(struct thm_slice s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

static const char *user_of(unsigned number)
{
    return number == BOARD ? "u0" : "u1";
}

static struct talker *sender_of(struct day *d, const struct thm_msg *m)
{
    unsigned i = is(thm_msg_get(m, THM_KEY_FROM), user_of(BOARD)) ? BOARD : NEIGHBOUR;

    assert_true(is(thm_msg_get(m, THM_KEY_FROM), user_of(i)));
    return &d->talkers[i];
}

/* "17. xxxx": its length follows from its number, so that it is known whether it came whole. */
static size_t text_of(unsigned number, char text[THM_TEXT_MAX])
{
    size_t head = (size_t)snprintf(text, THM_TEXT_MAX, "%u" MARK, number);
    size_t len = head + number * 7919u % (THM_TEXT_MAX - head);

    memset(text + head, 'a' + (int)(number % 26), len - head);
    return len;
}

static unsigned number_of(struct thm_slice said)
{
    char text[THM_TEXT_MAX];
    unsigned number = 0;

    for (size_t i = 0; i < said.len && said.data[i] >= '0' && said.data[i] <= '9'; i++)
        number = number * 10 + (unsigned)(said.data[i] - '0');
    if (text_of(number, text) != said.len || memcmp(text, said.data, said.len) != 0)
        fail_msg("saying %u is not what was said", number);
    return number;
}

static void on_message(struct talker *t, const struct thm_msg *m)
{
    struct talker *from = sender_of(t->day, m);
    unsigned number = number_of(thm_msg_get(m, THM_KEY_TEXT));

    if (number <= t->last_shown[from->number])
        fail_msg("%s is shown %u of %s after %u", user_of(t->number), number, user_of(from->number),
                 t->last_shown[from->number]);
    t->last_shown[from->number] = number;
    from->sayings[number].shown[t->number] = true;
}

static void on_line(struct talker *t, const struct thm_msg *m)
{
    if (m->type == THM_MSG_MESSAGE)
        on_message(t, m);
    if (m->type != THM_MSG_GAP || !is(thm_msg_get(m, THM_KEY_ROOM), THM_DEFAULT_ROOM))
        return;
    if (thm_msg_has(m, THM_KEY_LAST))
        fail_msg("%s is told that a log which has room is cut", user_of(t->number));
    t->gaps++;
}

static void on_event(void *ctx, const struct thm_client_event *event)
{
    struct talker *t = ctx;

    thm_console_event(&t->console, event);
    switch (event->kind) {
    case THM_CLIENT_LINE: on_line(t, event->msg); break;
    case THM_CLIENT_ACKED: t->sayings[number_of(event->text)].acked = t->day->lives; break;
    case THM_CLIENT_LOST:
        fail_msg("%u of %s is refused: %s", number_of(event->text), user_of(t->number),
                 thm_error_text(event->code));
        break;
    case THM_CLIENT_STATE:
    case THM_CLIENT_ASKED:
    case THM_CLIENT_RENEWS:
    case THM_CLIENT_ISSUED: break;
    case THM_CLIENT_ENDED:
        if (!t->leaving)
            fail_msg("%s gives up: %s", user_of(t->number), thm_error_text(event->code));
        t->left = true;
    }
}

static void print(void *ctx, const struct thm_piece *piece)
{
    (void)ctx;
    assert_int_equal(piece->len, strlen(piece->text));
}

/* --- a client's life -------------------------------------------------------------------------------- */

void talker_begin(struct day *d, unsigned number, const char *certificate)
{
    struct talker *t = &d->talkers[number];

    t->day = d;
    t->number = number;
    t->node = number == BOARD ? OWN : PEER;
    t->tls_memory = aligned_alloc(16, (thm_client_tls_size() + 15) & ~(size_t)15);
    day_load(&t->credentials, certificate, THM_FOR_CLIENT);
    talker_start(t);
}

void talker_end(struct talker *t)
{
    free(t->tls_memory);
}

void talker_count_handshakes(struct talker *t)
{
    struct thm_tls_usage usage;

    thm_tls_domain_usage(t->client.domain, &usage);
    t->full += usage.full;
    t->resumed += usage.resumed;
}

/* Goes on where it was: its cursors are kept, what was not acknowledged is not. */
static void restore(struct talker *t)
{
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++)
        if (t->kept[i].incarnation != 0)
            assert_int_equal(thm_client_set_cursor(&t->client, t->kept[i].name,
                                                   t->kept[i].incarnation, t->kept[i].n),
                             THM_OK);
    for (unsigned i = 1; i <= t->said; i++)
        t->sayings[i].forgotten |= t->sayings[i].acked == 0;
}

static void keep(struct talker *t)
{
    const char *name;
    uint64_t incarnation, n;

    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++)
        if (thm_client_cursor(&t->client, i, &name, &incarnation, &n)) {
            strcpy(t->kept[i].name, name);
            t->kept[i].incarnation = incarnation;
            t->kept[i].n = n;
        }
}

void talker_start(struct talker *t)
{
    struct world *w = t->day->world;
    const struct thm_client_config config = {
        .port = &t->port.base,
        .credentials = &t->credentials,
        .host = t->number == BOARD ? SERVER : PEER_ADDRESS,
        .number = SERVICE,
        .server_name = SERVER,
        .tag = TAG,
        .tls_memory = t->tls_memory,
        .tls_memory_size = thm_client_tls_size(),
        .on_event = on_event,
        .ctx = t,
    };
    const struct thm_console_config console = {.client = &t->client, .print = print};

    if (t->client.domain)
        talker_count_handshakes(t);
    day_port_init(&t->port, w, w->nodes[t->node].port);
    assert_int_equal(thm_client_init(&t->client, &config), THM_OK);
    thm_console_init(&t->console, &console);
    restore(t);
    assert_int_equal(thm_client_join(&t->client, THM_DEFAULT_ROOM), THM_OK);
    strcpy(t->console.room, THM_DEFAULT_ROOM);
    assert_int_equal(thm_client_start(&t->client, w->now_ms), THM_OK);
}

uint64_t talker_deadline(const struct talker *t)
{
    uint64_t at = thm_client_deadline(&t->client);

    return t->pause_ms != 0 && t->say_at < at ? t->say_at : at;
}

static void say(struct talker *t)
{
    struct day *d = t->day;
    char text[THM_TEXT_MAX];
    size_t len = text_of(t->said + 1, text);
    int code = thm_console_line(&t->console, text, len);

    t->say_at = d->world->now_ms + (code == THM_OK ? 1 + day_draw(d, t->pause_ms) : RETRY_MS);
    assert_true(code == THM_OK || code == THM_E_LIMIT);
    t->said += code == THM_OK;
    assert_true(t->said < SAYINGS_MAX);
}

void talker_step(struct talker *t, const struct thm_event *events, int n)
{
    uint64_t now = t->day->world->now_ms;

    if (t->left)
        return;
    thm_client_step(&t->client, now, events, n);
    if (t->pause_ms != 0 && now >= t->say_at)
        say(t);
    keep(t);
}
