#include "server/fields.h"

#include <string.h>

#include "util/text.h"
#include "wire/words.h"

#define NAME_MAX_LEN 31

/* --- one line ------------------------------------------------------------------------------- */

static size_t name_len(const char *line, size_t len)
{
    size_t n = 0;

    while (n < len && n <= NAME_MAX_LEN &&
           ((line[n] >= 'a' && line[n] <= 'z') ||
            (n > 0 && ((line[n] >= '0' && line[n] <= '9') || line[n] == '-'))))
        n++;
    return n <= NAME_MAX_LEN ? n : 0;
}

static bool is_value(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (value[i] < ' ' || value[i] > '~')
            return false;
    return len > 0;
}

/* Bytes of the line at `at`, its end included; 0: it is not of the form. `name` receives the bytes of its name. */
static size_t line_at(const struct thm_fields *f, size_t at, size_t *name)
{
    const char *line = f->text + at;
    const char *end = memchr(line, '\n', f->len - at);

    if (end == NULL)
        return 0;
    size_t len = (size_t)(end - line);
    *name = name_len(line, len);
    if (*name == 0 || *name == len || line[*name] != ' ' ||
        !is_value(line + *name + 1, len - *name - 1))
        return 0;
    return len + 1;
}

/* Where a name's line is, and its length; 0: nowhere. */
static size_t find(const struct thm_fields *f, const char *name, size_t len, size_t *where)
{
    size_t n = 0;

    for (size_t at = 0, line; at < f->len && (line = line_at(f, at, &n)) > 0; at += line) {
        if (n != len || memcmp(f->text + at, name, len) != 0)
            continue;
        *where = at;
        return line;
    }
    return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

bool thm_fields_valid(const struct thm_fields *f)
{
    size_t n, first = 0, line;

    if (f->len > sizeof f->text)
        return false;
    for (size_t at = 0; at < f->len; at += line) {
        line = line_at(f, at, &n);
        if (line == 0 || find(f, f->text + at, n, &first) == 0 || first != at)
            return false;
    }
    return true;
}

struct thm_slice thm_fields_get(const struct thm_fields *f, const char *name)
{
    size_t at = 0, len = strlen(name), line = find(f, name, len, &at);

    if (line == 0)
        return (struct thm_slice){"", 0};
    return (struct thm_slice){f->text + at + len + 1, line - len - 2};
}

bool thm_fields_get_num(const struct thm_fields *f, const char *name, uint64_t *value)
{
    struct thm_slice text = thm_fields_get(f, name);

    if (thm_kind_check(THM_KIND_UINT, text.data, text.len, 0, THM_UINT_MAX) != THM_OK)
        return false;
    *value = thm_slice_number(text);
    return true;
}

bool thm_fields_set(struct thm_fields *f, const char *name, const char *value)
{
    size_t len = strlen(name), at = 0, line = find(f, name, len, &at);
    size_t more = value != NULL ? len + 1 + strlen(value) + 1 : 0;

    if (f->len - line + more > sizeof f->text || (value != NULL && !is_value(value, strlen(value))))
        return false;
    if (line == 0)
        at = f->len;
    memmove(f->text + at + more, f->text + at + line, f->len - at - line);
    f->len = (uint16_t)(f->len - line + more);
    if (more == 0)
        return true;
    memcpy(f->text + at, name, len);
    f->text[at + len] = ' ';
    memcpy(f->text + at + len + 1, value, strlen(value));
    f->text[at + more - 1] = '\n';
    return true;
}

bool thm_fields_set_num(struct thm_fields *f, const char *name, uint64_t value)
{
    char digits[24];
    struct thm_text t;

    thm_text_init(&t, digits, sizeof digits);
    thm_text_uint(&t, value, 0);
    return thm_fields_set(f, name, digits);
}
