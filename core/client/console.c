#include "client/console.h"
#include "client/direct.h"

void thm_console_init(struct thm_console *c, const struct thm_console_config *config)
{
    memset(c, 0, sizeof *c);
    c->config = *config;
    c->supported = UINT64_MAX; /* until the server says what it does */
    memcpy(c->room, THM_DEFAULT_ROOM, sizeof THM_DEFAULT_ROOM);
    if (THM_CONSOLE_PARTS > 0)
        thm_parts_init(&c->parts, config->parts_memory, config->parts_memory_size,
                       THM_CONSOLE_PARTS);
}

/* --- rooms ---------------------------------------------------------------------------------- */

int thm_console_room(const struct thm_console *c, struct thm_slice name)
{
    for (int i = 0; i < THM_CLIENT_STREAMS; i++)
        if (thm_slice_is(name, c->rooms[i].name))
            return i;
    return -1;
}

#if THM_CONSOLE_PAGES
void thm_console_showed(struct thm_console *c, struct thm_slice room, uint64_t n)
{
    int place = thm_console_room(c, room);

    if (place >= 0 && (c->rooms[place].oldest == 0 || n < c->rooms[place].oldest))
        c->rooms[place].oldest = n;
}
#endif

bool thm_console_enter(struct thm_console *c, struct thm_slice name)
{
    int free_place = thm_console_room(c, thm_slice_of(""));

    if (thm_console_room(c, name) >= 0 || free_place < 0)
        return false;
    thm_slice_copy(c->rooms[free_place].name, sizeof c->rooms[0].name, name);
    c->rooms[free_place].unread = 0;
#if THM_CONSOLE_PAGES
    c->rooms[free_place].oldest = 0;
#endif
    if (c->room[0] == '\0')
        thm_slice_copy(c->room, sizeof c->room, name);
    return true;
}

void thm_console_exit(struct thm_console *c, struct thm_slice name)
{
    int place = thm_console_room(c, name);
    bool current = thm_slice_is(name, c->room);

    if (place >= 0)
        c->rooms[place].name[0] = '\0';
    if (!current)
        return;
    c->room[0] = '\0';
    for (int i = 0; i < THM_CLIENT_STREAMS; i++) {
        if (c->rooms[i].name[0] != '\0') {
            thm_console_turn_to(c, c->rooms[i].name);
            return;
        }
    }
}

void thm_console_turn_to(struct thm_console *c, const char *room)
{
    int place = thm_console_room(c, thm_slice_of(room));

    if (place >= 0 && thm_console_in_room(c))
        c->rooms[place].unread = 0;
    thm_slice_copy(c->room, sizeof c->room, thm_slice_of(room));
}

/* --- typed lines ---------------------------------------------------------------------------- */

int thm_console_line(struct thm_console *c, const char *line, size_t len)
{
    struct thm_slice text = {line, len};

    if (len == 0)
        return THM_OK;
    if (thm_slice_is(text, "quit"))
        return thm_console_command(c, thm_slice_of("/quit"));
    if (line[0] == '/' && !(len > 1 && line[1] == '/'))
        return thm_console_command(c, text);
    size_t escape = line[0] == '/';
    return thm_console_text(c, line + escape, len - escape);
}

size_t thm_console_prompt(const struct thm_console *c, char *buf, size_t cap)
{
    struct thm_text t;
    bool first = true;

    thm_text_init(&t, buf, cap);
#if THM_CALLS > 0
    if (c->place > 0)
        thm_direct_prompt(c, &t);
    else
#endif
        thm_text_str(&t, c->room[0] != '\0' ? c->room : "no room");
    for (int i = 0; i < THM_CLIENT_STREAMS; i++) {
        if (c->rooms[i].name[0] == '\0' || c->rooms[i].unread == 0)
            continue;
        thm_text_str(&t, first ? " [" : ", ");
        thm_text_str(&t, c->rooms[i].name);
        thm_text_char(&t, ' ');
        thm_text_uint(&t, c->rooms[i].unread, 0);
        first = false;
    }
#if THM_CALLS > 0
    thm_direct_prompt_unread(c, &t, &first);
#endif
    thm_text_str(&t, first ? "> " : "]> ");
    return t.len;
}
