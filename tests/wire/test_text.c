/*
 * UTF-8, what a terminal is shown of it, and how a long text is cut.
 */
#include "unit.h"

static const struct {
    const char *bytes;
    uint32_t code;
    unsigned used; /* 0: not valid */
} sequences[] = {
    {"a", 'a', 1},
    {"\x7F", 0x7F, 1},
    {"\xC2\x80", 0x80, 2},
    {"\xDF\xBF", 0x7FF, 2},
    {"\xE0\xA0\x80", 0x800, 3},
    {"\xED\x9F\xBF", 0xD7FF, 3},
    {"\xEE\x80\x80", 0xE000, 3},
    {"\xEF\xBF\xBF", 0xFFFF, 3},
    {"\xF0\x90\x80\x80", 0x10000, 4},
    {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
    {"", 0, 0},
    {"\x80", 0, 0}, /* continuation alone */
    {"\xBF", 0, 0},
    {"\xC0\x80", 0, 0}, /* overlong */
    {"\xC1\xBF", 0, 0},
    {"\xE0\x9F\xBF", 0, 0},
    {"\xF0\x8F\xBF\xBF", 0, 0},
    {"\xED\xA0\x80", 0, 0}, /* surrogates */
    {"\xED\xBF\xBF", 0, 0},
    {"\xF4\x90\x80\x80", 0, 0}, /* above U+10FFFF */
    {"\xF8\x88\x80\x80\x80", 0, 0},
    {"\xFE", 0, 0},
    {"\xFF", 0, 0},
    {"\xC3", 0, 0}, /* cut */
    {"\xE2\x82", 0, 0},
    {"\xF0\x9F\x98", 0, 0},
    {"\xC3(", 0, 0}, /* broken */
    {"\xE2\x82(", 0, 0},
    {"\xE2(\xAC", 0, 0},
    {"\xF0\x9F\x98(", 0, 0},
};

static void utf8_sequences(void **state)
{
    uint32_t code;

    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        char bytes[8];
        size_t len = strlen(sequences[i].bytes);
        memset(bytes, 0x80, sizeof bytes); /* what would complete a cut sequence */
        memcpy(bytes, sequences[i].bytes, len);
        assert_int_equal(thm_utf8_next(bytes, len, &code), sequences[i].used);
        if (sequences[i].used > 0)
            assert_int_equal(code, sequences[i].code);
    }
}

static void printable_characters(void **state)
{
    static const uint32_t shown[] = {
        ' ',    '~',    0xA0,   0xE9,   0x300,  0x5D0,  0x6DD,  0x1100, 0x1161,  0x2010,  0x202F,
        0x20AC, 0x2070, 0x4E2D, 0xAC00, 0xF900, 0xFDF0, 0xFFFC, 0xFFFD, 0x1F600, 0x1D172, 0x20000};
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x00, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},       {0x34F, 0x34F},
        {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
        {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
        {0xD800, 0xF8FF},   {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
        {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},   {0x1BCA0, 0x1BCA3},
        {0x1D173, 0x1D17A}, {0x1FFFE, 0x1FFFF}, {0xDFFFE, 0xE0FFF}, {0xEFFFE, 0x10FFFF},
    };

    (void)state;
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        assert_true(thm_utf8_printable(shown[i]));
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        for (uint32_t code = hidden[i].first; code <= hidden[i].last; code++)
            assert_false(thm_utf8_printable(code));
        assert_true(hidden[i].first == 0 || thm_utf8_printable(hidden[i].first - 1));
    }
}

static const struct {
    const char *text, *line, *block; /* raw, shown on one line, shown as it was laid out */
} displayed[] = {
    {"caf\xC3\xA9", "caf\xC3\xA9", "caf\xC3\xA9"},
    {"a\n\tb", "a  b", "a\n\tb"},
    {"\x1B[2J", "\\u{1B}[2J", "\\u{1B}[2J"},
    {"\r", "\\u{D}", "\\u{D}"},
    {"\xC2\x9B", "\\u{9B}", "\\u{9B}"},
    {"a\xE2\x80\xAE"
     "b",
     "a\\u{202E}b", "a\\u{202E}b"},
    {"a\xE2\x80\x8D"
     "b",
     "a\\u{200D}b", "a\\u{200D}b"},
    {"\xEF\xB8\x8F", "\\u{FE0F}", "\\u{FE0F}"},
    {"\xE3\x85\xA4\xE2\x80\x8D", "\\u{3164}\\u{200D}", "\\u{3164}\\u{200D}"},
    {"\xF3\xA0\x81\x81", "\\u{E0041}", "\\u{E0041}"},
    {"\xF4\x8F\xBF\xBF", "\\u{10FFFF}", "\\u{10FFFF}"},
    {"a\xFF\xC3", "a\\x{FF}\\x{C3}", "a\\x{FF}\\x{C3}"},
    {"\xE2\x9D\xA4\xFF\xE2\x80\x8D", "\xE2\x9D\xA4\\x{FF}\\u{200D}",
     "\xE2\x9D\xA4\\x{FF}\\u{200D}"},
    /* emoji of several parts stay whole: a heart, a woman at a computer, a rainbow flag */
    {"\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4\xEF\xB8\x8F"},
    {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
     "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"},
    {"\xF0\x9F\x8F\xB3\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\x8C\x88",
     "\xF0\x9F\x8F\xB3\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\x8C\x88",
     "\xF0\x9F\x8F\xB3\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\x8C\x88"},
    /* but nothing invisible can be stacked on them */
    {"\xE2\x9D\xA4\xE2\x80\x8D\xE2\x80\x8D", "\xE2\x9D\xA4\xE2\x80\x8D\\u{200D}",
     "\xE2\x9D\xA4\xE2\x80\x8D\\u{200D}"},
};

static void display(void **state)
{
    char buf[64];

    (void)state;
    for (size_t i = 0; i < sizeof displayed / sizeof displayed[0]; i++) {
        const char *text = displayed[i].text, *line = displayed[i].line;
        size_t len = thm_text_display(text, strlen(text), false, buf, sizeof buf);
        assert_string_equal(buf, line);
        assert_int_equal(len, strlen(line));
        assert_int_equal(thm_kind_check(THM_KIND_SHORT, buf, len, 0, sizeof buf), THM_OK);
        thm_text_display(text, strlen(text), true, buf, sizeof buf);
        assert_string_equal(buf, displayed[i].block);
    }
}

static void display_is_cut_between_characters(void **state)
{
    static const struct {
        size_t cap;
        const char *expected;
    } cuts[] = {{1, ""},
                {2, "a"},
                {3, "a"},
                {4, "a\xC3\xA9"},
                {8, "a\xC3\xA9"},
                {9, "a\xC3\xA9\\u{7}"},
                {10, "a\xC3\xA9\\u{7}b"},
                {11, "a\xC3\xA9\\u{7}b"}};
    char buf[16];

    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        memset(buf, '~', sizeof buf);
        size_t len = thm_text_display("a\xC3\xA9\x07"
                                      "b",
                                      5, false, buf, cuts[i].cap);
        assert_string_equal(buf, cuts[i].expected);
        assert_int_equal(len, strlen(cuts[i].expected));
        assert_int_equal(buf[cuts[i].cap], '~');
    }
}

static void escaped_length(void **state)
{
    (void)state;
    assert_int_equal(thm_json_escaped_len("", 0), 0);
    assert_int_equal(thm_json_escaped_len("a/\xC3\xA9\x7F", 5), 5);
    assert_int_equal(thm_json_escaped_len("\"\\\n\t", 4), 8);
    assert_int_equal(thm_json_escaped_len("\x01\r\0", 3), 18);
}

static void a_long_text_is_cut_to_fit(void **state)
{
    char text[2 * THM_TEXT_MAX];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(thm_text_fit(text, 5), 5);
    assert_int_equal(thm_text_fit(text, THM_TEXT_MAX), THM_TEXT_MAX);
    assert_int_equal(thm_text_fit(text, sizeof text), THM_TEXT_MAX);
    memcpy(text + THM_TEXT_MAX - 2, "\xF0\x9F\x98\x80", 4);
    assert_int_equal(thm_text_fit(text, sizeof text), THM_TEXT_MAX - 2);
    memset(text, '"', sizeof text);
    assert_int_equal(thm_text_fit(text, sizeof text), THM_TEXT_ESCAPED_MAX / 2);
    memset(text, '\xFF', sizeof text); /* refused later, but it must not stop here */
    assert_int_equal(thm_text_fit(text, sizeof text), THM_TEXT_MAX);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "ab\"\n"[i % 4];
    size_t fit = thm_text_fit(text, sizeof text);
    assert_int_equal(thm_key_check(THM_KEY_TEXT, text, fit), THM_OK);
    assert_int_equal(thm_key_check(THM_KEY_TEXT, text, fit + 1), THM_E_TEXT_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_sequences), cmocka_unit_test(printable_characters),
        cmocka_unit_test(display),        cmocka_unit_test(display_is_cut_between_characters),
        cmocka_unit_test(escaped_length), cmocka_unit_test(a_long_text_is_cut_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
