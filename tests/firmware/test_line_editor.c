/* The line editor: keys, and what is to be seen after any of them. */
#include "line_editor.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "screen.h"
#include "thimble/wire.h"

#define E_ACUTE "\xc3\xa9"
#define HAN     "\xe6\xbc\xa2"
#define SMILE   "\xf0\x9f\x98\x80"
#define ACCENT  "\xcc\x81" /* written over the character before it */

static struct line_editor e;
static struct screen screen;
static char taken[LINE_EDITOR_LINE + 1];
static unsigned taken_count;
static bool busy; /* lines are not taken */
static const char *prompt;

static void on_write(void *ctx, const char *bytes, size_t len)
{
    assert_ptr_equal(ctx, &screen);
    screen_write(&screen, bytes, len);
}

static bool on_line(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    if (busy)
        return false;
    memcpy(taken, text, len);
    taken[len] = '\0';
    taken_count++;
    return true;
}

static size_t on_prompt(void *ctx, char *buf, size_t cap)
{
    (void)ctx;
    size_t len = strlen(prompt) < cap ? strlen(prompt) : cap - 1;
    memcpy(buf, prompt, len);
    buf[len] = '\0';
    if (len > 0)
        buf[len - 1] = ' ';
    return len;
}

static int begin(void **state)
{
    static const struct line_editor_handler handler = {on_write, on_line, on_prompt};
    (void)state;
    screen_clear(&screen);
    line_editor_init(&e, &handler, &screen);
    taken_count = 0;
    taken[0] = '\0';
    busy = false;
    prompt = "#lobby> ";
    return 0;
}

static void type(const char *keys)
{
    for (; *keys; keys++)
        line_editor_key(&e, (unsigned char)*keys);
}

/* What the row shows, and where the cursor stands. */
static void see(const char *row, unsigned column)
{
    char text[4 * SCREEN_COLUMNS + 8];
    line_editor_show(&e);
    assert_int_equal(screen_text(&screen, screen.row, text, sizeof text), screen.row + 1);
    assert_string_equal(text, row);
    assert_int_equal(screen.column, column);
}

/* --- keys ------------------------------------------------------------------------------------------ */

static void test_typing(void **state)
{
    (void)state;
    see("#lobby>", 8);
    type("helo");
    type("\033[D"
         "l"); /* left */
    see("#lobby> hello", 12);
    type("\r");
    assert_string_equal(taken, "hello");
    see("#lobby>", 8);
    type("\r");
    assert_string_equal(taken, "");
    assert_int_equal(taken_count, 2);
}

static void test_ends_of_line(void **state)
{
    (void)state;
    type("a\r\nb\nc\r\r");
    assert_int_equal(taken_count, 4);
}

static void test_moving(void **state)
{
    static const struct {
        const char *keys, *row;
        unsigned column;
    } table[] = {
        {"one two", "#lobby> one two", 15},
        {"\001", "#lobby> one two", 8},        /* Ctrl-A */
        {"\033[C\006", "#lobby> one two", 10}, /* right, Ctrl-F */
        {"\033[F\002", "#lobby> one two", 14}, /* end, Ctrl-B */
        {"\033OD\033[1;5D", "#lobby> one two", 12},
        {"\004\033[3~", "#lobby> one", 12}, /* Ctrl-D, delete: "two" is "o" now */
    };
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        type(table[i].keys);
        see(table[i].row, table[i].column);
    }
    type(table[5].keys);
    see("#lobby> one o", 12);
    type("\033[H\033[1~\033[7~\033OH");
    see("#lobby> one o", 8);
    type("\033[D\010\177"); /* nothing is before the first */
    see("#lobby> one o", 8);
    type("\033[4~\033[8~\005\033[C\004");
    see("#lobby> one o", 13);
}

static void test_erasing(void **state)
{
    (void)state;
    type("one two  three\033[D\033[D\010");
    see("#lobby> one two  thee", 19);
    type("\027"); /* Ctrl-W: the word before the cursor */
    see("#lobby> one two  ee", 17);
    type("\027");
    see("#lobby> one ee", 12);
    type("\013"); /* Ctrl-K */
    see("#lobby> one", 12);
    type("x\002\025"); /* Ctrl-U: up to the cursor */
    see("#lobby> x", 8);
    type("yz\003"); /* Ctrl-C: all */
    see("#lobby>", 8);
    assert_int_equal(taken_count, 0);
}

static void test_characters(void **state)
{
    (void)state;
    type(E_ACUTE HAN SMILE "e" ACCENT "!");
    see("#lobby> " E_ACUTE HAN SMILE "e!", 15);
    type("\010\010"); /* "!", then the e with its accent */
    see("#lobby> " E_ACUTE HAN SMILE, 13);
    type("\033[D\033[D");
    see("#lobby> " E_ACUTE HAN SMILE, 9);
    type("\004\r");
    assert_string_equal(taken, E_ACUTE SMILE);
}

/* A byte at a time is how they all come; what is no character never gets in. */
static void test_bytes_that_are_refused(void **state)
{
    static const char *const wrong[] = {
        "\x80",             /* begins nothing */
        "\xc0\xaf",         /* overlong */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* beyond Unicode */
        "\xff",
        "\xe2\x80\xae" /* turns the direction */,
        "\xc2\x85" /* a control */,
        "\t",
        "\x0f",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        unsigned bells = screen.bells;
        type(wrong[i]);
        assert_true(screen.bells > bells);
        see("#lobby>", 8);
    }
    type("\xe6\xbc"
         "a\xf0\x9f" HAN); /* cut characters take nothing with them */
    see("#lobby> a" HAN, 11);
}

static void test_sequences_that_mean_nothing(void **state)
{
    (void)state;
    type("\033[5~\033[200~\033[[A\033x\033OP\033[15;2~a");
    see("#lobby> Aa", 10); /* of "\033[[A", as one console sends F1 */
    type("\033\003b\033[\rc");
    assert_string_equal(taken, "b");
    see("#lobby> c", 9);
}

static void test_too_long(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LINE_EDITOR_LINE; i++)
        type("x");
    assert_int_equal(screen.bells, 0);
    type("y");
    assert_int_equal(screen.bells, 1);
    type("\r");
    assert_int_equal(taken_count, 0); /* it is not what was meant, and a line says so */
    char row[4 * SCREEN_COLUMNS];
    screen_text(&screen, screen.row - 1, row, sizeof row);
    assert_non_null(strstr(row, "nothing was sent"));
    type("\010\r");
    assert_int_equal(strlen(taken), LINE_EDITOR_LINE - 1);
    for (unsigned i = 0; i < (LINE_EDITOR_LINE - 2) / 2; i++)
        type(E_ACUTE);
    type("x" E_ACUTE "\r");
    assert_int_equal(taken_count, 1);
}

/* --- former lines ---------------------------------------------------------------------------------- */

static void test_history(void **state)
{
    (void)state;
    type("one\rtwo\rtwo\rthree");
    type("\033[A");
    see("#lobby> two", 11);
    type("\020"); /* Ctrl-P */
    see("#lobby> one", 11);
    type("\033[A"); /* there is no older one */
    assert_int_equal(screen.bells, 1);
    type("\033[B\033[B"); /* what was being typed is still there */
    see("#lobby> three", 13);
    type("\016"); /* Ctrl-N */
    see("#lobby>", 8);
    type("\033[B");
    assert_int_equal(screen.bells, 2);
    type("\033[A\033[A!\r");
    assert_string_equal(taken, "two!");
}

static void test_history_is_small(void **state)
{
    char line[LINE_EDITOR_HISTORY + 1];
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        char text[] = "line 00.";
        text[5] = (char)('0' + i / 10);
        text[6] = (char)('0' + i % 10);
        type(text);
        type("\r");
    }
    for (unsigned i = 0; i < LINE_EDITOR_HISTORY / 9; i++)
        type("\033[A");
    see("#lobby> line 58.", 16); /* the one before it has lost its beginning, so it is gone */
    type("\033[A");
    assert_int_equal(screen.bells, 1);
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    type("\003");
    type(line);
    type("\033[A"); /* would lose what is typed */
    assert_int_equal(screen.bells, 2);
    assert_int_equal(e.len, LINE_EDITOR_HISTORY);
    line[sizeof line - 2] = '\0';
    type("\003");
    type(line);
    type("\r\033[A");
    assert_int_equal(e.len, LINE_EDITOR_HISTORY - 1);
    type("\033[A");
    assert_int_equal(screen.bells, 3); /* it is the only one now */
}

/* --- a line that is not taken yet ------------------------------------------------------------------ */

static void test_waiting(void **state)
{
    (void)state;
    busy = true;
    type("later\r");
    see("#lobby> later", 13);
    line_editor_retry(&e);
    assert_true(line_editor_ready(&e));
    type("x");
    assert_false(line_editor_ready(&e));
    see("#lobby> later", 13);
    busy = false;
    line_editor_retry(&e);
    assert_string_equal(taken, "later");
    see("#lobby> x", 9);
    assert_true(line_editor_ready(&e));
    line_editor_retry(&e);
    assert_int_equal(taken_count, 1);
}

static void test_waiting_is_given_up(void **state)
{
    (void)state;
    busy = true;
    type("never\r\003");
    see("#lobby>", 8);
    busy = false;
    line_editor_retry(&e);
    assert_int_equal(taken_count, 0);
}

/* --- the row --------------------------------------------------------------------------------------- */

static void test_prompt(void **state)
{
    (void)state;
    type("hi");
    see("#lobby> hi", 10);
    prompt = "(offline) #lobby> ";
    line_editor_show(&e);
    see("(offline) #lobby> hi", 20);
    prompt = "(offline, 12 unsent) #a-room-with-a-very-long-name> ";
    line_editor_show(&e);
    see("(offline, 12 unsent) #a-room-with-a-ve hi", 41);
}

static void test_scrolling(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        type("0123456789");
    char text[400];
    line_editor_show(&e);
    screen_text(&screen, screen.row, text, sizeof text);
    assert_memory_equal(text, "#lobby><", 8);
    assert_true(screen.row == 0 && screen.column < SCREEN_COLUMNS - 1);
    type("\001");
    line_editor_show(&e);
    screen_text(&screen, screen.row, text, sizeof text);
    assert_memory_equal(text, "#lobby> 0123456789", 18);
    assert_int_equal(strlen(text), SCREEN_COLUMNS - 1);
    assert_int_equal(text[SCREEN_COLUMNS - 2], '>');
}

/* --- any interleaving ------------------------------------------------------------------------------ */

/* What the line should be: characters and a cursor, by plain arithmetic. */
struct model {
    const char *characters[LINE_EDITOR_LINE];
    size_t count, cursor, bytes;
};

static const char *const alphabet[] = {"a", "b", " ", "z", "!", E_ACUTE, HAN, SMILE};

static void model_erase(struct model *m, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        m->bytes -= strlen(m->characters[i]);
    memmove(m->characters + from, m->characters + to, (m->count - to) * sizeof m->characters[0]);
    m->count -= to - from;
    m->cursor = from;
}

static void model_type(struct model *m, const char *character)
{
    type(character);
    if (m->bytes + strlen(character) > LINE_EDITOR_LINE)
        return;
    memmove(m->characters + m->cursor + 1, m->characters + m->cursor,
            (m->count - m->cursor) * sizeof m->characters[0]);
    m->characters[m->cursor++] = character;
    m->count++;
    m->bytes += strlen(character);
}

static uint32_t random_state;

static unsigned pick(unsigned n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 16) % n;
}

static void model_key(struct model *m)
{
    size_t word = m->cursor;
    switch (pick(40)) {
    case 0: type("\033[H"), m->cursor = 0; break;
    case 1: type("\033[F"), m->cursor = m->count; break;
    case 2: type("\025"), model_erase(m, 0, m->cursor); break;
    case 3: type("\013"), model_erase(m, m->cursor, m->count); break;
    case 4:
        while (word > 0 && m->characters[word - 1][0] == ' ')
            word--;
        while (word > 0 && m->characters[word - 1][0] != ' ')
            word--;
        type("\027"), model_erase(m, word, m->cursor);
        break;
    case 5:
    case 6:
    case 7: type("\033[D"), m->cursor -= m->cursor > 0; break;
    case 8:
    case 9: type("\033[C"), m->cursor += m->cursor < m->count; break;
    case 10: type("\010"), model_erase(m, m->cursor - (m->cursor > 0), m->cursor); break;
    case 11: type("\004"), model_erase(m, m->cursor, m->cursor + (m->cursor < m->count)); break;
    case 12: type("\xc3\xff"); break;
    default:
        for (unsigned n = pick(9); n > 0; n--)
            model_type(m, alphabet[pick(8)]);
        break;
    }
}

/* The row shows the prompt, and of the line as much around the cursor as it says. */
static void check_row(const struct model *m)
{
    const uint32_t *cells = screen.cells[screen.row];
    size_t len = strlen(prompt), left = m->cursor, right = m->cursor, column = screen.column;
    bool more_left = cells[len - 1] == '<', more_right = false;
    for (size_t i = 0; i + 1 < len; i++)
        assert_int_equal(cells[i], prompt[i]);
    while (column > len) { /* to the left of the cursor: what is before it */
        assert_true(left > 0);
        const char *character = m->characters[--left];
        uint32_t code;
        thm_utf8_next(character, strlen(character), &code);
        column -= screen_width(code);
        assert_int_equal(cells[column], code);
    }
    assert_int_equal(column, len);
    assert_int_equal(left > 0, more_left);
    for (column = screen.column; right < m->count; right++) {
        uint32_t code;
        thm_utf8_next(m->characters[right], strlen(m->characters[right]), &code);
        if (cells[column] != code || (column + screen_width(code) > SCREEN_COLUMNS - 2)) {
            more_right = true;
            break;
        }
        column += screen_width(code);
    }
    if (more_right)
        assert_int_equal(cells[column++], '>');
    for (; column < SCREEN_COLUMNS; column++)
        assert_int_equal(cells[column], 0);
}

/* All that was printed stands above it, whole and in order. */
static void check_messages(const char messages[][400], unsigned count)
{
    unsigned row = 0;
    char text[1600];
    for (unsigned i = 0; i < count; i++) {
        row = screen_text(&screen, row, text, sizeof text);
        assert_string_equal(text, messages[i]);
    }
    assert_int_equal(row, screen.row);
}

static void print_one(char message[400], unsigned number)
{
    unsigned len = 0, columns = pick(4) == 0 ? 80 * (1 + pick(3)) : 1 + pick(200);
    memset(message, 0, 400);
    while (columns > 1 && len < 390) {
        const char *character = alphabet[pick(8)];
        strcat(message, character);
        len += (unsigned)strlen(character);
        columns -= columns > 1 && (character == alphabet[6] || character == alphabet[7]) ? 2 : 1;
    }
    message[len] = (char)('0' + number % 10); /* blanks at an end are not seen */
    unsigned cut = len > 0 ? pick(len + 1) : 0;
    while (((unsigned char)message[cut] & 0xc0) == 0x80)
        cut--;
    line_editor_print(&e, message, cut, false);
    line_editor_print(&e, message + cut, len + 1 - cut, true);
}

static void test_any_interleaving(void **state)
{
    static char messages[80][400];
    for (uint32_t seed = 1; seed <= 60; seed++) {
        struct model m = {.count = 0};
        unsigned count = 0;
        begin(state);
        random_state = seed;
        for (unsigned turn = 0; turn < 400; turn++) {
            if (pick(5) == 0 && count < 80) {
                print_one(messages[count], count);
                count++;
            } else {
                model_key(&m);
            }
            if (pick(3) > 0)
                continue;
            line_editor_show(&e);
            assert_int_equal(e.len, m.bytes);
            check_row(&m);
        }
        line_editor_show(&e);
        check_messages(messages, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_typing, begin),
        cmocka_unit_test_setup(test_ends_of_line, begin),
        cmocka_unit_test_setup(test_moving, begin),
        cmocka_unit_test_setup(test_erasing, begin),
        cmocka_unit_test_setup(test_characters, begin),
        cmocka_unit_test_setup(test_bytes_that_are_refused, begin),
        cmocka_unit_test_setup(test_sequences_that_mean_nothing, begin),
        cmocka_unit_test_setup(test_too_long, begin),
        cmocka_unit_test_setup(test_history, begin),
        cmocka_unit_test_setup(test_history_is_small, begin),
        cmocka_unit_test_setup(test_waiting, begin),
        cmocka_unit_test_setup(test_waiting_is_given_up, begin),
        cmocka_unit_test_setup(test_prompt, begin),
        cmocka_unit_test_setup(test_scrolling, begin),
        cmocka_unit_test_setup(test_any_interleaving, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
