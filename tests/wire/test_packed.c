/* The texts of a board that keeps them packed are what they are everywhere else. */
#include <string.h>

#include "unit.h"
#include "thimble/error.h"
#include "util/text.h"

/* From the header as it is written; the functions are compiled from packed copies. */
static const struct {
    int code;
    const char *sentence;
} errors[] = {
#define ROW(name, code, word, sentence) {code, sentence},
    THM_ERRORS(ROW)
#undef ROW
};

#define ERRORS (sizeof errors / sizeof errors[0])

static void every_sentence_is_unpacked_whole(void **state)
{
    char plain[THM_TEXT_PLAIN];

    (void)state;
    for (unsigned i = 0; i < ERRORS; i++)
        assert_string_equal(thm_text_plain(thm_error_text(errors[i].code), plain),
                            errors[i].sentence);
}

static void packing_saves_a_fifth(void **state)
{
    size_t packed = 0, whole = 0;

    (void)state;
    for (unsigned i = 0; i < ERRORS; i++) {
        packed += strlen(thm_error_text(errors[i].code));
        whole += strlen(errors[i].sentence);
    }
    assert_true(5 * packed < 4 * whole);
}

static void other_text_is_its_own_plain_text(void **state)
{
    char plain[THM_TEXT_PLAIN];

    (void)state;
    assert_string_equal(thm_text_plain("", plain), "");
    assert_string_equal(thm_text_plain("~ plain {user}[|]", plain), "~ plain {user}[|]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sentence_is_unpacked_whole),
        cmocka_unit_test(packing_saves_a_fifth),
        cmocka_unit_test(other_text_is_its_own_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
