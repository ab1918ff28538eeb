#include "join.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "thimble/port_posix.h"

#include "exit_codes.h"
#include "home.h"
#include "invited.h"
#include "options.h"
#include "report.h"

/* --- the command line --------------------------------------------------------------------------- */

struct join_settings {
    const char *dir;
    unsigned timeout;
};

#define AT(member) offsetof(struct join_settings, member)

static const struct option_row table[] = {{"dir", 0, OPTION_FILE, AT(dir), "DIR", NULL, 0, 0,
                                           "keep key, certificate and configuration there"},
                                          {"timeout", 0, OPTION_NUMBER, AT(timeout), "SECONDS",
                                           "60", 1, 31536000,
                                           "give up when no answer comes for so long"},
                                          {0}};

static const struct program program = {
    .name = "thimble join",
    .synopsis = "TOKEN|- [OPTION]...",
    .purpose =
        "Joins a chat by an invitation: makes this machine's key, gets its certificate, writes\n"
        "the configuration, and goes on as thimble. With - the invitation is read from standard\n"
        "input, so that it shows in no list of processes and in no shell's history.",
    .table = table,
    .exit_codes = OF_CLIENT};

/* Takes the one operand out of the arguments behind `join`: the first or the last of them. NULL: there is none. */
static char *take_operand(int *argc, char **argv)
{
    const int places[] = {2, *argc - 1};
    for (unsigned i = 0; i < 2; i++) {
        int at = places[i];
        if (at < 2 || at >= *argc || (argv[at][0] == '-' && argv[at][1] != '\0'))
            continue;
        char *operand = argv[at];
        memmove(&argv[at], &argv[at + 1], (size_t)(*argc - at) * sizeof *argv);
        --*argc;
        return operand;
    }
    return NULL;
}

/* --- the invitation ----------------------------------------------------------------------------- */

/* Reads a line and nothing behind it: that is for the chat. */
static size_t read_line(char *line, size_t cap)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t n = read(STDIN_FILENO, line + len, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || line[len] == '\n')
            break;
        len++;
    }
    return len;
}

/* What goes into a file of lines must not make another one. */
static bool is_plain(const char *name)
{
    return name[0] != '\0' && strpbrk(name, " \t\r\n#=") == NULL;
}

static int read_invitation(struct thm_invitation *invitation, char *operand)
{
    char line[THM_INVITATION_TEXT + 64], *text = operand;
    size_t len = operand ? strlen(operand) : 0;
    if (operand && strcmp(operand, "-") == 0) {
        if (isatty(STDIN_FILENO))
            fputs("invitation: ", stderr);
        text = line;
        len = read_line(line, sizeof line);
    }
    int code = text ? thm_invitation_read(invitation, text, len) : THM_E_TOKEN;
    if (text)
        explicit_bzero(text, len);
    if (!operand)
        return report_fail(EXIT_USAGE, "which invitation? thimble join TOKEN, or - to read it from "
                                       "standard input (see thimble join --help)");
    if (code == THM_OK && is_plain(invitation->host) && is_plain(invitation->server_name))
        return OPTIONS_OK;
    explicit_bzero(invitation, sizeof *invitation);
    return report_fail(EXIT_USAGE, "%s; was all of it copied?", thm_error_text(THM_E_TOKEN));
}

/* --- joining ------------------------------------------------------------------------------------ */

/* Whether lines come for the chat; else there is nothing to go on with. */
static bool goes_on(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int waiting = 0;
    if (isatty(STDIN_FILENO))
        return true;
    while (poll(&input, 1, -1) < 0 && errno == EINTR)
        ;
    return ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0;
}

static int join_in(struct home *home, struct thm_port *port,
                   const struct thm_invitation *invitation, unsigned timeout)
{
    uint8_t bootstrap[THM_ENROLL_KEY], key[THM_ENROLL_KEY], hash[THM_KEY_HASH];
    char who[2 * THM_ID_MAX + 2];
    thm_enroll_bootstrap_key(invitation->secret, bootstrap);
    thm_enroll_key_hash(bootstrap, hash);
    explicit_bzero(bootstrap, sizeof bootstrap);
    int result = home_key(home, hash, port, key);
    if (result == OPTIONS_OK)
        result = invited_join(home, port, invitation, key, timeout, who);
    explicit_bzero(key, sizeof key);
    if (result == OPTIONS_OK) {
        printf("joined as %s\n", who);
        fflush(stdout);
    }
    return result;
}

static int join(const struct join_settings *o, struct home *home,
                const struct thm_invitation *invitation)
{
    const struct thm_port_posix_config config = {.max_sockets = 4};
    static struct thm_port_posix port;
    int code = thm_port_posix_init(&port, &config);
    if (code != THM_OK)
        return report_fail(EXIT_FAILED, "can't start: %s", thm_error_text(code));
    int result = join_in(home, &port.port, invitation, o->timeout);
    thm_port_posix_destroy(&port);
    return result;
}

int join_run(int argc, char **argv, char **config)
{
    struct join_settings settings = {0};
    struct thm_invitation invitation;
    struct home home;
    char *operand = take_operand(&argc, argv);
    *config = NULL;
    int result = options_parse(&program, argc - 1, argv + 1, &settings);
    if (result == OPTIONS_OK)
        result = read_invitation(&invitation, operand);
    if (result != OPTIONS_OK)
        return result;
    result = home_open(&home, settings.dir);
    if (result == OPTIONS_OK) {
        result = join(&settings, &home, &invitation);
        if (result == OPTIONS_OK && settings.dir)
            report("start thimble by: thimble --config %s", home.config);
        if (result == OPTIONS_OK && goes_on())
            *config = strdup(home.config);
        else if (result == OPTIONS_OK)
            result = EXIT_DONE;
        home_close(&home);
    }
    explicit_bzero(&invitation, sizeof invitation);
    return result;
}
