/* What the bot writes, and whom it obeys. */
#include <string.h>

#include "bot.h"

void bot_append_milli(struct thm_text *t, int32_t milli)
{
    uint32_t tenths = ((uint32_t)(milli < 0 ? -milli : milli) + 50) / 100;
    thm_text_str(t, milli < 0 && tenths > 0 ? "-" : "");
    thm_text_uint(t, tenths / 10, 0);
    thm_text_char(t, '.');
    thm_text_uint(t, tenths % 10, 0);
}

void bot_append_uptime(struct thm_text *t, uint64_t ms)
{
    static const struct {
        uint32_t seconds;
        const char *unit;
    } units[] = {{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}};
    uint64_t seconds = ms / 1000;
    unsigned i = 0;
    while (i < 3 && seconds < units[i].seconds)
        i++;
    thm_text_uint(t, seconds / units[i].seconds, 0);
    thm_text_str(t, units[i].unit);
}

/* --- who may command what ----------------------------------------------------------------------- */

static struct thm_slice next_word(struct thm_slice *text)
{
    struct thm_slice word = *text;
    while (word.len > 0 && word.data[0] == ' ') {
        word.data++;
        word.len--;
    }
    size_t left = word.len;
    const char *end = memchr(word.data, ' ', word.len);
    if (end)
        word.len = (size_t)(end - word.data);
    *text = (struct thm_slice){word.data + word.len, left - word.len};
    return word;
}

static bool same(struct thm_slice a, struct thm_slice b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* "USER" means all devices of a user. */
static bool is_meant(struct thm_slice who, struct thm_slice user, struct thm_slice device)
{
    const char *at = memchr(who.data, '@', who.len);
    if (!at)
        return same(who, user);
    struct thm_slice name = {who.data, (size_t)(at - who.data)};
    struct thm_slice rest = {at + 1, who.len - name.len - 1};
    return same(name, user) && same(rest, device);
}

bool bot_allows(const struct provision *p, struct thm_slice user, struct thm_slice device,
                struct thm_slice command)
{
    for (unsigned i = 0; i < p->allow_count; i++) {
        struct thm_slice list = {p->allows[i].data, p->allows[i].len};
        if (!is_meant(next_word(&list), user, device))
            continue;
        for (struct thm_slice word = next_word(&list); word.len > 0; word = next_word(&list))
            if (same(word, command) || (word.len == 1 && word.data[0] == '*'))
                return true;
    }
    return false;
}
