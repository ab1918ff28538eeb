/*
 * The commands of the console: one table, and what each of them does.
 */
#include "client/console.h"

#define HISTORY_DEFAULT 20

static const struct thm_slice nothing = {"", 0};

/* X(function, type that the server must support, name, brief, arguments, help) */
#define COMMANDS(X)                                                                                \
    X(join, JOIN, "/join", NULL, "#ROOM",                                                          \
      "Enters a room, which is made if need be, and talks there.")                                 \
    X(part, LEAVE, "/part", NULL, "[#ROOM]", "Leaves this room, or another one.")                  \
    X(rooms, ROOMS, "/rooms", NULL, "", "Lists the rooms.")                                        \
    X(list, LIST, "/list", NULL, "", "Lists who is online, and where.")                            \
    X(who, WHO, "/who", NULL, "[#ROOM]", "Lists who is in this room, or in another one.")          \
    X(whois, WHOIS, "/whois", NULL, "NAME", "Tells who is behind a user id or an alias.")          \
    X(whisper, WHISPER, "/whisper", "/w", "USER TEXT",                                             \
      "Says something to one person, or to USER@DEVICE.")                                          \
    X(reply, WHISPER, "/reply", "/r", "TEXT", "Whispers to who whispered last.")                   \
    X(alias, ALIAS, "/alias", NULL, "NAME", "Changes the name that is shown beside your user id.") \
    X(history, HISTORY, "/history", NULL, "[N]", "Shows the last N messages of this room (20).")   \
    X(topic, TOPIC, "/topic", NULL, "[TEXT]", "Shows or sets this room's topic; - takes it away.") \
    X(away, AWAY, "/away", NULL, "[TEXT]",                                                         \
      "Says that you are away; without a text, that you are back.")                                \
    X(status, NONE, "/status", NULL, "", "Tells about the connection and the server.")             \
    X(cmd, CMD, "/cmd", NULL, "DEVICE COMMAND", "Asks a board (USER@DEVICE) to do something.")     \
    X(help, NONE, "/help", NULL, "[COMMAND]", "Lists the commands, or explains one.")              \
    X(quit, NONE, "/quit", NULL, "", "Leaves; a line with just quit does the same.")

#define DECLARE(function, needs, name, brief, usage, help)                                         \
    static int do_##function(struct thm_console *c, struct thm_slice args);
COMMANDS(DECLARE)

#define ROW(function, needs, name, brief, usage, help) {name, brief, usage, help, THM_MSG_##needs},
static const struct thm_command commands[] = {COMMANDS(ROW){NULL, NULL, NULL, NULL, THM_MSG_NONE}};

#define FUNCTION(function, needs, name, brief, usage, help) do_##function,
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

/* Prints "! use name args: why". */
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

static int request_bare(struct thm_console *c, enum thm_type type)
{
    struct thm_msg m;

    thm_msg_init(&m, type);
    return thm_console_ask(c, &m, nothing);
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
    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, code == THM_OK ? "you left " : "you are not in ");
    thm_text_str(&t, room);
    if (code != THM_OK) {
        thm_show_error(c, line);
        return code;
    }
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
    return thm_console_ask(c, &m, nothing);
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
    return thm_console_ask(c, &m, nothing);
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
    return thm_console_ask(c, &m, nothing);
}

static int do_whois(struct thm_console *c, struct thm_slice args)
{
    struct thm_msg m;

    if (args.len == 0)
        return argument_error(c, "/whois", "whom do you mean?");
    thm_msg_init(&m, THM_MSG_WHOIS);
    thm_msg_str(&m, THM_KEY_TEXT, args.data, args.len);
    return thm_console_ask(c, &m, args);
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
    return thm_console_ask(c, &m, args);
}

static int do_away(struct thm_console *c, struct thm_slice args)
{
    struct thm_msg m;

    if (thm_key_check(THM_KEY_AWAY, args.data, args.len) != THM_OK)
        return argument_error(c, "/away", "at most 200 bytes of visible characters");
    thm_msg_init(&m, THM_MSG_AWAY);
    if (args.len > 0)
        thm_msg_str(&m, THM_KEY_AWAY, args.data, args.len);
    int code = thm_console_ask(c, &m, nothing);
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
    return thm_console_ask(c, &m, nothing);
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
    bool ask = client->state == THM_CLIENT_ONLINE && thm_console_supports(c, THM_MSG_STATUS);
    return ask ? request_bare(c, THM_MSG_STATUS) : THM_OK;
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
        if (one == command || (one == NULL && thm_console_supports(c, command->needs)))
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

static int unsupported(struct thm_console *c, const struct thm_command *command)
{
    char line[THM_SHORT_MAX];
    struct thm_text t;

    thm_text_init(&t, line, sizeof line);
    thm_text_str(&t, command->name);
    thm_text_str(&t, ": this server does not support that");
    thm_show_error(c, line);
    return THM_E_COMMAND;
}

/* Prints what was typed. A whisper comes back by itself. */
static void echo(struct thm_console *c, const struct thm_command *command, struct thm_slice line)
{
    struct thm_text t;

    if (!c->config.echo_commands || c->echoed)
        return;
    if (command != NULL && command->needs == THM_MSG_WHISPER)
        return;
    thm_show_begin(c, &t, nothing);
    thm_text_str(&t, "> ");
    thm_show_text(c, &t, THM_STYLE_NOTICE, nothing, line);
}

static int run(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    if (args.len > 0 && command->args[0] == '\0')
        return argument_error(c, command->name, "nothing goes behind it");
    if (!thm_console_supports(c, command->needs))
        return unsupported(c, command);
    return functions[command - commands](c, args);
}

int thm_console_command(struct thm_console *c, struct thm_slice line)
{
    struct thm_slice args = line, word = next_word(&args);
    const struct thm_command *command = word.data[0] == '/' ? find(word) : NULL;

    if (command != NULL && thm_console_must_wait(c, command->needs))
        return THM_E_LIMIT;
    echo(c, command, line);
    int code = command != NULL ? run(c, command, args) : unknown_command(c, word);
    c->echoed = code == THM_E_LIMIT;
    return code;
}
