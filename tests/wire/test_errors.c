/*
 * Codes, words and sentences of errors: with all sentences, and with those alone that a board's client needs.
 */
#include "unit.h"

static const struct {
    int code;
    const char *word, *sentence;
} errors[] = {
#define ERROR(name, code, word, sentence) {name, word, sentence},
    THM_ERRORS(ERROR)
#undef ERROR
};
#define ERRORS (sizeof errors / sizeof errors[0])

static void codes_words_and_sentences_belong_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < ERRORS; i++) {
        bool said = THM_ALL_SENTENCES || errors[i].sentence[0] != '\0';
        bool told = THM_ALL_SENTENCES || errors[i].word[0] != '\0';
        assert_string_equal(thm_error_word(errors[i].code), told ? errors[i].word : "unknown");
        assert_string_equal(thm_error_text(errors[i].code), said   ? errors[i].sentence
                                                            : told ? errors[i].word
                                                                   : "unknown");
        assert_int_equal(thm_error_from_word(errors[i].word, (unsigned)strlen(errors[i].word)),
                         told ? errors[i].code : THM_OK);
    }
    assert_string_equal(thm_error_word(THM_OK), "ok");
    assert_string_equal(thm_error_text(THM_OK), "no error");
}

static void what_is_not_known_is_said_so(void **state)
{
    (void)state;
    for (int code = -300; code < 300; code++) {
        bool known = code == THM_OK;
        for (size_t i = 0; i < ERRORS; i++)
            known = known || errors[i].code == code;
        if (THM_ALL_SENTENCES || !known)
            assert_int_equal(strcmp(thm_error_word(code), "unknown") == 0, !known);
        assert_int_equal(strcmp(thm_error_text(code), "unknown error") == 0, !known);
    }
    assert_int_equal(thm_error_from_word("revoked", 6), THM_OK);
    assert_int_equal(thm_error_from_word("revoked ", 8), THM_OK);
    assert_int_equal(thm_error_from_word("", 0), THM_OK);
    assert_int_equal(thm_error_from_word("unknown", 7), THM_OK);
}

/* Whatever is sent as `code` and `reason` must be fit to be. */
static void every_error_can_be_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < ERRORS; i++) {
        const char *text = thm_error_text(errors[i].code);
        const char *word = thm_error_word(errors[i].code);
        assert_int_equal(thm_key_check(THM_KEY_CODE, word, strlen(word)), THM_OK);
        assert_int_equal(thm_key_check(THM_KEY_REASON, text, strlen(text)), THM_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_words_and_sentences_belong_together),
        cmocka_unit_test(what_is_not_known_is_said_so),
        cmocka_unit_test(every_error_can_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
