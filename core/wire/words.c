#include "wire/words.h"

#define DIGITS_MAX 16 /* of THM_UINT_MAX */

bool thm_slice_is(struct thm_slice s, const char *text)
{
    return strlen(text) == s.len && memcmp(s.data, text, s.len) == 0;
}

void thm_slice_copy(char *to, size_t cap, struct thm_slice s)
{
    size_t len = s.len < cap ? s.len : cap - 1;

    memcpy(to, s.data, len);
    to[len] = '\0';
}

struct thm_slice thm_slice_word(struct thm_slice *s)
{
    const char *at = s->data, *end = at + s->len;

    while (at < end && *at != ' ')
        at++;
    struct thm_slice word = {s->data, (size_t)(at - s->data)};
    while (at < end && *at == ' ')
        at++;
    while (at < end && end[-1] == ' ')
        end--;
    *s = (struct thm_slice){at, (size_t)(end - at)};
    return word;
}

uint64_t thm_slice_number(struct thm_slice s)
{
    uint64_t value = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9' || i == DIGITS_MAX)
            return 0;
        value = value * 10 + (uint64_t)(s.data[i] - '0');
    }
    return value;
}

bool thm_msg_is(const struct thm_msg *m, enum thm_key key, const char *text)
{
    return thm_slice_is(thm_msg_get(m, key), text);
}

void thm_msg_copy(const struct thm_msg *m, enum thm_key key, char *to, size_t cap)
{
    thm_slice_copy(to, cap, thm_msg_get(m, key));
}

int thm_msg_code(const struct thm_msg *m, int otherwise)
{
    struct thm_slice word = thm_msg_get(m, THM_KEY_CODE);
    int code = thm_error_from_word(word.data, (unsigned)word.len);

    return code != THM_OK ? code : otherwise;
}
