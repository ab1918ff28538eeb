#include "thimble/error.h"

#include <string.h>

static const struct {
    int code;
    const char *word;
    const char *sentence;
} errors[] = {{THM_OK, "ok", "no error"},
#define THM_ERROR_ROW(name, code, word, sentence) {(code), (word), (sentence)},
              THM_ERRORS(THM_ERROR_ROW)
#undef THM_ERROR_ROW
};

#define ERROR_COUNT (sizeof errors / sizeof errors[0])

const char *thm_error_text(int code)
{
    for (size_t i = 0; i < ERROR_COUNT; i++)
        if (errors[i].code == code)
            return errors[i].sentence;
    return "unknown error";
}

const char *thm_error_word(int code)
{
    for (size_t i = 0; i < ERROR_COUNT; i++)
        if (errors[i].code == code)
            return errors[i].word;
    return "unknown";
}

int thm_error_from_word(const char *word, unsigned len)
{
    for (size_t i = 0; i < ERROR_COUNT; i++)
        if (strlen(errors[i].word) == len && memcmp(errors[i].word, word, len) == 0)
            return errors[i].code;
    return THM_OK;
}
