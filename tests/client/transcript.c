#include "client/transcript.h"

struct thm_console console;
char printed[1 << 20];
size_t printed_len, printed_at;
unsigned pieces;
int offset_minutes;

static void append(const char *text, size_t len)
{
    assert_true(len < sizeof printed - printed_len);
    memcpy(printed + printed_len, text, len);
    printed_len += len;
}

/* Pieces of a line come one after the other; here they become one line. */
static void print(void *ctx, const struct thm_piece *piece)
{
    static bool under_way;

    (void)ctx;
    assert_int_equal(piece->first, !under_way);
    assert_int_equal(strlen(piece->text), piece->len);
    assert_null(strchr(piece->text, '\n'));
    if (piece->first) {
        append(&"mo@pn!d"[piece->style], 1);
        append(piece->room.data, piece->room.len);
        append("|", 1);
    }
    append(piece->text, piece->len);
    if (piece->last)
        append("", 1);
    under_way = !piece->last;
    pieces++;
}

static int utc_offset(void *ctx, uint64_t utc_ms)
{
    (void)ctx, (void)utc_ms;
    return offset_minutes;
}

void forget_printed(void)
{
    printed_len = printed_at = pieces = 0;
}

void expect(const char *text)
{
    assert_string_equal(printed_at < printed_len ? printed + printed_at : "(nothing)", text);
    printed_at += strlen(printed + printed_at) + 1;
}

void expect_nothing(void)
{
    assert_string_equal(printed_at < printed_len ? printed + printed_at : "(nothing)", "(nothing)");
}

void expect_somewhere(const char *text)
{
    bool found = false;

    for (size_t at = printed_at; at < printed_len && !found; at += strlen(printed + at) + 1)
        found = strstr(printed + at, text) != NULL;
    if (!found)
        fail_msg("nowhere printed: %s", text);
}

int type(const char *line)
{
    int code = thm_console_line(&console, line, strlen(line));

    fake_step();
    return code;
}

static void tell_console(const struct thm_client_event *event)
{
    thm_console_event(&console, event);
}

int setup(void **state)
{
    static char parts[THM_CONSOLE_PARTS_MEMORY];
    struct thm_console_config config = {.client = &fake.client,
                                        .print = print,
                                        .utc_offset = utc_offset,
                                        .parts_memory = parts,
                                        .parts_memory_size = sizeof parts};

    (void)state;
    offset_minutes = 0;
    fake_init();
    thm_console_init(&console, &config);
    fake.on_event = tell_console;
    thm_client_join(&fake.client, "#lobby");
    fake_online();
    fake_line(LOBBY "'n':0,'after':0}");
    fake_wait(THM_ACK_DELAY_MS);
    fake_skip_sent();
    forget_printed();
    return 0;
}

int setup_two_rooms(void **state)
{
    setup(state);
    assert_int_equal(type("/join #ops"), THM_OK);
    fake_line(OPS "'n':0,'after':0}");
    assert_int_equal(type("/join lobby"), THM_OK); /* back */
    fake_skip_sent();
    forget_printed();
    return 0;
}

void expect_prompt(const char *expected)
{
    char buf[128];

    assert_int_equal(thm_console_prompt(&console, buf, sizeof buf), strlen(expected));
    assert_string_equal(buf, expected);
}
