/*
 * Direct sessions at the console: what they are called, which of them is the current place, and the commands.
 */
#include "client/direct.h"

#if THM_CALLS > 0

/* --- sessions --- */

enum thm_call_state thm_direct_state(const struct thm_console *c, unsigned call)
{
    return (enum thm_call_state)thm_call_at(c->config.calls, call)->state;
}

static bool is_in(const struct thm_console *c, unsigned call, unsigned states)
{
    return (states >> thm_direct_state(c, call) & 1) != 0;
}

/* Whether a session is one with `who`: a user, or USER@DEVICE. */
static bool is_with(const struct thm_console *c, unsigned call, struct thm_slice who)
{
    const struct thm_identity *peer = &thm_call_at(c->config.calls, call)->peer;
    char text[2 * THM_ID_MAX + 2];
    struct thm_text t;

    if (thm_slice_is(who, c->direct[call].name) || thm_slice_is(who, peer->user))
        return true;
    thm_text_init(&t, text, sizeof text);
    thm_text_str(&t, peer->user);
    thm_text_char(&t, '@');
    thm_text_str(&t, peer->device);
    return thm_slice_is(who, text);
}

unsigned thm_direct_find(const struct thm_console *c, struct thm_slice who, unsigned states)
{
    unsigned found = THM_CALLS;

    for (unsigned i = 0; i < THM_CALLS; i++) {
        if (!is_in(c, i, states) || !is_with(c, i, who))
            continue;
        if (found == THM_CALLS || thm_slice_is(who, c->direct[i].name))
            found = i;
    }
    return found;
}

/* How many are in these states, and one of them. */
static unsigned count(const struct thm_console *c, unsigned states, unsigned *one)
{
    unsigned n = 0;

    for (unsigned i = 0; i < THM_CALLS; i++) {
        if (is_in(c, i, states)) {
            *one = i;
            n++;
        }
    }
    return n;
}

bool thm_direct_is_apart(const struct thm_console *c)
{
    unsigned one;

    return c->config.calls == NULL || count(c, THM_CALLS_ANY, &one) > 0;
}

/* --- the current place --- */

void thm_direct_turn_to(struct thm_console *c, unsigned call)
{
    c->place = (uint8_t)(call + 1);
    c->lapsed = false;
    c->direct[call].unread = 0;
}

static void turn_to_room(struct thm_console *c)
{
    thm_console_to_room(c);
    thm_console_turn_to(c, c->room);
}

bool thm_console_is_direct(const struct thm_console *c)
{
    return c->place > 0;
}

bool thm_console_calling(const struct thm_console *c)
{
    return c->place > 0 && thm_direct_state(c, c->place - 1u) == THM_CALL_CALLING;
}

void thm_console_at_rest(struct thm_console *c)
{
    c->lapsed = false;
}

bool thm_console_hang_up(struct thm_console *c)
{
    return c->place > 0 && thm_call_hang_up(c->config.calls, c->place - 1u) == THM_OK;
}

void thm_direct_prompt(const struct thm_console *c, struct thm_text *t)
{
    enum thm_call_state state = thm_direct_state(c, c->place - 1u);

    thm_text_str(t, c->direct[c->place - 1].name);
    thm_text_str(t, state == THM_CALL_CALLING   ? " (calling)"
                    : state == THM_CALL_MENDING ? " (direct, mending)"
                                                : " (direct)");
}

void thm_direct_prompt_unread(const struct thm_console *c, struct thm_text *t, bool *first)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        if (c->direct[i].unread == 0)
            continue;
        thm_text_str(t, *first ? " [" : ", ");
        thm_text_str(t, c->direct[i].name);
        thm_text_char(t, ' ');
        thm_text_uint(t, c->direct[i].unread, 0);
        *first = false;
    }
}

/* --- saying --- */

int thm_direct_say(struct thm_console *c, struct thm_slice text)
{
    if (c->lapsed) {
        thm_show_error(c, THM_T("not said: the direct session is over; /switch {} goes on there"),
                       thm_slice_of(c->room));
        return THM_E_STATE;
    }
    unsigned call = c->place - 1u;
    bool mending = thm_direct_state(c, call) == THM_CALL_MENDING;
    int code = thm_call_say(c->config.calls, call, text.data, text.len);
    if (code == THM_OK)
        thm_direct_show_own(c, call, text, mending);
    else if (code == THM_E_STATE)
        thm_show_error(
            c, THM_T("not said: {} has not answered yet (/hangup gives it up, /switch leaves it)"),
            thm_slice_of(c->direct[call].name));
    else if (code != THM_E_LIMIT)
        thm_show_error(c, thm_error_text(code), THM_NOTHING);
    return code;
}

/* --- commands --- */

typedef int deed_fn(struct thm_console *c, const struct thm_command *command,
                    struct thm_slice args);

/* The session that a command is about: the one named; else the current one, or the only one, in these states. */
static int choose(struct thm_console *c, const struct thm_command *command, struct thm_slice who,
                  unsigned states, unsigned *call)
{
    if (who.len > 0) {
        *call = thm_direct_find(c, who, states);
        if (*call < THM_CALLS)
            return THM_OK;
        thm_show_error(c,
                       states == THM_CALLS_RINGING
                           ? THM_T("nobody called {} calls: /calls lists who does")
                           : THM_T("there is no direct session with {}: /calls lists them"),
                       who);
        return THM_E_ARGUMENT;
    }
    if (c->place > 0 && is_in(c, c->place - 1u, states)) {
        *call = c->place - 1u;
        return THM_OK;
    }
    switch (count(c, states, call)) {
    case 0:
        thm_show_error(c,
                       states == THM_CALLS_RINGING ? THM_T("nobody calls")
                                                   : THM_T("there is no direct session"),
                       THM_NOTHING);
        return THM_E_ARGUMENT;
    case 1: return THM_OK;
    default: return thm_console_misused(c, command, THM_T("whom? /calls lists them"));
    }
}

static int do_answer(struct thm_console *c, const struct thm_command *command,
                     struct thm_slice args)
{
    unsigned call;

    if (choose(c, command, args, THM_CALLS_RINGING, &call) != THM_OK)
        return THM_E_ARGUMENT;
    thm_direct_turn_to(c, call);
    return thm_call_answer(c->config.calls, call);
}

static int do_decline(struct thm_console *c, const struct thm_command *command,
                      struct thm_slice args)
{
    unsigned call;

    if (choose(c, command, args, THM_CALLS_RINGING, &call) != THM_OK)
        return THM_E_ARGUMENT;
    return thm_call_decline(c->config.calls, call);
}

static int do_hangup(struct thm_console *c, const struct thm_command *command,
                     struct thm_slice args)
{
    unsigned call;

    if (choose(c, command, args, THM_CALLS_ANY, &call) != THM_OK)
        return THM_E_ARGUMENT;
    return thm_call_hang_up(c->config.calls, call);
}

static int dial(struct thm_console *c, const struct thm_command *command, struct thm_slice who)
{
    char target[2 * THM_ID_MAX + 2];
    unsigned call;

    if (thm_key_check(THM_KEY_TO, who.data, who.len) != THM_OK)
        return thm_console_misused(c, command,
                                   THM_T("USER is a user id, as /list and /whois show it"));
    thm_slice_copy(target, sizeof target, who);
    int code = thm_call_dial(c->config.calls, target, &call);
    if (code == THM_OK) {
        if (is_in(c, call, THM_CALLS_ANY))
            thm_direct_turn_to(c, call);
        return THM_OK;
    }
    c->errors++;
    thm_show_error(
        c,
        code == THM_E_STATE ? THM_T("/call: not connected just now: try again in a moment")
        : code == THM_E_LIMIT
            ? THM_T("there are as many direct sessions as can be: end one by /hangup USER")
            : thm_error_text(code),
        THM_NOTHING);
    return THM_E_ARGUMENT;
}

static int do_call(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    unsigned call = THM_CALLS;

    if (args.len == 0)
        return thm_console_misused(c, command, THM_T("whom? /list shows who is online"));
    call = thm_direct_find(c, args, THM_CALLS_ANY);
    if (call == THM_CALLS)
        return dial(c, command, args);
    thm_direct_turn_to(c, call); /* there is one already */
    if (thm_direct_state(c, call) == THM_CALL_RINGING)
        return thm_call_answer(c->config.calls, call);
    return THM_OK;
}

/* --- /calls, /switch, /availability --- */

static int do_calls(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    unsigned one;

    (void)command, (void)args;
    for (unsigned i = 0; i < THM_CALLS; i++) {
        const struct thm_call *call = thm_call_at(c->config.calls, i);
        if (!is_in(c, i, THM_CALLS_ANY))
            continue;
        thm_show_start(c, THM_STYLE_NOTICE, "* ");
        thm_show_str(c, c->direct[i].name);
        thm_show_str(c, call->state == THM_CALL_CALLING   ? THM_T(": being called")
                        : call->state == THM_CALL_RINGING ? THM_T(": calls, /answer or /decline")
                        : call->state == THM_CALL_MENDING ? THM_T(": looking for another path")
                        : call->relayed                   ? THM_T(": by the server's relay")
                                                          : THM_T(": directly"));
        if (c->direct[i].unread > 0) {
            thm_show_str(c, THM_T(", unread: "));
            thm_show_uint(c, c->direct[i].unread);
        }
        thm_show_end(c);
    }
    thm_show_start(c, THM_STYLE_NOTICE, THM_T("-- direct sessions: "));
    thm_show_uint(c, count(c, THM_CALLS_ANY, &one));
    thm_show_end(c);
    return THM_OK;
}

/* The next one in the round of the room and the sessions; THM_CALLS: the room. */
static unsigned next_place(const struct thm_console *c)
{
    unsigned i = c->place;

    while (i < THM_CALLS && !is_in(c, i, THM_CALLS_STANDING | 1 << THM_CALL_CALLING))
        i++;
    return i;
}

/* A room that one is in; its '#' may be left out. */
static bool switch_to_room(struct thm_console *c, struct thm_slice name)
{
    char room[THM_ROOM_MAX + 1];
    struct thm_text t;

    thm_text_init(&t, room, sizeof room);
    if (name.data[0] != '#')
        thm_text_char(&t, '#');
    thm_text_bytes(&t, name.data, name.len);
    if (t.truncated || thm_console_room(c, thm_slice_of(room)) < 0)
        return false;
    thm_console_to_room(c);
    thm_console_turn_to(c, room);
    return true;
}

static int do_switch(struct thm_console *c, const struct thm_command *command,
                     struct thm_slice args)
{
    if (args.len == 0) {
        unsigned next = next_place(c);
        if (next < THM_CALLS)
            thm_direct_turn_to(c, next);
        else if (c->place > 0)
            turn_to_room(c);
        else
            return do_calls(c, command, args);
        return THM_OK;
    }
    unsigned call = thm_direct_find(c, args, THM_CALLS_ANY);
    if (call < THM_CALLS && thm_direct_state(c, call) != THM_CALL_RINGING) {
        thm_direct_turn_to(c, call);
        return THM_OK;
    }
    if (call < THM_CALLS)
        thm_show_error(c, THM_T("{} calls: /answer or /decline"), args);
    else if (switch_to_room(c, args))
        return THM_OK;
    else
        thm_show_error(c,
                       args.data[0] == '#'
                           ? THM_T("you are not in {}: enter it with /join")
                           : THM_T("there is no direct session with {}: /call begins one"),
                       args);
    return THM_E_ARGUMENT;
}

static int do_availability(struct thm_console *c, const struct thm_command *command,
                           struct thm_slice args)
{
    enum thm_availability availability = (enum thm_availability)c->config.calls->availability;

    if (args.len > 0 && !thm_availability_find(args, &availability))
        return thm_console_misused(c, command, THM_T("STATE is available, busy or away"));
    if (args.len > 0)
        thm_calls_set_availability(c->config.calls, availability);
    thm_show_notice(c, THM_T("to who calls you are {}"),
                    thm_slice_of(thm_availability_word(availability)));
    return THM_OK;
}

int thm_direct_command(struct thm_console *c, const struct thm_command *command,
                       struct thm_slice args)
{
    static const struct {
        const char *name;
        deed_fn *deed;
    } deeds[] = {
        {"/call", do_call},
        {"/answer", do_answer},
        {"/decline", do_decline},
        {"/hangup", do_hangup},
        {"/switch", do_switch},
        {"/calls", do_calls},
        {"/verify", thm_direct_verify},
        {"/availability", do_availability},
    };
    unsigned i = 0;

    while (strcmp(deeds[i].name, command->name) != 0)
        i++;
    return deeds[i].deed(c, command, args);
}

#endif
