#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thimble/config.h"
#include "thimble/port_posix.h"
#include "thimble/wire.h"

#include "exit_codes.h"
#include "files.h"
#include "report.h"

#define TEXT_OF_VALUE(x) #x
#define TEXT_OF(x)       TEXT_OF_VALUE(x)
#define AT(member)       offsetof(struct settings, member)

static const struct option_row table[] = {
    {"host", 'h', OPTION_TEXT, AT(host), "HOST", "localhost", 0, 0, "name or address to dial"},
    {"port", 'p', OPTION_NUMBER, AT(port), "PORT", "8443", 1, 65535, "its TCP port"},
    {"server-name", 0, OPTION_TEXT, AT(server_name), "NAME", NULL, 0, 0,
     "name that its certificate must carry (default HOST)"},
    {"cafile", 0, OPTION_FILE, AT(cafile), "FILE", NULL, 0, 0, "the CA to trust, one or two"},
    {"cert", 0, OPTION_FILE, AT(cert), "FILE", NULL, 0, 0, "this device's certificate"},
    {"key", 0, OPTION_FILE, AT(key), "FILE", NULL, 0, 0,
     "its key (default: FILE.key for FILE.crt)"},
    {"device", 0, OPTION_TEXT, AT(device), "NAME", NULL, 0, 0,
     "use USER@NAME.crt and .key beside --cert"},
    {"alias", 0, OPTION_TEXT, AT(alias), "NAME", NULL, 0, 0, "name shown beside the user id"},
    {"room", 0, OPTION_LIST, AT(rooms), "'#NAME'", THM_DEFAULT_ROOM, 0, 0,
     "room to enter; may be repeated"},
    {"json", 0, OPTION_FLAG, AT(json), NULL, NULL, 0, 0, "print each event as a line of JSON"},
    {"count", 'C', OPTION_NUMBER, AT(count), "N", NULL, 1, 1000000000, "leave after N messages"},
    {"seconds", 'W', OPTION_NUMBER, AT(seconds), "SECONDS", NULL, 1, 31536000,
     "leave after that time"},
    {"connect-timeout", 0, OPTION_NUMBER, AT(connect_timeout), "SECONDS", "10", 0, 31536000,
     "without a terminal, until the first connection; 0: no end"},
    {"passcode-file", 0, OPTION_FILE, AT(passcode_file), "FILE", NULL, 0, 0,
     "holds the passcode, where the server asks for one"},
    {"receipts", 0, OPTION_CHOICE, AT(receipts), "none|delivered|read", "delivered", 0, 0,
     "what whisperers are told: that you have it, or read it"},
    {"listen", 0, OPTION_TEXT, AT(listen), "[ADDR:]PORT", NULL, 0, 0,
     "where others call directly (default: 65000, or the next free one)"},
    {"no-listen", 0, OPTION_FLAG, AT(no_listen), NULL, NULL, 0, 0,
     "nobody calls directly, only by the server's relay"},
    {"known-as", 0, OPTION_NUMBER, AT(known_as), "PORT", NULL, 1, 65535,
     "what others are told to call, behind a port forwarding"},
    {"relay-only", 0, OPTION_FLAG, AT(relay_only), NULL, NULL, 0, 0,
     "neither call directly nor be called so: nobody sees this address"},
    {"auto-answer", 0, OPTION_FLAG, AT(auto_answer), NULL, NULL, 0, 0, "answer who calls at once"},
    {"terminal", 0, OPTION_FLAG, AT(terminal), NULL, NULL, 0, 0,
     "no chat: ask for a user to call, and talk"},
    {"state", 0, OPTION_FILE, AT(state), "DIR", NULL, 0, 0,
     "where history, alias and lock are kept"},
    {"no-color", 0, OPTION_FLAG, AT(no_color), NULL, NULL, 0, 0, "print without colours"},
    {"config", 0, OPTION_FILE, AT(config), "FILE", NULL, 0, 0, "read this configuration file"},
    {0}};

static struct program program = {
    .name = "thimble",
    .synopsis = "[OPTION]...\n       thimble join TOKEN|- [OPTION]...",
    .purpose =
        "Chats in the rooms of a thimble server. At a terminal, /help lists the commands; without\n"
        "one, each line of standard input is sent and each message printed.\n"
        "thimble join gets in by an invitation: see thimble join --help.",
    .table = table,
    .exit_codes = OF_CLIENT};

/* "DIR/USER@NAME.crt" for "DIR/USER@OLD.crt"; NULL when the file is not called like that. */
static char *cert_of_device(const char *cert, const char *device)
{
    const char *slash = strrchr(cert, '/');
    const char *file = slash ? slash + 1 : cert;
    const char *at = strchr(file, '@');
    size_t len = strlen(cert);
    if (!at || len < 4 || strcmp(cert + len - 4, ".crt") != 0)
        return NULL;
    return text_format("%.*s@%s.crt", (int)(at - cert), cert, device);
}

static int choose_device(struct settings *s)
{
    if (thm_key_check(THM_KEY_DEVICE, s->device, strlen(s->device)) != THM_OK)
        return report_fail(
            EXIT_USAGE, "'%s' is no device: use 1 to 32 of a-z 0-9 . _ - (a letter or digit first)",
            s->device);
    char *cert = cert_of_device(s->cert, s->device);
    if (!cert)
        return report_fail(
            EXIT_USAGE, "%s is not called USER@DEVICE.crt, so --device can't find %s: give --cert",
            s->cert, s->device);
    if (strcmp(cert, s->cert) == 0) {
        free(cert);
        return OPTIONS_OK;
    }
    s->cert = cert;
    s->key = NULL;
    if (access(cert, F_OK) == 0)
        return OPTIONS_OK;
    const char *file = strrchr(cert, '/');
    file = file ? file + 1 : cert;
    return report_fail(EXIT_CREDENTIALS,
                       "there is no %s: 'thimble-ca user --dir DIR %.*s --device %s' makes it",
                       cert, (int)strcspn(file, "@"), file, s->device);
}

static const char *key_of_cert(const char *cert)
{
    size_t len = strlen(cert);
    if (len < 4 || strcmp(cert + len - 4, ".crt") != 0)
        return NULL;
    return text_format("%.*s.key", (int)len - 4, cert);
}

static int need(const char *value, const char *option)
{
    if (value)
        return OPTIONS_OK;
    return report_fail(EXIT_USAGE,
                       "give --%s FILE, or write '%s = FILE' into %s; or get in by an "
                       "invitation: thimble join TOKEN",
                       option, option,
                       program.config ? program.config : "a file named by --config");
}

static unsigned count_characters(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

const char *alias_fault(const char *alias)
{
    size_t len = strlen(alias);
    switch (thm_key_check(THM_KEY_ALIAS, alias, len)) {
    case THM_OK: return NULL;
    case THM_E_UTF8: return "is not UTF-8";
    case THM_E_CONTROL: return "has a character that can't be seen";
    }
    if (alias[0] == ' ' || (len > 0 && alias[len - 1] == ' '))
        return "has a space at an end";
    if (strstr(alias, "  "))
        return "has two spaces in a row";
    if (count_characters(alias) > THM_ALIAS_CHARS)
        return "has more than " TEXT_OF(THM_ALIAS_CHARS) " characters";
    return "has a blank that is no space";
}

/* An address with its port in one word, as other programs take it. */
static int check_host(const char *host)
{
    const char *colon = strchr(host, ':');
    if (strpbrk(host, "[]"))
        return report_fail(EXIT_USAGE,
                           "'%s' is no host: leave the brackets out, as in -h ::1 -p 8443", host);
    if (colon && !strchr(colon + 1, ':'))
        return report_fail(EXIT_USAGE, "'%s' is no host: give the port by itself, -h %.*s -p %s",
                           host, (int)(colon - host), host, colon[1] ? colon + 1 : "PORT");
    return OPTIONS_OK;
}

/* "PORT", "ADDR:PORT" or "[ADDR]:PORT". */
static int read_listen(struct settings *s)
{
    char address[THM_PORT_POSIX_HOST_MAX];
    bool alone = s->listen[strspn(s->listen, "0123456789")] == '\0';
    char *full = text_format("%s%s", alone ? "any:" : "", s->listen);
    uint16_t number;
    int code = thm_port_posix_parse_address(full, address, sizeof address, &number);
    free(full);
    if (code != THM_OK)
        return report_fail(EXIT_USAGE, "listen must be PORT, ADDR:PORT or [ADDR]:PORT, not '%s'",
                           s->listen);
    if (!alone)
        s->listen_address = text_format("%s", address);
    s->listen_number = number;
    return OPTIONS_OK;
}

static int check_calls(struct settings *s)
{
    if (s->listen && (s->no_listen || s->relay_only))
        return report_fail(EXIT_USAGE, "--listen and %s exclude each other",
                           s->no_listen ? "--no-listen" : "--relay-only");
    if (s->terminal && s->json)
        return report_fail(EXIT_USAGE, "--terminal and --json exclude each other");
    return s->listen ? read_listen(s) : OPTIONS_OK;
}

static int check_names(const struct settings *s)
{
    const char *fault = s->alias ? alias_fault(s->alias) : NULL;
    if (fault)
        return report_fail(EXIT_USAGE, "'%s' can't be an alias: it %s", s->alias, fault);
    for (unsigned i = 0; i < s->rooms.count; i++) {
        const char *room = s->rooms.items[i];
        if (room[0] != '#' || thm_key_check(THM_KEY_ROOM, room, strlen(room)) != THM_OK)
            return report_fail(EXIT_USAGE, "'%s' is no room: use '#' and 1 to 32 of a-z 0-9 . _ -",
                               room);
    }
    return OPTIONS_OK;
}

int settings_read(struct settings *s, int argc, char **argv)
{
    char *folder = path_of_user("XDG_CONFIG_HOME", ".config");
    if (folder)
        program.config = text_format("%s/config", folder);
    free(folder);
    int result = options_parse(&program, argc, argv, s);
    if (result == OPTIONS_OK)
        result = need(s->cafile, "cafile");
    if (result == OPTIONS_OK)
        result = need(s->cert, "cert");
    if (result == OPTIONS_OK && s->device)
        result = choose_device(s);
    if (result == OPTIONS_OK && !s->key) {
        s->key = key_of_cert(s->cert);
        result = need(s->key, "key");
    }
    if (result == OPTIONS_OK)
        result = check_host(s->host);
    if (result == OPTIONS_OK)
        result = check_names(s);
    if (result == OPTIONS_OK)
        result = check_calls(s);
    if (!s->server_name)
        s->server_name = s->host;
    return result;
}
