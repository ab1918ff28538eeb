/*
 * Base64, and that each value has one form.
 */
#include "unit.h"

#include "util/base64.h"

static const struct {
    const char *bytes, *text;
} vectors[] = {/* RFC 4648, section 10 */
               {"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};

static void the_rfcs_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        size_t len = strlen(vectors[i].bytes), n = 99;
        uint8_t bytes[8];
        char text[16];
        struct thm_text t;
        thm_text_init(&t, text, sizeof text);
        thm_text_base64(&t, (const uint8_t *)vectors[i].bytes, len);
        assert_false(t.truncated);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(t.len, THM_BASE64_LEN(len));
        assert_true(thm_base64_read(text, t.len, bytes, sizeof bytes, &n));
        assert_int_equal(n, len);
        assert_memory_equal(bytes, vectors[i].bytes, len);
    }
}

static void every_character_and_length(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bytes[48], again[48];
    char text[65];
    size_t n;

    (void)state;
    assert_true(thm_base64_read(alphabet, 64, bytes, sizeof bytes, &n));
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct thm_text t;
        thm_text_init(&t, text, sizeof text);
        thm_text_base64(&t, bytes, len);
        assert_memory_equal(text, alphabet, len / 3 * 4);
        assert_true(thm_base64_read(text, t.len, again, len, &n));
        assert_int_equal(n, len);
        assert_memory_equal(again, bytes, len);
        assert_true(len == 0 || !thm_base64_read(text, t.len, again, len - 1, &n));
    }
    for (int c = 0; c < 256; c++) {
        const char one[] = {(char)c, 'A', 'A', 'A'};
        assert_int_equal(thm_base64_read(one, 4, again, sizeof again, &n),
                         c != 0 && strchr(alphabet, c) != NULL);
    }
}

static void other_forms_are_refused(void **state)
{
    static const char *const bad[] = {
        "Z",    "Zg",       "Zg=",   "Zm8",      "Zm9vY",    "=",        "==",
        "===",  "====",     "Z===",  "=Zg=",     "Z=g=",     "Zg==Zg==", "Zg=v",
        "Zh==", "Zv==",     "Zm9=",  "Zm+=",     "Zm9v\n",   " Zm9",     "Zm9vYg==\n",
        "Zm-_", "Zm9v====", "Zg\0=", "Zm9vYh==", "Zm9vYmF=",
    };
    uint8_t bytes[16];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (thm_base64_read(bad[i], strlen(bad[i]), bytes, sizeof bytes, &n))
            fail_msg("taken: %s", bad[i]);
    assert_false(thm_base64_read("Zg\0=", 4, bytes, sizeof bytes, &n));
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
    char text[9];
    struct thm_text t;

    (void)state;
    thm_text_init(&t, text, sizeof text);
    thm_text_base64(&t, (const uint8_t *)"foobar", 6);
    assert_false(t.truncated);
    thm_text_init(&t, text, sizeof text - 1);
    thm_text_base64(&t, (const uint8_t *)"foobar", 6);
    assert_true(t.truncated);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfcs_examples),
        cmocka_unit_test(every_character_and_length),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
