/* The former lines of the editor: as many as fit, packed. */
#include "line_editor.h"

#include <string.h>

const char *line_editor_recall(const struct line_editor *e, unsigned index)
{
    const char *at = e->history, *end = e->history + sizeof e->history;
    while (at < end && *at != '\0' && --index > 0)
        at += strlen(at) + 1;
    return at < end && *at != '\0' ? at : NULL;
}

/* The oldest one may have lost its end; then it goes. */
static void drop_cut_line(struct line_editor *e)
{
    size_t end = sizeof e->history;
    while (e->history[end - 1] != '\0')
        e->history[--end] = '\0';
}

bool line_editor_remember(struct line_editor *e, const char *line, size_t len)
{
    if (len >= sizeof e->history)
        return false;
    bool known = memcmp(e->history, line, len) == 0 && e->history[len] == '\0';
    if (known || len == 0)
        return true;
    memmove(e->history + len + 1, e->history, sizeof e->history - len - 1);
    memcpy(e->history, line, len);
    e->history[len] = '\0';
    drop_cut_line(e);
    return true;
}
