#include "thimble/moderation.h"

#include <string.h>

#define WORD(name, word) word,
static const char *const deeds[] = {THM_DEEDS(WORD)};
static const char *const rules[] = {THM_RULES(WORD)};
#undef WORD

static unsigned find(const char *const *words, unsigned count, const char *word, size_t len)
{
    unsigned i = 0;

    while (i < count && (strlen(words[i]) != len || memcmp(words[i], word, len) != 0))
        i++;
    return i;
}

const char *thm_deed_word(enum thm_deed deed)
{
    return deed < THM_DEEDS_END ? deeds[deed] : "leave";
}

enum thm_deed thm_deed_find(const char *word, size_t len)
{
    return (enum thm_deed)find(deeds, THM_DEEDS_END, word, len);
}

const char *thm_rule_word(enum thm_rule rule)
{
    return rules[rule];
}

enum thm_rule thm_rule_find(const char *word, size_t len)
{
    return (enum thm_rule)find(rules, THM_RULES_END, word, len);
}
