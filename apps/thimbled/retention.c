#include "retention.h"

#include <stddef.h>
#include <string.h>

#define HOUR_MS    3600000u
#define NUMBER_MAX (UINT64_C(1) << 52) /* what any limit may come to */

static const struct {
    const char *unit;
    uint64_t factor;
    size_t at; /* in struct retention */
} units[] = {
    {"h", HOUR_MS, offsetof(struct retention, age_ms)},
    {"d", UINT64_C(24) * HOUR_MS, offsetof(struct retention, age_ms)},
    {"", 1, offsetof(struct retention, count)},
    {"KB", UINT64_C(1) << 10, offsetof(struct retention, bytes)},
    {"MB", UINT64_C(1) << 20, offsetof(struct retention, bytes)},
    {"GB", UINT64_C(1) << 30, offsetof(struct retention, bytes)},
};

/* One limit, up to a comma or the end. */
static bool parse_limit(const char *text, size_t len, struct retention *out)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; digits < len && text[digits] >= '0' && text[digits] <= '9'; digits++) {
        number = number * 10 + (uint64_t)(text[digits] - '0');
        if (number > NUMBER_MAX)
            return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        uint64_t *limit = (uint64_t *)(void *)((char *)out + units[i].at);
        if (strlen(units[i].unit) != len - digits ||
            memcmp(text + digits, units[i].unit, len - digits) != 0)
            continue;
        if (number == 0 || *limit != 0 || number > NUMBER_MAX / units[i].factor)
            return false;
        *limit = number * units[i].factor;
        return true;
    }
    return false;
}

bool retention_parse(const char *text, struct retention *out)
{
    memset(out, 0, sizeof *out);
    if (strcmp(text, "0") == 0)
        return true;
    for (;;) {
        text += strspn(text, " ");
        size_t len = strcspn(text, ",");
        if (!parse_limit(text, len, out))
            return false;
        if (text[len] == '\0')
            return true;
        text += len + 1;
    }
}
