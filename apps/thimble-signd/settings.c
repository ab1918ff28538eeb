#include "settings.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "control_path.h"
#include "exit_codes.h"
#include "report.h"

#define AT(member) offsetof(struct settings, member)

#define ISSUER_OF_ROOT "/etc/thimble/issuer"
#define LIFETIME_MAX_S (36500 * INT64_C(86400)) /* as thimble-ca has it */

static const struct option_row table[] = {
    {"issuer", 0, OPTION_FILE, AT(issuer), "DIR", NULL, 0, 0,
     "folder of issuer.crt and issuer.key (of root: " ISSUER_OF_ROOT ")"},
    {"socket", 0, OPTION_FILE, AT(socket), "FILE", NULL, 0, 0, "where thimbled asks"},
    {"group", 0, OPTION_TEXT, AT(group), "GROUP", NULL, 0, 0, "whose members may ask, too"},
    {"lifetime", 0, OPTION_TEXT, AT(lifetime), "TIME", "90d", 0, 0,
     "of a certificate: days, hours or seconds, 90d, 12h, 600s"},
    {"limit", 0, OPTION_RATE, AT(limit), "RATE/BURST", "50/1000", 0, 1000000,
     "signatures a second, and at once; 0: no limit"},
    {"log-format", 0, OPTION_CHOICE, AT(log_json), "text|json", "text", 0, 0, "how is logged"},
    {"config", 0, OPTION_FILE, AT(config), "FILE", NULL, 0, 0, "read this configuration file"},
    {0}};

static const struct program program = {
    .name = "thimble-signd",
    .synopsis = "--issuer DIR [OPTION]...",
    .purpose = "Makes certificates for devices that thimbled lets in, by an issuing CA for users "
               "alone\n('thimble-ca issuer' makes it). SIGHUP reads that CA anew.",
    .table = table,
    .exit_codes = OF_SIGNER};

static bool read_time(const char *text, int64_t *seconds)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'s', 1}};
    int64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 10)
        return false;
    for (size_t i = 0; i < digits; i++)
        number = 10 * number + (text[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text[digits] == units[i].letter && text[digits + 1] == '\0')
            *seconds = number * units[i].seconds;
    return *seconds > 0 && *seconds <= LIFETIME_MAX_S;
}

int settings_read(struct settings *s, int argc, char **argv)
{
    int result = options_parse(&program, argc, argv, s);
    if (result != OPTIONS_OK)
        return result;
    if (!s->issuer && geteuid() == 0)
        s->issuer = ISSUER_OF_ROOT;
    if (!s->issuer)
        return report_fail(EXIT_USAGE, "give --issuer DIR ('thimble-ca issuer' makes it)");
    if (!read_time(s->lifetime, &s->lifetime_s))
        return report_fail(EXIT_USAGE, "--lifetime must be 90d, 12h or 600s, not '%s'",
                           s->lifetime);
    if (!s->socket)
        s->socket = control_path_of_signer();
    if (!s->socket)
        return report_fail(EXIT_USAGE, "there is no folder for the socket: name it, --socket FILE");
    return OPTIONS_OK;
}
