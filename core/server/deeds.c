/* The words of what is done to a user in a room. */
#include <string.h>

#include "thimble/admin.h"

static const char *const deed_words[THM_DEEDS_END] = {
#define DEED_WORD(name, word) word,
    THM_DEEDS(DEED_WORD)
#undef DEED_WORD
};

const char *thm_deed_word(enum thm_deed deed)
{
    return deed < THM_DEEDS_END ? deed_words[deed] : "leave";
}

enum thm_deed thm_deed_find(const char *word, size_t len)
{
    unsigned deed = 0;

    while (deed < THM_DEEDS_END &&
           (strlen(deed_words[deed]) != len || memcmp(deed_words[deed], word, len) != 0))
        deed++;
    return (enum thm_deed)deed;
}
