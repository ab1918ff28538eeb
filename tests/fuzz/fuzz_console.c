/*
 * A person and a server, both hostile: whatever is typed and whatever a server says, the client sends
 * only valid lines, and the console prints only what a terminal may be shown.
 *
 * The input is a list of lines. The first byte of each says what it is: 'T' typed, 'C' to be completed,
 * 'R' the connection breaks and comes back; all else is a line of the server.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>

#include "client/console.h"

static struct thm_client client;
static struct thm_console console;

static void on_event(void *ctx, const struct thm_client_event *event)
{
    (void)ctx;
    thm_console_event(&console, event);
}

/* Escapes are the wire's business; here it matters that nothing gets past them, and that no piece ends amid a character. */
static void check_printed(void *ctx, const struct thm_piece *piece)
{
    static bool under_way;
    uint32_t code;

    (void)ctx;
    assert(piece->first == !under_way);
    assert(piece->room.len <= THM_ROOM_MAX && strlen(piece->text) == piece->len);
    for (size_t i = 0; i < piece->len;) {
        unsigned n = thm_utf8_next(piece->text + i, piece->len - i, &code);
        assert(n > 0 && code >= 0x20 && !(code >= 0x7F && code <= 0x9F));
        assert(!(code >= 0x202A && code <= 0x202E) && !(code >= 0x2066 && code <= 0x2069));
        i += n;
    }
    under_way = !piece->last;
}

static int random_bytes(struct thm_port *port, void *buf, size_t len)
{
    (void)port;
    memset(buf, 7, len);
    return THM_OK;
}

static int no_clock(struct thm_port *port, uint64_t *utc_ms)
{
    (void)port;
    *utc_ms = 0;
    return THM_E_CLOCK;
}

/* What the client would send must be lines that a server understands. */
static void check_sent(void)
{
    static char line[THM_LINE_MAX];
    struct thm_line_reader reader = {.buf = line};
    struct thm_slice got;
    struct thm_fault fault;
    struct thm_msg m;
    size_t at = 0, taken;

    thm_session_fill(&client);
    while (at < client.out_len) {
        assert(thm_line_feed(&reader, client.phase.session.out + at, client.out_len - at, &taken,
                             &got) == 1);
        at += taken;
        assert(thm_wire_decode((char *)(uintptr_t)got.data, got.len, THM_FROM_CLIENT, &m, &fault) ==
               THM_OK);
    }
    client.out_len = client.out_sent = 0;
    assert(client.queue.in_flight <= THM_WINDOW);
}

static void hear(const char *line, size_t len)
{
    static char bytes[3 * THM_LINE_MAX];

    len = len < sizeof bytes ? len : sizeof bytes - 1;
    memcpy(bytes, line, len);
    bytes[len] = '\n';
    thm_session_take(&client, bytes, len + 1);
}

#define HEAR(text) hear((text), sizeof(text) - 1)

static void come_online(void)
{
    thm_session_reset(&client);
    client.state = THM_CLIENT_LOGIN;
    HEAR("{\"msgtype\":\"auth_reply\",\"status\":\"GRANTED\",\"userid\":\"ali\",\"device\":\"d\"}");
    check_sent();
    HEAR("{\"msgtype\":\"joined\",\"room\":\"@ali\",\"incarnation\":\"0000000000000001\",\"n\":0}");
    HEAR("{\"msgtype\":\"joined\",\"room\":\"#lobby\",\"incarnation\":\"0000000000000001\","
         "\"n\":0}");
}

static void start(void)
{
    static const struct thm_port_ops ops = {.entropy = random_bytes, .utc = no_clock};
    static struct thm_port port = {&ops};
    static char parts[THM_CONSOLE_PARTS * 8192];
    struct thm_console_config config = {.client = &client,
                                        .print = check_printed,
                                        .parts_memory = parts,
                                        .parts_memory_size = sizeof parts,
                                        .echo_commands = true};

    memset(&client, 0, sizeof client);
    client.config.port = &port;
    client.config.credit = THM_CLIENT_CREDIT;
    client.config.on_event = on_event;
    client.next_csn = 1;
    thm_console_init(&console, &config);
    thm_session_reset(&client);
    thm_client_join(&client, THM_DEFAULT_ROOM);
    come_online();
}

static void complete(const char *line, size_t len)
{
    char word[128];

    for (unsigned i = 0; i < 40; i++)
        assert(thm_console_complete(&console, line, len, i, word, sizeof word) < sizeof word);
}

/* The server lets the person into every room asked for, and has had time for all other answers. */
static void answer(void)
{
    char line[THM_LINE_MAX];

    client.now += THM_ANSWER_MS;
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        if (client.streams[i].follow != THM_FOLLOW_ASKED)
            continue;
        int len = snprintf(line, sizeof line,
                           "{\"msgtype\":\"joined\",\"room\":\"%s\","
                           "\"incarnation\":\"0000000000000002\",\"n\":0}",
                           client.streams[i].name);
        hear(line, (size_t)len);
    }
}

static void typed(const char *line, size_t len)
{
    if (thm_console_line(&console, line, len) != THM_E_LIMIT)
        return;
    check_sent();
    answer();
    thm_console_line(&console, line, len);
}

static void act(const char *line, size_t len)
{
    char prompt[80];

    if (len > 0 && line[0] == 'T')
        typed(line + 1, len - 1);
    else if (len > 0 && line[0] == 'C')
        complete(line + 1, len - 1);
    else if (len > 0 && line[0] == 'R')
        come_online();
    else
        hear(line, len);
    check_sent();
    if (client.state != THM_CLIENT_ONLINE)
        come_online();
    assert(thm_console_prompt(&console, prompt, sizeof prompt) < sizeof prompt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;

    start();
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline != NULL ? newline : end) - at);
        act(at, len);
        at += len + 1;
    }
    return 0;
}
