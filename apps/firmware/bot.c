/*
 * The front of a bot: commands come in and results go out, one after the other; values are watched once a second.
 */
#include "bot.h"

#include <string.h>

#include "thimble/board.h"

#define WAITING     2u /* commands at a time: one whose answer can't be sent yet, and one behind it */
#define DEADLINE_MS 60000u /* of a command that states none */
#define CHECK_MS    1000u
#define STATE_MS    10000u /* between two states */
#define NEVER       UINT64_MAX

const char front_name[] = "thimble-bot";

/* A command, and then the answer to it. */
struct request {
    char from[2 * THM_ID_MAX + 2];
    char id[41];
    uint8_t call; /* 1 + the direct session in which it came; 0: by `cmd` */
    bool done;    /* `text` is the answer */
    const char *status, *code;
    uint64_t until; /* ms: nobody waits for the answer any longer */
    struct thm_text text;
    char bytes[BOT_ANSWER];
};

static struct {
    struct request requests[WAITING]; /* oldest first */
    unsigned count;
    uint32_t outside; /* set of watches by index: beyond their limits */
    int trouble;      /* THM_E_*: the loss of the connection as it was said */
    bool in_room;
    bool state_due; /* the room does not know it */
    uint64_t check_at, state_at;
    char room[THM_ROOM_MAX + 1];
    char state[THM_STATE_MAX + 1]; /* as it was set, without the uptime */
} bot;

/* --- results ------------------------------------------------------------------------------------ */

static void say_request(struct firmware *f, const struct request *r, const char *result)
{
    char line[3 * BOT_ANSWER];
    struct thm_text t;
    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, "* ");
    thm_text_str(&t, r->from);
    thm_text_str(&t, result);
    size_t used = t.len;
    thm_text_display(r->text.data, r->text.len, false, line + used, sizeof line - used);
    firmware_say(f, line, NULL, NULL);
}

#if THM_CALLS > 0
/* In a direct session an answer is a line, or is dropped with the session. */
static int say_result(struct firmware *f, const struct request *r)
{
    struct thm_calls *calls = &f->calls.calls;
    int code = thm_call_say(calls, r->call - 1u, r->text.data, r->text.len);
    return code == THM_E_LIMIT ? code : THM_OK;
}
#else
#define say_result(f, r) THM_OK
#endif

static int send_result(struct firmware *f, const struct request *r)
{
    struct thm_msg m;
    if (r->call != 0)
        return say_result(f, r);
    thm_msg_init(&m, THM_MSG_RESULT);
    THM_SET(&m, TO, r->from);
    THM_SET(&m, ID, r->id);
    THM_SET(&m, STATUS, r->status);
    if (r->code)
        THM_SET(&m, CODE, r->code);
    thm_msg_str(&m, THM_KEY_TEXT, r->text.data, r->text.len);
    return thm_client_request(&f->client, &m);
}

static void answer(struct firmware *f, struct request *r, const char *status, const char *code)
{
    r->done = true;
    r->status = status;
    r->code = code;
    say_request(f, r, code ? " -- not done: " : " -- ");
}

/* --- commands ----------------------------------------------------------------------------------- */

static struct thm_slice trim(struct thm_slice s)
{
    while (s.len > 0 && s.data[0] == ' ') {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

static const struct bot_command *find(struct thm_slice name)
{
    for (unsigned i = 0; i < bot_command_count; i++)
        if (strlen(bot_commands[i].name) == name.len &&
            memcmp(bot_commands[i].name, name.data, name.len) == 0)
            return &bot_commands[i];
    return NULL;
}

static void refuse(struct firmware *f, struct request *r, const char *why)
{
    r->text.len = 0;
    thm_text_str(&r->text, why);
    answer(f, r, "refused", thm_error_word(THM_E_NOT_ALLOWED));
}

static void fail(struct firmware *f, struct request *r, int code, const char *why)
{
    r->text.len = 0;
    thm_text_str(&r->text, why);
    answer(f, r, "failed", thm_error_word(code));
}

/* Whether its sender may give it. */
static bool may(const struct firmware *f, const struct request *r, struct thm_slice command)
{
    const char *at = strchr(r->from, '@');
    struct thm_slice user = {r->from, (size_t)(at - r->from)};
    return bot_allows(&f->provision, user, (struct thm_slice){at + 1, strlen(at + 1)}, command);
}

static void run(struct firmware *f, struct request *r)
{
    char line[BOT_ANSWER];
    memcpy(line, r->bytes, sizeof line); /* the answer takes its place */
    struct thm_slice args = trim((struct thm_slice){line, r->text.len}), name = args;
    const char *blank = memchr(args.data, ' ', args.len);
    if (blank) {
        name.len = (size_t)(blank - args.data);
        args = trim((struct thm_slice){blank, args.len - name.len});
    } else {
        args.len = 0;
    }
    const struct bot_command *command = find(name);
    say_request(f, r, ": ");
    if (!may(f, r, name)) {
        refuse(f, r, "this board's list does not allow you that command");
    } else if (f->now > r->until) {
        fail(f, r, THM_E_TIMEOUT, "too late, so it was not done");
    } else if (!command) {
        fail(f, r, THM_E_COMMAND, "there is no such command: help lists them");
    } else {
        r->text.len = 0;
        bool good = command->run(f, args, &r->text);
        answer(f, r, good ? "ok" : "failed", good ? NULL : thm_error_word(THM_E_ARGUMENT));
    }
}

/* Goes on as far as answers can be sent. What nobody waits for any longer is dropped. */
static void proceed(struct firmware *f)
{
    while (bot.count > 0) {
        struct request *r = &bot.requests[0];
        if (!r->done)
            run(f, r);
        if (send_result(f, r) != THM_OK && f->now <= r->until)
            return;
        bot.count--;
        memmove(&bot.requests[0], &bot.requests[1], bot.count * sizeof bot.requests[0]);
        for (unsigned i = 0; i < bot.count; i++)
            bot.requests[i].text.data = bot.requests[i].bytes;
    }
}

static void append(struct thm_text *t, struct thm_slice s)
{
    thm_text_bytes(t, s.data, s.len);
}

/* NULL: there is no place, and nothing is done without an answer. */
static struct request *new_request(struct firmware *f, struct thm_slice user,
                                   struct thm_slice device, struct thm_slice text)
{
    struct thm_text from;
    if (bot.count == WAITING) {
        firmware_say(f, "! too many commands at a time: one was dropped", NULL, NULL);
        return NULL;
    }
    struct request *r = &bot.requests[bot.count++];
    memset(r, 0, sizeof *r);
    thm_text_init(&from, r->from, sizeof r->from);
    append(&from, user);
    thm_text_char(&from, '@');
    append(&from, device);
    r->until = f->now + DEADLINE_MS;
    thm_text_init(&r->text, r->bytes, sizeof r->bytes);
    append(&r->text, text); /* nothing of one that is too long: no such command */
    return r;
}

static void on_cmd(struct firmware *f, const struct thm_msg *m)
{
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID);
    if (!thm_msg_has(m, THM_KEY_FROM) || !thm_msg_has(m, THM_KEY_DEVICE))
        return;
    struct request *r = new_request(f, thm_msg_get(m, THM_KEY_FROM), thm_msg_get(m, THM_KEY_DEVICE),
                                    thm_msg_get(m, THM_KEY_TEXT));
    if (!r)
        return;
    memcpy(r->id, id.data, id.len);
    r->until = f->now + thm_msg_get_num(m, THM_KEY_DEADLINE, DEADLINE_MS);
    proceed(f);
}

#if THM_CALLS > 0
/* --- direct sessions ------------------------------------------------------------------------------ */

const bool front_answers = true;

static struct thm_slice slice_of(const char *text)
{
    return (struct thm_slice){text, strlen(text)};
}

/* What was asked in a session that is over is not answered to the next one. */
static void forget(unsigned call)
{
    for (unsigned i = 0; i < bot.count; i++)
        if (bot.requests[i].call == call + 1)
            bot.requests[i].until = 0;
}

/* Whoever talks to it is proven by TLS, and may command what its list says, as by `cmd`. */
void front_call(struct firmware *f, const struct thm_call_event *e)
{
    if (e->kind == THM_CALL_STANDS)
        firmware_say(f, "* direct session with ", e->peer->user, e->relayed ? ", relayed" : NULL);
    if (e->kind == THM_CALL_TEXT) {
        struct request *r =
            new_request(f, slice_of(e->peer->user), slice_of(e->peer->device), e->text);
        if (r)
            r->call = (uint8_t)(e->call + 1);
        proceed(f);
    }
    if (e->kind == THM_CALL_OVER) {
        forget(e->call);
        firmware_say(f, "* the direct session is over", e->code != THM_OK ? ": " : NULL,
                     e->code != THM_OK ? thm_error_text(e->code) : NULL);
    }
}
#endif

/* --- the room ----------------------------------------------------------------------------------- */

static void set_state(struct firmware *f)
{
    char text[THM_STATE_MAX + 1];
    struct thm_text t;
    struct thm_msg m;
    thm_text_init(&t, text, sizeof text);
    bot_state(&t);
    bot.state_due |= strcmp(text, bot.state) != 0;
    if (!bot.in_room || !bot.state_due || f->now < bot.state_at)
        return;
    size_t len = t.len;
    thm_text_str(&t, ", up ");
    bot_append_uptime(&t, f->now);
    thm_msg_init(&m, THM_MSG_STATE);
    THM_SET(&m, ROOM, bot.room);
    thm_msg_str(&m, THM_KEY_TEXT, text, t.len);
    if (thm_client_request(&f->client, &m) != THM_OK)
        return;
    memcpy(bot.state, text, len);
    bot.state[len] = '\0';
    bot.state_due = false;
    bot.state_at = f->now + STATE_MS;
}

/* Says that a value left its limits or came back. What can't be said now is said at the next check. */
static void watch(struct firmware *f, unsigned index)
{
    const struct bot_watch *w = &bot_watches[index];
    uint32_t bit = UINT32_C(1) << index;
    bool was = (bot.outside & bit) != 0;
    int32_t value, margin = was ? w->hysteresis : 0;
    char text[120];
    struct thm_text t;
    if (!w->read(&value))
        return;
    bool outside = value > w->high - margin || value < w->low + margin;
    if (outside == was)
        return;
    thm_text_init(&t, text, sizeof text);
    thm_text_str(&t, w->name);
    thm_text_char(&t, ' ');
    bot_append_milli(&t, value);
    thm_text_char(&t, ' ');
    thm_text_str(&t, w->unit);
    thm_text_str(&t, !outside ? ": normal again" : value > w->high ? ": above " : ": below ");
    if (outside)
        bot_append_milli(&t, value > w->high ? w->high : w->low);
    if (thm_client_say(&f->client, bot.room, text, t.len, NULL) != THM_OK)
        return;
    bot.outside ^= bit;
    firmware_say(f, "* ", text, NULL);
}

static void on_joined(const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM);
    if (room.len == strlen(bot.room) && memcmp(room.data, bot.room, room.len) == 0)
        bot.in_room = bot.state_due = true;
}

/* --- the connection ----------------------------------------------------------------------------- */

static void say_trouble(struct firmware *f, const struct thm_client_event *event)
{
    char line[2 * THM_SHORT_MAX];
    struct thm_slice reason = {"", 0};
    if (event->code == bot.trouble && event->kind == THM_CLIENT_STATE)
        return; /* that it goes on is no news */
    bot.trouble = event->code;
    if (THM_CLIENT_PASSCODE && event->wrong != THM_SCRAM_OK) {
        firmware_say(f, "! ", thm_scram_text(event->wrong), NULL);
        return;
    }
    if (event->msg)
        reason = thm_msg_get(event->msg, THM_KEY_REASON);
    thm_text_display(reason.data, reason.len, false, line, sizeof line);
    firmware_say(f, "! ", thm_error_text(event->code), reason.len > 0 ? ": " : NULL);
    if (reason.len > 0)
        firmware_say(f, "!   ", line, NULL);
}

static void on_state(struct firmware *f, const struct thm_client_event *event)
{
    if (event->state == THM_CLIENT_ONLINE) {
        bot.trouble = THM_OK;
        firmware_say(f, "* online as ", f->client.user, NULL);
    }
    if (event->state == THM_CLIENT_WAITING) {
        bot.in_room = false;
        say_trouble(f, event);
    }
}

/* --- the front ---------------------------------------------------------------------------------- */

void front_open(struct firmware *f)
{
    (void)f;
}

void front_begin(struct firmware *f)
{
    const struct provision *p = &f->provision;
    memset(&bot, 0, sizeof bot);
    strcpy(bot.room, THM_DEFAULT_ROOM);
    if (p->room_count > 0) {
        memcpy(bot.room, p->rooms[0].data, p->rooms[0].len);
        bot.room[p->rooms[0].len] = '\0';
    }
}

void front_print(struct firmware *f, const char *text, size_t len, bool last)
{
    (void)f;
    thm_board_write(text, len);
    if (last)
        thm_board_write("\r\n", 2);
}

/* What is said in the room is not for a bot. */
void front_event(struct firmware *f, const struct thm_client_event *event)
{
    if (event->kind == THM_CLIENT_STATE)
        on_state(f, event);
    if (event->kind == THM_CLIENT_LINE && event->msg->type == THM_MSG_CMD)
        on_cmd(f, event->msg);
    if (event->kind == THM_CLIENT_LINE && event->msg->type == THM_MSG_JOINED)
        on_joined(event->msg);
    if (event->kind == THM_CLIENT_ENDED && event->code != THM_OK) {
        bot.in_room = false;
        say_trouble(f, event);
    }
}

void front_turn(struct firmware *f)
{
    while (thm_board_getc() >= 0) /* nobody is asked anything here */
        ;
    proceed(f);
    if (f->now < bot.check_at)
        return;
    bot.check_at = f->now + CHECK_MS;
    for (unsigned i = 0; i < bot_watch_count; i++)
        watch(f, i);
    set_state(f);
}
