#include "server/paster.h"

#include <stdio.h>
#include <string.h>

void lines_only(struct rig *r)
{
    memset(r->config.limits, 0, sizeof r->config.limits);
    r->config.limits[THM_LIMIT_LINES] = (struct thm_limit){50, 100};
    r->watched = "paced";
}

void paste(struct peer *p, unsigned from, unsigned count)
{
    char line[96];

    for (unsigned i = from; i < from + count; i++) {
        int len = snprintf(line, sizeof line, "{\"msgtype\":\"say\",\"text\":\"line %u\"}\n", i);
        send_bytes(p, line, (size_t)len);
    }
}

struct wanted {
    struct peer *p;
    unsigned lines; /* in all */
};

static bool has_lines(void *ctx)
{
    const struct wanted *w = ctx;

    return w->p->broken || w->p->count >= w->lines;
}

bool hears(struct peer *p, unsigned lines, uint64_t ms)
{
    struct wanted w = {p, p->next + lines};

    return sim_world_run_until(p->rig->world, has_lines, &w, ms);
}

unsigned read_messages(struct peer *p, unsigned from, unsigned count)
{
    char text[256], want[32];
    unsigned notices = 0;

    for (unsigned i = from; i < from + count;) {
        const char *line = next_line(p);
        if (strstr(line, "\"msgtype\":\"notice\"") != NULL) {
            notices++;
            continue;
        }
        snprintf(want, sizeof want, "line %u", i++);
        assert_string_equal(string_of(line, "text", text), want);
    }
    return notices;
}
