/*
 * The commands of the console: one table, and what each of them does.
 */
#include "client/console.h"

#define HISTORY_DEFAULT 20

/* X(function, name, brief, arguments, help) */
#define COMMANDS(X)                                                                                \
    X(join, "/join", NULL, "#ROOM", "Enters a room, which is made if need be, and talks there.")   \
    X(part, "/part", NULL, "[#ROOM]", "Leaves this room, or another one.")                         \
    X(rooms, "/rooms", NULL, "", "Lists the rooms.")                                               \
    X(list, "/list", NULL, "", "Lists who is online, and where.")                                  \
    X(who, "/who", NULL, "[#ROOM]", "Lists who is in this room, or in another one.")               \
    X(whois, "/whois", NULL, "NAME", "Tells who is behind a user id or an alias.")                 \
    X(whisper, "/whisper", "/w", "USER TEXT", "Says something to one person, or to USER@DEVICE.")  \
    X(reply, "/reply", "/r", "TEXT", "Whispers to who whispered last.")                            \
    X(alias, "/alias", NULL, "NAME", "Changes the name that is shown beside your user id.")        \
    X(history, "/history", NULL, "[N]", "Shows the last N messages of this room (20).")            \
    X(topic, "/topic", NULL, "[TEXT]", "Shows or sets this room's topic; - takes it away.")        \
    X(away, "/away", NULL, "[TEXT]", "Says that you are away; without a text, that you are back.") \
    X(status, "/status", NULL, "", "Tells about the connection and the server.")                   \
    X(cmd, "/cmd", NULL, "DEVICE COMMAND", "Asks a board (USER@DEVICE) to do something.")          \
    X(help, "/help", NULL, "[COMMAND]", "Lists the commands, or explains one.")                    \
    X(quit, "/quit", NULL, "", "Leaves; a line with just quit does the same.")

#define DECLARE(function, name, brief, usage, help)                                                \
    static int do_##function(struct thm_console *c, struct thm_slice args);
COMMANDS(DECLARE)

#define ROW(function, name, brief, usage, help) {name, brief, usage, help},
static const struct thm_command commands[] = {COMMANDS(ROW){NULL, NULL, NULL, NULL}};

#define FUNCTION(function, name, brief, usage, help) do_##function,
static int (*const functions[])(struct thm_console *c,
                                struct thm_slice args) = {COMMANDS(FUNCTION)};

const struct thm_command *thm_console_commands(void)
{
    return commands;
}

/* --- helpers -------------------------------------------------------------------------------- */

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

/* Takes the first word off `s`. */
static struct thm_slice next_word(struct thm_slice *s)
{
    struct thm_slice word = {s->data, 0};

    while (word.len < s->len && word.data[word.len] != ' ')
        word.len++;
    *s = trim((struct thm_slice){s->data + word.len, s->len - word.len});
    return word;
}

/* Prints "! name args: why". */
static int argument_error(struct thm_console *c, const char *name, const char *why)
{
    char line[THM_SHORT_MAX];
    struct thm_text t;

    thm_text_init(&t, line, sizeof line);
    for (const struct thm_command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) != 0)
            continue;
        thm_text_str(&t, "use ");
        thm_text_str(&t, name);
        thm_text_str(&t, command->args[0] != '\0' ? " " : "");
        thm_text_str(&t, command->args);
        thm_text_str(&t, ": ");
    }
    thm_text_str(&t, why);
    thm_show_error(c, line);
    return THM_E_ARGUMENT;
}

static int code_error(struct thm_console *c, int code)
{
    if (code == THM_E_STATE)
        thm_show_error(c, "not connected just now: try again in a moment");
    else if (code == THM_E_KEY_RANGE)
        thm_show_error(c, "that is too long or has a form that is not allowed there");
    else
        thm_show_error(c, thm_error_text(code));
    return code;
}

int thm_console_say(struct thm_console *c, const char *to, struct thm_slice text)
{
    int code = thm_client_say(c->config.client, to, text.data, text.len, NULL);

    return code == THM_OK || code == THM_E_LIMIT ? code : code_error(c, code);
}

int thm_console_request(struct thm_console *c, const struct thm_msg *m)
{
    int code = thm_client_request(c->config.client, m);

    return code == THM_OK || code == THM_E_LIMIT ? code : code_error(c, code);
}

static int request_bare(struct thm_console *c, enum thm_type type)
{
    struct thm_msg m;

    thm_msg_init(&m, type);
    return thm_console_request(c, &m);
}

/* Reads a room's name, with or without its '#', or takes the current room. False: an error was printed. */
static bool read_room(struct thm_console *c, const char *command, struct thm_slice name,
                      char room[THM_ROOM_MAX + 1])
{
    struct thm_text t;

    thm_text_init(&t, room, THM_ROOM_MAX + 1);
    if (name.len == 0) {
        thm_text_str(&t, c->room);
        if (t.len == 0)
            argument_error(c, command, "you are in no room just now");
        return t.len > 0;
    }
    if (name.data[0] != '#')
        thm_text_char(&t, '#');
    thm_text_bytes(&t, name.data, name.len);
    bool good = !t.truncated && room[0] == '#' &&
                thm_kind_check(THM_KIND_ROOM, room, t.len, 2, THM_ROOM_MAX) == THM_OK;
    if (!good)
        argument_error(c, command, "a room's name is # and up to 32 of a-z 0-9 . _ -");
    return good;
}

/* --- rooms ---------------------------------------------------------------------------------- */

static int do_join(struct thm_console *c, struct thm_slice args)
{
    char room[THM_ROOM_MAX + 1];

    if (args.len == 0)
        return argument_error(c, "/join", "which room? /rooms lists them");
    if (!read_room(c, "/join", args, room))
        return THM_E_ARGUMENT;
    int code = thm_client_join(c->config.client, room);
    if (code != THM_OK) {
        thm_show_error(c, "you are in as many rooms as can be: leave one with /part #ROOM");
        return THM_E_ARGUMENT;
    }
    thm_console_turn_to(c, room);
    return THM_OK;
}

static int do_part(struct thm_console *c, struct thm_slice args)
{
    char room[THM_ROOM_MAX + 1], line[THM_SHORT_MAX];
    struct thm_text t;

    if (!read_room(c, "/part", args, room))
        return THM_E_ARGUMENT;
    int code = thm_client_leave(c->config.client, room);
    if (code != THM_OK)
        return code_error(c, code);
    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, "you left ");
    thm_text_str(&t, room);
    thm_show_notice(c, line);
    thm_console_exit(c, thm_slice_of(room));
    return THM_OK;
}

static int do_rooms(struct thm_console *c, struct thm_slice args)
{
    (void)args;
    return request_bare(c, THM_MSG_ROOMS);
}

static int do_history(struct thm_console *c, struct thm_slice args)
{
    uint64_t count = HISTORY_DEFAULT;
    struct thm_msg m;

    if (c->room[0] == '\0')
        return argument_error(c, "/history", "you are in no room just now");
    if (args.len > 0) {
        count = 0;
        for (size_t i = 0; i < args.len && count < 100000; i++)
            count = args.data[i] >= '0' && args.data[i] <= '9'
                        ? count * 10 + (uint64_t)(args.data[i] - '0')
                        : UINT64_MAX;
        if (count < 1 || count >= 100000)
            return argument_error(c, "/history", "N is a number from 1 to 99999");
    }
    thm_msg_init(&m, THM_MSG_HISTORY);
    THM_SET(&m, ROOM, c->room);
    thm_msg_num(&m, THM_KEY_COUNT, count);
    return thm_console_request(c, &m);
}

static int do_topic(struct thm_console *c, struct thm_slice args)
{
    struct thm_msg m;

    if (c->room[0] == '\0')
        return argument_error(c, "/topic", "you are in no room just now");
    thm_msg_init(&m, THM_MSG_TOPIC);
    THM_SET(&m, ROOM, c->room);
    if (args.len > 0)
        thm_msg_str(&m, THM_KEY_TOPIC, args.data, thm_slice_is(args, "-") ? 0 : args.len);
    return thm_console_request(c, &m);
}

/* --- people --------------------------------------------------------------------------------- */

static int do_list(struct thm_console *c, struct thm_slice args)
{
    (void)args;
    return request_bare(c, THM_MSG_LIST);
}

static int do_who(struct thm_console *c, struct thm_slice args)
{
    char room[THM_ROOM_MAX + 1];
    struct thm_msg m;

    if (!read_room(c, "/who", args, room))
        return THM_E_ARGUMENT;
    thm_msg_init(&m, THM_MSG_WHO);
    THM_SET(&m, ROOM, room);
    return thm_console_request(c, &m);
}

static int do_whois(struct thm_console *c, struct thm_slice args)
{
    struct thm_msg m;

    if (args.len == 0)
        return argument_error(c, "/whois", "whom do you mean?");
    thm_msg_init(&m, THM_MSG_WHOIS);
    thm_msg_str(&m, THM_KEY_TEXT, args.data, args.len);
    return thm_console_request(c, &m);
}

static int whisper(struct thm_console *c, struct thm_slice to, struct thm_slice text)
{
    char target[2 * THM_ID_MAX + 2];

    if (thm_key_check(THM_KEY_TO, to.data, to.len) != THM_OK)
        return argument_error(c, "/whisper", "USER is a user id, as /list and /whois show it");
    thm_slice_copy(target, sizeof target, to);
    return thm_console_say(c, target, text);
}

static int do_whisper(struct thm_console *c, struct thm_slice args)
{
    struct thm_slice to = next_word(&args);

    if (to.len == 0 || args.len == 0)
        return argument_error(c, "/whisper", "to whom, and what? " THM_SERVER_READS);
    return whisper(c, to, args);
}

static int do_reply(struct thm_console *c, struct thm_slice args)
{
    if (c->reply_to[0] == '\0')
        return argument_error(c, "/reply", "nobody has whispered to you yet");
    if (args.len == 0)
        return argument_error(c, "/reply", "what do you want to say? " THM_SERVER_READS);
    return whisper(c, thm_slice_of(c->reply_to), args);
}

static int do_alias(struct thm_console *c, struct thm_slice args)
{
    struct thm_msg m;

    if (thm_key_check(THM_KEY_ALIAS, args.data, args.len) != THM_OK)
        return argument_error(c, "/alias", "1 to 32 visible characters, no two spaces together");
    thm_msg_init(&m, THM_MSG_ALIAS);
    thm_msg_str(&m, THM_KEY_ALIAS, args.data, args.len);
    return thm_console_request(c, &m);
}

static int do_away(struct thm_console *c, struct thm_slice args)
{
    struct thm_msg m;

    if (thm_key_check(THM_KEY_AWAY, args.data, args.len) != THM_OK)
        return argument_error(c, "/away", "at most 200 bytes of visible characters");
    thm_msg_init(&m, THM_MSG_AWAY);
    if (args.len > 0)
        thm_msg_str(&m, THM_KEY_AWAY, args.data, args.len);
    int code = thm_console_request(c, &m);
    if (code == THM_OK)
        thm_slice_copy(c->away, sizeof c->away, args);
    return code;
}

static int do_cmd(struct thm_console *c, struct thm_slice args)
{
    struct thm_slice to = next_word(&args);
    struct thm_msg m;
    struct thm_text id;
    char id_text[24];

    if (args.len == 0 || thm_key_check(THM_KEY_TO, to.data, to.len) != THM_OK)
        return argument_error(c, "/cmd", "DEVICE is USER@DEVICE, as /list shows it");
    thm_text_init(&id, id_text, sizeof id_text);
    thm_text_char(&id, 'c');
    thm_text_uint(&id, ++c->next_id, 0);
    thm_msg_init(&m, THM_MSG_CMD);
    thm_msg_str(&m, THM_KEY_ID, id.data, id.len);
    thm_msg_str(&m, THM_KEY_TO, to.data, to.len);
    thm_msg_str(&m, THM_KEY_TEXT, args.data, args.len);
    return thm_console_request(c, &m);
}

/* --- the rest ------------------------------------------------------------------------------- */

static int do_status(struct thm_console *c, struct thm_slice args)
{
    const struct thm_client *client = c->config.client;
    char line[THM_SHORT_MAX];
    struct thm_text t;

    (void)args;
    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, thm_client_state_word((enum thm_client_state)client->state));
    if (client->user[0] != '\0') {
        thm_text_str(&t, ", as ");
        thm_text_str(&t, client->user);
        thm_text_char(&t, '@');
        thm_text_str(&t, client->device);
    }
    thm_text_str(&t, "; messages not yet confirmed: ");
    thm_text_uint(&t, thm_client_pending(client), 0);
    thm_show_notice(c, line);
    return client->state == THM_CLIENT_ONLINE ? request_bare(c, THM_MSG_STATUS) : THM_OK;
}

static void show_command(struct thm_console *c, const struct thm_command *command)
{
    const size_t column = 26;
    char line[THM_SHORT_MAX];
    struct thm_text t;

    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, command->name);
    if (command->brief != NULL) {
        thm_text_str(&t, ", ");
        thm_text_str(&t, command->brief);
    }
    thm_text_char(&t, ' ');
    thm_text_str(&t, command->args);
    while (t.len < column)
        thm_text_char(&t, ' ');
    thm_text_char(&t, ' ');
    thm_text_str(&t, command->help);
    thm_show_notice(c, line);
}

static bool is_called(struct thm_slice word, const char *name)
{
    return name != NULL && (thm_slice_is(word, name) || thm_slice_is(word, name + 1));
}

/* The command of a name, with or without its slash; or NULL. */
static const struct thm_command *find(struct thm_slice word)
{
    for (const struct thm_command *command = commands; command->name; command++)
        if (is_called(word, command->name) || is_called(word, command->brief))
            return command;
    return NULL;
}

static int unknown_command(struct thm_console *c, struct thm_slice word)
{
    char line[THM_SHORT_MAX];
    struct thm_text t;

    thm_text_init(&t, line, sizeof line);
    thm_show_safe(&t, (struct thm_slice){word.data, word.len < 32 ? word.len : 32});
    thm_text_str(&t, ": ");
    thm_text_str(&t, thm_error_text(THM_E_COMMAND));
    thm_show_error(c, line);
    return THM_E_COMMAND;
}

static int do_help(struct thm_console *c, struct thm_slice args)
{
    const struct thm_command *one = find(args);

    if (args.len > 0 && one == NULL)
        return unknown_command(c, args);
    for (const struct thm_command *command = commands; command->name; command++)
        if (one == NULL || one == command)
            show_command(c, command);
    if (one != NULL)
        return THM_OK;
    thm_show_notice(c, "Anything else is said in the room; //x says /x.");
    thm_show_notice(c, "The server can read all that is said, in private too.");
    return THM_OK;
}

static int do_quit(struct thm_console *c, struct thm_slice args)
{
    (void)args;
    c->quitting = true;
    return THM_OK;
}

int thm_console_command(struct thm_console *c, struct thm_slice line)
{
    struct thm_slice word = next_word(&line);
    const struct thm_command *command = find(word);

    if (command == NULL || word.data[0] != '/')
        return unknown_command(c, word);
    return functions[command - commands](c, line);
}
