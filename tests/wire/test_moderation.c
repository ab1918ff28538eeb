/* The words of moderation: each is found again, and people are told the same ones as programs. */
#include "unit.h"

#include "thimble/moderation.h"

static void deeds(void **state)
{
    (void)state;
    for (enum thm_deed deed = 0; deed < THM_DEEDS_END; deed++) {
        const char *word = thm_deed_word(deed);
        assert_int_equal(thm_deed_find(word, strlen(word)), deed);
        assert_int_equal(thm_rule_find(word, strlen(word)), THM_RULES_END);
    }
    assert_int_equal(thm_deed_find("kicks", 5), THM_DEEDS_END);
    assert_int_equal(thm_deed_find("kick", 3), THM_DEEDS_END);
    assert_int_equal(thm_deed_find("leave", 5), THM_DEEDS_END); /* nobody may ask for that */
}

static void rules(void **state)
{
    size_t told = 0;

    (void)state;
    for (enum thm_rule rule = 0; rule < THM_RULES_END; rule++) {
        const char *word = thm_rule_word(rule);
        assert_int_equal(thm_rule_find(word, strlen(word)), rule);
        assert_int_equal(thm_deed_find(word, strlen(word)), THM_DEEDS_END);
        assert_non_null(strstr(THM_RULES_TEXT, word));
        told += strlen(word);
    }
    assert_int_equal(strlen(THM_RULES_TEXT),
                     told + strlen(", ") * (THM_RULES_END - 2) + strlen(" or "));
    assert_int_equal(thm_rule_find("", 0), THM_RULES_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deeds),
        cmocka_unit_test(rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
