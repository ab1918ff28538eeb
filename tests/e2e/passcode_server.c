/*
 * A server whose users have passcodes, for tests: passcode_server CAFILE CERT KEY. It keeps all in memory, says
 * "{listening} PORT" once it does, and obeys lines of standard input, each answered by {ok} or an error's word in braces (so that hear() of lib.sh hears it):
 *
 *     add USER PASSCODE    passwd USER PASSCODE    suspend USER    resume USER    remove USER    quit
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "credentials.h"
#include "thimble/admin.h"
#include "thimble/port_posix.h"

#define TAG_STDIN  1
#define ITERATIONS 10000

static struct thm_server *server;
static bool asked, ending;

static void on_done(struct thm_admin_request *request, int result)
{
    (void)request;
    printf("{%s}\n", result == THM_OK ? "ok" : thm_error_word(result));
    fflush(stdout);
    asked = false;
}

static void set_passcode(struct thm_admin_request *r, const char *passcode)
{
    uint8_t salt[THM_SCRAM_SALT];

    for (unsigned i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)rand();
    r->set |= THM_ADMIN_VERIFIER;
    thm_scram_verifier_make(&r->verifier, passcode, strlen(passcode), salt, sizeof salt,
                            ITERATIONS);
}

static void obey(char *line)
{
    static struct thm_admin_request r;
    const char *command = strtok(line, " \n"), *user = strtok(NULL, " \n");
    const char *passcode = strtok(NULL, "\n");

    if (command == NULL || strcmp(command, "quit") == 0) {
        ending = true;
        return;
    }
    memset(&r, 0, sizeof r);
    r.op = strcmp(command, "add") == 0      ? THM_ADMIN_USER_ADD
           : strcmp(command, "remove") == 0 ? THM_ADMIN_USER_REMOVE
                                            : THM_ADMIN_USER_SET;
    r.done = on_done;
    snprintf(r.user, sizeof r.user, "%s", user != NULL ? user : "");
    if (passcode != NULL)
        set_passcode(&r, passcode);
    if (strcmp(command, "suspend") == 0 || strcmp(command, "resume") == 0)
        r.set |= THM_ADMIN_SUSPENDED;
    r.suspended = strcmp(command, "suspend") == 0;
    asked = thm_server_admin(server, &r) == THM_OK;
}

static void read_commands(void)
{
    static char line[256];
    static size_t len;
    ssize_t n = read(STDIN_FILENO, line + len, sizeof line - 1 - len);
    char *end;

    if (n <= 0) {
        ending = true;
        return;
    }
    len += (size_t)n;
    line[len] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        obey(line);
        len -= (size_t)(end + 1 - line);
        memmove(line, end + 1, len + 1);
    }
}

static void on_log(void *ctx, const struct thm_log_record *r)
{
    (void)ctx;
    fprintf(stderr, "%s %s@%s %s %s\n", r->event, r->user != NULL ? r->user : "",
            r->device != NULL ? r->device : "", r->code != THM_OK ? thm_error_word(r->code) : "",
            r->detail != NULL ? r->detail : "");
}

static void *memory(size_t size)
{
    void *m = aligned_alloc(16, (size + 15) & ~(size_t)15);

    if (m == NULL)
        abort();
    return memset(m, 0, size);
}

static void need(int code)
{
    if (code == THM_OK)
        return;
    fprintf(stderr, "passcode_server: %s\n", thm_error_text(code));
    exit(1);
}

int main(int argc, char **argv)
{
    static struct thm_port_posix port;
    static struct thm_credentials credentials;
    const struct thm_port_posix_config port_config = {.max_sockets = 64};
    const struct thm_ram_store_config store_config = {
        .blocks = 64, .streams = 64, .senders = 64, .records = 64, .seed = 1};
    struct thm_server_config config = {.port = &port.port, .name = "passcodes", .log = on_log};
    struct thm_event events[64];
    struct thm_address bound;
    char why[512], text[THM_ADDRESS_TEXT_MAX];

    if (argc != 4)
        return 2;
    const struct credential_files files = {argv[1], argv[2], argv[3]};
    if (credentials_read(&credentials, &files, THM_FOR_SERVER, why, sizeof why) != THM_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    need(thm_port_posix_init(&port, &port_config));
    size_t size = thm_ram_store_size(&store_config);
    need(thm_ram_store_init(&config.store, memory(size), size, &store_config));
    thm_server_config_default(&config, 16);
    config.auth = THM_AUTH_PASSCODE;
    size = thm_server_size(&config, NULL, 0);
    need(thm_server_init(&server, memory(size), size, &config));
    thm_server_set_credentials(server, &credentials, NULL);
    need(thm_server_listen(server, "127.0.0.1", 0, &bound));
    need(thm_port_posix_watch_fd(&port, STDIN_FILENO, TAG_STDIN));
    thm_address_text(&bound, text);
    printf("{listening} %s\n", strrchr(text, ':') + 1);
    fflush(stdout);
    while (!thm_server_idle(server)) {
        uint64_t until = thm_server_deadline(server);
        int n = port.port.ops->wait(&port.port, until, events, 64);
        for (int i = 0; i < n; i++)
            if (events[i].tag == TAG_STDIN)
                read_commands();
        if (ending)
            thm_server_shutdown(server);
        thm_server_step(server, thm_port_posix_now_ms(), events, n > 0 ? n : 0);
    }
    return 0;
}
