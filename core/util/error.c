#include "thimble/error.h"

#include <stdint.h>
#include <string.h>

#include "util/text.h"

/* Three columns of one table. Strings without pointers to them: errors are rare, and small boards many. */
static const int8_t codes[] = {THM_OK,
#define CODE(name, code, word, sentence) code,
                               THM_ERRORS(CODE)
#undef CODE
};
#define CODES (sizeof codes / sizeof codes[0])

static const char words[] = "ok\0"
#define WORD(name, code, word, sentence) word "\0"
    THM_ERRORS(WORD)
#undef WORD
    ;
static const char unknown[] = "unknown";

static const char sentences[] = "no error\0"
#define SENTENCE(name, code, word, sentence) sentence "\0"
    THM_ERRORS(SENTENCE)
#undef SENTENCE
        "unknown error";

/* The row of a code, or the one behind the last: "unknown". */
static unsigned row_of(int code)
{
    unsigned row = 0;

    while (row < CODES && codes[row] != code)
        row++;
    return row;
}

const char *thm_error_text(int code)
{
    const char *sentence = thm_text_nth(sentences, row_of(code));

    return *sentence != '\0' ? sentence : thm_error_word(code);
}

const char *thm_error_word(int code)
{
    const char *word = thm_text_nth(words, row_of(code));

    return *word != '\0' ? word : unknown;
}

int thm_error_from_word(const char *word, unsigned len)
{
    const char *at = words;

    for (unsigned row = 0; row < CODES; row++, at += strlen(at) + 1)
        if (len > 0 && strlen(at) == len && memcmp(at, word, len) == 0)
            return codes[row];
    return THM_OK;
}
