/*
 * What a value of each kind may be.
 */
#include "unit.h"

#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    enum thm_kind kind;
    const char *value;
    int code;
} cases[] = {
    {THM_KIND_TEXT, "", THM_OK},
    {THM_KIND_TEXT, "a\tb\nc", THM_OK},
    {THM_KIND_TEXT, "a\rb", THM_E_CONTROL},
    {THM_KIND_TEXT, "\x7F", THM_E_CONTROL},
    {THM_KIND_TEXT,
     "\xC2\x9B"
     "2J",
     THM_E_CONTROL}, /* C1: CSI */
    {THM_KIND_TEXT, "\xC2\xA0", THM_OK},
    {THM_KIND_TEXT, "\xE2\x80\xAE", THM_OK},
    {THM_KIND_TEXT, "\xC0\x80", THM_E_UTF8},
    {THM_KIND_SHORT, "", THM_OK},
    {THM_KIND_SHORT, "caf\xC3\xA9 \"\\", THM_OK},
    {THM_KIND_SHORT, "a\nb", THM_E_CONTROL},
    {THM_KIND_SHORT, "a\tb", THM_E_CONTROL},
    {THM_KIND_SHORT, "\xE2\x80\x8B", THM_E_CONTROL},
    {THM_KIND_SHORT, "\xE2\x9D\xA4\xEF\xB8\x8F", THM_OK}, /* heart, emoji style */
    {THM_KIND_SHORT, "\xFF", THM_E_UTF8},
    {THM_KIND_ALIAS, "Ali Baba", THM_OK},
    {THM_KIND_ALIAS, X32, THM_OK},
    {THM_KIND_ALIAS, X32 "x", THM_E_KEY_RANGE},
    {THM_KIND_ALIAS, "", THM_E_KEY_RANGE},
    {THM_KIND_ALIAS, " ali", THM_E_KEY_RANGE},
    {THM_KIND_ALIAS, "ali ", THM_E_KEY_RANGE},
    {THM_KIND_ALIAS, "a  b", THM_E_KEY_RANGE},
    {THM_KIND_ALIAS,
     "a\xC2\xA0"
     "b",
     THM_E_KEY_RANGE},                                 /* no-break space */
    {THM_KIND_ALIAS, "\xE3\x80\x80", THM_E_KEY_RANGE}, /* ideographic space */
    {THM_KIND_ALIAS,
     "a\xE2\x80\x8D"
     "b",
     THM_E_CONTROL}, /* zero-width joiner */
    {THM_KIND_ALIAS, "\xE2\x9D\xA4\xEF\xB8\x8F", THM_E_CONTROL},
    {THM_KIND_ALIAS, "\x80", THM_E_UTF8},
    {THM_KIND_ID, "a", THM_OK},
    {THM_KIND_ID, "0.a_b-c", THM_OK},
    {THM_KIND_ID, X32, THM_OK},
    {THM_KIND_ID, X32 "x", THM_E_KEY_RANGE},
    {THM_KIND_ID, "", THM_E_KEY_RANGE},
    {THM_KIND_ID, "-a", THM_E_KEY_RANGE},
    {THM_KIND_ID, "A", THM_E_KEY_RANGE},
    {THM_KIND_ID, "a b", THM_E_KEY_RANGE},
    {THM_KIND_TARGET, "ali", THM_OK},
    {THM_KIND_TARGET, X32 "@" X32, THM_OK},
    {THM_KIND_TARGET, "@a", THM_E_KEY_RANGE},
    {THM_KIND_TARGET, "a@b@c", THM_E_KEY_RANGE},
    {THM_KIND_TARGET, X32 "x@a", THM_E_KEY_RANGE},
    {THM_KIND_ROOM, "#lobby", THM_OK},
    {THM_KIND_ROOM, "@ali", THM_E_KEY_RANGE},
    {THM_KIND_ROOM, "#", THM_E_KEY_RANGE},
    {THM_KIND_ROOM, "##a", THM_E_KEY_RANGE},
    {THM_KIND_ROOM, "#" X32 "x", THM_E_KEY_RANGE},
    {THM_KIND_STREAM, "#lobby", THM_OK},
    {THM_KIND_STREAM, "@ali", THM_OK},
    {THM_KIND_STREAM, "ali", THM_E_KEY_RANGE},
    {THM_KIND_WORD, "Az09._:-", THM_OK},
    {THM_KIND_WORD, "a b", THM_E_KEY_RANGE},
    {THM_KIND_WORD, "\xC3\xA9", THM_E_KEY_RANGE},
    {THM_KIND_HEX64, "0123456789abcdef", THM_OK},
    {THM_KIND_HEX64, "0123456789abcde", THM_E_KEY_RANGE},
    {THM_KIND_HEX64, "0123456789abcdef0", THM_E_KEY_RANGE},
    {THM_KIND_HEX64, "0123456789abcdeF", THM_E_KEY_RANGE},
    {THM_KIND_UINT, "0", THM_OK},
    {THM_KIND_UINT, "600", THM_OK},
    {THM_KIND_UINT, "601", THM_E_KEY_RANGE},
    {THM_KIND_UINT, "", THM_E_KEY_RANGE},
    {THM_KIND_UINT, "00", THM_E_KEY_RANGE},
    {THM_KIND_UINT, "18446744073709551617", THM_E_KEY_RANGE}, /* 1, if it wrapped */
    {THM_KIND_BOOL, "true", THM_OK},
    {THM_KIND_BOOL, "false", THM_OK},
    {THM_KIND_BOOL, "truE", THM_E_KEY_RANGE},
};

static void forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *value = cases[i].value;
        assert_int_equal(thm_kind_check(cases[i].kind, value, strlen(value), 0, 600),
                         cases[i].code);
    }
}

static void lengths(void **state)
{
    (void)state;
    assert_int_equal(thm_kind_check(THM_KIND_SHORT, "abc", 3, 3, 3), THM_OK);
    assert_int_equal(thm_kind_check(THM_KIND_SHORT, "abc", 3, 4, 9), THM_E_KEY_RANGE);
    assert_int_equal(thm_kind_check(THM_KIND_SHORT, "abc", 3, 0, 2), THM_E_KEY_RANGE);
    assert_int_equal(thm_kind_check(THM_KIND_TEXT, "abc", 3, 0, 2), THM_E_TEXT_LONG);
    assert_int_equal(thm_kind_check(THM_KIND_WORD, "", 0, 1, 2), THM_E_KEY_RANGE);
    assert_int_equal(thm_key_check(THM_KEY_EVENT, "joined", 6), THM_OK);
    assert_int_equal(thm_key_check(THM_KEY_EVENT, "12345678901234567", 17), THM_E_KEY_RANGE);
    assert_int_equal(thm_key_check(THM_KEY_PART, "64", 2), THM_OK);
    assert_int_equal(thm_key_check(THM_KEY_PART, "65", 2), THM_E_KEY_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
