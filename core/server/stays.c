#include "server/stays.h"

#include <string.h>

#include "util/text.h"
#include "wire/words.h"

void thm_stays_all(struct thm_stays *s)
{
    *s = (struct thm_stays){.count = 1, .at = {{1, UINT64_MAX}}};
}

bool thm_stays_open(const struct thm_stays *s)
{
    return s->count > 0 && s->at[s->count - 1].last == UINT64_MAX;
}

void thm_stays_begin(struct thm_stays *s, uint64_t head)
{
    if (thm_stays_open(s))
        return;
    if (s->count > 0 && s->at[s->count - 1].last >= head) { /* he has missed nothing */
        s->at[s->count - 1].last = UINT64_MAX;
        return;
    }
    if (s->count == THM_STAYS) {
        memmove(s->at, s->at + 1, sizeof s->at - sizeof s->at[0]);
        s->count--;
    }
    s->at[s->count++] = (struct thm_stay){head + 1, UINT64_MAX};
}

void thm_stays_end(struct thm_stays *s, uint64_t head)
{
    if (!thm_stays_open(s))
        return;
    s->at[s->count - 1].last = head;
    if (s->at[s->count - 1].first > head) /* nothing was said */
        s->count--;
}

uint64_t thm_stays_next(const struct thm_stays *s, uint64_t n)
{
    for (unsigned i = 0; i < s->count; i++)
        if (n <= s->at[i].last)
            return n > s->at[i].first ? n : s->at[i].first;
    return UINT64_MAX;
}

void thm_stays_fit(struct thm_stays *s, uint64_t head)
{
    while (s->count > 0 && s->at[s->count - 1].first > head + 1) {
        bool open = thm_stays_open(s);
        s->count--;
        if (open)
            thm_stays_begin(s, head);
        if (open)
            return;
    }
}

/* A number that ends before `end`; 0: there is none. */
static uint64_t number(const char *from, const char *end)
{
    struct thm_slice digits = {from, (size_t)(end - from)};

    if (thm_kind_check(THM_KIND_UINT, digits.data, digits.len, 1, THM_UINT_MAX) != THM_OK)
        return 0;
    return thm_slice_number(digits);
}

static bool read_one(struct thm_stays *s, struct thm_slice word)
{
    const char *dash = memchr(word.data, '-', word.len), *end = word.data + word.len;
    uint64_t before = s->count > 0 ? s->at[s->count - 1].last : 0;
    struct thm_stay stay;

    if (dash == NULL || s->count == THM_STAYS)
        return false;
    stay.first = number(word.data, dash);
    stay.last = dash + 1 == end ? UINT64_MAX : number(dash + 1, end);
    s->at[s->count++] = stay;
    return stay.first > before && stay.last >= stay.first;
}

bool thm_stays_read(struct thm_stays *s, struct thm_slice text)
{
    bool good = true;

    memset(s, 0, sizeof *s);
    while (good && text.len > 0)
        good = read_one(s, thm_slice_word(&text));
    if (!good)
        memset(s, 0, sizeof *s);
    return good;
}

void thm_stays_print(const struct thm_stays *s, char text[THM_STAYS_TEXT])
{
    struct thm_text t;

    thm_text_init(&t, text, THM_STAYS_TEXT);
    for (unsigned i = 0; i < s->count; i++) {
        if (i > 0)
            thm_text_char(&t, ' ');
        thm_text_uint(&t, s->at[i].first, 0);
        thm_text_char(&t, '-');
        if (s->at[i].last != UINT64_MAX)
            thm_text_uint(&t, s->at[i].last, 0);
    }
}
