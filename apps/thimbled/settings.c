#include "settings.h"

#include "thimble/config.h"
#include "thimble/server.h"

#include "exit_codes.h"
#include "report.h"

#define AT(member) offsetof(struct settings, member)

#if THIMBLED_SQLITE
#define STORE_DEFAULT "sqlite"
#else
#define STORE_DEFAULT "ram"
#endif
#define TEXT(value)       #value
#define BOTH(rate, burst) TEXT(rate) "/" TEXT(burst)
#define LIMIT(name, kind, help)                                                                    \
    {                                                                                              \
        name, 0, OPTION_RATE, AT(limits[THM_LIMIT_##kind]), "RATE/BURST",                          \
            BOTH(THM_##kind##_RATE, THM_##kind##_BURST), 0, THM_LIMIT_MAX, help                    \
    }

static const struct option_row table[] = {
    {"listen", 0, OPTION_LIST, AT(listen), "ADDR:PORT", "127.0.0.1:8443", 0, 0,
     "address; may be repeated"},
    {"cafile", 0, OPTION_FILE, AT(cafile), "FILE", NULL, 0, 0, "the CA of the clients, one or two"},
    {"cert", 0, OPTION_FILE, AT(cert), "FILE", NULL, 0, 0, "the server's certificate"},
    {"key", 0, OPTION_FILE, AT(key), "FILE", NULL, 0, 0, "its key"},
    {"denylist", 0, OPTION_FILE, AT(denylist), "FILE", NULL, 0, 0, "keys of revoked devices"},
    {"users-cafile", 0, OPTION_FILE, AT(users_cafile), "FILE", NULL, 0, 0,
     "an issuing CA, trusted for users as well"},
    {"signer", 0, OPTION_FILE, AT(signer), "FILE", NULL, 0, 0,
     "socket of thimble-signd: devices get certificates"},
    {"approve", 0, OPTION_FLAG, AT(approve), NULL, NULL, 0, 0, "or by hand: thimblectl approve"},
    {"invite-host", 0, OPTION_TEXT, AT(invite_host), "HOST[:PORT]", NULL, 0, 0,
     "where invitations lead"},
    {"auth", 0, OPTION_CHOICE, AT(auth), "certificate|passcode", "certificate", 0, 0,
     "what a login takes, unless the account says otherwise"},
    {"history", 0, OPTION_CHOICE, AT(history), "joined|all", "joined", 0, 0,
     "what who joins a new room may read of before"},
    {"max-clients", 0, OPTION_NUMBER, AT(max_clients), "N", "1000", 1, 100000,
     "sessions at a time"},
    {"max-relays", 0, OPTION_NUMBER, AT(max_relays), "N", "256", 0, 100000,
     "direct sessions that pass through the server; 0: none"},
    {"store", 0, OPTION_CHOICE, AT(store), "sqlite|ram", STORE_DEFAULT, 0, 0,
     "keep messages in a database, or in memory"},
    {"data", 0, OPTION_FILE, AT(data), "DIR", NULL, 0, 0, "where the database is"},
    {"retain-rooms", 0, OPTION_TEXT, AT(retain_rooms), "LIMITS", "1000000,1GB", 0, 0,
     "what the database keeps of each room"},
    {"retain-inboxes", 0, OPTION_TEXT, AT(retain_inboxes), "LIMITS", "100000,100MB", 0, 0,
     "and of each inbox"},
    {"store-size", 0, OPTION_NUMBER, AT(store_mb), "MB", "64", 1, 65536,
     "memory of --store ram for messages"},
    LIMIT("limit-lines", LINES, "lines of a device: a second, and at once; 0: no limit"),
    LIMIT("limit-bytes", BYTES, "bytes of a device"),
    LIMIT("limit-joins", JOINS, "rooms that a device enters"),
    LIMIT("limit-logins", LOGINS, "logins of a device"),
    LIMIT("limit-lookups", LOOKUPS, "questions of a device that have long answers"),
    {"name", 0, OPTION_TEXT, AT(name), "NAME", "thimbled", 0, 0, "what the server calls itself"},
    {"log-level", 0, OPTION_CHOICE, AT(log_level), "error|warning|info|debug", "info", 0, 0,
     "what is logged"},
    {"log-format", 0, OPTION_CHOICE, AT(log_json), "text|json", "text", 0, 0, "and how"},
    {"control", 0, OPTION_FILE_OR_NONE, AT(control), "FILE", NULL, 0, 0,
     "socket for thimblectl; none: no socket"},
    {"control-group", 0, OPTION_TEXT, AT(control_group), "GROUP", NULL, 0, 0,
     "whose members may use it too"},
    {"audit", 0, OPTION_FILE_OR_NONE, AT(audit), "FILE", NULL, 0, 0,
     "who did what to whom; none: no such file"},
    {"no-console", 0, OPTION_FLAG, AT(no_console), NULL, NULL, 0, 0,
     "take no commands from the terminal"},
    {"config", 0, OPTION_FILE, AT(config), "FILE", NULL, 0, 0, "read this configuration file"},
    {0}};

_Static_assert(THM_LOG_ERROR == 0 && THM_LOG_WARNING == 1 && THM_LOG_INFO == 2 &&
                   THM_LOG_DEBUG == 3,
               "the words of --log-level are in this order");

static const struct program program = {
    .name = "thimbled",
    .synopsis = "--cafile FILE --cert FILE --key FILE [OPTION]...",
    .purpose =
        "Serves chat rooms to devices that prove themselves by a certificate of a private CA.\n"
        "SIGHUP reads certificates and deny-list anew; SIGTERM says goodbye to all.",
    .table = table,
    .exit_codes = OF_SERVER};

static int need(const char *value, const char *option, const char *maker)
{
    if (value)
        return OPTIONS_OK;
    return report_fail(EXIT_USAGE, "give --%s FILE ('thimble-ca %s' makes it)", option, maker);
}

static int read_limits(const char *option, const char *text, struct retention *limits)
{
    if (retention_parse(text, limits))
        return OPTIONS_OK;
    return report_fail(EXIT_USAGE, "%s must be %s, not '%s'", option, RETENTION_FORM, text);
}

int settings_read(struct settings *s, int argc, char **argv)
{
    int result = options_parse(&program, argc, argv, s);
    if (result == OPTIONS_OK)
        result = need(s->cafile, "cafile", "init");
    if (result == OPTIONS_OK)
        result = need(s->cert, "cert", "server");
    if (result == OPTIONS_OK)
        result = need(s->key, "key", "server");
    if (result == OPTIONS_OK && s->signer && s->approve)
        result = report_fail(EXIT_USAGE, "--signer or --approve: who makes certificates?");
    if (result == OPTIONS_OK)
        result = read_limits("retain-rooms", s->retain_rooms, &s->rooms);
    if (result == OPTIONS_OK)
        result = read_limits("retain-inboxes", s->retain_inboxes, &s->inboxes);
    return result;
}
