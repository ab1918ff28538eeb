/*
 * The commands of the console: one table, and what each of them does.
 */
#include "client/console.h"
#include "client/direct.h"

#define HISTORY_DEFAULT 20
#define HISTORY_MAX     99999

/* What a moderator asks for: the command's name is the action. */
#if THM_MODERATION
#define MODERATION(X)                                                                              \
    X(room, MODERATE, "/room", NULL, "[RULE]",                                                     \
      "Shows this room's rules, or sets " THM_RULES_TEXT ".")                                      \
    X(moderate, MODERATE, "/invite", NULL, "USER", "Lets a user join this invite-only room.")      \
    X(moderate, MODERATE, "/kick", NULL, "USER [REASON]", "Sends a user away from this room.")     \
    X(moderate, MODERATE, "/ban", NULL, "USER [REASON]", "The same, and keeps the user out.")      \
    X(moderate, MODERATE, "/unban", NULL, "USER", "Lets a banned user join again.")                \
    X(moderate, MODERATE, "/op", NULL, "USER", "Makes a user a moderator of this room.")           \
    X(moderate, MODERATE, "/deop", NULL, "USER", "Takes that back.")
#else
#define MODERATION(X)
#endif

#if THM_CONSOLE_PAGES
#define HISTORY_ARGS "[more] [N]"
#define HISTORY_HELP "Shows the last N messages of this room (20); with more, the N before them."
#define HISTORY_FORM "N is a number from 1 to 99999; more shows what was before"
#else
#define HISTORY_ARGS "[N]"
#define HISTORY_HELP THM_T("Shows the last N messages of this room (20).")
#define HISTORY_FORM THM_T("N is a number from 1 to 99999")
#endif

#if THM_RECEIPTS
#define RECEIPTS_COMMAND(X)                                                                        \
    X(receipts, RECEIPT, "/receipts", NULL, "[LEVEL]",                                             \
      "Shows or sets what whisperers are told: none, delivered or read.")
#else
#define RECEIPTS_COMMAND(X)
#endif

/*
 * X(function, type that the server must support, name, brief, arguments, help)
 *
 * Those that only ask the server are rows of `requests` as well.
 */
#define COMMANDS(X)                                                                                \
    X(join, JOIN, "/join", NULL, "#ROOM",                                                          \
      THM_T("Enters a room, which is made if need be, and talks there."))                          \
    X(part, LEAVE, "/part", NULL, "[#ROOM]", THM_T("Leaves this room, or another one."))           \
    X(request, ROOMS, "/rooms", NULL, "", THM_T("Lists the rooms."))                               \
    X(request, LIST, "/list", NULL, "", THM_T("Lists who is online, and where."))                  \
    X(request, WHO, "/who", NULL, "[#ROOM]",                                                       \
      THM_T("Lists who is in this room, or in another one."))                                      \
    X(request, WHOIS, "/whois", NULL, "NAME", THM_T("Tells who is behind a user id or an alias.")) \
    X(whisper, WHISPER, "/whisper", "/w", THM_T("USER TEXT"),                                      \
      THM_T("Says something to one person, or to USER@DEVICE."))                                   \
    X(reply, WHISPER, "/reply", "/r", "TEXT", THM_T("Whispers to who whispered last."))            \
    RECEIPTS_COMMAND(X)                                                                            \
    X(request, ALIAS, "/alias", NULL, "NAME",                                                      \
      THM_T("Changes the name that is shown beside your user id."))                                \
    X(request, HISTORY, "/history", NULL, HISTORY_ARGS, HISTORY_HELP)                              \
    X(request, TOPIC, "/topic", NULL, "[TEXT]",                                                    \
      THM_T("Shows or sets this room's topic; - takes it away."))                                  \
    X(request, AWAY, "/away", NULL, "[TEXT]",                                                      \
      THM_T("Says that you are away; without a text, that you are back."))                         \
    MODERATION(X)                                                                                  \
    THM_DIRECT_COMMANDS(X)                                                                         \
    X(status, NONE, "/status", NULL, "", THM_T("Tells about the connection and the server."))      \
    X(cmd, CMD, "/cmd", NULL, THM_T("DEVICE COMMAND"),                                             \
      THM_T("Asks a board (USER@DEVICE) to do something."))                                        \
    X(help, NONE, "/help", NULL, "[COMMAND]", THM_T("Lists the commands, or explains one."))       \
    X(quit, NONE, "/quit", NULL, "", THM_T("Leaves; a line with just quit does the same."))

typedef int run_fn(struct thm_console *c, const struct thm_command *command, struct thm_slice args);
static run_fn do_join, do_part, do_request, do_whisper, do_reply, do_status, do_cmd, do_help,
    do_quit;
#if THM_MODERATION
static run_fn do_room, do_moderate;
#endif

#if THM_RECEIPTS
static run_fn do_receipts;
#endif

#if THM_CALLS > 0
static run_fn do_direct;
#endif

#define ROW(function, needs, name, brief, usage, help) {name, brief, usage, help, THM_MSG_##needs},
static const struct thm_command commands[] = {COMMANDS(ROW){NULL, NULL, NULL, NULL, THM_MSG_NONE}};

#define FUNCTION(function, needs, name, brief, usage, help) do_##function,
static run_fn *const functions[] = {COMMANDS(FUNCTION)};

/* Which room a request is about: none, the current one, or the one that is named. */
enum { NOWHERE, HERE, THERE };

/* What is asked for. */
static const struct request {
    uint8_t type;     /* enum thm_type */
    uint8_t where;    /* NOWHERE ... */
    uint8_t key;      /* of the argument; THM_KEYS_END: it has none */
    const char *form; /* of the argument, for who gets it wrong */
} requests[] = {
    {THM_MSG_ROOMS, NOWHERE, THM_KEYS_END, NULL},
    {THM_MSG_LIST, NOWHERE, THM_KEYS_END, NULL},
    {THM_MSG_STATUS, NOWHERE, THM_KEYS_END, NULL},
    {THM_MSG_WHO, THERE, THM_KEYS_END, NULL},
    {THM_MSG_HISTORY, HERE, THM_KEY_COUNT, HISTORY_FORM},
    {THM_MSG_TOPIC, HERE, THM_KEY_TOPIC, THM_T("at most 200 bytes of visible characters")},
    {THM_MSG_AWAY, NOWHERE, THM_KEY_AWAY, THM_T("at most 200 bytes of visible characters")},
    {THM_MSG_WHOIS, NOWHERE, THM_KEY_TEXT, THM_T("whom do you mean?")},
    {THM_MSG_ALIAS, NOWHERE, THM_KEY_ALIAS,
     THM_T("1 to 32 visible characters, no two spaces together")},
};

const struct thm_command *thm_console_commands(void)
{
    return commands;
}

/* --- arguments ------------------------------------------------------------------------------ */

/* Prints how a command is used, and why. */
static int misused(struct thm_console *c, const struct thm_command *command, const char *why)
{
    thm_show_start(c, THM_STYLE_ERROR, THM_T("! use "));
    thm_show_str(c, command->name);
    thm_show_str(c, command->args[0] != '\0' ? " " : "");
    thm_show_str(c, command->args);
    thm_show_str(c, ": ");
    thm_show_str(c, why);
    thm_show_end(c);
    return THM_E_ARGUMENT;
}

/* Reads a room's name, with or without its '#'; without a name it is the current room. Else an error was printed. */
static int read_room(struct thm_console *c, const struct thm_command *command,
                     struct thm_slice name, char room[THM_ROOM_MAX + 1])
{
    struct thm_text t;

    thm_text_init(&t, room, THM_ROOM_MAX + 1);
    if (name.len == 0) {
        thm_text_str(&t, c->room);
        return t.len > 0 ? THM_OK : misused(c, command, THM_T("you are in no room just now"));
    }
    if (name.data[0] != '#')
        thm_text_char(&t, '#');
    thm_text_bytes(&t, name.data, name.len);
    if (t.truncated || room[0] != '#' || thm_key_check(THM_KEY_ROOM, room, t.len) != THM_OK)
        return misused(c, command, THM_T("a room's name is # and up to 32 of a-z 0-9 . _ -"));
    return THM_OK;
}

/* Sets the key of a request to the argument. False: it has not the right form. */
static bool set_argument(struct thm_msg *m, enum thm_key key, struct thm_slice arg)
{
    if (key == THM_KEY_COUNT) {
        uint64_t count = arg.len > 0 ? thm_slice_number(arg) : HISTORY_DEFAULT;
        thm_msg_num(m, key, count);
        return count >= 1 && count <= HISTORY_MAX;
    }
    thm_msg_str(m, key, arg.data, key == THM_KEY_TOPIC && thm_slice_is(arg, "-") ? 0 : arg.len);
    return thm_key_check(key, arg.data, arg.len) == THM_OK;
}

#if THM_CONSOLE_PAGES
/* "more" before the number: what was before the oldest that was shown. Without any, it is the end. */
static struct thm_slice set_before(const struct thm_console *c, struct thm_msg *m,
                                   struct thm_slice args)
{
    struct thm_slice rest = args;
    int place = thm_console_room(c, thm_msg_get(m, THM_KEY_ROOM));

    if (m->type != THM_MSG_HISTORY || !thm_slice_is(thm_slice_word(&rest), "more"))
        return args;
    if (place >= 0 && c->rooms[place].oldest != 0)
        thm_msg_num(m, THM_KEY_BEFORE, c->rooms[place].oldest);
    return rest;
}
#endif

static int request(struct thm_console *c, const struct thm_command *command, enum thm_type type,
                   struct thm_slice args)
{
    const struct request *r = requests;
    char room[THM_ROOM_MAX + 1];
    struct thm_msg m;

    while (r->type != type)
        r++;
    thm_msg_init(&m, type);
    if (r->where != NOWHERE) {
        if (read_room(c, command, r->where == THERE ? args : THM_NOTHING, room) != THM_OK)
            return THM_E_ARGUMENT;
        THM_SET(&m, ROOM, room);
    }
#if THM_CONSOLE_PAGES
    args = set_before(c, &m, args);
#endif
    bool given = args.len > 0 || r->key == THM_KEY_COUNT;
    if (r->form != NULL && !given && command->args[0] != '[')
        return misused(c, command, r->form);
    if (r->form != NULL && given && !set_argument(&m, (enum thm_key)r->key, args))
        return misused(c, command, r->form);
    int code = thm_console_ask(c, &m);
    if (type == THM_MSG_AWAY && code == THM_OK)
        thm_slice_copy(c->away, sizeof c->away, args);
    return code;
}

static int do_request(struct thm_console *c, const struct thm_command *command,
                      struct thm_slice args)
{
    return request(c, command, command->needs, args);
}

/* --- rooms ---------------------------------------------------------------------------------- */

static int do_join(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    char room[THM_ROOM_MAX + 1];

    if (args.len == 0)
        return misused(c, command, THM_T("which room? /rooms lists them"));
    if (read_room(c, command, args, room) != THM_OK)
        return THM_E_ARGUMENT;
    if (thm_client_join(c->config.client, room) != THM_OK) {
        thm_show_error(c, THM_T("you are in as many rooms as can be: leave one with /part #ROOM"),
                       THM_NOTHING);
        return THM_E_ARGUMENT;
    }
    thm_console_to_room(c);
    thm_console_turn_to(c, room);
    return THM_OK;
}

static int do_part(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    char room[THM_ROOM_MAX + 1];

    if (read_room(c, command, args, room) != THM_OK)
        return THM_E_ARGUMENT;
    struct thm_slice name = thm_slice_of(room);
    int code = thm_client_leave(c->config.client, room);
    if (code != THM_OK) {
        thm_show_error(c, THM_T("you are not in {}"), name);
        return code;
    }
    thm_show_notice(c, THM_T("you left {}"), name);
    thm_console_exit(c, name);
    return THM_OK;
}

#if THM_MODERATION
static int ask_room(struct thm_console *c, const struct thm_command *command,
                    struct thm_slice action, struct thm_slice user, struct thm_slice reason)
{
    char room[THM_ROOM_MAX + 1];
    struct thm_msg m;

    if (read_room(c, command, THM_NOTHING, room) != THM_OK)
        return THM_E_ARGUMENT;
    thm_msg_init(&m, THM_MSG_MODERATE);
    THM_SET(&m, ROOM, room);
    if (action.len > 0)
        thm_msg_str(&m, THM_KEY_ACTION, action.data, action.len);
    if (user.len > 0)
        thm_msg_str(&m, THM_KEY_USERID, user.data, user.len);
    if (reason.len > 0)
        thm_msg_str(&m, THM_KEY_REASON, reason.data, reason.len);
    return thm_console_ask(c, &m);
}

static int do_room(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    if (args.len > 0 && thm_rule_find(args.data, args.len) == THM_RULES_END)
        return misused(c, command, "a rule is " THM_RULES_TEXT);
    return ask_room(c, command, args, THM_NOTHING, THM_NOTHING);
}

static int do_moderate(struct thm_console *c, const struct thm_command *command,
                       struct thm_slice args)
{
    struct thm_slice user = thm_slice_word(&args);

    if (thm_key_check(THM_KEY_USERID, user.data, user.len) != THM_OK)
        return misused(c, command, "USER is a user id, as /who and /whois show it");
    if (args.len > 0 && (strchr(command->args, '[') == NULL ||
                         thm_key_check(THM_KEY_REASON, args.data, args.len) != THM_OK))
        return misused(c, command,
                       strchr(command->args, '[') == NULL
                           ? "nothing goes behind USER"
                           : "a reason has at most 200 bytes of visible characters");
    return ask_room(c, command, thm_slice_of(command->name + 1), user, args);
}
#endif

/* --- whispers and commands ---------------------------------------------------------------------- */

static int do_whisper(struct thm_console *c, const struct thm_command *command,
                      struct thm_slice args)
{
    struct thm_slice to = thm_slice_word(&args);
    char target[2 * THM_ID_MAX + 2];

    if (to.len == 0 || args.len == 0)
        return misused(c, command, THM_T("to whom, and what? " THM_SERVER_READS));
    if (thm_key_check(THM_KEY_TO, to.data, to.len) != THM_OK)
        return misused(c, command, THM_T("USER is a user id, as /list and /whois show it"));
    thm_slice_copy(target, sizeof target, to);
    return thm_console_say(c, target, args);
}

static int do_reply(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    if (c->reply_to[0] == '\0')
        return misused(c, command, THM_T("nobody has whispered to you yet"));
    if (args.len == 0)
        return misused(c, command, THM_T("what do you want to say? " THM_SERVER_READS));
    return thm_console_say(c, c->reply_to, args);
}

static int do_cmd(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    struct thm_slice to = thm_slice_word(&args);
    struct thm_msg m;
    struct thm_text id;
    char id_text[24];

    if (args.len == 0 || thm_key_check(THM_KEY_TO, to.data, to.len) != THM_OK)
        return misused(c, command,
                       THM_T("whom, as /list shows it, and what? Most boards know help"));
    thm_text_init(&id, id_text, sizeof id_text);
    thm_text_char(&id, 'c');
    thm_text_uint(&id, ++c->next_id, 0);
    thm_msg_init(&m, THM_MSG_CMD);
    thm_msg_str(&m, THM_KEY_ID, id.data, id.len);
    thm_msg_str(&m, THM_KEY_TO, to.data, to.len);
    thm_msg_str(&m, THM_KEY_TEXT, args.data, args.len);
    return thm_console_ask(c, &m);
}

#if THM_RECEIPTS
static int do_receipts(struct thm_console *c, const struct thm_command *command,
                       struct thm_slice args)
{
    struct thm_client *client = c->config.client;
    int status = THM_RECEIPTS_NONE;

    while (args.len > 0 && status <= THM_RECEIPTS_READ &&
           !thm_slice_is(args, thm_receipt_word((enum thm_receipts)status)))
        status++;
    if (status > THM_RECEIPTS_READ)
        return misused(c, command, "LEVEL is none, delivered or read");
    if (args.len > 0)
        thm_client_set_receipts(client, (enum thm_receipts)status);
    thm_show_notice(c, "receipts for whispers: {}",
                    thm_slice_of(thm_receipt_word(client->config.receipts)));
    return THM_OK;
}
#endif

#if THM_CALLS > 0
int thm_console_misused(struct thm_console *c, const struct thm_command *command, const char *why)
{
    return misused(c, command, why);
}

static int do_direct(struct thm_console *c, const struct thm_command *command,
                     struct thm_slice args)
{
    return thm_direct_command(c, command, args);
}
#endif

/* --- the rest ------------------------------------------------------------------------------- */

static int do_status(struct thm_console *c, const struct thm_command *command,
                     struct thm_slice args)
{
    const struct thm_client *client = c->config.client;

    thm_show_start(c, THM_STYLE_NOTICE, "* ");
    thm_show_str(c, thm_client_state_word((enum thm_client_state)client->state));
    thm_show_with(c, THM_T("[, as {}@]"), thm_slice_of(client->user));
    thm_show_str(c, client->device);
    thm_show_str(c, THM_T("; messages not yet confirmed: "));
    thm_show_uint(c, thm_client_pending(client));
    thm_show_end(c);
    bool known = client->state == THM_CLIENT_ONLINE && thm_console_supports(c, THM_MSG_STATUS);
    return known ? request(c, command, THM_MSG_STATUS, args) : THM_OK;
}

static void show_command(struct thm_console *c, const struct thm_command *command)
{
    const size_t column = 28;

    thm_show_start(c, THM_STYLE_NOTICE, "* ");
    thm_show_str(c, command->name);
    if (command->brief != NULL) {
        thm_show_str(c, ", ");
        thm_show_str(c, command->brief);
    }
    thm_show_str(c, " ");
    thm_show_str(c, command->args);
    while (c->piece.len < column)
        thm_show_str(c, " ");
    thm_show_str(c, " ");
    thm_show_str(c, command->help);
    thm_show_end(c);
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

/* A word that is no command, or a command that the server knows nothing of. */
static int useless(struct thm_console *c, struct thm_slice word, const char *why)
{
    thm_show_start(c, THM_STYLE_ERROR, "! ");
    thm_show_text(c, word);
    thm_show_str(c, ": ");
    thm_show_str(c, why);
    thm_show_end(c);
    return THM_E_COMMAND;
}

static int unknown_command(struct thm_console *c, struct thm_slice word)
{
    struct thm_slice start = {word.data, word.len < 32 ? word.len : 32};

    return useless(c, start, thm_error_text(THM_E_COMMAND));
}

static int do_help(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    const struct thm_command *one = find(args);

    (void)command;
    if (args.len > 0 && one == NULL)
        return unknown_command(c, args);
    if (one != NULL) {
        show_command(c, one);
        return THM_OK;
    }
    for (const struct thm_command *each = commands; each->name; each++)
        if (thm_console_supports(c, each->needs))
            show_command(c, each);
    thm_show_notice(c, THM_T("Anything else is said in the room; //x says /x."), THM_NOTHING);
#if THM_CALLS > 0
    if (c->config.calls != NULL)
        thm_show_notice(c, THM_DIRECT_SECRECY, THM_NOTHING);
    else
#endif
        thm_show_notice(c, THM_T("The server can read all that is said, in private too."),
                        THM_NOTHING);
    return THM_OK;
}

static int do_quit(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    (void)command, (void)args;
    c->quitting = true;
    return THM_OK;
}

/* Prints what was typed. A whisper comes back by itself. */
static void echo(struct thm_console *c, const struct thm_command *command, struct thm_slice line)
{
    if (!c->config.echo_commands || c->echoed)
        return;
    if (command != NULL && command->needs == THM_MSG_WHISPER)
        return;
    thm_show_start(c, THM_STYLE_NOTICE, "> ");
    thm_show_text(c, line);
    thm_show_end(c);
}

static int run(struct thm_console *c, const struct thm_command *command, struct thm_slice args)
{
    if (args.len > 0 && command->args[0] == '\0')
        return misused(c, command, THM_T("nothing goes behind it"));
#if THM_CALLS > 0
    if (command->needs == THM_MSG_REGISTER && c->config.calls == NULL)
        return useless(c, thm_slice_of(command->name), THM_DIRECT_OFF);
#endif
    if (!thm_console_supports(c, command->needs))
        return useless(c, thm_slice_of(command->name), THM_T("this server does not support that"));
    return functions[command - commands](c, command, args);
}

int thm_console_command(struct thm_console *c, struct thm_slice line)
{
    struct thm_slice args = line, word = thm_slice_word(&args);
    const struct thm_command *command = word.data[0] == '/' ? find(word) : NULL;

    if (command != NULL && thm_console_must_wait(c, command->needs))
        return THM_E_LIMIT;
    echo(c, command, line);
    int code = command != NULL ? run(c, command, args) : unknown_command(c, word);
    c->echoed = code == THM_E_LIMIT;
    return code;
}
